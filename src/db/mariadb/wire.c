/*
 * A request to the server and all its results, without blocking: whatever is waited for is waited
 * for under the call's stop. When that fires, the server is told to end the statement, and what the
 * library is at is gone on with until it has the server's answer; only then is the session usable.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	TICK_MS = 500,   /* how often to say that a statement is still running */
	CANCEL_MS = 4000 /* for a server to end a statement; longer, and it is given up */
};

bool my_enter(struct my_db *s, const struct stop *stop, struct err *err)
{
	s->stop = *stop;
	if (!stop_check(stop, err))
		return false;
	return s->conn != NULL || my_fail_lost(s, err);
}

/* --- Waiting --- */

static short events_of(int status)
{
	return (short)(((status & MYSQL_WAIT_READ) != 0 ? POLLIN : 0) |
		       ((status & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0) |
		       ((status & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0));
}

/* KILL QUERY, over a connection of its own: the session's is busy. */
static void cancel(struct my_db *s, const struct stop *stop)
{
	/* A session without anything but a connection; what goes wrong shows by the statement that
	 * doesn't end. */
	struct my_db other = {.stop = *stop, .rest = *stop, .place = s->place};
	char sql[64];
	struct err ignored;
	snprintf(sql, sizeof(sql), "KILL QUERY %" PRId64, s->server.id);
	if (!my_connect_to(&other.conn, &s->place, &s->target, stop, &ignored))
		return;
	struct my_request request = {.sql = sql, .len = strlen(sql)};
	my_request(&other, &request, &ignored);
	if (other.conn != NULL)
		ma.close(other.conn);
}

/* The request is to end, for this reason. Whose number is not known yet can't be told so. */
static void end(struct my_db *s, const struct err *reason)
{
	bool known = s->server.id != 0;
	struct stop rest = stop_cleanup(known ? CANCEL_MS : 0);
	s->ended = *reason;
	s->rest = rest;
	s->limit_at = 0;
	if (known)
		cancel(s, &rest);
}

/* Where the server has no limit for a statement; ours speaks as its own would. */
static bool takes_too_long(const struct my_db *s, struct err *err)
{
	char limit[32];
	if (s->limit_at == 0 || stop_now() < s->limit_at)
		return false;
	text_elapsed(s->limits.statement_timeout, limit, sizeof(limit));
	err_set(err, ERR_DATABASE, "the statement took longer than %s", limit);
	snprintf(err->code, sizeof(err->code), "3024");
	err_next(err, "raise DB_ENTRY_STATEMENT_TIMEOUT or the migration's statement-timeout");
	return true;
}

static int64_t tick(const struct my_db *s)
{
	int64_t left = s->limit_at == 0 ? TICK_MS : s->limit_at - stop_now();
	return left < 0 ? 0 : left < TICK_MS ? left : TICK_MS;
}

static void show_life(struct my_db *s)
{
	int64_t now = stop_now();
	if (s->alive == NULL || now - s->shown < TICK_MS)
		return;
	s->shown = now;
	s->alive(s->context);
}

/*
 * Wait for what the library waits for, and return what came in its own words; 0: the server does
 * not even answer that the statement was ended.
 */
static int wait_for(struct my_db *s, int status)
{
	for (;;) {
		bool ending = s->ended.kind != ERR_NONE;
		const struct stop *stop = ending ? &s->rest : &s->stop;
		struct pollfd fd = {.fd = ma.socket(s->conn), .events = events_of(status)};
		struct stop soon = stop_within(stop, tick(s));
		struct err passed;
		show_life(s);
		if (stop_poll(&soon, &fd, 1, &passed))
			return status & ~MYSQL_WAIT_TIMEOUT;
		bool over = passed.kind != ERR_TIMEOUT || stop_left(stop) == 0;
		if (over && ending)
			return 0;
		if (!ending && (over || takes_too_long(s, &passed)))
			end(s, &passed);
	}
}

/*
 * The library's calls are in two halves: the first says what it waits for, 0 when it is done, and
 * the second goes on when that came. What it came to; 0: done; -1: given up.
 */
static int turn(struct my_db *s, int status)
{
	int ready = status == 0 ? 0 : wait_for(s, status);
	return status != 0 && ready == 0 ? -1 : ready;
}

static bool sent(struct my_db *s, struct my_request *request)
{
	int status = request->status, ready;
	while ((ready = turn(s, status)) > 0)
		status = ma.query_cont(&request->failed, s->conn, ready);
	return ready == 0;
}

static bool next_result(struct my_db *s, int *failed)
{
	int status = ma.next_start(failed, s->conn), ready;
	while ((ready = turn(s, status)) > 0)
		status = ma.next_cont(failed, s->conn, ready);
	return ready == 0;
}

static bool fetch(struct my_db *s, MYSQL_RES *result, MYSQL_ROW *row)
{
	int status = ma.fetch_start(row, result), ready;
	while ((ready = turn(s, status)) > 0)
		status = ma.fetch_cont(row, result, ready);
	return ready == 0;
}

/* Reads what is left of it. */
static bool release(struct my_db *s, MYSQL_RES *result)
{
	int status = ma.free_start(result), ready;
	while ((ready = turn(s, status)) > 0)
		status = ma.free_cont(result, ready);
	return ready == 0;
}

/* --- Results --- */

/* What is the same as in the row above, as much of our history is, is kept once. */
void my_keep_row(struct my_keep *keep, const struct my_row *row, struct arena *arena)
{
	struct db_rows *rows = &keep->rows;
	size_t columns = row->columns;
	rows->columns = columns;
	for (size_t i = 0; i < columns; i++) {
		size_t at = rows->count * columns + i;
		const char *text = row->cells[i];
		const char *above = rows->count == 0 ? NULL : rows->cells[at - columns];
		rows->cells =
		    arena_grow(arena, rows->cells, at, &keep->capacity, sizeof(*rows->cells));
		rows->cells[at] = text == NULL ? NULL
				  : text_is(above, text)
				      ? above
				      : arena_strndup(arena, text, row->lengths[i]);
	}
	rows->count++;
}

static bool use_row(
    struct my_request *request, struct my_keep *keep, const struct my_row *row, struct err *err)
{
	if (request->take != NULL)
		return request->take(request->context, row, err);
	if (request->rows != NULL)
		my_keep_row(keep, row, request->arena);
	return true;
}

/* The rows of one result. `failed` holds the first error; reading goes on behind one of ours. */
static bool take_rows(struct my_db *s, struct my_request *request, struct my_keep *keep,
    MYSQL_RES *result, struct err *failed)
{
	size_t columns = ma.num_fields(result);
	const MYSQL_FIELD *fields = ma.fetch_fields(result);
	MYSQL_ROW cells = NULL;
	*keep = (struct my_keep){.rows = {.columns = columns}};
	for (;;) {
		if (!fetch(s, result, &cells))
			return false;
		if (cells == NULL)
			return true;
		const struct my_row row = {.result = request->results,
		    .columns = columns,
		    .cells = cells,
		    .lengths = ma.fetch_lengths(result),
		    .fields = fields};
		show_life(s);
		if (failed->kind != ERR_NONE || s->ended.kind != ERR_NONE)
			continue;
		if (!use_row(request, keep, &row, failed))
			end(s, failed);
	}
}

/* One result, with its rows where it has any. */
static bool take_result(
    struct my_db *s, struct my_request *request, struct my_keep *keep, struct err *failed)
{
	MYSQL_RES *result = ma.use_result(s->conn);
	if (result == NULL)
		return true; /* the library has an error to tell */
	if (!take_rows(s, request, keep, result, failed) || !release(s, result))
		return false;
	request->results++;
	return true;
}

/* Behind rows there is no place for saying it. */
static bool changes_session(MYSQL *conn, bool rows)
{
	const char *data;
	size_t len;
	return rows || ma.track_first(conn, SESSION_TRACK_STATE_CHANGE, &data, &len) == 0;
}

/* All results; false: given up. `failed` is the first error. */
static bool receive(
    struct my_db *s, struct my_request *request, struct my_keep *keep, struct err *failed)
{
	if (!sent(s, request))
		return false;
	for (int bad = request->failed;;) {
		bool rows = bad == 0 && ma.field_count(s->conn) > 0;
		if (rows && !take_result(s, request, keep, failed))
			return false;
		if (ma.error_number(s->conn) != 0 && failed->kind == ERR_NONE)
			my_fail(s, request->statement, failed);
		request->affected = (int64_t)ma.affected_rows(s->conn);
		request->warnings = ma.warning_count(s->conn);
		request->changed = request->changed || bad != 0 || changes_session(s->conn, rows);
		if (bad != 0 || !ma.more_results(s->conn))
			return true;
		if (!next_result(s, &bad))
			return false;
	}
}

void my_ahead_forget(struct my_db *s)
{
	arena_free(&s->ahead.arena);
	s->ahead = (struct my_ahead){.count = 0};
	s->server.known = false;
}

void my_request_begin(struct my_db *s, struct my_request *request)
{
	s->ended.kind = ERR_NONE;
	request->done = request->changed = false;
	request->status = 0;
	request->results = 0;
	my_ahead_forget(s);
	s->fingerprint[0] = '\0';
	if (s->conn != NULL)
		request->status =
		    ma.query_start(&request->failed, s->conn, request->sql, request->len);
}

bool my_request_end(struct my_db *s, struct my_request *request, struct err *err)
{
	struct err failed = {.kind = ERR_NONE};
	struct my_keep keep = {.capacity = 0};
	if (s->conn == NULL)
		return my_fail_lost(s, err);
	bool whole = receive(s, request, &keep, &failed);
	unsigned number = whole ? ma.error_number(s->conn) : 0;
	if (!whole || my_is_lost(number))
		my_drop(&s->conn);
	request->done = whole && failed.kind == ERR_NONE;
	/* Why it was ended says more than what the server answers to that. */
	if (s->ended.kind != ERR_NONE || failed.kind != ERR_NONE) {
		*err = s->ended.kind != ERR_NONE ? s->ended : failed;
		return false;
	}
	if (request->rows != NULL)
		*request->rows = keep.rows;
	return true;
}

bool my_request(struct my_db *s, struct my_request *request, struct err *err)
{
	my_request_begin(s, request);
	return my_request_end(s, request, err);
}

bool my_do(struct my_db *s, const char *sql, struct err *err)
{
	struct my_request request = {.sql = sql, .len = strlen(sql)};
	return my_request(s, &request, err);
}

bool my_ask(
    struct my_db *s, const char *sql, struct arena *arena, struct db_rows *rows, struct err *err)
{
	struct my_request request = {.sql = sql, .len = strlen(sql), .arena = arena, .rows = rows};
	return my_request(s, &request, err);
}

bool my_stream(struct my_db *s, const char *sql,
    bool (*take)(void *context, const struct my_row *row, struct err *err), void *context,
    struct err *err)
{
	struct my_request request = {
	    .sql = sql, .len = strlen(sql), .take = take, .context = context};
	return my_request(s, &request, err);
}

static bool set_option(struct my_db *s, enum enum_mysql_set_option option, int *failed)
{
	int status = ma.option_start(failed, s->conn, option), ready;
	while ((ready = turn(s, status)) > 0)
		status = ma.option_cont(failed, s->conn, ready);
	return ready == 0;
}

bool my_multiple(struct my_db *s, bool on, struct err *err)
{
	int failed = 0;
	s->ended.kind = ERR_NONE;
	if (s->conn == NULL)
		return my_fail_lost(s, err);
	if (!set_option(s,
		on ? MYSQL_OPTION_MULTI_STATEMENTS_ON : MYSQL_OPTION_MULTI_STATEMENTS_OFF, &failed))
		my_drop(&s->conn);
	if (s->ended.kind != ERR_NONE) {
		*err = s->ended;
		return false;
	}
	if (s->conn == NULL)
		return my_fail_lost(s, err);
	return failed == 0 || my_fail(s, NULL, err);
}
