/* The kinds of objects a SQLite database has. */
#ifndef DB_ENTRY_DB_SQLITE_KINDS_H
#define DB_ENTRY_DB_SQLITE_KINDS_H

#include "schema/schema.h"

extern const struct schema_kind sqlite_kind_table, sqlite_kind_column, sqlite_kind_primary_key,
    sqlite_kind_unique, sqlite_kind_check, sqlite_kind_foreign_key, sqlite_kind_index,
    sqlite_kind_view, sqlite_kind_trigger, sqlite_kind_virtual_table;

/* All of them, ended by NULL. */
extern const struct schema_kind *const sqlite_kinds[];

#endif
