#include "sql/names.h"
#include "sql/lex.h"
#include <string.h>
#include <strings.h>

/* Inside the quotes the closing one is written twice. */
static bool quoted_is(const struct sql_token *token, const char *name)
{
	char closing = token->text[token->len - 1];
	size_t at = 1;
	for (; at + 1 < token->len && *name != '\0'; at++, name++) {
		if (strncasecmp(&token->text[at], name, 1) != 0)
			return false;
		if (token->text[at] == closing)
			at++;
	}
	return at + 1 == token->len && *name == '\0';
}

bool sql_names(const struct dialect *dialect, const char *text, size_t len, const char *name)
{
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (sql_token_is(&token, name) ||
		    (token.kind == SQL_TOKEN_IDENTIFIER && quoted_is(&token, name)))
			return true;
	return false;
}

bool sql_statement_names(const struct sql_statement *statement, const char *name)
{
	return sql_names(statement->dialect, statement->text, statement->len, name);
}

bool sql_script_names(const struct sql_script *script, const char *name)
{
	for (size_t i = 0; i < script->count; i++)
		if (sql_statement_names(&script->statements[i], name))
			return true;
	return false;
}

void sql_quote(const struct dialect *dialect, const char *name, struct buf *out)
{
	char quote = dialect->identifier_quotes[0];
	buf_add_char(out, quote);
	for (; *name != '\0'; name++) {
		buf_add_char(out, *name);
		if (*name == quote)
			buf_add_char(out, quote);
	}
	buf_add_char(out, quote);
}
