/*
 * What every start asks, in one round trip: the queries that were announced and the fingerprint, as
 * one script, sent when the first of them is asked for.
 */
#include "base/text.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"

enum {
	SCRIPT_MAX = 64 * 1024
};

void pg_ahead_forget(struct pg_db *s)
{
	arena_free(&s->ahead.arena);
	s->ahead = (struct pg_ahead){.count = 0};
	s->server.known = false;
}

void pg_ahead(struct db *db, const char *const *queries, size_t count)
{
	struct pg_db *s = (struct pg_db *)db;
	struct pg_ahead *ahead = &s->ahead;
	/* One table that is not there, and none would be answered. */
	bool there = s->server.known && s->server.has_history && s->server.has_snapshot;
	if (!there || count > PG_AHEAD_MOST)
		return;
	arena_free(&ahead->arena);
	*ahead = (struct pg_ahead){.count = count};
	for (size_t i = 0; i < count; i++)
		ahead->queries[i] = arena_strdup(&ahead->arena, queries[i]);
}

/* The first is for whoever asks now; the others may outlive that arena. */
static void take(void *context, const struct db_rows *rows)
{
	struct pg_ahead *ahead = context;
	size_t at = ahead->answered++;
	if (at == 0)
		ahead->rows[at] = *rows;
	else if (at <= ahead->count)
		db_rows_copy(&ahead->rows[at], rows, &ahead->arena);
}

static bool ask(struct pg_db *s, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf script = buf_init(SCRIPT_MAX);
	/* Put aside, so that the request does not forget it. */
	struct pg_ahead ahead = s->ahead;
	struct pg_server server = s->server;
	struct pg_request request = {
	    .script = true, .arena = arena, .each = take, .context = &ahead};
	s->ahead = (struct pg_ahead){.count = 0};
	for (size_t i = 0; i < ahead.count; i++)
		buf_printf(&script, "%s; ", ahead.queries[i]);
	buf_add_text(&script, sql_postgres_fingerprint);
	request.sql = script.data;
	bool ok = !script.overflow && pg_request(s, &request, err);
	s->ahead = ahead;
	s->server = server;
	return ok && ahead.answered == ahead.count + 1;
}

bool pg_ahead_query(struct pg_db *s, const char *sql, struct arena *arena, struct db_rows *rows,
    bool *given, struct err *err)
{
	struct pg_ahead *ahead = &s->ahead;
	struct err failed = {.kind = ERR_NONE};
	*given = false;
	if (ahead->given == ahead->count || !text_is(sql, ahead->queries[ahead->given]))
		return true;
	if (ahead->given == 0 && !ask(s, arena, &failed)) {
		pg_ahead_forget(s);
		/* What the database refused, it says best of the one that is to blame. */
		if (failed.kind == ERR_NONE || (failed.kind == ERR_DATABASE && s->conn != NULL))
			return true;
		*err = failed;
		return false;
	}
	if (ahead->given == 0)
		*rows = ahead->rows[0];
	else
		db_rows_copy(rows, &ahead->rows[ahead->given], arena);
	ahead->given++;
	return *given = true;
}

const struct db_rows *pg_ahead_fingerprint(struct pg_db *s)
{
	const struct pg_ahead *ahead = &s->ahead;
	bool there = ahead->count > 0 && ahead->given == ahead->count;
	return there ? &ahead->rows[ahead->count] : NULL;
}
