#include "flow/rollback.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/drift.h"
#include "flow/events.h"
#include <string.h>

enum {
	NAMED_MOST = 12,
	DETAIL_MAX = 2000
};

/* --- What --- */

static size_t count_applied(const struct history *history)
{
	size_t count = 0;
	for (size_t i = 0; i < history->count; i++)
		count += history->rows[i].state == HISTORY_APPLIED;
	return count;
}

static bool too_many(const struct flow_rollback *rollback, size_t applied, struct err *err)
{
	err_set(err, ERR_USAGE, "--steps %lld, and %zu migration%s applied",
	    (long long)rollback->steps, applied, applied == 1 ? " is" : "s are");
	if (applied > 0)
		err_next(err, "to undo all of them: db-entry rollback --to " FLOW_ROLLBACK_ALL);
	return err_next(err, "db-entry status");
}

static bool not_applied(const char *version, struct err *err)
{
	err_set(err, ERR_USAGE, "--to %s, and no migration %s is applied", version, version);
	err_why(err, "--to names the version that stays; what was applied after it is undone");
	err_next(err, "db-entry status");
	return err_next(err, "to undo all of them: db-entry rollback --to " FLOW_ROLLBACK_ALL);
}

/* How many applied migrations, counted from the newest, are asked for. */
static bool count_wanted(
    const struct flow *flow, const struct flow_rollback *rollback, size_t *wanted, struct err *err)
{
	const struct history *history = &flow->history;
	size_t applied = count_applied(history), after = 0;
	if (rollback->to == NULL && (uint64_t)rollback->steps > applied)
		return too_many(rollback, applied, err);
	*wanted = rollback->to == NULL ? (size_t)rollback->steps : applied;
	if (rollback->to == NULL || text_is(rollback->to, FLOW_ROLLBACK_ALL))
		return true;
	for (size_t i = history->count; i-- > 0;) {
		if (history->rows[i].state != HISTORY_APPLIED)
			continue;
		if (migration_compare(history->rows[i].version, rollback->to) == 0) {
			*wanted = after;
			return true;
		}
		after++;
	}
	return not_applied(rollback->to, err);
}

static bool choose(struct flow *flow, struct flow_rollback *rollback, struct err *err)
{
	const struct history *history = &flow->history;
	size_t wanted = 0, count = 0;
	if (!count_wanted(flow, rollback, &wanted, err))
		return false;
	rollback->items = arena_array(&flow->arena, wanted, sizeof(*rollback->items));
	for (size_t i = history->count; i-- > 0 && count < wanted;)
		if (history->rows[i].state == HISTORY_APPLIED)
			rollback->items[count++].row = &history->rows[i];
	rollback->count = count;
	return true;
}

/* --- How --- */

/* Does the file say what is kept? Nothing on both sides is the same, too. */
static bool says_the_same(const struct flow_undo *undo)
{
	return undo->file != NULL && undo->file->down.count == undo->kept.down.count &&
	       (undo->kept.down.count == 0 ||
		   strcmp(undo->file->down.checksum, undo->kept.down.checksum) == 0);
}

/* Where the file says the same, its lines are what people look for. */
static void take_places(struct flow_undo *undo)
{
	const struct migration *file = undo->file;
	if (!says_the_same(undo))
		return;
	undo->kept.file = file->down_file != NULL ? file->down_file : file->file;
	for (size_t i = 0; i < undo->kept.down.count; i++) {
		undo->kept.down.statements[i].file = file->down.statements[i].file;
		undo->kept.down.statements[i].line = file->down.statements[i].line;
	}
}

/* One of which nothing was run has nothing to undo. */
static bool lacks_down(const struct flow_undo *undo)
{
	return undo->kept.down.count == 0 && undo->row->statements_total > 0;
}

/* `first` is the newest of those that are missing. */
static bool advise_missing(const struct flow_undo *first, struct err *err)
{
	const char *version = first->row->version;
	if (first->file != NULL && first->file->down.count > 0)
		err_next(
		    err, "take the one its file has now: db-entry repair --accept %s", version);
	else if (first->file != NULL)
		err_next(err, "write one into %s, then: db-entry repair --accept %s",
		    first->file->file, version);
	err_next(err, "or undo it by a new migration");
	return err_next(err, "or restore the dump from before it: db-entry dump list");
}

static bool refuse_missing(const struct flow_rollback *rollback, const struct flow_undo *first,
    size_t missing, struct err *err)
{
	size_t told = 0;
	if (missing == 1)
		err_set(err, ERR_HISTORY, "%s has no down part", first->kept.label);
	else
		err_set(err, ERR_HISTORY, "%zu migrations to undo have no down part", missing);
	for (size_t i = 0; i < rollback->count && missing > 1; i++)
		if (lacks_down(&rollback->items[i]) && told++ < NAMED_MOST)
			err_why(err, "%s", rollback->items[i].kept.label);
	if (told > NAMED_MOST)
		err_why(err, "and %zu more", told - NAMED_MOST);
	err_why(err, "nothing was changed");
	return advise_missing(first, err);
}

static bool read_down_parts(struct flow *flow, struct flow_rollback *rollback, struct err *err)
{
	const struct flow_undo *first = NULL;
	size_t missing = 0;
	for (size_t i = 0; i < rollback->count; i++) {
		struct flow_undo *undo = &rollback->items[i];
		if (!history_read_down(
			&undo->kept, flow->db, undo->row, &flow->arena, &flow->stop, err))
			return false;
		undo->file = migration_find(&flow->set, undo->row->version);
		take_places(undo);
		undo->part = migration_down(&undo->kept, &flow->arena);
		if (!lacks_down(undo))
			continue;
		if (missing++ == 0)
			first = undo;
	}
	return first == NULL || refuse_missing(rollback, first, missing, err);
}

bool flow_rollback_find(struct flow *flow, struct flow_rollback *rollback, struct err *err)
{
	return plan_check_unfinished(&flow->plan, err) && choose(flow, rollback, err) &&
	       read_down_parts(flow, rollback, err);
}

size_t flow_undo_cautions(const struct flow_undo *undo, const char *texts[FLOW_CAUTIONS])
{
	size_t count = 0;
	if (undo->row->statements_done == 0 && undo->row->statements_total > 0)
		texts[count++] = "it was counted as applied by baseline, and never run here";
	if (undo->file != NULL && !says_the_same(undo))
		texts[count++] =
		    "its file has another down part now; the one in the history is run";
	return count;
}

/* --- May it --- */

static struct flow_work work_of(struct flow *flow, const struct flow_rollback *rollback)
{
	struct flow_work work = {.count = rollback->count,
	    .parts = arena_array(&flow->arena, rollback->count, sizeof(*work.parts))};
	for (size_t i = 0; i < rollback->count; i++)
		work.parts[i] = rollback->items[i].part;
	return work;
}

bool flow_rollback_check(struct flow *flow, const struct flow_rollback *rollback, struct err *err)
{
	const struct flow_work work = work_of(flow, rollback);
	return work.count == 0 || (flow_must_write(flow, err) && flow_gate(flow, &work, err) &&
				      flow_drift(flow, &work, err));
}

/* --- Doing it --- */

static bool changed_meanwhile(const struct flow *flow, struct err *err)
{
	err_set(err, ERR_HISTORY, "another process changed the history of %s meanwhile",
	    flow->probe.label);
	if (flow->applied == 0)
		err_why(err, "nothing was rolled back");
	err_next(err, "db-entry status");
	return err_next(err, "start again, as far as it is still wanted");
}

static bool is_among(const struct flow_rollback *rollback, const struct history_row *row)
{
	for (size_t i = 0; i < rollback->count; i++)
		if (migration_compare(rollback->items[i].row->version, row->version) == 0)
			return true;
	return false;
}

/* Less than was asked for is fine, for somebody else did it; anything else was not asked for. */
static bool same_request(const struct flow_rollback *asked, const struct flow_rollback *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (!is_among(asked, found->items[i].row))
			return false;
	return true;
}

/* What was to be undone is decided before the lock, and looked at again under it. */
static bool lock_and_find(struct flow *flow, struct flow_rollback *rollback, struct err *err)
{
	struct flow_rollback asked = *rollback;
	bool at_work = flow->plan.counts[PLAN_UNFINISHED] > 0;
	if (!at_work && !choose(flow, &asked, err))
		return false;
	if (!at_work && asked.count == 0)
		return true;
	if (!flow_must_write(flow, err) || !flow_take_lock(flow, err) ||
	    !plan_check_unfinished(&flow->plan, err))
		return false;
	if (at_work)
		return changed_meanwhile(flow, err);
	if (!choose(flow, rollback, err) || !same_request(&asked, rollback)) {
		rollback->count = 0;
		return changed_meanwhile(flow, err);
	}
	return read_down_parts(flow, rollback, err);
}

static const char *describe(struct flow *flow, const struct flow_rollback *rollback)
{
	CLEANUP(buf_free) struct buf text = buf_init(DETAIL_MAX);
	/* Each version has 64 digits at most. */
	if (rollback->to != NULL)
		buf_printf(&text, "--to %s:", rollback->to);
	else
		buf_printf(&text, "--steps %lld:", (long long)rollback->steps);
	for (size_t i = 0; i < rollback->count && i < NAMED_MOST; i++)
		buf_printf(&text, " %s", rollback->items[i].row->version);
	if (rollback->count > NAMED_MOST)
		buf_printf(&text, " and %zu more", rollback->count - NAMED_MOST);
	return arena_strdup(&flow->arena, text.data);
}

static void warn(const struct flow_rollback *rollback)
{
	for (size_t i = 0; i < rollback->count; i++) {
		const struct flow_undo *undo = &rollback->items[i];
		const char *texts[FLOW_CAUTIONS];
		size_t count = flow_undo_cautions(undo, texts);
		for (size_t j = 0; j < count; j++)
			log_event(&events[EVENT_ROLLBACK_CAUTION],
			    FIELDS(FIELD("version", undo->row->version), FIELD("reason", texts[j])),
			    "%s: %s", undo->part.label, texts[j]);
	}
}

static bool is_newest(const struct flow *flow, const struct flow_undo *undo)
{
	const struct history *history = &flow->history;
	for (size_t i = history->count; i-- > 0;)
		if (history->rows[i].state == HISTORY_APPLIED)
			return migration_compare(history->rows[i].version, undo->row->version) == 0;
	return false;
}

/* Connected anew, and without the lock for a while: others may have been at work. */
static bool check_reconnected(struct flow *flow, const struct flow_undo *undo, struct err *err)
{
	return flow_look(flow, err) && (is_newest(flow, undo) || changed_meanwhile(flow, err));
}

static bool undo_all(struct flow *flow, const struct flow_rollback *rollback, struct err *err)
{
	const struct plan_item *seen = flow->plan.items;
	flow->to_apply = rollback->count;
	for (size_t i = 0; i < rollback->count; i++) {
		const struct flow_undo *undo = &rollback->items[i];
		if (!stop_check(&flow->stop, err)) {
			err_context(err, "between two migrations");
			return flow_report_kept(flow, true, err);
		}
		if (flow->plan.items != seen && !check_reconnected(flow, undo, err))
			return flow_report_kept(flow, true, err);
		seen = flow->plan.items;
		if (!flow_run_part(flow, &undo->part, undo->row, err))
			return flow_report_kept(flow, true, err);
	}
	return flow_look(flow, err);
}

bool flow_rollback_do(struct flow *flow, struct flow_rollback *rollback, struct err *err)
{
	struct flow_work work;
	if (!lock_and_find(flow, rollback, err))
		return false;
	if (rollback->count == 0)
		return true;
	flow->run.detail = describe(flow, rollback);
	warn(rollback);
	work = work_of(flow, rollback);
	return flow_gate(flow, &work, err) && flow_drift(flow, &work, err) &&
	       flow_trial(flow, &work, err) && flow_backup(flow, &work, err) &&
	       flow_prepare(flow, err) && undo_all(flow, rollback, err);
}
