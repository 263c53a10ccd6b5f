/* A driver that passes every call on to SQLite's, until one of them goes wrong. */
#ifndef DB_ENTRY_TESTS_FAULT_DRIVER_H
#define DB_ENTRY_TESTS_FAULT_DRIVER_H

#include "fault/world.h"

enum driver_fault {
	DRIVER_FAILS,       /* the call is not done and fails for good */
	DRIVER_RETRIES,     /* … and may be tried again with its transaction */
	DRIVER_LOST_BEFORE, /* the connection is lost; the call was not done */
	DRIVER_LOST_AFTER,  /* the connection is lost; the call was done */
	DRIVER_GONE,        /* … and there is none to be had any more */
	DRIVER_TERM_BEFORE, /* SIGTERM arrives and the call goes on */
	DRIVER_TERM_AFTER,
	DRIVER_KILL_BEFORE, /* the process is killed */
	DRIVER_KILL_AFTER,
	DRIVER_FAULTS
};

extern const char *const driver_fault_names[DRIVER_FAULTS];

/* In the child: the fault comes at the world's `at`th call. */
const struct db_driver *driver_faulty(void);
void driver_arm(const struct world *world);

/* Which fault the next driver_arm() sets. */
void driver_choose(enum driver_fault fault);

#endif
