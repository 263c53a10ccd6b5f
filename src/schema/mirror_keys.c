/*
 * Keys of a mirror that nobody reads. They are kept, since they may be somebody's own; but
 * "nulable" on a column would say nothing, in silence.
 */
#include "base/text.h"
#include "schema/mirror.h"
#include <string.h>

enum {
	NEAR = 3
};

struct walk {
	struct mirror *mirror;
	size_t keys;                    /* passed so far */
	size_t at[MIRROR_UNKNOWN_MOST]; /* which keys of the text the unknown ones are */
};

static const char *const document_keys[] = {"version", "database", "$schema", NULL};
static const char *const database_keys[] = {"kind", "version", NULL};
static const char *const name_keys[] = {"name", "schema", NULL};

/* What versions 1 and 2 had and the first pull leaves as it was. */
static const char *const older_document_keys[] = {"enums", "notes", "ssot", NULL};
static const char *const older_database_keys[] = {"dialect", "name", "schemas", NULL};
static const char *const older_object_keys[] = {
    "createdAt", "list", "model", "relations", "schema", NULL};

static bool is_one_of(const char *key, const char *const *keys)
{
	for (size_t i = 0; keys[i] != NULL; i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

static const struct schema_kind *part_of(
    const struct walk *w, const struct schema_kind *kind, const char *key)
{
	const struct schema_kind *part = schema_kind_of(&w->mirror->schema, key);
	return part != NULL && part->parent == kind ? part : NULL;
}

static bool is_known(const struct schema_kind *kind, const char *key)
{
	if (strncmp(key, "x-", 2) == 0)
		return true;
	if (kind == NULL)
		return is_one_of(key, document_keys) || is_one_of(key, older_document_keys);
	return strcmp(key, "name") == 0 || (kind->in_schema && strcmp(key, "schema") == 0) ||
	       (kind->renames && strcmp(key, MIRROR_RENAMED) == 0) ||
	       is_one_of(key, older_object_keys);
}

struct near {
	const char *key, *found;
	size_t least;
};

static struct near near(const char *key)
{
	size_t half = strlen(key) / 2;
	return (struct near){.key = key, .least = half < NEAR ? half : NEAR};
}

static void consider(struct near *near, const char *candidate)
{
	size_t distance = text_distance(near->key, candidate);
	if (distance > near->least || (distance == near->least && near->found != NULL))
		return;
	near->least = distance;
	near->found = candidate;
}

static void consider_all(struct near *near, const char *const *candidates)
{
	for (size_t i = 0; candidates[i] != NULL; i++)
		consider(near, candidates[i]);
}

static const char *nearest(const struct walk *w, const struct schema_kind *kind, const char *key)
{
	const struct schema_kind *const *kinds = w->mirror->schema.kinds;
	struct near it = near(key);
	for (size_t i = 0; kinds[i] != NULL; i++)
		if (kinds[i]->parent == kind)
			consider(&it, kinds[i]->plural);
	for (size_t i = 0; kind != NULL && kind->attributes[i].name != NULL; i++)
		consider(&it, kind->attributes[i].name);
	consider_all(&it, kind == NULL ? document_keys : name_keys);
	if (kind != NULL && kind->renames)
		consider(&it, MIRROR_RENAMED);
	return it.found;
}

static void add(struct walk *w, const struct mirror_place *place, const char *key, const char *near)
{
	struct mirror *mirror = w->mirror;
	CLEANUP(buf_free) struct buf where = buf_init(512);
	if (mirror->unknown_count == MIRROR_UNKNOWN_MOST) {
		mirror->unknown_more++;
		return;
	}
	if (place != NULL)
		mirror_place_print(place, &where);
	mirror->unknown = arena_grow(mirror->arena, mirror->unknown, mirror->unknown_count,
	    &mirror->unknown_capacity, sizeof(*mirror->unknown));
	w->at[mirror->unknown_count] = w->keys;
	mirror->unknown[mirror->unknown_count++] =
	    (struct mirror_unknown){.where = arena_strndup(mirror->arena, where.data, where.len),
		.key = arena_strdup(mirror->arena, key),
		.nearest = near};
}

/* Whatever stands in a value that is not looked into. */
static void pass(struct walk *w, const struct json *node)
{
	bool object = json_is_object(node);
	json_each (member, node) {
		w->keys += object;
		pass(w, member);
	}
}

static void walk_database(struct walk *w, const struct json *node)
{
	static const struct mirror_place place = {NULL, "database", -1};
	json_each (member, node) {
		const char *key = json_key(member);
		struct near it = near(key);
		consider_all(&it, database_keys);
		if (strncmp(key, "x-", 2) != 0 && !is_one_of(key, database_keys) &&
		    !is_one_of(key, older_database_keys))
			add(w, &place, key, it.found);
		w->keys++;
		pass(w, member);
	}
}

static void walk_object(struct walk *w, const struct schema_kind *kind,
    const struct mirror_place *place, const struct json *node);

/* All of one kind. The reader has seen that they are objects. */
static void walk_kind(struct walk *w, const struct schema_kind *kind,
    const struct mirror_place *outer, const struct json *node)
{
	struct mirror_place place = {outer, kind->plural, -1};
	if (kind->single) {
		walk_object(w, kind, &place, node);
		return;
	}
	json_each (item, node) {
		place.index++;
		walk_object(w, kind, &place, item);
	}
}

/* The document (kind NULL), or an object of a kind. */
static void walk_object(struct walk *w, const struct schema_kind *kind,
    const struct mirror_place *place, const struct json *node)
{
	json_each (member, node) {
		const char *key = json_key(member);
		bool value = kind != NULL && schema_attribute_of(kind, key) >= 0;
		const struct schema_kind *part = value ? NULL : part_of(w, kind, key);
		if (!value && part == NULL && !is_known(kind, key))
			add(w, place, key, nearest(w, kind, key));
		w->keys++;
		if (part != NULL)
			walk_kind(w, part, place, member);
		else if (kind == NULL && strcmp(key, "database") == 0 && json_is_object(member))
			walk_database(w, member);
		else
			pass(w, member);
	}
}

void mirror_find_unknown(struct mirror *mirror, const char *text, size_t len)
{
	struct walk w = {.mirror = mirror};
	struct json_place places[MIRROR_UNKNOWN_MOST] = {0};
	walk_object(&w, NULL, NULL, mirror->document);
	if (mirror->unknown_count == 0)
		return;
	json_key_places(text, len, w.at, mirror->unknown_count, places);
	for (size_t i = 0; i < mirror->unknown_count; i++) {
		mirror->unknown[i].line = places[i].line;
		mirror->unknown[i].column = places[i].column;
	}
}

void mirror_unknown_text(const struct mirror_unknown *unknown, struct buf *out)
{
	buf_add_text(out, "nothing reads \"");
	schema_show(unknown->key, out);
	buf_add_char(out, '"');
	if (*unknown->where != '\0')
		buf_printf(out, " of %s", unknown->where);
	if (unknown->nearest != NULL)
		buf_printf(out, "; did you mean \"%s\"?", unknown->nearest);
	else
		buf_add_text(out, "; keys of your own begin with x-");
}
