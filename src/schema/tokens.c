#include "schema/tokens.h"
#include "sql/lex.h"
#include "sql/names.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The next token that says something. */
static struct sql_token next(struct sql_lexer *lexer)
{
	struct sql_token token;
	do
		token = sql_lex_next(lexer);
	while (token.kind == SQL_TOKEN_SPACE || token.kind == SQL_TOKEN_COMMENT ||
	       token.kind == SQL_TOKEN_SEMICOLON);
	return token;
}

static bool is_name(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_WORD || token->kind == SQL_TOKEN_IDENTIFIER;
}

/* Bytes of a name, one by one, without its quotes; a doubled quote is one. */
struct name {
	const char *at, *end;
	char quote; /* the closing one; 0: not quoted */
};

static struct name name_of(const struct sql_token *token)
{
	struct name name = {token->text, token->text + token->len, 0};
	if (token->kind == SQL_TOKEN_IDENTIFIER && token->len >= 2) {
		name.quote = *name.at == '[' ? ']' : *name.at;
		name.at++;
		name.end--;
	}
	return name;
}

/* -1 at the end. */
static int name_next(struct name *name)
{
	if (name->at >= name->end)
		return -1;
	char c = *name->at++;
	if (c == name->quote && name->at < name->end && *name->at == c)
		name->at++;
	return (unsigned char)c;
}

/* A bare word is lower case then, whatever it looks like. */
static int folded(const struct name *name, int c)
{
	return name->quote == 0 && c >= 0 ? tolower(c) : c;
}

static bool same_exact_name(struct name left, struct name right)
{
	int c, d;
	do {
		c = name_next(&left);
		d = name_next(&right);
		if (folded(&left, c) != folded(&right, d))
			return false;
	} while (c >= 0);
	return true;
}

static bool same_name(
    const struct dialect *dialect, const struct sql_token *a, const struct sql_token *b)
{
	struct name left = name_of(a), right = name_of(b);
	if (dialect->exact_names)
		return same_exact_name(left, right);
	/* Both may be texts, in SQLite: there case counts. */
	bool exact = left.quote == '"' && right.quote == '"';
	int c, d;
	do {
		c = name_next(&left);
		d = name_next(&right);
		if (c != d && (exact || c < 0 || d < 0 || tolower(c) != tolower(d)))
			return false;
	} while (c >= 0);
	return true;
}

static bool same_token(
    const struct dialect *dialect, const struct sql_token *a, const struct sql_token *b)
{
	if (is_name(a) && is_name(b))
		return same_name(dialect, a, b);
	if (a->kind != b->kind || a->len != b->len)
		return false;
	if (a->kind == SQL_TOKEN_NUMBER)
		return strncasecmp(a->text, b->text, a->len) == 0;
	return memcmp(a->text, b->text, a->len) == 0;
}

bool schema_tokens_same(const struct dialect *dialect, const char *a, const char *b)
{
	struct sql_lexer left, right;
	struct sql_token c, d;
	sql_lex_init(&left, dialect, a, strlen(a), 1);
	sql_lex_init(&right, dialect, b, strlen(b), 1);
	do {
		c = next(&left);
		d = next(&right);
		if (!same_token(dialect, &c, &d))
			return false;
	} while (c.kind != SQL_TOKEN_END);
	return true;
}

static bool is_plain_name(const struct sql_token *token)
{
	struct name name = name_of(token);
	int c = name_next(&name);
	if (c < 0 || isdigit(c))
		return false;
	for (; c >= 0; c = name_next(&name))
		if (!isalnum(c) && c != '_')
			return false;
	return true;
}

static void add_identifier(const struct sql_token *token, struct buf *out)
{
	struct name name = name_of(token);
	bool plain = is_plain_name(token);
	buf_add_text(out, plain ? "" : "\"");
	for (int c = name_next(&name); c >= 0; c = name_next(&name)) {
		buf_add_char(out, (char)tolower(c));
		if (c == '"')
			buf_add_char(out, '"');
	}
	buf_add_text(out, plain ? "" : "\"");
}

static void add_token(const struct sql_token *token, struct buf *out)
{
	bool lower = token->kind == SQL_TOKEN_WORD || token->kind == SQL_TOKEN_NUMBER;
	if (token->kind == SQL_TOKEN_IDENTIFIER) {
		add_identifier(token, out);
		return;
	}
	for (size_t i = 0; i < token->len; i++)
		buf_add_char(
		    out, lower ? (char)tolower((unsigned char)token->text[i]) : token->text[i]);
}

/* A space between words, where leaving it out would change them. */
static void plain_sql(const struct dialect *dialect, const char *value, size_t len, struct buf *out)
{
	struct sql_lexer lexer;
	bool after_word = false;
	sql_lex_init(&lexer, dialect, value, len, 1);
	for (struct sql_token token = next(&lexer); token.kind != SQL_TOKEN_END;
	     token = next(&lexer)) {
		bool word = token.kind != SQL_TOKEN_OPERATOR;
		bool operator_needs = token.kind == SQL_TOKEN_OPERATOR && *token.text != '(' &&
				      *token.text != ')' && *token.text != ',' &&
				      *token.text != '.';
		if (after_word && (word || operator_needs))
			buf_add_char(out, ' ');
		add_token(&token, out);
		after_word = word || operator_needs || *token.text == ')';
	}
}

void schema_tokens_name(
    const struct dialect *dialect, enum schema_type type, const char *value, struct buf *out)
{
	bool list = type == SCHEMA_NAMES || type == SCHEMA_TERMS;
	for (const char *at = value; at != NULL;) {
		const char *end = list ? strchr(at, SCHEMA_SEPARATOR) : NULL;
		size_t len = end == NULL ? strlen(at) : (size_t)(end - at);
		if (type == SCHEMA_SQL || type == SCHEMA_TERMS)
			plain_sql(dialect, at, len, out);
		for (size_t i = 0; type != SCHEMA_SQL && type != SCHEMA_TERMS && i < len; i++)
			buf_add_char(
			    out, type == SCHEMA_TEXT ? at[i] : (char)tolower((unsigned char)at[i]));
		if (end != NULL)
			buf_add_text(out, ", ");
		at = end == NULL ? NULL : end + 1;
	}
}

void schema_tokens_quote(const struct dialect *dialect, const char *name, struct buf *out)
{
	bool plain = *name != '\0' && !isdigit((unsigned char)*name);
	for (const char *at = name; *at != '\0'; at++)
		plain = plain && (isalnum((unsigned char)*at) || *at == '_');
	if (plain) {
		buf_add_text(out, name);
		return;
	}
	sql_quote(dialect, name, out);
}

static bool is_named(const struct sql_token *token, const char *name)
{
	struct name left = name_of(token);
	int c;
	do {
		c = name_next(&left);
		if (tolower(c < 0 ? 0 : c) != tolower((unsigned char)*name))
			return false;
	} while (*name++ != '\0');
	return true;
}

void schema_tokens_rename(const struct dialect *dialect, const char *value, const char *from,
    const char *to, struct buf *out)
{
	struct sql_lexer lexer;
	sql_lex_init(&lexer, dialect, value, strlen(value), 1);
	for (struct sql_token token = sql_lex_next(&lexer); token.kind != SQL_TOKEN_END;
	     token = sql_lex_next(&lexer)) {
		if (is_name(&token) && is_named(&token, from))
			schema_tokens_quote(dialect, to, out);
		else
			buf_add(out, token.text, token.len);
	}
}
