/*
 * The log: one line an event on stderr, as text for people or as JSON lines for machines.
 *
 * Every event has a stable name, declared once in flow/events.h with its level and meaning. Text
 * lines carry the message alone; JSON lines carry the time, level, event name, message and fields:
 *
 *	{"time":"2026-01-31T12:00:00.123Z","level":"info","event":"wait.retry","message":"…","tries":3}
 *
 * Only flow/ and cmd/ log. Every text passes url_redact(). Control characters, line breaks among
 * them, and broken UTF-8 never reach a terminal: in text they become \xNN (a tab becomes a blank),
 * in JSON what json_print() makes of them. A line is one write(2), so lines of several processes
 * don't mix. Colour is for terminals, unless NO_COLOR is set or TERM is dumb.
 */
#ifndef DB_ENTRY_BASE_LOG_H
#define DB_ENTRY_BASE_LOG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include <stdint.h>

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR
};

enum log_format {
	LOG_TEXT,
	LOG_JSON
};

struct log_event {
	const char *name; /* "migration.applied" */
	enum log_level level;
	const char *help;   /* one line for docs/events.md */
	const char *fields; /* names of the fields, comma separated; "" when none */
};

/* A field of an event. Make one with FIELD() or FIELD_INT(), and a list with FIELDS(). */
struct log_field {
	const char *key;
	const char *text; /* NULL: `number` counts */
	int64_t number;
};

#define FIELD(key_, text_)                                                                         \
	(struct log_field)                                                                         \
	{                                                                                          \
		.key = (key_), .text = (text_) != NULL ? (text_) : ""                              \
	}
#define FIELD_INT(key_, number_)                                                                   \
	(struct log_field)                                                                         \
	{                                                                                          \
		.key = (key_), .number = (number_)                                                 \
	}
#define FIELDS(...)                                                                                \
	(const struct log_field[])                                                                 \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			NULL, NULL, 0                                                              \
		}                                                                                  \
	}
#define NO_FIELDS NULL

/* How to write from now on. Before the first call: text, info and above. */
void log_setup(enum log_format format, enum log_level least);

/* Write one event; nothing when its level is below the least. The message is one line. */
void log_event(const struct log_event *event, const struct log_field *fields, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * Write an error as a refusal: what, where, why, and what to do next, whatever the event's level.
 * In text as a few indented lines; a line of why or next that begins with blanks is indented
 * further. In JSON as one line with `what` (the message again), `why`, `next` (an array), `kind`
 * (its word), `exit`, and where known `code`, `file` and `line`.
 */
void log_error(const struct log_event *event, const struct err *err);

/* The same lines as text, without colour, whatever the log's format. */
void log_error_text(const struct err *err, struct buf *out);

/* The same fields, added to an object of a command's own report. */
void log_error_fields(const struct err *err, struct json *object);

/*
 * Long work shows that it goes on: on a terminal one line rewritten in place, which the next line
 * of the log erases; elsewhere the event, first after five seconds and then every five, in JSON
 * with the fields `what`, `done` and `total`. `total` 0 means unknown. A new event, or `done` going
 * back, begins new work. Call as often as you like.
 */
void log_progress(const struct log_event *event, const char *what, int64_t done, int64_t total);

#endif
