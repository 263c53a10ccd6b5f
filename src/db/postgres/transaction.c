#include "base/text.h"
#include "db/postgres/postgres.h"
#include "db/postgres/proof.h"

enum {
	COMMIT_MAX = 256 * 1024 + PG_LATER_MOST
};

static void leave_transaction(struct pg_db *s)
{
	s->in_transaction = false;
	s->unchecked = false;
	s->tables = NULL;
	s->lease.fenced = false;
	s->lock.verified = false;
	buf_reset(&s->later);
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

/* What it says: of the session put in order, when it was; of the transaction; and what the proof
 * kept. */
struct opening {
	bool returns;
	size_t count;
	struct db_rows session, transaction, kept;
};

static void take_opening(void *context, const struct db_rows *rows)
{
	struct opening *opening = context;
	struct db_rows *const places[] = {&opening->session, &opening->transaction, &opening->kept};
	size_t at = opening->count++ + (opening->returns ? 0 : 1);
	*places[at < 2 ? at : 2] = *rows;
}

/* A reset goes along, committed by itself: what it sets must outlive a rollback. */
static bool write_opening(struct pg_db *s, struct buf *sql, struct err *err)
{
	if (s->due) {
		buf_add_text(sql, "BEGIN; ");
		pg_add_return(s, sql);
		buf_add_text(sql, "; COMMIT; ");
	}
	if (s->lease.ms == 0)
		buf_add_text(sql, "BEGIN ISOLATION LEVEL READ COMMITTED; ");
	else if (!pg_lease_begin(s, err) || !pg_settle_transaction(s, err))
		return false;
	pg_proof_begin(s, sql);
	buf_add_text(sql, "SELECT ");
	pg_guard_select(s, sql);
	pg_proof_count_before(s, sql);
	pg_proof_keep_rows(s, sql);
	return !sql->overflow || err_set(err, ERR_DATABASE, "too many tables are changed at once");
}

static bool open_transaction(struct pg_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(PROOF_SQL_MOST);
	struct opening opening = {.returns = s->due};
	/* As long as the transaction, like s->tables. */
	struct pg_request request = {.script = true,
	    .arena = &s->proof->transaction,
	    .each = take_opening,
	    .context = &opening};
	s->in_transaction = true;
	s->unchecked = false;
	s->tables = NULL;
	if (!write_opening(s, &sql, err))
		return false;
	request.sql = sql.data;
	if (!pg_request(s, &request, err))
		return false;
	if (opening.returns)
		pg_returned(s, &opening.session);
	const struct db_rows *rows = &opening.transaction;
	s->tables = rows->count > 0 ? rows->cells[0] : NULL;
	pg_proof_begun(s, rows);
	pg_proof_rows_kept(s, &opening.kept);
	return true;
}

/*
 * Not every platform's server can look whether its client is still there; and where the proof can't
 * read what it must the migration goes on without that.
 */
static bool goes_without(struct pg_db *s, const struct err *err)
{
	if ((s->lease.ms == 0 && !s->due) || s->no_check || !text_is(err->code, "22023"))
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
	if (!pg_enter_only(s, stop, err) || !pg_settle(s, err))
		return false;
	/* Statements outside one are done with: what comes now is ours. */
	s->due = s->due || s->strayed;
	if ((s->due && !s->proof->started && !pg_return(s, err)) || !pg_proof_start(s, err))
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
	if (!pg_enter_only(s, stop, err) || !pg_must_be_whole(s, err) ||
	    (s->unchecked && !pg_guard_check(s, PG_GUARD_ONLY, err)) ||
	    (s->lock.held && s->lease.ms > 0 && !s->lease.fenced && !pg_lease_check(s, err)))
		return false;
	if (s->later.len > 0)
		buf_printf(&sql, "%s; ", s->later.data);
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
