"""The MariaDB driver keeps the promises of src/db/db.h: the conformance suite on a server."""

import re

import pytest

from support.process import run

# All drivers' cases, some with dozens of processes.
pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]


def test_driver_keeps_its_promises(build, mariadb):
    program = build / "tests" / "conformance"
    result = run(
        [program],
        env={
            "CONFORMANCE_MARIADB": mariadb.url("mysql"),
            "CMOCKA_MESSAGE_OUTPUT": "tap",
            "TMPDIR": "/tmp",
        },
        guard=280,
    )
    failed = [
        line for line in result.stdout.splitlines()
        if line.startswith("not ok") and "# SKIP" not in line
    ]
    assert result.code == 0 and not failed, result
    # Twice: on SQLite, and here.
    assert len(re.findall(r"^ok \d+ - never_two_at_once", result.stdout, re.M)) == 2
