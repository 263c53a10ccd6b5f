"""Running db-entry from outside, with a clean environment and a guard against hanging."""

import json
import os
import signal
import subprocess
import threading
import time

GUARD = 60  # seconds; nothing a test starts may run longer

# A variable of the machine the tests run on must never decide a test.
BASE_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}


def parse_events(text):
    """The JSON lines of a log; a line that is none fails the test that asked."""
    events = []
    for line in text.splitlines():
        try:
            events.append(json.loads(line))
        except ValueError as error:
            raise AssertionError(f"not a JSON line: {line!r}") from error
    return events


def readable(raw):
    """Bytes as text; what is no UTF-8 is shown, not lost."""
    return raw.decode("utf-8", errors="backslashreplace")


class Result:
    """How a process ended, and what it wrote."""

    def __init__(self, argv, code, raw_stdout, raw_stderr):
        self.argv = [readable(os.fsencode(word)) for word in argv]
        self.code = code
        self.raw_stdout = raw_stdout
        self.raw_stderr = raw_stderr
        self.stdout = readable(raw_stdout)
        self.stderr = readable(raw_stderr)

    @property
    def events(self):
        return parse_events(self.stderr)

    @property
    def event_names(self):
        return [event["event"] for event in self.events]

    @property
    def refusal(self):
        """The last event that says what was refused."""
        refusals = [event for event in self.events if "what" in event]
        assert refusals, f"no refusal in the log:\n{self}"
        return refusals[-1]

    @property
    def json(self):
        """What stdout holds, as JSON."""
        return json.loads(self.stdout)

    def __repr__(self):
        return (
            f"{' '.join(self.argv)}\nexit {self.code}\n"
            f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        )


def make_environment(env):
    """BASE_ENVIRONMENT with `env` on top; None removes a name."""
    merged = dict(BASE_ENVIRONMENT)
    # Sanitizers and coverage tell their programs where to write by variables.
    for name, value in os.environ.items():
        if name.endswith("SAN_OPTIONS") or name in ("GCOV_PREFIX", "LLVM_PROFILE_FILE"):
            merged[name] = value
    merged.update(env or {})
    return {name: str(value) for name, value in merged.items() if value is not None}


def run(argv, env=None, cwd=None, stdin=None, guard=GUARD, **options):
    """Run to the end; text in and out."""
    argv = [str(word) for word in argv]
    done = subprocess.run(
        argv,
        env=make_environment(env),
        cwd=cwd,
        input=(stdin or "").encode(),
        capture_output=True,
        timeout=guard,
        check=False,
        **options,
    )
    return Result(argv, done.returncode, done.stdout, done.stderr)


class Background:
    """A process that goes on while the test looks at it. Its log is read as it is written."""

    def __init__(self, argv, env=None, cwd=None, **options):
        self.argv = [str(word) for word in argv]
        self._lines = []
        self._stdout = b""
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            self.argv,
            env=make_environment(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        self._readers = [
            threading.Thread(target=self._read_log, daemon=True),
            threading.Thread(target=self._read_stdout, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._lines.append(None)  # the log is over
            self._changed.notify_all()

    def _read_stdout(self):
        self._stdout = self.process.stdout.read()

    @property
    def pid(self):
        return self.process.pid

    def wait_for_event(self, name, timeout=GUARD):
        """The first event of that name (DB_ENTRY_LOG=json); fails when the log ends without."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    assert line is not None, f"the log ended without {name}:\n{readable(self._log())}"
                    event = json.loads(line) if line.startswith(b"{") else {}
                    if event.get("event") == name:
                        return event
                seen = len(self._lines)
                left = deadline - time.monotonic()
                assert left > 0, f"no {name} within {timeout} s:\n{readable(self._log())}"
                self._changed.wait(left)

    def _log(self):
        return b"".join(line for line in self._lines if line is not None)

    def signal(self, number):
        self.process.send_signal(number)

    def terminate(self):
        self.signal(signal.SIGTERM)

    def wait(self, timeout=GUARD):
        """Its Result, once it has ended."""
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return Result(self.argv, code, self._stdout, self._log())

    def stop(self):
        """End it whatever it does; harmless when it has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
