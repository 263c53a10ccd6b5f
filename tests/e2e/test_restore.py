"""A restored database is what the dump was, whatever the one before it left behind."""

import os
import pty
import signal
import sqlite3
import subprocess
import time

import pytest

from support.process import make_environment
from test_dump import LARGE, catalogue, content, populate, unpack, visible

FEATURES = """
CREATE TABLE plain (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE, b BLOB);
CREATE TABLE without (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE strict (n INTEGER, r REAL) STRICT;
CREATE TABLE generated (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED);
CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES plain ON DELETE CASCADE);
CREATE UNIQUE INDEX partial ON plain (a) WHERE id > 1;
CREATE INDEX expression ON plain (lower(a) DESC);
CREATE VIEW seen AS SELECT a FROM plain;
CREATE TRIGGER touched AFTER INSERT ON child BEGIN UPDATE plain SET b = x'00ff' WHERE id = new.parent; END;
CREATE VIRTUAL TABLE words USING fts5 (text);
INSERT INTO plain (a, b) VALUES ('one', x'0001'), ('zwölf', NULL);
INSERT INTO without VALUES ('k', 1.5);
INSERT INTO strict VALUES (1, 2.5);
INSERT INTO generated (a) VALUES (21);
INSERT INTO child VALUES (1, 1);
INSERT INTO words VALUES ('the quick brown fox');
PRAGMA user_version = 17;
PRAGMA application_id = 42;
"""


def build(project, script=FEATURES, wal=True):
    connection = sqlite3.connect(project.database)
    connection.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
    connection.executescript(script)
    connection.close()


def own_content(path):
    """All but the row that says that it was restored."""
    return [line for line in content(path) if '"db_entry_run"' not in line.split("VALUES")[0]]


def dump(project, *words):
    return project.ok("dump", *words).stdout.strip()


@pytest.mark.parametrize("wal", [True, False])
@pytest.mark.parametrize("how", ["zstd", "gzip", "none"])
def test_identity(project, wal, how):
    build(project, wal=wal)
    before = content(project.database)
    made = dump(project, f"--dump-compress={how}")
    project.sql("DELETE FROM plain")
    project.sql("DROP TABLE strict")
    project.sql("CREATE TABLE later (a)")
    project.ok("restore", made, "--yes")
    assert content(project.database) == before
    assert project.value("PRAGMA user_version") == 17
    assert project.value("PRAGMA application_id") == 42
    assert project.value("SELECT text FROM words WHERE words MATCH 'quick'") == "the quick brown fox"


EVERYTHING = FEATURES + """
CREATE TABLE checked (a INTEGER CHECK (a > 0), b TEXT UNIQUE ON CONFLICT IGNORE, PRIMARY KEY (a, b DESC)) WITHOUT ROWID;
CREATE TABLE virtual (a, b GENERATED ALWAYS AS (a || 'x') VIRTUAL, "odd ""name" DEFAULT (1 + 1));
CREATE TABLE self (id INTEGER PRIMARY KEY, up INTEGER REFERENCES self DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX both ON child (parent, id DESC) WHERE parent IS NOT NULL;
CREATE TRIGGER instead INSTEAD OF INSERT ON seen BEGIN INSERT INTO plain (a) VALUES (new.a); END;
CREATE VIRTUAL TABLE bare USING fts5 (x, content='', tokenize='porter');
CREATE VIRTUAL TABLE place USING rtree (id, low, high);
INSERT INTO bare (rowid, x) VALUES (1, 'running');
INSERT INTO place VALUES (1, 0.5, 1.5);
INSERT INTO checked VALUES (1, 'a'), (1, 'b');
INSERT INTO virtual (a) VALUES ('nul ' || char(0) || ' inside'), (char(0xfffd) || char(0x1f600));
INSERT INTO self VALUES (2, 1), (1, 2);
INSERT INTO plain (id, a, b) VALUES (9000000000, 'far', zeroblob(70000)), (-1, x'00ff', 9e999), (7, '', -0.0);
DELETE FROM plain WHERE id = 9000000000;
ANALYZE;
"""

SETTINGS = ["encoding", "page_size", "auto_vacuum", "user_version", "application_id", "journal_mode"]


def everything(path):
    """Schema as written, every row with the type of each value, the settings, what FTS finds."""
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [(b"ok",)]
        found = {name: connection.execute(f"PRAGMA {name}").fetchone() for name in SETTINGS}
        found["schema"] = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        for kind, name, _, _ in found["schema"]:
            if kind == b"table" and name not in (b"bare", b"db_entry_run"):
                quoted = name.decode().replace('"', '""')
                columns = [
                    '"' + column[1].decode().replace('"', '""') + '"'
                    for column in connection.execute(f'PRAGMA table_xinfo("{quoted}")')
                    if column[6] != 1
                ]
                typed = ", ".join(f"typeof({c}), quote({c}), hex({c})" for c in columns)
                found[name] = sorted(connection.execute(f'SELECT {typed} FROM "{quoted}"').fetchall())
        found["found"] = connection.execute("SELECT rowid FROM bare WHERE bare MATCH 'run'").fetchall()
        return found
    finally:
        connection.close()


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("page_size,vacuum,wal", [(512, 1, False), (4096, 0, True), (65536, 2, False), (1024, 2, True)])
def test_identity_of_everything(project, encoding, page_size, vacuum, wal):
    settings = f"PRAGMA encoding = '{encoding}'; PRAGMA page_size = {page_size}; PRAGMA auto_vacuum = {vacuum};"
    journal = f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'};"
    connection = sqlite3.connect(project.database)
    connection.executescript(settings + journal + EVERYTHING)
    connection.close()
    before = everything(project.database)
    assert before["encoding"] == (encoding.encode(),) and before["page_size"] == (page_size,)
    made = dump(project)
    assert everything(project.database) == before
    # Over the changed one, over one with nothing in it that is set otherwise, and where none is.
    project.sql("DROP TABLE plain")
    project.sql("UPDATE self SET up = NULL")
    project.ok("restore", made, "--yes")
    assert everything(project.database) == before | {"schema": everything(project.database)["schema"]}
    assert [r for r in everything(project.database)["schema"] if b"db_entry" not in r[1] + r[2]] == before["schema"]
    for path in project.folder.glob("shop.db*"):
        path.unlink()
    project.ok("restore", made)
    after = everything(project.database)
    assert after["schema"] == before["schema"]
    assert after == before


def names_of(project, result, *names):
    for name in names:
        assert str(name) in result.stderr, result


def test_dump_of_another_database_needs_its_own_yes(project):
    """By the catalogue: `--yes` alone, which a script always says, is not enough."""
    build(project)
    made = dump(project)
    other = project.folder / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE plain (a)")
    connection.execute("INSERT INTO plain VALUES ('stays')")
    connection.commit()
    connection.close()
    before = content(other)
    there = {"DB_ENTRY_DATABASE_URL": f"sqlite:{other}"}
    for name in (made, str(project.dumps / visible(project)[0])):
        result = project.run("restore", name, "--yes", env=there)
        assert result.code == 64, result
        names_of(project, result, other, project.database, f"restore {name} --yes --other-database")
        assert content(other) == before
        assert project.run("restore", name, "--other-database", env=there).code == 64
    assert content(other) == before and len(visible(project)) == 1
    project.ok("restore", made, "--yes", "--other-database", env=there)
    assert own_content(other) == own_content(project.database)
    # The way back is known by its entry.
    safety = catalogue(project)[-1]
    assert safety["database"] == str(other)
    project.ok("restore", safety["id"], "--yes", env=there)
    assert own_content(other) == before


def test_file_of_another_database_is_known_by_what_it_holds(shop):
    shop.ok("apply")
    shop.sql("CREATE TABLE here (a)")
    dump(shop)
    file = unpack(shop.dumps / visible(shop)[0], shop.folder / "copy.db")
    shop.ok("restore", file, "--yes")  # its own: a run is recorded in both
    shop.database.rename(shop.folder / "first.db")
    for path in shop.folder.glob("shop.db*"):
        path.unlink()
    shop.ok("apply")  # the same tables, and a life of its own
    result = shop.run("restore", file, "--yes")
    assert result.code == 64 and "--other-database" in result.stderr
    names_of(shop, result, file, shop.database)
    shop.ok("restore", file, "--yes", "--other-database")
    # Without a history tables decide.
    stranger = shop.folder / "stranger.db"
    connection = sqlite3.connect(stranger)
    connection.execute("CREATE TABLE nothing_like_it (a)")
    connection.close()
    assert shop.run("restore", stranger, "--yes").code == 64


def test_one_name_for_two_databases(project):
    """Every container calls its database /data/app.db; the folder of the dumps is one."""
    build(project)
    made = dump(project)
    for path in project.folder.glob("shop.db*"):
        path.unlink()
    project.sql("CREATE TABLE of_another_application (a)")
    result = project.run("restore", made, "--yes")
    assert result.code == 64 and "no table in common" in result.stderr, result
    # Made anew, with an empty volume: that is what dumps are for.
    for path in project.folder.glob("shop.db*"):
        path.unlink()
    build(project)
    project.ok("restore", made, "--yes")


def test_safety_dump_is_the_way_back(project):
    build(project)
    made = dump(project)
    project.sql("INSERT INTO plain (a) VALUES ('written later')")
    later = content(project.database)
    result = project.ok("restore", made, "--yes", log="json")
    safety = [e for e in result.events if e["event"] == "dump.restored"][0]["safety"]
    assert safety == catalogue(project)[-1]["id"]
    answer = project.ok("restore", safety, "--yes", "--json").json
    assert answer["dump"] == safety and answer["safety"] == catalogue(project)[-1]["id"]
    assert content(project.database) == later
    assert len(visible(project)) == 3, "a safety dump was replaced by the next one"


def test_history_is_that_of_the_dump(shop):
    shop.ok("apply")
    made = dump(shop)
    shop.migration("0003_more", "CREATE TABLE more (a);")
    shop.ok("apply")
    refused = shop.run("restore", made)
    assert refused.code == 64 and "0003_more" in refused.stderr and "--yes" in refused.stderr
    assert shop.applied() == ["0001", "0002", "0003"]
    shop.ok("restore", made, "--yes")
    assert shop.applied() == ["0001", "0002"]
    assert shop.value("SELECT detail FROM db_entry_run WHERE command = 'restore'") == f"restore {made}"
    assert shop.value("SELECT outcome FROM db_entry_run WHERE command = 'restore'") == 0
    shop.ok("apply")
    assert shop.applied() == ["0001", "0002", "0003"]


def test_file_into_a_database_that_is_not_there(project):
    build(project)
    before = content(project.database)
    dump(project)
    file = unpack(project.dumps / visible(project)[0], project.folder / "copy.db")
    for path in project.folder.glob("shop.db*"):
        path.unlink()
    project.ok("restore", file)
    assert content(project.database) == before


def test_stale_wal_is_not_replayed(project):
    """A killed application leaves a WAL that is newer than the dump."""
    build(project)
    before = content(project.database)
    made = dump(project)
    script = (
        "import sqlite3, os, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "c.execute('PRAGMA wal_autocheckpoint = 0')\n"
        "c.execute(\"UPDATE plain SET a = 'from the WAL ' || id\")\n"
        "c.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run(["/usr/bin/python3", "-c", script, project.database], check=False)
    assert os.path.getsize(f"{project.database}-wal") > 0
    project.ok("restore", made, "--yes")
    assert content(project.database) == before
    assert subprocess.run(
        ["sqlite3", project.database, "SELECT a FROM plain ORDER BY id"],
        capture_output=True, check=True, text=True,
    ).stdout == "one\nzwölf\n"


def test_others_see_the_old_or_the_new(project):
    build(project)
    made = dump(project)
    project.sql("UPDATE plain SET a = 'new ' || id")
    reader = sqlite3.connect(project.database)
    reader.execute("BEGIN")
    assert reader.execute("SELECT a FROM plain WHERE id = 1").fetchone() == ("new 1",)
    project.ok("restore", made, "--yes")
    assert reader.execute("SELECT a FROM plain WHERE id = 1").fetchone() == ("new 1",)
    reader.execute("COMMIT")
    assert reader.execute("SELECT a FROM plain WHERE id = 1").fetchone() == ("one",)
    reader.close()


def test_other_page_size(project):
    build(project)
    before = content(project.database)
    made = dump(project)
    connection = sqlite3.connect(project.database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("VACUUM")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    project.ok("restore", made, "--yes")
    assert content(project.database) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_at_any_moment_it_is_the_old_or_the_new(project, number):
    populate(project, LARGE)
    made = dump(project)
    project.sql("DELETE FROM item WHERE id > 10")
    for delay in (0.1, 0.3, 0.5, 0.7):
        process = project.start("restore", made, "--yes", env={"DB_ENTRY_DUMP": "never"})
        time.sleep(delay)
        process.signal(number)
        process.wait()
        assert project.value("SELECT count(*) FROM item") in (10, LARGE)
        assert project.value("PRAGMA quick_check") == "ok"
    project.ok("restore", made, "--yes")
    assert project.value("SELECT count(*) FROM item") == LARGE


def test_damaged_dump_changes_nothing(project):
    build(project)
    made = dump(project)
    project.sql("DELETE FROM plain")
    before = content(project.database)
    path = project.dumps / visible(project)[0]
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert project.run("restore", made, "--yes").code == 25
    path.write_bytes(raw[: len(raw) // 2])
    assert project.run("restore", made, "--yes").code == 25
    assert project.run("restore", path, "--yes").code == 25
    project.write("not-a-dump", "something else")
    assert project.run("restore", "not-a-dump", "--yes").code == 25
    assert content(project.database) == before
    assert visible(project) == [path.name]


def test_file_with_a_wal_beside_it_is_refused(project):
    build(project)
    other = project.folder / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (a)")
    result = project.run("restore", other, "--yes")
    assert result.code == 25 and "other.db-wal" in result.stderr
    connection.close()


def test_busy_database_stays_as_it_is(project):
    build(project, wal=False)
    made = dump(project)
    project.sql("DELETE FROM child")
    holder = sqlite3.connect(project.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    result = project.run("restore", made, "--yes", env={"DB_ENTRY_LOCK_TIMEOUT": "300ms"})
    assert result.code == 23, result
    holder.execute("ROLLBACK")
    holder.close()
    assert project.value("SELECT count(*) FROM child") == 0


def test_unknown_dump(project):
    build(project)
    assert project.run("restore", "backup-20000101-000000", "--yes").code == 64
    assert project.run("restore").code == 64


def test_file_of_the_catalogue_is_as_old_as_its_row_says(project):
    build(project)
    made = dump(project)
    (path,) = [p for p in visible(project) if made in p]
    path = project.folder / "backups" / path
    os.utime(path, (2**31, 2**31))
    (row,) = catalogue(project)
    restored = project.ok("restore", path, "--yes", "--json").json
    assert restored["since"] == row["timestamp"]


@pytest.mark.parametrize("answer,code", [("restore\n", 0), ("no\n", 64)])
def test_typed_confirmation(project, answer, code):
    build(project)
    made = dump(project)
    project.sql("DELETE FROM child")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [project.binary, "restore", made],
        cwd=project.folder, env=make_environment(project.env),
        stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL,
    )
    os.write(ours, answer.encode())
    assert process.wait(60) == code
    os.close(theirs)
    os.close(ours)
    assert project.value("SELECT count(*) FROM child") == (1 if code == 0 else 0)
