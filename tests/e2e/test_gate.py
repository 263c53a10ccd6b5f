"""The gate: what would lose data is stopped with the evidence, what loses nothing passes."""

import pytest

from support.past import BASE, token_of

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
    # Two old tables are two, whatever they are called at the end.
    "old_takes_the_name_of_old": (
        "DROP TABLE orders; ALTER TABLE twin RENAME TO orders;",
        "loses table orders with 3 rows",
    ),
    "circle_of_names": (
        "ALTER TABLE orders RENAME TO t; ALTER TABLE twin RENAME TO orders; DROP TABLE T;",
        "loses table t with 3 rows",
    ),
    "name_of_a_renamed_one": (
        "ALTER TABLE orders RENAME TO o; DELETE FROM o WHERE 0; DROP TABLE twin;"
        "ALTER TABLE o RENAME TO Twin;",
        "loses table twin with 3 rows",
    ),
    "view_takes_the_name": (
        "CREATE TABLE o AS SELECT * FROM orders; DROP TABLE orders;"
        "CREATE VIEW orders AS SELECT * FROM o;",
        "loses table orders",
    ),
    "own_rows_and_old_ones": (
        "INSERT INTO orders VALUES (9, 1, 'mine'); DELETE FROM orders WHERE id >= 3;",
        "1 of 3 rows in orders",
    ),
    "own_rows_under_another_name": (
        "INSERT INTO orders VALUES (9, 1, 'mine'); ALTER TABLE orders RENAME TO o;"
        "DELETE FROM o WHERE id >= 3;",
        "1 of 3 rows in o",
    ),
    "fts_rowid": (
        "CREATE TABLE keep AS SELECT body FROM docs; DROP TABLE docs;"
        "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs SELECT body FROM keep;",
        "1 of 2 rows in docs",
    ),
    "fts_becomes_without_rowid": (
        "CREATE TABLE d (body TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO d SELECT body FROM docs;"
        "DROP TABLE docs; ALTER TABLE d RENAME TO docs;",
        "values in docs.rowid",
    ),
    "contentless_delete": (
        "INSERT INTO terms (terms, rowid, body) VALUES ('delete', 2, 'three')",
        "1 of 4 terms in terms",
    ),
    "contentless_change": (
        "INSERT INTO terms (terms, rowid, body) VALUES ('delete', 2, 'three');"
        "INSERT INTO terms (rowid, body) VALUES (2, 'four');",
        "1 of 4 terms in terms",
    ),
    "contentless_delete_all": (
        "INSERT INTO terms (terms) VALUES ('delete-all')",
        "4 of 4 terms in terms",
    ),
    "contentless_drop": ("DROP TABLE terms", "loses table terms with 4 terms"),
    "contentless_again": (
        "DROP TABLE terms; CREATE VIRTUAL TABLE terms USING fts5(body, content='');"
        "INSERT INTO terms (rowid, body) VALUES (1, 'one or two'), (2, 'three');",
        "1 of 4 terms in terms",
    ),
    "contentless_becomes_plain": (
        "DROP TABLE terms; CREATE TABLE terms (body TEXT); INSERT INTO terms VALUES (1), (2);",
        "loses table terms",
    ),
    "contentless_fts4_drop": ("DROP TABLE old_terms", "can't be told"),
    "contentless_fts4": ("INSERT INTO old_terms (docid, body) VALUES (2, 'x')", "can't be told"),
    "number_loses_digits": (
        "CREATE TABLE s (id INTEGER PRIMARY KEY, size TEXT, label TEXT);"
        "INSERT INTO s SELECT id, round(size), label FROM sizes; DROP TABLE sizes;"
        "ALTER TABLE s RENAME TO sizes;",
        "2 of 4 rows in sizes",
    ),
    "text_loses_its_nought": (
        "CREATE TABLE v (id INTEGER PRIMARY KEY, v VARCHAR(9)); INSERT INTO v SELECT id,"
        " replace(v, '.0', '') FROM versions; DROP TABLE versions; ALTER TABLE v RENAME TO versions;",
        "1 of 4 rows in versions is deleted or changed, such as id 1",
    ),
    "text_becomes_number": (
        "CREATE TABLE s (id INTEGER PRIMARY KEY, size REAL, label REAL);"
        "INSERT INTO s SELECT id, size, CAST(label AS REAL) FROM sizes; DROP TABLE sizes;"
        "ALTER TABLE s RENAME TO sizes;",
        "1 of 4 rows in sizes is deleted or changed, such as id 3",
    ),
    "temporary_trigger": (
        "CREATE TEMP TRIGGER t AFTER INSERT ON blank BEGIN"
        " INSERT OR REPLACE INTO orders VALUES (1, 9, 'z'); END; INSERT INTO blank VALUES (1, 'a');",
        "1 of 3 rows in orders",
    ),
    "alter_with_quotes": (
        'ALTER TABLE "main" . [USERS] DROP COLUMN `Phone`',
        "loses 2 values in users.phone",
    ),
    "recursive_delete": (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2)"
        " DELETE FROM main.\"ORDERS\" WHERE id IN n",
        "2 of 3 rows in orders",
    ),
    "on_conflict_in_a_trigger": (
        "CREATE TRIGGER t AFTER UPDATE ON blank BEGIN UPDATE OR REPLACE users SET id = 1 WHERE id = 2;"
        " END; INSERT INTO blank VALUES (1, 'a'); UPDATE blank SET a = 'b';",
        "in users",
    ),
    "update_from": ("UPDATE orders SET status = u.email FROM users u", "3 of 3 rows in orders"),
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
    "fts_again": "CREATE TEMP TABLE keep AS SELECT rowid AS r, body FROM docs; DROP TABLE docs;"
    "CREATE VIRTUAL TABLE docs USING fts5(body, tokenize = 'porter');"
    "INSERT INTO docs (rowid, body) SELECT r, body FROM keep;",
    "number_as_real": "CREATE TABLE p (id INTEGER PRIMARY KEY, net REAL, gross INTEGER);"
    "INSERT INTO p SELECT id, net, gross FROM prices; DROP TABLE prices; ALTER TABLE p RENAME TO prices;",
    "own_rows": "INSERT INTO orders VALUES (9, 1, 'mine'); DELETE FROM orders WHERE id = 9;",
    "own_rows_replaced": "INSERT INTO orders VALUES (9, 1, 'mine');"
    "REPLACE INTO orders VALUES (9, 2, 'mine'); UPDATE orders SET status = 'm' WHERE id = 9;"
    "DELETE FROM orders WHERE id = 9;",
    "own_rows_under_another_name": "INSERT INTO orders VALUES (9, 1, 'm'); ALTER TABLE orders RENAME TO o;"
    "DELETE FROM o WHERE id = 9; ALTER TABLE o RENAME TO orders;",
    "own_rows_from_old_ones": "INSERT INTO orders SELECT id + 10, user_id, status FROM orders;"
    "DELETE FROM orders WHERE id > 10;",
    "circle_of_names": "ALTER TABLE orders RENAME TO t; ALTER TABLE twin RENAME TO orders;"
    "ALTER TABLE t RENAME TO twin; DELETE FROM orders WHERE id = 99; DELETE FROM twin WHERE id = 99;",
    "fts_rowid": "CREATE TABLE keep AS SELECT rowid AS r, body FROM docs; DROP TABLE docs;"
    "CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs (rowid, body) SELECT r, body FROM keep;",
    "fts_becomes_plain": "CREATE TABLE d (id INTEGER PRIMARY KEY, body TEXT);"
    "INSERT INTO d SELECT rowid, body FROM docs; DROP TABLE docs; ALTER TABLE d RENAME TO docs;",
    "contentless_more": "INSERT INTO terms (rowid, body) VALUES (7, 'seven');"
    "INSERT INTO terms (terms) VALUES ('optimize');",
    "contentless_again": "DROP TABLE terms; CREATE VIRTUAL TABLE terms USING fts5(body);"
    "INSERT INTO terms (rowid, body) VALUES (1, 'one and two'), (2, 'three');",
    "index_of_text_elsewhere": "CREATE VIRTUAL TABLE i USING fts5(email, content=users, content_rowid=id);"
    "INSERT INTO i (i) VALUES ('rebuild');"
    "CREATE TRIGGER i_u AFTER UPDATE ON users BEGIN"
    " INSERT INTO i (i, rowid, email) VALUES ('delete', OLD.id, OLD.email);"
    " INSERT INTO i (rowid, email) VALUES (NEW.id, NEW.email); END;"
    "UPDATE users SET email = 'z@x' WHERE id = 1; DROP TABLE i;",
    "real_becomes_text": "CREATE TABLE s (id INTEGER PRIMARY KEY, size TEXT, label TEXT);"
    "INSERT INTO s SELECT * FROM sizes; DROP TABLE sizes; ALTER TABLE s RENAME TO sizes;",
    "text_becomes_real": "CREATE TABLE v (id INTEGER PRIMARY KEY, v REAL);"
    "INSERT INTO v SELECT * FROM versions; DROP TABLE versions; ALTER TABLE v RENAME TO versions;",
    "recursive_delete": "WITH RECURSIVE n (i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < 20)"
    " DELETE FROM main.\"ORDERS\" WHERE id IN n",
    "alter_with_quotes": 'ALTER TABLE "main" . [USERS] DROP COLUMN `Note`',
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
        # What keeps no text shows none; its shadow tables tell.
        if name != "old_terms":
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


COPIES = {
    "chain": "CREATE TABLE a AS SELECT * FROM users; CREATE TABLE b AS SELECT * FROM a;",
    "temporary": "CREATE TEMP TABLE a AS SELECT * FROM users; CREATE TABLE b AS SELECT * FROM a;",
    "view": "CREATE VIEW a AS SELECT * FROM users; CREATE TABLE b AS SELECT * FROM a;",
    "trigger": "CREATE TABLE a (id); CREATE TABLE b (id); CREATE TRIGGER t AFTER INSERT ON a BEGIN"
    " INSERT INTO b VALUES (NEW.id); END; INSERT INTO a SELECT id FROM users;",
    "index": "CREATE VIRTUAL TABLE a USING fts5(email, content=users, content_rowid=id);"
    "CREATE TABLE b AS SELECT * FROM a;",
    "full_text": "CREATE VIRTUAL TABLE a USING fts5(email); INSERT INTO a SELECT email FROM users;"
    "CREATE TABLE b AS SELECT * FROM A;",
    "no_transaction": "-- db-entry: no-transaction\nCREATE TABLE b AS SELECT * FROM users;",
    "column": "CREATE TABLE b (id); ALTER TABLE b ADD COLUMN c; CREATE TABLE a (id);"
    "ALTER TABLE orders ADD COLUMN n; UPDATE orders SET n = user_id; INSERT INTO b (c) SELECT n FROM orders;",
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_by_any_way_are_not_new_in_the_next_migration(base, name):
    base.migration("0002_copy", COPIES[name])
    base.migration("0003_gone", "DROP TABLE b;")
    result = base.run("apply")
    assert result.code == 20, result
    assert "loses table b" in result.stderr
    assert base.applied() == ["0001", "0002"]


def test_what_reads_nothing_old_stays_new_in_the_next_migrations(base):
    base.migration(
        "0002_new",
        "CREATE TABLE a (id, n); INSERT INTO a VALUES (1, 2), (2, 3); CREATE TABLE b AS SELECT * FROM a;"
        "CREATE VIEW v AS SELECT * FROM b; CREATE TEMP TABLE t AS SELECT * FROM v;"
        "CREATE TABLE c AS SELECT * FROM t; INSERT INTO c SELECT value, 1 FROM json_each('[7]');",
    )
    base.migration("0003_gone", "DROP VIEW v; DELETE FROM a; DROP TABLE b; UPDATE c SET n = 0;")
    base.ok("apply")


def test_rebuild_in_two_migrations_needs_no_approval(base):
    base.migration("0002_copy", f"{NEW} INSERT INTO users_new SELECT * FROM users;")
    base.migration("0003_swap", SWAP)
    base.migration("0004_gone", "DROP TABLE users;")
    result = base.run("apply")
    assert result.code == 20
    assert base.applied() == ["0001", "0002", "0003"]
    assert base.value("SELECT count(*) FROM users") == 3


def test_copy_of_one_table_does_not_stand_for_another(base):
    """`c` took the place of orders, so it can't take that of its twin as well."""
    base.migration(
        "0002_swap",
        "CREATE TABLE c AS SELECT * FROM orders; DROP TABLE orders; ALTER TABLE c RENAME TO orders;",
    )
    base.migration("0003_twin", "DROP TABLE twin; ALTER TABLE orders RENAME TO twin;")
    result = base.run("apply")
    assert result.code == 20
    assert "loses table twin" in result.stderr


@pytest.mark.parametrize("where", ["id > 0", "EXISTS (SELECT 1)", "phone IS NULL OR phone <> 'x'"])
def test_without_a_transaction_a_condition_that_holds_for_all_is_undone(base, where):
    base.migration(
        "0002_all", f"-- db-entry: no-transaction\nUPDATE users SET phone = 'q' WHERE {where};"
    )
    result = base.run("apply")
    assert result.code == 23, result
    assert "every row of users" in result.stderr
    assert base.value("SELECT count(*) FROM users WHERE phone = 'q'") == 0
    base.migration(
        "0002_all",
        "-- db-entry: no-transaction\nUPDATE users SET phone = 'q' WHERE id < 3;"
        "ALTER TABLE users ADD COLUMN age; UPDATE users SET age = 1 WHERE id > 0;",
    )
    base.ok("apply")
    assert base.value("SELECT count(*) FROM users WHERE phone = 'q'") == 2


def test_without_a_transaction_a_temporary_trigger_is_seen(base):
    base.migration(
        "0002_far",
        "-- db-entry: no-transaction\nCREATE TEMP TRIGGER t AFTER INSERT ON blank BEGIN"
        " INSERT OR REPLACE INTO orders VALUES (1, 9, 'z'); END;\nINSERT INTO blank VALUES (1, 'a');",
    )
    assert base.run("apply").code == 24
    assert base.value("SELECT status FROM orders WHERE id = 1") == "new"


def test_overwriting_under_a_condition_is_told(base):
    base.migration("0002_set", "UPDATE orders SET status = 'x' WHERE status = 'new';")
    result = base.ok("apply")
    assert "overwrites values in 2 rows of orders" in result.stderr


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
