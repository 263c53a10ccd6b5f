/* Opening and closing a flow: what needs no database, and letting go of all of it. */
#include "base/log.h"
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

bool flow_open_engine(struct flow *flow, struct config *config, const char *command,
    const char *engine, struct err *err)
{
	if (engine == NULL && config->url_problem.kind == ERR_NONE)
		return flow_open_database(flow, config, command, err);
	init(flow, config, command);
	flow->driver = driver_named(engine, err);
	return flow->driver != NULL;
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
	mirror_close(&flow->expected.mirror);
	arena_free(&flow->arena);
}
