/*
 * Applying: each pending migration in the order of versions, with its history row; and the same way
 * one part, up or down, for whoever else runs some. In one transaction where the engine's DDL has
 * them; otherwise step by step, each statement followed by its line in the ledger, so that a crash
 * leaves an account that is true to one statement.
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/confirm.h"
#include "flow/events.h"
#include "flow/gate.h"
#include "flow/record.h"
#include <stdio.h>
#include <string.h>

enum {
	SUMMARY = 160,
	TRIES = 5, /* of a transaction the database rolled back (deadlock, a lock not obtained) */
	RETRY_PAUSE_MS = 100 /* before the second; then twice as long each time, and a bit */
};

/* One part being run. */
struct step {
	struct flow *flow;
	const struct migration_part *part;
	const struct migration *migration; /* the part's */
	struct gate gate;
	const struct history_row *former; /* of flow_run_part() */
	int done;                         /* statements */
	bool last;                        /* nothing is pending behind it */
	bool has_row;
	bool finished; /* stepwise, and its row says so */
	bool unknown;  /* nobody could be asked whether it was committed */
	int64_t began;
	char started_at[TEXT_TIME_SIZE];
};

static void note_progress(const struct step *step)
{
	char progress[200];
	snprintf(progress, sizeof(progress), "%s, statement %d of %zu", step->part->label,
	    step->done + 1, step->part->script->count);
	step->flow->driver->lock_note(step->flow->db, progress);
}

void flow_show_progress(void *context)
{
	const struct flow *flow = context;
	if (flow->applying == NULL)
		return;
	log_progress(&events[EVENT_MIGRATION_PROGRESS], flow->applying, (int64_t)flow->applied,
	    (int64_t)flow->to_apply);
}

static void log_statement(
    const struct step *step, const struct sql_statement *statement, int64_t began)
{
	char summary[SUMMARY], elapsed[32];
	sql_summary(step->flow->driver->dialect, statement, summary, sizeof(summary));
	text_elapsed(stop_now() - began, elapsed, sizeof(elapsed));
	log_event(&events[EVENT_MIGRATION_STATEMENT],
	    FIELDS(FIELD("version", step->migration->version), FIELD("file", statement->file),
		FIELD_INT("line", statement->line), FIELD("statement", summary),
		FIELD_INT("elapsed_ms", stop_now() - began)),
	    "%s:%d · %s · %s", statement->file, statement->line, summary, elapsed);
}

/* Where it failed, and the statement itself. */
static bool blame(const struct step *step, const struct sql_statement *statement, struct err *err)
{
	char summary[SUMMARY];
	sql_summary(step->flow->driver->dialect, statement, summary, sizeof(summary));
	err_at(err, statement->file, statement->line);
	return err_why(
	    err, "statement %d of %zu: %s", step->done + 1, step->part->script->count, summary);
}

static bool run_statement(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	const struct sql_statement *statement = &step->part->script->statements[step->done];
	int64_t began = stop_now();
	note_progress(step);
	if (!flow->driver->exec(flow->db, statement, &flow->stop, err))
		return blame(step, statement, err);
	log_statement(step, statement, began);
	step->done++;
	return true;
}

static bool run_statements(struct step *step, struct err *err)
{
	step->done = 0;
	while ((size_t)step->done < step->part->script->count)
		if (!run_statement(step, err))
			return false;
	return true;
}

void flow_roll_back(struct flow *flow)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err
	    ignored; /* a session that can't roll back is closed next, which rolls back too */
	flow->driver->rollback(flow->db, &stop, &ignored);
}

static bool prove(struct step *step, struct err *err)
{
	if (step->flow->driver->prove != NULL && !gate_prove(&step->gate, err))
		return false;
	step->flow->run.approval = step->gate.approval;
	return true;
}

/*
 * A first install is recorded at its end: until then there is nothing that could drift, and reading
 * a growing catalog after each of hundreds of files takes longer than they do.
 */
static bool record_schema(const struct step *step, struct err *err)
{
	return (step->flow->first_install && !step->last) ||
	       flow_record(step->flow, step->last, err);
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
		  prove(step, err) && record_done(step, err) && record_schema(step, err) &&
		  flow->driver->lock_check(flow->db, &flow->stop, err) &&
		  flow->driver->commit(flow->db, &flow->stop, err);
	if (ok)
		return true;
	flow->run = before;
	flow->snapshot = snapshot;
	flow_roll_back(flow);
	return false;
}

static struct db_limits limits_of(const struct step *step)
{
	struct db_limits limits = flow_limits(step->flow);
	if (step->part->lock_timeout >= 0)
		limits.lock_timeout = step->part->lock_timeout;
	if (step->part->statement_timeout >= 0)
		limits.statement_timeout = step->part->statement_timeout;
	return limits;
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
	struct db_limits limits = limits_of(step);
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
	return stop_sleep(&step->flow->stop, pause + text_random(pause), err);
}

static bool run_in_transaction(struct step *step, struct err *err)
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
	if (flow->driver->begin(flow->db, &flow->stop, err) && record_schema(step, err) &&
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
		if (statement->class == SQL_EITHER &&
		    !flow->driver->exec(flow->db, statement, &flow->stop, err))
			return blame(step, statement, err);
	}
	return history_statement_done(flow->db, step->migration, done, &flow->stop, err);
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

static bool record_end(struct step *step, const struct stop *stop, struct err *err)
{
	struct flow *flow = step->flow;
	if (step->part->down)
		return history_reverted(
		    flow->db, &flow->run, step->migration, step->started_at, stop, err);
	return history_finished(flow->db, &flow->run, step->migration, stop, err);
}

/* Said by the database, it is known not to be done; after a crash or a lost connection nobody
 * knows. */
static bool note_failure(const struct step *step, const struct err *err)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* the history then says less */
	if (err->kind == ERR_DATABASE &&
	    (err->retry == ERR_FATAL || err->retry == ERR_RETRY_STATEMENT ||
		err->retry == ERR_RETRY_TRANSACTION))
		history_statement_failed(step->flow->db, step->migration, &stop, &ignored);
	return false;
}

/* What the statement at work left, as far as that is in the way of a next try. */
static bool left_broken(
    const struct step *step, int at, struct db_remains *remains, struct arena *arena)
{
	const struct flow *flow = step->flow;
	const struct sql_script *script = step->part->script;
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* the next start looks again */
	return flow->driver->remains != NULL && (size_t)at < script->count &&
	       flow->driver->remains(
		   flow->db, &script->statements[at], remains, arena, &stop, &ignored) &&
	       remains->state == DB_REMAINS_BROKEN;
}

/* IF NOT EXISTS is content with what an earlier try left. */
static bool run_whole_statement(struct step *step, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_remains remains;
	if (!run_statement(step, err))
		return false;
	if (!left_broken(step, step->done - 1, &remains, &arena))
		return true;
	step->done--;
	err_set(err, ERR_DATABASE, "%s, from an earlier try", remains.what);
	return blame(step, &step->part->script->statements[step->done], err);
}

/* Each step is committed by itself; what the ledger says is never ahead of what was done. */
static bool run_stepwise(struct step *step, struct err *err)
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
		/* A statement that was done is written down even when a signal came meanwhile. */
		struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
		if (!history_statement_done(flow->db, step->migration, step->done, &stop, err))
			return false;
	}
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	if (!record_end(step, &stop, err))
		return false;
	step->finished = true;
	return record_apart(step, err);
}

/*
 * Nothing was done, so nothing has to be remembered. Tried even when the row could not be written:
 * with a lost connection nobody knows. Then no statement was run, whatever the history says.
 */
static bool forget_start(struct step *step)
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

bool flow_is_atomic(const struct flow *flow, const struct migration_part *part)
{
	return (flow->driver->features & DB_TRANSACTIONAL_DDL) != 0 && part->script->transaction;
}

static bool atomic(const struct step *step)
{
	return flow_is_atomic(step->flow, step->part);
}

bool flow_report_kept(const struct flow *flow, bool down, struct err *err)
{
	if (flow->applied > 0)
		err_why(err, "%zu %s before it in this run, committed and kept%s", flow->applied,
		    down ? "rolled back" : "applied",
		    down ? "; an image that has them applies them again" : "");
	return false;
}

/* A down part that is kept can't be mended where it is. */
static bool advise_down(const struct step *step, bool stopped, struct err *err)
{
	if (stopped)
		return err_next(err, "start again, as far as it is still wanted");
	if (err->next[0] == '\0')
		err_next(err,
		    "mend the data, or the file's down part, then: db-entry repair"
		    " --accept %s",
		    step->migration->version);
	return false;
}

/* What the driver advises fits better: it knows whether the statement is to blame at all. */
static bool advise(const struct step *step, bool stopped, struct err *err)
{
	const struct flow *flow = step->flow;
	if (step->part->down)
		return advise_down(step, stopped, err);
	if (stopped)
		return err_next(err, "start again: it runs from its first statement");
	bool first = flow->history.count == 0 && flow->applied == 0;
	if (first && strstr(err->message, "already exists") != NULL)
		err_next(err, "if all its tables are there already, made by another tool or by"
			      " hand: db-entry baseline VERSION, then start again");
	if (err->next[0] == '\0')
		err_next(err, "mend the statement or the data, then start again");
	return false;
}

/* Say what a failed migration left behind. */
static bool explain_failure(struct step *step, struct err *err)
{
	const char *label = step->part->label;
	if (step->unknown)
		return err_next(err, "start again: the history then says whether it was done");
	if (err->kind == ERR_DESTRUCTIVE)
		return false; /* it says all */
	if (step->finished)
		return err_why(err, "%s is applied, and committed", label);
	if (err->kind == ERR_MISMATCH)
		return err_why(err, "%s, the last one pending, was rolled back", label);
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_remains remains;
	bool broken = !atomic(step) && left_broken(step, step->done, &remains, &arena);
	bool nothing_left = atomic(step) || (step->done == 0 && !broken && forget_start(step));
	bool stopped = err->kind == ERR_STOPPED;
	if (nothing_left) {
		err_context(err,
		    !stopped           ? "%s failed"
		    : step->part->down ? "%s was stopped"
				       : "%s was rolled back",
		    label);
		err_at(err, step->migration->file, 0);
		if (!stopped)
			err->kind = ERR_FAILED;
		err_why(
		    err, atomic(step) ? "nothing of it remains" : "none of its statements is done");
		return advise(step, stopped, err);
	}
	err_context(err, "%s is half %s: %d of %zu statements are done", label,
	    step->part->down ? "done" : "applied", step->done, step->part->script->count);
	if (!stopped)
		err->kind = ERR_HALF_APPLIED;
	if (!broken)
		return err_next(err, "db-entry repair");
	err_why(err, "%s: that is what the statement left", remains.what);
	if (step->part->down)
		return err_next(err, "remove it: %s; then: db-entry repair", remains.cleanup);
	return err_next(err, "mend the data, then remove it and go on: db-entry repair --retry %s",
	    step->migration->version);
}

static void report_begin(const struct step *step)
{
	bool down = step->part->down;
	log_event(&events[down ? EVENT_MIGRATION_REVERTING : EVENT_MIGRATION_STARTED],
	    FIELDS(FIELD("version", step->migration->version), FIELD("name", step->migration->name),
		FIELD("file", step->migration->file),
		FIELD_INT("statements", (int64_t)step->part->script->count)),
	    "%s %s", down ? "rolling back" : "applying", step->migration->label);
}

static void report_done(const struct step *step)
{
	char elapsed[32];
	int64_t ms = stop_now() - step->began;
	size_t count = step->part->script->count;
	bool down = step->part->down;
	text_elapsed(ms, elapsed, sizeof(elapsed));
	log_event(&events[down ? EVENT_MIGRATION_REVERTED : EVENT_MIGRATION_APPLIED],
	    FIELDS(FIELD("version", step->migration->version), FIELD("name", step->migration->name),
		FIELD_INT("statements", (int64_t)count), FIELD_INT("elapsed_ms", ms)),
	    "%s %s · %zu statement%s · %s", down ? "rolled back" : "applied",
	    step->migration->label, count, count == 1 ? "" : "s", elapsed);
}

static bool pass_gate(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	gate_open(&step->gate, flow, step->part);
	if (!gate_before(&step->gate, err))
		return false;
	flow->run.approval = step->gate.approval;
	return true;
}

/* Nothing is pending behind it. */
static bool is_last(const struct flow *flow, const struct migration_part *part)
{
	for (size_t i = flow->plan.count; i-- > 0 && !part->down;)
		if (plan_item_is_pending(&flow->plan.items[i]))
			return flow->plan.items[i].migration == part->migration;
	return false;
}

bool flow_run_part(struct flow *flow, const struct migration_part *part,
    const struct history_row *row, struct err *err)
{
	struct step step = {.flow = flow,
	    .part = part,
	    .migration = part->migration,
	    .former = row,
	    .last = is_last(flow, part),
	    .has_row = row != NULL && row->state == HISTORY_STARTED && !part->down,
	    .began = stop_now()};
	struct db_limits limits = limits_of(&step);
	text_now(step.started_at);
	if (!flow->driver->reset(flow->db, &limits, &flow->stop, err))
		return err_context(err, "before %s", part->label);
	report_begin(&step);
	flow->applying = part->label;
	flow_show_progress(flow);
	bool ok = pass_gate(&step, err) &&
		  (atomic(&step) ? run_in_transaction(&step, err) : run_stepwise(&step, err));
	flow->applying = NULL;
	flow->run.approval = NULL;
	gate_close(&step.gate);
	if (ok || step.finished) {
		flow->applied++;
		report_done(&step);
	}
	return ok || explain_failure(&step, err);
}

/* A migration can have changed more than its own row. */
static bool check_outcome(struct flow *flow, struct err *err)
{
	if (!flow_look(flow, err))
		return false;
	if (flow_settled(flow, err))
		return true;
	if (err->kind == ERR_PENDING)
		err->kind = ERR_HISTORY;
	return err_context(err, "everything was applied, and yet the history says");
}

bool flow_apply(struct flow *flow, struct err *err)
{
	flow->to_apply = plan_pending(&flow->plan);
	for (size_t i = 0; i < flow->plan.count; i++) {
		const struct plan_item *items = flow->plan.items;
		if (!plan_item_is_pending(&items[i]))
			continue;
		if (!stop_check(&flow->stop, err)) {
			err_context(err, "between two migrations");
			return flow_report_kept(flow, false, err);
		}
		const struct migration_part part = migration_up(items[i].migration);
		if (!flow_run_part(flow, &part, items[i].row, err))
			return flow_report_kept(flow, false, err);
		if (flow->plan.items == items)
			continue;
		/* Connected anew, and maybe applied after that: begin with what the history says.
		 */
		if (!flow_look(flow, err))
			return flow_report_kept(flow, false, err);
		i = SIZE_MAX;
	}
	return check_outcome(flow, err);
}
