/*
 * One part of a migration, up or down, as it is judged, approved and run.
 *
 * A down part is the one that the history keeps: the file may be gone, or say something else by
 * now. Each part has its own directives; none of the up part's holds for the down part.
 */
#ifndef DB_ENTRY_MIGRATE_PART_H
#define DB_ENTRY_MIGRATE_PART_H

#include "migrate/migration.h"

struct migration_part {
	const struct migration *migration; /* which it belongs to; outlives it */
	const struct sql_script *script;   /* of the migration */
	bool down;
	const char *label; /* for messages: "0012_add_users", "rollback of 0012_add_users" */
	bool destructive;
	bool stepwise; /* it can't be run in a transaction, whatever its script says */
	int64_t lock_timeout, statement_timeout; /* ms; -1: not given */
};

struct migration_part migration_up(const struct migration *migration);

/* `label` lives in the arena. */
struct migration_part migration_down(const struct migration *migration, struct arena *arena);

/*
 * Read a down part as it was kept (struct migration's down_text) into `migration`: its script and
 * its directives. Places in messages are `migration->file` and lines of the text. Errors as
 * migration_read_all().
 */
bool migration_read_down(struct migration *migration, const char *text,
    const struct dialect *dialect, struct arena *arena, struct err *err);

#endif
