/* Foreign keys around a migration's transaction: only violations that are new count. */
#include "unit/db/sqlite_world.h"

static const char family[] = "CREATE TABLE users (id text PRIMARY KEY);"
			     "CREATE TABLE orders (number text PRIMARY KEY, user text REFERENCES"
			     " users ON DELETE CASCADE);";

/* Users 1 and 2, an order of each, and one of nobody that was always there. */
static struct db *open_family(struct world *w)
{
	make_with(w->file, arena_printf(&w->arena,
			       "%s INSERT INTO users VALUES (1), (2);"
			       "INSERT INTO orders VALUES ('x', 1), ('gone', 1), ('y', 2),"
			       " ('z', 98); DELETE FROM orders WHERE number = 'gone'",
			       family));
	struct db *db = open_file(w);
	take(w, db);
	return db;
}

static void commits(struct world *w, struct db *db, const char *const *statements)
{
	begin(w, db);
	for (; *statements != NULL; statements++)
		run(w, db, *statements);
	must(w, try_commit(w, db));
	assert_string_equal(ask(w, db, "PRAGMA foreign_keys"), "1");
}

static void refuses(struct world *w, struct db *db, const char *const *statements, const char *why)
{
	const char *before = ask(w, db, "SELECT group_concat(number || user) FROM orders");
	begin(w, db);
	for (; *statements != NULL; statements++)
		run(w, db, *statements);
	assert_false(try_commit(w, db));
	assert_int_equal(w->err.kind, ERR_DATABASE);
	assert_int_equal(w->err.retry, ERR_FATAL);
	assert_string_equal(w->err.code, "FOREIGN_KEY");
	if (strstr(w->err.why, why) == NULL)
		fail_msg("no \"%s\" in:\n%s", why, w->err.why);
	rollback(w, db);
	assert_string_equal(ask(w, db, "SELECT group_concat(number || user) FROM orders"), before);
	assert_string_equal(ask(w, db, "PRAGMA foreign_keys"), "1");
}

#define STATEMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Off for the transaction alone; what a migration outside of one sets stays until the reset. */
static void on_again_outside_a_transaction(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	commits(w, db, STATEMENTS("CREATE TABLE t (a)"));
	begin(w, db);
	rollback(w, db);
	assert_false(try_run(w, db, "INSERT INTO orders VALUES ('n', 99)"));
	assert_string_equal(w->err.code, "SQLITE_CONSTRAINT_FOREIGNKEY");
	run(w, db, "PRAGMA foreign_keys = OFF");
	run(w, db, "INSERT INTO orders VALUES ('n', 99)");
	assert_string_equal(ask(w, db, "PRAGMA foreign_keys"), "0");
	reset(w, db);
	assert_string_equal(ask(w, db, "PRAGMA foreign_keys"), "1");
	db_close(&db);
}

static void new_ones_are_refused(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	refuses(w, db, STATEMENTS("INSERT INTO orders VALUES ('n', 99)"),
	    "orders: user '99' is not in users (row 5)");
	refuses(w, db, STATEMENTS("UPDATE orders SET user = 97 WHERE number = 'x'"), "'97'");
	refuses(w, db, STATEMENTS("DELETE FROM users WHERE id = 1"), "'1'");
	refuses(w, db, STATEMENTS("DROP TABLE users"), "users");
	refuses(w, db,
	    STATEMENTS("CREATE TABLE other (id, u DEFAULT 5)", "INSERT INTO other (id) VALUES (1)",
		"CREATE TABLE third (u REFERENCES users)", "INSERT INTO third SELECT u FROM other"),
	    "third: u 5 is not in users");
	db_close(&db);
}

static void old_ones_do_not_count(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	commits(w, db, STATEMENTS("INSERT INTO orders VALUES ('n', 1)"));
	commits(w, db, STATEMENTS("UPDATE orders SET number = 'zz' WHERE number = 'z'"));
	/* A second one with the same value is new all the same. */
	refuses(w, db, STATEMENTS("INSERT INTO orders VALUES ('m', 98)"), "98");
	assert_non_null(strstr(w->err.why, "1 from before this migration"));
	/* And one mended does not pay for another one made. */
	refuses(w, db,
	    STATEMENTS("UPDATE orders SET user = 1 WHERE user = 98",
		"INSERT INTO orders VALUES ('m', 97)"),
	    "97");
	commits(w, db, STATEMENTS("DELETE FROM orders WHERE user = 98"));
	refuses(w, db, STATEMENTS("INSERT INTO orders VALUES ('m', 98)"), "98");
	db_close(&db);
}

/* An order of nobody is the same one under other names, and with its value of another type. */
static void old_ones_under_other_names(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	commits(w, db, STATEMENTS("ALTER TABLE orders RENAME TO sales"));
	commits(w, db, STATEMENTS("ALTER TABLE sales RENAME COLUMN user TO buyer"));
	commits(w, db, STATEMENTS("ALTER TABLE users RENAME TO people"));
	commits(w, db,
	    STATEMENTS("CREATE TABLE orders (number text, user integer REFERENCES people)",
		"INSERT INTO orders SELECT number, CAST(buyer AS integer) FROM sales",
		"DROP TABLE sales"));
	assert_string_equal(
	    ask(w, db, "SELECT typeof(user) FROM orders WHERE number = 'z'"), "integer");
	/* One excuses one, and only one with its value. */
	refuses(w, db,
	    STATEMENTS("ALTER TABLE orders RENAME TO sales", "INSERT INTO sales VALUES ('m', 98)"),
	    "sales: user 98 is not in people");
	assert_null(strstr(w->err.why, "more"));
	refuses(w, db,
	    STATEMENTS(
		"ALTER TABLE orders RENAME TO sales", "UPDATE sales SET user = 97 WHERE user = 98"),
	    "sales: user 97 is not in people");
	db_close(&db);
}

/* Nor does one of another table pay for it. */
static void mended_elsewhere(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	commits(w, db,
	    STATEMENTS("CREATE TABLE things (id text PRIMARY KEY)",
		"CREATE TABLE parts (thing text REFERENCES things)"));
	refuses(w, db,
	    STATEMENTS(
		"UPDATE orders SET user = 1 WHERE user = 98", "INSERT INTO parts VALUES ('98')"),
	    "parts: thing '98' is not in things");
	db_close(&db);
}

/* The usual way to change a table: its rows get new numbers, the old violation is the same. */
static void rebuild_of_a_child(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	assert_string_equal(ask(w, db, "SELECT rowid FROM orders WHERE number = 'z'"), "4");
	commits(w, db,
	    STATEMENTS(
		"CREATE TABLE new_orders (user text REFERENCES users, number text PRIMARY KEY)",
		"INSERT INTO new_orders (number, user) SELECT number, user FROM orders",
		"DROP TABLE orders", "ALTER TABLE new_orders RENAME TO orders"));
	assert_string_equal(ask(w, db, "SELECT rowid FROM orders WHERE number = 'z'"), "3");
	db_close(&db);
}

/* With foreign keys on, this empties the children. */
static void rebuild_of_a_parent(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	commits(w, db,
	    STATEMENTS("CREATE TABLE new_users (id text PRIMARY KEY, mail text)",
		"INSERT INTO new_users (id) SELECT id FROM users", "DROP TABLE users",
		"ALTER TABLE new_users RENAME TO users"));
	assert_string_equal(ask(w, db, "SELECT count(*) FROM orders"), "3");
	db_close(&db);
}

/* What others write between two transactions is not ours either. */
static void others_write_between(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	commits(w, db, STATEMENTS("INSERT INTO orders VALUES ('n', 1)"));
	make_with(w->file, "INSERT INTO orders VALUES ('theirs', 55)");
	commits(w, db, STATEMENTS("INSERT INTO orders VALUES ('o', 2)"));
	run(w, db, "PRAGMA foreign_keys = OFF");
	run(w, db, "INSERT INTO orders VALUES ('outside', 56)");
	reset(w, db);
	commits(w, db, STATEMENTS("INSERT INTO orders VALUES ('p', 2)"));
	refuses(w, db, STATEMENTS("INSERT INTO orders VALUES ('q', 57)"), "57");
	db_close(&db);
}

static void mended_inside(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	commits(w, db,
	    STATEMENTS("INSERT INTO orders VALUES ('n', 9)", "INSERT INTO users VALUES (9)"));
	db_close(&db);
}

static void many_are_counted(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	refuses(w, db,
	    STATEMENTS(
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
		" INSERT INTO orders SELECT 'many' || i, 1000 + i FROM n"),
	    "and 1995 more");
	assert_non_null(strstr(w->err.next, "ON DELETE CASCADE did nothing"));
	db_close(&db);
}

/* Looked up once a row, kept in a few bytes: by the hundred thousand they are no obstacle. */
static void many_old_ones(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	db_close(&db);
	make_with(w->file,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
	    " INSERT INTO orders SELECT 'many' || i, 1000 + i % 30000 FROM n");
	db = open_file(w);
	take(w, db);
	commits(w, db, STATEMENTS("INSERT INTO orders VALUES ('n', 1)"));
	commits(w, db, STATEMENTS("DELETE FROM orders WHERE user = 1007"));
	refuses(w, db, STATEMENTS("INSERT INTO orders VALUES ('m', 1007)"), "'1007'");
	assert_null(strstr(w->err.why, "more"));
	commits(w, db, STATEMENTS("ALTER TABLE orders RENAME TO sales"));
	commits(w, db, STATEMENTS("ALTER TABLE sales RENAME TO orders"));
	refuses(w, db, STATEMENTS("INSERT INTO orders VALUES ('m', 1009)"), "1009");
	assert_null(strstr(w->err.why, "more"));
	db_close(&db);
}

static void keys_of_several_columns(void **state)
{
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE p (a, b, PRIMARY KEY (a, b));"
			   "CREATE TABLE c (id integer PRIMARY KEY, \"odd \"\"name\" , y blob,"
			   " FOREIGN KEY (\"odd \"\"name\", y) REFERENCES p);"
			   "CREATE TABLE w (k PRIMARY KEY, a, b, FOREIGN KEY (a, b) REFERENCES p)"
			   " WITHOUT ROWID; CREATE TABLE orders (number, user);"
			   "INSERT INTO orders VALUES (1, 1)");
	struct db *db = open_file(w);
	take(w, db);
	refuses(w, db, STATEMENTS("INSERT INTO c VALUES (3, 'it''s', x'00ff')"),
	    "c: odd \"name, y 'it''s', X'00FF' is not in p (row 3)");
	refuses(w, db, STATEMENTS("INSERT INTO w VALUES (1, 2, 3)"), "w: a row is not in p");
	commits(w, db, STATEMENTS("INSERT INTO c VALUES (4, 'only one', NULL)"));
	db_close(&db);
}

/* A key whose parent has no unique index makes SQLite refuse the whole check. */
static void old_mismatch_hides_nothing(void **state)
{
	struct world *w = *state;
	struct db *db = open_family(w);
	db_close(&db);
	make_with(w->file, "CREATE TABLE loose (a); CREATE TABLE odd (a REFERENCES loose (a));"
			   "INSERT INTO odd VALUES (1)");
	db = open_file(w);
	take(w, db);
	commits(w, db, STATEMENTS("INSERT INTO orders VALUES ('n', 1)"));
	refuses(w, db, STATEMENTS("INSERT INTO orders VALUES ('m', 99)"), "99");
	/* A parent rebuilt without its key. */
	refuses(w, db,
	    STATEMENTS("CREATE TABLE new_users (id text)",
		"INSERT INTO new_users SELECT id FROM users", "DROP TABLE users",
		"ALTER TABLE new_users RENAME TO users"),
	    "foreign key mismatch - \"orders\" referencing \"users\"");
	commits(w, db, STATEMENTS("ALTER TABLE odd RENAME TO strange"));
	commits(w, db, STATEMENTS("ALTER TABLE loose RENAME TO looser"));
	db_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(on_again_outside_a_transaction),
	    TEST(new_ones_are_refused),
	    TEST(old_ones_do_not_count),
	    TEST(old_ones_under_other_names),
	    TEST(mended_elsewhere),
	    TEST(rebuild_of_a_child),
	    TEST(rebuild_of_a_parent),
	    TEST(others_write_between),
	    TEST(mended_inside),
	    TEST(many_are_counted),
	    TEST(many_old_ones),
	    TEST(keys_of_several_columns),
	    TEST(old_mismatch_hides_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
