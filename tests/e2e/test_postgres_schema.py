"""The mirror of a PostgreSQL database: what is pulled, compared, canonical, and the fingerprint."""

import json
import re
import subprocess

import pytest

from support.postgres import PostgresProject
from support.servers import find_program

pytestmark = pytest.mark.server

MIRROR = "db/schema/tables.json"
PG_DUMP = find_program("pg_dump", ["/usr/lib/postgresql/*/bin/pg_dump"])


@pytest.fixture(scope="session")
def everything(root, postgres):
    """A database with every class of objects, to make others of; and its SQL."""
    name = postgres.create_database()
    postgres.client((root / "tests/cases/postgres/everything.sql").read_text(encoding="utf-8"), name)
    return name


@pytest.fixture(scope="session")
def pulled(db_entry, everything, postgres, tmp_path_factory):
    """Its mirror."""
    project = PostgresProject(db_entry, tmp_path_factory.mktemp("pulled"), postgres)
    project.env["DB_ENTRY_DATABASE_URL"] = postgres.url(everything)
    project.ok("mirror", "pull")
    yield (project.folder / MIRROR).read_text(encoding="utf-8")
    project.close()


@pytest.fixture
def copy(pg_project, everything, pulled, postgres):
    """A project on a database like it, with the mirror."""
    postgres.client(f"DROP DATABASE {pg_project.database}")
    postgres.client(f"CREATE DATABASE {pg_project.database} TEMPLATE {everything}")
    (pg_project.folder / MIRROR).parent.mkdir(parents=True)
    (pg_project.folder / MIRROR).write_text(pulled, encoding="utf-8")
    return pg_project


def put(project, mirror):
    path = project.folder / MIRROR
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(mirror), encoding="utf-8")


def mirror_of(project):
    return json.loads((project.folder / MIRROR).read_text(encoding="utf-8"))


def equal(project):
    result = project.run("diff")
    assert result.code == 0, result
    return result


def fingerprint(project, root):
    sql = (root / "src/db/postgres/sql/fingerprint.sql").read_text(encoding="utf-8")
    return project.server.client(sql, project.database).stdout


def test_every_class_of_objects(copy, pulled):
    equal(copy)
    copy.ok("mirror", "verify")
    assert "unchanged" in copy.ok("mirror", "pull").stdout
    assert (copy.folder / MIRROR).read_text(encoding="utf-8") == pulled
    stated = json.loads(pulled)
    for plural in ("tables", "views", "materializedViews", "sequences", "enums", "domains",
                   "compositeTypes", "rangeTypes", "collations", "functions", "procedures",
                   "aggregates", "statistics", "textSearchConfigurations", "textSearchDictionaries",
                   "schemas", "extensions", "eventTriggers", "foreignServers", "publications"):
        assert stated[plural], plural
    parts = {key for table in stated["tables"] for key in table}
    assert parts >= {"columns", "primaryKey", "uniques", "checks", "foreignKeys", "exclusions",
                     "indexes", "triggers", "rules", "policies"}
    # What belongs to an extension is not ours.
    assert "gbt_" not in pulled and "citext_" not in pulled


def test_dumped_and_restored_it_is_the_same(copy, postgres):
    dump = subprocess.run(
        [PG_DUMP, "-s", copy.server.url(copy.database)], capture_output=True, text=True, check=True,
        timeout=60,
    ).stdout
    restored = postgres.create_database()
    # Later minor versions of pg_dump write lines only psql knows.
    postgres.client(dump, restored)
    copy.env["DB_ENTRY_DATABASE_URL"] = postgres.url(restored)
    equal(copy)


CHANGES = [
    ("ALTER TABLE cache SET LOGGED", "table cache", "unlogged: yes → no"),
    ("ALTER TABLE cache SET (fillfactor = 60)", "table cache", "options: fillfactor=70, "),
    ("ALTER TABLE \"Orders\" DISABLE ROW LEVEL SECURITY", "table Orders", "rowSecurity: yes → no"),
    ("ALTER TABLE \"Orders\" NO FORCE ROW LEVEL SECURITY", "table Orders", "forceRowSecurity: yes → no"),
    ("ALTER TABLE customers REPLICA IDENTITY DEFAULT", "table customers", "replicaIdentity: full → none"),
    ("ALTER TABLE derived NO INHERIT base", "table derived", "inherits: base → none"),
    ("ALTER TABLE events DETACH PARTITION events_1", "table events_1", "partitionOf: events → none"),
    ("COMMENT ON TABLE customers IS 'x'", "table customers", "comment: who \"buys\" → x"),
    ("ALTER FOREIGN TABLE remote OPTIONS (SET tab 'z')", "table remote", "foreignOptions: tab=y → tab=z"),
    ("CREATE TABLE more (a integer)", "table more", "only in the database"),
    ("DROP TABLE nothing", "table nothing", "only in the mirror"),
    ("ALTER TABLE orders ALTER id TYPE bigint", "column orders.id", "type: integer → bigint"),
    ("ALTER TABLE \"Orders\" ALTER a SET NOT NULL", "column Orders.a", "notNull: no → yes"),
    ("ALTER TABLE customers ALTER price SET DEFAULT 1", "column customers.price", "default: 0 → 1"),
    ("ALTER TABLE customers ALTER gross DROP EXPRESSION", "column customers.gross", "stored: yes → no"),
    ("ALTER TABLE customers ALTER id SET GENERATED BY DEFAULT", "column customers.id",
     "identity: always → by default"),
    ("ALTER TABLE customers ALTER id SET CACHE 6", "column customers.id", "CACHE 5 → START WITH 100 CACHE 6"),
    ("ALTER TABLE customers ALTER named TYPE varchar(20) COLLATE \"C\"", "column customers.named",
     "collation: german → \"C\""),
    ("ALTER TABLE customers ALTER doc SET STORAGE extended", "column customers.doc", "storage: external → none"),
    ("ALTER TABLE customers ALTER doc SET COMPRESSION default", "column customers.doc", "compression: pglz → none"),
    ("ALTER TABLE customers ALTER doc SET STATISTICS 7", "column customers.doc", "statistics: 500 → 7"),
    ("ALTER TABLE customers ALTER price RESET (n_distinct)", "column customers.price", "options: n_distinct=5 → none"),
    ("ALTER TABLE customers RENAME nick TO \"NICK\"", "column customers.NICK", "only in the database"),
    ("ALTER SEQUENCE customers_number_seq OWNED BY NONE", "column customers.number", "type: serial → integer"),
    ("ALTER TABLE cache RENAME CONSTRAINT cache_pkey TO pk", "primary key cache", "name: none → pk"),
    ("ALTER TABLE customers DROP CONSTRAINT soon", "unique customers.soon", "only in the mirror"),
    ("ALTER TABLE customers VALIDATE CONSTRAINT unchecked", "check customers.unchecked", "notValid: yes → no"),
    ("ALTER TABLE customers DROP CONSTRAINT sane, ADD CONSTRAINT sane CHECK (length(named) > 2) NO INHERIT",
     "check customers.sane", "expression: length(named::text) > 1 → length(named::text) > 2"),
    ("ALTER TABLE \"Orders\" ALTER CONSTRAINT \"Orders_customer_fkey\" NOT DEFERRABLE",
     "foreign key Orders (customer)", "deferrable: initially deferred → none"),
    ("ALTER TABLE \"Orders\" DROP CONSTRAINT self, ADD CONSTRAINT self FOREIGN KEY (room, ticket)"
     " REFERENCES \"Orders\" (a, b) ON DELETE SET NULL", "foreign key Orders.self", "match: full → none"),
    ("ALTER TABLE \"Orders\" DROP CONSTRAINT part, ADD CONSTRAINT part FOREIGN KEY (a, room)"
     " REFERENCES \"Orders\" (a, b) ON DELETE SET DEFAULT (a)", "foreign key Orders.part", "onDeleteColumns: room → a"),
    ("ALTER TABLE \"Orders\" DROP CONSTRAINT \"Orders_room_during_excl\"", "exclusion Orders", "only in the mirror"),
    ("ALTER INDEX \"Odd index\" SET (fillfactor = 91)", "index customers.Odd index", "options: fillfactor=90 → fillfactor=91"),
    ("ALTER INDEX on_doc RENAME TO on_docs", "index customers.on_docs", "only in the database"),
    ("DROP INDEX sorted; CREATE INDEX sorted ON customers (named COLLATE \"C\" varchar_pattern_ops)",
     "index customers.sorted", "columns: "),
    ("DROP INDEX totals_customer_idx; CREATE INDEX ON totals (customer)", "index totals (customer)", "unique: yes → no"),
    ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'on_doc'::regclass", "index customers.on_doc",
     "invalid: no → yes"),
    ("ALTER TABLE \"Orders\" ENABLE TRIGGER touched", "trigger Orders.touched", "enabled: disabled → none"),
    ("CREATE OR REPLACE TRIGGER touched AFTER INSERT ON \"Orders\" FOR EACH ROW EXECUTE FUNCTION touch();",
     "trigger Orders.touched", "definition: BEFORE INSERT OR UPDATE OF a, b"),
    ("DROP TRIGGER instead ON rich", "trigger rich.instead", "only in the mirror"),
    ("ALTER TABLE \"Orders\" DISABLE RULE quiet", "rule Orders.quiet", "enabled: none → disabled"),
    ("ALTER POLICY own ON \"Orders\" USING (room > 1)", "policy Orders.own", "using: room > 0 → room > 1"),
    ("ALTER POLICY strict ON \"Orders\" TO postgres", "policy Orders.strict", "roles: pg_monitor, postgres → postgres"),
    ("CREATE OR REPLACE VIEW rich AS SELECT id, price AS \"The Price\" FROM customers WHERE price > 11",
     "view rich", "checkOption: local → none"),
    ("ALTER VIEW rich RESET (security_barrier)", "view rich", "options: security_barrier=true → none"),
    ("ALTER MATERIALIZED VIEW totals SET (fillfactor = 51)", "materialized view totals", "fillfactor=50 → fillfactor=51"),
    ("ALTER SEQUENCE tickets INCREMENT BY 6", "sequence tickets", "increment: 5 → 6"),
    ("ALTER SEQUENCE tickets OWNED BY NONE", "sequence tickets", "ownedBy: \"Orders\".ticket → none"),
    ("ALTER TYPE mood ADD VALUE 'new' BEFORE 'Happy'", "enum mood", "values: sad, it's ok, Happy → sad, it's ok, new, Happy"),
    ("ALTER TYPE mood RENAME VALUE 'Happy' TO 'happy'", "enum mood", "Happy → sad, it's ok, happy"),
    ("ALTER DOMAIN email DROP NOT NULL", "domain email", "notNull: yes → no"),
    ("ALTER DOMAIN email DROP CONSTRAINT longer", "domain email", "checks: "),
    ("ALTER TYPE address ADD ATTRIBUTE more text CASCADE", "composite type address", "attributes: "),
    ("DROP TYPE floatrange", "range type floatrange", "only in the mirror"),
    ("DROP COLLATION nocase CASCADE", "collation nocase", "only in the mirror"),
    ("ALTER FUNCTION add(integer, integer) VOLATILE", "function add(integer, integer)", "volatility: immutable → none"),
    ("ALTER FUNCTION add(text, text) RESET search_path", "function add(text, text)", "settings: search_path=public, pg_temp, "),
    ("CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
     "function touch()", "body: "),
    ("ALTER PROCEDURE audit.clean(integer) SECURITY DEFINER", "procedure audit.clean(integer)", "securityDefiner: no → yes"),
    ("DROP AGGREGATE total(integer)", "aggregate total(integer)", "only in the mirror"),
    ("ALTER STATISTICS correlated SET STATISTICS 1", "statistics correlated", "target: 200 → 1"),
    ("ALTER TEXT SEARCH CONFIGURATION plain DROP MAPPING FOR asciiword", "text search configuration plain", "mappings: "),
    ("ALTER TEXT SEARCH DICTIONARY small (stopwords)", "text search dictionary small", "options: stopwords = 'english' → none"),
    ("COMMENT ON SCHEMA audit IS NULL", "schema audit", "comment: what was done → none"),
    ("CREATE EXTENSION hstore", "extension hstore", "only in the database"),
    ("ALTER EVENT TRIGGER watch DISABLE", "event trigger watch", "enabled: always → disabled"),
    ("ALTER SERVER far VERSION '2'", "foreign server far", "version: 1 → 2"),
    ("ALTER PUBLICATION a_few SET (publish = 'insert')", "publication a_few", "operations: insert, update → insert"),
    ("ALTER PUBLICATION a_few DROP TABLE audit.log", "publication a_few", "tables: audit.log, "),
]


@pytest.mark.slow
@pytest.mark.parametrize("sql,label,line", CHANGES, ids=lambda value: None)
def test_each_change_is_seen(copy, root, sql, label, line):
    before = fingerprint(copy, root)
    copy.server.client(sql, copy.database)
    result = copy.run("diff")
    assert result.code == 27, result
    assert label in result.stdout and line in result.stdout, result
    assert fingerprint(copy, root) != before


def test_what_does_not_count(copy, root):
    """What a database does all day changes neither the schema nor its fingerprint."""
    before = fingerprint(copy, root)
    copy.server.client(
        """
        INSERT INTO cache SELECT i, i FROM generate_series(1, 1000) AS i;
        DELETE FROM cache WHERE value > '5';
        TRUNCATE base;
        REFRESH MATERIALIZED VIEW totals;
        SELECT nextval('tickets'), setval('audit.plain', 77);
        CREATE TEMPORARY TABLE passing (a serial PRIMARY KEY, b text DEFAULT 'x');
        CREATE TABLE db_entry_history (a integer PRIMARY KEY);
        VACUUM (FREEZE, ANALYZE);
        VACUUM FULL cache;
        REINDEX TABLE customers;
        CLUSTER customers;
        BEGIN; CREATE TABLE undone (a integer); ROLLBACK;
        """,
        copy.database,
    )
    equal(copy)
    assert fingerprint(copy, root) == before


def test_dropped_columns_leave_no_gap(pg_project):
    pg_project.sql("CREATE TABLE t (a integer, b integer, c integer UNIQUE, d integer)")
    pg_project.sql("ALTER TABLE t DROP COLUMN a")
    pg_project.sql("ALTER TABLE t DROP COLUMN b, ADD COLUMN e integer")
    pg_project.ok("mirror", "pull")
    pg_project.sql("DROP TABLE t")
    pg_project.sql("CREATE TABLE t (c integer UNIQUE, d integer, e integer)")
    equal(pg_project)


def test_names_differ_in_case(pg_project):
    pg_project.sql('CREATE TABLE "T.x" ("a b" integer, "A b" text, """" integer UNIQUE); CREATE TABLE "t.X" (ä text)')
    pg_project.ok("mirror", "pull")
    equal(pg_project)
    assert [t["name"] for t in mirror_of(pg_project)["tables"]] == ["T.x", "t.X"]
    pg_project.sql('CREATE INDEX ON "T.x" ("a b")')
    pg_project.ok("mirror", "pull")
    pg_project.sql('DROP INDEX "T.x_a b_idx"; CREATE INDEX ON "T.x" ("A b")')
    assert pg_project.run("diff").code == 27


def test_the_schema_of_the_search_path_is_short(pg_project):
    pg_project.sql("CREATE SCHEMA app; CREATE TYPE app.kind AS ENUM ('a');"
                   " CREATE TABLE app.t (id serial PRIMARY KEY, k app.kind DEFAULT 'a');"
                   " CREATE VIEW app.v AS SELECT * FROM app.t; CREATE TABLE public.other (a integer)")
    pg_project.env["DB_ENTRY_DATABASE_URL"] += "?options=-csearch_path%3Dapp"
    pg_project.ok("mirror", "pull")
    text = (pg_project.folder / MIRROR).read_text(encoding="utf-8")
    assert "app" not in text
    assert [t.get("schema") for t in mirror_of(pg_project)["tables"]] == [None, "public"]
    equal(pg_project)
    # Saying it is as good.
    mirror = mirror_of(pg_project)
    mirror["tables"][0]["schema"] = "app"
    mirror["tables"][0]["owner"] = "team b"
    put(pg_project, mirror)
    equal(pg_project)
    pg_project.ok("mirror", "pull")
    assert mirror_of(pg_project)["tables"][0]["owner"] == "team b"


LIVE = """
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE customers (
    id serial PRIMARY KEY, email varchar(200) NOT NULL UNIQUE, born timestamptz DEFAULT now(),
    price numeric(10, 2) DEFAULT 0, ok boolean DEFAULT false, mood mood DEFAULT 'a', n bigint,
    name text COLLATE "C", code character(3) DEFAULT 'x', gross numeric GENERATED ALWAYS AS (price * 2) STORED,
    CHECK (price >= 0 AND n IN (1, 2))
);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer integer REFERENCES customers ON DELETE CASCADE);
CREATE INDEX ON customers (lower(email), n DESC) WHERE price > 1;
CREATE INDEX ON orders (customer);
CREATE VIEW rich AS SELECT * FROM customers WHERE price > 10;
CREATE FUNCTION f(a int, b varchar) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE MATERIALIZED VIEW many AS SELECT id FROM rich;
CREATE SCHEMA audit;
CREATE TABLE audit.log (id int PRIMARY KEY, at timestamptz DEFAULT CURRENT_TIMESTAMP);
"""

WRITTEN = {
    "version": 3,
    "database": {"kind": "postgres", "version": "15"},
    "tables": [
        {
            "name": "customers",
            "columns": [
                {"name": "id", "type": "serial"},
                {"name": "email", "type": "varchar(200)", "notNull": True},
                {"name": "born", "type": "TIMESTAMPTZ", "default": "NOW()"},
                {"name": "price", "type": "decimal(10, 2)", "default": 0},
                {"name": "ok", "type": "bool", "default": False},
                {"name": "mood", "type": "mood", "default": "'a'"},
                {"name": "n", "type": "int8"},
                {"name": "name", "type": "text", "collation": '"C"'},
                {"name": "code", "type": "char(3)", "default": "'x'"},
                {"name": "gross", "type": "numeric", "generated": "price*2", "stored": True},
            ],
            "primaryKey": {"name": "customers_pkey", "columns": ["id"]},
            "uniques": [{"name": "customers_email_key", "columns": ["email"]}],
            "checks": [{"expression": "price >= 0 and n in (1, 2)"}],
            "indexes": [{"columns": ["lower( email )", "n desc"], "where": "price > 1"}],
        },
        {
            "name": "orders",
            "columns": [
                {"name": "id", "type": "int8", "identity": "ALWAYS"},
                {"name": "customer", "type": "int"},
            ],
            "primaryKey": {"columns": ["id"]},
            "foreignKeys": [{"columns": ["customer"], "references": "customers", "onDelete": "CASCADE"}],
            "indexes": [{"name": "orders_customer_idx", "columns": ["customer"]}],
        },
        {
            "name": "log", "schema": "audit",
            "columns": [{"name": "id", "type": "int"}, {"name": "at", "type": "timestamptz", "default": "CURRENT_TIMESTAMP"}],
            "primaryKey": {"columns": ["id"]},
        },
    ],
    "views": [{"name": "rich", "query": "select * from customers where price > 10"}],
    "materializedViews": [{"name": "many", "query": "select id from rich"}],
    "enums": [{"name": "mood", "values": ["a", "b"]}],
    "domains": [{"name": "positive", "type": "int4", "checks": ["check (value > 0)"]}],
    "functions": [{"name": "f(int, varchar)", "arguments": "a int, b varchar", "returns": "int4", "language": "SQL", "body": "SELECT 1"}],
    "schemas": [{"name": "audit"}],
}


def test_written_by_hand(pg_project):
    pg_project.server.client(LIVE, pg_project.database)
    put(pg_project, WRITTEN)
    equal(pg_project)
    assert pg_project.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'db\\_entry%'") == []


def test_written_by_hand_and_different(pg_project):
    pg_project.server.client(LIVE, pg_project.database)
    mirror = json.loads(json.dumps(WRITTEN))
    mirror["tables"][0]["columns"][3]["default"] = "1+1"
    mirror["tables"][0]["columns"].append({"name": "extra", "type": "no_such_type"})
    mirror["views"].append({"name": "bad", "query": "SELECT 1; COMMIT; DROP TABLE orders"})
    mirror["tables"][0]["checks"].append({"name": "bad", "expression": "true); COMMIT; DROP TABLE orders; --"})
    put(pg_project, mirror)
    result = pg_project.run("diff")
    assert result.code == 27
    assert "default: (1 + 1) → 0" in result.stdout, result
    assert "column customers.extra  only in the mirror" in result.stdout
    assert "view bad  only in the mirror" in result.stdout
    # One bad column or check leaves the rest to be understood.
    assert "column customers.id" not in result.stdout and "index" not in result.stdout, result
    assert pg_project.tables() == ["customers", "orders"]


def test_written_by_hand_without_the_right_to_find_out(pg_project):
    """What can't be found out is compared as it is written; nothing fails."""
    pg_project.server.client(
        "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'x';"
        " CREATE TABLE t (id integer PRIMARY KEY, born timestamptz DEFAULT now())",
        pg_project.database,
    )
    pg_project.env["DB_ENTRY_DATABASE_URL"] = pg_project.server.url(pg_project.database, "reader", "x")
    put(pg_project, {"version": 3, "tables": [{"name": "t", "columns": [
        {"name": "id", "type": "integer"},
        {"name": "born", "type": "timestamptz", "default": "now()"}], "primaryKey": {"name": "t_pkey", "columns": ["id"]}}]})
    result = pg_project.run("diff")
    assert result.code == 27 and "type: timestamptz → timestamp with time zone" in result.stdout, result
    assert result.stdout.count("→") == 1


def test_shorthand(pg_project):
    pg_project.sql("CREATE TABLE items (id uuid PRIMARY KEY, price numeric(10,2) NOT NULL, sku varchar(20) UNIQUE)")
    put(pg_project, {"version": 3, "tables": []})
    pg_project.ok("mirror", "add-table", "--name=items",
                  "--columns=id:uuid:pk,price:decimal(10,2):notnull,sku:varchar(20):unique")
    equal(pg_project)


@pytest.mark.parametrize("version", [1, 2])
def test_older_mirrors_compare_what_they_state(pg_project, version):
    pg_project.sql("CREATE TYPE role AS ENUM ('ADMIN', 'USER')")
    pg_project.sql('CREATE TABLE users (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, "createdAt" timestamptz DEFAULT now(),'
                   " role role)")
    put(pg_project, {
        1: {"version": 1, "tables": [{"name": "users", "columns": [
            {"name": "id", "type": "uuid", "constraints": ["primary key"]},
            {"name": "email", "type": "string", "constraints": ["unique", "not null"]}]}]},
        2: {"version": 2, "enums": [{"name": "role", "values": ["ADMIN", "USER"]}], "tables": [
            {"name": "User", "dbName": "users", "schema": "public", "note": "kept", "columns": [
                {"name": "id", "type": "String", "dbType": "uuid", "primaryKey": True, "nullable": False},
                {"name": "email", "type": "String", "unique": True, "nullable": False},
                {"name": "createdAt", "type": "DateTime", "nullable": True},
                {"name": "role", "type": "Role", "nullable": True}], "relations": [], "indexes": []}]},
    }[version])
    result = pg_project.run("diff")
    if version == 2:
        assert result.code == 0, result
        pg_project.ok("mirror", "pull")
        assert mirror_of(pg_project)["tables"][0]["note"] == "kept"
    else:
        assert "createdAt  only in the database" in result.stdout and "changed" not in result.stdout, result


def test_as_many_queries_for_many_tables_as_for_one(pg_project):
    pg_project.sql(f"ALTER DATABASE {pg_project.database} SET log_statement = 'all'")
    log = pg_project.server.folder / "log"

    def count():
        start = log.stat().st_size
        pg_project.ok("mirror", "pull")
        equal(pg_project)
        said = log.read_bytes()[start:].decode(errors="replace")
        return len(re.findall(r"LOG:  (?:execute|statement)", said))

    pg_project.sql("CREATE TABLE t (id serial PRIMARY KEY, a text UNIQUE)")
    few = count()
    pg_project.server.client(
        "".join(f"CREATE TABLE t{i} (id serial PRIMARY KEY, a text UNIQUE, b integer REFERENCES t);"
                f"CREATE INDEX ON t{i} (lower(a));" for i in range(200)), pg_project.database)
    assert count() == few
    assert few > 0


def test_in_an_unusual_session(copy):
    """How a role likes its dates and names quoted changes nothing."""
    copy.sql(f"ALTER DATABASE {copy.database} SET datestyle = 'SQL, DMY'")
    copy.sql(f"ALTER DATABASE {copy.database} SET timezone = 'Asia/Tokyo'")
    copy.sql(f"ALTER DATABASE {copy.database} SET quote_all_identifiers = on")
    equal(copy)
