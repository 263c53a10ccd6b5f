/* Names PostgreSQL makes by itself, and what stands in CREATE INDEX. */
#include "db/postgres/schema_parts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

#define LONG_20 "aaaaaaaaaaaaaaaaaaaa"

static void names_the_server_makes(void **state)
{
	(void)state;
	assert_true(pg_name_is_made(&pg_kind_primary_key, "users_pkey", "users", "id"));
	assert_true(pg_name_is_made(&pg_kind_primary_key, "users_pkey1", "users", NULL));
	assert_true(pg_name_is_made(&pg_kind_unique, "users_a_b_key", "users", "a_b"));
	assert_true(pg_name_is_made(&pg_kind_foreign_key, "users_a_fkey", "users", "a"));
	assert_true(pg_name_is_made(&pg_kind_check, "users_check", "users", NULL));
	assert_true(pg_name_is_made(&pg_kind_check, "users_a_check2", "users", "a"));
	assert_true(pg_name_is_made(&pg_kind_index, "users_a1_idx", "users", "a1"));
	assert_true(pg_name_is_made(&pg_kind_exclusion, "users_a_excl", "users", "a"));
}

static void names_people_give(void **state)
{
	(void)state;
	assert_false(pg_name_is_made(&pg_kind_unique, "users_b_key", "users", "a"));
	assert_false(pg_name_is_made(&pg_kind_unique, "users_a_idx", "users", "a"));
	assert_false(pg_name_is_made(&pg_kind_index, "users_a_idx_", "users", "a"));
	assert_false(pg_name_is_made(&pg_kind_index, "2024", "users", "a"));
	assert_false(pg_name_is_made(&pg_kind_index, "", "users", "a"));
	assert_false(pg_name_is_made(&pg_kind_index, NULL, "users", "a"));
	assert_false(pg_name_is_made(&pg_kind_trigger, "users_a_idx", "users", "a"));
}

/* The longer one is cut first, and no character in two. */
static void long_names_are_cut(void **state)
{
	(void)state;
	assert_true(
	    pg_name_is_made(&pg_kind_index, LONG_20 "aaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbb_idx",
		LONG_20 LONG_20, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
	assert_true(pg_name_is_made(&pg_kind_primary_key, LONG_20 LONG_20 "aaaaaaaaaaaaaaaaa_pkey",
	    LONG_20 LONG_20 "aaaaaaaaaaaaaaaaa\xc3\xa4zzz", NULL));
}

static void terms_of_an_index(void **state)
{
	struct arena arena = {0};
	(void)state;
	assert_string_equal(
	    pg_index_terms("CREATE UNIQUE INDEX \"a USING (\" ON \"t, x\" USING btree"
			   " (lower(a, ','), \"b)\" DESC, (c + d)) WHERE (a > 1)",
		&arena),
	    "lower(a, ',')\x1f"
	    "\"b)\" DESC\x1f(c + d)");
	assert_string_equal(pg_name_of_term("lower(a)", 8, &arena), "lower");
	assert_string_equal(pg_name_of_term("\"A \"\"b\" DESC", 12, &arena), "A \"b");
	assert_string_equal(pg_name_of_term("Ab DESC", 7, &arena), "ab");
	assert_null(pg_name_of_term("(a + b)", 7, &arena));
	assert_null(pg_name_of_term("a + b", 5, &arena));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_server_makes),
	    cmocka_unit_test(names_people_give),
	    cmocka_unit_test(long_names_are_cut),
	    cmocka_unit_test(terms_of_an_index),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
