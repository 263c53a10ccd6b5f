"""docs/recipes.md: what is not tested elsewhere, in the words that stand there."""

import subprocess

import pytest

from support.servers import find_program


def test_several_databases_in_one_entrypoint(project):
    for name in ("shop", "crm"):
        project.migration("0001_a", f"CREATE TABLE {name} (x integer);", folder=f"db/{name}")
        project.env[f"{name.upper()}_URL"] = f"sqlite:{project.folder}/{name}.db"
    project.env["DB_ENTRY_DATABASE_URL"] = None
    shop = ["--url-from=SHOP_URL", "--migrations=db/shop", "--mirror=db/schema/shop.json"]
    crm = ["--url-from=CRM_URL", "--migrations=db/crm", "--mirror=db/schema/crm.json"]
    words = [*shop, "--", project.binary, *crm, "--"]
    for _ in range(2):
        assert project.ok(*words, "env").stdout.count("_URL=") == 2
        for options in (shop, crm):
            project.ok("mirror", "pull", *options)
    for name in ("shop", "crm"):
        project.database = project.folder / f"{name}.db"
        assert project.tables() == [name]


def adopt(project, schema, other_url):
    """Write down, count as applied, and make a new database of the same files."""
    (project.folder / "db/migrations").mkdir(parents=True)
    project.migration_path("0001_as_it_was").write_text(schema)
    project.ok("baseline", "0001")
    project.ok("status", "--check")
    project.ok("mirror", "pull")
    env = {"DB_ENTRY_DATABASE_URL": other_url, "DB_ENTRY_DUMP": "never"}
    project.ok("apply", env=env)
    result = project.run("diff", env=env)
    assert result.code == 0, result


def test_adopting_sqlite(project):
    project.sql("CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT, x text)")
    project.sql("CREATE INDEX i ON a (x)")
    schema = subprocess.run(
        ["sqlite3", project.database, ".schema --nosys"], capture_output=True, text=True, check=True)
    adopt(project, schema.stdout, f"sqlite:{project.folder}/new.db")


@pytest.mark.server
def test_adopting_postgres(pg_project):
    pg_project.sql(
        "CREATE TABLE a (id serial PRIMARY KEY, x text NOT NULL); CREATE VIEW v AS SELECT x FROM a;"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()")
    server = pg_project.server
    program = find_program("pg_dump", ["/usr/lib/postgresql/*/bin/pg_dump"])
    schema = subprocess.run(
        [program, "--schema-only", "--no-owner", "--no-privileges", "-h", server.folder,
         "-p", str(server.port), "-U", server.user, pg_project.database],
        capture_output=True, text=True, check=True)
    adopt(pg_project, schema.stdout, server.url(server.create_database()))


@pytest.mark.server
def test_adopting_mariadb(maria_project):
    server = maria_project.server
    maria_project.sql("CREATE TABLE a (id integer PRIMARY KEY, x text)")
    for code in ("VIEW v AS SELECT x FROM a", "PROCEDURE p() SELECT 1",
                 "TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 'x'"):
        maria_project.sql(f"CREATE DEFINER = {server.user}@'%' {code}")
    schema = subprocess.run(
        f"mariadb-dump --no-defaults --socket={server.folder}/socket --user=root --no-data --routines"
        f" --skip-add-drop-table {maria_project.database} | sed 's/DEFINER=`[^`]*`@`[^`]*`//'",
        shell=True, capture_output=True, text=True, check=True)
    adopt(maria_project, schema.stdout, server.url(server.create_database()))
