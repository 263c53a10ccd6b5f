/* Counting and hashing the rows of a table: one pass, nothing of them kept unless asked for. */
#include "base/buf.h"
#include "db/sqlite/sqlite.h"
#include <stdlib.h>
#include <string.h>

enum {
	SQL_MOST = 1 << 20
};

static void add_name(struct buf *sql, const char *name)
{
	buf_add_char(sql, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_add_char(sql, '"');
		buf_add_char(sql, *name);
	}
	buf_add_char(sql, '"');
}

static bool prepare(struct sqlite_db *s, sqlite3_stmt **ret, const struct buf *sql, struct err *err)
{
	if (sql->overflow)
		return err_set(err, ERR_DATABASE, "a table has too many columns to be compared");
	return sqlite_prepare(s, ret, sql->data, sql->len, err);
}

bool proof_ask(struct sqlite_db *s, const char *sql, const char *name, bool *yes, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	if (!sqlite_prepare(s, &statement, sql, strlen(sql), err))
		return false;
	if (name != NULL)
		sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	int code = sqlite3_step(statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_fail(s, code, err);
	*yes = code == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
	return true;
}

bool proof_has_rows(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	buf_add_text(&sql, "SELECT 1 FROM main.");
	add_name(&sql, table);
	buf_add_text(&sql, " LIMIT 1");
	return proof_ask(s, sql.data, NULL, yes, err);
}

bool proof_columns(struct sqlite_db *s, struct proof_table *table, struct err *err)
{
	static const char sql[] = "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0"
				  " ORDER BY pk = 0, pk, cid";
	CLEANUP(sqlite_finalize) sqlite3_stmt *row = NULL;
	struct arena *arena = &s->proof.transaction;
	size_t capacity = 0;
	int code;
	if (!sqlite_prepare(s, &row, sql, strlen(sql), err))
		return false;
	sqlite3_bind_text(row, 1, table->name, -1, SQLITE_STATIC);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		const char *name = arena_strdup(arena, (const char *)sqlite3_column_text(row, 0));
		table->columns = arena_grow(
		    arena, table->columns, table->column_count, &capacity, sizeof(*table->columns));
		table->columns[table->column_count++] =
		    (struct proof_column){.name = name, .now = name};
	}
	return code == SQLITE_DONE || sqlite_fail(s, code, err);
}

/* Two independent 64-bit hashes; each byte goes into both. */
static void mix(struct proof_hash *hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < len; i++) {
		hash->a = (hash->a ^ bytes[i]) * 0x100000001b3u;
		hash->b = (hash->b + bytes[i] + 1) * 0x9e3779b97f4a7c15u;
		hash->b ^= hash->b >> 29;
	}
}

/* Sums of hashes must not show the structure of what was hashed. */
static uint64_t finish(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* One ending for both ways to say a number, so that 5 as a REAL and as text are one value. */
static void mix_text(struct proof_hash *hash, const void *data, int64_t len)
{
	mix(hash, data, (size_t)len);
	mix(hash, &len, sizeof(len));
	mix(hash, "", 1);
}

/*
 * A number and the text that says the same are one value, so that a rebuild may change a column's
 * type where nothing is lost by it.
 */
static void mix_value(struct proof_hash *hash, sqlite3_stmt *statement, int column)
{
	int type = sqlite3_column_type(statement, column);
	char tag = type == SQLITE_NULL ? 'n' : type == SQLITE_BLOB ? 'b' : 't';
	double real = type == SQLITE_FLOAT ? sqlite3_column_double(statement, column) : 0.5;
	const void *data;
	int64_t whole;
	mix(hash, &tag, 1);
	if (type == SQLITE_NULL)
		return;
	if (real > -9e15 && real < 9e15 && real == (double)(int64_t)real) {
		char text[32];
		whole = (int64_t)real;
		sqlite3_snprintf(sizeof(text), text, "%lld", (long long)whole);
		mix_text(hash, text, (int64_t)strlen(text));
		return;
	}
	if (type == SQLITE_FLOAT) {
		mix(hash, &real, sizeof(real));
		return;
	}
	data = type == SQLITE_BLOB ? sqlite3_column_blob(statement, column)
				   : sqlite3_column_text(statement, column);
	mix_text(hash, data, sqlite3_column_bytes(statement, column));
}

static void keep(struct proof_scan *scan, struct proof_hash hash)
{
	size_t at = (size_t)scan->rows;
	if (at == scan->capacity) {
		scan->capacity = at == 0 ? 1024 : at * 2;
		scan->hashes = reallocarray(scan->hashes, scan->capacity, sizeof(hash));
		if (scan->hashes == NULL)
			err_die("out of memory");
	}
	scan->hashes[at] = hash;
}

static struct proof_hash hash_row(
    sqlite3_stmt *statement, const struct proof_table *table, bool first)
{
	struct proof_hash hash = {0xcbf29ce484222325u, 0x2545f4914f6cdd1du};
	for (size_t i = 0; i < table->column_count; i++) {
		if (first && sqlite3_column_type(statement, (int)i) != SQLITE_NULL)
			table->columns[i].values++;
		if (!table->columns[i].skip)
			mix_value(&hash, statement, (int)i);
	}
	return (struct proof_hash){finish(hash.a), finish(hash.b)};
}

int proof_hash_compare(const void *a, const void *b)
{
	const struct proof_hash *left = a, *right = b;
	if (left->a != right->a)
		return left->a < right->a ? -1 : 1;
	return (left->b > right->b) - (left->b < right->b);
}

static void select_columns(
    struct buf *sql, const char *name, const struct proof_table *table, bool first)
{
	buf_add_text(sql, "SELECT ");
	for (size_t i = 0; i < table->column_count; i++) {
		const struct proof_column *column = &table->columns[i];
		buf_add_text(sql, i == 0 ? "" : ", ");
		if (column->skip && !first)
			buf_add_text(sql, "NULL");
		else
			add_name(sql, first ? column->name : column->now);
	}
	buf_add_text(sql, table->column_count == 0 ? "NULL FROM main." : " FROM main.");
	add_name(sql, name);
}

bool proof_scan(struct sqlite_db *s, const char *name, struct proof_table *table,
    struct proof_scan *scan, bool first, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	int code;
	select_columns(&sql, name, table, first);
	if (!prepare(s, &statement, &sql, err))
		return false;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct proof_hash hash = hash_row(statement, table, first);
		scan->sum.a += hash.a;
		scan->sum.b += hash.b;
		if (scan->detailed)
			keep(scan, hash);
		scan->rows++;
		if (scan->row != NULL && !scan->row(scan->context, statement, hash))
			return true;
	}
	if (code != SQLITE_DONE)
		return sqlite_fail(s, code, err);
	if (scan->detailed && scan->rows > 0)
		qsort(scan->hashes, (size_t)scan->rows, sizeof(*scan->hashes), proof_hash_compare);
	return true;
}
