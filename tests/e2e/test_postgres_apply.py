"""What applying does on PostgreSQL beside running statements: data, locks of others, roles, COPY."""

import subprocess

import pytest

from support.dumps import lock, unlock

pytestmark = pytest.mark.server

ITEMS = "CREATE TABLE item (id integer PRIMARY KEY, text text);"


# --- COPY … FROM stdin


def test_data_of_a_copy(pg_project):
    pg_project.migration("0001_items", ITEMS)
    rows = "".join(f"{i}\ttext {i}\n" for i in range(50_000))
    pg_project.migration_path("0002_rows").write_text(
        "COPY item (id, text) FROM stdin;\n" + rows + "\\.\n"
        "COPY item FROM stdin (FORMAT csv);\n70000,\"two\nlines\"\n\\.\n"
        "COPY item FROM stdin;\n\\.\nINSERT INTO item VALUES (80000, 'behind it');\n"
    )
    pg_project.ok("apply")
    assert pg_project.value("SELECT count(*) FROM item") == "50002"
    assert pg_project.value("SELECT text FROM item WHERE id = 49999") == "text 49999"


def test_line_of_the_data_is_told(pg_project):
    pg_project.migration("0001_items", ITEMS)
    path = pg_project.migration(
        "0002_rows", "SELECT 1;\nCOPY item FROM stdin;\n1\tone\n2\ttwo\nthree\tthree\n4\tfour\n\\.\n"
    )
    result = pg_project.run("apply", log="json")
    assert result.code == 23, result
    assert (result.refusal["code"], result.refusal["line"]) == ("22P02", 5)
    assert result.refusal["file"] == str(path.relative_to(pg_project.folder))
    assert pg_project.value("SELECT count(*) FROM item") == "0"


# --- Locks of others


def test_who_keeps_a_lock_is_named_and_it_is_tried_again(pg_project):
    pg_project.migration("0001_items", ITEMS)
    pg_project.ok("apply")
    pg_project.migration("0002_note", "ALTER TABLE ITEM ADD COLUMN note text;")
    session = lock(pg_project)
    pid = pg_project.value(
        "SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
        " AND relation = 'item'::regclass"
    )
    try:
        result = pg_project.run("apply", "--lock-timeout=200ms", log="json")
    finally:
        unlock(session)
    assert result.code == 23, result
    assert result.refusal["code"] == "55P03"
    assert f"item is in use by pid {pid} (psql, idle in transaction" in result.refusal["what"]
    assert any(f"pg_terminate_backend({pid})" in line for line in result.refusal["next"])
    retried = [e for e in result.events if e["event"] == "migration.retried"]
    assert len(retried) == 4 and all(f"pid {pid}" in e["reason"] for e in retried)
    pg_project.ok("apply")


def test_lock_that_becomes_free(pg_project):
    pg_project.migration("0001_items", ITEMS)
    pg_project.ok("apply")
    pg_project.migration("0002_note", "ALTER TABLE item ADD COLUMN note text;")
    session = lock(pg_project)
    try:
        process = pg_project.start("apply", "--lock-timeout=2s")
        process.wait_for_event("migration.retried")
    finally:
        unlock(session)
    assert process.wait().code == 0
    assert pg_project.applied() == ["0001", "0002"]


# --- What a migration leaves behind in the session


LEFT = {
    "role": "SET ROLE {role};",
    "hidden": "DO $$ BEGIN EXECUTE 'SET ROLE {role}'; END $$;",
    "replica": "SET session_replication_role = replica;",
    "row security": "SET row_security = off;",
    "path": "SET search_path = pg_temp;",
}


@pytest.fixture
def role(pg_project):
    name = f"{pg_project.database}_role"
    pg_project.server.client(f"CREATE ROLE {name}; GRANT ALL ON SCHEMA public TO {name};",
                             pg_project.database)
    yield name
    pg_project.close()
    pg_project.server.client(f"DROP DATABASE {pg_project.database} WITH (FORCE); DROP ROLE {name}")


@pytest.mark.parametrize("what", LEFT)
def test_history_is_written_as_ourselves(pg_project, role, what):
    statement = LEFT[what].format(role=role)
    pg_project.migration("0001_items", ITEMS)
    pg_project.migration("0002_left", statement + "\nCREATE TABLE public.theirs (a integer);")
    pg_project.migration("0003_next", "CREATE TABLE ours (a integer);")
    result = pg_project.ok("apply", env={"DB_ENTRY_APPROVE": "0002"})
    assert "could not" not in result.stderr
    assert pg_project.applied() == ["0001", "0002", "0003"]
    assert pg_project.tables() == ["item", "ours", "theirs"]
    owner = pg_project.value("SELECT tableowner FROM pg_tables WHERE tablename = 'theirs'")
    assert (owner == role) == ("ROLE" in statement)


def test_role_lasts_from_statement_to_statement_outside_a_transaction(pg_project, role):
    pg_project.migration("0001_items", ITEMS + f"ALTER TABLE item OWNER TO {role};")
    pg_project.migration(
        "0002_index",
        f"-- db-entry: no-transaction\nSET ROLE {role};\nCREATE TABLE public.theirs (a integer);\n"
        "CREATE INDEX CONCURRENTLY item_text ON item (text);\n",
    )
    result = pg_project.ok("apply", env={"DB_ENTRY_APPROVE": "0002"})
    assert "could not" not in result.stderr
    assert pg_project.applied() == ["0001", "0002"]
    assert pg_project.value(
        "SELECT tableowner FROM pg_tables WHERE tablename = 'theirs'") == role
    assert pg_project.value(
        "SELECT outcome FROM db_entry_run ORDER BY started_at DESC LIMIT 1") == "0"


# --- Tables without rows


@pytest.mark.parametrize("name", ["item", "public.item", '"item"', "ITEM"])
def test_empty_table_is_nobody_s_loss(pg_project, name):
    pg_project.migration("0001_items", ITEMS + "CREATE TABLE other (a integer);")
    pg_project.ok("apply")
    path = pg_project.migration(
        "0002_gone", f"-- db-entry: no-transaction\nDROP TABLE {name};")
    pg_project.sql("INSERT INTO item VALUES (1, 'one')")
    assert pg_project.run("apply").code == 20
    pg_project.sql("DELETE FROM item")
    pg_project.ok("apply")
    assert path.exists() and pg_project.tables() == ["other"]


def test_rows_that_row_security_hides_count(pg_project, role):
    pg_project.server.client(
        f"ALTER ROLE {role} LOGIN PASSWORD 'x'; CREATE TABLE item (id integer);"
        f"INSERT INTO item VALUES (1); ALTER TABLE item ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE item FORCE ROW LEVEL SECURITY; ALTER TABLE item OWNER TO {role};",
        pg_project.database,
    )
    pg_project.env["DB_ENTRY_DATABASE_URL"] = (
        f"postgresql://{role}:x@127.0.0.1:{pg_project.server.port}/{pg_project.database}"
    )
    pg_project.migration("0002_gone", "-- db-entry: no-transaction\nDROP TABLE item;")
    assert pg_project.run("apply").code == 20
    assert pg_project.tables() == ["item"]


# --- CREATE INDEX CONCURRENTLY that leaves an INVALID index


DUPLICATES = ITEMS + "INSERT INTO item VALUES (1, 'twice'), (2, 'twice');"
UNIQUE = "CREATE UNIQUE INDEX CONCURRENTLY item_text ON item (text);"
# The server names it; a schema is written; names are quoted; a table is made and settings are first.
INDEXES = {
    "named": (UNIQUE, "item_text", 1),
    "unnamed": ("CREATE UNIQUE INDEX CONCURRENTLY ON public.item (text);", "item_text_idx", 1),
    "quoted": ('CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Item text" ON "item" (text);',
               '"Item text"', 1),
    "third": (
        "-- db-entry: no-transaction\nSET search_path = other;\nCREATE TABLE made (a int);\n"
        "CREATE UNIQUE INDEX CONCURRENTLY item_text ON public.item (text);\n"
        "CREATE TABLE last (a int);", "item_text", 3),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_invalid_index_is_named_dropped_and_made_again(pg_project, kind):
    sql, index, statement = INDEXES[kind]
    pg_project.migration("0001_items", "CREATE SCHEMA other;" + DUPLICATES)
    pg_project.ok("apply")
    path = pg_project.migration("0002_index", sql)
    result = pg_project.run("apply", log="json")
    assert result.code == 24, result
    assert result.refusal["code"] == "23505"
    assert f"index public.{index} is INVALID" in "".join(result.refusal["why"]), result
    assert any("repair --retry 0002" in line for line in result.refusal["next"])
    # It is found by whoever looks, too, and nobody says that it is applied.
    again = pg_project.run("apply", log="json")
    assert again.code == 24 and f"index public.{index} is INVALID" in "".join(again.refusal["why"])
    shown = pg_project.ok("repair").stdout
    assert f"index public.{index} is INVALID" in shown
    assert f"run it from statement {statement}: db-entry repair --retry 0002" in shown
    for option in ("--applied", "--reverted"):
        refused = pg_project.run("repair", option, "0002")
        assert refused.code == 64 and f"DROP INDEX CONCURRENTLY public.{index}" in refused.stderr
    # As long as the data are as they are, so is the outcome.
    assert pg_project.run("repair", "--retry", "0002").code == 24
    pg_project.sql("DELETE FROM item WHERE id = 2")
    done = pg_project.ok("repair", "--retry", "0002", log="json")
    assert "repair.cleaned" in done.event_names and "migration.applied" in done.event_names
    assert pg_project.applied() == ["0001", "0002"] and path.exists()
    assert pg_project.sql(
        "SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'item'::regclass"
        " AND NOT indisprimary") == [(index, "t")]
    if kind == "third":
        assert pg_project.sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'other'::regnamespace"
            " AND relkind = 'r' ORDER BY 1") == [("last",), ("made",)]
    assert pg_project.ok("repair").stdout.endswith("nothing to repair\n")


def hold(project, table="item", mode="ROW EXCLUSIVE"):
    """A session whose transaction is waited for by what acts CONCURRENTLY."""
    session = subprocess.Popen(
        project.server.client_command(project.database), stdin=subprocess.PIPE, text=True)
    session.stdin.write(f"BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE {table} IN {mode} MODE;"
                        f" SELECT count(*) FROM {table};\n")
    session.stdin.flush()
    project.until("EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction'"
                  " AND backend_xmin IS NOT NULL)")
    return session


def test_index_that_was_cut_off(pg_project):
    pg_project.migration("0001_items", ITEMS)
    pg_project.ok("apply")
    pg_project.migration("0002_index", "CREATE INDEX CONCURRENTLY item_text ON item (text);")
    session = hold(pg_project)
    try:
        process = pg_project.start("apply", "--lock-timeout=0")
        pg_project.until("EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)")
        process.signal(9)
        process.wait()
        pg_project.until("NOT EXISTS (SELECT FROM pg_stat_activity WHERE"
                         " query LIKE 'CREATE INDEX CONC%' AND state = 'active')")
    finally:
        unlock(session)
    shown = pg_project.ok("repair").stdout
    assert "may or may not be done" in shown and "index public.item_text is INVALID" in shown
    pg_project.ok("repair", "--retry", "0002")
    assert pg_project.applied() == ["0001", "0002"]
    assert pg_project.value("SELECT bool_and(indisvalid) FROM pg_index") == "t"


PARTS = ITEMS + (
    "DROP TABLE item; CREATE TABLE item (id int, text text) PARTITION BY LIST (id);"
    "CREATE TABLE one PARTITION OF item FOR VALUES IN (1); CREATE INDEX one_text ON one (text);"
    "INSERT INTO item VALUES (1, repeat('x', 10));"
)
# What each leaves where it is cut off behind its first step
CONCURRENT = {
    "reindex": (
        "REINDEX TABLE CONCURRENTLY item", ITEMS + "CREATE INDEX item_text ON item (text);",
        "indexes public.item_pkey_ccnew, public.item_text_ccnew, pg_toast."),
    "reindex_one": (
        "REINDEX (VERBOSE) INDEX CONCURRENTLY public.item_pkey", ITEMS,
        "index public.item_pkey_ccnew is INVALID"),
    "reindex_parts": (
        "REINDEX TABLE CONCURRENTLY item", PARTS, "public.one_text_ccnew"),
    "detach": (
        "ALTER TABLE item DETACH PARTITION one CONCURRENTLY", PARTS,
        "public.one is half detached from public.item"),
}


@pytest.mark.parametrize("kind", CONCURRENT)
def test_what_is_half_done_concurrently_is_named_and_gone_on_with(pg_project, kind):
    sql, before, found = CONCURRENT[kind]
    pg_project.migration("0001_items", before)
    pg_project.ok("apply", env={"DB_ENTRY_APPROVE": "all"})
    pg_project.migration("0002_next", f"{sql};")
    session = hold(pg_project, *(["one", "ACCESS SHARE"] if kind == "reindex_parts" else []))
    try:
        result = pg_project.run("apply", "--lock-timeout=1s", log="json")
    finally:
        unlock(session)
    assert result.code == 24, result
    assert found in "".join(result.refusal["why"]), result
    assert found in pg_project.ok("repair").stdout
    pg_project.ok("repair", "--retry", "0002")
    assert pg_project.applied() == ["0001", "0002"]
    assert pg_project.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"
    assert pg_project.value("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == "0"
    if kind == "detach":
        assert pg_project.value("SELECT count(*) FROM item") == "0"


def test_index_whose_drop_was_cut_off_is_dropped(pg_project):
    pg_project.migration("0001_items", ITEMS + "CREATE INDEX item_text ON item (text);")
    pg_project.ok("apply")
    pg_project.migration("0002_drop", "DROP INDEX CONCURRENTLY item_text;")
    session = hold(pg_project)
    try:
        process = pg_project.start("apply", "--lock-timeout=0")
        pg_project.until("EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)")
        process.signal(9)
        process.wait()
        pg_project.until("NOT EXISTS (SELECT FROM pg_stat_activity WHERE"
                         " query LIKE 'DROP INDEX CONC%' AND state = 'active')")
    finally:
        unlock(session)
    pg_project.ok("apply")
    assert pg_project.applied() == ["0001", "0002"]
    assert pg_project.value("SELECT to_regclass('item_text') IS NULL") == "t"


def test_invalid_index_that_the_corrected_file_has_no_more(pg_project):
    pg_project.env["DB_ENTRY_DRIFT"] = "ignore"
    pg_project.migration("0001_items", DUPLICATES)
    pg_project.ok("apply")
    text = "-- db-entry: no-transaction\nCREATE TABLE made (a int);\n"
    pg_project.migration("0002_index", text + UNIQUE)
    assert pg_project.run("apply").code == 24
    pg_project.migration("0002_index", text)
    pg_project.ok("repair", "--retry", "0002")
    assert pg_project.applied() == ["0001", "0002"]
    assert pg_project.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"


def test_invalid_index_of_another_is_not_taken_for_done(pg_project):
    pg_project.env["DB_ENTRY_DRIFT"] = "ignore"
    pg_project.migration("0001_items", DUPLICATES)
    pg_project.ok("apply")
    pg_project.server.client(UNIQUE, pg_project.database, check=False)
    pg_project.migration("0002_index", UNIQUE.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS"))
    result = pg_project.run("apply", log="json")
    assert result.code == 24 and "index public.item_text is INVALID" in result.refusal["what"], result


def test_only_what_is_unfinished_is_retried(pg_project):
    pg_project.migration("0001_items", ITEMS)
    pg_project.ok("apply")
    result = pg_project.run("repair", "--retry", "0001")
    assert result.code == 64 and "is applied; --retry is for" in result.stderr
    assert pg_project.run("repair", "--retry", "7").code == 64


def test_start_again_after_the_data_were_mended(pg_project):
    pg_project.env["DB_ENTRY_DRIFT"] = "ignore"
    pg_project.migration(
        "0001_half",
        "-- db-entry: no-transaction\nCREATE SCHEMA other;\nSET search_path = other;\n"
        "CREATE TABLE a (a int);\nINSERT INTO public.b VALUES (1);\nCREATE TABLE c (a int);",
    )
    assert pg_project.run("apply").code == 24
    pg_project.sql("CREATE TABLE b (a int)")
    pg_project.ok("apply")
    assert pg_project.sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'other'::regnamespace"
        " AND relkind = 'r' ORDER BY 1") == [("a",), ("c",)]
    assert pg_project.value("SELECT count(*) FROM b") == "1"
