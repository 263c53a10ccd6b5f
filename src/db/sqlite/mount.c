/*
 * Is the database file a mount of its own, as `docker run -v ./app.db:/data/app.db` makes it? Then
 * its lock file and its write-ahead log lie in the container's own folder, where no other container
 * sees them: two would migrate at once, and SQLite itself would damage the file.
 */
#include "db/sqlite/sqlite.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000 /* of Linux 5.8, and missing in older headers */
#endif

/* The path in the fifth field of a line, in which a space is written \040. */
static bool mounts_at(char *line, const char *path)
{
	for (int field = 1; field < 5 && line != NULL; field++) {
		line = strchr(line, ' ');
		line = line == NULL ? NULL : line + 1;
	}
	if (line == NULL)
		return false;
	while (*path != '\0') {
		int c = (unsigned char)*line++;
		if (c == '\\' && strspn(line, "01234567") >= 3) {
			c = (line[0] - '0') << 6 | (line[1] - '0') << 3 | (line[2] - '0');
			line += 3;
		}
		if (c != (unsigned char)*path++)
			return false;
	}
	return *line == ' ';
}

static void free_line(char **line)
{
	free(*line);
}

bool sqlite_mount_listed(const char *path, const char *list)
{
	CLEANUP(free_line) char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file = fopen(list, "re");
	if (file == NULL)
		return false;
	while (!found && getline(&line, &size, file) >= 0)
		found = mounts_at(line, path);
	fclose(file);
	return found;
}

bool sqlite_is_mount(const char *path)
{
	struct statx info;
	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, 0, &info) == 0 &&
	    (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
		return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
	return sqlite_mount_listed(path, "/proc/self/mountinfo");
}
