/* The order of a run: every step, and nothing of what they do. */
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/backup.h"
#include "flow/confirm.h"
#include "flow/drift.h"
#include "flow/events.h"
#include "flow/verify.h"

bool flow_prepare(struct flow *flow, struct err *err)
{
	if (history_prepare(flow->db, &flow->stop, err))
		return true;
	if (err->kind == ERR_DATABASE)
		err->kind = ERR_FAILED; /* as in a migration: full, locked, not allowed */
	return err_why(err, "no migration was begun");
}

/* What can't be read must not be found out behind the last statement. */
static bool expect(struct flow *flow, struct err *err)
{
	const char *mirror = config_text(flow->config, SETTING_MIRROR);
	if (!flow_expect_parsed(flow, err))
		return false;
	bool judged = flow->expected.digest[0] != '\0' && flow->expected.mirror.foreign == NULL;
	if (!judged && !config_is(flow->config, SETTING_MISMATCH, "ignore"))
		log_event(&events[EVENT_MIRROR_NONE], FIELDS(FIELD("mirror", mirror)),
		    "no mirror of this database at %s; what is left is not held against one",
		    mirror);
	return true;
}

/* The history tables exist from the first migration on; a run with nothing to do writes nothing. */
static bool apply_pending(struct flow *flow, struct err *err)
{
	struct flow_work work;
	log_event(&events[EVENT_PLAN_PENDING],
	    FIELDS(FIELD("database", flow->probe.label),
		FIELD_INT("pending", (int64_t)plan_pending(&flow->plan)),
		FIELD("newest", plan_newest(&flow->plan))),
	    "%s · %zu pending", flow->probe.label, plan_pending(&flow->plan));
	if (!expect(flow, err) || !flow_lock(flow, err))
		return false;
	if (plan_pending(&flow->plan) == 0)
		return flow_confirm(flow, false, err); /* whoever held the lock did it */
	flow->first_install = flow->history.count == 0;
	flow_pending(flow, &work);
	return flow_drift(flow, &work, err) && flow_trial(flow, &work, err) &&
	       flow_backup(flow, &work, err) && flow_prepare(flow, err) && flow_apply(flow, err);
}

bool flow_await_unfinished(struct flow *flow, struct err *err)
{
	if (flow->plan.counts[PLAN_UNFINISHED] == 0 || flow->probe.read_only)
		return true;
	if (!flow_take_lock(flow, err) || !flow->driver->unlock(flow->db, &flow->stop, err))
		return false;
	flow->locked = false;
	return true;
}

bool flow_tell_lost(struct err *err)
{
	if (err->kind != ERR_DATABASE)
		return false;
	if (err->retry == ERR_OUTCOME_UNKNOWN) {
		err->kind = ERR_UNREACHABLE;
		err_context(err, "whether it was done is not known");
		return err_next(err, "db-entry status");
	}
	if (err->retry != ERR_RETRY)
		return false;
	err->kind = ERR_UNREACHABLE;
	return err_next(err, "start again: what was committed stays");
}

bool flow_migrate(struct flow *flow, struct err *err)
{
	bool ok = flow_backup_check(flow->config, err) && flow_wait_for(flow, err) &&
		  flow_wait(flow, err) && flow_look_first(flow, err) &&
		  (plan_pending(&flow->plan) == 0 || flow_await_writable(flow, err)) &&
		  flow_await_unfinished(flow, err) && flow_check(flow, err) &&
		  (plan_pending(&flow->plan) == 0 ? flow_confirm(flow, true, err)
						  : apply_pending(flow, err));
	flow_finish(flow, ok ? NULL : err);
	return ok;
}

static void record_outcome(struct flow *flow, const struct err *outcome)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err err;
	int code = outcome == NULL ? 0 : err_exit_code(outcome);
	if (!history_run_finished(flow->db, &flow->run, code, &stop, &err))
		log_event(&events[EVENT_HISTORY_UNRECORDED], FIELDS(FIELD("reason", err.message)),
		    "the end of the run could not be recorded: %s", err.message);
}

void flow_finish(struct flow *flow, struct err *outcome)
{
	if (outcome != NULL)
		flow_tell_lost(outcome);
	if (flow->db != NULL && flow->run.recorded)
		record_outcome(flow, outcome);
	flow_disconnect(flow);
}

/* "node server.js": its options may hold secrets of its own. */
static void report_application(char *const *application, struct buf *out)
{
	if (application == NULL)
		return;
	buf_printf(out, " → %s", application[0]);
	if (application[1] != NULL && application[1][0] != '-')
		buf_printf(out, " %s%s", application[1], application[2] == NULL ? "" : " …");
	else if (application[1] != NULL)
		buf_add_text(out, " …");
}

void flow_report_ready(const struct flow *flow, char *const *application)
{
	char elapsed[32];
	int64_t ms = stop_now() - flow->began;
	const char *newest = plan_newest(&flow->plan);
	text_elapsed(ms, elapsed, sizeof(elapsed));
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	buf_printf(&text, "%s · ", flow->probe.label);
	if (flow->applied > 0)
		buf_printf(&text, "%zu applied, now at %s", flow->applied, newest);
	else if (newest != NULL)
		buf_printf(&text, "up to date at %s", newest);
	else
		buf_add_text(&text, "nothing to apply");
	buf_printf(&text, " · %s", elapsed);
	report_application(application, &text);
	log_event(&events[EVENT_RUN_READY],
	    FIELDS(FIELD("database", flow->probe.label),
		FIELD_INT("applied", (int64_t)flow->applied), FIELD("newest", newest),
		FIELD_INT("elapsed_ms", ms),
		FIELD("application", application == NULL ? "" : application[0])),
	    "%s", text.data);
}
