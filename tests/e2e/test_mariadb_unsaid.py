"""What a statement changes without saying so, on MariaDB and MySQL: it is seen all the same."""

import pytest

pytestmark = pytest.mark.server

PAST = """
CREATE TABLE plain (a integer, b integer);
INSERT INTO plain VALUES (1, 1), (2, 2), (3, 3);
CREATE TABLE log (id integer PRIMARY KEY, text varchar(50));
CREATE TABLE owner (id integer PRIMARY KEY, a integer, note integer,
    v integer AS (a + 1) VIRTUAL, k integer AS (v + 1) STORED UNIQUE);
INSERT INTO owner (id, a) VALUES (1, 1), (2, 2), (3, 3);
CREATE TABLE owned (k integer, FOREIGN KEY (k) REFERENCES owner (k) ON UPDATE SET NULL);
INSERT INTO owned VALUES (3), (4);
CREATE TABLE seen (id integer PRIMARY KEY, a integer,
    at datetime(6) NOT NULL DEFAULT '2020-01-01' ON UPDATE current_timestamp(6), UNIQUE (at));
INSERT INTO seen VALUES (1, 1, '2020-01-01'), (2, 2, '2020-01-02'), (3, 3, '2020-01-03');
CREATE TABLE sight (at datetime(6), FOREIGN KEY (at) REFERENCES seen (at) ON UPDATE CASCADE);
INSERT INTO sight VALUES ('2020-01-01'), ('2020-01-02');
CREATE TABLE apfel (id integer PRIMARY KEY, `ÄK` integer UNIQUE, `ÖL` integer);
INSERT INTO apfel VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
CREATE TABLE kern (k integer, FOREIGN KEY (k) REFERENCES apfel (`ÄK`) ON UPDATE SET NULL);
INSERT INTO kern VALUES (1);
"""
TABLES = ("plain", "log", "owner", "owned", "seen", "sight", "apfel", "kern")
STEPWISE = "CREATE TABLE other (a integer);\n"


@pytest.fixture
def past(maria_project):
    maria_project.sql(PAST)
    maria_project.ok("baseline", "none")
    maria_project.env["DB_ENTRY_DRIFT"] = "ignore"
    return maria_project


@pytest.fixture
def maria(past):
    if past.server.mysql:
        pytest.skip("MySQL keeps no versions of rows")
    return past


def rows(project):
    return [project.sql(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES]


def blocked(project, text, *evidence):
    project.migration("0001_one", text)
    before = rows(project)
    result = project.run("apply")
    assert result.code == 20, result
    assert rows(project) == before
    for line in evidence:
        assert line in result.stderr, result


def passes(project, text, *evidence):
    project.migration("0001_one", text)
    result = project.ok("apply")
    for line in evidence:
        assert line in result.stderr, result


BAD = {
    "generated-key": ("UPDATE owner SET a = 10 WHERE id = 1;", "values of k of owned may go"),
    "generated-key-joined": ("UPDATE owner JOIN plain ON id = plain.a SET owner.a = 50 WHERE id = 1;",
                             "values of k of owned may go"),
    "key-set-by-itself": ("UPDATE seen SET a = 10 WHERE id = 1;", "values of at of sight may go"),
    "key-by-another-case": ("UPDATE apfel SET äk = 10 WHERE id = 1;", "values of k of kern may go"),
}


@pytest.mark.parametrize("before", ["", "SELECT 1;\n", STEPWISE], ids=["", "beside", "stepwise"])
@pytest.mark.parametrize("text, evidence", BAD.values(), ids=BAD)
def test_foreign_key_takes_along_what_was_not_said(past, before, text, evidence):
    blocked(past, before + text, evidence)


@pytest.mark.parametrize("before", ["", STEPWISE], ids=["", "stepwise"])
@pytest.mark.parametrize("text", [
    "UPDATE owner SET note = 10 WHERE id = 1;",
    "UPDATE seen SET a = 10, at = at WHERE id = 1;",
    "UPDATE apfel SET öl = 10 WHERE id = 1;",
])
def test_other_columns_take_nothing_along(past, before, text):
    children = past.sql("SELECT * FROM owned"), past.sql("SELECT * FROM sight"), past.sql("SELECT * FROM kern")
    passes(past, before + text)
    assert children == (past.sql("SELECT * FROM owned"), past.sql("SELECT * FROM sight"), past.sql("SELECT * FROM kern"))


@pytest.mark.parametrize("before, text", [
    ("ALTER TABLE {0} RENAME COLUMN a TO z;", "UPDATE {0} SET z = '2021-01-02' WHERE c = 1;"),
    ("ALTER TABLE {0} CHANGE a z datetime;", "UPDATE {0} SET z = '2021-01-01' WHERE c = 1;"),
    ("ALTER TABLE {0} MODIFY a datetime ON UPDATE current_timestamp();", "UPDATE {0} SET c = 9 WHERE c = 1;"),
], ids=["renamed", "changed", "modified"])
def test_key_that_the_migration_changes_before(past, before, text):
    past.sql("CREATE TABLE parent (a datetime UNIQUE, c integer);"
             " INSERT INTO parent VALUES ('2020-01-01', 1), ('2020-01-02', 2);"
             " CREATE TABLE child (a datetime, FOREIGN KEY (a) REFERENCES parent (a) ON UPDATE CASCADE);"
             " INSERT INTO child VALUES ('2020-01-01')")
    blocked(past, (before + text).format("parent"))
    passes(past, "ALTER TABLE parent MODIFY c bigint AFTER a; UPDATE parent SET c = 9 WHERE c = 1;")


def function(project, body):
    """One that has the name of what this server lacks, and some other server has."""
    name = "nvl" if project.server.mysql else "uuid_to_bin"
    project.sql(f"DELIMITER //\nCREATE FUNCTION {name}(x integer) RETURNS integer {body} //\n")
    return name


CALLS = ["INSERT INTO log VALUES ({}(1), 'x');", "UPDATE seen SET a = a, at = at WHERE id <> {}(7);"]
READS = ["SELECT {}(1);", "DO {}(1);", "SET @a = {}(1);", "CREATE TABLE t2 AS SELECT {}(1);"]


@pytest.mark.parametrize("text", CALLS + READS + [STEPWISE + text for text in CALLS + READS])
def test_routine_by_the_name_of_a_function_of_other_servers(past, text):
    name = function(past, "MODIFIES SQL DATA BEGIN DELETE FROM plain WHERE a = 1; RETURN x; END")
    blocked(past, text.format(name))


def test_harmless_routine_by_such_a_name(past):
    name = function(past, "DETERMINISTIC RETURN x * 2")
    passes(past, f"INSERT INTO log VALUES ({name}(1), 'x');")
    past.migration("0002_more", STEPWISE + f"SET @a = {name}(1); INSERT INTO log VALUES ({name}(2), 'x'); DO {name}(3);")
    past.ok("apply")


@pytest.mark.parametrize("text", ["DELETE FROM plain;", "UPDATE plain SET b = NULL;", "DELETE FROM plain WHERE a = 1;"])
def test_rows_were_there_at_any_isolation_of_the_server(past, text):
    """Its default is READ UNCOMMITTED: a session beside must not see what was not committed."""
    name = past.sql("SHOW VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')")[0][0]
    past.sql(f"SET GLOBAL {name} = 'READ-UNCOMMITTED'")
    try:
        blocked(past, text)
    finally:
        past.sql(f"SET GLOBAL {name} = 'REPEATABLE-READ'")


def test_condition_that_every_row_meets_in_another_language(past):
    blocked(past, "SET lc_messages = 'de_DE'; UPDATE plain SET b = 9 WHERE a > 0;", "3 rows of plain are changed")


def test_column_that_is_set_by_itself_under_a_condition(past):
    past.sql("CREATE TABLE people (id integer PRIMARY KEY, n integer,"
             " at datetime NOT NULL DEFAULT '2020-01-01' ON UPDATE current_timestamp);"
             " INSERT INTO people (id) VALUES (1), (2), (3)")
    blocked(past, "UPDATE people SET n = 1 WHERE n IS NULL;", "3 rows of people are changed; SET at = at keeps at")
    assert past.sql("SELECT DISTINCT at FROM people") == [("2020-01-01 00:00:00",)]
    passes(past, "UPDATE people SET n = 1 WHERE id = 1;\n", "overwrites values in 1 row of people")


def test_column_without_values_beside_one_that_is_kept(past):
    past.sql("CREATE TABLE people (id integer PRIMARY KEY, n integer,"
             " at datetime NOT NULL DEFAULT '2020-01-01' ON UPDATE current_timestamp);"
             " INSERT INTO people (id) VALUES (1), (2), (3)")
    passes(past, "UPDATE people SET n = 1, at = at WHERE n IS NULL;")


def test_rows_of_a_trigger_that_may_not_be_seen(past):
    past.sql("CREATE TRIGGER t AFTER INSERT ON log FOR EACH ROW DELETE FROM plain;"
             f" CREATE USER poor_{past.database}@'%' IDENTIFIED BY 'secret';"
             " GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, SHOW VIEW"
             f" ON {past.database}.* TO poor_{past.database}@'%'")
    url = past.server.url(past.database, f"poor_{past.database}", "secret")
    past.env["DB_ENTRY_DATABASE_URL"] = url
    blocked(past, "INSERT INTO log VALUES (1, 'x');")
    past.sql("DROP TRIGGER t")
    passes(past, "INSERT INTO log VALUES (1, 'x');")


VERSIONED = """
CREATE TABLE past (id integer PRIMARY KEY, v integer) WITH SYSTEM VERSIONING;
INSERT INTO past VALUES (1, 1), (2, 2);
DELETE FROM past;
"""


@pytest.mark.parametrize("text", [
    "DELETE HISTORY FROM past;", "DROP TABLE past;", "ALTER TABLE past DROP SYSTEM VERSIONING;",
    "SET system_versioning_alter_history = KEEP; ALTER TABLE past DROP COLUMN v;",
])
def test_earlier_versions_are_rows(maria, text):
    maria.sql(VERSIONED)
    blocked(maria, text)
    assert maria.sql("SELECT COUNT(*), SUM(v) FROM past FOR SYSTEM_TIME ALL") == [("2", "3")]


def test_versioned_table_that_never_had_rows(maria):
    maria.sql("CREATE TABLE past (id integer) WITH SYSTEM VERSIONING")
    passes(maria, "DELETE HISTORY FROM past;")
    maria.migration("0002_gone", "DROP TABLE past;")
    maria.ok("apply")


def test_rows_that_a_setting_of_the_server_hides(maria):
    maria.sql(VERSIONED + "INSERT INTO past VALUES (3, 3)")
    maria.sql("SET GLOBAL system_versioning_asof = '2001-01-01'")
    try:
        blocked(maria, "DELETE FROM past;")
    finally:
        maria.sql("SET GLOBAL system_versioning_asof = DEFAULT")
    assert maria.sql("SELECT id FROM past") == [("3",)]


@pytest.mark.parametrize("text", ["DROP TABLE low;", "DELETE FROM low;", "CREATE OR REPLACE TABLE low (x integer);",
                                  "ALTER TABLE low ADD COLUMN x integer, DROP COLUMN id;"])
def test_table_that_was_a_partition(maria, text):
    if int(maria.sql("SELECT VERSION()")[0][0].split(".")[1]) < 7 and maria.sql("SELECT VERSION()")[0][0].startswith("10."):
        pytest.skip("it has no CONVERT PARTITION")
    maria.sql("CREATE TABLE parted (id integer) PARTITION BY RANGE (id)"
              " (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));"
              " INSERT INTO parted VALUES (1), (11)")
    blocked(maria, "ALTER TABLE parted CONVERT PARTITION p0 TO TABLE low; " + text)
    assert maria.sql("SELECT COUNT(*) FROM parted") == [("2",)]


@pytest.mark.parametrize("made", ["CREATE TABLE pair (a integer) ENGINE = MERGE UNION = (one);",
                                  "CREATE TABLE pair LIKE all_of_them;"])
@pytest.mark.parametrize("loss", ["DELETE FROM pair;", "TRUNCATE pair;"])
@pytest.mark.parametrize("files", [1, 2])
def test_new_table_with_the_rows_of_another(past, made, loss, files):
    past.sql("CREATE TABLE one (a integer) ENGINE = MyISAM; INSERT INTO one VALUES (1), (2);"
             " CREATE TABLE all_of_them (a integer) ENGINE = MERGE UNION = (one)")
    past.migration("0001_made", made + (loss if files == 1 else ""))
    past.migration("0002_loss", loss if files == 2 else "SELECT 1;")
    assert past.run("apply").code == 20
    assert past.sql("SELECT COUNT(*) FROM one") == [("2",)]


def test_new_table_like_an_ordinary_one_is_free(past):
    past.migration("0001_made", "CREATE TABLE two LIKE plain; INSERT INTO two SELECT * FROM plain;")
    past.migration("0002_fewer", "DELETE FROM two;")
    past.ok("apply")
