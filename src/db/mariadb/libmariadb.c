/*
 * Linked, the library and what it brings along would be loaded with every start, also of those who
 * never see such a server.
 */
#include "db/mariadb/libmariadb.h"
#include <dlfcn.h>
#include <signal.h>
#include <string.h>

struct ma ma;

static const char file[] = "libmariadb.so.3";

static bool find(struct ma *table, void *library, const char **missing)
{
	void *found;
	/* A pointer to an object is not to be cast into one to a function. */
#define FIND(name, function)                                                                       \
	if ((found = dlsym(library, #function)) == NULL) {                                         \
		*missing = #function;                                                              \
		return false;                                                                      \
	}                                                                                          \
	memcpy(&table->name, &found, sizeof(found));
	MA_FUNCTIONS(FIND)
#undef FIND
	return true;
}

/* It ignores SIGPIPE for the whole process: what the process does with it is not its business. */
static bool start(const struct ma *table)
{
	struct sigaction before;
	bool known = sigaction(SIGPIPE, NULL, &before) == 0;
	bool ok = table->server_init(0, NULL, NULL) == 0;
	if (known)
		sigaction(SIGPIPE, &before, NULL);
	return ok;
}

bool ma_open(struct err *err)
{
	static bool ready;
	struct ma table;
	const char *missing = NULL;
	if (ready)
		return true;
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		err_set(
		    err, ERR_CONFIG, "the client library of MariaDB can't be used: %s", dlerror());
	else if (!find(&table, library, &missing))
		err_set(err, ERR_CONFIG, "%s is too old: it has no %s", file, missing);
	else if (!start(&table))
		err_set(err, ERR_CONFIG, "%s can't be initialised", file);
	else {
		ma = table;
		return ready = true;
	}
	err_next(err, "in a Debian or Ubuntu image: apt-get install libmariadb3");
	return err_next(err, "in an Alpine image: apk add mariadb-connector-c");
}
