/*
 * Patterns for the first tokens of a statement, the language a dialect's tables are written in.
 */
#ifndef DB_ENTRY_SQL_MATCH_H
#define DB_ENTRY_SQL_MATCH_H

#include "sql/lex.h"

/* As many tokens as a pattern can ask for, and one more. */
enum {
	SQL_HEAD = 48
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
 *	*.              a qualifier, if it is there: any token and a dot, or several
 *	...             whatever stands up to what the rest of the pattern matches
 *	;               the statement ends here
 */
bool sql_head_matches(const struct sql_head *head, const char *pattern);

/* The same for any of a list ended by NULL; the list may be NULL. */
bool sql_head_matches_any(const struct sql_head *head, const char *const *patterns);

enum {
	SQL_CAPTURES = 2
};

/* What a `*` stood for, and the qualifier that a `*.` took before it. */
struct sql_capture {
	struct sql_token name, qualifier; /* text NULL: none */
};

/*
 * The same; captured[] then holds what the first `*` items stood for, zeroed where there are fewer,
 * and *taken, unless NULL, how many tokens the pattern matched.
 */
bool sql_head_capture(const struct sql_head *head, const char *pattern,
    struct sql_capture captured[SQL_CAPTURES], size_t *taken);

/* The dialect's rule for a statement; NULL when none matches. */
const struct sql_class_rule *sql_head_rule(
    const struct sql_head *head, const struct dialect *dialect);

/* The head of a whole statement; as a server reads it that executes only some comments. */
void sql_head_read_on(struct sql_head *head, const struct dialect *dialect,
    const struct sql_server *server, const char *text, size_t len);

/* The head of a whole statement. */
void sql_head_read(
    struct sql_head *head, const struct dialect *dialect, const char *text, size_t len);

#endif
