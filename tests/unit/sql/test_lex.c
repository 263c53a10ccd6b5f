/* Every kind of token, awkward bytes, and the promise that no byte is lost or doubled. */
#include "sql/lex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct expected {
	enum sql_token_kind kind;
	const char *text;
};

/* Lex `text`, leave out white space, and compare with a list ended by SQL_TOKEN_END. */
static void check_bytes(const char *text, size_t len, const struct expected *expected)
{
	const char *at = text;
	struct sql_lexer lexer;
	struct sql_token token;

	sql_lex_init(&lexer, &dialect_sqlite, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		assert_ptr_equal(token.text, at);
		assert_true(token.len > 0);
		at += token.len;
		if (token.kind == SQL_TOKEN_SPACE)
			continue;
		assert_int_equal(token.kind, expected->kind);
		assert_int_equal(token.len, strlen(expected->text));
		assert_memory_equal(token.text, expected->text, token.len);
		expected++;
	}
	assert_ptr_equal(at, text + len);
	assert_int_equal(expected->kind, SQL_TOKEN_END);
	assert_int_equal(sql_lex_next(&lexer).kind, SQL_TOKEN_END);
}

#define CHECK(text, ...)                                                                           \
	check_bytes(                                                                               \
	    text, sizeof(text) - 1, (const struct expected[]){__VA_ARGS__, {SQL_TOKEN_END, NULL}})

#define WORD(text)                                                                                 \
	{                                                                                          \
		SQL_TOKEN_WORD, text                                                               \
	}
#define IDENTIFIER(text)                                                                           \
	{                                                                                          \
		SQL_TOKEN_IDENTIFIER, text                                                         \
	}
#define STRING(text)                                                                               \
	{                                                                                          \
		SQL_TOKEN_STRING, text                                                             \
	}
#define NUMBER(text)                                                                               \
	{                                                                                          \
		SQL_TOKEN_NUMBER, text                                                             \
	}
#define PARAMETER(text)                                                                            \
	{                                                                                          \
		SQL_TOKEN_PARAMETER, text                                                          \
	}
#define OPERATOR(text)                                                                             \
	{                                                                                          \
		SQL_TOKEN_OPERATOR, text                                                           \
	}
#define COMMENT(text)                                                                              \
	{                                                                                          \
		SQL_TOKEN_COMMENT, text                                                            \
	}
#define SEMICOLON                                                                                  \
	{                                                                                          \
		SQL_TOKEN_SEMICOLON, ";"                                                           \
	}

static void nothing(void **state)
{
	struct sql_lexer lexer;

	(void)state;
	sql_lex_init(&lexer, &dialect_sqlite, NULL, 0, 1);
	assert_int_equal(sql_lex_next(&lexer).kind, SQL_TOKEN_END);
	check_bytes("", 0, (const struct expected[]){{SQL_TOKEN_END, NULL}});
	check_bytes(" \t\r\n\f\v", 6, (const struct expected[]){{SQL_TOKEN_END, NULL}});
}

static void words(void **state)
{
	(void)state;
	CHECK("select _a a$1 $", WORD("select"), WORD("_a"), WORD("a$1"), OPERATOR("$"));
	CHECK("na\xc3\xafve \xff\xfe x", WORD("na\xc3\xafve"), WORD("\xff\xfe"), WORD("x"));
	CHECK("a;b;", WORD("a"), SEMICOLON, WORD("b"), SEMICOLON);
}

static void quoted_names(void **state)
{
	(void)state;
	CHECK("\"a\"\"b;\"`c``'`[d\"--]x", IDENTIFIER("\"a\"\"b;\""), IDENTIFIER("`c``'`"),
	    IDENTIFIER("[d\"--]"), WORD("x"));
	/* A bracket has no way to be written inside brackets. */
	CHECK("[a]]", IDENTIFIER("[a]"), OPERATOR("]"));
	CHECK("\"\"[]", IDENTIFIER("\"\""), IDENTIFIER("[]"));
}

static void strings(void **state)
{
	(void)state;
	CHECK("'it''s;'''", STRING("'it''s;'''"));
	CHECK("'' 'a\\'", STRING("''"), STRING("'a\\'"));
	CHECK("'a' 'b'", STRING("'a'"), STRING("'b'"));
	CHECK("x'0aF'X''y'q'", STRING("x'0aF'"), STRING("X''"), WORD("y"), STRING("'q'"));
	CHECK("x'ab''cd'", STRING("x'ab'"), STRING("'cd'"));
	CHECK("'\xff\x80'", STRING("'\xff\x80'"));
}

static void numbers(void **state)
{
	(void)state;
	CHECK("1 1.5 .5 1. 1e5 1E-5 1.e+5", NUMBER("1"), NUMBER("1.5"), NUMBER(".5"), NUMBER("1."),
	    NUMBER("1e5"), NUMBER("1E-5"), NUMBER("1.e+5"));
	CHECK("0xFf 0x1g 0xg 12ab 1e+", NUMBER("0xFf"), NUMBER("0x1"), WORD("g"), NUMBER("0xg"),
	    NUMBER("12ab"), NUMBER("1e"), OPERATOR("+"));
	CHECK("1..5 a.5 a.b", NUMBER("1."), NUMBER(".5"), WORD("a"), NUMBER(".5"), WORD("a"),
	    OPERATOR("."), WORD("b"));
}

static void parameters(void **state)
{
	(void)state;
	CHECK("? ?12 :a @b $c #1", PARAMETER("?"), PARAMETER("?12"), PARAMETER(":a"),
	    PARAMETER("@b"), PARAMETER("$c"), PARAMETER("#1"));
	CHECK("$a::b(x;') y", PARAMETER("$a::b(x;')"), WORD("y"));
	CHECK("$a(x y) : @", PARAMETER("$a(x"), WORD("y"), OPERATOR(")"), OPERATOR(":"),
	    OPERATOR("@"));
	CHECK("$a(x", PARAMETER("$a(x"));
}

static void operators(void **state)
{
	(void)state;
	CHECK("(a)->>'b'<>c||d", OPERATOR("("), WORD("a"), OPERATOR(")"), OPERATOR("->>"),
	    STRING("'b'"), OPERATOR("<>"), WORD("c"), OPERATOR("||"), WORD("d"));
	CHECK("a<=b>=c==d!=e<<f>>g->h", WORD("a"), OPERATOR("<="), WORD("b"), OPERATOR(">="),
	    WORD("c"), OPERATOR("=="), WORD("d"), OPERATOR("!="), WORD("e"), OPERATOR("<<"),
	    WORD("f"), OPERATOR(">>"), WORD("g"), OPERATOR("->"), WORD("h"));
	CHECK("*/!\\\x01", OPERATOR("*"), OPERATOR("/"), OPERATOR("!"), OPERATOR("\\"),
	    OPERATOR("\x01"));
}

static void comments(void **state)
{
	(void)state;
	CHECK("a--b;'\nc", WORD("a"), COMMENT("--b;'"), WORD("c"));
	CHECK("a--b", WORD("a"), COMMENT("--b"));
	CHECK("--a\rb\r\nc", COMMENT("--a\rb\r"), WORD("c"));
	CHECK("a/*;'/**/b", WORD("a"), COMMENT("/*;'/**/"), WORD("b"));
	CHECK("a/*/b", WORD("a"), COMMENT("/*/b"));
	CHECK("a/*b*", WORD("a"), COMMENT("/*b*"));
	CHECK("- -1<--1", OPERATOR("-"), OPERATOR("-"), NUMBER("1"), OPERATOR("<"), COMMENT("--1"));
}

static void byte_order_marks(void **state)
{
	(void)state;
	CHECK("\xef\xbb\xbf"
	      "a;\xef\xbb\xbf"
	      "b\xef\xbb\xbf",
	    WORD("a"), SEMICOLON, WORD("b\xef\xbb\xbf"));
	CHECK("\xef\xbb", WORD("\xef\xbb"));
}

static void broken(void **state)
{
	(void)state;
	CHECK("a 'b;\nc", WORD("a"), {SQL_TOKEN_BROKEN, "'b;\nc"});
	CHECK("a \"b\"\"", WORD("a"), {SQL_TOKEN_BROKEN, "\"b\"\""});
	CHECK("[b", {SQL_TOKEN_BROKEN, "[b"});
	CHECK("`", {SQL_TOKEN_BROKEN, "`"});
	CHECK("x'12", {SQL_TOKEN_BROKEN, "x'12"});
}

static void nul_bytes(void **state)
{
	static const char bare[] = "a;\0b", quoted[] = "'a\0'", comment[] = "--\0\nb";
	struct sql_lexer lexer;
	struct sql_token token;

	(void)state;
	sql_lex_init(&lexer, &dialect_sqlite, bare, sizeof(bare) - 1, 1);
	assert_int_equal(sql_lex_next(&lexer).kind, SQL_TOKEN_WORD);
	assert_int_equal(sql_lex_next(&lexer).kind, SQL_TOKEN_SEMICOLON);
	token = sql_lex_next(&lexer);
	assert_int_equal(token.kind, SQL_TOKEN_BROKEN);
	assert_int_equal(token.len, 2);
	sql_lex_init(&lexer, &dialect_sqlite, quoted, sizeof(quoted) - 1, 1);
	token = sql_lex_next(&lexer);
	assert_int_equal(token.kind, SQL_TOKEN_BROKEN);
	assert_int_equal(token.len, 4);
	sql_lex_init(&lexer, &dialect_sqlite, comment, sizeof(comment) - 1, 1);
	assert_int_equal(sql_lex_next(&lexer).kind, SQL_TOKEN_COMMENT);
	assert_int_equal(sql_lex_next(&lexer).kind, SQL_TOKEN_BROKEN);
	assert_int_equal(sql_lex_next(&lexer).kind, SQL_TOKEN_END);
}

/* The text ends where its length says, whatever comes behind. */
static void length_is_kept(void **state)
{
	(void)state;
	check_bytes("0x1", 2, (const struct expected[]){NUMBER("0x"), {SQL_TOKEN_END, NULL}});
	check_bytes("--", 1, (const struct expected[]){OPERATOR("-"), {SQL_TOKEN_END, NULL}});
	check_bytes("->>", 2, (const struct expected[]){OPERATOR("->"), {SQL_TOKEN_END, NULL}});
	check_bytes("''''", 2, (const struct expected[]){STRING("''"), {SQL_TOKEN_END, NULL}});
	check_bytes("x'", 1, (const struct expected[]){WORD("x"), {SQL_TOKEN_END, NULL}});
	check_bytes("/**/", 3, (const struct expected[]){COMMENT("/**"), {SQL_TOKEN_END, NULL}});
}

static void lines(void **state)
{
	static const char text[] = "a\nb\r\nc\rd 'e\n\nf' g /*\n*/ h --i\n\"j\n\" k";
	static const int expected[] = {7, 8, 9, 9, 9, 11, 11, 12, 12, 13, 14};
	struct sql_lexer lexer;
	struct sql_token token;
	size_t n = 0;

	(void)state;
	sql_lex_init(&lexer, &dialect_sqlite, text, sizeof(text) - 1, 7);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (token.kind != SQL_TOKEN_SPACE)
			assert_int_equal(token.line, expected[n++]);
	}
	assert_int_equal(n, sizeof(expected) / sizeof(*expected));
}

static void token_is(void **state)
{
	const struct sql_token word = {.kind = SQL_TOKEN_WORD, .text = "EndX", .len = 3};
	const struct sql_token quoted = {.kind = SQL_TOKEN_IDENTIFIER, .text = "end", .len = 3};

	(void)state;
	assert_true(sql_token_is(&word, "END"));
	assert_true(sql_token_is(&word, "end"));
	assert_false(sql_token_is(&word, "EN"));
	assert_false(sql_token_is(&word, "ENDX"));
	assert_false(sql_token_is(&quoted, "end"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing),
	    cmocka_unit_test(words),
	    cmocka_unit_test(quoted_names),
	    cmocka_unit_test(strings),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(parameters),
	    cmocka_unit_test(operators),
	    cmocka_unit_test(comments),
	    cmocka_unit_test(byte_order_marks),
	    cmocka_unit_test(broken),
	    cmocka_unit_test(nul_bytes),
	    cmocka_unit_test(length_is_kept),
	    cmocka_unit_test(lines),
	    cmocka_unit_test(token_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
