/* Writing a dump: in large pieces, digested, with the first error kept for the end of the table. */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OUT = 256 * 1024,
	LINE = 4096
};

void my_writer_open(struct my_writer *w, struct sink *sink, const struct stop *stop)
{
	*w = (struct my_writer){.sink = sink, .stop = stop, .digest = digest_new()};
	w->out = malloc(OUT);
	if (w->out == NULL)
		err_die("out of memory");
}

void my_writer_free(struct my_writer *w)
{
	free(w->out);
	w->out = NULL;
	digest_free(&w->digest);
}

static void hand_on(struct my_writer *w)
{
	if (!w->failed && w->len > 0) {
		digest_add(w->digest, w->out, w->len);
		w->failed = !sink_write(w->sink, w->out, w->len, w->stop, &w->err);
		w->written += (int64_t)w->len;
		if (w->moved != NULL)
			w->moved(w->context);
	}
	w->len = 0;
}

char *my_writer_room(struct my_writer *w, size_t len)
{
	if (w->len + len > OUT)
		hand_on(w);
	return w->out + w->len;
}

void my_write(struct my_writer *w, const void *data, size_t len)
{
	const char *from = data;
	while (len > 0) {
		size_t part = len < MY_ROOM ? len : MY_ROOM;
		memcpy(my_writer_room(w, part), from, part);
		w->len += part;
		from += part;
		len -= part;
	}
}

void my_write_text(struct my_writer *w, const char *text)
{
	my_write(w, text, strlen(text));
}

void my_write_format(struct my_writer *w, const char *format, ...)
{
	char line[LINE];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len > 0)
		my_write(w, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

void my_write_name(struct my_writer *w, const char *name)
{
	my_write(w, "`", 1);
	for (const char *tick; (tick = strchr(name, '`')) != NULL; name = tick + 1) {
		my_write(w, name, (size_t)(tick - name));
		my_write(w, "``", 2);
	}
	my_write_text(w, name);
	my_write(w, "`", 1);
}

/* In one line: a name may hold line breaks. */
void my_write_mark(struct my_writer *w, const char *kind, const char *name)
{
	my_write_text(w, MY_DUMP_MARK);
	my_write_text(w, kind);
	my_write(w, " ", *name != '\0');
	for (; *name != '\0'; name++) {
		if (*name == '\\' || *name == '\n' || *name == '\r')
			my_write(w, "\\", 1);
		my_write(w, *name == '\n' ? "n" : *name == '\r' ? "r" : name, 1);
	}
	my_write(w, "\n", 1);
}

static int64_t position(const struct my_writer *w)
{
	return w->written + (int64_t)w->len;
}

void my_write_begin(struct my_writer *w)
{
	w->statement = position(w);
}

void my_write_end(struct my_writer *w)
{
	int64_t len = position(w) - w->statement;
	if (len > w->longest)
		w->longest = len;
}

/* One the text does not hold, so that whoever looks for it finds its end, whatever it is. */
static void choose_delimiter(const char *text, size_t len, char *delimiter, size_t size)
{
	snprintf(delimiter, size, ";;");
	for (unsigned i = 1; memmem(text, len, delimiter, strlen(delimiter)) != NULL; i++)
		snprintf(delimiter, size, "$%u$", i);
}

void my_write_delimited(struct my_writer *w, const char *text, size_t len)
{
	char delimiter[16];
	choose_delimiter(text, len, delimiter, sizeof(delimiter));
	my_write_format(w, "DELIMITER %s\n", delimiter);
	my_write_begin(w);
	my_write(w, text, len);
	my_write_end(w);
	/* On a line of its own: the text may end with a comment. */
	my_write_format(w, "\n%s\nDELIMITER ;\n", delimiter);
}

bool my_writer_flush(struct my_writer *w, struct err *err)
{
	hand_on(w);
	if (w->failed)
		*err = w->err;
	return !w->failed;
}
