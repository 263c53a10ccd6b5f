/* SHOW CREATE TABLE. */
#include "base/text.h"
#include "db/mariadb/show.h"
#include <string.h>

struct table {
	struct my_reading *r;
	struct my_tokens *tokens;
	size_t at; /* its place in the schema */
	const char *character_set, *collation;
};

static struct schema_object *object_of(const struct table *t)
{
	return &t->r->schema->objects[t->at];
}

/* NAME=value, NAME NAME=value, with a value in parentheses perhaps. */
static size_t read_option(struct table *t, size_t i)
{
	const struct my_tokens *tokens = t->tokens;
	size_t end = i;
	while (end < tokens->count && !my_token_is_sign(&tokens->items[end], '='))
		end++;
	end++;
	end = end < tokens->count && my_token_is_sign(&tokens->items[end], '(')
		  ? my_tokens_close(tokens, end)
		  : end + 1;
	end = end > tokens->count ? tokens->count : end;
	if (!my_tokens_are(tokens, i, "AUTO_INCREMENT"))
		schema_set(object_of(t), "options",
		    my_list_add(schema_value(object_of(t), "options"),
			my_tokens_sql(t->r, tokens, i, end), t->r->arena));
	return end;
}

static const char *text_at(const struct table *t, size_t i)
{
	return i < t->tokens->count ? my_token_text(&t->tokens->items[i], t->r->arena) : NULL;
}

static size_t read_clause(struct table *t, size_t i)
{
	const struct my_tokens *tokens = t->tokens;
	if (my_token_is_sign(&tokens->items[i], ','))
		return i + 1;
	if (my_tokens_are(tokens, i, "DEFAULT CHARSET =")) {
		t->character_set = text_at(t, i + 3);
		return i + 4;
	}
	if (my_tokens_are(tokens, i, "COLLATE =")) {
		t->collation = text_at(t, i + 2);
		return i + 3;
	}
	if (my_tokens_are(tokens, i, "ENGINE =")) {
		if (!text_is_nocase(text_at(t, i + 2), "InnoDB"))
			schema_set(object_of(t), "engine", text_at(t, i + 2));
		return i + 3;
	}
	if (my_tokens_are(tokens, i, "ROW_FORMAT =")) {
		schema_set(object_of(t), "rowFormat", my_lower(text_at(t, i + 2), t->r->arena));
		return i + 3;
	}
	if (my_tokens_are(tokens, i, "COMMENT =")) {
		schema_set(object_of(t), "comment", text_at(t, i + 2));
		return i + 3;
	}
	if (my_tokens_are(tokens, i, "WITH SYSTEM VERSIONING")) {
		schema_set(object_of(t), "systemVersioning", "true");
		return i + 3;
	}
	return read_option(t, i);
}

/* Behind the columns; where PARTITION BY begins, or the end. */
static size_t read_options(struct table *t, size_t i)
{
	while (i < t->tokens->count && !my_tokens_are(t->tokens, i, "PARTITION BY"))
		i = read_clause(t, i);
	if (t->collation == NULL)
		t->collation = my_collation_of(t->r, t->character_set);
	if (t->collation != NULL && !text_is_nocase(t->collation, t->r->collation))
		schema_set(object_of(t), "collation", t->collation);
	return i;
}

static void read_column(struct table *t, size_t first, size_t end)
{
	struct schema_object *column = schema_add(t->r->schema, &my_kind_column, t->r->arena);
	column->parent = object_of(t)->given;
	column->schema = "";
	column->given = text_at(t, first);
	column->position = (int)t->r->schema->count;
	my_column_read(t->r, t->tokens, first + 1, end, t->collation, column);
}

void my_table_read(struct my_reading *r, const char *name, const char *text)
{
	struct table t = {.r = r, .tokens = r->text};
	struct schema_object *object = schema_add(r->schema, &my_kind_table, r->arena);
	*object = (struct schema_object){.kind = &my_kind_table,
	    .schema = "",
	    .parent = "",
	    .given = arena_strdup(r->arena, name),
	    .position = (int)r->schema->count};
	t.at = r->schema->count - 1;
	my_tokens_read(t.tokens, text, true, r->arena);
	size_t open = my_tokens_find(t.tokens, 0, t.tokens->count, '(');
	size_t close = my_tokens_close(t.tokens, open);
	size_t partitions = read_options(&t, close);
	for (size_t i = open + 1; i + 1 < close;) {
		size_t comma = my_tokens_find(t.tokens, i, close - 1, ',');
		if (t.tokens->items[i].kind == SQL_TOKEN_IDENTIFIER)
			read_column(&t, i, comma);
		else
			my_part_read(r, t.tokens, i, comma, t.at);
		i = comma + 1;
	}
	if (partitions < t.tokens->count)
		my_partitions_read(r, t.tokens, partitions, t.at);
}
