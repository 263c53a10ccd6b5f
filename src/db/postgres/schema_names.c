/* Names the server makes when nobody gives one, and what else stands in its texts. */
#include "base/text.h"
#include "db/postgres/schema_parts.h"
#include "sql/lex.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_MOST = 63, /* bytes; longer ones the server cuts */
	TEXT_MOST = 1 << 20
};

static const struct {
	const struct schema_kind *kind;
	const char *label;
} labels[] = {
    {&pg_kind_primary_key, "pkey"},
    {&pg_kind_unique, "key"},
    {&pg_kind_check, "check"},
    {&pg_kind_foreign_key, "fkey"},
    {&pg_kind_exclusion, "excl"},
    {&pg_kind_index, "idx"},
    {&pg_kind_view_index, "idx"},
};

static const char *label_of(const struct schema_kind *kind)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (labels[i].kind == kind)
			return labels[i].label;
	return NULL;
}

/* At most `most` bytes, and no part of a character. */
static size_t clip(const char *text, size_t most)
{
	size_t len = strlen(text);
	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
		most--;
	return most;
}

/* As the server does: table_column_label, the longer of the two cut until it fits. */
static void make(const char *table, const char *made, const char *label, char name[NAME_MOST + 1])
{
	size_t overhead = strlen(label) + 1 + (made == NULL ? 0 : 1);
	size_t first = strlen(table), second = made == NULL ? 0 : strlen(made);
	while (first + second + overhead > NAME_MOST) {
		if (first > second)
			first--;
		else
			second--;
	}
	first = clip(table, first);
	second = made == NULL ? 0 : clip(made, second);
	snprintf(name, NAME_MOST + 1, "%.*s%s%.*s_%s", (int)first, table, made == NULL ? "" : "_",
	    (int)second, made == NULL ? "" : made, label);
}

bool pg_name_is_made(
    const struct schema_kind *kind, const char *name, const char *table, const char *made)
{
	char own[NAME_MOST + 1], numbered[16];
	const char *label = label_of(kind);
	if (label == NULL || name == NULL)
		return false;
	if (kind == &pg_kind_primary_key)
		made = NULL;
	/* The second of a name gets a number, which is cut off the rest. */
	size_t len = strlen(name), digits = 0;
	while (digits < len && isdigit((unsigned char)name[len - digits - 1]))
		digits++;
	if (digits > 4 || strlen(label) + digits >= sizeof(numbered))
		return false;
	snprintf(numbered, sizeof(numbered), "%s%s", label, name + len - digits);
	make(table, made, numbered, own);
	return text_is(own, name);
}

static const char *name_of_token(const struct sql_token *token, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = buf_init(TEXT_MOST);
	bool quoted = token->kind == SQL_TOKEN_IDENTIFIER;
	size_t edge = quoted && token->len >= 2 ? 1 : 0;
	for (size_t i = edge; i < token->len - edge; i++) {
		char c = token->text[i];
		buf_add_char(&out, quoted ? c : (char)tolower((unsigned char)c));
		if (quoted && c == '"')
			i++;
	}
	return arena_strndup(arena, out.data, out.len);
}

static bool is_name(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_WORD || token->kind == SQL_TOKEN_IDENTIFIER;
}

static bool is_operator(const struct sql_token *token, char c)
{
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 1 && *token->text == c;
}

static struct sql_token next(struct sql_lexer *lexer)
{
	struct sql_token token;
	do
		token = sql_lex_next(lexer);
	while (token.kind == SQL_TOKEN_SPACE || token.kind == SQL_TOKEN_COMMENT);
	return token;
}

const char *pg_name_of_term(const char *term, size_t len, struct arena *arena)
{
	struct sql_lexer lexer;
	sql_lex_init(&lexer, &dialect_postgres, term, len, 1);
	struct sql_token first = next(&lexer), second = next(&lexer);
	if (!is_name(&first) || (second.kind == SQL_TOKEN_OPERATOR && !is_operator(&second, '(')))
		return NULL;
	return name_of_token(&first, arena);
}

static bool made_of_terms(const char *list, bool names, const char **made, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = buf_init(TEXT_MOST);
	for (const char *at = list; at != NULL;) {
		const char *end = strchrnul(at, SCHEMA_SEPARATOR);
		const char *name = names ? arena_strndup(arena, at, (size_t)(end - at))
					 : pg_name_of_term(at, (size_t)(end - at), arena);
		if (name == NULL)
			return false;
		buf_printf(&out, "%s%s", out.len == 0 ? "" : "_", name);
		at = *end == '\0' ? NULL : end + 1;
	}
	*made = arena_strndup(arena, out.data, out.len);
	return list != NULL;
}

/* The one column an expression is about; NULL when there are several or none. */
static const char *only_column(const struct schema *schema, const struct schema_object *check,
    const char *expression, struct arena *arena)
{
	struct sql_lexer lexer;
	const char *only = NULL;
	sql_lex_init(&lexer, &dialect_postgres, expression, strlen(expression), 1);
	for (struct sql_token token = next(&lexer); token.kind != SQL_TOKEN_END;
	     token = next(&lexer)) {
		const char *name = is_name(&token) ? name_of_token(&token, arena) : NULL;
		if (name == NULL || text_is(name, only) ||
		    schema_find(schema, &pg_kind_column, check->schema, check->parent, name) ==
			NULL)
			continue;
		if (only != NULL)
			return NULL;
		only = name;
	}
	return only;
}

bool pg_name_made_of(const struct schema *schema, const struct schema_object *object,
    const char **made, struct arena *arena)
{
	const struct schema_kind *kind = object->kind;
	const char *expression = schema_value(object, "expression");
	*made = NULL;
	if (kind == &pg_kind_primary_key)
		return true;
	if (kind == &pg_kind_check) {
		if (expression != NULL)
			*made = only_column(schema, object, expression, arena);
		return expression != NULL;
	}
	if (label_of(kind) == NULL || kind == &pg_kind_exclusion)
		return false;
	return made_of_terms(
	    schema_value(object, "columns"), kind == &pg_kind_foreign_key, made, arena);
}

/* From "(" to its ")", with the terms between commas that stand in no other parentheses. */
static void add_terms(struct sql_lexer *lexer, struct buf *out)
{
	const char *start = lexer->at;
	int depth = 1;
	for (struct sql_token token = next(lexer); token.kind != SQL_TOKEN_END;
	     token = next(lexer)) {
		bool comma = depth == 1 && is_operator(&token, ',');
		depth += is_operator(&token, '(') - is_operator(&token, ')');
		if (!comma && depth > 0)
			continue;
		while (*start == ' ')
			start++;
		buf_add(out, start, (size_t)(token.text - start));
		if (depth == 0)
			return;
		buf_add_char(out, SCHEMA_SEPARATOR);
		start = token.text + token.len;
	}
}

/* CREATE [UNIQUE] INDEX name ON table USING method (terms) … */
const char *pg_index_terms(const char *definition, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = buf_init(TEXT_MOST);
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, &dialect_postgres, definition, strlen(definition), 1);
	do
		token = next(&lexer);
	while (token.kind != SQL_TOKEN_END && !sql_token_is(&token, "USING"));
	next(&lexer);
	token = next(&lexer);
	if (is_operator(&token, '('))
		add_terms(&lexer, &out);
	return arena_strndup(arena, out.data, out.len);
}
