/*
 * What people wrote into a mirror, as SQLite itself would keep it: created in a database in memory
 * and read back. What can't be created there, for it needs a module or a function that only the
 * application has, stays as it was written.
 */
#include "base/text.h"
#include "db/sqlite/driver.h"
#include "db/sqlite/kinds.h"
#include "db/sqlite/sqlite.h"
#include "db/sqlite/table_sql.h"
#include "sql/names.h"
#include <string.h>

enum {
	SQL_MAX = 16 << 20
};

static void add_quoted(struct buf *out, const char *name)
{
	sql_quote(&dialect_sqlite, name, out);
}

/* `before` the value, `after` it; nothing when there is none. */
static void add_value(struct buf *out, const char *before, const char *value, const char *after)
{
	if (value != NULL)
		buf_printf(out, "%s%s%s", before, value, after);
}

static bool is_true(const struct schema_object *object, const char *attribute)
{
	return text_is(schema_value(object, attribute), "true");
}

/* " (a, b)" of terms, or of names, which are quoted. */
static void add_list(struct buf *out, const char *list, bool names)
{
	const char *separator = "";
	if (list == NULL)
		return;
	buf_add_text(out, " (");
	for (const char *at = list; at != NULL; separator = ", ") {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		CLEANUP(buf_free) struct buf item = buf_init(SQL_MAX);
		buf_add(&item, at, (size_t)(end - at));
		buf_add_text(out, separator);
		if (names)
			add_quoted(out, item.data);
		else
			buf_add_text(out, item.data);
		at = *end == '\0' ? NULL : end + 1;
	}
	buf_add_char(out, ')');
}

/* SQLite takes a name for a text, but not inside parentheses; there alone it takes an expression.
 */
static void add_default(struct buf *out, const char *value)
{
	struct sql_lexer lexer;
	if (value == NULL)
		return;
	sql_lex_init(&lexer, &dialect_sqlite, value, strlen(value), 1);
	struct sql_token token = sql_lex_next(&lexer);
	bool name = (token.kind == SQL_TOKEN_WORD || token.kind == SQL_TOKEN_IDENTIFIER) &&
		    sql_lex_next(&lexer).kind == SQL_TOKEN_END;
	buf_printf(out, name ? " DEFAULT %s" : " DEFAULT (%s\n)", value);
}

static void add_constraint_name(struct buf *out, const struct schema_object *object)
{
	if (object->given == NULL)
		return;
	buf_add_text(out, "CONSTRAINT ");
	add_quoted(out, object->given);
	buf_add_char(out, ' ');
}

/*
 * True when this is the primary key of that INTEGER column and no other, descending, beside a
 * rowid: only on the column itself does DESC mean that (table_sql.c).
 */
static bool is_descending_key(const struct schema_object *table, const struct schema_object *column,
    const struct schema_object *key)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sqlite_tokens tokens = {0};
	const char *columns = key == NULL ? NULL : schema_value(key, "columns");
	if (columns == NULL || strcasestr(columns, "DESC") == NULL ||
	    is_true(table, "withoutRowid") ||
	    !text_is_nocase(schema_value(column, "type"), "INTEGER"))
		return false;
	sqlite_tokens_read(&tokens, columns, &arena);
	return tokens.count == 2 && sql_token_is(&tokens.items[1], "DESC") &&
	       text_is_nocase(sqlite_token_name(&tokens.items[0], &arena), column->name);
}

/* `key` is written on the column itself; NULL: none is. */
static void add_column(
    struct buf *out, const struct schema_object *column, const struct schema_object *key)
{
	add_quoted(out, column->name);
	add_value(out, " ", schema_value(column, "type"), "");
	if (key != NULL) {
		buf_add_char(out, ' ');
		add_constraint_name(out, key);
		buf_add_text(out, "PRIMARY KEY DESC");
		add_value(out, " ON CONFLICT ", schema_value(key, "conflict"), "");
	}
	if (is_true(column, "notNull")) {
		buf_add_text(out, " NOT NULL");
		add_value(out, " ON CONFLICT ", schema_value(column, "conflict"), "");
	}
	add_default(out, schema_value(column, "default"));
	if (schema_value(column, "collation") != NULL) {
		buf_add_text(out, " COLLATE ");
		add_quoted(out, schema_value(column, "collation"));
	}
	add_value(out, " GENERATED ALWAYS AS (", schema_value(column, "generated"), "\n)");
	if (is_true(column, "stored"))
		buf_add_text(out, " STORED");
}

/* AUTOINCREMENT stands inside the parentheses. */
static void add_primary_key(struct buf *out, const struct schema_object *key)
{
	buf_add_text(out, "PRIMARY KEY");
	add_list(out, schema_value(key, "columns"), false);
	if (is_true(key, "autoincrement") && out->len > 0) {
		out->data[--out->len] = '\0';
		buf_add_text(out, " AUTOINCREMENT)");
	}
	add_value(out, " ON CONFLICT ", schema_value(key, "conflict"), "");
}

static void add_foreign_key(struct buf *out, const struct schema_object *key)
{
	const char *references = schema_value(key, "references");
	buf_add_text(out, "FOREIGN KEY");
	add_list(out, schema_value(key, "columns"), true);
	buf_add_text(out, " REFERENCES ");
	add_quoted(out, references == NULL ? "" : references);
	add_list(out, schema_value(key, "referencedColumns"), true);
	add_value(out, " ON UPDATE ", schema_value(key, "onUpdate"), "");
	add_value(out, " ON DELETE ", schema_value(key, "onDelete"), "");
	add_value(out, " DEFERRABLE ", schema_value(key, "deferrable"), "");
}

static void add_constraint(struct buf *out, const struct schema_object *object)
{
	add_constraint_name(out, object);
	if (object->kind == &sqlite_kind_primary_key) {
		add_primary_key(out, object);
	} else if (object->kind == &sqlite_kind_unique) {
		buf_add_text(out, "UNIQUE");
		add_list(out, schema_value(object, "columns"), false);
		add_value(out, " ON CONFLICT ", schema_value(object, "conflict"), "");
	} else if (object->kind == &sqlite_kind_check) {
		add_value(out, "CHECK (", schema_value(object, "expression"), "\n)");
	} else {
		add_foreign_key(out, object);
	}
}

static const struct schema_object *primary_key_of(const struct schema *schema, size_t table)
{
	for (size_t i = table + 1; i < schema->count && schema->objects[i].kind->parent != NULL;
	     i++)
		if (schema->objects[i].kind == &sqlite_kind_primary_key)
			return &schema->objects[i];
	return NULL;
}

/* The objects of a table follow it, in canonical order: the columns first. */
static void add_table(struct buf *out, const struct schema *schema, size_t table)
{
	const struct schema_object *object = &schema->objects[table];
	const struct schema_object *key = primary_key_of(schema, table), *written = NULL;
	const char *separator = " (\n";
	buf_add_text(out, "CREATE TABLE ");
	add_quoted(out, object->name);
	for (size_t i = table + 1; i < schema->count; i++) {
		const struct schema_object *part = &schema->objects[i];
		if (part->kind->parent == NULL || part->kind == &sqlite_kind_index)
			break;
		if (part == written)
			continue;
		buf_add_text(out, separator);
		if (part->kind != &sqlite_kind_column) {
			add_constraint(out, part);
		} else if (is_descending_key(object, part, key)) {
			add_column(out, part, key);
			written = key;
		} else {
			add_column(out, part, NULL);
		}
		separator = ",\n";
	}
	buf_add_char(out, ')');
	if (is_true(object, "withoutRowid"))
		buf_add_text(out, " WITHOUT ROWID");
	if (is_true(object, "strict"))
		buf_add_text(out, is_true(object, "withoutRowid") ? ", STRICT" : " STRICT");
}

static void add_index(struct buf *out, const struct schema_object *index)
{
	buf_printf(out, "CREATE %sINDEX ", is_true(index, "unique") ? "UNIQUE " : "");
	add_quoted(out, index->name);
	buf_add_text(out, " ON ");
	add_quoted(out, index->parent);
	add_list(out, schema_value(index, "columns"), false);
	add_value(out, " WHERE ", schema_value(index, "where"), "");
}

static void add_other(struct buf *out, const struct schema_object *object)
{
	buf_printf(out, "CREATE %s ",
	    object->kind == &sqlite_kind_view      ? "VIEW"
	    : object->kind == &sqlite_kind_trigger ? "TRIGGER"
						   : "VIRTUAL TABLE");
	add_quoted(out, object->name);
	if (object->kind == &sqlite_kind_view)
		add_list(out, schema_value(object, "columns"), true);
	add_value(out, " AS ", schema_value(object, "query"), "");
	add_value(out, " ", schema_value(object, "definition"), "");
	add_value(out, " USING ", schema_value(object, "using"), "");
}

/* True when SQLite took it. */
static bool create(struct sqlite_db *memory, const struct schema *schema, size_t i)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MAX);
	struct err refused;
	if (schema->objects[i].kind == &sqlite_kind_table)
		add_table(&sql, schema, i);
	else if (schema->objects[i].kind == &sqlite_kind_index)
		add_index(&sql, &schema->objects[i]);
	else
		add_other(&sql, &schema->objects[i]);
	return !sql.overflow && sqlite_run(memory, sql.data, &refused);
}

static void copy_object(
    struct schema *schema, const struct schema_object *object, struct arena *arena)
{
	struct schema_object *copy = schema_add(schema, object->kind, arena);
	*copy = *object;
}

/* Whatever was not created; of a table, with all it has. */
static bool create_all(struct sqlite_db *memory, const struct schema *written,
    struct schema *left_over, struct arena *arena, const struct stop *stop, struct err *err)
{
	bool created = true;
	for (size_t i = 0; i < written->count; i++) {
		const struct schema_object *object = &written->objects[i];
		bool part = object->kind->parent != NULL;
		if (!stop_check(stop, err))
			return false;
		if (!part)
			created = create(memory, written, i);
		bool index = part && object->kind == &sqlite_kind_index;
		if (!created || (index && !create(memory, written, i)))
			copy_object(left_over, object, arena);
	}
	return true;
}

static bool open_memory(struct sqlite_db *memory, const struct stop *stop, struct err *err)
{
	*memory = (struct sqlite_db){
	    .base = {.driver = &db_sqlite, .own = "main."}, .stop = *stop, .exists = true};
	int code = sqlite3_open_v2(":memory:", &memory->handle,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	/* One transaction for all: a commit each costs more than the statements. */
	return (code == SQLITE_OK || sqlite_fail(memory, code, err)) &&
	       sqlite_run(memory, "BEGIN", err);
}

/* In a database of its own, whatever the session's is. */
bool sqlite_canonicalise(struct db *db, const struct schema *written, const struct schema *live,
    struct schema *ret, struct arena *arena, const struct stop *stop, struct err *err)
{
	(void)db;
	(void)live;
	struct sqlite_db memory;
	struct schema left_over = {0}, read;
	bool ok = open_memory(&memory, stop, err) &&
		  create_all(&memory, written, &left_over, arena, stop, err) &&
		  sqlite_read_schema(&memory.base, &read, arena, stop, err);
	sqlite_finalize(&memory.last);
	sqlite3_close_v2(memory.handle);
	arena_free(&memory.arena);
	if (!ok)
		return false;
	for (size_t i = 0; i < left_over.count; i++)
		copy_object(&read, &left_over.objects[i], arena);
	schema_settle(&read, arena);
	read.version = written->version;
	*ret = read;
	return true;
}
