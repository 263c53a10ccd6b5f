/*
 * The gate: may what is pending be applied here? Reading comes first; where a migration runs in a
 * transaction the proof outranks it.
 */
#include "flow/gate.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/weight.h"
#include "sql/names.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	SUMMARY = 160,
	TOLD_MOST = 6,
	WEIGHT_MAX = 1024
};

static bool refuse_rollback(const struct flow *flow, struct err *err)
{
	err_set(err, ERR_DESTRUCTIVE, "environment %s does not allow migrations, nor to undo them",
	    config_text(flow->config, SETTING_ENV));
	return err_next(err, "set permissions.migrations in %s",
	    config_text(flow->config, SETTING_ENVIRONMENTS));
}

static bool refuse_all(const struct flow *flow, const struct flow_work *work, struct err *err)
{
	if (work->count > 0 && work->parts[0].down)
		return refuse_rollback(flow, err);
	err_set(err, ERR_PENDING, "%zu pending, and environment %s does not allow migrations",
	    plan_pending(&flow->plan), config_text(flow->config, SETTING_ENV));
	return err_next(err, "apply them where it is allowed, or set permissions.migrations in %s",
	    config_text(flow->config, SETTING_ENVIRONMENTS));
}

#define APPROVE "approve in %s (with a reason behind it) or DB_ENTRY_APPROVE:"

/* What is approved and what now is, when the two differ. */
static void tell_stale(const char *given, const char *token, struct err *err)
{
	err_why(err, "approved is %s, but the %s, or what it loses, is now %s", given,
	    strstr(token, "@down:") != NULL ? "down part" : "migration", token);
}

static void tell_state(const struct flow *flow, bool down, const struct flow_approval *approval,
    const char *token, struct err *err)
{
	if (approval->state == APPROVAL_STALE)
		tell_stale(approval->given, token, err);
	if (approval->state == APPROVAL_WEAK && down)
		err_why(err, "a bare version, or all, approves migrations alone, no rollback");
	else if (approval->state == APPROVAL_WEAK)
		err_why(err, "a bare version, or all, approves nothing %s",
		    flow->config->permission == PERMISSION_UNNAMED ? "without a named environment"
								   : "in this environment");
	err_next(err, APPROVE, config_text(flow->config, SETTING_APPROVALS));
	err_next(err, "  %s", token);
}

static bool is_proved(const struct flow *flow, const struct migration_part *part)
{
	return flow_is_atomic(part) && flow->driver->prove != NULL;
}

struct flow_approval flow_approval_of(const struct flow *flow, const struct judgement *judgement)
{
	const struct migration_part *part = &judgement->part;
	struct flow_approval approval = {
	    .final = judgement_is_final(judgement) ||
		     (!is_proved(flow, part) && flow->driver->judge == NULL)};
	approval.state = approvals_find(&flow->approvals, flow->config->permission,
	    part->migration->version, judgement->token, &approval.given);
	return approval;
}

static bool is_reviewed(const struct flow *flow)
{
	return flow->config->permission == PERMISSION_REVIEW ||
	       flow->config->permission == PERMISSION_CHANGE_REQUEST;
}

/* What keeps parts from being run, before any of them is. */
struct refusal {
	struct err err;
	size_t parts;
	bool unapproved, nameless; /* some are; nameless: without a work item */
};

/* One more part; false when enough are told. */
static bool tell_another(struct refusal *refusal)
{
	return refusal->parts++ < TOLD_MOST;
}

static void tell_token(
    struct refusal *refusal, const struct flow *flow, bool anew, const char *token)
{
	const char *file = config_text(flow->config, SETTING_APPROVALS);
	if (!refusal->unapproved && anew)
		err_next(&refusal->err,
		    "approve anew in %s or DB_ENTRY_APPROVE, or remove what is stale:", file);
	else if (!refusal->unapproved)
		err_next(&refusal->err, APPROVE, file);
	refusal->unapproved = true;
	err_next(&refusal->err, "  %s", token);
}

/* Where everything is reviewed, each part that is to be run needs its own line. */
static void review(
    struct refusal *refusal, const struct flow *flow, const struct migration_part *part)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct judgement judgement;
	judge(&judgement, part, &arena);
	struct flow_approval approval = flow_approval_of(flow, &judgement);
	bool stale = approval.state == APPROVAL_STALE;
	/* What the proof finds may have changed the digest: it is judged then. */
	bool approved = approval.state == APPROVAL_GIVEN || (stale && !approval.final);
	bool nameless = flow->config->permission == PERMISSION_CHANGE_REQUEST &&
			part->migration->directives.work_item == NULL;
	if ((approved && !nameless) || !tell_another(refusal))
		return;
	if (nameless)
		err_why(&refusal->err, "%s: no work item", part->label);
	refusal->nameless = refusal->nameless || nameless;
	if (approved)
		return;
	err_why(&refusal->err, "%s: not approved", part->label);
	if (stale)
		tell_stale(approval.given, judgement.token, &refusal->err);
	tell_token(refusal, flow, false, judgement.token);
}

/* Stale for certain: the proof can't make the approval fit again. */
static void refuse_stale(
    struct refusal *refusal, const struct flow *flow, const struct migration_part *part)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct judgement judgement;
	judge(&judgement, part, &arena);
	struct flow_approval approval = flow_approval_of(flow, &judgement);
	if (approval.state != APPROVAL_STALE || !approval.final || !tell_another(refusal))
		return;
	err_why(&refusal->err, "%s:", part->label);
	tell_stale(approval.given, judgement.token, &refusal->err);
	tell_token(refusal, flow, true, judgement.token);
}

/* Before anything is run, as far as reading tells. */
static bool check_approvals(const struct flow *flow, const struct flow_work *work, struct err *err)
{
	struct refusal refusal = {.parts = 0};
	bool reviewed = is_reviewed(flow), down = work->count > 0 && work->parts[0].down;
	if (!reviewed && flow->approvals.count == 0)
		return true;
	if (reviewed)
		err_set(&refusal.err, ERR_DESTRUCTIVE,
		    "environment %s wants each migration approved",
		    config_text(flow->config, SETTING_ENV));
	else
		err_set(&refusal.err, ERR_DESTRUCTIVE,
		    "nothing is %s, because an approval is stale",
		    down ? "rolled back" : "applied");
	for (size_t i = 0; i < work->count; i++)
		(reviewed ? review : refuse_stale)(&refusal, flow, &work->parts[i]);
	if (refusal.parts == 0)
		return true;
	if (refusal.parts > TOLD_MOST)
		err_why(&refusal.err, "and %zu more: db-entry %s", refusal.parts - TOLD_MOST,
		    down ? "rollback --plan" : "plan");
	if (refusal.nameless && !down)
		err_next(&refusal.err, "at the top of the file: -- db-entry: work-item=ABC-123");
	*err = refusal.err;
	return false;
}

/* The first one that is run would leave the others to be refused. */
static bool check_transactions(
    const struct flow *flow, const struct flow_work *work, struct err *err)
{
	if (!flow->probe.transactions_only)
		return true;
	for (size_t i = 0; i < work->count; i++) {
		const struct migration_part *part = &work->parts[i];
		if (flow_is_atomic(part))
			continue;
		err_set(err, ERR_LOCK,
		    "%s is run outside a transaction, and %s has no session for"
		    " that",
		    part->label, flow->probe.label);
		err_at(err, part->migration->file, 0);
		err_why(err, "DB_ENTRY_LOCK=lease: what is not in a transaction can't be checked"
			     " against the lease before it is done");
		err_why(err, "nothing was changed");
		return err_next(err, "name the server itself, for this alone: "
				     "DB_ENTRY_DIRECT_URL=postgresql://…");
	}
	return true;
}

bool flow_gate(struct flow *flow, const struct flow_work *work, struct err *err)
{
	if (!approvals_read(&flow->approvals, flow->config, &flow->arena, err) ||
	    !check_transactions(flow, work, err))
		return false;
	return flow->config->permission == PERMISSION_FALSE ? refuse_all(flow, work, err)
							    : check_approvals(flow, work, err);
}

static void tell_statements(const struct judgement *judgement, struct err *err)
{
	const struct sql_script *script = judgement->part.script;
	size_t told = 0;
	for (size_t i = 0; i < script->count; i++) {
		char summary[SUMMARY];
		if (judgement->risks[i].level < RISK_DESTRUCTIVE)
			continue;
		if (++told > TOLD_MOST)
			continue;
		sql_summary(script->statements[i].dialect, &script->statements[i], summary,
		    sizeof(summary));
		if (told == 1)
			err_at(err, script->statements[i].file, script->statements[i].line);
		else
			err_why(
			    err, "%s:%d", script->statements[i].file, script->statements[i].line);
		err_why(err, "  %s", summary);
	}
	if (told > TOLD_MOST)
		err_why(err, "and %zu more like these: db-entry %s", told - TOLD_MOST,
		    judgement->part.down ? "rollback --plan" : "plan");
}

static bool block(const struct gate *gate, const struct flow_approval *approval,
    const struct db_proof *proof, struct err *err)
{
	const struct migration_part *part = &gate->judgement.part;
	err_set(err, ERR_DESTRUCTIVE, "BLOCKED %s: nothing of it is done", part->label);
	tell_statements(&gate->judgement, err);
	err_at(err, part->migration->file, 0);
	for (size_t i = 0; proof == NULL && i < gate->found_count; i++)
		err_why(err, "%s", gate->found[i]);
	for (size_t i = 0; proof != NULL && i < proof->count; i++)
		err_why(err, "%s", proof->losses[i].evidence);
	if (proof != NULL && proof->count == 0 && part->destructive)
		err_why(err, "its author declares it destructive");
	tell_state(gate->flow, part->down, approval, gate->judgement.token, err);
	return part->down ? err_next(err, "or leave it applied")
			  : err_next(err, "or start the previous image; its schema is untouched");
}

/* Approved, or refused with what the proof found; NULL where there was none. */
static bool ask(struct gate *gate, bool needed, const struct db_proof *proof, struct err *err)
{
	struct flow *flow = gate->flow;
	const struct migration_part *part = &gate->judgement.part;
	const struct flow_approval approval = flow_approval_of(flow, &gate->judgement);
	const char *used = approval.given;
	if (approval.state == APPROVAL_GIVEN) {
		if (needed || is_reviewed(flow) || strchr(used, '@') != NULL)
			gate->approval = used;
		if (needed)
			log_event(&events[EVENT_DESTRUCTIVE_APPROVED],
			    FIELDS(FIELD("version", part->migration->version),
				FIELD("approval", used)),
			    "%s is approved by %s", part->label, used);
		return true;
	}
	if (!needed && approval.state != APPROVAL_STALE)
		return true;
	return block(gate, &approval, proof, err);
}

void gate_open(struct gate *gate, struct flow *flow, const struct migration_part *part)
{
	*gate = (struct gate){.flow = flow};
	judge(&gate->judgement, part, &gate->arena);
}

void gate_close(struct gate *gate)
{
	arena_free(&gate->arena);
}

/* Then a name in the file may not be the table that has it now. */
static bool moves_names(const struct gate *gate)
{
	const struct sql_script *script = gate->judgement.part.script;
	for (size_t i = 0; i < script->count; i++)
		if (sql_moves_names(script->statements[i].dialect, script->statements[i].text,
			script->statements[i].len))
			return true;
	return false;
}

static bool drops(const struct risk *risk, const char *table)
{
	for (size_t i = 0; i < risk->loss_count; i++)
		if (text_starts(risk->losses[i].object, "table ") &&
		    risk->losses[i].table != NULL && strcasecmp(risk->losses[i].table, table) == 0)
			return true;
	return false;
}

/* Does a statement before it drop what a bare name in it means now? There may be another behind. */
static bool meets_another(const struct judgement *judgement, size_t at)
{
	const struct risk *risk = &judgement->risks[at];
	for (size_t i = 0; i < risk->loss_count; i++) {
		const struct risk_loss *loss = &risk->losses[i];
		for (size_t j = 0; loss->table != NULL && loss->schema == NULL && j < at; j++)
			if (drops(&judgement->risks[j], loss->table))
				return true;
	}
	return false;
}

/* False when each thing that the statement may lose is a row of a table that has none. */
static bool may_lose(struct flow *flow, const struct risk *risk, bool *yes, struct err *err)
{
	bool rows = risk->loss_count == 0 || risk->level == RISK_UNKNOWN;
	for (size_t i = 0; i < risk->loss_count && !rows; i++) {
		const struct risk_loss *loss = &risk->losses[i];
		/* A table without rows has nothing to lose. */
		if (loss->table == NULL)
			rows = true;
		else if (!flow->driver->has_rows(
			     flow->db, loss->schema, loss->table, &rows, &flow->stop, err))
			return false;
	}
	*yes = rows;
	return true;
}

static void add_found(struct gate *gate, const char *text)
{
	gate->found = arena_grow(&gate->arena, gate->found, gate->found_count,
	    &gate->found_capacity, sizeof(*gate->found));
	gate->found[gate->found_count++] = text;
}

/* Nobody has told yet what it is that has to be approved. */
static void add_losses(struct gate *gate, const struct risk *risk, bool known)
{
	size_t most = risk->loss_count < TOLD_MOST ? risk->loss_count : TOLD_MOST;
	if (flow_approval_of(gate->flow, &gate->judgement).state == APPROVAL_GIVEN)
		return;
	for (size_t i = 0; i < most; i++)
		add_found(gate, flow_loss_text(gate->flow, &risk->losses[i], known, &gate->arena));
	if (most < risk->loss_count)
		add_found(
		    gate, arena_printf(&gate->arena, "and %zu more", risk->loss_count - most));
}

/* What was seen in a trial outranks reading. */
static void add_trial(struct gate *gate, size_t at)
{
	struct risk *risk = &gate->judgement.risks[at];
	const char *evidence = flow_tried(gate->flow, &gate->judgement.part.script->statements[at]);
	if (evidence == NULL)
		return;
	add_found(gate, evidence);
	if (risk->level < RISK_DESTRUCTIVE)
		risk->level = RISK_DESTRUCTIVE;
}

/* What the schema that is there makes of a statement; *told when that is more than reading did. */
static bool look_closer(const struct flow *flow, struct judgement *judgement, size_t at, bool *told,
    struct arena *arena, struct err *err)
{
	struct risk *risk = &judgement->risks[at];
	const char *why = risk->why;
	*told = false;
	if (flow->driver->judge == NULL)
		return true;
	if (!flow->driver->judge(
		flow->db, judgement->part.script, at, risk, arena, &flow->stop, err))
		return false;
	*told = risk->level >= RISK_DESTRUCTIVE && risk->why != why;
	for (size_t i = 0; i < risk->loss_count; i++)
		judgement_add(judgement, risk->losses[i].object, arena);
	return true;
}

bool flow_judge(
    const struct flow *flow, struct judgement *judgement, struct arena *arena, struct err *err)
{
	struct migration_part *part = &judgement->part;
	bool undone = true, told;
	if (!flow->probe.exists || flow->driver->judge == NULL)
		return true;
	if (flow_is_atomic(part) && flow->driver->undoes != NULL &&
	    !flow->driver->undoes(flow->db, part->script, &undone, &flow->stop, err))
		return false;
	part->stepwise = part->stepwise || !undone;
	if (is_proved(flow, part))
		return true;
	judgement->worst = RISK_SAFE;
	for (size_t i = 0; i < part->script->count; i++) {
		if (!look_closer(flow, judgement, i, &told, arena, err))
			return false;
		if (judgement->risks[i].level > judgement->worst)
			judgement->worst = judgement->risks[i].level;
	}
	return true;
}

/* Told before it is begun: others are going to wait for it. */
static bool tell_weight(const struct gate *gate, size_t at, struct err *err)
{
	const struct judgement *judgement = &gate->judgement;
	const struct sql_statement *statement = &judgement->part.script->statements[at];
	const struct risk *risk = &judgement->risks[at];
	CLEANUP(buf_free) struct buf text = buf_init(WEIGHT_MAX);
	struct flow_weight weight;
	if (!flow_weigh(gate->flow, risk, &weight, err))
		return false;
	if (!weight.big)
		return true;
	flow_weight_text(risk, &weight, &text);
	log_event(&events[EVENT_TABLE_REWRITTEN],
	    FIELDS(FIELD("version", judgement->part.migration->version),
		FIELD("file", statement->file), FIELD_INT("line", statement->line),
		FIELD("table", risk->altered), FIELD("how", sql_how_name(risk->how)),
		FIELD_INT("bytes", weight.bytes), FIELD_INT("rows", weight.rows)),
	    "%s:%d %s", statement->file, statement->line, text.data);
	return true;
}

static bool tell_weights(const struct gate *gate, struct err *err)
{
	for (size_t i = 0; i < gate->judgement.part.script->count; i++)
		if (!tell_weight(gate, i, err))
			return false;
	return true;
}

bool gate_before(struct gate *gate, struct err *err)
{
	const struct judgement *judgement = &gate->judgement;
	struct flow *flow = gate->flow;
	bool proved = is_proved(flow, &judgement->part);
	bool needed = !proved && judgement->part.destructive && !flow->first_install;
	bool moves = !proved && moves_names(gate);
	for (size_t i = 0; i < judgement->part.script->count; i++) {
		const struct risk *risk = &judgement->risks[i];
		bool rows = true, told = false;
		add_trial(gate, i);
		if (!proved && !look_closer(flow, &gate->judgement, i, &told, &gate->arena, err))
			return false;
		if (told)
			add_found(gate, risk->why);
		/* A statement no rule knows is the engine's to refuse; a PRAGMA acts unseen. */
		if (risk->level < RISK_DESTRUCTIVE ||
		    (proved && strcmp(risk->rule, "unknown-pragma") != 0))
			continue;
		if (!moves && !meets_another(judgement, i) && !may_lose(flow, risk, &rows, err))
			return false;
		needed = needed || rows;
		if (rows && !told && !proved)
			add_losses(gate, risk, !moves && !meets_another(judgement, i));
	}
	return ((proved && !needed) || ask(gate, needed, NULL, err)) && tell_weights(gate, err);
}

void gate_report_overwrite(const struct gate *gate, const struct db_overwrite *overwrite)
{
	log_event(&events[EVENT_PROOF_OVERWRITTEN],
	    FIELDS(FIELD("version", gate->judgement.part.migration->version),
		FIELD("table", overwrite->table), FIELD_INT("rows", overwrite->rows),
		FIELD("file", overwrite->statement->file),
		FIELD_INT("line", overwrite->statement->line)),
	    "%s:%d overwrites values in %lld row%s of %s", overwrite->statement->file,
	    overwrite->statement->line, (long long)overwrite->rows, overwrite->rows == 1 ? "" : "s",
	    overwrite->table);
}

bool gate_prove(struct gate *gate, struct err *err)
{
	struct flow *flow = gate->flow;
	const struct migration_part *part = &gate->judgement.part;
	const char *version = part->migration->version;
	struct db_proof *proof = &gate->proof;
	gate->again = false;
	if (!flow->driver->prove(flow->db, proof, &gate->arena, &flow->stop, err))
		return false;
	if (proof->state == DB_PROOF_AGAIN) {
		gate->again = true;
		log_event(&events[EVENT_PROOF_AGAIN], FIELDS(FIELD("version", version)),
		    "%s changes rows that were there; once more, row by row", part->label);
		return err_set(err, ERR_UNEXPECTED, "the proof is not complete");
	}
	for (size_t i = 0; i < proof->count; i++)
		judgement_add(&gate->judgement, proof->losses[i].object, &gate->arena);
	if (proof->tables > 0 && proof->count == 0)
		log_event(&events[EVENT_PROOF_HELD],
		    FIELDS(FIELD("version", version), FIELD_INT("tables", (int64_t)proof->tables)),
		    "%s loses nothing: %zu table%s compared", part->label, proof->tables,
		    proof->tables == 1 ? "" : "s");
	for (size_t i = 0; i < proof->overwrite_count; i++)
		gate_report_overwrite(gate, &proof->overwrites[i]);
	bool declared = part->destructive && !flow->first_install;
	gate->refused = !ask(gate, proof->count > 0 || declared, proof, err);
	return !gate->refused;
}

bool gate_explain(struct gate *gate, struct err *err)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* the refusal stands without samples */
	if (!gate->refused || !gate->flow->driver->samples(
				  gate->flow->db, &gate->proof, &gate->arena, &stop, &ignored))
		return false;
	const struct flow_approval approval = flow_approval_of(gate->flow, &gate->judgement);
	return block(gate, &approval, &gate->proof, err);
}
