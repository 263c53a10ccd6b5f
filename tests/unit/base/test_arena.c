#include "base/arena.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Sizes around the first block's, and large ones between small ones. */
static void memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = {0, 1, 7, 16, 17, 4000, 4096, 5000, 1, 300000, 3, 1000000, 2};
	enum {
		COUNT = sizeof(sizes) / sizeof(sizes[0]),
		ROUNDS = 20
	};
	unsigned char *places[COUNT * ROUNDS];
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT * ROUNDS; i++) {
		size_t size = sizes[i % COUNT];

		places[i] = arena_alloc(&arena, size);
		assert_non_null(places[i]);
		assert_int_equal((uintptr_t)places[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < size; k++)
			assert_true(places[i][k] == 0);
		memset(places[i], (int)(i % 255 + 1), size);
	}
	for (size_t i = 0; i < COUNT * ROUNDS; i++) {
		for (size_t k = 0; k < sizes[i % COUNT]; k++)
			assert_true(places[i][k] == i % 255 + 1);
	}
	arena_free(&arena);
}

static void nothing_is_a_place_of_its_own(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};

	(void)state;
	assert_ptr_not_equal(arena_alloc(&arena, 0), arena_alloc(&arena, 0));
}

static void growing_keeps_the_items(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	size_t capacity = 0;
	int *items = NULL;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		int *before = items;
		bool room = i < capacity;

		items = arena_grow(&arena, items, i, &capacity, sizeof(*items));
		assert_true(capacity > i);
		if (room)
			assert_ptr_equal(items, before);
		items[i] = (int)i;
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
}

static void texts_are_copied(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	char source[] = "users";
	char *copy = arena_strdup(&arena, source);

	(void)state;
	source[0] = 'X';
	assert_string_equal(copy, "users");
	assert_null(arena_strdup(&arena, NULL));
	assert_string_equal(arena_strdup(&arena, ""), "");
	assert_string_equal(arena_strndup(&arena, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(&arena, "ab", 100), "ab");
	assert_string_equal(arena_strndup(&arena, "ab", 0), "");
	assert_string_equal(arena_printf(&arena, "%s/%04d", "db", 7), "db/0007");
	assert_int_equal(strlen(arena_printf(&arena, "%9000d", 1)), 9000);
}

static void free_empties_and_may_be_repeated(void **state)
{
	struct arena arena = {0};

	(void)state;
	arena_free(&arena);
	arena_alloc(&arena, 10);
	arena_free(&arena);
	assert_null(arena.block);
	arena_free(&arena);
	assert_non_null(arena_alloc(&arena, 10));
	arena_wipe(&arena);
	assert_null(arena.block);
	arena_wipe(&arena);
}

static void too_much(size_t count, size_t size)
{
	struct arena arena = {0};
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		close(STDERR_FILENO);
		arena_array(&arena, count, size);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void an_impossible_size_ends_the_process(void **state)
{
	(void)state;
	too_much(SIZE_MAX / 2, 3);
	too_much(1, SIZE_MAX);
	too_much(1, SIZE_MAX - 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
	    cmocka_unit_test(nothing_is_a_place_of_its_own),
	    cmocka_unit_test(growing_keeps_the_items),
	    cmocka_unit_test(texts_are_copied),
	    cmocka_unit_test(free_empties_and_may_be_repeated),
	    cmocka_unit_test(an_impossible_size_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
