#include "migrate/history.h"
#include "base/text.h"
#include "migrate/own.h"
#include "migrate/part.h"
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

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
