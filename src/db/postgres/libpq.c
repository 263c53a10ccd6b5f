/*
 * Linked, libpq and the twenty libraries it brings along would be loaded with every start, also of
 * those who never see a PostgreSQL server.
 */
#include "db/postgres/libpq.h"
#include <dlfcn.h>
#include <string.h>

struct pq pq;

static const char file[] = "libpq.so.5";

static bool find(struct pq *table, void *library, const char **missing)
{
	void *found;
	/* A pointer to an object is not to be cast into one to a function. */
#define FIND(name)                                                                                 \
	if ((found = dlsym(library, "PQ" #name)) == NULL) {                                        \
		*missing = "PQ" #name;                                                             \
		return false;                                                                      \
	}                                                                                          \
	memcpy(&table->name, &found, sizeof(found));
	PQ_FUNCTIONS(FIND)
#undef FIND
	return true;
}

bool pq_open(struct err *err)
{
	static bool ready;
	struct pq table;
	const char *missing = NULL;
	if (ready)
		return true;
	/* Of the twenty libraries little is called: what is not is not looked for either. */
	void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
	if (library == NULL)
		err_set(
		    err, ERR_CONFIG, "PostgreSQL's client library can't be used: %s", dlerror());
	else if (!find(&table, library, &missing))
		err_set(err, ERR_CONFIG, "%s is too old: it has no %s", file, missing);
	else {
		pq = table;
		return ready = true;
	}
	err_next(err, "in a Debian or Ubuntu image: apt-get install libpq5");
	return err_next(err, "in an Alpine image: apk add libpq");
}
