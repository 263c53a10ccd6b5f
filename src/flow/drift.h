/* Drift: did anybody else change the schema since the last run? */
#ifndef DB_ENTRY_FLOW_DRIFT_H
#define DB_ENTRY_FLOW_DRIFT_H

#include "flow/record.h"

/*
 * What is live against what the last change of ours left, whatever DB_ENTRY_DRIFT says. Equal where
 * the two can't be compared, and where DB_ENTRY_IGNORE covers all that differs. In flow->arena.
 */
bool flow_drift_find(struct flow *flow, const struct standing *standing, const struct schema *live,
    struct schema_diff *diff, struct err *err);

/*
 * What drift means here: a warning, or ERR_DRIFT as DB_ENTRY_DRIFT says: `block`, or `auto` where
 * what is going to be run touches what drifted.
 */
bool flow_drift_judge(const struct flow *flow, const struct flow_work *work,
    const struct schema_diff *diff, struct err *err);

/* All of it, with something to run: under the lock, or without it for those who only look. */
bool flow_drift(struct flow *flow, const struct flow_work *work, struct err *err);

#endif
