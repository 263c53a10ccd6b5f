/* The diff, and what a partial left side changes. */
#include "schema/diff.h"
#include "unit/schema/kinds.h"

static const char *print(
    struct schema *left, struct schema *right, bool partial, struct arena *arena)
{
	struct schema_diff diff;
	CLEANUP(buf_free) struct buf out = buf_init(1 << 16);
	schema_settle(left, arena);
	schema_settle(right, arena);
	schema_diff(&diff, left, right, partial, arena);
	assert_int_equal(diff.count, diff.only_left + diff.only_right + diff.changed);
	schema_diff_print(&diff, "left", "right", &out);
	return arena_strndup(arena, out.data, out.len);
}

static void children_are_not_told_with_their_table(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema left = empty_schema(), right = empty_schema();
	make(&left, &arena, &kind_table, "", "a");
	make(&left, &arena, &kind_column, "a", "x");
	make(&right, &arena, &kind_table, "", "b");
	make(&right, &arena, &kind_column, "b", "x");
	assert_string_equal(print(&left, &right, false, &arena),
	    "- table a  only in the left\n+ table b  only in the right\n");
	assert_string_equal(print(&left, &left, false, &arena), "");
}

static void order_of_columns(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema left = empty_schema(), right = empty_schema();
	make(&left, &arena, &kind_table, "", "t");
	make(&right, &arena, &kind_table, "", "t");
	for (size_t i = 0; i < 3; i++)
		make(&left, &arena, &kind_column, "t", (const char *[]){"gone", "a", "b"}[i]);
	for (size_t i = 0; i < 2; i++)
		make(&right, &arena, &kind_column, "t", (const char *[]){"a", "b"}[i]);
	/* A column less moves no other. */
	assert_string_equal(
	    print(&left, &right, false, &arena), "- column t.gone  only in the left\n");
	right.objects[1].position = 9;
	assert_non_null(strstr(print(&left, &right, false, &arena), "its place"));
	assert_null(strstr(print(&left, &right, true, &arena), "its place"));
}

static void a_partial_side_compares_what_it_states(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema left = empty_schema(), right = empty_schema();
	make(&left, &arena, &kind_table, "", "t");
	make(&right, &arena, &kind_table, "", "t");
	schema_set(make(&left, &arena, &kind_column, "t", "a"), "type", "string");
	struct schema_object *column = make(&right, &arena, &kind_column, "t", "a");
	schema_set(column, "type", "VARCHAR(9)");
	schema_set(column, "notNull", "true");
	make(&right, &arena, &kind_index, "t", "extra");
	assert_string_equal(print(&left, &right, true, &arena), "");
	assert_non_null(strstr(print(&left, &right, false, &arena), "notNull: no → yes"));
}

static void a_unique_index_stands_in(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema left = empty_schema(), right = empty_schema();
	make(&left, &arena, &kind_table, "", "t");
	make(&right, &arena, &kind_table, "", "t");
	schema_set(make(&left, &arena, &kind_unique, "t", NULL), "columns", "a");
	struct schema_object *index = make(&right, &arena, &kind_index, "t", "i");
	schema_set(index, "columns", "\"a\"");
	assert_non_null(strstr(print(&left, &right, true, &arena), "only in the left"));
	for (size_t i = 0; i < right.count; i++)
		if (right.objects[i].kind == &kind_index)
			schema_set(&right.objects[i], "unique", "true");
	assert_string_equal(print(&left, &right, true, &arena), "");
	assert_non_null(strstr(print(&left, &right, false, &arena), "only in the left"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(children_are_not_told_with_their_table),
	    cmocka_unit_test(order_of_columns),
	    cmocka_unit_test(a_partial_side_compares_what_it_states),
	    cmocka_unit_test(a_unique_index_stands_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
