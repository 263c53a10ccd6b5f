"""DB_ENTRY_LOCK=lease: work behind PgBouncer in transaction mode, where no session is one's own."""

import signal
import subprocess
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from support.dumps import own_tool
from support.postgres import Doorman
from support.preload import is_static

pytestmark = pytest.mark.server

AT_ONCE = 10
# Others than ours may be there: what PgBouncer itself sets, and what belongs to psql.
LEFT = """
    SELECT coalesce(string_agg(name || '=' || setting, ' '), '') FROM pg_settings
    WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding', 'DateStyle',
        'TimeZone', 'standard_conforming_strings', 'IntervalStyle', 'transaction_isolation',
        'transaction_read_only', 'transaction_deferrable')
"""

WRONG_CLOCK = """
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int done = (int)syscall(SYS_clock_gettime, clock, now);
	if (clock == CLOCK_REALTIME)
		now->tv_sec += OFFSET;
	return done;
}
"""


class SlowService(HTTPServer):
    """Answers with the id of a snapshot, after a while."""

    def __init__(self, seconds, asked):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked.touch()
                time.sleep(seconds)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"id": "snap"}')

            def log_message(self, *words):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def shop(pg_project, pgbouncer):
    pg_project.migration(
        "0001_customers", "CREATE TABLE customers (id integer PRIMARY KEY, name text);")
    pg_project.direct = pg_project.env["DB_ENTRY_DATABASE_URL"]
    pg_project.env["DB_ENTRY_DATABASE_URL"] = pgbouncer.url(pg_project.database)
    pg_project.env["DB_ENTRY_LOCK"] = "lease"
    return pg_project


@pytest.fixture
def applied(shop):
    shop.ok("apply")
    return shop


def slow(shop, name="0002_slow", seconds=60, key=2):
    """Whoever judges it: a statement that takes long and leaves a row."""
    shop.migration(
        name, f"INSERT INTO customers SELECT {key}, CAST(pg_sleep({seconds}) AS text);")


def leases(shop):
    return int(shop.value("SELECT count(*) FROM db_entry_lease"))


def test_pending_is_applied_and_nothing_pending_needs_nothing(shop):
    result = shop.ok("--", "echo", "started", log="json")
    assert result.stdout == "started\n"
    assert "migration.applied" in result.event_names
    assert shop.applied() == ["0001"]
    assert leases(shop) == 0
    before = shop.value("SELECT pg_current_wal_insert_lsn()")
    assert "migration.applied" not in shop.ok("--", "true", log="json").event_names
    assert shop.value(f"SELECT pg_current_wal_insert_lsn() - '{before}'") == "0"
    assert shop.ok("apply", env={"DB_ENTRY_LOCK": "session"})


def test_drift_is_found_as_ever(applied):
    applied.sql("CREATE TABLE by_hand (a integer)")
    applied.migration("0002_orders", "CREATE TABLE orders (id integer PRIMARY KEY);")
    result = applied.ok("apply", log="json")
    assert "by_hand" in result.stderr
    assert applied.applied() == ["0001", "0002"]


def test_rollback_baseline_and_repair(applied):
    applied.migration("0002_orders", """
        -- migrate:up
        CREATE TABLE orders (id integer PRIMARY KEY);
        -- migrate:down
        DROP TABLE orders;
        """)
    applied.ok("apply")
    applied.ok("rollback", "--steps", "1")
    assert applied.tables() == ["customers"]
    applied.ok("baseline", "0002")
    assert applied.applied() == ["0001", "0002"]
    assert leases(applied) == 0


def test_twenty_at_once_apply_once(shop):
    slow(shop, seconds=1)
    processes = [shop.start("--", "echo", "started") for _ in range(20)]
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 20, results
    applied = [result.event_names.count("migration.applied") for result in results]
    assert sorted(applied) == [0] * 19 + [2]
    assert shop.value("SELECT count(*) FROM customers") == "1"


def test_leases_and_sessions_exclude_each_other(shop):
    slow(shop, seconds=1)
    session = {"DB_ENTRY_LOCK": "session", "DB_ENTRY_DIRECT_URL": shop.direct}
    processes = [shop.start("apply", env=session if i % 2 else None) for i in range(10)]
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 10, results
    applied = [result.event_names.count("migration.applied") for result in results]
    assert sorted(applied) == [0] * 9 + [2]


@pytest.mark.parametrize("direct", [False, True])
def test_who_waits_says_for_whom_and_sees_it_advance(applied, direct):
    slow(applied, seconds=6)
    first = applied.start("apply")
    applied.until_running("pg_sleep(6)")
    env = {"DB_ENTRY_LOCK_STALL": "4s", "DB_ENTRY_LEASE": "1s"}
    if direct:
        env |= {"DB_ENTRY_LOCK": "session", "DB_ENTRY_DIRECT_URL": applied.direct}
    second = applied.start("apply", env=env)
    event = second.wait_for_event("lock.waiting")
    assert f"pid {first.pid} on " in event["holder"]
    assert event["since"].endswith("Z")
    assert "0002_slow, statement 1 of 1" in event["progress"]
    assert (first.wait().code, second.wait().code) == (0, 0)
    assert applied.applied() == ["0001", "0002"]


def test_stalled_holder_is_given_up_on(applied):
    applied.sql(
        "INSERT INTO db_entry_lease (token, holder, since, progress, expires_at)"
        " VALUES ('x', 'db-entry 7@other', now(), 'thinking', now() + interval '1 hour')")
    slow(applied, seconds=0)
    result = applied.run("apply", env={"DB_ENTRY_LOCK_STALL": "1s"}, log="json")
    assert result.code == 75, result
    assert "pid 7 on other" in result.refusal["what"]
    assert "thinking" in "".join(result.refusal["why"])


def test_killed_holder_frees_it_when_it_has_run_out(applied):
    slow(applied)
    process = applied.start("apply", env={"DB_ENTRY_LEASE": "5s"})
    applied.until_running("pg_sleep(60)")
    process.signal(signal.SIGKILL)
    process.wait()
    assert leases(applied) == 1
    slow(applied, seconds=0)
    second = applied.start("apply")
    second.wait_for_event("lock.waiting")
    assert second.wait().code == 0
    assert applied.applied() == ["0001", "0002"]
    assert applied.value("SELECT count(*) FROM customers") == "1"


@pytest.mark.parametrize("offset", [-86400, 86400])
def test_only_the_server_s_clock_counts(applied, db_entry, offset):
    if is_static(db_entry):
        pytest.skip("nothing can be preloaded into a static program")
    source = applied.write("clock.c", WRONG_CLOCK)
    library = applied.folder / "clock.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", f"-DOFFSET=({offset})", "-o", library, source], check=True)
    env = {"LD_PRELOAD": library, "ASAN_OPTIONS": "verify_asan_link_order=0"}
    applied.sql(
        "INSERT INTO db_entry_lease (token, holder, since, progress, expires_at)"
        " VALUES ('x', 'db-entry 7@other', now(), '', now() + interval '3 seconds')")
    slow(applied, seconds=3)
    process = applied.start("apply", env=env)
    waiting = process.wait_for_event("lock.waiting")
    assert abs(time.time() + offset - datetime.fromisoformat(waiting["time"]).timestamp()) < 3600
    applied.until_running("pg_sleep(3)")
    assert applied.value("SELECT token <> 'x' AND expires_at BETWEEN now() AND now() + interval"
                         " '1 minute' FROM db_entry_lease") == "t"
    assert process.wait().code == 0
    assert applied.applied() == ["0001", "0002"]


def test_sigterm_in_a_long_statement_lets_go_at_once(applied):
    slow(applied)
    process = applied.start("apply")
    applied.until_running("pg_sleep(60)")
    began = time.monotonic()
    process.terminate()
    assert process.wait().code == 128 + signal.SIGTERM
    assert time.monotonic() - began < AT_ONCE
    assert leases(applied) == 0
    assert applied.applied() == ["0001"]


def test_lost_lease_never_commits(applied):
    """Taken by force, in the middle of a transaction."""
    slow(applied, seconds=3)
    process = applied.start("apply")
    applied.until_running("pg_sleep(3)")
    applied.sql("UPDATE db_entry_lease SET token = 'somebody else'")
    result = process.wait()
    assert result.code == 75, result
    assert "lease" in result.refusal["what"]
    assert applied.applied() == ["0001"]
    assert applied.value("SELECT count(*) FROM customers") == "0"
    assert applied.value("SELECT token FROM db_entry_lease") == "somebody else"


@pytest.mark.parametrize("kind", ["program", "service"])
def test_long_snapshot_by_the_hook_is_a_sign_of_life(applied, kind):
    hook = applied.script("hook", "touch hooked; sleep 5; echo snap")
    env = {"DB_ENTRY_LEASE": "2s", "DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": f'["{hook}"]'}
    if kind == "service":
        service = SlowService(5, applied.folder / "hooked")
        env["DB_ENTRY_DUMP_HOOK"] = f"http://127.0.0.1:{service.server_port}/"
    slow(applied, seconds=0)
    first = applied.start("apply", env=env)
    while not (applied.folder / "hooked").exists():
        time.sleep(0.05)
    other = {"DB_ENTRY_LOCK_STALL": "4s"}
    if kind == "service":
        other["DB_ENTRY_DIRECT_URL"] = applied.direct
    second = applied.start("apply", env=other)
    assert (first.wait().code, second.wait().code) == (0, 0)
    assert "migration.applied" in first.wait().event_names
    assert "lock.waiting" in second.wait().event_names
    assert applied.applied() == ["0001", "0002"]


@pytest.mark.parametrize("direct", [False, True])
def test_stopped_holder_that_wakes_after_another_did_its_work(applied, direct):
    """Between its transactions, where nothing but the row says who holds the lock."""
    hook = applied.script("hook", "touch hooked; while [ ! -e go ]; do sleep 0.1; done; echo snap")
    slow(applied, seconds=0)
    process = applied.start("apply", env={
        "DB_ENTRY_LEASE": "2s", "DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": f'["{hook}"]'})
    while not (applied.folder / "hooked").exists():
        time.sleep(0.05)
    process.signal(signal.SIGSTOP)
    env = {"DB_ENTRY_LOCK": "session", "DB_ENTRY_DIRECT_URL": applied.direct} if direct else {}
    applied.ok("apply", env=env)
    assert applied.applied() == ["0001", "0002"]
    applied.migration("0003_more", "INSERT INTO customers VALUES (3, 'Eve');")
    (applied.folder / "go").touch()
    process.signal(signal.SIGCONT)
    result = process.wait()
    assert result.code == 75, result
    assert "lease" in result.refusal["what"]
    assert applied.applied() == ["0001", "0002"]
    assert applied.value("SELECT count(*) FROM customers") == "1"
    assert leases(applied) == 0


def test_stopped_holder_in_a_transaction_is_ended_by_the_server(applied):
    slow(applied, seconds=3)
    process = applied.start("apply", env={"DB_ENTRY_LEASE": "2s"})
    applied.until_running("pg_sleep(3)")
    process.signal(signal.SIGSTOP)
    slow(applied, seconds=0)
    applied.ok("apply")
    process.signal(signal.SIGCONT)
    result = process.wait()
    assert result.code != 0, result
    assert applied.applied() == ["0001", "0002"]
    assert applied.value("SELECT count(*) FROM customers") == "1"


@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_lost_at_commit(applied, pgbouncer, when):
    slow(applied, seconds=0)
    door = Doorman(("cut", pgbouncer.port, b"IMMEDIATE; CLOSE", when), ("to", pgbouncer.port))
    url = pgbouncer.url(applied.database).replace(f":{pgbouncer.port}/", f":{door.port}/")
    result = applied.run("apply", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    door.close()
    assert result.code == 0, result
    assert door.seen >= 2
    assert ("migration.retried" in result.event_names) == (when == "before")
    assert applied.applied() == ["0001", "0002"]
    assert applied.value("SELECT count(*) FROM customers") == "1"
    assert leases(applied) == 0


def test_what_needs_no_transaction_is_refused_before_anything_is_done(applied):
    applied.migration("0002_row", "INSERT INTO customers VALUES (2, 'Bob');")
    applied.migration("0003_index", """
        -- db-entry: no-transaction
        CREATE INDEX CONCURRENTLY customers_name ON customers (name);
        """)
    result = applied.run("apply", log="json")
    assert result.code == 75, result
    assert "0003_index" in result.refusal["what"]
    assert "lease" in "".join(result.refusal["why"])
    assert "DB_ENTRY_DIRECT_URL=" in "".join(result.refusal["next"])
    assert applied.applied() == ["0001"]
    applied.ok("apply", env={"DB_ENTRY_DIRECT_URL": applied.direct})
    assert applied.applied() == ["0001", "0002", "0003"]


def test_repair_of_what_needs_no_transaction_is_refused_too(applied):
    applied.sql("INSERT INTO customers VALUES (1, 'Ada'), (2, 'Ada')")
    applied.migration("0002_index", """
        -- db-entry: no-transaction
        CREATE UNIQUE INDEX CONCURRENTLY customers_name ON customers (name);
        """)
    direct = {"DB_ENTRY_DIRECT_URL": applied.direct}
    assert applied.run("apply", env=direct).code == 24
    applied.sql("DELETE FROM customers WHERE id = 2")
    before = applied.history()
    result = applied.run("repair", "--retry", "0002", log="json")
    assert result.code == 75, result
    assert "DB_ENTRY_DIRECT_URL=" in "".join(result.refusal["next"])
    assert applied.history() == before
    assert leases(applied) == 0
    applied.ok("repair", "--retry", "0002", env=direct)
    assert applied.applied() == ["0001", "0002"]


def test_no_setting_reaches_another_client(applied, pgbouncer):
    pgbouncer.client("SET geqo = off", applied.database)
    applied.migration("0002_settings", """
        SET geqo = on;
        SET work_mem = '7MB';
        SELECT set_config('search_path', 'pg_catalog', false);
        CREATE TEMPORARY TABLE mine (a integer);
        LISTEN shop;
        DECLARE held CURSOR WITH HOLD FOR SELECT 1;
        """)
    slow(applied, "0003_slow", seconds=1, key=3)
    process = applied.start("apply", env={
        "DB_ENTRY_STATEMENT_TIMEOUT": "77s", "DB_ENTRY_LOCK_TIMEOUT": "66s",
        "DB_ENTRY_APPROVE": "0002"})
    applied.until_running("pg_sleep(1)")
    # Meanwhile others get other sessions of the pool.
    seen = {pgbouncer.client(LEFT, applied.database).stdout.strip() for _ in range(5)}
    assert process.wait().code == 0
    clients = [
        subprocess.Popen(
            pgbouncer.client_command(applied.database), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    for client in clients:  # all at once, so each has a session of its own
        client.stdin.write(
            f"BEGIN; SELECT pg_sleep(1); {LEFT};"
            "SELECT count(*) FROM pg_class WHERE relpersistence = 't';"
            "SELECT count(*) FROM pg_cursors WHERE name = 'held';"
            "SELECT count(*) FROM pg_listening_channels();"
            "SHOW search_path; COMMIT;\n")
        client.stdin.close()
    for client in clients:
        client.wait(30)
        lines = client.stdout.read().split("\n")
        seen.add(lines[1])
        assert lines[2:6] == ["0", "0", "0", '"$user", public'], lines
    assert seen == {"", "geqo=off"}
    assert applied.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"


def test_role_and_settings_of_a_migration_are_not_those_its_history_is_written_with(applied):
    role = f"weak_{applied.database}"
    applied.sql(f"CREATE ROLE {role}; GRANT INSERT ON customers TO {role}; CREATE SCHEMA other")
    for number, change in enumerate([
        f"SET ROLE {role}", f"SET LOCAL ROLE {role}", "SET search_path = other",
        f"SELECT set_config('session_authorization', '{role}', false)",
        "SET session_replication_role = replica",
    ], 2):
        applied.migration(
            f"{number:04}_x", f"{change}; INSERT INTO public.customers VALUES ({number}, 'Bob');")
        applied.ok("apply", env={"DB_ENTRY_APPROVE": f"{number:04}"})
    assert len(applied.applied()) == 6
    assert applied.value("SELECT count(*) FROM customers") == "5"


def test_a_leaked_search_path_leads_nowhere_else(applied, pgbouncer):
    """What other clients left in the pool while we run, in every session but the one we had."""
    applied.sql("CREATE SCHEMA elsewhere")
    slow(applied, seconds=3)
    applied.migration("0003_orders", "CREATE TABLE orders (id integer PRIMARY KEY);")
    process = applied.start("apply")
    applied.until_running("pg_sleep(3)")
    # Four take what is left of the pool; the fifth gets ours when it is free.
    clients = [
        subprocess.Popen(
            pgbouncer.client_command(applied.database), stdin=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    for i, client in enumerate(clients):
        leak = "SET search_path = elsewhere;" if i < 4 else ""
        client.stdin.write(f"BEGIN; {leak} SELECT pg_sleep(4); COMMIT;\n")
        client.stdin.close()
        if i == 3:
            applied.until("(SELECT count(*) = 5 FROM pg_stat_activity WHERE state = 'active'"
                          " AND query LIKE '%pg_sleep(_)%' AND pid <> pg_backend_pid())")
    assert process.wait().code == 0
    for client in clients:
        client.wait(30)
    assert applied.tables() == ["customers", "orders"]


def test_other_tools_lock_is_waited_for(applied):
    applied.sql("CREATE TABLE _prisma_migrations (id text)")
    slow(applied, seconds=0)
    holder = subprocess.Popen(
        applied.server.client_command(applied.database), stdin=subprocess.PIPE, text=True)
    holder.stdin.write("SELECT pg_advisory_lock(72707369);\n")
    holder.stdin.flush()
    applied.until("EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
    process = applied.start("apply")
    assert "Prisma" in process.wait_for_event("lock.waiting")["holder"]
    holder.stdin.close()
    holder.wait(30)
    assert process.wait().code == 0
    assert applied.applied() == ["0001", "0002"]


def test_dump_through_the_pooler_is_refused(applied):
    slow(applied, seconds=0)
    env = {"DB_ENTRY_DUMP": "always", "DB_ENTRY_DUMP_DIR": str(applied.dumps)}
    applied.dumps.mkdir()
    result = applied.run("apply", env=env, log="json")
    assert result.code == 25, result
    assert "search path" in "".join(result.refusal["why"])
    assert "DB_ENTRY_DIRECT_URL=" in "".join(result.refusal["next"])
    assert applied.applied() == ["0001"]
    assert leases(applied) == 0


def test_a_migration_may_not_touch_the_lease(applied):
    applied.migration("0002_steal", "DELETE FROM db_entry_lease WHERE one;")
    result = applied.run("apply", env={"DB_ENTRY_APPROVE": "0002"}, log="json")
    assert result.code in (23, 65), result
    assert "db_entry_" in result.stderr
    assert leases(applied) == 0


def test_dump_and_restore_leave_its_row_out(applied):
    """Both need a session, whose runner clears it away: so here it can't."""
    direct = {"DB_ENTRY_DIRECT_URL": applied.direct, "DB_ENTRY_DUMP_DIR": str(applied.dumps)}
    applied.dumps.mkdir()
    applied.sql(
        "INSERT INTO db_entry_lease (token, holder, since, progress, expires_at) VALUES"
        " ('of the past', 'db-entry 7@other', now(), '', now());"
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER keep BEFORE DELETE ON db_entry_lease FOR EACH ROW EXECUTE FUNCTION keep()")
    dump = applied.ok("dump", env=direct).stdout.strip()
    assert leases(applied) == 1
    packed = next(path for path in applied.dumps.iterdir() if path.name.startswith(dump + "."))
    text = applied.folder / "text.sql"
    subprocess.run(
        f"zstd -dc {packed} | {own_tool(applied, 'pg_restore')} --file={text} --data-only", shell=True, check=True)
    assert "COPY public.customers" in text.read_text()
    assert "COPY public.db_entry_history" in text.read_text()
    assert "of the past" not in text.read_text()
    applied.sql("DROP TRIGGER keep ON db_entry_lease")
    applied.migration("0002_orders", "CREATE TABLE orders (id integer PRIMARY KEY);")
    applied.ok("apply")
    env = {"DB_ENTRY_DUMP_DIR": str(applied.dumps)}
    result = applied.run("restore", dump, "--yes", "--other-database", env=env, log="json")
    assert result.code == 75, result
    assert "DB_ENTRY_DIRECT_URL=" in "".join(result.refusal["next"])
    assert applied.tables() == ["customers", "orders"]
    applied.ok("restore", dump, "--yes", env=direct)
    assert applied.tables() == ["customers"]
    assert leases(applied) == 0
    applied.sql("DROP FUNCTION keep CASCADE")
    applied.ok("apply")
    assert applied.applied() == ["0001", "0002"]


def test_role_that_may_not_use_the_table_of_leases(applied):
    role = f"weak_{applied.database}"
    applied.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'w'; GRANT ALL ON customers, db_entry_history,"
                f" db_entry_run, db_entry_snapshot TO {role}")
    applied.migration("0002_row", "INSERT INTO customers VALUES (2, 'Bob');")
    env = {"DB_ENTRY_DATABASE_URL": applied.server.url(applied.database, role, "w")}
    for lock in ("lease", "session"):
        result = applied.run("apply", env={**env, "DB_ENTRY_LOCK": lock}, log="json")
        assert result.code == 77, result
        advice = "".join(result.refusal["next"])
        assert f'"public".db_entry_lease TO "{role}"' in advice
    applied.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON db_entry_lease TO {role}")
    applied.ok("apply", env=env)
    assert applied.applied() == ["0001", "0002"]


def test_it_works_without_a_pooler(shop):
    shop.ok("apply", env={"DB_ENTRY_DATABASE_URL": shop.direct})
    assert shop.applied() == ["0001"]
    assert leases(shop) == 0


def test_it_changes_nothing_where_sessions_are_one_s_own(project):
    project.migration("0001_a", "CREATE TABLE a (id INTEGER PRIMARY KEY);")
    project.ok("apply", env={"DB_ENTRY_LOCK": "lease"})
    assert project.applied() == ["0001"]
