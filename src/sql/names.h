/* Names in SQL: which a statement has, and how one is written. */
#ifndef DB_ENTRY_SQL_NAMES_H
#define DB_ENTRY_SQL_NAMES_H

#include "base/buf.h"
#include "sql/dialect.h"
#include <stdbool.h>
#include <stddef.h>

/* True when one of its words or quoted identifiers is `name`, ASCII case ignored. */
bool sql_names(const struct dialect *dialect, const char *text, size_t len, const char *name);

/* Append a name as an identifier in quotes: any name, a keyword too. */
void sql_quote(const struct dialect *dialect, const char *name, struct buf *out);

#endif
