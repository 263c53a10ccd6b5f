/*
 * Linked, the library and what it brings along would be loaded with every start, also of those who
 * never see such a server.
 */
#include "db/mariadb/libmariadb.h"
#include "base/library.h"
#include <signal.h>

struct ma ma;

static const char *const files[] = {"libmariadb.so.3", NULL};

static bool find(struct ma *table, const struct library *library, struct err *err)
{
#define FIND(name, function)                                                                       \
	if (!LIBRARY_FIND(library, function, &table->name, err))                                   \
		return false;
	MA_FUNCTIONS(FIND)
#undef FIND
	return true;
}

/* It ignores SIGPIPE for the whole process: what the process does with it is not its business. */
static bool start(const struct ma *table, const struct library *library, struct err *err)
{
	struct sigaction before;
	bool known = sigaction(SIGPIPE, NULL, &before) == 0;
	bool ok = table->server_init(0, NULL, NULL) == 0;
	if (known)
		sigaction(SIGPIPE, &before, NULL);
	return ok || err_set(err, ERR_CONFIG, "%s can't be initialised", library->file);
}

bool ma_open(struct err *err)
{
	static bool ready;
	struct library library;
	struct ma table;
	if (ready)
		return true;
	if (library_open(&library, "the client library of MariaDB", files, err) &&
	    find(&table, &library, err) && start(&table, &library, err)) {
		ma = table;
		return ready = true;
	}
	err_next(err, "in a Debian or Ubuntu image: apt-get install libmariadb3");
	return err_next(err, "in an Alpine image: apk add mariadb-connector-c");
}
