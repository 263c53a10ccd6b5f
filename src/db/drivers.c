#include "base/buf.h"
#include "base/text.h"
#include "db/db.h"
#include "db/mariadb/driver.h"
#include "db/postgres/driver.h"
#include "db/sqlite/driver.h"
#include <string.h>

const struct db_driver *const db_drivers[] = {
    &db_sqlite,
    &db_postgres,
    &db_mariadb,
    NULL,
};

static bool answers_to(const struct db_driver *driver, const char *scheme)
{
	for (const char *const *known = driver->schemes; *known != NULL; known++)
		if (text_is_nocase(*known, scheme))
			return true;
	return false;
}

static bool unknown_scheme(const char *scheme, struct err *err)
{
	CLEANUP(buf_free) struct buf known = buf_init(sizeof(err->next) / 2);
	for (const struct db_driver *const *driver = db_drivers; *driver != NULL; driver++)
		for (const char *const *name = (*driver)->schemes; *name != NULL; name++)
			buf_printf(&known, "%s%s:", known.len == 0 ? "" : ", ", *name);
	err_set(err, ERR_CONFIG, "no database driver for URLs that begin with \"%s:\"", scheme);
	return err_next(err, "use one of %s", known.data);
}

const struct db_driver *db_driver_for(const struct url *url, struct err *err)
{
	for (const struct db_driver *const *driver = db_drivers; *driver != NULL; driver++)
		if (answers_to(*driver, url->scheme))
			return *driver;
	unknown_scheme(url->scheme, err);
	return NULL;
}

const struct db_program *db_program_for(const char *word)
{
	if (!text_starts(word, DB_PROGRAM_PREFIX))
		return NULL;
	word += strlen(DB_PROGRAM_PREFIX);
	for (size_t i = 0; db_drivers[i] != NULL; i++)
		for (const struct db_program *program = db_drivers[i]->programs;
		     program != NULL && program->name != NULL; program++)
			if (text_is(program->name, word))
				return program;
	return NULL;
}

void db_close(struct db **db)
{
	if (*db == NULL)
		return;
	(*db)->driver->close(*db);
	*db = NULL;
}
