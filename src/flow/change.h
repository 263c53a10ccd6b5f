/* Changing the history on request, under the same lock as a run. */
#ifndef DB_ENTRY_FLOW_CHANGE_H
#define DB_ENTRY_FLOW_CHANGE_H

#include "flow/flow.h"

/*
 * Lock, look again, and do `change` with our tables there, all in one transaction: it happens whole
 * or not at all. The flow is open and connected. `accept`: the schema is recorded as it is;
 * otherwise what somebody else changed of it stays drift.
 */
bool flow_change(struct flow *flow, bool accept,
    bool (*change)(struct flow *flow, const void *context, struct err *err), const void *context,
    struct err *err);

/* Log one row that was changed, once it is committed. */
void flow_report_change(const struct plan_item *item, const char *change);

#endif
