/* What the chosen environment's permissions.migrations allows (docs/configuration.md). */
#include "flow/steps.h"

bool flow_permit(const struct flow *flow, struct err *err)
{
	const char *environment = config_text(flow->config, SETTING_ENV);
	size_t pending = plan_pending(&flow->plan);
	switch (flow->config->permission) {
	case PERMISSION_UNNAMED:
	case PERMISSION_TRUE:
		return true;
	case PERMISSION_FALSE:
		err_set(err, ERR_PENDING,
		    "%zu pending, and environment %s does not allow migrations", pending,
		    environment);
		return err_next(err,
		    "apply them where it is allowed, or set permissions.migrations in %s",
		    config_text(flow->config, SETTING_ENVIRONMENTS));
	case PERMISSION_REVIEW:
	case PERMISSION_CHANGE_REQUEST:
		break;
	}
	err_set(err, ERR_DESTRUCTIVE, "%zu pending, and environment %s wants each one approved",
	    pending, environment);
	err_why(
	    err, "this version of db-entry reads no approvals yet, so it applies nothing there");
	return err_next(err, "set permissions.migrations to true in %s, or apply them elsewhere",
	    config_text(flow->config, SETTING_ENVIRONMENTS));
}
