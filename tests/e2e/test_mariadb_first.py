"""A first install on MariaDB, where DDL commits by itself: nothing was there, so nothing can be lost."""

import pytest

pytestmark = pytest.mark.server

# What real applications have in their old migrations.
OLD = {
    "0001_base": """
        DROP TABLE IF EXISTS customers;
        CREATE TABLE customers (id integer PRIMARY KEY, name varchar(100), phone varchar(20));
        INSERT INTO customers VALUES (1, 'Ada', '1'), (2, 'Grace', '2');
        """,
    "0002_rebuilt": """
        SET FOREIGN_KEY_CHECKS = 0;
        RENAME TABLE customers TO customers_old;
        CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(50) NOT NULL);
        INSERT INTO customers SELECT id, name FROM customers_old;
        DROP TABLE customers_old;
        SET FOREIGN_KEY_CHECKS = 1;
        """,
    "0003_narrowed": """
        -- db-entry: destructive
        ALTER TABLE customers MODIFY name varchar(20);
        DELETE FROM customers;
        ALTER TABLE customers DROP COLUMN name;
        """,
}

CODE = {
    "0004_code": """
        SET @sql = IF((SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
            AND TABLE_NAME = 'customers' AND COLUMN_NAME = 'mail') > 0,
            'SELECT 1', 'ALTER TABLE customers ADD COLUMN mail varchar(100)');
        PREPARE add_column FROM @sql;
        EXECUTE add_column;
        DEALLOCATE PREPARE add_column;
        """,
    "0005_procedure": """
        CREATE PROCEDURE drop_column() BEGIN
            IF EXISTS (SELECT 1 FROM customers) THEN DELETE FROM customers; END IF;
            ALTER TABLE customers DROP COLUMN mail;
        END;
        CALL drop_column();
        DROP PROCEDURE drop_column;
        """,
}


@pytest.fixture
def alone(maria_project):
    """Its user sees this database and no other."""
    name = f"u_{maria_project.database}"
    maria_project.sql(f"CREATE USER {name} IDENTIFIED BY 'p';"
                      f" GRANT ALL ON {maria_project.database}.* TO {name}")
    maria_project.env["DB_ENTRY_DATABASE_URL"] = maria_project.server.url(
        maria_project.database, name, "p")
    return maria_project


@pytest.fixture
def other(maria_project):
    """Another database on the same server, with a row in it."""
    name = f"other_{maria_project.database}"
    maria_project.sql(f"CREATE DATABASE {name}; CREATE TABLE {name}.kept (a integer);"
                      f" INSERT INTO {name}.kept VALUES (1)")
    yield name
    maria_project.sql(f"DROP DATABASE IF EXISTS {name}")


def write(project, migrations):
    for name, text in migrations.items():
        project.migration(name, text)


def test_needs_no_approval(alone):
    write(alone, {**OLD, **CODE})
    alone.ok("apply")
    assert alone.applied() == ["0001", "0002", "0003", "0004", "0005"]


def test_statements_that_are_read_need_none_beside_other_databases(maria_project, other):
    write(maria_project, OLD)
    maria_project.ok("apply")
    assert maria_project.value(f"SELECT COUNT(*) FROM {other}.kept") == "1"


def test_database_that_has_the_name_of_a_table(maria_project):
    maria_project.sql("CREATE DATABASE customers")
    try:
        write(maria_project, OLD)
        maria_project.ok("apply")
    finally:
        maria_project.sql("DROP DATABASE customers")


@pytest.mark.parametrize("name", CODE)
def test_code_needs_one_where_it_could_reach_another_database(maria_project, other, name):
    """Its text is made while it runs."""
    write(maria_project, {**OLD, name: CODE[name]})
    result = maria_project.run("apply")
    assert result.code == 20, result
    assert maria_project.applied() == ["0001", "0002", "0003"]


@pytest.mark.parametrize("statement", [
    "DROP TABLE {other}.kept",
    "DELETE FROM `{other}`.kept",
    "CREATE VIEW v AS SELECT * FROM {other}.kept; DELETE FROM v",
    "CREATE TABLE t (a integer); CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW DELETE FROM"
    " {other}.kept; INSERT INTO t VALUES (1)",
    "CREATE TABLE m (a integer) ENGINE = MERGE UNION = ({other}.kept); DELETE FROM m",
    "DROP DATABASE {other}",
    "DELETE FROM {other} /* a */ . -- b\n kept",
    "DELETE FROM {other}/*!50000 .kept*/",
])
def test_other_databases_are_not_part_of_it(maria_project, other, statement):
    write(maria_project, OLD)
    maria_project.migration("0004_elsewhere", statement.format(other=other) + ";")
    result = maria_project.run("apply")
    assert result.code == 20, result
    assert maria_project.value(f"SELECT COUNT(*) FROM {other}.kept") == "1"


def test_what_was_made_elsewhere_is_remembered(maria_project, other):
    """A view of one migration that leads there, and rows deleted by way of it in a later one."""
    write(maria_project, OLD)
    maria_project.migration("0004_view", f"CREATE VIEW v AS SELECT * FROM {other}.kept;")
    maria_project.migration("0005_delete", "DELETE FROM v; CREATE TABLE x (a integer);")
    result = maria_project.run("apply")
    assert result.code == 20, result
    assert maria_project.value(f"SELECT COUNT(*) FROM {other}.kept") == "1"


def test_second_run_is_none(alone):
    write(alone, {"0001_base": OLD["0001_base"]})
    alone.ok("apply")
    write(alone, {"0002_rebuilt": OLD["0002_rebuilt"]})
    result = alone.run("apply")
    assert result.code == 20, result
    assert alone.value("SELECT COUNT(*) FROM customers") == "2"


def test_table_of_somebody_else_is_none(alone):
    """One that no migration made: then the database was not empty."""
    alone.sql("CREATE TABLE customers (id integer); INSERT INTO customers VALUES (7)")
    write(alone, {"0001_base": OLD["0001_base"]})
    result = alone.run("apply")
    assert result.code == 20, result
    assert alone.value("SELECT id FROM customers") == "7"


@pytest.mark.parametrize("statements", [
    "CREATE VIEW v AS SELECT * FROM a; DELETE FROM v;",
    "CREATE TABLE t (i integer); CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW DELETE FROM a;"
    " INSERT INTO t VALUES (1);",
    "CREATE TABLE t (i integer); CREATE DEFINER = CURRENT_USER TRIGGER g BEFORE INSERT ON t FOR EACH ROW"
    " BEGIN UPDATE a SET i = 0; END; INSERT INTO t VALUES (1);",
    "CREATE FUNCTION f() RETURNS integer BEGIN DELETE FROM a; RETURN 1; END;"
    " CREATE TABLE t (i integer); INSERT INTO t VALUES (f());",
    "CREATE TABLE t (i integer); INSERT INTO t VALUES (harm());",
    "CREATE TABLE t (i integer); INSERT INTO t SELECT `harm`();",
    "CREATE TABLE m (i integer) ENGINE = MERGE UNION = (b); DELETE FROM m;",
])
def test_what_leads_to_rows_of_other_tables(alone, statements):
    """It is made, or was there, and named by none of the statements that lose them."""
    alone.migration("0001_base", """
        CREATE TABLE a (i integer);
        CREATE TABLE b (i integer) ENGINE = MyISAM;
        INSERT INTO a VALUES (1);
        INSERT INTO b VALUES (1);
        CREATE FUNCTION harm() RETURNS integer BEGIN DELETE FROM a; RETURN 1; END;
        """)
    alone.ok("apply")
    alone.migration("0002_harm", statements)
    result = alone.run("apply")
    assert result.code == 20, result
    assert alone.value("SELECT (SELECT SUM(i) FROM a) + (SELECT SUM(i) FROM b)") == "2"


@pytest.mark.parametrize("statements", [
    "CREATE TABLE t (i integer); CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW SET NEW.i = 2;"
    " INSERT INTO t VALUES (1); INSERT INTO a VALUES (2);",
    "CREATE FUNCTION f() RETURNS integer RETURN 1; CREATE TABLE t (i integer);"
    " INSERT INTO t VALUES (f());",
    "CREATE TABLE t (i integer); INSERT INTO t VALUES (harmless());",
])
def test_code_that_loses_nothing(alone, statements):
    alone.migration("0001_base", """
        CREATE TABLE a (i integer);
        INSERT INTO a VALUES (1);
        CREATE FUNCTION harmless() RETURNS integer RETURN 1;
        """)
    alone.ok("apply")
    alone.migration("0002_harmless", statements)
    alone.ok("apply")


def test_tables_without_rows_have_nothing_to_lose(alone):
    """Beside settings, too, on a database with data."""
    alone.migration("0001_base", "CREATE TABLE a (i integer); CREATE TABLE b (i integer);"
                    " INSERT INTO a VALUES (1);")
    alone.ok("apply")
    alone.migration("0002_drop", "SET FOREIGN_KEY_CHECKS = 0; DROP TABLE b; SET FOREIGN_KEY_CHECKS = 1;")
    alone.ok("apply")
    assert alone.tables() == ["a"]
    alone.migration("0003_drop", "SET FOREIGN_KEY_CHECKS = 0; DROP TABLE a; SET FOREIGN_KEY_CHECKS = 1;")
    assert alone.run("apply").code == 20
    assert alone.tables() == ["a"]
