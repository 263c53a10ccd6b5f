#include "sql/executable.h"
#include <string.h>

/* The oldest servers that are supported, and what MySQL's versions end at. */
enum {
	MYSQL_OLDEST = 80000,
	MYSQL_END = 100000,
	MARIADB_OLDEST = 100500
};

struct version {
	bool mariadb;    /* of MariaDB alone */
	unsigned number; /* 0: none is given */
};

static struct version version_of(const struct sql_token *mark)
{
	struct version version = {.mariadb = mark->text[2] == 'M'};

	for (size_t i = version.mariadb ? 4 : 3; i < mark->len; i++)
		version.number = version.number * 10 + (unsigned)(mark->text[i] - '0');
	return version;
}

bool sql_mark_is_code(
    const struct sql_token *mark, const struct dialect *dialect, const struct sql_server *server)
{
	struct version version = version_of(mark);

	if (version.mariadb && !server->mariadb)
		return false;
	if (server->mariadb && !version.mariadb && version.number >= dialect->always_code &&
	    version.number < MYSQL_END)
		return false;
	return version.number <= server->version;
}

bool sql_mark_is_conditional(const struct sql_token *mark, const struct dialect *dialect)
{
	struct version version = version_of(mark);

	return version.mariadb || version.number >= dialect->always_code;
}

static bool is_there(const struct sql_server *worlds, size_t count, const struct sql_server *world)
{
	for (size_t i = 0; i < count && i < SQL_WORLDS; i++)
		if (worlds[i].mariadb == world->mariadb && worlds[i].version == world->version)
			return true;
	return false;
}

static void add_world(struct sql_server worlds[SQL_WORLDS], size_t *count, struct sql_server world)
{
	if (*count > SQL_WORLDS || is_there(worlds, *count, &world))
		return;
	if (*count < SQL_WORLDS)
		worlds[*count] = world;
	(*count)++;
}

/* Below and above each version something else is code. */
static void add_worlds(
    struct sql_server worlds[SQL_WORLDS], size_t *count, const struct sql_token *mark)
{
	struct version version = version_of(mark);

	if (*count == 0) {
		add_world(worlds, count, (struct sql_server){false, MYSQL_OLDEST});
		add_world(worlds, count, (struct sql_server){true, MARIADB_OLDEST});
	}
	if (!version.mariadb && version.number > MYSQL_OLDEST)
		add_world(worlds, count, (struct sql_server){false, version.number});
	if (version.number > MARIADB_OLDEST)
		add_world(worlds, count, (struct sql_server){true, version.number});
}

size_t sql_worlds(struct sql_server worlds[SQL_WORLDS], const struct dialect *dialect,
    const char *text, size_t len)
{
	struct sql_lexer lexer;
	struct sql_token token;
	size_t count = 0;

	if ((dialect->lexing & SQL_LEX_EXECUTABLE) == 0 || memmem(text, len, "/*", 2) == NULL)
		return 0;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (token.kind == SQL_TOKEN_MARK && *token.text == '/' &&
		    sql_mark_is_conditional(&token, dialect))
			add_worlds(worlds, &count, &token);
	return count;
}
