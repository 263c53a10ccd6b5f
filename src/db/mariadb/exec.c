#include "base/text.h"
#include "db/mariadb/driver.h"
#include "db/mariadb/proof.h"
#include "gen/sql.h"
#include "sql/lex.h"
#include "sql/modes.h"
#include "sql/names.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SQL_BYTES = 4096,
	WARNINGS_MOST = 20, /* told of one statement */
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

/* Of a statement that waited for a lock in vain: who may have kept it. */
static void tell_blocker(struct my_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_BYTES);
	const struct db_value database = {.type = DB_TEXT, .text = s->server.database};
	struct db_rows rows;
	struct err ignored;
	char elapsed[32];
	if (!my_fill(s, sql_mariadb_blocker, &database, 1, &sql, &ignored) ||
	    !my_ask(s, sql.data, &arena, &rows, &ignored) || rows.count == 0)
		return;
	const char *const *cells = rows.cells;
	text_elapsed(
	    cells[3] == NULL ? 0 : strtoll(cells[3], NULL, 10) * 1000, elapsed, sizeof(elapsed));
	err_why(err, "the oldest open transaction here is that of connection %s (%s@%s), for %s",
	    cells[0], cells[1], cells[2], elapsed);
	err_next(err, "to end that session: KILL %s;", cells[0]);
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
		tell_blocker(s, err);
	if (!ok || (left_open(s) && !refuse_control(s, err)))
		return false;
	const int64_t matched = my_proof_matched(s);
	pass_on_warnings(s, request.warnings);
	return my_proof_after(s, statement, &request, matched, err);
}
