/*
 * The lock where no session is one's own: behind a pooler that gives each transaction another one.
 *
 * It is a row that runs out, by the server's clock, with a token. In each of its transactions the
 * holder has the schema's advisory lock too, as one of the transaction, and in the last moment
 * before COMMIT it writes the row, where its token must stand. So nobody can take the lease while a
 * transaction of its holder is open, however long that takes and whoever died meanwhile; between
 * transactions it can be taken when it has run out, and who lost it can't commit any more. A runner
 * with a session takes the same advisory lock, and looks at the row: each excludes the other.
 *
 * While a transaction is open its holder can't write the row so that others see it. What it says is
 * then in its application_name, as ever.
 */
#include "base/text.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	UNDO_MS = 4000,
	SCRIPT_MAX = 4096
};

/* Nobody waits for long while he has the advisory lock. */
#define BEGIN     "BEGIN ISOLATION LEVEL READ COMMITTED"
#define BEGIN_TRY BEGIN "; SET LOCAL lock_timeout = '2s'"

static bool is_missing(const struct err *err)
{
	return text_is(err->code, "42P01") || text_is(err->code, "3F000");
}

/* --- Reading --- */

/* Its table is made with the first lease; a restore may take it away again. */
static bool find_table(struct pg_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {arena_printf(&arena, "%sdb_entry_lease", s->base.own)};
	struct db_rows rows;
	if (s->lease.has_table)
		return true;
	if (!pg_ask(
		s, "SELECT pg_catalog.to_regclass($1) IS NOT NULL", values, 1, &arena, &rows, err))
		return false;
	s->lease.has_table = rows.count == 1 && pg_true(rows.cells[0]);
	return true;
}

/* What it said in its transaction is newer than its row. */
static bool add_running(struct pg_db *s, struct db_holder *holder, struct err *err)
{
	struct db_holder running;
	if (!pg_lock_holder(s, s->lock.key, &running, err))
		return false;
	if (strcmp(running.who, holder->who) == 0 && running.progress[0] != '\0')
		snprintf(holder->progress, sizeof(holder->progress), "%s", running.progress);
	return true;
}

/* Somebody else's that has not run out. */
static bool read_row(struct pg_db *s, bool *stands, struct db_holder *holder, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {s->lease.token};
	const char *sql = arena_printf(&arena,
	    "SELECT l.holder, pg_catalog.to_char(l.since AT TIME ZONE 'UTC',"
	    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), l.progress FROM %sdb_entry_lease AS l"
	    " WHERE l.expires_at > pg_catalog.clock_timestamp() AND l.token <> $1",
	    s->base.own);
	struct db_holder found = {0};
	struct db_rows rows;
	*stands = false;
	if (!pg_ask(s, sql, values, 1, &arena, &rows, err)) {
		s->lease.has_table = s->lease.has_table && !is_missing(err);
		return is_missing(err);
	}
	if (rows.count == 0)
		return true;
	pg_read_note(rows.cells[0], &found);
	snprintf(found.since, sizeof(found.since), "%s", rows.cells[1]);
	snprintf(found.progress, sizeof(found.progress), "%s", rows.cells[2]);
	if (!add_running(s, &found, err))
		return false;
	*holder = found;
	*stands = true;
	return true;
}

bool pg_lease_stands(struct pg_db *s, bool *stands, struct db_holder *holder, struct err *err)
{
	*stands = false;
	return find_table(s, err) && (!s->lease.has_table || read_row(s, stands, holder, err));
}

bool pg_lease_clear(struct pg_db *s, bool *stands, struct db_holder *holder, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MAX);
	*stands = false;
	if (!find_table(s, err))
		return false;
	if (!s->lease.has_table)
		return true;
	buf_printf(&sql,
	    "DELETE FROM %sdb_entry_lease WHERE expires_at <= pg_catalog.clock_timestamp()",
	    s->base.own);
	return pg_script(s, sql.data, err) && read_row(s, stands, holder, err);
}

/* --- Taking --- */

static void undo(struct pg_db *s)
{
	struct stop stop = stop_cleanup(UNDO_MS);
	struct err ignored;
	pg_rollback(&s->base, &stop, &ignored);
}

/* Begin a transaction; is it the one of this schema? */
static bool enter(struct pg_db *s, const char *begin, bool *entered, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows = {.count = 0};
	struct pg_request request = {.script = true, .arena = &arena, .rows = &rows};
	request.sql = arena_printf(&arena,
	    "%s; SELECT pg_catalog.pg_try_advisory_xact_lock(%" PRId64 ")", begin, s->lock.key);
	if (!pg_request(s, &request, err))
		return false;
	*entered = rows.count == 1 && pg_true(rows.cells[0]);
	return true;
}

static bool make_table(struct pg_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MAX);
	buf_printf(&sql,
	    "CREATE TABLE IF NOT EXISTS %sdb_entry_lease ("
	    "one boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (one),"
	    " token text NOT NULL,"
	    " holder text NOT NULL,"
	    " since timestamptz NOT NULL,"
	    " progress text NOT NULL,"
	    " expires_at timestamptz NOT NULL)",
	    s->base.own);
	return pg_script(s, sql.data, err) ||
	       err_context(err, "the table of the lease can't be made");
}

/* *written is false when another one's stands. */
static bool write_row(struct pg_db *s, bool *written, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {
	    s->lease.token, s->lock.name, arena_printf(&arena, "%" PRId64, s->lease.ms)};
	const char *sql = arena_printf(&arena,
	    "INSERT INTO %sdb_entry_lease AS l (token, holder, since, progress, expires_at)"
	    " VALUES ($1, $2, pg_catalog.clock_timestamp(), '',"
	    " pg_catalog.clock_timestamp() + $3::float8 * interval '1 millisecond')"
	    " ON CONFLICT (one) DO UPDATE SET token = excluded.token, holder = excluded.holder,"
	    " since = excluded.since, progress = '', expires_at = excluded.expires_at"
	    " WHERE l.expires_at <= pg_catalog.clock_timestamp() OR l.token = excluded.token"
	    " RETURNING 1",
	    s->base.own);
	struct db_rows rows;
	if (!pg_ask(s, sql, values, 3, &arena, &rows, err))
		return false;
	*written = rows.count > 0;
	return true;
}

static bool take(struct pg_db *s, bool *taken, struct db_holder *holder, struct err *err)
{
	const struct pg_foreign *busy = NULL;
	bool entered = false;
	if (!enter(s, BEGIN_TRY, &entered, err))
		return false;
	if (!entered)
		return pg_lock_holder(s, s->lock.key, holder, err);
	if (!pg_foreign_find(s, err) || !pg_foreign_take(s, &busy, err))
		return false;
	if (busy != NULL)
		return pg_foreign_holder(s, busy, holder, err);
	return (s->lease.has_table || make_table(s, err)) && write_row(s, taken, err) &&
	       (!*taken || pg_script(s, "COMMIT", err));
}

bool pg_lease_try(struct pg_db *s, bool *taken, struct db_holder *holder, struct err *err)
{
	bool stands, done = false;
	if (!pg_lease_stands(s, &stands, holder, err))
		return false;
	if (stands)
		return true;
	bool ok = take(s, &done, holder, err);
	undo(s);
	pg_foreign_release(s, err);
	if (!ok)
		return false;
	*taken = done;
	s->lease.has_table = s->lease.has_table || done;
	return true;
}

/* --- Holding --- */

static bool lost(const struct pg_db *s, struct err *err)
{
	char text[32];
	text_elapsed(s->lease.ms, text, sizeof(text));
	err_set(err, ERR_LOCK, "the lease on the migration lock was lost");
	err_why(err, "it ran out, after %s without a sign of life of this process", text);
	return err_next(err, "start again; to keep it longer: DB_ENTRY_LEASE=5m"
			     " DB_ENTRY_LOCK_STALL=10m");
}

/* Say that we live; `progress` NULL: and are where we were. */
static bool renew(struct pg_db *s, const char *progress, bool *held, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {
	    s->lease.token, arena_printf(&arena, "%" PRId64, s->lease.ms), progress};
	const char *sql = arena_printf(&arena,
	    "UPDATE %sdb_entry_lease AS l SET progress = coalesce($3::text, l.progress),"
	    " expires_at ="
	    " pg_catalog.clock_timestamp() + $2::float8 * interval '1 millisecond'"
	    " WHERE l.token = $1 RETURNING 1",
	    s->base.own);
	struct db_rows rows;
	*held = false;
	if (!pg_ask(s, sql, values, 3, &arena, &rows, err))
		return is_missing(err);
	*held = rows.count > 0;
	return true;
}

bool pg_lease_check(struct pg_db *s, struct err *err)
{
	bool held;
	if (s->lease.fenced)
		return true;
	if (!pg_must_be_whole(s, err) ||
	    (s->unchecked && !pg_guard_check(s, PG_GUARD_AND_RETURN, err)) ||
	    !renew(s, NULL, &held, err))
		return false;
	s->lease.fenced = held && s->in_transaction;
	return held || lost(s, err);
}

void pg_lease_note(struct pg_db *s, const char *progress)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {s->lock.shown};
	struct db_rows rows;
	struct err ignored;
	bool held;
	if (pq.transactionStatus(s->conn) == PQTRANS_IDLE)
		renew(s, progress, &held, &ignored);
	else
		pg_ask(s, "SELECT pg_catalog.set_config('application_name', $1, true)", values, 1,
		    &arena, &rows, &ignored);
}

bool pg_lease_end(struct pg_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {s->lease.token};
	const char *sql = arena_printf(
	    &arena, "DELETE FROM %sdb_entry_lease WHERE token = $1 RETURNING 1", s->base.own);
	struct db_rows rows;
	if (!pg_ask(s, sql, values, 1, &arena, &rows, err))
		return false;
	s->lock.held = false;
	return rows.count > 0 || lost(s, err);
}

/* --- Its transactions --- */

static bool is_ours(struct pg_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {s->lease.token};
	const char *sql = arena_printf(
	    &arena, "SELECT 1 FROM %sdb_entry_lease AS l WHERE l.token = $1", s->base.own);
	struct db_rows rows;
	if (!pg_ask(s, sql, values, 1, &arena, &rows, err))
		return is_missing(err) ? lost(s, err) : false;
	return rows.count > 0 || lost(s, err);
}

static bool taken_by(const struct db_holder *holder, struct err *err)
{
	err_set(err, ERR_LOCK, "the migration lock was taken by %s",
	    holder->who[0] == '\0' ? "another process" : holder->who);
	err->retry = ERR_RETRY_TRANSACTION; /* it may have been there for a moment only */
	return err_next(err, "start again, when it is done");
}

/* After BEGIN, in statements of their own: what is seen must not be older than the lock. */
static bool make_ours(struct pg_db *s, struct err *err)
{
	const struct pg_foreign *busy = NULL;
	struct db_holder holder;
	bool entered = false;
	if (!enter(s, BEGIN, &entered, err))
		return false;
	if (!entered)
		return pg_lock_holder(s, s->lock.key, &holder, err) && taken_by(&holder, err);
	if (!is_ours(s, err) || !pg_foreign_take(s, &busy, err))
		return false;
	if (busy != NULL)
		return pg_foreign_holder(s, busy, &holder, err) && taken_by(&holder, err);
	return true;
}

static bool read_settings(struct pg_db *s, struct err *err)
{
	struct db_rows rows;
	if (!pg_ask(s, sql_postgres_lease_settings, NULL, 0, &s->arena, &rows, err))
		return false;
	if (rows.count != 1 || rows.cells[0] == NULL)
		return err_set(err, ERR_UNEXPECTED, "the server does not say what is set");
	s->lease.settings = rows.cells[0];
	return true;
}

bool pg_lease_begin(struct pg_db *s, struct err *err)
{
	bool ok = s->lock.held ? make_ours(s, err) : pg_script(s, BEGIN, err);
	return ok && read_settings(s, err);
}

/*
 * All that a migration can leave in a session and that goes with COMMIT. What was set before stays,
 * be it by the pooler itself. DEALLOCATE ALL would take from it what it believes to be prepared.
 */
void pg_lease_leave(const struct pg_db *s, struct buf *out)
{
	buf_printf(out,
	    "CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; SELECT %s; UNLISTEN *;"
	    " DISCARD TEMP; ",
	    s->lease.settings);
}
