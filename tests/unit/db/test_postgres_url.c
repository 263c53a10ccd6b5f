#include "db/postgres/postgres.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static struct arena arena;

static struct pg_target target_of(const char *text)
{
	struct pg_target target = {0};
	struct url url;
	struct err err;
	if (!url_parse(&url, text, &arena, &err) || !pg_target(&target, &url, &arena, &err))
		fail_msg("%s: %s", text, err.message);
	return target;
}

static void is(const struct pg_target *target, const char *keyword, const char *value)
{
	const char *found = pg_target_get(target, keyword);
	if (value == NULL)
		assert_null(found);
	else if (found == NULL)
		fail_msg("%s is not set", keyword);
	else
		assert_string_equal(found, value);
}

static int clean(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void parts_of_a_url(void **state)
{
	struct pg_target t = target_of("postgresql://us%40er:p%3Aw@db:6432/sh%20op");
	(void)state;
	is(&t, "user", "us@er");
	is(&t, "password", "p:w");
	is(&t, "host", "db");
	is(&t, "port", "6432");
	is(&t, "dbname", "sh op");
	assert_null(t.search_path);
	assert_null(t.dropped);
	assert_false(t.pooler);
	t = target_of("postgres:///shop");
	is(&t, "host", NULL);
	is(&t, "port", NULL);
	is(&t, "user", NULL);
	is(&t, "dbname", "shop");
	t = target_of("postgresql://db");
	is(&t, "dbname", NULL);
}

static void several_hosts(void **state)
{
	struct pg_target t = target_of("postgresql://u@a,b:5433,[::1]:1/x");
	(void)state;
	is(&t, "host", "a,b,::1");
	is(&t, "port", ",5433,1");
	t = target_of("postgresql://u@a,b/x?port=7");
	is(&t, "port", "7");
	t = target_of("postgresql://%2Fvar%2Frun/x");
	is(&t, "host", "/var/run");
	t = target_of("postgresql:///x?host=/run/pg&user=me&password=it");
	is(&t, "host", "/run/pg");
	is(&t, "user", "me");
	is(&t, "password", "it");
}

static void what_libpq_knows_is_passed_on(void **state)
{
	static const char *const keys[] = {"sslmode", "sslrootcert", "sslcert", "sslkey",
	    "sslpassword", "sslcrl", "sslsni", "passfile", "service", "connect_timeout", "options",
	    "target_session_attrs", "channel_binding", "hostaddr", "krbsrvname", "gssencmode",
	    "keepalives", "tcp_user_timeout", "ssl_min_protocol_version"};
	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct pg_target t =
		    target_of(arena_printf(&arena, "postgresql://u@h/x?%s=value", keys[i]));
		is(&t, keys[i], "value");
		assert_null(t.dropped);
	}
}

static void names_of_other_drivers(void **state)
{
	struct pg_target t = target_of("postgresql://u@h/x?schema=My%22app&pgbouncer=true"
				       "&connection_limit=3&pool_timeout=0");
	(void)state;
	assert_string_equal(t.search_path, "\"My\"\"app\"");
	assert_true(t.pooler);
	assert_string_equal(t.dropped, "connection_limit, pool_timeout");
	t = target_of("jdbc:postgresql://h/x?currentSchema=a,b&ssl=true&targetServerType=primary"
		      "&connectTimeout=3&ApplicationName=shop");
	assert_string_equal(t.search_path, "a,b");
	is(&t, "sslmode", "require");
	is(&t, "target_session_attrs", "primary");
	is(&t, "connect_timeout", "3");
	assert_string_equal(t.dropped, "ApplicationName");
	t = target_of("postgresql+asyncpg://u@h/x?ssl=verify-full&application_name=a"
		      "&client_encoding=latin1&replication=database");
	is(&t, "sslmode", "verify-full");
	is(&t, "client_encoding", NULL);
	is(&t, "replication", NULL);
	t = target_of("postgresql://u@h/x?sslmode=verify-full&ssl=true");
	is(&t, "sslmode", "verify-full");
	t = target_of("postgresql://u@h/x?sslmode=no-verify");
	is(&t, "sslmode", "require");
	t = target_of("postgresql://u@h/x?pgbouncer=false&ssl=0");
	assert_false(t.pooler);
	is(&t, "sslmode", NULL);
}

static void endless_parameters(void **state)
{
	struct buf text = buf_init(4096);
	struct pg_target target;
	struct url url;
	struct err err;
	(void)state;
	buf_add_text(&text, "postgresql://u:secret@h/x?");
	for (int i = 0; i < 200; i++)
		buf_printf(&text, "a%d=b&", i);
	assert_true(url_parse(&url, text.data, &arena, &err));
	assert_false(pg_target(&target, &url, &arena, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_null(strstr(err.message, "secret"));
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(parts_of_a_url, clean),
	    cmocka_unit_test_teardown(several_hosts, clean),
	    cmocka_unit_test_teardown(what_libpq_knows_is_passed_on, clean),
	    cmocka_unit_test_teardown(names_of_other_drivers, clean),
	    cmocka_unit_test_teardown(endless_parameters, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
