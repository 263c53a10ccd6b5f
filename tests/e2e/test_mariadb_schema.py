"""The mirror of a MariaDB database: what is pulled, compared, canonical, and the fingerprint."""

import json
import re

import pytest

from support.mariadb import MariaProject

pytestmark = pytest.mark.server

MIRROR = "db/schema/tables.json"


@pytest.fixture(scope="session")
def everything(root):
    """SQL of every class of objects."""
    return (root / "tests/cases/mariadb/everything.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def pulled(db_entry, everything, mariadb, tmp_path_factory):
    """Its mirror."""
    project = MariaProject(db_entry, tmp_path_factory.mktemp("pulled"), mariadb)
    mariadb.client(everything, project.database)
    project.ok("mirror", "pull")
    yield (project.folder / MIRROR).read_text(encoding="utf-8")
    project.close()


@pytest.fixture
def copy(maria_project, everything, pulled, mariadb):
    """A project on a database like it, with the mirror."""
    mariadb.client(everything, maria_project.database)
    (maria_project.folder / MIRROR).parent.mkdir(parents=True)
    (maria_project.folder / MIRROR).write_text(pulled, encoding="utf-8")
    return maria_project


def put(project, mirror):
    path = project.folder / MIRROR
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(mirror), encoding="utf-8")


def mirror_of(project):
    return json.loads((project.folder / MIRROR).read_text(encoding="utf-8"))


def equal(project):
    result = project.run("diff")
    assert result.code == 0, result
    return result


def scratch_databases(server):
    return server.client(
        "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
        " WHERE SCHEMA_NAME LIKE 'db\\_entry\\_scratch%'"
    ).stdout.split()


def test_every_class_of_objects(copy, pulled):
    equal(copy)
    copy.ok("mirror", "verify")
    assert "unchanged" in copy.ok("mirror", "pull").stdout
    assert (copy.folder / MIRROR).read_text(encoding="utf-8") == pulled
    stated = json.loads(pulled)
    for plural in ("tables", "views", "sequences", "functions", "procedures", "packages",
                   "packageBodies", "events"):
        assert stated[plural], plural
    parts = {key for table in stated["tables"] for key in table}
    assert parts >= {"columns", "primaryKey", "uniques", "checks", "foreignKeys", "indexes",
                     "triggers", "partitions", "periods", "systemVersioning", "partitionBy"}


CHANGES = [
    ("ALTER TABLE my ENGINE = Aria", "table my", "engine: MyISAM → Aria"),
    ("ALTER TABLE base ROW_FORMAT = COMPACT", "table base", "rowFormat: dynamic → compact"),
    ("ALTER TABLE base COMMENT 'x'", "table base", "comment: a tab'le → x"),
    ("ALTER TABLE my CHECKSUM = 0", "table my", "options: MAX_ROWS=100, CHECKSUM=1 → MAX_ROWS=100"),
    ("ALTER TABLE empty DEFAULT COLLATE latin1_bin", "table empty", "collation: latin1_swedish_ci → latin1_bin"),
    ("ALTER TABLE ver DROP SYSTEM VERSIONING", "table ver", "systemVersioning: yes → no"),
    ("ALTER TABLE per DROP INDEX id, DROP PERIOD FOR p", "table per", "periods: `p` (`s`, `e`) → none"),
    ("ALTER TABLE part2 PARTITION BY HASH (id) PARTITIONS 5", "table part2",
     "partitionBy: HASH (`id`) PARTITIONS 4 → HASH (`id`) PARTITIONS 5"),
    ("ALTER TABLE part3 REMOVE PARTITIONING", "table part3", "partitionBy: LIST (`id`) → none"),
    ("ALTER TABLE part3 DROP PARTITION a", "partition part3.a", "only in the mirror"),
    ("ALTER TABLE part DROP PARTITION p1; ALTER TABLE part ADD PARTITION (PARTITION p1 VALUES LESS THAN (2001))",
     "partition part.p1", "values: VALUES LESS THAN MAXVALUE → VALUES LESS THAN (2001)"),
    ("CREATE TABLE more (a integer)", "table more", "only in the database"),
    ("DROP TABLE useq", "table useq", "only in the mirror"),
    ("ALTER TABLE child MODIFY x bigint", "column child.x", "type: int(11) → bigint(20)"),
    ("ALTER TABLE child MODIFY x int unsigned", "column child.x", "type: int(11) → int(10) unsigned"),
    ("ALTER TABLE child MODIFY x int NOT NULL", "column child.x", "notNull: no → yes"),
    ("ALTER TABLE child ALTER x SET DEFAULT 1", "column child.x", "default: none → 1"),
    ("ALTER TABLE base MODIFY b text CHARACTER SET latin1 COLLATE latin1_bin", "column base.b",
     "collation: latin1_swedish_ci → latin1_bin"),
    ("ALTER TABLE base MODIFY g timestamp NULL DEFAULT now()", "column base.g", "onUpdate: current_timestamp() → none"),
    ("ALTER TABLE base MODIFY id int unsigned NOT NULL", "column base.id", "autoIncrement: yes → no"),
    ("ALTER TABLE base MODIFY i int AS (d*3) VIRTUAL INVISIBLE", "column base.i", "generated: `d` * 2 → `d` * 3"),
    ("ALTER TABLE base DROP h, ADD h int AS (d+1) VIRTUAL AFTER g", "column base.h", "stored: yes → no"),
    ("ALTER TABLE base MODIFY i int AS (d*2) VIRTUAL", "column base.i", "invisible: yes → no"),
    ("ALTER TABLE base MODIFY j enum('a','c','b''c') DEFAULT 'a'", "column base.j", "type: enum('a','b''c') → enum('a','c','b''c')"),
    ("ALTER TABLE base MODIFY l point REF_SYSTEM_ID = 3857 NOT NULL, FORCE", "column base.l", "srid: 4326 → 3857"),
    ("ALTER TABLE base MODIFY m varchar(100)", "column base.m", "type: varchar(100) COMPRESSED → varchar(100)"),
    ("ALTER TABLE base MODIFY e longtext CHECK (json_valid(e) AND e <> 'x')", "column base.e", "type: json → longtext"),
    ("ALTER TABLE base MODIFY p int COMMENT 'it''s' CHECK (p > 1)", "column base.p", "check: `p` > 0 → `p` > 1"),
    ("ALTER TABLE base MODIFY p int COMMENT 'x' CHECK (p > 0)", "column base.p", "comment: it's → x"),
    ("ALTER TABLE child MODIFY x int AFTER id", "column child.", "place"),
    ("ALTER TABLE child RENAME COLUMN x TO y", "column child.y", "only in the database"),
    ("SET STATEMENT system_versioning_alter_history = KEEP FOR ALTER TABLE ver MODIFY b int WITH SYSTEM VERSIONING",
     "column ver.b", "withoutSystemVersioning: yes → no"),
    ("ALTER TABLE base DROP INDEX ua", "unique base.ua", "only in the mirror"),
    ("ALTER TABLE base DROP INDEX ua, ADD UNIQUE ua (c(5))", "unique base.ua", "columns: c → c(5)"),
    ("ALTER TABLE base DROP CONSTRAINT named", "check base.named", "only in the mirror"),
    ("ALTER TABLE base DROP CONSTRAINT named, ADD CONSTRAINT named CHECK (f < 99)", "check base.named", "expression: "),
    ("ALTER TABLE child DROP FOREIGN KEY fc; ALTER TABLE child ADD CONSTRAINT fc FOREIGN KEY (c) REFERENCES base (id) ON DELETE CASCADE",
     "foreign key child.fc", "onDelete: none → cascade"),
    ("ALTER TABLE child DROP FOREIGN KEY child_ibfk_1", "foreign key child (b)", "only in the mirror"),
    ("ALTER TABLE base DROP INDEX k1, ADD INDEX k1 (a(6), p)", "index base.k1", "columns: "),
    ("ALTER TABLE base DROP INDEX k2, ADD INDEX k2 (p)", "index base.k2", "comment: hm → none"),
    ("ALTER TABLE base DROP INDEX k2, ADD INDEX k2 (p) USING HASH COMMENT 'hm'", "index base.k2", "method: "),
    ("ALTER TABLE base DROP INDEX ft, ADD INDEX ft (a)", "index base.ft", "type: fulltext → none"),
    ("ALTER TABLE child ALTER INDEX ig NOT IGNORED", "index child.ig", "ignored: yes → no"),
    ("ALTER TABLE child RENAME INDEX ig TO igg", "index child.igg", "only in the database"),
    ("DROP TRIGGER tr1", "trigger child.tr1", "only in the mirror"),
    ("delimiter //\nDROP TRIGGER tr2// CREATE DEFINER = root@localhost TRIGGER tr2 BEFORE INSERT ON child FOR EACH ROW PRECEDES tr1"
     " BEGIN SET NEW.x = 'a;\"b\"'; END//", "trigger child.tr1", "follows: none → tr2"),
    ("DROP TRIGGER tr1; CREATE TRIGGER tr1 AFTER INSERT ON child FOR EACH ROW SET @x = 1", "trigger child.tr1",
     "time: before → after"),
    ("ALTER ALGORITHM = TEMPTABLE DEFINER = root@localhost SQL SECURITY DEFINER VIEW plain AS SELECT 1 AS a", "view plain",
     "algorithm: none → temptable"),
    ("ALTER SQL SECURITY INVOKER VIEW plain AS SELECT 1 AS a", "view plain", "security: none → invoker"),
    ("ALTER VIEW plain AS SELECT 2 AS a", "view plain", "query: select 1 AS `a` → select 2 AS `a`"),
    ("ALTER DEFINER = other@'%' VIEW plain AS SELECT 1 AS a", "view plain", "definer: root@localhost → other@%"),
    ("ALTER VIEW v AS SELECT a, b+1 AS x FROM child c JOIN ver USING (b) WHERE a > 1", "view v",
     "checkOption: cascaded → none"),
    ("ALTER SEQUENCE seq INCREMENT BY 3", "sequence seq", "increment: 2 → 3"),
    ("ALTER SEQUENCE seq NOCYCLE CACHE 7", "sequence seq", "cache: none → 7"),
    ("ALTER FUNCTION f COMMENT 'x'", "function f", "comment: hm → x"),
    ("ALTER FUNCTION f SQL SECURITY DEFINER", "function f", "security: invoker → none"),
    ("ALTER FUNCTION f READS SQL DATA", "function f", "dataAccess: no sql → reads sql data"),
    ("CREATE OR REPLACE FUNCTION f(a int, b varchar(11)) RETURNS varchar(11) RETURN concat(a, b, b)", "function f",
     "body: RETURN concat(a,b) → RETURN concat(a, b, b)"),
    ("CREATE OR REPLACE FUNCTION f(a int, b int) RETURNS int RETURN 1", "function f", "deterministic: yes → no"),
    ("SET sql_mode = 'ANSI_QUOTES'; CREATE OR REPLACE DEFINER = root@localhost PROCEDURE nop() SELECT 1", "procedure nop",
     "sqlMode: none → ANSI_QUOTES"),
    ("delimiter //\nCREATE OR REPLACE PROCEDURE pr(IN a int) BEGIN SELECT 1; END//", "procedure pr", "arguments: IN a int, OUT b text → IN a int"),
    ("SET sql_mode = ORACLE; DROP PACKAGE BODY pk", "package body pk", "only in the mirror"),
    ("ALTER EVENT ev ON SCHEDULE EVERY 2 DAY", "event ev", "schedule: EVERY 1 DAY → EVERY 2 DAY"),
    ("ALTER EVENT ev2 ENABLE", "event ev2", "status: disabled → none"),
    ("ALTER EVENT ev2 ON COMPLETION NOT PRESERVE", "event ev2", "preserve: yes → no"),
    ("ALTER EVENT ev2 COMMENT 'x'", "event ev2", "comment: c → x"),
    ("ALTER EVENT ev2 DO SELECT 2", "event ev2", "body: "),
]


def record(project):
    """What the next run compares the fingerprint with."""
    project.migration("0001_all", "SELECT 1;")
    project.ok("baseline", "0001")
    assert "as the last run left it" in project.ok("status").stdout


@pytest.mark.slow
@pytest.mark.parametrize("sql,label,line", CHANGES, ids=lambda value: None)
def test_each_change_is_seen(copy, sql, label, line):
    if "IGNORED" in sql and copy.value("SELECT VERSION()").startswith("10.5."):
        pytest.skip("it has no ignored indexes")
    record(copy)
    copy.server.client(sql, copy.database)
    assert "changed since the last run" in copy.run("status").stdout
    result = copy.run("diff")
    assert result.code == 27, result
    assert label in result.stdout and line in result.stdout, result


def test_what_does_not_count(copy):
    """What a database does all day changes neither the schema nor its fingerprint."""
    record(copy)
    copy.server.client(
        """
        SET foreign_key_checks = 0;
        INSERT INTO part2 SELECT seq FROM seq_1_to_1000;
        DELETE FROM my; INSERT INTO my SELECT seq FROM seq_1_to_1000;
        INSERT INTO base (c, l) VALUES ('a', point(1, 2)), ('b', point(1, 2));
        DELETE FROM part2 WHERE id > 500;
        ALTER TABLE base AUTO_INCREMENT = 1000;
        TRUNCATE part2;
        SELECT nextval(seq), setval(seq, 77);
        CREATE TEMPORARY TABLE passing (a serial PRIMARY KEY);
        ANALYZE TABLE base, child, part2;
        OPTIMIZE TABLE base, child, part2, my;
        CREATE TABLE db_entry_more (a integer PRIMARY KEY);
        """,
        copy.database,
    )
    assert "as the last run left it" in copy.ok("status").stdout
    equal(copy)


LIVE = """
CREATE TABLE customers (
    id int unsigned AUTO_INCREMENT PRIMARY KEY, email varchar(200) NOT NULL UNIQUE,
    born timestamp NULL DEFAULT now(), price decimal(10, 2) DEFAULT 0, ok boolean DEFAULT false,
    n bigint, name varchar(20) CHARACTER SET latin1, code char(3) DEFAULT 'x', doc json,
    gross decimal(12, 2) AS (price * 2) STORED, changed datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE now(),
    token char(36) DEFAULT uuid(),
    CHECK (price >= 0 AND n IN (1, 2)), KEY (name(5)), KEY (n, code)
) COLLATE utf8mb4_unicode_ci;
CREATE TABLE orders (id serial PRIMARY KEY, customer int unsigned, other int unsigned,
    FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE,
    CONSTRAINT second FOREIGN KEY (other) REFERENCES customers (id) ON UPDATE NO ACTION);
CREATE TABLE parts (id int, d date) PARTITION BY RANGE (year(d)) (PARTITION a VALUES LESS THAN (2000));
CREATE VIEW rich AS SELECT * FROM customers WHERE price > 10;
CREATE VIEW richer AS SELECT id FROM rich WHERE price > 100;
CREATE FUNCTION f(a int) RETURNS int RETURN a + 1;
CREATE SEQUENCE tickets;
"""

WRITTEN = {
    "version": 3,
    "database": {"kind": "mariadb"},
    "tables": [
        {
            "name": "customers",
            "engine": "innodb",
            "characterSet": "utf8mb4",
            "collation": "utf8mb4_unicode_ci",
            "columns": [
                {"name": "id", "type": "INT UNSIGNED", "autoIncrement": True},
                {"name": "email", "type": "varchar(200)", "notNull": True},
                {"name": "born", "type": "TIMESTAMP", "default": "NOW()"},
                {"name": "price", "type": "numeric(10, 2)", "default": 0},
                {"name": "ok", "type": "bool", "default": False},
                {"name": "n", "type": "int8"},
                {"name": "name", "type": "varchar(20)", "characterSet": "latin1"},
                {"name": "code", "type": "character(3)", "default": "'x'"},
                {"name": "doc", "type": "JSON"},
                {"name": "gross", "type": "dec(12,2)", "generated": "price*2", "stored": True},
                {"name": "changed", "type": "datetime", "default": "CURRENT_TIMESTAMP", "onUpdate": "now()"},
                {"name": "token", "type": "char(36)", "default": "UUID()"},
            ],
            "primaryKey": {"columns": ["id"]},
            "uniques": [{"name": "email", "columns": ["email"]}],
            "checks": [{"expression": "price >= 0 and n in (1, 2)"}],
            "indexes": [{"columns": ["name(5)"]}, {"columns": ["`n`", "code"]}],
        },
        {
            "name": "orders",
            "columns": [
                {"name": "id", "type": "serial"},
                {"name": "customer", "type": "int unsigned"},
                {"name": "other", "type": "integer unsigned"},
            ],
            "primaryKey": {"columns": ["id"]},
            "foreignKeys": [
                {"columns": ["customer"], "references": "customers", "onDelete": "cascade"},
                {"name": "second", "columns": ["other"], "references": "customers", "onUpdate": "no action"},
            ],
        },
        {
            "name": "parts",
            "columns": [{"name": "id", "type": "int"}, {"name": "d", "type": "date"}],
            "partitionBy": "range (YEAR(d))",
            "partitions": [{"name": "a", "values": "values less than (2000)"}],
        },
    ],
    "views": [
        {"name": "rich", "query": "select * from customers where price > 10", "algorithm": "undefined"},
        {"name": "richer", "query": "select id from rich where price > 100"},
    ],
    "functions": [{"name": "f", "arguments": "a int", "returns": "integer", "security": "definer",
                   "body": "return a + 1"}],
    "sequences": [{"name": "tickets", "start": "1"}],
}


def test_written_by_hand(maria_project):
    maria_project.server.client(LIVE, maria_project.database)
    put(maria_project, WRITTEN)
    equal(maria_project)
    assert scratch_databases(maria_project.server) == []


def test_written_by_hand_and_different(maria_project):
    maria_project.server.client(LIVE, maria_project.database)
    mirror = json.loads(json.dumps(WRITTEN))
    mirror["tables"][0]["columns"][3]["default"] = "(1+1)"
    mirror["tables"][0]["columns"].append({"name": "extra", "type": "no_such_type"})
    mirror["views"].append({"name": "bad", "query": "SELECT 1; DROP TABLE orders"})
    mirror["tables"][0]["checks"].append({"name": "bad", "expression": "true); DROP TABLE orders; --"})
    put(maria_project, mirror)
    result = maria_project.run("diff")
    assert result.code == 27
    assert "default: (1 + 1) → 0.00" in result.stdout, result
    assert "column customers.extra  only in the mirror" in result.stdout
    assert "view bad  only in the mirror" in result.stdout
    # One bad column or check leaves the rest to be understood.
    assert "column customers.id" not in result.stdout and "index" not in result.stdout, result
    assert maria_project.tables() == ["customers", "orders", "parts", "rich", "richer", "tickets"]
    assert scratch_databases(maria_project.server) == []


def test_written_by_hand_without_the_right_to_find_out(maria_project):
    """What is known by rule is known; the rest is compared as it is written, and nothing fails."""
    server, database = maria_project.server, maria_project.database
    server.client(
        f"CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'x'; GRANT ALL ON {database}.* TO reader@'%';" + LIVE,
        database,
    )
    maria_project.env["DB_ENTRY_DATABASE_URL"] = server.url(database, "reader", "x")
    put(maria_project, WRITTEN)
    result = maria_project.run("diff")
    # What no rule knows.
    changed = set(re.findall(r"^ *[~≠]? *((?:column|check|view|unique|index|table|function|foreign key) \S+)", result.stdout, re.M))
    assert not {name for name in changed if not name.startswith(("check", "view", "column customers.gross"))}, result


def test_what_a_killed_run_left_is_removed(maria_project):
    server = maria_project.server
    left, others = "db_entry_scratch_60000000_00000000", "db_entry_scratch_x"
    for name in (left, others):
        server.client(f"CREATE DATABASE {name}")
    maria_project.sql("CREATE TABLE t (a int)")
    put(maria_project, {"version": 3, "tables": [{"name": "t", "columns": [{"name": "a", "type": "point"}]}]})
    assert maria_project.run("diff").code == 27
    assert scratch_databases(server) == [others]
    server.client(f"DROP DATABASE {others}")


def test_shorthand(maria_project):
    maria_project.sql("CREATE TABLE items (id bigint PRIMARY KEY, price decimal(10,2) NOT NULL, sku varchar(20) UNIQUE)")
    put(maria_project, {"version": 3, "tables": []})
    maria_project.ok("mirror", "add-table", "--name=items",
                     "--columns=id:bigint:pk,price:numeric(10,2):notnull,sku:varchar(20):unique")
    equal(maria_project)


@pytest.mark.parametrize("version", [1, 2])
def test_older_mirrors_compare_what_they_state(maria_project, version):
    maria_project.sql("CREATE TABLE users (id char(36) PRIMARY KEY, email varchar(200) NOT NULL UNIQUE,"
                      " createdAt timestamp NULL DEFAULT now())")
    put(maria_project, {
        1: {"version": 1, "tables": [{"name": "users", "columns": [
            {"name": "id", "type": "uuid", "constraints": ["primary key"]},
            {"name": "email", "type": "string", "constraints": ["unique", "not null"]}]}]},
        2: {"version": 2, "tables": [
            {"name": "User", "dbName": "users", "note": "kept", "columns": [
                {"name": "id", "type": "String", "dbType": "uuid", "primaryKey": True, "nullable": False},
                {"name": "email", "type": "String", "unique": True, "nullable": False},
                {"name": "createdAt", "type": "DateTime", "nullable": True}], "relations": [], "indexes": []}]},
    }[version])
    result = maria_project.run("diff")
    if version == 2:
        assert result.code == 0, result
        maria_project.ok("mirror", "pull")
        assert mirror_of(maria_project)["tables"][0]["note"] == "kept"
    else:
        assert "createdAt  only in the database" in result.stdout and "changed" not in result.stdout, result


def test_names_with_everything(maria_project):
    maria_project.sql("CREATE TABLE `a``b \"c' d` (`x``y` int, `order` int UNIQUE, `ä` varchar(3) DEFAULT '''`',"
                      " KEY `k``1` (`x``y`, `order`), CHECK (`x``y` > 0))")
    maria_project.sql("CREATE VIEW `v``w` AS SELECT `x``y` AS `a b` FROM `a``b \"c' d`")
    maria_project.ok("mirror", "pull")
    equal(maria_project)
    mirror = mirror_of(maria_project)
    mirror["tables"][0]["columns"][0]["type"] = "integer"
    mirror["tables"][0]["checks"] = [{"expression": "`x``y`>0"}]
    put(maria_project, mirror)
    equal(maria_project)


def test_tables_whose_names_differ_in_case(maria_project):
    maria_project.sql("CREATE TABLE T (a int, B int); CREATE TABLE t (A int, b varchar(3)); CREATE VIEW V AS SELECT a FROM t")
    maria_project.ok("mirror", "pull")
    equal(maria_project)
    assert [t["name"] for t in mirror_of(maria_project)["tables"]] == ["T", "t"]
    maria_project.sql("ALTER TABLE t ADD c int")
    assert "column t.c  only in the database" in maria_project.run("diff").stdout


def test_broken_views(maria_project):
    maria_project.sql("CREATE TABLE x (a int); CREATE VIEW v AS SELECT a FROM x; CREATE VIEW w AS SELECT a FROM v;"
                      "CREATE DEFINER = gone@localhost VIEW g AS SELECT 1; DROP TABLE x; CREATE TABLE y (b int)")
    maria_project.ok("mirror", "pull")
    equal(maria_project)
    assert [v["name"] for v in mirror_of(maria_project)["views"]] == ["g", "v", "w"]


def test_another_user_sees_the_same(maria_project):
    server, database = maria_project.server, maria_project.database
    maria_project.sql("CREATE TABLE t (a int)")
    server.client("CREATE DEFINER = tester@'%' VIEW v AS SELECT * FROM t;"
                  "CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'x';"
                  f"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON {database}.* TO reader@'%'", database)
    maria_project.ok("mirror", "pull")
    maria_project.env["DB_ENTRY_DATABASE_URL"] = server.url(database, "reader", "x")
    equal(maria_project)


def test_a_routine_that_is_hidden(maria_project):
    """Its text is another user's: it is not compared, and somebody can mend that."""
    server, database = maria_project.server, maria_project.database
    server.client("CREATE FUNCTION f() RETURNS int RETURN 1;"
                  "CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'x';"
                  f"GRANT ALL ON {database}.* TO reader@'%'", database)
    server.hide_routines(database, "reader@'%'")
    maria_project.ok("mirror", "pull")
    maria_project.env["DB_ENTRY_DATABASE_URL"] = server.url(database, "reader", "x")
    result = equal(maria_project)
    assert "FUNCTION f" in result.stderr and "GRANT" in result.stderr, result
    maria_project.sql("DROP FUNCTION f")
    assert "function f  only in the mirror" in maria_project.run("diff").stdout


def test_the_right_to_scratch_databases_alone(maria_project):
    server, database = maria_project.server, maria_project.database
    server.client("CREATE OR REPLACE USER reader@'%' IDENTIFIED BY 'x';"
                  f"GRANT ALL ON {database}.* TO reader@'%';"
                  "GRANT ALL ON `db\\_entry\\_scratch\\_%`.* TO reader@'%';" + LIVE, database)
    maria_project.env["DB_ENTRY_DATABASE_URL"] = server.url(database, "reader", "x")
    put(maria_project, WRITTEN)
    equal(maria_project)
    assert scratch_databases(server) == []


def test_renamed(maria_project):
    maria_project.sql("CREATE TABLE old (id int PRIMARY KEY, a int, KEY ka (a), CHECK (a > 0))")
    maria_project.ok("mirror", "pull")
    mirror = mirror_of(maria_project)
    table = mirror["tables"][0]
    table.update(name="new", renamedFrom="old")
    table["columns"][1].update(name="b", renamedFrom="a")
    table["indexes"][0]["columns"] = ["b"]
    table["checks"][0]["expression"] = "b>0"
    put(maria_project, mirror)
    result = maria_project.run("diff")
    assert result.code == 27 and "table old → new" in result.stdout, result
    assert "column old.a → new.b" in result.stdout and result.stdout.count("\n") == 2, result
    maria_project.sql("RENAME TABLE old TO new; ALTER TABLE new RENAME COLUMN a TO b")
    equal(maria_project)


def test_in_an_unusual_session(copy):
    """What the server's default modes are changes nothing."""
    before = copy.server.client("SELECT @@GLOBAL.sql_mode").stdout.strip()
    try:
        for mode in ("ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "ORACLE", ""):
            copy.server.client(f"SET GLOBAL sql_mode = '{mode}'")
            equal(copy)
    finally:
        copy.server.client(f"SET GLOBAL sql_mode = '{before}'")


def test_as_many_queries_for_many_tables_as_for_one(maria_project):
    server = maria_project.server

    def count():
        start = int(server.client("SHOW GLOBAL STATUS LIKE 'Com_select'").stdout.split()[1])
        questions = int(server.client("SHOW GLOBAL STATUS LIKE 'Questions'").stdout.split()[1])
        maria_project.ok("mirror", "pull")
        equal(maria_project)
        assert start > 0
        return int(server.client("SHOW GLOBAL STATUS LIKE 'Questions'").stdout.split()[1]) - questions

    maria_project.sql("CREATE TABLE t (id serial PRIMARY KEY, a varchar(20) UNIQUE)")
    few = count()
    server.client("".join(
        f"CREATE TABLE t{i} (id serial PRIMARY KEY, a varchar(20) UNIQUE, b bigint unsigned REFERENCES t (id));"
        for i in range(200)), maria_project.database)
    assert count() <= few + 2  # the server may count a good-bye late
