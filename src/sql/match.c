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

/* Every statement is tried against every rule, and nearly all fail at a first letter. */
static bool matches_item(const struct sql_token *token, const char *item)
{
	bool quoted = token->kind == SQL_TOKEN_IDENTIFIER || token->kind == SQL_TOKEN_STRING;
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

static bool is_dot(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_OPERATOR && token->len == 1 && *token->text == '.';
}

/* Let one item match at *at and move behind it. */
static bool match_next(const struct sql_head *head, size_t *at, const char *item)
{
	size_t left = head->count - *at;
	const struct sql_token *token = &head->tokens[*at];

	if (*item == ';')
		return left == 0 && head->count < SQL_HEAD;
	if (*item == '?') {
		if (left > 0 && matches_item(token, item + 1))
			(*at)++;
		return true;
	}
	if (*item == '*' && item[1] == '.') {
		if (left > 1 && is_dot(token + 1))
			*at += 2;
		return true;
	}
	if (left == 0 || (*item != '*' && !matches_item(token, item)))
		return false;
	(*at)++;
	return true;
}

bool sql_head_matches(const struct sql_head *head, const char *pattern)
{
	struct sql_token ignored[SQL_CAPTURES];

	return sql_head_capture(head, pattern, ignored);
}

bool sql_head_capture(
    const struct sql_head *head, const char *pattern, struct sql_token captured[SQL_CAPTURES])
{
	size_t at = 0, count = 0;

	for (size_t i = 0; i < SQL_CAPTURES; i++)
		captured[i] = (struct sql_token){0};
	for (const char *item = pattern;; item++) {
		if (!match_next(head, &at, item))
			return false;
		if (*item == '*' && item_ends(item[1]) && count < SQL_CAPTURES)
			captured[count++] = head->tokens[at - 1];
		while (!item_ends(*item))
			item++;
		if (*item == '\0')
			return true;
	}
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
