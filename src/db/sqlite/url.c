/*
 * SQLite URLs. A path behind the scheme is what it looks like: sqlite:rel, sqlite:/abs,
 * sqlite://rel, sqlite:///abs. Only with +driver (SQLAlchemy) do three slashes begin a relative
 * path.
 */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <string.h>

/* With an authority a first part that looks like a user or a host is one, and maybe a secret. */
static bool check_authority(const struct url *url, struct err *err)
{
	const char *path = url->path;
	bool file = text_is(url->scheme, "file");
	if (!url->authority)
		return true;
	if (memchr(path, '@', strcspn(path, "/")) == NULL &&
	    (!file || path[0] == '/' || text_starts(path, "localhost/")))
		return true;
	err_set(err, ERR_CONFIG, "a SQLite URL names a file, not a user or a host");
	return err_next(err, "write sqlite:data/app.db or sqlite:/data/app.db");
}

static const char *path_of(const struct url *url, struct arena *arena)
{
	const char *path = url->path;
	if (url->authority && text_is(url->scheme, "file") && path[0] != '/')
		path += strlen("localhost");
	else if (url->authority && url->driver[0] != '\0' && path[0] == '/')
		path++;
	while (path[0] == '/' && path[1] == '/')
		path++;
	return arena_strdup(arena, path);
}

static bool in_memory(const struct url *url, const char *path)
{
	const char *vfs = url_param(url, "vfs");
	return path[0] == '\0' || text_is(path, ":memory:") || text_is(path, "/:memory:") ||
	       text_is(url_param(url, "mode"), "memory") || text_is(vfs, "memdb");
}

static bool read_mode(struct sqlite_target *target, const struct url *url, struct err *err)
{
	const char *mode = url_param(url, "mode");
	const char *immutable = url_param(url, "immutable");
	if (mode != NULL && !text_is(mode, "ro") && !text_is(mode, "rw") && !text_is(mode, "rwc")) {
		err_set(err, ERR_CONFIG, "mode=%s is none that SQLite has", mode);
		return err_next(err, "use mode=ro, mode=rw or mode=rwc, or leave it out");
	}
	target->immutable =
	    immutable != NULL && !text_is(immutable, "0") && !text_is(immutable, "false");
	target->read_only = target->immutable || text_is(mode, "ro");
	target->must_exist = text_is(mode, "rw");
	return true;
}

/* Another VFS has other locks: the application's and ours must be the same. */
static bool read_vfs(struct sqlite_target *target, const struct url *url, struct err *err)
{
	target->vfs = url_param(url, "vfs");
	if (target->vfs == NULL || sqlite3_vfs_find(target->vfs) != NULL)
		return true;
	return err_set(err, ERR_CONFIG, "vfs=%s is none this SQLite has", target->vfs);
}

bool sqlite_target(
    struct sqlite_target *ret, const struct url *url, struct arena *arena, struct err *err)
{
	struct sqlite_target target = {0};
	if (!check_authority(url, err))
		return false;
	target.path = path_of(url, arena);
	if (in_memory(url, target.path)) {
		err_set(err, ERR_CONFIG, "the SQLite URL names no file");
		err_why(err, "a database in memory would be gone before the application starts");
		return err_next(err, "name a file on a volume: sqlite:/data/app.db");
	}
	if (!read_mode(&target, url, err) || !read_vfs(&target, url, err))
		return false;
	target.vfs = arena_strdup(arena, target.vfs);
	*ret = target;
	return true;
}
