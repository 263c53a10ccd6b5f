#include "base/fs.h"
#include "base/sink.h"
#include "cmd/mirror.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char agents[] =
    "# The database of this project\n"
    "\n"
    "For people and for AI agents that work on the schema.\n"
    "\n"
    "- `schema/tables.json` is the mirror: the schema as it is, read from a real database by\n"
    "  `db-entry mirror pull`. Read it before you plan a change.\n"
    "- Only db-entry changes a database. Never run CREATE, ALTER or DROP by hand.\n"
    "- A change is a migration: `db-entry new NAME` makes `migrations/VERSION_NAME.sql`; write "
    "the\n"
    "  SQL behind `-- migrate:up` and what undoes it behind `-- migrate:down`.\n"
    "- To rename a table or column, add `\"renamedFrom\": \"old_name\"` beside its new name in "
    "the\n"
    "  mirror: the diff then shows a rename and no loss. Keys of your own begin with `x-`.\n"
    "- Never edit a migration that was applied anywhere. Write another one.\n"
    "- Check with `db-entry lint`, try with `db-entry plan`, apply with `db-entry apply` on a\n"
    "  database that may be lost; then `db-entry mirror pull`, and commit migration and mirror\n"
    "  together.\n"
    "- `db-entry diff` shows how a database differs from the mirror; `db-entry mirror verify`\n"
    "  fails when it lacks something.\n"
    "- What destroys data (DROP, DELETE, a narrower type) needs a person's approval. Say so and\n"
    "  ask; don't look for a way around it.\n"
    "- `samples/` holds example rows for development, never real people's data. `workdocs/` is\n"
    "  for notes on changes being planned. No passwords anywhere here.\n";

static const struct file {
	const char *path;
	const char *text;
} files[] = {
    {"db/AGENTS.md", agents},
    {"db/config/db-environments.json", "{\n  \"version\": 1,\n  \"environments\": []\n}\n"},
    {"db/samples/README.md", "# Samples\n\nExample rows for development, as SQL or CSV. Never real "
			     "people's data.\n"},
    {"db/workdocs/README.md", "# Work documents\n\nNotes on changes that are being planned.\n"},
};

/* Every file is made only where nothing is, however it got there. */
static bool make(const char *path, const char *text, struct buf *out, struct err *err)
{
	struct stop stop = stop_never();
	struct sink *file;
	struct stat st;
	CLEANUP(arena_free) struct arena arena = {0};
	if (lstat(path, &st) == 0) {
		buf_printf(out, "kept  %s\n", path);
		return true;
	}
	if (!fs_make_folders(fs_folder_of(&arena, path), 0755, err) ||
	    !sink_file(&file, path, 0644, true, err))
		return false;
	if (!sink_write(file, text, strlen(text), &stop, err)) {
		sink_abort(file);
		return false;
	}
	buf_printf(out, "made  %s\n", path);
	return sink_commit(file, err);
}

/* Where the migrations are elsewhere, an empty folder of ours would hide them. */
static bool make_migrations(struct buf *out, struct err *err)
{
	const char *folder = "db/migrations";
	if (fs_is_folder(folder) || fs_is_folder("migrations")) {
		buf_printf(out, "kept  %s/\n", fs_is_folder(folder) ? folder : "migrations");
		return true;
	}
	buf_printf(out, "made  %s/\n", folder);
	return fs_make_folders(folder, 0755, err);
}

bool cmd_mirror_init(struct cmd_call *call, struct err *err)
{
	CLEANUP(buf_free) struct buf out = buf_init(1 << 16);
	static const char empty[] = "{\n  \"version\": 3,\n  \"tables\": []\n}\n";
	if (!make(config_text(&call->config, SETTING_MIRROR), empty, &out, err) ||
	    !make_migrations(&out, err))
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!make(files[i].path, files[i].text, &out, err))
			return false;
	return cmd_print(&out, err);
}
