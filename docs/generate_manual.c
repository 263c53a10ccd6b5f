/* The manual page, in the man(7) macros that every formatter reads. */
#include "cmd/cmd.h"
#include "flow/settings.h"
#include "generate.h"
#include <stdio.h>
#include <string.h>

enum {
	NAME_SIZE = 64,
	CODE_SIZE = 16
};

/* Text as roff wants it: real hyphens, and no line that begins like a request. */
static void add_text(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		bool first = p == text || p[-1] == '\n';

		if (first && (*p == '.' || *p == '\''))
			buf_add_text(out, "\\&");
		if (*p == '\\')
			buf_add_text(out, "\\e");
		else if (*p == '-')
			buf_add_text(out, "\\-");
		else if (*p != '`')
			buf_add_char(out, *p);
	}
}

static void add_line(struct buf *out, const char *text)
{
	add_text(out, text);
	buf_add_char(out, '\n');
}

static void add_item(struct buf *out, const char *name, const char *argument, const char *separator)
{
	buf_add_text(out, ".TP\n\\fB");
	add_text(out, name);
	buf_add_text(out, "\\fR");
	if (argument == NULL || argument[0] == '\0') {
		buf_add_char(out, '\n');
		return;
	}
	buf_printf(out, "%s\\fI", separator);
	add_text(out, argument);
	buf_add_text(out, "\\fR\n");
}

static void add_command(struct buf *out, const struct cmd *cmd)
{
	add_item(out, cmd->name, cmd->synopsis, " ");
	buf_add_char(out,
	    (char)(cmd->summary[0] >= 'a' && cmd->summary[0] <= 'z' ? cmd->summary[0] - 'a' + 'A'
								    : cmd->summary[0]));
	add_text(out, cmd->summary + 1);
	buf_add_text(out, ".\n");
	add_line(out, cmd->help);
	if (cmd->options == NULL || cmd->options[0].name == NULL)
		return;
	buf_add_text(out, ".RS\n");
	for (const struct cmd_option *o = cmd->options; o->name != NULL; o++) {
		char name[NAME_SIZE];

		snprintf(name, sizeof(name), "--%s", o->name);
		add_item(out, name, o->argument, "=");
		add_line(out, o->help);
	}
	buf_add_text(out, ".RE\n");
}

static void add_setting(struct buf *out, const struct setting *setting)
{
	char variable[NAME_SIZE];
	char name[NAME_SIZE + 2] = "--";
	char argument[NAME_SIZE];

	snprintf(
	    argument, sizeof(argument), "%s%s", setting->argument, setting_after_argument(setting));
	setting_env_name(setting, variable, sizeof(variable));
	setting_option_name(setting, name + 2, NAME_SIZE);
	add_item(out, variable, NULL, "");
	buf_add_text(out, ".PD 0\n");
	add_item(out, name, argument, setting_before_argument(setting));
	buf_add_text(out, ".PD\n");
	add_line(out, setting->help);
	if (setting->fallback != NULL) {
		buf_add_text(out, "The default is ");
		add_text(out, setting->fallback);
		buf_add_text(out, ".\n");
	}
}

static void add_settings(struct buf *out)
{
	const char *topic = "";

	buf_add_text(out,
	    ".SH SETTINGS\n"
	    "Each is an environment variable, and an option of every command, which wins.\n"
	    "A variable with _FILE behind its name holds the path of a file with the value "
	    "instead.\n");
	for (int i = 0; i < SETTINGS; i++) {
		if (strcmp(topic, settings[i].topic) != 0)
			buf_printf(out, ".SS %s\n", settings[i].topic);
		topic = settings[i].topic;
		add_setting(out, &settings[i]);
	}
}

static void add_exit_codes(struct buf *out)
{
	buf_add_text(out, ".SH EXIT STATUS\n"
			  "Once the application is started, its own. Otherwise:\n");
	for (size_t i = 0; i < EXIT_CODES; i++) {
		char code[CODE_SIZE];

		exit_code_text(exit_codes[i].kind, code, sizeof(code));
		add_item(out, code, NULL, "");
		add_line(out, err_row(exit_codes[i].kind)->help);
	}
}

void page_manual(struct buf *out)
{
	buf_add_text(out,
	    ".\\\" Made by `make docs`.\n"
	    ".TH DB\\-ENTRY 1 \"\" \"db\\-entry " DB_ENTRY_VERSION "\" \"User Commands\"\n"
	    ".SH NAME\n"
	    "db\\-entry \\- wait for the database, apply pending migrations, become the "
	    "application\n"
	    ".SH SYNOPSIS\n"
	    ".B db\\-entry\n"
	    "[run] [\\fIOPTION\\fR…] \\-\\- \\fIAPPLICATION\\fR [\\fIARGUMENT\\fR…]\n"
	    ".br\n"
	    ".B db\\-entry\n"
	    "\\fICOMMAND\\fR [\\fIOPTION\\fR…]\n"
	    ".SH DESCRIPTION\n"
	    "Entry point of an application's container.\n"
	    "It waits until the database answers, compares the history in the database with the\n"
	    "migrations in the image, applies what is pending while it holds a lock, and executes "
	    "the\n"
	    "application in its own place.\n"
	    "When something stands against that, it changes nothing, says what and why and what to "
	    "do\n"
	    "next, and exits with a status of its own.\n"
	    ".SH COMMANDS\n");
	for (size_t i = 0; cmds[i] != NULL; i++)
		add_command(out, cmds[i]);
	add_settings(out);
	add_exit_codes(out);
	buf_add_text(out,
	    ".SH FILES\n"
	    ".TP\n"
	    ".I db/migrations, migrations\n"
	    "The migrations, when no folder is given.\n"
	    ".TP\n"
	    ".I db/config/db\\-environments.json\n"
	    "The environments, read when one is chosen.\n"
	    ".SH EXAMPLES\n"
	    ".EX\n"
	    "DATABASE_URL=sqlite:data/shop.db db\\-entry \\-\\- ./shop \\-\\-port 8080\n"
	    "db\\-entry plan \\-\\-database\\-url=sqlite:data/shop.db\n"
	    ".EE\n");
}
