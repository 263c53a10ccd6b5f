/* Reading the schema: how many queries, what counts for the fingerprint, what the texts say. */
#include "db/sqlite/sqlite.h"
#include "schema/diff.h"
#include "unit/db/sqlite_world.h"

static struct schema read_schema(struct world *w, struct db *db)
{
	struct schema schema;
	must(w, db_sqlite.read_schema(db, &schema, &w->arena, &w->stop, &w->err));
	return schema;
}

static const char *fingerprint(struct world *w, struct db *db)
{
	char *hex = arena_alloc(&w->arena, 65);
	must(w, db_sqlite.fingerprint(db, hex, &w->stop, &w->err));
	return hex;
}

/* What SQLite prepares within a query, for its own PRAGMA functions, does not begin so. */
static int count_statement(unsigned type, void *count, void *statement, void *text)
{
	(void)type;
	(void)statement;
	if (strncmp(text, "--", 2) == 0 && strstr(text, "FROM main.sqlite_master") != NULL)
		++*(int *)count;
	return 0;
}

static int queries_for(struct world *w, int tables)
{
	int count = 0;
	CLEANUP(buf_free) struct buf sql = buf_init(1 << 20);
	unlink(w->file);
	for (int i = 0; i < tables; i++)
		buf_printf(&sql,
		    "CREATE TABLE t%d (id INTEGER PRIMARY KEY, a REFERENCES t0);"
		    "CREATE INDEX i%d ON t%d (a);",
		    i, i, i);
	make_with(w->file, sql.data);
	struct db *db = open_file(w);
	sqlite3_trace_v2(
	    ((struct sqlite_db *)db)->handle, SQLITE_TRACE_STMT, count_statement, &count);
	assert_int_equal(read_schema(w, db).count, tables * 6);
	db_close(&db);
	return count;
}

static void a_thousand_tables_are_as_many_queries_as_one(void **state)
{
	struct world *w = *state;
	int one = queries_for(w, 1);
	assert_int_equal(one, 2);
	assert_int_equal(queries_for(w, 1000), one);
}

static void what_does_not_count(void **state)
{
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a);"
			   "CREATE INDEX i ON t (a); CREATE VIRTUAL TABLE f USING fts5(x);");
	struct db *db = open_file(w);
	const char *before = fingerprint(w, db);
	assert_int_equal(read_schema(w, db).count, 6);
	make_with(w->file, "INSERT INTO t (a) VALUES (1); INSERT INTO f VALUES ('word'); ANALYZE;"
			   "CREATE TABLE db_entry_other (a); CREATE INDEX o ON db_entry_other (a);"
			   "CREATE INDEX s ON f_content (c0); VACUUM;");
	assert_string_equal(fingerprint(w, db), before);
	assert_int_equal(read_schema(w, db).count, 6);
	db_close(&db);
}

static void each_of_these_counts(void **state)
{
	static const char *const changes[] = {
	    "CREATE TABLE u (a)",
	    "ALTER TABLE t ADD COLUMN b DEFAULT 1",
	    "ALTER TABLE t RENAME COLUMN b TO c",
	    "CREATE INDEX i ON t (a)",
	    "DROP INDEX i",
	    "CREATE VIEW v AS SELECT 1",
	    "CREATE TRIGGER tr AFTER DELETE ON t BEGIN SELECT 1; END",
	    "CREATE VIRTUAL TABLE f USING fts5(x)",
	    "DROP TABLE f",
	};
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE t (a)");
	struct db *db = open_file(w);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct schema_diff diff;
		const char *before = fingerprint(w, db);
		struct schema left = read_schema(w, db);
		make_with(w->file, changes[i]);
		struct schema right = read_schema(w, db);
		schema_diff(&diff, &left, &right, false, &w->arena);
		assert_true(diff.count > 0);
		assert_string_not_equal(fingerprint(w, db), before);
	}
	db_close(&db);
}

static const char *value(const struct schema *schema, const char *kind, const char *parent,
    const char *name, const char *attribute)
{
	const struct schema_object *object =
	    schema_find(schema, schema_kind_of(schema, kind), "", parent, name);
	if (object == NULL)
		fail_msg("%s %s is missing", kind, name);
	return schema_value(object, attribute);
}

static void what_only_the_text_says(void **state)
{
	struct world *w = *state;
	make_with(w->file,
	    "CREATE TABLE \"check\" (\"unique\" INTEGER CONSTRAINT pk PRIMARY KEY DESC ON CONFLICT"
	    " FAIL, 'not' \"default\" COLLATE [nocase] DEFAULT -1 CHECK ((1) = ')') NOT NULL ON"
	    " CONFLICT REPLACE, x AS (CASE WHEN 1 THEN ',' END) STORED CONSTRAINT k REFERENCES"
	    " [a b] (\"c\") ON DELETE SET NULL NOT DEFERRABLE INITIALLY DEFERRED /* , */ )");
	struct db *db = open_file(w);
	struct schema s = read_schema(w, db);
	assert_string_equal(
	    value(&s, "primaryKey", "check", "primary key", "columns"), "\"unique\" DESC");
	assert_string_equal(value(&s, "primaryKey", "check", "primary key", "conflict"), "FAIL");
	assert_string_equal(value(&s, "columns", "check", "not", "collation"), "nocase");
	assert_string_equal(value(&s, "columns", "check", "not", "default"), "-1");
	assert_string_equal(value(&s, "columns", "check", "not", "conflict"), "REPLACE");
	assert_string_equal(
	    value(&s, "columns", "check", "x", "generated"), "CASE WHEN 1 THEN ',' END");
	assert_string_equal(value(&s, "columns", "check", "x", "stored"), "true");
	assert_string_equal(value(&s, "checks", "check", "((1) = ')')", "expression"), "(1) = ')'");
	assert_string_equal(value(&s, "foreignKeys", "check", "k", "references"), "a b");
	assert_string_equal(value(&s, "foreignKeys", "check", "k", "referencedColumns"), "c");
	assert_string_equal(value(&s, "foreignKeys", "check", "k", "onDelete"), "set null");
	assert_null(value(&s, "foreignKeys", "check", "k", "deferrable"));
	db_close(&db);
}

/* True when inserting nothing makes a row number, and NULL is no value of the key: SQLite's own
 * answer to whether the key is the rowid. */
static bool is_rowid(struct world *w, const char *table)
{
	sqlite3 *handle;
	sqlite3_stmt *statement;
	CLEANUP(buf_free) struct buf sql = buf_init(1000);
	buf_printf(&sql, "INSERT INTO %s (a) VALUES (NULL) RETURNING a IS NOT NULL", table);
	assert_int_equal(sqlite3_open(w->file, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle, sql.data, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	bool answer = sqlite3_column_int(statement, 0) == 1;
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return answer;
}

/* The model says DESC of a lone INTEGER key exactly where SQLite makes it no rowid. */
static void the_order_of_an_integer_key(void **state)
{
	static const struct {
		const char *sql, *columns;
		bool rowid;
	} cases[] = {
	    {"(a INTEGER PRIMARY KEY)", "a", true},
	    {"(a INTEGER PRIMARY KEY ASC)", "a", true},
	    {"(a INTEGER CONSTRAINT c PRIMARY KEY DESC ON CONFLICT FAIL)", "a DESC", false},
	    {"(\"a\" integer PRIMARY KEY DESC NOT NULL DEFAULT 7)", "\"a\" DESC", false},
	    {"(a INTEGER, PRIMARY KEY (a))", "a", true},
	    {"(a INTEGER, PRIMARY KEY (a ASC))", "a", true},
	    {"(a INTEGER, PRIMARY KEY ([A] DESC))", "[A]", true},
	    {"(a INTEGER, PRIMARY KEY (a COLLATE nocase DESC))", "a", true},
	    {"(a INTEGER, PRIMARY KEY (a DESC AUTOINCREMENT))", "a", true},
	    {"(a INT PRIMARY KEY DESC)", "a DESC", false},
	    {"(a INT, PRIMARY KEY (a DESC))", "a DESC", false},
	    {"(a TEXT, PRIMARY KEY (a COLLATE nocase DESC))", "a COLLATE nocase DESC", false},
	    {"(a INTEGER, b, PRIMARY KEY (a DESC, b))",
		"a DESC\x1f"
		"b",
		false},
	};
	struct world *w = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(buf_free) struct buf sql = buf_init(1000);
		struct schema_diff diff;
		struct schema canonical;
		unlink(w->file);
		buf_printf(&sql, "CREATE TABLE t %s", cases[i].sql);
		make_with(w->file, sql.data);
		if (strstr(cases[i].sql, "NOT NULL") == NULL)
			assert_int_equal(is_rowid(w, "t"), cases[i].rowid);
		struct db *db = open_file(w);
		struct schema live = read_schema(w, db);
		assert_string_equal(
		    value(&live, "primaryKey", "t", "primary key", "columns"), cases[i].columns);
		/* Created from the model it is the same again. */
		must(w, db_sqlite.canonicalise(
			    NULL, &live, NULL, &canonical, &w->arena, &w->stop, &w->err));
		schema_diff(&diff, &live, &canonical, false, &w->arena);
		assert_int_equal(diff.count, 0);
		db_close(&db);
	}
}

/* Without a rowid the rows are kept in the key's order, wherever it is written. */
static void the_order_of_a_key_without_rowid(void **state)
{
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE t (a INTEGER PRIMARY KEY DESC) WITHOUT ROWID;"
			   "CREATE TABLE u (a INTEGER, PRIMARY KEY (a DESC)) WITHOUT ROWID");
	struct db *db = open_file(w);
	struct schema live = read_schema(w, db), canonical;
	struct schema_diff diff;
	assert_string_equal(value(&live, "primaryKey", "t", "primary key", "columns"), "a DESC");
	assert_string_equal(value(&live, "primaryKey", "u", "primary key", "columns"), "a DESC");
	must(
	    w, db_sqlite.canonicalise(NULL, &live, NULL, &canonical, &w->arena, &w->stop, &w->err));
	schema_diff(&diff, &live, &canonical, false, &w->arena);
	assert_int_equal(diff.count, 0);
	db_close(&db);
}

static void what_can_not_be_created_stays_as_written(void **state)
{
	struct world *w = *state;
	make_with(w->file, "CREATE TABLE t (a TEXT, CHECK (a > 1)); CREATE VIEW v AS SELECT 1;"
			   "CREATE INDEX i ON t (a)");
	struct db *db = open_file(w);
	struct schema written = read_schema(w, db), canonical;
	struct schema_diff diff;
	for (size_t i = 0; i < written.count; i++) {
		struct schema_object *object = &written.objects[i];
		if (schema_attribute_of(object->kind, "expression") >= 0)
			schema_set(object, "expression", "only_the_application_has(a)");
		if (schema_attribute_of(object->kind, "query") >= 0)
			schema_set(object, "query", "SELECT 1; DROP TABLE t");
	}
	schema_settle(&written, &w->arena);
	must(w,
	    db_sqlite.canonicalise(NULL, &written, NULL, &canonical, &w->arena, &w->stop, &w->err));
	schema_diff(&diff, &written, &canonical, false, &w->arena);
	assert_int_equal(diff.count, 0);
	assert_int_equal(canonical.count, written.count);
	db_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_thousand_tables_are_as_many_queries_as_one),
	    TEST(what_does_not_count),
	    TEST(each_of_these_counts),
	    TEST(what_only_the_text_says),
	    TEST(the_order_of_an_integer_key),
	    TEST(the_order_of_a_key_without_rowid),
	    TEST(what_can_not_be_created_stays_as_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
