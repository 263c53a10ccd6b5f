/*
 * A folder layout of migration files: how it is recognised, as data, and how it is read.
 *
 * A new one is one file here and one line in formats.c. Layouts that are known but can't be run are
 * rows of the table in others.c: they are refused by name, never half understood.
 */
#ifndef DB_ENTRY_MIGRATE_FORMAT_FORMAT_H
#define DB_ENTRY_MIGRATE_FORMAT_FORMAT_H

#include "migrate/migration.h"

/* A folder being read. */
struct format_folder {
	const char *path;
	char **names; /* sorted by bytes */
	size_t count;
	struct migration_problems *problems; /* NULL: the first problem ends the reading */
};

struct format {
	const char *name; /* "native", "Prisma" */

	/*
	 * Signs in the folder, ended by NULL: file names as fnmatch(3) patterns, with at most one
	 * slash (a file in a subfolder). NULL: none. One match is certainty.
	 */
	const char *const *files;

	/*
	 * Signs in a file, ended by NULL: how a comment that begins a line goes on behind its
	 * dashes and blanks, in lower case. NULL: none.
	 */
	const char *const *comments;

	/* Read all migrations, unsorted, into the arena. NULL: known by name only. */
	bool (*read)(struct migration_set *set, const struct format_folder *folder,
	    const struct dialect *dialect, struct arena *arena, struct err *err);

	const char *advice; /* a line: how its migrations can be run all the same; without `read` */
};

/*
 * formats.c: those that can be read, ended by NULL. The first recognised counts; the last, native,
 * takes what is left.
 */
extern const struct format *const formats[];

/* others.c: known by name only; ends with name NULL. */
extern const struct format formats_known[];

/* The layout of a folder; never NULL. *sign is the name that told, in the arena, or NULL. */
const struct format *format_of_folder(
    const struct format_folder *folder, struct arena *arena, const char **sign);

/* The layout that a line beginning with dashes belongs to; NULL when it is just a comment. */
const struct format *format_of_line(const char *text, size_t len);

/* ERR_CONFIG that names the tool: what can't be run, the sign, and what to do. */
bool format_refuse(
    const struct format *format, const char *file, int line, const char *sign, struct err *err);

/*
 * For a format's read() that met a malformed file: true when it is to go on with the next one,
 * because problems are gathered, *err among them now. False: return false with *err.
 */
bool format_go_on(const struct format_folder *folder, struct arena *arena, struct err *err);

extern const struct format format_native;

/* True for a file name that the native layout reads as a migration: cheap, for other questions. */
bool format_native_takes(const char *name);

#endif
