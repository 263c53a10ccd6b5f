/*
 * What the schema that is there makes of a statement that reading could not decide: columns defined
 * anew, and rows that triggers and foreign keys change beside those that are named.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include "sql/column_change.h"
#include "sql/names.h"
#include "sql/reading.h"
#include <string.h>

enum {
	LOST_MOST = 1 << 16
};

static bool names(const struct sql_statement *statement, const char *name)
{
	return sql_names(statement->dialect, statement->text, statement->len, name);
}

static bool says_any(const struct sql_statement *statement, const char *const *words)
{
	for (; *words != NULL; words++)
		if (sql_has_word(statement->dialect, statement->text, statement->len, *words))
			return true;
	return false;
}

static const char *const of_characters[] = {"CONVERT", "CHARACTER", "CHARSET", "COLLATE", NULL};

/* --- Columns defined anew --- */

/* Then what is there now is not what it will find. */
static bool is_changed_before(
    const struct sql_script *script, size_t at, const struct sql_column_change *change)
{
	for (size_t i = 0; i < at; i++) {
		const struct sql_statement *before = &script->statements[i];
		if (names(before, "sql_mode"))
			return true;
		if (names(before, change->table) &&
		    (names(before, change->column) || names(before, change->name) ||
			(before->class == SQL_COMMITS && says_any(before, of_characters))))
			return true;
	}
	return false;
}

/* All that reading named is lost by one of these, if at all. */
static bool are_all(const struct risk *risk, const struct sql_column_change *changes, size_t count,
    struct arena *arena)
{
	size_t found = 0;
	for (size_t i = 0; i < risk->loss_count; i++)
		for (size_t j = 0; j < count; j++) {
			const struct sql_column_change *c = &changes[j];
			const char *object =
			    c->schema == NULL
				? arena_printf(arena, "column %s.%s", c->table, c->column)
				: arena_printf(
				      arena, "column %s.%s.%s", c->schema, c->table, c->column);
			if (!text_is_nocase(risk->losses[i].object, object))
				continue;
			found++;
			break;
		}
	return risk->loss_count > 0 && found == risk->loss_count;
}

/* Without a word of its own a column takes what the table has by then. */
static bool changes_table(const struct sql_statement *statement, struct arena *arena)
{
	struct reading reading;
	reading_of(&reading, statement->dialect, NULL, statement->text, statement->len, arena);
	for (size_t i = 0; i < reading.count; i++) {
		const struct sql_head *head = &reading.parts[i].head;
		if (sql_head_matches(head, "ALTER ?ONLINE ?IGNORE TABLE ?IF ?EXISTS *. * ?NOWAIT"
					   " MODIFY|CHANGE|ADD|DROP|RENAME|ALTER"))
			continue;
		for (size_t j = 0; j < head->count; j++)
			for (const char *const *word = of_characters; *word != NULL; word++)
				if (sql_token_is(&head->tokens[j], *word))
					return true;
	}
	return reading.cut;
}

static bool judge_columns(struct my_db *s, const struct sql_script *script, size_t at,
    struct risk *risk, struct arena *arena, struct err *err)
{
	const struct sql_statement *statement = &script->statements[at];
	struct sql_column_change *changes;
	CLEANUP(buf_free) struct buf all = buf_init(LOST_MOST);
	size_t count = sql_column_changes(
	    &changes, statement->dialect, statement->text, statement->len, arena);
	if (risk->level != RISK_DESTRUCTIVE || !are_all(risk, changes, count, arena) ||
	    changes_table(statement, arena))
		return true;
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_free) struct buf lost = buf_init(LOST_MOST);
		bool there;
		if (is_changed_before(script, at, &changes[i]) || changes[i].type == NULL)
			return true;
		if (!my_judge_column(s, &changes[i], &there, &lost, err))
			return false;
		if (!there && !changes[i].if_exists)
			return true;
		if (lost.len > 0)
			buf_printf(&all, "%s%s.%s loses %s", all.len > 0 ? "; " : "",
			    changes[i].table, changes[i].column, lost.data);
	}
	if (all.overflow)
		return true;
	if (all.len > 0) {
		risk->why = arena_strdup(arena, all.data);
		return true;
	}
	risk->level = RISK_WARN;
	risk->rule = "widen-column";
	risk->why = "the column is defined anew, and keeps all it has";
	return true;
}

/* --- Triggers --- */

enum reach {
	NAME,  /* of the trigger, or the routine; "": a view */
	TABLE, /* NULL: a routine */
	BODY,
	SCHEMA,
	REACHES
};

/* Asked for once for a script: it is judged as a whole before any of it is run. */
static bool read_reach(struct my_db *s, size_t at, struct err *err)
{
	static const char sql[] =
	    "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_STATEMENT, TRIGGER_SCHEMA"
	    " FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN"
	    " ('mysql', 'sys', 'performance_schema', 'information_schema')"
	    " UNION ALL SELECT '', TABLE_NAME, '', TABLE_SCHEMA FROM information_schema.VIEWS"
	    " WHERE TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', "
	    "'information_schema')"
	    " UNION ALL SELECT ROUTINE_NAME, NULL, ROUTINE_DEFINITION, ROUTINE_SCHEMA FROM "
	    "information_schema.ROUTINES"
	    " WHERE ROUTINE_SCHEMA NOT IN ('mysql', 'sys')";
	if (at > 0 && s->reach_read)
		return true;
	arena_free(&s->reach_arena);
	s->reach_read = my_query(&s->base, sql, NULL, 0, &s->reach_arena, &s->reach, &s->stop, err);
	return s->reach_read;
}

static bool body_names(const char *body, const char *name)
{
	return sql_names(&dialect_mariadb, body, strlen(body), name);
}

/* Does it, or what it calls, more than add rows and set those of the statement? One that is not
 * shown (NULL) may. */
static bool is_harmful(const struct my_db *s, const char *body)
{
	static const char *const words[] = {"DELETE", "UPDATE", "REPLACE", "CALL", NULL};
	if (body == NULL)
		return true; /* it may not be seen */
	const struct sql_statement statement = {
	    .text = body, .len = strlen(body), .dialect = &dialect_mariadb};
	if (says_any(&statement, words) || strstr(body, "/*!") != NULL)
		return true;
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = s->reach.cells + i * REACHES;
		bool here = text_is_nocase(row[SCHEMA], s->server.database);
		if (here ? row[TABLE] == NULL && body_names(body, row[NAME])
			 : body_names(body, row[SCHEMA]))
			return true;
	}
	return false;
}

/* In the session's database, or one that the statement names. */
static bool is_within(
    const struct my_db *s, const struct sql_statement *statement, const char *const *row)
{
	return text_is_nocase(row[SCHEMA], s->server.database) || names(statement, row[SCHEMA]);
}

static bool is_any_harmful(const struct my_db *s, const struct sql_statement *statement)
{
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = s->reach.cells + i * REACHES;
		if (row[TABLE] != NULL && is_within(s, statement, row) && row[NAME][0] != '\0' &&
		    is_harmful(s, row[BODY]))
			return true;
	}
	return false;
}

/*
 * The trigger that a statement may fire, or function that it may call, that may lose something;
 * NULL: there is none.
 */
static const char *find_harmful(const struct my_db *s, const struct sql_statement *statement)
{
	static const char *const adds[] = {"INSERT", "LOAD", NULL};
	for (size_t i = 0; i < s->reach.count; i++) {
		const char *const *row = s->reach.cells + i * REACHES;
		const char *used = row[TABLE] == NULL ? row[NAME] : row[TABLE];
		if (!names(statement, used) || !is_within(s, statement, row))
			continue;
		if (row[TABLE] == NULL) {
			if (is_harmful(s, row[BODY]))
				return row[NAME];
			continue;
		}
		const struct sql_statement body = {.text = row[BODY] == NULL ? "" : row[BODY],
		    .len = row[BODY] == NULL ? 0 : strlen(row[BODY]),
		    .dialect = &dialect_mariadb};
		/* A view leads to any table, and rows that are added fire more. */
		if (row[NAME][0] == '\0' || says_any(&body, adds)) {
			if (is_any_harmful(s, statement))
				return row[NAME][0] == '\0' ? row[TABLE] : row[NAME];
		} else if (is_harmful(s, row[BODY]))
			return row[NAME];
	}
	return NULL;
}

static bool changes_rows(const struct sql_statement *statement)
{
	static const char *const words[] = {"INSERT", "UPDATE", "REPLACE", "DELETE", "LOAD", NULL};
	return statement->class == SQL_PLAIN && says_any(statement, words);
}

/* Is it a trigger, or a function, made with such code? */
static bool makes_harmful(
    const struct my_db *s, const struct sql_statement *statement, struct arena *arena)
{
	struct sql_lexer lexer;
	struct sql_token token;
	bool made = false, each = false;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		made = made || sql_token_is(&token, "TRIGGER") || sql_token_is(&token, "FUNCTION");
		if (made &&
		    ((each && sql_token_is(&token, "ROW")) || sql_token_is(&token, "RETURNS") ||
			sql_token_is(&token, "RETURN"))) {
			const char *code = token.text + token.len;
			return is_harmful(
			    s, arena_strndup(
				   arena, code, statement->len - (size_t)(code - statement->text)));
		}
		each = sql_token_is(&token, "EACH");
	}
	return false;
}

static bool is_harm_made(
    const struct my_db *s, const struct sql_script *script, size_t at, struct arena *arena)
{
	for (size_t i = 0; i < at; i++)
		if (script->statements[i].class == SQL_COMMITS &&
		    makes_harmful(s, &script->statements[i], arena))
			return true;
	return false;
}

static bool judge_triggers(struct my_db *s, const struct sql_script *script, size_t at,
    struct risk *risk, struct arena *arena, struct err *err)
{
	const struct sql_statement *statement = &script->statements[at];
	if (risk->level == RISK_UNKNOWN || !changes_rows(statement))
		return true;
	if (!read_reach(s, at, err))
		return false;
	const char *trigger = find_harmful(s, statement);
	if (trigger == NULL && is_harm_made(s, script, at, arena))
		trigger = "what is made before it";
	if (trigger == NULL)
		return true;
	risk->level = RISK_UNKNOWN;
	risk->rule = "trigger";
	risk->why = arena_printf(
	    arena, "it may fire or call %s, which changes more than this statement says", trigger);
	return true;
}

bool my_judge(struct db *db, const struct sql_script *script, size_t at, struct risk *risk,
    struct arena *arena, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	if (at == 0)
		s->reach_read = false;
	return my_enter(s, stop, err) && judge_columns(s, script, at, risk, arena, err) &&
	       judge_triggers(s, script, at, risk, arena, err) &&
	       my_judge_first(s, script, at, risk, err);
}
