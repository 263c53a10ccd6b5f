/* The commands, one a file. */
#ifndef DB_ENTRY_CMD_COMMANDS_H
#define DB_ENTRY_CMD_COMMANDS_H

#include "cmd/cmd.h"

extern const struct cmd cmd_run, cmd_apply, cmd_wait, cmd_status, cmd_plan, cmd_new, cmd_baseline,
    cmd_diff, cmd_mirror, cmd_repair, cmd_dump, cmd_restore, cmd_rollback, cmd_lint, cmd_health,
    cmd_config, cmd_version, cmd_help;

#endif
