"""The ledger of support/ledger.py on PostgreSQL: whatever was done shows, each thing at most once."""

from support.ledger import check

STEPS = [
    "CREATE INDEX CONCURRENTLY orders_by_amount ON orders (amount)",
    "INSERT INTO orders (customer_id, amount) VALUES (2, 30)",
    "VACUUM orders",
    "CREATE TABLE tidied (id integer PRIMARY KEY)",
]

MIGRATIONS = {
    "0001_customers": """
        CREATE TABLE customers (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL
        );
        INSERT INTO customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');
    """,
    "0002_orders": """
        CREATE TABLE orders (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE
                DEFERRABLE INITIALLY DEFERRED,
            amount integer NOT NULL
        );
        INSERT INTO orders (customer_id, amount) SELECT id, 10 FROM customers;
    """,
    "0003_visits": "ALTER TABLE customers ADD COLUMN visits integer NOT NULL DEFAULT 0;",
    "0004_work": """
        CREATE TABLE work (i integer PRIMARY KEY, text text);
        INSERT INTO work SELECT i, 'row ' || i FROM generate_series(1, {work}) AS i;
        UPDATE orders SET amount = amount + 1 WHERE amount IS NOT NULL;
        CREATE INDEX work_by_text ON work (text);
    """,
    "0005_tidy": "-- db-entry: no-transaction\n" + ";\n".join(STEPS) + ";\n",
    "0006_visits": "UPDATE customers SET visits = visits + 1 WHERE visits IS NOT NULL;",
}

UNDO_STEPS = [
    "DROP TABLE tidied",
    "VACUUM orders",
    "DELETE FROM orders WHERE amount = 30",
    "DROP INDEX CONCURRENTLY orders_by_amount",
]

DOWNS = {
    "0004_work": """
        DROP TABLE work;
        UPDATE orders SET amount = amount - 1 WHERE amount IS NOT NULL;
    """,
    "0005_tidy": "-- db-entry: no-transaction\n" + ";\n".join(UNDO_STEPS) + ";\n",
    "0006_visits": "UPDATE customers SET visits = visits - 1 WHERE visits IS NOT NULL;",
}

# The round trips by which a phase of a run is known.
PHASES = {
    "connect": [b"application_name"],
    "look": [b"FROM \"public\".db_entry_history"],
    "drift": [b"pg_try_advisory_lock", b"v.xmin::text"],
    "lock": [b"pg_try_advisory_lock"],
    "apply": [b"CREATE INDEX work_by_text"],
    "record": [b"CREATE INDEX work_by_text", b"INSERT INTO \"public\".db_entry_history"],
    "schema": [b"CREATE INDEX work_by_text", b"FROM pg_catalog.pg_policy"],
    "commit": [b"CREATE INDEX work_by_text", b"IMMEDIATE; COMMIT"],
    "begin": [b"IMMEDIATE; COMMIT", b"BEGIN ISOLATION"],
    "stepwise": [b"INSERT INTO orders (customer_id, amount) VALUES (2, 30)"],
    "concurrently": [b"CREATE INDEX CONCURRENTLY"],
    "ledger": [b"VALUES (2, 30)", b"SET statements_done"],
    "finish": [b"SET finished_at"],
}

NAMES = """
SELECT json_build_object(
    'sessions', (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'db-entry%'),
    'names', (SELECT coalesce(json_agg(relname), '[]') FROM pg_class
        WHERE relnamespace = 'public'::regnamespace),
    'invalid', (SELECT count(*) FROM pg_index WHERE NOT indisvalid),
    'visits', EXISTS (SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('customers') AND attname = 'visits' AND NOT attisdropped))
"""

# What can be counted where the table is there.
COUNTS = {
    "customers": {"customers": "count(*)"},
    "visits": {"visited": "sum(visits)"},
    "orders": {"orders": "count(*)", "amounts": "sum(amount)",
               "added": "count(*) FILTER (WHERE amount = 30)"},
    "work": {"work": "count(*)"},
    "db_entry_history": {
        "history": "coalesce(json_agg(json_build_array(version, state,"
                   " statements_done, finished_at IS NOT NULL)), '[]')"},
}


class Found:
    """What a database turned out to have, once nobody is at work in it any more."""

    names_sql, counts, make_object, steps_count = NAMES, COUNTS, "json_build_object", len(STEPS)

    def __init__(self, project, work):
        self.names = project.facts(self.names_sql, until=lambda facts: facts["sessions"] == 0)
        there = set(self.names["names"]) | ({"visits"} if self.names["visits"] else set())
        self.there = there
        words = [
            f"'{key}', (SELECT {what} FROM {'customers' if table == 'visits' else table})"
            for table, counts in self.counts.items() if table in there
            for key, what in counts.items()]
        self.facts = project.facts(f"SELECT {self.make_object}({', '.join(words)})")
        rows = self.facts.get("history", [])
        assert len({row[0] for row in rows}) == len(rows), rows
        self.state = {row[0]: row[1] for row in rows}
        done, finished = next((row[2:] for row in rows if row[0] == "0005"), (0, False))
        self.done = done
        self.steps = self._steps()
        self.whole = self._whole(work)
        self.reverting = self.started and finished
        if self.reverting:
            least, most = self.steps
            self.steps = self.steps_count - most, self.steps_count - least

    def _steps(self):
        """How many steps of 0005 are done, or undone: least and most. VACUUM leaves no trace."""
        if "tidied" in self.there:
            return 4, 4
        if self.facts.get("added"):
            return 2, 3
        return (1, 1) if "orders_by_amount" in self.there and not self.names["invalid"] else (0, 0)

    def _whole(self, work):
        facts, whole = self.facts, set()
        if "customers" in self.there:
            assert facts["customers"] == 3
            whole.add("0001")
        if "visits" in self.there:
            assert facts["visited"] in (0, 3)
            whole |= {"0003", "0006"} if facts["visited"] else {"0003"}
        if self._has_work(work):
            whole.add("0004")
        if self.steps[0] == self.steps_count:
            whole.add("0005")
        if "orders" in self.there:
            whole.add("0002")
            added = self.steps[0] >= 2
            assert facts["orders"] == 3 + added
            assert facts["amounts"] == 30 + 3 * ("0004" in whole) + 30 * added
        return whole

    def _has_work(self, work):
        if "work" not in self.there:
            return False
        assert self.facts["work"] == work
        assert "work_by_text" in self.there
        return True

    @property
    def started(self):
        return self.state.get("0005") == "started"

    @property
    def complete(self):
        return len(self.whole) == len(MIGRATIONS)


class Ledger:
    """The same migrations for one fresh database after the other."""

    migrations, downs, steps, undo_steps, found = MIGRATIONS, DOWNS, STEPS, UNDO_STEPS, Found

    def __init__(self, project, work=100):
        self.project = project
        self.work = work
        for name, text in self.migrations.items():
            project.migration(
                f"{name}.up" if name in self.downs else name, text.replace("{work}", str(work)))
        for name, text in self.downs.items():
            project.migration(f"{name}.down", text)
        project.env["DB_ENTRY_APPROVE"] = "0004 0006"  # they change every row of a table

    def judge(self):
        """Found, when all is true: no loss, nothing twice, and the history says what is there."""
        found = self.found(self.project, self.work)
        check(found)
        return found

    def recover(self):
        """A new run makes it whole; what it can't go on with is named first and settled by hand."""
        found, project = self.judge(), self.project
        if found.names["invalid"]:
            project.sql("DROP INDEX orders_by_amount")
        if found.started:
            self._settle(found)
        result = project.ok("run", "--", "echo", "started")
        assert result.stdout == "started\n"
        assert self.judge().complete
        return found

    def _settle(self, found):
        project = self.project
        refused = project.run("apply")
        if refused.code == 0 and not found.reverting:
            return  # the catalog could tell what is done
        assert refused.code == 24, refused
        left = f"statement {found.done + 1} of {len(self.steps)}"
        assert left in refused.stderr or found.done == len(self.steps), refused
        for step in (self.undo_steps if found.reverting else self.steps)[found.steps[0]:]:
            project.sql(step)
        project.ok("repair", "--reverted" if found.reverting else "--applied", "0005")
