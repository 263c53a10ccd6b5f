/* Kinds of an engine that does not exist, for tests of what is the same for all. */
#ifndef DB_ENTRY_TESTS_UNIT_SCHEMA_KINDS_H
#define DB_ENTRY_TESTS_UNIT_SCHEMA_KINDS_H

#include "schema/schema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static const struct schema_attribute no_attributes[] = {{0}};
static const struct schema_attribute column_attributes[] = {
    {.name = "type", .type = SCHEMA_SQL, .family = true},
    {.name = "notNull", .type = SCHEMA_BOOL},
    {0},
};
static const struct schema_attribute key_attributes[] = {
    {.name = "columns", .type = SCHEMA_TERMS}, {0}};
static const struct schema_attribute foreign_key_attributes[] = {
    {.name = "columns", .type = SCHEMA_NAMES},
    {.name = "references", .type = SCHEMA_NAME, .refers = true},
    {.name = "referencedColumns", .type = SCHEMA_NAMES, .columns_of = "references"},
    {0},
};
static const struct schema_attribute trigger_attributes[] = {
    {.name = "on", .type = SCHEMA_NAME, .refers = true},
    {.name = "definition", .type = SCHEMA_SQL},
    {0},
};
static const struct schema_attribute index_attributes[] = {
    {.name = "unique", .type = SCHEMA_BOOL}, {.name = "columns", .type = SCHEMA_TERMS}, {0}};

static const struct schema_kind kind_table = {.name = "table",
    .plural = "tables",
    .in_schema = true,
    .renames = true,
    .attributes = no_attributes};
static const struct schema_kind kind_column = {.name = "column",
    .plural = "columns",
    .parent = &kind_table,
    .ordered = true,
    .renames = true,
    .attributes = column_attributes};
static const struct schema_kind kind_key = {.name = "primary key",
    .plural = "primaryKey",
    .parent = &kind_table,
    .single = true,
    .named_by = "columns",
    .attributes = key_attributes};
static const struct schema_kind kind_index = {.name = "index",
    .plural = "indexes",
    .parent = &kind_table,
    .named_by = "columns",
    .own_name = true,
    .attributes = index_attributes};
static const struct schema_kind kind_unique = {.name = "unique",
    .plural = "uniques",
    .parent = &kind_table,
    .named_by = "columns",
    .stand_in = &kind_index,
    .attributes = key_attributes};
static const struct schema_kind kind_foreign_key = {.name = "foreign key",
    .plural = "foreignKeys",
    .parent = &kind_table,
    .named_by = "columns",
    .attributes = foreign_key_attributes};
static const struct schema_kind kind_trigger = {
    .name = "trigger", .plural = "triggers", .in_schema = true, .attributes = trigger_attributes};
static const struct schema_kind *const kinds[] = {&kind_table, &kind_column, &kind_key,
    &kind_unique, &kind_foreign_key, &kind_index, &kind_trigger, NULL};

static inline struct schema empty_schema(void)
{
	return (struct schema){.kinds = kinds, .dialect = &dialect_sqlite, .engine = "none"};
}

static inline struct schema_object *make(struct schema *schema, struct arena *arena,
    const struct schema_kind *kind, const char *parent, const char *name)
{
	struct schema_object *object = schema_add(schema, kind, arena);
	object->parent = parent;
	object->given = name;
	object->position = (int)schema->count;
	return object;
}

#endif
