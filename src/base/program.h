/* Finding a program, executing it, and saying why that failed; for proc.c and child.c. */
#ifndef DB_ENTRY_BASE_PROGRAM_H
#define DB_ENTRY_BASE_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"

struct program {
	const char *name;
	const char *path;  /* what is searched; NULL when the name has a slash */
	bool default_path; /* PATH is not set */
	char **candidates; /* files to try, in this order */
	size_t count;
};

/* Why executing failed. */
struct program_failure {
	size_t candidate; /* which one; `count` when none is there */
	int error;        /* errno */
};

/* Everything is in the arena, except `name`, which is kept. */
struct program program_find(const char *name, struct arena *arena);

/*
 * Execute the first candidate that can be, with the current environment. Returns when none can.
 * Async-signal-safe.
 */
struct program_failure program_exec(const struct program *program, char *const argv[]);

/* Turn a failure into ERR_NO_PROGRAM or ERR_CANNOT_EXEC with its reason. Always returns false. */
bool program_explain(
    const struct program *program, const struct program_failure *failure, struct err *err);

#endif
