/*
 * The world of one case: a fresh database of the engine under test, and the driver's calls in the
 * form in which a case reads well. They fail the case when the call fails.
 */
#ifndef DB_ENTRY_TESTS_CONFORMANCE_WORLD_H
#define DB_ENTRY_TESTS_CONFORMANCE_WORLD_H

#include "conformance/fixture.h"
#include "db/db.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
/* After those it needs. */
#include <cmocka.h>

/* What must end "at once" is tested against a minute. */
enum {
	AT_ONCE_MS = 10000
};

struct world {
	const struct fixture *fixture;
	const struct db_driver *driver;
	struct arena arena;
	struct url url; /* of the fresh database; of a file that is not there yet */
	struct db_options options;
	struct stop stop;
	char folder[64]; /* for the case's own files */
};

/* The engine under test. */
extern const struct fixture *world_fixture;

/* The driver of a fixture; NULL: not in this build. */
const struct db_driver *world_driver(const struct fixture *fixture);

/* For cmocka. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* Fail the case with the error's text when `ok` is false. */
void must(bool ok, const struct err *err);

/* In a forked child, where cmocka must not be used: complain and end it. */
void child_must(bool ok, const char *what, const struct err *err);

/* A child that runs `body`, once that wrote a byte to the descriptor it is given. */
pid_t fork_ready(struct world *world, void (*body)(struct world *world, int ready));

/* Wait for a child that must end with status 0, before `stop` does. */
void reap(pid_t child, const struct stop *stop);

/* A session of the world's database, which is there. */
struct db *open_session(struct world *world);

/* The fixture's statement, for exec(). */
struct sql_statement statement(const struct world *world, enum fixture_id id);

/* True, with *err untouched, or false, as exec() says. */
bool try_exec(struct world *world, struct db *db, enum fixture_id id, struct err *err);
void run(struct world *world, struct db *db, enum fixture_id id);

/* The statement must fail with the fixture's code. */
void refuse(struct world *world, struct db *db, enum fixture_id id);

/* The first cell of a query, in the world's arena. */
const char *ask(struct world *world, struct db *db, const char *sql);
bool has_table(struct world *world, struct db *db, const char *name);

void begin(struct world *world, struct db *db);
void commit(struct world *world, struct db *db);
void rollback(struct world *world, struct db *db);

/* Skip the case when the engine has nothing like it. */
#define NEEDS(world, id)                                                                           \
	do {                                                                                       \
		if ((world)->fixture->sql[id].sql == NULL)                                         \
			skip();                                                                    \
	} while (0)

#endif
