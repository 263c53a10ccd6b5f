"""The trial on MariaDB: what can't succeed is refused before anything is done, and nothing escapes."""

import signal
import subprocess

import pytest

from support.servers import MariaDB

pytestmark = pytest.mark.server

PAST = """
CREATE TABLE parents (id integer PRIMARY KEY, code varchar(20) UNIQUE);
CREATE TABLE users (
    id integer PRIMARY KEY AUTO_INCREMENT,
    name varchar(100) NOT NULL,
    parent_id integer,
    CONSTRAINT users_parent FOREIGN KEY (parent_id) REFERENCES parents (id)
);
CREATE VIEW named AS SELECT id, name FROM users;
INSERT INTO parents VALUES (1, 'a'), (2, 'b');
INSERT INTO users (name, parent_id) VALUES ('Ada', 1), ('Zoë', 2), ('Ada', NULL);
"""


@pytest.fixture
def past(maria_project):
    maria_project.sql(PAST)
    maria_project.ok("baseline", "none")
    return maria_project


def scratches(project):
    return project.sql("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'db\\_entry\\_scratch%'")


def approved(project):
    """What approves all that is pending."""
    migrations = project.run("plan", "--json").json["migrations"]
    return {"DB_ENTRY_APPROVE": ",".join(m["approval"] for m in migrations)}


def rows(project):
    return project.sql("SELECT * FROM users ORDER BY id") + project.sql("SELECT * FROM parents ORDER BY id")


FAILS = {
    "column": ("ALTER TABLE users DROP COLUMN nick;", "DROP"),
    "table": ("ALTER TABLE people ADD age integer;", "people' doesn't exist"),
    "exists": ("CREATE TABLE parents (id integer);", "'parents' already exists"),
    "twice": ("ALTER TABLE users ADD name text;", "Duplicate column name 'name'"),
    "syntax": ("ALTER TABLE users ADD COLUMN age integer integer;", "syntax"),
    "type": ("ALTER TABLE users ADD age integr;", "integr"),
    "key": ("CREATE INDEX by_nick ON users (nick);", "nick"),
    "foreign-key": ("ALTER TABLE users DROP COLUMN parent_id;", "users_parent"),
    "referred": ("CREATE TABLE bad (a text, FOREIGN KEY (a) REFERENCES parents (id));", ""),
    "insert": ("INSERT INTO users (name, nick) VALUES ('Eve', 'e');", "Unknown column 'nick'"),
    "count": ("INSERT INTO users (name) VALUES ('Eve', 'e');", "Column count"),
    "where": ("UPDATE users SET name = 'x' WHERE nick = 'e';", "Unknown column 'nick'"),
    "renamed": ("ALTER TABLE users RENAME COLUMN name TO title; UPDATE users SET name = 'x' WHERE id = 1;", "'name'"),
    "view": ("CREATE OR REPLACE VIEW named AS SELECT nick FROM users;", "nick"),
    "routine": ("CREATE PROCEDURE p() BEGIN SELEC 1; END;", "syntax"),
    "trigger": ("CREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW SET NEW.id = 1;", "people"),
    "temporary": ("CREATE TEMPORARY TABLE one (a integer); INSERT INTO one (b) VALUES (1);", "'b'"),
}


@pytest.mark.parametrize("text, message", FAILS.values(), ids=FAILS)
def test_what_cannot_succeed_is_refused_before_anything_is_done(past, tmp_path, text, message):
    past.migration("0001_first", "CREATE TABLE first (id integer); INSERT INTO first VALUES (1);")
    past.migration("0002_bad", "CREATE TABLE second (id integer);\n" + text)
    before = rows(past)
    backups = tmp_path / "backups"
    backups.mkdir()
    result = past.run("apply", env={"DB_ENTRY_DUMP": "always", "DB_ENTRY_DUMP_DIR": str(backups)})
    assert result.code == 23, result
    assert message in result.stderr and "0002_bad" in result.stderr
    assert "db_entry_scratch" not in result.stderr
    assert past.tables() == ["named", "parents", "users"]
    assert rows(past) == before and past.history() == []
    assert not list(backups.iterdir()) and not scratches(past)


# What depends on rows, or what only the trial could fail at, is none of its business.
PASSES = {
    "rebuilt": "ALTER TABLE users MODIFY name varchar(200) NOT NULL; CREATE INDEX by_name ON users (name);",
    "children": "ALTER TABLE parents ADD title text; ALTER TABLE users ADD age integer AFTER name;",
    "order": "SET foreign_key_checks = 0; CREATE TABLE a (b_id integer, FOREIGN KEY (b_id) REFERENCES b (id));"
             "CREATE TABLE b (id integer PRIMARY KEY); SET foreign_key_checks = 1;",
    "renamed": "RENAME TABLE users TO people, parents TO users; ALTER TABLE people ADD a integer;"
               "ALTER TABLE users ADD b integer; RENAME TABLE users TO parents, people TO users;",
    "swapped": "ALTER TABLE users RENAME COLUMN name TO title; ALTER TABLE users RENAME COLUMN title TO name;",
    "rows": "CREATE TABLE copies (id integer PRIMARY KEY, name text NOT NULL);"
            "INSERT INTO copies SELECT id, name FROM users; INSERT INTO copies VALUES (99, 'Eve');",
    "selected": "CREATE TABLE names AS SELECT name, count(*) AS many FROM users GROUP BY name;"
                "ALTER TABLE names ADD PRIMARY KEY (name);",
    "view": "CREATE OR REPLACE VIEW named AS SELECT id, name, parent_id FROM users; CREATE VIEW more AS SELECT * FROM named;",
    "trigger": "CREATE TRIGGER t BEFORE INSERT ON parents FOR EACH ROW SET NEW.code = UPPER(NEW.code);"
               "INSERT INTO parents VALUES (3, 'c'); DROP TRIGGER t;"
               "CREATE TRIGGER t BEFORE INSERT ON parents FOR EACH ROW SET NEW.code = LOWER(NEW.code);",
    "routine": "CREATE FUNCTION twice(a integer) RETURNS integer DETERMINISTIC RETURN 2 * a;"
               "CREATE VIEW twofold AS SELECT twice(id) AS two FROM users; ALTER TABLE users ADD age integer;",
    "modes": "SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'; ALTER TABLE \"users\" ADD \"age\" integer;",
    "variable": "SET @a = (SELECT max(id) FROM users); ALTER TABLE users ADD age integer;",
    "sequence": "CREATE SEQUENCE s; CREATE TABLE numbered (id integer DEFAULT (NEXT VALUE FOR s), a integer);"
                "INSERT INTO numbered (a) VALUES (1); ALTER TABLE numbered ADD b integer;",
    "partitions": "CREATE TABLE days (d date NOT NULL) PARTITION BY RANGE (YEAR(d)) (PARTITION p0 VALUES LESS THAN (2000));"
                  "ALTER TABLE days ADD PARTITION (PARTITION p1 VALUES LESS THAN (2020));",
    "comments": "/*!50000 ALTER TABLE users ADD age integer */; /*!99999 ALTER TABLE people ADD nick text */;",
}


@pytest.mark.parametrize("text", PASSES.values(), ids=PASSES)
def test_what_succeeds_is_not_kept_from_it(past, text):
    if past.server.mysql and "SEQUENCE" in text:
        pytest.skip("MySQL has no sequences")
    past.migration("0001_good", text)
    before = past.sql("SELECT id, name, parent_id FROM users ORDER BY id")
    result = past.ok("apply", "--log-level", "debug")
    assert past.sql("SELECT id, name, parent_id FROM users ORDER BY id") == before
    assert not scratches(past), result


def test_errors_of_rows_are_none_of_the_trial(past):
    past.migration("0001_bad", "CREATE TABLE one (id integer); ALTER TABLE users ADD UNIQUE (name);")
    result = past.run("apply")
    assert result.code == 24 and "Duplicate entry" in result.stderr, result


def test_setting(past):
    past.migration("0001_bad", "CREATE TABLE one (id integer); ALTER TABLE users ADD name text;")
    result = past.run("apply", env={"DB_ENTRY_TRIAL": "never"})
    assert result.code == 24, result
    past.migration("0001_bad", "CREATE TABLE one (id integer); ALTER TABLE users ADD parent_id text;")
    result = past.run("apply")  # what is done is not tried again
    assert result.code == 23 and "Duplicate column name 'parent_id'" in result.stderr, result
    past.migration("0001_bad", "CREATE TABLE one (id integer); ALTER TABLE one ADD a text;")
    past.ok("apply")


def test_rollback_is_tried_too(past):
    past.migration("0001_a", "-- migrate:up\nCREATE TABLE one (id integer); CREATE TABLE two (id integer);\n"
                   "-- migrate:down\nDROP TABLE one; DROP TABLE three;")
    past.ok("apply")
    result = past.run("rollback", "--steps", "1")
    assert result.code == 23 and "three" in result.stderr, result
    assert "one" in past.tables()


# --- What must never be run there ---

OUTSIDE = {
    "other": "CREATE TABLE {other}.escaped (id integer);",
    "quoted": "CREATE TABLE `{other}` . `escaped` (id integer);",
    "own": "ALTER TABLE {own}.users ADD escaped integer;",
    "rename": "RENAME TABLE kept TO {other}.escaped;",
    "like": "CREATE TABLE escaped LIKE {other}.there;",
    "references": "CREATE TABLE escaped (id integer, FOREIGN KEY (id) REFERENCES {other}.there (id));",
    "select": "CREATE TABLE escaped AS SELECT * FROM {other}.there;",
    "comment": "/*!50000 CREATE TABLE {other}.escaped (id integer) */;",
    "immediate": "EXECUTE IMMEDIATE 'CREATE TABLE {other}.escaped (id integer)';",
    "immediate-own": "EXECUTE IMMEDIATE CONCAT('DROP TABLE ', '{own}.kept');",
    "prepared": "PREPARE s FROM 'CREATE TABLE {other}.escaped (id integer)'; EXECUTE s;",
    "call": "CREATE PROCEDURE p() CREATE TABLE {other}.escaped (id integer); CALL p();",
    "block": "BEGIN NOT ATOMIC CREATE TABLE {other}.escaped (id integer); END;",
    "database": "CREATE DATABASE {other}_escaped;",
    "drop-database": "DROP DATABASE IF EXISTS {other};",
    "grant": "GRANT SELECT ON {other}.* TO CURRENT_USER;",
    "user": "CREATE USER escaped;",
    "global": "SET GLOBAL max_connect_errors = 4711;",
    "global-too": "SET @a = 1, GLOBAL max_connect_errors = 4711;",
    "global-at": "SET @@global.max_connect_errors = 4711;",
    "event": "CREATE EVENT escaped ON SCHEDULE EVERY 1 SECOND DO INSERT INTO {other}.there VALUES (7);",
    "outfile": "SELECT 1 INTO OUTFILE '{folder}/escaped';",
    "sleep": "CREATE TABLE escaped AS SELECT SLEEP(3600);",
    "get-lock": "DO GET_LOCK('escaped', 60);",
    "insert": "INSERT INTO {other}.there VALUES (7);",
    "directory": "CREATE TABLE escaped (id integer) ENGINE = MyISAM DATA DIRECTORY = '{folder}';",
    "engine": "CREATE TABLE escaped (id integer) ENGINE = FEDERATED CONNECTION = 'mysql://127.0.0.1:1/x/y';",
    "kill": "KILL 4711;",
    "digits": "CREATE TABLE {other}.5escaped (id integer);",
    "spaced": "CREATE TABLE {other} /* x */ . /* y */ escaped (id integer);",
    "quoted-setting": "SET SESSION `default_storage_engine` = MEMORY; ALTER TABLE kept ADD escaped integer;",
    "ansi": "SET sql_mode = 'ANSI_QUOTES'; CREATE TABLE \"{other}\".\"escaped\" (id integer);",
    "lock-by-set": "SET @a = GET_LOCK('escaped', 60);",
}


@pytest.mark.parametrize("text", OUTSIDE.values(), ids=OUTSIDE)
def test_nothing_leaves_the_scratch_database(past, tmp_path, text):
    server, own = past.server, past.database
    other = server.create_database()
    server.client("CREATE TABLE there (id integer PRIMARY KEY)", other)
    past.sql("CREATE TABLE kept (id integer); INSERT INTO kept VALUES (1)")
    past.migration("0001_bad", "CREATE TABLE before_it (id integer);\n"
                   + text.format(other=other, own=own, folder=tmp_path))
    # Held up where the trial is over and nothing is run yet.
    result = past.run("apply", env={"DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": '["/bin/false"]', "DB_ENTRY_DRIFT": "warn"})
    assert result.code == 25, result
    assert past.tables() == ["kept", "named", "parents", "users"]
    assert server.client("SHOW TABLES", other).stdout.split() == ["there"]
    assert server.client("SELECT * FROM there", other).stdout == ""
    assert past.value("SELECT COUNT(*) FROM mysql.user WHERE user = 'escaped'") == "0"
    assert past.value("SELECT @@GLOBAL.max_connect_errors") != "4711"
    assert past.value(f"SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN ('{own}', '{other}')") == "0"
    assert past.value(f"SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{other}%'") == "1"
    assert not (tmp_path / "escaped").exists() and not scratches(past)


def test_without_the_privilege_reading_judges_alone(past):
    past.server.client("DROP USER IF EXISTS modest@'%'; CREATE USER modest@'%'; GRANT ALL PRIVILEGES ON"
                       f" `{past.database}`.* TO modest@'%'", past.database)
    env = {"DB_ENTRY_DATABASE_URL": past.server.url(past.database, user="modest", password="")}
    past.migration("0001_a", "ALTER TABLE users ADD age integer;")
    result = past.ok("apply", env=env)
    assert "nothing is tried beforehand" in result.stderr
    assert "GRANT ALL PRIVILEGES ON `db\\_entry\\_scratch\\_%`.* TO 'modest'@'%';" in result.stderr
    past.server.client("GRANT ALL PRIVILEGES ON `db\\_entry\\_scratch\\_%`.* TO 'modest'@'%';", past.database)
    past.migration("0002_b", "CREATE TABLE one (id integer); ALTER TABLE users ADD age integer;")
    result = past.run("apply", env=env)
    assert result.code == 23 and "tried beforehand" not in result.stderr, result


def test_a_first_install_is_not_done_twice(maria_project):
    maria_project.migration("0001_a", "CREATE TABLE one (id integer); CREATE TABLE one (id integer);")
    assert maria_project.run("apply").code == 24


def test_scratch_of_a_killed_run_is_removed_and_that_of_a_living_one_is_not(past):
    """Names tell when they were made; the lock of the same name that somebody is at it."""
    old, living = "db_entry_scratch_00000001_0000abcd", "db_entry_scratch_00000002_0000abcd"
    past.sql(f"CREATE DATABASE {old}; CREATE DATABASE {living}")
    past.migration("0001_a", "ALTER TABLE users ADD age integer;")
    holder = subprocess.Popen(past.server.client_command(past.database), stdin=subprocess.PIPE)
    holder.stdin.write(f"SELECT GET_LOCK('{living}', 0); DO SLEEP(60);\n".encode())
    holder.stdin.flush()
    try:
        past.until(f"IS_FREE_LOCK('{living}') = 0")
        past.ok("apply")
        assert scratches(past) == [(living,)]
    finally:
        holder.kill()
        holder.wait()
    past.sql(f"DROP DATABASE {living}")


def test_code_is_never_run_and_nothing_behind_it_is_judged(past):
    """What it leaves is not known: an error behind it might be the trial's own."""
    past.sql("CREATE PROCEDURE p() ALTER TABLE users ADD age integer")
    past.ok("repair", "--accept-drift")
    past.migration("0001_a", "CALL p(); ALTER TABLE users MODIFY age bigint; CREATE INDEX by_age ON users (age);")
    result = past.run("apply", env=approved(past))
    assert result.code == 0, result
    assert "0001_a.sql:1 on nothing is tried beforehand: what it does is known only when it is run" in result.stderr


# --- Tables that are written anew ---

BIG = "CREATE TABLE big (id integer PRIMARY KEY, a integer, text longtext);" \
      "INSERT INTO big SELECT seq, 1, REPEAT(SHA2(seq, 256), 20) FROM " + MariaDB.numbers(30000) + "; ANALYZE TABLE big;"


def test_a_big_table_that_is_copied_is_told_beforehand(past):
    past.sql(BIG)
    past.ok("repair", "--accept-drift")
    past.migration("0001_a", "ALTER TABLE big MODIFY a bigint;\nALTER TABLE big ADD b integer;\n"
                   "ALTER TABLE users MODIFY name varchar(120) NOT NULL;\nCREATE INDEX by_a ON big (a);")
    plan = past.run("plan")
    assert plan.stdout.count("may copy") == 1 and "may copy big, about " in plan.stdout, plan
    statements = past.run("plan", "--json").json["migrations"][0]["statements"]
    assert statements[0]["table_bytes"] > 32 << 20 and statements[0]["table_rows"] > 10000
    result = past.run("apply", log="json")
    told = [event for event in result.events if event["event"] == "table.rewritten"]
    assert [(e["table"], e["how"], e["line"]) for e in told] == [("big", "instant or copy", 1)], result
    assert told[0]["level"] == "warn" and told[0]["bytes"] > 32 << 20


# --- How the server reads what was read here ---

def test_modes_of_the_session_that_the_file_does_not_know(past):
    if past.server.mysql:
        pytest.skip("MySQL has no EXECUTE IMMEDIATE")
    past.sql("CREATE TABLE kept (a text)")
    past.ok("repair", "--accept-drift")
    past.migration("0001_a", "EXECUTE IMMEDIATE 'SET SESSION sql_mode = ''ANSI_QUOTES''';\n"
                   "CREATE TABLE one (a integer);\nINSERT INTO kept VALUES (\"a; b\");")
    result = past.run("apply", env=approved(past))
    assert result.code == 24 and "0001_a.sql:3" in result.stderr, result
    assert "in another way" in result.stderr and past.sql("SELECT * FROM kept") == []


def test_modes_that_the_file_sets_are_followed(past):
    past.sql("CREATE TABLE kept (a text)")
    past.ok("repair", "--accept-drift")
    past.migration("0001_a", "SET sql_mode = 'ANSI_QUOTES';\nINSERT INTO \"kept\" VALUES ('a; b');\n"
                   "SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nINSERT INTO kept VALUES ('\\');\n"
                   "SET sql_mode = '';\nINSERT INTO kept VALUES (\"\\\"\");")
    past.ok("apply")
    assert past.sql("SELECT HEX(a) FROM kept ORDER BY 1") == [("22",), ("5C",), ("613B2062",)]


def test_modes_of_the_server_that_the_file_does_not_know(past):
    past.sql("CREATE TABLE kept (a text)")
    past.ok("repair", "--accept-drift")
    before = past.value("SELECT @@GLOBAL.sql_mode")
    past.sql("SET GLOBAL sql_mode = 'ANSI_QUOTES'")
    try:
        past.migration("0001_a", 'INSERT INTO kept VALUES ("a; b");')
        result = past.run("apply")
        assert result.code == 23 and "0001_a.sql:1" in result.stderr, result
        assert "SET sql_mode" in result.stderr
        past.migration("0001_a", "SET sql_mode = 'STRICT_ALL_TABLES';\nINSERT INTO kept VALUES (\"a; b\");")
        past.ok("apply")
    finally:
        past.sql(f"SET GLOBAL sql_mode = '{before}'")
    assert past.sql("SELECT a FROM kept") == [("a; b",)]


@pytest.mark.parametrize("statement", ["CREATE DATABASE", "CREATE TABLE"])
def test_sigterm_ends_it_and_nothing_is_left(past, statement):
    """Where others keep all tables from being changed, as a backup does."""
    other = subprocess.Popen(past.server.client_command(past.database), stdin=subprocess.PIPE)
    try:
        lock = "LOCK INSTANCE FOR BACKUP" if past.server.mysql else "BACKUP STAGE START; BACKUP STAGE BLOCK_DDL"
        hold = lock + "; SELECT SLEEP(60);\n"
        past.migration("0001_a", "ALTER TABLE users ADD age integer;")
        if statement == "CREATE DATABASE":
            other.stdin.write(hold.encode())
            other.stdin.flush()
            past.until_running("SLEEP(60)")
            running = past.start("apply")
            past.until_running("CREATE DATABASE")
        else:
            past.sql("".join(f"CREATE TABLE users_{i} (user integer REFERENCES users (id));" for i in range(200)))
            running = past.start("apply", env={"DB_ENTRY_DRIFT": "ignore"})
            past.until("EXISTS (SELECT 1 FROM information_schema.SCHEMATA"
                       " WHERE SCHEMA_NAME LIKE 'db\\_entry\\_scratch%')")
        running.signal(signal.SIGTERM)
        result = running.wait()
        assert result.code == 143, result
    finally:
        other.kill()
        other.wait()
    past.until("NOT EXISTS (SELECT 1 FROM information_schema.SCHEMATA"
               " WHERE SCHEMA_NAME LIKE 'db\\_entry\\_scratch%')")
    assert past.history() == []
    past.ok("apply", env={"DB_ENTRY_DRIFT": "ignore"})
