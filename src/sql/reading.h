/*
 * A statement, taken apart into what is judged by itself: each item of a list ("DROP TABLE a, b",
 * the actions of ALTER TABLE), and each statement that a WITH clause carries out. Used by risk.c.
 */
#ifndef DB_ENTRY_SQL_READING_H
#define DB_ENTRY_SQL_READING_H

#include "base/arena.h"
#include "sql/match.h"
#include "sql/risk.h"

enum {
	READING_WHERE_TOKENS = 3, /* as many as a condition that says nothing has */
	READING_PARTS = 5000
};

struct reading_part {
	struct sql_head
	    head; /* behind the WITH clause; of an item: what stands before the list, and it */
	unsigned facts; /* 1 << enum risk_condition, for each that holds */

	/* On the way through. */
	int depth;   /* of parentheses, where it begins */
	bool nested; /* it is carried out by the statement it stands in */
	bool with, where, condition_over;
	bool engine, body; /* behind ENGINE; behind DO */
	struct sql_token condition[READING_WHERE_TOKENS + 1];
	size_t condition_count;
};

struct reading {
	struct reading_part *parts; /* in the arena; at least one */
	size_t count, capacity;
	bool cut; /* it has more than READING_PARTS */
};

/* `server` reads it; NULL: one that executes all executable comments. */
void reading_of(struct reading *reading, const struct dialect *dialect,
    const struct sql_server *server, const char *text, size_t len, struct arena *arena);

static inline bool reading_has(const struct reading_part *part, enum risk_condition fact)
{
	return (part->facts & 1u << fact) != 0;
}

#endif
