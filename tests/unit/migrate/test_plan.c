/* What files and history mean together, and what is said when they disagree. */
#include "plan_scene.h"

static void nothing(void **state)
{
	struct scene *scene = *state;

	check_states(scene, "");
	check_allowed(scene);
	assert_int_equal(plan_pending(&scene->plan), 0);
	assert_int_equal(plan_applied(&scene->plan), 0);
	assert_null(plan_newest(&scene->plan));
}

static void first_run(void **state)
{
	struct scene *scene = *state;

	scene->history.exists = false;
	file(scene, "0001", "a", 'a');
	file(scene, "0002", "b", 'b');
	check_states(scene, "0001 pending, 0002 pending");
	check_allowed(scene);
	assert_int_equal(plan_pending(&scene->plan), 2);
	assert_null(plan_newest(&scene->plan));
}

static void pending_is_a_set_difference(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	file(scene, "2", "b", 'b');
	file(scene, "9", "c", 'c');
	file(scene, "10", "d", 'd');
	row(scene, "9", "c", 'c');
	row(scene, "1", "a", 'a');
	check_states(scene, "1 applied, 2 out-of-order, 9 applied, 10 pending");
	check_allowed(scene);
	assert_int_equal(plan_pending(&scene->plan), 2);
	assert_int_equal(plan_applied(&scene->plan), 2);
	assert_string_equal(plan_newest(&scene->plan), "9");
}

static void out_of_order_can_be_refused(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	file(scene, "2", "b", 'b');
	row(scene, "2", "b", 'b');
	check_states(scene, "1 out-of-order, 2 applied");
	assert_false(plan_check(&scene->plan, true, &scene->err));
	assert_int_equal(scene->err.kind, ERR_HISTORY);
	assert_string_equal(scene->err.message, "1_a is out of order: 2 is applied already");
	assert_string_equal(scene->err.file, "migrations/1_a.sql");
	ASSERT_SAYS(scene->err.next, "DB_ENTRY_OUT_OF_ORDER=allow");
}

static void other_spelling_and_name_of_a_version(void **state)
{
	struct scene *scene = *state;

	file(scene, "0007", "new_name", 'a');
	row(scene, "7", "old_name", 'a');
	check_states(scene, "0007 applied");
	assert_string_equal(plan_newest(&scene->plan), "0007");
}

static void reverted_is_pending_again(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	file(scene, "2", "b", 'b');
	row(scene, "1", "a", 'a');
	row(scene, "2", "b", 'x')->state = HISTORY_REVERTED;
	row(scene, "3", "gone", 'c')->state = HISTORY_REVERTED;
	check_states(scene, "1 applied, 2 pending");
	check_allowed(scene);
	assert_ptr_equal(scene->plan.items[1].row, &scene->rows[1]);
	assert_string_equal(plan_newest(&scene->plan), "1");
}

static void changed(void **state)
{
	struct scene *scene = *state;

	file(scene, "0001", "a", 'b');
	row(scene, "0001", "a", 'a');
	check_states(scene, "0001 changed");
	check_refused(scene, ERR_HISTORY, "0001_a changed after it was applied");
	assert_string_equal(scene->err.file, "migrations/0001_a.sql");
	ASSERT_SAYS(scene->err.why, "recorded checksum aaaaaaaaaaaa, now bbbbbbbbbbbb");
	ASSERT_SAYS(scene->err.next, "\n  -- db-entry: was=aaaaaaaaaaaa\n");
	ASSERT_SAYS(scene->err.next, "db-entry repair --accept 0001");
}

static void number_taken_twice(void **state)
{
	struct scene *scene = *state;

	file(scene, "0005", "add_orders", 'b');
	row(scene, "0005", "add_users", 'a');
	check_states(scene, "0005 changed");
	check_refused(
	    scene, ERR_HISTORY, "0005 was applied as \"add_users\", the file is \"add_orders\"");
	ASSERT_SAYS(scene->err.next, "rename migrations/0005_add_orders.sql");
}

static void accepted_by_its_was(void **state)
{
	struct scene *scene = *state;
	const char *was[] = {"cccccccccccc", "aaaaaaaaaaaa"};
	struct migration *migration = file(scene, "1", "a", 'b');

	row(scene, "1", "a", 'a');
	migration->directives.was = was;
	migration->directives.was_count = 1;
	check_states(scene, "1 changed");
	migration->directives.was_count = 2;
	check_states(scene, "1 accepted");
	check_allowed(scene);
	assert_int_equal(plan_applied(&scene->plan), 1);
}

static void missing_or_future(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	file(scene, "3", "c", 'c');
	row(scene, "1", "a", 'a');
	row(scene, "2", "b", 'b');
	row(scene, "3", "c", 'c');
	row(scene, "4", "d", 'd');
	check_states(scene, "1 applied, 2 missing, 3 applied, 4 future");
	check_refused(scene, ERR_HISTORY, "2_b was applied, and its file is missing");
	ASSERT_SAYS(scene->err.next, "db-entry repair --forget 2");
	assert_string_equal(plan_newest(&scene->plan), "4");
	assert_int_equal(plan_applied(&scene->plan), 4);
}

/* To be applied behind it counts as applied behind it: it would be missing then. */
static void missing_before_what_is_pending(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	file(scene, "3", "c", 'c');
	row(scene, "1", "a", 'a');
	row(scene, "2", "b", 'b');
	check_states(scene, "1 applied, 2 missing, 3 pending");
	check_refused(scene, ERR_HISTORY, "2_b was applied, and its file is missing");
}

/* A later image ran, then an older one with a late fix of its own: nothing was removed. */
static void newer_than_all_files_is_never_missing(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	file(scene, "2", "fix", 'b');
	row(scene, "1", "a", 'a');
	row(scene, "3", "c", 'c');
	row(scene, "2", "fix", 'b');
	check_states(scene, "1 applied, 2 applied, 3 future");
	check_allowed(scene);
}

/* `db-entry new`, a start, and only then the statements. */
static void empty_when_applied(void **state)
{
	struct scene *scene = *state;

	struct migration *migration = file(scene, "1", "a", 'b');

	row(scene, "1", "a", 'a')->statements_total = 0;
	migration->up.count = 0;
	check_states(scene, "1 changed");
	migration->up.count = 1;
	check_states(scene, "1 pending");
	check_allowed(scene);
}

/* A later image put an older version in, after the last one this image has. */
static void future_is_told_by_position(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	file(scene, "3", "c", 'c');
	row(scene, "1", "a", 'a');
	row(scene, "3", "c", 'c');
	row(scene, "2", "b", 'b');
	check_states(scene, "1 applied, 2 future, 3 applied");
	check_allowed(scene);
}

static void image_without_migrations(void **state)
{
	struct scene *scene = *state;

	row(scene, "1", "a", 'a');
	check_states(scene, "1 future");
	check_allowed(scene);
	assert_string_equal(plan_newest(&scene->plan), "1");
}

static void pending_below_a_future_one(void **state)
{
	struct scene *scene = *state;

	file(scene, "5", "e", 'e');
	row(scene, "6", "f", 'f');
	check_states(scene, "5 out-of-order, 6 future");
}

static void floor_of_a_later_image(void **state)
{
	struct scene *scene = *state;

	file(scene, "1", "a", 'a');
	row(scene, "1", "a", 'a')->breaks_older = true;
	row(scene, "2", "b", 'b')->breaks_older = true;
	check_states(scene, "1 applied, 2 floor");
	check_refused(scene, ERR_HISTORY,
	    "2_b was applied by a later image, and this image can't run on its schema");
	ASSERT_SAYS(scene->err.next, "the image that has 2");
}

static void every_finding_is_told(void **state)
{
	struct scene *scene = *state;

	file(scene, "2", "b", 'x');
	file(scene, "3", "c", 'c');
	file(scene, "4", "d", 'd');
	row(scene, "1", "a", 'a');
	row(scene, "2", "b", 'b');
	row(scene, "3", "c", 'c')->state = HISTORY_STARTED;
	row(scene, "4", "d", 'd');
	row(scene, "5", "e", 'e')->breaks_older = true;
	check_states(scene, "1 missing, 2 changed, 3 unfinished, 4 applied, 5 floor");
	check_refused(
	    scene, ERR_HALF_APPLIED, "the history and the migrations disagree in 4 places");
	ASSERT_SAYS(scene->err.why, "1_a was applied, and its file is missing\n");
	ASSERT_SAYS(scene->err.why, "\n2_b changed after it was applied\n");
	ASSERT_SAYS(scene->err.why, "\n3_c was started and never finished\n");
	ASSERT_SAYS(scene->err.why, "\n5_e was applied by a later image");
	ASSERT_SAYS(scene->err.next, "--forget 1");
	ASSERT_SAYS(scene->err.next, "--accept 2");
	ASSERT_SAYS(scene->err.next, "--reverted 3");
	ASSERT_SAYS(scene->err.next, "the image that has 5");
}

static void many_findings_are_counted(void **state)
{
	struct scene *scene = *state;
	static char versions[MOST][12];

	for (int i = 0; i < 40; i++) {
		snprintf(versions[i], sizeof(versions[i]), "%d", i + 1);
		file(scene, versions[i], "m", 'x');
		row(scene, versions[i], "m", 'a');
	}
	plan_make(&scene->plan, &scene->set, &scene->history, &scene->arena);
	check_refused(scene, ERR_HISTORY, "the history and the migrations disagree in 40 places");
	ASSERT_SAYS(scene->err.why, "and 28 more: db-entry status");
	assert_null(strstr(scene->err.why, "…"));
	assert_null(strstr(scene->err.next, "…"));
}

static void state_names(void **state)
{
	(void)state;
	for (int i = 0; i < PLAN_STATES; i++)
		assert_non_null(plan_state_name((enum plan_state)i));
	assert_string_equal(plan_state_name(PLAN_OUT_OF_ORDER), "out-of-order");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing),
	    TEST(first_run),
	    TEST(pending_is_a_set_difference),
	    TEST(out_of_order_can_be_refused),
	    TEST(other_spelling_and_name_of_a_version),
	    TEST(reverted_is_pending_again),
	    TEST(changed),
	    TEST(number_taken_twice),
	    TEST(accepted_by_its_was),
	    TEST(missing_or_future),
	    TEST(missing_before_what_is_pending),
	    TEST(newer_than_all_files_is_never_missing),
	    TEST(empty_when_applied),
	    TEST(future_is_told_by_position),
	    TEST(image_without_migrations),
	    TEST(pending_below_a_future_one),
	    TEST(floor_of_a_later_image),
	    TEST(every_finding_is_told),
	    TEST(many_findings_are_counted),
	    TEST(state_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
