"""db-entry in containers of a real engine: the images, and the example applications in them."""

import re

import pytest

from support.docker import AT_ONCE, HARDENED
from support.images import DROP

pytestmark = [pytest.mark.container, pytest.mark.timeout(1200)]


def token(log):
    """The approval that a refusal printed."""
    return next(word for word in log.split() if word.startswith("0004@"))


# --- The image itself


def test_image_has_the_binary_and_what_belongs_to_it(yard, images, engine):
    image = images.db_entry()
    made = engine.call("create", image).stdout.strip()
    try:
        listed = engine.command(["sh", "-c", f"docker export {made} | tar -t"]).stdout.split()
    finally:
        engine.call("rm", made)
    # The engine adds its own mount points to what it exports.
    ours = [name for name in listed if not name.endswith("/") and name.split("/")[0] not in ("dev", "proc", "sys")]
    ours = [name for name in ours if name not in (".dockerenv", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab")]
    assert sorted(ours) == [
        "db-entry", "etc/ssl/certs/ca-certificates.crt", "usr/share/doc/db-entry/LICENSE",
        "usr/share/doc/db-entry/LICENSES.txt", "usr/share/doc/db-entry/NOTICE",
        "usr/share/doc/db-entry/db-entry.cdx.json",
    ]
    assert yard.run(image).stdout.startswith("db-entry waits for the database")
    assert yard.run(image, "version").stdout.startswith("db-entry ")


# --- The two lines in an application's Dockerfile


def test_sqlite_example(yard, images):
    image, volumes = images.example("sqlite"), {yard.volume("data"): "/data"}
    first = yard.start(image, volumes=volumes)
    log = first.until("shop: 3 products")
    assert "3 applied, now at 0003" in log
    assert first.execute("cat", "/proc/1/comm").stdout == "python3\n"
    took, code = first.stop()
    assert (code, took < AT_ONCE) == (0, True), took
    again = yard.start(image, volumes=volumes)
    assert "up to date at 0003" in again.until("shop: 3 products")
    status = yard.run(image, "db-entry", "status", "--check", volumes=volumes)
    assert status.returncode == 0 and "newest 0003" in status.stdout


def test_application_that_is_not_in_the_image(yard, images):
    data = yard.volume("data")
    ended = yard.run(images.example("sqlite"), "not-there", volumes={data: "/data"})
    assert ended.returncode == 127 and "not-there" in ended.stderr
    listed = yard.run(images.published("debian:bookworm-slim"), "ls", "/data", volumes={data: "/data"})
    assert listed.stdout == "", "nothing was changed for an application that can't be started"


def test_scratch_readonly_without_user_passwd_tmp(yard, images):
    """Nothing but the program, its migrations and db-entry; as a number, on a root nobody can write."""
    image, volumes = images.example("scratch"), {yard.volume("data"): "/data"}
    first = yard.start(image, volumes=volumes, options=HARDENED)
    assert "Green tea, 100 g            10" in first.until("Green tea")
    assert first.inspect()["Config"]["User"] == "10001:10001"
    health = first.execute("/db-entry", "health")
    assert health.returncode == 0
    took, code = first.stop()
    assert (code, took < AT_ONCE) == (0, True), took


# --- What would lose data


def test_blocked_then_approved_by_the_environment(yard, images):
    volumes = {yard.volume("data"): "/data"}
    assert yard.run(images.example("scratch"), "/db-entry", "version", volumes=volumes, options=HARDENED).returncode == 0
    image = images.next_example("scratch", DROP, without="price_cents")
    refused = yard.run(image, volumes=volumes, options=HARDENED)
    assert refused.returncode == 20, refused
    assert "BLOCKED 0004_next" in refused.stderr and "loses 3 values in products.price_cents" in refused.stderr
    # Its application is not reached; the image before it still runs.
    assert refused.stdout == ""
    before = yard.start(images.example("scratch"), volumes=volumes, options=HARDENED)
    before.until("Green tea")
    before.stop()
    approved = yard.start(image, volumes=volumes, env={"DB_ENTRY_APPROVE": token(refused.stderr)}, options=HARDENED)
    log = approved.until("Green tea")
    assert "/data/backups/backup-" in log and "1 applied, now at 0004" in log
    approved.stop()
    # The dump gives back what was lost.
    name = re.search(r"dump (backup-\S+)", log)[1]
    back = yard.run(image, "db-entry", "restore", name, "--yes", volumes=volumes, options=HARDENED)
    assert back.returncode == 0, back
    assert "pending     1" in yard.run(image, "db-entry", "status", volumes=volumes, options=HARDENED).stdout


# --- Where something is missing


def test_without_authorities(yard, images, engine):
    """A server that has to be checked, and nothing to check it by: said at once, not waited for."""
    images.db_entry()
    image = engine.build("bare", 'FROM scratch\nCOPY --from=db-entry /db-entry /db-entry\nENTRYPOINT ["/db-entry"]\n')
    server = yard.start(
        images.published("debian:bookworm-slim"), "sh", "-c", TLS_SERVER, name="secure", options=("--network", yard.network()),
    )
    server.until("serving")
    ended = yard.run(
        image, "wait", options=("--network", yard.network()),
        env={"DATABASE_URL": "sqlite:/shop.db", "DB_ENTRY_WAIT_FOR": "https://secure:8443/", "DB_ENTRY_WAIT_TIMEOUT": "5s"},
    )
    assert ended.returncode in (69, 78) and "certificate" in ended.stderr.lower(), ended


TLS_SERVER = """
cd /tmp && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=secure -keyout key -out cert -days 2 2>/dev/null &&
echo serving && exec openssl s_server -quiet -accept 8443 -key key -cert cert -www
"""
