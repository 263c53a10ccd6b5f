#include "base/text.h"
#include "db/postgres/postgres.h"
#include "db/postgres/proof.h"

enum {
	COMMIT_MAX = 256 * 1024
};

static void leave_transaction(struct pg_db *s)
{
	s->in_transaction = false;
	s->unchecked = false;
	s->tables = NULL;
	s->lease.fenced = false;
}

bool pg_must_be_whole(struct pg_db *s, struct err *err)
{
	PGTransactionStatusType status = pq.transactionStatus(s->conn);
	if (!s->in_transaction || status == PQTRANS_INTRANS)
		return true;
	if (status == PQTRANS_INERROR)
		return err_set(
		    err, ERR_DATABASE, "the transaction is over: a statement in it failed");
	err_set(err, ERR_DATABASE, "the migration ended its transaction itself");
	return err_next(err, "remove what commits or rolls back in it");
}

/* The first answer is how things stand; the last may be what the proof kept. */
struct answers {
	struct db_rows first, last;
	size_t count;
};

static void take_answer(void *context, const struct db_rows *rows)
{
	struct answers *answers = context;
	*(answers->count++ == 0 ? &answers->first : &answers->last) = *rows;
}

static bool open_transaction(struct pg_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(PROOF_SQL_MOST);
	struct answers answers = {.count = 0};
	struct pg_request request = {
	    .script = true, .arena = &s->arena, .each = take_answer, .context = &answers};
	s->in_transaction = true;
	s->unchecked = false;
	if (s->lease.ms == 0)
		buf_add_text(&sql, "BEGIN ISOLATION LEVEL READ COMMITTED; ");
	else if (!pg_lease_begin(s, err) || !pg_settle_transaction(s, err))
		return false;
	pg_proof_begin(s, &sql);
	buf_add_text(&sql, "SELECT ");
	pg_guard_select(s, &sql);
	pg_proof_count_before(s, &sql);
	pg_proof_keep_rows(s, &sql);
	if (sql.overflow)
		return err_set(err, ERR_DATABASE, "too many tables are changed at once");
	request.sql = sql.data;
	if (!pg_request(s, &request, err))
		return false;
	s->tables = answers.first.count > 0 ? answers.first.cells[0] : NULL;
	pg_proof_begun(s, &answers.first);
	pg_proof_rows_kept(s, &answers.last);
	return true;
}

/*
 * Not every platform's server can look whether its client is still there; and where the proof can't
 * read what it must the migration goes on without that.
 */
static bool goes_without(struct pg_db *s, const struct err *err)
{
	if (s->lease.ms == 0 || s->no_check || !text_is(err->code, "22023"))
		return pg_proof_give_up(s, err);
	s->no_check = true;
	return true;
}

/*
 * READ COMMITTED, whatever the default is: a migration waits for locks, and must then see what
 * their holders committed. Whether it may write is the server's to say.
 */
bool pg_begin(struct db *db, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	/* Statements outside one are done with: what comes now is ours. */
	if (!pg_enter(s, stop, err) || !pg_settle(s, err) || (s->strayed && !pg_return(s, err)) ||
	    !pg_proof_start(s, err))
		return false;
	if (open_transaction(s, err))
		return true;
	return s->conn != NULL && goes_without(s, err) && pg_script(s, "ROLLBACK", err) &&
	       open_transaction(s, err);
}

/* Its end is not known: it was sent, and what came back is not the server's answer to it. */
static bool unknown(struct err *err)
{
	err->retry = ERR_OUTCOME_UNKNOWN;
	return false;
}

bool pg_commit(struct db *db, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	CLEANUP(buf_free) struct buf sql = buf_init(COMMIT_MAX);
	struct pg_request request = {.script = true};
	if (!pg_enter(s, stop, err) || !pg_must_be_whole(s, err) ||
	    (s->unchecked && !pg_guard_check(s, PG_GUARD_ONLY, err)) ||
	    (s->lock.held && s->lease.ms > 0 && !s->lease.fenced && !pg_lease_check(s, err)))
		return false;
	/* What is deferred fails in the first, while the transaction can still be looked at. */
	buf_add_text(&sql, "SET CONSTRAINTS ALL IMMEDIATE; ");
	if (s->lease.ms > 0)
		pg_lease_leave(s, &sql);
	buf_add_text(&sql, "COMMIT");
	if (sql.overflow)
		return err_set(err, ERR_UNEXPECTED, "the session has too many settings");
	request.sql = sql.data;
	bool ok = pg_request(s, &request, err);
	if (!ok && (s->conn == NULL || pq.status(s->conn) != CONNECTION_OK))
		return unknown(err);
	/* Stopped meanwhile, and done all the same: then it is done. */
	if (!ok && !text_is(request.tag, "COMMIT"))
		return false;
	leave_transaction(s);
	if (!text_is(request.tag, "COMMIT"))
		return err_set(err, ERR_DATABASE, "the server rolled back instead of committing");
	pg_proof_committed(s);
	return true;
}

/* A cancel that came late may meet the ROLLBACK instead of what it was for. */
bool pg_rollback(struct db *db, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	leave_transaction(s);
	s->stop = *stop;
	for (int tries = 0; tries < 3; tries++) {
		if (s->conn == NULL || pq.status(s->conn) != CONNECTION_OK ||
		    pq.transactionStatus(s->conn) == PQTRANS_IDLE)
			return true;
		if (pg_script(s, "ROLLBACK", err)) {
			pg_proof_rolled_back(s);
			return true;
		}
	}
	return s->conn == NULL;
}
