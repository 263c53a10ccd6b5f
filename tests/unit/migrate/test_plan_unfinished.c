/* What was started and never finished: what is said of it, and where it can go on. */
#include "plan_scene.h"

static void unfinished(void **state)
{
	struct scene *scene = *state;

	add_statements(scene, file(scene, "1", "a", 'a'));
	half(scene, 1);
	check_states(scene, "1 unfinished");
	check_refused(scene, ERR_HALF_APPLIED, "1_a was started and never finished");
	assert_string_equal(scene->err.file, "migrations/1_a.sql");
	assert_int_equal(scene->err.line, 5);
	ASSERT_SAYS(scene->err.why, "statement 2 of 2 may or may not be done");
	ASSERT_SAYS(scene->err.why, "CREATE INDEX i");
	ASSERT_SAYS(scene->err.next, "db-entry repair --applied 1");
	ASSERT_SAYS(scene->err.next, "db-entry repair --reverted 1");
	assert_int_equal(plan_applied(&scene->plan), 0);
	assert_int_equal(plan_pending(&scene->plan), 0);
	assert_null(plan_newest(&scene->plan));
}

static void unfinished_by_a_failure(void **state)
{
	struct scene *scene = *state;

	add_statements(scene, file(scene, "1", "a", 'a'));
	half(scene, 1)->failed_at = "2026-01-02 03:04:05";
	check_states(scene, "1 unfinished");
	check_refused(scene, ERR_HALF_APPLIED, "1_a was started and never finished");
	ASSERT_SAYS(scene->err.why, "statement 2 of 2 failed");
	assert_null(strstr(scene->err.why, "may or may not"));
}

static bool resumes(struct scene *scene, const struct db_remains *remains, int *done)
{
	scene->plan.items[0].remains = remains;
	return plan_can_resume(&scene->plan.items[0], done);
}

static void unfinished_can_be_resumed_where_its_statement_is_known(void **state)
{
	struct scene *scene = *state;
	const struct db_remains unknown = {.state = DB_REMAINS_UNKNOWN};
	const struct db_remains nothing = {.state = DB_REMAINS_NOTHING};
	const struct db_remains whole = {.state = DB_REMAINS_DONE};
	const struct db_remains broken = {
	    .state = DB_REMAINS_BROKEN, .what = "index i is INVALID", .cleanup = "DROP INDEX i"};
	int done = -1;

	add_statements(scene, file(scene, "1", "a", 'a'));
	struct history_row *row = half(scene, 1);
	check_states(scene, "1 unfinished");
	assert_false(resumes(scene, NULL, &done));
	assert_false(resumes(scene, &unknown, &done));
	assert_true(resumes(scene, &nothing, &done) && done == 1);
	assert_true(resumes(scene, &whole, &done) && done == 2);
	assert_true(resumes(scene, &broken, &done) && done == 1);
	plan_check(&scene->plan, false, &scene->err);
	ASSERT_SAYS(scene->err.why, "index i is INVALID: that is what it left");
	ASSERT_SAYS(scene->err.next, "run it from statement 2: db-entry repair --retry 1");
	plan_resume(&scene->plan, &scene->plan.items[0]);
	assert_int_equal(plan_pending(&scene->plan), 0);
	/* What failed was not done, whatever has its name. */
	row->failed_at = "2026-01-02 03:04:05";
	check_states(scene, "1 unfinished");
	assert_true(resumes(scene, &nothing, &done) && done == 1);
	assert_true(resumes(scene, &whole, &done) && done == 1);
	plan_resume(&scene->plan, &scene->plan.items[0]);
	assert_int_equal(plan_pending(&scene->plan), 1);
	assert_string_equal(plan_state_name(scene->plan.items[0].state), "resumed");
	assert_int_equal(scene->plan.items[0].done, 1);
	/* Only that it ended was not recorded. */
	row->failed_at = NULL;
	row->statements_done = 2;
	check_states(scene, "1 unfinished");
	assert_true(resumes(scene, NULL, &done) && done == 2);
}

/* Its second statement is another than the one that failed. */
static void unfinished_and_corrected(void **state)
{
	struct scene *scene = *state;
	const struct db_remains nothing = {.state = DB_REMAINS_NOTHING};
	struct sql_statement at_work;
	char checksum[DIGEST_HEX + 1] = "";
	int done = -1;

	add_statements(scene, file(scene, "1", "a", 'b'));
	struct history_row *row = half(scene, 1);
	check_states(scene, "1 unfinished");
	assert_false(plan_statement_at_work(&scene->plan.items[0], &at_work));
	row->failed_at = "2026-01-02 03:04:05";
	row->failed_statement = "CREATE INDEX i ON nowhere (a)";
	assert_false(resumes(scene, &nothing, &done));
	assert_null(plan_open_statement(&scene->plan.items[0]));
	sql_add_checksum(
	    &dialect_sqlite, &scene->plan.items[0].migration->up.statements[0], checksum);
	row->done_checksum = checksum;
	assert_true(resumes(scene, &nothing, &done) && done == 1);
	assert_false(resumes(scene, NULL, &done));
	assert_non_null(plan_open_statement(&scene->plan.items[0]));
	assert_true(plan_statement_at_work(&scene->plan.items[0], &at_work));
	assert_string_equal(at_work.text, row->failed_statement);
	/* Cut off, and nobody knows what it was. */
	row->failed_at = NULL;
	row->failed_statement = NULL;
	assert_false(resumes(scene, NULL, &done));
}

static void unfinished_of_another_file(void **state)
{
	struct scene *scene = *state;

	add_statements(scene, file(scene, "1", "a", 'b'));
	half(scene, 1);
	check_states(scene, "1 unfinished");
	check_refused(scene, ERR_HALF_APPLIED, "1_a was started and never finished");
	assert_int_equal(scene->err.line, 0);
	ASSERT_SAYS(scene->err.why, "1 of 2 statements are done");
}

static void unfinished_and_without_a_file(void **state)
{
	struct scene *scene = *state;

	half(scene, 0);
	check_states(scene, "1 unfinished");
	check_refused(scene, ERR_HALF_APPLIED, "1_a was started and never finished");
	ASSERT_SAYS(scene->err.why, "0 of 2 statements are done");
}

/* A rollback that was left, of a migration this image has or not. */
static void unfinished_rollback(void **state)
{
	struct scene *scene = *state;
	struct migration undo = {.down = {.count = 2, .dialect = &dialect_sqlite}};
	struct migration *known = file(scene, "1", "a", 'a');
	struct history_row *started = half(scene, 1);

	add_statements(scene, known);
	undo.down.statements = known->up.statements;
	started->reverting = true;
	started->undo = &undo;
	check_states(scene, "1 unfinished");
	check_refused(
	    scene, ERR_HALF_APPLIED, "the rollback of 1_a was started and never finished");
	ASSERT_SAYS(scene->err.why, "statement 2 of 2 may or may not be done");
	ASSERT_SAYS(scene->err.next, "finish it by hand, then: db-entry repair --reverted 1");
	ASSERT_SAYS(scene->err.next, "db-entry repair --applied 1");
	started->failed_at = "2026-01-02 03:04:05";
	check_refused(
	    scene, ERR_HALF_APPLIED, "the rollback of 1_a was started and never finished");
	ASSERT_SAYS(scene->err.why, "statement 2 of 2 failed");
	started->failed_at = NULL;
	started->statements_done = 2;
	check_refused(
	    scene, ERR_HALF_APPLIED, "the rollback of 1_a was started and never finished");
	ASSERT_SAYS(scene->err.why, "all 2 statements are done");
	started->undo = NULL;
	check_refused(
	    scene, ERR_HALF_APPLIED, "the rollback of 1_a was started and never finished");
	ASSERT_SAYS(scene->err.why, "2 statements are done; the next one may be");
}

/* What stops a start need not stop a rollback. */
static void only_what_is_unfinished(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	row(scene, "1", "a", 'b');
	row(scene, "2", "b", 'b')->breaks_older = true;
	check_states(scene, "1 changed, 2 floor");
	assert_true(plan_check_unfinished(&scene->plan, &scene->err));
	row(scene, "3", "c", 'c')->state = HISTORY_STARTED;
	check_states(scene, "1 changed, 2 floor, 3 unfinished");
	assert_false(plan_check_unfinished(&scene->plan, &scene->err));
	assert_int_equal(scene->err.kind, ERR_HALF_APPLIED);
	ASSERT_SAYS(scene->err.message, "3_c was started and never finished");
}

static void unfinished_with_all_done(void **state)
{
	struct scene *scene = *state;

	add_statements(scene, file(scene, "1", "a", 'a'));
	half(scene, 2);
	check_states(scene, "1 unfinished");
	check_refused(scene, ERR_HALF_APPLIED, "1_a was started and never finished");
	ASSERT_SAYS(scene->err.why, "all 2 statements are done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(unfinished),
	    TEST(unfinished_by_a_failure),
	    TEST(unfinished_can_be_resumed_where_its_statement_is_known),
	    TEST(unfinished_and_corrected),
	    TEST(unfinished_of_another_file),
	    TEST(unfinished_and_without_a_file),
	    TEST(unfinished_rollback),
	    TEST(only_what_is_unfinished),
	    TEST(unfinished_with_all_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
