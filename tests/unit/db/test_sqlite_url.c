#include "db/sqlite/sqlite.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static bool understand(
    const char *text, struct sqlite_target *target, struct arena *arena, struct err *err)
{
	struct url url;
	return url_parse(&url, text, arena, err) && sqlite_target(target, &url, arena, err);
}

static void check_path(const char *text, const char *path)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sqlite_target target;
	struct err err;
	if (!understand(text, &target, &arena, &err))
		fail_msg("%s: %s", text, err.message);
	assert_string_equal(target.path, path);
}

static void paths(void **state)
{
	(void)state;
	check_path("sqlite:app.db", "app.db");
	check_path("sqlite:data/app.db", "data/app.db");
	check_path("sqlite:./app.db", "./app.db");
	check_path("sqlite:../app.db", "../app.db");
	check_path("sqlite:/data/app.db", "/data/app.db");
	check_path("sqlite://app.db", "app.db");
	check_path("sqlite://data/app.db", "data/app.db");
	check_path("sqlite:///data/app.db", "/data/app.db");
	check_path("sqlite:////data/app.db", "/data/app.db");
	check_path("sqlite3:///data/app.db", "/data/app.db");
	check_path("file:app.db", "app.db");
	check_path("file:./app.db", "./app.db");
	check_path("file:/data/app.db", "/data/app.db");
	check_path("file:///data/app.db", "/data/app.db");
	check_path("file://localhost/data/app.db", "/data/app.db");
	check_path("jdbc:sqlite:data/app.db", "data/app.db");
	check_path("jdbc:sqlite:/data/app.db", "/data/app.db");
	check_path("sqlite:/data/a%20b%3f.db", "/data/a b?.db");
	check_path("sqlite:/data/app.db?_journal_mode=WAL&_fk=1&cache=shared", "/data/app.db");
	check_path("sqlite:/mail@host/app.db", "/mail@host/app.db");
}

/* SQLAlchemy: three slashes and a relative path, four and an absolute one. */
static void paths_with_driver(void **state)
{
	(void)state;
	check_path("sqlite+aiosqlite:///app.db", "app.db");
	check_path("sqlite+pysqlite:///data/app.db", "data/app.db");
	check_path("sqlite+aiosqlite:////data/app.db", "/data/app.db");
}

static void refuse(const char *text, const char *word)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sqlite_target target = {.path = "untouched"};
	struct err err;
	if (understand(text, &target, &arena, &err))
		fail_msg("%s was understood as %s", text, target.path);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(target.path, "untouched");
	assert_null(strstr(err.message, "secret"));
	assert_null(strstr(err.next, "secret"));
	if (strstr(err.message, word) == NULL && strstr(err.why, word) == NULL)
		fail_msg("%s: %s", text, err.message);
}

static void nothing_that_ends_with_us(void **state)
{
	static const char *const texts[] = {
	    "sqlite::memory:",
	    "sqlite://:memory:",
	    "sqlite:///:memory:",
	    "sqlite+aiosqlite:///:memory:",
	    "file::memory:?cache=shared",
	    "file:name?mode=memory&cache=shared",
	    "file:/name?vfs=memdb",
	    "sqlite:",
	    "sqlite://",
	    "sqlite+aiosqlite:///",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refuse(texts[i], "in memory");
}

static void no_user_no_host(void **state)
{
	(void)state;
	refuse("sqlite://user:secret@db/app.db", "file");
	refuse("file://server/app.db", "file");
	refuse("file://app.db", "file");
}

static void parameters(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sqlite_target target;
	struct err err;
	(void)state;
	assert_true(understand("sqlite:/a.db", &target, &arena, &err));
	assert_false(target.read_only || target.must_exist);
	assert_null(target.vfs);
	assert_true(understand("sqlite:/a.db?mode=rwc", &target, &arena, &err));
	assert_false(target.read_only || target.must_exist);
	assert_true(understand("sqlite:/a.db?mode=rw", &target, &arena, &err));
	assert_true(target.must_exist && !target.read_only);
	assert_true(understand("sqlite:/a.db?mode=ro", &target, &arena, &err));
	assert_true(target.read_only);
	assert_true(understand("sqlite:/a.db?immutable=1", &target, &arena, &err));
	assert_true(target.immutable);
	assert_true(target.read_only);
	assert_true(understand("sqlite:/a.db?immutable=0", &target, &arena, &err));
	assert_false(target.read_only);
	assert_true(understand("sqlite:/a.db?vfs=unix-dotfile", &target, &arena, &err));
	assert_string_equal(target.vfs, "unix-dotfile");
	refuse("sqlite:/a.db?mode=write", "mode=write");
	refuse("sqlite:/a.db?vfs=absent", "vfs=absent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths),
	    cmocka_unit_test(paths_with_driver),
	    cmocka_unit_test(nothing_that_ends_with_us),
	    cmocka_unit_test(no_user_no_host),
	    cmocka_unit_test(parameters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
