/* mirror add-table --columns. */
#include "base/err.h"
#include "schema/mirror.h"
#include "unit/schema/kinds.h"

static const struct schema_object *column_of(const struct schema *schema, const char *name)
{
	return schema_find(schema, &kind_column, "", "t", name);
}

static void types_keep_their_commas(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema schema = empty_schema();
	struct err err;
	assert_true(mirror_add_shorthand(&schema, "t",
	    " id:uuid:pk , price:decimal(10,2):NOT NULL,kind:enum('a,b','c:d'):unique,x "
	    "y:text:null",
	    &arena, &err));
	schema_settle(&schema, &arena);
	assert_string_equal(schema_value(column_of(&schema, "price"), "type"), "decimal(10,2)");
	assert_string_equal(schema_value(column_of(&schema, "price"), "notNull"), "true");
	assert_string_equal(schema_value(column_of(&schema, "kind"), "type"), "enum('a,b','c:d')");
	assert_non_null(schema_find(&schema, &kind_unique, "", "t", "(kind)"));
	assert_null(schema_value(column_of(&schema, "x y"), "notNull"));
	assert_string_equal(
	    schema_value(schema_find(&schema, &kind_key, "", "t", "primary key"), "columns"), "id");
}

static void every_spelling_of_the_flags(void **state)
{
	(void)state;
	static const char *const primary[] = {"pk", "primary", "primarykey", "PRIMARY KEY"};
	static const char *const not_null[] = {"notnull", "not-null", "required", "NOT NULL"};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(mirror_flag(primary[i]), MIRROR_FLAG_PRIMARY);
		assert_int_equal(mirror_flag(not_null[i]), MIRROR_FLAG_NOT_NULL);
	}
	assert_int_equal(mirror_flag("nullable"), MIRROR_FLAG_NULL);
	assert_int_equal(mirror_flag("a very long word that is no flag"), MIRROR_FLAG_NONE);
	assert_int_equal(mirror_flag(""), MIRROR_FLAG_NONE);
}

static void several_columns_make_one_key(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema schema = empty_schema();
	struct err err;
	assert_true(mirror_add_shorthand(&schema, "t", "a:int:pk,b c:int:pk", &arena, &err));
	schema_settle(&schema, &arena);
	assert_string_equal(
	    schema_value(schema_find(&schema, &kind_key, "", "t", "primary key"), "columns"),
	    "a\x1f\"b c\"");
}

static void refusals_leave_the_schema_alone(void **state)
{
	(void)state;
	static const char *const wrong[] = {
	    "", "a:int,", ":int", "a:int:fast", "a\"b:int", "a:int:unique:"};
	CLEANUP(arena_free) struct arena arena = {0};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct schema schema = empty_schema();
		struct err err;
		assert_false(mirror_add_shorthand(&schema, "t", wrong[i], &arena, &err));
		assert_int_equal(err.kind, ERR_USAGE);
		assert_int_equal(schema.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(types_keep_their_commas),
	    cmocka_unit_test(every_spelling_of_the_flags),
	    cmocka_unit_test(several_columns_make_one_key),
	    cmocka_unit_test(refusals_leave_the_schema_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
