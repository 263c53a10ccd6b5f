/*
 * What this run made itself is free: nobody had it before. Only what statements outside a
 * transaction certainly made, and as long as nothing may have moved or copied what was there: it is
 * forgotten then.
 */
#include "base/text.h"
#include "db/mariadb/proof.h"
#include "sql/match.h"
#include "sql/reading.h"
#include <string.h>

void my_made_forget(struct my_db *s)
{
	struct my_proof *proof = s->proof;
	arena_free(&proof->run);
	proof->made = NULL;
	proof->made_count = proof->made_capacity = 0;
}

static const char *schema_of(const struct my_db *s, const char *schema)
{
	return schema == NULL ? s->server.database : schema;
}

bool my_made_has(const struct my_db *s, const char *schema, const char *table, const char *column)
{
	for (size_t i = 0; s->proof != NULL && i < s->proof->made_count; i++) {
		const struct my_made *made = &s->proof->made[i];
		if (text_is(made->schema, schema_of(s, schema)) && text_is(made->table, table) &&
		    (made->column == NULL ||
			(column != NULL && text_is_nocase(made->column, column))))
			return true;
	}
	return false;
}

static const char *name_in(struct arena *arena, const struct sql_token *token)
{
	return token->text == NULL ? NULL : sql_token_name(token, arena);
}

static void add(struct my_db *s, const struct sql_capture *table, const struct sql_token *column)
{
	struct my_proof *proof = s->proof;
	const char *schema = name_in(&proof->run, &table->qualifier);
	const struct my_made made = {
	    .schema = arena_strdup(&proof->run, schema_of(s, schema)),
	    .table = sql_token_name(&table->name, &proof->run),
	    .column = column == NULL ? NULL : sql_token_name(column, &proof->run),
	};
	proof->made = arena_grow(
	    &proof->run, proof->made, proof->made_count, &proof->made_capacity, sizeof(made));
	proof->made[proof->made_count++] = made;
}

/* Is all that it may lose, or change, of what the run made? */
static bool is_of_ours(
    const struct my_db *s, const struct sql_statement *statement, const struct risk *risk)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_change change;
	size_t ours = 0;
	my_change_of(&change, statement, &arena);
	if (change.form != MY_ANYTHING && change.form != MY_NOTHING) {
		for (size_t i = 0; i < change.count; i++)
			ours +=
			    my_made_has(s, change.tables[i].schema, change.tables[i].name, NULL);
		return ours == change.count;
	}
	return risk->loss_count == 0 && risk->level == RISK_SAFE;
}

/* They change no row that is there, and move none. */
static bool is_quiet(const struct sql_statement *statement, const struct risk *risk)
{
	static const char *const moving[] = {"RENAME", "EXCHANGE", "PARTITION", NULL};
	static const char *const rules[] = {"temporary", "drop-derived", "alter-table",
	    "drop-index", "alter-default", "add-column", "insert", "read", "create", "setting",
	    "alter-definition", "create-index", "create-unique", "add-constraint",
	    "drop-constraint", "drop-default", "checks-off", "sql-mode", "revoke", "rewrite",
	    "convert-charset", "lock", NULL};
	/* Among the actions of one ALTER, of which the risk tells the worst alone. */
	for (const char *const *word = moving; *word != NULL; word++)
		if (sql_has_word(statement->dialect, statement->text, statement->len, *word) &&
		    !text_is(risk->rule, "create") && !text_is(risk->rule, "insert"))
			return false;
	for (const char *const *rule = rules; *rule != NULL; rule++)
		if (text_is(risk->rule, *rule))
			return risk->level < RISK_DESTRUCTIVE;
	return false;
}

/* There was nothing to drop. */
static bool did_nothing(const struct reading *reading, const struct risk *risk, unsigned warnings)
{
	return warnings > 0 && reading->count == 1 && text_is(risk->rule, "drop-table") &&
	       sql_head_matches(&reading->parts[0].head, "DROP TABLE|TABLES IF EXISTS");
}

bool my_leads_elsewhere(
    struct my_db *s, const char *schema, const char *table, bool *leads, struct err *err)
{
	static const char sql[] =
	    "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND"
	    " ENGINE IN ('MRG_MYISAM', 'FEDERATED', 'CONNECT', 'SPIDER', 'S3')";
	CLEANUP(arena_free) struct arena arena = {0};
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = schema_of(s, schema)}, {.type = DB_TEXT, .text = table}};
	struct db_rows rows;
	if (!my_query(&s->base, sql, values, 2, &arena, &rows, &s->stop, err))
		return false;
	*leads = rows.count > 0;
	return true;
}

/* Its rows may be those of other tables: by its engine, which may be another's, or a setting. */
static void add_table(
    struct my_db *s, const struct sql_statement *statement, const struct sql_capture *table)
{
	static const char *const words[] = {"LIKE", "UNION", "ENGINE", NULL};
	CLEANUP(arena_free) struct arena arena = {0};
	struct err ignored; /* without it nothing is known to be free */
	bool leads = s->strayed;
	for (const char *const *word = words; *word != NULL && !leads; word++)
		leads = sql_has_word(statement->dialect, statement->text, statement->len, *word);
	if (leads && !my_leads_elsewhere(s, name_in(&arena, &table->qualifier),
			 sql_token_name(&table->name, &arena), &leads, &ignored))
		return;
	if (!leads)
		add(s, table, NULL);
}

/* The warning says that it was there. */
static void note_made(struct my_db *s, const struct sql_statement *statement,
    const struct reading *reading, unsigned warnings)
{
	struct sql_capture captured[SQL_CAPTURES];
	const struct sql_head *head = &reading->parts[0].head;
	if (sql_head_capture(head, "CREATE TABLE IF NOT EXISTS *. *", captured, NULL)) {
		/* Dumps begin with sql_notes = 0: then it says nothing. */
		if (warnings == 0 && !s->strayed)
			add_table(s, statement, &captured[0]);
		return;
	}
	if (sql_head_capture(head, "CREATE TABLE *. *", captured, NULL)) {
		add_table(s, statement, &captured[0]);
		return;
	}
	for (size_t i = 0; i < reading->count; i++) {
		static const char table[] = "ALTER ?ONLINE TABLE ?IF ?EXISTS *. *";
		static const char *const not [] = {
		    "ALTER ?ONLINE TABLE ?IF ?EXISTS *. * ?NOWAIT ADD "
		    "CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK|INDEX|KEY|FULLTEXT|SPATIAL|PERIOD|"
		    "SYSTEM|PARTITION|(",
		    "ALTER ?ONLINE TABLE ?IF ?EXISTS *. * ?NOWAIT ADD COLUMN (",
		    "ALTER ?ONLINE TABLE ?IF ?EXISTS *. * ?NOWAIT ADD ?COLUMN IF", NULL};
		head = &reading->parts[i].head;
		if (!sql_head_matches_any(head, not ) &&
		    sql_head_capture(head,
			"ALTER ?ONLINE TABLE ?IF ?EXISTS *. * ?NOWAIT ADD ?COLUMN *", captured,
			NULL) &&
		    sql_head_matches(head, table))
			add(s, &captured[0], &captured[1].name);
	}
}

static bool may_make(const struct sql_statement *statement)
{
	return strncasecmp(statement->text, "CREATE", strlen("CREATE")) == 0 ||
	       strncasecmp(statement->text, "ALTER", strlen("ALTER")) == 0;
}

void my_made_after(struct my_db *s, const struct sql_statement *statement, unsigned warnings)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct reading reading;
	struct risk risk = {0};
	if (s->proof->made_count == 0 && !may_make(statement))
		return;
	risk_of(&risk, statement->dialect, statement, &arena);
	reading_of(&reading, statement->dialect, NULL, statement->text, statement->len, &arena);
	if (did_nothing(&reading, &risk, warnings))
		return;
	if (!is_quiet(statement, &risk) && !is_of_ours(s, statement, &risk))
		my_made_forget(s);
	else if (!statement->conditional && !reading.cut)
		note_made(s, statement, &reading, warnings);
}
