#include "migrate/create.h"
#include "base/fs.h"
#include "migrate/format/format.h"
#include "migrate/migration.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TIMESTAMP_DIGITS = 14,
	SEQUENCE_DIGITS = 9, /* longer versions are moments in time */
	VERSION_SIZE = 32
};

/* "Add users' e-mail" → "add_users_e_mail": what every file system and shell takes as it is. */
static char *file_name_part(const char *name, struct arena *arena)
{
	char *out = arena_alloc(arena, strlen(name) + 1);
	size_t len = 0;
	for (; *name != '\0'; name++) {
		if (isalnum((unsigned char)*name))
			out[len++] = (char)tolower((unsigned char)*name);
		else if (len > 0 && out[len - 1] != '_')
			out[len++] = '_';
	}
	while (len > 0 && out[len - 1] == '_')
		len--;
	out[len] = '\0';
	return out;
}

/* The greatest version among the folder's files; NULL when it has none. */
static const char *newest_version(char **names, size_t count, struct arena *arena)
{
	const char *newest = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!format_native_takes(names[i]))
			continue;
		const char *version =
		    arena_strndup(arena, names[i], strspn(names[i], "0123456789"));
		if (newest == NULL || migration_compare(version, newest) > 0)
			newest = version;
	}
	return newest;
}

static void timestamp(char *version, time_t at)
{
	struct tm tm;
	gmtime_r(&at, &tm);
	strftime(version, VERSION_SIZE, "%Y%m%d%H%M%S", &tm);
}

/* Within one second of the newest, or with a clock behind it, the version still has to be newer. */
static void next_version(char *version, const char *newest)
{
	if (newest != NULL && strlen(newest) <= SEQUENCE_DIGITS) {
		snprintf(version, VERSION_SIZE, "%0*ld", (int)strlen(newest),
		    strtol(newest, NULL, 10) + 1);
		return;
	}
	timestamp(version, time(NULL));
	if (newest != NULL && strlen(newest) <= TIMESTAMP_DIGITS &&
	    migration_compare(version, newest) <= 0)
		snprintf(version, VERSION_SIZE, "%lld", strtoll(newest, NULL, 10) + 1);
}

static void template(struct buf *text)
{
	buf_add_text(text, "-- migrate:up\n\n\n-- migrate:down\n\n");
}

bool migration_create(char **path, struct buf *text, const char *name, const char *given,
    const char *const *engine_folders, struct arena *arena, struct err *err)
{
	const char *folder;
	char **names, version[VERSION_SIZE];
	size_t count;
	const char *part = file_name_part(name, arena);
	if (part[0] == '\0')
		return err_set(
		    err, ERR_USAGE, "'%s' has no ASCII letter or digit to name a file by", name);
	if (!migration_find_folder(&folder, given, engine_folders, arena, err))
		return false;
	if (folder == NULL)
		folder = "db/migrations";
	if (!fs_make_folders(folder, 0755, err) || !fs_list(folder, arena, &names, &count, err))
		return false;
	next_version(version, newest_version(names, count, arena));
	*path = arena_printf(arena, "%s/%s_%s.sql", folder, version, part);
	template(text);
	return true;
}
