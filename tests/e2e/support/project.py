"""A project as db-entry meets it: a folder with migrations, a database, an environment."""

import sqlite3
import textwrap
from pathlib import Path

from support.process import Background, run


class Project:
    """A temporary project on SQLite. Commands run in its folder, as in a container's WORKDIR."""

    def __init__(self, binary, folder):
        self.binary = str(binary)
        self.folder = Path(folder)
        self.database = self.folder / "shop.db"
        # Named, since the machine's own temporary folder may be one that no dump may lie on.
        self.dumps = self.folder / "backups"
        self.env = {
            "DB_ENTRY_DATABASE_URL": f"sqlite:{self.database}",
            "DB_ENTRY_DUMP_DIR": str(self.dumps),
        }
        self._background = []

    # Files

    def write(self, path, text, mode=None):
        """Write a file; indentation that all its lines share is taken away."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        if mode is not None:
            target.chmod(mode)
        return target

    def migration(self, name, sql, folder="db/migrations"):
        """Write db/migrations/<name>.sql."""
        return self.write(f"{folder}/{name}.sql", sql)

    def migration_path(self, name, folder="db/migrations"):
        return self.folder / folder / f"{name}.sql"

    def script(self, path, body):
        """Write an executable shell script."""
        return self.write(path, "#!/bin/sh\n" + textwrap.dedent(body), mode=0o755)

    # Processes

    def _environment(self, env, log):
        merged = dict(self.env)
        if log is not None:
            merged["DB_ENTRY_LOG"] = log
        merged.update(env or {})
        return merged

    def run(self, *args, env=None, log=None, **options):
        """Run db-entry with these arguments; `log` sets DB_ENTRY_LOG."""
        options.setdefault("cwd", self.folder)
        return run([self.binary, *args], env=self._environment(env, log), **options)

    def start(self, *args, env=None, log="json", **options):
        """The same in the background; it is ended with the test."""
        options.setdefault("cwd", self.folder)
        process = Background(
            [self.binary, *args], env=self._environment(env, log), **options
        )
        self._background.append(process)
        return process

    def ok(self, *args, **options):
        """Run what must succeed."""
        result = self.run(*args, **options)
        assert result.code == 0, result
        return result

    def close(self):
        for process in self._background:
            process.stop()

    # The database, read past db-entry

    def sql(self, statement, parameters=()):
        """Run one statement and commit; its rows. Foreign keys are on, as an application has them."""
        connection = sqlite3.connect(self.database, timeout=30)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            with connection:
                return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def value(self, statement, parameters=()):
        return self.sql(statement, parameters)[0][0]

    def tables(self):
        """The application's own tables."""
        rows = self.sql(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND name NOT LIKE 'db\\_entry\\_%' ESCAPE '\\' ORDER BY name"
        )
        return [name for (name,) in rows]

    def history(self):
        """(version, name, state) in the order of application; [] when there is none."""
        if not self.database.exists() or not self.sql(
            "SELECT 1 FROM sqlite_master WHERE name = 'db_entry_history'"
        ):
            return []
        return self.sql("SELECT version, name, state FROM db_entry_history ORDER BY position")

    def applied(self):
        """The versions whose state is applied, in the order of application."""
        return [version for version, _, state in self.history() if state == "applied"]
