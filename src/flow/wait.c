/*
 * Waiting for the database. A driver connects once and says whether trying again can help; how
 * often and how long is decided here, for all of them alike.
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/steps.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TRY_MS = 10000, /* one connect; a server that accepts and stays silent is tried again */
	PAUSE_LEAST_MS = 100,
	PAUSE_MOST_MS = 1000, /* so that an application starts within a second of its database */
	PAUSE_OVERLOADED_MS = 5000 /* when the server says that it has too many connections */
};

enum {
	LEASE_LEAST_MS = 1000 /* its holder needs some time for each sign of life */
};

/* What a server that is there needs at the least to answer; the last try gets it too. */
enum {
	TRY_LEAST_MS = 1000
};

struct waiting {
	int64_t began;
	int64_t deadline_ms, grace_ms;
	int64_t pause;
	int64_t tries;
	char reason[sizeof(((struct err *)0)->message)]; /* last one logged */
	struct err last;                                 /* kind ERR_NONE before the first */
};

static void notice(void *context, enum db_notice level, const char *text)
{
	static const enum event_id ids[] = {
	    [DB_NOTICE_DEBUG] = EVENT_DATABASE_DETAIL,
	    [DB_NOTICE_INFO] = EVENT_DATABASE_NOTICE,
	    [DB_NOTICE_WARNING] = EVENT_DATABASE_WARNING,
	};
	(void)context;
	log_event(&events[ids[level]], FIELDS(FIELD("text", text)), "%s", text);
}

/* Where there is a way past the pooler, the lock of a session is the better one. */
static struct db_lease lease_of(const struct flow *flow)
{
	if (!config_is(flow->config, SETTING_LOCK, "lease") ||
	    config_text(flow->config, SETTING_DIRECT_URL) != NULL)
		return (struct db_lease){0};
	int64_t ms = config_ms(flow->config, SETTING_LEASE);
	return (struct db_lease){ms < LEASE_LEAST_MS ? LEASE_LEAST_MS : ms, flow->run.id};
}

static struct db_options options_of(struct flow *flow)
{
	return (struct db_options){
	    .application_name = "db-entry",
	    .limits = flow_limits(flow),
	    .lease = lease_of(flow),
	    .create = true,
	    .notice = notice,
	    .alive = flow_show_progress,
	    .context = flow,
	};
}

struct db_limits flow_limits(const struct flow *flow)
{
	return (struct db_limits){
	    .lock_timeout = config_ms(flow->config, SETTING_LOCK_TIMEOUT),
	    .statement_timeout = config_ms(flow->config, SETTING_STATEMENT_TIMEOUT),
	};
}

bool flow_probe(struct flow *flow, struct db *db, const struct stop *stop, struct err *err)
{
	struct db_probe probe;
	if (!flow->driver->probe(db, &probe, stop, err))
		return false;
	/* What is said after the session was closed still names the database. */
	probe.flavour = arena_strdup(&flow->arena, probe.flavour);
	probe.version = arena_strdup(&flow->arena, probe.version);
	probe.label = arena_strdup(&flow->arena, probe.label);
	probe.read_only_next = arena_strdup(&flow->arena, probe.read_only_next);
	flow->probe = probe;
	return true;
}

/* One connection; on success flow->db is open and probed. */
static bool connect_once(struct flow *flow, const struct stop *stop, struct err *err)
{
	struct db_options options = options_of(flow);
	struct db *db = NULL;
	if (!flow->driver->open(&db, &flow->url, &options, stop, err))
		return false;
	if (!flow_probe(flow, db, stop, err)) {
		db_close(&db);
		return false;
	}
	db_close(&flow->db);
	flow->db = db;
	return true;
}

bool flow_connect(struct flow *flow, int64_t ms, struct err *err)
{
	struct stop stop = stop_within(&flow->stop, ms);
	if (connect_once(flow, &stop, err))
		return true;
	if (err->kind == ERR_TIMEOUT)
		err->kind = ERR_UNREACHABLE;
	return false;
}

/* True when `err` is a reason to try again now, after `elapsed` ms of waiting. */
static bool worth_waiting(const struct waiting *w, const struct err *err, int64_t elapsed)
{
	if (err->kind == ERR_TIMEOUT) /* of one try; the caller looks at the deadline of all */
		return true;
	switch (err->retry) {
	case ERR_RETRY:
	case ERR_RETRY_SLOWLY:
	case ERR_RETRY_STATEMENT:
	case ERR_RETRY_TRANSACTION:
		return true;
	case ERR_RETRY_GRACE:
		return elapsed < w->grace_ms;
	case ERR_FATAL:
	case ERR_OUTCOME_UNKNOWN:
		break;
	}
	return false;
}

/* Half of the pause is random, so that fifty replicas don't come back in step. */
static int64_t next_pause(struct waiting *w, const struct err *err)
{
	int64_t most = err->retry == ERR_RETRY_SLOWLY ? PAUSE_OVERLOADED_MS : PAUSE_MOST_MS;
	int64_t pause = w->pause < most ? w->pause : most;
	w->pause = pause * 2;
	return pause / 2 + text_random(pause / 2);
}

/* That a try took too long says less than what the database said before. */
static void remember_reason(struct waiting *w, struct err *err)
{
	if (err->kind != ERR_TIMEOUT)
		w->last = *err;
	else if (w->last.kind != ERR_NONE)
		*err = w->last;
}

static void report(struct waiting *w, const struct err *err, int64_t elapsed, int64_t pause)
{
	char spent[32], limit[32];
	if (strcmp(w->reason, err->message) == 0)
		return;
	snprintf(w->reason, sizeof(w->reason), "%s", err->message);
	text_elapsed(elapsed, spent, sizeof(spent));
	text_elapsed(w->deadline_ms, limit, sizeof(limit));
	log_event(&events[EVENT_WAIT_RETRY],
	    FIELDS(FIELD("code", err->code), FIELD("reason", err->message),
		FIELD_INT("elapsed_ms", elapsed), FIELD_INT("next_try_ms", pause),
		FIELD_INT("deadline_ms", w->deadline_ms)),
	    "waiting for the database: %s (%s of at most %s)", err->message, spent, limit);
}

/* Turn the last reason into the refusal. */
static bool give_up(const struct waiting *w, int64_t elapsed, struct err *err)
{
	char spent[32];
	text_elapsed(elapsed, spent, sizeof(spent));
	if (err->kind == ERR_TIMEOUT || err->kind == ERR_DATABASE)
		err->kind = ERR_UNREACHABLE;
	err_context(err, "the database is not usable after %s", spent);
	if (w->tries > 1)
		err_why(err, "%lld tries, the last one failed with this", (long long)w->tries);
	if (err->kind != ERR_UNREACHABLE)
		return false;
	if (err->next[0] == '\0')
		err_next(
		    err, "look at its own log and at the address in the URL (db-entry config)");
	return err_next(err, "to wait longer: DB_ENTRY_WAIT_TIMEOUT=5m");
}

/* After a failed try: sleep and return true, or false with the refusal. */
static bool pause_or_give_up(
    struct flow *flow, struct waiting *w, const struct stop *deadline, struct err *err)
{
	struct err malformed;
	if (err->kind == ERR_STOPPED)
		return false;
	if (!flow_migrations(flow, &malformed)) {
		*err = malformed;
		return false;
	}
	int64_t elapsed = stop_now() - w->began;
	if (!worth_waiting(w, err, elapsed) && w->tries == 1)
		return false; /* nothing was waited for: the error stands as it is */
	remember_reason(w, err);
	int64_t left = stop_left(deadline), pause = next_pause(w, err);
	if (!worth_waiting(w, err, elapsed) || left == 0)
		return give_up(w, elapsed, err);
	if (pause > left)
		pause = left; /* one more try when the time is up */
	report(w, err, elapsed, pause);
	return stop_sleep(&flow->stop, pause, err);
}

bool flow_wait(struct flow *flow, struct err *err)
{
	int64_t waited = flow->waited;
	struct waiting w = {
	    .began = stop_now() - waited,
	    .deadline_ms = config_ms(flow->config, SETTING_WAIT_TIMEOUT),
	    .grace_ms = config_ms(flow->config, SETTING_WAIT_GRACE) + waited,
	    .pause = PAUSE_LEAST_MS,
	};
	struct stop deadline =
	    stop_within(&flow->stop, waited < w.deadline_ms ? w.deadline_ms - waited : 0);
	flow->waited = 0;
	int64_t needed = config_int(flow->config, SETTING_WAIT_SUCCESSES);
	int64_t successes = 0;
	while (successes < needed) {
		int64_t left = stop_left(&deadline);
		struct stop once = stop_within(&flow->stop, left > TRY_MS         ? TRY_MS
							    : left > TRY_LEAST_MS ? left
										  : TRY_LEAST_MS);
		w.tries++;
		if (connect_once(flow, &once, err)) {
			successes++;
			continue;
		}
		successes = 0;
		if (!pause_or_give_up(flow, &w, &deadline, err))
			return false;
	}
	if (w.reason[0] != '\0')
		log_event(&events[EVENT_WAIT_READY],
		    FIELDS(FIELD("database", flow->probe.label),
			FIELD_INT("elapsed_ms", stop_now() - w.began), FIELD_INT("tries", w.tries)),
		    "the database answers");
	return true;
}

static void report_recovery(const struct flow *flow, int64_t deadline_ms)
{
	static const char reason[] =
	    "it is read-only, a standby or in recovery, and something is pending";
	char limit[32];
	text_elapsed(deadline_ms, limit, sizeof(limit));
	log_event(&events[EVENT_WAIT_RETRY],
	    FIELDS(FIELD("code", ""), FIELD("reason", reason), FIELD_INT("elapsed_ms", 0),
		FIELD_INT("next_try_ms", PAUSE_MOST_MS), FIELD_INT("deadline_ms", deadline_ms)),
	    "waiting for %s: %s (at most %s)", flow->probe.label, reason, limit);
}

bool flow_await_writable(struct flow *flow, struct err *err)
{
	int64_t deadline_ms = config_ms(flow->config, SETTING_WAIT_TIMEOUT);
	struct stop deadline = stop_within(&flow->stop, deadline_ms);
	struct err lost;
	if (!flow->probe.recovery)
		return true;
	report_recovery(flow, deadline_ms);
	while (flow->probe.recovery && stop_left(&deadline) > 0) {
		int64_t left = stop_left(&deadline);
		if (!stop_sleep(&flow->stop, left < PAUSE_MOST_MS ? left : PAUSE_MOST_MS, err))
			return false;
		/* A URL with several hosts may lead to another one by now. */
		if (!flow_probe(flow, flow->db, &flow->stop, &lost) && !flow_wait(flow, err))
			return false;
	}
	return flow_look(flow, err);
}
