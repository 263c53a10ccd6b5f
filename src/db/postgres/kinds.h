/* What a PostgreSQL schema consists of. Attributes are in the order of the queries' columns. */
#ifndef DB_ENTRY_DB_POSTGRES_KINDS_H
#define DB_ENTRY_DB_POSTGRES_KINDS_H

#include "schema/schema.h"

extern const struct schema_kind pg_kind_table, pg_kind_column, pg_kind_primary_key, pg_kind_unique,
    pg_kind_check, pg_kind_foreign_key, pg_kind_exclusion, pg_kind_index, pg_kind_trigger,
    pg_kind_rule, pg_kind_policy, pg_kind_view, pg_kind_view_trigger, pg_kind_view_rule,
    pg_kind_materialized_view, pg_kind_view_index, pg_kind_sequence, pg_kind_enum, pg_kind_domain,
    pg_kind_composite, pg_kind_range, pg_kind_collation, pg_kind_function, pg_kind_procedure,
    pg_kind_aggregate, pg_kind_statistics, pg_kind_text_search, pg_kind_dictionary, pg_kind_schema,
    pg_kind_extension, pg_kind_event_trigger, pg_kind_foreign_server, pg_kind_publication;

/* Ends with NULL. */
extern const struct schema_kind *const pg_kinds[];

#endif
