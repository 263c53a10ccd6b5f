/*
 * Risk, by reading: what a statement would do to data that is there. Rules are the dialect's; a
 * statement no rule knows is unknown, which counts as destructive. The proof (db/db.h) outranks
 * this where it is exact.
 */
#ifndef DB_ENTRY_SQL_RISK_H
#define DB_ENTRY_SQL_RISK_H

#include "base/arena.h"
#include "sql/lex.h"
#include "sql/script.h"

enum risk_level {
	RISK_SAFE,
	RISK_WARN, /* may fail, lock or surprise, but loses nothing */
	RISK_DESTRUCTIVE,
	RISK_UNKNOWN /* treated as destructive */
};

/* What a rule asks for beside its pattern. */
enum risk_condition {
	RISK_ALWAYS,
	RISK_IF_WHERE, /* a WHERE that is not true for every row by itself */
	RISK_IF_UPSERT /* ON CONFLICT … DO UPDATE */
};

/* What is lost, by the first and second `*` of the pattern. */
enum risk_object {
	RISK_NOTHING,
	RISK_TABLE,  /* "table users" */
	RISK_COLUMN, /* "column users.phone" */
	RISK_ROWS    /* "rows of users" */
};

/*
 * The first rule that matches counts. Patterns are those of sql/match.h, held against the statement
 * behind its WITH clause. A table alone is captured by its pattern wherever there is one.
 */
struct sql_risk_rule {
	const char *pattern;
	enum risk_condition condition;
	enum risk_level level;
	enum risk_object object;
	const char *name; /* stable: "drop-column" */
	const char *why;
};

struct risk {
	enum risk_level level;
	const char *rule;   /* stable name: "drop-column" */
	const char *object; /* what is lost: "column users.phone"; NULL when nothing is */
	const char *table;  /* whose it is, without quotes; NULL when nothing is */
	const char *why;    /* one line for people */
};

extern const struct sql_risk_rule risk_rules_sqlite[];

/* Judge one statement. Texts are static or in the arena. */
void risk_of(struct risk *risk, const struct dialect *dialect,
    const struct sql_statement *statement, struct arena *arena);

/* True when an approval of losing `object` also covers `lost`: the same, or all of its table. */
bool risk_covers(const char *object, const char *lost);

/*
 * What ALTER TABLE would do, for those who follow names. Texts in the arena; false for any other
 * statement.
 */
struct sql_alter {
	enum {
		SQL_ALTER_ADD,
		SQL_ALTER_DROP,
		SQL_ALTER_RENAME,       /* the table, to `to` */
		SQL_ALTER_RENAME_COLUMN /* `column` to `to` */
	} action;
	const char *table, *column, *to; /* NULL where the action has none */
};

/* A name without its quotes; any other token as it is. */
const char *sql_token_name(const struct sql_token *token, struct arena *arena);

bool sql_alter_of(struct sql_alter *alter, const struct dialect *dialect, const char *text,
    size_t len, struct arena *arena);

/* True for UPDATE under a WHERE that is not true for every row by itself. */
bool sql_is_update_where(const struct dialect *dialect, const char *text, size_t len);

/* True when one of its words, bare, is `word`. */
bool sql_has_word(const struct dialect *dialect, const char *text, size_t len, const char *word);

const char *risk_level_name(enum risk_level level); /* "destructive" */

#endif
