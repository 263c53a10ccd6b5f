/* Keys, constraints, periods and partitions of a table. */
#include "base/text.h"
#include "db/mariadb/show.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct schema_object *add(
    const struct my_reading *r, const struct schema_kind *kind, size_t table)
{
	struct schema_object *object = schema_add(r->schema, kind, r->arena);
	object->parent = r->schema->objects[table].given;
	object->position = (int)r->schema->count;
	object->schema = "";
	return object;
}

static const char *text_at(const struct my_reading *r, const struct my_tokens *tokens, size_t i)
{
	return i < tokens->count ? my_token_text(&tokens->items[i], r->arena) : NULL;
}

/* --- Keys --- */

static size_t read_key_option(const struct my_reading *r, const struct my_tokens *tokens, size_t i,
    size_t end, struct schema_object *key)
{
	size_t next = i + 1;
	if (my_tokens_are(tokens, i, "USING")) {
		schema_set(key, "method", my_lower(text_at(r, tokens, i + 1), r->arena));
		return i + 2;
	}
	if (my_tokens_are(tokens, i, "COMMENT")) {
		schema_set(key, "comment", text_at(r, tokens, i + 1));
		return i + 2;
	}
	if (my_tokens_are(tokens, i, "IGNORED") || my_tokens_are(tokens, i, "INVISIBLE")) {
		schema_set(key, "ignored", "true");
		return i + 1;
	}
	if (my_tokens_are(tokens, i, "VISIBLE"))
		return i + 1;
	if (my_tokens_are(tokens, i, "WITH PARSER"))
		next = i + 3;
	else if (my_tokens_are(tokens, i + 1, "="))
		next = i + 3;
	next = next > end ? end : next;
	schema_set(key, "options",
	    my_list_add(schema_value(key, "options"), my_tokens_sql(r, tokens, i, next), r->arena));
	return next;
}

/* The columns in parentheses, and what stands behind them. */
static void read_key_rest(const struct my_reading *r, const struct my_tokens *tokens, size_t open,
    size_t end, struct schema_object *key)
{
	size_t close = my_tokens_close(tokens, open);
	schema_set(key, "columns", my_tokens_terms(r, tokens, open + 1, close - 1));
	for (size_t i = close; i < end;)
		i = read_key_option(r, tokens, i, end, key);
}

static const struct key {
	const char *pattern, *type;
	const struct schema_kind *kind;
	size_t words;
} keys[] = {
    {"PRIMARY KEY", NULL, &my_kind_primary_key, 2},
    {"UNIQUE KEY", NULL, &my_kind_unique, 2},
    {"FULLTEXT KEY", "fulltext", &my_kind_index, 2},
    {"SPATIAL KEY", "spatial", &my_kind_index, 2},
    {"VECTOR KEY", "vector", &my_kind_index, 2},
    {"KEY", NULL, &my_kind_index, 1},
};

static bool read_key(const struct my_reading *r, const struct my_tokens *tokens, size_t first,
    size_t end, size_t table)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!my_tokens_are(tokens, first, keys[i].pattern))
			continue;
		struct schema_object *key = add(r, keys[i].kind, table);
		size_t open = my_tokens_find(tokens, first, end, '(');
		const char *name =
		    open > first + keys[i].words ? text_at(r, tokens, first + keys[i].words) : NULL;
		if (keys[i].type != NULL)
			schema_set(key, "type", keys[i].type);
		read_key_rest(r, tokens, open, end, key);
		if (!my_index_name_is_made(name, schema_value(key, "columns"), r->arena))
			key->given = name;
		return true;
	}
	return false;
}

/* --- Constraints --- */

bool my_is_numbered(const char *name, const char *before, const char *label)
{
	size_t len = strlen(before), more = strlen(label);
	if (strncasecmp(name, before, len) != 0 || strncasecmp(name + len, label, more) != 0)
		return false;
	name += len + more;
	return *name != '\0' && strspn(name, "0123456789") == strlen(name);
}

static size_t read_action(
    const struct my_reading *r, const struct my_tokens *tokens, size_t i, struct schema_object *key)
{
	const char *attribute = my_tokens_are(tokens, i, "ON UPDATE") ? "onUpdate" : "onDelete";
	bool two = my_tokens_are(tokens, i + 2, "SET") || my_tokens_are(tokens, i + 2, "NO");
	const char *action = my_tokens_sql(r, tokens, i + 2, i + (two ? 4 : 3));
	/* One and the same, and the default. */
	if (!text_is_nocase(action, "RESTRICT") && !text_is_nocase(action, "NO ACTION"))
		schema_set(key, attribute, my_lower(action, r->arena));
	return i + (two ? 4 : 3);
}

static void read_foreign_key(const struct my_reading *r, const struct my_tokens *tokens,
    const char *name, size_t i, size_t end, size_t table)
{
	struct schema_object *key = add(r, &my_kind_foreign_key, table);
	size_t open = my_tokens_find(tokens, i, end, '('), close = my_tokens_close(tokens, open);
	schema_set(key, "columns", my_tokens_names(tokens, open + 1, close - 1, r->arena));
	i = close + 1; /* behind REFERENCES */
	if (my_tokens_are(tokens, i + 1, ".")) {
		const char *database = text_at(r, tokens, i);
		if (!text_is(database, r->database))
			schema_set(key, "referencesDatabase", database);
		i += 2;
	}
	schema_set(key, "references", text_at(r, tokens, i));
	close = my_tokens_close(tokens, i + 1);
	schema_set(key, "referencedColumns", my_tokens_names(tokens, i + 2, close - 1, r->arena));
	for (i = close; i + 2 < end && my_tokens_are(tokens, i, "ON");)
		i = read_action(r, tokens, i, key);
	if (name == NULL || !my_is_numbered(name, key->parent, "_ibfk_"))
		key->given = name;
}

static void read_check(const struct my_reading *r, const struct my_tokens *tokens, const char *name,
    size_t i, size_t end, size_t table)
{
	struct schema_object *check = add(r, &my_kind_check, table);
	size_t close = my_tokens_close(tokens, i + 1);
	schema_set(check, "expression", my_tokens_bare(r, tokens, i + 1, close));
	if (close < end && my_tokens_are(tokens, close, "NOT ENFORCED"))
		schema_set(check, "notEnforced", "true");
	if (name == NULL || !(my_is_numbered(name, "CONSTRAINT", "_") ||
				my_is_numbered(name, check->parent, "_chk_")))
		check->given = name;
}

static void read_period(const struct my_reading *r, const struct my_tokens *tokens, size_t first,
    size_t end, size_t table)
{
	struct schema_object *object = &r->schema->objects[table];
	schema_set(object, "periods",
	    my_list_add(schema_value(object, "periods"), my_tokens_sql(r, tokens, first + 2, end),
		r->arena));
}

void my_part_read(const struct my_reading *r, const struct my_tokens *tokens, size_t first,
    size_t end, size_t table)
{
	const char *name = NULL;
	if (my_tokens_are(tokens, first, "PERIOD FOR")) {
		read_period(r, tokens, first, end, table);
		return;
	}
	if (read_key(r, tokens, first, end, table))
		return;
	if (my_tokens_are(tokens, first, "CONSTRAINT")) {
		name = text_at(r, tokens, first + 1);
		first += 2;
	}
	if (my_tokens_are(tokens, first, "FOREIGN KEY"))
		read_foreign_key(r, tokens, name, first, end, table);
	else if (my_tokens_are(tokens, first, "CHECK"))
		read_check(r, tokens, name, first, end, table);
}

/* --- Partitions --- */

/* ENGINE = InnoDB of each part is the table's; it can't be another. */
static const char *without_engine(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end)
{
	const char *before = NULL, *behind = NULL;
	size_t at = first;
	while (at < end && !my_tokens_are(tokens, at, "ENGINE ="))
		at++;
	before = my_tokens_sql(r, tokens, first, at);
	if (at + 3 < end)
		behind = my_tokens_sql(r, tokens, at + 3, end);
	if (before == NULL || behind == NULL)
		return before == NULL ? behind : before;
	return arena_printf(r->arena, "%s %s", before, behind);
}

static bool ends_values(const struct my_tokens *tokens, size_t i)
{
	static const char *const patterns[] = {"COMMENT =", "ENGINE =", "DATA DIRECTORY",
	    "INDEX DIRECTORY", "MAX_ROWS =", "MIN_ROWS =", "TABLESPACE",
	    "NODEGROUP =", "STORAGE ENGINE", "( SUBPARTITION"};
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++)
		if (my_tokens_are(tokens, i, patterns[p]))
			return true;
	return false;
}

static void read_partition(const struct my_reading *r, const struct my_tokens *tokens, size_t first,
    size_t end, size_t table)
{
	struct schema_object *part = add(r, &my_kind_partition, table);
	const char *list = NULL, *options = NULL;
	size_t i = first + 2, rest;
	part->given = text_at(r, tokens, first + 1);
	while (i < end && !ends_values(tokens, i))
		i = my_token_is_sign(&tokens->items[i], '(') ? my_tokens_close(tokens, i) : i + 1;
	schema_set(part, "values", my_tokens_sql(r, tokens, first + 2, i));
	if (i < end && my_tokens_are(tokens, i, "COMMENT =")) {
		schema_set(part, "comment", text_at(r, tokens, i + 2));
		i += 3;
	}
	rest = i;
	while (rest < end && !my_tokens_are(tokens, rest, "( SUBPARTITION"))
		rest++;
	options = without_engine(r, tokens, i, rest);
	schema_set(part, "options", options);
	size_t close = rest < end ? my_tokens_close(tokens, rest) - 1 : end;
	for (i = rest + 1; rest < end && i < close;) {
		size_t comma = my_tokens_find(tokens, i, close, ',');
		list = my_list_add(list, without_engine(r, tokens, i + 1, comma), r->arena);
		i = comma + 1;
	}
	schema_set(part, "subpartitions", list);
}

/* A day that the server took for want of another is none. */
static const char *method(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end)
{
	size_t starts = first;
	while (starts < end && !my_tokens_are(tokens, starts, "STARTS TIMESTAMP"))
		starts++;
	const char *before = my_tokens_sql(r, tokens, first, starts);
	const char *behind = starts + 3 < end ? my_tokens_sql(r, tokens, starts + 3, end) : NULL;
	return behind == NULL ? before : arena_printf(r->arena, "%s %s", before, behind);
}

void my_partitions_read(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t table)
{
	size_t list = first + 2;
	while (list < tokens->count && !my_tokens_are(tokens, list, "( PARTITION"))
		list++;
	schema_set(&r->schema->objects[table], "partitionBy", method(r, tokens, first + 2, list));
	if (list == tokens->count)
		return;
	size_t close = my_tokens_close(tokens, list) - 1;
	for (size_t i = list + 1; i < close;) {
		size_t comma = my_tokens_find(tokens, i, close, ',');
		read_partition(r, tokens, i, comma, table);
		i = comma + 1;
	}
}
