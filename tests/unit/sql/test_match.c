/* The pattern language of the dialects' tables. */
#include "sql/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool matches(const char *text, const char *pattern)
{
	struct sql_head head = {0};
	struct sql_lexer lexer;
	struct sql_token token;

	sql_lex_init(&lexer, &dialect_sqlite, text, strlen(text), 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (token.kind != SQL_TOKEN_SPACE && token.kind != SQL_TOKEN_COMMENT)
			sql_head_add(&head, &token);
	}
	return sql_head_matches(&head, pattern);
}

static void keywords(void **state)
{
	(void)state;
	assert_true(matches("CREATE TABLE t", "CREATE TABLE"));
	assert_true(matches("create/**/Table", "CREATE TABLE"));
	assert_false(matches("CREATE", "CREATE TABLE"));
	assert_false(matches("CREATED TABLE", "CREATE TABLE"));
	assert_false(matches("CREAT TABLE", "CREATE TABLE"));
	assert_false(matches("\"CREATE\" TABLE", "CREATE TABLE"));
	assert_false(matches("'CREATE' TABLE", "CREATE TABLE"));
	assert_false(matches("", "CREATE"));
}

static void names(void **state)
{
	(void)state;
	assert_true(matches("PRAGMA Foreign_Keys", "PRAGMA foreign_keys"));
	assert_true(matches("PRAGMA \"FOREIGN_keys\"", "PRAGMA foreign_keys"));
	assert_true(matches("PRAGMA [foreign_keys]", "PRAGMA foreign_keys"));
	assert_true(matches("PRAGMA `foreign_keys`", "PRAGMA foreign_keys"));
	assert_true(matches("PRAGMA 'foreign_keys'", "PRAGMA foreign_keys"));
	assert_false(matches("PRAGMA ''", "PRAGMA foreign_keys"));
	assert_false(matches("PRAGMA foreign_keys2", "PRAGMA foreign_keys"));
}

static void alternatives(void **state)
{
	(void)state;
	assert_true(matches("COMMIT", "BEGIN|COMMIT|END"));
	assert_true(matches("END", "BEGIN|COMMIT|END"));
	assert_false(matches("ENDS", "BEGIN|COMMIT|END"));
	assert_true(matches("a =", "a =|("));
	assert_true(matches("a (", "a =|("));
	assert_false(matches("a ==", "a =|("));
}

static void optional(void **state)
{
	(void)state;
	assert_true(matches("CREATE TRIGGER", "CREATE ?TEMP|TEMPORARY TRIGGER"));
	assert_true(matches("CREATE TEMPORARY TRIGGER", "CREATE ?TEMP|TEMPORARY TRIGGER"));
	assert_false(matches("CREATE TEMP TEMP TRIGGER", "CREATE ?TEMP|TEMPORARY TRIGGER"));
	assert_false(matches("CREATE", "CREATE ?TEMP|TEMPORARY TRIGGER"));
}

static void any_and_qualifier(void **state)
{
	(void)state;
	assert_true(matches("PRAGMA x = 1", "PRAGMA * ="));
	assert_false(matches("PRAGMA", "PRAGMA *"));
	assert_true(matches("PRAGMA main.x", "PRAGMA *. x"));
	assert_true(matches("PRAGMA \"m\" . x", "PRAGMA *. x"));
	assert_true(matches("PRAGMA x", "PRAGMA *. x"));
	assert_false(matches("PRAGMA main x", "PRAGMA *. x"));
	assert_false(matches("PRAGMA main.", "PRAGMA *. x"));
}

static void the_end(void **state)
{
	static const char tokens[] =
	    "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
	    "a a a a a a a a a a a a a a";
	static const char items[] =
	    "* * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * "
	    "* * * * * * * * * * * * * * ;";
	const char *const end = items + sizeof(items) - 1;

	(void)state;
	assert_true(matches("BEGIN", "BEGIN ;"));
	assert_true(matches("BEGIN -- now", "BEGIN ;"));
	assert_false(matches("BEGIN CREATE", "BEGIN ;"));
	/* A head that is full may not be the whole statement. */
	assert_true(matches(tokens + 4, end - 2 * (SQL_HEAD - 1) - 1));
	assert_false(matches(tokens + 2, end - 2 * SQL_HEAD - 1));
	assert_false(matches(tokens, end - 2 * SQL_HEAD - 1));
}

static void whatever(void **state)
{
	(void)state;
	assert_true(matches("DROP VIEW a CASCADE", "DROP ... CASCADE"));
	assert_true(matches("DROP CASCADE", "DROP ... CASCADE"));
	assert_true(matches("DROP a CASCADE, CASCADE", "DROP ... CASCADE ;"));
	assert_false(matches("DROP CASCADE b", "DROP ... CASCADE ;"));
	assert_false(matches("DROP VIEW a", "DROP ... CASCADE"));
	assert_true(matches("DROP VIEW a", "DROP ..."));
}

/* What may be there and is not must not hide what is. */
static void second_thoughts(void **state)
{
	(void)state;
	assert_true(matches("DROP TABLE if", "DROP TABLE ?IF ?EXISTS *"));
	assert_true(matches("DROP TABLE IF EXISTS t", "DROP TABLE ?IF ?EXISTS * ;"));
	assert_true(matches("ALTER TABLE t DROP column", "ALTER TABLE * DROP ?COLUMN * ;"));
}

static void captures(void **state)
{
	struct sql_capture captured[SQL_CAPTURES];
	struct sql_head head;
	static const char text[] = "ALTER TABLE a.b.c DROP d e";
	size_t taken = 0;

	(void)state;
	sql_head_read(&head, &dialect_postgres, text, strlen(text));
	assert_true(sql_head_capture(&head, "ALTER TABLE *. * DROP *", captured, &taken));
	assert_int_equal(taken, 9);
	assert_memory_equal(captured[0].name.text, "c", 1);
	assert_memory_equal(captured[0].qualifier.text, "b", 1);
	assert_memory_equal(captured[1].name.text, "d", 1);
	assert_null(captured[1].qualifier.text);
	assert_false(sql_head_capture(&head, "ALTER TABLE *. * DROP ;", captured, NULL));
	assert_true(sql_head_capture(&head, "ALTER ?X TABLE", captured, NULL));
	assert_null(captured[0].name.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keywords),
	    cmocka_unit_test(names),
	    cmocka_unit_test(alternatives),
	    cmocka_unit_test(optional),
	    cmocka_unit_test(any_and_qualifier),
	    cmocka_unit_test(the_end),
	    cmocka_unit_test(whatever),
	    cmocka_unit_test(second_thoughts),
	    cmocka_unit_test(captures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
