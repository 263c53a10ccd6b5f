#include "schema/ignore.h"
#include "base/text.h"
#include <fnmatch.h>
#include <string.h>

static const char separators[] = ", \t\r\n";

static bool matches(const char *glob, const char *schema, const char *name)
{
	CLEANUP(buf_free) struct buf qualified = buf_init(1 << 20);
	if (fnmatch(glob, name, FNM_CASEFOLD) == 0)
		return true;
	if (*schema == '\0')
		return false;
	buf_printf(&qualified, "%s.%s", schema, name);
	return fnmatch(glob, qualified.data, FNM_CASEFOLD) == 0;
}

static bool glob_ignores(const char *glob, const struct schema_object *object)
{
	const struct schema_kind *kind = object->kind;
	const char *top = kind->parent == NULL ? object->name : object->parent;
	if (matches(glob, object->schema, top) || (kind->own_name && object->given != NULL &&
						      matches(glob, object->schema, object->given)))
		return true;
	for (size_t i = 0; kind->parent == NULL && kind->attributes[i].name != NULL; i++)
		if (kind->attributes[i].refers && object->values[i] != NULL &&
		    matches(glob, object->schema, object->values[i]))
			return true;
	return false;
}

bool schema_ignored(
    const struct schema *schema, const struct schema_object *object, const char *globs)
{
	(void)schema;
	for (const char *at = globs; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, separators);
		CLEANUP(buf_free) struct buf glob = buf_init(len);
		buf_add(&glob, at, len);
		if (len > 0 && glob_ignores(glob.data, object))
			return true;
		at += len + strspn(at + len, separators);
	}
	return false;
}

static bool ignores_any(const struct schema *schema, const char *globs)
{
	for (size_t i = 0; globs != NULL && i < schema->count; i++)
		if (schema_ignored(schema, &schema->objects[i], globs))
			return true;
	return false;
}

/* Without those ignored; not settled. */
static struct schema rest_of(const struct schema *schema, const char *globs, struct arena *arena)
{
	struct schema rest = *schema;
	rest.objects = NULL;
	rest.count = rest.capacity = 0;
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_object *object = &schema->objects[i];
		if (!schema_ignored(schema, object, globs))
			*schema_add(&rest, object->kind, arena) = *object;
	}
	return rest;
}

void schema_ignore(struct schema *schema, const char *globs, struct arena *arena)
{
	if (!ignores_any(schema, globs))
		return;
	*schema = rest_of(schema, globs, arena);
	schema_settle(schema, arena);
}

/* A part of a table that is not there has no place. */
static bool has_place(const struct schema *schema, const struct schema_object *object,
    const struct schema *other, const char *globs)
{
	const struct schema_object *parent = schema_parent(other, object);
	return parent == NULL || schema_ignored(other, parent, globs) ||
	       schema_find_same(schema, parent) != NULL;
}

void schema_ignore_as_in(
    struct schema *schema, const struct schema *other, const char *globs, struct arena *arena)
{
	if (!ignores_any(schema, globs) && !ignores_any(other, globs))
		return;
	struct schema mixed = rest_of(schema, globs, arena);
	for (size_t i = 0; i < other->count; i++) {
		const struct schema_object *object = &other->objects[i];
		if (schema_ignored(other, object, globs) && has_place(schema, object, other, globs))
			*schema_add(&mixed, object->kind, arena) = *object;
	}
	schema_settle(&mixed, arena);
	*schema = mixed;
}
