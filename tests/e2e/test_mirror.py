"""The mirror: what is pulled, kept, listed, verified; tests/cases/mirror.

With WRITE_EXPECTED set the expected files are written anew, to be read before they are kept.
"""

import hashlib
import json
import os
import random
import re
import sqlite3
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[1] / "cases"
MIRROR = "db/schema/tables.json"


def folders(name):
    return sorted(p for p in (CASES / name).iterdir() if p.is_dir())


def script(project, sql):
    connection = sqlite3.connect(project.database)
    connection.executescript(sql)
    connection.close()


def mirror(project):
    return json.loads((project.folder / MIRROR).read_text(encoding="utf-8"))


def expect(path, text):
    if os.environ.get("WRITE_EXPECTED"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def check_round_trip(project):
    """A pulled mirror equals what it came from, however often it is pulled."""
    project.ok("mirror", "pull")
    first = (project.folder / MIRROR).read_bytes()
    assert json.loads(project.ok("diff", "--json").stdout)["equal"]
    assert "unchanged" in project.ok("mirror", "pull").stdout
    assert (project.folder / MIRROR).read_bytes() == first
    project.ok("mirror", "verify")


# Data-driven


@pytest.mark.parametrize("case", folders("mirror"), ids=lambda p: p.name)
def test_pulled(project, case):
    """schema.sql, pulled over mirror.json where there is one, gives expected.json."""
    script(project, (case / "schema.sql").read_text(encoding="utf-8"))
    if (case / "mirror.json").exists():
        project.write(MIRROR, (case / "mirror.json").read_text(encoding="utf-8"))
    project.ok("mirror", "pull")
    written = (project.folder / MIRROR).read_text(encoding="utf-8")
    expect(case / "expected.json", written)
    if "renamedFrom" in written:  # which the database has not got yet
        assert "unchanged" in project.ok("mirror", "pull").stdout
        assert re.match(r"(~ .* → .*renamed.*\n)+$", project.run("diff").stdout)
    else:
        check_round_trip(project)


# Round trip


NAMES = ["a", "B", '"select"', "[odd name]", "`tick`", '"quo""te"', "名前", '"semi;colon"', "'str'"]
TYPES = ["", "INTEGER", "integer", "VARCHAR (20)", "decimal(10 , 2)", "TEXT", "BLOB", "double precision"]
DEFAULTS = ["1", "-1", "+1.50", "'it''s'", '"DQ"', "(1 + 2)", "NULL", "CURRENT_TIMESTAMP", "x'AB'",
            "(abs(-1))", "true", "bare", "(1 /* c */ + -- d\n 2)"]
ACTIONS = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]
CONFLICTS = ["ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"]


def maybe(rng, text, chance=0.3):
    return text if rng.random() < chance else ""


def column(rng, name, strict):
    parts = [name, rng.choice(["INT", "ANY", "TEXT", "REAL"]) if strict else rng.choice(TYPES)]
    options = [
        maybe(rng, "NOT NULL" + maybe(rng, f" ON CONFLICT {rng.choice(CONFLICTS)}")),
        maybe(rng, f"DEFAULT {rng.choice(DEFAULTS)}", 0.4),
        maybe(rng, f"COLLATE {rng.choice(['nocase', 'BINARY', 'RTRIM'])}", 0.2),
        maybe(rng, f"CONSTRAINT \"c {name.strip(chr(34))[:3].replace(chr(34), '')}\" CHECK ({name} <> 5)", 0.2)
        if name[0] not in "'" else "",
        maybe(rng, "UNIQUE" + maybe(rng, f" ON CONFLICT {rng.choice(CONFLICTS)}"), 0.2),
        maybe(rng, f"REFERENCES other (x) ON DELETE {rng.choice(ACTIONS)} MATCH FULL"
                   f" ON UPDATE {rng.choice(ACTIONS)}"
                   + maybe(rng, " NOT DEFERRABLE INITIALLY DEFERRED")
                   + maybe(rng, " DEFERRABLE INITIALLY DEFERRED"), 0.2),
    ]
    rng.shuffle(options)
    return " ".join(p for p in parts + options if p)


def table(rng, name):
    strict, without = rng.random() < 0.2, rng.random() < 0.2
    names = rng.sample(NAMES, rng.randint(1, 5))
    items = [column(rng, n, strict) for n in names]
    key = rng.random()
    if without or key < 0.3:
        order = rng.choice(["", " DESC", " ASC"])
        items.append(f"PRIMARY KEY({names[0]}{order})" if names[0][0] != "'" else "PRIMARY KEY('str')")
    elif key < 0.6:
        items.insert(0, "id INTEGER PRIMARY KEY" + rng.choice(["", " AUTOINCREMENT", " DESC", " ASC"]))
    if rng.random() < 0.3:
        items.insert(0, f"gen {'INT' if strict else ''} GENERATED ALWAYS AS (1+2) "
                     + rng.choice(["", "STORED", "VIRTUAL"]))
    if rng.random() < 0.3:
        items.append("CHECK (1 < 2) CHECK /* no comma */ ( 'a,b' <> ')' )")
    if rng.random() < 0.3 and names[0][0] != "'":
        items.append(f"CONSTRAINT fk FOREIGN KEY ({names[0]}) REFERENCES [odd name] DEFERRABLE")
    tail = ", ".join(t for t in (["WITHOUT ROWID"] if without else []) + (["STRICT"] if strict else []))
    return names, f"CREATE TABLE {name} ({', '.join(items)}) {tail}"


def fill(connection, rng):
    made = 0
    for i in range(25):
        names, sql = table(rng, rng.choice([f"t{i}", f'"T {i}"', f"[t.{i}]", f'"t""{i}"']))
        name = sql[len("CREATE TABLE "):].split(" (", 1)[0]
        statements = [sql]
        first = names[0]
        statements.append(f"CREATE {maybe(rng, 'UNIQUE')} INDEX i{i} ON {name} ({first} COLLATE nocase"
                          f" DESC, lower({first}) || ',') WHERE {first} IS NOT NULL AND ')' <> '('")
        statements.append(f"CREATE VIEW IF NOT EXISTS main.\"v {i}\" {maybe(rng, '(x)')} AS SELECT 1 -- end")
        statements.append(f"CREATE TRIGGER [tr {i}] AFTER UPDATE OF {first} ON {name} WHEN 1"
                          " BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT ';'; END")
        statements.append(f"ALTER TABLE {name} ADD COLUMN added{i} TEXT DEFAULT 'x, y)' NOT NULL")
        statements.append(maybe(rng, f"ALTER TABLE {name} RENAME COLUMN {first} TO \"Re Named\"") or "SELECT 1")
        statements.append(maybe(rng, f"CREATE VIRTUAL TABLE f{i} USING fts5(a, b UNINDEXED, tokenize = 'porter ascii')"))
        statements.append(maybe(rng, f"CREATE VIRTUAL TABLE r{i} USING rtree(id, x1, x2, +aux)"))
        for statement in statements:
            try:
                connection.execute(statement)
                made += 1
            except sqlite3.OperationalError:
                pass  # what SQLite refuses is no schema
    return made


@pytest.mark.parametrize("seed", range(12))
def test_round_trip_of_random_schemas(project, seed):
    connection = sqlite3.connect(project.database)
    assert fill(connection, random.Random(seed)) > 60
    connection.commit()
    connection.close()
    check_round_trip(project)


# init, tables, verify, context


def test_init_makes_the_folder_and_never_overwrites(project):
    project.write("db/AGENTS.md", "ours\n")
    first = project.ok("mirror", "init")
    for path in (MIRROR, "db/config/db-environments.json", "db/samples/README.md", "db/workdocs/README.md"):
        assert (project.folder / path).is_file(), path
        assert path in first.stdout
    assert (project.folder / "db/migrations").is_dir()
    assert (project.folder / "db/AGENTS.md").read_text() == "ours\n"
    before = {p: p.read_bytes() for p in project.folder.rglob("*") if p.is_file()}
    project.ok("mirror", "init")
    assert before == {p: p.read_bytes() for p in project.folder.rglob("*") if p.is_file()}


def test_init_does_not_hide_migrations_that_are_elsewhere(project):
    project.migration("0001_a", "SELECT 1;", folder="migrations")
    project.ok("mirror", "init")
    assert not (project.folder / "db/migrations").exists()


def test_tables_are_added_listed_and_removed(project):
    project.ok("mirror", "init")
    project.ok("mirror", "add-table", "--name=items", "--columns",
               "id:uuid:pk, price:decimal(10,2):not-null,email:string:unique:required,note:text:null")
    [table] = mirror(project)["tables"]
    assert [c["name"] for c in table["columns"]] == ["id", "price", "email", "note"]
    assert table["columns"][1] == {"name": "price", "type": "decimal(10,2)", "notNull": True}
    assert table["primaryKey"] == {"columns": ["id"]}
    assert table["uniques"] == [{"columns": ["email"]}]
    assert json.loads(project.ok("mirror", "list-tables", "--format=json").stdout)[0]["name"] == "items"
    assert project.ok("mirror", "list-tables").stdout == "items  id, price, email, note\n"
    assert project.run("mirror", "add-table", "--name=ITEMS", "--columns=a:int").code == 64
    project.ok("mirror", "remove-table", "--name=items")
    assert mirror(project)["tables"] == []
    assert project.run("mirror", "remove-table", "--name=items").code == 64


def test_a_planned_table_equals_the_one_its_migration_makes(project):
    project.ok("mirror", "add-table", "--name=items", "--columns=id:integer:pk,price:decimal(10,2):required")
    assert project.run("mirror", "verify").code == 27
    project.migration("0001_items", "CREATE TABLE items (id INTEGER PRIMARY KEY, price DECIMAL(10, 2) NOT NULL);")
    project.ok("apply")
    project.ok("mirror", "verify")
    project.ok("diff")


@pytest.mark.parametrize("args", [
    ["mirror"], ["mirror", "paint"], ["mirror", "add-table", "--name=a"],
    ["mirror", "add-table", "--columns=a:int"], ["mirror", "add-table", "--name=a", "--columns=a:int:fast"],
    ["mirror", "add-table", "--name=a", "--columns="], ["mirror", "list-tables", "--format=xml"],
    ["mirror", "pull", "more"],
])
def test_usage_errors(project, args):
    project.ok("mirror", "init")
    assert project.run(*args).code == 64


BROKEN = [
    ("{\n  \"version\": 3,\n  \"tables\": [}\n", "line 3, column 14"),
    ("", "line 1"),
    ("[]", "object"),
    ('{"version": 4, "tables": []}', "1, 2 or 3"),
    ('{"tables": []}', "1, 2 or 3"),
    ('{"version": 3, "tables": {}}', "tables: a list"),
    ('{"version": 3, "tables": [{"columns": []}]}', 'tables[0]: it has no "name"'),
    ('{"version": 3, "tables": [{"name": "a", "columns": [{"name": "b", "type": []}]}]}', "tables[0].columns[0].type"),
    ('{"version": 3, "tables": [{"name": "a", "strict": "yes"}]}', "tables[0].strict"),
    ('{"version": 3, "tables": [{"name": "a"}, {"name": "A"}]}', "twice"),
    ('{"version": 3, "tables": [{"name": "a", "columns": [{"name": "x"}, {"name": "X"}]}]}', "twice"),
    ('{"version": 1, "tables": [{"name": "a", "columns": {"b": 1}}]}', "tables[0].columns"),
    ('{"version": 2, "tables": ["a"]}', "tables[0]"),
]


@pytest.mark.parametrize("text, told", BROKEN)
def test_a_broken_mirror_is_an_error_and_stays_as_it_is(project, text, told):
    script(project, "CREATE TABLE a (b);")
    path = project.write(MIRROR, "")
    path.write_text(text)
    for command in (["mirror", "pull"], ["mirror", "list-tables"], ["diff"],
                    ["mirror", "add-table", "--name=x", "--columns=a:int"]):
        result = project.run(*command)
        assert result.code == 65, (command, result)
        assert told in result.stderr and "tables.json" in result.stderr, result
        assert path.read_text() == text


def test_formatting_alone_is_not_rewritten(project):
    script(project, "CREATE TABLE a (b INTEGER);")
    project.ok("mirror", "pull")
    text = json.dumps(mirror(project), indent="\t")
    (project.folder / MIRROR).write_text(text)
    assert "unchanged" in project.ok("mirror", "pull").stdout
    assert (project.folder / MIRROR).read_text() == text


def test_old_versions_are_not_added_to(project):
    project.write(MIRROR, '{"version": 1, "tables": [{"name": "a", "columns": []}]}')
    result = project.run("mirror", "add-table", "--name=b", "--columns=a:int")
    assert result.code == 64 and "pull" in result.stderr


def test_the_mirror_of_another_engine(project):
    project.write(MIRROR, '{"version": 3, "database": {"kind": "postgres"}, "tables": []}')
    assert project.run("diff").code == 78


MISSPELT = """
    {"version": 3, "tables": [{"name": "a", "x-owner": "us", "columns": [
      {"name": "b", "notnul": true}]}], "mine": 1}
    """


@pytest.mark.parametrize("command", [["diff"], ["mirror", "verify"], ["mirror", "pull"]], ids=" ".join)
def test_keys_that_nothing_reads_are_warned_of_and_kept(project, command):
    script(project, "CREATE TABLE a (b);")
    project.write(MIRROR, MISSPELT)
    result = project.run(*command)
    assert result.code == 0
    assert f'{MIRROR}:2:' in result.stderr and 'did you mean "notNull"?' in result.stderr
    assert '"mine"' in result.stderr and "x-owner" not in result.stderr
    line = json.loads(project.run(*command, log="json").stderr.splitlines()[0])
    assert line["event"] == "mirror.unknown" and line["key"] == "notnul" and line["nearest"] == "notNull"
    assert line["where"] == "tables[0].columns[0]" and line["line"] > 0 and line["column"] > 0
    kept = mirror(project)
    assert kept["mine"] == 1 and kept["tables"][0]["columns"][0]["notnul"] is True


def test_lint_reads_the_mirror(project):
    project.write(MIRROR, MISSPELT)
    result = project.ok("lint")
    assert f'{MIRROR}:2:' in result.stdout and "[mirror-key]" in result.stdout
    assert [w["rule"] for w in json.loads(project.ok("lint", "--json").stdout)["warnings"]] == ["mirror-key"] * 2
    assert project.run("lint", "--strict").code == 65
    project.write(MIRROR, '{"version": 3, "tables": {}}')
    result = project.run("lint")
    assert result.code == 65 and "tables: a list" in result.stdout
    project.write(MIRROR, '{"version": 3, "database": {"kind": "other"}, "tables": {}}')
    project.ok("lint", "--strict")


IGNORED = {"DB_ENTRY_IGNORE": "tmp_*, ,by_hand"}


def test_what_is_ignored_is_not_compared(project):
    script(project, "CREATE TABLE a (b); CREATE TABLE tmp_1 (c); CREATE INDEX by_hand ON a (b);"
                    "CREATE TRIGGER t AFTER INSERT ON tmp_1 BEGIN SELECT 1; END;")
    project.write(MIRROR, """
        {"version": 3, "tables": [{"name": "TMP_2", "columns": [{"name": "odd"}]},
                                  {"name": "a", "columns": [{"name": "b"}]}]}
        """)
    assert project.run("diff").code == 27
    assert project.run("mirror", "verify").code == 27
    project.ok("diff", env=IGNORED)
    assert project.ok("mirror", "verify", env=IGNORED).stdout.endswith("states\n")
    assert len(project.run("diff", "--ignore=tmp_*").stdout.splitlines()) == 1


def test_pull_leaves_what_is_ignored_as_it_is(project):
    script(project, "CREATE TABLE a (b, c); CREATE TABLE tmp_1 (c); CREATE INDEX by_hand ON a (b);")
    project.write(MIRROR, """
        {"version": 3, "tables": [{"name": "tmp_2", "columns": [{"name": "odd", "type": "text"}]},
          {"name": "a", "columns": [{"name": "b"}], "indexes": [{"name": "tmp_i", "columns": ["b"]}]}]}
        """)
    project.ok("mirror", "pull", env=IGNORED)
    one, two = mirror(project)["tables"]
    assert one == {"name": "tmp_2", "columns": [{"name": "odd", "type": "text"}]}
    assert [c["name"] for c in two["columns"]] == ["b", "c"]
    assert two["indexes"] == [{"name": "tmp_i", "columns": ["b"]}]
    assert "unchanged" in project.ok("mirror", "pull", env=IGNORED).stdout


def test_a_rename_is_planned_and_done(project):
    """The mirror says it, pull keeps it, the migration brings it, pull forgets it."""
    script(project, "CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT);")
    project.ok("mirror", "pull")
    text = (project.folder / MIRROR).read_text()
    path = project.folder / MIRROR
    path.write_text(text.replace('"name": "mail"', '"name": "email", "renamedFrom": "mail"'))
    assert "users.mail → users.email" in project.run("mirror", "verify").stdout
    project.ok("mirror", "pull")
    assert mirror(project)["tables"][0]["columns"][1]["renamedFrom"] == "mail"
    found = json.loads(project.run("diff", "--json").stdout)["differences"]
    assert [(d["difference"], d["name"], d["renamedFrom"]) for d in found] == [("renamed", "email", "mail")]
    project.migration("0001_email", "ALTER TABLE users RENAME COLUMN mail TO email;")
    project.ok("apply")
    project.ok("diff")
    project.ok("mirror", "pull")
    assert path.read_text() == text.replace('"mail"', '"email"')


def test_verify_tells_extras_and_lets_them_pass(project):
    script(project, "CREATE TABLE a (b); CREATE TABLE extra (c);")
    project.write(MIRROR, '{"version": 3, "tables": [{"name": "a", "columns": [{"name": "b"}]}]}')
    assert "extra" in project.ok("mirror", "verify").stdout
    assert project.run("diff").code == 27


def test_context_is_registered(project):
    project.write("docs/context/registry.json", """
        {"version": 1, "ours": true, "artifacts": [{"id": "api", "path": "x"}, {"id": "db-schema", "owner": "me"}]}
        """)
    script(project, "CREATE TABLE a (b);")
    project.ok("mirror", "pull")
    project.ok("mirror", "sync-context")
    schema = (project.folder / "docs/context/db/schema.json").read_bytes()
    assert schema == (project.folder / MIRROR).read_bytes()
    text = (project.folder / "docs/context/registry.json").read_text()
    registry = json.loads(text)
    assert registry["ours"] is True and registry["artifacts"][0] == {"id": "api", "path": "x"}
    mine = registry["artifacts"][1]
    assert mine["checksumSha256"] == hashlib.sha256(schema).hexdigest() and mine["owner"] == "me"
    project.ok("mirror", "sync-context")
    assert (project.folder / "docs/context/registry.json").read_text() == text


def test_context_without_a_mirror(project):
    assert project.run("mirror", "sync-context").code == 78


def test_names_can_not_play_with_the_terminal(project):
    script(project, 'CREATE TABLE "a\x1b[31m\nb" ("c\x07");')
    project.ok("mirror", "pull")
    result = project.ok("mirror", "list-tables")
    assert "\x1b" not in result.stdout and "\x07" not in result.stdout
    check_round_trip(project)


def test_the_mirror_of_the_example_is_what_its_migrations_make(project, root):
    project.env["DB_ENTRY_MIGRATIONS"] = str(root / "migrations-example/migrations")
    project.env["DB_ENTRY_MIRROR"] = str(root / "migrations-example/schema/tables.json")
    project.ok("apply")
    project.ok("diff")
