/* Recording the snapshot. */
#include "flow/record.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/mirror.h"
#include "flow/verify.h"
#include <stdio.h>
#include <string.h>

enum {
	CATALOG_MAX = MIRROR_MAX,
	IDLE_MS = 200 /* for the write lock, when nothing but a record is to be written */
};

static bool describe(
    struct flow *flow, const struct history *history, struct snapshot *now, struct err *err)
{
	*now = (struct snapshot){.exists = true, .format = SNAPSHOT_FORMAT};
	history_digest(history, now->history);
	snprintf(
	    now->engine, sizeof(now->engine), "%s %s", flow->probe.flavour, flow->probe.version);
	return flow->driver->fingerprint(flow->db, now->fingerprint, &flow->stop, err);
}

static bool same_maker(const struct snapshot *a, const struct snapshot *b)
{
	return a->exists && b->exists && a->format == b->format &&
	       strcmp(a->engine, b->engine) == 0;
}

bool flow_stand(struct flow *flow, struct standing *standing, struct err *err)
{
	struct snapshot *last = &flow->snapshot;
	struct standing found = {.comparable = false};
	if (!snapshot_read(last, flow->db, &flow->stop, err) ||
	    !describe(flow, &flow->history, &found.now, err))
		return false;
	found.comparable = same_maker(last, &found.now) &&
			   strcmp(last->history, found.now.history) == 0 &&
			   !history_is_unfinished(&flow->history);
	found.same = found.comparable && strcmp(last->fingerprint, found.now.fingerprint) == 0;
	*standing = found;
	return true;
}

bool flow_stands(struct flow *flow, const struct standing *standing, bool *changed, struct err *err)
{
	const struct snapshot before = flow->snapshot;
	char history[DIGEST_HEX + 1];
	if (!snapshot_read(&flow->snapshot, flow->db, &flow->stop, err) || !flow_look(flow, err))
		return false;
	history_digest(&flow->history, history);
	*changed = strcmp(history, standing->now.history) != 0 ||
		   before.exists != flow->snapshot.exists ||
		   strcmp(before.history, flow->snapshot.history) != 0 ||
		   strcmp(before.fingerprint, flow->snapshot.fingerprint) != 0;
	return true;
}

static bool record(struct flow *flow, struct snapshot *now, bool judge, bool keep, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf catalog = buf_init(CATALOG_MAX);
	struct schema live;
	if (!keep || judge) {
		if (!flow->driver->read_schema(flow->db, &live, &arena, &flow->stop, err) ||
		    (judge && !flow_verify(flow, &live, now, err)) ||
		    (!keep && !flow_catalog_text(flow, &live, &catalog, err)))
			return false;
	}
	return snapshot_write(now, keep ? NULL : &catalog, flow->db, &flow->run, &flow->stop, err);
}

bool flow_record(struct flow *flow, bool last, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct history history;
	struct snapshot now;
	const struct snapshot *before = &flow->snapshot;
	if (!history_read(&history, flow->db, &arena, &flow->stop, err) ||
	    !describe(flow, &history, &now, err))
		return false;
	/* What changed rows alone left the catalog, and the verdict, as they were. */
	bool keep = same_maker(before, &now) && strcmp(before->fingerprint, now.fingerprint) == 0;
	bool judge = last && flow_verify_applies(flow);
	if (judge && keep && flow_verdict_holds(flow, before)) {
		memcpy(now.mirror, before->mirror, sizeof(now.mirror));
		now.verdict = before->verdict;
		now.differences = before->differences;
		judge = false;
	}
	if (!record(flow, &now, judge, keep, err))
		return false;
	flow->snapshot = now;
	return true;
}

bool flow_record_history(struct flow *flow, const struct standing *standing, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct history history;
	struct snapshot now = flow->snapshot;
	if (!standing->comparable || standing->same)
		return flow_record(flow, false, err);
	if (!history_read(&history, flow->db, &arena, &flow->stop, err))
		return false;
	history_digest(&history, now.history);
	return snapshot_write(&now, NULL, flow->db, &flow->run, &flow->stop, err);
}

/* Nothing is lost by not recording, so an application that writes is not waited for. */
static bool begin_soon(struct flow *flow, struct err *err)
{
	const struct stop soon = stop_within(&flow->stop, IDLE_MS);
	return history_prepare(flow->db, &soon, err) && flow->driver->begin(flow->db, &soon, err);
}

/* Under the lock: only what is still as it was judged may be recorded. */
static bool record_unless_changed(struct flow *flow, const struct snapshot *found, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf catalog = buf_init(CATALOG_MAX);
	struct history history;
	struct schema live;
	struct snapshot now;
	err_set(err, ERR_UNEXPECTED, "it changed meanwhile");
	if (!history_read(&history, flow->db, &arena, &flow->stop, err) || !history.exists ||
	    !begin_soon(flow, err))
		return false;
	bool ok = describe(flow, &history, &now, err) && strcmp(now.history, found->history) == 0 &&
		  strcmp(now.fingerprint, found->fingerprint) == 0 &&
		  flow->driver->read_schema(flow->db, &live, &arena, &flow->stop, err) &&
		  flow_catalog_text(flow, &live, &catalog, err) &&
		  snapshot_write(found, &catalog, flow->db, &flow->run, &flow->stop, err) &&
		  flow->driver->lock_check(flow->db, &flow->stop, err) &&
		  flow->driver->commit(flow->db, &flow->stop, err);
	if (!ok)
		flow_roll_back(flow);
	return ok;
}

void flow_record_idle(struct flow *flow, const struct snapshot *found)
{
	struct err err;
	struct db_holder holder;
	enum db_lock_state state = DB_LOCK_BUSY;
	if (flow->probe.read_only || !flow->history.exists)
		return;
	err_set(&err, ERR_LOCK, "somebody else is migrating");
	flow->locked = flow->driver->lock_try(flow->db, &state, &holder, &flow->stop, &err) &&
		       state == DB_LOCK_TAKEN;
	if (!flow->locked || !record_unless_changed(flow, found, &err))
		log_event(&events[EVENT_SNAPSHOT_UNRECORDED], FIELDS(FIELD("reason", err.message)),
		    "what the schema is now was not recorded: %s", err.message);
}
