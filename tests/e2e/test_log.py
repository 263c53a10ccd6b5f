"""The log: lines for people or for machines, event names that are a contract."""

import os
import re
import signal
import subprocess
import time

import pytest

LEVELS = ["debug", "info", "warn", "error"]


@pytest.fixture(scope="module")
def documented(root):
    """The event names docs/events.md lists."""
    text = (root / "docs" / "events.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([a-z][a-z-]*\.[a-z-]+)`", text))
    assert names
    return names


def scenarios(shop):
    """Runs that together say most of what can be said; each yields its Result."""
    debug = {"log": "json", "env": {"DB_ENTRY_LOG_LEVEL": "debug", "DB_ENTRY_SPELT_WRONG": "1"}}
    yield shop.run("no-such-command", **debug)
    yield shop.run("run", "--", "true", **debug)
    yield shop.run("run", "--", "no-such-program", **debug)
    shop.migration("0000_early", "CREATE TABLE early (a);")
    yield shop.run("run", "--", "true", **debug)
    shop.migration_path("0002_orders").unlink()
    yield shop.run("run", "--", "true", **debug)
    shop.migration_path("0001_customers").unlink()
    yield shop.run("run", "--", "true", **debug)
    shop.migration("0000_early", "CREATE TABLE changed (a);")
    yield shop.run("run", "--", "true", **debug)
    shop.sql("DELETE FROM db_entry_history")
    shop.migration("0000_early", "CREATE TABLE broken (;")
    yield shop.run("run", "--", "true", **debug)
    shop.migration("0000_early", "-- db-entry: no-transaction\nCREATE TABLE t (a);\nCREATE TABLE t (a);")
    yield shop.run("run", "--", "true", **debug)
    yield shop.run("run", "--", "true", **debug)
    yield shop.run("repair", "--reverted", "0000", **debug)
    shop.migration("0000_early", "ROLLBACK;")
    yield shop.run("run", "--", "true", **debug)
    env = {"DB_ENTRY_DATABASE_URL": "sqlite:/not/there/x.db", "DB_ENTRY_WAIT_TIMEOUT": "1s"}
    yield shop.run("wait", log="json", env=env)
    yield shop.run("wait", log="json", env={"DB_ENTRY_DATABASE_URL": "oracle://x"})


def test_every_line_parses_and_every_event_is_documented(shop, documented):
    seen = set()
    for result in scenarios(shop):
        for event in result.events:
            assert list(event)[:4] == ["time", "level", "event", "message"], event
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
            assert event["level"] in LEVELS
            assert event["message"]
            seen.add(event["event"])
    assert seen <= documented
    assert len(seen) >= 15, sorted(seen)


def test_a_refusal_carries_what_why_next_and_its_exit_code(shop):
    refusals = 0
    for result in scenarios(shop):
        if result.code in (0, 127):
            continue
        refusal = result.refusal
        assert refusal["level"] == "error"
        assert refusal["exit"] == result.code, result
        assert refusal["what"]
        assert isinstance(refusal["next"], list)
        assert all("\n" not in line for line in refusal["next"])
        refusals += 1
    assert refusals >= 8


def test_text_is_for_people_and_the_default(shop):
    result = shop.ok("run", "--", "true")
    assert result.stderr and not result.stderr.startswith("{")


def test_json_is_the_default_in_kubernetes(shop):
    kubernetes = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert "run.ready" in shop.ok("run", "--", "true", env=kubernetes).event_names
    chosen = shop.ok("run", "--", "true", env={**kubernetes, "DB_ENTRY_LOG": "text"})
    assert not chosen.stderr.startswith("{")


@pytest.mark.parametrize("level", LEVELS)
def test_level_is_the_least_that_is_written(shop, level):
    shop.migration("0003_broken", "CREATE TABLE broken (;")
    result = shop.run("apply", log="json", env={"DB_ENTRY_LOG_LEVEL": level})
    written = {LEVELS.index(event["level"]) for event in result.events}
    assert min(written) == LEVELS.index(level) if level in ("debug", "info", "error") else True
    assert max(written) == LEVELS.index("error")
    assert min(written) >= LEVELS.index(level)


def test_log_goes_to_stderr_and_results_to_stdout(shop):
    result = shop.ok("apply")
    assert result.stdout == ""
    result = shop.ok("status")
    assert result.stdout and result.stderr == ""


def test_control_characters_reach_no_terminal(shop):
    name = "\x1b[31mred\x07\r"
    result = shop.run("run", "--", name)
    assert result.code == 127
    assert "\x1b" not in result.stderr and "\x07" not in result.stderr and "\r" not in result.stderr


def test_broken_utf8_is_still_json(shop):
    result = shop.run("run", "--", os.fsdecode(b"caf\xe9"), log="json")
    assert result.code == 127
    assert result.raw_stderr.decode("utf-8")  # strict: no stray byte came through
    assert result.events


def test_one_line_says_where_and_what(shop):
    shop.ok("apply")
    line = shop.ok("run", "--", "true").stderr
    assert re.search(r"shop\.db · up to date at 0002 · .*ms → true\n$", line), line


def test_a_log_that_nobody_reads_holds_up_neither_run_nor_end(project):
    """A stopped collector: the pipe is full, and SIGTERM still ends the run."""
    project.migration("0001_t", "CREATE TABLE t (i);")
    project.migration("0002_rows", "".join(f"INSERT INTO t VALUES ({i});\n" for i in range(3000)))
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [project.binary, "apply", "--log-level=debug"],
        cwd=project.folder,
        env={"DATABASE_URL": "sqlite:shop.db", "PATH": os.environ["PATH"]},
        stderr=writer,
    )
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) in (0, 128 + signal.SIGTERM)
    os.close(reader)
    os.close(writer)
    project.ok("apply")
    assert project.value("SELECT count(*) FROM t") == 3000
