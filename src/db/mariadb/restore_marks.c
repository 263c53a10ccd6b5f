/* How far a restore has come, and the way back from it. */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <stdlib.h>
#include <string.h>

enum {
	UNDO_MS = 5000
};

/* --- Back again --- */

/* Are all triggers of a table there that are in the script? */
static bool has_all_triggers(struct my_db *side, const struct my_places *places, const char *script,
    const char *table, bool *has, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_script s;
	struct my_part part = {.kind = MY_PART_MARK};
	struct db_rows rows;
	long long count = 0;
	bool ok = true;
	my_script_from(&s, script, strlen(script));
	while (ok && part.kind != MY_PART_END) {
		ok = my_script_next(&s, &part, &side->stop, err);
		const char *name = ok ? my_mark(&part, "trigger") : NULL;
		count += name != NULL && text_is(name, table);
	}
	my_script_close(&s);
	if (!ok ||
	    !my_side_ask(side, &arena, &rows, err,
		"SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %t AND"
		" EVENT_OBJECT_TABLE = %t",
		places->live, table))
		return false;
	*has = strtoll(rows.cells[0], NULL, 10) == count;
	return true;
}

static bool drop_triggers_of(
    struct my_db *side, const struct my_places *places, const char *table, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_side_ask(side, &arena, &rows, err,
		"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %t AND"
		" EVENT_OBJECT_TABLE = %t",
		places->live, table))
		return false;
	for (size_t i = 0; i < rows.count; i++)
		if (!my_side_do(
			side, err, "DROP TRIGGER " MY_OURS "%n.%n", places->live, rows.cells[i]))
			return false;
	return true;
}

/* A table's are made in their order; one that still has all is left alone: others may use it. */
static bool put_back(struct my_db *side, const struct my_places *places, struct my_script *script,
    const char *text, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_part part;
	const char *current = NULL, *table;
	bool has = false;
	for (;;) {
		if (!my_script_next(script, &part, &side->stop, err))
			return false;
		if (part.kind == MY_PART_END)
			return true;
		if ((table = my_mark(&part, "trigger")) != NULL && !text_is(table, current)) {
			current = arena_strdup(&arena, table);
			if (!has_all_triggers(side, places, text, current, &has, err) ||
			    (!has && !drop_triggers_of(side, places, current, err)))
				return false;
		}
		struct my_request request = {.sql = part.text, .len = part.len};
		bool due =
		    part.kind == MY_PART_STATEMENT && !(has && text_starts(part.text, "CREATE "));
		if (due && !my_request(side, &request, err))
			return false;
	}
}

/* When it fails somebody is in the way, and the next who takes the lock tries again. */
bool my_put_triggers_back(
    struct my_db *side, const struct my_places *places, const char *text, struct err *err)
{
	struct my_script script;
	side->stop = stop_cleanup(UNDO_MS);
	my_script_from(&script, text, strlen(text));
	bool ok = my_side_do(side, err, "USE %n", places->live) &&
		  put_back(side, places, &script, text, err);
	my_script_close(&script);
	return ok && my_do(side, "SET NAMES utf8mb4", err) && my_do(side, MY_SET_MODE, err);
}

/* --- How far --- */

#define NONE_IN(view, column)                                                                      \
	" AND NOT EXISTS (SELECT 1 FROM information_schema." view " WHERE " column " = "           \
	"SCHEMA_NAME)"

bool my_restore_marks(
    struct my_db *s, const struct my_places *places, struct my_marks *marks, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_side_ask(s, &arena, &rows, err,
		"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %t AND"
		" TABLE_NAME IN ('" MY_BEFORE "', '" MY_AFTER "')"
		" UNION ALL SELECT " MY_EMPTY
		" FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = "
		"%t" NONE_IN("TABLES", "TABLE_SCHEMA") NONE_IN("ROUTINES", "ROUTINE_SCHEMA")
		    NONE_IN("EVENTS", "EVENT_SCHEMA"),
		places->old, places->old))
		return false;
	*marks = (struct my_marks){.before = false};
	for (size_t i = 0; i < rows.count; i++) {
		marks->before = marks->before || text_is(rows.cells[i], MY_BEFORE);
		marks->after = marks->after || text_is(rows.cells[i], MY_AFTER);
		marks->empty = marks->empty || text_is(rows.cells[i], "");
	}
	return true;
}
