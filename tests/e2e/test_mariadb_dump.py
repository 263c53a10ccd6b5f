"""A dump of MariaDB is whole, and what it was made of comes back from it, by whoever reads it."""

import json
import subprocess
import threading

import pytest

from support.maria_dumps import (
    account, dump, every_object, exactly, populate, restore_by_client, stock, unpack, visible,
)

pytestmark = pytest.mark.server


def same(shop, database):
    assert stock(shop, database).replace(database, shop.database) == stock(shop)
    assert exactly(shop, database) == exactly(shop)


def test_every_object_by_the_client(maria_shop):
    every_object(maria_shop)
    made = unpack(maria_shop, dump(maria_shop), maria_shop.folder / "dump.sql")
    other = maria_shop.server.create_database()
    restore_by_client(maria_shop, made, other)
    same(maria_shop, other)


def test_every_object_by_us(maria_shop):
    every_object(maria_shop)
    before, exact = stock(maria_shop), exactly(maria_shop)
    made = dump(maria_shop)
    maria_shop.ok("restore", made, "--yes")
    assert stock(maria_shop) == before
    assert exactly(maria_shop) == exact


@pytest.mark.parametrize("how,suffix", [("zstd", ".sql.zst"), ("gzip", ".sql.gz"), ("none", ".sql")])
def test_every_compression(maria_shop, how, suffix):
    populate(maria_shop)
    made = dump(maria_shop, f"--dump-compress={how}")
    assert visible(maria_shop) == [made + suffix]
    maria_shop.ok("dump", "verify", made)
    maria_shop.sql("DELETE FROM item")
    maria_shop.ok("restore", made, "--yes")
    assert maria_shop.value("SELECT count(*) FROM item") == "100"


def refused(shop, *texts, env=None):
    result = shop.run("dump", env=env, log="json")
    assert result.code == 25, result
    for text in texts:
        assert text in json.dumps(result.refusal, ensure_ascii=False), result
    assert visible(shop) == [], result


# --- One moment


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE altered ADD more int, ALGORITHM = COPY",
        "ALTER TABLE altered DROP COLUMN text, ALGORITHM = INSTANT",
        "ALTER TABLE altered CHANGE text other longtext, ALGORITHM = INSTANT",
        "TRUNCATE altered",
        "DROP TABLE altered",
        "CREATE OR REPLACE TABLE altered SELECT * FROM item",
        "CREATE OR REPLACE TABLE altered ENGINE = MyISAM SELECT * FROM item",
    ],
)
def test_a_schema_that_changes_meanwhile(maria_shop, change):
    """What was altered behind the snapshot can't be read in it, or would be read as empty."""
    if maria_shop.server.mysql and "OR REPLACE" in change:
        pytest.skip("MySQL has no such statement")
    populate(maria_shop)
    maria_shop.sql("CREATE TABLE altered SELECT * FROM item")
    maria_shop.sql("CREATE TABLE a (i int)")
    blocker = maria_shop.session("LOCK TABLES a WRITE")
    work = maria_shop.start("dump")
    maria_shop.until(maria_shop.running("SELECT `i` FROM `a`"))
    maria_shop.sql(change)
    blocker.kill()
    result = work.wait()
    assert result.code == 25, result
    assert "table altered" in result.refusal["what"], result
    assert "changed the schema" in json.dumps(result.refusal), result
    assert visible(maria_shop) == []


def test_a_table_made_meanwhile_is_of_another_moment(maria_shop):
    populate(maria_shop)
    maria_shop.sql("CREATE TABLE a (i int)")
    blocker = maria_shop.session("LOCK TABLES a WRITE")
    work = maria_shop.start("dump")
    maria_shop.until(maria_shop.running("SELECT `i` FROM `a`"))
    maria_shop.sql("CREATE TABLE newer (i int)")
    blocker.kill()
    assert work.wait().code == 0
    (name,) = visible(maria_shop)
    made = unpack(maria_shop, name.removesuffix(".sql.zst"), maria_shop.folder / "x.sql")
    assert "newer" not in made.read_text()


def test_tables_without_transactions_are_of_one_moment(maria_shop):
    for name in ("one", "two"):
        maria_shop.sql(f"CREATE TABLE {name} (id int PRIMARY KEY) ENGINE = MyISAM")
        maria_shop.sql(f"INSERT INTO {name} SELECT seq FROM {maria_shop.server.numbers(100000)}")
    maria_shop.sql("CREATE TABLE three (id int PRIMARY KEY)")
    over = threading.Event()

    def write():
        number = 100001
        while not over.is_set():
            maria_shop.sql(
                "".join(f"INSERT INTO {n} VALUES ({number});" for n in ("three", "one", "two"))
            )
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    made = [dump(maria_shop) for _ in range(3)]
    over.set()
    writer.join()
    for name in made:
        other = maria_shop.server.create_database()
        restore_by_client(maria_shop, unpack(maria_shop, name, maria_shop.folder / "x.sql"), other)
        most = [
            int(maria_shop.server.client(f"SELECT coalesce(max(id), 100000) FROM {t}", other).stdout)
            for t in ("three", "one", "two")
        ]
        assert most[0] >= most[1] >= most[2] >= most[0] - 1, most


def test_tables_that_can_not_be_held_are_told(maria_shop):
    maria_shop.sql("CREATE TABLE held (id int) ENGINE = MyISAM")
    env = account(
        maria_shop, "reader",
        f"SELECT, TRIGGER, EVENT, SHOW VIEW, EXECUTE, INSERT, CREATE ON `{maria_shop.database}`.*"
    )
    result = maria_shop.ok("dump", env=env)
    assert "LOCK TABLES is not allowed" in result.stderr, result


def test_stopped(maria_shop):
    populate(maria_shop)
    blocker = maria_shop.session("LOCK TABLES item WRITE")
    work = maria_shop.start("dump", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    maria_shop.until(maria_shop.running("SELECT `id`"))
    work.terminate()
    assert work.wait(10).code == 143
    blocker.kill()
    assert visible(maria_shop) == []


# --- What can't be dumped


def test_what_can_not_be_seen_is_not_left_out(maria_shop):
    populate(maria_shop)
    env = account(maria_shop, "blind", f"SELECT, INSERT, CREATE ON `{maria_shop.database}`.*")
    refused(maria_shop, "TRIGGER", "GRANT SELECT, TRIGGER, EVENT", env=env)


def test_routines_that_are_not_even_listed(maria_shop):
    populate(maria_shop)
    maria_shop.sql("CREATE PROCEDURE secret() SELECT 1")
    rights = f"SELECT, TRIGGER, EVENT, SHOW VIEW, LOCK TABLES ON `{maria_shop.database}`.*"
    grant = "SHOW_ROUTINE ON *.*" if maria_shop.server.mysql else "SELECT ON mysql.proc"
    refused(maria_shop, "routines", f"GRANT {grant}", env=account(maria_shop, "stranger", rights))
    env = account(maria_shop, "stranger", rights, grant)
    text = unpack(maria_shop, dump(maria_shop, env=env), maria_shop.folder / "dump.sql").read_text()
    assert "PROCEDURE `secret`" in text


def test_hidden_routine(maria_shop):
    populate(maria_shop)
    maria_shop.sql("CREATE DEFINER = root@localhost PROCEDURE secret() SELECT 1")
    env = account(maria_shop, "outsider", f"ALL ON `{maria_shop.database}`.*")
    maria_shop.server.hide_routines(maria_shop.database, "outsider")
    grant = "GRANT SHOW_ROUTINE" if maria_shop.server.mysql else "GRANT SELECT ON mysql.proc"
    refused(maria_shop, "PROCEDURE secret", grant, env=env)


def test_broken_view(maria_shop):
    populate(maria_shop)
    maria_shop.sql("CREATE TABLE gone (i int); CREATE VIEW broken AS SELECT i FROM gone; DROP TABLE gone")
    refused(maria_shop, "view broken", "DROP VIEW `broken`;")


def test_a_past_that_can_not_be_restored(maria_shop):
    if maria_shop.server.mysql:
        pytest.skip("MySQL keeps no past of tables")
    maria_shop.sql(
        "CREATE TABLE counted (i int, b bigint unsigned GENERATED ALWAYS AS ROW START,"
        " e bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (b, e))"
        " WITH SYSTEM VERSIONING"
    )
    maria_shop.sql("INSERT INTO counted (i) VALUES (1)")
    dump(maria_shop, "--label", "present")
    (present,) = visible(maria_shop)
    (maria_shop.dumps / present).unlink()
    maria_shop.sql("DELETE FROM counted")
    refused(maria_shop, "table counted", "counts transactions")


def test_who_waits_is_not_in_it(maria_shop):
    populate(maria_shop)
    maria_shop.sql("CREATE TABLE db_entry_lock (id int, connection int); INSERT INTO db_entry_lock VALUES (9, 9)")
    made = unpack(maria_shop, dump(maria_shop), maria_shop.folder / "x.sql").read_text()
    assert "db_entry_lock" not in made and "`item`" in made


# --- Damage


@pytest.fixture
def plain(maria_shop):
    populate(maria_shop)
    maria_shop.file = maria_shop.dumps / (dump(maria_shop, "--dump-compress=none") + ".sql")
    return maria_shop


def cut_in_its_middle(text):
    return text[: len(text) // 2]


def cut_before_its_last_line(text):
    return text[: text.rindex(b"-- db-entry: complete")]


def with_another_value(text):
    return text.replace(b"(7,'", b"(7,'x", 1)


def with_more_behind(text):
    return text + b"DROP TABLE item;\n"


@pytest.mark.parametrize(
    "damage", [cut_in_its_middle, cut_before_its_last_line, with_another_value, with_more_behind]
)
def test_damage_is_found(plain, damage):
    copy = plain.folder / "copy.sql"
    copy.write_bytes(damage(plain.file.read_bytes()))
    result = plain.run("restore", copy, "--yes")
    assert result.code == 25 and "damaged" in result.stderr, result
    assert plain.value("SELECT count(*) FROM item") == "100"


def test_a_dump_of_another_tool_is_refused(plain):
    copy = plain.folder / "copy.sql"
    copy.write_text(stock(plain))
    result = plain.run("restore", copy, "--yes")
    assert result.code == 25 and f"mariadb DATABASE < {copy}" in result.stderr, result


# --- Size


def test_long_rows(maria_shop):
    """What was taken in one piece goes back in one piece, though as hex it would be twice as long."""
    maria_shop.sql("CREATE TABLE long_row (id int PRIMARY KEY, b longblob, t longtext)")
    maria_shop.sql("INSERT INTO long_row VALUES (1, repeat(x'00fe270a5c416263', 1300000), NULL)")
    maria_shop.sql("INSERT INTO long_row VALUES (2, NULL, repeat('ä\\'xyz', 1500000))")
    before = maria_shop.sql("SELECT id, sha2(b, 256), sha2(t, 256) FROM long_row")
    made = dump(maria_shop)
    maria_shop.sql("DELETE FROM long_row")
    maria_shop.ok("restore", made, "--yes")
    assert maria_shop.sql("SELECT id, sha2(b, 256), sha2(t, 256) FROM long_row") == before


def test_a_row_the_server_does_not_take(maria_shop):
    maria_shop.sql("CREATE TABLE long_row (id int PRIMARY KEY, a longtext, b longtext)")
    maria_shop.sql("INSERT INTO long_row VALUES (1, repeat('x', 10000000), NULL)")
    maria_shop.sql("UPDATE long_row SET b = a")
    made = dump(maria_shop)
    result = maria_shop.run("restore", made, "--yes", log="json")
    assert result.code == 23 and "SET GLOBAL max_allowed_packet" in json.dumps(result.refusal), result
    assert maria_shop.value("SELECT count(*) FROM long_row") == "1"


def test_help_of_the_stock_client(maria_shop):
    """The line that the documentation has."""
    populate(maria_shop)
    name = dump(maria_shop)
    other = maria_shop.server.create_database()
    client = " ".join(maria_shop.server.client_command(other))
    subprocess.run(
        f"zstd -dcq {maria_shop.dumps}/{name}.sql.zst | {client}", shell=True, check=True, timeout=60
    )
    assert maria_shop.server.client("SELECT count(*) FROM item", other).stdout == "100\n"
