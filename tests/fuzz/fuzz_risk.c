/*
 * Any bytes, as SQLite's and as MariaDB's: each statement is judged, the same however it is spelt,
 * and SQLite's never below what it says itself that it does: what deletes or drops is destructive,
 * what updates is at least told.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "sql/lex.h"
#include "sql/risk.h"
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The tables that the corpus speaks of, so that its statements can be prepared. */
static const char schema[] =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, phone TEXT, active, a, b);"
    "CREATE TABLE y (id INTEGER PRIMARY KEY, b);"
    "CREATE TABLE \"order lines\" (id INTEGER PRIMARY KEY, \"a b\", note);"
    "CREATE VIRTUAL TABLE docs USING fts5(body);";

/* What the authorizer saw of one statement. */
struct seen {
	bool loses, changes;
	char *altered; /* a table; NULL: none */
};

static void check(bool promise)
{
	if (!promise)
		abort();
}

static int authorize(void *context, int action, const char *first, const char *second,
    const char *database, const char *trigger)
{
	struct seen *seen = context;
	if (action == SQLITE_PRAGMA || action == SQLITE_ATTACH)
		return SQLITE_DENY; /* some act while they are prepared */
	if (action == SQLITE_ALTER_TABLE && seen->altered == NULL)
		seen->altered = strdup(second);
	if (trigger != NULL || !text_is(database, "main") || text_starts(first, "sqlite_"))
		return SQLITE_OK;
	seen->loses = seen->loses || action == SQLITE_DELETE || action == SQLITE_DROP_TABLE ||
		      action == SQLITE_DROP_VTABLE;
	seen->changes = seen->changes || action == SQLITE_UPDATE;
	return SQLITE_OK;
}

/* Made once: nothing is executed in it. */
static sqlite3 *database(void)
{
	static sqlite3 *handle;
	if (handle == NULL) {
		check(sqlite3_open(":memory:", &handle) == SQLITE_OK);
		check(sqlite3_exec(handle, schema, NULL, NULL, NULL) == SQLITE_OK);
	}
	return handle;
}

/* EXPLAIN does nothing, and a PRAGMA behind it is refused elsewhere. */
static bool is_explained(const struct sql_statement *statement)
{
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, &dialect_sqlite, statement->text, statement->len, 1);
	do
		token = sql_lex_next(&lexer);
	while (token.kind == SQL_TOKEN_SPACE || token.kind == SQL_TOKEN_COMMENT);
	return sql_token_is(&token, "EXPLAIN");
}

static void check_alter(
    const struct sql_statement *statement, const char *table, struct arena *arena)
{
	struct sql_alter alter;
	check(sql_alter_of(&alter, &dialect_sqlite, statement->text, statement->len, arena));
	check(text_is_nocase(alter.table, table));
	check((alter.action == SQL_ALTER_RENAME) == (alter.column == NULL));
	check(alter.to != NULL || alter.action == SQL_ALTER_ADD || alter.action == SQL_ALTER_DROP);
}

/* It is never said to be less than it is. */
static void check_oracle(
    const struct risk *risk, const struct sql_statement *statement, struct arena *arena)
{
	struct seen seen = {0};
	sqlite3_stmt *prepared = NULL;
	sqlite3_set_authorizer(database(), authorize, &seen);
	int code =
	    sqlite3_prepare_v2(database(), statement->text, (int)statement->len, &prepared, NULL);
	sqlite3_finalize(prepared);
	if (code == SQLITE_OK && !is_explained(statement)) {
		check(!seen.loses || risk->level >= RISK_DESTRUCTIVE);
		check(!seen.changes || risk->level >= RISK_WARN);
		if (seen.altered != NULL)
			check_alter(statement, seen.altered, arena);
	}
	free(seen.altered);
}

static void check_same_losses(const struct risk *a, const struct risk *b)
{
	check(a->loss_count == b->loss_count);
	for (size_t i = 0; i < a->loss_count; i++)
		check(strcmp(a->losses[i].object, b->losses[i].object) == 0);
}

/* The same tokens, spaced otherwise. */
static void check_respelled(
    const struct risk *risk, const struct sql_statement *statement, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = buf_init(statement->len * 16 + 16);
	struct sql_lexer lexer;
	struct sql_token token;
	struct risk again;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (token.kind == SQL_TOKEN_SPACE || token.kind == SQL_TOKEN_COMMENT)
			continue;
		buf_add(&text, token.text, token.len);
		buf_add_text(&text, " /* DROP TABLE */\n");
	}
	const struct sql_statement other = {.text = text.data, .len = text.len};
	risk_of(&again, statement->dialect, &other, arena);
	check(again.level == risk->level && again.rule == risk->rule);
	check_same_losses(&again, risk);
}

static void check_statement(const struct sql_statement *statement, struct arena *arena)
{
	struct risk risk;
	risk_of(&risk, statement->dialect, statement, arena);
	check(risk.rule != NULL && risk.why != NULL && risk_level_name(risk.level) != NULL);
	for (size_t i = 0; i < risk.loss_count; i++)
		check(risk_covers(risk.losses[i].object, risk.losses[i].object));
	check_respelled(&risk, statement, arena);
	if (statement->dialect == &dialect_sqlite)
		check_oracle(&risk, statement, arena);
}

static void check_text(
    const struct dialect *dialect, const char *text, size_t size, struct arena *arena)
{
	struct sql_script script = {0};
	struct err err = {0};
	if (sql_split(&script, dialect, text, size, "f", 1, arena, &err))
		for (size_t i = 0; i < script.count; i++)
			check_statement(&script.statements[i], arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_free) struct arena arena = {0};
	/* A copy of exactly this size, so that reading behind it is seen. */
	char *text = malloc(size > 0 ? size : 1);
	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	check_text(&dialect_sqlite, text, size, &arena);
	check_text(&dialect_mariadb, text, size, &arena);
	free(text);
	return 0;
}
