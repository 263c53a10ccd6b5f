#include "flow/rollback.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/print.h"
#include "flow/backup.h"
#include <limits.h>

static const struct cmd_option options[] = {
    {"steps", "N", "undo the N migrations that were applied last"},
    {"to", "VERSION", "undo what was applied after VERSION, which stays; none: undo all"},
    {"plan", NULL, "print what would be run, and change nothing"},
    {"json", NULL, "with --plan: print JSON"},
    {0},
};

static bool how_far(struct err *err)
{
	err_next(err, "db-entry rollback --steps 1");
	err_next(err, "db-entry rollback --to VERSION, the one that stays");
	return err_next(err, "add --plan to see first what would be run");
}

static bool read_request(
    const struct cmd_call *call, struct flow_rollback *rollback, struct err *err)
{
	const char *steps = cmd_option(call, "steps"), *to = cmd_option(call, "to");
	struct err why;
	if ((steps == NULL) == (to == NULL)) {
		err_set(err, ERR_USAGE,
		    to == NULL ? "how far? --steps or --to" : "--steps and --to: one of them");
		return how_far(err);
	}
	if (cmd_option(call, "json") != NULL && cmd_option(call, "plan") == NULL)
		return err_set(err, ERR_USAGE, "--json goes with --plan");
	if (steps != NULL && !text_int(steps, 1, INT_MAX, &rollback->steps, &why)) {
		err_set(err, ERR_USAGE, "--steps '%s': a number from 1 up", steps);
		return how_far(err);
	}
	if (to != NULL && !text_is(to, FLOW_ROLLBACK_ALL) && !migration_is_version(to)) {
		err_set(err, ERR_USAGE, "--to '%s': a version is digits", to);
		return how_far(err);
	}
	rollback->to = to;
	return true;
}

/* --- What would be run --- */

static bool print_plan(
    const struct flow *flow, const struct flow_rollback *rollback, struct buf *out, struct err *err)
{
	const char *texts[FLOW_CAUTIONS];
	buf_printf(out, "%s: %zu to roll back\n", flow->probe.label, rollback->count);
	for (size_t i = 0; i < rollback->count; i++) {
		const struct flow_undo *undo = &rollback->items[i];
		if (!cmd_print_part(flow, &undo->part, out, err))
			return false;
		size_t count = flow_undo_cautions(undo, texts);
		for (size_t j = 0; j < count; j++)
			buf_printf(out, "  %s\n", texts[j]);
	}
	return true;
}

static bool print_json(const struct flow *flow, const struct flow_rollback *rollback,
    const struct err *refusal, struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	json_add_text(root, "database", flow->probe.label);
	json_add_int(root, "steps", (int64_t)rollback->count);
	struct json *array = json_add_array(root, "migrations");
	for (size_t i = 0; i < rollback->count; i++) {
		const struct flow_undo *undo = &rollback->items[i];
		struct json *object = json_add_object(array, NULL);
		const char *texts[FLOW_CAUTIONS];
		json_add_text(object, "version", undo->row->version);
		json_add_text(object, "name", undo->row->name);
		if (!cmd_add_part(flow, &undo->part, object, err))
			return false;
		size_t count = flow_undo_cautions(undo, texts);
		struct json *cautions = json_add_array(object, "cautions");
		for (size_t j = 0; j < count; j++)
			json_add_text(cautions, NULL, texts[j]);
	}
	if (refusal != NULL)
		log_error_fields(refusal, json_add_object(root, "refusal"));
	return cmd_print_json(root, err);
}

static bool show(const struct cmd_call *call, const struct flow *flow,
    const struct flow_rollback *rollback, const struct err *refusal, struct err *err)
{
	if (cmd_option(call, "json") != NULL)
		return print_json(flow, rollback, refusal, err);
	CLEANUP(buf_free) struct buf text = buf_init(64 << 20);
	return print_plan(flow, rollback, &text, err) && cmd_print(&text, err);
}

static bool plan(
    const struct cmd_call *call, struct flow *flow, struct flow_rollback *rollback, struct err *err)
{
	struct err refusal;
	if (!flow_rollback_find(flow, rollback, err))
		return false;
	bool allowed = flow_rollback_check(flow, rollback, &refusal);
	if (!show(call, flow, rollback, allowed ? NULL : &refusal, err))
		return false;
	if (!allowed)
		*err = refusal;
	return allowed;
}

/* --- What was run --- */

/* The oldest of them this image has, NULL when none, and how many there are. */
static const struct migration *comes_again(const struct flow_rollback *rollback, size_t *count)
{
	const struct migration *oldest = NULL;
	*count = 0;
	for (size_t i = 0; i < rollback->count; i++) {
		if (rollback->items[i].file == NULL)
			continue;
		oldest = rollback->items[i].file;
		(*count)++;
	}
	return oldest;
}

/* What was undone comes back by itself where an image has it: nothing holds it off. */
static void report_return(const struct flow_rollback *rollback, struct buf *out)
{
	size_t count;
	const struct migration *oldest = comes_again(rollback, &count);
	if (count > 1)
		buf_printf(out, "The next start of this image applies %s and %zu more again;",
		    oldest->label, count - 1);
	else if (count > 0)
		buf_printf(out, "The next start of this image applies %s again;", oldest->label);
	if (count > 0)
		buf_add_text(out, " start an image without\n");
	else
		buf_add_text(out, "An image that has what was rolled back applies it again\n");
}

static bool report(const struct flow *flow, const struct flow_rollback *rollback, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	const char *newest = plan_newest(&flow->plan);
	buf_printf(&text, "%s: ", flow->probe.label);
	if (flow->applied > 0)
		buf_printf(&text, "%zu rolled back, ", flow->applied);
	else
		buf_add_text(&text, "nothing to roll back, ");
	if (newest != NULL)
		buf_printf(&text, "now at %s\n", newest);
	else
		buf_add_text(&text, "nothing is applied\n");
	if (flow->applied > 0)
		report_return(rollback, &text);
	return cmd_print(&text, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	struct flow_rollback rollback = {0};
	if (!read_request(call, &rollback, err))
		return false;
	bool ok = flow_open(&flow, &call->config, "rollback", err) &&
		  flow_backup_check(&call->config, err) && flow_wait(&flow, err) &&
		  flow_look(&flow, err);
	if (ok && cmd_option(call, "plan") != NULL)
		ok = plan(call, &flow, &rollback, err);
	else if (ok)
		ok = flow_rollback_do(&flow, &rollback, err) && report(&flow, &rollback, err);
	flow_finish(&flow, ok ? NULL : err);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_rollback = {
    .name = "rollback",
    .synopsis = "--steps N|--to VERSION [--plan [--json]]",
    .summary = "undo applied migrations by their down parts, the last one applied first",
    .help =
	"Runs the down parts that the history keeps, so the image need not have the files any\n"
	"more. Each is judged, dumped before and proved like a migration; one that loses data\n"
	"needs an approval of its own, VERSION@down:DIGEST, which the refusal and --plan print.\n"
	"End the application first, and afterwards start an image without these migrations: one\n"
	"that has them applies them again.",
    .options = options,
    .needs_config = true,
    .run = run,
};
