/* Completions for bash, zsh and fish, from the tables of commands and settings. */
#include "cmd/cmd.h"
#include "flow/settings.h"
#include "generate.h"
#include <string.h>

enum {
	NAME_SIZE = 64
};

static const char *option_of(const struct setting *setting)
{
	static char name[NAME_SIZE];

	setting_option_name(setting, name, sizeof(name));
	return name;
}

/* The first sentence, without its full stop and without what a quoted shell word can't hold. */
static void add_summary(struct buf *out, const char *help)
{
	for (const char *p = help; *p != '\0'; p++) {
		if ((*p == '.' && (p[1] == ' ' || p[1] == '\0')) || *p == ':' || *p == ';')
			break;
		if (strchr("'`[]\\\"$", *p) == NULL)
			buf_add_char(out, *p);
	}
}

/* "a|b" as words; nothing for a range of numbers. */
static void add_choices(struct buf *out, const struct setting *setting)
{
	for (const char *p = setting->choices; *p != '\0'; p++)
		buf_add_char(out, *p == '|' ? ' ' : *p);
}

static bool has_options(const struct cmd *cmd)
{
	return cmd->options != NULL && cmd->options[0].name != NULL;
}

static void add_command_names(struct buf *out)
{
	for (size_t i = 0; cmds[i] != NULL; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : " ", cmds[i]->name);
}

static void add_bash_values(struct buf *out)
{
	for (int i = 0; i < SETTINGS; i++) {
		const char *option = option_of(&settings[i]);

		if (settings[i].type == SETTING_IS_SWITCH)
			continue; /* the next word is none of its */
		if (settings[i].type == SETTING_IS_CHOICE) {
			buf_printf(out, "    --%s)\n        mapfile -t COMPREPLY < <(compgen -W '",
			    option);
			add_choices(out, &settings[i]);
			buf_add_text(out, "' -- \"$cur\")\n        return ;;\n");
		} else if (settings[i].type == SETTING_IS_PATH) {
			buf_printf(out,
			    "    --%s)\n        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
			    "        return ;;\n",
			    option);
		} else {
			buf_printf(out, "    --%s) return ;;\n", option);
		}
	}
}

static void add_bash_options(struct buf *out)
{
	buf_add_text(out, "    local options='--help");
	for (int i = 0; i < SETTINGS; i++)
		buf_printf(out, " --%s", option_of(&settings[i]));
	buf_add_text(out, "'\n    case $command in\n");
	for (size_t i = 0; cmds[i] != NULL; i++) {
		if (!has_options(cmds[i]))
			continue;
		buf_printf(out, "    %s) options=\"$options", cmds[i]->name);
		for (const struct cmd_option *o = cmds[i]->options; o->name != NULL; o++)
			buf_printf(out, " --%s", o->name);
		buf_add_text(out, "\" ;;\n");
	}
	buf_add_text(out, "    esac\n");
}

void page_bash(struct buf *out)
{
	buf_add_text(out,
	    "# Completion of db-entry for bash.\n\n"
	    "_db_entry() {\n"
	    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	    "    local command='' i\n"
	    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
	    "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
	    "            declare -F _command_offset >/dev/null && _command_offset $((i + 1))\n"
	    "            return\n"
	    "        fi\n"
	    "    done\n"
	    "    # --name=value arrives as three words.\n"
	    "    if [[ $cur == = ]]; then\n"
	    "        cur=''\n"
	    "    elif [[ $prev == = ]]; then\n"
	    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	    "    fi\n"
	    "    [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} != -* ]] && command=${COMP_WORDS[1]}\n"
	    "    case $prev in\n");
	add_bash_values(out);
	buf_add_text(out, "    esac\n");
	add_bash_options(out);
	buf_add_text(out, "    [[ $COMP_CWORD -eq 1 ]] && options=\"");
	add_command_names(out);
	buf_add_text(out, " $options\"\n"
			  "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
			  "}\n\n"
			  "complete -F _db_entry db-entry\n");
}

static void add_zsh_setting(struct buf *out, const struct setting *setting)
{
	bool is_switch = setting->type == SETTING_IS_SWITCH;

	buf_printf(out, "    '--%s%s[", option_of(setting), is_switch ? "" : "=");
	add_summary(out, setting->help);
	if (is_switch) {
		buf_add_text(out, "]'\n");
		return;
	}
	buf_printf(out, "]:%s:", setting->type == SETTING_IS_CHOICE ? "value" : setting->argument);
	if (setting->type == SETTING_IS_CHOICE) {
		buf_add_char(out, '(');
		add_choices(out, setting);
		buf_add_char(out, ')');
	} else if (setting->type == SETTING_IS_PATH) {
		buf_add_text(out, "_files");
	}
	buf_add_text(out, "'\n");
}

static void add_zsh_command_options(struct buf *out, const struct cmd *cmd)
{
	if (!has_options(cmd))
		return;
	buf_printf(out, "%s)\n    options+=(\n", cmd->name);
	for (const struct cmd_option *o = cmd->options; o->name != NULL; o++) {
		buf_printf(out, "        '--%s%s[", o->name, o->argument == NULL ? "" : "=");
		add_summary(out, o->help);
		buf_printf(out, "]%s%s'\n", o->argument == NULL ? "" : ":",
		    o->argument == NULL ? "" : o->argument);
	}
	buf_add_text(out, "    ) ;;\n");
}

void page_zsh(struct buf *out)
{
	buf_add_text(out, "#compdef db-entry\n"
			  "# Completion of db-entry for zsh.\n\n"
			  "local -a commands options\n"
			  "commands=(\n");
	for (size_t i = 0; cmds[i] != NULL; i++) {
		buf_printf(out, "    '%s:", cmds[i]->name);
		add_summary(out, cmds[i]->summary);
		buf_add_text(out, "'\n");
	}
	buf_add_text(out, ")\noptions=(\n    '--help[what a command does and takes]'\n");
	for (int i = 0; i < SETTINGS; i++)
		add_zsh_setting(out, &settings[i]);
	buf_add_text(out, ")\ncase ${words[2]} in\n");
	for (size_t i = 0; cmds[i] != NULL; i++)
		add_zsh_command_options(out, cmds[i]);
	buf_add_text(out, "esac\n"
			  "local -i dashes=${words[(i)--]}\n"
			  "if ((dashes < CURRENT)); then\n"
			  "    shift dashes words\n"
			  "    ((CURRENT -= dashes))\n"
			  "    _normal\n"
			  "elif ((CURRENT == 2)) && [[ ${words[2]} != -* ]]; then\n"
			  "    _describe command commands\n"
			  "else\n"
			  "    _arguments $options\n"
			  "fi\n");
}

static void add_fish_settings(struct buf *out)
{
	for (int i = 0; i < SETTINGS; i++) {
		buf_printf(out, "complete -c db-entry -n $ours -l %s", option_of(&settings[i]));
		if (settings[i].type != SETTING_IS_SWITCH)
			buf_add_text(out, settings[i].type == SETTING_IS_PATH ? " -rF" : " -x");
		if (settings[i].type == SETTING_IS_CHOICE) {
			buf_add_text(out, " -a '");
			add_choices(out, &settings[i]);
			buf_add_char(out, '\'');
		}
		buf_add_text(out, " -d '");
		add_summary(out, settings[i].help);
		buf_add_text(out, "'\n");
	}
}

static void add_fish_options(struct buf *out, const struct cmd *cmd)
{
	if (!has_options(cmd))
		return;
	for (const struct cmd_option *o = cmd->options; o->name != NULL; o++) {
		buf_printf(out,
		    "complete -c db-entry -n '__fish_seen_subcommand_from %s' -l %s%s -d '",
		    cmd->name, o->name, o->argument == NULL ? "" : " -x");
		add_summary(out, o->help);
		buf_add_text(out, "'\n");
	}
}

void page_fish(struct buf *out)
{
	buf_add_text(out, "# Completion of db-entry for fish.\n\n"
			  "set -l ours 'not contains -- -- (commandline -opc)'\n"
			  "complete -c db-entry -n $ours -f\n");
	for (size_t i = 0; cmds[i] != NULL; i++) {
		buf_printf(
		    out, "complete -c db-entry -n __fish_use_subcommand -a %s -d '", cmds[i]->name);
		add_summary(out, cmds[i]->summary);
		buf_add_text(out, "'\n");
	}
	buf_add_text(
	    out, "complete -c db-entry -n $ours -l help -d 'What a command does and takes'\n");
	add_fish_settings(out);
	for (size_t i = 0; cmds[i] != NULL; i++)
		add_fish_options(out, cmds[i]);
}
