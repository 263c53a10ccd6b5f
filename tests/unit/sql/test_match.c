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
	(void)state;
	assert_true(matches("BEGIN", "BEGIN ;"));
	assert_true(matches("BEGIN -- now", "BEGIN ;"));
	assert_false(matches("BEGIN CREATE", "BEGIN ;"));
	assert_true(matches("a b c d e f g h i j k", "* * * * * * * * * * * ;"));
	assert_false(matches("a b c d e f g h i j k l", "* * * * * * * * * * * * ;"));
	assert_false(matches("a b c d e f g h i j k l m", "* * * * * * * * * * * * ;"));
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
