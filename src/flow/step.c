#include "flow/step.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/record.h"
#include <stdio.h>

enum {
	SUMMARY = 160
};

static void note_progress(const struct step *step)
{
	char progress[200];
	snprintf(progress, sizeof(progress), "%s, statement %d of %zu", step->part->label,
	    step->done + 1, step->part->script->count);
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

bool step_blame(const struct step *step, const struct sql_statement *statement, struct err *err)
{
	char summary[SUMMARY];
	sql_summary(step->flow->driver->dialect, statement, summary, sizeof(summary));
	err_at(err, statement->file, statement->line);
	return err_why(
	    err, "statement %d of %zu: %s", step->done + 1, step->part->script->count, summary);
}

/* In a transaction the proof tells it. */
static void tell_overwrite(const struct step *step)
{
	const struct flow *flow = step->flow;
	struct db_overwrite overwrite;
	if (!flow_is_atomic(step->part) && flow->driver->overwrote != NULL &&
	    flow->driver->overwrote(flow->db, &overwrite))
		gate_report_overwrite(&step->gate, &overwrite);
}

bool step_run_statement(struct step *step, struct err *err)
{
	struct flow *flow = step->flow;
	const struct sql_statement *statement = &step->part->script->statements[step->done];
	int64_t began = stop_now();
	note_progress(step);
	if (!flow->driver->exec(flow->db, statement, &flow->stop, err))
		return step_blame(step, statement, err);
	log_statement(step, statement, began);
	tell_overwrite(step);
	step->done++;
	return true;
}

struct db_limits step_limits(const struct step *step)
{
	struct db_limits limits = flow_limits(step->flow);
	if (step->part->lock_timeout >= 0)
		limits.lock_timeout = step->part->lock_timeout;
	if (step->part->statement_timeout >= 0)
		limits.statement_timeout = step->part->statement_timeout;
	return limits;
}

/*
 * A first install is recorded at its end: until then there is nothing that could drift, and reading
 * a growing catalog after each of hundreds of files takes longer than they do.
 */
bool step_records_schema(const struct step *step)
{
	return !step->flow->first_install || step->last;
}

bool step_record_schema(const struct step *step, struct err *err)
{
	return !step_records_schema(step) || flow_record(step->flow, step->last, err);
}
