/* Gathering: precedence, _FILE twins, checks by type, unknown variables, secrets. */
#include "base/fs.h"
#include "base/sink.h"
#include "flow/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What main() gets is not const, and nobody writes to it here. */
#define ENVIRONMENT(...) ((char **)(uintptr_t)(const char *[]){__VA_ARGS__, NULL})
#define NOTHING          ENVIRONMENT(NULL)

static struct config config;
static struct err err;
static char folder[] = "/tmp/db-entry-XXXXXX";
static char path[128];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/value", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static int reset(void **state)
{
	(void)state;
	memset(&err, 0, sizeof(err));
	return 0;
}

static int close_config(void **state)
{
	(void)state;
	config_free(&config);
	return 0;
}

static void write_value(const void *text, size_t len)
{
	struct err problem;

	assert_true(sink_put(path, text, len, 0600, &problem));
}

/* "NAME=path of the file with `text`", good until the next one. */
static char *in_file(const char *name, const char *text)
{
	static char entry[256];

	write_value(text, strlen(text));
	snprintf(entry, sizeof(entry), "%s=%s", name, path);
	return entry;
}

static void load(char **environ_)
{
	assert_true(config_load(&config, environ_, NULL, 0, &err));
}

static void load_option(char **environ_, enum setting_id id, const char *value)
{
	struct config_option option = {id, value};

	assert_true(config_load(&config, environ_, &option, 1, &err));
}

/* Loading fails, and the message has `part` in it. */
static void refused(char **environ_, const char *part)
{
	config_free(&config);
	memset(&err, 0, sizeof(err));
	assert_false(config_load(&config, environ_, NULL, 0, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	if (strstr(err.message, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, err.message);
}

static void refused_option(enum setting_id id, const char *value, const char *part)
{
	struct config_option option = {id, value};

	config_free(&config);
	assert_false(config_load(&config, NOTHING, &option, 1, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.message, part));
}

static void assert_value(enum setting_id id, const char *text, const char *origin)
{
	if (text == NULL)
		assert_null(config_text(&config, id));
	else
		assert_string_equal(config_text(&config, id), text);
	assert_string_equal(config.values[id].origin, origin);
}

static void assert_no_url(const char *part)
{
	struct url url;

	memset(&err, 0, sizeof(err));
	assert_false(config_url(&config, &url, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	if (strstr(err.message, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, err.message);
}

/* ---- Defaults and precedence ---- */

static void test_defaults(void **state)
{
	(void)state;
	load(NOTHING);
	assert_value(SETTING_ENV, NULL, "default");
	assert_value(SETTING_MIGRATIONS, NULL, "default");
	assert_value(SETTING_LOG, "text", "default");
	assert_int_equal(config_ms(&config, SETTING_WAIT_TIMEOUT), 60000);
	assert_int_equal(config_ms(&config, SETTING_LOCK_STALL), 120000);
	assert_int_equal(config_ms(&config, SETTING_STATEMENT_TIMEOUT), 0);
	assert_int_equal(config_int(&config, SETTING_WAIT_SUCCESSES), 1);
	assert_true(config_is(&config, SETTING_OUT_OF_ORDER, "allow"));
	assert_int_equal(config.permission, PERMISSION_UNNAMED);
	assert_int_equal(config.unknown_count, 0);
}

static void assert_switch(const char *value, bool on)
{
	config_free(&config);
	load_option(NOTHING, SETTING_INIT, value);
	assert_int_equal(config_on(&config, SETTING_INIT), on);
}

static void test_switches(void **state)
{
	(void)state;
	assert_switch("1", true);
	assert_switch("true", true);
	assert_switch("0", false);
	assert_switch("false", false);
	config_free(&config);
	load(NOTHING);
	assert_false(config_on(&config, SETTING_INIT));
	refused_option(SETTING_INIT, "yes", "one of true|false|1|0");
}

static void test_names(void **state)
{
	(void)state;
	struct config_option several[] = {{SETTING_ENV_REMOVE, " A,"}, {SETTING_LOG, "json"},
	    {SETTING_ENV_REMOVE, "B C"}, {SETTING_ENV_REMOVE, "_d1"}};
	static const char *const expected[] = {"A", "B", "C", "_d1"};
	const char *at;
	const char *name;
	size_t len;
	size_t count = 0;

	config_free(&config);
	assert_true(config_load(&config, NOTHING, several, 4, &err));
	at = config_text(&config, SETTING_ENV_REMOVE);
	while ((name = config_name(&at, &len)) != NULL) {
		assert_int_equal(len, strlen(expected[count]));
		assert_memory_equal(name, expected[count++], len);
	}
	assert_int_equal(count, 4);
	config_free(&config);
	load(NOTHING);
	at = config_text(&config, SETTING_ENV_REMOVE);
	assert_null(config_name(&at, &len));
	refused_option(SETTING_ENV_REMOVE, "A,1B", "names of environment variables");
	refused_option(SETTING_ENV_REMOVE, "A=hunter2", "names of environment variables");
	assert_null(strstr(err.message, "hunter2"));
}

/* Every default passes the check a user's value must pass. */
static void test_defaults_are_valid_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		if (settings[i].fallback == NULL)
			continue;
		load_option(NOTHING, settings[i].id, settings[i].fallback);
		config_free(&config);
	}
}

static void test_environment_over_default(void **state)
{
	(void)state;
	load(ENVIRONMENT("DB_ENTRY_WAIT_TIMEOUT=5m", "DB_ENTRY_LOG_LEVEL=debug"));
	assert_value(SETTING_WAIT_TIMEOUT, "5m", "DB_ENTRY_WAIT_TIMEOUT");
	assert_int_equal(config_ms(&config, SETTING_WAIT_TIMEOUT), 300000);
	assert_true(config_is(&config, SETTING_LOG_LEVEL, "debug"));
	assert_false(config_is(&config, SETTING_LOG_LEVEL, "info"));
}

static void test_option_over_environment(void **state)
{
	(void)state;
	load_option(ENVIRONMENT("DB_ENTRY_WAIT_TIMEOUT=nonsense"), SETTING_WAIT_TIMEOUT, "2s");
	assert_value(SETTING_WAIT_TIMEOUT, "2s", "--wait-timeout");
}

static void test_last_option_counts(void **state)
{
	struct config_option options[] = {{SETTING_LOG, "json"}, {SETTING_LOG, "text"}};

	(void)state;
	assert_true(config_load(&config, NOTHING, options, 2, &err));
	assert_value(SETTING_LOG, "text", "--log");
}

static void test_empty_variable_is_not_set(void **state)
{
	(void)state;
	load(ENVIRONMENT("DB_ENTRY_WAIT_TIMEOUT=", "DB_ENTRY_ENV=", "DB_ENTRY_LOG_FILE="));
	assert_value(SETTING_WAIT_TIMEOUT, "60s", "default");
	assert_value(SETTING_ENV, NULL, "default");
}

static void test_empty_option_is_refused(void **state)
{
	(void)state;
	refused_option(SETTING_ENV, "", "--env is empty");
	refused_option(SETTING_APP_VERSION, "", "--app-version is empty");
}

static void test_log_is_json_in_kubernetes(void **state)
{
	(void)state;
	load(ENVIRONMENT("KUBERNETES_SERVICE_HOST=10.0.0.1"));
	assert_value(SETTING_LOG, "json", "default (KUBERNETES_SERVICE_HOST is set)");
	config_free(&config);
	load(ENVIRONMENT("KUBERNETES_SERVICE_HOST=10.0.0.1", "DB_ENTRY_LOG=text"));
	assert_value(SETTING_LOG, "text", "DB_ENTRY_LOG");
}

/* ---- Types ---- */

static void test_wrong_values_name_their_origin(void **state)
{
	(void)state;
	refused(ENVIRONMENT("DB_ENTRY_WAIT_TIMEOUT=soon"), "DB_ENTRY_WAIT_TIMEOUT must be");
	assert_non_null(strstr(err.message, "not \"soon\""));
	refused(ENVIRONMENT("DB_ENTRY_WAIT_TIMEOUT=-1s"), "DB_ENTRY_WAIT_TIMEOUT");
	refused(ENVIRONMENT("DB_ENTRY_LOCK_TIMEOUT=25d"), "at most 24d");
	refused(ENVIRONMENT("DB_ENTRY_LOCK_TIMEOUT=9223372036854775807d"), "at most 24d");
	refused(ENVIRONMENT("DB_ENTRY_WAIT_SUCCESSES=0"), "1..100");
	refused(ENVIRONMENT("DB_ENTRY_WAIT_SUCCESSES=101"), "1..100");
	refused(ENVIRONMENT("DB_ENTRY_WAIT_SUCCESSES=1x"), "1..100");
	refused(ENVIRONMENT("DB_ENTRY_LOG=jso"), "text|json");
	refused(ENVIRONMENT("DB_ENTRY_LOG=text|json"), "text|json");
	refused(ENVIRONMENT("DB_ENTRY_LOG=JSON"), "text|json");
	refused(ENVIRONMENT("DB_ENTRY_APP_VERSION=1\n2"), "one line");
	refused_option(SETTING_WAIT_TIMEOUT, "soon", "--wait-timeout must be");
}

static void test_limits_of_values(void **state)
{
	(void)state;
	load(ENVIRONMENT("DB_ENTRY_WAIT_SUCCESSES=100", "DB_ENTRY_LOCK_TIMEOUT=24d"));
	assert_int_equal(config_int(&config, SETTING_WAIT_SUCCESSES), 100);
	assert_int_equal(config_ms(&config, SETTING_LOCK_TIMEOUT), 24LL * 86400 * 1000);
}

/* People put the URL itself where its variable's name belongs. */
static void test_url_in_url_from_is_not_shown(void **state)
{
	(void)state;
	refused(ENVIRONMENT("DB_ENTRY_URL_FROM=mysql://u:hunter2@db/shop"), "DB_ENTRY_URL_FROM");
	assert_null(strstr(err.message, "hunter2"));
	assert_null(strstr(err.why, "hunter2"));
}

/* The error is logged as LOG says, so LOG must be known when something else is wrong. */
static void test_right_values_stay_after_a_wrong_one(void **state)
{
	(void)state;
	refused(ENVIRONMENT("DB_ENTRY_WAIT_TIMEOUT=soon", "DB_ENTRY_LOG=json"), "WAIT_TIMEOUT");
	assert_value(SETTING_LOG, "json", "DB_ENTRY_LOG");
	assert_value(SETTING_WAIT_TIMEOUT, "60s", "default");
	assert_no_url("not complete");
}

/* ---- _FILE twins ---- */

static void test_file_twin(void **state)
{
	char origin[256];

	(void)state;
	refused(ENVIRONMENT(in_file("DB_ENTRY_APP_VERSION_FILE", "1\t2")), "one line");
	config_free(&config);
	load(ENVIRONMENT(in_file("DB_ENTRY_APP_VERSION_FILE", " 1.2 \n\n")));
	snprintf(origin, sizeof(origin), "DB_ENTRY_APP_VERSION_FILE=%s", path);
	assert_value(SETTING_APP_VERSION, " 1.2 ", origin);
}

static void test_file_with_windows_line_ends(void **state)
{
	(void)state;
	load(ENVIRONMENT(in_file("DB_ENTRY_APP_VERSION_FILE", "1.2\r\n\r\n")));
	assert_string_equal(config_text(&config, SETTING_APP_VERSION), "1.2");
	config_free(&config);
	refused(ENVIRONMENT(in_file("DB_ENTRY_APP_VERSION_FILE", "1.2\r")), "one line");
}

static void test_file_with_newlines_alone_is_not_set(void **state)
{
	(void)state;
	load(ENVIRONMENT(in_file("DB_ENTRY_WAIT_TIMEOUT_FILE", "\n\n")));
	assert_value(SETTING_WAIT_TIMEOUT, "60s", "default");
}

static void test_variable_and_twin_are_refused(void **state)
{
	(void)state;
	refused(ENVIRONMENT("DB_ENTRY_LOG=text", "DB_ENTRY_LOG_FILE=/none"),
	    "DB_ENTRY_LOG and DB_ENTRY_LOG_FILE are both set");
	config_free(&config);
	load(ENVIRONMENT("DB_ENTRY_LOG=", in_file("DB_ENTRY_LOG_FILE", "json")));
	assert_true(config_is(&config, SETTING_LOG, "json"));
}

static void test_unreadable_file_is_named(void **state)
{
	(void)state;
	refused(ENVIRONMENT("DB_ENTRY_LOG_FILE=/none/such"), "DB_ENTRY_LOG_FILE");
	assert_non_null(strstr(err.message, "/none/such"));
	refused(ENVIRONMENT("DB_ENTRY_LOG_FILE=/"), "DB_ENTRY_LOG_FILE");
}

/* A path to the wrong secret must not put that secret into the log. */
static void test_content_of_a_file_is_not_shown(void **state)
{
	(void)state;
	refused(ENVIRONMENT(in_file("DB_ENTRY_LOG_FILE", "hunter2")), "DB_ENTRY_LOG_FILE=");
	assert_null(strstr(err.message, "hunter2"));
}

static void test_nul_in_a_file_is_refused(void **state)
{
	char entry[256];

	(void)state;
	write_value("te\0xt", 5);
	snprintf(entry, sizeof(entry), "DB_ENTRY_LOG_FILE=%s", path);
	refused(ENVIRONMENT(entry), "NUL");
}

/* ---- Unknown variables ---- */

static void test_unknown_variables(void **state)
{
	static const struct config_unknown expected[] = {
	    {"DB_ENTRY_WAIT_TIMOUT", "DB_ENTRY_WAIT_TIMEOUT"},
	    {"DB_ENTRY_DATABASE_URL_FIEL", "DB_ENTRY_DATABASE_URL_FILE"},
	    {"DB_ENTRY_DATABSE_URL_FILE", "DB_ENTRY_DATABASE_URL_FILE"},
	    {"DB_ENTRY_EVN", "DB_ENTRY_ENV"},
	    {"DB_ENTRY_DB_ENTRY_LOG", NULL},
	    {"DB_ENTRY_FOO", NULL},
	    {"DB_ENTRY_", NULL},
	};

	(void)state;
	load(ENVIRONMENT("DB_ENTRY_WAIT_TIMOUT=1", "DB_ENTRY_DATABASE_URL_FIEL=x",
	    "DB_ENTRY_LOG_LEVEL_FILE=", "DB_ENTRY_DATABSE_URL_FILE=x", "DB_ENTRY_EVN=dev",
	    "DB_ENTRY_DB_ENTRY_LOG=x", "DB_ENTRY_FOO=", "DB_ENTRY_=x", "DB_ENTRYX=x",
	    "DB_ENTRY_NOVALUE", "OTHER=x"));
	assert_int_equal(config.unknown_count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < config.unknown_count; i++) {
		assert_string_equal(config.unknown[i].name, expected[i].name);
		if (expected[i].nearest == NULL)
			assert_null(config.unknown[i].nearest);
		else
			assert_string_equal(config.unknown[i].nearest, expected[i].nearest);
	}
}

static void test_kubernetes_service_is_ignored(void **state)
{
	(void)state;
	load(ENVIRONMENT("DB_ENTRY_SERVICE_HOST=10.0.0.7", "DB_ENTRY_SERVICE_PORT=80",
	    "DB_ENTRY_SERVICE_PORT_HTTP=80", "DB_ENTRY_PORT=tcp://10.0.0.7:80",
	    "DB_ENTRY_PORT_80_TCP_ADDR=10.0.0.7"));
	assert_int_equal(config.unknown_count, 0);
}

/* ---- The database URL ---- */

static void assert_url(const char *text, const char *origin)
{
	struct url url;

	assert_value(SETTING_DATABASE_URL, text, origin);
	assert_true(config_url(&config, &url, &err));
	assert_string_equal(url.scheme, "sqlite");
}

static void test_url_precedence(void **state)
{
	char **all = ENVIRONMENT("DB_ENTRY_DATABASE_URL=sqlite:a", "DB_ENTRY_URL_FROM=SHOP_DB",
	    "SHOP_DB=sqlite:b", "DATABASE_URL=sqlite:c");

	(void)state;
	load_option(all, SETTING_DATABASE_URL, "sqlite:o");
	assert_url("sqlite:o", "--database-url");
	config_free(&config);
	load(all);
	assert_url("sqlite:a", "DB_ENTRY_DATABASE_URL");
	config_free(&config);
	load(all + 1);
	assert_url("sqlite:b", "SHOP_DB (DB_ENTRY_URL_FROM)");
	config_free(&config);
	load(all + 2);
	assert_url("sqlite:c", "DATABASE_URL");
}

static void test_url_from_files(void **state)
{
	static const char *const names[] = {"DB_ENTRY_DATABASE_URL_FILE", "DATABASE_URL_FILE"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		load(ENVIRONMENT(in_file(names[i], "sqlite:f\n")));
		assert_string_equal(config_text(&config, SETTING_DATABASE_URL), "sqlite:f");
		config_free(&config);
	}
	load(ENVIRONMENT("DB_ENTRY_URL_FROM=SHOP_DB", in_file("SHOP_DB_FILE", "sqlite:f\n")));
	assert_string_equal(config_text(&config, SETTING_DATABASE_URL), "sqlite:f");
}

/* Nothing of the URL stands in the way of a command without a database. */
static void test_url_errors_come_when_it_is_needed(void **state)
{
	(void)state;
	load(NOTHING);
	assert_no_url("no database URL is set");
	assert_non_null(strstr(err.next, "DB_ENTRY_DATABASE_URL"));
	config_free(&config);
	load(ENVIRONMENT("DB_ENTRY_URL_FROM=SHOP_DB", "DATABASE_URL=sqlite:wrong"));
	assert_no_url("DB_ENTRY_URL_FROM names SHOP_DB, which is not set");
	config_free(&config);
	load(ENVIRONMENT("DB_ENTRY_DATABASE_URL=sqlite:a", "DB_ENTRY_DATABASE_URL_FILE=/b"));
	assert_no_url("are both set");
	config_free(&config);
	load(ENVIRONMENT("DB_ENTRY_DATABASE_URL_FILE=/none/such"));
	assert_no_url("/none/such");
	config_free(&config);
	load(ENVIRONMENT("DATABASE_URL=no url, hunter2"));
	assert_no_url("DATABASE_URL: ");
	assert_null(strstr(err.message, "hunter2"));
}

static void test_weaker_sources_are_not_looked_at(void **state)
{
	(void)state;
	load(ENVIRONMENT(
	    "DB_ENTRY_DATABASE_URL=sqlite:a", "DATABASE_URL=x", "DATABASE_URL_FILE=/none"));
	assert_url("sqlite:a", "DB_ENTRY_DATABASE_URL");
}

static void test_no_password_on_the_command_line(void **state)
{
	struct config_option option = {
	    SETTING_DATABASE_URL, "postgresql://me:hunter2@db:5432/shop"};

	(void)state;
	assert_true(config_load(&config, NOTHING, &option, 1, &err));
	assert_no_url("--database-url has a secret in it");
	assert_null(strstr(err.message, "hunter2"));
	assert_non_null(strstr(err.next, "DB_ENTRY_DATABASE_URL_FILE"));
	config_free(&config);
	load_option(NOTHING, SETTING_DATABASE_URL, "postgresql://me@db:5432/shop");
	assert_value(SETTING_DATABASE_URL, "postgresql://me@db:5432/shop", "--database-url");
}

/* ---- Showing and forgetting ---- */

static void assert_shown(enum setting_id id, const char *expected)
{
	assert_string_equal(config_shown(&config, id), expected);
}

static void test_show(void **state)
{
	(void)state;
	load(ENVIRONMENT("DB_ENTRY_DATABASE_URL=postgresql://me:hunter2@db/shop"));
	assert_shown(SETTING_DATABASE_URL, "postgresql://me:***@db/shop");
	assert_shown(SETTING_WAIT_TIMEOUT, "60s");
	assert_null(config_shown(&config, SETTING_MIGRATIONS));
	config_free(&config);
	load(ENVIRONMENT("DB_ENTRY_DATABASE_URL=hunter2"));
	assert_shown(SETTING_DATABASE_URL, "***");
}

static void test_forget(void **state)
{
	static const char url_text[] = "postgresql://me:hunter2@db/shop";
	const char *copy, *password;
	struct url url;

	(void)state;
	setenv("DB_ENTRY_DATABASE_URL", url_text, 1);
	setenv("DB_ENTRY_LOG", "json", 1);
	setenv("DATABASE_URL", "postgresql://app:apps@db/shop", 1);
	load(environ);
	assert_true(config_url(&config, &url, &err));
	copy = config_text(&config, SETTING_DATABASE_URL);
	password = url.password;
	assert_string_equal(password, "hunter2");
	setenv("DB_ENTRY_DATABASE_URL_FILE", "/run/secrets/url", 1);

	config_forget_secrets(&config);
	assert_null(getenv("DB_ENTRY_DATABASE_URL"));
	assert_null(getenv("DB_ENTRY_DATABASE_URL_FILE"));
	assert_string_equal(getenv("DB_ENTRY_LOG"), "json");
	assert_string_equal(getenv("DATABASE_URL"), "postgresql://app:apps@db/shop");
	for (size_t i = 0; i < sizeof(url_text); i++)
		assert_int_equal(copy[i], 0);
	assert_string_equal(password, "");
	assert_false(config_url(&config, &url, &err));
	assert_int_not_equal(err.kind, ERR_NONE);
	unsetenv("DB_ENTRY_LOG");
	unsetenv("DATABASE_URL");
}

static void test_free_of_nothing(void **state)
{
	struct config empty = {0};

	(void)state;
	config_free(&empty);
	config_free(&empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, close_config)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_defaults),
	    TEST(test_switches),
	    TEST(test_names),
	    TEST(test_defaults_are_valid_values),
	    TEST(test_environment_over_default),
	    TEST(test_option_over_environment),
	    TEST(test_last_option_counts),
	    TEST(test_empty_variable_is_not_set),
	    TEST(test_empty_option_is_refused),
	    TEST(test_log_is_json_in_kubernetes),
	    TEST(test_wrong_values_name_their_origin),
	    TEST(test_limits_of_values),
	    TEST(test_url_in_url_from_is_not_shown),
	    TEST(test_right_values_stay_after_a_wrong_one),
	    TEST(test_file_twin),
	    TEST(test_file_with_windows_line_ends),
	    TEST(test_file_with_newlines_alone_is_not_set),
	    TEST(test_variable_and_twin_are_refused),
	    TEST(test_unreadable_file_is_named),
	    TEST(test_content_of_a_file_is_not_shown),
	    TEST(test_nul_in_a_file_is_refused),
	    TEST(test_unknown_variables),
	    TEST(test_kubernetes_service_is_ignored),
	    TEST(test_url_precedence),
	    TEST(test_url_from_files),
	    TEST(test_url_errors_come_when_it_is_needed),
	    TEST(test_weaker_sources_are_not_looked_at),
	    TEST(test_no_password_on_the_command_line),
	    TEST(test_show),
	    TEST(test_forget),
	    TEST(test_free_of_nothing),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
