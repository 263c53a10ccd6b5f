"""Mismatch: the application is not started on a schema that lacks what the mirror states."""

import json
import sqlite3
import threading
import time

import pytest


@pytest.fixture
def mirrored(shop):
    """The shop applied, with a mirror of it."""
    shop.ok("apply")
    shop.ok("mirror", "pull")
    return shop


def expect_column(project, table, column, kind="TEXT"):
    """State one more column in the mirror."""
    path = project.folder / "db/schema/tables.json"
    mirror = json.loads(path.read_text())
    for entry in mirror["tables"]:
        if entry["name"] == table:
            entry["columns"].append({"name": column, "type": kind})
    path.write_text(json.dumps(mirror))


def events_of(result, *names):
    return [event["event"] for event in result.events if event["event"] in names]


def start(project, **options):
    return project.run("run", "--", "echo", "started", log="json", **options)


def verdict(project):
    return project.sql("SELECT verdict, differences FROM db_entry_snapshot")[0]


def test_a_mirror_that_agrees_is_not_told(mirrored):
    result = start(mirrored)
    assert result.code == 0 and len(result.events) == 1
    assert verdict(mirrored) == ("matches", 0)


def test_what_is_missing_stops_the_start_again_and_again(mirrored):
    expect_column(mirrored, "customers", "email")
    for _ in range(3):
        result = mirrored.run("run", "--", "echo", "started")
        assert (result.code, result.stdout) == (27, "")
        assert "column customers.email" in result.stderr
        assert "db-entry mirror pull" in result.stderr
    assert mirrored.run("status", "--check").code == 27
    assert mirrored.run("health").code == 1
    assert mirrored.run("plan").code == 27
    mirrored.migration("0003_email", "ALTER TABLE customers ADD COLUMN email TEXT;")
    mirrored.ok("run", "--", "true")
    assert verdict(mirrored) == ("matches", 0)
    mirrored.ok("status", "--check")


def test_it_is_found_before_the_commit(mirrored):
    """The last pending migration is rolled back, and a restart does not slip past."""
    expect_column(mirrored, "customers", "email")
    mirrored.migration("0003_one", "CREATE TABLE one (a);")
    mirrored.migration("0004_two", "CREATE TABLE two (a);")
    for _ in range(2):
        result = mirrored.run("run", "--", "echo", "started")
        assert (result.code, result.stdout) == (27, "")
        assert "0004_two, the last one pending, was rolled back" in result.stderr
        assert mirrored.applied() == ["0001", "0002", "0003"]
        assert mirrored.tables() == ["customers", "one", "orders"]
    mirrored.migration("0004_two", "CREATE TABLE two (a); ALTER TABLE customers ADD email TEXT;")
    assert start(mirrored).code == 0


def test_outside_a_transaction_it_is_found_behind_it(mirrored):
    expect_column(mirrored, "customers", "email")
    mirrored.migration("0003_one", "-- db-entry: no-transaction\nCREATE TABLE one (a);")
    result = mirrored.run("apply")
    assert result.code == 27, result
    assert "0003_one is applied, and committed" in result.stderr
    assert mirrored.applied() == ["0001", "0002", "0003"]
    again = mirrored.run("run", "--", "echo", "started")
    assert (again.code, again.stdout) == (27, "")


@pytest.mark.parametrize("attempt", range(4))
def test_outside_a_transaction_it_is_found_though_nothing_can_be_recorded(mirrored, attempt):
    """Somebody takes the write lock between the history's last row and the record."""
    expect_column(mirrored, "customers", "email")
    mirrored.migration(
        "0003_one",
        "-- db-entry: no-transaction\n-- db-entry: lock-timeout=1s\nCREATE TABLE one (a);",
    )
    ended = threading.Event()

    def take_when_applied():
        other = sqlite3.connect(mirrored.database, isolation_level=None, timeout=0)
        applied = "SELECT 1 FROM db_entry_history WHERE version = '0003' AND state = 'applied'"
        while not ended.is_set():
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                continue
            if other.execute(applied).fetchall():
                ended.wait(20)
            other.execute("ROLLBACK")
            time.sleep(0.0002)
        other.close()

    writer = threading.Thread(target=take_when_applied)
    writer.start()
    try:
        result = mirrored.run("run", "--", "echo", "started")
    finally:
        ended.set()
        writer.join()
    assert (result.code, result.stdout) == (27, ""), result
    assert "0003_one is applied, and committed" in result.stderr


@pytest.mark.parametrize(
    "live, code",
    [
        ("id INTEGER PRIMARY KEY, customer_id TEXT", 27),
        ("id INTEGER PRIMARY KEY, customer_id INTEGER", 27),
        (
            "id INTEGER PRIMARY KEY,"
            " customer_id INTEGER REFERENCES customers (id) ON DELETE CASCADE, extra TEXT",
            0,
        ),
    ],
)
def test_a_changed_attribute_is_missing_too(mirrored, live, code):
    mirrored.env["DB_ENTRY_DRIFT"] = "ignore"
    mirrored.sql("DROP TABLE orders")
    mirrored.sql(f"CREATE TABLE orders ({live})")
    assert start(mirrored).code == code


def test_more_than_stated_is_a_warning(mirrored):
    mirrored.migration("0003_more", "CREATE TABLE more (a); CREATE INDEX i ON customers (name);")
    result = start(mirrored)
    assert result.code == 0
    assert events_of(result, "mirror.extra") == ["mirror.extra"]
    assert verdict(mirrored) == ("extra", 2)
    again = start(mirrored)
    assert events_of(again, "mirror.extra") == ["mirror.extra"], "from the stored verdict"
    strict = mirrored.run("run", "--", "true", env={"DB_ENTRY_MISMATCH": "strict"})
    assert strict.code == 27
    assert "table more" in strict.stderr and "index customers.i" in strict.stderr
    assert start(mirrored, env={"DB_ENTRY_MISMATCH": "ignore"}).code == 0


def test_policy_warn_and_ignore(mirrored):
    expect_column(mirrored, "customers", "email")
    warned = start(mirrored, env={"DB_ENTRY_MISMATCH": "warn"})
    assert warned.code == 0 and events_of(warned, "mirror.missing")
    again = start(mirrored, env={"DB_ENTRY_MISMATCH": "warn"})
    assert again.code == 0 and events_of(again, "mirror.missing")
    quiet = start(mirrored, env={"DB_ENTRY_MISMATCH": "ignore"})
    assert quiet.code == 0 and len(quiet.events) == 1
    assert mirrored.run("run", "--", "true").code == 27, "a verdict is not forgotten"


def test_somebody_elses_change_is_judged_too(mirrored):
    """Nothing is pending and the mirror is the same; the column is gone all the same."""
    mirrored.sql("ALTER TABLE customers DROP COLUMN name")
    result = mirrored.run("run", "--", "echo", "started", env={"DB_ENTRY_DRIFT": "ignore"})
    assert (result.code, result.stdout) == (27, "")


def test_an_older_image_is_not_held_against_its_mirror(mirrored):
    newer = mirrored.migration("0003_drop", "ALTER TABLE customers DROP COLUMN name;")
    old_mirror = (mirrored.folder / "db/schema/tables.json").read_text()
    mirrored.ok("apply", env={"DB_ENTRY_APPROVE": "0003", "DB_ENTRY_MISMATCH": "warn"})
    newer.unlink()
    assert (mirrored.folder / "db/schema/tables.json").read_text() == old_mirror
    result = start(mirrored)
    assert result.code == 0 and result.stdout == "started\n"


def test_without_a_mirror_one_line_and_no_verdict(shop):
    result = start(shop)
    assert events_of(result, "mirror.none") == ["mirror.none"]
    assert verdict(shop) == ("unjudged", 0)
    assert events_of(start(shop), "mirror.none") == [], "a quiet run is one line"


def test_a_mirror_that_comes_later_is_judged(shop):
    shop.ok("apply")
    shop.write("db/schema/tables.json", '{"version": 3, "tables": [{"name": "absent"}]}')
    assert shop.run("run", "--", "true").code == 27


def test_a_malformed_mirror_stops_before_anything_is_changed(shop):
    shop.write("db/schema/tables.json", '{"version": 3,\n "tables": [}')
    result = shop.run("apply")
    assert result.code == 65 and "tables.json" in result.stderr
    assert shop.applied() == []


def test_the_mirror_of_another_engine_judges_nothing(mirrored):
    path = mirrored.folder / "db/schema/tables.json"
    text = path.read_text()
    assert '"sqlite"' in text
    path.write_text(text.replace('"sqlite"', '"postgres"'))
    for _ in range(2):
        assert start(mirrored).code == 0
    mirrored.migration("0003_one", "CREATE TABLE one (a);")
    result = start(mirrored)
    assert result.code == 0 and events_of(result, "mirror.none") == ["mirror.none"]
    assert mirrored.run("diff").code == 78


def test_no_migrations_no_judgement(project):
    """An application that makes its tables itself has none before its first start."""
    project.write("db/schema/tables.json", '{"version": 3, "tables": [{"name": "absent"}]}')
    assert start(project).code == 0


def test_a_partial_mirror_states_what_it_states(shop):
    shop.write(
        "db/schema/tables.json",
        '{"version": 1, "tables": [{"name": "customers", "columns": [{"name": "id", "type": "uuid"}]}]}',
    )
    assert start(shop).code == 0


def test_an_ignored_object_is_neither_missing_nor_extra(mirrored):
    mirrored.sql("CREATE TABLE litestream_seq (a)")
    mirrored.env["DB_ENTRY_IGNORE"] = "litestream_*"
    result = start(mirrored, env={"DB_ENTRY_MISMATCH": "strict", "DB_ENTRY_DRIFT": "block"})
    assert result.code == 0 and len(result.events) == 1
