"""A signal exactly at one event of db-entry's log, by a library that is preloaded."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("killat.c")


def build(folder):
    """The library; None where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = Path(folder) / "killat.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", library, SOURCE], check=True
    )
    return library


def is_static(binary):
    """A static program loads nothing."""
    headers = subprocess.run(["readelf", "-l", binary], capture_output=True, check=True)
    return b"INTERP" not in headers.stdout


def environment(library, event, when, number):
    """The variables that send signal `number` before or after the event-th line of the log."""
    return {
        "LD_PRELOAD": library,
        "KILLAT_EVENT": event,
        "KILLAT_WHEN": when,
        "KILLAT_SIGNAL": int(number),
        "DB_ENTRY_LOG_LEVEL": "debug",
        # The sanitizer wants to be loaded first, and need not be for this.
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
    }


@pytest.fixture(scope="session")
def killat_library(db_entry, tmp_path_factory):
    if is_static(db_entry):
        pytest.skip("nothing can be preloaded into a static program")
    library = build(tmp_path_factory.mktemp("killat"))
    if library is None:
        pytest.skip("no compiler")
    return library


@pytest.fixture
def kill_at(killat_library):
    """kill_at(event, when, number): the environment for a signal exactly at that line of log."""
    return functools.partial(environment, killat_library)
