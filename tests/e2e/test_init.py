"""--init: db-entry as the application's parent, beside other processes and as process 1."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.places import can_unshare, children, state, status, wait_until

# It writes down each signal it gets; so does a child in its group.
LISTENER = """
import os, signal, sys
log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
numbers = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
if len(sys.argv) > 2 and os.fork() == 0:
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(log, b"ready\\n")
while True:
    os.write(log, f"{int(signal.sigwait(numbers))}\\n".encode())
"""
FORWARDED = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD})


def start_listener(init, *more):
    init.project.write("listener.py", LISTENER)
    started = init.start("--", "/usr/bin/python3", "listener.py", "first", *more)
    for name in ("first", *more):
        wait_until(lambda: "ready" in heard(init, name))
    return started


def heard(init, name):
    path = init.project.folder / name
    return path.read_text().split() if path.exists() else []


def idle(init, script="echo >ready; exec sleep 1000", **options):
    """An application that is there and knows nothing of signals."""
    started = init.start("--", "sh", "-c", script, **options)
    wait_until((init.project.folder / "ready").exists)
    return started


# --- Signals


def test_every_signal_reaches_the_whole_group(init):
    started = start_listener(init, "second")
    pid = init.pid(started)
    for number in FORWARDED:
        os.kill(pid, number)
        for name in ("first", "second"):
            wait_until(lambda: str(int(number)) in heard(init, name))
    init.kill(started)
    assert init.end(started) == 137


def test_sigchld_is_our_own(init):
    started = start_listener(init)
    os.kill(init.pid(started), signal.SIGCHLD)
    os.kill(init.pid(started), signal.SIGUSR1)
    wait_until(lambda: str(int(signal.SIGUSR1)) in heard(init, "first"))
    assert started.process.poll() is None
    os.kill(init.application(started), signal.SIGKILL)
    assert init.end(started) == 137


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP])
def test_application_without_a_handler_ends_at_once(init, number):
    """As process 1 it would ignore it, and docker stop wait its whole grace."""
    started = idle(init, "ulimit -c 0; echo >ready; exec sleep 1000")
    os.kill(init.pid(started), number)
    assert init.end(started) == 128 + number


def test_application_that_left_its_group(init):
    if init.prefix:
        pytest.skip("process 1 is in no group that can be joined")
    init.project.write("leave.py", """
        import os, pathlib, signal
        os.setpgid(0, os.getpgid(os.getppid()))
        pathlib.Path("ready").touch()
        signal.pause()
    """)
    started = init.start("--", "/usr/bin/python3", "leave.py")
    wait_until((init.project.folder / "ready").exists)
    os.kill(init.pid(started), signal.SIGTERM)
    assert init.end(started) == 143


def test_application_that_left_others_in_its_group(init):
    init.project.write("leave.py", """
        import os, pathlib, signal
        if os.fork() == 0:
            signal.pause()
        other = os.fork()
        if other == 0:
            signal.pause()
        os.setpgid(other, other)
        os.setpgid(0, other)
        signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
        pathlib.Path("ready").touch()
        signal.pause()
    """)
    started = init.start("--", "/usr/bin/python3", "leave.py")
    wait_until((init.project.folder / "ready").exists)
    os.kill(init.pid(started), signal.SIGTERM)
    assert init.end(started) == 137


def test_stopped_and_continued(init):
    started = idle(init)
    application = init.application(started)
    os.kill(init.pid(started), signal.SIGTSTP)
    wait_until(lambda: state(application) == "T")
    os.kill(init.pid(started), signal.SIGCONT)
    wait_until(lambda: state(application) == "S")
    os.kill(init.pid(started), signal.SIGTERM)
    assert init.end(started) == 143


# --- Reaping


def test_orphans_are_adopted_and_reaped(init):
    """More than one, at once and one by one, dead before and after the others."""
    orphans = 'for i in 1 2 3 4 5 6 7 8; do (sleep 0.$i & echo $! >>orphans); done; '
    started = idle(init, orphans + "(sleep 900 & echo $! >>orphans); echo >ready; exec sleep 1000")
    ours = init.pid(started)
    application = init.application(started)
    wait_until(lambda: len(children(ours)) == 2)
    left = [pid for pid in children(ours) if pid != application]
    assert [state(pid) for pid in left] == ["S"]
    os.kill(left[0], signal.SIGKILL)
    wait_until(lambda: children(ours) == [application])
    os.kill(ours, signal.SIGTERM)
    assert init.end(started) == 143


def test_orphan_s_status_is_not_the_application_s(init):
    result = init.run("--", "sh", "-c", "(sh -c 'sleep 0.1; exit 9' &); sleep 0.5; exit 4")
    assert result.code == 4, result


def test_orphan_does_not_hold_up_the_end(init):
    started = init.start("--", "sh", "-c", "(sleep 60 >/dev/null 2>&1 & echo $! >orphan); exit 6")
    assert init.end(started) == 6
    if not init.prefix:
        os.kill(int((init.project.folder / "orphan").read_text()), signal.SIGKILL)


# --- What it holds on to: nothing


def test_it_sleeps_for_good(init):
    started = idle(init)
    pid = init.pid(started)
    wait_until(lambda: state(pid) == "S")

    def woken():
        seen = status(Path(f"/proc/{pid}/status").read_text())
        return seen["voluntary_ctxt_switches"], seen["nonvoluntary_ctxt_switches"]

    time.sleep(0.3)
    before = woken()
    time.sleep(3)
    assert woken() == before
    os.kill(pid, signal.SIGTERM)
    assert init.end(started) == 143


def test_it_has_no_descriptor_and_no_folder(init):
    read, write = os.pipe()
    started = idle(init, pass_fds=[write])
    os.close(write)
    pid = init.pid(started)
    folder = Path(f"/proc/{pid}/fd")
    wait_until(lambda: {os.readlink(path) for path in folder.iterdir()} == {"/dev/null"})
    assert sorted(path.name for path in folder.iterdir()) == ["0", "1", "2"]
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    os.kill(init.application(started), signal.SIGKILL)
    os.set_blocking(read, True)
    assert os.read(read, 1) == b""
    os.close(read)
    assert init.end(started) == 137


def test_reader_sees_the_end_of_what_the_application_closes(init):
    if init.prefix:
        pytest.skip("unshare(1) holds on to them")
    started = init.start("--", "sh", "-c", "echo all; exec >&- 2>&-; echo >ready; exec sleep 1000")
    wait_until((init.project.folder / "ready").exists)
    for reader in started._readers:
        reader.join(10)
        assert not reader.is_alive()
    assert started.process.poll() is None
    os.kill(init.pid(started), signal.SIGTERM)
    assert init.end(started) == 143


def test_it_has_no_descriptor_where_dev_null_is_missing(beside):
    if os.geteuid() != 0 or not can_unshare():
        pytest.skip("only root mounts")
    words = beside.bare("--init", "--", "sh", "-c", "exec >&- 2>&-; exec sleep 1000")
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"]
    with subprocess.Popen(
        [*unshare, 'mount -t tmpfs none /dev && exec "$@"', "sh", *words],
        env={"PATH": os.environ["PATH"], **beside.environment()}, cwd=beside.project.folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as started:
        try:
            pid = wait_until(lambda: children(started.pid))[0]
            wait_until(lambda: os.readlink(f"/proc/{pid}/cwd") == "/")
            folder = Path(f"/proc/{pid}/fd")
            wait_until(lambda: {os.readlink(path) for path in folder.iterdir()} == {"/"})
        finally:
            started.kill()


def is_sanitized(binary):
    """A sanitizer copies the environment for itself."""
    return b"__asan_init" in Path(binary).read_bytes()


def holds(pid, secret):
    """Anywhere in what it may write."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            area, rights = line.split()[:2]
            first, last = (int(number, 16) for number in area.split("-"))
            if rights.startswith("rw") and "[vvar" not in line:
                memory.seek(first)
                if secret in memory.read(last - first):
                    return True
    return False


def test_it_tells_no_secret(init):
    """Our environment can be read by whoever is the same user, as long as we are there."""
    url = init.project.env["DB_ENTRY_DATABASE_URL"]
    started = idle(init, env={"OTHER": "sesame", "DB_ENTRY_ENV_REMOVE": "OTHER"})
    pid = init.pid(started)
    for path in (f"/proc/{pid}/environ", f"/proc/{init.application(started)}/environ"):
        environment = Path(path).read_bytes()
        assert url.encode() not in environment and b"sesame" not in environment
        assert b"LC_ALL=C.UTF-8" in environment
    assert is_sanitized(init.project.binary) or not holds(pid, b"OTHER=sesame")
    os.kill(pid, signal.SIGTERM)
    assert init.end(started) == 143


# --- As a setting


@pytest.mark.parametrize("value,parent", [("true", True), ("1", True), ("false", False), ("0", False), ("", False)])
def test_setting(beside, value, parent):
    said = beside.ok("--", "sh", "-c", "echo $PPID", env={"DB_ENTRY_INIT": value}).stdout
    assert (int(said) != os.getpid()) == parent


def test_option_wins_and_takes_a_value(beside):
    script = ["--", "sh", "-c", "echo $PPID"]
    env = {"DB_ENTRY_INIT": "true"}
    assert int(beside.ok("--init=false", *script, env=env).stdout) == os.getpid()
    assert int(beside.ok("run", "--init=true", *script).stdout) != os.getpid()
    for words in (["--init=maybe"], ["--init="]):
        assert beside.run(*words, *script).code == 78
    assert beside.run("--init", "true", "--", "true").code == 64, "its value is behind a ="


def test_inner_commands_do_without(beside):
    assert beside.ok("--init", "--", "db-entry", "version").stdout.startswith("db-entry ")


def test_ends_with_its_runner_killed_as_process_1(init):
    """As process 1 nothing outlives us."""
    if not init.prefix:
        pytest.skip("only process 1 takes all others along")
    started = idle(init)
    application = init.application(started)
    os.kill(init.pid(started), signal.SIGKILL)
    init.end(started)
    wait_until(lambda: not Path(f"/proc/{application}").exists())


def test_like_tini(init):
    """Where tini is installed: the same exit codes."""
    try:
        subprocess.run(["tini", "--version"], capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("tini is not installed")
    for script in ("exit 0", "exit 3", "kill -TERM $$", "kill -KILL $$", "(exit 9) & wait; exit 200"):
        theirs = subprocess.run(["tini", "-s", "--", "sh", "-c", script], capture_output=True, check=False)
        assert init.run("--", "sh", "-c", script).code == theirs.returncode, script
