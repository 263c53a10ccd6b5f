/* PostgreSQL's tokens, how each of its statements may be run, and what is refused. */
#include "sql/lex.h"
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

/* --- Tokens: "text" must be those of `expected`, each behind a letter for its kind. --- */

static const char kinds[] = {
    [SQL_TOKEN_COMMENT] = 'c',
    [SQL_TOKEN_WORD] = 'w',
    [SQL_TOKEN_IDENTIFIER] = 'i',
    [SQL_TOKEN_STRING] = 's',
    [SQL_TOKEN_NUMBER] = 'n',
    [SQL_TOKEN_PARAMETER] = 'p',
    [SQL_TOKEN_SEMICOLON] = ';',
    [SQL_TOKEN_OPERATOR] = 'o',
    [SQL_TOKEN_CLIENT] = '\\',
    [SQL_TOKEN_DATA] = 'd',
    [SQL_TOKEN_BROKEN] = '!',
};

static void check(const char *text, const char *expected)
{
	const char *at = text;
	char *found = arena_strdup(&arena, "");
	struct sql_lexer lexer;
	struct sql_token token;

	sql_lex_init(&lexer, &dialect_postgres, text, strlen(text), 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		assert_ptr_equal(token.text, at);
		at += token.len;
		if (token.kind != SQL_TOKEN_SPACE)
			found = arena_printf(&arena, "%s%c<%.*s>", found, kinds[token.kind],
			    (int)token.len, token.text);
	}
	assert_ptr_equal(at, text + strlen(text));
	assert_string_equal(found, expected);
}

static void strings(void **state)
{
	(void)state;
	check("'a''b' 'a\\' 'b'", "s<'a''b'>s<'a\\'>s<'b'>");
	check("E'a\\'b' e'\\\\'c E''", "s<E'a\\'b'>s<e'\\\\'>w<c>s<E''>");
	check("E'a'\n'\\''", "s<E'a'\n'\\''>");
	check("E'a' -- b\r'\\''", "s<E'a' -- b\r'\\''>");
	check("E'a' '\\' b", "s<E'a'>s<'\\'>w<b>");
	check("E'a' /*\n*/ '\\'", "s<E'a'>c</*\n*/>s<'\\'>");
	check("E'a'\n--b", "s<E'a'>c<--b>");
	check("ee'a\\' N'a' n'a''b'", "w<ee>s<'a\\'>s<N'a'>s<n'a''b'>");
	check("U&'a''b' u&\"c\"\"d\" U&d U& 'e'",
	    "s<U&'a''b'>i<u&\"c\"\"d\">w<U>o<&>w<d>w<U>o<&>s<'e'>");
	check("B'01' x'1F''2'", "s<B'01'>s<x'1F'>s<'2'>");
	check("'a", "!<'a>");
	check("E'a\\'", "!<E'a\\'>");
	check("E'\\", "!<E'\\>");
	check("E'a'\n'b", "!<E'a'\n'b>");
	check("U&\"a", "!<U&\"a>");
}

static void dollars(void **state)
{
	(void)state;
	check("$$a;'$$ $a$ $$ $b$ $A$ $a$", "s<$$a;'$$>s<$a$ $$ $b$ $A$ $a$>");
	check("$\xc3\xa4_1$x$\xc3\xa4_1$", "s<$\xc3\xa4_1$x$\xc3\xa4_1$>");
	check("a$b$c $1 $12a", "w<a$b$c>p<$1>p<$12>w<a>");
	check("$1a$ $ $a b", "p<$1>w<a$>o<$>o<$>w<a>w<b>");
	check("2$$a$$", "n<2>s<$$a$$>");
	check("$$$a$$", "s<$$$a$$>");
	check("$a$$$a$", "s<$a$$$a$>");
	check("$a$b$a", "!<$a$b$a>");
	check("$$", "!<$$>");
}

static void comments(void **state)
{
	(void)state;
	check("a/*b/*c*/;*/d", "w<a>c</*b/*c*/;*/>w<d>");
	check("/*/**/*/a/**/", "c</*/**/*/>w<a>c</**/>");
	check("/*a**/b/***/", "c</*a**/>w<b>c</***/>");
	check("--a\rb--c\r\nd--e", "c<--a>w<b>c<--c>w<d>c<--e>");
	check("a/*/**/", "w<a>!</*/**/>");
	check("/*/", "!</*/>");
}

static void operators(void **state)
{
	(void)state;
	check("a@-1=-1<>-b", "w<a>o<@->n<1>o<=>o<->n<1>o<<>>o<->w<b>");
	check("+-+-a*-b", "o<+>o<->o<+>o<->w<a>o<*>o<->w<b>");
	check("<--a\n</*b*/*/*c*/", "o<<>c<--a>o<<>c</*b*/>o<*>c</*c*/>");
	check("a?b ?|c @>d #>>e !~~*f", "w<a>o<?>w<b>o<?|>w<c>o<@>>w<d>o<#>>>w<e>o<!~~*>w<f>");
	check("a`b{c}", "w<a>o<`>w<b>o<{>w<c>o<}>");
	check("a.b .. c", "w<a>o<.>w<b>o<..>w<c>");
}

static void numbers(void **state)
{
	(void)state;
	check("1_000.5_0e1_0 0x1F 0b1", "n<1_000.5_0e1_0>n<0x1F>n<0>w<b1>");
	check(".5 1. 1..2 1.e5 1e 1_ 1a", "n<.5>n<1.>n<1>o<..>n<2>n<1.e5>n<1>w<e>n<1>w<_>n<1>w<a>");
	check("1e'\\''", "n<1>s<e'\\''>");
}

static void colons(void **state)
{
	(void)state;
	check("a::b x:=1 y=>2", "w<a>o<::>w<b>w<x>o<:=>n<1>w<y>o<=>>n<2>");
	check(":a (:'b',:\"c\") =:d :{?e}", "p<:a>o<(>p<:'b'>o<,>p<:\"c\">o<)>o<=>p<:d>p<:{?e}>");
	check("a[1:b] a[c:d] a[:e][:'f']", "w<a>o<[>n<1>o<:>w<b>o<]>w<a>o<[>w<c>o<:>w<d>o<]>"
					   "w<a>o<[>o<:>w<e>o<]>o<[>o<:>s<'f'>o<]>");
	check("'k' :v, k:v, f() :w, :'a",
	    "s<'k'>o<:>w<v>o<,>w<k>o<:>w<v>o<,>w<f>o<(>o<)>o<:>w<w>o<,>"
	    "o<:>!<'a>");
	check("a[1;:b", "w<a>o<[>n<1>;<;>p<:b>");
}

static void marks(void **state)
{
	(void)state;
	check("\xef\xbb\xbf"
	      "a \xef\xbb\xbf"
	      "b",
	    "w<a>w<\xef\xbb\xbf"
	    "b>");
}

static void client_commands(void **state)
{
	(void)state;
	check("\\a 'b\r\nc\\d e", "\\<\\a 'b>w<c>\\<\\d e>");
}

static void copy_data(void **state)
{
	(void)state;
	check("COPY a FROM stdin;\n'b\n\\.\nc", "w<COPY>w<a>w<FROM>w<stdin>;<;>d<'b\n\\.>w<c>");
	check("copy a (b) from STDOUT; --c\n\\.",
	    "w<copy>w<a>o<(>w<b>o<)>w<from>w<STDOUT>;<;>c<--c>"
	    "d<\\.>");
	check("a;COPY b FROM stdin WHERE c;\n\\.",
	    "w<a>;<;>w<COPY>w<b>w<FROM>w<stdin>w<WHERE>w<c>;<;>"
	    "d<\\.>");
	check("COPY a FROM stdin;\n\\.b\n \\.\n\\.\r\n\\.",
	    "w<COPY>w<a>w<FROM>w<stdin>;<;>d<\\.b\n \\.\n\\.>\\<\\.>");
	check("COPY (SELECT a FROM stdin) TO b;\nc",
	    "w<COPY>o<(>w<SELECT>w<a>w<FROM>w<stdin>o<)>w<TO>w<b>;<;>w<c>");
	check("a COPY b FROM stdin;\nc", "w<a>w<COPY>w<b>w<FROM>w<stdin>;<;>w<c>");
	check("COPY a FROM stdin; b", "w<COPY>w<a>w<FROM>w<stdin>;<;>!<b>");
	check("COPY a FROM stdin;\n", "w<COPY>w<a>w<FROM>w<stdin>;<;>");
	check("COPY a FROM stdin;\nb", "w<COPY>w<a>w<FROM>w<stdin>;<;>!<b>");
}

/* --- Classes --- */

static struct sql_script split(const char *text)
{
	struct sql_script script = {0};

	if (!sql_split(&script, &dialect_postgres, text, strlen(text), "m.sql", 1, &arena, &err))
		fail_msg("line %d: %s: %s", err.line, err.message, text);
	return script;
}

static void check_class(enum sql_class class, const char *const *texts)
{
	for (; *texts != NULL; texts++) {
		struct sql_script script = split(*texts);

		assert_int_equal(script.count, 1);
		if (script.statements[0].class != class)
			fail_msg("%s: class %d, not %d", *texts, script.statements[0].class, class);
		if (class == SQL_OUTSIDE || class >= SQL_CONTROL)
			assert_non_null(script.statements[0].advice);
	}
}

#define CLASS(class, ...) check_class(class, (const char *const[]){__VA_ARGS__, NULL})

/* As PostgreSQL 15 has them: each of these is refused in a transaction, and each twin is not. */
static void outside(void **state)
{
	(void)state;
	CLASS(SQL_OUTSIDE, "CREATE INDEX CONCURRENTLY i ON t (a)",
	    "create unique index concurrently if not exists i on t (a)",
	    "DROP INDEX CONCURRENTLY IF EXISTS i", "REINDEX INDEX CONCURRENTLY i",
	    "REINDEX (VERBOSE, CONCURRENTLY) TABLE t", "REINDEX (CONCURRENTLY TRUE) TABLE t",
	    "REINDEX DATABASE d", "REINDEX (VERBOSE) SYSTEM d", "REINDEX SCHEMA s", "VACUUM",
	    "VACUUM (FULL) t", "CREATE DATABASE d", "DROP DATABASE IF EXISTS d",
	    "ALTER DATABASE d SET TABLESPACE t", "CREATE TABLESPACE t LOCATION '/x'",
	    "DROP TABLESPACE t", "ALTER SYSTEM SET work_mem = 1", "ALTER SYSTEM RESET ALL",
	    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
	    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (copy_data = false)",
	    "DROP SUBSCRIPTION s", "ALTER SUBSCRIPTION s REFRESH PUBLICATION", "CLUSTER",
	    "CLUSTER VERBOSE", "CLUSTER (VERBOSE)",
	    "ALTER TABLE IF EXISTS a.p DETACH PARTITION a.q CONCURRENTLY");
	CLASS(SQL_PLAIN, "CREATE INDEX concurrently_ ON t (a)", "CREATE INDEX ON t (concurrently)",
	    "DROP INDEX i", "REINDEX TABLE t", "REINDEX (CONCURRENTLY FALSE) TABLE t",
	    "REINDEX (VERBOSE) INDEX i", "ALTER DATABASE d SET work_mem = 1",
	    "ALTER DATABASE d RENAME TO e", "CREATE TABLE vacuum (a int)",
	    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)",
	    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p, q WITH (create_slot = 'off')",
	    "CLUSTER t", "CLUSTER VERBOSE t USING i", "ALTER TABLE p DETACH PARTITION q",
	    "ALTER TABLE p DETACH PARTITION q FINALIZE", "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
	    "ALTER TABLESPACE t SET (a = 1)", "CHECKPOINT", "LISTEN a");
}

static void transactions(void **state)
{
	(void)state;
	CLASS(SQL_BEGIN, "BEGIN", "BEGIN WORK", "begin transaction", "START TRANSACTION");
	CLASS(SQL_COMMIT, "COMMIT", "COMMIT WORK", "END", "END TRANSACTION");
	CLASS(SQL_CONTROL, "BEGIN ISOLATION LEVEL SERIALIZABLE", "START TRANSACTION READ ONLY",
	    "COMMIT AND CHAIN", "ROLLBACK", "ROLLBACK TO a", "ABORT", "SAVEPOINT a", "RELEASE a",
	    "PREPARE TRANSACTION 'a'", "COMMIT PREPARED 'a'", "ROLLBACK PREPARED 'a'",
	    "SET TRANSACTION READ ONLY", "SET LOCAL TRANSACTION READ ONLY",
	    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
	    "SET transaction_isolation = 'serializable'", "BEGIN CREATE TABLE t (a int)");
	CLASS(SQL_PLAIN, "DO $$ BEGIN COMMIT; END $$", "CALL commit_all()", "LOCK t",
	    "PREPARE a AS SELECT 1");
}

static void settings(void **state)
{
	(void)state;
	CLASS(SQL_FORBIDDEN, "SET track_counts = off", "SET LOCAL \"track_counts\" TO off",
	    "SET SESSION default_transaction_read_only = on",
	    "SET standard_conforming_strings = off", "SET client_encoding TO latin1",
	    "SET NAMES 'latin1'", "SET SESSION AUTHORIZATION a",
	    "SET LOCAL SESSION AUTHORIZATION DEFAULT", "RESET SESSION AUTHORIZATION", "RESET ALL",
	    "DISCARD ALL", "DISCARD TEMP", "DEALLOCATE ALL", "DEALLOCATE PREPARE ALL",
	    "SELECT pg_advisory_unlock_all()", "SELECT pg_catalog.pg_advisory_unlock(1)",
	    "SELECT 1, set_config('track_counts', 'off', false)", "COPY t TO stdout",
	    "COPY (SELECT 1) TO STDOUT");
	CLASS(SQL_EITHER, "SET lock_timeout = '1s'", "SET SESSION search_path TO a, b",
	    "RESET search_path", "ANALYZE t", "COMMENT ON INDEX i IS 'x'",
	    "SET client_encoding = 'UTF8'", "SET client_encoding TO utf8", "SET NAMES 'UTF8'",
	    "SET standard_conforming_strings = on", "SET ROLE a", "SHOW a",
	    "SET session_replication_role = replica", "ALTER SUBSCRIPTION s DISABLE");
	CLASS(SQL_PLAIN, "SET LOCAL lock_timeout = 1", "SET CONSTRAINTS ALL IMMEDIATE",
	    "DISCARD PLANS", "DEALLOCATE a", "SELECT pg_advisory_xact_lock(1)",
	    "SELECT set_config('search_path', '', false)", "COPY t TO '/x'",
	    "ALTER ROLE a SET track_counts = off");
	CLASS(SQL_LATE, "ALTER TYPE a.b ADD VALUE 'c'", "ALTER TYPE b ADD VALUE IF NOT EXISTS 'c'");
}

/* --- What is refused while a file is split: where, and what is said --- */

static void check_refused(const char *text, int line, const char *message, const char *next)
{
	struct sql_script script = {.count = 77};

	err = (struct err){0};
	if (sql_split(&script, &dialect_postgres, text, strlen(text), "m.sql", 1, &arena, &err))
		fail_msg("not refused: %s", text);
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_int_equal(err.line, line);
	if (strstr(err.message, message) == NULL || strstr(err.next, next) == NULL)
		fail_msg("%s: %s, %s", text, err.message, err.next);
	assert_int_equal(script.count, 77);
}

static void refused_commands(void **state)
{
	(void)state;
	check_refused("SELECT 1;\n\\connect b", 2, "\\connect is", "pg_dump --create");
	check_refused("\\c - bob", 1, "\\c is", "connected to alone");
	check_refused("\n\\ir other.sql", 2, "\\ir is", "copy the file's statements");
	check_refused("\\copy t FROM 'x'", 1, "\\copy is", "COPY … FROM stdin");
	check_refused("\\set a 1", 1, "\\set is", "where :name stands");
	check_refused("\\set ON_ERROR_STOP off", 1, "\\set is", "remove it");
	check_refused("\\set ON_ERROR_STOP 10", 1, "\\set is", "remove it");
	check_refused("SELECT 1 \\gset", 1, "\\gset is", "where its result is needed");
	check_refused("\\! rm", 1, "\\! is", "no program");
	check_refused("\\", 1, "\\ is", "write it as SQL");
	check_refused("\\.", 1, "\\. is", "no COPY");
	check_refused("SELECT 1\n\\echo a\n;", 2, "\\echo is", "between two statements");
	check_refused("\\restrict a \\\\ DROP TABLE t;", 1, "\\restrict is", "a line of its own");
}

static void refused_texts(void **state)
{
	(void)state;
	check_refused("SELECT 1;\nSELECT (1,\n(2);", 2, "parenthesis", "close it");
	check_refused("SELECT 1;\n\nSELECT '\xff';", 3, "0xff is no UTF-8", "UTF-8");
	check_refused("SELECT 1 -- \xc3(\n;SELECT\n2 -- \xed\xa0\x80\n+ 1", 3, "0xed", "UTF-8");
	check_refused(
	    "CREATE FUNCTION f()\nBEGIN ATOMIC SELECT CASE END;", 1, "BEGIN ATOMIC", "END;");
	check_refused("COPY t FROM stdin", 1, "without its data", "\\.");
	check_refused("SELECT 1;\nCOPY t FROM stdin; -- a", 2, "without its data", "\\.");
}

/* What no statement has, the server does not get. */
static void accepted_texts(void **state)
{
	(void)state;
	assert_int_equal(split("-- \xff\nSELECT 1; /* \xff */").count, 1);
	assert_int_equal(split("SELECT ')'; SELECT 2)").count, 2);
	assert_int_equal(split("\\restrict a\n\\unrestrict a").count, 0);
	assert_int_equal(split("\\set ON_ERROR_STOP on\r\nSELECT 1;").count, 1);
	assert_int_equal(split("SELECT 'a\xc2\x85\xf0\x9f\x98\x80'").count, 1);
}

static void dropped_commands_have_no_checksum(void **state)
{
	struct sql_script with = split("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n");

	(void)state;
	assert_string_equal(with.checksum, split("SELECT 1").checksum);
}

static void data_has_a_checksum(void **state)
{
	struct sql_script one = split("COPY t FROM stdin;\n1\n\\.\nSELECT 1;");

	(void)state;
	assert_int_equal(one.statements[0].data_len, 2);
	assert_memory_equal(one.statements[0].data, "1\n", 2);
	assert_int_equal(one.statements[0].data_line, 2);
	assert_null(one.statements[1].data);
	assert_string_equal(
	    one.checksum, split("COPY t FROM stdin; -- a\r\n1\r\n\\.\r\nSELECT 1;").checksum);
	assert_string_not_equal(
	    one.checksum, split("COPY t FROM stdin;\n2\n\\.\nSELECT 1;").checksum);
	assert_string_not_equal(
	    one.checksum, split("COPY t FROM stdin;\n1\n\\.\n\nSELECT 1 ;;SELECT 1").checksum);
	one = split("COPY t FROM stdin;\n\\.");
	assert_non_null(one.statements[0].data);
	assert_int_equal(one.statements[0].data_len, 0);
}

static void parameters(void **state)
{
	(void)state;
	assert_string_equal(split("SELECT $1").statements[0].parameter, "$1");
	assert_string_equal(split("SELECT a\nFROM :b").statements[0].parameter, ":b");
	assert_int_equal(split("SELECT a\nFROM :b").statements[0].parameter_line, 2);
	assert_null(split("PREPARE p AS SELECT $1").statements[0].parameter);
	assert_null(split("CREATE FUNCTION f(int) RETURN $1").statements[0].parameter);
	assert_string_equal(
	    split("CREATE FUNCTION f(int) RETURN :a").statements[0].parameter, ":a");
	assert_null(split("SELECT a[1:b], c::d, '$1', $$ :e $$").statements[0].parameter);
}

#define TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(strings),
	    TEST(dollars),
	    TEST(comments),
	    TEST(operators),
	    TEST(numbers),
	    TEST(colons),
	    TEST(marks),
	    TEST(client_commands),
	    TEST(copy_data),
	    TEST(outside),
	    TEST(transactions),
	    TEST(settings),
	    TEST(refused_commands),
	    TEST(refused_texts),
	    TEST(accepted_texts),
	    TEST(dropped_commands_have_no_checksum),
	    TEST(data_has_a_checksum),
	    TEST(parameters),
	};

	return cmocka_run_group_tests_name("postgres", tests, NULL, NULL);
}
