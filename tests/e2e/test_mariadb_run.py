"""The run on MariaDB: sessions, locking, ending at any moment."""

import re
import signal
import subprocess
import time

import pytest

from support.mariadb import MariaDoorman, MariaGate

pytestmark = pytest.mark.server

AT_ONCE = 10
CUSTOMERS = "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(100));"
# This many seconds, in a statement that any rule table lets through.
SLEEP = "INSERT INTO customers SELECT 1, SLEEP(60);"


@pytest.fixture
def shop(maria_project):
    maria_project.migration("0001_customers", CUSTOMERS)
    maria_project.ok("apply")
    return maria_project


def ended_by_term(process):
    began = time.monotonic()
    process.terminate()
    result = process.wait()
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 128 + signal.SIGTERM, result
    return result


class Session:
    """A client that stays."""

    def __init__(self, project, sql, until):
        self.process = subprocess.Popen(
            [*project.server.client_command(project.database), "--unbuffered"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.process.stdin.write(sql + "\n")
        self.process.stdin.flush()
        project.until(until)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def test_applies_once_and_starts_the_application(shop):
    shop.migration("0002_row", "INSERT INTO customers VALUES (1, 'Ada');")
    result = shop.ok("--", "echo", "started", log="json")
    assert result.stdout == "started\n"
    assert result.event_names.count("migration.applied") == 1
    result = shop.ok("--", "echo", "started", log="json")
    assert "migration.applied" not in result.event_names
    assert shop.applied() == ["0001", "0002"]
    assert ("MySQL" if shop.server.mysql else "MariaDB 1") in shop.ok("status").stdout
    assert shop.tables() == ["customers"]


def test_text_is_what_it_was(shop):
    shop.migration(
        "0002_text", r"""INSERT INTO customers VALUES (1, 'Zoë 漢字 😀'), (2, 'a\\b ''c'' "d"');""")
    shop.ok("apply")
    assert shop.value("SELECT HEX(name) FROM customers WHERE id = 1") == "Zoë 漢字 😀".encode().hex().upper()
    assert shop.value("SELECT name = 'a\\\\b ''c'' \"d\"' FROM customers WHERE id = 2") == "1"


def test_what_does_not_fit_is_an_error(shop):
    """Whatever the server's own mode is."""
    server_mode = shop.value("SELECT @@GLOBAL.sql_mode")
    shop.sql("SET GLOBAL sql_mode = 'PIPES_AS_CONCAT'")
    try:
        shop.migration("0002_long", "INSERT INTO customers VALUES (1, REPEAT('x', 101));")
        result = shop.run("apply", log="json")
        assert result.refusal["code"] == "1406", result
        shop.migration("0002_long", "INSERT INTO customers VALUES (1, 'a' || 'b');")
    finally:
        shop.sql(f"SET GLOBAL sql_mode = '{server_mode}'")
    assert shop.value("SELECT COUNT(*) FROM customers") == "0"


def test_empty_texts_that_the_server_takes_for_null(shop):
    """For a migration they are; ours are written all the same, in the history and elsewhere."""
    if shop.server.mysql:
        pytest.skip("MySQL has no such mode")
    server_mode = shop.value("SELECT @@GLOBAL.sql_mode")
    shop.sql("SET GLOBAL sql_mode = 'EMPTY_STRING_IS_NULL'")
    try:
        shop.migration("0002", "INSERT INTO customers VALUES (1, '');")
        shop.migration("0003", SLEEP.replace("1, SLEEP(60)", "2, SLEEP(4)"))
        first = shop.start("apply")
        shop.until_running("SLEEP(4)")
        second = shop.start("apply")
        assert f"pid {first.pid} on " in second.wait_for_event("lock.waiting")["holder"]
        assert (first.wait().code, second.wait().code) == (0, 0)
        assert "as the last run left it" in shop.ok("status").stdout
    finally:
        shop.sql(f"SET GLOBAL sql_mode = '{server_mode}'")
    assert shop.history()[1:] == [("0002", "", "applied"), ("0003", "", "applied")]
    assert shop.value("SELECT name IS NULL FROM customers WHERE id = 1") == "1"


def test_our_tables_are_no_migrations_business(shop):
    for name, sql in (
        ("0002_direct", "DELETE FROM db_entry_run;"),
        ("0002_quoted", "UPDATE `db_entry_history` SET name = 'x';"),
        ("0002_hidden", "SET @a = 'DELETE FROM db_entry_run';"),
        ("0002_versioned", "INSERT INTO customers SELECT 1 /*!50000 + (SELECT COUNT(*) FROM db_entry_run) */ , 'x';"),
    ):
        path = shop.migration(name, sql)
        result = shop.run("apply", env={"DB_ENTRY_APPROVE": "0002"}, log="json")
        assert result.code != 0, result
        assert "db_entry_" in result.stderr
        path.unlink()
        shop.sql("DELETE FROM db_entry_history WHERE version = '0002'")
    assert int(shop.value("SELECT COUNT(*) FROM db_entry_run")) >= 1
    shop.migration("0003_named", "-- what db_entry_run is for\nANALYZE TABLE customers;")
    shop.ok("apply")


def test_session_is_put_back_between_migrations(shop):
    """And within one our own tables are written as they should be, whatever it did to its session."""
    shop.migration("0002_settings", """
        SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';
        SET SESSION sql_select_limit = 1;
        SET SESSION sql_safe_updates = 1;
        INSERT INTO customers VALUES (2, 'a\\b');
        CREATE TEMPORARY TABLE customers_new (a integer);
        """)
    where = "performance" if shop.server.mysql else "information"
    shop.migration("0003_after", f"""
        CREATE TABLE seen SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value
            FROM {where}_schema.session_variables WHERE VARIABLE_NAME IN
            ('sql_mode', 'sql_select_limit', 'sql_safe_updates', 'autocommit');
        CREATE TABLE customers_new (b integer);
        """)
    shop.ok("apply", env={"DB_ENTRY_APPROVE": "0002,0003"})
    seen = {name.lower(): value for name, value in shop.sql("SELECT name, value FROM seen")}
    assert "STRICT_ALL_TABLES" in seen["sql_mode"]
    assert "NO_BACKSLASH_ESCAPES" not in seen["sql_mode"]
    assert int(seen["sql_select_limit"]) > 1
    assert seen["sql_safe_updates"] == "OFF"
    # MySQL says OFF while it makes a table of a SELECT.
    assert seen["autocommit"] == "ON" or shop.server.mysql
    assert shop.applied() == ["0001", "0002", "0003"]
    assert shop.value("SELECT HEX(name) FROM customers WHERE id = 2") == "615C62"
    assert shop.value("SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA ="
                      " DATABASE() AND TABLE_NAME = 'customers_new' AND COLUMN_NAME = 'b'") == "1"


def test_locked_tables_do_not_keep_the_history_from_being_written(shop):
    """As mysqldump writes them."""
    shop.migration("0002_dumped", """
        LOCK TABLES customers WRITE;
        INSERT INTO customers VALUES (5, 'E');
        UNLOCK TABLES;
        """)
    shop.ok("apply")
    assert shop.applied() == ["0001", "0002"]


def test_warnings_are_in_the_log_with_their_level(shop):
    shop.migration("0002_say", """
        CREATE TABLE IF NOT EXISTS customers (id integer);
        INSERT IGNORE INTO customers VALUES (1, 'Ada'), (1, 'again');
        """)
    result = shop.ok("apply", log="json")
    said = {event["event"]: event["text"] for event in result.events if "text" in event}
    assert "already exists" in said["database.notice"]
    assert "Duplicate entry" in said["database.warning"]


def test_results_of_a_procedure_are_read(shop):
    shop.migration("0002_say", "CREATE PROCEDURE say() SELECT 1 UNION SELECT 2;")
    shop.ok("apply")
    shop.migration("0003_call", "CALL say();\nINSERT INTO customers VALUES (1, 'Ada');")
    shop.ok("apply", env={"DB_ENTRY_APPROVE": "0003"})
    assert shop.value("SELECT COUNT(*) FROM customers") == "1"


def test_statement_timeout_is_the_migration_s_failure(shop):
    shop.migration("0002_long", SLEEP)
    result = shop.run("apply", env={"DB_ENTRY_STATEMENT_TIMEOUT": "300ms"}, log="json")
    assert result.code in (23, 24), result
    assert result.refusal["code"] == ("3024" if shop.server.mysql else "1969")
    assert "DB_ENTRY_STATEMENT_TIMEOUT" in "".join(result.refusal["next"])


def test_lock_timeout_of_a_table_in_use(shop):
    other = Session(
        shop, "START TRANSACTION; INSERT INTO customers VALUES (9, 'mine'); SELECT SLEEP(0);",
        "EXISTS (SELECT 1 FROM information_schema.INNODB_TRX)")
    shop.migration("0002_alter", "ALTER TABLE customers ADD COLUMN born date;")
    result = shop.run("apply", env={"DB_ENTRY_LOCK_TIMEOUT": "1s"}, log="json")
    other.close()
    assert result.code in (23, 24), result
    assert result.refusal["code"] == "1205"
    assert "DB_ENTRY_LOCK_TIMEOUT" in "".join(result.refusal["next"])
    assert "(root@localhost)" in "".join(result.refusal["why"])
    assert re.search(r"KILL \d+;", "".join(result.refusal["next"]))


# --- The end ---


def test_sigterm_in_a_long_statement(shop):
    shop.migration("0002_long", SLEEP)
    process = shop.start("apply")
    shop.until_running("SLEEP(60)")
    ended_by_term(process)
    shop.until("NOT " + shop.running("SLEEP(60)"), AT_ONCE)
    assert shop.applied() == ["0001"]
    assert shop.value("SELECT COUNT(*) FROM customers") == "0"


def test_sigterm_in_a_long_alter(shop):
    """An ALTER that waits for a reader of the table."""
    other = Session(
        shop, "START TRANSACTION; INSERT INTO customers VALUES (9, 'mine');",
        "EXISTS (SELECT 1 FROM information_schema.INNODB_TRX)")
    shop.migration("0002_alter", "ALTER TABLE customers ADD COLUMN born date;")
    process = shop.start("apply", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    shop.until_running("ALTER TABLE customers")
    ended_by_term(process)
    shop.until("NOT " + shop.running("ALTER TABLE customers"), AT_ONCE)
    other.close()


def test_sigterm_while_waiting_for_the_lock(shop):
    shop.migration("0002_long", SLEEP)
    first = shop.start("apply")
    shop.until_running("SLEEP(60)")
    second = shop.start("apply")
    event = second.wait_for_event("lock.waiting")
    assert re.search(rf"pid {first.pid} on ", event["holder"])
    assert event["since"].endswith("Z")
    ended_by_term(second)
    ended_by_term(first)


# --- The lock ---


def test_twenty_at_once_apply_once(shop):
    shop.migration("0002_slow", "INSERT INTO customers SELECT 3, SLEEP(1);")
    processes = [shop.start("--", "echo", "started") for _ in range(20)]
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 20, results
    assert all(result.stdout == "started\n" for result in results)
    applied = [result.event_names.count("migration.applied") for result in results]
    assert sorted(applied) == [0] * 19 + [1]
    assert shop.value("SELECT COUNT(*) FROM customers") == "1"


def test_holder_in_a_long_statement_is_waited_for(shop):
    shop.migration("0002_long", "INSERT INTO customers SELECT 1000, SLEEP(8);")
    first = shop.start("apply")
    shop.until_running("SLEEP(8)")
    second = shop.start("apply", env={"DB_ENTRY_LOCK_STALL": "5s"})
    assert second.wait().code == 0
    assert first.wait().code == 0
    assert shop.applied() == ["0001", "0002"]


def key_of(project):
    return "db-entry:" + project.value("SELECT LEFT(SHA2(DATABASE(), 256), 32)")


def test_holder_without_progress_is_given_up_on(shop):
    key = key_of(shop)
    holder = Session(shop, f"SELECT GET_LOCK('{key}', 0);", f"IS_USED_LOCK('{key}') IS NOT NULL")
    shop.migration("0002_row", "INSERT INTO customers VALUES (3, 'Eve');")
    result = shop.run("apply", env={"DB_ENTRY_LOCK_STALL": "1s"}, log="json")
    holder.close()
    assert result.code == 75, result
    assert "root@localhost" in result.refusal["what"]


def test_killed_holder_frees_it_when_its_statement_ends(shop):
    shop.migration("0002_long", "INSERT INTO customers SELECT 1, SLEEP(4);")
    first = shop.start("apply")
    shop.until_running("SLEEP(4)")
    first.signal(signal.SIGKILL)
    first.wait()
    # The server goes on; until it is done nobody else may begin.
    assert shop.value(f"SELECT IS_USED_LOCK('{key_of(shop)}') IS NOT NULL") == "1"
    shop.until(f"IS_USED_LOCK('{key_of(shop)}') IS NULL", 30)


def test_session_that_is_killed(shop):
    shop.migration("0002_long", SLEEP)
    process = shop.start("apply")
    shop.until_running("SLEEP(60)")
    running = shop.value("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE"
                         " '%SLEEP(60)%' AND DB = DATABASE() AND ID <> CONNECTION_ID()")
    shop.sql(f"KILL {running}")
    result = process.wait()
    assert result.code in (23, 24), result
    assert shop.applied() == ["0001"]


@pytest.mark.parametrize("table, tool, key", [
    ("_prisma_migrations", "Prisma", "prisma_migrate"),
    ("atlas_schema_revisions", "Atlas", "atlas_migrate_execute"),
])
def test_other_tools_lock_is_waited_for(shop, table, tool, key):
    shop.sql(f"CREATE TABLE {table} (id integer)")
    shop.migration("0002_row", "INSERT INTO customers VALUES (3, 'Eve');")
    holder = Session(shop, f"SELECT GET_LOCK('{key}', 0);", f"IS_USED_LOCK('{key}') IS NOT NULL")
    process = shop.start("apply")
    assert tool in process.wait_for_event("lock.waiting")["holder"]
    holder.close()
    assert process.wait().code == 0
    assert shop.applied() == ["0001", "0002"]


def test_lock_that_a_migration_lets_go_of_is_missed(shop):
    shop.migration("0002_release", "DO RELEASE_ALL_LOCKS();\nINSERT INTO customers VALUES (1, 'a');")
    shop.migration("0003_row", "INSERT INTO customers VALUES (3, 'Eve');")
    result = shop.run("apply", env={"DB_ENTRY_APPROVE": "0002,0003"}, log="json")
    assert result.code != 0, result


# --- The connection ---


def through(shop, door):
    port = shop.server.port
    return {"DB_ENTRY_DATABASE_URL": shop.server.url(shop.database).replace(
        f":{port}/", f":{door.port}/") + "?ssl-mode=DISABLED"}


@pytest.mark.parametrize("needle", [b"INSERT INTO customers", b"db_entry_run"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_lost_in_a_migration(shop, needle, when):
    shop.migration("0002_row", "INSERT INTO customers VALUES (3, 'Eve');")
    door = MariaDoorman(("cut", shop.server.port, needle, when))
    result = shop.run("apply", env=through(shop, door), log="json")
    door.close()
    assert result.code not in (0, 1), result
    assert "is lost" in result.stderr
    assert shop.value("SELECT COUNT(*) FROM customers") in ("0", "1")


# --- Behind what shares connections ---


def test_something_pending_needs_the_server_itself(shop):
    door = MariaDoorman(("proxy", shop.server.port))
    env = through(shop, door)
    direct = shop.env["DB_ENTRY_DATABASE_URL"]
    for command in (["status", "--check"], ["wait"], ["run", "--", "true"]):
        shop.ok(*command, env=env)
    shop.migration("0002_row", "INSERT INTO customers VALUES (3, 'Eve');")
    result = shop.run("apply", env=env, log="json")
    assert result.code == 75, result
    assert "proxy" in result.refusal["what"]
    assert "DB_ENTRY_DIRECT_URL=" in "".join(result.refusal["next"])
    assert shop.applied() == ["0001"]
    shop.ok("apply", env={**env, "DB_ENTRY_DIRECT_URL": direct})
    door.close()
    assert shop.applied() == ["0001", "0002"]


def requests_of(shop, *words):
    """The requests a process sends the server once it is let in."""
    seen = []

    def note(request):
        if request[3:4] == b"\0":
            seen.append(request[4:])
        return False

    gate = MariaGate(shop.server.port, note)
    url = shop.env["DB_ENTRY_DATABASE_URL"].replace(f":{shop.server.port}/", f":{gate.port}/")
    try:
        shop.ok(*words, env={"DB_ENTRY_DATABASE_URL": f"{url}?ssl-mode=DISABLED"})
    finally:
        gate.close()
    return seen


def test_nothing_pending_costs_two_round_trips(shop):
    """MySQL has no blocks: it takes being told of several statements, and a request for the texts."""
    shop.ok("run", "--", "true")
    requests = requests_of(shop, "run", "--", "true")
    assert len(requests) == (5 if shop.server.mysql else 2), requests


def test_what_a_command_left_is_read_twice(shop):
    """For its fingerprint, and to be kept: that both are the same says that it is of one moment."""
    shop.sql("DROP TABLE db_entry_history, db_entry_run, db_entry_snapshot")
    requests = requests_of(shop, "baseline", "0001")
    assert sum(b"-- The catalog of the current" in request for request in requests) == 2, requests


# --- Who may write ---


def test_read_only_server(shop):
    name = f"plain_{shop.database}"
    shop.sql(f"CREATE USER {name} IDENTIFIED BY 'p'; GRANT ALL ON {shop.database}.* TO {name}")
    env = {"DB_ENTRY_DATABASE_URL": shop.server.url(shop.database, name, "p"),
           "DB_ENTRY_WAIT_TIMEOUT": "2s"}
    shop.sql("SET GLOBAL read_only = 1")
    try:
        shop.ok("run", "--", "true", env=env)  # nothing is pending
        shop.migration("0002_row", "INSERT INTO customers VALUES (3, 'Eve');")
        result = shop.run("apply", env=env, log="json")
        assert result.code == 26, result
        assert result.refusal["event"] == "database.read-only"
        process = shop.start("apply", env={**env, "DB_ENTRY_WAIT_TIMEOUT": "60s"})
        process.wait_for_event("wait.retry")
    finally:
        shop.sql("SET GLOBAL read_only = 0")
    assert process.wait().code == 0
    # Who is above it can write all the time.
    shop.sql("SET GLOBAL read_only = 1")
    try:
        shop.migration("0003_row", "INSERT INTO customers VALUES (4, 'Bob');")
        shop.ok("apply")
    finally:
        shop.sql("SET GLOBAL read_only = 0")


def test_user_without_rights_is_told_the_grant(shop):
    name = f"weak_{shop.database}"
    shop.sql(f"CREATE USER {name} IDENTIFIED BY 'p'; GRANT SELECT ON {shop.database}.* TO {name}")
    shop.migration("0002_row", "INSERT INTO customers VALUES (3, 'Eve');")
    env = {"DB_ENTRY_DATABASE_URL": shop.server.url(shop.database, name, "p")}
    result = shop.run("apply", env=env, log="json")
    assert result.code not in (0, 1), result
    assert "GRANT ALL PRIVILEGES ON" in "".join(result.refusal["next"])
