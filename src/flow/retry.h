/* Going on with an unfinished migration, for `repair --retry`. */
#ifndef DB_ENTRY_FLOW_RETRY_H
#define DB_ENTRY_FLOW_RETRY_H

#include "flow/flow.h"

/*
 * Lock, look again, judge and dump as for any migration, remove what its failed statement left, and
 * run it from there. ERR_USAGE when it is not one whose next statement is known; errors of the
 * migration as of flow_apply(). After flow_look().
 */
bool flow_retry(struct flow *flow, const char *version, struct err *err);

#endif
