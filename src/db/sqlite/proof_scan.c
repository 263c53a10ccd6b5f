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

bool proof_exists(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	return proof_ask(s,
	    "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
	    table, yes, err);
}

bool proof_has_rows(struct sqlite_db *s, const char *table, bool *yes, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	buf_add_text(&sql, "SELECT 1 FROM main.");
	add_name(&sql, table);
	buf_add_text(&sql, " LIMIT 1");
	return proof_ask(s, sql.data, NULL, yes, err);
}

static struct proof_column *add_column(
    struct sqlite_db *s, struct proof_table *table, const char *name, size_t *capacity)
{
	struct arena *arena = &s->proof.transaction;
	name = arena_strdup(arena, name);
	table->columns = arena_grow(
	    arena, table->columns, table->column_count, capacity, sizeof(*table->columns));
	table->columns[table->column_count] = (struct proof_column){.name = name, .now = name};
	return &table->columns[table->column_count++];
}

static void add_term_columns(struct sqlite_db *s, struct proof_table *table)
{
	static const char *const names[] = {"doc", "term", "col", "offset"};
	size_t capacity = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_column(s, table, names[i], &capacity);
}

bool proof_columns(struct sqlite_db *s, struct proof_table *table, struct err *err)
{
	static const char sql[] = "SELECT name, " PROOF_IS_TEXT " FROM pragma_table_xinfo(?1,"
				  " 'main') WHERE hidden = 0 ORDER BY pk = 0, pk, cid";
	CLEANUP(sqlite_finalize) sqlite3_stmt *row = NULL;
	size_t capacity = 0;
	int code;
	if (table->kind == PROOF_TERMS) {
		add_term_columns(s, table);
		return true;
	}
	if (!sqlite_prepare(s, &row, sql, strlen(sql), err))
		return false;
	sqlite3_bind_text(row, 1, table->name, -1, SQLITE_STATIC);
	if (table->kind != PROOF_PLAIN)
		add_column(s, table, "rowid", &capacity)->rowid = true;
	while ((code = sqlite3_step(row)) == SQLITE_ROW)
		add_column(s, table, (const char *)sqlite3_column_text(row, 0), &capacity)->text =
		    sqlite3_column_int(row, 1) != 0;
	return code == SQLITE_DONE || sqlite_fail(s, code, err);
}

/* Two independent 64-bit hashes; each word goes into both. */
static void mix_word(struct proof_hash *hash, uint64_t word)
{
	hash->a = (hash->a ^ word) * 0xbf58476d1ce4e5b9u;
	hash->a ^= hash->a >> 32;
	hash->b = (hash->b + word + 1) * 0x9e3779b97f4a7c15u;
	hash->b ^= hash->b >> 29;
}

/* A value: of which kind, how long, and its bytes, the last ones filled up with zeros. */
static void mix(struct proof_hash *hash, char tag, const void *data, size_t len)
{
	const char *bytes = data;
	uint64_t word;
	mix_word(hash, (uint64_t)len << 8 | (unsigned char)tag);
	if (len == 0)
		return;
	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		mix_word(hash, word);
	}
	if (len == 0)
		return;
	word = 0;
	memcpy(&word, bytes, len);
	mix_word(hash, word);
}

/* Sums of hashes must not show the structure of what was hashed. */
static uint64_t finish(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static bool is_whole(double real)
{
	return real > -9e15 && real < 9e15 && real == (double)(int64_t)real;
}

/* As its text, without asking SQLite for it: most values are numbers. */
static void mix_whole(struct proof_hash *hash, int64_t number)
{
	char text[24];
	char *at = text + sizeof(text);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	if (number < 0)
		*--at = '-';
	mix(hash, 't', at, (size_t)(text + sizeof(text) - at));
}

/* As SQLite writes it into a column of texts, if that text is the same number again. */
static void mix_real(struct proof_hash *hash, double real)
{
	char text[64];
	if (is_whole(real)) {
		mix_whole(hash, (int64_t)real);
		return;
	}
	sqlite3_snprintf(sizeof(text), text, "%!.15g", real);
	if (strtod(text, NULL) == real)
		mix(hash, 't', text, strlen(text));
	else
		mix(hash, 'r', &real, sizeof(real));
}

/* "5.0", which is what 5 becomes in a column of texts when it was a REAL. */
static bool ends_with_nought(const char *text, int64_t len)
{
	const char *digits = text + (*text == '-');
	size_t count = strspn(digits, "0123456789");
	return count > 0 && count < 16 && strcmp(digits + count, ".0") == 0 &&
	       digits + count + 2 == text + len;
}

/*
 * A number and the text that says the same are one value, so that a rebuild may change a column's
 * type where nothing is lost by it. Whether "5.0" and "5" say the same depends on `loose`.
 */
static void mix_value(struct proof_hash *hash, sqlite3_stmt *statement, int column, bool loose)
{
	int type = sqlite3_column_type(statement, column);
	const void *data;
	int64_t len;
	switch (type) {
	case SQLITE_NULL:
		mix(hash, 'n', NULL, 0);
		return;
	case SQLITE_INTEGER:
		mix_whole(hash, sqlite3_column_int64(statement, column));
		return;
	case SQLITE_FLOAT:
		mix_real(hash, sqlite3_column_double(statement, column));
		return;
	default:
		break;
	}
	data = type == SQLITE_BLOB ? sqlite3_column_blob(statement, column)
				   : sqlite3_column_text(statement, column);
	len = sqlite3_column_bytes(statement, column);
	if (loose && type == SQLITE_TEXT && ends_with_nought(data, len))
		len -= 2;
	mix(hash, type == SQLITE_BLOB ? 'b' : 't', data, (size_t)len);
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
			mix_value(&hash, statement, (int)i, table->columns[i].loose);
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
		else if (column->rowid)
			buf_add_text(sql, "rowid");
		else
			add_name(sql, first ? column->name : column->now);
	}
	buf_add_text(sql, table->column_count == 0 ? "NULL FROM " : " FROM ");
	if (table->kind == PROOF_TERMS) {
		buf_add_text(sql, "temp." PROOF_TERMS_TABLE);
		return;
	}
	buf_add_text(sql, "main.");
	add_name(sql, name);
}

static bool scan_rows(struct sqlite_db *s, const char *name, struct proof_table *table,
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

bool proof_scan(struct sqlite_db *s, const char *name, struct proof_table *table,
    struct proof_scan *scan, bool first, struct err *err)
{
	if (table->kind != PROOF_TERMS)
		return scan_rows(s, name, table, scan, first, err);
	return proof_terms_open(s, name, err) && scan_rows(s, name, table, scan, first, err) &&
	       proof_terms_close(s, err);
}
