/* Statements, their places, and what the checksum is made of. */
#include "sql/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* SHA-256 over "CREATE\0TABLE\0t\0…)\0\x01…", computed elsewhere: stored histories depend on it. */
#define CHECKSUM_OF_TWO  "8c16f8d70b2af56b57a7b97967f5742e5a8b153bfc9ade1c437ae61273d67e9a"
#define CHECKSUM_OF_NONE "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct arena arena;
static struct err err;

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	err = (struct err){0};
	return 0;
}

static struct sql_script split_bytes(const char *text, size_t len)
{
	struct sql_script script = {0};

	if (!sql_split(&script, &dialect_sqlite, text, len, "m.sql", 1, &arena, &err))
		fail_msg("line %d: %s", err.line, err.message);
	return script;
}

static struct sql_script split(const char *text)
{
	return split_bytes(text, strlen(text));
}

static void check_sum(const char *text, const char *expected)
{
	assert_string_equal(split(text).checksum, expected);
}

static void check_refused(const char *text, size_t len, int line, const char *message)
{
	struct sql_script script = {.count = 77};

	err = (struct err){0};
	assert_false(sql_split(&script, &dialect_sqlite, text, len, "m.sql", 1, &arena, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_string_equal(err.file, "m.sql");
	assert_int_equal(err.line, line);
	assert_non_null(strstr(err.message, message));
	assert_string_not_equal(err.next, "");
	assert_int_equal(script.count, 77);
}

static void nothing(void **state)
{
	static const char *const texts[] = {
	    "", " \r\n", ";", ";; ;", "-- only this", "/* open", "\xef\xbb\xbf", "-- a\n;/* b */;"};
	struct sql_script script = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(split(texts[i]).count, 0);
		check_sum(texts[i], CHECKSUM_OF_NONE);
	}
	assert_true(sql_split(&script, &dialect_sqlite, NULL, 0, "m.sql", 1, &arena, &err));
	assert_int_equal(script.count, 0);
}

static void text_and_place(void **state)
{
	static const char file[] = "db/m.sql";
	static const char text[] = "-- first\r\n SELECT /* in */ 1 -- behind\r\n;;\r\n\r\nSELECT 2";
	struct sql_script script = {0};

	(void)state;
	assert_true(
	    sql_split(&script, &dialect_sqlite, text, sizeof(text) - 1, file, 40, &arena, &err));
	assert_ptr_equal(script.dialect, &dialect_sqlite);
	assert_int_equal(script.count, 2);
	assert_string_equal(script.statements[0].text, "SELECT /* in */ 1");
	assert_int_equal(script.statements[0].len, strlen("SELECT /* in */ 1"));
	assert_int_equal(script.statements[0].line, 41);
	assert_ptr_equal(script.statements[0].file, file);
	assert_string_equal(script.statements[1].text, "SELECT 2");
	assert_int_equal(script.statements[1].line, 44);
}

static void statements_are_copies(void **state)
{
	char text[] = "SELECT 1;SELECT 2;";
	struct sql_script script = split(text);

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_string_equal(script.statements[0].text, "SELECT 1");
	assert_string_equal(script.statements[1].text, "SELECT 2");
}

static void many_statements(void **state)
{
	enum {
		COUNT = 5000
	};
	static char text[COUNT * 2];
	struct sql_script script;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		memcpy(text + 2 * i, "a;", 2);
	script = split_bytes(text, sizeof(text));
	assert_int_equal(script.count, COUNT);
	assert_string_equal(script.statements[COUNT - 1].text, "a");
}

static void checksum_is_pinned(void **state)
{
	(void)state;
	check_sum("CREATE TABLE t (a, b); INSERT INTO t VALUES ('x\ny', 1.5);", CHECKSUM_OF_TWO);
}

static void checksum_ignores(void **state)
{
	(void)state;
	check_sum(
	    "\xef\xbb\xbf-- why\nCREATE/**/TABLE t(a,b);\n;;INSERT INTO t\tVALUES('x\ny',1.5)",
	    CHECKSUM_OF_TWO);
	check_sum("CREATE TABLE t (a, b);\r\nINSERT INTO t VALUES ('x\r\ny', 1.5);\r\n-- end",
	    CHECKSUM_OF_TWO);
}

static void checksum_sees(void **state)
{
	static const char *const texts[] = {
	    "CREATE TABLE t (a, b) INSERT INTO t VALUES ('x\ny', 1.5);",
	    "CREATE TABLE t (a, b); INSERT INTO t VALUES ('x y', 1.5);",
	    "CREATE TABLE t (a, b); INSERT INTO t VALUES ('x\ry', 1.5);",
	    "CREATE TABLE t (a, b); INSERT INTO t VALUES ('x\r\r\ny', 1.5);",
	    "CREATE TABLE t (a, b); INSERT INTO t VALUES ('x\ny', 1 .5);",
	    "create TABLE t (a, b); INSERT INTO t VALUES ('x\ny', 1.5);",
	    "INSERT INTO t VALUES ('x\ny', 1.5); CREATE TABLE t (a, b);",
	    "CREATE TABLE t (a, b);",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_string_not_equal(split(texts[i]).checksum, CHECKSUM_OF_TWO);
}

/* Tokens longer than what is gathered for the digest, and line ends around that edge. */
static void checksum_of_long_tokens(void **state)
{
	enum {
		LONGEST = 10000
	};
	char *lf = malloc(2 * LONGEST), *crlf = malloc(2 * LONGEST);

	(void)state;
	assert_non_null(lf);
	assert_non_null(crlf);
	for (size_t len = 4080; len < LONGEST; len += len < 4110 ? 1 : 1973) {
		struct sql_script a, b;

		memset(lf, 'a', len);
		memcpy(crlf, lf, len);
		lf[0] = crlf[0] = '\'';
		memcpy(lf + len, "\nb'", 3);
		memcpy(crlf + len, "\r\nb'", 4);
		a = split_bytes(lf, len + 3);
		b = split_bytes(crlf, len + 4);
		assert_string_equal(a.checksum, b.checksum);
		lf[len + 1] = 'c';
		assert_string_not_equal(split_bytes(lf, len + 3).checksum, b.checksum);
	}
	free(lf);
	free(crlf);
}

#define REFUSED(text, line, message) check_refused(text, sizeof(text) - 1, line, message)

static void unclosed(void **state)
{
	(void)state;
	REFUSED("SELECT 1;\nSELECT 'a\n\nb;", 2, "string");
	REFUSED("SELECT\n\"a", 2, "quoted name");
	REFUSED("SELECT [a\n", 1, "quoted name");
	REFUSED("SELECT `a", 1, "quoted name");
	REFUSED("SELECT x'12", 1, "blob literal");
}

static void nul_bytes(void **state)
{
	(void)state;
	REFUSED("a;\nb\0c", 2, "NUL byte");
	REFUSED("\n'a\nb\0'", 3, "NUL byte");
	REFUSED("-- a\n-- \0\n", 2, "NUL byte");
	REFUSED("S\0E\0L\0", 1, "NUL byte");
}

static void unclosed_triggers(void **state)
{
	(void)state;
	REFUSED("SELECT 1;\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\nSELECT 1;\nSELECT 2;", 2,
	    "CREATE TRIGGER … BEGIN without END");
	REFUSED("/* a\n */ CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1 END", 2,
	    "without END");
	REFUSED(
	    "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END SELECT 2;", 1, "without END");
	REFUSED("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; 'END';", 1, "without END");
}

static void triggers(void **state)
{
	static const char *const texts[] = {
	    "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
	    "create temporary trigger if not exists main.t after insert on a begin select 1; end",
	    "EXPLAIN QUERY PLAN CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
	    "CREATE TRIGGER begin AFTER INSERT ON end WHEN new.end > 1 BEGIN SELECT 1; END",
	    "CREATE TRIGGER \"; END;\" AFTER INSERT ON a BEGIN SELECT 1; -- END;\n/* ; */ END",
	    "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE end WHEN 1 THEN end END; END",
	    "CREATE TRIGGER t DELETE ON a BEGIN SELECT CASE 1 WHEN CASE 2 END THEN 3 END; END",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct sql_script script = split(texts[i]);
		const char *text = arena_printf(&arena, "%s /**/ ; SELECT 2;", texts[i]);

		assert_int_equal(script.count, 1);
		assert_string_equal(script.statements[0].text, texts[i]);
		script = split(text);
		assert_int_equal(script.count, 2);
		assert_string_equal(script.statements[0].text, texts[i]);
		assert_string_equal(script.statements[1].text, "SELECT 2");
	}
}

static void no_triggers(void **state)
{
	static const char *const texts[] = {
	    "CREATE VIEW v AS SELECT CASE a WHEN 1 THEN 2 END FROM t",
	    "CREATE TABLE trigger (begin, end)",
	    "CREATE TABLE \"TRIGGER\" (a)",
	    "DROP TRIGGER t",
	    "SELECT 1 AS begin",
	    "BEGIN",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *text = arena_printf(&arena, "%s; SELECT 2;", texts[i]);

		assert_int_equal(split(text).count, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(nothing, teardown),
	    cmocka_unit_test_teardown(text_and_place, teardown),
	    cmocka_unit_test_teardown(statements_are_copies, teardown),
	    cmocka_unit_test_teardown(many_statements, teardown),
	    cmocka_unit_test_teardown(checksum_is_pinned, teardown),
	    cmocka_unit_test_teardown(checksum_ignores, teardown),
	    cmocka_unit_test_teardown(checksum_sees, teardown),
	    cmocka_unit_test_teardown(checksum_of_long_tokens, teardown),
	    cmocka_unit_test_teardown(unclosed, teardown),
	    cmocka_unit_test_teardown(nul_bytes, teardown),
	    cmocka_unit_test_teardown(unclosed_triggers, teardown),
	    cmocka_unit_test_teardown(triggers, teardown),
	    cmocka_unit_test_teardown(no_triggers, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
