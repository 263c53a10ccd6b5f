#include "migrate/lint.h"
#include "base/log.h"
#include "cmd/commands.h"
#include "flow/flow.h"
#include <stdio.h>

/* The database is asked when there is one; nobody waits for it. */
enum {
	CONNECT_MS = 3000
};

static const struct cmd_option options[] = {
    {"engine", "NAME", "whose SQL it is, where no database URL says so"},
    {"strict", NULL, "exit 65 on a warning"},
    {"json", NULL, "print JSON"},
    {0},
};

struct review {
	struct flow flow;
	struct lint_findings findings;
	bool compared;           /* with a database */
	struct err disagreement; /* kind ERR_NONE: the history agrees */
	char not_compared[1024]; /* why */
};

/* Findings that need the history: what run would refuse or warn of. */
static void compare(struct review *review)
{
	struct flow *flow = &review->flow;
	struct err err = {0};
	if (flow->url.scheme == NULL) {
		snprintf(
		    review->not_compared, sizeof(review->not_compared), "no database URL is set");
		return;
	}
	if (!flow_connect(flow, CONNECT_MS, &err) || !flow_look(flow, &err)) {
		snprintf(review->not_compared, sizeof(review->not_compared), "%s", err.message);
		return;
	}
	review->compared = true;
	/* Out of order is always a finding here, whatever a run may do. */
	plan_check(&flow->plan, true, &review->disagreement);
}

static void print_text(const struct review *review, struct buf *out)
{
	for (size_t i = 0; i < review->findings.count; i++) {
		const struct lint_finding *finding = &review->findings.items[i];
		buf_printf(out, "%s:%d: warning: %s [%s]\n", finding->file,
		    finding->line == 0 ? 1 : finding->line, finding->text, finding->rule);
	}
	if (review->disagreement.kind != ERR_NONE)
		buf_printf(out, "%s: warning: %s\n%s\n", review->flow.probe.label,
		    review->disagreement.message, review->disagreement.why);
	buf_printf(out, "%zu migrations in %s read, %zu warning%s\n", review->flow.set.count,
	    review->flow.set.folder == NULL ? "no folder" : review->flow.set.folder,
	    review->findings.count, review->findings.count == 1 ? "" : "s");
	if (!review->compared)
		buf_printf(out, "not compared with a history: %s\n", review->not_compared);
}

static bool print_json(const struct review *review, struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	json_add_int(root, "migrations", (int64_t)review->flow.set.count);
	json_add_text(root, "folder", review->flow.set.folder);
	struct json *array = json_add_array(root, "warnings");
	for (size_t i = 0; i < review->findings.count; i++) {
		const struct lint_finding *finding = &review->findings.items[i];
		struct json *object = json_add_object(array, NULL);
		json_add_text(object, "rule", finding->rule);
		json_add_text(object, "file", finding->file);
		json_add_int(object, "line", finding->line);
		json_add_text(object, "text", finding->text);
	}
	json_add_bool(root, "compared", review->compared);
	if (review->disagreement.kind != ERR_NONE)
		log_error_fields(&review->disagreement, json_add_object(root, "history"));
	return cmd_print_json(root, err);
}

static bool print(const struct cmd_call *call, const struct review *review, struct err *err)
{
	if (cmd_option(call, "json") != NULL)
		return print_json(review, err);
	CLEANUP(buf_free) struct buf text = buf_init(16 << 20);
	print_text(review, &text);
	return cmd_print(&text, err);
}

static bool strict(const struct review *review, struct err *err)
{
	if (review->findings.count > 0)
		return err_set(err, ERR_MALFORMED, "%zu warnings", review->findings.count);
	if (review->disagreement.kind != ERR_NONE) {
		*err = review->disagreement;
		return false;
	}
	return true;
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct review review = {0};
	bool ok =
	    flow_open_files(&review.flow, &call->config, "lint", cmd_option(call, "engine"), err);
	if (ok) {
		lint_migrations(&review.findings, &review.flow.set, &review.flow.arena);
		compare(&review);
		ok = print(call, &review, err) &&
		     (cmd_option(call, "strict") == NULL || strict(&review, err));
	}
	flow_close(&review.flow);
	return ok;
}

const struct cmd cmd_lint = {
    .name = "lint",
    .synopsis = "[OPTION…]",
    .summary = "read the migrations and say what is wrong or risky in them",
    .help = "Needs no database: for an editor, a commit hook, CI. Where a URL is set and the\n"
	    "database answers at once, the history is compared too. Exits 65 when a file is\n"
	    "malformed.",
    .options = options,
    .needs_config = true,
    .run = run,
};
