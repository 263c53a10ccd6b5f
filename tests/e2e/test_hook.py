"""DB_ENTRY_DUMP=hook with a URL: somebody else takes the snapshot, over HTTP."""

import base64
import http.server
import json
import signal
import ssl
import subprocess
import threading
import time

import pytest

from test_dump import pending, populate, refused, visible

TOKEN = "t0ps3cret"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )
    return folder


class Service:
    """Answers every request the same way, and keeps what was asked."""

    def __init__(self, certificate=None):
        self.asked = []
        self.answer = (201, {}, b'{"id": "snap-17"}')
        self.silent = threading.Event()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.asked.append((self.path, dict(self.headers), body))
                if service.silent.is_set():
                    time.sleep(60)
                status, headers, answer = service.answer
                self.send_response(status)
                # Without a length the answer ends with the connection, which over TLS may be a cut.
                for name, value in {"Content-Length": len(answer), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except OSError:
                    pass

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        scheme = "http"
        if certificate:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.origin = f"{scheme}://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def env(self, path="/snapshots", **more):
        return {"DB_ENTRY_DUMP": "hook", "DB_ENTRY_DUMP_HOOK": self.origin + path, "no_proxy": "*"} | more

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service():
    service = Service()
    yield service
    service.close()


@pytest.fixture
def tls(certificate):
    service = Service(certificate)
    yield service
    service.close()


def test_service_takes_the_snapshot(project, service):
    populate(project)
    pending(project)
    env = service.env(f"/snapshots?key={TOKEN}")
    env["DB_ENTRY_DUMP_HOOK"] = env["DB_ENTRY_DUMP_HOOK"].replace("//", f"//me:{TOKEN}@")
    result = project.ok("apply", env=env, log="json")
    assert project.value("SELECT dump_id FROM db_entry_history") == "snap-17"
    ((path, headers, body),) = service.asked
    assert path == f"/snapshots?key={TOKEN}"
    assert headers["Content-Type"] == "application/json" and headers["User-Agent"].startswith("db-entry/")
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()
    asked = json.loads(body)
    assert asked["database"] == str(project.database) and asked["label"] == "before-0001"
    assert asked["reason"] == "before 0001_change" and len(asked["run"]) == 32
    assert TOKEN not in result.stderr
    assert TOKEN not in project.ok("config", env=env).stdout
    assert visible(project) == []


def test_certificates_are_verified(project, tls, certificate):
    populate(project)
    pending(project)
    refused(project, project.run("apply", env=tls.env()))
    refused(project, project.run("apply", env=tls.env(SSL_CERT_FILE="/dev/null")))
    other = tls.env(SSL_CERT_FILE=str(certificate / "cert.pem"))
    other["DB_ENTRY_DUMP_HOOK"] = other["DB_ENTRY_DUMP_HOOK"].replace("localhost", "127.0.0.1")
    result = project.run("apply", env=other)  # of another name
    refused(project, result)
    assert "SSL_CERT_FILE" in result.stderr
    assert tls.asked == []
    project.ok("apply", env=tls.env(SSL_CERT_FILE=str(certificate / "cert.pem")))
    assert project.value("SELECT dump_id FROM db_entry_history") == "snap-17"


@pytest.mark.parametrize(
    "answer,said",
    [
        ((500, {}, b"the volume is busy"), "the volume is busy"),
        ((503, {}, b"\x1b[31mred"), "answered 503"),
        ((302, {"Location": "/elsewhere"}, b""), "redirects are not followed"),
        ((200, {}, b""), "answered no id"),
        ((200, {}, b"snap-17"), "answered no id"),
        ((200, {}, b'{"id": ""}'), "answered no id"),
        ((200, {}, b'{"id": 17}'), "answered no id"),
        ((200, {}, b'{"id": "a\\nb"}'), "answered no id"),
        ((200, {}, b'{"id": "' + b"x" * 201 + b'"}'), "answered no id"),
        ((200, {}, b" " * (1 << 20)), "more than 65536 bytes"),
        ((200, {"Content-Length": "100"}, b'{"id": "cut"}'), "dump hook"),
    ],
)
def test_other_answers_change_nothing(project, service, answer, said):
    populate(project)
    pending(project)
    service.answer = answer
    result = project.run("apply", env=service.env(f"/{TOKEN}"))
    refused(project, result)
    assert said in result.stderr, result
    assert TOKEN not in result.stderr and "\x1b" not in result.stderr
    assert len(service.asked) == 1


def test_nobody_answers(project, service):
    populate(project)
    pending(project)
    env = service.env()
    service.close()
    result = project.run("apply", env=env)
    refused(project, result)
    assert service.origin in result.stderr


def test_silent_service_is_left_at_a_signal(project, tls, certificate):
    populate(project)
    pending(project)
    tls.silent.set()
    process = project.start("apply", env=tls.env(SSL_CERT_FILE=str(certificate / "cert.pem")))
    deadline = time.monotonic() + 30
    while not tls.asked and time.monotonic() < deadline:
        time.sleep(0.02)
    began = time.monotonic()
    process.signal(signal.SIGTERM)
    result = process.wait()
    assert time.monotonic() - began < 10
    assert result.code == 143, result
    assert project.history() == []


def test_token_is_not_given_to_the_application(project, service):
    populate(project)
    pending(project)
    result = project.ok("run", "--", "env", env=service.env(f"/{TOKEN}"))
    assert TOKEN not in result.stdout and TOKEN not in result.stderr
