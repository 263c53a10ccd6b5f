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
	RISK_IF_WHERE,   /* a WHERE that is not true for every row by itself */
	RISK_IF_UPSERT,  /* ON CONFLICT … DO UPDATE */
	RISK_IF_CASCADE, /* CASCADE is its last word */
	RISK_IF_CALLS,   /* it calls a function that is not among the dialect's harmless ones */
	RISK_IF_MERGE_DELETE, /* THEN DELETE */
	RISK_IF_MERGE_UPDATE, /* THEN UPDATE */
	RISK_IF_BY_SOURCE,    /* WHEN NOT MATCHED BY SOURCE */
	RISK_IF_NOT_VALID,    /* a constraint that is NOT VALID: not checked yet */
	RISK_IF_PROGRAM,      /* COPY from or to a program */
	RISK_IF_ENGINE,       /* an ENGINE that is not InnoDB is named */
	RISK_IF_CODE,         /* behind DO there is something that changes or calls */
	RISK_IF_BACKUP        /* a name like users_old, users_bak or backup_users is given */
};

/*
 * What is lost, where each `*` is a name that the pattern's `*` stood for, in their order. In the
 * first three, and in no other, the first name is that of a table.
 */
#define RISK_TABLE   "table *"
#define RISK_COLUMN  "column *.*"
#define RISK_ROWS    "rows of *"
#define RISK_NOTHING NULL

/*
 * The first rule that matches counts. Patterns are those of sql/match.h, held against each part of
 * a statement: behind its WITH clause, each item of a list, each statement in a WITH clause.
 */
struct sql_risk_rule {
	const char *pattern;
	enum risk_condition condition;
	enum risk_level level;
	const char *object;
	const char *name; /* stable: "drop-column" */
	const char *why;
};

/*
 * What may be lost: "column users.phone". A table has its schema before it where the statement
 * names one, "column audit.users.phone", unless that is the dialect's home_schema. A driver's proof
 * names its losses in the same way, and leaves out the schema that bare names mean; so what reading
 * and proof find alike has one name.
 */
struct risk_loss {
	const char *object;
	const char *table;  /* whose it is, as the engine knows it; NULL: it is no table's */
	const char *schema; /* as the statement has it; NULL: it names none */
	const char *column; /* NULL: it is not one column's values */
};

/* How a table is altered, by reading: what is there may make it less, or more. */
enum sql_how {
	SQL_HOW_NOTHING,  /* no table is */
	SQL_HOW_INSTANT,  /* the catalog alone changes */
	SQL_HOW_IN_PLACE, /* it takes as long as the table is big, and others go on */
	SQL_HOW_UNSURE,   /* by the column that is there, instantly or by copying */
	SQL_HOW_COPY      /* and they can't write meanwhile */
};

/* The first that matches a statement, or one action of ALTER TABLE, counts. */
struct sql_alter_rule {
	const char *pattern;
	enum sql_how how;
	size_t table; /* which of its `*` is the table */
};

struct risk {
	enum risk_level level; /* the worst of its parts, whose the two texts are */
	const char *rule;      /* stable name: "drop-column" */
	const char *why;       /* one line for people */
	enum sql_how how;      /* the slowest of its parts; where the dialect has rules for it */
	const char *altered, *altered_schema; /* by that part: the table; NULL: none is named */
	struct risk_loss *losses;             /* in the order of the text */
	size_t loss_count, loss_capacity;
};

extern const struct sql_risk_rule risk_rules_sqlite[], risk_rules_postgres[], risk_rules_mariadb[];
extern const struct sql_words risk_harmless_postgres; /* dialect.harmless_calls */
extern const struct sql_words risk_harmless_mariadb;
extern const struct sql_alter_rule alter_rules_mariadb[], alter_rules_postgres[];

/*
 * Judge one statement. Texts are static or in the arena. One that has executable comments is judged
 * on every kind of server that reads it in its own way (sql/executable.h): the worst counts, and
 * what may be lost on any of them.
 */
void risk_of(struct risk *risk, const struct dialect *dialect,
    const struct sql_statement *statement, struct arena *arena);

/* True when `table` is among those whose losses are named. */
bool risk_names_table(const struct risk *risk, const char *table);

/*
 * True when an approval of losing `object` also covers `lost`: the same, or all of its table or
 * schema.
 */
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

/* True when names behind it, or what it calls, may mean other tables than before it. */
bool sql_moves_names(const struct dialect *dialect, const char *text, size_t len);

/* True when one of its words, bare, is `word`. */
bool sql_has_word(const struct dialect *dialect, const char *text, size_t len, const char *word);

const char *risk_level_name(enum risk_level level); /* "destructive" */
const char *sql_how_name(enum sql_how how);         /* "in place"; NULL for SQL_HOW_NOTHING */

#endif
