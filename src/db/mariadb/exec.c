#include "base/text.h"
#include "db/mariadb/driver.h"
#include "db/mariadb/proof.h"
#include "sql/lex.h"
#include "sql/modes.h"
#include "sql/names.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SQL_MOST = 256 << 20, /* of our own, values and all */
	WARNINGS_MOST = 20,   /* told of one statement */
	CLEANUP_MS = 3000
};

/* --- What the server says beside results --- */

static enum db_notice level_of(const char *level)
{
	return text_is(level, "Note") ? DB_NOTICE_INFO : DB_NOTICE_WARNING;
}

/*
 * Asked for behind the statement, before anything else makes it forget. That it can't be asked for
 * any more is no failure of the statement, which is done.
 */
static void pass_on_warnings(struct my_db *s, unsigned count)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	struct err ignored;
	if (count == 0 || s->notice == NULL || s->conn == NULL ||
	    !my_ask(s, "SHOW WARNINGS", &arena, &rows, &ignored))
		return;
	for (size_t i = 0; i < rows.count && i < WARNINGS_MOST; i++)
		s->notice(s->context, level_of(rows.cells[3 * i]), rows.cells[3 * i + 2]);
	if (rows.count > WARNINGS_MOST)
		s->notice(s->context, DB_NOTICE_WARNING,
		    arena_printf(
			&arena, "and %zu more of this statement", rows.count - WARNINGS_MOST));
}

/* --- A migration's statement --- */

static bool begins_with(const struct sql_statement *statement, const char *const *words)
{
	struct sql_lexer lexer;
	struct sql_token token;
	sql_lex_init(&lexer, db_mariadb.dialect, statement->text, statement->len, 1);
	do
		token = sql_lex_next(&lexer);
	while (sql_token_is_gap(&token) || sql_token_is_sign(&token, '('));
	return sql_token_is_any(&token, words);
}

/* What holds on to the session is not among what the server calls a change of it. */
static bool holds_on(const struct sql_statement *statement)
{
	static const char *const words[] = {"LOCK", "HANDLER", "FLUSH", NULL};
	return begins_with(statement, words);
}

static bool changes_rows(const struct sql_statement *statement)
{
	static const char *const words[] = {"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "LOAD",
	    "CALL", "DO", "SELECT", "EXECUTE", NULL};
	return begins_with(statement, words);
}

static bool refuse_control(struct my_db *s, struct err *err)
{
	struct err ignored;
	my_do(s, "ROLLBACK", &ignored);
	err_set(err, ERR_DATABASE, "transaction control inside a migration");
	err_why(err, "the statement began a transaction and left it open");
	return err_next(err, "remove it: a migration's transaction is opened and closed for it");
}

/*
 * Only what has these is read in another way in another mode. To ask for the mode would take from a
 * statement what it asks of the one before it.
 */
static bool depends_on_mode(const struct sql_statement *statement)
{
	bool quotes = memchr(statement->text, '"', statement->len) != NULL ||
		      memchr(statement->text, '\\', statement->len) != NULL;
	return quotes && statement->dialect != NULL &&
	       !sql_statement_names(statement, "row_count") &&
	       !sql_statement_names(statement, "found_rows");
}

static const struct dialect *dialect_of_session(struct my_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	const char *mode = s->server.sql_mode;
	if (s->strayed) {
		if (!my_ask(s, "SELECT @@SESSION.sql_mode", &arena, &rows, err))
			return NULL;
		mode = rows.cells[0];
	}
	return sql_dialect_in_modes(&dialect_mariadb, mode, strlen(mode));
}

/* The file may not say what the server's own setting is, or set it by what is not followed. */
bool my_check_mode(struct my_db *s, const struct sql_statement *statement, struct err *err)
{
	if (!depends_on_mode(statement))
		return true;
	const struct dialect *now = dialect_of_session(s, err);
	if (now == NULL)
		return false;
	if (now == statement->dialect)
		return true;
	err_set(err, ERR_DATABASE, "the server would read quotes or backslashes in another way");
	err_at(err, statement->file, statement->line);
	err_why(err, "ANSI_QUOTES or NO_BACKSLASH_ESCAPES is set in the session and not by the"
		     " file, or the other way round");
	return err_next(err, "write at the top of the file: SET sql_mode = '…', with all modes that"
			     " it was written for");
}

/* Without autocommit, which a migration may switch off, whatever reads or writes begins one. */
static bool left_open(const struct my_db *s)
{
	unsigned status = s->conn->server_status;
	return !s->in_transaction && (status & SERVER_STATUS_IN_TRANS) != 0 &&
	       (status & SERVER_STATUS_AUTOCOMMIT) != 0;
}

/*
 * Who is killed leaves its server at work, and on a cluster the lease runs out meanwhile: so what
 * such a statement changed is committed by us, if the lease still is ours.
 */
static bool request_fenced(struct my_db *s, struct my_request *request, struct err *err)
{
	struct my_request fenced = *request;
	if (s->in_transaction || s->lock.lease.errand == NULL || !changes_rows(request->statement))
		return my_request(s, request, err);
	if (!my_do(s, "START TRANSACTION", err))
		return false;
	bool ok = my_request(s, &fenced, err);
	*request = fenced;
	if (ok && my_lease_fence(s, err) && my_do(s, "COMMIT", err))
		return true;
	const struct stop before = s->stop;
	struct err ignored;
	s->stop = stop_cleanup(CLEANUP_MS);
	if (s->conn != NULL)
		my_do(s, "ROLLBACK", &ignored);
	s->stop = before;
	request->done = false;
	return false;
}

bool my_exec(
    struct db *db, const struct sql_statement *statement, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	struct my_request request = {
	    .sql = statement->text, .len = statement->len, .statement = statement};
	if (!my_enter(s, stop, err) || !my_settle(s, err) || !my_guard(statement, err) ||
	    !my_check_mode(s, statement, err) || (!s->in_transaction && !my_lease_check(s, err)) ||
	    !my_proof_before(s, err))
		return false;
	s->strayed = s->strayed || holds_on(statement);
	int64_t limit = s->server.maria ? 0 : s->limits.statement_timeout;
	s->limit_at = limit == 0 ? 0 : stop_now() + limit;
	bool ok = request_fenced(s, &request, err);
	s->limit_at = 0;
	s->strayed = s->strayed || request.changed;
	/* Stopped meanwhile, and done all the same: outside a transaction nothing takes it back. */
	if (!ok && err->kind == ERR_STOPPED && !s->in_transaction && s->conn != NULL)
		ok = request.done;
	if (!ok && text_is(err->code, "1205"))
		my_tell_blocker(s, err);
	if (!ok || (left_open(s) && !refuse_control(s, err)))
		return false;
	const int64_t matched = my_proof_matched(s);
	pass_on_warnings(s, request.warnings);
	return my_proof_after(s, statement, &request, matched, err);
}

/* --- Our own SQL --- */

void my_literal(struct my_db *s, const char *text, struct buf *out)
{
	/* Where the connection is lost, nobody is asked any more. */
	if (text == NULL || s->conn == NULL) {
		buf_add_text(out, "NULL");
		return;
	}
	size_t len = strlen(text);
	char *escaped = malloc(2 * len + 1);
	if (escaped == NULL)
		err_die("out of memory");
	len = ma.escape(s->conn, escaped, text, len);
	buf_add_char(out, '\'');
	buf_add(out, escaped, len);
	buf_add_char(out, '\'');
	free(escaped);
}

void my_name(const char *name, struct buf *out)
{
	buf_add_char(out, '`');
	for (; *name != '\0'; name++) {
		if (*name == '`')
			buf_add_char(out, '`');
		buf_add_char(out, *name);
	}
	buf_add_char(out, '`');
}

/* Under EMPTY_STRING_IS_NULL, which is a migration's to keep, '' would be NULL. */
static void add_value(struct my_db *s, const struct db_value *value, struct buf *out)
{
	if (value->type == DB_INT)
		buf_printf(out, "%" PRId64, value->number);
	else if (value->type == DB_TEXT && text_is(value->text, ""))
		buf_add_text(out, MY_EMPTY);
	else
		my_literal(s, value->type == DB_TEXT ? value->text : NULL, out);
}

bool my_fill(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct buf *out, struct err *err)
{
	char quote = '\0';
	size_t places = 0;
	for (; *sql != '\0'; sql++) {
		if (quote == '\0' && text_starts(sql, "-- "))
			sql += strcspn(sql, "\n");
		if (*sql == '\0')
			break;
		if (quote != '\0')
			quote = *sql == quote ? '\0' : quote;
		else if (*sql == '\'' || *sql == '"' || *sql == '`')
			quote = *sql;
		if (*sql != '?' || quote != '\0')
			buf_add_char(out, *sql);
		else if (places++ < count)
			add_value(s, &values[places - 1], out);
	}
	if (places != count)
		return err_set(
		    err, ERR_UNEXPECTED, "%zu values for %zu placeholders", count, places);
	return !out->overflow || err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
}

static bool ask(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err)
{
	CLEANUP(buf_free) struct buf filled = buf_init(SQL_MOST);
	if (!my_fill(s, sql, values, count, &filled, err))
		return false;
	struct my_request request = {
	    .sql = filled.data, .len = filled.len, .arena = arena, .rows = rows};
	if (my_request(s, &request, err))
		return true;
	/* A migration locked its tables, and no others may be used then. */
	struct err ignored;
	if (s->in_transaction || !text_is(err->code, "1100") ||
	    !my_do(s, "UNLOCK TABLES", &ignored))
		return false;
	return my_request(s, &request, err);
}

/* Between two statements that may have changed settings for each other. */
static bool ask_apart(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err)
{
	struct err failed;
	if (!my_be_ourselves(s, err))
		return false;
	bool ok = ask(s, sql, values, count, arena, rows, &failed);
	const struct stop before = s->stop;
	s->stop = stop_cleanup(CLEANUP_MS);
	if (s->conn != NULL && !my_be_theirs(s, ok ? err : &(struct err){0}) && ok)
		ok = false;
	else if (!ok)
		*err = failed;
	s->stop = before;
	return ok;
}

bool my_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	bool given = false;
	if (!my_enter(s, stop, err))
		return false;
	if (rows != NULL && value_count == 0 && !my_ahead_query(s, sql, arena, rows, &given, err))
		return false;
	if (given)
		return true;
	return s->strayed ? ask_apart(s, sql, values, value_count, arena, rows, err)
			  : ask(s, sql, values, value_count, arena, rows, err);
}
