#include "base/digest.h"
#include "base/library.h"
#include "cmd/commands.h"
#include "db/db.h"
#include "dump/dump.h"
#include "net/http.h"

static const struct cmd_option options[] = {
    {"json", NULL, "print JSON"},
    {0},
};

/* What does the work of no database, in the order of printing. */
static const char *(*const libraries[])(void) = {
    json_library,
    digest_library,
    dump_zstd_library,
    dump_zlib_library,
    http_library,
    library_libc,
};

enum {
	LIBRARIES = sizeof(libraries) / sizeof(libraries[0])
};

static bool print_json(struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	json_add_text(root, "version", DB_ENTRY_VERSION);
	struct json *drivers = json_add_array(root, "databases");
	struct json *programs = json_add_array(root, "programs");
	struct json *named = json_add_array(root, "libraries");
	for (size_t i = 0; db_drivers[i] != NULL; i++) {
		const struct db_program *own = db_drivers[i]->programs;
		json_add_text(drivers, NULL, db_drivers[i]->name);
		json_add_text(named, NULL, db_drivers[i]->client());
		for (; own != NULL && own->name != NULL; own++)
			json_add_text(programs, NULL, own->name);
	}
	for (size_t i = 0; i < LIBRARIES; i++)
		json_add_text(named, NULL, libraries[i]());
	return cmd_print_json(root, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	if (cmd_option(call, "json") != NULL)
		return print_json(err);
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	buf_printf(&text, "db-entry %s\n", DB_ENTRY_VERSION);
	for (size_t i = 0; db_drivers[i] != NULL; i++) {
		const struct db_program *own = db_drivers[i]->programs;
		buf_printf(&text, "  %s", db_drivers[i]->client());
		for (; own != NULL && own->name != NULL; own++)
			buf_printf(&text, ", %s", own->name);
		buf_add_char(&text, '\n');
	}
	for (size_t i = 0; i < LIBRARIES; i++)
		buf_printf(&text, "  %s\n", libraries[i]());
	return cmd_print(&text, err);
}

const struct cmd cmd_version = {
    .name = "version",
    .synopsis = "[--json]",
    .summary = "this program's version and its libraries'",
    .help =
	"The libraries are named as they are linked now, not as they were built against. Programs"
	" behind one are part of this one: the static binary brings its own pg_dump and"
	" pg_restore.",
    .options = options,
    .run = run,
};
