/*
 * What statements reach that say all of it: rows of the tables they name. These are looked up by
 * name, which opens no other table, where reading all code of a database opens every one of them.
 */
#include "base/text.h"
#include "db/mariadb/change.h"
#include "db/mariadb/reach.h"
#include "sql/lex.h"

enum {
	SQL_MOST = 64 * 1024,
	TABLES_MOST = 8, /* more are looked up all at once */
	CALLED_MOST = 8
};

enum cell {
	SCHEMA,
	TABLE,
	WHAT,
	INNODB,
	PARTS,
	CELLS
};

/* --- By their text --- */

static bool reads_others(const struct sql_statement *statement)
{
	static const char *const words[] = {"SELECT", "WITH", "TABLE", "LOAD", NULL};
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END)
		if (sql_token_is_any(&token, words))
			return true;
	return false;
}

/* Asked while no routine is known: whatever is no harmless function of the server's counts. */
static bool says_all(
    const struct my_db *s, const struct sql_statement *statement, const struct my_change *change)
{
	switch (change->form) {
	case MY_INSERT:
	case MY_UPSERT:
	case MY_REPLACE:
	case MY_UPDATE:
	case MY_DELETE:
		return !change->joined && change->count > 0 && !reads_others(statement) &&
		       my_calls_of(s, statement) == MY_CALLS_NONE;
	default:
		return false;
	}
}

static bool add_named(struct my_named *named, const struct my_db *s, const struct my_changed *table)
{
	const char *schema = table->schema == NULL ? s->server.database : table->schema;
	for (size_t i = 0; i < named->count; i++)
		if (text_is(named->tables[i].name, table->name) &&
		    text_is(named->tables[i].schema, schema))
			return true;
	if (named->count == TABLES_MOST)
		return false;
	named->tables[named->count++] =
	    (struct my_named_table){.schema = schema, .name = table->name};
	return true;
}

static bool add_word(struct my_named *named, const struct sql_token *token, struct arena *arena)
{
	/* Of the grammar, or functions that every server has. */
	static const char *const not [] = {"AND", "CONCAT", "COUNT", "IF", "IN", "INTO",
	    "JSON_ARRAY", "JSON_OBJECT", "NOT", "NOW", "OR", "UUID", "VALUES", NULL};
	if (sql_token_is_any(token, not ))
		return true;
	for (size_t i = 0; i < named->called_count; i++)
		if (sql_token_is(token, named->called[i]))
			return true;
	if (named->called_count == CALLED_MOST)
		return false;
	named->called[named->called_count++] = arena_strndup(arena, token->text, token->len);
	return true;
}

/* The words before a parenthesis, but for the table of an INSERT; false: there are too many. */
static bool add_called(
    struct my_named *named, const struct sql_statement *statement, struct arena *arena)
{
	struct sql_lexer lexer;
	struct sql_token token, before = {0}, context = {0};
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		if (sql_token_is_sign(&token, '(') && before.kind == SQL_TOKEN_WORD &&
		    !sql_token_is(&context, "INTO") && !add_word(named, &before, arena))
			return false;
		context = before;
		before = token;
	}
	return true;
}

/* Are these tables all that the script can reach by what it says? */
static bool find_named(struct my_db *s, const struct sql_script *script, struct my_named *named)
{
	for (size_t i = 0; i < script->count; i++) {
		struct my_change change;
		my_change_of(&change, &script->statements[i], &s->reach_arena);
		if (!says_all(s, &script->statements[i], &change) ||
		    !add_called(named, &script->statements[i], &s->reach_arena))
			return false;
		for (size_t k = 0; k < change.count; k++)
			if (!add_named(named, s, &change.tables[k]))
				return false;
	}
	return true;
}

/* --- By the catalog --- */

static void add_where(struct my_db *s, const char *schema, const char *name,
    const struct my_named_table *table, struct buf *sql)
{
	buf_printf(sql, " WHERE %s = ", schema);
	my_literal(s, table->schema, sql);
	buf_printf(sql, " AND %s = ", name);
	my_literal(s, table->name, sql);
}

/* Constants: the server finds a table by them without looking at others. */
static void add_question(
    struct my_db *s, const struct my_named_table *table, bool keys, struct buf *sql)
{
	buf_printf(sql,
	    "%sSELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE,"
	    " COALESCE(ENGINE, '') = 'InnoDB', CREATE_OPTIONS LIKE '%%partitioned%%'"
	    " FROM information_schema.TABLES",
	    sql->len == 0 ? "" : " UNION ALL ");
	add_where(s, "TABLE_SCHEMA", "TABLE_NAME", table, sql);
	buf_add_text(sql, " UNION ALL SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, 'TRIGGER', 0,"
			  " 0 FROM information_schema.TRIGGERS");
	add_where(s, "EVENT_OBJECT_SCHEMA", "EVENT_OBJECT_TABLE", table, sql);
	if (!keys)
		return;
	buf_add_text(sql, " UNION ALL SELECT TABLE_NAME, COLUMN_NAME, 'KEY', 0, 0 FROM"
			  " information_schema.STATISTICS");
	add_where(s, "TABLE_SCHEMA", "TABLE_NAME", table, sql);
	buf_add_text(sql, " UNION ALL SELECT TABLE_NAME, COLUMN_NAME, 'ITSELF', 0, 0 FROM"
			  " information_schema.COLUMNS");
	add_where(s, "TABLE_SCHEMA", "TABLE_NAME", table, sql);
	buf_add_text(sql, " AND " MY_SETS_ITSELF);
}

/* One by one: the server finds each without reading others. */
static void add_routine(struct my_db *s, const char *name, struct buf *sql)
{
	const struct my_named_table routine = {.schema = s->server.database, .name = name};
	buf_add_text(sql, " UNION ALL SELECT ROUTINE_SCHEMA, ROUTINE_NAME, 'ROUTINE', 0, 0 FROM"
			  " information_schema.ROUTINES");
	add_where(s, "ROUTINE_SCHEMA", "ROUTINE_NAME", &routine, sql);
}

/* Each is there, as what it was taken for; false too where it is not. */
static bool take_answers(struct my_named *named, const struct db_rows *rows)
{
	size_t found = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const char *const *row = rows->cells + i * CELLS;
		if (text_is(row[WHAT], "KEY") || text_is(row[WHAT], "ITSELF"))
			continue;
		if (!text_is(row[WHAT], "BASE TABLE") && !text_is(row[WHAT], "SYSTEM VERSIONED"))
			return false;
		for (size_t k = 0; k < named->count; k++) {
			struct my_named_table *table = &named->tables[k];
			if (!text_is(row[SCHEMA], table->schema) ||
			    !text_is(row[TABLE], table->name))
				continue;
			table->innodb = text_is(row[INNODB], "1");
			table->parts = row[PARTS] != NULL && text_is(row[PARTS], "1");
			found++;
		}
	}
	return found == named->count;
}

bool my_named_read(struct my_db *s, const struct sql_script *script, bool keys, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct my_named named = {
	    .tables = arena_array(&s->reach_arena, TABLES_MOST, sizeof(*named.tables)),
	    .called = arena_array(&s->reach_arena, CALLED_MOST, sizeof(*named.called))};
	s->named = (struct my_named){.only = false};
	if (!find_named(s, script, &named) || named.count == 0)
		return true;
	for (size_t i = 0; i < named.count; i++)
		add_question(s, &named.tables[i], keys, &sql);
	for (size_t i = 0; i < named.called_count; i++)
		add_routine(s, named.called[i], &sql);
	if (sql.overflow)
		return true;
	if (!my_query(&s->base, sql.data, NULL, 0, &s->reach_arena, &named.rows, &s->stop, err))
		return false;
	named.only = take_answers(&named, &named.rows);
	if (named.only)
		s->named = named;
	return true;
}

static bool has(const struct my_db *s, const char *what, const char *column)
{
	for (size_t i = 0; i < s->named.rows.count; i++) {
		const char *const *row = s->named.rows.cells + i * CELLS;
		if (text_is(row[WHAT], what) && row[TABLE] != NULL && my_alike(row[TABLE], column))
			return true;
	}
	return false;
}

bool my_named_is_key(const struct my_db *s, const char *column)
{
	return has(s, "KEY", column);
}

bool my_named_keys_itself(const struct my_db *s)
{
	for (size_t i = 0; i < s->named.rows.count; i++) {
		const char *const *row = s->named.rows.cells + i * CELLS;
		if (text_is(row[WHAT], "ITSELF") && row[TABLE] != NULL && has(s, "KEY", row[TABLE]))
			return true;
	}
	return false;
}
