#include "base/log.h"
#include "cmd/commands.h"
#include "flow/confirm.h"

/* A health check is asked every few seconds and must answer before its own time-out. */
enum {
	CONNECT_MS = 3000
};

static const struct cmd_option options[] = {
    {"json", NULL, "print JSON"},
    {0},
};

static bool healthy(struct flow *flow, struct config *config, struct err *err)
{
	return flow_open(flow, config, "health", err) && flow_connect(flow, CONNECT_MS, err) &&
	       flow_look_first(flow, err) && flow_settled(flow, err) &&
	       flow_confirm(flow, false, err);
}

static bool print(
    const struct cmd_call *call, const struct flow *flow, const struct err *sick, struct err *err)
{
	if (cmd_option(call, "json") != NULL) {
		CLEANUP(json_free) struct json *root = json_new_object();
		json_add_bool(root, "healthy", sick == NULL);
		json_add_text(root, "database", flow->probe.label);
		json_add_text(root, "newest", plan_newest(&flow->plan));
		if (sick != NULL)
			log_error_fields(sick, json_add_object(root, "reason"));
		return cmd_print_json(root, err);
	}
	if (sick != NULL)
		return true; /* the error itself is shown */
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	buf_printf(&text, "healthy: %s at %s\n", flow->probe.label,
	    plan_newest(&flow->plan) == NULL ? "nothing" : plan_newest(&flow->plan));
	return cmd_print(&text, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	struct err sick = {0};
	bool ok = healthy(&flow, &call->config, &sick);
	bool printed = print(call, &flow, ok ? NULL : &sick, err);
	flow_close(&flow);
	if (!printed || ok)
		return printed;
	*err = sick;
	if (err->kind != ERR_STOPPED)
		err->kind = ERR_UNEXPECTED; /* Docker reserves 2 and knows 0 and 1 */
	return false;
}

const struct cmd cmd_health = {
    .name = "health",
    .synopsis = "[OPTION…]",
    .summary = "exit 0 when the database is as this image expects, else 1",
    .help = "Never waits. For Docker: HEALTHCHECK CMD [\"/db-entry\", \"health\"].",
    .options = options,
    .needs_config = true,
    .run = run,
};
