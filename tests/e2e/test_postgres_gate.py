"""The gate on PostgreSQL: what would lose data is stopped and left as it was, the rest passes."""

import pytest

from support.postgres_past import BASE, COLUMNS, COPY, NEW, SWAP, content, token_of

pytestmark = pytest.mark.server

HARMFUL = {
    # Rows
    "delete": ("DELETE FROM orders WHERE status = 'old'", "1 of 3 rows in orders is deleted or changed, such as id 2"),
    "delete_all": ("DELETE FROM orders", "3 of 3 rows in orders"),
    "fk_cascade": ("DELETE FROM users WHERE id = 1", "2 of 3 rows in orders"),
    "do": ("DO 'BEGIN DELETE FROM orders; END'", "3 of 3 rows in orders"),
    "do_execute": ("DO 'BEGIN EXECUTE ''DEL'' || ''ETE FROM orders''; END'", "3 of 3 rows in orders"),
    "function_execute": ("SELECT purge('orders')", "3 of 3 rows in orders"),
    "function_twice": ("SELECT purge('orders'), purge('typed')", "2 of 2 rows in typed"),
    "prepare": ("PREPARE p AS DELETE FROM orders; EXECUTE p;", "3 of 3 rows in orders"),
    "trigger": (
        "CREATE TRIGGER t AFTER INSERT ON blank EXECUTE FUNCTION purge_orders();"
        "INSERT INTO blank VALUES (1);",
        "3 of 3 rows in orders",
    ),
    "deferred_trigger": (
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON blank DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION purge_orders(); INSERT INTO blank VALUES (1);",
        "3 of 3 rows in orders",
    ),
    "deferred_again": (
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON blank DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION purge_orders(); SET CONSTRAINTS ALL IMMEDIATE;"
        "SET CONSTRAINTS ALL DEFERRED; INSERT INTO blank VALUES (1);",
        "3 of 3 rows in orders",
    ),
    "rule": ("DELETE FROM ruled WHERE id = 3", "1 of 3 rows in orders"),
    "instead_of": ("DELETE FROM handled WHERE id = 3", "such as id 3"),
    "view": ("DELETE FROM people WHERE id = 2", "1 of 3 rows in users"),
    "cte": ("WITH x AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM x", "3 of 3 rows in orders"),
    "merge": (
        "MERGE INTO orders USING (SELECT 2 AS id) AS s ON orders.id = s.id WHEN MATCHED THEN DELETE",
        "such as id 2",
    ),
    "truncate": ("TRUNCATE orders", "3 of 3 rows in orders"),
    "truncate_cascade": ("TRUNCATE users CASCADE", "3 of 3 rows in orders"),
    "truncate_refilled": ("TRUNCATE typed; INSERT INTO typed VALUES (1, 'low', 't');", "1 of 2 rows in typed"),
    "held_cursor": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN 1; END';"
        "DECLARE c CURSOR WITH HOLD FOR SELECT f(); FETCH ALL FROM c;",
        "3 of 3 rows in orders",
    ),
    "savepoint_kept": (
        "DO 'BEGIN BEGIN DELETE FROM typed; RAISE ''x''; EXCEPTION WHEN OTHERS THEN END;"
        " DELETE FROM orders WHERE id = 1; END'",
        "1 of 3 rows in orders",
    ),
    "measured_hole": (
        "DELETE FROM typed WHERE id = 1; ALTER TABLE typed ALTER id TYPE bigint;"
        "CREATE TEMP TABLE keep AS SELECT * FROM typed; TRUNCATE typed; INSERT INTO typed SELECT * FROM keep;",
        "1 of 2 rows in typed",
    ),
    "inherited": ("DELETE FROM base WHERE id = 3", "1 of 2 rows in derived"),
    "second_try_differs": (
        "DO 'BEGIN IF nextval(''tries'') = 1 THEN UPDATE typed SET id = id; ELSE DELETE FROM orders; END IF; END'",
        "changes orders, and in another way at each try",
    ),
    "before_trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.phone = NULL; RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();"
        "UPDATE users SET email = email;",
        "2 of 3 rows in users",
    ),
    "event_trigger": (
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; END';"
        "CREATE EVENT TRIGGER t ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION f();"
        "CREATE INDEX ON typed (id); DROP EVENT TRIGGER t;",
        "3 of 3 rows in orders",
    ),
    "default": (
        "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN 1; END';"
        "ALTER TABLE typed ADD COLUMN n integer DEFAULT f();",
        "3 of 3 rows in orders",
    ),
    "schema_of_another_name": ("ALTER SCHEMA audit RENAME TO kept; DELETE FROM kept.log;", "1 of 1 row in audit.log"),
    "other_operators": (
        "CREATE SCHEMA evil; CREATE FUNCTION evil.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';"
        "CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.no);"
        "CREATE TABLE evil.pg_class (a integer); SET search_path = evil, pg_catalog, public; DELETE FROM orders;",
        "3 of 3 rows in orders",
    ),
    "all_temporary_tables": (
        "DELETE FROM orders; DO 'DECLARE r record; BEGIN FOR r IN SELECT CAST(oid AS regclass) AS name FROM pg_class"
        " WHERE relpersistence = ''t'' AND relkind = ''r'' LOOP EXECUTE ''DELETE FROM '' || r.name; END LOOP; END';",
        "orders",
    ),
    "all_temporary_tables_truncated": (
        "DELETE FROM orders; DO 'DECLARE r record; BEGIN FOR r IN SELECT CAST(oid AS regclass) AS name FROM pg_class"
        " WHERE relpersistence = ''t'' AND relkind = ''r'' LOOP EXECUTE ''TRUNCATE '' || r.name; END LOOP; END';",
        "orders",
    ),
    "capitals": (
        'CREATE TABLE "A ""b" (id integer); DROP TABLE "A ""b"; DELETE FROM "Capital \'\\" WHERE "Id" = 2;',
        "1 of 2 rows in Capital '\\ is deleted or changed, such as Id 2",
    ),
    "no_columns": ("DELETE FROM bare", "2 of 2 rows in bare"),
    "text_of_a_row": ("UPDATE texts SET a = 'x', b = 'y,z'", "2 of 2 rows in texts"),
    "empty_is_not_null": ("UPDATE texts SET b = ''", "2 of 2 rows in texts"),
    "one_of_two_alike": (
        "DELETE FROM twins WHERE ctid = (SELECT min(ctid) FROM twins)",
        "1 of 2 rows in twins is deleted or changed, such as a 1\n",
    ),
    "composite": ("UPDATE places SET home.zip = ''", "1 of 1 row in places"),
    "moved_elsewhere": (
        "CREATE TABLE old_orders AS SELECT * FROM orders; DELETE FROM orders;",
        "3 of 3 rows in orders",
    ),
    # Values
    "update": ("UPDATE users SET phone = 'x'", "3 of 3 rows in users"),
    "update_where_true": ("UPDATE users SET phone = 'x' WHERE true", "3 of 3 rows in users"),
    "update_where_id": ("UPDATE users SET phone = NULL WHERE id > 0", "2 of 3 rows in users"),
    "update_where_then_insert": (
        "UPDATE users SET phone = 'x' WHERE id > 0; INSERT INTO users (id, email) VALUES (9, 'n@x');",
        "3 of 3 rows in users",
    ),
    "update_in_do": ("DO 'BEGIN UPDATE users SET phone = ''x'' WHERE id = 1; END'", "1 of 3 rows in users"),
    "where_after_all": (
        "UPDATE users SET phone = NULL; UPDATE users SET phone = '0' WHERE id = 1;",
        "rows in users",
    ),
    "where_and_delete": (
        "UPDATE orders SET status = 'x' WHERE id = 1; DELETE FROM orders WHERE id = 2;",
        "2 of 3 rows in orders",
    ),
    "upsert": (
        "INSERT INTO users (id, email) VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET phone = 'z'",
        "1 of 3 rows in users",
    ),
    "using": ("ALTER TABLE users ALTER phone TYPE text USING 'zzz'", "3 of 3 rows in users"),
    "using_null": ("ALTER TABLE users ALTER phone TYPE integer USING NULL", "changes users.phone in 2 of 3 rows"),
    "narrower": (
        "ALTER TABLE audit.log ALTER what TYPE varchar(2) USING left(what, 2)",
        "changes audit.log.what in 1 of 1 row",
    ),
    "fewer_digits": (
        "ALTER TABLE orders ALTER amount TYPE numeric(12,0)",
        "changes orders.amount in 1 of 3 rows, such as id 1",
    ),
    "fewer_digits_and_rows": (
        "ALTER TABLE orders ALTER amount TYPE numeric(12,0); DELETE FROM orders WHERE id = 2;",
        "1 of 3 rows in orders",
    ),
    "cross_partition": ("UPDATE events SET kind = 'b'", "2 of 3 rows in events"),
    "update_of_another_by_that_name": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN UPDATE public.orders SET status = NULL WHERE id = 3; RETURN NULL; END';"
        "CREATE TEMP TABLE orders (id integer); INSERT INTO orders VALUES (1);"
        "CREATE TRIGGER t AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f();"
        "UPDATE orders SET id = 2 WHERE id = 1;",
        "1 of 3 rows in orders",
    ),
    "fk_set_null": (
        "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey; ALTER TABLE orders ADD"
        " FOREIGN KEY (user_id) REFERENCES users ON UPDATE SET NULL; UPDATE users SET id = 9 WHERE id = 3;",
        "1 of 3 rows in orders",
    ),
    # Columns
    "drop_column": ("ALTER TABLE users DROP COLUMN phone", "loses 2 values in users.phone"),
    "drop_add": (
        "ALTER TABLE users DROP COLUMN phone; ALTER TABLE users ADD COLUMN phone text;",
        "loses 2 values in users.phone",
    ),
    "drop_partitioned": ("ALTER TABLE events DROP COLUMN body", "loses 3 values in events.body"),
    "drop_type": ("DROP TYPE mood CASCADE", "loses 2 values in typed.feeling"),
    "drop_domain": ("DROP DOMAIN code CASCADE", "loses 2 values in typed.tag"),
    "drop_attribute": ("ALTER TYPE address DROP ATTRIBUTE zip", "zip"),
    "drop_inner_attribute": (
        "CREATE DOMAIN home AS address; ALTER TABLE places ADD COLUMN second home;"
        "ALTER TYPE address DROP ATTRIBUTE street;",
        "street",
    ),
    "drop_extension": ("DROP EXTENSION citext CASCADE", "loses 2 values in loose.word"),
    "drop_owned": (
        "CREATE ROLE leaver; ALTER TABLE typed OWNER TO leaver;"
        "DROP OWNED BY leaver CASCADE; DROP ROLE leaver;",
        "loses table typed with 2 rows",
    ),
    "rename_drop": (
        "ALTER TABLE users RENAME COLUMN phone TO tel; ALTER TABLE users DROP COLUMN tel;",
        "loses 2 values in users.phone",
    ),
    # Tables and what else there is
    "drop_table": ("DROP TABLE orders CASCADE", "loses table orders with 3 rows"),
    "drop_schema": ("DROP SCHEMA audit CASCADE", "loses table audit.log with 1 row"),
    "drop_create": (
        "DROP TABLE typed; CREATE TABLE typed (id integer, feeling mood, tag code);",
        "2 of 2 rows in typed",
    ),
    "rename_drop_table": ("ALTER TABLE typed RENAME TO other; DROP TABLE other;", "loses table typed with 2 rows"),
    "drop_partition": ("DROP TABLE events_a", "loses table events_a with 2 rows"),
    "drop_partitioned_table": ("DROP TABLE events", "loses table events with 3 rows"),
    "delete_in_partition": ("DELETE FROM events WHERE id = 1", "1 of 3 rows in events"),
    "delete_in_leaf": ("DELETE FROM events_a WHERE id = 1", "1 of 2 rows in events_a"),
    "truncate_leaf": ("TRUNCATE events_a", "2 of 2 rows in events_a"),
    "detach_drop": (
        "ALTER TABLE events DETACH PARTITION events_a; DROP TABLE events_a;",
        "loses table events_a with 2 rows",
    ),
    "old_copy_takes_its_name": (
        "DROP TABLE texts; ALTER TABLE texts_then RENAME TO texts;",
        "loses table texts with 2 rows",
    ),
    "materialized_view_takes_its_name": (
        "CREATE TABLE raw AS SELECT * FROM typed; DROP TABLE typed; CREATE MATERIALIZED VIEW typed AS SELECT * FROM raw;",
        "loses table typed with 2 rows",
    ),
    "repartition_loses": (
        "CREATE TABLE anew (LIKE events) PARTITION BY LIST (kind); CREATE TABLE anew_all PARTITION OF anew DEFAULT;"
        "INSERT INTO anew SELECT * FROM events WHERE id < 3; DROP TABLE events; ALTER TABLE anew RENAME TO events;",
        "1 of 3 rows in events is deleted or changed, such as id 3",
    ),
    "copy_and_drop_both": (
        "CREATE TABLE copy AS SELECT * FROM typed; DROP TABLE typed; DROP TABLE copy;",
        "loses table typed",
    ),
    "rebuild_row": (f"{NEW} {COPY} DELETE FROM users_new WHERE id = 2; {SWAP}", "1 of 3 rows in users"),
    "rebuild_value": (
        f"{NEW} INSERT INTO users_new SELECT id, upper(email), phone, note, level FROM users; {SWAP}",
        "3 of 3 rows in users",
    ),
    "rebuild_column": (
        f"{NEW} {COPY} ALTER TABLE users_new DROP COLUMN phone; {SWAP}",
        "loses 2 values in users.phone",
    ),
    "unlogged": ("ALTER TABLE typed SET UNLOGGED", "UNLOGGED"),
    "materialized_view": ("DROP MATERIALIZED VIEW summary", "loses materialized view summary"),
    "sequence": ("DROP SEQUENCE ticket", "loses sequence ticket at 40"),
    "setval": ("SELECT setval('ticket', 1)", "sets sequence ticket back from 40 to 1"),
    "setval_unused": ("SELECT setval('ticket', 5, false)", "sets sequence ticket back from 40 to 4"),
    "restart": ("ALTER SEQUENCE ticket RESTART", "sets sequence ticket back from 40 to 0"),
    "lo_unlink": ("SELECT lo_unlink(4711)", "loses 1 large object"),
    "lo_put": ("SELECT lo_put(4711, 0, 'xyz')", "overwrites large objects"),
    "catalog": ("DELETE FROM pg_enum WHERE enumlabel = 'high'", "pg_enum"),
    "catalog_update": ("UPDATE pg_attribute SET attname = 'x' WHERE attname = 'phone'", "pg_attribute"),
    # Outside
    "copy_program": ("COPY orders TO PROGRAM 'cat >/dev/null'", "acts outside of the transaction"),
    "copy_file": ("COPY (SELECT 1) TO '/dev/null'", "acts outside of the transaction"),
    "copy_in_do": ("DO 'BEGIN COPY orders TO PROGRAM ''true''; END'", "acts outside of the transaction"),
    "dblink": ("SELECT dblink_exec('', 'DELETE FROM users')", "acts outside of the transaction"),
    "replication_role": (
        "SET session_replication_role = replica; SELECT 1; SET session_replication_role = DEFAULT;",
        "session_replication_role",
    ),
}

HARMLESS = {
    "delete_nothing": "DELETE FROM orders WHERE status = 'gone'",
    "delete_blank": "INSERT INTO blank VALUES (1, 'x'); DELETE FROM blank;",
    "do": "DO 'BEGIN DELETE FROM orders WHERE id = 99; END'",
    "function": "SELECT purge('blank')",
    "cascade_of_nothing": "DELETE FROM users WHERE id = 99",
    "savepoint": "DO 'BEGIN DELETE FROM orders; RAISE ''x''; EXCEPTION WHEN OTHERS THEN NULL; END'",
    "savepoint_and_insert": (
        "DO 'BEGIN BEGIN DELETE FROM orders; RAISE ''x''; EXCEPTION WHEN OTHERS THEN NULL; END;"
        " INSERT INTO orders (status) VALUES (''new''); END'"
    ),
    "trigger": "CREATE TRIGGER t AFTER DELETE ON blank EXECUTE FUNCTION purge_orders(); INSERT INTO blank VALUES (1);",
    "deferred_trigger": "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON blank DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION purge_orders();",
    "truncate": "TRUNCATE blank",
    "truncate_refilled": "CREATE TEMP TABLE keep AS SELECT * FROM typed; TRUNCATE typed;"
    "INSERT INTO typed SELECT * FROM keep; INSERT INTO typed VALUES (3, 'low', 'v');",
    "drop_blank": "DROP TABLE blank",
    "drop_empty_column": "ALTER TABLE users DROP COLUMN note",
    "drop_generated": "ALTER TABLE users DROP COLUMN shout",
    "drop_type": "CREATE TYPE spare AS ENUM ('x'); DROP TYPE spare CASCADE;",
    "using_enum": "ALTER TABLE users ALTER level DROP DEFAULT;"
    "ALTER TABLE users ALTER level TYPE mood USING CAST(CAST(level AS text) AS mood);",
    "new_enum": "CREATE TYPE mood2 AS ENUM ('high', 'low', 'mid');"
    "ALTER TABLE typed ALTER feeling TYPE mood2 USING CAST(CAST(feeling AS text) AS mood2); DROP TYPE mood;",
    "bigint": "ALTER TABLE typed ALTER id TYPE bigint; ALTER TABLE blank ALTER id TYPE bigint;",
    "wider": "ALTER TABLE orders ALTER amount TYPE numeric(14,6)",
    "varchar": "ALTER TABLE users ALTER phone TYPE varchar(20); ALTER TABLE users ALTER phone TYPE text;",
    "timestamptz": "ALTER TABLE loose ALTER at TYPE timestamptz USING at AT TIME ZONE 'UTC'",
    "jsonb": "ALTER TABLE loose ALTER data TYPE jsonb; ALTER TABLE loose ALTER real4 TYPE double precision;"
    "ALTER TABLE loose ALTER word TYPE text;",
    "text_to_integer": "ALTER TABLE users ALTER phone TYPE integer USING CAST(phone AS integer)",
    "role": "GRANT ALL ON SCHEMA public TO pg_monitor; SET ROLE pg_monitor; CREATE TABLE theirs (a integer);",
    "cluster": "CLUSTER users USING users_pkey",
    "volatile_default": "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    "backfill": "ALTER TABLE users ADD COLUMN age integer; UPDATE users SET age = 1;",
    "move_column": "ALTER TABLE users ADD COLUMN tel text; UPDATE users SET tel = phone;"
    "ALTER TABLE users DROP COLUMN phone; ALTER TABLE users RENAME COLUMN tel TO phone;",
    "update_where": "UPDATE users SET phone = 'x' WHERE id = 2",
    "update_where_alias": 'UPDATE ONLY public."users" AS u SET phone = \'x\' WHERE u.id IN (1, 2)',
    "update_partition": "UPDATE events SET body = 'q' WHERE id IN (1, 3)",
    "move_partition": "UPDATE events SET kind = 'b' WHERE id = 1",
    "update_same": "UPDATE users SET phone = phone",
    "upsert": "INSERT INTO users (id, email) VALUES (1, 'z') ON CONFLICT (id) DO NOTHING",
    "upsert_new": "INSERT INTO users (id, email) VALUES (7, 'z') ON CONFLICT (id) DO UPDATE SET phone = 'z'",
    "merge": "MERGE INTO orders USING (SELECT 9 AS id) AS s ON orders.id = s.id"
    " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, status) VALUES (9, 'x')",
    "view": "DROP VIEW people; DROP VIEW ruled;",
    "materialized_view": "REFRESH MATERIALIZED VIEW summary; DROP MATERIALIZED VIEW summary;"
    "CREATE MATERIALIZED VIEW summary AS SELECT 2 AS n;",
    "rebuild": f"{NEW} {COPY} {SWAP} CREATE INDEX users_phone ON users (phone);",
    "rebuild_with_column": f"{NEW} ALTER TABLE users_new ADD COLUMN age integer DEFAULT 7; {COPY[:-1].replace('users_new', f'users_new ({COLUMNS})')}; {SWAP}",
    "rebuild_rename_first": "ALTER TABLE typed RENAME TO typed_old; CREATE TABLE typed (LIKE typed_old);"
    "INSERT INTO typed SELECT * FROM typed_old; DROP TABLE typed_old;",
    "rename": "ALTER TABLE typed RENAME TO kinds; ALTER TABLE kinds RENAME COLUMN tag TO label;"
    "DELETE FROM kinds WHERE id = 99;",
    "move_schema": "ALTER TABLE typed SET SCHEMA audit",
    "detach": "ALTER TABLE events DETACH PARTITION events_a",
    "drop_empty_partition": "DROP TABLE events_c",
    "into_partitions": "ALTER TABLE typed RENAME TO typed_old; CREATE TABLE typed (LIKE typed_old) PARTITION BY RANGE"
    " (id); CREATE TABLE typed_1 PARTITION OF typed FOR VALUES FROM (0) TO (100);"
    "INSERT INTO typed SELECT * FROM typed_old; DROP TABLE typed_old;",
    "schema_of_another_name": "ALTER SCHEMA audit RENAME TO kept; ALTER TABLE kept.log ALTER id TYPE bigint;",
    "event_trigger": "CREATE TABLE tags (tag text); CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS"
    " 'BEGIN INSERT INTO tags VALUES (tg_tag); END'; CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f();"
    "UPDATE orders SET status = status;",
    "array_of_enum": "ALTER TABLE texts ADD COLUMN moods text[]; UPDATE texts SET moods = '{low,high}';"
    "ALTER TABLE texts ALTER moods TYPE mood[] USING CAST(moods AS mood[]);",
    "repartition": "ALTER TABLE events RENAME TO events_old;"
    "CREATE TABLE events (id integer, kind text, body text); INSERT INTO events SELECT * FROM events_old;"
    "DROP TABLE events_old;",
    "scratch": "CREATE TABLE scratch AS SELECT * FROM users; DROP TABLE scratch;",
    "temporary": "CREATE TEMP TABLE scratch AS SELECT * FROM users; DELETE FROM scratch; DROP TABLE scratch;",
    "setval": "SELECT setval('ticket', 50); SELECT nextval('ticket');",
    "setval_unused": "SELECT setval('ticket', 41, false)",
    "identity": "ALTER TABLE orders ALTER id DROP DEFAULT; DROP SEQUENCE orders_id_seq;"
    "ALTER TABLE orders ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;"
    "SELECT setval('orders_id_seq', 3);",
    "large_object": "SELECT lo_from_bytea(4712, 'abc')",
    "replica_identity": "ALTER TABLE users REPLICA IDENTITY FULL; COMMENT ON TABLE users IS 'x';"
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ANALYZE users;",
    "not_null": "ALTER TABLE users ALTER email SET NOT NULL; ALTER TABLE users ADD CHECK (id > 0);"
    "CREATE INDEX ON users (phone); ALTER TABLE users ADD COLUMN n integer NOT NULL DEFAULT 1;",
    "restored_settings": "SET LOCAL datestyle = 'german'; UPDATE orders SET status = status;",
}


@pytest.fixture
def base(pg_project):
    """A database with rows, as an earlier image left it."""
    pg_project.migration("0001_base", BASE)
    pg_project.ok("apply")
    return pg_project


@pytest.mark.parametrize("name", HARMFUL)
def test_what_loses_data_is_stopped_and_runs_once_approved(base, name):
    sql, evidence = HARMFUL[name]
    base.migration("0002_next", sql.rstrip(";") + ";")
    before = content(base)
    result = base.run("apply")
    assert result.code == 20, result
    assert evidence in result.stderr
    assert "0002_next.sql" in result.stderr
    assert content(base) == before
    assert base.applied() == ["0001"]
    if "outside of the transaction" in evidence:
        return
    token = token_of(result)
    base.ok("apply", env={"DB_ENTRY_APPROVE": token})
    assert base.value("SELECT approval FROM db_entry_history WHERE version = '0002'") == token


@pytest.mark.parametrize("name", HARMLESS)
def test_what_loses_nothing_needs_no_approval(base, name):
    base.migration("0002_next", HARMLESS[name].rstrip(";") + ";")
    result = base.ok("apply")
    assert base.applied() == ["0001", "0002"], result
    assert base.value("SELECT coalesce(approval, 'none') FROM db_entry_history WHERE version = '0002'") == "none"


def test_a_big_table_that_is_written_anew_is_told_beforehand(pg_project):
    pg_project.sql("CREATE TABLE big AS SELECT n AS id, 1 AS a, repeat(md5(n::text), 40) AS text"
                   " FROM generate_series(1, 30000) AS n; CREATE TABLE small (a int)")
    pg_project.ok("baseline", "none")
    pg_project.migration("0001_a", "ALTER TABLE small ALTER a TYPE bigint;\nALTER TABLE big ALTER a TYPE bigint;\n"
                         "ALTER TABLE big ADD b int;")
    assert pg_project.run("plan").stdout.count("may copy big, about ") == 1
    result = pg_project.ok("apply", log="json")
    told = [event for event in result.events if event["event"] == "table.rewritten"]
    assert [(e["table"], e["how"], e["line"]) for e in told] == [("big", "instant or copy", 2)], result
