/* Reading. */
#include "schema/mirror.h"
#include "base/fs.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct reader {
	struct mirror *mirror;
	struct err *err;
};

void mirror_place_print(const struct mirror_place *place, struct buf *out)
{
	if (place->outer != NULL) {
		mirror_place_print(place->outer, out);
		buf_add_char(out, '.');
	}
	buf_add_text(out, place->key);
	if (place->index >= 0)
		buf_printf(out, "[%d]", place->index);
}

static bool fail(const struct reader *r, const char *where, const char *what)
{
	err_set(r->err, ERR_MALFORMED, "%s: %s", where, what);
	return err_at(r->err, r->mirror->path, 0);
}

static bool fail_in(const struct reader *r, const struct mirror_place *place, const char *what)
{
	CLEANUP(buf_free) struct buf where = buf_init(512);
	mirror_place_print(place, &where);
	return fail(r, where.data, what);
}

/* A list of texts; an error when it is anything else. */
static bool read_list(const struct reader *r, const struct mirror_place *place,
    const struct json *node, const char **value)
{
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	if (!json_is_array(node))
		return fail_in(r, place, "a list of texts is expected");
	json_each (item, node) {
		if (json_text(item) == NULL || strchr(json_text(item), SCHEMA_SEPARATOR) != NULL)
			return fail_in(r, place, "a list of texts is expected");
		if (text.len > 0)
			buf_add_char(&text, SCHEMA_SEPARATOR);
		buf_add_text(&text, json_text(item));
	}
	*value = text.len == 0 ? NULL : arena_strndup(r->mirror->arena, text.data, text.len);
	return true;
}

/* People also write numbers and truth values as a default. */
static bool read_text(const struct reader *r, const struct mirror_place *place,
    const struct json *node, const char **value)
{
	CLEANUP(buf_free) struct buf text = buf_init(64);
	if (json_text(node) != NULL) {
		*value = arena_strdup(r->mirror->arena, json_text(node));
		return true;
	}
	if (!json_is_number(node) && !json_is_true(node) && !json_is_false(node))
		return fail_in(r, place, "a text is expected");
	json_print(node, false, &text);
	*value = arena_strdup(r->mirror->arena, text.data);
	return true;
}

static bool read_bool(const struct reader *r, const struct mirror_place *place,
    const struct json *node, const char **value)
{
	if (!json_is_true(node) && !json_is_false(node))
		return fail_in(r, place, "true or false is expected");
	*value = json_is_true(node) ? "true" : "false";
	return true;
}

static bool read_value(const struct reader *r, const struct schema_attribute *attribute,
    const struct mirror_place *outer, const struct json *node, const char **value)
{
	const struct mirror_place place = {outer, attribute->name, -1};
	if (json_is_null(node))
		return true;
	if (attribute->type == SCHEMA_BOOL)
		return read_bool(r, &place, node, value);
	if (attribute->type == SCHEMA_NAMES || attribute->type == SCHEMA_TERMS)
		return read_list(r, &place, node, value);
	return read_text(r, &place, node, value);
}

/* What the database calls it, as long as it has not got its new name. */
static bool read_renamed(const struct reader *r, const struct mirror_place *outer,
    const struct json *node, struct schema_object *object)
{
	const struct json *from = json_get(node, MIRROR_RENAMED);
	const struct mirror_place place = {outer, MIRROR_RENAMED, -1};
	if (!object->kind->renames || from == NULL || json_is_null(from))
		return true;
	if (json_text(from) == NULL || *json_text(from) == '\0')
		return fail_in(r, &place, "a name is expected");
	object->renamed_from = arena_strdup(r->mirror->arena, json_text(from));
	return true;
}

/* Into a finished object, since adding others moves those that are there. */
static bool read_object(const struct reader *r, const struct schema_kind *kind,
    const struct mirror_place *place, const struct json *node, struct schema_object *object)
{
	const char *name = json_text(json_get(node, "name"));
	const char *schema = json_text(json_get(node, "schema"));
	if (!json_is_object(node))
		return fail_in(r, place, "an object is expected");
	if (kind->named_by == NULL && name == NULL)
		return fail_in(r, place, "it has no \"name\"");
	object->kind = kind;
	object->origin = node;
	object->given = arena_strdup(r->mirror->arena, name);
	if (kind->in_schema && schema != NULL)
		object->schema = arena_strdup(r->mirror->arena, schema);
	json_each (member, node) {
		int i = schema_attribute_of(kind, json_key(member));
		if (i >= 0) /* of a key that is there twice the last counts */
			object->values[i] = NULL;
		if (i >= 0 &&
		    !read_value(r, &kind->attributes[i], place, member, &object->values[i]))
			return false;
	}
	return read_renamed(r, place, node, object);
}

static bool read_parts(const struct reader *r, const struct schema_object *parent,
    const struct mirror_place *place, const struct json *node);

static bool read_one(const struct reader *r, const struct schema_kind *kind,
    const struct schema_object *parent, const struct mirror_place *place, const struct json *node,
    int position)
{
	struct schema_object object = {
	    .schema = parent == NULL ? "" : parent->schema,
	    .parent = parent == NULL ? "" : parent->given,
	    .position = position,
	};
	if (!read_object(r, kind, place, node, &object))
		return false;
	*schema_add(&r->mirror->schema, kind, r->mirror->arena) = object;
	return parent != NULL || read_parts(r, &object, place, node);
}

/* All of one kind: an array, or the one object there can be. */
static bool read_kind(const struct reader *r, const struct schema_kind *kind,
    const struct schema_object *parent, const struct mirror_place *outer, const struct json *node)
{
	struct mirror_place place = {outer, kind->plural, -1};
	const struct json *list = json_get(node, kind->plural);
	if (list == NULL || json_is_null(list))
		return true;
	if (kind->single)
		return read_one(r, kind, parent, &place, list, 1);
	if (!json_is_array(list))
		return fail_in(r, &place, "a list is expected");
	json_each (item, list) {
		place.index++;
		if (!read_one(r, kind, parent, &place, item, place.index + 1))
			return false;
	}
	return true;
}

static bool read_parts(const struct reader *r, const struct schema_object *parent,
    const struct mirror_place *place, const struct json *node)
{
	const struct schema_kind *const *kinds = r->mirror->schema.kinds;
	const struct schema_kind *wanted = parent == NULL ? NULL : parent->kind;
	for (size_t i = 0; kinds[i] != NULL; i++)
		if (kinds[i]->parent == wanted && !read_kind(r, kinds[i], parent, place, node))
			return false;
	return true;
}

static bool check_twice(const struct reader *r)
{
	const struct schema *schema = &r->mirror->schema;
	for (size_t i = 1; i < schema->count; i++) {
		CLEANUP(buf_free) struct buf label = buf_init(512);
		if (schema_compare(schema, schema->by_name[i - 1], schema->by_name[i]) != 0 &&
		    !(schema->by_name[i]->kind->ordered &&
			schema_find_same(schema, schema->by_name[i]) != schema->by_name[i]))
			continue;
		schema_label(schema->by_name[i], &label);
		return fail(r, label.data, "stated twice");
	}
	return true;
}

static bool read_version(const struct reader *r, const struct json *document)
{
	CLEANUP(buf_free) struct buf text = buf_init(64);
	const struct json *node = json_get(document, "version");
	if (!json_is_object(document))
		return fail(r, "the mirror", "an object is expected");
	if (json_text(node) != NULL)
		buf_add_text(&text, json_text(node));
	else if (json_is_number(node))
		json_print(node, false, &text);
	for (int version = 1; version <= 3; version++)
		if (text.len == 1 && text.data[0] == '0' + version)
			r->mirror->version = version;
	if (r->mirror->version != 0)
		return true;
	return fail(r, "version", "1, 2 or 3 is expected; this program knows no other");
}

static bool check_engine(const struct reader *r)
{
	struct mirror *mirror = r->mirror;
	const char *kind = json_text(json_get(json_get(mirror->document, "database"), "kind"));
	if (mirror->partial || kind == NULL || text_is_nocase(kind, mirror->schema.engine))
		return true;
	mirror->foreign = arena_strdup(mirror->arena, kind);
	err_set(r->err, ERR_CONFIG, "%s is the mirror of a %s database, and this is %s",
	    mirror->path, kind, mirror->schema.engine);
	return err_next(r->err, "name another file: DB_ENTRY_MIRROR, --mirror");
}

static void init(
    struct mirror *mirror, const char *path, const struct schema *model, struct arena *arena)
{
	*mirror = (struct mirror){.path = path, .schema = *model, .arena = arena};
	schema_settle(&mirror->schema, arena);
}

bool mirror_parse(struct mirror *mirror, const char *text, size_t len, const char *path,
    const struct schema *model, struct arena *arena, struct err *err)
{
	struct json *document = NULL;
	const struct reader r = {.mirror = mirror, .err = err};
	init(mirror, path, model, arena);
	if (!json_parse(&document, text, len, path, err))
		return false;
	mirror->document = document;
	if (!read_version(&r, document))
		return false;
	mirror->partial = mirror->version < 3;
	if (mirror->partial) {
		mirror->document = mirror_upgrade(document);
		json_free(&document);
	}
	if (!check_engine(&r) || !read_parts(&r, NULL, NULL, mirror->document))
		return false;
	schema_settle(&mirror->schema, arena);
	if (!check_twice(&r))
		return false;
	if (!mirror->partial)
		mirror_find_unknown(mirror, text, len);
	return true;
}

bool mirror_read(struct mirror *mirror, const char *path, const struct schema *model,
    struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	init(mirror, path, model, arena);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	return fs_read(path, &text, ERR_MALFORMED, err) &&
	       mirror_parse(mirror, text.data, text.len, path, model, arena, err);
}

void mirror_close(struct mirror *mirror)
{
	json_free(&mirror->document);
}
