/* Becoming the application, or its parent: nothing of ours goes along. */
#include "base/proc.h"
#include "flow/application.h"
#include "flow/flow.h"

static void forget_removed(struct application *application)
{
	const char *at = application->removed;
	const char *name;
	size_t len;

	while ((name = config_name(&at, &len)) != NULL)
		proc_forget_env(arena_strndup(&application->arena, name, len));
}

bool flow_exec(struct flow *flow, struct application *application, int *status, struct err *err)
{
	if (!stop_check(&flow->stop, err))
		return false;
	config_forget_secrets(flow->config);
	forget_removed(application);
	flow_close(flow);
	if (application->init)
		return proc_supervise(&application->start, status, err);
	return proc_exec(&application->start, err);
}
