/*
 * What every start asks, in one request: the queries that were announced and the catalog, sent when
 * the first of them is asked for. So the server works while others still read the files.
 */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"

/* The answers, as they come. */
struct answering {
	struct my_ahead *ahead;
	struct arena *arena; /* of who asked the first */
	struct my_keep keeps[MY_AHEAD_MOST];
	struct digest *digest;
};

void my_ahead(struct db *db, const char *const *queries, size_t count)
{
	struct my_db *s = (struct my_db *)db;
	struct my_ahead *ahead = &s->ahead;
	/* One table that is not there, and none would be answered. */
	bool there = s->server.known && s->server.has_history && s->server.has_snapshot;
	if (!there || count > MY_AHEAD_MOST || my_catalog_alone(s))
		return;
	arena_free(&ahead->arena);
	*ahead = (struct my_ahead){.count = count};
	for (size_t i = 0; i < count; i++)
		ahead->queries[i] = arena_strdup(&ahead->arena, queries[i]);
}

/* The first is for whoever asks now; the others may outlive that arena. */
static bool take_answer(void *context, const struct my_row *row, struct err *err)
{
	struct answering *a = context;
	(void)err;
	my_keep_row(&a->keeps[row->result], row, row->result == 0 ? a->arena : &a->ahead->arena);
	return true;
}

static bool take_catalog(void *context, const struct my_row *row, struct err *err)
{
	struct answering *a = context;
	(void)err;
	my_digest_row(a->digest, row);
	return true;
}

static bool ask(struct my_db *s, struct arena *arena, struct err *err)
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	/* Put aside, so that the request does not forget it. */
	struct my_ahead ahead = s->ahead;
	const struct my_server server = s->server;
	struct answering answering = {.ahead = &ahead, .arena = arena, .digest = digest};
	const struct my_taker taker = {.take = take_catalog, .context = &answering};
	const struct my_before before = {.queries = ahead.queries,
	    .count = ahead.count,
	    .taker = {.take = take_answer, .context = &answering}};
	s->ahead = (struct my_ahead){.count = 0};
	bool ok = my_catalog_behind(s, &before, &taker, err);
	for (size_t i = 0; i < ahead.count; i++)
		ahead.rows[i] = answering.keeps[i].rows;
	digest_hex(digest, ahead.fingerprint);
	s->ahead = ahead;
	s->server = server;
	return ok;
}

bool my_ahead_query(struct my_db *s, const char *sql, struct arena *arena, struct db_rows *rows,
    bool *given, struct err *err)
{
	struct my_ahead *ahead = &s->ahead;
	struct err failed = {.kind = ERR_NONE};
	*given = false;
	if (ahead->given == ahead->count || !text_is(sql, ahead->queries[ahead->given]))
		return true;
	if (ahead->given == 0 && !ask(s, arena, &failed)) {
		my_ahead_forget(s);
		/* What the database refused, it says best of the one that is to blame. */
		if (failed.kind == ERR_DATABASE && s->conn != NULL)
			return true;
		*err = failed;
		return false;
	}
	/* Of no rows it is not known how many columns they would have. */
	if (ahead->rows[ahead->given].count == 0) {
		my_ahead_forget(s);
		return true;
	}
	if (ahead->given == 0)
		*rows = ahead->rows[0];
	else
		db_rows_copy(rows, &ahead->rows[ahead->given], arena);
	ahead->given++;
	return *given = true;
}

const char *my_ahead_fingerprint(const struct my_db *s)
{
	const struct my_ahead *ahead = &s->ahead;
	return ahead->count > 0 && ahead->given == ahead->count ? ahead->fingerprint : NULL;
}
