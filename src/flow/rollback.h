/*
 * Rolling back: the down parts of applied migrations, in the reverse of the order in which they
 * were applied. What is run is the text the history keeps, so that an image that never had the file
 * can do it.
 */
#ifndef DB_ENTRY_FLOW_ROLLBACK_H
#define DB_ENTRY_FLOW_ROLLBACK_H

#include "flow/flow.h"
#include "migrate/part.h"

/* One migration that is to be undone. */
struct flow_undo {
	const struct history_row *row;
	struct migration kept; /* history_read_down(), at the lines of a file that says the same */
	struct migration_part part;
	const struct migration *file; /* the image's; NULL: it has none, so can't apply it again */
};

struct flow_rollback {
	/* What is asked for; the caller's. */
	const char *to; /* the version that stays applied, or FLOW_ROLLBACK_ALL; NULL: `steps` */
	int64_t steps;
	/* What that means: newest first, in the flow's arena. */
	struct flow_undo *items;
	size_t count;
};

#define FLOW_ROLLBACK_ALL "none"

/*
 * Find what is to be undone, after flow_look(). Nothing is no error. ERR_USAGE for more steps than
 * there are and for a version that is not applied; ERR_HALF_APPLIED for an unfinished migration;
 * ERR_HISTORY, naming each, for those without a down part.
 */
bool flow_rollback_find(struct flow *flow, struct flow_rollback *rollback, struct err *err);

/* May it be done here? ERR_DESTRUCTIVE, ERR_READ_ONLY. What the database is asked is left out. */
bool flow_rollback_check(struct flow *flow, const struct flow_rollback *rollback, struct err *err);

/*
 * Lock, find again, dump, undo one after the other. ERR_HISTORY when what is to be undone is not
 * what it was before the lock: two that were asked for one step must not undo two. flow->applied
 * counts those that are undone.
 */
bool flow_rollback_do(struct flow *flow, struct flow_rollback *rollback, struct err *err);

/* What a person should know of one: up to this many lines into `texts`. */
enum {
	FLOW_CAUTIONS = 2
};
size_t flow_undo_cautions(const struct flow_undo *undo, const char *texts[FLOW_CAUTIONS]);

#endif
