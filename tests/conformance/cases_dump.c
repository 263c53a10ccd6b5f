/* A dump is the database at one moment, and restoring it brings that moment back. */
#include "base/fs.h"
#include "base/sink.h"
#include "conformance/cases.h"
#include "conformance/world.h"
#include "migrate/history.h"
#include <stdio.h>
#include <unistd.h>

static const char *place(struct world *w, const char *name)
{
	return arena_printf(&w->arena, "%s/%s", w->folder, name);
}

static bool try_dump(struct world *w, struct db *db, const char *path,
    const struct db_progress *progress, const struct stop *stop, struct err *err)
{
	const char *scratch = place(w, "scratch");
	struct db_dump_check check;
	struct sink *sink;
	must(sink_file(&sink, path, 0600, true, err), err);
	if (!w->driver->dump(db, sink, scratch, progress, &check, stop, err)) {
		sink_abort(sink);
		return false;
	}
	must(sink_commit(sink, err), err);
	if ((w->driver->features & DB_DUMP_IS_FILE) != 0) {
		CLEANUP(buf_free) struct buf ours = buf_init(16 << 20);
		CLEANUP(buf_free) struct buf file = buf_init(16 << 20);
		must(fs_read(path, &ours, ERR_DUMP, err), err);
		must(fs_read(scratch, &file, ERR_DUMP, err), err);
		assert_int_equal(ours.len, file.len);
		assert_memory_equal(ours.data, file.data, file.len);
		assert_int_equal(unlink(scratch), 0);
	}
	return true;
}

static enum db_kinship kinship(struct world *w, struct db *db, const char *path)
{
	enum db_kinship found;
	struct err err;
	must(w->driver->dump_kinship(db, path, &found, &w->stop, &err), &err);
	return found;
}

static void own_tables_with_run(struct world *w, struct db *db, const char *id)
{
	struct history_run run = {
	    .command = "apply", .started_at = "2026-01-31T12:00:00.000Z", .host = "here"};
	struct err err;
	snprintf(run.id, sizeof(run.id), "%s", id);
	must(history_prepare(db, &w->stop, &err), &err);
	must(history_record(db, &run, &w->stop, &err), &err);
}

static void take(struct world *w, struct db *db)
{
	enum db_lock_state lock;
	struct db_holder holder;
	struct err err;
	must(w->driver->lock_try(db, &lock, &holder, &w->stop, &err), &err);
	assert_int_equal(lock, DB_LOCK_TAKEN);
}

static void a_dump_knows_its_database(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	const char *none = place(w, "none"), *first = place(w, "first"), *other = place(w, "other");
	run(w, db, TABLE);
	take(w, db);
	must(try_dump(w, db, none, NULL, &w->stop, &err), &err);
	own_tables_with_run(w, db, "run-1");
	must(try_dump(w, db, first, NULL, &w->stop, &err), &err);
	must(w->driver->restore(db, none, NULL, &w->stop, &err), &err);
	own_tables_with_run(w, db, "run-2");
	assert_int_equal(kinship(w, db, none), DB_KIN);
	assert_int_equal(kinship(w, db, first), DB_KIN_ALIKE);
	must(w->driver->query(db, "DROP TABLE thing", NULL, 0, &w->arena, NULL, &w->stop, &err),
	    &err);
	assert_int_equal(kinship(w, db, first), DB_KIN); /* there is nothing to lose */
	run(w, db, PARENT);
	assert_int_equal(kinship(w, db, none), DB_KIN_NONE);
	assert_int_equal(kinship(w, db, first), DB_KIN_NONE);
	must(try_dump(w, db, other, NULL, &w->stop, &err), &err);
	must(w->driver->restore(db, first, NULL, &w->stop, &err), &err);
	assert_int_equal(kinship(w, db, other), DB_KIN_NONE);
	run(w, db, ROW);
	assert_int_equal(kinship(w, db, first), DB_KIN);
	db_close(&db);
}

static int64_t estimate(struct world *w, struct db *db)
{
	int64_t bytes = -1;
	struct err err;
	must(w->driver->dump_estimate(db, &bytes, &w->stop, &err), &err);
	return bytes;
}

static void count(void *context, int64_t done, int64_t total)
{
	assert_true(done >= 0 && done <= total);
	++*(int *)context;
}

static void restored_database_is_as_it_was(void **state)
{
	struct world *w = *state;
	int shown = 0;
	const struct db_progress progress = {count, &shown};
	struct db_dump_check check;
	struct err err;
	struct db *db = open_session(w);
	const char *path = place(w, "dump");
	run(w, db, TABLE);
	run(w, db, ROW);
	take(w, db);
	must(try_dump(w, db, path, &progress, &w->stop, &err), &err);
	assert_true(shown > 0);
	assert_int_not_equal(access(place(w, "scratch"), F_OK), 0);
	must(w->driver->dump_check(path, &check, &w->stop, &err), &err);
	must(w->driver->query(db, "DELETE FROM thing", NULL, 0, &w->arena, NULL, &w->stop, &err),
	    &err);
	run(w, db, PARENT);
	must(w->driver->restore(db, path, NULL, &w->stop, &err), &err);
	assert_string_equal(ask(w, db, "SELECT label FROM thing"), "one");
	assert_false(has_table(w, db, "parent"));
	must(w->driver->lock_check(db, &w->stop, &err), &err);
	begin(w, db);
	run(w, db, PARENT);
	commit(w, db);
	db_close(&db);
}

static void uncommitted_work_of_others_is_not_in_it(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w), *other = open_session(w);
	const char *path = place(w, "dump");
	run(w, db, TABLE);
	run(w, db, ROW);
	begin(w, other);
	must(w->driver->query(other, "UPDATE thing SET label = 'other'", NULL, 0, &w->arena, NULL,
		 &w->stop, &err),
	    &err);
	must(try_dump(w, db, path, NULL, &w->stop, &err), &err);
	rollback(w, other);
	db_close(&other);
	take(w, db);
	must(w->driver->restore(db, path, NULL, &w->stop, &err), &err);
	assert_string_equal(ask(w, db, "SELECT label FROM thing"), "one");
	db_close(&db);
}

static void estimate_of_nothing_is_nothing(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	assert_int_equal(estimate(w, db), 0);
	run(w, db, TABLE);
	assert_true(estimate(w, db) > 0);
	db_close(&db);
}

static void stopped_dump_and_restore_leave_nothing(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	struct stop over = stop_within(&w->stop, 0);
	const char *path = place(w, "dump");
	run(w, db, TABLE);
	run(w, db, ROW);
	take(w, db);
	assert_false(try_dump(w, db, path, NULL, &over, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_int_not_equal(access(place(w, "scratch"), F_OK), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	must(try_dump(w, db, path, NULL, &w->stop, &err), &err);
	must(w->driver->query(db, "DELETE FROM thing", NULL, 0, &w->arena, NULL, &w->stop, &err),
	    &err);
	assert_false(w->driver->restore(db, path, NULL, &over, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	db_close(&db);
}

static void what_is_no_dump_is_refused(void **state)
{
	static const char text[] =
	    "this is no dump, whatever it is called, and a long line at that";
	struct world *w = *state;
	struct db_dump_check check;
	struct err err;
	struct db *db = open_session(w);
	const char *path = place(w, "dump");
	run(w, db, TABLE);
	run(w, db, ROW);
	take(w, db);
	assert_false(w->driver->dump_check(path, &check, &w->stop, &err));
	must(sink_put(path, text, sizeof(text), 0600, &err), &err);
	assert_false(w->driver->dump_check(path, &check, &w->stop, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_false(w->driver->restore(db, path, NULL, &w->stop, &err));
	assert_string_equal(ask(w, db, "SELECT label FROM thing"), "one");
	db_close(&db);
}

int cases_dump(void)
{
	const struct CMUnitTest cases[] = {
	    CASE(restored_database_is_as_it_was),
	    CASE(a_dump_knows_its_database),
	    CASE(uncommitted_work_of_others_is_not_in_it),
	    CASE(estimate_of_nothing_is_nothing),
	    CASE(stopped_dump_and_restore_leave_nothing),
	    CASE(what_is_no_dump_is_refused),
	};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
