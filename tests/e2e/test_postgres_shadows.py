"""Operators that somebody made in the schema public: what db-entry asks the server means the server's own."""

import re

import pytest

from support.postgres_past import BASE, token_of
from support.postgres_shadows import SHADOWS

pytestmark = pytest.mark.server

QUERIES = "src/db/postgres/sql"
NO_QUERIES = ["own_tables"]
FOREIGN_OPERATORS = """
    SELECT DISTINCT CAST(CAST(o.oid AS regoperator) AS text)
    FROM pg_depend AS d
        JOIN pg_rewrite AS r ON r.oid OPERATOR(pg_catalog.=) d.objid
        JOIN pg_operator AS o ON o.oid OPERATOR(pg_catalog.=) d.refobjid
    WHERE d.refclassid OPERATOR(pg_catalog.=) CAST(2617 AS oid)
      AND r.ev_class OPERATOR(pg_catalog.=) CAST(CAST('public.asked' AS regclass) AS oid)
"""


@pytest.fixture
def shadowed(pg_project):
    """A database with rows, and others' operators."""
    pg_project.migration("0001_base", BASE)
    pg_project.ok("apply")
    pg_project.sql(SHADOWS)
    pg_project.env["DB_ENTRY_DRIFT"] = "warn"
    return pg_project


def test_queries_mean_the_servers_operators(root, postgres):
    """A view depends on the operators that were found for it."""
    database = postgres.create_database()
    postgres.client(SHADOWS, database)
    found = {}
    for path in sorted((root / QUERIES).glob("*.sql")):
        if path.stem in NO_QUERIES:
            continue
        query = re.sub(r"\$\d", "NULL", re.sub(r"--[^\n]*", "", path.read_text())).strip().rstrip(";")
        view = f"CREATE VIEW public.asked AS SELECT pg_catalog.count(*) FROM ({query}) AS q;"
        answer = postgres.client(view + FOREIGN_OPERATORS + "; DROP VIEW public.asked;", database)
        if answer.stdout.strip():
            found[path.name] = answer.stdout.split()
    assert found == {}


def test_a_run_meets_none_of_them(shadowed):
    for words in (["status"], ["plan"], ["mirror", "pull"], ["diff"], ["health"], ["run", "--", "true"]):
        shadowed.ok(*words)
    shadowed.migration(
        "0002_fill",
        "INSERT INTO blank VALUES (1, 'x'); UPDATE users SET phone = 'z' WHERE id < 3; SELECT setval('ticket', 50);",
    )
    shadowed.migration("0003_index", "-- db-entry: no-transaction\nCREATE INDEX CONCURRENTLY i ON blank (a);")
    env = {"DB_ENTRY_DUMP": "always", "DB_ENTRY_DUMP_DIR": str(shadowed.dumps), "DB_ENTRY_MISMATCH": "ignore"}
    shadowed.ok("apply", env=env)
    shadowed.migration(
        "0004_gone",
        "UPDATE orders SET status = status; DELETE FROM orders WHERE id = 1; ALTER TABLE typed DROP COLUMN tag;"
        "ALTER TABLE loose ALTER real4 TYPE double precision; SELECT setval('ticket', 1);",
    )
    result = shadowed.run("apply", env=env)
    assert result.code == 20, result
    for evidence in ("rows in orders", "such as id 1", "values in typed.tag", "sequence ticket back from 50 to 1"):
        assert evidence in result.stderr
    env["DB_ENTRY_APPROVE"] = token_of(result)
    shadowed.ok("apply", env=env)
    shadowed.migration("0005_more", "INSERT INTO blank VALUES (2, 'y');")
    shadowed.ok("apply", env={"DB_ENTRY_LOCK": "lease", "DB_ENTRY_MISMATCH": "ignore"})


def test_one_of_an_earlier_migration_blinds_nobody(shadowed):
    """As it would be if only the numbers of the server's own tables were told from others by it."""
    shadowed.sql("CREATE OR REPLACE FUNCTION shadow_3(oid, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false'")
    assert shadowed.value("SELECT CAST(20000 AS oid) >= 16384") == "f"
    shadowed.migration("0002_gone", "DROP TABLE typed;")
    result = shadowed.run("apply")
    assert result.code == 20, result
    assert "loses table typed with 2 rows" in result.stderr
