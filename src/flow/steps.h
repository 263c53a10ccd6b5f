/* What the steps of the run share with each other and with nobody else. */
#ifndef DB_ENTRY_FLOW_STEPS_H
#define DB_ENTRY_FLOW_STEPS_H

#include "flow/flow.h"
#include "migrate/part.h"
#include "schema/diff.h"

/* How long rollback, unlock and the closing record may take after a signal or an error. */
enum {
	FLOW_CLEANUP_MS = 3000
};

/* The limits of one statement as configured. */
struct db_limits flow_limits(const struct flow *flow);

/* What is going to be run, in this order: up parts or down parts, never both. */
struct flow_work {
	struct migration_part *parts; /* in the flow's arena */
	size_t count;
};

/* The up parts of what is pending. */
void flow_pending(struct flow *flow, struct flow_work *work);

/*
 * Read the approvals. May this environment run that? ERR_PENDING (up parts) or ERR_DESTRUCTIVE
 * otherwise; ERR_LOCK for what needs a session, where only transactions are to be had.
 */
bool flow_gate(struct flow *flow, const struct flow_work *work, struct err *err);

/*
 * Under the lock, before the first change and the dump, where the driver has a trial and something
 * in `work` can't be taken back: ERR_FAILED when one of its statements can't succeed. What else it
 * finds the gate asks for with flow_tried().
 */
bool flow_trial(struct flow *flow, const struct flow_work *work, struct err *err);

/* What the trial found that this statement takes away; NULL: nothing. */
const char *flow_tried(const struct flow *flow, const struct sql_statement *statement);

/* Of a first migration that failed since its table is there: what to do when all are. */
void flow_advise_baseline(const struct flow *flow, struct err *err);

/*
 * Before the first change, under the lock, with something to run: a dump as DB_ENTRY_DUMP wants it,
 * or ERR_DUMP, or promise 2's exception, which is logged. The id goes into the history.
 */
bool flow_backup(struct flow *flow, const struct flow_work *work, struct err *err);

/*
 * Judge one part, run it and record that: in one transaction, or statement by statement with the
 * ledger. `row` is what the history has of it: of an up part NULL, a row that makes room, or one
 * that is started, which it is then run on from. A failure says what is left behind.
 */
bool flow_run_part(struct flow *flow, const struct migration_part *part,
    const struct history_row *row, struct err *err);

/* Say how many parts of this run are committed, when there are any. Always false. */
bool flow_report_kept(const struct flow *flow, bool down, struct err *err);

/*
 * Add the first lines of what differs to an error's `why`; the sides are called as given. What only
 * the right side has is left out unless `all`.
 */
void flow_tell_differences(
    const struct schema_diff *diff, const char *left, const char *right, bool all, struct err *err);

/* Ask what is at the other end; flow->probe then outlives the session. */
bool flow_probe(struct flow *flow, struct db *db, const struct stop *stop, struct err *err);

/* After flow_wait(), for what makes no database: ERR_CONFIG where there is none yet. */
bool flow_must_exist(const struct flow *flow, struct err *err);
/*
 * While the database is a standby or recovers: wait until it is neither, as long as for a database
 * that does not answer. Says nothing of one that stays read-only: flow_check() does.
 */
bool flow_await_writable(struct flow *flow, struct err *err);

/* ERR_READ_ONLY where nothing can be written. */
bool flow_must_write(const struct flow *flow, struct err *err);

/*
 * Past the pooler, once, where DB_ENTRY_DIRECT_URL leads, and look again there. Taking the lock
 * does it; before it, only what must know the database by the name it is changed under.
 */
bool flow_go_direct(struct flow *flow, struct err *err);

/* Take the lock, waiting while its holder advances, and look again; judge nothing. */
bool flow_take_lock(struct flow *flow, struct err *err);

/*
 * A migration outside a transaction that is started and not finished may be at work this moment, in
 * another process. Under the lock it is not: then what is found is what was left. Lets go of it.
 */
bool flow_await_unfinished(struct flow *flow, struct err *err);

/* Whatever is open; harmless when nothing is. */
void flow_roll_back(struct flow *flow);

/* Show that the migration being applied goes on; `flow` is a struct flow. */
void flow_show_progress(void *flow);

/* Make our tables where they are missing, before the first change. */
bool flow_prepare(struct flow *flow, struct err *err);

/* Does it run in one transaction with its history row? */
bool flow_is_atomic(const struct migration_part *part);

/* Would an unfinished one be run statement by statement, as it was begun? */
bool flow_can_go_on(const struct flow *flow, const struct plan_item *item);

/* Unlock and close. */
void flow_disconnect(struct flow *flow);

/*
 * After ERR_OUTCOME_UNKNOWN: connect, lock and look again; *done tells whether the history says
 * that the part was run.
 */
bool flow_reconnect(
    struct flow *flow, const struct migration_part *part, bool *done, struct err *err);

#endif
