/*
 * Foreign keys are off inside a migration's transaction, as a rebuild of a table needs it, and
 * looked at before COMMIT. What pointed nowhere before is not the migration's fault: only what is
 * new counts.
 *
 * Looking reads every row that refers, so it is done only around statements that can violate one,
 * and what is found before COMMIT serves the next transaction as what was there before.
 */
#include "db/sqlite/sqlite.h"
#include "gen/sql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EVIDENCE = 5
};

static const char data_version[] = "PRAGMA main.data_version";

static void sqlite_free(char **text)
{
	sqlite3_free(*text);
	*text = NULL;
}

static const char *text_at(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	return text == NULL ? "" : text;
}

static void add(struct sqlite_violations *list, const char *key, int64_t row)
{
	list->items = arena_grow(
	    &list->arena, list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = (struct sqlite_violation){.key = key, .row = row};
}

/* The values by which `row` of `table` refers, quoted; rows without a number are not told apart. */
static bool read_values(struct sqlite_db *s, sqlite3_stmt *columns, const char *table, int64_t row,
    char **values, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *lookup = NULL;
	CLEANUP(sqlite_free)
	char *sql = sqlite3_mprintf("SELECT %s FROM main.\"%w\" WHERE _rowid_ = %lld",
	    text_at(columns, 0), table, (long long)row);
	if (sql == NULL)
		err_die("out of memory");
	if (!sqlite_prepare(s, &lookup, sql, strlen(sql), err))
		return false;
	int code = sqlite3_step(lookup);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_fail(s, code, err);
	*values = sqlite3_mprintf("%s %s", text_at(columns, 1), text_at(lookup, 0));
	return true;
}

/*
 * A row of foreign_key_check: table, row, parent, number of the key. Known by the values and not by
 * the row's number, which changes when the table is rebuilt.
 */
static bool add_found(
    struct sqlite_db *s, struct sqlite_violations *list, sqlite3_stmt *found, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *columns = NULL;
	CLEANUP(sqlite_free) char *values = NULL;
	const char *table = text_at(found, 0), *parent = text_at(found, 2);
	int64_t row = sqlite3_column_int64(found, 1);
	if (sqlite3_column_type(found, 1) == SQLITE_NULL) {
		add(list, arena_printf(&list->arena, "%s: a row is not in %s", table, parent), -1);
		return true;
	}
	if (!sqlite_prepare(s, &columns, sql_sqlite_foreign_key_columns,
		strlen(sql_sqlite_foreign_key_columns), err))
		return false;
	sqlite3_bind_text(columns, 1, table, -1, SQLITE_STATIC);
	sqlite3_bind_int(columns, 2, sqlite3_column_int(found, 3));
	int code = sqlite3_step(columns);
	if (code != SQLITE_ROW)
		return sqlite_fail(s, code, err);
	if (!read_values(s, columns, table, row, &values, err))
		return false;
	add(list, arena_printf(&list->arena, "%s: %s is not in %s", table, values, parent), row);
	return true;
}

static bool run_check(
    struct sqlite_db *s, struct sqlite_violations *list, const char *sql, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *found = NULL;
	int code;
	if (!sqlite_prepare(s, &found, sql, strlen(sql), err))
		return false;
	while ((code = sqlite3_step(found)) == SQLITE_ROW)
		if (!add_found(s, list, found, err))
			return false;
	return code == SQLITE_DONE || sqlite_fail(s, code, err);
}

/* A key without a unique index on its parent fails the check of the whole database. */
static bool cannot_check(const struct err *err)
{
	return err->kind == ERR_DATABASE && strncmp(err->code, "SQLITE_ERROR", 12) == 0;
}

static bool check_table(
    struct sqlite_db *s, struct sqlite_violations *list, const char *table, struct err *err)
{
	CLEANUP(sqlite_free)
	char *sql = sqlite3_mprintf("PRAGMA main.foreign_key_check(%Q)", table);
	if (sql == NULL)
		err_die("out of memory");
	if (run_check(s, list, sql, err))
		return true;
	if (!cannot_check(err))
		return false;
	add(list, arena_strdup(&list->arena, err->message), -1);
	return true;
}

static bool check_each_table(struct sqlite_db *s, struct sqlite_violations *list, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *children = NULL;
	struct err table_err;
	int code;
	if (!sqlite_prepare(s, &children, sql_sqlite_foreign_key_children,
		strlen(sql_sqlite_foreign_key_children), err))
		return false;
	while ((code = sqlite3_step(children)) == SQLITE_ROW)
		if (!check_table(s, list, text_at(children, 0), &table_err)) {
			*err = table_err;
			return false;
		}
	return code == SQLITE_DONE || sqlite_fail(s, code, err);
}

static int by_key(const void *a, const void *b)
{
	const struct sqlite_violation *left = a, *right = b;
	return strcmp(left->key, right->key);
}

static void list_clear(struct sqlite_violations *list)
{
	arena_free(&list->arena);
	*list = (struct sqlite_violations){0};
}

/* All violations of the database as it is, sorted. */
static bool find_all(struct sqlite_db *s, struct sqlite_violations *ret, struct err *err)
{
	CLEANUP(list_clear) struct sqlite_violations list = {0};
	struct err whole;
	if (!run_check(s, &list, "PRAGMA main.foreign_key_check", &whole)) {
		if (!cannot_check(&whole)) {
			*err = whole;
			return false;
		}
		list_clear(&list);
		if (!check_each_table(s, &list, err))
			return false;
	}
	if (list.count > 0)
		qsort(list.items, list.count, sizeof(*list.items), by_key);
	if (!sqlite_number(s, data_version, &list.data_version, err))
		return false;
	list.known = true;
	*ret = list;
	list = (struct sqlite_violations){0};
	return true;
}

void sqlite_violations_forget(struct sqlite_db *s)
{
	list_clear(&s->violations);
}

bool sqlite_violations_before(struct sqlite_db *s, struct err *err)
{
	if (!s->in_transaction) {
		sqlite_violations_forget(
		    s); /* SQLite itself minds the keys; what we knew may be old */
		return true;
	}
	if (s->checked)
		return true;
	int64_t version;
	if (!sqlite_number(s, data_version, &version, err))
		return false;
	if (!s->violations.known || s->violations.data_version != version) {
		sqlite_violations_forget(s);
		if (!find_all(s, &s->violations, err))
			return false;
	}
	s->checked = true;
	return true;
}

static void tell(struct err *err, const struct sqlite_violation *violation)
{
	if (violation->row >= 0)
		err_why(err, "%.300s (row %lld)", violation->key, (long long)violation->row);
	else
		err_why(err, "%.300s", violation->key);
}

/* How many of `after` have no partner in `before`; both are sorted. Tells the first few. */
static size_t count_new(
    const struct sqlite_violations *before, const struct sqlite_violations *after, struct err *err)
{
	size_t fresh = 0, old = 0;
	for (size_t i = 0; i < after->count; i++) {
		int order = 1;
		while (old < before->count &&
		       (order = strcmp(before->items[old].key, after->items[i].key)) < 0)
			old++;
		if (old < before->count && order == 0) {
			old++;
			continue;
		}
		if (fresh++ < EVIDENCE)
			tell(err, &after->items[i]);
	}
	return fresh;
}

static bool compare(
    const struct sqlite_violations *before, const struct sqlite_violations *after, struct err *err)
{
	struct err refusal;
	err_set(&refusal, ERR_DATABASE, "foreign keys point at rows that are not there");
	snprintf(refusal.code, sizeof(refusal.code), "FOREIGN_KEY");
	size_t fresh = count_new(before, after, &refusal);
	if (fresh == 0)
		return true;
	if (fresh > EVIDENCE)
		err_why(&refusal, "and %zu more", fresh - EVIDENCE);
	if (before->count > 0)
		err_why(&refusal, "%zu from before this migration don't count", before->count);
	*err = refusal;
	return false;
}

bool sqlite_violations_after(struct sqlite_db *s, struct err *err)
{
	CLEANUP(list_clear) struct sqlite_violations after = {0};
	if (!s->checked)
		return true;
	if (!find_all(s, &after, err) || !compare(&s->violations, &after, err))
		return false;
	sqlite_violations_forget(s);
	s->violations = after;
	after = (struct sqlite_violations){0};
	return true;
}
