#include "base/log.h"
#include "cmd/commands.h"
#include "flow/change.h"
#include "flow/events.h"
#include "flow/flow.h"

static bool is_wanted(const struct plan_item *item, const char *last)
{
	return (item->state == PLAN_PENDING || item->state == PLAN_OUT_OF_ORDER) &&
	       migration_compare(item->migration->version, last) <= 0;
}

static bool mark(struct flow *flow, const void *last, struct err *err)
{
	for (size_t i = 0; i < flow->plan.count; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		if (!is_wanted(item, last))
			continue;
		if (!history_baseline(flow->db, &flow->run, item->migration, &flow->stop, err))
			return false;
		flow_report_change(item->migration->version, item->migration->name, "baseline");
	}
	return true;
}

static bool check(const struct flow *flow, const char *last, struct err *err)
{
	if (migration_find(&flow->set, last) == NULL) {
		err_set(err, ERR_USAGE, "no migration %s in %s", last,
		    flow->set.folder == NULL ? "no folder" : flow->set.folder);
		return err_next(err, "db-entry status");
	}
	return plan_check(&flow->plan, false, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	const char *last = call->operands[0];
	struct flow flow;
	bool ok = flow_open(&flow, &call->config, "baseline", err) && flow_wait(&flow, err) &&
		  flow_look(&flow, err) && check(&flow, last, err) &&
		  flow_change(&flow, mark, last, err);
	flow_finish(&flow, ok ? NULL : err);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_baseline = {
    .name = "baseline",
    .synopsis = "VERSION",
    .summary = "count the migrations up to VERSION as applied, without running them",
    .help =
	"For a database that has their tables already: one that another tool or a person made.\n"
	"Only migrations the history does not know are marked.",
    .operands_least = 1,
    .operands_most = 1,
    .needs_config = true,
    .run = run,
};
