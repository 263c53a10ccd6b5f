/* Opening, what is at the other end, our own tables, reset. */
#include "conformance/cases.h"
#include "conformance/world.h"
#include "migrate/history.h"
#include <string.h>

static void driver_is_complete(void **state)
{
	struct world *w = *state;
	const struct db_driver *d = w->driver;
	struct err err;
	assert_string_equal(d->dialect->name, d->name);
	assert_non_null(d->schemes[0]);
	assert_non_null(d->folders[0]);
	assert_non_null(strstr(d->own_tables, "db_entry_history"));
	assert_non_null(strstr(d->own_tables, "db_entry_run"));
	assert_non_null(strpbrk(d->client(), "0123456789"));
	must(d->check_url(&w->url, &err), &err);
	assert_ptr_equal(db_driver_for(&w->url, &err), d);
}

static void opens_and_tells_what_it_is(void **state)
{
	struct world *w = *state;
	struct db_probe probe;
	struct err err;
	struct db *db = open_session(w);
	must(w->driver->probe(db, &probe, &w->stop, &err), &err);
	assert_string_not_equal(probe.flavour, "");
	assert_in_range(probe.version[0], '0', '9');
	assert_string_not_equal(probe.label, "");
	if (w->url.password != NULL && w->url.password[0] != '\0')
		assert_null(strstr(probe.label, w->url.password));
	assert_true(probe.exists);
	assert_false(probe.read_only);
	assert_string_equal(ask(w, db, "SELECT 1"), "1");
	db_close(&db);
	assert_null(db);
	db_close(&db);
}

static void check_stand_in(struct world *w, struct db *db)
{
	struct db_probe probe;
	struct err err;
	must(w->driver->probe(db, &probe, &w->stop, &err), &err);
	assert_false(probe.exists);
	assert_false(has_table(w, db, "thing"));
	assert_string_equal(ask(w, db, "SELECT 1"), "1");
	/* Nothing may vanish into something that is not there. */
	assert_false(w->driver->begin(db, &w->stop, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_false(try_exec(w, db, TABLE, &err));
	assert_false(w->driver->query(
	    db, w->fixture->sql[TABLE].sql, NULL, 0, &w->arena, NULL, &w->stop, &err));
}

static void missing_database(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = NULL;
	if (w->fixture->file) {
		for (int i = 0; i < 2; i++) { /* and looking did not make it */
			must(w->driver->open(&db, &w->url, &w->options, &w->stop, &err), &err);
			check_stand_in(w, db);
			db_close(&db);
		}
		return;
	}
	w->url.path = "/db_entry_conformance_missing";
	assert_false(w->driver->open(&db, &w->url, &w->options, &w->stop, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_int_equal(err.retry, ERR_RETRY_GRACE);
	assert_null(db);
}

static void nothing_at_the_address(void **state)
{
	struct world *w = *state;
	struct url_host nobody = {.name = "127.0.0.1", .port = "1"};
	struct err err;
	struct db *db = NULL;
	if (w->fixture->file) {
		w->url.path = arena_printf(&w->arena, "%s/absent/test.db", w->folder);
	} else {
		w->url.hosts = &nobody;
		w->url.host_count = 1;
	}
	assert_false(w->driver->open(&db, &w->url, &w->options, &w->stop, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_int_equal(err.retry, w->fixture->file ? ERR_RETRY_GRACE : ERR_RETRY);
	assert_null(db);
}

static void wrong_password(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = NULL;
	if (w->fixture->file)
		skip();
	w->url.password = "conformance-wrong";
	assert_false(w->driver->open(&db, &w->url, &w->options, &w->stop, &err));
	assert_int_equal(err.kind, ERR_ACCESS);
	assert_int_equal(err.retry, ERR_RETRY_GRACE);
	assert_null(strstr(err.message, "conformance-wrong"));
	assert_null(strstr(err.why, "conformance-wrong"));
	assert_null(db);
}

static void deadline_before_open(void **state)
{
	struct world *w = *state;
	struct stop passed = stop_within(&w->stop, 0);
	struct err err;
	struct db *db = NULL;
	assert_false(w->driver->open(&db, &w->url, &w->options, &passed, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_null(db);
}

static void tables_are_found(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	assert_false(has_table(w, db, "thing"));
	run(w, db, TABLE);
	assert_true(has_table(w, db, "thing"));
	assert_false(has_table(w, db, "thin"));
	assert_false(has_table(w, db, "thing' OR 'a'='a"));
	db_close(&db);
}

static void own_tables_can_be_made_twice(void **state)
{
	struct world *w = *state;
	struct db *db = open_session(w);
	struct err err;
	for (int turn = 0; turn < 2; turn++)
		must(history_prepare(db, &w->stop, &err), &err);
	assert_true(has_table(w, db, "db_entry_history"));
	assert_true(has_table(w, db, "db_entry_run"));
	const char *sql = arena_printf(&w->arena,
	    "SELECT count(*) FROM (SELECT version, name, state, position, checksum, down_checksum,"
	    " down_text, statements_total, statements_done, breaks_older, work_item, approval,"
	    " dump_id, run_id, tool_version, app_version, started_at, finished_at, failed_at,"
	    " failed_statement, done_checksum FROM %sdb_entry_history) AS rows_there",
	    db->own);
	assert_string_equal(ask(w, db, sql), "0");
	db_close(&db);
}

static void reset_restores_settings(void **state)
{
	struct world *w = *state;
	struct err err;
	NEEDS(w, SETTING);
	struct db *db = open_session(w);
	const char *read = w->fixture->sql[SETTING_READ].sql;
	const char *before = ask(w, db, read);
	run(w, db, SETTING);
	assert_string_not_equal(ask(w, db, read), before);
	must(w->driver->reset(db, NULL, &w->stop, &err), &err);
	assert_string_equal(ask(w, db, read), before);
	db_close(&db);
}

static void reset_drops_temporary_tables(void **state)
{
	struct world *w = *state;
	struct err err;
	struct db *db = open_session(w);
	run(w, db, TABLE);
	run(w, db, ROW);
	run(w, db, TEMPORARY);
	assert_string_equal(ask(w, db, "SELECT count(*) FROM leftover"), "0");
	must(w->driver->reset(db, NULL, &w->stop, &err), &err);
	assert_false(w->driver->query(
	    db, "SELECT count(*) FROM leftover", NULL, 0, &w->arena, NULL, &w->stop, &err));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_string_equal(ask(w, db, "SELECT label FROM thing"), "one");
	db_close(&db);
}

int cases_session(void)
{
	const struct CMUnitTest cases[] = {
	    CASE(driver_is_complete),
	    CASE(opens_and_tells_what_it_is),
	    CASE(missing_database),
	    CASE(nothing_at_the_address),
	    CASE(wrong_password),
	    CASE(deadline_before_open),
	    CASE(tables_are_found),
	    CASE(own_tables_can_be_made_twice),
	    CASE(reset_restores_settings),
	    CASE(reset_drops_temporary_tables),
	};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
