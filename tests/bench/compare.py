"""What the comparisons with a server's own programs share: a server, a folder, and measuring."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from support.servers import find_program

BINARY = os.path.abspath(os.environ.get("DB_ENTRY_BINARY", "build/db-entry"))
CHECKSUM = "0" * 64


class Bench:
    """A server, a folder, and the two programs that are compared."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder

    def environment(self, database):
        """Of both programs."""
        return {"PATH": os.environ["PATH"], "DATABASE_URL": self.server.url(database)}

    def run(self, command, database):
        code = subprocess.call(
            command, cwd=self.folder, env=self.environment(database), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        if code != 0:
            sys.exit(f"{' '.join(command)}: exit {code}")

    def measure(self, command, database):
        """Wall seconds of one run."""
        began = time.perf_counter()
        self.run(command, database)
        return time.perf_counter() - began

    def peak(self, command, database):
        """
        Peak megabytes of one run. What a process is started by counts as its own until it is another
        program, so it is started by one that is small: time(1), not this one.
        """
        file = f"{self.folder}/peak"
        self.run([find_program("time"), "-f", "%M", "-o", file, *command], database)
        with open(file, encoding="ascii") as text:
            return int(text.read()) / 1024

    def compare(self, title, ours, others, pairs, databases):
        """
        `others`: name → command. `databases`: a function that gives the database of one run; theirs
        may be another's.
        """
        a, b = [], {name: [] for name in others}
        for _ in range(pairs + 1):  # the first round warms up
            a.append(self.measure(ours, databases()))
            for name, other in others.items():
                b[name].append(self.measure(other, databases()))
        memory = self.peak(ours, databases())
        for name, times in b.items():
            ratio = statistics.median(x / y for x, y in zip(a[1:], times[1:]))
            print(
                f"{title:32} db-entry {statistics.median(a[1:]) * 1000:8.1f} ms   {name:>12}"
                f" {statistics.median(times[1:]) * 1000:8.1f} ms   ratio {ratio:5.2f}"
                f"   peak {memory:5.1f} MB", flush=True,
            )


def fresh(server):
    """A function that gives an empty database each time, and drops the one before."""
    last = []

    def make():
        for name in last:
            server.client(f"DROP DATABASE {name}")
        last[:] = [server.create_database()]
        return last[0]

    return make


def serve(server, work):
    """Call `work` with a started server and a folder, and clean up behind it."""
    if not server.available():
        sys.exit(f"{server.title} is not installed: {server.package}")
    folder = tempfile.mkdtemp(prefix="db-entry-bench-")
    try:
        server.start()
        work(server, folder)
    finally:
        server.stop()
        shutil.rmtree(folder)
