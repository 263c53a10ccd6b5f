/*
 * Foreign keys are off inside a migration's transaction, as a rebuild of a table needs it, and
 * looked at before COMMIT. What pointed nowhere before is not the migration's fault: only what is
 * new counts.
 *
 * Looking reads every row that refers, so it is done only around statements that can violate one,
 * and what is found before COMMIT serves the next transaction as what was there before.
 *
 * Old files may have them by the hundred thousand, so each is kept as one number (violations.c)
 * and described only when it is told. It is known by its values and not by the row's number, which
 * changes when the table is rebuilt; values as text, because a rebuild may change their type.
 * What has no partner among the old ones is compared again by less, as tables and columns may have
 * been renamed.
 */
#include "db/sqlite/sqlite.h"
#include "gen/sql.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EVIDENCE = 5
};

static const char data_version[] = "PRAGMA main.data_version";

/* A foreign key of a table, as a check met it. */
struct reference {
	struct reference *next;
	const char *table, *parent;
	int id;
	const char *columns; /* "a, b" */
	uint64_t child_tag, parent_tag;
	sqlite3_stmt *values; /* of the row ?1; NULL: the check told no row */
	const char *mismatch; /* SQLite can't check it, for this reason; NULL: it can */
};

/* One that had no partner before. */
struct found {
	uint64_t key;
	int64_t row; /* -1: unknown */
	const struct reference *reference;
};

struct scan {
	struct sqlite_db *s;
	struct arena arena;
	struct reference *references; /* the one met last first */
	struct sqlite_violations *violations;
	bool after; /* they are compared with, not gathered */
	struct found *found;
	size_t count, capacity;
};

static void scan_clear(struct scan *scan)
{
	for (struct reference *r = scan->references; r != NULL; r = r->next)
		sqlite3_finalize(r->values);
	free(scan->found);
	arena_free(&scan->arena);
	scan->references = NULL;
	scan->found = NULL;
	scan->count = scan->capacity = 0;
}

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

/* FNV-1a. */
static uint64_t hash(uint64_t seed, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < len; i++)
		seed = (seed ^ bytes[i]) * 0x100000001b3;
	return seed;
}

/* Names are the same in any case of letters. */
static uint64_t hash_name(uint64_t seed, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)tolower((unsigned char)*name);
		seed = hash(seed, &c, 1);
	}
	return hash(seed, "", 1);
}

static const uint64_t no_hash = 0xcbf29ce484222325;

static void add(struct scan *scan, const struct reference *reference, uint64_t values, int64_t row)
{
	uint64_t key = sqlite_violation_key(values, reference->parent_tag, reference->child_tag);
	if (!scan->after) {
		sqlite_violations_add(scan->violations, key);
		return;
	}
	if (sqlite_violations_meet(scan->violations, key, SQLITE_SAME))
		return;
	if (scan->count == scan->capacity) {
		size_t capacity = scan->capacity == 0 ? 64 : scan->capacity * 2;
		struct found *more = reallocarray(scan->found, capacity, sizeof(*more));
		if (more == NULL)
			err_die("out of memory");
		scan->found = more;
		scan->capacity = capacity;
	}
	scan->found[scan->count++] = (struct found){.key = key, .row = row, .reference = reference};
}

static bool prepare_values(
    struct scan *scan, struct reference *reference, const char *columns, struct err *err)
{
	CLEANUP(sqlite_free)
	char *sql = sqlite3_mprintf(
	    "SELECT %s FROM main.\"%w\" WHERE _rowid_ = ?1", columns, reference->table);
	if (sql == NULL)
		err_die("out of memory");
	return sqlite_prepare(scan->s, &reference->values, sql, strlen(sql), err);
}

/* `row` is one of foreign_key_check: table, row, parent, number of the key. */
static bool read_reference(
    struct scan *scan, sqlite3_stmt *row, struct reference *reference, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *columns = NULL;
	if (!sqlite_prepare(scan->s, &columns, sql_sqlite_foreign_key_columns,
		strlen(sql_sqlite_foreign_key_columns), err))
		return false;
	sqlite3_bind_text(columns, 1, reference->table, -1, SQLITE_STATIC);
	sqlite3_bind_int(columns, 2, reference->id);
	int code = sqlite3_step(columns);
	if (code != SQLITE_ROW)
		return sqlite_fail(scan->s, code, err);
	reference->columns = arena_strdup(&scan->arena, text_at(columns, 1));
	reference->parent_tag = hash_name(no_hash, reference->parent);
	reference->child_tag = hash_name(hash_name(no_hash, reference->table), reference->columns);
	return sqlite3_column_type(row, 1) == SQLITE_NULL ||
	       prepare_values(scan, reference, text_at(columns, 0), err);
}

/* The key that the row is about: nearly always the one of the row before. */
static bool find_reference(
    struct scan *scan, sqlite3_stmt *row, const struct reference **ret, struct err *err)
{
	const char *table = text_at(row, 0);
	int id = sqlite3_column_int(row, 3);
	for (struct reference *r = scan->references; r != NULL; r = r->next)
		if (r->id == id && r->mismatch == NULL && strcmp(r->table, table) == 0) {
			*ret = r;
			return true;
		}
	struct reference *reference = arena_alloc(&scan->arena, sizeof(*reference));
	*reference = (struct reference){
	    .next = scan->references,
	    .table = arena_strdup(&scan->arena, table),
	    .parent = arena_strdup(&scan->arena, text_at(row, 2)),
	    .id = id,
	};
	if (!read_reference(scan, row, reference, err))
		return false;
	*ret = scan->references = reference;
	return true;
}

static bool seek_values(
    struct scan *scan, const struct reference *reference, int64_t row, struct err *err)
{
	sqlite3_reset(reference->values);
	sqlite3_bind_int64(reference->values, 1, row);
	int code = sqlite3_step(reference->values);
	/* No row is there when a column has taken the name _rowid_. */
	return code == SQLITE_ROW || code == SQLITE_DONE || sqlite_fail(scan->s, code, err);
}

static uint64_t hash_values(sqlite3_stmt *values)
{
	int count = sqlite3_column_count(values);
	uint64_t sum = hash(no_hash, &count, sizeof(count));
	for (int i = 1; i < count; i++) {
		const void *text = sqlite3_column_text(values, i);
		int len = sqlite3_column_bytes(values, i);
		sum = hash(hash(sum, text, (size_t)len), &len, sizeof(len));
	}
	return sum;
}

static bool add_row(struct scan *scan, sqlite3_stmt *row, struct err *err)
{
	const struct reference *reference;
	if (!find_reference(scan, row, &reference, err))
		return false;
	/* Rows of a table without row numbers are not told apart. */
	if (reference->values == NULL) {
		add(scan, reference, no_hash, -1);
		return true;
	}
	int64_t number = sqlite3_column_int64(row, 1);
	if (!seek_values(scan, reference, number, err))
		return false;
	add(scan, reference, hash_values(reference->values), number);
	return true;
}

static bool run_check(struct scan *scan, const char *sql, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *row = NULL;
	int code;
	if (!sqlite_prepare(scan->s, &row, sql, strlen(sql), err))
		return false;
	while ((code = sqlite3_step(row)) == SQLITE_ROW)
		if (!add_row(scan, row, err))
			return false;
	return code == SQLITE_DONE || sqlite_fail(scan->s, code, err);
}

/* A key without a unique index on its parent fails the check of the whole database. */
static bool cannot_check(const struct err *err)
{
	return err->kind == ERR_DATABASE && strncmp(err->code, "SQLITE_ERROR", 12) == 0;
}

/* Table and parent may be renamed like those of any other: 'mismatch - "table" referencing "p"'. */
static void add_mismatch(struct scan *scan, const char *table, const char *message)
{
	struct reference *reference = arena_alloc(&scan->arena, sizeof(*reference));
	const char *parent = strstr(message, " referencing ");
	*reference = (struct reference){
	    .next = scan->references,
	    .mismatch = arena_strdup(&scan->arena, message),
	    .child_tag = hash_name(no_hash, table),
	    .parent_tag = hash_name(no_hash, parent == NULL ? message : parent),
	};
	scan->references = reference;
	add(scan, reference, hash_name(no_hash, "mismatch"), -1);
}

static bool check_table(struct scan *scan, const char *table, struct err *err)
{
	struct err refusal;
	CLEANUP(sqlite_free)
	char *sql = sqlite3_mprintf("PRAGMA main.foreign_key_check(%Q)", table);
	if (sql == NULL)
		err_die("out of memory");
	if (run_check(scan, sql, &refusal))
		return true;
	if (!cannot_check(&refusal)) {
		*err = refusal;
		return false;
	}
	add_mismatch(scan, table, refusal.message);
	return true;
}

static bool check_each_table(struct scan *scan, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *children = NULL;
	int code;
	if (!sqlite_prepare(scan->s, &children, sql_sqlite_foreign_key_children,
		strlen(sql_sqlite_foreign_key_children), err))
		return false;
	while ((code = sqlite3_step(children)) == SQLITE_ROW)
		if (!check_table(scan, text_at(children, 0), err))
			return false;
	return code == SQLITE_DONE || sqlite_fail(scan->s, code, err);
}

/* As if nothing had been looked at yet. */
static void start_over(struct scan *scan)
{
	scan_clear(scan);
	if (scan->after)
		sqlite_violations_unmeet(scan->violations);
	else
		sqlite_violations_clear(scan->violations);
}

static bool find_all(struct scan *scan, struct err *err)
{
	struct err whole;
	if (run_check(scan, "PRAGMA main.foreign_key_check", &whole))
		return true;
	if (!cannot_check(&whole)) {
		*err = whole;
		return false;
	}
	start_over(scan);
	return check_each_table(scan, err);
}

void sqlite_violations_forget(struct sqlite_db *s)
{
	sqlite_violations_clear(&s->violations);
}

static bool find_before(struct sqlite_db *s, int64_t version, struct err *err)
{
	CLEANUP(sqlite_violations_clear) struct sqlite_violations violations = {0};
	CLEANUP(scan_clear) struct scan scan = {.s = s, .violations = &violations};
	if (!find_all(&scan, err))
		return false;
	sqlite_violations_sort(&violations, SQLITE_SAME);
	violations.known = true;
	violations.data_version = version;
	s->violations = violations;
	violations = (struct sqlite_violations){0};
	return true;
}

bool sqlite_violations_before(struct sqlite_db *s, struct err *err)
{
	if (!s->in_transaction) {
		/* SQLite itself minds the keys; what we knew may be old */
		sqlite_violations_forget(s);
		return true;
	}
	if (s->checked)
		return true;
	int64_t version;
	if (!sqlite_number(s, data_version, &version, err))
		return false;
	if (!s->violations.known || s->violations.data_version != version) {
		sqlite_violations_forget(s);
		if (!find_before(s, version, err))
			return false;
	}
	s->checked = true;
	return true;
}

static bool tell(struct scan *scan, const struct found *found, struct err *refusal, struct err *err)
{
	const struct reference *reference = found->reference;
	if (reference->mismatch != NULL) {
		err_why(refusal, "%.300s", reference->mismatch);
	} else if (reference->values == NULL) {
		err_why(refusal, "%s: a row is not in %s", reference->table, reference->parent);
	} else {
		if (!seek_values(scan, reference, found->row, err))
			return false;
		err_why(refusal, "%s: %s %.200s is not in %s (row %lld)", reference->table,
		    reference->columns, text_at(reference->values, 0), reference->parent,
		    (long long)found->row);
	}
	return true;
}

/* Those left in `found` are new. Always false. */
static bool refuse(struct scan *scan, size_t old, struct err *err)
{
	struct err refusal;
	err_set(&refusal, ERR_DATABASE, "foreign keys point at rows that are not there");
	snprintf(refusal.code, sizeof(refusal.code), "FOREIGN_KEY");
	for (size_t i = 0; i < scan->count && i < EVIDENCE; i++)
		if (!tell(scan, &scan->found[i], &refusal, err))
			return false;
	if (scan->count > EVIDENCE)
		err_why(&refusal, "and %zu more", scan->count - EVIDENCE);
	if (old > 0)
		err_why(&refusal, "%zu from before this migration don't count", old);
	err_next(&refusal,
	    "foreign keys are off while a migration runs, so ON DELETE CASCADE did nothing:"
	    " delete or update the rows that refer first, in the same migration");
	*err = refusal;
	return false;
}

/* Drop what has a partner after all, seen more loosely. */
static void pair(struct scan *scan, enum sqlite_likeness likeness)
{
	size_t left = 0;
	sqlite_violations_keep(scan->violations, false);
	sqlite_violations_sort(scan->violations, likeness);
	for (size_t i = 0; i < scan->count; i++)
		if (!sqlite_violations_meet(scan->violations, scan->found[i].key, likeness))
			scan->found[left++] = scan->found[i];
	scan->count = left;
}

static bool compare(struct scan *scan, struct err *err)
{
	size_t old = scan->violations->count;
	if (scan->count == 0) {
		sqlite_violations_keep(scan->violations, true);
		return sqlite_number(scan->s, data_version, &scan->violations->data_version, err);
	}
	pair(scan, SQLITE_SAME_PARENT); /* the table or its columns may have other names now */
	pair(scan, SQLITE_SAME_CHILD);  /* or the table referred to */
	if (scan->count > 0)
		return refuse(scan, old, err);
	sqlite_violations_clear(scan->violations); /* the next one looks anew, at the new names */
	return true;
}

bool sqlite_violations_after(struct sqlite_db *s, struct err *err)
{
	CLEANUP(scan_clear)
	struct scan scan = {.s = s, .violations = &s->violations, .after = true};
	return !s->checked || (find_all(&scan, err) && compare(&scan, err));
}
