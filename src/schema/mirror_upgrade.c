/*
 * Versions 1 and 2 in the form of version 3, with what they state and nothing else. Names of models
 * and fields become those of tables and columns; keys that version 3 does not know stay.
 */
#include "base/text.h"
#include "schema/mirror.h"
#include <ctype.h>
#include <string.h>

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_text(json_get(object, key));
	return text == NULL || *text == '\0' ? NULL : text;
}

/* What the database calls it. */
static const char *db_name(const struct json *object)
{
	const char *name = text_of(object, "dbName");
	return name != NULL ? name : text_of(object, "name");
}

static const struct json *find(const struct json *list, const char *name)
{
	json_each (item, list)
		if (text_is(text_of(item, "name"), name))
			return item;
	return NULL;
}

/* The column a field of a model is; the name as it is when the model has no such field. */
static const char *column_name(const struct json *table, const char *field)
{
	const struct json *column = find(json_get(table, "columns"), field);
	return column == NULL ? field : db_name(column);
}

static bool has_flag(const struct json *column, enum mirror_flag flag)
{
	json_each (word, json_get(column, "constraints"))
		if (json_text(word) != NULL && mirror_flag(json_text(word)) == flag)
			return true;
	return false;
}

static bool is_primary(const struct json *table, const struct json *column)
{
	if (json_is_true(json_get(column, "primaryKey")) || has_flag(column, MIRROR_FLAG_PRIMARY))
		return true;
	json_each (index, json_get(table, "indexes")) {
		if (!text_is_nocase(text_of(index, "type"), "primary"))
			continue;
		json_each (field, json_get(index, "fields"))
			if (text_is(json_text(field), text_of(column, "name")))
				return true;
	}
	return false;
}

/* Columns of a key are SQL: a name that is no plain word is quoted. */
static void add_term(struct json *array, const char *name)
{
	CLEANUP(buf_free) struct buf term = buf_init(MIRROR_MAX);
	bool plain = !isdigit((unsigned char)*name);
	for (const char *at = name; *at != '\0'; at++)
		plain = plain && (isalnum((unsigned char)*at) || *at == '_');
	buf_printf(&term, plain ? "%s" : "\"%s\"", name);
	json_add_text(array, NULL, term.data);
}

/* Of a model's type only what it surely is in any database. */
static const char *stated_type(const struct json *column)
{
	static const char *const sure[] = {
	    "String", "Int", "BigInt", "Float", "Decimal", "Bytes", NULL};
	const char *type = text_of(column, "type"), *kept = text_of(column, "dbType");
	bool model = json_get(column, "nullable") != NULL || json_get(column, "dbName") != NULL ||
		     json_get(column, "list") != NULL;
	if (json_is_true(json_get(column, "list")))
		return NULL;
	if (kept != NULL || !model)
		return kept != NULL ? kept : type;
	for (size_t i = 0; sure[i] != NULL; i++)
		if (text_is(type, sure[i]))
			return type;
	return NULL;
}

static bool is_one_of(const char *key, const char *const *keys)
{
	for (size_t i = 0; keys[i] != NULL; i++)
		if (text_is(key, keys[i]))
			return true;
	return false;
}

static void copy_others(struct json *to, const struct json *from, const char *const *known)
{
	json_each (member, from)
		if (json_get(to, json_key(member)) == NULL && !is_one_of(json_key(member), known))
			json_add_copy(to, json_key(member), member);
}

static void upgrade_name(struct json *to, const struct json *from)
{
	const char *name = db_name(from), *model = text_of(from, "name");
	if (name != NULL)
		json_add_text(to, "name", name);
	if (model != NULL && !text_is(model, name))
		json_add_text(to, "model", model);
}

static void upgrade_column(struct json *to, const struct json *table, const struct json *from)
{
	static const char *const known[] = {"name", "type", "nullable", "dbName", "dbType",
	    "default", "primaryKey", "unique", "constraints", "notNull", "generated", "stored",
	    "collation", "conflict", NULL};
	const struct json *nullable = json_get(from, "nullable");
	const char *type = stated_type(from);
	upgrade_name(to, from);
	if (type != NULL)
		json_add_text(to, "type", type);
	/* A key says itself whether it may be empty, in each database in its own way. */
	if (!is_primary(table, from)) {
		if (json_is_false(nullable) || has_flag(from, MIRROR_FLAG_NOT_NULL))
			json_add_bool(to, "notNull", true);
		else if (json_is_true(nullable) || has_flag(from, MIRROR_FLAG_NULL))
			json_add_bool(to, "notNull", false);
	}
	copy_others(to, from, known);
}

static void upgrade_columns(struct json *to, const struct json *table)
{
	const struct json *columns = json_get(table, "columns");
	if (columns == NULL)
		return;
	if (!json_is_array(columns)) {
		json_add_copy(to, "columns", columns);
		return;
	}
	struct json *array = json_add_array(to, "columns");
	json_each (column, columns) {
		if (json_is_object(column))
			upgrade_column(json_add_object(array, NULL), table, column);
		else
			json_add_copy(array, NULL, column);
	}
}

static void upgrade_primary_key(struct json *to, const struct json *table)
{
	struct json *columns = NULL;
	json_each (column, json_get(table, "columns")) {
		if (!is_primary(table, column) || db_name(column) == NULL)
			continue;
		if (columns == NULL)
			columns = json_add_array(json_add_object(to, "primaryKey"), "columns");
		add_term(columns, db_name(column));
	}
}

static void upgrade_index(struct json *to, const struct json *table, const struct json *from)
{
	const char *name =
	    text_of(from, "map") != NULL ? text_of(from, "map") : text_of(from, "name");
	if (name != NULL)
		json_add_text(to, "name", name);
	struct json *columns = json_add_array(to, "columns");
	json_each (field, json_get(from, "fields"))
		if (json_text(field) != NULL)
			add_term(columns, column_name(table, json_text(field)));
}

static void upgrade_uniques(struct json *to, const struct json *table)
{
	struct json *array = NULL;
	json_each (column, json_get(table, "columns")) {
		if ((!json_is_true(json_get(column, "unique")) &&
			!has_flag(column, MIRROR_FLAG_UNIQUE)) ||
		    db_name(column) == NULL)
			continue;
		array = array == NULL ? json_add_array(to, "uniques") : array;
		add_term(json_add_array(json_add_object(array, NULL), "columns"), db_name(column));
	}
	json_each (index, json_get(table, "indexes")) {
		if (!text_is_nocase(text_of(index, "type"), "unique"))
			continue;
		array = array == NULL ? json_add_array(to, "uniques") : array;
		upgrade_index(json_add_object(array, NULL), table, index);
	}
}

static void upgrade_indexes(struct json *to, const struct json *table)
{
	struct json *array = NULL;
	json_each (index, json_get(table, "indexes")) {
		const char *type = text_of(index, "type");
		if (type != NULL && !text_is_nocase(type, "index"))
			continue;
		array = array == NULL ? json_add_array(to, "indexes") : array;
		upgrade_index(json_add_object(array, NULL), table, index);
	}
}

static void add_fields(
    struct json *to, const char *key, const struct json *table, const struct json *fields)
{
	struct json *array = json_add_array(to, key);
	json_each (field, fields)
		if (json_text(field) != NULL)
			json_add_text(array, NULL, column_name(table, json_text(field)));
}

/* The side of a relation that holds the columns is the foreign key. */
static void upgrade_relations(
    struct json *to, const struct json *document, const struct json *table)
{
	struct json *array = NULL;
	json_each (relation, json_get(table, "relations")) {
		const struct json *fields = json_get(relation, "fields");
		const struct json *other =
		    find(json_get(document, "tables"), text_of(relation, "to"));
		if (json_first(fields) == NULL || text_of(relation, "to") == NULL)
			continue;
		array = array == NULL ? json_add_array(to, "foreignKeys") : array;
		struct json *key = json_add_object(array, NULL);
		add_fields(key, "columns", table, fields);
		json_add_text(
		    key, "references", other == NULL ? text_of(relation, "to") : db_name(other));
		if (json_first(json_get(relation, "references")) != NULL)
			add_fields(
			    key, "referencedColumns", other, json_get(relation, "references"));
	}
}

static void upgrade_table(struct json *to, const struct json *document, const struct json *from)
{
	static const char *const known[] = {"name", "dbName", "columns", "indexes", "primaryKey",
	    "uniques", "checks", "foreignKeys", "withoutRowid", "strict", NULL};
	upgrade_name(to, from);
	upgrade_columns(to, from);
	upgrade_primary_key(to, from);
	upgrade_uniques(to, from);
	upgrade_relations(to, document, from);
	upgrade_indexes(to, from);
	copy_others(to, from, known);
}

static void upgrade_tables(struct json *to, const struct json *document)
{
	json_each (table, json_get(document, "tables")) {
		if (json_is_object(table))
			upgrade_table(json_add_object(to, NULL), document, table);
		else
			json_add_copy(to, NULL, table);
	}
}

/* What is no list of objects is copied, for the reader to complain of. */
struct json *mirror_upgrade(const struct json *old)
{
	static const char *const dropped[] = {
	    "version", "updatedAt", "lastUpdated", "views", "triggers", "virtualTables", NULL};
	struct json *root = json_new_object();
	json_add_int(root, "version", 3);
	json_each (member, old) {
		const char *key = json_key(member);
		if (is_one_of(key, dropped) || json_get(root, key) != NULL)
			continue;
		if (text_is(key, "tables") && json_is_array(json_get(old, key)))
			upgrade_tables(json_add_array(root, key), old);
		else
			json_add_copy(root, key, member);
	}
	return root;
}
