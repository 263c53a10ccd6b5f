/* What comparing leaves out. */
#include "schema/ignore.h"
#include "unit/schema/kinds.h"

static struct schema make_schema(struct arena *arena)
{
	struct schema schema = empty_schema();
	make(&schema, arena, &kind_table, "", "Tmp_1");
	make(&schema, arena, &kind_column, "Tmp_1", "a");
	make(&schema, arena, &kind_table, "", "users");
	make(&schema, arena, &kind_column, "users", "tmp_c");
	make(&schema, arena, &kind_unique, "users", "tmp_u");
	make(&schema, arena, &kind_index, "users", "tmp_i");
	schema_set(make(&schema, arena, &kind_trigger, "", "tr"), "on", "tmp_1");
	make(&schema, arena, &kind_trigger, "", "tmp_tr");
	make(&schema, arena, &kind_table, "", "log")->schema = "audit";
	schema_settle(&schema, arena);
	return schema;
}

/* The names that are left, in order. */
static const char *left_by(const char *globs, struct arena *arena)
{
	CLEANUP(buf_free) struct buf names = buf_init(1000);
	struct schema schema = make_schema(arena);
	schema_ignore(&schema, globs, arena);
	for (size_t i = 0; i < schema.count; i++) {
		buf_printf(&names, "%s%s", i == 0 ? "" : " ", schema.objects[i].name);
		assert_ptr_equal(schema_find_same(&schema, &schema.objects[i]), &schema.objects[i]);
	}
	return arena_strndup(arena, names.data, names.len);
}

static void what_globs_match(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	const char *all = "Tmp_1 a users tmp_c tmp_u tmp_i log tmp_tr tr";
	static const char *const nothing[] = {
	    NULL, "", " , ,", "tmp", "audit", "tmp_c", "tmp_u", "audit.users", "[", "\\", "**x"};
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		assert_string_equal(left_by(nothing[i], &arena), all);
	assert_string_equal(left_by("tmp_*", &arena), "users tmp_c tmp_u log");
	assert_string_equal(left_by("TMP_?", &arena), "users tmp_c tmp_u log tmp_tr");
	assert_string_equal(left_by("x,,users\t audit.*", &arena), "Tmp_1 a tmp_tr tr");
	assert_string_equal(left_by("LOG", &arena), "Tmp_1 a users tmp_c tmp_u tmp_i tmp_tr tr");
	assert_string_equal(left_by("*", &arena), "");
}

/* As a pull leaves them: neither more nor less than there were. */
static void ignored_ones_stay_as_they_were(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct schema live = make_schema(&arena), mirror = empty_schema();
	make(&mirror, &arena, &kind_table, "", "tmp_1");
	make(&mirror, &arena, &kind_column, "tmp_1", "old");
	make(&mirror, &arena, &kind_table, "", "users");
	make(&mirror, &arena, &kind_index, "users", "tmp_kept");
	make(&mirror, &arena, &kind_table, "", "gone");
	make(&mirror, &arena, &kind_index, "gone", "tmp_gone");
	schema_settle(&mirror, &arena);
	schema_ignore_as_in(&live, &mirror, "tmp*", &arena);
	assert_non_null(schema_find(&live, &kind_column, "", "tmp_1", "old"));
	assert_null(schema_find(&live, &kind_column, "", "tmp_1", "a"));
	assert_non_null(schema_find(&live, &kind_index, "", "users", "tmp_kept"));
	assert_null(schema_find(&live, &kind_index, "", "users", "tmp_i"));
	assert_null(schema_find(&live, &kind_index, "", "gone", "tmp_gone"));
	assert_null(schema_find(&live, &kind_trigger, "", "", "tmp_tr"));
	assert_non_null(schema_find(&live, &kind_column, "", "users", "tmp_c"));
	assert_int_equal(live.count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_globs_match),
	    cmocka_unit_test(ignored_ones_stay_as_they_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
