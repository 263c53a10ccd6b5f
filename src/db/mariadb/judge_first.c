/*
 * A first install: where a run began with nothing in the database, nothing in it can be lost. What
 * a statement may lose elsewhere it has to name, unless its text is made while it runs.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include "sql/names.h"
#include <string.h>
#include <strings.h>

#define COUNT_OF(view, column, also)                                                               \
	"(SELECT COUNT(*) FROM information_schema." view " WHERE " column " = DATABASE()" also ")"

static bool read_begin(struct my_db *s, struct err *err)
{
	static const char things[] = "SELECT " COUNT_OF("TABLES", "TABLE_SCHEMA",
	    " AND LEFT(TABLE_NAME, 9) <> 'db_entry_'") " + " COUNT_OF("ROUTINES", "ROUTINE_SCHEMA",
	    "") " + " COUNT_OF("EVENTS", "EVENT_SCHEMA", "") " + " COUNT_OF("TRIGGERS",
	    "TRIGGER_SCHEMA", "");
	static const char others[] =
	    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN"
	    " (DATABASE(), 'information_schema')";
	struct my_begin *begin = &s->begin;
	struct db_rows rows;
	if (begin->read)
		return true;
	arena_free(&begin->arena);
	if (!my_query(&s->base, things, NULL, 0, &begin->arena, &rows, &s->stop, err) ||
	    !my_query(&s->base, others, NULL, 0, &begin->arena, &begin->others, &s->stop, err))
		return false;
	begin->empty = rows.count == 1 && strcmp(rows.cells[0], "0") == 0;
	begin->read = true;
	return true;
}

/* They come with every server, and what is in them is no application's. */
static bool is_server_s(const char *name)
{
	return text_is_nocase(name, "mysql") || text_is_nocase(name, "sys") ||
	       text_is_nocase(name, "performance_schema");
}

/* Most files have none of them, and looking for the bytes is a hundred times as fast as lexing. */
static bool has_bytes(const struct sql_statement *statement, const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || strchr(name, '`') != NULL || strchr(name, '"') != NULL)
		return true; /* it is not written as it is */
	for (size_t at = 0; at + len <= statement->len; at++)
		if ((statement->text[at] | 0x20) == (name[0] | 0x20) &&
		    strncasecmp(statement->text + at, name, len) == 0)
			return true;
	return false;
}

static bool has_name(const struct sql_statement *statement, const char *name)
{
	return has_bytes(statement, name) && sql_statement_names(statement, name);
}

/* Does it stand before a dot? Inside executable comments the dot may be elsewhere. */
static bool has_qualifier(const struct sql_statement *statement, const char *name)
{
	struct sql_lexer lexer;
	struct sql_token token;
	bool named = false;
	if (!has_name(statement, name))
		return false;
	if (has_bytes(statement, "/*!") || has_bytes(statement, "/*M!"))
		return true;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		if (named && sql_token_is_sign(&token, '.'))
			return true;
		named = sql_names(statement->dialect, token.text, token.len, name);
	}
	return false;
}

/* Rows of other databases, or servers, may be had by way of a table that is made so. */
static bool leads_elsewhere(const struct my_db *s, const struct sql_script *script)
{
	static const char *const engines[] = {
	    "FEDERATED", "CONNECT", "MERGE", "MRG_MYISAM", "SPIDER", "S3", "ROCKSDB", NULL};
	for (size_t i = 0; i < script->count; i++) {
		const struct sql_statement *statement = &script->statements[i];
		for (const char *const *engine = engines; *engine != NULL; engine++)
			if (has_name(statement, *engine))
				return true;
		for (size_t j = 0; j < s->begin.others.count; j++)
			if (has_qualifier(statement, s->begin.others.cells[j]))
				return true;
	}
	return false;
}

/* Does the server alone know what it does, within this session? */
static bool is_code(const struct risk *risk)
{
	static const char *const rules[] = {
	    "code", "call", "trigger", "explain-analyze", "alter-wait", "event-code", NULL};
	for (const char *const *rule = rules; *rule != NULL; rule++)
		if (risk->rule != NULL && strcmp(risk->rule, *rule) == 0)
			return true;
	return false;
}

static bool is_alone(const struct my_db *s)
{
	for (size_t i = 0; i < s->begin.others.count; i++)
		if (!is_server_s(s->begin.others.cells[i]))
			return false;
	return true;
}

/* Are they all things of this database? */
static bool are_inside(const struct my_db *s, const struct risk *risk)
{
	for (size_t i = 0; i < risk->loss_count; i++) {
		const struct risk_loss *loss = &risk->losses[i];
		bool named =
		    loss->schema != NULL && !text_is_nocase(loss->schema, s->server.database);
		if (named || (loss->table == NULL && strncmp(loss->object, "sequence ", 9) != 0 &&
				 strncmp(loss->object, "history of ", 11) != 0))
			return false;
	}
	return true;
}

bool my_judge_first(
    struct my_db *s, const struct sql_script *script, size_t at, struct risk *risk, struct err *err)
{
	if (!read_begin(s, err))
		return false;
	if (s->begin.empty && at == 0 && leads_elsewhere(s, script))
		s->begin.empty = false; /* what is made by it may be used by all that follow */
	if (!s->begin.empty || risk->level < RISK_DESTRUCTIVE || !are_inside(s, risk) ||
	    (risk->level == RISK_UNKNOWN && !(is_code(risk) && is_alone(s))))
		return true;
	risk->level = RISK_WARN;
	risk->rule = "first-install";
	risk->why = "nothing was there when this run began";
	return true;
}
