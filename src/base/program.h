/* Finding a program, executing it, and saying why that failed; for start.c and child.c. */
#ifndef DB_ENTRY_BASE_PROGRAM_H
#define DB_ENTRY_BASE_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"
#include <sys/types.h>

struct program {
	const char *name;
	const char *path;  /* what is searched; NULL when the name has a slash */
	bool default_path; /* PATH is not set */
	char **candidates; /* files to try, in this order */
	size_t count;
	uid_t user; /* who executes it */
};

/* Why executing failed. */
struct program_failure {
	size_t candidate; /* which one; `count` when none is there */
	int error;        /* errno; 0: it didn't fail */
};

/* Everything is in the arena, except `name`, which is kept. */
struct program program_find(const char *name, struct arena *arena);

/*
 * Execute the first candidate that can be, with the current environment. Returns when none can.
 * Async-signal-safe.
 */
struct program_failure program_exec(const struct program *program, char *const argv[]);

/*
 * Would program_exec() find a candidate to execute? A file that is there, of the right kind, with
 * permission, and whose interpreter or loader is there, counts as one: what else is wrong only
 * execve() can tell. Async-signal-safe.
 */
struct program_failure program_look(const struct program *program);

/* The same program as seen from another folder than the one its paths are relative to. */
struct program program_seen(const struct program *program, const char *folder, struct arena *arena);

/* Turn a failure into ERR_NO_PROGRAM or ERR_CANNOT_EXEC with its reason. Always returns false. */
bool program_explain(
    const struct program *program, const struct program_failure *failure, struct err *err);

#endif
