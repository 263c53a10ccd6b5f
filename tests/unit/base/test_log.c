#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct log_event debug = {"test.debug", LOG_DEBUG, "", ""};
static const struct log_event info = {"test.info", LOG_INFO, "", ""};
static const struct log_event warn = {"test.warn", LOG_WARN, "", ""};
static const struct log_event error = {"test.error", LOG_ERROR, "", ""};

static const char *const url = "a://u:s3cret@h";

/* What goes to standard error between capture() and captured(), through a pipe or a terminal. */
static const char end_mark = '\4';
static int real_stderr, reading;
static char text[20000];

static void capture(int to, int from)
{
	fflush(NULL);
	real_stderr = dup(STDERR_FILENO);
	dup2(to, STDERR_FILENO);
	close(to);
	reading = from;
}

static void capture_pipe(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	capture(ends[1], ends[0]);
}

static void capture_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	capture(open(ptsname(master), O_RDWR | O_NOCTTY), master);
}

static const char *captured(void)
{
	size_t len = 0;
	ssize_t n;

	/* A terminal passes on its text a little later, so wait for the end. */
	assert_int_equal(write(STDERR_FILENO, &end_mark, 1), 1);
	while (len + 1 < sizeof(text) && (len == 0 || text[len - 1] != end_mark)) {
		n = read(reading, text + len, sizeof(text) - len - 1);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len > 0 ? len - 1 : 0] = '\0';
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(reading);
	return text;
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	log_setup(LOG_TEXT, LOG_INFO);
	return 0;
}

static void lines_for_people(void **state)
{
	(void)state;
	capture_pipe();
	log_event(&info, NO_FIELDS, "shop@db · up to date at %04d", 12);
	log_event(&debug, NO_FIELDS, "not this one");
	log_event(&warn, FIELDS(FIELD("url", url)), "no mirror");
	log_event(&error, NO_FIELDS, "it failed");
	log_setup(LOG_TEXT, LOG_DEBUG);
	log_event(&debug, NO_FIELDS, "this one");
	log_setup(LOG_TEXT, LOG_WARN);
	log_event(&info, NO_FIELDS, "not this one");
	assert_string_equal(captured(), "db-entry · shop@db · up to date at 0012\n"
					"db-entry · warning: no mirror\n"
					"✗ it failed\n"
					"db-entry · this one\n");
}

static void a_terminal_never_sees_control_characters(void **state)
{
	(void)state;
	capture_pipe();
	log_event(&info, NO_FIELDS, "%s", "a\x1b[31m\nb\tc\x7f\xc2\x9b\xff ä");
	assert_string_equal(captured(), "db-entry · a\\x1b[31m\\x0ab c\\x7f\\xc2\\x9b\\xff ä\n");
}

static void secrets_are_redacted_everywhere(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_ACCESS, "refused by a://u:s3cret@h");
	err_why(&err, "password='s3");
	err_why(&err, "cret' user=u");
	err_next(&err, "try a://u:s3cret@h/d");
	err_at(&err, "a://u:s3cret@h", 1);
	capture_pipe();
	log_event(&info, NO_FIELDS, "to %s", url);
	log_error(&error, &err);
	log_setup(LOG_JSON, LOG_INFO);
	log_event(&info, FIELDS(FIELD("url", url)), "to %s", url);
	log_error(&error, &err);
	captured();
	assert_non_null(strstr(text, "a://u:***@h/d"));
	assert_null(strstr(text, "cret"));
	assert_null(strstr(text, "s3"));
}

static void a_refusal_for_people(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_DESTRUCTIVE, "BLOCKED 0013_drop_phone: nothing changed");
	err_at(&err, "migrations/0013_drop_phone.sql", 2);
	err_why(&err, "  ALTER TABLE users\r\n    DROP COLUMN phone");
	err_why(&err, "loses 48,201 values in users.phone");
	err_next(&err, "approve in db/approvals:\n  0013@4be1c09a77d2");
	err_next(&err, "or start the previous image");
	capture_pipe();
	/* An error is never filtered out. */
	log_error(&debug, &err);
	assert_string_equal(captured(), "✗ BLOCKED 0013_drop_phone: nothing changed\n"
					"  migrations/0013_drop_phone.sql:2\n"
					"    ALTER TABLE users\n"
					"      DROP COLUMN phone\n"
					"  loses 48,201 values in users.phone\n"
					"  → approve in db/approvals:\n"
					"      0013@4be1c09a77d2\n"
					"  → or start the previous image\n");
}

static void a_short_error_for_people(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_DATABASE, "no such table");
	memcpy(err.code, "42P01", 6);
	capture_pipe();
	log_error(&error, &err);
	err_at(&err, "a.sql", 0);
	log_error(&error, &err);
	assert_string_equal(
	    captured(), "✗ no such table (42P01)\n✗ no such table (42P01)\n  a.sql\n");
}

static struct json *read_json(const char *line)
{
	struct json *json = NULL;
	struct err err = {0};

	if (!json_parse(&json, line, strlen(line), NULL, &err))
		fail_msg("%s: %s", line, err.message);
	return json;
}

static void lines_for_machines(void **state)
{
	const char *name = "a\x1b\n", *nothing = NULL, *time;
	struct json *json;

	(void)state;
	log_setup(LOG_JSON, LOG_INFO);
	capture_pipe();
	log_event(&warn,
	    FIELDS(FIELD("name", name), FIELD_INT("n", INT64_MAX), FIELD("no", nothing)),
	    "it's \"%s\"", "so");
	captured();
	assert_true(text_starts(text, "{\"time\":\""));
	assert_non_null(strstr(text,
	    "\"level\":\"warn\",\"event\":\"test.warn\",\"message\":\"it's \\\"so\\\"\","
	    "\"name\":\"a\\u001b\\n\",\"n\":9223372036854775807,\"no\":\"\"}\n"));
	json = read_json(text);
	time = json_text(json_get(json, "time"));
	assert_int_equal(strlen(time), 24);
	assert_int_equal(time[23], 'Z');
	json_free(&json);
}

static void a_refusal_for_machines(void **state)
{
	struct err err = {0};

	(void)state;
	log_setup(LOG_JSON, LOG_ERROR);
	err_set(&err, ERR_DRIFT, "changed");
	capture_pipe();
	log_error(&error, &err);
	assert_non_null(strstr(captured(),
	    "\"level\":\"error\",\"event\":\"test.error\",\"message\":"
	    "\"changed\",\"exit\":21,"
	    "\"kind\":\"drift\",\"what\":\"changed\",\"why\":\"\",\"next\":[]}\n"));
	err_at(&err, "a.sql", 3);
	err_why(&err, "one\ntwo");
	err_next(&err, "do\n  this");
	memcpy(err.code, "1050", 5);
	capture_pipe();
	log_error(&error, &err);
	assert_non_null(
	    strstr(captured(), "\"exit\":21,\"kind\":\"drift\",\"code\":\"1050\",\"file\":\"a."
			       "sql\",\"line\":3,\"what\":\"changed\","
			       "\"why\":\"one\\ntwo\",\"next\":[\"do\",\"  this\"]}\n"));
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	(void)state;
	capture_terminal();
	log_event(&warn, NO_FIELDS, "a");
	log_event(&error, NO_FIELDS, "b");
	assert_string_equal(captured(), "db-entry · \033[33mwarning:\033[0m a\r\n"
					"\033[31m✗\033[0m b\r\n");
	setenv("NO_COLOR", "", 1);
	capture_terminal();
	log_event(&error, NO_FIELDS, "b");
	assert_string_equal(captured(), "\033[31m✗\033[0m b\r\n");
	setenv("NO_COLOR", "1", 1);
	capture_terminal();
	log_event(&error, NO_FIELDS, "b");
	assert_string_equal(captured(), "✗ b\r\n");
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	capture_terminal();
	log_event(&error, NO_FIELDS, "b");
	assert_string_equal(captured(), "✗ b\r\n");
}

static void progress_begins_silently(void **state)
{
	(void)state;
	capture_pipe();
	for (int i = 0; i < 1000; i++)
		log_progress(&info, "copying", i, 1000);
	assert_string_equal(captured(), "");
}

static void a_bar_is_repainted_and_erased(void **state)
{
	(void)state;
	capture_terminal();
	/* As often as it likes, until the first bar was due. */
	for (int i = 0; i < 20; i++) {
		log_progress(
		    &warn, "copying \x1b tables with a very long name", i < 10 ? 0 : 500, 1000);
		usleep(20000);
	}
	log_event(&info, NO_FIELDS, "done");
	log_event(&info, NO_FIELDS, "more");
	captured();
	assert_true(text_starts(text, "\r\033[Kdb-entry · copying \\x1b tables with a v ["));
	assert_non_null(strstr(text, "[######......] 500 of 1000"));
	assert_null(strstr(text, "\n\r\033[K"));
	assert_true(text_ends(text, "of 1000\r\033[Kdb-entry · done\r\ndb-entry · more\r\n"));
}

static void a_bar_without_a_total(void **state)
{
	(void)state;
	capture_terminal();
	log_progress(&info, "reading", 0, 0);
	usleep(150000);
	log_progress(&info, "reading", 7, 0);
	log_event(&info, NO_FIELDS, "done");
	assert_string_equal(captured(), "\r\033[Kdb-entry · reading 7\r\033[Kdb-entry · done\r\n");
}

/* The log must not hold up a run, nor end it. */
static void a_log_that_can_t_be_written_is_lost(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	capture(ends[1], ends[0]);
	for (int i = 0; i < 2000; i++)
		log_event(&info, NO_FIELDS, "%01000d", i);
	/* Room for the end's mark. */
	assert_true(read(reading, text, sizeof(text) - 1) > 0);
	assert_true(text_starts(text, "db-entry · 000"));
	captured();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(lines_for_people, set_up),
	    cmocka_unit_test_setup(a_terminal_never_sees_control_characters, set_up),
	    cmocka_unit_test_setup(secrets_are_redacted_everywhere, set_up),
	    cmocka_unit_test_setup(a_refusal_for_people, set_up),
	    cmocka_unit_test_setup(a_short_error_for_people, set_up),
	    cmocka_unit_test_setup(lines_for_machines, set_up),
	    cmocka_unit_test_setup(a_refusal_for_machines, set_up),
	    cmocka_unit_test_setup(colour_is_for_terminals_that_want_it, set_up),
	    cmocka_unit_test_setup(progress_begins_silently, set_up),
	    cmocka_unit_test_setup(a_bar_is_repainted_and_erased, set_up),
	    cmocka_unit_test_setup(a_bar_without_a_total, set_up),
	    cmocka_unit_test_setup(a_log_that_can_t_be_written_is_lost, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
