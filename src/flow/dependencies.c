/*
 * Waiting for what DB_ENTRY_WAIT_FOR names. All are tried at once, each at its own pace, under one
 * deadline; what was there once counts as there.
 */
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/flow.h"
#include "net/attempt.h"
#include <stdio.h>
#include <string.h>

enum {
	TRY_MS = 10000,
	TRY_LEAST_MS = 1000, /* the last try gets it too */
	PAUSE_LEAST_MS = 100,
	PAUSE_MOST_MS = 1000
};

struct awaited {
	const struct dependency *what;
	struct attempt *attempt; /* NULL between two tries */
	int64_t next;            /* stop_now() of the next one */
	int64_t pause, tries;
	bool settled, there;                             /* settled: there is no next try */
	char reason[sizeof(((struct err *)0)->message)]; /* last one logged */
	struct pollfd *fds;                              /* its part of those polled */
	nfds_t fd_count;
};

struct waiting {
	struct awaited *items;
	size_t count;
	struct pollfd *fds;
	const struct stop *stop; /* signals */
	struct stop deadline;
	int64_t began, deadline_ms;
};

/* --- One of them --- */

static void begin_try(const struct waiting *w, struct awaited *one)
{
	int64_t left = stop_left(&w->deadline);
	one->tries++;
	one->attempt = attempt_begin(one->what, left > TRY_MS         ? TRY_MS
						: left > TRY_LEAST_MS ? left
								      : TRY_LEAST_MS);
}

static void report_reason(const struct waiting *w, struct awaited *one, const char *reason)
{
	char spent[32], limit[32];
	int64_t elapsed = stop_now() - w->began;
	if (strcmp(one->reason, reason) == 0)
		return;
	snprintf(one->reason, sizeof(one->reason), "%s", reason);
	text_elapsed(elapsed, spent, sizeof(spent));
	text_elapsed(w->deadline_ms, limit, sizeof(limit));
	log_event(&events[EVENT_WAIT_DEPENDENCY],
	    FIELDS(FIELD("dependency", one->what->label), FIELD("reason", reason),
		FIELD_INT("elapsed_ms", elapsed), FIELD_INT("deadline_ms", w->deadline_ms)),
	    "waiting for %s: %s (%s of at most %s)", one->what->label, reason, spent, limit);
}

static void report_there(const struct waiting *w, const struct awaited *one)
{
	char spent[32];
	int64_t elapsed = stop_now() - w->began;
	if (one->reason[0] == '\0')
		return;
	text_elapsed(elapsed, spent, sizeof(spent));
	log_event(&events[EVENT_WAIT_DEPENDENCY_READY],
	    FIELDS(FIELD("dependency", one->what->label), FIELD_INT("elapsed_ms", elapsed),
		FIELD_INT("tries", one->tries)),
	    "%s is there after %s", one->what->label, spent);
}

/* Half of the pause is random, so that fifty replicas don't come back in step. */
static int64_t next_pause(struct awaited *one)
{
	int64_t pause = one->pause;
	one->pause = pause * 2 < PAUSE_MOST_MS ? pause * 2 : PAUSE_MOST_MS;
	return pause / 2 + text_random(pause / 2);
}

static bool cannot_come(const struct awaited *one, struct err *err)
{
	if (err->kind == ERR_UNREACHABLE)
		err->kind = ERR_CONFIG;
	err_context(err, "%s", one->what->label);
	return err_why(err, "waiting can't help; it is an entry of DB_ENTRY_WAIT_FOR");
}

/* False when waiting on can't help. One more try is made when the time is up. */
static bool step(const struct waiting *w, struct awaited *one, struct err *err)
{
	struct err failure;
	bool there = false;
	bool ok = attempt_step(one->attempt, one->fds, one->fd_count, &there, &failure);
	if (ok && !there)
		return true;
	attempt_end(&one->attempt);
	one->settled = one->there = there;
	if (there) {
		report_there(w, one);
		return true;
	}
	if (failure.retry == ERR_FATAL) {
		*err = failure;
		return cannot_come(one, err);
	}
	int64_t left = stop_left(&w->deadline), pause = next_pause(one);
	report_reason(w, one, failure.message);
	one->settled = left == 0;
	one->next = stop_now() + (pause < left ? pause : left);
	return true;
}

/* --- All of them --- */

/* Begin what is due and gather what to poll for; until when. */
static int64_t prepare(const struct waiting *w, nfds_t *used)
{
	int64_t until = INT64_MAX;
	*used = 0;
	for (size_t i = 0; i < w->count; i++) {
		struct awaited *one = &w->items[i];
		one->fds = w->fds + *used;
		one->fd_count = 0;
		if (one->settled)
			continue;
		if (one->attempt == NULL && one->next <= stop_now())
			begin_try(w, one);
		if (one->attempt != NULL)
			one->fd_count = attempt_wants(one->attempt, one->fds, &until);
		else if (one->next < until)
			until = one->next;
		*used += one->fd_count;
	}
	return until;
}

static bool turn(const struct waiting *w, struct err *err)
{
	nfds_t used;
	int64_t until = prepare(w, &used), now = stop_now();
	struct stop wait = stop_within(w->stop, until > now ? until - now : 0);
	for (nfds_t i = 0; i < used; i++)
		w->fds[i].revents = 0;
	if (!stop_poll(&wait, w->fds, used, err) && err->kind != ERR_TIMEOUT)
		return false;
	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].attempt != NULL && !step(w, &w->items[i], err))
			return false;
	return true;
}

static bool all_settled(const struct waiting *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->items[i].settled)
			return false;
	return true;
}

static bool all_there(const struct waiting *w, struct err *err)
{
	CLEANUP(buf_free) struct buf missing = buf_init(sizeof(err->message) / 2);
	char spent[32];
	bool all = true;
	for (size_t i = 0; i < w->count; i++) {
		if (w->items[i].there)
			continue;
		buf_printf(&missing, "%s%s", all ? "" : ", ", w->items[i].what->label);
		all = false;
	}
	if (all)
		return true;
	text_elapsed(stop_now() - w->began, spent, sizeof(spent));
	err_set(err, ERR_UNREACHABLE, "not there after %s: %s", spent, missing.data);
	for (size_t i = 0; i < w->count; i++)
		if (!w->items[i].there)
			err_why(err, "%s: %s", w->items[i].what->label, w->items[i].reason);
	err_next(err, "see whether it runs, and how DB_ENTRY_WAIT_FOR names it: db-entry config");
	return err_next(err, "to wait longer: DB_ENTRY_WAIT_TIMEOUT=5m");
}

static bool wait_for_all(struct waiting *w, struct err *err)
{
	bool ok = true;
	while (ok && !all_settled(w))
		ok = turn(w, err);
	for (size_t i = 0; i < w->count; i++)
		attempt_end(&w->items[i].attempt);
	return ok && all_there(w, err);
}

bool flow_wait_for(struct flow *flow, struct err *err)
{
	CLEANUP(arena_wipe) struct arena arena = {0};
	const char *text = config_text(flow->config, SETTING_WAIT_FOR);
	struct dependencies list;
	if (text == NULL)
		return true;
	if (!flow_migrations(flow, err) || !dependencies_parse(&list, text, false, &arena, err))
		return false;
	struct waiting w = {
	    .items = arena_array(&arena, list.count, sizeof(*w.items)),
	    .count = list.count,
	    .fds = arena_array(&arena, list.count * ATTEMPT_FDS, sizeof(*w.fds)),
	    .stop = &flow->stop,
	    .began = stop_now(),
	    .deadline_ms = config_ms(flow->config, SETTING_WAIT_TIMEOUT),
	};
	w.deadline = stop_within(w.stop, w.deadline_ms);
	for (size_t i = 0; i < list.count; i++)
		w.items[i] = (struct awaited){.what = &list.items[i], .pause = PAUSE_LEAST_MS};
	bool ok = wait_for_all(&w, err);
	flow->waited = stop_now() - w.began;
	return ok;
}
