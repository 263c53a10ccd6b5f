#include "base/fs.h"
#include "base/text.h"
#include "dump/parts.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	DAY = 24 * 60 * 60,
	SAME_SECOND = 100 /* dumps with one label and one second before it is odd */
};

static bool check_limit(int64_t bytes, const struct dump_request *request, struct err *err)
{
	char size[32], most[32];
	if (request->max_bytes == 0 || bytes <= request->max_bytes)
		return true;
	text_bytes(bytes, size, sizeof(size));
	text_bytes(request->max_bytes, most, sizeof(most));
	err_set(err, ERR_DUMP, "the dump would have %s, more than the limit of %s", size, most);
	err_next(err, "raise DB_ENTRY_DUMP_MAX");
	return err_next(err, "or take a snapshot elsewhere: DB_ENTRY_DUMP=hook");
}

/* As far as the file system tells: a quota shows only when it is reached. */
static bool check_room(int64_t bytes, const char *folder, struct err *err)
{
	struct statvfs info;
	char size[32], room[32];
	if (statvfs(folder, &info) != 0)
		return true;
	uint64_t free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
	if (free_bytes >= (uint64_t)bytes)
		return true;
	text_bytes(bytes, size, sizeof(size));
	text_bytes((int64_t)free_bytes, room, sizeof(room));
	err_set(err, ERR_DUMP, "no room for a dump: %s are needed and %s free in %s", size, room,
	    folder);
	return err_next(err, "make room, or name a folder that has it: DB_ENTRY_DUMP_DIR=/path");
}

static bool is_taken(
    const struct dump_catalogue *catalogue, const char *folder, const char *id, const char *file)
{
	CLEANUP(arena_free) struct arena arena = {0};
	return dump_find(catalogue, id) != NULL ||
	       access(arena_printf(&arena, "%s/%s", folder, file), F_OK) == 0;
}

/* "backup-20260131-120000-before-0013", and where that is taken "…-2". */
static bool choose_id(struct dump_entry *entry, const struct dump_request *request, time_t now,
    struct arena *arena, struct err *err)
{
	struct dump_catalogue catalogue;
	char moment[32];
	struct tm utc;
	bool found = false;
	if (!dump_list(&catalogue, request->folder, arena, err))
		return false;
	strftime(moment, sizeof(moment), "%Y%m%d-%H%M%S", gmtime_r(&now, &utc));
	for (int i = 1; i < SAME_SECOND && !found; i++) {
		char again[16] = "";
		if (i > 1)
			snprintf(again, sizeof(again), "-%d", i);
		entry->id = arena_printf(arena, DUMP_PREFIX "%s%s%s%s", moment,
		    request->label == NULL ? "" : "-", request->label == NULL ? "" : request->label,
		    again);
		entry->file = arena_printf(arena, "%s.%s", entry->id, entry->format);
		found = !is_taken(&catalogue, request->folder, entry->id, entry->file);
	}
	dump_catalogue_close(&catalogue);
	return found || err_set(err, ERR_DUMP, "%s is taken", entry->id);
}

static bool describe(struct dump_entry *entry, const struct db_driver *driver,
    const struct dump_request *request, struct arena *arena, struct err *err)
{
	char when[32], exact[TEXT_TIME_SIZE];
	time_t now = time(NULL);
	text_now(exact);
	*entry = (struct dump_entry){
	    .environment = request->environment,
	    .database = arena_strdup(arena, request->database),
	    .timestamp = arena_strdup(arena, exact),
	    .label = arena_strdup(arena, request->label),
	    .reason = arena_strdup(arena, request->reason),
	    .automatic = request->automatic,
	    .format =
		arena_printf(arena, "%s%s", driver->dump_format, dump_suffix(request->compression)),
	    .applied_count = request->applied_count,
	    .last_migration = arena_strdup(arena, request->last_migration),
	    .history = arena_strdup(arena, request->history),
	    .retention_days = request->retention_days,
	    .status = "completed",
	};
	if (request->retention_days > 0) {
		dump_time(now + (time_t)request->retention_days * DAY, when);
		entry->expires_at = arena_strdup(arena, when);
	}
	return choose_id(entry, request, now, arena, err);
}

/* A file of the driver's that is not compressed is the dump, and need not be written again. */
static bool open_sink(struct sink **sink, const char *path, const char *scratch,
    const struct db_driver *driver, enum dump_compression compression, struct err *err)
{
	if (compression == DUMP_PLAIN && (driver->features & DB_DUMP_IS_FILE) != 0)
		return sink_made(sink, scratch, path, err);
	return sink_file(sink, path, 0600, true, err);
}

/* The bytes' way: driver → compress → measure → a file that has its name only when it is whole. */
static bool pour(struct dump_measure *measure, struct db_dump_check *check,
    const struct dump_entry *entry, struct db *db, const struct dump_request *request,
    const struct db_progress *progress, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *path = arena_printf(&arena, "%s/%s", request->folder, entry->file);
	const char *scratch =
	    arena_printf(&arena, "%s/.%s.scratch%s", request->folder, entry->id, DUMP_TEMPORARY);
	struct sink *sink;
	if (!open_sink(&sink, path, scratch, db->driver, request->compression, err))
		return false;
	sink = dump_compress(request->compression, dump_measuring(sink, measure));
	bool ok = db->driver->dump(db, sink, scratch, progress, check, stop, err);
	if (ok)
		ok = sink_commit(sink, err);
	else
		sink_abort(sink);
	unlink(scratch);
	return ok;
}

static bool write_file(struct dump_entry *entry, struct db *db, const struct dump_request *request,
    const struct db_progress *progress, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct dump_measure measure = {0};
	struct db_dump_check check = {0};
	char when[32];
	if (!pour(&measure, &check, entry, db, request, progress, stop, err))
		return false;
	entry->size_bytes = measure.bytes;
	entry->sha256 = arena_strdup(arena, measure.sha256);
	entry->broken_references = check.broken_references;
	entry->verified = true;
	dump_time(time(NULL), when);
	entry->verified_at = arena_strdup(arena, when);
	entry->present = true;
	return true;
}

/* What is not in the catalogue is not counted, expired or found. */
static bool publish(
    const struct dump_entry *entry, const char *folder, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	if (dump_catalogue_add(folder, entry, stop, err))
		return true;
	/* The row may be there all the same: what failed was to flush it. */
	struct stop cleanup = stop_cleanup(1000);
	struct err ignored;
	dump_remove(folder, entry->id, &cleanup, &ignored);
	unlink(arena_printf(&arena, "%s/%s", folder, entry->file));
	return false;
}

static bool advise(const struct dump_request *request, struct err *err)
{
	dump_failed(err);
	if (err->kind != ERR_DUMP)
		return err_context(err, "the dump was given up");
	err_context(err, "no dump could be made in %s", request->folder);
	if (err->next[0] != '\0')
		return false;
	return err_next(err,
	    "see that user %d can write there and has room, or name another folder:"
	    " DB_ENTRY_DUMP_DIR=/path",
	    (int)geteuid());
}

bool dump_make(struct dump_entry *entry, struct db *db, const struct dump_request *request,
    const struct db_progress *progress, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	CLEANUP(fs_close) int folder = -1;
	struct dump_entry made;
	int64_t bytes = 0;
	if (!db->driver->dump_estimate(db, &bytes, stop, err))
		return dump_failed(err);
	if (!check_limit(bytes, request, err) || !dump_enter(&folder, request->folder, stop, err) ||
	    !check_room(bytes, request->folder, err))
		return false;
	if (!describe(&made, db->driver, request, arena, err) ||
	    !write_file(&made, db, request, progress, arena, stop, err) ||
	    !publish(&made, request->folder, stop, err))
		return advise(request, err);
	*entry = made;
	return true;
}
