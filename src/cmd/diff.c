#include "cmd/commands.h"
#include "flow/drift.h"
#include "flow/mirror.h"

static const struct cmd_option options[] = {
    {"last-run", NULL, "compare what the last run left with the database"},
    {"json", NULL, "print JSON"},
    {0},
};

/* `mirror` NULL: against what the last run left. */
static bool print_json(const struct flow *flow, const struct mirror *mirror,
    const struct schema_diff *diff, struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	if (mirror != NULL)
		json_add_text(root, "mirror", mirror->path);
	json_add_text(root, "database", flow->probe.label);
	schema_diff_json(diff, mirror != NULL ? "mirror" : "last_run", "database", root);
	return cmd_print_json(root, err);
}

static bool print(const struct cmd_call *call, const struct flow *flow, const struct mirror *mirror,
    const struct schema_diff *diff, struct err *err)
{
	if (cmd_option(call, "json") != NULL)
		return print_json(flow, mirror, diff, err);
	CLEANUP(buf_free) struct buf text = buf_init(64 << 20);
	if (diff->count == 0 && mirror != NULL)
		buf_printf(&text, "%s is as %s states\n", flow->probe.label, mirror->path);
	else if (diff->count == 0)
		buf_printf(&text, "%s is as the last run left it\n", flow->probe.label);
	schema_diff_print(diff, mirror != NULL ? "mirror" : "last run", "database", &text);
	return cmd_print(&text, err);
}

static bool judge(const struct flow *flow, const struct mirror *mirror,
    const struct schema_diff *diff, struct err *err)
{
	if (diff->count == 0)
		return true;
	err_set(err, ERR_MISMATCH,
	    "%s differs from %s: %zu only in the mirror, %zu only in the "
	    "database, %zu changed",
	    flow->probe.label, mirror->path, diff->only_left, diff->only_right, diff->changed);
	err_next(err, "db-entry mirror pull, when the database is right");
	return err_next(
	    err, "db-entry new NAME, and write what is missing, when the mirror is right");
}

static bool need_comparable(
    const struct flow *flow, const struct standing *standing, struct err *err)
{
	if (standing->comparable)
		return true;
	err_set(err, ERR_USAGE, "there is nothing to compare %s with", flow->probe.label);
	return err_why(
	    err, flow->snapshot.exists
		     ? "its history, or its engine's version, is not the one of the last run"
		     : "no run has recorded what it left yet");
}

static bool judge_drift(const struct flow *flow, const struct schema_diff *diff, struct err *err)
{
	if (diff->count == 0)
		return true;
	err_set(err, ERR_MISMATCH,
	    "%s was changed by somebody else since the last run: %zu object%s", flow->probe.label,
	    diff->count, diff->count == 1 ? "" : "s");
	return err_next(err, "db-entry repair --accept-drift, when that is right");
}

/* Against what the last change of ours left. */
static bool run_drift(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	struct standing standing;
	struct schema live;
	struct schema_diff diff;
	bool ok = flow_open_database(&flow, &call->config, "diff", err) && flow_wait(&flow, err) &&
		  flow_look(&flow, err) && flow_stand(&flow, &standing, err) &&
		  need_comparable(&flow, &standing, err) &&
		  flow.driver->read_schema(flow.db, &live, &flow.arena, &flow.stop, err) &&
		  flow_drift_find(&flow, &standing, &live, &diff, err) &&
		  print(call, &flow, NULL, &diff, err) && judge_drift(&flow, &diff, err);
	flow_close(&flow);
	return ok;
}

static bool run(struct cmd_call *call, struct err *err)
{
	if (cmd_option(call, "last-run") != NULL)
		return run_drift(call, err);
	struct flow flow;
	CLEANUP(mirror_close) struct mirror mirror = {0};
	struct schema live;
	struct schema_diff diff;
	bool ok = flow_open_database(&flow, &call->config, "diff", err) &&
		  flow_read_mirror(&flow, &mirror, err) && flow_need_mirror(&mirror, err);
	if (ok)
		flow_warn_unknown(&mirror);
	ok = ok && flow_wait(&flow, err) &&
	     flow.driver->read_schema(flow.db, &live, &flow.arena, &flow.stop, err) &&
	     flow_compare(&flow, &mirror, &live, &diff, err) &&
	     print(call, &flow, &mirror, &diff, err) && judge(&flow, &mirror, &diff, err);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_diff = {
    .name = "diff",
    .synopsis = "[OPTION…]",
    .summary = "what the database has that the mirror lacks, and the other way round",
    .help =
	"Compares the mirror (db/schema/tables.json) with the database, object by object, and\n"
	"changes neither: - only in the mirror, + only in the database, ~ changed or renamed,\n"
	"the mirror's value → the database's. Exits 27 when they differ. A mirror of version 1\n"
	"or 2 states only some things; only those are compared. DB_ENTRY_IGNORE leaves objects\n"
	"out. With --last-run it compares what the last run left with the database: what anybody\n"
	"else changed since.",
    .options = options,
    .needs_config = true,
    .run = run,
};
