"""TLS to MariaDB, and the ways to say who one is."""

import time

import pytest

from support.mariadb import TlsMariaDB
from support.preload import is_static

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def tls():
    server = TlsMariaDB()
    if not server.available():
        pytest.skip(f"{server.title} is not installed")
    server.start()
    yield server
    server.stop()


def wait(project, server, parameters, host="localhost", env=None, **who):
    url = server.url("mysql", **who).replace("@127.0.0.1:", f"@{host}:") + parameters
    env = {"DB_ENTRY_DATABASE_URL": url, "DB_ENTRY_WAIT_GRACE": "1s", **(env or {})}
    return project.run("wait", env=env, log="json")


@pytest.mark.parametrize("parameters", [
    "ssl-mode=REQUIRED&ssl-ca={ca}", "ssl-mode=VERIFY_CA&ssl-ca={ca}",
    "ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}", "sslmode=verify-full&sslrootcert={ca}",
    "ssl_ca={ca}", "ssl_ca={ca}&ssl_verify_identity=true", "tls=true&ssl-ca={ca}",
    "sslMode=VERIFY_CA&serverSslCert={ca}", "useSSL=true&requireSSL=true",
    "sslaccept=strict&sslcert={ca}", "tls=skip-verify", "ssl=true", "ssl-mode=REQUIRED",
    "ssl=%7B%22rejectUnauthorized%22:true%7D&ssl-ca={ca}",
])
def test_verified(maria_project, tls, parameters):
    for _ in range(3):
        result = wait(maria_project, tls, "?" + parameters.format(ca=f"{tls.folder}/ca.crt"))
        assert result.code == 0, result


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost.localdomain"])
def test_certificate_of_another_host(maria_project, tls, host):
    """The name in the URL counts, not what it leads to."""
    ca = f"ssl-ca={tls.folder}/ca.crt"
    maria_project.write("hosts", "127.0.0.1 localhost.localdomain\n")
    result = wait(maria_project, tls, f"?ssl-mode=VERIFY_IDENTITY&{ca}", host="127.0.0.1")
    assert result.code == 78, result
    assert result.refusal["code"] == "2026"
    assert "wait.retry" not in result.event_names
    assert wait(maria_project, tls, f"?ssl-mode=VERIFY_CA&{ca}", host="127.0.0.1").code == 0


def test_unknown_authority(maria_project, tls):
    for parameters in ("ssl-mode=VERIFY_CA", "ssl-mode=VERIFY_IDENTITY", "sslaccept=strict"):
        result = wait(maria_project, tls, "?" + parameters)
        assert result.code == 78, result
        assert "ssl-ca=" in "".join(result.refusal["next"])
    missing = wait(maria_project, tls, f"?ssl-ca={maria_project.folder}/none.pem")
    assert missing.code == 78, missing


@pytest.mark.parametrize("parameters", ["ssl-mode=REQUIRED", "tls=true", "requireSSL=true"])
def test_required_where_the_server_has_none(maria_project, parameters):
    result = wait(maria_project, maria_project.server, "?" + parameters)
    assert result.code == 78, result
    assert "wait.retry" not in result.event_names


def handshakes(server, project, parameters):
    """How many TLS handshakes the server has seen behind a session of ours."""
    url = server.url("mysql").replace("@127.0.0.1:", "@localhost:") + parameters
    project.ok("wait", env={"DB_ENTRY_DATABASE_URL": url})
    return int(server.client("SHOW GLOBAL STATUS LIKE 'Ssl_finished_accepts'").stdout.split()[1])


def test_preferred_is_the_rule_and_disabled_an_order(maria_project, tls):
    seen = [
        handshakes(tls, maria_project, parameters)
        for parameters in ("", "?ssl-mode=DISABLED", "?useSSL=false", "", "?ssl-mode=PREFERRED")
    ]
    ours = [after - before for before, after in zip(seen, seen[1:])]
    assert ours[0] == ours[1] < ours[2] == ours[3], seen


def test_user_who_must_use_tls(maria_project, tls):
    tls.client("CREATE OR REPLACE USER strict IDENTIFIED BY 's' REQUIRE SSL;"
               "GRANT ALL ON *.* TO strict")
    who = {"user": "strict", "password": "s"}
    assert wait(maria_project, tls, "", **who).code == 0
    assert wait(maria_project, tls, "?ssl-mode=DISABLED", **who).code == 77


def test_client_certificate(maria_project, tls):
    tls.client("CREATE OR REPLACE USER known IDENTIFIED BY 's' REQUIRE X509;"
               "GRANT ALL ON *.* TO known")
    who = {"user": "known", "password": "s"}
    assert wait(maria_project, tls, "", **who).code == 77
    key = maria_project.write("key.pem", (tls.folder / "server.key").read_text())
    parameters = f"?ssl-cert={tls.folder}/server.crt&ssl-key={key}&ssl-ca={tls.folder}/ca.crt"
    assert wait(maria_project, tls, parameters, **who).code == 0


def test_ed25519(maria_project, tls):
    tls.client("INSTALL SONAME 'auth_ed25519'")
    tls.client("CREATE OR REPLACE USER modern IDENTIFIED VIA ed25519 USING PASSWORD('m d');"
               "GRANT ALL ON *.* TO modern")
    who = {"user": "modern", "password": "m d"}
    assert wait(maria_project, tls, "", **who).code == 0
    assert wait(maria_project, tls, "?ssl-mode=DISABLED", **who).code == 0
    assert wait(maria_project, tls, "", user="modern", password="wrong").code == 77
    result = wait(maria_project, tls, f"?plugin-dir={maria_project.folder}", **who)
    if is_static(maria_project.binary):  # it needs no folder for it
        assert result.code == 0, result
        return
    assert result.code == 77, result
    assert "plugin-dir=" in "".join(result.refusal["next"])
    assert "client_ed25519" in result.refusal["what"]
    assert "wait.retry" not in result.event_names


def test_password_is_not_given_away_as_it_is(maria_project, tls):
    """A server can ask for it; over what nobody checked it gets none."""
    tls.client("INSTALL SONAME 'auth_pam'")
    tls.client("CREATE OR REPLACE USER plain IDENTIFIED VIA pam; SET GLOBAL pam_use_cleartext_plugin=1",
               check=False)
    result = wait(maria_project, tls, "", user="plain", password="visible")
    assert result.code == 77, result
    assert "wait.retry" not in result.event_names, result
    assert "visible" not in result.stderr
    result = wait(maria_project, tls, "?allowCleartextPasswords=true", user="plain", password="p")
    assert result.refusal["code"] in ("1045", "1698"), result


def test_statement_is_ended_over_tls(maria_project, tls):
    """The order goes over a connection of its own."""
    url = tls.url(tls.create_database()).replace("@127.0.0.1:", "@localhost:")
    maria_project.migration(
        "0001_sleep", "CREATE TABLE a (b integer);\nINSERT INTO a SELECT SLEEP(60);")
    parameters = f"?ssl-mode=VERIFY_IDENTITY&ssl-ca={tls.folder}/ca.crt"
    process = maria_project.start("apply", env={"DB_ENTRY_DATABASE_URL": url + parameters})
    running = ("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND = 'Query'"
               " AND INFO LIKE 'INSERT INTO a%'")
    deadline = time.monotonic() + 30
    while tls.client(running).stdout != "1\n":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    assert process.wait(10).code == 143
    assert tls.client(running).stdout == "0\n"
