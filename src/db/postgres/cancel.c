/*
 * Cancelling. libpq's PQcancel() connects without a limit of time, and its cancel that doesn't
 * block came with version 17: so it is done where it can be left behind.
 */
#include "base/errand.h"
#include "db/postgres/postgres.h"

static void work(void *task)
{
	char ignored[256]; /* the caller sees by itself whether the statement ends */
	pq.cancel(task, ignored, sizeof(ignored));
}

static void drop(void *task)
{
	pq.freeCancel(task);
}

void pg_cancel(PGconn *conn, const struct stop *stop)
{
	CLEANUP(errand_leave) struct errand *errand = NULL;
	struct err ignored;
	PGcancel *cancel = pq.getCancel(conn);
	if (cancel != NULL && errand_begin(&errand, work, drop, cancel, &ignored))
		errand_wait(errand, stop, &ignored);
}
