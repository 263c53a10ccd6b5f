"""dist/db-entry, the static binary: one file that needs nothing of where it runs."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from support.postgres import PostgresProject
from support.process import run

SIZE_MAX = 6_000_000


@pytest.fixture(scope="module")
def dist(root):
    folder = root / "dist"
    if not (folder / "db-entry").is_file():
        pytest.skip("dist/db-entry is not there: make static")
    return folder


@pytest.fixture(scope="module")
def static(dist):
    return dist / "db-entry"


@pytest.fixture(scope="module")
def bill(dist):
    return json.loads((dist / "db-entry.cdx.json").read_text())


@pytest.fixture
def empty(static, tmp_path):
    """A root folder with nothing in it but the program."""
    if os.geteuid() != 0:
        pytest.skip("only root may change the root folder")
    folder = tmp_path / "root"
    folder.mkdir()
    shutil.copy(static, folder / "db-entry")
    return folder


def inside(folder, *words, env=None, mounts=()):
    """Run it with another root folder; `mounts` are folders of the system that are there too."""
    for name in mounts:
        (folder / name).mkdir(exist_ok=True)
    binds = "".join(f'mount --rbind /{name} "$0/{name}" && ' for name in mounts)
    command = [shutil.which("chroot"), folder, "/db-entry", *words]
    if mounts:
        command = [shutil.which("unshare"), "-m", "sh", "-c", f'{binds}exec chroot "$0" /db-entry "$@"', folder, *words]
    return run(command, env=env)


# --- The file


def test_needs_no_loader_and_is_hardened(static):
    listed = subprocess.run(["ldd", static], capture_output=True, text=True)
    assert re.search("not a dynamic executable|statically linked", listed.stdout + listed.stderr)
    shown = subprocess.run(["readelf", "-hldW", static], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in shown and "NEEDED" not in shown and "TEXTREL" not in shown
    assert re.search(r"Type: +DYN", shown), "position-independent"
    assert "GNU_RELRO" in shown and re.search(r"FLAGS.*NOW", shown)
    assert re.search(r"GNU_STACK .* RW ", shown), "no executable stack"
    assert not re.search(r"LOAD .* RWE ", shown)


def test_is_small(static):
    assert static.stat().st_size <= SIZE_MAX


def test_tells_nothing_of_where_it_was_built(static, root):
    data = static.read_bytes()
    for secret in (str(root), str(Path.home() / ".cache"), "db-entry/static"):
        assert secret.encode() not in data, secret
    sources = re.findall(rb"(?<![\w.])/[\w./+-]+\.[ch]\0", data)
    assert not sources, "paths of sources"


def test_the_one_for_arm(root, tmp_path):
    binary, emulator = root / "dist" / "db-entry-arm64", shutil.which("qemu-aarch64-static")
    if not binary.is_file():
        pytest.skip("dist/db-entry-arm64 is not there: make static ARCH=arm64")
    if emulator is None:
        pytest.skip("no emulator: apt-get install qemu-user-static")
    assert binary.stat().st_size <= SIZE_MAX
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_a.sql").write_text("CREATE TABLE a (x int); INSERT INTO a VALUES (1);")
    env = {"DB_ENTRY_DATABASE_URL": f"sqlite:{tmp_path}/a.db"}
    for words in (["apply"], ["status", "--check"]):
        result = run([emulator, binary, *words], env=env, cwd=tmp_path)
        assert result.code == 0, result
    said = run([emulator, binary, "internal:pg_dump", "--version"])
    assert said.stdout.startswith("pg_dump (PostgreSQL) "), said


# --- What comes with it


def test_version_names_every_library_of_the_bill(static, bill):
    said = run([static, "version"]).stdout
    versions = {c["name"]: c["version"] for c in bill["components"]}
    assert versions.keys() >= {"musl", "openssl", "sqlite3", "curl", "zlib", "libzstd", "cjson"}
    for name, version in versions.items():
        if name in ("mariadb", "libgcc"):  # it has a number of its own; none at run time
            continue
        assert re.search(rf" {re.escape(version)}\b", said), (name, version, said)
    assert re.search(r"^  libpq [\d.]+, pg_dump, pg_restore$", said, re.M)
    assert "MariaDB Connector/C" in said
    assert run([static, "version", "--json"]).json["programs"] == ["pg_dump", "pg_restore"]


def test_bill_is_of_this_binary(static, bill, dist):
    assert bill["bomFormat"] == "CycloneDX"
    described = bill["metadata"]["component"]
    assert described["hashes"][0]["content"] == hashlib.sha256(static.read_bytes()).hexdigest()
    references = {component["bom-ref"] for component in bill["components"]}
    (dependencies,) = bill["dependencies"]
    assert set(dependencies["dependsOn"]) == references
    licences = (dist / "LICENSES.txt").read_text()
    for component in bill["components"]:
        assert component["licenses"][0]["expression"]
        assert f"==== {component['name']} ====" in licences
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in licences.upper()


@pytest.mark.slow
def test_same_bytes_from_another_folder(static, root, tmp_path):
    names = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=root, capture_output=True, check=True
    ).stdout.split(b"\0")
    for name in filter(None, names):
        source, target = root / os.fsdecode(name), tmp_path / "elsewhere" / os.fsdecode(name)
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    subprocess.run(["make", "static"], cwd=tmp_path / "elsewhere", check=True, timeout=900)
    other = tmp_path / "elsewhere" / "dist"
    for name in ("db-entry", "db-entry.cdx.json", "LICENSES.txt"):
        assert (other / name).read_bytes() == (static.parent / name).read_bytes(), name


# --- Where there is nothing


def test_empty_root(empty):
    assert inside(empty, "version").code == 0
    result = inside(empty, "--", "/nowhere")
    assert result.code == 78 and "DATABASE_URL" in result.stderr


def test_whole_run_in_an_empty_root(empty):
    folder = empty / "db" / "migrations"
    folder.mkdir(parents=True)
    (folder / "0001_a.sql").write_text("CREATE TABLE a (x int); INSERT INTO a VALUES (1);")
    env = {"DB_ENTRY_DATABASE_URL": "sqlite:/data/a.db"}
    (empty / "data").mkdir()
    result = inside(empty, "--", "/db-entry", "version", env=env)
    assert result.code == 0 and result.stdout.startswith("db-entry ")
    (folder / "0002_b.sql").write_text("DROP TABLE a;")
    # Without /proc nobody knows whether a folder outlives the container.
    result = inside(empty, "apply", env={**env, "DB_ENTRY_APPROVE": "0002"})
    assert result.code == 25 and "/data/backups" in result.stderr, result
    result = inside(empty, "apply", env={**env, "DB_ENTRY_DUMP": "never"})
    assert result.code == 20 and "0002" in result.stderr, result
    result = inside(empty, "apply", env={**env, "DB_ENTRY_APPROVE": "0002", "DB_ENTRY_DUMP_DIR": "/data/backups"})
    assert result.code == 0, result
    assert list((empty / "data" / "backups").glob("backup-*"))


def test_a_name_that_nobody_knows_there(empty):
    env = {"DB_ENTRY_DATABASE_URL": "postgresql://u@nowhere.invalid/d"}
    result = inside(empty, "wait", "--wait-timeout=1s", env=env)
    assert result.code == 69 and "nowhere.invalid" in result.stderr, result


def test_https_without_authorities(empty):
    with socket.create_server(("127.0.0.1", 0)) as server:
        env = {"DB_ENTRY_WAIT_FOR": f"https://127.0.0.1:{server.getsockname()[1]}/",
               "DB_ENTRY_DATABASE_URL": "sqlite:/a.db"}
        result = inside(empty, "wait", "--wait-timeout=2s", env=env)
    assert result.code not in (0, 1) and result.code < 128, result


# --- PostgreSQL's programs


@pytest.fixture
def shop(static, empty, postgres):
    made = PostgresProject(static, empty, postgres)
    made.dumps = empty / "backups"
    made.dumps.mkdir()
    made.env.update(DB_ENTRY_DUMP=None, DB_ENTRY_DUMP_DIR="/backups", PATH=None)
    made.sql("CREATE TABLE item (id int PRIMARY KEY, text text)")
    made.sql("INSERT INTO item SELECT i, md5(i::text) FROM generate_series(1, 1000) i")
    yield made
    made.close()


@pytest.mark.server
def test_dumps_and_restores_by_itself(shop):
    made = inside(shop.folder, "dump", env=shop.env, mounts=["proc", "dev"])
    assert made.code == 0, made
    name = made.stdout.strip()
    shop.sql("DELETE FROM item")
    result = inside(shop.folder, "restore", name, "--yes", env=shop.env, mounts=["proc", "dev"])
    assert result.code == 0, result
    assert shop.value("SELECT count(*) FROM item") == "1000"


@pytest.mark.server
def test_without_proc_says_what_to_mount(shop):
    result = inside(shop.folder, "dump", env=shop.env, mounts=["dev"])
    assert result.code == 25, result
    assert "mount /proc" in result.stderr
    assert list(shop.dumps.glob("backup-*")) == []


def test_a_word_that_is_no_program(static):
    assert run([static, "internal:nothing"]).code == 64
    assert run([static, "internal:pg_dump", "--version"]).stdout.startswith("pg_dump (PostgreSQL) ")
