"""The gate on MariaDB: what would lose data is blocked before it is done; its harmless twin passes."""

import pytest

pytestmark = pytest.mark.server

PAST = """
CREATE TABLE users (
    id integer PRIMARY KEY AUTO_INCREMENT,
    name varchar(100) NOT NULL DEFAULT 'nobody' COMMENT 'as people say it',
    mail varchar(50) CHARACTER SET utf8mb4 UNIQUE,
    age int unsigned,
    price decimal(8, 2),
    state enum('new', 'old') NOT NULL,
    note text,
    latin varchar(20) CHARACTER SET latin1,
    seen timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()
);
INSERT INTO users (name, mail, age, price, state, note) VALUES
    ('Ada', 'a@b', 36, 1.50, 'new', 'x'), ('Zoë', 'z@b', 4000000000, 99.25, 'old', 'y');
CREATE TABLE log (id integer PRIMARY KEY AUTO_INCREMENT, text varchar(50));
INSERT INTO log (text) VALUES ('one');
"""


@pytest.fixture
def past(maria_project):
    maria_project.sql(PAST)
    maria_project.ok("baseline", "none")
    return maria_project


def users(project):
    return project.sql("SELECT * FROM users ORDER BY id") + project.sql("SELECT * FROM log ORDER BY id")


def blocked(project, text, *evidence, env=None):
    project.migration("0001_bad", text)
    before = users(project)
    result = project.run("apply", env=env)
    assert result.code == 20, result
    assert users(project) == before
    for line in evidence:
        assert line in result.stderr, result
    assert project.history() == [] or project.history()[0][2] != "applied"


def passes(project, text):
    project.migration("0001_good", text)
    before = project.sql("SELECT id, name, mail, age, price + 0.000, state, note FROM users ORDER BY id")
    project.ok("apply")
    assert project.sql("SELECT id, name, mail, age, price + 0.000, state, note FROM users ORDER BY id") == before


@pytest.mark.parametrize("text, told", [
    ("ALTER TABLE users DROP COLUMN note;", "loses 2 values in users.note"),
    ("ALTER TABLE users DROP COLUMN latin, DROP COLUMN `mail`;", "loses 0 values in users.latin"),
    ("DROP TABLE log;", "loses table log with 1 row\n"),
    ("DROP TABLE users, log;", "loses table users with 2 rows"),
    ("CREATE TABLE t (a integer); DELETE FROM log WHERE id = 1;", "loses rows of log\n"),
    ("RENAME TABLE users TO people, log TO users; DROP TABLE users;", "loses table users\n"),
], ids=lambda value: value.split(" ")[1])
def test_what_would_be_lost_is_told(past, text, told):
    blocked(past, text, told)


NARROWED = {
    "shorter": ("MODIFY note varchar(50)", "values of text that don't fit into varchar(50)"),
    "cut": ("MODIFY mail varchar(20) CHARACTER SET utf8mb4", "varchar(50)"),
    "smaller": ("MODIFY age smallint unsigned", " unsigned that don't fit"),
    "sign": ("MODIFY age int", " unsigned that don't fit"),
    "scale": ("MODIFY price decimal(8, 1)", "decimal(8,2)"),
    "digits": ("MODIFY price decimal(8, 3)", "decimal(8,2)"),
    "default": ("MODIFY name varchar(200) NOT NULL COMMENT 'x'", "loses DEFAULT"),
    "comment": ("MODIFY name varchar(200) NOT NULL DEFAULT 'nobody'", "loses COMMENT"),
    "null": ("CHANGE name title varchar(200) DEFAULT 'nobody' COMMENT 'x'", "loses NOT NULL"),
    "increment": ("MODIFY id bigint NOT NULL", "loses AUTO_INCREMENT"),
    "update": ("MODIFY seen timestamp NOT NULL DEFAULT current_timestamp()", "loses ON UPDATE"),
    "removed": ("MODIFY state enum('new') NOT NULL", "enum('new','old')"),
    "reordered": ("MODIFY state enum('old', 'new') NOT NULL", "enum('new','old')"),
    "inserted": ("MODIFY state enum('new', 'middle', 'old') NOT NULL", "enum('new','old')"),
    "charset": ("MODIFY note text CHARACTER SET latin1", "latin1"),
    "collation": ("MODIFY mail varchar(50) COLLATE utf8mb4_bin", "COLLATE"),
    "table": ("DEFAULT CHARACTER SET latin1, MODIFY note mediumtext", ""),
    "mixed": ("MODIFY note mediumtext, DROP COLUMN price", ""),
}

WIDENED = {
    "longer": "MODIFY name varchar(255) NOT NULL DEFAULT 'nobody' COMMENT 'as people say it'",
    "bigger": "MODIFY age bigint unsigned",
    "signed": "MODIFY age bigint",
    "digits": "MODIFY price decimal(10, 3)",
    "increment": "MODIFY id bigint NOT NULL AUTO_INCREMENT",
    "appended": "MODIFY state enum('new', 'old', 'gone') NOT NULL",
    "text": "MODIFY note mediumtext, MODIFY latin varchar(30) CHARACTER SET utf8mb4",
    "renamed": "CHANGE latin roman varchar(20) CHARACTER SET latin1",
    "nullable": "MODIFY state enum('new', 'old') NULL",
}


@pytest.mark.parametrize("change, evidence", NARROWED.values(), ids=NARROWED)
def test_column_that_loses_something(past, change, evidence):
    blocked(past, f"ALTER TABLE users {change};", evidence)


@pytest.mark.parametrize("change", WIDENED.values(), ids=WIDENED)
def test_column_that_keeps_all(past, change):
    passes(past, f"ALTER TABLE users {change};")


@pytest.mark.parametrize("before", [
    "ALTER TABLE users MODIFY name varchar(255) NOT NULL DEFAULT 'nobody' COMMENT 'y';",
    "SET sql_mode = '';",
    "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;",
])
def test_what_changes_before_it_is_not_guessed(past, before):
    blocked(past, before + "ALTER TABLE users MODIFY name varchar(300) NOT NULL DEFAULT 'nobody' COMMENT 'y';")


BAD = {
    "procedure": "CREATE PROCEDURE p() DELETE FROM users; CALL p();",
    "prepare": "PREPARE s FROM 'DELETE FROM users'; EXECUTE s;",
    "immediate": "EXECUTE IMMEDIATE CONCAT('DELETE', ' FROM users');",
    "block": "BEGIN NOT ATOMIC DELETE FROM users; END;",
    "delete": "DELETE FROM users;",
    "where": "DELETE FROM users WHERE id = 1;",
    "truncate": "TRUNCATE users;",
    "update": "UPDATE users SET name = 'x';",
    "always": "UPDATE users SET name = 'x' WHERE 1 = 1;",
    "replace": "REPLACE INTO users (id, name, state) VALUES (1, 'x', 'new');",
    "drop": "DROP TABLE log, users;",
    "hidden": "/*!50000 DROP TABLE users */;",
    "swapped": "CREATE TABLE other (price int); RENAME TABLE users TO x, other TO users, x TO other;"
               " ALTER TABLE other MODIFY price int;",
    "renamed-upsert": "RENAME TABLE users TO people; INSERT INTO people (id, name, state) VALUES (1, 'x', 'new')"
                      " ON DUPLICATE KEY UPDATE name = 'x';",
    "renamed-trigger": "RENAME TABLE users TO people; UPDATE people SET age = 1 WHERE id = 1;",
    "hint-upsert": "CREATE TABLE y (a int); INSERT INTO users (id, name, state) VALUES (1, 'x', 'new')"
                   " ON DUPLICATE KEY UPDATE /*!50000 name = 'x' */;",
    "new-key": "CREATE TABLE y (a int); ALTER TABLE log ADD FOREIGN KEY (id) REFERENCES users (id) ON DELETE CASCADE;"
               " DELETE FROM users WHERE id = 1;",
    "or-replace": "CREATE OR REPLACE TABLE users (id integer);",
    "engine": "ALTER TABLE users ENGINE = MyISAM;",
    "mode": "SET sql_mode = ''; ALTER TABLE users MODIFY name varchar(2);",
    "ignore": "ALTER IGNORE TABLE users ADD UNIQUE (state);",
    "elsewhere": "RENAME TABLE users TO users_old;",
    "trigger": "CREATE TABLE other (a integer); INSERT INTO log (text) VALUES ('two');",
    "only-rows": "INSERT INTO log (text) VALUES ('two');",
}


@pytest.mark.parametrize("name, text", BAD.items(), ids=BAD)
def test_blocked_with_the_data_intact(past, name, text):
    if past.server.mysql and name in ("or-replace", "ignore"):
        pytest.skip("MySQL has no such statement")
    if name == "renamed-trigger":
        past.sql("CREATE TRIGGER loss AFTER UPDATE ON users FOR EACH ROW DELETE FROM log")
    if name in ("trigger", "only-rows"):
        past.sql("CREATE TRIGGER loss AFTER INSERT ON log FOR EACH ROW DELETE FROM users")
    blocked(past, text, env={"DB_ENTRY_DRIFT": "warn"})


@pytest.mark.parametrize("text", ["DROP TABLE Orders;", "DROP TABLE `Orders`;", "TRUNCATE {own}.Orders;",
                                  "ALTER TABLE Orders DROP COLUMN Total;", "DELETE FROM Orders;"])
def test_names_in_upper_case(past, text):
    """There may be a table without rows that has the name in lower case."""
    past.sql("CREATE TABLE Orders (Id integer, Total integer); INSERT INTO Orders VALUES (1, 2);"
             "CREATE TABLE orders (Id integer, Total integer)")
    past.ok("repair", "--accept-drift")
    blocked(past, text.format(own=past.database), "0001_bad.sql:1")
    assert past.sql("SELECT * FROM Orders") == [("1", "2")]
    past.migration("0001_bad", text.format(own=past.database).replace("Orders", "orders"))
    past.ok("apply")
    assert past.sql("SELECT * FROM Orders") == [("1", "2")]


GOOD = {
    "trigger": "CREATE TABLE other (a integer); INSERT INTO log (text) VALUES ('two');",
    "rows": "INSERT INTO log (text) VALUES ('two'); UPDATE log SET text = 'three' WHERE id = 1;",
    "empty": "CREATE TABLE other (a varchar(9)); ALTER TABLE other MODIFY a varchar(2); DROP TABLE other;",
    "column": "ALTER TABLE users ADD COLUMN more integer, ADD INDEX by_name (name);",
    "procedure": "CREATE PROCEDURE p() DELETE FROM users;",
}


@pytest.mark.parametrize("name, text", GOOD.items(), ids=GOOD)
def test_harmless_twins_pass(past, name, text):
    if name == "trigger":
        past.sql("CREATE TRIGGER trims BEFORE INSERT ON log FOR EACH ROW SET NEW.text = TRIM(NEW.text)")
    passes(past, text)
