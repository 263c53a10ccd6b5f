"""The proof on PostgreSQL: losses that come after it, before it, beside it, or from an earlier migration."""

import subprocess

import pytest

from support.postgres_past import BASE, token_of

pytestmark = pytest.mark.server

OUTSIDE = "-- db-entry: no-transaction\n"
SEED = "DO 'BEGIN INSERT INTO {} VALUES {}; EXCEPTION WHEN unique_violation THEN NULL; END';"
DBLINK = (
    "CREATE EXTENSION dblink; CREATE FUNCTION here() RETURNS text LANGUAGE sql AS 'SELECT ''host='' ||"
    " current_setting(''unix_socket_directories'') || '' port='' || current_setting(''port'') ||"
    " '' user=postgres dbname='' || current_database()';"
)


def event_trigger(when, action):
    return (
        f"CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN {action}; END';"
        f"CREATE EVENT TRIGGER t ON {when} WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION f();"
    )


# Migrations of one run: the last one is stopped, with what it loses.
HARMFUL = {
    # Rows of before, taken for those of this run
    "seed_that_was_there": (
        SEED.format("users (id, email)", "(1, ''ada@x'')") * 3,
        "ALTER TABLE users DROP COLUMN phone;",
        "loses 2 values in users.phone",
    ),
    "undone_attempts": (
        "DO 'BEGIN BEGIN INSERT INTO typed VALUES (3), (4); RAISE ''x''; EXCEPTION WHEN OTHERS THEN NULL; END;"
        " INSERT INTO typed VALUES (5); END';",
        "DELETE FROM typed;",
        "3 of 3 rows in typed",
    ),
    # A name that holds the separator of what is read of columns
    "column_with_an_odd_name": (
        'CREATE TABLE odd (U&"a\\0001" integer, b text); INSERT INTO odd SELECT id, email FROM users;',
        "ALTER TABLE odd DROP COLUMN b;",
        "loses 3 values in odd.b",
    ),
    # Types of this run, or of tables found empty, in which values from before are kept
    "row_type": (
        "CREATE TABLE holders (b blank); INSERT INTO holders SELECT ROW(id, email)::blank FROM users;",
        "INSERT INTO blank VALUES (1, 'a');",
        "ALTER TABLE blank DROP COLUMN a;",
        "loses a of the type blank",
    ),
    "type_of_the_run": (
        "CREATE TYPE place AS (street text, zip text);",
        "ALTER TABLE places ADD w place; UPDATE places SET w = ROW((home).street, (home).zip);"
        "ALTER TABLE places DROP home; ALTER TABLE places RENAME w TO home;",
        "ALTER TYPE place DROP ATTRIBUTE zip;",
        "loses zip of the type place",
    ),
    "type_in_a_type": (
        "CREATE TYPE place AS (street text, zip text); CREATE DOMAIN named AS place; CREATE TYPE pair AS (a named[]);",
        "CREATE TABLE pairs AS SELECT ROW(ARRAY[CAST(ROW((home).street, (home).zip) AS named)])::pair AS p FROM places;",
        "ALTER TYPE place DROP ATTRIBUTE zip;",
        "loses zip of the type place",
    ),
    # Dropped with what is temporary, at COMMIT or later
    "temporary_domain": (
        "CREATE DOMAIN pg_temp.d AS text; ALTER TABLE users ALTER phone TYPE pg_temp.d;",
        "loses users.phone with the session",
    ),
    "temporary_enum": (
        "CREATE TYPE pg_temp.e AS ENUM ('low', 'high');"
        "ALTER TABLE typed ALTER feeling TYPE pg_temp.e USING CAST(CAST(feeling AS text) AS pg_temp.e);",
        "loses typed.feeling with the session",
    ),
    "dropped_on_commit": (
        "CREATE TEMP TABLE t (a integer) ON COMMIT DROP; CREATE DOMAIN d AS text DEFAULT CAST(CAST(NULL AS t) AS text);"
        "ALTER TABLE users ALTER phone TYPE d;",
        "loses users.phone with the session",
    ),
    "default_of_a_domain": (
        "CREATE TEMP TABLE t (a integer); ALTER DOMAIN code SET DEFAULT CAST(CAST(NULL AS t) AS text);",
        "loses typed.tag with the session",
    ),
    # Done while the proof prepares
    "event_trigger_on_what_is_compared": (
        event_trigger("ddl_command_end", "DELETE FROM orders"),
        "UPDATE orders SET status = status;",
        "an event trigger changes them before",
    ),
    "event_trigger_that_truncates": (
        event_trigger("ddl_command_start", "TRUNCATE orders"),
        "UPDATE orders SET status = status;",
        "an event trigger changes them before",
    ),
    "event_trigger_on_another": (
        event_trigger("ddl_command_end", "DELETE FROM typed"),
        "UPDATE orders SET status = status;",
        "changes typed, and in another way at each try",
    ),
    # Outside of the transaction
    "table_of_a_call": (DBLINK, "CREATE TABLE a AS SELECT dblink_exec(here(), 'DELETE FROM typed');", "acts outside"),
    "comment_in_a_call": (DBLINK, "SELECT dblink_exec /* x */ -- y\n (here(), 'DELETE FROM typed');", "acts outside"),
    # What statements outside of one changed meanwhile
    "sequence_moved_outside": (
        "SELECT 1;",
        OUTSIDE + "SELECT nextval('ticket'), nextval('ticket'), nextval('ticket');",
        "SELECT setval('ticket', 41);",
        "sets sequence ticket back from 43 to 41",
    ),
    "unlogged_sequence": ("ALTER SEQUENCE ticket SET UNLOGGED;", "a crash of the server would set sequence ticket back"),
    # Outside of one, reading takes a table without rows for harmless: it may get some
    "attached": (
        "CREATE TABLE parts (LIKE typed) PARTITION BY LIST (feeling);",
        OUTSIDE + "ALTER TABLE parts ATTACH PARTITION typed DEFAULT; TRUNCATE parts;",
        "TRUNCATE parts",
    ),
    "inherited": (
        "CREATE TABLE mother (LIKE typed);",
        OUTSIDE + "ALTER TABLE typed INHERIT mother; DELETE FROM mother;",
        "DELETE FROM mother",
    ),
    "view": (OUTSIDE + "CREATE VIEW v AS SELECT * FROM typed; DELETE FROM v;", "DELETE FROM v"),
    "view_in_a_schema": (
        OUTSIDE + "CREATE SCHEMA s CREATE VIEW v AS SELECT * FROM public.typed; DELETE FROM s.v;", "DELETE FROM s.v"),
    "schema_in_front": (
        "CREATE SCHEMA postgres; CREATE TABLE postgres.typed (id integer);",
        OUTSIDE + "DROP TABLE postgres.typed; DELETE FROM typed;",
        "DELETE FROM typed",
    ),
    "rule": (
        OUTSIDE + "CREATE RULE r AS ON DELETE TO blank DO INSTEAD DELETE FROM typed; DELETE FROM blank;",
        "DELETE FROM blank",
    ),
}

HARMLESS = {
    "seeds": ("INSERT INTO blank VALUES (1, 'a'), (2, 'b');", "DELETE FROM blank;"),
    "types_of_the_run": (
        "CREATE TYPE pair AS (a integer, b integer); CREATE TABLE pairs (p pair);",
        "INSERT INTO pairs VALUES (ROW(1, 2)); ALTER TYPE pair DROP ATTRIBUTE b;",
    ),
    "text_of_a_call": ("INSERT INTO blank (id, a) VALUES (1, 'x'), (2, 'call dblink_exec (''x'')');",),
    "seeds_in_a_renamed_schema": (
        "CREATE SCHEMA s; CREATE TABLE s.a (id integer); INSERT INTO s.a SELECT id FROM users;",
        "ALTER SCHEMA s RENAME TO z; INSERT INTO z.a VALUES (4); UPDATE z.a SET id = 5 WHERE id < 3;",
    ),
    "temporary": (
        "CREATE TEMP TABLE t AS SELECT * FROM typed; CREATE FUNCTION g(t) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        "CREATE TYPE pg_temp.e AS ENUM ('a'); UPDATE orders SET status = status;",
        "INSERT INTO blank VALUES (1, 'x');",
    ),
    "event_trigger_that_notes": (
        "CREATE TABLE notes (tag text); INSERT INTO notes SELECT email FROM users;"
        + event_trigger("ddl_command_end", "INSERT INTO public.notes VALUES (tg_tag)"),
        "UPDATE orders SET status = status; ALTER TABLE typed ALTER id TYPE bigint;",
    ),
    # Of all tables there are, ours among them, one without a key could not be updated any more.
    "publication": ("CREATE PUBLICATION p FOR ALL TABLES;", "CREATE TABLE z (a integer);", "INSERT INTO z VALUES (1);"),
}


NOTES = (
    "CREATE TABLE notes (id integer); CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS"
    " 'BEGIN INSERT INTO public.notes VALUES (1); END';"
    "CREATE EVENT TRIGGER note ON ddl_command_start EXECUTE FUNCTION note();"
)


@pytest.fixture
def base(pg_project):
    """A database with rows, as an earlier image left it."""
    pg_project.migration("0001_base", BASE)
    pg_project.ok("apply")
    return pg_project


def add(project, migrations):
    for number, sql in enumerate(migrations, start=2):
        project.migration(f"{number:04}_next", sql)


@pytest.mark.parametrize("name", HARMFUL)
def test_what_loses_data_is_stopped(base, name):
    """An event trigger of an earlier migration acts on the tables of db-entry, too: there it is approved in vain."""
    *migrations, evidence = HARMFUL[name]
    add(base, migrations)
    result = base.run("apply")
    assert result.code == 20, result
    assert evidence in result.stderr
    assert len(base.applied()) == len(migrations)
    if "acts outside" not in evidence and "event_trigger" not in name:
        base.ok("apply", env={"DB_ENTRY_APPROVE": token_of(result)})


@pytest.mark.parametrize("name", HARMLESS)
def test_what_loses_nothing_needs_no_approval(base, name):
    add(base, HARMLESS[name])
    base.ok("apply")


def test_a_function_that_stops_the_counting_is_named_whenever_it_was_made(base):
    add(base, [
        "SELECT 1;",
        OUTSIDE + "CREATE FUNCTION quiet() RETURNS void LANGUAGE sql SET track_counts = off AS 'DELETE FROM typed';",
        "SELECT quiet();",
    ])
    result = base.run("apply")
    assert result.code == 23
    assert "quiet()" in result.stderr
    assert base.value("SELECT count(*) FROM typed") == "2"


def test_event_triggers_do_not_see_our_own_tables_where_they_are(base):
    base.sql(NOTES)
    add(base, ["INSERT INTO blank VALUES (1, 'a');"])
    base.ok("apply")
    assert base.value("SELECT count(*) FROM notes") == "0"


def test_a_table_of_ours_without_a_key_gets_it(base):
    """An earlier db-entry made it."""
    base.sql("ALTER TABLE db_entry_snapshot DROP CONSTRAINT db_entry_snapshot_pkey;"
             "CREATE PUBLICATION p FOR ALL TABLES")
    add(base, ["CREATE TABLE z (a integer);"])
    base.ok("apply")
    base.sql(NOTES)
    add(base, ["CREATE TABLE z (a integer);", "INSERT INTO z VALUES (1);"])
    base.ok("apply")
    assert base.value("SELECT count(*) FROM notes") == "0"


def test_a_sequence_that_only_others_moved_stays_where_they_put_it(base):
    """The rollback before the second pass puts back what the migration's own setval() did."""
    add(base, ["SELECT setval('tries', 9); UPDATE orders SET status = status; SELECT * FROM twins FOR UPDATE;"])
    base.sql("SELECT setval('tries', 5)")
    other = subprocess.Popen(base.server.client_command(base.database), stdin=subprocess.PIPE, text=True)
    other.stdin.write("BEGIN; LOCK TABLE twins; SELECT count(*) FROM twins;\n")
    other.stdin.flush()
    base.until("EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction')")
    run = base.start("apply")
    base.until("EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    base.sql("SELECT setval('ticket', 10)")
    other.stdin.close()
    other.wait(30)
    assert run.wait().code == 0
    assert base.value("SELECT last_value FROM ticket") == "10"
    assert base.value("SELECT last_value FROM tries") == "9"
