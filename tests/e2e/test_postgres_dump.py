"""A dump of PostgreSQL is whole, or there is none and the run ends before anything is changed."""

import json
import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from support.dumps import (
    dump, lock, populate, unlock, until_gone, until_waiting, visible, wrapper,
)
from support.postgres import PostgresProject, TlsPostgres
from support.preload import is_static

pytestmark = pytest.mark.server

# The folder of versions is not there, so that PATH alone counts.
NO_FOLDERS = """
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
DIR *opendir(const char *name)
{
	DIR *(*real)(const char *) = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
	if (strstr(name, "postgresql") == NULL)
		return real(name);
	errno = ENOENT;
	return NULL;
}
"""


@pytest.mark.parametrize("how,suffix", [("zstd", ".pgdump.zst"), ("gzip", ".pgdump.gz"), ("none", ".pgdump")])
def test_every_compression(pg_shop, how, suffix):
    populate(pg_shop)
    made = dump(pg_shop, f"--dump-compress={how}")
    assert visible(pg_shop) == [made + suffix]
    pg_shop.ok("dump", "verify", made)
    pg_shop.sql("DELETE FROM item")
    pg_shop.ok("restore", made, "--yes")
    assert pg_shop.value("SELECT count(*) FROM item") == "100"


# --- In a run


def test_before_a_change_and_back(pg_shop):
    pg_shop.migration("0001_items", "CREATE TABLE item (id integer PRIMARY KEY);")
    assert not [n for n in pg_shop.ok("apply", log="json").event_names if n.startswith("dump.")]
    pg_shop.sql("INSERT INTO item VALUES (1)")
    pg_shop.migration("0002_more", "ALTER TABLE item ADD text text; INSERT INTO item VALUES (2);")
    result = pg_shop.ok("apply", log="json")
    (made,) = [e["id"] for e in result.events if e["event"] == "dump.made"]
    names = result.event_names
    assert names.index("dump.made") < names.index("migration.applied")
    assert pg_shop.value("SELECT dump_id FROM db_entry_history WHERE version = '0002'") == made
    pg_shop.ok("restore", made, "--yes")
    assert [row[0] for row in pg_shop.history()] == ["0001"]
    assert pg_shop.value("SELECT string_agg(i::text, '') FROM item AS i") == "(1)"
    assert pg_shop.value("SELECT detail FROM db_entry_run WHERE command = 'restore'") == f"restore {made}"
    pg_shop.ok("apply")
    assert [row[0] for row in pg_shop.history()] == ["0001", "0002"]


def test_nothing_of_its_own_makes_none(pg_shop):
    pg_shop.migration("0001_none", "SELECT 1;")
    pg_shop.ok("apply")
    pg_shop.migration("0002_none", "SELECT 2;")
    pg_shop.ok("apply")
    assert visible(pg_shop) == []


def test_lock_is_held_and_told(pg_shop):
    """Who waits sees what goes on, and that it goes on."""
    populate(pg_shop)
    blocker = lock(pg_shop)
    work = pg_shop.start("dump", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    until_waiting(pg_shop, "db-entry dump")
    pg_shop.until(
        "EXISTS (SELECT FROM pg_stat_activity"
        " WHERE application_name ~ 'making a dump, [2-9].* s')"
    )
    unlock(blocker)
    assert work.wait().code == 0


def test_two_at_once(pg_shop):
    populate(pg_shop, 20_000)
    both = [pg_shop.start("dump", "--label", name) for name in ("one", "two")]
    results = [work.wait() for work in both]
    assert [r.code for r in results] == [0, 0], results
    assert len(visible(pg_shop)) == 2
    for result in results:
        pg_shop.ok("dump", "verify", result.stdout.strip())


# --- The connection


def test_socket(pg_shop):
    populate(pg_shop)
    server = pg_shop.server
    url = f"postgresql:///{pg_shop.database}?host={quote(str(server.folder), safe='')}&port={server.port}&user=postgres"
    made = dump(pg_shop, env={"DB_ENTRY_DATABASE_URL": url})
    pg_shop.ok("restore", made, "--yes", env={"DB_ENTRY_DATABASE_URL": url})


def test_the_host_that_answered(pg_shop):
    populate(pg_shop)
    url = pg_shop.server.url(pg_shop.database).replace("@127.0.0.1", "@127.0.0.1:1,127.0.0.1")
    dump(pg_shop, env={"DB_ENTRY_DATABASE_URL": url + "?target_session_attrs=read-write"})


def test_tls(db_entry, tmp_path):
    server = TlsPostgres()
    if not server.available():
        pytest.skip(f"{server.title} is not installed: {server.package}")
    server.start()
    try:
        project = PostgresProject(db_entry, tmp_path, server)
        populate(project)
        url = server.url(project.database).replace("127.0.0.1", "localhost")
        project.env = {
            "DB_ENTRY_DUMP_DIR": str(project.dumps),
            "DB_ENTRY_DATABASE_URL": f"{url}?sslmode=verify-full&sslrootcert={server.folder}/ca.crt",
        }
        made = dump(project)
        project.ok("restore", made, "--yes")
    finally:
        server.stop()


def test_secrets_stay_secret(pg_shop):
    """Not in the words of any process, and none but the password in what pg_dump gets."""
    populate(pg_shop)
    blocker = lock(pg_shop)
    url = pg_shop.server.url(pg_shop.database) + "?sslpassword=key%20word"
    work = pg_shop.start(
        "dump", env={"DB_ENTRY_DATABASE_URL": url, "DB_ENTRY_LOCK_TIMEOUT": "0", "OTHER": "secret"}
    )
    until_waiting(pg_shop, "db-entry dump")
    (child,) = Path(f"/proc/{work.pid}/task/{work.pid}/children").read_text().split()
    words = Path(f"/proc/{child}/cmdline").read_text()
    environment = Path(f"/proc/{child}/environ").read_text()
    unlock(blocker)
    assert work.wait().code == 0
    assert "pg_dump" in words and "dbname='test_" in words
    assert pg_shop.server.password not in words and "key word" not in words
    assert "DB_ENTRY" not in environment and "OTHER" not in environment
    assert f"PGPASSWORD={pg_shop.server.password}\0" in environment


# --- Programs


@pytest.fixture(scope="session")
def path_alone(db_entry, tmp_path_factory):
    if is_static(db_entry):
        pytest.skip("nothing can be preloaded into a static program")
    folder = tmp_path_factory.mktemp("preload")
    (folder / "none.c").write_text(NO_FOLDERS)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", folder / "none.so", folder / "none.c"],
        check=True,
    )
    # The sanitizer wants to be loaded first, and need not be for this.
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return {"LD_PRELOAD": str(folder / "none.so"), "ASAN_OPTIONS": options}


def refused(project, env, *texts):
    result = project.run("dump", env=env, log="json")
    assert result.code == 25, result
    for text in texts:
        assert text in json.dumps(result.refusal), result
    assert visible(project) == [], result
    return result


def test_too_old(pg_shop, path_alone):
    populate(pg_shop)
    env = {**path_alone, **wrapper(pg_shop, "12.22", 'exec "$real" "$@"')}
    server = pg_shop.value("SHOW server_version").split()[0]
    refused(pg_shop, env, "12.22", server, f"postgresql-client-{server.split('.')[0]}")
    pg_shop.migration("0001_drop", "ALTER TABLE item ADD more text;")
    assert pg_shop.run("apply", env=env).code == 25
    assert pg_shop.history() == []


def test_missing(pg_shop, path_alone):
    populate(pg_shop)
    env = {**path_alone, "PATH": str(pg_shop.folder)}
    refused(pg_shop, env, "there is no pg_dump", "apt-get install postgresql-client-")
    made = dump(pg_shop)
    result = pg_shop.run("dump", "verify", made, env=env)
    assert result.code == 25 and "there is no pg_restore" in result.stderr, result
    (row,) = json.loads((pg_shop.dumps / "backups.json").read_text())["backups"]
    assert row["status"] == "completed"


def test_newest_is_taken(pg_shop):
    populate(pg_shop)
    env = wrapper(pg_shop, "99.1 (Somewhere 99.1-1)", f'touch {pg_shop.folder}/used; exec "$real" "$@"')
    dump(pg_shop, env=env)
    assert (pg_shop.folder / "used").exists()


@pytest.mark.parametrize(
    "body,text",
    [
        ('"$real" "$@" | head -c 3000; echo "pg_dump: error: out of luck" >&2; exit 1', "out of luck"),
        ('"$real" "$@" | head -c 3000; kill -9 $$', "signal 9"),
        ("exit 0", "wrote no dump"),
        ("exit 3", "status 3"),
    ],
)
def test_dying_half_way(pg_shop, body, text):
    populate(pg_shop, 20_000)
    refused(pg_shop, wrapper(pg_shop, "99.1", body), text)


def test_server_says_no(pg_shop):
    """Row-level security of another's: what can't be read whole is not dumped."""
    populate(pg_shop)
    role = f"reader_{os.getpid()}"
    pg_shop.server.client(
        f"CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT SELECT ON item TO {role};"
        f" GRANT CREATE, USAGE ON SCHEMA public TO {role};"
        " ALTER TABLE item ENABLE ROW LEVEL SECURITY", pg_shop.database)
    env = {"DB_ENTRY_DATABASE_URL": pg_shop.server.url(pg_shop.database, role, "x")}
    refused(pg_shop, env, "row-level security")
    pg_shop.server.client(f"DROP OWNED BY {role}; DROP ROLE {role}", pg_shop.database)


# --- Failures of a dump


def test_locked_table(pg_shop):
    populate(pg_shop)
    blocker = lock(pg_shop)
    refused(pg_shop, {"DB_ENTRY_LOCK_TIMEOUT": "500ms"}, "item")
    unlock(blocker)


def test_full_disk(pg_shop):
    populate(pg_shop, 20_000)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    result = pg_shop.run("dump", "--dump-compress=none", preexec_fn=limit)
    assert result.code == 25 and "File too large" in result.stderr, result
    assert visible(pg_shop) == []


def test_connection_cut(pg_shop):
    populate(pg_shop)
    blocker = lock(pg_shop)
    work = pg_shop.start("dump", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    until_waiting(pg_shop, "db-entry dump")
    pg_shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'db-entry dump'")
    result = work.wait()
    unlock(blocker)
    assert result.code == 25, result
    assert "terminating connection" in json.dumps(result.refusal), result
    assert visible(pg_shop) == []


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_killed_while_dumping(pg_shop, number, code):
    populate(pg_shop)
    blocker = lock(pg_shop)
    work = pg_shop.start("dump", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    until_waiting(pg_shop, "db-entry dump")
    began = time.monotonic()
    work.signal(number)
    assert work.wait().code == code
    until_gone(pg_shop)
    assert time.monotonic() - began < 10
    unlock(blocker)
    assert [n for n in visible(pg_shop) if not n.startswith(".")] == []
    dump(pg_shop)
    assert len(visible(pg_shop)) == 1, "what was left is swept"
