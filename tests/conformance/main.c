/*
 * The conformance suite: the same cases for every driver of this build.
 *
 *	conformance                   run them; engines that can't be tested are named
 *	conformance --print ENGINE    the SQL of an engine's fixture, as JSON
 *
 * A server is given by CONFORMANCE_POSTGRES or CONFORMANCE_MARIADB: the URL of a database and a
 *user that may make another one, db_entry_conformance.
 */
#include "base/proc.h"
#include "conformance/cases.h"
#include "conformance/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(const char *name)
{
	for (const struct fixture *const *fixture = fixtures; *fixture != NULL; fixture++) {
		if (strcmp((*fixture)->name, name) != 0)
			continue;
		fixture_print(*fixture);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "no fixture is called %s\n", name);
	return EXIT_FAILURE;
}

static bool can_run(const struct fixture *fixture)
{
	if (world_driver(fixture) == NULL) {
		printf("# %s: no driver in this build\n", fixture->name);
		return false;
	}
	if (!fixture->file && getenv(fixture->environment) == NULL) {
		printf("# %s: %s is not set\n", fixture->name, fixture->environment);
		return false;
	}
	return true;
}

static int run_all(const struct fixture *fixture)
{
	world_fixture = fixture;
	return cases_session() + cases_query() + cases_transaction() +
	       (world_driver(fixture)->prove == NULL ? 0 : cases_proof()) + cases_cancel() +
	       cases_lock() + (world_driver(fixture)->dump == NULL ? 0 : cases_dump()) +
	       (world_driver(fixture)->read_schema == NULL ? 0 : cases_schema());
}

int main(int argc, char **argv)
{
	int failed = 0;
	if (argc == 3 && strcmp(argv[1], "--print") == 0)
		return print(argv[2]);
	if (argc != 1) {
		fprintf(stderr, "usage: %s [--print ENGINE]\n", argv[0]);
		return EXIT_FAILURE;
	}
	proc_boot();
	for (const struct fixture *const *fixture = fixtures; *fixture != NULL; fixture++)
		if (can_run(*fixture))
			failed += run_all(*fixture);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
