/*
 * A session as new, and its transactions. What a migration does to the session is told by the
 * server (session_track_state_change). Putting all of it back, with temporary tables and whatever
 * else there is, takes a new session: the server can reset one, but lets go of its locks then. So
 * the lock is handed over.
 */
#include "base/text.h"
#include "db/mariadb/proof.h"
#include <string.h>

enum {
	CLEANUP_MS = 3000,
	SCRIPT_MAX = 16 * 1024
};

/* --- A session as new --- */

/* The old one is closed when the new one has the lock. */
static bool renew(struct my_db *s, struct err *err)
{
	struct my_db fresh = *s;
	fresh.conn = NULL;
	fresh.ahead = (struct my_ahead){.count = 0};
	fresh.settled = fresh.strayed = fresh.in_transaction = false;
	if (!my_connect_to(&fresh.conn, &s->place, &s->target, &s->stop, err))
		return err_context(err, "a second connection, to put the session back");
	fresh.server.id = (int64_t)ma.thread_id(fresh.conn);
	if (!my_settle(&fresh, err) || !my_lock_hand_over(s, &fresh, err)) {
		my_drop(&fresh.conn);
		return false;
	}
	ma.close(s->conn);
	s->conn = fresh.conn;
	s->server.id = fresh.server.id;
	s->strayed = false;
	return my_lock_moved(s, err);
}

bool my_reset(
    struct db *db, const struct db_limits *limits, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	const struct db_limits before = s->limits;
	s->limits = limits == NULL ? s->first_limits : *limits;
	if (!my_rollback(db, stop, err) || !my_enter(s, stop, err))
		return false;
	if (!s->settled)
		return my_settle(s, err);
	if (s->strayed)
		return renew(s, err);
	CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MAX);
	my_add_limits(s, &sql);
	return (before.lock_timeout == s->limits.lock_timeout &&
		   before.statement_timeout == s->limits.statement_timeout) ||
	       my_do(s, sql.data, err);
}

/* --- Its transaction --- */

/*
 * At the level the server has: what a migration changes it reads as it is now at any of them, and
 * READ COMMITTED is refused where the binary log has statements.
 */
bool my_begin(struct db *db, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	const struct db_limits limits = s->limits;
	if ((s->proof->spoiled && !my_reset(db, &limits, stop, err)) || !my_enter(s, stop, err) ||
	    !my_settle(s, err))
		return false;
	s->in_transaction = true; /* perhaps, when it is stopped meanwhile */
	s->proof->spoiled = false;
	my_proof_begun(s);
	if (my_do(s, "START TRANSACTION", err))
		return true;
	const struct stop soon = stop_cleanup(CLEANUP_MS);
	struct err ignored;
	my_rollback(db, &soon, &ignored);
	return false;
}

bool my_commit(struct db *db, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	struct my_request request = {.sql = "COMMIT", .len = strlen("COMMIT")};
	if (!my_enter(s, stop, err) || !my_lease_fence(s, err))
		return false;
	bool ok = my_request(s, &request, err);
	if (!ok && s->conn == NULL) {
		err->retry = ERR_OUTCOME_UNKNOWN;
		return false;
	}
	/* Stopped meanwhile, and done all the same: then it is done. */
	if (!ok && !request.done)
		return false;
	s->in_transaction = false;
	my_proof_committed(s);
	return true;
}

/* A cancel that came late may meet the ROLLBACK instead of what it was for. */
bool my_rollback(struct db *db, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	s->stop = *stop;
	if (s->in_transaction)
		my_proof_rolled_back(s);
	for (int tries = 0; s->in_transaction && s->conn != NULL && tries < 3; tries++) {
		if (my_do(s, "ROLLBACK", err))
			s->in_transaction = false;
		else if (!text_is(err->code, "1317"))
			break;
	}
	if (s->conn == NULL)
		s->in_transaction = false;
	return !s->in_transaction;
}
