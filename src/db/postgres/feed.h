/* SQL as pg_restore writes it, taken piece by piece into the session. For restore.c. */
#ifndef DB_ENTRY_DB_POSTGRES_FEED_H
#define DB_ENTRY_DB_POSTGRES_FEED_H

#include "db/postgres/postgres.h"

/* Zero-initialise with `s`; end with pg_feed_end(), whatever happened. */
struct pg_feed {
	struct pg_db *s;
	enum {
		FEED_BETWEEN, /* two statements */
		FEED_COMMENT, /* a line that is none: a comment, a command of psql's */
		FEED_STATEMENT,
		FEED_LITERAL,
		FEED_ESCAPES, /* a literal with backslashes, E'…' */
		FEED_NAME,
		FEED_COPY, /* between COPY … FROM stdin and its first row */
		FEED_ROWS
	} state;
	bool after_backslash, after_e;
	enum {
		LINE_MIDDLE,
		LINE_START,
		LINE_BACKSLASH,
		LINE_END_MARK
	} line; /* of the rows */
	struct buf statement;
	char head[128]; /* of the last statement, for errors */
};

/*
 * Run what is whole of the statements in it, one by one, with the rows of each COPY; the rest waits
 * for the next piece. It must be of the section of the data alone: bodies of functions have quotes
 * that are not known here. BEGIN and COMMIT are left out: the transaction is the caller's.
 */
bool pg_feed(struct pg_feed *feed, const char *data, size_t len, struct err *err);

/* Lines among the settings and at the end that psql alone, or a newer server, understands. */
bool pg_feed_is_for_others(const struct pg_db *s, const char *line);

/* Nothing may be left over, if it went `well`; otherwise a COPY that is open is given up, so that
 * the session can roll back. */
bool pg_feed_end(struct pg_feed *feed, bool well, struct err *err);

#endif
