/* Statements, values, rows, errors, notices. */
#include "conformance/cases.h"
#include "conformance/world.h"
#include <stdlib.h>
#include <string.h>

enum {
	LARGE = 1 << 20
};

static void insert(struct world *w, struct db *db, int64_t id, const char *label)
{
	const struct db_value values[] = {
	    {.type = DB_INT, .number = id},
	    {.type = label == NULL ? DB_NULL : DB_TEXT, .text = label},
	};
	struct err err;
	must(w->driver->query(db, "INSERT INTO thing (id, label) VALUES (?, ?)", values, 2,
		 &w->arena, NULL, &w->stop, &err),
	    &err);
}

static const char *label_of(struct world *w, struct db *db, int64_t id)
{
	const struct db_value value = {.type = DB_INT, .number = id};
	struct db_rows rows;
	struct err err;
	must(w->driver->query(db, "SELECT label FROM thing WHERE id = ?", &value, 1, &w->arena,
		 &rows, &w->stop, &err),
	    &err);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.columns, 1);
	return rows.cells[0];
}

static void values_come_back_as_they_went(void **state)
{
	static const char *const labels[] = {
	    "",
	    "plain",
	    "it's \"quoted\" `here` \\ and \\' there",
	    "'; DROP TABLE thing; --",
	    "a ? and a $1 and a %s",
	    "line\r\nline\ttab",
	    "Zażółć gęślą jaźń · 漢字 · 😀",
	    "-9223372036854775808",
	};
	struct world *w = *state;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		insert(w, db, (int64_t)i, labels[i]);
		assert_string_equal(label_of(w, db, (int64_t)i), labels[i]);
	}
	insert(w, db, 100, NULL);
	assert_null(label_of(w, db, 100));
	db_close(&db);
}

static void large_text(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	char *text = malloc(LARGE + 1);
	assert_non_null(text);
	for (size_t i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i % 26);
	text[LARGE] = '\0';
	run(w, db, TABLE);
	insert(w, db, 1, text);
	assert_string_equal(label_of(w, db, 1), text);
	free(text);
	db_close(&db);
}

static void many_rows(void **state)
{
	struct world *w = *state;
	struct db_rows rows;
	struct err err;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	for (int i = 0; i < 100; i++)
		insert(w, db, i, i % 2 == 0 ? "even" : NULL);
	must(w->driver->query(db, "SELECT id, label FROM thing ORDER BY id", NULL, 0, &w->arena,
		 &rows, &w->stop, &err),
	    &err);
	assert_int_equal(rows.count, 100);
	assert_int_equal(rows.columns, 2);
	assert_string_equal(rows.cells[98 * 2], "98");
	assert_string_equal(rows.cells[98 * 2 + 1], "even");
	assert_string_equal(rows.cells[99 * 2], "99");
	assert_null(rows.cells[99 * 2 + 1]);
	must(w->driver->query(db, "SELECT id FROM thing WHERE id < 0", NULL, 0, &w->arena, &rows,
		 &w->stop, &err),
	    &err);
	assert_int_equal(rows.count, 0);
	db_close(&db);
}

static void errors_have_their_codes(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	run(w, db, ROW);
	refuse(w, db, DUPLICATE);
	refuse(w, db, SYNTAX);
	refuse(w, db, NO_TABLE);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "1");
	db_close(&db);
}

static void failed_query_leaves_rows_alone(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	struct db_rows rows = {.columns = 7, .count = 7};
	struct err err;
	assert_false(w->driver->query(
	    db, "SELECT a FROM nowhere", NULL, 0, &w->arena, &rows, &w->stop, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_int_equal(rows.columns, 7);
	assert_int_equal(rows.count, 7);
	db_close(&db);
}

static void results_are_read_to_the_end(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	if (w->fixture->sql[RESULTS_SETUP].sql != NULL)
		run(w, db, RESULTS_SETUP);
	run(w, db, RESULTS);
	run(w, db, RESULTS);
	assert_string_equal(ask(w, db, "SELECT 42"), "42");
	db_close(&db);
}

static void take_notice(void *context, enum db_notice level, const char *text)
{
	const char **last = context;
	assert_int_equal(level, DB_NOTICE_INFO);
	*last = strdup(text);
}

static void notices_are_passed_on(void **state)
{
	struct world *w = *state;
	const char *last = NULL;
	NEEDS(w, NOTICE);
	w->options.notice = take_notice;
	w->options.context = &last;
	struct db *db = open_session(w);
	run(w, db, NOTICE);
	assert_non_null(last);
	assert_non_null(strstr(last, w->fixture->notice));
	free((void *)(uintptr_t)last);
	db_close(&db);
}

int cases_query(void)
{
	const struct CMUnitTest cases[] = {
	    CASE(values_come_back_as_they_went),
	    CASE(large_text),
	    CASE(many_rows),
	    CASE(errors_have_their_codes),
	    CASE(failed_query_leaves_rows_alone),
	    CASE(results_are_read_to_the_end),
	    CASE(notices_are_passed_on),
	};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
