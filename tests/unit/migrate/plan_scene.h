/* What the tests of the plan share: an image and a history built row by row. */
#ifndef DB_ENTRY_TESTS_PLAN_SCENE_H
#define DB_ENTRY_TESTS_PLAN_SCENE_H

#include "migrate/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	MOST = 64
};

/* A scene: what the image has and what was applied, built row by row. */
struct scene {
	struct arena arena;
	struct migration migrations[MOST];
	struct history_row rows[MOST];
	struct migration_set set;
	struct history history;
	struct plan plan;
	struct err err;
};

static inline int setup(void **state)
{
	struct scene *scene = test_calloc(1, sizeof(*scene));

	scene->set.items = scene->migrations;
	scene->history = (struct history){.exists = true, .rows = scene->rows};
	*state = scene;
	return 0;
}

static inline int teardown(void **state)
{
	struct scene *scene = *state;

	arena_free(&scene->arena);
	test_free(scene);
	return 0;
}

/* A file of the image, in the order of versions. */
static inline struct migration *file(
    struct scene *scene, const char *version, const char *name, char digest)
{
	struct migration *migration = &scene->migrations[scene->set.count++];

	migration->version = version;
	migration->name = name;
	migration->file = arena_printf(&scene->arena, "migrations/%s_%s.sql", version, name);
	memset(migration->up.checksum, digest, DIGEST_HEX);
	return migration;
}

/* The next row of the history. */
static inline struct history_row *row(
    struct scene *scene, const char *version, const char *name, char digest)
{
	struct history_row *added = &scene->rows[scene->history.count++];
	char *checksum = arena_alloc(&scene->arena, DIGEST_HEX + 1);

	memset(checksum, digest, DIGEST_HEX);
	*added = (struct history_row){.version = version,
	    .name = name,
	    .checksum = checksum,
	    .state = HISTORY_APPLIED,
	    .position = (int64_t)scene->history.count,
	    .statements_done = 1,
	    .statements_total = 1};
	return added;
}

/* `expected`: "0001 applied, 0002 pending" */
static inline void check_states(struct scene *scene, const char *expected)
{
	char actual[1024] = "";
	size_t used = 0;

	plan_make(&scene->plan, &scene->set, &scene->history, &scene->arena);
	for (size_t i = 0; i < scene->plan.count; i++) {
		const struct plan_item *item = &scene->plan.items[i];
		used += (size_t)snprintf(actual + used, sizeof(actual) - used, "%s%s %s",
		    i > 0 ? ", " : "",
		    item->migration != NULL ? item->migration->version : item->row->version,
		    plan_state_name(item->state));
	}
	assert_string_equal(actual, expected);
}

static inline void check_allowed(struct scene *scene)
{
	if (!plan_check(&scene->plan, false, &scene->err))
		fail_msg("%s", scene->err.message);
}

static inline void check_refused(struct scene *scene, enum err_kind kind, const char *message)
{
	assert_false(plan_check(&scene->plan, false, &scene->err));
	assert_int_equal(scene->err.kind, kind);
	assert_string_equal(scene->err.message, message);
	assert_string_not_equal(scene->err.next, "");
}

#define ASSERT_SAYS(text, part)                                                                    \
	do {                                                                                       \
		if (strstr(text, part) == NULL)                                                    \
			fail_msg("\"%s\" is not in:\n%s", part, text);                             \
	} while (0)

static inline void add_statements(struct scene *scene, struct migration *migration)
{
	static struct sql_statement statements[] = {
	    {.text = "CREATE TABLE a (b)", .len = 18, .file = "migrations/1_a.sql", .line = 3},
	    {.text = "CREATE\n  INDEX i", .len = 16, .file = "migrations/1_a.sql", .line = 5},
	};

	(void)scene;
	migration->up.dialect = &dialect_sqlite;
	migration->up.statements = statements;
	migration->up.count = 2;
}

static inline struct history_row *half(struct scene *scene, int done)
{
	struct history_row *started = row(scene, "1", "a", 'a');

	started->state = HISTORY_STARTED;
	started->statements_done = done;
	started->statements_total = 2;
	return started;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
