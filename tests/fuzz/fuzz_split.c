/*
 * Any bytes, in each dialect: tokens cover the text, splitting is repeatable, the checksum doesn't
 * see white space and comments, every statement can be judged; and SQLite's own sqlite3_complete()
 * agrees where a statement of it ends.
 */
#include "base/buf.h"
#include "base/err.h"
#include "sql/column_change.h"
#include "sql/lex.h"
#include "sql/names.h"
#include "sql/risk.h"
#include "sql/script.h"
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whose SQL it is taken for. */
static const struct dialect *dialect;

static void check(bool promise)
{
	if (!promise)
		abort();
}

/* Every byte is in exactly one token, and lines are those of the LFs before it. */
static void check_tokens(const char *text, size_t len)
{
	const char *at = text;
	struct sql_lexer lexer;
	struct sql_token token;
	int line = 1;

	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		check(token.text == at && token.len > 0 && token.len <= (size_t)(text + len - at));
		check(token.line == line);
		for (size_t i = 0; i < token.len; i++)
			line += at[i] == '\n';
		at += token.len;
		check(token.kind != SQL_TOKEN_BROKEN || at == text + len);
	}
	check(at == text + len);
}

static bool split(struct sql_script *script, const char *text, size_t len, struct arena *arena)
{
	struct err err = {0};
	bool done = sql_split(script, dialect, text, len, "f", 1, arena, &err);

	check(done || (err.kind == ERR_MALFORMED && err.line > 0 && err.next[0] != '\0'));
	return done;
}

/* The same tokens with `gap` between them. */
static void respell(struct buf *out, const char *text, size_t len, const char *gap)
{
	struct sql_lexer lexer;
	struct sql_token token;

	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (token.kind == SQL_TOKEN_SPACE || token.kind == SQL_TOKEN_COMMENT)
			continue;
		buf_add(out, token.text, token.len);
		buf_add_text(out, gap);
	}
}

/* Data and the client's commands need lines of their own; and behind a mode tokens are others. */
static bool needs_lines(const char *text, size_t len)
{
	struct sql_lexer lexer;
	struct sql_token token;

	if (dialect->modes != NULL && (sql_names(dialect, text, len, "DELIMITER") ||
					  sql_names(dialect, text, len, "sql_mode")))
		return true;
	for (const struct sql_client_command *word = dialect->client_words;
	     word != NULL && word->name != NULL; word++)
		if (sql_names(dialect, text, len, word->name))
			return true;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (token.kind == SQL_TOKEN_DATA || token.kind == SQL_TOKEN_CLIENT)
			return true;
	return false;
}

static void check_respelled(
    const struct sql_script *script, const char *text, size_t len, const char *gap)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf other = buf_init(len * 16 + 16);
	struct sql_script again = {0};

	respell(&other, text, len, gap);
	check(!other.overflow);
	check(split(&again, other.data, other.len, &arena));
	check(again.count == script->count);
	check(strcmp(again.checksum, script->checksum) == 0);
}

/*
 * sqlite3_complete() is simpler than SQLite's tokenizer: it knows neither byte order marks, `\v` as
 * white space, nor $name(…), takes an open comment for an open statement, and any words between
 * EXPLAIN and CREATE and any number of TEMPs for the start of a trigger.
 */
static bool oracle_applies(const char *text, size_t len)
{
	struct sql_lexer lexer;
	struct sql_token token;
	size_t temps = 0;

	if (strchr(text, '\v') != NULL || strstr(text, "\xef\xbb\xbf") != NULL)
		return false;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is(&token, "TEMP") || sql_token_is(&token, "TEMPORARY"))
			temps++;
		if (temps > 1 || sql_token_is(&token, "EXPLAIN") ||
		    (token.kind == SQL_TOKEN_PARAMETER && memchr(token.text, '(', token.len)))
			return false;
	}
	return true;
}

/* Each statement is complete with its semicolon, and not before at any semicolon inside it. */
static void check_complete(const struct sql_statement *statement)
{
	CLEANUP(buf_free) struct buf text = buf_init(statement->len + 1);
	struct sql_lexer lexer;
	struct sql_token token;

	if (!oracle_applies(statement->text, statement->len))
		return;
	sql_lex_init(&lexer, dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		buf_add(&text, token.text, token.len);
		if (token.kind == SQL_TOKEN_SEMICOLON)
			check(sqlite3_complete(text.data) == 0);
	}
	buf_add_char(&text, ';');
	check(sqlite3_complete(text.data) != 0);
}

static void check_risk(const struct sql_statement *statement)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_column_change *changes;
	struct risk risk;

	for (size_t i = sql_column_changes(
		 &changes, statement->dialect, statement->text, statement->len, &arena);
	     i > 0; i--)
		check(changes[i - 1].table != NULL && changes[i - 1].type != NULL);
	risk_of(&risk, statement->dialect, statement, &arena);
	check(risk.rule != NULL && risk.why != NULL);
	for (size_t i = 0; i < risk.loss_count; i++) {
		check(risk.losses[i].object[0] != '\0');
		check(risk.level >= RISK_DESTRUCTIVE);
		check(risk_covers(risk.losses[i].object, risk.losses[i].object));
	}
}

static void check_statements(const struct sql_script *script)
{
	int line = 1;

	for (size_t i = 0; i < script->count; i++) {
		const struct sql_statement *statement = &script->statements[i];
		char summary[20];

		check(statement->len > 0 && strlen(statement->text) == statement->len);
		check(statement->line >= line);
		line = statement->line;
		sql_summary(statement->dialect, statement, summary, sizeof(summary));
		check(strlen(summary) < sizeof(summary) && strchr(summary, '\n') == NULL);
		if (dialect == &dialect_sqlite)
			check_complete(statement);
		check_risk(statement);
	}
}

/* What is kept is a part of what was there, and of a class that may be run. */
static void check_runnable(struct sql_script script, bool no_transaction)
{
	size_t count = script.count;
	struct err err = {0};

	if (!sql_make_runnable(&script, no_transaction, &err)) {
		check(err.kind == ERR_MALFORMED && err.line > 0 && err.next[0] != '\0');
		check(script.count == count);
		return;
	}
	check(script.count <= count && !(no_transaction && script.transaction));
	for (size_t i = 0; i < script.count; i++) {
		enum sql_class class = script.statements[i].class;

		check(class == SQL_PLAIN || class == SQL_EITHER || class == SQL_LATE ||
		      (!script.transaction && class == SQL_COMMITS) ||
		      (!script.transaction && (class == SQL_OUTSIDE || class == SQL_ABSORBED)));
	}
}

static void check_text(const char *text, size_t size)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_script script = {0}, again = {0};

	check_tokens(text, size);
	if (!split(&script, text, size, &arena))
		return;
	check(split(&again, text, size, &arena));
	check(again.count == script.count && strcmp(again.checksum, script.checksum) == 0);
	check_statements(&script);
	if (!needs_lines(text, size)) {
		check_respelled(&script, text, size, " ");
		check_respelled(&script, text, size, " -- ;'\r\n/*;*/\t");
	}
	/* Both keep what they keep in the same place. */
	check_runnable(script, true);
	check_runnable(again, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that reading behind it is seen. */
	char *text = malloc(size > 0 ? size : 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	dialect = &dialect_sqlite;
	check_text(text, size);
	dialect = &dialect_postgres;
	check_text(text, size);
	dialect = &dialect_mariadb;
	check_text(text, size);
	free(text);
	return 0;
}
