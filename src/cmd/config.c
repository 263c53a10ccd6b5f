#include "base/text.h"
#include "cmd/commands.h"
#include <string.h>

static const struct cmd_option options[] = {
    {"strict", NULL, "exit 78 when a DB_ENTRY_* variable is no setting"},
    {"json", NULL, "print JSON"},
    {0},
};

enum {
	NAME_SIZE = 64,
	WIDEST = 60 /* one long URL does not push everything off the screen */
};

/* Wide enough for all values, so that the origins stand in one column. */
static int value_width(struct config *config)
{
	size_t width = 0;
	for (int i = 0; i < SETTINGS; i++) {
		const char *value = config_shown(config, settings[i].id);
		if (value != NULL && strlen(value) > width && strlen(value) <= WIDEST)
			width = strlen(value);
	}
	return (int)width;
}

static void print_text(struct config *config, struct buf *out)
{
	int width = value_width(config);
	for (int i = 0; i < SETTINGS; i++) {
		char name[NAME_SIZE];
		setting_env_name(&settings[i], name, sizeof(name));
		const char *value = config_shown(config, settings[i].id);
		buf_printf(out, "%-28s  %-*s  %s\n", name, width, value == NULL ? "-" : value,
		    config->values[i].origin);
	}
	buf_printf(out, "%-28s  %-*s  %s\n", "permissions.migrations", width,
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
