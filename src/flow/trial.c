/*
 * The trial: where the database commits each change of the schema by itself, a statement that can't
 * succeed leaves the ones before it behind. So all of them are tried beforehand, as far as that can
 * be done (db/db.h).
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/steps.h"

enum {
	SUMMARY = 160
};

/* What is a transaction is undone as a whole when it fails. */
static bool is_wanted(const struct flow *flow, const struct flow_work *work)
{
	if (flow->driver->trial == NULL || !config_is(flow->config, SETTING_TRIAL, "auto"))
		return false;
	for (size_t i = 0; i < work->count; i++)
		if (work->parts[i].script->commits != NULL)
			return true;
	return false;
}

/* Of one that a run, or a repair, goes on with. */
static size_t count_done(const struct flow *flow, const struct migration_part *part)
{
	for (size_t i = 0; i < flow->plan.count && !part->down; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		int done;
		if (item->migration != part->migration)
			continue;
		if (item->state == PLAN_RESUMED)
			return (size_t)item->done;
		if (plan_can_resume(item, &done))
			return (size_t)done;
	}
	return 0;
}

static bool fail(struct flow *flow, const struct flow_work *work, struct err *err)
{
	const struct db_trial *trial = &flow->trial;
	const struct migration_part *part = NULL;
	size_t at = 0;
	char summary[SUMMARY];
	for (size_t i = 0; i < work->count && part == NULL; i++) {
		const struct sql_script *script = work->parts[i].script;
		for (at = 0; at < script->count && trial->fails != &script->statements[at];)
			at++;
		part = at < script->count ? &work->parts[i] : NULL;
	}
	if (part == NULL)
		return err_set(err, ERR_UNEXPECTED, "a trial failed at no statement");
	sql_summary(trial->fails->dialect, trial->fails, summary, sizeof(summary));
	*err = trial->failure;
	err->kind = ERR_FAILED;
	err->retry = ERR_FATAL;
	err_context(err, "%s would fail", part->label);
	err_at(err, trial->fails->file, trial->fails->line);
	err_why(err, "statement %zu of %zu: %s", at + 1, part->script->count, summary);
	err_why(err, "it was tried on a copy of the schema without rows: nothing was changed");
	if (!part->down)
		flow_advise_baseline(flow, err);
	return err_next(err,
	    part->down ? "mend the file's down part, then: db-entry repair"
			 " --accept %s"
		       : "mend the statement, then start again",
	    part->migration->version);
}

static void report(const struct flow *flow, int64_t began)
{
	const struct db_trial *trial = &flow->trial;
	const struct sql_statement *at = trial->ended_at;
	int64_t ms = stop_now() - began;
	char elapsed[32];
	text_elapsed(ms, elapsed, sizeof(elapsed));
	if (trial->ended != NULL && at == NULL)
		log_event(&events[EVENT_TRIAL_ENDED],
		    FIELDS(FIELD("reason", trial->ended), FIELD("next", trial->next)),
		    "nothing is tried beforehand on a copy of the schema: %s%s%s", trial->ended,
		    trial->next == NULL ? "" : "; an administrator can run: ",
		    trial->next == NULL ? "" : trial->next);
	else if (trial->ended != NULL)
		log_event(&events[EVENT_TRIAL_ENDED],
		    FIELDS(FIELD("reason", trial->ended), FIELD("file", at->file),
			FIELD_INT("line", at->line)),
		    "from %s:%d on nothing is tried beforehand: %s", at->file, at->line,
		    trial->ended);
	else if (trial->tried > 0)
		log_event(&events[EVENT_TRIAL_PASSED],
		    FIELDS(FIELD_INT("statements", (int64_t)trial->tried),
			FIELD_INT("elapsed_ms", ms)),
		    "tried on a copy of the schema: %zu statement%s · %s", trial->tried,
		    trial->tried == 1 ? "" : "s", elapsed);
}

bool flow_trial(struct flow *flow, const struct flow_work *work, struct err *err)
{
	int64_t began = stop_now();
	if (!is_wanted(flow, work))
		return true;
	struct db_trial_part *parts = arena_array(&flow->arena, work->count, sizeof(*parts));
	for (size_t i = 0; i < work->count; i++)
		parts[i] = (struct db_trial_part){
		    .script = work->parts[i].script, .done = count_done(flow, &work->parts[i])};
	if (!flow->driver->trial(
		flow->db, parts, work->count, &flow->trial, &flow->arena, &flow->stop, err))
		return err_why(err, "nothing was changed");
	if (flow->trial.fails != NULL)
		return fail(flow, work, err);
	report(flow, began);
	return true;
}

const char *flow_tried(const struct flow *flow, const struct sql_statement *statement)
{
	for (size_t i = 0; i < flow->trial.loss_count; i++)
		if (flow->trial.losses[i].statement == statement)
			return flow->trial.losses[i].evidence;
	return NULL;
}
