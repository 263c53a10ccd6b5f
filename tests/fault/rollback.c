/*
 * Three migrations, the middle one with a down part outside a transaction, are applied and then all
 * rolled back, with a fault at each call of the driver in turn.
 */
#include "fault/rollback.h"
#include "base/fs.h"
#include "base/sink.h"
#include "fault/driver.h"
#include "fault/project.h"
#include "fault/world.h"
#include "flow/rollback.h"
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum {
	EVERY = 7
};
#else
enum {
	EVERY = 1
};
#endif

enum {
	COUNT = 3,
	STEPWISE = 1, /* index */
	STEPS = 3
};

static const struct {
	const char *name, *text;
} files[COUNT] = {
    {"1_a.sql", "-- migrate:up\nCREATE TABLE a (a);\n-- migrate:down\nDROP TABLE a;\n"},
    {"2_b.sql", "-- migrate:up\nCREATE TABLE b1 (a);\nCREATE TABLE b2 (a);\nCREATE TABLE b3 (a);\n"
		"-- migrate:down\n-- db-entry: no-transaction\n"
		"DROP TABLE b1;\nDROP TABLE b2;\nDROP TABLE b3;\n"},
    {"3_c.sql", "-- migrate:up\nCREATE TABLE c (a);\nCREATE INDEX d ON c (a);\n"
		"-- migrate:down\nDROP INDEX d;\nDROP TABLE c;\n"},
};

static const char *folder_of(const struct world *w, char *out, size_t size)
{
	snprintf(out, size, "%s/undo", w->folder);
	return out;
}

static int set_up(void **state)
{
	struct arena arena = {0};
	struct err err;
	char folder[128];
	if (world_set_up_wal(state) != 0)
		return -1;
	assert_true(fs_make_folders(folder_of(*state, folder, sizeof(folder)), 0755, &err));
	for (int i = 0; i < COUNT; i++)
		assert_true(sink_put(arena_printf(&arena, "%s/%s", folder, files[i].name),
		    files[i].text, strlen(files[i].text), 0644, &err));
	arena_free(&arena);
	return 0;
}

static int tear_down(void **state)
{
	char folder[128], path[256];
	folder_of(*state, folder, sizeof(folder));
	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		unlink(path);
	}
	rmdir(folder);
	return world_tear_down(state);
}

/* --- What the children do --- */

static int run(const struct world *w, const struct db_driver *driver, const char *command,
    bool (*job)(struct flow *flow, struct err *err))
{
	struct config config;
	struct flow flow = {0};
	struct err err = {0};
	char *no_environment[] = {NULL};
	char url[256], folder[128];
	snprintf(url, sizeof(url), "sqlite:%s", w->database);
	folder_of(w, folder, sizeof(folder));
	const struct config_option options[] = {{SETTING_DATABASE_URL, url},
	    {SETTING_MIGRATIONS, folder}, {SETTING_WAIT_TIMEOUT, "2s"}, {SETTING_WAIT_GRACE, "0"},
	    {SETTING_LOCK_TIMEOUT, "1s"}, {SETTING_DUMP, "never"}};
	bool ok = config_load(&config, no_environment, options,
		      sizeof(options) / sizeof(options[0]), &err) &&
		  flow_open(&flow, &config, command, &err);
	if (driver != NULL)
		flow.driver = driver;
	ok = ok && job(&flow, &err) && stop_check(&flow.stop, &err);
	flow_close(&flow);
	config_free(&config);
	w->report->err = err;
	return ok ? 0 : err_exit_code(&err);
}

static int apply(const struct world *w, const struct db_driver *driver)
{
	return run(w, driver, "apply", flow_migrate);
}

static bool undo_all(struct flow *flow, struct err *err)
{
	struct flow_rollback rollback = {.to = FLOW_ROLLBACK_ALL};
	bool ok =
	    flow_wait(flow, err) && flow_look(flow, err) && flow_rollback_do(flow, &rollback, err);
	flow_finish(flow, ok ? NULL : err);
	return ok;
}

static int undo(const struct world *w, const struct db_driver *driver)
{
	return run(w, driver, "rollback", undo_all);
}

/* --- Judging --- */

struct found {
	char state[COUNT]; /* a(pplied), s(tarted), r(everted) */
	int done;          /* of the one that is started */
	int tables[COUNT]; /* of each that are there */
};

static int ask(const struct world *w, const char *sql)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int value = -1;
	if (sqlite3_open_v2(w->database, &handle, SQLITE_OPEN_READWRITE, "unix") == SQLITE_OK &&
	    sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int(statement, 0);
	else
		world_fail(w, "%s: %s", sql, sqlite3_errmsg(handle));
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return value;
}

static void look(const struct world *w, struct found *found)
{
	for (int i = 0; i < COUNT; i++) {
		char sql[256];
		snprintf(sql, sizeof(sql),
		    "SELECT unicode(state) FROM db_entry_history WHERE version = '%d'", i + 1);
		found->state[i] = (char)ask(w, sql);
		snprintf(sql, sizeof(sql),
		    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name GLOB '%c*'"
		    " AND length(name) < 3",
		    'a' + i);
		found->tables[i] = ask(w, sql);
	}
	found->done = ask(w, "SELECT statements_done FROM db_entry_history WHERE version = '2'");
}

/* There and applied are the same; what is half there is started, and accounted for. */
static void compare(const struct world *w, const struct found *found)
{
	for (int i = 0; i < COUNT; i++) {
		int whole = i == STEPWISE ? STEPS : 1, gone = whole - found->tables[i];
		if (found->state[i] == 's' && i == STEPWISE) {
			if (gone < found->done || gone > found->done + 1)
				world_fail(w, "%d statements are done, and the history says %d",
				    gone, found->done);
		} else if (gone != (found->state[i] == 'a' ? 0 : whole))
			world_fail(w, "%d of %d of %d are gone, and the history says %c", gone,
			    whole, i + 1, found->state[i]);
	}
}

static void judge_words(const struct world *w, int status, const struct found *found)
{
	bool all = memcmp(found->state, "rrr", COUNT) == 0;
	bool torn = strcmp(w->report->err.code, "LOST") == 0;
	if (status == 0 && !all)
		world_fail(w, "it said that all is undone, and it is not");
	if (status == 23 && found->state[STEPWISE] == 's' && !torn)
		world_fail(w, "it said nothing remains, and something does");
	if (status == 24 && found->state[STEPWISE] != 's' && !torn)
		world_fail(w, "it said half done, and nothing is");
}

/* By hand, past the tool: e2e/test_rollback_faults.py has `repair` do it. */
static const char settle_sql[] =
    "DROP TABLE IF EXISTS b1; DROP TABLE IF EXISTS b2; DROP TABLE IF EXISTS b3;"
    "UPDATE db_entry_history SET state = 'reverted', statements_done = 0 WHERE state = 'started'";

static void settle(struct world *w)
{
	char message[512];
	if (world_run(w, NULL, undo, NULL) != 24 || world_run(w, NULL, apply, NULL) != 24)
		world_fail(w, "what is half done was not refused");
	if (strstr(w->report->err.message, "the rollback of 2_b") == NULL)
		world_fail(w, "the refusal does not name it");
	if (!project_sql(w->database, settle_sql, message, sizeof(message)))
		world_fail(w, "%s", message);
}

static void judge(struct world *w, int status)
{
	struct found found;
	look(w, &found);
	compare(w, &found);
	judge_words(w, status, &found);
	if (found.state[STEPWISE] == 's')
		settle(w);
	if (world_run(w, NULL, undo, NULL) != 0)
		world_fail(w, "the rollback that goes on failed");
	look(w, &found);
	compare(w, &found);
	if (memcmp(found.state, "rrr", COUNT) != 0)
		world_fail(w, "the rollback that goes on left something");
	if (world_run(w, NULL, apply, NULL) != 0)
		world_fail(w, "what was undone can't be applied again");
}

static void each_call(struct world *w, enum driver_fault fault)
{
	const struct db_driver *driver = driver_faulty();
	bool killed = fault == DRIVER_KILL_BEFORE || fault == DRIVER_KILL_AFTER;
	driver_choose(fault);
	snprintf(w->fault, sizeof(w->fault), "rollback, %s", driver_fault_names[fault]);
	for (w->at = 1;; w->at += EVERY) {
		world_renew(w);
		if (world_run(w, NULL, apply, NULL) != 0)
			world_fail(w, "the first run failed");
		memset(w->report, 0, sizeof(*w->report));
		int status = world_run(w, driver_arm, undo, driver);
		if (!w->report->hit) {
			assert_int_equal(status, 0);
			assert_true(w->at > 30);
			return;
		}
		if (killed && status != 128 + SIGKILL)
			world_fail(w, "it ended with %d", status);
		if (w->report->curable && status != 0)
			world_fail(w, "it ended with %d and could have gone on", status);
		judge(w, status);
	}
}

static void test_fault(void **state, enum driver_fault first, enum driver_fault last)
{
	for (int fault = (int)first; fault <= (int)last; fault++)
		each_call(*state, (enum driver_fault)fault);
}

static void test_fails(void **state)
{
	test_fault(state, DRIVER_FAILS, DRIVER_RETRIES);
}

static void test_lost(void **state)
{
	test_fault(state, DRIVER_LOST_BEFORE, DRIVER_GONE);
}

static void test_ended(void **state)
{
	test_fault(state, DRIVER_TERM_BEFORE, DRIVER_KILL_AFTER);
}

int rollback_run_faults(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_fails, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_lost, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_ended, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("rollback", tests, NULL, NULL);
}
