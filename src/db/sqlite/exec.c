#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

void sqlite_enter_cleanup(struct sqlite_db *s, const struct stop *stop)
{
	s->stop = *stop;
	s->stop_err.kind = ERR_NONE;
	s->busy_since = 0;
}

bool sqlite_enter(struct sqlite_db *s, const struct stop *stop, struct err *err)
{
	sqlite_enter_cleanup(s, stop);
	if (!stop_check(stop, err))
		return false;
	return s->handle != NULL || sqlite_connect(s, err);
}

bool sqlite_must_exist(const struct sqlite_db *s, struct err *err)
{
	if (s->exists)
		return true;
	return err_set(err, ERR_DATABASE, "there is no database at %s yet", s->target.path);
}

/* Some errors make SQLite roll back by itself; what follows must not be committed one by one. */
bool sqlite_must_be_whole(const struct sqlite_db *s, struct err *err)
{
	if (!s->in_transaction || !sqlite3_get_autocommit(s->handle))
		return true;
	return err_set(err, ERR_DATABASE, "the transaction is over: SQLite rolled it back");
}

void sqlite_finalize(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
	*statement = NULL;
}

/* What stands behind a statement: comments and white space alone are nothing. */
static bool check_tail(struct sqlite_db *s, const char *tail, struct err *err)
{
	while (*tail != '\0') {
		CLEANUP(sqlite_finalize) sqlite3_stmt *more = NULL;
		int code = sqlite3_prepare_v2(s->handle, tail, -1, &more, &tail);
		if (code != SQLITE_OK || more != NULL)
			return err_set(
			    err, ERR_DATABASE, "more than one statement where one is run");
	}
	return true;
}

bool sqlite_prepare(
    struct sqlite_db *s, sqlite3_stmt **ret, const char *sql, size_t len, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	const char *tail = NULL;
	if (len >= INT_MAX)
		return err_set(err, ERR_DATABASE, "a statement of %zu bytes is too long", len);
	/* With its NUL counted SQLite need not copy the text. */
	int code = sqlite3_prepare_v2(s->handle, sql, (int)len + 1, &statement, &tail);
	if (code != SQLITE_OK)
		return sqlite_fail(s, code, err);
	if (!check_tail(s, tail, err))
		return false;
	*ret = statement;
	statement = NULL;
	return true;
}

static bool step_to_end(struct sqlite_db *s, sqlite3_stmt *statement, struct err *err)
{
	int code;
	do
		code = sqlite3_step(statement);
	while (code == SQLITE_ROW);
	return code == SQLITE_DONE || sqlite_fail(s, code, err);
}

bool sqlite_run(struct sqlite_db *s, const char *sql, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	return sqlite_prepare(s, &statement, sql, strlen(sql), err) &&
	       step_to_end(s, statement, err);
}

bool sqlite_number(struct sqlite_db *s, const char *sql, int64_t *number, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	if (!sqlite_prepare(s, &statement, sql, strlen(sql), err))
		return false;
	int code = sqlite3_step(statement);
	if (code != SQLITE_ROW)
		return sqlite_fail(s, code, err);
	*number = sqlite3_column_int64(statement, 0);
	return true;
}

/* Outside a migration's transaction, in one of its own: what it did can be judged, and undone. */
static bool step_guarded(struct sqlite_db *s, sqlite3_stmt *statement, struct err *err)
{
	struct err ignored;
	if (!sqlite_run(s, "BEGIN IMMEDIATE", err))
		return false;
	if (step_to_end(s, statement, err) && proof_guard(s, err) && sqlite_run(s, "COMMIT", err))
		return true;
	if (!sqlite3_get_autocommit(s->handle))
		sqlite_run(s, "ROLLBACK", &ignored);
	return false;
}

/* Prepared under the eyes of watch.c; then what must be known from before it runs is read. */
static bool exec_watched(
    struct sqlite_db *s, const struct sql_statement *statement, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *prepared = NULL;
	s->watch.on = true;
	s->watch.data = false;
	s->watch.denied = NULL;
	proof_statement(s);
	bool ok = sqlite_prepare(s, &prepared, statement->text, statement->len, err);
	s->watch.on = false;
	s->watch.denied = NULL;
	if (!ok)
		return false;
	if (prepared == NULL)
		return true;
	if ((s->watch.data && !sqlite_violations_before(s, err)) ||
	    !proof_before(s, statement, err) ||
	    !(s->proof.guarded == NULL ? step_to_end(s, prepared, err)
				       : step_guarded(s, prepared, err)))
		return false;
	proof_after(s, statement);
	return true;
}

/* The statement's own limit passed, not the caller's: the database refused, so to speak. */
static bool ran_too_long(const struct sqlite_db *s, struct err *err)
{
	char limit[32];
	text_elapsed(s->limits.statement_timeout, limit, sizeof(limit));
	err_set(err, ERR_DATABASE, "the statement ran longer than its limit of %s", limit);
	snprintf(err->code, sizeof(err->code), "%s", sqlite_error_name(SQLITE_INTERRUPT));
	return err_next(
	    err, "raise DB_ENTRY_STATEMENT_TIMEOUT or the migration's statement-timeout");
}

/* Before each statement that is not a part of opening or closing a transaction. */
static bool be_ready(struct sqlite_db *s, const struct stop *stop, struct err *err)
{
	if (!sqlite_enter(s, stop, err) || !sqlite_must_be_whole(s, err))
		return false;
	if (s->keys_off && !s->in_transaction)
		sqlite_keys_on(s);
	return true;
}

bool sqlite_exec(
    struct db *db, const struct sql_statement *statement, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	int64_t limit = s->limits.statement_timeout;
	struct stop limited = stop_within(stop, limit > 0 ? limit : -1);
	struct err outer;
	if (!be_ready(s, &limited, err) || !sqlite_must_exist(s, err))
		return false;
	if (exec_watched(s, statement, err))
		return true;
	/* By itself it is its own COMMIT: what was written may be there again after a recovery. */
	if (!s->in_transaction && text_starts(err->code, "SQLITE_IOERR"))
		err->retry = ERR_OUTCOME_UNKNOWN;
	if (err->kind == ERR_TIMEOUT && limit > 0 && stop_check(stop, &outer))
		return ran_too_long(s, err);
	return false;
}

static void bind_all(sqlite3_stmt *statement, const struct db_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct db_value *value = &values[i];
		int place = (int)i + 1;
		if (value->type == DB_INT)
			sqlite3_bind_int64(statement, place, value->number);
		else if (value->type == DB_TEXT && value->text != NULL)
			sqlite3_bind_text64(statement, place, value->text, strlen(value->text),
			    SQLITE_STATIC, SQLITE_UTF8);
		/* SQLite's own default is NULL. */
	}
}

/* What is the same as in the row `above`, as much of our history is, is kept once. */
static const char *keep_cell(
    sqlite3_stmt *statement, int column, const char *above, struct arena *arena)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	size_t len = (size_t)sqlite3_column_bytes(statement, column);
	if (text == NULL || text_is(above, text))
		return text == NULL ? NULL : above;
	return arena_strndup(arena, text, len);
}

static void add_row(
    sqlite3_stmt *statement, struct arena *arena, struct db_rows *rows, size_t *capacity)
{
	for (size_t i = 0; i < rows->columns; i++) {
		size_t at = rows->count * rows->columns + i;
		const char *above = rows->count == 0 ? NULL : rows->cells[at - rows->columns];
		rows->cells = arena_grow(arena, rows->cells, at, capacity, sizeof(*rows->cells));
		rows->cells[at] = keep_cell(statement, (int)i, above, arena);
	}
	rows->count++;
}

static void give_back(sqlite3_stmt **statement)
{
	if (*statement == NULL)
		return;
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
}

/*
 * The same statement comes again and again, the history's row of each migration above all. One
 * without values may be a PRAGMA, which answers as things were when it was prepared.
 */
static bool prepare_again(struct sqlite_db *s, const char *sql, bool has_values, struct err *err)
{
	if (has_values && s->last != NULL && text_is(sqlite3_sql(s->last), sql))
		return true;
	sqlite_finalize(&s->last);
	return sqlite_prepare(s, &s->last, sql, strlen(sql), err);
}

bool sqlite_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	if (!be_ready(s, stop, err) || !prepare_again(s, sql, value_count > 0, err))
		return false;
	CLEANUP(give_back) sqlite3_stmt *statement = s->last;
	if ((size_t)sqlite3_bind_parameter_count(statement) != value_count)
		return err_set(err, ERR_UNEXPECTED, "%zu values for %d placeholders", value_count,
		    sqlite3_bind_parameter_count(statement));
	bind_all(statement, values, value_count);
	/* The first step may prepare it anew, for a schema that changed. */
	int code = sqlite3_step(statement);
	struct db_rows found = {.columns = (size_t)sqlite3_column_count(statement)};
	size_t capacity = 0;
	for (; code == SQLITE_ROW; code = sqlite3_step(statement))
		if (rows != NULL)
			add_row(statement, arena, &found, &capacity);
	if (code != SQLITE_DONE)
		return sqlite_fail(s, code, err);
	if (rows != NULL)
		*rows = found;
	return true;
}
