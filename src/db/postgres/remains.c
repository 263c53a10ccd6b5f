/*
 * What CONCURRENTLY acts in several transactions, and one that fails or is cut off leaves what the
 * first of them did. An index that is INVALID is kept up with every write and used by no query, its
 * name is taken, and IF NOT EXISTS is content with it.
 */
#include "base/text.h"
#include "db/postgres/driver.h"
#include "db/postgres/postgres.h"
#include "gen/sql.h"
#include "sql/match.h"

enum act {
	MAKES,
	MAKES_UNNAMED, /* the server chooses a name */
	DROPS,
	REBUILDS,
	DETACHES,
	ACTS
};

static const struct {
	const char *pattern;
	enum act act;
} rules[] = {
    {"CREATE ?UNIQUE INDEX CONCURRENTLY ON ?ONLY *. *", MAKES_UNNAMED},
    {"CREATE ?UNIQUE INDEX CONCURRENTLY ?IF ?NOT ?EXISTS * ON ?ONLY *. *", MAKES},
    {"DROP INDEX CONCURRENTLY ?IF ?EXISTS *. *", DROPS},
    {"REINDEX INDEX|TABLE CONCURRENTLY *. *", REBUILDS},
    {"REINDEX ( ... ) INDEX|TABLE ?CONCURRENTLY *. *", REBUILDS},
    {"ALTER TABLE ?IF ?EXISTS *. * DETACH PARTITION *. * CONCURRENTLY", DETACHES},
};

static enum act read_act(
    const struct sql_statement *statement, struct sql_capture captured[SQL_CAPTURES])
{
	struct sql_head head;
	sql_head_read(&head, db_postgres.dialect, statement->text, statement->len);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (sql_head_capture(&head, rules[i].pattern, captured, NULL))
			return rules[i].act;
	return ACTS;
}

static void judge_made(
    struct db_remains *remains, const struct db_rows *rows, bool named, struct arena *arena)
{
	if (rows->count == 0)
		remains->state = named ? DB_REMAINS_NOTHING : DB_REMAINS_UNKNOWN;
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

/* One that is INVALID is dropped as well. A bare name may have meant another schema's. */
static void judge_dropped(struct db_remains *remains, const struct db_rows *rows, bool qualified)
{
	if (rows->count == 1 && pg_true(rows->cells[0]))
		remains->state = DB_REMAINS_NOTHING;
	else if (qualified)
		remains->state = DB_REMAINS_DONE;
}

/* Whether it was done can't be told: what it makes has the name of what was there. */
static void judge_rebuilt(
    struct db_remains *remains, const struct db_rows *rows, struct arena *arena)
{
	if (rows->count != 1 || rows->cells[1] == NULL)
		return;
	bool one = text_is(rows->cells[0], "1");
	remains->state = DB_REMAINS_BROKEN;
	remains->what = arena_printf(
	    arena, "index%s %s %s INVALID", one ? "" : "es", rows->cells[1], one ? "is" : "are");
	remains->cleanup = rows->cells[2];
}

static void judge_detached(
    struct db_remains *remains, const struct db_rows *rows, struct arena *arena)
{
	const char *const *cells = rows->cells;
	if (rows->count != 1)
		return;
	if (!pg_true(cells[0])) {
		remains->state = DB_REMAINS_DONE;
		return;
	}
	remains->state = pg_true(cells[1]) ? DB_REMAINS_BROKEN : DB_REMAINS_NOTHING;
	remains->what = arena_printf(arena, "%s is half detached from %s", cells[2], cells[3]);
	remains->cleanup =
	    arena_printf(arena, "ALTER TABLE %s DETACH PARTITION %s FINALIZE", cells[3], cells[2]);
	remains->finishes = true;
}

static const char dropped[] =
    "SELECT pg_catalog.to_regclass(pg_catalog.concat(pg_catalog.quote_ident($1::text) || '.',"
    " pg_catalog.quote_ident($2::text))) IS NOT NULL";

static const char *name_of(const struct sql_token *token, struct arena *arena)
{
	return token->text == NULL ? NULL : pg_name_of(token, arena);
}

static bool look(struct pg_db *s, struct db_remains *remains, enum act act,
    const struct sql_capture captured[SQL_CAPTURES], struct arena *arena, struct err *err)
{
	static const char *const queries[ACTS] = {[MAKES] = sql_postgres_remains,
	    [MAKES_UNNAMED] = sql_postgres_remains,
	    [DROPS] = dropped,
	    [REBUILDS] = sql_postgres_remains_rebuilt,
	    [DETACHES] = sql_postgres_remains_detached};
	const struct sql_capture *one = &captured[0], *other = &captured[1];
	const struct sql_capture *table = act == MAKES ? other : one;
	const char *values[] = {
	    name_of(&table->qualifier, arena), name_of(&table->name, arena), NULL, NULL};
	static const size_t counts[ACTS] = {
	    [MAKES] = 3, [MAKES_UNNAMED] = 3, [DROPS] = 2, [REBUILDS] = 2, [DETACHES] = 4};
	struct db_rows rows;
	if (act == MAKES)
		values[2] = name_of(&one->name, arena);
	if (act == DETACHES) {
		values[2] = name_of(&other->qualifier, arena);
		values[3] = name_of(&other->name, arena);
	}
	if (!pg_ask(s, queries[act], values, counts[act], arena, &rows, err))
		return false;
	if (act == MAKES || act == MAKES_UNNAMED)
		judge_made(remains, &rows, act == MAKES, arena);
	else if (act == DROPS)
		judge_dropped(remains, &rows, values[0] != NULL);
	else if (act == REBUILDS)
		judge_rebuilt(remains, &rows, arena);
	else
		judge_detached(remains, &rows, arena);
	return true;
}

bool pg_remains(struct db *db, const struct sql_statement *statement, bool failed,
    const char *since, struct db_remains *remains, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	struct db_remains found = {.state = DB_REMAINS_UNKNOWN};
	struct sql_capture captured[SQL_CAPTURES];
	(void)since;
	enum act act = read_act(statement, captured);
	if (act != ACTS && (!pg_enter(s, stop, err) || !look(s, &found, act, captured, arena, err)))
		return false;
	/* All but that is undone with the statement. */
	if (failed && found.state != DB_REMAINS_BROKEN)
		found.state = DB_REMAINS_NOTHING;
	*remains = found;
	return true;
}
