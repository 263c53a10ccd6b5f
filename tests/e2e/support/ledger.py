"""A project whose database shows what was done to it, each thing at most once.

judge() reads the database past db-entry and compares what is there with what the history says.
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path

STEPS = [
    "CREATE INDEX orders_by_amount ON orders (amount)",
    "INSERT INTO orders (customer_id, amount) VALUES (2, 30)",
    "VACUUM",
    "CREATE TABLE tidied (id INTEGER PRIMARY KEY)",
]

# `work` makes a statement as slow as a test wants it.
MIGRATIONS = {
    "0001_customers": """
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        INSERT INTO customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');
    """,
    "0002_orders": """
        CREATE TABLE orders (
            id INTEGER PRIMARY KEY,
            customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
            amount INTEGER NOT NULL
        );
        INSERT INTO orders (customer_id, amount) SELECT id, 10 FROM customers;
    """,
    "0003_rebuild": """
        PRAGMA foreign_keys = OFF;
        BEGIN;
        CREATE TABLE rebuilt (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, visits INTEGER NOT NULL DEFAULT 0
        );
        INSERT INTO rebuilt (id, name) SELECT id, name FROM customers;
        DROP TABLE customers;
        ALTER TABLE rebuilt RENAME TO customers;
        COMMIT;
        PRAGMA foreign_keys = ON;
    """,
    "0004_work": """
        CREATE TABLE work (i INTEGER PRIMARY KEY, text TEXT);
        INSERT INTO work SELECT value, 'row ' || value FROM (
            WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT {work})
            SELECT value FROM n);
        UPDATE orders SET amount = amount + 1 WHERE amount IS NOT NULL;
        CREATE INDEX work_by_text ON work (text);
    """,
    "0005_tidy": "-- db-entry: no-transaction\n" + ";\n".join(STEPS) + ";\n",
    "0006_visits": "UPDATE customers SET visits = visits + 1 WHERE visits IS NOT NULL;",
}
VERSIONS = [name.partition("_")[0] for name in MIGRATIONS]
STEPWISE = "0005"


def write_ledger(project, work=100):
    """Write the migrations; `work` rows are made by the longest one."""
    for name, text in MIGRATIONS.items():
        project.migration(name, text.replace("{work}", str(work)))
    project.env["DB_ENTRY_APPROVE"] = "0004 0006"  # they change every row of a table


class Found:
    """What a database turned out to have."""

    def __init__(self, connection, work):
        self.connection = connection
        self.names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        self.state, self.done = self._history()
        self.steps = self._steps()
        self.whole = self._whole(work)

    def value(self, statement):
        return self.connection.execute(statement).fetchone()[0]

    def _history(self):
        if "db_entry_history" not in self.names:
            return {}, 0
        rows = self.connection.execute(
            "SELECT version, state, statements_done FROM db_entry_history"
        ).fetchall()
        assert len({version for version, _, _ in rows}) == len(rows), rows
        done = [count for version, _, count in rows if version == STEPWISE]
        return {version: state for version, state, _ in rows}, (done or [0])[0]

    def _steps(self):
        """How many steps of 0005 are done: least and most. VACUUM leaves no trace."""
        if "orders_by_amount" not in self.names:
            return 0, 0
        if "tidied" in self.names:
            return 4, 4
        added = self.value("SELECT count(*) FROM orders WHERE amount = 30")
        return (2, 3) if added else (1, 1)

    def _whole(self, work):
        names = self.names
        columns = {row[1] for row in self.connection.execute("PRAGMA table_info(customers)")}
        whole = set()
        if "customers" in names:
            assert self.value("SELECT count(*) FROM customers") == 3
            whole.add("0001")
        if "visits" in columns:
            whole.add("0003")
            visits = self.value("SELECT sum(visits) FROM customers")
            assert visits in (0, 3)
            if visits == 3:
                whole.add("0006")
        if "work" in names:
            assert self.value("SELECT count(*) FROM work") == work
            assert "work_by_text" in names
            whole.add("0004")
        if self.steps[0] == len(STEPS):
            whole.add(STEPWISE)
        if "orders" in names:
            whole.add("0002")
            added = self.steps[0] >= 2
            assert self.value("SELECT count(*) FROM orders") == 3 + added
            total = 30 + 3 * ("0004" in whole) + 30 * added
            assert self.value("SELECT sum(amount) FROM orders") == total
        assert "rebuilt" not in names
        return whole

    @property
    def started(self):
        return self.state.get(STEPWISE) == "started"

    @property
    def complete(self):
        return self.whole == set(VERSIONS)


def judge(project, work=100):
    """Found, when all is true: no loss, nothing twice, and the history says what is there.

    A copy is looked at: to recover what a killed process left is the next run's business.
    """
    with tempfile.TemporaryDirectory() as copy:
        for path in project.database.parent.glob("shop.db*"):
            shutil.copy(path, copy)
        path = Path(copy) / "shop.db"
        connection = sqlite3.connect(path if path.exists() else ":memory:")
        try:
            return _judge(connection, work)
        finally:
            connection.close()


def _judge(connection, work):
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    found = Found(connection, work)
    check(found)
    return found


def check(found):
    """The history says of each migration what is there of it."""
    for version in VERSIONS:
        state = found.state.get(version)
        if version == STEPWISE and state == "started":
            least, most = found.steps
            assert least - 1 <= found.done <= most, (found.done, found.steps)
            continue
        assert state in (None, "applied", "reverted"), (version, state)
        assert (state == "applied") == (version in found.whole), (version, state)
    if not found.started and STEPWISE not in found.whole:
        assert found.steps == (0, 0), found.steps


def settle(project, found, refused):
    """What is half applied, and did not go on by itself, is named, and settled by hand."""
    assert refused.code == 24, refused
    if found.done < len(STEPS):
        assert f"statement {found.done + 1} of {len(STEPS)}" in refused.stderr, refused
    else:
        assert f"all {len(STEPS)} statements are done" in refused.stderr, refused
    for step in STEPS[found.steps[0]:]:
        connection = sqlite3.connect(project.database, isolation_level=None)
        connection.execute(step)
        connection.close()
    project.ok("repair", "--applied", STEPWISE)


def recover(project, work=100):
    """A new run makes it whole."""
    found = judge(project, work)
    left_over = found.complete  # then nobody takes the lock, nor removes a dead one's file
    if found.started:
        result = project.run("apply")
        if result.code != 0:
            settle(project, found, result)
    result = project.ok("run", "--", "echo", "started")
    assert result.stdout == "started\n"
    assert judge(project, work).complete
    assert left_over or not lock_of(project).exists()


def lock_of(project):
    return Path(f"{project.database}.db-entry.lock")
