/*
 * Copies: files that nobody else has open, and how they are checked.
 *
 * A check of a large file is one call into SQLite that its progress handler interrupts late or, in
 * its first and longest part, never: a second thread watches `stop` meanwhile. While it does, this
 * one is inside SQLite and touches nothing of ours, so nothing is shared.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "db/sqlite/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	WATCH_MS = 100,
	FINDINGS = 5,      /* of integrity_check that are told */
	URI_MAX = 16 << 10 /* a path is at most 4,096 bytes, each maybe as %XX */
};

struct watcher {
	sqlite3 *handle;
	struct sqlite_db *session; /* NULL: none */
	const struct stop *stop;
	struct err stop_err; /* kind ERR_NONE until `stop` fired */
	int done;            /* becomes readable at the end */
	pthread_t thread;
};

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

static void *watch(void *context)
{
	struct watcher *watcher = context;
	struct pollfd done = {.fd = watcher->done, .events = POLLIN};
	while (poll(&done, 1, WATCH_MS) <= 0) {
		if (watcher->session != NULL)
			sqlite_lock_beat(watcher->session);
		/* Again and again: one that comes between two statements is forgotten. */
		if (!stop_check(watcher->stop, &watcher->stop_err))
			sqlite3_interrupt(watcher->handle);
	}
	return NULL;
}

/* Signals are for the thread that waits for them. */
static bool watch_begin(struct watcher *watcher, struct err *err)
{
	sigset_t all, before;
	watcher->done = eventfd(0, EFD_CLOEXEC);
	if (watcher->done < 0)
		return err_errno(err, ERR_UNEXPECTED, "eventfd");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&watcher->thread, NULL, watch, watcher);
	int number = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (number == 0)
		return true;
	fs_close(&watcher->done);
	errno = number;
	return err_errno(err, ERR_UNEXPECTED, "no second thread could be started");
}

static void watch_end(struct watcher *watcher)
{
	const uint64_t one = 1;
	while (write(watcher->done, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(watcher->thread, NULL);
	fs_close(&watcher->done);
}

static bool step_failed(
    const struct sqlite_copy *copy, const struct watcher *watcher, int code, struct err *err)
{
	if (code != SQLITE_INTERRUPT)
		return sqlite_copy_fail(copy, code, err);
	return stop_check(watcher->stop, err) ? sqlite_copy_fail(copy, code, err) : false;
}

/* One row "ok", or a row a finding. */
static bool read_findings(const struct sqlite_copy *copy, const struct watcher *watcher,
    sqlite3_stmt *statement, struct err *err)
{
	struct err found = {0};
	int code, count = 0;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);
		if (text != NULL && strcmp(text, "ok") == 0)
			continue;
		if (count == 0)
			err_set(&found, ERR_DATABASE, "%s is damaged", copy->path);
		if (count++ < FINDINGS)
			err_why(&found, "%s", text == NULL ? "out of memory" : text);
	}
	/* An interrupt ends the long part like its end, and shows here or in `stop` alone. */
	if (code != SQLITE_DONE)
		return step_failed(copy, watcher, code, err);
	if (!stop_check(watcher->stop, err))
		return false;
	if (count == 0)
		return true;
	*err = found;
	return false;
}

static bool check_pages(
    const struct sqlite_copy *copy, const struct watcher *watcher, const char *sql, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(copy->handle, sql, -1, &statement, NULL);
	return code == SQLITE_OK ? read_findings(copy, watcher, statement, err)
				 : step_failed(copy, watcher, code, err);
}

/*
 * Counted, not judged: the copy has what the original has. A schema whose references SQLite itself
 * finds odd can't be counted.
 */
static bool count_broken(
    const struct sqlite_copy *copy, const struct watcher *watcher, int64_t *count, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	int64_t found = 0;
	int code =
	    sqlite3_prepare_v2(copy->handle, "PRAGMA foreign_key_check", -1, &statement, NULL);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(statement);
		found += code == SQLITE_ROW;
	}
	if (!stop_check(watcher->stop, err))
		return false;
	*count = code == SQLITE_DONE ? found : 0;
	return true;
}

static int compare_bytes(void *context, int a_len, const void *a, int b_len, const void *b)
{
	(void)context;
	int order = memcmp(a, b, (size_t)(a_len < b_len ? a_len : b_len));
	return order != 0 ? order : a_len - b_len;
}

static void stand_in(void *context, sqlite3 *handle, int encoding, const char *name)
{
	(void)context;
	sqlite3_create_collation(handle, name, encoding, NULL, compare_bytes);
}

/*
 * The full check compares indexes with their tables; where that needs a collation of the
 * application's, which we don't have, SQLite refuses it. The quick one must do then: it wants the
 * collation to be there, and does not use it.
 */
static bool check_all(const struct sqlite_copy *copy, const struct watcher *watcher,
    struct db_dump_check *check, struct err *err)
{
	struct db_dump_check found = {0};
	if (!check_pages(copy, watcher, "PRAGMA integrity_check", err)) {
		if (strcmp(err->code, "SQLITE_ERROR") != 0 &&
		    strcmp(err->code, "SQLITE_ERROR_MISSING_COLLSEQ") != 0)
			return false;
		sqlite3_collation_needed(copy->handle, NULL, stand_in);
		if (!check_pages(copy, watcher, "PRAGMA quick_check", err))
			return false;
	}
	if (!count_broken(copy, watcher, &found.broken_references, err))
		return false;
	*check = found;
	return true;
}

bool sqlite_copy_check(struct sqlite_db *s, const char *path, struct db_dump_check *check,
    const struct stop *stop, struct err *err)
{
	CLEANUP(sqlite_copy_close) struct sqlite_copy copy = {0};
	if (!stop_check(stop, err) || !sqlite_copy_open(&copy, path, err))
		return false;
	struct watcher watcher = {.handle = copy.handle, .session = s, .stop = stop, .done = -1};
	if (!watch_begin(&watcher, err))
		return false;
	bool ok = check_all(&copy, &watcher, check, err);
	watch_end(&watcher);
	return ok;
}

bool sqlite_dump_check(
    const char *path, struct db_dump_check *check, const struct stop *stop, struct err *err)
{
	return sqlite_copy_check(NULL, path, check, stop, err);
}
