/* Becoming the application, or its parent: nothing of ours goes along. */
#include "base/proc.h"
#include "flow/application.h"
#include "flow/flow.h"

bool flow_exec(struct flow *flow, struct application *application, int *status, struct err *err)
{
	if (!stop_check(&flow->stop, err))
		return false;
	config_forget_secrets(flow->config);
	flow_close(flow);
	if (application->start.init)
		return proc_supervise(&application->start, status, err);
	return proc_exec(&application->start, err);
}
