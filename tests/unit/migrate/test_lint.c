/* What is said of migrations that can be run. */
#include "migrate/lint.h"
#include "project.h"

static struct lint_findings findings;

static void lint(struct project *project)
{
	lint_migrations(&findings, project_set(project), &project->arena);
}

static void check_one(const char *rule, const char *file, int line, const char *text)
{
	assert_int_equal(findings.count, 1);
	assert_string_equal(findings.items[0].rule, rule);
	assert_string_equal(findings.items[0].file, file);
	assert_int_equal(findings.items[0].line, line);
	if (strstr(findings.items[0].text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, findings.items[0].text);
}

static void nothing_to_say(void **state)
{
	struct project *project = *state;

	lint(project);
	assert_int_equal(findings.count, 0);
	project_write("migrations/1_a.up.sql", "SELECT 1;");
	project_write("migrations/1_a.down.sql", "SELECT 2;");
	project_write("migrations/2.sql", "-- db-entry: no-transaction\nVACUUM;");
	project_write("migrations/2.down.sql", "SELECT 2;");
	lint(project);
	assert_int_equal(findings.count, 0);
}

static void empty(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "-- later");
	lint(project);
	check_one("empty", "migrations/1_a.sql", 0, "no statement");
}

static void half_way(void **state)
{
	static const char *const texts[] = {
	    "-- db-entry: no-transaction\nSELECT 1;\nVACUUM;",
	    "-- db-entry: no-transaction\nPRAGMA foreign_keys = OFF;\nVACUUM;",
	    "-- db-entry: no-transaction\nSELECT 1;\nSELECT 2;",
	};
	struct project *project = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		project_write("migrations/1_a.sql", texts[i]);
		lint(project);
		check_one("half-way", "migrations/1_a.sql", 3, "give each a file of its own");
	}
}

static void half_way_of_a_down_part(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n"
					    "-- db-entry: no-transaction\nVACUUM;\nSELECT 2;");
	lint(project);
	check_one("half-way", "migrations/1_a.sql", 6, "give each a file of its own");
}

/* What runs without a transaction by itself is looked at, too; settings are no steps of it. */
static void half_way_by_itself(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "VACUUM;\nVACUUM;");
	lint(project);
	check_one("half-way", "migrations/1_a.sql", 2, "give each a file of its own");
	project_write("migrations/1_a.sql",
	    "SET lock_timeout = '5s';\nCREATE INDEX CONCURRENTLY i ON t (a);\nRESET lock_timeout;");
	if (!migration_read_all(&project->set, NULL, project_engine_folders, &dialect_postgres,
		&project->arena, &project->err))
		fail_msg("%s", project->err.message);
	assert_false(project->set.items[0].up.transaction);
	lint_migrations(&findings, &project->set, &project->arena);
	assert_int_equal(findings.count, 0);
}

static void lint_mariadb(struct project *project, const char *text)
{
	project_write("migrations/1_a.sql", text);
	if (!migration_read_all(&project->set, NULL, project_engine_folders, &dialect_mariadb,
		&project->arena, &project->err))
		fail_msg("%s", project->err.message);
	lint_migrations(&findings, &project->set, &project->arena);
}

/* Where DDL commits by itself many statements of it are no reason to warn; a mixture is. */
static void mixed_statements(void **state)
{
	struct project *project = *state;

	lint_mariadb(project, "SET @a = 1;\nCREATE TABLE a (b INT);\nCREATE TABLE c (d INT);");
	assert_int_equal(findings.count, 0);
	lint_mariadb(project, "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);");
	assert_int_equal(findings.count, 0);
	lint_mariadb(project, "CREATE TABLE a (b INT);\nSET @a = 1;\nINSERT INTO a VALUES (@a);");
	check_one("mixed-statements", "migrations/1_a.sql", 3, "(line 1) with others (line 3)");
	lint_mariadb(project, "INSERT INTO a VALUES (1);\nTRUNCATE b;");
	check_one("mixed-statements", "migrations/1_a.sql", 2, "(line 2) with others (line 1)");
}

static void half_way_for_foreign_keys_alone(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql",
	    "-- no-transaction\nPRAGMA foreign_keys=OFF;\nSELECT 1;\nPRAGMA foreign_keys=ON;");
	lint(project);
	check_one("half-way", "migrations/1_a.sql", 3,
	    "remove no-transaction: foreign keys are off while a migration runs anyway");
}

static void names_that_differ(void **state)
{
	static const char *const downs[] = {
	    "1_a.down.sql", "01_a..down.sql", "1.down.sql", "1_a.b.down.sql", "1_a..x.down.sql"};
	struct project *project = *state;
	char path[64];

	project_write("migrations/1_a..up.sql", "SELECT 1;");
	for (size_t i = 0; i < sizeof(downs) / sizeof(*downs); i++) {
		snprintf(path, sizeof(path), "migrations/%s", downs[i]);
		project_write(path, "SELECT 2;");
		lint(project);
		check_one("names-differ", path, 0, "1_a..up.sql");
		assert_int_equal(unlink(path), 0);
	}
}

static void mixed_versions(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "SELECT 1;");
	project_write("migrations/20260131120000_b.sql", "SELECT 1;");
	lint(project);
	check_one("mixed-versions", "migrations/20260131120000_b.sql", 0, "1_a");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, project_setup, project_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_to_say),
	    TEST(empty),
	    TEST(half_way),
	    TEST(half_way_of_a_down_part),
	    TEST(half_way_by_itself),
	    TEST(mixed_statements),
	    TEST(half_way_for_foreign_keys_alone),
	    TEST(names_that_differ),
	    TEST(mixed_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
