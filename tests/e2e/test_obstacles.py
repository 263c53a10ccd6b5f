"""A full disk, nothing writable, and other writers: a clear refusal, no damage, nothing half."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.ledger import judge, lock_of, recover, write_ledger
from support.project import Project

NOBODY = 65534
WORK = 20000  # rows: more than a megabyte


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a file system of so many kilobytes."""
    mounted = []

    def mount(size):
        folder = tmp_path / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("no file system can be mounted here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def on_disk(project, folder):
    """The same project with its database elsewhere."""
    moved = Project(project.binary, project.folder)
    moved.database = folder / "shop.db"
    moved.env.update(project.env)
    moved.env["DB_ENTRY_DATABASE_URL"] = f"sqlite:{moved.database}"
    return moved


@pytest.mark.parametrize("size", [16, 48, 100, 400, 800])
def test_full_disk(project, small_disk, size):
    write_ledger(project, WORK)
    disk = small_disk(size)
    full = on_disk(project, disk)
    result = full.run("run", "--", "echo", "started", log="json")
    assert result.code in (1, 23, 24), result
    refusal = result.refusal
    assert any(word in refusal["what"] + refusal["why"] for word in ("full", "No space")), result
    assert result.stdout == ""
    assert judge(full, WORK).started == (result.code == 24)
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    recover(full, WORK)


@pytest.mark.parametrize("limit", [4096, 20000, 60000, 400000])
@pytest.mark.parametrize("ignored", [True, False])
def test_file_size_limit(project, limit, ignored):
    """Past RLIMIT_FSIZE a write fails, or SIGXFSZ ends the process where nobody ignores it."""
    write_ledger(project, WORK)

    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignored else signal.SIG_DFL)

    result = project.run(
        "run", "--", "echo", "started", preexec_fn=set_limit, restore_signals=False
    )
    assert result.code not in (0, 24), result
    assert result.stdout == ""
    assert result.code == -signal.SIGXFSZ or result.stderr.strip() != "", result
    assert not judge(project, WORK).complete
    recover(project, WORK)


# Nothing writable


@pytest.fixture
def readable(db_entry):
    """A project that a user without rights can reach, and the options that run as that user."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(db_entry, folder)
        data = Path(folder) / "data"
        data.mkdir()
        project = Project(binary, folder)
        project.database = data / "shop.db"
        project.env = {"DB_ENTRY_DATABASE_URL": f"sqlite:{project.database}"}
        project.migration("0001_first", "CREATE TABLE first (a);")
        project.unprivileged = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        yield project
        data.chmod(0o755)
        project.close()


def forbid(project, what):
    if what == "file":
        project.database.parent.chmod(0o777)
        project.database.chmod(0o444)
    else:
        project.database.chmod(0o666)
        project.database.parent.chmod(0o555)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_read_only(readable, what):
    readable.sql("CREATE TABLE mine (a)")
    readable.ok("apply")
    forbid(readable, what)
    result = readable.run("run", "--", "echo", "started", **readable.unprivileged)
    assert (result.code, result.stdout) == (0, "started\n"), result
    readable.migration("0002_second", "CREATE TABLE second (a);")
    before = readable.database.read_bytes()
    result = readable.run("run", "--", "echo", "started", log="json", **readable.unprivileged)
    assert result.code == 26, result
    assert result.stdout == ""
    assert result.refusal["event"] == "database.read-only"
    assert readable.database.read_bytes() == before
    assert not lock_of(readable).exists()


def test_read_only_wal_database(readable):
    """One that db-entry made. SQLite itself can't read it where it may write nothing."""
    readable.ok("apply")
    forbid(readable, "folder")
    result = readable.run("run", "--", "echo", "started", **readable.unprivileged)
    assert (result.code, result.stdout) == (0, "started\n") or (
        result.code in (26, 69, 77) and "writable" in result.stderr
    ), result


def test_read_only_file_system(project, small_disk):
    disk = small_disk(4096)
    full = on_disk(project, disk)
    full.migration("0001_first", "CREATE TABLE first (a);")
    full.sql("CREATE TABLE mine (a)")
    full.ok("apply")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert full.ok("run", "--", "echo", "started").stdout == "started\n"
    full.migration("0002_second", "CREATE TABLE second (a);")
    result = full.run("run", "--", "echo", "started", log="json")
    assert result.code == 26, result
    assert result.stdout == ""


def test_read_only_file_system_in_wal_mode(project, small_disk):
    """One that db-entry made: SQLite reads it there only as immutable, and nobody waits for it."""
    disk = small_disk(4096)
    full = on_disk(project, disk)
    full.migration("0001_first", "CREATE TABLE first (a);")
    full.ok("apply")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    refused = full.run("run", "--", "echo", "started")
    assert refused.code == 26 and "immutable=1" in refused.stderr, refused
    full.env["DB_ENTRY_DATABASE_URL"] += "?immutable=1"
    assert full.ok("run", "--", "echo", "started").stdout == "started\n"


# Other writers


@pytest.fixture
def writer(project):
    """A function that begins a foreign transaction which stays open."""
    connections = []

    def begin(how):
        connection = sqlite3.connect(project.database, isolation_level=None)
        connection.execute(f"BEGIN {how}")
        connections.append(connection)
        return connection

    yield begin
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    ("how", "code"), [("EXCLUSIVE", 69), ("IMMEDIATE", 23)], ids=["exclusive", "immediate"]
)
@pytest.mark.parametrize("first", [True, False])
def test_another_writer_for_long(project, writer, how, code, first):
    """In a first run our own tables can't be made either."""
    project.sql("CREATE TABLE mine (a)")
    if not first:
        project.migration("0000_before", "CREATE TABLE before (a);")
        project.ok("apply")
    write_ledger(project)
    other = writer(how)
    env = {"DB_ENTRY_LOCK_TIMEOUT": "500ms", "DB_ENTRY_WAIT_TIMEOUT": "1500ms"}
    result = project.run("run", "--", "echo", "started", env=env, log="json")
    assert result.code == code, result
    assert "locked" in result.refusal["what"] + result.refusal["why"], result
    assert result.refusal["next"], result
    assert result.stdout == ""
    other.execute("ROLLBACK")
    project.ok("run", "--", "true")
    assert project.applied()[-6:] == ["0001", "0002", "0003", "0004", "0005", "0006"]
