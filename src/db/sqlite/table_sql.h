/*
 * Reading the text of CREATE statements as sqlite_master keeps them, for what PRAGMAs don't tell.
 * SQLite has accepted these texts, so nothing here is an error; what is not understood is left out.
 */
#ifndef DB_ENTRY_DB_SQLITE_TABLE_SQL_H
#define DB_ENTRY_DB_SQLITE_TABLE_SQL_H

#include "schema/schema.h"
#include "sql/lex.h"

/* The tokens of a text that say something. */
struct sqlite_tokens {
	struct sql_token *items; /* the one behind the last is SQL_TOKEN_END */
	size_t count, capacity;
};

/* Zeroed before the first text; those of the one before are overwritten, in the same memory. */
void sqlite_tokens_read(struct sqlite_tokens *tokens, const char *sql, struct arena *arena);

/* The text from the first token up to but not including `end`; NULL when there is none. */
const char *sqlite_tokens_text(
    const struct sqlite_tokens *tokens, size_t first, size_t end, struct arena *arena);

/* A name without its quotes. */
const char *sqlite_token_name(const struct sql_token *token, struct arena *arena);

/* The place behind the `)` that closes the `(` at `open`; `end` when none does. */
size_t sqlite_tokens_close(const struct sqlite_tokens *tokens, size_t open, size_t end);

/* What stands between two places, divided at commas outside parentheses: SCHEMA_TERMS. */
const char *sqlite_tokens_terms(
    const struct sqlite_tokens *tokens, size_t first, size_t end, struct arena *arena);

/* The same of names: SCHEMA_NAMES. */
const char *sqlite_tokens_names(
    const struct sqlite_tokens *tokens, size_t first, size_t end, struct arena *arena);

/* The place behind `CREATE … KEYWORD [IF NOT EXISTS] [schema.]name`. */
size_t sqlite_tokens_body(const struct sqlite_tokens *tokens, const char *keyword);

/*
 * Constraints of a table, and what its columns say beside type and default. The last `columns`
 * objects of the schema are its columns, in order, and the one before them is the table.
 */
void sqlite_table_read(
    struct schema *schema, const struct sqlite_tokens *tokens, size_t columns, struct arena *arena);

#endif
