"""The history against the files: every way they can disagree, told apart."""

import pytest


@pytest.fixture
def migrated(shop):
    """Both migrations of the shop are applied."""
    shop.ok("apply")
    return shop


def checksum(project, version):
    return project.value("SELECT checksum FROM db_entry_history WHERE version = ?", (version,))


def rewrite_history(project, version, **values):
    for column, value in values.items():
        project.sql(f"UPDATE db_entry_history SET {column} = ? WHERE version = ?", (value, version))


def test_changed_file_is_refused(migrated):
    migrated.migration("0001_customers", "CREATE TABLE customers (id INTEGER PRIMARY KEY);")
    result = migrated.run("run", "--", "echo", "started")
    assert result.code == 22
    assert result.stdout == ""
    assert "0001" in result.stderr and "changed" in result.stderr


def test_comments_space_line_ends_and_bom_are_no_change(migrated):
    path = migrated.migration_path("0001_customers")
    text = path.read_text()
    edited = "\ufeff-- a comment\n" + text.replace(" ", "  ").replace("(", "(\n/* why */ ")
    path.write_bytes(edited.replace("\n", "\r\n").encode())
    migrated.ok("run", "--", "true")


def test_was_accepts_a_shipped_edit(migrated):
    old = checksum(migrated, "0001")
    edited = "-- db-entry: was={}\nCREATE TABLE IF NOT EXISTS customers (id INTEGER PRIMARY KEY, name TEXT);"
    migrated.migration("0001_customers", edited.format(old[:12]))
    migrated.ok("run", "--", "true")
    migrated.migration("0001_customers", edited.format("0" * 12))
    assert migrated.run("run", "--", "true").code == 22


def test_was_serves_a_fresh_database_too(migrated):
    old = checksum(migrated, "0001")
    migrated.database.unlink()
    migrated.migration(
        "0001_customers",
        f"-- db-entry: was={old}\nCREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(80));",
    )
    migrated.ok("run", "--", "true")
    migrated.ok("run", "--", "true")


def test_renamed_file_is_fine(migrated):
    path = migrated.migration_path("0001_customers")
    path.rename(path.with_name("0001_people.sql"))
    migrated.ok("run", "--", "true")


def test_padding_of_a_version_does_not_count(migrated):
    path = migrated.migration_path("0002_orders")
    path.rename(path.with_name("2_orders.sql"))
    migrated.ok("run", "--", "true")


def test_missing_file_is_refused(migrated):
    migrated.migration_path("0001_customers").unlink()
    result = migrated.run("run", "--", "true")
    assert result.code == 22
    assert "0001" in result.stderr and "missing" in result.stderr


def test_missing_file_is_refused_before_a_newer_one_is_applied(migrated):
    migrated.migration_path("0002_orders").unlink()
    migrated.migration("0003_other", "CREATE TABLE other (a);")
    result = migrated.run("run", "--", "true")
    assert result.code == 22
    assert "0002" in result.stderr and "missing" in result.stderr
    assert [row[0] for row in migrated.history()] == ["0001", "0002"]


def test_duplicate_version_is_malformed(shop):
    shop.migration("0002_other", "CREATE TABLE other (a);")
    result = shop.run("run", "--", "true")
    assert result.code == 65
    assert "0002_other" in result.stderr and "0002_orders" in result.stderr
    assert shop.history() == []


def test_duplicate_version_with_other_padding_is_malformed(shop):
    shop.migration("2_other", "CREATE TABLE other (a);")
    assert shop.run("run", "--", "true").code == 65


def test_out_of_order_is_applied_with_a_warning(migrated):
    migrated.migration("0003_last", "CREATE TABLE last (a);")
    migrated.ok("apply")
    migrated.migration("00015_fifteenth", "CREATE TABLE fifteenth (a);")
    result = migrated.ok("run", "--", "true")
    # 15 is newer than 3; nothing to warn of.
    assert "out of order" not in result.stderr
    migrated.migration("0004_before", "CREATE TABLE before_15 (a);")
    result = migrated.ok("run", "--", "true", log="json")
    warnings = [event for event in result.events if event["level"] == "warn"]
    assert any("0004" in event["message"] for event in warnings), result
    assert migrated.applied() == ["0001", "0002", "0003", "00015", "0004"]


def test_out_of_order_is_refused_when_told_to(migrated):
    migrated.migration("0000_first", "CREATE TABLE first (a);")
    result = migrated.run("run", "--out-of-order=refuse", "--", "true")
    assert result.code == 22
    assert "0000" in result.stderr
    assert "first" not in migrated.tables()
    assert migrated.run("run", "--", "true", env={"DB_ENTRY_OUT_OF_ORDER": "refuse"}).code == 22
    migrated.ok("run", "--out-of-order=allow", "--", "true")
    assert "first" in migrated.tables()


def test_pending_is_a_set_difference(migrated):
    """The newest being applied does not hide an older one that never was."""
    migrated.migration("0009_newest", "CREATE TABLE newest (a);")
    migrated.ok("apply")
    migrated.migration("0005_late", "CREATE TABLE late (a);")
    migrated.ok("apply")
    assert {"late", "newest"} <= set(migrated.tables())


def test_newer_schema_is_tolerated(migrated):
    migrated.migration("0003_next", "CREATE TABLE next (a);")
    migrated.ok("apply")
    migrated.migration_path("0003_next").unlink()
    result = migrated.ok("run", "--", "echo", "started")
    assert result.stdout == "started\n"


def test_floor_of_a_later_image_refuses_an_older_one(migrated):
    migrated.migration("0003_next", "-- db-entry: breaks-older\nCREATE TABLE next (a);")
    migrated.ok("run", "--", "true")
    migrated.ok("run", "--", "true")
    migrated.migration_path("0003_next").unlink()
    result = migrated.run("run", "--", "echo", "started")
    assert result.code == 22
    assert result.stdout == ""
    assert "0003" in result.stderr


def test_unfinished_migration_is_refused(migrated):
    rewrite_history(migrated, "0002", state="started", finished_at=None)
    result = migrated.run("run", "--", "echo", "started")
    assert result.code == 24
    assert result.stdout == ""
    assert "0002" in result.stderr
    assert "repair" in result.stderr


def test_half_applied_migration_is_named_down_to_the_statement(project):
    project.migration(
        "0001_half",
        """
        -- db-entry: no-transaction
        CREATE TABLE done (a);
        VACUUM;
        CREATE TABLE broken (;
        CREATE TABLE never (a);
        """,
    )
    result = project.run("run", "--", "true")
    assert result.code == 24
    assert "0001_half.sql:4" in result.stderr
    assert "CREATE TABLE broken" in result.stderr
    assert project.tables() == ["done"]
    assert project.history() == [("0001", "half", "started")]
    assert project.sql("SELECT statements_done, statements_total FROM db_entry_history") == [(2, 4)]
    again = project.run("run", "--", "true")
    assert again.code == 24
    assert project.tables() == ["done"]


def test_first_statement_failing_outside_a_transaction_leaves_nothing(project):
    project.migration("0001_none", "-- db-entry: no-transaction\nCREATE TABLE broken (;\nVACUUM;")
    result = project.run("run", "--", "true")
    assert result.code == 23
    assert project.history() == []


def test_every_finding_is_told_at_once(migrated):
    migrated.migration("0003_third", "CREATE TABLE third (a);")
    migrated.ok("apply")
    migrated.migration_path("0001_customers").unlink()
    migrated.migration("0002_orders", "CREATE TABLE orders (id);")
    result = migrated.run("status")
    assert "0001" in result.stdout and "0002" in result.stdout
    refused = migrated.run("run", "--", "true")
    assert refused.code == 22
    assert "0001" in refused.stderr and "0002" in refused.stderr


def test_history_survives_without_files_for_status(migrated):
    """Reading needs no write: status works on a database opened by nobody else."""
    before = migrated.database.read_bytes()
    migrated.ok("status")
    migrated.ok("plan")
    assert migrated.database.read_bytes() == before


def test_run_table_records_who_changed_something(migrated):
    assert migrated.value("SELECT count(*) FROM db_entry_run") == 1
    migrated.ok("run", "--", "true")
    assert migrated.value("SELECT count(*) FROM db_entry_run") == 1
    migrated.migration("0003_more", "CREATE TABLE more (a);")
    migrated.ok("run", "--app-version=1.2.3", "--", "true")
    assert migrated.value("SELECT count(*) FROM db_entry_run") == 2
    assert (
        migrated.value(
            "SELECT count(*) FROM db_entry_history h JOIN db_entry_run r ON r.id = h.run_id"
        )
        == 3
    )
    assert "1.2.3" in map(str, migrated.sql("SELECT * FROM db_entry_run")[-1])


# A database that was there before


@pytest.mark.parametrize("table", ["schema_migrations", "flyway_schema_history", "_prisma_migrations"])
def test_another_tools_history_is_no_empty_database(shop, table):
    shop.sql(f"CREATE TABLE {table} (version TEXT)")
    result = shop.run("run", "--", "echo", "started")
    assert (result.code, result.stdout) == (22, "")
    assert table in result.stderr and "db-entry baseline" in result.stderr
    assert shop.tables() == [table]


def test_baseline_zero_starts_a_history_beside_another_tools(shop):
    shop.sql("CREATE TABLE schema_migrations (version TEXT)")
    shop.ok("baseline", "none")
    shop.ok("apply")
    assert shop.applied() == ["0001", "0002"]


def test_tables_that_are_there_already_lead_to_baseline(shop):
    shop.sql("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)")
    result = shop.run("apply")
    assert result.code == 23
    assert "already exists" in result.stderr and "db-entry baseline VERSION" in result.stderr
    shop.ok("baseline", "0001")
    shop.ok("apply")


def test_a_new_file_may_be_filled_after_its_first_start(shop):
    """`new`, a start, and only then the statements: nothing was run, so all of it still is."""
    path = shop.ok("new", "later").stdout.strip()
    shop.ok("apply")
    shop.write(path, "-- migrate:up\nCREATE TABLE later (a);\n")
    shop.ok("apply")
    assert "later" in shop.tables()
    shop.write(path, "-- migrate:up\nCREATE TABLE later_still (a);\n")
    assert shop.run("apply").code == 22


def test_the_history_is_looked_at_once_more_before_the_application_starts(migrated):
    """Whatever rewrote it meanwhile: here a trigger somebody left in the database."""
    migrated.sql(
        "CREATE TRIGGER rewrite AFTER INSERT ON db_entry_history"
        " BEGIN DELETE FROM db_entry_history WHERE version = '0001'; END"
    )
    migrated.migration("0003_more", "CREATE TABLE more (a);")
    result = migrated.run("run", "--", "echo", "started")
    assert (result.code, result.stdout) == (22, "")
    assert "everything was applied, and yet" in result.stderr
