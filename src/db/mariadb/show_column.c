/* A column, from its type on. */
#include "base/text.h"
#include "db/mariadb/show.h"
#include <string.h>
#include <strings.h>

const char *my_collation_of(const struct my_reading *r, const char *character_set)
{
	if (character_set != NULL && text_is_nocase(character_set, "utf8"))
		character_set =
		    r->maria || my_collation_of(r, "utf8mb3") != NULL ? "utf8mb3" : "utf8";
	for (size_t i = 0; i < r->charset_count; i++)
		if (text_is_nocase(r->charsets[i].name, character_set))
			return r->charsets[i].collation;
	return NULL;
}

/* --- Clauses --- */

struct column {
	const struct my_reading *r;
	const struct my_tokens *tokens;
	size_t end;
	struct schema_object *object;
	const char *character_set, *collation;
};

/* Words that a clause begins with: what stands before one ends there. */
static bool begins_clause(const struct my_tokens *tokens, size_t i)
{
	static const char *const patterns[] = {"CHARACTER SET", "CHARSET", "COLLATE", "GENERATED",
	    "AS (", "NOT NULL", "NULL", "DEFAULT", "ON UPDATE", "AUTO_INCREMENT", "COMMENT",
	    "CHECK (", "INVISIBLE", "VISIBLE", "REF_SYSTEM_ID", "SRID", "WITHOUT SYSTEM",
	    "COLUMN_FORMAT", "STORAGE", "VIRTUAL", "STORED", "PERSISTENT", "PRIMARY KEY", "UNIQUE",
	    "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"};
	if (tokens->items[i].kind == SQL_TOKEN_IDENTIFIER)
		return my_tokens_are(tokens, i + 1, "=");
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++)
		if (my_tokens_are(tokens, i, patterns[p]))
			return true;
	return false;
}

/* Behind what begins at `i`, which is at least one token. */
static size_t value_end(const struct column *c, size_t i)
{
	size_t first = i;
	while (i < c->end && (i == first || !begins_clause(c->tokens, i)))
		i = my_token_is_sign(&c->tokens->items[i], '(') ? my_tokens_close(c->tokens, i)
								: i + 1;
	return i < c->end ? i : c->end;
}

static void set(const struct column *c, const char *attribute, const char *value)
{
	schema_set(c->object, attribute, value);
}

static const char *text_at(const struct column *c, size_t i)
{
	return i < c->end ? my_token_text(&c->tokens->items[i], c->r->arena) : NULL;
}

static size_t read_generated(const struct column *c, size_t open)
{
	const struct my_tokens *tokens = c->tokens;
	if (my_tokens_are(tokens, open, "ROW START") || my_tokens_are(tokens, open, "ROW END")) {
		set(c, "generated", my_tokens_sql(c->r, tokens, open, open + 2));
		return open + 2;
	}
	size_t end = my_tokens_close(tokens, open);
	set(c, "generated", my_tokens_bare(c->r, tokens, open, end));
	return end;
}

/* NULL goes without saying where a column may be NULL, and is nothing where it may not. */
static size_t read_default(const struct column *c, size_t i)
{
	size_t end = value_end(c, i);
	if (end == i + 1 && my_tokens_are(c->tokens, i, "NULL"))
		return end;
	const char *value = my_tokens_sql(c->r, c->tokens, i, end);
	if (i < end && my_token_is_sign(&c->tokens->items[i], '('))
		value = arena_printf(c->r->arena, "(%s)", my_tokens_bare(c->r, c->tokens, i, end));
	set(c, "default", value);
	return end;
}

static size_t read_option(const struct column *c, size_t i)
{
	size_t end = my_tokens_are(c->tokens, i + 1, "=") ? i + 3 : value_end(c, i);
	end = end > c->end ? c->end : end;
	set(c, "options",
	    my_list_add(schema_value(c->object, "options"), my_tokens_sql(c->r, c->tokens, i, end),
		c->r->arena));
	return end;
}

static const struct flag {
	const char *pattern, *attribute;
	size_t words;
} flags[] = {
    {"NOT NULL", "notNull", 2},
    {"AUTO_INCREMENT", "autoIncrement", 1},
    {"INVISIBLE", "invisible", 1},
    {"WITHOUT SYSTEM VERSIONING", "withoutSystemVersioning", 3},
    {"STORED", "stored", 1},
    {"PERSISTENT", "stored", 1},
    {"VIRTUAL", NULL, 1},
    {"VISIBLE", NULL, 1},
    {"NULL", NULL, 1},
};

static size_t read_flag(const struct column *c, size_t i)
{
	for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
		if (!my_tokens_are(c->tokens, i, flags[f].pattern))
			continue;
		if (flags[f].attribute != NULL)
			set(c, flags[f].attribute, "true");
		return i + flags[f].words;
	}
	return i;
}

/* One clause, and where it ends. */
static size_t read_clause(struct column *c, size_t i)
{
	const struct my_tokens *tokens = c->tokens;
	size_t end = read_flag(c, i);
	if (end > i)
		return end;
	if (my_tokens_are(tokens, i, "CHARACTER SET")) {
		c->character_set = text_at(c, i + 2);
		return i + 3;
	}
	if (my_tokens_are(tokens, i, "CHARSET")) {
		c->character_set = text_at(c, i + 1);
		return i + 2;
	}
	if (my_tokens_are(tokens, i, "COLLATE")) {
		c->collation = text_at(c, i + 1);
		return i + 2;
	}
	if (my_tokens_are(tokens, i, "GENERATED ALWAYS AS"))
		return read_generated(c, i + 3);
	if (my_tokens_are(tokens, i, "AS ("))
		return read_generated(c, i + 1);
	if (my_tokens_are(tokens, i, "DEFAULT"))
		return read_default(c, i + 1);
	if (my_tokens_are(tokens, i, "ON UPDATE")) {
		end = value_end(c, i + 2);
		set(c, "onUpdate", my_tokens_sql(c->r, tokens, i + 2, end));
		return end;
	}
	if (my_tokens_are(tokens, i, "COMMENT")) {
		set(c, "comment", text_at(c, i + 1));
		return i + 2;
	}
	if (my_tokens_are(tokens, i, "CHECK (")) {
		end = my_tokens_close(tokens, i + 1);
		set(c, "check", my_tokens_bare(c->r, tokens, i + 1, end));
		return end;
	}
	if (my_tokens_are(tokens, i, "REF_SYSTEM_ID =") || my_tokens_are(tokens, i, "SRID")) {
		size_t value = i + (my_tokens_are(tokens, i, "SRID") ? 1 : 2);
		set(c, "srid", text_at(c, value));
		return value + 1;
	}
	return read_option(c, i);
}

/* --- What it comes to --- */

/* Only what is not the table's. */
static void settle_collation(struct column *c, const char *of_table)
{
	const char *collation = c->collation;
	if (collation == NULL && c->character_set != NULL)
		collation = my_collation_of(c->r, c->character_set);
	if (collation == NULL && c->character_set != NULL)
		set(c, "characterSet", c->character_set);
	if (collation != NULL && !text_is_nocase(collation, of_table))
		set(c, "collation", collation);
}

/* What JSON is on MariaDB: made of these three. */
static void fold_json(const struct column *c, const char *of_table)
{
	const char *check = schema_value(c->object, "check");
	const char *collation = schema_value(c->object, "collation");
	const char *own = arena_printf(c->r->arena, "json_valid(`%s`)", c->object->given);
	if (!c->r->maria || !text_is_nocase(schema_value(c->object, "type"), "longtext") ||
	    !text_is(check, own) ||
	    !text_is_nocase(collation == NULL ? of_table : collation, "utf8mb4_bin"))
		return;
	set(c, "type", "json");
	set(c, "collation", NULL);
	set(c, "check", NULL);
}

static bool is_number(const char *type)
{
	static const char *const types[] = {
	    "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (type != NULL && strncasecmp(type, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

/* MySQL has quotes around numbers, too. */
static void unquote_number(const struct column *c)
{
	const char *value = schema_value(c->object, "default");
	size_t len = value == NULL ? 0 : strlen(value);
	if (len < 3 || *value != '\'' || value[len - 1] != '\'' ||
	    !is_number(schema_value(c->object, "type")) ||
	    strspn(value + 1, "0123456789.+-eE") != len - 2)
		return;
	set(c, "default", arena_strndup(c->r->arena, value + 1, len - 2));
}

void my_column_read(const struct my_reading *r, const struct my_tokens *tokens, size_t first,
    size_t end, const char *collation, struct schema_object *column)
{
	struct column c = {.r = r, .tokens = tokens, .end = end, .object = column};
	size_t i = value_end(&c, first);
	schema_set(column, "type", my_tokens_sql(r, tokens, first, i));
	while (i < end)
		i = read_clause(&c, i);
	settle_collation(&c, collation);
	fold_json(&c, collation);
	unquote_number(&c);
}
