/* What people wrote, with all that can be known of it without asking the server. */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include <string.h>
#include <strings.h>

struct rules {
	struct my_reading *r;
	const struct schema *written, *live;
	struct schema *plain;
};

/* What is said anyway when it is not said. */
static const struct {
	const struct schema_kind *kind;
	const char *attribute, *value;
} usual[] = {
    {&my_kind_table, "engine", "InnoDB"},
    {&my_kind_table, "rowFormat", "DEFAULT"},
    {&my_kind_foreign_key, "onUpdate", "RESTRICT"},
    {&my_kind_foreign_key, "onUpdate", "NO ACTION"},
    {&my_kind_foreign_key, "onDelete", "RESTRICT"},
    {&my_kind_foreign_key, "onDelete", "NO ACTION"},
    {&my_kind_view, "algorithm", "UNDEFINED"},
    {&my_kind_view, "security", "DEFINER"},
    {&my_kind_function, "dataAccess", "CONTAINS SQL"},
    {&my_kind_procedure, "dataAccess", "CONTAINS SQL"},
    {&my_kind_function, "security", "DEFINER"},
    {&my_kind_procedure, "security", "DEFINER"},
    {&my_kind_function, "language", "SQL"},
    {&my_kind_procedure, "language", "SQL"},
    {&my_kind_event, "status", "ENABLED"},
    {&my_kind_event, "timeZone", "SYSTEM"},
    {&my_kind_sequence, "start", "1"},
    {&my_kind_sequence, "minimum", "1"},
    {&my_kind_sequence, "maximum", "9223372036854775806"},
    {&my_kind_sequence, "increment", "1"},
    {&my_kind_sequence, "cache", "1000"},
    {&my_kind_sequence, "engine", "InnoDB"},
    {&my_kind_sequence, "type", "bigint"},
};

static void drop_usual(struct schema_object *object)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (object->kind == usual[i].kind &&
		    text_is_nocase(schema_value(object, usual[i].attribute), usual[i].value))
			schema_set(object, usual[i].attribute, NULL);
	if (schema_attribute_of(object->kind, "comment") >= 0 &&
	    text_is(schema_value(object, "comment"), ""))
		schema_set(object, "comment", NULL);
}

/* Who doesn't say whose it is means it as it is. */
static void plain_definer(const struct rules *u, struct schema_object *object)
{
	if (schema_attribute_of(object->kind, "definer") < 0)
		return;
	const char *definer = schema_value(object, "definer");
	const struct schema_object *there =
	    definer != NULL || u->live == NULL ? NULL : schema_find_same(u->live, object);
	if (there != NULL)
		schema_set(object, "definer", schema_value(there, "definer"));
	else if (text_is(definer, u->r->account))
		schema_set(object, "definer", NULL);
}

/* Parentheses around all of it. */
static void bare(const struct rules *u, struct schema_object *object, const char *attribute)
{
	struct my_tokens *tokens = u->r->word;
	const char *value = schema_value(object, attribute);
	if (value == NULL)
		return;
	my_tokens_read(tokens, value, true, u->r->arena);
	if (tokens->count > 0)
		schema_set(object, attribute, my_tokens_bare(u->r, tokens, 0, tokens->count));
}

/* --- Tables and columns --- */

/* The collation tells the character set. */
static void plain_collation(const struct rules *u, struct schema_object *object, const char *around)
{
	const char *collation = schema_value(object, "collation");
	const char *character_set = schema_value(object, "characterSet");
	const char *usual_one = my_collation_of(u->r, character_set);
	if (collation == NULL && usual_one != NULL)
		collation = usual_one;
	if (collation != NULL)
		schema_set(object, "characterSet", NULL);
	schema_set(object, "collation", text_is_nocase(collation, around) ? NULL : collation);
}

static const struct schema_object *table_of(const struct rules *u, const char *name)
{
	return schema_find(u->written, &my_kind_table, "", "", name);
}

/* Of the tables that were written; canonical ones come before their columns. */
static const char *collation_around(const struct rules *u, const char *table)
{
	const struct schema_object *written = table_of(u, table);
	struct schema_object copy;
	if (written == NULL)
		return u->r->collation;
	copy = *written;
	plain_collation(u, &copy, u->r->collation);
	const char *collation = schema_value(&copy, "collation");
	return collation == NULL ? u->r->collation : collation;
}

static bool in_list(const struct my_reading *r, const char *list, const char *name)
{
	struct my_tokens *tokens = r->word;
	for (const char *at = list; at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		my_tokens_read(
		    tokens, arena_strndup(r->arena, at, (size_t)(end - at)), false, r->arena);
		if (tokens->count > 0 &&
		    text_is_nocase(my_token_text(&tokens->items[0], r->arena), name))
			return true;
		at = *end == '\0' ? NULL : end + 1;
	}
	return false;
}

static struct schema_object *add_part(
    const struct rules *u, const struct schema_kind *kind, const char *table)
{
	struct schema_object *object = schema_add(u->plain, kind, u->r->arena);
	object->schema = "";
	object->parent = table;
	object->position = (int)u->plain->count;
	return object;
}

static void add_unique(const struct rules *u, const struct schema_object *column)
{
	const char *table = column->parent, *name = column->name;
	CLEANUP(buf_free) struct buf term = buf_init(4096);
	my_name(name, &term);
	schema_set(
	    add_part(u, &my_kind_unique, table), "columns", arena_strdup(u->r->arena, term.data));
}

/* SERIAL is all of these. True when it was one. */
static bool open_serial(struct schema_object *column)
{
	if (!text_is_nocase(schema_value(column, "type"), "serial"))
		return false;
	schema_set(column, "type", "bigint unsigned");
	schema_set(column, "notNull", "true");
	schema_set(column, "autoIncrement", "true");
	return true;
}

/* On MariaDB, PRIMARY KEY on the column takes the place of the key that is part of SERIAL. */
static bool is_key_alone(
    const struct rules *u, const struct schema_object *key, const struct schema_object *column)
{
	const char *columns = key == NULL ? NULL : schema_value(key, "columns");
	return u->r->maria && columns != NULL && strchr(columns, SCHEMA_SEPARATOR) == NULL &&
	       in_list(u->r, columns, column->given);
}

/* It may add objects; the column is at `i`. */
static void plain_column(const struct rules *u, size_t i)
{
	struct schema_object *column = &u->plain->objects[i];
	const char *around = collation_around(u, column->parent);
	const struct schema_object *key =
	    schema_find(u->written, &my_kind_primary_key, "", column->parent, "primary key");
	struct my_tokens *tokens = u->r->word;
	bool serial = open_serial(column);
	const char *type = schema_value(column, "type");
	bare(u, column, "generated");
	bare(u, column, "check");
	plain_collation(u, column, around);
	my_tokens_read(tokens, type == NULL ? "" : type, true, u->r->arena);
	if (tokens->count > 0)
		my_column_read(u->r, tokens, 0, tokens->count, around, column);
	type = my_plain_type(u->r, schema_value(column, "type"));
	schema_set(column, "type", type);
	schema_set(
	    column, "default", my_plain_default(u->r, schema_value(column, "default"), type));
	schema_set(
	    column, "onUpdate", my_plain_default(u->r, schema_value(column, "onUpdate"), NULL));
	if (text_is(schema_value(column, "autoIncrement"), "true") ||
	    (key != NULL && in_list(u->r, schema_value(key, "columns"), column->given)))
		schema_set(column, "notNull", "true");
	const char *check = schema_value(column, "check"), *table = column->parent;
	if (check != NULL && !u->r->maria)
		schema_set(column, "check", NULL);
	if (serial && !is_key_alone(u, key, &u->written->objects[i]))
		add_unique(u, &u->written->objects[i]);
	if (check != NULL && !u->r->maria)
		schema_set(add_part(u, &my_kind_check, table), "expression", check);
}

/* --- Keys --- */

static void make_unique(struct schema_object *index)
{
	struct schema_object unique = *index;
	unique.kind = &my_kind_unique;
	memset(unique.values, 0, sizeof(unique.values));
	for (int i = 0; my_kind_unique.attributes[i].name != NULL; i++)
		unique.values[i] = schema_value(index, my_kind_unique.attributes[i].name);
	*index = unique;
}

static void plain_key(const struct rules *u, struct schema_object *key)
{
	if (key->kind == &my_kind_index && text_is(schema_value(key, "unique"), "true"))
		make_unique(key);
	if (key->kind == &my_kind_index)
		schema_set(key, "unique", NULL);
	if (key->kind == &my_kind_primary_key ||
	    my_index_name_is_made(key->given, schema_value(key, "columns"), u->r->arena))
		key->given = NULL;
}

/* Do the columns of a key begin with those of a list of names? */
static bool leads(const struct my_reading *r, const char *terms, const char *names)
{
	for (const char *at = names; at != NULL; terms = terms == NULL ? NULL : terms + 1) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		size_t len = terms == NULL ? 0 : strcspn(terms, "\x1f");
		if (len == 0 || !in_list(r, arena_strndup(r->arena, terms, len),
				    arena_strndup(r->arena, at, (size_t)(end - at))))
			return false;
		terms = terms[len] == '\0' ? NULL : terms + len;
		if (*end == '\0')
			return true;
		at = end + 1;
	}
	return false;
}

static bool has_index(const struct rules *u, const struct schema_object *key)
{
	for (size_t i = 0; i < u->plain->count; i++) {
		const struct schema_object *object = &u->plain->objects[i];
		bool index = object->kind == &my_kind_index || object->kind == &my_kind_unique ||
			     object->kind == &my_kind_primary_key;
		if (index && text_is_nocase(object->parent, key->parent) &&
		    (object->kind != &my_kind_index || schema_value(object, "type") == NULL) &&
		    leads(u->r, schema_value(object, "columns"), schema_value(key, "columns")))
			return true;
	}
	return false;
}

static const char *primary_columns(const struct rules *u, const char *table)
{
	const struct schema_object *key =
	    schema_find(u->written, &my_kind_primary_key, "", table, "primary key");
	const char *list = NULL;
	struct my_tokens *tokens = u->r->word;
	for (const char *at = key == NULL ? NULL : schema_value(key, "columns"); at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		my_tokens_read(
		    tokens, arena_strndup(u->r->arena, at, (size_t)(end - at)), false, u->r->arena);
		if (tokens->count > 0)
			list = my_list_add(
			    list, my_token_text(&tokens->items[0], u->r->arena), u->r->arena);
		at = *end == '\0' ? NULL : end + 1;
	}
	return list;
}

static const char *quoted_list(const struct my_reading *r, const char *names)
{
	CLEANUP(buf_free) struct buf out = buf_init(1 << 20);
	for (const char *at = names; at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		if (out.len > 0)
			buf_add_char(&out, SCHEMA_SEPARATOR);
		my_name(arena_strndup(r->arena, at, (size_t)(end - at)), &out);
		at = *end == '\0' ? NULL : end + 1;
	}
	return out.len == 0 ? NULL : arena_strdup(r->arena, out.data);
}

/* It refers to the primary key unless it says otherwise, and has an index, made if need be. */
static void plain_foreign_key(const struct rules *u, size_t i)
{
	struct schema_object *key = &u->plain->objects[i];
	if (schema_value(key, "referencedColumns") == NULL)
		schema_set(
		    key, "referencedColumns", primary_columns(u, schema_value(key, "references")));
	if (key->given != NULL && my_is_numbered(key->given, key->parent, "_ibfk_"))
		key->given = NULL;
	const char *columns = schema_value(key, "columns"), *name = key->given;
	if (columns == NULL || has_index(u, key))
		return;
	struct schema_object *index = add_part(u, &my_kind_index, key->parent);
	schema_set(index, "columns", quoted_list(u->r, columns));
	if (!my_index_name_is_made(name, schema_value(index, "columns"), u->r->arena))
		index->given = name;
}

/* --- All --- */

/* A routine whose text this user may not see can't be told from the one that is stated. */
static bool is_hidden(const struct rules *u, struct schema_object *object)
{
	bool routine = object->kind == &my_kind_function || object->kind == &my_kind_procedure ||
		       object->kind == &my_kind_package || object->kind == &my_kind_package_body;
	const struct schema_object *there =
	    !routine || u->live == NULL ? NULL : schema_find_same(u->live, object);
	if (there == NULL || schema_value(there, "body") != NULL)
		return false;
	memcpy(object->values, there->values, sizeof(object->values));
	return true;
}

/* Where nobody said when it begins, the server did; and in what was restored that is said. */
static void plain_event(const struct rules *u, struct schema_object *event)
{
	const struct schema_object *there =
	    u->live == NULL ? NULL : schema_find_same(u->live, event);
	if (there != NULL && schema_value(event, "starts") == NULL)
		schema_set(event, "starts", schema_value(there, "starts"));
}

static void plain_other(const struct rules *u, struct schema_object *object)
{
	if (is_hidden(u, object))
		return;
	if (object->kind == &my_kind_event)
		plain_event(u, object);
	drop_usual(object);
	plain_definer(u, object);
	if (object->kind == &my_kind_table)
		plain_collation(u, object, u->r->collation);
	if (object->kind == &my_kind_function)
		schema_set(object, "returns", my_plain_type(u->r, schema_value(object, "returns")));
	if (object->kind == &my_kind_check) {
		bare(u, object, "expression");
		if (object->given != NULL &&
		    (my_is_numbered(object->given, "CONSTRAINT", "_") ||
			my_is_numbered(object->given, object->parent, "_chk_")))
			object->given = NULL;
	}
	if (object->kind == &my_kind_index || object->kind == &my_kind_unique ||
	    object->kind == &my_kind_primary_key)
		plain_key(u, object);
}

void my_plain_copy(struct my_reading *r, const struct schema *written, const struct schema *live,
    struct schema *plain)
{
	const struct rules u = {.r = r, .written = written, .live = live, .plain = plain};
	*plain = *written;
	plain->count = 0;
	plain->capacity = written->count + 64;
	plain->objects = arena_array(r->arena, plain->capacity, sizeof(*plain->objects));
	for (size_t i = 0; i < written->count; i++) {
		struct schema_object *object =
		    schema_add(plain, written->objects[i].kind, r->arena);
		*object = written->objects[i];
		plain_other(&u, object);
	}
	for (size_t i = 0; i < written->count; i++)
		if (plain->objects[i].kind == &my_kind_column)
			plain_column(&u, i);
	/* When all keys are there. */
	for (size_t i = 0; i < written->count; i++)
		if (plain->objects[i].kind == &my_kind_foreign_key)
			plain_foreign_key(&u, i);
	schema_settle(plain, r->arena);
}
