/* A value as a literal. This is where a dump's time goes, beside the server and the compression. */
#include "db/mariadb/dump.h"
#include <stdint.h>
#include <string.h>

enum {
	PIECE = MY_ROOM / 2 - 16, /* of a value, at once: it may double */
	HEX_MOST = 1 << 20        /* beyond, a literal twice as long may be too long for a packet */
};

/* What stands behind the backslash; 0: the byte stands for itself. */
static const char escapes[256] = {
    ['\0'] = '0', ['\n'] = 'n', ['\r'] = 'r', ['\x1a'] = 'Z', ['\''] = '\'', ['\\'] = '\\'};

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Is one of eight bytes less than `least`? Least is at most 128. */
#define HAS_LESS(x, least) (((x)-EACH(least)) & ~(x)&EACH(0x80))

/* No byte that would need escaping is missed; some that need none are looked at more closely. */
static inline bool may_need_escape(uint64_t eight)
{
	return (HAS_LESS(eight, 0x1b) | HAS_LESS(eight ^ EACH('\''), 1) |
		   HAS_LESS(eight ^ EACH('\\'), 1)) != 0;
}

static inline char *escape_byte(char *to, char byte)
{
	char escape = escapes[(unsigned char)byte];
	if (escape == 0) {
		*to++ = byte;
		return to;
	}
	*to++ = '\\';
	*to++ = escape;
	return to;
}

static char *escape(char *to, const char *from, size_t len)
{
	const char *end = from + len;
	while (end - from >= 8) {
		uint64_t eight;
		memcpy(&eight, from, 8);
		if (may_need_escape(eight)) {
			for (int i = 0; i < 8; i++)
				to = escape_byte(to, from[i]);
		} else {
			memcpy(to, &eight, 8);
			to += 8;
		}
		from += 8;
	}
	while (from < end)
		to = escape_byte(to, *from++);
	return to;
}

static char *hex(char *to, const char *from, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)from[i];
		*to++ = digits[byte >> 4];
		*to++ = digits[byte & 15];
	}
	return to;
}

static void write_pieces(struct my_writer *w, char *(*convert)(char *, const char *, size_t),
    const char *data, size_t len)
{
	while (len > 0) {
		size_t part = len < PIECE ? len : PIECE;
		char *room = my_writer_room(w, 2 * part);
		w->len += (size_t)(convert(room, data, part) - room);
		data += part;
		len -= part;
	}
}

static void write_text(struct my_writer *w, const char *data, size_t len)
{
	if (len > PIECE) {
		my_write(w, "'", 1);
		write_pieces(w, escape, data, len);
		my_write(w, "'", 1);
		return;
	}
	char *room = my_writer_room(w, 2 * len + 2), *to = room;
	*to++ = '\'';
	to = escape(to, data, len);
	*to++ = '\'';
	w->len += (size_t)(to - room);
}

static void write_bytes(struct my_writer *w, const char *data, size_t len)
{
	if (len == 0) {
		my_write(w, "''", 2);
	} else if (len > HEX_MOST) {
		my_write(w, "_binary", 7);
		write_text(w, data, len);
	} else {
		my_write(w, "0x", 2);
		write_pieces(w, hex, data, len);
	}
}

void my_write_cell(struct my_writer *w, enum my_cell kind, const char *data, size_t len)
{
	if (data == NULL) {
		my_write(w, "NULL", 4);
		return;
	}
	switch (kind) {
	case MY_CELL_PLAIN:
		my_write(w, data, len);
		break;
	case MY_CELL_BYTES:
		write_bytes(w, data, len);
		break;
	case MY_CELL_TEXT:
		write_text(w, data, len);
		break;
	}
}
