/* The lock file beside the database. */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include "unit/db/sqlite_world.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

static const char *lock_file(struct world *w)
{
	return arena_printf(&w->arena, "%s.db-entry.lock", w->file);
}

static enum db_lock_state try(struct world *w, struct db *db, struct db_holder *holder)
{
	enum db_lock_state lock;
	must(w, db_sqlite.lock_try(db, &lock, holder, &w->stop, &w->err));
	return lock;
}

static const char *content(struct world *w, const char *path)
{
	CLEANUP(buf_free) struct buf text = buf_init(65536);
	must(w, fs_read(path, &text, ERR_UNEXPECTED, &w->err));
	return arena_strdup(&w->arena, text.data);
}

static void file_comes_and_goes(void **state)
{
	struct world *w = *state;
	struct db *db = open_file(w);
	assert_int_not_equal(access(lock_file(w), F_OK), 0);
	take(w, db);
	const char *note = content(w, lock_file(w));
	assert_non_null(strstr(note, arena_printf(&w->arena, "holder pid %d on ", (int)getpid())));
	must(w, db_sqlite.unlock(db, &w->stop, &w->err));
	assert_int_not_equal(access(lock_file(w), F_OK), 0);
	db_close(&db);
}

/* What a killed holder left is nobody's. */
static void stale_file(void **state)
{
	struct world *w = *state;
	FILE *file = fopen(lock_file(w), "w");
	assert_non_null(file);
	fprintf(file, "holder pid 1 on gone\nsince 2020\nprogress %0500d\n", 7);
	assert_int_equal(fclose(file), 0);
	struct db *db = open_made(w), *other = open_file(w);
	assert_null(strstr(content(w, lock_file(w)), "gone"));
	struct db_holder holder;
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	assert_null(strstr(holder.who, "gone"));
	assert_string_equal(holder.progress, "");
	db_close(&other);
	db_close(&db);
}

static void note_shrinks_and_stays_one_line(void **state)
{
	struct world *w = *state;
	struct db_holder holder;
	struct db *db = open_made(w), *other = open_file(w);
	char text[600];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	db_sqlite.lock_note(db, text);
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	assert_int_equal(strlen(holder.progress), sizeof(holder.progress) - 1);
	must(w, stop_sleep(&w->stop, 300, &w->err)); /* it is written a few times a second */
	db_sqlite.lock_note(db, "0002\x1b[31m\nsince never");
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	assert_string_equal(holder.progress, "0002?[31m");
	assert_string_not_equal(holder.since, "never");
	assert_null(strstr(content(w, lock_file(w)), "xxx"));
	db_close(&other);
	db_close(&db);
}

/* In a child: what was said last waits for its turn until a statement runs. */
static void run_for_ever(struct world *w, int ready)
{
	static const char endless[] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
				      " FROM n) SELECT count(*) FROM n";
	struct sql_statement statement = {.text = endless, .len = strlen(endless)};
	enum db_lock_state lock;
	struct db_holder holder;
	struct db *db;
	if (!try_open(w, arena_printf(&w->arena, "sqlite:%s", w->file), &db) ||
	    !db_sqlite.lock_try(db, &lock, &holder, &w->stop, &w->err))
		_exit(1);
	db_sqlite.lock_note(db, "first");
	db_sqlite.lock_note(db, "second");
	if (write(ready, "r", 1) == 1)
		db_sqlite.exec(db, &statement, &w->stop, &w->err);
	_exit(1);
}

static void await_progress(
    struct world *w, struct db *db, const char *start, const char *other, char out[256])
{
	struct db_holder holder = {.progress = ""};
	while (!text_starts(holder.progress, start) || strcmp(holder.progress, other) == 0) {
		assert_int_equal(try(w, db, &holder), DB_LOCK_BUSY);
		must(w, stop_sleep(&w->stop, 20, &w->err));
	}
	snprintf(out, 256, "%s", holder.progress);
}

static void long_statement_keeps_its_note_changing(void **state)
{
	struct world *w = *state;
	char ready, first[256], second[256];
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		run_for_ever(w, ends[1]);
	assert_int_equal(read(ends[0], &ready, 1), 1);
	struct db *db = open_file(w);
	await_progress(w, db, "second, ", "", first);
	await_progress(w, db, "second, ", first, second);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(ends[1]);
	db_close(&db);
}

static void all_names_of_a_file_have_one_lock(void **state)
{
	struct world *w = *state;
	struct db_holder holder;
	const char *link = arena_printf(&w->arena, "%s/link.db", w->folder);
	struct db *other = NULL;
	assert_int_equal(symlink("test.db", link), 0); /* to a file that is not there yet */
	struct db *db = open_file(w);
	must(w, try_open(w, arena_printf(&w->arena, "sqlite:%s", link), &other));
	take(w, other);
	assert_int_equal(try(w, db, &holder), DB_LOCK_BUSY);
	run(w, other, "CREATE TABLE t (a)");
	must(w, db_sqlite.unlock(other, &w->stop, &w->err));
	take(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM t"), "0");
	db_close(&other);
	db_close(&db);
}

static void removed_file_is_noticed(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w), *other = open_file(w);
	assert_int_equal(unlink(lock_file(w)), 0);
	assert_false(db_sqlite.lock_check(db, &w->stop, &w->err));
	assert_int_equal(w->err.kind, ERR_LOCK);
	take(w, other);
	/* Letting go of what was lost must not take it from who has it now. */
	must(w, db_sqlite.unlock(db, &w->stop, &w->err));
	must(w, db_sqlite.lock_check(other, &w->stop, &w->err));
	db_close(&other);
	db_close(&db);
}

static void replaced_database_is_noticed(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	must(w, db_sqlite.lock_check(db, &w->stop, &w->err));
	assert_int_equal(rename(w->file, arena_printf(&w->arena, "%s/moved.db", w->folder)), 0);
	assert_false(db_sqlite.lock_check(db, &w->stop, &w->err));
	assert_int_equal(w->err.kind, ERR_LOCK);
	db_close(&db);
}

/* Closing any descriptor of the database would drop SQLite's own locks on it. */
static void database_file_is_left_to_sqlite(void **state)
{
	struct world *w = *state;
	struct db_holder holder;
	make_with(w->file, "CREATE TABLE t (a)");
	struct db *db = open_file(w);
	take(w, db);
	begin(w, db);
	run(w, db, "INSERT INTO t VALUES (1)");
	struct db *other = open_file(w);
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	db_close(&other);
	/* Another process would now find the file free if its locks had gone. */
	int status = system(
	    arena_printf(&w->arena, "sqlite3 %s 'INSERT INTO t VALUES (2)' 2>/dev/null", w->file));
	assert_int_not_equal(status, 0);
	must(w, try_commit(w, db));
	assert_string_equal(ask(w, db, "SELECT count(*) FROM t"), "1");
	db_close(&db);
}

static void link_in_place_of_the_lock_file(void **state)
{
	struct world *w = *state;
	enum db_lock_state lock;
	struct db_holder holder;
	assert_int_equal(symlink(w->file, lock_file(w)), 0);
	struct db *db = open_file(w);
	assert_false(db_sqlite.lock_try(db, &lock, &holder, &w->stop, &w->err));
	assert_int_not_equal(access(w->file, F_OK), 0);
	db_close(&db);
}

static int in_child(struct world *w, int (*act)(struct world *w))
{
	int status;
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		_exit(act(w));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* As user 65534: whether the lock can be had, by its enum, or 9. */
static int as_nobody(struct world *w)
{
	enum db_lock_state lock;
	struct db_holder holder = {0};
	struct db *db = NULL;
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 7;
	if (!try_open(w, arena_printf(&w->arena, "sqlite:%s", w->file), &db))
		return 8;
	if (!db_sqlite.lock_try(db, &lock, &holder, &w->stop, &w->err)) {
		const char *advice = arena_printf(&w->arena, "rm %s", lock_file(w));
		return w->err.kind == ERR_ACCESS && strstr(w->err.message, lock_file(w)) != NULL &&
			       strstr(w->err.next, advice) != NULL
			   ? 9
			   : 10;
	}
	if (lock == DB_LOCK_BUSY && strstr(holder.who, "pid 1 on root") == NULL)
		return 11;
	if (lock == DB_LOCK_TAKEN && !db_sqlite.lock_check(db, &w->stop, &w->err))
		return 12;
	db_close(&db);
	return (int)lock;
}

static int open_of_root(struct world *w, mode_t mode)
{
	static const char note[] = "holder pid 1 on root\n";
	int fd = open(lock_file(w), O_RDWR | O_CREAT | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, note, strlen(note)), strlen(note));
	return fd;
}

static void file_of_another_user(void **state)
{
	struct world *w = *state;
	if (geteuid() != 0)
		skip();
	make_with(w->file, "CREATE TABLE t (a)");
	assert_int_equal(chown(w->file, 65534, 65534), 0);
	assert_int_equal(chown(w->folder, 65534, 65534), 0);
	/* Held, it is waited for; left behind, it is replaced. */
	int fd = open_of_root(w, 0644);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(in_child(w, as_nobody), DB_LOCK_BUSY);
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(in_child(w, as_nobody), DB_LOCK_TAKEN);
	assert_int_not_equal(access(lock_file(w), F_OK), 0);
	close(fd);
	/* Whether somebody holds it can't be told, or it can't be removed. */
	close(open_of_root(w, 0600));
	assert_int_equal(in_child(w, as_nobody), 9);
	assert_int_equal(chmod(lock_file(w), 0644), 0);
	assert_int_equal(chown(w->folder, 0, 0), 0);
	assert_int_equal(chmod(w->folder, 01777), 0);
	assert_int_equal(in_child(w, as_nobody), 9);
	assert_int_equal(access(lock_file(w), F_OK), 0);
}

/* 0: refused, as it should be; 1: not; 2: mounting is not allowed here. */
static int lock_mounted(struct world *w)
{
	enum db_lock_state lock;
	struct db_holder holder;
	struct db *db = NULL;
	if (unshare(CLONE_NEWNS) != 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(w->file, w->file, NULL, MS_BIND, NULL) != 0)
		return 2;
	if (!sqlite_mount_listed(w->file, "/proc/self/mountinfo"))
		return 1;
	if (!try_open(w, arena_printf(&w->arena, "sqlite:%s", w->file), &db))
		return 1;
	if (strcmp(ask(w, db, "SELECT count(*) FROM t"), "0") != 0)
		return 1; /* who only looks is let in */
	if (db_sqlite.lock_try(db, &lock, &holder, &w->stop, &w->err) ||
	    w->err.kind != ERR_CONFIG || strstr(w->err.next, "mount its folder") == NULL)
		return 1;
	return access(lock_file(w), F_OK) == 0;
}

static void file_mounted_alone(void **state)
{
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE t (a)");
	int result = in_child(w, lock_mounted);
	if (result == 2) {
		print_message("skipped: mounting is not allowed here\n");
		skip();
	}
	assert_int_equal(result, 0);
}

static void list_of_mounts(void **state)
{
	static const char list[] = "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
				   "36 22 8:1 /home/a.db /data/my\\040app\\134.db rw,relatime "
				   "shared:1 - ext4 /dev/sda rw\n"
				   "37 22\n";
	struct world *w = *state;
	const char *path = arena_printf(&w->arena, "%s/list", w->folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(list, strlen(list), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	assert_true(sqlite_mount_listed("/data/my app\\.db", path));
	assert_false(sqlite_mount_listed("/data/my app\\.d", path));
	assert_false(sqlite_mount_listed("/data/my app\\.db2", path));
	assert_false(sqlite_mount_listed("/home/a.db", path));
	assert_false(sqlite_mount_listed("/data", path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(file_comes_and_goes),
	    TEST(stale_file),
	    TEST(note_shrinks_and_stays_one_line),
	    TEST(long_statement_keeps_its_note_changing),
	    TEST(all_names_of_a_file_have_one_lock),
	    TEST(removed_file_is_noticed),
	    TEST(replaced_database_is_noticed),
	    TEST(database_file_is_left_to_sqlite),
	    TEST(link_in_place_of_the_lock_file),
	    TEST(file_of_another_user),
	    TEST(file_mounted_alone),
	    TEST(list_of_mounts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
