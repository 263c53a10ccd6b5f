/*
 * Risk, by reading: what a statement would do to data that is there. Rules are the dialect's; a
 * statement no rule knows is unknown, which counts as destructive. The proof (db/db.h) outranks
 * this where it is exact.
 */
#ifndef DB_ENTRY_SQL_RISK_H
#define DB_ENTRY_SQL_RISK_H

#include "base/arena.h"
#include "sql/script.h"

enum risk_level {
	RISK_SAFE,
	RISK_WARN, /* may fail, lock or surprise, but loses nothing */
	RISK_DESTRUCTIVE,
	RISK_UNKNOWN /* treated as destructive */
};

struct risk {
	enum risk_level level;
	const char *rule;   /* stable name: "drop-column" */
	const char *object; /* what is lost: "column users.phone"; NULL when nothing is */
	const char *why;    /* one line for people */
};

/* Judge one statement. Texts are static or in the arena. */
void risk_of(struct risk *risk, const struct dialect *dialect,
    const struct sql_statement *statement, struct arena *arena);

const char *risk_level_name(enum risk_level level); /* "destructive" */

#endif
