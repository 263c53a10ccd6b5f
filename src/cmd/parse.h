/* From argv to a call. */
#ifndef DB_ENTRY_CMD_PARSE_H
#define DB_ENTRY_CMD_PARSE_H

#include "cmd/cmd.h"

/* Settings given as options, in the order given. */
struct cmd_settings {
	struct config_option items[64];
	size_t count;
};

/*
 * Read the words of one command (argv[0] is its name) into `call` and `settings`. --help turns the
 * call into `help COMMAND`. Words stay where they are in argv. ERR_USAGE otherwise.
 */
bool cmd_parse(
    struct cmd_call *call, struct cmd_settings *settings, int argc, char **argv, struct err *err);

/* Are there as many words as the command takes, and no application it does not start? ERR_USAGE. */
bool cmd_check_words(const struct cmd_call *call, struct err *err);

#endif
