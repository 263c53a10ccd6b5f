"""Dumps of PostgreSQL as the tests look at them, by the engine's own tools."""

import re
import subprocess

import pytest

from support.preload import is_static
from support.servers import find_program


@pytest.fixture
def pg_shop(pg_project):
    """A project on PostgreSQL that makes dumps."""
    pg_project.dumps = pg_project.folder / "backups"
    pg_project.env.update(DB_ENTRY_DUMP=None, DB_ENTRY_DUMP_DIR=str(pg_project.dumps))
    return pg_project


def tool(name):
    return find_program(name, [f"/usr/lib/postgresql/*/bin/{name}"])


def own_tool(project, name):
    """The one db-entry takes, which can read its dumps: a static program's is its own."""
    if not is_static(project.binary):
        return tool(name)
    return project.script(f"own/{name}", f'exec {project.binary} internal:{name} "$@"')


def populate(project, rows=100):
    project.sql("CREATE TABLE item (id integer PRIMARY KEY, text text)")
    project.sql(
        "INSERT INTO item SELECT i, repeat(md5(i::text), 8)"
        f" FROM generate_series(1, {rows}) AS i"
    )


def visible(project):
    if not project.dumps.exists():
        return []
    return sorted(p.name for p in project.dumps.iterdir() if "backup-" in p.name)


def dump(project, *words, **options):
    return project.ok("dump", *words, **options).stdout.strip()


def stock(project, *words, database=None):
    """What the engine's own tool makes of a database, but the key that differs each time."""
    server = project.server
    done = subprocess.run(
        [tool("pg_dump"), "-h", server.folder, "-p", str(server.port), "-U", server.user, *words,
         database or project.database],
        capture_output=True, text=True, check=True, timeout=120,
    )
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.M)


def unpack(project, name, to):
    with open(to, "wb") as out:
        subprocess.run(["zstd", "-dcq", project.dumps / name], stdout=out, check=True)
    return to


def lock(project, table="item"):
    """A session of somebody else's that holds a table for itself; ends when it is closed."""
    session = subprocess.Popen(
        project.server.client_command(project.database), stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    )
    session.stdin.write(f"BEGIN; LOCK TABLE {table};\n")
    session.stdin.flush()
    project.until(
        "EXISTS (SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
        f" AND relation = to_regclass('{table}'))"
    )
    return session


def unlock(session):
    session.kill()
    session.wait()


def until_waiting(project, application):
    project.until(
        "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        f" AND datname = current_database() AND application_name LIKE '{application}%')"
    )


def until_gone(project, seconds=10):
    project.until(
        "NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'db-entry%'"
        " AND datname = current_database())",
        seconds,
    )


def wrapper(project, version, body, name="pg_dump"):
    """A program of that name in front on PATH, whose own version is `version`."""
    real = own_tool(project, name)
    project.script(
        f"bin/{name}",
        f"""
        if [ "$1" = --version ]; then echo "{name} (PostgreSQL) {version}"; exit; fi
        real={real}
        {body}
        """,
    )
    return {"PATH": f"{project.folder}/bin:/usr/bin:/bin"}
