"""One runner at a time on a Galera cluster, where locks are a node's own: three real nodes."""

import os
import signal
import time

import pytest

from support.mariadb import GaleraNode, LocklessGate, MariaProject, MariaView

# Three servers start, the second and third from a copy of the first.
pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(300)]

AT_ONCE = 10
CUSTOMERS = "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(100));"


def long_statement(seconds):
    return f"INSERT INTO customers (id, name) SELECT 1000, SLEEP({seconds});"


@pytest.fixture(scope="module")
def cluster():
    nodes = []
    try:
        for _ in range(3):
            node = GaleraNode(nodes)
            if not node.available():
                pytest.skip(f"Galera is not installed: {node.package}")
            node.start()
            nodes.append(node)
        yield nodes
    finally:
        for node in reversed(nodes):
            node.stop()


@pytest.fixture
def shop(db_entry, tmp_path, cluster):
    """A project whose `urls` lead to its database by way of each node."""
    made = MariaProject(db_entry, tmp_path, cluster[0])
    made.urls = [{"DB_ENTRY_DATABASE_URL": node.url(made.database)} for node in cluster]
    made.migration("0001_customers", CUSTOMERS)
    made.ok("apply")
    yield made
    made.close()


def test_locks_of_a_node_are_its_own(cluster):
    """Why there is more to it than on a single server: all three get the same lock."""
    for node in cluster:
        assert node.client("SELECT GET_LOCK('the same', 0), SLEEP(0)").stdout == "1\t0\n"


def test_replicas_on_all_nodes_apply_once(shop):
    shop.migration("0002_slow", long_statement(1))
    shop.migration("0003_row", "INSERT INTO customers VALUES (3, 'Eve');")
    processes = [shop.start("apply", env=shop.urls[i % 3]) for i in range(12)]
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 12, results
    applied = [result.event_names.count("migration.applied") for result in results]
    assert sorted(applied) == [0] * 11 + [2]
    assert shop.applied() == ["0001", "0002", "0003"]
    assert shop.value("SELECT COUNT(*) FROM customers") == "2"


def test_holder_at_work_keeps_it_and_is_named(shop):
    """Longer than a lease lasts without a sign of life."""
    shop.migration("0002_long", long_statement(20))
    first = shop.start("apply", env=shop.urls[0])
    shop.until_running("SLEEP(20)")
    second = shop.start("apply", env=shop.urls[1])
    assert f"pid {first.pid} on " in second.wait_for_event("lock.waiting")["holder"]
    assert first.wait().code == 0
    assert second.wait().code == 0
    assert shop.applied() == ["0001", "0002"]


def test_killed_holder_frees_it_and_leaves_nothing(shop):
    """Its server goes on with what it was told; but who commits is the client."""
    shop.migration("0002_long", long_statement(25))
    first = shop.start("apply", env=shop.urls[0])
    shop.until_running("SLEEP(25)")
    second = shop.start("apply", env=shop.urls[1])
    second.wait_for_event("lock.waiting")
    first.signal(signal.SIGKILL)
    first.wait()
    assert second.wait(100).code == 0  # it has the lock, and does all of it
    shop.until("NOT " + shop.running("SLEEP(25)"), 60)
    assert shop.value("SELECT COUNT(*) FROM customers WHERE id = 1000") == "1"


def test_holder_that_slept_too_long_is_kept_out(shop):
    shop.migration("0002_slow", long_statement(3) + "\nINSERT INTO customers VALUES (9, 'late');")
    first = shop.start("apply", env=shop.urls[0])
    shop.until_running("SLEEP(3)")
    first.signal(signal.SIGSTOP)
    second = shop.start("apply", env=shop.urls[2])
    second.wait_for_event("lock.waiting")
    assert second.wait().code == 0  # it has the lock, and does all of it
    first.signal(signal.SIGCONT)
    result = first.wait()
    assert result.code == 75, result
    assert "not held any more" in result.stderr, result
    assert shop.value("SELECT COUNT(*) FROM customers WHERE name = 'late'") == "1"


def state(shop, version="0002"):
    return shop.sql("SELECT state, statements_done, statements_total FROM db_entry_history"
                    f" WHERE version = '{version}'")


def test_node_of_the_holder_dies_in_an_alter(shop, cluster):
    """The others had it by then, and do it; a replica on one of them finds it done, and goes on."""
    shop.sql("CREATE TABLE big (a integer PRIMARY KEY, b varchar(100)) SELECT seq AS a, 'x' AS b"
             " FROM seq_1_to_200000")
    shop.migration("0002_alter", """
        CREATE TABLE ahead (a integer);
        ALTER TABLE big ADD COLUMN c integer NOT NULL DEFAULT 7, ALGORITHM = COPY;
        CREATE TABLE last (a integer);
        """)
    shop.env["DB_ENTRY_DRIFT"] = "ignore"
    first = shop.start("apply", env=shop.urls[2])
    on_it = MariaView(shop, cluster[2])
    on_it.until_running("ALTER TABLE big")
    cluster[2].kill()
    result = first.wait()
    assert result.code == 24, result
    assert "is lost" in result.stderr, result
    second = shop.start("run", "--", "echo", "started", env=shop.urls[0])
    result = second.wait(100)
    assert (result.code, result.stdout) == (0, "started\n"), result
    assert state(shop) == [("applied", "3", "3")]
    assert shop.value("SELECT SUM(c) FROM big") == str(7 * 200000)
    # One that starts while its node is still away waits until it has joined.
    late = shop.start("run", "--", "echo", "started", env=shop.urls[2])
    late.wait_for_event("wait.retry")
    cluster[2].rejoin()
    assert late.wait(100).code == 0
    assert on_it.value("SELECT SUM(c) FROM big") == str(7 * 200000)


@pytest.mark.parametrize("statements, healed", [
    ("INSERT INTO customers VALUES (2, 'Eve'); INSERT INTO customers SELECT 1000, SLEEP(6);", True),
    ("CREATE TABLE ahead (a integer); INSERT INTO customers SELECT 1000, SLEEP(6);", False),
], ids=["rows", "stepwise"])
def test_node_of_the_holder_loses_its_cluster(shop, cluster, statements, healed):
    """What it commits then, nobody has; another replica takes over on a node that is left."""
    shop.migration("0002_slow", statements)
    first = shop.start("apply", env=shop.urls[1])
    on_it = MariaView(shop, cluster[1])
    on_it.until_running("SLEEP(6)")
    cluster[1].isolate(True)
    try:
        result = first.wait(100)
        assert result.code in (23, 24), result
        second = shop.start("run", "--", "echo", "started", env=shop.urls[0])
        result = second.wait(100)
        if healed:
            assert (result.code, result.stdout) == (0, "started\n"), result
        else:
            assert result.code == 24 and "statement 2 of 2" in result.stderr, result
    finally:
        cluster[1].isolate(False)
    assert shop.value("SELECT COUNT(*) FROM customers WHERE id = 1000") == ("1" if healed else "0")
    if not healed:
        assert state(shop) == [("started", "1", "2")]
        shop.sql("INSERT INTO customers VALUES (1000, 'by hand')")
        shop.ok("repair", "--applied", "0002")
    shop.ok("run", "--", "true", env=shop.urls[1])
    assert on_it.value("SELECT COUNT(*) FROM customers WHERE id = 1000") == "1"


def through(shop, gate):
    """The environment that leads to the first node by way of a gate."""
    return {"DB_ENTRY_DATABASE_URL":
            shop.urls[0]["DB_ENTRY_DATABASE_URL"].replace(f":{shop.server.port}/", f":{gate.port}/")}


SCRATCH = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'db_entry_scratch%'"


def test_trial_that_is_ended_leaves_nothing_on_any_node(shop, cluster):
    """The database is made on all of them, what is tried in it is done on one."""
    running = []

    def end():
        while not running:
            time.sleep(0.01)
        os.kill(running[0].pid, signal.SIGTERM)
        time.sleep(0.5)
        return True

    shop.migration("0002_age", "ALTER TABLE customers ADD age integer;")
    gate = shop.gate(lambda request: b"ADD age" in request, end)
    # As if the order that ends a statement met this one.
    gate.passed_on = lambda request: request.replace(b"SET SESSION wsrep_on = 1", b"SET SESSION wsrep_on = ?")
    running.append(shop.start("apply", env=through(shop, gate)))
    result = running[0].wait()
    gate.close()
    assert gate.fired and result.code == 128 + signal.SIGTERM, result
    assert [node.client(SCRATCH).stdout for node in cluster] == ["", "", ""]
    assert shop.applied() == ["0001"]
    shop.ok("apply")


def test_cluster_without_locks_of_sessions(shop, cluster):
    """The lease alone does; and another tool can have no lock there."""
    gate = LocklessGate(cluster[0].port)
    shop.sql("CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY)")
    shop.env["DB_ENTRY_DRIFT"] = "ignore"
    shop.migration("0002_age", "ALTER TABLE customers ADD age integer;\n" + long_statement(2))
    shop.migration("0003_row", "SET SESSION sql_safe_updates = 1;\nINSERT INTO customers VALUES (3, 'Eve', 1);")
    shop.migration("0004_row", "INSERT INTO customers VALUES (4, 'Bob', 1);")
    processes = [shop.start("apply", env=through(shop, gate)) for _ in range(2)]
    results = [process.wait(100) for process in processes]
    assert [result.code for result in results] == [0, 0], results
    events = [event for result in results for event in result.event_names]
    assert events.count("migration.applied") == 3 and "trial.ended" not in events, results
    shop.ok("mirror", "pull", env=through(shop, gate))
    mirror = shop.folder / "db/schema/tables.json"
    mirror.write_text(mirror.read_text().replace('"int(11)"', '"INTEGER"'))
    shop.ok("diff", env=through(shop, gate))
    gate.close()
    assert [node.client(SCRATCH).stdout for node in cluster] == ["", "", ""]


def test_node_without_its_cluster_is_waited_for(shop, cluster):
    """The last test here: two of three nodes are gone, and the third may not answer for them."""
    for node in cluster[1:]:
        node.kill()
    deadline = time.monotonic() + 60
    while "ON" in cluster[0].client("SHOW STATUS LIKE 'wsrep_ready'").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    result = shop.run("wait", env={**shop.urls[0], "DB_ENTRY_WAIT_TIMEOUT": "2s"}, log="json")
    assert result.code == 69, result
    assert result.refusal["code"] == "1047"
    assert "wait.retry" in result.event_names
