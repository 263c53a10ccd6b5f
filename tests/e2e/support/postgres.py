"""What the tests on PostgreSQL need beside a server: a pooler, a standby, obstacles, a project."""

import json
import os
import pwd
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import quote

from support.project import Project
from support.servers import UNPRIVILEGED, Postgres, Server, find_program

SLOW_DNS = """
#include <unistd.h>
int getaddrinfo(const char *host, const char *service, const void *hints, void *found);
int getaddrinfo(const char *host, const char *service, const void *hints, void *found)
{
	(void)host; (void)service; (void)hints; (void)found;
	sleep(60);
	return -3;
}
"""


class PostgresProject(Project):
    """A project on a database of its own on a private server."""

    def __init__(self, binary, folder, server, database=None):
        super().__init__(binary, folder)
        self.server = server
        self.database = database or server.create_database()
        self.env = {"DB_ENTRY_DATABASE_URL": server.url(self.database), "DB_ENTRY_DUMP": "never"}

    def sql(self, statement, parameters=()):
        assert not parameters
        out = self.server.client(statement, self.database).stdout
        return [tuple(line.split("|")) for line in out.splitlines()]

    def facts(self, statement, until=lambda facts: True, seconds=60):
        """The JSON object that a query gives, as soon as `until` is true of it."""
        deadline = time.monotonic() + seconds
        while not until(facts := json.loads(self.server.client(statement, self.database).stdout)):
            assert time.monotonic() < deadline, (facts, self.sql("TABLE pg_stat_activity"))
            time.sleep(0.02)
        return facts

    def gate(self, *words):
        return Gate(self.server.port, *words)

    def history(self):
        if not self.sql("SELECT 1 FROM pg_tables WHERE tablename = 'db_entry_history'"):
            return []
        return self.sql("SELECT version, name, state FROM db_entry_history ORDER BY position")

    def tables(self):
        return [
            name
            for (name,) in self.sql(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename NOT LIKE 'db_entry_%' ORDER BY 1"
            )
        ]

    def sessions(self, condition="true"):
        """Back ends of db-entry in this project's database."""
        return int(
            self.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                f" AND application_name LIKE 'db-entry%' AND ({condition})"
            )
        )

    def until(self, condition, seconds=30):
        """Wait for a query's answer to be true."""
        deadline = time.monotonic() + seconds
        while self.value(f"SELECT {condition}") != "t":
            assert time.monotonic() < deadline, condition
            time.sleep(0.05)

    def until_running(self, text, seconds=30):
        self.until(
            "EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active'"
            f" AND query LIKE '%{text}%' AND pid <> pg_backend_pid())",
            seconds,
        )


class Standby(Postgres):
    """A server that recovers for ever, as a standby without its primary does."""

    def _prepare(self):
        self._process.send_signal(self.stop_signal)
        self._process.wait(30)
        signal_file = self.folder / "data" / "standby.signal"
        signal_file.touch()
        if os.geteuid() == 0:
            os.chown(signal_file, pwd.getpwnam(UNPRIVILEGED).pw_uid, -1)
        # Otherwise its own start comes back here.
        self._prepare = lambda: None
        assert self._launch(), self.log()

    def promote(self):
        self.client("SELECT pg_promote()")


class CrashServer(Postgres):
    """A server that may crash: what it said is committed is then still there."""

    def command(self):
        return [*super().command(), "-c", "synchronous_commit=on", "-c", "wal_writer_delay=10ms"]

    def kill(self):
        """All its processes, at once."""
        pid = self._process.pid
        self._process.send_signal(signal.SIGSTOP)  # it begins no others
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in [pid, *map(int, children)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process.wait(30)

    def shut_down(self):
        """In order, but without waiting for its clients."""
        self._process.send_signal(self.stop_signal)
        self._process.wait(30)

    def kill_back_end(self, pid):
        """It takes all others with it."""
        def crashes():
            return (self.folder / "log").read_text(errors="replace").count("reinitializing")

        before, deadline = crashes(), time.monotonic() + 60
        os.kill(pid, signal.SIGKILL)
        while crashes() == before:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def recover(self):
        """It was ended, or one of its processes: then it starts again, or does so by itself."""
        deadline = time.monotonic() + 60
        while True:
            if self._process.poll() is not None:
                self._start_process(self.port)
            if self.client("SELECT 1", check=False).returncode == 0:
                return
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)


class PgBouncer(Server):
    """A pooler in front of a server, by default in transaction mode."""

    title = "PgBouncer"
    package = "apt install pgbouncer"
    scheme = "postgresql"
    default_database = "postgres"

    def __init__(self, server, pool_mode="transaction", pool_size=5, settings=""):
        super().__init__()
        self.server = server
        self.user = server.user
        self.password = server.password
        self.pool = f"pool_mode = {pool_mode}\ndefault_pool_size = {pool_size}\n{settings}\n"

    def programs(self):
        return {"pgbouncer": find_program("pgbouncer")}

    def _initialise(self):
        users = self.folder / "users"
        secret = self.password.replace('"', '""')
        users.write_text(f'"{self.user}" "{secret}"\n')
        users.chmod(0o644)

    def command(self):
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(
            "[databases]\n"
            f"* = host=127.0.0.1 port={self.server.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = plain\nauth_file = {self.folder}/users\n"
            f"{self.pool}"
        )
        settings.chmod(0o644)
        return [self.programs()["pgbouncer"], settings]

    def _prepare(self):
        pass

    def client_command(self, database):
        secret = quote(self.password, safe="")
        return [
            self.server.programs()["psql"], "-X", "-q", "-A", "-t",
            f"postgresql://{self.user}:{secret}@127.0.0.1:{self.port}/{database}",
        ]


def cut_off(connection):
    """For the other side at once, also while a thread of ours waits for it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


class Doorman:
    """
    A listener that does to each connection what the next of `acts` says, the last one for ever:
    "silent", "close", ("error", SQLSTATE, text), ("to", port) for passing it on, or ("cut", port,
    bytes, when) for doing so until these bytes come from the client, and cutting it "before" or
    "after" they are passed on.
    """

    def __init__(self, *acts, port=0):
        self.acts = list(acts)
        self.seen = 0
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, database="shop", user="shop", parameters=""):
        return f"postgresql://{user}:secret@127.0.0.1:{self.port}/{database}{parameters}"

    def close(self):
        self._listener.close()
        for connection in self._open:
            cut_off(connection)

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            act = self.acts[min(self.seen, len(self.acts) - 1)]
            self.seen += 1
            threading.Thread(target=self._act, args=(connection, act), daemon=True).start()

    def _act(self, connection, act):
        try:
            if act == "silent":
                return
            if act == "close":
                connection.close()
            elif act[0] in ("to", "cut"):
                self._pass_on(connection, *act[1:])
            else:
                self._refuse(connection, *act[1:])
        except OSError:
            pass

    @staticmethod
    def _refuse(connection, code, text):
        while True:
            (length,) = struct.unpack("!i", connection.recv(4))
            body = connection.recv(length - 4)
            if len(body) != 4:
                break
            connection.sendall(b"N")  # no TLS, no GSSAPI: the startup packet comes next
        fields = b"SFATAL\0VFATAL\0C" + code.encode() + b"\0M" + text.encode() + b"\0\0"
        connection.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)
        connection.close()

    def _pass_on(self, connection, port, needle=None, when=None):
        other = socket.create_connection(("127.0.0.1", port))
        self._open.append(other)

        def copy(source, target, needle=None):
            try:
                while data := source.recv(65536):
                    cut = needle is not None and needle in data
                    if cut:
                        connection.shutdown(socket.SHUT_RDWR)
                    if not cut or when == "after":
                        target.sendall(data)
                    if cut:
                        time.sleep(1)  # for the server to do it
                        break
                target.shutdown(socket.SHUT_RDWR)  # the other thread reads from it
            except OSError:
                pass
            target.close()

        threading.Thread(target=copy, args=(other, connection), daemon=True).start()
        copy(connection, other, needle)


class Gate:
    """
    In front of a server: shows `when`, a function, the request of each round trip, whatever its
    connection, until it picks one. Then `act` is called, before the request is passed on, or, with
    `after`, when the server has answered it; and the connection is cut, unless `act` gave True.
    """

    host = "127.0.0.1"

    def __init__(self, port, when, act=None, after=False):
        self.server_port = port
        self.when = when
        self.act = act
        self.after = after
        self.fired = False
        self._lock = threading.Lock()
        self._open = []
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()
        for connection in self._open:
            cut_off(connection)

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                cut_off(client)  # it is down
                continue
            self._open.append(server)
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    @staticmethod
    def _is_goodbye(request):
        """It has no answer."""
        return request[:1] == b"X"

    @staticmethod
    def passed_on(request):
        """What the server gets of it."""
        return request

    def _is_it(self, request):
        with self._lock:
            if self.fired or not self.when(request):
                return False
            self.fired = True
            return True

    def _pass_on(self, client, server):
        """One thread a connection: a client that waits for an answer has nothing more to say."""
        talking = withheld = False
        try:
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is server:
                        talking = False
                        if withheld and not self._call():
                            return
                        withheld = False
                        client.sendall(data)
                        continue
                    fires = not talking and not self._is_goodbye(data) and self._is_it(data)
                    talking = True
                    if fires and not self.after and not self._call():
                        return
                    withheld = withheld or (fires and self.after)
                    server.sendall(self.passed_on(data))
        except (OSError, ValueError):
            pass  # closed meanwhile
        finally:
            cut_off(client)
            cut_off(server)

    def _call(self):
        return self.act is not None and self.act() is True


def make_certificates(folder):
    """A CA of our own and a certificate for `localhost`: ca.crt, server.crt, server.key."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test CA",
            "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.csr")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", "server.crt")


class TlsPostgres(Postgres):
    """A server that takes TLS alone."""

    def _initialise(self):
        super()._initialise()
        make_certificates(self.folder)
        if os.geteuid() == 0:
            os.chown(self.folder / "server.key", pwd.getpwnam(UNPRIVILEGED).pw_uid, -1)
        (self.folder / "server.key").chmod(0o600)
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text("local all all trust\nhostssl all all all scram-sha-256\n")

    def command(self):
        words = super().command()
        for name, value in {
            "ssl": "on", "ssl_cert_file": self.folder / "server.crt",
            "ssl_key_file": self.folder / "server.key", "listen_addresses": "localhost",
        }.items():
            words += ["-c", f"{name}={value}"]
        return words


