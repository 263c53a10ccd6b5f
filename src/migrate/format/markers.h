/*
 * Markers: comments that divide one file into an up and a down part.
 *
 *	-- migrate:up            -- migrate:down             (with dbmate's options)
 *	-- Up migration          -- Down migration (rollback)
 *	-- === FORWARD MIGRATION ===
 *	                         -- === ROLLBACK (optional, for reference) ===
 *	-- Up                    -- Down                     (of npm's sqlite)
 *
 * Case, the amount of blanks and what stands in parentheses don't count. A marker is the first
 * thing on its line, outside strings and other comments; only comments and white space stand before
 * the first. Without markers a file is one part. The last pair's words are ordinary ones: `Up` is a
 * marker only as the first one and before any statement, `Down` only below it.
 */
#ifndef DB_ENTRY_MIGRATE_FORMAT_MARKERS_H
#define DB_ENTRY_MIGRATE_FORMAT_MARKERS_H

#include "migrate/migration.h"

/* A file's text, divided. */
struct marked_part {
	const char *text; /* into the file's text; NULL when there is no such part */
	size_t len;
	int line; /* of its first byte */
};

struct marked_file {
	const char *path;
	bool down; /* a .down.sql: all of it is a down part */
	struct marked_part up_part, down_part;
};

/*
 * Divide the text of `file` (path and down are given) and take its directives. ERR_MALFORMED at
 * file and line for markers or directives that are misplaced or wrong, ERR_CONFIG for another
 * tool's marker. What sql_split() refuses is left to it.
 */
bool markers_divide(struct marked_file *file, struct migration_directives *directives,
    const struct dialect *dialect, const char *text, size_t len, struct arena *arena,
    struct err *err);

#endif
