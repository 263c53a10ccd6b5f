/* Reading a dump, statement by statement; of these it knows no more than where they end. */
#include "base/fs.h"
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CHUNK = 256 * 1024
};

static const char delimiter_word[] = "DELIMITER ";

static void reserve(struct my_script *s, size_t cap)
{
	if (cap <= s->cap)
		return;
	char *data = realloc(s->data, cap);
	if (data == NULL)
		err_die("out of memory");
	s->data = data;
	s->cap = cap;
}

/* More of it behind what is there; what is done makes room. */
static bool fill(struct my_script *s, const struct stop *stop, struct err *err)
{
	if (!stop_check(stop, err))
		return false;
	if (s->at > 0) {
		memmove(s->data, s->data + s->at, s->len - s->at);
		s->len -= s->at;
		s->at = 0;
	}
	if (s->cap - s->len <= CHUNK)
		reserve(s, 2 * (s->cap + CHUNK));
	ssize_t n = read(s->fd, s->data + s->len, CHUNK);
	if (n < 0)
		return err_errno(err, ERR_DATABASE, "can't read %s", s->path);
	s->len += (size_t)n;
	s->ended = n == 0;
	return true;
}

static bool fail_short(const struct my_script *s, struct err *err)
{
	return err_set(err, ERR_DATABASE, "%s is damaged: it ends in its middle", s->path);
}

/* So many bytes at least, if there are so many. */
static bool peek(struct my_script *s, size_t len, const struct stop *stop, struct err *err)
{
	while (s->len - s->at < len && !s->ended)
		if (!fill(s, stop, err))
			return false;
	return true;
}

static bool starts(const struct my_script *s, const char *text)
{
	size_t len = strlen(text);
	return s->len - s->at >= len && memcmp(s->data + s->at, text, len) == 0;
}

/* The next `len` bytes are done. */
static void consume(struct my_script *s, size_t len)
{
	if (s->digest != NULL)
		digest_add(s->digest, s->data + s->at, len);
	if (s->copy != NULL)
		buf_add(s->copy, s->data + s->at, len);
	s->at += len;
	s->done += (int64_t)len;
}

/* Where `needle` stands next, from `from` on. */
static bool find(struct my_script *s, const char *needle, size_t from, size_t *ret,
    const struct stop *stop, struct err *err)
{
	size_t len = strlen(needle);
	for (;;) {
		size_t have = s->len - s->at;
		const char *begin = s->data + s->at;
		const char *found =
		    have < from + len ? NULL : memmem(begin + from, have - from, needle, len);
		if (found != NULL) {
			*ret = (size_t)(found - begin);
			return true;
		}
		if (s->ended)
			return fail_short(s, err);
		if (have >= from + len)
			from = have - len + 1;
		if (!fill(s, stop, err))
			return false;
	}
}

/* --- Where a statement ends --- */

/* What goes on from one piece of it to the next. */
struct lexing {
	size_t at; /* from the statement's begin */
	char quote;
	bool escaped;
};

static bool is_plain(char c)
{
	return c != '\'' && c != '"' && c != '`' && c != ';';
}

/* True when its end is found, l->at is the `;` then. */
static bool lex(struct lexing *l, const char *text, size_t len)
{
	size_t at = l->at;
	char quote = l->quote;
	for (; at < len; at++) {
		char c = text[at];
		if (l->escaped) {
			l->escaped = false;
		} else if (quote != '\0') {
			if (c == quote)
				quote = '\0'; /* a doubled one begins another */
			else if (c == '\\' && quote != '`')
				l->escaped = true;
		} else if (!is_plain(c)) {
			if (c == ';')
				break;
			quote = c;
		}
	}
	l->at = at;
	l->quote = quote;
	return at < len;
}

static bool take_plain(
    struct my_script *s, struct my_part *part, const struct stop *stop, struct err *err)
{
	struct lexing l = {.at = 0};
	while (!lex(&l, s->data + s->at, s->len - s->at)) {
		if (s->ended)
			return fail_short(s, err);
		if (!fill(s, stop, err))
			return false;
	}
	*part = (struct my_part){MY_PART_STATEMENT, s->data + s->at, l.at};
	consume(s, l.at + 1);
	part->text[l.at] = '\0';
	return true;
}

static bool take_delimited(
    struct my_script *s, struct my_part *part, const struct stop *stop, struct err *err)
{
	static const char back[] = "DELIMITER ;\n";
	char ending[32];
	size_t line, end;
	if (!find(s, "\n", 0, &line, stop, err))
		return false;
	size_t word = strlen(delimiter_word);
	if (line - word > sizeof(ending) - 3)
		return err_set(err, ERR_DATABASE, "%s is damaged: a delimiter", s->path);
	snprintf(ending, sizeof(ending), "\n%.*s\n", (int)(line - word), s->data + s->at + word);
	if (!find(s, ending, line + 1, &end, stop, err) ||
	    !peek(s, end + strlen(ending) + strlen(back), stop, err))
		return false;
	*part = (struct my_part){MY_PART_STATEMENT, s->data + s->at + line + 1, end - line - 1};
	consume(s, end + strlen(ending));
	if (!starts(s, back))
		return fail_short(s, err);
	consume(s, strlen(back));
	part->text[part->len] = '\0';
	return true;
}

/* --- Lines between statements --- */

/* The last line: it says what all in front of its digest was. */
static bool finish(struct my_script *s, size_t line, const struct stop *stop, struct err *err)
{
	static const char word[] = " sha256=";
	char hex[DIGEST_HEX + 1];
	const char *begin = s->data + s->at;
	const char *found = memmem(begin, line, word, strlen(word));
	size_t front = found == NULL ? 0 : (size_t)(found - begin) + strlen(word);
	if (found == NULL || line - front != DIGEST_HEX)
		return fail_short(s, err);
	consume(s, front);
	digest_hex(s->digest, hex);
	if (memcmp(s->data + s->at, hex, DIGEST_HEX) != 0)
		return err_set(err, ERR_DATABASE,
		    "%s is damaged: it is not what was written into it", s->path);
	s->at += DIGEST_HEX + 1;
	return peek(s, 1, stop, err) &&
	       (s->at == s->len ||
		   err_set(err, ERR_DATABASE, "%s is damaged: it goes on behind its end", s->path));
}

static bool take_line(
    struct my_script *s, struct my_part *part, const struct stop *stop, struct err *err)
{
	size_t end;
	if (!find(s, "\n", 0, &end, stop, err))
		return false;
	size_t mark = strlen(MY_DUMP_MARK);
	bool marked = starts(s, MY_DUMP_MARK);
	char *line = s->data + s->at + (marked ? mark : 0);
	*part = (struct my_part){MY_PART_MARK, line, end - (marked ? mark : 0)};
	if (s->digest != NULL && starts(s, MY_DUMP_MARK "complete ")) {
		part->kind = MY_PART_END;
		return finish(s, end, stop, err);
	}
	consume(s, end + 1);
	line[part->len] = '\0';
	if (!marked)
		part->len = 0; /* a comment */
	return true;
}

bool my_script_next(
    struct my_script *s, struct my_part *part, const struct stop *stop, struct err *err)
{
	for (;;) {
		if (!peek(s, strlen(delimiter_word), stop, err))
			return false;
		if (s->at == s->len) {
			*part = (struct my_part){.kind = MY_PART_END};
			return s->digest == NULL || fail_short(s, err);
		}
		if (s->data[s->at] == '\n') {
			consume(s, 1);
			continue;
		}
		if (starts(s, delimiter_word))
			return take_delimited(s, part, stop, err);
		if (!starts(s, "--"))
			return take_plain(s, part, stop, err);
		if (!take_line(s, part, stop, err))
			return false;
		if (part->kind == MY_PART_END || part->len > 0)
			return true;
	}
}

char *my_mark(struct my_part *part, const char *kind)
{
	size_t len = strlen(kind);
	if (part->kind != MY_PART_MARK || !text_starts(part->text, kind) ||
	    (part->text[len] != ' ' && part->text[len] != '\0'))
		return NULL;
	char *name = part->text + len + (part->text[len] == ' '), *to = name;
	for (const char *from = name; *from != '\0'; from++) {
		if (*from == '\\')
			from++;
		else {
			*to++ = *from;
			continue;
		}
		*to++ = *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
	}
	*to = '\0';
	return name;
}

/* --- Opening --- */

bool my_script_open(struct my_script *s, const char *path, struct err *err)
{
	struct stop stop = stop_never();
	*s = (struct my_script){.path = path, .fd = -1, .digest = digest_new()};
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return err_errno(err, ERR_DATABASE, "can't open %s", path);
	if (!peek(s, strlen(MY_DUMP_HEAD), &stop, err))
		return false;
	if (starts(s, MY_DUMP_HEAD))
		return true;
	err_set(err, ERR_DATABASE, "%s is no dump that db-entry made of MariaDB or MySQL", path);
	return err_next(
	    err, "any other dump as SQL is for the client: mariadb DATABASE < %s", path);
}

void my_script_from(struct my_script *s, const char *text, size_t len)
{
	*s = (struct my_script){.path = "", .fd = -1, .ended = true};
	reserve(s, len + 1);
	memcpy(s->data, text, len);
	s->len = len;
}

void my_script_close(struct my_script *s)
{
	if (s->path == NULL)
		return;
	fs_close(&s->fd);
	free(s->data);
	s->data = NULL;
	digest_free(&s->digest);
}
