#include "sql/lex_span.h"
#include "sql/executable.h"
#include <string.h>
#include <strings.h>

#define TWICE "close it, or write the quote twice if it belongs to the text"

static const struct sql_broken
    broken_string = {"a string begins here and is never closed", TWICE},
    broken_name = {"a quoted name begins here and is never closed", TWICE},
    broken_blob = {"a blob literal begins here and is never closed", TWICE},
    broken_dollars = {"a string in $ begins here and is never closed",
	"close it with the same $tag$ it begins with"},
    broken_comment = {"a comment begins here and is never closed",
	"close it with */; each /* inside a comment needs its own"},
    broken_block = {"a comment begins here and is never closed", "close it with */"},
    broken_nested = {"an executable comment begins inside another one",
	"close the outer one first"},
    broken_skipped = {"in an executable comment the end or the beginning of another comment stands "
		      "here, and servers of another version, which skip it, end it there",
	"write the statement without the executable comment"},
    broken_copy_line = {"it stands behind COPY … FROM stdin; in the same line",
	"begin a new line behind the semicolon: the data begin there"},
    broken_copy_data = {"the data of COPY … FROM stdin begin here and are never ended",
	"end them with a line that is \\. alone"};

static int count_lines(const char *at, const char *end)
{
	int lines = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		lines++;
		at++;
	}
	return lines;
}

static enum sql_token_kind lex_broken(struct sql_lexer *lexer, const struct sql_broken *broken)
{
	lexer->at = lexer->text_end;
	lexer->broken = broken;
	return SQL_TOKEN_BROKEN;
}

/* Bytes that end somewhere behind the current one, on whatever line. */
static enum sql_token_kind lex_until(
    struct sql_lexer *lexer, const char *end, enum sql_token_kind kind)
{
	lexer->line += count_lines(lexer->at, end);
	lexer->at = end;
	return kind;
}

const char *lex_line_end(const struct sql_lexer *lexer)
{
	size_t left = (size_t)(lexer->end - lexer->at);
	const char *end = memchr(lexer->at, '\n', left), *cr;

	if (end == NULL)
		end = lexer->end;
	if (!lexes(lexer, SQL_LEX_CR_ENDS_COMMENT))
		return end;
	cr = memchr(lexer->at, '\r', (size_t)(end - lexer->at));
	return cr != NULL ? cr : end;
}

enum sql_token_kind lex_line_comment(struct sql_lexer *lexer)
{
	lexer->at = lex_line_end(lexer);
	return SQL_TOKEN_COMMENT;
}

enum sql_token_kind lex_block_comment(struct sql_lexer *lexer)
{
	bool nests = lexes(lexer, SQL_LEX_NESTED_COMMENTS);
	const char *at = lexer->at + 2;
	int depth = 1;

	while (at < lexer->end && depth > 0) {
		if (at_pair(at, lexer->end, '*', '/')) {
			depth--;
			at += 2;
		} else if (nests && at_pair(at, lexer->end, '/', '*')) {
			depth++;
			at += 2;
		} else {
			at++;
		}
	}
	if (nests && depth > 0)
		return lex_broken(lexer, &broken_comment);
	if (depth > 0 && lexes(lexer, SQL_LEX_CLOSED_COMMENTS))
		return lex_broken(lexer, &broken_block);
	return lex_until(lexer, at, SQL_TOKEN_COMMENT);
}

/* As a server skips an executable comment: one of another kind may stand in it. */
static enum sql_token_kind lex_skipped(struct sql_lexer *lexer)
{
	const char *at = lexer->at + 2;
	bool inner = false;

	for (; at < lexer->end; at++) {
		if (!inner && at_pair(at, lexer->end, '/', '*')) {
			inner = true;
			at++;
		} else if (at_pair(at, lexer->end, '*', '/')) {
			if (!inner)
				return lex_until(lexer, at + 2, SQL_TOKEN_COMMENT);
			inner = false;
			at++;
		}
	}
	return lex_broken(lexer, &broken_block);
}

enum sql_token_kind lex_mark(struct sql_lexer *lexer)
{
	struct sql_token mark = {.kind = SQL_TOKEN_MARK, .text = lexer->at};
	size_t len = lexer->at[2] == 'M' ? 4 : 3, digits = 0;

	if (lexer->mark.text != NULL)
		return lex_broken(lexer, &broken_nested);
	while (digits < 6 && byte_is(byte_ahead(lexer, len + digits), BYTE_DIGIT))
		digits++;
	mark.len = digits >= 5 ? len + digits : len;
	if (lexer->server != NULL && !sql_mark_is_code(&mark, lexer->dialect, lexer->server))
		return lex_skipped(lexer);
	lexer->at += mark.len;
	return SQL_TOKEN_MARK;
}

static bool has_pair(const struct sql_token *token)
{
	for (size_t i = 0; i + 1 < token->len; i++)
		if ((token->text[i] == '*' && token->text[i + 1] == '/') ||
		    (token->text[i] == '/' && token->text[i + 1] == '*'))
			return true;
	return false;
}

bool lex_ends_early(struct sql_lexer *lexer, const struct sql_token *token)
{
	bool block = token->kind == SQL_TOKEN_COMMENT && *token->text == '/';

	if (block || token->kind == SQL_TOKEN_BROKEN || !has_pair(token) ||
	    !sql_mark_is_conditional(&lexer->mark, lexer->dialect))
		return false;
	lex_broken(lexer, &broken_skipped);
	return true;
}

/* From a quote to the next `quote`; a doubled one stands for itself where `doubling` says so. */
static enum sql_token_kind lex_quoted(struct sql_lexer *lexer, size_t opening, char quote,
    bool doubling, enum sql_token_kind kind, const struct sql_broken *broken)
{
	bool escapes = doubling && kind == SQL_TOKEN_STRING && lexes(lexer, SQL_LEX_BACKSLASHES);
	const char *at = lexer->at + opening;
	int lines = 0;

	/* Byte by byte: most literals are too short for memchr() to pay. */
	for (; at < lexer->end; at++) {
		if (escapes && *at == '\\' && at + 1 < lexer->end) {
			lines += *++at == '\n';
			continue;
		}
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
	return lex_broken(lexer, broken);
}

/*
 * Behind a string's quote: the quote that goes on with it, NULL when none does. Between them there
 * is white space with a line's end in it, and line comments.
 */
static const char *string_goes_on(const char *at, const char *end)
{
	bool line_ended = false;

	for (; at < end; at++) {
		if (at_pair(at, end, '-', '-'))
			while (at + 1 < end && at[1] != '\n' && at[1] != '\r')
				at++;
		else if (byte_is(*at, BYTE_SPACE))
			line_ended = line_ended || *at == '\n' || *at == '\r';
		else
			break;
	}
	return line_ended && at < end && *at == '\'' ? at : NULL;
}

/*
 * E'…': what goes on with it is the same token, because backslashes count there, too. Where they
 * don't, it may as well be a string of its own.
 */
static enum sql_token_kind lex_escaped(struct sql_lexer *lexer, size_t opening)
{
	const char *at = lexer->at + opening, *more;

	for (; at < lexer->end; at++) {
		if ((*at == '\\' && at + 1 < lexer->end) || at_pair(at, lexer->end, '\'', '\'')) {
			at++;
			continue;
		}
		if (*at != '\'')
			continue;
		more = string_goes_on(at + 1, lexer->end);
		if (more == NULL)
			return lex_until(lexer, at + 1, SQL_TOKEN_STRING);
		at = more;
	}
	return lex_broken(lexer, &broken_string);
}

enum sql_token_kind lex_string(struct sql_lexer *lexer)
{
	return lex_quoted(lexer, 1, *lexer->at, true, SQL_TOKEN_STRING, &broken_string);
}

enum sql_token_kind lex_identifier(struct sql_lexer *lexer)
{
	if (*lexer->at == '[')
		return lex_quoted(lexer, 1, ']', false, SQL_TOKEN_IDENTIFIER, &broken_name);
	return lex_quoted(lexer, 1, *lexer->at, true, SQL_TOKEN_IDENTIFIER, &broken_name);
}

enum sql_token_kind lex_prefixed(struct sql_lexer *lexer, const struct sql_quote *quote)
{
	size_t len = strlen(quote->prefix);
	char mark = quote->prefix[len - 1];

	if (quote->escapes)
		return lex_escaped(lexer, len);
	if (mark != '\'')
		return lex_quoted(
		    lexer, len, mark, quote->doubling, SQL_TOKEN_IDENTIFIER, &broken_name);
	return lex_quoted(lexer, len, mark, quote->doubling, SQL_TOKEN_STRING,
	    quote->doubling ? &broken_string : &broken_blob);
}

/* All prefixes are a letter and a sign; hardly a word needs to be held against them. */
const struct sql_quote *lex_prefix(const struct sql_lexer *lexer)
{
	char sign = byte_ahead(lexer, 1);

	if (sign != '\'' && sign != '&')
		return NULL;
	for (const struct sql_quote *quote = lexer->dialect->quotes; quote->prefix != NULL;
	     quote++) {
		size_t len = strlen(quote->prefix);

		if (len <= (size_t)(lexer->end - lexer->at) &&
		    strncasecmp(lexer->at, quote->prefix, len) == 0)
			return quote;
	}
	return NULL;
}

size_t lex_dollar_tag(const struct sql_lexer *lexer)
{
	size_t len = 1;

	if (!byte_is(byte_ahead(lexer, 1), BYTE_DIGIT))
		while (byte_ahead(lexer, len) != '$' && byte_is(byte_ahead(lexer, len), BYTE_WORD))
			len++;
	return byte_ahead(lexer, len) == '$' ? len + 1 : 0;
}

enum sql_token_kind lex_dollar_string(struct sql_lexer *lexer, size_t tag)
{
	const char *text = lexer->at + tag;
	const char *close = memmem(text, (size_t)(lexer->end - text), lexer->at, tag);

	if (close == NULL)
		return lex_broken(lexer, &broken_dollars);
	return lex_until(lexer, close + tag, SQL_TOKEN_STRING);
}

/* What is left of the line behind `COPY … FROM stdin;`: nothing that says something. */
enum sql_token_kind lex_copy_line(struct sql_lexer *lexer)
{
	const char *at = lexer->at;

	if (at_pair(at, lexer->end, '-', '-'))
		return lex_line_comment(lexer);
	while (at < lexer->end && *at != '\n' && byte_is(*at, BYTE_SPACE))
		at++;
	if (at < lexer->end && *at == '\n') {
		at++;
		lexer->copy = SQL_COPY_DATA;
	}
	if (at == lexer->at)
		return lex_broken(lexer, &broken_copy_line);
	return lex_until(lexer, at, SQL_TOKEN_SPACE);
}

/* Lines up to the one that is `\.` alone. */
enum sql_token_kind lex_copy_data(struct sql_lexer *lexer)
{
	const char *line = lexer->at, *next;

	for (; line < lexer->end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(lexer->end - line)), *end;

		next = newline != NULL ? newline + 1 : lexer->end;
		end = newline != NULL ? newline : lexer->end;
		if (!at_pair(line, end, '\\', '.'))
			continue;
		if (end - line == 2 || (end - line == 3 && line[2] == '\r')) {
			lexer->copy = SQL_COPY_NONE;
			return lex_until(lexer, line + 2, SQL_TOKEN_DATA);
		}
	}
	return lex_broken(lexer, &broken_copy_data);
}

enum sql_token_kind lex_nul(struct sql_lexer *lexer)
{
	return lex_broken(lexer, NULL);
}
