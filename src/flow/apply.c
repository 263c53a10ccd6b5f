/*
 * Applying: each pending migration in the order of versions, with its history row. In one
 * transaction where the engine's DDL has them; otherwise step by step, each statement followed by
 * its line in the ledger, so that a crash leaves an account that is true to one statement.
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/steps.h"
#include <stdio.h>
#include <string.h>

enum {
	SUMMARY = 160,
	TRIES = 5, /* of a transaction the database itself rolled back (deadlock, stale snapshot) */
	RETRY_PAUSE_MS = 50
};

/* One migration being applied. */
struct step {
	struct flow *flow;
	const struct migration *migration;
	int done; /* statements */
	bool has_row;
	int64_t began;
	char started_at[TEXT_TIME_SIZE];
};

static void note_progress(const struct step *step)
{
	char progress[200];
	snprintf(progress, sizeof(progress), "%s, statement %d of %zu", step->migration->label,
	    step->done + 1, step->migration->up.count);
	step->flow->driver->lock_note(step->flow->db, progress);
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
	    err, "statement %d of %zu: %s", step->done + 1, step->migration->up.count, summary);
}

static bool run_statement(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	const struct sql_statement *statement = &step->migration->up.statements[step->done];
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
	while ((size_t)step->done < step->migration->up.count)
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

/* The row of the run may have been rolled back with the migration's transaction. */
static bool in_transaction(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	bool recorded = flow->run.recorded;
	bool ok = flow->driver->begin(flow->db, &flow->stop, err) && run_statements(step, err) &&
		  history_applied(
		      flow->db, &flow->run, step->migration, step->started_at, &flow->stop, err) &&
		  flow->driver->commit(flow->db, &flow->stop, err);
	if (ok)
		return true;
	flow->run.recorded = recorded;
	flow_roll_back(flow);
	return false;
}

/* The connection was lost at COMMIT: only the history knows. */
static bool settle_outcome(struct step *step, struct err *err)
{
	struct err lost = *err;
	bool applied = false;
	if (!flow_reconnect(step->flow, step->migration, &applied, err))
		return err_context(err,
		    "%s: its outcome is unknown, the connection was lost at COMMIT",
		    step->migration->label);
	if (applied) {
		step->flow->run.recorded = true;
		return true;
	}
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
	    "%s was rolled back by the database (%s); trying again", step->migration->label,
	    err->message);
	return stop_sleep(&step->flow->stop, RETRY_PAUSE_MS * (int64_t)tries, err);
}

static bool apply_in_transaction(struct step *step, struct err *err)
{
	for (int tries = 1;; tries++) {
		if (in_transaction(step, err))
			return true;
		if (err->retry == ERR_OUTCOME_UNKNOWN && settle_outcome(step, err))
			return true;
		if (!try_again(step, tries, err))
			return false;
	}
}

/* Each step is committed by itself; what the ledger says is never ahead of what was done. */
static bool apply_stepwise(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	if (!history_start(flow->db, &flow->run, step->migration, &flow->stop, err))
		return false;
	step->has_row = true;
	while ((size_t)step->done < step->migration->up.count) {
		/* A statement that was done is written down even when a signal came meanwhile. */
		struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
		if (!run_statement(step, err) ||
		    !history_statement_done(flow->db, step->migration, step->done, &stop, err))
			return false;
	}
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	return history_applied(flow->db, &flow->run, step->migration, NULL, &stop, err);
}

/*
 * Nothing was done, so nothing has to be remembered. Tried even when the row could not be written:
 * with a lost connection nobody knows. Then no statement was run, whatever the history says.
 */
static bool forget_start(struct step *step)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* the row then stays, and says "0 statements done" */
	return history_forget(
		   step->flow->db, &step->flow->run, step->migration->version, &stop, &ignored) ||
	       !step->has_row;
}

static bool atomic(const struct step *step)
{
	return (step->flow->driver->features & DB_TRANSACTIONAL_DDL) != 0 &&
	       !step->migration->directives.no_transaction;
}

static void report_kept(const struct flow *flow, struct err *err)
{
	if (flow->applied > 0)
		err_why(
		    err, "%zu applied before it in this run, committed and kept", flow->applied);
}

/* Say what a failed migration left behind. */
static bool explain_failure(struct step *step, struct err *err)
{
	const char *label = step->migration->label;
	bool nothing_left = atomic(step) || (step->done == 0 && forget_start(step));
	bool stopped = err->kind == ERR_STOPPED;
	if (nothing_left) {
		err_context(err, stopped ? "%s was rolled back" : "%s failed", label);
		if (!stopped)
			err->kind = ERR_FAILED;
		err_why(err, "nothing of it remains");
		report_kept(step->flow, err);
		return err_next(err, "%s",
		    stopped ? "start again: it runs from its first statement"
			    : "mend the statement or the data, then start again");
	}
	err_context(err, "%s is half applied: %d of %zu statements are done", label, step->done,
	    step->migration->up.count);
	if (!stopped)
		err->kind = ERR_HALF_APPLIED;
	report_kept(step->flow, err);
	return err_next(err, "db-entry repair");
}

static void report_applied(const struct step *step)
{
	char elapsed[32];
	int64_t ms = stop_now() - step->began;
	text_elapsed(ms, elapsed, sizeof(elapsed));
	log_event(&events[EVENT_MIGRATION_APPLIED],
	    FIELDS(FIELD("version", step->migration->version), FIELD("name", step->migration->name),
		FIELD_INT("statements", (int64_t)step->migration->up.count),
		FIELD_INT("elapsed_ms", ms)),
	    "applied %s · %zu statement%s · %s", step->migration->label, step->migration->up.count,
	    step->migration->up.count == 1 ? "" : "s", elapsed);
}

static struct db_limits limits_of(const struct step *step)
{
	struct db_limits limits = flow_limits(step->flow);
	const struct migration_directives *directives = &step->migration->directives;
	if (directives->lock_timeout >= 0)
		limits.lock_timeout = directives->lock_timeout;
	if (directives->statement_timeout >= 0)
		limits.statement_timeout = directives->statement_timeout;
	return limits;
}

static bool apply_one(struct flow *flow, const struct migration *migration, struct err *err)
{
	struct step step = {.flow = flow, .migration = migration, .began = stop_now()};
	struct db_limits limits = limits_of(&step);
	text_now(step.started_at);
	if (!flow->driver->lock_check(flow->db, &flow->stop, err) ||
	    !flow->driver->reset(flow->db, &limits, &flow->stop, err))
		return false;
	log_event(&events[EVENT_MIGRATION_STARTED],
	    FIELDS(FIELD("version", migration->version), FIELD("name", migration->name),
		FIELD("file", migration->file),
		FIELD_INT("statements", (int64_t)migration->up.count)),
	    "applying %s", migration->label);
	if (!(atomic(&step) ? apply_in_transaction(&step, err) : apply_stepwise(&step, err)))
		return explain_failure(&step, err);
	flow->applied++;
	report_applied(&step);
	return true;
}

bool flow_apply(struct flow *flow, struct err *err)
{
	for (size_t i = 0; i < flow->plan.count; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		if (item->state != PLAN_PENDING && item->state != PLAN_OUT_OF_ORDER)
			continue;
		if (!stop_check(&flow->stop, err)) {
			err_context(err, "between two migrations");
			report_kept(flow, err);
			return false;
		}
		if (!apply_one(flow, item->migration, err))
			return false;
	}
	return flow_look(flow, err);
}

bool flow_reconnect(
    struct flow *flow, const struct migration *migration, bool *applied, struct err *err)
{
	flow_disconnect(flow);
	if (!flow_wait(flow, err) || !flow_lock(flow, err))
		return false;
	for (size_t i = 0; i < flow->history.count; i++) {
		const struct history_row *row = &flow->history.rows[i];
		if (row->state == HISTORY_APPLIED &&
		    migration_compare(row->version, migration->version) == 0)
			*applied = true;
	}
	return true;
}
