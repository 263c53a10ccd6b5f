"""The application on a terminal: whose foreground it is, Ctrl-C, Ctrl-Z, and what is left behind."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pytest

from support.places import PROCESS_1, children, in_terminal, kill_family, state, wait_until

# Prints its group, then the foreground's, then what it reads from the terminal.
READER = (
    "read -r _ _ _ _ group _ _ foreground _ </proc/$$/stat; echo group $group, foreground $foreground;"
    " echo ready; read -r line; echo \"read $line\""
)

# Waits for a signal so many times, then whether there is one more, then for a line.
WAITER = """
import signal, sys
number = getattr(signal, sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, [number])
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    signal.sigwait([number])
    print("got", sys.argv[1], flush=True)
if signal.sigtimedwait([number], 0.5):
    print("got", sys.argv[1], "again", flush=True)
print("read", input(), flush=True)
"""

# What an interactive shell does with a job: a group in the foreground, and waiting until it stops.
SHELL = """
import os, signal, sys, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
foreground = sys.argv[1] == "foreground"
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    if foreground:
        os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])
pid, status = os.waitpid(job, os.WUNTRACED)
while os.WIFSTOPPED(status):
    os.tcsetpgrp(0, os.getpgrp())
    print("shell: stopped", flush=True)
    assert input() == "fg"
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
    pid, status = os.waitpid(job, os.WUNTRACED)
os.tcsetpgrp(0, os.getpgrp())
print("shell: ended with", os.waitstatus_to_exitcode(status), flush=True)
"""


class Terminal:
    """A terminal, seen from its other side."""

    def __init__(self, words, env, cwd):
        self.ours, theirs = pty.openpty()
        self.process = in_terminal(theirs, words, env, cwd)
        os.close(theirs)
        self.text = ""

    def expect(self, words, seconds=30):
        """Read until they are there; what was read with them."""
        deadline = time.monotonic() + seconds
        while words not in self.text:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.ours], [], [], left)[0], self.text
            try:
                self.text += os.read(self.ours, 4096).decode()
            except OSError as error:  # its other side is closed
                raise AssertionError(f"no {words!r} in: {self.text}") from error
        before, _, self.text = self.text.partition(words)
        return before + words

    def type(self, text):
        os.write(self.ours, text.encode())

    def end(self, seconds=10):
        self.process.stderr.read()
        code = self.process.wait(seconds)
        return 128 - code if code < 0 else code

    def close(self):
        if self.process.poll() is None:
            kill_family(self.process.pid)
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        os.close(self.ours)


@pytest.fixture
def terminal(project):
    """terminal(words) starts them on one."""
    made = []

    def start(*words, env=None):
        made.append(Terminal(words, {**project.env, **(env or {})}, project.folder))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_it_has_the_foreground(anywhere, terminal):
    screen = terminal(*anywhere.words("--", "sh", "-c", READER))
    said = screen.expect("ready")
    group, foreground = (int(word.split()[1]) for word in said.splitlines()[-2].split(", "))
    assert group == foreground
    screen.type("hello\n")
    screen.expect("read hello")
    assert screen.end() == 0


def test_ctrl_c(init, terminal):
    screen = terminal(*init.words("--", "sh", "-c", "echo ready; exec sleep 1000"))
    screen.expect("ready")
    screen.type("\x03")
    assert screen.end() == 130


def test_ctrl_c_once(init, terminal):
    """The terminal sends it to the foreground; we don't send it again."""
    screen = terminal(*init.words("--", "/usr/bin/python3", "-c", WAITER, "SIGINT", "1"))
    screen.expect("ready")
    screen.type("\x03")
    screen.expect("got SIGINT")
    screen.type("on\n")
    assert "got SIGINT" not in screen.expect("read on")
    assert screen.end() == 0


def test_ctrl_backslash(init, terminal):
    screen = terminal(*init.words("--", "sh", "-c", "ulimit -c 0; echo ready; exec sleep 1000"))
    screen.expect("ready")
    screen.type("\x1c")
    assert screen.end() == 131


def test_size_changes_arrive(init, terminal):
    screen = terminal(*init.words(
        "--", "bash", "-c", "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.1; done"))
    screen.expect("ready")
    fcntl.ioctl(screen.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 44, 0, 0))
    screen.expect("33 44")
    assert screen.end() == 0


def test_terminal_that_goes_away(init, terminal):
    screen = terminal(*init.words("--", "sh", "-c", "trap 'echo hup >hup; exit 0' HUP; echo ready; while :; do sleep 0.1; done"))
    screen.expect("ready")
    if init.name == PROCESS_1:
        pytest.skip("its session's leader is unshare(1), which ends first")
    os.close(screen.ours)
    screen.ours = os.open("/dev/null", os.O_RDWR)
    wait_until((init.project.folder / "hup").exists)
    assert screen.end() == 0


def test_foreground_is_given_back(beside, terminal):
    """Or the script that started us would be stopped where it reads."""
    for words in (["sh", "-c", "exit 3"], ["/no/such/program"]):
        command = '"$@"; echo "code $?"; read -r line; echo "script read $line"'
        screen = terminal("sh", "-c", command, "sh", beside.project.binary, "--init", "--", *words)
        screen.expect("code 3" if words[0] == "sh" else "code 127")
        screen.type("hello\n")
        screen.expect("script read hello")
        assert screen.end() == 0


def start_job(terminal, place, where, *words):
    place.project.write("shell.py", SHELL)
    return terminal("/usr/bin/python3", "shell.py", where, place.project.binary, "--init", "--", *words)


def test_ctrl_z_gives_the_terminal_to_the_shell(beside, terminal):
    screen = start_job(terminal, beside, "foreground", "/usr/bin/python3", "-c", WAITER, "SIGCONT", "2")
    screen.expect("ready")
    for _ in range(2):
        screen.type("\x1a")
        screen.expect("shell: stopped")
        screen.type("fg\n")
        screen.expect("got SIGCONT")
    screen.type("hello\n")
    screen.expect("read hello")
    screen.expect("shell: ended with 0")
    assert screen.end() == 0


def test_ctrl_z_stops_the_script_that_started_us(beside, terminal):
    beside.project.write("shell.py", SHELL)
    beside.project.script("script", 'db_entry=$1; shift; "$db_entry" --init -- "$@"; echo "script got $?"')
    screen = terminal("/usr/bin/python3", "shell.py", "foreground", "./script", beside.project.binary,
                      "/usr/bin/python3", "-c", WAITER, "SIGCONT", "1")
    screen.expect("ready")
    screen.type("\x1a")
    screen.expect("shell: stopped")
    screen.type("fg\n")
    screen.expect("got SIGCONT")
    screen.type("hello\n")
    screen.expect("read hello")
    screen.expect("script got 0")
    assert screen.end() == 0


def test_ctrl_z_where_nobody_could_go_on(init, terminal):
    """Without a shell above, as in a container: only the application is stopped."""
    screen = terminal(*init.words("--", "/usr/bin/python3", "-c", WAITER, "SIGCONT", "1"))
    screen.expect("ready")
    pid = screen.process.pid
    ours = wait_until(lambda: children(pid))[0] if init.prefix else pid
    application = wait_until(lambda: children(ours))[0]
    screen.type("\x1a")
    wait_until(lambda: state(application) == "T")
    assert state(ours) == "S"
    os.kill(ours, signal.SIGCONT)
    screen.expect("got SIGCONT")
    screen.type("hello\n")
    screen.expect("read hello")
    assert screen.end() == 0


def test_in_the_background_the_terminal_is_not_taken(beside, terminal):
    script = "read -r _ _ _ _ group _ _ foreground _ </proc/$$/stat; [ $group != $foreground ] && echo behind"
    screen = start_job(terminal, beside, "background", "sh", "-c", script)
    screen.expect("behind")
    screen.expect("shell: ended with 0")
    assert screen.end() == 0


def test_reading_in_the_background_stops_the_job(beside, terminal):
    screen = start_job(terminal, beside, "background", "sh", "-c", READER)
    screen.expect("shell: stopped")
    screen.type("fg\n")
    screen.type("hello\n")
    screen.expect("read hello")
    screen.expect("shell: ended with 0")
    assert screen.end() == 0


def test_without_a_terminal_nothing_is_asked_of_one(init):
    result = init.run("--", "sh", "-c", READER, stdin="hello\n")
    assert result.code == 0 and "read hello" in result.stdout, result
