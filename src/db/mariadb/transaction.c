#include "base/text.h"
#include "db/mariadb/proof.h"
#include <string.h>

enum {
	CLEANUP_MS = 3000
};

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
