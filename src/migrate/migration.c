#include "migrate/migration.h"
#include "base/fs.h"
#include "migrate/format/format.h"
#include <errno.h>
#include <stdio.h>
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

bool migration_is_version(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
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
	*folder = (struct format_folder){.path = path};
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

/* Names in a message. */
struct names {
	char text[400];
	size_t count;
};

static void names_add(struct names *names, const char *name)
{
	size_t used = strlen(names->text);
	if (names->count++ < NAMED_MOST)
		snprintf(names->text + used, sizeof(names->text) - used, "%s%s",
		    used > 0 ? ", " : "", name);
	else if (names->count == NAMED_MOST + 1)
		snprintf(names->text + used, sizeof(names->text) - used, ", …");
}

static bool refuse_other_engines(const struct format_folder *folder, const struct names *others,
    const char *const *engine_folders, struct err *err)
{
	struct names ours = {.count = 0};
	for (size_t i = 0; engine_folders[i] != NULL; i++)
		names_add(&ours, engine_folders[i]);
	err_set(err, ERR_CONFIG, "%s has no migrations for this database", folder->path);
	err_why(err, "it has them only in %s; for this database it would be %s", others->text,
	    ours.text);
	return err_next(err, "add %s/%s, or name the right folder in DB_ENTRY_MIGRATIONS",
	    folder->path, engine_folders[0]);
}

/* Nothing to run, but folders with migrations inside: those of other engines, not an empty set. */
static bool check_subfolders(const struct format_folder *folder, const char *const *engine_folders,
    struct arena *arena, struct err *err)
{
	struct names engines = {.count = 0}, others = {.count = 0};
	for (size_t i = 0; i < folder->count; i++) {
		const char *name = folder->names[i];
		struct names *names = sql_names_engine(name) ? &engines : &others;
		if (name[0] != '.' && names->count <= NAMED_MOST &&
		    holds_migrations(arena_printf(arena, "%s/%s", folder->path, name), arena))
			names_add(names, name);
	}
	if (engines.count > 0)
		return refuse_other_engines(folder, &engines, engine_folders, err);
	if (others.count == 0)
		return true;
	err_set(err, ERR_CONFIG, "%s has no migrations", folder->path);
	err_why(err, "its .sql files are in subfolders (%s), which are not read", others.text);
	return err_next(err, "move the files into %s, or name their folder in DB_ENTRY_MIGRATIONS",
	    folder->path);
}

static int compare_items(const void *a, const void *b)
{
	const struct migration *left = a, *right = b;
	int order = migration_compare(left->version, right->version);
	return order != 0 ? order : strcmp(left->file, right->file);
}

/* Files sorted by name are in the order of versions, unless those differ in length. */
static void sort_items(struct migration_set *set)
{
	for (size_t i = 1; i < set->count; i++) {
		if (compare_items(&set->items[i - 1], &set->items[i]) > 0) {
			qsort(set->items, set->count, sizeof(*set->items), compare_items);
			return;
		}
	}
}

static bool refuse_duplicate(
    const struct migration *first, const struct migration *second, struct err *err)
{
	err_set(err, ERR_MALFORMED, "version %s is there twice: %s and %s", second->version,
	    fs_name_of(first->file), fs_name_of(second->file));
	err_at(err, second->file, 0);
	return err_next(err, "give the one that is not applied anywhere yet a newer version");
}

static bool check_duplicates(const struct migration_set *set, const struct format_folder *folder,
    struct arena *arena, struct err *err)
{
	for (size_t i = 1; i < set->count; i++) {
		const struct migration *a = &set->items[i - 1], *b = &set->items[i];
		if (migration_compare(a->version, b->version) == 0 &&
		    !refuse_duplicate(a, b, err) && !format_go_on(folder, arena, err))
			return false;
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
	sort_items(set);
	add_labels(set, arena);
	return check_duplicates(set, folder, arena, err);
}

static bool read_all(struct migration_set *set, struct migration_problems *problems,
    const char *given, const char *const *engine_folders, const struct dialect *dialect,
    struct arena *arena, struct err *err)
{
	struct format_folder folder;
	const char *path;
	if (!migration_find_folder(&path, given, engine_folders, arena, err))
		return false;
	if (path == NULL)
		return true;
	if (!list(&folder, path, arena, err))
		return false;
	folder.problems = problems;
	if (!read_folder(set, &folder, dialect, arena, err))
		return false;
	return set->count > 0 || (problems != NULL && problems->count > 0) ||
	       check_subfolders(&folder, engine_folders, arena, err);
}

bool migration_read_all(struct migration_set *set, const char *given,
    const char *const *engine_folders, const struct dialect *dialect, struct arena *arena,
    struct err *err)
{
	struct migration_set found = {.count = 0};
	if (!read_all(&found, NULL, given, engine_folders, dialect, arena, err))
		return false;
	*set = found;
	return true;
}

bool migration_review_all(struct migration_set *set, struct migration_problems *problems,
    const char *given, const char *const *engine_folders, const struct dialect *dialect,
    struct arena *arena, struct err *err)
{
	struct migration_set found = {.count = 0};
	struct migration_problems met = {.count = 0};
	struct err first;
	if (!read_all(&found, &met, given, engine_folders, dialect, arena, &first)) {
		*err = first;
		return false;
	}
	*set = found;
	*problems = met;
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
