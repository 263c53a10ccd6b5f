"""Dumps of MariaDB as the tests look at them, by the engine's own tools."""

import re
import subprocess
from pathlib import Path

import pytest

from support.mariadb import MariaProject
from support.servers import find_program

EVERY = Path(__file__).parent / "every_maria_object.sql"


class MariaShop(MariaProject):
    """The same with dumps."""

    def __init__(self, binary, folder, server):
        super().__init__(binary, folder, server)
        self.dumps = self.folder / "backups"
        del self.env["DB_ENTRY_DUMP"]
        self.env["DB_ENTRY_DUMP_DIR"] = str(self.dumps)

    def session(self, statement):
        """A session of somebody else's that ran this and is still there; ends when killed."""
        started = subprocess.Popen(
            [*self.server.client_command(self.database), "--unbuffered"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )
        started.stdin.write(f"{statement};\nSELECT 'ready';\n")
        started.stdin.flush()
        while "ready" not in started.stdout.readline():
            assert started.poll() is None
        return started


@pytest.fixture
def maria_shop(db_entry, tmp_path, mariadb):
    made = MariaShop(db_entry, tmp_path, mariadb)
    yield made
    made.close()


def populate(shop, rows=100):
    shop.sql("CREATE TABLE item (id integer PRIMARY KEY, text longtext)")
    shop.sql(
        f"INSERT INTO item SELECT seq, repeat(left(sha2(seq, 256), 32), 8) FROM {shop.server.numbers(rows)}")


def every_object(shop):
    done = subprocess.run(
        shop.server.client_command(shop.database), stdin=EVERY.open("rb"), capture_output=True,
        timeout=60, check=False,
    )
    assert done.returncode == 0, done.stderr


def visible(shop):
    if not shop.dumps.exists():
        return []
    return sorted(p.name for p in shop.dumps.iterdir() if "backup-" in p.name)


def dump(shop, *words, **options):
    return shop.ok("dump", *words, **options).stdout.strip()


def unpack(shop, name, to):
    with open(to, "wb") as out:
        subprocess.run(["zstd", "-dcq", shop.dumps / f"{name}.sql.zst"], stdout=out, check=True)
    return to


def restore_by_client(shop, path, database):
    done = subprocess.run(
        shop.server.client_command(database), stdin=open(path, "rb"), capture_output=True,
        timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr


def stock(shop, database=None):
    """What the engine's own tool makes of a database, but for the lock's row, which no dump holds."""
    database = database or shop.database
    command = shop.server.client_command("")
    where = [word for word in command if word.startswith(("--socket", "--user"))]
    program = [find_program("mariadb-dump")]
    if shop.server.mysql:
        program = [
            *shop.server.rooted("bin/mysqldump"), "--no-defaults", "--set-gtid-purged=OFF",
            "--no-tablespaces",
        ]
    done = subprocess.run(
        [*program, *where, "--skip-comments", "--routines", "--events", "--triggers",
         "--hex-blob", "--skip-extended-insert", "--single-transaction", "--tz-utc",
         f"--ignore-table={database}.db_entry_lock", database],
        capture_output=True, check=True, timeout=120,
    )
    return done.stdout.decode("latin1")


def exactly(shop, database=None):
    """What that tool does not show, or not to the last digit."""
    database = database or shop.database
    shown = {"database": shop.server.client(
        "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME ="
        f" '{database}'"
    ).stdout}
    columns = shop.server.client(
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS JOIN"
        " information_schema.TABLES USING (TABLE_SCHEMA, TABLE_NAME)"
        f" WHERE TABLE_SCHEMA = '{database}' AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')"
        " AND TABLE_NAME <> 'db_entry_lock'"
        " ORDER BY 1, ORDINAL_POSITION", database,
    ).stdout
    tables = {}
    for line in columns.splitlines():
        table, column, kind = line.split("\t")
        table = table.replace("\\n", "\n").replace("`", "``")
        column = column.replace("\\n", "\n").replace("`", "``")
        as_it_is = f"`{column}` + 0e0" if kind in ("float", "double") else f"hex(`{column}`)"
        if kind == "enum":
            as_it_is = f"`{column}` + 0"
        tables.setdefault(table, []).append(as_it_is)
    versioned = shop.server.client(
        f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}'"
        " AND TABLE_TYPE = 'SYSTEM VERSIONED'"
    ).stdout.split()
    script = ["SET time_zone = '+00:00';"]
    for number, (table, names) in enumerate(tables.items()):
        past = " FOR SYSTEM_TIME ALL" if table in versioned else ""
        script.append(f"SELECT 'table', {number}; SELECT {', '.join(names)} FROM `{table}`{past};")
    rows = shop.server.client("\n".join(script), database).stdout
    for part, table in zip(re.split(r"^table\t\d+\n", rows, flags=re.M)[1:], tables, strict=True):
        shown[table] = sorted(part.splitlines())
    shown["grants"] = re.sub(database, "", shop.server.client("SHOW DATABASES LIKE '%db_entry%'").stdout)
    return shown


def beside(shop):
    """Databases of db-entry's own that are still there."""
    return shop.server.client(f"SHOW DATABASES LIKE '{shop.database}\\_db\\_entry\\_%'").stdout.split()


def account(shop, name, *grants):
    """A user who may do this in the shop's database; the environment to be that user."""
    shop.server.client(
        f"DROP USER IF EXISTS {name}@'%'; CREATE USER {name}@'%' IDENTIFIED BY 'secret';"
        + "".join(f"GRANT {grant} TO {name}@'%';" for grant in grants)
    )
    return {"DB_ENTRY_DATABASE_URL": shop.server.url(shop.database, name, "secret")}
