/* What is written to the history and the audit of runs. */
#include "base/buf.h"
#include "base/text.h"
#include "migrate/history.h"
#include "migrate/own.h"
#include "migrate/part.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/*
 * Leading zeros off, in SQL that all engines have: LTRIM takes off blanks alone everywhere, and a
 * version has none. Only for what is rare, as no index helps it.
 */
#define SAME_VERSION "REPLACE(LTRIM(REPLACE(version, '0', ' ')), ' ', '0') = ?"

/* What goes with it when a statement is done, or all are settled. */
#define NOT_FAILED " failed_at = NULL, failed_statement = NULL"

enum {
	FAILED_MOST = 64 * 1024 /* bytes of a failed statement that are kept */
};

static const char *significant(const char *version)
{
	return version + strspn(version, "0");
}

void history_run_init(struct history_run *run, const char *command, const char *app_version)
{
	unsigned char random[16];
	*run = (struct history_run){.command = command, .app_version = app_version};
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		err_die("the system gives no random numbers");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(run->id + 2 * i, 3, "%02x", random[i]);
	/* A name that does not fit is cut, which need not end it. */
	if (gethostname(run->host, sizeof(run->host) - 1) != 0)
		run->host[0] = '\0';
	text_now(run->started_at);
}

/*
 * Is the table that `CREATE TABLE IF NOT EXISTS own.name (` would make there? Who may not make
 * tables may use those that somebody else made; and event triggers see statements that do nothing.
 */
static bool is_made(struct db *db, const char *sql, const struct stop *stop)
{
	CLEANUP(arena_free) struct arena arena = {NULL};
	const char *own = strstr(sql, "own.");
	struct err ignored; /* making it says what is wrong */
	bool has = false;
	if (own == NULL)
		return false;
	const char *name = own + strlen("own.");
	name = arena_strndup(&arena, name, strcspn(name, " (\n"));
	return db->driver->has_table(db, name, &has, stop, &ignored) && has;
}

bool history_prepare(struct db *db, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {NULL};
	const char *sql = db->driver->own_tables;
	struct sql_script script;
	if (!sql_split(
		&script, db->driver->dialect, sql, strlen(sql), "own tables", 1, &arena, err))
		return false;
	for (size_t i = 0; i < script.count; i++) {
		const char *text = script.statements[i].text;
		bool makes = strncmp(text, "CREATE ", strlen("CREATE ")) == 0;
		if (makes && is_made(db, text, stop))
			continue;
		/* Of two that start at once one finds it made all the same. */
		if (!own_query(db, text, NULL, 0, &arena, NULL, stop, err) &&
		    !is_made(db, text, stop))
			return err_context(err, "db-entry's own tables can't be made");
	}
	return true;
}

/* `late`: in the open transaction, and may go with its COMMIT. */
static bool record_run_in(
    struct db *db, struct history_run *run, bool late, const struct stop *stop, struct err *err)
{
	const struct db_value values[] = {own_text(run->id), own_text(run->command),
	    own_text(run->detail), own_text(run->started_at), own_text(run->host),
	    own_number(getpid()), own_text(DB_ENTRY_VERSION), own_text(run->app_version)};
	if (!run->recorded)
		run->recorded = (late ? own_later : own_change)(db,
		    "INSERT INTO own.db_entry_run"
		    " (id, command, detail, started_at, host, pid, tool_version, app_version)"
		    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		    values, sizeof(values) / sizeof(values[0]), stop, err);
	return run->recorded;
}

static bool record_run(
    struct db *db, struct history_run *run, const struct stop *stop, struct err *err)
{
	return record_run_in(db, run, false, stop, err);
}

static const char insert_sql[] =
    "INSERT INTO own.db_entry_history"
    " (version, name, state, position, checksum, down_checksum, down_text, statements_total,"
    " statements_done, breaks_older, work_item, dump_id, run_id, tool_version, app_version,"
    " started_at, finished_at, approval)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char *down_checksum(const struct migration *migration)
{
	return migration->down_text == NULL ? NULL : migration->down.checksum;
}

/* A row that is not there yet. */
struct new_row {
	enum history_state state;
	int done;
	const char *started_at, *finished_at;
	const struct history_row *former;
	bool late; /* as of record_run_in() */
};

/*
 * One that was reverted, or of which nothing was run because its file was empty, makes room: it has
 * its place in the audit, not here. Its file may have spelt the version otherwise.
 */
static bool make_room(
    struct db *db, const struct migration *migration, const struct stop *stop, struct err *err)
{
	return OWN_CHANGE(db,
	    "DELETE FROM own.db_entry_history WHERE (state = 'reverted' OR statements_total = 0)"
	    " AND " SAME_VERSION,
	    stop, err, own_text(significant(migration->version)));
}

static bool insert(struct db *db, struct history_run *run, const struct migration *migration,
    const struct new_row *row, const struct stop *stop, struct err *err)
{
	const struct db_value values[] = {own_text(migration->version), own_text(migration->name),
	    own_text(history_state_name(row->state)), own_number(run->position + 1),
	    own_text(migration->up.checksum), own_text(down_checksum(migration)),
	    own_text(migration->down_text), own_number((int64_t)migration->up.count),
	    own_number(row->done), own_number(migration->directives.breaks_older),
	    own_text(migration->directives.work_item), own_text(run->dump_id), own_text(run->id),
	    own_text(DB_ENTRY_VERSION), own_text(run->app_version), own_text(row->started_at),
	    own_text(row->finished_at), own_text(run->approval)};
	if (!record_run_in(db, run, row->late, stop, err) ||
	    (row->former != NULL && !make_room(db, migration, stop, err)) ||
	    !(row->late ? own_later : own_change)(
		db, insert_sql, values, sizeof(values) / sizeof(values[0]), stop, err))
		return false;
	run->position++;
	return true;
}

bool history_start(struct db *db, struct history_run *run, const struct migration *migration,
    const struct history_row *former, const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	text_now(now);
	const struct new_row row = {.state = HISTORY_STARTED, .started_at = now, .former = former};
	return insert(db, run, migration, &row, stop, err);
}

bool history_statement_done(struct db *db, const struct migration *migration, int done,
    const char *checksum, const struct stop *stop, struct err *err)
{
	return OWN_CHANGE(db,
	    "UPDATE own.db_entry_history SET statements_done = ?, done_checksum = ?," NOT_FAILED
	    " WHERE version = ?",
	    stop, err, own_number(done), own_text(checksum), own_text(migration->version));
}

bool history_statement_failed(struct db *db, const struct migration *migration,
    const struct sql_statement *statement, const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	text_now(now);
	const char *kept = statement->len <= FAILED_MOST ? statement->text : NULL;
	return OWN_CHANGE(db,
	    "UPDATE own.db_entry_history SET failed_at = ?, failed_statement = ?"
	    " WHERE version = ? AND state = 'started'",
	    stop, err, own_text(now), own_text(kept), own_text(migration->version));
}

/* With all that the file says now: what was not done yet may have been corrected. */
bool history_resume(struct db *db, struct history_run *run, const struct migration *migration,
    int done, const char *checksum, const struct stop *stop, struct err *err)
{
	return record_run(db, run, stop, err) &&
	       OWN_CHANGE(db,
		   "UPDATE own.db_entry_history SET version = ?, statements_done = ?,"
		   " done_checksum = ?, statements_total = ?, name = ?, checksum = ?, "
		   "down_checksum = ?,"
		   " down_text = ?, breaks_older = ?, work_item = ?,"
		   " approval = COALESCE(?, approval), run_id = ?," NOT_FAILED
		   " WHERE state = 'started' AND " SAME_VERSION,
		   stop, err, own_text(migration->version), own_number(done), own_text(checksum),
		   own_number((int64_t)migration->up.count), own_text(migration->name),
		   own_text(migration->up.checksum), own_text(down_checksum(migration)),
		   own_text(migration->down_text), own_number(migration->directives.breaks_older),
		   own_text(migration->directives.work_item), own_text(run->approval),
		   own_text(run->id), own_text(significant(migration->version)));
}

bool history_finished(struct db *db, struct history_run *run, const struct migration *migration,
    const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	text_now(now);
	return record_run(db, run, stop, err) &&
	       OWN_CHANGE(db,
		   "UPDATE own.db_entry_history SET state = 'applied',"
		   " statements_done = statements_total, run_id = ?, finished_at = ?,"
		   " done_checksum = NULL," NOT_FAILED " WHERE version = ?",
		   stop, err, own_text(run->id), own_text(now), own_text(migration->version));
}

bool history_applied(struct db *db, struct history_run *run, const struct migration *migration,
    const struct history_row *former, const char *started_at, const struct stop *stop,
    struct err *err)
{
	char now[TEXT_TIME_SIZE];
	text_now(now);
	const struct new_row row = {
	    HISTORY_APPLIED, (int)migration->up.count, started_at, now, former, true};
	return insert(db, run, migration, &row, stop, err);
}

bool history_baseline(struct db *db, struct history_run *run, const struct migration *migration,
    const struct history_row *former, const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	text_now(now);
	const struct new_row row = {HISTORY_APPLIED, 0, now, now, former, false};
	return insert(db, run, migration, &row, stop, err);
}

bool history_reverted(struct db *db, struct history_run *run, const struct migration *undo,
    const char *started_at, const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	text_now(now);
	return record_run(db, run, stop, err) &&
	       OWN_CHANGE(db,
		   "UPDATE own.db_entry_history SET state = 'reverted', statements_done = 0,"
		   " approval = ?, dump_id = ?, run_id = ?, started_at = ?, finished_at = ?,"
		   " done_checksum = NULL," NOT_FAILED " WHERE version = ?",
		   stop, err, own_text(run->approval), own_text(run->dump_id), own_text(run->id),
		   own_text(started_at), own_text(now), own_text(undo->version));
}

/* finished_at stays: that it was applied before tells it from a migration that is started. */
bool history_revert_start(struct db *db, struct history_run *run, const struct migration *undo,
    const char *started_at, const struct stop *stop, struct err *err)
{
	return record_run(db, run, stop, err) &&
	       OWN_CHANGE(db,
		   "UPDATE own.db_entry_history SET state = 'started', statements_done = 0,"
		   " run_id = ?, started_at = ?, done_checksum = NULL," NOT_FAILED
		   " WHERE version = ?",
		   stop, err, own_text(run->id), own_text(started_at), own_text(undo->version));
}

bool history_revert_cancel(struct db *db, const struct history_run *run,
    const struct history_row *former, const struct stop *stop, struct err *err)
{
	return OWN_CHANGE(db,
	    "UPDATE own.db_entry_history SET state = 'applied', statements_done = ?, run_id = ?,"
	    " started_at = ?, done_checksum = NULL," NOT_FAILED
	    " WHERE version = ? AND state = 'started' AND run_id = ?",
	    stop, err, own_number(former->statements_done), own_text(former->run),
	    own_text(former->started_at), own_text(former->version), own_text(run->id));
}

bool history_forget(struct db *db, struct history_run *run, const char *version,
    const struct stop *stop, struct err *err)
{
	return record_run(db, run, stop, err) &&
	       OWN_CHANGE(db, "DELETE FROM own.db_entry_history WHERE " SAME_VERSION, stop, err,
		   own_text(significant(version)));
}

bool history_settle(struct db *db, struct history_run *run, const char *version,
    enum history_state state, const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	text_now(now);
	return record_run(db, run, stop, err) &&
	       OWN_CHANGE(db,
		   "UPDATE own.db_entry_history SET"
		   " statements_done = CASE WHEN finished_at IS NULL THEN statements_done"
		   " WHEN ? = 'applied' THEN statements_total ELSE 0 END,"
		   " state = ?, run_id = ?, finished_at = ?, done_checksum = NULL," NOT_FAILED
		   " WHERE state = 'started' AND " SAME_VERSION,
		   stop, err, own_text(history_state_name(state)),
		   own_text(history_state_name(state)), own_text(run->id), own_text(now),
		   own_text(significant(version)));
}

bool history_accept(struct db *db, struct history_run *run, const struct migration *migration,
    const struct stop *stop, struct err *err)
{
	return record_run(db, run, stop, err) &&
	       OWN_CHANGE(db,
		   "UPDATE own.db_entry_history SET name = ?, checksum = ?, down_checksum = ?,"
		   " down_text = ?, run_id = ? WHERE state = 'applied' AND " SAME_VERSION,
		   stop, err, own_text(migration->name), own_text(migration->up.checksum),
		   own_text(down_checksum(migration)), own_text(migration->down_text),
		   own_text(run->id), own_text(significant(migration->version)));
}

bool history_record(
    struct db *db, struct history_run *run, const struct stop *stop, struct err *err)
{
	bool has;
	return db->driver->has_table(db, "db_entry_run", &has, stop, err) &&
	       (!has || record_run(db, run, stop, err));
}

bool history_run_finished(
    struct db *db, struct history_run *run, int outcome, const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	if (!run->recorded)
		return true;
	text_now(now);
	return OWN_CHANGE(db,
	    "UPDATE own.db_entry_run SET finished_at = ?, outcome = ? WHERE id = ?", stop, err,
	    own_text(now), own_number(outcome), own_text(run->id));
}
