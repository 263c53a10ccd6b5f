/*
 * The fingerprint: what row versions the catalogs have. A change of the schema makes new row
 * versions, at another place or by another transaction; vacuum, analyze and freezing leave both as
 * they are.
 */
#include "base/digest.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include <string.h>

bool pg_fingerprint(struct db *db, char hex[65], const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(digest_free) struct digest *digest = digest_new();
	struct db_rows rows;
	if (!pg_enter(s, stop, err) || !pg_must_be_whole(s, err) ||
	    !pg_ask(s, sql_postgres_fingerprint, NULL, 0, &arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count * rows.columns; i++) {
		const char *cell = rows.cells[i] == NULL ? "" : rows.cells[i];
		digest_add(digest, cell, strlen(cell) + 1);
	}
	digest_hex(digest, hex);
	return true;
}
