#include "base/err.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void set_fills_and_returns_false(void **state)
{
	struct err err = {0};

	(void)state;
	assert_false(err_set(&err, ERR_LOCK, "held by %s", "web-1"));
	assert_int_equal(err.kind, ERR_LOCK);
	assert_string_equal(err.message, "held by web-1");
	assert_string_equal(err.why, "");
	assert_string_equal(err.next, "");
}

static void set_again_replaces_everything(void **state)
{
	struct err err = {.retry = ERR_RETRY, .signal = 15, .code = "42P01"};

	(void)state;
	err_set(&err, ERR_DATABASE, "first");
	err_at(&err, "a.sql", 3);
	err_why(&err, "because");
	err_next(&err, "do this");
	/* The old text may be part of the new one. */
	err_set(&err, ERR_FAILED, "second after %s at %s", err.message, err.file);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_string_equal(err.message, "second after first at a.sql");
	assert_int_equal(err.retry, ERR_FATAL);
	assert_int_equal(err.signal, 0);
	assert_int_equal(err.line, 0);
	assert_string_equal(err.code, "");
	assert_string_equal(err.file, "");
	assert_string_equal(err.why, "");
	assert_string_equal(err.next, "");
}

static void errno_is_appended_even_to_a_long_text(void **state)
{
	struct err err = {0};
	char path[3000];

	(void)state;
	errno = ENOENT;
	assert_false(err_errno(&err, ERR_CONFIG, "can't open %s", "x.sql"));
	assert_string_equal(err.message, "can't open x.sql: No such file or directory");
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	errno = EACCES;
	err_errno(&err, ERR_CONFIG, "can't open %s", path);
	assert_non_null(strstr(err.message, "…: Permission denied"));
}

static void context_goes_in_front(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_DATABASE, "no such table: users");
	assert_false(err_context(&err, "migration %s", "0003"));
	assert_string_equal(err.message, "migration 0003: no such table: users");
	assert_int_equal(err.kind, ERR_DATABASE);
}

static void the_deepest_place_stays(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_MALFORMED, "x");
	assert_false(err_at(&err, "deep.sql", 7));
	assert_false(err_at(&err, "outer.sql", 1));
	assert_string_equal(err.file, "deep.sql");
	assert_int_equal(err.line, 7);
}

static void why_and_next_gather_lines(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_DRIFT, "x");
	assert_false(err_why(&err, "one"));
	assert_false(err_why(&err, "two %d", 2));
	assert_false(err_next(&err, "%s", "three"));
	assert_string_equal(err.why, "one\ntwo 2");
	assert_string_equal(err.next, "three");
}

/* Every length, so that the cut falls on each byte of a three-byte character. */
static void long_texts_end_in_an_ellipsis_on_a_whole_character(void **state)
{
	(void)state;
	for (int lead = 0; lead < 3; lead++) {
		struct err err = {0};
		size_t len;

		for (int i = 0; i < 900; i++)
			err_why(&err, "%.*s€€", lead, "abc");
		len = strlen(err.why);
		assert_true(len < sizeof(err.why) && len > sizeof(err.why) - 10);
		assert_string_equal(err.why + len - strlen("…"), "…");
		for (const char *at = err.why; *at != '\0';) {
			if ((unsigned char)*at < 0x80) {
				at++;
				continue;
			}
			assert_int_equal((unsigned char)*at, 0xE2);
			assert_int_equal((unsigned char)at[1] & 0xC0, 0x80);
			assert_int_equal((unsigned char)at[2] & 0xC0, 0x80);
			at += 3;
		}
	}
}

static void context_never_overflows(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, ERR_UNEXPECTED, "x");
	for (int i = 0; i < 500; i++)
		err_context(&err, "context %d", i);
	assert_true(strlen(err.message) < sizeof(err.message));
	assert_int_equal(strncmp(err.message, "context 499: context 498", 24), 0);
}

static void each_kind_has_its_row(void **state)
{
	(void)state;
	for (int kind = 0; kind < ERR_KINDS; kind++) {
		const struct err_row *row = err_row((enum err_kind)kind);

		assert_int_equal(row->kind, kind);
		assert_true(strlen(row->word) > 0 && strlen(row->help) > 0);
		for (int other = 0; other < kind; other++)
			assert_string_not_equal(row->word, err_row((enum err_kind)other)->word);
		/* Left to shells and docker: 2, and 125 and above but for the application's. */
		assert_int_not_equal(row->exit_code, 2);
		assert_int_not_equal(row->exit_code, 125);
	}
	assert_int_equal(err_row((enum err_kind)999)->kind, ERR_UNEXPECTED);
}

static void exit_codes_are_the_contract(void **state)
{
	static const struct {
		enum err_kind kind;
		int code;
	} contract[] = {{ERR_NONE, 0}, {ERR_UNEXPECTED, 1}, {ERR_USAGE, 64}, {ERR_MALFORMED, 65},
	    {ERR_UNREACHABLE, 69}, {ERR_LOCK, 75}, {ERR_ACCESS, 77}, {ERR_CONFIG, 78},
	    {ERR_DESTRUCTIVE, 20}, {ERR_DRIFT, 21}, {ERR_HISTORY, 22}, {ERR_FAILED, 23},
	    {ERR_HALF_APPLIED, 24}, {ERR_DUMP, 25}, {ERR_READ_ONLY, 26}, {ERR_MISMATCH, 27},
	    {ERR_PENDING, 30}, {ERR_CANNOT_EXEC, 126}, {ERR_NO_PROGRAM, 127}, {ERR_TIMEOUT, 1},
	    {ERR_DATABASE, 1}};
	struct err stopped = {.kind = ERR_STOPPED, .signal = 15};

	(void)state;
	for (size_t i = 0; i < sizeof(contract) / sizeof(contract[0]); i++) {
		struct err err = {.kind = contract[i].kind, .signal = 9};

		assert_int_equal(err_exit_code(&err), contract[i].code);
	}
	assert_int_equal(err_exit_code(&stopped), 143);
}

static void die_says_one_line_and_exits_with_1(void **state)
{
	char said[200] = "";
	int ends[2], status;
	ssize_t n;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		err_die("out of memory");
	}
	close(ends[1]);
	n = read(ends[0], said, sizeof(said) - 1);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(n > 0);
	assert_string_equal(said, "db-entry: out of memory\n");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(set_fills_and_returns_false),
	    cmocka_unit_test(set_again_replaces_everything),
	    cmocka_unit_test(errno_is_appended_even_to_a_long_text),
	    cmocka_unit_test(context_goes_in_front),
	    cmocka_unit_test(the_deepest_place_stays),
	    cmocka_unit_test(why_and_next_gather_lines),
	    cmocka_unit_test(long_texts_end_in_an_ellipsis_on_a_whole_character),
	    cmocka_unit_test(context_never_overflows),
	    cmocka_unit_test(each_kind_has_its_row),
	    cmocka_unit_test(exit_codes_are_the_contract),
	    cmocka_unit_test(die_says_one_line_and_exits_with_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
