/*
 * Lexing: a text becomes tokens, each knowing its bytes and line. Nothing is copied or normalised,
 * and every byte of the text belongs to exactly one token.
 *
 * Lines are ended by LF, so CRLF counts once; where a lone CR ends a comment is the dialect's.
 * Bytes that are not UTF-8 pass through.
 */
#ifndef DB_ENTRY_SQL_LEX_H
#define DB_ENTRY_SQL_LEX_H

#include "sql/dialect.h"
#include <stdbool.h>
#include <stddef.h>

enum sql_token_kind {
	SQL_TOKEN_END,        /* the text is over */
	SQL_TOKEN_SPACE,      /* white space, and a byte order mark where a token may start */
	SQL_TOKEN_COMMENT,    /* without the line's end; SQLite's block comment may lack its end */
	SQL_TOKEN_WORD,       /* keyword or bare identifier */
	SQL_TOKEN_IDENTIFIER, /* quoted identifier, with its quotes and prefix */
	SQL_TOKEN_STRING,     /* string or blob literal, with its quotes and prefix */
	SQL_TOKEN_NUMBER,
	SQL_TOKEN_PARAMETER, /* ?1 :name @name $name; $1 :name :'name' */
	SQL_TOKEN_SEMICOLON,
	SQL_TOKEN_OPERATOR, /* any other byte, or an operator of several */
	SQL_TOKEN_CLIENT,   /* a command of the client, \connect: up to the end of its line */
	SQL_TOKEN_DATA,     /* lines behind COPY … FROM stdin; the last one is \. */
	SQL_TOKEN_MARK, /* what opens an executable comment, with its version, and what closes it */
	SQL_TOKEN_DELIMITER, /* what ends a statement instead of `;`: the lexer's `delimiter` */
	SQL_TOKEN_BROKEN     /* an unclosed quote or a NUL byte: up to the end of the text */
};

struct sql_token {
	enum sql_token_kind kind;
	const char *text; /* into the lexed text; not NUL-terminated */
	size_t len;
	int line; /* 1-based, of its first byte */
};

/* What is wrong where a SQL_TOKEN_BROKEN begins, and what to do. */
struct sql_broken {
	const char *what, *advice;
};

enum {
	SQL_DELIMITER_MOST = 15 /* bytes, as in the client of MariaDB */
};

/* Written by sql_lex_next() alone, but for the first three, which may be set before a token. */
struct sql_lexer {
	const struct dialect *dialect; /* another one of dialect->modes, as a file sets its mode */
	char delimiter[SQL_DELIMITER_MOST + 1]; /* "": `;` */
	const struct sql_server *server; /* whose executable comments are code; NULL: all are */
	const char *at;
	const char *begin;
	const char *end;      /* the first NUL byte, or text_end */
	const char *text_end; /* behind the last byte */
	int line;
	const struct sql_broken *broken; /* of the SQL_TOKEN_BROKEN; NULL for a NUL byte */

	/* The executable comment we are in; text NULL: in none. */
	struct sql_token mark;
	/* The last token that says something, where a dialect's lexing depends on it. */
	struct sql_token before;
	int parentheses, brackets; /* open ones */
	enum {
		SQL_COPY_NONE,
		SQL_COPY_BEGUN, /* in a statement that begins with COPY */
		SQL_COPY_STDIN, /* behind its FROM stdin */
		SQL_COPY_LINE,  /* behind its semicolon, in the same line */
		SQL_COPY_DATA   /* where its data begin */
	} copy;
};

/* `first_line` is the line of the text's first byte in its file. */
void sql_lex_init(struct sql_lexer *lexer, const struct dialect *dialect, const char *text,
    size_t len, int first_line);

/* The next token; SQL_TOKEN_END for ever after the last one. */
struct sql_token sql_lex_next(struct sql_lexer *lexer);

/*
 * Behind the word DELIMITER: take what stands there as the client of MariaDB does, and go to the
 * end of the line. False, with nothing changed, for what can't be a delimiter: nothing, more than
 * SQL_DELIMITER_MOST bytes, one with a backslash, a quote that is not closed.
 */
bool sql_lex_delimiter(struct sql_lexer *lexer);

/* Go to the end of the line. */
void sql_lex_skip_line(struct sql_lexer *lexer);

/* True for white space, comments, and what opens and closes executable ones. */
bool sql_token_is_gap(const struct sql_token *token);

/* True for a bare word equal to `word`, ASCII case ignored. */
bool sql_token_is(const struct sql_token *token, const char *word);

/* The same for any of several words, which end with NULL. */
bool sql_token_is_any(const struct sql_token *token, const char *const *words);

/* True for what may be a name: a bare word, or a quoted identifier. */
bool sql_token_is_name(const struct sql_token *token);

/* True for the operator that is this one byte. */
bool sql_token_is_sign(const struct sql_token *token, char sign);

#endif
