/* The model: values, names, order. */
#include "unit/schema/kinds.h"

static bool same(enum schema_type type, const char *a, const char *b)
{
	struct schema schema = empty_schema();
	bool answer = schema_same_value(&schema, type, a, b);
	assert_int_equal(answer, schema_same_value(&schema, type, b, a));
	return answer;
}

static void sql_is_compared_by_tokens(void **state)
{
	(void)state;
	assert_true(same(SCHEMA_SQL, "VARCHAR(10)", "varchar ( 10 )"));
	assert_true(same(SCHEMA_SQL, "a  <\n b -- less", "A<B"));
	assert_true(same(SCHEMA_SQL, "\"a\" + [b]", "a+`B`"));
	assert_true(same(SCHEMA_SQL, "\"a\"\"b\"", "`a\"b`"));
	assert_true(same(SCHEMA_SQL, "SELECT 1;", "select 1"));
	assert_false(same(SCHEMA_SQL, "'a'", "'A'"));
	assert_false(same(SCHEMA_SQL, "'a'", "a"));
	assert_false(same(SCHEMA_SQL, "\"A\"", "\"a\""));
	assert_false(same(SCHEMA_SQL, "a b", "ab"));
	assert_false(same(SCHEMA_SQL, "a", "a b"));
	assert_false(same(SCHEMA_SQL, "", "a"));
	assert_true(same(SCHEMA_SQL, "1E3", "1e3"));
}

static void names_may_be_exact(void **state)
{
	struct schema schema = empty_schema();
	struct arena arena = {0};
	(void)state;
	schema.dialect = &dialect_postgres;
	assert_true(schema_same_value(&schema, SCHEMA_SQL, "Users", "\"users\""));
	assert_false(schema_same_value(&schema, SCHEMA_SQL, "Users", "\"Users\""));
	assert_false(schema_same_value(&schema, SCHEMA_NAMES, "a", "A"));
	assert_true(schema_same_value(&schema, SCHEMA_NAME, "cascade", "CASCADE"));
	make(&schema, &arena, &kind_table, "", "users");
	make(&schema, &arena, &kind_table, "", "Users");
	make(&schema, &arena, &kind_column, "Users", "id");
	schema_settle(&schema, &arena);
	assert_string_equal(schema_find(&schema, &kind_table, "", "", "Users")->name, "Users");
	assert_string_equal(schema_find(&schema, &kind_table, "", "", "users")->name, "users");
	assert_null(schema_find(&schema, &kind_table, "", "", "USERS"));
	assert_null(schema_find(&schema, &kind_column, "", "users", "id"));
	assert_non_null(schema_find(&schema, &kind_column, "", "Users", "id"));
	arena_free(&arena);
}

static void other_values(void **state)
{
	(void)state;
	assert_true(same(SCHEMA_BOOL, NULL, "false"));
	assert_false(same(SCHEMA_BOOL, NULL, "true"));
	assert_true(same(SCHEMA_NAME, "Users", "users"));
	assert_false(same(SCHEMA_TEXT, "Users", "users"));
	assert_false(same(SCHEMA_NAME, NULL, ""));
	assert_true(same(SCHEMA_NAMES,
	    "a\x1f"
	    "B",
	    "A\x1f"
	    "b"));
	assert_false(same(SCHEMA_NAMES,
	    "a\x1f"
	    "b",
	    "b\x1f"
	    "a"));
	assert_true(same(SCHEMA_TERMS,
	    "a DESC\x1f"
	    "lower( b )",
	    "\"a\" desc\x1f"
	    "LOWER(b)"));
	assert_false(same(SCHEMA_TERMS,
	    "a\x1f"
	    "b",
	    "a, b"));
}

static void families(void **state)
{
	(void)state;
	assert_string_equal(schema_family("BIGINT"), "integer");
	assert_string_equal(schema_family("character varying(10)"), "text");
	assert_string_equal(schema_family("Decimal(10,2)"), "number");
	assert_null(schema_family("uuid"));
	assert_null(schema_family("interval"));
	assert_null(schema_family(NULL));
}

static void names_are_made_and_unique(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema schema = empty_schema();
	make(&schema, &arena, &kind_table, "", "T");
	for (int i = 0; i < 3; i++)
		schema_set(make(&schema, &arena, &kind_unique, "t", NULL), "columns",
		    i == 1 ? "\"a\"  DESC" : "A desc");
	schema_set(make(&schema, &arena, &kind_key, "t", "ignored"), "columns", "a");
	schema_settle(&schema, &arena);
	assert_non_null(schema_find(&schema, &kind_unique, "", "t", "(a desc)"));
	assert_non_null(schema_find(&schema, &kind_unique, "", "T", "(a desc) #2"));
	assert_non_null(schema_find(&schema, &kind_unique, "", "t", "(A DESC) #3"));
	assert_non_null(schema_find(&schema, &kind_key, "", "t", "primary key"));
	assert_null(schema_find(&schema, &kind_key, "", "u", "primary key"));
}

static void canonical_order(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema schema = empty_schema();
	static const char *const expected[] = {"a", "z", "y", "i", "B", "x"};
	make(&schema, &arena, &kind_index, "A", "i");
	make(&schema, &arena, &kind_column, "A", "z");
	make(&schema, &arena, &kind_column, "b", "x");
	make(&schema, &arena, &kind_table, "", "B");
	make(&schema, &arena, &kind_column, "a", "y");
	make(&schema, &arena, &kind_table, "", "a");
	schema_settle(&schema, &arena);
	for (size_t i = 0; i < schema.count; i++)
		assert_string_equal(schema.objects[i].name, expected[i]);
	assert_ptr_equal(schema_parent(&schema, &schema.objects[1]), &schema.objects[0]);
	assert_null(schema_parent(&schema, &schema.objects[0]));
}

static void labels_are_safe(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf out = buf_init(1000);
	struct schema schema = empty_schema();
	make(&schema, &arena, &kind_column, "t\x1b[1m", "c\n\td");
	schema_settle(&schema, &arena);
	schema_label(&schema.objects[0], &out);
	assert_string_equal(out.data, "column t\xEF\xBF\xBD[1m.c d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sql_is_compared_by_tokens),
	    cmocka_unit_test(names_may_be_exact),
	    cmocka_unit_test(other_values),
	    cmocka_unit_test(families),
	    cmocka_unit_test(names_are_made_and_unique),
	    cmocka_unit_test(canonical_order),
	    cmocka_unit_test(labels_are_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
