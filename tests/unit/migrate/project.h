/* A project folder of one test: made, entered, filled and removed. */
#ifndef TESTS_UNIT_MIGRATE_PROJECT_H
#define TESTS_UNIT_MIGRATE_PROJECT_H

#include "base/fs.h"
#include "base/sink.h"
#include "migrate/migration.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct project {
	char path[64], back[4096];
	struct arena arena;
	struct migration_set set;
	struct err err;
};

static const char *const project_engine_folders[] = {"sqlite", "sqlite3", NULL};

static inline int project_setup(void **state)
{
	struct project *project = calloc(1, sizeof(*project));
	assert_non_null(project);
	snprintf(project->path, sizeof(project->path), "/tmp/db-entry-test-XXXXXX");
	assert_non_null(mkdtemp(project->path));
	assert_non_null(getcwd(project->back, sizeof(project->back)));
	assert_int_equal(chdir(project->path), 0);
	*state = project;
	return 0;
}

static inline int project_remove_one(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int project_teardown(void **state)
{
	struct project *project = *state;
	assert_int_equal(chdir(project->back), 0);
	nftw(project->path, project_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_free(&project->arena);
	free(project);
	return 0;
}

static inline void project_write_bytes(const char *path, const void *data, size_t len)
{
	struct arena arena = {NULL};
	struct err err;
	assert_true(fs_make_folders(fs_folder_of(&arena, path), 0755, &err));
	assert_true(sink_put(path, data, len, 0644, &err));
	arena_free(&arena);
}

static inline void project_write(const char *path, const char *text)
{
	project_write_bytes(path, text, strlen(text));
}

static inline bool project_read(struct project *project, const char *given)
{
	return migration_read_all(&project->set, given, project_engine_folders, &dialect_sqlite,
	    &project->arena, &project->err);
}

/* What must be readable. */
static inline const struct migration_set *project_set(struct project *project)
{
	if (!project_read(project, NULL))
		fail_msg("%s:%d: %s", project->err.file, project->err.line, project->err.message);
	return &project->set;
}

/* What must be refused, at `file` and `line`, with `part` in its message. */
static inline void project_refused(
    struct project *project, enum err_kind kind, const char *file, int line, const char *part)
{
	const struct migration_set untouched = project->set;
	project->err = (struct err){0};
	assert_false(project_read(project, NULL));
	assert_int_equal(project->err.kind, kind);
	assert_string_equal(project->err.file, file);
	assert_int_equal(project->err.line, line);
	if (strstr(project->err.message, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, project->err.message);
	assert_string_not_equal(project->err.next, "");
	assert_memory_equal(&untouched, &project->set, sizeof(untouched));
}

#endif
