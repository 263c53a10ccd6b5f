#include "db/sqlite/kinds.h"

#define ATTRIBUTES (const struct schema_attribute[])

const struct schema_kind sqlite_kind_table = {
    .name = "table",
    .plural = "tables",
    .renames = true,
    .attributes =
	ATTRIBUTES{
	    {.name = "withoutRowid", .type = SCHEMA_BOOL},
	    {.name = "strict", .type = SCHEMA_BOOL},
	    {0},
	},
};

const struct schema_kind sqlite_kind_column = {
    .name = "column",
    .plural = "columns",
    .parent = &sqlite_kind_table,
    .ordered = true,
    .renames = true,
    .attributes =
	ATTRIBUTES{
	    {.name = "type", .type = SCHEMA_SQL, .family = true},
	    {.name = "notNull", .type = SCHEMA_BOOL},
	    {.name = "default", .type = SCHEMA_SQL},
	    {.name = "generated", .type = SCHEMA_SQL},
	    {.name = "stored", .type = SCHEMA_BOOL},
	    {.name = "collation", .type = SCHEMA_NAME},
	    {.name = "conflict", .type = SCHEMA_NAME},
	    {0},
	},
};

const struct schema_kind sqlite_kind_primary_key = {
    .name = "primary key",
    .plural = "primaryKey",
    .parent = &sqlite_kind_table,
    .single = true,
    .named_by = "columns",
    .attributes =
	ATTRIBUTES{
	    {.name = "columns", .type = SCHEMA_TERMS},
	    {.name = "autoincrement", .type = SCHEMA_BOOL},
	    {.name = "conflict", .type = SCHEMA_NAME},
	    {0},
	},
};

const struct schema_kind sqlite_kind_unique = {
    .name = "unique",
    .plural = "uniques",
    .parent = &sqlite_kind_table,
    .named_by = "columns",
    .stand_in = &sqlite_kind_index,
    .attributes =
	ATTRIBUTES{
	    {.name = "columns", .type = SCHEMA_TERMS},
	    {.name = "conflict", .type = SCHEMA_NAME},
	    {0},
	},
};

const struct schema_kind sqlite_kind_check = {
    .name = "check",
    .plural = "checks",
    .parent = &sqlite_kind_table,
    .named_by = "expression",
    .attributes =
	ATTRIBUTES{
	    {.name = "expression", .type = SCHEMA_SQL},
	    {0},
	},
};

const struct schema_kind sqlite_kind_foreign_key = {
    .name = "foreign key",
    .plural = "foreignKeys",
    .parent = &sqlite_kind_table,
    .named_by = "columns",
    .attributes =
	ATTRIBUTES{
	    {.name = "columns", .type = SCHEMA_NAMES},
	    {.name = "references", .type = SCHEMA_NAME, .refers = true},
	    {.name = "referencedColumns", .type = SCHEMA_NAMES, .columns_of = "references"},
	    {.name = "onUpdate", .type = SCHEMA_NAME},
	    {.name = "onDelete", .type = SCHEMA_NAME},
	    {.name = "deferrable", .type = SCHEMA_NAME},
	    {0},
	},
};

const struct schema_kind sqlite_kind_index = {
    .name = "index",
    .plural = "indexes",
    .parent = &sqlite_kind_table,
    .named_by = "columns",
    .own_name = true,
    .attributes =
	ATTRIBUTES{
	    {.name = "unique", .type = SCHEMA_BOOL},
	    {.name = "columns", .type = SCHEMA_TERMS},
	    {.name = "where", .type = SCHEMA_SQL},
	    {0},
	},
};

const struct schema_kind sqlite_kind_view = {
    .name = "view",
    .plural = "views",
    .attributes =
	ATTRIBUTES{
	    {.name = "columns", .type = SCHEMA_NAMES},
	    {.name = "query", .type = SCHEMA_SQL},
	    {0},
	},
};

/* On a table or a view; `definition` is what stands behind the name, from BEFORE to END. */
const struct schema_kind sqlite_kind_trigger = {
    .name = "trigger",
    .plural = "triggers",
    .attributes =
	ATTRIBUTES{
	    {.name = "on", .type = SCHEMA_NAME, .refers = true},
	    {.name = "definition", .type = SCHEMA_SQL},
	    {0},
	},
};

const struct schema_kind sqlite_kind_virtual_table = {
    .name = "virtual table",
    .plural = "virtualTables",
    .renames = true,
    .attributes =
	ATTRIBUTES{
	    {.name = "using", .type = SCHEMA_SQL},
	    {0},
	},
};

const struct schema_kind *const sqlite_kinds[] = {
    &sqlite_kind_table,
    &sqlite_kind_column,
    &sqlite_kind_primary_key,
    &sqlite_kind_unique,
    &sqlite_kind_check,
    &sqlite_kind_foreign_key,
    &sqlite_kind_index,
    &sqlite_kind_view,
    &sqlite_kind_trigger,
    &sqlite_kind_virtual_table,
    NULL,
};
