/* Restoring a dump, step by step, so that a command can ask in between. */
#ifndef DB_ENTRY_FLOW_RESTORE_H
#define DB_ENTRY_FLOW_RESTORE_H

#include "flow/backup.h"

struct flow_restore {
	const char *name;   /* as it was asked for: an id or a path */
	const char *folder; /* of the dumps */
	struct dump_catalogue catalogue;
	const struct dump_entry *entry; /* NULL: a file that is not in the catalogue */
	const char *path;
	const char *since; /* when it was made; where nothing says so when it was written last */
	struct dump_file file;
	const char *other;  /* says so when the dump is of another database; NULL: of this one */
	const char *safety; /* id of the dump made before; NULL: none */
};

/* Find and verify it, connect and look. Zero-initialise *restore; close it whatever this returns.
 * ERR_USAGE when there is no such dump. */
bool flow_restore_open(
    struct flow *flow, struct flow_restore *restore, const char *name, struct err *err);

/* What the database loses by it, one behind the other. */
void flow_restore_loss(const struct flow *flow, const struct flow_restore *restore,
    const char *separator, struct buf *out);

/* Lock, make a safety dump, replace. */
bool flow_restore_do(struct flow *flow, struct flow_restore *restore, struct err *err);
void flow_restore_close(struct flow_restore *restore);

#endif
