#include "migrate/lint.h"
#include <string.h>

/* Shorter versions are numbers in a sequence, longer ones moments in time (YYYYMMDDHHMMSS). */
enum {
	TIMESTAMP_DIGITS = 10
};

static void add(struct lint_findings *findings, struct arena *arena, struct lint_finding finding)
{
	findings->items = arena_grow(
	    arena, findings->items, findings->count, &findings->capacity, sizeof(*findings->items));
	findings->items[findings->count++] = finding;
}

static bool is_timestamp(const struct migration *migration)
{
	return strlen(migration->version) >= TIMESTAMP_DIGITS;
}

static void check_empty(
    struct lint_findings *findings, const struct migration *migration, struct arena *arena)
{
	if (migration->up.count == 0)
		add(findings, arena,
		    (struct lint_finding){
			"empty", migration->file, 0, "it has no statement to run"});
}

static void check_half_way(
    struct lint_findings *findings, const struct migration *migration, struct arena *arena)
{
	if (!migration->directives.no_transaction || migration->up.count < 2)
		return;
	add(findings, arena,
	    (struct lint_finding){"half-way", migration->file, migration->up.statements[1].line,
		"several statements without a transaction: a crash between them leaves it half "
		"applied; give each a file of its own"});
}

/* Every timestamp sorts after every sequence number, whenever it was written. */
static void check_order(
    struct lint_findings *findings, const struct migration_set *set, size_t at, struct arena *arena)
{
	if (at == 0 || is_timestamp(&set->items[at]) == is_timestamp(&set->items[at - 1]))
		return;
	add(findings, arena,
	    (struct lint_finding){"mixed-versions", set->items[at].file, 0,
		arena_printf(arena,
		    "timestamps and sequence numbers are mixed: it sorts after %s and every other "
		    "number, also after those written later",
		    set->items[at - 1].label)});
}

void lint_migrations(
    struct lint_findings *findings, const struct migration_set *set, struct arena *arena)
{
	*findings = (struct lint_findings){0};
	for (size_t i = 0; i < set->count; i++) {
		check_empty(findings, &set->items[i], arena);
		check_half_way(findings, &set->items[i], arena);
		check_order(findings, set, i, arena);
	}
}
