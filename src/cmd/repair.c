#include "base/log.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/print.h"
#include "flow/change.h"
#include "flow/flow.h"
#include "flow/retry.h"
#include <string.h>

static const struct cmd_option options[] = {
    {"accept", "VERSION", "a changed file is right: take its checksum and its down part"},
    {"applied", "VERSION", "an unfinished migration was finished by hand, or its rollback undone"},
    {"reverted", "VERSION", "an unfinished migration was undone by hand, or its rollback finished"},
    {"retry", "VERSION", "remove what the failed statement left, and run the migration from there"},
    {"forget", "VERSION", "remove a row whose file is gone"},
    {"accept-drift", NULL, "take the schema as it is, whoever changed it"},
    {"json", NULL, "print JSON"},
    {0},
};

/* What one option does, and to which rows. */
struct action {
	const char *option;
	enum plan_state states[3]; /* the rows it is meant for; the first is told */
	const char *change;        /* for the log */
};

static const struct action actions[] = {
    /* Of one that did not change it is the down part that is taken. */
    {"accept", {PLAN_CHANGED, PLAN_ACCEPTED, PLAN_APPLIED}, "accepted as it is now"},
    {"applied", {PLAN_UNFINISHED, PLAN_UNFINISHED, PLAN_UNFINISHED}, "marked as applied"},
    {"reverted", {PLAN_UNFINISHED, PLAN_UNFINISHED, PLAN_UNFINISHED}, "marked as reverted"},
    {"retry", {PLAN_UNFINISHED, PLAN_UNFINISHED, PLAN_UNFINISHED}, "finished"},
    {"forget", {PLAN_MISSING, PLAN_FUTURE, PLAN_FLOOR}, "forgotten"},
};

struct request {
	const struct action *action;
	const char *version;
};

/* Neither done nor undone: either way the history would not be true. */
static bool refuse_remains(const struct plan_item *item, struct err *err)
{
	err_set(err, ERR_USAGE, "%s: %s left it", item->remains->what, plan_item_version(item));
	err_next(err, "remove it first: %s", item->remains->cleanup);
	return item->row->reverting
		   ? false
		   : err_next(err, "or go on: db-entry repair --retry %s", plan_item_version(item));
}

static bool perform(
    struct flow *flow, const struct request *request, const struct plan_item *item, struct err *err)
{
	struct db *db = flow->db;
	if (text_is(request->action->option, "accept"))
		return history_accept(db, &flow->run, item->migration, &flow->stop, err);
	if (text_is(request->action->option, "forget"))
		return history_forget(db, &flow->run, item->row->version, &flow->stop, err);
	if (item->remains != NULL && item->remains->state == DB_REMAINS_BROKEN)
		return refuse_remains(item, err);
	enum history_state state =
	    text_is(request->action->option, "applied") ? HISTORY_APPLIED : HISTORY_REVERTED;
	if (!history_settle(db, &flow->run, item->row->version, state, &flow->stop, err))
		return false;
	/* Finished by hand, often after the file was corrected: what it says now is what was done.
	 */
	return state != HISTORY_APPLIED || item->migration == NULL || item->row->reverting ||
	       history_accept(db, &flow->run, item->migration, &flow->stop, err);
}

/* Under the lock: the row must still be what the user saw. */
static bool change(struct flow *flow, const void *context, struct err *err)
{
	const struct request *request = context;
	const struct action *action = request->action;
	const struct plan_item *item = plan_find(&flow->plan, request->version);
	if (item == NULL) {
		err_set(err, ERR_USAGE, "no migration %s, neither in the history nor in the files",
		    request->version);
		return err_next(err, "db-entry status");
	}
	if (item->state != action->states[0] && item->state != action->states[1] &&
	    item->state != action->states[2]) {
		err_set(err, ERR_USAGE, "%s is %s; --%s is for one that is %s", request->version,
		    plan_state_name(item->state), action->option,
		    plan_state_name(action->states[0]));
		return err_next(err, "db-entry repair");
	}
	return perform(flow, request, item, err);
}

static bool choose(const struct cmd_call *call, struct request *request, struct err *err)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const char *version = cmd_option(call, actions[i].option);
		if (version == NULL)
			continue;
		if (request->action != NULL)
			return err_set(err, ERR_USAGE, "--%s and --%s: one at a time",
			    request->action->option, actions[i].option);
		*request = (struct request){&actions[i], version};
	}
	if (request->action != NULL && cmd_option(call, "accept-drift") != NULL)
		return err_set(err, ERR_USAGE, "--%s and --accept-drift: one at a time",
		    request->action->option);
	if (request->action != NULL && !migration_is_version(request->version))
		return err_set(err, ERR_USAGE, "--%s '%s': a version is digits",
		    request->action->option, request->version);
	return true;
}

static bool show_json(const struct flow *flow, const struct err *finding, struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	json_add_text(root, "database", flow->probe.label);
	cmd_add_items(&flow->plan, true, json_add_array(root, "migrations"));
	if (finding->kind != ERR_NONE)
		log_error_fields(finding, json_add_object(root, "finding"));
	return cmd_print_json(root, err);
}

static void print_finding(const struct flow *flow, const struct err *finding, struct buf *out)
{
	buf_printf(out, "%s: %s\n", flow->probe.label, finding->message);
	if (finding->file[0] != '\0')
		buf_printf(out, "%s:%d\n", finding->file, finding->line > 0 ? finding->line : 1);
	if (finding->why[0] != '\0')
		buf_printf(out, "%s\n", finding->why);
	if (finding->next[0] != '\0')
		buf_printf(out, "\n%s\n", finding->next);
}

/* What is wrong is the answer asked for, so finding something is no failure. */
static bool show(const struct cmd_call *call, const struct flow *flow, struct err *err)
{
	struct err finding = {0};
	bool right = plan_check(&flow->plan, false, &finding);
	if (cmd_option(call, "json") != NULL)
		return show_json(flow, &finding, err);
	CLEANUP(buf_free) struct buf text = buf_init(1 << 20);
	if (right)
		buf_printf(&text, "%s: nothing to repair\n", flow->probe.label);
	else
		print_finding(flow, &finding, &text);
	return cmd_print(&text, err);
}

static bool settle(struct flow *flow, const struct request *request, struct err *err)
{
	const struct action *action = request->action;
	flow->run.detail = arena_printf(&flow->arena, "%s %s", action->option, request->version);
	if (text_is(action->option, "retry"))
		return flow_retry(flow, request->version, err);
	if (!flow_change(flow, false, change, request, err))
		return false;
	flow_report_change(plan_find(&flow->plan, request->version), action->change);
	return true;
}

/* Every change records what is there. */
static bool change_nothing(struct flow *flow, const void *context, struct err *err)
{
	(void)context;
	return history_record(flow->db, &flow->run, &flow->stop, err);
}

static bool accept_drift(struct flow *flow, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	flow->run.detail = "accept-drift";
	if (!flow_change(flow, true, change_nothing, NULL, err))
		return false;
	buf_printf(&text, "%s: the schema is recorded as it is\n", flow->probe.label);
	return cmd_print(&text, err);
}

static bool work(
    const struct cmd_call *call, struct flow *flow, const struct request *request, struct err *err)
{
	if (cmd_option(call, "accept-drift") != NULL)
		return accept_drift(flow, err);
	return request->action == NULL ? show(call, flow, err) : settle(flow, request, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	struct request request = {0};
	if (!choose(call, &request, err))
		return false;
	bool ok = flow_open(&flow, &call->config, "repair", err) && flow_wait(&flow, err) &&
		  flow_look(&flow, err) && work(call, &flow, &request, err);
	flow_finish(&flow, ok ? NULL : err);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_repair = {
    .name = "repair",
    .synopsis = "[OPTION…]",
    .summary = "show what is unfinished, changed or missing, and settle it",
    .help =
	"Without an option it shows what is wrong and the commands that settle it. With one it\n"
	"changes that row of the history, under the migration lock, and nothing else in the\n"
	"database; --retry alone runs statements.",
    .options = options,
    .needs_config = true,
    .run = run,
};
