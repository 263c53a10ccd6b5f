/*
 * A script: a migration's text as the statements that will be run, in order.
 *
 * Splitting is exact for the dialect. Statements that the run does itself (an outermost
 * BEGIN … COMMIT pair, SQLite's PRAGMA foreign_keys) are absorbed; what can't be run as part of a
 * migration is refused with file and line. Whether it runs in a transaction is decided here, once.
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
	const char *file;              /* the pointer given to sql_split() */
	int line;                      /* of its first token */
	const struct dialect *dialect; /* how it is read: the script's, or in another mode */
	enum sql_class class;
	const char *advice; /* of the rule that classed it; may be NULL */
	bool conditional;   /* some of it is a comment on some servers: sql/executable.h */
	/*
	 * The lines behind `COPY … FROM stdin;`, without the `\.` that ends them, as the file has
	 * them; not NUL-terminated. It lives as long as `text`. NULL for any other statement.
	 */
	const char *data;
	size_t data_len;
	int data_line; /* of its first byte */
	/* The first parameter (`?1`, `:name`) that would have no value; NULL when there is none. */
	const char *parameter;
	int parameter_line;
};

struct sql_script {
	const struct dialect *dialect;
	struct sql_statement *statements; /* in the arena; NULL when there is none */
	size_t count;
	bool transaction; /* run in one; set by sql_make_runnable() */
	/*
	 * The first statement that commits by itself what was open, and the first that would
	 * otherwise be part of a transaction; NULL: there is none. A script that has both leaves a
	 * part of itself behind when it fails. Set by sql_make_runnable().
	 */
	const struct sql_statement *commits, *changes;
	char checksum[DIGEST_HEX + 1];
};

/*
 * Split a text into all its statements, absorbed ones included, and take the checksum: SHA-256 over
 * the tokens of each statement (each followed by a NUL) and a "\x01" after each statement; COPY's
 * data follow with a "\x02". Comments, white space, empty statements, a byte order mark, the CR of
 * CRLF inside tokens and data, delimiters, and the client's commands that are dropped don't count;
 * what opens and closes executable comments does. `dialect` is how the text begins, and what its
 * statements set may change it (sql/modes.h). Statements
 * hold copies of the text and the pointer `file`. ERR_MALFORMED at file and line for an unclosed
 * quote, comment, parenthesis or body, for a NUL byte or one that is no UTF-8 where the dialect
 * wants that, for data without a COPY or the other way round, and for a command of the client.
 */
bool sql_split(struct sql_script *script, const struct dialect *dialect, const char *text,
    size_t len, const char *file, int first_line, struct arena *arena, struct err *err);

/*
 * Add a statement to the checksum of those before it, in place; "" before the first. It goes by the
 * same tokens as that of a script.
 */
void sql_add_checksum(const struct dialect *dialect, const struct sql_statement *statement,
    char checksum[DIGEST_HEX + 1]);

/* Does it make a setting of the session, so that another session needs it again? */
bool sql_is_setting(const struct dialect *dialect, const struct sql_statement *statement);

/* Does it leave in the session what another one can't be given, a temporary table? */
bool sql_is_session_bound(const struct dialect *dialect, const struct sql_statement *statement);

/*
 * Decide how a migration is run, and keep what it runs. In a transaction, which is the rule, one
 * outermost BEGIN … COMMIT pair and absorbed settings are dropped. Without one when
 * `no_transaction` asks for it, or when its statements are all of those that can't be run inside,
 * settings aside; these are kept then. And without one when a statement commits by itself, for
 * there is none to be had; a file's own transactions are dropped then. ERR_MALFORMED at file and
 * line for a statement that can't be run so, with advice. The checksum stays that of the whole
 * text.
 */
bool sql_make_runnable(struct sql_script *script, bool no_transaction, struct err *err);

/*
 * The statement in one line for a message: white space folded, comments dropped, cut to `size` with
 * an ellipsis on a whole character.
 */
void sql_summary(
    const struct dialect *dialect, const struct sql_statement *statement, char *out, size_t size);

#endif
