"""What only MySQL has. The server is that of DB_ENTRY_MARIADB_ROOT, where it is one."""

import json
import subprocess

import pytest

from support.mariadb import CrashMariaDB, MariaGate
from support.maria_dumps import MariaShop, account, beside, dump, exactly, stock, unpack

pytestmark = pytest.mark.server

MIRROR = "db/schema/tables.json"


@pytest.fixture
def mysql(mariadb):
    """A MySQL server."""
    if not mariadb.mysql:
        pytest.skip("DB_ENTRY_MARIADB_ROOT names no folder with a MySQL server")
    return mariadb


@pytest.fixture
def setting(mysql):
    """A function that changes a setting of the server until the test ends."""
    before = []

    def change(name, value):
        was = mysql.client(f"SELECT @@GLOBAL.{name}").stdout.strip()
        before.append(f"SET GLOBAL {name} = {was};")
        mysql.client(f"SET GLOBAL {name} = {value}")

    yield change
    mysql.client("".join(reversed(before)))


@pytest.fixture
def shop(mysql, maria_shop):
    """An empty project."""
    return maria_shop


@pytest.fixture(scope="session")
def everything(root):
    """SQL of every class of objects."""
    return (root / "tests/cases/mysql/everything.sql").read_text(encoding="utf-8")


def mirror_of(shop):
    return json.loads((shop.folder / MIRROR).read_text(encoding="utf-8"))


def same(shop):
    result = shop.run("diff")
    assert result.code == 0, result


def test_every_class_of_objects(shop, everything, db_entry, tmp_path_factory):
    shop.sql(everything)
    shop.ok("mirror", "pull")
    same(shop)
    shop.ok("mirror", "verify")
    parts = {key for table in mirror_of(shop)["tables"] for key in table}
    assert parts >= {"columns", "primaryKey", "uniques", "checks", "foreignKeys", "indexes",
                     "triggers", "partitions", "partitionBy"}
    other = MariaShop(db_entry, tmp_path_factory.mktemp("other"), shop.server)
    other.sql(everything)
    (other.folder / MIRROR).parent.mkdir(parents=True)
    (other.folder / MIRROR).write_bytes((shop.folder / MIRROR).read_bytes())
    same(other)
    other.close()


def test_written_by_hand(shop):
    shop.sql(
        """
        CREATE TABLE item (id int unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(20) DEFAULT (upper('a')),
            price decimal(10, 2) DEFAULT 1.5, ok boolean DEFAULT false, at point NOT NULL SRID 4326,
            `rank` int INVISIBLE, doc json, CHECK (price > 0 AND name <> 'x'),
            CONSTRAINT lax CHECK (price < 9) NOT ENFORCED, KEY (`rank`) INVISIBLE, KEY low ((lower(name)) DESC));
        CREATE VIEW dear AS SELECT * FROM item WHERE price > 10;
        """
    )
    shop.ok("mirror", "pull")
    written = mirror_of(shop)
    table = written["tables"][0]
    for column in table["columns"]:
        column["type"] = column["type"].upper().replace("TINYINT(1)", "BOOLEAN").replace("INT ", "INTEGER ")
    table["checks"][0]["expression"] = "price > 0 AND name <> 'x'"
    table["indexes"] = [
        {"name": "low", "columns": ["(LOWER(name)) DESC"]}, {"columns": ["rank"], "ignored": True}]
    written["views"][0]["query"] = "SELECT id, name, price, ok, at, doc FROM item WHERE price > 10"
    (shop.folder / MIRROR).write_text(json.dumps(written), encoding="utf-8")
    same(shop)


def test_dump_and_restore(shop, everything):
    shop.sql(everything)
    shop.sql(
        """
        INSERT INTO base (c, a, b, e, f, g, l, l0, n, p, q, s, x, y, z, `lead`) VALUES
            ('c1', 'ä\\\\''"', 'bß', '{"x": "é😀", "z": [1, 2, 3]}', 1.25, '2020-01-01 01:02:03',
             ST_GeomFromText('POINT(10 20)', 4326), ST_GeomFromText('LINESTRING(0 0, 1 1)', 0),
             b'110', 1, 2000, '\\0a', TO_VECTOR('[1,2.5,-3]'), 'vis', x'00ff', 3);
        INSERT INTO base (c, l) VALUES ('c2', ST_GeomFromText('POINT(-10 20.5)', 4326));
        INSERT INTO part VALUES (1, '1999-01-01'), (2, '2020-01-01');
        """
    )
    made = dump(shop)
    was, rows = stock(shop), exactly(shop)
    file = unpack(shop, made, shop.folder / "dump.sql")
    database = shop.server.create_database()
    client = [*shop.server.rooted("bin/mysql"), "--no-defaults", *shop.server.client_command("")[-3:-1]]
    with open(file, "rb") as given:
        subprocess.run([*client, database], stdin=given, check=True, timeout=60)
    assert stock(shop, database).replace(database, shop.database) == was
    assert exactly(shop, database) == rows
    shop.ok("mirror", "pull")
    shop.sql("DELETE FROM base; DROP TABLE part; DROP EVENT ev; CREATE TABLE newer (a int)")
    shop.ok("restore", "--yes", made)
    assert stock(shop) == was and exactly(shop) == rows
    same(shop)
    assert beside(shop) == []


@pytest.mark.parametrize("name", ["sql_require_primary_key", "sql_generate_invisible_primary_key"])
def test_primary_keys_are_demanded(shop, setting, name):
    """Of our own tables, and of what a restore or a comparison makes."""
    shop.sql("CREATE TABLE keyless (a int)")
    setting(name, "ON")
    shop.migration("0001_item", "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1);")
    shop.ok("apply")
    shop.ok("mirror", "pull")
    text = (shop.folder / MIRROR).read_text(encoding="utf-8")
    (shop.folder / MIRROR).write_text(text.replace('"int"', '"INTEGER"'), encoding="utf-8")
    same(shop)
    made = dump(shop)
    shop.sql("DELETE FROM item")
    shop.ok("restore", "--yes", made)
    assert shop.value("SELECT COUNT(*) FROM item") == "1"
    assert "PRIMARY KEY" not in shop.sql("SHOW CREATE TABLE keyless")[0][1]
    same(shop)


def test_statistics_are_stale(shop, setting):
    """What the server tells of its tables may be a day old; what they are it tells at once."""
    setting("information_schema_stats_expiry", "86400")
    shop.migration("0001_item", "CREATE TABLE item (id int PRIMARY KEY);")
    shop.ok("apply")
    shop.sql("SELECT * FROM information_schema.TABLES")
    shop.sql("INSERT INTO item VALUES (1); ANALYZE TABLE item UPDATE HISTOGRAM ON id WITH 4 BUCKETS")
    assert "as the last run left it" in shop.ok("status").stdout
    result = shop.run("apply", env={"DB_ENTRY_DUMP": "never"})
    assert result.code == 0, result
    shop.migration("0002_drop", "DROP TABLE item;")
    result = shop.run("apply")
    assert result.code == 20, result


@pytest.mark.parametrize("plugin", ["caching_sha2_password", "sha256_password"])
@pytest.mark.parametrize("mode", ["DISABLED", "PREFERRED", "REQUIRED"])
def test_passwords(shop, plugin, mode):
    """Over TLS, and without it by the server's key; nothing of it is cached yet."""
    name = f"{plugin[:4]}_{mode.lower()}"
    shop.sql(f"DROP USER IF EXISTS {name}; CREATE USER {name} IDENTIFIED WITH {plugin} BY 'se''cret';"
             f"GRANT ALL ON {shop.database}.* TO {name}; FLUSH PRIVILEGES")
    url = shop.server.url(shop.database, name, "se'cret") + f"?ssl-mode={mode}"
    shop.ok("wait", env={"DB_ENTRY_DATABASE_URL": url})
    wrong = shop.server.url(shop.database, name, "other") + f"?ssl-mode={mode}"
    assert shop.run("wait", env={"DB_ENTRY_DATABASE_URL": wrong, "DB_ENTRY_WAIT_TIMEOUT": "1s"}).code == 77


def test_password_for_a_key_that_is_known(shop):
    """Without TLS: then no false server can give its own."""
    shop.sql("DROP USER IF EXISTS keyed; CREATE USER keyed IDENTIFIED WITH caching_sha2_password BY 's';"
             f"GRANT ALL ON {shop.database}.* TO keyed; FLUSH PRIVILEGES")
    false = shop.folder / "false.pem"
    subprocess.run(["openssl", "genrsa", "-out", shop.folder / "key.pem", "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", shop.folder / "key.pem", "-pubout", "-out", false],
                   check=True, capture_output=True)
    url = shop.server.url(shop.database, "keyed", "s") + "?ssl-mode=DISABLED&serverRSAPublicKeyFile="
    result = shop.run("wait", env={"DB_ENTRY_DATABASE_URL": url + str(false), "DB_ENTRY_WAIT_TIMEOUT": "1s"})
    assert result.code == 77, result
    shop.ok("wait", env={"DB_ENTRY_DATABASE_URL": f"{url}{shop.server.folder}/data/public_key.pem"})


@pytest.fixture(scope="module")
def clear():
    """A server without TLS."""
    server = CrashMariaDB()
    if not server.mysql:
        pytest.skip("DB_ENTRY_MARIADB_ROOT names no folder with a MySQL server")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("mode, code", [("PREFERRED", 0), ("DISABLED", 0), ("REQUIRED", 78), ("VERIFY_CA", 78)])
def test_password_where_the_server_has_no_tls(shop, clear, mode, code):
    """It is never sent as it is."""
    sent = []

    def keep(request):
        sent.append(request)
        return request

    name = f"bare_{mode.lower()}"
    clear.client(f"CREATE USER {name} IDENTIFIED WITH caching_sha2_password BY 'in the clear'; GRANT ALL ON *.* TO {name}")
    gate = MariaGate(clear.port, lambda request: False)
    gate.passed_on = keep
    url = clear.url("mysql", name, "in the clear").replace(f":{clear.port}/", f":{gate.port}/")
    result = shop.run("wait", env={"DB_ENTRY_DATABASE_URL": f"{url}?ssl-mode={mode}", "DB_ENTRY_WAIT_GRACE": "1s"})
    gate.close()
    assert result.code == code, result
    assert (sent or code == 78) and b"in the clear" not in b"".join(sent)


def test_rights_of_a_role(shop):
    env = account(shop, "by_role")
    shop.sql(f"DROP ROLE IF EXISTS crew; CREATE ROLE crew; GRANT ALL ON {shop.database}.* TO crew;"
             "GRANT crew TO by_role; SET DEFAULT ROLE crew TO by_role")
    shop.migration("0001_item", "CREATE TABLE item (id int PRIMARY KEY);")
    shop.ok("apply", env=env)
    dump(shop, env=env)


def test_super_read_only(shop, setting):
    shop.migration("0001_item", "CREATE TABLE item (id int PRIMARY KEY);")
    shop.ok("apply")
    setting("read_only", "ON")  # which the other sets too, and does not put back
    setting("super_read_only", "ON")
    shop.ok("run", "--", "true")
    shop.migration("0002_more", "CREATE TABLE more (id int PRIMARY KEY);")
    assert shop.run("apply", env={"DB_ENTRY_WAIT_TIMEOUT": "1s"}).code == 26


def test_longest_name(shop):
    """The names of its locks have 64 characters at most, as those of databases."""
    shop.database = "n" * 64
    shop.server.client(f"CREATE DATABASE {shop.database}")
    shop.env["DB_ENTRY_DATABASE_URL"] = shop.server.url(shop.database)
    shop.migration("0001_item", "CREATE TABLE item (id int PRIMARY KEY);")
    shop.ok("apply")
    shop.ok("restore", "--yes", dump(shop))
    shop.server.client(f"DROP DATABASE {shop.database}")
