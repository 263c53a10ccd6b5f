#include "base/digest.h"
#include "sql/match.h"
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
	const char *file;
	const char *text;
	char *copy; /* of the text, where statements live: each is ended by a NUL in place */
	struct arena *arena;
	struct sum sum;
	struct sql_statement *statements;
	size_t count, capacity;
	/* The statement being read; none while head.count is 0. */
	struct sql_head head;
	const char *end;
	enum body body;
	const char *parameter; /* the first of the statement; NULL: none */
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

static void add_token(struct splitter *s, const struct sql_token *token)
{
	if (s->body == BODY_SEMICOLON && sql_token_is(token, "END"))
		s->body = BODY_END;
	else if (s->body != BODY_NONE)
		s->body = BODY_INSIDE;
	sql_head_add(&s->head, token);
	s->end = token->text + token->len;
	if (token->kind == SQL_TOKEN_PARAMETER && s->parameter == NULL) {
		s->parameter = arena_strndup(s->arena, token->text, token->len);
		s->parameter_line = token->line;
	}
	sum_token(&s->sum, token);
}

static void finish_statement(struct splitter *s)
{
	const struct sql_class_rule *rule = sql_head_rule(&s->head, s->dialect);
	const struct sql_token *first = &s->head.tokens[0];
	char *text = s->copy + (first->text - s->text);
	size_t len = (size_t)(s->end - first->text);

	/* What is overwritten is a `;`, white space, a comment's first byte or the end. */
	text[len] = '\0';
	s->statements =
	    arena_grow(s->arena, s->statements, s->count, &s->capacity, sizeof(*s->statements));
	s->statements[s->count++] = (struct sql_statement){
	    .text = text,
	    .len = len,
	    .file = s->file,
	    .line = first->line,
	    .class = rule != NULL ? rule->class : SQL_PLAIN,
	    .advice = rule != NULL ? rule->advice : NULL,
	    .parameter = s->parameter,
	    .parameter_line = s->parameter_line,
	};
	s->parameter = NULL;
	sum_add(&s->sum, "\x01", 1);
	s->head.count = 0;
	s->body = BODY_NONE;
}

static bool has_body(const struct splitter *s)
{
	return s->body != BODY_NONE || sql_head_matches(&s->head, s->dialect->body_start);
}

static void add_semicolon(struct splitter *s, const struct sql_token *token)
{
	if (s->head.count == 0)
		return;
	if (s->body == BODY_END || !has_body(s)) {
		finish_statement(s);
	} else {
		add_token(s, token);
		s->body = BODY_SEMICOLON;
	}
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

static bool refuse_broken(const struct splitter *s, const struct sql_token *token, struct err *err)
{
	const char *nul = memchr(token->text, '\0', token->len);
	const char *what = "quoted name";

	if (nul != NULL) {
		err_set(err, ERR_MALFORMED, "a NUL byte, which no SQL text has");
		err_next(err, "save the file as UTF-8 text");
		return err_at(err, s->file, token->line + count_lines(token->text, nul));
	}
	if (*token->text == '\'')
		what = "string";
	else if (*token->text == 'x' || *token->text == 'X')
		what = "blob literal";
	err_set(err, ERR_MALFORMED, "a %s begins here and is never closed", what);
	err_next(err, "close it, or write the quote twice if it belongs to the text");
	return err_at(err, s->file, token->line);
}

static bool finish_text(struct splitter *s, struct err *err)
{
	if (s->head.count == 0)
		return true;
	if (s->body != BODY_END && has_body(s)) {
		err_set(err, ERR_MALFORMED, "CREATE TRIGGER … BEGIN without END");
		err_next(err,
		    "end every statement of its body with a semicolon, and the body with END;");
		return err_at(err, s->file, s->head.tokens[0].line);
	}
	finish_statement(s);
	return true;
}

static bool split(struct splitter *s, struct sql_lexer *lexer, struct err *err)
{
	for (;;) {
		struct sql_token token = sql_lex_next(lexer);

		switch (token.kind) {
		case SQL_TOKEN_SPACE:
		case SQL_TOKEN_COMMENT:
			break;
		case SQL_TOKEN_SEMICOLON:
			add_semicolon(s, &token);
			break;
		case SQL_TOKEN_BROKEN:
			return refuse_broken(s, &token, err);
		case SQL_TOKEN_END:
			return finish_text(s, err);
		default:
			add_token(s, &token);
		}
	}
}

bool sql_split(struct sql_script *script, const struct dialect *dialect, const char *text,
    size_t len, const char *file, int first_line, struct arena *arena, struct err *err)
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	struct splitter s = {
	    .dialect = dialect,
	    .file = file,
	    .text = text,
	    .copy = arena_alloc(arena, len + 1),
	    .arena = arena,
	    .sum.digest = digest,
	};
	struct sql_lexer lexer;

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
