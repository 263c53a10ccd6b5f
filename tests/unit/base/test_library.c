/* Libraries that are opened when they are needed. */
#include "base/library.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void opens_the_first_there_is(void **state)
{
	static const char *const files[] = {"libnowhere.so.1", "libm.so.6", "libc.so.6", NULL};
	struct library library;
	double (*root)(double) = NULL;
	struct err err;
	(void)state;
	assert_true(library_open(&library, "mathematics", files, &err));
	assert_string_equal(library.file, "libm.so.6");
	assert_true(LIBRARY_FIND(&library, sqrt, &root, &err));
	assert_true(root(4) == 2);
}

static void says_what_is_missing(void **state)
{
	static const char *const none[] = {"libnowhere.so.1", NULL};
	static const char *const files[] = {"libm.so.6", NULL};
	struct library library = {.file = "untouched"};
	void (*found)(void) = NULL;
	struct err err;
	(void)state;
	assert_false(library_open(&library, "what is needed", none, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.message, "what is needed"));
	assert_non_null(strstr(err.message, "libnowhere.so.1"));
	assert_string_equal(library.file, "untouched");
	assert_true(library_open(&library, "mathematics", files, &err));
	assert_false(library_find(&library, "no_such_function", &found, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.message, "libm.so.6"));
	assert_non_null(strstr(err.message, "no_such_function"));
	assert_null(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens_the_first_there_is),
	    cmocka_unit_test(says_what_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
