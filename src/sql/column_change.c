#include "sql/column_change.h"
#include "sql/executable.h"
#include "sql/match.h"
#include "sql/risk.h"
#include <ctype.h>
#include <string.h>

/* The tokens of one action of ALTER TABLE, on the way through them. */
struct action {
	struct sql_token *tokens; /* in the arena */
	size_t count, capacity, at;
	struct arena *arena;
};

static const struct sql_token *ahead(const struct action *a, size_t offset)
{
	static const struct sql_token none = {.kind = SQL_TOKEN_END, .text = ""};

	return a->at + offset < a->count ? &a->tokens[a->at + offset] : &none;
}

static bool take(struct action *a, const char *word)
{
	if (!sql_token_is(ahead(a, 0), word))
		return false;
	a->at++;
	return true;
}

static bool take_two(struct action *a, const char *first, const char *second)
{
	if (!sql_token_is(ahead(a, 0), first) || !sql_token_is(ahead(a, 1), second))
		return false;
	a->at += 2;
	return true;
}

static bool take_any(struct action *a, const char *const *words)
{
	for (; *words != NULL; words++)
		if (take(a, *words))
			return true;
	return false;
}

static const char *take_name(struct action *a)
{
	const struct sql_token *token = ahead(a, 0);

	a->at += token->kind != SQL_TOKEN_END;
	return sql_token_name(token, a->arena);
}

/* Behind the parenthesis that closes the one here; at the end when none does. */
static void skip_parentheses(struct action *a)
{
	int depth = 0;

	do {
		depth += sql_token_is_sign(ahead(a, 0), '(') - sql_token_is_sign(ahead(a, 0), ')');
		a->at++;
	} while (a->at < a->count && depth > 0);
}

/* From there up to where we are, as the statement has it; NULL when that is nothing. */
static const char *text_from(const struct action *a, size_t begin)
{
	const struct sql_token *last;

	if (begin >= a->at || a->at > a->count)
		return NULL;
	last = &a->tokens[a->at - 1];
	return arena_strndup(a->arena, a->tokens[begin].text,
	    (size_t)(last->text + last->len - a->tokens[begin].text));
}

static const char *take_parentheses(struct action *a)
{
	size_t begin = a->at;

	if (!sql_token_is_sign(ahead(a, 0), '('))
		return NULL;
	skip_parentheses(a);
	return text_from(a, begin);
}

/* Without its first and last byte. */
static const char *inside(const char *parentheses, struct arena *arena)
{
	size_t len = parentheses != NULL ? strlen(parentheses) : 0;

	return len >= 2 ? arena_strndup(arena, parentheses + 1, len - 2) : NULL;
}

static const char *lower(const char *text, struct arena *arena)
{
	char *copy = arena_strdup(arena, text);

	for (char *at = copy; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	return copy;
}

static void take_type(struct action *a, struct sql_column_change *c)
{
	static const char *const first[] = {
	    "NATIONAL", "DOUBLE", "CHAR", "CHARACTER", "NCHAR", "LONG", NULL};
	static const char *const second[] = {
	    "PRECISION", "VARYING", "VARCHAR", "VARBINARY", "CHAR", "CHARACTER", NULL};
	bool more = false;

	for (const char *const *word = first; *word != NULL; word++)
		more = more || sql_token_is(ahead(a, 0), *word);
	if (ahead(a, 0)->kind != SQL_TOKEN_WORD)
		c->flags |= SQL_COLUMN_UNREAD;
	c->type = lower(take_name(a), a->arena);
	/* CHAR CHARACTER SET x: no type, but what belongs to it. */
	while (more && !sql_token_is(ahead(a, 1), "SET")) {
		const char *word = sql_token_name(ahead(a, 0), a->arena);

		if (!take_any(a, second))
			break;
		c->type = arena_printf(a->arena, "%s %s", c->type, lower(word, a->arena));
	}
	c->arguments = inside(take_parentheses(a), a->arena);
}

/* A literal with its sign or character set, a call, or an expression in parentheses. */
static const char *take_value(struct action *a)
{
	size_t begin = a->at;
	bool introduced = *ahead(a, 0)->text == '_' && ahead(a, 0)->kind == SQL_TOKEN_WORD;

	while (sql_token_is_sign(ahead(a, 0), '-') || sql_token_is_sign(ahead(a, 0), '+'))
		a->at++;
	if (take_two(a, "NEXT", "VALUE"))
		take(a, "FOR");
	if (take_parentheses(a) != NULL)
		return text_from(a, begin);
	if (a->at == a->count)
		return NULL;
	a->at++;
	while (sql_token_is_sign(ahead(a, 0), '.') && a->at + 1 < a->count)
		a->at += 2;
	while ((introduced || a->tokens[a->at - 1].kind == SQL_TOKEN_STRING) &&
	       ahead(a, 0)->kind == SQL_TOKEN_STRING)
		a->at++;
	take_parentheses(a);
	return text_from(a, begin);
}

static bool take_flag(struct action *a, struct sql_column_change *c)
{
	static const struct {
		const char *first, *second; /* second NULL: one word */
		unsigned flag;
	} flags[] = {
	    {"UNSIGNED", NULL, SQL_COLUMN_UNSIGNED},
	    {"SIGNED", NULL, 0},
	    {"ZEROFILL", NULL, SQL_COLUMN_ZEROFILL | SQL_COLUMN_UNSIGNED},
	    {"BINARY", NULL, SQL_COLUMN_BINARY},
	    {"NOT", "NULL", SQL_COLUMN_NOT_NULL},
	    {"NULL", NULL, SQL_COLUMN_NULL},
	    {"AUTO_INCREMENT", NULL, SQL_COLUMN_AUTO_INCREMENT},
	    {"INVISIBLE", NULL, SQL_COLUMN_INVISIBLE},
	    {"VISIBLE", NULL, 0},
	    {"PRIMARY", "KEY", SQL_COLUMN_PRIMARY},
	    {"UNIQUE", "KEY", SQL_COLUMN_UNIQUE},
	    {"UNIQUE", NULL, SQL_COLUMN_UNIQUE},
	    {"KEY", NULL, SQL_COLUMN_PRIMARY},
	    {"STORED", NULL, SQL_COLUMN_STORED},
	    {"PERSISTENT", NULL, SQL_COLUMN_STORED},
	    {"VIRTUAL", NULL, 0},
	    {"COMPRESSED", NULL, SQL_COLUMN_COMPRESSED},
	    {"GENERATED", "ALWAYS", 0},
	    {"FIRST", NULL, SQL_COLUMN_MOVED},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (flags[i].second != NULL ? !take_two(a, flags[i].first, flags[i].second)
					    : !take(a, flags[i].first))
			continue;
		c->flags |= flags[i].flag;
		return true;
	}
	return false;
}

static const char *take_setting(struct action *a)
{
	if (sql_token_is_sign(ahead(a, 0), '='))
		a->at++;
	return take_name(a);
}

/* One attribute with a value. False: it is none of them. */
static bool take_valued(struct action *a, struct sql_column_change *c)
{
	size_t begin;

	if (take(a, "DEFAULT"))
		c->default_value = take_value(a);
	else if (take_two(a, "ON", "UPDATE"))
		c->on_update = take_value(a);
	else if (take(a, "AS"))
		c->generated = take_parentheses(a);
	else if (take_two(a, "CHARACTER", "SET") || take_two(a, "CHAR", "SET") ||
		 take(a, "CHARSET"))
		c->character_set = lower(take_setting(a), a->arena);
	else if (take(a, "COLLATE"))
		c->collation = lower(take_setting(a), a->arena);
	else if (take(a, "SRID") || take(a, "REF_SYSTEM_ID"))
		c->srid = take_setting(a);
	else if (take(a, "COMMENT")) {
		begin = a->at;
		a->at += a->at < a->count;
		c->comment = text_from(a, begin);
	} else {
		return false;
	}
	return true;
}

/* What makes a constraint, and what is about storage alone. */
static bool take_other(struct action *a, struct sql_column_change *c)
{
	if (take(a, "AFTER")) {
		take_name(a);
		c->flags |= SQL_COLUMN_MOVED;
	} else if (take(a, "CONSTRAINT")) {
		if (!sql_token_is(ahead(a, 0), "CHECK"))
			take_name(a);
	} else if (take(a, "CHECK")) {
		take_parentheses(a);
		take_two(a, "NOT", "ENFORCED");
		take(a, "ENFORCED");
		c->flags |= SQL_COLUMN_CHECK;
	} else if (take(a, "REFERENCES")) {
		c->flags |= SQL_COLUMN_REFERENCES;
		a->at = a->count; /* its actions look like attributes */
	} else if (take(a, "COLUMN_FORMAT") || take(a, "STORAGE")) {
		take_name(a);
	} else if (take_two(a, "WITHOUT", "SYSTEM")) {
		take(a, "VERSIONING");
		c->flags |= SQL_COLUMN_UNVERSIONED;
	} else if (!take_two(a, "WITH", "SYSTEM") || !take(a, "VERSIONING")) {
		return false;
	}
	return true;
}

static void take_definition(struct action *a, struct sql_column_change *c)
{
	take_type(a, c);
	while (a->at < a->count)
		if (!take_flag(a, c) && !take_valued(a, c) && !take_other(a, c)) {
			c->flags |= SQL_COLUMN_UNREAD;
			return;
		}
}

/* [COLUMN] [IF EXISTS] name, and with CHANGE the new one. */
static bool take_change(struct action *a, struct sql_column_change *c)
{
	bool renames = take(a, "CHANGE");

	if (!renames && !take(a, "MODIFY"))
		return false;
	take(a, "COLUMN");
	c->if_exists = take_two(a, "IF", "EXISTS");
	c->column = c->name = take_name(a);
	if (renames)
		c->name = take_name(a);
	take_definition(a, c);
	return true;
}

struct changes {
	struct sql_column_change *items;
	size_t count, capacity;
};

/* An action is over; `table` has the names that all of them are about. */
static void finish_action(
    struct action *a, struct changes *changes, const struct sql_column_change *table)
{
	struct sql_column_change change = *table;

	a->at = 0;
	if (take_change(a, &change)) {
		change.flags |= table->flags;
		changes->items = arena_grow(
		    a->arena, changes->items, changes->count, &changes->capacity, sizeof(change));
		changes->items[changes->count++] = change;
	}
	a->count = 0;
}

/* How many tokens stand before the first action; 0: it is no ALTER TABLE. */
static size_t read_table(struct sql_column_change *table, const struct dialect *dialect,
    const char *text, size_t len, struct arena *arena)
{
	struct sql_capture captured[SQL_CAPTURES];
	struct sql_head head;
	size_t taken;

	sql_head_read(&head, dialect, text, len);
	if (!sql_head_capture(
		&head, "ALTER ?ONLINE ?IGNORE TABLE ?IF ?EXISTS *. * ?NOWAIT", captured, &taken))
		return 0;
	*table = (struct sql_column_change){.table = sql_token_name(&captured[0].name, arena)};
	if (captured[0].qualifier.text != NULL)
		table->schema = sql_token_name(&captured[0].qualifier, arena);
	/* WAIT 5 */
	if (taken + 1 < head.count && sql_token_is(&head.tokens[taken], "WAIT"))
		taken += 2;
	return taken;
}

size_t sql_column_changes(struct sql_column_change **ret, const struct dialect *dialect,
    const char *text, size_t len, struct arena *arena)
{
	struct sql_server worlds[SQL_WORLDS];
	struct sql_column_change table;
	struct changes changes = {0};
	struct action action = {.arena = arena};
	size_t before = read_table(&table, dialect, text, len, arena);
	struct sql_lexer lexer;
	struct sql_token token;
	int depth = 0;

	if (before == 0)
		return 0;
	if (sql_worlds(worlds, dialect, text, len) > 0)
		table.flags = SQL_COLUMN_UNREAD;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (!sql_token_is_gap(&token) && --before == 0)
			break;
	do {
		token = sql_lex_next(&lexer);
		if (sql_token_is_gap(&token))
			continue;
		depth += sql_token_is_sign(&token, '(') - sql_token_is_sign(&token, ')');
		if (token.kind == SQL_TOKEN_END || (depth == 0 && sql_token_is_sign(&token, ','))) {
			finish_action(&action, &changes, &table);
			continue;
		}
		action.tokens = arena_grow(
		    arena, action.tokens, action.count, &action.capacity, sizeof(*action.tokens));
		action.tokens[action.count++] = token;
	} while (token.kind != SQL_TOKEN_END);
	*ret = changes.items;
	return changes.count;
}
