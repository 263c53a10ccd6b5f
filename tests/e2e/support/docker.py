"""
A container engine for tests: the one that answers, else one of our own, started for this run and
ended with it. Its images stay in the cache for the next run.
"""

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "db-entry"
START_SECONDS = 60
GUARD = 120  # seconds; longer than what is waited for inside
AT_ONCE = 10  # seconds; what must stop at once stands before an obstacle of a minute and more
LABEL = "db-entry-test"
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true")


class NoEngine(Exception):
    """None can be had; says why."""


def say(done):
    return f"{' '.join(map(str, done.args))}\nexit {done.returncode}\n{done.stdout}{done.stderr}"


class Engine:
    """Commands of `docker` against one engine. Workers and other test runs share it."""

    def __init__(self):
        self.folder = CACHE / "engine"
        self.env = dict(os.environ)
        self._process = None
        self._users = None

    # Which one

    def start(self):
        if shutil.which("docker") is None:
            raise NoEngine("there is no `docker`: apt-get install docker.io")
        if not self._answers():
            self._share()
        if subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode:
            self.env.update(DOCKER_BUILDKIT="0", COMPOSE_DOCKER_CLI_BUILD="0")

    def _answers(self):
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            env=self.env, capture_output=True, timeout=GUARD, check=False,
        )
        return asked.returncode == 0

    @contextlib.contextmanager
    def lock(self, name, how=fcntl.LOCK_EX):
        """Of all test runs on this machine, one at a time."""
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / f"{name}.lock", "w", encoding="ascii") as file:
            fcntl.flock(file, how)
            yield file

    def _share(self):
        """Our own engine: who finds none starts it, and stops it when all others are done."""
        if os.geteuid() != 0 or shutil.which("dockerd") is None:
            raise NoEngine("no engine answers, and only root with dockerd can start one")
        with self.lock("engine-start"):
            self._users = open(CACHE / "engine-users.lock", "w", encoding="ascii")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            self.env["DOCKER_HOST"] = f"unix://{self.folder}/docker.sock"
            if not self._answers():
                self._launch()

    def _launch(self):
        # On a machine that was started without an init system nobody has mounted them.
        if not os.path.ismount("/sys/fs/cgroup") and shutil.which("cgroupfs-mount"):
            subprocess.run(["cgroupfs-mount"], check=False)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "pid").unlink(missing_ok=True)
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", "dockerd", "--host", self.env["DOCKER_HOST"],
                 "--data-root", self.folder / "data", "--exec-root", self.folder / "run",
                 "--pidfile", self.folder / "pid"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = (self.folder / "log").read_text(errors="replace").splitlines()[-1:]
                self.stop()
                raise NoEngine(f"dockerd does not start: {''.join(last)}")
            time.sleep(0.2)

    def stop(self):
        if self._process is not None:
            fcntl.flock(self._users, fcntl.LOCK_EX)
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._users is not None:
            self._users.close()

    # Commands

    def call(self, *words, check=True, timeout=GUARD, **options):
        """One command of `docker`, to its end."""
        return self.command(["docker", *words], check, timeout, **options)

    def command(self, words, check=True, timeout=GUARD, **options):
        """The same of any program that talks to the engine."""
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(
            list(map(str, words)), env={**self.env, **options.pop("env", {})}, capture_output=True,
            text=True, timeout=timeout, check=False, **options,
        )
        assert not check or done.returncode == 0, say(done)
        return done

    def build(self, tag, dockerfile, **files):
        """An image from the text of a Dockerfile, and files; its name."""
        with tempfile.TemporaryDirectory(prefix="db-entry-context-") as folder:
            for name, text in {"Dockerfile": dockerfile, **files}.items():
                Path(folder, name).write_text(text, encoding="utf-8")
            self.call("build", "-t", f"{LABEL}/{tag}", folder, timeout=600)
        return f"{LABEL}/{tag}"

    def compose(self):
        """The words that call Compose, of whichever age; None when there is none."""
        if self.call("compose", "version", check=False).returncode == 0:
            return ["docker", "compose"]
        return ["docker-compose"] if shutil.which("docker-compose") else None


class Container:
    """One that was started in the background."""

    def __init__(self, engine, number):
        self.engine = engine
        self.id = number

    def inspect(self):
        return json.loads(self.engine.call("inspect", self.id).stdout)[0]

    def running(self):
        return self.inspect()["State"]["Running"]

    def logs(self):
        """Both streams, each in its order."""
        done = self.engine.call("logs", self.id)
        return done.stdout + done.stderr

    def wait(self, timeout=GUARD):
        """Its exit code."""
        return int(self.engine.call("wait", self.id, timeout=timeout).stdout)

    def execute(self, *words, check=True, **options):
        return self.engine.call("exec", self.id, *words, check=check, **options)

    def until(self, text, timeout=60):
        """Wait until the log has this; fails when it ends without."""
        deadline = time.monotonic() + timeout
        while True:
            running, log = self.running(), self.logs()
            if text in log:
                return log
            assert running and time.monotonic() < deadline, f"no {text!r} in\n{log}"
            time.sleep(0.2)

    def stop(self, seconds=60):
        """As `docker stop` does; the seconds it took and the exit code."""
        began = time.monotonic()
        self.engine.call("stop", "-t", seconds, self.id)
        return time.monotonic() - began, self.inspect()["State"]["ExitCode"]


class Yard:
    """What one test makes: containers, volumes and a network, all removed with it."""

    _numbers = itertools.count(1)

    def __init__(self, engine):
        self.engine = engine
        self.name = f"{LABEL}-{os.getpid()}-{next(self._numbers)}"
        self._network = None
        self._projects = []

    def network(self):
        if self._network is None:
            self.engine.call("network", "create", "--label", f"{LABEL}={self.name}", self.name)
            self._network = self.name
        return self._network

    def volume(self, name):
        """A volume of that name, empty at first; for `volumes`."""
        full = f"{self.name}-{name}"
        self.engine.call("volume", "create", "--label", f"{LABEL}={self.name}", full)
        return full

    def _words(self, env, volumes, options):
        words = ["--label", f"{LABEL}={self.name}"]
        for name, value in (env or {}).items():
            words += ["-e", f"{name}={value}"]
        for source, target in (volumes or {}).items():
            words += ["-v", f"{source}:{target}"]
        return [*words, *options]

    def run(self, image, *command, env=None, volumes=None, options=()):
        """To its end: code, output, log."""
        words = self._words(env, volumes, options)
        return self.engine.call("run", "--rm", *words, image, *command, check=False)

    def start(self, image, *command, name=None, env=None, volumes=None, options=()):
        """In the background. `name` is the host name that others on the network know it by."""
        words = self._words(env, volumes, options)
        if name:
            words += ["--network-alias", name]
        made = self.engine.call("run", "-d", *words, image, *command)
        return Container(self.engine, made.stdout.strip())

    def compose(self, folder, env=None):
        """A Compose project in that folder."""
        made = Compose(self.engine, folder, self.name, env or {})
        self._projects.append(made)
        return made

    def close(self):
        for project in self._projects:
            project.call("down", "-v", "--remove-orphans", "-t", "5", check=False)
        mine = ["--filter", f"label={LABEL}={self.name}"]
        for kind, remove in (("container", ["rm", "-f", "-v"]), ("volume", ["rm"]), ("network", ["rm"])):
            listing = [kind, "ls", "-q", *(["-a"] if kind == "container" else []), *mine]
            found = self.engine.call(*listing).stdout.split()
            if found:
                self.engine.call(kind, *remove, *found, check=False)


class Compose:
    """One project of Compose."""

    def __init__(self, engine, folder, name, env):
        self.engine = engine
        self.folder = folder
        self.name = name
        self.env = env
        self.words = engine.compose()

    def call(self, *words, check=True, timeout=300):
        return self.engine.command(
            [*self.words, "-p", self.name, *words], check=check, timeout=timeout, cwd=self.folder,
            env={**self.env, "COMPOSE_ANSI": "never"},
        )

    def containers(self, service):
        numbers = self.call("ps", "-a", "-q", service).stdout.split()
        return [Container(self.engine, number) for number in numbers]

    def until_healthy(self, service, timeout=90):
        """Wait until all containers of the service say they are well."""
        deadline = time.monotonic() + timeout
        while True:
            states = [c.inspect()["State"] for c in self.containers(service)]
            health = [state.get("Health", {}).get("Status", state["Status"]) for state in states]
            if health and set(health) == {"healthy"}:
                return
            assert time.monotonic() < deadline, f"{service}: {health}\n{self.call('logs').stdout}"
            time.sleep(0.5)
