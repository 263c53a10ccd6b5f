#include "base/text.h"
#include "db/postgres/postgres.h"
#include "db/postgres/proof.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	SQL_MOST = 1 << 20, /* of our own */
	CLEANUP_MS = 3000
};

/* Statements whose end would be the end of our transaction, however they are hidden in a text. */
static bool is_control(const char *tag)
{
	static const char *const tags[] = {"BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK",
	    "PREPARE TRANSACTION", "COMMIT PREPARED", "ROLLBACK PREPARED"};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (text_is(tag, tags[i]))
			return true;
	return false;
}

static bool refuse_control(struct pg_db *s, const char *tag, struct err *err)
{
	if (!s->in_transaction && pq.transactionStatus(s->conn) != PQTRANS_IDLE) {
		struct err ignored;
		pg_script(s, "ROLLBACK", &ignored);
	}
	err_set(err, ERR_DATABASE, "%s: transaction control inside a migration", tag);
	return err_next(err, "remove it: a migration's transaction is opened and closed for it");
}

static bool execute(struct pg_db *s, const struct sql_statement *statement, struct err *err)
{
	struct pg_request request = {.sql = statement->text, .statement = statement};
	bool mentions = pg_mentions_own(statement);
	s->lock.verified = false;
	if (s->in_transaction)
		s->unchecked = true;
	else
		s->strayed = true;
	s->heard = true;
	bool ok = pg_request(s, &request, err);
	s->heard = false;
	/* Stopped meanwhile, and done all the same: outside a transaction nothing takes it back. */
	if (!ok && err->kind == ERR_STOPPED && !s->in_transaction && s->conn != NULL)
		ok = request.tag[0] != '\0';
	if (!ok && text_is(err->code, "55P03"))
		pg_tell_blocker(s, statement, err);
	if (!ok)
		return false;
	if (is_control(request.tag))
		return refuse_control(s, request.tag, err);
	pg_proof_after(s, statement, request.tag);
	return pg_must_be_whole(s, err) &&
	       (!s->in_transaction || !mentions || pg_guard_check(s, PG_GUARD_ONLY, err));
}

static bool refuse_outside(struct err *err)
{
	err_set(err, ERR_LOCK, "a statement outside a transaction needs a session of its own");
	return err_next(err, "name the server itself: DB_ENTRY_DIRECT_URL=postgresql://…");
}

bool pg_exec(
    struct db *db, const struct sql_statement *statement, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	if (s->lease.ms > 0 && !s->in_transaction)
		return refuse_outside(err);
	return pg_enter(s, stop, err) && pg_settle(s, err) && pg_must_be_whole(s, err) &&
	       pg_guard_before(s, statement, err) && pg_proof_before(s, statement, err) &&
	       (s->in_transaction || pg_foreign_release(s, err)) && execute(s, statement, err);
}

void pg_number_places(const char *sql, struct buf *out, size_t *count)
{
	char quote = '\0';
	size_t places = 0;
	for (; *sql != '\0'; sql++) {
		if (quote != '\0')
			quote = *sql == quote ? '\0' : quote;
		else if (*sql == '\'' || *sql == '"')
			quote = *sql;
		if (*sql == '?' && quote == '\0')
			buf_printf(out, "$%zu", ++places);
		else
			buf_add_char(out, *sql);
	}
	*count = places;
}

/* All go as text; their types are what the server takes them for. */
static const char *const *texts_of(const struct db_value *values, size_t count, struct arena *arena)
{
	const char **texts = arena_array(arena, count + 1, sizeof(*texts));
	for (size_t i = 0; i < count; i++) {
		if (values[i].type == DB_TEXT)
			texts[i] = values[i].text;
		else if (values[i].type == DB_INT)
			texts[i] = arena_printf(arena, "%" PRId64, values[i].number);
	}
	return texts;
}

/* Between two statements that may have changed role and settings for each other. */
static bool ask_apart(struct pg_db *s, const char *sql, const char *const *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err)
{
	struct db_rows found = {.count = 0};
	if (pg_script(s, "BEGIN", err) && pg_be_ourselves(s, err) &&
	    pg_ask(s, sql, values, count, arena, rows == NULL ? NULL : &found, err) &&
	    pg_script(s, "COMMIT", err)) {
		if (rows != NULL)
			*rows = found;
		return true;
	}
	struct stop stop = stop_cleanup(CLEANUP_MS);
	struct err ignored;
	pg_rollback(&s->base, &stop, &ignored);
	return false;
}

bool pg_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	CLEANUP(arena_free) struct arena own = {0};
	CLEANUP(buf_free) struct buf numbered = buf_init(SQL_MOST);
	size_t places = 0;
	bool given = false;
	if (!pg_enter(s, stop, err) || !pg_must_be_whole(s, err))
		return false;
	if (rows != NULL && value_count == 0 && !pg_ahead_query(s, sql, arena, rows, &given, err))
		return false;
	if (given)
		return true;
	/* Before we write our tables ourselves. */
	if (s->unchecked && !pg_guard_check(s, PG_GUARD_AND_RETURN, err))
		return false;
	pg_number_places(sql, &numbered, &places);
	if (numbered.overflow)
		return err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
	if (places != value_count)
		return err_set(
		    err, ERR_UNEXPECTED, "%zu values for %zu placeholders", value_count, places);
	const char *const *texts = texts_of(values, value_count, &own);
	return s->strayed && !s->in_transaction
		   ? ask_apart(s, numbered.data, texts, value_count, arena, rows, err)
		   : pg_ask(s, numbered.data, texts, value_count, arena, rows, err);
}

static bool add_value(struct pg_db *s, const struct db_value *value, struct buf *out)
{
	if (value->type == DB_INT) {
		buf_printf(out, "'%" PRId64 "'", value->number);
		return true;
	}
	if (value->type == DB_NULL || value->text == NULL) {
		buf_add_text(out, "NULL");
		return true;
	}
	char *literal = pq.escapeLiteral(s->conn, value->text, strlen(value->text));
	if (literal == NULL)
		return false; /* no UTF-8: the server says so best */
	buf_add_text(out, literal);
	pq.freemem(literal);
	return true;
}

/* As pg_number_places(), with the values themselves. */
static bool write_change(struct pg_db *s, const char *sql, const struct db_value *values,
    size_t value_count, struct buf *out)
{
	char quote = '\0';
	size_t places = 0;
	for (; *sql != '\0'; sql++) {
		if (quote != '\0')
			quote = *sql == quote ? '\0' : quote;
		else if (*sql == '\'' || *sql == '"')
			quote = *sql;
		if (*sql != '?' || quote != '\0')
			buf_add_char(out, *sql);
		else if (places == value_count || !add_value(s, &values[places++], out))
			return false;
	}
	return places == value_count;
}

bool pg_later(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	CLEANUP(buf_free) struct buf text = buf_init(PG_LATER_MOST);
	if (!pg_enter_only(s, stop, err) || !pg_must_be_whole(s, err) ||
	    (s->unchecked && !pg_guard_check(s, PG_GUARD_AND_RETURN, err)))
		return false;
	if (!s->in_transaction || !write_change(s, sql, values, value_count, &text) ||
	    text.overflow || s->later.len + text.len + 2 > PG_LATER_MOST)
		return pg_query(db, sql, values, value_count, NULL, NULL, stop, err);
	buf_printf(&s->later, "%s%s", s->later.len == 0 ? "" : "; ", text.data);
	return true;
}
