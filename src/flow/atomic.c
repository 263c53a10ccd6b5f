/*
 * A part and its history row in one transaction. The database may roll it back for others' sake
 * (deadlock, a lock not obtained) or be lost at COMMIT; then it is done again.
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/step.h"

enum {
	TRIES = 5,
	RETRY_PAUSE_MS = 100 /* before the second; then twice as long each time, and a bit */
};

static bool run_statements(struct step *step, struct err *err)
{
	step->done = 0;
	while ((size_t)step->done < step->part->script->count)
		if (!step_run_statement(step, err))
			return false;
	return true;
}

static bool prove(struct step *step, struct err *err)
{
	if (step->flow->driver->prove != NULL && !gate_prove(&step->gate, err))
		return false;
	step->flow->run.approval = step->gate.approval;
	return true;
}

static bool record_done(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	if (step->part->down)
		return history_reverted(
		    flow->db, &flow->run, step->migration, step->started_at, &flow->stop, err);
	return history_applied(flow->db, &flow->run, step->migration, step->former,
	    step->started_at, &flow->stop, err);
}

/* The run's row, and the position counted, go with the migration's transaction. */
static bool in_transaction(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	const struct history_run before = flow->run;
	const struct snapshot snapshot = flow->snapshot;
	bool ok = flow->driver->begin(flow->db, &flow->stop, err) && run_statements(step, err) &&
		  prove(step, err) && record_done(step, err) && step_record_schema(step, err) &&
		  flow->driver->lock_check(flow->db, &flow->stop, err) &&
		  flow->driver->commit(flow->db, &flow->stop, err);
	if (ok)
		return true;
	flow->run = before;
	flow->snapshot = snapshot;
	flow_roll_back(flow);
	return false;
}

/* The connection was lost at COMMIT: only the history knows. */
static bool settle_outcome(struct step *step, struct err *err)
{
	struct err lost = *err;
	bool done = false;
	if (!flow_reconnect(step->flow, step->part, &done, err)) {
		step->unknown = true;
		err->retry = ERR_FATAL; /* of reconnecting, not of the transaction */
		return err_context(err, "%s: its outcome is unknown since COMMIT failed with: %s",
		    step->part->label, lost.message);
	}
	if (done) {
		step->flow->run.recorded = true;
		return true;
	}
	struct db_limits limits = step_limits(step);
	if (!step->flow->driver->reset(step->flow->db, &limits, &step->flow->stop, err))
		return false;
	*err = lost;
	err->retry = ERR_RETRY_TRANSACTION; /* it was not committed, so it can be done again */
	return false;
}

static bool try_again(struct step *step, int tries, struct err *err)
{
	if (err->retry != ERR_RETRY_TRANSACTION || tries >= TRIES)
		return false;
	log_event(&events[EVENT_MIGRATION_RETRIED],
	    FIELDS(FIELD("version", step->migration->version), FIELD("code", err->code),
		FIELD("reason", err->message)),
	    "%s was rolled back by the database (%s); trying again", step->part->label,
	    err->message);
	/* Those who waited behind us must get in, and whom we fell out with must not be met again.
	 */
	int64_t pause = (int64_t)RETRY_PAUSE_MS << (tries - 1);
	struct flow *flow = step->flow;
	return stop_sleep(&flow->stop, pause + text_random(pause), err) &&
	       flow->driver->lock_check(flow->db, &flow->stop, err);
}

bool step_run_atomic(struct step *step, struct err *err)
{
	for (int tries = 1;; tries++) {
		step->gate.again = step->gate.refused = false;
		if (in_transaction(step, err))
			return true;
		if (step->gate.again) {
			tries--;
			continue;
		}
		if (step->gate.refused)
			return gate_explain(&step->gate, err);
		if (err->retry == ERR_OUTCOME_UNKNOWN && settle_outcome(step, err))
			return true;
		if (!try_again(step, tries, err))
			return false;
	}
}
