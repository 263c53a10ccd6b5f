"""Becoming the application, or its parent, beside other processes and as process 1."""

import os
import signal
import socket

import pytest

from support.places import status, wait_until
from support.process import run

# --- What the application gets


def test_words_folder_and_environment(anywhere):
    words = ["--init", "-x", "", "two words", "$HOME", "--", "umlaut ä", "--help"]
    script = 'pwd; for word in "$0" "$@"; do echo "[$word]"; done; env'
    said = anywhere.ok("--", "sh", "-c", script, *words, env={"KEPT": "yes"}).stdout.splitlines()
    assert said[0] == str(anywhere.project.folder)
    assert said[1:9] == [f"[{word}]" for word in words]
    assert "KEPT=yes" in said and not any("DATABASE_URL" in line for line in said)


def test_name_it_is_called_by_is_kept(anywhere):
    anywhere.project.script("bin/server", "tr '\\0' '\\n' </proc/$$/cmdline")
    path = f"{anywhere.project.folder}/bin:/usr/bin:/bin"
    said = anywhere.ok("--", "server", "now", env={"PATH": path}).stdout.splitlines()
    assert said == ["/bin/sh", f"{anywhere.project.folder}/bin/server", "now"]
    link = anywhere.project.folder / "bin" / "box"
    link.symlink_to("/bin/cat")  # many images are one program under many names
    said = anywhere.ok("--", "box", "/proc/self/cmdline", env={"PATH": path}).stdout
    assert said == "box\0/proc/self/cmdline\0"


@pytest.mark.parametrize("ignored", [(), (signal.SIGHUP, signal.SIGCHLD, signal.SIGTERM)],
                         ids=["nothing-ignored", "three-ignored"])
def test_signals_as_they_came(anywhere, ignored):
    if anywhere.prefix and ignored:
        pytest.skip("unshare(1) has dispositions of its own")
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        seen = status(anywhere.ok("--", "cat", "/proc/self/status").stdout)
    finally:
        for number, action in before.items():
            signal.signal(number, action)
    own = 0b11 << 31  # glibc's posix_spawn() leaves its own 32 and 33 ignored in every child
    expected = sum(1 << (number - 1) for number in ignored)
    inherited = 0 if not anywhere.prefix else int(_outer(anywhere)["SigIgn"], 16)
    assert int(seen["SigIgn"], 16) & ~own == expected | (inherited & ~own)
    assert int(seen["SigBlk"], 16) == 0 and int(seen["SigCgt"], 16) == 0
    assert int(seen["SigPnd"], 16) == 0 and int(seen["ShdPnd"], 16) == 0


def _outer(place):
    """The same without db-entry."""
    return status(run([*place.prefix, "cat", "/proc/self/status"]).stdout)


def test_mask_as_it_came(anywhere):
    script = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM]);"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    inner = anywhere.bare("--", "cat", "/proc/self/status")
    words = [*anywhere.prefix, "/usr/bin/python3", "-c", script, *inner]
    result = run(words, env=anywhere.environment(), cwd=anywhere.project.folder)
    assert result.code == 0, result
    blocked = int(status(result.stdout)["SigBlk"], 16)
    assert blocked == 1 << (signal.SIGUSR2 - 1) | 1 << (signal.SIGTERM - 1)


def test_only_inherited_descriptors(anywhere):
    read, write = os.pipe()
    listing = ["sh", "-c", "ls -1 /proc/$$/fd; :"]
    try:
        plain = anywhere.ok("--", *listing).stdout.split()
        kept = anywhere.ok("--", *listing, pass_fds=[read]).stdout.split()
    finally:
        os.close(read)
        os.close(write)
    assert sorted(plain) == ["0", "1", "2"]
    assert sorted(kept) == sorted(["0", "1", "2", str(read)])


def test_standard_streams_that_are_closed_are_dev_null(anywhere):
    script = 'exec "$@" <&- >&-'
    inner = anywhere.bare("--", "sh", "-c", "readlink /proc/$$/fd/0 /proc/$$/fd/1 | cat >&2")
    result = run([*anywhere.prefix, "sh", "-c", script, "sh", *inner],
                 env=anywhere.environment(), cwd=anywhere.project.folder)
    assert result.code == 0 and result.stderr.splitlines()[-2:] == ["/dev/null"] * 2, result


def test_limits_as_they_came(anywhere):
    inner = anywhere.bare("--", "sh", "-c", "ulimit -Sn; ulimit -Hn; umask")
    result = run([*anywhere.prefix, "sh", "-c", 'ulimit -Sn 99; ulimit -Hn 111; umask 027; exec "$@"', "sh", *inner],
                 env=anywhere.environment(), cwd=anywhere.project.folder)
    assert result.stdout.split() == ["99", "111", "0027"], result


def test_process(anywhere):
    """By exec it is our process with all that belongs to it; else a child with a group of its own."""
    seen = anywhere.ok("--", "sh", "-c", 'read -r _ _ _ parent group session _ </proc/$$/stat; echo $$ $parent $group $session').stdout
    pid, parent, group, session = (int(word) for word in seen.split())
    if anywhere.init:
        assert group == pid != parent
        assert session != pid
    else:
        assert group != pid or pid == session
    if anywhere.prefix:
        assert (parent if anywhere.init else pid) == 1


def test_our_dead_children_are_not_left_to_it(anywhere):
    """A dump hook whose own child outlives it: as process 1 that becomes ours."""
    if not anywhere.prefix:
        pytest.skip("orphans go to process 1")
    anywhere.project.migration("0001_a", "CREATE TABLE a (x); INSERT INTO a VALUES (1);")
    anywhere.project.ok("apply")
    anywhere.project.migration("0002_b", "CREATE TABLE b (x);")
    anywhere.project.script("hook", "cat >/dev/null; (sleep 0.01 &) ; sleep 0.3; echo one")
    result = anywhere.ok(
        "--", "sh", "-c", "cat /proc/[0-9]*/stat",
        env={"DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": f'["{anywhere.project.folder}/hook"]'},
    )
    assert ") Z " not in result.stdout, result
    assert anywhere.project.applied() == ["0001", "0002"]


# --- How it ends


@pytest.mark.parametrize("code", [0, 1, 2, 78, 125, 255])
def test_exit_code(anywhere, code):
    assert anywhere.run("--", "sh", "-c", f"exit {code}").code == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_ended_by_a_signal(init, number):
    result = init.run("--", "sh", "-c", f"ulimit -c 0; kill -{int(number)} $$")
    assert result.code == 128 + number, result


# --- What can't be started


def nothing_done(place, code, *words):
    """And it is said before anything is changed."""
    place.project.migration("0001_a", "CREATE TABLE a (x);")
    result = place.run(*words)
    assert result.code == code, result
    assert result.stdout == "" and place.project.history() == []
    return result.stderr


def test_absent(anywhere):
    assert "no-such-program" in nothing_done(anywhere, 127, "--", "no-such-program")
    assert "/no/such/program" in nothing_done(anywhere, 127, "--", "/no/such/program")


def test_missing_interpreter(anywhere):
    anywhere.project.write("start", "#!/no/such/interpreter\n", mode=0o755)
    assert "/no/such/interpreter" in nothing_done(anywhere, 127, "--", "./start")


def test_windows_line_ends(anywhere):
    anywhere.project.write("start", "#!/bin/sh\r\n", mode=0o755)
    assert "carriage return" in nothing_done(anywhere, 127, "--", "./start")


def test_not_executable(anywhere):
    anywhere.project.write("start", "#!/bin/sh\n", mode=0o644)
    assert "chmod +x ./start" in nothing_done(anywhere, 126, "--", "./start")


def test_folder(anywhere):
    assert "it is a folder" in nothing_done(anywhere, 126, "--", "/usr")


def test_no_program_at_all(anywhere):
    """Only executing it tells; what is pending is applied by then."""
    start = anywhere.project.write("start", "echo no first line\n", mode=0o755)
    result = anywhere.run("--", str(start))
    assert result.code == 126 and "#!" in result.stderr, result


def test_gone_meanwhile(anywhere):
    """It was there when we looked."""
    anywhere.project.script("start", "echo started")
    anywhere.project.script("hook", f"cat >/dev/null; rm {anywhere.project.folder}/start; echo one")
    anywhere.project.migration("0001_a", "CREATE TABLE a (x); INSERT INTO a VALUES (1);")
    anywhere.project.ok("apply")
    anywhere.project.migration("0002_b", "CREATE TABLE b (x);")
    result = anywhere.run("--", "./start", env={
        "DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": f'["{anywhere.project.folder}/hook"]'})
    assert result.code == 127 and "./start" in result.stderr, result
    assert result.stdout == ""


def test_names_that_look_like_options(anywhere):
    """Behind -- everything is the application's."""
    for name in ("--version", "-h", "--init"):
        anywhere.project.script(f"bin/{name}", 'echo "I am $0"')
        path = f"{anywhere.project.folder}/bin:/usr/bin:/bin"
        said = anywhere.ok("--", name, env={"PATH": path}).stdout
        assert said == f"I am {anywhere.project.folder}/bin/{name}\n"
    assert anywhere.run("--", "--help").code == 127
    assert anywhere.run("--", "--").code == 127


def test_nothing_behind_the_dashes(anywhere):
    """docker run of an image with our ENTRYPOINT and no CMD."""
    result = anywhere.run("--")
    assert result.code == 64 and "CMD" in result.stderr and "db-entry apply" in result.stderr, result


def test_unreadable_program(anywhere):
    """Mode 0111: it can be executed, and nobody can look into it."""
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    folder = f"/tmp/db-entry-{os.getpid()}"
    os.mkdir(folder, 0o755)
    try:
        with open("/bin/cat", "rb") as program, open(f"{folder}/cat", "wb") as copy:
            copy.write(program.read())
        os.chmod(f"{folder}/cat", 0o111)
        said = anywhere.ok("--user=4711", "--", f"{folder}/cat", "/proc/self/comm").stdout
        assert said == "cat\n"
    finally:
        os.unlink(f"{folder}/cat")
        os.rmdir(folder)


# --- Signals on the way


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP])
def test_signal_while_waiting(anywhere, number):
    env = {"DB_ENTRY_DATABASE_URL": f"sqlite:{anywhere.project.folder}/not/there/a.db",
           "DB_ENTRY_WAIT_TIMEOUT": "5m", "DB_ENTRY_WAIT_GRACE": "5m"}
    started = anywhere.start("--", "echo", "started", env=env)
    started.wait_for_event("wait.retry")
    os.kill(anywhere.pid(started), number)
    assert anywhere.end(started) == 128 + number
    assert started.wait().stdout == ""


@pytest.mark.parametrize("when", ["before", "after"])
def test_signal_just_before_it_starts(anywhere, kill_at, when):
    if anywhere.prefix:
        pytest.skip("what is preloaded counts unshare(1)'s events too")
    anywhere.ok("--", "true")
    result = anywhere.run("--", "echo", "started", env=kill_at(1, when, signal.SIGTERM))
    assert result.code == 143, result
    assert result.stdout == ""


def test_application_that_listens_ends_as_it_likes(anywhere):
    script = "trap 'echo bye; exit 5' TERM; echo >ready; while :; do sleep 0.1; done"
    started = anywhere.start("--", "sh", "-c", script)
    wait_until((anywhere.project.folder / "ready").exists)
    os.kill(anywhere.pid(started), signal.SIGTERM)
    assert anywhere.end(started) == 5
    assert started.wait().stdout == "bye\n"


def test_application_keeps_a_port_it_was_given(anywhere):
    """Socket activation: what was inherited is the application's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.fileno()
        said = anywhere.ok("--", "readlink", f"/proc/self/fd/{number}", pass_fds=[number]).stdout
    assert said.startswith("socket:")
