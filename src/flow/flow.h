/*
 * The run: its state and its steps, in order. Commands are views of the same steps.
 *
 *	flow_open     which database, which driver, the image's migrations
 *	flow_wait_for what else must be there
 *	flow_wait     until the database answers
 *	flow_look     the history, and the plan it makes with the files
 *	flow_check    does the history allow a run, may this environment migrate
 *	flow_confirm  nothing is pending: does the verdict of the last run still hold (confirm.h)
 *	flow_lock     one runner at a time, then look and check again
 *	flow_drift    did anybody else change the schema since the last run (drift.h)
 *	flow_trial    could all of it succeed (steps.h)
 *	flow_backup   a dump, before the first change (steps.h)
 *	flow_apply    each pending migration with its history row, the last one held against the
 *	              mirror (verify.h), and what it left recorded (record.h)
 *	flow_finish   record, unlock, close
 *	flow_exec     become the application (application.h), or its parent
 */
#ifndef DB_ENTRY_FLOW_FLOW_H
#define DB_ENTRY_FLOW_FLOW_H

#include "db/db.h"
#include "flow/approvals.h"
#include "flow/config.h"
#include "migrate/history.h"
#include "migrate/migration.h"
#include "migrate/plan.h"
#include "migrate/snapshot.h"
#include "schema/mirror.h"

/* The mirror as a run judges by it (verify.h). */
struct expectation {
	bool known, parsed;
	char digest[DIGEST_HEX + 1]; /* of all that a verdict depends on; "": nothing is judged */
	struct mirror mirror;        /* once parsed */
};

struct flow {
	struct config *config;
	struct arena arena; /* everything below lives as long as the flow */
	struct stop stop;   /* signals */
	int64_t began;      /* stop_now() at flow_open() */
	int64_t waited;     /* ms in flow_wait_for(), until flow_wait() takes them into account */
	struct url url;
	const struct db_driver *driver;
	struct db *db;            /* NULL before flow_wait() */
	struct db_probe probe;    /* its texts are in the arena */
	struct migration_set set; /* once flow_migrations() was had, as flow_look() sees to */
	struct errand *reading;   /* keeps them; NULL where nobody had to */
	struct reading *reader;   /* NULL: they were had */
	struct history history;   /* as last read */
	struct plan plan;         /* as last made */
	struct history_run run;
	struct approvals approvals; /* as last read */
	struct snapshot snapshot;   /* as last read or recorded */
	struct expectation expected;
	struct db_trial trial; /* of this run; zeroed where there was none */
	bool first_install;    /* no history was there when the run began */
	bool locked;
	bool direct;          /* connected by DB_ENTRY_DIRECT_URL */
	size_t applied;       /* parts this run has run: applied, or of a rollback reverted */
	size_t to_apply;      /* how many it set out to */
	const char *applying; /* label of the one at work; NULL: none */
};

/*
 * Everything that needs no database. `command` names the run in the audit table. Close with
 * flow_close() whatever it returns. Where the database is a server's, the migrations are read while
 * it is connected to.
 */
bool flow_open(struct flow *flow, struct config *config, const char *command, struct err *err);

/*
 * Have the migrations, which flow_open() began to read: what is wrong with them is said before
 * anything is waited for, and before anything is judged. At once when they are there already.
 */
bool flow_migrations(struct flow *flow, struct err *err);

/* The part of flow_open() that reads no migrations, for commands that only talk to the database. */
bool flow_open_database(
    struct flow *flow, struct config *config, const char *command, struct err *err);

/*
 * flow_open_database() for commands that can do without a database URL: then `url` stays zeroed and
 * `engine` names the driver, NULL where this build has only one.
 */
bool flow_open_engine(struct flow *flow, struct config *config, const char *command,
    const char *engine, struct err *err);

/* The names of the folder for the URL's database inside a migrations folder; none without a URL. */
bool flow_engine_folders(const char *const **folders, struct config *config, struct err *err);

/*
 * Wait for what DB_ENTRY_WAIT_FOR names, all of it at once; the next flow_wait() has what is left
 * of the time. ERR_UNREACHABLE with the last cause of each, ERR_CONFIG when waiting can't help.
 */
bool flow_wait_for(struct flow *flow, struct err *err);

/* Connect, waiting as configured; afterwards `db` and `probe` are there. */
bool flow_wait(struct flow *flow, struct err *err);

/* Connect with one try within `ms`, for commands that don't wait. */
bool flow_connect(struct flow *flow, int64_t ms, struct err *err);

bool flow_look(struct flow *flow, struct err *err);

/* The same on a new session, where flow_confirm() or flow_stand() mostly comes next. */
bool flow_look_first(struct flow *flow, struct err *err);

/* As plan_check(), then permissions and writability when something is pending; warnings are logged.
 */
bool flow_check(struct flow *flow, struct err *err);

/*
 * True when the history agrees with the files and nothing is pending: what `status --check` and
 * `health` ask. Otherwise as plan_check(), or ERR_PENDING.
 */
bool flow_settled(const struct flow *flow, struct err *err);

/* Take the lock, waiting while its holder advances; look and check again. */
bool flow_lock(struct flow *flow, struct err *err);

/* What is approved of a part, up or down, as far as reading tells; needs no database. */
struct flow_approval {
	enum approval_state state;
	const char *given; /* as approvals_find() has it */
	bool final;        /* no proof can name more: APPROVAL_STALE will be refused */
};

struct judgement;
struct flow_approval flow_approval_of(const struct flow *flow, const struct judgement *judgement);

/*
 * What the gate would make of a judgement by reading, by the schema that is there now; the same
 * where that can't say more, or a proof will. Changes nothing in the database.
 */
bool flow_judge(
    const struct flow *flow, struct judgement *judgement, struct arena *arena, struct err *err);

bool flow_apply(struct flow *flow, struct err *err);

/*
 * A connection that is gone where no migration was at work: ERR_UNREACHABLE, as if it had not been
 * there at all. Other errors stay as they are; returns false.
 */
bool flow_tell_lost(struct err *err);

/*
 * Record how it ended and let go of the lock and the connection. `outcome` is NULL for success, or
 * flow_tell_lost() is asked about it. Failures here are logged, not returned: what was applied is
 * committed already.
 */
void flow_finish(struct flow *flow, struct err *outcome);

/* All of the above after flow_open(): wait, look, and when something is pending lock and apply. */
bool flow_migrate(struct flow *flow, struct err *err);

/* One line that says where the database stands and, when given, what is started next. */
void flow_report_ready(const struct flow *flow, char *const *application);

/*
 * Wipe our secrets and what the application doesn't get, close the flow and become the application:
 * then it returns only when that failed. With application->start.init it returns true when the
 * application ended, with its status as proc_supervise().
 */
struct application;
bool flow_exec(struct flow *flow, struct application *application, int *status, struct err *err);

/* Roll back, unlock, close and free whatever is open. Safe on a zeroed flow and twice. */
void flow_close(struct flow *flow);

#endif
