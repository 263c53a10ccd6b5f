/*
 * The locks of other migration tools, so that they and we exclude each other. All are advisory
 * locks of a session; which there are is told by the tables of their histories. Taken after ours,
 * in the order in which they are listed; let go of before statements outside a transaction, since a
 * tool that blocks on its lock would block those.
 */
#include "base/text.h"
#include "db/hash.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add(struct buf *text, const char *part)
{
	buf_add(text, part, strlen(part) + 1);
}

/* Its name of the database is the path of the URL, with its slash; used as a library, without. */
static size_t golang_migrate(
    const char *table, const char *schema, const char *database, struct pg_foreign keys[2])
{
	static const uint32_t salt = 1486364155;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(buf_free) struct buf text = buf_init(1024);
		add(&text, schema);
		add(&text, table);
		buf_printf(&text, "%s%s", i == 0 ? "/" : "", database);
		uint32_t sum = hash_crc32(text.data, text.len) * salt;
		keys[i] = (struct pg_foreign){.tool = "golang-migrate", .key = sum};
	}
	return 2;
}

static size_t flyway(
    const char *table, const char *schema, const char *database, struct pg_foreign keys[2])
{
	CLEANUP(buf_free) struct buf text = buf_init(1024);
	(void)database;
	buf_printf(&text, "\"%s\".\"%s\"", schema, table);
	keys[0] = (struct pg_foreign){
	    .tool = "Flyway", .key = INT64_C(77431708279161) + hash_java(text.data)};
	return 1;
}

static size_t sqlx(
    const char *table, const char *schema, const char *database, struct pg_foreign keys[2])
{
	(void)table;
	(void)schema;
	keys[0] = (struct pg_foreign){.tool = "sqlx",
	    .key = INT64_C(0x3d32ad9e) * (int64_t)hash_crc32(database, strlen(database))};
	return 1;
}

/* By the history table, as sql/foreign.sql finds them; a key, or how it is made. */
static const struct {
	const char *table, *tool;
	int64_t key;
	size_t (*make)(
	    const char *table, const char *schema, const char *database, struct pg_foreign keys[2]);
} tools[] = {
    {"_prisma_migrations", "Prisma", 72707369, NULL},
    {"_sqlx_migrations", NULL, 0, sqlx},
    {"atlas_schema_revisions", "Atlas", 2686470616, NULL},
    {"changes", "Sqitch", 75474063, NULL},
    {"flyway_schema_history", NULL, 0, flyway},
    {"goose_db_version", "goose", 4097083626, NULL},
    {"migrations", "graphile-migrate", 4727445306447283, NULL},
    {"schema_migrations", NULL, 0, golang_migrate},
    {"schema_version", "tern", 9628173550095224, NULL},
};

size_t pg_foreign_keys(
    const char *table, const char *schema, const char *database, struct pg_foreign keys[2])
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (!text_is(tools[i].table, table))
			continue;
		if (tools[i].make != NULL)
			return tools[i].make(table, schema, database, keys);
		keys[0] = (struct pg_foreign){.tool = tools[i].tool, .key = tools[i].key};
		return 1;
	}
	return 0;
}

bool pg_foreign_find(struct pg_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *const values[] = {s->server.schema};
	struct pg_lock *lock = &s->lock;
	struct db_rows rows;
	if (!pg_ask(s, sql_postgres_foreign, values, 1, &arena, &rows, err))
		return false;
	lock->foreign_count = 0;
	for (size_t i = 0; i < rows.count && lock->foreign_count + 2 <= PG_FOREIGN_MAX; i++)
		lock->foreign_count += pg_foreign_keys(rows.cells[2 * i + 1], rows.cells[2 * i],
		    s->server.database, &lock->foreign[lock->foreign_count]);
	return true;
}

static bool call(
    struct pg_db *s, const char *function, const struct pg_foreign *one, bool *yes, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *sql =
	    arena_printf(&arena, "SELECT pg_catalog.%s(%" PRId64 ")", function, one->key);
	struct db_rows rows;
	if (!pg_ask(s, sql, NULL, 0, &arena, &rows, err))
		return false;
	*yes = rows.count == 1 && pg_true(rows.cells[0]);
	return true;
}

bool pg_foreign_take(struct pg_db *s, const struct pg_foreign **busy, struct err *err)
{
	struct pg_lock *lock = &s->lock;
	for (size_t i = 0; i < lock->foreign_count; i++) {
		struct pg_foreign *one = &lock->foreign[i];
		if (!call(s, s->lease.ms > 0 ? "pg_try_advisory_xact_lock" : "pg_try_advisory_lock",
			one, &one->taken, err))
			return false;
		if (!one->taken) {
			*busy = one;
			return true;
		}
	}
	*busy = NULL;
	return true;
}

bool pg_foreign_release(struct pg_db *s, struct err *err)
{
	struct pg_lock *lock = &s->lock;
	for (size_t i = lock->foreign_count; i-- > 0;) {
		bool ignored;
		if (!lock->foreign[i].taken)
			continue;
		/* With a lease they are the transaction's, and end with it. */
		if (s->lease.ms == 0 &&
		    !call(s, "pg_advisory_unlock", &lock->foreign[i], &ignored, err))
			return false;
		lock->foreign[i].taken = false;
	}
	return true;
}

bool pg_foreign_holder(
    struct pg_db *s, const struct pg_foreign *busy, struct db_holder *holder, struct err *err)
{
	struct db_holder found;
	if (!pg_lock_holder(s, busy->key, &found, err))
		return false;
	*holder = found;
	snprintf(holder->who, sizeof(holder->who), "%s (%.200s)", busy->tool, found.who);
	return true;
}
