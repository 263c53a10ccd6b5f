"""A PostgreSQL database with rows, as an earlier image left it, and how to look at it."""

import re

BASE = """
    CREATE TABLE users (
        id integer PRIMARY KEY,
        email text NOT NULL UNIQUE,
        phone text,
        note text,
        level text DEFAULT 'low',
        shout text GENERATED ALWAYS AS (upper(email)) STORED
    );
    CREATE TABLE orders (
        id serial PRIMARY KEY,
        user_id integer REFERENCES users ON DELETE CASCADE,
        status text,
        amount numeric(12,4)
    );
    CREATE TABLE blank (id integer PRIMARY KEY, a text);
    CREATE TABLE base (id integer, name text);
    CREATE TABLE derived (extra text) INHERITS (base);
    CREATE TABLE events (id integer, kind text, body text) PARTITION BY LIST (kind);
    CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
    CREATE TABLE events_b PARTITION OF events FOR VALUES IN ('b');
    CREATE TABLE events_c PARTITION OF events FOR VALUES IN ('c');
    CREATE SCHEMA audit;
    CREATE TABLE audit.log (id integer, what text);
    CREATE TYPE mood AS ENUM ('low', 'high');
    CREATE DOMAIN code AS text;
    CREATE TABLE typed (id integer, feeling mood, tag code);
    CREATE TYPE address AS (street text, zip text);
    CREATE TABLE places (id integer, home address);
    CREATE SEQUENCE ticket;
    CREATE SEQUENCE tries;
    CREATE EXTENSION citext;
    CREATE TABLE loose (id integer, word citext, at timestamp, data json, real4 real);
    INSERT INTO loose VALUES (1, 'A', '2026-01-31 12:00', '{"b": 1,  "a": 2}', 0.1), (2, 'b', NULL, '[]', 1e20);
    CREATE VIEW people AS SELECT id, email FROM users;
    CREATE VIEW ruled AS SELECT id, status FROM orders;
    CREATE RULE r AS ON DELETE TO ruled DO INSTEAD DELETE FROM orders WHERE id = OLD.id;
    CREATE VIEW handled AS SELECT id FROM orders;
    CREATE FUNCTION handle() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN DELETE FROM orders WHERE id = OLD.id; RETURN OLD; END';
    CREATE TRIGGER t INSTEAD OF DELETE ON handled FOR EACH ROW EXECUTE FUNCTION handle();
    CREATE MATERIALIZED VIEW summary AS SELECT 1 AS n;
    CREATE FUNCTION purge(name text) RETURNS void LANGUAGE plpgsql AS
        'BEGIN EXECUTE ''DELETE FROM '' || quote_ident(name); END';
    CREATE FUNCTION purge_orders() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN DELETE FROM orders; RETURN NULL; END';
    INSERT INTO users (id, email, phone) VALUES (1, 'ada@x', '1'), (2, 'bo@x', NULL), (3, 'cy@x', '3');
    INSERT INTO orders (user_id, status, amount) VALUES (1, 'new', 1.5), (1, 'old', 2), (3, 'new', 3);
    INSERT INTO base VALUES (1, 'one'); INSERT INTO derived VALUES (2, 'two', 'x'), (3, 'three', 'y');
    INSERT INTO events VALUES (1, 'a', 'x'), (2, 'a', 'y'), (3, 'b', 'z');
    INSERT INTO audit.log VALUES (1, 'made');
    INSERT INTO typed VALUES (1, 'low', 't'), (2, 'high', 'u');
    INSERT INTO places VALUES (1, ROW('Main', '123'));
    SELECT setval('ticket', 40);
    CREATE TABLE "Capital '\\" ("Id" integer, b text);
    INSERT INTO "Capital '\\" VALUES (1, 'x'), (2, 'y');
    CREATE TABLE bare ();
    INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES;
    CREATE TABLE texts (a text, b text);
    INSERT INTO texts VALUES ('x,y', 'z'), ('x', NULL);
    CREATE TABLE texts_then AS SELECT * FROM texts;
    CREATE TABLE twins (a integer);
    INSERT INTO twins VALUES (1), (1);
    SELECT lo_from_bytea(4711, 'abc');
"""

NEW = "CREATE TABLE users_new (id integer PRIMARY KEY, email text NOT NULL, phone text, note text, level text);"
COLUMNS = "id, email, phone, note, level"
COPY = f"INSERT INTO users_new SELECT {COLUMNS} FROM users;"
SWAP = "DROP TABLE users CASCADE; ALTER TABLE users_new RENAME TO users;"


def content(project):
    """All rows of all tables, and how far the sequences are."""
    tables = project.sql(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'audit')"
        " AND tablename NOT LIKE 'db_entry%' ORDER BY 1, 2"
    )
    rows = {name: project.sql(f'SELECT CAST(t AS text) FROM "{schema}"."{name}" AS t ORDER BY 1') for schema, name in tables}
    rows["sequences"] = project.sql("SELECT last_value, is_called FROM ticket")
    rows["objects"] = project.sql("SELECT loid, data FROM pg_largeobject")
    rows["columns"] = project.sql(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name NOT LIKE 'db_entry%' ORDER BY 1, 2"
    )
    return rows


def token_of(result):
    found = re.search(r"\b\d+@[0-9a-f]{12}\b", result.stderr)
    assert found, result
    return found.group()
