/*
 * Executable comments: code on some servers, a comment on others. Behind the star there is a `!`
 * and maybe a version, of MySQL and of MariaDB both; or `M!` and maybe one of MariaDB alone.
 * MariaDB skips versions of MySQL that it does not follow, 5.7.0 up to 9.99.99.
 *
 * A statement that has some is judged on every kind of server there is: what it says there may be
 * something else.
 */
#ifndef DB_ENTRY_SQL_EXECUTABLE_H
#define DB_ENTRY_SQL_EXECUTABLE_H

#include "sql/lex.h"

enum {
	SQL_WORLDS = 16
};

/* A SQL_TOKEN_MARK that opens: is what follows code there? */
bool sql_mark_is_code(
    const struct sql_token *mark, const struct dialect *dialect, const struct sql_server *server);

/* Is it a comment on some servers that are supported? */
bool sql_mark_is_conditional(const struct sql_token *mark, const struct dialect *dialect);

/*
 * One server of each kind that reads the text in its own way; 0 when all read it alike, and
 * SQL_WORLDS + 1 when there are more than SQL_WORLDS.
 */
size_t sql_worlds(struct sql_server worlds[SQL_WORLDS], const struct dialect *dialect,
    const char *text, size_t len);

#endif
