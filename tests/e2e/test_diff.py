"""diff: mirror against database; tests/cases/diff. WRITE_EXPECTED as in test_mirror.py."""

import json
import re
import subprocess

import pytest

from test_mirror import MIRROR, expect, folders, script


@pytest.mark.parametrize("case", folders("diff"), ids=lambda p: p.name)
def test_differences(project, case):
    """mirror.json against schema.sql prints expected.txt, and exits 27 unless they are equal."""
    script(project, (case / "schema.sql").read_text(encoding="utf-8"))
    project.write(MIRROR, (case / "mirror.json").read_text(encoding="utf-8"))
    result = project.run("diff")
    told = result.stdout.replace(str(project.database), "DATABASE")
    expect(case / "expected.txt", f"{told}exit {result.code}\n")
    found = json.loads(project.run("diff", "--json").stdout)
    assert found["equal"] == (result.code == 0)
    assert len(found["differences"]) == len(re.findall(r"^[-+~] ", result.stdout, re.M))


def test_json_has_old_and_new(project):
    script(project, "CREATE TABLE a (b TEXT, c);")
    project.write(MIRROR, '{"version": 3, "tables": [{"name": "a", "columns": [{"name": "b", "type": "INT"}]}]}')
    result = project.run("diff", "--json")
    assert result.code == 27
    assert json.loads(result.stdout)["differences"] == [
        {"difference": "changed", "kind": "column", "table": "a", "name": "b",
         "attributes": [{"name": "type", "mirror": "INT", "database": "TEXT"}], "moved": False},
        {"difference": "only-database", "kind": "column", "table": "a", "name": "c"},
    ]


def test_without_a_mirror_or_database(project):
    result = project.run("diff")
    assert result.code == 78 and "mirror pull" in result.stderr
    project.ok("mirror", "init")
    project.ok("diff")
    project.ok("mirror", "add-table", "--name=a", "--columns=b:int")
    assert project.run("diff").code == 27
    assert not project.database.exists()


def test_a_thousand_tables(project):
    script(project, "".join(
        f"CREATE TABLE t{i} (id INTEGER PRIMARY KEY, a TEXT, b REFERENCES t{i}); CREATE INDEX i{i} ON t{i} (a);"
        for i in range(1000)))
    project.ok("mirror", "pull")
    project.ok("diff")
    assert "unchanged" in project.ok("mirror", "pull").stdout


def test_nothing_of_ours_and_of_the_engine_is_told(project):
    project.migration("0001_a", "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);"
                      "CREATE VIRTUAL TABLE f USING fts5(x);INSERT INTO f VALUES ('y');")
    project.ok("apply")
    project.ok("mirror", "pull")
    script(project, "ANALYZE; INSERT INTO f(f) VALUES ('optimize'); VACUUM;")
    project.ok("diff")
    subprocess.run(["sqlite3", project.database, "CREATE INDEX made_by_hand ON a (id)"], check=True)
    assert "made_by_hand" in project.run("diff").stdout
