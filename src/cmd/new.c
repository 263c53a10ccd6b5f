#include "base/sink.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "flow/flow.h"
#include "migrate/create.h"

static bool write_file(const char *path, const struct buf *text, struct err *err)
{
	struct stop stop = stop_never();
	struct sink *file;
	if (!sink_file(&file, path, 0644, true, err))
		return false;
	if (sink_write(file, text->data, text->len, &stop, err))
		return sink_commit(file, err);
	sink_abort(file);
	return false;
}

static bool run(struct cmd_call *call, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf text = buf_init(1 << 16);
	const char *const *engine_folders;
	const char *given = config_text(&call->config, SETTING_MIGRATIONS);
	char *path;
	if (!flow_engine_folders(&engine_folders, &call->config, err) ||
	    !migration_create(
		&path, &text, call->operands[0], given, engine_folders, &arena, err) ||
	    !write_file(path, &text, err))
		return false;
	buf_reset(&text);
	buf_printf(&text, "%s\n", path);
	return cmd_print(&text, err);
}

const struct cmd cmd_new = {
    .name = "new",
    .synopsis = "NAME",
    .summary = "start a new migration file",
    .help =
	"Writes an empty migration with an up and a down part and prints its path. Its version\n"
	"is the next number of the folder's sequence, or the time in UTC where the folder has\n"
	"timestamps or nothing yet. Never overwrites.",
    .operands_least = 1,
    .operands_most = 1,
    .needs_config = true,
    .run = run,
};
