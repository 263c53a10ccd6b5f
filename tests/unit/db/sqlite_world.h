/* A folder with a SQLite database for a unit test, and the driver's calls in short. */
#ifndef DB_ENTRY_TESTS_UNIT_DB_SQLITE_WORLD_H
#define DB_ENTRY_TESTS_UNIT_DB_SQLITE_WORLD_H

#include "base/fs.h"
#include "db/db.h"
#include "db/sqlite/driver.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* After those it needs. */
#include <cmocka.h>
#include <sqlite3.h>

struct world {
	struct arena arena;
	struct stop stop;
	char folder[64];
	const char *file; /* in it; not there yet */
	struct db_options options;
	struct err err; /* of the last call that failed */
};

static inline int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->stop = stop_never();
	w->stop = stop_within(&w->stop, 60000);
	w->options.create = true;
	snprintf(w->folder, sizeof(w->folder), "/tmp/db-entry-unit-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->file = arena_printf(&w->arena, "%s/test.db", w->folder);
	*state = w;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *w = *state;
	char **names;
	size_t count;
	assert_int_equal(chmod(w->folder, 0700), 0);
	assert_true(fs_list(w->folder, &w->arena, &names, &count, &w->err));
	for (size_t i = 0; i < count; i++) {
		const char *path = arena_printf(&w->arena, "%s/%s", w->folder, names[i]);
		if (unlink(path) != 0)
			assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(w->folder), 0);
	arena_free(&w->arena);
	free(w);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static inline void must(struct world *w, bool ok)
{
	if (!ok)
		fail_msg("%s (%s)\n%s", w->err.message, w->err.code, w->err.why);
}

/* A file made by another program: SQLite's own settings. */
static inline void make_with(const char *path, const char *sql)
{
	sqlite3 *handle;
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static inline bool try_open(struct world *w, const char *text, struct db **db)
{
	struct url url;
	must(w, url_parse(&url, text, &w->arena, &w->err));
	return db_sqlite.open(db, &url, &w->options, &w->stop, &w->err);
}

/* A session of the file, as it is. */
static inline struct db *open_file(struct world *w)
{
	struct db *db = NULL;
	must(w, try_open(w, arena_printf(&w->arena, "sqlite:%s", w->file), &db));
	return db;
}

static inline void take(struct world *w, struct db *db)
{
	enum db_lock_state state;
	struct db_holder holder;
	must(w, db_sqlite.lock_try(db, &state, &holder, &w->stop, &w->err));
	assert_int_equal(state, DB_LOCK_TAKEN);
}

/* The same, made by us under the lock. */
static inline struct db *open_made(struct world *w)
{
	struct db *db = open_file(w);
	take(w, db);
	return db;
}

static inline bool try_run(struct world *w, struct db *db, const char *sql)
{
	struct sql_statement statement = {
	    .text = sql, .len = strlen(sql), .file = "test.sql", .line = 1};
	return db_sqlite.exec(db, &statement, &w->stop, &w->err);
}

static inline void run(struct world *w, struct db *db, const char *sql)
{
	must(w, try_run(w, db, sql));
}

static inline const char *ask(struct world *w, struct db *db, const char *sql)
{
	struct db_rows rows;
	must(w, db_sqlite.query(db, sql, NULL, 0, &w->arena, &rows, &w->stop, &w->err));
	assert_true(rows.count > 0);
	return rows.cells[0];
}

static inline struct db_probe probe_of(struct world *w, struct db *db)
{
	struct db_probe probe;
	must(w, db_sqlite.probe(db, &probe, &w->stop, &w->err));
	return probe;
}

static inline void begin(struct world *w, struct db *db)
{
	must(w, db_sqlite.begin(db, &w->stop, &w->err));
}

static inline bool try_commit(struct world *w, struct db *db)
{
	return db_sqlite.commit(db, &w->stop, &w->err);
}

static inline void rollback(struct world *w, struct db *db)
{
	must(w, db_sqlite.rollback(db, &w->stop, &w->err));
}

static inline void reset(struct world *w, struct db *db)
{
	must(w, db_sqlite.reset(db, NULL, &w->stop, &w->err));
}

#endif
