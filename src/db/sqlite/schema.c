/* The live schema: three queries, however many tables there are. */
#include "base/digest.h"
#include "base/text.h"
#include "db/sqlite/kinds.h"
#include "db/sqlite/sqlite.h"
#include "db/sqlite/table_sql.h"
#include "gen/sql.h"
#include <string.h>

/* Columns of schema_objects.sql and schema_columns.sql. */
enum {
	TYPE,
	NAME,
	TABLE,
	SQL,
	ROOT,
	WITHOUT_ROWID,
	STRICT,
	OBJECT_CELLS
};
enum {
	COLUMN_TABLE,
	COLUMN_NAME,
	COLUMN_TYPE,
	COLUMN_NOT_NULL,
	COLUMN_DEFAULT,
	COLUMN_HIDDEN,
	COLUMN_CELLS
};

struct reading {
	struct schema *schema;
	struct arena *arena;
	struct db_rows objects, columns;
	size_t column;               /* the first row of `columns` that no table took yet */
	struct sqlite_tokens tokens; /* of the text being read */
};

static const char *flag(const char *cell)
{
	return text_is(cell, "1") ? "true" : NULL;
}

static bool opens(const struct sqlite_tokens *tokens, size_t at)
{
	return at < tokens->count && tokens->items[at].kind == SQL_TOKEN_OPERATOR &&
	       *tokens->items[at].text == '(';
}

/* Parentheses around the whole say nothing, and come and go with how it is written. */
static const char *bare_default(struct reading *r, const char *value)
{
	struct sqlite_tokens *tokens = &r->tokens;
	if (value == NULL || *value != '(')
		return value;
	sqlite_tokens_read(tokens, value, r->arena);
	size_t first = 0, end = tokens->count;
	while (end - first > 2 && opens(tokens, first) &&
	       sqlite_tokens_close(tokens, first, end) == end) {
		first++;
		end--;
	}
	return first == 0 ? value : sqlite_tokens_text(tokens, first, end, r->arena);
}

static void add_column(struct reading *r, const char *const *row, const char *table, int position)
{
	struct schema_object *object = schema_add(r->schema, &sqlite_kind_column, r->arena);
	object->parent = table;
	object->given = row[COLUMN_NAME];
	object->position = position;
	if (row[COLUMN_TYPE] != NULL && *row[COLUMN_TYPE] != '\0')
		schema_set(object, "type", row[COLUMN_TYPE]);
	schema_set(object, "notNull", flag(row[COLUMN_NOT_NULL]));
	schema_set(object, "default", bare_default(r, row[COLUMN_DEFAULT]));
	if (text_is(row[COLUMN_HIDDEN], "3"))
		schema_set(object, "stored", "true");
}

/* Both queries have the tables in the same order; columns of tables left out are passed over. */
static size_t add_columns(struct reading *r, const char *table)
{
	size_t count = 0;
	const char *const *cells = r->columns.cells;
	while (r->column < r->columns.count &&
	       !text_is(cells[r->column * COLUMN_CELLS + COLUMN_TABLE], table))
		r->column++;
	for (; r->column < r->columns.count; r->column++) {
		const char *const *row = cells + r->column * COLUMN_CELLS;
		if (!text_is(row[COLUMN_TABLE], table))
			break;
		add_column(r, row, table, (int)++count);
	}
	return count;
}

static struct schema_object *add(
    struct reading *r, const struct schema_kind *kind, const char *const *row)
{
	struct schema_object *object = schema_add(r->schema, kind, r->arena);
	object->given = row[NAME];
	object->position = (int)r->schema->count;
	return object;
}

static void add_table(struct reading *r, const char *const *row)
{
	struct schema_object *object = add(r, &sqlite_kind_table, row);
	schema_set(object, "withoutRowid", flag(row[WITHOUT_ROWID]));
	schema_set(object, "strict", flag(row[STRICT]));
	size_t columns = add_columns(r, row[NAME]);
	sqlite_tokens_read(&r->tokens, row[SQL], r->arena);
	sqlite_table_read(r->schema, &r->tokens, columns, r->arena);
}

/* CREATE [UNIQUE] INDEX name ON table (terms) [WHERE expression] */
static void add_index(struct reading *r, const char *const *row)
{
	struct sqlite_tokens *tokens = &r->tokens;
	sqlite_tokens_read(tokens, row[SQL], r->arena);
	size_t at = sqlite_tokens_body(tokens, "INDEX");
	struct schema_object *object = add(r, &sqlite_kind_index, row);
	object->parent = row[TABLE];
	if (tokens->count > 1 && sql_token_is(&tokens->items[1], "UNIQUE"))
		schema_set(object, "unique", "true");
	at += 2;
	if (!opens(tokens, at))
		return;
	size_t end = sqlite_tokens_close(tokens, at, tokens->count);
	schema_set(object, "columns", sqlite_tokens_terms(tokens, at + 1, end - 1, r->arena));
	if (end < tokens->count)
		schema_set(
		    object, "where", sqlite_tokens_text(tokens, end + 1, tokens->count, r->arena));
}

/* CREATE VIEW name [(columns)] AS query */
static void add_view(struct reading *r, const char *const *row)
{
	struct sqlite_tokens *tokens = &r->tokens;
	sqlite_tokens_read(tokens, row[SQL], r->arena);
	size_t at = sqlite_tokens_body(tokens, "VIEW");
	struct schema_object *object = add(r, &sqlite_kind_view, row);
	if (opens(tokens, at)) {
		size_t end = sqlite_tokens_close(tokens, at, tokens->count);
		schema_set(
		    object, "columns", sqlite_tokens_names(tokens, at + 1, end - 1, r->arena));
		at = end;
	}
	schema_set(object, "query", sqlite_tokens_text(tokens, at + 1, tokens->count, r->arena));
}

static void add_trigger(struct reading *r, const char *const *row)
{
	struct sqlite_tokens *tokens = &r->tokens;
	sqlite_tokens_read(tokens, row[SQL], r->arena);
	size_t at = sqlite_tokens_body(tokens, "TRIGGER");
	struct schema_object *object = add(r, &sqlite_kind_trigger, row);
	schema_set(object, "on", row[TABLE]);
	schema_set(object, "definition", sqlite_tokens_text(tokens, at, tokens->count, r->arena));
}

/* CREATE VIRTUAL TABLE name USING module [(arguments)] */
static void add_virtual_table(struct reading *r, const char *const *row)
{
	struct sqlite_tokens *tokens = &r->tokens;
	sqlite_tokens_read(tokens, row[SQL], r->arena);
	size_t at = sqlite_tokens_body(tokens, "TABLE");
	struct schema_object *object = add(r, &sqlite_kind_virtual_table, row);
	schema_set(object, "using", sqlite_tokens_text(tokens, at + 1, tokens->count, r->arena));
}

static void add_row(struct reading *r, const char *const *row)
{
	if (text_is(row[TYPE], "index"))
		add_index(r, row);
	else if (text_is(row[TYPE], "view"))
		add_view(r, row);
	else if (text_is(row[TYPE], "trigger"))
		add_trigger(r, row);
	else if (text_is(row[TYPE], "table") && text_is(row[ROOT], "0"))
		add_virtual_table(r, row);
	else if (text_is(row[TYPE], "table"))
		add_table(r, row);
}

static bool query_both(struct reading *r, struct db *db, const struct stop *stop, struct err *err)
{
	return sqlite_query(
		   db, sql_sqlite_schema_objects, NULL, 0, r->arena, &r->objects, stop, err) &&
	       sqlite_query(
		   db, sql_sqlite_schema_columns, NULL, 0, r->arena, &r->columns, stop, err);
}

/* Within one transaction, so that both queries see the same schema. */
static bool query_at_once(
    struct reading *r, struct db *db, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	if (!sqlite_enter(s, stop, err))
		return false;
	if (!sqlite3_get_autocommit(s->handle))
		return query_both(r, db, stop, err);
	if (!sqlite_run(s, "BEGIN", err))
		return false;
	bool ok = query_both(r, db, stop, err);
	/* What was only read has nothing to lose; it ends even when `stop` has fired. */
	sqlite_finalize(&s->last);
	sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL);
	return ok;
}

bool sqlite_read_schema(struct db *db, struct schema *ret, struct arena *arena,
    const struct stop *stop, struct err *err)
{
	struct schema schema = {.kinds = sqlite_kinds,
	    .dialect = &dialect_sqlite,
	    .engine = db->driver->name,
	    .version = sqlite3_libversion()};
	struct reading r = {.schema = &schema, .arena = arena};
	if (!query_at_once(&r, db, stop, err))
		return false;
	/* Room for constraints, too: moving what is there costs as much again. */
	schema.capacity = r.columns.count + 3 * r.objects.count;
	schema.objects = arena_array(arena, schema.capacity + 1, sizeof(*schema.objects));
	for (size_t i = 0; i < r.objects.count; i++)
		add_row(&r, r.objects.cells + i * OBJECT_CELLS);
	schema_settle(&schema, arena);
	*ret = schema;
	return true;
}

bool sqlite_fingerprint(struct db *db, char hex[65], const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(digest_free) struct digest *digest = digest_new();
	struct db_rows rows;
	if (!sqlite_query(db, sql_sqlite_fingerprint, NULL, 0, &arena, &rows, stop, err))
		return false;
	for (size_t i = 0; i < rows.count * rows.columns; i++)
		digest_add(digest, rows.cells[i], strlen(rows.cells[i]) + 1);
	digest_hex(digest, hex);
	return true;
}
