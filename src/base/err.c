#include "base/err.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct err_row rows[ERR_KINDS] = {
    {ERR_NONE, 0, "done", "everything that was asked for is done"},
    {ERR_UNEXPECTED, 1, "unexpected", "an error nobody foresaw, out of memory, or unhealthy"},
    {ERR_USAGE, 64, "usage", "the command line is wrong"},
    {ERR_MALFORMED, 65, "malformed", "a migration, mirror or approvals file can't be read"},
    {ERR_UNREACHABLE, 69, "unreachable",
	"the database, or what else is waited for, could not be reached in time"},
    {ERR_LOCK, 75, "lock", "somebody else holds the migration lock"},
    {ERR_ACCESS, 77, "access", "the database refuses access"},
    {ERR_CONFIG, 78, "config", "a setting is missing or wrong"},
    {ERR_DESTRUCTIVE, 20, "destructive", "would lose data, or is not approved"},
    {ERR_DRIFT, 21, "drift", "the database was changed by somebody else"},
    {ERR_HISTORY, 22, "history",
	"history and migration files disagree, or the database is ahead of this image"},
    {ERR_FAILED, 23, "failed", "a migration failed, and nothing of it remains"},
    {ERR_HALF_APPLIED, 24, "half-applied", "a migration failed half-way"},
    {ERR_DUMP, 25, "dump", "no complete dump could be taken"},
    {ERR_READ_ONLY, 26, "read-only",
	"the database is read-only or in recovery, and something is pending"},
    {ERR_MISMATCH, 27, "mismatch", "the database lacks what the mirror states, or differs from it"},
    {ERR_PENDING, 30, "pending", "something is pending"},
    {ERR_CANNOT_EXEC, 126, "cannot-exec", "the application is there but can't be executed"},
    {ERR_NO_PROGRAM, 127, "no-program", "the application is not there"},
    {ERR_STOPPED, 128, "stopped", "signal n ended the run; the code is 128+n"},
    {ERR_TIMEOUT, 1, "timeout", "a deadline passed"},
    {ERR_DATABASE, 1, "database", "the database refused a statement"},
};

static const char ellipsis[] = "…";

/* The text fills its place and goes on: end it with an ellipsis, on a whole character. */
static void cut(char *text, size_t size)
{
	size_t end = size - sizeof(ellipsis);

	while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
		end--;
	memcpy(text + end, ellipsis, sizeof(ellipsis));
}

__attribute__((format(printf, 3, 0))) static void put(
    char *out, size_t size, const char *format, va_list args)
{
	int n = vsnprintf(out, size, format, args);

	if (n < 0)
		out[0] = '\0';
	else if ((size_t)n >= size)
		cut(out, size);
}

__attribute__((format(printf, 3, 4))) static void print(
    char *out, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(out, size, format, args);
	va_end(args);
}

static void add_line(char *out, size_t size, const char *line)
{
	size_t used = strlen(out);
	int n = snprintf(out + used, size - used, "%s%s", used > 0 ? "\n" : "", line);

	if (n >= 0 && (size_t)n >= size - used)
		cut(out, size);
}

/*
 * All functions format into a place of their own first: what the caller formats may be a part of
 * the same err.
 */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	char message[sizeof(err->message)];
	va_list args;

	va_start(args, format);
	put(message, sizeof(message), format, args);
	va_end(args);
	*err = (struct err){.kind = kind};
	memcpy(err->message, message, strlen(message) + 1);
	return false;
}

bool err_errno(struct err *err, enum err_kind kind, const char *format, ...)
{
	const char *reason = strerror(errno);
	char message[sizeof(err->message)];
	va_list args;

	va_start(args, format);
	/* A long path must not push out the reason. */
	put(message, sizeof(message) - strlen(": ") - strlen(reason), format, args);
	va_end(args);
	*err = (struct err){.kind = kind};
	print(err->message, sizeof(err->message), "%s: %s", message, reason);
	return false;
}

bool err_context(struct err *err, const char *format, ...)
{
	char context[sizeof(err->message)], message[sizeof(err->message)];
	va_list args;

	va_start(args, format);
	put(context, sizeof(context), format, args);
	va_end(args);
	print(message, sizeof(message), "%s: %s", context, err->message);
	memcpy(err->message, message, sizeof(message));
	return false;
}

bool err_at(struct err *err, const char *file, int line)
{
	if (err->file[0] != '\0')
		return false;
	print(err->file, sizeof(err->file), "%s", file);
	err->line = line;
	return false;
}

bool err_why(struct err *err, const char *format, ...)
{
	char line[sizeof(err->why)];
	va_list args;

	va_start(args, format);
	put(line, sizeof(line), format, args);
	va_end(args);
	add_line(err->why, sizeof(err->why), line);
	return false;
}

bool err_next(struct err *err, const char *format, ...)
{
	char line[sizeof(err->next)];
	va_list args;

	va_start(args, format);
	put(line, sizeof(line), format, args);
	va_end(args);
	add_line(err->next, sizeof(err->next), line);
	return false;
}

int err_exit_code(const struct err *err)
{
	const struct err_row *row = err_row(err->kind);

	return row->kind == ERR_STOPPED ? row->exit_code + err->signal : row->exit_code;
}

const struct err_row *err_row(enum err_kind kind)
{
	if ((unsigned)kind >= ERR_KINDS)
		kind = ERR_UNEXPECTED;
	return &rows[kind];
}

void err_die(const char *what)
{
	char line[256];

	print(line, sizeof(line), "db-entry: %s", what);
	dprintf(STDERR_FILENO, "%s\n", line);
	_exit(err_row(ERR_UNEXPECTED)->exit_code);
}
