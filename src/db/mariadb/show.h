/*
 * Reading what SHOW CREATE answers: the server's own, complete text of each object, written with
 * backticks and backslash escapes (sql_mode ''). The server wrote these texts, so nothing here is
 * an error; what is not understood is kept as an option, so that it counts at least.
 */
#ifndef DB_ENTRY_DB_MARIADB_SHOW_H
#define DB_ENTRY_DB_MARIADB_SHOW_H

#include "base/buf.h"
#include "db/mariadb/kinds.h"
#include "sql/lex.h"

/* The tokens of a text that say something. */
struct my_tokens {
	struct sql_token *items; /* the one behind the last is SQL_TOKEN_END */
	size_t count, capacity;
};

/* A character set and its default collation. */
struct my_charset {
	const char *name, *collation;
};

/* What the texts are read against. */
struct my_reading {
	struct schema *schema;
	struct arena *arena;
	bool maria;
	const char *database;  /* whose objects these are: left out of names */
	const char *collation; /* its default */
	const char *account;   /* "app@%": who reads; what it defined itself does not say so */
	const char *hidden, *hidden_name; /* a routine whose text is not to be seen; NULL: none */
	struct my_charset *charsets;
	size_t charset_count, charset_capacity;
	/* Memory for the tokens of one text, and of a short one, at a time. */
	struct my_tokens *text, *word;
};

/* --- show_tokens.c --- */

/*
 * Zeroed before. `hints`: what stands in comments for other servers (with a version) is part of
 * the text.
 */
void my_tokens_read(struct my_tokens *tokens, const char *text, bool hints, struct arena *arena);

/* Does it go on so at `at`? A pattern of words and signs: "GENERATED ALWAYS AS (". */
bool my_tokens_are(const struct my_tokens *tokens, size_t at, const char *pattern);

bool my_token_is_sign(const struct sql_token *token, char sign);

/* The place behind the `)` that closes the `(` at `open`; the count when none does. */
size_t my_tokens_close(const struct my_tokens *tokens, size_t open);

/* The first of these signs outside parentheses, or `end`. */
size_t my_tokens_find(const struct my_tokens *tokens, size_t first, size_t end, char sign);

/* A name or a text without its quotes. */
const char *my_token_text(const struct sql_token *token, struct arena *arena);

/*
 * From one token up to but not including another, as it stands there; NULL when there is none. The
 * database's own name before another, and what character set a text was sent in, are left out.
 */
const char *my_tokens_sql(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end);

/* The same without the parentheses around all of it. */
const char *my_tokens_bare(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end);

/* What stands between two places, divided at commas: terms of a key, of names only as names. */
const char *my_tokens_terms(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end);
const char *my_tokens_names(
    const struct my_tokens *tokens, size_t first, size_t end, struct arena *arena);

/* A keyword as a mirror has it; NULL stays NULL. */
const char *my_lower(const char *text, struct arena *arena);

/* Add to a list; `list` may be NULL. */
const char *my_list_add(const char *list, const char *item, struct arena *arena);

/* --- show_column.c --- */

/* The default collation of a character set; NULL when there is none such. */
const char *my_collation_of(const struct my_reading *r, const char *character_set);

/*
 * What stands behind a column's name, from the type on, into its attributes. `collation`: of its
 * table. A type that people wrote may have clauses behind it, too.
 */
void my_column_read(const struct my_reading *r, const struct my_tokens *tokens, size_t first,
    size_t end, const char *collation, struct schema_object *column);

/* --- show_key.c, show_table.c --- */

/* From a table's key, constraint or period, an object or an attribute of the table, at `table`. */
void my_part_read(const struct my_reading *r, const struct my_tokens *tokens, size_t first,
    size_t end, size_t table);

/* What stands behind PARTITION BY, with it. */
void my_partitions_read(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t table);

void my_table_read(struct my_reading *r, const char *name, const char *text);

/* --- show_other.c --- */

void my_view_read(struct my_reading *r, const char *name, const char *text);
void my_sequence_read(struct my_reading *r, const char *name, const char *text);
void my_routine_read(struct my_reading *r, const struct schema_kind *kind, const char *name,
    const char *mode, const char *text);

/* Those modes that change how a text is read. */
const char *my_telling_mode(const char *mode, struct arena *arena);

/* "root@localhost"; NULL when it is who reads. */
const char *my_definer(const struct my_reading *r, const char *definer);

/* --- names --- */

/* "orders_ibfk_1", "orders_chk_1", "CONSTRAINT_1": the server's own. */
bool my_is_numbered(const char *name, const char *before, const char *label);

/* True when an index is called as the server calls one by itself: by its first column. */
bool my_index_name_is_made(const char *name, const char *terms, struct arena *arena);

#endif
