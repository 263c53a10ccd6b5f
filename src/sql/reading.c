#include "sql/reading.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* On the way through a statement. */
struct reader {
	const struct dialect *dialect;
	struct arena *arena;
	struct reading *reading;
	struct sql_token before;  /* the last token that says something */
	struct sql_token name;    /* a word or name before here, when `before` is one; */
	bool qualified;           /* by another schema than the engine's own */
	struct sql_token context; /* and what stands before it, qualifiers left out */
	int depth;                /* of parentheses and brackets */
	bool calls;
	size_t item;    /* the part that is being read at depth 0 */
	size_t *nested; /* the open ones inside it, by their number; inner ones behind outer ones */
	size_t nested_count, nested_capacity;
	size_t prefix; /* tokens before the list's first item */
	enum {
		LIST_UNKNOWN,
		LIST_NONE,
		LIST_ITEMS
	} list;
};

/* Two words in a row, outside of parentheses inside the part or not: no more is asked. */
static const struct {
	const char *first, *second;
	enum risk_condition fact;
} pairs[] = {
    {"DO", "UPDATE", RISK_IF_UPSERT},
    {"DUPLICATE", "KEY", RISK_IF_UPSERT},
    {"THEN", "DELETE", RISK_IF_MERGE_DELETE},
    {"THEN", "UPDATE", RISK_IF_MERGE_UPDATE},
    {"BY", "SOURCE", RISK_IF_BY_SOURCE},
    {"NOT", "VALID", RISK_IF_NOT_VALID},
    {"FROM", "PROGRAM", RISK_IF_PROGRAM},
    {"TO", "PROGRAM", RISK_IF_PROGRAM},
};

/* What changes rows. */
static bool begins_change(const struct sql_token *token)
{
	static const char *const words[] = {"INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE", NULL};

	return sql_token_is_any(token, words);
}

static bool begins_statement(const struct sql_token *token)
{
	static const char *const words[] = {"SELECT", "VALUES", "TABLE", NULL};

	return begins_change(token) || sql_token_is_any(token, words);
}

/* Words that end a condition. Parentheses around it are not part of it. */
static void read_condition(struct reading_part *part, const struct sql_token *token)
{
	if (sql_token_is(token, "RETURNING") || sql_token_is(token, "ORDER") ||
	    sql_token_is(token, "LIMIT"))
		part->condition_over = true;
	else if (!sql_token_is_sign(token, '(') && !sql_token_is_sign(token, ')') &&
		 part->condition_count <= READING_WHERE_TOKENS && !part->condition_over)
		part->condition[part->condition_count++] = *token;
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
static bool has_real_where(const struct reading_part *part)
{
	const struct sql_token *condition = part->condition;

	if (!part->where || part->condition_count == 0)
		return false;
	if (part->condition_count == 1)
		return !is_constant(&condition[0]);
	if (part->condition_count == READING_WHERE_TOKENS)
		return !same_token(&condition[0], &condition[2]) &&
		       !(is_constant(&condition[0]) && is_constant(&condition[2]));
	return true;
}

/* NULL when there are too many. */
static struct reading_part *add_part(struct reader *reader, int depth)
{
	struct reading *reading = reader->reading;
	struct reading_part *part;

	if (reading->count == READING_PARTS) {
		reading->cut = true;
		return NULL;
	}
	reading->parts = arena_grow(
	    reader->arena, reading->parts, reading->count, &reading->capacity, sizeof(*part));
	part = &reading->parts[reading->count++];
	*part = (struct reading_part){.depth = depth};
	return part;
}

static void read_pairs(
    struct reading_part *part, const struct sql_token *before, const struct sql_token *token)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (sql_token_is(token, pairs[i].second) && sql_token_is(before, pairs[i].first))
			part->facts |= 1u << pairs[i].fact;
}

/* ENGINE = InnoDB, in quotes or not. */
static void read_engine(struct reading_part *part, const struct sql_token *token)
{
	static const char innodb[] = "innodb";
	size_t quotes = token->kind == SQL_TOKEN_WORD ? 0 : 1;

	if (part->engine && sql_token_is_sign(token, '='))
		return;
	if (part->engine && (token->len != strlen(innodb) + 2 * quotes ||
				strncasecmp(token->text + quotes, innodb, strlen(innodb)) != 0))
		part->facts |= 1u << RISK_IF_ENGINE;
	part->engine = sql_token_is(token, "ENGINE");
}

/* users_old, `backup_users`: behind TO, AS or RENAME, a schema left out. */
static void read_new_name(
    struct reading_part *part, const struct sql_token *before, const struct sql_token *token)
{
	static const char *const words[] = {"old", "bak", "bkp", "backup", "archive", NULL};
	static const char *const leading[] = {"TO", "AS", "RENAME", NULL};
	size_t quotes = token->kind == SQL_TOKEN_IDENTIFIER ? 1 : 0;
	const char *name = token->text + quotes, *end = token->text + token->len - quotes;

	if (!sql_token_is_name(token) ||
	    (!sql_token_is_any(before, leading) && !sql_token_is_sign(before, '.')))
		return;
	for (const char *const *word = words; *word != NULL; word++) {
		size_t len = strlen(*word);

		if ((size_t)(end - name) > len + 1 &&
		    ((end[-(ptrdiff_t)len - 1] == '_' && strncasecmp(end - len, *word, len) == 0) ||
			(name[len] == '_' && strncasecmp(name, *word, len) == 0)))
			part->facts |= 1u << RISK_IF_BACKUP;
	}
}

/* What an event will do is read no further than this. */
static void read_code(struct reading_part *part, const struct sql_token *token)
{
	static const char *const words[] = {"DELETE", "TRUNCATE", "DROP", "CALL", "EXECUTE",
	    "UPDATE", "ALTER", "REPLACE", "RENAME", "LOAD", NULL};

	if (part->body && sql_token_is_any(token, words))
		part->facts |= 1u << RISK_IF_CODE;
	part->body = part->body || sql_token_is(token, "DO");
	part->facts &= ~(1u << RISK_IF_CASCADE);
	if (sql_token_is(token, "CASCADE"))
		part->facts |= 1u << RISK_IF_CASCADE;
}

/* The statement behind a WITH clause begins behind its last parenthesis, or a word behind that. */
static bool with_ends(const struct reader *reader, const struct sql_token *token)
{
	return begins_statement(token) && !sql_token_is_sign(&reader->before, ',') &&
	       !sql_token_is(&reader->before, "WITH") &&
	       !sql_token_is(&reader->before, "RECURSIVE");
}

static void read_part(
    struct reader *reader, struct reading_part *part, const struct sql_token *token)
{
	int depth = reader->depth - part->depth;

	if (part->with && depth == 0 && with_ends(reader, token))
		part->with = false;
	if (part->with)
		return;
	sql_head_add(&part->head, token);
	read_pairs(part, &reader->before, token);
	read_engine(part, token);
	read_code(part, token);
	read_new_name(part, &reader->before, token);
	if (part->where)
		read_condition(part, token);
	if (depth == 0 && sql_token_is(token, "WHERE"))
		part->where = true;
}

/* A word and one of the list, which is in lower case. */
static int compare_word(const void *key, const void *element)
{
	const struct sql_token *word = key;
	const char *name = *(const char *const *)element;
	int order = strncasecmp(word->text, name, word->len);

	return order != 0 ? order : -(name[word->len] != '\0');
}

static bool is_harmless(const struct sql_words *harmless, const struct sql_token *word)
{
	return bsearch(word, harmless->items, harmless->count, sizeof(*harmless->items),
		   compare_word) != NULL;
}

/* A name before a parenthesis, unless what stands before it says that its columns follow. */
static bool is_call(const struct reader *reader)
{
	static const char *const words[] = {"INTO", "AS", "TABLE", "VIEW", "EXISTS", NULL};

	if (!sql_token_is_name(&reader->before) || sql_token_is_any(&reader->context, words) ||
	    sql_token_is_sign(&reader->context, ')'))
		return false;
	return reader->qualified || !is_harmless(reader->dialect->harmless_calls, &reader->before);
}

static void note_call(struct reader *reader)
{
	const struct reading_part *statement = &reader->reading->parts[0];

	/* WITH x (a, b) AS …: a name of its own. */
	if (reader->dialect->harmless_calls == NULL || (statement->with && reader->depth == 0))
		return;
	reader->calls = reader->calls || is_call(reader);
}

static void follow_names(struct reader *reader, const struct sql_token *token)
{
	if (sql_token_is_name(token) && !sql_token_is_sign(&reader->before, '.')) {
		reader->context = reader->before;
		reader->qualified = false;
	} else if (sql_token_is_sign(token, '.') && !sql_token_is(&reader->before, "pg_catalog")) {
		reader->qualified = true;
	}
}

static bool is_list(struct reader *reader)
{
	const struct sql_head *head = &reader->reading->parts[0].head;
	struct sql_capture ignored[SQL_CAPTURES];

	if (reader->list != LIST_UNKNOWN)
		return reader->list == LIST_ITEMS;
	reader->list = LIST_NONE;
	for (const char *const *list = reader->dialect->lists; list != NULL && *list != NULL;
	     list++) {
		if (!sql_head_capture(head, *list, ignored, &reader->prefix))
			continue;
		reader->list = LIST_ITEMS;
		break;
	}
	return reader->list == LIST_ITEMS;
}

/* The next item, as if what stands before the list stood before it, too. */
static void begin_item(struct reader *reader)
{
	struct reading_part *part = add_part(reader, 0);
	const struct reading_part *first = &reader->reading->parts[0];

	if (part == NULL)
		return;
	for (size_t i = 0; i < reader->prefix; i++)
		sql_head_add(&part->head, &first->head.tokens[i]);
	reader->item = reader->reading->count - 1;
}

static void begin_nested(struct reader *reader)
{
	struct reading_part *part = add_part(reader, reader->depth);

	if (part == NULL)
		return;
	part->nested = true;
	reader->nested = arena_grow(reader->arena, reader->nested, reader->nested_count,
	    &reader->nested_capacity, sizeof(*reader->nested));
	reader->nested[reader->nested_count++] = reader->reading->count - 1;
}

static bool begins_nested(const struct reader *reader, const struct sql_token *token)
{
	return reader->dialect->nested != NULL && sql_token_is_sign(&reader->before, '(') &&
	       begins_change(token);
}

static void end_nested(struct reader *reader)
{
	const struct reading *reading = reader->reading;

	while (reader->nested_count > 0 &&
	       reader->depth < reading->parts[reader->nested[reader->nested_count - 1]].depth)
		reader->nested_count--;
}

static void read_token(struct reader *reader, const struct sql_token *token)
{
	struct reading *reading = reader->reading;

	reader->depth -= sql_token_is_sign(token, ')') || sql_token_is_sign(token, ']');
	end_nested(reader);
	if (begins_nested(reader, token))
		begin_nested(reader);
	if (sql_token_is_sign(token, ',') && reader->depth == 0 && !reading->parts[0].with &&
	    is_list(reader))
		begin_item(reader);
	else
		read_part(reader, &reading->parts[reader->item], token);
	for (size_t i = 0; i < reader->nested_count; i++)
		read_part(reader, &reading->parts[reader->nested[i]], token);
	if (sql_token_is_sign(token, '('))
		note_call(reader);
	follow_names(reader, token);
	reader->depth += sql_token_is_sign(token, '(') || sql_token_is_sign(token, '[');
	reader->before = *token;
}

/* What only looked like a statement inside another, or is not carried out by it. */
static void drop_parts(struct reader *reader, const struct sql_head *whole)
{
	struct reading *reading = reader->reading;
	bool carries_out = sql_head_matches_any(whole, reader->dialect->nesting);
	size_t kept = 0;

	for (size_t i = 0; i < reading->count; i++) {
		const struct reading_part *part = &reading->parts[i];

		if (part->nested &&
		    (!carries_out || !sql_head_matches_any(&part->head, reader->dialect->nested)))
			continue;
		if (kept != i)
			reading->parts[kept] = *part;
		kept++;
	}
	reading->count = kept;
}

void reading_of(struct reading *reading, const struct dialect *dialect,
    const struct sql_server *server, const char *text, size_t len, struct arena *arena)
{
	struct reader reader = {.dialect = dialect, .arena = arena, .reading = reading};
	struct sql_head whole = {.count = 0};
	struct sql_lexer lexer;
	struct sql_token token;

	*reading = (struct reading){0};
	add_part(&reader, 0);
	sql_lex_init(&lexer, dialect, text, len, 1);
	lexer.server = server;
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		if (whole.count == 0)
			reading->parts[0].with = sql_token_is(&token, "WITH");
		sql_head_add(&whole, &token);
		read_token(&reader, &token);
	}
	drop_parts(&reader, &whole);
	for (size_t i = 0; i < reading->count; i++) {
		if (has_real_where(&reading->parts[i]))
			reading->parts[i].facts |= 1u << RISK_IF_WHERE;
		if (reader.calls)
			reading->parts[i].facts |= 1u << RISK_IF_CALLS;
	}
}
