/* The MariaDB and MySQL driver, for db/drivers.c: all that is seen of this folder. */
#ifndef DB_ENTRY_DB_MARIADB_DRIVER_H
#define DB_ENTRY_DB_MARIADB_DRIVER_H

#include "db/db.h"

extern const struct db_driver db_mariadb;

#endif
