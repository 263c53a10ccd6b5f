/* The migrations of the fault tests, and how to tell from a database which of them it has. */
#ifndef DB_ENTRY_TESTS_FAULT_PROJECT_H
#define DB_ENTRY_TESTS_FAULT_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

enum {
	PROJECT_COUNT = 6,
	PROJECT_STEPWISE = 5, /* the version that runs outside a transaction */
	PROJECT_STEPS = 5     /* its statements */
};

struct project_file {
	const char *name;
	const char *text;
};

extern const struct project_file project_files[PROJECT_COUNT];

/* The statements of PROJECT_STEPWISE one by one, to finish it by hand, and to undo it. */
extern const char *const project_steps[PROJECT_STEPS];
extern const char project_undo[];

/* What a database turned out to have. Index 0 is version 1. */
struct project_found {
	bool whole[PROJECT_COUNT];   /* by its objects and rows */
	bool applied[PROJECT_COUNT]; /* by its history */
	/* Of PROJECT_STEPWISE: how many statements are done, as far as one can see. */
	int least, most;
	bool started;      /* by its history */
	int recorded_done; /* by its history */
	char fault[512];   /* the first thing that can't be; "" when all is right */
};

/* Look at a database file, which need not exist. It is opened for writing, to recover it. */
void project_look(const char *path, struct project_found *found);

/* Run SQL by hand; false with a message. */
bool project_sql(const char *path, const char *sql, char *message, size_t size);

#endif
