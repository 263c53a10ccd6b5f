/* Folders of other tools: each is named, and nothing of it is taken for ours. */
#include "project.h"

/* One file, and who is named. */
struct sample {
	const char *file, *text, *tool;
};

static const struct sample samples[] = {
    {"migration_lock.toml", "provider = \"sqlite\"", "Prisma"},
    {"init/migration.sql", "SELECT 1;", "Prisma or Drizzle"},
    {"20260131120000_init/migration.sql", "SELECT 1;", "Prisma or Drizzle"},
    {"meta/_journal.json", "{}", "Drizzle"},
    {"atlas.sum", "h1:x", "Atlas"},
    {"1_a.sql", "-- atlas:txmode none\n\nSELECT 1;", "Atlas"},
    {"V1__init.sql", "SELECT 1;", "Flyway or refinery"},
    {"V2.1__init.sql", "SELECT 1;", "Flyway or refinery"},
    {"U1__init.sql", "SELECT 1;", "Flyway or refinery"},
    {"R__views.sql", "SELECT 1;", "Flyway or refinery"},
    {"1_a.sql", "-- +goose Up\nSELECT 1;", "goose"},
    {"1_a.sql", "\n--+GOOSE up\nSELECT 1;", "goose"},
    {"1_a.sql", "SELECT 1;\n-- +goose Down\nSELECT 2;", "goose"},
    {"00001_a.go", "package migrations", "Go (goose and others)"},
    {"1_a.sql", "-- +migrate Up\nSELECT 1;\n-- +migrate Down\nSELECT 2;", "sql-migrate"},
    {"1_a.sql", "SELECT 1;\n-- +micrate Down\nSELECT 2;", "micrate"},
    {"1_a.sql", "SELECT 1;\n-- rambler down\nSELECT 2;", "rambler"},
    {"m20260131_000001_create_users.rs", "", "SeaORM"},
    {"V1__initial.rs", "", "refinery"},
    {"1_a.sql", "SELECT 1;\n---- create above / drop below ----\nSELECT 2;", "tern"},
    {"1_a.sql", "---- tern: disable-tx ----\nSELECT 2;", "tern"},
    {"1_a.sql", "--liquibase formatted sql\nSELECT 1;", "Liquibase"},
    {"1_a.sql", "-- liquibase formatted sql\nSELECT 1;", "Liquibase"},
    {"db.changelog-master.xml", "<x/>", "Liquibase"},
    {"changelog.yaml", "", "Liquibase"},
    {"sqitch.plan", "", "Sqitch"},
    {"000001.sql", "--! Previous: -\nSELECT 1;", "graphile-migrate"},
    {"env.py", "", "Alembic"},
    {"1975ea83b712_add_users.py", "", "Alembic"},
    {"0001_initial.py", "", "Django"},
    {"20260131120000_create_users.rb", "", "Rails"},
    {"20260131120000_create_users.exs", "", "Ecto"},
    {"2026_01_31_120000_create_users.php", "", "Laravel"},
    {"20260131120000_Initial.cs", "", "Entity Framework"},
    {"20260131120000_users.js", "", "Knex"},
    {"20260131120000-users.ts", "", "Sequelize"},
    {"1620000000000-Users.mjs", "", "TypeORM"},
    {"Migration20260131120000.ts", "", "JavaScript"},
    {"2026-01-31-120000_users/up.sql", "SELECT 1;", "diesel"},
};

static void each_is_named(void **state)
{
	struct project *project = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		snprintf(path, sizeof(path), "migrations/%s", samples[i].file);
		project_write(path, samples[i].text);
		project_write("migrations/9999_ours.sql", "SELECT 1;");
		project->err = (struct err){0};
		if (project_read(project, NULL))
			fail_msg("%s was read", path);
		assert_int_equal(project->err.kind, ERR_CONFIG);
		assert_string_equal(project->err.file, path);
		if (strstr(project->err.message, samples[i].tool) == NULL)
			fail_msg("%s: %s", path, project->err.message);
		assert_string_not_equal(project->err.why, "");
		assert_string_not_equal(project->err.next, "");
		assert_int_equal(remove(path), 0);
		if (strchr(samples[i].file, '/') != NULL)
			assert_int_equal(remove(fs_folder_of(&project->arena, path)), 0);
	}
	assert_int_equal(project_set(project)->count, 1);
}

static void line_of_a_marker(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "-- about\n\n-- +goose Up\nSELECT 1;");
	project_refused(project, ERR_CONFIG, "migrations/1_a.sql", 3, "goose");
	assert_non_null(strstr(project->err.why, "\"-- +goose Up\""));
}

/* What only resembles a sign. */
static void ours_all_the_same(void **state)
{
	static const char *const files[] = {"README.md", "backup_users.py", "lint.js", "schema.rb",
	    "old/1_a.sql", "docs/up.txt", "meta/other.json", "package.json", ".R__hidden.sql"};
	struct project *project = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "migrations/%s", files[i]);
		project_write(path, "-- +goose Up");
	}
	project_write("migrations/1_a.sql",
	    "SELECT '\n-- +goose Up\n'; -- +goose Down\n/*\n-- +goose Down\n*/\n"
	    "-- as goose: +goose Up\n--> statement-breakpoint\nSELECT 2;\n-- atlas:nolint\n");
	assert_int_equal(project_set(project)->count, 1);
	assert_int_equal(project->set.items[0].up.count, 2);
}

static void looked_for_in_the_engine_folder(void **state)
{
	struct project *project = *state;

	project_write("migrations/sqlite/V1__a.sql", "SELECT 1;");
	project_refused(project, ERR_CONFIG, "migrations/sqlite/V1__a.sql", 0, "Flyway");
}

static void folders_of_other_engines_only(void **state)
{
	struct project *project = *state;

	project_write("migrations/mysql/1_a.sql", "SELECT 1;");
	project_write("migrations/postgres/1_a.sql", "SELECT 1;");
	project_write("migrations/README.md", "");
	project_refused(project, ERR_CONFIG, "", 0, "no migrations for this database");
	assert_non_null(strstr(project->err.why, "mysql, postgres"));
	assert_non_null(strstr(project->err.why, "sqlite, sqlite3"));
	project_write("migrations/1_common.sql", "SELECT 1;");
	assert_int_equal(project_set(project)->count, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, project_setup, project_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_is_named),
	    TEST(line_of_a_marker),
	    TEST(ours_all_the_same),
	    TEST(looked_for_in_the_engine_folder),
	    TEST(folders_of_other_engines_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
