"""The run on PostgreSQL: applying, locking, ending at any moment."""

import re
import signal
import subprocess
import time

import pytest

from support.postgres import Doorman, Gate

pytestmark = pytest.mark.server

AT_ONCE = 10
CUSTOMERS = "CREATE TABLE customers (id integer PRIMARY KEY, name text);"
# Whoever judges it: this many seconds, in a statement that any rule table lets through.
SLEEP = "INSERT INTO customers SELECT 1, CAST(pg_sleep(60) AS text);"


@pytest.fixture
def shop(pg_project):
    pg_project.migration("0001_customers", CUSTOMERS)
    pg_project.migration(
        "0002_orders",
        """
        CREATE TABLE orders (
            id integer PRIMARY KEY,
            customer integer REFERENCES customers DEFERRABLE INITIALLY DEFERRED
        );
        INSERT INTO orders VALUES (1, 1);
        INSERT INTO customers VALUES (1, 'Ada');
        """,
    )
    return pg_project


def ended_by_term(process):
    began = time.monotonic()
    process.terminate()
    result = process.wait()
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 128 + signal.SIGTERM, result
    return result


def test_applies_once_and_starts_the_application(shop):
    result = shop.ok("--", "echo", "started", log="json")
    assert result.stdout == "started\n"
    assert result.event_names.count("migration.applied") == 2
    assert shop.tables() == ["customers", "orders"]
    result = shop.ok("--", "echo", "started", log="json")
    assert "migration.applied" not in result.event_names
    assert shop.applied() == ["0001", "0002"]
    assert "PostgreSQL 15" in shop.ok("status").stdout or "PostgreSQL" in shop.ok("status").stdout


@pytest.mark.parametrize("table", [
    "__diesel_schema_migrations", "drizzle.__drizzle_migrations",
    "atlas_schema_revisions.atlas_schema_revisions", "graphile_migrate.migrations",
])
def test_another_tools_history_is_found_in_its_own_schema(shop, table):
    schema = f"CREATE SCHEMA {table.split('.')[0]};" if "." in table else ""
    shop.server.client(f"{schema} CREATE TABLE {table} (version text)", shop.database)
    result = shop.run("--", "echo", "started")
    assert (result.code, result.stdout) == (22, "")
    assert table in result.stderr and "db-entry baseline" in result.stderr
    shop.ok("baseline", "none")
    shop.ok("apply")


def test_failure_is_told_to_its_line_and_leaves_nothing(shop):
    shop.ok("apply")
    path = shop.migration("0003_bad", """
        CREATE TABLE addresses (id integer);
        INSERT INTO addresses
        VALUES (1),
               (nothing);
        """)
    result = shop.run("apply", log="json")
    assert result.code == 23, result
    refusal = result.refusal
    assert (refusal["code"], refusal["line"]) == ("42703", 4)
    assert refusal["file"] == str(path.relative_to(shop.folder))
    assert shop.tables() == ["customers", "orders"]
    assert shop.applied() == ["0001", "0002"]


def test_deferred_violation_fails_before_the_commit(shop):
    shop.ok("apply")
    shop.migration("0003_orphan", "INSERT INTO orders VALUES (2, 99);")
    result = shop.run("apply", log="json")
    assert result.code == 23, result
    assert result.refusal["code"] == "23503"
    assert "orders" in "".join(result.refusal["why"])
    assert shop.value("SELECT count(*) FROM orders") == "1"


def test_our_tables_are_no_migrations_business(shop):
    shop.ok("apply")
    for name, sql in (
        ("0003_direct", "INSERT INTO db_entry_run SELECT * FROM db_entry_run WHERE false;"),
        ("0003_view", "CREATE VIEW db_entry_more AS SELECT 1;"),
    ):
        path = shop.migration(name, sql)
        result = shop.run("apply", env={"DB_ENTRY_APPROVE": "0003"}, log="json")
        assert result.code in (23, 65), result
        assert "db_entry_" in result.stderr
        path.unlink()
    # Where the text does not show it.
    shop.sql("CREATE FUNCTION forget() RETURNS void LANGUAGE sql AS"
             " 'DELETE FROM public.db_entry_run'")
    path = shop.migration("0003_hidden", "INSERT INTO customers SELECT 7, CAST(forget() AS text);")
    result = shop.run("apply", log="json")
    assert result.code == 23, result
    assert "not a migration's" in result.refusal["what"]
    assert int(shop.value("SELECT count(*) FROM db_entry_run")) >= 1
    path.unlink()
    shop.migration("0004_analyze", "ANALYZE;")
    shop.migration("0003_reads", "CREATE TABLE report AS SELECT version FROM db_entry_history;")
    shop.ok("apply", env={"DB_ENTRY_APPROVE": "0003"})


def test_session_settings_are_the_session_s_own(shop):
    shop.migration("0003_settings", """
        CREATE SCHEMA other;
        CREATE TABLE other.inside (a integer);
        INSERT INTO customers SELECT 2, set_config('search_path', 'other', false);
        INSERT INTO inside VALUES (1);
        """)
    shop.migration("0004_after", "CREATE TABLE after (a integer);")
    shop.ok("apply")
    assert "after" in shop.tables()


def test_schema_of_the_url(shop):
    shop.sql('CREATE SCHEMA "Mine"')
    env = {"DB_ENTRY_DATABASE_URL": shop.env["DB_ENTRY_DATABASE_URL"] + "?schema=Mine"}
    shop.ok("apply", env=env)
    shop.ok("run", "--", "true", env=env)
    assert shop.tables() == []
    assert shop.sql('SELECT version FROM "Mine".db_entry_history ORDER BY 1') == [
        ("0001",), ("0002",)]
    assert shop.value('SELECT count(*) FROM "Mine".orders') == "1"


def test_history_is_found_when_a_schema_comes_before_it(shop):
    shop.ok("apply")
    shop.sql("CREATE SCHEMA postgres")  # "$user" of the search path
    result = shop.ok("status", "--check")
    assert "/public" in result.stdout


def test_role_without_rights(shop):
    role = f"weak_{shop.database}"
    shop.sql(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE {role} LOGIN PASSWORD 'w'")
    env = {"DB_ENTRY_DATABASE_URL": shop.server.url(shop.database, role, "w")}
    result = shop.run("apply", env=env, log="json")
    assert result.code == 77, result
    assert result.refusal["code"] == "42501"
    assert f'GRANT USAGE, CREATE ON SCHEMA "public" TO "{role}"' in "".join(result.refusal["next"])
    shop.sql(f'GRANT USAGE, CREATE ON SCHEMA "public" TO "{role}"')
    shop.ok("apply", env=env)


def test_role_that_may_use_tables_made_by_another(shop):
    role = f"user_{shop.database}"
    shop.ok("apply")
    shop.sql(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE {role} LOGIN PASSWORD 'w';"
             f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    shop.migration("0003_row", "INSERT INTO customers VALUES (3, 'Eve');")
    shop.ok("apply", env={"DB_ENTRY_DATABASE_URL": shop.server.url(shop.database, role, "w")})


def test_notices_are_in_the_log_with_their_level(shop):
    shop.sql("CREATE FUNCTION say() RETURNS text LANGUAGE plpgsql AS"
             " 'BEGIN RAISE NOTICE ''a notice''; RAISE WARNING ''a warning''; RETURN 1; END'")
    shop.migration("0003_say", "INSERT INTO customers SELECT 5, say();")
    result = shop.ok("apply", log="json")
    said = {event["event"]: event["text"] for event in result.events if "text" in event}
    assert said == {"database.notice": "a notice", "database.warning": "a warning"}


def test_sigterm_in_a_long_statement(shop):
    shop.ok("apply")
    shop.migration("0003_long", SLEEP)
    process = shop.start("apply")
    shop.until_running("pg_sleep(60)")
    ended_by_term(process)
    shop.until("NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%'"
               " AND state = 'active' AND pid <> pg_backend_pid())")
    assert shop.applied() == ["0001", "0002"]


def test_sigterm_while_waiting_for_the_lock(shop):
    shop.ok("apply")
    shop.migration("0003_long", SLEEP)
    first = shop.start("apply")
    shop.until_running("pg_sleep(60)")
    second = shop.start("apply")
    event = second.wait_for_event("lock.waiting")
    assert re.search(rf"pid {first.pid} on ", event["holder"])
    assert event["since"].endswith("Z")
    ended_by_term(second)
    ended_by_term(first)


def test_holder_in_a_long_statement_is_waited_for(shop):
    shop.ok("apply")
    shop.migration("0003_long", "INSERT INTO customers SELECT 1000, CAST(pg_sleep(6) AS text);")
    first = shop.start("apply")
    shop.until_running("pg_sleep(6)")
    second = shop.start("apply", env={"DB_ENTRY_LOCK_STALL": "4s"})
    assert second.wait().code == 0
    assert first.wait().code == 0
    assert shop.applied() == ["0001", "0002", "0003"]


def test_holder_without_progress_is_given_up_on(shop):
    shop.ok("apply")
    key = shop.value(
        "SELECT ('x' || substr(encode(sha256('db-entry:public'), 'hex'), 1, 16))::bit(64)::bigint")
    holder = subprocess.Popen(
        shop.server.client_command(shop.database), stdin=subprocess.PIPE, text=True)
    holder.stdin.write(f"SELECT pg_advisory_lock({key});\n")
    holder.stdin.flush()
    shop.until("EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
    shop.migration("0003_row", "INSERT INTO customers VALUES (3, 'Eve');")
    result = shop.run("apply", env={"DB_ENTRY_LOCK_STALL": "1s"}, log="json")
    holder.stdin.close()
    holder.wait(30)
    assert result.code == 75, result
    assert "psql" in result.refusal["what"]


def test_connection_lost_while_waiting_for_the_lock(shop):
    shop.ok("apply")
    shop.migration("0003_long", "INSERT INTO customers SELECT 1000, CAST(pg_sleep(4) AS text);")
    first = shop.start("apply")
    shop.until_running("pg_sleep(4)")
    second = shop.start("apply")
    second.wait_for_event("lock.waiting")
    shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
             " AND application_name LIKE 'db-entry%' AND query NOT LIKE '%pg_sleep%'")
    assert (first.wait().code, second.wait().code) == (0, 0), second.wait()
    assert shop.applied() == ["0001", "0002", "0003"]


def test_fifty_at_once(shop):
    """One applies; the others, who all wait for it, start as soon as it is done."""
    shop.migration("0003_gate", "CREATE TABLE gate (a integer);")
    shop.ok("apply")
    keeper = subprocess.Popen(
        shop.server.client_command(shop.database), stdin=subprocess.PIPE, text=True)
    keeper.stdin.write("BEGIN; LOCK TABLE gate;\n")
    keeper.stdin.flush()
    shop.until("EXISTS (SELECT FROM pg_locks WHERE relation = 'gate'::regclass)")
    shop.migration("0004_row", "INSERT INTO gate VALUES (1);")
    env = {"DB_ENTRY_LOCK_TIMEOUT": "0"}
    processes = [shop.start("--", "date", "+%s.%N", env=env)]
    shop.until_running("INSERT INTO gate")
    processes += [shop.start("--", "date", "+%s.%N", env=env) for _ in range(49)]
    for other in processes[1:]:
        other.wait_for_event("lock.waiting")
    keeper.stdin.close()
    keeper.wait(30)
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 50, results
    applied = [result.event_names.count("migration.applied") for result in results]
    assert applied == [1] + [0] * 49
    assert shop.value("SELECT count(*) FROM gate") == "1"
    started = sorted(float(result.stdout) for result in results)
    assert started[-1] - started[0] < AT_ONCE


def test_kill_frees_the_lock_and_stops_the_statement(shop):
    shop.ok("apply")
    shop.migration("0003_long", SLEEP)
    process = shop.start("apply")
    shop.until_running("pg_sleep(60)")
    began = time.monotonic()
    process.signal(signal.SIGKILL)
    process.wait()
    shop.until("NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')", AT_ONCE)
    assert time.monotonic() - began < AT_ONCE
    assert shop.applied() == ["0001", "0002"]
    shop.migration("0003_long", "INSERT INTO customers VALUES (3, 'Eve');")
    shop.ok("apply")


def test_back_end_that_is_terminated(shop):
    shop.ok("apply")
    shop.migration("0003_long", "INSERT INTO customers VALUES (8, 'Bob');" + SLEEP)
    process = shop.start("apply")
    shop.until_running("pg_sleep(60)")
    shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()")
    result = process.wait()
    assert result.code == 23, result
    assert result.refusal["code"] == "57P01"
    assert shop.value("SELECT count(*) FROM customers") == "1"
    assert shop.applied() == ["0001", "0002"]


def test_statement_timeout_is_the_migration_s_failure(shop):
    shop.ok("apply")
    shop.migration("0003_long", SLEEP)
    result = shop.run("apply", env={"DB_ENTRY_STATEMENT_TIMEOUT": "300ms"}, log="json")
    assert result.code == 23, result
    assert result.refusal["code"] == "57014"
    assert "DB_ENTRY_STATEMENT_TIMEOUT" in "".join(result.refusal["next"])


def test_twenty_at_once_apply_once(shop):
    shop.migration("0003_slow", "INSERT INTO customers SELECT 3, CAST(pg_sleep(1) AS text);")
    processes = [shop.start("--", "echo", "started") for _ in range(20)]
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 20, results
    assert all(result.stdout == "started\n" for result in results)
    applied = [result.event_names.count("migration.applied") for result in results]
    assert sorted(applied) == [0] * 19 + [3]
    assert shop.value("SELECT count(*) FROM customers") == "2"


def test_index_is_made_concurrently_while_others_poll(shop):
    shop.ok("apply")
    shop.sql("INSERT INTO customers SELECT i, i::text FROM generate_series(100, 20000) AS i")
    shop.migration("0003_index", """
        -- db-entry: no-transaction
        CREATE INDEX CONCURRENTLY customers_name ON customers (name);
        """)
    # An old snapshot, which the index waits for: so the others have to poll meanwhile.
    old = subprocess.Popen(
        shop.server.client_command(shop.database), stdin=subprocess.PIPE, text=True)
    old.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM customers;\n")
    old.stdin.flush()
    shop.until("EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction')")
    # Another tool's lock is let go of before: its own processes block on it.
    shop.sql("CREATE TABLE _prisma_migrations (id text)")
    env = {"DB_ENTRY_LOCK_TIMEOUT": "0"}
    first = shop.start("apply", env=env)
    shop.until_running("CREATE INDEX CONCURRENTLY")
    assert shop.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "1"
    others = [shop.start("apply", env=env) for _ in range(5)]
    for other in others:
        other.wait_for_event("lock.waiting")
    time.sleep(1)
    old.stdin.close()
    old.wait(30)
    for process in [first, *others]:
        assert process.wait().code == 0
    assert shop.value("SELECT indisvalid FROM pg_index WHERE indexrelid ="
                      " 'customers_name'::regclass") == "t"


def test_who_lets_go_of_the_lock_commits_nothing(shop):
    """Where the text does not show it."""
    shop.sql("CREATE FUNCTION let_go() RETURNS text LANGUAGE sql AS"
             " 'SELECT ''x'' FROM pg_advisory_unlock_all()'")
    shop.ok("apply")
    shop.migration("0003_let_go", "INSERT INTO customers SELECT 9, let_go();")
    result = shop.run("apply", log="json")
    assert result.code == 75, result
    assert "lock" in result.refusal["what"]
    assert shop.applied() == ["0001", "0002"]
    assert shop.value("SELECT count(*) FROM customers") == "1"


def test_trigger_that_lets_go_of_the_lock_behind_the_last_statement_commits_nothing(shop):
    shop.ok("apply")
    shop.sql("CREATE FUNCTION let_go() RETURNS trigger LANGUAGE plpgsql AS"
             " 'BEGIN PERFORM pg_advisory_unlock_all(); RETURN NULL; END';"
             " CREATE CONSTRAINT TRIGGER lets_go AFTER INSERT ON customers"
             " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION let_go()")
    shop.migration("0003_row", "INSERT INTO customers VALUES (9, 'Eve');")
    result = shop.run("apply", log="json")
    assert result.code == 75, result
    assert shop.applied() == ["0001", "0002"]
    assert shop.value("SELECT count(*) FROM customers") == "1"


def test_other_tools_lock_is_waited_for(shop):
    shop.ok("apply")
    shop.sql("CREATE TABLE _prisma_migrations (id text)")
    shop.migration("0003_row", "INSERT INTO customers VALUES (3, 'Eve');")
    holder = subprocess.Popen(
        shop.server.client_command(shop.database), stdin=subprocess.PIPE, text=True)
    holder.stdin.write("SELECT pg_advisory_lock(72707369);\n")
    holder.stdin.flush()
    shop.until("EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
    process = shop.start("apply")
    assert "Prisma" in process.wait_for_event("lock.waiting")["holder"]
    holder.stdin.close()
    holder.wait(30)
    assert process.wait().code == 0
    assert shop.applied() == ["0001", "0002", "0003"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_lost_at_commit(shop, when):
    shop.ok("apply")
    shop.migration("0003_row", "INSERT INTO customers VALUES (3, 'Eve');")
    port = shop.server.port
    door = Doorman(("cut", port, b"IMMEDIATE; COMMIT", when), ("to", port))
    url = shop.env["DB_ENTRY_DATABASE_URL"].replace(f":{port}/", f":{door.port}/")
    result = shop.run("apply", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    door.close()
    assert result.code == 0, result
    assert door.seen >= 2
    assert ("migration.retried" in result.event_names) == (when == "before")
    assert shop.applied() == ["0001", "0002", "0003"]
    assert shop.value("SELECT count(*) FROM customers") == "2"
    outcome = "SELECT count(*) FROM db_entry_run WHERE outcome = 0"
    assert shop.value(outcome) == "2"


@pytest.mark.parametrize("needle", [b"INSERT INTO customers", b"db_entry_run", b"BEGIN ISOLATION"])
def test_connection_lost_in_a_migration(shop, needle):
    shop.ok("apply")
    shop.migration("0003_row", "INSERT INTO customers VALUES (3, 'Eve');")
    port = shop.server.port
    door = Doorman(("cut", port, needle, "after"))
    url = shop.env["DB_ENTRY_DATABASE_URL"].replace(f":{port}/", f":{door.port}/")
    result = shop.run("apply", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    door.close()
    assert result.code == 23, result
    assert "is lost" in result.refusal["what"]
    assert shop.applied() == ["0001", "0002"]
    shop.ok("apply")
    assert shop.value("SELECT count(*) FROM customers") == "2"


def test_what_a_copy_would_give_is_nobodys(shop):
    shop.ok("apply")
    shop.migration("0003_copy", "COPY customers TO STDOUT;")
    refused = shop.run("apply")
    assert refused.code == 65 and "nobody reads what it writes" in refused.stderr


def requests_of(shop, *words):
    """The requests a process sends the server once it is let in."""
    seen = []

    def note(request):
        if request[:1] in b"PQ":
            seen.append(request)
        return False

    gate = Gate(shop.server.port, note)
    url = shop.env["DB_ENTRY_DATABASE_URL"].replace(f":{shop.server.port}/", f":{gate.port}/")
    try:
        shop.ok(*words, env={"DB_ENTRY_DATABASE_URL": url})
    finally:
        gate.close()
    return seen


def test_nothing_pending_costs_two_round_trips(shop):
    shop.ok("run", "--", "true")
    requests = requests_of(shop, "run", "--", "true")
    assert len(requests) == 2, requests


def test_migration_costs_the_round_trips_of_psql_and_one_for_the_proof(shop):
    for number in range(3, 13):
        shop.migration(f"{number:04}_row", f"INSERT INTO customers VALUES ({number}, 'x');")
    requests = requests_of(shop, "apply")
    opened = [at for at, request in enumerate(requests) if b"DECLARE db_entry_before" in request]
    # BEGIN, the statement, the proof, COMMIT; now and then how far it is.
    between = [b - a for a, b in zip(opened[-9:], opened[-8:])]
    assert min(between) == 4, between
