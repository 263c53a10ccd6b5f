#include "migrate/own.h"
#include "base/buf.h"
#include <string.h>

enum {
	SQL_MOST = 4096 /* bytes of one of our own statements */
};

/* To our own tables, as is said by what was asked: then it is access that is refused. */
static bool tell_denied(const struct db *db, struct err *err)
{
	const char *const *code = db->driver->denied;
	for (; err->kind == ERR_DATABASE && code != NULL && *code != NULL; code++)
		if (strcmp(err->code, *code) == 0)
			err->kind = ERR_ACCESS;
	return false;
}

bool own_query(struct db *db, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err)
{
	CLEANUP(buf_free) struct buf qualified = buf_init(SQL_MOST);
	db_qualify(db, sql, &qualified);
	if (qualified.overflow)
		return err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
	return db->driver->query(db, qualified.data, values, count, arena, rows, stop, err) ||
	       tell_denied(db, err);
}

bool own_change(struct db *db, const char *sql, const struct db_value *values, size_t count,
    const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {NULL};
	return own_query(db, sql, values, count, &arena, NULL, stop, err);
}

bool own_later(struct db *db, const char *sql, const struct db_value *values, size_t count,
    const struct stop *stop, struct err *err)
{
	CLEANUP(buf_free) struct buf qualified = buf_init(SQL_MOST);
	if (db->driver->later == NULL)
		return own_change(db, sql, values, count, stop, err);
	db_qualify(db, sql, &qualified);
	if (qualified.overflow)
		return err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
	return db->driver->later(db, qualified.data, values, count, stop, err);
}

void own_ahead(struct db *db, const char *const *queries, size_t count)
{
	CLEANUP(arena_free) struct arena arena = {NULL};
	const char **qualified = arena_array(&arena, count + 1, sizeof(*qualified));
	if (db->driver->ahead == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_free) struct buf text = buf_init(SQL_MOST);
		db_qualify(db, queries[i], &text);
		qualified[i] = arena_strdup(&arena, text.data);
	}
	db->driver->ahead(db, qualified, count);
}
