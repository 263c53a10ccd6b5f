#include "base/fs.h"
#include "base/text.h"
#include "dump/parts.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	TO_SECONDS = 19 /* bytes of "2026-01-31T12:00:00"; what follows differs between tools */
};

/* The file first: a row without a file says so, a file without a row would stay for ever. */
static bool remove_one(struct dump_catalogue *catalogue, const char *folder,
    const struct dump_entry *entry, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *path = arena_printf(&arena, "%s/%s", folder, entry->file);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_errno(err, ERR_DUMP, "can't remove %s", path);
	dump_catalogue_drop(catalogue, entry->id);
	return true;
}

bool dump_remove(const char *folder, const char *id, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(fs_close) int lock = -1;
	struct dump_catalogue catalogue;
	if (!dump_lock_catalogue(&lock, folder, stop, err) ||
	    !dump_list(&catalogue, folder, &arena, err))
		return false;
	const struct dump_entry *entry = dump_find(&catalogue, id);
	bool ok =
	    entry == NULL || entry->file == NULL ||
	    (remove_one(&catalogue, folder, entry, err) && dump_catalogue_write(&catalogue, err));
	dump_catalogue_close(&catalogue);
	return ok;
}

static bool is_good(const struct dump_entry *entry)
{
	return entry->present && entry->verified && text_is(entry->status, "completed");
}

static bool is_expired(const struct dump_entry *entry, const char *now)
{
	return entry->expires_at != NULL && strlen(entry->expires_at) >= TO_SECONDS &&
	       strncmp(entry->expires_at, now, TO_SECONDS) <= 0;
}

/* Is there a newer one of the same database, among the good ones, or the automatic good ones? */
static size_t count_newer(const struct dump_catalogue *catalogue, size_t at, bool automatic_only)
{
	const struct dump_entry *entry = &catalogue->items[at];
	size_t newer = 0;
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct dump_entry *other = &catalogue->items[i];
		if (!text_is(other->database, entry->database) || !is_good(other) ||
		    (automatic_only && !other->automatic))
			continue;
		int order = strcmp(other->timestamp, entry->timestamp);
		newer += order > 0 || (order == 0 && i > at);
	}
	return newer;
}

static bool is_due(const struct dump_catalogue *catalogue, size_t at, size_t keep, const char *now)
{
	const struct dump_entry *entry = &catalogue->items[at];
	if (is_good(entry) && count_newer(catalogue, at, false) == 0)
		return false;
	if (is_expired(entry, now))
		return true;
	return keep > 0 && entry->automatic && count_newer(catalogue, at, true) >= keep;
}

/* All are judged before the first is removed: then none of them counts as there any more. */
static bool *judge(struct dump_expired *expired, const struct dump_catalogue *catalogue,
    size_t keep, const char *now, struct arena *arena)
{
	bool *due = arena_array(arena, catalogue->count + 1, sizeof(*due));
	for (size_t i = 0; i < catalogue->count; i++) {
		due[i] = is_due(catalogue, i, keep, now);
		if (!due[i] || catalogue->items[i].file != NULL)
			continue;
		/* Whatever it means, it is not ours: nothing can be removed by it. */
		due[i] = false;
		if (expired->left++ == 0)
			expired->first_left = arena_strdup(arena, catalogue->items[i].id);
	}
	return due;
}

static bool expire(struct dump_expired *expired, struct dump_catalogue *catalogue,
    const char *folder, size_t keep, const char *now, struct arena *arena, struct err *err)
{
	const bool *due = judge(expired, catalogue, keep, now, arena);
	bool ok = true;
	for (size_t i = 0; ok && i < catalogue->count; i++) {
		if (!due[i])
			continue;
		ok = remove_one(catalogue, folder, &catalogue->items[i], err);
		expired->removed += ok;
	}
	struct err unwritten;
	if (expired->removed > 0 && !dump_catalogue_write(catalogue, &unwritten) && ok) {
		*err = unwritten;
		ok = false;
	}
	return ok;
}

bool dump_expire(struct dump_expired *ret, const char *folder, size_t keep, time_t now,
    struct arena *arena, const struct stop *stop, struct err *err)
{
	CLEANUP(fs_close) int lock = -1;
	struct dump_catalogue catalogue;
	struct dump_expired expired = {0};
	char time[32];
	dump_time(now, time);
	if (!dump_lock_catalogue(&lock, folder, stop, err) ||
	    !dump_list(&catalogue, folder, arena, err))
		return false;
	bool ok = expire(&expired, &catalogue, folder, keep, time, arena, err);
	dump_catalogue_close(&catalogue);
	if (ok)
		*ret = expired;
	return ok;
}
