"""
The ledger of support/ledger.py on MariaDB, where DDL commits by itself: 0005 is done statement by
statement, and the catalog tells of all but its INSERT whether it was.
"""

from support import pg_ledger

STEPS = [
    "CREATE INDEX orders_by_amount ON orders (amount)",
    "INSERT INTO orders (customer_id, amount) VALUES (2, 30)",
    "ALTER TABLE customers ADD COLUMN tidied integer NOT NULL DEFAULT 0",
    "CREATE TABLE tidied (id integer PRIMARY KEY)",
]

MIGRATIONS = {
    "0001_customers": """
        CREATE TABLE customers (
            id integer AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL
        );
        INSERT INTO customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');
    """,
    "0002_orders": """
        CREATE TABLE orders (
            id integer AUTO_INCREMENT PRIMARY KEY,
            customer_id integer NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
            amount integer NOT NULL
        );
        INSERT INTO orders (customer_id, amount) SELECT id, 10 FROM customers;
    """,
    "0003_visits": """
        ALTER TABLE customers ADD COLUMN visits integer NOT NULL DEFAULT 0;
        CREATE TABLE work (i integer PRIMARY KEY, text varchar(100));
    """,
    "0004_work": """
        INSERT INTO work SELECT seq, CONCAT('row ', seq) FROM seq_1_to_{work};
        UPDATE orders SET amount = amount + 1 WHERE amount IS NOT NULL;
    """,
    "0005_tidy": ";\n".join(STEPS) + ";\n",
    "0006_visits": "UPDATE customers SET visits = visits + 1 WHERE visits IS NOT NULL;",
}

UNDO_STEPS = [
    "DROP TABLE tidied",
    "ALTER TABLE customers DROP COLUMN tidied",
    "DELETE FROM orders WHERE amount = 30",
    "DROP INDEX orders_by_amount ON orders",
]

DOWNS = {
    "0004_work": """
        DELETE FROM work;
        UPDATE orders SET amount = amount - 1 WHERE amount IS NOT NULL;
    """,
    "0005_tidy": ";\n".join(UNDO_STEPS) + ";\n",
    "0006_visits": "UPDATE customers SET visits = visits - 1 WHERE visits IS NOT NULL;",
}

# The round trips by which a phase of a run is known.
PHASES = {
    "connect": [b"_client_name"],
    "look": [b".db_entry_history"],
    "lock": [b"SELECT GET_LOCK("],
    "drift": [b"SELECT GET_LOCK(", b"-- The catalog of the current database"],
    "apply": [b"UPDATE orders SET amount"],
    "record": [b"UPDATE orders SET amount", b".db_entry_history (version"],
    "schema": [b"UPDATE orders SET amount", b"-- The catalog of the current database"],
    "commit": [b"UPDATE orders SET amount", b"COMMIT"],
    "index": [b"CREATE INDEX orders_by_amount"],
    "stepwise": [b"VALUES (2, 30)"],
    "ledger": [b"VALUES (2, 30)", b"SET statements_done"],
    "alter": [b"ADD COLUMN tidied"],
    "finish": [b"SET finished_at"],
}

HAS_COLUMN = """(SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
    AND TABLE_NAME = 'customers' AND COLUMN_NAME = '{}')"""

NAMES = f"""
SELECT JSON_OBJECT(
    'sessions', (SELECT COUNT(*) FROM information_schema.PROCESSLIST
        WHERE DB = DATABASE() AND USER = 'tester'),
    'names', (SELECT JSON_ARRAYAGG(name) FROM (
        SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
        UNION SELECT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
        UNION SELECT 'none') AS found),
    'invalid', 0,
    'tidied', {HAS_COLUMN.format("tidied")},
    'visits', {HAS_COLUMN.format("visits")},
    'scratch', (SELECT COUNT(*) FROM information_schema.SCHEMATA
        WHERE SCHEMA_NAME LIKE 'db\\_entry%'))
"""

HISTORY = """JSON_ARRAYAGG(JSON_ARRAY(version, state, statements_done,
    IF(finished_at IS NULL, 0, 1)))"""


class Found(pg_ledger.Found):
    names_sql, make_object = NAMES, "JSON_OBJECT"
    counts = {
        **pg_ledger.COUNTS,
        "orders": {"orders": "COUNT(*)", "amounts": "SUM(amount)", "added": "SUM(amount = 30)"},
        "db_entry_history": {"history": HISTORY},
    }

    def __init__(self, project, work):
        super().__init__(project, work)
        own = {"db_entry_history", "db_entry_run", "db_entry_snapshot", "db_entry_lock"}
        assert {name for name in self.there if name.startswith("db_entry")} <= own

    @property
    def complete(self):
        """Also without what a trial that was killed left, which the next run removes."""
        return super().complete and self.names["scratch"] == 0

    def _steps(self):
        done = ("orders_by_amount" in self.there, bool(self.facts.get("added")),
                bool(self.names["tidied"]), "tidied" in self.there)
        assert sorted(done, reverse=True) == list(done), done
        return sum(done), sum(done)

    def _has_work(self, work):
        assert self.facts.get("work", 0) in (0, work)
        return self.facts.get("work") == work


class Ledger(pg_ledger.Ledger):
    migrations, downs, steps, undo_steps, found = MIGRATIONS, DOWNS, STEPS, UNDO_STEPS, Found
