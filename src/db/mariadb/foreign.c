/*
 * The locks of other migration tools, so that they and we exclude each other. Which there are is
 * told by the tables of their histories. Taken after ours, in the order in which they are listed.
 */
#include "base/text.h"
#include "db/hash.h"
#include "db/mariadb/mariadb.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void golang_migrate(
    const char *table, const char *schema, const char *database, char key[MY_KEY_SIZE])
{
	static const uint32_t salt = 1486364155;
	CLEANUP(buf_free) struct buf text = buf_init(1024);
	(void)schema;
	buf_printf(&text, "%s:%s", database, table);
	snprintf(key, MY_KEY_SIZE, "%" PRIu32, hash_crc32(text.data, text.len) * salt);
}

static void flyway(
    const char *table, const char *schema, const char *database, char key[MY_KEY_SIZE])
{
	CLEANUP(buf_free) struct buf text = buf_init(1024);
	(void)database;
	my_table_name(schema, table, &text);
	snprintf(key, MY_KEY_SIZE, "Flyway-%" PRId32, hash_java(text.data));
}

static void sqlx(const char *table, const char *schema, const char *database, char key[MY_KEY_SIZE])
{
	(void)table;
	(void)schema;
	snprintf(key, MY_KEY_SIZE, "%" PRIx64,
	    (uint64_t)0x3d32ad9e * hash_crc32(database, strlen(database)));
}

static void sqitch(
    const char *table, const char *schema, const char *database, char key[MY_KEY_SIZE])
{
	(void)table;
	(void)schema;
	snprintf(key, MY_KEY_SIZE, "sqitch working on %.46s", database);
}

/* By the history table, as sql/foreign.sql finds them; a name, or how it is made. */
static const struct {
	const char *table, *tool, *key;
	void (*make)(
	    const char *table, const char *schema, const char *database, char key[MY_KEY_SIZE]);
} tools[] = {
    {"_prisma_migrations", "Prisma", "prisma_migrate", NULL},
    {"_sqlx_migrations", "sqlx", NULL, sqlx},
    {"atlas_schema_revisions", "Atlas", "atlas_migrate_execute", NULL},
    {"changes", "Sqitch", NULL, sqitch},
    {"flyway_schema_history", "Flyway", NULL, flyway},
    {"schema_migrations", "golang-migrate", NULL, golang_migrate},
};

bool my_foreign_key(
    const char *table, const char *schema, const char *database, struct my_foreign *ret)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (!text_is(tools[i].table, table))
			continue;
		*ret = (struct my_foreign){.tool = tools[i].tool};
		if (tools[i].make != NULL)
			tools[i].make(table, schema, database, ret->key);
		else
			snprintf(ret->key, sizeof(ret->key), "%s", tools[i].key);
		return true;
	}
	return false;
}

static bool find(struct my_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf sql = buf_init(4096);
	const struct db_value database = {.type = DB_TEXT, .text = s->server.database};
	struct my_lock *lock = &s->lock;
	struct db_rows rows;
	if (!my_fill(s, sql_mariadb_foreign, &database, 1, &sql, err) ||
	    !my_ask(s, sql.data, &arena, &rows, err))
		return false;
	lock->foreign_count = 0;
	for (size_t i = 0; i < rows.count && lock->foreign_count < MY_FOREIGN_MAX; i++)
		lock->foreign_count += my_foreign_key(rows.cells[2 * i + 1], rows.cells[2 * i],
		    s->server.database, &lock->foreign[lock->foreign_count]);
	return true;
}

bool my_foreign_take(struct my_db *s, const struct my_foreign **busy, struct err *err)
{
	struct my_lock *lock = &s->lock;
	*busy = NULL;
	lock->foreign_count = 0;
	/* Where the server refuses us such locks, no tool can have one. */
	if (!lock->local)
		return true;
	if (!find(s, err))
		return false;
	for (size_t i = 0; i < lock->foreign_count && *busy == NULL; i++) {
		struct my_foreign *one = &lock->foreign[i];
		if (!my_query_yes(s, "SELECT GET_LOCK(?, 0)", one->key, &one->taken, err))
			return false;
		if (!one->taken)
			*busy = one;
	}
	return true;
}

bool my_foreign_release(struct my_db *s, struct err *err)
{
	struct my_lock *lock = &s->lock;
	for (size_t i = lock->foreign_count; i-- > 0;) {
		bool ignored;
		if (!lock->foreign[i].taken)
			continue;
		if (!my_query_yes(s, "SELECT RELEASE_LOCK(?)", lock->foreign[i].key, &ignored, err))
			return false;
		lock->foreign[i].taken = false;
	}
	return true;
}
