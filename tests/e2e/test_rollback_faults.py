"""A rollback that fails, is ended, or is not alone: what is undone is recorded, and nothing else."""

import signal
import time
from pathlib import Path

import pytest

from support.rollback import NOTES, STEPWISE_DOWN, remove_files, token_of
from test_dump import content


def states(project):
    return {version: state for version, _, state in project.history()}


def test_a_failed_rollback_leaves_nothing(site):
    site.sql("DROP INDEX notes_by_text")
    site.sql("CREATE TABLE other (a)")
    site.migration("0004_bad", """
        -- migrate:up
        CREATE TABLE bad (a);
        -- migrate:down
        DROP TABLE bad;
        DROP TABLE nowhere;
    """)
    site.ok("apply")
    failed = site.run("rollback", "--steps", "2")
    assert failed.code == 23, failed
    assert "rollback of 0004_bad failed" in failed.stderr
    assert "db/migrations/0004_bad.sql:5" in failed.stderr
    assert "nothing of it remains" in failed.stderr
    assert "bad" in site.tables() and "notes" in site.tables()
    assert site.applied() == ["0001", "0002", "0003", "0004"]


def test_an_unfinished_migration_is_refused(site):
    site.migration("0004_half", "-- db-entry: no-transaction\nCREATE TABLE a (a);\nCREATE TABLE users (a);")
    assert site.run("apply").code == 24
    before = content(site.database)
    for words in (["--steps", "1"], ["--to", "4"], ["--to", "3", "--plan"]):
        refused = site.run("rollback", *words)
        assert refused.code == 24, refused
        assert "0004_half" in refused.stderr
    assert content(site.database) == before


def half_way(project):
    """A rollback outside a transaction whose second statement fails."""
    project.env["DB_ENTRY_DRIFT"] = "ignore"
    project.migration("0001_three", STEPWISE_DOWN)
    project.ok("apply")
    project.sql("DROP TABLE second")
    failed = project.run("rollback", "--steps", "1")
    assert failed.code == 24, failed
    assert "rollback of 0001_three is half done: 1 of 3" in failed.stderr
    assert "db-entry repair" in failed.stderr
    return failed


@pytest.mark.parametrize("files", [True, False])
def test_a_rollback_that_failed_half_way_is_named(project, files):
    half_way(project)
    if not files:
        remove_files(project)
    for words in (["run", "--", "true"], ["rollback", "--steps", "1"], ["apply"]):
        refused = project.run(*words)
        assert refused.code == 24, refused
        assert "the rollback of 0001_three was started and never finished" in refused.stderr
        assert "statement 2 of 3 failed" in refused.stderr and "DROP TABLE second" in refused.stderr
        assert "repair --reverted 0001" in refused.stderr
    assert "its rollback began" in project.ok("status").stdout
    assert "DROP TABLE second" in project.ok("repair").stdout
    (row,) = project.ok("repair", "--json").json["migrations"]
    assert row["failed_at"] >= row["started_at"] and row["finished_at"] is not None


def test_half_way_and_finished_by_hand(project):
    half_way(project)
    project.sql("DROP TABLE first")
    project.ok("repair", "--reverted", "1")
    assert project.history() == [("0001", "three", "reverted")]
    assert project.value("SELECT failed_at FROM db_entry_history") is None
    project.ok("apply")
    assert project.tables() == ["first", "second", "third"]


def test_half_way_and_taken_back_by_hand(project):
    half_way(project)
    project.sql("CREATE TABLE second (a)")
    project.sql("CREATE TABLE third (a)")
    project.ok("repair", "--applied", "1")
    assert project.applied() == ["0001"]
    project.ok("run", "--", "true")
    project.ok("rollback", "--steps", "1")
    assert project.tables() == []


def test_first_statement_failing_outside_a_transaction_leaves_it_applied(project):
    project.env["DB_ENTRY_DRIFT"] = "ignore"
    project.migration("0001_three", STEPWISE_DOWN)
    project.ok("apply")
    before = project.sql("SELECT * FROM db_entry_history")
    project.sql("DROP TABLE third")
    failed = project.run("rollback", "--steps", "1")
    assert failed.code == 23, failed
    assert "none of its statements is done" in failed.stderr
    assert project.sql("SELECT * FROM db_entry_history") == before
    project.ok("run", "--", "true")


def test_rows_outside_a_transaction_need_the_token(project):
    project.migration("0001_three", STEPWISE_DOWN)
    project.ok("apply")
    project.sql("INSERT INTO third VALUES (1)")
    refused = project.run("rollback", "--steps", "1")
    assert refused.code == 20, refused
    assert project.value("SELECT count(*) FROM third") == 1
    project.ok("rollback", "--steps", "1", env={"DB_ENTRY_APPROVE": token_of(refused)})
    assert project.tables() == []


def whole_or_not(project):
    """What the history says of each of the three migrations is so."""
    state = states(project)
    tables = project.tables()
    columns = {row[1] for row in project.sql("PRAGMA table_info(users)")}
    assert (state["0001"] == "applied") == ("users" in tables)
    assert (state["0002"] == "applied") == ("phone" in columns)
    assert (state["0003"] == "applied") == ("notes" in tables)
    return state


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("when", ["before", "after"])
def test_ended_at_every_event(site, kill_at, number, when):
    site.sql("DELETE FROM users")
    at = 0
    while True:
        at += 1
        result = site.run("rollback", "--to", "none", env=kill_at(at, when, number))
        state = whole_or_not(site)
        if result.code == 0:
            break
        assert result.code == (-number if number == signal.SIGKILL else 128 + number), result
        assert "started" not in state.values()
        site.ok("apply")
        assert site.applied() == ["0001", "0002", "0003"]
    assert at > 8
    assert set(state.values()) == {"reverted"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("when", ["before", "after"])
def test_ended_at_every_event_outside_a_transaction(project, kill_at, number, when):
    project.migration("0001_three", STEPWISE_DOWN)
    at = 0
    while True:
        at += 1
        project.ok("apply")
        result = project.run("rollback", "--steps", "1", env=kill_at(at, when, number))
        if result.code == 0:
            break
        state, done = project.sql("SELECT state, statements_done FROM db_entry_history")[0]
        gone = 3 - len(project.tables())
        if state == "applied":
            assert gone == 0
        elif state == "reverted":
            assert gone == 3
        else:
            assert done <= gone <= done + 1
            assert project.run("apply").code == 24
            for table in ("third", "second", "first"):
                project.sql(f"DROP TABLE IF EXISTS {table}")
            project.ok("repair", "--reverted", "1")
    assert at > 6
    assert project.tables() == []


def test_sigterm_ends_a_long_down_part(project):
    project.write(
        "db/migrations/0001_a.sql",
        "-- migrate:up\nCREATE TABLE a (a);\n-- migrate:down\nDROP TABLE a;\n"
        "CREATE TABLE e AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT max(i) FROM n;\n",
    )
    project.ok("apply")
    process = project.start("rollback", "--steps", "1", env={"DB_ENTRY_LOG_LEVEL": "debug"})
    process.wait_for_event("migration.statement")
    time.sleep(0.2)
    process.signal(signal.SIGTERM)
    result = process.wait(10)
    assert result.code == 128 + signal.SIGTERM, result
    assert project.tables() == ["a"] and project.applied() == ["0001"]


# --- At the same time ---


def wait_until_stopped(process):
    """By SIGSTOP: only then can SIGCONT be told from one that came too early."""
    deadline = time.monotonic() + 60
    stat = Path(f"/proc/{process.process.pid}/stat")
    while stat.read_text().rpartition(") ")[2][0] != "T":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_at_once_undo_what_one_was_asked_for(site, kill_at):
    """Both see 0003 as the newest; whoever comes second must not take 0002 for it."""
    holder = site.start("rollback", "--steps", "1", env=kill_at(3, "after", signal.SIGSTOP))
    wait_until_stopped(holder)
    second = site.start("rollback", "--steps", "1")
    second.wait_for_event("lock.waiting")
    third = site.start("rollback", "--to", "2")
    third.wait_for_event("lock.waiting")
    holder.signal(signal.SIGCONT)
    assert holder.wait().code == 0
    refused = second.wait()
    assert refused.code == 22, refused
    assert "meanwhile" in refused.refusal["what"]
    assert third.wait().code == 0
    assert site.applied() == ["0001", "0002"]


def test_one_that_is_applied_meanwhile_is_not_rolled_back(site, kill_at):
    site.migration("0004_more", NOTES.replace("notes", "more"))
    holder = site.start("apply", env=kill_at(4, "after", signal.SIGSTOP))
    wait_until_stopped(holder)
    second = site.start("rollback", "--to", "2")
    second.wait_for_event("lock.waiting")
    holder.signal(signal.SIGCONT)
    assert holder.wait().code == 0
    assert second.wait().code == 22
    assert site.applied() == ["0001", "0002", "0003", "0004"]
