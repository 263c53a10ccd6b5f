"""DB_ENTRY_WAIT_FOR: what else must be there before a run, on real listeners."""

import base64
import http.server
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support.postgres import SLOW_DNS, make_certificates
from support.servers import free_port

TOKEN = "t0ps3cret"
AT_ONCE = 10


class Service:
    """Answers GET with `status`; silent when that is None."""

    def __init__(self, status=200, port=0, certificates=None):
        self.status = status
        self.asked = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked.append((self.command, self.path, dict(self.headers)))
                if service.status is None:
                    time.sleep(60)
                self.send_response(service.status)
                # More is announced than ever comes: nobody waits for the body.
                self.send_header("Content-Length", "1000000")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service():
    """service(…): a Service that is closed with the test."""
    made = []

    def make(*args, **options):
        made.append(Service(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def listener():
    """listener(port): a TCP port that takes connections and says nothing."""
    made = []

    def make(port=0):
        made.append(socket.create_server(("127.0.0.1", port), backlog=64))
        return made[-1].getsockname()[1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder)
    return folder


def env(*entries, **more):
    return {"DB_ENTRY_WAIT_FOR": " ".join(entries), "no_proxy": "*"} | more


def waits(result):
    return [(event["dependency"], event["reason"]) for event in result.events
            if event["event"] == "wait.dependency"]


def test_what_is_there_costs_no_line(project, service, listener):
    project.write("here", "")
    entries = env(f"tcp://localhost:{listener()}", f"http://{service().address}/", "file:here")
    result = project.ok("run", "--", "env", env=entries)
    assert len(result.stderr.splitlines()) == 2, result  # no folder of migrations; up to date
    assert "DB_ENTRY_WAIT_FOR" not in result.stdout


def test_all_are_waited_for_at_once(project, service, listener):
    port, path, unix = free_port(), project.folder / "ready", project.folder / "app.sock"
    web = service(503)
    entries = env(f"tcp://127.0.0.1:{port}", f"unix:{unix}", f"file:{path}",
                  f"http://{web.address}/health", DB_ENTRY_WAIT_TIMEOUT="5m")
    process = project.start("run", "--", "echo", "started", env=entries)
    deadline = time.monotonic() + 30
    while len(web.asked) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.process.poll() is None
    path.touch()
    listener(port)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(unix))
    time.sleep(1)
    server.listen()
    web.status = 204
    result = process.wait()
    server.close()
    assert result.code == 0 and result.stdout == "started\n", result
    found = waits(result)
    assert sorted(set(found)) == sorted(found), "a line for each change, not for each try"
    reasons = dict(found)
    assert reasons[f"tcp://127.0.0.1:{port}"] == "Connection refused"
    assert reasons[f"file:{path}"] == "No such file or directory"
    assert reasons[f"http://{web.address}/…"] == "answered 503, expected 200-299"
    # A socket without a listener is another reason than none.
    assert [why for name, why in found if name == f"unix:{unix}"][0] == "No such file or directory"
    ready = [event for event in result.events if event["event"] == "wait.dependency-ready"]
    assert len(ready) == 4 and all(event["tries"] > 1 for event in ready)
    assert web.asked[0][0] == "GET"


def test_expected_statuses(project, service):
    web = service(401)
    project.ok("wait", env=env(f"http://{web.address}/#status=200-299,401"))
    result = project.run("wait", env=env(f"http://{web.address}/#status=500-599",
                                         DB_ENTRY_WAIT_TIMEOUT="1s"), log="json")
    assert result.code == 69, result
    assert "answered 401, expected 500-599" in result.refusal["why"]


def test_redirect_is_no_answer(project, service):
    web = service(302)
    result = project.run("wait", env=env(f"http://{web.address}", DB_ENTRY_WAIT_TIMEOUT="1s"))
    assert result.code == 69, result
    assert "answered 302" in result.stderr


def test_final_cause_of_each(project, service):
    port, web = free_port(), service(500)
    entries = env(f"tcp://localhost:{port}", f"http://{web.address}", "file:missing",
                  "tcp://no-such-host.invalid:80", f"file:{project.folder}",
                  DB_ENTRY_WAIT_TIMEOUT="2s")
    result = project.run("apply", env=entries, log="json")
    assert result.code == 69, result
    refusal = result.refusal
    assert refusal["event"] == "wait.timeout"
    for name in (f"tcp://localhost:{port}", f"http://{web.address}", "file:missing",
                 "tcp://no-such-host.invalid:80"):
        assert name in refusal["what"] and f"{name}: " in refusal["why"], refusal
    assert f"file:{project.folder}" not in refusal["what"]
    assert any("DB_ENTRY_WAIT_TIMEOUT" in line for line in refusal["next"])
    assert not project.database.exists()


def test_database_gets_what_is_left_of_the_time(project):
    """One deadline for both."""
    project.env["DB_ENTRY_DATABASE_URL"] = f"sqlite:{project.folder}/none/shop.db"
    ready = project.folder / "ready"
    process = project.start("wait", env=env(
        f"file:{ready}", DB_ENTRY_WAIT_TIMEOUT="5s", DB_ENTRY_WAIT_GRACE="5m"))
    process.wait_for_event("wait.dependency")
    time.sleep(2)
    ready.touch()
    event = process.wait_for_event("wait.retry")
    assert event["elapsed_ms"] >= 2000 and event["deadline_ms"] == 5000
    assert process.wait().code == 69


@pytest.mark.parametrize("command", [("status",), ("plan",), ("health",), ("config",)])
def test_others_don_t_wait(project, command):
    project.ok("apply")
    began = time.monotonic()
    result = project.run(*command, env=env("file:missing", DB_ENTRY_WAIT_TIMEOUT="60s"))
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 0 and "missing" not in result.stderr, result


def test_no_secret_is_shown(project, service):
    web = service(500)
    url = f"http://me:{TOKEN}@{web.address}/{TOKEN}?x={TOKEN}"
    entries = env(url, DB_ENTRY_WAIT_TIMEOUT="1s", DB_ENTRY_LOG_LEVEL="debug")
    result = project.run("apply", env=entries)
    assert result.code == 69 and TOKEN not in result.stderr, result
    _, path, headers = web.asked[0]
    assert path == f"/{TOKEN}?x={TOKEN}"
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()
    web.status = 200
    result = project.ok("run", "--", "env", env=entries)
    assert TOKEN not in result.stdout and TOKEN not in result.stderr
    shown = project.ok("config", env=env(f"tcp://redis:6379 http://me:{TOKEN}@host/")).stdout
    assert TOKEN not in shown and "tcp://redis:6379" in shown


def test_on_the_command_line(project, listener):
    project.ok("wait", f"--wait-for=tcp://localhost:{listener()}")
    result = project.run("wait", f"--wait-for=http://me:{TOKEN}@localhost/")
    assert result.code == 78 and TOKEN not in result.stderr, result


@pytest.mark.parametrize("entry,said", [
    ("redis:6379", 'entry 2, "redis:6379"'),
    ("tcp://redis", "it has no port"),
    ("http://api/#status=2xx", "status=200-299,401"),
    (f"redis://me:{TOKEN}@redis", "entry 2: "),
])
def test_malformed_entry_is_named(project, entry, said):
    for command in ("apply", "status"):
        result = project.run(command, env=env("file:here", entry))
        assert result.code == 78, result
        assert "DB_ENTRY_WAIT_FOR: entry 2" in result.stderr and said in result.stderr
        assert TOKEN not in result.stderr


def test_list_in_a_file(project, listener):
    project.write("list", f"file:list\n  tcp://localhost:{listener()}\n\n")
    project.ok("wait", env={"DB_ENTRY_WAIT_FOR_FILE": "list"})
    project.write("secret", TOKEN)
    result = project.run("wait", env={"DB_ENTRY_WAIT_FOR_FILE": "secret"})
    assert result.code == 78 and TOKEN not in result.stderr, result


def test_certificates_are_verified(project, service, certificates):
    web = service(certificates=certificates)
    authority = {"SSL_CERT_FILE": certificates / "ca.crt"}
    project.ok("wait", env=env(f"https://{web.address}", **authority))
    asked = len(web.asked)
    began = time.monotonic()
    for entries in (env(f"https://{web.address}"),
                    env(f"https://{web.address}", SSL_CERT_FILE="/dev/null"),
                    env(f"https://{web.address}".replace("localhost", "127.0.0.1"), **authority)):
        result = project.run("wait", env=entries, log="json")
        assert result.code == 78, result
        assert "wait.dependency" not in result.event_names
    assert time.monotonic() - began < 3 * AT_ONCE
    assert len(web.asked) == asked


def test_server_that_comes_late_with_tls(project, service, certificates):
    port = free_port()
    process = project.start("wait", env=env(
        f"https://localhost:{port}", SSL_CERT_FILE=certificates / "ca.crt"))
    process.wait_for_event("wait.dependency")
    service(port=port, certificates=certificates)
    assert process.wait().code == 0


def test_host_that_never_resolves(project):
    result = project.run("wait", env=env("tcp://no-such-host.invalid:80", DB_ENTRY_WAIT_TIMEOUT="1s"))
    assert result.code == 69 and "no-such-host.invalid" in result.stderr, result


def test_silent_one_ends_with_the_time(project, service):
    web = service(None)
    result = project.run("wait", env=env(f"http://{web.address}", DB_ENTRY_WAIT_TIMEOUT="2s"))
    assert result.code == 69 and "no answer" in result.stderr, result


def ended_by_term(process):
    began = time.monotonic()
    process.terminate()
    result = process.wait()
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 128 + signal.SIGTERM, result
    assert result.stdout == ""


def test_sigterm_at_silent_services(project, service, listener, certificates):
    """One that does not answer, one that does not shake hands, one that is not there."""
    web = service(None)
    process = project.start("run", "--", "echo", "started", env=env(
        f"http://{web.address}", f"https://localhost:{listener()}", "file:missing",
        DB_ENTRY_WAIT_TIMEOUT="5m"))
    process.wait_for_event("wait.dependency")
    deadline = time.monotonic() + 30
    while not web.asked and time.monotonic() < deadline:
        time.sleep(0.05)
    ended_by_term(process)


@pytest.mark.parametrize("entry", ["tcp://somewhere.example:80", "http://somewhere.example"])
def test_name_server_that_does_not_answer(project, killat_library, entry):
    source = project.write("slow_dns.c", SLOW_DNS)
    library = project.folder / "slow_dns.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    slow = {"LD_PRELOAD": library, "ASAN_OPTIONS": "verify_asan_link_order=0"}
    process = project.start("wait", env=env(entry, "file:missing", **slow))
    process.wait_for_event("wait.dependency")
    ended_by_term(process)
    began = time.monotonic()
    result = project.run("wait", env=env(entry, DB_ENTRY_WAIT_TIMEOUT="1s", **slow))
    assert time.monotonic() - began < AT_ONCE
    assert result.code == 69 and "answer" in result.stderr, result
