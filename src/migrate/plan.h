/*
 * The plan: what the image's migrations and the database's history mean together. A pure function
 * of the two; it talks to nobody.
 *
 * Pending is a set difference, never a high-water mark. An applied version the image does not have
 * is `missing` when the image has a newer version and one that was applied after it: its file was
 * removed. Otherwise it is `future`: a later image put it there. A reverted version is pending
 * again, and so is one that had no statement when it was applied and has some now.
 */
#ifndef DB_ENTRY_MIGRATE_PLAN_H
#define DB_ENTRY_MIGRATE_PLAN_H

#include "migrate/history.h"
#include "migrate/migration.h"

enum plan_state {
	PLAN_APPLIED,
	PLAN_PENDING,
	PLAN_OUT_OF_ORDER, /* pending, and older than the newest applied one */
	PLAN_ACCEPTED,     /* applied; the file changed and says so with was= */
	PLAN_CHANGED,      /* applied; the file is not the one that was */
	PLAN_UNFINISHED,   /* started, never finished; or its rollback was */
	PLAN_RESUMED,      /* the same, and pending: plan_resume() */
	PLAN_MISSING,      /* applied; its file is gone */
	PLAN_FUTURE,       /* applied by a later image */
	PLAN_FLOOR,        /* future, and this image must not run on it */
	PLAN_STATES
};

struct plan_item {
	enum plan_state state;
	const struct migration *migration; /* NULL when the image has none */
	const struct history_row *row;     /* NULL when the history has none */
	/* Of plan_statement_at_work(), once the database was asked; NULL: it was not. The caller's.
	 */
	const struct db_remains *remains;
	int done; /* of PLAN_RESUMED: statements */
};

struct plan {
	struct plan_item *items; /* by version */
	size_t count;
	size_t counts[PLAN_STATES];
};

/* Items live in the arena and point into `set` and `history`, which must outlive them. */
void plan_make(struct plan *plan, const struct migration_set *set, const struct history *history,
    struct arena *arena);

/* Of the file, or where the image has none, of the history. Never NULL. */
const char *plan_item_version(const struct plan_item *item);
const char *plan_item_name(const struct plan_item *item);

/* Will it be run? */
bool plan_item_is_pending(const struct plan_item *item);

/* The item of a version; NULL when neither side has it. */
const struct plan_item *plan_find(const struct plan *plan, const char *version);

/* How many will be run: pending and out of order. */
size_t plan_pending(const struct plan *plan);

/* How many of the history are applied, known to the image or not. */
size_t plan_applied(const struct plan *plan);

/* The newest applied version, NULL when none. */
const char *plan_newest(const struct plan *plan);

/*
 * True when the history allows a run. Otherwise ERR_HISTORY or, with an unfinished migration,
 * ERR_HALF_APPLIED, with every finding (the first dozen) in `why` and what to do in `next`.
 * `refuse_out_of_order` as
 * DB_ENTRY_OUT_OF_ORDER says.
 */
bool plan_check(const struct plan *plan, bool refuse_out_of_order, struct err *err);

/* The same of unfinished migrations and rollbacks alone: all that stands in the way of a rollback.
 */
bool plan_check_unfinished(const struct plan *plan, struct err *err);

/*
 * Of an unfinished one, the first statement in the file that is not known to be done. NULL when
 * that can't be told: the file does not begin with those that are; or all are.
 */
const struct sql_statement *plan_open_statement(const struct plan_item *item);

/*
 * The statement that failed or was cut off, which is another when the file was corrected; it points
 * into `item`. False: there is none, or nobody knows it.
 */
bool plan_statement_at_work(const struct plan_item *item, struct sql_statement *statement);

/*
 * Can an unfinished migration be run from its open statement on, or the one behind it? *done then
 * says how many are done. What `remains` says is BROKEN has to be removed before.
 */
bool plan_can_resume(const struct plan_item *item, int *done);

/* Make it pending if it can be resumed, with nothing to be removed before. */
void plan_resume(struct plan *plan, struct plan_item *item);

const char *plan_state_name(enum plan_state state); /* "out-of-order" */

#endif
