"""A migration that was left half-way heals by itself where it is certain what is done and what not."""

import time

import pytest

HALF = """
-- db-entry: no-transaction
CREATE TABLE first (a);
INSERT INTO later VALUES (1);
CREATE TABLE last (a);
"""


@pytest.fixture
def half(shop):
    """Its second statement failed."""
    migrated = shop
    migrated.env["DB_ENTRY_DRIFT"] = "ignore"
    migrated.migration("0003_half", HALF)
    result = migrated.run("apply", log="json")
    assert result.code == 24, result
    assert any("start again: it goes on with that statement" in line for line in result.refusal["next"])
    return migrated


def state(project):
    return project.sql(
        "SELECT state, statements_done, statements_total, failed_at IS NULL, failed_statement,"
        " done_checksum IS NULL FROM db_entry_history WHERE version = '0003'"
    )


def test_what_failed_is_kept_until_it_is_done(half):
    assert state(half) == [("started", 1, 3, 0, "INSERT INTO later VALUES (1)", 0)]
    half.sql("CREATE TABLE later (a)")
    half.ok("apply")
    assert state(half) == [("applied", 3, 3, 1, None, 1)]


def test_start_again_after_the_data_were_mended(half):
    half.sql("CREATE TABLE later (a)")
    result = half.ok("run", "--", "echo", "started", log="json")
    assert "started" in result.stdout
    event = next(event for event in result.events if event["event"] == "plan.resumed")
    assert (event["version"], event["done"], event["statements"]) == ("0003", 1, 3)
    assert half.applied()[-1] == "0003"
    assert half.sql("SELECT a FROM later") == [(1,)]
    assert {"first", "last"} <= set(half.tables())


def test_next_image_with_the_statement_corrected(half):
    text = HALF.replace("INSERT INTO later VALUES (1);", "INSERT INTO first VALUES (7); -- mended")
    half.migration("0003_half", text + "CREATE TABLE more (a);")
    half.ok("apply")
    assert half.sql("SELECT a FROM first") == [(7,)]
    assert state(half) == [("applied", 4, 4, 1, None, 1)]
    half.ok("status", "--check")
    half.migration("0003_half", HALF)
    assert half.run("apply").code == 22, "the history has the checksum of what was run"


def test_file_that_ends_with_what_is_done(half):
    half.migration("0003_half", "-- db-entry: no-transaction\nCREATE  TABLE first(a);")
    half.ok("apply")
    assert state(half) == [("applied", 1, 1, 1, None, 1)]


def test_correction_that_fails_too(half):
    half.migration("0003_half", HALF.replace("later", "elsewhere"))
    result = half.run("apply")
    assert result.code == 24 and "statement 2 of 3: INSERT INTO elsewhere" in result.stderr, result
    assert state(half) == [("started", 1, 3, 0, "INSERT INTO elsewhere VALUES (1)", 0)]
    half.migration("0003_half", HALF.replace("later", "first"))
    half.ok("apply")


@pytest.mark.parametrize(
    "text",
    [
        HALF.replace("first (a)", "first (b)"),
        HALF.replace("CREATE TABLE first (a);", ""),
        HALF.replace("CREATE TABLE first", "VACUUM;\nCREATE TABLE first"),
        HALF.replace("no-transaction", "destructive"),
        HALF.replace("no-transaction", "destructive").replace("later", "first"),
    ],
    ids=["changed", "removed", "before", "transaction", "corrected"],
)
def test_what_is_done_must_be_what_the_file_begins_with(half, text):
    half.sql("CREATE TABLE later (a)")
    half.migration("0003_half", text)
    result = half.run("apply")
    assert result.code == 24 and "db-entry repair" in result.stderr, result
    assert half.sql("SELECT a FROM later") == []


def test_never(half):
    half.sql("CREATE TABLE later (a)")
    result = half.run("apply", env={"DB_ENTRY_RESUME": "never"})
    assert result.code == 24 and "--retry 0003" in result.stderr, result
    half.ok("repair", "--retry", "0003", env={"DB_ENTRY_RESUME": "never"})
    assert half.applied()[-1] == "0003"


def test_plan_and_status_tell_it(half):
    half.sql("CREATE TABLE later (a)")
    plan = half.ok("plan").stdout
    assert "0003_half" in plan and "goes on from statement 2 of 3" in plan
    assert half.ok("plan", "--json").json["migrations"][0]["state"] == "resumed"
    assert "unfinished" in half.ok("status").stdout
    assert half.run("status", "--check").code == 24
    assert "start again" in half.ok("repair").stdout


def test_cut_off_and_nobody_knows(half):
    """Where the catalog can't tell whether the statement was done, somebody has to look."""
    half.sql("CREATE TABLE later (a)")
    half.sql("UPDATE db_entry_history SET failed_at = NULL, failed_statement = NULL WHERE version = '0003'")
    result = half.run("apply")
    assert result.code == 24 and "may or may not be done" in result.stderr, result


def test_only_the_end_was_not_recorded(half):
    half.sql("CREATE TABLE later (a)")
    half.ok("apply")
    half.sql("UPDATE db_entry_history SET state = 'started', finished_at = NULL WHERE version = '0003'")
    half.ok("apply")
    assert state(half)[0][0] == "applied"
    assert half.sql("SELECT count(*) FROM later") == [(1,)]


def test_settings_are_made_again(project):
    """They were those of the session that is gone."""
    project.env["DB_ENTRY_DRIFT"] = "ignore"
    project.migration(
        "0001_half",
        "-- db-entry: no-transaction\nPRAGMA recursive_triggers = ON;\nCREATE TABLE a (a);\n"
        "INSERT INTO b VALUES (1);\nCREATE TABLE seen AS SELECT * FROM pragma_recursive_triggers;",
    )
    assert project.run("apply").code == 24
    project.sql("CREATE TABLE b (a)")
    project.ok("apply")
    assert project.sql("SELECT * FROM seen") == [(1,)]


def test_what_was_begun_without_a_transaction_ends_without_one(half):
    half.sql("CREATE TABLE later (a)")
    half.migration("0003_half", HALF.replace("no-transaction", "destructive"))
    result = half.run("repair", "--retry", "0003")
    assert result.code == 64 and "no-transaction" in result.stderr, result


def test_what_lived_in_the_session_is_gone(project):
    project.migration(
        "0001_half",
        "-- db-entry: no-transaction\nCREATE TEMP TABLE a (a);\nINSERT INTO b VALUES (1);\n"
        "CREATE TABLE c AS SELECT * FROM a;",
    )
    result = project.run("apply")
    assert result.code == 24, result
    project.sql("CREATE TABLE b (a)")
    again = project.run("apply", env={"DB_ENTRY_DRIFT": "ignore"})
    assert again.code == 24 and "db-entry repair" in again.stderr, again
    assert project.sql("SELECT * FROM b") == []


@pytest.mark.parametrize("conflict", ["statement", "table"])
def test_rows_that_a_failed_statement_kept(project, conflict):
    """OR FAIL keeps those before the one in conflict: a second try would have them twice."""
    declared = " ON CONFLICT FAIL" if conflict == "table" else ""
    word = "OR FAIL " if conflict == "statement" else ""
    project.migration(
        "0001_half",
        f"-- db-entry: no-transaction\nCREATE TABLE a (a UNIQUE{declared});\n"
        f"INSERT {word}INTO a VALUES (NULL), (1), (1);\nCREATE TABLE c (a);",
    )
    assert project.run("apply").code == 24
    result = project.run("apply", env={"DB_ENTRY_DRIFT": "ignore"})
    assert result.code == 24 and "repair --applied 0001" in result.stderr, result
    assert project.sql("SELECT a FROM a") == [(None,), (1,)]


def test_rows_that_the_first_statement_kept(project):
    project.migration("0001_first", "CREATE TABLE a (a UNIQUE);")
    project.ok("apply")
    project.migration(
        "0002_half", "-- db-entry: no-transaction\nINSERT OR FAIL INTO a VALUES (1), (1);\nVACUUM;"
    )
    result = project.run("apply")
    assert result.code == 24 and "0 of 2 statements are done" in result.stderr, result


def test_stopped_by_a_signal_it_goes_on(project):
    project.env["DB_ENTRY_DRIFT"] = "ignore"
    project.migration(
        "0001_half",
        "-- db-entry: no-transaction\nCREATE TABLE a (a);\n"
        "INSERT INTO a WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c"
        " WHERE x < (SELECT CASE WHEN exists (SELECT 1 FROM sqlite_master WHERE name = 'go')"
        " THEN 3 ELSE 9e9 END)) SELECT x FROM c;",
    )
    process = project.start("apply")
    while project.tables() != ["a"]:
        time.sleep(0.02)
    process.signal(15)
    assert process.wait().code == 143
    project.sql("CREATE TABLE go (a)")
    project.ok("apply")
    assert project.sql("SELECT count(*) FROM a") == [(3,)]
