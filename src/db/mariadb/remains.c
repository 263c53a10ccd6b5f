/*
 * What a statement left that was committed by itself. The server undoes one that fails, where it is
 * about one thing and the tables are InnoDB's; of one that was cut off the catalog tells whether
 * what it makes or drops is there. All actions of one ALTER TABLE are seen together, or none.
 */
#include "base/text.h"
#include "db/mariadb/driver.h"
#include "db/mariadb/mariadb.h"
#include "db/mariadb/schema_parts.h"
#include "sql/reading.h"
#include <stdlib.h>
#include <string.h>

enum {
	CLOCKS_S = 60, /* by which those of two machines may differ */
	VIEW_MOST = 1 << 20
};

enum thing {
	NO_THING,
	TABLE, /* also a view, or a sequence */
	VIEW,  /* one that is made */
	TRIGGER,
	PROCEDURE,
	FUNCTION,
	EVENT,
	DATABASE,
	COLUMN, /* these are parts of a table */
	INDEX,
	CONSTRAINT,
	PRIMARY /* its key, which has no name */
};

enum act {
	MAKES,
	DROPS,
	RENAMES,
	AGAIN, /* done twice it is as done once, and nothing is lost by the second time */
	ALTERS,
	CHANGES_ROWS,
	BLIND /* nobody can tell */
};

struct rule {
	const char *pattern; /* the names that it is about are its `*` */
	enum act act;
	enum thing thing;
};

#define KINDED  "?UNIQUE|FULLTEXT|SPATIAL "
#define IF_NOT  " IF NOT EXISTS"
#define OBJECTS "TABLE|VIEW|SEQUENCE|TRIGGER|PROCEDURE|FUNCTION|EVENT|DATABASE|SCHEMA|USER|ROLE"

static const struct rule statements[] = {
    {"CREATE|DROP ?OR ?REPLACE TEMPORARY", AGAIN, NO_THING},
    {"CREATE OR REPLACE TABLE|SEQUENCE", BLIND, NO_THING},
    {"CREATE OR REPLACE USER|ROLE", BLIND, NO_THING},
    {"CREATE OR REPLACE", AGAIN, NO_THING},
    {"CREATE ?AGGREGATE " OBJECTS IF_NOT, AGAIN, NO_THING},
    {"CREATE " KINDED "INDEX" IF_NOT, AGAIN, NO_THING},
    {"CREATE TABLE|SEQUENCE *. *", MAKES, TABLE},
    {"CREATE VIEW *. *", MAKES, VIEW},
    {"CREATE " KINDED "INDEX * ... ON *. *", MAKES, INDEX},
    {"CREATE TRIGGER *. *", MAKES, TRIGGER},
    {"CREATE PROCEDURE *. *", MAKES, PROCEDURE},
    {"CREATE ?AGGREGATE FUNCTION *. *", MAKES, FUNCTION},
    {"CREATE EVENT *. *", MAKES, EVENT},
    {"CREATE DATABASE|SCHEMA *", MAKES, DATABASE},

    {"DROP TABLE|TABLES|VIEW|SEQUENCE|INDEX|TRIGGER|PROCEDURE|FUNCTION|EVENT IF EXISTS", AGAIN,
	NO_THING},
    {"DROP TABLE|TABLES|VIEW|SEQUENCE *. *", DROPS, TABLE},
    {"DROP INDEX * ON *. *", DROPS, INDEX},
    {"DROP TRIGGER *. *", DROPS, TRIGGER},
    {"DROP PROCEDURE *. *", DROPS, PROCEDURE},
    {"DROP FUNCTION *. *", DROPS, FUNCTION},
    {"DROP EVENT *. *", DROPS, EVENT},

    {"RENAME TABLE|TABLES IF EXISTS", AGAIN, NO_THING},
    {"RENAME TABLE|TABLES *. * TO *. * ;", RENAMES, TABLE},
    {"ALTER ?ONLINE ?IGNORE TABLE", ALTERS, NO_THING},
    {"ALTER VIEW|EVENT|PROCEDURE|FUNCTION|DATABASE|SCHEMA", AGAIN, NO_THING},
    {"GRANT|FLUSH|OPTIMIZE|SHOW|DESCRIBE|DESC|HELP|CHECKSUM|PREPARE|DEALLOCATE", AGAIN, NO_THING},
    {"DROP PREPARE", AGAIN, NO_THING},
    {"ANALYZE TABLE|TABLES|LOCAL|NO_WRITE_TO_BINLOG", AGAIN, NO_THING},
    {"SET STATEMENT|PASSWORD|DEFAULT", BLIND, NO_THING},
    {"INSERT|UPDATE|DELETE|REPLACE|WITH|VALUES|(|SELECT|DO|SET|ANALYZE|EXPLAIN", CHANGES_ROWS,
	NO_THING},
    {NULL, BLIND, NO_THING},
};

/* Behind the name of the table. */
static const struct rule actions[] = {
    {"ADD CONSTRAINT" IF_NOT, AGAIN, NO_THING},
    {"ADD PRIMARY", MAKES, PRIMARY},
    {"ADD CONSTRAINT PRIMARY", MAKES, PRIMARY},
    {"ADD CONSTRAINT * PRIMARY", MAKES, PRIMARY},
    {"ADD CONSTRAINT UNIQUE|FOREIGN|CHECK", BLIND, NO_THING},
    {"ADD CONSTRAINT *", MAKES, CONSTRAINT},
    {"ADD " KINDED "?INDEX|KEY" IF_NOT, AGAIN, NO_THING},
    {"ADD " KINDED "INDEX|KEY (|USING", BLIND, NO_THING},
    {"ADD UNIQUE|FULLTEXT|SPATIAL (|USING", BLIND, NO_THING},
    {"ADD " KINDED "INDEX|KEY *", MAKES, INDEX},
    {"ADD UNIQUE|FULLTEXT|SPATIAL *", MAKES, INDEX},
    {"ADD FOREIGN|CHECK|PERIOD|SYSTEM|PARTITION", BLIND, NO_THING},
    {"ADD ?COLUMN" IF_NOT, AGAIN, NO_THING},
    {"ADD ?COLUMN ( *", MAKES, COLUMN},
    {"ADD ?COLUMN *", MAKES, COLUMN},

    {"DROP PARTITION|SYSTEM|PERIOD", BLIND, NO_THING},
    {"DROP PRIMARY", DROPS, PRIMARY},
    {"DROP ?FOREIGN ?INDEX|KEY|CONSTRAINT|CHECK|COLUMN IF EXISTS", AGAIN, NO_THING},
    {"DROP FOREIGN KEY *", DROPS, CONSTRAINT},
    {"DROP INDEX|KEY *", DROPS, INDEX},
    {"DROP CONSTRAINT|CHECK *", DROPS, CONSTRAINT},
    {"DROP ?COLUMN *", DROPS, COLUMN},

    {"RENAME COLUMN * TO *", RENAMES, COLUMN},
    {"RENAME INDEX|KEY * TO *", RENAMES, INDEX},
    {"RENAME ?TO|AS *. *", RENAMES, TABLE},
    {"CHANGE ?COLUMN IF EXISTS", AGAIN, NO_THING},
    {"CHANGE ?COLUMN * *", RENAMES, COLUMN},
    {"CONVERT TO", AGAIN, NO_THING},
    {"MODIFY|ALTER|COMMENT|ENGINE|DEFAULT|CHARACTER|CHARSET|COLLATE|ROW_FORMAT|KEY_BLOCK_SIZE|"
     "AUTO_INCREMENT|ALGORITHM|LOCK|FORCE|ENABLE|DISABLE|STATS_PERSISTENT|STATS_AUTO_RECALC|"
     "STATS_SAMPLE_PAGES|PAGE_COMPRESSED|CHECKSUM|MAX_ROWS|MIN_ROWS|AVG_ROW_LENGTH|ORDER",
	AGAIN, NO_THING},
    {NULL, BLIND, NO_THING},
};

/* What a statement is about. */
struct subject {
	enum act act;
	enum thing thing;
	const char *schema, *table;        /* the table, or what it is called by itself */
	const char *name;                  /* of a part */
	const char *new_schema, *new_name; /* RENAMES */
};

/* --- Reading --- */

static const char *name_of(const struct sql_token *token, struct arena *arena)
{
	return token->text == NULL ? NULL : sql_token_name(token, arena);
}

void my_leave_out_definer(struct sql_head *head)
{
	static const char *const kinds[] = {
	    "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "AGGREGATE"};
	size_t from = sql_head_matches(head, "CREATE OR REPLACE") ? 3 : 1;
	if (!sql_head_matches(head, "CREATE|ALTER ?OR ?REPLACE DEFINER|ALGORITHM|SQL"))
		return;
	for (size_t i = from; i < head->count; i++)
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
			if (!sql_token_is(&head->tokens[i], kinds[j]))
				continue;
			head->count -= i - from;
			memmove(head->tokens + from, head->tokens + i,
			    (head->count - from) * sizeof(*head->tokens));
			return;
		}
}

static const struct rule *find_rule(const struct rule *rules, const struct sql_head *head,
    struct sql_capture captured[SQL_CAPTURES])
{
	while (rules->pattern != NULL && !sql_head_capture(head, rules->pattern, captured, NULL))
		rules++;
	return rules;
}

static void read_statement(
    struct subject *subject, const struct sql_statement *statement, struct arena *arena)
{
	struct sql_head head;
	struct sql_capture captured[SQL_CAPTURES] = {0};
	sql_head_read(&head, statement->dialect, statement->text, statement->len);
	my_leave_out_definer(&head);
	const struct rule *rule = find_rule(statements, &head, captured);
	bool part = rule->thing == INDEX;
	const struct sql_capture *table = &captured[part ? 1 : 0];
	*subject = (struct subject){
	    .act = rule->act,
	    .thing = rule->thing,
	    .schema = name_of(&table->qualifier, arena),
	    .table = name_of(&table->name, arena),
	    .name = part ? name_of(&captured[0].name, arena) : NULL,
	};
	if (rule->act == RENAMES) {
		subject->new_schema = name_of(&captured[1].qualifier, arena);
		subject->new_name = name_of(&captured[1].name, arena);
	}
}

/* A statement about several things at once. */
static bool is_list(const struct sql_statement *statement)
{
	struct sql_lexer lexer;
	struct sql_token token;
	int depth = 0;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		depth += sql_token_is_sign(&token, '(') - sql_token_is_sign(&token, ')');
		if (depth == 0 && sql_token_is_sign(&token, ','))
			return true;
	}
	return false;
}

static bool says(const struct sql_statement *statement, const char *word)
{
	return sql_has_word(statement->dialect, statement->text, statement->len, word);
}

/* --- Looking --- */

static bool exists(struct my_db *s, enum thing thing, const char *schema, const char *table,
    const char *name, bool *there, struct err *err)
{
#define FROM(view, schema, name)                                                                   \
	"SELECT 1 FROM information_schema." view " WHERE " schema " = ? AND " name " = ?"
	static const char *const queries[] = {
	    [TABLE] = FROM("TABLES", "TABLE_SCHEMA", "TABLE_NAME"),
	    [VIEW] = FROM("TABLES", "TABLE_SCHEMA", "TABLE_NAME"),
	    [TRIGGER] = FROM("TRIGGERS", "TRIGGER_SCHEMA", "TRIGGER_NAME"),
	    [PROCEDURE] =
		FROM("ROUTINES", "ROUTINE_TYPE = 'PROCEDURE' AND ROUTINE_SCHEMA", "ROUTINE_NAME"),
	    [FUNCTION] =
		FROM("ROUTINES", "ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_SCHEMA", "ROUTINE_NAME"),
	    [EVENT] = FROM("EVENTS", "EVENT_SCHEMA", "EVENT_NAME"),
	    [DATABASE] = "SELECT 1 FROM information_schema.SCHEMATA WHERE ? IS NOT NULL AND"
			 " SCHEMA_NAME = ?",
	    [COLUMN] = FROM("COLUMNS", "TABLE_SCHEMA", "TABLE_NAME") " AND COLUMN_NAME = ?",
	    [INDEX] = FROM("STATISTICS", "TABLE_SCHEMA", "TABLE_NAME") " AND INDEX_NAME = ?",
	    [CONSTRAINT] =
		FROM("TABLE_CONSTRAINTS", "TABLE_SCHEMA", "TABLE_NAME") " AND"
									" CONSTRAINT_NAME = ?",
	    [PRIMARY] = FROM("STATISTICS", "TABLE_SCHEMA", "TABLE_NAME") " AND INDEX_NAME ="
									 " 'PRIMARY'",
	};
	CLEANUP(arena_free) struct arena arena = {0};
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = schema == NULL ? s->server.database : schema},
	    {.type = DB_TEXT, .text = table},
	    {.type = DB_TEXT, .text = name},
	};
	struct db_rows rows;
	bool part = thing == COLUMN || thing == INDEX || thing == CONSTRAINT;
	if (!my_query(&s->base, queries[thing], values, part ? 3 : 2, &arena, &rows, &s->stop, err))
		return false;
	*there = rows.count > 0;
	return true;
}

static bool judge_rename(
    struct my_db *s, const struct subject *subject, int *state, struct err *err)
{
	bool before, after, table = subject->thing == TABLE;
	*state = DB_REMAINS_UNKNOWN;
	if (!exists(
		s, subject->thing, subject->schema, subject->table, subject->name, &before, err) ||
	    !exists(s, subject->thing, table ? subject->new_schema : subject->schema,
		table ? subject->new_name : subject->table, subject->new_name, &after, err))
		return false;
	if (before != after)
		*state = after ? DB_REMAINS_DONE : DB_REMAINS_NOTHING;
	return true;
}

static bool judge_one(struct my_db *s, const struct subject *subject, int *state, struct err *err)
{
	bool there;
	*state = DB_REMAINS_UNKNOWN;
	if (subject->act == RENAMES)
		return judge_rename(s, subject, state, err);
	if (subject->act != MAKES && subject->act != DROPS)
		return true;
	if (!exists(s, subject->thing, subject->schema, subject->table, subject->name, &there, err))
		return false;
	*state = there == (subject->act == MAKES) ? DB_REMAINS_DONE : DB_REMAINS_NOTHING;
	return true;
}

/* --- ALTER TABLE --- */

/* One action, without what stands before it. False: it is none. */
static bool read_action(
    struct subject *subject, const struct reading_part *part, struct arena *arena)
{
	struct sql_capture table[SQL_CAPTURES], captured[SQL_CAPTURES] = {0};
	struct sql_head head = part->head;
	size_t taken;
	if (!sql_head_capture(
		&head, "ALTER ?ONLINE ?IGNORE TABLE ?IF ?EXISTS *. * ?NOWAIT", table, &taken))
		return false;
	head.count -= taken;
	memmove(head.tokens, head.tokens + taken, head.count * sizeof(*head.tokens));
	const struct rule *rule = find_rule(actions, &head, captured);
	*subject = (struct subject){
	    .act = rule->act,
	    .thing = rule->thing,
	    .schema = name_of(&table[0].qualifier, arena),
	    .table = name_of(&table[0].name, arena),
	    .name = name_of(&captured[0].name, arena),
	    .new_name = name_of(&captured[1].name, arena),
	};
	if (rule->act == RENAMES && rule->thing == TABLE) {
		subject->new_schema = name_of(&captured[0].qualifier, arena);
		subject->new_name = subject->name;
		subject->name = NULL;
	} else if (rule->act == RENAMES && text_is_nocase(subject->name, subject->new_name))
		subject->act = AGAIN;
	return true;
}

/* What its actions tell; those that contradict each other tell nothing. */
struct clues {
	bool done, nothing, blind;
};

static bool judge_action(
    struct my_db *s, const struct subject *subject, struct clues *clues, struct err *err)
{
	int state;
	if (subject->act == AGAIN)
		return true;
	if (!judge_one(s, subject, &state, err))
		return false;
	/* Then its parts are to be looked for under the other name. */
	if (subject->thing == TABLE)
		*clues = (struct clues){.blind = true};
	clues->done = clues->done || state == DB_REMAINS_DONE;
	clues->nothing = clues->nothing || state == DB_REMAINS_NOTHING;
	clues->blind = clues->blind || state == DB_REMAINS_UNKNOWN;
	return true;
}

static int sum_up(const struct clues *clues)
{
	if (clues->done != clues->nothing)
		return clues->done ? DB_REMAINS_DONE : DB_REMAINS_NOTHING;
	return clues->done || clues->blind ? DB_REMAINS_UNKNOWN : DB_REMAINS_NOTHING;
}

static bool judge_alter(struct my_db *s, const struct sql_statement *statement, int *state,
    struct arena *arena, struct err *err)
{
	struct reading reading;
	struct clues clues = {false, false, false};
	bool renamed = false, there = true;
	reading_of(&reading, statement->dialect, NULL, statement->text, statement->len, arena);
	for (size_t i = 0; i < reading.count && !renamed; i++) {
		struct subject subject;
		if (!read_action(&subject, &reading.parts[i], arena)) {
			clues.blind = true;
			continue;
		}
		renamed = subject.act == RENAMES && subject.thing == TABLE;
		if (!judge_action(s, &subject, &clues, err))
			return false;
		if (!renamed && i == 0 &&
		    !exists(s, TABLE, subject.schema, subject.table, NULL, &there, err))
			return false;
	}
	*state = (there || renamed) && !reading.cut ? sum_up(&clues) : DB_REMAINS_UNKNOWN;
	return true;
}

/* --- What failed --- */

static bool judge_failed(struct my_db *s, const struct sql_statement *statement,
    const struct subject *subject, int *state, struct err *err)
{
	bool undone = subject->act != BLIND;
	if (subject->act == CHANGES_ROWS) {
		struct sql_statement one = *statement;
		const struct sql_script script = {.statements = &one, .count = 1};
		if (!my_changes_for_good(s, &script, &undone, err))
			return false;
		undone = !undone;
	}
	/* Partitions are done one by one. */
	if (subject->act == ALTERS)
		undone = !says(statement, "PARTITION") && !says(statement, "TABLESPACE");
	*state = undone ? DB_REMAINS_NOTHING : DB_REMAINS_UNKNOWN;
	return true;
}

/* --- What is there, and may have been before --- */

/*
 * By the clock of one machine, in seconds, how much older it is than the migration; that of the
 * other may be wrong by a bit. MariaDB does not know that of a view, nor anybody of an index.
 */
static bool judge_age(struct my_db *s, const struct subject *subject, const char *since,
    bool *known, int *state, struct err *err)
{
#define AGE(view, made, schema, name)                                                              \
	"SELECT UNIX_TIMESTAMP(NOW()) - UNIX_TIMESTAMP(" made ") - TIMESTAMPDIFF(SECOND,"          \
	" REPLACE(LEFT(?, 19), 'T', ' '), UTC_TIMESTAMP()) FROM information_schema." view          \
	" WHERE " schema " = ? AND " name " = ?"
	static const char *const queries[] = {
	    [TABLE] = AGE("TABLES", "CREATE_TIME", "TABLE_SCHEMA", "TABLE_NAME"),
	    [VIEW] = AGE("TABLES", "CREATE_TIME", "TABLE_SCHEMA", "TABLE_NAME"),
	    [TRIGGER] = AGE("TRIGGERS", "CREATED", "TRIGGER_SCHEMA", "TRIGGER_NAME"),
	    [PROCEDURE] = AGE("ROUTINES", "CREATED",
		"ROUTINE_TYPE = 'PROCEDURE' AND ROUTINE_SCHEMA", "ROUTINE_NAME"),
	    [FUNCTION] = AGE("ROUTINES", "CREATED", "ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_SCHEMA",
		"ROUTINE_NAME"),
	    [EVENT] = AGE("EVENTS", "CREATED", "EVENT_SCHEMA", "EVENT_NAME"),
	    [PRIMARY] = NULL,
	};
	CLEANUP(arena_free) struct arena arena = {0};
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = since},
	    {.type = DB_TEXT,
		.text = subject->schema == NULL ? s->server.database : subject->schema},
	    {.type = DB_TEXT, .text = subject->table},
	};
	struct db_rows rows = {.count = 0};
	const char *query = queries[subject->thing];
	if (query != NULL && !my_query(&s->base, query, values, 3, &arena, &rows, &s->stop, err))
		return false;
	*known = rows.count > 0 && rows.cells[0] != NULL;
	int64_t older = *known ? strtoll(rows.cells[0], NULL, 10) : 0;
	if (older > 0)
		*state = older > CLOCKS_S ? DB_REMAINS_NOTHING : DB_REMAINS_UNKNOWN;
	return true;
}

/* The statement, with the view in another database in place of where it is to be. */
static bool move_view(const struct sql_statement *statement, const char *to, struct buf *sql)
{
	struct sql_head head;
	struct sql_capture captured[SQL_CAPTURES];
	sql_head_read(&head, statement->dialect, statement->text, statement->len);
	my_leave_out_definer(&head);
	if (!sql_head_capture(&head, "CREATE VIEW *. *", captured, NULL))
		return false;
	const struct sql_token *name = &captured[0].name, *first = name;
	if (captured[0].qualifier.text != NULL)
		first = &captured[0].qualifier;
	const char *rest = name->text + name->len;
	buf_add(sql, statement->text, (size_t)(first->text - statement->text));
	my_name(to, sql);
	buf_add_char(sql, '.');
	buf_add(sql, name->text, name->len);
	buf_add(sql, rest, (size_t)(statement->text + statement->len - rest));
	return true;
}

/* Its names are those of the database that it is to be in, and it is read as it was there. */
static bool make_view(struct my_scratch *scratch, const struct my_db *s,
    const struct sql_statement *statement, struct err *err)
{
	CLEANUP(buf_free) struct buf use = buf_init(1024);
	CLEANUP(buf_free) struct buf mode = buf_init(4096);
	CLEANUP(buf_free) struct buf sql = buf_init(VIEW_MOST);
	struct my_db *side = &scratch->session;
	buf_add_text(&use, "USE ");
	my_name(s->server.database, &use);
	buf_add_text(&mode, "SET SESSION sql_mode = ");
	my_literal(side, s->server.sql_mode, &mode);
	return move_view(statement, scratch->name, &sql) && !sql.overflow &&
	       my_check_mode(side, statement, err) && my_do(side, use.data, err) &&
	       my_do(side, mode.data, err) && my_do(side, sql.data, err);
}

/* Is it what the statement makes? It is made once more, in a scratch database. */
static bool judge_view(struct my_db *s, const struct sql_statement *statement,
    const struct subject *subject, int *state, struct err *err)
{
	static const char sql[] =
	    "SELECT 1 FROM information_schema.VIEWS AS a JOIN information_schema.VIEWS AS b ON"
	    " a.TABLE_NAME = b.TABLE_NAME AND BINARY a.VIEW_DEFINITION = b.VIEW_DEFINITION AND"
	    " a.CHECK_OPTION = b.CHECK_OPTION AND (? OR a.DEFINER = b.DEFINER) AND"
	    " a.SECURITY_TYPE = b.SECURITY_TYPE WHERE a.TABLE_SCHEMA = ? AND b.TABLE_SCHEMA = ?"
	    " AND b.TABLE_NAME = ? AND LENGTH(b.VIEW_DEFINITION) > 0";
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_scratch scratch;
	const struct db_value values[] = {
	    /* Whoever runs it, where it does not say so. */
	    {.type = DB_INT, .number = !says(statement, "DEFINER")},
	    {.type = DB_TEXT,
		.text = subject->schema == NULL ? s->server.database : subject->schema},
	    {.type = DB_TEXT, .text = scratch.name},
	    {.type = DB_TEXT, .text = subject->table},
	};
	struct db_rows rows;
	struct err refused;
	*state = DB_REMAINS_UNKNOWN;
	bool ok = my_scratch_open(s, &scratch, NULL, &refused) &&
		  make_view(&scratch, s, statement, &refused) &&
		  my_query(&s->base, sql, values, 4, &arena, &rows, &s->stop, &refused);
	my_scratch_close(s, &scratch);
	if (ok)
		*state = rows.count > 0 ? DB_REMAINS_DONE : DB_REMAINS_NOTHING;
	/* Who may not make one is not told of an error, but that nobody knows. */
	return stop_check(&s->stop, err) && (s->conn != NULL || my_fail_lost(s, err));
}

/* What was there before is nothing that the statement made. */
static bool judge_origin(struct my_db *s, const struct sql_statement *statement,
    const struct subject *subject, const char *since, int *state, struct err *err)
{
	bool known;
	if (!judge_age(s, subject, since, &known, state, err))
		return false;
	return known || subject->thing != VIEW || judge_view(s, statement, subject, state, err);
}

static bool judge_cut_off(struct my_db *s, const struct sql_statement *statement,
    const struct subject *subject, const char *since, int *state, struct arena *arena,
    struct err *err)
{
	if (subject->act == ALTERS)
		return judge_alter(s, statement, state, arena, err);
	if (!judge_one(s, subject, state, err))
		return false;
	if (subject->act == AGAIN)
		*state = DB_REMAINS_NOTHING;
	/* Its rows may not all be there. */
	if (*state == DB_REMAINS_DONE && subject->act == MAKES && subject->thing == TABLE &&
	    says(statement, "SELECT"))
		*state = DB_REMAINS_UNKNOWN;
	if (*state == DB_REMAINS_DONE && subject->act == MAKES)
		return judge_origin(s, statement, subject, since, state, err);
	return true;
}

/* Where a name says more than the rules know. */
static bool is_blind(const struct sql_statement *statement, const struct subject *subject)
{
	bool list = subject->act == DROPS || subject->act == RENAMES || subject->act == AGAIN;
	/* A function of a library is in no list of routines. */
	if (statement->conditional || (subject->thing == FUNCTION && says(statement, "SONAME")))
		return true;
	if (subject->act == AGAIN && (says(statement, "RENAME") || says(statement, "SELECT")) &&
	    !says(statement, "VIEW") && !says(statement, "BEGIN"))
		return true;
	return list && subject->thing != INDEX && !says(statement, "CREATE") &&
	       !says(statement, "ALTER") && is_list(statement);
}

bool my_remains(struct db *db, const struct sql_statement *kept, bool failed, const char *since,
    struct db_remains *remains, struct arena *arena, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	struct sql_statement whole = *kept;
	const struct sql_statement *statement = &whole;
	struct subject subject;
	int state = DB_REMAINS_UNKNOWN;
	if (!my_enter(s, stop, err))
		return false;
	/* What the history kept of one is its text. */
	if (whole.dialect == NULL)
		whole.dialect = db_mariadb.dialect;
	if (kept->dialect == NULL)
		whole.conditional = strstr(whole.text, "/*!") != NULL;
	read_statement(&subject, statement, arena);
	bool blind = subject.act != CHANGES_ROWS && is_blind(statement, &subject);
	if (!blind && !(failed ? judge_failed(s, statement, &subject, &state, err)
			       : judge_cut_off(s, statement, &subject, since, &state, arena, err)))
		return false;
	*remains = (struct db_remains){.state = DB_REMAINS_UNKNOWN};
	if (state != DB_REMAINS_UNKNOWN)
		remains->state = state == DB_REMAINS_DONE ? DB_REMAINS_DONE : DB_REMAINS_NOTHING;
	return true;
}
