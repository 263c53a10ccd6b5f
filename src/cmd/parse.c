/*
 * Options are read by getopt_long(3) from two tables: the settings, which every command knows, and
 * the command's own. The first word that is no option ends them, so that an application's options
 * are never taken for ours.
 */
#include "cmd/parse.h"
#include "base/text.h"
#include "cmd/commands.h"
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_SIZE = 48,
	OPTIONS = SETTINGS + CMD_OPTIONS_MAX + 2, /* --help and the end */
	VALUE_HELP = 1,
	VALUE_SETTING = 1000,
	VALUE_OWN = 2000
};

struct option_table {
	struct option options[OPTIONS];
	char names[SETTINGS][NAME_SIZE];
	size_t count;
};

static void add_option(struct option_table *table, const char *name, int argument, int value)
{
	table->options[table->count++] = (struct option){
	    .name = name,
	    .has_arg = argument,
	    .val = value,
	};
}

static void fill_table(struct option_table *table, const struct cmd *cmd)
{
	memset(table, 0, sizeof(*table));
	add_option(table, "help", no_argument, VALUE_HELP);
	for (int i = 0; i < SETTINGS; i++) {
		setting_option_name(&settings[i], table->names[i], NAME_SIZE);
		add_option(table, table->names[i],
		    settings[i].type == SETTING_IS_SWITCH ? optional_argument : required_argument,
		    VALUE_SETTING + i);
	}
	for (int i = 0; cmd->options != NULL && cmd->options[i].name != NULL; i++)
		add_option(table, cmd->options[i].name,
		    cmd->options[i].argument != NULL ? required_argument : no_argument,
		    VALUE_OWN + i);
}

/* The option nearest to a misspelt one; NULL when none is near. */
static const char *nearest_option(const struct option_table *table, const char *word)
{
	const char *best = NULL;
	char name[NAME_SIZE];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	size_t least = strlen(name) / 2 < 4 ? strlen(name) / 2 : 4; /* edits that are too many */
	for (size_t i = 0; i < table->count; i++) {
		size_t distance = text_distance(name, table->options[i].name);
		if (distance < least) {
			least = distance;
			best = table->options[i].name;
		}
	}
	return best;
}

/* getopt_long() takes abbreviations; a misspelt option that happens to be one is refused here. */
static bool is_abbreviated(const char *word, const char *name)
{
	return strncmp(word, "--", 2) != 0 || strcspn(word + 2, "=") != strlen(name);
}

/* The word getopt_long() just read, which stands before a value that is a word of its own. */
static const char *word_of(char **argv, bool known)
{
	return argv[known && optarg == argv[optind - 1] ? optind - 2 : optind - 1];
}

static bool bad_option(const struct option_table *table, const struct cmd *cmd, const char *word,
    int code, struct err *err)
{
	if (code == ':') {
		err_set(err, ERR_USAGE, "%s needs a value", word);
	} else {
		err_set(err, ERR_USAGE, "%s: no such option of db-entry %s", word, cmd->name);
		const char *nearest = nearest_option(table, word + strspn(word, "-"));
		if (nearest != NULL)
			err_next(err, "did you mean --%s?", nearest);
	}
	return err_next(err, "db-entry help %s", cmd->name);
}

static bool take_option(
    struct cmd_call *call, struct cmd_settings *given, int value, struct err *err)
{
	if (value >= VALUE_OWN) {
		call->option[value - VALUE_OWN] = optarg == NULL ? "" : optarg;
		return true;
	}
	if (given->count == sizeof(given->items) / sizeof(given->items[0]))
		return err_set(err, ERR_USAGE, "too many options");
	given->items[given->count++] = (struct config_option){
	    .id = (enum setting_id)(value - VALUE_SETTING),
	    .value = optarg == NULL ? "true" : optarg, /* a switch */
	};
	return true;
}

bool cmd_check_words(const struct cmd_call *call, struct err *err)
{
	const struct cmd *cmd = call->cmd;
	if (call->application != NULL && !cmd->takes_application) {
		err_set(err, ERR_USAGE, "db-entry %s starts no application, and words follow --",
		    cmd->name);
		err_next(err, "db-entry -- APPLICATION [ARGUMENT…]");
		return err_next(err, "db-entry help %s", cmd->name);
	}
	if (call->operand_count >= cmd->operands_least && call->operand_count <= cmd->operands_most)
		return true;
	if (call->operand_count < cmd->operands_least)
		err_set(err, ERR_USAGE, "db-entry %s needs more than that", cmd->name);
	else
		err_set(err, ERR_USAGE, "db-entry %s: unexpected word '%s'", cmd->name,
		    call->operands[cmd->operands_most]);
	err_next(err, "db-entry %s %s", cmd->name, cmd->synopsis);
	return err_next(err, "db-entry help %s", cmd->name);
}

/* What stands after the options: operands, then `--` and the application. */
static void take_words(struct cmd_call *call, int argc, char **argv, int at)
{
	int dashes = at;
	while (dashes < argc && strcmp(argv[dashes], "--") != 0)
		dashes++;
	if (dashes < argc)
		call->application = argv + dashes + 1;
	call->operands = argv + at;
	call->operand_count = (size_t)(dashes - at);
}

static bool help_instead(struct cmd_call *call)
{
	static char *operands[2];
	operands[0] = (char *)(uintptr_t)call->cmd->name;
	call->cmd = &cmd_help;
	call->operands = operands;
	call->operand_count = 1;
	return true;
}

/*
 * getopt swallows a `--`, and a lone one is what parts our words from the application's: it is
 * found first, and getopt sees only what stands before it.
 */
bool cmd_parse(
    struct cmd_call *call, struct cmd_settings *given, int argc, char **argv, struct err *err)
{
	struct option_table table;
	fill_table(&table, call->cmd);
	int ours = 1;
	while (ours < argc && strcmp(argv[ours], "--") != 0)
		ours++;
	/* Of run's words the first that is no option may be a command, whose options are its own.
	 */
	const char *spelling = call->cmd == &cmd_run ? "+:h" : ":h";
	opterr = 0;
	optind = 0; /* start anew, also after an earlier call */
	for (;;) {
		int index = -1;
		int value = getopt_long(ours, argv, spelling, table.options, &index);
		if (value == -1)
			break;
		if (value == VALUE_HELP || value == 'h')
			return help_instead(call);
		const char *word = word_of(argv, index >= 0);
		if (index >= 0 && is_abbreviated(word, table.options[index].name))
			value = '?';
		if (value == '?' || value == ':')
			return bad_option(&table, call->cmd, word, value, err);
		if (!take_option(call, given, value, err))
			return false;
	}
	take_words(call, argc, argv, optind);
	return true;
}
