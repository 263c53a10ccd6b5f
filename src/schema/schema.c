#include "schema/schema.h"
#include "base/err.h"
#include "base/text.h"
#include "schema/tokens.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct schema_object *schema_add(
    struct schema *schema, const struct schema_kind *kind, struct arena *arena)
{
	schema->objects = arena_grow(
	    arena, schema->objects, schema->count, &schema->capacity, sizeof(*schema->objects));
	struct schema_object *object = &schema->objects[schema->count++];
	*object = (struct schema_object){.kind = kind, .schema = "", .parent = ""};
	return object;
}

const struct schema_kind *schema_kind_of(const struct schema *schema, const char *plural)
{
	for (size_t i = 0; schema->kinds[i] != NULL; i++)
		if (strcmp(schema->kinds[i]->plural, plural) == 0)
			return schema->kinds[i];
	return NULL;
}

int schema_attribute_of(const struct schema_kind *kind, const char *name)
{
	for (int i = 0; kind->attributes[i].name != NULL; i++)
		if (strcmp(kind->attributes[i].name, name) == 0)
			return i;
	return -1;
}

const char *schema_value(const struct schema_object *object, const char *attribute)
{
	int i = schema_attribute_of(object->kind, attribute);
	return i < 0 ? NULL : object->values[i];
}

void schema_set(struct schema_object *object, const char *attribute, const char *value)
{
	int i = schema_attribute_of(object->kind, attribute);
	if (i < 0)
		err_die("a kind of schema objects lacks an attribute");
	object->values[i] = value;
}

static int kind_rank(const struct schema *schema, const struct schema_kind *kind)
{
	int rank = 0;
	while (schema->kinds[rank] != NULL && schema->kinds[rank] != kind)
		rank++;
	return rank;
}

/* ASCII case comes last, and counts where the engine lets it. Parts of one table mostly have the
 * very same text for its name. */
static int compare_text(
    const struct schema *schema, const struct schema_kind *kind, const char *a, const char *b)
{
	if (a == b)
		return 0;
	int order = strcasecmp(a, b);
	bool exact = kind->exact || schema->dialect->exact_names;
	return order != 0 || !exact ? order : strcmp(a, b);
}

static const char *top_name(const struct schema_object *object)
{
	return object->kind->parent == NULL ? object->name : object->parent;
}

/* What stands under which top-level object, kind by kind. */
static int compare_place(
    const struct schema *schema, const struct schema_object *a, const struct schema_object *b)
{
	const struct schema_kind *top_a = a->kind->parent == NULL ? a->kind : a->kind->parent;
	const struct schema_kind *top_b = b->kind->parent == NULL ? b->kind : b->kind->parent;
	int order = top_a == top_b ? 0 : kind_rank(schema, top_a) - kind_rank(schema, top_b);
	if (order == 0)
		order = compare_text(schema, top_a, a->schema, b->schema);
	if (order == 0)
		order = compare_text(schema, top_a, top_name(a), top_name(b));
	if (order != 0 || a->kind == b->kind)
		return order;
	return kind_rank(schema, a->kind) - kind_rank(schema, b->kind);
}

int schema_compare_names(
    const struct schema *schema, const struct schema_object *a, const struct schema_object *b)
{
	int order = compare_place(schema, a, b);
	return order != 0 ? order : compare_text(schema, a->kind, a->name, b->name);
}

int schema_compare(
    const struct schema *schema, const struct schema_object *a, const struct schema_object *b)
{
	int order = compare_place(schema, a, b);
	if (order == 0 && a->kind->ordered)
		order = (a->position > b->position) - (a->position < b->position);
	return order != 0 ? order : compare_text(schema, a->kind, a->name, b->name);
}

static int order_canonical(const void *a, const void *b, void *schema)
{
	const struct schema_object *left = a, *right = b;
	int order = schema_compare(schema, left, right);
	return order != 0 ? order : left->position - right->position;
}

static int order_by_name(const void *a, const void *b, void *schema)
{
	const struct schema_object *const *left = a, *const *right = b;
	int order = schema_compare_names(schema, *left, *right);
	return order != 0 ? order : (*left)->position - (*right)->position;
}

static const char *made_name(
    const struct schema *schema, const struct schema_object *object, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = buf_init(1 << 20);
	int i = object->kind->named_by == NULL
		    ? -1
		    : schema_attribute_of(object->kind, object->kind->named_by);
	buf_add_char(&text, '(');
	if (i >= 0 && object->values[i] != NULL)
		schema_tokens_name(
		    schema->dialect, object->kind->attributes[i].type, object->values[i], &text);
	buf_add_char(&text, ')');
	return arena_strndup(arena, text.data, text.len);
}

static void make_name(
    const struct schema *schema, struct schema_object *object, struct arena *arena)
{
	if (object->kind->single)
		object->name = object->kind->name;
	else if (object->given != NULL)
		object->name = object->given;
	else
		object->name = made_name(schema, object, arena);
}

/* by_name is sorted by name; the second of a name and those after it get a number. True when there
 * is one. */
static bool make_unique(struct schema *schema, struct arena *arena)
{
	size_t same = 1;
	const char *name = NULL;
	bool made = false;
	for (size_t i = 1; i < schema->count; i++) {
		const struct schema_object *before = schema->by_name[i - 1];
		struct schema_object *object =
		    &schema->objects[schema->by_name[i] - schema->objects];
		if (name == NULL)
			name = before->name;
		if (compare_text(schema, object->kind, name, object->name) != 0 ||
		    compare_place(schema, before, object) != 0) {
			same = 1;
			name = NULL;
			continue;
		}
		if (object->kind->named_by != NULL) {
			object->name = arena_printf(arena, "%s #%zu", object->name, ++same);
			made = true;
		}
	}
	return made;
}

/* What was written in order, as a pulled mirror is, is read in order. */
static void sort_objects(struct schema *schema)
{
	for (size_t i = 1; i < schema->count; i++) {
		if (order_canonical(&schema->objects[i - 1], &schema->objects[i], schema) > 0) {
			qsort_r(schema->objects, schema->count, sizeof(*schema->objects),
			    order_canonical, schema);
			return;
		}
	}
}

/* The same order but for siblings of an ordered kind. */
static void sort_by_name(struct schema *schema)
{
	size_t end;
	for (size_t i = 0; i < schema->count; i++)
		schema->by_name[i] = &schema->objects[i];
	for (size_t i = 0; i < schema->count; i = end) {
		const struct schema_object *first = &schema->objects[i];
		for (end = i + 1; end < schema->count && first->kind->ordered &&
				  compare_place(schema, first, &schema->objects[end]) == 0;)
			end++;
		if (end > i + 1)
			qsort_r(schema->by_name + i, end - i, sizeof(const struct schema_object *),
			    order_by_name, schema);
	}
}

void schema_settle(struct schema *schema, struct arena *arena)
{
	for (size_t i = 0; i < schema->count; i++)
		make_name(schema, &schema->objects[i], arena);
	schema->by_name =
	    arena_array(arena, schema->count + 1, sizeof(const struct schema_object *));
	sort_objects(schema);
	sort_by_name(schema);
	if (!make_unique(schema, arena))
		return;
	sort_objects(schema);
	sort_by_name(schema);
}

const struct schema_object *schema_find(const struct schema *schema, const struct schema_kind *kind,
    const char *schema_name, const char *parent, const char *name)
{
	const struct schema_object wanted = {
	    .kind = kind, .schema = schema_name, .parent = parent, .name = name};
	size_t low = 0, high = schema->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = schema_compare_names(schema, &wanted, schema->by_name[middle]);
		if (order == 0)
			return schema->by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct schema_object *schema_find_same(
    const struct schema *schema, const struct schema_object *object)
{
	return schema_find(schema, object->kind, object->schema, object->parent, object->name);
}

/* Both are in order of names. */
const struct schema_object **schema_namesakes(
    const struct schema *schema, const struct schema *other, struct arena *arena)
{
	const struct schema_object **namesakes =
	    arena_array(arena, schema->count + 1, sizeof(const struct schema_object *));
	for (size_t i = 0, j = 0; i < schema->count && j < other->count;) {
		const struct schema_object *object = schema->by_name[i];
		int order = schema_compare_names(schema, object, other->by_name[j]);
		if (order == 0)
			namesakes[object - schema->objects] = other->by_name[j];
		i += order <= 0;
		j += order >= 0;
	}
	return namesakes;
}

const struct schema_object *schema_parent(
    const struct schema *schema, const struct schema_object *object)
{
	if (object->kind->parent == NULL)
		return NULL;
	return schema_find(schema, object->kind->parent, object->schema, "", object->parent);
}

size_t schema_count_tables(const struct schema *schema)
{
	size_t count = 0;
	for (size_t i = 0; i < schema->count; i++)
		count += schema->objects[i].kind == schema->kinds[0];
	return count;
}

const struct schema_object *schema_find_table(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (schema->objects[i].kind == schema->kinds[0] &&
		    text_is_nocase(schema->objects[i].name, name))
			return &schema->objects[i];
	return NULL;
}

bool schema_same_value(
    const struct schema *schema, enum schema_type type, const char *a, const char *b)
{
	if (type == SCHEMA_BOOL)
		return text_is(a, "true") == text_is(b, "true");
	if (a == NULL || b == NULL || strcmp(a, b) == 0)
		return text_is(a, b);
	if (type == SCHEMA_NAME || (type == SCHEMA_NAMES && !schema->dialect->exact_names))
		return text_is_nocase(a, b);
	if (type == SCHEMA_NAMES)
		return false;
	return type != SCHEMA_TEXT && schema_tokens_same(schema->dialect, a, b);
}

const char *schema_family(const char *type)
{
	static const struct {
		const char *part, *family;
	} families[] = {
	    {"interval", NULL},
	    {"point", NULL},
	    {"int", "integer"},
	    {"serial", "integer"},
	    {"char", "text"},
	    {"text", "text"},
	    {"clob", "text"},
	    {"string", "text"},
	    {"blob", "binary"},
	    {"bytea", "binary"},
	    {"bytes", "binary"},
	    {"binary", "binary"},
	    {"float", "number"},
	    {"double", "number"},
	    {"real", "number"},
	    {"decimal", "number"},
	    {"numeric", "number"},
	};
	for (size_t i = 0; type != NULL && i < sizeof(families) / sizeof(families[0]); i++)
		if (strcasestr(type, families[i].part) != NULL)
			return families[i].family;
	return NULL;
}

void schema_show(const char *value, struct buf *out)
{
	size_t used;
	bool space = false;
	if (value == NULL)
		buf_add_text(out, "none");
	for (; value != NULL && *value != '\0'; value += used) {
		used = text_printable(value);
		bool blank = *value == ' ' || *value == '\n' || *value == '\t' || *value == '\r';
		if (*value == SCHEMA_SEPARATOR)
			buf_add_text(out, ", ");
		else if (blank && !space)
			buf_add_char(out, ' ');
		else if (!blank && used == 0)
			buf_add_text(out, "\xEF\xBF\xBD");
		else if (!blank)
			buf_add(out, value, used);
		space = blank;
		used = used == 0 ? 1 : used;
	}
}

void schema_show_name(const struct schema_object *object, struct buf *out)
{
	if (*object->schema != '\0') {
		schema_show(object->schema, out);
		buf_add_char(out, '.');
	}
	if (object->kind->parent == NULL) {
		schema_show(object->name, out);
		return;
	}
	schema_show(object->parent, out);
	if (object->kind->single)
		return;
	buf_add_char(out, object->given == NULL ? ' ' : '.');
	schema_show(object->name, out);
}

void schema_label(const struct schema_object *object, struct buf *out)
{
	buf_printf(out, "%s ", object->kind->name);
	schema_show_name(object, out);
}
