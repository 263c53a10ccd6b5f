#include "migrate/plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FINDINGS_MOST = 12, /* described in one refusal */
	ADVISED_MOST = 2,   /* of one kind; the others are dealt with alike */
	LINE = 512,
	SUMMARY = 120
};

const char *plan_item_version(const struct plan_item *item)
{
	return item->migration != NULL ? item->migration->version : item->row->version;
}

const char *plan_item_name(const struct plan_item *item)
{
	return item->migration != NULL ? item->migration->name : item->row->name;
}

bool plan_item_is_pending(const struct plan_item *item)
{
	return item->state == PLAN_PENDING || item->state == PLAN_OUT_OF_ORDER ||
	       item->state == PLAN_RESUMED;
}

const struct plan_item *plan_find(const struct plan *plan, const char *version)
{
	for (size_t i = 0; i < plan->count; i++)
		if (migration_compare(plan_item_version(&plan->items[i]), version) == 0)
			return &plan->items[i];
	return NULL;
}

/* Applied when its file had no statement yet: nothing was run, so all of it still has to be. */
static bool was_empty(const struct plan_item *item)
{
	return item->migration != NULL && item->row != NULL && item->row->statements_total == 0 &&
	       item->migration->up.count > 0;
}

static bool is_applied(const struct plan_item *item)
{
	return item->row != NULL && item->row->state == HISTORY_APPLIED && !was_empty(item);
}

/* --- Making it --- */

static int compare_rows(const void *a, const void *b)
{
	const struct history_row *left = *(const struct history_row *const *)a;
	const struct history_row *right = *(const struct history_row *const *)b;
	return migration_compare(left->version, right->version);
}

static const struct history_row **rows_by_version(
    const struct history *history, struct arena *arena)
{
	const struct history_row **rows =
	    arena_array(arena, history->count + 1, sizeof(struct history_row *));
	for (size_t i = 0; i < history->count; i++)
		rows[i] = &history->rows[i];
	qsort(rows, history->count, sizeof(struct history_row *), compare_rows);
	return rows;
}

/* Negative: the migration comes first, positive: the row, 0: they belong together. */
static int compare_next(const struct migration_set *set, size_t at_set,
    const struct history_row *const *rows, size_t row_count, size_t at_row)
{
	if (at_set == set->count)
		return 1;
	if (at_row == row_count)
		return -1;
	return migration_compare(set->items[at_set].version, rows[at_row]->version);
}

/* All versions of both. What was reverted and is in no file any more is over and done with. */
static void merge(struct plan *plan, const struct migration_set *set, const struct history *history,
    struct arena *arena)
{
	const struct history_row **rows = rows_by_version(history, arena);
	size_t at_set = 0, at_row = 0;
	while (at_set < set->count || at_row < history->count) {
		int order = compare_next(set, at_set, rows, history->count, at_row);
		struct plan_item item = {.state = PLAN_PENDING};
		if (order <= 0)
			item.migration = &set->items[at_set++];
		if (order >= 0)
			item.row = rows[at_row++];
		if (order > 0 && rows[at_row - 1]->state == HISTORY_REVERTED)
			continue;
		plan->items[plan->count++] = item;
	}
}

static bool is_accepted(const struct plan_item *item)
{
	const struct migration_directives *directives = &item->migration->directives;
	for (size_t i = 0; i < directives->was_count; i++)
		if (strncmp(item->row->checksum, directives->was[i], strlen(directives->was[i])) ==
		    0)
			return true;
	return false;
}

static enum plan_state state_known(const struct plan_item *item)
{
	if (strcmp(item->row->checksum, item->migration->up.checksum) == 0)
		return PLAN_APPLIED;
	return is_accepted(item) ? PLAN_ACCEPTED : PLAN_CHANGED;
}

static enum plan_state state_pending(const struct migration *migration, const char *newest)
{
	return newest != NULL && migration_compare(migration->version, newest) < 0
		   ? PLAN_OUT_OF_ORDER
		   : PLAN_PENDING;
}

/* What the image knows, and where the history stands with it. */
struct known {
	const char *newest_applied; /* version; NULL: none */
	const char *newest_file;    /* version; NULL: none */
	int64_t last_position;      /* of what the image has, once all of it is applied */
};

static enum plan_state state_of(const struct plan_item *item, const struct known *known)
{
	if (item->row != NULL && item->row->state == HISTORY_STARTED)
		return PLAN_UNFINISHED;
	if (!is_applied(item))
		return state_pending(item->migration, known->newest_applied);
	if (item->migration != NULL)
		return state_known(item);
	if (item->row->position < known->last_position &&
	    migration_compare(item->row->version, known->newest_file) < 0)
		return PLAN_MISSING;
	return item->row->breaks_older ? PLAN_FLOOR : PLAN_FUTURE;
}

static struct known what_is_known(const struct plan *plan)
{
	struct known known = {.newest_applied = plan_newest(plan)};
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		if (item->migration == NULL)
			continue;
		known.newest_file = item->migration->version;
		if (is_applied(item) && item->row->position > known.last_position)
			known.last_position = item->row->position;
		if (!is_applied(item) && (item->row == NULL || item->row->state != HISTORY_STARTED))
			known.last_position = INT64_MAX;
	}
	return known;
}

void plan_make(struct plan *plan, const struct migration_set *set, const struct history *history,
    struct arena *arena)
{
	*plan = (struct plan){
	    .items = arena_array(arena, set->count + history->count + 1, sizeof(*plan->items))};
	merge(plan, set, history, arena);
	const struct known known = what_is_known(plan);
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];
		item->state = state_of(item, &known);
		plan->counts[item->state]++;
	}
}

size_t plan_pending(const struct plan *plan)
{
	return plan->counts[PLAN_PENDING] + plan->counts[PLAN_OUT_OF_ORDER] +
	       plan->counts[PLAN_RESUMED];
}

size_t plan_applied(const struct plan *plan)
{
	return plan->count - plan_pending(plan) - plan->counts[PLAN_UNFINISHED];
}

const char *plan_newest(const struct plan *plan)
{
	for (size_t i = plan->count; i > 0; i--)
		if (is_applied(&plan->items[i - 1]))
			return plan_item_version(&plan->items[i - 1]);
	return NULL;
}

/* --- Judging it --- */

/* How many statements there are to an unfinished one; of a rollback 0 when that can't be told. */
static size_t statements_of(const struct history_row *row)
{
	if (!row->reverting)
		return (size_t)row->statements_total;
	return row->undo == NULL ? 0 : row->undo->down.count;
}

static bool is_same_file(const struct plan_item *item)
{
	const struct migration *migration = item->migration;
	return migration != NULL && strcmp(item->row->checksum, migration->up.checksum) == 0 &&
	       migration->up.count == (size_t)item->row->statements_total;
}

/* Are the statements that are done the first ones of the file? */
static bool begins_with_done(const struct plan_item *item)
{
	const struct history_row *row = item->row;
	size_t done = (size_t)row->statements_done;
	char checksum[DIGEST_HEX + 1] = "";
	if (is_same_file(item))
		return done <= item->migration->up.count;
	if (item->migration == NULL || done > item->migration->up.count)
		return false;
	const struct sql_script *up = &item->migration->up;
	for (size_t i = 0; i < done; i++)
		sql_add_checksum(up->dialect, &up->statements[i], checksum);
	return strcmp(checksum, row->done_checksum == NULL ? "" : row->done_checksum) == 0;
}

const struct sql_statement *plan_open_statement(const struct plan_item *item)
{
	size_t done = (size_t)item->row->statements_done;
	if (item->row->reverting)
		return done < statements_of(item->row) ? &item->row->undo->down.statements[done]
						       : NULL;
	return begins_with_done(item) && done < item->migration->up.count
		   ? &item->migration->up.statements[done]
		   : NULL;
}

bool plan_statement_at_work(const struct plan_item *item, struct sql_statement *statement)
{
	const struct history_row *row = item->row;
	const struct sql_statement *open = plan_open_statement(item);
	if (open != NULL && (row->reverting || is_same_file(item)))
		*statement = *open;
	else if (row->failed_statement != NULL)
		*statement = (struct sql_statement){.text = row->failed_statement,
		    .len = strlen(row->failed_statement),
		    .file = "db_entry_history",
		    .line = 1};
	else
		return false;
	return true;
}

/* What those that are done left in their session is gone. */
static bool needs_session(const struct plan_item *item)
{
	const struct sql_script *up = &item->migration->up;
	for (int i = 0; i < item->row->statements_done; i++)
		if (sql_is_session_bound(up->dialect, &up->statements[i]))
			return true;
	return false;
}

bool plan_can_resume(const struct plan_item *item, int *done)
{
	const struct db_remains *remains = item->remains;
	if (item->state != PLAN_UNFINISHED || item->row->reverting || !begins_with_done(item))
		return false;
	*done = item->row->statements_done;
	/* Only that it ended was not recorded. */
	if (is_same_file(item) && plan_open_statement(item) == NULL)
		return true;
	if (needs_session(item) || remains == NULL || remains->state == DB_REMAINS_UNKNOWN)
		return false;
	if (remains->state != DB_REMAINS_DONE || item->row->failed_at != NULL)
		return true;
	*done += 1;
	return is_same_file(item);
}

void plan_resume(struct plan *plan, struct plan_item *item)
{
	bool broken = item->remains != NULL && item->remains->state == DB_REMAINS_BROKEN;
	int done;
	if (broken || !plan_can_resume(item, &done))
		return;
	item->done = done;
	plan->counts[item->state]--;
	item->state = PLAN_RESUMED;
	plan->counts[item->state]++;
}

static bool took_same_number(const struct plan_item *item)
{
	return strcmp(item->migration->name, item->row->name) != 0;
}

/* What is found, in one line behind the migration's label. */
static void describe(const struct plan *plan, const struct plan_item *item, char out[LINE])
{
	char label[LINE / 2];
	const char *name = plan_item_name(item);
	snprintf(label, sizeof(label), "%s%s%s", plan_item_version(item),
	    name[0] == '\0' ? "" : "_", name);
	if (item->state == PLAN_UNFINISHED)
		snprintf(out, LINE, "%s%s was started and never finished",
		    item->row->reverting ? "the rollback of " : "", label);
	else if (item->state == PLAN_FLOOR)
		snprintf(out, LINE,
		    "%s was applied by a later image, and this image can't run on its schema",
		    label);
	else if (item->state == PLAN_MISSING)
		snprintf(out, LINE, "%s was applied, and its file is missing", label);
	else if (item->state == PLAN_OUT_OF_ORDER)
		snprintf(out, LINE, "%s is out of order: %s is applied already", label,
		    plan_newest(plan));
	else if (took_same_number(item))
		snprintf(out, LINE, "%s was applied as \"%.100s\", the file is \"%.100s\"",
		    plan_item_version(item), item->row->name, name);
	else
		snprintf(out, LINE, "%s changed after it was applied", label);
}

/* Below each of several findings; a single one's place is the error's own. */
static bool is_single(const struct err *err)
{
	return err->file[0] != '\0';
}

static const char *indent(const struct err *err)
{
	return is_single(err) ? "" : "  ";
}

static void explain_unfinished(const struct plan_item *item, struct err *err)
{
	const struct history_row *row = item->row;
	const struct sql_statement *statement = plan_open_statement(item);
	const size_t total = statements_of(row), done = (size_t)row->statements_done;
	char summary[SUMMARY];
	if (total == 0 && row->reverting) {
		err_why(err, "%s%zu statements are done; the next one %s", indent(err), done,
		    row->failed_at != NULL ? "failed" : "may be");
		return;
	}
	if (done >= total) {
		err_why(err, "%sall %zu statements are done; only that it ended was not recorded",
		    indent(err), total);
		return;
	}
	if (statement == NULL) {
		err_why(err, "%s%zu of %zu statements are done; the next one %s", indent(err), done,
		    total, row->failed_at != NULL ? "failed" : "may be");
		return;
	}
	sql_summary(row->reverting ? row->undo->down.dialect : item->migration->up.dialect,
	    statement, summary, sizeof(summary));
	err_why(err, "%sstatement %zu of %zu %s%s", indent(err), done + 1, total,
	    row->failed_at != NULL ? "failed" : "may or may not be done",
	    is_single(err) ? "" : ":");
	if (!is_single(err))
		err_why(err, "    %s:%d", statement->file, statement->line);
	err_why(err, "    %s", summary);
	if (item->remains != NULL && item->remains->state == DB_REMAINS_BROKEN)
		err_why(err, "%s%s: that is what it left", indent(err), item->remains->what);
}

static void explain(const struct plan_item *item, struct err *err)
{
	if (item->state == PLAN_UNFINISHED)
		explain_unfinished(item, err);
	else if (item->state == PLAN_CHANGED && took_same_number(item))
		err_why(err, "%stwo migrations took the same version; the file is %s", indent(err),
		    item->migration->file);
	else if (item->state == PLAN_CHANGED)
		err_why(err, "%s%s%srecorded checksum %.12s, now %.12s", indent(err),
		    is_single(err) ? "" : item->migration->file, is_single(err) ? "" : ": ",
		    item->row->checksum, item->migration->up.checksum);
}

static void advise_changed(const struct plan_item *item, struct err *err)
{
	if (took_same_number(item)) {
		err_next(err, "give the new migration a version of its own: rename %s",
		    item->migration->file);
		return;
	}
	err_next(err, "restore %s as it was applied", item->migration->file);
	err_next(err, "or accept the edit everywhere, with this line at its top:");
	err_next(err, "  -- db-entry: was=%.12s", item->row->checksum);
	err_next(
	    err, "or on this database alone: db-entry repair --accept %s", plan_item_version(item));
}

static void advise_unfinished(const struct plan_item *item, struct err *err)
{
	const char *version = plan_item_version(item);
	bool broken = item->remains != NULL && item->remains->state == DB_REMAINS_BROKEN;
	int done;
	bool can = plan_can_resume(item, &done);
	if (can && !broken)
		err_next(
		    err, "mend what it failed at, then start again, unless DB_ENTRY_RESUME=never");
	if (can)
		err_next(err, "%srun it from statement %d: db-entry repair --retry %s",
		    broken ? "mend what it failed at, then remove what it left and " : "or ",
		    done + 1, version);
	err_next(err, "%sfinish it by hand, then: db-entry repair --%s %s", can ? "or " : "",
	    item->row->reverting ? "reverted" : "applied", version);
	err_next(err, "or undo what is done, then: db-entry repair --%s %s",
	    item->row->reverting ? "applied" : "reverted", version);
}

static void advise(const struct plan *plan, const struct plan_item *item, struct err *err)
{
	const char *version = plan_item_version(item);
	switch (item->state) {
	case PLAN_UNFINISHED:
		advise_unfinished(item, err);
		break;
	case PLAN_FLOOR:
		err_next(err, "start the image that has %s, or a newer one", version);
		break;
	case PLAN_CHANGED:
		advise_changed(item, err);
		break;
	case PLAN_MISSING:
		err_next(err, "restore the file of %s from version control", version);
		err_next(
		    err, "or, when it is meant to be gone: db-entry repair --forget %s", version);
		break;
	case PLAN_OUT_OF_ORDER:
		err_next(err,
		    "rename %s with a version after %s, or set DB_ENTRY_OUT_OF_ORDER=allow",
		    item->migration->file, plan_newest(plan));
		break;
	default:
		break;
	}
}

/* Sets of states that stand in the way. */
enum {
	UNFINISHED = 1 << PLAN_UNFINISHED,
	DISAGREEING = UNFINISHED | 1 << PLAN_FLOOR | 1 << PLAN_CHANGED | 1 << PLAN_MISSING,
	DISORDERED = DISAGREEING | 1 << PLAN_OUT_OF_ORDER
};

static bool blocks(const struct plan_item *item, unsigned states)
{
	return (states & 1u << item->state) != 0;
}

static void locate(const struct plan_item *item, struct err *err)
{
	const struct sql_statement *statement =
	    item->state == PLAN_UNFINISHED ? plan_open_statement(item) : NULL;
	if (statement != NULL)
		err_at(err, statement->file, statement->line);
	else if (item->migration != NULL)
		err_at(err, item->migration->file, 0);
}

/* One finding is the message itself; several are told one under the other. */
static void report_one(const struct plan *plan, const struct plan_item *item, struct err *err)
{
	char line[LINE];
	describe(plan, item, line);
	err_set(err, ERR_HISTORY, "%s", line);
	locate(item, err);
	explain(item, err);
	advise(plan, item, err);
}

static void report_all(const struct plan *plan, size_t findings, unsigned states, struct err *err)
{
	char line[LINE];
	size_t told = 0, advised[PLAN_STATES] = {0};
	err_set(
	    err, ERR_HISTORY, "the history and the migrations disagree in %zu places", findings);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		if (!blocks(item, states))
			continue;
		if (told++ < FINDINGS_MOST) {
			describe(plan, item, line);
			err_why(err, "%s", line);
			explain(item, err);
		}
		if (advised[item->state]++ < ADVISED_MOST)
			advise(plan, item, err);
	}
	if (told > FINDINGS_MOST)
		err_why(err, "and %zu more: db-entry status", told - FINDINGS_MOST);
}

static bool check(const struct plan *plan, unsigned states, struct err *err)
{
	const struct plan_item *first = NULL;
	size_t findings = 0;
	for (size_t i = 0; i < plan->count; i++) {
		if (!blocks(&plan->items[i], states))
			continue;
		if (findings++ == 0)
			first = &plan->items[i];
	}
	if (findings == 0)
		return true;
	if (findings == 1)
		report_one(plan, first, err);
	else
		report_all(plan, findings, states, err);
	if (plan->counts[PLAN_UNFINISHED] > 0)
		err->kind = ERR_HALF_APPLIED;
	return false;
}

bool plan_check(const struct plan *plan, bool refuse_out_of_order, struct err *err)
{
	return check(plan, refuse_out_of_order ? DISORDERED : DISAGREEING, err);
}

bool plan_check_unfinished(const struct plan *plan, struct err *err)
{
	return check(plan, UNFINISHED, err);
}

const char *plan_state_name(enum plan_state state)
{
	static const char *const names[] = {
	    [PLAN_APPLIED] = "applied",
	    [PLAN_PENDING] = "pending",
	    [PLAN_OUT_OF_ORDER] = "out-of-order",
	    [PLAN_ACCEPTED] = "accepted",
	    [PLAN_CHANGED] = "changed",
	    [PLAN_UNFINISHED] = "unfinished",
	    [PLAN_RESUMED] = "resumed",
	    [PLAN_MISSING] = "missing",
	    [PLAN_FUTURE] = "future",
	    [PLAN_FLOOR] = "floor",
	};
	return names[state];
}
