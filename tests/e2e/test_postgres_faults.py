"""
PostgreSQL that crashes, restarts, is promoted or falls silent in any phase of a run, with one
db-entry at work or many: the history is true, nothing is lost or doubled, and all end well.
"""

import signal
import subprocess
import threading
import time

import pytest

from support.lives import Lives, Phase, kill
from support.pg_ledger import MIGRATIONS, PHASES, Ledger
from support.postgres import CrashServer, PostgresProject, Standby

pytestmark = pytest.mark.server

AT_ONCE = 10
SLOW = "INSERT INTO work SELECT 1000000 FROM pg_sleep(60);"


@pytest.fixture(scope="module")
def crash_server():
    server = CrashServer()
    if not server.available():
        pytest.skip(f"{server.title} is not installed")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def lives(db_entry, tmp_path, crash_server):
    crash_server.recover()
    project = PostgresProject(db_entry, tmp_path, crash_server)
    made = Lives(project, applied=3)
    made.begin()
    yield made
    project.close()


# The server crashes


def back_end(project):
    """The process that serves this project's db-entry."""
    return int(project.value(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'db-entry%'"))


def crash(project, what):
    if what == "server":
        project.server.kill()
    elif what == "restart":
        project.server.shut_down()
    else:
        project.server.kill_back_end(back_end(project))


CRASHES = [
    (phase, what)
    for what, phases in (
        ("back end", ("look", "lock", "apply", "commit", "stepwise", "ledger")),
        ("server", ("connect", "drift", "record", "begin", "schema", "concurrently", "finish")))
    for phase in phases]


@pytest.mark.parametrize("phase, what", CRASHES)
def test_server_crashes_in_each_phase(lives, phase, what):
    """The request is on its way when it does."""
    project = lives.project
    crashed = threading.Event()

    def act(_process):
        crash(project, what)
        crashed.set()

    process, gate = lives.start(Phase(*PHASES[phase]), act, "run", "--", "echo", "started")
    assert crashed.wait(60), "the phase never came"
    project.server.recover()
    result = process.wait()
    gate.close()
    # Waited for, or found again after a COMMIT: then all is well at once.
    assert result.code in ((0,) if phase in ("connect", "commit") else (0, 23, 24, 69)), result
    assert (result.stdout == "started\n") == (result.code == 0), result
    found = lives.ledger.recover()
    assert found.complete or result.code != 0, result


@pytest.mark.parametrize("what", ["back end", "server", "restart"])
def test_server_ends_in_a_statement(lives, what):
    """Not between two: the statement is running. The next run waits for the server."""
    project = lives.project
    slow = project.migration("0004_slow", """
        UPDATE customers SET visits = visits + 10 WHERE name = 'Ada';
        INSERT INTO customers (name) SELECT 'slow' FROM pg_sleep(60);
        """)
    moved = {path: path.rename(path.with_suffix(".off"))
             for path in project.folder.glob("db/migrations/0004_work*")}
    process = project.start("apply", env={"DB_ENTRY_APPROVE": "0004"})
    project.until_running("pg_sleep(60)")
    crash(project, what)
    result = process.wait()
    assert result.code == 23, result
    slow.unlink()
    for path, away in moved.items():
        away.rename(path)
    if what != "back end":
        after = project.start("run", "--", "echo", "started")
        after.wait_for_event("wait.retry")
        project.server.recover()
        result = after.wait()
        assert (result.code, result.stdout) == (0, "started\n"), result
    project.server.recover()
    lives.ledger.recover()


def test_server_that_restarts_while_others_wait(lives):
    """The holder loses its session and ends; those who wait for it connect again."""
    project = lives.project
    hold = project.migration("0007_slow", SLOW)
    holder = project.start("apply")
    project.until_running("pg_sleep(60)")
    waiting = [project.start("run", "--", "echo", "started") for _ in range(3)]
    for process in waiting:
        process.wait_for_event("lock.waiting")
    project.server.kill()
    result = holder.wait()
    assert result.code == 23, result
    for process in waiting:
        process.wait_for_event("wait.retry")
        process.terminate()
        assert process.wait().code == 143
    hold.unlink()
    project.server.recover()
    lives.ledger.recover()


# Many at once


@pytest.mark.parametrize("applied", [0, 2])
def test_fifty_at_once(db_entry, tmp_path, crash_server, applied):
    """One applies, each migration once; all start."""
    project = PostgresProject(db_entry, tmp_path, crash_server)
    lives = Lives(project, applied)
    lives.begin()
    processes = [project.start("run", "--", "echo", "started") for _ in range(50)]
    results = [process.wait() for process in processes]
    failed = [result for result in results if result.code != 0]
    assert not failed, failed[:3]
    applied_by = [result.event_names.count("migration.applied") for result in results]
    assert sorted(applied_by) == [0] * 49 + [len(MIGRATIONS) - applied]
    assert lives.ledger.judge().complete
    project.close()


def test_holder_killed_while_others_wait(lives):
    """Each in turn takes over from one that is killed in its first migration."""
    project = lives.project
    victims = [lives.start(Phase(b"INSERT INTO work SELECT"), kill, "run", "--", "true")
               for _ in range(3)]
    others = [project.start("run", "--", "echo", "started") for _ in range(20)]
    for process, gate in victims:
        result = process.wait()
        assert result.code == (-signal.SIGKILL if gate.fired else 0), result
        gate.close()
    results = [process.wait() for process in others]
    assert all(result.code == 0 for result in results), results
    assert lives.ledger.judge().complete


# A standby


def test_standby_is_promoted_while_many_wait(db_entry, tmp_path):
    """Told apart from a server that is not there; then one applies, and all start."""
    server = Standby()
    if not server.available():
        pytest.skip(f"{server.title} is not installed")
    server.start()
    try:
        project = PostgresProject(db_entry, tmp_path, server, "postgres")
        ledger = Ledger(project)
        result = project.run("run", "--", "true", env={"DB_ENTRY_WAIT_TIMEOUT": "3s"}, log="json")
        assert result.code == 26, result
        assert result.refusal["event"] == "database.read-only"
        waiting = [project.start("run", "--", "echo", "started") for _ in range(10)]
        for process in waiting:
            assert "standby" in process.wait_for_event("wait.retry")["reason"]
        server.promote()
        results = [process.wait() for process in waiting]
        assert [result.code for result in results] == [0] * 10, results
        assert sum("migration.applied" in result.event_names for result in results) == 1
        assert ledger.judge().complete
        project.close()
    finally:
        server.stop()


# SIGTERM


def ended_by_term(process):
    began = time.monotonic()
    process.terminate()
    result = process.wait()
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 128 + signal.SIGTERM, result
    assert result.stdout == ""


@pytest.mark.parametrize("phase", ["look", "apply", "commit", "ledger"])
def test_sigterm_at_a_server_that_falls_silent(lives, phase):
    """Cancelled and not answered, the connection is given up; another run finds all in order."""
    silent, over = threading.Event(), threading.Event()

    def act(_process):
        silent.set()
        over.wait(60)

    process, gate = lives.start(Phase(*PHASES[phase]), act, "run", "--", "echo", "started")
    assert silent.wait(60), "the phase never came"
    ended_by_term(process)
    over.set()
    gate.close()
    lives.ledger.recover()


@pytest.mark.parametrize("when", [b"CREATE INDEX CONCURRENTLY", b"VALUES (2, 30)", b"CREATE TABLE tidied"])
def test_sigterm_while_an_answer_is_on_its_way(lives, when):
    """The statement was done, outside a transaction: so says the history, whichever it is."""
    result, fired = lives.live(Phase(when), "terminated after", "apply")
    assert fired, result
    found = lives.ledger.judge()
    assert found.steps[0] <= found.done <= found.steps[1], (found.steps, found.done)
    lives.ledger.recover()


def session_of(project, statements):
    """Somebody else's, that stays open; ended by closing its stdin."""
    session = subprocess.Popen(
        project.server.client_command(project.database), stdin=subprocess.PIPE, text=True)
    session.stdin.write(statements + "\n")
    session.stdin.flush()
    return session


def end(session):
    session.stdin.close()
    session.wait(30)


def test_sigterm_in_a_wait_for_a_tables_lock(lives):
    project = lives.project
    other = session_of(project, "BEGIN; LOCK TABLE orders;")
    project.until("EXISTS (SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                  " AND relation = 'orders'::regclass AND granted)")
    process = project.start("apply", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    project.until("EXISTS (SELECT FROM pg_locks WHERE relation = 'orders'::regclass"
                  " AND NOT granted)")
    ended_by_term(process)
    end(other)
    lives.ledger.recover()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_in_a_statement_outside_a_transaction(lives, number):
    """CREATE INDEX CONCURRENTLY waits for an old transaction; cancelled, it leaves an index."""
    project = lives.project
    old = session_of(project, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM customers;")
    project.until("EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction')")
    process = project.start("apply", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    project.until_running("CREATE INDEX CONCURRENTLY")
    process.signal(number)
    result = process.wait()
    assert result.code == 128 + number, result
    end(old)
    lives.ledger.recover()
