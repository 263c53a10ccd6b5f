#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/print.h"
#include "flow/confirm.h"
#include "flow/drift.h"
#include "flow/verify.h"

static const struct cmd_option options[] = {
    {"json", NULL, "print JSON"},
    {0},
};

static bool print_text(const struct flow *flow, struct buf *out, struct err *err)
{
	buf_printf(out, "%s: %zu pending\n", flow->probe.label, plan_pending(&flow->plan));
	for (size_t i = 0; i < flow->plan.count; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		if (!plan_item_is_pending(item))
			continue;
		const struct migration_part part = migration_up(item->migration);
		if (!cmd_print_part(flow, &part, out, err))
			return false;
		if (item->state == PLAN_RESUMED)
			buf_printf(out,
			    "  it is half applied, and goes on from statement %d of %zu\n",
			    item->done + 1, item->migration->up.count);
		if (item->row != NULL && item->row->state == HISTORY_REVERTED)
			buf_printf(out, "  it was applied before, and rolled back %s\n",
			    item->row->finished_at == NULL ? "" : item->row->finished_at);
	}
	return true;
}

static bool print_json(const struct flow *flow, const struct err *refusal, struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	json_add_text(root, "database", flow->probe.label);
	json_add_int(root, "pending", (int64_t)plan_pending(&flow->plan));
	struct json *array = json_add_array(root, "migrations");
	for (size_t i = 0; i < flow->plan.count; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		if (!plan_item_is_pending(item))
			continue;
		struct json *object = json_add_object(array, NULL);
		json_add_text(object, "version", item->migration->version);
		json_add_text(object, "name", item->migration->name);
		json_add_text(object, "state", plan_state_name(item->state));
		const struct migration_part part = migration_up(item->migration);
		if (!cmd_add_part(flow, &part, object, err))
			return false;
	}
	if (refusal != NULL)
		log_error_fields(refusal, json_add_object(root, "refusal"));
	return cmd_print_json(root, err);
}

static bool print(const struct cmd_call *call, const struct flow *flow, const struct err *refusal,
    struct err *err)
{
	if (cmd_option(call, "json") != NULL)
		return print_json(flow, refusal, err);
	CLEANUP(buf_free) struct buf text = buf_init(64 << 20);
	return print_text(flow, &text, err) && cmd_print(&text, err);
}

static bool check(struct flow *flow, struct err *err)
{
	if (!flow_check(flow, err))
		return false;
	if (plan_pending(&flow->plan) == 0)
		return flow_confirm(flow, false, err);
	struct flow_work work;
	flow_pending(flow, &work);
	return flow_expect_parsed(flow, err) && flow_drift(flow, &work, err);
}

/* What run would do, up to the point where it would change something, refusals included. */
static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	struct err refusal = {0};
	bool ok = flow_open(&flow, &call->config, "plan", err) && flow_wait(&flow, err) &&
		  flow_look(&flow, err);
	if (ok) {
		bool allowed = check(&flow, &refusal);
		ok = print(call, &flow, allowed ? NULL : &refusal, err);
		if (ok && !allowed) {
			*err = refusal;
			ok = false;
		}
	}
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_plan = {
    .name = "plan",
    .synopsis = "[OPTION…]",
    .summary = "what run would do now, statement by statement",
    .help = "Changes nothing and takes no lock. Exits 0 when run would go through, otherwise with\n"
	    "the code run would exit with.",
    .options = options,
    .needs_config = true,
    .run = run,
};
