"""What everyday use does to a schema on PostgreSQL is no drift."""

import pytest

pytestmark = pytest.mark.server

LOG = """
CREATE TABLE log (at date NOT NULL, text text) PARTITION BY RANGE (at);
CREATE INDEX log_at ON log (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
"""
NEW = "CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')"


@pytest.fixture
def live(pg_project):
    pg_project.migration("0001_log", LOG)
    pg_project.ok("apply")
    return pg_project


def found(result):
    return [event["objects"] for event in result.events if event["event"] == "drift.found"]


def test_new_partitions_are_no_drift(live):
    live.sql(NEW)
    assert not found(live.ok("run", "--", "true", log="json"))
    assert live.ok("diff", "--last-run").code == 0
    live.migration("0002_more", "ALTER TABLE log ADD COLUMN more text;")
    assert not found(live.ok("apply", log="json"))


@pytest.mark.parametrize("change, told", [
    ("DROP TABLE log_1", "table log_1 removed"),
    ("ALTER TABLE log DETACH PARTITION log_1", "table log_1 changed"),
    ("CREATE TABLE other (a int)", "table other added"),
    ("ALTER TABLE log ADD COLUMN b int", "column log.b added"),
])
def test_what_else_is_done_beside_them_is(live, change, told):
    live.sql(NEW)
    live.sql(change)
    told_here = "".join(found(live.ok("run", "--", "true", log="json")))
    assert told in told_here and "log_2 added" not in told_here


def test_an_updated_extension_is_none(live):
    versions = live.sql(
        "SELECT version FROM pg_available_extension_versions WHERE name = 'pg_trgm' ORDER BY 1")
    if len(versions) < 2:
        pytest.skip("no extension with two versions here")
    live.sql(f"CREATE EXTENSION pg_trgm VERSION '{versions[0][0]}'")
    live.ok("repair", "--accept-drift")
    live.sql(f"ALTER EXTENSION pg_trgm UPDATE TO '{versions[-1][0]}'")
    assert not found(live.ok("run", "--", "true", log="json"))
    live.sql("DROP EXTENSION pg_trgm")
    assert "pg_trgm removed" in "".join(found(live.ok("run", "--", "true", log="json")))
