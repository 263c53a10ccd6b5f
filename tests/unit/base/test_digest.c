#include "base/digest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The examples of FIPS 180-4. */
static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char million[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void known_answers(void **state)
{
	struct digest *digest = digest_new();
	char hex[DIGEST_HEX + 1], block[1000];

	(void)state;
	digest_hex(digest, hex);
	assert_string_equal(hex, empty);
	digest_add(digest, "abc", 3);
	digest_hex(digest, hex);
	assert_string_equal(hex, abc);
	memset(block, 'a', sizeof(block));
	for (int i = 0; i < 1000; i++)
		digest_add(digest, block, sizeof(block));
	digest_hex(digest, hex);
	assert_string_equal(hex, million);
	digest_free(&digest);
}

static void pieces_make_the_same_whole(void **state)
{
	struct digest *digest = digest_new(), *other = digest_new();
	char hex[DIGEST_HEX + 1];

	(void)state;
	digest_add(digest, "a", 1);
	digest_add(other, "something else", 14);
	digest_add(digest, "", 0);
	digest_add(digest, "bc", 2);
	digest_hex(digest, hex);
	assert_string_equal(hex, abc);
	digest_free(&other);
	digest_free(&digest);
}

static void free_accepts_nothing(void **state)
{
	struct digest *digest = NULL;

	(void)state;
	digest_free(&digest);
	digest = digest_new();
	digest_free(&digest);
	assert_null(digest);
	digest_free(&digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_answers),
	    cmocka_unit_test(pieces_make_the_same_whole),
	    cmocka_unit_test(free_accepts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
