/* What SHOW CREATE answers, on MySQL and MariaDB, and what people write in its place. */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static const char mysql_table[] =
    "CREATE TABLE `orders` (\n"
    "  `id` int unsigned NOT NULL AUTO_INCREMENT,\n"
    "  `note` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'it''s, \\\\ (\"x\")',\n"
    "  `price` decimal(10,2) DEFAULT '1.50' COMMENT 'in ''EUR'' AUTO_INCREMENT=9',\n"
    "  `at` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,\n"
    "  `double` int GENERATED ALWAYS AS ((`id` * 2)) VIRTUAL /*!80023 INVISIBLE */,\n"
    "  `place` point NOT NULL /*!80003 SRID 4326 */,\n"
    "  PRIMARY KEY (`id`),\n"
    "  UNIQUE KEY `note` (`note`(5) DESC),\n"
    "  KEY `fx` ((lower(`note`)),`price`) /*!80000 INVISIBLE */,\n"
    "  FULLTEXT KEY `ft` (`note`) /*!50100 WITH PARSER `ngram` */ ,\n"
    "  CONSTRAINT `orders_ibfk_1` FOREIGN KEY (`id`) REFERENCES `customers` (`id`) ON DELETE SET "
    "NULL ON UPDATE RESTRICT,\n"
    "  CONSTRAINT `orders_chk_1` CHECK ((`note` <> _utf8mb4'x')) /*!80016 NOT ENFORCED */\n"
    ") ENGINE=InnoDB AUTO_INCREMENT=77 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci "
    "STATS_PERSISTENT=0 COMMENT='a table'\n"
    "/*!50100 PARTITION BY RANGE (`id`)\n"
    "(PARTITION p0 VALUES LESS THAN (10) COMMENT = 'old' ENGINE = InnoDB,\n"
    " PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */";

static const char maria_table[] =
    "CREATE TABLE `t` (\n"
    "  `doc` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK "
    "(json_valid(`doc`)),\n"
    "  `next` int(11) DEFAULT nextval(`shop`.`seq`),\n"
    "  `s` timestamp(6) GENERATED ALWAYS AS ROW START,\n"
    "  `e` timestamp(6) GENERATED ALWAYS AS ROW END,\n"
    "  PERIOD FOR SYSTEM_TIME (`s`, `e`),\n"
    "  CONSTRAINT `CONSTRAINT_1` CHECK (`next` > 0)\n"
    ") ENGINE=Aria DEFAULT CHARSET=latin1 WITH SYSTEM VERSIONING";

struct reading {
	struct arena arena;
	struct schema schema;
	struct my_reading r;
};

static void begin(struct reading *it, bool maria)
{
	static struct my_charset charsets[] = {
	    {"latin1", "latin1_swedish_ci"}, {"utf8mb4", "utf8mb4_general_ci"}};
	*it = (struct reading){.schema = {.kinds = my_kinds, .dialect = &dialect_mariadb}};
	it->r = (struct my_reading){.schema = &it->schema,
	    .arena = &it->arena,
	    .maria = maria,
	    .database = "shop",
	    .collation = "utf8mb4_0900_ai_ci",
	    .account = "app@%",
	    .charsets = charsets,
	    .charset_count = 2};
	it->r.text = arena_alloc(&it->arena, sizeof(*it->r.text));
	it->r.word = arena_alloc(&it->arena, sizeof(*it->r.word));
}

static const struct schema_object *find(
    const struct reading *it, const struct schema_kind *kind, const char *name)
{
	for (size_t i = 0; i < it->schema.count; i++)
		if (it->schema.objects[i].kind == kind &&
		    text_is(it->schema.objects[i].given, name))
			return &it->schema.objects[i];
	fail_msg("no %s %s", kind->name, name == NULL ? "without a name" : name);
	return NULL;
}

static void check(const struct reading *it, const struct schema_kind *kind, const char *name,
    const char *attribute, const char *value)
{
	const char *found = schema_value(find(it, kind, name), attribute);
	if (!text_is(found, value))
		fail_msg("%s: %s, not %s", attribute, found == NULL ? "none" : found,
		    value == NULL ? "none" : value);
}

static void a_table_of_mysql(void **state)
{
	(void)state;
	struct reading it;
	begin(&it, false);
	my_table_read(&it.r, "orders", mysql_table);
	check(&it, &my_kind_table, "orders", "engine", NULL);
	check(&it, &my_kind_table, "orders", "collation", NULL);
	check(&it, &my_kind_table, "orders", "options", "STATS_PERSISTENT=0");
	check(&it, &my_kind_table, "orders", "comment", "a table");
	check(&it, &my_kind_table, "orders", "partitionBy", "RANGE (`id`)");
	check(&it, &my_kind_column, "id", "type", "int unsigned");
	check(&it, &my_kind_column, "id", "autoIncrement", "true");
	check(&it, &my_kind_column, "note", "collation", "latin1_bin");
	check(&it, &my_kind_column, "note", "default", "'it''s, \\\\ (\"x\")'");
	check(&it, &my_kind_column, "price", "default", "1.50");
	check(&it, &my_kind_column, "price", "comment", "in 'EUR' AUTO_INCREMENT=9");
	check(&it, &my_kind_column, "at", "onUpdate", "CURRENT_TIMESTAMP");
	check(&it, &my_kind_column, "double", "generated", "`id` * 2");
	check(&it, &my_kind_column, "double", "invisible", "true");
	check(&it, &my_kind_column, "place", "srid", "4326");
	check(&it, &my_kind_unique, NULL, "columns", "note(5) DESC");
	check(&it, &my_kind_index, "fx", "columns", "(lower(`note`))\x1fprice");
	check(&it, &my_kind_index, "fx", "ignored", "true");
	check(&it, &my_kind_index, "ft", "options", "WITH PARSER `ngram`");
	check(&it, &my_kind_foreign_key, NULL, "onDelete", "set null");
	check(&it, &my_kind_foreign_key, NULL, "onUpdate", NULL);
	check(&it, &my_kind_check, NULL, "expression", "`note` <> 'x'");
	check(&it, &my_kind_check, NULL, "notEnforced", "true");
	check(&it, &my_kind_partition, "p0", "values", "VALUES LESS THAN (10)");
	check(&it, &my_kind_partition, "p0", "comment", "old");
	arena_free(&it.arena);
}

static void a_table_of_mariadb(void **state)
{
	(void)state;
	struct reading it;
	begin(&it, true);
	my_table_read(&it.r, "t", maria_table);
	check(&it, &my_kind_table, "t", "engine", "Aria");
	check(&it, &my_kind_table, "t", "collation", "latin1_swedish_ci");
	check(&it, &my_kind_table, "t", "systemVersioning", "true");
	check(&it, &my_kind_table, "t", "periods", "SYSTEM_TIME (`s`, `e`)");
	check(&it, &my_kind_column, "doc", "type", "json");
	check(&it, &my_kind_column, "doc", "check", NULL);
	check(&it, &my_kind_column, "doc", "collation", NULL);
	check(&it, &my_kind_column, "next", "default", "nextval(`seq`)");
	check(&it, &my_kind_column, "s", "generated", "ROW START");
	check(&it, &my_kind_check, NULL, "expression", "`next` > 0");
	arena_free(&it.arena);
}

/* The server's texts are whole; but no text may lead beyond its end. */
static void any_text_is_read_to_its_end(void **state)
{
	(void)state;
	static const char *const texts[] = {mysql_table, maria_table,
	    "CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW `v` (`x`) AS select "
	    "1 "
	    "WITH LOCAL CHECK OPTION",
	    "CREATE SEQUENCE `s` start with -5 minvalue 1 increment by 2 cache 7 cycle ENGINE=Aria",
	    "CREATE DEFINER=`a`@`b` AGGREGATE FUNCTION `f`(a int) RETURNS varchar(10)\n    NO SQL\n"
	    "    COMMENT 'x'\nRETURN 1"};
	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
		for (size_t len = 0; len <= strlen(texts[t]); len++) {
			struct reading it;
			begin(&it, t == 1);
			const char *text = arena_strndup(&it.arena, texts[t], len);
			my_table_read(&it.r, "t", text);
			my_view_read(&it.r, "v", text);
			my_sequence_read(&it.r, "s", text);
			my_routine_read(&it.r, &my_kind_function, "f", "", text);
			arena_free(&it.arena);
		}
	}
}

static void views_and_routines(void **state)
{
	(void)state;
	struct reading it;
	begin(&it, true);
	my_view_read(&it.r, "v",
	    "CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW `v` AS select "
	    "`shop`.`f`(1) AS `x` from `t` WITH LOCAL CHECK OPTION");
	check(&it, &my_kind_view, "v", "query", "select `f`(1) AS `x` from `t`");
	check(&it, &my_kind_view, "v", "definer", "a@b");
	check(&it, &my_kind_view, "v", "checkOption", "local");
	my_routine_read(&it.r, &my_kind_function, "f", "ANSI_QUOTES,STRICT_ALL_TABLES",
	    "CREATE DEFINER=\"app\"@\"%\" FUNCTION \"f\"(a int) RETURNS varchar(10)\n    NO SQL\n"
	    "    DETERMINISTIC\nBEGIN /* kept */ RETURN 'a'; END");
	check(&it, &my_kind_function, "f", "definer", NULL);
	check(&it, &my_kind_function, "f", "sqlMode", "ANSI_QUOTES");
	check(&it, &my_kind_function, "f", "arguments", "a int");
	check(&it, &my_kind_function, "f", "returns", "varchar(10)");
	check(&it, &my_kind_function, "f", "dataAccess", "no sql");
	check(&it, &my_kind_function, "f", "body", "BEGIN /* kept */ RETURN 'a'; END");
	my_sequence_read(&it.r, "s",
	    "CREATE SEQUENCE `s` start with 5 minvalue -1 maxvalue "
	    "9223372036854775806 increment by -2 nocache cycle ENGINE=InnoDB");
	check(&it, &my_kind_sequence, "s", "minimum", "-1");
	check(&it, &my_kind_sequence, "s", "maximum", NULL);
	check(&it, &my_kind_sequence, "s", "increment", "-2");
	check(&it, &my_kind_sequence, "s", "cache", "0");
	arena_free(&it.arena);
}

static void types_in_the_servers_words(void **state)
{
	(void)state;
	static const char *const types[][3] = {/* written, on MariaDB, on MySQL */
	    {"INT", "INT(11)", "INT"}, {"int unsigned", "int(10) unsigned", "int unsigned"},
	    {"int(11)", "int(11)", "int"}, {"bool", "tinyint(1)", "tinyint(1)"},
	    {"tinyint(1)", "tinyint(1)", "tinyint(1)"}, {"tinyint(4)", "tinyint(4)", "tinyint"},
	    {"integer", "int(11)", "int"}, {"numeric(10, 2)", "decimal(10,2)", "decimal(10,2)"},
	    {"decimal", "decimal(10,0)", "decimal(10,0)"},
	    {"dec(5)", "decimal(5,0)", "decimal(5,0)"}, {"double precision", "double", "double"},
	    {"year", "year(4)", "year"}, {"char", "char(1)", "char(1)"},
	    {"character varying(20)", "varchar(20)", "varchar(20)"},
	    {"int(3) zerofill", "int(3) unsigned zerofill", "int(3) unsigned zerofill"},
	    {"enum('a', 'b')", "enum('a','b')", "enum('a','b')"}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct reading it;
		begin(&it, true);
		assert_string_equal(my_plain_type(&it.r, types[i][0]), types[i][1]);
		it.r.maria = false;
		assert_string_equal(my_plain_type(&it.r, types[i][0]), types[i][2]);
		arena_free(&it.arena);
	}
}

static void defaults_in_the_servers_words(void **state)
{
	(void)state;
	struct reading it;
	begin(&it, true);
	assert_string_equal(my_plain_default(&it.r, "NOW()", "timestamp"), "current_timestamp()");
	assert_string_equal(
	    my_plain_default(&it.r, "CURRENT_TIMESTAMP(3)", NULL), "current_timestamp(3)");
	assert_string_equal(my_plain_default(&it.r, "true", "tinyint(1)"), "1");
	assert_string_equal(my_plain_default(&it.r, "1.5", "decimal(10,2)"), "1.50");
	assert_string_equal(my_plain_default(&it.r, "-1", "decimal(10,2)"), "-1.00");
	assert_string_equal(my_plain_default(&it.r, "'now()'", "varchar(20)"), "'now()'");
	assert_string_equal(my_plain_default(&it.r, "now() + 1", "int(11)"), "now() + 1");
	assert_null(my_plain_default(&it.r, "NULL", "int(11)"));
	it.r.maria = false;
	assert_string_equal(my_plain_default(&it.r, "now()", "timestamp"), "CURRENT_TIMESTAMP");
	arena_free(&it.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_table_of_mysql),
	    cmocka_unit_test(a_table_of_mariadb),
	    cmocka_unit_test(any_text_is_read_to_its_end),
	    cmocka_unit_test(views_and_routines),
	    cmocka_unit_test(types_in_the_servers_words),
	    cmocka_unit_test(defaults_in_the_servers_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
