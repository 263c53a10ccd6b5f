"""Behind PgBouncer in transaction mode: reading works, what needs a session goes past it."""

import pytest

pytestmark = pytest.mark.server


@pytest.fixture
def shop(pg_project, pgbouncer):
    pg_project.migration("0001_customers", "CREATE TABLE customers (id integer PRIMARY KEY);")
    pg_project.direct = pg_project.env["DB_ENTRY_DATABASE_URL"]
    pg_project.env["DB_ENTRY_DATABASE_URL"] = pgbouncer.url(pg_project.database)
    return pg_project


def test_something_pending_needs_the_server_itself(shop):
    result = shop.run("apply", log="json")
    assert result.code == 75, result
    assert "pooler" in result.refusal["what"]
    assert "DB_ENTRY_DIRECT_URL=" in "".join(result.refusal["next"])
    assert shop.history() == []
    env = {"DB_ENTRY_DIRECT_URL": shop.direct}
    shop.ok("apply", env=env)
    assert shop.applied() == ["0001"]
    shop.ok("run", "--", "true", env=env)
    shop.ok("run", "--", "true")


@pytest.mark.parametrize("parameters", ["", "?pgbouncer=true", "?schema=public&pgbouncer=true"])
def test_nothing_pending_works_and_leaves_no_setting(shop, parameters, pgbouncer):
    shop.ok("apply", env={"DB_ENTRY_DIRECT_URL": shop.direct})
    env = {"DB_ENTRY_DATABASE_URL": shop.env["DB_ENTRY_DATABASE_URL"] + parameters}
    for command in (["status", "--check"], ["plan"], ["wait"], ["run", "--", "true"]):
        shop.ok(*command, env=env)
    for name, value in (("lock_timeout", "0"), ("search_path", '"$user", public')):
        seen = {
            pgbouncer.client(f"SHOW {name}", shop.database).stdout.strip() for _ in range(10)}
        assert seen == {value}


def test_url_says_that_there_is_a_pooler(shop):
    result = shop.run("apply", env={"DB_ENTRY_DATABASE_URL": shop.direct + "?pgbouncer=true"})
    assert result.code == 75, result


def test_direct_url_of_another_database(shop):
    shop.ok("apply", env={"DB_ENTRY_DIRECT_URL": shop.direct})
    shop.migration("0002_orders", "CREATE TABLE orders (id integer PRIMARY KEY);")
    other = shop.server.url(shop.server.create_database())
    result = shop.run("apply", env={"DB_ENTRY_DIRECT_URL": other}, log="json")
    assert result.code == 78, result
    assert "another database" in result.refusal["what"]


def test_options_are_refused_with_advice(shop):
    url = shop.env["DB_ENTRY_DATABASE_URL"] + "?options=-c%20geqo%3Doff"
    result = shop.run("wait", env={"DB_ENTRY_DATABASE_URL": url}, log="json")
    assert result.code == 78, result
    assert "options" in "".join(result.refusal["next"])


def test_unknown_database_and_password(shop, pgbouncer):
    grace = {"DB_ENTRY_WAIT_GRACE": "1s", "DB_ENTRY_WAIT_TIMEOUT": "3s"}
    env = {"DB_ENTRY_DATABASE_URL": pgbouncer.url(shop.database, password="wrong"), **grace}
    assert shop.run("wait", env=env).code == 77
    env["DB_ENTRY_DATABASE_URL"] = pgbouncer.url("nowhere")
    assert shop.run("wait", env=env).code == 69
