"""Where db-entry is started: beside other processes, or as process 1 of a PID namespace of its own."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest

from support.process import Background, make_environment, run

UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
OUTSIDE = "beside others"
PROCESS_1 = "as process 1"


def can_unshare():
    return shutil.which("unshare") is not None and (
        subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    )


def wait_until(condition, seconds=30):
    """The first true value of the condition."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Place:
    """A project whose db-entry is started there. `mode` is a list of options."""

    def __init__(self, project, name, mode):
        self.project = project
        self.name = name
        self.prefix = UNSHARE if name == PROCESS_1 else []
        self.mode = mode
        self._started = []

    @property
    def init(self):
        return "--init" in self.mode

    def bare(self, *words):
        """db-entry's own words."""
        return [self.project.binary, *self.mode, *words]

    def words(self, *words):
        return [*self.prefix, *self.bare(*words)]

    def environment(self, env=None):
        return {**self.project.env, **(env or {})}

    def run(self, *words, env=None, **options):
        options.setdefault("cwd", self.project.folder)
        result = run(self.words(*words), env=self.environment(env), **options)
        if self.prefix and result.code < 0:  # unshare(1) ends as its child did
            result.code = 128 - result.code
        return result

    def ok(self, *words, **options):
        result = self.run(*words, **options)
        assert result.code == 0, result
        return result

    def start(self, *words, env=None, **options):
        options.setdefault("cwd", self.project.folder)
        started = Background(
            self.words(*words), env=self.environment({"DB_ENTRY_LOG": "json", **(env or {})}), **options
        )
        self._started.append(started)
        return started

    def pid(self, started):
        """Of db-entry, as seen from here."""
        if not self.prefix:
            return started.pid
        return wait_until(lambda: children(started.pid))[0]

    def application(self, started):
        """Of the application, as seen from here."""
        ours = self.pid(started)
        return wait_until(lambda: children(ours))[0] if self.init else ours

    def kill(self, started):
        """The application and its group."""
        os.killpg(self.application(started), signal.SIGKILL)

    def end(self, started, seconds=10):
        """Its exit code, which must come soon."""
        code = started.wait(seconds).code
        return 128 - code if self.prefix and code < 0 else code

    def close(self):
        for started in self._started:
            kill_family(started.pid)
            started.stop()


def children(pid):
    """The living and the dead, oldest first."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def kill_family(pid):
    """All that came from it; a test that fails leaves some."""
    family = [pid]
    for member in family:
        family += children(member)
    for member in family[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)


def state(pid):
    """R, S, T, Z and so on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def status(text):
    """A /proc/PID/status as a dict."""
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def in_terminal(terminal, words, env=None, cwd=None):
    """Start words as the leader of a terminal's session; a Popen."""

    def take():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    return subprocess.Popen(
        [str(word) for word in words], env=make_environment(env), cwd=cwd,
        stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, preexec_fn=take,
    )


@pytest.fixture
def beside(project):
    """Beside others, by exec."""
    made = Place(project, OUTSIDE, [])
    yield made
    made.close()


@pytest.fixture(params=[OUTSIDE, PROCESS_1])
def init(request, project):
    """--init, in each place."""
    if request.param == PROCESS_1 and not can_unshare():
        pytest.skip("no PID namespace can be made here")
    made = Place(project, request.param, ["--init"])
    yield made
    made.close()


@pytest.fixture(params=[(place, mode) for place in (OUTSIDE, PROCESS_1) for mode in ("exec", "init")],
                ids=lambda pair: f"{pair[0]}, {pair[1]}".replace(" ", "-"))
def anywhere(request, project):
    """Each way, in each place."""
    place, mode = request.param
    if place == PROCESS_1 and not can_unshare():
        pytest.skip("no PID namespace can be made here")
    made = Place(project, place, ["--init"] if mode == "init" else [])
    yield made
    made.close()
