#include "base/url.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A URL as one line: scheme+driver|jdbc|//|user|password|host port,…|path|key=value&… */
static void describe(const struct url *url, struct buf *out)
{
	buf_printf(out, "%s%s%s|%s%s|", url->scheme, url->driver[0] ? "+" : "", url->driver,
	    url->jdbc ? "jdbc" : "", url->authority ? "//" : "");
	buf_printf(out, "%s|%s|", url->user != NULL ? url->user : "-",
	    url->password != NULL ? url->password : "-");
	for (size_t i = 0; i < url->host_count; i++)
		buf_printf(out, "%s%s %s", i ? "," : "", url->hosts[i].name, url->hosts[i].port);
	buf_printf(out, "|%s|", url->path);
	for (size_t i = 0; i < url->param_count; i++)
		buf_printf(out, "%s%s=%s", i ? "&" : "", url->params[i].key, url->params[i].value);
}

static void assert_parses(const char *text, const char *expected)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf out = buf_init(10000);
	struct err err = {0};
	struct url url;

	if (!url_parse(&url, text, &arena, &err))
		fail_msg("%s: %s", text, err.message);
	describe(&url, &out);
	assert_string_equal(out.data, expected);
}

static void assert_refused(const char *text, const char *message, const char *next)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct url url = {.scheme = "untouched"};
	struct err err = {0};

	if (url_parse(&url, text, &arena, &err))
		fail_msg("%s was accepted", text);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(url.scheme, "untouched");
	if (strstr(err.message, message) == NULL || strstr(err.next, next) == NULL)
		fail_msg("%s: %s; %s", text, err.message, err.next);
	if (strstr(err.message, "s3cret") != NULL || strstr(err.next, "s3cret") != NULL ||
	    strstr(err.why, "s3cret") != NULL)
		fail_msg("the secret is in: %s; %s", err.message, err.next);
}

static void servers(void **state)
{
	(void)state;
	assert_parses("postgresql://bob:pw@db:5432/shop?sslmode=require&x=",
	    "postgresql|//|bob|pw|db 5432|/shop|sslmode=require&x=");
	assert_parses("POSTGRES://db/shop", "postgres|//|-|-|db |/shop|");
	assert_parses("mysql://bob@db", "mysql|//|bob|-|db ||");
	assert_parses("mysql://bob:@db/", "mysql|//|bob||db |/|");
	assert_parses("mysql://:pw@db/", "mysql|//||pw|db |/|");
	assert_parses("postgresql:///shop?host=/tmp", "postgresql|//|-|-||/shop|host=/tmp");
	assert_parses("postgresql://bob@/shop", "postgresql|//|bob|-||/shop|");
	assert_parses("postgresql://", "postgresql|//|-|-|||");
	assert_parses("postgresql://?user=a", "postgresql|//|-|-|||user=a");
	assert_parses("postgresql://db?user=bob@corp", "postgresql|//|-|-|db ||user=bob@corp");
	assert_parses("postgresql:shop", "postgresql||-|-||shop|");
	assert_parses("mysql://bob:pw@tcp(db:3306)/shop", "mysql|//|bob|pw|db 3306|/shop|");
}

static void schemes(void **state)
{
	(void)state;
	assert_parses("postgresql+psycopg2://db/shop", "postgresql+psycopg2|//|-|-|db |/shop|");
	assert_parses("jdbc:mariadb://db:3306/shop?user=a&password=b",
	    "mariadb|jdbc//|-|-|db 3306|/shop|user=a&password=b");
	assert_parses("JDBC:PostgreSQL://db/shop", "postgresql|jdbc//|-|-|db |/shop|");
	assert_parses("jdbc:sqlite::memory:", "sqlite|jdbc|-|-||:memory:|");
}

static void several_hosts_and_ipv6(void **state)
{
	(void)state;
	assert_parses("postgresql://a:1,b,c:3/d", "postgresql|//|-|-|a 1,b ,c 3|/d|");
	assert_parses("postgresql://u:p@[::1]:5432/d", "postgresql|//|u|p|::1 5432|/d|");
	assert_parses(
	    "postgresql://[fe80::1%25eth0],[::2]/d", "postgresql|//|-|-|fe80::1%eth0 ,::2 |/d|");
	assert_parses("postgresql://%2Fvar%2Frun/d", "postgresql|//|-|-|/var/run |/d|");
	assert_parses("postgresql://:5432/d", "postgresql|//|-|-| 5432|/d|");
	assert_parses("postgresql://db:/d", "postgresql|//|-|-|db |/d|");
}

static void percent_signs_are_decoded(void **state)
{
	(void)state;
	assert_parses(
	    "mysql://b%40b:p%2Fw%3A%25@h/my%20db?a%3d=%26", "mysql|//|b@b|p/w:%|h |/my db|a==&");
	assert_parses("mysql://u:a+b@h/c+d?e+f=g+h", "mysql|//|u|a+b|h |/c+d|e+f=g+h");
}

static void passwords_with_bare_signs(void **state)
{
	(void)state;
	assert_parses("mysql://u:p@ss@h/d", "mysql|//|u|p@ss|h |/d|");
	assert_parses("mysql://u:a:b:c@h:1/d", "mysql|//|u|a:b:c|h 1|/d|");
	assert_parses("mysql://u:pa/ss@h/d", "mysql|//|u|pa/ss|h |/d|");
	assert_parses("mysql://u:pa/ss@h/d?x=a@b", "mysql|//|u|pa/ss|h |/d|x=a@b");
	assert_parses("mysql://u:p?w@h/d", "mysql|//|u|p?w|h |/d|");
	assert_parses("mysql://u:p?w@h/d?x=a@b", "mysql|//|u|p?w|h |/d|x=a@b");
	assert_parses("mysql://u:p#w@h/d", "mysql|//|u|p#w|h |/d|");
	assert_parses("mysql://u:p/w@s@h/d", "mysql|//|u|p/w@s|h |/d|");
	assert_parses("mysql://bob@corp:pw@h/d", "mysql|//|bob@corp|pw|h |/d|");
}

static void files(void **state)
{
	(void)state;
	assert_parses("sqlite:rel.db", "sqlite||-|-||rel.db|");
	assert_parses("sqlite:/abs.db", "sqlite||-|-||/abs.db|");
	assert_parses("sqlite://data/app.db", "sqlite|//|-|-||data/app.db|");
	assert_parses("sqlite:///app.db", "sqlite|//|-|-||/app.db|");
	assert_parses("sqlite:////abs.db", "sqlite|//|-|-||//abs.db|");
	assert_parses("sqlite3:a:b@c.db", "sqlite3||-|-||a:b@c.db|");
	assert_parses("sqlite://:memory:", "sqlite|//|-|-||:memory:|");
	assert_parses(
	    "sqlite+aiosqlite:///my file#1.db", "sqlite+aiosqlite|//|-|-||/my file#1.db|");
	assert_parses("file:./dev.db", "file||-|-||./dev.db|");
	assert_parses("file:/x?mode=ro&cache=shared", "file||-|-||/x|mode=ro&cache=shared");
	assert_parses("file:///a%20b", "file|//|-|-||/a b|");
	assert_parses("sqlite:", "sqlite||-|-|||");
}

static void params(void **state)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct err err = {0};
	struct url url;

	(void)state;
	assert_true(url_parse(&url, "mysql://h/d?&a=1&&b&a=2&c=x=y&", &arena, &err));
	assert_int_equal(url.param_count, 4);
	assert_string_equal(url_param(&url, "a"), "2");
	assert_string_equal(url_param(&url, "b"), "");
	assert_string_equal(url_param(&url, "c"), "x=y");
	assert_null(url_param(&url, "A"));
}

static void texts_that_are_no_url(void **state)
{
	(void)state;
	assert_refused("", "is empty", "");
	assert_refused(" mysql://h", "blanks around", "remove");
	assert_refused("mysql://h\t", "blanks around", "remove");
	assert_refused("\"mysql://u:s3cret@h\"", "quotes around", "--env-file");
	assert_refused("'mysql://h'", "quotes around", "remove the quotes");
	assert_refused("mysql://u:s3cret@h\n", "line break", "in one line");
	assert_refused("mysql://u:s3\ncret@h", "line break", "");
	assert_refused("mysql://u:\x01s3cret@h", "control character", "");
	assert_refused("data/app.db", "no scheme", "write sqlite:data/app.db");
	assert_refused("data/app", "no scheme", "sqlite:path");
	assert_refused("s3cret", "no scheme", "sqlite:path");
	assert_refused("://u:s3cret@h", "no scheme", "");
	assert_refused("jdbc:", "no scheme", "");
	assert_refused("host=h password=s3cret", "no scheme", "postgresql://");
	assert_refused("password=s3cret dbname=a:b.db", "no scheme", "postgresql://");
}

static void urls_that_can_t_be_read(void **state)
{
	(void)state;
	assert_refused("mysql://u:s3cret%@h/d", "the password in the database URL has a %", "%25");
	assert_refused("mysql://u:s3cret%2@h/d", "the password", "%25");
	assert_refused("mysql://u:s3cret%zz@h/d", "the password", "%25");
	assert_refused("mysql://u:s3cret%00@h/d", "a NUL character (%00)", "");
	assert_refused("mysql://u%:s3cret@h/d", "the user", "");
	assert_refused("mysql://h%g0/d", "the host", "");
	assert_refused("mysql://h/d%", "the path", "");
	assert_refused("mysql://h/d?a%=b", "the name of a parameter", "");
	assert_refused("mysql://h/d?password=s3cret%", "the value of a parameter", "");
	assert_refused("mysql://u:s3cret", "a port that is not a number", "user:password@");
	assert_refused("mysql://u:s3cret/d", "a port that is not a number", "user:password@");
	assert_refused("mysql://u:p@h:0/d", "a port", "");
	assert_refused("mysql://h:65536/d", "a port", "");
	assert_refused("mysql://h:005432/d", "a port", "");
	assert_refused("mysql://h:99999999999999999999/d", "a port", "");
	assert_refused("mysql://::1/d", "more than one colon", "in brackets");
	assert_refused("mysql://u:p@[::1/d", "a [ without a ]", "");
	assert_refused("mysql://u:p@[::1]1/d", "between a ] and the port", "");
	assert_refused("mysql://u:s3cret@unix(/run/x.sock)/d", "a ( in the host", "");
	assert_refused("mysql://u:s3 cret@h/d", "a blank", "%20");
}

static void urls_that_can_be_read_in_two_ways(void **state)
{
	(void)state;
	assert_refused("mysql://u:12/s3cret@h/d", "an @ where its path should be", "%2F");
	assert_refused("mysql://u:p@s3cret/w@h/d", "an @ where its path should be", "%40");
	assert_refused("mysql://u:p@s?s3cret@h/d", "an @ in the name of a parameter", "%3F");
	assert_refused("mysql:u:s3cret@h/d", "an @ where its path should be", "scheme://");
	assert_refused("mysql:/u:s3cret@h/d", "an @ where its path should be", "scheme://");
}

static void encoding(void **state)
{
	CLEANUP(buf_free) struct buf out = buf_init(1000);

	(void)state;
	url_encode("aZ09-._~ +/@:%?#ä'", &out);
	assert_string_equal(out.data, "aZ09-._~%20%2B%2F%40%3A%25%3F%23%C3%A4%27");
}

static void assert_redacts(const char *text, const char *expected)
{
	CLEANUP(buf_free) struct buf out = buf_init(10000), again = buf_init(10000);

	url_redact(text, &out);
	assert_string_equal(out.data, expected);
	url_redact(out.data, &again);
	assert_string_equal(again.data, expected);
}

static void passwords_of_urls_are_redacted(void **state)
{
	(void)state;
	assert_redacts("postgresql://bob:pw@db/shop", "postgresql://bob:***@db/shop");
	assert_redacts(
	    "can't reach mysql://u:p@h:1/d, waiting", "can't reach mysql://u:***@h:1/d, waiting");
	assert_redacts("x+y://:pw@h", "x+y://:***@h");
	assert_redacts("jdbc:mysql://u:a@b/c:d@h/d", "jdbc:mysql://u:***@h/d");
	assert_redacts("a://u:p'q\"@h b://u:p,w@h", "a://u:***@h b://u:***@h");
	assert_redacts("\"a://u:p@h\", 'b://u:p'q@h', (c://u:p@h)",
	    "\"a://u:***@h\", 'b://u:***@h', (c://u:***@h)");
	assert_redacts("a://u:***@h", "a://u:***@h");
	assert_redacts("postgres:/u:p@h", "postgres:/u:***@h");
	assert_redacts("//u:p@h", "//u:***@h");
	assert_redacts(
	    "u:p:w@tcp(h:1)/d and u:p@unix(/s)/d", "u:***@tcp(h:1)/d and u:***@unix(/s)/d");
	assert_redacts("mysql://u:p@tcp(h:1)/d", "mysql://u:***@tcp(h:1)/d");
}

/* No @, or not in the word: what stands where only a port may is hidden. */
static void broken_urls_are_redacted(void **state)
{
	(void)state;
	assert_redacts("a://u:secr…", "a://u:***");
	assert_redacts("a://u:1secr", "a://u:***");
	assert_redacts("a://u:secret/d is wrong", "a://u:*** is wrong");
	assert_redacts("a://u:p w@h/d", "a://u:***@h/d");
	assert_redacts("a://h:1,u:secret", "a://h:1,u:***");
}

static void values_named_like_secrets_are_redacted(void **state)
{
	(void)state;
	assert_redacts("a://h/d?user=u&password=p&x=1", "a://h/d?user=u&password=***&x=1");
	assert_redacts("host=h password=p dbname=d", "host=h password=*** dbname=d");
	assert_redacts("password = 'a b\\' c''d' user=u", "password = *** user=u");
	assert_redacts(
	    "PGPASSWORD=\"a b\" sslpassword='unclosed", "PGPASSWORD=*** sslpassword=***");
	assert_redacts("MYSQL_PWD=p&passwd=p&pwd=p&password1=p",
	    "MYSQL_PWD=***&passwd=***&pwd=***&password1=***");
	assert_redacts("?access_token=t&api_key=k&X-Amz-Signature=s&secret=s",
	    "?access_token=***&api_key=***&X-Amz-Signature=***&secret=***");
	assert_redacts("password=", "password=");
}

static void other_texts_stay(void **state)
{
	static const char *const texts[] = {"", "SELECT a FROM b",
	    "db-entry · shop@db/public · 18 ms", "mysql://bob@db:3306/shop?ssl=1",
	    "sqlite:///data/app.db", "sqlite:a:b@c.db",
	    "see https://example.org/a:b for 0013@4be1c09a77d2", "http://localhost:8080: refused",
	    "http://[::1]:80/ or \"http://h:80\" (http://h:80).", "registry:5000/app@sha256:abc",
	    "/data//app.db: no such file", "migrations//0001.sql:2",
	    "DB_PASSWORD_FILE=/run/secrets/pw", "password authentication failed for user \"bob\"",
	    "tokens=5 sslkey=/etc/key", "INSERT INTO t VALUES ('a@b', 'c:d')",
	    "12:30 bob@example.org", "\xff\x01://\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_redacts(texts[i], texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(servers),
	    cmocka_unit_test(schemes),
	    cmocka_unit_test(several_hosts_and_ipv6),
	    cmocka_unit_test(percent_signs_are_decoded),
	    cmocka_unit_test(passwords_with_bare_signs),
	    cmocka_unit_test(files),
	    cmocka_unit_test(params),
	    cmocka_unit_test(texts_that_are_no_url),
	    cmocka_unit_test(urls_that_can_t_be_read),
	    cmocka_unit_test(urls_that_can_be_read_in_two_ways),
	    cmocka_unit_test(encoding),
	    cmocka_unit_test(passwords_of_urls_are_redacted),
	    cmocka_unit_test(broken_urls_are_redacted),
	    cmocka_unit_test(values_named_like_secrets_are_redacted),
	    cmocka_unit_test(other_texts_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
