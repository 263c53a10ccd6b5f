/*
 * Patterns for the first tokens of a statement, the language a dialect's tables are written in.
 */
#ifndef DB_ENTRY_SQL_MATCH_H
#define DB_ENTRY_SQL_MATCH_H

#include "sql/lex.h"

/* As many tokens as a pattern can ask for, and one more. */
enum {
	SQL_HEAD = 12
};

/* The first tokens of a statement, comments and space left out. */
struct sql_head {
	struct sql_token tokens[SQL_HEAD];
	size_t count; /* SQL_HEAD: the statement may go on */
};

static inline void sql_head_add(struct sql_head *head, const struct sql_token *token)
{
	if (head->count < SQL_HEAD)
		head->tokens[head->count++] = *token;
}

/*
 * True when a statement begins as `pattern` says. Items are separated by single spaces:
 *
 *	CREATE          this keyword, in any case, bare
 *	foreign_keys    this name, in any case, bare or quoted
 *	=               this operator
 *	TEMP|TEMPORARY  any of them
 *	?TRIGGER        it, if it is there
 *	*               any one token
 *	*.              a qualifier, if it is there: any token and a dot
 *	;               the statement ends here
 */
bool sql_head_matches(const struct sql_head *head, const char *pattern);

enum {
	SQL_CAPTURES = 2
};

/* The same; *captured then holds what the first `*` items stood for, zeroed where there are fewer.
 */
bool sql_head_capture(
    const struct sql_head *head, const char *pattern, struct sql_token captured[SQL_CAPTURES]);

/* The dialect's rule for a statement; NULL when none matches. */
const struct sql_class_rule *sql_head_rule(
    const struct sql_head *head, const struct dialect *dialect);

#endif
