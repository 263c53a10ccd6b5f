/* Directives: what is taken, and that nothing is silently dropped. */
#include "project.h"

static const struct migration_directives *read_text(struct project *project, const char *text)
{
	project_write("migrations/1_a.sql", text);
	assert_int_equal(project_set(project)->count, 1);
	return &project->set.items[0].directives;
}

static void refuse_text(struct project *project, const char *text, int line, const char *part)
{
	project_write("migrations/1_a.sql", text);
	project_refused(project, ERR_MALFORMED, "migrations/1_a.sql", line, part);
}

static void none(void **state)
{
	const struct migration_directives *directives = read_text(*state,
	    "-- about db-entry: nothing\n-- db-entry runs this\nSELECT '-- db-entry: nonsense';\n"
	    "/* db-entry: nonsense */");

	assert_false(directives->destructive);
	assert_false(directives->no_transaction);
	assert_false(directives->down_no_transaction);
	assert_false(directives->breaks_older);
	assert_int_equal(directives->lock_timeout, -1);
	assert_int_equal(directives->statement_timeout, -1);
	assert_null(directives->work_item);
	assert_int_equal(directives->was_count, 0);
}

static void all_in_one_line(void **state)
{
	const struct migration_directives *directives = read_text(*state,
	    "-- db-entry: destructive, no-transaction,breaks-older , lock-timeout=5s, "
	    "statement-timeout = 2m, work-item=ABC-123, was=0123456789AB\r\nSELECT 1;");

	assert_true(directives->destructive);
	assert_true(directives->no_transaction);
	assert_false(directives->down_no_transaction);
	assert_true(directives->breaks_older);
	assert_int_equal(directives->lock_timeout, 5000);
	assert_int_equal(directives->statement_timeout, 120000);
	assert_string_equal(directives->work_item, "ABC-123");
	assert_int_equal(directives->was_count, 1);
	assert_string_equal(directives->was[0], "0123456789ab");
}

static void on_several_lines(void **state)
{
	const struct migration_directives *directives = read_text(*state,
	    "\xef\xbb\xbf--db-entry:was=000000000001\n/* a */ -- DB-Entry: was=000000000002,"
	    " was=000000000003\n\n   -- db-entry: lock-timeout=0\n;SELECT 1;");

	assert_int_equal(directives->was_count, 3);
	assert_string_equal(directives->was[0], "000000000001");
	assert_string_equal(directives->was[2], "000000000003");
	assert_int_equal(directives->lock_timeout, 0);
}

static void around_the_up_marker(void **state)
{
	const struct migration_directives *directives = read_text(*state,
	    "-- db-entry: destructive\n-- migrate:up\n-- db-entry: breaks-older\nSELECT 1;\n"
	    "-- migrate:down\nSELECT 2;");

	assert_true(directives->destructive);
	assert_true(directives->breaks_older);
}

static void of_the_down_part(void **state)
{
	struct project *project = *state;
	const struct migration_directives *directives = read_text(project,
	    "-- migrate:up\nSELECT 1;\n-- migrate:down\n-- db-entry: no-transaction\nVACUUM;");

	assert_true(directives->down_no_transaction);
	assert_false(directives->no_transaction);
	project_write("migrations/1_a.sql", "SELECT 1;");
	project_write("migrations/1_a.down.sql", "-- db-entry: no-transaction\nVACUUM;");
	assert_int_equal(project_set(project)->count, 1);
	assert_true(project->set.items[0].directives.down_no_transaction);
	project_write("migrations/1_a.down.sql", "\n-- db-entry: was=0123456789ab\nVACUUM;");
	project_refused(project, ERR_MALFORMED, "migrations/1_a.down.sql", 2, "whole migration");
	assert_int_equal(unlink("migrations/1_a.down.sql"), 0);
	refuse_text(project, "-- migrate:up\n-- migrate:down\n-- db-entry: destructive\n", 3,
	    "whole migration");
	refuse_text(project,
	    "-- migrate:up\n-- migrate:down\nSELECT 1;\n-- db-entry: no-transaction\n", 4,
	    "behind the first statement");
}

static void unknown_names(void **state)
{
	struct project *project = *state;

	refuse_text(project, "\n-- db-entry: destuctive\nSELECT 1;", 2, "\"destuctive\"");
	assert_non_null(strstr(project->err.next, "write destructive"));
	refuse_text(project, "-- db-entry: no_transaction", 1, "\"no_transaction\"");
	assert_non_null(strstr(project->err.next, "write no-transaction"));
	refuse_text(project, "-- db-entry: Destructive", 1, "\"Destructive\"");
	refuse_text(project, "-- db-entry: frobnicate=1", 1, "\"frobnicate\"");
	assert_non_null(strstr(project->err.next, "known are"));
	refuse_text(project, "-- db-entry: destructive because", 1, "\"destructive because\"");
	refuse_text(project, "-- db-entry:", 1, "without a name");
	refuse_text(project, "-- db-entry: destructive,", 1, "without a name");
	refuse_text(project, "-- db-entry: =5s", 1, "without a name");
}

static void wrong_values(void **state)
{
	refuse_text(*state, "-- db-entry: destructive=false", 1, "destructive takes no value");
	refuse_text(*state, "-- db-entry: breaks-older=", 1, "breaks-older takes no value");
	refuse_text(*state, "-- db-entry: lock-timeout", 1, "lock-timeout needs a value");
	refuse_text(*state, "-- db-entry: lock-timeout=", 1, "lock-timeout needs a value");
	refuse_text(*state, "-- db-entry: work-item= ", 1, "work-item needs a value");
	refuse_text(*state, "-- db-entry: was=0123456789a", 1, "12 to 64 hex digits");
	refuse_text(*state, "-- db-entry: was=0123456789ag", 1, "12 to 64 hex digits");
	refuse_text(*state,
	    "-- db-entry: was=01234567890123456789012345678901234567890123456789012345678901234", 1,
	    "12 to 64 hex digits");
	refuse_text(*state, "-- db-entry: lock-timeout=soon", 1, "lock-timeout: ");
	refuse_text(*state, "-- db-entry: lock-timeout=-1s", 1, "lock-timeout: ");
	refuse_text(*state, "-- db-entry: lock-timeout=1s, lock-timeout=2s", 1, "given twice");
	refuse_text(*state, "-- db-entry: work-item=A\n-- db-entry: work-item=B", 2, "given twice");
}

static void behind_the_first_statement(void **state)
{
	refuse_text(
	    *state, "SELECT 1;\n-- db-entry: destructive\n", 2, "behind the first statement");
	refuse_text(
	    *state, "SELECT 1; -- db-entry: destructive\n", 1, "behind the first statement");
	refuse_text(
	    *state, "SELECT\n-- db-entry: destructive\n1;", 2, "behind the first statement");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, project_setup, project_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(none),
	    TEST(all_in_one_line),
	    TEST(on_several_lines),
	    TEST(around_the_up_marker),
	    TEST(of_the_down_part),
	    TEST(unknown_names),
	    TEST(wrong_values),
	    TEST(behind_the_first_statement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
