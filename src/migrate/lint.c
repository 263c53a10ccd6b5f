#include "migrate/lint.h"
#include "base/fs.h"
#include <string.h>

/* Shorter versions are numbers in a sequence, longer ones moments in time (YYYYMMDDHHMMSS). */
enum {
	TIMESTAMP_DIGITS = 10
};

void lint_add(struct lint_findings *findings, struct arena *arena, struct lint_finding finding)
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
		lint_add(findings, arena,
		    (struct lint_finding){
			"empty", migration->file, 0, "it has no statement to run"});
}

/* Without a transaction for the sake of settings alone that a run makes itself. */
static bool only_for_settings(const struct sql_script *script)
{
	bool settings = false;
	for (size_t i = 0; i < script->count; i++) {
		if (script->statements[i].class == SQL_OUTSIDE)
			return false;
		if (script->statements[i].class == SQL_ABSORBED)
			settings = true;
	}
	return settings;
}

#define HALF_WAY                                                                                   \
	"several statements without a transaction: a crash between them leaves it half applied; "

/* The second statement that changes something for good; NULL: there is none. */
static const struct sql_statement *second_step(const struct sql_script *script)
{
	bool first = false;
	for (size_t i = 0; i < script->count; i++) {
		if (script->statements[i].class == SQL_EITHER)
			continue;
		if (first)
			return &script->statements[i];
		first = true;
	}
	return NULL;
}

static void check_half_way(
    struct lint_findings *findings, const struct sql_script *part, struct arena *arena)
{
	const struct sql_statement *second = second_step(part);
	if (part->transaction || second == NULL || part->commits != NULL)
		return;
	lint_add(findings, arena,
	    (struct lint_finding){"half-way", second->file, second->line,
		only_for_settings(part) ? HALF_WAY
		    "remove no-transaction: foreign keys are off while a migration runs "
		    "anyway"
					: HALF_WAY "give each a file of its own"});
}

/* Where DDL commits by itself, it takes along what could be undone as a whole without it. */
static void check_mixed(
    struct lint_findings *findings, const struct sql_script *part, struct arena *arena)
{
	const struct sql_statement *later = part->commits;
	if (part->commits == NULL || part->changes == NULL)
		return;
	if (part->changes > later)
		later = part->changes;
	lint_add(findings, arena,
	    (struct lint_finding){"mixed-statements", later->file, later->line,
		arena_printf(arena,
		    "it mixes statements that commit by themselves (line %d) with others (line "
		    "%d): they "
		    "run without a transaction, and a failure leaves a part of them; give the "
		    "others a "
		    "file of their own",
		    part->commits->line, part->changes->line)});
}

/* The version alone pairs them; a slip in it would pair what does not belong together. */
static void check_names(
    struct lint_findings *findings, const struct migration *migration, struct arena *arena)
{
	const char *down = migration->down_file, *label = migration->label;
	size_t len = strlen(label);
	if (down == NULL)
		return;
	down = fs_name_of(down);
	if (strncmp(down, label, len) != 0 || strcmp(down + len, ".down.sql") != 0)
		lint_add(findings, arena,
		    (struct lint_finding){"names-differ", migration->down_file, 0,
			arena_printf(arena,
			    "it is taken for the down part of %s, which has "
			    "another name",
			    fs_name_of(migration->file))});
}

/* Every timestamp sorts after every sequence number, whenever it was written. */
static void check_order(
    struct lint_findings *findings, const struct migration_set *set, size_t at, struct arena *arena)
{
	if (at == 0 || is_timestamp(&set->items[at]) == is_timestamp(&set->items[at - 1]))
		return;
	lint_add(findings, arena,
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
		check_half_way(findings, &set->items[i].up, arena);
		check_half_way(findings, &set->items[i].down, arena);
		check_mixed(findings, &set->items[i].up, arena);
		check_mixed(findings, &set->items[i].down, arena);
		check_names(findings, &set->items[i], arena);
		check_order(findings, set, i, arena);
	}
}
