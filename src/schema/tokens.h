/* Values by their tokens: when SQL says the same, however it is written. For schema/ alone. */
#ifndef DB_ENTRY_SCHEMA_TOKENS_H
#define DB_ENTRY_SCHEMA_TOKENS_H

#include "schema/schema.h"

/*
 * True when both have the same tokens, space and comments left out: words and quoted
 * identifiers without regard to case and the kind of quotes, but for two in double quotes, which
 * may be texts, and for dialects with exact names.
 */
bool schema_tokens_same(const struct dialect *dialect, const char *a, const char *b);

/*
 * A value in a form that is the same for all that are written alike but for space, comments, and
 * case and quotes of names: to know again what has no other name.
 */
void schema_tokens_name(
    const struct dialect *dialect, enum schema_type type, const char *value, struct buf *out);

/* A value with one name for another wherever that is a whole name; all else stays as written. */
void schema_tokens_rename(const struct dialect *dialect, const char *value, const char *from,
    const char *to, struct buf *out);

/* A name as SQL: quoted when it is no plain word. */
void schema_tokens_quote(const struct dialect *dialect, const char *name, struct buf *out);

#endif
