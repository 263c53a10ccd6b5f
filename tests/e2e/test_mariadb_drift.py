"""What everyday use does to a schema on MariaDB is no drift."""

import pytest

pytestmark = pytest.mark.server

LOG = """
CREATE TABLE log (at date NOT NULL, text text) PARTITION BY RANGE (YEAR(at)) (
    PARTITION p2025 VALUES LESS THAN (2026), PARTITION p2026 VALUES LESS THAN (2027));
CREATE TABLE spread (id integer) PARTITION BY HASH (id) PARTITIONS 2;
"""
NEW = "ALTER TABLE log ADD PARTITION (PARTITION p2027 VALUES LESS THAN (2028))"


@pytest.fixture
def live(maria_project):
    maria_project.migration("0001_log", LOG)
    maria_project.ok("apply")
    return maria_project


def found(result):
    return [event["objects"] for event in result.events if event["event"] == "drift.found"]


def test_new_partitions_are_no_drift(live):
    live.sql(NEW)
    assert not found(live.ok("run", "--", "true", log="json"))
    assert live.ok("diff", "--last-run").code == 0
    live.migration("0002_more", "ALTER TABLE log ADD COLUMN more text;")
    assert not found(live.ok("apply", log="json"))


@pytest.mark.parametrize("change, told", [
    ("ALTER TABLE log DROP PARTITION p2025", "p2025"),
    ("ALTER TABLE log REMOVE PARTITIONING", "log"),
    ("ALTER TABLE spread ADD PARTITION PARTITIONS 2", "spread"),
    ("CREATE TABLE other (a int)", "table other added"),
    ("ALTER TABLE log ADD COLUMN b int", "column log.b added"),
])
def test_what_else_is_done_beside_them_is(live, change, told):
    live.sql(NEW)
    live.sql(change)
    objects = found(live.ok("run", "--", "true", log="json"))
    assert objects and told in objects[0], objects
