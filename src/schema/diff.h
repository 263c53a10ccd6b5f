/* What two models have not in common, object by object. A pure function. */
#ifndef DB_ENTRY_SCHEMA_DIFF_H
#define DB_ENTRY_SCHEMA_DIFF_H

#include "base/buf.h"
#include "base/json.h"
#include "schema/schema.h"

enum schema_difference {
	SCHEMA_ONLY_LEFT,
	SCHEMA_ONLY_RIGHT,
	SCHEMA_CHANGED
};

struct schema_change {
	enum schema_difference difference;
	const struct schema_object *left, *right; /* NULL on the side that lacks it */
	unsigned attributes; /* bit i: kind->attributes[i] differs; for SCHEMA_CHANGED */
	bool moved;          /* it has another place among those that both sides have */
	/* For SCHEMA_CHANGED: the right side's object under the name it still has there, when the
	 * left one says that it is renamed (schema/rename.h); else NULL. */
	const struct schema_object *from;
};

/* The object of a change: the left side's where it has one. */
static inline const struct schema_object *schema_change_object(const struct schema_change *change)
{
	return change->left != NULL ? change->left : change->right;
}

struct schema_diff {
	struct schema_change *changes; /* in the arena, in canonical order */
	size_t count, capacity;
	size_t only_left, only_right, changed; /* how many of each */
};

/*
 * `partial`: the left side states only some things (a mirror of version 1 or 2): what it leaves out
 * of an object is not compared, and kinds it has none of are not either; of a type the family
 * counts; what has no name there is found by its columns. Children of an object that only one side
 * has are not told one by one. Both sides are settled and have the same kinds.
 *
 * Where the left side renames something, both sides are compared, and told, in its new names; the
 * objects of the changes are then copies.
 */
void schema_diff(struct schema_diff *diff, const struct schema *left, const struct schema *right,
    bool partial, struct arena *arena);

/*
 * For people, a line an object and one more for each changed attribute, old → new. The sides are
 * called as given: "mirror" and "database".
 */
void schema_diff_print(
    const struct schema_diff *diff, const char *left, const char *right, struct buf *out);
void schema_diff_json(
    const struct schema_diff *diff, const char *left, const char *right, struct json *object);

#endif
