/*
 * What goes with temporary objects: they are dropped with CASCADE, some at COMMIT and the rest with
 * the session, when nobody looks any more.
 */
#include "db/postgres/proof_judge.h"
#include "gen/sql.h"
#include <stdlib.h>

enum gone {
	GONE_OID,
	GONE_COLUMN,
	GONE_SCHEMA,
	GONE_TABLE,
	GONE_NAME,
	GONE_COUNT
};

static void lose(struct proof_finding *finding, const char *const *cells)
{
	const char *table = pg_proof_title(finding, cells[GONE_SCHEMA], cells[GONE_TABLE]);
	const char *name = cells[GONE_NAME];
	if (name == NULL)
		pg_proof_add(finding, arena_printf(finding->arena, "table %s", table),
		    arena_printf(finding->arena,
			"loses table %s with the session: what it is made of is temporary", table));
	else
		pg_proof_add(finding, arena_printf(finding->arena, "column %s.%s", table, name),
		    arena_printf(finding->arena,
			"loses %s.%s with the session: what its type is made of is temporary",
			table, name));
}

bool pg_proof_judge_temporary(struct pg_db *s, struct proof_finding *finding,
    const struct proof_facts *facts, struct err *err)
{
	struct db_rows rows;
	if (!facts->temporary)
		return true;
	if (!pg_ask(s, sql_postgres_proof_temporary, NULL, 0, &s->proof->transaction, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count && rows.columns == GONE_COUNT; i++) {
		const char *const *cells = rows.cells + i * GONE_COUNT;
		uint32_t oid = (uint32_t)strtoul(cells[GONE_OID], NULL, 10);
		int column = (int)strtol(cells[GONE_COLUMN], NULL, 10);
		/* Only what was there before has something to lose. */
		if (!pg_proof_is_free(s->proof, facts, oid, column))
			lose(finding, cells);
	}
	return true;
}
