/*
 * PostgreSQL 13 to 18 (postgresql.org/docs/current/sql-syntax.html), as its own lexer and psql's
 * split files. Which statements are refused in a transaction was tried on version 15.
 */
#include "sql/risk.h"
#include <stddef.h>

#define OWN_FILE      "put it in a file of its own, which then runs without a transaction"
#define ONE_OUTERMOST "remove it: a migration runs in one transaction, opened and closed for it"
#define NO_MODES      "remove it: a migration's transaction is READ COMMITTED, and may write"
#define BY_NAME       "it would end what this session needs: name what it is to end"
#define DATABASE_LEFT "remove it: a migration changes the database it is connected to alone"

#define ADDS_VALUE "ALTER TYPE *. * ADD VALUE ?IF ?NOT ?EXISTS *"
#define SETTING    "SET ?SESSION|LOCAL "

static const struct sql_class_rule classes[] = {
    /* What most statements are, first: they need not be held against all others. */
    {"INSERT|UPDATE|DELETE|GRANT|REVOKE|WITH|TRUNCATE|DO|CALL|MERGE|VALUES", SQL_PLAIN, NULL},

    {"CREATE ?UNIQUE INDEX CONCURRENTLY", SQL_OUTSIDE, OWN_FILE},
    {"CREATE DATABASE|TABLESPACE", SQL_OUTSIDE, OWN_FILE},
    {"CREATE SUBSCRIPTION ... connect|create_slot = false|off|0", SQL_PLAIN, NULL},
    {"CREATE SUBSCRIPTION", SQL_OUTSIDE, OWN_FILE},
    {"CREATE", SQL_PLAIN, NULL},

    {ADDS_VALUE, SQL_LATE,
	"put the ALTER TYPE into a migration of its own, before this one; or write -- db-entry: "
	"no-transaction"},
    {"ALTER TABLE ... DETACH PARTITION *. * CONCURRENTLY", SQL_OUTSIDE, OWN_FILE},
    {"ALTER DATABASE * SET TABLESPACE", SQL_OUTSIDE, OWN_FILE},
    {"ALTER SYSTEM", SQL_OUTSIDE, OWN_FILE},
    {"ALTER SUBSCRIPTION * ADD|DROP|REFRESH", SQL_OUTSIDE, OWN_FILE},
    {"ALTER SUBSCRIPTION * SET PUBLICATION", SQL_OUTSIDE, OWN_FILE},
    {"ALTER SUBSCRIPTION", SQL_EITHER, NULL},
    {"ALTER", SQL_PLAIN, NULL},

    {"DROP INDEX CONCURRENTLY", SQL_OUTSIDE, OWN_FILE},
    {"DROP DATABASE|TABLESPACE|SUBSCRIPTION", SQL_OUTSIDE, OWN_FILE},
    {"DROP", SQL_PLAIN, NULL},

    {"SELECT ... pg_advisory_unlock|pg_advisory_unlock_shared|pg_advisory_unlock_all (",
	SQL_FORBIDDEN, "remove it: the lock of this run is one of these"},
    {"SELECT ... set_config ( "
     "track_counts|standard_conforming_strings|client_encoding|default_transaction_read_only|"
     "transaction_read_only",
	SQL_FORBIDDEN, "remove it: this run relies on the setting"},
    {"SELECT", SQL_PLAIN, NULL},

    {"BEGIN ?WORK|TRANSACTION ;", SQL_BEGIN, NULL},
    {"START TRANSACTION ;", SQL_BEGIN, NULL},
    {"COMMIT|END ?WORK|TRANSACTION ;", SQL_COMMIT, NULL},
    {"COMMIT|ROLLBACK|PREPARE PREPARED|TRANSACTION", SQL_CONTROL, ONE_OUTERMOST},
    {"BEGIN|START|COMMIT|END", SQL_CONTROL,
	"write plain BEGIN; and COMMIT; or neither; is the semicolon behind it missing?"},
    {"ROLLBACK|ABORT|SAVEPOINT|RELEASE", SQL_CONTROL, ONE_OUTERMOST},
    {"SET ?SESSION|LOCAL TRANSACTION", SQL_CONTROL, NO_MODES},
    {"SET SESSION CHARACTERISTICS", SQL_CONTROL, NO_MODES},
    {SETTING "transaction_isolation|transaction_read_only|transaction_deferrable", SQL_CONTROL,
	NO_MODES},

    {SETTING "track_counts", SQL_FORBIDDEN, "remove it: what a migration loses is told by counts"},
    {SETTING "default_transaction_read_only", SQL_FORBIDDEN,
	"remove it: the history could not be written"},
    /* pg_dump writes these two. */
    {SETTING "standard_conforming_strings =|TO on|true|1 ;", SQL_EITHER, NULL},
    {SETTING "client_encoding =|TO utf8|utf-8|unicode|sql_ascii ;", SQL_EITHER, NULL},
    {"SET NAMES utf8|utf-8|unicode ;", SQL_EITHER, NULL},
    {SETTING "standard_conforming_strings", SQL_FORBIDDEN,
	"remove it, and write E'…' where a string has backslash escapes"},
    {SETTING "client_encoding|NAMES", SQL_FORBIDDEN, "remove it, and save the file as UTF-8 text"},
    {SETTING "SESSION AUTHORIZATION", SQL_FORBIDDEN, "write SET ROLE, or ALTER … OWNER TO"},
    {"RESET SESSION AUTHORIZATION", SQL_FORBIDDEN, "write RESET ROLE"},
    {"RESET|DEALLOCATE ALL", SQL_FORBIDDEN, BY_NAME},
    {"DEALLOCATE PREPARE ALL", SQL_FORBIDDEN, BY_NAME},
    {"DISCARD ALL|TEMP|TEMPORARY", SQL_FORBIDDEN, BY_NAME},
    {"COPY ... TO STDOUT|STDIN", SQL_FORBIDDEN, "remove it: nobody reads what it writes"},
    {"SET LOCAL|CONSTRAINTS", SQL_PLAIN, NULL},
    {"SET|RESET|SHOW|ANALYZE|ANALYSE|COMMENT", SQL_EITHER, NULL},

    {"VACUUM", SQL_OUTSIDE, OWN_FILE},
    {"REINDEX DATABASE|SYSTEM|SCHEMA", SQL_OUTSIDE, OWN_FILE},
    {"REINDEX ( ... ) DATABASE|SYSTEM|SCHEMA", SQL_OUTSIDE, OWN_FILE},
    {"REINDEX ( ... CONCURRENTLY false|off|0", SQL_PLAIN, NULL},
    {"REINDEX * CONCURRENTLY", SQL_OUTSIDE, OWN_FILE},
    {"REINDEX ( ... CONCURRENTLY", SQL_OUTSIDE, OWN_FILE},
    {"CLUSTER ?VERBOSE ;", SQL_OUTSIDE, OWN_FILE},
    {"CLUSTER ( ... ) ;", SQL_OUTSIDE, OWN_FILE},
    {NULL, SQL_PLAIN, NULL},
};

static const struct sql_quote quotes[] = {
    {"e'", true, true},
    {"n'", true, false},
    {"b'", false, false},
    {"x'", false, false},
    {"u&'", true, false},
    {"u&\"", true, false},
    {NULL, false, false},
};

#define WRITE_SQL "write it as SQL, or remove it"

static const struct sql_client_command client_commands[] = {
    /* pg_dump writes them around everything, against commands like those below. */
    {"\\restrict", NULL},
    {"\\unrestrict", NULL},
    /* What psql shows, and where. */
    {"\\echo", NULL},
    {"\\qecho", NULL},
    {"\\warn", NULL},
    {"\\timing", NULL},
    {"\\pset", NULL},
    {"\\.", "remove it: it ends data, and there is no COPY … FROM stdin; before it"},
    {"\\connect", DATABASE_LEFT "; a dump made without pg_dump --create has none"},
    {"\\c", DATABASE_LEFT},
    {"\\i", "copy the file's statements here"},
    {"\\include", "copy the file's statements here"},
    {"\\ir", "copy the file's statements here"},
    {"\\copy", "write COPY … FROM stdin; with the data below it, or INSERT"},
    /* What a run does anyway; scripts for psql begin so. */
    {"\\set ON_ERROR_STOP 1", NULL},
    {"\\set ON_ERROR_STOP on", NULL},
    {"\\set ON_ERROR_STOP true", NULL},
    {"\\set",
	"remove it, and write the value where :name stands; an error ends a migration anyway"},
    {"\\gset", "write the query where its result is needed"},
    {"\\gexec", "write the statements themselves, or a DO block with EXECUTE"},
    {"\\g", "end the statement with a semicolon"},
    {"\\if", "write two migrations, or a DO block"},
    {"\\!", "remove it: no program is run from a migration"},
    {"\\encoding", "remove it, and save the file as UTF-8 text"},
    {NULL, WRITE_SQL},
};

static const char *const own_parameters[] = {
    "CREATE ?OR ?REPLACE FUNCTION|PROCEDURE", "PREPARE", NULL};

#define IF_EXISTS " ?IF ?EXISTS"

static const char *const lists[] = {
    "ALTER TABLE" IF_EXISTS " ?ONLY *. *",
    "ALTER FOREIGN TABLE" IF_EXISTS " ?ONLY *. *",
    "ALTER TYPE *. *",
    "DROP MATERIALIZED VIEW" IF_EXISTS,
    "DROP FOREIGN TABLE" IF_EXISTS,
    "DROP OWNED BY",
    "DROP "
    "TABLE|VIEW|SEQUENCE|SCHEMA|TYPE|DOMAIN|EXTENSION|INDEX|ROLE|USER|GROUP|STATISTICS" IF_EXISTS,
    "TRUNCATE ?TABLE",
    "SELECT",
    NULL,
};

static const char *const nesting[] = {
    "WITH|SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|TABLE|COPY|EXPLAIN|(", NULL};

static const char *const nested[] = {
    "INSERT|MERGE INTO", "DELETE FROM", "UPDATE ?ONLY ?( *. * ... SET", NULL};

static const char *const moves_names[] = {
    "ALTER ... RENAME TO",
    "ALTER ... SET SCHEMA",
    "ALTER ... ATTACH PARTITION",
    "ALTER ... INHERIT",
    "CREATE ?OR ?REPLACE ?TEMP|TEMPORARY ?RECURSIVE VIEW|RULE",
    "CREATE FOREIGN TABLE",
    "CREATE SCHEMA ... CREATE",
    "IMPORT FOREIGN",
    "SET ?SESSION|LOCAL search_path|SCHEMA|ROLE",
    "RESET",
    "SELECT|DO|CALL|EXECUTE|WITH",
    NULL,
};

static const char *const session_bound[] = {"CREATE ?LOCAL|GLOBAL TEMP|TEMPORARY",
    "CREATE ?OR ?REPLACE TEMP|TEMPORARY", "SELECT ... INTO TEMP|TEMPORARY", "PREPARE|DECLARE|LOAD",
    NULL};

const struct dialect dialect_postgres = {
    .name = "postgres",
    .identifier_quotes = "\"",
    .lexing = SQL_LEX_NESTED_COMMENTS | SQL_LEX_CR_ENDS_COMMENT | SQL_LEX_DOLLAR_STRINGS |
	      SQL_LEX_LONG_OPERATORS | SQL_LEX_BARE_NUMBERS | SQL_LEX_MARK_AT_START |
	      SQL_LEX_NUMBERED | SQL_LEX_COPY_DATA,
    .quotes = quotes,
    .client_commands = client_commands,
    .body_start = "CREATE ?OR ?REPLACE FUNCTION|PROCEDURE",
    .body = SQL_BODY_ATOMIC,
    .parentheses_hold = true,
    .utf8_only = true,
    .own_parameters = own_parameters,
    .adds_value = ADDS_VALUE,
    .makes_type = "CREATE TYPE *. *",
    .classes = classes,
    .risks = risk_rules_postgres,
    .alters = alter_rules_postgres,
    .lists = lists,
    .nesting = nesting,
    .nested = nested,
    .harmless_calls = &risk_harmless_postgres,
    .moves_names = moves_names,
    .settings = "SET|RESET",
    .session_bound = session_bound,
    .dependents = "what depends on *",
    .home_schema = "public",
    .exact_names = true,
};
