"""Approvals: what they are of, where they are read, when they are stale."""

import re

import pytest

from support.past import token_of


def test_declared_destructive_needs_approval(base):
    base.migration("0002_declared", "-- db-entry: destructive\nCREATE TABLE fine (a);")
    result = base.run("apply")
    assert result.code == 20
    assert "declares it destructive" in result.stderr
    base.ok("apply", env={"DB_ENTRY_APPROVE": "0002"})


def test_stale_approval_is_refused_with_both(base):
    base.migration("0002_gone", "ALTER TABLE users DROP COLUMN phone;")
    old = token_of(base.run("apply"))
    base.migration("0002_gone", "ALTER TABLE users DROP COLUMN email;")
    base.migration("0002_gone", "DROP TABLE orders;")
    result = base.run("apply", env={"DB_ENTRY_APPROVE": old})
    assert result.code == 20
    assert old in result.stderr
    new = [t for t in re.findall(r"0002@[0-9a-f]{12}", result.stderr) if t != old]
    assert new
    base.ok("apply", env={"DB_ENTRY_APPROVE": f"0001@000000000000,{new[0]}"})


def test_approvals_file(base):
    base.migration("0002_gone", "ALTER TABLE users DROP COLUMN phone;")
    token = token_of(base.run("apply"))
    base.write("db/approvals", f"# reviewed\n\n0002@{token[5:]}\n")
    result = base.run("apply")
    assert result.code == 65
    assert "db/approvals:3" in result.stderr
    base.write("db/approvals", f"# reviewed\n{token} nobody calls any more, BILL-7\n")
    base.ok("apply")


@pytest.mark.parametrize(
    "permission,given,code",
    [
        ("true", "0002", 0),
        ("true", "all", 0),
        ("false", "all", 30),
        ('"review-required"', "0002", 20),
        ('"review-required"', "all", 20),
        ('"review-required"', "TOKEN", 0),
        ('"change-request"', "TOKEN", 20),
        (None, "0002", 0),
        (None, "all", 20),
        (None, "TOKEN", 0),
    ],
)
def test_permissions(base, permission, given, code):
    base.migration("0002_gone", "ALTER TABLE users DROP COLUMN phone;")
    token = token_of(base.run("apply"))
    env = {"DB_ENTRY_APPROVE": token if given == "TOKEN" else given}
    if permission is not None:
        base.write(
            "db/config/db-environments.json",
            '{"version": 1, "environments": [{"id": "live", "permissions": {"migrations": '
            + permission
            + "}}]}",
        )
        env["DB_ENTRY_ENV"] = "live"
    assert base.run("apply", env=env).code == code


def test_change_request_with_a_work_item(base):
    base.migration("0002_new", "-- db-entry: work-item=BILL-7\nCREATE TABLE fresh (a);")
    base.write(
        "db/config/db-environments.json",
        '{"version": 1, "environments":'
        ' [{"id": "live", "permissions": {"migrations": "change-request"}}]}',
    )
    base.env["DB_ENTRY_ENV"] = "live"
    result = base.run("apply")
    assert result.code == 20
    base.ok("apply", env={"DB_ENTRY_APPROVE": token_of(result)})


def test_change_request_says_what_is_missing_of_each(base):
    base.migration("0002_item", "-- db-entry: work-item=BILL-7\nCREATE TABLE fresh (a);")
    base.migration("0003_none", "CREATE TABLE more (a);")
    base.write(
        "db/config/db-environments.json",
        '{"version": 1, "environments":'
        ' [{"id": "live", "permissions": {"migrations": "change-request"}}]}',
    )
    base.env["DB_ENTRY_ENV"] = "live"
    (first, second) = re.findall(r"000.@[0-9a-f]{12}", base.run("apply").stderr)
    result = base.run("apply", env={"DB_ENTRY_APPROVE": f"{first},{second}"})
    assert result.code == 20
    assert "0003_none: no work item" in result.stderr
    assert "-- db-entry: work-item=" in result.stderr
    assert "approve in" not in result.stderr and second not in result.stderr
    result = base.run("apply", env={"DB_ENTRY_APPROVE": first})
    assert "0003_none: not approved" in result.stderr and second in result.stderr
    assert first not in result.stderr


@pytest.mark.parametrize("word", ["0002@xyz", "users", "@", "0002@4BE1C09A77D2"])
def test_what_is_no_approval_is_refused(base, word):
    base.migration("0002_new", "CREATE TABLE fresh (a);")
    assert base.run("apply", env={"DB_ENTRY_APPROVE": word}).code == 78


def test_plan_lint_and_refusal_print_one_approval(base):
    base.migration("0002_gone", "ALTER TABLE users DROP phone;")
    token = token_of(base.run("apply"))
    assert token in base.run("plan").stdout
    assert token in base.run("lint").stdout
    assert "column users.phone" in base.run("lint").stdout
    env = {"DB_ENTRY_DATABASE_URL": ""}
    assert token in base.run("lint", "--engine=sqlite", env=env).stdout


STALE = {
    "dropped": ("DROP TABLE orders;", True),
    "dropped_column": ("ALTER TABLE users DROP phone;", True),
    "new": ("CREATE TABLE fresh (a);", True),
    "no_transaction": ("-- db-entry: no-transaction\nDELETE FROM orders;", True),
    # What a trigger does, or a rename, only the proof knows.
    "deleted": ("DELETE FROM orders;", False),
    "inserted": ("DROP TABLE twin; INSERT INTO blank VALUES (1, 'a');", False),
}


@pytest.mark.parametrize("name", STALE)
def test_stale_approval_is_found_before_anything_is_applied(base, name):
    sql, final = STALE[name]
    old = "0003@0123456789ab"
    base.migration("0002_fine", "CREATE TABLE before (a);")
    base.migration("0003_stale", sql)
    base.write("db/approvals", f"{old} long ago\n")
    planned = base.run("plan")
    linted = base.run("lint")
    result = base.run("apply")
    assert result.code == 20
    assert old in result.stderr
    assert base.applied() == (["0001"] if final else ["0001", "0002"])
    assert (f"stale: approved is {old}, now 0003@" in planned.stdout) == final
    assert (f"{old}: whether it fits, the proof decides" in planned.stdout) != final
    assert ("[stale-approval]" in linted.stdout) == final
    assert planned.code == (20 if final else 0)
    assert base.run("lint", "--strict").code == (65 if final else 0)
    token = [t for t in re.findall(r"0003@[0-9a-f]{12}", result.stderr) if t != old][0]
    base.write("db/approvals", f"{old} long ago\n{token} again\n")
    assert f"approved by {token}" in base.ok("plan").stdout
    base.ok("lint", "--strict")
    base.ok("apply")
    base.write("db/approvals", f"{old} long ago\n")
    base.ok("lint", "--strict")  # it is applied, so the line is spent
    base.ok("apply")


def test_what_the_proof_names_is_not_called_stale(base):
    """The refusal prints a token with more than reading saw: it is one that fits."""
    base.env["DB_ENTRY_DRIFT"] = "ignore"
    base.sql("CREATE TRIGGER t AFTER INSERT ON blank BEGIN DELETE FROM orders; END")
    base.migration("0002_far", "INSERT INTO blank VALUES (1, 'a');")
    token = token_of(base.run("apply"))
    assert token not in base.run("plan").stdout
    base.write("db/approvals", f"{token} the trigger is right\n")
    assert "stale" not in base.ok("plan").stdout + base.ok("lint", "--strict").stdout
    base.ok("apply")


def test_review_takes_what_the_proof_named(base):
    base.env["DB_ENTRY_DRIFT"] = "ignore"
    base.sql("CREATE TRIGGER t AFTER INSERT ON blank BEGIN DELETE FROM orders; END")
    base.migration("0002_far", "INSERT INTO blank VALUES (1, 'a');")
    token = token_of(base.run("apply"))
    base.write(
        "db/config/db-environments.json",
        '{"version": 1, "environments":'
        ' [{"id": "live", "permissions": {"migrations": "review-required"}}]}',
    )
    base.env["DB_ENTRY_ENV"] = "live"
    assert base.run("apply").code == 20
    other = base.run("apply", env={"DB_ENTRY_APPROVE": "0002@0123456789ab"})
    assert other.code == 20
    assert "3 of 3 rows in orders" in other.stderr
    assert base.value("SELECT count(*) FROM orders") == 3
    base.ok("apply", env={"DB_ENTRY_APPROVE": token})


def test_a_long_refusal_counts_what_it_leaves_out(base):
    base.migration("0002_gone", "DELETE FROM orders WHERE id > 1;" * 6 + "DROP TABLE orders;")
    assert "more like these" in base.run("apply").stderr
    base.migration("0002_gone", "DELETE FROM orders WHERE id > 1;" * 5 + "DROP TABLE orders;")
    assert "more like these" not in base.run("apply").stderr


def test_approvals_in_json(base):
    base.migration("0002_gone", "DROP TABLE orders;")
    base.write("db/approvals", "0002@0123456789ab long ago\n")
    (planned,) = base.run("plan", "--json").json["migrations"]
    assert planned["stale"] == "0002@0123456789ab"
    assert planned["approved"] is None
    base.write("db/approvals", f"{planned['approval']} now\n")
    (planned,) = base.run("plan", "--json").json["migrations"]
    assert planned["stale"] is None
    assert planned["approved"] == planned["approval"]
    (risk,) = [r for r in base.run("lint", "--json").json["risks"] if r["approved"]]
    assert risk["approved"] == planned["approval"]


def test_lint_reads_the_approvals(base):
    base.write("db/approvals", "# none\n0002@0123456789ab\n")
    result = base.run("lint")
    assert result.code == 65
    assert "db/approvals:2: error" in result.stdout
