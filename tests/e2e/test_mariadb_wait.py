"""Waiting for MariaDB: late, starting, refusing, silent, read-only."""

import signal
import subprocess
import time

import pytest

from support.mariadb import MariaDoorman, TlsMariaDB
from support.postgres import SLOW_DNS
from support.preload import is_static
from support.servers import free_port

pytestmark = pytest.mark.server

AT_ONCE = 10


@pytest.fixture
def doorman():
    """doorman(act, …): a listener that does that."""
    made = []

    def make(*acts, **options):
        made.append(MariaDoorman(*acts, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def moved(project, port):
    """The URL of the project's database at another port."""
    return project.server.url(project.database).replace(f":{project.server.port}/", f":{port}/")


def test_server_that_comes_late(maria_project, doorman):
    port = free_port()
    process = maria_project.start("wait", env={"DB_ENTRY_DATABASE_URL": moved(maria_project, port)})
    event = process.wait_for_event("wait.retry")
    assert "refused" in event["reason"]
    assert "pa%40ss" not in str(event) and "pa@ss" not in str(event)
    doorman(("to", maria_project.server.port), port=port)
    assert process.wait().code == 0


@pytest.mark.parametrize("code, text", [
    (1040, "Too many connections"),
    (1053, "Server shutdown in progress"),
    (1203, "User shop already has more than 'max_user_connections' active connections"),
    (1226, "User 'shop' has exceeded the 'max_user_connections' resource"),
    (1045, "Access denied for user 'shop'@'localhost'"),
    (1044, "Access denied for user 'shop'@'localhost' to database 'shop'"),
    (1049, "Unknown database 'shop'"),
    (1130, "Host '127.0.0.1' is not allowed to connect to this MariaDB server"),
    (1698, "Access denied for user 'shop'@'localhost'"),
    (1927, "Connection was killed"),
    (1290, "running with the --read-only option"),
    (1836, "Running in read-only mode"),
])
def test_what_passes_is_waited_for(maria_project, doorman, code, text):
    door = doorman(("error", code, text), ("error", code, text), ("to", maria_project.server.port))
    result = maria_project.ok(
        "wait", env={"DB_ENTRY_DATABASE_URL": moved(maria_project, door.port)}, log="json")
    retries = [event for event in result.events if event["event"] == "wait.retry"]
    assert [event["code"] for event in retries] == [str(code)]
    assert text in retries[0]["reason"]
    assert "wait.ready" in result.event_names
    assert door.seen >= 3


@pytest.mark.parametrize("code, text, exit_code", [
    (1129, "Host '127.0.0.1' is blocked because of many connection errors", 77),
    (1251, "Client does not support authentication protocol requested by server", 77),
    (1820, "You must reset your password", 77),
    (4151, "Access denied, this account is locked", 77),
])
def test_what_stays_wrong_is_not_waited_for(maria_project, doorman, code, text, exit_code):
    door = doorman(("error", code, text))
    result = maria_project.run("wait", env={"DB_ENTRY_DATABASE_URL": door.url()}, log="json")
    assert result.code == exit_code, result
    assert result.refusal["code"] == str(code)
    assert "wait.retry" not in result.event_names
    assert door.seen == 1


def test_server_that_hangs_up_is_waited_for(maria_project, doorman):
    door = doorman("close", "close", ("to", maria_project.server.port))
    url = moved(maria_project, door.port)
    result = maria_project.ok("wait", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    assert "wait.retry" in result.event_names


def test_wrong_password_is_refused_after_the_grace(maria_project):
    url = maria_project.server.url(maria_project.database, password="wrong-secret")
    env = {"DB_ENTRY_DATABASE_URL": url, "DB_ENTRY_WAIT_GRACE": "1s"}
    result = maria_project.run("wait", env=env, log="json")
    assert result.code == 77, result
    assert result.refusal["code"] == "1045"
    assert "wrong-secret" not in result.stderr


def test_unknown_database(maria_project):
    env = {
        "DB_ENTRY_DATABASE_URL": maria_project.server.url("nowhere"), "DB_ENTRY_WAIT_GRACE": "1s"}
    result = maria_project.run("wait", env=env, log="json")
    assert result.code == 69, result
    assert result.refusal["code"] == "1049"


def test_locked_and_expired_accounts(maria_project):
    name = f"who_{maria_project.database}"
    maria_project.sql(f"CREATE USER {name} IDENTIFIED BY 'x'; GRANT ALL ON *.* TO {name};")
    url = {"DB_ENTRY_DATABASE_URL": maria_project.server.url(maria_project.database, name, "x")}
    maria_project.ok("wait", env=url)
    for change, code in (("ACCOUNT LOCK", "4151"), ("ACCOUNT UNLOCK PASSWORD EXPIRE", "1820")):
        maria_project.sql(f"ALTER USER {name} {change}")
        result = maria_project.run("wait", env=url, log="json")
        assert result.code == 77, result
        assert result.refusal["code"] in (code, "1862", "3118")
        assert "wait.retry" not in result.event_names


def test_missing_socket(maria_project):
    env = {"DB_ENTRY_DATABASE_URL": f"mysql:///shop?socket={maria_project.folder}/none",
           "DB_ENTRY_WAIT_TIMEOUT": "1s"}
    result = maria_project.run("wait", env=env, log="json")
    assert result.code == 69, result
    assert "No such file" in result.refusal["what"]


@pytest.mark.parametrize("url", [
    "mysql://tester:{password}@127.0.0.1:{port}/{database}",
    "mariadb://tester:{password}@localhost:{port}/{database}",
    "mariadb:///{database}?socket={folder}/socket&user=root",
    "mysql://root@localhost/{database}?unix_socket={folder}/socket",
    "mysql://root@localhost:3306/{database}?socketPath={encoded}%2Fsocket",
    "jdbc:mysql://127.0.0.1:{port}/{database}?user=tester&password={password}&useSSL=false"
    "&serverTimezone=UTC&allowPublicKeyRetrieval=true&rewriteBatchedStatements=true",
    "jdbc:mariadb://127.0.0.1:{port}/{database}?user=tester&password={password}&sslMode=disable"
    "&connectTimeout=5000",
    "mysql+pymysql://tester:{password}@127.0.0.1:{port}/{database}?charset=utf8mb4",
    "mysql+aiomysql://tester:{password}@127.0.0.1:{port}/{database}?charset=utf8mb4&binary_prefix=true",
    "mysql2://tester:{password}@127.0.0.1:{port}/{database}?encoding=utf8mb4&pool=5&reconnect=true",
    "mysql://tester:{password}@tcp(127.0.0.1:{port})/{database}?multiStatements=true&parseTime=true"
    "&timeout=5s&tls=false&collation=utf8mb4_general_ci",
    "mysql://tester:{password}@127.0.0.1:{port}/{database}?serverVersion=10.11.6-MariaDB&charset=utf8",
    "mysql://tester:{password}@127.0.0.1:{port}/{database}?connection_limit=5&pool_timeout=3"
    "&connect_timeout=5&sslaccept=accept_invalid_certs",
    "mysql://tester:{password}@127.0.0.1:1,127.0.0.1:{port}/{database}",
    "mysql://tester:{password}@127.0.0.1:{port}/{database}?ssl-mode=DISABLED",
    'mysql://tester:{password}@127.0.0.1:{port}/{database}?supportBigNumbers=true&debug=false',
])
def test_urls_people_have(maria_project, url):
    server = maria_project.server
    text = url.format(
        database=maria_project.database, folder=server.folder, port=server.port,
        encoded=str(server.folder).replace("/", "%2F"),
        password=server.url("x").split(":")[2].rsplit("@", 1)[0])
    env = {"DB_ENTRY_DATABASE_URL": text, "DB_ENTRY_WAIT_TIMEOUT": "5s"}
    result = maria_project.ok("wait", env=env, log="json")
    assert server.password not in result.stderr


@pytest.mark.parametrize("parameters, named", [
    ("?ssl-mode=perhaps", "ssl-mode=perhaps"),
    ("?tls=perhaps", "tls=perhaps"),
    ("?connect_timeout=soon", "connect_timeout=soon"),
])
def test_wrong_parameter_is_named(maria_project, parameters, named):
    url = maria_project.server.url(maria_project.database) + parameters
    result = maria_project.run("wait", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    assert result.code == 78, result
    assert named in result.refusal["what"]


def test_url_without_a_database(maria_project):
    url = maria_project.server.url("")
    result = maria_project.run("wait", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    assert result.code == 78, result
    assert "names no database" in result.refusal["what"]


def test_silent_host_does_not_take_the_time_of_the_next(maria_project, doorman):
    silent = doorman("silent")
    port = maria_project.server.port
    url = maria_project.server.url(maria_project.database).replace(
        f"@127.0.0.1:{port}/", f"@127.0.0.1:{silent.port},127.0.0.1:{port}/")
    maria_project.ok("wait", env={"DB_ENTRY_DATABASE_URL": url + "?connect_timeout=1"})
    assert silent.seen == 1


def ended_by_term(process, after=0.5):
    time.sleep(after)
    began = time.monotonic()
    process.terminate()
    result = process.wait()
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 128 + signal.SIGTERM, result


def test_sigterm_at_a_silent_server(maria_project, doorman):
    silent = doorman("silent")
    process = maria_project.start("wait", env={"DB_ENTRY_DATABASE_URL": silent.url()})
    while silent.seen == 0:
        time.sleep(0.05)
    ended_by_term(process)


def test_sigterm_in_the_middle_of_a_handshake(maria_project, doorman):
    """The server's greeting is passed on, and nothing behind it: TLS waits for its answer."""
    server = TlsMariaDB()
    server.start()
    try:
        half = doorman(("greet", server.port))
        process = maria_project.start(
            "wait", env={"DB_ENTRY_DATABASE_URL": half.url(parameters="?ssl-mode=REQUIRED")})
        while half.seen == 0:
            time.sleep(0.05)
        time.sleep(0.5)
        ended_by_term(process)
    finally:
        server.stop()


def test_sigterm_while_waiting(maria_project):
    env = {"DB_ENTRY_DATABASE_URL": f"mysql://a:b@127.0.0.1:{free_port()}/x"}
    process = maria_project.start("wait", env=env)
    process.wait_for_event("wait.retry")
    ended_by_term(process)


def test_sigterm_during_dns(maria_project):
    source = maria_project.write("slow_dns.c", SLOW_DNS)
    library = maria_project.folder / "slow_dns.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    env = {
        "DB_ENTRY_DATABASE_URL": "mysql://a:b@somewhere.example/x", "LD_PRELOAD": library,
        "ASAN_OPTIONS": "verify_asan_link_order=0",
    }
    ended_by_term(maria_project.start("wait", env=env), after=1)


def test_unknown_host(maria_project):
    env = {"DB_ENTRY_DATABASE_URL": "mysql://a:b@no-such-host.invalid/x",
           "DB_ENTRY_WAIT_GRACE": "1s", "DB_ENTRY_WAIT_TIMEOUT": "3s"}
    result = maria_project.run("wait", env=env, log="json")
    assert result.code == 69, result
    assert "no-such-host.invalid" in result.refusal["what"]


def test_without_its_library(maria_project, tmp_path):
    """Whoever has no MariaDB URL needs none of it."""
    if is_static(maria_project.binary):
        pytest.skip("a static program has all of them with it")
    (tmp_path / "broken" / "libmariadb.so.3").parent.mkdir()
    (tmp_path / "broken" / "libmariadb.so.3").write_bytes(b"")
    env = {"LD_LIBRARY_PATH": str(tmp_path / "broken")}
    result = maria_project.run("wait", env=env, log="json")
    assert result.code == 78, result
    assert any("apt-get install libmariadb3" in line for line in result.refusal["next"])
    assert "MariaDB Connector/C, not installed" in maria_project.ok("version", env=env).stdout
    maria_project.ok("status", env={**env, "DB_ENTRY_DATABASE_URL": f"sqlite:{tmp_path}/shop.db"})


def test_nothing_of_it_reaches_the_application(maria_project):
    """Neither descriptors nor the way it treats SIGPIPE."""
    shell = ("ls -l /proc/self/fd | grep -c socket: ; grep SigIgn /proc/self/status;"
             " grep SigBlk /proc/self/status")
    result = maria_project.ok("run", "--", "sh", "-c", shell)
    lines = result.stdout.split()
    assert lines[0] == "0"
    own = 1 << 31 | 1 << 32  # 32 and 33 are the C library's own
    assert not (int(lines[2], 16) | int(lines[4], 16)) & ~own, result
