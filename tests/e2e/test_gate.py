"""The gate: what would lose data is stopped with the evidence, what loses nothing passes."""

import re

import pytest

BASE = """
    CREATE TABLE users (
        id INTEGER PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        phone TEXT,
        note TEXT
    );
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        user_id INTEGER,
        status TEXT
    );
    CREATE TABLE tags (name TEXT PRIMARY KEY, weight INTEGER) WITHOUT ROWID;
    CREATE TABLE prices (id INTEGER PRIMARY KEY, net INTEGER, gross INTEGER AS (net * 2) STORED);
    CREATE TABLE blank (id INTEGER PRIMARY KEY, a TEXT);
    CREATE TABLE picky (id INTEGER PRIMARY KEY, a TEXT UNIQUE ON CONFLICT REPLACE);
    CREATE VIEW people AS SELECT name FROM tags;
    CREATE VIRTUAL TABLE docs USING fts5(body);
    INSERT INTO users VALUES
        (1, 'ada@x', '1', NULL), (2, 'bo@x', NULL, NULL), (3, 'cy@x', '3', NULL);
    INSERT INTO orders VALUES (1, 1, 'new'), (2, 1, 'old'), (3, 3, 'new');
    INSERT INTO tags VALUES ('a', 1), ('b', 2);
    INSERT INTO prices (id, net) VALUES (1, 10), (2, 20);
    INSERT INTO picky VALUES (1, 'x');
    INSERT INTO docs VALUES ('one'), ('two');
"""

NEW = "CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL, phone TEXT, note TEXT);"
SWAP = "DROP TABLE users; ALTER TABLE users_new RENAME TO users;"

HARMFUL = {
    # One row overwritten under a WHERE excuses nothing else.
    "where_after_all": (
        "UPDATE users SET phone = NULL; UPDATE users SET phone = '0' WHERE id = 1;",
        "users",
    ),
    "where_and_rebuild": (
        "UPDATE users SET phone = '0' WHERE id = 1;"
        "CREATE TABLE u (id INTEGER PRIMARY KEY, email TEXT, note TEXT);"
        "INSERT INTO u SELECT id, email, note FROM users;"
        "DROP TABLE users; ALTER TABLE u RENAME TO users;",
        "values in users.phone",
    ),
    "where_and_replace": (
        "REPLACE INTO users VALUES (2, 'bo@x', 'z', NULL); UPDATE users SET phone = 'q' WHERE id = 1",
        "users",
    ),
    # A condition that holds for every row is none.
    "where_id_above_0": ("UPDATE users SET phone = NULL WHERE id > 0", "users"),
    "where_exists": ("UPDATE users SET phone = NULL WHERE EXISTS (SELECT 1)", "users"),
    "rename_outside_a_transaction": (
        "-- db-entry: no-transaction\nALTER TABLE orders RENAME TO o;\nDELETE FROM o;",
        "o",
    ),
    "drop_table": ("DROP TABLE IF EXISTS users", "loses table users with 3 rows"),
    "drop_column": ("ALTER TABLE users DROP phone", "loses 2 values in users.phone"),
    "delete": ("DELETE FROM orders WHERE status = 'old'", "1 of 3 rows in orders"),
    "delete_without_rowid": ("DELETE FROM tags", "such as name a, b"),
    "cte_delete": (
        "WITH x AS (SELECT 1 AS id) DELETE FROM users WHERE id IN (SELECT id FROM x)",
        "1 of 3 rows in users",
    ),
    "trigger": (
        "CREATE TRIGGER t AFTER INSERT ON blank BEGIN DELETE FROM orders; END;"
        "INSERT INTO blank VALUES (1, 'a');",
        "3 of 3 rows in orders",
    ),
    "replace": ("REPLACE INTO users (id, email) VALUES (1, 'other')", "1 of 3 rows in users"),
    "or_replace": (
        "INSERT OR REPLACE INTO users (id, email) VALUES (9, 'ada@x')",
        "such as id 1",
    ),
    "conflict_clause": ("INSERT INTO picky VALUES (2, 'x')", "1 of 1 row in picky"),
    "upsert": (
        "INSERT INTO users (id, email) VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET phone = 'z'",
        "1 of 3 rows in users",
    ),
    "update": ("UPDATE users SET phone = 'x'", "3 of 3 rows in users"),
    "update_where_true": ("UPDATE users SET phone = 'x' WHERE true", "3 of 3 rows in users"),
    "update_where_equal": ("UPDATE users SET phone = 'x' WHERE (1 = 1)", "3 of 3 rows in users"),
    "rebuild_loses_row": (
        f"{NEW} INSERT INTO users_new SELECT * FROM users WHERE phone IS NOT NULL; {SWAP}",
        "1 of 3 rows in users is deleted or changed, such as id 2",
    ),
    "rebuild_loses_value": (
        f"{NEW} INSERT INTO users_new SELECT id, upper(email), phone, note FROM users; {SWAP}",
        "3 of 3 rows in users",
    ),
    "rebuild_loses_column": (
        "CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL);"
        f"INSERT INTO users_new SELECT id, email FROM users; {SWAP}",
        "loses 2 values in users.phone",
    ),
    "rebuild_loses_children": (
        f"{NEW} INSERT INTO users_new SELECT * FROM users; {SWAP}"
        "DELETE FROM orders WHERE user_id = 1;",
        "2 of 3 rows in orders",
    ),
    "drop_and_add_again": (
        "ALTER TABLE users DROP COLUMN phone; ALTER TABLE users ADD COLUMN phone TEXT;",
        "loses 2 values in users.phone",
    ),
    "drop_and_create_again": (
        "DROP TABLE tags; CREATE TABLE tags (name TEXT PRIMARY KEY, weight INTEGER);",
        "2 of 2 rows in tags",
    ),
    "rename_then_drop": (
        "ALTER TABLE users RENAME TO folk; ALTER TABLE folk DROP COLUMN phone;",
        "loses 2 values in folk.phone",
    ),
    "rename_column_then_drop": (
        "ALTER TABLE users RENAME COLUMN phone TO tel; ALTER TABLE users DROP COLUMN tel;",
        "loses 2 values in users.tel",
    ),
    "generated": ("ALTER TABLE prices DROP COLUMN gross; UPDATE prices SET net = 0;", "prices"),
    "view": (
        "CREATE TRIGGER v INSTEAD OF DELETE ON people BEGIN"
        " DELETE FROM tags WHERE name = OLD.name; END; DELETE FROM people WHERE name = 'b';",
        "such as name b",
    ),
    "fts": ("DELETE FROM docs WHERE docs MATCH 'one'", "1 of 2 rows in docs"),
    "fts_drop": ("DROP TABLE docs", "loses table docs with 2 rows"),
    "copy_and_drop_both": (
        "CREATE TABLE copy AS SELECT * FROM users; DROP TABLE users; DROP TABLE copy;",
        "loses table users",
    ),
    "create_if_not_exists": (
        "CREATE TABLE IF NOT EXISTS users (id); DELETE FROM users;",
        "3 of 3 rows in users",
    ),
    "own_update_first": (
        "UPDATE users SET note = 'n' WHERE id = 1; DELETE FROM users WHERE id = 1;",
        "1 of 3 rows in users",
    ),
}

HARMLESS = {
    "drop_table": "DROP TABLE IF EXISTS blank",
    "drop_column": "ALTER TABLE users DROP note",
    "drop_commented": "-- DROP TABLE users;\nSELECT 'DROP TABLE users';",
    "delete": "DELETE FROM orders WHERE status = 'gone'",
    "delete_without_rowid": "INSERT INTO tags VALUES ('c', 3); DELETE FROM tags WHERE name = 'z'",
    "delete_own": "INSERT INTO blank VALUES (1, 'x'); DELETE FROM blank;",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON blank BEGIN"
    " INSERT INTO orders (user_id) VALUES (1); END; INSERT INTO blank VALUES (1, 'a');",
    "replace": "REPLACE INTO users (id, email) VALUES (9, 'new@x')",
    "or_replace": "INSERT OR REPLACE INTO users (id, email) VALUES (9, 'new@x')",
    "conflict_clause": "INSERT INTO picky VALUES (2, 'y')",
    "upsert": "INSERT INTO users (id, email) VALUES (1, 'z') ON CONFLICT (id) DO NOTHING",
    "upsert_new": "INSERT INTO users (id, email) VALUES (7, 'z') ON CONFLICT (id)"
    " DO UPDATE SET phone = 'z'",
    "update_where": "UPDATE users SET phone = 'x' WHERE phone IS NULL",
    "update_nothing": "UPDATE blank SET a = 'x'",
    "backfill": "ALTER TABLE users ADD COLUMN age INTEGER; UPDATE users SET age = 1;",
    "rebuild": f"{NEW} INSERT INTO users_new SELECT * FROM users; {SWAP}"
    "CREATE INDEX users_phone ON users (phone);",
    "rebuild_with_column": "CREATE TABLE u (x TEXT DEFAULT 'x', note, phone, email, id INTEGER);"
    "INSERT INTO u (id, email, phone, note) SELECT id, email, phone, note FROM users;"
    "DROP TABLE users; ALTER TABLE u RENAME TO users;",
    "rebuild_rename_first": "ALTER TABLE users RENAME TO users_old;"
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, phone TEXT, note TEXT);"
    "INSERT INTO users SELECT * FROM users_old; DROP TABLE users_old;",
    "rename": "ALTER TABLE users RENAME TO folk; ALTER TABLE folk RENAME COLUMN phone TO tel;"
    "DELETE FROM folk WHERE id = 99;",
    "drop_and_create_again": "CREATE TEMP TABLE keep AS SELECT * FROM tags; DROP TABLE tags;"
    "CREATE TABLE tags (weight INTEGER, name TEXT); INSERT INTO tags (name, weight)"
    " SELECT name, weight FROM keep;",
    "drop_and_add_again": "ALTER TABLE users ADD COLUMN keep TEXT; UPDATE users SET keep = phone;"
    "ALTER TABLE users DROP COLUMN phone; ALTER TABLE users ADD COLUMN phone TEXT;"
    "UPDATE users SET phone = keep; ALTER TABLE users DROP COLUMN keep;",
    "generated": "ALTER TABLE prices DROP COLUMN gross_2",
    "view": "DROP VIEW people",
    "fts": "INSERT INTO docs VALUES ('three'); DELETE FROM docs WHERE docs MATCH 'nobody';",
    "fts_again": "CREATE TEMP TABLE keep AS SELECT body FROM docs; DROP TABLE docs;"
    "CREATE VIRTUAL TABLE docs USING fts5(body, tokenize = 'porter');"
    "INSERT INTO docs SELECT body FROM keep;",
    "number_as_real": "CREATE TABLE p (id INTEGER PRIMARY KEY, net REAL, gross INTEGER);"
    "INSERT INTO p SELECT id, net, gross FROM prices; DROP TABLE prices; ALTER TABLE p RENAME TO prices;",
    "scratch": "CREATE TABLE scratch AS SELECT * FROM users; DROP TABLE scratch;",
}
HARMLESS["generated"] = (
    "CREATE TABLE p (id INTEGER PRIMARY KEY, net INTEGER); INSERT INTO p SELECT id, net FROM prices;"
    "DROP TABLE prices; ALTER TABLE p RENAME TO prices;"
)


def content(project):
    """All rows of all tables of the base that are still there, and the schema."""
    rows = {"schema": project.sql("SELECT name, sql FROM sqlite_master ORDER BY name")}
    for (name,) in project.sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        " AND name NOT LIKE 'db_entry%'"
    ):
        rows[name] = project.sql(f'SELECT * FROM "{name}"')
    return rows


def test_values_do_not_get_lost_by_way_of_a_new_column(base):
    """Copied into a column that was added to a new table, they are old values all the same."""
    base.migration(
        "0002_copy",
        "CREATE TABLE u (id INTEGER PRIMARY KEY, email TEXT); ALTER TABLE u ADD COLUMN phone TEXT;"
        "ALTER TABLE u ADD COLUMN note TEXT;"
        "INSERT INTO u SELECT id, email, phone, note FROM users;"
        "DROP TABLE users; ALTER TABLE u RENAME TO users;",
    )
    base.migration("0003_drop", "ALTER TABLE users DROP COLUMN phone;")
    result = base.run("apply")
    assert result.code == 20
    assert "users.phone" in result.stderr
    assert base.applied() == ["0001", "0002"]


def test_foreign_key_actions_outside_a_transaction_are_refused(project):
    project.sql("CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE)")
    project.sql("CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT REFERENCES p(code) ON UPDATE SET NULL)")
    project.sql("INSERT INTO p VALUES (1, 'x'), (2, 'y')")
    project.sql("INSERT INTO c VALUES (1, 'x')")
    project.migration("0001_base", "SELECT 1;")
    project.ok("apply")
    project.migration(
        "0002_code", "-- db-entry: no-transaction\nUPDATE p SET code = 'z' WHERE id = 1;"
    )
    assert project.run("apply").code == 23
    assert project.value("SELECT p FROM c") == "x"


@pytest.fixture
def base(project):
    """A database with rows, as an earlier image left it."""
    project.migration("0001_base", BASE)
    project.ok("apply")
    return project


def token_of(result):
    found = re.search(r"\b\d+@[0-9a-f]{12}\b", result.stderr)
    assert found, result
    return found.group()


@pytest.mark.parametrize("name", HARMFUL)
def test_what_loses_data_is_stopped_and_runs_once_approved(base, name):
    sql, evidence = HARMFUL[name]
    base.migration("0002_next", sql if sql.endswith(";") else sql + ";")
    before = content(base)
    result = base.run("apply")
    assert result.code == 20, result
    assert evidence in result.stderr
    assert "0002_next.sql" in result.stderr
    assert content(base) == before
    assert base.applied() == ["0001"]
    token = token_of(result)
    base.ok("apply", env={"DB_ENTRY_APPROVE": token})
    assert base.value("SELECT approval FROM db_entry_history WHERE version = '0002'") == token


@pytest.mark.parametrize("name", HARMLESS)
def test_what_loses_nothing_needs_no_approval(base, name):
    sql = HARMLESS[name]
    base.migration("0002_next", sql if sql.endswith(";") else sql + ";")
    base.ok("apply")
    assert base.applied() == ["0001", "0002"]
    assert base.value("SELECT approval FROM db_entry_history WHERE version = '0002'") is None


def test_first_install_needs_no_approval(project):
    project.migration("0001_base", BASE)
    project.migration("0002_drop", "ALTER TABLE users DROP COLUMN phone;")
    project.migration("0003_all", "-- db-entry: destructive\nDELETE FROM users; DROP TABLE docs;")
    project.ok("apply")
    assert project.applied() == ["0001", "0002", "0003"]


def test_stopped_at_the_third_keeps_the_first_two(base):
    base.migration("0002_new", "CREATE TABLE fresh (a);")
    base.migration("0003_fill", "INSERT INTO fresh SELECT id FROM users; DELETE FROM users WHERE 0;")
    base.migration("0004_gone", "DROP TABLE users;")
    result = base.run("apply")
    assert result.code == 20
    assert "2 applied before it in this run, committed and kept" in result.stderr
    assert base.applied() == ["0001", "0002", "0003"]


@pytest.mark.parametrize("second", ["DELETE FROM users;", "DROP TABLE users;"])
def test_rebuilt_table_is_not_new_in_the_next_migration(base, second):
    base.migration("0002_rebuild", f"{NEW} INSERT INTO users_new SELECT * FROM users; {SWAP}")
    base.migration("0003_gone", second)
    assert base.run("apply").code == 20
    assert base.applied() == ["0001", "0002"]
    assert base.value("SELECT count(*) FROM users") == 3


def test_copy_of_old_rows_is_not_new_in_the_next_migration(base):
    base.migration("0002_copy", "CREATE TABLE kept AS SELECT * FROM users;")
    base.migration("0003_gone", "DROP TABLE kept;")
    assert base.run("apply").code == 20
    assert base.applied() == ["0001", "0002"]


def test_overwriting_under_a_condition_is_told(base):
    base.migration("0002_set", "UPDATE orders SET status = 'x' WHERE status = 'new';")
    result = base.ok("apply")
    assert "overwrites values in 2 rows of orders" in result.stderr


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


def test_without_a_transaction_reading_alone_decides(base):
    base.migration("0002_gone", "-- db-entry: no-transaction\nDELETE FROM users WHERE id = 99;")
    result = base.run("apply")
    assert result.code == 20
    assert base.history() == [("0001", "base", "applied")]
    base.migration("0002_gone", "-- db-entry: no-transaction\nDELETE FROM blank;")
    base.ok("apply")


@pytest.mark.parametrize(
    "sql", ["INSERT INTO blank VALUES (1, 'a')", "DELETE FROM parents", "UPDATE blank SET a = 1"]
)
def test_without_a_transaction_nothing_beyond_the_reading_is_reached(base, sql):
    base.sql("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    base.sql("CREATE TABLE kids (p INTEGER REFERENCES parents (id) ON DELETE CASCADE)")
    base.sql("CREATE TRIGGER t AFTER INSERT ON blank BEGIN DELETE FROM orders; END")
    base.sql("INSERT INTO parents VALUES (1)")
    base.sql("INSERT INTO kids VALUES (1)")
    base.env["DB_ENTRY_DRIFT"] = "ignore"
    base.migration("0002_far", f"-- db-entry: no-transaction\n{sql};")
    result = base.run("apply", env={"DB_ENTRY_APPROVE": "0002"})
    assert result.code == (0 if sql.startswith("UPDATE") else 23), result
    assert base.value("SELECT count(*) FROM orders") == 3
    assert base.value("SELECT count(*) FROM kids") == 1


def test_cascades_do_not_empty_the_children(base):
    base.sql("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
    base.sql("CREATE TABLE kids (p INTEGER REFERENCES parents (id) ON DELETE CASCADE)")
    base.sql("INSERT INTO parents VALUES (1)")
    base.sql("INSERT INTO kids VALUES (1)")
    base.env["DB_ENTRY_DRIFT"] = "ignore"
    base.migration("0002_gone", "DELETE FROM parents;")
    assert base.run("apply").code == 20
    base.migration(
        "0002_gone",
        "CREATE TABLE p (id INTEGER PRIMARY KEY, a); INSERT INTO p (id) SELECT id FROM parents;"
        "DROP TABLE parents; ALTER TABLE p RENAME TO parents;",
    )
    base.ok("apply")
    assert base.value("SELECT count(*) FROM kids") == 1


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
    assert token in base.run("lint", env=env).stdout
