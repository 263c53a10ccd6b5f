/*
 * Directives: comments that tell how a migration is to be run.
 *
 *	-- db-entry: no-transaction, lock-timeout=5s
 *	-- db-entry: was=0a1b2c3d4e5f
 *
 * They stand at the top of a part, before its first statement, comma-separated or on several lines.
 * A down part takes `no-transaction` and the timeouts, for itself; everything else is about the
 * migration as a whole.
 */
#ifndef DB_ENTRY_MIGRATE_DIRECTIVES_H
#define DB_ENTRY_MIGRATE_DIRECTIVES_H

#include "migrate/migration.h"

struct directives_place {
	const char *file;
	int line;
	bool down; /* in a down part */
	bool late; /* behind a statement, where it would be too late */
};

/* Nothing given. */
struct migration_directives directives_none(void);

/* True for the text of a comment (behind its dashes) that is meant as a directive. */
bool directives_are(const char *text, size_t len);

/*
 * Take a comment's directives. ERR_MALFORMED at the place for one that nobody knows, that has a
 * wrong value, is given twice or stands where it has no meaning.
 */
bool directives_parse(struct migration_directives *directives, const char *text, size_t len,
    const struct directives_place *place, struct arena *arena, struct err *err);

#endif
