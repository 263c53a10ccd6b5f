"""run: from a database that may not exist to the application's own process."""

import json
import os
import signal
import subprocess
import sys

import pytest

APPLICATION = """
import json, os, sys
print(json.dumps({
    "argv": sys.argv[1:], "environment": dict(os.environ), "pid": os.getpid(),
    "cwd": os.getcwd(),
}))
sys.exit(int(os.environ.get("APPLICATION_EXIT", "0")))
"""


@pytest.fixture
def application(project):
    """The words that start an application which prints what it was given, as JSON."""
    return [sys.executable, str(project.write("application.py", APPLICATION))]


def test_first_start_applies_everything_then_becomes_the_application(shop, application):
    result = shop.ok("run", "--", *application, log="json")
    assert json.loads(result.stdout)["argv"] == []
    assert shop.applied() == ["0001", "0002"]
    assert shop.tables() == ["customers", "orders"]
    assert result.event_names.count("migration.applied") == 2


def test_run_is_the_default_command(shop, application):
    shop.ok("--", *application)
    assert shop.applied() == ["0001", "0002"]


def test_second_start_is_one_line(shop):
    shop.ok("run", "--", "true")
    result = shop.ok("run", "--", "true", "and", "--password", "hunter2")
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result
    assert "up to date at 0002" in lines[0]
    assert "true and …" in lines[0]
    assert "hunter2" not in lines[0]
    assert result.stdout == ""


def test_second_start_writes_nothing(shop):
    shop.ok("run", "--", "true")
    before = {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()}
    shop.ok("run", "--", "true")
    after = {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()}
    assert before == after


def test_no_migrations_at_all_still_starts_the_application(project, application):
    result = project.ok("run", "--", *application)
    assert json.loads(result.stdout)["argv"] == []


def test_application_gets_its_arguments_untouched(shop, application):
    words = ["--log=json", "-x", "", "two words", "$HOME", "--", "umlaut ä", "--help"]
    result = shop.ok("run", "--", *application, *words)
    assert json.loads(result.stdout)["argv"] == words


def test_application_never_sees_our_secret(shop, application):
    shop.ok("run", "--", "true")
    secret = shop.write("secret", shop.env["DB_ENTRY_DATABASE_URL"] + "\n")
    for env in (
        {},
        {"DB_ENTRY_DATABASE_URL": None, "DB_ENTRY_DATABASE_URL_FILE": str(secret)},
    ):
        result = shop.ok(
            "run", "--", *application, env={**env, "DATABASE_URL": "mine", "KEPT": "yes"}
        )
        environment = json.loads(result.stdout)["environment"]
        assert "DB_ENTRY_DATABASE_URL" not in environment
        assert "DB_ENTRY_DATABASE_URL_FILE" not in environment
        assert environment["DATABASE_URL"] == "mine"
        assert environment["KEPT"] == "yes"


def test_initial_environment_block_holds_no_secret(shop):
    """What /proc shows of the application is what execve() was given."""
    result = shop.ok("run", "--", "cat", "/proc/self/environ")
    assert "DB_ENTRY_DATABASE_URL" not in result.stdout
    assert str(shop.database) not in result.stdout


def test_application_keeps_the_process_and_folder(shop, application):
    process = shop.start("run", "--", *application)
    result = process.wait()
    seen = json.loads(result.stdout)
    assert seen["pid"] == process.pid
    assert seen["cwd"] == str(shop.folder)


def test_application_gets_only_the_descriptors_we_were_given(shop):
    """sh -c 'ls' itself has one open on the folder it reads."""
    read, write = os.pipe()
    try:
        listing = "ls -1 /proc/self/fd"
        plain = shop.ok("run", "--", "sh", "-c", listing)
        kept = shop.ok("run", "--", "sh", "-c", listing, pass_fds=[read])
    finally:
        os.close(read)
        os.close(write)
    assert len(plain.stdout.split()) == 4, plain
    assert str(read) in kept.stdout.split()


@pytest.mark.parametrize("code", [0, 1, 2, 78, 255])
def test_exit_code_of_the_application_passes_through(shop, application, code):
    result = shop.run("run", "--", *application, env={"APPLICATION_EXIT": code})
    assert result.code == code


def test_application_is_searched_on_its_path(shop):
    shop.script("bin/our-server", 'echo "served by $0 $1"')
    result = shop.ok(
        "run", "--", "our-server", "now", env={"PATH": f"{shop.folder}/bin:/usr/bin:/bin"}
    )
    assert result.stdout == f"served by {shop.folder}/bin/our-server now\n"


def test_127_when_the_application_is_not_there(shop):
    result = shop.run("run", "--", "no-such-program")
    assert result.code == 127
    assert "no-such-program" in result.stderr


def test_127_names_a_missing_interpreter(shop):
    script = shop.write("start", "#!/no/such/interpreter\n", mode=0o755)
    result = shop.run("run", "--", str(script))
    assert result.code == 127
    assert "/no/such/interpreter" in result.stderr


def test_126_when_the_application_can_not_be_executed(shop):
    script = shop.write("start", "#!/bin/sh\n", mode=0o644)
    result = shop.run("run", "--", str(script))
    assert result.code == 126
    assert str(script) in result.stderr


def test_run_without_an_application_is_a_usage_error(shop):
    for args in (["run"], ["run", "--"], ["--"]):
        result = shop.run(*args)
        assert result.code == 64, result
    assert shop.history() == []


def test_db_entry_after_the_dashes_is_our_own_command(shop):
    shop.ok("--", "db-entry", "apply")
    result = shop.ok("--", "db-entry", "status", "--json")
    assert isinstance(result.json, dict)
    assert shop.run("--", "db-entry", "no-such-command").code == 64


def test_application_does_not_start_when_a_migration_fails(shop):
    shop.migration("0003_broken", "CREATE TABLE broken (;")
    result = shop.run("run", "--", "echo", "started")
    assert result.code == 23
    assert result.stdout == ""


def test_relative_path_and_default_folder(shop):
    """`migrations` is found where there is no `db/migrations`, and an engine's own folder wins."""
    (shop.folder / "db").rename(shop.folder / "elsewhere")
    shop.migration("0001_any", "CREATE TABLE any_engine (a);", folder="migrations")
    shop.migration("0001_ours", "CREATE TABLE ours (a);", folder="migrations/sqlite")
    shop.ok("run", "--", "true", env={"DB_ENTRY_DATABASE_URL": "sqlite:shop.db"})
    assert shop.tables() == ["ours"]


def test_folder_of_the_database_must_exist(project):
    result = project.run(
        "run", "--wait-timeout=1s", "--wait-grace=0", "--", "true",
        env={"DB_ENTRY_DATABASE_URL": f"sqlite:{project.folder}/not/there/shop.db"},
    )
    assert result.code == 69
    assert "not/there" in result.stderr


def test_twenty_starts_at_once_apply_once(shop):
    shop.migration("0003_count", "CREATE TABLE counted (a); INSERT INTO counted VALUES (1);")
    processes = [shop.start("run", "--", "true") for _ in range(20)]
    results = [process.wait() for process in processes]
    assert [result.code for result in results] == [0] * 20, results
    assert shop.applied() == ["0001", "0002", "0003"]
    assert shop.value("SELECT count(*) FROM counted") == 1
    applied = sum(result.event_names.count("migration.applied") for result in results)
    assert applied == 3


# Something that must stop at once stands before an obstacle of a minute and more.

ENDLESS = """
    CREATE TABLE endless AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT max(i) FROM n;
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_waiting(project, number):
    env = {
        "DB_ENTRY_DATABASE_URL": f"sqlite:{project.folder}/not/there/shop.db",
        "DB_ENTRY_WAIT_TIMEOUT": "2m",
        "DB_ENTRY_WAIT_GRACE": "2m",
    }
    process = project.start("run", "--", "true", env=env)
    process.wait_for_event("wait.retry")
    process.signal(number)
    assert process.wait(10).code == 128 + number


def test_sigterm_ends_a_statement_and_nothing_of_it_remains(shop):
    shop.ok("apply")
    shop.migration("0003_endless", "CREATE TABLE before (a);" + ENDLESS)
    process = shop.start("run", "--", "true", env={"DB_ENTRY_LOG_LEVEL": "debug"})
    process.wait_for_event("migration.statement")
    process.terminate()
    assert process.wait(10).code == 143
    assert shop.applied() == ["0001", "0002"]
    assert shop.tables() == ["customers", "orders"]


def test_sigterm_ends_waiting_for_the_lock(shop):
    shop.migration("0003_endless", ENDLESS)
    holder = shop.start("apply", env={"DB_ENTRY_LOG_LEVEL": "debug"})
    holder.wait_for_event("lock.acquired")
    waiting = shop.start("run", "--", "true")
    waiting.wait_for_event("lock.waiting")
    waiting.terminate()
    assert waiting.wait(10).code == 143
    holder.terminate()
    assert holder.wait(10).code == 143


def test_holder_without_progress_is_given_up_on(shop):
    shop.migration("0003_endless", ENDLESS)
    holder = shop.start("apply", env={"DB_ENTRY_LOG_LEVEL": "debug"})
    holder.wait_for_event("migration.applied")
    holder.signal(signal.SIGSTOP)
    result = shop.run("run", "--lock-stall=1s", "--", "true")
    assert result.code == 75
    assert str(holder.pid) in result.stderr
    holder.signal(signal.SIGKILL)


def test_holder_in_a_long_statement_is_waited_for(shop):
    shop.migration("0003_endless", ENDLESS)
    holder = shop.start("apply", env={"DB_ENTRY_LOG_LEVEL": "debug"})
    holder.wait_for_event("migration.applied")
    waiting = shop.start(
        "run", "--lock-stall=4s", "--", "true", env={"DB_ENTRY_LOG_LEVEL": "debug"}
    )
    waiting.wait_for_event("lock.waiting")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.process.wait(9)
    holder.signal(signal.SIGKILL)
    waiting.wait_for_event("lock.acquired")
    waiting.terminate()
    assert waiting.wait(10).code == 143


def test_killed_runner_leaves_a_true_history(shop):
    shop.migration("0003_endless", "CREATE TABLE before (a);" + ENDLESS)
    process = shop.start("apply", env={"DB_ENTRY_LOG_LEVEL": "debug"})
    process.wait_for_event("migration.applied")
    process.signal(signal.SIGKILL)
    process.wait()
    shop.migration("0003_endless", "CREATE TABLE mended (a);")
    shop.ok("run", "--", "true")
    assert shop.applied() == ["0001", "0002", "0003"]
    assert shop.tables() == ["customers", "mended", "orders"]


@pytest.mark.parametrize("ignored", [True, False])
def test_application_gets_the_signals_as_we_got_them(shop, ignored):
    """SIGHUP ignored by our parent (nohup) stays so; what we catch or ignore does not go along."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN) if ignored else None
    try:
        result = shop.ok("run", "--", "grep", "^Sig", "/proc/self/status", restore_signals=True)
    finally:
        if ignored:
            signal.signal(signal.SIGHUP, before)
    masks = dict(line.split(":\t") for line in result.stdout.splitlines())
    assert int(masks["SigBlk"], 16) == 0
    # glibc's posix_spawn() leaves its own 32 and 33 ignored in every child: they came so.
    own = 0b11 << 31
    assert int(masks["SigIgn"], 16) & ~own == (1 << (signal.SIGHUP - 1) if ignored else 0)
