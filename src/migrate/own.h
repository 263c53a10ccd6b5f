/*
 * Our own SQL: statements on the tables db_entry_*, which are written `own.db_entry_…` wherever
 * they stand, with `?` for values.
 */
#ifndef DB_ENTRY_MIGRATE_OWN_H
#define DB_ENTRY_MIGRATE_OWN_H

#include "db/db.h"

static inline struct db_value own_text(const char *value)
{
	return (struct db_value){.type = value == NULL ? DB_NULL : DB_TEXT, .text = value};
}

static inline struct db_value own_number(int64_t value)
{
	return (struct db_value){.type = DB_INT, .number = value};
}

/* As the driver's query(). */
bool own_query(struct db *db, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err);

/* The same for a statement without rows. */
bool own_change(struct db *db, const char *sql, const struct db_value *values, size_t count,
    const struct stop *stop, struct err *err);

/* As the driver's ahead(), when it has one. */
void own_ahead(struct db *db, const char *const *queries, size_t count);

/* own_change() in an open transaction, as the driver's later(). */
bool own_later(struct db *db, const char *sql, const struct db_value *values, size_t count,
    const struct stop *stop, struct err *err);

#define OWN_CHANGE(db, sql, stop, err, ...)                                                        \
	own_change(db, sql, (const struct db_value[]){__VA_ARGS__},                                \
	    sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value), stop, err)

#endif
