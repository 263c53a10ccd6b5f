#include "cmd/print.h"
#include "flow/weight.h"
#include <string.h>

enum {
	WIDEST = 60, /* one long name does not push everything off the screen */
	SUMMARY = 120
};

static bool skip(const struct plan_item *item, bool open_only)
{
	return open_only && item->state == PLAN_APPLIED;
}

static size_t label_length(const struct plan_item *item)
{
	const char *name = plan_item_name(item);
	return strlen(plan_item_version(item)) + (name[0] == '\0' ? 0 : 1 + strlen(name));
}

static size_t label_width(const struct plan *plan, bool open_only)
{
	size_t width = 0;
	for (size_t i = 0; i < plan->count; i++) {
		size_t len = label_length(&plan->items[i]);
		if (!skip(&plan->items[i], open_only) && len > width && len <= WIDEST)
			width = len;
	}
	return width;
}

static void print_item(const struct plan_item *item, size_t width, struct buf *out)
{
	const char *name = plan_item_name(item);
	size_t len = label_length(item);
	buf_printf(out, "  %-12s  %s%s%s%*s  ", plan_state_name(item->state),
	    plan_item_version(item), name[0] == '\0' ? "" : "_", name,
	    len < width ? (int)(width - len) : 0, "");
	if (item->row != NULL && item->row->reverting)
		buf_printf(out, "its rollback began %s", item->row->started_at);
	else if (item->row != NULL && item->row->state == HISTORY_REVERTED)
		buf_printf(out, "rolled back %s",
		    item->row->finished_at == NULL ? "" : item->row->finished_at);
	else if (item->row != NULL && item->row->finished_at != NULL)
		buf_add_text(out, item->row->finished_at);
	else if (item->migration != NULL)
		buf_printf(out, "%zu statement%s", item->migration->up.count,
		    item->migration->up.count == 1 ? "" : "s");
	buf_add_char(out, '\n');
}

void cmd_print_items(const struct plan *plan, bool open_only, struct buf *out)
{
	size_t width = label_width(plan, open_only);
	for (size_t i = 0; i < plan->count; i++)
		if (!skip(&plan->items[i], open_only))
			print_item(&plan->items[i], width, out);
}

static void add_item(const struct plan_item *item, struct json *object)
{
	json_add_text(object, "version", plan_item_version(item));
	json_add_text(object, "name", plan_item_name(item));
	json_add_text(object, "state", plan_state_name(item->state));
	if (item->migration != NULL) {
		json_add_text(object, "file", item->migration->file);
		json_add_text(object, "checksum", item->migration->up.checksum);
		json_add_int(object, "statements", (int64_t)item->migration->up.count);
		json_add_bool(object, "transaction", item->migration->up.transaction);
	}
	if (item->row != NULL) {
		json_add_text(object, "recorded_state", history_state_name(item->row->state));
		json_add_text(object, "recorded_checksum", item->row->checksum);
		json_add_text(object, "started_at", item->row->started_at);
		json_add_text(object, "finished_at", item->row->finished_at);
		json_add_text(object, "failed_at", item->row->failed_at);
		json_add_text(object, "run", item->row->run);
	}
}

void cmd_add_items(const struct plan *plan, bool open_only, struct json *array)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!skip(&plan->items[i], open_only))
			add_item(&plan->items[i], json_add_object(array, NULL));
}

void cmd_print_risk(const struct risk *risk, struct buf *out)
{
	if (risk->level == RISK_SAFE)
		return;
	buf_printf(out, "        %s", risk_level_name(risk->level));
	for (size_t i = 0; i < risk->loss_count; i++)
		buf_printf(out, ", %s", risk->losses[i].object);
	buf_printf(out, ": %s [%s]", risk->why, risk->rule);
	if (risk->how > SQL_HOW_INSTANT)
		buf_printf(out, ", %s", sql_how_name(risk->how));
	buf_add_char(out, '\n');
}

void cmd_add_risk(const struct risk *risk, struct json *object)
{
	json_add_text(object, "risk", risk_level_name(risk->level));
	json_add_text(object, "rule", risk->rule);
	if (risk->how != SQL_HOW_NOTHING)
		json_add_text(object, "how", sql_how_name(risk->how));
	json_add_text(object, "object", risk->loss_count > 0 ? risk->losses[0].object : NULL);
	if (risk->loss_count < 2)
		return;
	struct json *objects = json_add_array(object, "objects");
	for (size_t i = 0; i < risk->loss_count; i++)
		json_add_text(objects, NULL, risk->losses[i].object);
}

static void print_given(
    const struct judgement *judgement, const struct flow_approval *approval, struct buf *out)
{
	const char *token = judgement->token;
	/* A bare version, or all, says nothing of what needs no approval. */
	if (approval->state == APPROVAL_GIVEN &&
	    (judgement_is_destructive(judgement) || strchr(approval->given, '@') != NULL))
		buf_printf(out, "  approved by %s\n", approval->given);
	if (approval->state == APPROVAL_STALE && approval->final)
		buf_printf(out, "  stale: approved is %s, now %s\n", approval->given, token);
	if (approval->state == APPROVAL_STALE && !approval->final)
		buf_printf(
		    out, "  approved is %s: whether it fits, the proof decides\n", approval->given);
}

void cmd_add_approval(const struct flow_approval *approval, struct json *object)
{
	bool stale = approval->state == APPROVAL_STALE && approval->final;
	bool counts = !stale && approval->state != APPROVAL_WEAK;
	json_add_text(object, "approved", counts ? approval->given : NULL);
	json_add_text(object, "stale", stale ? approval->given : NULL);
}

void cmd_print_approval(
    const struct judgement *judgement, const struct flow_approval *approval, struct buf *out)
{
	const struct migration_part *part = &judgement->part;
	print_given(judgement, approval, out);
	if (!judgement_is_destructive(judgement) || approval->state == APPROVAL_GIVEN)
		return;
	buf_printf(out, "  approval, %s: %s\n",
	    part->destructive           ? "as it is declared destructive"
	    : part->script->transaction ? "when the proof finds something lost"
					: "unless its tables have no rows",
	    judgement->token);
}

/* What can't be asked for is left out. */
static void print_weight(const struct flow *flow, const struct risk *risk, struct buf *out)
{
	struct flow_weight weight;
	struct err ignored;
	if (!flow_weigh(flow, risk, &weight, &ignored) || !weight.big)
		return;
	buf_add_text(out, "        ");
	flow_weight_text(risk, &weight, out);
	buf_add_char(out, '\n');
}

static void add_weight(const struct flow *flow, const struct risk *risk, struct json *object)
{
	struct flow_weight weight;
	struct err ignored;
	if (!flow_weigh(flow, risk, &weight, &ignored) || weight.bytes == 0)
		return;
	json_add_int(object, "table_bytes", weight.bytes);
	json_add_int(object, "table_rows", weight.rows);
}

bool cmd_print_part(
    const struct flow *flow, const struct migration_part *part, struct buf *out, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct judgement judgement;
	judge(&judgement, part, &arena);
	if (!flow_judge(flow, &judgement, &arena, err))
		return false;
	struct flow_approval approval = flow_approval_of(flow, &judgement);
	buf_printf(out, "%s  %s%s\n", part->label, part->migration->file,
	    part->script->transaction ? "" : "  (no transaction)");
	for (size_t i = 0; i < part->script->count; i++) {
		char summary[SUMMARY];
		const struct sql_statement *statement = &part->script->statements[i];
		sql_summary(statement->dialect, statement, summary, sizeof(summary));
		buf_printf(out, "  %4d  %s\n", statement->line, summary);
		cmd_print_risk(&judgement.risks[i], out);
		print_weight(flow, &judgement.risks[i], out);
	}
	cmd_print_approval(&judgement, &approval, out);
	return true;
}

static void add_statements(
    const struct flow *flow, const struct judgement *judgement, struct json *array)
{
	const struct sql_script *script = judgement->part.script;
	for (size_t i = 0; i < script->count; i++) {
		struct json *object = json_add_object(array, NULL);
		json_add_text(object, "file", script->statements[i].file);
		json_add_int(object, "line", script->statements[i].line);
		json_add_text(object, "text", script->statements[i].text);
		cmd_add_risk(&judgement->risks[i], object);
		add_weight(flow, &judgement->risks[i], object);
	}
}

bool cmd_add_part(const struct flow *flow, const struct migration_part *part, struct json *object,
    struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct judgement judgement;
	judge(&judgement, part, &arena);
	if (!flow_judge(flow, &judgement, &arena, err))
		return false;
	json_add_text(object, "file", part->migration->file);
	json_add_text(object, "checksum", part->script->checksum);
	json_add_bool(object, "transaction", part->script->transaction);
	json_add_text(object, "risk", risk_level_name(judgement.worst));
	json_add_text(object, "approval", judgement.token);
	struct flow_approval approval = flow_approval_of(flow, &judgement);
	cmd_add_approval(&approval, object);
	add_statements(flow, &judgement, json_add_array(object, "statements"));
	return true;
}
