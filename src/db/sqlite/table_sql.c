#include "db/sqlite/table_sql.h"
#include "base/text.h"
#include "db/sqlite/kinds.h"

/* One CREATE TABLE, read from left to right. */
struct reader {
	struct schema *schema;
	struct arena *arena;
	const char *table;
	const struct sqlite_tokens *tokens;
	size_t at, end;               /* of the column or constraint being read */
	const char *given;            /* by CONSTRAINT name, for what follows */
	size_t first_column, columns; /* the objects of its columns */
	size_t column;    /* index of the column's object; schema->count: of the table */
	const char *name; /* the column, as written; NULL: the table */
	int constraints;  /* so far: their positions */
};

static const struct sql_token *peek(const struct reader *r, size_t ahead)
{
	size_t at = r->at + ahead;
	return &r->tokens->items[at < r->end ? at : r->tokens->count];
}

static bool next_is(const struct reader *r, const char *word)
{
	return sql_token_is(peek(r, 0), word);
}

static bool take(struct reader *r, const char *word)
{
	if (!next_is(r, word))
		return false;
	r->at++;
	return true;
}

static bool next_opens(const struct reader *r)
{
	const struct sql_token *token = peek(r, 0);
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 1 && *token->text == '(';
}

/* The places between the parentheses that begin here, which are passed; false when none do. */
static bool take_parentheses(struct reader *r, size_t *first, size_t *end)
{
	if (!next_opens(r))
		return false;
	*first = r->at + 1;
	r->at = sqlite_tokens_close(r->tokens, r->at, r->end);
	*end = r->at - 1;
	return true;
}

static const char *take_name(struct reader *r)
{
	if (r->at >= r->end)
		return NULL;
	return sqlite_token_name(&r->tokens->items[r->at++], r->arena);
}

/* "rollback"; NULL for "abort", which is what happens anyway. */
static const char *take_conflict(struct reader *r)
{
	if (!next_is(r, "ON") || !sql_token_is(peek(r, 1), "CONFLICT"))
		return NULL;
	r->at += 2;
	const char *name = take_name(r);
	return text_is_nocase(name, "abort") ? NULL : name;
}

static struct schema_object *add(struct reader *r, const struct schema_kind *kind)
{
	struct schema_object *object = schema_add(r->schema, kind, r->arena);
	object->parent = r->table;
	object->given = r->given;
	object->position = ++r->constraints;
	r->given = NULL;
	return object;
}

/* The table keeps its rows by a number of its own, which an INTEGER PRIMARY KEY names. */
static bool is_integer(const struct reader *r, const char *name)
{
	const struct schema_object *objects = r->schema->objects + r->first_column;
	if (text_is(schema_value(objects - 1, "withoutRowid"), "true"))
		return false;
	for (size_t i = 0; i < r->columns; i++)
		if (text_is_nocase(objects[i].given, name))
			return text_is_nocase(schema_value(&objects[i], "type"), "INTEGER");
	return false;
}

/*
 * PRIMARY KEY (id DESC) of a lone INTEGER column is the rowid, whatever order or collation it says;
 * only `id INTEGER PRIMARY KEY DESC`, on the column, is a key of its own beside the rowid. So DESC
 * is left to that alone, and the model tells the two apart.
 * https://sqlite.org/lang_createtable.html#rowids_and_the_integer_primary_key
 */
static size_t rowid_end(const struct reader *r, size_t first, size_t end)
{
	size_t at = first + 1;
	if (at < end && sql_token_is(&r->tokens->items[at], "COLLATE"))
		at += 2;
	if (at < end && (sql_token_is(&r->tokens->items[at], "ASC") ||
			    sql_token_is(&r->tokens->items[at], "DESC")))
		at++;
	bool lone = at == end && first < end;
	return lone && is_integer(r, sqlite_token_name(&r->tokens->items[first], r->arena))
		   ? first + 1
		   : end;
}

/* The columns of a key: in parentheses, or the column itself with its order. */
static const char *take_key(struct reader *r, bool primary, bool *autoincrement)
{
	size_t first, end;
	if (take_parentheses(r, &first, &end)) {
		if (end > first && sql_token_is(&r->tokens->items[end - 1], "AUTOINCREMENT")) {
			*autoincrement = true;
			end--;
		}
		if (primary)
			end = rowid_end(r, first, end);
		return sqlite_tokens_terms(r->tokens, first, end, r->arena);
	}
	if (take(r, "DESC"))
		return arena_printf(r->arena, "%s DESC", r->name);
	take(r, "ASC");
	return r->name;
}

static void read_key(struct reader *r, const struct schema_kind *kind)
{
	bool primary = kind == &sqlite_kind_primary_key, autoincrement = false;
	if (primary)
		take(r, "KEY");
	struct schema_object *object = add(r, kind);
	schema_set(object, "columns", take_key(r, primary, &autoincrement));
	schema_set(object, "conflict", take_conflict(r));
	if (primary && (take(r, "AUTOINCREMENT") || autoincrement))
		schema_set(object, "autoincrement", "true");
}

static void read_check(struct reader *r)
{
	size_t first, end;
	if (!take_parentheses(r, &first, &end))
		return;
	struct schema_object *object = add(r, &sqlite_kind_check);
	schema_set(object, "expression", sqlite_tokens_text(r->tokens, first, end, r->arena));
	take_conflict(r);
}

/* "CASCADE", "SET NULL"; NULL for NO ACTION, which is what happens anyway. */
static const char *take_action(struct reader *r)
{
	if (take(r, "SET"))
		return take(r, "NULL") ? "set null" : take(r, "DEFAULT") ? "set default" : NULL;
	if (take(r, "NO")) {
		take(r, "ACTION");
		return NULL;
	}
	return take(r, "CASCADE") ? "cascade" : take(r, "RESTRICT") ? "restrict" : NULL;
}

/* Only a key that is deferred from the start behaves in another way. */
static void read_deferrable(struct reader *r, struct schema_object *object)
{
	bool can = !take(r, "NOT");
	take(r, "DEFERRABLE");
	if (!take(r, "INITIALLY"))
		return;
	if (take(r, "DEFERRED") && can)
		schema_set(object, "deferrable", "initially deferred");
	else
		take(r, "IMMEDIATE");
}

static void read_references(struct reader *r, struct schema_object *object)
{
	size_t first, end;
	schema_set(object, "references", take_name(r));
	if (take_parentheses(r, &first, &end))
		schema_set(object, "referencedColumns",
		    sqlite_tokens_names(r->tokens, first, end, r->arena));
	for (;;) {
		bool deferrable = next_is(r, "DEFERRABLE") ||
				  (next_is(r, "NOT") && sql_token_is(peek(r, 1), "DEFERRABLE"));
		if (next_is(r, "ON") && sql_token_is(peek(r, 1), "CONFLICT"))
			return;
		if (take(r, "MATCH")) {
			r->at++;
		} else if (take(r, "ON")) {
			bool update = take(r, "UPDATE");
			if (!update)
				r->at++;
			schema_set(object, update ? "onUpdate" : "onDelete", take_action(r));
		} else if (deferrable) {
			read_deferrable(r, object);
		} else {
			return;
		}
	}
}

static void read_foreign_key(struct reader *r)
{
	size_t first, end;
	take(r, "KEY");
	struct schema_object *object = add(r, &sqlite_kind_foreign_key);
	if (take_parentheses(r, &first, &end))
		schema_set(object, "columns", sqlite_tokens_names(r->tokens, first, end, r->arena));
	if (take(r, "REFERENCES"))
		read_references(r, object);
}

static void read_generated(struct reader *r)
{
	size_t first, end;
	if (!take_parentheses(r, &first, &end))
		return;
	const char *text = sqlite_tokens_text(r->tokens, first, end, r->arena);
	if (r->column < r->schema->count)
		schema_set(&r->schema->objects[r->column], "generated", text);
}

static void set_on_column(struct reader *r, const char *attribute, const char *value)
{
	if (value != NULL && r->column < r->schema->count)
		schema_set(&r->schema->objects[r->column], attribute, value);
}

/* The value itself is what PRAGMA table_xinfo says. */
static void skip_default(struct reader *r)
{
	size_t first, end;
	const struct sql_token *token = peek(r, 0);
	if (take_parentheses(r, &first, &end))
		return;
	bool sign = token->kind == SQL_TOKEN_OPERATOR;
	r->at += sign ? 2 : 1;
}

/* What both columns and tables have; false when it is none of those. */
static bool read_constraint(struct reader *r)
{
	if (take(r, "CONSTRAINT"))
		r->given = take_name(r);
	else if (take(r, "PRIMARY"))
		read_key(r, &sqlite_kind_primary_key);
	else if (take(r, "UNIQUE"))
		read_key(r, &sqlite_kind_unique);
	else if (take(r, "CHECK"))
		read_check(r);
	else
		return false;
	return true;
}

static void read_column_references(struct reader *r, const struct sql_token *name)
{
	struct schema_object *object = add(r, &sqlite_kind_foreign_key);
	schema_set(object, "columns", sqlite_token_name(name, r->arena));
	read_references(r, object);
}

static void read_collation(struct reader *r)
{
	const char *name = take_name(r);
	if (!text_is_nocase(name, "binary"))
		set_on_column(r, "collation", name);
}

static void read_column_constraint(struct reader *r, const struct sql_token *name)
{
	if (read_constraint(r))
		return;
	if (take(r, "REFERENCES")) {
		read_column_references(r, name);
		return;
	}
	if (take(r, "NOT")) {
		take(r, "NULL");
		set_on_column(r, "conflict", take_conflict(r));
	} else if (take(r, "COLLATE")) {
		read_collation(r);
	} else if (take(r, "DEFAULT")) {
		skip_default(r);
	} else if (take(r, "AS")) {
		read_generated(r);
	} else {
		r->at++;
	}
	r->given = NULL;
}

static bool begins_constraint(const struct reader *r)
{
	static const char *const words[] = {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE",
	    "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS", NULL};
	for (size_t i = 0; words[i] != NULL; i++)
		if (next_is(r, words[i]))
			return true;
	return false;
}

static void read_column(struct reader *r, size_t column)
{
	const struct sql_token *name = peek(r, 0);
	size_t first, end;
	r->column = column;
	r->name = sqlite_tokens_text(r->tokens, r->at, r->at + 1, r->arena);
	r->at++;
	while (r->at < r->end && !begins_constraint(r))
		if (!take_parentheses(r, &first, &end))
			r->at++;
	while (r->at < r->end)
		read_column_constraint(r, name);
}

static bool is_table_constraint(const struct reader *r)
{
	return next_is(r, "CONSTRAINT") || next_is(r, "PRIMARY") || next_is(r, "UNIQUE") ||
	       next_is(r, "CHECK") || next_is(r, "FOREIGN");
}

static void read_table_constraints(struct reader *r)
{
	while (r->at < r->end) {
		if (take(r, "FOREIGN"))
			read_foreign_key(r);
		else if (!read_constraint(r))
			r->at++;
	}
}

/* The end of the column or constraint that begins here. */
static size_t item_end(const struct reader *r, size_t end)
{
	size_t at = r->at;
	for (; at < end; at++) {
		const struct sql_token *token = &r->tokens->items[at];
		if (token->kind != SQL_TOKEN_OPERATOR || token->len != 1)
			continue;
		if (*token->text == ',')
			return at;
		if (*token->text == '(')
			at = sqlite_tokens_close(r->tokens, at, end) - 1;
	}
	return end;
}

void sqlite_table_read(
    struct schema *schema, const struct sqlite_tokens *tokens, size_t columns, struct arena *arena)
{
	size_t column = schema->count - columns, last = schema->count, first, end;
	struct reader r = {.schema = schema,
	    .arena = arena,
	    .table = schema->objects[column - 1].given,
	    .tokens = tokens,
	    .first_column = column,
	    .columns = columns,
	    .at = sqlite_tokens_body(tokens, "TABLE"),
	    .end = tokens->count};
	if (!take_parentheses(&r, &first, &end))
		return;
	for (r.at = first; r.at < end; r.at = r.end + 1) {
		r.end = item_end(&r, end);
		r.given = NULL;
		if (column < last && !is_table_constraint(&r))
			read_column(&r, column++);
		else
			read_table_constraints(&r);
	}
}
