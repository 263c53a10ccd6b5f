#include "db/mariadb/kinds.h"

#define ATTRIBUTES (const struct schema_attribute[])
#define END                                                                                        \
	{                                                                                          \
		0                                                                                  \
	}
#define A(attribute, kind)                                                                         \
	{                                                                                          \
		.name = attribute, .type = SCHEMA_##kind                                           \
	}
#define COMMENT A("comment", TEXT)

/* `characterSet` is for people: in canonical form the collation tells it. */
const struct schema_kind my_kind_table = {
    .name = "table",
    .plural = "tables",
    .exact = true,
    .renames = true,
    .attributes =
	ATTRIBUTES{
	    A("engine", NAME),
	    A("characterSet", NAME),
	    A("collation", NAME),
	    A("rowFormat", NAME),
	    A("systemVersioning", BOOL),
	    A("periods", TERMS),
	    A("partitionBy", SQL),
	    A("options", TERMS),
	    COMMENT,
	    END,
	},
};

const struct schema_kind my_kind_column = {
    .name = "column",
    .plural = "columns",
    .parent = &my_kind_table,
    .ordered = true,
    .renames = true,
    .attributes =
	ATTRIBUTES{
	    {.name = "type", .type = SCHEMA_SQL, .family = true},
	    A("characterSet", NAME),
	    A("collation", NAME),
	    A("notNull", BOOL),
	    A("default", SQL),
	    A("onUpdate", SQL),
	    A("autoIncrement", BOOL),
	    A("generated", SQL),
	    A("stored", BOOL),
	    A("invisible", BOOL),
	    A("srid", NAME),
	    A("withoutSystemVersioning", BOOL),
	    A("check", SQL),
	    A("options", TERMS),
	    COMMENT,
	    END,
	},
};

/* `method`: of USING, where somebody said it; `options`: KEY_BLOCK_SIZE, WITH PARSER and so on. */
#define KEY_ATTRIBUTES                                                                             \
	{.name = "columns", .type = SCHEMA_TERMS}, A("method", NAME), A("ignored", BOOL),          \
	    A("options", TERMS), COMMENT, END

const struct schema_kind my_kind_primary_key = {
    .name = "primary key",
    .plural = "primaryKey",
    .parent = &my_kind_table,
    .single = true,
    .named_by = "columns",
    .attributes = ATTRIBUTES{KEY_ATTRIBUTES},
};

const struct schema_kind my_kind_unique = {
    .name = "unique",
    .plural = "uniques",
    .parent = &my_kind_table,
    .named_by = "columns",
    .stand_in = &my_kind_index,
    .attributes = ATTRIBUTES{KEY_ATTRIBUTES},
};

const struct schema_kind my_kind_check = {
    .name = "check",
    .plural = "checks",
    .parent = &my_kind_table,
    .named_by = "expression",
    .attributes =
	ATTRIBUTES{
	    A("expression", SQL),
	    A("notEnforced", BOOL),
	    END,
	},
};

const struct schema_kind my_kind_foreign_key = {
    .name = "foreign key",
    .plural = "foreignKeys",
    .parent = &my_kind_table,
    .named_by = "columns",
    .attributes =
	ATTRIBUTES{
	    A("columns", NAMES),
	    {.name = "references", .type = SCHEMA_NAME, .refers = true},
	    A("referencesDatabase", NAME),
	    {.name = "referencedColumns", .type = SCHEMA_NAMES, .columns_of = "references"},
	    A("onUpdate", NAME),
	    A("onDelete", NAME),
	    END,
	},
};

/* `unique` is for people, who may mean a unique by it. `type`: fulltext, spatial, vector. */
const struct schema_kind my_kind_index = {
    .name = "index",
    .plural = "indexes",
    .parent = &my_kind_table,
    .named_by = "columns",
    .attributes = ATTRIBUTES{A("unique", BOOL), A("type", NAME), KEY_ATTRIBUTES},
};

const struct schema_kind my_kind_partition = {
    .name = "partition",
    .plural = "partitions",
    .parent = &my_kind_table,
    .ordered = true,
    .joins = "values", /* of ranges and lists; another number of hashes is somebody's change */
    .attributes =
	ATTRIBUTES{
	    A("values", SQL),
	    A("subpartitions", TERMS),
	    A("options", SQL),
	    COMMENT,
	    END,
	},
};

/* `follows`: the one before it, of the same time and event. */
const struct schema_kind my_kind_trigger = {
    .name = "trigger",
    .plural = "triggers",
    .exact = true,
    .parent = &my_kind_table,
    .own_name = true,
    .attributes =
	ATTRIBUTES{
	    A("time", NAME),
	    A("event", NAME),
	    A("follows", NAME),
	    A("body", SQL),
	    A("definer", TEXT),
	    A("sqlMode", NAMES),
	    END,
	},
};

const struct schema_kind my_kind_view = {
    .name = "view",
    .plural = "views",
    .exact = true,
    .attributes =
	ATTRIBUTES{
	    A("columns", NAMES),
	    A("query", SQL),
	    A("algorithm", NAME),
	    A("definer", TEXT),
	    A("security", NAME),
	    A("checkOption", NAME),
	    END,
	},
};

const struct schema_kind my_kind_sequence = {
    .name = "sequence",
    .plural = "sequences",
    .exact = true,
    .attributes =
	ATTRIBUTES{
	    A("type", SQL),
	    A("start", NAME),
	    A("minimum", NAME),
	    A("maximum", NAME),
	    A("increment", NAME),
	    A("cache", NAME),
	    A("cycle", BOOL),
	    A("engine", NAME),
	    COMMENT,
	    END,
	},
};

#define ROUTINE_ATTRIBUTES                                                                         \
	A("arguments", SQL), A("returns", SQL), A("aggregate", BOOL), A("deterministic", BOOL),    \
	    A("dataAccess", NAME), A("security", NAME), A("language", NAME), A("body", SQL),       \
	    A("definer", TEXT), A("sqlMode", NAMES), COMMENT, END

const struct schema_kind my_kind_function = {
    .name = "function",
    .plural = "functions",
    .attributes = ATTRIBUTES{ROUTINE_ATTRIBUTES},
};

const struct schema_kind my_kind_procedure = {
    .name = "procedure",
    .plural = "procedures",
    .attributes = ATTRIBUTES{ROUTINE_ATTRIBUTES},
};

const struct schema_kind my_kind_package = {
    .name = "package",
    .plural = "packages",
    .attributes = ATTRIBUTES{ROUTINE_ATTRIBUTES},
};

const struct schema_kind my_kind_package_body = {
    .name = "package body",
    .plural = "packageBodies",
    .attributes = ATTRIBUTES{ROUTINE_ATTRIBUTES},
};

const struct schema_kind my_kind_event = {
    .name = "event",
    .plural = "events",
    .attributes =
	ATTRIBUTES{
	    A("schedule", SQL),
	    A("starts", NAME),
	    A("ends", NAME),
	    A("timeZone", NAME),
	    A("preserve", BOOL),
	    A("status", NAME),
	    A("body", SQL),
	    A("definer", TEXT),
	    A("sqlMode", NAMES),
	    COMMENT,
	    END,
	},
};

const struct schema_kind *const my_kinds[] = {
    &my_kind_table,
    &my_kind_column,
    &my_kind_primary_key,
    &my_kind_unique,
    &my_kind_check,
    &my_kind_foreign_key,
    &my_kind_index,
    &my_kind_partition,
    &my_kind_trigger,
    &my_kind_view,
    &my_kind_sequence,
    &my_kind_function,
    &my_kind_procedure,
    &my_kind_package,
    &my_kind_package_body,
    &my_kind_event,
    NULL,
};
