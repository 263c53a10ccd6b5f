/*
 * The schema model: a database's objects as data, the same for every engine.
 *
 * An object is {kind, schema, name, parent, position, attributes}. The kinds are the driver's:
 * which there are, which attributes they have, and how each is compared. Everything that works on
 * models (mirror, diff, snapshot) knows only this.
 */
#ifndef DB_ENTRY_SCHEMA_SCHEMA_H
#define DB_ENTRY_SCHEMA_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "sql/dialect.h"
#include <stdbool.h>
#include <stddef.h>

/* What an attribute's value is, and when two are equal. */
enum schema_type {
	SCHEMA_TEXT,  /* by bytes */
	SCHEMA_NAME,  /* an identifier or a keyword: ASCII case doesn't count */
	SCHEMA_SQL,   /* a type, an expression, a statement: by tokens; space, comments, the case of
			 words and quoting style don't count */
	SCHEMA_BOOL,  /* "true"; absent or "false" for false */
	SCHEMA_NAMES, /* names, separated by SCHEMA_SEPARATOR; order counts, and case where the
			 dialect says so */
	SCHEMA_TERMS  /* the same of SQL: "a", "lower(b) DESC" */
};

#define SCHEMA_SEPARATOR '\x1f'

struct schema_attribute {
	const char *name; /* in the mirror: "notNull" */
	enum schema_type type;
	bool family; /* a type: a partial model tells only its family, as schema_family() */
	bool refers; /* it names a table or another top-level object: "references" */
	bool loose;  /* everyday use changes it: no drift by itself */
	/* Its names are columns of what this attribute names: "references"; NULL: of the object's
	 * own parent, if any. */
	const char *columns_of;
};

enum {
	SCHEMA_ATTRIBUTES_MAX = 24, /* of a kind */
	SCHEMA_KINDS_MAX = 64       /* of an engine */
};

struct schema_kind {
	const char *name;   /* for people: "foreign key" */
	const char *plural; /* its key in the mirror: "foreignKeys"; where `single` "primaryKey" */
	const struct schema_kind *parent; /* it belongs to one of those, and is written inside it */
	bool single;    /* at most one a parent, without a name of its own that counts */
	bool ordered;   /* its position among its siblings counts: columns */
	bool in_schema; /* the engine has schemas, and it is in one */
	bool renames;   /* a mirror's "renamedFrom" counts: the engine can rename it */
	bool own_name;  /* a part known by its own name all over its schema: indexes, triggers */
	bool exact;     /* case counts in its name, also where the dialect's names are not exact */
	/* Everyday use adds those that have this attribute: no drift. "partitionOf"; NULL: none. */
	const char *joins;
	/* The attribute that names objects without a name: "columns"; NULL: all have one. */
	const char *named_by;
	/*
	 * For partial models: what may stand in for it, having the same `named_by`. An index that
	 * is "unique" for a unique constraint. NULL: nothing.
	 */
	const struct schema_kind *stand_in;
	const struct schema_attribute *attributes; /* ends with name NULL */
};

struct json;

struct schema_object {
	const struct schema_kind *kind;
	const char *schema; /* "" where the engine has none */
	const char *given;  /* its name in the database; NULL: it has none */
	const char *name;   /* unique among its siblings of the kind; made by schema_settle() */
	const char *parent; /* name of the parent; "" when there is none */
	int position;       /* among siblings of its kind */
	const char *values[SCHEMA_ATTRIBUTES_MAX]; /* as kind->attributes; NULL: absent */
	const struct json *origin; /* what a mirror says of it; NULL when it is from elsewhere */
	const char *renamed_from;  /* what a mirror says it was called; NULL: nothing */
};

struct schema {
	const struct schema_kind *const *kinds; /* ends with NULL; parents before children */
	const struct dialect *dialect;          /* for comparing SQL */
	const char *engine;                     /* "sqlite" */
	const char *version;           /* of the engine it was read from: "3.40.1"; NULL unknown */
	struct schema_object *objects; /* in the arena given to schema_add() */
	size_t count, capacity;
	const struct schema_object **by_name; /* made by schema_settle() */
};

/* A new object of a kind, with the rest zeroed, for the caller to fill. Pointers from earlier calls
 * are invalid afterwards. */
struct schema_object *schema_add(
    struct schema *schema, const struct schema_kind *kind, struct arena *arena);

/* The kind of that plural; NULL when the engine has none. */
const struct schema_kind *schema_kind_of(const struct schema *schema, const char *plural);

/* The index of an attribute in a kind; -1 when it has none of that name. */
int schema_attribute_of(const struct schema_kind *kind, const char *name);

/* An attribute's value; NULL when it is absent or the kind has none of that name. */
const char *schema_value(const struct schema_object *object, const char *attribute);

/* Set one. Attributes the kind does not have are a programmer's error. */
void schema_set(struct schema_object *object, const char *attribute, const char *value);

/*
 * Make the names (`given`, or made of `named_by`; " #2" behind those that are not unique), put the
 * objects into canonical order: by table or other top-level object, inside it by kind, then
 * position or name. Needed before everything below; done by every reader.
 */
void schema_settle(struct schema *schema, struct arena *arena);

/* Canonical order of two objects of models with these kinds. */
int schema_compare(
    const struct schema *schema, const struct schema_object *a, const struct schema_object *b);

/* The order of `by_name`: the same, but that siblings of an ordered kind are in order of names. */
int schema_compare_names(
    const struct schema *schema, const struct schema_object *a, const struct schema_object *b);

/* The object of that kind, schema, parent and name (ASCII case ignored, unless the dialect has
 * exact names); NULL when absent. */
const struct schema_object *schema_find(const struct schema *schema, const struct schema_kind *kind,
    const char *schema_name, const char *parent, const char *name);

/* The object that has the same kind, schema, parent and name. */
const struct schema_object *schema_find_same(
    const struct schema *schema, const struct schema_object *object);

/*
 * For each object of `schema`, by its place there, the one of `other` that has the same kind,
 * schema, parent and name, or NULL; in the arena.
 */
const struct schema_object **schema_namesakes(
    const struct schema *schema, const struct schema *other, struct arena *arena);

/* The parent of an object, NULL when it has none. */
const struct schema_object *schema_parent(
    const struct schema *schema, const struct schema_object *object);

/* Tables are the first of an engine's kinds. */
size_t schema_count_tables(const struct schema *schema);

/* The table of that name, of the first schema that has one; NULL when none has. */
const struct schema_object *schema_find_table(const struct schema *schema, const char *name);

/* True when two values of an attribute say the same. */
bool schema_same_value(
    const struct schema *schema, enum schema_type type, const char *a, const char *b);

/*
 * The family of a type, for models that tell no more: "integer", "number", "text", "binary"; NULL
 * when it is none of these, or can be kept in several.
 */
const char *schema_family(const char *type);

/* SHA-256 over what the model says, in canonical form. */
void schema_digest(const struct schema *schema, char hex[65]);

/* "users.email", safe on a terminal. */
void schema_show_name(const struct schema_object *object, struct buf *out);

/* "column users.email", "foreign key orders (user_id)", safe on a terminal. */
void schema_label(const struct schema_object *object, struct buf *out);

/* A value in one line, safe on a terminal; lists with commas. NULL: "none". */
void schema_show(const char *value, struct buf *out);

#endif
