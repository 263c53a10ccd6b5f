#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/steps.h"
#include <string.h>

static bool read_migrations(struct flow *flow, struct err *err)
{
	if (!migration_read_all(&flow->set, config_text(flow->config, SETTING_MIGRATIONS),
		flow->driver->folders, flow->driver->dialect, &flow->arena, err))
		return false;
	if (flow->set.folder == NULL)
		log_event(&events[EVENT_MIGRATIONS_NONE], NO_FIELDS,
		    "no migrations folder (db/migrations or migrations); nothing to apply");
	return true;
}

static void init(struct flow *flow, struct config *config, const char *command)
{
	memset(flow, 0, sizeof(*flow));
	flow->config = config;
	flow->stop = stop_never();
	flow->began = stop_now();
	history_run_init(&flow->run, command, config_text(config, SETTING_APP_VERSION));
}

bool flow_open_database(
    struct flow *flow, struct config *config, const char *command, struct err *err)
{
	init(flow, config, command);
	if (!config_url(config, &flow->url, err))
		return false;
	flow->driver = db_driver_for(&flow->url, err);
	return flow->driver != NULL && flow->driver->check_url(&flow->url, err);
}

bool flow_open(struct flow *flow, struct config *config, const char *command, struct err *err)
{
	return flow_open_database(flow, config, command, err) && read_migrations(flow, err);
}

static const struct db_driver *driver_named(const char *name, struct err *err)
{
	if (name == NULL && db_drivers[0] != NULL && db_drivers[1] == NULL)
		return db_drivers[0];
	for (size_t i = 0; name != NULL && db_drivers[i] != NULL; i++)
		if (strcmp(db_drivers[i]->name, name) == 0)
			return db_drivers[i];
	if (name == NULL)
		err_set(
		    err, ERR_USAGE, "whose SQL is it? Neither a database URL nor --engine says so");
	else
		err_set(err, ERR_USAGE, "--engine %s: no such database", name);
	for (size_t i = 0; db_drivers[i] != NULL; i++)
		err_next(err, "--engine=%s", db_drivers[i]->name);
	return NULL;
}

bool flow_open_files(struct flow *flow, struct config *config, const char *command,
    const char *engine, struct err *err)
{
	if (engine == NULL && config->url_problem.kind == ERR_NONE)
		return flow_open(flow, config, command, err);
	init(flow, config, command);
	flow->driver = driver_named(engine, err);
	return flow->driver != NULL && read_migrations(flow, err);
}

bool flow_engine_folders(const char *const **folders, struct config *config, struct err *err)
{
	static const char *const none[] = {NULL};
	struct url url;
	*folders = none;
	if (config->url_problem.kind != ERR_NONE)
		return true;
	if (!config_url(config, &url, err))
		return false;
	const struct db_driver *driver = db_driver_for(&url, err);
	if (driver == NULL)
		return false;
	*folders = driver->folders;
	return true;
}

bool flow_look(struct flow *flow, struct err *err)
{
	if (!history_read(&flow->history, flow->db, &flow->arena, &flow->stop, err))
		return false;
	plan_make(&flow->plan, &flow->set, &flow->history, &flow->arena);
	return true;
}

static void report_warnings(const struct flow *flow)
{
	for (size_t i = 0; i < flow->plan.count; i++) {
		const struct plan_item *item = &flow->plan.items[i];
		if (item->state == PLAN_OUT_OF_ORDER)
			log_event(&events[EVENT_PLAN_OUT_OF_ORDER],
			    FIELDS(FIELD("version", item->migration->version),
				FIELD("name", item->migration->name),
				FIELD("newest", plan_newest(&flow->plan))),
			    "%s is older than %s, which is applied already; it is applied now",
			    item->migration->label, plan_newest(&flow->plan));
		if (item->state == PLAN_ACCEPTED)
			log_event(&events[EVENT_PLAN_ACCEPTED],
			    FIELDS(FIELD("version", item->migration->version),
				FIELD("name", item->migration->name)),
			    "%s changed after it was applied, accepted by its was=",
			    item->migration->label);
	}
	if (flow->plan.counts[PLAN_FUTURE] > 0)
		log_event(&events[EVENT_PLAN_FUTURE],
		    FIELDS(FIELD_INT("count", (int64_t)flow->plan.counts[PLAN_FUTURE]),
			FIELD("newest", plan_newest(&flow->plan))),
		    "the database is ahead of this image by %zu (newest %s)",
		    flow->plan.counts[PLAN_FUTURE], plan_newest(&flow->plan));
}

static bool check_writable(const struct flow *flow, struct err *err)
{
	if (!flow->probe.read_only)
		return true;
	err_set(err, ERR_READ_ONLY, "%zu pending, and %s can't be written",
	    plan_pending(&flow->plan), flow->probe.label);
	return err_next(err, "make it writable for this process, or start an image whose "
			     "migrations are all applied");
}

bool flow_check(struct flow *flow, struct err *err)
{
	bool refuse = config_is(flow->config, SETTING_OUT_OF_ORDER, "refuse");
	if (!plan_check(&flow->plan, refuse, err))
		return false;
	if (!flow->locked)
		report_warnings(flow);
	if (plan_pending(&flow->plan) == 0)
		return true;
	return flow_permit(flow, err) && check_writable(flow, err);
}

/* The history tables exist from the first migration on; a run with nothing to do writes nothing. */
static bool apply_pending(struct flow *flow, struct err *err)
{
	log_event(&events[EVENT_PLAN_PENDING],
	    FIELDS(FIELD("database", flow->probe.label),
		FIELD_INT("pending", (int64_t)plan_pending(&flow->plan)),
		FIELD("newest", plan_newest(&flow->plan))),
	    "%s · %zu pending", flow->probe.label, plan_pending(&flow->plan));
	if (!flow_lock(flow, err))
		return false;
	if (plan_pending(&flow->plan) == 0)
		return true; /* whoever held the lock did it */
	return history_prepare(flow->db, &flow->stop, err) && flow_apply(flow, err);
}

bool flow_migrate(struct flow *flow, struct err *err)
{
	bool ok = flow_wait(flow, err) && flow_look(flow, err) && flow_check(flow, err) &&
		  (plan_pending(&flow->plan) == 0 || apply_pending(flow, err));
	flow_finish(flow, ok ? NULL : err);
	return ok;
}

static void record_outcome(struct flow *flow, const struct err *outcome)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err err;
	int code = outcome == NULL ? 0 : err_exit_code(outcome);
	if (!history_run_finished(flow->db, &flow->run, code, &stop, &err))
		log_event(&events[EVENT_HISTORY_UNRECORDED], FIELDS(FIELD("reason", err.message)),
		    "the end of the run could not be recorded: %s", err.message);
}

void flow_finish(struct flow *flow, const struct err *outcome)
{
	if (flow->db != NULL && flow->run.recorded)
		record_outcome(flow, outcome);
	flow_disconnect(flow);
}

void flow_disconnect(struct flow *flow)
{
	if (flow->db == NULL)
		return;
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err ignored; /* closing frees the lock all the same */
	if (flow->locked && flow->driver->unlock(flow->db, &stop, &ignored))
		log_event(&events[EVENT_LOCK_RELEASED], NO_FIELDS, "lock released");
	flow->locked = false;
	db_close(&flow->db);
}

void flow_close(struct flow *flow)
{
	flow_disconnect(flow);
	arena_free(&flow->arena);
}

void flow_report_ready(const struct flow *flow, char *const *application)
{
	char elapsed[32];
	int64_t ms = stop_now() - flow->began;
	const char *newest = plan_newest(&flow->plan);
	text_elapsed(ms, elapsed, sizeof(elapsed));
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	buf_printf(&text, "%s · ", flow->probe.label);
	if (flow->applied > 0)
		buf_printf(&text, "%zu applied, now at %s", flow->applied, newest);
	else if (newest != NULL)
		buf_printf(&text, "up to date at %s", newest);
	else
		buf_add_text(&text, "nothing to apply");
	buf_printf(&text, " · %s", elapsed);
	for (size_t i = 0; application != NULL && application[i] != NULL; i++)
		buf_printf(&text, "%s%s", i == 0 ? " → " : " ", application[i]);
	log_event(&events[EVENT_RUN_READY],
	    FIELDS(FIELD("database", flow->probe.label),
		FIELD_INT("applied", (int64_t)flow->applied), FIELD("newest", newest),
		FIELD_INT("elapsed_ms", ms),
		FIELD("application", application == NULL ? "" : application[0])),
	    "%s", text.data);
}
