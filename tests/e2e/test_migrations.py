"""What a migration may hold, and what remains when it fails."""

import sqlite3

import pytest

REFUSED = {
    "attach": "ATTACH DATABASE 'other.db' AS other",
    "detach": "DETACH DATABASE other",
    "writable_schema": "PRAGMA writable_schema = ON",
    "writable_schema_call": "PRAGMA main.writable_schema(1)",
    "savepoint": "SAVEPOINT here",
    "release": "RELEASE here",
    "rollback": "ROLLBACK",
    "inner_begin": "BEGIN IMMEDIATE",
    "inner_commit": "COMMIT",
    "end": "END TRANSACTION",
}


def test_broken_statement_leaves_nothing_of_its_migration(shop):
    shop.migration(
        "0003_broken",
        """
        CREATE TABLE good (a);

        INSERT INTO good VALUES (1);
        INSERT INTO no_such_table
            VALUES (1);
        """,
    )
    result = shop.run("run", "--", "echo", "started")
    assert result.code == 23
    assert result.stdout == ""
    assert "db/migrations/0003_broken.sql:4" in result.stderr
    assert "INSERT INTO no_such_table VALUES (1)" in result.stderr
    assert "no such table: no_such_table" in result.stderr
    assert shop.tables() == ["customers", "orders"]
    assert shop.applied() == ["0001", "0002"]
    assert len(shop.history()) == 2


def test_earlier_migrations_of_a_failed_run_are_kept_and_named(shop):
    shop.ok("apply")
    shop.migration("0003_kept", "CREATE TABLE kept (a);")
    shop.migration("0004_broken", "CREATE TABLE customers (a);")
    shop.migration("0005_never", "CREATE TABLE never (a);")
    result = shop.run("apply")
    assert result.code == 23
    assert "0004_broken.sql:1" in result.stderr
    assert "0003" in result.stderr
    assert shop.applied() == ["0001", "0002", "0003"]
    assert shop.tables() == ["customers", "kept", "orders"]


def test_failed_migration_runs_once_mended(shop):
    shop.migration("0003_broken", "CREATE TABLE mended (;")
    assert shop.run("apply").code == 23
    shop.migration("0003_broken", "CREATE TABLE mended (a);")
    shop.ok("apply")
    assert shop.applied() == ["0001", "0002", "0003"]


def test_refusal_in_json_says_what_why_and_next(shop):
    shop.migration("0003_broken", "CREATE TABLE mended (;")
    refusal = shop.run("apply", log="json").refusal
    assert refusal["exit"] == 23
    assert refusal["file"].endswith("db/migrations/0003_broken.sql")
    assert refusal["line"] == 1
    assert refusal["what"]
    assert isinstance(refusal["next"], list)


def test_outermost_transaction_is_absorbed(project):
    project.migration(
        "0001_own",
        """
        PRAGMA foreign_keys = OFF;
        BEGIN TRANSACTION;
        CREATE TABLE own (a);
        COMMIT;
        PRAGMA foreign_keys = ON;
        """,
    )
    project.ok("apply")
    assert project.tables() == ["own"]
    project.migration("0002_atomic", "BEGIN;\nCREATE TABLE second (a);\nCREATE TABLE own (a);\nCOMMIT;")
    result = project.run("apply")
    assert result.code == 23
    assert "0002_atomic.sql:3" in result.stderr
    assert project.tables() == ["own"]


def test_rebuild_keeps_the_rows_of_the_child_table(shop):
    shop.ok("apply")
    shop.migration(
        "0003_rebuild",
        """
        PRAGMA foreign_keys = ON;
        CREATE TABLE customers_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        INSERT INTO customers_new SELECT id, name FROM customers;
        DROP TABLE customers;
        ALTER TABLE customers_new RENAME TO customers;
        """,
    )
    shop.ok("apply")
    assert shop.sql("SELECT id, customer_id FROM orders") == [(1, 1), (2, 1)]
    assert shop.sql("PRAGMA foreign_key_check") == []
    shop.sql("DELETE FROM customers")
    assert shop.value("SELECT count(*) FROM orders") == 0


def test_new_foreign_key_violation_fails_the_migration(shop):
    shop.ok("apply")
    shop.migration("0003_orphan", "INSERT INTO orders VALUES (3, 99);")
    result = shop.run("apply")
    assert result.code == 23
    assert "orders" in result.stderr and "foreign key" in result.stderr.lower()
    assert shop.value("SELECT count(*) FROM orders") == 2
    assert shop.applied() == ["0001", "0002"]


def test_old_foreign_key_violation_is_not_held_against_a_migration(shop):
    shop.ok("apply")
    connection = sqlite3.connect(shop.database, isolation_level=None)
    connection.execute("INSERT INTO orders VALUES (3, 99)")
    connection.close()
    shop.migration("0003_more", "CREATE TABLE more (a);")
    shop.ok("apply")
    shop.migration("0004_worse", "INSERT INTO orders VALUES (4, 98);")
    assert shop.run("apply").code == 23
    assert shop.value("SELECT count(*) FROM orders") == 3


@pytest.mark.parametrize("name", REFUSED)
def test_statement_no_migration_may_hold(project, name):
    project.migration("0001_first", "CREATE TABLE first (a);")
    project.migration(
        "0002_refused", f"CREATE TABLE second (a);\n\n-- why not\n{REFUSED[name]};\nCREATE TABLE third (a);"
    )
    result = project.run("run", "--", "true")
    assert result.code == 65
    assert "0002_refused.sql:4" in result.stderr
    assert project.history() == []
    assert project.run("lint").code == 65


def test_control_words_inside_other_statements_are_fine(project):
    project.migration(
        "0001_words",
        """
        CREATE TABLE log (a TEXT, "rollback" TEXT DEFAULT 'COMMIT; ROLLBACK;');
        -- SAVEPOINT here;
        /* ATTACH DATABASE 'x' AS x; */
        CREATE TRIGGER t AFTER INSERT ON log
        BEGIN
            UPDATE log SET "rollback" = CASE NEW.a WHEN 'END;' THEN 'BEGIN' ELSE 'COMMIT' END
                WHERE rowid = NEW.rowid;
            SELECT 1;
        END;
        INSERT INTO log (a) VALUES ('END;');
        """,
    )
    project.ok("apply")
    assert project.sql('SELECT a, "rollback" FROM log') == [("END;", "BEGIN")]


def test_vacuum_needs_no_transaction(project):
    project.migration("0001_first", "CREATE TABLE first (a);")
    project.migration("0002_vacuum", "CREATE TABLE second (a);\nVACUUM;")
    result = project.run("apply")
    assert result.code == 65
    assert "0002_vacuum.sql:2" in result.stderr
    assert "a file of its own" in result.stderr
    project.migration("0002_vacuum", "VACUUM;")
    project.ok("apply")
    assert project.applied() == ["0001", "0002"]


def test_unknown_directive_is_malformed(project):
    project.migration("0001_first", "-- db-entry: no-transactions\nCREATE TABLE first (a);")
    result = project.run("apply")
    assert result.code == 65
    assert "0001_first.sql:1" in result.stderr


def test_down_part_is_not_run(project):
    for number, (up, down) in enumerate(
        [
            ("-- migrate:up", "-- migrate:down"),
            ("-- Up migration", "-- Down migration (rollback)"),
            ("-- UP Migration", "-- DOWN Migration (Rollback)"),
            ("-- === FORWARD MIGRATION ===", "-- === ROLLBACK (optional, for reference) ==="),
        ],
        start=1,
    ):
        project.migration(
            f"{number}_markers",
            f"{up}\nCREATE TABLE t{number} (a);\n\n{down}\nDROP TABLE t{number};\n",
        )
    project.write("db/migrations/5_pair.up.sql", "CREATE TABLE t5 (a);")
    project.write("db/migrations/5_pair.down.sql", "DROP TABLE t5;")
    project.ok("apply")
    assert project.tables() == ["t1", "t2", "t3", "t4", "t5"]


def test_edit_of_the_down_part_is_no_change(project):
    project.migration("1_t", "-- migrate:up\nCREATE TABLE t (a);\n-- migrate:down\nDROP TABLE t;")
    project.ok("apply")
    project.migration("1_t", "-- migrate:up\nCREATE TABLE t (a);\n-- migrate:down\nDROP TABLE IF EXISTS t;")
    project.ok("apply")


def test_versions_are_numbers(project):
    project.migration("9_nine", "CREATE TABLE nine (a);")
    project.migration("10_ten", "ALTER TABLE nine ADD COLUMN b;")
    project.migration("20260131120000_stamp", "ALTER TABLE nine ADD COLUMN c;")
    project.ok("apply")
    assert project.applied() == ["9", "10", "20260131120000"]


def test_session_settings_do_not_reach_the_next_migration(project):
    project.migration("1_a", "CREATE TABLE t (a); PRAGMA recursive_triggers = ON; CREATE TEMP TABLE left_over (a);")
    project.migration("2_b", "CREATE TABLE left_over (b); INSERT INTO left_over (b) VALUES (1);")
    project.ok("apply")
    assert project.value("SELECT count(*) FROM left_over") == 1


@pytest.mark.parametrize(
    ("tool", "files"),
    {
        "Flyway": {"V1__first.sql": "CREATE TABLE a (a);"},
        "goose": {"00001_first.sql": "-- +goose Up\nCREATE TABLE a (a);\n-- +goose Down\nDROP TABLE a;"},
        "Prisma": {
            "migration_lock.toml": 'provider = "sqlite"\n',
            "20260101000000_first/migration.sql": "CREATE TABLE a (a);",
        },
        "Drizzle": {
            "meta/_journal.json": '{"version":"7","dialect":"sqlite","entries":[]}',
            "0000_first.sql": "CREATE TABLE a (a);\n--> statement-breakpoint\nCREATE TABLE b (a);",
        },
        "Atlas": {"atlas.sum": "h1:x\n", "20260101000000_first.sql": "CREATE TABLE a (a);"},
    }.items(),
)
def test_folder_of_another_tool_is_named_and_not_run(project, tool, files):
    for name, text in files.items():
        project.write(f"db/migrations/{name}", text)
    result = project.run("run", "--", "true")
    assert result.code == 78
    assert tool.lower() in result.stderr.lower()
    assert not project.database.exists() or project.tables() == []


def test_name_that_is_no_migration(shop):
    shop.write("db/migrations/third.sql", "CREATE TABLE third (a);")
    result = shop.run("apply")
    assert result.code == 65
    assert "third.sql" in result.stderr


def test_files_that_are_no_sql_are_left_alone(shop):
    shop.write("db/migrations/README.md", "# About")
    shop.write("db/migrations/.gitkeep", "")
    shop.ok("apply")


def test_given_folder_must_exist(project):
    result = project.run("run", "--migrations=nowhere", "--", "true")
    assert result.code == 78
    assert "nowhere" in result.stderr


def test_unclosed_quote_is_malformed(project):
    project.migration("1_a", "CREATE TABLE a (a);\nINSERT INTO a VALUES ('oops);\n")
    result = project.run("apply")
    assert result.code == 65
    assert "1_a.sql:2" in result.stderr
    assert project.history() == []


def test_many_statements_in_one_migration(project):
    rows = "\n".join(f"INSERT INTO t VALUES ({n});" for n in range(5000))
    project.migration("1_many", f"CREATE TABLE t (a);\n{rows}\n")
    project.ok("apply")
    assert project.value("SELECT count(*) FROM t") == 5000


def test_pragma_of_an_existing_database_is_kept(project):
    """Only databases that db-entry makes get its journal mode."""
    project.sql("PRAGMA journal_mode = DELETE")
    project.sql("CREATE TABLE mine (a)")
    project.migration("1_a", "CREATE TABLE a (a);")
    project.ok("apply")
    assert project.value("PRAGMA journal_mode") == "delete"
    assert project.tables() == ["a", "mine"]


def test_a_long_statement_outside_a_transaction_is_written_down(project):
    """Longer than the time that cleaning up may take."""
    project.migration(
        "0001_long",
        "-- db-entry: no-transaction\n"
        "CREATE TABLE long AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " LIMIT 30000000) SELECT max(i) AS i FROM n;",
    )
    project.ok("apply")
    assert project.value("SELECT statements_done FROM db_entry_history") == 1
    assert project.value("SELECT state FROM db_entry_history") == "applied"


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM db_entry_history", "DROP TABLE db_entry_run",
     "UPDATE main.db_entry_history SET name = 'x'", "ALTER TABLE db_entry_history ADD COLUMN x",
     "CREATE TABLE db_entry_more (a)",
     "CREATE TEMP TRIGGER x AFTER INSERT ON db_entry_history BEGIN SELECT 1; END"],
)
def test_a_migration_may_not_touch_our_tables(shop, statement):
    shop.ok("apply")
    before = shop.history()
    shop.migration("0003_rewrite", statement + ";")
    result = shop.run("apply")
    assert result.code == 23
    assert "db_entry_" in result.stderr
    assert shop.history() == before


def test_a_parameter_has_no_value_here(project):
    project.migration("0001_values", "CREATE TABLE t (a);\nINSERT INTO t VALUES (:name);")
    result = project.run("apply")
    assert result.code == 65
    assert "0001_values.sql:2" in result.stderr and ":name" in result.stderr
