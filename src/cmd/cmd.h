/*
 * Commands: one file each with its options, its call and its printing. A new one is one file and
 * one line in cmds.c.
 *
 * Results go to standard output, the log to standard error. A command returns its error; main()
 * shows it and turns its kind into the exit code.
 */
#ifndef DB_ENTRY_CMD_CMD_H
#define DB_ENTRY_CMD_CMD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "flow/config.h"

/* An option of one command, beside the settings. */
struct cmd_option {
	const char *name;     /* "json" */
	const char *argument; /* how help calls its value; NULL: a switch */
	const char *help;
};

enum {
	CMD_OPTIONS_MAX = 8
};

/* One invocation, parsed. */
struct cmd_call {
	const struct cmd *cmd;
	const char *option[CMD_OPTIONS_MAX]; /* as cmd->options; NULL: not given, "" for a switch */
	char **operands;                     /* words that are no options */
	size_t operand_count;
	char **application;   /* the words after --, ended by NULL; NULL when there was no -- */
	struct config config; /* loaded when cmd->needs_config */
	int status;           /* of an application that ended */
};

struct cmd {
	const char *name;
	const char *synopsis;             /* "[OPTIONS] -- APPLICATION [ARGUMENT…]" */
	const char *summary;              /* one line */
	const char *help;                 /* a paragraph or more */
	const struct cmd_option *options; /* ends with name NULL; NULL when none */
	size_t operands_least, operands_most;
	bool takes_application; /* the words after -- */
	bool needs_config;
	bool leaves_message; /* a failure goes to DB_ENTRY_TERMINATION_LOG as well */
	bool (*run)(struct cmd_call *call, struct err *err);
};

/* cmds.c: ended by NULL. */
extern const struct cmd *const cmds[];

/* The command of a name; NULL when there is none. */
const struct cmd *cmd_find(const char *name);

/*
 * The whole command line: find the command, parse, load the configuration, set up the log, do it.
 * True with the status to exit with: 0, or what an application left. False with the error to show.
 */
bool cmd_main(int argc, char **argv, int *status, struct err *err);

/* The value of an option of the call's command, as cmd_call.option. */
const char *cmd_option(const struct cmd_call *call, const char *name);

/* Print a result to standard output, complete or an error (a closed pipe, a full disk). */
bool cmd_print(const struct buf *text, struct err *err);
bool cmd_print_json(const struct json *node, struct err *err);

/* What `help` prints of a command, and without one, for the generated pages. */
void cmd_help_of(const struct cmd *cmd, struct buf *out);
void cmd_help_overview(struct buf *out);

#endif
