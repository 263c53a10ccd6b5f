/*
 * The trial: what is going to be run, statement by statement, in a scratch database that has the
 * schema and no rows (trial_copy.c), over connections of its own: the session that holds the lock
 * takes no part. It finds what can't succeed before anything is done, and what a statement takes
 * away beyond what reading saw in it.
 *
 * It never makes a statement pass that reading stops. On a copy without rows code may go another
 * way than it will (IF EXISTS (SELECT …)), so that nothing was taken there proves nothing; and it
 * is not run there at all (trial_read.c). Behind what is not run, and may have changed a table,
 * nothing is tried: an error there might be the trial's own.
 */
#include "db/mariadb/trial.h"
#include "base/text.h"
#include "db/mariadb/driver.h"
#include "sql/match.h"
#include <stdlib.h>
#include <string.h>

enum {
	LOCK_MS = 5000, /* in a database that nobody else uses */
	STATEMENT_MS = 30000,
	BACK_MS = 2000,
	SQL_MOST = 1 << 20,
	NAMES_MOST = 64, /* of one statement, whose columns are looked at */
	TOLD_MOST = 6
};

struct attempt {
	struct my_db *s;
	struct stop stop; /* of the call */
	struct my_scratch scratch;
	struct my_db run; /* in the scratch database; anew where a part has left something behind */
	struct db_rows databases;
	struct db_trial *trial;
	struct arena *arena;
};

static bool end(struct attempt *a, const struct sql_statement *at, const char *why)
{
	a->trial->ended = why;
	a->trial->ended_at = at;
	return false;
}

/* --- Sessions --- */

/* On a cluster it is this node's alone: others would wait for each statement. */
static bool replicate(struct my_db *own, bool on, struct err *err)
{
	return !own->server.galera ||
	       my_do(own, on ? "SET SESSION wsrep_on = 1" : "SET SESSION wsrep_on = 0", err);
}

/* As the session that is going to run it; but patient with nobody. */
static bool open_session(struct attempt *a, struct err *err)
{
	struct my_db *run = &a->run;
	struct err ignored;
	if (run->conn != NULL && !run->strayed)
		return true;
	if (run->conn != NULL)
		ma.close(run->conn);
	*run = (struct my_db){
	    .stop = a->stop,
	    .place = a->s->place,
	    .target = a->s->target,
	    .server = a->s->server,
	    .label = a->s->label,
	    .alive = a->s->alive,
	    .context = a->s->context,
	    .limits = {LOCK_MS, STATEMENT_MS},
	};
	run->target.database = run->server.database = a->scratch.name;
	if (!my_connect_to(&run->conn, &run->place, &run->target, &run->stop, err))
		return false;
	run->server.id = (int64_t)ma.thread_id(run->conn);
	my_do(run, "SET SESSION sql_log_bin = 0", &ignored);
	return run->conn != NULL && replicate(run, false, err) && my_settle(run, err);
}

/* Who may not has to be told so, once and shortly; whatever else it is, the run goes on too. */
static bool tell_refused(struct attempt *a, const struct err *refused, struct err *err)
{
	struct err ended;
	if (!stop_check(&a->stop, &ended)) {
		*err = ended;
		return false;
	}
	bool access = text_is(refused->code, "1044") || text_is(refused->code, "1227") ||
		      text_is(refused->code, "1142");
	end(a, NULL, arena_strdup(a->arena, refused->message));
	if (access && !a->s->server.galera)
		a->trial->next = arena_printf(a->arena,
		    "GRANT ALL PRIVILEGES ON `db\\_entry\\_scratch\\_%%`.* TO %s;",
		    a->s->server.account);
	return true;
}

/* --- What a statement takes away --- */

/* The columns of all tables that the statement may speak of; false where there are too many. */
static bool read_columns(struct attempt *a, const struct sql_statement *statement,
    struct db_rows *rows, struct arena *arena)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct sql_lexer lexer;
	struct sql_token token;
	struct err ignored;
	size_t count = 0;
	sql_lex_init(&lexer, statement->dialect, statement->text, statement->len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (token.kind != SQL_TOKEN_WORD && token.kind != SQL_TOKEN_IDENTIFIER)
			continue;
		if (count++ == NAMES_MOST)
			return false;
		buf_printf(&sql,
		    "%s SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS"
		    " WHERE TABLE_SCHEMA = '%s' AND TABLE_NAME = ",
		    count == 1 ? "" : " UNION", a->scratch.name);
		my_literal(&a->scratch.session, sql_token_name(&token, arena), &sql);
	}
	return count > 0 && !sql.overflow &&
	       my_ask(&a->scratch.session, sql.data, arena, rows, &ignored);
}

static bool has(const struct db_rows *rows, const char *const *column)
{
	for (size_t i = 0; i < rows->count; i++)
		if (text_is(rows->cells[2 * i], column[0]) &&
		    text_is(rows->cells[2 * i + 1], column[1]))
			return true;
	return false;
}

/* Renamed columns are as many as before. */
static void compare(struct attempt *a, const struct sql_statement *statement,
    const struct db_rows *before, const struct db_rows *after)
{
	CLEANUP(buf_free) struct buf gone = buf_init(SQL_MOST);
	size_t count = 0;
	for (size_t i = 0; i < before->count; i++) {
		const char *const *column = before->cells + 2 * i;
		if (has(after, column) || ++count > TOLD_MOST)
			continue;
		buf_printf(&gone, "%s%s.%s", count > 1 ? ", " : "", column[0], column[1]);
	}
	bool renames = sql_has_word(statement->dialect, statement->text, statement->len, "RENAME");
	if (count == 0 || (renames && after->count >= before->count))
		return;
	if (count > TOLD_MOST)
		buf_printf(&gone, " and %zu more", count - TOLD_MOST);
	struct db_trial *trial = a->trial;
	trial->losses = arena_grow(a->arena, trial->losses, trial->loss_count,
	    &trial->loss_capacity, sizeof(*trial->losses));
	trial->losses[trial->loss_count++] = (struct db_trial_loss){
	    .statement = statement,
	    .evidence = arena_printf(
		a->arena, "in a trial on a copy of the schema it took away %s", gone.data),
	};
}

/* What reading names is blocked already; what only makes something takes nothing away. */
static bool may_take(const struct sql_statement *statement)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_head head;
	struct risk risk;
	sql_head_read(&head, statement->dialect, statement->text, statement->len);
	risk_of(&risk, statement->dialect, statement, &arena);
	return risk.level < RISK_DESTRUCTIVE && !sql_head_matches(&head, "SET") &&
	       !sql_head_matches(&head, "CREATE TABLE|INDEX|UNIQUE|VIEW|SEQUENCE");
}

/* --- One statement --- */

/* What the server says of the schema, and of the text, whatever rows there are. */
static bool is_about_schema(const struct err *failed)
{
	static const char *const numbers[] = {"1050", "1051",
	    "1146", /* there is such a table, there is none */
	    "1054", "1060", "1061", "1091", "1072", "1176", /* columns and keys, the same */
	    "1064", "4161", "1115", "1273", "1253", "1286", "1425", "1426",
	    "1427",                         /* words and types */
	    "1059", "1103", "1166", "1280", /* names that can't be */
	    "1063", "1067", "1068", "1070", "1071", "1073", "1074", "1075", "1089", "1101", "1113",
	    "1117", "1118", "1121", "1170", "1171", "1291", "1294", /* definitions that can't be */
	    "1215", "1239", "1553", "1822", "1824", "1825", "1826", "1828", "1829", "1830", "3780",
	    "1845", "1846", "1901", "3105", "3106", "3107", "3108", "3109", "1052", "1066", "1109",
	    "1110", "1136", "1222", "1241", "1248", "1353", /* queries */
	    NULL};
	for (const char *const *number = numbers; *number != NULL; number++)
		if (text_is(failed->code, *number))
			return true;
	return text_is(failed->code, "1005") && strstr(failed->message, "errno: 150") != NULL;
}

/* As it will be said of the database itself. */
static void name_database(struct attempt *a, struct err *failed)
{
	CLEANUP(buf_free) struct buf text = buf_init(sizeof(failed->message));
	const char *at = failed->message, *found;
	for (; (found = strstr(at, a->scratch.name)) != NULL;
	     at = found + strlen(a->scratch.name)) {
		buf_add(&text, at, (size_t)(found - at));
		buf_add_text(&text, a->s->server.database);
	}
	buf_add_text(&text, at);
	struct err said = *failed;
	err_set(failed, ERR_DATABASE, "%s", text.data);
	memcpy(failed->code, said.code, sizeof(failed->code));
	memcpy(failed->file, said.file, sizeof(failed->file));
	failed->line = said.line;
}

/* False ends the trial, for which there is a reason now. */
static bool judge_failure(
    struct attempt *a, const struct sql_statement *statement, bool run, struct err *failed)
{
	if (a->run.conn != NULL && failed->kind == ERR_DATABASE && is_about_schema(failed)) {
		name_database(a, failed);
		a->trial->fails = statement;
		a->trial->failure = *failed;
		return false;
	}
	if (!run && a->run.conn != NULL && failed->kind == ERR_DATABASE)
		return true; /* the tables are the same behind it */
	name_database(a, failed);
	return end(a, statement, arena_strdup(a->arena, failed->message));
}

/* Nothing calls them here, and what is defined anew later must not be in its own way. */
static bool remove_definitions(struct attempt *a, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct db_rows rows;
	buf_printf(&sql,
	    "SELECT 'TRIGGER', TRIGGER_NAME FROM information_schema.TRIGGERS"
	    " WHERE TRIGGER_SCHEMA = '%s' UNION ALL"
	    " SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES"
	    " WHERE ROUTINE_SCHEMA = '%s'",
	    a->scratch.name, a->scratch.name);
	if (!my_ask(&a->scratch.session, sql.data, &arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++) {
		buf_reset(&sql);
		buf_printf(&sql, "DROP %s ", rows.cells[2 * i]);
		my_name(rows.cells[2 * i + 1], &sql);
		if (!my_do(&a->scratch.session, sql.data, err))
			return false;
	}
	return true;
}

static bool send(struct attempt *a, const struct sql_statement *statement, const char *sql,
    size_t len, struct err *err)
{
	struct my_request request = {.sql = sql, .len = len, .statement = statement};
	a->run.limit_at = a->s->server.maria ? 0 : stop_now() + STATEMENT_MS;
	bool ok = my_request(&a->run, &request, err);
	a->run.limit_at = 0;
	a->run.strayed = a->run.strayed || request.changed;
	return ok;
}

static bool prepare(struct attempt *a, const struct sql_statement *statement)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct err failed;
	buf_add_text(&sql, "PREPARE db_entry_trial FROM ");
	my_literal(&a->run, statement->text, &sql);
	if (sql.overflow)
		return true;
	a->trial->tried++;
	/* One that was prepared is in nobody's way, and worth no new session. */
	const bool strayed = a->run.strayed;
	bool ok = send(a, statement, sql.data, sql.len, &failed);
	a->run.strayed = strayed;
	return ok || judge_failure(a, statement, false, &failed);
}

static bool run(struct attempt *a, const struct sql_statement *statement, enum my_way way)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows before, after;
	struct err failed;
	bool look =
	    way == MY_WAY_RUN && may_take(statement) && read_columns(a, statement, &before, &arena);
	a->trial->tried++;
	if (!send(a, statement, statement->text, statement->len, &failed))
		return judge_failure(a, statement, true, &failed);
	if (look && read_columns(a, statement, &after, &arena))
		compare(a, statement, &before, &after);
	if (way == MY_WAY_DEFINE && !remove_definitions(a, &failed))
		return end(a, statement, arena_strdup(a->arena, failed.message));
	return true;
}

/* Of those that are done only settings matter. */
static bool try_statement(
    struct attempt *a, const struct sql_statement *statement, bool done, const char **why)
{
	struct sql_head head;
	if (done) {
		sql_head_read(&head, statement->dialect, statement->text, statement->len);
		if (!sql_head_matches(&head, "SET"))
			return true;
	}
	enum my_way way = my_trial_way(&a->s->server, statement, &a->databases, why, a->arena);
	struct err refused;
	if (way != MY_WAY_PASS && way != MY_WAY_END && !my_check_mode(&a->run, statement, &refused))
		return end(a, statement, arena_strdup(a->arena, refused.message));
	switch (way) {
	case MY_WAY_RUN:
	case MY_WAY_DEFINE:
		return run(a, statement, way);
	case MY_WAY_PREPARE:
		return prepare(a, statement);
	case MY_WAY_PASS:
		return true;
	case MY_WAY_END:
		return end(a, statement, *why);
	}
	return true;
}

static bool try_parts(
    struct attempt *a, const struct db_trial_part *parts, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct err refused;
		if (!open_session(a, &refused))
			return tell_refused(a, &refused, err);
		for (size_t j = 0; j < parts[i].script->count; j++) {
			const char *why;
			if (!stop_check(&a->stop, err))
				return false;
			my_lock_note(&a->s->base, "trying what is pending on a copy of the schema");
			if (!try_statement(
				a, &parts[i].script->statements[j], j < parts[i].done, &why))
				return stop_check(&a->stop, err);
		}
	}
	return true;
}

/* --- All of it --- */

static bool has_tables(const struct my_copy *copy)
{
	for (size_t i = 0; i < copy->count; i++)
		if (!copy->items[i].view)
			return true;
	return false;
}

static bool read_databases(struct attempt *a, struct err *err)
{
	return my_ask(a->s, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA", a->arena,
	    &a->databases, err);
}

static bool try_all(struct attempt *a, struct my_copy *copy, const struct db_trial_part *parts,
    size_t count, struct err *err)
{
	struct err refused;
	const char *why;
	if (!my_scratch_open(a->s, &a->scratch, copy->collation, &refused) ||
	    !replicate(&a->scratch.session, false, &refused))
		return tell_refused(a, &refused, err);
	my_do(&a->scratch.session, "SET SESSION innodb_strict_mode = 0", &refused);
	if (a->scratch.session.conn == NULL ||
	    !my_copy_make(&a->scratch.session, copy, &a->databases, &why, a->arena, &refused))
		return tell_refused(a, &refused, err);
	if (why != NULL) {
		end(a, NULL, why);
		return true;
	}
	return try_parts(a, parts, count, err);
}

static void close_attempt(struct attempt *a)
{
	struct err ignored;
	if (a->run.conn != NULL)
		ma.close(a->run.conn);
	/* The database itself is everywhere: who removes it must not do so for this node alone,
	 * also when the call was stopped. Without a connection another is made, which is as it
	 * should be.
	 */
	a->scratch.session.stop = stop_cleanup(BACK_MS);
	if (a->scratch.session.conn != NULL && !replicate(&a->scratch.session, true, &ignored))
		my_drop(&a->scratch.session.conn);
	my_scratch_close(a->s, &a->scratch);
}

bool my_trial(struct db *db, const struct db_trial_part *parts, size_t count,
    struct db_trial *trial, struct arena *arena, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena texts = {0};
	struct my_copy copy;
	struct attempt a = {.s = (struct my_db *)db, .stop = *stop, .trial = trial, .arena = arena};
	*trial = (struct db_trial){.tried = 0};
	if (!my_enter(a.s, stop, err) || !my_copy_read(a.s, &copy, &texts, err))
		return false;
	/* A first install has nothing that could be left half-way. */
	if (!has_tables(&copy))
		return true;
	my_copy_choose(&copy, parts, count, &texts);
	bool ok = read_databases(&a, err) && try_all(&a, &copy, parts, count, err);
	close_attempt(&a);
	return ok;
}
