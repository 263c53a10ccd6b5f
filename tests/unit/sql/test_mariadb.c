/*
 * MariaDB's and MySQL's tokens in each mode, executable comments on servers that read them
 * differently, how each of their statements may be run, and what a changed column is said to be.
 */
#include "sql/column_change.h"
#include "sql/executable.h"
#include "sql/lex.h"
#include "sql/modes.h"
#include "sql/names.h"
#include "sql/risk.h"
#include "sql/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
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
    [SQL_TOKEN_MARK] = 'm',
    [SQL_TOKEN_DELIMITER] = 'd',
    [SQL_TOKEN_BROKEN] = '!',
};

static void check_lexer(struct sql_lexer lexer, const char *expected)
{
	const char *at = lexer.begin;
	char *found = arena_strdup(&arena, "");
	struct sql_token token;

	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		assert_ptr_equal(token.text, at);
		at += token.len;
		if (token.kind != SQL_TOKEN_SPACE)
			found = arena_printf(&arena, "%s%c<%.*s>", found, kinds[token.kind],
			    (int)token.len, token.text);
	}
	assert_ptr_equal(at, lexer.text_end);
	assert_string_equal(found, expected);
}

static void check_in(const struct dialect *dialect, const char *text, const char *expected)
{
	struct sql_lexer lexer;

	sql_lex_init(&lexer, dialect, text, strlen(text), 1);
	check_lexer(lexer, expected);
}

static void check(const char *text, const char *expected)
{
	check_in(&dialect_mariadb, text, expected);
}

static void check_on(struct sql_server server, const char *text, const char *expected)
{
	struct sql_lexer lexer;

	sql_lex_init(&lexer, &dialect_mariadb, text, strlen(text), 1);
	lexer.server = &server;
	check_lexer(lexer, expected);
}

static void strings_and_names(void **state)
{
	(void)state;
	check("'a\\'b' \"c\"\"\\\"d\" `e``\\`", "s<'a\\'b'>s<\"c\"\"\\\"d\">i<`e``\\`>");
	check("n'a\\'' x'41' b'1' _utf8'a'", "s<n'a\\''>s<x'41'>s<b'1'>w<_utf8>s<'a'>");
	check("'a\\\\'b", "s<'a\\\\'>w<b>");
	check("x'4\\'", "s<x'4\\'>");
	check("SELECT 'a", "w<SELECT>!<'a>");
	check("'\\", "!<'\\>");
	check("$a $$ a$b 1a .5 1e5", "w<$a>w<$$>w<a$b>n<1a>n<.5>n<1e5>");
	check("@a @@b @'c' a:=@d :x ?", "o<@>w<a>o<@@>w<b>o<@>s<'c'>w<a>o<:=>o<@>w<d>o<:>w<x>p<?>");
	check("\\N \\g x\ny", "w<\\N>\\<\\g x>w<y>");
}

static void modes(void **state)
{
	static const char text[] = "\"a\\\"b\" 'c\\' d";
	const struct dialect *ansi = sql_dialect_in_modes(&dialect_mariadb, "a, ansi_quotes ", 15);

	(void)state;
	check(text, "s<\"a\\\"b\">!<'c\\' d>");
	check_in(ansi, text, "i<\"a\\\">w<b>!<\" 'c\\' d>");
	check_in(sql_dialect_in_modes(&dialect_mariadb, "NO_BACKSLASH_ESCAPES", 20), text,
	    "s<\"a\\\">w<b>!<\" 'c\\' d>");
	check_in(sql_dialect_in_modes(ansi, "NO_BACKSLASH_ESCAPES,ANSI", 25), "'a\\' \"b\"",
	    "s<'a\\'>i<\"b\">");
	assert_ptr_equal(sql_dialect_in_modes(ansi, "STRICT_ALL_TABLES", 17), &dialect_mariadb);
	assert_ptr_equal(sql_dialect_in_modes(&dialect_sqlite, "ANSI", 4), &dialect_sqlite);
}

static void comments(void **state)
{
	(void)state;
	check("a # b\nc", "w<a>c<# b>w<c>");
	check("a -- b\nc --\nd --\td", "w<a>c<-- b>w<c>c<-->w<d>c<--\td>");
	check("a--b --", "w<a>o<->o<->w<b>c<-->");
	check("--a\nb; --c\nd", "c<--a>w<b>;<;>c<--c>w<d>");
	check("a /* b /* c */ */", "w<a>c</* b /* c */>o<*>o</>");
	check("a /* b", "w<a>!</* b>");
	check("/*+ a */ /**/ b", "c</*+ a */>c</**/>w<b>");
	check("a -- b\rc", "w<a>c<-- b\rc>");
}

static void executable_comments(void **state)
{
	(void)state;
	check("/*!50110 a */ b", "m</*!50110>w<a>m<*/>w<b>");
	check("/*! a*/ /*M! b*/", "m</*!>w<a>m<*/>m</*M!>w<b>m<*/>");
	check("/*!100100a*/ /*!501 a*/", "m</*!100100>w<a>m<*/>m</*!>n<501>w<a>m<*/>");
	check("a */ b", "w<a>o<*>o</>w<b>");
	check("/*!50110 a /* b */ '*/' */ c", "m</*!50110>w<a>c</* b */>s<'*/'>m<*/>w<c>");
	check("/*!50110 /*!50110 a */ */", "m</*!50110>!</*!50110 a */ */>");
	/* Where it is skipped it would end elsewhere. */
	check("/*!50700 a '*/' */", "m</*!50700>w<a>!<'*/' */>");
	check("/*M! `/*` */", "m</*M!>!<`/*` */>");
	check("/*!80000 # */\n*/", "m</*!80000>!<# */\n*/>");
	check("/*!80000 a /* b */ # c\n*/", "m</*!80000>w<a>c</* b */>c<# c>m<*/>");
	check("/*M!999999\\- a */ b", "m</*M!999999>\\<\\- a >m<*/>w<b>");
}

static void executable_comments_of_others(void **state)
{
	const struct sql_server mysql = {false, 80036}, mariadb = {true, 101104};

	(void)state;
	check_on(
	    mysql, "/*!80036 a */ /*!80037 b */ c", "m</*!80036>w<a>m<*/>c</*!80037 b */>w<c>");
	check_on(mysql, "/*M!100100 a /* b */ */ c", "c</*M!100100 a /* b */ */>w<c>");
	check_on(mysql, "/*!50003 a */ /*! b */", "m</*!50003>w<a>m<*/>m</*!>w<b>m<*/>");
	check_on(mariadb, "/*!50003 a */ /*!50700 b */", "m</*!50003>w<a>m<*/>c</*!50700 b */>");
	check_on(mariadb, "/*!99999 a */ /*!101104 b */", "c</*!99999 a */>m</*!101104>w<b>m<*/>");
	check_on(mariadb, "/*M!101105 a */ /*M! b */", "c</*M!101105 a */>m</*M!>w<b>m<*/>");
	check_on(mariadb, "/*M!101105 a", "!</*M!101105 a>");
}

static size_t worlds_of(const char *text)
{
	struct sql_server worlds[SQL_WORLDS];

	return sql_worlds(worlds, &dialect_mariadb, text, strlen(text));
}

static void worlds(void **state)
{
	char many[1000] = "SELECT 1";

	(void)state;
	assert_int_equal(worlds_of("SELECT '/*!80000'"), 0);
	assert_int_equal(worlds_of("/*!50003 SELECT 1 */"), 0);
	assert_int_equal(worlds_of("/*M! SELECT 1 */"), 2);
	assert_int_equal(worlds_of("/*!80036 SELECT 1 */"), 3);
	assert_int_equal(worlds_of("/*!80036 SELECT */ /*!80036 1 */"), 3);
	assert_int_equal(worlds_of("/*!100600 SELECT 1 */"), 4);
	for (int i = 0; i < 30; i++)
		snprintf(
		    many + strlen(many), sizeof(many) - strlen(many), "/*!%d + 1 */", 80001 + i);
	assert_int_equal(worlds_of(many), SQL_WORLDS + 1);
	const struct sql_statement statement = {.text = many, .len = strlen(many)};
	struct risk risk;
	risk_of(&risk, &dialect_mariadb, &statement, &arena);
	assert_int_equal(risk.level, RISK_UNKNOWN);
	assert_string_equal(risk.rule, "too-long");
}

static void delimiters(void **state)
{
	static const struct {
		const char *line, *delimiter; /* NULL: it is none */
	} lines[] = {
	    {" //", "//"},
	    {"\t$$ and more", "$$"},
	    {" ';;'", ";;"},
	    {" `a b` c", "a b"},
	    {" ;", ""},
	    {" 012345678901234", "012345678901234"},
	    {" 0123456789012345", NULL},
	    {"", NULL},
	    {" ''", NULL},
	    {" 'a", NULL},
	    {" \\\\", NULL},
	};
	struct sql_lexer lexer;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *text = arena_printf(&arena, "%s\r\nnext", lines[i].line);

		sql_lex_init(&lexer, &dialect_mariadb, text, strlen(text), 1);
		assert_int_equal(sql_lex_delimiter(&lexer), lines[i].delimiter != NULL);
		assert_string_equal(
		    lexer.delimiter, lines[i].delimiter != NULL ? lines[i].delimiter : "");
		assert_string_equal(lexer.at, lines[i].delimiter != NULL ? "\nnext" : text);
	}
	static const char text[] = "END$$a$$$b '$$' `$$` /*$$*/ 1$$; -- $$";
	sql_lex_init(&lexer, &dialect_mariadb, text, strlen(text), 1);
	memcpy(lexer.delimiter, "$$", 3);
	check_lexer(lexer, "w<END>d<$$>w<a>d<$$>w<$b>s<'$$'>i<`$$`>c</*$$*/>n<1>d<$$>;<;>c<-- $$>");
}

/* --- Classes. --- */

static enum sql_class class_of(const char *text)
{
	struct sql_script script = {0};

	if (!sql_split(&script, &dialect_mariadb, text, strlen(text), "m.sql", 1, &arena, &err))
		fail_msg("%s: %s", text, err.message);
	assert_int_equal(script.count, 1);
	return script.statements[0].class;
}

static void check_classes(enum sql_class class, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		if (class_of(*texts) != class)
			fail_msg("%s", *texts);
}

static void classes(void **state)
{
	static const char *const plain[] = {"INSERT INTO a VALUES (1)", "REPLACE a SELECT 1",
	    "SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "CREATE TEMPORARY TABLE a (b INT)",
	    "DROP TEMPORARY TABLE a", "LOAD DATA INFILE 'a' INTO TABLE b", "DO SLEEP(1)",
	    "ANALYZE SELECT 1", "(SELECT 1)", NULL};
	static const char *const commits[] = {"CREATE TABLE a (b INT)", "ALTER TABLE a FORCE",
	    "DROP VIEW a", "RENAME TABLE a TO b", "TRUNCATE a", "GRANT ALL ON a TO b",
	    "REVOKE ALL ON a FROM b", "SET PASSWORD = 'a'", "SET DEFAULT ROLE a", "ANALYZE TABLE a",
	    "CHECK TABLE a", "OPTIMIZE TABLE a", "REPAIR TABLE a", "CACHE INDEX a IN b",
	    "LOAD INDEX INTO CACHE a", "FLUSH PRIVILEGES", "RESET MASTER",
	    "INSTALL PLUGIN a SONAME 'b'", "UNINSTALL PLUGIN a", "CHANGE MASTER TO a = 1",
	    "START SLAVE", "STOP SLAVE", "CALL a()", "EXECUTE a", "EXECUTE IMMEDIATE 'a'",
	    "BEGIN NOT ATOMIC SELECT 1; END", "IF 1 THEN SELECT 1; END IF",
	    "SET STATEMENT a = 1 FOR SELECT 1", "IMPORT TABLE FROM 'a'", "SOMETHING NEW",
	    "CREATE OR REPLACE TABLE a (b INT)", NULL};
	static const char *const either[] = {"SET NAMES utf8mb4", "SET @a = 1",
	    "PREPARE a FROM 'b'", "DEALLOCATE PREPARE a", "DROP PREPARE a", "SHOW TABLES",
	    "EXPLAIN SELECT 1", "SELECT 1 INTO @a", "SET foreign_key_checks = 0", "SET ROLE a",
	    NULL};
	static const char *const absorbed[] = {"LOCK TABLES a WRITE", "LOCK TABLE a.b READ LOCAL",
	    "LOCK TABLES a LOW_PRIORITY WRITE", "LOCK TABLES a WRITE, b.c AS d READ, e READ LOCAL",
	    "UNLOCK TABLES", NULL};

	(void)state;
	check_classes(SQL_PLAIN, plain);
	check_classes(SQL_COMMITS, commits);
	check_classes(SQL_EITHER, either);
	check_classes(SQL_ABSORBED, absorbed);
}

static void classes_of_transactions(void **state)
{
	static const char *const begin[] = {"BEGIN", "BEGIN WORK", "START TRANSACTION",
	    "SET autocommit = 0", "SET @@session.autocommit = OFF",
	    "set session autocommit := FALSE", "SET @a = @@autocommit, @@AUTOCOMMIT=0", NULL};
	static const char *const commit[] = {"COMMIT", "COMMIT WORK", "SET autocommit = 1",
	    "SET AUTOCOMMIT=@old_autocommit", "SET @@autocommit = ON", NULL};
	static const char *const control[] = {"ROLLBACK", "ROLLBACK TO a", "SAVEPOINT a",
	    "RELEASE SAVEPOINT a", "XA START 'a'", "COMMIT AND CHAIN",
	    "START TRANSACTION READ ONLY", "BEGIN SELECT 1", "SET TRANSACTION READ ONLY",
	    "SET SESSION TRANSACTION READ ONLY", "SET tx_isolation = 'a'",
	    "SET @@session.transaction_isolation = 'a'", "SET a = 1, autocommit = 0",
	    "SET completion_type = 'CHAIN'", NULL};
	static const char *const forbidden[] = {"USE a", "LOCK TABLES a WRITE, b READ DROP TABLE a",
	    "LOCK TABLES a WRITE DROP TABLE a", "UNLOCK TABLES DROP TABLE a", "BACKUP STAGE START",
	    "LOCK INSTANCE FOR BACKUP", "FLUSH TABLES WITH READ LOCK", "FLUSH TABLES a FOR EXPORT",
	    "LOAD DATA LOCAL INFILE 'a' INTO TABLE b",
	    "LOAD XML CONCURRENT LOCAL INFILE 'a' INTO TABLE b", "SHUTDOWN", "RESTART",
	    "SET sql_log_bin = 0", "SET @@GLOBAL.gtid_purged = 'a'", "SET GLOBAL read_only = 1",
	    "SELECT RELEASE_LOCK('a')", "DO release_all_locks()", "/*!80000 SELECT */ DROP TABLE a",
	    NULL};

	(void)state;
	check_classes(SQL_BEGIN, begin);
	check_classes(SQL_COMMIT, commit);
	check_classes(SQL_CONTROL, control);
	check_classes(SQL_FORBIDDEN, forbidden);
}

/* Statements are read again in the mode they were written in. */
static void statements_know_their_mode(void **state)
{
	static const char text[] = "SET sql_mode = 'ANSI_QUOTES';\nDROP TABLE \"a b\";\n"
				   "SET sql_mode = '';\nSELECT \"a b\"";
	struct sql_script script = {0};
	struct risk risk;

	(void)state;
	assert_true(
	    sql_split(&script, &dialect_mariadb, text, strlen(text), "m.sql", 1, &arena, &err));
	assert_int_equal(script.count, 4);
	assert_ptr_equal(script.dialect, &dialect_mariadb);
	assert_ptr_equal(script.statements[0].dialect, &dialect_mariadb);
	assert_ptr_equal(script.statements[1].dialect, dialect_mariadb.modes[SQL_MODE_ANSI_QUOTES]);
	assert_ptr_equal(script.statements[3].dialect, &dialect_mariadb);
	risk_of(&risk, script.statements[1].dialect, &script.statements[1], &arena);
	assert_string_equal(risk.losses[0].object, "table a b");
}

static void what_commits_is_known(void **state)
{
	static const char text[] =
	    "SET @a = 1; BEGIN; INSERT INTO a VALUES (1); COMMIT; DROP VIEW v; DROP VIEW w;";
	struct sql_script script = {0};

	(void)state;
	assert_true(
	    sql_split(&script, &dialect_mariadb, text, strlen(text), "m.sql", 1, &arena, &err));
	assert_true(sql_make_runnable(&script, false, &err));
	assert_false(script.transaction);
	assert_int_equal(script.count, 4);
	assert_ptr_equal(script.changes, &script.statements[1]);
	assert_ptr_equal(script.commits, &script.statements[2]);
}

static void names(void **state)
{
	CLEANUP(buf_free) struct buf out = buf_init(100);

	(void)state;
	sql_quote(&dialect_mariadb, "a`b\"c", &out);
	assert_string_equal(out.data, "`a``b\"c`");
	assert_true(sql_names(&dialect_mariadb, "DROP TABLE `a``b`", 17, "A`B"));
}

/* --- Changed columns, each in one line. --- */

static const char *text_or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

static const char *show(const struct sql_column_change *c)
{
	return arena_printf(&arena, "%s %s %s>%s %s(%s) %s %s d=%s u=%s c=%s g=%s s=%s %x",
	    text_or_dash(c->schema), c->table, c->column, c->name, c->type,
	    text_or_dash(c->arguments), text_or_dash(c->character_set), text_or_dash(c->collation),
	    text_or_dash(c->default_value), text_or_dash(c->on_update), text_or_dash(c->comment),
	    text_or_dash(c->generated), text_or_dash(c->srid), c->flags);
}

static void check_change(const char *text, const char *expected)
{
	struct sql_column_change *changes;
	size_t count = sql_column_changes(&changes, &dialect_mariadb, text, strlen(text), &arena);

	assert_int_equal(count, 1);
	assert_string_equal(show(&changes[0]), expected);
}

static void column_changes(void **state)
{
	(void)state;
	check_change("ALTER TABLE t MODIFY a INT", "- t a>a int(-) - - d=- u=- c=- g=- s=- 0");
	check_change("ALTER ONLINE TABLE IF EXISTS `S`.`T` NOWAIT CHANGE COLUMN IF EXISTS `a b` C "
		     "VARCHAR(20) CHARACTER SET latin1 COLLATE Latin1_bin NOT NULL DEFAULT 'x, y' "
		     "COMMENT 'it''s'",
	    "S T a b>C varchar(20) latin1 latin1_bin d='x, y' u=- c='it''s' g=- s=- 8");
	check_change(
	    "ALTER TABLE t WAIT 5 MODIFY a BIGINT(20) UNSIGNED ZEROFILL AUTO_INCREMENT PRIMARY "
	    "KEY FIRST",
	    "- t a>a bigint(20) - - d=- u=- c=- g=- s=- 4123");
	check_change("ALTER TABLE t MODIFY a ENUM('a','b;') NULL DEFAULT NULL AFTER b",
	    "- t a>a enum('a','b;') - - d=NULL u=- c=- g=- s=- 4010");
	check_change("ALTER TABLE t MODIFY a TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE "
		     "NOW(6) INVISIBLE",
	    "- t a>a timestamp(6) - - d=CURRENT_TIMESTAMP(6) u=NOW(6) c=- g=- s=- 40");
	check_change("ALTER TABLE t MODIFY a NATIONAL VARCHAR (5) BINARY DEFAULT _utf8mb4 'x' 'y'",
	    "- t a>a national varchar(5) - - d=_utf8mb4 'x' 'y' u=- c=- g=- s=- 4");
	check_change("ALTER TABLE t MODIFY a DOUBLE PRECISION DEFAULT -1.5 UNIQUE KEY",
	    "- t a>a double precision(-) - - d=-1.5 u=- c=- g=- s=- 200");
	check_change("ALTER TABLE t MODIFY a CHAR CHARACTER SET utf8mb4 DEFAULT (uuid())",
	    "- t a>a char(-) utf8mb4 - d=(uuid()) u=- c=- g=- s=- 0");
	check_change(
	    "ALTER TABLE t MODIFY a INT GENERATED ALWAYS AS (b + (c)) STORED CHECK (a > 0)",
	    "- t a>a int(-) - - d=- u=- c=- g=(b + (c)) s=- 480");
	check_change("ALTER TABLE t MODIFY a POINT NOT NULL SRID 4326",
	    "- t a>a point(-) - - d=- u=- c=- g=- s=4326 8");
	check_change("ALTER TABLE t MODIFY a INT REFERENCES b (c) ON UPDATE CASCADE",
	    "- t a>a int(-) - - d=- u=- c=- g=- s=- 800");
	check_change(
	    "ALTER TABLE t MODIFY a INT DEFAULT NEXT VALUE FOR s.q WITHOUT SYSTEM VERSIONING",
	    "- t a>a int(-) - - d=NEXT VALUE FOR s.q u=- c=- g=- s=- 2000");
	check_change("ALTER TABLE t MODIFY a INT /*!80023 INVISIBLE */",
	    "- t a>a int(-) - - d=- u=- c=- g=- s=- 8040");
	check_change("ALTER TABLE t MODIFY a INT /*!50003 NOT NULL */ SOMETHING NEW",
	    "- t a>a int(-) - - d=- u=- c=- g=- s=- 8008");
	check_change("ALTER TABLE t MODIFY a", "- t a>a (-) - - d=- u=- c=- g=- s=- 8000");
}

static void several_column_changes(void **state)
{
	static const char text[] = "ALTER TABLE t ADD COLUMN x INT, MODIFY a SET('m,n'), DROP b, "
				   "CHANGE c d TEXT, ALGORITHM = COPY";
	static const char none[] = "ALTER TABLE t ADD COLUMN `modify` INT, DROP `change`";
	struct sql_column_change *changes;

	(void)state;
	assert_int_equal(
	    sql_column_changes(&changes, &dialect_mariadb, text, strlen(text), &arena), 2);
	assert_string_equal(show(&changes[0]), "- t a>a set('m,n') - - d=- u=- c=- g=- s=- 0");
	assert_string_equal(show(&changes[1]), "- t c>d text(-) - - d=- u=- c=- g=- s=- 0");
	assert_int_equal(
	    sql_column_changes(&changes, &dialect_mariadb, none, strlen(none), &arena), 0);
	assert_int_equal(
	    sql_column_changes(&changes, &dialect_mariadb, "MODIFY a INT", 12, &arena), 0);
}

/* Nothing behind the end is read, wherever the text ends. */
static void column_changes_that_are_cut(void **state)
{
	static const char text[] =
	    "ALTER TABLE a.t CHANGE b c NATIONAL CHAR VARYING(5) DEFAULT next value for s.q ON "
	    "UPDATE "
	    "-f(1) AS (1) CHARACTER SET = x COLLATE y COMMENT 'c' CHECK (1) SRID 5 AFTER d";
	struct sql_column_change *changes;

	(void)state;
	for (size_t len = 0; len < strlen(text); len++) {
		const char *cut = arena_strndup(&arena, text, len);

		assert_true(sql_column_changes(&changes, &dialect_mariadb, cut, len, &arena) <= 1);
	}
}

#define TEST(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(strings_and_names),
	    TEST(modes),
	    TEST(comments),
	    TEST(executable_comments),
	    TEST(executable_comments_of_others),
	    TEST(worlds),
	    TEST(delimiters),
	    TEST(classes),
	    TEST(classes_of_transactions),
	    TEST(statements_know_their_mode),
	    TEST(what_commits_is_known),
	    TEST(names),
	    TEST(column_changes),
	    TEST(several_column_changes),
	    TEST(column_changes_that_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
