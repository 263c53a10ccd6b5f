/*
 * Dumps: source → compress → digest → sink, and the catalogue of what is there.
 *
 * A dump becomes visible only when it is complete and verified; a failed one leaves nothing that
 * looks like a dump. Files being made are hidden and end in ".tmp"; those of a process that was
 * killed are swept by the next one that makes a dump in the folder. Every failure is ERR_DUMP with
 * what was wrong and what to do, unless `stop` fired or the catalogue is ERR_MALFORMED.
 */
#ifndef DB_ENTRY_DUMP_DUMP_H
#define DB_ENTRY_DUMP_DUMP_H

#include "base/json.h"
#include "db/db.h"
#include <stdint.h>
#include <time.h>

enum dump_compression {
	DUMP_ZSTD,
	DUMP_GZIP,
	DUMP_PLAIN
};

/* What is asked for. */
struct dump_request {
	const char *folder; /* made when it is missing */
	enum dump_compression compression;
	const char *database;    /* what the entry calls it; retention counts by it */
	const char *environment; /* "" when none is chosen */
	const char *label;       /* becomes part of the id, dump_is_label(); NULL: none */
	const char *reason;      /* "before 0013_drop_phone", "safety copy before restore" */
	bool automatic;          /* nobody asked for it by name: may be replaced and counted out */
	int64_t max_bytes;       /* of the estimate; 0: no limit */
	size_t applied_count;
	const char *last_migration; /* NULL: none */
	const char *history;        /* digest of the history; NULL: unknown */
	int retention_days;         /* 0: for ever */
};

/* A row of the catalogue, backups.json in the dump folder (docs/backups.md). Its texts hold nothing
 * that a terminal must not see. */
struct dump_entry {
	const char *id; /* "backup-20260131-120000-before-0013" */
	const char *environment, *database, *timestamp, *label, *reason;
	bool automatic;
	const char *file;   /* name in the folder; NULL when the row names none that is safe */
	int64_t size_bytes; /* of the file; -1: not stated */
	const char *sha256; /* of the file; NULL: not stated */
	const char *format; /* "sqlite", "sqlite.zst", "sqlite.gz" */
	size_t applied_count;
	const char *last_migration; /* NULL: none */
	const char *history;        /* NULL: not stated */
	int retention_days;
	const char *expires_at; /* NULL: never */
	const char *status;     /* "completed", or "damaged" when a later look found that */
	bool verified;
	const char *verified_at;
	int64_t broken_references;
	bool present; /* the file is there, with its size */
};

struct dump_catalogue {
	const char *path;
	struct dump_entry *items; /* as written: oldest first */
	size_t count;
	struct json *document; /* as read, so that unknown keys stay; NULL: there is no file */
};

/* Letters, digits, `.`, `_` and `-`, at most 64 of them, the first a letter or digit. */
bool dump_is_label(const char *text);

/*
 * Dump the session's database as asked; *entry describes it, in the arena. The migration lock is
 * held. The limit and the room in the folder are looked at first.
 */
bool dump_make(struct dump_entry *entry, struct db *db, const struct dump_request *request,
    const struct db_progress *progress, struct arena *arena, const struct stop *stop,
    struct err *err);

/* The catalogue of a folder; a missing one is empty. ERR_MALFORMED with line and column; ERR_DUMP
 * when it can't be read. */
bool dump_list(
    struct dump_catalogue *catalogue, const char *folder, struct arena *arena, struct err *err);
void dump_catalogue_close(struct dump_catalogue *catalogue);

/* The entry of an id; NULL when there is none. */
const struct dump_entry *dump_find(const struct dump_catalogue *catalogue, const char *id);

/* A dump as a file that can be read: itself, or unpacked beside it until it is closed. */
struct dump_file {
	struct arena arena;
	const char *path;
	bool unpacked;
	bool damaged; /* why dump_open() failed */
	int folder;   /* keeps the unpacked file from being swept */
	struct db_dump_check check;
};

/*
 * Open the file at `path` and verify it: its bytes against `sha256` (NULL: nothing to compare
 * with), then the dump itself by the engine's own check. Unpacked, when it is compressed, into
 * `scratch_folder`. Zero-initialise *file; close it whatever this returns.
 */
bool dump_open(struct dump_file *file, const char *path, const char *sha256,
    const char *scratch_folder, const struct db_driver *driver, const struct stop *stop,
    struct err *err);
void dump_close(struct dump_file *file);

/*
 * Verify an entry and write what was found into the catalogue, where that can be written. ERR_DUMP
 * when it is damaged or gone.
 */
bool dump_verify(const struct dump_entry *entry, const char *folder, const struct db_driver *driver,
    struct db_dump_check *check, const struct stop *stop, struct err *err);

/* Remove one dump, its file first. A row that names no file of this folder stays. */
bool dump_remove(const char *folder, const char *id, const struct stop *stop, struct err *err);

/* What dump_expire() did. Texts are in its arena. */
struct dump_expired {
	size_t removed;
	size_t left;            /* due, but the row names no file of this folder: they stay */
	const char *first_left; /* id; NULL: none */
};

/*
 * Remove what is past its retention: older than its days, or, of the automatic ones of a database,
 * beyond its `keep` newest (0: no limit by count). Never a database's newest good one, and nothing
 * that is not in the catalogue.
 */
bool dump_expire(struct dump_expired *expired, const char *folder, size_t keep, time_t now,
    struct arena *arena, const struct stop *stop, struct err *err);

/*
 * The folder dumps go to: `given`, or the first that is durable (not overlay, tmpfs, ramfs or a
 * Kubernetes emptyDir, by /proc/self/mountinfo) and can be written of `beside` (NULL: none) and
 * those of the standard ones that exist. NULL in *folder when there is none, with the reasons, a
 * line each, in `why`. Makes nothing.
 */
void dump_find_folder(const char **folder, const char *given, const char *beside, struct buf *why,
    struct arena *arena);

/*
 * What outlives the container? True for a path by a mountinfo's text; otherwise *what says what it
 * lies on ("overlay", "emptyDir").
 */
bool dump_is_durable(
    const char *mountinfo, const char *path, const char **what, struct arena *arena);

/* Names and versions of the compression libraries, as linked now. */
const char *dump_zstd_library(void);
const char *dump_zlib_library(void);

#endif
