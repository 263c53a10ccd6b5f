/*
 * A part statement by statement, each committed by itself and followed by its line in the ledger,
 * so that a crash leaves an account that is true to one statement.
 */
#include "base/log.h"
#include "flow/confirm.h"
#include "flow/events.h"
#include "flow/record.h"
#include "flow/step.h"
#include "sql/names.h"

/* Then nobody has judged yet what is left, and the application would start on it. */
static bool judge_unrecorded(const struct step *step, struct err *err)
{
	return !step->last || (flow_look(step->flow, err) && flow_confirm(step->flow, false, err));
}

/*
 * The part is done, and stays: what can't be recorded now is found out by the next start. Only
 * that live lacks what the mirror states is told at once.
 */
static bool record_apart(const struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	const struct snapshot before = flow->snapshot;
	bool done;
	if (!step_records_schema(step))
		return true;
	if (flow->driver->begin(flow->db, &flow->stop, err) && step_record_schema(step, err) &&
	    flow->driver->commit(flow->db, &flow->stop, err))
		return true;
	flow->snapshot = before;
	flow_roll_back(flow);
	if (err->kind == ERR_MISMATCH || err->kind == ERR_STOPPED)
		return false;
	if (err->retry == ERR_OUTCOME_UNKNOWN)
		return flow_reconnect(flow, step->part, &done, err);
	log_event(&events[EVENT_SNAPSHOT_UNRECORDED], FIELDS(FIELD("reason", err->message)),
	    "what the schema is now was not recorded: %s", err->message);
	return judge_unrecorded(step, err);
}

/* Settings that its statements made for each other were those of another session. */
static bool resume(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	const struct sql_script *script = step->part->script;
	int done = step->former->statements_done;
	for (; step->done < done; step->done++) {
		const struct sql_statement *statement = &script->statements[step->done];
		if (sql_is_setting(script->dialect, statement) &&
		    !flow->driver->exec(flow->db, statement, &flow->stop, err))
			return step_blame(step, statement, err);
		sql_add_checksum(script->dialect, statement, step->checksum);
	}
	return history_resume(
	    flow->db, &flow->run, step->migration, done, step->checksum, &flow->stop, err);
}

static bool record_start(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	if (step->has_row)
		return resume(step, err);
	if (step->part->down)
		return history_revert_start(
		    flow->db, &flow->run, step->migration, step->started_at, &flow->stop, err);
	return history_start(flow->db, &flow->run, step->migration, step->former, &flow->stop, err);
}

static bool note_statement(struct step *step, const struct stop *stop, struct err *err)
{
	return history_statement_done(
	    step->flow->db, step->migration, step->done, step->checksum, stop, err);
}

static bool record_end(struct step *step, const struct stop *stop, struct err *err)
{
	struct flow *flow = step->flow;
	if (step->part->down)
		return history_reverted(
		    flow->db, &flow->run, step->migration, step->started_at, stop, err);
	return history_finished(flow->db, &flow->run, step->migration, stop, err);
}

/*
 * What was done is written down also when a signal comes meanwhile, then without much patience;
 * without one as patiently as anything. Done twice it is the same.
 */
static bool write_down(struct step *step,
    bool (*write)(struct step *step, const struct stop *stop, struct err *err), struct err *err)
{
	if (write(step, &step->flow->stop, err))
		return true;
	if (err->kind != ERR_STOPPED)
		return false;
	const struct err stopped = *err;
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	if (write(step, &stop, err))
		return true;
	*err = stopped;
	return false;
}

/*
 * Said by the database, or stopped while it still answers, or the lock was lost before: then it is
 * known not to be done. After a crash or a lost connection nobody knows.
 */
static bool is_undone(const struct err *err)
{
	return err->kind == ERR_STOPPED || err->kind == ERR_LOCK ||
	       (err->kind == ERR_DATABASE && err->retry != ERR_RETRY &&
		   err->retry != ERR_OUTCOME_UNKNOWN);
}

/* Nothing is written where the session is lost. */
static bool note_failure(const struct step *step, const struct err *err)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* the history then says less */
	if (is_undone(err))
		history_statement_failed(step->flow->db, step->migration,
		    &step->part->script->statements[step->done], &stop, &ignored);
	return false;
}

static struct db_remains look_at_remains(
    const struct step *step, int at, bool failed, struct arena *arena)
{
	const struct flow *flow = step->flow;
	const struct sql_script *script = step->part->script;
	struct db_remains remains = {.state = DB_REMAINS_UNKNOWN};
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* the next start looks again */
	if ((size_t)at < script->count &&
	    !flow->driver->remains(flow->db, &script->statements[at], failed, step->started_at,
		&remains, arena, &stop, &ignored))
		remains.state = DB_REMAINS_UNKNOWN;
	return remains;
}

struct db_remains step_remains(const struct step *step, const struct err *err, struct arena *arena)
{
	return look_at_remains(step, step->done, is_undone(err), arena);
}

/* IF NOT EXISTS is content with what an earlier try left. */
static bool run_whole_statement(struct step *step, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const struct sql_statement *statement = &step->part->script->statements[step->done];
	if (!step_run_statement(step, err))
		return false;
	if (!statement->conditional && !sql_statement_names(statement, "EXISTS"))
		return true;
	const struct db_remains remains = look_at_remains(step, step->done - 1, false, &arena);
	if (remains.state != DB_REMAINS_BROKEN)
		return true;
	step->done--;
	err_set(err, ERR_DATABASE, "%s, from an earlier try", remains.what);
	return step_blame(step, statement, err);
}

/* That the last statement is done is said by the end, or where that can't be written. */
static bool finish(struct step *step, struct err *err)
{
	struct err ignored;
	if (write_down(step, record_end, err))
		return step->finished = true;
	if (step->done > 0)
		write_down(step, note_statement, &ignored);
	return false;
}

/* Each step is committed by itself; what the ledger says is never ahead of what was done. */
bool step_run_stepwise(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	if (!record_start(step, err))
		return false;
	step->has_row = true;
	while ((size_t)step->done < step->part->script->count) {
		if (!flow->driver->lock_check(flow->db, &flow->stop, err))
			return false;
		if (!run_whole_statement(step, err))
			return note_failure(step, err);
		sql_add_checksum(flow->driver->dialect,
		    &step->part->script->statements[step->done - 1], step->checksum);
		if ((size_t)step->done < step->part->script->count &&
		    !write_down(step, note_statement, err))
			return false;
	}
	return finish(step, err) && record_apart(step, err);
}

/*
 * Nothing was done, so nothing has to be remembered. Tried even when the row could not be written:
 * with a lost connection nobody knows. Then no statement was run, whatever the history says.
 */
bool step_forget_start(struct step *step)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* the row then stays, and says "0 statements done" */
	if (step->part->down)
		return history_revert_cancel(
			   step->flow->db, &step->flow->run, step->former, &stop, &ignored) ||
		       !step->has_row;
	if (!step->has_row && step->former != NULL)
		return true; /* that row is not of this start */
	return history_forget(
		   step->flow->db, &step->flow->run, step->migration->version, &stop, &ignored) ||
	       !step->has_row;
}
