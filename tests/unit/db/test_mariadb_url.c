#include "db/mariadb/mariadb.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static struct arena arena;

static struct my_target target_of(const char *text)
{
	struct my_target target = {0};
	struct url url;
	struct err err;
	if (!url_parse(&url, text, &arena, &err) || !my_target(&target, &url, &arena, &err))
		fail_msg("%s: %s", text, err.message);
	return target;
}

static int clean(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void parts_of_a_url(void **state)
{
	struct my_target t = target_of("mysql://us%40er:p%3Aw@db:3307/sh%20op");
	(void)state;
	assert_string_equal(t.user, "us@er");
	assert_string_equal(t.password, "p:w");
	assert_string_equal(t.hosts[0].name, "db");
	assert_string_equal(t.hosts[0].port, "3307");
	assert_string_equal(t.database, "sh op");
	assert_null(t.socket);
	assert_null(t.dropped);
	assert_int_equal(t.tls, MY_TLS_PREFERRED);
	assert_int_equal(t.limit, -1);
	t = target_of("mariadb://u@tcp(db:3308)/x");
	assert_string_equal(t.hosts[0].port, "3308");
	t = target_of("jdbc:mysql://db/x?user=a&password=b");
	assert_string_equal(t.user, "a");
	assert_string_equal(t.password, "b");
}

static void sockets(void **state)
{
	static const char *const texts[] = {"mysql:///x?socket=/run/s",
	    "mysql://h/x?unix_socket=/run/s", "mysql://h/x?unixSocket=/run/s",
	    "mysql://h/x?socketPath=/run/s"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_string_equal(target_of(texts[i]).socket, "/run/s");
	/* Nothing is said: where the library looks by itself. */
	assert_string_equal(target_of("mysql:///x").socket, "");
	assert_null(target_of("mysql://localhost/x").socket);
}

static void tls_as_each_driver_says_it(void **state)
{
	static const struct {
		const char *params;
		enum my_tls tls;
	} cases[] = {
	    {"", MY_TLS_PREFERRED},
	    {"?ssl-mode=DISABLED", MY_TLS_DISABLED},
	    {"?sslmode=disable", MY_TLS_DISABLED},
	    {"?ssl_mode=verify_identity", MY_TLS_VERIFY_IDENTITY},
	    {"?sslMode=VERIFY_CA", MY_TLS_VERIFY_CA},
	    {"?sslmode=verify-full", MY_TLS_VERIFY_IDENTITY},
	    {"?sslMode=trust", MY_TLS_REQUIRED},
	    {"?tls=true", MY_TLS_VERIFY_IDENTITY},
	    {"?tls=skip-verify", MY_TLS_REQUIRED},
	    {"?tls=preferred", MY_TLS_PREFERRED},
	    {"?tls=false", MY_TLS_DISABLED},
	    {"?ssl=true", MY_TLS_REQUIRED},
	    {"?ssl=0", MY_TLS_DISABLED},
	    {"?ssl=%7B%22rejectUnauthorized%22:true%7D", MY_TLS_VERIFY_CA},
	    {"?ssl=%7B%22rejectUnauthorized%22:false%7D", MY_TLS_REQUIRED},
	    {"?useSSL=false", MY_TLS_DISABLED},
	    {"?useSSL=true", MY_TLS_PREFERRED},
	    {"?useSSL=true&requireSSL=true", MY_TLS_REQUIRED},
	    {"?useSSL=true&verifyServerCertificate=true", MY_TLS_VERIFY_CA},
	    {"?sslMode=REQUIRED&useSSL=false", MY_TLS_REQUIRED},
	    {"?ssl-ca=/ca", MY_TLS_VERIFY_CA},
	    {"?ssl-ca=/ca&ssl-mode=REQUIRED", MY_TLS_REQUIRED},
	    {"?ssl_ca=/ca&ssl_check_hostname=true", MY_TLS_VERIFY_IDENTITY},
	    {"?sslaccept=strict", MY_TLS_VERIFY_CA},
	    {"?sslaccept=accept_invalid_certs", MY_TLS_PREFERRED},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = arena_printf(&arena, "mysql://u@h/x%s", cases[i].params);
		if (target_of(text).tls != cases[i].tls)
			fail_msg("%s: %d", text, (int)target_of(text).tls);
	}
}

static void files_of_tls(void **state)
{
	struct my_target t =
	    target_of("mysql://u@h/x?ssl-ca=/ca&ssl-cert=/cert&ssl-key=/key&ssl-capath=/certs");
	(void)state;
	assert_string_equal(t.ca, "/ca");
	assert_string_equal(t.ca_path, "/certs");
	assert_string_equal(t.cert, "/cert");
	assert_string_equal(t.key, "/key");
	/* A certificate without a key is no client's: Prisma's name of the authority. */
	t = target_of("mysql://u@h/x?sslcert=/ca");
	assert_string_equal(t.ca, "/ca");
	assert_null(t.cert);
	assert_int_equal(t.tls, MY_TLS_VERIFY_CA);
	/* Whoever checks without naming an authority means the system's. */
	assert_non_null(target_of("mysql://u@h/x?ssl-mode=VERIFY_CA").ca);
	assert_null(target_of("mysql://u@h/x?ssl-mode=REQUIRED").ca);
}

static void limits_of_a_connect(void **state)
{
	(void)state;
	assert_int_equal(target_of("mysql://u@h/x?connect_timeout=5").limit, 5000);
	assert_int_equal(target_of("mysql://u@h/x?connectTimeout=5000").limit, 5000);
	assert_int_equal(target_of("mysql://u@h/x?timeout=5s").limit, 5000);
	assert_int_equal(target_of("mysql://u@h/x?connect_timeout=0").limit, -1);
}

static void others_are_dropped(void **state)
{
	struct my_target t = target_of("mysql://u@h/x?charset=utf8&parseTime=true&tls=false");
	(void)state;
	assert_string_equal(t.dropped, "charset, parseTime");
}

static void what_is_refused(void **state)
{
	static const char *const texts[] = {"mysql://u:secret@h", "mysql://u:secret@h/",
	    "mysql://u:secret@h/x?ssl-mode=maybe", "mysql://u:secret@h/x?connect_timeout=soon"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct my_target target;
		struct url url;
		struct err err;
		assert_true(url_parse(&url, texts[i], &arena, &err));
		assert_false(my_target(&target, &url, &arena, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_null(strstr(err.message, "secret"));
	}
}

int main(void)
{
	struct err err;
	if (!ma_open(&err))
		return 0; /* nothing to test without the library */
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(parts_of_a_url, clean),
	    cmocka_unit_test_teardown(sockets, clean),
	    cmocka_unit_test_teardown(tls_as_each_driver_says_it, clean),
	    cmocka_unit_test_teardown(files_of_tls, clean),
	    cmocka_unit_test_teardown(limits_of_a_connect, clean),
	    cmocka_unit_test_teardown(others_are_dropped, clean),
	    cmocka_unit_test_teardown(what_is_refused, clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
