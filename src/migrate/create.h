/* A new, empty migration file. */
#ifndef DB_ENTRY_MIGRATE_CREATE_H
#define DB_ENTRY_MIGRATE_CREATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * Where a new migration goes and what it begins with: the folder as migration_read_all() finds it
 * (db/migrations, made when there is none), the version after the newest one there. Writes nothing
 * but the folder. ERR_USAGE for a name without a letter or digit.
 */
bool migration_create(char **path, struct buf *text, const char *name, const char *given,
    const char *const *engine_folders, struct arena *arena, struct err *err);

#endif
