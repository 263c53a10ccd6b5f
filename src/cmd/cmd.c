/* From the command line to a command that is done. */
#include "cmd/cmd.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/parse.h"
#include "flow/events.h"
#include "flow/flow.h"
#include "flow/termination.h"
#include "flow/variable.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Errors of the configuration itself are logged too, before it is there: as the environment alone
 * tells.
 */
static void setup_early_log(void)
{
	const char *format = getenv("DB_ENTRY_LOG");
	bool json = format != NULL && *format != '\0' ? strcmp(format, "json") == 0
						      : getenv("KUBERNETES_SERVICE_HOST") != NULL;
	log_setup(json ? LOG_JSON : LOG_TEXT, LOG_INFO);
}

static void setup_log(const struct config *config)
{
	static const char *const levels[] = {"debug", "info", "warn"};
	size_t least = LOG_DEBUG;
	while (least < LOG_ERROR && !config_is(config, SETTING_LOG_LEVEL, levels[least]))
		least++;
	log_setup(
	    config_is(config, SETTING_LOG, "json") ? LOG_JSON : LOG_TEXT, (enum log_level)least);
}

static void report_unknown(const struct config *config)
{
	for (size_t i = 0; i < config->unknown_count; i++) {
		const struct config_unknown *unknown = &config->unknown[i];
		const char *nearest = unknown->nearest;
		log_event(&events[EVENT_CONFIG_UNKNOWN],
		    FIELDS(FIELD("name", unknown->name), FIELD("nearest", nearest)),
		    "%s is no setting%s%s%s", unknown->name,
		    nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest,
		    nearest == NULL ? "" : "?");
	}
}

static bool load_config(struct cmd_call *call, const struct cmd_settings *given, struct err *err)
{
	if (!config_load(&call->config, environ, given->items, given->count, err))
		return false;
	setup_log(&call->config);
	report_unknown(&call->config);
	return true;
}

static bool unknown_command(const char *word, struct err *err)
{
	const char *best = NULL;
	size_t least = 3;
	for (size_t i = 0; cmds[i] != NULL; i++) {
		size_t distance = text_distance(word, cmds[i]->name);
		if (distance < least) {
			least = distance;
			best = cmds[i]->name;
		}
	}
	err_set(err, ERR_USAGE, "'%s' is no command of db-entry", word);
	if (best != NULL)
		err_next(err, "did you mean db-entry %s?", best);
	err_next(err, "to start an application: db-entry -- %s …", word);
	return err_next(err, "db-entry help");
}

/* `db-entry [OPTIONS] -- APP` is `db-entry run …`; a first word that is no option is a command. */
static bool choose(struct cmd_call *call, int *argc, char ***argv, struct err *err)
{
	if (*argc < 2) {
		err_set(err, ERR_USAGE, "nothing to do");
		err_next(err, "db-entry -- APPLICATION [ARGUMENT…]");
		return err_next(err, "db-entry help");
	}
	const char *word = (*argv)[1];
	bool version = strcmp(word, "--version") == 0;
	if (version || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		call->cmd = version ? &cmd_version : &cmd_help;
		*argc = 1;
		return true;
	}
	if (word[0] == '-') {
		call->cmd = &cmd_run;
		return true;
	}
	call->cmd = cmd_find(word);
	if (call->cmd == NULL)
		return unknown_command(word, err);
	(*argc)--;
	(*argv)++;
	return true;
}

/*
 * `… -- db-entry COMMAND …` is a command of ours: with ENTRYPOINT ["/db-entry","--"] it is what
 * `docker run IMAGE db-entry status` comes to. So is `--option COMMAND …`. Options that stood
 * before it count too. NULL when it is neither; otherwise the word before COMMAND.
 */
static char **inner_command(const struct cmd_call *call)
{
	if (call->cmd != &cmd_run)
		return NULL;
	if (call->operand_count > 0)
		return call->operands - 1;
	if (call->application != NULL && text_is(call->application[0], "db-entry"))
		return call->application;
	return NULL;
}

static bool parse_inner(
    struct cmd_call *call, struct cmd_settings *given, char **argv, struct err *err)
{
	int argc = 0;
	while (argv[argc] != NULL)
		argc++;
	memset(call, 0, sizeof(*call));
	return choose(call, &argc, &argv, err) && cmd_parse(call, given, argc, argv, err);
}

static bool parse(
    struct cmd_call *call, struct cmd_settings *given, int argc, char **argv, struct err *err)
{
	bool implied = argc > 1 && argv[1][0] == '-';
	if (!choose(call, &argc, &argv, err) || !cmd_parse(call, given, argc, argv, err))
		return false;
	char **inner = implied || call->operand_count == 0 ? inner_command(call) : NULL;
	if (inner != NULL && !parse_inner(call, given, inner, err))
		return false;
	return cmd_check_words(call, err);
}

/* A command line that is wrong has no configuration yet: what the environment says by itself
 * counts. */
static void leave_message(const struct cmd_call *call, const struct err *err)
{
	const struct setting *setting = &settings[SETTING_TERMINATION_LOG];
	const char *path = call->config.values[setting->id].text;
	if (call->cmd == NULL || !call->cmd->leaves_message)
		return;
	if (path == NULL)
		path = variable_plain(environ, "DB_ENTRY_TERMINATION_LOG");
	termination_write(path == NULL ? setting->fallback : path, err);
}

bool cmd_main(int argc, char **argv, int *status, struct err *err)
{
	struct cmd_call call = {0};
	struct cmd_settings given = {0};
	setup_early_log();
	bool ok = parse(&call, &given, argc, argv, err) &&
		  (!call.cmd->needs_config || load_config(&call, &given, err)) &&
		  call.cmd->run(&call, err);
	if (!ok) {
		flow_tell_lost(err);
		leave_message(&call, err);
	}
	if (ok)
		*status = call.status;
	config_free(&call.config);
	return ok;
}

const char *cmd_option(const struct cmd_call *call, const char *name)
{
	for (size_t i = 0; call->cmd->options[i].name != NULL; i++)
		if (strcmp(call->cmd->options[i].name, name) == 0)
			return call->option[i];
	return NULL;
}

bool cmd_print(const struct buf *text, struct err *err)
{
	struct stop stop = stop_never();
	struct sink *out = sink_fd(STDOUT_FILENO);
	if (sink_write(out, text->data, text->len, &stop, err))
		return sink_commit(out, err);
	sink_abort(out);
	return err_context(err, "standard output");
}

bool cmd_print_json(const struct json *node, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(64 << 20);
	json_print(node, true, &text);
	buf_add_char(&text, '\n');
	if (text.overflow)
		return err_set(err, ERR_UNEXPECTED, "the result is too large to print");
	return cmd_print(&text, err);
}
