/* Writing: version 3 over what was read. */
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "schema/mirror.h"
#include <stdlib.h>
#include <string.h>

/* An object to write and where it stood before. */
struct entry {
	const struct schema_object *object, *before; /* before: NULL when it is new */
	size_t rank;
};

struct writer {
	const struct mirror *mirror;
	const struct schema *schema;
	const struct schema_object **before; /* what the mirror has of each object */
	/* Those of the kinds being written, one behind the other: tables, then the columns of one
	 * of them. There is room for each object twice. */
	struct entry *entries;
};

static void add_list(struct json *parent, const char *key, const char *value)
{
	struct json *array = json_add_array(parent, key);
	for (const char *at = value; at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		CLEANUP(buf_free) struct buf item = buf_init(MIRROR_MAX);
		buf_add(&item, at, (size_t)(end - at));
		json_add_text(array, NULL, item.data);
		at = *end == '\0' ? NULL : end + 1;
	}
}

static void add_value(
    struct json *parent, const struct schema_attribute *attribute, const char *value)
{
	if (value == NULL)
		return;
	if (attribute->type == SCHEMA_NAMES || attribute->type == SCHEMA_TERMS)
		add_list(parent, attribute->name, value);
	else if (attribute->type != SCHEMA_BOOL)
		json_add_text(parent, attribute->name, value);
	else if (text_is(value, "true"))
		json_add_bool(parent, attribute->name, true);
}

/* What says the same stays as it is written: `old`, NULL where it says nothing. */
static void write_attribute(const struct writer *w, const struct entry *entry, int i,
    const struct json *old, struct json *parent)
{
	const struct schema_attribute *attribute = &entry->object->kind->attributes[i];
	const char *value = entry->object->values[i];
	if (old != NULL && !json_is_null(old) &&
	    schema_same_value(w->schema, attribute->type, entry->before->values[i], value))
		json_add_copy(parent, attribute->name, old);
	else
		add_value(parent, attribute, value);
}

static void write_kind(struct writer *w, const struct schema_kind *kind,
    const struct schema_object *parent, struct json *into);

/* The kind of parts of an object that a key holds; NULL when it is none. */
static const struct schema_kind *part_kind(
    const struct writer *w, const struct schema_kind *parent, const char *key)
{
	const struct schema_kind *kind = schema_kind_of(w->schema, key);
	return kind != NULL && kind->parent == parent ? kind : NULL;
}

static void write_name(const struct entry *entry, struct json *into)
{
	const struct schema_object *object = entry->object;
	if (object->given != NULL)
		json_add_text(into, "name", object->given);
	if (object->kind->in_schema && object->kind->parent == NULL && *object->schema != '\0')
		json_add_text(into, "schema", object->schema);
	if (object->renamed_from != NULL &&
	    (entry->before == NULL || json_get(entry->before->origin, MIRROR_RENAMED) == NULL))
		json_add_text(into, MIRROR_RENAMED, object->renamed_from);
}

static bool is_name(const struct schema_kind *kind, const char *key)
{
	return text_is(key, "name") || (text_is(key, "schema") && kind->in_schema);
}

/* What of an object has been written: by attribute, and by kind of its parts. */
struct done {
	bool attributes[SCHEMA_ATTRIBUTES_MAX];
	bool parts[SCHEMA_KINDS_MAX];
};

static void write_part(struct writer *w, const struct schema_kind *kind,
    const struct schema_object *parent, struct done *done, struct json *into)
{
	size_t rank = 0;
	while (w->schema->kinds[rank] != kind)
		rank++;
	if (!done->parts[rank])
		write_kind(w, kind, parent, into);
	done->parts[rank] = true;
}

/* Keys that were there, in their order; of one that is there twice the last counts. */
static void write_old_keys(
    struct writer *w, const struct entry *entry, struct done *done, struct json *into)
{
	const struct schema_kind *kind = entry->object->kind;
	const struct json *old = entry->before->origin;
	json_each (member, old) {
		const char *key = json_key(member);
		int attribute = schema_attribute_of(kind, key);
		const struct schema_kind *part = attribute >= 0 ? NULL : part_kind(w, kind, key);
		if (attribute >= 0 && !done->attributes[attribute]) {
			done->attributes[attribute] = true;
			write_attribute(w, entry, attribute, json_get(old, key), into);
		} else if (part != NULL) {
			write_part(w, part, entry->object, done, into);
		} else if (attribute >= 0 || is_name(kind, key) || json_get(into, key) != NULL) {
			continue;
		} else if (text_is(key, MIRROR_RENAMED) && kind->renames) {
			if (entry->object->renamed_from != NULL)
				json_add_text(into, key, entry->object->renamed_from);
		} else {
			json_add_copy(into, key, json_get(old, key));
		}
	}
}

static void write_object(struct writer *w, const struct entry *entry, struct json *into)
{
	const struct schema_kind *kind = entry->object->kind;
	const struct schema_kind *const *kinds = w->schema->kinds;
	struct done done = {0};
	write_name(entry, into);
	if (entry->before != NULL)
		write_old_keys(w, entry, &done, into);
	for (int i = 0; kind->attributes[i].name != NULL; i++)
		if (!done.attributes[i])
			write_attribute(w, entry, i, NULL, into);
	for (size_t i = 0; kinds[i] != NULL; i++)
		if (kinds[i]->parent == kind)
			write_part(w, kinds[i], entry->object, &done, into);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	return (left->rank > right->rank) - (left->rank < right->rank);
}

static bool belongs(const struct schema_object *object, const struct schema_kind *kind,
    const struct schema_object *parent)
{
	return object->kind == kind &&
	       (parent == NULL || (text_is_nocase(object->parent, parent->name) &&
				      text_is_nocase(object->schema, parent->schema)));
}

/* Parts follow their parent in canonical order. */
static size_t gather(const struct writer *w, const struct schema_kind *kind,
    const struct schema_object *parent, struct entry *entries)
{
	const struct schema *schema = w->schema;
	size_t count = 0;
	size_t i = parent == NULL ? 0 : (size_t)(parent - schema->objects) + 1;
	for (; i < schema->count; i++) {
		const struct schema_object *object = &schema->objects[i];
		if (parent != NULL && object->kind->parent == NULL)
			break;
		if (!belongs(object, kind, parent))
			continue;
		const struct schema_object *before = w->before[i];
		bool keeps_place = before != NULL && !kind->ordered;
		if (before != NULL && before->origin == NULL)
			before = NULL;
		entries[count++] = (struct entry){.object = object,
		    .before = before,
		    .rank = keeps_place && before != NULL ? (size_t)before->position
							  : SIZE_MAX / 2 + i};
	}
	return count;
}

static void write_kind(struct writer *w, const struct schema_kind *kind,
    const struct schema_object *parent, struct json *into)
{
	struct entry *entries = w->entries;
	size_t count = gather(w, kind, parent, entries);
	bool always = parent == NULL && kind == w->schema->kinds[0];
	if (count > 1)
		qsort(entries, count, sizeof(*entries), compare_entries);
	if (count == 0 && !always)
		return;
	w->entries += count;
	struct json *array = kind->single ? NULL : json_add_array(into, kind->plural);
	for (size_t i = 0; array != NULL && i < count; i++)
		write_object(w, &entries[i], json_add_object(array, NULL));
	if (array == NULL)
		write_object(w, &entries[0], json_add_object(into, kind->plural));
	w->entries = entries;
}

/* The engine and its major version, the one that decides how it writes what it keeps. */
static void write_database(const struct writer *w, struct json *into)
{
	CLEANUP(buf_free) struct buf major = buf_init(32);
	const struct json *old = json_get(w->mirror->document, "database");
	const char *version = w->schema->version;
	struct json *object = json_add_object(into, "database");
	json_add_text(object, "kind", w->schema->engine);
	if (version != NULL) {
		buf_add(&major, version, strcspn(version, "."));
		json_add_text(object, "version", major.data);
	}
	json_each (member, old)
		if (json_get(object, json_key(member)) == NULL)
			json_add_copy(object, json_key(member), member);
}

static struct json *build(struct writer *w)
{
	struct json *root = json_new_object();
	json_add_int(root, "version", 3);
	if (json_get(w->mirror->document, "database") == NULL)
		write_database(w, root);
	json_each (member, w->mirror->document) {
		const char *key = json_key(member);
		const struct schema_kind *kind = part_kind(w, NULL, key);
		if (json_get(root, key) != NULL)
			continue;
		if (text_is(key, "database"))
			write_database(w, root);
		else if (kind != NULL)
			write_kind(w, kind, NULL, root);
		else
			json_add_copy(root, key, member);
	}
	for (size_t i = 0; w->schema->kinds[i] != NULL; i++)
		if (w->schema->kinds[i]->parent == NULL &&
		    json_get(root, w->schema->kinds[i]->plural) == NULL)
			write_kind(w, w->schema->kinds[i], NULL, root);
	return root;
}

bool mirror_text(
    const struct mirror *mirror, const struct schema *schema, struct buf *out, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct writer w = {.mirror = mirror,
	    .schema = schema,
	    .before = schema_namesakes(schema, &mirror->schema, &arena),
	    .entries = arena_array(&arena, 2 * schema->count + 1, sizeof(struct entry))};
	CLEANUP(json_free) struct json *root = build(&w);
	json_print(root, true, out);
	buf_add_char(out, '\n');
	if (out->overflow)
		return err_set(err, ERR_UNEXPECTED, "%s would be too large", mirror->path);
	return true;
}

/* Formatting alone is no reason to write. */
static bool says_the_same(const struct mirror *mirror, const struct buf *text)
{
	CLEANUP(buf_free) struct buf before = buf_init(MIRROR_MAX);
	if (mirror->version != 3)
		return false;
	json_print(mirror->document, true, &before);
	buf_add_char(&before, '\n');
	return before.len == text->len && memcmp(before.data, text->data, text->len) == 0;
}

bool mirror_write(
    const struct mirror *mirror, const struct schema *schema, bool *changed, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	CLEANUP(arena_free) struct arena arena = {0};
	if (!mirror_text(mirror, schema, &text, err))
		return false;
	if (says_the_same(mirror, &text)) {
		*changed = false;
		return true;
	}
	if (!fs_make_folders(fs_folder_of(&arena, mirror->path), 0755, err) ||
	    !sink_put(mirror->path, text.data, text.len, 0644, err))
		return false;
	*changed = true;
	return true;
}
