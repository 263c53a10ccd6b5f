/*
 * Who kept a statement from its lock. While it waited pg_blocking_pids() would have known, but only
 * for another session, and there may be no room for one. Behind it nobody knows any more what it
 * waited for; but who uses one of the tables it names is who was waited for, as good as always.
 */
#include "base/text.h"
#include "db/postgres/driver.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include "sql/risk.h"
#include <stdlib.h>

enum {
	NAMES_MAX = 1 << 20,
	ASK_MS = 2000
};

static void add_name(struct buf *names, const char *name)
{
	buf_add_text(names, names->len == 0 ? "{\"" : ",\"");
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			buf_add_char(names, '\\');
		buf_add_char(names, *name);
	}
	buf_add_char(names, '"');
}

const char *pg_name_of(const struct sql_token *token, struct arena *arena)
{
	char *name = arena_strdup(arena, sql_token_name(token, arena));
	for (char *c = name; token->kind == SQL_TOKEN_WORD && *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
	return name;
}

/* All it could mean, as the text of an array; a word that is none is no table's name either. */
static void gather_names(
    const struct sql_statement *statement, struct buf *names, struct arena *arena)
{
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, db_postgres.dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (token.kind != SQL_TOKEN_WORD && token.kind != SQL_TOKEN_IDENTIFIER)
			continue;
		add_name(names, pg_name_of(&token, arena));
	}
	buf_add_text(names, names->len == 0 ? "{}" : "}");
}

/* "psql, idle in transaction for 40 s" */
static const char *describe(const char *const *cells, struct arena *arena)
{
	char elapsed[32] = "";
	const char *name = cells[2] == NULL || cells[2][0] == '\0' ? "without a name" : cells[2];
	if (cells[3] == NULL)
		return name;
	if (cells[4] != NULL)
		text_elapsed(strtoll(cells[4], NULL, 10) * 1000, elapsed, sizeof(elapsed));
	return arena_printf(
	    arena, "%s, %s%s%s", name, cells[3], elapsed[0] == '\0' ? "" : " for ", elapsed);
}

void pg_tell_blocker(struct pg_db *s, const struct sql_statement *statement, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf names = buf_init(NAMES_MAX);
	struct db_rows rows;
	struct err ignored; /* the error then says less */
	const struct stop before = s->stop;
	gather_names(statement, &names, &arena);
	const char *const values[] = {names.data};
	s->stop = stop_cleanup(ASK_MS);
	/* The transaction is lost as it is, and answers nothing. */
	bool ok = !names.overflow && (!s->in_transaction || pg_script(s, "ROLLBACK", &ignored)) &&
		  pg_ask(s, sql_postgres_blocker, values, 1, &arena, &rows, &ignored);
	s->stop = before;
	if (!ok || rows.count == 0)
		return;
	const char *const *cells = rows.cells;
	err_context(
	    err, "%s is in use by pid %s (%s)", cells[0], cells[1], describe(cells, &arena));
	err_next(err, "to end that session: SELECT pg_terminate_backend(%s);", cells[1]);
}
