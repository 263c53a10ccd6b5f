/*
 * Every statement of tests/cases/risk/NAME.sql is judged as NAME.expected says: a line each with
 * its place, level, rule, what may be lost, and how a table is altered. TEST_ROOT and
 * WRITE_EXPECTED as in test_cases.c.
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

static void show(
    struct buf *out, const struct dialect *dialect, const struct buf *text, struct arena *arena)
{
	struct sql_script script = {0};
	struct err err = {0};
	if (!sql_split(&script, dialect, text->data, text->len, "x.sql", 1, arena, &err))
		fail_msg("line %d: %s", err.line, err.message);
	for (size_t i = 0; i < script.count; i++) {
		struct risk risk;
		char summary[80];
		risk_of(&risk, dialect, &script.statements[i], arena);
		sql_summary(dialect, &script.statements[i], summary, sizeof(summary));
		buf_printf(out, "%d %s %s", script.statements[i].line, risk_level_name(risk.level),
		    risk.rule);
		for (size_t j = 0; j < risk.loss_count; j++)
			buf_printf(out, ", %s", risk.losses[j].object);
		buf_add_text(out, risk.loss_count == 0 ? ", nothing" : "");
		if (risk.how != SQL_HOW_NOTHING)
			buf_printf(out, ", %s", sql_how_name(risk.how));
		buf_printf(out, ": %s\n", summary);
		assert_non_null(risk.why);
	}
}

static void check_file(const struct dialect *dialect)
{
	const char *root = getenv("TEST_ROOT") != NULL ? getenv("TEST_ROOT") : "tests/cases";
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf input = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf expected = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf actual = buf_init(FILE_MAX);
	const char *path = arena_printf(&arena, "%s/risk/%s", root, dialect->name);
	const char *output = arena_printf(&arena, "%s.expected", path);
	struct err err = {0};
	if (!fs_read(arena_printf(&arena, "%s.sql", path), &input, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	show(&actual, dialect, &input, &arena);
	if (getenv("WRITE_EXPECTED") != NULL &&
	    !sink_put(output, actual.data, actual.len, 0644, &err))
		fail_msg("%s", err.message);
	if (!fs_read(output, &expected, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	assert_string_equal(actual.data, expected.data);
}

/* A rule without a case is one that nobody has looked at. */
static void check_rules(const struct dialect *dialect)
{
	const char *root = getenv("TEST_ROOT") != NULL ? getenv("TEST_ROOT") : "tests/cases";
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf cases = buf_init(FILE_MAX);
	struct err err = {0};
	if (!fs_read(arena_printf(&arena, "%s/risk/%s.expected", root, dialect->name), &cases,
		ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	for (const struct sql_risk_rule *rule = dialect->risks; rule->pattern != NULL; rule++) {
		const char *judged =
		    arena_printf(&arena, " %s %s, ", risk_level_name(rule->level), rule->name);
		if (strstr(cases.data, judged) == NULL)
			fail_msg("no case is judged%s", judged);
	}
}

static void every_rule_has_a_case(void **state)
{
	(void)state;
	check_rules(&dialect_sqlite);
	check_rules(&dialect_mariadb);
}

static void check_plain_risks(const struct dialect *dialect)
{
	for (const char *const *name = dialect->plain_risks; *name != NULL; name++) {
		const struct sql_risk_rule *rule = dialect->risks;
		while (rule->pattern != NULL && strcmp(rule->name, *name) != 0)
			rule++;
		assert_non_null(rule->pattern);
	}
}

static void plain_risks_are_rules(void **state)
{
	(void)state;
	check_plain_risks(&dialect_sqlite);
	check_plain_risks(&dialect_mariadb);
}

static void statements_of_sqlite(void **state)
{
	(void)state;
	check_file(&dialect_sqlite);
}

static void statements_of_postgres(void **state)
{
	(void)state;
	check_file(&dialect_postgres);
}

static void statements_of_mariadb(void **state)
{
	(void)state;
	check_file(&dialect_mariadb);
}

static void losses_know_their_table(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_statement statement = {
	    .text = "TRUNCATE public.a, \"B\", audit.c", .file = "x.sql", .line = 1};
	struct risk risk;
	statement.len = strlen(statement.text);
	risk_of(&risk, &dialect_postgres, &statement, &arena);
	assert_int_equal(risk.loss_count, 3);
	assert_string_equal(risk.losses[0].object, "rows of a");
	assert_string_equal(risk.losses[0].table, "a");
	assert_string_equal(risk.losses[0].schema, "public");
	assert_string_equal(risk.losses[1].table, "B");
	assert_null(risk.losses[1].schema);
	assert_string_equal(risk.losses[2].object, "rows of audit.c");
	assert_string_equal(risk.losses[2].schema, "audit");
	assert_true(risk_names_table(&risk, "c"));
	assert_false(risk_names_table(&risk, "d"));
	statement.text = "DROP SEQUENCE s";
	statement.len = strlen(statement.text);
	risk_of(&risk, &dialect_postgres, &statement, &arena);
	assert_string_equal(risk.losses[0].object, "sequence s");
	assert_null(risk.losses[0].table);
}

static void names_that_move(void **state)
{
	static const char *const moves[] = {"ALTER TABLE a RENAME TO b", "SET search_path = x",
	    "set local search_path to x", "SELECT f()", "DO $$ $$", "ALTER TABLE a SET SCHEMA b",
	    "SET ROLE x", "RESET search_path"};
	static const char *const stays[] = {"ALTER TABLE a ADD b int", "SET lock_timeout = 1",
	    "DROP TABLE a", "INSERT INTO a VALUES (1)"};
	(void)state;
	for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++)
		assert_true(sql_moves_names(&dialect_postgres, moves[i], strlen(moves[i])));
	for (size_t i = 0; i < sizeof(stays) / sizeof(*stays); i++)
		assert_false(sql_moves_names(&dialect_postgres, stays[i], strlen(stays[i])));
	assert_true(sql_moves_names(&dialect_sqlite, moves[0], strlen(moves[0])));
	assert_false(sql_moves_names(&dialect_sqlite, moves[3], strlen(moves[3])));
}

/* They are searched by halves. */
static void check_sorted(const struct sql_words *words)
{
	for (size_t i = 1; i < words->count; i++)
		assert_true(strcmp(words->items[i - 1], words->items[i]) < 0);
}

static void harmless_calls_are_sorted(void **state)
{
	(void)state;
	check_sorted(dialect_postgres.harmless_calls);
	check_sorted(dialect_mariadb.harmless_calls);
}

/* Nothing is left unread without a word. */
static void too_many_parts_are_unknown(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf text = buf_init(FILE_MAX);
	struct sql_statement statement = {.file = "x.sql", .line = 1};
	struct risk risk;
	buf_add_text(&text, "ALTER TABLE t ADD a int");
	for (int i = 0; i < 4999; i++)
		buf_add_text(&text, ", ADD b int");
	statement.text = text.data;
	statement.len = text.len;
	risk_of(&risk, &dialect_postgres, &statement, &arena);
	assert_int_equal(risk.level, RISK_SAFE);
	buf_add_text(&text, ", DROP c");
	statement.text = text.data;
	statement.len = text.len;
	risk_of(&risk, &dialect_postgres, &statement, &arena);
	assert_int_equal(risk.level, RISK_UNKNOWN);
	assert_string_equal(risk.rule, "too-long");
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
	assert_true(risk_covers("table audit.users", "column audit.users.phone"));
	assert_false(risk_covers("table users", "rows of audit.users"));
	assert_false(risk_covers("table audit", "column audit.users.phone"));
}

static void approval_of_a_schema_covers_its_tables(void **state)
{
	(void)state;
	assert_true(risk_covers("schema audit", "table audit.users"));
	assert_true(risk_covers("schema audit", "rows of audit.users"));
	assert_true(risk_covers("schema audit", "column audit.users.phone"));
	assert_false(risk_covers("schema audit", "table audit2.users"));
	assert_false(risk_covers("schema audit", "table audit"));
	assert_false(risk_covers("schema users", "column users.phone"));
	assert_false(risk_covers("schema audit", "sequence audit.s"));
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
	    cmocka_unit_test(every_rule_has_a_case),
	    cmocka_unit_test(plain_risks_are_rules),
	    cmocka_unit_test(statements_of_sqlite),
	    cmocka_unit_test(statements_of_postgres),
	    cmocka_unit_test(statements_of_mariadb),
	    cmocka_unit_test(losses_know_their_table),
	    cmocka_unit_test(names_that_move),
	    cmocka_unit_test(harmless_calls_are_sorted),
	    cmocka_unit_test(too_many_parts_are_unknown),
	    cmocka_unit_test(approval_of_a_table_covers_what_is_in_it),
	    cmocka_unit_test(approval_of_a_schema_covers_its_tables),
	    cmocka_unit_test(names_are_followed_through_alter_table),
	};
	return cmocka_run_group_tests_name("risk", tests, NULL, NULL);
}
