#include "base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void comparing(void **state)
{
	(void)state;
	assert_true(text_starts("users", "us"));
	assert_true(text_starts("users", ""));
	assert_false(text_starts("us", "users"));
	assert_true(text_ends("a.sql", ".sql"));
	assert_true(text_ends("a.sql", ""));
	assert_false(text_ends("sql", ".sql"));
	assert_true(text_is("a", "a"));
	assert_false(text_is("a", "A"));
	assert_false(text_is("a", NULL));
	assert_false(text_is(NULL, ""));
	assert_true(text_is(NULL, NULL));
	assert_true(text_is_nocase("WAL", "wal"));
	assert_false(text_is_nocase("wal", "wa"));
	assert_false(text_is_nocase("wa", "wal"));
	assert_false(text_is_nocase("[", "{"));
	assert_false(text_is_nocase(NULL, ""));
	assert_true(text_is_nocase(NULL, NULL));
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"0", 0}, {"30", 30000}, {"30s", 30000}, {"500ms", 500}, {"5m", 300000},
	    {"1h", 3600000}, {"2d", 172800000}, {"007s", 7000},
	    {"9223372036854775807ms", INT64_MAX}};
	static const char *const bad[] = {"", "s", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S",
	    "1w", "5m30s", "0x10", "9223372036854775808ms", "9223372036854775807s",
	    "99999999999999999999d"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct err err = {0};
		int64_t ms = -1;

		assert_true(text_duration(good[i].text, &ms, &err));
		assert_int_equal(ms, good[i].ms);
		assert_int_equal(err.kind, ERR_NONE);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};
		int64_t ms = -1;

		assert_false(text_duration(bad[i], &ms, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_int_equal(ms, -1);
		assert_true(strlen(err.next) > 0);
	}
}

static void whole_numbers(void **state)
{
	static const char *const bad[] = {"", "-", "--1", "+1", "1a", " 1", "1 ", "11", "-6",
	    "9223372036854775808", "99999999999999999999"};
	struct err err = {0};
	int64_t value = 0;

	(void)state;
	assert_true(text_int("10", -5, 10, &value, &err));
	assert_int_equal(value, 10);
	assert_true(text_int("-5", -5, 10, &value, &err));
	assert_int_equal(value, -5);
	assert_true(text_int("9223372036854775807", 0, INT64_MAX, &value, &err));
	assert_true(value == INT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		value = 77;
		assert_false(text_int(bad[i], -5, 10, &value, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_int_equal(value, 77);
	}
	text_int("11", -5, 10, &value, &err);
	assert_string_equal(err.message, "\"11\" is not a whole number between -5 and 10");
}

static void distances(void **state)
{
	char a[200], b[200];

	(void)state;
	assert_int_equal(text_distance("", ""), 0);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("abc", ""), 3);
	assert_int_equal(text_distance("status", "status"), 0);
	assert_int_equal(text_distance("status", "statis"), 1);
	assert_int_equal(text_distance("status", "sttaus"), 1);
	assert_int_equal(text_distance("status", "stats"), 1);
	assert_int_equal(text_distance("stats", "status"), 1);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	assert_int_equal(text_distance("ab", "ba"), 1);
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	a[199] = b[199] = '\0';
	assert_int_equal(text_distance(a, b), 64);
}

static void printable_characters(void **state)
{
	static const char *const bad[] = {"", "\n", "\t", "\x1b[", "\x7f", "\x80", "\xbf",
	    "\xc0\x80", "\xc1\xbf", "\xc2\x9b", "\xc2", "\xc3\x28", "\xe0\x80\x80", "\xe0\x9f\xbf",
	    "\xed\xa0\x80", "\xe2\x82", "\xe2\x82\x28", "\xf0\x80\x80\x80", "\xf0\x9f\x98",
	    "\xf0\x9f\x98\x28", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"};

	(void)state;
	assert_int_equal(text_character("\t"), 1);
	assert_int_equal(text_character("\xc2\x85"), 2);
	assert_int_equal(text_printable("\xc2\x85"), 0);
	assert_int_equal(text_character("\xc2"), 0);
	assert_int_equal(text_character("\xed\xa0\x80"), 0);
	assert_int_equal(text_printable("a"), 1);
	assert_int_equal(text_printable(" "), 1);
	assert_int_equal(text_printable("\xc2\xa0"), 2);
	assert_int_equal(text_printable("ä"), 2);
	assert_int_equal(text_printable("€"), 3);
	assert_int_equal(text_printable("\xed\x9f\xbf"), 3);
	assert_int_equal(text_printable("\xef\xbf\xbd"), 3);
	assert_int_equal(text_printable("😀"), 4);
	assert_int_equal(text_printable("\xf4\x8f\xbf\xbf"), 4);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_printable(bad[i]), 0);
}

static void now_is_utc(void **state)
{
	char now[TEXT_TIME_SIZE];
	struct tm read = {0};
	time_t before = time(NULL), said;
	const char *rest;

	(void)state;
	text_now(now);
	assert_int_equal(strlen(now), strlen("2026-01-31T12:00:00.123Z"));
	rest = strptime(now, "%Y-%m-%dT%H:%M:%S", &read);
	assert_non_null(rest);
	assert_int_equal(rest[0], '.');
	assert_int_equal(strspn(rest + 1, "0123456789"), 3);
	assert_string_equal(rest + 4, "Z");
	said = timegm(&read);
	assert_true(said >= before && said <= time(NULL));
}

static void elapsed_for_people(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {{-5, "0 ms"}, {0, "0 ms"}, {18, "18 ms"}, {999, "999 ms"}, {1000, "1.0 s"},
	    {1299, "1.2 s"}, {59999, "59.9 s"}, {60000, "1 min"}, {200000, "3 min 20 s"},
	    {3599999, "59 min 59 s"}, {3600000, "1 h"}, {3720000, "1 h 2 min"}, {86400000, "1 d"},
	    {90000000, "1 d 1 h"}};
	char small[4];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[40];

		text_elapsed(cases[i].ms, out, sizeof(out));
		assert_string_equal(out, cases[i].text);
	}
	text_elapsed(INT64_MAX, small, sizeof(small));
	assert_int_equal(strlen(small), 3);
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {{"0", 0}, {"17", 17}, {"17B", 17}, {"500MB", 500000000}, {"20gb", 20000000000},
	    {"2GiB", 2LL << 30}, {"2G", 2LL << 30}, {"1K", 1024}, {"1kb", 1000}, {"3T", 3LL << 40}};
	static const char *const bad[] = {
	    "", "MB", "-1", "1.5GB", "1 GB", "1GBs", "99999999999999999999", "9999999999GB"};
	int64_t bytes = -7;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(text_size(good[i].text, &bytes, &err));
		assert_true(bytes == good[i].bytes);
	}
	bytes = -7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(text_size(bad[i], &bytes, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	assert_true(bytes == -7);
}

static void bytes_for_people(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} cases[] = {{0, "0 bytes"}, {999, "999 bytes"}, {1000, "1.0 KB"}, {3449000, "3.4 MB"},
	    {99500000, "100 MB"}, {999900000, "1.0 GB"}, {INT64_MAX, "9223 PB"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[40];

		text_bytes(cases[i].bytes, out, sizeof(out));
		assert_string_equal(out, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comparing),
	    cmocka_unit_test(durations),
	    cmocka_unit_test(whole_numbers),
	    cmocka_unit_test(sizes),
	    cmocka_unit_test(bytes_for_people),
	    cmocka_unit_test(distances),
	    cmocka_unit_test(printable_characters),
	    cmocka_unit_test(now_is_utc),
	    cmocka_unit_test(elapsed_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
