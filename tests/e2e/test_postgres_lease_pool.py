"""DB_ENTRY_LOCK=lease where the pool is narrow: one or two sessions, and others want them too."""

import signal
import threading
import time

import pytest

from support.postgres import PgBouncer

pytestmark = pytest.mark.server

AT_ONCE = 10
QUEUE = 3  # seconds somebody may wait for a session of the pool
# All that one client could leave to the next, but what PgBouncer itself follows.
SEEN = """
    SELECT (SELECT coalesce(string_agg(name || '=' || setting, ' ' ORDER BY name), '')
            FROM pg_settings WHERE source = 'session' AND name NOT IN ('application_name',
                'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings',
                'IntervalStyle', 'transaction_isolation', 'transaction_read_only',
                'transaction_deferrable')),
        current_setting('search_path'), current_setting('role'), current_user, session_user,
        current_setting('application_name'),
        (SELECT count(*) FROM pg_class WHERE relpersistence = 't'),
        (SELECT count(*) FROM pg_cursors WHERE name = 'held'),
        (SELECT count(*) FROM pg_listening_channels()),
        (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
"""
UNTOUCHED = '|"$user", public|none|postgres|postgres|app|0|0|0|0'
# Everything a migration may do to its session.
WILD = """
    SET work_mem = '7MB';
    SET statement_timeout = '50s';
    SELECT set_config('search_path', 'pg_catalog', false);
    SET ROLE pg_monitor;
    CREATE TEMPORARY TABLE mine (a integer);
    LISTEN shop;
    RESET ROLE;
    DECLARE held CURSOR WITH HOLD FOR SELECT 1;
"""


@pytest.fixture(scope="module", params=[1, 2])
def narrow(postgres, request):
    """A pooler with so many sessions for each database."""
    if not PgBouncer(postgres).available():
        pytest.skip("PgBouncer is not installed: apt install pgbouncer")
    pooler = PgBouncer(postgres, pool_size=request.param)
    pooler.start()
    yield pooler
    pooler.stop()


@pytest.fixture
def impatient(postgres):
    """One session, and who waits for it too long is sent away."""
    if not PgBouncer(postgres).available():
        pytest.skip("PgBouncer is not installed: apt install pgbouncer")
    pooler = PgBouncer(postgres, pool_size=1, settings=f"query_wait_timeout = {QUEUE}")
    pooler.start()
    yield pooler
    pooler.stop()


def leased(project, pooler):
    project.migration(
        "0001_customers", "CREATE TABLE customers (id integer PRIMARY KEY, name text);")
    project.direct = project.env["DB_ENTRY_DATABASE_URL"]
    project.env["DB_ENTRY_DATABASE_URL"] = pooler.url(project.database)
    project.env["DB_ENTRY_LOCK"] = "lease"
    return project


@pytest.fixture
def shop(pg_project, narrow):
    return leased(pg_project, narrow)


class Neighbour:
    """Another client of the same pool, which asks again and again what it got with its session."""

    def __init__(self, pooler, database):
        self.seen = set()
        self._pooler, self._database, self._over = pooler, database, False
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self):
        while not self._over:
            asked = self._pooler.client(
                f"SET application_name = 'app'; {SEEN}", self._database, check=False)
            self.seen.update(asked.stdout.strip().splitlines())

    def stop(self):
        self._over = True
        self._thread.join(60)
        return self.seen


def slow(shop, name="0002_slow", seconds=60, key=2):
    shop.migration(
        name, f"INSERT INTO customers SELECT {key}, CAST(pg_sleep({seconds}) AS text);")


def test_twenty_at_once_beside_other_clients(shop, narrow):
    slow(shop, seconds=1)
    shop.migration("0003_wild", WILD)
    neighbours = [Neighbour(narrow, shop.database) for _ in range(3)]
    processes = [
        shop.start("--", "echo", "started", env={"DB_ENTRY_APPROVE": "0003"}) for _ in range(20)]
    results = [process.wait() for process in processes]
    seen = set().union(*(neighbour.stop() for neighbour in neighbours))
    assert [result.code for result in results] == [0] * 20, results
    assert all(result.stdout == "started\n" for result in results)
    applied = [result.event_names.count("migration.applied") for result in results]
    assert sorted(applied) == [0] * 19 + [3]
    assert shop.value("SELECT count(*) FROM customers") == "1"
    assert shop.value("SELECT count(*) FROM db_entry_lease") == "0"
    assert seen == {UNTOUCHED}


@pytest.mark.parametrize("end", ["fails", "is killed", "is stopped"])
def test_what_did_not_commit_leaves_nothing(shop, narrow, end):
    shop.ok("apply")
    last = "SELECT 1/0;" if end == "fails" else "SELECT pg_sleep(60);"
    shop.migration("0002_wild", WILD + last)
    process = shop.start("apply", env={"DB_ENTRY_APPROVE": "0002", "DB_ENTRY_LEASE": "1s"})
    if end != "fails":
        shop.until_running("pg_sleep(60)")
        process.signal(signal.SIGKILL if end == "is killed" else signal.SIGTERM)
    assert process.wait().code in (23, -signal.SIGKILL, 128 + signal.SIGTERM)
    began = time.monotonic()
    for _ in range(3):
        asked = narrow.client(f"SET application_name = 'app'; {SEEN}", shop.database)
        assert asked.stdout.strip() == UNTOUCHED
    assert time.monotonic() - began < 3 * AT_ONCE
    assert shop.applied() == ["0001"]
    shop.migration("0002_wild", WILD)
    shop.ok("apply", env={"DB_ENTRY_APPROVE": "0002"})


def test_what_the_pooler_set_stays(pg_project, postgres):
    if not PgBouncer(postgres).available():
        pytest.skip("PgBouncer is not installed: apt install pgbouncer")
    pooler = PgBouncer(postgres, pool_size=1)
    pooler.start()
    shop = leased(pg_project, pooler)
    pooler.client("SET geqo = off", shop.database)
    before = pooler.client(SEEN, shop.database).stdout
    assert before.startswith("geqo=off|")
    shop.migration("0002_wild", "SET geqo = on;" + WILD)
    shop.ok("apply", env={"DB_ENTRY_APPROVE": "0002"})
    assert pooler.client(SEEN, shop.database).stdout == before
    pooler.stop()


def test_who_queues_for_a_session_outlasts_the_pooler_s_patience(pg_project, impatient):
    """The holder's transaction has the only session, for longer than the others may wait for it."""
    shop = leased(pg_project, impatient)
    shop.ok("apply")
    slow(shop, seconds=3 * QUEUE)
    hook = shop.script("hook", "while [ ! -e go ]; do sleep 0.1; done; echo snap")
    first = shop.start("apply", env={"DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": f'["{hook}"]'})
    shop.until("EXISTS (SELECT FROM db_entry_lease)")
    others = [shop.start("--", "echo", "started") for _ in range(3)]
    for other in others:
        other.wait_for_event("lock.waiting")
    (shop.folder / "go").touch()
    shop.until_running("pg_sleep")
    others += [shop.start("--", "echo", "started") for _ in range(2)]
    for process in (first, *others):
        result = process.wait()
        assert result.code == 0, result
    assert shop.applied() == ["0001", "0002"]
    assert shop.value("SELECT count(*) FROM customers") == "1"


def test_sigterm_with_one_session(pg_project, impatient):
    """Of who has it, and of who queues for it: a cancel needs a connection of its own."""
    shop = leased(pg_project, impatient)
    shop.ok("apply")
    slow(shop)
    first = shop.start("apply")
    shop.until_running("pg_sleep(60)")
    second = shop.start("apply")
    time.sleep(1)
    for process in (second, first):
        began = time.monotonic()
        process.terminate()
        assert process.wait().code == 128 + signal.SIGTERM
        assert time.monotonic() - began < AT_ONCE
    assert shop.applied() == ["0001"]
    assert shop.value("SELECT count(*) FROM db_entry_lease") == "0"
