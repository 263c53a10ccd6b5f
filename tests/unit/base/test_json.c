#include "base/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct json *parse(const char *text)
{
	struct json *json = NULL;
	struct err err = {0};

	if (!json_parse(&json, text, strlen(text), NULL, &err))
		fail_msg("%s: %s", text, err.message);
	return json;
}

static void assert_prints(struct json *json, bool indented, const char *text)
{
	CLEANUP(buf_free) struct buf out = buf_init(10000);

	json_print(json, indented, &out);
	assert_string_equal(out.data, text);
	json_free(&json);
	assert_null(json);
}

static void reading(void **state)
{
	struct json *json = parse(" {\"a\": \"x\", \"b\": [true, false, null, 1], \"c\": {}} \n");
	const struct json *b = json_get(json, "b"), *item = json_first(b);
	int count = 0;

	(void)state;
	assert_true(json_is_object(json));
	assert_string_equal(json_text(json_get(json, "a")), "x");
	assert_string_equal(json_key(b), "b");
	assert_null(json_get(json, "A"));
	assert_null(json_get(b, "a"));
	assert_null(json_text(b));
	assert_true(json_is_array(b));
	assert_true(json_is_true(item));
	item = json_next(item);
	assert_true(json_is_false(item));
	assert_false(json_is_true(item));
	assert_null(json_key(item));
	json_each (member, json)
		count++;
	assert_int_equal(count, 3);
	assert_null(json_first(json_get(json, "c")));
	json_free(&json);
}

static void an_absent_node_answers_like_nothing(void **state)
{
	(void)state;
	assert_null(json_get(NULL, "a"));
	assert_null(json_text(NULL));
	assert_null(json_key(NULL));
	assert_null(json_first(NULL));
	assert_null(json_next(NULL));
	assert_false(json_is_true(NULL));
	assert_false(json_is_false(NULL));
	assert_false(json_is_object(NULL));
	assert_false(json_is_array(NULL));
	json_each (node, NULL)
		fail();
}

static void of_equal_keys_the_last_counts(void **state)
{
	struct json *json = parse("{\"a\":\"first\",\"b\":true,\"a\":\"last\"}");

	(void)state;
	assert_string_equal(json_text(json_get(json, "a")), "last");
	json_free(&json);
}

static void syntax_errors_have_line_and_column(void **state)
{
	static const struct {
		const char *text;
		const char *place; /* NULL: anywhere */
		int line;
	} cases[] = {{"", NULL, 1}, {"   ", NULL, 1}, {"{", NULL, 1}, {"[1,]", NULL, 1},
	    {"{\"a\":1,}", NULL, 1}, {"nul", "line 1, column 1", 1}, {"'a'", "line 1, column 1", 1},
	    {"{\n \"a\": x\n}", "line 2, column 7", 2},
	    {"{\n\n\n  \"a\" 1}", "line 4, column 7", 4},
	    {"{} {}", "text after the end at line 1, column 4", 1},
	    {"{}\n\nx", "text after the end at line 3, column 1", 3}, {"{}\x01", NULL, 1},
	    {"\"a\\u0000b\"", "a NUL character at line 1, column 3", 1}, {"\"\\ud800\"", NULL, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json *json = NULL;
		struct err err = {0};

		assert_false(
		    json_parse(&json, cases[i].text, strlen(cases[i].text), "a.json", &err));
		assert_null(json);
		assert_int_equal(err.kind, ERR_MALFORMED);
		assert_string_equal(err.file, "a.json");
		assert_int_equal(err.line, cases[i].line);
		if (cases[i].place != NULL && strstr(err.message, cases[i].place) == NULL)
			fail_msg("%s: %s", cases[i].text, err.message);
	}
}

static void a_length_is_kept_to(void **state)
{
	static const char nul[] = "{}\0{}";
	struct json *json = NULL;
	struct err err = {0};

	(void)state;
	assert_true(json_parse(&json, "[1] and more", 3, NULL, &err));
	assert_prints(json, false, "[1]");
	json = NULL;
	assert_false(json_parse(&json, nul, sizeof(nul) - 1, NULL, &err));
	assert_non_null(strstr(err.message, "a NUL character at line 1, column 3"));
	assert_string_equal(err.file, "");
}

static void an_escaped_backslash_before_u0000_is_no_nul(void **state)
{
	struct json *json = parse("\"\\\\u0000\"");

	(void)state;
	assert_string_equal(json_text(json), "\\u0000");
	json_free(&json);
}

static void deep_nesting_is_an_error(void **state)
{
	enum {
		DEPTH = 100000
	};
	char *text = malloc(DEPTH);
	struct json *json = NULL;
	struct err err = {0};

	(void)state;
	memset(text, '[', DEPTH);
	assert_false(json_parse(&json, text, DEPTH, NULL, &err));
	free(text);
}

static void a_file_is_read(void **state)
{
	char path[] = "test_json_XXXXXX";
	int fd = mkstemp(path);
	struct json *json = NULL;
	struct err err = {0};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "{\"a\":\n}", 7), 7);
	close(fd);
	assert_false(json_read(&json, path, 1000, &err));
	assert_string_equal(err.file, path);
	assert_int_equal(err.line, 2);
	assert_false(json_read(&json, path, 6, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_int_equal(unlink(path), 0);
	assert_false(json_read(&json, path, 1000, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_null(json);
}

static struct json *sample(void)
{
	struct json *root = json_new_object(), *list;

	json_add_text(root, "text", "a\"b");
	json_add_text(root, "none", NULL);
	json_add_bool(root, "yes", true);
	json_add_int(root, "most", INT64_MAX);
	json_add_int(root, "least", INT64_MIN);
	list = json_add_array(root, "list");
	json_add_text(list, NULL, "one");
	json_add_bool(json_add_object(list, NULL), "x", false);
	json_add_array(list, NULL);
	json_add_object(root, "empty");
	return root;
}

static void printing_in_one_line(void **state)
{
	(void)state;
	assert_prints(sample(), false,
	    "{\"text\":\"a\\\"b\",\"none\":null,\"yes\":true,\"most\":9223372036854775807,"
	    "\"least\":-9223372036854775808,\"list\":[\"one\",{\"x\":false},[]],\"empty\":{}}");
	assert_prints(json_new_array(), false, "[]");
	assert_prints(
	    parse("[1, 2.5, -3e10, true, null]"), false, "[1,2.5,-30000000000,true,null]");
}

static void printing_indented(void **state)
{
	(void)state;
	assert_prints(sample(), true,
	    "{\n  \"text\": \"a\\\"b\",\n  \"none\": null,\n  \"yes\": true,\n"
	    "  \"most\": 9223372036854775807,\n  \"least\": -9223372036854775808,\n"
	    "  \"list\": [\n    \"one\",\n    {\n      \"x\": false\n    },\n    []\n  ],\n"
	    "  \"empty\": {}\n}");
	assert_prints(json_new_object(), true, "{}");
}

static void printed_texts_are_valid_and_harmless(void **state)
{
	struct json *list = json_new_array();

	(void)state;
	json_add_text(list, NULL, "\x1b[31m\n\t\x7f\\/");
	json_add_text(list, NULL,
	    "\xc2\x9b"
	    "1m ä€😀");
	json_add_text(list, NULL, "a\xff\xe2\x82");
	json_add_text(json_add_object(list, NULL), "k\x01\xff", "");
	assert_prints(list, false,
	    "[\"\\u001b[31m\\n\\t\\u007f\\\\/\",\"\\u009b1m ä€😀\","
	    "\"a\\ufffd\\ufffd\\ufffd\",{\"k\\u0001\\ufffd\":\"\"}]");
}

static void editing(void **state)
{
	static const char text[] = "{\"a\": [1, 2.5, 9007199254740993, \"x\"], \"b\": 5000000000}";
	struct json *root = NULL;
	struct err err;
	int64_t number = -7;

	(void)state;
	assert_true(json_parse(&root, text, strlen(text), NULL, &err));
	assert_true(json_int(json_get(root, "b"), &number));
	assert_true(number == 5000000000);
	number = -7;
	struct json *list = json_member(root, "a");
	for (size_t i = 1; i < 4; i++)
		assert_false(json_int(json_item(list, i), &number));
	assert_false(json_int(NULL, &number));
	assert_true(number == -7);
	assert_null(json_item(list, 4));
	assert_null(json_item(NULL, 0));
	assert_null(json_member(root, "c"));
	assert_null(json_member(list, "a"));
	json_remove(list, json_item(list, 1));
	json_remove(list, json_item(list, 1));
	json_remove(root, json_get(root, "b"));
	json_remove(root, NULL);
	assert_prints(root, false, "{\"a\":[1,\"x\"]}");
}

/* Keys, and not the strings that look like them. */
static void places_of_keys(void **state)
{
	static const char text[] =
	    "{\"a\": \"\\\"x\\\": \",\n  \"b\" : [{\"c\":1}, \"d\"],\n\t\"a\"\n:{}}";
	static const size_t wanted[] = {0, 2, 3, 9};
	struct json_place places[4] = {{0, 0}};
	struct json *root;
	struct err err;
	(void)state;
	assert_true(json_parse(&root, text, strlen(text), NULL, &err));
	json_free(&root);
	json_key_places(text, strlen(text), wanted, 4, places);
	assert_int_equal(places[0].line, 1);
	assert_int_equal(places[0].column, 2);
	assert_int_equal(places[1].line, 2);
	assert_int_equal(places[1].column, 11);
	assert_int_equal(places[2].line, 3);
	assert_int_equal(places[2].column, 2);
	assert_int_equal(places[3].line, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reading),
	    cmocka_unit_test(an_absent_node_answers_like_nothing),
	    cmocka_unit_test(of_equal_keys_the_last_counts),
	    cmocka_unit_test(syntax_errors_have_line_and_column),
	    cmocka_unit_test(a_length_is_kept_to),
	    cmocka_unit_test(an_escaped_backslash_before_u0000_is_no_nul),
	    cmocka_unit_test(deep_nesting_is_an_error),
	    cmocka_unit_test(a_file_is_read),
	    cmocka_unit_test(printing_in_one_line),
	    cmocka_unit_test(printing_indented),
	    cmocka_unit_test(editing),
	    cmocka_unit_test(printed_texts_are_valid_and_harmless),
	    cmocka_unit_test(places_of_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
