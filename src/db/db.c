/* What drivers, and who uses them, have in common. */
#include "db/db.h"
#include "base/buf.h"
#include <string.h>

void db_qualify(const struct db *db, const char *sql, struct buf *out)
{
	static const char own[] = "own.";
	const char *at;
	while ((at = strstr(sql, own)) != NULL) {
		buf_add(out, sql, (size_t)(at - sql));
		buf_add_text(out, db->own);
		sql = at + strlen(own);
	}
	buf_add_text(out, sql);
}

void db_rows_copy(struct db_rows *to, const struct db_rows *from, struct arena *arena)
{
	size_t cells = from->columns * from->count;
	const char **copy = arena_array(arena, cells + 1, sizeof(*copy));
	for (size_t i = 0; i < cells; i++)
		copy[i] = arena_strdup(arena, from->cells[i]);
	*to = (struct db_rows){.columns = from->columns, .count = from->count, .cells = copy};
}
