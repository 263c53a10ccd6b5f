/*
 * Whether a transaction can be taken back: only where all its tables are InnoDB's. What was changed
 * in others stays.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include "sql/names.h"

enum {
	SQL_MOST = 1 << 20
};

static bool names(const struct sql_script *script, const char *name)
{
	for (size_t i = 0; i < script->count; i++)
		if (sql_names(script->statements[i].dialect, script->statements[i].text,
			script->statements[i].len, name))
			return true;
	return false;
}

/* The databases that the statements may reach, as a list of literals. */
static bool list_reach(
    struct my_db *s, const struct sql_script *script, struct buf *sql, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_ask(s,
		"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN"
		" ('information_schema', 'performance_schema', 'sys') AND SCHEMA_NAME <>"
		" DATABASE()",
		&arena, &rows, err))
		return false;
	buf_add_text(sql, "(DATABASE()");
	for (size_t i = 0; i < rows.count; i++) {
		if (!names(script, rows.cells[i]))
			continue;
		buf_add_text(sql, ", ");
		my_literal(s, rows.cells[i], sql);
	}
	buf_add_char(sql, ')');
	return true;
}

/*
 * Tables of other engines count when a statement names them, and all of them where triggers, views
 * or routines may reach what is not named.
 */
bool my_changes_for_good(
    struct my_db *s, const struct sql_script *script, bool *for_good, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf reach = buf_init(SQL_MOST);
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct db_rows rows;
	if (!list_reach(s, script, &reach, err))
		return false;
	buf_printf(&sql,
	    "SELECT TABLE_NAME, EXISTS (SELECT 1 FROM information_schema.TRIGGERS WHERE"
	    " TRIGGER_SCHEMA IN %s) OR EXISTS (SELECT 1 FROM information_schema.VIEWS WHERE"
	    " TABLE_SCHEMA IN %s) OR EXISTS (SELECT 1 FROM information_schema.ROUTINES WHERE"
	    " ROUTINE_SCHEMA IN %s) FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN"
	    " ('VIEW', 'SYSTEM VIEW', 'TEMPORARY') AND COALESCE(ENGINE, '') <> 'InnoDB' AND"
	    " TABLE_SCHEMA IN %s",
	    reach.data, reach.data, reach.data, reach.data);
	if (sql.overflow || !my_ask(s, sql.data, &arena, &rows, err))
		return false;
	*for_good = false;
	for (size_t i = 0; i < rows.count && !*for_good; i++)
		*for_good =
		    !text_is(rows.cells[2 * i + 1], "0") || names(script, rows.cells[2 * i]);
	return true;
}

bool my_undoes(struct db *db, const struct sql_script *script, bool *undone,
    const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	bool for_good;
	if (!my_enter(s, stop, err) || !my_changes_for_good(s, script, &for_good, err))
		return false;
	*undone = !for_good;
	return true;
}
