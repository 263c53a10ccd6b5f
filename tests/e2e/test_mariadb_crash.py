"""
MariaDB, and db-entry killed or its connection cut at each round trip: of a run, of a backup, and of
the commands that change something. Then the history is true, nothing is lost or doubled, and the
next run makes it whole.
"""

import pytest

from support.commands import Baseline, RepairApplied, RepairRetry, Restore, Rollback
from support.lives import WAYS, Lives, Phase

pytestmark = pytest.mark.server

# KILL CONNECTION, too.
ALL_WAYS = [*WAYS, "dropped before", "dropped after"]


@pytest.fixture
def lives(maria_project):
    return Lives(maria_project, applied=3)


@pytest.mark.parametrize("first, way", enumerate(ALL_WAYS, 1))
def test_run_ended_at_every_other_round_trip(lives, first, way):
    """Each way at every eighth."""
    assert lives.end_run_at_some(first, way, 8) > 50


def test_backup_ended_at_some_of_its_round_trips(lives):
    """Nothing is changed without a dump, and none is left that is not whole."""
    assert lives.end_backup_at_some(ALL_WAYS, b"WITH CONSISTENT SNAPSHOT", b"TABLE_TYPE <> 'VIEW'", 3) > 20


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
