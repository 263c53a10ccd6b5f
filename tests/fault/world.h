/*
 * The world of the fault tests: a small project on SQLite, a child process that migrates it while
 * something goes wrong, and a judge who looks at what is left.
 *
 * The judge reads the database past db-entry. From the objects and rows alone it works out which
 * statements were done, each at most once, and demands that the history says the same.
 */
#ifndef DB_ENTRY_TESTS_FAULT_WORLD_H
#define DB_ENTRY_TESTS_FAULT_WORLD_H

#include "base/arena.h"
#include "db/db.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
/* After those it needs. */
#include <cmocka.h>

/* How a fault is described in a message, and what a child tells its parent: in shared memory. */
struct report {
	struct err err; /* of the run; kind ERR_NONE when it went well */
	bool hit;       /* the fault came */
	bool curable;   /* db-entry must get over it within the same run */
	char where[64]; /* which call */
};

enum journal {
	JOURNAL_WAL,     /* no database yet: db-entry makes it */
	JOURNAL_OLD_WAL, /* one that is there, in WAL mode: each COMMIT is synced */
	JOURNAL_DELETE   /* one that is there, with a rollback journal */
};

struct world {
	char folder[64];
	char database[128];
	enum journal journal;
	struct report *report;
	char fault[64]; /* name of the fault under test */
	int at;         /* at which call it comes */
};

/* For cmocka: a project that journals this way. */
int world_set_up_wal(void **state);
int world_set_up_old_wal(void **state);
int world_set_up_delete(void **state);
int world_tear_down(void **state);

/* The database as before any run. */
void world_renew(struct world *world);

/*
 * Migrate in a child process after `arm`, over `driver` when that is not NULL. Returns its exit
 * code, 128+n when a signal ended it, SIGALRM when it hung.
 */
int world_migrate(
    struct world *world, void (*arm)(const struct world *world), const struct db_driver *driver);

/* The same with any `job` of the child instead of migrating; it returns its exit code. */
int world_run(struct world *world, void (*arm)(const struct world *world),
    int (*job)(const struct world *world, const struct db_driver *driver),
    const struct db_driver *driver);
/* A child that says nothing, dies of a crash and of hanging; its exit code, 128+n for a signal. */
pid_t world_fork(void);
int world_reap(pid_t child);

/*
 * After a run with a fault that ended with `status`: what it left is true, what it said is true, a
 * run without faults recovers to the whole, and nothing is lost or doubled.
 */
void world_judge(struct world *world, int status);

/* Fail the test, telling which fault it was. */
void world_fail(const struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
