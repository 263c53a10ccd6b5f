#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/print.h"
#include "flow/confirm.h"
#include "flow/drift.h"

static const struct cmd_option options[] = {
    {"check", NULL,
	"exit 30 when something is pending, 22 or 24 when the history disagrees, 27 or 21 when the "
	"schema does"},
    {"json", NULL, "print JSON"},
    {0},
};

/* How the live schema stands to what the last run left: a word for machines. */
static bool schema_word(struct flow *flow, const char **word, struct err *err)
{
	struct standing standing;
	struct schema live;
	struct schema_diff diff;
	if (!flow_stand(flow, &standing, err))
		return false;
	*word = standing.comparable ? "recorded" : "unrecorded";
	if (!standing.comparable || standing.same)
		return true;
	if (!flow->driver->read_schema(flow->db, &live, &flow->arena, &flow->stop, err) ||
	    !flow_drift_find(flow, &standing, &live, &diff, err))
		return false;
	*word = diff.count > 0 ? "changed" : "recorded";
	return true;
}

static const char *schema_words(const char *word)
{
	return text_is(word, "recorded")  ? "as the last run left it"
	       : text_is(word, "changed") ? "changed since the last run: db-entry diff --last-run"
					  : "not recorded by a run yet";
}

static void print_text(const struct flow *flow, const char *schema, struct buf *out)
{
	const struct plan *plan = &flow->plan;
	const char *newest = plan_newest(plan);
	buf_printf(out, "database    %s (%s %s%s)\n", flow->probe.label, flow->probe.flavour,
	    flow->probe.version, flow->probe.exists ? "" : ", does not exist yet");
	if (flow->set.folder == NULL)
		buf_add_text(out, "migrations  none: no folder db/migrations or migrations\n");
	else
		buf_printf(out, "migrations  %zu in %s (%s)\n", flow->set.count, flow->set.folder,
		    flow->set.format);
	buf_printf(out, "applied     %zu%s%s\n", plan_applied(plan),
	    newest == NULL ? "" : ", newest ", newest == NULL ? "" : newest);
	buf_printf(out, "pending     %zu\n", plan_pending(plan));
	buf_printf(out, "schema      %s\n", schema_words(schema));
	cmd_print_items(plan, false, out);
}

static struct json *to_json(const struct flow *flow, const char *schema)
{
	struct json *root = json_new_object();
	struct json *database = json_add_object(root, "database");
	json_add_text(database, "name", flow->probe.label);
	json_add_text(database, "flavour", flow->probe.flavour);
	json_add_text(database, "version", flow->probe.version);
	json_add_bool(database, "exists", flow->probe.exists);
	json_add_bool(database, "read_only", flow->probe.read_only);
	json_add_text(root, "folder", flow->set.folder);
	json_add_text(root, "format", flow->set.format);
	json_add_int(root, "applied", (int64_t)plan_applied(&flow->plan));
	json_add_int(root, "pending", (int64_t)plan_pending(&flow->plan));
	json_add_text(root, "newest", plan_newest(&flow->plan));
	json_add_text(root, "schema", schema);
	cmd_add_items(&flow->plan, false, json_add_array(root, "migrations"));
	return root;
}

static bool print(const struct cmd_call *call, struct flow *flow, struct err *err)
{
	const char *schema;
	if (!schema_word(flow, &schema, err))
		return false;
	if (cmd_option(call, "json") != NULL) {
		CLEANUP(json_free) struct json *root = to_json(flow, schema);
		return cmd_print_json(root, err);
	}
	CLEANUP(buf_free) struct buf text = buf_init(16 << 20);
	print_text(flow, schema, &text);
	return cmd_print(&text, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	bool ok = flow_open(&flow, &call->config, "status", err) && flow_wait(&flow, err) &&
		  flow_look_first(&flow, err) && print(call, &flow, err) &&
		  (cmd_option(call, "check") == NULL ||
		      (flow_settled(&flow, err) && flow_confirm(&flow, false, err)));
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_status = {
    .name = "status",
    .synopsis = "[OPTION…]",
    .summary = "where the database stands, migration by migration",
    .help = "Changes nothing and takes no lock. With --check the exit code tells: replicas that\n"
	    "must not migrate themselves can wait for it to become 0.",
    .options = options,
    .needs_config = true,
    .run = run,
};
