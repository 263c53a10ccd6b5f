"""
The images the tests start. Where no registry can be reached, those that others publish are made of
Debian's packages, once: what mmdebstrap made is kept in the cache.
"""

import hashlib
import json
import subprocess
from pathlib import Path

from support.docker import CACHE, LABEL

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent / "images"
MAKE_SECONDS = 900

# What the examples install is in it: their Dockerfiles then work where a build reaches no mirror.
PUBLISHED = {
    "debian:bookworm-slim": (
        "bookworm", "ca-certificates,gcc,libc6-dev,libsqlite3-dev,python3,python3-psycopg2,python3-pymysql", [],
    ),
    "postgres:17": (
        "trixie", "postgresql",
        ["ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin", "STOPSIGNAL SIGINT",
         "VOLUME /var/lib/postgresql/data", 'ENTRYPOINT ["postgres-entry"]', "COPY postgres /usr/local/bin/postgres-entry"],
    ),
    "mariadb:11.8": (
        "trixie", "mariadb-server",
        ["ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "RUN rm -rf /var/lib/mysql/*", "VOLUME /var/lib/mysql",
         'ENTRYPOINT ["mariadb-entry"]', "COPY mariadb /usr/local/bin/mariadb-entry",
         "COPY healthcheck.sh /usr/local/bin/healthcheck.sh"],
    ),
}
EXAMPLES = ROOT / "docker" / "examples"
MIRRORS = {"scratch": "sqlite"}
NEXT = "0004_next"
DROP = "ALTER TABLE products DROP COLUMN price_cents;\n"


def _mirror():
    """The one this system takes Debian from; nothing where it takes none."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian",
         "Label: Debian"], capture_output=True, text=True, check=False,
    )
    return asked.stdout.splitlines()[:1]


def _tar(suite, packages):
    """What mmdebstrap makes of these."""
    folder = CACHE / "images"
    digest = hashlib.sha256(f"{suite} {packages}".encode()).hexdigest()[:12]
    made = folder / f"{suite}-{digest}.tar"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        new = made.with_suffix(".new")
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", f"--include={packages}", suite, new, *_mirror()],
            check=True, timeout=MAKE_SECONDS,
        )
        new.rename(made)
    return made


class Images:
    """By their names; each is there when it is asked for."""

    def __init__(self, engine):
        self.engine = engine
        self._ready = set()

    def _there(self, name):
        return self.engine.call("image", "inspect", name, check=False).returncode == 0

    def _once(self, name, make):
        if name not in self._ready:
            with self.engine.lock("images"):
                make(name)
            self._ready.add(name)
        return name

    def published(self, name):
        return self._once(name, self._get)

    def _get(self, name):
        if self._there(name) or self.engine.call("pull", name, check=False, timeout=600).returncode == 0:
            return
        suite, packages, lines = PUBLISHED[name]
        if not lines:
            self.engine.call("import", _tar(suite, packages), name, timeout=MAKE_SECONDS)
            return
        base = f"{LABEL}/{name}-base"
        self.engine.call("import", _tar(suite, packages), base, timeout=MAKE_SECONDS)
        text = "\n".join([f"FROM {base}", *lines])
        self.engine.call(
            "build", "-t", name, "-f", "-", HERE, input=f"{text}\n", stdin=None, timeout=MAKE_SECONDS
        )

    def db_entry(self):
        """The image of dist/db-entry."""
        return self._once("db-entry", self._load)

    def _load(self, name):
        self.engine.command(["make", "-s", "image-load", f"IMAGE={name}"], cwd=ROOT)

    def example(self, name):
        """One of docker/examples."""
        self.db_entry()
        self.published("debian:bookworm-slim")
        return self._once(f"{LABEL}/{name}", lambda tag: self._build(tag, name))

    def next_example(self, name, sql, without=""):
        """The example's next image: one migration more, and a mirror without that column."""
        mirror = json.loads((EXAMPLES / MIRRORS.get(name, name) / "db/schema/tables.json").read_text())
        if without:
            (table,) = mirror["tables"]
            table["columns"] = [column for column in table["columns"] if column["name"] != without]
            table["checks"] = [check for check in table.get("checks", []) if without not in check["expression"]]
        text = f"FROM {self.example(name)}\nCOPY next.sql /app/db/migrations/{NEXT}.sql\nCOPY tables.json /app/db/schema/\n"
        tag = f"{name}-next-{hashlib.sha256(sql.encode()).hexdigest()[:8]}"
        with self.engine.lock("images"):
            return self.engine.build(tag, text, **{"next.sql": sql, "tables.json": json.dumps(mirror)})

    def _build(self, tag, name):
        self.engine.call(
            "build", "-f", EXAMPLES / name / "Dockerfile", "-t", tag, EXAMPLES, timeout=MAKE_SECONDS
        )
