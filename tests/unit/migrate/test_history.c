/* The history, written to and read from a real database, through the driver interface alone. */
#include "scene.h"

static const char two_statements[] =
    "-- db-entry: breaks-older, work-item=ABC-1\n-- migrate:up\nSELECT 1;\nSELECT 2;\n"
    "-- migrate:down\nSELECT 3;";

static void no_tables(void **state)
{
	(void)state;
	scene.history.count = 7;
	OK(history_read(&scene.history, scene.db, &scene.project->arena, &scene.stop, err_of()));
	assert_false(scene.history.exists);
	assert_int_equal(scene.history.count, 0);
}

static void tables_are_made_once(void **state)
{
	(void)state;
	prepare();
	OK(history_applied(
	    scene.db, &scene.run, migration("1", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	prepare();
	read_back(1);
}

static void tables_are_made_where_they_are_read(void **state)
{
	const char *own = scene.db->own;

	(void)state;
	scene.db->own = "temp.";
	prepare();
	OK(history_applied(
	    scene.db, &scene.run, migration("1", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	scene.db->own = own;
	assert_string_equal(ask("SELECT count(*) FROM temp.db_entry_history"), "1");
	assert_string_equal(
	    ask("SELECT count(*) FROM main.sqlite_master WHERE name LIKE 'db_entry%'"), "0");
}

/* Made by an earlier version: with a rowid. */
static void older_table_is_kept(void **state)
{
	const char *made;

	(void)state;
	prepare();
	made = ask("SELECT substr(sql, 1, instr(sql, ' WITHOUT ROWID')) FROM main.sqlite_master"
		   " WHERE name = 'db_entry_history'");
	assert_string_not_equal(made, "");
	tell("DROP TABLE db_entry_history");
	tell(made);
	prepare();
	OK(history_applied(
	    scene.db, &scene.run, migration("1", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	assert_string_equal(read_back(1)->version, "1");
	assert_string_equal(ask("SELECT count(rowid) FROM db_entry_history"), "1");
}

static void runs_are_told_apart(void **state)
{
	struct history_run other;

	(void)state;
	history_run_init(&other, "run", NULL);
	assert_int_equal(strlen(other.id), 32);
	assert_int_equal(strspn(other.id, "0123456789abcdef"), 32);
	assert_string_not_equal(other.id, scene.run.id);
	assert_string_not_equal(other.started_at, "");
	assert_false(other.recorded);
}

static void applied_in_one_step(void **state)
{
	const struct migration *item = migration("007", two_statements);
	const struct history_row *row;

	(void)state;
	prepare();
	OK(history_applied(scene.db, &scene.run, item, NULL, began, &scene.stop, err_of()));
	row = read_back(1);
	assert_string_equal(row->version, "007");
	assert_string_equal(row->name, "m007");
	assert_string_equal(row->checksum, item->up.checksum);
	assert_int_equal(row->state, HISTORY_APPLIED);
	assert_int_equal(row->position, 1);
	assert_int_equal(row->statements_done, 2);
	assert_int_equal(row->statements_total, 2);
	assert_true(row->breaks_older);
	assert_string_equal(row->run, scene.run.id);
	assert_string_equal(row->started_at, began);
	assert_non_null(row->finished_at);
	assert_string_equal(ask("SELECT down_checksum FROM db_entry_history"), item->down.checksum);
	assert_string_equal(ask("SELECT down_text FROM db_entry_history"), item->down_text);
	assert_string_equal(ask("SELECT work_item FROM db_entry_history"), "ABC-1");
	assert_string_equal(ask("SELECT app_version FROM db_entry_history"), "1.2.3");
	assert_null(ask("SELECT approval FROM db_entry_history"));
	assert_string_equal(ask("SELECT count(*) FROM db_entry_run"), "1");
	assert_string_equal(ask("SELECT command FROM db_entry_run"), "apply");
	assert_null(ask("SELECT outcome FROM db_entry_run"));
}

static void applied_step_by_step(void **state)
{
	const struct migration *item = migration("1", two_statements);
	const struct history_row *row;

	(void)state;
	prepare();
	OK(history_start(scene.db, &scene.run, item, NULL, &scene.stop, err_of()));
	row = read_back(1);
	assert_int_equal(row->state, HISTORY_STARTED);
	assert_int_equal(row->statements_done, 0);
	assert_null(row->finished_at);
	OK(history_statement_done(scene.db, item, 1, "abc", &scene.stop, err_of()));
	assert_int_equal(read_back(1)->statements_done, 1);
	OK(history_finished(scene.db, &scene.run, item, &scene.stop, err_of()));
	row = read_back(1);
	assert_int_equal(row->state, HISTORY_APPLIED);
	assert_int_equal(row->statements_done, 2);
	assert_non_null(row->finished_at);
	assert_int_equal(row->position, 1);
}

static void down_part_may_be_absent(void **state)
{
	(void)state;
	prepare();
	OK(history_applied(
	    scene.db, &scene.run, migration("1", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	assert_null(ask("SELECT down_checksum FROM db_entry_history"));
	assert_null(ask("SELECT down_text FROM db_entry_history"));
	assert_null(ask("SELECT work_item FROM db_entry_history"));
	assert_false(read_back(1)->breaks_older);
}

static void rolled_back_with_its_transaction(void **state)
{
	const struct migration *item = migration("1", "SELECT 1;");
	const struct history_run before = scene.run;

	(void)state;
	prepare();
	OK(scene.db->driver->begin(scene.db, &scene.stop, err_of()));
	OK(history_applied(scene.db, &scene.run, item, NULL, began, &scene.stop, err_of()));
	assert_true(scene.run.recorded);
	OK(scene.db->driver->rollback(scene.db, &scene.stop, err_of()));
	scene.run = before;
	read_back(0);
	assert_string_equal(ask("SELECT count(*) FROM db_entry_run"), "0");
	OK(scene.db->driver->begin(scene.db, &scene.stop, err_of()));
	OK(history_applied(scene.db, &scene.run, item, NULL, began, &scene.stop, err_of()));
	OK(scene.db->driver->commit(scene.db, &scene.stop, err_of()));
	read_back(1);
	assert_string_equal(ask("SELECT count(*) FROM db_entry_run"), "1");
}

static void rows_in_the_order_of_application(void **state)
{
	const struct history_row *rows;

	(void)state;
	prepare();
	OK(history_applied(scene.db, &scene.run, migration("10", "SELECT 1;"), NULL, began,
	    &scene.stop, err_of()));
	OK(history_applied(
	    scene.db, &scene.run, migration("9", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	rows = read_back(2);
	assert_string_equal(rows[0].version, "10");
	assert_string_equal(rows[1].version, "9");
	assert_int_equal(rows[1].position, 2);
}

/* The row of a version that came back takes the place of its former one, not its position. */
static void last_position_counts_every_row(void **state)
{
	(void)state;
	prepare();
	OK(history_read(&scene.history, scene.db, &scene.project->arena, &scene.stop, err_of()));
	assert_int_equal(scene.history.last_position, 0);
	tell("INSERT INTO db_entry_history (version, name, state, position, checksum,"
	     " statements_total, statements_done, run_id, tool_version, started_at) VALUES"
	     " ('07', '', 'applied', 3, 'c', 0, 0, '', '', ''),"
	     " ('7', '', 'reverted', 9, 'c', 0, 0, '', '', '')");
	assert_string_equal(read_back(1)->version, "07");
	assert_int_equal(scene.history.last_position, 9);
	scene.run.position = scene.history.last_position;
	OK(history_applied(
	    scene.db, &scene.run, migration("8", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	read_back(2);
	assert_int_equal(scene.history.last_position, 10);
	assert_int_equal(scene.run.position, 10);
}

static void applied_twice_is_an_error(void **state)
{
	const struct migration *item = migration("1", "SELECT 1;");

	(void)state;
	prepare();
	OK(history_applied(scene.db, &scene.run, item, NULL, began, &scene.stop, err_of()));
	assert_false(
	    history_applied(scene.db, &scene.run, item, NULL, began, &scene.stop, err_of()));
	assert_false(history_start(scene.db, &scene.run, item, NULL, &scene.stop, err_of()));
	read_back(1);
}

static void baseline(void **state)
{
	const struct history_row *row;

	(void)state;
	prepare();
	OK(history_baseline(
	    scene.db, &scene.run, migration("1", two_statements), NULL, &scene.stop, err_of()));
	row = read_back(1);
	assert_int_equal(row->state, HISTORY_APPLIED);
	assert_int_equal(row->statements_done, 0);
	assert_int_equal(row->statements_total, 2);
}

static void forgotten_by_number(void **state)
{
	(void)state;
	prepare();
	OK(history_start(
	    scene.db, &scene.run, migration("0010", "SELECT 1;"), NULL, &scene.stop, err_of()));
	OK(history_start(
	    scene.db, &scene.run, migration("0100", "SELECT 1;"), NULL, &scene.stop, err_of()));
	OK(history_start(
	    scene.db, &scene.run, migration("0", "SELECT 1;"), NULL, &scene.stop, err_of()));
	OK(history_forget(scene.db, &scene.run, "010", &scene.stop, err_of()));
	assert_string_equal(read_back(2)[0].version, "0100");
	OK(history_forget(scene.db, &scene.run, "1", &scene.stop, err_of()));
	read_back(2);
	OK(history_forget(scene.db, &scene.run, "000", &scene.stop, err_of()));
	assert_string_equal(read_back(1)[0].version, "0100");
}

static void settled_as_applied(void **state)
{
	const struct migration *item = migration("01", two_statements);
	const struct history_row *row;

	(void)state;
	prepare();
	OK(history_start(scene.db, &scene.run, item, NULL, &scene.stop, err_of()));
	OK(history_statement_done(scene.db, item, 1, "abc", &scene.stop, err_of()));
	OK(history_settle(scene.db, &scene.run, "1", HISTORY_APPLIED, &scene.stop, err_of()));
	row = read_back(1);
	assert_int_equal(row->state, HISTORY_APPLIED);
	assert_int_equal(row->statements_done, 1);
	assert_non_null(row->finished_at);
	OK(history_settle(scene.db, &scene.run, "1", HISTORY_REVERTED, &scene.stop, err_of()));
	assert_int_equal(read_back(1)->state, HISTORY_APPLIED);
}

/* Until somebody settles it, or it begins anew. */
static void known_to_have_failed(void **state)
{
	const struct migration *item = migration("1", two_statements);
	const struct history_row *row;

	(void)state;
	prepare();
	OK(history_start(scene.db, &scene.run, item, NULL, &scene.stop, err_of()));
	OK(history_statement_done(scene.db, item, 1, "abc", &scene.stop, err_of()));
	assert_null(read_back(1)->failed_at);
	OK(history_statement_failed(
	    scene.db, item, &item->up.statements[1], &scene.stop, err_of()));
	row = read_back(1);
	assert_non_null(row->failed_at);
	assert_string_equal(row->failed_statement, item->up.statements[1].text);
	assert_string_equal(row->done_checksum, "abc");
	assert_null(row->finished_at);
	assert_false(row->reverting);
	assert_int_equal(row->statements_done, 1);
	OK(history_settle(scene.db, &scene.run, "1", HISTORY_REVERTED, &scene.stop, err_of()));
	row = read_back(1);
	assert_null(row->failed_at);
	assert_int_equal(row->statements_done, 1);
	OK(history_start(scene.db, &scene.run, item, row, &scene.stop, err_of()));
	assert_null(read_back(1)->failed_at);
	OK(history_statement_failed(
	    scene.db, item, &item->up.statements[1], &scene.stop, err_of()));
	OK(history_settle(scene.db, &scene.run, "1", HISTORY_APPLIED, &scene.stop, err_of()));
	assert_null(read_back(1)->failed_at);
	OK(history_statement_failed(
	    scene.db, item, &item->up.statements[1], &scene.stop, err_of()));
	assert_null(read_back(1)->failed_at);
}

/* By a file that was corrected behind what is done. */
static void resumed(void **state)
{
	const struct migration *item = migration("1", two_statements);
	const struct migration *mended = migration("1", "CREATE TABLE a (a); CREATE TABLE c (c);"
							" CREATE TABLE d (d);");
	const struct history_row *row;

	(void)state;
	prepare();
	OK(history_start(scene.db, &scene.run, item, NULL, &scene.stop, err_of()));
	OK(history_statement_done(scene.db, item, 1, "abc", &scene.stop, err_of()));
	OK(history_statement_failed(
	    scene.db, item, &item->up.statements[1], &scene.stop, err_of()));
	OK(history_resume(scene.db, &scene.run, mended, 1, "abc", &scene.stop, err_of()));
	row = read_back(1);
	assert_string_equal(row->version, "1");
	assert_int_equal(row->statements_done, 1);
	assert_int_equal(row->statements_total, 3);
	assert_string_equal(row->checksum, mended->up.checksum);
	assert_null(row->failed_at);
	assert_null(row->failed_statement);
	OK(history_finished(scene.db, &scene.run, mended, &scene.stop, err_of()));
	row = read_back(1);
	assert_int_equal(row->state, HISTORY_APPLIED);
	assert_int_equal(row->statements_done, 3);
	assert_null(row->done_checksum);
}

static void reverted_and_applied_again(void **state)
{
	const struct migration *item = migration("1", "SELECT 1;");
	const struct history_row *rows;

	(void)state;
	prepare();
	OK(history_start(scene.db, &scene.run, item, NULL, &scene.stop, err_of()));
	OK(history_settle(scene.db, &scene.run, "1", HISTORY_REVERTED, &scene.stop, err_of()));
	assert_int_equal(read_back(1)->state, HISTORY_REVERTED);
	OK(history_applied(
	    scene.db, &scene.run, migration("2", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	item = migration("1", "SELECT 1;");
	OK(history_applied(scene.db, &scene.run, item, read_back(2), began, &scene.stop, err_of()));
	rows = read_back(2);
	assert_string_equal(rows[1].version, "1");
	assert_int_equal(rows[1].state, HISTORY_APPLIED);
	assert_int_equal(rows[1].position, 3);
}

static void reverted_and_back_under_another_spelling(void **state)
{
	(void)state;
	prepare();
	OK(history_start(
	    scene.db, &scene.run, migration("7", "SELECT 1;"), NULL, &scene.stop, err_of()));
	OK(history_settle(scene.db, &scene.run, "7", HISTORY_REVERTED, &scene.stop, err_of()));
	assert_int_equal(remove("migrations/7_m7.sql"), 0);
	OK(history_applied(scene.db, &scene.run, migration("007", "SELECT 1;"), read_back(1), began,
	    &scene.stop, err_of()));
	assert_string_equal(read_back(1)->version, "007");
	assert_int_equal(scene.history.rows[0].state, HISTORY_APPLIED);
}

/* Nothing was run of it: the file was empty then. */
static void empty_and_back_under_another_spelling(void **state)
{
	const struct history_row *row;

	(void)state;
	prepare();
	OK(history_applied(
	    scene.db, &scene.run, migration("7", "-- later"), NULL, began, &scene.stop, err_of()));
	assert_int_equal(remove("migrations/7_m7.sql"), 0);
	OK(history_applied(scene.db, &scene.run, migration("007", "SELECT 1;"), read_back(1), began,
	    &scene.stop, err_of()));
	row = read_back(1);
	assert_string_equal(row->version, "007");
	assert_int_equal(row->state, HISTORY_APPLIED);
	assert_int_equal(row->statements_total, 1);
	assert_string_equal(ask("SELECT count(*) FROM db_entry_history"), "1");
}

static void accepted(void **state)
{
	const struct migration *item;
	const struct history_row *row;
	struct history_run later;

	(void)state;
	prepare();
	OK(history_applied(scene.db, &scene.run, migration("01", "SELECT 1;"), NULL, began,
	    &scene.stop, err_of()));
	assert_int_equal(remove("migrations/01_m01.sql"), 0);
	item = migration("1", two_statements);
	history_run_init(&later, "repair", NULL);
	OK(history_accept(scene.db, &later, item, &scene.stop, err_of()));
	row = read_back(1);
	assert_string_equal(row->version, "01");
	assert_string_equal(row->name, "m1");
	assert_string_equal(row->checksum, item->up.checksum);
	assert_string_equal(row->run, later.id);
	assert_int_equal(row->position, 1);
	assert_string_equal(ask("SELECT down_text FROM db_entry_history"), item->down_text);
	assert_string_equal(ask("SELECT count(*) FROM db_entry_run"), "2");
}

static void end_of_a_run(void **state)
{
	(void)state;
	OK(history_run_finished(scene.db, &scene.run, 0, &scene.stop, err_of()));
	prepare();
	OK(history_applied(
	    scene.db, &scene.run, migration("1", "SELECT 1;"), NULL, began, &scene.stop, err_of()));
	OK(history_run_finished(scene.db, &scene.run, 23, &scene.stop, err_of()));
	assert_string_equal(ask("SELECT outcome FROM db_entry_run"), "23");
	assert_non_null(ask("SELECT finished_at FROM db_entry_run"));
}

/* A table without the checks of ours, as a restore or a hand may leave it. */
static void replace_table(const char *row)
{
	tell("DROP TABLE IF EXISTS db_entry_history");
	tell("CREATE TABLE db_entry_history (version, name, checksum, state, position,"
	     " statements_done, statements_total, breaks_older, started_at, finished_at,"
	     " failed_at, failed_statement, done_checksum, run_id, down_text)");
	tell(arena_printf(&scene.project->arena,
	    "INSERT INTO db_entry_history (version, name, checksum, state, position,"
	    " statements_done, statements_total, breaks_older, started_at, finished_at, run_id)"
	    " VALUES %s",
	    row));
}

static void check_garbage(const char *row, const char *message, const char *why)
{
	const struct history untouched = scene.history;

	replace_table(row);
	assert_false(
	    history_read(&scene.history, scene.db, &scene.project->arena, &scene.stop, err_of()));
	assert_int_equal(err_of()->kind, ERR_HISTORY);
	assert_non_null(strstr(err_of()->message, message));
	if (strstr(err_of()->why, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err_of()->why);
	assert_string_not_equal(err_of()->next, "");
	assert_memory_equal(&untouched, &scene.history, sizeof(untouched));
}

#define GARBAGE(row, why) check_garbage(row, "can't be understood", why)

static void rows_that_cannot_be_understood(void **state)
{
	(void)state;
	prepare();
	GARBAGE("('1', 'a', 'c', 'frozen', 1, 0, 0, 0, '', '', '')", "version 1: state is frozen");
	GARBAGE("('1', 'a', 'c', NULL, 1, 0, 0, 0, '', '', '')", "state is NULL");
	GARBAGE("('one', 'a', 'c', 'applied', 1, 0, 0, 0, '', '', '')", "version is one");
	GARBAGE("('', 'a', 'c', 'applied', 1, 0, 0, 0, '', '', '')", "version is ");
	GARBAGE("(NULL, 'a', 'c', 'applied', 1, 0, 0, 0, '', '', '')", "version is NULL");
	GARBAGE("('1', 'a', NULL, 'applied', 1, 0, 0, 0, '', '', '')", "checksum is NULL");
	GARBAGE("('1', 'a', 'c', 'applied', 'x', 0, 0, 0, '', '', '')", "position is x");
	GARBAGE("('1', 'a', 'c', 'applied', 1, -1, 0, 0, '', '', '')", "statements_done is -1");
	GARBAGE("('1', 'a', 'c', 'applied', 1, 0, 9999999999, 0, '', '', '')",
	    "statements_total is 9999999999");
	GARBAGE("('1', 'a', 'c', 'applied', 1, 0, 0, 2, '', '', '')", "breaks_older is 2");
	check_garbage("('1', 'a', 'c', 'applied', 1, 0, 0, 0, '', '', ''),"
		      "('01', 'b', 'c', 'started', 2, 0, 0, 0, '', '', '')",
	    "version 01 twice", "1_a and 01_b");
}

static void what_may_be_absent(void **state)
{
	const struct history_row *row;

	(void)state;
	replace_table("('1', NULL, 'c', 'applied', 1, 0, 0, 0, NULL, NULL, NULL)");
	row = read_back(1);
	assert_string_equal(row->name, "");
	assert_null(row->finished_at);
	assert_null(row->run);
}

static void state_names(void **state)
{
	(void)state;
	assert_string_equal(history_state_name(HISTORY_STARTED), "started");
	assert_string_equal(history_state_name(HISTORY_REVERTED), "reverted");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(no_tables),
	    TEST(tables_are_made_once),
	    TEST(tables_are_made_where_they_are_read),
	    TEST(older_table_is_kept),
	    TEST(runs_are_told_apart),
	    TEST(applied_in_one_step),
	    TEST(applied_step_by_step),
	    TEST(down_part_may_be_absent),
	    TEST(rolled_back_with_its_transaction),
	    TEST(rows_in_the_order_of_application),
	    TEST(last_position_counts_every_row),
	    TEST(applied_twice_is_an_error),
	    TEST(baseline),
	    TEST(forgotten_by_number),
	    TEST(settled_as_applied),
	    TEST(known_to_have_failed),
	    TEST(resumed),
	    TEST(reverted_and_applied_again),
	    TEST(reverted_and_back_under_another_spelling),
	    TEST(empty_and_back_under_another_spelling),
	    TEST(accepted),
	    TEST(end_of_a_run),
	    TEST(rows_that_cannot_be_understood),
	    TEST(what_may_be_absent),
	    TEST(state_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
