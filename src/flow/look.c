/* Looking and judging: the history, the plan it makes with the files, and whether it may be run. */
#include "base/buf.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/steps.h"
#include "migrate/foreign.h"
#include "migrate/snapshot.h"

enum {
	TOLD_MOST = 12,
	TEXT_MAX = 4 << 20
};

void flow_tell_differences(
    const struct schema_diff *diff, const char *left, const char *right, bool all, struct err *err)
{
	size_t told = 0, count = 0;
	for (size_t i = 0; i < diff->count; i++) {
		CLEANUP(buf_free) struct buf text = buf_init(TEXT_MAX);
		const struct schema_diff one = {.changes = &diff->changes[i], .count = 1};
		if (!all && diff->changes[i].difference == SCHEMA_ONLY_RIGHT)
			continue;
		count++;
		if (told == TOLD_MOST)
			continue;
		schema_diff_print(&one, left, right, &text);
		err_why(err, "%.*s", (int)text.len - 1, text.data);
		told++;
	}
	if (count > told)
		err_why(err, "and %zu more: db-entry diff", count - told);
}

static bool find_remains(struct flow *flow, struct plan_item *item, struct err *err)
{
	struct db_remains *remains = arena_alloc(&flow->arena, sizeof(*remains));
	bool failed = item->row->failed_at != NULL;
	struct sql_statement statement;
	if (!plan_statement_at_work(item, &statement))
		return true;
	if (!flow->driver->remains(flow->db, &statement, failed, item->row->started_at, remains,
		&flow->arena, &flow->stop, err))
		return false;
	item->remains = remains;
	return true;
}

/* Of those that were cut off the catalog may know more than the history. */
static bool look_behind(struct flow *flow, struct err *err)
{
	if (flow->plan.counts[PLAN_UNFINISHED] == 0)
		return true;
	for (size_t i = 0; i < flow->plan.count; i++)
		if (flow->plan.items[i].state == PLAN_UNFINISHED &&
		    !find_remains(flow, &flow->plan.items[i], err))
			return false;
	return true;
}

bool flow_look(struct flow *flow, struct err *err)
{
	if (!history_read(&flow->history, flow->db, &flow->arena, &flow->stop, err) ||
	    !flow_migrations(flow, err))
		return false;
	plan_make(&flow->plan, &flow->set, &flow->history, &flow->arena);
	flow->run.position = flow->history.last_position;
	return look_behind(flow, err);
}

bool flow_look_first(struct flow *flow, struct err *err)
{
	snapshot_ahead(flow->db);
	return flow_look(flow, err);
}

static void report_warnings(const struct flow *flow)
{
	for (size_t i = 0; i < flow->plan.count; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		if (item->state == PLAN_OUT_OF_ORDER)
			log_event(&events[EVENT_PLAN_OUT_OF_ORDER],
			    FIELDS(FIELD("version", item->migration->version),
				FIELD("name", item->migration->name),
				FIELD("newest", plan_newest(&flow->plan))),
			    "%s is pending, and older than %s, which is applied already",
			    item->migration->label, plan_newest(&flow->plan));
		if (item->state == PLAN_RESUMED)
			log_event(&events[EVENT_PLAN_RESUMED],
			    FIELDS(FIELD("version", item->migration->version),
				FIELD("name", item->migration->name), FIELD_INT("done", item->done),
				FIELD_INT("statements", (int64_t)item->migration->up.count)),
			    "%s is half applied: %d of %zu statements are done, it goes on behind"
			    " them",
			    item->migration->label, item->done, item->migration->up.count);
		if (item->state == PLAN_ACCEPTED)
			log_event(&events[EVENT_PLAN_ACCEPTED],
			    FIELDS(FIELD("version", item->migration->version),
				FIELD("name", item->migration->name)),
			    "%s changed after it was applied, accepted by its was=",
			    item->migration->label);
	}
	if (flow->plan.counts[PLAN_FUTURE] > 0)
		log_event(&events[EVENT_PLAN_FUTURE],
		    FIELDS(FIELD_INT("count", (int64_t)flow->plan.counts[PLAN_FUTURE]),
			FIELD("newest", plan_newest(&flow->plan))),
		    "the database is ahead of this image by %zu (newest %s)",
		    flow->plan.counts[PLAN_FUTURE], plan_newest(&flow->plan));
}

bool flow_must_write(const struct flow *flow, struct err *err)
{
	if (!flow->probe.read_only)
		return true;
	err_set(err, ERR_READ_ONLY, "%s can't be written", flow->probe.label);
	if (!flow->probe.recovery)
		return err_next(err, "%s", flow->probe.read_only_next);
	err_why(err, "it is a standby, or recovers");
	err_next(err, "name the primary in the URL");
	return err_next(err, "to wait longer: DB_ENTRY_WAIT_TIMEOUT=5m");
}

static bool check_writable(const struct flow *flow, struct err *err)
{
	if (flow_must_write(flow, err))
		return true;
	err_context(err, "%zu pending", plan_pending(&flow->plan));
	return err_next(err, "or start an image whose migrations are all applied");
}

/* What another tool applied would be applied again. */
static bool check_first_run(struct flow *flow, struct err *err)
{
	const struct foreign_history *other;
	if (flow->history.exists || !flow->probe.exists)
		return true;
	if (!foreign_history_find(&other, flow->db, &flow->stop, err))
		return false;
	if (other == NULL)
		return true;
	err_set(err, ERR_HISTORY, "%s was migrated by %s before, and has no history of db-entry",
	    flow->probe.label, other->tools);
	err_why(err, "its table %s says so; running all %zu migrations again would be wrong",
	    other->table, plan_pending(&flow->plan));
	err_next(err, "db-entry baseline VERSION, with the newest migration it has already");
	return err_next(err, "db-entry baseline none, when it has none of these");
}

void flow_pending(struct flow *flow, struct flow_work *work)
{
	work->count = 0;
	work->parts = arena_array(&flow->arena, plan_pending(&flow->plan), sizeof(*work->parts));
	for (size_t i = 0; i < flow->plan.count; i++)
		if (plan_item_is_pending(&flow->plan.items[i]))
			work->parts[work->count++] = migration_up(flow->plan.items[i].migration);
}

/* What was begun statement by statement goes on so. */
static void resume(struct flow *flow)
{
	if (!config_is(flow->config, SETTING_RESUME, "auto"))
		return;
	for (size_t i = 0; i < flow->plan.count; i++)
		if (flow_can_go_on(flow, &flow->plan.items[i]))
			plan_resume(&flow->plan, &flow->plan.items[i]);
}

bool flow_check(struct flow *flow, struct err *err)
{
	struct flow_work work;
	bool refuse = config_is(flow->config, SETTING_OUT_OF_ORDER, "refuse");
	resume(flow);
	if (!plan_check(&flow->plan, refuse, err))
		return false;
	if (!flow->locked)
		report_warnings(flow);
	if (plan_pending(&flow->plan) == 0)
		return true;
	flow_pending(flow, &work);
	return check_first_run(flow, err) && flow_gate(flow, &work, err) &&
	       check_writable(flow, err);
}

bool flow_settled(const struct flow *flow, struct err *err)
{
	bool refuse = config_is(flow->config, SETTING_OUT_OF_ORDER, "refuse");
	if (!plan_check(&flow->plan, refuse, err))
		return false;
	if (plan_pending(&flow->plan) == 0)
		return true;
	err_set(err, ERR_PENDING, "%zu pending", plan_pending(&flow->plan));
	err_next(err, "db-entry plan");
	return flow->config->permission == PERMISSION_FALSE ? false
							    : err_next(err, "db-entry apply");
}
