"""Every command but run: what it prints, its exit code, and that --json is JSON."""

import re
import sqlite3
import subprocess

import pytest

from support.process import make_environment

NAMES = [
    "run", "apply", "wait", "status", "plan", "diff", "mirror", "new", "baseline", "repair", "lint", "health",
    "config", "version", "help",
]
REPORTING = ["status", "plan", "lint", "health", "config", "version", "repair"]


@pytest.fixture
def migrated(shop):
    """Both migrations of the shop are applied."""
    shop.ok("apply")
    return shop


@pytest.fixture
def unfinished(project):
    """0001 is applied; of 0002 the first of three statements is done."""
    project.migration("0001_first", "CREATE TABLE first (a);")
    project.migration(
        "0002_half",
        "-- db-entry: no-transaction\nCREATE TABLE half (a);\nINSERT INTO nowhere VALUES (1);\nVACUUM;",
    )
    assert project.run("apply").code == 24
    return project


# help, version, usage


def test_help_names_every_command(project):
    for args in (["help"], ["--help"], ["-h"]):
        result = project.ok(*args)
        for name in NAMES:
            assert re.search(rf"^\s+{name}\b", result.stdout, re.M), (args, name)
        assert result.stderr == ""


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command(project, name):
    result = project.ok("help", name)
    assert f"db-entry {name}" in result.stdout
    assert project.ok(name, "--help").stdout == result.stdout


def test_help_of_what_is_no_command(project):
    assert project.run("help", "no-such-command").code == 64


def test_no_arguments_is_a_usage_error(project):
    result = project.run()
    assert result.code == 64
    assert "help" in result.stderr


def test_unknown_command_names_the_nearest(project):
    result = project.run("statsu")
    assert result.code == 64
    assert "status" in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["status", "operand"],
        ["status", "--no-such-option"],
        ["status", "--json=yes"],
        ["status", "--log"],
        ["new"],
        ["new", "a", "b"],
        ["baseline"],
        ["status", "--", "application"],
    ],
)
def test_usage_errors(shop, args):
    assert shop.run(*args).code == 64


def test_version(project):
    project.env = {}
    number = project.ok("version", "--json").json["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", number)
    assert number in project.ok("version").stdout
    assert project.ok("--version").stdout == project.ok("version").stdout


@pytest.mark.parametrize("name", REPORTING)
def test_json_is_one_document(migrated, name):
    assert isinstance(migrated.ok(name, "--json").json, dict)


@pytest.mark.parametrize("name", REPORTING)
def test_a_result_that_can_not_be_written_is_an_error(migrated, name):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [migrated.binary, name], stdout=full, stderr=subprocess.PIPE, timeout=60,
            env=make_environment(migrated.env), cwd=migrated.folder, check=False,
        )
    assert done.returncode == 1, done


# status, plan


def states(result):
    return {item["version"]: item["state"] for item in result.json["migrations"]}


def test_status_of_a_database_that_is_not_there_makes_none(shop):
    result = shop.ok("status", "--json")
    assert states(result) == {"0001": "pending", "0002": "pending"}
    shop.ok("plan")
    assert not shop.database.exists()


def test_status_tells_states_apart(migrated):
    migrated.migration("0003_third", "CREATE TABLE third (a);")
    migrated.migration("0004_fourth", "CREATE TABLE fourth (a);")
    migrated.ok("apply")
    migrated.migration_path("0001_customers").unlink()
    migrated.migration("0002_orders", "CREATE TABLE orders (other);")
    migrated.migration_path("0004_fourth").unlink()
    migrated.migration("0000_zeroth", "CREATE TABLE zeroth (a);")
    result = migrated.run("status", "--json")
    assert states(result) == {
        "0000": "out-of-order",
        "0001": "missing",
        "0002": "changed",
        "0003": "applied",
        "0004": "future",
    }


def test_status_check(shop):
    assert shop.run("status", "--check").code == 30
    shop.ok("apply")
    shop.ok("status", "--check")
    shop.ok("status", "--check", "--json")


def test_status_check_sees_a_history_that_disagrees(migrated):
    migrated.migration("0001_customers", "CREATE TABLE customers (other);")
    assert migrated.run("status", "--check").code == 22


def test_status_check_sees_an_unfinished_migration(unfinished):
    assert unfinished.run("status", "--check").code == 24
    assert "unfinished" in unfinished.run("status").stdout


def test_plan_lists_what_would_run(migrated):
    assert migrated.ok("plan", "--json").json["pending"] == 0
    migrated.migration("0003_third", "CREATE TABLE third (a);\nCREATE INDEX third_a ON third (a);")
    result = migrated.ok("plan")
    assert "0003" in result.stdout and "third" in result.stdout
    assert "0001" not in result.stdout
    assert migrated.ok("plan", "--json").json["pending"] == 1
    assert migrated.tables() == ["customers", "orders"]


# apply, wait


def test_apply_twice(migrated):
    migrated.ok("apply")
    assert migrated.applied() == ["0001", "0002"]


def test_apply_takes_no_application(shop):
    assert shop.run("apply", "--", "true").code == 64
    assert shop.history() == []


def test_wait(migrated):
    migrated.ok("wait")
    env = {
        "DB_ENTRY_DATABASE_URL": "sqlite:/not/there/x.db",
        "DB_ENTRY_WAIT_TIMEOUT": "1s",
        "DB_ENTRY_WAIT_GRACE": "1s",
    }
    result = migrated.run("wait", env=env)
    assert result.code == 69
    assert "/not/there" in result.stderr


def test_wait_ends_when_the_folder_appears(project):
    folder = project.folder / "volume"
    env = {"DB_ENTRY_DATABASE_URL": f"sqlite:{folder}/shop.db"}
    process = project.start("wait", env=env)
    process.wait_for_event("wait.retry")
    folder.mkdir()
    result = process.wait()
    assert result.code == 0
    assert "wait.ready" in result.event_names


# new


def test_new_writes_a_migration_with_both_parts(project):
    result = project.ok("new", "add_phone")
    (path,) = (project.folder / "db/migrations").iterdir()
    assert re.fullmatch(r"20\d{12}_add_phone\.sql", path.name)
    assert str(path.relative_to(project.folder)) in result.stdout
    text = path.read_text()
    assert text.index("-- migrate:up") < text.index("-- migrate:down")


def test_new_needs_no_database(project):
    project.env = {}
    project.ok("new", "add_phone")


def test_new_twice_in_a_second_writes_two_files(project):
    project.ok("new", "one")
    project.ok("new", "two")
    names = sorted(path.name for path in (project.folder / "db/migrations").iterdir())
    assert len(names) == 2
    assert len({name.split("_")[0] for name in names}) == 2


def test_new_uses_the_folder_there_is(project):
    project.migration("0001_first", "CREATE TABLE first (a);", folder="migrations")
    project.ok("new", "second")
    assert len(list((project.folder / "migrations").iterdir())) == 2
    assert not (project.folder / "db").exists()


@pytest.mark.parametrize("name", ["../evil", "a/b", "semi;colon", "two words", ".hidden", "ä1"])
def test_new_makes_any_name_a_file_name(project, name):
    project.ok("new", name)
    (path,) = (project.folder / "db/migrations").iterdir()
    assert re.fullmatch(r"\d{14}_\w+\.sql", path.name)
    project.ok("lint")


@pytest.mark.parametrize("name", ["", "///", "--"])
def test_new_refuses_a_name_without_a_letter(project, name):
    assert project.run("new", name).code == 64
    assert not (project.folder / "db/migrations").exists()


def test_what_new_wrote_can_be_filled_in_and_applied(project):
    project.ok("new", "first")
    (path,) = (project.folder / "db/migrations").iterdir()
    text = path.read_text().replace("-- migrate:up", "-- migrate:up\nCREATE TABLE first (a);")
    path.write_text(text.replace("-- migrate:down", "-- migrate:down\nDROP TABLE first;"))
    project.ok("lint")
    project.ok("apply")
    assert project.tables() == ["first"]


# baseline


def test_baseline_records_without_running(shop):
    shop.sql("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)")
    shop.ok("baseline", "0001")
    assert shop.applied() == ["0001"]
    shop.ok("run", "--", "true")
    assert shop.applied() == ["0001", "0002"]
    assert shop.value("SELECT count(*) FROM customers") == 1


def test_baseline_covers_every_older_version(shop):
    shop.sql("CREATE TABLE theirs (a)")
    shop.ok("baseline", "0002")
    assert shop.applied() == ["0001", "0002"]
    assert shop.tables() == ["theirs"]


def test_baseline_makes_no_database(shop):
    """A mistyped path must not become a database that says everything was applied."""
    for command in (["baseline", "0002"], ["repair", "--applied", "0001"]):
        result = shop.run(*command)
        assert result.code == 78
        assert not shop.database.exists()


@pytest.mark.parametrize("version", ["", "0", "x"])
def test_baseline_takes_nothing_for_a_version(project, version):
    project.migration("0000_init", "CREATE TABLE init (a);")
    project.sql("CREATE TABLE theirs (a)")
    assert project.run("baseline", version).code == (0 if version == "0" else 64)
    assert project.applied() == (["0000"] if version == "0" else [])


def test_repair_leaves_a_trace(migrated):
    migrated.migration_path("0001_customers").unlink()
    migrated.ok("repair", "--forget", "0001")
    assert migrated.sql("SELECT detail FROM db_entry_run WHERE command = 'repair'") == [
        ("forget 0001",)
    ]


def test_baseline_of_a_version_that_is_not_there(shop):
    result = shop.run("baseline", "0009")
    assert result.code not in (0, 1)
    assert "0009" in result.stderr
    assert shop.history() == []


def test_baseline_leaves_what_the_history_knows(migrated):
    before = migrated.sql("SELECT * FROM db_entry_history")
    migrated.migration("0003_third", "CREATE TABLE third (a);")
    migrated.ok("baseline", "0003")
    assert migrated.sql("SELECT * FROM db_entry_history WHERE version < '0003'") == before
    assert migrated.applied() == ["0001", "0002", "0003"]
    assert migrated.tables() == ["customers", "orders"]


def test_baseline_is_refused_where_the_history_disagrees(migrated):
    migrated.migration("0001_customers", "CREATE TABLE customers (other);")
    migrated.migration("0003_third", "CREATE TABLE third (a);")
    assert migrated.run("baseline", "0003").code == 22
    assert migrated.applied() == ["0001", "0002"]


# repair


def test_repair_has_nothing_to_say_of_a_good_history(migrated):
    before = migrated.sql("SELECT * FROM db_entry_history")
    migrated.ok("repair")
    assert migrated.sql("SELECT * FROM db_entry_history") == before


def test_repair_shows_what_is_unfinished_and_what_to_do(unfinished):
    result = unfinished.run("repair")
    text = result.stdout + result.stderr
    assert "0002" in text
    assert "statement 2 of 3 failed" in text and "may or may not" not in text
    assert "0002_half.sql:3" in text
    assert "--applied 0002" in text and "--reverted 0002" in text
    assert unfinished.run("repair", "--json").json


def test_repair_runs_a_migration_on_from_where_it_failed(unfinished):
    assert "run it from statement 2: db-entry repair --retry 0002" in unfinished.ok("repair").stdout
    assert unfinished.run("repair", "--retry", "0002").code == 24
    assert unfinished.history()[-1][2] == "started"
    path = unfinished.migration_path("0002_half")
    text = path.read_text()
    path.write_text(text.replace("half (a)", "half (b)"))
    refused = unfinished.run("repair", "--retry", "0002")
    assert refused.code == 64 and "nobody knows from which statement" in refused.stderr
    path.write_text(text)
    unfinished.sql("CREATE TABLE nowhere (a)")
    result = unfinished.ok("repair", "--retry", "0002", log="json")
    assert "migration.applied" in result.event_names
    assert unfinished.applied()[-1] == "0002" and unfinished.run("apply").code == 0


def test_repair_shows_what_changed_and_what_is_missing(migrated):
    migrated.migration("0001_customers", "CREATE TABLE customers (other);")
    assert "--accept 0001" in migrated.run("repair").stdout
    migrated.migration("0003_third", "CREATE TABLE third (a);")


def test_repair_accept_takes_the_file_as_it_is(migrated):
    migrated.migration("0001_customers", "CREATE TABLE customers (other);")
    assert migrated.run("run", "--", "true").code == 22
    migrated.ok("repair", "--accept", "0001")
    migrated.ok("run", "--", "true")


def test_repair_forget_drops_a_row(migrated):
    migrated.migration_path("0001_customers").unlink()
    assert migrated.run("run", "--", "true").code == 22
    migrated.ok("repair", "--forget", "0001")
    migrated.ok("run", "--", "true")
    assert migrated.applied() == ["0002"]


def test_repair_applied_ends_an_unfinished_migration(unfinished):
    unfinished.ok("repair", "--applied", "0002")
    assert unfinished.applied() == ["0001", "0002"]
    unfinished.ok("run", "--", "true")


def test_repair_reverted_lets_it_run_again(unfinished):
    unfinished.sql("DROP TABLE half")
    unfinished.ok("repair", "--reverted", "0002")
    assert unfinished.applied() == ["0001"]
    unfinished.migration("0002_half", "CREATE TABLE half (a);")
    unfinished.ok("run", "--", "true")
    assert unfinished.applied() == ["0001", "0002"]


@pytest.mark.parametrize("option", ["--accept", "--forget", "--applied", "--reverted"])
def test_repair_of_what_is_not_so_changes_nothing(migrated, option):
    before = migrated.sql("SELECT version, checksum, state FROM db_entry_history")
    result = migrated.run("repair", option, "0009")
    assert result.code not in (0, 1)
    assert "0009" in result.stderr
    assert migrated.sql("SELECT version, checksum, state FROM db_entry_history") == before


@pytest.mark.parametrize("option", ["--applied", "--reverted"])
def test_repair_ends_only_what_is_unfinished(migrated, option):
    assert migrated.run("repair", option, "0002").code not in (0, 1)
    assert migrated.applied() == ["0001", "0002"]


def test_repair_is_in_the_audit_table(migrated):
    migrated.migration("0001_customers", "CREATE TABLE customers (other);")
    migrated.ok("repair", "--accept", "1")
    commands = [row[0] for row in migrated.sql("SELECT command FROM db_entry_run ORDER BY started_at")]
    assert commands == ["apply", "repair"]


# lint


def test_lint_needs_no_database(shop):
    shop.env = {}
    shop.ok("lint", "--engine=sqlite")
    result = shop.run("lint")
    assert result.code == 64
    assert "--engine=sqlite" in result.stderr


def test_lint_finds_what_is_malformed(shop):
    shop.migration("0003_third", "CREATE TABLE third (a);\nROLLBACK;")
    result = shop.run("lint")
    assert result.code == 65
    assert "0003_third.sql:2" in result.stdout + result.stderr


def test_lint_reports_every_malformed_file(shop):
    shop.migration("0003_third", "CREATE TABLE third (a);\nROLLBACK;")
    shop.migration("0004_fourth", "SELECT 'never closed;")
    shop.migration("0005_fifth", "-- empty")
    result = shop.run("lint")
    assert result.code == 65
    assert "0003_third.sql:2: error: " in result.stdout
    assert "0004_fourth.sql:1: error: " in result.stdout
    assert "0005_fifth.sql:1: warning: " in result.stdout
    result = shop.run("lint", "--json")
    assert result.code == 65
    assert [problem["line"] for problem in result.json["errors"]] == [2, 1]
    assert "0004_fourth" not in shop.run("apply").stderr


# health


def test_health_is_zero_or_one_and_short(migrated):
    result = migrated.ok("health")
    assert len(result.stdout + result.stderr) < 4096
    env = {"DB_ENTRY_DATABASE_URL": "sqlite:/not/there/x.db", "DB_ENTRY_WAIT_TIMEOUT": "1h"}
    for args in (["health"], ["health", "--json"]):
        result = migrated.run(*args, env=env)
        assert result.code == 1
        assert len(result.stdout + result.stderr) < 4096
    assert migrated.run("health", "--json", env=env).json["healthy"] is False
    assert migrated.ok("health", "--json").json["healthy"] is True


def test_health_of_an_unfinished_migration(unfinished):
    assert unfinished.run("health").code == 1


# The command line


def test_options_may_stand_before_the_command(migrated):
    assert migrated.ok("--lock-timeout=2s", "status").stdout == migrated.ok("status").stdout
    assert migrated.run("--log=text", "stauts").code == 64


def test_an_absent_application_is_noticed_before_anything_is_changed(shop):
    result = shop.run("run", "--", "no-such-application")
    assert result.code == 127
    assert not shop.database.exists()


def test_a_busy_database_is_not_the_migrations_fault(migrated):
    migrated.migration("0003_more", "CREATE TABLE more (a);")
    migrated.sql("PRAGMA journal_mode = WAL")
    with sqlite3.connect(migrated.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        result = migrated.run("apply", "--lock-timeout=300ms")
        other.execute("ROLLBACK")
    assert result.code == 23
    assert "DB_ENTRY_LOCK_TIMEOUT" in result.stderr and "mend the statement" not in result.stderr
    migrated.ok("apply")
