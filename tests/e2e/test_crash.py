"""Killed at any moment: the history is true, nothing is lost or doubled, the next run recovers."""

import random
import signal
import time

import pytest

from support.ledger import judge, lock_of, recover, write_ledger

@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_event(project, kill_at, when):
    """In one go: each life is killed one event later than the one before, on a fresh database."""
    write_ledger(project)
    at = 0
    while True:
        at += 1
        for path in project.folder.glob("shop.db*"):
            path.unlink()
        result = project.run(
            "run", "--", "echo", "started", env=kill_at(at, when, signal.SIGKILL)
        )
        if result.code == 0:
            break
        assert result.code == -signal.SIGKILL, result
        recover(project)
    assert at > 25
    assert judge(project).complete


def test_killed_again_and_again(project, kill_at):
    """Each run gets a little further than the one before."""
    write_ledger(project)
    result = None
    for lives in range(30):
        result = project.run("run", "--", "true", env=kill_at(6 + lives, "after", signal.SIGKILL))
        if result.code == 0 or judge(project).started:
            break
    assert lives > 3, result
    recover(project)


def test_one_at_work_is_not_one_that_was_left(project, kill_at):
    """Who finds a migration begun waits for the lock before calling it unfinished."""
    write_ledger(project)
    at = 0
    while not judge(project).started:
        at += 1
        project.close()
        for path in project.folder.glob("shop.db*"):
            path.unlink()
        holder = project.start("run", "--", "true", env=kill_at(at, "after", signal.SIGSTOP))
        while process_state(holder) not in "TZ":
            time.sleep(0.001)
        assert process_state(holder) == "T", "it never began 0005"
    waiting = project.start("run", "--", "echo", "started")
    waiting.wait_for_event("lock.waiting")
    holder.signal(signal.SIGCONT)
    assert holder.wait().code == 0
    result = waiting.wait()
    assert (result.code, result.stdout) == (0, "started\n"), result
    assert judge(project).complete


def process_state(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_killed_at_a_random_moment(project, seed):
    work = 30000
    write_ledger(project, work)
    moment = random.Random(seed).uniform(0, 0.25)
    process = project.start("run", "--", "true")
    time.sleep(moment)
    process.signal(signal.SIGKILL)
    process.wait()
    recover(project, work)


@pytest.mark.slow
def test_group_killed_at_random_moments(project):
    """Ten at a time on one file, all killed, again and again."""
    work = 3000
    write_ledger(project, work)
    moments = random.Random(1)
    for _ in range(8):
        processes = [project.start("run", "--", "true") for _ in range(10)]
        time.sleep(moments.uniform(0, 0.3))
        for process in processes:
            process.signal(signal.SIGKILL)
        for process in processes:
            process.wait()
        if judge(project, work).started:
            break
    recover(project, work)


def applied_by(results):
    return sum(result.event_names.count("migration.applied") for result in results)


@pytest.mark.slow
@pytest.mark.parametrize("existing", [False, True])
def test_twenty_at_once(project, existing):
    """One applies, each migration once; all start their application, in a clean process."""
    if existing:
        project.sql("CREATE TABLE mine (a)")
    write_ledger(project)
    ours = project.script("ours", 'echo started; ls -1 /proc/$$/fd; exec grep ^Sig[BIC] /proc/self/status')
    processes = [project.start("run", "--", str(ours)) for _ in range(20)]
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 20, results
    assert applied_by(results) == 6
    assert sum("migration.applied" in result.event_names for result in results) == 1
    assert judge(project).complete
    assert not lock_of(project).exists()
    for result in results:
        assert result.stdout == results[0].stdout
        assert result.stdout.startswith("started\n0\n1\n10\n2\n"), result


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_another_takes_over(project, kill_at, number):
    """The holder is stopped in the middle, then ended while ten wait for it."""
    write_ledger(project)
    holder = project.start("run", "--", "true", env=kill_at(12, "after", signal.SIGSTOP))
    holder.wait_for_event("migration.applied")
    waiting = [project.start("run", "--", "echo", "started") for _ in range(10)]
    for process in waiting:
        process.wait_for_event("lock.waiting")
    holder.signal(number)
    holder.signal(signal.SIGCONT)
    assert holder.wait(10).code in (-number, 128 + number)
    results = [process.wait() for process in waiting]
    assert [result.code for result in results] == [0] * 10, results
    assert all(result.stdout == "started\n" for result in results)
    assert 0 < applied_by(results) < 6
    assert sum("migration.applied" in result.event_names for result in results) == 1
    assert judge(project).complete
    assert not lock_of(project).exists()
