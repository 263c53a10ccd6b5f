/*
 * One part being run, in a transaction (atomic.c) or statement by statement (stepwise.c). apply.c
 * decides which, and says what a failure left.
 */
#ifndef DB_ENTRY_FLOW_STEP_H
#define DB_ENTRY_FLOW_STEP_H

#include "base/text.h"
#include "flow/gate.h"

struct step {
	struct flow *flow;
	const struct migration_part *part;
	const struct migration *migration; /* the part's */
	struct gate gate;
	const struct history_row *former; /* of flow_run_part() */
	int done;                         /* statements */
	char checksum[DIGEST_HEX + 1];    /* stepwise, of those done */
	bool last;                        /* nothing is pending behind it */
	bool has_row;
	bool finished; /* stepwise, and its row says so */
	bool unknown;  /* nobody could be asked whether it was committed */
	int64_t began;
	char started_at[TEXT_TIME_SIZE];
};

/* step.c: what both do */

/* Run the statement behind those done. */
bool step_run_statement(struct step *step, struct err *err);

/* Where it failed, and the statement itself. Always false. */
bool step_blame(const struct step *step, const struct sql_statement *statement, struct err *err);

struct db_limits step_limits(const struct step *step);

/* Whether step_record_schema() will do anything. */
bool step_records_schema(const struct step *step);

/* In the open transaction: the schema as it is now, and on the last part its verdict. */
bool step_record_schema(const struct step *step, struct err *err);

/* atomic.c: all of it and its history row, or nothing. Done again where the database says that it
 * may be. */
bool step_run_atomic(struct step *step, struct err *err);

/* stepwise.c: each statement and its line in the ledger. */
bool step_run_stepwise(struct step *step, struct err *err);

/*
 * Nothing was done, so nothing has to be remembered: take the start back. True when no row says
 * that it was begun.
 */
bool step_forget_start(struct step *step);

/* What the statement behind those done left, that failed with `err`. */
struct db_remains step_remains(const struct step *step, const struct err *err, struct arena *arena);

#endif
