#include "cmd/commands.h"
#include "flow/flow.h"

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	bool ok = flow_open(&flow, &call->config, "apply", err) && flow_migrate(&flow, err);
	if (ok)
		flow_report_ready(&flow, NULL);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_apply = {
    .name = "apply",
    .synopsis = "[OPTION…]",
    .summary = "wait, apply what is pending, end",
    .help =
	"The same as run, without an application: for an init container, a one-shot service, a\n"
	"deployment job.",
    .needs_config = true,
    .leaves_message = true,
    .run = run,
};
