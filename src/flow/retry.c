#include "flow/retry.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/steps.h"
#include <string.h>

static bool refuse(const struct plan_item *item, const char *version, struct err *err)
{
	if (item == NULL)
		err_set(err, ERR_USAGE, "no migration %s, neither in the history nor in the files",
		    version);
	else if (item->state != PLAN_UNFINISHED || item->row->reverting)
		err_set(err, ERR_USAGE, "%s is %s; --retry is for a migration that is %s", version,
		    item->state == PLAN_UNFINISHED ? "a rollback" : plan_state_name(item->state),
		    plan_state_name(PLAN_UNFINISHED));
	else
		err_set(
		    err, ERR_USAGE, "nobody knows from which statement %s is to be run", version);
	return err_next(err, "db-entry repair");
}

static bool refuse_transaction(const struct plan_item *item, struct err *err)
{
	err_set(err, ERR_USAGE, "%s was begun without a transaction, and its file now wants one",
	    item->migration->label);
	err_at(err, item->migration->file, 0);
	return err_next(err, "put back at its top: -- db-entry: no-transaction");
}

/* Nothing else is done by it, so it needs no approval: what goes is of no use to anybody. */
static bool clean_up(struct flow *flow, const struct plan_item *item, int *done, struct err *err)
{
	struct sql_statement left;
	const struct db_limits limits = flow_limits(flow);
	const struct sql_script *up = &item->migration->up;
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_script script;
	/* The file may have been corrected, and have no such statement any more. */
	if (item->remains == NULL || item->remains->state != DB_REMAINS_BROKEN ||
	    !plan_statement_at_work(item, &left))
		return true;
	const char *text = item->remains->cleanup;
	if (!sql_split(
		&script, up->dialect, text, strlen(text), left.file, left.line, &arena, err) ||
	    !flow->driver->reset(flow->db, &limits, &flow->stop, err))
		return err_context(err, "%s", text);
	for (size_t i = 0; i < script.count; i++)
		if (!flow->driver->exec(flow->db, &script.statements[i], &flow->stop, err))
			return err_context(err, "%s", script.statements[i].text);
	/* Unless the file was corrected there. */
	if (item->remains->finishes && (size_t)*done < up->count &&
	    strcmp(up->statements[*done].text, left.text) == 0)
		*done += 1;
	log_event(&events[EVENT_REPAIR_CLEANED],
	    FIELDS(FIELD("version", item->migration->version), FIELD("found", item->remains->what),
		FIELD("statement", text)),
	    "%s: %s", item->remains->what, text);
	return true;
}

static bool go_on(struct flow *flow, const struct plan_item *item, int done, struct err *err)
{
	const struct migration_part part = migration_up(item->migration);
	struct history_row row = *item->row;
	struct migration_part parts[] = {part};
	const struct flow_work work = {.parts = parts, .count = 1};
	/* Drift is not judged, as in a run that goes on: the schema is half-way. */
	if (!flow_gate(flow, &work, err) || !flow_trial(flow, &work, err) ||
	    !flow_backup(flow, &work, err) ||
	    !history_record(flow->db, &flow->run, &flow->stop, err) ||
	    !clean_up(flow, item, &done, err))
		return false;
	row.statements_done = done;
	return flow_run_part(flow, &part, &row, err) && flow_look(flow, err);
}

bool flow_retry(struct flow *flow, const char *version, struct err *err)
{
	int done;
	if (!flow_must_exist(flow, err) || !flow_take_lock(flow, err))
		return false;
	const struct plan_item *item = plan_find(&flow->plan, version);
	if (item == NULL || !plan_can_resume(item, &done))
		return refuse(item, version, err);
	if (!flow_can_go_on(flow, item))
		return refuse_transaction(item, err);
	flow->to_apply = 1;
	return go_on(flow, item, done, err);
}
