/*
 * CREATE INDEX CONCURRENTLY that fails or is cut off leaves an index that is INVALID: it is kept up
 * with every write and used by no query, its name is taken, and IF NOT EXISTS is content with it.
 */
#include "db/postgres/driver.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include "sql/match.h"

#define MAKES_INDEX "CREATE ?UNIQUE INDEX CONCURRENTLY "

/* What it makes; `name` NULL: the server chooses one. */
struct index {
	const char *schema, *table, *name;
};

static bool read_index(
    struct index *index, const struct sql_statement *statement, struct arena *arena)
{
	struct sql_head head;
	struct sql_capture captured[SQL_CAPTURES];
	sql_head_read(&head, db_postgres.dialect, statement->text, statement->len);
	bool named = !sql_head_capture(&head, MAKES_INDEX "ON ?ONLY *. *", captured, NULL);
	if (named && !sql_head_capture(
			 &head, MAKES_INDEX "?IF ?NOT ?EXISTS * ON ?ONLY *. *", captured, NULL))
		return false;
	const struct sql_capture *table = &captured[named ? 1 : 0];
	*index = (struct index){
	    .schema = table->qualifier.text == NULL ? NULL : pg_name_of(&table->qualifier, arena),
	    .table = pg_name_of(&table->name, arena),
	    .name = named ? pg_name_of(&captured[0].name, arena) : NULL,
	};
	return true;
}

static void judge(struct db_remains *remains, const struct index *index, const struct db_rows *rows,
    struct arena *arena)
{
	if (rows->count == 0)
		remains->state = index->name == NULL ? DB_REMAINS_UNKNOWN : DB_REMAINS_NOTHING;
	if (rows->count != 1)
		return; /* of several without a name any could be somebody else's */
	if (pg_true(rows->cells[1])) {
		remains->state = DB_REMAINS_DONE;
		return;
	}
	remains->state = DB_REMAINS_BROKEN;
	remains->what = arena_printf(arena, "index %s is INVALID", rows->cells[0]);
	remains->cleanup = arena_printf(arena, "DROP INDEX CONCURRENTLY %s", rows->cells[0]);
}

bool pg_remains(struct db *db, const struct sql_statement *statement, bool failed,
    const char *since, struct db_remains *remains, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	struct db_remains found = {.state = DB_REMAINS_UNKNOWN};
	struct index index;
	struct db_rows rows;
	(void)since;
	if (read_index(&index, statement, arena)) {
		const char *const values[] = {index.schema, index.table, index.name};
		if (!pg_enter(s, stop, err) ||
		    !pg_ask(s, sql_postgres_remains, values, 3, arena, &rows, err))
			return false;
		judge(&found, &index, &rows, arena);
	}
	/* All but the index is undone with the statement. */
	if (failed && found.state != DB_REMAINS_BROKEN)
		found.state = DB_REMAINS_NOTHING;
	*remains = found;
	return true;
}
