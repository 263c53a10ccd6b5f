"""
The SQL of the conformance fixtures against real servers, through the engines' own clients: so that
a driver's author can rely on it before there is a driver.
"""

import re

import pytest

from support.process import run

pytestmark = pytest.mark.server

# What each client is told so that a failure is one line: the statement's line and the error's code.
CLIENTS = {
    "postgres": {
        "prepare": "\\set VERBOSITY sqlstate\n",
        "options": ["-v", "ON_ERROR_STOP=0", "-f", "-"],
        "end": ";",
        "failure": r"^psql:<stdin>:(\d+): ERROR:  (\w+)",
        "limit": ("SET statement_timeout = '1s';\n{}", "57014"),
    },
    "mariadb": {
        "prepare": "delimiter //\n",
        "options": ["--force", "--show-warnings"],
        "end": "//",
        "failure": r"^ERROR (\d+) \(\w+\) at line (\d+)",
        "limit": ("SET STATEMENT max_statement_time = 1 FOR {}", "1969"),
    },
}


@pytest.fixture(scope="module")
def fixture_of(build):
    """The statements of an engine's fixture."""
    program = build / "tests" / "conformance"
    assert program.is_file(), f"{program} is not there: run make programs first"

    def read(engine):
        return run([program, "--print", engine]).json

    return read


@pytest.fixture(params=CLIENTS)
def engine(request):
    """The engine's name; its server is there."""
    return request.param


def execute(server, client, database, statements, options=()):
    """{line: code} of those that failed, and all the client said. Line 2 is the first statement."""
    text = client["prepare"] + "".join(f"{sql}{client['end']}\n" for sql in statements)
    result = run(server.client_command(database) + client["options"] + list(options), stdin=text)
    failures = {}
    for first, second in re.findall(client["failure"], result.stderr, re.M):
        line, code = (first, second) if client["prepare"].startswith("\\set") else (second, first)
        failures[int(line)] = code
    return failures, result.stdout + result.stderr


def test_statements_work_or_fail_as_the_fixture_says(engine, fixture_of, request):
    server = request.getfixturevalue(engine)
    items = [item for item in fixture_of(engine) if item["name"] != "long"]
    assert len(items) >= 15
    failures, said = execute(
        server, CLIENTS[engine], server.create_database(), [item["sql"] for item in items]
    )
    expected = {
        line: item["fails"] for line, item in enumerate(items, start=2) if item["fails"] is not None
    }
    assert failures == expected, said


def test_notice_is_spoken(engine, fixture_of, request):
    server = request.getfixturevalue(engine)
    (notice,) = [item["sql"] for item in fixture_of(engine) if item["name"] == "notice"]
    client = {**CLIENTS[engine], "prepare": CLIENTS[engine]["prepare"].replace("sqlstate", "terse")}
    _, said = execute(server, client, server.default_database, [notice])
    assert re.search(r"(NOTICE|Note).*: .*spoken.aside", said), said


def test_long_statement_is_long_and_can_be_ended(engine, fixture_of, request):
    server = request.getfixturevalue(engine)
    (long,) = [item["sql"] for item in fixture_of(engine) if item["name"] == "long"]
    limited, code = CLIENTS[engine]["limit"]
    failures, said = execute(
        server, CLIENTS[engine], server.default_database, [limited.format(long)]
    )
    assert list(failures.values()) == [code], said
