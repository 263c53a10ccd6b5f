"""
Private database servers for tests: in a temporary folder, on a free port of 127.0.0.1, as an
unprivileged user, never those of the machine. They end with the process that started them.
"""

import functools
import glob
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

START_SECONDS = 60
UNPRIVILEGED = "nobody"


def free_port():
    """A port nobody listens on now. Somebody else may take it: starting is tried again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_program(name, patterns=()):
    """On PATH, in sbin, or matching a pattern (the highest version wins); None when absent."""
    for pattern in patterns:
        found = glob.glob(pattern)
        if found:
            return max(found, key=lambda path: [int(n) for n in path.split("/") if n.isdigit()])
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")


def as_unprivileged(argv, end_with_us=None):
    """The command that runs `argv` unprivileged, and sends it a signal when this process ends."""
    words = ["setpriv"]
    if os.geteuid() == 0:
        words += [f"--reuid={UNPRIVILEGED}", "--clear-groups"]
        words += [f"--regid={pwd.getpwnam(UNPRIVILEGED).pw_gid}"]
    if end_with_us is not None:
        words += ["--pdeathsig", signal.Signals(end_with_us).name.removeprefix("SIG")]
    return [*words, "--", *map(str, argv)] if len(words) > 1 else list(map(str, argv))


class Server:
    """What both have in common: a folder, a process, fresh databases."""

    title = package = scheme = user = ""
    stop_signal = signal.SIGTERM
    password = "pa@ss:w/rd %#?"  # every character a URL must carry encoded

    def __init__(self):
        self.folder = None
        self.port = None
        self._process = None
        self._names = itertools.count(1)

    def available(self):
        return all(self.programs().values())

    def start(self):
        self.folder = Path(tempfile.mkdtemp(prefix="db-entry-server-"))
        if os.geteuid() == 0:
            entry = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        try:
            self._initialise()
            for _ in range(3):
                if self._launch():
                    self._prepare()
                    return
            raise RuntimeError(f"{self.title} did not start:\n{self.log()}")
        except BaseException:
            self.stop()
            raise

    def _start_process(self, port):
        self.port = port
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                as_unprivileged(self.command(), end_with_us=self.stop_signal),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True,
            )

    def _launch(self):
        self._start_process(free_port())
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self.client("SELECT 1", check=False).returncode == 0:
                return True
            time.sleep(0.1)
        return False

    def stop(self):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def _setup(self, argv):
        """Run a program that prepares the folder."""
        done = subprocess.run(
            as_unprivileged(argv), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            cwd=self.folder, timeout=START_SECONDS, check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{argv[0]}: {done.stdout}{done.stderr}")

    def client(self, sql, database=None, check=True):
        """Run SQL through the engine's own client; an error ends it. stdout has the bare rows."""
        done = subprocess.run(
            self.client_command(database or self.default_database), input=sql,
            capture_output=True, text=True, timeout=60, check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{self.title}: {done.stderr}\n{sql}")
        return done

    def create_database(self, template=None):
        """A fresh database, empty or a copy of another; its name."""
        name = f"test_{os.getpid()}_{next(self._names)}"
        self.client(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop_database(self, name):
        """Whoever is at work in it."""
        self.client(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, database, user=None, password=None):
        """The URL of a database over TCP, with the password in it."""
        who = quote(user or self.user, safe="")
        secret = quote(self.password if password is None else password, safe="")
        return f"{self.scheme}://{who}:{secret}@127.0.0.1:{self.port}/{database}"


class Postgres(Server):
    title = "PostgreSQL"
    package = "apt install postgresql"
    scheme = "postgresql"
    user = "postgres"
    default_database = "postgres"
    stop_signal = signal.SIGINT  # does not wait for clients

    def programs(self):
        where = ["/usr/lib/postgresql/*/bin/"]
        return {
            name: find_program(name, [folder + name for folder in where])
            for name in ("initdb", "postgres", "psql")
        }

    def _initialise(self):
        secret = self.folder / "password"
        secret.write_text(self.password + "\n")
        secret.chmod(0o644)
        self._setup([
            self.programs()["initdb"], "-D", self.folder / "data", "-U", self.user, "-E", "UTF8",
            "--no-locale", "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256",
            f"--pwfile={secret}",
        ])

    def command(self):
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port,
            "unix_socket_directories": self.folder, "fsync": "off", "synchronous_commit": "off",
            "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "300",
            "autovacuum": "off",
        }
        words = [self.programs()["postgres"], "-D", self.folder / "data"]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words

    def _prepare(self):
        pass

    def client_command(self, database):
        return [
            self.programs()["psql"], "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-h", str(self.folder), "-p", str(self.port), "-U", self.user, "-d", database,
        ]


class MariaDB(Server):
    """
    The machine's, or what lies in the folder tree DB_ENTRY_MARIADB_ROOT, as debootstrap makes one:
    another release of MariaDB, or MySQL. The client is the machine's own.
    """

    title = "MariaDB"
    package = "apt install mariadb-server"
    scheme = "mariadb"
    user = "tester"
    default_database = "mysql"

    def __init__(self):
        super().__init__()
        self.root = os.environ.get("DB_ENTRY_MARIADB_ROOT")

    @property
    def mysql(self):
        """It is MySQL."""
        return self.root is not None and not os.path.exists(f"{self.root}/usr/sbin/mariadbd")

    def programs(self):
        names = ["mariadbd", "mariadb", "mariadb-install-db"]
        return {name: find_program(name) for name in (names[1:2] if self.root else names)}

    def rooted(self, name):
        """The words that run a program of the tree with the tree's own libraries."""
        loaders = glob.glob(f"{self.root}/lib*/**/ld-linux*.so*", recursive=True)
        libraries = f"{self.root}/usr/lib", f"{self.root}/lib"
        return [
            next(path for path in loaders if os.path.exists(path)), "--library-path",
            ":".join(path for folder in libraries for path in glob.glob(f"{folder}/*-linux-gnu")),
            f"{self.root}/usr/{name}",
        ]

    def _server(self):
        if self.root is None:
            return [self.programs()["mariadbd"], "--no-defaults"]
        return [
            *self.rooted("sbin/mysqld" if self.mysql else "sbin/mariadbd"), "--no-defaults",
            f"--basedir={self.root}/usr",
        ]

    def _initialise(self):
        data = f"--datadir={self.folder}/data"
        if self.root is None:
            self._setup([
                self.programs()["mariadb-install-db"], "--no-defaults", data, "--skip-test-db",
                "--auth-root-authentication-method=normal", "--innodb-flush-method=fsync",
                f"--tmpdir={self.folder}",
            ])
        elif self.mysql:
            self._setup([*self._server(), "--initialize-insecure", data])
        else:
            self._bootstrap(data)

    def _bootstrap(self, data):
        """What mariadb-install-db does, which finds no programs but the machine's."""
        script = "CREATE DATABASE mysql;\nUSE mysql;\nSET @skip_auth_anonymous = 1;\n"
        for name in ("system_tables", "performance_tables", "system_tables_data"):
            path = glob.glob(f"{self.root}/usr/share/m*/m*_{name}.sql")[0]
            script += Path(path).read_text(encoding="utf-8")
        script += "INSERT INTO help_topic VALUES (0, 'HELP', 0, '', '', '');\n"
        (self.folder / "bootstrap").write_text(script, encoding="utf-8")
        self._setup(["mkdir", self.folder / "data"])
        self._setup([
            "sh", "-c", 'input=$1; shift; exec "$@" <"$input"', "sh", self.folder / "bootstrap",
            *self._server(), "--bootstrap", data, f"--tmpdir={self.folder}",
        ])

    def command(self):
        words = [
            *self._server(), f"--datadir={self.folder}/data",
            f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid",
            f"--tmpdir={self.folder}", "--bind-address=127.0.0.1", f"--port={self.port}",
            "--skip-name-resolve", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0", "--innodb-buffer-pool-size=32M",
            "--character-set-server=utf8mb4",
        ]
        own = [
            "--mysqlx=0", "--innodb-redo-log-capacity=16M", "--secure-file-priv=",
            "--max-allowed-packet=16M",
        ]
        return words + (own if self.mysql else ["--innodb-log-file-size=16M"])

    def _prepare(self):
        secret = self.password.replace("'", "''")
        self.client(
            f"CREATE USER {self.user}@'%' IDENTIFIED BY '{secret}';"
            f"GRANT ALL PRIVILEGES ON *.* TO {self.user}@'%' WITH GRANT OPTION;"
        )

    def create_database(self, template=None):
        name = super().create_database()
        if template is not None:
            self.client(self.copy_of(template), name)
        return name

    @functools.lru_cache(maxsize=1)
    def copy_of(self, database):
        """The statements that make it."""
        done = subprocess.run(
            [find_program("mariadb-dump"), "--no-defaults", f"--socket={self.folder}/socket",
             "--user=root", "--routines", "--triggers", database],
            capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def drop_database(self, name):
        self.client(f"DROP DATABASE {name}")

    def hide_routines(self, database, user):
        """From who may do everything else there; before MariaDB 11.3 they are."""
        self.client(f"REVOKE SHOW CREATE ROUTINE ON `{database}`.* FROM {user}", check=False)

    def has_tls(self):
        """Without having been told to: MySQL, and MariaDB from 11.4 on."""
        return self.mysql or "YES" in self.client("SHOW VARIABLES LIKE 'have_ssl'").stdout

    @staticmethod
    def numbers(count):
        """A table to select from, of either server, with the numbers from 1 on as `seq`."""
        digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
        places = range(len(str(count)))
        value = " + ".join(f"d{place}.d * {10 ** place}" for place in places)
        tables = " JOIN ".join(f"({digits}) AS d{place}" for place in places)
        return f"(SELECT 1 + {value} AS seq FROM {tables} WHERE {value} < {count}) AS numbers"

    def client_command(self, database):
        return [
            self.programs()["mariadb"], "--no-defaults", "--batch", "--skip-column-names",
            f"--socket={self.folder}/socket", "--user=root", f"--database={database}",
        ]
