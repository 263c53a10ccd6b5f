"""Waiting for PostgreSQL: late, starting, refusing, silent, standby."""

import signal
import socket
import subprocess
import time

import pytest

from support.postgres import SLOW_DNS, Doorman, Standby
from support.preload import is_static
from support.servers import free_port

pytestmark = pytest.mark.server

AT_ONCE = 10
MIGRATION = "CREATE TABLE customers (id integer PRIMARY KEY);"


@pytest.fixture
def doorman():
    """doorman(act, …): a listener that does that."""
    made = []

    def make(*acts, **options):
        made.append(Doorman(*acts, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_server_that_comes_late(pg_project, doorman):
    pg_project.migration("0001_customers", MIGRATION)
    port = free_port()
    url = pg_project.server.url(pg_project.database).replace(f":{pg_project.server.port}/", f":{port}/")
    process = pg_project.start("apply", env={"DB_ENTRY_DATABASE_URL": url})
    event = process.wait_for_event("wait.retry")
    assert "refused" in event["reason"]
    assert "pa%40ss" not in str(event) and "pa@ss" not in str(event)
    doorman(("to", pg_project.server.port), port=port)
    assert process.wait().code == 0
    assert pg_project.applied() == ["0001"]


@pytest.mark.parametrize("there", [True, False])
def test_what_is_wrong_with_the_files_is_not_waited_for(pg_project, there):
    """They are read while the database is connected to, whatever comes of that."""
    pg_project.migration("0001_customers", MIGRATION)
    pg_project.migration("0002_bad", "CREATE TABLE a (b text DEFAULT 'open);")
    port = pg_project.server.port if there else free_port()
    url = pg_project.server.url(pg_project.database).replace(
        f":{pg_project.server.port}/", f":{port}/")
    began = time.monotonic()
    result = pg_project.run("apply", "--wait-timeout=60s", env={"DB_ENTRY_DATABASE_URL": url})
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 65 and "0002_bad.sql:1" in result.stderr, result
    assert pg_project.tables() == []


@pytest.mark.parametrize("code, text", [
    ("57P03", "the database system is starting up"),
    ("57P01", "terminating connection due to administrator command"),
    ("53300", "sorry, too many clients already"),
    ("28P01", "password authentication failed for user"),
    ("3D000", "database does not exist"),
    ("08P01", "server login has been failing, try again later (server_login_retry)"),
    ("08P01", "no such database: shop"),
])
def test_what_passes_is_waited_for(pg_project, doorman, code, text):
    door = doorman(("error", code, text), ("error", code, text), ("to", pg_project.server.port))
    url = pg_project.server.url(pg_project.database).replace(
        f":{pg_project.server.port}/", f":{door.port}/")
    result = pg_project.ok("wait", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    retries = [event for event in result.events if event["event"] == "wait.retry"]
    assert [event["code"] for event in retries] == [code]
    assert text in retries[0]["reason"]
    assert "wait.ready" in result.event_names
    assert door.seen >= 3


@pytest.mark.parametrize("code, text, exit_code", [
    ("42501", "permission denied for database", 77),
    ("08P01", "unsupported startup parameter: options", 78),
    ("08P01", "SSL required", 78),
    ("0A000", "unsupported frontend protocol", 78),
])
def test_what_stays_wrong_is_not_waited_for(pg_project, doorman, code, text, exit_code):
    door = doorman(("error", code, text))
    result = pg_project.run("wait", env={"DB_ENTRY_DATABASE_URL": door.url()}, log="json")
    assert result.code == exit_code, result
    assert result.refusal["code"] == code
    assert "wait.retry" not in result.event_names


def test_wrong_password_is_refused_after_the_grace(pg_project):
    url = pg_project.server.url(pg_project.database, password="wrong-secret")
    env = {"DB_ENTRY_DATABASE_URL": url, "DB_ENTRY_WAIT_GRACE": "1s"}
    result = pg_project.run("wait", env=env, log="json")
    assert result.code == 77, result
    assert result.refusal["code"] == "28P01"
    assert "password authentication failed" in result.refusal["what"]
    assert "wrong-secret" not in result.stderr


def test_no_password_is_refused_at_once(pg_project):
    url = f"postgresql://postgres@127.0.0.1:{pg_project.server.port}/{pg_project.database}"
    env = {"DB_ENTRY_DATABASE_URL": url, "HOME": pg_project.folder}
    result = pg_project.run("wait", env=env, log="json")
    assert result.code == 77, result
    assert "no password supplied" in result.refusal["what"]
    assert "wait.retry" not in result.event_names


def test_unknown_database(pg_project):
    env = {
        "DB_ENTRY_DATABASE_URL": pg_project.server.url("nowhere"), "DB_ENTRY_WAIT_GRACE": "1s"}
    result = pg_project.run("wait", env=env, log="json")
    assert result.code == 69, result
    assert result.refusal["code"] == "3D000"


def test_missing_socket_is_waited_for_through_the_grace(pg_project):
    env = {"DB_ENTRY_DATABASE_URL": f"postgresql:///shop?host={pg_project.folder}",
           "DB_ENTRY_WAIT_GRACE": "1s"}
    result = pg_project.run("wait", env=env, log="json")
    assert result.code == 69, result
    assert "No such file" in result.refusal["what"]


@pytest.mark.parametrize("url", [
    "postgresql:///{database}?host={folder}&port={port}&user=postgres",
    "postgresql://postgres@/{database}?host={folder}&port={port}",
    "postgres://postgres@{encoded}:{port}/{database}",
    "jdbc:postgresql://127.0.0.1:{port}/{database}?user=postgres&password={password}",
    "postgresql+asyncpg://postgres:{password}@127.0.0.1:{port}/{database}?prepared_statement_cache_size=0",
    "postgresql://postgres:{password}@127.0.0.1:1,127.0.0.1:{port}/{database}",
    "postgresql://postgres:{password}@127.0.0.1:1,localhost:{port}/{database}?target_session_attrs=read-write",
    "postgresql://postgres:{password}@localhost:{port}/{database}?target_session_attrs=prefer-standby",
    "postgresql://postgres@127.0.0.1:{port}/{database}?passfile={home}/passfile",
    "postgresql:///{database}?service=shop",
    "postgresql://postgres:{password}@/{database}?hostaddr=127.0.0.1&port={port}",
    "postgresql://postgres:{password}@127.0.0.1:{port}/{database}?sslmode=prefer&channel_binding=prefer"
    "&connection_limit=5&pool_timeout=3&options=-c%20geqo%3Doff",
])
def test_urls_people_have(pg_project, url):
    server = pg_project.server
    secret = server.password.replace("\\", "\\\\").replace(":", "\\:")
    pg_project.write("passfile", f"127.0.0.1:*:*:postgres:{secret}\n", mode=0o600)
    pg_project.write(
        "services", f"[shop]\nhost={server.folder}\nport={server.port}\nuser=postgres\n")
    text = url.format(
        database=pg_project.database, folder=server.folder, port=server.port,
        encoded=str(server.folder).replace("/", "%2F"), home=pg_project.folder,
        password=server.url("x").split(":")[2].rsplit("@", 1)[0])
    env = {"DB_ENTRY_DATABASE_URL": text, "PGSERVICEFILE": pg_project.folder / "services",
           "DB_ENTRY_WAIT_TIMEOUT": "5s"}
    result = pg_project.ok("status", env=env)
    assert f"{pg_project.database}@" in result.stdout


def test_silent_host_does_not_take_the_time_of_the_next(pg_project, doorman):
    silent = doorman("silent")
    server = pg_project.server
    url = server.url(pg_project.database).replace(
        f"@127.0.0.1:{server.port}/", f"@127.0.0.1:{silent.port},127.0.0.1:{server.port}/")
    env = {"DB_ENTRY_DATABASE_URL": url + "?connect_timeout=1"}
    pg_project.ok("wait", env=env)
    assert silent.seen == 1


def ended_by_term(process, after=0.5):
    time.sleep(after)
    began = time.monotonic()
    process.terminate()
    result = process.wait()
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 128 + signal.SIGTERM, result


def test_sigterm_at_a_silent_server(pg_project, doorman):
    silent = doorman("silent")
    process = pg_project.start("wait", env={"DB_ENTRY_DATABASE_URL": silent.url()})
    while silent.seen == 0:
        time.sleep(0.05)
    ended_by_term(process)


def test_sigterm_while_connecting(pg_project):
    """The address answers no connect: a queue that is full, of a listener that takes none."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        queued = [socket.socket() for _ in range(4)]
        for one in queued:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        url = f"postgresql://a:b@127.0.0.1:{port}/x"
        process = pg_project.start("wait", env={"DB_ENTRY_DATABASE_URL": url})
        ended_by_term(process, after=1)
        for one in queued:
            one.close()


def test_sigterm_while_waiting(pg_project):
    env = {"DB_ENTRY_DATABASE_URL": f"postgresql://a:b@127.0.0.1:{free_port()}/x"}
    process = pg_project.start("wait", env=env)
    process.wait_for_event("wait.retry")
    ended_by_term(process)


def test_sigterm_during_dns(pg_project, killat_library):
    source = pg_project.write("slow_dns.c", SLOW_DNS)
    library = pg_project.folder / "slow_dns.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    env = {
        "DB_ENTRY_DATABASE_URL": "postgresql://a:b@somewhere.example/x", "LD_PRELOAD": library,
        "ASAN_OPTIONS": "verify_asan_link_order=0",
    }
    ended_by_term(pg_project.start("wait", env=env), after=1)


def test_unknown_host(pg_project):
    env = {"DB_ENTRY_DATABASE_URL": "postgresql://a:b@no-such-host.invalid/x",
           "DB_ENTRY_WAIT_GRACE": "1s", "DB_ENTRY_WAIT_TIMEOUT": "3s"}
    result = pg_project.run("wait", env=env, log="json")
    assert result.code == 69, result
    assert "no-such-host.invalid" in result.refusal["what"]


def test_wrong_parameter_is_named(pg_project):
    url = pg_project.server.url(pg_project.database) + "?sslmode=perhaps"
    result = pg_project.run("wait", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    assert result.code == 78, result
    assert "sslmode" in result.refusal["what"]


def test_without_its_library(pg_project, tmp_path):
    """Whoever has no PostgreSQL URL needs none of it."""
    if is_static(pg_project.binary):
        pytest.skip("a static program has all of them with it")
    (tmp_path / "broken" / "libpq.so.5").parent.mkdir()
    (tmp_path / "broken" / "libpq.so.5").write_bytes(b"")
    env = {"LD_LIBRARY_PATH": str(tmp_path / "broken")}
    result = pg_project.run("status", env=env, log="json")
    assert result.code == 78, result
    assert any("apt-get install libpq5" in line for line in result.refusal["next"])
    assert "libpq, not installed" in pg_project.ok("version", env=env).stdout
    pg_project.ok("status", env={**env, "DB_ENTRY_DATABASE_URL": f"sqlite:{tmp_path}/shop.db"})


@pytest.fixture
def standby():
    server = Standby()
    if not server.available():
        pytest.skip(f"{server.title} is not installed")
    server.start()
    yield server
    server.stop()


def test_standby(pg_project, standby):
    url = {"DB_ENTRY_DATABASE_URL": standby.url("postgres"), "DB_ENTRY_WAIT_TIMEOUT": "2s"}
    pg_project.ok("wait", env=url)
    pg_project.ok("run", "--", "true", env=url)  # nothing is pending
    pg_project.migration("0001_customers", MIGRATION)
    result = pg_project.run("apply", env=url, log="json")
    assert result.code == 26, result
    assert result.refusal["event"] == "database.read-only"
    url["DB_ENTRY_DATABASE_URL"] += "?target_session_attrs=read-write"
    result = pg_project.run("wait", env=url, log="json")
    assert result.code == 26, result
    # And one that becomes the primary meanwhile.
    env = {"DB_ENTRY_DATABASE_URL": standby.url("postgres")}
    process = pg_project.start("apply", env=env)
    process.wait_for_event("wait.retry")
    standby.promote()
    result = process.wait()
    assert result.code == 0, result
    assert standby.client("SELECT version FROM db_entry_history").stdout == "0001\n"

