/*
 * The migration lock: a session's advisory lock, on the session that executes, so that it can't be
 * free while a statement of its holder still runs. Who waits tries; a blocked pg_advisory_lock()
 * would hold a snapshot that CREATE INDEX CONCURRENTLY waits for.
 *
 * What its holder says is its application_name, the one thing of a session that all others may
 * read. It can't be changed while a statement runs; that one runs is then seen by itself.
 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/text.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HOST_MAX = 20,   /* of the 63 bytes an application_name has */
	NOTE_MS = 250,   /* written no more often: a thousand small migrations would pay for it */
	LOOK_MS = 100,   /* the holder is looked up no more often */
	SHORT_MS = 2000, /* a statement that runs longer shows how long */
	KEY = 24
};

/* The first eight bytes of SHA-256 of "db-entry:" and the schema's name. */
int64_t pg_lock_key(const char *schema)
{
	char hex[DIGEST_HEX + 1];
	struct digest *digest = digest_new();
	digest_add(digest, "db-entry:", strlen("db-entry:"));
	digest_add(digest, schema, strlen(schema));
	digest_hex(digest, hex);
	digest_free(&digest);
	hex[16] = '\0';
	return (int64_t)strtoull(hex, NULL, 16);
}

/* A pod's name differs from its sisters' at its end. */
static void name_session(struct pg_lock *lock)
{
	char host[256] = "";
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	size_t len = strlen(host), skip = len > HOST_MAX ? len - HOST_MAX : 0;
	snprintf(lock->name, sizeof(lock->name), "db-entry %d@%.*s", (int)getpid(), HOST_MAX,
	    host + skip);
}

void pg_read_note(const char *name, struct db_holder *holder)
{
	static const char ours[] = "db-entry ";
	const char *pid = text_starts(name, ours) ? name + strlen(ours) : "";
	size_t digits = strspn(pid, "0123456789");
	if (digits == 0 || pid[digits] != '@') {
		snprintf(holder->who, sizeof(holder->who), "%s", name);
		return;
	}
	const char *host = pid + digits + 1;
	size_t len = strcspn(host, ":");
	snprintf(
	    holder->who, sizeof(holder->who), "pid %.*s on %.*s", (int)digits, pid, (int)len, host);
	if (text_starts(host + len, ": "))
		snprintf(holder->progress, sizeof(holder->progress), "%s", host + len + 2);
}

/* "0012_index, statement 1 of 2, 40 s" */
static void add_running(const char *seconds, struct db_holder *holder)
{
	char elapsed[32], note[200];
	int64_t ms = seconds == NULL ? 0 : strtoll(seconds, NULL, 10) * 1000;
	if (ms < SHORT_MS)
		return;
	text_elapsed(ms, elapsed, sizeof(elapsed));
	snprintf(note, sizeof(note), "%.150s", holder->progress);
	snprintf(holder->progress, sizeof(holder->progress), "%s%s%s", note,
	    note[0] == '\0' ? "running for " : ", ", elapsed);
}

bool pg_lock_holder(struct pg_db *s, int64_t key, struct db_holder *holder, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {arena_printf(&arena, "%" PRId64, key)};
	struct db_rows rows;
	if (!pg_ask(s, sql_postgres_lock_holder, values, 1, &arena, &rows, err))
		return false;
	*holder = (struct db_holder){0};
	if (rows.count == 0)
		return true; /* gone meanwhile */
	pg_read_note(rows.cells[1] == NULL ? "" : rows.cells[1], holder);
	if (holder->who[0] == '\0')
		snprintf(holder->who, sizeof(holder->who), "back end %s", rows.cells[0]);
	if (rows.cells[2] != NULL)
		snprintf(holder->since, sizeof(holder->since), "%s", rows.cells[2]);
	add_running(rows.cells[3], holder);
	return true;
}

static bool call(struct pg_db *s, const char *function, int64_t key, bool *yes, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {arena_printf(&arena, "%" PRId64, key)};
	const char *sql = arena_printf(&arena, "SELECT pg_catalog.%s($1::bigint)", function);
	struct db_rows rows;
	if (!pg_ask(s, sql, values, 1, &arena, &rows, err))
		return false;
	*yes = rows.count == 1 && pg_true(rows.cells[0]);
	return true;
}

/* Not ours alone: another tool is at work. */
static bool busy_with(
    struct pg_db *s, const struct pg_foreign *busy, struct db_holder *holder, struct err *err)
{
	bool ignored;
	return pg_foreign_release(s, err) && pg_foreign_holder(s, busy, holder, err) &&
	       call(s, "pg_advisory_unlock", s->lock.key, &ignored, err);
}

static bool busy_with_us(struct pg_db *s, struct db_holder *holder, struct err *err)
{
	int64_t now = stop_now();
	if (s->lock.looked == 0 || now - s->lock.looked >= LOOK_MS) {
		if (!pg_lock_holder(s, s->lock.key, &s->lock.seen, err))
			return false;
		s->lock.looked = now;
	}
	*holder = s->lock.seen;
	return true;
}

/* *taken is false when somebody else has it, and *holder then says who. */
static bool take_session(struct pg_db *s, bool *taken, struct db_holder *holder, struct err *err)
{
	const struct pg_foreign *busy = NULL;
	bool leased = false, ignored;
	/* A lease is looked at first: its holder can't begin while somebody only tries. */
	if (!pg_lease_stands(s, &leased, holder, err))
		return false;
	*taken = false;
	if (leased)
		return true;
	if (!call(s, "pg_try_advisory_lock", s->lock.key, taken, err))
		return false;
	if (!*taken)
		return busy_with_us(s, holder, err);
	if (!pg_lease_clear(s, &leased, holder, err) ||
	    (leased && !call(s, "pg_advisory_unlock", s->lock.key, &ignored, err)))
		return false;
	if (!leased && (!pg_foreign_find(s, err) || !pg_foreign_take(s, &busy, err) ||
			   (busy != NULL && !busy_with(s, busy, holder, err))))
		return false;
	*taken = !leased && busy == NULL;
	return true;
}

/* The table of leases is another role's, or may not be made. */
static bool refused(struct err *err)
{
	if (text_is(err->code, "42501"))
		err->kind = ERR_ACCESS;
	return false;
}

bool pg_lock_try(struct db *db, enum db_lock_state *state, struct db_holder *holder,
    const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	bool taken = false;
	if (!pg_enter(s, stop, err) || !pg_settle(s, err))
		return false;
	if (!s->lock.held) {
		s->lock.key = pg_lock_key(s->server.schema == NULL ? "" : s->server.schema);
		name_session(&s->lock);
		if (s->lease.ms > 0 ? !pg_lease_try(s, &taken, holder, err)
				    : !take_session(s, &taken, holder, err))
			return refused(err);
		if (!taken) {
			*state = DB_LOCK_BUSY;
			return true;
		}
		s->lock.held = true;
		pg_lock_note(db, "");
		s->lock.noted -= NOTE_MS; /* what is said next is written at once */
	}
	*state = DB_LOCK_TAKEN;
	return true;
}

/* ASCII alone, as the server has it: half a character, and the transaction would be lost. */
void pg_lock_show(struct pg_lock *lock, const char *progress)
{
	CLEANUP(buf_free) struct buf text = buf_init(1024);
	buf_printf(&text, "%s%s%s", lock->name, progress[0] == '\0' ? "" : ": ", progress);
	snprintf(lock->shown, sizeof(lock->shown), "%.*s", (int)sizeof(lock->shown) - 1, text.data);
	for (char *c = lock->shown; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

void pg_lock_note(struct db *db, const char *progress)
{
	struct pg_db *s = (struct pg_db *)db;
	struct stop stop = stop_never();
	CLEANUP(arena_free) struct arena arena = {0};
	struct err ignored;
	int64_t now = stop_now();
	if (!s->lock.held || now - s->lock.noted < NOTE_MS || !pg_enter(s, &stop, &ignored))
		return;
	PGTransactionStatusType status = pq.transactionStatus(s->conn);
	if (status != PQTRANS_IDLE && status != PQTRANS_INTRANS)
		return;
	pg_lock_show(&s->lock, progress);
	s->lock.noted = now;
	if (s->lease.ms > 0) {
		pg_lease_note(s, progress);
		return;
	}
	const char *const values[] = {s->lock.shown};
	struct db_rows rows;
	pg_ask(s, "SELECT pg_catalog.set_config('application_name', $1, false)", values, 1, &arena,
	    &rows, &ignored);
}

static bool is_held(struct pg_db *s, int64_t key, bool *held, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {arena_printf(&arena, "%" PRId64, key)};
	struct db_rows rows;
	if (!pg_ask(s, sql_postgres_lock_held, values, 1, &arena, &rows, err))
		return false;
	*held = rows.count > 0;
	return true;
}

bool pg_lock_check(struct db *db, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	bool held = false;
	if (!pg_enter_only(s, stop, err))
		return false;
	if (s->lock.held && s->lease.ms > 0)
		return pg_lease_check(s, err);
	/* The proof has seen it, and nothing but our own SQL ran since. */
	if (s->lock.held && s->lock.verified && s->in_transaction)
		return true;
	if (s->lock.held && !is_held(s, s->lock.key, &held, err))
		return false;
	if (held)
		return true;
	err_set(err, ERR_LOCK, "the migration lock is not held%s", s->lock.held ? " any more" : "");
	if (s->lock.held)
		err_why(err, "a migration may have let go of all advisory locks, or the server"
			     " knows none");
	return false;
}

bool pg_unlock(struct db *db, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	bool was_held = false;
	if (!s->lock.held)
		return true;
	if (s->lease.ms > 0)
		return pg_enter(s, stop, err) && pg_lease_end(s, err);
	if (!pg_enter(s, stop, err) || !pg_foreign_release(s, err) ||
	    !call(s, "pg_advisory_unlock", s->lock.key, &was_held, err))
		return false;
	s->lock.held = false;
	return was_held || err_set(err, ERR_LOCK, "the migration lock was not held any more");
}
