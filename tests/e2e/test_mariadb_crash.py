"""
MariaDB, and db-entry killed or its connection cut at each round trip: of a run, of a backup, and of
the commands that change something. Then the history is true, nothing is lost or doubled, and the
next run makes it whole.
"""

import pytest

from support.commands import Baseline, RepairApplied, RepairRetry, Restore, Rollback
from support.lives import LOST, WAYS, Inside, Lives, Phase, RoundTrips

pytestmark = pytest.mark.server

# KILL CONNECTION, too.
ALL_WAYS = [*WAYS, "dropped before", "dropped after"]


@pytest.fixture
def lives(maria_project):
    return Lives(maria_project, applied=3)


@pytest.mark.parametrize("first, way", enumerate(ALL_WAYS, 1))
def test_run_ended_at_every_other_round_trip(lives, first, way):
    """Each way at every eighth."""
    words = ["run", "--", "echo", "started"]
    number, fired = first, True
    while fired:
        lives.begin()
        result, fired = lives.live(RoundTrips(number), way, *words)
        if way.startswith(("cut", "dropped")):
            assert result.code in LOST, result
            assert (result.stdout == "started\n") == (result.code == 0), result
        found = lives.ledger.recover()
        assert found.complete or result.code != 0, result
        number += 8
    assert number > 50


def test_backup_ended_at_some_of_its_round_trips(lives):
    """Nothing is changed without a dump, and none is left that is not whole."""
    project = lives.project
    env = {"DB_ENTRY_DUMP": "always", "DB_ENTRY_DUMP_DIR": str(project.dumps)}
    number, fired = 1, True
    while fired:
        lives.begin()
        way = ALL_WAYS[number // 3 % len(ALL_WAYS)]
        when = Inside(b"WITH CONSISTENT SNAPSHOT", b"TABLE_TYPE <> 'VIEW'", number)
        result, fired = lives.live(when, way, "apply", env=env)
        if fired:
            assert result.code == 25 or not way.startswith(("cut", "dropped")), result
            assert lives.ledger.judge().whole == {"0001", "0002", "0003"}
            assert list(project.dumps.glob("backup-*")) == [], result
        number += 3
    assert number > 20
    lives.ledger.recover()


@pytest.mark.parametrize("command, stride", [
    (Rollback, 5), (Baseline, 3), (RepairApplied, 3), (RepairRetry, 3), (Restore, 7)])
def test_command_ended_at_some_round_trips(maria_project, command, stride):
    """In one way after the other."""
    assert command(maria_project).end_at_some(stride, ALL_WAYS) > 6


@pytest.mark.parametrize("way", ["terminated before", "cut before"])
def test_one_that_goes_on_ended_before_it_does(maria_project, way):
    """What was done of it is not forgotten."""
    made = RepairRetry(maria_project)
    made.lives.begin()
    judged = Phase(b"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (DATABASE()")
    _, fired = made.lives.live(judged, way, *made.words)
    assert fired
    assert made.lives.ledger.judge().done == 1
    made.go_on()
