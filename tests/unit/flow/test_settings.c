/* The settings table is a contract for help, docs and the parser: every row is complete. */
#include "flow/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_rows_are_in_order_and_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		assert_int_equal(s->id, i);
		assert_non_null(s->name);
		assert_non_null(s->argument);
		assert_non_null(s->topic);
		assert_non_null(s->help);
		assert_int_equal(s->help[strlen(s->help) - 1], '.');
	}
}

static void test_names(void **state)
{
	char name[64];

	(void)state;
	setting_option_name(&settings[SETTING_WAIT_TIMEOUT], name, sizeof(name));
	assert_string_equal(name, "wait-timeout");
	setting_env_name(&settings[SETTING_WAIT_TIMEOUT], name, sizeof(name));
	assert_string_equal(name, "DB_ENTRY_WAIT_TIMEOUT");
	setting_option_name(&settings[SETTING_WAIT_TIMEOUT], name, 5);
	assert_string_equal(name, "wait");
}

static void test_names_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		const char *name = settings[i].name;

		/* With DB_ENTRY_ and _FILE in the 64 bytes callers have. */
		assert_true(strlen(name) < 64 - strlen("DB_ENTRY__FILE"));
		assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(name));
	}
}

/* Kubernetes sets DB_ENTRY_PORT and DB_ENTRY_SERVICE_HOST; _FILE belongs to the twins. */
static void test_names_are_free_for_us(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		const char *name = settings[i].name;
		size_t len = strlen(name);

		assert_int_not_equal(strncmp(name, "PORT", 4), 0);
		assert_int_not_equal(strncmp(name, "SERVICE_", 8), 0);
		assert_false(len > 5 && strcmp(name + len - 5, "_FILE") == 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(name, settings[j].name);
	}
}

/* Help and docs print a heading where the topic changes. */
static void test_topics_are_neighbours(void **state)
{
	size_t changes = 0, topics = 0;

	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		size_t first = 0;

		while (strcmp(settings[first].topic, settings[i].topic) != 0)
			first++;
		topics += first == i;
		changes += i == 0 || strcmp(settings[i - 1].topic, settings[i].topic) != 0;
	}
	assert_int_equal(changes, topics);
}

static void test_choices_where_the_type_needs_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];
		bool needs = s->type == SETTING_IS_CHOICE || s->type == SETTING_IS_SWITCH ||
			     s->type == SETTING_IS_INT;

		assert_int_equal(s->choices != NULL, needs);
		/* config_ms(), config_int() and config_is() always have a value to work on. */
		if (needs || s->type == SETTING_IS_DURATION)
			assert_non_null(s->fallback);
		if (s->secret)
			assert_null(s->fallback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_are_in_order_and_complete),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_names_fit),
	    cmocka_unit_test(test_names_are_free_for_us),
	    cmocka_unit_test(test_topics_are_neighbours),
	    cmocka_unit_test(test_choices_where_the_type_needs_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
