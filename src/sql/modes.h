/*
 * What a file does to the way its own text is read: SET sql_mode = … changes which quotes make a
 * string, and whether a backslash escapes, for the statements behind it. So does the server's
 * setting for the whole file.
 */
#ifndef DB_ENTRY_SQL_MODES_H
#define DB_ENTRY_SQL_MODES_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/match.h"
#include "sql/script.h"

/* The dialect under the modes of a list like "STRICT_TRANS_TABLES,ANSI_QUOTES". */
const struct dialect *sql_dialect_in_modes(
    const struct dialect *dialect, const char *modes, size_t len);

struct sql_saved_mode;

/* Zeroed but for `now`, which is what the text begins with. */
struct sql_modes {
	const struct dialect *now;
	struct sql_saved_mode *saved; /* by SET @name = @@sql_mode; in the arena */
	size_t count, capacity;
};

/*
 * Follow a statement that has been read in modes->now, and begins with `head`. ERR_MALFORMED at its
 * file and line when what it makes of the modes, or of the character set that the client claims to
 * send, can't be told, or is one in which the rest can't be read.
 */
bool sql_modes_follow(struct sql_modes *modes, const struct sql_statement *statement,
    const struct sql_head *head, struct arena *arena, struct err *err);

#endif
