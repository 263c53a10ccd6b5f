"""Configuration: where a value comes from, what is refused, and that no secret is ever shown."""

import pytest

SECRET = "hunter2S3CRET"

# A value for each setting that differs from its default.
SWITCHES = ["INIT"]
SAMPLES = {
    "DATABASE_URL": "sqlite:sample.db",
    "DIRECT_URL": "sqlite:direct.db",
    "URL_FROM": "SHOP_URL",
    "ENV": "staging",
    "ENVIRONMENTS": "environments.json",
    "MIGRATIONS": "db/elsewhere",
    "OUT_OF_ORDER": "refuse",
    "RESUME": "never",
    "TRIAL": "never",
    "MIRROR": "db/other.json",
    "MISMATCH": "strict",
    "DRIFT": "block",
    "IGNORE": "tmp_*",
    "APPROVE": "0002@0123456789ab",
    "APPROVALS": "reviewed.txt",
    "WAIT_FOR": "tcp://redis:6379, http://api/health#status=200-299,401",
    "WAIT_TIMEOUT": "17s",
    "WAIT_GRACE": "7s",
    "WAIT_SUCCESSES": "3",
    "LOCK": "lease",
    "LEASE": "3m",
    "LOCK_STALL": "11m",
    "LOCK_TIMEOUT": "13s",
    "STATEMENT_TIMEOUT": "19m",
    "APP_VERSION": "2026.1",
    "DUMP": "always",
    "DUMP_DIR": "elsewhere",
    "DUMP_COMPRESS": "gzip",
    "DUMP_MAX": "20GB",
    "DUMP_KEEP": "9",
    "DUMP_KEEP_DAYS": "90",
    "DUMP_HOOK": '["/snapshot", "--wait"]',
    "LOG": "json",
    "LOG_LEVEL": "debug",
    "INIT": "true",
    "USER": "app:media",
    "CHDIR": "srv",
    "ENV_REMOVE": "PGPASSWORD, SECRET",
    "TERMINATION_LOG": "messages/last",
}

WRONG = {
    "DATABASE_URL": "no url at all",
    "OUT_OF_ORDER": "maybe",
    "RESUME": "maybe",
    "TRIAL": "maybe",
    "DUMP": "sometimes",
    "DUMP_COMPRESS": "rar",
    "DUMP_MAX": "large",
    "DUMP_KEEP": "-1",
    "DUMP_KEEP_DAYS": "1d",
    "WAIT_FOR": "redis:6379",
    "WAIT_TIMEOUT": "soon",
    "WAIT_GRACE": "-1s",
    "WAIT_SUCCESSES": "0",
    "LOCK": "none",
    "LEASE": "for ever",
    "LOCK_STALL": "5 parsecs",
    "LOCK_TIMEOUT": "1e9",
    "STATEMENT_TIMEOUT": "99999999999999999999s",
    "LOG": "xml",
    "LOG_LEVEL": "loud",
}


@pytest.fixture
def settings(project):
    """A project without a setting, whose files and variables the samples name."""
    project.env = {"SHOP_URL": "sqlite:from-variable.db"}
    project.write(
        "environments.json",
        """
        {"version": 1, "environments": [
            {"id": "staging", "connectionTemplate": "sqlite:${STAGE}.db"}]}
        """,
    )
    project.env["STAGE"] = "staging"
    return project


def option_of(name):
    return "--" + name.lower().replace("_", "-")


def effective(project, name, *args, env=None):
    """What `config --json` has for a setting."""
    env = dict(env or {})
    if name == "ENV" or "DB_ENTRY_ENV" in env:
        env.setdefault("DB_ENTRY_ENVIRONMENTS", "environments.json")
    return project.ok("config", "--json", *args, env=env).json["DB_ENTRY_" + name]


def test_samples_cover_every_setting(settings):
    names = settings.ok("config", "--json").json
    found = {name.removeprefix("DB_ENTRY_") for name in names if name.startswith("DB_ENTRY_")}
    assert found == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_setting_by_variable_file_and_option(settings, name):
    value = SAMPLES[name]
    variable = "DB_ENTRY_" + name
    file = settings.write("value", value + "\n\n")

    by_variable = effective(settings, name, env={variable: value})
    by_file = effective(settings, name, env={variable + "_FILE": file})
    by_option = effective(settings, name, f"{option_of(name)}={value}")
    # A switch has its value in the same word, or means true.
    words = [option_of(name)] if name in SWITCHES else [option_of(name), value]
    by_words = effective(settings, name, *words)

    for row in (by_variable, by_file, by_option, by_words):
        assert row["value"] == value
    assert variable in by_variable["origin"]
    assert variable + "_FILE" in by_file["origin"] or str(file) in by_file["origin"]
    assert option_of(name) in by_option["origin"]


@pytest.mark.parametrize("name", ["LOG_LEVEL", "WAIT_TIMEOUT", "MIGRATIONS"])
def test_option_wins_over_variable_and_variable_over_default(settings, name):
    variable = "DB_ENTRY_" + name
    value = SAMPLES[name]
    assert effective(settings, name)["value"] != value
    assert effective(settings, name)["origin"] == "default"
    other = {"LOG_LEVEL": "warn", "WAIT_TIMEOUT": "1s", "MIGRATIONS": "else"}[name]
    row = effective(settings, name, f"{option_of(name)}={value}", env={variable: other})
    assert row["value"] == value


def test_options_before_the_dashes_count_for_our_command_behind_them(settings):
    result = settings.ok("--lock-stall=9m", "--", "db-entry", "config", "--json")
    assert result.json["DB_ENTRY_LOCK_STALL"]["value"] == "9m"


def test_variable_and_its_file_together_are_refused(settings):
    file = settings.write("value", "debug")
    env = {"DB_ENTRY_LOG_LEVEL": "debug", "DB_ENTRY_LOG_LEVEL_FILE": file}
    result = settings.run("config", env=env)
    assert result.code == 78
    assert "DB_ENTRY_LOG_LEVEL_FILE" in result.stderr


def test_empty_variable_counts_as_not_set(settings):
    file = settings.write("value", "debug")
    env = {"DB_ENTRY_LOG_LEVEL": "", "DB_ENTRY_LOG_LEVEL_FILE": file}
    assert effective(settings, "LOG_LEVEL", env=env)["value"] == "debug"
    env = {"DB_ENTRY_LOG_LEVEL": "debug", "DB_ENTRY_LOG_LEVEL_FILE": ""}
    assert effective(settings, "LOG_LEVEL", env=env)["value"] == "debug"


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_file_that_can_not_be_read_is_refused(settings, what):
    path = settings.folder / ("nothing-here" if what == "missing" else ".")
    result = settings.run("config", env={"DB_ENTRY_LOG_LEVEL_FILE": path})
    assert result.code == 78
    assert "DB_ENTRY_LOG_LEVEL_FILE" in result.stderr


@pytest.mark.parametrize("name", WRONG)
def test_wrong_value_names_its_setting(settings, name):
    result = settings.run("status", env={"DB_ENTRY_" + name: WRONG[name]})
    assert result.code == 78
    assert "DB_ENTRY_" + name in result.stderr
    result = settings.run("status", f"{option_of(name)}={WRONG[name]}")
    assert result.code == 78
    assert option_of(name) in result.stderr


@pytest.mark.parametrize("words", [["--lok-stall=5m"], ["--lok-stall", "5m"], ["--lock-stal=5m"]])
def test_unknown_option_is_a_usage_error_with_the_nearest_name(settings, words):
    """An abbreviation is unknown too: a later option could make it mean something else."""
    result = settings.run("config", *words)
    assert result.code == 64
    assert "--lock-stall" in result.stderr


def test_unknown_variable_is_a_warning_with_the_nearest_name(shop):
    result = shop.ok("run", "--", "true", env={"DB_ENTRY_WAIT_TIMEOT": "5s"})
    assert "DB_ENTRY_WAIT_TIMEOT" in result.stderr
    assert "DB_ENTRY_WAIT_TIMEOUT" in result.stderr


def test_unknown_variable_is_an_error_under_strict(settings):
    env = {"DB_ENTRY_WAIT_TIMEOT": "5s"}
    assert settings.run("config", env=env).code == 0
    result = settings.run("config", "--strict", env=env)
    assert result.code == 78
    assert "DB_ENTRY_WAIT_TIMEOT" in result.stderr
    settings.ok("config", "--strict")


def test_what_kubernetes_injects_is_no_setting(shop):
    injected = {
        "DB_ENTRY_SERVICE_HOST": "10.0.0.1",
        "DB_ENTRY_SERVICE_PORT": "5432",
        "DB_ENTRY_SERVICE_PORT_POSTGRES": "5432",
        "DB_ENTRY_PORT": "tcp://10.0.0.1:5432",
        "DB_ENTRY_PORT_5432_TCP": "tcp://10.0.0.1:5432",
        "DB_ENTRY_PORT_5432_TCP_ADDR": "10.0.0.1",
    }
    shop.ok("apply")
    result = shop.ok("run", "--", "true", env=injected)
    assert len(result.stderr.splitlines()) == 1
    shop.ok("config", "--strict", env=injected)


# Which database


def chosen(project, env, *args):
    return effective(project, "DATABASE_URL", *args, env=env)["value"]


def test_order_in_which_a_database_url_is_chosen(settings):
    everything = {
        "DB_ENTRY_DATABASE_URL": "sqlite:ours.db",
        "DB_ENTRY_URL_FROM": "SHOP_URL",
        "DB_ENTRY_ENV": "staging",
        "DATABASE_URL": "sqlite:application.db",
    }
    expected = ["ours.db", "from-variable.db", "staging.db", "application.db"]
    for removed, database in zip([*everything][:4], expected):
        assert chosen(settings, everything) == f"sqlite:{database}"
        del everything[removed]


def test_no_database_url_is_a_configuration_error(settings):
    result = settings.run("run", "--", "true")
    assert result.code == 78
    assert "DB_ENTRY_DATABASE_URL" in result.stderr


def test_variable_that_url_from_names_must_be_set(settings):
    result = settings.run("run", "--", "true", env={"DB_ENTRY_URL_FROM": "NOT_SET"})
    assert result.code == 78
    assert "NOT_SET" in result.stderr


@pytest.mark.parametrize(
    "form",
    [
        "sqlite:shop.db",
        "sqlite:{absolute}",
        "sqlite://{absolute}",
        "file:shop.db",
        "file:{absolute}",
        "file://{absolute}",
        "jdbc:sqlite:{absolute}",
        "sqlite+aiosqlite:///{absolute}",
        "SQLite:shop.db",
        "sqlite:{absolute}?mode=rwc",
    ],
)
def test_ways_to_name_a_file(shop, form):
    url = form.format(absolute=shop.database)
    shop.ok("apply", env={"DB_ENTRY_DATABASE_URL": url})
    assert shop.applied() == ["0001", "0002"]


def test_percent_encoded_file_name(shop):
    shop.database = shop.folder / "a shop ä.db"
    shop.ok("apply", env={"DB_ENTRY_DATABASE_URL": "sqlite:a%20shop%20%C3%A4.db"})
    assert shop.applied() == ["0001", "0002"]


def test_scheme_nobody_answers_to(settings):
    result = settings.run("status", env={"DB_ENTRY_DATABASE_URL": "oracle://host/db"})
    assert result.code == 78
    assert "oracle" in result.stderr and "sqlite" in result.stderr


# db/config/db-environments.json


def environments(project, text):
    project.write("db/config/db-environments.json", text)


def test_environment_is_found_in_its_usual_file(shop):
    environments(
        shop,
        """
        {"version": 1, "updatedAt": "2026-01-01T00:00:00Z", "environments": [
            {"id": "dev", "description": "", "connectionTemplate": "sqlite:${NAME}.db",
             "permissions": {"migrations": true, "seedData": true, "directQueries": true}}]}
        """,
    )
    env = {"DB_ENTRY_DATABASE_URL": None, "DB_ENTRY_ENV": "dev", "NAME": "a b%?#ä"}
    shop.database = shop.folder / "a b%?#ä.db"
    shop.ok("apply", env=env)
    assert shop.applied() == ["0001", "0002"]


def test_environment_that_is_not_there(shop):
    environments(shop, '{"environments": [{"id": "staging", "connectionTemplate": "sqlite:x.db"}]}')
    result = shop.run("apply", env={"DB_ENTRY_ENV": "stagin", "DB_ENTRY_DATABASE_URL": None})
    assert result.code == 78
    assert "stagin" in result.stderr and "staging" in result.stderr


def test_environments_file_that_is_not_there(shop):
    result = shop.run("apply", env={"DB_ENTRY_ENV": "dev"})
    assert result.code == 78
    assert "db-environments.json" in result.stderr


def test_variable_of_a_template_must_be_set(shop):
    environments(shop, '{"environments": [{"id": "dev", "connectionTemplate": "sqlite:${NOT_SET}.db"}]}')
    result = shop.run("apply", env={"DB_ENTRY_ENV": "dev", "DB_ENTRY_DATABASE_URL": None})
    assert result.code == 78
    assert "NOT_SET" in result.stderr


def test_broken_environments_file_says_where(shop):
    environments(shop, '{"environments": [\n  {"id": "dev",, }]}')
    result = shop.run("apply", env={"DB_ENTRY_ENV": "dev"})
    assert result.code == 78
    assert "db-environments.json:2" in result.stderr


def test_environment_that_forbids_migrations(shop):
    environments(
        shop,
        '{"environments": [{"id": "prod", "connectionTemplate": "sqlite:shop.db",'
        ' "permissions": {"migrations": false}}]}',
    )
    env = {"DB_ENTRY_ENV": "prod"}
    result = shop.run("run", "--", "echo", "started", env=env)
    assert result.code == 30
    assert result.stdout == ""
    assert shop.history() == []
    shop.ok("apply")
    assert shop.ok("run", "--", "echo", "started", env=env).stdout == "started\n"


@pytest.mark.parametrize("permission", ['"review-required"', '"change-request"'])
def test_environment_that_asks_for_a_review_applies_nothing_unreviewed(shop, permission):
    environments(
        shop,
        '{"environments": [{"id": "prod", "connectionTemplate": "sqlite:shop.db",'
        f' "permissions": {{"migrations": {permission}}}}}]}}',
    )
    result = shop.run("run", "--", "true", env={"DB_ENTRY_ENV": "prod"})
    assert result.code == 20
    assert shop.history() == []


@pytest.mark.parametrize("permission", ['"yes"', "1", "null", "{}"])
def test_permission_nobody_knows_is_refused(shop, permission):
    environments(
        shop,
        '{"environments": [{"id": "prod", "connectionTemplate": "sqlite:shop.db",'
        f' "permissions": {{"migrations": {permission}}}}}]}}',
    )
    assert shop.run("apply", env={"DB_ENTRY_ENV": "prod"}).code == 78
    assert shop.history() == []


# Secrets

FAILING_URLS = [
    f"postgresql://user:{SECRET}@127.0.0.1:1/db",
    f"postgres://user:{SECRET}@127.0.0.1:1/db?sslmode=nonsense",
    f"postgresql+asyncpg://user:{SECRET}@127.0.0.1:1/db",
    f"jdbc:postgresql://127.0.0.1:1/db?user=u&password={SECRET}",
    f"mysql://user:{SECRET}@[::1/db",
    f"mariadb://user:{SECRET}@127.0.0.1:99999/db",
    f"mysql://user:p@ss/{SECRET}@127.0.0.1:1/db",
    f"postgresql://user:%zz{SECRET}@127.0.0.1:1/db",
    f"postgresql://:{SECRET}@/db",
    f"oracle://user:{SECRET}@host/db",
    f"user:{SECRET}@host/db",
    f"//user:{SECRET}@host/db",
    f"postgresql:user:{SECRET}@host/db",
    f" postgresql://user:{SECRET}@host/db",
    f"'postgresql://user:{SECRET}@host/db'",
    f"sqlite://user:{SECRET}@host/not/there/x.db",
    f"sqlite:/not/there/x.db?password={SECRET}",
    f"file:/not/there/x.db?key={SECRET}",
    f"host=127.0.0.1 port=1 user=u password={SECRET}",
]
COMMANDS = [
    ["run", "--", "true"],
    ["wait"],
    ["status", "--json"],
    ["config"],
    ["config", "--json"],
    ["health"],
]


@pytest.mark.parametrize("url", FAILING_URLS)
def test_password_is_shown_nowhere(shop, url):
    quick = {
        "DB_ENTRY_WAIT_TIMEOUT": "1s",
        "DB_ENTRY_WAIT_GRACE": "0",
        "DB_ENTRY_LOG_LEVEL": "debug",
    }
    file = shop.write("url", url + "\n")
    without = {**quick, "DB_ENTRY_DATABASE_URL": None}
    ways = [
        ([], {**quick, "DB_ENTRY_DATABASE_URL": url}),
        ([], {**without, "DB_ENTRY_DATABASE_URL_FILE": file}),
        ([], {**without, "DATABASE_URL": url}),
        ([], {**without, "DB_ENTRY_URL_FROM": "OTHER", "OTHER": url}),
        ([f"--database-url={url}"], quick),
    ]
    for command in COMMANDS:
        for options, env in ways if command[0] in ("run", "config") else ways[:1]:
            for log in ("text", "json"):
                result = shop.run(command[0], *options, *command[1:], env=env, log=log)
                if command[0] != "config":
                    assert result.code not in (0, 2) and result.code < 126, result
                assert SECRET not in result.stdout + result.stderr, (command, env)


def test_password_of_a_template_is_shown_nowhere(shop):
    environments(
        shop,
        '{"environments": [{"id": "dev", "connectionTemplate":'
        ' "postgresql://${DB_USER}:${DB_PASSWORD}@127.0.0.1:1/shop"}]}',
    )
    env = {
        "DB_ENTRY_DATABASE_URL": None,
        "DB_ENTRY_ENV": "dev",
        "DB_USER": "u",
        "DB_PASSWORD": SECRET,
        "DB_ENTRY_WAIT_TIMEOUT": "1s",
        "DB_ENTRY_LOG_LEVEL": "debug",
    }
    for command in COMMANDS:
        result = shop.run(*command, env=env)
        assert SECRET not in result.stdout + result.stderr
