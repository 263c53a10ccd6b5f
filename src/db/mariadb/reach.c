#include "db/mariadb/reach.h"
#include "base/text.h"
#include "sql/lex.h"
#include "sql/match.h"
#include "sql/names.h"
#include "sql/risk.h"
#include <stdlib.h>
#include <string.h>

enum {
	SQL_MOST = 1 << 20,
	DEPTH = 8 /* of routines that call routines */
};

/* Where a backslash is an ordinary character strings end elsewhere than it is read here. */
#define READABLE(body)                                                                             \
	"IF(FIND_IN_SET('NO_BACKSLASH_ESCAPES', SQL_MODE) > 0 AND INSTR(" body ", CHAR(92)) > 0,"  \
	" NULL, " body ")"

/* '' would be NULL under EMPTY_STRING_IS_NULL. */
#define NOTHING "LEFT(TABLE_NAME, 0)"

/* --- Reading --- */

/* The databases that the statements may reach, as a list of literals. */
static bool list_schemas(
    struct my_db *s, const struct sql_script *script, struct buf *sql, struct err *err)
{
	static const char others[] =
	    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN"
	    " ('information_schema', 'performance_schema', 'sys') AND SCHEMA_NAME <> DATABASE()";
	if (!my_query(&s->base, others, NULL, 0, &s->reach_arena, &s->schemas, &s->stop, err))
		return false;
	buf_add_text(sql, "(DATABASE()");
	for (size_t i = 0; i < s->schemas.count; i++) {
		if (!sql_script_names(script, s->schemas.cells[i]))
			continue;
		buf_add_text(sql, ", ");
		my_literal(s, s->schemas.cells[i], sql);
	}
	buf_add_char(sql, ')');
	return true;
}

/* --- What the script makes itself --- */

/* Steps over a name, which may be qualified: its last part. */
static const char *take_name(struct sql_lexer *lexer, struct sql_token *token, struct arena *arena)
{
	const char *name = NULL;
	bool dot = true;
	for (; token->kind != SQL_TOKEN_END; *token = sql_lex_next(lexer)) {
		if (sql_token_is_gap(token))
			continue;
		if (!dot && !sql_token_is_sign(token, '.'))
			break;
		if (dot)
			name = sql_token_name(token, arena);
		dot = !dot;
	}
	return name;
}

/* Up to one of the words, and behind it; false: it is not there. */
static bool skip_to(struct sql_lexer *lexer, struct sql_token *token, const char *const *words)
{
	while (!sql_token_is_any(token, words) && token->kind != SQL_TOKEN_END)
		*token = sql_lex_next(lexer);
	bool found = token->kind != SQL_TOKEN_END;
	*token = sql_lex_next(lexer);
	return found;
}

/* A row as of a trigger or function that is there; false: the statement makes none. */
static bool read_made(const struct my_db *s, const struct sql_statement *statement,
    const char **row, struct arena *arena)
{
	static const char *const kinds[] = {"TRIGGER", "FUNCTION", NULL};
	static const char *const if_not[] = {"IF", "NOT", "EXISTS", NULL};
	static const char *const on[] = {"ON", NULL}, *const each[] = {"ROW", NULL};
	struct sql_lexer lexer;
	struct sql_token token;
	struct sql_head head;
	sql_head_read(&head, statement->dialect, statement->text, statement->len);
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	token = sql_lex_next(&lexer);
	if (!sql_head_matches(&head, "CREATE"))
		return false;
	while (!sql_token_is_any(&token, kinds) && !sql_token_is_sign(&token, '(') &&
	       token.kind != SQL_TOKEN_END)
		token = sql_lex_next(&lexer);
	bool trigger = sql_token_is(&token, "TRIGGER");
	if (!trigger && !sql_token_is(&token, "FUNCTION"))
		return false;
	do
		token = sql_lex_next(&lexer);
	while (sql_token_is_gap(&token) || sql_token_is_any(&token, if_not));
	const char *name = take_name(&lexer, &token, arena);
	row[MY_REACH_NAME] = name == NULL || name[0] == '\0' ? "?" : name;
	if (trigger && skip_to(&lexer, &token, on))
		row[MY_REACH_TABLE] = take_name(&lexer, &token, arena);
	if (trigger)
		skip_to(&lexer, &token, each);
	const char *body = token.text == NULL ? "" : token.text;
	size_t len = token.text == NULL ? 0 : statement->len - (size_t)(body - statement->text);
	bool readable = (statement->dialect->lexing & SQL_LEX_BACKSLASHES) != 0 ||
			memchr(body, '\\', len) == NULL;
	row[MY_REACH_BODY] = readable ? arena_strndup(arena, body, len) : NULL;
	row[MY_REACH_SCHEMA] = s->server.database;
	row[MY_REACH_KIND] = trigger ? "TRIGGER" : "ROUTINE";
	return true;
}

/* They are there by the time that what follows is run. */
static void add_made(struct my_db *s, const struct sql_script *script)
{
	struct db_rows *rows = &s->reach;
	const char **cells = arena_array(
	    &s->reach_arena, (rows->count + script->count) * MY_REACH_CELLS, sizeof(*cells));
	if (rows->count > 0)
		memcpy(cells, rows->cells, rows->count * MY_REACH_CELLS * sizeof(*cells));
	rows->cells = cells;
	for (size_t i = 0; i < script->count; i++) {
		const char *row[MY_REACH_CELLS] = {NULL};
		if (script->statements[i].class == SQL_PLAIN ||
		    !read_made(s, &script->statements[i], row, &s->reach_arena))
			continue;
		memcpy(cells + rows->count++ * MY_REACH_CELLS, row, sizeof(row));
	}
}

/* All there is to know of tables that are named and have no code. */
static void add_engines(struct my_db *s)
{
	const struct my_named *named = &s->named;
	const char **cells =
	    arena_array(&s->reach_arena, named->count * MY_REACH_CELLS, sizeof(*cells));
	s->reach.cells = cells;
	for (size_t i = 0; i < named->count; i++) {
		const char **row = cells + s->reach.count * MY_REACH_CELLS;
		if (named->tables[i].innodb)
			continue;
		row[MY_REACH_NAME] = row[MY_REACH_BODY] = "";
		row[MY_REACH_TABLE] = named->tables[i].name;
		row[MY_REACH_SCHEMA] = named->tables[i].schema;
		row[MY_REACH_KIND] = "ENGINE";
		s->reach.count++;
	}
}

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
static bool has_shadows(const struct my_db *s)
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

bool my_reach_read(struct my_db *s, const struct sql_script *script, bool engines, struct err *err)
{
	CLEANUP(buf_free) struct buf in = buf_init(SQL_MOST);
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	arena_free(&s->reach_arena);
	s->reach = s->schemas = (struct db_rows){0};
	s->reach_read = s->reach_shadows = false;
	if (!my_named_read(s, script, !engines, err))
		return false;
	if (s->named.only) {
		if (engines)
			add_engines(s);
		return s->reach_read = true;
	}
	if (!list_schemas(s, script, &in, err))
		return false;
	buf_add_text(&sql, "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ");
	buf_add_text(&sql, READABLE("ACTION_STATEMENT"));
	buf_printf(&sql,
	    ", TRIGGER_SCHEMA, CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION) FROM"
	    " information_schema.TRIGGERS WHERE TRIGGER_SCHEMA IN %s UNION ALL SELECT " NOTHING
	    ", TABLE_NAME, VIEW_DEFINITION, TABLE_SCHEMA, 'VIEW' FROM information_schema.VIEWS"
	    " WHERE TABLE_SCHEMA IN %s UNION ALL SELECT ROUTINE_NAME, NULL, ",
	    in.data, in.data);
	buf_add_text(&sql, READABLE("ROUTINE_DEFINITION"));
	buf_printf(&sql,
	    ", ROUTINE_SCHEMA, 'ROUTINE' FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN"
	    " %s",
	    in.data);
	if (engines)
		buf_printf(&sql,
		    " UNION ALL SELECT " NOTHING ", TABLE_NAME, " NOTHING ", TABLE_SCHEMA,"
		    " 'ENGINE' FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN ('VIEW',"
		    " 'SYSTEM VIEW', 'TEMPORARY') AND COALESCE(ENGINE, 'none') <> 'InnoDB' AND"
		    " TABLE_SCHEMA IN %s",
		    in.data);
	if (in.overflow || sql.overflow)
		return err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
	if (!my_query(&s->base, sql.data, NULL, 0, &s->reach_arena, &s->reach, &s->stop, err))
		return false;
	add_made(s, script);
	s->reach_shadows = has_shadows(s);
	return s->reach_read = true;
}

/* --- What is called --- */

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
