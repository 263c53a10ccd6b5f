-- One of each kind of object that a dump has to bring back, and values that are awkward to write.
-- What older servers don't have says so at the end of its line.
CREATE ROLE every_owner;
CREATE ROLE every_reader;
CREATE SCHEMA app AUTHORIZATION every_owner;
CREATE SCHEMA "Odd ""name; -- \ 'x'";
CREATE SCHEMA ext;
GRANT USAGE ON SCHEMA app, ext TO every_reader;
GRANT CREATE ON SCHEMA public TO every_reader;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
COMMENT ON SCHEMA public IS 'not the standard one';
CREATE EXTENSION hstore SCHEMA ext;
CREATE EXTENSION pgcrypto SCHEMA public;
CREATE EXTENSION citext SCHEMA app;
CREATE EXTENSION postgres_fdw;
COMMENT ON EXTENSION hstore IS 'ours';

CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE app.mood ADD VALUE 'so-so' AFTER 'sad';
CREATE TYPE app.pair AS (a integer, b text COLLATE "C");
CREATE TYPE app.span AS RANGE (subtype = double precision);
CREATE DOMAIN app.positive AS integer DEFAULT 1 CHECK (VALUE > 0);
COMMENT ON DOMAIN app.positive IS E'two\nlines';
CREATE TYPE app.base;
CREATE FUNCTION app.base_in(cstring) RETURNS app.base LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION app.base_out(app.base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out, LIKE = text);
CREATE COLLATION app.german (LOCALE = 'C');
CREATE CONVERSION app.myconv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION app.conf (COPY = simple);
CREATE TEXT SEARCH PARSER app.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE app.template (LEXIZE = dsimple_lexize, INIT = dsimple_init);

CREATE SEQUENCE app.counter AS bigint INCREMENT 5 START 100 CACHE 3 CYCLE MAXVALUE 100000;
SELECT setval('app.counter', 2005, true);
CREATE SEQUENCE "Odd ""name; -- \ 'x'"."se'q;" ;
SELECT nextval('"Odd ""name; -- \ ''x''"."se''q;"');

CREATE FUNCTION app.tricky() RETURNS text LANGUAGE plpgsql AS $f$
BEGIN /*
--
-- Name: not an entry; Type: TABLE; Schema: public; Owner: nobody
--
\restrict nothing
    COPY (SELECT 1) TO stdin;
\.
\unrestrict nothing
SET transaction_timeout = 0; */
    RETURN 'it''s; $x$ done $x$';
END $f$;
CREATE FUNCTION app.atomic(a integer) RETURNS integer LANGUAGE sql
    BEGIN ATOMIC SELECT a + 1; SELECT a + 2; END;
CREATE PROCEDURE app.proc(INOUT x integer) LANGUAGE plpgsql AS 'BEGIN x := x + 1; END';
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE AGGREGATE app.nothing(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE FUNCTION public.same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR public.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.same, COMMUTATOR = ===);
CREATE OPERATOR FAMILY public.fam USING btree;
CREATE OPERATOR CLASS public.cls FOR TYPE integer USING btree FAMILY public.fam AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
CREATE CAST (app.pair AS text) WITH INOUT;
CREATE ACCESS METHOD myheap TYPE TABLE HANDLER heap_tableam_handler;
CREATE FUNCTION app.handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE TRUSTED LANGUAGE mylang HANDLER app.handler;

CREATE TABLE app.parent (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    serial serial UNIQUE,
    mood app.mood DEFAULT 'ok' NOT NULL,
    n app.positive,
    p app.pair,
    doubled integer GENERATED ALWAYS AS (serial * 2) STORED,
    s app.span,
    tags text[] DEFAULT '{}',
    j jsonb,
    h ext.hstore,
    c app.citext,
    blob bytea,
    at timestamptz,
    num numeric(20, 5),
    f double precision,
    EXCLUDE USING gist (s WITH &&) WHERE (s IS NOT NULL)
);
ALTER TABLE app.parent OWNER TO every_owner;
ALTER TABLE app.parent ALTER COLUMN j SET STORAGE EXTERNAL, ALTER COLUMN n SET STATISTICS 500;
COMMENT ON TABLE app.parent IS 'a "comment"; with '' and \ and $$';
COMMENT ON COLUMN app.parent.blob IS 'ünï';
GRANT SELECT (id, mood), UPDATE (mood) ON app.parent TO every_reader;
GRANT ALL ON app.parent TO every_reader WITH GRANT OPTION;
INSERT INTO app.parent (mood, n, p, s, tags, j, h, c, blob, at, num, f) VALUES
    ('happy', 3, ROW(1, E'a\tb'), '[1,2)', ARRAY['x', NULL, '"q"', '\', ''], '{"k": "\u00fc\\n"}', 'a=>1', 'MiXed', '\x00ff0a5c2e0a', '2026-01-31 12:00:00.123456+02', 12345.67890, 'Infinity'),
    ('sad', NULL, NULL, NULL, NULL, 'null', NULL, '', '', 'infinity', 'NaN', '-0');
CREATE TABLE public.copy_edges (id integer PRIMARY KEY, t text, "col""umn; 'x'
two" text);
INSERT INTO public.copy_edges VALUES
    (1, '\.', E'\\.\n'), (2, E'\n', E'\r\n'), (3, '\N', NULL), (4, '', E'\t'), (5, E'line\n\\.\nline', '\\'),
    (6, repeat('ä😀', 20000), 'x'), (7, E'\\', E'\b\f\v'), (8, 'COPY x FROM stdin;', '--');
CREATE TABLE public.dots (t text);
INSERT INTO public.dots SELECT '.' FROM generate_series(1, 3);
INSERT INTO public.dots VALUES (NULL), ('\'), ('\.');
CREATE TABLE public.empty ();
CREATE TABLE app.child (
    id bigint PRIMARY KEY,
    parent integer REFERENCES app.parent ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    other integer CONSTRAINT "odd check" CHECK (other <> 0) NO INHERIT
);
INSERT INTO app.child VALUES (1, 1, 5), (2, 2, NULL);
ALTER TABLE app.child ADD CONSTRAINT later FOREIGN KEY (other) REFERENCES app.parent NOT VALID;
CREATE TABLE app.loop_a (id integer PRIMARY KEY, b integer);
CREATE TABLE app.loop_b (id integer PRIMARY KEY, a integer REFERENCES app.loop_a);
ALTER TABLE app.loop_a ADD FOREIGN KEY (b) REFERENCES app.loop_b DEFERRABLE INITIALLY DEFERRED;
BEGIN; INSERT INTO app.loop_a VALUES (1, 1); INSERT INTO app.loop_b VALUES (1, 1); COMMIT;
CREATE TABLE app.parts (id integer, at date) PARTITION BY RANGE (at);
CREATE TABLE app.parts_2025 PARTITION OF app.parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE app.parts_rest PARTITION OF app.parts DEFAULT PARTITION BY HASH (id);
CREATE TABLE public.parts_h0 PARTITION OF app.parts_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE public.parts_h1 PARTITION OF app.parts_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX parts_at ON app.parts (at);
INSERT INTO app.parts SELECT i, date '2025-06-01' + i * 40 FROM generate_series(1, 50) AS i;
CREATE TABLE app.heir (extra text) INHERITS (app.child);
INSERT INTO app.heir VALUES (3, 1, 1, 'x');
CREATE UNLOGGED TABLE app.unlogged (a integer);
INSERT INTO app.unlogged VALUES (1);
CREATE TABLE app.typed OF app.pair (PRIMARY KEY (a));
CREATE TABLE app.amtable (a integer) USING myheap;
CREATE INDEX expression ON app.parent (lower(c::text) DESC NULLS LAST) INCLUDE (n) WHERE mood <> 'sad';
CREATE INDEX opclass ON app.loop_a (b public.cls);
CREATE INDEX gin ON app.parent USING gin (tags) WITH (fastupdate = off);
CREATE UNIQUE INDEX nulls ON app.child (other) NULLS NOT DISTINCT WHERE id < 2; -- since 15
ALTER TABLE app.loop_b REPLICA IDENTITY USING INDEX loop_b_pkey;
ALTER TABLE app.loop_a CLUSTER ON loop_a_pkey;
CREATE STATISTICS app.stats (dependencies, mcv) ON id, parent FROM app.child;

CREATE VIEW app.seen WITH (security_barrier) AS SELECT id, mood FROM app.parent WITH CASCADED CHECK OPTION;
CREATE VIEW public.outer_view AS SELECT * FROM app.seen;
CREATE VIEW app.numbers AS WITH RECURSIVE r (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r;
CREATE MATERIALIZED VIEW app.mat AS SELECT mood, count(*) FROM app.parent GROUP BY mood;
CREATE UNIQUE INDEX mat_mood ON app.mat (mood);
CREATE MATERIALIZED VIEW app.unfilled AS SELECT 1 AS a WITH NO DATA;
CREATE RULE rule AS ON INSERT TO app.typed WHERE new.a < 0 DO INSTEAD NOTHING;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.other := coalesce(new.other, 7); RETURN new; END';
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF other ON app.child FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.child DISABLE TRIGGER touch;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.child DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.child ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.child AS RESTRICTIVE FOR SELECT TO every_reader USING (id > 0);
CREATE PUBLICATION pub FOR TABLE app.loop_a, app.loop_b;
ALTER PUBLICATION pub SET TABLE app.loop_a, app.loop_b WHERE (id > 0); -- since 15
CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA app; -- since 15
CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'ddl'; END$$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.on_ddl();
CREATE FUNCTION public.no_drops() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'nothing is dropped here'; END$$;
CREATE EVENT TRIGGER no_drops ON sql_drop EXECUTE FUNCTION public.no_drops();
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere', dbname 'x');
CREATE USER MAPPING FOR every_reader SERVER far OPTIONS (user 'u', password 'p''w');
CREATE FOREIGN TABLE app.foreign (a integer OPTIONS (column_name 'b')) SERVER far;
CREATE FOREIGN DATA WRAPPER dummy;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO every_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE every_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT USAGE ON SEQUENCES TO every_reader;
SELECT lo_from_bytea(70001, decode(repeat('00ff5c27', 20000), 'hex'));
SELECT lo_from_bytea(70002, '');
ALTER LARGE OBJECT 70001 OWNER TO every_owner;
GRANT SELECT ON LARGE OBJECT 70001 TO every_reader;
COMMENT ON LARGE OBJECT 70002 IS 'empty';
