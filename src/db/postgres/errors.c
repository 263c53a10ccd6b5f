/*
 * What went wrong, and whether trying again can help. Wherever there is a SQLSTATE it decides; its
 * text may be in any language. Texts count only where there is none (libpq's own, in English) or
 * where it says nothing (PgBouncer's 08P01).
 */
#include "base/buf.h"
#include "base/text.h"
#include "db/postgres/postgres.h"
#include <stdio.h>
#include <string.h>

struct rule {
	const char *begins; /* of the SQLSTATE, or a part of the text */
	enum err_kind kind; /* of a failed connect */
	enum err_retry retry;
};

/* The first that fits counts. */
static const struct rule states[] = {
    {"57P03", ERR_UNREACHABLE, ERR_RETRY}, /* starting up, shutting down, in recovery */
    {"57P01", ERR_UNREACHABLE, ERR_RETRY},
    {"57P02", ERR_UNREACHABLE, ERR_RETRY},
    {"53", ERR_UNREACHABLE, ERR_RETRY_SLOWLY}, /* out of connections, memory, disk */
    {"25006", ERR_READ_ONLY, ERR_RETRY},
    {"40", ERR_UNREACHABLE, ERR_RETRY_TRANSACTION},
    {"55P03", ERR_UNREACHABLE, ERR_RETRY_TRANSACTION},
    {"28", ERR_ACCESS, ERR_RETRY_GRACE},
    {"3D000", ERR_UNREACHABLE, ERR_RETRY_GRACE},
    {"42501", ERR_ACCESS, ERR_FATAL},
    {"55000", ERR_ACCESS, ERR_FATAL}, /* the database takes no connections */
    {"42", ERR_CONFIG, ERR_FATAL},
    {"0A", ERR_CONFIG, ERR_FATAL},
    {"22", ERR_CONFIG, ERR_FATAL},
    {"23", ERR_CONFIG, ERR_FATAL},
    {"08", ERR_UNREACHABLE, ERR_RETRY},
    {"57014", ERR_UNREACHABLE, ERR_FATAL},
    {NULL, ERR_UNREACHABLE, ERR_FATAL},
};

/* What poolers mean by 08P01. What they repeat of their own tries comes first. */
static const struct rule pooler_texts[] = {
    {"server login", ERR_UNREACHABLE, ERR_RETRY},
    {"no more connections", ERR_UNREACHABLE, ERR_RETRY_SLOWLY},
    {"too many", ERR_UNREACHABLE, ERR_RETRY_SLOWLY},
    {"startup parameter", ERR_CONFIG, ERR_FATAL},
    {"SSL required", ERR_CONFIG, ERR_FATAL},
    {"TLS required", ERR_CONFIG, ERR_FATAL},
    {"no such database", ERR_UNREACHABLE, ERR_RETRY_GRACE},
    {"does not exist", ERR_UNREACHABLE, ERR_RETRY_GRACE},
    {"no such user", ERR_ACCESS, ERR_RETRY_GRACE},
    {"authentication failed", ERR_ACCESS, ERR_RETRY_GRACE},
    {"auth failed", ERR_ACCESS, ERR_RETRY_GRACE},
    {"login rejected", ERR_ACCESS, ERR_RETRY_GRACE},
    {"not allowed", ERR_ACCESS, ERR_RETRY_GRACE},
    {NULL, ERR_UNREACHABLE, ERR_RETRY},
};

/* libpq's own words. A connection that ends in the middle of TLS is one that ends. */
static const struct rule client_texts[] = {
    {"SSL SYSCALL error", ERR_UNREACHABLE, ERR_RETRY},
    {"no password supplied", ERR_ACCESS, ERR_FATAL},
    {"authentication method", ERR_ACCESS, ERR_FATAL},
    {"channel binding", ERR_ACCESS, ERR_FATAL},
    {"certificate", ERR_CONFIG, ERR_FATAL},
    {"private key", ERR_CONFIG, ERR_FATAL},
    {"SSL", ERR_CONFIG, ERR_FATAL},
    {"GSSAPI", ERR_CONFIG, ERR_FATAL},
    {"read-only", ERR_READ_ONLY, ERR_RETRY}, /* target_session_attrs */
    {"hot standby", ERR_READ_ONLY, ERR_RETRY},
    {"No such file or directory", ERR_UNREACHABLE, ERR_RETRY_GRACE},
    {"Permission denied", ERR_ACCESS, ERR_FATAL},
    {NULL, ERR_UNREACHABLE, ERR_RETRY},
};

static const struct rule *rule_for_state(const char *code)
{
	const struct rule *rule = states;
	while (rule->begins != NULL && !text_starts(code, rule->begins))
		rule++;
	return rule;
}

static const struct rule *rule_for_text(const struct rule *rule, const char *text)
{
	while (rule->begins != NULL && strstr(text, rule->begins) == NULL)
		rule++;
	return rule;
}

enum err_retry pg_retry(const char *code)
{
	return rule_for_state(code)->retry;
}

/* --- Of a failed connect --- */

/* The last "FATAL:  28P01: " of the text: where its code begins; NULL when there is none. */
static const char *last_state(const char *text)
{
	const char *found = NULL;
	for (const char *at = text; (at = strstr(at, ":  ")) != NULL; at++) {
		const char *code = at + 3;
		size_t len = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (len == 5 && text_starts(code + len, ": "))
			found = code;
	}
	return found;
}

/* libpq's last attempt, behind "connection to server at … failed: ". */
static const char *last_attempt(const char *text)
{
	const char *last = text;
	for (const char *at = text; (at = strstr(at, "connection to server")) != NULL; at++)
		last = at;
	const char *failed = strstr(last, " failed: ");
	return failed == NULL ? last : failed + strlen(" failed: ");
}

/* The lines DETAIL and HINT behind the message. */
static void add_details(const char *text, struct err *err)
{
	for (; (text = strchr(text, '\n')) != NULL;) {
		text++;
		int len = (int)strcspn(text, "\n");
		if (text_starts(text, "DETAIL:  "))
			err_why(err, "%.*s", len - 9, text + 9);
		else if (text_starts(text, "HINT:  "))
			err_next(err, "%.*s", len - 7, text + 7);
	}
}

static void advise(const struct rule *rule, struct err *err)
{
	if (text_is(rule->begins, "startup parameter"))
		err_next(err, "a pooler takes no such parameter: leave `options` out of the URL,"
			      " or put it into its ignore_startup_parameters");
	else if (text_is(rule->begins, "no password supplied"))
		err_next(err, "put the password into the URL, or name a file: ?passfile=…");
	else if (text_is(rule->begins, "certificate"))
		err_next(err, "name the authority that signed the server's certificate: "
			      "?sslrootcert=/path/ca.crt");
	else if (rule->kind == ERR_ACCESS || text_starts(rule->begins, "3D000"))
		err_next(err, "look at user, password and database in the URL: db-entry config");
}

bool pg_fail_open(const char *text, const char *place, struct err *err)
{
	const char *code = last_state(text);
	const char *message = code != NULL ? code + strlen("28P01: ") : last_attempt(text);
	int len = (int)strcspn(message, "\n");
	char state[6] = "";
	const struct rule *rule;
	if (code != NULL)
		snprintf(state, sizeof(state), "%.5s", code);
	if (text_is(state, "08P01"))
		rule = rule_for_text(pooler_texts, message);
	else
		rule = code != NULL ? rule_for_state(state) : rule_for_text(client_texts, message);
	err_set(err, rule->kind, "%s: %.*s", place, len, message);
	err->retry = rule->retry;
	snprintf(err->code, sizeof(err->code), "%s", state);
	add_details(message, err);
	if (rule->begins != NULL)
		advise(rule, err);
	return false;
}

/* --- Of a statement --- */

/* One line; the server's own may be several. */
static const char *flat(const char *text, struct buf *out)
{
	buf_reset(out);
	for (; text != NULL && *text != '\0'; text++)
		buf_add_char(out, (unsigned char)*text < ' ' ? ' ' : *text);
	return out->data;
}

/* The line of the statement's file that character `position` of the statement is in. */
static int line_of(const struct sql_statement *statement, const char *position)
{
	int line = statement->line;
	struct err ignored;
	int64_t left = 0;
	if (!text_int(position, 1, INT32_MAX, &left, &ignored))
		return line;
	for (const char *at = statement->text; *at != '\0' && left > 1; at++) {
		if (((unsigned char)at[1] & 0xC0) != 0x80)
			left--;
		line += *at == '\n';
	}
	return line;
}

/* "COPY item, line 3, column id: …" among the lines of a context: which line of the data. */
static int64_t data_line(const char *context)
{
	int64_t line = 0;
	struct err ignored;
	for (; context != NULL; context = strchr(context, '\n')) {
		context += *context == '\n';
		const char *comma = strchr(context, ',');
		if (!text_starts(context, "COPY ") || comma == NULL)
			continue;
		char digits[16];
		comma += strcspn(comma, "0123456789\n");
		snprintf(digits, sizeof(digits), "%.*s", (int)strspn(comma, "0123456789"), comma);
		if (text_int(digits, 1, INT32_MAX / 2, &line, &ignored))
			return line;
	}
	return 0;
}

static void add_where(
    const PGresult *result, const struct sql_statement *statement, struct err *err)
{
	const char *position = pq.resultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	const char *context = pq.resultErrorField(result, PG_DIAG_CONTEXT);
	int64_t line = statement == NULL || statement->data == NULL ? 0 : data_line(context);
	if (line > 0)
		err_at(err, statement->file, statement->data_line + (int)line - 1);
	else if (statement != NULL && position != NULL)
		err_at(err, statement->file, line_of(statement, position));
	if (context != NULL)
		err_why(err, "%s", context);
}

/* "table public.child, constraint child_parent_fkey" */
static void add_object(const PGresult *result, struct err *err)
{
	static const struct {
		int field;
		const char *name;
	} parts[] = {{PG_DIAG_COLUMN_NAME, "column"}, {PG_DIAG_DATATYPE_NAME, "type"},
	    {PG_DIAG_CONSTRAINT_NAME, "constraint"}};
	const char *schema = pq.resultErrorField(result, PG_DIAG_SCHEMA_NAME);
	const char *table = pq.resultErrorField(result, PG_DIAG_TABLE_NAME);
	CLEANUP(buf_free) struct buf out = buf_init(512);
	if (table != NULL)
		buf_printf(&out, "table %s%s%s", schema == NULL ? "" : schema,
		    schema == NULL ? "" : ".", table);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *name = pq.resultErrorField(result, parts[i].field);
		if (name != NULL)
			buf_printf(&out, "%s%s %s", out.len == 0 ? "" : ", ", parts[i].name, name);
	}
	if (out.len > 0)
		err_why(err, "%s", out.data);
}

/* Who makes our tables needs more than who uses them. */
static void advise_rights(const struct pg_db *s, struct err *err)
{
	const char *schema = s->server.schema == NULL ? "public" : s->server.schema;
	const char *user = s->server.user, *own = s->base.own;
	bool leased = s->lease.has_table;
	err_next(err, "as the owner of the schema: GRANT USAGE, CREATE ON SCHEMA \"%s\" TO \"%s\";",
	    schema, user);
	err_next(err,
	    "where another role made db-entry's tables, as that role: GRANT SELECT"
	    " ON %sdb_entry_history, %sdb_entry_run, %sdb_entry_snapshot%s%s%s"
	    " TO \"%s\"; and, for who migrates, INSERT, UPDATE, DELETE",
	    own, own, own, leased ? ", " : "", leased ? own : "", leased ? "db_entry_lease" : "",
	    user);
}

static void advise_state(
    const struct pg_db *s, const struct sql_statement *statement, struct err *err)
{
	if (text_is(err->code, "42501") && statement == NULL)
		advise_rights(s, err);
	else if (text_is(err->code, "3F000") && statement == NULL)
		err_next(err, "make the schema first, or name one that is there: ?schema=public");
	else if (text_is(err->code, "57014") && s->limits.statement_timeout > 0)
		err_next(err, "raise DB_ENTRY_STATEMENT_TIMEOUT or the migration's"
			      " statement-timeout");
	else if (text_is(err->code, "57014") && !s->settled)
		err_next(err,
		    "a statement_timeout of the role or the database ended it: ALTER ROLE"
		    " \"%s\" SET statement_timeout = 0;",
		    s->server.user);
	else if (text_is(err->code, "22P05") || text_is(err->code, "22021"))
		err_next(err, "the database's encoding has no such character: take it out of the"
			      " file, its comments and its down part too");
	else if (text_is(err->code, "55P03"))
		err_next(err, "others use what it needs: start again when they are done, or raise"
			      " DB_ENTRY_LOCK_TIMEOUT");
}

bool pg_fail(
    struct pg_db *s, const PGresult *result, const struct sql_statement *statement, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(sizeof(err->message));
	const char *code = pq.resultErrorField(result, PG_DIAG_SQLSTATE);
	const char *detail = pq.resultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = pq.resultErrorField(result, PG_DIAG_MESSAGE_HINT);
	if (code == NULL)
		return pq.status(s->conn) == CONNECTION_OK
			   ? err_set(err, ERR_DATABASE, "%s",
				 flat(pq.resultErrorMessage(result), &text))
			   : pg_fail_lost(s, err);
	err_set(err, text_is(code, "25006") ? ERR_READ_ONLY : ERR_DATABASE, "%s",
	    flat(pq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), &text));
	snprintf(err->code, sizeof(err->code), "%s", code);
	err->retry = pg_retry(code);
	if (detail != NULL)
		err_why(err, "%s", detail);
	add_object(result, err);
	add_where(result, statement, err);
	if (hint != NULL)
		err_next(err, "%s", flat(hint, &text));
	advise_state(s, statement, err);
	return false;
}

bool pg_fail_lost(struct pg_db *s, struct err *err)
{
	err_set(err, ERR_DATABASE, "the connection to %s is lost",
	    s->label == NULL ? "the server" : s->label);
	snprintf(err->code, sizeof(err->code), "08006");
	err->retry = ERR_RETRY;
	return false;
}
