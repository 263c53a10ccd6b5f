/* What a migration's statements may do, and that nothing of it stays in the session. */
#include "unit/db/sqlite_world.h"
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static void refuse(struct world *w, struct db *db, const char *sql, const char *code)
{
	if (try_run(w, db, sql))
		fail_msg("%s was not refused", sql);
	assert_int_equal(w->err.kind, ERR_DATABASE);
	assert_string_equal(w->err.code, code);
}

static void one_statement_at_a_time(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "CREATE TABLE t (a); -- and a comment ; behind it\n /* and another */ ; ");
	run(w, db, "-- nothing but a comment");
	run(w, db, "");
	refuse(w, db, "CREATE TABLE u (a); CREATE TABLE v (a)", "");
	assert_string_equal(ask(w, db, "SELECT group_concat(name) FROM sqlite_master"), "t");
	db_close(&db);
}

static void what_a_migration_may_not_do(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	for (int inside = 0; inside < 2; inside++) {
		if (inside)
			begin(w, db);
		refuse(w, db, "ATTACH 'other.db' AS other", "SQLITE_AUTH");
		assert_non_null(strstr(w->err.why, "ATTACH"));
		refuse(w, db, "DETACH other", "SQLITE_AUTH");
		refuse(w, db, "BEGIN", "SQLITE_AUTH");
		refuse(w, db, "COMMIT", "SQLITE_AUTH");
		refuse(w, db, "ROLLBACK", "SQLITE_AUTH");
		refuse(w, db, "SAVEPOINT a", "SQLITE_AUTH");
		refuse(w, db, "RELEASE a", "SQLITE_AUTH");
		refuse(w, db, "PRAGMA writable_schema = ON", "SQLITE_AUTH");
		refuse(w, db, "PRAGMA main.\"Writable_Schema\"(1)", "SQLITE_AUTH");
		refuse(w, db, "SELECT load_extension('x')", "SQLITE_ERROR");
		run(w, db, "CREATE TABLE IF NOT EXISTS t (a)");
	}
	assert_true(try_commit(w, db));
	db_close(&db);
}

/* Inside they use what is refused above. */
static void statements_that_do_much_inside(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "CREATE VIRTUAL TABLE words USING fts5 (word)");
	run(w, db, "INSERT INTO words VALUES ('one'), ('two')");
	run(w, db, "INSERT INTO words (words) VALUES ('optimize')");
	run(w, db, "VACUUM");
	run(w, db, "ANALYZE");
	run(w, db, "REINDEX");
	run(w, db, "PRAGMA optimize");
	run(w, db,
	    "CREATE TRIGGER gone AFTER DELETE ON words_content BEGIN SELECT 1; SELECT 2; END");
	assert_string_equal(ask(w, db, "SELECT count(*) FROM words WHERE words MATCH 'two'"), "1");
	db_close(&db);
}

static void reset_is_exact(void **state)
{
	static const struct {
		const char *change, *read, *value;
	} settings[] = {
	    {"PRAGMA legacy_alter_table = ON", "PRAGMA legacy_alter_table", "0"},
	    {"PRAGMA recursive_triggers = ON", "PRAGMA recursive_triggers", "0"},
	    {"PRAGMA case_sensitive_like = ON", "SELECT 'a' LIKE 'A'", "1"},
	    {"PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints", "0"},
	    {"PRAGMA reverse_unordered_selects = ON", "PRAGMA reverse_unordered_selects", "0"},
	    {"PRAGMA query_only = ON", "PRAGMA query_only", "0"},
	    {"PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys", "1"},
	    {"PRAGMA synchronous = OFF", "PRAGMA synchronous", "1"},
	    {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA locking_mode", "normal"},
	    {"PRAGMA soft_heap_limit = 12345678", "PRAGMA soft_heap_limit", "0"},
	    {"CREATE TEMP TABLE t (a)", "SELECT count(*) FROM temp.sqlite_master", "0"},
	    {"CREATE TEMP VIEW v AS SELECT 1", "SELECT count(*) FROM temp.sqlite_master", "0"},
	    {"CREATE TEMP TRIGGER g AFTER INSERT ON main.stays BEGIN SELECT 1; END",
		"SELECT count(*) FROM temp.sqlite_master", "0"},
	    {"CREATE VIRTUAL TABLE temp.f USING fts5 (a)",
		"SELECT count(*) FROM temp.sqlite_master", "0"},
	};
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "CREATE TABLE stays (a)");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		run(w, db, settings[i].change);
		assert_string_not_equal(ask(w, db, settings[i].read), settings[i].value);
		reset(w, db);
		assert_string_equal(ask(w, db, settings[i].read), settings[i].value);
	}
	must(w, db_sqlite.lock_check(db, &w->stop, &w->err));
	db_close(&db);
}

/* The file's own properties are a migration's to change, and stay. */
static void properties_of_the_file_stay(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "PRAGMA user_version = 7");
	run(w, db, "PRAGMA journal_mode = DELETE");
	reset(w, db);
	assert_string_equal(ask(w, db, "PRAGMA user_version"), "7");
	assert_string_equal(ask(w, db, "PRAGMA journal_mode"), "delete");
	assert_string_equal(ask(w, db, "PRAGMA synchronous"), "2");
	db_close(&db);
}

static void reset_rolls_back(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	begin(w, db);
	run(w, db, "CREATE TABLE t (a)");
	reset(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM sqlite_master"), "0");
	begin(w, db);
	rollback(w, db);
	db_close(&db);
}

/* SQLite rolls back by itself, and what comes after must not be committed one by one. */
static void nothing_goes_on_after_sqlite_rolled_back(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "CREATE TABLE t (a UNIQUE)");
	begin(w, db);
	run(w, db, "INSERT INTO t VALUES (1)");
	refuse(w, db, "INSERT OR ROLLBACK INTO t VALUES (1)", "SQLITE_CONSTRAINT_UNIQUE");
	assert_false(try_run(w, db, "INSERT INTO t VALUES (2)"));
	assert_false(try_commit(w, db));
	rollback(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM t"), "0");
	assert_string_equal(ask(w, db, "PRAGMA foreign_keys"), "1");
	db_close(&db);
}

static void result_names_of_extended_codes(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "CREATE TABLE t (a PRIMARY KEY, b NOT NULL, c CHECK (c > 0)) WITHOUT ROWID");
	run(w, db, "INSERT INTO t VALUES (1, 1, 1)");
	refuse(w, db, "INSERT INTO t VALUES (1, 1, 1)", "SQLITE_CONSTRAINT_PRIMARYKEY");
	refuse(w, db, "INSERT INTO t VALUES (2, NULL, 1)", "SQLITE_CONSTRAINT_NOTNULL");
	refuse(w, db, "INSERT INTO t VALUES (2, 1, 0)", "SQLITE_CONSTRAINT_CHECK");
	refuse(w, db, "CREATE TABLE t (a)", "SQLITE_ERROR");
	assert_string_equal(w->err.message, "table t already exists");
	db_close(&db);
}

static const char *ask_with(struct world *w, struct db *db, const char *sql, const char *text)
{
	const struct db_value value = {.type = DB_TEXT, .text = text};
	struct db_rows rows;
	must(w, db_sqlite.query(db, sql, &value, 1, &w->arena, &rows, &w->stop, &w->err));
	assert_int_equal(rows.count, 1);
	return rows.cells[rows.columns - 1];
}

/* A statement that is kept for the next time. */
static void same_query_again(void **state)
{
	static const char sql[] = "SELECT * FROM t WHERE a = ?";
	const struct db_value number = {.type = DB_INT, .number = 1};
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "CREATE TABLE t (a PRIMARY KEY, b)");
	run(w, db, "INSERT INTO t VALUES ('1', 'one'), ('2', 'two')");
	assert_string_equal(ask_with(w, db, sql, "1"), "one");
	assert_string_equal(ask_with(w, db, sql, "2"), "two");
	assert_false(db_sqlite.query(db, sql, &number, 0, &w->arena, NULL, &w->stop, &w->err));
	run(w, db, "ALTER TABLE t ADD COLUMN c DEFAULT 'new'");
	assert_string_equal(ask_with(w, db, sql, "2"), "new");
	run(w, db, "DROP TABLE t");
	assert_string_equal(ask(w, db, "PRAGMA cache_size"), "-64000");
	run(w, db, "PRAGMA cache_size = 7");
	assert_string_equal(ask(w, db, "PRAGMA cache_size"), "7");
	reset(w, db);
	assert_string_equal(ask(w, db, "PRAGMA cache_size"), "-64000");
	db_close(&db);
}

static void full_disk(void **state)
{
	struct world *w = *state;
	struct db *db = open_made(w);
	run(w, db, "CREATE TABLE t (a)");
	run(w, db, "PRAGMA max_page_count = 10");
	begin(w, db);
	refuse(w, db, "INSERT INTO t VALUES (zeroblob(1000000))", "SQLITE_FULL");
	assert_non_null(strstr(w->err.next, "free space"));
	rollback(w, db);
	db_close(&db);
}

static void failing_disk(void **state)
{
	struct world *w = *state;
	const struct rlimit most = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};
	const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	if (geteuid() != 0)
		skip(); /* none but root can raise it again */
	struct db *db = open_made(w);
	run(w, db, "CREATE TABLE t (a)");
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &most), 0);
	bool ok = try_run(w, db, "INSERT INTO t VALUES (zeroblob(1000000))");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(ok);
	assert_string_equal(w->err.code, "SQLITE_IOERR_WRITE");
	assert_non_null(strstr(w->err.message, strerror(EFBIG)));
	assert_non_null(strstr(w->err.next, "disk"));
	db_close(&db);
}

static void damaged_inside(void **state)
{
	static const char rubbish[4096] = "rubbish";
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
	FILE *file = fopen(w->file, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
	assert_int_equal(fwrite(rubbish, sizeof(rubbish), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	struct db *db = open_made(w);
	refuse(w, db, "UPDATE t SET a = 2", "SQLITE_CORRUPT");
	assert_non_null(strstr(w->err.next, "integrity_check"));
	db_close(&db);
}

static void locked_by_another_program(void **state)
{
	struct world *w = *state;
	sqlite3 *handle;
	make_with(w->file, "CREATE TABLE t (a)");
	w->options.limits.lock_timeout = 50;
	struct db *db = open_made(w);
	assert_int_equal(sqlite3_open(w->file, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	refuse(w, db, "INSERT INTO t VALUES (1)", "SQLITE_BUSY");
	assert_non_null(strstr(w->err.why, "; waited "));
	assert_null(strstr(w->err.why, "waited 0"));
	assert_non_null(strstr(w->err.next, "DB_ENTRY_LOCK_TIMEOUT"));
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	db_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_statement_at_a_time),
	    TEST(what_a_migration_may_not_do),
	    TEST(statements_that_do_much_inside),
	    TEST(reset_is_exact),
	    TEST(properties_of_the_file_stay),
	    TEST(reset_rolls_back),
	    TEST(nothing_goes_on_after_sqlite_rolled_back),
	    TEST(result_names_of_extended_codes),
	    TEST(same_query_again),
	    TEST(full_disk),
	    TEST(failing_disk),
	    TEST(damaged_inside),
	    TEST(locked_by_another_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
