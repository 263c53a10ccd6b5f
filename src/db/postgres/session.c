/*
 * The settings of a session that works. They are made when there is work, not at open: behind a
 * pooler a setting stays with the server's connection, and the next client has it.
 */
#include "base/text.h"
#include "db/postgres/postgres.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	SCRIPT_MAX = 16 * 1024
};

/* Since which version; a value that depends on the session is set apart. */
static const struct {
	const char *name, *value;
	int since;
	bool own; /* of a connection that is our own, not a transaction's */
} settings[] = {
    {"standard_conforming_strings", "on", 0, false},
    /* A session that holds the lock, or waits for it, is idle in between. */
    {"idle_in_transaction_session_timeout", "0", 0, true},
    {"idle_session_timeout", "0", 140000, true},
    {"transaction_timeout", "0", 170000, false},
    /* Who is gone without a word must not keep the lock for hours. */
    {"tcp_keepalives_idle", "30", 0, true},
    {"tcp_keepalives_interval", "10", 0, true},
    {"tcp_keepalives_count", "3", 0, true},
    {"client_connection_check_interval", "2000", 140000, false},
};

/* All that a migration can leave in a session, but advisory locks: ours is one. */
static const char clean[] = "CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;"
			    " DEALLOCATE ALL; UNLISTEN *; DISCARD PLANS; DISCARD SEQUENCES;"
			    " DISCARD TEMP; ";

static void add(const struct pg_db *s, struct buf *out, const char *name, const char *value)
{
	char *literal = pq.escapeLiteral(s->conn, value, strlen(value));
	if (literal == NULL)
		err_die("out of memory");
	buf_printf(out, "%spg_catalog.set_config('%s', %s, %s)",
	    text_ends(out->data, "SELECT ") ? "" : ", ", name, literal,
	    s->lease.ms > 0 ? "true" : "false");
	pq.freemem(literal);
}

static void add_ms(const struct pg_db *s, struct buf *out, const char *name, int64_t ms)
{
	char value[32];
	snprintf(value, sizeof(value), "%" PRId64, ms);
	add(s, out, name, value);
}

static void add_all(const struct pg_db *s, struct buf *out)
{
	buf_add_text(out, "SELECT ");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (s->server.number < settings[i].since || (settings[i].own && s->lease.ms > 0) ||
		    (s->no_check && text_is(settings[i].name, "client_connection_check_interval")))
			continue;
		add(s, out, settings[i].name, settings[i].value);
	}
	add_ms(s, out, "lock_timeout", s->limits.lock_timeout);
	add_ms(s, out, "statement_timeout", s->limits.statement_timeout);
	add(s, out, "application_name", s->lock.shown);
}

/* Behind them, in the same row, who we then are. */
static void add_ourselves(const struct pg_db *s, struct buf *out, const char *path)
{
	buf_add_text(out, ", pg_catalog.current_setting('session_authorization'),"
			  " pg_catalog.current_setting('role')");
	if (path != NULL)
		add(s, out, "search_path", path);
	else
		buf_add_text(out, ", pg_catalog.current_setting('search_path')");
	buf_add_text(out, ", pg_catalog.current_setting('row_security'),"
			  " pg_catalog.current_setting('session_replication_role')");
}

static void remember(struct pg_db *s, const struct db_rows *rows)
{
	size_t first = rows->columns < PG_OURSELVES ? 0 : rows->columns - PG_OURSELVES;
	for (size_t i = 0; i < PG_OURSELVES && first + i < rows->columns; i++)
		if (!text_is(s->ourselves[i], rows->cells[first + i]))
			s->ourselves[i] = arena_strdup(&s->arena, rows->cells[first + i]);
}

/*
 * A transaction that nobody goes on with ends with its lease. The search path is the one our tables
 * were found by: of the pooler's sessions some may have another.
 */
bool pg_settle_transaction(struct pg_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf script = buf_init(SCRIPT_MAX);
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows = {.count = 0};
	struct pg_request request = {.script = true, .arena = &arena, .rows = &rows};
	add_all(s, &script);
	add_ms(s, &script, "idle_in_transaction_session_timeout", s->lease.ms);
	add_ourselves(s, &script, s->search_path == NULL ? s->server.search_path : s->search_path);
	request.sql = script.data;
	if (!pg_request(s, &request, err))
		return false;
	remember(s, &rows);
	return true;
}

void pg_returned(struct pg_db *s, const struct db_rows *rows)
{
	remember(s, rows);
	s->settled = true;
	s->strayed = s->due = false;
}

/* Not every platform's server can look whether its client is still there. */
static bool apply(struct pg_db *s, const char *before, struct err *err)
{
	for (;;) {
		CLEANUP(buf_free) struct buf script = buf_init(SCRIPT_MAX);
		CLEANUP(arena_free) struct arena arena = {0};
		struct db_rows rows = {.count = 0};
		buf_add_text(&script, before);
		add_all(s, &script);
		add_ourselves(s, &script, s->search_path);
		struct pg_request request = {
		    .sql = script.data, .script = true, .arena = &arena, .rows = &rows};
		if (pg_request(s, &request, err)) {
			pg_returned(s, &rows);
			return true;
		}
		if (s->no_check || !text_is(err->code, "22023"))
			return false;
		s->no_check = true;
	}
}

static bool refuse_pooler(const struct pg_db *s, struct err *err)
{
	err_set(
	    err, ERR_LOCK, "%s is reached through a pooler, and something is to be done", s->label);
	err_why(err, "behind a pooler neither the migration lock nor a setting belongs to one"
		     " session: another client may get them");
	err_next(err,
	    "name the server itself, for this alone: "
	    "DB_ENTRY_DIRECT_URL=postgresql://…:5432/%s",
	    s->server.database);
	return err_next(err, "where only the pooler can be reached: DB_ENTRY_LOCK=lease");
}

bool pg_settle(struct pg_db *s, struct err *err)
{
	if (s->settled || s->lease.ms > 0)
		return true; /* with a lease each transaction has its own */
	return s->pooler ? refuse_pooler(s, err) : apply(s, "", err);
}

bool pg_return(struct pg_db *s, struct err *err)
{
	return apply(s, clean, err);
}

void pg_add_return(const struct pg_db *s, struct buf *out)
{
	buf_add_text(out, clean);
	add_all(s, out);
	add_ourselves(s, out, s->search_path);
}

bool pg_reset(
    struct db *db, const struct db_limits *limits, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	s->limits = limits == NULL ? s->first_limits : *limits;
	if (!pg_rollback(db, stop, err) || !pg_enter_only(s, stop, err))
		return false;
	if (s->lease.ms > 0)
		return true;
	if (s->pooler)
		return refuse_pooler(s, err);
	return s->due = true;
}
