/* DB_ENTRY_DUMP=hook: somebody else takes a snapshot. */
#ifndef DB_ENTRY_FLOW_HOOK_H
#define DB_ENTRY_FLOW_HOOK_H

#include "flow/backup.h"

/* ERR_CONFIG when DB_ENTRY_DUMP_HOOK is missing, or is neither a program with its arguments nor a
 * URL. */
bool hook_check(const struct config *config, struct err *err);

/* Run or call it; *id, in the flow's arena, is the first line it printed or the id it answered.
 * ERR_DUMP otherwise. */
bool hook_run(
    struct flow *flow, const struct flow_dump_wish *wish, const char **id, struct err *err);

#endif
