/* What the proof on PostgreSQL reads in a statement; and its sets. */
#include "db/postgres/proof.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static struct sql_statement statement(const char *text)
{
	return (struct sql_statement){.text = text, .len = strlen(text)};
}

static const struct {
	const char *text;
	enum err_kind kind; /* ERR_NONE: it may run */
} words[] = {
    {"COPY users TO PROGRAM 'cat'", ERR_DESTRUCTIVE},
    {"COPY (SELECT 1) TO '/data/x'", ERR_DESTRUCTIVE},
    {"/* x */ copy users FROM program 'x'", ERR_DESTRUCTIVE},
    {"COPY users (id) TO STDOUT", ERR_NONE},
    {"COPY users FROM '/data/x'", ERR_NONE},
    {"COPY (SELECT a FROM t WHERE a = 'x TO ' ) TO STDOUT", ERR_NONE},
    {"SELECT dblink_exec('x', 'y')", ERR_DESTRUCTIVE},
    {"SELECT public.\"dblink\" ('x')", ERR_DESTRUCTIVE},
    {"SELECT pg_file_unlink('x')", ERR_DESTRUCTIVE},
    {"SELECT lo_export(1, 'x')", ERR_DESTRUCTIVE},
    {"DO 'BEGIN PERFORM dblink_exec(''x''); END'", ERR_DESTRUCTIVE},
    {"DO 'BEGIN EXECUTE ''COPY t TO PROGRAM ...''; END'", ERR_DESTRUCTIVE},
    {"CREATE EXTENSION dblink", ERR_NONE},
    {"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT dblink_exec(1)'", ERR_NONE},
    {"CREATE VIEW v AS SELECT * FROM dblink('x', 'y') AS t (a text)", ERR_NONE},
    {"CREATE TABLE t AS SELECT dblink_exec('x', 'y')", ERR_DESTRUCTIVE},
    {"create unlogged table t as select dblink_exec('x', 'y')", ERR_DESTRUCTIVE},
    {"CREATE MATERIALIZED VIEW v AS SELECT dblink_exec('x', 'y')", ERR_DESTRUCTIVE},
    {"SELECT dblink_exec /* x */ -- y\n ('x', 'y')", ERR_DESTRUCTIVE},
    {"SELECT dblink -- (", ERR_NONE},
    {"INSERT INTO t VALUES (1, 'dblink_exec (x)'), (2, $$dblink('x')$$)", ERR_NONE},
    {"UPDATE t SET (a, b) = ('dblink(', 1) WHERE a = 'dblink (x)'", ERR_NONE},
    {"INSERT INTO t VALUES (1, query_to_xml('SELECT dblink(''x'')', true, true, ''))",
	ERR_DESTRUCTIVE},
    {"INSERT INTO t SELECT f(a) FROM (SELECT 'dblink(''x'')' AS a) AS b", ERR_DESTRUCTIVE},
    {"INSERT INTO t VALUES ('x', dblink_exec ('y'))", ERR_DESTRUCTIVE},
    {"SELECT my_dblink('x')", ERR_NONE},
    {"SELECT dblink FROM t", ERR_NONE},
    {"SET track_counts = off", ERR_DATABASE},
    {"SELECT set_config('TRACK_COUNTS', 'off', true)", ERR_DATABASE},
    {"SELECT 1 /* track_counts */", ERR_NONE},
    {"FETCH ALL FROM db_entry_before", ERR_DATABASE},
    {"DELETE FROM users", ERR_NONE},
};

static void refuses_what_it_would_not_see(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct sql_statement one = statement(words[i].text);
		struct err err = {.kind = ERR_NONE};
		bool refused = pg_proof_refuses(&one, &err);
		if (err.kind != words[i].kind || refused != (words[i].kind != ERR_NONE))
			fail_msg("%s: %d", words[i].text, (int)err.kind);
	}
}

static void knows_what_may_copy(void **state)
{
	static const char *const copies[] = {"INSERT INTO a SELECT 1",
	    "/* x */ with x as (select 1) update a set b = 1", "DO 'BEGIN END'",
	    "explain analyze insert into a values (1)"};
	static const char *const others[] = {"CREATE INDEX CONCURRENTLY i ON a (b)",
	    "SET lock_timeout = '1s'", "VACUUM a", "ALTER TYPE t ADD VALUE 'x'", "DROP TABLE a"};
	(void)state;
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		const struct sql_statement one = statement(copies[i]);
		assert_true(pg_proof_may_copy(&one));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct sql_statement one = statement(others[i]);
		assert_false(pg_proof_may_copy(&one));
	}
}

static const struct {
	const char *text, *schema, *name;
} updates[] = {
    {"UPDATE users SET a = 1 WHERE id = 1", NULL, "users"},
    {"UPDATE ONLY Shop.\"Us\"\"ers\" AS u SET a = 1", "shop", "Us\"ers"},
    {"WITH x AS (UPDATE other SET a = 1 RETURNING 1) UPDATE users SET a = 1", NULL, "users"},
    {"/* UPDATE a */ UPDATE\n\tusers *\nSET a = 1", NULL, "users"},
};

static void names_the_table_of_an_update(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
		CLEANUP(arena_free) struct arena arena = {0};
		const struct sql_statement one = statement(updates[i].text);
		struct proof_update update = {0};
		assert_true(pg_proof_update_of(&update, &one, &arena));
		assert_string_equal(update.name, updates[i].name);
		if (updates[i].schema == NULL)
			assert_null(update.schema);
		else
			assert_string_equal(update.schema, updates[i].schema);
	}
}

static void sets_hold_each_once(void **state)
{
	(void)state;
	struct proof_set set = {0};
	for (uint64_t i = 0; i < 1000; i++)
		pg_proof_set_add(&set, i * 7919 % 500);
	assert_int_equal(set.count, 500);
	for (uint64_t i = 0; i < 500; i += 2)
		pg_proof_set_remove(&set, i);
	pg_proof_set_remove(&set, 1000);
	assert_int_equal(set.count, 250);
	assert_true(pg_proof_set_has(&set, 1));
	assert_false(pg_proof_set_has(&set, 2));
	assert_false(pg_proof_set_has(&set, 501));
	pg_proof_set_clear(&set);
	assert_int_equal(set.count, 0);
	assert_true(pg_proof_key(4294967295u, 1600) > pg_proof_key(4294967295u, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses_what_it_would_not_see),
	    cmocka_unit_test(knows_what_may_copy),
	    cmocka_unit_test(names_the_table_of_an_update),
	    cmocka_unit_test(sets_hold_each_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
