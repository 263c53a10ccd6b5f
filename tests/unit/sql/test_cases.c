/*
 * Every tests/cases/split/NAME.sql (SQLite), split/postgres/NAME.sql and split/mariadb/NAME.sql,
 * split and made runnable, must read as NAME.expected: each statement under a line with its place
 * and class, its data, the checksum, and what is run by itself and without a transaction. TEST_ROOT
 * names the folder of the cases when it is not tests/cases; with WRITE_EXPECTED set the expected
 * files are written anew, to be read before they are kept.
 */
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "sql/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	FILE_MAX = 1024 * 1024
};

struct test_case {
	const char *name; /* "triggers.sql", as errors call the file */
	const char *input, *expected;
	const struct dialect *dialect;
};

static const char *const class_names[] = {
    [SQL_PLAIN] = "plain",
    [SQL_EITHER] = "either",
    [SQL_LATE] = "late",
    [SQL_OUTSIDE] = "outside a transaction",
    [SQL_BEGIN] = "begin",
    [SQL_COMMIT] = "commit",
    [SQL_ABSORBED] = "absorbed",
    [SQL_CONTROL] = "transaction control",
    [SQL_COMMITS] = "commits",
    [SQL_FORBIDDEN] = "forbidden",
};

static void show_error(struct buf *out, const struct err *err)
{
	buf_printf(out, " refused\n%s:%d: %s\n%s\n", err->file, err->line, err->message, err->next);
}

static void show_runnable(struct buf *out, struct sql_script script, bool no_transaction)
{
	struct sql_statement *kept = malloc((script.count + 1) * sizeof(*kept));
	struct err err = {0};

	assert_non_null(kept);
	if (script.count > 0)
		memcpy(kept, script.statements, script.count * sizeof(*kept));
	script.statements = kept;
	bool runs = sql_make_runnable(&script, no_transaction, &err);
	buf_printf(out, "== %s:",
	    no_transaction                ? "without one"
	    : runs && !script.transaction ? "by itself without a transaction"
					  : "in a transaction");
	if (!runs) {
		show_error(out, &err);
	} else {
		buf_add_text(out, script.count > 0 ? " lines" : " nothing");
		for (size_t i = 0; i < script.count; i++)
			buf_printf(out, " %d", script.statements[i].line);
		buf_add_char(out, '\n');
	}
	free(kept);
}

static void show(
    struct buf *out, const struct test_case *test, const struct buf *text, struct arena *arena)
{
	struct sql_script script = {0};
	struct err err = {0};

	if (!sql_split(&script, test->dialect, text->data, text->len, test->name, 1, arena, &err)) {
		buf_add_text(out, "== split:");
		show_error(out, &err);
		return;
	}
	for (size_t i = 0; i < script.count; i++) {
		const struct sql_statement *statement = &script.statements[i];

		buf_printf(out, "== line %d, %s\n", statement->line, class_names[statement->class]);
		buf_add(out, statement->text, statement->len);
		buf_add_char(out, '\n');
		if (statement->data != NULL)
			buf_printf(out, "-- data, line %d\n%.*s", statement->data_line,
			    (int)statement->data_len, statement->data);
	}
	buf_printf(out, "== checksum\n%s\n", script.checksum);
	show_runnable(out, script, false);
	show_runnable(out, script, true);
}

static void check_case(void **state)
{
	const struct test_case *test = *state;
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf input = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf expected = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf actual = buf_init(8 * FILE_MAX);
	struct err err = {0};

	if (!fs_read(test->input, &input, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	show(&actual, test, &input, &arena);
	assert_false(actual.overflow);
	if (getenv("WRITE_EXPECTED") != NULL &&
	    !sink_put(test->expected, actual.data, actual.len, 0644, &err))
		fail_msg("%s", err.message);
	if (!fs_read(test->expected, &expected, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	if (expected.len != actual.len || memcmp(expected.data, actual.data, actual.len) != 0)
		fail_msg("%s expects\n%s\nbut this came:\n%s", test->expected, expected.data,
		    actual.data);
}

struct cases {
	struct CMUnitTest *tests;
	size_t count, capacity;
};

static bool find(
    struct cases *cases, const char *folder, const struct dialect *dialect, struct arena *arena)
{
	size_t count;
	char **names;
	struct err err = {0};

	if (!fs_list(folder, arena, &names, &count, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct test_case *test = arena_alloc(arena, sizeof(*test));

		if (!text_ends(names[i], ".sql"))
			continue;
		test->name = names[i];
		test->dialect = dialect;
		test->input = arena_printf(arena, "%s/%s", folder, names[i]);
		test->expected = arena_printf(arena, "%s/%.*s.expected", folder,
		    (int)(strlen(names[i]) - strlen(".sql")), names[i]);
		cases->tests = arena_grow(
		    arena, cases->tests, cases->count, &cases->capacity, sizeof(*cases->tests));
		cases->tests[cases->count++] = (struct CMUnitTest){
		    .name = test->input, .test_func = check_case, .initial_state = test};
	}
	return true;
}

int main(void)
{
	const char *root = getenv("TEST_ROOT") != NULL ? getenv("TEST_ROOT") : "tests/cases";
	CLEANUP(arena_free) struct arena arena = {0};
	const char *folder = arena_printf(&arena, "%s/split", root);
	const char *postgres = arena_printf(&arena, "%s/postgres", folder);
	const char *mariadb = arena_printf(&arena, "%s/mariadb", folder);
	struct cases cases = {0};

	if (!find(&cases, folder, &dialect_sqlite, &arena) ||
	    !find(&cases, postgres, &dialect_postgres, &arena) ||
	    !find(&cases, mariadb, &dialect_mariadb, &arena))
		return 1;
	return _cmocka_run_group_tests("split", cases.tests, cases.count, NULL, NULL);
}
