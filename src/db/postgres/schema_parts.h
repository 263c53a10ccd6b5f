/* What reading the schema, its canonical form and the making of statements share. */
#ifndef DB_ENTRY_DB_POSTGRES_SCHEMA_PARTS_H
#define DB_ENTRY_DB_POSTGRES_SCHEMA_PARTS_H

#include "db/postgres/kinds.h"
#include "db/postgres/postgres.h"

/* --- schema_read.c --- */

/*
 * Read what is there into `ret`, which is empty but for its kinds, and not settled afterwards. In a
 * transaction whose search path is set. `prefix`: only schemas whose names begin so, and nothing
 * that is in no schema; NULL: all.
 */
bool pg_schema_read(
    struct pg_db *s, const char *prefix, struct schema *ret, struct arena *arena, struct err *err);

/*
 * A place in time to read at: a transaction of its own, or a savepoint in the one that is open. The
 * search path is `path`, as SET takes it; whatever else decides how the server writes things is the
 * same everywhere. `mode` of a transaction: "READ ONLY". pg_schema_leave() undoes all that was
 * done, whatever happened meanwhile.
 */
bool pg_schema_enter(struct pg_db *s, const char *path, const char *mode, struct err *err);
void pg_schema_leave(struct pg_db *s);

/* The current schema, quoted; NULL when the search path has none that is there. */
const char *pg_schema_quoted(struct pg_db *s, struct arena *arena);

/* --- schema_names.c --- */

/*
 * True when a constraint or index is called as the server calls one by itself: then it has no name
 * in the model, as one that people wrote without. `made`: the names of its columns, with "_"
 * between; NULL when none counts.
 */
bool pg_name_is_made(
    const struct schema_kind *kind, const char *name, const char *table, const char *made);

/* `made` of an object as people wrote it. False when that can't be known. */
bool pg_name_made_of(const struct schema *schema, const struct schema_object *object,
    const char **made, struct arena *arena);

/* A column, or the function that is called; NULL for other expressions. */
const char *pg_name_of_term(const char *term, size_t len, struct arena *arena);

/* The columns in CREATE INDEX, as SCHEMA_TERMS. */
const char *pg_index_terms(const char *definition, struct arena *arena);

/* --- schema_ddl.c: statements that make what an object says --- */

enum pg_ddl {
	PG_DDL_WHOLE, /* all of it; of a table with its columns and constraints */
	PG_DDL_BARE,  /* of a table nothing but its name */
	PG_DDL_PART   /* a column, constraint, index and so on, for a table that is there */
};

/* What constraints and indexes are called there, with their place in `written` behind it. */
#define PG_DDL_NAME "db_entry_"

/*
 * One statement for an object of `written`, in the schema of that quoted name. False when there is
 * none: for what only points at other things by name, or is in no schema.
 */
bool pg_ddl(const struct schema *written, size_t object, enum pg_ddl what, const char *schema,
    struct buf *out);

#endif
