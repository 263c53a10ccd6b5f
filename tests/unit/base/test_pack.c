/* Packing: what goes in comes out, and what is damaged is an error. */
#include "base/arena.h"
#include "base/pack.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void comes_out(const char *text, size_t len)
{
	struct buf packed = buf_init(64 << 20), out = buf_init(64 << 20);
	struct err err = {0};
	pack_text(text, len, &packed);
	assert_null(strchr(packed.data, '\n'));
	assert_true(unpack_text(packed.data, &out, &err));
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, text, len);
	buf_free(&packed);
	buf_free(&out);
}

static void test_round_trip(void **state)
{
	(void)state;
	static char large[3 << 20];
	memset(large, 'x', sizeof(large));
	comes_out("a", 1);
	comes_out("two\0bytes", 9);
	for (size_t len = 1; len < 300; len++)
		comes_out(large, len);
	comes_out(large, sizeof(large));
}

static void test_empty(void **state)
{
	(void)state;
	comes_out("", 0);
}

static void test_damage(void **state)
{
	(void)state;
	struct buf packed = buf_init(1 << 20), out = buf_init(1 << 20);
	struct err err = {0};
	pack_text("some text that is packed", 24, &packed);
	static const char *const bad[] = {"", "A", "AAAA", "????", "AAAA====", "KLUv/Q=="};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(unpack_text(bad[i], &out, &err));
	packed.data[packed.len - 8] = '\0';
	assert_false(unpack_text(packed.data, &out, &err));
	assert_int_equal(err.kind, ERR_UNEXPECTED);
	assert_int_equal(out.len, 0);
	buf_free(&packed);
	buf_free(&out);
}

static void test_longer_than_allowed(void **state)
{
	(void)state;
	struct buf packed = buf_init(1 << 20), out = buf_init(10);
	struct err err = {0};
	pack_text("eleven byte", 11, &packed);
	assert_false(unpack_text(packed.data, &out, &err));
	buf_free(&packed);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_longer_than_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
