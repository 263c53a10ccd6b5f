#include "sql/risk.h"
#include "base/text.h"
#include "sql/executable.h"
#include "sql/reading.h"
#include <string.h>

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

static const char *lower(const char *name, struct arena *arena)
{
	char *copy = arena_strdup(arena, name);
	for (char *at = copy; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
	return copy;
}

/* As the engine compares names. */
static const char *plain_name(
    const struct sql_token *token, const struct dialect *dialect, struct arena *arena)
{
	const char *name = sql_token_name(token, arena);
	return dialect->exact_names && token->kind != SQL_TOKEN_WORD ? name : lower(name, arena);
}

/* As the engine can be asked for it: there may be another one in lower case. */
static const char *exact_name(
    const struct sql_token *token, const struct dialect *dialect, struct arena *arena)
{
	return dialect->exact_names ? plain_name(token, dialect, arena)
				    : sql_token_name(token, arena);
}

/* With its schema, unless that is where tables are at home. */
static const char *full_name(
    const struct sql_capture *capture, const struct dialect *dialect, struct arena *arena)
{
	const char *name = plain_name(&capture->name, dialect, arena), *home = dialect->home_schema;
	if (home == NULL)
		return name;
	/* Inside a string both stand together: setval('public.users_id_seq', 1). */
	if (capture->name.kind == SQL_TOKEN_STRING && text_starts(name, home) &&
	    name[strlen(home)] == '.')
		return name + strlen(home) + 1;
	if (capture->qualifier.text == NULL)
		return name;
	const char *schema = plain_name(&capture->qualifier, dialect, arena);
	return strcmp(schema, home) == 0 ? name : arena_printf(arena, "%s.%s", schema, name);
}

static bool is_about_table(const char *object)
{
	return strcmp(object, RISK_TABLE) == 0 || strcmp(object, RISK_COLUMN) == 0 ||
	       strcmp(object, RISK_ROWS) == 0;
}

static void add_loss(struct risk *risk, const char *object,
    const struct sql_capture captured[SQL_CAPTURES], const struct dialect *dialect,
    struct arena *arena)
{
	struct risk_loss loss = {.object = ""};
	size_t count = 0;
	for (const char *at = object; *at != '\0'; at++)
		loss.object = *at != '*' ? arena_printf(arena, "%s%c", loss.object, *at)
					 : arena_printf(arena, "%s%s", loss.object,
					       full_name(&captured[count++], dialect, arena));
	if (is_about_table(object)) {
		loss.table = exact_name(&captured[0].name, dialect, arena);
		if (captured[0].qualifier.text != NULL)
			loss.schema = exact_name(&captured[0].qualifier, dialect, arena);
		if (text_is(object, RISK_COLUMN))
			loss.column = exact_name(&captured[1].name, dialect, arena);
	}
	for (size_t i = 0; i < risk->loss_count; i++)
		if (strcmp(risk->losses[i].object, loss.object) == 0)
			return;
	risk->losses = arena_grow(
	    arena, risk->losses, risk->loss_count, &risk->loss_capacity, sizeof(*risk->losses));
	risk->losses[risk->loss_count++] = loss;
}

static void judge_how(struct risk *risk, const struct reading_part *part,
    const struct dialect *dialect, struct arena *arena)
{
	const struct sql_alter_rule *rule = dialect->alters;
	struct sql_capture captured[SQL_CAPTURES];
	while (rule != NULL && rule->pattern != NULL &&
	       !sql_head_capture(&part->head, rule->pattern, captured, NULL))
		rule++;
	if (rule == NULL || rule->pattern == NULL || rule->how <= risk->how)
		return;
	risk->how = rule->how;
	risk->altered = risk->altered_schema = NULL;
	if (rule->table >= SQL_CAPTURES)
		return;
	const struct sql_capture *table = &captured[rule->table];
	risk->altered = exact_name(&table->name, dialect, arena);
	if (table->qualifier.text != NULL)
		risk->altered_schema = exact_name(&table->qualifier, dialect, arena);
}

static void judge_part(struct risk *risk, const struct reading_part *part,
    const struct dialect *dialect, struct arena *arena)
{
	static const struct sql_risk_rule unknown = {.level = RISK_UNKNOWN,
	    .name = "unknown-statement",
	    .why = "no rule knows this statement"};
	struct sql_capture captured[SQL_CAPTURES];
	const struct sql_risk_rule *rule = dialect->risks;
	while (rule->pattern != NULL &&
	       ((rule->condition != RISK_ALWAYS && !reading_has(part, rule->condition)) ||
		   !sql_head_capture(&part->head, rule->pattern, captured, NULL)))
		rule++;
	if (rule->pattern == NULL)
		rule = &unknown;
	if (rule->object != NULL)
		add_loss(risk, rule->object, captured, dialect, arena);
	if (rule->object != NULL && dialect->dependents != NULL &&
	    reading_has(part, RISK_IF_CASCADE))
		add_loss(risk, dialect->dependents, captured, dialect, arena);
	judge_how(risk, part, dialect, arena);
	if (risk->rule != NULL && rule->level <= risk->level)
		return;
	risk->level = rule->level;
	risk->rule = rule->name;
	risk->why = rule->why;
}

static void say_unknown(struct risk *risk, const char *rule, const char *why)
{
	risk->level = RISK_UNKNOWN;
	risk->rule = rule;
	risk->why = why;
}

/* A server on which nothing of it is code does nothing. */
static void judge_on(struct risk *risk, const struct dialect *dialect,
    const struct sql_server *server, const struct sql_statement *statement, struct arena *arena)
{
	struct reading reading;
	reading_of(&reading, dialect, server, statement->text, statement->len, arena);
	for (size_t i = 0; i < reading.count; i++)
		if (server == NULL || reading.parts[i].head.count > 0)
			judge_part(risk, &reading.parts[i], dialect, arena);
	if (reading.cut)
		say_unknown(risk, "too-long", "it has more parts than are read");
}

void risk_of(struct risk *risk, const struct dialect *dialect,
    const struct sql_statement *statement, struct arena *arena)
{
	struct sql_server worlds[SQL_WORLDS];
	size_t count = sql_worlds(worlds, dialect, statement->text, statement->len);
	*risk = (struct risk){.level = RISK_SAFE};
	for (size_t i = 0; i < count && i < SQL_WORLDS; i++)
		judge_on(risk, dialect, &worlds[i], statement, arena);
	if (count > SQL_WORLDS)
		say_unknown(risk, "too-long", "it has more executable comments than are read");
	else if (risk->rule == NULL)
		judge_on(risk, dialect, NULL, statement, arena);
}

bool risk_names_table(const struct risk *risk, const char *table)
{
	for (size_t i = 0; i < risk->loss_count; i++)
		if (risk->losses[i].table != NULL && text_is_nocase(risk->losses[i].table, table))
			return true;
	return false;
}

/* "rows of audit.users" → "audit.users"; NULL for what is no table's. */
static const char *table_of(const char *object)
{
	static const char *const kinds[] = {"table ", "rows of ", "column "};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (text_starts(object, kinds[i]))
			return object + strlen(kinds[i]);
	return NULL;
}

/* Is it in that schema? A name of the home schema has none before it. */
static bool is_in_schema(const char *lost, const char *table, const char *schema)
{
	size_t len = strlen(schema);
	if (strncmp(table, schema, len) != 0 || table[len] != '.')
		return false;
	return !text_starts(lost, "column ") || strchr(table + len + 1, '.') != NULL;
}

/* Is it that table, or a column of it? */
static bool is_of_table(const char *lost, const char *table, const char *name)
{
	size_t len = strlen(name);
	if (strncmp(table, name, len) != 0)
		return false;
	if (!text_starts(lost, "column "))
		return table[len] == '\0';
	return table[len] == '.' && strchr(table + len + 1, '.') == NULL;
}

bool risk_covers(const char *object, const char *lost)
{
	const char *table = table_of(lost);
	if (strcmp(object, lost) == 0)
		return true;
	if (table == NULL)
		return false;
	if (text_starts(object, "schema "))
		return is_in_schema(lost, table, object + strlen("schema "));
	return text_starts(object, "table ") && is_of_table(lost, table, object + strlen("table "));
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
	struct sql_capture captured[SQL_CAPTURES];
	struct sql_head head;
	sql_head_read(&head, dialect, text, len);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!sql_head_capture(&head, forms[i].pattern, captured, NULL))
			continue;
		*alter = (struct sql_alter){.action = forms[i].action};
		alter->table = sql_token_name(&captured[0].name, arena);
		if (forms[i].action == SQL_ALTER_RENAME)
			alter->to = sql_token_name(&captured[1].name, arena);
		else
			alter->column = sql_token_name(&captured[1].name, arena);
		if (forms[i].action == SQL_ALTER_RENAME_COLUMN)
			/* The statement ends with the new name. */
			alter->to = sql_token_name(&head.tokens[head.count - 1], arena);
		return true;
	}
	return false;
}

bool sql_is_update_where(const struct dialect *dialect, const char *text, size_t len)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct reading reading;
	reading_of(&reading, dialect, NULL, text, len, &arena);
	return sql_head_matches(&reading.parts[0].head, "UPDATE") &&
	       reading_has(&reading.parts[0], RISK_IF_WHERE);
}

bool sql_moves_names(const struct dialect *dialect, const char *text, size_t len)
{
	struct sql_head head;
	sql_head_read(&head, dialect, text, len);
	return sql_head_matches_any(&head, dialect->moves_names);
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

const char *sql_how_name(enum sql_how how)
{
	static const char *const names[] = {
	    [SQL_HOW_INSTANT] = "instant",
	    [SQL_HOW_IN_PLACE] = "in place",
	    [SQL_HOW_UNSURE] = "instant or copy",
	    [SQL_HOW_COPY] = "copy",
	};
	return names[how];
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
