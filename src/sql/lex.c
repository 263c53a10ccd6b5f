#include "sql/lex_span.h"
#include <string.h>
#include <strings.h>

const unsigned char lex_byte_kinds[256] = {
    ['\t' ... '\r'] = BYTE_SPACE,
    [' '] = BYTE_SPACE,
    ['$'] = BYTE_WORD,
    ['0' ... '9'] = BYTE_WORD | BYTE_DIGIT | BYTE_HEX,
    ['A' ... 'F'] = BYTE_WORD | BYTE_HEX,
    ['G' ... 'Z'] = BYTE_WORD,
    ['_'] = BYTE_WORD,
    ['a' ... 'f'] = BYTE_WORD | BYTE_HEX,
    ['g' ... 'z'] = BYTE_WORD,
    ['+'] = BYTE_OPERATOR,
    ['-'] = BYTE_OPERATOR,
    ['*'] = BYTE_OPERATOR,
    ['/'] = BYTE_OPERATOR,
    ['<' ... '>'] = BYTE_OPERATOR,
    ['~'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['!'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['@'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['#'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['%'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['^'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['&'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['|'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['`'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    ['?'] = BYTE_OPERATOR | BYTE_OPERATOR_SPECIAL,
    [0x80 ... 0xff] = BYTE_WORD,
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* Operators of more than one byte, longer ones first. */
static const char *const operators[] = {
    "->>", "->", "<=", "<>", "<<", ">=", ">>", "==", "!=", "||", NULL};

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

static enum sql_token_kind lex_space(struct sql_lexer *lexer)
{
	const char *at = lexer->at;

	for (; at < lexer->end && byte_is(*at, BYTE_SPACE); at++)
		lexer->line += *at == '\n';
	lexer->at = at;
	return SQL_TOKEN_SPACE;
}

static enum sql_token_kind lex_word(struct sql_lexer *lexer)
{
	const struct sql_quote *quote = lex_prefix(lexer);

	if (quote != NULL)
		return lex_prefixed(lexer, quote);
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

static bool at_radix(const struct sql_lexer *lexer)
{
	char radix = byte_ahead(lexer, 1);

	return *lexer->at == '0' && (radix == 'x' || radix == 'X') &&
	       byte_is(byte_ahead(lexer, 2), BYTE_HEX);
}

/* 1_000: an underscore between digits. */
static void skip_digits(struct sql_lexer *lexer)
{
	skip(lexer, BYTE_DIGIT);
	while (lexes(lexer, SQL_LEX_BARE_NUMBERS) && byte_ahead(lexer, 0) == '_' &&
	       byte_is(byte_ahead(lexer, 1), BYTE_DIGIT)) {
		lexer->at++;
		skip(lexer, BYTE_DIGIT);
	}
}

static enum sql_token_kind lex_number(struct sql_lexer *lexer)
{
	bool bare = lexes(lexer, SQL_LEX_BARE_NUMBERS);

	if (at_radix(lexer)) {
		lexer->at += 2;
		skip(lexer, BYTE_HEX);
		return SQL_TOKEN_NUMBER;
	}
	skip_digits(lexer);
	/* 1..5 is a range in PostgreSQL. */
	if (byte_ahead(lexer, 0) == '.' && !(bare && byte_ahead(lexer, 1) == '.')) {
		lexer->at++;
		skip_digits(lexer);
	}
	if (at_exponent(lexer)) {
		lexer->at += 2;
		skip_digits(lexer);
	}
	/* 12ab is one token, which SQLite refuses as a whole. */
	if (!bare)
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

/*
 * PostgreSQL takes all operator bytes there are, up to a comment. At the end there is no + or -
 * unless a byte before it is one that SQL's own operators don't have: so `a=-1` is what it means.
 */
static size_t long_operator(const struct sql_lexer *lexer)
{
	size_t len = 0;
	bool special = false;

	while (byte_is(byte_ahead(lexer, len), BYTE_OPERATOR)) {
		const char *at = lexer->at + len;

		if (at_pair(at, lexer->end, '-', '-') || at_pair(at, lexer->end, '/', '*'))
			break;
		special = special || byte_is(*at, BYTE_OPERATOR_SPECIAL);
		len++;
	}
	while (len > 1 && !special && (lexer->at[len - 1] == '+' || lexer->at[len - 1] == '-'))
		len--;
	return len;
}

static enum sql_token_kind lex_operator(struct sql_lexer *lexer)
{
	size_t len = 1;

	if (lexes(lexer, SQL_LEX_LONG_OPERATORS)) {
		len = long_operator(lexer);
		lexer->at += len > 0 ? len : 1;
		return SQL_TOKEN_OPERATOR;
	}
	for (const char *const *text = operators; *text != NULL; text++) {
		if (**text == *lexer->at && starts_with(lexer, *text)) {
			len = strlen(*text);
			break;
		}
	}
	lexer->at += len;
	return SQL_TOKEN_OPERATOR;
}

static enum sql_token_kind lex_dollar(struct sql_lexer *lexer)
{
	size_t tag = lex_dollar_tag(lexer);

	if (tag > 0)
		return lex_dollar_string(lexer, tag);
	return byte_is(byte_ahead(lexer, 1), BYTE_DIGIT) ? lex_numbered_parameter(lexer)
							 : lex_operator(lexer);
}

/* The length of psql's :name, :'name', :"name" or :{?name} that stands here; 0: none does. */
static size_t client_variable(const struct sql_lexer *lexer)
{
	char quote = byte_ahead(lexer, 1), close = quote;
	size_t begin = 2, len;

	if (quote == '{' && byte_ahead(lexer, 2) == '?') {
		begin = 3;
		close = '}';
	} else if (quote != '\'' && quote != '"') {
		begin = 1;
		close = '\0';
	}
	len = begin;
	while (byte_ahead(lexer, len) != '$' && byte_is(byte_ahead(lexer, len), BYTE_WORD))
		len++;
	if (len == begin || (close != '\0' && byte_ahead(lexer, len) != close))
		return 0;
	return close != '\0' ? len + 1 : len;
}

/* a[1:n], JSON_OBJECT('k' :v), k:v: what stands before the colon is a value. */
static bool behind_value(const struct sql_lexer *lexer)
{
	const struct sql_token *before = &lexer->before;

	return lexer->brackets > 0 || before->kind == SQL_TOKEN_STRING ||
	       before->kind == SQL_TOKEN_NUMBER || before->kind == SQL_TOKEN_IDENTIFIER ||
	       sql_token_is_sign(before, ')') ||
	       (before->kind == SQL_TOKEN_WORD && before->text + before->len == lexer->at);
}

static enum sql_token_kind lex_colon(struct sql_lexer *lexer)
{
	size_t len = client_variable(lexer);

	if (len > 0 && !behind_value(lexer)) {
		lexer->at += len;
		return SQL_TOKEN_PARAMETER;
	}
	lexer->at += byte_ahead(lexer, 1) == ':' || byte_ahead(lexer, 1) == '=' ? 2 : 1;
	return SQL_TOKEN_OPERATOR;
}

/* ? @ @@ : and := of MariaDB. */
static enum sql_token_kind lex_variable(struct sql_lexer *lexer)
{
	char sign = *lexer->at, second = sign == '@' ? '@' : '=';

	if (sign == '?')
		return lex_numbered_parameter(lexer);
	lexer->at += byte_ahead(lexer, 1) == second ? 2 : 1;
	return SQL_TOKEN_OPERATOR;
}

/* ? : @ # $, which begin SQLite's parameters. */
static enum sql_token_kind lex_sign(struct sql_lexer *lexer)
{
	char sign = *lexer->at;

	if (sign == '#' && lexes(lexer, SQL_LEX_HASH_COMMENTS))
		return lex_line_comment(lexer);
	if (lexes(lexer, SQL_LEX_VARIABLES))
		return sign == '$' ? lex_word(lexer) : lex_variable(lexer);
	if (sign == '$' && lexes(lexer, SQL_LEX_DOLLAR_STRINGS))
		return lex_dollar(lexer);
	if (lexes(lexer, SQL_LEX_NUMBERED))
		return sign == ':' ? lex_colon(lexer) : lex_operator(lexer);
	return sign == '?' ? lex_numbered_parameter(lexer) : lex_named_parameter(lexer);
}

static enum sql_token_kind lex_dot(struct sql_lexer *lexer)
{
	if (byte_is(byte_ahead(lexer, 1), BYTE_DIGIT))
		return lex_number(lexer);
	if (lexes(lexer, SQL_LEX_BARE_NUMBERS) && byte_ahead(lexer, 1) == '.')
		lexer->at++;
	lexer->at++;
	return SQL_TOKEN_OPERATOR;
}

/* A command in an executable comment ends with it: the sandbox line of mariadb-dump. */
static const char *client_end(const struct sql_lexer *lexer)
{
	const char *end = lex_line_end(lexer), *close = NULL;

	if (lexer->mark.text != NULL)
		close = memmem(lexer->at, (size_t)(end - lexer->at), "*/", 2);
	return close != NULL ? close : end;
}

static enum sql_token_kind lex_backslash(struct sql_lexer *lexer)
{
	if (lexer->dialect->client_commands == NULL)
		return lex_operator(lexer);
	if (lexes(lexer, SQL_LEX_BACKSLASH_N) && byte_ahead(lexer, 1) == 'N') {
		lexer->at += 2;
		return SQL_TOKEN_WORD;
	}
	lexer->at = client_end(lexer);
	return SQL_TOKEN_CLIENT;
}

/* Tokens that begin with a byte of their own come first; what is left a dialect may decide. */
static enum sql_token_kind lex_other(struct sql_lexer *lexer)
{
	if (byte_is(*lexer->at, BYTE_SPACE))
		return lex_space(lexer);
	if (byte_is(*lexer->at, BYTE_DIGIT))
		return lex_number(lexer);
	/* SQLite skips it anywhere, so a keyword behind one is a keyword. */
	if (starts_with(lexer, byte_order_mark) &&
	    (lexer->at == lexer->begin || !lexes(lexer, SQL_LEX_MARK_AT_START))) {
		lexer->at += strlen(byte_order_mark);
		return SQL_TOKEN_SPACE;
	}
	if (byte_is(*lexer->at, BYTE_WORD))
		return lex_word(lexer);
	if (strchr(lexer->dialect->identifier_quotes, *lexer->at) != NULL)
		return lex_identifier(lexer);
	if (*lexer->at == '"' && lexes(lexer, SQL_LEX_DOUBLE_STRINGS))
		return lex_string(lexer);
	return lex_operator(lexer);
}

/* Servers want something blank behind it; the client drops such a line wherever it can. */
static bool at_line_comment(const struct sql_lexer *lexer)
{
	unsigned char third = (unsigned char)byte_ahead(lexer, 2);

	if (byte_ahead(lexer, 1) != '-')
		return false;
	return !lexes(lexer, SQL_LEX_DASHES_SPACED) || third <= ' ' || third == 0x7f ||
	       lexer->before.text == NULL || lexer->before.kind == SQL_TOKEN_SEMICOLON;
}

static enum sql_token_kind lex_slash(struct sql_lexer *lexer)
{
	char third = byte_ahead(lexer, 2);

	if (byte_ahead(lexer, 1) != '*')
		return lex_operator(lexer);
	if (lexes(lexer, SQL_LEX_EXECUTABLE) &&
	    (third == '!' || (third == 'M' && byte_ahead(lexer, 3) == '!')))
		return lex_mark(lexer);
	return lex_block_comment(lexer);
}

static enum sql_token_kind lex_star(struct sql_lexer *lexer)
{
	if (lexer->mark.text == NULL || byte_ahead(lexer, 1) != '/')
		return lex_operator(lexer);
	lexer->at += 2;
	return SQL_TOKEN_MARK;
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
		return at_line_comment(lexer) ? lex_line_comment(lexer) : lex_operator(lexer);
	case '/':
		return lex_slash(lexer);
	case '*':
		return lex_star(lexer);
	case '.':
		return lex_dot(lexer);
	case '\\':
		return lex_backslash(lexer);
	case '?':
	case ':':
	case '@':
	case '#':
	case '$':
		return lex_sign(lexer);
	default:
		return lex_other(lexer);
	}
}

/* STDIN and STDOUT both mean the client here; which of them it is only FROM tells. */
static void follow_copy(struct sql_lexer *lexer, const struct sql_token *token)
{
	if (token->kind == SQL_TOKEN_SEMICOLON && lexer->parentheses == 0)
		lexer->copy = lexer->copy == SQL_COPY_STDIN ? SQL_COPY_LINE : SQL_COPY_NONE;
	else if (lexer->before.kind == SQL_TOKEN_SEMICOLON || lexer->before.text == NULL)
		lexer->copy = sql_token_is(token, "COPY") ? SQL_COPY_BEGUN : SQL_COPY_NONE;
	else if (lexer->copy == SQL_COPY_BEGUN && lexer->parentheses == 0 &&
		 sql_token_is(&lexer->before, "FROM") &&
		 (sql_token_is(token, "STDIN") || sql_token_is(token, "STDOUT")))
		lexer->copy = SQL_COPY_STDIN;
}

static void follow_signs(struct sql_lexer *lexer, const struct sql_token *token)
{
	lexer->parentheses += sql_token_is_sign(token, '(');
	lexer->parentheses -= sql_token_is_sign(token, ')') && lexer->parentheses > 0;
	lexer->brackets += sql_token_is_sign(token, '[');
	lexer->brackets -= sql_token_is_sign(token, ']') && lexer->brackets > 0;
	if (token->kind == SQL_TOKEN_SEMICOLON && lexer->parentheses == 0)
		lexer->brackets = 0;
}

static void follow(struct sql_lexer *lexer, const struct sql_token *token)
{
	if (sql_token_is_gap(token) || token->kind == SQL_TOKEN_END)
		return;
	follow_signs(lexer, token);
	if (token->kind == SQL_TOKEN_DATA || token->kind == SQL_TOKEN_CLIENT ||
	    token->kind == SQL_TOKEN_DELIMITER) {
		lexer->before = (struct sql_token){0};
		return;
	}
	if (lexes(lexer, SQL_LEX_COPY_DATA))
		follow_copy(lexer, token);
	lexer->before = *token;
}

static void follow_mark(struct sql_lexer *lexer, struct sql_token *token)
{
	if (token->kind == SQL_TOKEN_MARK)
		lexer->mark = *token->text == '/' ? *token : (struct sql_token){0};
	else if (lexer->mark.text != NULL && lex_ends_early(lexer, token)) {
		token->kind = SQL_TOKEN_BROKEN;
		token->len = (size_t)(lexer->at - token->text);
	}
}

/* The client looks for its delimiter before anything else, and inside words, too. */
static enum sql_token_kind lex_until_delimiter(struct sql_lexer *lexer)
{
	const char *begin = lexer->at, *found;
	size_t len = strlen(lexer->delimiter), reach;
	enum sql_token_kind kind;

	if (len == 0)
		return lex_token(lexer);
	if (starts_with(lexer, lexer->delimiter)) {
		lexer->at += len;
		return SQL_TOKEN_DELIMITER;
	}
	kind = lex_token(lexer);
	if (kind != SQL_TOKEN_WORD && kind != SQL_TOKEN_NUMBER && kind != SQL_TOKEN_OPERATOR)
		return kind;
	/* It may begin in the token and end behind it. */
	reach = (size_t)(lexer->end - lexer->at);
	reach = (size_t)(lexer->at - begin) + (reach < len - 1 ? reach : len - 1);
	found = memmem(begin, reach, lexer->delimiter, len);
	if (found != NULL && found < lexer->at)
		lexer->at = found;
	return kind;
}

void sql_lex_init(struct sql_lexer *lexer, const struct dialect *dialect, const char *text,
    size_t len, int first_line)
{
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;

	*lexer = (struct sql_lexer){.dialect = dialect, .at = text, .begin = text};
	lexer->text_end = len > 0 ? text + len : text;
	lexer->end = nul != NULL ? nul : lexer->text_end;
	lexer->line = first_line;
}

struct sql_token sql_lex_next(struct sql_lexer *lexer)
{
	struct sql_token token = {.text = lexer->at, .line = lexer->line};

	if (lexer->at == lexer->text_end)
		token.kind = SQL_TOKEN_END;
	else if (lexer->at == lexer->end)
		token.kind = lex_nul(lexer);
	else if (lexer->copy == SQL_COPY_LINE)
		token.kind = lex_copy_line(lexer);
	else if (lexer->copy == SQL_COPY_DATA)
		token.kind = lex_copy_data(lexer);
	else
		token.kind = lex_until_delimiter(lexer);
	token.len = (size_t)(lexer->at - token.text);
	if (lexes(lexer, SQL_LEX_EXECUTABLE))
		follow_mark(lexer, &token);
	if (lexes(lexer, SQL_LEX_NUMBERED | SQL_LEX_COPY_DATA | SQL_LEX_DASHES_SPACED))
		follow(lexer, &token);
	return token;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && *at != '\n' && byte_is(*at, BYTE_SPACE))
		at++;
	return at;
}

/* The word behind DELIMITER, in quotes or not; its end, NULL when there is none. */
static const char *delimiter_end(const char **begin, const char *end)
{
	const char *at = *begin = skip_blanks(*begin, end);
	char quote = at < end && (*at == '\'' || *at == '"' || *at == '`') ? *at : '\0';

	if (quote != '\0') {
		*begin = ++at;
		while (at < end && *at != '\n' && *at != quote)
			at++;
		return at < end && *at == quote && at > *begin ? at : NULL;
	}
	while (at < end && !byte_is(*at, BYTE_SPACE))
		at++;
	return at > *begin ? at : NULL;
}

void sql_lex_skip_line(struct sql_lexer *lexer)
{
	lexer->at = lex_line_end(lexer);
	lexer->before = (struct sql_token){0};
}

bool sql_lex_delimiter(struct sql_lexer *lexer)
{
	const char *begin = lexer->at, *end = delimiter_end(&begin, lexer->end);
	size_t len = end != NULL ? (size_t)(end - begin) : 0;

	if (len == 0 || len > SQL_DELIMITER_MOST || memchr(begin, '\\', len) != NULL)
		return false;
	memcpy(lexer->delimiter, begin, len);
	lexer->delimiter[len == 1 && *begin == ';' ? 0 : len] = '\0';
	sql_lex_skip_line(lexer);
	return true;
}

bool sql_token_is_gap(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_SPACE || token->kind == SQL_TOKEN_COMMENT ||
	       token->kind == SQL_TOKEN_MARK;
}

bool sql_token_is_sign(const struct sql_token *token, char sign)
{
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 1 && *token->text == sign;
}

bool sql_token_is(const struct sql_token *token, const char *word)
{
	return token->kind == SQL_TOKEN_WORD && token->len == strlen(word) &&
	       strncasecmp(token->text, word, token->len) == 0;
}

bool sql_token_is_any(const struct sql_token *token, const char *const *words)
{
	for (; *words != NULL; words++)
		if (sql_token_is(token, *words))
			return true;
	return false;
}

bool sql_token_is_name(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_WORD || token->kind == SQL_TOKEN_IDENTIFIER;
}
