#include "cmd/commands.h"
#include "cmd/print.h"
#include "flow/flow.h"

static const struct cmd_option options[] = {
    {"check", NULL, "exit 30 when something is pending, 22 or 24 when the history disagrees"},
    {"json", NULL, "print JSON"},
    {0},
};

static void print_text(const struct flow *flow, struct buf *out)
{
	const struct plan *plan = &flow->plan;
	const char *newest = plan_newest(plan);
	buf_printf(out, "database    %s (%s %s%s)\n", flow->probe.label, flow->probe.flavour,
	    flow->probe.version, flow->probe.exists ? "" : ", does not exist yet");
	if (flow->set.folder == NULL)
		buf_add_text(out, "migrations  none: no folder db/migrations or migrations\n");
	else
		buf_printf(out, "migrations  %zu in %s (%s)\n", flow->set.count, flow->set.folder,
		    flow->set.format);
	buf_printf(out, "applied     %zu%s%s\n", plan_applied(plan),
	    newest == NULL ? "" : ", newest ", newest == NULL ? "" : newest);
	buf_printf(out, "pending     %zu\n", plan_pending(plan));
	cmd_print_items(plan, false, out);
}

static struct json *to_json(const struct flow *flow)
{
	struct json *root = json_new_object();
	struct json *database = json_add_object(root, "database");
	json_add_text(database, "name", flow->probe.label);
	json_add_text(database, "flavour", flow->probe.flavour);
	json_add_text(database, "version", flow->probe.version);
	json_add_bool(database, "exists", flow->probe.exists);
	json_add_bool(database, "read_only", flow->probe.read_only);
	json_add_text(root, "folder", flow->set.folder);
	json_add_text(root, "format", flow->set.format);
	json_add_int(root, "applied", (int64_t)plan_applied(&flow->plan));
	json_add_int(root, "pending", (int64_t)plan_pending(&flow->plan));
	json_add_text(root, "newest", plan_newest(&flow->plan));
	cmd_add_items(&flow->plan, false, json_add_array(root, "migrations"));
	return root;
}

static bool print(const struct cmd_call *call, const struct flow *flow, struct err *err)
{
	if (cmd_option(call, "json") != NULL) {
		CLEANUP(json_free) struct json *root = to_json(flow);
		return cmd_print_json(root, err);
	}
	CLEANUP(buf_free) struct buf text = buf_init(16 << 20);
	print_text(flow, &text);
	return cmd_print(&text, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	bool ok = flow_open(&flow, &call->config, "status", err) && flow_wait(&flow, err) &&
		  flow_look(&flow, err) && print(call, &flow, err) &&
		  (cmd_option(call, "check") == NULL || flow_settled(&flow, err));
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_status = {
    .name = "status",
    .synopsis = "[OPTION…]",
    .summary = "where the database stands, migration by migration",
    .help = "Changes nothing and takes no lock. With --check the exit code tells: replicas that\n"
	    "must not migrate themselves can wait for it to become 0.",
    .options = options,
    .needs_config = true,
    .run = run,
};
