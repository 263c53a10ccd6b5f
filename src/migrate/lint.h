/* What a reviewer would say of the migrations themselves, without a database: warnings only. */
#ifndef DB_ENTRY_MIGRATE_LINT_H
#define DB_ENTRY_MIGRATE_LINT_H

#include "migrate/migration.h"

struct lint_finding {
	const char *rule; /* stable name: "half-way" */
	const char *file;
	int line; /* 0: the whole file */
	const char *text;
};

struct lint_findings {
	struct lint_finding *items; /* in the arena */
	size_t count, capacity;
};

void lint_add(struct lint_findings *findings, struct arena *arena, struct lint_finding finding);

void lint_migrations(
    struct lint_findings *findings, const struct migration_set *set, struct arena *arena);

#endif
