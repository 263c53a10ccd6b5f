/*
 * Renames that a mirror announces: an object says what it was called, and the database still calls
 * it so.
 */
#ifndef DB_ENTRY_SCHEMA_RENAME_H
#define DB_ENTRY_SCHEMA_RENAME_H

#include "schema/schema.h"

struct schema_rename {
	const struct schema_object *to;   /* in the planned model; it has `renamed_from` */
	const struct schema_object *from; /* the same in the other one */
};

struct schema_renames {
	struct schema_rename *items; /* in the arena */
	size_t count, capacity;
};

/*
 * Those that are still to be done: `there` has the old name and lacks the new one, and `planned`
 * has nothing else of the old name. Both are settled.
 */
void schema_renames_find(struct schema_renames *renames, const struct schema *planned,
    const struct schema *there, struct arena *arena);

/* What `from` says of renames, on the same objects of `to`: its canonical form has lost it. */
void schema_renames_carry(struct schema *to, const struct schema *from);

/*
 * The model in new names: what is renamed has its new name and `renamed_from`, and so it is called
 * by all that speak of it: parts of a table, foreign keys, expressions. Not by views, which may
 * mean a column of another table. Settled; objects are copies.
 */
struct schema schema_renamed(
    const struct schema *schema, const struct schema_renames *renames, struct arena *arena);

#endif
