/*
 * Statements that make what a mirror states, for the server to say how it would keep it. Only what
 * the server writes in its own way is made: foreign keys, and what hangs on other objects by name
 * alone, are compared as they are.
 */
#include "base/text.h"
#include "db/postgres/schema_parts.h"
#include <string.h>

static void add_quoted(struct buf *out, const char *name)
{
	buf_add_char(out, '"');
	for (; *name != '\0'; name++) {
		buf_add_char(out, *name);
		if (*name == '"')
			buf_add_char(out, '"');
	}
	buf_add_char(out, '"');
}

/* Doubled quotes alone: standard_conforming_strings is on. */
static void add_literal(struct buf *out, const char *text)
{
	buf_add_char(out, '\'');
	for (; *text != '\0'; text++) {
		buf_add_char(out, *text);
		if (*text == '\'')
			buf_add_char(out, '\'');
	}
	buf_add_char(out, '\'');
}

static void add_value(struct buf *out, const struct schema_object *object, const char *before,
    const char *attribute, const char *after)
{
	const char *value = schema_value(object, attribute);
	if (value != NULL)
		buf_printf(out, "%s%s%s", before, value, after);
}

static bool is_true(const struct schema_object *object, const char *attribute)
{
	return text_is(schema_value(object, attribute), "true");
}

enum item {
	ITEM_SQL,
	ITEM_NAME,
	ITEM_LITERAL
};

/* With commas between. */
static void add_items(struct buf *out, const char *list, enum item how)
{
	const char *separator = "";
	for (const char *at = list; at != NULL; separator = ", ") {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		CLEANUP(buf_free) struct buf item = buf_init(1 << 20);
		buf_add(&item, at, (size_t)(end - at));
		buf_add_text(out, separator);
		if (how == ITEM_NAME)
			add_quoted(out, item.data == NULL ? "" : item.data);
		else if (how == ITEM_LITERAL)
			add_literal(out, item.data == NULL ? "" : item.data);
		else
			buf_add(out, item.data, item.len);
		at = *end == '\0' ? NULL : end + 1;
	}
}

static void add_list(struct buf *out, const struct schema_object *object, const char *before,
    const char *attribute, enum item how)
{
	const char *list = schema_value(object, attribute);
	if (list == NULL)
		return;
	buf_printf(out, "%s(", before);
	add_items(out, list, how);
	buf_add_char(out, ')');
}

static void add_name(struct buf *out, const char *schema, const char *name)
{
	buf_printf(out, "%s.", schema);
	add_quoted(out, name);
}

/* --- Tables --- */

static void add_column(struct buf *out, const struct schema_object *column)
{
	const char *type = schema_value(column, "type");
	add_quoted(out, column->name);
	buf_printf(out, " %s", type == NULL ? "text" : type);
	add_value(out, column, " COLLATE ", "collation", "");
	if (is_true(column, "notNull"))
		buf_add_text(out, " NOT NULL");
	add_value(out, column, " DEFAULT ", "default", "");
	if (schema_value(column, "generated") != NULL) {
		add_value(out, column, " GENERATED ALWAYS AS (", "generated", "\n)");
		buf_add_text(out, is_true(column, "stored") ? " STORED" : " VIRTUAL");
	}
	if (schema_value(column, "identity") != NULL) {
		add_value(out, column, " GENERATED ", "identity", " AS IDENTITY");
		add_value(out, column, " (", "sequence", ")");
	}
}

static void add_constraint(struct buf *out, const struct schema_object *object, size_t number)
{
	const struct schema_kind *kind = object->kind;
	buf_printf(out, "CONSTRAINT " PG_DDL_NAME "%zu ", number);
	if (kind == &pg_kind_exclusion) {
		add_value(out, object, "", "definition", "");
		return;
	}
	if (kind == &pg_kind_check) {
		add_value(out, object, "CHECK (", "expression", "\n)");
		if (is_true(object, "noInherit"))
			buf_add_text(out, " NO INHERIT");
		if (is_true(object, "notEnforced"))
			buf_add_text(out, " NOT ENFORCED");
		else if (is_true(object, "notValid"))
			buf_add_text(out, " NOT VALID");
		return;
	}
	buf_add_text(out, kind == &pg_kind_primary_key ? "PRIMARY KEY" : "UNIQUE");
	if (is_true(object, "nullsNotDistinct"))
		buf_add_text(out, " NULLS NOT DISTINCT");
	add_list(out, object, " ", "columns", ITEM_SQL);
	if (is_true(object, "withoutOverlaps") && out->len > 0) {
		out->data[--out->len] = '\0';
		buf_add_text(out, " WITHOUT OVERLAPS)");
	}
	add_list(out, object, " INCLUDE ", "include", ITEM_NAME);
	add_list(out, object, " WITH ", "options", ITEM_SQL);
	if (schema_value(object, "deferrable") != NULL)
		buf_printf(out, " DEFERRABLE%s",
		    text_is_nocase(schema_value(object, "deferrable"), "deferrable")
			? ""
			: " INITIALLY DEFERRED");
}

static bool is_constraint(const struct schema_kind *kind)
{
	return kind == &pg_kind_primary_key || kind == &pg_kind_unique || kind == &pg_kind_check ||
	       kind == &pg_kind_exclusion;
}

/* A partition and a foreign table are made as what they are beside that: a table. */
static void add_table(
    struct buf *out, const struct schema *written, size_t table, bool bare, const char *schema)
{
	const struct schema_object *object = &written->objects[table];
	const char *separator = "";
	buf_printf(out, "CREATE %sTABLE ", is_true(object, "unlogged") ? "UNLOGGED " : "");
	add_name(out, schema, object->name);
	buf_add_text(out, " (");
	for (size_t i = table + 1; i < written->count && !bare; i++) {
		const struct schema_object *part = &written->objects[i];
		bool constraint = is_constraint(part->kind);
		if (part->kind->parent == NULL)
			break;
		if (part->kind != &pg_kind_column && (!constraint || is_true(part, "notValid")))
			continue;
		buf_add_text(out, separator);
		if (constraint)
			add_constraint(out, part, i);
		else
			add_column(out, part);
		separator = ",\n";
	}
	buf_add_char(out, ')');
	if (!bare)
		add_value(out, object, " PARTITION BY ", "partitionBy", "");
}

static void add_index(
    struct buf *out, const struct schema_object *index, size_t number, const char *schema)
{
	buf_printf(out, "CREATE %sINDEX " PG_DDL_NAME "%zu ON ",
	    is_true(index, "unique") ? "UNIQUE " : "", number);
	add_name(out, schema, index->parent);
	add_value(out, index, " USING ", "method", "");
	add_list(out, index, " ", "columns", ITEM_SQL);
	add_list(out, index, " INCLUDE ", "include", ITEM_NAME);
	if (is_true(index, "nullsNotDistinct"))
		buf_add_text(out, " NULLS NOT DISTINCT");
	add_list(out, index, " WITH ", "options", ITEM_SQL);
	add_value(out, index, " WHERE ", "where", "");
}

static void add_policy(struct buf *out, const struct schema_object *policy, const char *schema)
{
	buf_add_text(out, "CREATE POLICY ");
	add_quoted(out, policy->name);
	buf_add_text(out, " ON ");
	add_name(out, schema, policy->parent);
	if (is_true(policy, "restrictive"))
		buf_add_text(out, " AS RESTRICTIVE");
	add_value(out, policy, " FOR ", "for", "");
	if (schema_value(policy, "roles") != NULL) {
		buf_add_text(out, " TO ");
		add_items(out, schema_value(policy, "roles"), ITEM_NAME);
	}
	add_value(out, policy, " USING (", "using", "\n)");
	add_value(out, policy, " WITH CHECK (", "check", "\n)");
}

/* What is part of a table that is there. */
static bool add_part(
    struct buf *out, const struct schema_object *part, size_t number, const char *schema)
{
	const struct schema_kind *kind = part->kind;
	if (kind == &pg_kind_index || kind == &pg_kind_view_index) {
		add_index(out, part, number, schema);
		return true;
	}
	if (kind == &pg_kind_policy) {
		add_policy(out, part, schema);
		return true;
	}
	if (kind != &pg_kind_column && !is_constraint(kind))
		return false;
	buf_add_text(out, "ALTER TABLE ");
	add_name(out, schema, part->parent);
	buf_add_text(out, kind == &pg_kind_column ? " ADD COLUMN " : " ADD ");
	if (kind == &pg_kind_column)
		add_column(out, part);
	else
		add_constraint(out, part, number);
	return true;
}

/* --- What is no table --- */

/* "f(integer, text)": what stands before the types. */
static void add_function_name(struct buf *out, const struct schema_object *function)
{
	CLEANUP(buf_free) struct buf name = buf_init(1 << 20);
	buf_add(&name, function->name, strcspn(function->name, "("));
	add_quoted(out, name.data == NULL ? "" : name.data);
}

static void add_function_options(struct buf *out, const struct schema_object *function)
{
	static const char *const flags[][2] = {
	    {"window", " WINDOW"}, {"strict", " STRICT"}, {"securityDefiner", " SECURITY DEFINER"}};
	add_value(out, function, " LANGUAGE ", "language", "");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (is_true(function, flags[i][0]))
			buf_add_text(out, flags[i][1]);
	add_value(out, function, " ", "volatility", "");
	add_value(out, function, " PARALLEL ", "parallel", "");
	add_value(out, function, " COST ", "cost", "");
	add_value(out, function, " ROWS ", "rows", "");
}

/* A library is loaded when its function is made: not for a comparison. */
static bool add_function(struct buf *out, const struct schema_object *function, const char *schema)
{
	const char *body = schema_value(function, "body");
	const char *arguments = schema_value(function, "arguments");
	bool procedure = function->kind == &pg_kind_procedure;
	if (body == NULL || schema_value(function, "library") != NULL)
		return false;
	buf_printf(out, "CREATE %s %s.", procedure ? "PROCEDURE" : "FUNCTION", schema);
	add_function_name(out, function);
	buf_printf(out, "(%s)", arguments == NULL ? "" : arguments);
	add_value(out, function, " RETURNS ", "returns", "");
	add_function_options(out, function);
	if (text_starts(body, "BEGIN ATOMIC") || text_starts(body, "RETURN ")) {
		buf_printf(out, " %s", body);
	} else {
		buf_add_text(out, " AS ");
		add_literal(out, body);
	}
	return true;
}

static void add_sequence(struct buf *out, const struct schema_object *sequence)
{
	add_value(out, sequence, " AS ", "type", "");
	add_value(out, sequence, " START WITH ", "start", "");
	add_value(out, sequence, " INCREMENT BY ", "increment", "");
	add_value(out, sequence, " MINVALUE ", "minimum", "");
	add_value(out, sequence, " MAXVALUE ", "maximum", "");
	add_value(out, sequence, " CACHE ", "cache", "");
	if (is_true(sequence, "cycle"))
		buf_add_text(out, " CYCLE");
}

static void add_domain(struct buf *out, const struct schema_object *domain)
{
	add_value(out, domain, " AS ", "type", "");
	add_value(out, domain, " COLLATE ", "collation", "");
	add_value(out, domain, " DEFAULT ", "default", "");
	if (is_true(domain, "notNull"))
		buf_add_text(out, " NOT NULL");
	for (const char *at = schema_value(domain, "checks"); at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		buf_add_char(out, ' ');
		buf_add(out, at, (size_t)(end - at));
		at = *end == '\0' ? NULL : end + 1;
	}
}

static void add_view(struct buf *out, const struct schema_object *view)
{
	add_list(out, view, " WITH ", "options", ITEM_SQL);
	add_value(out, view, " AS ", "query", "");
	if (view->kind == &pg_kind_materialized_view)
		buf_add_text(out, "\nWITH NO DATA");
	else
		add_value(out, view, "\nWITH ", "checkOption", " CHECK OPTION");
}

static bool add_other(struct buf *out, const struct schema_object *object, const char *schema)
{
	static const struct {
		const struct schema_kind *kind;
		const char *create;
	} creates[] = {
	    {&pg_kind_enum, "TYPE"},
	    {&pg_kind_composite, "TYPE"},
	    {&pg_kind_domain, "DOMAIN"},
	    {&pg_kind_sequence, "SEQUENCE"},
	    {&pg_kind_view, "VIEW"},
	    {&pg_kind_materialized_view, "MATERIALIZED VIEW"},
	};
	const struct schema_kind *kind = object->kind;
	if (kind == &pg_kind_function || kind == &pg_kind_procedure)
		return add_function(out, object, schema);
	for (size_t i = 0; i < sizeof(creates) / sizeof(creates[0]); i++) {
		if (creates[i].kind != kind)
			continue;
		buf_printf(out, "CREATE %s ", creates[i].create);
		add_name(out, schema, object->name);
		if (kind == &pg_kind_enum)
			add_list(out, object, " AS ENUM ", "values", ITEM_LITERAL);
		else if (kind == &pg_kind_composite)
			add_list(out, object, " AS ", "attributes", ITEM_SQL);
		else if (kind == &pg_kind_domain)
			add_domain(out, object);
		else if (kind == &pg_kind_sequence)
			add_sequence(out, object);
		else
			add_view(out, object);
		return true;
	}
	return false;
}

bool pg_ddl(const struct schema *written, size_t object, enum pg_ddl what, const char *schema,
    struct buf *out)
{
	const struct schema_object *it = &written->objects[object];
	if (what == PG_DDL_PART)
		return add_part(out, it, object, schema);
	if (it->kind == &pg_kind_table) {
		add_table(out, written, object, what == PG_DDL_BARE, schema);
		return true;
	}
	return add_other(out, it, schema);
}
