#include "sql/dialect.h"
#include <stddef.h>
#include <string.h>

bool sql_names_engine(const char *name)
{
	static const char *const names[] = {
	    "sqlite", "sqlite3", "mysql", "mariadb", "postgres", "postgresql", "pg"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
