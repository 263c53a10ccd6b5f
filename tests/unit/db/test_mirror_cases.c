/*
 * Every tests/cases/mirror-read/NAME.json, read as a mirror of SQLite, must give NAME.expected: the
 * error, or its version, the keys that nothing reads, and version 3 of it. TEST_ROOT names the
 * folder of the cases when it is not tests/cases; with WRITE_EXPECTED set the expected files are
 * written anew, to be read before they are kept.
 */
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "db/db.h"
#include "schema/mirror.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	FILE_MAX = 1024 * 1024
};

struct test_case {
	const char *name; /* "version-1.json", as errors call the file */
	const char *input, *expected;
};

static void show(struct buf *out, const struct test_case *test, const struct buf *text)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(mirror_close) struct mirror mirror = {0};
	const struct db_driver *driver = db_drivers[0];
	const struct schema model = {
	    .kinds = driver->kinds, .dialect = driver->dialect, .engine = driver->name};
	struct err err = {0};
	if (!mirror_parse(&mirror, text->data, text->len, test->name, &model, &arena, &err)) {
		buf_printf(out, "== %s:%d: %s\n", err.file, err.line, err.message);
		return;
	}
	buf_printf(
	    out, "== version %d%s\n", mirror.version, mirror.partial ? ", states some things" : "");
	for (size_t i = 0; i < mirror.unknown_count; i++) {
		buf_printf(out, "%d:%d: ", mirror.unknown[i].line, mirror.unknown[i].column);
		mirror_unknown_text(&mirror.unknown[i], out);
		buf_add_char(out, '\n');
	}
	buf_add_text(out, "== as version 3\n");
	if (!mirror_text(&mirror, &mirror.schema, out, &err))
		fail_msg("%s", err.message);
}

static void check_case(void **state)
{
	const struct test_case *test = *state;
	CLEANUP(buf_free) struct buf input = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf expected = buf_init(FILE_MAX);
	CLEANUP(buf_free) struct buf actual = buf_init(8 * FILE_MAX);
	struct err err = {0};
	if (!fs_read(test->input, &input, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	show(&actual, test, &input);
	if (getenv("WRITE_EXPECTED") != NULL &&
	    !sink_put(test->expected, actual.data, actual.len, 0644, &err))
		fail_msg("%s", err.message);
	if (!fs_read(test->expected, &expected, ERR_UNEXPECTED, &err))
		fail_msg("%s", err.message);
	if (expected.len != actual.len || memcmp(expected.data, actual.data, actual.len) != 0)
		fail_msg("%s expects\n%s\nbut this came:\n%s", test->expected, expected.data,
		    actual.data);
}

int main(void)
{
	const char *root = getenv("TEST_ROOT") != NULL ? getenv("TEST_ROOT") : "tests/cases";
	CLEANUP(arena_free) struct arena arena = {0};
	const char *folder = arena_printf(&arena, "%s/mirror-read", root);
	size_t count, found = 0;
	char **names;
	struct err err = {0};
	if (!fs_list(folder, &arena, &names, &count, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	struct CMUnitTest *tests = arena_array(&arena, count + 1, sizeof(*tests));
	for (size_t i = 0; i < count; i++) {
		struct test_case *test = arena_alloc(&arena, sizeof(*test));
		if (!text_ends(names[i], ".json"))
			continue;
		test->name = names[i];
		test->input = arena_printf(&arena, "%s/%s", folder, names[i]);
		test->expected = arena_printf(&arena, "%s/%.*s.expected", folder,
		    (int)(strlen(names[i]) - strlen(".json")), names[i]);
		tests[found++] = (struct CMUnitTest){
		    .name = names[i], .test_func = check_case, .initial_state = test};
	}
	return _cmocka_run_group_tests("mirror-read", tests, found, NULL, NULL);
}
