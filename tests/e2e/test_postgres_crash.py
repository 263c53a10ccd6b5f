"""
PostgreSQL, and db-entry killed or its connection cut at each round trip: of a run, of a backup, and
of the commands that change something. Then the history is true, nothing is lost or doubled, and the
next run makes it whole.
"""

import pytest

from support.commands import Baseline, RepairApplied, RepairRetry, Restore, Rollback
from support.lives import LOST, WAYS, Inside, Lives, RoundTrips

pytestmark = pytest.mark.server

@pytest.fixture
def lives(pg_project):
    return Lives(pg_project, applied=3)


@pytest.mark.parametrize("first, way", zip((1, 3, 5, 7, 9, 11), WAYS))
def test_run_ended_at_every_other_round_trip(lives, first, way):
    """Each way at every twelfth."""
    words = ["run", "--", "echo", "started"]
    number, fired = first, True
    while fired:
        lives.begin()
        result, fired = lives.live(RoundTrips(number), way, *words)
        if way.startswith("cut"):
            assert result.code in LOST, result
            assert (result.stdout == "started\n") == (result.code == 0), result
        found = lives.ledger.recover()
        assert found.complete or result.code != 0, result
        number += 12
    assert number > 50


def test_backup_ended_at_some_of_its_round_trips(lives):
    """Those of pg_dump. Nothing is changed without a dump, and none is left that is not whole."""
    project = lives.project
    env = {"DB_ENTRY_DUMP": "always", "DB_ENTRY_DUMP_DIR": str(project.dumps)}
    number, fired = 1, True
    while fired:
        lives.begin()
        way = WAYS[number // 15 % len(WAYS)]
        when = Inside(b"db-entry dump", b"c.relname IN ($2", number)
        result, fired = lives.live(when, way, "apply", env=env)
        if fired:
            assert result.code == 25 or not way.startswith("cut"), result
            assert lives.ledger.judge().whole == {"0001", "0002", "0003"}
            assert list(project.dumps.glob("backup-*")) == [], result
        number += 15
    assert number > 60
    lives.ledger.recover()


# Commands


@pytest.mark.parametrize("command, stride", [
    (Rollback, 11), (Baseline, 5), (RepairApplied, 5), (RepairRetry, 5), (Restore, 7)])
def test_command_ended_at_some_round_trips(pg_project, command, stride):
    """In one way after the other."""
    assert command(pg_project).end_at_some(stride) > 6
