"""TLS to PostgreSQL: verified, refused, required."""

import time

import pytest

from support.postgres import TlsPostgres

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def tls():
    server = TlsPostgres()
    if not server.available():
        pytest.skip(f"{server.title} is not installed")
    server.start()
    yield server
    server.stop()


def wait(project, server, parameters, host="localhost"):
    url = server.url("postgres").replace("@127.0.0.1:", f"@{host}:") + parameters
    env = {"DB_ENTRY_DATABASE_URL": url, "HOME": project.folder, "DB_ENTRY_WAIT_GRACE": "1s"}
    return project.run("wait", env=env, log="json")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_verified(pg_project, tls, mode):
    result = wait(pg_project, tls, f"?sslmode={mode}&sslrootcert={tls.folder}/ca.crt")
    assert result.code == 0, result


def test_certificate_of_another_host(pg_project, tls):
    parameters = f"?sslmode=verify-full&sslrootcert={tls.folder}/ca.crt"
    result = wait(pg_project, tls, parameters + "&hostaddr=127.0.0.1", host="db.example")
    assert result.code == 78, result
    assert "does not match host name" in result.refusal["what"]
    assert "wait.retry" not in result.event_names


def test_unknown_authority(pg_project, tls):
    pg_project.write("other.crt", (tls.folder / "server.crt").read_text())
    result = wait(
        pg_project, tls, f"?sslmode=verify-full&sslrootcert={pg_project.folder}/other.crt")
    assert result.code == 78, result
    assert "certificate verify failed" in result.refusal["what"]


def test_no_authority_at_all(pg_project, tls):
    result = wait(pg_project, tls, "?sslmode=verify-full")
    assert result.code == 78, result
    assert "sslrootcert=" in "".join(result.refusal["next"])


def test_required_where_the_server_has_none(pg_project):
    server = pg_project.server
    result = wait(pg_project, server, "?sslmode=require")
    assert result.code == 78, result
    assert "does not support SSL" in result.refusal["what"]


def test_server_that_takes_nothing_else(pg_project, tls):
    result = wait(pg_project, tls, "?sslmode=disable")
    assert result.code in (77, 69), result


def test_statement_is_cancelled_over_tls(pg_project, tls):
    """The cancel goes over a connection of its own."""
    url = tls.url("postgres").replace("@127.0.0.1:", "@localhost:")
    pg_project.migration("0001_sleep", "CREATE TABLE a AS SELECT 1 AS x, CAST(pg_sleep(60) AS text) AS y;")
    process = pg_project.start("apply", env={"DB_ENTRY_DATABASE_URL": url + "?sslmode=require"})
    deadline = time.monotonic() + 30
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'CREATE%'"
    while tls.client(running).stdout != "1\n":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    assert process.wait(10).code == 143
