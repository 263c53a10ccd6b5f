/* Reading what statements may reach: definitions of code, in the catalog and in the script. */
#include "db/mariadb/reach.h"
#include "sql/lex.h"
#include "sql/match.h"
#include "sql/names.h"
#include <string.h>

enum {
	SQL_MOST = 1 << 20
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
	s->reach_shadows = my_reach_has_shadows(s);
	return s->reach_read = true;
}
