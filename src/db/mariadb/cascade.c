#include "db/mariadb/cascade.h"
#include "base/text.h"
#include "db/mariadb/reach.h"
#include "gen/sql.h"
#include <string.h>

enum cell {
	PARENT_SCHEMA,
	PARENT,
	PARENT_COLUMN,
	SCHEMA,
	TABLE,
	COLUMN,
	DELETE_RULE,
	UPDATE_RULE,
	CELLS
};

enum {
	SQL_MOST = 8192
};

bool my_cascades_read(struct my_db *s, struct arena *arena, struct db_rows *rows, struct err *err)
{
	return my_query(&s->base, sql_mariadb_cascades, NULL, 0, arena, rows, &s->stop, err);
}

bool my_cascades_any(struct my_db *s, bool *any, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct db_rows rows;
	buf_add_text(&sql, "SELECT 1 FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE"
			   " CONSTRAINT_SCHEMA NOT IN ('mysql', 'sys') AND"
			   " (DELETE_RULE NOT IN ('RESTRICT', 'NO ACTION') OR"
			   " UPDATE_RULE NOT IN ('RESTRICT', 'NO ACTION')) AND"
			   " REFERENCED_TABLE_NAME IN (NULL");
	for (size_t i = 0; i < s->named.count; i++) {
		buf_add_text(&sql, ", ");
		my_literal(s, s->named.tables[i].name, &sql);
	}
	buf_add_text(&sql, ") LIMIT 1");
	if (sql.overflow)
		return err_set(err, ERR_UNEXPECTED, "a statement of our own is too long");
	if (!my_query(&s->base, sql.data, NULL, 0, &arena, &rows, &s->stop, err))
		return false;
	*any = rows.count > 0;
	return true;
}

static bool is_taken(const struct my_cascades *cascades, const struct my_taken *taken)
{
	for (size_t i = 0; i < cascades->count; i++) {
		const struct my_taken *known = &cascades->taken[i];
		if (text_is(known->schema, taken->schema) && text_is(known->table, taken->table) &&
		    (known->column == NULL
			    ? taken->column == NULL
			    : taken->column != NULL && text_is(known->column, taken->column)))
			return true;
	}
	return false;
}

static bool acts(const char *rule)
{
	return !text_is(rule, "RESTRICT") && !text_is(rule, "NO ACTION");
}

/* What is taken takes more. */
static void take(
    struct my_cascades *cascades, const char *const *row, bool deleted, const char *rule)
{
	struct arena *arena = cascades->arena;
	bool rows = deleted && text_is(rule, "CASCADE");
	const struct my_taken taken = {
	    .schema = row[SCHEMA],
	    .table = row[TABLE],
	    .column = rows ? NULL : row[COLUMN],
	    .rule = arena_printf(arena, "ON %s %s", deleted ? "DELETE" : "UPDATE", rule),
	    .parent = row[PARENT],
	};
	if (is_taken(cascades, &taken))
		return;
	cascades->taken =
	    arena_grow(arena, cascades->taken, cascades->count, &cascades->capacity, sizeof(taken));
	cascades->taken[cascades->count++] = taken;
	my_cascades_add(cascades, taken.schema, taken.table, rows, taken.column);
}

void my_cascades_add(struct my_cascades *cascades, const char *schema, const char *table,
    bool deleted, const char *sets)
{
	for (size_t i = 0; i < cascades->rows.count; i++) {
		const char *const *row = cascades->rows.cells + i * CELLS;
		const char *rule = row[deleted ? DELETE_RULE : UPDATE_RULE];
		if (acts(rule) && text_is_nocase(row[PARENT], table) &&
		    text_is_nocase(row[PARENT_SCHEMA], schema) &&
		    (deleted || sets == NULL || my_mentions(sets, row[PARENT_COLUMN])))
			take(cascades, row, deleted, rule);
	}
}

void my_cascades_add_named(struct my_cascades *cascades, const char *text)
{
	for (size_t i = 0; i < cascades->rows.count; i++) {
		const char *const *row = cascades->rows.cells + i * CELLS;
		if (!my_mentions(text, row[PARENT]))
			continue;
		my_cascades_add(cascades, row[PARENT_SCHEMA], row[PARENT], true, NULL);
		my_cascades_add(cascades, row[PARENT_SCHEMA], row[PARENT], false, text);
	}
}

void my_cascades_add_all(struct my_cascades *cascades, bool deleted, const char *sets)
{
	for (size_t i = 0; i < cascades->rows.count; i++) {
		const char *const *row = cascades->rows.cells + i * CELLS;
		my_cascades_add(cascades, row[PARENT_SCHEMA], row[PARENT], deleted, sets);
	}
}

bool my_taken_has_rows(struct my_db *s, const struct my_taken *taken)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct db_rows rows;
	struct err ignored;
	buf_add_text(&sql, "SELECT 1 FROM ");
	my_name(taken->schema, &sql);
	buf_add_char(&sql, '.');
	my_name(taken->table, &sql);
	if (taken->column != NULL) {
		buf_add_text(&sql, " WHERE ");
		my_name(taken->column, &sql);
		buf_add_text(&sql, " IS NOT NULL");
	}
	buf_add_text(&sql, " LIMIT 1");
	return s->conn == NULL || !my_ask(s, sql.data, &arena, &rows, &ignored) || rows.count > 0;
}

const char *my_title(
    const struct my_db *s, const char *schema, const char *name, struct arena *arena)
{
	bool home = schema == NULL || text_is_nocase(schema, s->server.database);
	char *title = home ? arena_strdup(arena, name) : arena_printf(arena, "%s.%s", schema, name);
	for (char *at = title; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
	return title;
}

const char *my_taken_object(
    const struct my_db *s, const struct my_taken *taken, struct arena *arena)
{
	const char *title = my_title(s, taken->schema, taken->table, arena);
	return taken->column == NULL ? arena_printf(arena, "rows of %s", title)
				     : arena_printf(arena, "column %s.%s", title,
					   my_title(s, NULL, taken->column, arena));
}
