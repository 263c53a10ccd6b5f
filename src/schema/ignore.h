/*
 * Objects that comparing leaves out: DB_ENTRY_IGNORE.
 *
 * `globs` are patterns of fnmatch(3), separated by commas or blanks: `*`, `?`, `[…]`; a backslash
 * takes the next character as it is. ASCII case doesn't count. Empty parts, and NULL for all of it,
 * match nothing; there is no malformed one, for what fnmatch() can't read as a pattern it takes as
 * it is.
 */
#ifndef DB_ENTRY_SCHEMA_IGNORE_H
#define DB_ENTRY_SCHEMA_IGNORE_H

#include "schema/schema.h"

/*
 * True when a glob matches the name of the table or other top-level object that it is, belongs to
 * or stands on (a trigger), or `schema.name` where the engine has schemas; of an index or trigger
 * its own name counts, too.
 */
bool schema_ignored(
    const struct schema *schema, const struct schema_object *object, const char *globs);

/* Make it the model without them, settled. The objects that were there stay in their memory. */
void schema_ignore(struct schema *schema, const char *globs, struct arena *arena);

/* Make it have those it leaves out as `other` has them: neither more nor less. Settled. */
void schema_ignore_as_in(
    struct schema *schema, const struct schema *other, const char *globs, struct arena *arena);

#endif
