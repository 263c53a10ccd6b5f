#include "db/sqlite/table_sql.h"
#include <string.h>

void sqlite_tokens_read(struct sqlite_tokens *tokens, const char *sql, struct arena *arena)
{
	struct sql_lexer lexer;
	tokens->count = 0;
	sql_lex_init(&lexer, &dialect_sqlite, sql, strlen(sql), 1);
	for (;;) {
		struct sql_token token = sql_lex_next(&lexer);
		if (token.kind == SQL_TOKEN_SPACE || token.kind == SQL_TOKEN_COMMENT ||
		    token.kind == SQL_TOKEN_BROKEN)
			continue;
		tokens->items = arena_grow(
		    arena, tokens->items, tokens->count, &tokens->capacity, sizeof(*tokens->items));
		tokens->items[tokens->count] = token;
		if (token.kind == SQL_TOKEN_END)
			return;
		tokens->count++;
	}
}

const char *sqlite_tokens_text(
    const struct sqlite_tokens *tokens, size_t first, size_t end, struct arena *arena)
{
	if (first >= end || end > tokens->count)
		return NULL;
	const struct sql_token *last = &tokens->items[end - 1];
	const char *start = tokens->items[first].text;
	return arena_strndup(arena, start, (size_t)(last->text + last->len - start));
}

const char *sqlite_token_name(const struct sql_token *token, struct arena *arena)
{
	char *name = arena_strndup(arena, token->text, token->len);
	bool quoted = token->len >= 2 &&
		      (token->kind == SQL_TOKEN_IDENTIFIER || token->kind == SQL_TOKEN_STRING);
	if (!quoted)
		return name;
	char quote = name[0] == '[' ? ']' : name[0];
	size_t len = 0;
	for (size_t i = 1; i + 1 < token->len; i++) {
		name[len++] = name[i];
		if (name[i] == quote && i + 2 < token->len && name[i + 1] == quote)
			i++;
	}
	name[len] = '\0';
	return name;
}

static bool is(const struct sql_token *token, char c)
{
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 1 && *token->text == c;
}

size_t sqlite_tokens_close(const struct sqlite_tokens *tokens, size_t open, size_t end)
{
	int depth = 0;
	for (size_t i = open; i < end; i++) {
		depth += is(&tokens->items[i], '(') - is(&tokens->items[i], ')');
		if (depth <= 0)
			return i + 1;
	}
	return end;
}

/* The comma that ends what begins at `first`, or `end`. */
static size_t find_comma(const struct sqlite_tokens *tokens, size_t first, size_t end)
{
	while (first < end && !is(&tokens->items[first], ','))
		first = is(&tokens->items[first], '(') ? sqlite_tokens_close(tokens, first, end)
						       : first + 1;
	return first;
}

static const char *join(struct arena *arena, const char *list, const char *item)
{
	if (item == NULL)
		return list;
	return list == NULL ? item : arena_printf(arena, "%s%c%s", list, SCHEMA_SEPARATOR, item);
}

const char *sqlite_tokens_terms(
    const struct sqlite_tokens *tokens, size_t first, size_t end, struct arena *arena)
{
	const char *list = NULL;
	while (first < end) {
		size_t comma = find_comma(tokens, first, end), last = comma;
		/* Ascending is what no word means, too. */
		if (last > first + 1 && sql_token_is(&tokens->items[last - 1], "ASC"))
			last--;
		list = join(arena, list, sqlite_tokens_text(tokens, first, last, arena));
		first = comma + 1;
	}
	return list;
}

const char *sqlite_tokens_names(
    const struct sqlite_tokens *tokens, size_t first, size_t end, struct arena *arena)
{
	const char *list = NULL;
	while (first < end) {
		list = join(arena, list, sqlite_token_name(&tokens->items[first], arena));
		first = find_comma(tokens, first, end) + 1;
	}
	return list;
}

size_t sqlite_tokens_body(const struct sqlite_tokens *tokens, const char *keyword)
{
	size_t at = 0;
	while (at < tokens->count && !sql_token_is(&tokens->items[at], keyword))
		at++;
	at++;
	if (at + 3 < tokens->count && sql_token_is(&tokens->items[at], "IF") &&
	    sql_token_is(&tokens->items[at + 1], "NOT") &&
	    sql_token_is(&tokens->items[at + 2], "EXISTS"))
		at += 3;
	at++;
	if (at + 1 < tokens->count && is(&tokens->items[at], '.'))
		at += 2;
	return at < tokens->count ? at : tokens->count;
}
