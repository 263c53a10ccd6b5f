"""Rolling back: down parts from the history, judged, dumped, proved and recorded like up parts."""

import re

import pytest

from support.rollback import NOTES, USERS, remove_files, token_of
from test_dump import catalogue, content


def events_named(result, name):
    return [event for event in result.events if event["event"] == name]


def test_steps(site):
    result = site.ok("rollback", "--steps", "1")
    assert site.applied() == ["0001", "0002"]
    assert site.tables() == ["users"]
    assert "1 rolled back, now at 0002" in result.stdout
    assert "next start of this image applies 0003_notes again" in result.stdout
    assert "rolled back 0003_notes · 2 statements" in result.stderr
    assert site.sql(
        "SELECT state, statements_done, statements_total FROM db_entry_history WHERE version = '0003'"
    ) == [("reverted", 0, 2)]


def test_the_audit_says_what_was_asked(site):
    site.ok("rollback", "--to", "2", env={"DB_ENTRY_APP_VERSION": "1.0"})
    row = site.sql(
        "SELECT id, command, detail, outcome, app_version FROM db_entry_run ORDER BY started_at"
    )[-1]
    assert row[1:] == ("rollback", "--to 2: 0003", 0, "1.0")
    assert site.value("SELECT run_id FROM db_entry_history WHERE version = '0003'") == row[0]


def test_applied_again_and_rolled_back_again(site):
    for _ in range(3):
        site.ok("rollback", "--steps", "1")
        assert "rolled back 20" in site.ok("status").stdout
        assert "it was applied before" in site.ok("plan").stdout
        assert site.run("status", "--check").code == 30
        site.ok("apply")
        assert site.applied() == ["0001", "0002", "0003"]
        assert "notes" in site.tables()


def test_to_is_what_stays(site):
    assert "nothing to roll back" in site.ok("rollback", "--to", "0003").stdout
    site.ok("rollback", "--to", "2")
    assert site.applied() == ["0001", "0002"]
    # Asked for again it is done already.
    site.ok("rollback", "--to", "2")
    assert site.applied() == ["0001", "0002"]


def test_all(site):
    site.sql("DELETE FROM users")
    result = site.ok("rollback", "--to", "none")
    assert site.applied() == []
    assert site.tables() == []
    assert "3 rolled back, nothing is applied" in result.stdout
    assert "applies 0001_users and 2 more again" in result.stdout
    site.ok("apply")
    assert site.applied() == ["0001", "0002", "0003"]


def test_order_is_that_of_application(site):
    """Of two branches merged late the older version was applied last."""
    site.migration("0000_late", NOTES.replace("notes", "late"))
    site.ok("apply")
    site.ok("rollback", "--to", "3")
    assert "late" not in site.tables() and "notes" in site.tables()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--steps", "1", "--to", "2"],
        ["--steps", "0"],
        ["--steps", "-1"],
        ["--steps", "x"],
        ["--steps", "4"],
        ["--to", "9"],
        ["--to", "0"],
        ["--to", "0002_phone"],
        ["--steps", "1", "--json"],
        ["--steps", "1", "2"],
    ],
)
def test_what_makes_no_sense_changes_nothing(site, words):
    before = content(site.database)
    refused = site.run("rollback", *words)
    assert refused.code == 64, refused
    assert content(site.database) == before


def test_a_database_that_is_not_there_is_not_made(project):
    project.migration("0001_users", USERS)
    assert project.run("rollback", "--steps", "1").code == 64
    assert project.ok("rollback", "--to", "none").stdout.startswith(f"{project.database}: nothing")
    assert not project.database.exists()


def test_a_reverted_version_does_not_stay(site):
    site.ok("rollback", "--to", "2")
    assert site.run("rollback", "--to", "3").code == 64


# --- The history's text ---


def test_an_older_image_without_the_files(site):
    remove_files(site)
    site.migration("0001_users", USERS)
    result = site.ok("rollback", "--to", "2")
    assert site.tables() == ["users"]
    assert "An image that has what was rolled back applies it again" in result.stdout
    assert "0003" not in site.ok("status").stdout
    site.ok("run", "--", "true")


def test_an_image_without_any_migrations_names_the_place(site):
    remove_files(site)
    refused = site.run("rollback", "--to", "1")
    assert refused.code == 20, refused
    assert "down part of 0002_phone:1" in refused.stderr


def test_one_that_breaks_older_images_is_rolled_back_by_one(site):
    late = site.migration("0004_floor", "-- db-entry: breaks-older\n" + NOTES.replace("notes", "late"))
    site.ok("apply")
    late.unlink()
    assert site.run("run", "--", "true").code == 22
    site.ok("rollback", "--steps", "1")
    site.ok("run", "--", "true")


def test_the_text_of_the_history_counts_not_the_file(site):
    site.migration("0003_notes", NOTES.replace("DROP INDEX notes_by_text;", "SELECT nonsense;"))
    result = site.ok("rollback", "--steps", "1", log="json")
    assert "another down part" in events_named(result, "rollback.caution")[0]["reason"]
    assert "notes" not in site.tables()


def test_a_corrected_down_part_is_taken_on_request(site):
    site.migration("0003_notes", NOTES.replace("DROP INDEX notes_by_text;", ""))
    site.ok("repair", "--accept", "3")
    plan = site.ok("rollback", "--steps", "1", "--plan").stdout
    assert "DROP TABLE notes" in plan and "DROP INDEX" not in plan


def test_a_changed_text_in_the_history_is_refused(site):
    site.sql("UPDATE db_entry_history SET down_text = 'DROP TABLE users' WHERE version = '0003'")
    refused = site.run("rollback", "--steps", "1")
    assert refused.code == 22, refused
    assert site.tables() == ["notes", "users"]


@pytest.mark.parametrize("style", ["one", "marker-option", "sqlx"])
def test_no_transaction_of_the_down_part(project, style):
    """VACUUM can't run in a transaction, so that it does shows that the directive was kept."""
    down = {
        "one": "-- db-entry: no-transaction, lock-timeout=5s, statement-timeout=1m\nVACUUM;",
        "marker-option": "VACUUM;",
        "sqlx": "-- no-transaction\nVACUUM;",
    }[style]
    if style == "sqlx":
        project.migration("0001_a.up", "CREATE TABLE a (a);")
        project.migration("0001_a.down", down)
    else:
        option = " transaction:false" if style == "marker-option" else ""
        project.write(
            "db/migrations/0001_a.sql",
            f"-- migrate:up\nCREATE TABLE a (a);\n-- migrate:down{option}\n{down}\n",
        )
    project.ok("apply")
    remove_files(project)
    assert "(no transaction)" in project.ok("rollback", "--steps", "1", "--plan").stdout
    project.ok("rollback", "--steps", "1")
    assert project.history() == [("0001", "a", "reverted")]


def test_timeouts_of_the_down_part(project):
    endless = (
        "CREATE TABLE e AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT max(i) FROM n;"
    )
    project.write(
        "db/migrations/0001_a.sql",
        "-- migrate:up\nCREATE TABLE a (a);\n-- migrate:down\n"
        f"-- db-entry: statement-timeout=200ms\n{endless}\n",
    )
    project.ok("apply")
    failed = project.run("rollback", "--steps", "1")
    assert failed.code == 23, failed
    assert project.applied() == ["0001"]


# --- Missing down parts ---


def test_missing_down_parts_are_named_before_anything_changes(site):
    for version in ("0004", "0005"):
        site.migration(f"{version}_plain", f"CREATE TABLE t{version} (a);")
    site.migration("0006_more", NOTES.replace("notes", "more"))
    site.ok("apply")
    before = content(site.database)
    refused = site.run("rollback", "--to", "1")
    assert refused.code == 22, refused
    assert "0004_plain" in refused.stderr and "0005_plain" in refused.stderr
    assert "0006_more" not in refused.stderr
    assert content(site.database) == before
    assert site.run("rollback", "--to", "1", "--plan").code == 22


def test_a_down_part_that_was_written_later(site):
    site.migration("0004_plain", "CREATE TABLE plain (a);")
    site.ok("apply")
    assert "repair --accept 0004" in site.run("rollback", "--steps", "1").stderr
    site.migration("0004_plain.down", "DROP TABLE plain;")
    assert "its file has now: db-entry repair --accept 0004" in site.run("rollback", "--steps", "1").stderr
    site.ok("repair", "--accept", "4")
    site.ok("rollback", "--steps", "1")
    assert "plain" not in site.tables()


def test_an_empty_migration_has_nothing_to_undo(site):
    site.migration("0004_empty", "-- to be written\n")
    site.ok("apply")
    site.ok("rollback", "--to", "2")
    assert site.applied() == ["0001", "0002"]


def test_what_baseline_counted_is_rolled_back_with_a_word(project):
    project.migration("0001_users", USERS)
    project.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    project.ok("baseline", "1")
    assert "never run here" in project.ok("rollback", "--steps", "1", "--plan").stdout
    result = project.ok("rollback", "--steps", "1", log="json")
    assert "baseline" in events_named(result, "rollback.caution")[0]["reason"]
    assert project.tables() == []


# --- The gate ---


def test_a_table_without_rows_is_free(site):
    assert site.ok("rollback", "--steps", "1")


def test_a_loss_is_stopped_with_its_evidence(site):
    site.sql("INSERT INTO notes VALUES (1, 'kept'), (2, 'too')")
    refused = site.run("rollback", "--steps", "1")
    assert refused.code == 20, refused
    assert "loses table notes with 2 rows" in refused.stderr
    assert "db/migrations/0003_notes.sql:6" in refused.stderr
    assert site.value("SELECT count(*) FROM notes") == 2
    assert site.value("SELECT count(*) FROM sqlite_master WHERE name = 'notes_by_text'") == 1
    assert site.applied() == ["0001", "0002", "0003"]
    token = token_of(refused)
    assert re.fullmatch("0003@down:[0-9a-f]{12}", token)
    assert token in site.ok("rollback", "--steps", "1", "--plan").stdout
    site.write("db/approvals", f"{token} nobody reads them, BILL-9\n")
    site.ok("rollback", "--steps", "1")
    assert site.tables() == ["users"]
    assert site.value("SELECT approval FROM db_entry_history WHERE version = '0003'") == token


def test_stopped_at_the_second_the_first_is_kept(site):
    refused = site.run("rollback", "--to", "1")
    assert refused.code == 20, refused
    assert "loses 1 value in users.phone" in refused.stderr
    assert "1 rolled back before it" in refused.stderr
    assert site.applied() == ["0001", "0002"]
    assert site.value("SELECT phone FROM users") == "555"


def test_tokens_are_not_interchangeable(project):
    """Up and down part hold the same statement, so both digests are the same."""
    project.migration("0001_log", "CREATE TABLE log (a); INSERT INTO log VALUES (1);")
    project.migration("0002_clean.up", "DELETE FROM log;")
    project.migration("0002_clean.down", "DELETE FROM log;")
    project.ok("apply", env={"DB_ENTRY_MIGRATIONS": "db/migrations", "DB_ENTRY_APPROVE": "2"})
    project.sql("UPDATE db_entry_history SET state = 'reverted' WHERE version = '0002'")
    project.sql("INSERT INTO log VALUES (1)")
    up = token_of(project.run("apply"))
    assert re.fullmatch("0002@[0-9a-f]{12}", up)
    down = up.replace("@", "@down:")
    assert project.run("apply", env={"DB_ENTRY_APPROVE": down}).code == 20
    assert project.value("SELECT count(*) FROM log") == 1
    project.ok("apply", env={"DB_ENTRY_APPROVE": up})
    project.sql("INSERT INTO log VALUES (1)")
    for wrong in (up, "0002", "2", "all"):
        refused = project.run("rollback", "--steps", "1", env={"DB_ENTRY_APPROVE": wrong})
        assert refused.code == 20, refused
        assert token_of(refused) == down
        assert project.value("SELECT count(*) FROM log") == 1
    project.ok("rollback", "--steps", "1", env={"DB_ENTRY_APPROVE": down})
    assert project.value("SELECT count(*) FROM log") == 0


def test_a_spent_approval_of_the_migration_is_not_stale_for_its_rollback(site):
    site.write("db/approvals", "0003@0123456789ab it was right then\n")
    site.ok("rollback", "--steps", "1")
    site.write("db/approvals", "0003@down:0123456789ab it was right then\n")
    site.ok("apply")
    stale = site.run("rollback", "--steps", "1")
    assert stale.code == 20 and "approved is 0003@down:0123456789ab" in stale.stderr


def test_a_stale_approval_is_found_before_anything_is_rolled_back(site):
    old = "0002@down:0123456789ab"
    site.write("db/approvals", f"{old} long ago\n")
    planned = site.run("rollback", "--to", "1", "--plan")
    assert planned.code == 20, planned
    assert f"stale: approved is {old}, now 0002@down:" in planned.stdout
    refused = site.run("rollback", "--to", "1")
    assert refused.code == 20, refused
    assert "nothing is rolled back" in refused.stderr and old in refused.stderr
    assert site.applied() == ["0001", "0002", "0003"]
    (_, part) = site.run("rollback", "--to", "1", "--plan", "--json").json["migrations"]
    assert part["stale"] == old and part["approved"] is None
    # Nor is what approves no rollback.
    (part, _) = site.run(
        "rollback", "--to", "1", "--plan", "--json", env={"DB_ENTRY_APPROVE": "all"}
    ).json["migrations"]
    assert part["stale"] is None and part["approved"] is None
    # It is none of a migration that is applied, nor of one that comes again.
    site.ok("plan")
    site.ok("lint", "--strict")
    site.write("db/approvals", f"{token_of(refused)} BILL-9\n")
    assert f"approved by {token_of(refused)}" in site.ok("rollback", "--to", "1", "--plan").stdout
    site.ok("rollback", "--to", "1")
    assert site.applied() == ["0001"]


def named_environment(project, permission):
    project.write(
        "db/config/db-environments.json",
        '{"version": 1, "environments": [{"id": "live", "permissions": {"migrations": %s}}]}'
        % permission,
    )
    project.env["DB_ENTRY_ENV"] = "live"


def test_permissions(site):
    named_environment(site, "false")
    assert site.run("rollback", "--steps", "1").code == 20
    assert site.run("rollback", "--steps", "1", "--plan").code == 20
    named_environment(site, '"review-required"')
    refused = site.run("rollback", "--steps", "1")
    assert refused.code == 20, refused
    assert site.applied() == ["0001", "0002", "0003"]
    approve = {"DB_ENTRY_APPROVE": token_of(refused)}
    named_environment(site, '"change-request"')
    no_item = site.run("rollback", "--steps", "1", env=approve)
    assert no_item.code == 20 and "work item" in no_item.stderr
    named_environment(site, '"review-required"')
    site.ok("rollback", "--steps", "1", env=approve)
    assert site.applied() == ["0001", "0002"]


def test_a_change_request_takes_the_work_item_of_the_migration(site):
    site.migration("0004_more", "-- db-entry: work-item=BILL-4\n" + NOTES.replace("notes", "more"))
    site.ok("apply")
    remove_files(site)
    named_environment(site, '"change-request"')
    token = token_of(site.run("rollback", "--steps", "1"))
    site.ok("rollback", "--steps", "1", env={"DB_ENTRY_APPROVE": token})


# --- Plan ---


def test_plan_changes_nothing(site):
    site.ok("dump")
    before, dumps = content(site.database), len(catalogue(site))
    result = site.ok("rollback", "--to", "none", "--plan")
    assert "3 to roll back" in result.stdout
    assert result.stdout.index("0003_notes") < result.stdout.index("0002_phone")
    assert result.stdout.index("0002_phone") < result.stdout.index("0001_users")
    parsed = site.ok("rollback", "--to", "none", "--plan", "--json").json
    assert [item["version"] for item in parsed["migrations"]] == ["0003", "0002", "0001"]
    assert parsed["migrations"][0]["statements"][1]["text"] == "DROP TABLE notes"
    assert parsed["migrations"][0]["approval"].startswith("0003@down:")
    assert content(site.database) == before
    assert len(catalogue(site)) == dumps


# --- Dumps ---


def test_a_dump_comes_first(site):
    site.ok("rollback", "--steps", "1")
    made = catalogue(site)[-1]
    assert made["reason"] == "before rollback of 0003_notes"
    assert made["label"] == "before-rollback-0003"
    assert site.value("SELECT dump_id FROM db_entry_history WHERE version = '0003'") == made["id"]
    site.ok("restore", made["id"], "--yes")
    assert site.applied() == ["0001", "0002", "0003"]
    assert "notes" in site.tables()


def test_no_dump_no_rollback(site):
    blocked = site.folder / "file"
    blocked.write_text("no folder")
    refused = site.run("rollback", "--steps", "1", env={"DB_ENTRY_DUMP_DIR": str(blocked)})
    assert refused.code == 25, refused
    assert site.applied() == ["0001", "0002", "0003"]
    assert "notes" in site.tables()
