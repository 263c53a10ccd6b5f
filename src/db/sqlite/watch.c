/*
 * The handlers of a connection: waiting for others and running long end when the call's stop fires,
 * a long statement shows those who wait for our lock that it lives, and what a migration's
 * statements touch is seen while they are prepared.
 */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <strings.h>

enum {
	PROGRESS_OPS = 1000, /* of SQLite's virtual machine: well under a millisecond */
	PAUSE_MOST_MS = 25,
	OPEN_MS = 1000 /* every commit locks others out for a moment; longer is worth a message */
};

static int on_progress(void *context)
{
	struct sqlite_db *s = context;
	sqlite_lock_beat(s);
	if (s->alive != NULL)
		s->alive(s->alive_context);
	return !stop_check(&s->stop, &s->stop_err);
}

/* How long to wait for other users of the database; 0: as long as `stop` lets us. */
static int64_t patience(const struct sqlite_db *s)
{
	return s->opening ? OPEN_MS : s->limits.lock_timeout;
}

static int on_busy(void *context, int tries)
{
	struct sqlite_db *s = context;
	int64_t pause = tries < PAUSE_MOST_MS ? tries + 1 : PAUSE_MOST_MS;
	sqlite_lock_beat(s);
	if (tries == 0)
		s->busy_since = stop_now();
	if (patience(s) > 0) {
		int64_t left = s->busy_since + patience(s) - stop_now();
		if (left <= 0)
			return 0;
		pause = left < pause ? left : pause;
	}
	return stop_sleep(&s->stop, pause, &s->stop_err);
}

/* Making, writing, dropping or altering what is named as our own tables are, in any case of
 * letters. */
static bool is_own(int action, const char *name, const char *other)
{
	switch (action) {
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_VIEW:
	case SQLITE_DROP_TABLE:
		return name != NULL && strncasecmp(name, "db_entry_", 9) == 0;
	case SQLITE_ALTER_TABLE:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_CREATE_INDEX:
	case SQLITE_DROP_INDEX:
	case SQLITE_DROP_TRIGGER:
		return other != NULL && strncasecmp(other, "db_entry_", 9) == 0;
	default:
		return false;
	}
}

/* Refused earlier with file and line (sql/script.h); what gets here all the same is refused here.
 */
static const char *forbidden(int action, const char *name, const char *value)
{
	switch (action) {
	case SQLITE_ATTACH:
		return "ATTACH";
	case SQLITE_DETACH:
		return "DETACH";
	case SQLITE_TRANSACTION:
		return "BEGIN, COMMIT or ROLLBACK: the run does it";
	case SQLITE_SAVEPOINT:
		return "SAVEPOINT";
	case SQLITE_PRAGMA:
		return value != NULL && text_is_nocase(name, "writable_schema")
			   ? "PRAGMA writable_schema"
			   : NULL;
	default:
		return is_own(action, name, value) ? "the tables of db-entry (db_entry_…)" : NULL;
	}
}

/*
 * Can the statement bring a foreign key to point nowhere? Rows written or removed, tables changed
 * or dropped; every CREATE writes into sqlite_master, and doesn't.
 */
static bool touches_data(int action, const char *table)
{
	switch (action) {
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return !text_starts(table, "sqlite_");
	case SQLITE_ALTER_TABLE:
	case SQLITE_DROP_TABLE:
		return true;
	default:
		return false;
	}
}

static bool touches_session(int action, const char *value, const char *schema)
{
	switch (action) {
	case SQLITE_PRAGMA:
		return value != NULL;
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_VIEW:
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TRIGGER:
		return true;
	case SQLITE_CREATE_VTABLE:
		return text_is_nocase(schema, "temp");
	default:
		return false;
	}
}

/*
 * Looks at preparing alone: what VACUUM or a full-text table then run inside themselves is their
 * business.
 */
static int authorize(void *context, int action, const char *first, const char *second,
    const char *schema, const char *trigger)
{
	struct sqlite_db *s = context;
	struct sqlite_watch *watch = &s->watch;
	if (!watch->on)
		return SQLITE_OK;
	const char *denied = forbidden(action, first, second);
	if (denied != NULL) {
		watch->denied = denied;
		return SQLITE_DENY;
	}
	proof_see(s, action, first, second, schema, trigger);
	if (touches_data(action, first))
		watch->data = true;
	if (touches_session(action, second, schema))
		watch->session = true;
	return SQLITE_OK;
}

void sqlite_watch(struct sqlite_db *s)
{
	sqlite3_extended_result_codes(s->handle, 1);
	sqlite3_progress_handler(s->handle, PROGRESS_OPS, on_progress, s);
	sqlite3_busy_handler(s->handle, on_busy, s);
	sqlite3_set_authorizer(s->handle, authorize, s);
}
