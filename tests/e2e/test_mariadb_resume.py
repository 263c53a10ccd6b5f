"""A migration on MariaDB, where DDL commits by itself, that was left half-way and heals."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.server

HALF = """
CREATE TABLE first (a integer);
INSERT INTO first VALUES (1), (1);
ALTER TABLE first ADD UNIQUE INDEX one (a);
INSERT INTO first VALUES (7);
CREATE TABLE last (a integer);
"""


def state(project, version="0002"):
    return project.sql(
        "SELECT state, statements_done, statements_total FROM db_entry_history"
        f" WHERE version = '{version}'"
    )


@pytest.fixture
def shop(maria_project):
    maria_project.env["DB_ENTRY_DRIFT"] = "ignore"
    maria_project.env["DB_ENTRY_TRIAL"] = "never"  # most of what fails here would fail in it
    maria_project.migration("0001_customers", "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(100));")
    maria_project.ok("apply")
    return maria_project


@pytest.fixture
def half(shop):
    """Its third statement failed."""
    shop.migration("0002_half", HALF)
    result = shop.run("apply")
    assert result.code == 24, result
    assert "0002_half.sql:3" in result.stderr and "statement 3 of 5" in result.stderr, result.stderr
    assert "2 of 5 statements are done" in result.stderr, result.stderr
    assert state(shop) == [("started", "2", "5")]
    return shop


def test_start_again_after_the_data_were_mended(half):
    assert half.run("apply").code == 24
    half.sql("DELETE FROM first LIMIT 1")
    result = half.ok("run", "--", "echo", "started", log="json")
    assert result.stdout == "started\n"
    assert "plan.resumed" in result.event_names
    assert state(half) == [("applied", "5", "5")]
    assert half.sql("SELECT a FROM first ORDER BY a") == [("1",), ("7",)]


def test_next_image_with_the_statement_corrected(half):
    half.migration("0002_half", HALF.replace("UNIQUE INDEX", "INDEX"))
    half.ok("apply")
    assert state(half) == [("applied", "5", "5")]
    assert half.sql("SELECT a FROM first ORDER BY a") == [("1",), ("1",), ("7",)]


def test_retry_tries_the_rest_beforehand_too(half):
    half.env.update(DB_ENTRY_RESUME="never", DB_ENTRY_TRIAL="auto")
    mended = HALF.replace("UNIQUE INDEX", "INDEX")
    half.migration("0002_half", mended.replace("CREATE TABLE last", "ALTER TABLE nowhere ADD"))
    before = state(half)
    result = half.run("repair", "--retry", "0002")
    assert result.code == 23 and "would fail" in result.stderr and "statement 5 of 5" in result.stderr, result
    assert state(half) == before
    half.migration("0002_half", mended)
    half.ok("repair", "--retry", "0002")
    assert state(half) == [("applied", "5", "5")]


def test_what_is_done_must_be_what_the_file_begins_with(half):
    half.migration("0002_half", HALF.replace("(1), (1)", "(1), (2)"))
    result = half.run("apply")
    assert result.code == 24 and "db-entry repair" in result.stderr, result


def test_rows_alone_are_one_transaction(shop):
    shop.migration("0002_rows", "INSERT INTO customers VALUES (1, 'a'); INSERT INTO customers VALUES (1, 'b');")
    result = shop.run("apply")
    assert result.code == 23 and "nothing of it remains" in result.stderr, result
    assert shop.sql("SELECT * FROM customers") == []
    assert state(shop) == []


def test_rows_of_a_table_without_transactions_are_not(shop):
    """What is in it stays when the next statement fails."""
    shop.sql("CREATE TABLE log (a integer) ENGINE = MyISAM")
    shop.migration("0002_rows", "INSERT INTO log VALUES (1); INSERT INTO customers VALUES (1, REPEAT('x', 101));")
    result = shop.run("apply")
    assert result.code == 24, result
    assert shop.sql("SELECT * FROM log") == [("1",)]
    assert state(shop) == [("started", "1", "2")]
    shop.sql("ALTER TABLE customers MODIFY name varchar(200)")
    shop.ok("apply")
    assert shop.sql("SELECT * FROM log") == [("1",)]


CUSTOMERS = "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(100));"
SPARE = "CREATE INDEX spare ON customers (id, name);"


def token(project):
    """What approves all that is pending."""
    migrations = project.ok("plan", "--json").json["migrations"]
    return ",".join(m["approval"] for m in migrations if m.get("approval"))


STATEMENTS = {
    "column": "ALTER TABLE customers ADD COLUMN age integer",
    "several": "ALTER TABLE customers ADD INDEX by_name (name), ADD COLUMN age integer, COMMENT 'x'",
    "renamed-column": "ALTER TABLE customers RENAME COLUMN name TO title",
    "dropped-index": "ALTER TABLE customers DROP INDEX spare",
    "modified": "ALTER TABLE customers MODIFY name varchar(120)",
    "index": "CREATE INDEX by_name ON customers (name)",
    "if-not-exists": "CREATE TABLE IF NOT EXISTS customers (id integer)",
    "table": "CREATE TABLE made (id integer)",
    "procedure": "CREATE DEFINER = CURRENT_USER PROCEDURE p() SELECT 1",
    "trigger": "CREATE TRIGGER t BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = 'x'",
    "view": "CREATE OR REPLACE VIEW v AS SELECT id FROM customers",
    "new-view": "CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW v (one) AS SELECT id FROM customers",
    "function": "CREATE FUNCTION f() RETURNS integer DETERMINISTIC RETURN 1",
    "event": "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    "renamed": "RENAME TABLE customers TO clients",
    "moved": "ALTER TABLE customers RENAME TO clients, ADD COLUMN age integer",
}


@pytest.mark.parametrize("done", [True, False], ids=["done", "not-begun"])
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_cut_off_and_the_catalog_tells(shop, statement, done):
    """As a crash leaves it: the history does not know whether the second statement was done."""
    shop.sql(SPARE)
    text = f"CREATE TABLE ahead (a integer);\n{statement};\nCREATE TABLE last (a integer);"
    shop.migration("0002_cut", text.replace(statement, "INSERT INTO nowhere VALUES (1)"))
    assert shop.run("apply").code == 24
    checksum = shop.value("SELECT done_checksum FROM db_entry_history WHERE version = '0002'")
    shop.sql("DELETE FROM db_entry_history WHERE version = '0002'; DROP TABLE ahead; CREATE TABLE last (a integer)")
    shop.migration("0002_cut", text)
    assert shop.run("apply").code == 24
    assert state(shop) == [("started", "2", "3")]
    shop.sql("DROP TABLE last; UPDATE db_entry_history SET statements_done = 1, failed_at = NULL,"
             f" failed_statement = NULL, done_checksum = '{checksum}' WHERE version = '0002'")
    if not done:
        shop.sql("DROP VIEW IF EXISTS v; DROP PROCEDURE IF EXISTS p; DROP FUNCTION IF EXISTS f; DROP EVENT IF EXISTS e; DROP TABLE IF EXISTS made, clients, customers;"
                 + CUSTOMERS + SPARE)
    shop.ok("apply")
    assert state(shop) == [("applied", "3", "3")]


THERE = {
    "view": ("CREATE VIEW v AS SELECT name FROM customers", "CREATE VIEW v AS SELECT id FROM customers"),
    "checked-view": ("CREATE VIEW v AS SELECT id FROM customers WHERE id > 1",
                     "CREATE VIEW v AS SELECT id FROM customers WHERE id > 1 WITH CHECK OPTION"),
    "procedure": ("CREATE PROCEDURE p() SELECT 1", "CREATE PROCEDURE p() SELECT 2"),
    "function": ("CREATE FUNCTION f() RETURNS integer DETERMINISTIC RETURN 1",
                 "CREATE FUNCTION f() RETURNS integer DETERMINISTIC RETURN 2"),
    "trigger": ("CREATE TRIGGER t BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = 'x'",
                "CREATE TRIGGER t BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = 'y'"),
    "event": ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
              "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 2"),
}


def cut_off_before(shop, before, statement):
    """A migration whose second statement was not begun; what it makes was there before."""
    text = f"CREATE TABLE ahead (a integer);\n{statement};\nCREATE TABLE last (a integer);"
    shop.sql(before)
    time.sleep(2)
    shop.migration("0002_cut", text)
    assert shop.run("apply").code == 24
    shop.sql("UPDATE db_entry_history SET failed_at = NULL, failed_statement = NULL WHERE version = '0002'")


@pytest.mark.parametrize("before, statement", THERE.values(), ids=THERE)
def test_what_was_there_before_is_none_that_was_made(shop, before, statement):
    cut_off_before(shop, before, statement)
    result = shop.run("apply")
    assert result.code == 24, result
    assert state(shop) == [("started", "1", "3")]
    assert "last" not in shop.tables()


def test_view_that_is_the_same(shop):
    """Whoever made it; where the server says when that was, this counts."""
    if shop.server.mysql:
        pytest.skip("MySQL says so")
    cut_off_before(shop, "CREATE VIEW v AS SELECT customers.id AS id FROM customers",
                   "create view `v` as select id /* the key */ from customers")
    shop.ok("apply")
    assert state(shop) == [("applied", "3", "3")]


def test_view_that_is_the_same_in_another_mode(shop):
    """As the session that made it was, whose words it has."""
    if shop.server.mysql:
        pytest.skip("MySQL says how old it is")
    server_mode = shop.value("SELECT @@GLOBAL.sql_mode")
    shop.sql("SET GLOBAL sql_mode = 'PIPES_AS_CONCAT'")
    try:
        cut_off_before(shop, "CREATE VIEW v AS SELECT CONCAT(name, 'x') AS name FROM customers",
                       "CREATE VIEW v AS SELECT name || 'x' AS name FROM customers")
        shop.ok("apply")
    finally:
        shop.sql(f"SET GLOBAL sql_mode = '{server_mode}'")
    assert state(shop) == [("applied", "3", "3")]


def test_view_that_can_not_be_compared(shop):
    """Who may not make a database for it is told."""
    shop.sql(f"CREATE OR REPLACE USER plain IDENTIFIED BY 'p'; GRANT ALL ON {shop.database}.* TO plain"
             if not shop.server.mysql else
             f"DROP USER IF EXISTS plain; CREATE USER plain IDENTIFIED BY 'p'; GRANT ALL ON {shop.database}.* TO plain")
    cut_off_before(shop, "CREATE VIEW v AS SELECT id FROM customers", "CREATE VIEW v AS SELECT id FROM customers")
    result = shop.run("apply", env={"DB_ENTRY_DATABASE_URL": shop.server.url(shop.database, "plain", "p")})
    assert result.code == 24 and "may or may not be done" in result.stderr, result


@pytest.mark.parametrize("statement", [
    "INSERT INTO customers VALUES (1, 'a')",
    "ALTER TABLE customers DROP INDEX spare, ADD INDEX spare (name)",
    "ALTER TABLE customers ADD INDEX (name)",
    "CALL p()",
])
def test_cut_off_and_nobody_knows(shop, statement):
    shop.sql(SPARE + "CREATE PROCEDURE p() SELECT 1")
    text = f"{statement};\nCREATE TABLE last (a integer);"
    shop.sql("CREATE TABLE last (a integer)")
    shop.migration("0002_cut", text)
    assert shop.run("apply", env={"DB_ENTRY_APPROVE": token(shop)}).code == 24
    shop.sql("DROP TABLE last; UPDATE db_entry_history SET statements_done = 0, failed_at = NULL,"
             " failed_statement = NULL, done_checksum = NULL WHERE version = '0002'")
    result = shop.run("apply")
    assert result.code == 24 and "may or may not be done" in result.stderr, result.stderr
    assert "last" not in shop.tables()


class TestKilled:
    def test_during_an_alter(self, shop):
        """The server goes on with it; whoever comes next waits for the lock, and looks."""
        shop.sql(f"INSERT INTO customers SELECT seq, 'a' FROM {shop.server.numbers(300000)}")
        shop.migration("0002_alter", """
            CREATE TABLE ahead (a integer);
            ALTER TABLE customers ADD COLUMN age integer, ALGORITHM = COPY;
            CREATE TABLE last (a integer);
            """)
        process = shop.start("apply")
        shop.until_running("ALTER TABLE customers")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        result = shop.ok("run", "--", "echo", "started")
        assert result.stdout == "started\n", result
        assert state(shop) == [("applied", "3", "3")]
        assert {"ahead", "last"} <= set(shop.tables())


@pytest.mark.parametrize("before", [True, False], ids=["was-there", "made"])
def test_table_that_was_there_before_is_none_that_was_made(shop, before):
    """Cut off, and a table of that name is there: by its age it is the statement's own, or not."""
    shop.sql("CREATE TABLE made (other integer)")
    shop.migration("0002_cut", "CREATE TABLE ahead (a integer);\nCREATE TABLE made (a integer);\n"
                   "CREATE TABLE last (a integer);")
    assert shop.run("apply").code == 24
    began = "2038-01-01T00:00:00.000Z" if before else "2001-01-01T00:00:00.000Z"
    shop.sql("UPDATE db_entry_history SET failed_at = NULL, failed_statement = NULL,"
             f" started_at = '{began}' WHERE version = '0002'")
    result = shop.run("apply")
    if before:
        assert result.code == 24 and "already exists" in result.stderr, result
        assert state(shop) == [("started", "1", "3")]
    else:
        assert state(shop) == [("applied", "3", "3")], result
