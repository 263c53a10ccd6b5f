#include "db/db.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static const char *driver_name(const char *text)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct url url;
	struct err err;
	assert_true(url_parse(&url, text, &arena, &err));
	const struct db_driver *driver = db_driver_for(&url, &err);
	return driver == NULL ? NULL : driver->name;
}

static void schemes_find_their_driver(void **state)
{
	(void)state;
	assert_string_equal(driver_name("sqlite:a.db"), "sqlite");
	assert_string_equal(driver_name("SQLITE3:///a.db"), "sqlite");
	assert_string_equal(driver_name("file:a.db?mode=ro"), "sqlite");
	assert_string_equal(driver_name("jdbc:sqlite:a.db"), "sqlite");
	assert_string_equal(driver_name("sqlite+aiosqlite:///a.db"), "sqlite");
}

static void unknown_scheme_names_those_there_are(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct url url;
	struct err err;
	(void)state;
	assert_true(url_parse(&url, "oracle://u:secret@h/x", &arena, &err));
	assert_null(db_driver_for(&url, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.message, "oracle"));
	assert_non_null(strstr(err.next, "sqlite:"));
	assert_null(strstr(err.message, "secret"));
}

static void drivers_differ(void **state)
{
	(void)state;
	for (size_t i = 0; db_drivers[i] != NULL; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(db_drivers[i]->name, db_drivers[j]->name);
}

static void closing_nothing_is_harmless(void **state)
{
	struct db *db = NULL;
	(void)state;
	db_close(&db);
	assert_null(db);
}

static void programs_have_a_word_of_their_own(void **state)
{
	(void)state;
	assert_null(db_program_for("status"));
	assert_null(db_program_for("pg_dump"));
	assert_null(db_program_for(DB_PROGRAM_PREFIX));
	assert_null(db_program_for(DB_PROGRAM_PREFIX "nothing"));
	for (size_t i = 0; db_drivers[i] != NULL; i++)
		for (const struct db_program *p = db_drivers[i]->programs;
		     p != NULL && p->name != NULL; p++)
			assert_null(db_program_for(p->name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(schemes_find_their_driver),
	    cmocka_unit_test(unknown_scheme_names_those_there_are),
	    cmocka_unit_test(drivers_differ),
	    cmocka_unit_test(closing_nothing_is_harmless),
	    cmocka_unit_test(programs_have_a_word_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
