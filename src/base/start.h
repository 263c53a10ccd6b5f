/* The way from this process to the application, in steps; for proc.c and init.c. */
#ifndef DB_ENTRY_BASE_START_H
#define DB_ENTRY_BASE_START_H

#include "base/proc.h"
#include "base/program.h"

struct start {
	const struct proc_start *what;
	struct program program;
};

/* Where it failed. */
struct start_failure {
	enum start_step {
		START_USER,
		START_FOLDER,
		START_PROGRAM,
		START_SIGNALS /* it could be started, but its parent not send it any */
	} step;
	struct program_failure program; /* of the other steps only the error counts */
};

/* Find what will be executed. Everything is in the arena, but `what`, which is kept. */
struct start start_find(const struct proc_start *what, struct arena *arena);

/* As start_become() without its end: is the program there? The process is another one then. */
struct start_failure start_look(const struct start *start);

/*
 * Before start_become(), where that is not async-signal-safe: stdio is flushed, alarms cleared,
 * as process 1 dead orphans reaped, and the environment and the streams are the application's.
 */
void start_leave(const struct start *start);

/*
 * Put back what proc_boot() recorded, become the user, enter the folder, execute. Returns only when
 * one of them failed. Async-signal-safe.
 */
struct start_failure start_become(const struct start *start);

/* Turn a failure into an error, seen from our own folder or the application's. Returns false. */
bool start_explain(const struct start *start, const struct start_failure *failure, struct err *err);

#endif
