/* DB_ENTRY_WAIT_FOR as people write it; trying what it names is tested end to end. */
#include "net/dependency.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct err err;

static bool parse(struct dependencies *list, const char *text)
{
	return dependencies_parse(list, text, true, &arena, &err);
}

static struct dependency one(const char *text)
{
	struct dependencies list;
	assert_true(parse(&list, text));
	assert_int_equal(list.count, 1);
	return list.items[0];
}

static void lists(void **state)
{
	static const char *const separated[] = {"tcp://a:1,tcp://b:2", " tcp://a:1 , tcp://b:2, ",
	    "tcp://a:1\r\ntcp://b:2\n", "\ttcp://a:1\t\ttcp://b:2"};
	struct dependencies list;
	(void)state;
	for (size_t i = 0; i < sizeof(separated) / sizeof(separated[0]); i++) {
		assert_true(parse(&list, separated[i]));
		assert_int_equal(list.count, 2);
		assert_string_equal(list.items[0].label, "tcp://a:1");
		assert_string_equal(list.items[1].label, "tcp://b:2");
	}
	assert_true(parse(&list, " , "));
	assert_int_equal(list.count, 0);
}

static void addresses(void **state)
{
	struct dependency found = one("tcp://redis:6379/");
	(void)state;
	assert_int_equal(found.kind, DEPENDENCY_TCP);
	assert_string_equal(found.host, "redis");
	assert_string_equal(found.port, "6379");
	found = one("tcp://[::1]:6379");
	assert_string_equal(found.host, "::1");
	found = one("unix:///run/app.sock");
	assert_int_equal(found.kind, DEPENDENCY_UNIX);
	assert_string_equal(found.path, "/run/app.sock");
	assert_string_equal(one("unix:/run/app.sock").path, "/run/app.sock");
	found = one("file:/data/a%2Cb%20c");
	assert_int_equal(found.kind, DEPENDENCY_FILE);
	assert_string_equal(found.path, "/data/a,b c");
	assert_string_equal(one("file:///data/x").path, "/data/x");
	assert_string_equal(one("file:data/x").path, "data/x");
}

static void statuses(void **state)
{
	struct dependency found = one("http://host");
	(void)state;
	assert_int_equal(found.kind, DEPENDENCY_HTTP);
	assert_string_equal(found.url, "http://host");
	assert_false(found.expected[199]);
	assert_true(found.expected[200] && found.expected[299]);
	assert_false(found.expected[300]);
	found = one("https://host:8443/health?full#status=200,401-403,503");
	assert_string_equal(found.url, "https://host:8443/health?full");
	assert_string_equal(found.statuses, "200,401-403,503");
	assert_true(found.expected[200] && found.expected[402] && found.expected[503]);
	assert_false(found.expected[201] || found.expected[404]);
	struct dependencies list;
	assert_true(parse(&list, "http://a#status=200,401,tcp://b:1"));
	assert_int_equal(list.count, 2);
	assert_true(list.items[0].expected[401]);
	assert_string_equal(list.items[1].host, "b");
}

static void labels_hold_no_secret(void **state)
{
	(void)state;
	assert_string_equal(
	    one("http://me:s3cret@host:81/s3cret?s3cret").label, "http://host:81/…");
	assert_string_equal(one("https://host/").label, "https://host");
	assert_string_equal(one("https://host?s3cret#status=200").label, "https://host/…");
	assert_string_equal(one("https://me:p@ss@host").label, "https://host");
	struct dependencies list;
	assert_true(parse(&list, "http://h/a http://h/b tcp://h:1 http://h/a"));
	assert_string_equal(list.items[0].label, "http://h/…");
	assert_string_equal(list.items[1].label, "http://h/… (entry 2)");
	assert_string_equal(list.items[3].label, "http://h/… (entry 4)");
}

static void malformed(void **state)
{
	static const char *const entries[] = {"redis:6379", "redis", "redis://redis:6379",
	    "TCP://a:1", "tcp:a:1", "tcp://a", "tcp://:1", "tcp://a:0", "tcp://a:65536",
	    "tcp://a:b", "tcp://a:1/x", "tcp://u@a:1", "tcp://a:1?x=y", "tcp://a:1#status=200",
	    "tcp://a:%", "tcp+x://a:1", "unix:", "unix://", "unix://run/x", "unix:/a?x=y",
	    "file:", "file://", "file://host/x", "file:/x#y", "file:/%00", "http://", "http:///x",
	    "http://a:b/", "https://?x", "http+x://a", "http://a#", "http://a#200",
	    "http://a#status=", "http://a#status=2xx", "http://a#status=99", "http://a#status=600",
	    "http://a#status=300-200", "http://a#status=200-", "http://a#status=2000",
	    "http://a#status=200x", "http://a#status=200-299-300", "http://a,b", "http://u:p/w@a/",
	    "http://u:p?w@a/", "http://u:p#w@a/"};
	char text[300];
	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct dependencies list = {.count = 7};
		snprintf(text, sizeof(text), "tcp://ok:1 %s", entries[i]);
		if (parse(&list, text))
			fail_msg("taken: %s", entries[i]);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_int_equal(list.count, 7);
		if (strcmp(entries[i], "http://a,b") != 0 && strstr(err.message, "entry 2") == NULL)
			fail_msg("%s: %s", entries[i], err.message);
	}
}

static void long_ones(void **state)
{
	char path[200] = "unix:/";
	struct dependencies list;
	(void)state;
	memset(path + strlen(path), 'x', 106);
	assert_true(parse(&list, path));
	path[strlen(path)] = 'x';
	assert_false(parse(&list, path));
	char many[65 * 10 + 1] = "";
	for (size_t i = 0; i < 64; i++)
		memcpy(many + i * 10, "tcp://a:1 ", 11);
	assert_true(parse(&list, many));
	assert_int_equal(list.count, 64);
	memcpy(many + 640, "tcp://a:1 ", 11);
	assert_false(parse(&list, many));
}

/* Also where a blank or a # in a password cuts it in two. */
static void refusals_hold_no_secret(void **state)
{
	static const char *const texts[] = {"redis://me:s3cret@host", "http://me:s3cret x@host/",
	    "http://me:s3cret,x@host/", "http://me:s3cret/x@host/", "http://me:x#s3cret@host/",
	    "tcp://a?key=s3cret"};
	struct dependencies list;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(parse(&list, texts[i]));
		assert_null(strstr(err.message, "s3c"));
	}
	assert_false(parse(&list, "redis:6379"));
	assert_non_null(strstr(err.message, "\"redis:6379\""));
	assert_false(dependencies_parse(&list, "s3cret", false, &arena, &err));
	assert_null(strstr(err.message, "s3c"));
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists),
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(statuses),
	    cmocka_unit_test(labels_hold_no_secret),
	    cmocka_unit_test(malformed),
	    cmocka_unit_test(long_ones),
	    cmocka_unit_test(refusals_hold_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, close_arena);
}
