"""The static binary as process 1 of a real container, in an image with nothing else in it."""

import io
import os
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from support.places import children, state, wait_until

PROBE = Path(__file__).parent / "support" / "probe.c"
ENTRYPOINT = '["/db-entry", "--"]'

pytestmark = pytest.mark.container


def add(archive, name, data=b"", mode=0o755, folder=False):
    info = tarfile.TarInfo(name)
    info.mode = mode
    info.size = len(data)
    if folder:
        info.type = tarfile.DIRTYPE
    archive.addfile(info, io.BytesIO(data))


class Image:
    """An image of one engine."""

    def __init__(self, engine, name):
        self.call = engine.call
        self.name = name


class Started:
    """A container in the background."""

    def __init__(self, image, words):
        self.call = image.call
        self.id = self.call("run", "-d", *words).stdout.strip()

    def logs(self):
        return self.call("logs", self.id)

    def inspect(self, what):
        return self.call("inspect", "-f", "{{" + what + "}}", self.id).stdout.strip()


@pytest.fixture(scope="module")
def image(engine, root, tmp_path_factory):
    static = root / "dist" / "db-entry"
    folder = tmp_path_factory.mktemp("image")
    made = subprocess.run(["gcc", "-static", "-O1", "-o", folder / "probe", PROBE], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("no compiler that links statically")
    with tarfile.open(folder / "image.tar", "w") as archive:
        add(archive, "data", folder=True, mode=0o777)
        for name in ("db", "db/migrations", "closed"):
            add(archive, name, folder=True, mode=0o700 if name == "closed" else 0o755)
        add(archive, "db/migrations/0001_a.sql", b"CREATE TABLE a (x);\n", 0o644)
        add(archive, "db-entry", static.read_bytes())
        add(archive, "probe", (folder / "probe").read_bytes())
        add(archive, "unreadable", (folder / "probe").read_bytes(), 0o111)
        add(archive, "data-file", b"text", 0o644)
        add(archive, "script", b"#!/bin/sh\n")
    name = f"db-entry-test-pid1:{os.getpid()}"
    engine.call("import", "--change", f"ENTRYPOINT {ENTRYPOINT}", "--change",
           "ENV DB_ENTRY_DATABASE_URL=sqlite:/data/a.db", folder / "image.tar", name)
    yield Image(engine, name)
    engine.call("rmi", "-f", name)


@pytest.fixture
def started(image):
    """started(options, words): a container in the background."""
    made = []

    def start(*words):
        made.append(Started(image, with_image(image, words)))
        return made[-1]

    yield start
    for each in made:
        image.call("rm", "-f", each.id)


def with_image(image, words):
    """IMAGE in its place."""
    at = words.index("IMAGE")
    return [*words[:at], image.name, *words[at + 1:]]


def ran(image, *words):
    return image.call("run", "--rm", *with_image(image, words), check=False)


def said(done):
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.replace("\r", "").splitlines() if " " in line)


def ready(container):
    deadline = time.monotonic() + 60
    while "ready" not in container.logs().stdout:
        assert time.monotonic() < deadline, container.logs().stderr
        time.sleep(0.1)


def stop(container):
    """Within its grace of a minute: seconds, and the exit code."""
    began = time.monotonic()
    container.call("stop", "-t", "60", container.id)
    return time.monotonic() - began, int(container.inspect(".State.ExitCode"))


INIT = ("-e", "DB_ENTRY_INIT=true")
both = pytest.mark.parametrize("mode", [(), INIT], ids=["exec", "init"])


@both
def test_application(image, mode):
    seen = said(ran(image, *mode, "IMAGE", "/probe", "who"))
    assert (seen["pid"] == "1", seen["parent"] == "1") == (not mode, bool(mode))
    assert (seen["group"], seen["uid"], seen["folder"]) == (seen["pid"], "0", "/")
    assert seen["name"] == "/probe" and "null" in seen["secret"]


@both
def test_without_arguments(image, mode):
    done = ran(image, *mode, "IMAGE")
    assert done.returncode == 64 and "CMD" in done.stderr, done


@both
@pytest.mark.parametrize("word,code,words", [
    ("/no/such", 127, "no such file"), ("absent", 127, "PATH"), ("/script", 127, "/bin/sh"),
    ("/data-file", 126, "chmod +x"), ("/db", 126, "folder"), ("--version", 127, "--version")])
def test_what_cannot_be_started(image, mode, word, code, words):
    done = ran(image, *mode, "IMAGE", word)
    assert done.returncode == code and words in done.stderr, done


@both
def test_unreadable_program(image, mode):
    seen = said(ran(image, *mode, "-u", "4711:4711", "IMAGE", "/unreadable", "who"))
    assert seen["uid"] == "4711"


def test_stop_with_init(started):
    """An application that knows nothing of signals."""
    container = started(*INIT, "IMAGE", "/probe", "wait")
    ready(container)
    seconds, code = stop(container)
    assert code == 143 and seconds < 10


@both
def test_stop_of_one_that_listens(started, mode):
    container = started(*mode, "IMAGE", "/probe", "listen")
    ready(container)
    seconds, code = stop(container)
    assert code == 5 and seconds < 10


@both
def test_stop_while_waiting(started, mode):
    container = started(*mode, "-e", "DB_ENTRY_WAIT_FOR=file:/never", "-e", "DB_ENTRY_WAIT_TIMEOUT=10m",
                        "IMAGE", "/probe", "wait")
    deadline = time.monotonic() + 60
    while "/never" not in container.logs().stderr:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    seconds, code = stop(container)
    assert code == 143 and seconds < 10


def test_no_zombies_with_init(started):
    container = started(*INIT, "IMAGE", "/probe", "orphan")
    ready(container)
    ours = int(container.inspect(".State.Pid"))
    if not Path(f"/proc/{ours}/root").exists() or not children(ours):
        pytest.skip("the engine is on another machine")
    application = children(ours)[0]
    wait_until(lambda: children(ours) == [application])
    # Three children of its own are the application's to reap. Theirs were ours.
    assert [state(pid) for pid in children(application)] == ["Z"] * 3
    assert stop(container)[1] == 143


@both
def test_user_without_passwd(image, mode):
    done = ran(image, *mode, "-e", "DB_ENTRY_USER=4711", "IMAGE", "/probe", "who")
    seen = said(done)
    assert (seen["uid"], seen["gid"], seen["groups"], seen["home"]) == ("4711", "4711", "4711", "/")
    done = ran(image, *mode, "-e", "DB_ENTRY_USER=app", "IMAGE", "/probe", "who")
    assert done.returncode == 78 and "1000:1000" in done.stderr, done


@both
def test_user_may_open_its_streams(image, mode):
    done = ran(image, *mode, "-e", "DB_ENTRY_USER=4711", "IMAGE", "/probe", "device")
    assert done.stdout == "through the device\n", done


@both
def test_user_in_a_restricted_container(image, mode):
    """Kubernetes' runAsUser, with the image's own DB_ENTRY_USER."""
    restricted = ("--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--tmpfs=/data:mode=1777")
    seen = said(ran(image, *mode, *restricted, "-u", "4711:0", "--group-add=99",
                    "-e", "DB_ENTRY_USER=4711", "IMAGE", "/probe", "who"))
    assert (seen["uid"], seen["gid"]) == ("4711", "0") and "99" in seen["groups"].split()
    done = ran(image, *mode, *restricted, "-u", "4712", "-e", "DB_ENTRY_USER=4711", "IMAGE", "/probe", "who")
    assert done.returncode == 78 and "runs as user 4712" in done.stderr, done
    done = ran(image, *mode, *restricted, "-e", "DB_ENTRY_USER=4711", "IMAGE", "/probe", "who")
    assert done.returncode == 78 and "SETUID and SETGID" in done.stderr, done


@both
def test_folder(image, mode):
    seen = said(ran(image, *mode, "-e", "DB_ENTRY_CHDIR=/data", "IMAGE", "/probe", "who"))
    assert seen["folder"] == "/data"
    done = ran(image, *mode, "-e", "DB_ENTRY_CHDIR=/closed", "-e", "DB_ENTRY_USER=4711", "IMAGE", "/probe", "who")
    assert done.returncode == 78 and "/closed" in done.stderr, done


@both
def test_terminal(image, mode):
    seen = said(ran(image, *mode, "-t", "IMAGE", "/probe", "who"))
    assert seen["foreground"] == seen["group"] == seen["pid"]


def test_termination_message(image, tmp_path):
    message = tmp_path / "message"
    message.write_text("older")
    done = ran(image, "-v", f"{message}:/dev/termination-log", "IMAGE", "/no/such")
    assert done.returncode == 127
    assert message.read_text().startswith("✗ can't execute /no/such")
    message.write_text("kept")
    said(ran(image, "-v", f"{message}:/dev/termination-log", "IMAGE", "/probe", "who"))
    assert message.read_text() == "kept"
