/* What files and history mean together, and what is said when they disagree. */
#include "migrate/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	MOST = 64
};

/* A scene: what the image has and what was applied, built row by row. */
struct scene {
	struct arena arena;
	struct migration migrations[MOST];
	struct history_row rows[MOST];
	struct migration_set set;
	struct history history;
	struct plan plan;
	struct err err;
};

static int setup(void **state)
{
	struct scene *scene = test_calloc(1, sizeof(*scene));

	scene->set.items = scene->migrations;
	scene->history = (struct history){.exists = true, .rows = scene->rows};
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	arena_free(&scene->arena);
	test_free(scene);
	return 0;
}

/* A file of the image, in the order of versions. */
static struct migration *file(
    struct scene *scene, const char *version, const char *name, char digest)
{
	struct migration *migration = &scene->migrations[scene->set.count++];

	migration->version = version;
	migration->name = name;
	migration->file = arena_printf(&scene->arena, "migrations/%s_%s.sql", version, name);
	memset(migration->up.checksum, digest, DIGEST_HEX);
	return migration;
}

/* The next row of the history. */
static struct history_row *row(
    struct scene *scene, const char *version, const char *name, char digest)
{
	struct history_row *added = &scene->rows[scene->history.count++];
	char *checksum = arena_alloc(&scene->arena, DIGEST_HEX + 1);

	memset(checksum, digest, DIGEST_HEX);
	*added = (struct history_row){.version = version,
	    .name = name,
	    .checksum = checksum,
	    .state = HISTORY_APPLIED,
	    .position = (int64_t)scene->history.count,
	    .statements_done = 1,
	    .statements_total = 1};
	return added;
}

/* `expected`: "0001 applied, 0002 pending" */
static void check_states(struct scene *scene, const char *expected)
{
	char actual[1024] = "";
	size_t used = 0;

	plan_make(&scene->plan, &scene->set, &scene->history, &scene->arena);
	for (size_t i = 0; i < scene->plan.count; i++) {
		const struct plan_item *item = &scene->plan.items[i];
		used += (size_t)snprintf(actual + used, sizeof(actual) - used, "%s%s %s",
		    i > 0 ? ", " : "",
		    item->migration != NULL ? item->migration->version : item->row->version,
		    plan_state_name(item->state));
	}
	assert_string_equal(actual, expected);
}

static void check_allowed(struct scene *scene)
{
	if (!plan_check(&scene->plan, false, &scene->err))
		fail_msg("%s", scene->err.message);
}

static void check_refused(struct scene *scene, enum err_kind kind, const char *message)
{
	assert_false(plan_check(&scene->plan, false, &scene->err));
	assert_int_equal(scene->err.kind, kind);
	assert_string_equal(scene->err.message, message);
	assert_string_not_equal(scene->err.next, "");
}

#define ASSERT_SAYS(text, part)                                                                    \
	do {                                                                                       \
		if (strstr(text, part) == NULL)                                                    \
			fail_msg("\"%s\" is not in:\n%s", part, text);                             \
	} while (0)

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

static void add_statements(struct scene *scene, struct migration *migration)
{
	static struct sql_statement statements[] = {
	    {.text = "CREATE TABLE a (b)", .len = 18, .file = "migrations/1_a.sql", .line = 3},
	    {.text = "CREATE\n  INDEX i", .len = 16, .file = "migrations/1_a.sql", .line = 5},
	};

	(void)scene;
	migration->up.dialect = &dialect_sqlite;
	migration->up.statements = statements;
	migration->up.count = 2;
}

static struct history_row *half(struct scene *scene, int done)
{
	struct history_row *started = row(scene, "1", "a", 'a');

	started->state = HISTORY_STARTED;
	started->statements_done = done;
	started->statements_total = 2;
	return started;
}

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
	const struct db_remains unknown = {DB_REMAINS_UNKNOWN, NULL, NULL};
	const struct db_remains nothing = {DB_REMAINS_NOTHING, NULL, NULL};
	const struct db_remains whole = {DB_REMAINS_DONE, NULL, NULL};
	const struct db_remains broken = {DB_REMAINS_BROKEN, "index i is INVALID", "DROP INDEX i"};
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
	/* What failed was not done, whatever has its name. */
	row->failed_at = "2026-01-02 03:04:05";
	check_states(scene, "1 unfinished");
	assert_true(resumes(scene, NULL, &done) && done == 1);
	assert_true(resumes(scene, &whole, &done) && done == 1);
	row->statements_done = 2;
	assert_false(resumes(scene, &nothing, &done));
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

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

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
	    TEST(newer_than_all_files_is_never_missing),
	    TEST(empty_when_applied),
	    TEST(future_is_told_by_position),
	    TEST(image_without_migrations),
	    TEST(pending_below_a_future_one),
	    TEST(floor_of_a_later_image),
	    TEST(unfinished),
	    TEST(unfinished_rollback),
	    TEST(only_what_is_unfinished),
	    TEST(unfinished_by_a_failure),
	    TEST(unfinished_can_be_resumed_where_its_statement_is_known),
	    TEST(unfinished_of_another_file),
	    TEST(unfinished_and_without_a_file),
	    TEST(unfinished_with_all_done),
	    TEST(every_finding_is_told),
	    TEST(many_findings_are_counted),
	    TEST(state_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
