/* Copies: files that nobody else has open. */
#include "base/buf.h"
#include "base/fs.h"
#include "db/sqlite/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool sqlite_copy_fail(const struct sqlite_copy *copy, int code, struct err *err)
{
	int number = sqlite3_system_errno(copy->handle);
	if ((code & 0xff) == SQLITE_NOMEM)
		err_die("out of memory");
	err_set(err, ERR_DATABASE, "%s: %s", copy->path, sqlite3_errmsg(copy->handle));
	snprintf(err->code, sizeof(err->code), "%s", sqlite_error_name(code));
	if (number != 0)
		err_why(err, "%s: %s", copy->path, strerror(number));
	return false;
}

static bool open_copy(
    struct sqlite_copy *copy, const char *path, const char *name, int flags, struct err *err)
{
	copy->path = arena_strdup(&copy->arena, path);
	int code = sqlite3_open_v2(name, &copy->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (copy->handle == NULL)
		err_die("out of memory");
	sqlite3_extended_result_codes(copy->handle, 1);
	return code == SQLITE_OK || sqlite_copy_fail(copy, code, err);
}

/* With no journal and no fsync: until it is complete it is worth nothing, and then it is read. */
bool sqlite_copy_make(struct sqlite_copy *copy, const char *path, struct err *err)
{
	static const char sql[] = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
				  " PRAGMA locking_mode=EXCLUSIVE";
	CLEANUP(fs_close) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, ERR_DATABASE, "can't make %s", path);
	fs_close(&fd);
	const char *name = fs_resolve(&copy->arena, path);
	if (name == NULL)
		return err_errno(err, ERR_DATABASE, "%s", path);
	if (!open_copy(copy, path, name, SQLITE_OPEN_READWRITE, err))
		return false;
	int code = sqlite3_exec(copy->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK || sqlite_copy_fail(copy, code, err);
}

/* A WAL or journal beside the file belongs to it: alone it is not what its owner wrote. */
static bool stands_alone(const char *path, struct err *err)
{
	static const char *const parts[] = {"-wal", "-journal"};
	CLEANUP(arena_free) struct arena arena = {0};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *part = arena_printf(&arena, "%s%s", path, parts[i]);
		if (access(part, F_OK) != 0)
			continue;
		err_set(
		    err, ERR_DATABASE, "%s is in use or was not closed: %s is there", path, part);
		err_why(err, "without it the newest changes would be missing");
		return err_next(err, "sqlite3 %s \".backup copy.sqlite\", and take that", path);
	}
	return true;
}

/* `immutable`: a copy of a database in WAL mode would otherwise get a WAL by being looked at. */
bool sqlite_copy_open(struct sqlite_copy *copy, const char *path, struct err *err)
{
	CLEANUP(buf_free) struct buf uri = buf_init(URI_MAX);
	const char *name = fs_resolve(&copy->arena, path);
	if (name == NULL || access(name, R_OK) != 0)
		return err_errno(err, ERR_DATABASE, "%s", path);
	if (!stands_alone(name, err))
		return false;
	buf_add_text(&uri, "file:");
	url_encode(name, &uri);
	buf_add_text(&uri, "?immutable=1");
	return open_copy(copy, path, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
}

void sqlite_copy_close(struct sqlite_copy *copy)
{
	sqlite3_close_v2(copy->handle);
	copy->handle = NULL;
	arena_free(&copy->arena);
}
