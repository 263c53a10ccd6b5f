"""The proof on PostgreSQL: what hides from it, what it may not read, what is the run's own."""

import re

import pytest

from support.postgres_past import BASE, COPY, NEW, SWAP, content, token_of

pytestmark = pytest.mark.server


@pytest.fixture
def base(pg_project):
    """A database with rows, as an earlier image left it."""
    pg_project.migration("0001_base", BASE)
    pg_project.ok("apply")
    return pg_project


@pytest.mark.parametrize(
    "sql",
    [
        "SET track_counts = off; DELETE FROM orders; SET track_counts = on;",
        "DO 'BEGIN PERFORM set_config(''track_counts'', ''off'', true); DELETE FROM orders; END';",
        "CLOSE ALL; DELETE FROM orders;",
        "FETCH ALL FROM db_entry_before; DELETE FROM orders;",
        "DO 'BEGIN EXECUTE ''SET track'' || ''_counts = off''; DELETE FROM orders; END';",
        "PREPARE p AS DELETE FROM orders; COMMIT; EXECUTE p;",
        "DO 'DECLARE r record; BEGIN EXECUTE ''FETCH 1 FROM db_'' || ''entry_before'' INTO r; DELETE FROM orders; END';",
        "DO 'BEGIN EXECUTE ''MOVE 1 FROM db_'' || ''entry_before''; DELETE FROM orders; END';",
        "DO 'BEGIN EXECUTE ''CLOSE db_'' || ''entry_before''; EXECUTE ''DECLARE db_'' || ''entry_before CURSOR FOR"
        " SELECT 1''; DELETE FROM orders; END';",
        "DELETE FROM orders; DISCARD TEMP;",
        "ALTER SCHEMA public RENAME TO gone; CREATE SCHEMA public;",
    ],
)
def test_what_hides_from_the_proof_is_refused(base, sql):
    base.migration("0002_hide", sql)
    before = content(base)
    result = base.run("apply", env={"DB_ENTRY_APPROVE": "0002"})
    assert result.code in (23, 65), result
    assert content(base) == before


def test_statistics_that_are_reset_hide_nothing(base):
    base.migration(
        "0002_hide",
        "DELETE FROM orders; SELECT pg_stat_reset(); SELECT pg_stat_force_next_flush();"
        "SELECT pg_stat_reset_single_table_counters(CAST('orders' AS regclass));",
    )
    assert base.run("apply").code == 20


def test_a_function_that_stops_the_counting_is_named(base):
    base.sql("CREATE FUNCTION quiet() RETURNS void LANGUAGE sql SET track_counts = off AS 'DELETE FROM orders'")
    base.migration("0002_quiet", "SELECT quiet();")
    result = base.run("apply")
    assert result.code == 23
    assert "quiet()" in result.stderr


def test_several_statements_in_one_string_do_not_commit(base):
    base.migration("0002_sly", "DO 'BEGIN EXECUTE ''COMMIT; BEGIN; DELETE FROM orders''; END';")
    before = content(base)
    assert base.run("apply").code == 23
    assert content(base) == before


@pytest.mark.parametrize("made", ["before", "by_it"])
def test_foreign_tables_are_not_written_unasked(base, made):
    far = (
        "CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS"
        f" (host '{base.server.folder}', port '{base.server.port}', dbname '{base.database}');"
        "CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user 'postgres');"
        "CREATE FOREIGN TABLE far (id integer, status text) SERVER loop OPTIONS (table_name 'orders');"
    )
    base.env["DB_ENTRY_DRIFT"] = "warn"
    base.sql("CREATE EXTENSION postgres_fdw")
    if made == "before":
        base.sql(far)
        far = ""
    base.migration("0002_far", far + "DELETE FROM far WHERE id = 1;")
    result = base.run("apply")
    assert result.code == 20, result
    assert "foreign table far" in result.stderr
    assert base.value("SELECT count(*) FROM orders") == "3"
    base.migration("0002_far", far + "SELECT count(*) FROM far;")
    base.ok("apply")


def test_rolled_back_migrations_leave_sequences_alone(base):
    base.migration("0002_bad", "SELECT setval('ticket', 3); SELECT 1 / 0;")
    assert base.run("apply").code == 23
    assert base.value("SELECT last_value FROM ticket") == "40"


def test_overwriting_under_a_condition_is_told(base):
    base.migration("0002_set", "UPDATE orders SET status = 'x' WHERE status = 'new';")
    assert "overwrites values in 2 rows of orders" in base.ok("apply").stderr


def test_first_install_needs_no_approval(pg_project):
    pg_project.migration("0001_base", BASE)
    pg_project.migration("0002_drop", "ALTER TABLE users DROP COLUMN phone; UPDATE users SET note = 'x';")
    pg_project.migration("0003_copy", "CREATE TABLE copy AS SELECT * FROM users; SELECT setval('ticket', 1);")
    pg_project.migration(
        "0004_all", "-- db-entry: destructive\nDELETE FROM users; DROP TABLE typed; DROP TABLE copy;"
        "DROP SEQUENCE ticket; DROP SCHEMA audit CASCADE; TRUNCATE orders;"
    )
    pg_project.ok("apply")
    assert pg_project.applied() == ["0001", "0002", "0003", "0004"]


def test_rows_of_a_table_found_empty_are_the_runs_own(base):
    base.migration("0002_fill", "INSERT INTO blank VALUES (1, 'a'), (2, 'b');")
    base.migration("0003_clear", "DELETE FROM blank WHERE id = 1; ALTER TABLE blank DROP COLUMN a;")
    base.ok("apply")


@pytest.mark.parametrize("second", ["DELETE FROM users;", "DROP TABLE users;", "ALTER TABLE users DROP phone;"])
def test_rebuilt_table_is_not_new_in_the_next_migration(base, second):
    base.migration("0002_rebuild", f"{NEW} {COPY} {SWAP}")
    base.migration("0003_gone", second)
    assert base.run("apply").code == 20
    assert base.applied() == ["0001", "0002"]
    assert base.value("SELECT count(*) FROM users") == "3"


CHAINS = {
    "table": ("CREATE TABLE kept AS SELECT * FROM users;", "DROP TABLE kept;"),
    "returning": (
        "CREATE TABLE kept (id integer); WITH x AS (UPDATE users SET phone = phone RETURNING id)"
        " INSERT INTO kept SELECT id FROM x;",
        "DELETE FROM kept;",
    ),
    "blank": ("INSERT INTO blank SELECT id, phone FROM users;", "DELETE FROM blank;"),
    "column": (
        "ALTER TABLE users ADD COLUMN tel text; UPDATE users SET tel = phone;",
        "ALTER TABLE users DROP COLUMN tel;",
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_copy_is_the_past_of_the_next_migration(base, name):
    first, last = CHAINS[name]
    base.migration("0002_copy", first)
    base.migration("0003_gone", last)
    result = base.run("apply")
    assert result.code == 20, result
    assert base.applied() == ["0001", "0002"]


def test_a_chain_of_copies_is_the_past(base):
    base.migration("0002_make", "CREATE TABLE a (id integer, phone text); CREATE TABLE b (LIKE a);")
    base.migration("0003_copy", "INSERT INTO a SELECT id, phone FROM users;")
    base.migration("0004_copy", "INSERT INTO b SELECT * FROM a;")
    base.migration("0005_gone", "DROP TABLE b;")
    assert base.run("apply").code == 20
    assert base.applied() == ["0001", "0002", "0003", "0004"]


OUTSIDE = "-- db-entry: no-transaction\n"


def test_a_copy_made_outside_a_transaction_is_the_past(base):
    base.migration("0002_make", "CREATE TABLE a (id integer, phone text);")
    base.migration("0003_copy", OUTSIDE + "INSERT INTO a SELECT id, phone FROM users;")
    base.migration("0004_gone", "DROP TABLE a;")
    assert base.run("apply").code == 20
    assert base.applied() == ["0001", "0002", "0003"]


def test_what_makes_no_copy_outside_a_transaction_leaves_the_runs_own_free(base):
    base.migration("0002_make", "CREATE TABLE a (id integer); INSERT INTO a VALUES (1);")
    base.migration("0003_index", OUTSIDE + "CREATE INDEX CONCURRENTLY a_id ON a (id);")
    base.migration("0004_gone", "DROP TABLE a;")
    base.ok("apply")


def test_first_install_is_free_outside_a_transaction_too(pg_project):
    pg_project.migration("0001_make", "CREATE TABLE a (id integer); INSERT INTO a VALUES (1);")
    pg_project.migration("0002_fill", OUTSIDE + "INSERT INTO a SELECT * FROM a;")
    pg_project.migration("0003_gone", "DROP TABLE a;")
    pg_project.ok("apply")


def test_new_columns_are_the_runs_own(base):
    base.migration("0002_add", "ALTER TABLE users ADD COLUMN age integer DEFAULT 1;")
    base.migration("0003_set", "UPDATE users SET age = 2;")
    base.ok("apply")
    base.migration("0004_add", "ALTER TABLE users ADD COLUMN size integer DEFAULT 1;")
    base.migration("0005_drop", "ALTER TABLE users DROP COLUMN size;")
    base.ok("apply")


def as_worker(base, grants):
    """Who is no superuser, and may do what these say."""
    base.env["DB_ENTRY_DRIFT"] = "warn"
    base.sql("DO 'BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ''worker'') THEN"
             " CREATE ROLE worker LOGIN PASSWORD ''w''; END IF; END'")
    base.sql("GRANT ALL ON db_entry_history, db_entry_run, db_entry_snapshot TO worker;" + grants)
    base.env["DB_ENTRY_DATABASE_URL"] = base.server.url(base.database, "worker", "w")


POLICY = "ALTER TABLE typed ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON typed USING (id = 1);"
FORCED = "ALTER TABLE typed OWNER TO worker; ALTER TABLE typed FORCE ROW LEVEL SECURITY;" + POLICY
HALF_BLIND = {
    "policy": ("GRANT DELETE, SELECT ON typed TO worker;" + POLICY, "DELETE FROM typed;"),
    "forced": (FORCED, "DELETE FROM typed;"),
    "lifted": (FORCED, "ALTER TABLE typed NO FORCE ROW LEVEL SECURITY; DELETE FROM typed;"),
    "lifted_for_a_while": (
        FORCED,
        "ALTER TABLE typed NO FORCE ROW LEVEL SECURITY; DELETE FROM typed;"
        "ALTER TABLE typed FORCE ROW LEVEL SECURITY;",
    ),
    "some_columns": ("GRANT SELECT (id), DELETE ON typed TO worker;", "DELETE FROM typed WHERE id = 1;"),
    "no_temporary_tables": (
        "GRANT ALL ON typed TO worker; DO 'BEGIN EXECUTE ''REVOKE TEMP ON DATABASE '' || current_database()"
        " || '' FROM PUBLIC''; END'",
        "DELETE FROM typed WHERE id = 1;",
    ),
}


@pytest.mark.parametrize("name", HALF_BLIND)
def test_what_the_proof_may_not_read_needs_an_approval(base, name):
    grants, sql = HALF_BLIND[name]
    as_worker(base, grants)
    base.migration("0002_gone", sql)
    result = base.run("apply")
    assert result.code == 20, result
    assert "changes typed, and this role may not read" in result.stderr or "can't be compared" in result.stderr
    assert base.value("SELECT count(*) FROM typed") == "2"
    base.ok("apply", env={"DB_ENTRY_APPROVE": token_of(result)})


def test_what_keeps_the_proof_from_comparing_is_told(base):
    base.migration(
        "0002_strict",
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no tables today''; END';"
        "CREATE EVENT TRIGGER t ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION f();",
    )
    base.ok("apply")
    base.migration("0003_gone", "DELETE FROM orders;")
    result = base.run("apply")
    assert result.code == 20, result
    assert "changes orders, and its rows can't be compared: no tables today" in result.stderr


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users DROP COLUMN phone;",
        "ALTER TABLE orders ALTER amount TYPE numeric(12,0);",
        "DELETE FROM audit.log;",
        "DELETE FROM public.orders WHERE id = 1;",
        'DROP TABLE "Capital \'\\";',
        "DROP TABLE events_a;",
        "DROP SCHEMA audit CASCADE;",
        "DROP MATERIALIZED VIEW summary;",
        "ALTER SEQUENCE ticket RESTART;",
        "ALTER TYPE address DROP ATTRIBUTE zip;",
        "ALTER TABLE typed SET UNLOGGED;",
        "SELECT lo_unlink(4711);",
    ],
)
def test_what_lint_prints_approves(base, sql):
    base.migration("0002_next", sql)
    planned = re.findall(r"0002@[0-9a-f]{12}", base.run("lint").stdout)
    assert planned and planned[0] == token_of(base.run("apply"))
    base.ok("apply", env={"DB_ENTRY_APPROVE": planned[0]})


def test_a_copy_of_this_run_takes_a_name_once(base):
    base.migration("0002_copy", "CREATE TABLE texts_new AS SELECT * FROM texts;")
    base.migration("0003_swap", "DROP TABLE texts; ALTER TABLE texts_new RENAME TO texts;")
    base.migration("0004_again", "DROP TABLE texts_then; ALTER TABLE texts RENAME TO texts_then;")
    assert base.run("apply").code == 20
    assert base.applied() == ["0001", "0002", "0003"]


def test_the_session_is_itself_again_after_the_comparison(base):
    """Also for what reads the schema then."""
    base.migration("0002_next", "SET ROLE pg_monitor; SET search_path = audit; RESET ROLE;"
                   "ALTER TABLE public.typed ALTER id TYPE bigint;")
    base.ok("apply")
    assert base.run("apply").code == 0
    base.sql("ALTER TABLE typed ADD COLUMN astray integer")
    base.migration("0003_next", "ALTER TABLE typed ADD COLUMN more integer;")
    assert base.run("apply").code == 21


def test_counters_of_earlier_migrations_do_not_count(base):
    base.migration("0002_gone", "DELETE FROM orders WHERE id = 1;")
    token = token_of(base.run("apply"))
    base.migration("0003_more", "INSERT INTO orders (status) VALUES ('new');")
    result = base.ok("apply", env={"DB_ENTRY_APPROVE": token, "DB_ENTRY_LOG_LEVEL": "debug"}, log="json")
    assert result.event_names.count("proof.again") == 1
