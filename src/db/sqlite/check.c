/*
 * Is a copy whole? A check of a large file is one call into SQLite that its progress handler
 * interrupts late or, in its first and longest part, never. So it has a thread of its own, which
 * touches nothing but the copy's handle; the one that began it goes on with other work, and then
 * waits under `stop`.
 */
#include "base/fs.h"
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	WAIT_MS = 100,
	FINDINGS = 5 /* of integrity_check that are told */
};

/* Since 3.44 it says of an FTS4 table without content that it can't tell: no damage is known. */
static bool is_no_finding(const char *text)
{
	return strcmp(text, "ok") == 0 ||
	       (text_starts(text, "unable to validate the inverted index") &&
		   strstr(text, ": SQL logic error") != NULL);
}

/* One row "ok", or a row a finding. */
static bool read_findings(const struct sqlite_copy *copy, sqlite3_stmt *statement, struct err *err)
{
	struct err found = {0};
	int code, count = 0;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);
		if (text != NULL && is_no_finding(text))
			continue;
		if (count == 0)
			err_set(&found, ERR_DATABASE, "%s is damaged", copy->path);
		if (count++ < FINDINGS)
			err_why(&found, "%s", text == NULL ? "out of memory" : text);
	}
	if (code != SQLITE_DONE)
		return sqlite_copy_fail(copy, code, err);
	if (count == 0)
		return true;
	*err = found;
	return false;
}

static bool check_pages(const struct sqlite_copy *copy, const char *sql, struct err *err)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(copy->handle, sql, -1, &statement, NULL);
	return code == SQLITE_OK ? read_findings(copy, statement, err)
				 : sqlite_copy_fail(copy, code, err);
}

/*
 * Counted, not judged: the copy has what the original has. A schema whose references SQLite itself
 * finds odd can't be counted.
 */
static int64_t count_broken(const struct sqlite_copy *copy)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	int64_t found = 0;
	int code =
	    sqlite3_prepare_v2(copy->handle, "PRAGMA foreign_key_check", -1, &statement, NULL);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(statement);
		found += code == SQLITE_ROW;
	}
	return code == SQLITE_DONE ? found : 0;
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
static bool check_all(const struct sqlite_copy *copy, struct db_dump_check *found, struct err *err)
{
	if (!check_pages(copy, "PRAGMA integrity_check", err)) {
		if (strcmp(err->code, "SQLITE_ERROR") != 0 &&
		    strcmp(err->code, "SQLITE_ERROR_MISSING_COLLSEQ") != 0)
			return false;
		sqlite3_collation_needed(copy->handle, NULL, stand_in);
		if (!check_pages(copy, "PRAGMA quick_check", err))
			return false;
	}
	found->broken_references = count_broken(copy);
	return true;
}

static void *work(void *context)
{
	struct sqlite_check *check = context;
	const uint64_t one = 1;
	check->good = check_all(&check->copy, &check->found, &check->err);
	while (write(check->done, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

static void clean_up(struct sqlite_check *check)
{
	fs_close(&check->done);
	sqlite_copy_close(&check->copy);
}

/* Signals are for the thread that waits for them. */
static bool start(struct sqlite_check *check, struct err *err)
{
	sigset_t all, before;
	check->done = eventfd(0, EFD_CLOEXEC);
	if (check->done < 0)
		return err_errno(err, ERR_UNEXPECTED, "eventfd");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&check->thread, NULL, work, check);
	int number = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = number;
	return number == 0 || err_errno(err, ERR_UNEXPECTED, "no second thread could be started");
}

bool sqlite_check_begin(struct sqlite_check *check, const char *path, struct err *err)
{
	*check = (struct sqlite_check){.done = -1};
	if (sqlite_copy_open(&check->copy, path, err) && start(check, err))
		return true;
	clean_up(check);
	return false;
}

static bool is_done(const struct sqlite_check *check)
{
	struct pollfd done = {.fd = check->done, .events = POLLIN};
	return poll(&done, 1, WAIT_MS) > 0;
}

/* Again and again: an interrupt that comes between two statements is forgotten. */
void sqlite_check_abandon(struct sqlite_check *check)
{
	do
		sqlite3_interrupt(check->copy.handle);
	while (!is_done(check));
	pthread_join(check->thread, NULL);
	clean_up(check);
}

bool sqlite_check_end(struct sqlite_check *check, struct sqlite_db *s, struct db_dump_check *found,
    const struct stop *stop, struct err *err)
{
	while (!is_done(check)) {
		if (s != NULL)
			sqlite_lock_beat(s);
		/* What an interrupted check found is nothing, even where it says "ok". */
		if (!stop_check(stop, err)) {
			sqlite_check_abandon(check);
			return false;
		}
	}
	pthread_join(check->thread, NULL);
	bool good = check->good;
	if (good)
		*found = check->found;
	else
		*err = check->err;
	clean_up(check);
	return good;
}

bool sqlite_dump_check(
    const char *path, struct db_dump_check *found, const struct stop *stop, struct err *err)
{
	struct sqlite_check check;
	return stop_check(stop, err) && sqlite_check_begin(&check, path, err) &&
	       sqlite_check_end(&check, NULL, found, stop, err);
}
