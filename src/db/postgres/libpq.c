/*
 * Linked, libpq and the twenty libraries it brings along would be loaded with every start, also of
 * those who never see a PostgreSQL server.
 */
#include "db/postgres/libpq.h"
#include "base/library.h"

struct pq pq;

static const char *const files[] = {"libpq.so.5", NULL};

static bool find(struct pq *table, const struct library *library, struct err *err)
{
#define FIND(name)                                                                                 \
	if (!LIBRARY_FIND(library, PQ##name, &table->name, err))                                   \
		return false;
	PQ_FUNCTIONS(FIND)
#undef FIND
	return true;
}

bool pq_open(struct err *err)
{
	static bool ready;
	struct library library;
	struct pq table;
	if (ready)
		return true;
	if (library_open(&library, "PostgreSQL's client library", files, err) &&
	    find(&table, &library, err)) {
		pq = table;
		return ready = true;
	}
	err_next(err, "in a Debian or Ubuntu image: apt-get install libpq5");
	return err_next(err, "in an Alpine image: apk add libpq");
}
