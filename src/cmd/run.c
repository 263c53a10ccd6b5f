#include "cmd/commands.h"
#include "flow/application.h"
#include "flow/flow.h"

static bool run(struct cmd_call *call, struct err *err)
{
	if (call->application == NULL || call->application[0] == NULL) {
		err_set(err, ERR_USAGE, "no application to start");
		err_next(err, "db-entry -- APPLICATION [ARGUMENT…]");
		err_next(err, "in an image, CMD [\"APPLICATION\", \"ARGUMENT…\"] behind ENTRYPOINT "
			      "[\"/db-entry\", \"--\"]");
		return err_next(err,
		    "db-entry apply, to migrate and end (an init container, a one-shot service)");
	}
	CLEANUP(application_free) struct application application = {0};
	struct flow flow;
	/* Looked for first: nothing is changed for an application that can't start anyway. */
	bool ok = flow_open(&flow, &call->config, "run", err) &&
		  application_read(&application, &call->config, call->application, err) &&
		  flow_migrate(&flow, err);
	if (ok) {
		flow_report_ready(&flow, call->application);
		ok = flow_exec(&flow, &application, &call->status, err);
	}
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_run = {
    .name = "run",
    .synopsis = "[OPTION…] -- APPLICATION [ARGUMENT…]",
    .summary = "wait, apply what is pending, become the application",
    .help =
	"The word run may be left out. The application replaces db-entry: it gets the same\n"
	"process, signals, descriptors and environment, without db-entry's own secrets. With\n"
	"--init db-entry stays as its parent. A first word db-entry after the -- is a command of\n"
	"ours: db-entry -- db-entry status.",
    .takes_application = true,
    .needs_config = true,
    .leaves_message = true,
    .run = run,
};
