#include "db/sqlite/sqlite.h"
#include <string.h>

/*
 * What the PRAGMA does, without its text being parsed. It can't fail. Each change makes SQLite
 * prepare every statement anew, so between two transactions the keys stay off unless a statement
 * is run there.
 */
void sqlite_keys_off(struct sqlite_db *s)
{
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
	s->keys_off = true;
}

void sqlite_keys_on(struct sqlite_db *s)
{
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	s->keys_off = false;
}

static void leave_transaction(struct sqlite_db *s)
{
	s->in_transaction = false;
	s->checked = false;
}

bool sqlite_begin(struct db *db, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	if (!sqlite_enter(s, stop, err) || !sqlite_must_exist(s, err))
		return false;
	/* With them on, dropping a parent table during a rebuild deletes or nulls its children. */
	sqlite_keys_off(s);
	s->in_transaction = true;
	proof_begin(s);
	if (sqlite_run(s, "BEGIN IMMEDIATE", err))
		return true;
	leave_transaction(s);
	return false;
}

bool sqlite_commit(struct db *db, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	if (!sqlite_enter(s, stop, err) || !sqlite_must_be_whole(s, err) ||
	    !sqlite_violations_after(s, err))
		return false;
	if (!sqlite_run(s, "COMMIT", err)) {
		/* What was written and could not be synced may be there again after a recovery. */
		if (strncmp(err->code, "SQLITE_IOERR", strlen("SQLITE_IOERR")) == 0)
			err->retry = ERR_OUTCOME_UNKNOWN;
		return false;
	}
	proof_committed(s);
	leave_transaction(s);
	return true;
}

bool sqlite_rollback(struct db *db, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	sqlite_enter_cleanup(s, stop);
	if (s->in_transaction)
		proof_rolled_back(s);
	if (s->handle == NULL)
		return true;
	/* What was found inside may be of tables that are gone again. */
	if (s->checked)
		sqlite_violations_forget(s);
	if (!sqlite3_get_autocommit(s->handle) && !sqlite_run(s, "ROLLBACK", err))
		return false;
	leave_transaction(s);
	return true;
}

bool sqlite_reset(
    struct db *db, const struct db_limits *limits, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	s->limits = limits == NULL ? s->first_limits : *limits;
	if (!sqlite_enter(s, stop, err))
		return false;
	/* No list of pragmas is ever complete: a new connection is. Made only when one was touched.
	 */
	if (s->watch.session || s->in_transaction)
		return sqlite_reconnect(s, err);
	return true;
}
