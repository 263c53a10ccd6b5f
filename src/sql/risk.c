#include "sql/risk.h"
#include "base/text.h"
#include "sql/match.h"
#include <string.h>
#include <strings.h>

enum {
	WHERE_TOKENS = 3 /* as many as a condition that says nothing has */
};

/* What is found on one way through a statement. */
struct reading {
	struct sql_head head; /* behind the WITH clause */
	bool upsert;          /* ON CONFLICT … DO UPDATE */
	bool where;           /* one at the outermost level */
	struct sql_token condition[WHERE_TOKENS + 1];
	size_t condition_count;
	bool condition_over;
};

static bool is_sign(const struct sql_token *token, char sign)
{
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 1 && *token->text == sign;
}

static bool begins_statement(const struct sql_token *token)
{
	return sql_token_is(token, "INSERT") || sql_token_is(token, "REPLACE") ||
	       sql_token_is(token, "UPDATE") || sql_token_is(token, "DELETE") ||
	       sql_token_is(token, "SELECT") || sql_token_is(token, "VALUES");
}

/* Words that end a condition. Parentheses around it are not part of it. */
static void read_condition(struct reading *reading, const struct sql_token *token)
{
	if (sql_token_is(token, "RETURNING") || sql_token_is(token, "ORDER") ||
	    sql_token_is(token, "LIMIT"))
		reading->condition_over = true;
	else if (!is_sign(token, '(') && !is_sign(token, ')') &&
		 reading->condition_count <= WHERE_TOKENS && !reading->condition_over)
		reading->condition[reading->condition_count++] = *token;
}

static void read_statement(
    struct reading *reading, const struct dialect *dialect, const char *text, size_t len)
{
	struct sql_lexer lexer;
	struct sql_token token, before = {0};
	bool with = false, first = true;
	int depth = 0;
	*reading = (struct reading){0};
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		with = with || (first && sql_token_is(&token, "WITH"));
		first = false;
		depth -= is_sign(&token, ')');
		if (with && depth == 0 && begins_statement(&token))
			with = false;
		if (!with)
			sql_head_add(&reading->head, &token);
		if (sql_token_is(&before, "DO") && sql_token_is(&token, "UPDATE"))
			reading->upsert = true;
		if (reading->where)
			read_condition(reading, &token);
		if (!with && depth == 0 && sql_token_is(&token, "WHERE"))
			reading->where = true;
		depth += is_sign(&token, '(');
		before = token;
	}
}

static bool same_token(const struct sql_token *a, const struct sql_token *b)
{
	return a->len == b->len && strncasecmp(a->text, b->text, a->len) == 0;
}

static bool is_constant(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_NUMBER || token->kind == SQL_TOKEN_STRING ||
	       sql_token_is(token, "TRUE") || sql_token_is(token, "NULL");
}

/* `WHERE true`, `WHERE 1`, `WHERE 1 = 1`, `WHERE 1 < 2`, `WHERE id = id` hold for every row. */
static bool has_real_where(const struct reading *reading)
{
	const struct sql_token *condition = reading->condition;
	if (!reading->where || reading->condition_count == 0)
		return false;
	if (reading->condition_count == 1)
		return !is_constant(&condition[0]);
	if (reading->condition_count == WHERE_TOKENS)
		return !same_token(&condition[0], &condition[2]) &&
		       !(is_constant(&condition[0]) && is_constant(&condition[2]));
	return true;
}

const char *sql_token_name(const struct sql_token *token, struct arena *arena)
{
	size_t used = 0;
	if (token->kind != SQL_TOKEN_IDENTIFIER && token->kind != SQL_TOKEN_STRING)
		return arena_strndup(arena, token->text == NULL ? "" : token->text, token->len);
	char quote = token->text[0] == '[' ? ']' : token->text[0];
	char *name = arena_alloc(arena, token->len);
	for (size_t i = 1; i + 1 < token->len; i++) {
		name[used++] = token->text[i];
		if (token->text[i] == quote)
			i++;
	}
	return name;
}

static const char *lower_name(const struct sql_token *token, struct arena *arena)
{
	char *name = arena_strdup(arena, sql_token_name(token, arena));
	for (char *at = name; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
	return name;
}

static bool holds(enum risk_condition condition, const struct reading *reading)
{
	switch (condition) {
	case RISK_ALWAYS:
		return true;
	case RISK_IF_WHERE:
		return has_real_where(reading);
	case RISK_IF_UPSERT:
		return reading->upsert;
	}
	return false;
}

static void name_object(struct risk *risk, enum risk_object object,
    const struct sql_token captured[SQL_CAPTURES], struct arena *arena)
{
	if (object == RISK_NOTHING)
		return;
	risk->table = lower_name(&captured[0], arena);
	if (object == RISK_TABLE)
		risk->object = arena_printf(arena, "table %s", risk->table);
	else if (object == RISK_ROWS)
		risk->object = arena_printf(arena, "rows of %s", risk->table);
	else
		risk->object = arena_printf(
		    arena, "column %s.%s", risk->table, lower_name(&captured[1], arena));
}

void risk_of(struct risk *risk, const struct dialect *dialect,
    const struct sql_statement *statement, struct arena *arena)
{
	struct sql_token captured[SQL_CAPTURES];
	struct reading reading;
	read_statement(&reading, dialect, statement->text, statement->len);
	for (const struct sql_risk_rule *rule = dialect->risks; rule->pattern != NULL; rule++) {
		if (!sql_head_capture(&reading.head, rule->pattern, captured) ||
		    !holds(rule->condition, &reading))
			continue;
		*risk = (struct risk){.level = rule->level, .rule = rule->name, .why = rule->why};
		name_object(risk, rule->object, captured, arena);
		return;
	}
	*risk = (struct risk){.level = RISK_UNKNOWN,
	    .rule = "unknown-statement",
	    .why = "no rule knows this statement"};
}

bool risk_covers(const char *object, const char *lost)
{
	size_t len;
	if (strcmp(object, lost) == 0)
		return true;
	if (!text_starts(object, "table "))
		return false;
	object += strlen("table ");
	len = strlen(object);
	if (text_starts(lost, "rows of "))
		return strcmp(lost + strlen("rows of "), object) == 0;
	return text_starts(lost, "column ") && strncmp(lost + 7, object, len) == 0 &&
	       lost[7 + len] == '.';
}

bool sql_alter_of(struct sql_alter *alter, const struct dialect *dialect, const char *text,
    size_t len, struct arena *arena)
{
	static const struct {
		const char *pattern;
		int action;
	} forms[] = {
	    {"ALTER TABLE *. * ADD COLUMN *", SQL_ALTER_ADD},
	    {"ALTER TABLE *. * ADD *", SQL_ALTER_ADD},
	    {"ALTER TABLE *. * DROP COLUMN *", SQL_ALTER_DROP},
	    {"ALTER TABLE *. * DROP *", SQL_ALTER_DROP},
	    {"ALTER TABLE *. * RENAME TO *", SQL_ALTER_RENAME},
	    {"ALTER TABLE *. * RENAME COLUMN * TO *", SQL_ALTER_RENAME_COLUMN},
	    {"ALTER TABLE *. * RENAME * TO *", SQL_ALTER_RENAME_COLUMN},
	};
	struct sql_token captured[SQL_CAPTURES];
	struct reading reading;
	read_statement(&reading, dialect, text, len);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!sql_head_capture(&reading.head, forms[i].pattern, captured))
			continue;
		*alter = (struct sql_alter){.action = forms[i].action};
		alter->table = sql_token_name(&captured[0], arena);
		if (forms[i].action == SQL_ALTER_RENAME)
			alter->to = sql_token_name(&captured[1], arena);
		else
			alter->column = sql_token_name(&captured[1], arena);
		if (forms[i].action == SQL_ALTER_RENAME_COLUMN)
			/* The statement ends with the new name. */
			alter->to =
			    sql_token_name(&reading.head.tokens[reading.head.count - 1], arena);
		return true;
	}
	return false;
}

bool sql_is_update_where(const struct dialect *dialect, const char *text, size_t len)
{
	struct reading reading;
	read_statement(&reading, dialect, text, len);
	return sql_head_matches(&reading.head, "UPDATE") && has_real_where(&reading);
}

bool sql_has_word(const struct dialect *dialect, const char *text, size_t len, const char *word)
{
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (sql_token_is(&token, word))
			return true;
	return false;
}

const char *risk_level_name(enum risk_level level)
{
	static const char *const names[] = {
	    [RISK_SAFE] = "safe",
	    [RISK_WARN] = "warn",
	    [RISK_DESTRUCTIVE] = "destructive",
	    [RISK_UNKNOWN] = "unknown",
	};
	return names[level];
}
