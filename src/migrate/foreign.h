/*
 * The histories of other migration tools, known by their tables: a database that has one and none
 * of ours was migrated before, and running everything again would be wrong.
 */
#ifndef DB_ENTRY_MIGRATE_FOREIGN_H
#define DB_ENTRY_MIGRATE_FOREIGN_H

#include "db/db.h"

struct foreign_history {
	const char *table;
	const char *tools; /* for messages: "dbmate, golang-migrate or Rails" */
};

/* The first one the database has; NULL in *found when it has none. */
bool foreign_history_find(
    const struct foreign_history **found, struct db *db, const struct stop *stop, struct err *err);

#endif
