/* What foreign keys take along: the engine changes rows of other tables by itself, and counts none.
 */
#ifndef DB_ENTRY_DB_MARIADB_CASCADE_H
#define DB_ENTRY_DB_MARIADB_CASCADE_H

#include "db/mariadb/change.h"
#include "db/mariadb/mariadb.h"

/* Rows of a table, or values of a column of it, that may go with what is changed. */
struct my_taken {
	const char *schema, *table;
	const char *column; /* NULL: rows, as a whole */
	const char *rule;   /* "ON DELETE CASCADE" */
	const char *parent; /* the table whose change it is */
};

struct my_cascades {
	struct db_rows rows; /* of cascades.sql */
	struct my_taken *taken;
	size_t count, capacity;
	struct arena *arena;
};

/* All foreign keys that do more than refuse: the rows of cascades.sql, in the arena. */
bool my_cascades_read(struct my_db *s, struct arena *arena, struct db_rows *rows, struct err *err);

/* *any: such a key refers to one of the tables in s->named. */
bool my_cascades_any(struct my_db *s, bool *any, struct err *err);

/*
 * Add what goes with rows of a table that are deleted, or (not `deleted`) updated in the columns
 * that stand in `sets` by their names; NULL: any may be.
 */
void my_cascades_add(struct my_cascades *cascades, const char *schema, const char *table,
    bool deleted, const char *sets);

/*
 * Which columns of a table an UPDATE sets, as my_cascades_add() takes them: also those that the
 * server sets by itself, as far as a foreign key of `cascades` may act on them.
 */
bool my_cascades_sets(struct my_db *s, const struct my_cascades *cascades, const char *schema,
    const char *table, const struct my_change *change, const char **sets, struct err *err);

/* The column of a table to which the key in row `i` refers that acts on an UPDATE; NULL: none. */
const char *my_cascades_key(
    const struct my_cascades *cascades, size_t i, const char *schema, const char *table);

/* What a statement may take along of which nobody knows what it changes: by the tables it names. */
void my_cascades_add_named(struct my_cascades *cascades, const char *text);

/* And where a name leads to a table of another name: as of all that others refer to. */
void my_cascades_add_all(struct my_cascades *cascades, bool deleted, const char *sets);

/* Has a table, quoted, any row under a condition (" WHERE …", or "")? Now, or earlier. */
bool my_table_has_rows(
    struct my_db *s, const char *table, const char *where, bool *has, struct err *err);

/* Could it be there? Asked by session `s`. True too where it can't be read. */
bool my_taken_has_rows(struct my_db *s, const struct my_taken *taken);

/* "rows of piece", "column piece.owner" */
const char *my_taken_object(
    const struct my_db *s, const struct my_taken *taken, struct arena *arena);

/* A table's name in messages: in lower case, and without the session's database. */
const char *my_title(
    const struct my_db *s, const char *schema, const char *name, struct arena *arena);

#endif
