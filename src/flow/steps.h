/* What the steps of the run share with each other and with nobody else. */
#ifndef DB_ENTRY_FLOW_STEPS_H
#define DB_ENTRY_FLOW_STEPS_H

#include "flow/flow.h"
#include "schema/diff.h"

/* How long rollback, unlock and the closing record may take after a signal or an error. */
enum {
	FLOW_CLEANUP_MS = 3000
};

/* The limits of one statement as configured. */
struct db_limits flow_limits(const struct flow *flow);

/*
 * Read the approvals. May this environment apply what is pending? ERR_PENDING or ERR_DESTRUCTIVE
 * otherwise.
 */
bool flow_gate(struct flow *flow, struct err *err);

/*
 * Add the first lines of what differs to an error's `why`; the sides are called as given. What only
 * the right side has is left out unless `all`.
 */
void flow_tell_differences(
    const struct schema_diff *diff, const char *left, const char *right, bool all, struct err *err);

/* Ask what is at the other end; flow->probe then outlives the session. */
bool flow_probe(struct flow *flow, struct db *db, const struct stop *stop, struct err *err);

/* Take the lock, waiting while its holder advances, and look again; judge nothing. */
bool flow_take_lock(struct flow *flow, struct err *err);

/* Whatever is open; harmless when nothing is. */
void flow_roll_back(struct flow *flow);

/* Show that the migration being applied goes on; `flow` is a struct flow. */
void flow_show_progress(void *flow);

/* Does the migration run in one transaction with its history row? */
bool flow_is_atomic(const struct flow *flow, const struct migration *migration);

/* Unlock and close. */
void flow_disconnect(struct flow *flow);

/*
 * After ERR_OUTCOME_UNKNOWN: connect, lock and look again; *applied tells whether the history has
 * the migration.
 */
bool flow_reconnect(
    struct flow *flow, const struct migration *migration, bool *applied, struct err *err);

#endif
