#include "sql/compound.h"
#include <string.h>

enum at {
	AT_BEGINNING,       /* before the first token */
	AT_NOTHING,         /* no statement that contains statements; or its body is over */
	AT_BEGIN,           /* behind a BEGIN that may open a transaction */
	AT_LABEL,           /* behind a first word that may be a label */
	AT_CREATE,          /* behind CREATE */
	AT_ALTER,           /* behind ALTER: only EVENT has a body */
	AT_PARAMETERS,      /* behind PROCEDURE or FUNCTION, up to the end of its parameters */
	AT_CHARACTERISTICS, /* behind them, before the body */
	AT_RETURN,          /* in a body that is RETURN alone */
	AT_TRIGGER,         /* behind TRIGGER, up to FOR EACH ROW */
	AT_EVENT,           /* behind EVENT, up to DO */
	AT_FOLLOWS,         /* behind FOLLOWS or PRECEDES: a trigger's name */
	AT_START,           /* where a statement of the body begins */
	AT_FIRST,           /* behind its first token, which may be a label */
	AT_STATEMENT,       /* in a statement without blocks */
	AT_CONDITION,       /* behind IF, WHILE, CASE, …, up to THEN or DO */
	AT_UNTIL,           /* behind UNTIL, up to END REPEAT */
	AT_DECLARE,
	AT_HANDLER,      /* behind HANDLER FOR: before a condition, */
	AT_HANDLER_NEXT, /* and behind one */
	AT_END,          /* behind END */
	AT_HELD          /* nobody can tell */
};

enum block {
	BLOCK_BEGIN,
	BLOCK_IF,
	BLOCK_CASE,
	BLOCK_LOOP,
	BLOCK_REPEAT,
	BLOCK_DO /* WHILE and FOR, whose statements stand behind DO */
};

static bool is_semicolon(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_SEMICOLON;
}

/* Behind these a word is a name, whatever it looks like. */
static bool names_follow(const struct sql_token *before)
{
	return sql_token_is_sign(before, '.') || sql_token_is_sign(before, '@') ||
	       (before->kind == SQL_TOKEN_OPERATOR && before->len == 2 && *before->text == '@');
}

static void open_block(struct compound *c, enum block block, enum at at)
{
	c->cases = 0;
	c->at = (unsigned char)at;
	if (c->depth == COMPOUND_DEPTH)
		c->at = AT_HELD;
	else
		c->blocks[c->depth++] = (unsigned char)block;
}

static enum block innermost(const struct compound *c)
{
	return c->depth > 0 ? (enum block)c->blocks[c->depth - 1] : BLOCK_BEGIN;
}

static void close_block(struct compound *c)
{
	c->depth -= c->depth > 0;
	c->at = AT_END;
}

/* Words that open a block where a statement begins. False: it is none of them. */
static bool follow_opening(struct compound *c, const struct sql_token *token)
{
	static const struct {
		const char *word;
		enum block block;
		enum at at;
	} openings[] = {
	    {"BEGIN", BLOCK_BEGIN, AT_START},
	    {"IF", BLOCK_IF, AT_CONDITION},
	    {"CASE", BLOCK_CASE, AT_CONDITION},
	    {"LOOP", BLOCK_LOOP, AT_START},
	    {"REPEAT", BLOCK_REPEAT, AT_START},
	    {"WHILE", BLOCK_DO, AT_CONDITION},
	    {"FOR", BLOCK_DO, AT_CONDITION},
	};

	for (size_t i = 0; i < sizeof(openings) / sizeof(*openings); i++) {
		if (!sql_token_is(token, openings[i].word))
			continue;
		open_block(c, openings[i].block, openings[i].at);
		return true;
	}
	return false;
}

/* BEGIN NOT ATOMIC; and an empty statement is none. */
static bool is_passed_over(const struct compound *c, const struct sql_token *token)
{
	return is_semicolon(token) ||
	       (sql_token_is(token, "NOT") && sql_token_is(&c->before, "BEGIN")) ||
	       (sql_token_is(token, "ATOMIC") && sql_token_is(&c->before, "NOT"));
}

static void follow_start(struct compound *c, const struct sql_token *token)
{
	static const char *const conditions[] = {"ELSEIF", "WHEN", NULL};

	if (is_passed_over(c, token) || follow_opening(c, token) ||
	    (sql_token_is(token, "ELSE") && c->depth > 0))
		return;
	if (sql_token_is(token, "END") && c->depth > 0) {
		close_block(c);
	} else if (sql_token_is_any(token, conditions) && c->depth > 0) {
		c->cases = 0;
		c->at = AT_CONDITION;
	} else if (sql_token_is(token, "UNTIL") && innermost(c) == BLOCK_REPEAT) {
		c->cases = 0;
		c->at = AT_UNTIL;
	} else if (sql_token_is(token, "DECLARE")) {
		c->at = AT_DECLARE;
	} else {
		c->at = AT_FIRST;
	}
}

static void follow_cases(struct compound *c, const struct sql_token *token)
{
	if (names_follow(&c->before))
		return;
	c->cases += sql_token_is(token, "CASE");
	c->cases -= sql_token_is(token, "END") && c->cases > 0;
}

static void follow_condition(struct compound *c, const struct sql_token *token)
{
	const char *end = innermost(c) == BLOCK_DO ? "DO" : "THEN";

	if (is_semicolon(token))
		c->at = AT_HELD;
	else if (c->cases == 0 && !names_follow(&c->before) && sql_token_is(token, end))
		c->at = AT_START;
	else
		follow_cases(c, token);
}

static void follow_until(struct compound *c, const struct sql_token *token)
{
	if (is_semicolon(token))
		c->at = AT_HELD;
	else if (sql_token_is(token, "REPEAT") && sql_token_is(&c->before, "END"))
		close_block(c);
}

static void follow_declare(struct compound *c, const struct sql_token *token)
{
	if (is_semicolon(token))
		c->at = AT_START;
	else if (sql_token_is(token, "FOR") && sql_token_is(&c->before, "HANDLER"))
		c->at = AT_HANDLER;
}

static void follow_handler(struct compound *c, const struct sql_token *token)
{
	static const char *const more[] = {"SQLSTATE", "VALUE", "NOT", NULL};

	if (is_semicolon(token))
		c->at = AT_START;
	else if (!sql_token_is_any(token, more))
		c->at = AT_HANDLER_NEXT;
}

static void follow_handler_next(struct compound *c, const struct sql_token *token)
{
	if (sql_token_is_sign(token, ',')) {
		c->at = AT_HANDLER;
	} else {
		c->at = AT_START;
		follow_start(c, token);
	}
}

static void follow_create(struct compound *c, const struct sql_token *token)
{
	static const char *const passed[] = {"OR", "REPLACE", "DEFINER", "AGGREGATE", NULL};
	static const char *const routines[] = {"PROCEDURE", "FUNCTION", NULL};
	bool value = sql_token_is_sign(&c->before, '=') || sql_token_is_sign(&c->before, '@') ||
		     token->kind != SQL_TOKEN_WORD;

	if (is_semicolon(token))
		c->at = AT_NOTHING;
	else if (value || sql_token_is_any(token, passed))
		return;
	else if (sql_token_is(token, "EVENT"))
		c->at = AT_EVENT;
	else if (c->at == AT_ALTER)
		c->at = AT_NOTHING;
	else if (sql_token_is_any(token, routines))
		c->at = AT_PARAMETERS;
	else if (sql_token_is(token, "TRIGGER"))
		c->at = AT_TRIGGER;
	else
		c->at = sql_token_is(token, "PACKAGE") ? AT_HELD : AT_NOTHING;
}

/* sql_mode ORACLE, and other languages than SQL: CREATE PROCEDURE p AS … */
static bool is_foreign(const struct sql_token *token)
{
	return sql_token_is(token, "AS") || sql_token_is(token, "IS");
}

static void follow_parameters(struct compound *c, const struct sql_token *token)
{
	if (is_foreign(token) && c->parentheses == 0)
		c->at = AT_HELD;
	else if (sql_token_is_sign(token, ')') && c->parentheses == 0)
		c->at = AT_CHARACTERISTICS;
}

/* The body begins with a word that no type and no characteristic has. */
static void follow_characteristics(struct compound *c, const struct sql_token *token)
{
	static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE",
	    "CALL", "DO", "WITH", "VALUES", "CREATE", "DROP", "ALTER", "TRUNCATE", "PREPARE",
	    "EXECUTE", "SIGNAL", "SHOW", NULL};
	static const char *const behind[] = {"CHARACTER", "CHAR", "RETURNS", NULL};

	if (c->parentheses > 0)
		return;
	if (is_foreign(token))
		c->at = AT_HELD;
	else if (sql_token_is(token, "RETURN"))
		c->at = AT_RETURN;
	else if (sql_token_is_any(token, words) ||
		 (sql_token_is(token, "SET") && !sql_token_is_any(&c->before, behind)))
		c->at = AT_STATEMENT;
	else
		follow_opening(c, token);
}

static void follow_trigger(struct compound *c, const struct sql_token *token)
{
	if (sql_token_is(token, "ROW") && sql_token_is(&c->before, "EACH"))
		c->at = AT_START;
}

/* A name may have a schema before it. */
static void follow_follows(struct compound *c, const struct sql_token *token)
{
	if (sql_token_is_sign(token, '.') || sql_token_is_sign(&c->before, '.') ||
	    sql_token_is(&c->before, "FOLLOWS") || sql_token_is(&c->before, "PRECEDES"))
		return;
	c->at = AT_START;
	follow_start(c, token);
}

static void follow_body_of_trigger(struct compound *c, const struct sql_token *token)
{
	if (sql_token_is(&c->before, "ROW") &&
	    (sql_token_is(token, "FOLLOWS") || sql_token_is(token, "PRECEDES")))
		c->at = AT_FOLLOWS;
	else
		follow_start(c, token);
}

static void follow_beginning(struct compound *c, const struct sql_token *token)
{
	c->at = AT_NOTHING;
	if (sql_token_is(token, "CREATE"))
		c->at = AT_CREATE;
	else if (sql_token_is(token, "ALTER"))
		c->at = AT_ALTER;
	else if (sql_token_is(token, "BEGIN"))
		c->at = AT_BEGIN;
	else if (!follow_opening(c, token) &&
		 (token->kind == SQL_TOKEN_WORD || token->kind == SQL_TOKEN_IDENTIFIER))
		c->at = AT_LABEL;
}

static void follow_begin(struct compound *c, const struct sql_token *token)
{
	c->at = AT_NOTHING;
	if (sql_token_is(token, "NOT"))
		open_block(c, BLOCK_BEGIN, AT_START);
}

/* A statement that has no block ends with its semicolon, and so does a body of just one. */
static void follow_statement(struct compound *c, const struct sql_token *token)
{
	if (c->at == AT_FIRST && sql_token_is_sign(token, ':'))
		c->at = AT_START;
	else
		c->at = is_semicolon(token) ? AT_START : AT_STATEMENT;
}

static void follow_event(struct compound *c, const struct sql_token *token)
{
	if (sql_token_is(token, "DO") && c->parentheses == 0 && !names_follow(&c->before))
		c->at = AT_START;
}

static void follow(struct compound *c, const struct sql_token *token)
{
	switch ((enum at)c->at) {
	case AT_BEGINNING:
		follow_beginning(c, token);
		break;
	case AT_BEGIN:
		follow_begin(c, token);
		break;
	case AT_LABEL:
		c->at = sql_token_is_sign(token, ':') ? AT_START : AT_NOTHING;
		break;
	case AT_CREATE:
	case AT_ALTER:
		follow_create(c, token);
		break;
	case AT_PARAMETERS:
		follow_parameters(c, token);
		break;
	case AT_CHARACTERISTICS:
		follow_characteristics(c, token);
		break;
	case AT_RETURN:
		if (sql_token_is(token, "AS") && c->parentheses == 0)
			c->at = AT_HELD;
		break;
	case AT_TRIGGER:
		follow_trigger(c, token);
		break;
	case AT_EVENT:
		follow_event(c, token);
		break;
	case AT_FOLLOWS:
		follow_follows(c, token);
		break;
	case AT_START:
		follow_body_of_trigger(c, token);
		break;
	case AT_FIRST:
	case AT_STATEMENT:
		follow_statement(c, token);
		break;
	case AT_CONDITION:
		follow_condition(c, token);
		break;
	case AT_UNTIL:
		follow_until(c, token);
		break;
	case AT_DECLARE:
		follow_declare(c, token);
		break;
	case AT_HANDLER:
		follow_handler(c, token);
		break;
	case AT_HANDLER_NEXT:
		follow_handler_next(c, token);
		break;
	case AT_END:
		if (is_semicolon(token))
			c->at = AT_START;
		break;
	case AT_NOTHING:
	case AT_HELD:
		break;
	}
}

void compound_follow(struct compound *c, const struct sql_token *token)
{
	c->parentheses -= sql_token_is_sign(token, ')') && c->parentheses > 0;
	follow(c, token);
	c->parentheses += sql_token_is_sign(token, '(');
	c->before = *token;
}

bool compound_is_open(const struct compound *c)
{
	return c->depth > 0 || c->at == AT_HELD;
}

bool compound_needs_delimiter(const struct compound *c)
{
	return c->at == AT_HELD;
}
