"""--user, --chdir and --env-remove: as whom, where and without what the application is started."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from support.places import status

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")

WHO = 'cat /proc/$$/status; echo "home:\t$HOME"; echo "parent:\t$PPID"'


def who(result):
    assert result.code == 0, result
    seen = status(result.stdout)
    return [int(word) for word in seen["Uid"].split()], [int(word) for word in seen["Gid"].split()], \
        sorted(int(word) for word in seen["Groups"].split()), seen["home"]


def passwd():
    return [line.split(":") for line in Path("/etc/passwd").read_text().splitlines()]


def someone():
    """A user of this machine with a group of another number."""
    for name, _, uid, gid, _, home, _ in passwd():
        if uid not in ("0", gid) and int(uid) < 60000 and home:
            return name, int(uid), int(gid), home
    pytest.skip("no user here has a group of another number")


@pytest.fixture
def open_folder():
    """One that every user may enter, where the tests' own may not be."""
    folder = Path(tempfile.mkdtemp(prefix="db-entry-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


# --- As whom


@root_only
def test_by_name(anywhere):
    name, uid, gid, home = someone()
    for spelling in (name, str(uid)):
        uids, gids, groups, at = who(anywhere.run(f"--user={spelling}", "--", "sh", "-c", WHO))
        assert (uids, gids, at) == ([uid] * 4, [gid] * 4, home)
        assert gid in groups and 0 not in groups


@root_only
def test_by_name_and_group(anywhere):
    name, uid, _, home = someone()
    assert who(anywhere.run(f"--user={name}:4712", "--", "sh", "-c", WHO)) == (
        [uid] * 4, [4712] * 4, [4712], home)


@root_only
def test_unknown_number_has_not_group_0(anywhere):
    assert who(anywhere.run("--user=4711", "--", "sh", "-c", WHO)) == ([4711] * 4, [4711] * 4, [4711], "/")


@root_only
def test_no_way_back_to_root(anywhere):
    script = "import os\ntry:\n    os.setuid(0)\nexcept PermissionError:\n    print('refused')"
    assert anywhere.ok("--user=4711", "--", "/usr/bin/python3", "-c", script).stdout == "refused\n"
    seen = status(anywhere.ok("--user=4711", "--", "cat", "/proc/self/status").stdout)
    assert all(int(seen[name], 16) == 0 for name in ("CapPrm", "CapEff", "CapAmb"))


@root_only
def test_db_entry_itself_works_as_it_was_started(beside):
    """A database that the application's user may not even read."""
    beside.project.migration("0001_a", "CREATE TABLE a (x);")
    beside.ok("--user=4711", "--", "true")
    assert beside.project.applied() == ["0001"]
    assert os.stat(beside.project.database).st_uid == 0


@root_only
@pytest.mark.server
@pytest.mark.parametrize("mode", [[], ["--init"]], ids=["exec", "init"])
def test_beside_threads_of_ours(pg_project, mode):
    """With a server migrations are read by a thread, and a name is looked up by another."""
    pg_project.migration("0001_a", "CREATE TABLE a (x integer);")
    for _ in range(5):
        result = pg_project.run(*mode, "--user=4711", "--", "sh", "-c", WHO)
        assert who(result) == ([4711] * 4, [4711] * 4, [4711], "/")


@root_only
def test_parent_stays_who_it_was(init):
    """So that the application can't read what it has."""
    script = "cat /proc/$PPID/environ >/dev/null && echo readable; grep ^Uid /proc/$PPID/status"
    said = init.run("--user=4711", "--", "sh", "-c", script).stdout.split()
    assert said == ["Uid:", "0", "0", "0", "0"]


@root_only
def test_streams_can_be_opened_as_process_1(anywhere):
    """As with docker run --user; programs log to /dev/stdout."""
    if not anywhere.prefix:
        pytest.skip("elsewhere they may be somebody else's")
    said = anywhere.ok("--user=4711", "--", "sh", "-c", "echo out >/dev/stdout; echo err >/dev/stderr")
    assert said.stdout == "out\n" and said.stderr.endswith("err\n")


def started_as(beside, uid, gid, groups, *words, env=None):
    """db-entry as another user, with a database in memory of which nothing stays."""
    words = [beside.project.binary, *words]
    done = subprocess.run(
        [*["setpriv", f"--reuid={uid}", f"--regid={gid}", f"--groups={groups}"], *words],
        env={"PATH": os.environ["PATH"], "DB_ENTRY_DATABASE_URL": "sqlite:a.db", **(env or {})},
        cwd=beside.writable, capture_output=True, text=True, timeout=60, check=False)
    return done


@pytest.fixture
def dropped(beside, open_folder):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root with setpriv(1) becomes another user")
    program = open_folder / "db-entry"
    shutil.copy(beside.project.binary, program)
    beside.project.binary = str(program)
    beside.writable = open_folder / "data"
    beside.writable.mkdir()
    beside.writable.chmod(0o777)
    return beside


def test_already_that_user(dropped):
    """What the runtime set stays, fsGroup included; HOME too."""
    words = ["--user=4711", "--", "sh", "-c", WHO]
    done = started_as(dropped, 4711, 0, "77,88", *words, env={"HOME": "/kept"})
    assert done.returncode == 0, done
    seen = status(done.stdout)
    assert seen["Uid"].split() == ["4711"] * 4 and seen["Gid"].split() == ["0"] * 4
    assert seen["Groups"].split() == ["77", "88"] and seen["home"] == "/kept"


def test_already_that_user_and_group(dropped):
    assert started_as(dropped, 4711, 99, "99", "--user=4711:99", "--", "true").returncode == 0
    done = started_as(dropped, 4711, 0, "0", "--user=4711:99", "--", "true")
    assert done.returncode == 78 and "this process runs as user 4711" in done.stderr, done


def test_only_root_can(dropped):
    done = started_as(dropped, 4711, 4711, "4711", "--user=4712", "--", "true")
    assert done.returncode == 78, done
    assert "can't become user 4712" in done.stderr and "only root may" in done.stderr
    assert "start the container as root" in done.stderr


@root_only
def test_root_without_capabilities(beside):
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv(1)")
    done = subprocess.run(
        ["setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid", *beside.words("--user=4711", "--", "true")],
        env={"PATH": os.environ["PATH"], **beside.project.env}, cwd=beside.project.folder,
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78 and "SETUID and SETGID" in done.stderr, done
    assert beside.project.history() == []


@root_only
def test_parent_that_may_not_send_signals(beside):
    """Without the capability KILL, root can't signal another user: docker stop would do nothing."""
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv(1)")
    beside.project.migration("0001_a", "CREATE TABLE a (x);")

    def without_kill(*words):
        return subprocess.run(
            ["setpriv", "--bounding-set=-kill", "--inh-caps=-kill", *beside.words(*words, "--", "true")],
            env={"PATH": os.environ["PATH"], **beside.project.env}, cwd=beside.project.folder,
            capture_output=True, text=True, timeout=60, check=False)

    done = without_kill("--init", "--user=4711")
    assert done.returncode == 78 and "user 4711" in done.stderr and "KILL" in done.stderr, done
    assert beside.project.history() == []
    assert without_kill("--user=4711").returncode == 0
    assert without_kill("--init").returncode == 0
    assert without_kill("--init", "--user=0:4711").returncode == 0


def test_no_such_user(anywhere):
    anywhere.project.migration("0001_a", "CREATE TABLE a (x);")
    for given in ("no-such-user", "0:no-such-group", ":0", "0:", "-1", "4294967295"):
        result = anywhere.run("--", "true", env={"DB_ENTRY_USER": given})
        assert result.code == 78 and "DB_ENTRY_USER" in result.stderr, result
        assert "not the database's" in result.stderr
    assert anywhere.project.history() == []


@root_only
def test_program_that_user_may_not_execute(anywhere, open_folder):
    anywhere.project.migration("0001_a", "CREATE TABLE a (x);")
    program = open_folder / "start"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    result = anywhere.run("--user=4711", "--", str(program))
    assert result.code == 126 and "4711" in result.stderr, result
    program.chmod(0o644)
    assert "chmod +x" in anywhere.run("--user=4711", "--", str(program)).stderr
    assert anywhere.run("--user=4711", "--", "/no/such/program").code == 127
    assert anywhere.project.history() == []
    program.chmod(0o755)
    anywhere.ok("--user=4711", "--", str(program))


# --- Where


def test_folder(anywhere, open_folder):
    """Our own paths, and the database's, stay relative to where we are."""
    anywhere.project.migration("0001_a", "CREATE TABLE a (x);")
    env = {"DB_ENTRY_DATABASE_URL": "sqlite:shop.db"}
    for folder in (str(open_folder), os.path.relpath(open_folder, anywhere.project.folder)):
        said = anywhere.ok(f"--chdir={folder}", "--", "pwd", env=env).stdout
        assert said == f"{open_folder.resolve()}\n"
    assert anywhere.project.applied() == ["0001"]
    assert list(open_folder.iterdir()) == []


def test_program_is_looked_for_in_the_folder(anywhere, open_folder):
    script = open_folder / "start"
    script.write_text("#!/bin/sh\necho $0 in $PWD\n")
    script.chmod(0o755)
    said = anywhere.ok(f"--chdir={open_folder}", "--", "./start").stdout
    assert said == f"./start in {open_folder}\n"
    anywhere.project.script("only-here", "echo wrong")
    result = anywhere.run(f"--chdir={open_folder}", "--", "./only-here")
    assert result.code == 127 and str(open_folder) in result.stderr, result
    script.chmod(0o644)
    result = anywhere.run(f"--chdir={open_folder}", "--", "./start")
    assert result.code == 126 and f"chmod +x {open_folder}/./start" in result.stderr, result


def test_no_such_folder(anywhere):
    anywhere.project.migration("0001_a", "CREATE TABLE a (x);")
    for folder in ("/no/such/folder", "missing", "/etc/passwd"):
        result = anywhere.run(f"--chdir={folder}", "--", "true")
        assert result.code == 78 and folder in result.stderr, result
    assert anywhere.project.history() == []


@root_only
def test_folder_that_user_may_not_enter(anywhere, open_folder):
    (open_folder / "closed").mkdir(0o700)
    result = anywhere.run("--user=4711", f"--chdir={open_folder}/closed", "--", "true")
    assert result.code == 78 and "as user 4711" in result.stderr, result


# --- Without what


def test_variables_are_removed(anywhere):
    given = {"PGPASSWORD": "sesame", "SECOND": "open", "THIRD": "kept", "DB_ENTRY_ENV_REMOVE": "PGPASSWORD, SECOND ABSENT"}
    said = anywhere.ok("--", "env", env=given).stdout
    assert "sesame" not in said and "SECOND=" not in said
    assert "THIRD=kept" in said


def test_options_add_up_and_win(beside):
    given = {"A": "1", "B": "2", "C": "3", "DB_ENTRY_ENV_REMOVE": "C"}
    said = beside.ok("--env-remove=A", "--env-remove", "B", "--", "env", env=given).stdout.splitlines()
    assert "A=1" not in said and "B=2" not in said
    assert "C=3" in said, "an option takes the variable's place"


def test_we_may_use_what_is_removed(beside):
    url = beside.project.env.pop("DB_ENTRY_DATABASE_URL")
    beside.project.migration("0001_a", "CREATE TABLE a (x);")
    said = beside.ok("--env-remove=DATABASE_URL", "--", "env", env={"DATABASE_URL": url}).stdout
    assert "DATABASE_URL" not in said.replace("DB_ENTRY", "")
    assert beside.project.applied() == ["0001"]


def test_removed_path_is_still_searched(anywhere, open_folder):
    """What was found before anything was changed is what is started."""
    script = open_folder / "only-there"
    script.write_text("#!/bin/sh\n/usr/bin/env\n")
    script.chmod(0o755)
    env = {"PATH": f"{open_folder}:{os.environ['PATH']}"}
    said = anywhere.ok("--env-remove=PATH", "--", "only-there", env=env).stdout.splitlines()
    assert env["PATH"] not in "\n".join(said)


@root_only
def test_home_can_be_removed(anywhere):
    said = anywhere.ok("--user=4711", "--env-remove=HOME", "--", "env").stdout.splitlines()
    assert not [line for line in said if line.startswith("HOME=")]


def test_what_is_no_name_is_refused(beside):
    for given in ("A=1", "1A", "A-B", "A,=", "*"):
        result = beside.run(f"--env-remove={given}", "--", "true")
        assert result.code == 78 and "names of environment variables" in result.stderr, result
    assert "A=sesame" not in beside.run("--env-remove=A=sesame", "--", "true").stderr


def test_settings_are_shown(beside):
    said = beside.ok("config", "--json", env={"DB_ENTRY_USER": "app:media", "DB_ENTRY_INIT": "1"}).stdout
    shown = json.dumps(json.loads(said))
    assert "app:media" in shown and "ENV_REMOVE" in shown
