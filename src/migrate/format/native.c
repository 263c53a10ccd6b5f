/*
 * The native layout: <version>[_<name>].sql, or .up.sql with a .down.sql of the same name (which
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
#include <string.h>

enum {
	FILE_MOST = 64 << 20, /* bytes */
	VERSION_MOST = 64     /* digits */
};

/* A file's name, taken apart: <version>[_<name>][.up|.down].sql */
struct file_name {
	const char *base; /* "0012_add_users" */
	const char *version;
	const char *name;
	bool down;
};

struct reader {
	const struct format_folder *folder;
	const struct dialect *dialect;
	struct arena *arena;
	struct buf *text; /* of the file being read */
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
	ret->base = arena_strndup(arena, name, len);
	if (ends_like_a_part(ret->base))
		return "its .up or .down is not in lower case, or there are two";
	ret->version = arena_strndup(arena, name, digits);
	ret->name = len > digits ? ret->base + digits + 1 : "";
	return NULL;
}

static bool refuse_name(const char *path, const char *problem, struct err *err)
{
	err_set(err, ERR_MALFORMED, "%s is no migration's name: %s", fs_name_of(path), problem);
	err_at(err, path, 0);
	err_why(err, "a migration is named <version>_<name>.sql, or .up.sql with a .down.sql");
	return err_next(err, "rename it, or move it out of the folder when it is no migration");
}

static bool has_file(const struct reader *reader, const char *base, const char *suffix)
{
	return format_folder_has(reader->folder, arena_printf(reader->arena, "%s%s", base, suffix));
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
    const struct marked_file *file, const struct marked_part *part, bool transaction,
    struct err *err)
{
	return sql_split(script, reader->dialect, part->text, part->len, file->path, part->line,
		   reader->arena, err) &&
	       sql_make_runnable(script, transaction, err);
}

/* A down part in which nothing is said is none: undoing nothing must not pass for undone. */
static bool take_down(struct reader *reader, struct migration *migration,
    const struct marked_file *file, struct err *err)
{
	struct sql_script down = {.count = 0};
	const struct marked_part *part = &file->down_part;
	if (!take_part(reader, &down, file, part, !migration->directives.down_no_transaction, err))
		return false;
	if (down.count == 0)
		return true;
	migration->down = down;
	migration->down_text = arena_strndup(reader->arena, part->text, part->len);
	return true;
}

static bool take_down_file(
    struct reader *reader, struct migration *migration, const char *base, struct err *err)
{
	struct marked_file file = {.down = true};
	file.path = arena_printf(reader->arena, "%s/%s.down.sql", reader->folder->path, base);
	return read_file(reader, &file, &migration->directives, err) &&
	       take_down(reader, migration, &file, err);
}

static bool refuse_two_downs(const struct marked_file *file, const char *base, struct err *err)
{
	err_set(err, ERR_MALFORMED, "two down parts: this one and %s.down.sql", base);
	err_at(err, file->path, file->down_part.line);
	return err_next(err, "keep one of them");
}

static bool read_migration(
    struct reader *reader, struct migration *migration, const char *base, struct err *err)
{
	struct marked_file file = {.path = migration->file};
	bool has_down_file = has_file(reader, base, ".down.sql");
	migration->directives = directives_none();
	if (!read_file(reader, &file, &migration->directives, err) ||
	    !take_part(reader, &migration->up, &file, &file.up_part,
		!migration->directives.no_transaction, err))
		return false;
	if (has_down_file && file.down_part.text != NULL)
		return refuse_two_downs(&file, base, err);
	if (file.down_part.text != NULL)
		return take_down(reader, migration, &file, err);
	return !has_down_file || take_down_file(reader, migration, base, err);
}

static bool check_down(
    const struct reader *reader, const char *path, const char *base, struct err *err)
{
	if (has_file(reader, base, ".up.sql") || has_file(reader, base, ".sql"))
		return true;
	err_set(err, ERR_MALFORMED, "%s belongs to no migration", fs_name_of(path));
	err_at(err, path, 0);
	err_why(err, "there is no %s.up.sql and no %s.sql", base, base);
	return err_next(err, "add the up part, name both alike, or remove this one");
}

static bool read_name(struct reader *reader, struct migration_set *set, size_t *capacity,
    const char *name, struct err *err)
{
	struct file_name parts;
	const char *path = arena_printf(reader->arena, "%s/%s", reader->folder->path, name);
	const char *problem = take_apart(&parts, name, reader->arena);
	if (problem != NULL)
		return refuse_name(path, problem, err);
	if (parts.down)
		return check_down(reader, path, parts.base, err);
	set->items =
	    arena_grow(reader->arena, set->items, set->count, capacity, sizeof(*set->items));
	struct migration *migration = &set->items[set->count];
	*migration = (struct migration){.version = parts.version, .name = parts.name, .file = path};
	if (!read_migration(reader, migration, parts.base, err))
		return false;
	set->count++;
	return true;
}

static bool read_native(struct migration_set *set, const struct format_folder *folder,
    const struct dialect *dialect, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(FILE_MOST);
	struct reader reader = {folder, dialect, arena, &text};
	size_t capacity = 0;
	for (size_t i = 0; i < folder->count; i++)
		if (!is_ignored(folder->names[i]) &&
		    !read_name(&reader, set, &capacity, folder->names[i], err))
			return false;
	return true;
}

const struct format format_native = {.name = "native", .read = read_native};
