/* Which names a statement has, for those who ask whether it can concern an object. */
#ifndef DB_ENTRY_SQL_NAMES_H
#define DB_ENTRY_SQL_NAMES_H

#include "sql/dialect.h"
#include <stdbool.h>
#include <stddef.h>

/* True when one of its words or quoted identifiers is `name`, ASCII case ignored. */
bool sql_names(const struct dialect *dialect, const char *text, size_t len, const char *name);

#endif
