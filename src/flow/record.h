/* The snapshot of a run: what was left, and how the database stands to it. */
#ifndef DB_ENTRY_FLOW_RECORD_H
#define DB_ENTRY_FLOW_RECORD_H

#include "flow/steps.h"

/* How the database stands to the snapshot. */
struct standing {
	struct snapshot now; /* what would be recorded, without a verdict */
	/*
	 * The snapshot is of this history, which has nothing unfinished, and made by this engine
	 * and this format: only then does a difference mean anything.
	 */
	bool comparable;
	bool same; /* comparable, and the catalog is the one it was */
};

/* Read the snapshot into flow->snapshot, and compare. Goes by flow->history. */
bool flow_stand(struct flow *flow, struct standing *standing, struct err *err);

/* Without the lock: looks again, so long as somebody else goes on migrating. */
enum {
	STANDING_TRIES = 3
};

/*
 * Look again: did somebody commit a change since flow_stand()? Then what was read since does not
 * belong together. flow->history, the plan and flow->snapshot are as they are now.
 */
bool flow_stands(
    struct flow *flow, const struct standing *standing, bool *changed, struct err *err);

/*
 * Record what a migration, or a change to the history, left: in its transaction, behind its last
 * write. `last`: the history is now the image's set, so that what is there is held against the
 * mirror first: ERR_MISMATCH when it lacks what is expected. flow->snapshot is then what was
 * recorded; the caller puts back what was there when the transaction is rolled back.
 */
bool flow_record(struct flow *flow, bool last, struct err *err);

/*
 * The same after a change of the history alone, where flow_stand() said before how the database
 * stands: what somebody else changed of the schema stays drift.
 */
bool flow_record_history(struct flow *flow, const struct standing *standing, struct err *err);

/*
 * Record what is there with the verdict found, when nobody is migrating: one try at the lock, and
 * whatever goes wrong is only logged, since nothing but time is lost. `found` is what
 * flow_stand() and the verdict said.
 */
void flow_record_idle(struct flow *flow, const struct snapshot *found);

#endif
