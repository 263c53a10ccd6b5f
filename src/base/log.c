#include "base/log.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/url.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PROGRESS_EVERY = 5000, /* ms between lines */
	ROOM_MS = 2000,        /* for a reader of the log to go on reading */
	LAST_WORDS_MS = 200,   /* for a line after a signal */
	BAR_EVERY = 100,       /* ms between repaintings */
	BAR_WIDTH = 12,
	BAR_WHAT = 28 /* bytes of `what`, so that the bar stays within 80 columns */
};

static const char bullet[] = "db-entry · ", refused[] = "✗";
static const char erase_line[] = "\r\033[K";
static const char red[] = "\033[31m", yellow[] = "\033[33m", plain[] = "\033[0m";

static enum log_format format_now = LOG_TEXT;
static enum log_level least_now = LOG_INFO;

static struct {
	const struct log_event *event; /* whose work it is; NULL before the first */
	int64_t done;
	int64_t shown; /* when something was shown last, or the work began */
	bool bar;      /* a bar stands on the terminal */
} progress;

void log_setup(enum log_format format, enum log_level least)
{
	format_now = format;
	least_now = least;
}

static bool on_terminal(void)
{
	const char *term = getenv("TERM");

	return term != NULL && !text_is(term, "dumb") && isatty(STDERR_FILENO);
}

static bool in_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return (no_colour == NULL || no_colour[0] == '\0') && on_terminal();
}

/*
 * Room for a line in a pipe that nobody may be reading. A reader that stopped is waited for once,
 * not at each line, and less after a signal: the log must not hold up a run that holds a lock.
 */
static bool wait_for_room(void)
{
	static bool stalled;
	struct stop now = stop_cleanup(stalled ? 0 : stop_signal() == 0 ? ROOM_MS : LAST_WORDS_MS);
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	struct err ignored; /* there is no other place to tell it */

	stalled = !stop_poll(&now, &fd, 1, &ignored);
	return !stalled;
}

/*
 * At most PIPE_BUF bytes at a time, so that lines of several processes don't mix and a write does
 * not block once there is room. What can't be written is lost.
 */
static void flush(const struct buf *line)
{
	size_t done = 0;

	while (done < line->len && wait_for_room()) {
		size_t part = line->len - done < PIPE_BUF ? line->len - done : PIPE_BUF;
		ssize_t n = write(STDERR_FILENO, line->data + done, part);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n > 0)
			done += (size_t)n;
	}
}

/* An empty line to write into, which begins by erasing the bar when there is one. */
static struct buf begin(void)
{
	struct buf line = buf_init(SIZE_MAX);

	if (progress.bar)
		buf_add_text(&line, erase_line);
	progress.bar = false;
	return line;
}

/* For people: never a byte that a terminal would obey. */
static void add_escaped(const char *text, struct buf *line)
{
	while (*text != '\0') {
		size_t len = text_printable(text);

		if (len > 0)
			buf_add(line, text, len);
		else if (*text == '\t')
			buf_add_char(line, ' ');
		else
			buf_printf(line, "\\x%02x", (unsigned char)*text);
		text += len > 0 ? len : 1;
	}
}

static void add_clean(const char *text, struct buf *line)
{
	CLEANUP(buf_free) struct buf redacted = buf_init(SIZE_MAX);

	url_redact(text, &redacted);
	add_escaped(redacted.data, line);
}

static void add_coloured(const char *colour, const char *text, struct buf *line)
{
	bool wanted = in_colour();

	buf_printf(line, "%s%s%s", wanted ? colour : "", text, wanted ? plain : "");
}

static void add_json_text(struct json *object, const char *key, const char *text)
{
	CLEANUP(buf_free) struct buf redacted = buf_init(SIZE_MAX);

	url_redact(text, &redacted);
	json_add_text(object, key, redacted.data);
}

static struct json *begin_json(
    const struct log_event *event, enum log_level level, const char *message)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	struct json *object = json_new_object();
	char now[TEXT_TIME_SIZE];

	text_now(now);
	json_add_text(object, "time", now);
	json_add_text(object, "level", levels[level]);
	json_add_text(object, "event", event->name);
	add_json_text(object, "message", message);
	return object;
}

static void end_json(struct json *object)
{
	CLEANUP(buf_free) struct buf line = begin();

	json_print(object, false, &line);
	buf_add_char(&line, '\n');
	flush(&line);
	json_free(&object);
}

static void write_json(
    const struct log_event *event, const struct log_field *fields, const char *message)
{
	struct json *object = begin_json(event, event->level, message);

	for (; fields != NULL && fields->key != NULL; fields++) {
		if (fields->text != NULL)
			add_json_text(object, fields->key, fields->text);
		else
			json_add_int(object, fields->key, fields->number);
	}
	end_json(object);
}

static void write_text(const struct log_event *event, const char *message)
{
	CLEANUP(buf_free) struct buf line = begin();

	if (event->level == LOG_ERROR) {
		add_coloured(red, refused, &line);
		buf_add_char(&line, ' ');
	} else {
		buf_add_text(&line, bullet);
	}
	if (event->level == LOG_WARN) {
		add_coloured(yellow, "warning:", &line);
		buf_add_char(&line, ' ');
	}
	add_clean(message, &line);
	buf_add_char(&line, '\n');
	flush(&line);
}

static void write_event(
    const struct log_event *event, const struct log_field *fields, const char *message)
{
	if (format_now == LOG_JSON)
		write_json(event, fields, message);
	else
		write_text(event, message);
}

void log_event(
    const struct log_event *event, const struct log_field *fields, const char *format, ...)
{
	CLEANUP(buf_free) struct buf message = buf_init(SIZE_MAX);
	va_list args;

	if (event->level < least_now)
		return;
	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	write_event(event, fields, message.data);
}

/*
 * Calls back with each line of a text, redacted as a whole before it is cut into lines: a secret
 * may go on over a line's end.
 */
static void each_line(const char *text, void (*take)(const char *line, void *data), void *data)
{
	CLEANUP(buf_free) struct buf redacted = buf_init(SIZE_MAX);
	char *line, *rest;

	if (text[0] == '\0')
		return;
	url_redact(text, &redacted);
	rest = redacted.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t len = strlen(line);

		/* Evidence from a file with CRLF. */
		if (len > 0 && line[len - 1] == '\r')
			line[len - 1] = '\0';
		take(line, data);
	}
}

static void add_why_line(const char *line, void *data)
{
	struct buf *out = data;

	buf_add_text(out, "  ");
	add_escaped(line, out);
	buf_add_char(out, '\n');
}

/* An arrow begins a piece of advice; lines that belong to it are indented already. */
static void add_next_line(const char *line, void *data)
{
	struct buf *out = data;

	buf_add_text(out, line[0] == ' ' ? "    " : "  → ");
	add_escaped(line, out);
	buf_add_char(out, '\n');
}

/* All of it behind the mark. */
static void add_refusal(const struct err *err, struct buf *out)
{
	buf_add_char(out, ' ');
	add_clean(err->message, out);
	if (err->code[0] != '\0') {
		buf_add_text(out, " (");
		add_clean(err->code, out);
		buf_add_char(out, ')');
	}
	buf_add_char(out, '\n');
	if (err->file[0] != '\0') {
		buf_add_text(out, "  ");
		add_clean(err->file, out);
		if (err->line > 0)
			buf_printf(out, ":%d", err->line);
		buf_add_char(out, '\n');
	}
	each_line(err->why, add_why_line, out);
	each_line(err->next, add_next_line, out);
}

static void write_text_error(const struct err *err)
{
	CLEANUP(buf_free) struct buf out = begin();

	add_coloured(red, refused, &out);
	add_refusal(err, &out);
	flush(&out);
}

void log_error_text(const struct err *err, struct buf *out)
{
	buf_add_text(out, refused);
	add_refusal(err, out);
}

static void add_json_line(const char *line, void *data)
{
	json_add_text(data, NULL, line);
}

void log_error_fields(const struct err *err, struct json *object)
{
	json_add_text(object, "kind", err_row(err->kind)->word);
	if (err->code[0] != '\0')
		add_json_text(object, "code", err->code);
	if (err->file[0] != '\0')
		add_json_text(object, "file", err->file);
	if (err->file[0] != '\0' && err->line > 0)
		json_add_int(object, "line", err->line);
	add_json_text(object, "what", err->message);
	add_json_text(object, "why", err->why);
	each_line(err->next, add_json_line, json_add_array(object, "next"));
}

static void write_json_error(const struct log_event *event, const struct err *err)
{
	struct json *object = begin_json(event, LOG_ERROR, err->message);

	json_add_int(object, "exit", err_exit_code(err));
	log_error_fields(err, object);
	end_json(object);
}

void log_error(const struct log_event *event, const struct err *err)
{
	if (format_now == LOG_JSON)
		write_json_error(event, err);
	else
		write_text_error(err);
}

/* "450 of 1000", or without a total "450". */
static void add_count(int64_t done, int64_t total, struct buf *out)
{
	buf_printf(out, "%lld", (long long)done);
	if (total > 0)
		buf_printf(out, " of %lld", (long long)total);
}

static void add_bar(int64_t done, int64_t total, struct buf *line)
{
	int full = BAR_WIDTH;

	if (done < total)
		full = (int)((double)done / (double)total * BAR_WIDTH);
	buf_add_char(line, '[');
	for (int i = 0; i < BAR_WIDTH; i++)
		buf_add_char(line, i < full ? '#' : '.');
	buf_add_text(line, "] ");
}

static void paint_progress(const char *what, int64_t done, int64_t total)
{
	CLEANUP(buf_free) struct buf line = buf_init(SIZE_MAX), shown = buf_init(SIZE_MAX);
	size_t cut = 0, len;

	buf_printf(&line, "%s%s", erase_line, bullet);
	add_clean(what, &shown);
	while ((len = text_printable(shown.data + cut)) > 0 && cut + len <= BAR_WHAT)
		cut += len;
	buf_add(&line, shown.data, cut);
	buf_add_char(&line, ' ');
	if (total > 0)
		add_bar(done, total, &line);
	add_count(done, total, &line);
	flush(&line);
	progress.bar = true;
}

static void write_progress(
    const struct log_event *event, const char *what, int64_t done, int64_t total)
{
	CLEANUP(buf_free) struct buf message = buf_init(SIZE_MAX);

	buf_printf(&message, "%s · ", what);
	add_count(done, total, &message);
	write_event(event,
	    FIELDS(FIELD("what", what), FIELD_INT("done", done), FIELD_INT("total", total)),
	    message.data);
}

void log_progress(const struct log_event *event, const char *what, int64_t done, int64_t total)
{
	bool bar = format_now == LOG_TEXT && on_terminal();
	int64_t now = stop_now();

	if (event->level < least_now)
		return;
	if (event != progress.event || done < progress.done) {
		progress.event = event;
		progress.shown = now;
	}
	progress.done = done;
	if (now - progress.shown < (bar ? BAR_EVERY : PROGRESS_EVERY))
		return;
	progress.shown = now;
	if (bar)
		paint_progress(what, done, total);
	else
		write_progress(event, what, done, total);
}
