#include "base/fs.h"
#include "migrate/format/format.h"
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct format *const formats[] = {&format_native, NULL};

static int compare_names(const void *key, const void *element)
{
	return strcmp(key, *(char *const *)element);
}

static bool folder_has(const struct format_folder *folder, const char *name)
{
	return folder->count > 0 && bsearch(name, folder->names, folder->count,
					sizeof(folder->names[0]), compare_names) != NULL;
}

/* A pattern `folder/file` is a file in a subfolder, whose name alone is compared with the list. */
static const char *match(
    const struct format_folder *folder, const char *pattern, const char *name, struct arena *arena)
{
	const char *slash = strchr(pattern, '/');
	if (slash == NULL)
		return fnmatch(pattern, name, FNM_PERIOD) == 0 ? name : NULL;
	const char *first = arena_strndup(arena, pattern, (size_t)(slash - pattern));
	if (fnmatch(first, name, FNM_PERIOD) != 0)
		return NULL;
	const char *path = arena_printf(arena, "%s/%s%s", folder->path, name, slash);
	return fs_is_file(path) ? arena_printf(arena, "%s%s", name, slash) : NULL;
}

/* A plain name, the usual kind of sign, needs no walk through a thousand files. */
static bool is_plain(const char *pattern)
{
	return strpbrk(pattern, "*?[/") == NULL;
}

static const char *find_sign(const struct format_folder *folder, const char *pattern,
    char *const *names, size_t count, struct arena *arena)
{
	if (is_plain(pattern))
		return folder_has(folder, pattern) ? pattern : NULL;
	for (size_t i = 0; i < count; i++) {
		const char *sign = match(folder, pattern, names[i], arena);
		if (sign != NULL)
			return sign;
	}
	return NULL;
}

static bool recognise(const struct format *format, const struct format_folder *folder,
    char *const *names, size_t count, struct arena *arena, const char **sign)
{
	for (size_t i = 0; format->files != NULL && format->files[i] != NULL; i++) {
		*sign = find_sign(folder, format->files[i], names, count, arena);
		if (*sign != NULL)
			return true;
	}
	return false;
}

/*
 * Names that the native layout takes are no sign of another: left out once, a folder of a thousand
 * migrations costs no more than its few other names.
 */
const struct format *format_of_folder(
    const struct format_folder *folder, struct arena *arena, const char **sign)
{
	char **names = arena_array(arena, folder->count + 1, sizeof(*names));
	size_t count = 0, i;
	for (i = 0; i < folder->count; i++)
		if (!format_native_takes(folder->names[i]))
			names[count++] = folder->names[i];
	for (i = 0; formats[i] != NULL; i++)
		if (recognise(formats[i], folder, names, count, arena, sign))
			return formats[i];
	for (i = 0; formats_known[i].name != NULL; i++)
		if (recognise(&formats_known[i], folder, names, count, arena, sign))
			return &formats_known[i];
	*sign = NULL;
	return &format_native;
}

static bool begins_with_one_of(const char *text, size_t len, const char *const *beginnings)
{
	for (; beginnings != NULL && *beginnings != NULL; beginnings++)
		if (len >= strlen(*beginnings) &&
		    strncasecmp(text, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

const struct format *format_of_line(const char *text, size_t len)
{
	while (len > 0 && (*text == '-' || isblank((unsigned char)*text))) {
		text++;
		len--;
	}
	for (size_t i = 0; formats_known[i].name != NULL; i++)
		if (begins_with_one_of(text, len, formats_known[i].comments))
			return &formats_known[i];
	return NULL;
}

bool format_refuse(
    const struct format *format, const char *file, int line, const char *sign, struct err *err)
{
	err_set(err, ERR_CONFIG, "%s migrations can't be run by this version of db-entry",
	    format->name);
	err_at(err, file, line);
	err_why(err, "%s is a sign of %s", sign, format->name);
	return err_next(err, "%s", format->advice);
}

bool format_go_on(const struct format_folder *folder, struct arena *arena, struct err *err)
{
	struct migration_problems *problems = folder->problems;
	if (problems == NULL || err->kind != ERR_MALFORMED)
		return false;
	if (problems->count == MIGRATION_PROBLEMS_MOST) {
		problems->more++;
		return true;
	}
	problems->items = arena_grow(
	    arena, problems->items, problems->count, &problems->capacity, sizeof(*problems->items));
	problems->items[problems->count++] = *err;
	return true;
}
