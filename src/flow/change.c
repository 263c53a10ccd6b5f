#include "flow/change.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/steps.h"

void flow_report_change(const char *version, const char *name, const char *change)
{
	log_event(&events[EVENT_HISTORY_CHANGED],
	    FIELDS(FIELD("version", version), FIELD("name", name), FIELD("change", change)),
	    "%s%s%s · %s", version, name[0] == '\0' ? "" : "_", name, change);
}

bool flow_change(struct flow *flow,
    bool (*change)(struct flow *flow, const void *context, struct err *err), const void *context,
    struct err *err)
{
	if (!flow_take_lock(flow, err) || !history_prepare(flow->db, &flow->stop, err) ||
	    !flow->driver->begin(flow->db, &flow->stop, err))
		return false;
	if (change(flow, context, err) && flow->driver->commit(flow->db, &flow->stop, err))
		return true;
	flow->run.recorded = false;
	flow_roll_back(flow);
	return false;
}
