"""db-entry in containers beside a database in another: late, restarted, ten at once, stopped."""

import re
import time

import pytest

from support.docker import AT_ONCE, GUARD, HARDENED
from support.images import DROP

pytestmark = [pytest.mark.container, pytest.mark.timeout(1200)]

PATIENT = {"DB_ENTRY_WAIT_TIMEOUT": "5m", "DB_ENTRY_WAIT_GRACE": "5m", "DB_ENTRY_LOCK_TIMEOUT": "5m"}


class Postgres:
    """A server with the database `shop`, known to others as `db`."""

    title = "postgres"
    image = "postgres:17"
    url = "postgresql://shop:shop@db/shop"
    env = {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "shop"}
    sleep = "SELECT pg_sleep(120);\n"
    obstacle = "BEGIN; LOCK TABLE products; SELECT pg_sleep(120)"
    loses = "loses 3 values in products.price_cents"
    dumping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    def __init__(self, yard, images):
        self.yard = yard
        self.name = images.published(self.image)
        self.container = None

    def start(self):
        self.container = self.yard.start(
            self.name, name="db", env=self.env, options=("--network", self.yard.network())
        )

    def client(self, sql):
        return ["psql", "-Atc", sql, "postgresql://shop:shop@127.0.0.1/shop"]

    def sql(self, sql):
        """Its rows as text, once the server answers."""
        deadline = time.monotonic() + GUARD
        while True:
            done = self.container.execute(*self.client(sql), check=False)
            if done.returncode == 0:
                return done.stdout.strip()
            assert time.monotonic() < deadline, done
            time.sleep(0.5)

    def begin(self, sql):
        """Run it in the background, in the server's container."""
        self.container.engine.call("exec", "-d", self.container.id, *self.client(sql))


class MariaDB(Postgres):
    title = "mariadb"
    image = "mariadb:11.8"
    url = "mysql://root:root@db/shop"
    env = {
        "MARIADB_ROOT_PASSWORD": "root", "MARIADB_DATABASE": "shop", "MARIADB_USER": "shop", "MARIADB_PASSWORD": "shop",
    }
    sleep = "DO SLEEP(120);\n"
    obstacle = "LOCK TABLES products WRITE; DO SLEEP(120)"
    loses = "ALTER TABLE products DROP COLUMN price_cents"
    dumping = "SELECT count(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'"

    def client(self, sql):
        return ["mariadb", "-h", "127.0.0.1", "-uroot", "-proot", "-BN", "-e", sql, "shop"]


@pytest.fixture(params=[Postgres, MariaDB], ids=lambda kind: kind.title)
def database(request, yard, images):
    """Not started yet."""
    return request.param(yard, images)


@pytest.fixture
def shop(yard, images, database):
    """A function that starts the example of that engine."""

    def start(*command, image=None, env=None, **options):
        return yard.start(
            image or images.example(database.title), *command, volumes={yard.volume("backups"): "/backups"},
            env={"DATABASE_URL": database.url, **PATIENT, **(env or {})},
            options=("--network", yard.network(), *HARDENED), **options,
        )

    return start


def stops_at_once(container, code=143):
    took, ended = container.stop()
    assert (ended, took < AT_ONCE) == (code, True), f"{took:.1f} s\n{container.logs()}"


# --- A database that isn't there yet


def test_database_that_comes_late(shop, database):
    """Its name is unknown, then its port is closed, then it is being made: the shop waits through all."""
    container = shop()
    container.until("waiting for the database")
    database.start()
    log = container.until("shop: 3 products")
    assert "the database answers" in log and "3 applied" in log
    assert log.count("waiting for the database") < 10, "a line a change of state, none a try"


def test_database_restarted_while_it_is_waited_for(shop, database, engine):
    database.start()
    database.sql("SELECT 1")
    container = shop(env={"DATABASE_URL": re.sub("shop$", "later", database.url)})
    container.until("waiting for the database")
    engine.call("restart", "-t", "20", database.container.id)
    database.sql("SELECT 1")
    assert container.running(), container.logs()
    database.sql("CREATE DATABASE later")
    container.until("shop: 3 products")


# --- Many at once


COMPOSE = """
services:
  db:
    image: {server.name}
    environment: {env}
  shop:
    image: {image}
    environment:
      DATABASE_URL: {server.url}
    depends_on: [db]
"""


@pytest.fixture
def project(yard, engine):
    """A function that gives a Compose project in a folder."""
    if engine.compose() is None:
        pytest.skip("no Compose: apt-get install docker-compose")
    return yard.compose


def test_ten_replicas_started_together(project, database, images, tmp_path):
    text = COMPOSE.format(server=database, image=images.example(database.title), env=database.env)
    (tmp_path / "compose.yaml").write_text(text)
    compose = project(tmp_path)
    compose.call("up", "-d", "--scale", "shop=10")
    replicas = compose.containers("shop")
    assert len(replicas) == 10
    logs = [replica.until("shop: 3 products", GUARD) for replica in replicas]
    for step in ("0001_create_products", "0002_add_sample_data", "0003_add_stock"):
        assert sum(log.count(f"applied {step}") for log in logs) == 1, step
    (database.container,) = compose.containers("db")
    assert database.sql("SELECT count(*) FROM db_entry_history") == "3"
    assert database.sql("SELECT count(*) FROM products") == "3"


def test_the_stack_of_compose_yaml(project, images, root):
    for name in ("postgres:17", "mariadb:11.8", "debian:bookworm-slim"):
        images.published(name)
    images.db_entry()
    compose = project(root, env={"SQLITE_PORT": "0", "POSTGRES_PORT": "0", "MARIADB_PORT": "0"})
    compose.call("up", "-d", "--build", timeout=900)
    shops = ("sqlite-shop", "scratch-shop", "postgres-shop", "mariadb-shop")
    for service in shops:
        compose.until_healthy(service)
    (migrate,) = compose.containers("migrate")
    assert migrate.wait() == 0 and "3 applied, now at 0003" in migrate.logs()
    for service in shops:
        (container,) = compose.containers(service)
        assert "Green tea" in container.logs() or "shop: 3 products" in container.logs()
    # Again: nothing is pending, for nobody.
    compose.call("restart", "-t", "5", "postgres-shop", "sqlite-shop")
    for service in ("postgres-shop", "sqlite-shop"):
        (container,) = compose.containers(service)
        container.until("up to date at 0003")


# --- What would lose data


def test_blocked_then_approved_by_the_environment(shop, database, images, yard):
    database.start()
    before = shop()
    before.until("shop: 3 products")
    image = images.next_example(database.title, DROP, without="price_cents")
    blocked = shop("/db-entry", "version", image=image)
    assert blocked.wait() == 20, blocked.logs()
    log = blocked.logs()
    assert "BLOCKED 0004_next" in log and database.loses in log, log
    assert before.running()
    assert database.sql("SELECT count(price_cents) FROM products") == "3"
    approval = re.search(r"0004@[0-9a-f]{12}", log)[0]
    approved = shop("/db-entry", "version", image=image, env={"DB_ENTRY_APPROVE": approval})
    assert approved.wait() == 0, approved.logs()
    log = approved.logs()
    # To the volume, by a user of its own, on a root file system that can't be written.
    assert "/backups/backup-" in log and "1 applied, now at 0004" in log
    back = shop("db-entry", "restore", re.findall(r"dump (backup-\S+)", log)[-1], "--yes", image=image)
    assert back.wait() == 0, back.logs()
    assert database.sql("SELECT count(price_cents) FROM products") == "3"


def test_nothing_durable_to_dump_to(yard, images, database, shop):
    """A folder of the container is gone with it: the run stops and says what to mount."""
    database.start()
    assert shop("true").wait() == 0
    refused = yard.run(
        images.next_example(database.title, DROP, without="price_cents"), "true", options=("--network", yard.network()),
        env={"DATABASE_URL": database.url, "DB_ENTRY_APPROVE": "0004"},
    )
    assert refused.returncode == 25 and "/backups" in refused.stderr, refused
    assert database.sql("SELECT count(price_cents) FROM products") == "3"


ALONE = """
FROM scratch
COPY --from={image} /app/db /app/db
COPY --from={image} --chown=10001:10001 /backups /backups
COPY --from=db-entry /db-entry /db-entry
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["/db-entry"]
"""


def test_nothing_else_in_the_image(yard, images, engine, database):
    """No passwd that knows its user, no /tmp, no authorities, no shell: it migrates, dumps, restores."""
    database.start()
    image = images.next_example(database.title, DROP, without="price_cents")
    image = engine.build(f"{database.title}-alone", ALONE.format(image=image))
    where = {
        "env": {"DATABASE_URL": database.url}, "volumes": {yard.volume("backups"): "/backups"},
        "options": ("--network", yard.network(), *HARDENED),
    }
    assert yard.run(images.example(database.title), "true", **where).returncode == 0
    applied = yard.run(image, "apply", "--approve=0004", **where)
    assert applied.returncode == 0 and "1 applied, now at 0004" in applied.stderr, applied
    dump = re.search(r"dump (backup-\S+)", applied.stderr)[1]
    back = yard.run(image, "restore", dump, "--yes", **where)
    assert back.returncode == 0, back
    assert database.sql("SELECT count(price_cents) FROM products") == "3"


# --- Secrets


def test_secret_in_a_file(yard, images, database, tmp_path):
    """The privileged URL is seen neither by `docker inspect`, nor by the application, nor in the log."""
    database.start()
    database.sql("SELECT 1")
    secret = tmp_path / "url"
    secret.write_text(f"{database.url}?application_name=s3cr3t\n")
    secret.chmod(0o444)
    container = yard.start(
        images.example(database.title), env={"DB_ENTRY_DATABASE_URL_FILE": "/run/secrets/url", "DATABASE_URL": database.url},
        volumes={f"{secret}": "/run/secrets/url:ro", yard.volume("backups"): "/backups"},
        options=("--network", yard.network()),
    )
    container.until("shop: 3 products")
    assert "s3cr3t" not in str(container.inspect())
    environment = container.execute("cat", "/proc/1/environ").stdout
    assert "DATABASE_URL=" in environment and "DB_ENTRY" not in environment
    assert "s3cr3t" not in container.logs()


# --- docker stop


def test_stop_while_waiting_for_the_database(shop):
    container = shop()
    container.until("waiting for the database")
    stops_at_once(container)


def test_stop_in_a_statement_and_while_waiting_for_the_lock(shop, database, images):
    database.start()
    assert shop("true").wait() == 0
    image = images.next_example(database.title, database.sleep)
    running = shop(image=image, env={"DB_ENTRY_LOG": "json", "DB_ENTRY_LOG_LEVEL": "debug"})
    running.until('"event":"migration.started"')
    waiting = shop(image=image, env={"DB_ENTRY_LOG": "json"})
    waiting.until('"event":"lock.waiting"')
    stops_at_once(waiting)
    stops_at_once(running)
    # Nothing holds the lock, and nothing of it remains.
    assert database.sql("SELECT count(*) FROM db_entry_history WHERE state = 'applied'") == "3"
    assert shop("true").wait() == 0


def test_stop_in_the_dump(shop, database, images):
    database.start()
    assert shop("true").wait() == 0
    database.begin(database.obstacle)
    approved = shop(
        image=images.next_example(database.title, DROP, without="price_cents"), env={"DB_ENTRY_APPROVE": "0004"},
    )
    deadline = time.monotonic() + GUARD
    while database.sql(database.dumping) == "0":
        assert approved.running() and time.monotonic() < deadline, approved.logs()
        time.sleep(0.2)
    stops_at_once(approved)
    assert "backup-" not in approved.logs()


def test_stop_of_the_application(shop, database):
    database.start()
    container = shop()
    container.until("shop: 3 products")
    stops_at_once(container, 0)
