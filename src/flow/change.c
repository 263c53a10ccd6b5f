#include "flow/change.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/record.h"

void flow_report_change(const struct plan_item *item, const char *change)
{
	const char *version = plan_item_version(item), *name = plan_item_name(item);
	log_event(&events[EVENT_HISTORY_CHANGED],
	    FIELDS(FIELD("version", version), FIELD("name", name), FIELD("change", change)),
	    "%s%s%s · %s", version, name[0] == '\0' ? "" : "_", name, change);
}

/* A mistyped path must not become a database whose history says that everything was applied. */
bool flow_must_exist(const struct flow *flow, struct err *err)
{
	if (flow->probe.exists)
		return true;
	err_set(err, ERR_CONFIG, "there is no database %s yet", flow->probe.label);
	return err_next(err, "look at the path in the URL: db-entry config");
}

bool flow_change(struct flow *flow, bool accept,
    bool (*change)(struct flow *flow, const void *context, struct err *err), const void *context,
    struct err *err)
{
	struct standing standing = {.comparable = false};
	if (!flow_must_exist(flow, err) || !flow_must_write(flow, err) ||
	    !flow_take_lock(flow, err) || !history_prepare(flow->db, &flow->stop, err))
		return false;
	if (flow->driver->begin(flow->db, &flow->stop, err) &&
	    (accept || flow_stand(flow, &standing, err)) && change(flow, context, err) &&
	    flow_record_history(flow, &standing, err) &&
	    flow->driver->commit(flow->db, &flow->stop, err))
		return true;
	flow->run.recorded = false;
	flow_roll_back(flow);
	return false;
}
