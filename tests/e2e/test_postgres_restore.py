"""A restored database is what the dump was; a restore that fails leaves what there was."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.dumps import (
    dump, lock, own_tool, populate, stock, unlock, unpack, until_gone, until_waiting, visible,
    wrapper,
)

pytestmark = pytest.mark.server

EVERY_OBJECT = Path(__file__).with_name("support") / "every_object.sql"

# --- Identity


@pytest.fixture
def every(pg_shop):
    """A database with one of each; its roles are the server's, so they are made once."""
    major = int(pg_shop.value("SHOW server_version_num")) // 10000
    since = re.compile(r"-- since (\d+)$")
    text = "\n".join(
        line for line in EVERY_OBJECT.read_text().splitlines()
        if not since.search(line) or int(since.search(line).group(1)) <= major
    )
    for role in ("every_owner", "every_reader"):
        text = text.replace(
            f"CREATE ROLE {role};", f"DROP ROLE IF EXISTS {role}; CREATE ROLE {role};"
        )
    pg_shop.server.client(text, pg_shop.database)
    yield pg_shop
    # The roles go with what they own.
    pg_shop.close()
    pg_shop.server.client(f"DROP DATABASE {pg_shop.database} WITH (FORCE)")
    pg_shop.server.client("DROP ROLE every_owner; DROP ROLE every_reader")


def change_all(project):
    project.sql("ALTER EVENT TRIGGER no_drops DISABLE")
    project.server.client(
        """
        CREATE TABLE public.newer (a int); CREATE SCHEMA newer; CREATE TABLE newer.t (a serial);
        DELETE FROM public.copy_edges; DROP TABLE public.dots; DROP TABLE public.copy_edges;
        CREATE EXTENSION ltree; CREATE EXTENSION unaccent SCHEMA newer;
        CREATE FUNCTION ext.f(ext.hstore) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE EVENT TRIGGER newer ON ddl_command_end EXECUTE FUNCTION public.on_ddl();
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TYPES TO every_reader;
        COMMENT ON SCHEMA public IS 'x'; GRANT ALL ON SCHEMA ext, public TO PUBLIC;
        SELECT lo_unlink(70001); SELECT lo_from_bytea(70003, 'new');
        SELECT nextval('app.counter');
        """,
        project.database,
    )
    project.sql("ALTER EVENT TRIGGER no_drops ENABLE")


def test_identity(every):
    before = stock(every)
    made = dump(every)
    change_all(every)
    assert stock(every) != before
    every.ok("restore", made, "--yes")
    assert stock(every) == before
    (name,) = [n for n in visible(every) if n.startswith(made + ".")]
    assert name.endswith(".pgdump.zst")
    fresh = every.server.create_database()
    file = unpack(every, name, every.folder / "copy.pgdump")
    script = subprocess.run(
        [own_tool(every, "pg_restore"), "--file=-", file],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout
    # A newer one sets what this server doesn't know.
    script = re.sub(r"^SET transaction_timeout = 0;\n", "", script, flags=re.M)
    subprocess.run(every.server.client_command(fresh), input=script, text=True, check=True, timeout=120)
    assert stock(every, database=fresh) == before
    every.server.client(f"DROP DATABASE {fresh}")


def test_newer_pg_restore(every):
    """Since version 17 it sets what older servers don't know, and speaks to psql."""
    before = stock(every)
    made = dump(every)
    body = r"""
        [ "$1" != --list ] || exec "$real" "$@"
        printf '%s\n' '\restrict x'
        "$real" "$@" | sed 's/^SET row_security = off;/&\nSET transaction_timeout = 0;/'
        """
    env = wrapper(every, "99.1", body, "pg_restore")
    every.ok("restore", made, "--yes", env=env)
    assert stock(every) == before


def test_file_into_an_empty_database(every):
    before = stock(every)
    dump(every)
    file = unpack(every, visible(every)[0], every.folder / "copy.pgdump")
    other = every.server.create_database()
    every.ok("restore", file, "--yes", env={"DB_ENTRY_DATABASE_URL": every.server.url(other)})
    assert stock(every, database=other) == before
    every.server.client(f"DROP DATABASE {other}")


@pytest.fixture
def other(pg_shop):
    """Another database on the same server: its environment, and SQL run in it."""
    name = pg_shop.server.create_database()
    env = {"DB_ENTRY_DATABASE_URL": pg_shop.server.url(name), "DB_ENTRY_DUMP": "never"}
    yield env, lambda sql: pg_shop.server.client(sql, name).stdout
    pg_shop.server.client(f"DROP DATABASE {name} WITH (FORCE)")


def test_dump_of_another_database(pg_shop, other):
    """Told by what both hold: a file says nothing else of where it is from."""
    env, sql = other
    pg_shop.migration("0001_item", 'CREATE TABLE item (id integer); CREATE TABLE "a b" (id integer);')
    pg_shop.ok("apply")
    dump(pg_shop)
    file = unpack(pg_shop, visible(pg_shop)[0], pg_shop.folder / "copy.pgdump")

    def refusal():
        result = pg_shop.run("restore", file, "--yes", env=env, log="json")
        assert result.code != 0, result
        return result.refusal["what"] + "".join(result.refusal.get("why", []))

    sql("CREATE TABLE item_2 (id integer); CREATE SCHEMA app; CREATE TABLE app.item (id integer)")
    assert "they have no table in common" in refusal()
    sql("DROP TABLE item_2; DROP SCHEMA app CASCADE")
    pg_shop.ok("apply", env=env)
    assert "each has a history of its own" in refusal()
    # Nothing of ours in it: the same tables may be the same database, before db-entry came.
    sql("DROP TABLE db_entry_history, db_entry_run, db_entry_snapshot")
    pg_shop.ok("restore", file, "--yes", env=env)
    # And now a run is in both.
    pg_shop.ok("restore", file, "--yes", env=env)
    sql('DROP TABLE item; ALTER TABLE "a b" RENAME TO other')
    pg_shop.ok("restore", file, "--yes", env=env)


def test_owner_without_other_rights(pg_shop):
    """A role that owns its database and nothing else; extensions are the administrator's."""
    role = f"owner_{os.getpid()}"
    client = pg_shop.server.client
    client(f"CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER DATABASE {pg_shop.database} OWNER TO {role}")
    client("CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION pg_prewarm;"
           f" GRANT USAGE ON SCHEMA ext TO {role}; CREATE TABLE kept (a ext.hstore);"
           f" ALTER TABLE kept OWNER TO {role}; INSERT INTO kept VALUES ('a=>1')", pg_shop.database)
    env = {"DB_ENTRY_DATABASE_URL": pg_shop.server.url(pg_shop.database, role, "x")}
    before = stock(pg_shop)
    made = dump(pg_shop, env=env)
    pg_shop.sql("DELETE FROM kept")
    pg_shop.sql("CREATE SCHEMA newer")
    pg_shop.sql(f"ALTER SCHEMA newer OWNER TO {role}")
    pg_shop.ok("restore", made, "--yes", env=env)
    assert stock(pg_shop) == before
    pg_shop.sql("CREATE SCHEMA another")  # the superuser's
    refused = pg_shop.run("restore", made, "--yes", env={**env, "DB_ENTRY_DUMP": "never"})
    assert refused.code == 23 and "another" in refused.stderr, refused
    assert pg_shop.value("SELECT count(*) FROM kept") == "1"
    client(f"DROP OWNED BY {role} CASCADE", pg_shop.database)
    client(f"ALTER DATABASE {pg_shop.database} OWNER TO postgres; DROP ROLE {role}")


# --- Failures of a restore


def refuse_restore(project, made, text, code=23, **options):
    before = stock(project)
    result = project.run("restore", made, "--yes", log="json", **options)
    assert result.code == code and text in json.dumps(result.refusal), result
    assert stock(project) == before
    until_gone(project)


def test_open_transaction_of_another(pg_shop):
    populate(pg_shop)
    made = dump(pg_shop)
    blocker = lock(pg_shop)
    pg_shop.env["DB_ENTRY_DUMP"] = "never"
    result = pg_shop.run("restore", made, "--yes", env={"DB_ENTRY_LOCK_TIMEOUT": "500ms"})
    assert result.code == 23 and "as it was before" in result.stderr, result
    unlock(blocker)
    pg_shop.ok("restore", made, "--yes")


def test_what_is_no_dump(pg_shop):
    populate(pg_shop)
    made = dump(pg_shop, "--dump-compress=none")
    file = pg_shop.dumps / f"{made}.pgdump"
    whole = file.read_bytes()
    for part in (b"", whole[:100], whole[: len(whole) // 2], whole[:-1]):
        (pg_shop.folder / "part").write_bytes(part)
        refuse_restore(pg_shop, pg_shop.folder / "part", "part", code=25)
    plain = pg_shop.folder / "plain.sql"
    plain.write_text(stock(pg_shop))
    refuse_restore(pg_shop, plain, "psql", code=25)


def test_role_that_is_not_there(pg_shop):
    populate(pg_shop)
    role = f"gone_{os.getpid()}"
    pg_shop.sql(f"CREATE ROLE {role}")
    pg_shop.sql(f"GRANT SELECT ON item TO {role}")
    made = dump(pg_shop)
    pg_shop.sql(f"DROP OWNED BY {role}")
    pg_shop.sql(f"DROP ROLE {role}")
    refuse_restore(pg_shop, made, role)


def test_row_that_does_not_fit(pg_shop):
    """The server refuses in the middle of a COPY."""
    populate(pg_shop, 20_000)
    made = dump(pg_shop, "--dump-compress=none")
    file = pg_shop.dumps / f"{made}.pgdump"
    data = file.read_bytes().replace(b"19999\t", b"x9999\t")
    (pg_shop.folder / "odd").write_bytes(data)
    refuse_restore(pg_shop, pg_shop.folder / "odd", "x9999")


def test_subscription(pg_shop):
    populate(pg_shop)
    made = dump(pg_shop)
    pg_shop.sql("CREATE SUBSCRIPTION sub CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)")
    refuse_restore(pg_shop, made, "DROP SUBSCRIPTION")
    pg_shop.server.client("ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub", pg_shop.database)


def start_restore(project, made):
    return project.start(
        "restore", made, "--yes", env={"DB_ENTRY_DUMP": "never", "DB_ENTRY_LOCK_TIMEOUT": "0"}
    )


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
@pytest.mark.parametrize("phase", ["clear", "data", "after"])
def test_killed_while_restoring(pg_shop, number, code, phase):
    populate(pg_shop)
    # A check that sleeps where rows are restored, an index where it is built; not where they are made.
    check = "CHECK (public.slow())" if phase == "data" else ""
    where = "WHERE public.slow()" if phase == "after" else ""
    pg_shop.server.client(
        f"""
        CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
            IF current_setting('application_name') LIKE 'db-entry%' THEN PERFORM pg_sleep(60); END IF;
            RETURN true;
        END$$;
        CREATE TABLE sleepy (id integer {check});
        INSERT INTO sleepy VALUES (1);
        CREATE INDEX ON sleepy (id) {where};
        """,
        pg_shop.database,
    )
    made = dump(pg_shop)
    pg_shop.sql("INSERT INTO item VALUES (1000, 'later')")
    before = stock(pg_shop)
    blocker = lock(pg_shop) if phase == "clear" else None
    work = start_restore(pg_shop, made)
    if blocker is not None:
        until_waiting(pg_shop, "db-entry ")
    else:
        pg_shop.until("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')")
    began = time.monotonic()
    work.signal(number)
    assert work.wait().code == code
    until_gone(pg_shop)
    assert time.monotonic() - began < 10
    if blocker is not None:
        unlock(blocker)
    assert stock(pg_shop) == before


def test_connection_cut_while_restoring(pg_shop):
    populate(pg_shop)
    made = dump(pg_shop)
    pg_shop.sql("INSERT INTO item VALUES (1000, 'later')")
    blocker = lock(pg_shop)
    work = start_restore(pg_shop, made)
    until_waiting(pg_shop, "db-entry ")
    pg_shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'db-entry %'")
    result = work.wait()
    unlock(blocker)
    assert result.code == 23, result
    assert pg_shop.value("SELECT count(*) FROM item") == "101"


def test_safety_dump_is_the_way_back(pg_shop):
    populate(pg_shop)
    made = dump(pg_shop)
    pg_shop.sql("INSERT INTO item VALUES (1000, 'later')")
    later = stock(pg_shop)
    result = pg_shop.ok("restore", made, "--yes", log="json")
    safety = [e for e in result.events if e["event"] == "dump.restored"][0]["safety"]
    assert pg_shop.value("SELECT count(*) FROM item") == "100"
    pg_shop.ok("restore", safety, "--yes")
    assert stock(pg_shop) == later
