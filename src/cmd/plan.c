#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/print.h"
#include "flow/confirm.h"
#include "flow/drift.h"
#include "flow/verify.h"
#include "migrate/judge.h"

static const struct cmd_option options[] = {
    {"json", NULL, "print JSON"},
    {0},
};

enum {
	SUMMARY = 120
};

static void print_statements(
    const struct flow *flow, const struct migration *migration, struct buf *out)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct judgement judgement;
	judge(&judgement, migration, &arena);
	buf_printf(out, "%s  %s%s\n", migration->label, migration->file,
	    migration->directives.no_transaction ? "  (no transaction)" : "");
	for (size_t i = 0; i < migration->up.count; i++) {
		char summary[SUMMARY];
		const struct sql_statement *statement = &migration->up.statements[i];
		sql_summary(flow->driver->dialect, statement, summary, sizeof(summary));
		buf_printf(out, "  %4d  %s\n", statement->line, summary);
		cmd_print_risk(&judgement.risks[i], out);
	}
	cmd_print_approval(&judgement, out);
}

static void print_text(const struct flow *flow, struct buf *out)
{
	buf_printf(out, "%s: %zu pending\n", flow->probe.label, plan_pending(&flow->plan));
	for (size_t i = 0; i < flow->plan.count; i++)
		if (plan_item_is_pending(&flow->plan.items[i]))
			print_statements(flow, flow->plan.items[i].migration, out);
}

static void add_statements(
    const struct migration *migration, const struct judgement *judgement, struct json *array)
{
	for (size_t i = 0; i < migration->up.count; i++) {
		struct json *object = json_add_object(array, NULL);
		json_add_text(object, "file", migration->up.statements[i].file);
		json_add_int(object, "line", migration->up.statements[i].line);
		json_add_text(object, "text", migration->up.statements[i].text);
		cmd_add_risk(&judgement->risks[i], object);
	}
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
		json_add_text(object, "file", item->migration->file);
		json_add_text(object, "checksum", item->migration->up.checksum);
		json_add_bool(object, "transaction", !item->migration->directives.no_transaction);
		CLEANUP(arena_free) struct arena arena = {0};
		struct judgement judgement;
		judge(&judgement, item->migration, &arena);
		json_add_text(object, "risk", risk_level_name(judgement.worst));
		json_add_text(object, "approval", judgement.token);
		add_statements(item->migration, &judgement, json_add_array(object, "statements"));
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
	print_text(flow, &text);
	return cmd_print(&text, err);
}

static bool check(struct flow *flow, struct err *err)
{
	if (!flow_check(flow, err))
		return false;
	if (plan_pending(&flow->plan) == 0)
		return flow_confirm(flow, false, err);
	return flow_expect_parsed(flow, err) && flow_drift(flow, err);
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
