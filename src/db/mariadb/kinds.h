/* What a MariaDB or MySQL schema consists of: the objects of one database, which is the namespace.
 */
#ifndef DB_ENTRY_DB_MARIADB_KINDS_H
#define DB_ENTRY_DB_MARIADB_KINDS_H

#include "schema/schema.h"

extern const struct schema_kind my_kind_table, my_kind_column, my_kind_primary_key, my_kind_unique,
    my_kind_check, my_kind_foreign_key, my_kind_index, my_kind_partition, my_kind_trigger,
    my_kind_view, my_kind_sequence, my_kind_function, my_kind_procedure, my_kind_package,
    my_kind_package_body, my_kind_event;

/* Ends with NULL. */
extern const struct schema_kind *const my_kinds[];

#endif
