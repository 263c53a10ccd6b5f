#include "base/text.h"
#include "cmd/commands.h"
#include "flow/change.h"
#include "flow/flow.h"

static bool is_wanted(const struct plan_item *item, const char *last)
{
	return plan_item_is_pending(item) && migration_compare(item->migration->version, last) <= 0;
}

static bool mark(struct flow *flow, const void *last, struct err *err)
{
	for (size_t i = 0; last != NULL && i < flow->plan.count; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		if (is_wanted(item, last) && !history_baseline(flow->db, &flow->run,
						 item->migration, item->row, &flow->stop, err))
			return false;
	}
	return true;
}

static bool report(const struct flow *flow, const char *last, struct err *err)
{
	size_t count = 0;
	for (size_t i = 0; last != NULL && i < flow->plan.count; i++) {
		if (!is_wanted(&flow->plan.items[i], last))
			continue;
		flow_report_change(&flow->plan.items[i], "counted as applied, not run");
		count++;
	}
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	buf_printf(&text, "%s: %zu migration%s counted as applied\n", flow->probe.label, count,
	    count == 1 ? "" : "s");
	return cmd_print(&text, err);
}

/* NULL in *last: none of them. */
static bool read_version(
    const struct flow *flow, const char *word, const char **last, struct err *err)
{
	*last = NULL;
	if (text_is(word, "none"))
		return true;
	const struct migration *migration =
	    migration_is_version(word) ? migration_find(&flow->set, word) : NULL;
	if (migration == NULL) {
		err_set(err, ERR_USAGE, "no migration '%s' in %s", word,
		    flow->set.folder == NULL ? "no folder" : flow->set.folder);
		return err_next(err, "db-entry status");
	}
	*last = migration->version;
	return true;
}

static bool baseline(struct flow *flow, const char *word, struct err *err)
{
	const char *last;
	flow->run.detail = arena_printf(&flow->arena, "baseline %s", word);
	if (!read_version(flow, word, &last, err) || !plan_check(&flow->plan, false, err) ||
	    !flow_change(flow, true, mark, last, err))
		return false;
	return report(flow, last, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	bool ok = flow_open(&flow, &call->config, "baseline", err) && flow_wait(&flow, err) &&
		  flow_look(&flow, err) && baseline(&flow, call->operands[0], err);
	flow_finish(&flow, ok ? NULL : err);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_baseline = {
    .name = "baseline",
    .synopsis = "VERSION|none",
    .summary = "count the migrations up to VERSION as applied, without running them",
    .help =
	"For a database that has their tables already: one that another tool or a person made.\n"
	"Only migrations the history does not know are marked. With none it starts a history in\n"
	"which no migration counts as applied, so that all of them will be run.",
    .operands_least = 1,
    .operands_most = 1,
    .needs_config = true,
    .run = run,
};
