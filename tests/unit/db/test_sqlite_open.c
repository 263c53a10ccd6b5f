/* What open() and lock_try() make of the file they find. */
#include "unit/db/sqlite_world.h"
#include <fcntl.h>
#include <sys/wait.h>

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void refuse(
    struct world *w, const char *path, enum err_kind kind, enum err_retry retry, const char *word)
{
	struct db *db = NULL;
	assert_false(try_open(w, arena_printf(&w->arena, "sqlite:%s", path), &db));
	assert_null(db);
	assert_int_equal(w->err.kind, kind);
	assert_int_equal(w->err.retry, retry);
	if (strstr(w->err.message, word) == NULL)
		fail_msg("no %s in %s", word, w->err.message);
}

static void new_database_has_our_settings(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	for (int turn = 0; turn < 2; turn++) {
		assert_string_equal(ask(w, db, "PRAGMA journal_mode"), "wal");
		assert_string_equal(ask(w, db, "PRAGMA foreign_keys"), "1");
		assert_string_equal(ask(w, db, "PRAGMA synchronous"), "1");
		assert_string_equal(ask(w, db, "PRAGMA wal_autocheckpoint"), "1000");
		assert_string_equal(ask(w, db, "PRAGMA temp_store"), "2");
		assert_string_equal(ask(w, db, "PRAGMA cache_size"), "-64000");
		run(w, db, "PRAGMA cache_size = 10");
		reset(w, db);
	}
	db_close(&db);
}

static void existing_database_keeps_its_own(void **state)
{
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE t (a)");
	struct db *db = open_made(w);
	assert_string_equal(ask(w, db, "PRAGMA journal_mode"), "delete");
	assert_string_equal(ask(w, db, "PRAGMA synchronous"), "2");
	assert_string_equal(ask(w, db, "PRAGMA temp_store"), "0");
	assert_string_equal(ask(w, db, "PRAGMA foreign_keys"), "1");
	db_close(&db);
}

/* What a crash leaves of a database being made. */
static void empty_file_is_like_a_new_one(void **state)
{
	struct world *w = *state;
	write_file(w->file, "");
	struct db *db = open_file(w);
	assert_true(probe_of(w, db).exists);
	assert_string_equal(ask(w, db, "PRAGMA journal_mode"), "delete");
	take(w, db);
	assert_string_equal(ask(w, db, "PRAGMA journal_mode"), "wal");
	run(w, db, "CREATE TABLE t (a)");
	db_close(&db);
}

static void made_by_somebody_else_meanwhile(void **state)
{
	struct world *w = *state;
	struct db *db = open_file(w);
	assert_false(probe_of(w, db).exists);
	make_with(w->file, "CREATE TABLE theirs (a)");
	take(w, db);
	assert_true(probe_of(w, db).exists);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM theirs"), "0");
	assert_string_equal(ask(w, db, "PRAGMA journal_mode"), "delete");
	db_close(&db);
}

static void replaced_before_the_lock(void **state)
{
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE old (a)");
	struct db *db = open_file(w);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM old"), "0");
	assert_int_equal(unlink(w->file), 0);
	make_with(w->file, "CREATE TABLE restored (a)");
	take(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM restored"), "0");
	db_close(&db);
}

static void missing_folder_may_come(void **state)
{
	struct world *w = *state;
	refuse(w, arena_printf(&w->arena, "%s/volume/a.db", w->folder), ERR_UNREACHABLE,
	    ERR_RETRY_GRACE, "volume");
}

static void what_is_no_database(void **state)
{
	struct world *w = *state;
	refuse(w, w->folder, ERR_CONFIG, ERR_FATAL, "folder");
	refuse(w, "/dev/null", ERR_CONFIG, ERR_FATAL, "device");
	write_file(w->file, "This is a text, and it is longer than any header of a database is,"
			    " which has a hundred bytes and not one more or less than that.");
	refuse(w, w->file, ERR_CONFIG, ERR_FATAL, "not a database");
	assert_string_equal(w->err.code, "SQLITE_NOTADB");
	refuse(w, arena_printf(&w->arena, "%s/below.db", w->file), ERR_CONFIG, ERR_FATAL, "folder");
}

static void damaged_schema(void **state)
{
	struct world *w = *state;
	make_with(w->file, "PRAGMA writable_schema=ON; CREATE TABLE t (a);"
			   "UPDATE sqlite_master SET sql = 'CREATE TABLE t (a) OF_TOMORROW'");
	refuse(w, w->file, ERR_UNEXPECTED, ERR_FATAL, "malformed");
	assert_string_equal(w->err.code, "SQLITE_CORRUPT");
	assert_non_null(strstr(w->err.next, "integrity_check"));
}

static void busy_can_be_tried_again(void **state)
{
	struct world *w = *state;
	sqlite3 *handle;
	make_with(w->file, "CREATE TABLE t (a)");
	assert_int_equal(sqlite3_open(w->file, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	refuse(w, w->file, ERR_UNREACHABLE, ERR_RETRY, "locked");
	assert_string_equal(w->err.code, "SQLITE_BUSY");
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	struct db *db = open_file(w);
	db_close(&db);
}

static void read_only_by_url(void **state)
{
	struct world *w = *state;
	struct db *db = NULL;
	make_with(w->file, "CREATE TABLE t (a)");
	must(w, try_open(w, arena_printf(&w->arena, "sqlite:%s?mode=ro", w->file), &db));
	assert_true(probe_of(w, db).read_only);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM t"), "0");
	assert_false(try_run(w, db, "INSERT INTO t VALUES (1)"));
	assert_string_equal(w->err.code, "SQLITE_READONLY");
	db_close(&db);
}

static void mode_forbids_making_it(void **state)
{
	static const char *const modes[] = {"ro", "rw"};
	struct world *w = *state;
	enum db_lock_state lock;
	struct db_holder holder;
	for (int i = 0; i < 2; i++) {
		struct db *db = NULL;
		must(w, try_open(w, arena_printf(&w->arena, "sqlite:%s?mode=%s", w->file, modes[i]),
			    &db));
		assert_false(db_sqlite.lock_try(db, &lock, &holder, &w->stop, &w->err));
		assert_int_equal(w->err.kind, ERR_CONFIG);
		/* And the lock is not kept. */
		assert_false(db_sqlite.lock_check(db, &w->stop, &w->err));
		db_close(&db);
	}
	assert_int_not_equal(access(w->file, F_OK), 0);
}

/* A name that SQLite alone would take for a URI or a database in memory. */
static void odd_names_are_files(void **state)
{
	static const char *const names[] = {
	    "file:odd%3Fmode=memory", "a b'\"%25#.db", "%3Amemory%3A"};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct db *db = NULL;
		must(w,
		    try_open(w, arena_printf(&w->arena, "sqlite:%s/%s", w->folder, names[i]), &db));
		take(w, db);
		run(w, db, "CREATE TABLE t (a)");
		db_close(&db);
	}
	assert_int_equal(
	    access(arena_printf(&w->arena, "%s/file:odd?mode=memory", w->folder), F_OK), 0);
	assert_int_equal(access(arena_printf(&w->arena, "%s/:memory:", w->folder), F_OK), 0);
}

/* In a child without root's rights: what it may not touch. */
static void without_rights(struct world *w)
{
	struct db *db = NULL;
	enum db_lock_state lock;
	struct db_holder holder;
	const char *url = arena_printf(&w->arena, "sqlite:%s", w->file);
	if (geteuid() == 0 && setuid(65534) != 0)
		_exit(10);
	if (chmod(w->file, 0000) == 0)
		_exit(11); /* it must not be ours */
	if (!try_open(w, url, &db) || !probe_of(w, db).read_only)
		_exit(12);
	if (db_sqlite.lock_try(db, &lock, &holder, &w->stop, &w->err) || w->err.kind != ERR_ACCESS)
		_exit(13);
	if (strstr(w->err.next, "65534") == NULL)
		_exit(14);
	db_close(&db);
	_exit(0);
}

static void unreadable(struct world *w)
{
	struct db *db = NULL;
	if (setuid(65534) != 0)
		_exit(20);
	if (try_open(w, arena_printf(&w->arena, "sqlite:%s", w->file), &db))
		_exit(21);
	_exit(w->err.kind == ERR_ACCESS && w->err.retry == ERR_FATAL ? 0 : 22);
}

static void in_child(struct world *w, void (*act)(struct world *w))
{
	int status;
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		act(w);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void rights(void **state)
{
	struct world *w = *state;
	if (geteuid() != 0)
		skip();
	make_with(w->file, "CREATE TABLE t (a)");
	assert_int_equal(chmod(w->folder, 0755), 0);
	assert_int_equal(chmod(w->file, 0644), 0);
	in_child(w, without_rights);
	assert_int_equal(chmod(w->file, 0600), 0);
	in_child(w, unreadable);
	assert_int_equal(chmod(w->folder, 0700), 0);
	in_child(w, unreadable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(new_database_has_our_settings),
	    TEST(existing_database_keeps_its_own),
	    TEST(empty_file_is_like_a_new_one),
	    TEST(made_by_somebody_else_meanwhile),
	    TEST(replaced_before_the_lock),
	    TEST(missing_folder_may_come),
	    TEST(what_is_no_database),
	    TEST(damaged_schema),
	    TEST(busy_can_be_tried_again),
	    TEST(read_only_by_url),
	    TEST(mode_forbids_making_it),
	    TEST(odd_names_are_files),
	    TEST(rights),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
