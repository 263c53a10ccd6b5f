#include "db/mariadb/change.h"
#include "base/text.h"
#include "sql/lex.h"
#include "sql/risk.h"
#include <string.h>

/* A table, or what stands in its place, in the list that is read. */
struct reference {
	struct my_changed table; /* name NULL: none of the database */
	const char *alias;
};

struct reader {
	struct arena *arena;
	struct sql_token *tokens; /* all that say something, and an end */
	size_t count, capacity, at;
	struct reference *references;
	size_t reference_count, reference_capacity;
	size_t table_capacity, column_capacity, kept_capacity;
};

static const struct sql_token *peek(const struct reader *r)
{
	return &r->tokens[r->at];
}

static bool ends(const struct reader *r)
{
	return peek(r)->kind == SQL_TOKEN_END;
}

static bool take(struct reader *r, const char *word)
{
	if (!sql_token_is(peek(r), word))
		return false;
	r->at++;
	return true;
}

static bool take_sign(struct reader *r, char sign)
{
	if (!sql_token_is_sign(peek(r), sign))
		return false;
	r->at++;
	return true;
}

static void skip_words(struct reader *r, const char *const *words)
{
	while (sql_token_is_any(peek(r), words))
		r->at++;
}

/* Behind the parenthesis that opens here, or at the end. */
static void skip_parentheses(struct reader *r)
{
	int depth = 0;
	do {
		depth += sql_token_is_sign(peek(r), '(');
		depth -= sql_token_is_sign(peek(r), ')');
		r->at += !ends(r);
	} while (depth > 0 && !ends(r));
}

/* schema.name; `.name` is the session's. */
static bool take_table(struct reader *r, struct my_changed *table)
{
	*table = (struct my_changed){NULL, NULL};
	take_sign(r, '.');
	if (!sql_token_is_name(peek(r)))
		return false;
	table->name = sql_token_name(&r->tokens[r->at++], r->arena);
	if (!sql_token_is_sign(peek(r), '.') || !sql_token_is_name(&r->tokens[r->at + 1]))
		return true;
	table->schema = table->name;
	table->name = sql_token_name(&r->tokens[r->at + 1], r->arena);
	r->at += 2;
	return true;
}

/* --- The list of tables --- */

static const char *const list_ends[] = {
    "SET", "WHERE", "ORDER", "LIMIT", "RETURNING", "USING", NULL};

static const char *take_alias(struct reader *r)
{
	static const char *const no_alias[] = {"SET", "WHERE", "ORDER", "LIMIT", "RETURNING",
	    "USING", "JOIN", "INNER", "LEFT", "RIGHT", "CROSS", "NATURAL", "STRAIGHT_JOIN", "ON",
	    "USE", "FORCE", "IGNORE", "FOR", "PARTITION", NULL};
	bool as = take(r, "AS");
	const struct sql_token *token = peek(r);
	bool name = sql_token_is_name(token) || (as && token->kind == SQL_TOKEN_STRING);
	if (!name || (!as && sql_token_is_any(token, no_alias)))
		return NULL;
	r->at++;
	return sql_token_name(token, r->arena);
}

static void add_reference(struct reader *r, const struct my_changed *table)
{
	struct reference reference = {.table = *table};
	if (sql_token_is(peek(r), "PARTITION")) {
		r->at++;
		skip_parentheses(r);
	}
	reference.alias = take_alias(r);
	r->references = arena_grow(
	    r->arena, r->references, r->reference_count, &r->reference_capacity, sizeof(reference));
	r->references[r->reference_count++] = reference;
}

static void read_reference(struct reader *r)
{
	static const char *const derived[] = {"SELECT", "WITH", "VALUES", "TABLE", NULL};
	static const char *const lateral[] = {"LATERAL", NULL};
	struct my_changed table = {NULL, NULL};
	skip_words(r, lateral);
	if (sql_token_is_sign(peek(r), '(')) {
		if (!sql_token_is_any(&r->tokens[r->at + 1], derived)) {
			r->at++; /* tables in parentheses, or a query in two of them */
			read_reference(r);
			return;
		}
		skip_parentheses(r);
	} else if (!take_table(r, &table)) {
		r->at += !ends(r);
		return;
	} else if (sql_token_is_sign(peek(r), '(')) {
		table.name = NULL; /* JSON_TABLE(…) */
		skip_parentheses(r);
	}
	add_reference(r, &table);
}

/* Up to the clause behind it. */
static void read_references(struct reader *r)
{
	read_reference(r);
	while (!ends(r)) {
		const struct sql_token *token = peek(r);
		bool join = sql_token_is(token, "JOIN") || sql_token_is(token, "STRAIGHT_JOIN");
		/* JOIN b USING (id) is no clause. */
		bool columns =
		    sql_token_is(token, "USING") && sql_token_is_sign(&r->tokens[r->at + 1], '(');
		if (sql_token_is_any(token, list_ends) && !columns)
			return;
		if (join || sql_token_is_sign(token, ',')) {
			r->at++;
			read_reference(r);
		} else if (sql_token_is_sign(token, '('))
			skip_parentheses(r);
		else
			r->at++;
	}
}

/* --- What is changed of it --- */

static void add_table(struct reader *r, struct my_change *change, const struct my_changed *table)
{
	for (size_t i = 0; i < change->count; i++)
		if (text_is(change->tables[i].name, table->name) &&
		    (change->tables[i].schema == NULL
			    ? table->schema == NULL
			    : table->schema != NULL &&
				  text_is(change->tables[i].schema, table->schema)))
			return;
	change->tables =
	    arena_grow(r->arena, change->tables, change->count, &r->table_capacity, sizeof(*table));
	change->tables[change->count++] = *table;
}

/* What a name in front of a column means; false: nothing in the list. */
static bool add_meant(struct reader *r, struct my_change *change, const struct my_changed *name)
{
	bool found = false;
	for (size_t i = 0; i < r->reference_count; i++) {
		const struct reference *ref = &r->references[i];
		const char *called = ref->alias != NULL ? ref->alias : ref->table.name;
		if (called == NULL || !text_is_nocase(called, name->name) ||
		    (name->schema != NULL && ref->table.schema != NULL &&
			!text_is_nocase(name->schema, ref->table.schema)))
			continue;
		found = true;
		/* A derived table is not changed; the server says so. */
		if (ref->table.name != NULL)
			add_table(r, change, &ref->table);
	}
	return found;
}

static void add_all(struct reader *r, struct my_change *change)
{
	for (size_t i = 0; i < r->reference_count; i++)
		if (r->references[i].table.name != NULL)
			add_table(r, change, &r->references[i].table);
}

static void add_column(struct reader *r, struct my_change *change, const char *name, bool kept)
{
	const char ***list = kept ? &change->kept : &change->columns;
	size_t *count = kept ? &change->kept_count : &change->column_count;
	*list = arena_grow(r->arena, *list, *count, kept ? &r->kept_capacity : &r->column_capacity,
	    sizeof(**list));
	(*list)[(*count)++] = name;
}

static const char *const behind[] = {"WHERE", "ORDER", "LIMIT", "RETURNING", NULL};

/* Behind `name`: = name, and no more. */
static bool keeps(const struct reader *r, const char *name)
{
	if (!sql_token_is_sign(peek(r), '=') || !sql_token_is_name(&r->tokens[r->at + 1]))
		return false;
	const struct sql_token *next = &r->tokens[r->at + 2];
	return text_is_nocase(sql_token_name(&r->tokens[r->at + 1], r->arena), name) &&
	       (next->kind == SQL_TOKEN_END || sql_token_is_sign(next, ',') ||
		   sql_token_is_any(next, behind));
}

/* a = …, t.b = …; false when it can't be read. */
static bool read_assignment(struct reader *r, struct my_change *change)
{
	struct my_changed first;
	if (!take_table(r, &first))
		return false;
	if (take_sign(r, '.')) { /* schema.table.column */
		if (!sql_token_is_name(peek(r)))
			return false;
		add_column(r, change, sql_token_name(&r->tokens[r->at++], r->arena), false);
		return add_meant(r, change, &first);
	}
	if (first.schema != NULL) { /* table.column */
		const struct my_changed table = {NULL, first.schema};
		add_column(r, change, first.name, false);
		return add_meant(r, change, &table);
	}
	add_column(r, change, first.name, !change->joined && keeps(r, first.name));
	add_all(r, change);
	return true;
}

static bool read_assignments(struct reader *r, struct my_change *change)
{
	do {
		if (!read_assignment(r, change))
			return false;
		while (!ends(r) && !sql_token_is_sign(peek(r), ',') &&
		       !sql_token_is_any(peek(r), behind)) {
			if (sql_token_is_sign(peek(r), '('))
				skip_parentheses(r);
			else
				r->at++;
		}
	} while (take_sign(r, ','));
	return true;
}

/* The clauses behind: outside of parentheses. */
static void read_rest(struct reader *r, struct my_change *change)
{
	while (!ends(r)) {
		change->returning = change->returning || sql_token_is(peek(r), "RETURNING");
		if (sql_token_is_sign(peek(r), '('))
			skip_parentheses(r);
		else
			r->at++;
	}
}

static bool read_update(
    struct reader *r, struct my_change *change, const struct sql_statement *statement)
{
	static const char *const modifiers[] = {"LOW_PRIORITY", "IGNORE", NULL};
	skip_words(r, modifiers);
	read_references(r);
	change->joined = r->reference_count > 1;
	change->where = sql_is_update_where(statement->dialect, statement->text, statement->len);
	if (!take(r, "SET") || !read_assignments(r, change))
		return false;
	read_rest(r, change);
	return change->count > 0;
}

/* a, b.*, c */
static bool read_targets(struct reader *r, struct my_changed **targets, size_t *count)
{
	size_t capacity = 0;
	*targets = NULL;
	*count = 0;
	do {
		struct my_changed target;
		if (!take_table(r, &target))
			return false;
		*targets = arena_grow(r->arena, *targets, *count, &capacity, sizeof(target));
		(*targets)[(*count)++] = target;
		if (take_sign(r, '.') && !take_sign(r, '*'))
			return false;
	} while (take_sign(r, ','));
	return true;
}

static bool read_joined_delete(
    struct reader *r, struct my_change *change, const struct my_changed *targets, size_t count)
{
	change->joined = true;
	read_references(r);
	for (size_t i = 0; i < count; i++)
		if (!add_meant(r, change, &targets[i]))
			return false;
	read_rest(r, change);
	return change->count > 0;
}

static bool read_delete(struct reader *r, struct my_change *change)
{
	static const char *const modifiers[] = {"LOW_PRIORITY", "QUICK", "IGNORE", NULL};
	struct my_changed *targets;
	size_t count;
	skip_words(r, modifiers);
	if (take(r, "HISTORY"))
		change->form = MY_HISTORY;
	if (!take(r, "FROM"))
		return read_targets(r, &targets, &count) && take(r, "FROM") &&
		       read_joined_delete(r, change, targets, count);
	const char *rest = peek(r)->text;
	if (!read_targets(r, &targets, &count))
		return false;
	if (take(r, "USING"))
		return read_joined_delete(r, change, targets, count);
	if (count != 1)
		return false;
	add_table(r, change, &targets[0]);
	read_rest(r, change);
	change->rest = rest;
	return true;
}

static bool read_insert(struct reader *r, struct my_change *change)
{
	static const char *const modifiers[] = {
	    "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO", NULL};
	struct my_changed table;
	skip_words(r, modifiers);
	if (!take_table(r, &table))
		return false;
	add_table(r, change, &table);
	for (; !ends(r); r->at++) {
		change->returning = change->returning || sql_token_is(peek(r), "RETURNING");
		if (change->form == MY_INSERT && sql_token_is(peek(r), "DUPLICATE"))
			change->form = MY_UPSERT;
	}
	return true;
}

static bool read_load(struct reader *r, struct my_change *change)
{
	struct my_changed table;
	while (!ends(r) && !sql_token_is(peek(r), "TABLE")) {
		if (sql_token_is(peek(r), "REPLACE"))
			change->form = MY_REPLACE;
		r->at++;
	}
	if (!take(r, "TABLE") || !take_table(r, &table))
		return false;
	add_table(r, change, &table);
	return true;
}

/* --- A statement --- */

/* Values by the thousand say nothing. */
static void read_tokens(struct reader *r, const struct sql_statement *statement)
{
	struct sql_lexer lexer;
	struct sql_token token;
	bool insert = false;
	int depth = 0;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	do {
		token = sql_lex_next(&lexer);
		if (sql_token_is_gap(&token))
			continue;
		if (r->count == 0)
			insert = sql_token_is(&token, "INSERT") || sql_token_is(&token, "REPLACE");
		depth += sql_token_is_sign(&token, '(');
		depth -= sql_token_is_sign(&token, ')');
		if (insert && depth > 0)
			continue;
		r->tokens = arena_grow(r->arena, r->tokens, r->count, &r->capacity, sizeof(token));
		r->tokens[r->count++] = token;
	} while (token.kind != SQL_TOKEN_END);
}

static bool read_statement(
    struct reader *r, struct my_change *change, const struct sql_statement *statement)
{
	static const char *const nothing[] = {"SELECT", "DO", "SET", "VALUES", "TABLE", "SHOW",
	    "DESCRIBE", "DESC", "HELP", "CHECKSUM", "HANDLER", "PREPARE", "DEALLOCATE", "CREATE",
	    "DROP", "GET", NULL};
	const struct sql_token *first = &r->tokens[r->at++];
	if (sql_token_is_any(first, nothing) || sql_token_is_sign(first, '('))
		return change->form = MY_NOTHING, true;
	if (sql_token_is(first, "INSERT"))
		return change->form = MY_INSERT, read_insert(r, change);
	if (sql_token_is(first, "REPLACE"))
		return change->form = MY_REPLACE, read_insert(r, change);
	if (sql_token_is(first, "LOAD"))
		return change->form = MY_INSERT, read_load(r, change);
	if (sql_token_is(first, "UPDATE"))
		return change->form = MY_UPDATE, read_update(r, change, statement);
	if (sql_token_is(first, "DELETE"))
		return change->form = MY_DELETE, read_delete(r, change);
	return false;
}

static const char *join(const char *const *names, size_t count, struct arena *arena)
{
	const char *text = "";
	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s %s", text, names[i]);
	return text;
}

void my_change_of(struct my_change *ret, const struct sql_statement *statement, struct arena *arena)
{
	const struct my_change anything = {.form = MY_ANYTHING, .sets = statement->text};
	struct reader r = {.arena = arena};
	*ret = anything;
	if (statement->conditional || statement->len == 0)
		return;
	read_tokens(&r, statement);
	if (!read_statement(&r, ret, statement))
		*ret = anything;
	else if (ret->form == MY_UPDATE)
		ret->sets = join(ret->columns, ret->column_count, arena);
}

static bool has(const char *const *columns, size_t count, const char *column)
{
	for (size_t i = 0; i < count; i++)
		if (text_is_nocase(columns[i], column))
			return true;
	return false;
}

bool my_change_says(const struct my_change *change, const char *column)
{
	return has(change->columns, change->column_count, column) ||
	       has(change->kept, change->kept_count, column);
}
