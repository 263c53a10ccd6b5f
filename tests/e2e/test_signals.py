"""SIGTERM, SIGINT, SIGHUP, SIGQUIT in every phase: 128+n, at once, and nothing is half.

What must stop at once stands before an obstacle of a minute and more, and gets ten seconds.
"""

import signal
import sqlite3
import time

import pytest

from support.ledger import judge, lock_of, recover, write_ledger

SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT]
AT_ONCE = 10
PATIENT = {
    "DB_ENTRY_WAIT_TIMEOUT": "5m",
    "DB_ENTRY_WAIT_GRACE": "5m",
    "DB_ENTRY_LOCK_TIMEOUT": "5m",
    "DB_ENTRY_LOCK_STALL": "5m",
    "DB_ENTRY_LOG_LEVEL": "debug",
}
ENDLESS = """
    CREATE TABLE endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT max(i) FROM n;
"""

each_signal = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


def ends(process, number):
    process.signal(number)
    result = process.wait(AT_ONCE)
    assert result.code == 128 + number, result
    assert result.refusal["event"] == "run.stopped"
    assert result.refusal["exit"] == 128 + number
    assert result.stdout == ""
    return result


@each_signal
def test_waiting_for_the_database(project, number):
    write_ledger(project)
    missing = project.folder / "missing"
    url = {"DB_ENTRY_DATABASE_URL": f"sqlite:{missing}/shop.db"}
    process = project.start("run", "--", "echo", "started", env={**PATIENT, **url})
    process.wait_for_event("wait.retry")
    ends(process, number)
    assert not missing.exists()
    recover(project)


@each_signal
def test_waiting_for_the_lock(project, kill_at, number):
    write_ledger(project)
    holder = project.start("run", "--", "true", env=kill_at(6, "after", signal.SIGSTOP))
    holder.wait_for_event("migration.started")
    waiting = project.start("run", "--", "echo", "started", env=PATIENT)
    waiting.wait_for_event("lock.waiting")
    ends(waiting, number)
    assert lock_of(project).exists()
    holder.signal(signal.SIGCONT)
    assert holder.wait().code == 0
    assert judge(project).complete
    assert not lock_of(project).exists()


@each_signal
def test_in_a_long_statement(project, number):
    write_ledger(project)
    endless = project.migration("0007_endless", "CREATE TABLE first (a);" + ENDLESS)
    process = project.start("run", "--", "echo", "started", env=PATIENT)
    wait_until(lambda: "0007_endless, statement 2" in read_lock(project))
    ends(process, number)
    assert not lock_of(project).exists()
    assert "first" not in project.tables()
    assert "endless" not in project.tables()
    endless.unlink()
    recover(project)


@each_signal
def test_in_a_long_statement_outside_a_transaction(project, number):
    write_ledger(project)
    text = "-- db-entry: no-transaction\nCREATE TABLE first (a);" + ENDLESS
    project.migration("0007_endless", text)
    process = project.start("run", "--", "echo", "started", env=PATIENT)
    wait_until(lambda: "0007_endless, statement 2" in read_lock(project))
    result = ends(process, number)
    assert "1 of 2" in result.refusal["what"]
    assert not lock_of(project).exists()
    assert any("goes on with statement 2" in line for line in result.refusal["next"])
    refused = project.run("run", "--", "true", log="json", env={"DB_ENTRY_RESUME": "never"})
    assert refused.code == 24
    assert "statement 2 of 2" in "".join(refused.refusal["why"]), refused
    assert refused.refusal["line"] == 3
    project.sql("CREATE TABLE endless (a)")
    project.ok("repair", "--applied", "7")
    project.ok("run", "--", "true")


@each_signal
def test_behind_another_writer(project, number):
    """A foreign process has the database for itself; SQLite alone would wait for minutes."""
    write_ledger(project)
    project.sql("CREATE TABLE mine (a)")
    writer = sqlite3.connect(project.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    process = project.start("run", "--", "echo", "started", env=PATIENT)
    process.wait_for_event("lock.acquired")
    ends(process, number)
    writer.execute("ROLLBACK")
    writer.close()
    assert not lock_of(project).exists()
    recover(project)


@each_signal
def test_behind_an_exclusive_writer(project, number):
    write_ledger(project)
    project.sql("CREATE TABLE mine (a)")
    writer = sqlite3.connect(project.database, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    process = project.start("run", "--", "echo", "started", env=PATIENT)
    process.wait_for_event("wait.retry")
    ends(process, number)
    writer.execute("ROLLBACK")
    writer.close()
    recover(project)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=lambda n: n.name)
@pytest.mark.parametrize("when", ["before", "after"])
def test_at_every_event(project, kill_at, number, when):
    """Between any two migrations and statements, and last just before the application starts."""
    write_ledger(project)
    at = 0
    while True:
        at += 1
        for path in project.folder.glob("shop.db*"):
            path.unlink()
        result = project.run("run", "--", "echo", "started", env=kill_at(at, when, number))
        if result.code == 0:
            break
        assert result.code == 128 + number, result
        assert "started\n" not in result.stdout
        assert not lock_of(project).exists()
        recover(project)
    assert at > 25
    assert judge(project).complete


def read_lock(project):
    try:
        return lock_of(project).read_text()
    except FileNotFoundError:
        return ""


def wait_until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
