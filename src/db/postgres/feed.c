#include "db/postgres/feed.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

enum {
	STATEMENT_MAX = 64 << 20,
	GIVE_UP_MS = 4000,
	TIMEOUT_SINCE = 170000
};

/* --- COPY --- */

/* The results that are left; the first error counts. A server that asks for rows gets none. */
static bool finish(struct pg_db *s, const struct stop *stop, struct err *err)
{
	PGresult *result;
	bool ok = true;
	do {
		struct err failed;
		if (!pg_next(s, &result, stop, &failed)) {
			*err = failed;
			return false;
		}
		ExecStatusType status = pq.resultStatus(result);
		if (ok && (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) &&
		    result != NULL)
			ok = pg_fail(s, result, NULL, err);
		pq.clear(result);
		if (status == PGRES_COPY_IN && result != NULL)
			pq.putCopyEnd(s->conn, "given up");
	} while (result != NULL);
	return ok;
}

static bool begin_copy(struct pg_feed *f, struct err *err)
{
	struct pg_db *s = f->s;
	PGresult *result = NULL;
	if (pq.sendQuery(s->conn, f->statement.data) == 0)
		return pg_fail_lost(s, err);
	if (!pg_next(s, &result, &s->stop, err))
		return false;
	ExecStatusType status = pq.resultStatus(result);
	if (status == PGRES_COPY_IN) {
		pq.clear(result);
		f->state = FEED_COPY;
		f->line = LINE_START;
		return true;
	}
	pg_fail(s, result, NULL, err);
	pq.clear(result);
	struct err ignored;
	finish(s, &s->stop, &ignored);
	return false;
}

static bool put(struct pg_feed *f, const char *data, size_t len, struct err *err)
{
	return pg_copy_put(f->s, data, len, &f->s->stop, err);
}

static bool end_copy(struct pg_feed *f, struct err *err)
{
	f->state = FEED_BETWEEN;
	return pg_copy_end(f->s, NULL, &f->s->stop, err) &&
	       (finish(f->s, &f->s->stop, err) || err_why(err, "in: %s", f->head));
}

/*
 * Rows, up to the line `\.`, which is no row: in a row a backslash has another one behind it, or a
 * letter or digit. Says how much of the data was theirs.
 */
static bool take_rows(
    struct pg_feed *f, const char *data, size_t len, size_t *taken, struct err *err)
{
	size_t from = 0, at = 0;
	while (at < len) {
		const char *end;
		switch (f->line) {
		case LINE_MIDDLE:
			end = memchr(data + at, '\n', len - at);
			at = end == NULL ? len : (size_t)(end - data) + 1;
			f->line = end == NULL ? LINE_MIDDLE : LINE_START;
			continue;
		case LINE_START:
			f->line = data[at] == '\\' ? LINE_BACKSLASH : LINE_MIDDLE;
			if (f->line == LINE_MIDDLE)
				continue;
			if (!put(f, data + from, at - from, err))
				return false;
			from = ++at;
			continue;
		case LINE_BACKSLASH:
			f->line = data[at] == '.' ? LINE_END_MARK : LINE_MIDDLE;
			if (f->line == LINE_MIDDLE && !put(f, "\\", 1, err))
				return false;
			at += f->line == LINE_END_MARK;
			continue;
		case LINE_END_MARK:
			*taken = at + 1;
			return data[at] == '\n' ? end_copy(f, err)
						: err_set(err, ERR_DATABASE,
						      "the rows of %s can't be read", f->head);
		}
	}
	*taken = len;
	return (f->line == LINE_BACKSLASH || f->line == LINE_END_MARK ||
		   put(f, data + from, len - from, err)) &&
	       pg_flush(f->s, &f->s->stop, err);
}

/* --- Statements --- */

bool pg_feed_is_for_others(const struct pg_db *s, const char *line)
{
	return text_starts(line, "\\restrict ") || text_starts(line, "\\unrestrict ") ||
	       (s->server.number < TIMEOUT_SINCE &&
		   text_starts(line, "SET transaction_timeout = "));
}

static bool run(struct pg_feed *f, struct err *err)
{
	const char *text = f->statement.data;
	if (f->statement.overflow)
		return err_set(err, ERR_DATABASE, "a statement of the dump is too long");
	snprintf(f->head, sizeof(f->head), "%.*s", (int)strcspn(text, "("), text);
	f->state = FEED_BETWEEN;
	if (text_is(text, "BEGIN;") || text_is(text, "COMMIT;") ||
	    pg_feed_is_for_others(f->s, text))
		return true;
	if (text_starts(text, "COPY ") && text_ends(text, " FROM stdin;"))
		return begin_copy(f, err) || err_why(err, "in: %s", f->head);
	return pg_script(f->s, text, err) || err_why(err, "in: %s", f->head);
}

static bool take_letter(struct pg_feed *f, char c, struct err *err)
{
	bool escaped = f->after_backslash;
	buf_add_char(&f->statement, c);
	f->after_backslash = false;
	switch (f->state) {
	case FEED_STATEMENT:
		if (c == ';')
			return run(f, err);
		if (c == '\'')
			f->state = f->after_e ? FEED_ESCAPES : FEED_LITERAL;
		else if (c == '"')
			f->state = FEED_NAME;
		f->after_e = c == 'E';
		return true;
	case FEED_LITERAL:
		if (c == '\'')
			f->state = FEED_STATEMENT;
		return true;
	case FEED_ESCAPES:
		f->after_backslash = c == '\\' && !escaped;
		if (c == '\'' && !escaped)
			f->state = FEED_STATEMENT;
		return true;
	case FEED_NAME:
		if (c == '"')
			f->state = FEED_STATEMENT;
		return true;
	default:
		return true;
	}
}

static bool take_character(struct pg_feed *f, char c, struct err *err)
{
	switch (f->state) {
	case FEED_BETWEEN:
		if (c == ' ' || c == '\n')
			return true;
		if (c == '-' || c == '\\') {
			f->state = FEED_COMMENT;
			return true;
		}
		if (f->statement.max == 0)
			f->statement = buf_init(STATEMENT_MAX);
		buf_reset(&f->statement);
		f->after_e = false;
		f->state = FEED_STATEMENT;
		return take_letter(f, c, err);
	case FEED_COMMENT:
		if (c == '\n')
			f->state = FEED_BETWEEN;
		return true;
	case FEED_COPY:
		if (c == '\n')
			f->state = FEED_ROWS;
		return true;
	default:
		return take_letter(f, c, err);
	}
}

bool pg_feed(struct pg_feed *feed, const char *data, size_t len, struct err *err)
{
	for (size_t at = 0; at < len;) {
		size_t taken = 1;
		bool ok = feed->state == FEED_ROWS
			      ? take_rows(feed, data + at, len - at, &taken, err)
			      : take_character(feed, data[at], err);
		if (!ok)
			return false;
		at += taken;
	}
	return true;
}

/* The server is told that there is no more of it, and answers with an error. */
static void give_up(struct pg_db *s)
{
	struct stop stop = stop_cleanup(GIVE_UP_MS);
	struct err ignored;
	if (s->conn == NULL || pq.transactionStatus(s->conn) != PQTRANS_ACTIVE)
		return;
	pq.putCopyEnd(s->conn, "given up");
	pg_cancel(s->conn, &stop); /* it may be busy with a row */
	finish(s, &stop, &ignored);
	if (pq.transactionStatus(s->conn) != PQTRANS_ACTIVE)
		return;
	pq.finish(s->conn);
	s->conn = NULL;
}

bool pg_feed_end(struct pg_feed *feed, bool well, struct err *err)
{
	bool whole = feed->state == FEED_BETWEEN;
	buf_free(&feed->statement);
	if (well && whole)
		return true;
	give_up(feed->s);
	return !well ? false : err_set(err, ERR_DATABASE, "the dump ends in its middle");
}
