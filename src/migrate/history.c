#include "migrate/history.h"
#include "base/buf.h"
#include "base/text.h"
#include "migrate/own.h"
#include "migrate/part.h"
#include <ctype.h>
#include <limits.h>
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

static const char *const state_names[] = {
    [HISTORY_STARTED] = "started",
    [HISTORY_APPLIED] = "applied",
    [HISTORY_REVERTED] = "reverted",
};

enum {
	STATES = sizeof(state_names) / sizeof(state_names[0])
};

const char *history_state_name(enum history_state state)
{
	return state_names[state];
}

static const char *significant(const char *version)
{
	return version + strspn(version, "0");
}

/* --- Reading --- */

enum column {
	COLUMN_VERSION,
	COLUMN_NAME,
	COLUMN_CHECKSUM,
	COLUMN_STATE,
	COLUMN_POSITION,
	COLUMN_DONE,
	COLUMN_TOTAL,
	COLUMN_BREAKS_OLDER,
	COLUMN_STARTED_AT,
	COLUMN_FINISHED_AT,
	COLUMN_FAILED_AT,
	COLUMN_FAILED_STATEMENT,
	COLUMN_DONE_CHECKSUM,
	COLUMN_RUN,
	COLUMN_DOWN_TEXT,
	COLUMNS
};

/* Down parts may be long, and are read only of what has to be named statement by statement. */
const char history_read_sql[] =
    "SELECT version, name, checksum, state, position, statements_done, statements_total,"
    " breaks_older, started_at, finished_at, failed_at, failed_statement, done_checksum,"
    " run_id,"
    " CASE WHEN state = 'started' THEN down_text END"
    " FROM own.db_entry_history";

static bool garbage(
    const char *const *cells, const char *column, const char *value, struct err *err)
{
	err_set(err, ERR_HISTORY, "the history has a row that can't be understood");
	err_why(err, "db_entry_history, version %s: %s is %s",
	    cells[COLUMN_VERSION] == NULL ? "NULL" : cells[COLUMN_VERSION], column,
	    value == NULL ? "NULL" : value);
	return err_next(err, "start the version of db-entry that wrote it, or restore the table");
}

static bool is_version(const char *value)
{
	return value != NULL && value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
}

static bool read_state(enum history_state *ret, const char *value)
{
	for (int state = 0; state < STATES; state++) {
		if (text_is(value, state_names[state])) {
			*ret = (enum history_state)state;
			return true;
		}
	}
	return false;
}

static bool read_int(int64_t *ret, const char *value, int64_t most)
{
	struct err ignored; /* garbage() says it better */
	return value != NULL && text_int(value, 0, most, ret, &ignored);
}

static bool read_row(struct history_row *row, const char *const *cells, struct err *err)
{
	int64_t done, total, breaks_older;
	if (!is_version(cells[COLUMN_VERSION]))
		return garbage(cells, "version", cells[COLUMN_VERSION], err);
	if (!read_state(&row->state, cells[COLUMN_STATE]))
		return garbage(cells, "state", cells[COLUMN_STATE], err);
	if (cells[COLUMN_CHECKSUM] == NULL)
		return garbage(cells, "checksum", NULL, err);
	if (!read_int(&row->position, cells[COLUMN_POSITION], INT64_MAX / 2))
		return garbage(cells, "position", cells[COLUMN_POSITION], err);
	if (!read_int(&done, cells[COLUMN_DONE], INT_MAX))
		return garbage(cells, "statements_done", cells[COLUMN_DONE], err);
	if (!read_int(&total, cells[COLUMN_TOTAL], INT_MAX))
		return garbage(cells, "statements_total", cells[COLUMN_TOTAL], err);
	if (!read_int(&breaks_older, cells[COLUMN_BREAKS_OLDER], 1))
		return garbage(cells, "breaks_older", cells[COLUMN_BREAKS_OLDER], err);
	row->version = cells[COLUMN_VERSION];
	row->name = cells[COLUMN_NAME] == NULL ? "" : cells[COLUMN_NAME];
	row->checksum = cells[COLUMN_CHECKSUM];
	row->statements_done = (int)done;
	row->statements_total = (int)total;
	row->breaks_older = breaks_older == 1;
	row->started_at = cells[COLUMN_STARTED_AT];
	row->finished_at = cells[COLUMN_FINISHED_AT];
	row->failed_at = cells[COLUMN_FAILED_AT];
	row->failed_statement = cells[COLUMN_FAILED_STATEMENT];
	row->done_checksum = cells[COLUMN_DONE_CHECKSUM];
	row->run = cells[COLUMN_RUN];
	row->reverting = row->state == HISTORY_STARTED && row->finished_at != NULL;
	return true;
}

static const char *label_of(const struct history_row *row, struct arena *arena)
{
	return arena_printf(
	    arena, "%s%s%s", row->version, row->name[0] == '\0' ? "" : "_", row->name);
}

/* What is kept of a migration whose file may be gone. */
static struct migration kept_of(const struct history_row *row, struct arena *arena)
{
	const char *label = label_of(row, arena);
	return (struct migration){
	    .version = row->version,
	    .name = row->name,
	    .label = label,
	    .file = arena_printf(arena, "down part of %s", label),
	};
}

/* A rollback that was left half-way is told with its statement, where that can be found. */
static void find_undo(struct history_row *row, const char *down_text, const struct dialect *dialect,
    struct arena *arena)
{
	struct err ignored; /* it is told by number then */
	struct migration *undo;
	if (!row->reverting || down_text == NULL)
		return;
	undo = arena_alloc(arena, sizeof(*undo));
	*undo = kept_of(row, arena);
	if (migration_read_down(undo, down_text, dialect, arena, &ignored))
		row->undo = undo;
}

static int compare_positions(const void *a, const void *b)
{
	const struct history_row *left = a, *right = b;
	if (left->position != right->position)
		return left->position < right->position ? -1 : 1;
	return strcmp(left->version, right->version);
}

/* Here and not in the database, which mostly has them in this order already. */
static void sort_rows(struct history *history)
{
	for (size_t i = 1; i < history->count; i++) {
		if (compare_positions(&history->rows[i - 1], &history->rows[i]) > 0) {
			qsort(history->rows, history->count, sizeof(*history->rows),
			    compare_positions);
			return;
		}
	}
}

/* Of the rows with one version, the one that counts last: reverted ones are the past. */
static int compare_rows(const void *a, const void *b)
{
	const struct history_row *left = *(struct history_row *const *)a;
	const struct history_row *right = *(struct history_row *const *)b;
	int order = migration_compare(left->version, right->version);
	if (order != 0)
		return order;
	if ((left->state == HISTORY_REVERTED) != (right->state == HISTORY_REVERTED))
		return left->state == HISTORY_REVERTED ? -1 : 1;
	return (left->position > right->position) - (left->position < right->position);
}

static bool refuse_twice(const struct history_row *a, const struct history_row *b, struct err *err)
{
	err_set(err, ERR_HISTORY, "the history has version %s twice", b->version);
	err_why(err, "db_entry_history: %s_%s and %s_%s", a->version, a->name, b->version, b->name);
	return err_next(err, "restore the table, or delete the row that does not belong there");
}

/*
 * A version that was reverted and came back under another spelling ("7", "007") has two rows: keep
 * the one that counts, in the order of positions.
 */
static bool keep_one_a_version(struct history *history, struct arena *arena, struct err *err)
{
	size_t count = history->count, kept = 0;
	struct history_row **sorted = arena_array(arena, count + 1, sizeof(struct history_row *));
	for (size_t i = 0; i < count; i++)
		sorted[i] = &history->rows[i];
	qsort(sorted, count, sizeof(struct history_row *), compare_rows);
	for (size_t i = 1; i < count; i++) {
		if (migration_compare(sorted[i - 1]->version, sorted[i]->version) != 0)
			continue;
		if (sorted[i - 1]->state != HISTORY_REVERTED)
			return refuse_twice(sorted[i - 1], sorted[i], err);
		sorted[i - 1]->version = NULL;
	}
	for (size_t i = 0; i < count; i++)
		if (history->rows[i].version != NULL)
			history->rows[kept++] = history->rows[i];
	history->count = kept;
	return true;
}

static bool read_rows(struct history *history, const struct db_rows *rows,
    const struct dialect *dialect, struct arena *arena, struct err *err)
{
	if (rows->columns != COLUMNS)
		return err_set(
		    err, ERR_UNEXPECTED, "the history was read with %zu columns", rows->columns);
	history->rows = arena_array(arena, rows->count + 1, sizeof(*history->rows));
	for (; history->count < rows->count; history->count++) {
		struct history_row *row = &history->rows[history->count];
		const char *const *cells = &rows->cells[history->count * COLUMNS];
		if (!read_row(row, cells, err))
			return false;
		find_undo(row, cells[COLUMN_DOWN_TEXT], dialect, arena);
	}
	sort_rows(history);
	if (history->count > 0)
		history->last_position = history->rows[history->count - 1].position;
	return keep_one_a_version(history, arena, err);
}

bool history_read(struct history *history, struct db *db, struct arena *arena,
    const struct stop *stop, struct err *err)
{
	struct history found = {.exists = false};
	struct db_rows rows = {.count = 0};
	if (!db->driver->has_table(db, "db_entry_history", &found.exists, stop, err))
		return false;
	if (found.exists && (!own_query(db, history_read_sql, NULL, 0, arena, &rows, stop, err) ||
				!read_rows(&found, &rows, db->driver->dialect, arena, err)))
		return false;
	*history = found;
	return true;
}

static bool not_what_was_kept(const struct migration *kept, struct err *err)
{
	err_set(err, ERR_HISTORY, "the down part of %s is not the one that was kept", kept->label);
	err_why(err, "db_entry_history, version %s: down_text does not fit down_checksum",
	    kept->version);
	return err_next(err, "take the file's: db-entry repair --accept %s", kept->version);
}

bool history_read_down(struct migration *ret, struct db *db, const struct history_row *row,
    struct arena *arena, const struct stop *stop, struct err *err)
{
	const struct db_value version = own_text(row->version);
	struct migration kept = kept_of(row, arena);
	struct db_rows rows;
	if (!own_query(db,
		"SELECT down_text, down_checksum, work_item FROM own.db_entry_history"
		" WHERE version = ?",
		&version, 1, arena, &rows, stop, err))
		return false;
	if (rows.count > 0 && rows.cells[0] != NULL) {
		if (!migration_read_down(&kept, rows.cells[0], db->driver->dialect, arena, err))
			return err_context(err, "as the history keeps it");
		if (!text_is(rows.cells[1], kept.down.checksum))
			return not_what_was_kept(&kept, err);
	}
	kept.directives.work_item = rows.count > 0 ? rows.cells[2] : NULL;
	*ret = kept;
	return true;
}

/* --- Writing --- */

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
	    own_text(state_names[row->state]), own_number(run->position + 1),
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
		   stop, err, own_text(state_names[state]), own_text(state_names[state]),
		   own_text(run->id), own_text(now), own_text(significant(version)));
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
