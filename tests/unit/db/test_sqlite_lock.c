/* The lock file beside the database. */
#include "unit/db/sqlite_world.h"
#include <fcntl.h>
#include <sys/file.h>

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
	db_sqlite.lock_note(db, "0002\x1b[31m\nsince never");
	assert_int_equal(try(w, other, &holder), DB_LOCK_BUSY);
	assert_string_equal(holder.progress, "0002?[31m");
	assert_string_not_equal(holder.since, "never");
	assert_null(strstr(content(w, lock_file(w)), "xxx"));
	db_close(&other);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(file_comes_and_goes),
	    TEST(stale_file),
	    TEST(note_shrinks_and_stays_one_line),
	    TEST(all_names_of_a_file_have_one_lock),
	    TEST(removed_file_is_noticed),
	    TEST(replaced_database_is_noticed),
	    TEST(database_file_is_left_to_sqlite),
	    TEST(link_in_place_of_the_lock_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
