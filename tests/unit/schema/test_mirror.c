/* Reading a mirror: keys that nothing reads, what it says of renames, whose it is. */
#include "base/err.h"
#include "schema/mirror.h"
#include "unit/schema/kinds.h"

static bool parse(struct mirror *mirror, const char *text, struct arena *arena, struct err *err)
{
	const struct schema model = empty_schema();
	return mirror_parse(mirror, text, strlen(text), "m.json", &model, arena, err);
}

static const char *unknown(const char *text, struct arena *arena)
{
	struct mirror mirror;
	struct err err;
	CLEANUP(buf_free) struct buf out = buf_init(1 << 16);
	if (!parse(&mirror, text, arena, &err))
		fail_msg("%s", err.message);
	for (size_t i = 0; i < mirror.unknown_count; i++) {
		buf_printf(&out, "%d:%d ", mirror.unknown[i].line, mirror.unknown[i].column);
		mirror_unknown_text(&mirror.unknown[i], &out);
		buf_add_char(&out, '\n');
	}
	mirror_close(&mirror);
	return arena_strndup(arena, out.data, out.len);
}

static void keys_that_nothing_reads(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	assert_string_equal(
	    unknown("{\"version\": 3, \"x-a\": {\"name\": {\"b\": [{\"c\": \"\\\"d\\\":\"}]}},\n"
		    " \"tabels\": [],\n"
		    " \"tables\": [{\"name\": \"t\", \"schema\": \"s\", \"renamedFrom\": \"o\",\n"
		    "   \"colums\": [{\"name\": 1}], \"owner\": \"b\", \"model\": \"T\",\n"
		    "   \"columns\": [{\"name\": \"a\", \"notnull\"  : true}],\n"
		    "   \"primaryKey\": {\"columns\": [], \"colunms\": []}}],\n"
		    " \"database\": {\"knd\": 1, \"kind\": \"none\"}}",
		&arena),
	    "2:2 nothing reads \"tabels\"; did you mean \"tables\"?\n"
	    "4:4 nothing reads \"colums\" of tables[0]; did you mean \"columns\"?\n"
	    "4:29 nothing reads \"owner\" of tables[0]; keys of your own begin with x-\n"
	    "5:30 nothing reads \"notnull\" of tables[0].columns[0]; did you mean \"notNull\"?\n"
	    "6:34 nothing reads \"colunms\" of tables[0].primaryKey; did you mean \"columns\"?\n"
	    "7:15 nothing reads \"knd\" of database; did you mean \"kind\"?\n");
	assert_string_equal(unknown("{\"version\": 2, \"tabels\": [], \"ssot\": 1}", &arena), "");
	assert_string_equal(unknown("{\"version\": 3, \"database\": [{\"a\": 1}], \"ssot\": 1,\n"
				    "\"z\": 1}",
				&arena),
	    "2:1 nothing reads \"z\"; keys of your own begin with x-\n");
}

static void there_may_be_many(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf text = buf_init(1 << 16);
	struct mirror mirror;
	struct err err;
	buf_add_text(&text, "{\"version\": 3");
	for (int i = 0; i < MIRROR_UNKNOWN_MOST + 7; i++)
		buf_printf(&text, ",\n\"key%d\": {\"a\": 1}", i);
	buf_add_char(&text, '}');
	assert_true(parse(&mirror, text.data, &arena, &err));
	assert_int_equal(mirror.unknown_count, MIRROR_UNKNOWN_MOST);
	assert_int_equal(mirror.unknown_more, 7);
	assert_int_equal(mirror.unknown[MIRROR_UNKNOWN_MOST - 1].line, MIRROR_UNKNOWN_MOST + 1);
	mirror_close(&mirror);
}

static void renamed_from_is_read_where_it_counts(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct mirror mirror;
	struct err err;
	assert_true(parse(&mirror,
	    "{\"version\": 3, \"tables\": [{\"name\": \"t\", \"renamedFrom\": null, \"columns\":"
	    " [{\"name\": \"a\", \"renamedFrom\": \"b\"}], \"indexes\": [{\"name\": \"i\","
	    " \"columns\": [\"a\"], \"renamedFrom\": \"j\"}]}]}",
	    &arena, &err));
	assert_null(mirror.schema.objects[0].renamed_from);
	assert_string_equal(mirror.schema.objects[1].renamed_from, "b");
	assert_null(mirror.schema.objects[2].renamed_from);
	assert_int_equal(mirror.unknown_count, 1);
	mirror_close(&mirror);
	assert_false(parse(&mirror,
	    "{\"version\": 3, \"tables\": [{\"name\": \"t\", \"renamedFrom\": 7}]}", &arena, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_non_null(strstr(err.message, "tables[0].renamedFrom"));
	mirror_close(&mirror);
}

/* It can be told from a mirror that is wrong. */
static void a_mirror_of_another_engine(void **state)
{
	(void)state;
	CLEANUP(arena_free) struct arena arena = {0};
	struct mirror mirror;
	struct err err;
	assert_false(parse(&mirror,
	    "{\"version\": 3, \"database\": {\"kind\": \"other\"}, \"tables\": 7}", &arena, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(mirror.foreign, "other");
	mirror_close(&mirror);
	assert_false(parse(&mirror, "{\"version\": 3, \"tables\": 7}", &arena, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_null(mirror.foreign);
	mirror_close(&mirror);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_that_nothing_reads),
	    cmocka_unit_test(there_may_be_many),
	    cmocka_unit_test(renamed_from_is_read_where_it_counts),
	    cmocka_unit_test(a_mirror_of_another_engine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
