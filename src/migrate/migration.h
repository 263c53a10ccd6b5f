/*
 * A migration as the image has it: version, name, up part, down part, directives.
 *
 * A folder is read by one format (format/format.h). What it returns is sorted by version and has no
 * duplicates; every statement knows its file and line.
 */
#ifndef DB_ENTRY_MIGRATE_MIGRATION_H
#define DB_ENTRY_MIGRATE_MIGRATION_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/script.h"
#include <stdint.h>

/* Comments `-- db-entry: …` at the top of a part (directives.h, docs/migrations.md). */
struct migration_directives {
	bool destructive;          /* declared so by its author */
	bool no_transaction;       /* of the up part */
	bool down_no_transaction;  /* each part says it for itself */
	bool breaks_older;         /* older images can't run on the schema this leaves */
	int64_t lock_timeout;      /* ms; -1: not given */
	int64_t statement_timeout; /* ms; -1: not given */
	int64_t down_lock_timeout, down_statement_timeout;
	const char *work_item; /* NULL: not given */
	const char **was;      /* checksums (at least 12 hex digits each) this file replaces */
	size_t was_count;
};

struct migration {
	const char *version;   /* digits, as the file spells it: "0012" */
	const char *name;      /* "add_users"; "" when the file has none */
	const char *label;     /* for messages: "0012_add_users" */
	const char *file;      /* of the up part, as reached from where we stand */
	const char *down_file; /* the same of a down part in a file of its own; NULL: none */
	struct sql_script up;
	struct sql_script down; /* count 0 when there is none; one without statements is none */
	/* As the file has it, with its marker; NULL when there is none. The history keeps it, and
	 * migration_read_down() reads it again: as a .down.sql of the native layout. */
	const char *down_text;
	struct migration_directives directives;
};

struct migration_set {
	const char *folder; /* NULL: there is none, and no migrations */
	const char *format; /* "native"; NULL without a folder */
	struct migration *items;
	size_t count;
};

/* Malformed files, each with its error. */
enum {
	MIGRATION_PROBLEMS_MOST = 50
};

struct migration_problems {
	struct err *items; /* in the arena */
	size_t count, capacity;
	size_t more; /* beyond MIGRATION_PROBLEMS_MOST, counted only */
};

/* At least one digit and nothing else. */
bool migration_is_version(const char *text);

/*
 * Versions are numbers of any length: negative, 0 or positive as strcmp(3). Leading zeros don't
 * count.
 */
int migration_compare(const char *version_a, const char *version_b);

/*
 * Find the folder: `given`, or for NULL the first there is of db/migrations and migrations; inside
 * it the first there is of `engine_folders` (ended by NULL). *folder is NULL when none was given
 * and none found. ERR_CONFIG for a given one that is not there, and for any that can't be looked
 * at.
 */
bool migration_find_folder(const char **folder, const char *given,
    const char *const *engine_folders, struct arena *arena, struct err *err);

/*
 * Find the folder and read it. No folder is an empty set, not an error; so is one without
 * migrations. ERR_CONFIG also for a folder that has migrations in folders of other engines only,
 * and for another tool's that can't be run yet (named); ERR_MALFORMED at file and line for two
 * files with one version, a name that is no migration's, a directive nobody knows, a statement that
 * can't be run.
 */
bool migration_read_all(struct migration_set *set, const char *given,
    const char *const *engine_folders, const struct dialect *dialect, struct arena *arena,
    struct err *err);

/*
 * The same for a reviewer: true with ERR_MALFORMED ones among *problems, as many as there are, and
 * in *set the migrations that could be read.
 */
bool migration_review_all(struct migration_set *set, struct migration_problems *problems,
    const char *given, const char *const *engine_folders, const struct dialect *dialect,
    struct arena *arena, struct err *err);

/* The migration of a version; NULL when the set has none. */
const struct migration *migration_find(const struct migration_set *set, const char *version);

#endif
