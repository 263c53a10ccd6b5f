#include "schema/rename.h"
#include "base/text.h"
#include "schema/tokens.h"
#include <string.h>

struct renaming {
	const struct schema *schema;
	const struct schema_renames *renames;
	struct arena *arena;
};

static const struct schema_rename *find_to(
    const struct schema_renames *renames, const struct schema_object *to)
{
	for (size_t i = 0; i < renames->count; i++)
		if (renames->items[i].to == to)
			return &renames->items[i];
	return NULL;
}

static bool is_taken(const struct schema_renames *renames, const struct schema_object *from)
{
	for (size_t i = 0; i < renames->count; i++)
		if (renames->items[i].from == from)
			return true;
	return false;
}

/* What the other model calls the parent of a planned object. */
static const char *parent_there(const struct schema_renames *renames, const struct schema *planned,
    const struct schema_object *object)
{
	const struct schema_object *parent = schema_parent(planned, object);
	const struct schema_rename *rename = parent == NULL ? NULL : find_to(renames, parent);
	return rename == NULL ? object->parent : rename->from->name;
}

static void find_one(struct schema_renames *renames, const struct schema *planned,
    const struct schema *there, const struct schema_object *object, struct arena *arena)
{
	const char *old = object->renamed_from;
	const char *parent = parent_there(renames, planned, object);
	const struct schema_object *from =
	    schema_find(there, object->kind, object->schema, parent, old);
	if (from == NULL || is_taken(renames, from) ||
	    schema_find(there, object->kind, object->schema, parent, object->name) != NULL ||
	    schema_find(planned, object->kind, object->schema, object->parent, old) != NULL)
		return;
	renames->items = arena_grow(
	    arena, renames->items, renames->count, &renames->capacity, sizeof(*renames->items));
	renames->items[renames->count++] = (struct schema_rename){object, from};
}

/* In canonical order a table comes before its columns, so its own rename is known to them. */
void schema_renames_find(struct schema_renames *renames, const struct schema *planned,
    const struct schema *there, struct arena *arena)
{
	*renames = (struct schema_renames){0};
	for (size_t i = 0; i < planned->count; i++)
		if (planned->objects[i].renamed_from != NULL)
			find_one(renames, planned, there, &planned->objects[i], arena);
}

void schema_renames_carry(struct schema *to, const struct schema *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct schema_object *object = &from->objects[i];
		const struct schema_object *same =
		    object->renamed_from == NULL ? NULL : schema_find_same(to, object);
		if (same != NULL)
			to->objects[same - to->objects].renamed_from = object->renamed_from;
	}
}

/* By its old name or its new one: of the two models each has one of them. */
static bool is_parent(const struct schema_rename *rename, const char *schema, const char *table)
{
	return text_is_nocase(rename->to->schema, schema) &&
	       (text_is_nocase(rename->from->parent, table) ||
		   text_is_nocase(rename->to->parent, table));
}

static const char *new_top_name(const struct renaming *r, const struct schema_object *object,
    const struct schema_kind *kind, const char *name)
{
	for (size_t i = 0; i < r->renames->count; i++) {
		const struct schema_rename *rename = &r->renames->items[i];
		if (rename->to->kind->parent == NULL &&
		    (kind == NULL || kind == rename->to->kind) &&
		    text_is_nocase(rename->to->schema, object->schema) &&
		    text_is_nocase(rename->from->name, name))
			return rename->to->name;
	}
	return name;
}

static const char *new_column_name(
    const struct renaming *r, const char *schema, const char *table, const char *name)
{
	for (size_t i = 0; i < r->renames->count; i++) {
		const struct schema_rename *rename = &r->renames->items[i];
		if (rename->to->kind->parent != NULL && is_parent(rename, schema, table) &&
		    text_is_nocase(rename->from->name, name))
			return rename->to->name;
	}
	return name;
}

static const char *new_names(const struct renaming *r, const struct schema_object *object,
    const char *columns_of, const char *list)
{
	CLEANUP(buf_free) struct buf text = buf_init(64 << 20);
	const char *table = columns_of == NULL ? object->parent : schema_value(object, columns_of);
	if (table == NULL || *table == '\0')
		return list;
	for (const char *at = list; at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		const char *name = arena_strndup(r->arena, at, (size_t)(end - at));
		if (text.len > 0)
			buf_add_char(&text, SCHEMA_SEPARATOR);
		buf_add_text(&text, new_column_name(r, object->schema, table, name));
		at = *end == '\0' ? NULL : end + 1;
	}
	return arena_strndup(r->arena, text.data, text.len);
}

/* A part of the table, or something on it, such as a trigger. */
static bool is_about(const struct schema_object *object, const struct schema_rename *rename)
{
	const struct schema_attribute *attributes = object->kind->attributes;
	if (object->kind->parent != NULL)
		return is_parent(rename, object->schema, object->parent);
	for (size_t i = 0; attributes[i].name != NULL; i++)
		if (attributes[i].refers && object->values[i] != NULL &&
		    is_parent(rename, object->schema, object->values[i]))
			return true;
	return false;
}

static const char *new_sql(
    const struct renaming *r, const struct schema_object *object, const char *value)
{
	CLEANUP(buf_free) struct buf text = buf_init(64 << 20);
	for (size_t i = 0; i < r->renames->count; i++) {
		const struct schema_rename *rename = &r->renames->items[i];
		const char *from = rename->from->name;
		if ((rename->to->kind->parent != NULL && !is_about(object, rename)) ||
		    strcasestr(value, from) == NULL)
			continue;
		buf_reset(&text);
		schema_tokens_rename(r->schema->dialect, value, from, rename->to->name, &text);
		value = arena_strndup(r->arena, text.data, text.len);
	}
	return value;
}

static const char *new_value(
    const struct renaming *r, const struct schema_object *object, size_t attribute)
{
	const struct schema_attribute *it = &object->kind->attributes[attribute];
	const char *value = object->values[attribute];
	if (value == NULL || it->family)
		return value;
	if (it->refers)
		return new_top_name(r, object, NULL, value);
	if (it->type == SCHEMA_NAMES)
		return new_names(r, object, it->columns_of, value);
	return it->type == SCHEMA_SQL || it->type == SCHEMA_TERMS ? new_sql(r, object, value)
								  : value;
}

static void rename_object(
    const struct renaming *r, const struct schema_object *object, struct schema_object *copy)
{
	*copy = *object;
	for (size_t i = 0; object->kind->attributes[i].name != NULL; i++)
		copy->values[i] = new_value(r, object, i);
	if (object->kind->parent != NULL)
		copy->parent = new_top_name(r, object, object->kind->parent, object->parent);
	for (size_t i = 0; i < r->renames->count; i++) {
		const struct schema_rename *rename = &r->renames->items[i];
		if (schema_compare_names(r->schema, rename->from, object) != 0)
			continue;
		copy->given = rename->to->given;
		copy->renamed_from = rename->to->renamed_from;
	}
}

struct schema schema_renamed(
    const struct schema *schema, const struct schema_renames *renames, struct arena *arena)
{
	const struct renaming r = {.schema = schema, .renames = renames, .arena = arena};
	struct schema renamed = *schema;
	renamed.capacity = schema->count + 1;
	renamed.objects = arena_array(arena, renamed.capacity, sizeof(*renamed.objects));
	for (size_t i = 0; i < schema->count; i++)
		rename_object(&r, &schema->objects[i], &renamed.objects[i]);
	schema_settle(&renamed, arena);
	return renamed;
}
