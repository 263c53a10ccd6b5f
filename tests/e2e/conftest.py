"""Fixtures of the end-to-end tests; see support/."""

import os
from pathlib import Path

import pytest

from support.mariadb import MariaProject
from support.past import BASE
from support.postgres import PgBouncer, PostgresProject
from support.project import Project
from support.servers import MariaDB, Postgres

pytest_plugins = ["support.preload", "support.places", "support.rollback", "support.dumps",
                  "support.maria_dumps", "support.containers"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root():
    """The top folder of the source tree."""
    return ROOT


@pytest.fixture(scope="session")
def build():
    """The build folder, where test programs lie in tests/."""
    return Path(os.environ.get("DB_ENTRY_BUILD", ROOT / "build")).resolve()


@pytest.fixture(scope="session")
def db_entry(build):
    """The program under test."""
    binary = Path(os.environ.get("DB_ENTRY_BINARY", build / "db-entry")).resolve()
    assert binary.is_file(), f"{binary} is not there: run make first"
    return binary


@pytest.fixture
def project(db_entry, tmp_path):
    """An empty project on SQLite."""
    made = Project(db_entry, tmp_path)
    yield made
    made.close()


@pytest.fixture
def base(project):
    """A database with rows, as an earlier image left it."""
    project.migration("0001_base", BASE)
    project.ok("apply")
    return project


@pytest.fixture
def shop(project):
    """A project with two good migrations, nothing applied yet."""
    project.migration("0001_customers", "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);")
    project.migration(
        "0002_orders",
        """
        CREATE TABLE orders (
            id INTEGER PRIMARY KEY,
            customer_id INTEGER REFERENCES customers (id) ON DELETE CASCADE
        );
        INSERT INTO customers VALUES (1, 'Ada');
        INSERT INTO orders VALUES (1, 1), (2, 1);
        """,
    )
    return project


# One server a worker, started when the first test asks for it: workers share nothing, so there is
# nothing to lock, and a worker that dies takes its servers with it.


def _serve(server):
    if not server.available():
        pytest.skip(f"{server.title} is not installed: {server.package}")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres():
    """A private PostgreSQL server."""
    yield from _serve(Postgres())


@pytest.fixture
def pg_project(db_entry, tmp_path, postgres):
    """An empty project on PostgreSQL."""
    made = PostgresProject(db_entry, tmp_path, postgres)
    yield made
    made.close()


@pytest.fixture(scope="session")
def pgbouncer(postgres):
    """A pooler in front of the PostgreSQL server."""
    yield from _serve(PgBouncer(postgres))


@pytest.fixture(scope="session")
def mariadb():
    """A private MariaDB server."""
    yield from _serve(MariaDB())


@pytest.fixture
def maria_project(db_entry, tmp_path, mariadb):
    """An empty project on MariaDB."""
    made = MariaProject(db_entry, tmp_path, mariadb)
    yield made
    made.close()


@pytest.fixture(scope="session", params=["postgres", "mariadb"])
def server(request):
    """Each server in turn."""
    return request.getfixturevalue(request.param)
