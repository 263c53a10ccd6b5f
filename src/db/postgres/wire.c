/*
 * A request to the server and all its results, without blocking: whatever is waited for is waited
 * for under the call's stop.
 */
#include "base/text.h"
#include "db/postgres/postgres.h"
#include <stdio.h>
#include <string.h>

enum {
	TICK_MS = 500,   /* how often to say that a statement is still running */
	CANCEL_MS = 4000 /* for a server to answer a cancel; longer, and it is given up */
};

static void lose(struct pg_db *s)
{
	pq.finish(s->conn);
	s->conn = NULL;
}

bool pg_enter_only(struct pg_db *s, const struct stop *stop, struct err *err)
{
	s->stop = *stop;
	if (!stop_check(stop, err))
		return false;
	return (s->conn != NULL && pq.status(s->conn) == CONNECTION_OK) || pg_fail_lost(s, err);
}

/* Changes put off are made once: when they fail, so has their transaction. */
static bool catch_up(struct pg_db *s, struct err *err)
{
	if (s->due && !pg_return(s, err))
		return false;
	if (s->later.len == 0)
		return true;
	bool ok = pg_script(s, s->later.data, err);
	buf_reset(&s->later);
	return ok;
}

bool pg_enter(struct pg_db *s, const struct stop *stop, struct err *err)
{
	return pg_enter_only(s, stop, err) && catch_up(s, err);
}

/* Wait for the socket under `stop`, saying now and then that we are alive. */
bool pg_await(struct pg_db *s, short what, const struct stop *stop, struct err *err)
{
	for (;;) {
		struct pollfd fd = {.fd = pq.socket(s->conn), .events = what};
		if (fd.fd < 0)
			return pg_fail_lost(s, err);
		struct stop tick = stop_within(stop, TICK_MS);
		struct err ended;
		if (stop_poll(&tick, &fd, 1, &ended))
			return true;
		if (ended.kind != ERR_TIMEOUT || stop_left(stop) == 0) {
			*err = ended;
			return false;
		}
		if (s->alive != NULL)
			s->alive(s->context);
	}
}

/* Send what libpq has gathered; it may have to read first. */
bool pg_flush(struct pg_db *s, const struct stop *stop, struct err *err)
{
	int more;
	while ((more = pq.flush(s->conn)) > 0) {
		if (!pg_await(s, POLLIN | POLLOUT, stop, err))
			return false;
		if (pq.consumeInput(s->conn) == 0)
			return pg_fail_lost(s, err);
	}
	return more == 0 || pg_fail_lost(s, err);
}

/* The next result; NULL in *result when there is no more. */
bool pg_next(struct pg_db *s, PGresult **result, const struct stop *stop, struct err *err)
{
	if (!pg_flush(s, stop, err))
		return false;
	while (pq.isBusy(s->conn)) {
		if (!pg_await(s, POLLIN, stop, err))
			return false;
		/* PQgetResult() then has what the server said last, or that it is gone. */
		if (pq.consumeInput(s->conn) == 0)
			break;
	}
	*result = pq.getResult(s->conn);
	return true;
}

/* --- COPY --- */

/*
 * The server asks for the data of a COPY … FROM stdin. One that has none behind it stands in a
 * function's text or the like. False when the data could not be sent to their end.
 */
static bool copy_in(
    struct pg_db *s, const struct sql_statement *statement, struct err *failed, struct err *err)
{
	bool wanted = failed->kind == ERR_NONE;
	if (wanted && statement != NULL && statement->data != NULL)
		return pg_copy_put(s, statement->data, statement->data_len, &s->stop, err) &&
		       pg_copy_end(s, NULL, &s->stop, err);
	if (wanted) {
		err_set(failed, ERR_DATABASE, "COPY … FROM stdin has no data behind it");
		err_next(failed, "write INSERT instead");
	}
	return pg_copy_end(s, "there are no data for it", &s->stop, err);
}

/* --- Stopping --- */

/*
 * Read and drop what is left; `tag` is the command that was done all the same. What commits by
 * itself does so behind its last result, and may fail there.
 */
static void drain(struct pg_db *s, char tag[64], const struct stop *stop)
{
	struct err ignored;
	PGresult *result = NULL;
	do {
		if (!pg_next(s, &result, stop, &ignored)) {
			lose(s);
			return;
		}
		ExecStatusType status = pq.resultStatus(result);
		if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
			snprintf(tag, 64, "%s", pq.cmdStatus(result));
		if (status == PGRES_FATAL_ERROR && result != NULL)
			tag[0] = '\0';
		pq.clear(result);
		if (status == PGRES_COPY_IN)
			pq.putCopyEnd(s->conn, "stopped");
		if (status == PGRES_COPY_OUT && !pg_copy_out(s, stop, &ignored)) {
			lose(s);
			return;
		}
	} while (result != NULL);
}

/* Make the session usable again, or close it. */
static void cancel(struct pg_db *s, char tag[64])
{
	struct stop stop = stop_cleanup(CANCEL_MS);
	pg_cancel(s->conn, &stop);
	drain(s, tag, &stop);
}

/* --- Results --- */

/* What is the same as in the row `above`, as much of our history is, is kept once. */
static const char *keep_cell(
    const PGresult *result, int row, int column, const char *above, struct arena *arena)
{
	if (pq.getisnull(result, row, column))
		return NULL;
	const char *text = pq.getvalue(result, row, column);
	return text_is(above, text) ? above : arena_strdup(arena, text);
}

static void keep_rows(const PGresult *result, struct arena *arena, struct db_rows *rows)
{
	size_t columns = (size_t)pq.nfields(result), count = (size_t)pq.ntuples(result);
	const char **cells = arena_array(arena, columns * count + 1, sizeof(*cells));
	for (size_t i = 0; i < columns * count; i++)
		cells[i] = keep_cell(result, (int)(i / columns), (int)(i % columns),
		    i < columns ? NULL : cells[i - columns], arena);
	*rows = (struct db_rows){.columns = columns, .count = count, .cells = cells};
}

static void hand_over(
    const struct pg_request *request, const PGresult *result, const struct err *failed)
{
	struct db_rows rows;
	if (failed->kind != ERR_NONE)
		return;
	keep_rows(result, request->arena, &rows);
	request->each(request->context, &rows);
}

/* One result. `failed` holds the first error of several; reading goes on behind it. */
static bool take(struct pg_db *s, struct pg_request *request, const PGresult *result,
    struct err *failed, struct err *err)
{
	switch (pq.resultStatus(result)) {
	case PGRES_TUPLES_OK:
		if (request->rows != NULL)
			keep_rows(result, request->arena, request->rows);
		else if (request->each != NULL)
			hand_over(request, result, failed);
		/* fall through */
	case PGRES_COMMAND_OK: {
		const char *tag = pq.cmdStatus((PGresult *)(uintptr_t)result);
		snprintf(request->tag, sizeof(request->tag), "%s", tag);
		return true;
	}
	case PGRES_COPY_IN:
		return copy_in(s, request->statement, failed, err);
	case PGRES_COPY_OUT:
		return pg_copy_out(s, &s->stop, err);
	case PGRES_FATAL_ERROR:
	case PGRES_BAD_RESPONSE:
		if (failed->kind == ERR_NONE)
			pg_fail(s, result, request->statement, failed);
		return true;
	default:
		return true; /* rows that nobody wants, an empty query */
	}
}

static bool send(struct pg_db *s, const struct pg_request *request, struct err *err)
{
	int ok = request->script ? pq.sendQuery(s->conn, request->sql)
				 : pq.sendQueryParams(s->conn, request->sql, (int)request->count,
				       NULL, request->values, NULL, NULL, 0);
	if (ok == 0)
		return pg_fail_lost(s, err);
	/* Row by row: what a migration selects need not fit into memory. */
	if (request->statement != NULL)
		pq.setSingleRowMode(s->conn);
	return true;
}

/* All results; false when the call was stopped or the connection broke in the middle of them. */
static bool receive(
    struct pg_db *s, struct pg_request *request, struct err *failed, struct err *err)
{
	PGresult *result = NULL;
	do {
		if (!pg_next(s, &result, &s->stop, err))
			return false;
		bool ok = result == NULL || take(s, request, result, failed, err);
		pq.clear(result);
		if (!ok)
			return false;
	} while (result != NULL);
	return true;
}

bool pg_request(struct pg_db *s, struct pg_request *request, struct err *err)
{
	struct err failed = {.kind = ERR_NONE};
	struct db_rows rows = {.count = 0}, *wanted = request->rows;
	struct pg_request own = *request;
	own.rows = wanted == NULL ? NULL : &rows;
	pg_ahead_forget(s);
	if (!send(s, &own, err))
		return false;
	if (!receive(s, &own, &failed, err)) {
		if (failed.kind == ERR_NONE)
			memcpy(request->tag, own.tag, sizeof(own.tag));
		if (err->kind == ERR_STOPPED || err->kind == ERR_TIMEOUT)
			cancel(s, request->tag);
		else
			lose(s);
		/* What the server said before it hung up tells more than that it did. */
		if (err->kind == ERR_DATABASE && failed.kind != ERR_NONE)
			*err = failed;
		return false;
	}
	if (failed.kind != ERR_NONE) {
		*err = failed;
		return false;
	}
	memcpy(request->tag, own.tag, sizeof(own.tag));
	if (wanted != NULL)
		*wanted = rows;
	return true;
}

bool pg_script(struct pg_db *s, const char *sql, struct err *err)
{
	struct pg_request request = {.sql = sql, .script = true};
	return pg_request(s, &request, err);
}

bool pg_ask(struct pg_db *s, const char *sql, const char *const *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err)
{
	struct pg_request request = {
	    .sql = sql, .count = count, .values = values, .arena = arena, .rows = rows};
	return pg_request(s, &request, err);
}

bool pg_true(const char *cell)
{
	return cell != NULL && cell[0] == 't';
}
