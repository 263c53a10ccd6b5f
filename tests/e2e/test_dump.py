"""Before something is changed there is a dump that restores, or nothing is changed."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

import pytest

from support.project import Project

LARGE = 120_000  # rows; some 60 MB, a dump of which takes a while


def populate(project, rows=100):
    connection = sqlite3.connect(project.database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT)")
    connection.execute(
        "INSERT INTO item (text) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < ?) SELECT hex(randomblob(250)) FROM n",
        (rows,),
    )
    connection.commit()
    connection.close()


def unpack(path, to):
    """By the tools everybody has."""
    tool = {".zst": ["zstd", "-dcq"], ".gz": ["gzip", "-dc"], ".sqlite": ["cat"]}[path.suffix]
    with open(to, "wb") as out:
        subprocess.run([*tool, path], stdout=out, check=True)
    return to


def content(path):
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.iterdump())
    finally:
        connection.close()


def catalogue(project):
    return json.loads((project.dumps / "backups.json").read_text())["backups"]


def visible(project):
    """What looks like a dump."""
    if not project.dumps.exists():
        return []
    return sorted(p.name for p in project.dumps.iterdir() if p.name.startswith("backup-"))


def pending(project, sql="ALTER TABLE item ADD COLUMN extra TEXT"):
    project.migration("0001_change", sql + ";")


def refused(project, result, code=25):
    assert result.code == code, result
    assert project.history() == []
    assert visible(project) == []
    assert "extra" not in project.value("SELECT sql FROM sqlite_master WHERE name = 'item'")


def test_run_dumps_before_it_changes(project):
    populate(project)
    before = content(project.database)
    pending(project)
    result = project.ok("apply", log="json")
    assert result.event_names.index("dump.made") < result.event_names.index("migration.applied")
    (entry,) = catalogue(project)
    path = project.dumps / entry["file"]
    assert content(unpack(path, project.folder / "copy.db")) == before
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry["size_bytes"] == path.stat().st_size
    assert entry["label"] == "before-0001"
    assert entry["verification"]["integrity_check"] == "ok"
    assert project.value("SELECT dump_id FROM db_entry_history") == entry["id"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [n for n in os.listdir(project.dumps) if n.endswith(".tmp")] == []


@pytest.mark.parametrize("how,suffix", [("zstd", ".zst"), ("gzip", ".gz"), ("none", ".sqlite")])
def test_every_compression_restores_with_stock_tools(project, how, suffix):
    populate(project)
    project.ok("dump", env={"DB_ENTRY_DUMP_COMPRESS": how})
    (name,) = visible(project)
    assert name.endswith(suffix)
    copy = unpack(project.dumps / name, project.folder / "copy.db")
    assert content(copy) == content(project.database)
    project.ok("dump", "verify", catalogue(project)[0]["id"])


def test_default_folder_is_beside_the_file(project):
    populate(project)
    result = project.run("dump", env={"DB_ENTRY_DUMP_DIR": None})
    if result.code == 25:
        pytest.skip("the temporary folder is not durable")
    assert result.code == 0, result
    assert (project.folder / "backups" / "backups.json").exists()


def test_first_install_and_nothing_pending_make_none(shop):
    result = shop.ok("apply", log="json")
    assert not [n for n in result.event_names if n.startswith("dump.")]
    shop.ok("apply")
    assert not shop.dumps.exists()


def test_changes_still_in_the_wal_are_in_the_dump(project):
    populate(project)
    application = sqlite3.connect(project.database)
    application.execute("PRAGMA wal_autocheckpoint = 0")
    application.execute("INSERT INTO item (text) VALUES ('only in the WAL')")
    application.commit()
    assert os.path.getsize(f"{project.database}-wal") > 0
    project.ok("dump")
    copy = unpack(project.dumps / visible(project)[0], project.folder / "copy.db")
    assert "only in the WAL" in "\n".join(content(copy))
    application.close()


def test_database_written_meanwhile_is_dumped_as_of_one_moment(project):
    """Two rows are always written together: a dump has both or none."""
    populate(project, LARGE)
    project.sql("CREATE TABLE pair (side TEXT, number INTEGER)")
    stop = threading.Event()
    written = []

    def write():
        connection = sqlite3.connect(project.database, timeout=30)
        while not stop.is_set():
            number = len(written)
            with connection:
                connection.execute("INSERT INTO pair VALUES ('left', ?)", (number,))
                connection.execute("UPDATE item SET text = text || 'x' WHERE id % 1000 = ?", (number % 1000,))
                connection.execute("INSERT INTO pair VALUES ('right', ?)", (number,))
            written.append(number)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        before = len(written)
        project.ok("dump")
        assert len(written) > before, "nobody could write during the dump"
    finally:
        stop.set()
        writer.join()
    copy = sqlite3.connect(unpack(project.dumps / visible(project)[0], project.folder / "copy.db"))
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    sides = dict(copy.execute("SELECT side, count(*) FROM pair GROUP BY side").fetchall())
    assert sides.get("left", 0) == sides.get("right", 0)
    copy.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_at_any_moment_nothing_looks_like_a_dump(project, number):
    populate(project, LARGE)
    pending(project)
    for delay in (0.05, 0.12, 0.2, 0.3, 0.45):
        process = project.start("apply")
        process.wait_for_event("plan.pending")
        time.sleep(delay)
        process.signal(number)
        began = time.monotonic()
        result = process.wait()
        assert time.monotonic() - began < 10
        if result.code == 0:
            break
        assert result.code == (128 + number if number == signal.SIGTERM else -number), result
        rows = catalogue(project) if (project.dumps / "backups.json").exists() else []
        listed = {row["file"] for row in rows}
        for name in visible(project):
            if name not in listed:  # complete all the same
                unpack(project.dumps / name, project.folder / "copy.db")
                content(project.folder / "copy.db")
        if number == signal.SIGTERM:
            assert not [n for n in os.listdir(project.dumps) if n.endswith(".tmp")]
        if project.history() != []:
            assert project.applied() == ["0001"]
            break
    project.ok("apply")
    assert project.applied() == ["0001"]
    assert not [n for n in os.listdir(project.dumps) if n.endswith(".tmp")], "left-overs stay"


def test_retry_replaces_its_own_dump(project):
    populate(project)
    pending(project, "ALTER TABLE item ADD COLUMN extra TEXT; INSERT INTO nowhere VALUES (1)")
    assert project.run("apply").code == 23
    (first,) = catalogue(project)
    assert project.run("apply").code == 23
    (second,) = catalogue(project)
    assert first["id"] != second["id"]
    assert visible(project) == [second["file"]]
    # Something was committed since: both stay.
    pending(project)
    project.migration("0002_more", "INSERT INTO nowhere VALUES (1);")
    assert project.run("apply").code == 23
    assert project.run("apply").code == 23
    assert [entry["label"] for entry in catalogue(project)] == ["before-0001", "before-0002"]


def test_count_and_last_good_one(project):
    populate(project)
    for number in range(1, 5):
        project.migration(f"000{number}_x", f"CREATE TABLE t{number} (a);")
        project.ok("apply", env={"DB_ENTRY_DUMP_KEEP": "2"})
    assert [entry["label"] for entry in catalogue(project)] == ["before-0003", "before-0004"]
    assert len(visible(project)) == 2


@pytest.mark.parametrize("words", [["apply"], ["dump"], ["dump", "list"], ["restore", "x", "--yes"]])
def test_broken_catalogue_is_told_and_stays(project, words):
    populate(project)
    pending(project)
    project.dumps.mkdir()
    broken = '{"backups": [\n  {"id": "backup-1",, }\n]}\n'
    (project.dumps / "backups.json").write_text(broken)
    result = project.run(*words)
    refused(project, result, 65)
    assert "backups.json:2" in result.stderr and "column" in result.stderr
    assert (project.dumps / "backups.json").read_text() == broken
    assert sorted(os.listdir(project.dumps)) in (["backups.json"], [".db-entry.lock", "backups.json"])


def test_list_is_fit_for_a_terminal(project):
    populate(project)
    project.dumps.mkdir()
    rows = [{"id": "evil\x1b[2J"}, {"id": "fine", "reason": "a\x1b[31mb\n", "database": "x\x07"}]
    (project.dumps / "backups.json").write_text(json.dumps({"backups": rows}))
    listed = project.ok("dump", "list").stdout
    assert "fine" in listed and "\x1b" not in listed and "\x07" not in listed
    project.ok("dump")
    assert catalogue(project)[:2] == rows


def test_folder_goes_while_a_dump_is_made(project):
    populate(project, LARGE)
    pending(project)
    process = project.start("apply")
    process.wait_for_event("plan.pending")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.process.poll() is None:
        shutil.rmtree(project.dumps, ignore_errors=True)
        time.sleep(0.01)
    refused(project, process.wait())


def test_two_dumps_at_once(project):
    populate(project, LARGE)
    both = [project.start("dump") for _ in range(2)]
    assert [process.wait().code for process in both] == [0, 0]
    rows = catalogue(project)
    assert len(rows) == len(visible(project)) == 2
    for row in rows:
        project.ok("dump", "verify", row["id"])


def test_rows_that_lead_out_of_the_folder_stay(project):
    populate(project)
    precious = project.folder / "precious"
    precious.write_text("mine")
    row = {"id": "backup-0", "file": "../precious", "database": "x", "expires_at": "2020-01-01T00:00:00Z"}
    project.dumps.mkdir()
    (project.dumps / "backups.json").write_text(json.dumps({"backups": [row]}))
    result = project.ok("dump", log="json")
    assert "dump.removed" not in result.event_names
    assert [e["reason"] for e in result.events if e["event"] == "dump.untidy" and "backup-0" in e["reason"]]
    assert precious.read_text() == "mine"
    assert catalogue(project)[0] == row


def test_limit_is_checked_before_anything(project):
    populate(project, 5000)
    pending(project)
    result = project.run("apply", env={"DB_ENTRY_DUMP_MAX": "1MB"})
    refused(project, result)
    assert "DB_ENTRY_DUMP_MAX" in result.stderr


def test_folder_that_is_a_file(project):
    populate(project)
    pending(project)
    project.write("backups", "in the way")
    result = project.run("apply")
    assert result.code == 25, result
    assert project.history() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_folder_of_somebody_else(db_entry):
    """Where nobody can reach the folder of a test, nor the program."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        project = Project(shutil.copy(db_entry, f"{folder}/db-entry"), folder)
        populate(project)
        pending(project)
        project.dumps.mkdir(mode=0o755)
        for path in [project.folder, *project.folder.rglob("*")]:
            if path != project.dumps:
                os.chown(path, 65534, 65534)
        refused(project, project.run("apply", user=65534))


def mounted(folder, options):
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=False)
    if done.returncode != 0:
        pytest.skip("nothing can be mounted here")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
@pytest.mark.parametrize("size", ["64k", "12m"])
def test_full_disk(project, size):
    """At once by the estimate, and in its middle: for the copy there is room, for the dump none."""
    populate(project, 20000 if size == "12m" else 5000)
    pending(project)
    mounted(project.dumps, f"size={size}")
    try:
        refused(project, project.run("apply"))
        assert not [n for n in os.listdir(project.dumps) if n.endswith(".tmp")]
    finally:
        subprocess.run(["umount", project.dumps], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_no_durable_folder(project):
    """A transaction undoes itself; what has none is stopped."""
    data = project.folder / "data"
    mounted(data, "size=8m")
    try:
        project.database = data / "shop.db"
        project.env["DB_ENTRY_DATABASE_URL"] = f"sqlite:{project.database}"
        del project.env["DB_ENTRY_DUMP_DIR"]
        populate(project)
        pending(project)
        result = project.run("apply", log="json")
        if "dump.made" in result.event_names:
            pytest.skip("this machine has a durable standard folder")
        assert result.code == 0, result
        assert "dump.skipped" in result.event_names
        project.migration("0002_step", "-- db-entry: no-transaction\nCREATE TABLE more (a);")
        result = project.run("apply")
        assert result.code == 25, result
        assert "tmpfs" in result.stderr and "DB_ENTRY_DUMP_DIR" in result.stderr
        assert project.run("apply", env={"DB_ENTRY_DUMP": "always"}).code == 25
        assert project.applied() == ["0001"]
        result = project.ok("apply", env={"DB_ENTRY_DUMP": "never"}, log="json")
        assert "dump.skipped" in result.event_names
    finally:
        subprocess.run(["umount", data], check=True)


def hook(project, body):
    project.script("snapshot", body)
    return {"DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": json.dumps([str(project.folder / "snapshot"), "x y"])}


def test_hook_takes_the_snapshot(project):
    populate(project)
    pending(project)
    project.ok("apply", env=hook(project, 'cat >asked.json; echo "$1" >argument; echo snap-17\n'))
    assert project.value("SELECT dump_id FROM db_entry_history") == "snap-17"
    asked = json.loads((project.folder / "asked.json").read_text())
    assert asked["database"] == str(project.database) and asked["label"] == "before-0001"
    assert (project.folder / "argument").read_text() == "x y\n"
    assert visible(project) == []


@pytest.mark.parametrize("body", ["echo broken >&2; exit 3\n", "exit 0\n", "printf '\\001\\n'\n"])
def test_hook_that_fails_changes_nothing(project, body):
    populate(project)
    pending(project)
    refused(project, project.run("apply", env=hook(project, body)))


@pytest.mark.parametrize("value", [None, "[]", "x", '["a", 1]', '{"a": "b"}', "ftp://host/snap", "https://"])
def test_hook_that_is_none_is_a_setting_to_mend(project, value):
    populate(project)
    pending(project)
    env = {"DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": value}
    refused(project, project.run("apply", env=env), 78)


def test_damaged_database_is_not_dumped_nor_changed(project):
    populate(project, 5000)
    pending(project)
    connection = sqlite3.connect(project.database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with open(project.database, "r+b") as file:
        file.seek(4096 * 100)
        file.write(b"\xff" * 4096)
    result = project.run("apply")
    assert result.code == 25, result
    assert visible(project) == []


def test_list_and_verify(project):
    populate(project)
    assert "no dumps" in project.ok("dump", "list").stdout
    made = project.ok("dump", "--label", "v1.2", "--reason", "to be safe", "--json").json
    assert made["id"].endswith("-v1.2")
    listed = project.ok("dump", "list", "--json").json
    assert [entry["id"] for entry in listed["dumps"]] == [made["id"]]
    assert "to be safe" in project.ok("dump", "list").stdout
    project.ok("dump", "verify", made["id"])
    verified = project.ok("dump", "verify", made["id"], "--json").json
    assert verified["verified"] and verified["sha256"] == made["sha256"]
    path = project.dumps / made["file"]
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert project.run("dump", "verify", made["id"]).code == 25
    assert project.ok("dump", "list", "--json").json["dumps"][0]["status"] == "damaged"
    path.unlink()
    assert project.run("dump", "verify", made["id"]).code == 25
    assert project.ok("dump", "list", "--json").json["dumps"][0]["status"] == "missing"


@pytest.mark.parametrize(
    "words,code",
    [(["verify"], 64), (["verify", "none"], 64), (["lst"], 64), (["--label", "a/b"], 64)],
)
def test_words_that_are_wrong(project, words, code):
    populate(project)
    assert project.run("dump", *words).code == code


def test_there_is_no_database_to_dump(project):
    assert project.run("dump").code == 78
    assert not project.database.exists()


def test_old_violations_and_foreign_collations_are_dumped(project):
    """The database as it is, whatever one thinks of it."""
    connection = sqlite3.connect(project.database)
    connection.create_collation("backwards", lambda a, b: (a < b) - (a > b))
    connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE child (parent INTEGER REFERENCES parent, n TEXT COLLATE backwards)")
    connection.execute("CREATE INDEX odd ON child (n)")
    connection.execute("INSERT INTO child VALUES (7, 'a'), (8, 'b')")
    connection.commit()
    connection.close()
    made = project.ok("dump", "--json").json
    assert made["foreign_key_violations"] == 2
