/* What a restore that was not done, or not to its end, has left. */
#include "db/mariadb/dump.h"
#include <string.h>

enum {
	ORPHAN_MS = 10000
};

static void say(const struct my_db *s, const char *text)
{
	if (s->notice != NULL)
		s->notice(s->context, DB_NOTICE_WARNING, text);
}

/*
 * Of a program that was killed the server may still run a statement, which waits for others: it
 * must not be done behind our back.
 */
static bool end_orphans(struct my_db *s, const struct my_places *places, struct err *err)
{
	struct stop soon = stop_within(&s->stop, ORPHAN_MS);
	for (;;) {
		CLEANUP(arena_free) struct arena arena = {0};
		struct db_rows rows;
		struct err ignored;
		if (!my_side_ask(s, &arena, &rows, err,
			"SELECT ID FROM information_schema.PROCESSLIST"
			" WHERE INSTR(INFO, CONCAT(%t, '`', %t, '`.')) +"
			" INSTR(INFO, CONCAT(%t, '`', %t, '`.')) > 0 AND ID <> CONNECTION_ID()",
			MY_OURS, places->old, MY_OURS, places->live))
			return false;
		if (rows.count == 0)
			return true;
		my_do(s, arena_printf(&arena, "KILL %s", rows.cells[0]), &ignored);
		if (!stop_sleep(&soon, 50, err))
			return err_context(err, "connection %s is still at it", rows.cells[0]);
	}
}

/* What was written down holds no NUL: neither does any text the server has taken for SQL. */
static bool heal(struct my_db *s, struct my_db *side, const struct my_places *places, bool renamed,
    struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_do(side, "SET NAMES utf8mb4, SESSION foreign_key_checks = 0", err) ||
	    !my_do(side, MY_SET_MODE, err) ||
	    !my_side_ask(side, &arena, &rows, err, "SELECT way_back, way_on FROM %n.%n",
		places->old, renamed ? MY_AFTER : MY_BEFORE))
		return false;
	if (renamed) {
		const char *redo = rows.count == 1 ? rows.cells[1] : "";
		if (!my_finish(side, places, redo, strlen(redo), err))
			return false;
		say(s, "a restore that was cut off was brought to its end");
		return true;
	}
	if (rows.count == 1 && !my_put_triggers_back(side, places, rows.cells[0], err))
		return false;
	side->stop = s->stop;
	if (!my_places_remove(side, places, err))
		return false;
	say(s, "a restore that was cut off was undone: the database is as it was before");
	return true;
}

bool my_restore_heal(struct my_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_db side = {.conn = NULL};
	struct my_places places;
	struct my_marks marks;
	my_places(&places, s->server.database, &arena);
	if (!my_restore_marks(s, &places, &marks, err))
		return false;
	struct err ignored; /* who may not remove it need not */
	/* Cut off before the mark was made: then nothing else was. */
	if (marks.empty)
		my_side_do(s, &ignored, "DROP DATABASE IF EXISTS %n", places.old);
	if (!marks.before && !marks.after)
		return true;
	bool ok = end_orphans(s, &places, err) && my_restore_marks(s, &places, &marks, err) &&
		  my_side_open(&side, s, err) && heal(s, &side, &places, marks.after, err);
	my_side_close(&side);
	return ok || err_context(err, "a restore that was cut off can't be brought to its end");
}
