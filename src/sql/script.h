/*
 * A script: a migration's text as the statements that will be run, in order.
 *
 * Splitting is exact for the dialect. Statements that the run does itself (an outermost
 * BEGIN … COMMIT pair, SQLite's PRAGMA foreign_keys) are absorbed; what can't be run as part of a
 * migration is refused with file and line.
 */
#ifndef DB_ENTRY_SQL_SCRIPT_H
#define DB_ENTRY_SQL_SCRIPT_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "sql/dialect.h"
#include <stdbool.h>
#include <stddef.h>

struct sql_statement {
	const char *text; /* NUL-terminated, from its first token to its last, without the `;` */
	size_t len;
	const char *file; /* the pointer given to sql_split() */
	int line;         /* of its first token */
	enum sql_class class;
	const char *advice; /* of the rule that classed it; may be NULL */
	/* The first parameter (`?1`, `:name`), which would have no value; NULL when there is none.
	 */
	const char *parameter;
	int parameter_line;
};

struct sql_script {
	const struct dialect *dialect;
	struct sql_statement *statements; /* in the arena; NULL when there is none */
	size_t count;
	char checksum[DIGEST_HEX + 1];
};

/*
 * Split a text into all its statements, absorbed ones included, and take the checksum: SHA-256 over
 * the tokens of each statement (each followed by a NUL) and a "\x01" after each statement.
 * Comments, white space, empty statements, a byte order mark and the CR of CRLF inside tokens don't
 * count. Statements hold copies of the text and the pointer `file`. ERR_MALFORMED at file and line
 * for an unclosed quote or trigger body and for a NUL byte.
 */
bool sql_split(struct sql_script *script, const struct dialect *dialect, const char *text,
    size_t len, const char *file, int first_line, struct arena *arena, struct err *err);

/*
 * Keep what a migration runs: in a transaction (`transaction` true) absorb one outermost
 * BEGIN … COMMIT pair and absorbed settings, outside one keep the settings. ERR_MALFORMED at file
 * and line for a statement that can't be run there, with advice. The checksum stays that of the
 * whole text.
 */
bool sql_make_runnable(struct sql_script *script, bool transaction, struct err *err);

/*
 * The statement in one line for a message: white space folded, comments dropped, cut to `size` with
 * an ellipsis on a whole character.
 */
void sql_summary(
    const struct dialect *dialect, const struct sql_statement *statement, char *out, size_t size);

#endif
