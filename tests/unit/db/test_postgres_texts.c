/* What the PostgreSQL driver makes of texts: errors, notes, keys, placeholders. */
#include "db/postgres/postgres.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

#define AT(host) "connection to server at \"" host "\", port 5432 failed: "

static const struct {
	const char *text;
	enum err_kind kind;
	enum err_retry retry;
	const char *code, *message;
} failures[] = {
    {AT("h") "FATAL:  57P03: the database system is starting up\nLOCATION:  x, y.c:1\n",
	ERR_UNREACHABLE, ERR_RETRY, "57P03", "db: the database system is starting up"},
    {AT("h") "FATAL:  57P01: bye\n", ERR_UNREACHABLE, ERR_RETRY, "57P01", "db: bye"},
    {AT("h") "FATAL:  53300: sorry, too many clients already\n", ERR_UNREACHABLE, ERR_RETRY_SLOWLY,
	"53300", "db: sorry, too many clients already"},
    {AT("h") "FATAL:  08006: gone\n", ERR_UNREACHABLE, ERR_RETRY, "08006", "db: gone"},
    {AT("h") "FATAL:  28P01: password authentication failed for user \"a\"\n", ERR_ACCESS,
	ERR_RETRY_GRACE, "28P01", "db: password authentication failed for user \"a\""},
    {AT("h") "FATAL:  28000: no pg_hba.conf entry\n", ERR_ACCESS, ERR_RETRY_GRACE, "28000",
	"db: no pg_hba.conf entry"},
    {AT("h") "FATAL:  3D000: database \"x\" does not exist\n", ERR_UNREACHABLE, ERR_RETRY_GRACE,
	"3D000", "db: database \"x\" does not exist"},
    {AT("h") "FATAL:  42501: permission denied for database \"x\"\n", ERR_ACCESS, ERR_FATAL,
	"42501", "db: permission denied for database \"x\""},
    {AT("h") "FATAL:  0A000: unsupported\n", ERR_CONFIG, ERR_FATAL, "0A000", "db: unsupported"},
    /* In another language; and of several the last. */
    {AT("h") "SCHWERWIEGEND:  57P03: Das Datenbanksystem startet\n", ERR_UNREACHABLE, ERR_RETRY,
	"57P03", "db: Das Datenbanksystem startet"},
    {AT("h") "FATAL:  28000: no encryption\n" AT("h") "FATAL:  3D000: no database\n",
	ERR_UNREACHABLE, ERR_RETRY_GRACE, "3D000", "db: no database"},
    /* PgBouncer's one code for all. */
    {AT("h") "FATAL:  08P01: server login has been failing, cached error: password"
	     " authentication failed\n",
	ERR_UNREACHABLE, ERR_RETRY, "08P01",
	"db: server login has been failing, cached error: password authentication failed"},
    {AT("h") "FATAL:  08P01: the database system is shutting down\n", ERR_UNREACHABLE, ERR_RETRY,
	"08P01", "db: the database system is shutting down"},
    {AT("h") "ERROR:  08P01: pgbouncer cannot connect to server\n", ERR_UNREACHABLE, ERR_RETRY,
	"08P01", "db: pgbouncer cannot connect to server"},
    {AT("h") "ERROR:  08P01: no more connections allowed (max_client_conn)\n", ERR_UNREACHABLE,
	ERR_RETRY_SLOWLY, "08P01", "db: no more connections allowed (max_client_conn)"},
    {AT("h") "FATAL:  08P01: no such database: x\n", ERR_UNREACHABLE, ERR_RETRY_GRACE, "08P01",
	"db: no such database: x"},
    {AT("h") "FATAL:  08P01: no such user: a\n", ERR_ACCESS, ERR_RETRY_GRACE, "08P01",
	"db: no such user: a"},
    {AT("h") "FATAL:  08P01: SASL authentication failed\n", ERR_ACCESS, ERR_RETRY_GRACE, "08P01",
	"db: SASL authentication failed"},
    {AT("h") "FATAL:  08P01: unsupported startup parameter: options\n", ERR_CONFIG, ERR_FATAL,
	"08P01", "db: unsupported startup parameter: options"},
    {AT("h") "FATAL:  08P01: SSL required\n", ERR_CONFIG, ERR_FATAL, "08P01", "db: SSL required"},
    /* libpq's own. */
    {AT("h") "Connection refused\n\tIs the server running on that host and accepting TCP/IP"
	     " connections?\n",
	ERR_UNREACHABLE, ERR_RETRY, "", "db: Connection refused"},
    {AT("h") "server closed the connection unexpectedly\n\tThis probably means\n", ERR_UNREACHABLE,
	ERR_RETRY, "", "db: server closed the connection unexpectedly"},
    {"connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory\n",
	ERR_UNREACHABLE, ERR_RETRY_GRACE, "", "db: No such file or directory"},
    {"connection to server on socket \"/run/.s.PGSQL.5432\" failed: Permission denied\n",
	ERR_ACCESS, ERR_FATAL, "", "db: Permission denied"},
    {AT("h") "fe_sendauth: no password supplied\n", ERR_ACCESS, ERR_FATAL, "",
	"db: fe_sendauth: no password supplied"},
    {AT("h") "server does not support SSL, but SSL was required\n", ERR_CONFIG, ERR_FATAL, "",
	"db: server does not support SSL, but SSL was required"},
    {AT("h") "SSL error: certificate verify failed\n", ERR_CONFIG, ERR_FATAL, "",
	"db: SSL error: certificate verify failed"},
    {AT("h") "SSL SYSCALL error: EOF detected\n", ERR_UNREACHABLE, ERR_RETRY, "",
	"db: SSL SYSCALL error: EOF detected"},
    {AT("h") "session is read-only\n", ERR_READ_ONLY, ERR_RETRY, "", "db: session is read-only"},
};

static void failed_connects(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		struct err err;
		assert_false(pg_fail_open(failures[i].text, "db", &err));
		assert_string_equal(err.message, failures[i].message);
		assert_string_equal(err.code, failures[i].code);
		assert_int_equal(err.kind, failures[i].kind);
		assert_int_equal(err.retry, failures[i].retry);
	}
}

static void detail_and_hint_of_a_failed_connect(void **state)
{
	struct err err;
	(void)state;
	pg_fail_open(AT("h") "FATAL:  57P03: starting\nDETAIL:  recovering\nHINT:  wait\n"
			     "LOCATION:  a, b.c:1\n",
	    "db", &err);
	assert_string_equal(err.why, "recovering");
	assert_string_equal(err.next, "wait");
}

static void statements_that_may_be_tried_again(void **state)
{
	(void)state;
	assert_int_equal(pg_retry("40001"), ERR_RETRY_TRANSACTION);
	assert_int_equal(pg_retry("40P01"), ERR_RETRY_TRANSACTION);
	assert_int_equal(pg_retry("55P03"), ERR_RETRY_TRANSACTION);
	assert_int_equal(pg_retry("57P01"), ERR_RETRY);
	assert_int_equal(pg_retry("23505"), ERR_FATAL);
	assert_int_equal(pg_retry("42P01"), ERR_FATAL);
	assert_int_equal(pg_retry("57014"), ERR_FATAL);
	assert_int_equal(pg_retry("XX000"), ERR_FATAL);
}

static void note_of_a_holder(void **state)
{
	struct db_holder holder = {0};
	(void)state;
	pg_read_note("db-entry 17@web-5c9: 0003_half_way, statement 1 of 2", &holder);
	assert_string_equal(holder.who, "pid 17 on web-5c9");
	assert_string_equal(holder.progress, "0003_half_way, statement 1 of 2");
	holder = (struct db_holder){0};
	pg_read_note("db-entry 17@web-5c9", &holder);
	assert_string_equal(holder.who, "pid 17 on web-5c9");
	assert_string_equal(holder.progress, "");
	pg_read_note("psql", &holder);
	assert_string_equal(holder.who, "psql");
	pg_read_note("db-entry", &holder);
	assert_string_equal(holder.who, "db-entry");
	pg_read_note("", &holder);
	assert_string_equal(holder.who, "");
}

static void placeholders_become_numbers(void **state)
{
	CLEANUP(buf_free) struct buf out = buf_init(1000);
	size_t count;
	(void)state;
	pg_number_places("SELECT ?, '?', \"?\", 'it''s ?' WHERE a = ?", &out, &count);
	assert_string_equal(out.data, "SELECT $1, '?', \"?\", 'it''s ?' WHERE a = $2");
	assert_int_equal(count, 2);
}

static void one_key(const char *table, size_t index, const char *tool, int64_t key)
{
	struct pg_foreign keys[2];
	assert_true(pg_foreign_keys(table, "public", "app", keys) > index);
	assert_string_equal(keys[index].tool, tool);
	assert_true(keys[index].key == key);
}

static void keys_of_other_tools(void **state)
{
	struct pg_foreign keys[2];
	(void)state;
	one_key("schema_migrations", 0, "golang-migrate", 1726534663);
	one_key("schema_migrations", 1, "golang-migrate", 1787120056);
	one_key("goose_db_version", 0, "goose", 4097083626);
	one_key("atlas_schema_revisions", 0, "Atlas", 2686470616);
	one_key("flyway_schema_history", 0, "Flyway", 77433833903597);
	one_key("_prisma_migrations", 0, "Prisma", 72707369);
	one_key("_sqlx_migrations", 0, "sqlx", 3469795979745788610);
	one_key("schema_version", 0, "tern", 9628173550095224);
	assert_int_equal(pg_foreign_keys("customers", "public", "app", keys), 0);
}

static void key_of_a_schema(void **state)
{
	(void)state;
	assert_true(pg_lock_key("public") != pg_lock_key("other"));
	assert_true(pg_lock_key("public") == INT64_C(-2176563470943533705));
}

static void own_tables_in_a_statement(void **state)
{
	static const struct {
		const char *sql;
		bool mentions;
	} cases[] = {
	    {"DELETE FROM db_entry_run", true},
	    {"DELETE FROM public.\"db_entry_run\"", true},
	    {"SELECT f('DELETE FROM DB_ENTRY_RUN')", true},
	    {"SELECT 1 -- db_entry_run", false},
	    {"SELECT /* db_entry_run */ 1", false},
	    {"SELECT db_entry", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sql_statement statement = {
		    .text = cases[i].sql, .len = strlen(cases[i].sql)};
		assert_int_equal(pg_mentions_own(&statement), cases[i].mentions);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(failed_connects),
	    cmocka_unit_test(detail_and_hint_of_a_failed_connect),
	    cmocka_unit_test(statements_that_may_be_tried_again),
	    cmocka_unit_test(note_of_a_holder),
	    cmocka_unit_test(placeholders_become_numbers),
	    cmocka_unit_test(keys_of_other_tools),
	    cmocka_unit_test(key_of_a_schema),
	    cmocka_unit_test(own_tables_in_a_statement),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
