#include "base/buf.h"
#include "base/err.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_CAP = 128
};

/* What an empty buffer points to; never written to, because its capacity is 0. */
static char nothing[1];

struct buf buf_init(size_t max)
{
	return (struct buf){.data = nothing, .max = max};
}

/* Growing copies by hand rather than by realloc(), so that no secret stays behind (buf_wipe). */
static void grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap * 2;
	char *data;

	if (cap > buf->max && buf->max < SIZE_MAX)
		cap = buf->max + 1;
	if (cap < FIRST_CAP)
		cap = FIRST_CAP;
	if (cap < need)
		cap = need;
	data = malloc(cap);
	if (data == NULL)
		err_die("out of memory");
	if (buf->len > 0)
		memcpy(data, buf->data, buf->len);
	data[buf->len] = '\0';
	if (buf->cap > 0) {
		explicit_bzero(buf->data, buf->len);
		free(buf->data);
	}
	buf->data = data;
	buf->cap = cap;
}

/* Make room for `len` more bytes and the NUL; false when the maximum forbids it. */
static bool reserve(struct buf *buf, size_t len)
{
	if (buf->overflow || len > buf->max - buf->len) {
		buf->overflow = true;
		return false;
	}
	if (len > PTRDIFF_MAX - buf->len - 1)
		err_die("out of memory");
	if (buf->len + len + 1 > buf->cap)
		grow(buf, buf->len + len + 1);
	return true;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	if (len == 0 || !reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		err_die("a text could not be formatted");
	if (n == 0 || !reserve(buf, (size_t)n))
		return;
	vsnprintf(buf->data + buf->len, (size_t)n + 1, format, args);
	buf->len += (size_t)n;
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->cap > 0)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	if (buf->cap > 0)
		free(buf->data);
	*buf = buf_init(buf->max);
}

void buf_wipe(struct buf *buf)
{
	if (buf->cap > 0)
		explicit_bzero(buf->data, buf->cap);
	buf_free(buf);
}
