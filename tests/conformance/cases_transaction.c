/* begin, commit, rollback, and what is checked before a commit. */
#include "conformance/cases.h"
#include "conformance/world.h"
#include <string.h>

static bool transactional(const struct world *w)
{
	return (w->driver->features & DB_TRANSACTIONAL_DDL) != 0;
}

static void commit_keeps(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	begin(w, db);
	run(w, db, TABLE);
	run(w, db, ROW);
	commit(w, db);
	db_close(&db);
	db = open_session(w);
	assert_string_equal(ask(w, db, "SELECT label FROM thing"), "one");
	db_close(&db);
}

static void rollback_undoes_rows(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	begin(w, db);
	run(w, db, ROW);
	rollback(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	rollback(w, db); /* harmless when none is open */
	begin(w, db);
	run(w, db, ROW);
	commit(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "1");
	db_close(&db);
}

/* Where it is promised a table goes with its transaction; elsewhere it was committed when made. */
static void rollback_and_ddl(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	begin(w, db);
	run(w, db, TABLE);
	rollback(w, db);
	assert_int_equal(has_table(w, db, "thing"), !transactional(w));
	db_close(&db);
}

static void close_rolls_back(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	begin(w, db);
	run(w, db, ROW);
	db_close(&db);
	db = open_session(w);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	db_close(&db);
}

static void others_see_nothing_before_commit(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	struct db *other = open_session(w);
	begin(w, db);
	run(w, db, ROW);
	assert_string_equal(ask(w, other, "SELECT count(*) FROM thing"), "0");
	commit(w, db);
	assert_string_equal(ask(w, other, "SELECT count(*) FROM thing"), "1");
	db_close(&other);
	db_close(&db);
}

static void failed_statement_can_be_rolled_back(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	begin(w, db);
	run(w, db, ROW);
	refuse(w, db, DUPLICATE);
	rollback(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	db_close(&db);
}

static void make_family(struct world *w, struct db *db)
{
	run(w, db, PARENT);
	run(w, db, CHILD);
}

static void new_violation_is_refused(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	make_family(w, db);
	begin(w, db);
	if (w->fixture->commit_code == NULL) {
		refuse(w, db, VIOLATION);
	} else {
		run(w, db, VIOLATION);
		assert_false(w->driver->commit(db, &w->stop, &err));
		assert_int_equal(err.kind, ERR_DATABASE);
		assert_string_equal(err.code, w->fixture->commit_code);
		assert_non_null(strstr(err.why, "child"));
	}
	rollback(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM child"), "0");
	/* And the session goes on. */
	begin(w, db);
	run(w, db, PARENT_ROW);
	run(w, db, CHILD_ROW);
	commit(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM child"), "1");
	db_close(&db);
}

static void deferred_violation_may_be_mended(void **state)
{
	struct world *w = *state;
	if (w->fixture->commit_code == NULL)
		skip();
	struct db *db = open_session(w);
	make_family(w, db);
	begin(w, db);
	run(w, db, CHILD_ROW); /* before its parent */
	run(w, db, PARENT_ROW);
	commit(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM child"), "1");
	db_close(&db);
}

static void old_violation_is_not_ours(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	make_family(w, db);
	for (enum fixture_id id = OLD_1; id <= OLD_3; id++)
		if (w->fixture->sql[id].sql != NULL)
			run(w, db, id);
	must(w->driver->reset(db, NULL, &w->stop, &err), &err);
	begin(w, db);
	run(w, db, PARENT_ROW);
	run(w, db, CHILD_ROW);
	commit(w, db);
	if (w->fixture->commit_code != NULL) { /* what is new is still seen beside it */
		begin(w, db);
		run(w, db, VIOLATION);
		assert_false(w->driver->commit(db, &w->stop, &err));
		assert_string_equal(err.code, w->fixture->commit_code);
		rollback(w, db);
	}
	db_close(&db);
}

static void add_later(struct world *w, struct db *db, int64_t id, const char *label)
{
	const struct db_value values[] = {
	    {.type = DB_INT, .number = id},
	    {.type = label == NULL ? DB_NULL : DB_TEXT, .text = label},
	};
	struct err err;
	must(w->driver->later(
		 db, "INSERT INTO thing (id, label) VALUES (?, ?)", values, 2, &w->stop, &err),
	    &err);
}

static void changes_put_off_commit_with_the_rest(void **state)
{
	static const char odd[] = "it's a \\ and a ? and \"this\" · 漢字; DROP TABLE thing; --";
	struct world *w = *state;
	if (w->driver->later == NULL)
		skip();
	struct db *db = open_session(w);
	run(w, db, TABLE);
	begin(w, db);
	add_later(w, db, 1, odd);
	assert_string_equal(ask(w, db, "SELECT label FROM thing"), odd);
	add_later(w, db, 2, NULL);
	add_later(w, db, -3, "");
	commit(w, db);
	db_close(&db);
	db = open_session(w);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "3");
	assert_string_equal(ask(w, db, "SELECT label FROM thing WHERE id = 1"), odd);
	assert_null(ask(w, db, "SELECT label FROM thing WHERE id = 2"));
	assert_string_equal(ask(w, db, "SELECT label FROM thing WHERE id = -3"), "");
	db_close(&db);
}

static void changes_put_off_go_with_a_rollback(void **state)
{
	struct world *w = *state;
	if (w->driver->later == NULL)
		skip();
	struct db *db = open_session(w);
	run(w, db, TABLE);
	begin(w, db);
	add_later(w, db, 1, "one");
	rollback(w, db);
	begin(w, db);
	add_later(w, db, 2, "two");
	commit(w, db);
	assert_string_equal(ask(w, db, "SELECT min(id) FROM thing"), "2");
	db_close(&db);
}

static void changes_put_off_that_fail_commit_nothing(void **state)
{
	struct world *w = *state;
	struct err err;
	if (w->driver->later == NULL)
		skip();
	struct db *db = open_session(w);
	run(w, db, TABLE);
	begin(w, db);
	run(w, db, ROW);
	add_later(w, db, 2, "two");
	add_later(w, db, 1, "again");
	assert_false(w->driver->commit(db, &w->stop, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_string_equal(err.code, w->fixture->sql[DUPLICATE].code);
	rollback(w, db);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM thing"), "0");
	db_close(&db);
}

int cases_transaction(void)
{
	const struct CMUnitTest cases[] = {
	    CASE(commit_keeps),
	    CASE(rollback_undoes_rows),
	    CASE(rollback_and_ddl),
	    CASE(close_rolls_back),
	    CASE(others_see_nothing_before_commit),
	    CASE(failed_statement_can_be_rolled_back),
	    CASE(new_violation_is_refused),
	    CASE(deferred_violation_may_be_mended),
	    CASE(old_violation_is_not_ours),
	    CASE(changes_put_off_commit_with_the_rest),
	    CASE(changes_put_off_go_with_a_rollback),
	    CASE(changes_put_off_that_fail_commit_nothing),
	};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
