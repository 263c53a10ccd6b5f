/*
 * The mirror: the schema as JSON beside the code (db/schema/tables.json), for people and programs
 * that plan changes. docs/mirror-format.md describes version 3, which is written; versions 1 and 2
 * are read, in all spellings seen.
 *
 * A mirror that can't be read is an error, of its syntax with line and column, never an empty
 * schema. What is written keeps every key it does not know and the order of objects and keys, so
 * that version control shows the real change and nothing else.
 */
#ifndef DB_ENTRY_SCHEMA_MIRROR_H
#define DB_ENTRY_SCHEMA_MIRROR_H

#include "base/err.h"
#include "base/json.h"
#include "schema/schema.h"

enum {
	MIRROR_MAX = 64 << 20
};

/* A key that nobody reads: a misspelt one, or somebody's own without "x-". */
struct mirror_unknown {
	const char *where; /* "tables[0].columns[2]"; "" for the document itself */
	const char *key;
	const char *nearest; /* of the keys known there; NULL: none is near */
	int line, column;    /* 1-based */
};

enum {
	MIRROR_UNKNOWN_MOST = 50
};

struct mirror {
	const char *path;
	int version;          /* 1, 2 or 3; 0: there is no file */
	bool partial;         /* it states only some things: versions 1 and 2 */
	struct schema schema; /* what it states, settled; texts are in the arena */
	struct arena *arena;
	struct json *document; /* in the form of version 3; NULL when there is no file */
	const char *foreign;   /* with ERR_CONFIG: the engine it is of, in the arena; else NULL */
	struct mirror_unknown *unknown; /* of version 3; kept when it is written */
	size_t unknown_count, unknown_capacity;
	size_t unknown_more; /* beyond MIRROR_UNKNOWN_MOST, counted only */
};

/*
 * Read it; a missing file is version 0 and no error. `model` gives kinds, dialect and engine, the
 * driver's, and is otherwise empty. ERR_MALFORMED when it can't be read; ERR_CONFIG with `foreign`
 * set when it is of another engine, which a caller may take for "there is none for this database".
 * Close with mirror_close() whatever it returns.
 */
bool mirror_read(struct mirror *mirror, const char *path, const struct schema *model,
    struct arena *arena, struct err *err);

/* The same from a text. */
bool mirror_parse(struct mirror *mirror, const char *text, size_t len, const char *path,
    const struct schema *model, struct arena *arena, struct err *err);

/*
 * Write version 3 of `schema` over what was read: known keys are replaced where they say something
 * else, unknown ones and all order kept, objects that are gone removed, new ones added behind the
 * others of their kind. Atomic; a mirror that would say the same is not written.
 */
bool mirror_write(
    const struct mirror *mirror, const struct schema *schema, bool *changed, struct err *err);

/* The text mirror_write() would write. */
bool mirror_text(
    const struct mirror *mirror, const struct schema *schema, struct buf *out, struct err *err);

/*
 * The shorthand of `mirror add-table --columns`:
 * "id:uuid:pk,price:decimal(10,2),email:text:unique". Split on commas outside parentheses, then on
 * colons; flags pk|primary|primarykey, unique, notnull|not-null|required, null|nullable. Adds the
 * table and its columns to `schema`, which needs to be settled afterwards. ERR_USAGE names the
 * column and flag.
 */
bool mirror_add_shorthand(struct schema *schema, const char *table, const char *columns,
    struct arena *arena, struct err *err);

/* For people, in a line, safe on a terminal: what it is and which key may be meant. */
void mirror_unknown_text(const struct mirror_unknown *unknown, struct buf *out);

void mirror_close(struct mirror *mirror);

/* A table or column says with it what it was called. */
#define MIRROR_RENAMED "renamedFrom"

/* For schema/ alone: where in a document; a text only when there is something to complain of. */
struct mirror_place {
	const struct mirror_place *outer;
	const char *key;
	int index; /* in the list of that key; -1: it is no list */
};
void mirror_place_print(const struct mirror_place *place, struct buf *out);

/* For schema/ alone: fill in `unknown`; the text is the one the document was read from. */
void mirror_find_unknown(struct mirror *mirror, const char *text, size_t len);

/* For schema/ alone: what a flag of the shorthand or a constraint of version 1 says. */
enum mirror_flag {
	MIRROR_FLAG_NONE, /* unknown */
	MIRROR_FLAG_PRIMARY,
	MIRROR_FLAG_UNIQUE,
	MIRROR_FLAG_NOT_NULL,
	MIRROR_FLAG_NULL
};
enum mirror_flag mirror_flag(const char *word);

/* For schema/ alone: a document of version 1 or 2 in the form of version 3. */
struct json *mirror_upgrade(const struct json *old);

#endif
