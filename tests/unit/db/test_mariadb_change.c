/* What a statement says it changes. */
#include "base/buf.h"
#include "db/mariadb/change.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static const char *const forms[] = {
    [MY_NOTHING] = "nothing",
    [MY_INSERT] = "insert",
    [MY_UPSERT] = "upsert",
    [MY_REPLACE] = "replace",
    [MY_UPDATE] = "update",
    [MY_DELETE] = "delete",
    [MY_HISTORY] = "history",
    [MY_ANYTHING] = "anything",
};

/* "update users where a=b" in short: form, tables, columns, what is kept, and flags. */
static const struct {
	const char *text, *change;
} cases[] = {
    {"SELECT 1", "nothing"},
    {"INSERT INTO t VALUES (1, 'DUPLICATE')", "insert t"},
    {"INSERT IGNORE a.t (x) SELECT 1", "insert a.t"},
    {"INSERT t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", "upsert t"},
    {"REPLACE LOW_PRIORITY `t``x` SET a = 1", "replace t`x"},
    {"LOAD DATA INFILE 'x' INTO TABLE t", "insert t"},
    {"LOAD DATA INFILE 'x' REPLACE INTO TABLE a.t", "replace a.t"},
    {"UPDATE t SET a = 1", "update t [a]"},
    {"UPDATE t SET a = a, b = b + 1 WHERE c = 1", "update t [b] =a where"},
    {"UPDATE t SET a = a", "update t =a"},
    {"UPDATE a.t AS x SET x.b = (SELECT MAX(c), 1 FROM u), a.t.c = 2", "anything"},
    {"UPDATE a.t SET t.b = (SELECT MAX(c) FROM u WHERE d = 1), a.t.c = 2 LIMIT 1",
	"update a.t [b c]"},
    {"UPDATE t, u SET t.a = u.b, c = 1", "update t u [a c] joined"},
    {"UPDATE t AS x LEFT JOIN (a.u AS y, v) USING (id) SET y.a = 1 WHERE x.b IS NULL",
	"update a.u [a] where joined"},
    {"UPDATE t JOIN (SELECT a, b FROM u) AS d ON d.a = t.a AND (t.c, t.d) = (1, 2) SET t.e = d.b",
	"update t [e] joined"},
    {"UPDATE t USE INDEX (i) SET a = CASE WHEN b THEN 1 ELSE 2 END, c = IF(a, b, c)",
	"update t [a c]"},
    {"UPDATE t JOIN JSON_TABLE('[]', '$' COLUMNS (a int PATH '$')) AS j SET t.a = j.a",
	"update t [a] joined"},
    {"DELETE FROM t WHERE a = 1", "delete t"},
    {"DELETE QUICK FROM a.t AS x WHERE x.b = 1 LIMIT 1", "delete a.t"},
    {"DELETE FROM t RETURNING a", "delete t returning"},
    {"DELETE FROM t PARTITION (p0)", "delete t"},
    {"DELETE x, u.* FROM t AS x JOIN u ON x.a = u.a", "delete t u joined"},
    {"DELETE FROM x USING t x, u WHERE x.a = u.a", "delete t joined"},
    {"DELETE HISTORY FROM t", "history t"},
    {"DELETE FROM", "anything"},
    {"WITH x AS (SELECT 1) DELETE FROM t", "anything"},
    {"ANALYZE DELETE FROM t", "anything"},
    {"CALL p()", "anything"},
};

static void print(const struct my_change *change, struct buf *out)
{
	buf_add_text(out, forms[change->form]);
	for (size_t i = 0; i < change->count; i++)
		buf_printf(out, " %s%s%s",
		    change->tables[i].schema == NULL ? "" : change->tables[i].schema,
		    change->tables[i].schema == NULL ? "" : ".", change->tables[i].name);
	for (size_t i = 0; i < change->column_count; i++)
		buf_printf(out, "%s%s%s", i == 0 ? " [" : " ", change->columns[i],
		    i + 1 == change->column_count ? "]" : "");
	for (size_t i = 0; i < change->kept_count; i++)
		buf_printf(out, " =%s", change->kept[i]);
	buf_printf(out, "%s%s%s", change->where ? " where" : "", change->joined ? " joined" : "",
	    change->returning ? " returning" : "");
}

static void what_is_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(arena_free) struct arena arena = {0};
		CLEANUP(buf_free) struct buf out = buf_init(4096);
		const struct sql_statement statement = {.text = cases[i].text,
		    .len = strlen(cases[i].text),
		    .dialect = &dialect_mariadb};
		struct my_change change;
		my_change_of(&change, &statement, &arena);
		print(&change, &out);
		if (strcmp(out.data, cases[i].change) != 0)
			fail_msg("%s\n  %s\n  not %s", cases[i].text, out.data, cases[i].change);
	}
}

/* Another server reads another statement. */
static void what_servers_read_in_their_own_way(void **state)
{
	static const char text[] = "UPDATE t SET a = 1 /*!99999 WHERE b = 1 */";
	const struct sql_statement statement = {
	    .text = text, .len = strlen(text), .dialect = &dialect_mariadb, .conditional = true};
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_change change;
	(void)state;
	my_change_of(&change, &statement, &arena);
	assert_int_equal(change.form, MY_ANYTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_changed),
	    cmocka_unit_test(what_servers_read_in_their_own_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
