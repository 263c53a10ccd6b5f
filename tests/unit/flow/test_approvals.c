/* Approvals: what is read from the variable and the file, and what it approves where. */
#include "base/sink.h"
#include "flow/approvals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define A "0123456789ab"
#define B "ba9876543210"

static struct arena arena;
static struct err err;

static bool read_both(struct approvals *approvals, const char *variable, const char *file)
{
	char path[] = "/tmp/db-entry-unit-XXXXXX";
	int fd = mkstemp(path);
	struct config config = {0};
	assert_true(fd >= 0);
	close(fd);
	if (file == NULL)
		unlink(path);
	else
		assert_true(sink_put(path, file, strlen(file), 0600, &err));
	config.values[SETTING_APPROVE].text = variable;
	config.values[SETTING_APPROVALS].text = path;
	bool ok = approvals_read(approvals, &config, &arena, &err);
	unlink(path);
	return ok;
}

static enum approval_state find(const char *variable, enum permission permission)
{
	struct approvals approvals;
	const char *used = NULL;
	assert_true(read_both(&approvals, variable, NULL));
	return approvals_find(&approvals, permission, "007", "7@" A, &used);
}

static void both_sources_count(void **state)
{
	(void)state;
	struct approvals approvals;
	const char *used;
	assert_true(
	    read_both(&approvals, " 1@" A ",2 ,\t3@" B, "# why\r\n\n 4@" A " so\r\n5@" B "\tx"));
	assert_int_equal(approvals.count, 5);
	assert_false(approvals.all);
	assert_int_equal(
	    approvals_find(&approvals, PERMISSION_REVIEW, "4", "0004@" A, &used), APPROVAL_GIVEN);
	assert_string_equal(used, "4@" A);
	assert_int_equal(
	    approvals_find(&approvals, PERMISSION_REVIEW, "6", "6@" A, &used), APPROVAL_NONE);
	assert_true(read_both(&approvals, NULL, NULL));
	assert_int_equal(approvals.count, 0);
}

static void what_is_none_is_refused(void **state)
{
	(void)state;
	static const char *const lines[] = {"7 why", "7@" A, "7@" A "  ", "x@" A " why",
	    "7@0123456789AB why", "7@" A "0 why", "all why", "7@ why", "@" A " why"};
	static const char *const words[] = {"x", "7@", "7@0123", "7@@" A, "ALL", "7@" A "c",
	    "7@down:", "7@down" A, "7@up:" A, "7@down:" A "c", "7@down:down:" A};
	struct approvals approvals;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char file[100];
		snprintf(file, sizeof(file), "# first\n%s\n", lines[i]);
		assert_false(read_both(&approvals, NULL, file));
		assert_int_equal(err.kind, ERR_MALFORMED);
		assert_int_equal(err.line, 2);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_false(read_both(&approvals, words[i], NULL));
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

static void what_counts_where(void **state)
{
	(void)state;
	assert_int_equal(find("7@" A, PERMISSION_REVIEW), APPROVAL_GIVEN);
	assert_int_equal(find("7@" B, PERMISSION_TRUE), APPROVAL_STALE);
	assert_int_equal(find("7@" B ",7@" A, PERMISSION_TRUE), APPROVAL_GIVEN);
	assert_int_equal(find("7@" B ",all", PERMISSION_TRUE), APPROVAL_STALE);
	assert_int_equal(find("7", PERMISSION_TRUE), APPROVAL_GIVEN);
	assert_int_equal(find("00007", PERMISSION_UNNAMED), APPROVAL_GIVEN);
	assert_int_equal(find("7", PERMISSION_REVIEW), APPROVAL_WEAK);
	assert_int_equal(find("7", PERMISSION_CHANGE_REQUEST), APPROVAL_WEAK);
	assert_int_equal(find("all", PERMISSION_TRUE), APPROVAL_GIVEN);
	assert_int_equal(find("all", PERMISSION_UNNAMED), APPROVAL_WEAK);
	assert_int_equal(find("all", PERMISSION_REVIEW), APPROVAL_WEAK);
	assert_int_equal(find("70@" A, PERMISSION_TRUE), APPROVAL_NONE);
}

/* Neither direction's approvals are there for the other, and nothing less than a token undoes. */
static void rollbacks_have_their_own(void **state)
{
	(void)state;
	static const struct {
		const char *given, *token;
		enum approval_state expected;
	} cases[] = {
	    {"7@down:" A, "7@down:" A, APPROVAL_GIVEN},
	    {"007@down:" A, "7@down:" A, APPROVAL_GIVEN},
	    {"7@down:" B, "7@down:" A, APPROVAL_STALE},
	    {"7@" A, "7@down:" A, APPROVAL_NONE},
	    {"7@down:" A, "7@" A, APPROVAL_NONE},
	    {"7@down:" B ",7", "7@" A, APPROVAL_GIVEN},
	    {"7", "7@down:" A, APPROVAL_WEAK},
	    {"all", "7@down:" A, APPROVAL_WEAK},
	    {"8@down:" A, "7@down:" A, APPROVAL_NONE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct approvals approvals;
		const char *used = NULL;
		assert_true(read_both(&approvals, cases[i].given, NULL));
		assert_int_equal(
		    approvals_find(&approvals, PERMISSION_TRUE, "007", cases[i].token, &used),
		    cases[i].expected);
	}
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_sources_count),
	    cmocka_unit_test(what_is_none_is_refused),
	    cmocka_unit_test(what_counts_where),
	    cmocka_unit_test(rollbacks_have_their_own),
	};
	return cmocka_run_group_tests_name("approvals", tests, NULL, tear_down);
}
