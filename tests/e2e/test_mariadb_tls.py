"""TLS to MariaDB, and the ways to say who one is."""

import re
import time

import pytest

from support.mariadb import MariaGate, TlsMariaDB
from support.postgres import make_certificates
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


class AnotherHost(MariaGate):
    """An address that the certificate is not for; and not what libraries take for the machine's own."""

    host = "127.0.0.2"

    def __init__(self, server):
        super().__init__(server.port, lambda request: False)

    def wait(self, project, server, mode, ca):
        url = server.url("mysql").replace(f"127.0.0.1:{server.port}", f"{self.host}:{self.port}")
        return project.run("wait", env={
            "DB_ENTRY_DATABASE_URL": f"{url}?ssl-mode={mode}&ssl-ca={ca}", "DB_ENTRY_WAIT_GRACE": "1s"},
            log="json")


@pytest.fixture
def another_host(tls):
    gate = AnotherHost(tls)
    yield gate
    gate.close()


def checks_all_or_nothing(project):
    """So it is from version 3.4 of the library on."""
    version = re.search(r"Connector/C (\d+)\.(\d+)", project.ok("version").stdout)
    return tuple(map(int, version.groups())) >= (3, 4)


def refused(result):
    assert result.code == 78, result
    assert result.refusal["code"] == "2026"
    assert "wait.retry" not in result.event_names


def test_certificate_of_another_host(maria_project, tls, another_host):
    """The name in the URL counts, not what it leads to."""
    ca = tls.folder / "ca.crt"
    refused(another_host.wait(maria_project, tls, "VERIFY_IDENTITY", ca))
    result = another_host.wait(maria_project, tls, "VERIFY_CA", ca)
    if checks_all_or_nothing(maria_project):
        refused(result)
    else:
        assert result.code == 0, result
        refused(wait(maria_project, tls, f"?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}", host="127.0.0.1"))


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_certificate_of_another_authority(maria_project, tls, another_host, tmp_path, mode):
    make_certificates(tmp_path)
    refused(another_host.wait(maria_project, tls, mode, tmp_path / "ca.crt"))
    for host in ("localhost", "127.0.0.1"):
        refused(wait(maria_project, tls, f"?ssl-mode={mode}&ssl-ca={tmp_path}/ca.crt", host=host))


def test_unknown_authority(maria_project, tls):
    for parameters in ("ssl-mode=VERIFY_CA", "ssl-mode=VERIFY_IDENTITY", "sslaccept=strict"):
        result = wait(maria_project, tls, "?" + parameters)
        assert result.code == 78, result
        assert "ssl-ca=" in "".join(result.refusal["next"])
    missing = wait(maria_project, tls, f"?ssl-ca={maria_project.folder}/none.pem")
    assert missing.code == 78, missing


@pytest.mark.parametrize("parameters", ["ssl-mode=REQUIRED", "tls=true", "requireSSL=true"])
def test_required_where_the_server_has_none(maria_project, parameters):
    if maria_project.server.has_tls():
        pytest.skip("it makes a certificate by itself")
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
    tls.client("DROP USER IF EXISTS strict; CREATE USER strict IDENTIFIED BY 's' REQUIRE SSL;"
               "GRANT ALL ON *.* TO strict")
    who = {"user": "strict", "password": "s"}
    assert wait(maria_project, tls, "", **who).code == 0
    assert wait(maria_project, tls, "?ssl-mode=DISABLED", **who).code == 77


def test_client_certificate(maria_project, tls):
    tls.client("DROP USER IF EXISTS known; CREATE USER known IDENTIFIED BY 's' REQUIRE X509;"
               "GRANT ALL ON *.* TO known")
    who = {"user": "known", "password": "s"}
    assert wait(maria_project, tls, "", **who).code == 77
    key = maria_project.write("key.pem", (tls.folder / "server.key").read_text())
    parameters = f"?ssl-cert={tls.folder}/server.crt&ssl-key={key}&ssl-ca={tls.folder}/ca.crt"
    assert wait(maria_project, tls, parameters, **who).code == 0


def test_ed25519(maria_project, tls):
    if tls.mysql:
        pytest.skip("MySQL has no such plugin")
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
    if tls.root is not None:
        pytest.skip("the program that asks PAM is not where the server looks for it")
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
