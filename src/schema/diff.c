#include "schema/diff.h"
#include "base/text.h"
#include "schema/rename.h"
#include "schema/tokens.h"
#include <stdlib.h>
#include <string.h>

enum {
	NOBODY = -1
};

struct comparison {
	struct schema_diff *diff;
	const struct schema *left, *right;
	struct schema_renames renames;
	bool partial;
	struct arena *arena;
	/* By the places of the objects in their models: */
	const struct schema_object **partner;  /* of each on the left; NULL: none */
	bool *taken;                           /* which on the right are one */
	ptrdiff_t *left_parent, *right_parent; /* places; NOBODY */
};

static size_t place(const struct schema *schema, const struct schema_object *object)
{
	return (size_t)(object - schema->objects);
}

/* In canonical order the parts follow what they are of. */
static ptrdiff_t *find_parents(const struct schema *schema, struct arena *arena)
{
	ptrdiff_t *parents = arena_array(arena, schema->count + 1, sizeof(*parents));
	ptrdiff_t top = NOBODY;
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_object *object = &schema->objects[i];
		const struct schema_object *parent = top < 0 ? NULL : &schema->objects[top];
		bool part = object->kind->parent != NULL;
		bool of_it = part && parent != NULL && parent->kind == object->kind->parent &&
			     text_is_nocase(parent->name, object->parent) &&
			     text_is_nocase(parent->schema, object->schema);
		parents[i] = of_it ? top : NOBODY;
		top = part ? top : (ptrdiff_t)i;
	}
	return parents;
}

static const char *naming_value(const struct schema_object *object)
{
	return schema_value(object, object->kind->named_by);
}

/* Made of the same columns: the same kind, or one that may stand in for it. */
static bool means_the_same(
    const struct comparison *c, const struct schema_object *left, const struct schema_object *right)
{
	bool stands_in =
	    left->kind->stand_in == right->kind && text_is(schema_value(right, "unique"), "true");
	return (left->kind == right->kind || stands_in) &&
	       text_is_nocase(left->parent, right->parent) &&
	       text_is_nocase(left->schema, right->schema) && naming_value(right) != NULL &&
	       schema_tokens_same(c->left->dialect, naming_value(left), naming_value(right));
}

static const struct schema_object *find_alike(
    const struct comparison *c, const struct schema_object *left)
{
	ptrdiff_t parent = c->left_parent[place(c->left, left)];
	if (left->kind->named_by == NULL || naming_value(left) == NULL || parent < 0 ||
	    c->partner[parent] == NULL)
		return NULL;
	for (size_t i = place(c->right, c->partner[parent]) + 1;
	     i < c->right->count && c->right->objects[i].kind->parent != NULL; i++)
		if (!c->taken[i] && means_the_same(c, left, &c->right->objects[i]))
			return &c->right->objects[i];
	return NULL;
}

static void find_partners(struct comparison *c)
{
	c->partner = schema_namesakes(c->left, c->right, c->arena);
	for (size_t i = 0; i < c->left->count; i++)
		if (c->partner[i] != NULL)
			c->taken[place(c->right, c->partner[i])] = true;
	for (size_t i = 0; c->partial && i < c->left->count; i++) {
		const struct schema_object *found =
		    c->partner[i] != NULL ? NULL : find_alike(c, &c->left->objects[i]);
		if (found == NULL)
			continue;
		c->partner[i] = found;
		c->taken[place(c->right, found)] = true;
	}
}

/* What the right side still calls it. */
static const struct schema_object *renamed_from(
    const struct comparison *c, const struct schema_object *left)
{
	for (size_t i = 0; i < c->renames.count; i++)
		if (schema_compare_names(c->left, c->renames.items[i].to, left) == 0)
			return c->renames.items[i].from;
	return NULL;
}

static struct schema_change *add(struct comparison *c, enum schema_difference difference,
    const struct schema_object *left, const struct schema_object *right)
{
	struct schema_diff *diff = c->diff;
	size_t *counter = difference == SCHEMA_ONLY_LEFT    ? &diff->only_left
			  : difference == SCHEMA_ONLY_RIGHT ? &diff->only_right
							    : &diff->changed;
	diff->changes = arena_grow(
	    c->arena, diff->changes, diff->count, &diff->capacity, sizeof(*diff->changes));
	struct schema_change *change = &diff->changes[diff->count++];
	*change = (struct schema_change){.difference = difference, .left = left, .right = right};
	(*counter)++;
	return change;
}

static bool same_attribute(const struct comparison *c, const struct schema_attribute *attribute,
    const char *left, const char *right)
{
	if (c->partial && left == NULL)
		return true;
	if (c->partial && attribute->family) {
		const char *a = schema_family(left), *b = schema_family(right);
		return a == NULL || b == NULL || text_is(a, b);
	}
	return schema_same_value(c->left, attribute->type, left, right);
}

static unsigned changed_attributes(
    const struct comparison *c, const struct schema_object *left, const struct schema_object *right)
{
	unsigned changed = 0;
	if (left->kind != right->kind)
		return 0; /* it stands in */
	for (unsigned i = 0; left->kind->attributes[i].name != NULL; i++)
		if (!same_attribute(
			c, &left->kind->attributes[i], left->values[i], right->values[i]))
			changed |= 1U << i;
	return changed;
}

/*
 * Siblings of an ordered kind follow each other in canonical order. One has moved when its partner
 * does not stand behind all the partners of those before it.
 */
static bool has_moved(const struct comparison *c, size_t i, size_t *furthest)
{
	const struct schema_object *object = &c->left->objects[i];
	bool first = i == 0 || c->left->objects[i - 1].kind != object->kind ||
		     !text_is(c->left->objects[i - 1].parent, object->parent);
	size_t at = place(c->right, c->partner[i]);
	if (first)
		*furthest = 0;
	if (c->partial || !object->kind->ordered)
		return false;
	if (at < *furthest)
		return true;
	*furthest = at;
	return false;
}

static void compare_pairs(struct comparison *c)
{
	size_t furthest = 0;
	for (size_t i = 0; i < c->left->count; i++) {
		const struct schema_object *left = &c->left->objects[i], *right = c->partner[i];
		if (right == NULL) {
			ptrdiff_t parent = c->left_parent[i];
			if (parent < 0 || c->partner[parent] != NULL)
				add(c, SCHEMA_ONLY_LEFT, left, NULL);
			continue;
		}
		unsigned attributes = changed_attributes(c, left, right);
		bool moved = has_moved(c, i, &furthest);
		const struct schema_object *from = renamed_from(c, left);
		if (attributes == 0 && !moved && from == NULL)
			continue;
		struct schema_change *change = add(c, SCHEMA_CHANGED, left, right);
		change->attributes = attributes;
		change->moved = moved;
		change->from = from;
	}
}

static bool has_kind(const struct schema *schema, const struct schema_kind *kind)
{
	for (size_t i = 0; i < schema->count; i++)
		if (schema->objects[i].kind == kind)
			return true;
	return false;
}

static void tell_only_right(struct comparison *c)
{
	for (size_t i = 0; i < c->right->count; i++) {
		const struct schema_object *right = &c->right->objects[i];
		ptrdiff_t parent = c->right_parent[i];
		if (c->taken[i] || (parent >= 0 && !c->taken[parent]))
			continue;
		if (!c->partial || has_kind(c->left, right->kind))
			add(c, SCHEMA_ONLY_RIGHT, NULL, right);
	}
}

static int compare_changes(const void *a, const void *b, void *schema)
{
	const struct schema_change *left = a, *right = b;
	int order = schema_compare(schema, schema_change_object(left), schema_change_object(right));
	return order != 0 ? order : (int)left->difference - (int)right->difference;
}

void schema_diff(struct schema_diff *diff, const struct schema *left, const struct schema *right,
    bool partial, struct arena *arena)
{
	struct comparison c = {
	    .diff = diff, .left = left, .right = right, .partial = partial, .arena = arena};
	struct schema planned, there;
	*diff = (struct schema_diff){0};
	schema_renames_find(&c.renames, left, right, arena);
	if (c.renames.count > 0) {
		planned = schema_renamed(left, &c.renames, arena);
		there = schema_renamed(right, &c.renames, arena);
		c.left = &planned;
		c.right = &there;
	}
	c.taken = arena_array(arena, right->count + 1, sizeof(*c.taken));
	c.left_parent = find_parents(c.left, arena);
	c.right_parent = find_parents(c.right, arena);
	find_partners(&c);
	compare_pairs(&c);
	tell_only_right(&c);
	/* Sorting takes the schema for its kinds alone. */
	struct schema order = *left;
	if (diff->count > 1)
		qsort_r(
		    diff->changes, diff->count, sizeof(*diff->changes), compare_changes, &order);
}

static void print_value(
    const struct schema_attribute *attribute, const char *value, struct buf *out)
{
	if (attribute->type == SCHEMA_BOOL)
		value = text_is(value, "true") ? "yes" : "no";
	schema_show(value, out);
}

static void print_attributes(const struct schema_change *change, struct buf *out)
{
	const struct schema_attribute *attributes = change->left->kind->attributes;
	for (unsigned i = 0; attributes[i].name != NULL; i++) {
		if ((change->attributes & 1U << i) == 0)
			continue;
		buf_printf(out, "    %s: ", attributes[i].name);
		print_value(&attributes[i], change->left->values[i], out);
		buf_add_text(out, " → ");
		print_value(&attributes[i], change->right->values[i], out);
		buf_add_char(out, '\n');
	}
	if (change->moved)
		buf_add_text(out, "    its place among the others differs\n");
}

void schema_diff_print(
    const struct schema_diff *diff, const char *left, const char *right, struct buf *out)
{
	static const char signs[] = "-+~";
	for (size_t i = 0; i < diff->count; i++) {
		const struct schema_change *change = &diff->changes[i];
		buf_printf(out, "%c ", signs[change->difference]);
		schema_label(
		    change->from != NULL ? change->from : schema_change_object(change), out);
		if (change->from != NULL) {
			buf_add_text(out, " → ");
			schema_show_name(change->left, out);
			buf_printf(out, "  renamed, not yet in the %s", right);
		}
		if (change->difference == SCHEMA_CHANGED) {
			buf_add_char(out, '\n');
			print_attributes(change, out);
		} else {
			buf_printf(out, "  only in the %s\n",
			    change->difference == SCHEMA_ONLY_LEFT ? left : right);
		}
	}
}

static void add_attributes(
    const struct schema_change *change, const char *left, const char *right, struct json *object)
{
	const struct schema_attribute *attributes = change->left->kind->attributes;
	struct json *array = json_add_array(object, "attributes");
	for (unsigned i = 0; attributes[i].name != NULL; i++) {
		if ((change->attributes & 1U << i) == 0)
			continue;
		CLEANUP(buf_free) struct buf old = buf_init(64 << 20);
		CLEANUP(buf_free) struct buf new = buf_init(64 << 20);
		struct json *item = json_add_object(array, NULL);
		print_value(&attributes[i], change->left->values[i], &old);
		print_value(&attributes[i], change->right->values[i], &new);
		json_add_text(item, "name", attributes[i].name);
		json_add_text(item, left, change->left->values[i] == NULL ? NULL : old.data);
		json_add_text(item, right, change->right->values[i] == NULL ? NULL : new.data);
	}
	json_add_bool(object, "moved", change->moved);
}

static void add_change(
    const struct schema_change *change, const char *left, const char *right, struct json *object)
{
	CLEANUP(buf_free) struct buf only = buf_init(256);
	const struct schema_object *it = schema_change_object(change);
	buf_printf(&only, "only-%s", change->difference == SCHEMA_ONLY_LEFT ? left : right);
	json_add_text(object, "difference",
	    change->from != NULL                   ? "renamed"
	    : change->difference == SCHEMA_CHANGED ? "changed"
						   : only.data);
	json_add_text(object, "kind", it->kind->name);
	if (it->kind->in_schema)
		json_add_text(object, "schema", it->schema);
	if (it->kind->parent != NULL)
		json_add_text(object, it->kind->parent->name, it->parent);
	json_add_text(object, "name", it->name);
	if (change->from != NULL)
		json_add_text(object, "renamedFrom", change->from->name);
	if (change->difference == SCHEMA_CHANGED)
		add_attributes(change, left, right, object);
}

void schema_diff_json(
    const struct schema_diff *diff, const char *left, const char *right, struct json *object)
{
	json_add_bool(object, "equal", diff->count == 0);
	struct json *array = json_add_array(object, "differences");
	for (size_t i = 0; i < diff->count; i++)
		add_change(&diff->changes[i], left, right, json_add_object(array, NULL));
}
