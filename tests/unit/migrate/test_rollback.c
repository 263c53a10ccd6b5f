/* The history of what is rolled back, written to and read from a real database. */
#include "scene.h"

static const char two_down[] = "-- migrate:up\nSELECT 1;\nSELECT 2;\n-- migrate:down\n"
			       "-- db-entry: no-transaction, lock-timeout=5s\nSELECT 3;\nSELECT 4;";

static const struct migration *read_down(const struct history_row *row)
{
	struct migration *kept = arena_alloc(&scene.project->arena, sizeof(*kept));

	OK(history_read_down(kept, scene.db, row, &scene.project->arena, &scene.stop, err_of()));
	return kept;
}

static const struct migration *applied_and_read(const char *text)
{
	prepare();
	OK(history_applied(
	    scene.db, &scene.run, migration("007", text), NULL, began, &scene.stop, err_of()));
	return read_down(read_back(1));
}

static void down_part_as_it_was_kept(void **state)
{
	(void)state;
	const struct migration *kept = applied_and_read(two_down);
	assert_string_equal(kept->label, "007_m007");
	assert_string_equal(kept->file, "down part of 007_m007");
	assert_int_equal(kept->down.count, 2);
	assert_string_equal(kept->down.statements[1].text, "SELECT 4");
	assert_int_equal(kept->down.statements[1].line, 4);
	assert_true(kept->directives.down_no_transaction);
	assert_int_equal(kept->directives.down_lock_timeout, 5000);
	assert_int_equal(kept->directives.down_statement_timeout, -1);
	assert_int_equal(kept->up.count, 0);
}

static void work_item_without_a_down_part(void **state)
{
	(void)state;
	const struct migration *kept = applied_and_read("-- db-entry: work-item=ABC-1\nSELECT 1;");
	assert_int_equal(kept->down.count, 0);
	assert_string_equal(kept->directives.work_item, "ABC-1");
}

static void down_part_that_was_changed(void **state)
{
	struct migration kept = {.version = "untouched"};

	(void)state;
	applied_and_read(two_down);
	tell("UPDATE db_entry_history SET down_text = 'SELECT 5'");
	assert_false(history_read_down(
	    &kept, scene.db, read_back(1), &scene.project->arena, &scene.stop, err_of()));
	assert_int_equal(err_of()->kind, ERR_HISTORY);
	assert_string_equal(kept.version, "untouched");
}

static void reverted_in_one_step(void **state)
{
	(void)state;
	const struct migration *kept = applied_and_read(two_down);
	struct history_run other;
	history_run_init(&other, "rollback", NULL);
	other.approval = "007@down:0123456789ab";
	OK(history_reverted(scene.db, &other, kept, began, &scene.stop, err_of()));
	const struct history_row *row = read_back(1);
	assert_int_equal(row->state, HISTORY_REVERTED);
	assert_int_equal(row->position, 1);
	assert_int_equal(row->statements_done, 0);
	assert_int_equal(row->statements_total, 2);
	assert_string_equal(row->run, other.id);
	assert_string_equal(ask("SELECT approval FROM db_entry_history"), other.approval);
	assert_string_equal(ask("SELECT count(*) FROM db_entry_run"), "2");
	assert_non_null(ask("SELECT down_text FROM db_entry_history"));
	OK(history_applied(
	    scene.db, &scene.run, migration("007", two_down), row, began, &scene.stop, err_of()));
	assert_int_equal(read_back(1)->state, HISTORY_APPLIED);
}

static void reverted_step_by_step(void **state)
{
	(void)state;
	const struct migration *kept = applied_and_read(two_down);
	OK(history_revert_start(scene.db, &scene.run, kept, began, &scene.stop, err_of()));
	OK(history_statement_done(scene.db, kept, 1, "abc", &scene.stop, err_of()));
	const struct history_row *row = read_back(1);
	assert_int_equal(row->state, HISTORY_STARTED);
	assert_true(row->reverting);
	assert_int_equal(row->statements_done, 1);
	assert_non_null(row->undo);
	assert_int_equal(row->undo->down.count, 2);
	OK(history_reverted(scene.db, &scene.run, kept, began, &scene.stop, err_of()));
	row = read_back(1);
	assert_int_equal(row->state, HISTORY_REVERTED);
	assert_false(row->reverting);
	assert_null(row->undo);
}

static void revert_that_never_began(void **state)
{
	static const char all[] =
	    "SELECT group_concat(state || position || statements_done || run_id || started_at ||"
	    " finished_at || coalesce(failed_at, '')) FROM db_entry_history";

	(void)state;
	const struct migration *kept = applied_and_read(two_down);
	const char *before = ask(all);
	const struct history_row former = *read_back(1);
	struct history_run other;
	history_run_init(&other, "rollback", NULL);
	OK(history_revert_start(scene.db, &other, kept, "later", &scene.stop, err_of()));
	assert_string_not_equal(ask(all), before);
	OK(history_statement_failed(
	    scene.db, kept, &kept->down.statements[1], &scene.stop, err_of()));
	OK(history_revert_cancel(scene.db, &scene.run, &former, &scene.stop, err_of()));
	assert_int_equal(read_back(1)->state, HISTORY_STARTED);
	OK(history_revert_cancel(scene.db, &other, &former, &scene.stop, err_of()));
	assert_string_equal(ask(all), before);
}

static void statement_that_failed(void **state)
{
	(void)state;
	const struct migration *kept = applied_and_read(two_down);
	OK(history_revert_start(scene.db, &scene.run, kept, began, &scene.stop, err_of()));
	OK(history_statement_done(scene.db, kept, 1, "abc", &scene.stop, err_of()));
	assert_null(read_back(1)->failed_at);
	OK(history_statement_failed(
	    scene.db, kept, &kept->down.statements[1], &scene.stop, err_of()));
	assert_non_null(read_back(1)->failed_at);
	assert_true(read_back(1)->reverting);
	OK(history_settle(scene.db, &scene.run, "7", HISTORY_APPLIED, &scene.stop, err_of()));
	assert_null(read_back(1)->failed_at);
	OK(history_revert_start(scene.db, &scene.run, kept, began, &scene.stop, err_of()));
	OK(history_statement_failed(
	    scene.db, kept, &kept->down.statements[1], &scene.stop, err_of()));
	OK(history_reverted(scene.db, &scene.run, kept, began, &scene.stop, err_of()));
	assert_null(read_back(1)->failed_at);
}

static void reverting_is_settled_either_way(void **state)
{
	(void)state;
	const struct migration *kept = applied_and_read(two_down);
	OK(history_revert_start(scene.db, &scene.run, kept, began, &scene.stop, err_of()));
	OK(history_settle(scene.db, &scene.run, "7", HISTORY_APPLIED, &scene.stop, err_of()));
	assert_int_equal(read_back(1)->state, HISTORY_APPLIED);
	assert_int_equal(read_back(1)->statements_done, 2);
	OK(history_revert_start(scene.db, &scene.run, kept, began, &scene.stop, err_of()));
	OK(history_settle(scene.db, &scene.run, "7", HISTORY_REVERTED, &scene.stop, err_of()));
	assert_int_equal(read_back(1)->state, HISTORY_REVERTED);
	assert_int_equal(read_back(1)->statements_done, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(down_part_as_it_was_kept),
	    TEST(work_item_without_a_down_part),
	    TEST(down_part_that_was_changed),
	    TEST(reverted_in_one_step),
	    TEST(reverted_step_by_step),
	    TEST(revert_that_never_began),
	    TEST(statement_that_failed),
	    TEST(reverting_is_settled_either_way),
	};
	return cmocka_run_group_tests_name("rollback", tests, NULL, NULL);
}
