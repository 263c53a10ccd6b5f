/*
 * Statements that make what a mirror states, for the server to say how it would keep it. Only what
 * the server writes in its own way is made: tables but for their foreign keys, and views. Comments,
 * triggers, routines and events are kept as they are written.
 */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include <ctype.h>
#include <string.h>

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

/* --- Columns --- */

/* What is neither a number nor a text has to stand in parentheses on MySQL, and may on MariaDB. */
static bool needs_parentheses(const char *value)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_tokens tokens = {0};
	static const char *const bare[] = {
	    "CURRENT_TIMESTAMP", "NULL", "TRUE", "FALSE", "NEXT VALUE"};
	my_tokens_read(&tokens, value, false, &arena);
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (my_tokens_are(&tokens, 0, bare[i]))
			return false;
	if (tokens.count < 2 || my_tokens_close(&tokens, 0) == tokens.count)
		return tokens.count == 1 && tokens.items[0].kind == SQL_TOKEN_WORD &&
		       !isdigit((unsigned char)*tokens.items[0].text) &&
		       strchr(value, '\'') == NULL;
	return tokens.items[1].kind != SQL_TOKEN_STRING &&
	       tokens.items[0].kind != SQL_TOKEN_STRING && !my_token_is_sign(&tokens.items[0], '-');
}

static void add_default(struct buf *out, const struct schema_object *column)
{
	const char *value = schema_value(column, "default");
	if (value == NULL)
		return;
	bool wrap = needs_parentheses(value);
	buf_printf(out, " DEFAULT %s%s%s", wrap ? "(" : "", value, wrap ? "\n)" : "");
}

static void add_generated(struct buf *out, const struct schema_object *column)
{
	const char *generated = schema_value(column, "generated");
	bool row = text_is_nocase(generated, "ROW START") || text_is_nocase(generated, "ROW END");
	if (row)
		buf_printf(out, " GENERATED ALWAYS AS %s", generated);
	else
		buf_printf(out, " GENERATED ALWAYS AS (%s\n) %s", generated,
		    is_true(column, "stored") ? "STORED" : "VIRTUAL");
	if (is_true(column, "invisible"))
		buf_add_text(out, " INVISIBLE");
}

static void add_column(struct buf *out, const struct schema_object *column, bool maria)
{
	const char *type = schema_value(column, "type");
	my_name(column->name, out);
	buf_printf(out, " %s", type == NULL ? "longtext" : type);
	if (maria)
		add_value(out, column, " REF_SYSTEM_ID=", "srid", "");
	add_value(out, column, " CHARACTER SET ", "characterSet", "");
	add_value(out, column, " COLLATE ", "collation", "");
	if (schema_value(column, "generated") != NULL) {
		add_generated(out, column);
		return;
	}
	buf_add_text(out, is_true(column, "notNull") ? " NOT NULL" : " NULL");
	if (!maria)
		add_value(out, column, " SRID ", "srid", "");
	add_default(out, column);
	add_value(out, column, " ON UPDATE ", "onUpdate", "");
	if (is_true(column, "autoIncrement"))
		buf_add_text(out, " AUTO_INCREMENT");
	if (is_true(column, "invisible"))
		buf_add_text(out, " INVISIBLE");
	if (is_true(column, "withoutSystemVersioning"))
		buf_add_text(out, " WITHOUT SYSTEM VERSIONING");
	add_value(out, column, " CHECK (", "check", "\n)");
}

/* --- Keys --- */

/* `a`(5) DESC; an expression in parentheses, written with them or not. */
static void add_term(struct buf *out, const char *term, size_t len)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_tokens tokens = {0};
	const char *text = arena_strndup(&arena, term, len);
	my_tokens_read(&tokens, text, true, &arena);
	if (tokens.count == 0)
		return;
	const struct sql_token *first = &tokens.items[0];
	bool name = first->kind == SQL_TOKEN_WORD || first->kind == SQL_TOKEN_IDENTIFIER;
	bool call = tokens.count > 1 && my_token_is_sign(&tokens.items[1], '(') &&
		    !(tokens.count > 2 && tokens.items[2].kind == SQL_TOKEN_NUMBER);
	if (!name || call) {
		bool whole = my_token_is_sign(first, '(');
		buf_printf(out, "%s%s%s", whole ? "" : "(", text, whole ? "" : "\n)");
		return;
	}
	my_name(my_token_text(first, &arena), out);
	if (tokens.count > 1)
		buf_printf(out, " %s", tokens.items[1].text);
}

static void add_terms(struct buf *out, const struct schema_object *key)
{
	const char *separator = "";
	buf_add_text(out, " (");
	for (const char *at = schema_value(key, "columns"); at != NULL; separator = ", ") {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		buf_add_text(out, separator);
		add_term(out, at, (size_t)(end - at));
		at = *end == '\0' ? NULL : end + 1;
	}
	buf_add_char(out, ')');
}

static void add_options(struct buf *out, const struct schema_object *object)
{
	for (const char *at = schema_value(object, "options"); at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		buf_add_char(out, ' ');
		buf_add(out, at, (size_t)(end - at));
		at = *end == '\0' ? NULL : end + 1;
	}
}

static void add_made_name(struct buf *out, const struct schema_object *object, size_t number)
{
	if (object->given != NULL)
		my_name(object->given, out);
	else
		buf_printf(out, MY_DDL_NAME "%zu", number);
}

static void add_key(struct buf *out, const struct schema_object *key, size_t number, bool maria)
{
	if (key->kind == &my_kind_primary_key) {
		buf_add_text(out, "PRIMARY KEY");
	} else {
		buf_add_text(out, key->kind == &my_kind_unique ? "UNIQUE " : "");
		if (key->kind == &my_kind_index)
			add_value(out, key, "", "type", " ");
		buf_add_text(out, "KEY ");
		add_made_name(out, key, number);
	}
	add_terms(out, key);
	add_value(out, key, " USING ", "method", "");
	add_options(out, key);
	if (is_true(key, "ignored"))
		buf_add_text(out, maria ? " IGNORED" : " INVISIBLE");
}

static void add_check(struct buf *out, const struct schema_object *check, size_t number)
{
	buf_add_text(out, "CONSTRAINT ");
	add_made_name(out, check, number);
	add_value(out, check, " CHECK (", "expression", "\n)");
	if (is_true(check, "notEnforced"))
		buf_add_text(out, " NOT ENFORCED");
}

/* False for what is no such part. */
static bool add_definition(
    struct buf *out, const struct schema_object *part, size_t number, bool maria)
{
	if (part->kind == &my_kind_column)
		add_column(out, part, maria);
	else if (part->kind == &my_kind_check)
		add_check(out, part, number);
	else if (part->kind == &my_kind_primary_key || part->kind == &my_kind_unique ||
		 part->kind == &my_kind_index)
		add_key(out, part, number, maria);
	else
		return false;
	return true;
}

/* --- Tables --- */

static void add_periods(struct buf *out, const struct schema_object *table)
{
	for (const char *at = schema_value(table, "periods"); at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		buf_add_text(out, ",\nPERIOD FOR ");
		buf_add(out, at, (size_t)(end - at));
		at = *end == '\0' ? NULL : end + 1;
	}
}

static void add_partition(struct buf *out, const struct schema_object *part)
{
	const char *separator = " (";
	buf_add_text(out, "PARTITION ");
	my_name(part->name, out);
	add_value(out, part, " ", "values", "");
	add_value(out, part, " ", "options", "");
	for (const char *at = schema_value(part, "subpartitions"); at != NULL; separator = ", ") {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		buf_printf(out, "%sSUBPARTITION %.*s", separator, (int)(end - at), at);
		at = *end == '\0' ? NULL : end + 1;
	}
	if (schema_value(part, "subpartitions") != NULL)
		buf_add_char(out, ')');
}

static void add_partitions(struct buf *out, const struct schema *written, size_t table)
{
	const char *separator = " (";
	const struct schema_object *object = &written->objects[table];
	add_value(out, object, " PARTITION BY ", "partitionBy", "");
	for (size_t i = table + 1; i < written->count && written->objects[i].kind->parent != NULL;
	     i++) {
		if (written->objects[i].kind != &my_kind_partition)
			continue;
		buf_add_text(out, separator);
		add_partition(out, &written->objects[i]);
		separator = ",\n";
	}
	if (*separator == ',')
		buf_add_char(out, ')');
}

static void add_table(
    struct buf *out, const struct schema *written, size_t table, bool bare_one, bool maria)
{
	const struct schema_object *object = &written->objects[table];
	const char *separator = "";
	buf_add_text(out, "CREATE TABLE ");
	my_name(object->name, out);
	buf_add_text(out, bare_one ? " (" MY_DDL_NAME " int" : " (");
	for (size_t i = table + 1; i < written->count && !bare_one; i++) {
		size_t before = out->len;
		if (written->objects[i].kind->parent == NULL)
			break;
		buf_add_text(out, separator);
		if (!add_definition(out, &written->objects[i], i, maria)) {
			out->len = before;
			continue;
		}
		separator = ",\n";
	}
	if (!bare_one)
		add_periods(out, object);
	buf_add_char(out, ')');
	add_value(out, object, " ENGINE = ", "engine", "");
	add_value(out, object, " DEFAULT CHARACTER SET ", "characterSet", "");
	add_value(out, object, " DEFAULT COLLATE ", "collation", "");
	add_value(out, object, " ROW_FORMAT = ", "rowFormat", "");
	add_options(out, object);
	if (bare_one)
		return;
	if (is_true(object, "systemVersioning"))
		buf_add_text(out, " WITH SYSTEM VERSIONING");
	add_partitions(out, written, table);
}

static void add_view(struct buf *out, const struct schema_object *view)
{
	const char *separator = " (";
	buf_add_text(out, "CREATE");
	add_value(out, view, " ALGORITHM = ", "algorithm", "");
	add_value(out, view, " SQL SECURITY ", "security", "");
	buf_add_text(out, " VIEW ");
	my_name(view->name, out);
	for (const char *at = schema_value(view, "columns"); at != NULL; separator = ", ") {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		CLEANUP(buf_free) struct buf name = buf_init(4096);
		buf_add(&name, at, (size_t)(end - at));
		buf_add_text(out, separator);
		my_name(name.data == NULL ? "" : name.data, out);
		at = *end == '\0' ? NULL : end + 1;
	}
	buf_add_text(out, schema_value(view, "columns") == NULL ? "" : ")");
	add_value(out, view, " AS ", "query", "");
	add_value(out, view, "\nWITH ", "checkOption", " CHECK OPTION");
}

bool my_ddl(
    const struct schema *written, size_t object, enum my_ddl what, bool maria, struct buf *out)
{
	const struct schema_object *it = &written->objects[object];
	if (what == MY_DDL_PART) {
		buf_add_text(out, "ALTER TABLE ");
		my_name(it->parent, out);
		buf_add_text(out, " ADD ");
		return add_definition(out, it, object, maria);
	}
	if (it->kind == &my_kind_table) {
		add_table(out, written, object, what == MY_DDL_BARE, maria);
	} else if (it->kind == &my_kind_view) {
		add_view(out, it);
	} else if (it->kind == &my_kind_sequence) {
		buf_add_text(out, "CREATE SEQUENCE ");
		my_name(it->name, out);
	} else {
		return false;
	}
	return true;
}
