"""
PostgreSQL, and db-entry killed or its connection cut at each round trip: of a run, of a backup, and
of the commands that change something. Then the history is true, nothing is lost or doubled, and the
next run makes it whole.
"""

import pytest

from support.commands import Baseline, RepairApplied, RepairRetry, Restore, Rollback
from support.lives import WAYS, Lives

pytestmark = pytest.mark.server

@pytest.fixture
def lives(pg_project):
    return Lives(pg_project, applied=3)


@pytest.mark.parametrize("first, way", zip((1, 3, 5, 7, 9, 11), WAYS))
def test_run_ended_at_every_other_round_trip(lives, first, way):
    """Each way at every twelfth."""
    assert lives.end_run_at_some(first, way, 12) > 50


def test_backup_ended_at_some_of_its_round_trips(lives):
    """Those of pg_dump. Nothing is changed without a dump, and none is left that is not whole."""
    assert lives.end_backup_at_some(WAYS, b"db-entry dump", b"c.relname IN ($2", 15) > 60


# Commands


@pytest.mark.parametrize("command, stride", [
    (Rollback, 11), (Baseline, 5), (RepairApplied, 5), (RepairRetry, 5), (Restore, 7)])
def test_command_ended_at_some_round_trips(pg_project, command, stride):
    """In one way after the other."""
    assert command(pg_project).end_at_some(stride) > 6
