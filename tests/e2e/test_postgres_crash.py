"""
PostgreSQL, and db-entry killed or its connection cut at each round trip: of a run, of a backup, and
of the commands that change something. Then the history is true, nothing is lost or doubled, and the
next run makes it whole.
"""

import re

import pytest

from support.pg_ledger import MIGRATIONS
from support.pg_lives import WAYS, Inside, Lives, RoundTrips

pytestmark = pytest.mark.server

# What a connection that is lost ends with; waiting, and at a COMMIT, it is made anew.
LOST = (0, 23, 24, 69)


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
        when = Inside(b"db-entry dump", b"CREATE TABLE IF NOT EXISTS", number)
        result, fired = lives.live(when, way, "apply", env=env)
        if fired:
            assert result.code == 25 or not way.startswith("cut"), result
            assert lives.ledger.judge().whole == {"0001", "0002", "0003"}
            assert list(project.dumps.glob("backup-*")) == [], result
        number += 15
    assert number > 60
    lives.ledger.recover()


# Commands. Each has a database to begin with, and says what is true of it after a life and how to
# go on.


class Rollback:
    words = ["rollback", "--to", "0003"]
    kept = {"0001", "0002", "0003"}

    def __init__(self, project):
        self.lives = Lives(project, applied=6)
        self.approve(project.ok(*self.words, "--plan").stdout)
        # What the proof finds beyond that, one part after the other.
        result = None
        while result is None or result.code == 20:
            self.lives.begin()
            result = project.run(*self.words)
            self.approve(result.stderr)
        assert result.code == 0, result

    def approve(self, text):
        tokens = re.findall(r"[0-9]+@down:[0-9a-f]+", text)
        self.lives.project.env["DB_ENTRY_APPROVE"] += " " + " ".join(tokens)

    def check(self, result):
        found = self.lives.ledger.judge()
        assert self.kept <= found.whole
        if result.code == 0:
            assert found.whole == self.kept, result

    def go_on(self):
        self.lives.ledger.recover()
        self.lives.project.ok(*self.words)
        assert self.lives.ledger.judge().whole == self.kept


class Baseline:
    words = ["baseline", "0006"]

    def __init__(self, project):
        self.lives = Lives(project, applied=6)
        project.sql("DROP TABLE db_entry_history, db_entry_run, db_entry_snapshot")

    def check(self, result):
        rows = self.lives.project.history()
        assert len(rows) in (0, len(MIGRATIONS))
        assert rows or result.code != 0, result

    def go_on(self):
        if not self.lives.project.history():
            self.lives.project.ok(*self.words)
        assert self.lives.ledger.recover().complete


def leave_half(project):
    """0005 with one statement done, since the second one failed, and a Lives with that."""
    lives = Lives(project, applied=4)
    project.sql("ALTER TABLE orders ADD CONSTRAINT no CHECK (amount <> 30)")
    result = project.run("apply", env={"DB_ENTRY_DRIFT": "ignore"})
    assert result.code == 24, result
    project.sql("ALTER TABLE orders DROP CONSTRAINT no")
    assert lives.ledger.judge().done == 1
    return lives


class RepairApplied:
    words = ["repair", "--applied", "0005"]

    def __init__(self, project):
        self.lives = leave_half(project)
        for step in ("INSERT INTO orders (customer_id, amount) VALUES (2, 30)",
                     "CREATE TABLE tidied (id integer PRIMARY KEY)"):
            project.sql(step)

    def _state(self):
        return {row[0]: row[2] for row in self.lives.project.history()}["0005"]

    def check(self, result):
        state = self._state()
        assert state in ("started", "applied")
        assert state == "applied" or result.code != 0, result

    def go_on(self):
        if self._state() == "started":
            self.lives.project.ok(*self.words)
        self.lives.ledger.recover()


class RepairRetry:
    words = ["repair", "--retry", "0005"]

    def __init__(self, project):
        self.lives = leave_half(project)

    def check(self, result):
        found = self.lives.ledger.judge()
        assert "0005" in found.whole or result.code != 0, result

    def go_on(self):
        self.lives.ledger.recover()


class Restore:
    def __init__(self, project):
        self.lives = Lives(project, applied=6)
        env = {"DB_ENTRY_DUMP": None, "DB_ENTRY_DUMP_DIR": str(project.dumps)}
        made = project.ok("dump", env=env).stdout.strip()
        self.words = ["restore", made, "--yes", "--other-database"]
        project.env["DB_ENTRY_DUMP_DIR"] = str(project.dumps)
        project.sql("CREATE TABLE later (a integer)")

    def check(self, result):
        found = self.lives.ledger.judge()
        assert found.complete
        assert "later" not in found.there or result.code != 0, result

    def go_on(self):
        self.lives.project.ok(*self.words)
        found = self.lives.ledger.judge()
        assert found.complete and "later" not in found.there


@pytest.mark.parametrize("command, stride", [
    (Rollback, 11), (Baseline, 5), (RepairApplied, 5), (RepairRetry, 5), (Restore, 7)])
def test_command_ended_at_some_round_trips(pg_project, command, stride):
    """In one way after the other."""
    made = command(pg_project)
    number, fired, lives = 3, True, 0
    while fired:
        made.lives.begin()
        way = WAYS[lives % len(WAYS)]
        result, fired = made.lives.live(RoundTrips(number), way, *made.words)
        if way.startswith("cut"):
            assert result.code in LOST, result
        made.check(result)
        made.go_on()
        number, lives = number + stride, lives + 1
    assert lives > 6
