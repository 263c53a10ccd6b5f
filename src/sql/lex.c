#include "sql/lex.h"
#include <string.h>
#include <strings.h>

/* What a byte can be part of, as SQLite's tokenizer has it: ASCII alone, no locale. */
enum {
	BYTE_SPACE = 1,
	BYTE_WORD = 2, /* goes on with a word; digits and $ don't begin one */
	BYTE_DIGIT = 4,
	BYTE_HEX = 8
};

static const unsigned char byte_kinds[256] = {
    ['\t' ... '\r'] = BYTE_SPACE,
    [' '] = BYTE_SPACE,
    ['$'] = BYTE_WORD,
    ['0' ... '9'] = BYTE_WORD | BYTE_DIGIT | BYTE_HEX,
    ['A' ... 'F'] = BYTE_WORD | BYTE_HEX,
    ['G' ... 'Z'] = BYTE_WORD,
    ['_'] = BYTE_WORD,
    ['a' ... 'f'] = BYTE_WORD | BYTE_HEX,
    ['g' ... 'z'] = BYTE_WORD,
    [0x80 ... 0xff] = BYTE_WORD,
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* Operators of more than one byte, longer ones first. */
static const char *const operators[] = {
    "->>", "->", "<=", "<>", "<<", ">=", ">>", "==", "!=", "||", NULL};

static bool byte_is(char byte, int kinds)
{
	return (byte_kinds[(unsigned char)byte] & kinds) != 0;
}

/* The byte `offset` behind the current one; NUL, which no token has, when there is none. */
static char byte_ahead(const struct sql_lexer *lexer, size_t offset)
{
	return offset < (size_t)(lexer->end - lexer->at) ? lexer->at[offset] : '\0';
}

static bool starts_with(const struct sql_lexer *lexer, const char *text)
{
	size_t len = strlen(text);

	return len <= (size_t)(lexer->end - lexer->at) && memcmp(lexer->at, text, len) == 0;
}

static void skip(struct sql_lexer *lexer, int kinds)
{
	const char *at = lexer->at;

	while (at < lexer->end && byte_is(*at, kinds))
		at++;
	lexer->at = at;
}

static enum sql_token_kind lex_broken(struct sql_lexer *lexer)
{
	lexer->at = lexer->text_end;
	return SQL_TOKEN_BROKEN;
}

static enum sql_token_kind lex_space(struct sql_lexer *lexer)
{
	const char *at = lexer->at;

	for (; at < lexer->end && byte_is(*at, BYTE_SPACE); at++)
		lexer->line += *at == '\n';
	lexer->at = at;
	return SQL_TOKEN_SPACE;
}

static enum sql_token_kind lex_line_comment(struct sql_lexer *lexer)
{
	const char *newline = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));

	lexer->at = newline != NULL ? newline : lexer->end;
	return SQL_TOKEN_COMMENT;
}

static enum sql_token_kind lex_block_comment(struct sql_lexer *lexer)
{
	const char *at = lexer->at + 2;

	for (; at < lexer->end; at++) {
		lexer->line += *at == '\n';
		if (*at == '*' && at + 1 < lexer->end && at[1] == '/') {
			at += 2;
			break;
		}
	}
	lexer->at = at;
	return SQL_TOKEN_COMMENT;
}

/* From a quote to the next `quote`; a doubled one stands for itself where `doubling` says so. */
static enum sql_token_kind lex_quoted(
    struct sql_lexer *lexer, size_t opening, char quote, bool doubling, enum sql_token_kind kind)
{
	const char *at = lexer->at + opening;
	int lines = 0;

	/* Byte by byte: most literals are too short for memchr() to pay. */
	for (; at < lexer->end; at++) {
		lines += *at == '\n';
		if (*at != quote)
			continue;
		if (doubling && at + 1 < lexer->end && at[1] == quote) {
			at++;
			continue;
		}
		lexer->at = at + 1;
		lexer->line += lines;
		return kind;
	}
	return lex_broken(lexer);
}

static enum sql_token_kind lex_string(struct sql_lexer *lexer)
{
	return lex_quoted(lexer, 1, '\'', true, SQL_TOKEN_STRING);
}

static enum sql_token_kind lex_identifier(struct sql_lexer *lexer)
{
	if (*lexer->at == '[')
		return lex_quoted(lexer, 1, ']', false, SQL_TOKEN_IDENTIFIER);
	return lex_quoted(lexer, 1, *lexer->at, true, SQL_TOKEN_IDENTIFIER);
}

static enum sql_token_kind lex_word(struct sql_lexer *lexer)
{
	/* x'01ef': two of its quotes in a row are two literals, as SQLite has it. */
	if ((*lexer->at == 'x' || *lexer->at == 'X') && byte_ahead(lexer, 1) == '\'')
		return lex_quoted(lexer, 2, '\'', false, SQL_TOKEN_STRING);
	skip(lexer, BYTE_WORD);
	return SQL_TOKEN_WORD;
}

static bool at_exponent(const struct sql_lexer *lexer)
{
	char sign = byte_ahead(lexer, 1);

	if (byte_ahead(lexer, 0) != 'e' && byte_ahead(lexer, 0) != 'E')
		return false;
	return byte_is(sign, BYTE_DIGIT) ||
	       ((sign == '+' || sign == '-') && byte_is(byte_ahead(lexer, 2), BYTE_DIGIT));
}

static enum sql_token_kind lex_number(struct sql_lexer *lexer)
{
	if (*lexer->at == '0' && (byte_ahead(lexer, 1) == 'x' || byte_ahead(lexer, 1) == 'X') &&
	    byte_is(byte_ahead(lexer, 2), BYTE_HEX)) {
		lexer->at += 2;
		skip(lexer, BYTE_HEX);
		return SQL_TOKEN_NUMBER;
	}
	skip(lexer, BYTE_DIGIT);
	if (byte_ahead(lexer, 0) == '.') {
		lexer->at++;
		skip(lexer, BYTE_DIGIT);
	}
	if (at_exponent(lexer))
		lexer->at += 2;
	/* 12ab is one token, which SQLite refuses as a whole. */
	skip(lexer, BYTE_WORD);
	return SQL_TOKEN_NUMBER;
}

/* The (…) of a Tcl variable: up to `)`, white space left out. */
static void skip_subscript(struct sql_lexer *lexer)
{
	while (lexer->at < lexer->end && *lexer->at != ')' && !byte_is(*lexer->at, BYTE_SPACE))
		lexer->at++;
	if (byte_ahead(lexer, 0) == ')')
		lexer->at++;
}

/* :name @name $name, and SQLite's $name::name(subscript) */
static enum sql_token_kind lex_named_parameter(struct sql_lexer *lexer)
{
	bool named = false;

	lexer->at++;
	for (;;) {
		if (byte_is(byte_ahead(lexer, 0), BYTE_WORD)) {
			skip(lexer, BYTE_WORD);
			named = true;
		} else if (byte_ahead(lexer, 0) == ':' && byte_ahead(lexer, 1) == ':') {
			lexer->at += 2;
		} else {
			break;
		}
	}
	if (named && byte_ahead(lexer, 0) == '(')
		skip_subscript(lexer);
	return named ? SQL_TOKEN_PARAMETER : SQL_TOKEN_OPERATOR;
}

static enum sql_token_kind lex_numbered_parameter(struct sql_lexer *lexer)
{
	lexer->at++;
	skip(lexer, BYTE_DIGIT);
	return SQL_TOKEN_PARAMETER;
}

static enum sql_token_kind lex_operator(struct sql_lexer *lexer)
{
	for (const char *const *text = operators; *text != NULL; text++) {
		if (**text == *lexer->at && starts_with(lexer, *text)) {
			lexer->at += strlen(*text);
			return SQL_TOKEN_OPERATOR;
		}
	}
	lexer->at++;
	return SQL_TOKEN_OPERATOR;
}

/* Tokens that begin with a byte of their own come first; what is left a dialect may decide. */
static enum sql_token_kind lex_other(struct sql_lexer *lexer)
{
	if (byte_is(*lexer->at, BYTE_SPACE))
		return lex_space(lexer);
	if (byte_is(*lexer->at, BYTE_DIGIT))
		return lex_number(lexer);
	/* SQLite skips it anywhere, so a keyword behind one is a keyword. */
	if (starts_with(lexer, byte_order_mark)) {
		lexer->at += strlen(byte_order_mark);
		return SQL_TOKEN_SPACE;
	}
	if (byte_is(*lexer->at, BYTE_WORD))
		return lex_word(lexer);
	if (strchr(lexer->dialect->identifier_quotes, *lexer->at) != NULL)
		return lex_identifier(lexer);
	return lex_operator(lexer);
}

static enum sql_token_kind lex_token(struct sql_lexer *lexer)
{
	switch (*lexer->at) {
	case ';':
		lexer->at++;
		return SQL_TOKEN_SEMICOLON;
	case '(':
	case ')':
	case ',':
		lexer->at++;
		return SQL_TOKEN_OPERATOR;
	case '\'':
		return lex_string(lexer);
	case '-':
		return byte_ahead(lexer, 1) == '-' ? lex_line_comment(lexer) : lex_operator(lexer);
	case '/':
		return byte_ahead(lexer, 1) == '*' ? lex_block_comment(lexer) : lex_operator(lexer);
	case '.':
		return byte_is(byte_ahead(lexer, 1), BYTE_DIGIT) ? lex_number(lexer)
								 : lex_operator(lexer);
	case '?':
		return lex_numbered_parameter(lexer);
	case ':':
	case '@':
	case '#':
	case '$':
		return lex_named_parameter(lexer);
	default:
		return lex_other(lexer);
	}
}

void sql_lex_init(struct sql_lexer *lexer, const struct dialect *dialect, const char *text,
    size_t len, int first_line)
{
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;

	lexer->dialect = dialect;
	lexer->at = text;
	lexer->text_end = len > 0 ? text + len : text;
	lexer->end = nul != NULL ? nul : lexer->text_end;
	lexer->line = first_line;
}

struct sql_token sql_lex_next(struct sql_lexer *lexer)
{
	struct sql_token token = {.text = lexer->at, .line = lexer->line};

	if (lexer->at < lexer->end)
		token.kind = lex_token(lexer);
	else if (lexer->at < lexer->text_end)
		token.kind = lex_broken(lexer);
	else
		token.kind = SQL_TOKEN_END;
	token.len = (size_t)(lexer->at - token.text);
	return token;
}

bool sql_token_is(const struct sql_token *token, const char *word)
{
	return token->kind == SQL_TOKEN_WORD && token->len == strlen(word) &&
	       strncasecmp(token->text, word, token->len) == 0;
}

bool sql_token_is_gap(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_SPACE || token->kind == SQL_TOKEN_COMMENT;
}
