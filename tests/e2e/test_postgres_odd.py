"""PostgreSQL set up in unusual ways, and changed behind a run's back: told as what it is."""

import subprocess

import pytest

from support.dumps import lock, unlock
from support.lives import Phase
from support.postgres import Gate, PostgresProject

pytestmark = pytest.mark.server

MIGRATION = "CREATE TABLE customers (id integer PRIMARY KEY, name text);"


@pytest.fixture
def shop(pg_project):
    pg_project.migration("0001_customers", MIGRATION)
    return pg_project


@pytest.fixture
def role(shop):
    """A role of its own, which the URL names; its name."""
    name = f"role_of_{shop.database}"
    shop.server.client(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    shop.sql(f"GRANT ALL ON SCHEMA public TO {name}")
    shop.env["DB_ENTRY_DATABASE_URL"] = shop.server.url(shop.database, name, "secret")
    yield name
    shop.close()
    shop.server.client(f"DROP DATABASE IF EXISTS {shop.database} WITH (FORCE)")
    shop.server.client(f"DROP ROLE {name}")


def advice(result):
    return "\n".join(result.refusal["next"])


# Encodings


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
def test_other_encodings(db_entry, tmp_path, postgres, encoding):
    name = f"encoded_{encoding.lower()}"
    postgres.client(
        f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    project = PostgresProject(db_entry, tmp_path, postgres, name)
    project.migration("0001_street", """
        -- a comment with € and …
        CREATE TABLE "straße" (name text DEFAULT 'é');
        INSERT INTO "straße" VALUES ('ü');
        """)
    project.ok("apply")
    project.ok("mirror", "pull")
    assert "straße" in (project.folder / "db/schema/tables.json").read_text()
    project.ok("diff")
    project.ok("run", "--", "true")
    # What the database can't hold is not half applied, and told by its cause.
    project.migration("0002_euro", """
        -- migrate:up
        CREATE TABLE prices (name text);
        -- migrate:down
        DROP TABLE prices; -- in €
        """)
    result = project.run("apply", env={"DB_ENTRY_MISMATCH": "ignore"}, log="json")
    assert result.code == (0 if encoding == "SQL_ASCII" else 23), result
    assert encoding == "SQL_ASCII" or "its down part" in advice(result), result
    project.close()


# Settings of a role or a database


def test_sessions_that_begin_read_only(shop):
    shop.ok("apply")
    shop.server.client(f"ALTER DATABASE {shop.database} SET default_transaction_read_only = on")
    shop.ok("run", "--", "true")  # nothing is pending
    shop.migration("0002_more", "INSERT INTO customers VALUES (1, 'Ada');")
    for words in (["apply"], ["baseline", "0002"], ["rollback", "--steps", "1"]):
        result = shop.run(*words, log="json")
        assert result.code == 26, result
        assert f'ALTER DATABASE "{shop.database}" RESET' in advice(result)
    shop.server.client(f"ALTER DATABASE {shop.database} RESET default_transaction_read_only")
    shop.ok("apply")


def test_time_limits_of_a_role(shop, role):
    """Where there is work they are set aside; where something is read they are named."""
    for setting in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        shop.server.client(f"ALTER ROLE {role} SET {setting} = '2s'")
    shop.migration("0002_slow", "INSERT INTO customers SELECT 1, 'Ada' FROM pg_sleep(3);")
    shop.ok("apply")
    other = lock(shop, "pg_catalog.pg_policy")
    result = shop.run("mirror", "pull", log="json")
    unlock(other)
    assert result.code == 1, result
    assert f'ALTER ROLE "{role}" SET' in advice(result)


def test_search_path_to_a_schema_that_is_not_there(shop, role):
    shop.server.client(f"ALTER ROLE {role} SET search_path = nowhere")
    result = shop.run("apply", log="json")
    assert result.code == 23, result
    assert "make the schema first" in advice(result)
    shop.sql(f"CREATE SCHEMA nowhere AUTHORIZATION {role}")
    shop.ok("apply")
    assert shop.value("SELECT count(*) FROM nowhere.db_entry_history") == "1"


def test_one_connection_is_too_few_for_a_dump(shop, role):
    shop.ok("apply")
    shop.server.client(f"ALTER ROLE {role} CONNECTION LIMIT 1")
    shop.migration("0002_more", "INSERT INTO customers VALUES (1, 'Ada');")
    env = {"DB_ENTRY_DUMP": "always", "DB_ENTRY_DUMP_DIR": str(shop.dumps)}
    result = shop.run("apply", env=env, log="json")
    assert result.code == 25, result
    assert "too many connections" in result.refusal["what"]
    assert "pg_dump" in advice(result) and "can write" not in advice(result), result
    assert shop.applied() == ["0001"]


def test_connections_are_waited_for(shop, role):
    shop.server.client(f"ALTER ROLE {role} CONNECTION LIMIT 1")
    other = subprocess.Popen(
        [shop.server.programs()["psql"], shop.env["DB_ENTRY_DATABASE_URL"]], stdin=subprocess.PIPE)
    shop.until(f"EXISTS (SELECT FROM pg_stat_activity WHERE usename = '{role}')")
    process = shop.start("apply")
    assert process.wait_for_event("wait.retry")["code"] == "53300"
    other.stdin.close()
    other.wait(30)
    assert process.wait().code == 0


# Changed meanwhile


def test_password_changed_at_commit(shop, role):
    """The connection is lost, and there is no other: nobody knows, and the next start finds out."""
    gate = Gate(shop.server.port, Phase(b"IMMEDIATE; COMMIT"), after=True,
                act=lambda: shop.server.client(f"ALTER ROLE {role} PASSWORD 'other'"))
    url = shop.env["DB_ENTRY_DATABASE_URL"].replace(f":{shop.server.port}/", f":{gate.port}/")
    env = {"DB_ENTRY_DATABASE_URL": url, "DB_ENTRY_WAIT_GRACE": "1s"}
    result = shop.run("apply", env=env, log="json")
    gate.close()
    assert result.code == 77, result
    assert "its outcome is unknown" in result.refusal["what"]
    shop.env["DB_ENTRY_DATABASE_URL"] = shop.server.url(shop.database, role, "other")
    shop.ok("run", "--", "true")
    assert shop.applied() == ["0001"]


def test_password_corrected_while_it_is_waited_for(shop, role):
    shop.env["DB_ENTRY_DATABASE_URL"] = shop.server.url(shop.database, role, "other")
    process = shop.start("apply")
    assert process.wait_for_event("wait.retry")["code"] == "28P01"
    shop.server.client(f"ALTER ROLE {role} PASSWORD 'other'")
    assert process.wait().code == 0


def test_database_dropped_in_a_migration(shop):
    """Neither the statement nor the data of it is to blame."""
    shop.migration("0002_slow", "SELECT pg_sleep(60);")
    holder = shop.start("apply")
    shop.until_running("pg_sleep(60)")
    waiting = shop.start("apply")
    waiting.wait_for_event("lock.waiting")
    shop.server.client(f"DROP DATABASE {shop.database} WITH (FORCE)")
    result = holder.wait()
    assert result.code == 23, result
    assert advice(result).startswith("start again"), result
    assert waiting.wait().code == 69
    assert shop.run("apply", env={"DB_ENTRY_WAIT_GRACE": "0"}).code == 69


# Outside a transaction


def test_what_the_server_refused_for_want_of_room_can_be_retried(shop):
    """The disk is full: that the statement was not done is known."""
    shop.migration("0002_full", """
        -- db-entry: no-transaction
        CREATE TABLE first (a integer);
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM customers) THEN
                RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
            END IF;
        END $$;
        CREATE TABLE second (a integer);
        """)
    shop.env["DB_ENTRY_APPROVE"] = "0002"
    result = shop.run("apply", log="json")
    assert result.code == 24, result
    shop.sql("INSERT INTO customers VALUES (1, 'Ada')")
    shop.ok("repair", "--retry", "0002")
    assert shop.tables() == ["customers", "first", "second"]
    assert shop.applied() == ["0001", "0002"]
