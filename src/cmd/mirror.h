/* The parts of the mirror command. */
#ifndef DB_ENTRY_CMD_MIRROR_H
#define DB_ENTRY_CMD_MIRROR_H

#include "cmd/cmd.h"

/* Make what is missing of the db/ folder; what is there stays as it is. */
bool cmd_mirror_init(struct cmd_call *call, struct err *err);

/* Copy the mirror to docs/context/ and enter it in the registry there. */
bool cmd_mirror_sync_context(struct cmd_call *call, struct err *err);

#endif
