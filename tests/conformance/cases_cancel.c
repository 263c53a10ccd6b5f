/* Everything ends soon after its stop fires, and the session can still clean up. */
#include "conformance/cases.h"
#include "conformance/world.h"
#include <signal.h>
#include <unistd.h>

enum {
	SHORT_MS = 300
};

static void deadline_ends_a_statement(void **state)
{
	struct world *w = *state;
	struct sql_statement sql = statement(w, LONG);
	struct err err;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	begin(w, db);
	run(w, db, ROW);
	int64_t began = stop_now();
	struct stop soon = stop_within(&w->stop, SHORT_MS);
	assert_false(w->driver->exec(db, &sql, &soon, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_true(stop_now() - began < AT_ONCE_MS);
	struct stop cleanup = stop_cleanup(AT_ONCE_MS);
	must(w->driver->rollback(db, &cleanup, &err), &err);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	run(w, db, ROW);
	db_close(&db);
}

static void deadline_ends_a_query(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	int64_t began = stop_now();
	struct stop soon = stop_within(&w->stop, SHORT_MS);
	assert_false(
	    w->driver->query(db, w->fixture->sql[LONG].sql, NULL, 0, &w->arena, NULL, &soon, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_true(stop_now() - began < AT_ONCE_MS);
	assert_string_equal(ask(w, db, "SELECT 1"), "1");
	db_close(&db);
}

/* Its own limit is the database's answer, not the end of the run. */
static void statement_timeout(void **state)
{
	struct world *w = *state;
	const struct db_limits limits = {.statement_timeout = SHORT_MS};
	struct err err;
	struct db *db = open_session(w);
	must(w->driver->reset(db, &limits, &w->stop, &err), &err);
	int64_t began = stop_now();
	assert_false(try_exec(w, db, LONG, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_true(stop_now() - began < AT_ONCE_MS);
	assert_string_equal(ask(w, db, "SELECT 1"), "1");
	db_close(&db);
}

/* Writing what another session has written and not yet committed. */
static bool write_beside(struct world *w, struct db *db, const struct stop *stop, struct err *err)
{
	return w->driver->begin(db, stop, err) &&
	       w->driver->query(db, "UPDATE thing SET label = 'other' WHERE id = 1", NULL, 0,
		   &w->arena, NULL, stop, err);
}

static void lock_timeout(void **state)
{
	struct world *w = *state;
	const struct db_limits limits = {.lock_timeout = SHORT_MS};
	struct err err;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	run(w, db, ROW);
	struct db *other = open_session(w);
	must(w->driver->reset(other, &limits, &w->stop, &err), &err);
	begin(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing WHERE id = 1"), "1");
	must(w->driver->query(db, "UPDATE thing SET label = 'mine' WHERE id = 1", NULL, 0,
		 &w->arena, NULL, &w->stop, &err),
	    &err);
	assert_false(write_beside(w, other, &w->stop, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_int_not_equal(err.retry, ERR_FATAL);
	rollback(w, other);
	commit(w, db);
	must(write_beside(w, other, &w->stop, &err), &err);
	commit(w, other);
	assert_string_equal(ask(w, db, "SELECT label FROM thing"), "other");
	db_close(&other);
	db_close(&db);
}

static void deadline_ends_waiting_for_others(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	run(w, db, ROW);
	struct db *other = open_session(w);
	begin(w, db);
	must(w->driver->query(db, "UPDATE thing SET label = 'mine' WHERE id = 1", NULL, 0,
		 &w->arena, NULL, &w->stop, &err),
	    &err);
	int64_t began = stop_now();
	struct stop soon = stop_within(&w->stop, SHORT_MS);
	assert_false(write_beside(w, other, &soon, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_true(stop_now() - began < AT_ONCE_MS);
	rollback(w, other);
	rollback(w, db);
	db_close(&other);
	db_close(&db);
}

/* In a child: a signal in the middle of a long statement. */
static void be_stopped(struct world *w, int ready)
{
	struct sql_statement row = statement(w, ROW), sql = statement(w, LONG);
	struct err err;
	struct db *db;
	bool has;
	stop_init();
	child_must(w->driver->open(&db, &w->url, &w->options, &w->stop, &err), "open", &err);
	child_must(w->driver->begin(db, &w->stop, &err), "begin", &err);
	child_must(w->driver->exec(db, &row, &w->stop, &err), "row", &err);
	child_must(write(ready, "r", 1) == 1, "ready", NULL);
	child_must(!w->driver->exec(db, &sql, &w->stop, &err), "long", NULL);
	child_must(err.kind == ERR_STOPPED && err.signal == SIGTERM, "its error", &err);
	struct stop cleanup = stop_cleanup(AT_ONCE_MS);
	child_must(w->driver->rollback(db, &cleanup, &err), "rollback", &err);
	child_must(w->driver->has_table(db, "thing", &has, &cleanup, &err) && has, "table", &err);
	child_must(w->driver->unlock(db, &cleanup, &err), "unlock", &err);
	child_must(!w->driver->begin(db, &w->stop, &err) && err.kind == ERR_STOPPED,
	    "nothing new is begun", &err);
	db_close(&db);
	_exit(0);
}

static void signal_ends_a_statement(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	db_close(&db);
	pid_t child = fork_ready(w, be_stopped);
	must(stop_sleep(&w->stop, SHORT_MS, &err), &err);
	assert_int_equal(kill(child, SIGTERM), 0);
	struct stop soon = stop_within(&w->stop, AT_ONCE_MS);
	reap(child, &soon);
	db = open_session(w);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	db_close(&db);
}

int cases_cancel(void)
{
	const struct CMUnitTest cases[] = {
	    CASE(deadline_ends_a_statement),
	    CASE(deadline_ends_a_query),
	    CASE(statement_timeout),
	    CASE(lock_timeout),
	    CASE(deadline_ends_waiting_for_others),
	    CASE(signal_ends_a_statement),
	};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
