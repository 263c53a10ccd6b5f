#include "migrate/migration.h"
#include "base/buf.h"
#include "base/fs.h"
#include "migrate/format/format.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	NAMED_MOST = 5 /* folders listed in a message */
};

static const char *const standard_folders[] = {"db/migrations", "migrations", NULL};

static const char *significant(const char *version)
{
	return version + strspn(version, "0");
}

int migration_compare(const char *version_a, const char *version_b)
{
	const char *a = significant(version_a), *b = significant(version_b);
	size_t len_a = strlen(a), len_b = strlen(b);
	return len_a != len_b ? (len_a > len_b) - (len_a < len_b) : strcmp(a, b);
}

/*
 * A folder that can't be looked at is an error and not an absent one: an application must not start
 * without its migrations because of a permission.
 */
static bool is_there(const char *path, bool *there, struct err *err)
{
	struct stat st;
	if (stat(path, &st) == 0) {
		*there = S_ISDIR(st.st_mode);
		return true;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return err_errno(err, ERR_CONFIG, "the migrations folder %s", path);
	*there = false;
	return true;
}

static bool check_given(const char *given, struct err *err)
{
	bool there = false;
	if (!is_there(given, &there, err))
		return false;
	if (there)
		return true;
	err_set(err, ERR_CONFIG, "the migrations folder %s %s", given,
	    fs_is_file(given) ? "is a file" : "does not exist");
	return err_next(
	    err, "mend DB_ENTRY_MIGRATIONS (--migrations), or add the folder to the image");
}

/* NULL in *folder: nothing given and nothing found. */
static bool find_base(const char **folder, const char *given, struct arena *arena, struct err *err)
{
	bool there = false;
	if (given != NULL) {
		size_t len = strlen(given);
		while (len > 1 && given[len - 1] == '/')
			len--;
		*folder = arena_strndup(arena, given, len);
		return check_given(given, err);
	}
	for (size_t i = 0; standard_folders[i] != NULL; i++) {
		if (!is_there(standard_folders[i], &there, err))
			return false;
		if (there) {
			*folder = standard_folders[i];
			return true;
		}
	}
	*folder = NULL;
	return true;
}

bool migration_find_folder(const char **folder, const char *given,
    const char *const *engine_folders, struct arena *arena, struct err *err)
{
	const char *base;
	bool there = false;
	if (!find_base(&base, given, arena, err))
		return false;
	for (; base != NULL && *engine_folders != NULL; engine_folders++) {
		const char *path = arena_printf(arena, "%s/%s", base, *engine_folders);
		if (!is_there(path, &there, err))
			return false;
		if (there) {
			base = path;
			break;
		}
	}
	*folder = base;
	return true;
}

static bool list(
    struct format_folder *folder, const char *path, struct arena *arena, struct err *err)
{
	folder->path = path;
	if (fs_list(path, arena, &folder->names, &folder->count, err))
		return true;
	err->kind = ERR_CONFIG;
	return false;
}

static bool holds_migrations(const char *path, struct arena *arena)
{
	struct format_folder folder;
	struct err ignored; /* a folder that can't be read is none of ours */
	if (!fs_is_folder(path) || !list(&folder, path, arena, &ignored))
		return false;
	for (size_t i = 0; i < folder.count; i++)
		if (format_native_takes(folder.names[i]))
			return true;
	return false;
}

static void join(struct buf *out, const char *name)
{
	buf_printf(out, "%s%s", out->len > 0 ? ", " : "", name);
}

/* Nothing to run, but folders with migrations inside: those of other engines, not an empty set. */
static bool check_other_engines(const struct format_folder *folder,
    const char *const *engine_folders, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf others = buf_init(512);
	CLEANUP(buf_free) struct buf ours = buf_init(512);
	size_t found = 0;
	for (size_t i = 0; i < folder->count && found < NAMED_MOST; i++) {
		const char *name = folder->names[i];
		if (name[0] == '.' ||
		    !holds_migrations(arena_printf(arena, "%s/%s", folder->path, name), arena))
			continue;
		join(&others, name);
		found++;
	}
	if (found == 0)
		return true;
	for (size_t i = 0; engine_folders[i] != NULL; i++)
		join(&ours, engine_folders[i]);
	err_set(err, ERR_CONFIG, "%s has no migrations for this database", folder->path);
	err_why(err, "it has them only in %s; for this database it would be %s", others.data,
	    ours.data);
	return err_next(err, "add %s/%s, or name the right folder in DB_ENTRY_MIGRATIONS",
	    folder->path, engine_folders[0]);
}

static int compare_items(const void *a, const void *b)
{
	const struct migration *left = a, *right = b;
	int order = migration_compare(left->version, right->version);
	return order != 0 ? order : strcmp(left->file, right->file);
}

static bool check_duplicates(const struct migration_set *set, struct err *err)
{
	for (size_t i = 1; i < set->count; i++) {
		const struct migration *a = &set->items[i - 1], *b = &set->items[i];
		if (migration_compare(a->version, b->version) != 0)
			continue;
		err_set(err, ERR_MALFORMED, "version %s is there twice: %s and %s", b->version,
		    fs_name_of(a->file), fs_name_of(b->file));
		err_at(err, b->file, 0);
		return err_next(
		    err, "give the one that is not applied anywhere yet a newer version");
	}
	return true;
}

static void add_labels(struct migration_set *set, struct arena *arena)
{
	for (size_t i = 0; i < set->count; i++) {
		struct migration *item = &set->items[i];
		item->label = arena_printf(
		    arena, "%s%s%s", item->version, item->name[0] == '\0' ? "" : "_", item->name);
	}
}

static bool read_folder(struct migration_set *set, const struct format_folder *folder,
    const struct dialect *dialect, struct arena *arena, struct err *err)
{
	const char *sign;
	const struct format *format = format_of_folder(folder, arena, &sign);
	if (format->read == NULL)
		return format_refuse(
		    format, arena_printf(arena, "%s/%s", folder->path, sign), 0, sign, err);
	set->folder = folder->path;
	set->format = format->name;
	if (!format->read(set, folder, dialect, arena, err))
		return false;
	if (set->count > 0)
		qsort(set->items, set->count, sizeof(*set->items), compare_items);
	add_labels(set, arena);
	return check_duplicates(set, err);
}

bool migration_read_all(struct migration_set *set, const char *given,
    const char *const *engine_folders, const struct dialect *dialect, struct arena *arena,
    struct err *err)
{
	struct migration_set found = {.count = 0};
	struct format_folder folder;
	const char *path;
	if (!migration_find_folder(&path, given, engine_folders, arena, err))
		return false;
	if (path != NULL && (!list(&folder, path, arena, err) ||
				!read_folder(&found, &folder, dialect, arena, err)))
		return false;
	if (path != NULL && found.count == 0 &&
	    !check_other_engines(&folder, engine_folders, arena, err))
		return false;
	*set = found;
	return true;
}

static int compare_version(const void *key, const void *element)
{
	const struct migration *item = element;
	return migration_compare(key, item->version);
}

const struct migration *migration_find(const struct migration_set *set, const char *version)
{
	if (set->count == 0)
		return NULL;
	return bsearch(version, set->items, set->count, sizeof(*set->items), compare_version);
}
