/* What statements may run beside themselves, by the definitions that were read. */
#include "db/mariadb/reach.h"
#include "base/text.h"
#include "sql/lex.h"
#include "sql/names.h"
#include "sql/risk.h"
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH = 8 /* of routines that call routines */
};

/* --- Names --- */

static bool is_name_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '$' || (c & 0x80) != 0;
}

/* How much of the text is the name; 0: it is another. */
static size_t match(const char *text, const char *name)
{
	const char *at = text;
	while (*name != '\0') {
		if ((*name & 0x80) == 0) {
			if (strncasecmp(at++, name++, 1) != 0)
				return 0;
			continue;
		}
		if ((*at & 0x80) == 0)
			return 0;
		for (; (*name & 0x80) != 0; name++)
			;
		for (; (*at & 0x80) != 0; at++)
			;
	}
	return (size_t)(at - text);
}

bool my_alike(const char *a, const char *b)
{
	return match(a, b) == strlen(a);
}

static bool is_ascii(const char *name)
{
	for (; *name != '\0'; name++)
		if ((*name & 0x80) != 0)
			return false;
	return true;
}

bool my_mentions(const char *text, const char *name)
{
	bool ascii = is_ascii(name);
	if (*name == '\0')
		return false;
	for (const char *at = text; *at != '\0'; at++) {
		if (ascii && (at = strcasestr(at, name)) == NULL)
			return false;
		size_t len = match(at, name);
		if (len > 0 && (at == text || !is_name_byte(at[-1])) && !is_name_byte(at[len]))
			return true;
	}
	return false;
}

/* --- What is called --- */

static int compare_word(const void *key, const void *element)
{
	const struct sql_token *word = key;
	const char *name = *(const char *const *)element;
	int order = strncasecmp(word->text, name, word->len);
	return order != 0 ? order : -(name[word->len] != '\0');
}

static bool is_harmless(const struct sql_token *word)
{
	static const char *const compound[] = {
	    "RETURN", "IF", "ELSEIF", "UNTIL", "WHILE", "DEFAULT", "FOR", NULL};
	const struct sql_words *words = &risk_harmless_mariadb;
	return sql_token_is_any(word, compound) || bsearch(word, words->items, words->count,
						       sizeof(*words->items), compare_word) != NULL;
}

/* Has a routine the name of something that the server has only in another version, or kind? */
bool my_reach_has_shadows(const struct my_db *s)
{
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		const struct sql_token name = {.kind = SQL_TOKEN_WORD,
		    .text = row[MY_REACH_NAME],
		    .len = strlen(row[MY_REACH_NAME])};
		if (row[MY_REACH_TABLE] == NULL && is_harmless(&name))
			return true;
	}
	return false;
}

static enum my_calls calls_of(const struct my_db *s, const struct dialect *dialect,
    const char *text, size_t len, bool body, int depth);

/* By its name alone: one of another database may be meant. */
static enum my_calls called(const struct my_db *s, const struct sql_token *token, int depth)
{
	CLEANUP(arena_free) struct arena arena = {0};
	enum my_calls worst = MY_CALLS_UNKNOWN;
	const char *name = sql_token_name(token, &arena);
	bool found = false;
	for (size_t i = 0; i < s->reach.count && depth < DEPTH; i++) {
		const char *const *row = my_reach_row(s, i);
		const char *text = row[MY_REACH_BODY];
		if (row[MY_REACH_TABLE] != NULL || !text_is_nocase(row[MY_REACH_NAME], name))
			continue;
		enum my_calls calls = text == NULL ? MY_CALLS_UNKNOWN
						   : calls_of(s, &dialect_mariadb, text,
							 strlen(text), true, depth + 1);
		if (calls < MY_CALLS_READS)
			calls = MY_CALLS_READS;
		worst = !found || calls > worst ? calls : worst;
		found = true;
	}
	return worst;
}

/* On the way through a text. */
struct scan {
	struct sql_token before;  /* the last token that says something */
	struct sql_token context; /* what stands before the name that `before` ends */
	bool qualified;
};

/* Is it the name of a routine, too? Which of the two is called the server's version decides. */
static bool is_shadow(const struct my_db *s, const struct sql_token *name)
{
	for (size_t i = 0; s->reach_shadows && i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (row[MY_REACH_TABLE] == NULL && sql_token_is(name, row[MY_REACH_NAME]))
			return true;
	}
	return false;
}

/* A name before a parenthesis, unless its columns follow. */
static bool is_call(const struct my_db *s, const struct scan *scan, const struct sql_token *token)
{
	static const char *const leading[] = {"INTO", "AS", "TABLE", "TABLES", "VIEW", "EXISTS",
	    "JOIN", "WITH", "RECURSIVE", "INSERT", "REPLACE", "IGNORE", NULL};
	if (!sql_token_is_sign(token, '(') || !sql_token_is_name(&scan->before) ||
	    sql_token_is_any(&scan->context, leading))
		return false;
	return scan->qualified || scan->before.kind == SQL_TOKEN_IDENTIFIER ||
	       !is_harmless(&scan->before) || is_shadow(s, &scan->before);
}

static void go_on(struct scan *scan, const struct sql_token *token)
{
	if (sql_token_is_sign(token, '.'))
		scan->qualified = true;
	else if (!sql_token_is_sign(&scan->before, '.')) {
		scan->context = scan->before;
		scan->qualified = false;
	}
	scan->before = *token;
}

static enum my_calls of_word(const struct sql_token *token, bool body)
{
	static const char *const unknown[] = {"SETVAL", "EXECUTE", "IMMEDIATE", NULL};
	static const char *const writes[] = {
	    "DELETE", "UPDATE", "REPLACE", "INSERT", "LOAD", "CALL", NULL};
	return sql_token_is_any(token, unknown)          ? MY_CALLS_UNKNOWN
	       : body && sql_token_is_any(token, writes) ? MY_CALLS_WRITES
							 : MY_CALLS_NONE;
}

static enum my_calls calls_of(const struct my_db *s, const struct dialect *dialect,
    const char *text, size_t len, bool body, int depth)
{
	struct sql_lexer lexer;
	struct scan scan = {0};
	struct sql_token token;
	enum my_calls worst = MY_CALLS_NONE;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		enum my_calls calls = is_call(s, &scan, &token) ? called(s, &scan.before, depth)
								: of_word(&token, body);
		worst = calls > worst ? calls : worst;
		go_on(&scan, &token);
	}
	return worst;
}

enum my_calls my_calls_of(const struct my_db *s, const struct sql_statement *statement)
{
	return calls_of(s, statement->dialect, statement->text, statement->len, false, 0);
}

enum my_calls my_calls_in(const struct my_db *s, const char *body)
{
	return body == NULL ? MY_CALLS_UNKNOWN
			    : calls_of(s, &dialect_mariadb, body, strlen(body), true, 1);
}

bool my_reach_is_view(const struct my_db *s, const char *name)
{
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (text_is(row[MY_REACH_KIND], "VIEW") &&
		    text_is_nocase(row[MY_REACH_TABLE], name))
			return true;
	}
	return false;
}

bool my_reach_sets_more(const struct my_db *s, const char *table)
{
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (row[MY_REACH_TABLE] != NULL && text_is_nocase(row[MY_REACH_TABLE], table) &&
		    (strstr(row[MY_REACH_KIND], "UPDATE") != NULL ||
			text_is(row[MY_REACH_KIND], "TRIGGER")))
			return true;
	}
	return false;
}

bool my_reach_names(const struct my_db *s, const char *text)
{
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (row[MY_REACH_TABLE] != NULL && !text_is(row[MY_REACH_KIND], "ENGINE") &&
		    my_mentions(text, row[MY_REACH_TABLE]))
			return true;
	}
	return false;
}

/* --- What may lose something --- */

static bool says_any(const char *body, const char *const *words)
{
	for (; *words != NULL; words++)
		if (sql_has_word(&dialect_mariadb, body, strlen(body), *words))
			return true;
	return false;
}

/* Does it, or what it calls, more than add rows and set those of the statement? */
static bool is_harmful(const struct my_db *s, const char *body)
{
	static const char *const words[] = {"DELETE", "UPDATE", "REPLACE", "CALL", NULL};
	if (says_any(body, words) || strstr(body, "/*!") != NULL ||
	    my_calls_in(s, body) == MY_CALLS_UNKNOWN)
		return true;
	for (size_t i = 0; i < s->schemas.count; i++)
		if (my_mentions(body, s->schemas.cells[i]))
			return true;
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (row[MY_REACH_TABLE] == NULL && my_mentions(body, row[MY_REACH_NAME]))
			return true;
	}
	return false;
}

bool my_reach_any_harmful(const struct my_db *s)
{
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (row[MY_REACH_TABLE] != NULL && row[MY_REACH_NAME][0] != '\0' &&
		    (row[MY_REACH_BODY] == NULL || is_harmful(s, row[MY_REACH_BODY])))
			return true;
	}
	return false;
}

/* With those of the views it is made of. Views of what can't be seen fail by themselves. */
static enum my_calls view_calls(const struct my_db *s, const char *body, int depth)
{
	enum my_calls worst = my_calls_in(s, body);
	for (size_t i = 0; i < s->reach.count && body != NULL && depth < DEPTH; i++) {
		const char *const *row = my_reach_row(s, i);
		if (!text_is(row[MY_REACH_KIND], "VIEW") ||
		    !my_mentions(body, row[MY_REACH_TABLE]) ||
		    text_is(row[MY_REACH_BODY] == NULL ? "" : row[MY_REACH_BODY], body))
			continue;
		enum my_calls calls = view_calls(s, row[MY_REACH_BODY], depth + 1);
		worst = calls > worst ? calls : worst;
	}
	return worst;
}

const char *my_reach_view(const struct my_db *s, const struct sql_statement *statement)
{
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		if (text_is(row[MY_REACH_KIND], "VIEW") &&
		    sql_statement_names(statement, row[MY_REACH_TABLE]) &&
		    view_calls(s, row[MY_REACH_BODY], 0) > MY_CALLS_READS)
			return row[MY_REACH_TABLE];
	}
	return NULL;
}

const char *my_reach_harmful(const struct my_db *s, const struct sql_statement *statement)
{
	static const char *const adds[] = {"INSERT", "LOAD", NULL};
	const char *view = my_reach_view(s, statement);
	if (view != NULL)
		return view;
	if (my_calls_of(s, statement) > MY_CALLS_READS)
		return "a function";
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = my_reach_row(s, i);
		const char *body = row[MY_REACH_BODY], *name = row[MY_REACH_NAME];
		if (row[MY_REACH_TABLE] == NULL || text_is(row[MY_REACH_KIND], "ENGINE") ||
		    !sql_statement_names(statement, row[MY_REACH_TABLE]))
			continue;
		/* A view leads to any table, and rows that are added fire more. */
		if (name[0] == '\0' || (body != NULL && says_any(body, adds))) {
			if (my_reach_any_harmful(s))
				return name[0] == '\0' ? row[MY_REACH_TABLE] : name;
		} else if (body == NULL || is_harmful(s, body))
			return name;
	}
	return NULL;
}
