#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_one_is_an_empty_text(void **state)
{
	struct buf buf = buf_init(100);

	(void)state;
	assert_string_equal(buf.data, "");
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.cap, 0);
	buf_add(&buf, NULL, 0);
	buf_add_text(&buf, "");
	buf_printf(&buf, "%s", "");
	buf_reset(&buf);
	assert_int_equal(buf.cap, 0);
	buf_free(&buf);
}

static void adding_appends_and_terminates(void **state)
{
	CLEANUP(buf_free) struct buf buf = buf_init(1000);

	(void)state;
	buf_add_text(&buf, "one");
	buf_add_char(&buf, ' ');
	buf_add(&buf, "two\0three", 9);
	buf_printf(&buf, " %d", 4);
	assert_int_equal(buf.len, 15);
	assert_memory_equal(buf.data, "one two\0three 4", 16);
	assert_false(buf.overflow);
}

static void it_grows_to_its_maximum_exactly(void **state)
{
	CLEANUP(buf_free) struct buf buf = buf_init(1000);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_add_char(&buf, 'x');
		assert_int_equal(strlen(buf.data), (size_t)i + 1);
	}
	assert_false(buf.overflow);
	buf_add_char(&buf, 'y');
	assert_true(buf.overflow);
	assert_int_equal(buf.len, 1000);
	assert_null(strchr(buf.data, 'y'));
}

static void after_an_overflow_nothing_is_added(void **state)
{
	CLEANUP(buf_free) struct buf buf = buf_init(10);

	(void)state;
	buf_add_text(&buf, "12345");
	buf_add_text(&buf, "too long");
	assert_true(buf.overflow);
	buf_add_text(&buf, "6");
	buf_printf(&buf, "%d", 7);
	assert_string_equal(buf.data, "12345");
	buf_reset(&buf);
	assert_false(buf.overflow);
	assert_string_equal(buf.data, "");
	buf_printf(&buf, "%s", "1234567890");
	assert_string_equal(buf.data, "1234567890");
	assert_false(buf.overflow);
	buf_printf(&buf, "%s", "1");
	assert_true(buf.overflow);
	assert_string_equal(buf.data, "1234567890");
}

static void a_maximum_of_nothing_and_of_everything(void **state)
{
	CLEANUP(buf_free) struct buf none = buf_init(0), all = buf_init(SIZE_MAX);

	(void)state;
	buf_add_char(&none, 'x');
	assert_true(none.overflow);
	assert_string_equal(none.data, "");
	for (int i = 0; i < 5000; i++)
		buf_printf(&all, "%04d", i);
	assert_int_equal(all.len, 20000);
	assert_string_equal(all.data + 19996, "4999");
}

static void free_and_wipe_accept_a_zeroed_one_and_twice(void **state)
{
	struct buf zeroed = {0}, buf = buf_init(10);

	(void)state;
	buf_free(&zeroed);
	buf_wipe(&zeroed);
	buf_add_text(&buf, "secret");
	buf_wipe(&buf);
	assert_string_equal(buf.data, "");
	assert_int_equal(buf.len, 0);
	buf_wipe(&buf);
	buf_free(&buf);
	buf_add_text(&buf, "again");
	assert_string_equal(buf.data, "again");
	buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_one_is_an_empty_text),
	    cmocka_unit_test(adding_appends_and_terminates),
	    cmocka_unit_test(it_grows_to_its_maximum_exactly),
	    cmocka_unit_test(after_an_overflow_nothing_is_added),
	    cmocka_unit_test(a_maximum_of_nothing_and_of_everything),
	    cmocka_unit_test(free_and_wipe_accept_a_zeroed_one_and_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
