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

/* A database that has users.mail and teams, as parts and others speak of them. */
static void make_old(struct schema *schema, struct arena *arena)
{
	make(schema, arena, &kind_table, "", "users");
	make(schema, arena, &kind_column, "users", "mail");
	schema_set(make(schema, arena, &kind_unique, "users", NULL), "columns", "lower(mail)");
	make(schema, arena, &kind_table, "", "teams");
	struct schema_object *key = make(schema, arena, &kind_foreign_key, "teams", NULL);
	schema_set(key, "columns", "mail");
	schema_set(key, "references", "users");
	schema_set(key, "referencedColumns", "mail");
	struct schema_object *trigger = make(schema, arena, &kind_trigger, "", "t");
	schema_set(trigger, "on", "users");
	schema_set(trigger, "definition", "AFTER UPDATE OF mail ON users BEGIN END");
}

static struct schema_object *find(struct schema *schema, const struct schema_kind *kind)
{
	for (size_t i = 0; i < schema->count; i++)
		if (schema->objects[i].kind == kind)
			return &schema->objects[i];
	return NULL;
}

/* A rename alone is told as one, whether or not what speaks of it was changed, too. */
static void a_rename_is_one_change(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema left = empty_schema(), right = empty_schema();
	make_old(&left, &arena);
	make_old(&right, &arena);
	left.objects[1].given = "e-mail";
	left.objects[1].renamed_from = "Mail";
	const char *column = "~ column users.mail → users.e-mail  renamed, not yet in the right\n";
	assert_string_equal(print(&left, &right, false, &arena), column);
	schema_set(find(&left, &kind_unique), "columns", "lower(\"e-mail\")");
	assert_string_equal(print(&left, &right, false, &arena), column);
	assert_string_equal(print(&left, &right, true, &arena), column);
	/* Of the other table nothing was said. */
	schema_set(find(&left, &kind_foreign_key), "columns", "e-mail");
	assert_non_null(strstr(print(&left, &right, false, &arena), "foreign key teams (mail)"));
}

static void a_renamed_table_takes_its_parts_along(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema left = empty_schema(), right = empty_schema();
	make_old(&left, &arena);
	make_old(&right, &arena);
	left.objects[0].given = "people";
	left.objects[0].renamed_from = "users";
	left.objects[1].parent = left.objects[2].parent = "people";
	left.objects[1].given = "email";
	left.objects[1].renamed_from = "mail";
	schema_set(&right.objects[1], "type", "INT");
	assert_string_equal(print(&left, &right, false, &arena),
	    "~ table users → people  renamed, not yet in the right\n"
	    "~ column users.mail → people.email  renamed, not yet in the right\n"
	    "    type: none → INT\n");
}

/* The old name is there no more, the new one is there already, or both are meant to be. */
static void a_rename_that_is_none(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema left = empty_schema(), right = empty_schema();
	make(&left, &arena, &kind_table, "", "t");
	make(&right, &arena, &kind_table, "", "t");
	make(&left, &arena, &kind_column, "t", "a")->renamed_from = "b";
	assert_string_equal(
	    print(&left, &right, false, &arena), "- column t.a  only in the left\n");
	make(&right, &arena, &kind_column, "t", "a");
	assert_string_equal(print(&left, &right, false, &arena), "");
	assert_string_equal(print(&left, &left, false, &arena), "");
	make(&right, &arena, &kind_column, "t", "b");
	assert_string_equal(
	    print(&left, &right, false, &arena), "+ column t.b  only in the right\n");
	make(&left, &arena, &kind_column, "t", "b");
	right.objects[1].given = "c";
	assert_non_null(strstr(print(&left, &right, false, &arena), "- column t.a  only"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(children_are_not_told_with_their_table),
	    cmocka_unit_test(order_of_columns),
	    cmocka_unit_test(a_partial_side_compares_what_it_states),
	    cmocka_unit_test(a_unique_index_stands_in),
	    cmocka_unit_test(a_rename_is_one_change),
	    cmocka_unit_test(a_renamed_table_takes_its_parts_along),
	    cmocka_unit_test(a_rename_that_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
