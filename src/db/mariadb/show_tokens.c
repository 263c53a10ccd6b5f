#include "base/text.h"
#include "db/mariadb/show.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	TEXT_MOST = 64 << 20
};

/* "!50100 PARTITION …" of a comment: what it is kept for stands behind the version. */
static const char *hint_start(const char *at)
{
	if (at[0] != '/' || at[1] != '*')
		return NULL;
	at += 2;
	if (*at == 'M')
		at++;
	if (*at != '!')
		return NULL;
	at++;
	while (isdigit((unsigned char)*at))
		at++;
	return at;
}

/* A copy in which such comments are none; what is in quotes stays. */
static const char *open_hints(const char *text, struct arena *arena)
{
	if (strstr(text, "/*") == NULL)
		return text;
	char *copy = arena_alloc(arena, strlen(text) + 1), *out = copy, quote = '\0';
	int open = 0;
	while (*text != '\0') {
		const char *start = quote == '\0' ? hint_start(text) : NULL;
		if (start != NULL) {
			open++;
			text = start;
		} else if (quote == '\0' && open > 0 && text_starts(text, "*/")) {
			open--;
			text += 2;
		} else {
			if (quote == '\0' && (*text == '\'' || *text == '"' || *text == '`'))
				quote = *text;
			else if (*text == quote)
				quote = '\0';
			else if (quote != '\0' && quote != '`' && *text == '\\' && text[1] != '\0')
				*out++ = *text++;
			*out++ = *text++;
		}
	}
	*out = '\0';
	return copy;
}

void my_tokens_read(struct my_tokens *tokens, const char *text, bool hints, struct arena *arena)
{
	struct sql_lexer lexer;
	tokens->count = 0;
	if (hints)
		text = open_hints(text, arena);
	sql_lex_init(&lexer, &dialect_mariadb, text, strlen(text), 1);
	for (;;) {
		struct sql_token token = sql_lex_next(&lexer);
		if (sql_token_is_gap(&token) || token.kind == SQL_TOKEN_BROKEN)
			continue;
		tokens->items = arena_grow(
		    arena, tokens->items, tokens->count, &tokens->capacity, sizeof(*tokens->items));
		tokens->items[tokens->count] = token;
		if (token.kind == SQL_TOKEN_END)
			return;
		tokens->count++;
	}
}

bool my_token_is_sign(const struct sql_token *token, char sign)
{
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 1 && *token->text == sign;
}

bool my_tokens_are(const struct my_tokens *tokens, size_t at, const char *pattern)
{
	while (*pattern != '\0') {
		size_t len = strcspn(pattern, " ");
		if (at >= tokens->count)
			return false;
		const struct sql_token *token = &tokens->items[at++];
		bool bare = token->kind == SQL_TOKEN_WORD || token->kind == SQL_TOKEN_OPERATOR;
		if (!bare || token->len != len || strncasecmp(token->text, pattern, len) != 0)
			return false;
		pattern += len;
		pattern += *pattern == ' ';
	}
	return true;
}

size_t my_tokens_close(const struct my_tokens *tokens, size_t open)
{
	int depth = 0;
	for (size_t i = open; i < tokens->count; i++) {
		depth += my_token_is_sign(&tokens->items[i], '(') -
			 my_token_is_sign(&tokens->items[i], ')');
		if (depth <= 0)
			return i + 1;
	}
	return tokens->count;
}

size_t my_tokens_find(const struct my_tokens *tokens, size_t first, size_t end, char sign)
{
	while (first < end && !my_token_is_sign(&tokens->items[first], sign))
		first = my_token_is_sign(&tokens->items[first], '(')
			    ? my_tokens_close(tokens, first)
			    : first + 1;
	return first < end ? first : end;
}

/* What stands behind a backslash in a text. */
static char escaped(char c)
{
	static const char from[] = "0nrtbZ", to[] = "\0\n\r\t\b\x1a";
	const char *found = strchr(from, c);
	return found == NULL || c == '\0' ? c : to[found - from];
}

const char *my_token_text(const struct sql_token *token, struct arena *arena)
{
	char *text = arena_strndup(arena, token->text, token->len);
	char quote = *text;
	size_t len = 0;
	if (token->len < 2 || (quote != '\'' && quote != '"' && quote != '`'))
		return text;
	for (size_t i = 1; i + 1 < token->len; i++) {
		if (text[i] == '\\' && quote != '`' && i + 2 < token->len)
			text[len++] = escaped(text[++i]);
		else
			text[len++] = text[i];
		if (text[i] == quote && text[i + 1] == quote && i + 2 < token->len)
			i++;
	}
	text[len] = '\0';
	return text;
}

static bool touches(const struct sql_token *token, const struct sql_token *next)
{
	return token->text + token->len == next->text;
}

/* `shop`. before a name, _utf8mb4 before a text. */
static size_t left_out(const struct my_reading *r, const struct my_tokens *tokens, size_t i)
{
	const struct sql_token *token = &tokens->items[i];
	bool prefix = token->kind == SQL_TOKEN_WORD && *token->text == '_' && token->len > 3 &&
		      i + 1 < tokens->count && tokens->items[i + 1].kind == SQL_TOKEN_STRING;
	if (prefix && strncmp(token->text, "_utf8", 5) == 0)
		return 1;
	if (r->database == NULL || token->kind != SQL_TOKEN_IDENTIFIER || i + 2 >= tokens->count ||
	    !my_token_is_sign(&tokens->items[i + 1], '.') ||
	    !sql_token_is_name(&tokens->items[i + 2]) ||
	    (i > 0 && my_token_is_sign(&tokens->items[i - 1], '.')))
		return 0;
	return text_is(my_token_text(token, r->arena), r->database) ? 2 : 0;
}

const char *my_tokens_sql(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end)
{
	CLEANUP(buf_free) struct buf out = buf_init(TEXT_MOST);
	if (first >= end || end > tokens->count)
		return NULL;
	for (size_t i = first; i < end; i++) {
		const struct sql_token *token = &tokens->items[i];
		size_t skip = left_out(r, tokens, i);
		bool gap = out.len > 0 && i > first && !touches(token - 1, token);
		if (gap)
			buf_add_char(&out, ' ');
		if (skip > 0 && i + skip < end) {
			i += skip;
			token += skip;
		}
		buf_add(&out, token->text, token->len);
	}
	return arena_strndup(r->arena, out.data, out.len);
}

const char *my_tokens_bare(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end)
{
	while (end > first + 2 && my_token_is_sign(&tokens->items[first], '(') &&
	       my_tokens_close(tokens, first) == end) {
		first++;
		end--;
	}
	return my_tokens_sql(r, tokens, first, end);
}

const char *my_list_add(const char *list, const char *item, struct arena *arena)
{
	if (item == NULL)
		return list;
	return list == NULL ? item : arena_printf(arena, "%s%c%s", list, SCHEMA_SEPARATOR, item);
}

const char *my_lower(const char *text, struct arena *arena)
{
	char *lower = arena_strdup(arena, text);
	for (char *at = lower; at != NULL && *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return lower;
}

static bool is_plain(const char *name)
{
	bool plain = *name != '\0' && !isdigit((unsigned char)*name);
	for (; *name != '\0'; name++)
		plain = plain && (isalnum((unsigned char)*name) || *name == '_');
	return plain;
}

/* A column is named without quotes where it can be. */
static const char *term(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end)
{
	if (first >= end || tokens->items[first].kind != SQL_TOKEN_IDENTIFIER)
		return my_tokens_sql(r, tokens, first, end);
	const char *name = my_token_text(&tokens->items[first], r->arena);
	const char *rest = my_tokens_sql(r, tokens, first + 1, end);
	bool group = first + 1 < end && my_token_is_sign(&tokens->items[first + 1], '(');
	if (!is_plain(name))
		name = arena_strndup(r->arena, tokens->items[first].text, tokens->items[first].len);
	return rest == NULL ? name : arena_printf(r->arena, "%s%s%s", name, group ? "" : " ", rest);
}

const char *my_tokens_terms(
    const struct my_reading *r, const struct my_tokens *tokens, size_t first, size_t end)
{
	const char *list = NULL;
	while (first < end) {
		size_t comma = my_tokens_find(tokens, first, end, ',');
		list = my_list_add(list, term(r, tokens, first, comma), r->arena);
		first = comma + 1;
	}
	return list;
}

const char *my_tokens_names(
    const struct my_tokens *tokens, size_t first, size_t end, struct arena *arena)
{
	const char *list = NULL;
	for (size_t i = first; i < end; i++)
		if (!my_token_is_sign(&tokens->items[i], ','))
			list = my_list_add(list, my_token_text(&tokens->items[i], arena), arena);
	return list;
}

bool my_index_name_is_made(const char *name, const char *terms, struct arena *arena)
{
	struct my_tokens tokens = {0};
	if (name == NULL || terms == NULL)
		return false;
	/* In most cases it needs no looking at. */
	if (strcspn(terms, "\x1f (`") == strlen(terms) &&
	    strncasecmp(name, terms, strlen(terms)) != 0)
		return false;
	my_tokens_read(&tokens, arena_strndup(arena, terms, strcspn(terms, "\x1f")), false, arena);
	if (tokens.count == 0)
		return false;
	const char *made = my_token_is_sign(&tokens.items[0], '(')
			       ? "functional_index"
			       : my_token_text(&tokens.items[0], arena);
	size_t len = strlen(made);
	if (strncasecmp(name, made, len) != 0)
		return false;
	name += len;
	return *name == '\0' || (*name == '_' && name[1] != '\0' &&
				    strspn(name + 1, "0123456789") == strlen(name + 1));
}
