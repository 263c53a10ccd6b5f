/*
 * Versions, the discovery of the folder, and every case in tests/cases/migrations.
 *
 * A case is a project folder: what migration_read_all() makes of it is compared with its
 * expected.txt. UPDATE_CASES=1 writes them anew, for a look at the difference.
 */
#include "base/buf.h"
#include "migrate/part.h"
#include "project.h"

#include <inttypes.h>

static void versions_are_numbers(void **state)
{
	static const char *const ascending[] = {"0", "1", "002", "9", "0010", "20260131120000",
	    "20260131120001", "99999999999999999999999999999999",
	    "100000000000000000000000000000000"};
	const size_t count = sizeof(ascending) / sizeof(*ascending);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			int order = migration_compare(ascending[i], ascending[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	assert_int_equal(migration_compare("7", "0007"), 0);
	assert_int_equal(migration_compare("0", "000"), 0);
}

static void no_folder_is_an_empty_set(void **state)
{
	struct project *project = *state;

	assert_int_equal(project_set(project)->count, 0);
	assert_null(project->set.folder);
	assert_null(project->set.format);
	assert_null(migration_find(&project->set, "1"));
}

static void folder_without_migrations_is_an_empty_set(void **state)
{
	struct project *project = *state;

	project_write("migrations/README.md", "nothing yet");
	project_write("migrations/seeds/demo.sql", "nonsense '");
	assert_int_equal(project_set(project)->count, 0);
	assert_string_equal(project->set.folder, "migrations");
}

static void standard_folders_in_order(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_b.sql", "");
	assert_string_equal(project_set(project)->items[0].file, "migrations/1_b.sql");
	project_write("db/migrations/1_a.sql", "");
	assert_string_equal(project_set(project)->folder, "db/migrations");
	assert_int_equal(project->set.count, 1);
}

static void engine_folder_wins(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_common.sql", "");
	project_write("migrations/postgres/1_pg.sql", "");
	project_write("migrations/sqlite3/1_three.sql", "");
	assert_string_equal(project_set(project)->folder, "migrations/sqlite3");
	project_write("migrations/sqlite/1_lite.sql", "");
	assert_string_equal(project_set(project)->folder, "migrations/sqlite");
	assert_string_equal(project->set.items[0].label, "1_lite");
}

static void file_named_as_an_engine_is_no_folder(void **state)
{
	struct project *project = *state;

	project_write("migrations/sqlite", "");
	project_write("migrations/1_a.sql", "");
	assert_string_equal(project_set(project)->folder, "migrations");
}

static void empty_engine_folder_is_an_empty_set(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_common.sql", "");
	project_write("migrations/sqlite/.gitkeep", "");
	assert_int_equal(project_set(project)->count, 0);
}

static void given_folder(void **state)
{
	struct project *project = *state;

	project_write("elsewhere/1_a.sql", "");
	project_write("migrations/2_b.sql", "");
	assert_true(project_read(project, "elsewhere//"));
	assert_string_equal(project->set.items[0].file, "elsewhere/1_a.sql");
	assert_false(project_read(project, "nowhere"));
	assert_int_equal(project->err.kind, ERR_CONFIG);
	assert_non_null(strstr(project->err.message, "nowhere does not exist"));
	assert_false(project_read(project, "elsewhere/1_a.sql"));
	assert_int_equal(project->err.kind, ERR_CONFIG);
	assert_non_null(strstr(project->err.message, "is a file"));
	assert_false(project_read(project, ""));
	assert_int_equal(project->err.kind, ERR_CONFIG);
	assert_string_equal(project->set.folder, "elsewhere");
}

/* A link in a circle stands for whatever keeps a folder from being looked at; root may all else. */
static void folder_that_cannot_be_looked_at_is_no_absent_one(void **state)
{
	struct project *project = *state;

	assert_int_equal(symlink("migrations", "migrations"), 0);
	assert_false(project_read(project, NULL));
	assert_int_equal(project->err.kind, ERR_CONFIG);
}

static void sorted_and_found_by_number(void **state)
{
	struct project *project = *state;
	const struct migration_set *set;

	project_write("migrations/10_ten.sql", "");
	project_write("migrations/9_nine.sql", "");
	project_write("migrations/0011_eleven.sql", "");
	set = project_set(project);
	assert_int_equal(set->count, 3);
	assert_string_equal(set->items[0].label, "9_nine");
	assert_string_equal(set->items[2].version, "0011");
	assert_ptr_equal(migration_find(set, "11"), &set->items[2]);
	assert_ptr_equal(migration_find(set, "0009"), &set->items[0]);
	assert_null(migration_find(set, "12"));
}

static void a_thousand_files(void **state)
{
	struct project *project = *state;
	char path[64];

	for (int i = 1; i <= 1000; i++) {
		snprintf(path, sizeof(path), "migrations/%d_m.sql", i);
		project_write(path, "CREATE TABLE t (a);");
	}
	assert_int_equal(project_set(project)->count, 1000);
	assert_string_equal(project->set.items[999].version, "1000");
}

/* --- All that is malformed --- */

static bool review(struct project *project, struct migration_problems *problems)
{
	return migration_review_all(&project->set, problems, NULL, project_engine_folders,
	    &dialect_sqlite, &project->arena, &project->err);
}

static void check_problem(const struct err *problem, const char *file, int line)
{
	assert_int_equal(problem->kind, ERR_MALFORMED);
	assert_string_equal(problem->file, file);
	assert_int_equal(problem->line, line);
	assert_string_not_equal(problem->message, "");
	assert_string_not_equal(problem->next, "");
}

static void every_malformed_file_is_reported(void **state)
{
	struct project *project = *state;
	struct migration_problems problems;

	project_write("migrations/1_a.sql", "SELECT 1;\nROLLBACK;");
	project_write("migrations/2_b.sql", "SELECT 2;");
	project_write("migrations/2_c.down.sql", "SELECT 'a;");
	project_write("migrations/3_c.sql", "SELECT 3;");
	project_write("migrations/04_d.down.sql", "SELECT 4;");
	project_write("migrations/4_d.down.sql", "SELECT 4;");
	project_write("migrations/5_e.sql", "SELECT 5;");
	project_write("migrations/05_e.sql", "SELECT 5;");
	project_write("migrations/schema.sql", "SELECT 6;");
	project->err.kind = ERR_NONE;
	assert_true(review(project, &problems));
	assert_int_equal(project->err.kind, ERR_NONE);
	assert_int_equal(problems.count, 5);
	assert_int_equal(problems.more, 0);
	check_problem(&problems.items[0], "migrations/schema.sql", 0);
	check_problem(&problems.items[1], "migrations/4_d.down.sql", 0);
	check_problem(&problems.items[2], "migrations/1_a.sql", 2);
	check_problem(&problems.items[3], "migrations/2_c.down.sql", 1);
	check_problem(&problems.items[4], "migrations/5_e.sql", 0);
	assert_int_equal(project->set.count, 3);
	assert_string_equal(project->set.items[0].label, "3_c");
	assert_false(project_read(project, NULL));
	assert_string_equal(project->err.file, "migrations/schema.sql");
}

static void nothing_malformed(void **state)
{
	struct project *project = *state;
	struct migration_problems problems = {.count = 7};

	project_write("migrations/1_a.sql", "SELECT 1;");
	assert_true(review(project, &problems));
	assert_int_equal(problems.count, 0);
	assert_int_equal(project->set.count, 1);
}

static void malformed_files_are_bounded(void **state)
{
	struct project *project = *state;
	struct migration_problems problems;
	char path[64];

	for (int i = 0; i < MIGRATION_PROBLEMS_MOST + 3; i++) {
		snprintf(path, sizeof(path), "migrations/%d_m.sql", i);
		project_write(path, "SELECT 'a;");
	}
	assert_true(review(project, &problems));
	assert_int_equal(problems.count, MIGRATION_PROBLEMS_MOST);
	assert_int_equal(problems.more, 3);
	assert_int_equal(project->set.count, 0);
}

/* Not a malformed file, but a folder that is none of ours. */
static void review_of_another_tools_folder(void **state)
{
	struct project *project = *state;
	const struct migration_set before = project->set;
	struct migration_problems problems = {.count = 7};

	project_write("migrations/1_a.sql", "SELECT 'a;");
	project_write("migrations/2_a.sql", "-- +goose Up\n");
	assert_false(review(project, &problems));
	assert_int_equal(project->err.kind, ERR_CONFIG);
	assert_int_equal(problems.count, 7);
	assert_memory_equal(&before, &project->set, sizeof(before));
}

/* --- Subfolders --- */

static void check_why(struct project *project, const char *why)
{
	assert_false(project_read(project, NULL));
	assert_int_equal(project->err.kind, ERR_CONFIG);
	if (strstr(project->err.why, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, project->err.why);
}

static void migrations_in_subfolders_only(void **state)
{
	struct project *project = *state;
	char path[64];

	for (int i = 10; i < 16; i++) {
		if (i == 15)
			check_why(project, "in subfolders (0.10, 0.11, 0.12, 0.13, 0.14), which");
		snprintf(path, sizeof(path), "migrations/0.%d/00__a.sql", i);
		project_write(path, "SELECT 1;");
	}
	check_why(project, "in subfolders (0.10, 0.11, 0.12, 0.13, 0.14, …), which are not read");
	project_write("migrations/pg/1_a.sql", "SELECT 1;");
	check_why(project, "it has them only in pg; for this database it would be sqlite, sqlite3");
}

/* --- Cases --- */

static void print_flag(struct buf *out, bool is, const char *name)
{
	if (is)
		buf_printf(out, "  %s\n", name);
}

static void print_script(struct buf *out, const char *part, const struct sql_script *script)
{
	char summary[100];

	for (size_t i = 0; i < script->count; i++) {
		const struct sql_statement *statement = &script->statements[i];
		sql_summary(&dialect_sqlite, statement, summary, sizeof(summary));
		buf_printf(out, "  %s %s:%d %s\n", part, statement->file, statement->line, summary);
	}
}

/* What the history keeps of a down part says the same when it is read again. */
static void check_kept(const struct migration *migration, struct arena *arena)
{
	struct migration kept = {.file = "kept"};
	struct err err;

	if (migration->down_text == NULL)
		return;
	assert_true(migration_read_down(&kept, migration->down_text, &dialect_sqlite, arena, &err));
	assert_string_equal(kept.down.checksum, migration->down.checksum);
	assert_int_equal(kept.down.count, migration->down.count);
	for (size_t i = 0; i < kept.down.count; i++)
		assert_string_equal(
		    kept.down.statements[i].text, migration->down.statements[i].text);
	assert_int_equal(
	    kept.directives.down_no_transaction, migration->directives.down_no_transaction);
	assert_int_equal(
	    kept.directives.down_lock_timeout, migration->directives.down_lock_timeout);
}

static void print_migration(struct buf *out, const struct migration *migration)
{
	const struct migration_directives *directives = &migration->directives;

	buf_printf(out, "%s %s\n", migration->label, migration->file);
	print_flag(out, directives->destructive, "destructive");
	print_flag(out, directives->no_transaction, "no-transaction");
	print_flag(out, directives->down_no_transaction, "no-transaction (down)");
	print_flag(out, !migration->up.transaction && !directives->no_transaction,
	    "without a transaction, by itself");
	print_flag(out, directives->breaks_older, "breaks-older");
	if (directives->lock_timeout >= 0)
		buf_printf(out, "  lock-timeout %" PRId64 " ms\n", directives->lock_timeout);
	if (directives->statement_timeout >= 0)
		buf_printf(
		    out, "  statement-timeout %" PRId64 " ms\n", directives->statement_timeout);
	if (directives->down_lock_timeout >= 0)
		buf_printf(
		    out, "  lock-timeout (down) %" PRId64 " ms\n", directives->down_lock_timeout);
	if (directives->down_statement_timeout >= 0)
		buf_printf(out, "  statement-timeout (down) %" PRId64 " ms\n",
		    directives->down_statement_timeout);
	if (directives->work_item != NULL)
		buf_printf(out, "  work-item %s\n", directives->work_item);
	for (size_t i = 0; i < directives->was_count; i++)
		buf_printf(out, "  was %s\n", directives->was[i]);
	print_script(out, "up  ", &migration->up);
	print_script(out, "down", &migration->down);
}

static void print_result(struct buf *out, struct project *project)
{
	const struct err *err = &project->err;

	if (project_read(project, NULL)) {
		for (size_t i = 0; i < project->set.count; i++) {
			print_migration(out, &project->set.items[i]);
			check_kept(&project->set.items[i], &project->arena);
		}
		if (project->set.count == 0)
			buf_add_text(out, "nothing\n");
		return;
	}
	buf_printf(out, "%s", err_row(err->kind)->word);
	if (err->file[0] != '\0')
		buf_printf(out, " %s", err->file);
	if (err->line > 0)
		buf_printf(out, ":%d", err->line);
	buf_printf(out, "\nwhat: %s\n", err->message);
	if (err->why[0] != '\0')
		buf_printf(out, "why: %s\n", err->why);
	buf_printf(out, "next: %s\n", err->next);
}

static const char cases_folder[] = "tests/cases/migrations";

static void check_case(void **state)
{
	CLEANUP(buf_free) struct buf actual = buf_init(1 << 16);
	CLEANUP(buf_free) struct buf expected = buf_init(1 << 16);
	struct project project = {.set = {.folder = NULL}};
	char back[4096], path[512];
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", cases_folder, (const char *)*state);
	assert_non_null(getcwd(back, sizeof(back)));
	assert_int_equal(chdir(path), 0);
	print_result(&actual, &project);
	arena_free(&project.arena);
	if (getenv("UPDATE_CASES") != NULL)
		assert_true(sink_put("expected.txt", actual.data, actual.len, 0644, &err));
	assert_true(fs_read("expected.txt", &expected, ERR_UNEXPECTED, &err));
	assert_int_equal(chdir(back), 0);
	assert_string_equal(actual.data, expected.data);
}

static int run_cases(void)
{
	struct arena arena = {NULL};
	struct CMUnitTest *tests;
	struct err err;
	char **names;
	size_t count;
	int failed;

	if (!fs_list(cases_folder, &arena, &names, &count, &err) || count == 0) {
		fprintf(stderr, "no cases in %s\n", cases_folder);
		return 1;
	}
	tests = arena_array(&arena, count, sizeof(*tests));
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){
		    .name = names[i], .test_func = check_case, .initial_state = names[i]};
	failed = _cmocka_run_group_tests("cases", tests, count, NULL, NULL);
	arena_free(&arena);
	return failed;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, project_setup, project_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(versions_are_numbers),
	    TEST(no_folder_is_an_empty_set),
	    TEST(folder_without_migrations_is_an_empty_set),
	    TEST(standard_folders_in_order),
	    TEST(engine_folder_wins),
	    TEST(file_named_as_an_engine_is_no_folder),
	    TEST(empty_engine_folder_is_an_empty_set),
	    TEST(given_folder),
	    TEST(folder_that_cannot_be_looked_at_is_no_absent_one),
	    TEST(sorted_and_found_by_number),
	    TEST(a_thousand_files),
	    TEST(every_malformed_file_is_reported),
	    TEST(nothing_malformed),
	    TEST(malformed_files_are_bounded),
	    TEST(review_of_another_tools_folder),
	    TEST(migrations_in_subfolders_only),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed + run_cases();
}
