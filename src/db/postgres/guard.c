/*
 * Our own tables are no migration's business. What a transaction wrote shows in its locks, which
 * stay until its end, however deep in functions and dynamic SQL it was done; so they are looked at
 * before we write there ourselves. Outside a transaction only the text can be looked at.
 */
#include "db/postgres/driver.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include "sql/lex.h"
#include <string.h>
#include <strings.h>

static const char prefix[] = "db_entry_";

static bool holds(const struct sql_token *token)
{
	size_t len = strlen(prefix);
	for (size_t i = 0; i + len <= token->len; i++)
		if (strncasecmp(token->text + i, prefix, len) == 0)
			return true;
	return false;
}

bool pg_mentions_own(const struct sql_statement *statement)
{
	struct sql_lexer lexer;
	struct sql_token token;
	if (strcasestr(statement->text, prefix) == NULL)
		return false;
	sql_lex_init(&lexer, db_postgres.dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (token.kind != SQL_TOKEN_COMMENT && holds(&token))
			return true;
	return false;
}

static bool refuse(struct err *err)
{
	err_set(err, ERR_DATABASE, "the tables of db-entry (db_entry_…) are not a migration's");
	return err_next(err, "leave them out; to change the history: db-entry repair, db-entry"
			     " baseline");
}

bool pg_guard_before(const struct pg_db *s, const struct sql_statement *statement, struct err *err)
{
	if (s->in_transaction || !pg_mentions_own(statement))
		return true;
	refuse(err);
	return err_why(err, "outside a transaction nobody can tell whether it only reads them");
}

static void add_literal(const struct pg_db *s, struct buf *out, const char *text)
{
	char *literal = pq.escapeLiteral(s->conn, text, strlen(text));
	if (literal == NULL)
		err_die("out of memory");
	buf_add_text(out, literal);
	pq.freemem(literal);
}

/* The same tables as sql/guard.sql finds; sooner planned, as it goes with each BEGIN. */
void pg_guard_select(const struct pg_db *s, struct buf *out)
{
	CLEANUP(arena_free) struct arena arena = {0};
	size_t len = strlen(s->base.own);
	buf_add_text(out,
	    "(SELECT pg_catalog.array_agg(pg_catalog.concat(c.oid, ':', c.relname) ORDER BY c.oid)"
	    " FROM pg_catalog.pg_class AS c WHERE c.relnamespace = ");
	if (len > 0) {
		buf_add_text(out, "pg_catalog.to_regnamespace(");
		add_literal(s, out, arena_strndup(&arena, s->base.own, len - 1));
		buf_add_text(out, ")::pg_catalog.oid");
	} else
		buf_add_text(out, "'0'::pg_catalog.oid");
	buf_add_text(out, " AND c.relkind IN ('r', 'p', 'v')"
			  " AND c.relname >= 'db_entry_' AND c.relname < 'db_entry`')");
}

void pg_guard_return(const struct pg_db *s, struct buf *out)
{
	static const char *const settings[PG_OURSELVES] = {"session_authorization", "role",
	    "search_path", "row_security", "session_replication_role"};
	for (size_t i = 0; i < PG_OURSELVES; i++) {
		buf_printf(out, ", CASE WHEN pg_catalog.textne(pg_catalog.current_setting('%s'), ",
		    settings[i]);
		add_literal(s, out, s->ourselves[i]);
		buf_printf(out, ") THEN pg_catalog.set_config('%s', ", settings[i]);
		add_literal(s, out, s->ourselves[i]);
		buf_printf(out, ", %s) END", s->lease.ms > 0 ? "true" : "false");
	}
}

static bool ask(
    struct pg_db *s, enum pg_guard what, struct db_rows *rows, struct arena *arena, struct err *err)
{
	bool local = what == PG_GUARD_LOCALLY || s->lease.ms > 0;
	const char *values[3 + PG_OURSELVES] = {
	    s->tables, s->server.schema, local ? "true" : "false"};
	for (size_t i = 0; i < PG_OURSELVES && what != PG_GUARD_ONLY; i++)
		values[3 + i] = s->ourselves[i];
	return pg_ask(s, sql_postgres_guard, values, 3 + PG_OURSELVES, arena, rows, err);
}

bool pg_be_ourselves(struct pg_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	return ask(s, PG_GUARD_LOCALLY, &rows, &arena, err);
}

bool pg_guard_check(struct pg_db *s, enum pg_guard what, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!ask(s, what, &rows, &arena, err))
		return false;
	if (rows.count == 0 || pg_true(rows.cells[0]))
		return refuse(err);
	s->unchecked = s->unchecked && what == PG_GUARD_ONLY;
	return true;
}
