/*
 * Every statement of tests/cases/risk/NAME.sql is judged as NAME.expected says: a line each with
 * its place, level, rule and object. TEST_ROOT and WRITE_EXPECTED as in test_cases.c.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/sink.h"
#include "sql/risk.h"

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

static void show(struct buf *out, const struct buf *text, struct arena *arena)
{
	struct sql_script script = {0};
	struct err err = {0};
	if (!sql_split(
		&script, &dialect_sqlite, text->data, text->len, "sqlite.sql", 1, arena, &err))
		fail_msg("%s", err.message);
	for (size_t i = 0; i < script.count; i++) {
		struct risk risk;
		char summary[80];
		risk_of(&risk, &dialect_sqlite, &script.statements[i], arena);
		sql_summary(&dialect_sqlite, &script.statements[i], summary, sizeof(summary));
		buf_printf(out, "%d %s %s, %s: %s\n", script.statements[i].line,
		    risk_level_name(risk.level), risk.rule,
		    risk.object == NULL ? "nothing" : risk.object, summary);
		assert_non_null(risk.why);
		assert_true((risk.object == NULL) == (risk.table == NULL));
	}
}

static void statements_are_judged_as_expected(void **state)
{
	(void)state;
	const char *root = getenv("TEST_ROOT") != NULL ? getenv("TEST_ROOT") : "tests/cases";
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf input = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf expected = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf actual = buf_init(FILE_MAX);
	const char *path = arena_printf(&arena, "%s/risk/sqlite.expected", root);
	struct err err = {0};
	if (!fs_read(
		arena_printf(&arena, "%s/risk/sqlite.sql", root), &input, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	show(&actual, &input, &arena);
	if (getenv("WRITE_EXPECTED") != NULL &&
	    !sink_put(path, actual.data, actual.len, 0644, &err))
		fail_msg("%s", err.message);
	if (!fs_read(path, &expected, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	assert_string_equal(actual.data, expected.data);
}

/* A rule without a case is one that nobody has looked at. */
static void every_rule_has_a_case(void **state)
{
	(void)state;
	const char *root = getenv("TEST_ROOT") != NULL ? getenv("TEST_ROOT") : "tests/cases";
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf cases = buf_init(FILE_MAX);
	struct err err = {0};
	if (!fs_read(arena_printf(&arena, "%s/risk/sqlite.expected", root), &cases, ERR_UNEXPECTED,
		&err))
		fail_msg("%s", err.message);
	for (const struct sql_risk_rule *rule = risk_rules_sqlite; rule->pattern != NULL; rule++) {
		const char *judged =
		    arena_printf(&arena, " %s %s, ", risk_level_name(rule->level), rule->name);
		if (strstr(cases.data, judged) == NULL)
			fail_msg("no case is judged%s", judged);
	}
}

static void plain_risks_are_rules(void **state)
{
	(void)state;
	for (const char *const *name = dialect_sqlite.plain_risks; *name != NULL; name++) {
		const struct sql_risk_rule *rule = risk_rules_sqlite;
		while (rule->pattern != NULL && strcmp(rule->name, *name) != 0)
			rule++;
		assert_non_null(rule->pattern);
	}
}

static void approval_of_a_table_covers_what_is_in_it(void **state)
{
	(void)state;
	assert_true(risk_covers("table users", "table users"));
	assert_true(risk_covers("table users", "rows of users"));
	assert_true(risk_covers("table users", "column users.phone"));
	assert_false(risk_covers("table users", "rows of users2"));
	assert_false(risk_covers("table user", "column users.phone"));
	assert_false(risk_covers("rows of users", "table users"));
	assert_false(risk_covers("column users.phone", "rows of users"));
	assert_false(risk_covers("rows of users", "column users.phone"));
}

static void names_are_followed_through_alter_table(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	static const char text[] = "ALTER TABLE main.[a b] RENAME COLUMN \"x\"\"y\" TO `z`";
	struct sql_alter alter;
	assert_true(sql_alter_of(&alter, &dialect_sqlite, text, strlen(text), &arena));
	assert_int_equal(alter.action, SQL_ALTER_RENAME_COLUMN);
	assert_string_equal(alter.table, "a b");
	assert_string_equal(alter.column, "x\"y");
	assert_string_equal(alter.to, "z");
	assert_false(sql_alter_of(&alter, &dialect_sqlite, "DROP TABLE t", 12, &arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(statements_are_judged_as_expected),
	    cmocka_unit_test(every_rule_has_a_case),
	    cmocka_unit_test(plain_risks_are_rules),
	    cmocka_unit_test(approval_of_a_table_covers_what_is_in_it),
	    cmocka_unit_test(names_are_followed_through_alter_table),
	};
	return cmocka_run_group_tests_name("risk", tests, NULL, NULL);
}
