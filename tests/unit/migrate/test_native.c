/* Names, markers and parts of native migration files. */
#include "project.h"

static const struct migration *only(struct project *project)
{
	assert_int_equal(project_set(project)->count, 1);
	return &project->set.items[0];
}

static const struct migration *read_text(struct project *project, const char *text)
{
	project_write("migrations/1_a.sql", text);
	return only(project);
}

static void refuse_text(struct project *project, const char *text, int line, const char *part)
{
	project_write("migrations/1_a.sql", text);
	project_refused(project, ERR_MALFORMED, "migrations/1_a.sql", line, part);
}

static void check_statements(const struct sql_script *script, const char *const *expected)
{
	size_t count = 0;

	for (; expected[count] != NULL; count++) {
		assert_true(count < script->count);
		assert_string_equal(script->statements[count].text, expected[count]);
	}
	assert_int_equal(script->count, count);
}

#define STATEMENTS(script, ...)                                                                    \
	check_statements(&(script), (const char *const[]){__VA_ARGS__, NULL})

static void parts_of_a_name(void **state)
{
	static const struct {
		const char *file, *version, *name, *label;
	} names[] = {
	    {"0012_add_users.sql", "0012", "add_users", "0012_add_users"},
	    {"0012_add_users.up.sql", "0012", "add_users", "0012_add_users"},
	    {"20260131120000_x.sql", "20260131120000", "x", "20260131120000_x"},
	    {"0.sql", "0", "", "0"},
	    {"7.up.sql", "7", "", "7"},
	    {"7_.sql", "7", "", "7"},
	    {"1_v1.2.sql", "1", "v1.2", "1_v1.2"},
	    {"1_grüße an alle.sql", "1", "grüße an alle", "1_grüße an alle"},
	    {"1__two.sql", "1", "_two", "1__two"},
	};
	struct project *project = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct migration *migration;
		snprintf(path, sizeof(path), "migrations/%s", names[i].file);
		project_write(path, "SELECT 1;");
		migration = only(project);
		assert_string_equal(migration->file, path);
		assert_string_equal(migration->version, names[i].version);
		assert_string_equal(migration->name, names[i].name);
		assert_string_equal(migration->label, names[i].label);
		assert_int_equal(unlink(path), 0);
	}
}

static void names_of_no_migration(void **state)
{
	static const char *const names[] = {"schema.sql", "structure.sql", "a1.sql", "-1_a.sql",
	    "1a.sql", "1-a.sql", "1 a.sql", "1.2_a.sql", "1_a.SQL", "1_a.Up.sql", "1_a.DOWN.sql",
	    "1_a.up.down.sql", "1_a.down.up.sql", "1_a.up.up.sql", "1_a\n.sql",
	    "12345678901234567890123456789012345678901234567890123456789012345.sql"};
	struct project *project = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "migrations/%s", names[i]);
		project_write(path, "SELECT 1;");
		project_refused(project, ERR_MALFORMED, path, 0, names[i]);
		assert_int_equal(unlink(path), 0);
	}
}

static void longest_version(void **state)
{
	struct project *project = *state;

	project_write(
	    "migrations/1234567890123456789012345678901234567890123456789012345678901234_a.sql",
	    "");
	assert_int_equal(strlen(only(project)->version), 64);
}

static void files_that_are_none(void **state)
{
	static const char *const names[] = {".1_hidden.sql", "2_b.sql~", "#2_b.sql#", "2_b.sql.bak",
	    ".2_b.sql.swp", "README.md", ".gitkeep", "sql", ".sql", "2_b.txt"};
	struct project *project = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "migrations/%s", names[i]);
		project_write(path, "not 'sql");
	}
	project_write("migrations/1_a.sql", "");
	project_write("migrations/old/0_b.sql", "not 'sql");
	assert_string_equal(only(project)->label, "1_a");
}

static void pair_of_files(void **state)
{
	struct project *project = *state;
	const struct migration *migration;

	project_write("migrations/1_a.up.sql", "CREATE TABLE a (b);");
	project_write("migrations/1_a.down.sql", "-- undo\nDROP TABLE a;\n");
	migration = only(project);
	STATEMENTS(migration->up, "CREATE TABLE a (b)");
	STATEMENTS(migration->down, "DROP TABLE a");
	assert_string_equal(migration->down.statements[0].file, "migrations/1_a.down.sql");
	assert_int_equal(migration->down.statements[0].line, 2);
	assert_string_equal(migration->down_text, "-- undo\nDROP TABLE a;\n");
}

static void plain_file_with_a_down_file(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "CREATE TABLE a (b);");
	project_write("migrations/1_a.down.sql", "-- migrate:down\nDROP TABLE a;");
	STATEMENTS(only(project)->down, "DROP TABLE a");
}

static void down_file_alone(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.down.sql", "DROP TABLE a;");
	project_refused(
	    project, ERR_MALFORMED, "migrations/1_a.down.sql", 0, "belongs to no migration");
	project_write("migrations/10_a.up.sql", "CREATE TABLE a (b);");
	project_refused(
	    project, ERR_MALFORMED, "migrations/1_a.down.sql", 0, "belongs to no migration");
}

/* As golang-migrate pairs them. */
static void pair_by_version_alone(void **state)
{
	static const char *const downs[] = {"1_flags.down.sql", "1.down.sql", "001_b.down.sql"};
	struct project *project = *state;
	const struct migration *migration;
	char path[64];

	project_write("migrations/1_flags..up.sql", "CREATE TABLE a (b);");
	for (size_t i = 0; i < sizeof(downs) / sizeof(*downs); i++) {
		snprintf(path, sizeof(path), "migrations/%s", downs[i]);
		project_write(path, "DROP TABLE a;");
		migration = only(project);
		assert_string_equal(migration->label, "1_flags.");
		assert_string_equal(migration->down_file, path);
		STATEMENTS(migration->down, "DROP TABLE a");
		assert_int_equal(unlink(path), 0);
	}
	assert_null(only(project)->down_file);
}

static void two_down_files(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.up.sql", "CREATE TABLE a (b);");
	project_write("migrations/1_a.down.sql", "DROP TABLE a;");
	project_write("migrations/01_b.down.sql", "DROP TABLE b;");
	project_refused(project, ERR_MALFORMED, "migrations/1_a.down.sql", 0, "01_b.down.sql");
}

static void two_down_parts(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "-- migrate:up\n-- migrate:down\n");
	project_write("migrations/1_a.down.sql", "DROP TABLE a;");
	project_refused(project, ERR_MALFORMED, "migrations/1_a.sql", 2, "two down parts");
}

static void one_version_twice(void **state)
{
	static const char *const names[] = {"1_a.up.sql", "1_b.sql", "0001_a.sql", "001.sql"};
	struct project *project = *state;
	char path[64];

	project_write("migrations/1_a.sql", "SELECT 1;");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "migrations/%s", names[i]);
		project_write(path, "SELECT 2;");
		assert_false(project_read(project, NULL));
		assert_int_equal(project->err.kind, ERR_MALFORMED);
		assert_non_null(strstr(project->err.message, "1_a.sql"));
		assert_non_null(strstr(project->err.message, names[i]));
		assert_int_equal(unlink(path), 0);
	}
}

static void no_markers(void **state)
{
	const struct migration *migration =
	    read_text(*state, "\n-- about\nCREATE TABLE a (b);\nSELECT 1");

	STATEMENTS(migration->up, "CREATE TABLE a (b)", "SELECT 1");
	assert_int_equal(migration->up.statements[1].line, 4);
	assert_int_equal(migration->down.count, 0);
	assert_null(migration->down_text);
	assert_int_equal(migration->directives.lock_timeout, -1);
}

static void nothing_to_run(void **state)
{
	static const char *const texts[] = {
	    "", "-- only this\n", "\xef\xbb\xbf", ";\n;", "-- migrate:up\n-- migrate:down\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const struct migration *migration = read_text(*state, texts[i]);
		assert_int_equal(migration->up.count, 0);
		assert_int_equal(migration->down.count, 0);
		assert_null(migration->down_text);
	}
}

static void marker_pairs(void **state)
{
	static const char *const pairs[][2] = {
	    {"-- migrate:up", "-- migrate:down"},
	    {"--migrate:up", "--\tmigrate:down  "},
	    {"-- migrate: up", "-- MIGRATE:DOWN"},
	    {"-- migrate:up transaction:true", "-- migrate:down transaction:true"},
	    {"-- Up migration", "-- Down migration (rollback)"},
	    {"-- Up Migration", "-- Down Migration"},
	    {"-- UP Migration", "-- DOWN Migration (Rollback)"},
	    {"  -- up  migration", "\t-- down migration"},
	    {"-- === FORWARD MIGRATION ===", "-- === ROLLBACK (optional, for reference) ==="},
	    {"-- === FORWARD MIGRATION ===\r", "-- === ROLLBACK ===\r"},
	    {"-- Up", "-- Down"},
	    {"--up\r", "  --  DOWN\r"},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		const struct migration *migration;
		snprintf(text, sizeof(text),
		    "\xef\xbb\xbf/* about */\n%s\nCREATE TABLE a (b);\n\n%s\nDROP TABLE a;\n",
		    pairs[i][0], pairs[i][1]);
		migration = read_text(*state, text);
		STATEMENTS(migration->up, "CREATE TABLE a (b)");
		assert_int_equal(migration->up.statements[0].line, 3);
		STATEMENTS(migration->down, "DROP TABLE a");
		assert_int_equal(migration->down.statements[0].line, 6);
		assert_false(migration->directives.no_transaction);
	}
}

static void down_text_keeps_its_marker(void **state)
{
	const struct migration *migration = read_text(
	    *state, "-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\nVACUUM;\n");

	assert_string_equal(migration->down_text, "-- migrate:down transaction:false\nVACUUM;\n");
}

static void checksum_is_of_the_up_part(void **state)
{
	char first[DIGEST_HEX + 1];

	memcpy(first, read_text(*state, "SELECT 1;")->up.checksum, sizeof(first));
	assert_string_equal(first,
	    read_text(*state, "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;")->up.checksum);
	assert_string_equal(
	    first, read_text(*state, "-- db-entry: destructive\r\nSELECT  1 ;\r\n")->up.checksum);
}

static void no_markers_really(void **state)
{
	static const char *const texts[] = {
	    "SELECT 1; -- migrate:down\nSELECT 2;",
	    "SELECT 1;\n/*\n-- migrate:down\n*/\nSELECT 2;",
	    "SELECT 1;\n/* migrate:down */\nSELECT 2;",
	    "SELECT 1;\n-- migrate: users to accounts\nSELECT 2;",
	    "SELECT 1;\n-- Up migrations are fun\nSELECT 2;",
	    "SELECT 1;\n-- rollback\nSELECT 2;",
	    "SELECT 1;\n-- undo with -- migrate:down\nSELECT 2;",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		STATEMENTS(read_text(*state, texts[i])->up, "SELECT 1", "SELECT 2");
	STATEMENTS(read_text(*state, "SELECT '\n-- migrate:down\n', \"\n-- migrate:up\n\";")->up,
	    "SELECT '\n-- migrate:down\n', \"\n-- migrate:up\n\"");
}

static void markers_out_of_place(void **state)
{
	refuse_text(*state, "\n-- migrate:down\nSELECT 1;", 2, "without an up marker");
	refuse_text(*state, "-- Down migration\n-- Up migration\n", 1, "without an up marker");
	refuse_text(*state, "-- migrate:up\n-- x\n-- migrate:up\n", 3, "second up marker");
	refuse_text(
	    *state, "-- migrate:up\n-- migrate:down\n\n-- migrate:down", 4, "second down marker");
	refuse_text(
	    *state, "-- migrate:up\n-- migrate:down\n-- migrate:up", 3, "below the down marker");
	refuse_text(
	    *state, "-- a\nSELECT 1;\nSELECT 2;\n-- migrate:up\n", 2, "before the first marker");
	refuse_text(
	    *state, "-- migrate:upp\nSELECT 1;\n", 1, "neither migrate:up nor migrate:down");
	refuse_text(*state, "-- migrate:up\n-- migrate:dwon\n", 2, "neither");
	refuse_text(*state, "-- migrate:\n", 1, "neither");
}

/* Of npm's sqlite: words that elsewhere are just a comment. */
static void words_as_markers(void **state)
{
	static const char rule[] = "--------------------";
	const struct migration *migration;
	char text[256];

	snprintf(text, sizeof(text), "%s\n-- Up\n%s\nSELECT 1;\n%s\n-- Down\n%s\nSELECT 2;\n", rule,
	    rule, rule, rule);
	migration = read_text(*state, text);
	STATEMENTS(migration->up, "SELECT 1");
	STATEMENTS(migration->down, "SELECT 2");
	STATEMENTS(read_text(*state, "SELECT 1;\n-- Down\nSELECT 2;")->up, "SELECT 1", "SELECT 2");
	STATEMENTS(
	    read_text(*state, "-- Down\nSELECT 1;\n-- Up\nSELECT 2;")->up, "SELECT 1", "SELECT 2");
	STATEMENTS(read_text(*state, "SELECT 1;\n-- Up\nSELECT 2;\n-- Down\nSELECT 3;")->up,
	    "SELECT 1", "SELECT 2", "SELECT 3");
	STATEMENTS(read_text(*state, "-- Up and\nSELECT 1;\n-- Down\nSELECT 2;")->up, "SELECT 1",
	    "SELECT 2");
	STATEMENTS(read_text(*state, "-- migrate:up\n-- Up\nSELECT 1;\n-- Down\nSELECT 2;")->up,
	    "SELECT 1", "SELECT 2");
	STATEMENTS(read_text(*state, "SELECT 1; -- Up")->up, "SELECT 1");
	refuse_text(*state, "-- Up\nSELECT 1;\n-- Up\n", 3, "second up marker");
	refuse_text(*state, "-- Up\n-- Down\n\n-- Down\n", 4, "second down marker");
}

/* Behind a file's last dashes no marker is looked for. */
static void dashes_at_the_end(void **state)
{
	static const char *const nothing[] = {"--", "---", "-- ", "\n--", "-- a\n--", NULL};
	const struct migration *migration;

	migration = read_text(*state, "-- migrate:up\nSELECT 1;\n-- migrate:down");
	STATEMENTS(migration->up, "SELECT 1");
	STATEMENTS(read_text(*state, "SELECT 1 -")->up, "SELECT 1 -");
	STATEMENTS(read_text(*state, "SELECT '--'")->up, "SELECT '--'");
	refuse_text(*state, "SELECT '--';\n-- migrate:down", 2, "without an up marker");
	for (size_t i = 0; nothing[i] != NULL; i++)
		assert_int_equal(read_text(*state, nothing[i])->up.count, 0);
}

static void markers_in_a_down_file(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.up.sql", "SELECT 1;");
	project_write("migrations/1_a.down.sql", "-- migrate:up\nSELECT 2;");
	project_refused(project, ERR_MALFORMED, "migrations/1_a.down.sql", 1, "up marker");
	project_write("migrations/1_a.down.sql", "-- Up\n-- Down\nSELECT 2;");
	STATEMENTS(only(project)->down, "SELECT 2");
	project_write("migrations/1_a.down.sql", "SELECT 2;\n-- migrate:down\nSELECT 3;");
	project_refused(
	    project, ERR_MALFORMED, "migrations/1_a.down.sql", 1, "before the first marker");
}

static void options_of_markers(void **state)
{
	const struct migration *migration = read_text(
	    *state, "-- migrate:up transaction:false\nVACUUM;\n-- migrate:down\nSELECT 1;");

	assert_true(migration->directives.no_transaction);
	assert_false(migration->directives.down_no_transaction);
	migration = read_text(
	    *state, "-- migrate:up\nSELECT 1;\n-- migrate:down  transaction:false\nVACUUM;");
	assert_false(migration->directives.no_transaction);
	assert_true(migration->directives.down_no_transaction);
	refuse_text(*state, "\n-- migrate:up isolation:off\n", 2, "\"isolation:off\"");
	refuse_text(*state, "-- migrate:up transaction:maybe\n", 1, "\"transaction:maybe\"");
	refuse_text(*state, "-- migrate:up transaction:false x\n", 1, "\"x\"");
}

static void no_transaction_as_sqlx_says_it(void **state)
{
	struct project *project = *state;

	assert_true(read_text(project, "-- no-transaction\nVACUUM;")->directives.no_transaction);
	assert_true(read_text(project, "-- no-transaction")->directives.no_transaction);
	assert_true(read_text(project, "-- no-transaction\r\nVACUUM;")->directives.no_transaction);
	assert_true(
	    read_text(project, "-- no-transaction here\nVACUUM;")->directives.no_transaction);
	refuse_text(project, "\n-- no-transaction\nSELECT 1;\nVACUUM;", 4, "VACUUM");
	refuse_text(project, "-- no-transactional DDL here\nSELECT 1;\nVACUUM;", 3, "VACUUM");
	refuse_text(project, "-- no-transactions\nSELECT 1;\nVACUUM;", 3, "VACUUM");
	project_write("migrations/1_a.sql", "SELECT 1;");
	project_write("migrations/1_a.down.sql", "-- no-transaction\nVACUUM;");
	assert_true(only(project)->directives.down_no_transaction);
	assert_false(only(project)->directives.no_transaction);
}

static void parts_know_how_they_are_run(void **state)
{
	struct project *project = *state;
	const struct migration *migration =
	    read_text(project, "-- migrate:up\nVACUUM;\n-- migrate:down\nSELECT 1;");

	assert_false(migration->up.transaction);
	assert_true(migration->down.transaction);
	assert_false(migration->directives.no_transaction);
	migration = read_text(project, "-- migrate:up\nSELECT 1;\n-- migrate:down\nVACUUM;");
	assert_true(migration->up.transaction);
	assert_false(migration->down.transaction);
	assert_false(read_text(project, "-- no-transaction\nSELECT 1;")->up.transaction);
}

/* What looks like quotes, comments and markers there is none. */
static void data_hide_no_marker(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql",
	    "-- migrate:up\nCOPY t FROM stdin;\nO'Neil $$ /* --\n-- migrate:down\n\\.\n"
	    "SELECT 1;\n-- migrate:down\nDROP TABLE t;\n");
	if (!migration_read_all(&project->set, NULL, project_engine_folders, &dialect_postgres,
		&project->arena, &project->err))
		fail_msg("%s", project->err.message);
	const struct migration *migration = &project->set.items[0];

	assert_int_equal(migration->up.count, 2);
	assert_int_equal(migration->up.statements[0].data_line, 3);
	assert_int_equal(migration->down.count, 1);
	assert_int_equal(migration->down.statements[0].line, 8);
}

static void own_transaction_is_absorbed(void **state)
{
	STATEMENTS(read_text(*state, "PRAGMA foreign_keys=OFF;\nBEGIN;\nSELECT 1;\nCOMMIT;")->up,
	    "SELECT 1");
	refuse_text(*state, "SELECT 1;\nROLLBACK;", 2, "ROLLBACK");
	refuse_text(*state, "-- migrate:up\n-- migrate:down\n\nSAVEPOINT s;", 4, "SAVEPOINT");
}

static void bytes_that_are_no_text(void **state)
{
	struct project *project = *state;

	project_write_bytes("migrations/1_a.sql", "SELECT 1;\nSELECT\0 2;", 20);
	project_refused(project, ERR_MALFORMED, "migrations/1_a.sql", 2, "NUL byte");
	project_write_bytes("migrations/1_a.sql", "\xff\xfeS\0E\0L\0", 8);
	project_refused(project, ERR_MALFORMED, "migrations/1_a.sql", 1, "NUL byte");
}

static void unclosed_quote_hides_no_marker_error(void **state)
{
	refuse_text(*state, "-- migrate:up\nSELECT 'a;\n-- migrate:down\n", 2, "string");
	refuse_text(*state, "-- migrate:up\n-- migrate:down\n\nSELECT 'a;\n", 4, "string");
}

static void file_larger_than_is_sane(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql", "");
	assert_int_equal(truncate("migrations/1_a.sql", (64 << 20) + 1), 0);
	assert_false(project_read(project, NULL));
	assert_int_equal(project->err.kind, ERR_MALFORMED);
	assert_string_equal(project->err.file, "migrations/1_a.sql");
}

static void folder_or_dangling_link_named_as_a_migration(void **state)
{
	struct project *project = *state;

	project_write("migrations/1_a.sql/readme", "");
	assert_false(project_read(project, NULL));
	assert_int_equal(project->err.kind, ERR_MALFORMED);
	assert_string_equal(project->err.file, "migrations/1_a.sql");
	project_write("migrations2/x", "");
	assert_int_equal(symlink("/nowhere/at/all", "migrations2/1_a.sql"), 0);
	assert_false(project_read(project, "migrations2"));
	assert_int_equal(project->err.kind, ERR_MALFORMED);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, project_setup, project_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(parts_of_a_name),
	    TEST(names_of_no_migration),
	    TEST(longest_version),
	    TEST(files_that_are_none),
	    TEST(pair_of_files),
	    TEST(plain_file_with_a_down_file),
	    TEST(down_file_alone),
	    TEST(pair_by_version_alone),
	    TEST(two_down_files),
	    TEST(two_down_parts),
	    TEST(one_version_twice),
	    TEST(no_markers),
	    TEST(nothing_to_run),
	    TEST(marker_pairs),
	    TEST(down_text_keeps_its_marker),
	    TEST(checksum_is_of_the_up_part),
	    TEST(no_markers_really),
	    TEST(markers_out_of_place),
	    TEST(words_as_markers),
	    TEST(dashes_at_the_end),
	    TEST(markers_in_a_down_file),
	    TEST(options_of_markers),
	    TEST(no_transaction_as_sqlx_says_it),
	    TEST(parts_know_how_they_are_run),
	    TEST(data_hide_no_marker),
	    TEST(own_transaction_is_absorbed),
	    TEST(bytes_that_are_no_text),
	    TEST(unclosed_quote_hides_no_marker_error),
	    TEST(file_larger_than_is_sane),
	    TEST(folder_or_dangling_link_named_as_a_migration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
