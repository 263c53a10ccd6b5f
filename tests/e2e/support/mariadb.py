"""What the tests on MariaDB need beside a server: a project, obstacles, TLS, a cluster."""

import json
import os
import pwd
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

from support.postgres import Doorman, Gate, make_certificates
from support.project import Project
from support.servers import UNPRIVILEGED, MariaDB, free_port, find_program


class MariaProject(Project):
    """A project on a database of its own on a private server."""

    def __init__(self, binary, folder, server):
        super().__init__(binary, folder)
        self.server = server
        self.database = server.create_database()
        self.env = {"DB_ENTRY_DATABASE_URL": server.url(self.database), "DB_ENTRY_DUMP": "never"}

    def sql(self, statement, parameters=()):
        assert not parameters
        out = self.server.client(statement, self.database).stdout
        return [tuple(line.split("\t")) for line in out.splitlines()]

    def history(self):
        if "db_entry_history" not in self._all_tables():
            return []
        return self.sql("SELECT version, name, state FROM db_entry_history ORDER BY position")

    def _all_tables(self):
        return [
            name
            for (name,) in self.sql(
                "SELECT TABLE_NAME FROM information_schema.TABLES"
                " WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1"
            )
        ]

    def tables(self):
        return [name for name in self._all_tables() if not name.startswith("db_entry_")]

    def until(self, condition, seconds=30):
        """Wait for a query's answer to be true. InnoDB's own tables stay as they are while they are
        read more often than ten times a second."""
        deadline = time.monotonic() + seconds
        while self.value(f"SELECT {condition}") != "1":
            assert time.monotonic() < deadline, condition
            time.sleep(0.15)

    def facts(self, statement, until=lambda facts: True, seconds=60):
        """The JSON object that a query gives, as soon as `until` is true of it."""
        deadline = time.monotonic() + seconds
        while not until(facts := self._facts(statement)):
            assert time.monotonic() < deadline, (facts, self.sql("SHOW FULL PROCESSLIST"))
            time.sleep(0.02)
        return facts

    def _facts(self, statement):
        """MariaDB 10.5 makes texts of the numbers that subqueries give."""
        facts = json.loads(self._raw(statement))
        return {name: int(value) if str(value).isdigit() else value for name, value in facts.items()}

    def _raw(self, statement):
        command = [*self.server.client_command(self.database), "--raw"]
        return subprocess.run(
            command, input=statement, capture_output=True, text=True, timeout=60, check=True).stdout

    def gate(self, *words):
        return MariaGate(self.server.port, *words)

    def kill_sessions(self):
        """Those of db-entry in this database."""
        for (number,) in self.sql("SELECT ID FROM information_schema.PROCESSLIST"
                                  " WHERE DB = DATABASE() AND USER = 'tester'"):
            self.server.client(f"KILL {number}", check=False)

    def running(self, text):
        """The condition that a session here, or in a database of ours beside it, runs this text."""
        return (
            "EXISTS (SELECT 1 FROM information_schema.PROCESSLIST"
            " WHERE DB LIKE CONCAT(DATABASE(), '%')"
            f" AND COMMAND = 'Query' AND INFO LIKE '%{text}%' AND ID <> CONNECTION_ID())"
        )

    def until_running(self, text, seconds=30):
        self.until(self.running(text), seconds)


class MariaView(MariaProject):
    """The database of a project by way of another node."""

    def __init__(self, project, server):
        Project.__init__(self, project.binary, project.folder)
        self.server = server
        self.database = project.database


class MariaDoorman(Doorman):
    """
    The same for this protocol: ("error", number, text) comes in place of a greeting; ("greet",
    port) passes on the server's greeting, and then nothing; ("proxy", port) passes on everything,
    but says another number of the connection, as what shares connections does.
    """

    def url(self, database="shop", user="shop", parameters=""):
        return f"mysql://{user}:secret@127.0.0.1:{self.port}/{database}{parameters}"

    def _act(self, connection, act):
        if act[0] == "greet":
            other = socket.create_connection(("127.0.0.1", act[1]))
            self._open.append(other)
            connection.sendall(other.recv(65536))
        elif act[0] == "proxy":
            self._share(connection, act[1])
        else:
            super()._act(connection, act)

    def _share(self, connection, port):
        behind = socket.create_connection(("127.0.0.1", port))
        self._open.append(behind)
        greeting = bytearray(behind.recv(65536))
        number = greeting.index(0, 5) + 1  # behind the header, the protocol and the version
        greeting[number] ^= 0xFF
        connection.sendall(greeting)

        def copy(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

        threading.Thread(target=copy, args=(behind, connection), daemon=True).start()
        copy(connection, behind)

    @staticmethod
    def _refuse(connection, code, text):
        body = b"\xff" + struct.pack("<H", code) + text.encode()
        connection.sendall(struct.pack("<I", len(body))[:3] + b"\0" + body)
        time.sleep(0.2)
        connection.close()


class MariaGate(Gate):
    """The same for this protocol."""

    @staticmethod
    def _is_goodbye(request):
        return request == b"\x01\0\0\0\x01"


class LocklessGate(MariaGate):
    """The server behind it knows no locks of sessions, as a strict cluster of Percona's does not."""

    def __init__(self, port):
        super().__init__(port, lambda request: False)

    @staticmethod
    def passed_on(request):
        for name in (b"GET_LOCK(", b"RELEASE_LOCK(", b"IS_FREE_LOCK(", b"IS_USED_LOCK("):
            request = request.replace(name, b"NO" + name[2:])
        return request


class CrashMariaDB(MariaDB):
    """
    A server that may crash: what it said is committed is then still there. It has no TLS, so that a
    gate sees what is said.
    """

    def command(self):
        clear = "--tls-version=" if self.mysql else "--skip-ssl"
        return [*super().command(), "--innodb-flush-log-at-trx-commit=2", clear]

    def kill(self):
        self._process.kill()
        self._process.wait(30)

    def shut_down(self):
        """In order, but without waiting for its clients."""
        self._process.terminate()
        self._process.wait(30)

    def recover(self):
        """It was ended: then it starts again."""
        deadline = time.monotonic() + 60
        while True:
            if self._process.poll() is not None:
                self._start_process(self.port)
            if self.client("SELECT 1", check=False).returncode == 0:
                return
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)


class TlsMariaDB(MariaDB):
    """A server with a certificate for `localhost`."""

    def _initialise(self):
        super()._initialise()
        make_certificates(self.folder)
        if os.geteuid() == 0:
            os.chown(self.folder / "server.key", pwd.getpwnam(UNPRIVILEGED).pw_uid, -1)

    def command(self):
        own = [] if self.mysql else ["--plugin-maturity=unknown"]
        return [
            *super().command(), f"--ssl-cert={self.folder}/server.crt",
            f"--ssl-key={self.folder}/server.key", f"--ssl-ca={self.folder}/ca.crt", *own,
        ]


class GaleraNode(MariaDB):
    """A node of a cluster; `others` are those that it joins, none: it begins one."""

    title = "Galera"
    package = "apt install galera-4"

    def __init__(self, others=()):
        super().__init__()
        self.others = list(others)
        self.group_port = free_port()

    @staticmethod
    def library():
        for path in Path("/usr/lib").glob("**/libgalera_smm.so"):
            return path
        return None

    def available(self):
        return super().available() and self.library() is not None and find_program("rsync")

    def command(self):
        peers = ",".join(f"127.0.0.1:{node.group_port}" for node in self.others)
        words = [word for word in super().command() if word != "--skip-log-bin"]
        options = ";".join([
            f"gmcast.listen_addr=tcp://127.0.0.1:{self.group_port}", "gcache.size=8M",
            f"base_port={self.group_port}", f"ist.recv_addr=127.0.0.1:{free_port()}",
            "evs.suspect_timeout=PT2S", "evs.inactive_timeout=PT4S", "evs.keepalive_period=PT0.5S",
        ])
        return [
            *words, "--wsrep-on=ON", f"--wsrep-provider={self.library()}",
            f"--wsrep-cluster-address=gcomm://{peers}", "--wsrep-cluster-name=db-entry-test",
            f"--wsrep-provider-options={options}", "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{free_port()}",
            f"--wsrep-node-address=127.0.0.1:{self.group_port}",
            f"--wsrep-node-name=node{self.group_port}",
            "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
        ]

    def _launch(self):
        return super()._launch() and self._joined()

    def _joined(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if "ON" in self.client("SHOW STATUS LIKE 'wsrep_ready'", check=False).stdout:
                return True
            time.sleep(0.1)
        return False

    def _prepare(self):
        if not self.others:
            super()._prepare()

    def kill(self):
        """As if its machine had lost its power."""
        self._process.kill()
        self._process.wait()

    def rejoin(self):
        """Start it again."""
        self._start_process(self.port)
        assert self._joined(), self.log()

    def isolate(self, on):
        """Cut it off from the others, or let it join them again."""
        self.client(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={int(on)}'")
        deadline = time.monotonic() + 60
        while ("ON" in self.client("SHOW STATUS LIKE 'wsrep_ready'", check=False).stdout) == on:
            assert time.monotonic() < deadline
            time.sleep(0.1)
