/*
 * The migration lock: GET_LOCK() of the session that executes, so that it can't be free while a
 * statement of its holder still runs. Who waits tries, without waiting at the server. Sessions have
 * nothing that others may read; so who holds it says so in a row of db_entry_lock, and what it runs
 * is seen in the list of processes.
 */
#include "base/digest.h"
#include "base/text.h"
#include "db/mariadb/dump.h"
#include "db/mariadb/mariadb.h"
#include "db/mariadb/schema_parts.h"
#include "gen/sql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	KEY_HEX = 32,
	NOTE_MS = 250, /* written no more often: a thousand small migrations would pay for it */
	LOOK_MS = 100, /* the holder is looked up no more often */
	SHORT_S = 2,   /* a statement that runs longer shows how long */
	SQL_BYTES = 8192,
	HAND_OVER_MS = 10000
};

/* Locks are the server's, not a database's, and their names ignore case. */
void my_lock_key(const char *database, char key[MY_KEY_SIZE])
{
	char hex[DIGEST_HEX + 1];
	struct digest *digest = digest_new();
	digest_add(digest, database, strlen(database));
	digest_hex(digest, hex);
	digest_free(&digest);
	snprintf(key, MY_KEY_SIZE, "db-entry:%.*s", KEY_HEX, hex);
}

/* --- What the holder says of itself --- */

static bool change(
    struct my_db *s, const char *sql, const struct db_value *values, size_t count, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	return my_own(s, sql, values, count, &arena, NULL, err);
}

static bool write_row(struct my_db *s, struct err *err)
{
	static const char sql[] =
	    "REPLACE INTO own.db_entry_lock (id, connection, node, token, beat, holder, since,"
	    " progress) VALUES (1, CONNECTION_ID(), " MY_EMPTY ", " MY_EMPTY ", 0, ?, ?, " MY_EMPTY
	    ")";
	char now[TEXT_TIME_SIZE];
	text_now(now);
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = s->lock.name}, {.type = DB_TEXT, .text = now}};
	if (change(s, sql, values, 2, err))
		return true;
	return text_is(err->code, "1146") && change(s, sql_mariadb_lock_table, NULL, 0, err) &&
	       change(s, sql, values, 2, err);
}

static void name_session(struct my_lock *lock)
{
	char host[256] = "";
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	snprintf(lock->name, sizeof(lock->name), "pid %d on %s", (int)getpid(), host);
}

/* --- Who holds it --- */

enum holder_column {
	HOLDER_ID,
	HOLDER_NAME,
	HOLDER_SINCE,
	HOLDER_PROGRESS,
	HOLDER_COMMAND,
	HOLDER_TIME,
	HOLDER_USER,
	HOLDER_HOST
};

/* "0012_index, statement 1 of 2, 40 s" */
static void add_running(const char *const *cells, struct db_holder *holder)
{
	char elapsed[32], note[200];
	int64_t seconds = cells[HOLDER_TIME] == NULL ? 0 : strtoll(cells[HOLDER_TIME], NULL, 10);
	if (cells[HOLDER_COMMAND] == NULL || text_is(cells[HOLDER_COMMAND], "Sleep") ||
	    seconds < SHORT_S)
		return;
	text_elapsed(seconds * 1000, elapsed, sizeof(elapsed));
	snprintf(note, sizeof(note), "%.150s", holder->progress);
	snprintf(holder->progress, sizeof(holder->progress), "%s%s%s", note,
	    note[0] == '\0' ? "running for " : ", ", elapsed);
}

static void read_holder(const char *const *cells, struct db_holder *holder)
{
	if (cells[HOLDER_NAME] != NULL)
		snprintf(holder->who, sizeof(holder->who), "%.250s", cells[HOLDER_NAME]);
	else if (cells[HOLDER_USER] != NULL)
		snprintf(holder->who, sizeof(holder->who), "connection %s (%.80s@%.120s)",
		    cells[HOLDER_ID], cells[HOLDER_USER], cells[HOLDER_HOST]);
	else
		snprintf(holder->who, sizeof(holder->who), "connection %s", cells[HOLDER_ID]);
	if (cells[HOLDER_SINCE] != NULL)
		snprintf(holder->since, sizeof(holder->since), "%s", cells[HOLDER_SINCE]);
	if (cells[HOLDER_PROGRESS] != NULL)
		snprintf(
		    holder->progress, sizeof(holder->progress), "%.250s", cells[HOLDER_PROGRESS]);
	add_running(cells, holder);
}

static bool look_up(struct my_db *s, const char *key, struct db_holder *holder, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const struct db_value value = {.type = DB_TEXT, .text = key};
	struct db_rows rows;
	*holder = (struct db_holder){0};
	/* Without our table, or a right to it, nobody can be named. */
	if (!my_own(s, sql_mariadb_lock_holder, &value, 1, &arena, &rows, err))
		return err->kind == ERR_DATABASE && s->conn != NULL;
	if (rows.count > 0)
		read_holder(rows.cells, holder);
	return true;
}

static bool release_local(struct my_db *s, bool *was, struct err *err)
{
	*was = true;
	return !s->lock.local || my_query_yes(s, "SELECT RELEASE_LOCK(?)", s->lock.key, was, err);
}

/* Not ours alone: another tool is at work. */
static bool busy_with(
    struct my_db *s, const struct my_foreign *busy, struct db_holder *holder, struct err *err)
{
	struct db_holder found;
	bool ignored;
	if (!look_up(s, busy->key, &found, err) || !my_foreign_release(s, err) ||
	    !my_lease_release(s, err) || !release_local(s, &ignored, err))
		return false;
	*holder = found;
	snprintf(holder->who, sizeof(holder->who), "%s (%.200s)", busy->tool, found.who);
	return true;
}

static bool busy_with_us(struct my_db *s, struct db_holder *holder, struct err *err)
{
	int64_t now = stop_now();
	if (s->lock.looked == 0 || now - s->lock.looked >= LOOK_MS) {
		/* In a cluster who has the node's own lock may be another that waits. */
		if (s->server.galera ? !my_lease_holder(s, &s->lock.seen, err)
				     : !look_up(s, s->lock.key, &s->lock.seen, err))
			return false;
		s->lock.looked = now;
	}
	*holder = s->lock.seen;
	return true;
}

/* --- Taking it --- */

/* Some clusters refuse GET_LOCK(); there the lease alone has to do. */
static bool take_local(struct my_db *s, bool *taken, struct err *err)
{
	s->lock.local = my_query_yes(s, "SELECT GET_LOCK(?, 0)", s->lock.key, taken, err);
	if (s->lock.local)
		return true;
	*taken = true;
	return s->server.galera && s->conn != NULL && err->kind == ERR_DATABASE;
}

/* What there is beside the lock of our own; BUSY with nothing held. */
static bool take_rest(
    struct my_db *s, enum db_lock_state *state, struct db_holder *holder, struct err *err)
{
	const struct my_foreign *busy = NULL;
	struct err ignored;
	bool taken = true, was;
	name_session(&s->lock);
	if (s->server.galera && !my_lease_take(s, &taken, holder, err))
		return false;
	if (!taken)
		return release_local(s, &was, err);
	if (!my_foreign_take(s, &busy, err))
		return false;
	if (busy != NULL)
		return busy_with(s, busy, holder, err);
	s->lock.told = s->server.galera || write_row(s, &ignored);
	s->lock.noted = 0;
	s->lock.held = true;
	if (!my_restore_heal(s, err) || !my_scratch_sweep(s, err))
		return false;
	*state = DB_LOCK_TAKEN;
	return true;
}

static bool take(
    struct my_db *s, enum db_lock_state *state, struct db_holder *holder, struct err *err)
{
	struct err ignored;
	bool taken = false, was;
	my_lock_key(s->server.database, s->lock.key);
	*state = DB_LOCK_BUSY;
	if (!take_local(s, &taken, err))
		return false;
	if (!taken)
		return busy_with_us(s, holder, err);
	if (take_rest(s, state, holder, err))
		return true;
	s->lock.held = false;
	if (s->conn != NULL) {
		my_foreign_release(s, &ignored);
		my_lease_release(s, &ignored);
		release_local(s, &was, &ignored);
	}
	return false;
}

bool my_lock_try(struct db *db, enum db_lock_state *state, struct db_holder *holder,
    const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	if (!my_enter(s, stop, err) || !my_settle(s, err))
		return false;
	*state = DB_LOCK_TAKEN;
	return s->lock.held || take(s, state, holder, err);
}

/* A cut character would be an error; what is wrong with it is the waiting ones' loss alone. */
void my_lock_note(struct db *db, const char *progress)
{
	struct my_db *s = (struct my_db *)db;
	struct stop stop = stop_never();
	struct err ignored;
	int64_t now = stop_now();
	const struct db_value value = {.type = DB_TEXT, .text = progress};
	if (!s->lock.held || !s->lock.told || s->in_transaction || strlen(progress) > 500 ||
	    (s->lock.noted != 0 && now - s->lock.noted < NOTE_MS) || !my_enter(s, &stop, &ignored))
		return;
	s->lock.noted = now;
	change(s,
	    "UPDATE own.db_entry_lock SET progress = ? WHERE id = 1 AND connection ="
	    " CONNECTION_ID()",
	    &value, 1, &ignored);
}

bool my_lock_check(struct db *db, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	bool held = s->lock.held && !s->lock.local; /* then the lease is all there is */
	if (!my_enter(s, stop, err))
		return false;
	if (s->lock.held && s->lock.local &&
	    !my_query_yes(s, "SELECT IS_USED_LOCK(?) = CONNECTION_ID()", s->lock.key, &held, err))
		return false;
	if (held)
		return s->in_transaction || my_lease_check(s, err);
	err_set(err, ERR_LOCK, "the migration lock is not held%s", s->lock.held ? " any more" : "");
	if (s->lock.held)
		err_why(err, "a migration may have let go of all locks");
	return false;
}

bool my_unlock(struct db *db, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	bool was = false;
	if (!s->lock.held)
		return true;
	if (!my_enter(s, stop, err) || !my_foreign_release(s, err) || !my_lease_release(s, err) ||
	    !release_local(s, &was, err))
		return false;
	s->lock.held = false;
	return was || err_set(err, ERR_LOCK, "the migration lock was not held any more");
}

/* --- To another session of ours --- */

/* Until the server shows that the new session queues for it: then nobody can come before it. */
static bool await_queued(struct my_db *s, const struct my_db *fresh, struct err *err)
{
	static const char sql[] =
	    "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ? AND STATE = 'User lock'";
	const struct stop soon = stop_within(&s->stop, HAND_OVER_MS);
	const struct db_value id = {.type = DB_INT, .number = fresh->server.id};
	for (;;) {
		CLEANUP(arena_free) struct arena arena = {0};
		struct db_rows rows;
		if (!my_query(&s->base, sql, &id, 1, &arena, &rows, &s->stop, err))
			return false;
		if (rows.count > 0)
			return true;
		if (!stop_sleep(&soon, 1, err))
			return false;
	}
}

static bool hand_over(struct my_db *s, struct my_db *fresh, const char *key, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_BYTES);
	CLEANUP(arena_free) struct arena arena = {0};
	const struct db_value value = {.type = DB_TEXT, .text = key};
	struct db_rows rows = {.count = 0};
	bool ignored;
	if (!my_fill(fresh, "SELECT GET_LOCK(?, 10)", &value, 1, &sql, err))
		return false;
	struct my_request request = {
	    .sql = sql.data, .len = sql.len, .arena = &arena, .rows = &rows};
	my_request_begin(fresh, &request);
	bool ok = await_queued(s, fresh, err) &&
		  my_query_yes(s, "SELECT RELEASE_LOCK(?)", key, &ignored, err) &&
		  my_request_end(fresh, &request, err);
	if (!ok)
		return false;
	return (rows.count == 1 && text_is(rows.cells[0], "1")) ||
	       err_set(err, ERR_LOCK, "the lock %s went to somebody else", key);
}

bool my_lock_hand_over(struct my_db *s, struct my_db *fresh, struct err *err)
{
	if (!s->lock.held)
		return true;
	if (s->lock.local && !hand_over(s, fresh, s->lock.key, err))
		return false;
	for (size_t i = 0; i < s->lock.foreign_count; i++)
		if (s->lock.foreign[i].taken && !hand_over(s, fresh, s->lock.foreign[i].key, err))
			return false;
	return true;
}

bool my_lock_moved(struct my_db *s, struct err *err)
{
	return !s->lock.held || !s->lock.told ||
	       change(s, "UPDATE own.db_entry_lock SET connection = CONNECTION_ID() WHERE id = 1",
		   NULL, 0, err);
}
