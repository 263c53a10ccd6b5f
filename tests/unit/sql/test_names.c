/* Names in SQL. */
#include "sql/dialect.h"
#include "sql/names.h"
/* cmocka needs these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool names(const char *sql, const char *name)
{
	return sql_names(&dialect_sqlite, sql, strlen(sql), name);
}

static void test_words_and_quotes(void **state)
{
	(void)state;
	assert_true(names("DROP INDEX by_name", "by_name"));
	assert_true(names("DROP INDEX By_Name", "by_name"));
	assert_true(names("DROP INDEX \"by_name\"", "BY_NAME"));
	assert_true(names("DROP INDEX main.[by_name]", "by_name"));
	assert_true(names("DROP INDEX `by_name`", "by_name"));
	assert_true(names("DROP INDEX \"by\"\"name\"", "by\"name"));
}

static void test_what_is_no_name(void **state)
{
	(void)state;
	assert_false(names("DROP INDEX by_names", "by_name"));
	assert_false(names("DROP INDEX \"by_name \"", "by_name"));
	assert_false(names("DROP INDEX \"by\"\"name\"", "by"));
	assert_false(names("DROP INDEX \"by\"\"name\"", "by\"\"name"));
	assert_false(names("SELECT 'by_name' -- by_name\n /* by_name */", "by_name"));
	assert_false(names("DROP INDEX \"\"", "x"));
	assert_false(names("", "x"));
	assert_false(names("DROP INDEX \"by_nam", "by_name"));
}

static void test_quoting(void **state)
{
	(void)state;
	CLEANUP(buf_free) struct buf out = buf_init(100);
	sql_quote(&dialect_sqlite, "select", &out);
	sql_quote(&dialect_sqlite, "a\"b", &out);
	sql_quote(&dialect_sqlite, "", &out);
	assert_string_equal(out.data, "\"select\"\"a\"\"b\"\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words_and_quotes),
	    cmocka_unit_test(test_what_is_no_name),
	    cmocka_unit_test(test_quoting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
