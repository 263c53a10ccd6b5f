/* Becoming the application: nothing of ours goes along. */
#include "base/proc.h"
#include "flow/flow.h"

bool flow_exec(struct flow *flow, char **application, struct err *err)
{
	if (!stop_check(&flow->stop, err))
		return false;
	config_forget_secrets(flow->config);
	flow_close(flow);
	return proc_exec(application, err);
}
