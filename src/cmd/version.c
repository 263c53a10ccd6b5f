#include "base/digest.h"
#include "cmd/commands.h"
#include "db/db.h"
#include "dump/dump.h"
#include "net/http.h"

static const struct cmd_option options[] = {
    {"json", NULL, "print JSON"},
    {0},
};

static bool print_json(struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	json_add_text(root, "version", DB_ENTRY_VERSION);
	struct json *drivers = json_add_array(root, "databases");
	for (size_t i = 0; db_drivers[i] != NULL; i++)
		json_add_text(drivers, NULL, db_drivers[i]->name);
	struct json *libraries = json_add_array(root, "libraries");
	for (size_t i = 0; db_drivers[i] != NULL; i++)
		json_add_text(libraries, NULL, db_drivers[i]->client());
	json_add_text(libraries, NULL, json_library());
	json_add_text(libraries, NULL, digest_library());
	json_add_text(libraries, NULL, dump_zstd_library());
	json_add_text(libraries, NULL, dump_zlib_library());
	json_add_text(libraries, NULL, http_library());
	return cmd_print_json(root, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	if (cmd_option(call, "json") != NULL)
		return print_json(err);
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	buf_printf(&text, "db-entry %s\n", DB_ENTRY_VERSION);
	for (size_t i = 0; db_drivers[i] != NULL; i++)
		buf_printf(&text, "  %s\n", db_drivers[i]->client());
	buf_printf(&text, "  %s\n  %s\n", json_library(), digest_library());
	buf_printf(&text, "  %s\n  %s\n", dump_zstd_library(), dump_zlib_library());
	buf_printf(&text, "  %s\n", http_library());
	return cmd_print(&text, err);
}

const struct cmd cmd_version = {
    .name = "version",
    .synopsis = "[--json]",
    .summary = "this program's version and its libraries'",
    .help = "The libraries are named as they are linked now, not as they were built against.",
    .options = options,
    .run = run,
};
