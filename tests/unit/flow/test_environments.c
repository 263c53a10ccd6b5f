/* The environments file: who is found, what is permitted, how a template becomes a URL. */
#include "flow/environments.h"

#include "base/fs.h"
#include "base/sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What main() gets is not const, and nobody writes to it here. */
#define ENVIRONMENT(...) ((char **)(uintptr_t)(const char *[]){__VA_ARGS__, NULL})

#define PROD(rest)       "{\"environments\": [{\"id\": \"prod\"" rest "}]}"
#define PERMITTED(value) PROD(", \"permissions\": {\"migrations\": " value "}")
#define TEMPLATE(value)  PROD(", \"connectionTemplate\": \"" value "\"")

static struct arena arena;
static struct environment environment;
static struct err err;
static char folder[] = "/tmp/db-entry-XXXXXX";
static char path[128], secret[128];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/environments.json", folder);
	snprintf(secret, sizeof(secret), "%s/secret", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(secret);
	return rmdir(folder);
}

static int reset(void **state)
{
	(void)state;
	memset(&err, 0, sizeof(err));
	memset(&environment, 0, sizeof(environment));
	return 0;
}

static int free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void write_file(const char *file, const char *text)
{
	struct err problem;

	assert_true(sink_put(file, text, strlen(text), 0600, &problem));
}

static void accepted(const char *text)
{
	write_file(path, text);
	assert_true(environment_read(&environment, path, "prod", &arena, &err));
}

/* Reading fails, blames the file, and the message has `part` in it. */
static void refused(const char *text, const char *part)
{
	memset(&err, 0, sizeof(err));
	write_file(path, text);
	assert_false(environment_read(&environment, path, "prod", &arena, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(err.file, path);
	if (strstr(err.message, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, err.message);
}

static void assert_permission(const char *text, enum permission expected)
{
	accepted(text);
	assert_int_equal(environment.permission, expected);
}

/* The URL of prod with this template. */
static void assert_url(const char *text, char **environ_, const char *expected)
{
	struct config_value url;

	accepted(text);
	assert_true(environment_url(&url, &environment, environ_, &arena, &err));
	assert_string_equal(url.text, expected);
	assert_non_null(strstr(url.origin, "environments[0].connectionTemplate"));
}

static void assert_no_url(const char *text, char **environ_, const char *part)
{
	struct config_value url = {.text = "untouched"};

	memset(&err, 0, sizeof(err));
	accepted(text);
	assert_false(environment_url(&url, &environment, environ_, &arena, &err));
	assert_string_equal(url.text, "untouched");
	assert_int_equal(err.kind, ERR_CONFIG);
	if (strstr(err.message, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, err.message);
}

/* ---- The file ---- */

static void test_seed_file(void **state)
{
	(void)state;
	accepted("{\"version\": 1, \"updatedAt\": \"2026-01-31T12:00:00Z\", \"environments\": ["
		 "{\"id\": \"dev\", \"permissions\": {\"migrations\": true}},"
		 "{\"id\": \"prod\", \"description\": \"the real one\","
		 " \"connectionTemplate\": \"sqlite:shop.db\", \"permissions\": {\"migrations\":"
		 " \"review-required\", \"seedData\": false, \"directQueries\": false}}]}");
	assert_string_equal(environment.id, "prod");
	assert_string_equal(environment.place, "environments[1]");
	assert_string_equal(environment.connection, "sqlite:shop.db");
	assert_int_equal(environment.permission, PERMISSION_REVIEW);
	assert_non_null(
	    strstr(environment.permission_origin, "environments[1].permissions.migrations"));
}

static void test_missing_file(void **state)
{
	(void)state;
	assert_false(environment_read(&environment, "/none/such.json", "prod", &arena, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.message, "/none/such.json"));
	assert_non_null(strstr(err.next, "DB_ENTRY_ENVIRONMENTS"));
}

static void test_syntax_error_has_its_place(void **state)
{
	(void)state;
	refused("{\n  \"environments\": [,]\n}", "column 20");
	assert_int_equal(err.line, 2);
	refused("", "JSON");
	refused("{\"environments\": []} x", "JSON");
}

static void test_wrong_shapes(void **state)
{
	(void)state;
	refused("[]", "an object");
	refused("{}", "environments must be an array");
	refused("{\"environments\": {}}", "environments must be an array");
	refused("{\"environments\": [1]}", "environments[0] must be an object");
	refused("{\"environments\": [{}]}", "environments[0].id");
	refused("{\"environments\": [{\"id\": 1}]}", "environments[0].id");
	refused("{\"environments\": [{\"id\": \"\"}]}", "environments[0].id");
	refused("{\"environments\": [{\"ID\": \"prod\"}]}", "environments[0].id");
	refused(PROD(", \"connectionTemplate\": 1"), "environments[0].connectionTemplate");
	refused(PROD(", \"connectionTemplate\": null"), "environments[0].connectionTemplate");
	refused(PROD(", \"permissions\": true"), "environments[0].permissions must be an object");
	refused(PROD(", \"permissions\": null"), "environments[0].permissions must be an object");
}

static void test_what_is_said_twice_is_refused(void **state)
{
	(void)state;
	refused("{\"environments\": [{\"id\": \"prod\"}, {\"id\": \"prod\"}]}",
	    "environments[0] and environments[1]");
	refused(PROD(", \"permissions\": {\"migrations\": false, \"migrations\": true}"),
	    "environments[0].permissions has \"migrations\" twice");
	refused("{\"environments\": [], \"environments\": []}", "twice");
}

static void test_unknown_id_lists_those_there_are(void **state)
{
	(void)state;
	refused("{\"environments\": [{\"id\": \"dev\"}, {\"id\": \"production\"}]}", "\"prod\"");
	assert_non_null(strstr(err.why, "dev, production"));
	refused("{\"environments\": []}", "\"prod\"");
	assert_non_null(strstr(err.why, "none"));
	refused("{\"environments\": [{\"id\": \"PROD\"}]}", "\"prod\"");
}

static void test_nothing_is_touched_on_failure(void **state)
{
	struct environment before = {.id = "before"};

	(void)state;
	environment = before;
	refused(PERMITTED("1"), "migrations");
	assert_memory_equal(&environment, &before, sizeof(before));
}

/* ---- Permissions ---- */

static void test_permissions(void **state)
{
	(void)state;
	assert_permission(PERMITTED("true"), PERMISSION_TRUE);
	assert_permission(PERMITTED("false"), PERMISSION_FALSE);
	assert_permission(PERMITTED("\"review-required\""), PERMISSION_REVIEW);
	assert_permission(PERMITTED("\"change-request\""), PERMISSION_CHANGE_REQUEST);
}

static void test_silence_permits_nothing(void **state)
{
	(void)state;
	assert_permission(PROD(""), PERMISSION_FALSE);
	assert_permission(PROD(", \"permissions\": {}"), PERMISSION_FALSE);
	assert_permission(PROD(", \"permissions\": {\"Migrations\": true}"), PERMISSION_FALSE);
	assert_non_null(strstr(environment.permission_origin, "(absent)"));
}

static void test_unknown_permissions(void **state)
{
	static const char *const values[] = {"null", "0", "1", "\"true\"", "\"false\"", "\"\"",
	    "\"Review-Required\"", "\"review\"", "[true]", "{}"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), PERMITTED("%s"), values[i]);
		refused(text, "environments[0].permissions.migrations must be");
	}
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(permission_word(PERMISSION_UNNAMED), "unnamed");
	assert_string_equal(permission_word(PERMISSION_FALSE), "false");
	assert_string_equal(permission_word(PERMISSION_CHANGE_REQUEST), "change-request");
}

/* ---- Templates ---- */

static void test_template_is_percent_encoded(void **state)
{
	(void)state;
	assert_url(TEMPLATE("postgresql://${DB_USER}:${DB_PASSWORD}@db:5432/${DB_NAME}"),
	    ENVIRONMENT("DB_USER=me", "DB_PASSWORD=p@ss/w:rd?#%$\xC3\xA4", "DB_NAME=my shop"),
	    "postgresql://me:p%40ss%2Fw%3Ard%3F%23%25%24%C3%A4@db:5432/my%20shop");
}

/* A value that looks like a placeholder is a value. */
static void test_values_are_not_expanded_again(void **state)
{
	(void)state;
	assert_url(TEMPLATE("mysql://u:${A}@db/x"), ENVIRONMENT("A=${B}", "B=no"),
	    "mysql://u:%24%7BB%7D@db/x");
}

static void test_whole_url_in_a_variable(void **state)
{
	(void)state;
	assert_url(
	    TEMPLATE("${SHOP_URL}"), ENVIRONMENT("SHOP_URL=mysql://u:p@db/x"), "mysql://u:p@db/x");
	assert_url(TEMPLATE("${BASE}/${NAME}"), ENVIRONMENT("BASE=mysql://u@db", "NAME=a/b"),
	    "mysql://u@db/a%2Fb");
}

static void test_other_dollars_are_themselves(void **state)
{
	(void)state;
	assert_url(TEMPLATE("mysql://u:$$a$b$@db/$HOME%24{x}"), ENVIRONMENT("HOME=/no"),
	    "mysql://u:$$a$b$@db/$HOME%24{x}");
}

static void test_variable_from_a_file(void **state)
{
	char entry[256];

	(void)state;
	write_file(secret, "s3:cret\n");
	snprintf(entry, sizeof(entry), "DB_PASSWORD_FILE=%s", secret);
	assert_url(TEMPLATE("mysql://u:${DB_PASSWORD}@db/x"), ENVIRONMENT(entry),
	    "mysql://u:s3%3Acret@db/x");
	assert_no_url(TEMPLATE("mysql://u:${DB_PASSWORD}@db/x"),
	    ENVIRONMENT(entry, "DB_PASSWORD=x"), "both set");
	assert_no_url(TEMPLATE("mysql://u:${DB_PASSWORD}@db/x"),
	    ENVIRONMENT("DB_PASSWORD_FILE=/none/such"), "/none/such");
}

static void test_missing_variable_is_named(void **state)
{
	(void)state;
	assert_no_url(TEMPLATE("mysql://u:${DB_PASSWORD}@db/x"), ENVIRONMENT("DB_PASSWORD="),
	    "needs DB_PASSWORD, which is not set");
	assert_string_equal(err.file, path);
	assert_non_null(strstr(err.next, "DB_PASSWORD_FILE"));
}

static void test_broken_placeholders(void **state)
{
	static const char *const values[] = {"mysql://${", "mysql://${}", "mysql://${A",
	    "mysql://${A-B}", "mysql://${1A}", "mysql://${A:-b}", "mysql://${ A}",
	    "mysql://${${A}}"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), TEMPLATE("%s"), values[i]);
		assert_no_url(text, ENVIRONMENT("A=a", "1A=b"), "a variable's name");
	}
}

/* A template may hold a password as it is; no message shows it. */
static void test_template_is_not_shown(void **state)
{
	(void)state;
	assert_no_url(
	    TEMPLATE("mysql://u:hunter2@db/${A"), ENVIRONMENT("A=a"), "connectionTemplate");
	assert_null(strstr(err.message, "hunter2"));
	assert_null(strstr(err.why, "hunter2"));
}

static void test_too_long(void **state)
{
	enum {
		LONG = 70 * 1024
	};
	char *entry = calloc(1, LONG + 1);

	(void)state;
	assert_non_null(entry);
	memset(entry, 'a', LONG);
	entry[0] = 'A';
	entry[1] = '=';
	assert_no_url(TEMPLATE("mysql://u@db/${A}"), ENVIRONMENT(entry), "longer");
	free(entry);
}

static void test_empty_template_counts_as_absent(void **state)
{
	(void)state;
	accepted(TEMPLATE(""));
	assert_null(environment.connection);
	accepted(PROD(""));
	assert_null(environment.connection);
}

/* ---- In the whole configuration ---- */

static void test_config_uses_the_environment(void **state)
{
	struct config config;
	char entry[256];

	(void)state;
	write_file(path, PROD(", \"connectionTemplate\": \"sqlite:${NAME}\","
			      " \"permissions\": {\"migrations\": false}"));
	snprintf(entry, sizeof(entry), "DB_ENTRY_ENVIRONMENTS=%s", path);
	assert_true(config_load(&config,
	    ENVIRONMENT(entry, "DB_ENTRY_ENV=prod", "NAME=a", "DATABASE_URL=sqlite:b"), NULL, 0,
	    &err));
	assert_int_equal(config.permission, PERMISSION_FALSE);
	assert_string_equal(config_text(&config, SETTING_DATABASE_URL), "sqlite:a");
	config_free(&config);

	/* The variables of a template that is not used need not be there. */
	assert_true(config_load(&config,
	    ENVIRONMENT(entry, "DB_ENTRY_ENV=prod", "DB_ENTRY_DATABASE_URL=sqlite:c"), NULL, 0,
	    &err));
	assert_int_equal(config.permission, PERMISSION_FALSE);
	assert_string_equal(config_text(&config, SETTING_DATABASE_URL), "sqlite:c");
	config_free(&config);

	assert_false(config_load(&config, ENVIRONMENT(entry, "DB_ENTRY_ENV=prd"), NULL, 0, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	config_free(&config);
}

/* A project without DB_ENTRY_ENV may have a broken file or none. */
static void test_file_is_not_read_without_env(void **state)
{
	struct config config;

	(void)state;
	assert_true(config_load(
	    &config, ENVIRONMENT("DB_ENTRY_ENVIRONMENTS=/none/such.json"), NULL, 0, &err));
	assert_int_equal(config.permission, PERMISSION_UNNAMED);
	config_free(&config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, free_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_seed_file),
	    TEST(test_missing_file),
	    TEST(test_syntax_error_has_its_place),
	    TEST(test_wrong_shapes),
	    TEST(test_what_is_said_twice_is_refused),
	    TEST(test_unknown_id_lists_those_there_are),
	    TEST(test_nothing_is_touched_on_failure),
	    TEST(test_permissions),
	    TEST(test_silence_permits_nothing),
	    TEST(test_unknown_permissions),
	    TEST(test_words),
	    TEST(test_template_is_percent_encoded),
	    TEST(test_values_are_not_expanded_again),
	    TEST(test_whole_url_in_a_variable),
	    TEST(test_other_dollars_are_themselves),
	    TEST(test_variable_from_a_file),
	    TEST(test_missing_variable_is_named),
	    TEST(test_broken_placeholders),
	    TEST(test_template_is_not_shown),
	    TEST(test_too_long),
	    TEST(test_empty_template_counts_as_absent),
	    TEST(test_config_uses_the_environment),
	    TEST(test_file_is_not_read_without_env),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
