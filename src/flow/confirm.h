/* Nothing is pending: is the schema still what the last run left and found right? */
#ifndef DB_ENTRY_FLOW_CONFIRM_H
#define DB_ENTRY_FLOW_CONFIRM_H

#include "flow/flow.h"

/*
 * True at once when the stored verdict still holds, with one fingerprint and no catalog read.
 * Otherwise drift and mirror are judged (ERR_DRIFT, ERR_MISMATCH). `record`: what was found right
 * is recorded for the next start, when nobody is migrating; otherwise nothing is written.
 */
bool flow_confirm(struct flow *flow, bool record, struct err *err);

#endif
