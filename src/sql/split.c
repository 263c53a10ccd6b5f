#include "base/digest.h"
#include "base/text.h"
#include "sql/compound.h"
#include "sql/executable.h"
#include "sql/match.h"
#include "sql/modes.h"
#include "sql/script.h"
#include <string.h>

/* Tokens are gathered here, so that the digest is fed in few large calls. */
struct sum {
	struct digest *digest;
	size_t used;
	char bytes[4096];
};

/* Where in a statement that contains statements we are. */
enum body {
	BODY_NONE, /* not in one, as far as is known */
	BODY_INSIDE,
	BODY_SEMICOLON, /* behind an inner `;` */
	BODY_END        /* behind `; END` */
};

struct splitter {
	const struct dialect *dialect;
	struct sql_lexer *lexer;
	struct sql_modes modes;
	const char *file;
	const char *text;
	char *copy; /* of the text, where statements live: each is ended by a NUL in place */
	struct arena *arena;
	struct sum sum;
	struct sql_statement *statements;
	size_t count, capacity;
	/* The statement being read; none while head.count is 0. */
	struct sql_head head;
	struct sql_token mark; /* an executable comment it begins with, or would; text NULL: none */
	const char *end;
	struct sql_token before; /* the last token of it */
	bool conditional;        /* it has executable comments that not all servers execute */
	struct compound compound;
	enum body body;
	int blocks;            /* open BEGIN ATOMIC, and CASE inside it */
	int parentheses;       /* open ones */
	int parenthesis_line;  /* of the outermost of them */
	const char *parameter; /* the first without a value; NULL: none */
	int parameter_line;
};

static void sum_flush(struct sum *sum)
{
	digest_add(sum->digest, sum->bytes, sum->used);
	sum->used = 0;
}

static void sum_add(struct sum *sum, const char *bytes, size_t len)
{
	if (len > sizeof(sum->bytes) - sum->used)
		sum_flush(sum);
	if (len > sizeof(sum->bytes)) {
		digest_add(sum->digest, bytes, len);
		return;
	}
	memcpy(sum->bytes + sum->used, bytes, len);
	sum->used += len;
}

/* Without the CR of CRLF, so that a checkout's line endings don't change the checksum. */
static void sum_quoted(struct sum *sum, const char *at, size_t len)
{
	const char *end = at + len, *cr;

	for (const char *from = at; (cr = memchr(from, '\r', (size_t)(end - from))) != NULL;) {
		from = cr + 1;
		if (from < end && *from == '\n') {
			sum_add(sum, at, (size_t)(cr - at));
			at = from;
		}
	}
	sum_add(sum, at, (size_t)(end - at));
}

static void sum_token(struct sum *sum, const struct sql_token *token)
{
	if (token->kind == SQL_TOKEN_STRING || token->kind == SQL_TOKEN_IDENTIFIER)
		sum_quoted(sum, token->text, token->len);
	else
		sum_add(sum, token->text, token->len);
	sum_add(sum, "", 1);
}

static void sum_data(struct sum *sum, const char *data, size_t len)
{
	sum_quoted(sum, data, len);
	sum_add(sum, "\x02", 1);
}

/* Behind AS and a dot these words are names. */
static void follow_blocks(struct splitter *s, const struct sql_token *token)
{
	if (sql_token_is(token, "ATOMIC") && sql_token_is(&s->before, "BEGIN") &&
	    sql_head_matches(&s->head, s->dialect->body_start))
		s->blocks++;
	if (s->blocks == 0 || sql_token_is(&s->before, "AS") || sql_token_is_sign(&s->before, '.'))
		return;
	s->blocks += sql_token_is(token, "CASE");
	s->blocks -= sql_token_is(token, "END");
}

static void follow_body(struct splitter *s, const struct sql_token *token)
{
	if (s->dialect->body == SQL_BODY_COMPOUND)
		compound_follow(&s->compound, token);
	else if (s->dialect->body == SQL_BODY_ATOMIC)
		follow_blocks(s, token);
	else if (s->body == BODY_SEMICOLON && sql_token_is(token, "END"))
		s->body = BODY_END;
	else if (s->body != BODY_NONE)
		s->body = BODY_INSIDE;
	if (sql_token_is_sign(token, '(') && s->parentheses++ == 0)
		s->parenthesis_line = token->line;
	s->parentheses -= sql_token_is_sign(token, ')') && s->parentheses > 0;
}

static bool has_value(const struct splitter *s, const struct sql_token *parameter)
{
	return *parameter->text == '$' &&
	       sql_head_matches_any(&s->head, s->dialect->own_parameters);
}

/* An executable comment is part of the statement, but says nothing by itself. */
static void add_mark(struct splitter *s, const struct sql_token *token)
{
	bool opens = *token->text == '/';

	if (s->head.count == 0) {
		s->mark = opens ? *token : (struct sql_token){0};
		return;
	}
	s->conditional = s->conditional || (opens && sql_mark_is_conditional(token, s->dialect));
	s->end = token->text + token->len;
	sum_token(&s->sum, token);
}

static void begin_statement(struct splitter *s)
{
	if (s->mark.text == NULL)
		return;
	s->conditional = sql_mark_is_conditional(&s->mark, s->dialect);
	sum_token(&s->sum, &s->mark);
}

static void add_token(struct splitter *s, const struct sql_token *token)
{
	if (s->head.count == 0)
		begin_statement(s);
	follow_body(s, token);
	sql_head_add(&s->head, token);
	s->end = token->text + token->len;
	s->before = *token;
	if (token->kind == SQL_TOKEN_PARAMETER && s->parameter == NULL && !has_value(s, token)) {
		s->parameter = arena_strndup(s->arena, token->text, token->len);
		s->parameter_line = token->line;
	}
	sum_token(&s->sum, token);
}

static int count_lines(const char *at, const char *end)
{
	int lines = 0;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		lines++;
		at++;
	}
	return lines;
}

/* `text` ends with a NUL and has none before. */
static bool check_encoding(
    const struct splitter *s, const char *text, size_t len, int line, struct err *err)
{
	const char *at = text, *end = text + len;
	size_t bytes;

	if (!s->dialect->utf8_only)
		return true;
	while (at < end && (bytes = text_character(at)) > 0)
		at += bytes;
	if (at == end)
		return true;
	err_set(
	    err, ERR_MALFORMED, "the byte 0x%02x is no UTF-8 here", (unsigned)(unsigned char)*at);
	err_next(err, "save the file as UTF-8 text");
	return err_at(err, s->file, line + count_lines(text, at));
}

/* What only some servers execute may make another statement of it. */
static const struct sql_class_rule *rule_of(const struct splitter *s, const char *text, size_t len)
{
	static const struct sql_class_rule differs = {NULL, SQL_FORBIDDEN,
	    "what it is depends on the server's version: write it without the executable comment"};
	const struct sql_class_rule *rule = sql_head_rule(&s->head, s->dialect);
	struct sql_server worlds[SQL_WORLDS];
	size_t count = s->conditional ? sql_worlds(worlds, s->dialect, text, len) : 0;

	for (size_t i = 0; i < count; i++) {
		const struct sql_class_rule *other;
		struct sql_head head;

		if (count > SQL_WORLDS)
			return &differs;
		sql_head_read_on(&head, s->dialect, &worlds[i], text, len);
		other = sql_head_rule(&head, s->dialect);
		if (head.count > 0 && other != rule &&
		    (other == NULL || rule == NULL || other->class != rule->class))
			return &differs;
	}
	return rule;
}

static bool refuse_at(
    const struct splitter *s, int line, const char *what, const char *advice, struct err *err)
{
	err_set(err, ERR_MALFORMED, "%s", what);
	err_next(err, "%s", advice);
	return err_at(err, s->file, line);
}

static void clear_statement(struct splitter *s)
{
	s->parameter = NULL;
	s->head.count = 0;
	s->mark = s->before = (struct sql_token){0};
	s->compound = (struct compound){0};
	s->conditional = false;
	s->body = BODY_NONE;
	s->parentheses = 0;
}

static bool finish_statement(struct splitter *s, struct err *err)
{
	const struct sql_token *first = s->mark.text != NULL ? &s->mark : &s->head.tokens[0];
	size_t len = (size_t)(s->end - first->text);
	char *text = s->copy + (first->text - s->text);
	const struct sql_class_rule *rule = rule_of(s, first->text, len);

	if (s->lexer->mark.text != NULL)
		return refuse_at(s, s->lexer->mark.line,
		    "an executable comment begins here, and a statement ends in it",
		    "close it with */ before the semicolon", err);
	/* What is overwritten is a `;`, white space, a comment's first byte or the end. */
	text[len] = '\0';
	if (!check_encoding(s, text, len, first->line, err))
		return false;
	s->statements =
	    arena_grow(s->arena, s->statements, s->count, &s->capacity, sizeof(*s->statements));
	s->statements[s->count++] = (struct sql_statement){
	    .text = text,
	    .len = len,
	    .file = s->file,
	    .line = first->line,
	    .dialect = s->dialect,
	    .class = rule != NULL ? rule->class : SQL_PLAIN,
	    .advice = rule != NULL ? rule->advice : NULL,
	    .conditional = s->conditional,
	    .parameter = s->parameter,
	    .parameter_line = s->parameter_line,
	};
	sum_add(&s->sum, "\x01", 1);
	if (!sql_modes_follow(&s->modes, &s->statements[s->count - 1], &s->head, s->arena, err))
		return false;
	clear_statement(s);
	s->dialect = s->lexer->dialect = s->modes.now;
	return true;
}

static bool has_trigger_body(const struct splitter *s)
{
	return s->dialect->body == SQL_BODY_TRIGGER &&
	       (s->body != BODY_NONE || sql_head_matches(&s->head, s->dialect->body_start));
}

/* Inside something, where a semicolon ends no statement. */
static bool is_open(const struct splitter *s)
{
	return s->blocks > 0 || (s->dialect->parentheses_hold && s->parentheses > 0) ||
	       compound_is_open(&s->compound);
}

static bool add_semicolon(struct splitter *s, const struct sql_token *token, struct err *err)
{
	if (s->head.count == 0)
		return true;
	if (!is_open(s) && (s->body == BODY_END || !has_trigger_body(s)))
		return finish_statement(s, err);
	add_token(s, token);
	s->body = BODY_SEMICOLON;
	return true;
}

/* Of the statement that ended last: the lexer finds data behind the semicolon of a COPY alone. */
static bool add_data(struct splitter *s, const struct sql_token *token, struct err *err)
{
	struct sql_statement *statement;
	char *data = s->copy + (token->text - s->text);
	size_t len = token->len - strlen("\\.");

	if (s->head.count > 0 || s->statements == NULL) {
		err_set(
		    err, ERR_MALFORMED, "the data of a COPY … FROM stdin inside another statement");
		err_next(err, "move the COPY out of it");
		return err_at(err, s->file, token->line);
	}
	statement = &s->statements[s->count - 1];
	data[len] = '\0';
	if (!check_encoding(s, data, len, token->line, err))
		return false;
	statement->data = data;
	statement->data_len = len;
	statement->data_line = token->line;
	sum_data(&s->sum, data, len);
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* \connect, \i, \! with the backslash. */
static size_t command_length(const struct sql_token *token)
{
	size_t len = 1;

	while (len < token->len && is_letter(token->text[len]))
		len++;
	return len == 1 && token->len > 1 ? 2 : len;
}

static bool begins_with(const struct sql_token *token, const char *command)
{
	size_t len = strlen(command);

	return token->len >= len && memcmp(token->text, command, len) == 0 &&
	       (token->len == len || !is_word(token->text[len]));
}

/*
 * What changes nothing here is dropped, unless the client would find more on the line: a second
 * backslash may begin another command, or SQL.
 */
static bool add_client_command(struct splitter *s, const struct sql_token *token, struct err *err)
{
	size_t len = command_length(token);
	const struct sql_client_command *command = s->dialect->client_commands;
	const char *advice;

	while (command->name != NULL && !begins_with(token, command->name))
		command++;
	advice = command->advice;
	if (advice == NULL && s->head.count == 0 &&
	    memchr(token->text + len, '\\', token->len - len) == NULL)
		return true;
	err_set(err, ERR_MALFORMED, "%.*s is a command of the client, and no SQL", (int)len,
	    token->text);
	err_next(err, "%s",
	    advice != NULL ? advice : "give it a line of its own, between two statements");
	return err_at(err, s->file, token->line);
}

static bool refuse_broken(const struct splitter *s, const struct sql_lexer *lexer,
    const struct sql_token *token, struct err *err)
{
	const char *nul = memchr(token->text, '\0', token->len);

	if (nul != NULL) {
		err_set(err, ERR_MALFORMED, "a NUL byte, which no SQL text has");
		err_next(err, "save the file as UTF-8 text");
		return err_at(err, s->file, token->line + count_lines(token->text, nul));
	}
	err_set(err, ERR_MALFORMED, "%s", lexer->broken->what);
	err_next(err, "%s", lexer->broken->advice);
	return err_at(err, s->file, token->line);
}

static bool refuse_without_data(int line, const struct splitter *s, struct err *err)
{
	err_set(err, ERR_MALFORMED, "COPY … FROM stdin without its data");
	err_next(err, "write them below its semicolon, and \\. alone in the line behind them");
	return err_at(err, s->file, line);
}

static bool refuse_open(const struct splitter *s, struct err *err)
{
	int line = s->head.tokens[0].line;

	if (compound_needs_delimiter(&s->compound)) {
		err_set(err, ERR_MALFORMED, "where this statement ends can't be told");
		err_next(err, "put it between the lines DELIMITER // and DELIMITER ; and end it "
			      "with //");
	} else if (compound_is_open(&s->compound)) {
		err_set(err, ERR_MALFORMED, "a body begins here and is never closed");
		err_next(err, "end every block with its END; or put the statement between the "
			      "lines DELIMITER // and DELIMITER ; and end it with //");
	} else if (s->blocks > 0) {
		err_set(err, ERR_MALFORMED, "BEGIN ATOMIC without END");
		err_next(err,
		    "end every statement of the body with a semicolon, and the body with END;");
	} else if (is_open(s)) {
		line = s->parenthesis_line;
		err_set(err, ERR_MALFORMED, "a parenthesis opens here and is never closed");
		err_next(err, "close it; inside it a semicolon ends no statement");
	} else {
		err_set(err, ERR_MALFORMED, "CREATE TRIGGER … BEGIN without END");
		err_next(err,
		    "end every statement of its body with a semicolon, and the body with END;");
	}
	return err_at(err, s->file, line);
}

static bool finish_text(struct splitter *s, const struct sql_lexer *lexer, struct err *err)
{
	if (s->head.count == 0)
		return lexer->copy < SQL_COPY_STDIN || s->statements == NULL ||
		       refuse_without_data(s->statements[s->count - 1].line, s, err);
	if (lexer->copy == SQL_COPY_STDIN)
		return refuse_without_data(s->head.tokens[0].line, s, err);
	if (is_open(s) || (s->body != BODY_END && has_trigger_body(s)))
		return refuse_open(s, err);
	return finish_statement(s, err);
}

/* The client looks for it where a line begins, and nothing is open. */
static bool take_delimiter(struct splitter *s, const struct sql_token *token, struct err *err)
{
	const char *at = token->text;

	while (at > s->text && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	if (s->mark.text != NULL || (at > s->text && at[-1] != '\n'))
		return refuse_at(s, token->line, "DELIMITER is a command of the client, and no SQL",
		    "give it a line of its own, between two statements", err);
	return sql_lex_delimiter(s->lexer) ||
	       refuse_at(s, token->line, "this can't be a delimiter",
		   "write DELIMITER // or DELIMITER $$, and DELIMITER ; behind the statement", err);
}

static bool add(struct splitter *s, const struct sql_token *token)
{
	add_token(s, token);
	return true;
}

/* What only the client knows; it is in no table that a statement begins with. */
static bool add_first_word(struct splitter *s, const struct sql_token *token, struct err *err)
{
	const struct sql_client_command *command = s->dialect->client_words;

	if ((s->dialect->lexing & SQL_LEX_DELIMITER) != 0 && sql_token_is(token, "DELIMITER"))
		return take_delimiter(s, token, err);
	while (command != NULL && command->name != NULL && !sql_token_is(token, command->name))
		command++;
	if (command == NULL || command->name == NULL)
		return add(s, token);
	if (command->advice == NULL) {
		sql_lex_skip_line(s->lexer);
		return true;
	}
	err_set(err, ERR_MALFORMED, "%s is a command of the client, and no SQL", command->name);
	err_next(err, "%s", command->advice);
	return err_at(err, s->file, token->line);
}

static bool take_token(struct splitter *s, const struct sql_lexer *lexer,
    const struct sql_token *token, struct err *err)
{
	switch (token->kind) {
	case SQL_TOKEN_SPACE:
	case SQL_TOKEN_COMMENT:
		return true;
	case SQL_TOKEN_MARK:
		add_mark(s, token);
		return true;
	case SQL_TOKEN_DELIMITER:
		return s->head.count == 0 || finish_statement(s, err);
	case SQL_TOKEN_WORD:
		return s->head.count == 0 ? add_first_word(s, token, err) : add(s, token);
	case SQL_TOKEN_SEMICOLON:
		return add_semicolon(s, token, err);
	case SQL_TOKEN_CLIENT:
		return add_client_command(s, token, err);
	case SQL_TOKEN_DATA:
		return add_data(s, token, err);
	case SQL_TOKEN_BROKEN:
		return refuse_broken(s, lexer, token, err);
	case SQL_TOKEN_END:
		return finish_text(s, lexer, err);
	default:
		add_token(s, token);
		return true;
	}
}

static bool split(struct splitter *s, struct sql_lexer *lexer, struct err *err)
{
	struct sql_token token;

	do {
		token = sql_lex_next(lexer);
		if (!take_token(s, lexer, &token, err))
			return false;
	} while (token.kind != SQL_TOKEN_END);
	return true;
}

bool sql_split(struct sql_script *script, const struct dialect *dialect, const char *text,
    size_t len, const char *file, int first_line, struct arena *arena, struct err *err)
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	struct sql_lexer lexer;
	struct splitter s = {
	    .dialect = dialect,
	    .lexer = &lexer,
	    .modes.now = dialect,
	    .file = file,
	    .text = text,
	    .copy = arena_alloc(arena, len + 1),
	    .arena = arena,
	    .sum.digest = digest,
	};

	if (len > 0)
		memcpy(s.copy, text, len);
	sql_lex_init(&lexer, dialect, text, len, first_line);
	if (!split(&s, &lexer, err))
		return false;
	sum_flush(&s.sum);
	script->dialect = dialect;
	script->statements = s.statements;
	script->count = s.count;
	digest_hex(digest, script->checksum);
	return true;
}

void sql_add_checksum(const struct dialect *dialect, const struct sql_statement *statement,
    char checksum[DIGEST_HEX + 1])
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	struct sum sum = {.digest = digest};
	struct sql_lexer lexer;
	struct sql_token token;

	sum_add(&sum, checksum, strlen(checksum));
	sql_lex_init(&lexer, dialect, statement->text, statement->len, statement->line);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (!sql_token_is_gap(&token))
			sum_token(&sum, &token);
	if (statement->data != NULL)
		sum_data(&sum, statement->data, statement->data_len);
	sum_flush(&sum);
	digest_hex(digest, checksum);
}
