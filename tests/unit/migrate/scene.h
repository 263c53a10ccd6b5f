/* A database with a history in a project folder, through the driver interface alone. */
#ifndef TESTS_UNIT_MIGRATE_SCENE_H
#define TESTS_UNIT_MIGRATE_SCENE_H

#include "migrate/history.h"
#include "project.h"

struct scene {
	struct project *project;
	struct db *db;
	struct stop stop;
	struct history_run run;
	struct history history;
};

static struct scene scene;

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, scene.project->err.message);                     \
	} while (0)

static inline struct err *err_of(void)
{
	return &scene.project->err;
}

static inline int setup(void **state)
{
	const struct db_options options = {.application_name = "test", .create = true};
	enum db_lock_state lock;
	struct db_holder holder;
	struct url url;

	project_setup(state);
	scene = (struct scene){.project = *state, .stop = stop_never()};
	assert_true(url_parse(&url, "sqlite:shop.db", &scene.project->arena, err_of()));
	OK(db_driver_for(&url, err_of())->open(&scene.db, &url, &options, &scene.stop, err_of()));
	OK(scene.db->driver->lock_try(scene.db, &lock, &holder, &scene.stop, err_of()));
	assert_int_equal(lock, DB_LOCK_TAKEN);
	history_run_init(&scene.run, "apply", "1.2.3");
	return 0;
}

static inline int teardown(void **state)
{
	db_close(&scene.db);
	return project_teardown(state);
}

static inline void prepare(void)
{
	OK(history_prepare(scene.db, &scene.stop, err_of()));
}

static inline const struct history_row *read_back(size_t count)
{
	OK(history_read(&scene.history, scene.db, &scene.project->arena, &scene.stop, err_of()));
	assert_true(scene.history.exists);
	assert_int_equal(scene.history.count, count);
	return scene.history.rows;
}

/* Our own tables, asked directly: the first cell, NULL for NULL. */
static inline const char *ask(const char *sql)
{
	struct db_rows rows;

	OK(scene.db->driver->query(
	    scene.db, sql, NULL, 0, &scene.project->arena, &rows, &scene.stop, err_of()));
	assert_true(rows.count > 0 && rows.columns > 0);
	return rows.cells[0];
}

static inline void tell(const char *sql)
{
	OK(scene.db->driver->query(
	    scene.db, sql, NULL, 0, &scene.project->arena, NULL, &scene.stop, err_of()));
}

static inline const struct migration *migration(const char *version, const char *text)
{
	const struct migration *found;
	const char *path =
	    arena_printf(&scene.project->arena, "migrations/%s_m%s.sql", version, version);

	project_write(path, text);
	found = migration_find(project_set(scene.project), version);
	assert_non_null(found);
	return found;
}

static const char began[] = "2026-01-31T12:00:00.123Z";

#endif
