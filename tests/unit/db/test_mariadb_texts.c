/* What is said to a MariaDB server, and what is made of its answers; no server is needed. */
#include "db/mariadb/driver.h"
#include "db/mariadb/mariadb.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void key_is(const char *table, const char *schema, const char *database, const char *key)
{
	struct my_foreign found;
	assert_true(my_foreign_key(table, schema, database, &found));
	assert_string_equal(found.key, key);
	assert_non_null(found.tool);
}

/* As the tools themselves make them. */
static void locks_of_other_tools(void **state)
{
	struct my_foreign ignored;
	(void)state;
	key_is("_prisma_migrations", "app", "app", "prisma_migrate");
	key_is("atlas_schema_revisions", "atlas_schema_revisions", "app", "atlas_migrate_execute");
	key_is("flyway_schema_history", "app", "app", "Flyway--320650056");
	key_is("_sqlx_migrations", "app", "app", "3027310f4fd382c2");
	key_is("changes", "sqitch", "app", "sqitch working on app");
	key_is("schema_migrations", "app", "app", "2938252834");
	assert_false(my_foreign_key("customers", "app", "app", &ignored));
}

static void key_of_a_database(void **state)
{
	char key[MY_KEY_SIZE], other[MY_KEY_SIZE];
	(void)state;
	my_lock_key("shop", key);
	my_lock_key("Shop", other);
	assert_string_equal(key, "db-entry:8d9001d32c6a703d95921a77115050f3");
	assert_string_not_equal(key, other);
}

static void failed(
    unsigned number, const char *text, enum err_kind kind, enum err_retry retry, const char *code)
{
	struct err err;
	assert_false(my_fail_open(number, text, "db:3306", &err));
	assert_int_equal(err.kind, kind);
	assert_int_equal(err.retry, retry);
	assert_string_equal(err.code, code);
	assert_non_null(strstr(err.message, "db:3306: "));
}

static void why_a_connection_failed(void **state)
{
	struct err err;
	(void)state;
	failed(2002, "Can't connect to server on 'x' (111)", ERR_UNREACHABLE, ERR_RETRY, "2002");
	failed(1040, "Too many connections", ERR_UNREACHABLE, ERR_RETRY_SLOWLY, "1040");
	failed(1045, "Access denied", ERR_ACCESS, ERR_RETRY_GRACE, "1045");
	failed(1049, "Unknown database", ERR_UNREACHABLE, ERR_RETRY_GRACE, "1049");
	failed(1129, "Host is blocked", ERR_ACCESS, ERR_FATAL, "1129");
	failed(1290, "read-only", ERR_READ_ONLY, ERR_RETRY, "1290");
	failed(2026, "TLS/SSL error: certificate verify failed", ERR_CONFIG, ERR_FATAL, "2026");
	failed(2026, "TLS/SSL error: unexpected eof while reading", ERR_UNREACHABLE, ERR_RETRY,
	    "2026");
	failed(1045, "Plugin x could not be loaded: no file", ERR_ACCESS, ERR_FATAL, "2059");
	failed(2002,
	    "Received error packet before completion of TLS handshake. The authenticity of the "
	    "following error cannot be verified: 1040 - Too many connections",
	    ERR_UNREACHABLE, ERR_RETRY_SLOWLY, "1040");
	failed(4242, "what nobody knows", ERR_UNREACHABLE, ERR_FATAL, "4242");
	my_fail_open(2003, "Can't connect to server on 'x' (111)", "db:3306", &err);
	assert_string_equal(err.message, "db:3306: Connection refused");
}

static bool allowed(const char *text, struct err *err)
{
	const struct sql_statement statement = {.text = text, .len = strlen(text), .line = 1};
	return my_guard(&statement, err);
}

static void our_tables_are_guarded(void **state)
{
	static const char *const refused[] = {"DELETE FROM db_entry_history",
	    "DELETE FROM `DB_ENTRY_RUN`", "SET @a = 'DROP TABLE db_entry_snapshot'",
	    "SELECT 1 /*!50000 FROM db_entry_run */", "SELECT 1 /*M! FROM db_entry_run */"};
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (allowed(refused[i], &err))
			fail_msg("%s", refused[i]);
		assert_int_equal(err.kind, ERR_DATABASE);
	}
	assert_true(allowed("SELECT 1 /* not db_entry_run */", &err));
	assert_true(allowed("SELECT 1 -- not db_entry_run", &err));
	assert_true(allowed("CREATE TABLE entry (a integer)", &err));
}

static void values_take_their_places(void **state)
{
	CLEANUP(buf_free) struct buf out = buf_init(4096);
	struct my_db session = {.conn = ma.init(NULL)};
	const struct db_value values[] = {{.type = DB_TEXT, .text = "it's \\ a \"?\""},
	    {.type = DB_INT, .number = -7}, {.type = DB_NULL}};
	struct err err;
	(void)state;
	assert_true(my_fill(
	    &session, "-- it's a ?\nSELECT ?, '?', \"?\", `?`, ?, ?", values, 3, &out, &err));
	assert_string_equal(
	    out.data, "\nSELECT 'it\\'s \\\\ a \\\"?\\\"', '?', \"?\", `?`, -7, NULL");
	assert_false(my_fill(&session, "SELECT ?", values, 2, &out, &err));
	assert_int_equal(err.kind, ERR_UNEXPECTED);
	buf_reset(&out);
	my_name("a`b", &out);
	assert_string_equal(out.data, "`a``b`");
	ma.close(session.conn);
}

int main(void)
{
	struct err err;
	if (!ma_open(&err))
		return 0; /* nothing to test without the library */
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(locks_of_other_tools),
	    cmocka_unit_test(key_of_a_database),
	    cmocka_unit_test(why_a_connection_failed),
	    cmocka_unit_test(our_tables_are_guarded),
	    cmocka_unit_test(values_take_their_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
