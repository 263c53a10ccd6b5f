/*
 * The fingerprint: which transactions made the row versions of the catalogs. A change of the schema
 * makes new ones, by a transaction that nobody had met, or takes some away; vacuum, analyze and
 * freezing leave them as they are.
 */
#include "base/digest.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include <string.h>

static void digest_rows(const struct db_rows *rows, char hex[65])
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	for (size_t i = 0; i < rows->count * rows->columns; i++) {
		const char *cell = rows->cells[i] == NULL ? "" : rows->cells[i];
		digest_add(digest, cell, strlen(cell) + 1);
	}
	digest_hex(digest, hex);
}

bool pg_fingerprint(struct db *db, char hex[65], const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!pg_enter(s, stop, err) || !pg_must_be_whole(s, err))
		return false;
	const struct db_rows *ahead = pg_ahead_fingerprint(s);
	if (ahead != NULL) {
		digest_rows(ahead, hex);
		pg_ahead_forget(s);
		return true;
	}
	if (!pg_ask(s, sql_postgres_fingerprint, NULL, 0, &arena, &rows, err))
		return false;
	digest_rows(&rows, hex);
	return true;
}
