/*
 * Long texts kept small in a text column that every database keeps alike: zstd (RFC 8878), then
 * base64 (RFC 4648).
 */
#ifndef DB_ENTRY_BASE_PACK_H
#define DB_ENTRY_BASE_PACK_H

#include "base/buf.h"
#include "base/err.h"

/* Append the packed text to `out`. */
void pack_text(const char *text, size_t len, struct buf *out);

/*
 * Append what was packed to `out`, at most out->max bytes. ERR_UNEXPECTED when it is damaged or
 * longer.
 */
bool unpack_text(const char *packed, struct buf *out, struct err *err);

#endif
