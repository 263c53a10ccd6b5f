/*
 * Applying: each pending migration in the order of versions, with its history row; and the same way
 * one part, up or down, for whoever else runs some.
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/step.h"
#include <stdio.h>
#include <string.h>

void flow_show_progress(void *context)
{
	const struct flow *flow = context;
	if (flow->applying == NULL)
		return;
	log_progress(&events[EVENT_MIGRATION_PROGRESS], flow->applying, (int64_t)flow->applied,
	    (int64_t)flow->to_apply);
}

void flow_roll_back(struct flow *flow)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err
	    ignored; /* a session that can't roll back is closed next, which rolls back too */
	flow->driver->rollback(flow->db, &stop, &ignored);
}

bool flow_is_atomic(const struct migration_part *part)
{
	return part->script->transaction && !part->stepwise;
}

bool flow_can_go_on(const struct flow *flow, const struct plan_item *item)
{
	if (item->state != PLAN_UNFINISHED || item->migration == NULL)
		return false;
	const struct migration_part part = migration_up(item->migration);
	/* By its tables it may have been begun so, whatever its script says. */
	return !flow_is_atomic(&part) || flow->driver->undoes != NULL;
}

static bool atomic(const struct step *step)
{
	return flow_is_atomic(step->part);
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
static bool advise_down(const struct step *step, bool ended, struct err *err)
{
	if (ended)
		return err_next(err, "start again, as far as it is still wanted");
	if (err->next[0] == '\0')
		err_next(err,
		    "mend the data, or the file's down part, then: db-entry repair"
		    " --accept %s",
		    step->migration->version);
	return false;
}

void flow_advise_baseline(const struct flow *flow, struct err *err)
{
	bool first = flow->history.count == 0 && flow->applied == 0;
	if (first && strstr(err->message, "already exists") != NULL)
		err_next(err, "if all its tables are there already, made by another tool or by"
			      " hand: db-entry baseline VERSION, then start again");
}

/*
 * What the driver advises fits better: it knows whether the statement is to blame at all. It is not
 * where the run was `ended`, by a signal or since the connection was lost.
 */
static bool advise(const struct step *step, bool ended, struct err *err)
{
	const struct flow *flow = step->flow;
	if (step->part->down)
		return advise_down(step, ended, err);
	if (ended)
		return err_next(err, "start again: it runs from its first statement");
	flow_advise_baseline(flow, err);
	if (err->next[0] == '\0')
		err_next(err, "mend the statement or the data, then start again");
	return false;
}

/* Whether the next start goes on by itself. */
static bool advise_half_way(const struct step *step, bool known, struct err *err)
{
	if (!known || step->part->down || !config_is(step->flow->config, SETTING_RESUME, "auto"))
		return err_next(err, "db-entry repair");
	if (err->kind == ERR_STOPPED)
		return err_next(err, "start again: it goes on with statement %d", step->done + 1);
	err_next(err,
	    "mend statement %d or the data, then start again: it goes on with that statement",
	    step->done + 1);
	return err_next(err, "or settle it by hand: db-entry repair");
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
	struct db_remains remains = {.state = DB_REMAINS_NOTHING};
	if (!atomic(step))
		remains = step_remains(step, err, &arena);
	bool broken = remains.state == DB_REMAINS_BROKEN;
	bool none = remains.state == DB_REMAINS_NOTHING;
	/* Without a row none was run, whatever can be seen. */
	bool nothing_left = atomic(step) || (step->done == 0 && (none || !step->has_row) &&
						step_forget_start(step));
	bool stopped = err->kind == ERR_STOPPED;
	if (nothing_left) {
		err_context(err,
		    !stopped           ? "%s failed"
		    : step->part->down ? "%s was stopped"
				       : "%s was rolled back",
		    label);
		err_at(err, step->migration->file, 0);
		if (!stopped && err->kind != ERR_LOCK)
			err->kind = ERR_FAILED;
		err_why(
		    err, atomic(step) ? "nothing of it remains" : "none of its statements is done");
		return advise(step, stopped || err->retry == ERR_RETRY, err);
	}
	err_context(err, "%s is half %s: %d of %zu statements are done", label,
	    step->part->down ? "done" : "applied", step->done, step->part->script->count);
	if (!stopped)
		err->kind = ERR_HALF_APPLIED;
	if (!broken)
		return advise_half_way(step, none, err);
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

/* Statement by statement also when it was begun so, or could not be undone. */
static bool settle_way(struct flow *flow, struct migration_part *part, bool begun, struct err *err)
{
	bool undone = true;
	if (flow->driver->undoes == NULL || !flow_is_atomic(part))
		return true;
	if (!begun && !flow->driver->undoes(flow->db, part->script, &undone, &flow->stop, err))
		return false;
	part->stepwise = begun || !undone;
	return true;
}

bool flow_run_part(struct flow *flow, const struct migration_part *part,
    const struct history_row *row, struct err *err)
{
	struct migration_part settled = *part;
	bool resumed = row != NULL && row->state == HISTORY_STARTED && !part->down;
	struct step step = {.flow = flow,
	    .part = &settled,
	    .migration = part->migration,
	    .former = row,
	    .last = is_last(flow, part),
	    .has_row = resumed,
	    .began = stop_now()};
	struct db_limits limits = step_limits(&step);
	text_now(step.started_at);
	if (!flow->driver->reset(flow->db, &limits, &flow->stop, err) ||
	    !settle_way(flow, &settled, step.has_row, err))
		return err_context(err, "before %s", part->label);
	report_begin(&step);
	flow->applying = part->label;
	flow_show_progress(flow);
	bool ok = pass_gate(&step, err) &&
		  (atomic(&step) ? step_run_atomic(&step, err) : step_run_stepwise(&step, err));
	flow->applying = NULL;
	flow->run.approval = NULL;
	gate_close(&step.gate);
	if (ok || step.finished) {
		flow->applied++;
		report_done(&step);
	}
	/* Ended before it went on, it still has what was done of it. */
	if (!ok && resumed && step.done < row->statements_done)
		step.done = row->statements_done;
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

static bool apply_item(struct flow *flow, const struct plan_item *item, struct err *err)
{
	const struct migration_part part = migration_up(item->migration);
	if (item->state != PLAN_RESUMED)
		return flow_run_part(flow, &part, item->row, err);
	struct history_row row = *item->row;
	row.statements_done = item->done;
	return flow_run_part(flow, &part, &row, err);
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
		if (!apply_item(flow, &items[i], err))
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
