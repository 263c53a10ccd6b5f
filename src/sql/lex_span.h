/*
 * Inside the lexer: lex.c finds what begins at a byte, lex_span.c where it ends when that is far
 * away (quotes, comments, data).
 */
#ifndef DB_ENTRY_SQL_LEX_SPAN_H
#define DB_ENTRY_SQL_LEX_SPAN_H

#include "sql/lex.h"

/* What a byte can be part of: ASCII alone, no locale. */
enum {
	BYTE_SPACE = 1,
	BYTE_WORD = 2, /* goes on with a word; digits and $ don't begin one */
	BYTE_DIGIT = 4,
	BYTE_HEX = 8,
	BYTE_OPERATOR = 16,        /* part of PostgreSQL's operators of any length, */
	BYTE_OPERATOR_SPECIAL = 32 /* and with one of these they may end in + or - */
};

extern const unsigned char lex_byte_kinds[256];

static inline bool byte_is(char byte, int kinds)
{
	return (lex_byte_kinds[(unsigned char)byte] & kinds) != 0;
}

/*
 * What only looks right in an executable comment that some servers skip: they look for its end in
 * strings and line comments, too. True, and the token becomes SQL_TOKEN_BROKEN.
 */
bool lex_ends_early(struct sql_lexer *lexer, const struct sql_token *token);

/* The byte `offset` behind the current one; NUL, which no token has, when there is none. */
static inline char byte_ahead(const struct sql_lexer *lexer, size_t offset)
{
	return offset < (size_t)(lexer->end - lexer->at) ? lexer->at[offset] : '\0';
}

static inline bool lexes(const struct sql_lexer *lexer, enum sql_lexing how)
{
	return (lexer->dialect->lexing & how) != 0;
}

static inline bool at_pair(const char *at, const char *end, char first, char second)
{
	return at + 1 < end && at[0] == first && at[1] == second;
}

/* Where the line ends: at its LF, or at a CR where the dialect lets that end a comment. */
const char *lex_line_end(const struct sql_lexer *lexer);

/* Each moves behind what begins here; SQL_TOKEN_BROKEN when it has no end. */
enum sql_token_kind lex_line_comment(struct sql_lexer *lexer);
enum sql_token_kind lex_block_comment(struct sql_lexer *lexer);
enum sql_token_kind lex_mark(struct sql_lexer *lexer); /* of an executable comment */
enum sql_token_kind lex_string(struct sql_lexer *lexer);
enum sql_token_kind lex_identifier(struct sql_lexer *lexer); /* a quoted one */
enum sql_token_kind lex_prefixed(struct sql_lexer *lexer, const struct sql_quote *quote);

/* The dialect's prefix of a quote that stands here; NULL: none does. */
const struct sql_quote *lex_prefix(const struct sql_lexer *lexer);

/* The length of the $tag$ that stands here, 0: none does; and the string it begins. */
size_t lex_dollar_tag(const struct sql_lexer *lexer);
enum sql_token_kind lex_dollar_string(struct sql_lexer *lexer, size_t tag);

/* What is left of the line behind `COPY … FROM stdin;`, and the lines of data below it. */
enum sql_token_kind lex_copy_line(struct sql_lexer *lexer);
enum sql_token_kind lex_copy_data(struct sql_lexer *lexer);

/* A NUL byte: up to the end of the text. */
enum sql_token_kind lex_nul(struct sql_lexer *lexer);

#endif
