/*
 * A growing byte buffer with a maximum, always NUL-terminated.
 *
 * What would go past the maximum is not added, nor is anything after it: the buffer keeps what it
 * has, `overflow` stays set, and the owner checks it once at the end. Out of memory ends the
 * process (base/err.h).
 */
#ifndef DB_ENTRY_BASE_BUF_H
#define DB_ENTRY_BASE_BUF_H

#include "base/cleanup.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* never NULL after buf_init; data[len] is NUL */
	size_t len;
	size_t max; /* bytes without the NUL */
	size_t cap;
	bool overflow;
};

/* An empty buffer that will hold at most `max` bytes. Allocates nothing until something is added.
 */
struct buf buf_init(size_t max);

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Empty it and clear `overflow`, keeping the memory. */
void buf_reset(struct buf *buf);

/* Free it; safe on a zeroed struct and twice. */
void buf_free(struct buf *buf);

/* Overwrite the bytes, then free: for secrets. */
void buf_wipe(struct buf *buf);

#endif
