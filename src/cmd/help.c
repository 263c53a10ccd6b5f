#include "base/text.h"
#include "cmd/commands.h"
#include <stdio.h>
#include <string.h>

enum {
	NAME_SIZE = 64
};

/* At 78 columns, each line indented. */
static void wrap(const char *text, int indent, struct buf *out)
{
	enum {
		WIDTH = 78
	};
	int column = 0;
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		if (column > 0 && column + 1 + (int)len > WIDTH) {
			buf_add_char(out, '\n');
			column = 0;
		}
		buf_printf(out, "%*s%.*s", column == 0 ? indent : 1, "", (int)len, text);
		column += (column == 0 ? indent : 1) + (int)len;
		text += len + strspn(text + len, " ");
	}
	buf_add_char(out, '\n');
}

static void print_setting(const struct setting *setting, struct buf *out)
{
	char env[NAME_SIZE], option[NAME_SIZE];
	setting_env_name(setting, env, sizeof(env));
	setting_option_name(setting, option, sizeof(option));
	buf_printf(out, "  %s, --%s%s%s%s\n", env, option, setting_before_argument(setting),
	    setting->argument, setting_after_argument(setting));
	wrap(setting->help, 6, out);
	if (setting->choices != NULL || setting->fallback != NULL)
		buf_printf(out, "      %s%s%s%s\n",
		    setting->choices == NULL ? "" : setting->choices,
		    setting->choices != NULL && setting->fallback != NULL ? "; " : "",
		    setting->fallback == NULL ? "" : "default ",
		    setting->fallback == NULL ? "" : setting->fallback);
}

static void print_settings(struct buf *out)
{
	const char *topic = "";
	for (int i = 0; i < SETTINGS; i++) {
		if (strcmp(topic, settings[i].topic) != 0)
			buf_printf(out, "%s%s\n", i == 0 ? "" : "\n", settings[i].topic);
		topic = settings[i].topic;
		print_setting(&settings[i], out);
	}
}

void cmd_help_of(const struct cmd *cmd, struct buf *out)
{
	buf_printf(out, "db-entry %s%s%s: %s\n\n%s\n", cmd->name,
	    cmd->synopsis[0] == '\0' ? "" : " ", cmd->synopsis, cmd->summary, cmd->help);
	if (cmd->options != NULL)
		buf_add_text(out, "\nOptions\n");
	for (const struct cmd_option *o = cmd->options; o != NULL && o->name != NULL; o++) {
		char option[NAME_SIZE];
		snprintf(option, sizeof(option), "--%s%s%s", o->name,
		    o->argument == NULL ? "" : "=", o->argument == NULL ? "" : o->argument);
		buf_printf(out, "  %-22s %s\n", option, o->help);
	}
	if (cmd->needs_config)
		buf_add_text(out, "\nEvery setting is an option too: db-entry help settings\n");
}

void cmd_help_overview(struct buf *out)
{
	buf_add_text(out,
	    "db-entry waits for the database, applies pending migrations, becomes the application\n"
	    "\n"
	    "  db-entry [run] [OPTION…] -- APPLICATION [ARGUMENT…]\n"
	    "  db-entry COMMAND [OPTION…]\n"
	    "\n"
	    "Commands\n");
	for (size_t i = 0; cmds[i] != NULL; i++)
		buf_printf(out, "  %-10s %s\n", cmds[i]->name, cmds[i]->summary);
	buf_add_text(out,
	    "\n"
	    "The least it needs is the database: DATABASE_URL=sqlite:data/app.db\n"
	    "Migrations are found in db/migrations or migrations.\n"
	    "\n"
	    "  db-entry help COMMAND    one command\n"
	    "  db-entry help settings   every setting, as environment variable and option\n");
}

static bool run(struct cmd_call *call, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(1 << 20);
	if (call->operand_count == 0) {
		cmd_help_overview(&text);
		return cmd_print(&text, err);
	}
	const char *topic = call->operands[0];
	const struct cmd *cmd = cmd_find(topic);
	if (cmd != NULL) {
		cmd_help_of(cmd, &text);
	} else if (text_is(topic, "settings")) {
		print_settings(&text);
	} else {
		err_set(err, ERR_USAGE, "no help on '%s'", topic);
		return err_next(err, "db-entry help");
	}
	return cmd_print(&text, err);
}

const struct cmd cmd_help = {
    .name = "help",
    .synopsis = "[COMMAND|settings]",
    .summary = "this, a command, or all settings",
    .help = "Also as --help behind any command.",
    .operands_most = 1,
    .run = run,
};
