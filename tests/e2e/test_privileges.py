"""The GRANTs of docs/security.md, as they stand there, with accounts that have nothing else."""

import re

import pytest

from support.maria_dumps import beside

pytestmark = pytest.mark.server

BLOCK = re.compile(r"^<!-- (.+?) -->\n```sql\n(.+?)^```$", re.S | re.M)
ACCOUNTS = ("migrate", "app", "check", "dump")

START = """
CREATE TABLE customers (id integer PRIMARY KEY, name varchar(50), phone varchar(20));
INSERT INTO customers VALUES (1, 'Ada', '1'), (2, 'Bob', NULL);
"""


@pytest.fixture(scope="session")
def page(root):
    """The SQL of the page, by the name in the comment before it."""
    return dict(BLOCK.findall((root / "docs/security.md").read_text(encoding="utf-8")))


class House:
    """A database, its accounts without any rights yet, and a project with a first migration."""

    def __init__(self, project, page, engine):
        self.project = project
        self.page = page
        self.engine = engine
        self.dumps = project.folder / "backups"
        project.env.update(
            DB_ENTRY_DATABASE_URL=None, DB_ENTRY_DUMP=None, DB_ENTRY_DUMP_DIR=str(self.dumps)
        )
        for account in ACCOUNTS:
            self.admin(self.create(account))

    def create(self, account):
        raise NotImplementedError

    def admin(self, sql):
        self.project.server.client(sql.replace("shop", self.project.database), self.project.database)

    def block(self, name):
        return self.page[f"{self.engine}: {name}"]

    def grant(self, *names, without=None):
        """What the page says; or without some words of it."""
        for name in names:
            sql = self.block(name)
            assert without is None or without in sql
            self.admin(sql.replace(without, "") if without else sql)

    def env(self, account):
        project = self.project
        user = f"{project.database}_{account}"
        return {"DATABASE_URL": project.server.url(project.database, user, "secret")}

    def run(self, account, *words, **env):
        return self.project.run(*words, env={**self.env(account), **env})

    def ok(self, account, *words, **env):
        result = self.run(account, *words, **env)
        assert result.code == 0, result
        return result

    def refused(self, code, account, *words, **env):
        result = self.run(account, *words, **env)
        assert result.code == code, result
        return result.stderr

    def migration(self, name, sql):
        self.project.migration(name, sql.replace("shop", self.project.database))

    def checks(self, account):
        """Everything that only looks, and a run with nothing to do."""
        for words in (["wait"], ["status", "--check"], ["plan"], ["diff", "--last-run"]):
            result = self.ok(account, *words)
            assert "warning" not in result.stderr, result
        # It gives up after some seconds, whatever the reason.
        results = (self.run(account, "health") for _ in range(10))
        assert next(r for r in results if "timed out" not in r.stderr).code == 0
        assert self.ok(account, "--", "echo", "started").stdout == "started\n"

    def close(self):
        raise NotImplementedError


# --- PostgreSQL


class PostgresHouse(House):
    def create(self, account):
        return f"CREATE ROLE shop_{account} LOGIN PASSWORD 'secret'"

    def close(self):
        for account in ACCOUNTS:
            self.admin(f"DROP OWNED BY shop_{account} CASCADE; DROP ROLE shop_{account}")


@pytest.fixture
def pg(pg_project, page):
    house = PostgresHouse(pg_project, page, "postgresql")
    house.grant("nobody")
    counted = "CREATE TABLE counted (id serial, by_itself bigint GENERATED ALWAYS AS IDENTITY, x text);"
    house.migration("0001_start", house.block("application") + START + counted)
    yield house
    house.close()


def test_postgres_waits(pg):
    pg.refused(77, "app", "wait", DB_ENTRY_WAIT_GRACE="0")
    pg.grant("waits")
    pg.ok("app", "wait")


def test_postgres_checks(pg):
    pg.grant("waits", "migrates")
    pg.ok("migrate", "apply")
    assert pg.run("app", "status", "--check").code != 0
    pg.grant("checks", without="GRANT SELECT ON db_entry_history, db_entry_snapshot TO shop_app;")
    told = pg.refused(77, "app", "--", "echo", "started")
    assert "GRANT SELECT ON" in told and "db_entry_history" in told
    pg.grant("checks")
    pg.checks("app")
    pg.migration("0002_more", "CREATE TABLE more (id integer);")
    pg.refused(30, "app", "status", "--check")
    pg.ok("app", "plan")
    assert pg.run("app", "apply").code != 0
    pg.ok("migrate", "apply")
    pg.checks("app")


def test_postgres_check_granted_by_a_migration(pg):
    pg.grant("waits", "migrates")
    pg.migration("0002_check", pg.block("checks").splitlines()[1])
    pg.admin(pg.block("checks").splitlines()[0])
    pg.ok("migrate", "apply")
    pg.checks("app")


def test_postgres_application(pg):
    pg.grant("waits", "migrates")
    pg.ok("migrate", "apply")
    pg.admin(pg.block("checks").splitlines()[0])
    client, database = pg.project.server.client, pg.project.database
    role = f"SET ROLE {database}_app;"
    client(f"{role} UPDATE customers SET name = 'Eve' WHERE id = 1; DELETE FROM customers WHERE id = 2;"
           " INSERT INTO customers VALUES (3, 'Cy', NULL); INSERT INTO counted (x) VALUES ('a')", database)
    for table in ("db_entry_history", "db_entry_run", "db_entry_snapshot"):
        for sql in (f"DELETE FROM {table}", f"SELECT * FROM {table}"):
            said = client(f"{role} {sql}", database, check=False)
            assert "permission denied" in said.stderr, said
    said = client(f"{role} ALTER TABLE customers ADD x integer", database, check=False)
    assert "must be owner" in said.stderr


def test_postgres_migrates_and_dumps(pg):
    said = pg.refused(77, "migrate", "apply", DB_ENTRY_WAIT_GRACE="0")
    assert "CONNECT" in said
    pg.grant("migrates")
    pg.ok("migrate", "apply")
    pg.migration("0002_more", """
        ALTER TABLE customers ADD mail text;
        UPDATE customers SET mail = name || '@x';
        CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            customer integer REFERENCES customers);
        CREATE VIEW names AS SELECT name FROM customers;
        CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
        ALTER TABLE customers ALTER id TYPE bigint;
    """)
    said = pg.ok("migrate", "apply").stderr
    assert "dump backup-" in said
    pg.ok("migrate", "dump")
    pg.migration("0003_index", "-- db-entry: no-transaction\n-- migrate:up\n"
        "CREATE INDEX CONCURRENTLY i ON customers (name);\n-- migrate:down\nDROP INDEX i;")
    pg.ok("migrate", "apply")
    pg.ok("migrate", "rollback", "--steps=1")


def test_postgres_schema_is_not_to_be_made(pg):
    pg.grant("migrates")
    pg.admin("REVOKE CREATE ON SCHEMA public FROM shop_migrate")
    assert "GRANT USAGE, CREATE ON SCHEMA" in pg.refused(77, "migrate", "apply")


def test_postgres_proof_needs_temporary_tables(pg):
    pg.grant("migrates")
    pg.ok("migrate", "apply")
    pg.migration("0002_type", "ALTER TABLE customers ALTER id TYPE bigint;")
    pg.admin("REVOKE TEMPORARY ON DATABASE shop FROM shop_migrate")
    assert "may not read, lock and compare" in pg.refused(20, "migrate", "apply")
    pg.grant("migrates")
    pg.ok("migrate", "apply")


def test_postgres_schemas_of_ones_own(pg):
    pg.grant("migrates")
    pg.ok("migrate", "apply")
    pg.migration("0002_schema", "CREATE SCHEMA extra CREATE TABLE t (a integer); CREATE EXTENSION hstore;")
    assert "permission denied for database" in pg.refused(23, "migrate", "apply")
    pg.grant("makes schemas")
    pg.ok("migrate", "apply")
    made = pg.ok("migrate", "dump").stdout.strip()
    pg.ok("migrate", "restore", made, "--yes")


def test_postgres_restores(pg):
    pg.grant("waits", "migrates")
    pg.ok("migrate", "apply")
    pg.grant("checks")
    made = pg.ok("migrate", "dump").stdout.strip()
    pg.admin("DELETE FROM customers")
    pg.ok("migrate", "restore", made, "--yes")
    assert pg.project.value("SELECT count(*) FROM customers") == "2"
    pg.checks("app")
    pg.migration("0002_later", "CREATE TABLE later (id integer);")
    pg.ok("migrate", "apply")
    said = pg.project.server.client(
        f"SET ROLE {pg.project.database}_app; SELECT * FROM later", pg.project.database)
    assert said.stderr == ""
    pg.admin("CREATE TABLE others ()")
    assert "others" in pg.refused(25, "migrate", "restore", made, "--yes")
    assert "others" in pg.refused(23, "migrate", "restore", made, "--yes", DB_ENTRY_DUMP="never")
    assert "later" in pg.project.tables()


def test_postgres_dumps_alone(pg):
    pg.grant("migrates")
    pg.ok("migrate", "apply")
    connect, read = pg.block("dumps").splitlines()
    pg.admin(connect)
    assert pg.run("dump", "dump").code != 0
    pg.admin(read)
    pg.ok("dump", "dump")
    pg.admin("ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
    assert "row-level security" in pg.refused(25, "dump", "dump")
    pg.grant("dumps all rows")
    pg.ok("dump", "dump")


# --- MariaDB and MySQL


class MariaHouse(House):
    def create(self, account):
        return f"CREATE USER shop_{account}@'%' IDENTIFIED BY 'secret'"

    def admin(self, sql):
        if self.project.server.mysql:
            sql = sql.replace("SELECT ON mysql.proc", "SHOW_ROUTINE ON *.*")
        super().admin(sql)

    def close(self):
        for account in ACCOUNTS:
            self.admin(f"DROP USER shop_{account}@'%'")


CODE = """
CREATE VIEW names AS SELECT name FROM customers;
CREATE TRIGGER trimmed BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = trim(NEW.name);
CREATE FUNCTION one() RETURNS integer DETERMINISTIC RETURN 1;
CREATE EVENT tidy ON SCHEDULE EVERY 1 YEAR DISABLE DO DELETE FROM customers WHERE id < 0;
"""


@pytest.fixture
def maria(maria_project, page):
    house = MariaHouse(maria_project, page, "mariadb")
    house.migration("0001_start", START + CODE)
    yield house
    house.close()


def test_maria_waits(maria):
    maria.refused(77, "app", "wait", DB_ENTRY_WAIT_GRACE="0")
    maria.grant("application")
    maria.ok("app", "wait")


def test_maria_checks(maria):
    maria.grant("migrates")
    maria.ok("migrate", "apply")
    maria.grant("checks")
    maria.checks("check")
    maria.migration("0002_more", "CREATE TABLE more (id integer);")
    maria.refused(30, "check", "status", "--check")
    maria.ok("check", "plan")
    assert maria.run("check", "apply").code != 0
    maria.ok("migrate", "apply")
    maria.checks("check")


def test_maria_own_tables_are_not_to_be_read(maria):
    maria.grant("migrates")
    maria.ok("migrate", "apply")
    maria.admin("GRANT INSERT ON shop.db_entry_history TO shop_check@'%'")
    told = maria.refused(77, "check", "status", "--check")
    assert "GRANT SELECT ON" in told


@pytest.mark.parametrize("less", ["SHOW VIEW", "TRIGGER", "EVENT", "mysql.proc"])
def test_maria_what_is_not_seen_is_not_compared(maria, less):
    maria.grant("migrates")
    maria.ok("migrate", "apply")
    first, second = maria.block("checks").splitlines()
    maria.admin(first.replace(f", {less}", ""))
    if less != "mysql.proc":
        maria.admin(second)
    result = maria.run("check", "diff", "--last-run")
    assert result.code != 0, result


def test_maria_checks_tables_alone(maria):
    maria.grant("migrates", "application")
    maria.migration("0001_start", START)
    maria.ok("migrate", "apply")
    maria.checks("app")


def test_maria_migrates_and_dumps(maria):
    maria.grant("migrates")
    maria.ok("migrate", "apply")
    maria.migration("0002_more", """
        ALTER TABLE customers ADD mail varchar(50);
        UPDATE customers SET mail = name WHERE id > 0;
        CREATE TABLE orders (id integer PRIMARY KEY, customer integer REFERENCES customers (id));
        CREATE INDEX by_name ON customers (name);
        CREATE TEMPORARY TABLE t AS SELECT * FROM customers;
        DROP TEMPORARY TABLE t;
        CREATE OR REPLACE VIEW names AS SELECT name, mail FROM customers;
    """)
    said = maria.ok("migrate", "apply").stderr
    assert "dump backup-" in said and "db\\_entry\\_scratch" in said
    maria.ok("migrate", "dump")
    maria.ok("migrate", "baseline", "0002")


def test_maria_tries(maria):
    maria.grant("migrates", "tries")
    maria.ok("migrate", "apply")
    maria.migration("0002_age", "ALTER TABLE customers ADD age integer;\nALTER TABLE customers ADD age integer;")
    assert "nothing was changed" in maria.refused(23, "migrate", "apply")


def test_maria_restores(maria):
    maria.grant("migrates")
    maria.ok("migrate", "apply")
    made = maria.ok("migrate", "dump").stdout.strip()
    maria.admin("DELETE FROM customers")
    assert "GRANT ALL PRIVILEGES" in maria.refused(23, "migrate", "restore", made, "--yes")
    maria.grant("restores")
    maria.ok("migrate", "restore", made, "--yes")
    assert maria.project.value("SELECT count(*) FROM customers") == "2"
    assert beside(maria.project) == []


def test_maria_dumps_alone(maria):
    maria.grant("migrates")
    maria.ok("migrate", "apply")
    first, second = maria.block("dumps").splitlines()
    maria.admin(first)
    grant = "SHOW_ROUTINE ON *.*" if maria.project.server.mysql else "SELECT ON mysql.proc"
    assert f"GRANT {grant} TO" in maria.refused(25, "dump", "dump")
    maria.admin(second)
    result = maria.ok("dump", "dump")
    assert "warning" not in result.stderr, result
