/*
 * Dumping and restoring by the Online Backup API, a few thousand pages at a time: one step of
 * everything is no faster and can't be stopped.
 */
#include "base/fs.h"
#include "db/sqlite/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	STEP_PAGES = 4096,
	PAUSE_MS = 25,
	CHUNK = 256 * 1024
};

const char *sqlite_dump_folder(const struct url *url, struct arena *arena)
{
	struct sqlite_target target;
	struct err ignored; /* check_url() said it */
	if (!sqlite_target(&target, url, arena, &ignored))
		return NULL;
	const char *path = fs_resolve(arena, target.path);
	return arena_printf(
	    arena, "%s/backups", fs_folder_of(arena, path == NULL ? target.path : path));
}

static bool read_size(struct sqlite_db *s, int64_t *bytes, struct err *err)
{
	return sqlite_number(s,
	    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", bytes, err);
}

bool sqlite_dump_estimate(struct db *db, int64_t *bytes, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	int64_t objects, size = 0;
	if (!sqlite_enter(s, stop, err) ||
	    !sqlite_number(s,
		"SELECT count(*) FROM (SELECT 1 FROM main.sqlite_master"
		" WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
		" AND tbl_name NOT LIKE 'db\\_entry\\_%' ESCAPE '\\' LIMIT 1)",
		&objects, err))
		return false;
	if (objects > 0 && !read_size(s, &size, err))
		return false;
	*bytes = size;
	return true;
}

/* One copying: from one handle into another. */
struct copying {
	struct sqlite_db *s;
	sqlite3_backup *backup;
	const struct db_progress *progress;
	int64_t page_size;
	int64_t whole; /* of the work this is the first part of, in multiples of the copy's size */
};

static void show(const struct copying *copying)
{
	const struct db_progress *progress = copying->progress;
	int64_t total = sqlite3_backup_pagecount(copying->backup);
	int64_t done = total - sqlite3_backup_remaining(copying->backup);
	sqlite_lock_beat(copying->s);
	if (progress != NULL && progress->show != NULL)
		progress->show(progress->context, done * copying->page_size,
		    total * copying->page_size * copying->whole);
}

/* Another user of the database is in the way: wait as long as a statement would. */
static bool wait_for_others(struct sqlite_db *s, int64_t *since, int code, struct err *err)
{
	int64_t limit = s->limits.lock_timeout, now = stop_now();
	if (*since == 0)
		*since = now;
	if (limit > 0 && now - *since >= limit)
		return sqlite_fail(s, code, err);
	return stop_sleep(&s->stop, PAUSE_MS, err);
}

/* SQLITE_DONE, or what it failed with; SQLITE_INTERRUPT with *err set when it was stopped. */
static int copy_pages(struct copying *copying, struct err *err)
{
	struct sqlite_db *s = copying->s;
	int64_t since = 0;
	for (;;) {
		int code = sqlite3_backup_step(copying->backup, STEP_PAGES);
		int kind = code & 0xff;
		if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED) {
			if (!wait_for_others(s, &since, code, err))
				return SQLITE_INTERRUPT;
			continue;
		}
		if (code != SQLITE_OK)
			return code;
		since = 0;
		show(copying);
		if (!stop_check(&s->stop, err))
			return SQLITE_INTERRUPT;
	}
}

static bool copy_out(
    struct sqlite_db *s, const struct sqlite_copy *copy, struct copying *copying, struct err *err)
{
	copying->backup = sqlite3_backup_init(copy->handle, "main", s->handle, "main");
	if (copying->backup == NULL)
		return sqlite_copy_fail(copy, sqlite3_extended_errcode(copy->handle), err);
	int code = copy_pages(copying, err);
	int end = sqlite3_backup_finish(copying->backup);
	if (code == SQLITE_INTERRUPT)
		return false;
	if (code == SQLITE_DONE)
		code = end;
	return code == SQLITE_OK || sqlite_copy_fail(copy, code, err);
}

/* The open transaction holds the moment: without it each commit of others would begin it anew. */
static bool copy_snapshot(
    struct sqlite_db *s, const char *scratch, struct copying *copying, struct err *err)
{
	CLEANUP(sqlite_copy_close) struct sqlite_copy copy = {0};
	int64_t ignored;
	if (!sqlite_copy_make(&copy, scratch, err) || !sqlite_run(s, "BEGIN", err))
		return false;
	bool ok = sqlite_number(s, "SELECT count(*) FROM main.sqlite_master", &ignored, err) &&
		  copy_out(s, &copy, copying, err);
	struct err after;
	if (!sqlite3_get_autocommit(s->handle) && !sqlite_run(s, "ROLLBACK", &after) && ok) {
		*err = after;
		return false;
	}
	return ok;
}

/* The second half of the way, for whom a bar is painted. */
static bool pour_chunks(const struct copying *copying, const char *path, int fd, char *chunk,
    struct sink *sink, struct err *err)
{
	const struct db_progress *progress = copying->progress;
	off_t size = lseek(fd, 0, SEEK_END), done = 0;
	ssize_t n;
	while ((n = pread(fd, chunk, CHUNK, done)) > 0) {
		if (!sink_write(sink, chunk, (size_t)n, &copying->s->stop, err))
			return false;
		done += n;
		sqlite_lock_beat(copying->s);
		if (progress != NULL && progress->show != NULL)
			progress->show(progress->context, size + done, 2 * size);
	}
	if (n == 0 && done == size)
		return true;
	return err_errno(err, ERR_DATABASE, "can't read %s", path);
}

static bool pour(
    const struct copying *copying, const char *path, struct sink *sink, struct err *err)
{
	CLEANUP(fs_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, ERR_DATABASE, "can't read %s", path);
	char *chunk = malloc(CHUNK);
	if (chunk == NULL)
		err_die("out of memory");
	bool ok = pour_chunks(copying, path, fd, chunk, sink, err);
	free(chunk);
	return ok;
}

/*
 * At the same time: either takes long, and what was written of a copy that turns out to be damaged
 * is thrown away. The check holds no lock that closing another descriptor of the file could drop.
 */
static bool check_and_pour(const struct copying *copying, const char *path, struct sink *sink,
    struct db_dump_check *found, struct err *err)
{
	struct sqlite_check check;
	if (!sqlite_check_begin(&check, path, err))
		return false;
	if (pour(copying, path, sink, err))
		return sqlite_check_end(&check, copying->s, found, &copying->s->stop, err);
	sqlite_check_abandon(&check);
	return false;
}

bool sqlite_dump(struct db *db, struct sink *sink, const char *scratch,
    const struct db_progress *progress, struct db_dump_check *check, const struct stop *stop,
    struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	struct copying copying = {.s = s, .progress = progress, .whole = 2};
	if (!sqlite_enter(s, stop, err) || !sqlite_must_exist(s, err) ||
	    !sqlite_number(s, "PRAGMA main.page_size", &copying.page_size, err))
		return false;
	if (access(scratch, F_OK) == 0)
		return err_set(err, ERR_DATABASE, "%s is there already", scratch);
	bool ok = copy_snapshot(s, scratch, &copying, err) && stop_check(stop, err) &&
		  check_and_pour(&copying, scratch, sink, check, err);
	if (!ok)
		unlink(scratch);
	return ok;
}

/* Pages of another size fit into a database in WAL mode never, into others always. */
static bool fit_page_size(struct sqlite_db *s, const struct sqlite_copy *copy, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	int64_t ours, wal;
	int code = sqlite3_prepare_v2(copy->handle, "PRAGMA main.page_size", -1, &statement, NULL);
	if (code != SQLITE_OK || (code = sqlite3_step(statement)) != SQLITE_ROW)
		return sqlite_copy_fail(copy, code, err);
	if (!sqlite_number(s, "PRAGMA main.page_size", &ours, err) ||
	    !sqlite_number(s, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &wal, err))
		return false;
	return wal == 0 || ours == sqlite3_column_int64(statement, 0) ||
	       sqlite_run(s, "PRAGMA main.journal_mode=DELETE", err);
}

static bool copy_in(struct sqlite_db *s, const struct sqlite_copy *copy,
    const struct db_progress *progress, struct err *err)
{
	struct copying copying = {.s = s, .progress = progress, .whole = 1};
	if (!sqlite_number(s, "PRAGMA main.page_size", &copying.page_size, err))
		return false;
	sqlite_finalize(&s->last);
	copying.backup = sqlite3_backup_init(s->handle, "main", copy->handle, "main");
	if (copying.backup == NULL)
		return sqlite_fail(s, sqlite3_extended_errcode(s->handle), err);
	int code = copy_pages(&copying, err);
	int end = sqlite3_backup_finish(copying.backup); /* rolls back what is not whole */
	if (code == SQLITE_INTERRUPT)
		return false;
	if (code == SQLITE_DONE)
		code = end;
	return code == SQLITE_OK || sqlite_fail(s, code, err);
}

/*
 * Into the file that is there, as a transaction like any other: who has it open sees the old or the
 * new. A file put in its place by renaming would meet the old one's WAL, which would be replayed
 * over it.
 */
bool sqlite_restore(struct db *db, const char *path, const struct db_progress *progress,
    const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	CLEANUP(sqlite_copy_close) struct sqlite_copy copy = {0};
	if (!sqlite_enter(s, stop, err) || !sqlite_must_exist(s, err) ||
	    !sqlite_copy_open(&copy, path, err) || !fit_page_size(s, &copy, err) ||
	    !copy_in(s, &copy, progress, err))
		return false;
	struct err ignored; /* the WAL is then emptied by whoever comes next */
	sqlite_run(s, "PRAGMA main.wal_checkpoint(TRUNCATE)", &ignored);
	return sqlite_reconnect(s, err);
}
