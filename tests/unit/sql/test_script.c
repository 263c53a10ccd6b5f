/* What a migration may run, in a transaction and outside one; classes; summaries. */
#include "sql/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct err err;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	err = (struct err){0};
	return 0;
}

static struct sql_script split(const char *text)
{
	struct sql_script script = {0};

	if (!sql_split(&script, &dialect_sqlite, text, strlen(text), "m.sql", 1, &arena, &err))
		fail_msg("line %d: %s", err.line, err.message);
	return script;
}

/* The statements left must be `expected`, each followed by a `;`, and the checksum as before. */
static void check_runs(const char *text, bool transaction, const char *expected)
{
	struct sql_script script = split(text);
	char checksum[DIGEST_HEX + 1], *left = arena_strdup(&arena, "");

	memcpy(checksum, script.checksum, sizeof(checksum));
	if (!sql_make_runnable(&script, !transaction, &err))
		fail_msg("line %d: %s", err.line, err.message);
	for (size_t i = 0; i < script.count; i++)
		left = arena_printf(&arena, "%s%s;", left, script.statements[i].text);
	assert_string_equal(left, expected);
	assert_string_equal(script.checksum, checksum);
	assert_int_equal(script.transaction, transaction);
}

static void check_refused(
    const char *text, bool transaction, int line, const char *message, const char *next)
{
	struct sql_script script = split(text);
	size_t count = script.count;

	err = (struct err){0};
	assert_false(sql_make_runnable(&script, !transaction, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_string_equal(err.file, "m.sql");
	assert_int_equal(err.line, line);
	assert_non_null(strstr(err.message, message));
	assert_non_null(strstr(err.next, next));
	assert_int_equal(script.count, count);
}

static void runs_in_a_transaction(void **state)
{
	(void)state;
	check_runs("", true, "");
	check_runs("a; b;", true, "a;b;");
	check_runs("BEGIN; a; b; COMMIT;", true, "a;b;");
	check_runs("BEGIN; COMMIT", true, "");
	check_runs("begin immediate transaction; a; end transaction", true, "a;");
	check_runs("PRAGMA foreign_keys=OFF; BEGIN; a; PRAGMA foreign_keys; COMMIT; "
		   "PRAGMA main.foreign_keys(1);",
	    true, "a;");
	check_runs("PRAGMA foreign_keys=OFF; a; PRAGMA foreign_keys=ON;", true, "a;");
	check_runs("PRAGMA foreign_key_check; PRAGMA defer_foreign_keys=1; PRAGMA journal_mode;",
	    true, "PRAGMA foreign_key_check;PRAGMA defer_foreign_keys=1;PRAGMA journal_mode;");
}

static void runs_outside(void **state)
{
	(void)state;
	check_runs("", false, "");
	check_runs("a; PRAGMA foreign_keys = OFF; VACUUM; PRAGMA journal_mode = WAL;", false,
	    "a;PRAGMA foreign_keys = OFF;VACUUM;PRAGMA journal_mode = WAL;");
}

/* There is only one way to run them, so nobody has to ask for it. */
static void runs_outside_by_itself(void **state)
{
	struct sql_script script = split("PRAGMA foreign_keys = OFF; VACUUM; VACUUM main;");

	(void)state;
	assert_true(sql_make_runnable(&script, false, &err));
	assert_false(script.transaction);
	assert_int_equal(script.count, 3);
	script = split("PRAGMA foreign_keys = OFF;");
	assert_true(sql_make_runnable(&script, false, &err));
	assert_true(script.transaction);
	assert_int_equal(script.count, 0);
	script = split("VACUUM; ATTACH 'x' AS y;");
	assert_false(sql_make_runnable(&script, false, &err));
}

static void pairs(void **state)
{
	(void)state;
	check_refused("BEGIN; a; COMMIT;\nBEGIN; b; COMMIT;", true, 2, "a migration runs in one",
	    "split the file");
	check_refused("a;\nBEGIN; b; COMMIT;", true, 2, "statements stand before it", "top");
	check_refused("BEGIN; a; COMMIT;\nb;", true, 2, "behind COMMIT", "before COMMIT");
	check_refused("BEGIN;\nBEGIN; a; COMMIT;", true, 2, "a BEGIN inside", "remove it");
	check_refused("PRAGMA foreign_keys=0;\nBEGIN;\na;", true, 2, "no COMMIT", "COMMIT");
	check_refused("a;\nCOMMIT;", true, 2, "no BEGIN", "remove it");
	check_refused("BEGIN; COMMIT;\nEND;", true, 2, "no BEGIN", "remove it");
}

static void refused_in_a_transaction(void **state)
{
	(void)state;
	check_refused("a;\nROLLBACK;", true, 2, "ROLLBACK", "one transaction");
	check_refused("\nSAVEPOINT x;", true, 2, "SAVEPOINT x", "one transaction");
	check_refused("ATTACH 'x' AS y;", true, 1, "ATTACH 'x' AS y", "remove it");
	check_refused("PRAGMA 'writable_schema' = 1;", true, 1, "writable_schema", "rebuild");
	check_refused(
	    "a;\n\nVACUUM;", true, 3, "can't be run inside a transaction", "a file of its own");
	/* A semicolon forgotten must not make the statement behind it vanish. */
	check_refused(
	    "BEGIN\nCREATE TABLE t (a);\nCOMMIT;", true, 1, "BEGIN CREATE TABLE", "semicolon");
	check_refused("BEGIN; a; COMMIT\nb;", true, 1, "COMMIT b", "semicolon");
}

static void refused_outside(void **state)
{
	(void)state;
	check_refused("BEGIN; a; COMMIT;", false, 1, "BEGIN", "no-transaction");
	check_refused("a;\nCOMMIT;", false, 2, "COMMIT", "no-transaction");
	check_refused("RELEASE x;", false, 1, "RELEASE x", "no-transaction");
	check_refused("DETACH x;", false, 1, "DETACH x", "remove it");
	check_refused("PRAGMA writable_schema;", false, 1, "writable_schema", "rebuild");
}

static void classes(void **state)
{
	static const struct {
		enum sql_class class;
		const char *text;
	} cases[] = {
	    {SQL_PLAIN, "CREATE TABLE vacuum (begin)"},
	    {SQL_PLAIN, "EXPLAIN CREATE TABLE t (a)"},
	    {SQL_PLAIN, "INSERT OR ROLLBACK INTO t VALUES (1)"},
	    {SQL_BEGIN, "BEGIN"},
	    {SQL_BEGIN, "-- a\nbegin exclusive;"},
	    {SQL_BEGIN, "\xef\xbb\xbf"
			"BEGIN DEFERRED TRANSACTION"},
	    {SQL_COMMIT, "COMMIT TRANSACTION"},
	    {SQL_COMMIT, "End"},
	    {SQL_CONTROL, "BEGIN TRANSACTION name"},
	    {SQL_CONTROL, "BEGIN IMMEDIATE IMMEDIATE"},
	    {SQL_CONTROL, "ROLLBACK TO x"},
	    {SQL_CONTROL, "SAVEPOINT x"},
	    {SQL_CONTROL, "RELEASE SAVEPOINT x"},
	    {SQL_ABSORBED, "PRAGMA foreign_keys"},
	    {SQL_ABSORBED, "pragma \"main\" . [FOREIGN_KEYS] = 'off'"},
	    {SQL_ABSORBED, "PRAGMA foreign_keys(ON)"},
	    {SQL_ABSORBED, "PRAGMA foreign_keys=+1"},
	    {SQL_PLAIN, "PRAGMA foreign_keys = OFF CREATE TABLE t (a)"},
	    {SQL_PLAIN, "PRAGMA foreign_keys OFF"},
	    {SQL_PLAIN, "PRAGMA foreign_key_check"},
	    {SQL_PLAIN, "PRAGMA foreign_key_check(t)"},
	    {SQL_PLAIN, "PRAGMA foreign_keys.x"},
	    {SQL_FORBIDDEN, "ATTACH DATABASE 'x' AS y"},
	    {SQL_FORBIDDEN, "\xef\xbb\xbf"
			    "attach 'x' AS y"},
	    {SQL_FORBIDDEN, "DETACH y"},
	    {SQL_FORBIDDEN, "PRAGMA writable_schema=ON"},
	    {SQL_FORBIDDEN, "PRAGMA temp.`writable_schema`(1)"},
	    {SQL_FORBIDDEN, "EXPLAIN PRAGMA writable_schema=ON"},
	    {SQL_FORBIDDEN, "EXPLAIN QUERY PLAN PRAGMA foreign_keys=OFF"},
	    {SQL_OUTSIDE, "VACUUM"},
	    {SQL_OUTSIDE, "VACUUM main INTO 'x'"},
	    {SQL_OUTSIDE, "PRAGMA wal_checkpoint"},
	    {SQL_OUTSIDE, "PRAGMA main.wal_checkpoint(FULL)"},
	    {SQL_OUTSIDE, "PRAGMA journal_mode = WAL"},
	    {SQL_OUTSIDE, "PRAGMA synchronous(OFF)"},
	    {SQL_OUTSIDE, "PRAGMA page_size=4096"},
	    {SQL_OUTSIDE, "PRAGMA auto_vacuum=FULL"},
	    {SQL_OUTSIDE, "PRAGMA encoding='UTF-16'"},
	    {SQL_PLAIN, "PRAGMA main.journal_mode"},
	    {SQL_PLAIN, "PRAGMA encoding"},
	    {SQL_PLAIN, "PRAGMA user_version = 3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = cases[i].text;
		const struct sql_statement *statement = split(text).statements;
		enum sql_class class = statement->class;

		if (class != cases[i].class)
			fail_msg("%s: class %d, not %d", text, class, cases[i].class);
		if (class == SQL_CONTROL || class == SQL_FORBIDDEN || class == SQL_OUTSIDE)
			assert_non_null(statement->advice);
		else
			assert_null(statement->advice);
	}
}

static void check_summary(const char *text, size_t size, const char *expected)
{
	const struct sql_statement statement = {.text = text, .len = strlen(text), .line = 1};
	char out[64];

	memset(out, '#', sizeof(out));
	sql_summary(&dialect_sqlite, &statement, out, size);
	assert_string_equal(out, expected);
	for (size_t i = size; i < sizeof(out); i++)
		assert_int_equal(out[i], '#');
}

static void summaries(void **state)
{
	char out = '#';
	const struct sql_statement statement = {.text = "a", .len = 1};

	(void)state;
	check_summary("SELECT  a,b\r\n\t-- c\n FROM t /* d */", 64, "SELECT a,b FROM t");
	check_summary("a'x\r\n\ty'", 64, "a'x   y'");
	check_summary("abcdefgh", 9, "abcdefgh");
	check_summary("abcdefgh", 8, "abcd…");
	check_summary("abc def", 7, "abc…");
	check_summary("ab\xc3\xa4\xc3\xa4xxx", 8, "ab\xc3\xa4…");
	check_summary("ab\xc3\xa4\xc3\xa4xxx", 7, "ab…");
	check_summary("abcdefgh", 4, "…");
	check_summary("abcdefgh", 3, "");
	check_summary("abcdefgh", 1, "");
	check_summary("", 5, "");
	sql_summary(&dialect_sqlite, &statement, &out, 0);
	assert_int_equal(out, '#');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(runs_in_a_transaction, teardown),
	    cmocka_unit_test_teardown(runs_outside, teardown),
	    cmocka_unit_test_teardown(runs_outside_by_itself, teardown),
	    cmocka_unit_test_teardown(pairs, teardown),
	    cmocka_unit_test_teardown(refused_in_a_transaction, teardown),
	    cmocka_unit_test_teardown(refused_outside, teardown),
	    cmocka_unit_test_teardown(classes, teardown),
	    cmocka_unit_test_teardown(summaries, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
