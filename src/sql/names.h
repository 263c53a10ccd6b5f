/* Names in SQL: which a statement has, and how one is written. */
#ifndef DB_ENTRY_SQL_NAMES_H
#define DB_ENTRY_SQL_NAMES_H

#include "base/buf.h"
#include "sql/dialect.h"
#include "sql/script.h"
#include <stdbool.h>
#include <stddef.h>

/* True when one of its words or quoted identifiers is `name`, ASCII case ignored. */
bool sql_names(const struct dialect *dialect, const char *text, size_t len, const char *name);

/* The same of a statement, and of any of a script's. */
bool sql_statement_names(const struct sql_statement *statement, const char *name);
bool sql_script_names(const struct sql_script *script, const char *name);

/* Append a name as an identifier in quotes: any name, a keyword too. */
void sql_quote(const struct dialect *dialect, const char *name, struct buf *out);

#endif
