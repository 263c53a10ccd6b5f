#include "cmd/commands.h"
#include "flow/flow.h"

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	bool ok = flow_open_database(&flow, &call->config, "wait", err) &&
		  flow_wait_for(&flow, err) && flow_wait(&flow, err);
	if (ok) {
		CLEANUP(buf_free) struct buf text = buf_init(4096);
		buf_printf(&text, "%s answers (%s %s)\n", flow.probe.label, flow.probe.flavour,
		    flow.probe.version);
		ok = cmd_print(&text, err);
	}
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_wait = {
    .name = "wait",
    .synopsis = "[OPTION…]",
    .summary = "wait until the database answers, end",
    .help = "Exits 0 when all of DB_ENTRY_WAIT_FOR is there and the database answers a query, 69\n"
	    "when that was not so within DB_ENTRY_WAIT_TIMEOUT, 77 when it refuses access. A\n"
	    "SQLite file that does not exist yet counts as an empty database; its folder must be\n"
	    "there.",
    .needs_config = true,
    .leaves_message = true,
    .run = run,
};
