#include "base/text.h"
#include "cmd/commands.h"

static const struct cmd_option options[] = {
    {"strict", NULL, "exit 78 when a DB_ENTRY_* variable is no setting"},
    {"json", NULL, "print JSON"},
    {0},
};

enum {
	NAME_SIZE = 64
};

static void print_text(struct config *config, struct buf *out)
{
	for (int i = 0; i < SETTINGS; i++) {
		char name[NAME_SIZE];
		setting_env_name(&settings[i], name, sizeof(name));
		const char *value = config_shown(config, settings[i].id);
		buf_printf(out, "%-28s %-24s %s\n", name, value == NULL ? "-" : value,
		    config->values[i].origin);
	}
	buf_printf(out, "%-28s %-24s %s\n", "permissions.migrations",
	    permission_word(config->permission), config->permission_origin);
}

static bool print_json(struct config *config, struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	for (int i = 0; i < SETTINGS; i++) {
		char name[NAME_SIZE];
		setting_env_name(&settings[i], name, sizeof(name));
		struct json *object = json_add_object(root, name);
		json_add_text(object, "value", config_shown(config, settings[i].id));
		json_add_text(object, "origin", config->values[i].origin);
	}
	struct json *object = json_add_object(root, "permissions.migrations");
	json_add_text(object, "value", permission_word(config->permission));
	json_add_text(object, "origin", config->permission_origin);
	return cmd_print_json(root, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	if (cmd_option(call, "strict") != NULL && call->config.unknown_count > 0)
		return err_set(err, ERR_CONFIG, "%s is no setting", call->config.unknown[0].name);
	if (cmd_option(call, "json") != NULL)
		return print_json(&call->config, err);
	CLEANUP(buf_free) struct buf text = buf_init(1 << 20);
	print_text(&call->config, &text);
	return cmd_print(&text, err);
}

const struct cmd cmd_config = {
    .name = "config",
    .synopsis = "[OPTION…]",
    .summary = "every setting's effective value and where it came from",
    .help = "Secrets are not shown. Talks to no database.",
    .options = options,
    .needs_config = true,
    .run = run,
};
