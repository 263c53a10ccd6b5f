/*
 * One runner at a time. The session that will execute polls for the lock, idle between tries; it
 * waits as long as the holder advances and gives up when it does not.
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/steps.h"
#include <stdlib.h>
#include <string.h>

enum {
	PAUSE_LEAST_MS = 20,
	PAUSE_MOST_MS = 400 /* nobody waits more than about a second after the holder is done */
};

struct queue {
	int64_t began;
	int64_t advanced; /* when the holder last showed progress */
	int64_t stall_ms;
	int64_t pause;
	struct db_holder holder; /* as last seen */
};

static bool same_holder(const struct db_holder *a, const struct db_holder *b)
{
	return strcmp(a->who, b->who) == 0 && strcmp(a->since, b->since) == 0;
}

static void observe(struct queue *q, const struct db_holder *seen)
{
	bool known = same_holder(&q->holder, seen);
	if (known && strcmp(q->holder.progress, seen->progress) == 0)
		return;
	q->advanced = stop_now();
	q->holder = *seen;
	if (known)
		return; /* one line a holder; its progress is in its own log */
	log_event(&events[EVENT_LOCK_WAITING],
	    FIELDS(FIELD("holder", seen->who), FIELD("since", seen->since),
		FIELD("progress", seen->progress)),
	    "waiting for %s, which migrates this database%s%s",
	    seen->who[0] == '\0' ? "another process" : seen->who,
	    seen->since[0] == '\0' ? "" : " since ", seen->since);
}

static bool stalled(const struct queue *q, struct err *err)
{
	char spent[32];
	text_elapsed(q->stall_ms, spent, sizeof(spent));
	err_set(err, ERR_LOCK, "the migration lock is held by %s, without progress for %s",
	    q->holder.who[0] == '\0' ? "another process" : q->holder.who, spent);
	if (q->holder.progress[0] != '\0')
		err_why(err, "it is at %s", q->holder.progress);
	return err_next(err, "see what that process does; the lock goes with it when it ends."
			     " Wait longer with DB_ENTRY_LOCK_STALL=10m");
}

/* A connection that was lost while waiting took nothing along: poolers close those that queue. */
static bool reconnect(struct flow *flow, const struct queue *q, struct err *err)
{
	if ((err->retry != ERR_RETRY && err->retry != ERR_RETRY_SLOWLY) ||
	    stop_now() - q->advanced >= q->stall_ms)
		return false;
	flow_disconnect(flow);
	return stop_sleep(&flow->stop, q->pause, err) && flow_wait(flow, err);
}

static bool take(struct flow *flow, struct queue *q, struct err *err)
{
	for (;;) {
		enum db_lock_state state;
		struct db_holder holder = {0};
		if (!flow->driver->lock_try(flow->db, &state, &holder, &flow->stop, err)) {
			if (!reconnect(flow, q, err))
				return false;
			continue;
		}
		if (state == DB_LOCK_TAKEN)
			return true;
		observe(q, &holder);
		if (stop_now() - q->advanced >= q->stall_ms)
			return stalled(q, err);
		int64_t pause = q->pause / 2 + text_random(q->pause / 2);
		q->pause = q->pause * 2 < PAUSE_MOST_MS ? q->pause * 2 : PAUSE_MOST_MS;
		if (!stop_sleep(&flow->stop, pause, err))
			return err_context(err, "waiting for the migration lock");
	}
}

/* The database may have been made by lock_try(), so what it is is asked again. */
static bool probe_again(struct flow *flow, struct err *err)
{
	bool existed = flow->probe.exists;
	if (!flow_probe(flow, flow->db, &flow->stop, err))
		return false;
	if (!existed && flow->probe.exists)
		log_event(&events[EVENT_DATABASE_CREATED],
		    FIELDS(FIELD("database", flow->probe.label)), "%s · created",
		    flow->probe.label);
	return true;
}

/*
 * A URL that names another database would have the migrations applied there, to one that looks as
 * if it had none yet.
 */
bool flow_go_direct(struct flow *flow, struct err *err)
{
	bool known = flow->history.exists;
	struct url direct;
	if (flow->direct || config_text(flow->config, SETTING_DIRECT_URL) == NULL)
		return true;
	if (!config_direct_url(flow->config, &direct, err))
		return false;
	if (db_driver_for(&direct, err) != flow->driver)
		return err_set(
		    err, ERR_CONFIG, "DB_ENTRY_DIRECT_URL is the URL of another kind of database");
	flow_disconnect(flow);
	flow->url = direct;
	flow->direct = true;
	if (!flow->driver->check_url(&direct, err) || !flow_wait(flow, err) ||
	    !flow_look(flow, err))
		return err_context(err, "DB_ENTRY_DIRECT_URL");
	if (!known || flow->history.exists)
		return true;
	return err_set(err, ERR_CONFIG,
	    "DB_ENTRY_DIRECT_URL names another database: %s has no"
	    " history",
	    flow->probe.label);
}

bool flow_take_lock(struct flow *flow, struct err *err)
{
	if (!flow_go_direct(flow, err))
		return false;
	struct queue q = {
	    .began = stop_now(),
	    .advanced = stop_now(),
	    .stall_ms = config_ms(flow->config, SETTING_LOCK_STALL),
	    .pause = PAUSE_LEAST_MS,
	};
	if (!take(flow, &q, err))
		return false;
	flow->locked = true;
	log_event(&events[EVENT_LOCK_ACQUIRED],
	    FIELDS(FIELD_INT("waited_ms", stop_now() - q.began)), "lock acquired");
	return probe_again(flow, err) && flow_look(flow, err);
}

bool flow_lock(struct flow *flow, struct err *err)
{
	return flow_take_lock(flow, err) && flow_check(flow, err);
}

bool flow_reconnect(
    struct flow *flow, const struct migration_part *part, bool *done, struct err *err)
{
	flow_disconnect(flow);
	if (!flow_wait(flow, err) ||
	    !(part->down ? flow_take_lock(flow, err) : flow_lock(flow, err)) ||
	    !snapshot_read(&flow->snapshot, flow->db, &flow->stop, err))
		return false;
	for (size_t i = 0; i < flow->history.count; i++) {
		const struct history_row *row = &flow->history.rows[i];
		if (row->state == (part->down ? HISTORY_REVERTED : HISTORY_APPLIED) &&
		    migration_compare(row->version, part->migration->version) == 0)
			*done = true;
	}
	return true;
}
