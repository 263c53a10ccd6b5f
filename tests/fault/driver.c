#include "fault/driver.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const driver_fault_names[DRIVER_FAULTS] = {
    [DRIVER_FAILS] = "call fails",
    [DRIVER_RETRIES] = "call fails and may be retried",
    [DRIVER_LOST_BEFORE] = "connection lost before the call",
    [DRIVER_LOST_AFTER] = "connection lost after the call",
    [DRIVER_GONE] = "server gone after the call",
    [DRIVER_TERM_BEFORE] = "SIGTERM before the call",
    [DRIVER_TERM_AFTER] = "SIGTERM after the call",
    [DRIVER_KILL_BEFORE] = "kill -9 before the call",
    [DRIVER_KILL_AFTER] = "kill -9 after the call",
};

static struct {
	enum driver_fault fault;
	int at, calls;
	struct report *report;
	const char *call; /* the one that runs now */
	bool lost;        /* the session is */
	bool in_transaction;
	struct db_driver driver;
	const struct db_driver *real;
} faulty;

static bool is_call(const char *name)
{
	return strcmp(faulty.call, name) == 0;
}

static void note_hit(void)
{
	struct report *report = faulty.report;
	bool commit = is_call("commit");
	bool lost = faulty.fault == DRIVER_LOST_BEFORE || faulty.fault == DRIVER_LOST_AFTER;
	report->hit = true;
	report->curable =
	    (lost && commit) || (faulty.fault == DRIVER_RETRIES &&
				    (faulty.in_transaction || is_call("begin") || is_call("open")));
	snprintf(report->where, sizeof(report->where), "%s", faulty.call);
}

static bool fail_call(struct err *err)
{
	bool open = is_call("open"), retry = faulty.fault == DRIVER_RETRIES;
	err_set(err, open ? ERR_UNREACHABLE : ERR_DATABASE, "a fault at call %d", faulty.calls);
	snprintf(err->code, sizeof(err->code), "FAULT");
	if (retry)
		err->retry = open ? ERR_RETRY : ERR_RETRY_TRANSACTION;
	return false;
}

static bool fail_lost(struct err *err)
{
	bool open = is_call("open");
	faulty.lost = true;
	err_set(err, open ? ERR_UNREACHABLE : ERR_DATABASE, "the connection is lost");
	snprintf(err->code, sizeof(err->code), "LOST");
	if (is_call("commit"))
		err->retry = ERR_OUTCOME_UNKNOWN;
	return false;
}

static bool before(const char *call, struct err *err)
{
	faulty.call = call;
	faulty.calls++;
	if (faulty.lost && (!is_call("open") || faulty.fault == DRIVER_GONE))
		return fail_lost(err);
	if (faulty.calls != faulty.at)
		return true;
	note_hit();
	switch (faulty.fault) {
	case DRIVER_FAILS:
	case DRIVER_RETRIES:
		return fail_call(err);
	case DRIVER_LOST_BEFORE:
		return fail_lost(err);
	case DRIVER_TERM_BEFORE:
		raise(SIGTERM);
		return true;
	case DRIVER_KILL_BEFORE:
		kill(getpid(), SIGKILL);
		return true;
	default:
		return true;
	}
}

static bool after(bool ok, struct err *err)
{
	if (faulty.calls != faulty.at)
		return ok;
	if (faulty.fault == DRIVER_TERM_AFTER)
		raise(SIGTERM);
	if (faulty.fault == DRIVER_KILL_AFTER)
		kill(getpid(), SIGKILL);
	bool lost = faulty.fault == DRIVER_LOST_AFTER || faulty.fault == DRIVER_GONE;
	return ok && (!lost || fail_lost(err));
}

static bool faulty_open(struct db **ret, const struct url *url, const struct db_options *options,
    const struct stop *stop, struct err *err)
{
	struct db *db = NULL;
	if (!before("open", err) || !faulty.real->open(&db, url, options, stop, err))
		return false;
	faulty.lost = false;
	faulty.in_transaction = false;
	if (!after(true, err)) {
		faulty.real->close(db);
		return false;
	}
	db->driver = &faulty.driver;
	*ret = db;
	return true;
}

static void faulty_close(struct db *db)
{
	struct err ignored;
	before("close", &ignored);
	faulty.real->close(db);
	after(true, &ignored);
}

static bool faulty_probe(
    struct db *db, struct db_probe *probe, const struct stop *stop, struct err *err)
{
	return before("probe", err) && after(faulty.real->probe(db, probe, stop, err), err);
}

static bool faulty_exec(
    struct db *db, const struct sql_statement *statement, const struct stop *stop, struct err *err)
{
	return before("exec", err) && after(faulty.real->exec(db, statement, stop, err), err);
}

static bool faulty_query(struct db *db, const char *sql, const struct db_value *values,
    size_t value_count, struct arena *arena, struct db_rows *rows, const struct stop *stop,
    struct err *err)
{
	return before("query", err) &&
	       after(faulty.real->query(db, sql, values, value_count, arena, rows, stop, err), err);
}

static bool faulty_has_table(
    struct db *db, const char *name, bool *has, const struct stop *stop, struct err *err)
{
	return before("has_table", err) &&
	       after(faulty.real->has_table(db, name, has, stop, err), err);
}

static bool faulty_has_rows(struct db *db, const char *schema, const char *table, bool *has,
    const struct stop *stop, struct err *err)
{
	return before("has_rows", err) &&
	       after(faulty.real->has_rows(db, schema, table, has, stop, err), err);
}

static bool faulty_begin(struct db *db, const struct stop *stop, struct err *err)
{
	if (!before("begin", err) || !faulty.real->begin(db, stop, err))
		return false;
	faulty.in_transaction = true;
	return after(true, err);
}

static bool faulty_commit(struct db *db, const struct stop *stop, struct err *err)
{
	if (!before("commit", err) || !faulty.real->commit(db, stop, err))
		return false;
	faulty.in_transaction = false;
	return after(true, err);
}

static bool faulty_rollback(struct db *db, const struct stop *stop, struct err *err)
{
	faulty.in_transaction = false;
	return before("rollback", err) && after(faulty.real->rollback(db, stop, err), err);
}

static bool faulty_reset(
    struct db *db, const struct db_limits *limits, const struct stop *stop, struct err *err)
{
	return before("reset", err) && after(faulty.real->reset(db, limits, stop, err), err);
}

static bool faulty_lock_try(struct db *db, enum db_lock_state *state, struct db_holder *holder,
    const struct stop *stop, struct err *err)
{
	return before("lock_try", err) &&
	       after(faulty.real->lock_try(db, state, holder, stop, err), err);
}

static void faulty_lock_note(struct db *db, const char *progress)
{
	struct err ignored;
	before("lock_note", &ignored);
	faulty.real->lock_note(db, progress);
	after(true, &ignored);
}

static bool faulty_lock_check(struct db *db, const struct stop *stop, struct err *err)
{
	return before("lock_check", err) && after(faulty.real->lock_check(db, stop, err), err);
}

static bool faulty_unlock(struct db *db, const struct stop *stop, struct err *err)
{
	return before("unlock", err) && after(faulty.real->unlock(db, stop, err), err);
}

static const struct db_driver *sqlite(void)
{
	for (const struct db_driver *const *driver = db_drivers; *driver != NULL; driver++)
		if (strcmp((*driver)->name, "sqlite") == 0)
			return *driver;
	return NULL;
}

const struct db_driver *driver_faulty(void)
{
	faulty.real = sqlite();
	assert_non_null(faulty.real);
	faulty.driver = *faulty.real;
	faulty.driver.open = faulty_open;
	faulty.driver.close = faulty_close;
	faulty.driver.probe = faulty_probe;
	faulty.driver.exec = faulty_exec;
	faulty.driver.query = faulty_query;
	faulty.driver.has_table = faulty_has_table;
	faulty.driver.has_rows = faulty_has_rows;
	faulty.driver.begin = faulty_begin;
	faulty.driver.commit = faulty_commit;
	faulty.driver.rollback = faulty_rollback;
	faulty.driver.reset = faulty_reset;
	faulty.driver.lock_try = faulty_lock_try;
	faulty.driver.lock_note = faulty_lock_note;
	faulty.driver.lock_check = faulty_lock_check;
	faulty.driver.unlock = faulty_unlock;
	return &faulty.driver;
}

void driver_choose(enum driver_fault fault)
{
	faulty.fault = fault;
}

void driver_arm(const struct world *world)
{
	faulty.at = world->at;
	faulty.calls = 0;
	faulty.lost = false;
	faulty.in_transaction = false;
	faulty.report = world->report;
}
