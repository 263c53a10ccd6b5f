/*
 * The native layout: <version>[_<name>].sql, or .up.sql with a .down.sql of the same version (which
 * may also stand beside a plain .sql). A version is 1 to 64 digits.
 *
 * Refused rather than skipped: any other .sql file (a dump of the schema, say, or .SQL), a
 * .down.sql without its up part, two down parts. Skipped: hidden files, files of other kinds,
 * subfolders. A file without a statement is a migration with nothing to run.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "migrate/directives.h"
#include "migrate/format/format.h"
#include "migrate/format/markers.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MOST = 64 << 20, /* bytes */
	VERSION_MOST = 64     /* digits */
};

/* A file's name, taken apart: <version>[_<name>][.up|.down].sql */
struct file_name {
	const char *version;
	const char *name;
	bool down;
};

/* A .down.sql file. */
struct down_file {
	const char *version;
	const char *path;
	bool has_up;
};

struct reader {
	const struct format_folder *folder;
	const struct dialect *dialect;
	struct arena *arena;
	struct buf *text;        /* of the file being read */
	struct down_file *downs; /* by version, in the arena */
	size_t down_count;
};

bool format_native_takes(const char *name)
{
	return isdigit((unsigned char)name[0]) && text_ends(name, ".sql");
}

/* Only .sql files are ours; what an editor or a mount left behind hidden is not. */
static bool is_ignored(const char *name)
{
	size_t len = strlen(name);
	return name[0] == '.' || len < 4 || !text_is_nocase(name + len - 4, ".sql");
}

static bool has_control(const char *name)
{
	for (; *name != '\0'; name++)
		if (iscntrl((unsigned char)*name))
			return true;
	return false;
}

/* A word other tools and a slip of the pen put where .up and .down belong. */
static bool ends_like_a_part(const char *base)
{
	const char *dot = strrchr(base, '.');
	return dot != NULL && (text_is_nocase(dot, ".up") || text_is_nocase(dot, ".down"));
}

/* What is wrong with a name; NULL when nothing is, and *ret is filled in. */
static const char *take_apart(struct file_name *ret, const char *name, struct arena *arena)
{
	size_t digits = strspn(name, "0123456789"), len;
	if (digits == 0)
		return "it does not begin with a version, which is digits";
	if (digits > VERSION_MOST)
		return "its version is longer than 64 digits";
	if (!text_ends(name, ".sql"))
		return "it does not end in .sql in lower case";
	if (has_control(name))
		return "it has a control character";
	ret->down = text_ends(name, ".down.sql");
	len = strlen(name) - strlen(ret->down                    ? ".down.sql"
				    : text_ends(name, ".up.sql") ? ".up.sql"
								 : ".sql");
	if (len > digits && name[digits] != '_')
		return "between version and name there is no _";
	const char *base = arena_strndup(arena, name, len);
	if (ends_like_a_part(base))
		return "its .up or .down is not in lower case, or there are two";
	ret->version = arena_strndup(arena, name, digits);
	ret->name = len > digits ? base + digits + 1 : "";
	return NULL;
}

static bool refuse_name(const char *path, const char *problem, struct err *err)
{
	err_set(err, ERR_MALFORMED, "%s is no migration's name: %s", fs_name_of(path), problem);
	err_at(err, path, 0);
	err_why(err, "a migration is named <version>_<name>.sql, or .up.sql with a .down.sql");
	return err_next(err, "rename it, or move it out of the folder when it is no migration");
}

/* Read a file into reader->text and divide it. */
static bool read_file(struct reader *reader, struct marked_file *file,
    struct migration_directives *directives, struct err *err)
{
	buf_reset(reader->text);
	if (!fs_read(file->path, reader->text, ERR_MALFORMED, err))
		return err_at(err, file->path, 0);
	return markers_divide(file, directives, reader->dialect, reader->text->data,
	    reader->text->len, reader->arena, err);
}

static bool take_part(struct reader *reader, struct sql_script *script,
    const struct marked_file *file, const struct marked_part *part, bool no_transaction,
    struct err *err)
{
	return sql_split(script, reader->dialect, part->text, part->len, file->path, part->line,
		   reader->arena, err) &&
	       sql_make_runnable(script, no_transaction, err);
}

/* A down part in which nothing is said is none: undoing nothing must not pass for undone. */
static bool take_down(struct reader *reader, struct migration *migration,
    const struct marked_file *file, struct err *err)
{
	struct sql_script down = {.count = 0};
	const struct marked_part *part = &file->down_part;
	if (!take_part(reader, &down, file, part, migration->directives.down_no_transaction, err))
		return false;
	if (down.count == 0)
		return true;
	migration->down = down;
	migration->down_text = arena_strndup(reader->arena, part->text, part->len);
	return true;
}

static bool take_down_file(struct reader *reader, struct migration *migration,
    const struct down_file *down, struct err *err)
{
	struct marked_file file = {.path = down->path, .down = true};
	migration->down_file = down->path;
	return read_file(reader, &file, &migration->directives, err) &&
	       take_down(reader, migration, &file, err);
}

static bool refuse_two_downs(const char *file, int line, const char *other, struct err *err)
{
	err_set(err, ERR_MALFORMED, "two down parts: this one and %s", fs_name_of(other));
	err_at(err, file, line);
	return err_next(err, "keep one of them");
}

static int compare_downs(const void *a, const void *b)
{
	const struct down_file *left = a, *right = b;
	int order = migration_compare(left->version, right->version);
	return order != 0 ? order : strcmp(left->path, right->path);
}

static int compare_version(const void *key, const void *element)
{
	const struct down_file *down = element;
	return migration_compare(key, down->version);
}

/* The version alone counts: some tools don't look at the names, so real folders have others. */
static struct down_file *find_down(const struct reader *reader, const char *version)
{
	return reader->down_count == 0 ? NULL
				       : bsearch(version, reader->downs, reader->down_count,
					     sizeof(*reader->downs), compare_version);
}

static bool read_migration(struct reader *reader, struct migration *migration, struct err *err)
{
	struct marked_file file = {.path = migration->file};
	const struct down_file *down = find_down(reader, migration->version);
	migration->directives = directives_none();
	if (!read_file(reader, &file, &migration->directives, err) ||
	    !take_part(reader, &migration->up, &file, &file.up_part,
		migration->directives.no_transaction, err))
		return false;
	if (down != NULL && file.down_part.text != NULL)
		return refuse_two_downs(migration->file, file.down_part.line, down->path, err);
	if (file.down_part.text != NULL)
		return take_down(reader, migration, &file, err);
	return down == NULL || take_down_file(reader, migration, down, err);
}

static bool check_down(const struct reader *reader, size_t at, struct err *err)
{
	const struct down_file *down = &reader->downs[at];
	if (at + 1 < reader->down_count && compare_version(down->version, down + 1) == 0)
		return refuse_two_downs(down[1].path, 0, down->path, err);
	if (down->has_up || (at > 0 && compare_version(down->version, down - 1) == 0))
		return true;
	err_set(err, ERR_MALFORMED, "%s belongs to no migration", fs_name_of(down->path));
	err_at(err, down->path, 0);
	err_why(err, "there is no up part of version %s", down->version);
	return err_next(err, "add the up part, mend the version, or remove this one");
}

/* Put a file where it belongs: among the migrations, still to be read, or the down parts. */
static bool take_name(
    struct reader *reader, struct migration_set *set, const char *name, struct err *err)
{
	struct file_name parts;
	const char *path = arena_printf(reader->arena, "%s/%s", reader->folder->path, name);
	const char *problem = take_apart(&parts, name, reader->arena);
	if (problem != NULL)
		return refuse_name(path, problem, err);
	if (parts.down)
		reader->downs[reader->down_count++] =
		    (struct down_file){.version = parts.version, .path = path};
	else
		set->items[set->count++] =
		    (struct migration){.version = parts.version, .name = parts.name, .file = path};
	return true;
}

static bool take_names(struct reader *reader, struct migration_set *set, struct err *err)
{
	const struct format_folder *folder = reader->folder;
	set->items = arena_array(reader->arena, folder->count, sizeof(*set->items));
	reader->downs = arena_array(reader->arena, folder->count, sizeof(*reader->downs));
	for (size_t i = 0; i < folder->count; i++)
		if (!is_ignored(folder->names[i]) &&
		    !take_name(reader, set, folder->names[i], err) &&
		    !format_go_on(folder, reader->arena, err))
			return false;
	if (reader->down_count > 1)
		qsort(reader->downs, reader->down_count, sizeof(*reader->downs), compare_downs);
	return true;
}

static bool check_downs(struct reader *reader, const struct migration_set *set, struct err *err)
{
	for (size_t i = 0; i < set->count && reader->down_count > 0; i++) {
		struct down_file *down = find_down(reader, set->items[i].version);
		if (down != NULL)
			down->has_up = true;
	}
	for (size_t i = 0; i < reader->down_count; i++)
		if (!check_down(reader, i, err) &&
		    !format_go_on(reader->folder, reader->arena, err))
			return false;
	return true;
}

static bool read_native(struct migration_set *set, const struct format_folder *folder,
    const struct dialect *dialect, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(FILE_MOST);
	struct reader reader = {
	    .folder = folder, .dialect = dialect, .arena = arena, .text = &text};
	size_t kept = 0;
	if (!take_names(&reader, set, err) || !check_downs(&reader, set, err))
		return false;
	for (size_t i = 0; i < set->count; i++) {
		struct migration migration = set->items[i];
		if (read_migration(&reader, &migration, err))
			set->items[kept++] = migration;
		else if (!format_go_on(folder, arena, err))
			return false;
	}
	set->count = kept;
	return true;
}

const struct format format_native = {.name = "native", .read = read_native};
