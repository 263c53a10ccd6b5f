#include "flow/confirm.h"
#include "flow/drift.h"
#include "flow/verify.h"

/* What has to be known is known from the snapshot alone. */
static bool holds(const struct flow *flow, const struct standing *standing, bool judged)
{
	return standing->same && (!judged || (flow_verdict_holds(flow, &flow->snapshot) &&
						 !flow_verdict_refuses(flow, &flow->snapshot)));
}

static bool judge(struct flow *flow, struct standing *standing, const struct schema *live,
    bool judged, bool record, struct err *err)
{
	const struct flow_work nothing = {.count = 0};
	struct schema_diff drift;
	struct snapshot *now = &standing->now;
	if (!flow_drift_find(flow, standing, live, &drift, err) ||
	    !flow_drift_judge(flow, &nothing, &drift, err) ||
	    (judged && !flow_verify(flow, live, now, err)))
		return false;
	/* Drift stays drift until it is accepted, or part of what a migration leaves. */
	if (record && drift.count == 0 && !history_is_unfinished(&flow->history))
		flow_record_idle(flow, now);
	return true;
}

/* A database that has never been migrated, by an image that has nothing to migrate. */
static bool nothing_to_confirm(const struct flow *flow)
{
	return !flow->probe.exists || (!flow->history.exists && flow->set.count == 0);
}

bool flow_confirm(struct flow *flow, bool record, struct err *err)
{
	if (nothing_to_confirm(flow))
		return true;
	if (!flow_expect(flow, err))
		return false;
	for (int tries = 0; tries < STANDING_TRIES; tries++) {
		CLEANUP(arena_free) struct arena arena = {0};
		struct standing standing;
		struct schema live;
		bool changed, judged = flow_verify_applies(flow);
		if (!flow_stand(flow, &standing, err))
			return false;
		if (holds(flow, &standing, judged))
			return !judged || flow_verdict(flow, &flow->snapshot, NULL, err);
		if (!flow->driver->read_schema(flow->db, &live, &arena, &flow->stop, err) ||
		    !flow_stands(flow, &standing, &changed, err))
			return false;
		if (!changed)
			return judge(flow, &standing, &live, judged, record, err);
		if ((record && !flow_await_unfinished(flow, err)) || !flow_settled(flow, err))
			return false;
	}
	return true; /* it is theirs to judge */
}
