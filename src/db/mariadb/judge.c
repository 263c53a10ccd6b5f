/*
 * What the schema that is there makes of a statement that reading could not decide: columns defined
 * anew, and rows that triggers and foreign keys change beside those that are named.
 */
#include "base/text.h"
#include "db/mariadb/cascade.h"
#include "db/mariadb/change.h"
#include "db/mariadb/proof.h"
#include "db/mariadb/reach.h"
#include "sql/column_change.h"
#include "sql/names.h"
#include "sql/reading.h"
#include <string.h>

enum {
	LOST_MOST = 1 << 16
};

static bool says_any(const struct sql_statement *statement, const char *const *words)
{
	for (; *words != NULL; words++)
		if (sql_has_word(statement->dialect, statement->text, statement->len, *words))
			return true;
	return false;
}

static const char *const of_characters[] = {"CONVERT", "CHARACTER", "CHARSET", "COLLATE", NULL};

/* --- Names --- */

static bool moves_names(const struct sql_statement *statement, const char *table)
{
	return sql_moves_names(statement->dialect, statement->text, statement->len) &&
	       sql_statement_names(statement, table);
}

/*
 * Does the name of a table lead, by then, to rows of one that has another name now? `there`: it has
 * rows now, which a view that is made of it does not change.
 */
static bool is_moved(const struct sql_script *script, size_t at, const char *table, bool there)
{
	for (size_t i = 0; i < at; i++)
		if (moves_names(&script->statements[i], table) &&
		    (!there || sql_statement_names(&script->statements[i], "RENAME")))
			return true;
	return false;
}

/* --- Columns defined anew --- */

/* Then what is there now is not what it will find. */
static bool is_changed_before(
    const struct sql_script *script, size_t at, const struct sql_column_change *change)
{
	if (is_moved(script, at, change->table, true))
		return true;
	for (size_t i = 0; i < at; i++) {
		const struct sql_statement *before = &script->statements[i];
		if (sql_statement_names(before, "sql_mode"))
			return true;
		if (sql_statement_names(before, change->table) &&
		    (sql_statement_names(before, change->column) ||
			sql_statement_names(before, change->name) ||
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

/* --- Triggers and functions --- */

static bool changes_rows(const struct sql_statement *statement)
{
	static const char *const words[] = {"INSERT", "UPDATE", "REPLACE", "DELETE", "LOAD", NULL};
	return statement->class == SQL_PLAIN && says_any(statement, words);
}

static bool says_twice(const struct sql_statement *statement, const char *word)
{
	struct sql_lexer lexer;
	struct sql_token token;
	int count = 0;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while (count < 2 && (token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		count += sql_token_is(&token, word);
	return count == 2;
}

/* A table made of a query carries it out. */
static bool reads(const struct sql_statement *statement)
{
	static const char *const queries[] = {"SELECT", "WITH", NULL};
	static const char *const words[] = {"SELECT", "TABLE", "WITH", NULL};
	struct sql_head head;
	if (statement->class != SQL_COMMITS)
		return says_any(statement, words);
	sql_head_read(&head, statement->dialect, statement->text, statement->len);
	return sql_head_matches(&head, "CREATE ?OR ?REPLACE ?TEMPORARY TABLE") &&
	       (statement->conditional || says_any(statement, queries) ||
		   says_twice(statement, "TABLE"));
}

/* Functions that are no harmless ones are known by reading, unless they have such a name. */
static bool calls(const struct sql_statement *statement)
{
	struct sql_head head;
	sql_head_read(&head, statement->dialect, statement->text, statement->len);
	return sql_head_matches(&head, "SET|DO") &&
	       memchr(statement->text, '(', statement->len) != NULL;
}

static bool changes_moved(struct my_db *s, const struct sql_script *script, size_t at, bool *moved,
    struct arena *arena, struct err *err)
{
	struct my_change change;
	bool has;
	my_change_of(&change, &script->statements[at], arena);
	*moved = false;
	for (size_t i = 0; i < change.count && !*moved; i++) {
		const struct my_changed *table = &change.tables[i];
		if (!s->base.driver->has_rows(
			&s->base, table->schema, table->name, &has, &s->stop, err))
			return false;
		*moved = is_moved(script, at, table->name, has);
	}
	return true;
}

static bool judge_triggers(struct my_db *s, const struct sql_script *script, size_t at,
    struct risk *risk, struct arena *arena, struct err *err)
{
	const struct sql_statement *statement = &script->statements[at];
	bool changes = changes_rows(statement);
	if (risk->level == RISK_UNKNOWN || (!changes && !reads(statement) && !calls(statement)))
		return true;
	if (!s->reach_read && !my_reach_read(s, script, false, err))
		return false;
	const char *code = changes ? my_reach_harmful(s, statement) : my_reach_view(s, statement);
	if (s->reach_shadows && my_calls_of(s, statement) > MY_CALLS_READS)
		code = "a function";
	bool moved = false;
	if (code == NULL && changes && my_reach_any_harmful(s) &&
	    !changes_moved(s, script, at, &moved, arena, err))
		return false;
	if (moved)
		code = "the trigger of a table by its other name";
	if (code == NULL)
		return true;
	risk->level = RISK_UNKNOWN;
	risk->rule = "trigger";
	risk->why =
	    arena_printf(arena, "it may run %s, which changes more than this statement says", code);
	return true;
}

/* --- Rows in conflict --- */

/* Where rows are there, some may be; only the proof could tell. */
static bool judge_conflicts(struct my_db *s, const struct sql_script *script, size_t at,
    struct risk *risk, struct arena *arena, struct err *err)
{
	struct my_change change;
	bool has;
	if (risk->level >= RISK_DESTRUCTIVE || !text_is(risk->rule, "upsert"))
		return true;
	my_change_of(&change, &script->statements[at], arena);
	has = change.count == 0; /* of nobody knows which */
	for (size_t i = 0; i < change.count && !has; i++) {
		const struct my_changed *table = &change.tables[i];
		if (!s->base.driver->has_rows(
			&s->base, table->schema, table->name, &has, &s->stop, err))
			return false;
		has = has || is_moved(script, at, table->name, false);
	}
	if (!has)
		return true;
	risk->level = RISK_DESTRUCTIVE;
	risk->why = arena_printf(arena,
	    "rows%s%s in conflict may be overwritten; in a migration that changes nothing but"
	    " rows it is known before it is done",
	    change.count == 0 ? "" : " of ", change.count == 0 ? "" : change.tables[0].name);
	return true;
}

/* --- Rows that are those of others --- */

static bool judge_likes(struct my_db *s, const struct sql_statement *statement, struct risk *risk,
    struct arena *arena, struct err *err)
{
	struct sql_capture captured[SQL_CAPTURES];
	struct sql_head head;
	bool leads;
	if (!sql_has_word(statement->dialect, statement->text, statement->len, "LIKE"))
		return true;
	sql_head_read(&head, statement->dialect, statement->text, statement->len);
	if (!sql_head_capture(&head, "CREATE ?OR ?REPLACE TABLE ?IF ?NOT ?EXISTS *. * ?( LIKE *. *",
		captured, NULL))
		return true;
	const struct sql_capture *table = &captured[1];
	const char *schema =
	    table->qualifier.text == NULL ? NULL : sql_token_name(&table->qualifier, arena);
	if (!my_leads_elsewhere(s, schema, sql_token_name(&table->name, arena), &leads, err))
		return false;
	if (!leads)
		return true;
	risk->level = RISK_UNKNOWN;
	risk->rule = "table-rules";
	risk->why = "its rows are those of other tables";
	return true;
}

/* --- Foreign keys --- */

static void add_loss(struct my_db *s, struct risk *risk, const struct my_taken *taken,
    struct buf *why, struct arena *arena)
{
	const struct risk_loss loss = {.object = my_taken_object(s, taken, arena),
	    .table = arena_strdup(arena, taken->table),
	    .schema = arena_strdup(arena, taken->schema)};
	for (size_t i = 0; i < risk->loss_count; i++)
		if (text_is(risk->losses[i].object, loss.object))
			return;
	risk->losses =
	    arena_grow(arena, risk->losses, risk->loss_count, &risk->loss_capacity, sizeof(loss));
	risk->losses[risk->loss_count++] = loss;
	buf_printf(why, "%s%s of %s may go with those of %s, %s", why->len > 0 ? "; " : "",
	    taken->column == NULL ? "rows" : arena_printf(arena, "values of %s", taken->column),
	    taken->table, taken->parent, taken->rule);
}

/* Does a statement before it define the column anew, or give it another name? */
static bool is_redefined(
    const struct sql_script *script, size_t at, const char *table, const char *column)
{
	CLEANUP(arena_free) struct arena arena = {0};
	for (size_t i = 0; i < at; i++) {
		const struct sql_statement *before = &script->statements[i];
		struct sql_column_change *changes;
		if (before->class != SQL_COMMITS || !sql_statement_names(before, table) ||
		    !sql_statement_names(before, column))
			continue;
		if (sql_statement_names(before, "RENAME"))
			return true;
		size_t count = sql_column_changes(
		    &changes, before->dialect, before->text, before->len, &arena);
		for (size_t k = 0; k < count; k++)
			if (my_alike(changes[k].column, column))
				return true;
	}
	return false;
}

/* As it will be then; NULL: any column may be set. */
static bool read_sets(struct my_db *s, const struct sql_script *script, size_t at,
    const struct my_change *change, const struct my_changed *table,
    const struct my_cascades *cascades, const char **sets, struct err *err)
{
	const char *schema = table->schema == NULL ? s->server.database : table->schema;
	if (!my_cascades_sets(s, cascades, schema, table->name, change, sets, err))
		return false;
	for (size_t i = 0; i < cascades->rows.count; i++) {
		const char *column = my_cascades_key(cascades, i, schema, table->name);
		if (column != NULL && is_redefined(script, at, table->name, column))
			*sets = NULL;
	}
	return true;
}

static bool add_parents(struct my_db *s, const struct sql_script *script, size_t at,
    const struct my_change *change, struct my_cascades *cascades, struct err *err)
{
	bool update = change->form == MY_UPDATE || change->form == MY_UPSERT;
	if (change->form == MY_ANYTHING)
		my_cascades_add_named(cascades, script->statements[at].text);
	for (size_t i = 0; i < change->count; i++) {
		const struct my_changed *table = &change->tables[i];
		bool has;
		if (!s->base.driver->has_rows(
			&s->base, table->schema, table->name, &has, &s->stop, err))
			return false;
		const char *schema = table->schema == NULL ? s->server.database : table->schema;
		bool view = my_reach_is_view(s, table->name);
		bool said = update && !view && !my_reach_sets_more(s, table->name);
		const char *sets = NULL;
		if (said && !read_sets(s, script, at, change, table, cascades, &sets, err))
			return false;
		if (view || is_moved(script, at, table->name, has))
			my_cascades_add_all(cascades, !update, sets);
		if (has)
			my_cascades_add(cascades, schema, table->name, !update, sets);
		if (has && change->form == MY_REPLACE)
			my_cascades_add(cascades, schema, table->name, false, NULL);
	}
	return true;
}

/* Does a foreign key that is added before it act on its tables? The catalog has none of it yet. */
static bool is_referred(const struct sql_script *script, size_t at, const struct my_change *change)
{
	static const char *const acts[] = {"CASCADE", "SET", NULL};
	bool update = change->form == MY_UPDATE || change->form == MY_UPSERT;
	for (size_t i = 0; i < at; i++) {
		const struct sql_statement *before = &script->statements[i];
		if (before->class != SQL_COMMITS || !sql_statement_names(before, "ALTER") ||
		    !sql_statement_names(before, "REFERENCES") || !says_any(before, acts) ||
		    (update && !sql_statement_names(before, "UPDATE")))
			continue;
		for (size_t k = 0; k < change->count; k++)
			if (sql_statement_names(before, change->tables[k].name))
				return true;
	}
	return false;
}

/* Rows of other tables that the engine takes along are named beside those of the statement. */
static bool judge_cascades(struct my_db *s, const struct sql_script *script, size_t at,
    struct risk *risk, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf why = buf_init(LOST_MOST);
	struct my_cascades cascades = {.arena = arena};
	struct my_change change;
	if (!changes_rows(&script->statements[at]))
		return true;
	my_change_of(&change, &script->statements[at], arena);
	if (change.form == MY_INSERT || (change.count == 0 && change.form != MY_ANYTHING))
		return true;
	if (is_referred(script, at, &change)) {
		risk->level = RISK_UNKNOWN;
		risk->rule = "cascade";
		risk->why = "a foreign key that is added before it may take rows along";
		return true;
	}
	if (!s->reach_read && !my_reach_read(s, script, false, err))
		return false;
	if (!s->cascades_read &&
	    !(s->cascades_read = my_cascades_read(s, &s->cascade_arena, &s->cascades, err)))
		return false;
	cascades.rows = s->cascades;
	if (!add_parents(s, script, at, &change, &cascades, err))
		return false;
	for (size_t i = 0; i < cascades.count; i++)
		if (my_taken_has_rows(s, &cascades.taken[i]))
			add_loss(s, risk, &cascades.taken[i], &why, arena);
	if ((why.len == 0 && !why.overflow) || risk->level == RISK_UNKNOWN)
		return true;
	risk->level = RISK_DESTRUCTIVE;
	risk->rule = "cascade";
	risk->why = why.overflow ? "rows of many other tables may go with it"
				 : arena_strdup(arena, why.data);
	return true;
}

bool my_judge(struct db *db, const struct sql_script *script, size_t at, struct risk *risk,
    struct arena *arena, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	if (at == 0) {
		s->reach_read = s->cascades_read = false;
		arena_free(&s->cascade_arena);
	}
	return my_enter(s, stop, err) && judge_columns(s, script, at, risk, arena, err) &&
	       judge_conflicts(s, script, at, risk, arena, err) &&
	       judge_likes(s, &script->statements[at], risk, arena, err) &&
	       judge_cascades(s, script, at, risk, arena, err) &&
	       judge_triggers(s, script, at, risk, arena, err) &&
	       my_judge_first(s, script, at, risk, err);
}
