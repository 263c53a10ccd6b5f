#include "cmd/cmd.h"
#include "cmd/commands.h"
#include <string.h>

const struct cmd *const cmds[] = {
    &cmd_run,
    &cmd_apply,
    &cmd_wait,
    &cmd_status,
    &cmd_plan,
    &cmd_diff,
    &cmd_mirror,
    &cmd_new,
    &cmd_baseline,
    &cmd_repair,
    &cmd_dump,
    &cmd_restore,
    &cmd_rollback,
    &cmd_lint,
    &cmd_health,
    &cmd_config,
    &cmd_version,
    &cmd_help,
    NULL,
};

const struct cmd *cmd_find(const char *name)
{
	for (size_t i = 0; cmds[i] != NULL; i++)
		if (strcmp(cmds[i]->name, name) == 0)
			return cmds[i];
	return NULL;
}
