"""A restored database of MariaDB is what the dump was; a restore that fails leaves what there was."""

import json
import os
import signal

import pytest

from support.maria_dumps import account, beside, dump, exactly, populate, stock

pytestmark = pytest.mark.server


@pytest.fixture
def coded(maria_shop):
    """Tables with all that stands in the way of moving them, and a dump of them."""
    maria_shop.sql(
        """
        CREATE TABLE log (t text);
        CREATE TABLE parent (id int PRIMARY KEY, name varchar(20));
        CREATE TABLE child (id int PRIMARY KEY, parent int,
            CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES parent (id));
        /*M! CREATE SEQUENCE counter START WITH 50 */;
        CREATE TABLE numbered (id bigint NOT NULL /*M! DEFAULT nextval(counter) */
            /*!80000 AUTO_INCREMENT */ PRIMARY KEY, t text) /*!80000 AUTO_INCREMENT = 50 */;
        INSERT INTO parent VALUES (1, 'one'); INSERT INTO child VALUES (1, 1);
        CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC RETURN a * 2;
        CREATE VIEW doubled AS SELECT twice(id) AS d FROM parent;
        CREATE TRIGGER on_insert AFTER INSERT ON parent FOR EACH ROW INSERT INTO log VALUES (NEW.name);
        CREATE TRIGGER on_child BEFORE UPDATE ON child FOR EACH ROW SET NEW.parent = OLD.parent;
        CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log;
        """
    )
    maria_shop.dump = dump(maria_shop)
    maria_shop.was = stock(maria_shop)
    maria_shop.exact = exactly(maria_shop)
    return maria_shop


def change(shop):
    """Everything is another now; the state that failing must leave."""
    shop.sql(
        """
        DELETE FROM child; INSERT INTO parent VALUES (2, 'two'); CREATE TABLE newer (i int);
        DROP TRIGGER on_child; CREATE TRIGGER on_newer AFTER INSERT ON newer FOR EACH ROW SET @x = 1;
        DROP FUNCTION twice; CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC RETURN a * 3;
        CREATE VIEW newer_view AS SELECT i FROM newer; CREATE PROCEDURE newer_one() SELECT 1;
        DROP EVENT nightly; /*M! ALTER DATABASE COLLATE latin1_bin */;
        """  # MySQL's waits for whoever uses a table, also when it is put back
    )
    return seen(shop)


def seen(shop):
    return stock(shop), exactly(shop)


def restored(shop):
    assert stock(shop) == shop.was
    assert exactly(shop) == shop.exact
    assert beside(shop) == []


def untouched(shop, before, result, code=23):
    assert result.code == code, result
    assert seen(shop) == before
    assert beside(shop) == []


def test_everything_is_as_it_was(coded):
    change(coded)
    coded.ok("restore", coded.dump, "--yes")
    restored(coded)
    # What is made of parts that were moved works.
    coded.sql("INSERT INTO parent VALUES (3, 'three'); INSERT INTO numbered (t) VALUES ('x')")
    assert coded.value("SELECT t FROM log") == "three"
    assert coded.value("SELECT id FROM numbered") == "50"
    assert coded.value("SELECT max(d) FROM doubled") == "6"
    assert coded.server.client("INSERT INTO child VALUES (9, 99)", coded.database, check=False).returncode


def test_into_another_database(coded):
    other = coded.server.create_database()
    env = {"DB_ENTRY_DATABASE_URL": coded.server.url(other)}
    refused = coded.run("restore", coded.dump, "--yes", env=env)
    assert refused.code == 64, refused
    coded.ok("restore", coded.dump, "--yes", "--other-database", env=env)
    assert stock(coded, other).replace(other, coded.database) == coded.was
    coded.server.client("INSERT INTO numbered (t) VALUES ('x')", other)


def test_names_change_places(coded):
    """A table where a view was, and the other way round."""
    coded.sql("DROP VIEW doubled; CREATE TABLE doubled (i int); DROP TABLE log; CREATE VIEW log AS SELECT 1 AS t")
    coded.ok("restore", coded.dump, "--yes")
    restored(coded)


def test_others_are_connected(coded):
    """Who has the database open goes on, and sees the new one."""
    other = coded.session("SELECT count(*) FROM parent")
    change(coded)
    coded.ok("restore", coded.dump, "--yes")
    other.stdin.write("SELECT count(*) FROM parent;\nSELECT count(*) FROM parent;\n")
    other.stdin.close()
    assert other.stdout.read().split() == ["1", "1"]
    assert other.wait(30) == 0


def test_somebody_holds_a_table(coded):
    before = change(coded)
    other = coded.session("START TRANSACTION; SELECT count(*) FROM parent")
    result = coded.run("restore", coded.dump, "--yes", env={"DB_ENTRY_LOCK_TIMEOUT": "1s"})
    other.kill()
    assert "as it was before" in result.stderr, result
    untouched(coded, before, result)


def start_until(shop, condition):
    work = shop.start("restore", shop.dump, "--yes", env={"DB_ENTRY_LOCK_TIMEOUT": "0"})
    shop.until(condition)
    return work


@pytest.mark.parametrize("table,waits", [("parent", "DROP TRIGGER"), ("child", "RENAME TABLE")])
def test_stopped_before_the_swap(coded, table, waits):
    before = change(coded)
    other = coded.session(f"START TRANSACTION; SELECT count(*) FROM {table}")
    work = start_until(coded, coded.running(waits))
    work.terminate()
    result = work.wait(10)
    other.kill()
    untouched(coded, before, result, 143)


@pytest.mark.parametrize("table,waits", [("parent", "DROP TRIGGER"), ("child", "RENAME TABLE")])
def test_killed_before_the_swap(coded, table, waits):
    """The next to take the lock puts back what was taken away, and ends what still waits."""
    before = change(coded)
    other = coded.session(f"START TRANSACTION; SELECT count(*) FROM {table}")
    work = start_until(coded, coded.running(waits))
    os.kill(work.pid, signal.SIGKILL)
    work.wait()
    if waits == "DROP TRIGGER":
        other.kill()  # or the triggers can't be put back either
    result = coded.ok("dump")
    assert "was cut off was undone" in result.stderr, result
    other.kill()
    assert seen(coded) == before
    assert beside(coded) == []


def test_killed_behind_the_swap(coded):
    """The tables are new, the rest is old: the next to take the lock makes it whole."""
    change(coded)
    other = coded.session("START TRANSACTION; SELECT twice(1)")
    work = start_until(coded, coded.running("DROP FUNCTION"))
    os.kill(work.pid, signal.SIGKILL)
    work.wait()
    other.kill()
    result = coded.ok("dump")
    assert "brought to its end" in result.stderr, result
    restored(coded)


def test_killed_while_it_is_filled(coded):
    before = change(coded)
    # In the new database nobody is in the way; so the server is.
    coded.server.client(
        f"CREATE DATABASE {coded.database}_db_entry_old; CREATE DATABASE {coded.database}_db_entry_new;"
        f"CREATE TABLE {coded.database}_db_entry_old.db_entry_restore (way_back longblob, way_on longblob);"
        f"CREATE TABLE {coded.database}_db_entry_new.child (i int)"
    )
    result = coded.ok("dump")
    assert "was undone" in result.stderr, result
    assert seen(coded) == before
    assert beside(coded) == []


# --- Refused before anything is changed


def why(result):
    return json.dumps(result.refusal, ensure_ascii=False)


def test_a_database_that_is_in_the_way(coded):
    before = change(coded)
    name = f"{coded.database}_db_entry_new"
    coded.server.client(f"CREATE DATABASE {name}; CREATE TABLE {name}.theirs (i int)")
    result = coded.run("restore", coded.dump, "--yes", log="json")
    assert result.code == 23 and f"{name} is in the way" in why(result), result
    assert coded.server.client("SHOW TABLES", name).stdout == "theirs\n"
    coded.server.client(f"DROP DATABASE {name}")
    untouched(coded, before, result)


def test_an_empty_one_is_what_one_that_was_cut_off_left(coded):
    """Between the database and its first table."""
    change(coded)
    coded.server.client(f"CREATE DATABASE {coded.database}_db_entry_old")
    coded.ok("restore", coded.dump, "--yes")
    assert beside(coded) == []


def test_no_right_to_make_a_database(coded):
    before = change(coded)
    mysql = coded.server.mysql
    see = "SHOW_ROUTINE ON *.*" if mysql else "SELECT ON mysql.proc"
    define = "SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER" if mysql else "SET USER"
    env = account(coded, "owner", f"ALL ON `{coded.database}`.*", see)
    result = coded.run("restore", coded.dump, "--yes", env=env, log="json")
    escaped = coded.database.replace("_", "\\\\_")
    assert f"GRANT ALL PRIVILEGES ON `{escaped}\\\\_db\\\\_entry\\\\_%`.* TO 'owner'@'%';" in why(result), result
    untouched(coded, before, result)
    # And with it, what runs as others needs another.
    coded.server.client(f"GRANT ALL ON `{coded.database}%`.* TO owner@'%'")
    result = coded.run("restore", coded.dump, "--yes", env=env, log="json")
    assert f"GRANT {define} ON *.*" in why(result), result
    untouched(coded, before, result)
    coded.server.client(f"GRANT {define} ON *.* TO owner@'%'")
    if mysql:
        result = coded.run("restore", coded.dump, "--yes", env=env, log="json")
        assert "GRANT SYSTEM_USER ON *.*" in why(result), result
        coded.server.client("GRANT SYSTEM_USER ON *.* TO owner@'%'")
    if coded.value("SELECT VERSION()").startswith("10.5."):
        result = coded.run("restore", coded.dump, "--yes", env=env, log="json")
        assert "GRANT ALTER ON *.* TO 'owner'@'%';" in why(result), result
        untouched(coded, before, result)
        coded.server.client("GRANT ALTER ON *.* TO owner@'%'")
    coded.ok("restore", coded.dump, "--yes", env=env)
    restored(coded)


def test_a_foreign_key_from_elsewhere(coded):
    other = coded.server.create_database()
    coded.server.client(
        f"CREATE TABLE theirs (i int, CONSTRAINT f FOREIGN KEY (i) REFERENCES {coded.database}.parent (id))", other
    )
    before = change(coded)
    result = coded.run("restore", coded.dump, "--yes", log="json")
    assert f"table theirs of database {other} refers to parent" in why(result), result
    untouched(coded, before, result)


def test_a_foreign_key_to_elsewhere(maria_shop):
    other = maria_shop.server.create_database()
    maria_shop.server.client("CREATE TABLE base (i int PRIMARY KEY); INSERT INTO base VALUES (1)", other)
    populate(maria_shop)
    maria_shop.sql(
        f"CREATE TABLE ours (i int, FOREIGN KEY (i) REFERENCES {other}.base (i)); INSERT INTO ours VALUES (1);"
        f"CREATE VIEW both_of_them AS SELECT o.i FROM ours AS o JOIN {other}.base USING (i)"
    )
    before = stock(maria_shop)
    made = dump(maria_shop)
    maria_shop.sql("DROP TABLE ours, item; CREATE TABLE ours (other int)")
    maria_shop.ok("restore", made, "--yes", "--dump=never")  # the view is broken now
    assert stock(maria_shop) == before


def test_grants_on_tables_stay(coded):
    env = account(coded, "clerk", f"SELECT ON `{coded.database}`.parent")
    assert env
    coded.ok("restore", coded.dump, "--yes")
    assert f"`{coded.database}`.`parent`" in coded.server.client("SHOW GRANTS FOR clerk@'%'").stdout
