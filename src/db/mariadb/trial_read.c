/*
 * Which statements of a plan may be run on a scratch database. The session has the rights of
 * whoever migrates, so nothing may reach beyond that database: what is run is on a list, and names
 * no other. What runs code (CALL, blocks, EXECUTE) is not: what it reaches can't be told from its
 * text, and which way it takes depends on rows that are not there.
 */
#include "base/text.h"
#include "db/mariadb/driver.h"
#include "db/mariadb/trial.h"
#include "sql/match.h"
#include "sql/names.h"
#include <string.h>
#include <strings.h>

enum {
	PREPARED_MOST = 64 * 1024 /* bytes; it is sent once more */
};

static const struct {
	const char *pattern;
	enum my_way way;
} rules[] = {
    {"INSERT|UPDATE|DELETE|REPLACE|WITH|VALUES|(|TABLE|SELECT", MY_WAY_PREPARE},
    {"DO|LOAD|HANDLER|CHECK|CHECKSUM|SHOW|DESCRIBE|DESC|EXPLAIN|HELP|SIGNAL", MY_WAY_PASS},

    {"CREATE ?OR ?REPLACE ?TEMPORARY TABLE|SEQUENCE", MY_WAY_RUN},
    {"CREATE ?OR ?REPLACE ?UNIQUE|FULLTEXT|SPATIAL|VECTOR INDEX", MY_WAY_RUN},
    {"CREATE ?OR ?REPLACE VIEW", MY_WAY_RUN},
    {"CREATE ?OR ?REPLACE TRIGGER", MY_WAY_DEFINE},
    {"CREATE ?OR ?REPLACE ?AGGREGATE PROCEDURE|FUNCTION", MY_WAY_DEFINE},
    {"CREATE|ALTER|DROP|RENAME ?OR ?REPLACE USER|ROLE|EVENT|SERVER", MY_WAY_PASS},
    {"ALTER|DROP TRIGGER|PROCEDURE|FUNCTION|PACKAGE|PREPARE", MY_WAY_PASS},
    {"DROP ?TEMPORARY TABLE|TABLES|SEQUENCE", MY_WAY_RUN},
    {"DROP VIEW|INDEX", MY_WAY_RUN},
    {"ALTER ?ONLINE ?IGNORE TABLE", MY_WAY_RUN},
    {"ALTER SEQUENCE|VIEW", MY_WAY_RUN},
    {"RENAME TABLE|TABLES", MY_WAY_RUN},
    {"TRUNCATE", MY_WAY_RUN},

    {"SET STATEMENT", MY_WAY_END},
    {"SET ROLE|PASSWORD|DEFAULT", MY_WAY_PASS},
    {"SET", MY_WAY_RUN},

    {"GRANT|REVOKE|FLUSH|ANALYZE|OPTIMIZE|REPAIR|PREPARE|DEALLOCATE|KILL|RESET|PURGE|CACHE|"
     "INSTALL|UNINSTALL",
	MY_WAY_PASS},
};

/* A comment's code counts where this server has it for code. */
static void read_head(
    struct sql_head *head, const struct my_server *server, const struct sql_statement *statement)
{
	const struct sql_server kind = {
	    .mariadb = server->maria, .version = (unsigned)server->number};
	sql_head_read_on(head, statement->dialect, &kind, statement->text, statement->len);
	my_leave_out_definer(head);
}

/* --- Outside --- */

/* Files, other servers, other tables' data, and what takes its time. */
static const char *const outside[] = {"DIRECTORY", "TABLESPACE", "SONAME", "OUTFILE", "DUMPFILE",
    "LOAD_FILE", "SLEEP", "BENCHMARK", "GET_LOCK", "SECONDARY_LOAD", "SECONDARY_UNLOAD",
    "CONNECTION", NULL};

/* Of these a table is its own files alone. */
static bool is_plain_engine(const struct sql_token *token, struct arena *arena)
{
	static const char *const engines[] = {
	    "InnoDB", "MyISAM", "Aria", "MEMORY", "HEAP", "ARCHIVE", "CSV", "BLACKHOLE"};
	const char *name = sql_token_name(token, arena);
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (text_is_nocase(name, engines[i]))
			return true;
	return false;
}

bool my_trial_is_plain(const struct dialect *dialect, const char *text, size_t len)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sql_lexer lexer;
	struct sql_token token;
	bool engine = false;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token) || (engine && sql_token_is_sign(&token, '=')))
			continue;
		if (sql_token_is_any(&token, outside) ||
		    (engine && !is_plain_engine(&token, &arena)))
			return false;
		engine = sql_token_is(&token, "ENGINE");
	}
	return true;
}

static bool is_name(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_WORD || token->kind == SQL_TOKEN_IDENTIFIER ||
	       token->kind == SQL_TOKEN_STRING;
}

/* Wherever it stands it is one token. */
static bool is_plain_name(const char *name)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	return name[strspn(name, plain)] == '\0' && strspn(name, "0123456789") == 0;
}

/* Of other names a look at the bytes is safer. */
static bool holds_odd_name(
    const char *text, size_t len, const struct db_rows *databases, const char **other)
{
	for (size_t i = 0; i < databases->count; i++) {
		size_t size = strlen(databases->cells[i]);
		for (size_t at = 0; !is_plain_name(databases->cells[i]) && at + size <= len; at++)
			if (strncasecmp(text + at, databases->cells[i], size) == 0) {
				*other = databases->cells[i];
				return true;
			}
	}
	return false;
}

/* What is not ASCII may be another name for the server. */
static bool is_database(const char *name, const struct db_rows *databases)
{
	for (const char *at = name; *at != '\0'; at++)
		if ((unsigned char)*at >= 0x80)
			return true;
	for (size_t i = 0; i < databases->count; i++)
		if (text_is_nocase(name, databases->cells[i]))
			return true;
	return false;
}

bool my_trial_stays(const struct dialect *dialect, const char *text, size_t len,
    const struct db_rows *databases, const char **other, struct arena *arena)
{
	struct sql_lexer lexer;
	struct sql_token token, before = {.kind = SQL_TOKEN_END};
	if (holds_odd_name(text, len, databases, other))
		return false;
	sql_lex_init(&lexer, dialect, text, len, 1);
	while ((token = sql_lex_next(&lexer)).kind != SQL_TOKEN_END) {
		if (sql_token_is_gap(&token))
			continue;
		bool dot = token.kind != SQL_TOKEN_END && *token.text == '.'; /* x.5 too */
		if (dot && is_name(&before)) {
			*other = sql_token_name(&before, arena);
			if (is_database(*other, databases))
				return false;
		}
		before = token;
	}
	return true;
}

/* --- Settings --- */

/* Those of the session alone, which nobody else sees. */
static bool is_own_setting(const struct sql_statement *statement)
{
	static const char *const others[] = {"GLOBAL", "PERSIST", "PERSIST_ONLY", "gtid_next",
	    "wsrep_on", "wsrep_OSU_method", "sql_log_bin", "PASSWORD", "ROLE",
	    "default_storage_engine", "default_tmp_storage_engine", "storage_engine",
	    "enforce_storage_engine", NULL};
	for (const char *const *name = others; *name != NULL; name++)
		if (sql_statement_names(statement, *name))
			return false;
	return my_trial_is_plain(statement->dialect, statement->text, statement->len);
}

static enum my_way way_of_setting(const struct sql_statement *statement,
    const struct sql_head *head, const struct risk *risk, const char **why)
{
	bool one = memchr(statement->text, ',', statement->len) == NULL;
	if (one && sql_head_matches(head, "SET ?@@ GLOBAL|PERSIST|PERSIST_ONLY"))
		return MY_WAY_PASS;
	if (is_own_setting(statement) && risk->level != RISK_UNKNOWN)
		return MY_WAY_RUN;
	if (one && sql_head_matches(head, "SET @ *"))
		return MY_WAY_PASS;
	*why = "what it sets is not known";
	return MY_WAY_END;
}

/* --- All of it --- */

static enum my_way way_of(const struct sql_head *head, const char **why)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (sql_head_matches(head, rules[i].pattern))
			return rules[i].way;
	*why = "what it does is known only when it is run";
	return MY_WAY_END;
}

/* What changes no table is left out where it can't be tried. */
static enum my_way otherwise(enum my_way way, const char *reason, const char **why)
{
	*why = reason;
	return way == MY_WAY_RUN ? MY_WAY_END : MY_WAY_PASS;
}

enum my_way my_trial_way(const struct my_server *server, const struct sql_statement *statement,
    const struct db_rows *databases, const char **why, struct arena *arena)
{
	struct sql_head head;
	struct risk risk;
	struct err ignored;
	const char *other;
	*why = NULL;
	read_head(&head, server, statement);
	enum my_way way = way_of(&head, why);
	if (head.count == 0) /* a comment, here */
		return MY_WAY_PASS;
	if (way == MY_WAY_PASS || way == MY_WAY_END)
		return way;
	if (statement->conditional)
		return otherwise(way, "a part of it is a comment on other servers", why);
	if (!my_guard(statement, &ignored))
		return otherwise(MY_WAY_RUN, "it speaks of the tables of db-entry", why);
	if (!my_trial_stays(
		statement->dialect, statement->text, statement->len, databases, &other, arena))
		return otherwise(way, arena_printf(arena, "it names the database %s", other), why);
	if (way == MY_WAY_DEFINE)
		return sql_has_word(statement->dialect, statement->text, statement->len, "SONAME")
			   ? MY_WAY_PASS
			   : way;
	risk_of(&risk, statement->dialect, statement, arena);
	if (sql_head_matches(&head, "SET"))
		return way_of_setting(statement, &head, &risk, why);
	if (risk.level == RISK_UNKNOWN ||
	    !my_trial_is_plain(statement->dialect, statement->text, statement->len))
		return otherwise(way, "it may reach beyond the database", why);
	if (way == MY_WAY_PREPARE && statement->len > PREPARED_MOST)
		return MY_WAY_PASS;
	return way;
}
