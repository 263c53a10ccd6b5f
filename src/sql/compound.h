/*
 * Blocks of SQL/PSM, in which a semicolon ends no statement: BEGIN … END, IF, CASE, LOOP, REPEAT,
 * WHILE and FOR, as the bodies of routines, triggers and events, and on their own. Their keywords
 * count only where a statement of the body begins; elsewhere they are names (`end` is a usual
 * column), functions (IF(), REPEAT()) and expressions (CASE … END).
 */
#ifndef DB_ENTRY_SQL_COMPOUND_H
#define DB_ENTRY_SQL_COMPOUND_H

#include "sql/lex.h"

enum {
	COMPOUND_DEPTH = 100
};

/* Zeroed before the first token of each statement. */
struct compound {
	unsigned char at; /* where in such a statement we are: compound.c */
	unsigned char blocks[COMPOUND_DEPTH];
	size_t depth; /* open ones */
	int cases;    /* open CASE expressions in a condition */
	int parentheses;
	struct sql_token before;
};

/* Each token of a statement in turn, white space and comments left out, inner semicolons not. */
void compound_follow(struct compound *compound, const struct sql_token *token);

/* True when a semicolon here ends no statement. */
bool compound_is_open(const struct compound *compound);

/* True when nothing but a delimiter can tell where it ends: sql_mode ORACLE, packages. */
bool compound_needs_delimiter(const struct compound *compound);

#endif
