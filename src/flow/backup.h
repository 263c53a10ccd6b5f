/* Dumps: before a run changes something, and on request. */
#ifndef DB_ENTRY_FLOW_BACKUP_H
#define DB_ENTRY_FLOW_BACKUP_H

#include "dump/dump.h"
#include "flow/flow.h"

/* Is what DB_ENTRY_DUMP says possible at all? ERR_CONFIG otherwise. */
bool flow_backup_check(struct config *config, struct err *err);

/* Before a database is replaced: as flow_backup() (steps.h), without the exception, and nothing is
 * removed. *id is NULL when there was nothing to save or DB_ENTRY_DUMP=never. */
bool flow_backup_safety(struct flow *flow, const char *reason, const char **id, struct err *err);

/* The folder of this database's dumps; ERR_DUMP when there is none. Needs no connection. */
bool flow_dump_folder(struct flow *flow, const char **folder, struct err *err);

/* What is wished beside the settings. */
struct flow_dump_wish {
	const char *label; /* NULL: none */
	const char *reason;
	bool automatic;
};

/* Make a dump now, under the lock. */
bool flow_dump(struct flow *flow, const char *folder, const struct flow_dump_wish *wish,
    struct dump_entry *entry, struct err *err);

/* Remove what is past its retention; what can't be is logged. */
void flow_dump_tidy(struct flow *flow, const char *folder);

/* Progress of a dump or restore; the context is its name. */
void flow_dump_progress(void *what, int64_t done, int64_t total);

#endif
