/* Opening and closing a flow: what needs no database, and letting go of all of it. */
#include "base/errand.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/steps.h"
#include <stdlib.h>
#include <string.h>

enum {
	LEAVE_MS = 1000 /* for whoever reads files that don't come */
};

/* The migrations as they are read by a thread of its own. */
struct reading {
	const char *folder;
	const char *const *engine_folders;
	const struct dialect *dialect;
	struct arena arena;
	struct migration_set set;
	bool ok;
	struct err err; /* when not */
};

static void report_folder(const struct flow *flow)
{
	if (flow->set.folder == NULL)
		log_event(&events[EVENT_MIGRATIONS_NONE], NO_FIELDS,
		    "no migrations folder (db/migrations or migrations); nothing to apply");
}

static bool read_migrations(struct flow *flow, struct err *err)
{
	if (!migration_read_all(&flow->set, config_text(flow->config, SETTING_MIGRATIONS),
		flow->driver->folders, flow->driver->dialect, &flow->arena, err))
		return false;
	report_folder(flow);
	return true;
}

static void work(void *task)
{
	struct reading *r = task;
	r->ok = migration_read_all(
	    &r->set, r->folder, r->engine_folders, r->dialect, &r->arena, &r->err);
}

static void drop(void *task)
{
	struct reading *r = task;
	arena_free(&r->arena);
	free(r);
}

/* Where no thread can be had they are read at once. */
static bool begin_reading(struct flow *flow, struct err *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct err none;
	if (r == NULL)
		err_die("out of memory");
	r->folder = arena_strdup(&r->arena, config_text(flow->config, SETTING_MIGRATIONS));
	r->engine_folders = flow->driver->folders;
	r->dialect = flow->driver->dialect;
	if (!errand_begin(&flow->reading, work, drop, r, &none))
		return read_migrations(flow, err);
	flow->reader = r;
	return true;
}

bool flow_migrations(struct flow *flow, struct err *err)
{
	if (flow->reader == NULL)
		return true;
	if (!errand_wait(flow->reading, &flow->stop, err))
		return false;
	if (!flow->reader->ok) {
		*err = flow->reader->err;
		return false;
	}
	flow->set = flow->reader->set;
	flow->reader = NULL; /* the arena stays the errand's */
	report_folder(flow);
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

static bool find_driver(
    struct flow *flow, struct config *config, const char *command, struct err *err)
{
	init(flow, config, command);
	if (!config_url(config, &flow->url, err))
		return false;
	flow->driver = db_driver_for(&flow->url, err);
	return flow->driver != NULL;
}

bool flow_open_database(
    struct flow *flow, struct config *config, const char *command, struct err *err)
{
	return find_driver(flow, config, command, err) && flow->driver->check_url(&flow->url, err);
}

bool flow_open(struct flow *flow, struct config *config, const char *command, struct err *err)
{
	if (!find_driver(flow, config, command, err))
		return false;
	if ((flow->driver->features & DB_SERVER) != 0)
		return begin_reading(flow, err) && flow->driver->check_url(&flow->url, err);
	return flow->driver->check_url(&flow->url, err) && read_migrations(flow, err);
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

/* A thread that still reads would be in the way of the process's end. */
static void stop_reading(struct flow *flow)
{
	struct stop stop = stop_cleanup(LEAVE_MS);
	struct err ignored;
	if (flow->reading != NULL)
		errand_wait(flow->reading, &stop, &ignored);
	errand_leave(&flow->reading);
	flow->reader = NULL;
}

void flow_close(struct flow *flow)
{
	flow_disconnect(flow);
	stop_reading(flow);
	mirror_close(&flow->expected.mirror);
	arena_free(&flow->arena);
}
