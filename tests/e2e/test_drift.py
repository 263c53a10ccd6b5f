"""Drift: what somebody else changed since the last run is told, and stops what touches it."""

import signal
import sqlite3
import time

import pytest

from support.ledger import judge, write_ledger


@pytest.fixture
def live(shop):
    """The shop with both migrations applied."""
    shop.ok("apply")
    return shop


def drift_of(result):
    """What the run called drift; None when it found none."""
    found = [event for event in result.events if event["event"] == "drift.found"]
    assert len(found) <= 1
    return found[0]["objects"] if found else None


def start(project, **options):
    return project.run("run", "--", "echo", "started", log="json", **options)


def snapshot(project):
    return project.sql(
        "SELECT format, engine, history, fingerprint, mirror, verdict, differences, catalog"
        " FROM db_entry_snapshot"
    )


def test_what_a_run_left_is_not_drift(live):
    result = start(live)
    assert result.code == 0 and drift_of(result) is None
    assert len(result.events) == 1
    assert live.ok("status").stdout.count("as the last run left it") == 1


@pytest.mark.parametrize(
    "change, told",
    [
        ("CREATE INDEX by_name ON customers (name)", "index customers.by_name added"),
        ("CREATE TABLE extra (a)", "table extra added"),
        ("DROP TABLE orders", "table orders removed"),
        ("ALTER TABLE customers ADD COLUMN age integer", "column customers.age added"),
        ("CREATE VIEW names AS SELECT name FROM customers", "view names added"),
        (
            "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END",
            "trigger t added",
        ),
    ],
)
def test_what_somebody_else_changed_is_a_warning(live, change, told):
    live.sql(change)
    result = start(live)
    assert result.code == 0 and result.stdout == "started\n"
    assert drift_of(result) == told
    assert drift_of(start(live)) == told, "it stays drift until it is accepted"
    assert "changed since the last run" in live.ok("status").stdout
    shown = live.run("diff", "--last-run")
    assert shown.code == 27 and "only in the" in shown.stdout


def test_a_change_of_an_attribute_is_shown_old_and_new(live):
    live.sql("DROP TABLE orders")
    live.sql("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id TEXT)")
    shown = live.run("diff", "--last-run")
    assert "INTEGER → TEXT" in shown.stdout
    as_json = live.run("diff", "--last-run", "--json")
    assert as_json.code == 27
    assert {change["difference"] for change in as_json.json["differences"]} == {
        "changed",
        "only-last_run",
    }


@pytest.mark.parametrize(
    "sql",
    [
        "DROP INDEX by_name;",
        "CREATE INDEX By_Name ON customers (id);",
        'DROP INDEX "by_name";',
        "ALTER TABLE customers DROP COLUMN name;",
        "ALTER TABLE customers RENAME TO people;",
    ],
)
def test_a_migration_that_touches_it_is_stopped(live, sql):
    live.sql("CREATE INDEX by_name ON customers (name)")
    live.migration("0003_touch", sql)
    before = live.sql("SELECT * FROM sqlite_master")
    result = live.run("apply", env={"DB_ENTRY_APPROVE": "0003"})
    assert result.code == 21, result
    assert "0003_touch.sql:1 touches index customers.by_name" in result.stderr
    assert live.sql("SELECT * FROM sqlite_master") == before
    assert live.run("plan").code == 21
    assert not live.dumps.exists() or not list(live.dumps.glob("backup*")), "no dump for nothing"
    live.run("apply", env={"DB_ENTRY_APPROVE": "0003", "DB_ENTRY_DRIFT": "ignore"})


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE other (a);",
        "ALTER TABLE customers ADD COLUMN age integer;",
        "UPDATE customers SET name = 'x' WHERE id = 1;",
        "CREATE INDEX other ON customers (id); -- by_name",
        "INSERT INTO customers (name) VALUES ('by_name');",
    ],
)
def test_a_migration_beside_it_goes_on(live, sql):
    live.sql("CREATE INDEX by_name ON customers (name)")
    live.migration("0003_beside", sql)
    result = start(live)
    assert result.code == 0, result
    assert drift_of(result) == "index customers.by_name added"
    assert drift_of(start(live)) is None, "it is part of what 0003 left"


def test_a_changed_table_is_touched_by_its_name(live):
    live.sql("ALTER TABLE customers ADD COLUMN age integer")
    live.migration("0003_touch", "UPDATE customers SET name = 'x' WHERE id = 1;")
    assert live.run("apply").code == 21
    live.ok("apply", env={"DB_ENTRY_DRIFT": "warn"})


def test_policies(live):
    live.sql("CREATE TABLE extra (a)")
    blocked = live.run("run", "--", "echo", "started", env={"DB_ENTRY_DRIFT": "block"})
    assert (blocked.code, blocked.stdout) == (21, "")
    assert "+ table extra" in blocked.stderr
    assert live.run("status", "--check", env={"DB_ENTRY_DRIFT": "block"}).code == 21
    assert live.run("health", env={"DB_ENTRY_DRIFT": "block"}).code == 1
    quiet = start(live, env={"DB_ENTRY_DRIFT": "ignore"})
    assert quiet.code == 0 and drift_of(quiet) is None
    assert drift_of(start(live)) == "table extra added", "not told is not accepted"


def test_drift_is_accepted_on_request(live):
    live.sql("CREATE TABLE extra (a)")
    said = live.ok("repair", "--accept-drift")
    assert "recorded as it is" in said.stdout
    assert drift_of(start(live)) is None
    assert live.ok("diff", "--last-run").stdout.endswith("is as the last run left it\n")
    assert live.value("SELECT detail FROM db_entry_run WHERE command = 'repair'") == "accept-drift"
    assert live.run("repair", "--accept-drift", "--forget", "0001").code == 64


@pytest.mark.parametrize("action", ["accept", "forget"])
def test_a_repair_of_the_history_accepts_no_drift(live, action):
    live.sql("CREATE TABLE extra (a)")
    path = live.migration_path("0002_orders")
    if action == "accept":
        path.write_text(path.read_text() + "SELECT 1;")
    else:
        path.unlink()
    live.ok("repair", f"--{action}", "0002")
    assert drift_of(start(live)) == "table extra added"
    live.ok("repair", "--accept-drift")
    assert drift_of(start(live)) is None


def test_status_says_what_the_difference_is_and_not_how_it_is_written(live):
    live.sql("ALTER TABLE customers RENAME TO people")
    live.sql("ALTER TABLE people RENAME TO customers")
    assert live.ok("diff", "--last-run").stdout.endswith("is as the last run left it\n")
    assert "as the last run left it" in live.ok("status").stdout
    assert drift_of(start(live, env={"DB_ENTRY_DRIFT": "block"})) is None


@pytest.mark.parametrize(
    "odd",
    [
        'CREATE TABLE "" ("" text)',
        'CREATE TABLE "\x1b[31mred\nnew" (a)',
        'CREATE TABLE "täble" (é text); CREATE TABLE "TÄBLE" (É text, é integer)',
        "CREATE TABLE twice (a CHECK (a > 1), b CHECK (a > 1), UNIQUE (a), UNIQUE (a, b))",
        "CREATE TABLE cafe (a text DEFAULT 'é', \"é\" integer CHECK (a <> 'é'))",
    ],
)
def test_whatever_a_schema_holds_it_is_recorded_and_compared(live, odd):
    connection = sqlite3.connect(live.database, isolation_level=None)
    connection.executescript(odd)
    if "cafe" in odd:  # in an encoding of the last century
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = CAST(? AS text) WHERE name = 'cafe'",
            [odd.encode("latin-1")],
        )
    connection.close()
    live.ok("repair", "--accept-drift")
    live.sql("CREATE TABLE extra (a)")
    for _ in range(2):
        assert drift_of(start(live)) == "table extra added"
    live.sql("DROP TABLE extra")
    live.ok("mirror", "pull")
    assert start(live, env={"DB_ENTRY_DRIFT": "block"}).code == 0


def test_undone_drift_is_none(live):
    live.sql("CREATE TABLE extra (a)")
    assert drift_of(start(live)) is not None
    live.sql("DROP TABLE extra")
    assert drift_of(start(live)) is None


@pytest.mark.parametrize(
    "change",
    [
        "ANALYZE",
        "VACUUM",
        "CREATE TEMPORARY TABLE passing (a)",
        "INSERT INTO customers (name) VALUES ('x')",
        "REINDEX",
        "PRAGMA user_version = 7",
    ],
)
def test_what_is_no_schema_is_no_drift(live, change):
    connection = sqlite3.connect(live.database, isolation_level=None)
    connection.execute(change)
    connection.close()
    result = start(live, env={"DB_ENTRY_DRIFT": "block"})
    assert result.code == 0 and drift_of(result) is None


def test_shadow_tables_of_a_virtual_table_are_its_own_business(live):
    live.migration("0003_search", "CREATE VIRTUAL TABLE search USING fts5 (body);")
    live.ok("apply")
    live.sql("INSERT INTO search VALUES ('hello')")
    live.sql("INSERT INTO search (search) VALUES ('optimize')")
    result = start(live, env={"DB_ENTRY_DRIFT": "block"})
    assert result.code == 0 and drift_of(result) is None


def test_another_engine_version_records_anew(live):
    before = snapshot(live)
    live.sql("UPDATE db_entry_snapshot SET engine = 'SQLite 3.1.4', fingerprint = 'other'")
    result = start(live, env={"DB_ENTRY_DRIFT": "block"})
    assert result.code == 0 and drift_of(result) is None
    assert snapshot(live) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE db_entry_snapshot SET format = 99, fingerprint = 'other'",
        "DELETE FROM db_entry_snapshot",
        "DROP TABLE db_entry_snapshot",
        "INSERT INTO db_entry_snapshot SELECT * FROM db_entry_snapshot",
        "UPDATE db_entry_snapshot SET verdict = 'unjudged', format = 'x'",
        "UPDATE db_entry_snapshot SET catalog = 'AAAA', fingerprint = 'other'",
        "UPDATE db_entry_snapshot SET catalog = '?', fingerprint = 'other'",
    ],
)
def test_a_snapshot_nobody_can_use_is_made_anew(live, damage):
    before = snapshot(live)
    live.sql(damage)
    result = start(live, env={"DB_ENTRY_DRIFT": "block"})
    assert result.code == 0 and drift_of(result) is None
    assert snapshot(live) == before
    live.sql("CREATE TABLE extra (a)")
    assert drift_of(start(live)) == "table extra added"


@pytest.mark.parametrize(
    "foreign", ["TABLE db_entry_snapshot (a)", "VIEW db_entry_snapshot AS SELECT 1 AS a"]
)
def test_something_else_of_its_name_is_named(live, foreign):
    live.sql("DROP TABLE db_entry_snapshot")
    live.sql(f"CREATE {foreign}")
    live.migration("0003_next", "CREATE TABLE next (a);")
    refused = live.run("apply")
    assert refused.code in (1, 23) and "db_entry_snapshot can't be used" in refused.stderr
    assert "drop it" in refused.stderr
    live.sql(f"DROP {foreign.split()[0]} db_entry_snapshot")
    live.ok("apply")


def test_nobody_waits_to_record_what_did_not_change(live):
    """The application of another replica is writing, and only the record is out of date."""
    live.sql("UPDATE db_entry_snapshot SET engine = 'SQLite 3.1.4'")
    writer = sqlite3.connect(live.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    result = start(live, env={"DB_ENTRY_LOCK_TIMEOUT": "1m"})
    assert result.code == 0 and time.monotonic() - began < 10
    writer.close()


def test_nothing_is_written_while_nothing_changed(live):
    start(live)
    before = live.database.read_bytes()
    start(live)
    assert live.database.read_bytes() == before


def test_a_read_only_database_is_judged_and_not_written(live):
    live.sql("DELETE FROM db_entry_snapshot")
    live.env["DB_ENTRY_DATABASE_URL"] += "?mode=ro"
    assert start(live).code == 0
    assert snapshot(live) == []


def test_while_another_migrates_nothing_is_recorded_and_nobody_waits(live, kill_at):
    live.sql("DELETE FROM db_entry_snapshot")
    live.migration("0003_next", "CREATE TABLE next (a);")
    at = 0
    holder = None
    while holder is None or not list(live.folder.glob("shop.db.db-entry.lock")):
        at += 1
        if holder is not None:
            holder.signal(signal.SIGKILL)
            holder.wait()
        holder = live.start("apply", env=kill_at(at, "after", signal.SIGSTOP))
        while True:
            with open(f"/proc/{holder.pid}/stat", encoding="ascii", errors="replace") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
            if state in "TZ":
                break
    live.migration_path("0003_next").unlink()
    result = start(live)
    assert result.code == 0, result
    holder.signal(signal.SIGCONT)
    assert holder.wait().code == 0


def test_a_crash_is_never_drift(project, kill_at):
    """Killed at every event of a run on a database that has a history already."""
    write_ledger(project)
    first = project.migration_path("0001_customers")
    others = [path for path in first.parent.iterdir() if path != first]
    texts = {path: path.read_text() for path in others}
    at = 0
    while True:
        at += 1
        for path in project.folder.glob("shop.db*"):
            path.unlink()
        for path in others:
            path.unlink()
        project.ok("apply")
        for path, text in texts.items():
            path.write_text(text)
        if project.run("apply", env=kill_at(at, "after", signal.SIGKILL)).code == 0:
            break
        if judge(project).started:
            continue
        result = start(project, env={"DB_ENTRY_DRIFT": "block"})
        assert result.code == 0 and drift_of(result) is None, result
    assert at > 20


def test_drift_between_a_crash_and_the_next_start_is_seen(live):
    live.migration("0003_next", "CREATE TABLE next (a);")
    live.migration("0004_wrong", "CREATE TABLE next (a);")
    assert live.run("apply").code == 23
    assert live.applied() == ["0001", "0002", "0003"]
    live.sql("CREATE INDEX hand ON next (a)")
    live.migration("0004_wrong", "DROP INDEX hand;")
    assert live.run("apply").code == 21


def test_twenty_starts_at_once_find_no_drift(shop):
    shop.ok("apply")
    for number in range(3, 13):
        shop.migration(f"{number:04}_more", f"CREATE TABLE more_{number} (a);")
    processes = [
        shop.start("run", "--", "true", env={"DB_ENTRY_DRIFT": "block"}) for _ in range(20)
    ]
    for process in processes:
        result = process.wait()
        assert result.code == 0, result
        assert drift_of(result) is None
    assert len(shop.applied()) == 12


def test_older_images_beside_a_newer_one_find_no_drift(shop):
    """A rollout: the newer image migrates while older ones start again and again."""
    shop.ok("apply")
    env = {"DB_ENTRY_DRIFT": "block", "DB_ENTRY_MIGRATIONS": "newer"}
    for path in (shop.folder / "db/migrations").iterdir():
        shop.write(f"newer/{path.name}", path.read_text())
    for number in range(3, 30):
        shop.migration(f"{number:04}_more", f"CREATE TABLE more_{number} (a);", folder="newer")
    newer = shop.start("run", "--", "true", env=env)
    older = [
        shop.start("run", "--", "true", env={"DB_ENTRY_DRIFT": "block"}) for _ in range(12)
    ]
    for process in [newer, *older]:
        result = process.wait()
        assert result.code == 0, result
        assert drift_of(result) is None
    assert len(shop.applied()) == 29


def wait_until_stopped(process):
    while True:
        with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as stat:
            state = stat.read().rpartition(")")[2].split()[0]
        if state in "TZ":
            break
        time.sleep(0.001)
    assert state == "T", process.wait()


def test_an_older_image_waits_for_a_migration_without_a_transaction(shop, kill_at):
    """It begins between the older image's first look and its second: no 24, no drift."""
    for path in (shop.folder / "db/migrations").iterdir():
        shop.write(f"newer/{path.name}", path.read_text())
    newer_env = {"DB_ENTRY_MIGRATIONS": "newer"}
    shop.migration("0003_more", "CREATE TABLE more (a);", folder="newer")
    shop.ok("apply", env=newer_env)
    shop.migration(
        "0004_apart",
        "-- db-entry: no-transaction\nCREATE TABLE apart (a);\nCREATE TABLE other (a);",
        folder="newer",
    )
    copy = shop.folder / "rehearsal.db"
    copy.write_bytes(shop.database.read_bytes())
    rehearsal = shop.ok(
        "apply",
        env={
            **newer_env,
            "DB_ENTRY_LOG_LEVEL": "debug",
            "DB_ENTRY_DATABASE_URL": f"sqlite:{copy}",
            "DB_ENTRY_DUMP_DIR": str(shop.folder / "rehearsal"),
        },
        log="json",
    )
    done = rehearsal.event_names.index("migration.statement") + 1
    env = {**kill_at(1, "after", signal.SIGSTOP), "DB_ENTRY_LOG_LEVEL": "info"}
    older = shop.start("run", "--", "echo", "started", env={**env, "DB_ENTRY_DRIFT": "block"})
    wait_until_stopped(older)
    newer = shop.start("apply", env={**kill_at(done, "after", signal.SIGSTOP), **newer_env})
    wait_until_stopped(newer)
    assert "apart" in shop.tables() and "other" not in shop.tables()
    older.signal(signal.SIGCONT)
    older.wait_for_event("lock.waiting")
    newer.signal(signal.SIGCONT)
    assert newer.wait().code == 0
    result = older.wait()
    assert (result.code, result.stdout) == (0, "started\n"), result


def test_a_changed_history_is_not_drift(live):
    """Somebody settled a row by hand: the snapshot is of another history."""
    live.sql("UPDATE db_entry_history SET checksum = 'x' WHERE version = '0002'")
    live.sql("CREATE TABLE extra (a)")
    live.ok("repair", "--accept", "0002")
    assert drift_of(start(live)) is None, "a repair records what is there"


@pytest.mark.parametrize("command", [["baseline", "0002"], ["baseline", "none"]])
def test_baseline_records_too(shop, command):
    shop.sql("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)")
    shop.sql("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    shop.ok(*command)
    assert len(snapshot(shop)) == 1
    shop.sql("CREATE TABLE extra (a)")
    assert "+ table extra" in shop.run("diff", "--last-run").stdout


def test_an_ignored_object_is_none(live):
    live.env["DB_ENTRY_DRIFT"] = "block"
    live.sql("CREATE TABLE litestream_seq (a)")
    live.sql("CREATE INDEX hand_made ON customers (name)")
    assert live.run("run", "--", "true").code == 21
    live.env["DB_ENTRY_IGNORE"] = "litestream_*, hand_*"
    live.ok("run", "--", "true")
    live.migration("0003_next", "DROP INDEX IF EXISTS hand_made;")
    live.ok("apply")


def test_a_rollback_that_touches_it_is_stopped_too(live):
    live.migration(
        "0003_next",
        "-- migrate:up\nCREATE TABLE next (a);\n-- migrate:down\nDROP TABLE next;\n",
    )
    live.ok("apply")
    live.sql("CREATE INDEX hand ON next (a)")
    refused = live.run("rollback", "--steps", "1")
    assert refused.code == 21 and "index next.hand" in refused.stderr
    live.ok("rollback", "--steps", "1", env={"DB_ENTRY_DRIFT": "warn"})
    assert "next" not in live.tables()
    assert drift_of(start(live, env={"DB_ENTRY_DRIFT": "block"})) is None
