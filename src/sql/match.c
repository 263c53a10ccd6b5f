#include "sql/match.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_text(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

static bool item_ends(char c)
{
	return c == ' ' || c == '\0';
}

/* A prefix before the quotes, as in U&"…", makes it no name that a pattern knows. */
static bool is_quoted(const struct sql_token *token)
{
	return (token->kind == SQL_TOKEN_IDENTIFIER || token->kind == SQL_TOKEN_STRING) &&
	       (*token->text == '"' || *token->text == '\'' || *token->text == '`' ||
		   *token->text == '[');
}

/* Every statement is tried against every rule, and nearly all fail at a first letter. */
static bool matches_item(const struct sql_token *token, const char *item)
{
	bool quoted = is_quoted(token);
	const char *text = token->text + (quoted ? 1 : 0), *end;
	size_t len = token->len - (quoted ? 2 : 0);

	for (;; item = end + 1) {
		/* SQLite takes "main", [main], even 'main' for a name, but never for a keyword. */
		bool possible = lower(*item) == lower(*text) && (!quoted || *item == lower(*item));

		for (end = item; *end != '|' && !item_ends(*end);)
			end++;
		if (possible && (size_t)(end - item) == len && same_text(item, text, len))
			return true;
		if (*end != '|')
			return false;
	}
}

/* On the way through a pattern. */
struct match {
	const struct sql_head *head;
	struct sql_capture captured[SQL_CAPTURES];
	size_t taken;
};

/* Where the rest of a pattern is to be matched. */
struct place {
	size_t at;       /* in the head */
	size_t captures; /* so far */
	struct sql_token qualifier;
};

static bool match_rest(struct match *match, struct place place, const char *item);

/* Skip what this item took, and go on behind it in the pattern. */
static bool go_on(struct match *match, struct place place, size_t taken, const char *item)
{
	place.at += taken;
	while (!item_ends(*item))
		item++;
	if (*item != '\0')
		return match_rest(match, place, item + 1);
	match->taken = place.at;
	return true;
}

static bool match_anything(struct match *match, struct place place, const char *item)
{
	size_t left = match->head->count - place.at;

	for (size_t taken = 0; taken <= left; taken++)
		if (go_on(match, place, taken, item))
			return true;
	return false;
}

static bool match_any_token(struct match *match, struct place place, const char *item)
{
	struct sql_capture capture = {match->head->tokens[place.at], place.qualifier};
	size_t at = place.captures;

	place.qualifier = (struct sql_token){0};
	if (at < SQL_CAPTURES) {
		match->captured[at] = capture;
		place.captures++;
	}
	if (go_on(match, place, 1, item))
		return true;
	if (at < SQL_CAPTURES)
		match->captured[at] = (struct sql_capture){0};
	return false;
}

static bool match_qualifier(struct match *match, struct place place, const char *item)
{
	const struct sql_head *head = match->head;
	size_t taken = 0;

	place.qualifier = (struct sql_token){0};
	while (head->count - place.at - taken > 1 &&
	       sql_token_is_sign(&head->tokens[place.at + taken + 1], '.')) {
		place.qualifier = head->tokens[place.at + taken];
		taken += 2;
	}
	return go_on(match, place, taken, item);
}

static bool match_rest(struct match *match, struct place place, const char *item)
{
	const struct sql_head *head = match->head;
	size_t left = head->count - place.at;
	const struct sql_token *token = &head->tokens[place.at];

	if (*item == ';')
		return left == 0 && head->count < SQL_HEAD && go_on(match, place, 0, item);
	if (*item == '?')
		return (left > 0 && matches_item(token, item + 1) &&
			   go_on(match, place, 1, item)) ||
		       go_on(match, place, 0, item);
	if (*item == '.' && item[1] == '.')
		return match_anything(match, place, item);
	if (*item == '*' && item[1] == '.')
		return match_qualifier(match, place, item);
	if (left == 0)
		return false;
	if (*item == '*')
		return match_any_token(match, place, item);
	return matches_item(token, item) && go_on(match, place, 1, item);
}

bool sql_head_matches(const struct sql_head *head, const char *pattern)
{
	struct match match = {.head = head};

	return match_rest(&match, (struct place){0}, pattern);
}

bool sql_head_matches_any(const struct sql_head *head, const char *const *patterns)
{
	for (; patterns != NULL && *patterns != NULL; patterns++)
		if (sql_head_matches(head, *patterns))
			return true;
	return false;
}

bool sql_head_capture(const struct sql_head *head, const char *pattern,
    struct sql_capture captured[SQL_CAPTURES], size_t *taken)
{
	struct match match = {.head = head};
	bool matches = match_rest(&match, (struct place){0}, pattern);

	for (size_t i = 0; i < SQL_CAPTURES; i++)
		captured[i] = match.captured[i];
	if (taken != NULL)
		*taken = match.taken;
	return matches;
}

const struct sql_class_rule *sql_head_rule(
    const struct sql_head *head, const struct dialect *dialect)
{
	for (const struct sql_class_rule *rule = dialect->classes; rule->pattern != NULL; rule++) {
		if (sql_head_matches(head, rule->pattern))
			return rule;
	}
	return NULL;
}

void sql_head_read(
    struct sql_head *head, const struct dialect *dialect, const char *text, size_t len)
{
	sql_head_read_on(head, dialect, NULL, text, len);
}

void sql_head_read_on(struct sql_head *head, const struct dialect *dialect,
    const struct sql_server *server, const char *text, size_t len)
{
	struct sql_lexer lexer;
	struct sql_token token;

	head->count = 0;
	sql_lex_init(&lexer, dialect, text, len, 1);
	lexer.server = server;
	while (head->count < SQL_HEAD && (token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (!sql_token_is_gap(&token))
			sql_head_add(head, &token);
}
