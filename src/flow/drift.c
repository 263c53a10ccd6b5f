#include "flow/drift.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/mirror.h"
#include "sql/names.h"
#include "sql/risk.h"
#include <string.h>

enum {
	CATALOG_MAX = MIRROR_MAX,
	TOLD_MOST = 8
};

static const char last_run[] = "last run";

/* A snapshot that can't be read is none: it is made anew, and there is nothing to go by. */
static bool read_recorded(
    struct flow *flow, struct schema *recorded, bool *readable, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(CATALOG_MAX);
	*readable = snapshot_read_catalog(&text, flow->db, &flow->stop, err) &&
		    flow_parse_catalog(flow, &text, recorded, err);
	return *readable || (err->kind != ERR_STOPPED && err->kind != ERR_DATABASE);
}

/* Nobody changed the schema who did that: new partitions, an extension that was updated. */
static bool is_everyday(const struct schema_change *change)
{
	const struct schema_kind *kind = schema_change_object(change)->kind;
	unsigned rest = change->attributes;
	if (change->difference == SCHEMA_ONLY_RIGHT)
		return kind->joins != NULL && schema_value(change->right, kind->joins) != NULL;
	for (int i = 0; kind->attributes[i].name != NULL; i++)
		if (kind->attributes[i].loose)
			rest &= ~(1u << i);
	return change->difference == SCHEMA_CHANGED && rest == 0 && !change->moved;
}

static void leave_out_everyday(struct schema_diff *diff)
{
	size_t kept = 0;
	for (size_t i = 0; i < diff->count; i++) {
		const struct schema_change *change = &diff->changes[i];
		if (!is_everyday(change))
			diff->changes[kept++] = *change;
		else if (change->difference == SCHEMA_CHANGED)
			diff->changed--;
		else
			diff->only_right--;
	}
	diff->count = kept;
}

bool flow_drift_find(struct flow *flow, const struct standing *standing, const struct schema *live,
    struct schema_diff *diff, struct err *err)
{
	struct schema recorded, now;
	bool readable;
	*diff = (struct schema_diff){0};
	if (!standing->comparable || standing->same)
		return true;
	if (!read_recorded(flow, &recorded, &readable, err))
		return false;
	if (!readable)
		return true;
	now = flow_as_written(flow, live);
	schema_diff(diff, flow_without_ignored(flow, &recorded), flow_without_ignored(flow, &now),
	    false, &flow->arena);
	leave_out_everyday(diff);
	return true;
}

static const char *verb(const struct schema_change *change)
{
	return change->difference == SCHEMA_ONLY_RIGHT  ? "added"
	       : change->difference == SCHEMA_ONLY_LEFT ? "removed"
							: "changed";
}

static void warn(const struct flow *flow, const struct schema_diff *diff)
{
	CLEANUP(buf_free) struct buf objects = buf_init(4096);
	for (size_t i = 0; i < diff->count && i < TOLD_MOST; i++) {
		buf_add_text(&objects, i == 0 ? "" : ", ");
		schema_label(schema_change_object(&diff->changes[i]), &objects);
		buf_printf(&objects, " %s", verb(&diff->changes[i]));
	}
	if (diff->count > TOLD_MOST)
		buf_printf(&objects, " and %zu more", diff->count - TOLD_MOST);
	log_event(&events[EVENT_DRIFT_FOUND],
	    FIELDS(FIELD_INT("count", (int64_t)diff->count), FIELD("objects", objects.data)),
	    "%s was changed by somebody else since the last run: %s (db-entry diff --last-run)",
	    flow->probe.label, objects.data);
}

/* A statement that takes something away from a table, or the table, may take what is on it too. */
static bool takes_away(const struct sql_statement *statement, const struct dialect *dialect)
{
	return sql_has_word(dialect, statement->text, statement->len, "DROP") ||
	       sql_has_word(dialect, statement->text, statement->len, "RENAME");
}

/*
 * What statements of its own make and drop is touched by its name, and by what takes away the table
 * it is on; the rest by the name of what it is a part of.
 */
static bool touches(const struct schema_object *object, const struct sql_statement *statement,
    const struct dialect *dialect)
{
	const struct schema_object *it = object;
	const char *on = it->kind->parent != NULL ? it->parent : schema_value(it, "on");
	bool apart = it->kind->parent == NULL || it->kind->own_name;
	if (apart && sql_names(dialect, statement->text, statement->len, it->name))
		return true;
	return on != NULL && sql_names(dialect, statement->text, statement->len, on) &&
	       (!apart || takes_away(statement, dialect));
}

static const struct sql_statement *touching(
    const struct sql_script *script, const struct schema_object *object)
{
	for (size_t i = 0; i < script->count; i++)
		if (touches(object, &script->statements[i], script->statements[i].dialect))
			return &script->statements[i];
	return NULL;
}

/* The first statement that touches what drifted; NULL when none does. */
static const struct sql_statement *find_touching(const struct flow_work *work,
    const struct schema_diff *diff, const struct schema_object **object)
{
	for (size_t i = 0; i < work->count; i++) {
		for (size_t j = 0; j < diff->count; j++) {
			*object = schema_change_object(&diff->changes[j]);
			const struct sql_statement *found =
			    touching(work->parts[i].script, *object);
			if (found != NULL)
				return found;
		}
	}
	return NULL;
}

static bool refuse(const struct flow *flow, const struct schema_diff *diff, struct err *err)
{
	err_set(err, ERR_DRIFT, "%s was changed by somebody else since the last run",
	    flow->probe.label);
	flow_tell_differences(diff, last_run, "database", true, err);
	return false;
}

static bool advise(struct err *err)
{
	err_next(err, "undo that change, or put it into a migration that is older than these");
	err_next(err, "or take the database as it is: db-entry repair --accept-drift");
	return err_next(err, "or only be warned: DB_ENTRY_DRIFT=warn");
}

static bool refuse_touched(const struct flow *flow, const struct schema_diff *diff,
    const struct sql_statement *statement, const struct schema_object *object, struct err *err)
{
	CLEANUP(buf_free) struct buf label = buf_init(1024);
	schema_label(object, &label);
	refuse(flow, diff, err);
	err_why(err, "%s:%d touches %s", statement->file, statement->line, label.data);
	return advise(err);
}

bool flow_drift_judge(const struct flow *flow, const struct flow_work *work,
    const struct schema_diff *diff, struct err *err)
{
	const struct schema_object *object = NULL;
	if (diff->count == 0 || config_is(flow->config, SETTING_DRIFT, "ignore"))
		return true;
	if (config_is(flow->config, SETTING_DRIFT, "block")) {
		refuse(flow, diff, err);
		return advise(err);
	}
	const struct sql_statement *statement = find_touching(work, diff, &object);
	if (statement != NULL && config_is(flow->config, SETTING_DRIFT, "auto"))
		return refuse_touched(flow, diff, statement, object, err);
	warn(flow, diff);
	return true;
}

bool flow_drift(struct flow *flow, const struct flow_work *work, struct err *err)
{
	for (int tries = 0; tries < STANDING_TRIES; tries++) {
		CLEANUP(arena_free) struct arena arena = {0};
		struct standing standing;
		struct schema live;
		struct schema_diff diff;
		bool changed = false;
		if (!flow_stand(flow, &standing, err))
			return false;
		if (!standing.comparable || standing.same ||
		    config_is(flow->config, SETTING_DRIFT, "ignore"))
			return true;
		if (!flow->driver->read_schema(flow->db, &live, &arena, &flow->stop, err) ||
		    (!flow->locked && !flow_stands(flow, &standing, &changed, err)))
			return false;
		if (!changed)
			return flow_drift_find(flow, &standing, &live, &diff, err) &&
			       flow_drift_judge(flow, work, &diff, err);
	}
	return true; /* it is theirs to judge */
}
