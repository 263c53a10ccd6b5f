#include "migrate/lint.h"
#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/print.h"
#include "flow/mirror.h"
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
	struct migration_problems problems; /* what a run stops at */
	struct lint_findings findings;
	struct mirror mirror;    /* version 0: none, or none of this engine */
	bool compared;           /* with a database */
	struct err disagreement; /* kind ERR_NONE: the history agrees */
	char not_compared[1024]; /* why */
};

/* Findings that need the history: what run would refuse or warn of. */
static void compare(struct review *review)
{
	struct flow *flow = &review->flow;
	struct err err = {0};
	if (review->problems.count > 0) {
		snprintf(review->not_compared, sizeof(review->not_compared),
		    "not all files could be read");
		return;
	}
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

static size_t warnings(const struct review *review)
{
	return review->findings.count + review->mirror.unknown_count + review->mirror.unknown_more +
	       (review->disagreement.kind != ERR_NONE);
}

static size_t malformed(const struct review *review)
{
	return review->problems.count + review->problems.more;
}

static void print_problems(const struct review *review, struct buf *out)
{
	for (size_t i = 0; i < review->problems.count; i++) {
		const struct err *problem = &review->problems.items[i];
		buf_printf(out, "%s:%d: error: %s [malformed]\n", problem->file,
		    problem->line == 0 ? 1 : problem->line, problem->message);
	}
	if (review->problems.more > 0)
		buf_printf(out, "and %zu more\n", review->problems.more);
}

static void print_keys(const struct mirror *mirror, struct buf *out)
{
	for (size_t i = 0; i < mirror->unknown_count; i++) {
		const struct mirror_unknown *it = &mirror->unknown[i];
		buf_printf(out, "%s:%d:%d: warning: ", mirror->path, it->line, it->column);
		mirror_unknown_text(it, out);
		buf_add_text(out, " [mirror-key]\n");
	}
	if (mirror->unknown_more > 0)
		buf_printf(out, "and %zu more in %s\n", mirror->unknown_more, mirror->path);
}

static void add_keys(const struct mirror *mirror, struct json *array)
{
	for (size_t i = 0; i < mirror->unknown_count; i++) {
		const struct mirror_unknown *it = &mirror->unknown[i];
		CLEANUP(buf_free) struct buf text = buf_init(4096);
		struct json *object = json_add_object(array, NULL);
		mirror_unknown_text(it, &text);
		json_add_text(object, "rule", "mirror-key");
		json_add_text(object, "file", mirror->path);
		json_add_int(object, "line", it->line);
		json_add_int(object, "column", it->column);
		json_add_text(object, "text", text.data);
	}
}

/* What counts for a migration that may be run; of those applied already it is spent. */
static struct flow_approval approval_of(
    const struct review *review, const struct judgement *judgement)
{
	const struct plan_item *item = NULL;
	if (review->compared)
		item = plan_find(&review->flow.plan, judgement->part.migration->version);
	if (item != NULL && !plan_item_is_pending(item))
		return (struct flow_approval){.state = APPROVAL_NONE};
	return flow_approval_of(&review->flow, judgement);
}

/* A run would refuse them. */
static void find_stale(struct review *review)
{
	struct arena *arena = &review->flow.arena;
	for (size_t i = 0; i < review->flow.set.count; i++) {
		const struct migration *migration = &review->flow.set.items[i];
		struct judgement judgement;
		const struct migration_part part = migration_up(migration);
		judge(&judgement, &part, arena);
		struct flow_approval approval = approval_of(review, &judgement);
		if (approval.state == APPROVAL_STALE && approval.final)
			lint_add(&review->findings, arena,
			    (struct lint_finding){.rule = "stale-approval",
				.file = migration->file,
				.text = arena_printf(arena, "approved is %s, now it is %s",
				    approval.given, judgement.token)});
	}
}

/* Not a warning: what is lost on purpose is right, once it is approved. */
static void print_risks(
    const struct review *review, const struct migration *migration, struct buf *out)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct judgement judgement;
	const struct migration_part part = migration_up(migration);
	judge(&judgement, &part, &arena);
	for (size_t i = 0; i < migration->up.count; i++) {
		if (judgement.risks[i].level < RISK_DESTRUCTIVE)
			continue;
		buf_printf(out, "%s:%d:\n", migration->up.statements[i].file,
		    migration->up.statements[i].line);
		cmd_print_risk(&judgement.risks[i], out);
	}
	struct flow_approval approval = approval_of(review, &judgement);
	cmd_print_approval(&judgement, &approval, out);
}

static void add_risks(
    const struct review *review, const struct migration *migration, struct json *array)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct judgement judgement;
	const struct migration_part part = migration_up(migration);
	judge(&judgement, &part, &arena);
	for (size_t i = 0; i < migration->up.count; i++) {
		if (judgement.risks[i].level < RISK_DESTRUCTIVE)
			continue;
		struct json *object = json_add_object(array, NULL);
		json_add_text(object, "file", migration->up.statements[i].file);
		json_add_int(object, "line", migration->up.statements[i].line);
		cmd_add_risk(&judgement.risks[i], object);
		json_add_text(object, "approval", judgement.token);
		struct flow_approval approval = approval_of(review, &judgement);
		cmd_add_approval(&approval, object);
	}
}

static void print_text(const struct review *review, struct buf *out)
{
	print_problems(review, out);
	for (size_t i = 0; i < review->findings.count; i++) {
		const struct lint_finding *finding = &review->findings.items[i];
		buf_printf(out, "%s:%d: warning: %s [%s]\n", finding->file,
		    finding->line == 0 ? 1 : finding->line, finding->text, finding->rule);
	}
	print_keys(&review->mirror, out);
	for (size_t i = 0; i < review->flow.set.count; i++)
		print_risks(review, &review->flow.set.items[i], out);
	if (review->disagreement.kind != ERR_NONE)
		buf_printf(out, "%s: warning: %s [history]\n%s%s", review->flow.probe.label,
		    review->disagreement.message, review->disagreement.why,
		    review->disagreement.why[0] == '\0' ? "" : "\n");
	if (malformed(review) > 0)
		buf_printf(out, "%zu malformed, ", malformed(review));
	buf_printf(out, "%zu migration%s in %s read, %zu warning%s\n", review->flow.set.count,
	    review->flow.set.count == 1 ? "" : "s",
	    review->flow.set.folder == NULL ? "no folder" : review->flow.set.folder,
	    warnings(review), warnings(review) == 1 ? "" : "s");
	if (!review->compared)
		buf_printf(out, "not compared with a history: %s\n", review->not_compared);
}

static bool print_json(const struct review *review, struct err *err)
{
	CLEANUP(json_free) struct json *root = json_new_object();
	json_add_int(root, "migrations", (int64_t)review->flow.set.count);
	json_add_text(root, "folder", review->flow.set.folder);
	struct json *array = json_add_array(root, "errors");
	for (size_t i = 0; i < review->problems.count; i++)
		log_error_fields(&review->problems.items[i], json_add_object(array, NULL));
	array = json_add_array(root, "warnings");
	for (size_t i = 0; i < review->findings.count; i++) {
		const struct lint_finding *finding = &review->findings.items[i];
		struct json *object = json_add_object(array, NULL);
		json_add_text(object, "rule", finding->rule);
		json_add_text(object, "file", finding->file);
		json_add_int(object, "line", finding->line);
		json_add_text(object, "text", finding->text);
	}
	add_keys(&review->mirror, array);
	array = json_add_array(root, "risks");
	for (size_t i = 0; i < review->flow.set.count; i++)
		add_risks(review, &review->flow.set.items[i], array);
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
	if (warnings(review) > (review->disagreement.kind != ERR_NONE))
		return err_set(err, ERR_MALFORMED, "%zu warning%s, and --strict", warnings(review),
		    warnings(review) == 1 ? "" : "s");
	if (review->disagreement.kind != ERR_NONE) {
		*err = review->disagreement;
		return false;
	}
	return true;
}

/* A run stops at the first malformed file; whoever is to mend them wants to know them all. */
static bool read_files(struct review *review, struct cmd_call *call, struct err *err)
{
	struct flow *flow = &review->flow;
	return flow_open_engine(flow, &call->config, "lint", cmd_option(call, "engine"), err) &&
	       migration_review_all(&flow->set, &review->problems,
		   config_text(&call->config, SETTING_MIGRATIONS), flow->driver->folders,
		   flow->driver->dialect, &flow->arena, err);
}

/* Malformed like a migration that is; a setting that is wrong ends it, as it would end a run. */
static bool add_problem(struct review *review, const struct err *problem, struct err *err)
{
	struct migration_problems *problems = &review->problems;
	if (problem->kind != ERR_MALFORMED) {
		*err = *problem;
		return false;
	}
	problems->items = arena_grow(&review->flow.arena, problems->items, problems->count,
	    &problems->capacity, sizeof(*problems->items));
	problems->items[problems->count++] = *problem;
	return true;
}

static bool read_approvals(struct review *review, struct err *err)
{
	struct flow *flow = &review->flow;
	struct err problem;
	return approvals_read(&flow->approvals, flow->config, &flow->arena, &problem) ||
	       add_problem(review, &problem, err);
}

/* The mirror of another engine is none for this database. */
static bool read_mirror(struct review *review, struct err *err)
{
	struct err problem;
	return flow_read_mirror(&review->flow, &review->mirror, &problem) ||
	       review->mirror.foreign != NULL || add_problem(review, &problem, err);
}

static bool well_formed(const struct review *review, struct err *err)
{
	if (malformed(review) == 0)
		return true;
	*err = review->problems.items[0];
	if (malformed(review) > 1)
		err_why(err, "and %zu more, all in the report", malformed(review) - 1);
	return false;
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct review review = {0};
	bool ok = read_files(&review, call, err) && read_approvals(&review, err);
	if (ok) {
		lint_migrations(&review.findings, &review.flow.set, &review.flow.arena);
		compare(&review);
		find_stale(&review);
		ok = read_mirror(&review, err) && print(call, &review, err) &&
		     well_formed(&review, err) &&
		     (cmd_option(call, "strict") == NULL || strict(&review, err));
	}
	mirror_close(&review.mirror);
	flow_close(&review.flow);
	return ok;
}

const struct cmd cmd_lint = {
    .name = "lint",
    .synopsis = "[OPTION…]",
    .summary = "read the migrations and say what is wrong or risky in them",
    .help = "Needs no database: for an editor, a commit hook, CI. Where a URL is set and the\n"
	    "database answers at once, the history is compared too. The mirror and the\n"
	    "approvals are read with them. Exits 65 when a file is malformed.",
    .options = options,
    .needs_config = true,
    .run = run,
};
