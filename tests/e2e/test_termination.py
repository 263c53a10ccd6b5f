"""DB_ENTRY_TERMINATION_LOG: what a container leaves behind when it fails."""

import os

import pytest


@pytest.fixture
def message(project):
    """An existing file, as Kubernetes mounts one."""
    path = project.write("termination-log", "of the run before\n" * 100)
    project.env["DB_ENTRY_TERMINATION_LOG"] = str(path)
    return path


def broken(project):
    project.migration("0001_broken", "CREATE TABLE a (id INTEGER);\nINSERT INTO b VALUES (1);")


@pytest.mark.parametrize("log", ["text", "json"])
def test_refusal_is_left(project, message, log):
    broken(project)
    inode = message.stat().st_ino
    result = project.run("run", "--", "true", log=log)
    assert result.code == 23, result
    text = message.read_text()
    assert text.startswith("✗ 0001_broken failed: no such table: b")
    assert "0001_broken.sql:2" in text and "→ mend" in text
    assert "of the run before" not in text
    if log == "text":
        assert result.stderr.endswith(text)
    assert message.stat().st_ino == inode


@pytest.mark.parametrize("words,env,code", [
    (("wait",), {"DB_ENTRY_DATABASE_URL": "sqlite:none/x.db", "DB_ENTRY_WAIT_GRACE": "0"}, 69),
    (("apply",), {"DB_ENTRY_WAIT_FOR": "redis"}, 78),
    (("apply",), {"DB_ENTRY_DATABASE_URL": "nonsense://x"}, 78),
    (("--no-such-option", "--", "true"), {}, 64),
    (("--", "./missing"), {}, 127),
])
def test_whatever_ends_it(project, message, words, env, code):
    result = project.run(*words, env=env)
    assert result.code == code, result
    assert message.read_text() == result.stderr[result.stderr.index("✗"):]


def test_success_leaves_it_alone(project, message):
    before = message.read_text()
    project.ok("run", "--", "true")
    project.ok("apply")
    project.ok("wait")
    assert message.read_text() == before


def test_other_commands_leave_it_alone(project, message):
    before = message.read_text()
    broken(project)
    assert project.run("status", "--check").code == 30
    assert project.run("health").code == 1
    assert project.run("repair", "--applied", "7").code != 0
    assert message.read_text() == before


def test_signal(project, message):
    process = project.start("apply", env={"DB_ENTRY_WAIT_FOR": "file:missing"})
    process.wait_for_event("wait.dependency")
    process.terminate()
    assert process.wait().code == 143
    assert message.read_text().startswith("✗ stopped by SIGTERM")


def fails_as_ever(project, path):
    broken(project)
    result = project.run("apply", env={"DB_ENTRY_TERMINATION_LOG": path}, log="json")
    assert result.code == 23, result
    assert result.refusal["event"] == "migration.failed"
    assert len([event for event in result.events if event["level"] == "error"]) == 1


def test_absent_file_is_not_made(project):
    path = project.folder / "absent"
    fails_as_ever(project, path)
    assert not path.exists()


def test_folder(project):
    fails_as_ever(project, project.folder)


def test_pipe_nobody_reads(project):
    path = project.folder / "pipe"
    os.mkfifo(path)
    fails_as_ever(project, path)


def test_read_only(project, tmp_path_factory):
    """Root may write what is read-only, so a file system is needed that is; /proc will do."""
    fails_as_ever(project, "/proc/version")
    if os.geteuid() != 0:
        path = project.write("read-only", "kept", mode=0o444)
        fails_as_ever(project, path)
        assert path.read_text() == "kept"


def test_long_message_is_cut(project, message):
    names = " ".join(f"file:{'ö' * 60}{i}" for i in range(40))
    result = project.run("apply", env={"DB_ENTRY_WAIT_FOR": names, "DB_ENTRY_WAIT_TIMEOUT": "0"})
    assert result.code == 69
    raw = message.read_bytes()
    assert 2000 < len(raw) <= 4096
    assert raw.decode().endswith("…\n") or len(result.stderr[result.stderr.index("✗"):].encode()) <= 4096


def test_no_secret_is_left(project, message):
    secret = "s3cret"
    result = project.run("wait", env={
        "DB_ENTRY_DATABASE_URL": f"postgresql://me:{secret}@127.0.0.1:1/x", "DB_ENTRY_WAIT_TIMEOUT": "0"})
    assert result.code == 69, result
    assert message.read_text().startswith("✗") and secret not in message.read_text()
