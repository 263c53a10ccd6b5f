/* Our own SQL, which is to mean the same whatever a migration did to the session. */
#include "base/text.h"
#include "db/mariadb/mariadb.h"

enum {
	SQL_MOST = 256 << 20, /* values and all */
	OWN_BYTES = 8192,
	CLEANUP_MS = 3000
};

static bool ask(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err)
{
	CLEANUP(buf_free) struct buf filled = buf_init(SQL_MOST);
	if (!my_fill(s, sql, values, count, &filled, err))
		return false;
	struct my_request request = {
	    .sql = filled.data, .len = filled.len, .arena = arena, .rows = rows};
	if (my_request(s, &request, err))
		return true;
	/* A migration locked its tables, and no others may be used then. */
	struct err ignored;
	if (s->in_transaction || !text_is(err->code, "1100") ||
	    !my_do(s, "UNLOCK TABLES", &ignored))
		return false;
	return my_request(s, &request, err);
}

/* Between two statements that may have changed settings for each other. */
static bool ask_apart(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err)
{
	struct err failed;
	if (!my_be_ourselves(s, err))
		return false;
	bool ok = ask(s, sql, values, count, arena, rows, &failed);
	const struct stop before = s->stop;
	s->stop = stop_cleanup(CLEANUP_MS);
	if (s->conn != NULL && !my_be_theirs(s, ok ? err : &(struct err){0}) && ok)
		ok = false;
	else if (!ok)
		*err = failed;
	s->stop = before;
	return ok;
}

bool my_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	bool given = false;
	if (!my_enter(s, stop, err))
		return false;
	if (rows != NULL && value_count == 0 && !my_ahead_query(s, sql, arena, rows, &given, err))
		return false;
	if (given)
		return true;
	return s->strayed ? ask_apart(s, sql, values, value_count, arena, rows, err)
			  : ask(s, sql, values, value_count, arena, rows, err);
}

bool my_own(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err)
{
	CLEANUP(buf_free) struct buf qualified = buf_init(OWN_BYTES);
	db_qualify(&s->base, sql, &qualified);
	if (qualified.overflow)
		return err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
	return my_query(&s->base, qualified.data, values, count, arena, rows, &s->stop, err);
}

bool my_query_yes(struct my_db *s, const char *sql, const char *text, bool *yes, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	const struct db_value value = {.type = DB_TEXT, .text = text};
	if (!my_query(&s->base, sql, &value, 1, &arena, &rows, &s->stop, err))
		return false;
	*yes = rows.count == 1 && text_is(rows.cells[0], "1");
	return true;
}
