/* Has a copy anything to do with the database? Told by what both hold. */
#include "db/kinship.h"
#include "db/sqlite/sqlite.h"
#include <string.h>

#define TABLES                                                                                     \
	"SELECT name FROM main.sqlite_master WHERE type = 'table'"                                 \
	" AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'db\\_entry\\_%' ESCAPE "   \
	"'\\'"

/* A list of names on either side. */
struct sameness {
	const char *list;
	const char *find; /* of one, given as ? */
};

static const struct sameness runs = {
    "SELECT id FROM main.db_entry_run", "SELECT 1 FROM main.db_entry_run WHERE id = ?"};
static const struct sameness tables = {TABLES, TABLES " AND name = ? COLLATE NOCASE"};

/* Where there is no such table there are no names. */
static bool has_any(sqlite3 *handle, const char *sql)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *statement = NULL;
	return sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK &&
	       sqlite3_step(statement) == SQLITE_ROW;
}

static bool share(sqlite3 *left, sqlite3 *right, const struct sameness *what)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *list = NULL;
	CLEANUP(sqlite_finalize) sqlite3_stmt *find = NULL;
	if (sqlite3_prepare_v2(left, what->list, -1, &list, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(right, what->find, -1, &find, NULL) != SQLITE_OK)
		return false;
	while (sqlite3_step(list) == SQLITE_ROW) {
		sqlite3_bind_value(find, 1, sqlite3_column_value(list, 0));
		if (sqlite3_step(find) == SQLITE_ROW)
			return true;
		sqlite3_reset(find);
	}
	return false;
}

static enum db_kinship compare(sqlite3 *ours, sqlite3 *theirs)
{
	const struct kinship found = {
	    .live = {.tables = has_any(ours, tables.list), .runs = has_any(ours, runs.list)},
	    .dump = {.tables = has_any(theirs, tables.list), .runs = has_any(theirs, runs.list)},
	    .tables = share(theirs, ours, &tables),
	    .runs = share(theirs, ours, &runs),
	};
	return kinship_judge(&found);
}

bool sqlite_dump_kinship(struct db *db, const char *path, enum db_kinship *kinship,
    const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	CLEANUP(sqlite_copy_close) struct sqlite_copy copy = {0};
	if (!sqlite_enter(s, stop, err) || !sqlite_copy_open(&copy, path, err))
		return false;
	enum db_kinship found = compare(s->handle, copy.handle);
	if (!stop_check(stop, err))
		return false;
	*kinship = found;
	return true;
}
