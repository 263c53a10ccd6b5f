"""Commands that change something, for tests that end them at any of their round trips."""

import re

from support.lives import LOST, WAYS, Lives, RoundTrips


class Command:
    """It has a database to begin with, and says what is true of it after a life and how to go on."""

    words = lives = None

    def end_at_some(self, stride, ways=WAYS):
        """At some round trips, in one way after the other; how often."""
        number, fired, lives = 3, True, 0
        while fired:
            self.lives.begin()
            way = ways[lives % len(ways)]
            result, fired = self.lives.live(RoundTrips(number), way, *self.words, ends=True)
            if way.startswith("cut"):
                assert result.code in LOST, result
            self.check(result)
            self.go_on()
            number, lives = number + stride, lives + 1
        return lives


class Rollback(Command):
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


class Baseline(Command):
    words = ["baseline", "0006"]

    def __init__(self, project):
        self.lives = Lives(project, applied=6)
        project.sql("DROP TABLE db_entry_history, db_entry_run, db_entry_snapshot")

    def check(self, result):
        rows = self.lives.project.history()
        assert len(rows) in (0, len(self.lives.ledger.migrations))
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


class RepairApplied(Command):
    words = ["repair", "--applied", "0005"]

    def __init__(self, project):
        self.lives = leave_half(project)
        for step in self.lives.ledger.steps[1:]:
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


class RepairRetry(Command):
    words = ["repair", "--retry", "0005"]

    def __init__(self, project):
        self.lives = leave_half(project)

    def check(self, result):
        found = self.lives.ledger.judge()
        assert "0005" in found.whole or result.code != 0, result

    def go_on(self):
        self.lives.ledger.recover()


class Restore(Command):
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
