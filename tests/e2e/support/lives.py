"""One life of db-entry after the other, each ended at another point, on copies of one database."""

import signal
import threading

from support import maria_ledger, pg_ledger


class RoundTrips:
    """
    Picks the `number`-th round trip for a Gate. Of those that read the schema, which are many and
    change nothing, each time the first is counted.
    """

    def __init__(self, number):
        self.left = number
        self.reading = False

    def __call__(self, request):
        reading, self.reading = self.reading, b"SAVEPOINT db_entry_schema; SELECT" in request or (
            self.reading and b"ROLLBACK TO SAVEPOINT" not in request)
        if not (reading and self.reading):
            self.left -= 1
        return self.left == 0


class Phase:
    """Picks the first round trip with these words, once the words before were seen."""

    def __init__(self, *words):
        self.words = list(words)

    def __call__(self, request):
        if self.words[0] not in request:
            return False
        self.words.pop(0)
        return not self.words


class Inside:
    """Picks the `number`-th round trip from the one with a word on, and none from another on."""

    def __init__(self, begin, end, number):
        self.begin = begin
        self.end = end
        self.left = number
        self.begun = False

    def __call__(self, request):
        self.begun = self.begun or self.begin in request
        if self.begun and self.end in request:
            self.left = 0
        self.left -= self.begun
        return self.begun and self.left == 0


LEDGERS = {"postgresql": pg_ledger.Ledger, "mariadb": maria_ledger.Ledger}


class Lives:
    """`applied` migrations are in the database that each life gets a copy of."""

    def __init__(self, project, applied):
        self.ledger = LEDGERS[project.server.scheme](project)
        self.project = project
        later = [path for path in project.folder.glob("db/migrations/*")
                 if int(path.name[:4]) > applied]
        kept = {path: path.read_text() for path in later}
        for path in later:
            path.unlink()
        if applied > 0:
            project.ok("apply")
        for path, text in kept.items():
            path.write_text(text)
        self.template = project.database
        self.url = project.env["DB_ENTRY_DATABASE_URL"]

    def begin(self):
        """A fresh copy."""
        if self.project.database != self.template:
            self.project.server.drop_database(self.project.database)
        self.project.database = self.project.server.create_database(self.template)
        self.project.env["DB_ENTRY_DATABASE_URL"] = self.url.replace(
            f"/{self.template}", f"/{self.project.database}")

    def through(self, gate):
        """The environment of a process that goes through it."""
        port = self.project.server.port
        url = self.project.env["DB_ENTRY_DATABASE_URL"].replace(f":{port}/", f":{gate.port}/")
        return {"DB_ENTRY_DATABASE_URL": url}

    def start(self, when, act, *words, after=False, env=None):
        """A process, and the gate it goes through. `act(process)`; None cuts the connection."""
        started = threading.Event()
        process = []

        def on_it():
            started.wait()
            return act(process[0])

        gate = self.project.gate(when, act and on_it, after)
        process.append(self.project.start(*words, env={**(env or {}), **self.through(gate)}))
        started.set()
        return process[0], gate

    def live(self, when, way, *words, env=None, ends=False):
        """
        To the end, whichever comes first: its Result, and whether `when` picked anything. What
        `ends` by itself, and starts nothing, may have done all when it is told.
        """
        how, moment = way.split(" ")
        act = self._drop if how == DROP else ACTS[how]
        process, gate = self.start(
            when, act, *words, after=moment == "after", env=env)
        result = process.wait()
        gate.close()
        expected = {"killed": -signal.SIGKILL, "terminated": 128 + signal.SIGTERM}.get(how)
        # What was told behind the last thing to do finds it done.
        late = way == "terminated after" or (ends and how == "terminated")
        allowed = {expected if gate.fired else 0} | ({0} if late else set())
        assert expected is None or result.code in allowed, result
        return result, gate.fired

    def end_run_at_some(self, first, way, stride):
        """A run ended in one way at every so many of its round trips; the number of the last one."""
        number, fired = first, True
        while fired:
            self.begin()
            result, fired = self.live(RoundTrips(number), way, "run", "--", "echo", "started")
            if way.startswith(("cut", DROP)):
                assert result.code in LOST, result
                assert (result.stdout == "started\n") == (result.code == 0), result
            found = self.ledger.recover()
            assert found.complete or result.code != 0, result
            number += stride
        return number

    def end_backup_at_some(self, ways, begins, ends, stride):
        """The same of its dump, between two requests, in one way after the other."""
        project = self.project
        env = {"DB_ENTRY_DUMP": "always", "DB_ENTRY_DUMP_DIR": str(project.dumps)}
        number, fired = 1, True
        while fired:
            self.begin()
            way = ways[number // stride % len(ways)]
            result, fired = self.live(Inside(begins, ends, number), way, "apply", env=env)
            if fired:
                assert result.code == 25 or not way.startswith(("cut", DROP)), result
                assert self.ledger.judge().whole == {"0001", "0002", "0003"}
                assert list(project.dumps.glob("backup-*")) == [], result
            number += stride
        self.ledger.recover()
        return number

    def _drop(self, _process):
        self.project.kill_sessions()
        return True


def kill(process):
    process.signal(signal.SIGKILL)


def terminate(process):
    """And let it go on to its end."""
    process.terminate()
    return True


ACTS = {"cut": None, "killed": kill, "terminated": terminate}
DROP = "dropped"  # its sessions, by the server

# What a connection that is lost ends with; waiting, and at a COMMIT, it is made anew.
LOST = (0, 23, 24, 69)

# What ends a life, and whether before the server got the request or while its answer is on its way.
WAYS = ["cut before", "killed after", "terminated before", "cut after", "killed before",
        "terminated after"]
