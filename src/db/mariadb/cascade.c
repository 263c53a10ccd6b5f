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
		if (acts(rule) && my_alike(row[PARENT], table) &&
		    my_alike(row[PARENT_SCHEMA], schema) &&
		    (deleted || sets == NULL || my_mentions(sets, row[PARENT_COLUMN])))
			take(cascades, row, deleted, rule);
	}
}

/* --- What the server sets by itself --- */

const char *my_cascades_key(
    const struct my_cascades *cascades, size_t i, const char *schema, const char *table)
{
	const char *const *row = cascades->rows.cells + i * CELLS;
	bool is = acts(row[UPDATE_RULE]) && my_alike(row[PARENT], table) &&
		  my_alike(row[PARENT_SCHEMA], schema);
	return is ? row[PARENT_COLUMN] : NULL;
}

static bool is_referred(const struct my_cascades *cascades, const char *schema, const char *table)
{
	for (size_t i = 0; i < cascades->rows.count; i++)
		if (my_cascades_key(cascades, i, schema, table) != NULL)
			return true;
	return false;
}

enum itself {
	NAME,
	EXPRESSION, /* '' or NULL: it is set by ON UPDATE, or nobody knows */
	ON_UPDATE,
	ITSELF
};

static bool names(const char *expression, const char *column)
{
	/* It may stand there in other quotes. */
	return strchr(column, '`') != NULL || my_mentions(expression, column);
}

/* Does a column change with those that are set, and those that change with them? */
static bool depends(const struct my_change *change, const struct db_rows *rows, const bool *set,
    const char *const *row)
{
	const char *expression = row[EXPRESSION];
	if (text_is(row[ON_UPDATE], "1"))
		return !my_change_says(change, row[NAME]);
	if (change->form != MY_UPDATE || expression == NULL || *expression == '\0')
		return true;
	for (size_t i = 0; i < change->column_count; i++)
		if (names(expression, change->columns[i]))
			return true;
	for (size_t i = 0; i < rows->count; i++)
		if (set[i] && names(expression, rows->cells[ITSELF * i + NAME]))
			return true;
	return false;
}

/* The names of all that depend, each behind a space. */
static const char *add_dependent(struct arena *arena, const char *sets,
    const struct my_change *change, const struct db_rows *rows)
{
	bool *set = arena_array(arena, rows->count + 1, sizeof(*set));
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < rows->count; i++) {
			const char *const *row = rows->cells + ITSELF * i;
			if (set[i] || !depends(change, rows, set, row))
				continue;
			set[i] = more = true;
			sets = arena_printf(arena, "%s %s", sets, row[NAME]);
		}
	}
	return sets;
}

bool my_cascades_sets(struct my_db *s, const struct my_cascades *cascades, const char *schema,
    const char *table, const struct my_change *change, const char **sets, struct err *err)
{
	static const char sql[] =
	    "SELECT COLUMN_NAME, GENERATION_EXPRESSION, EXTRA LIKE '%on update%' FROM"
	    " information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND"
	    " " MY_SETS_ITSELF;
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = schema}, {.type = DB_TEXT, .text = table}};
	struct db_rows rows;
	*sets = change->sets;
	if (!is_referred(cascades, schema, table))
		return true;
	if (!my_query(&s->base, sql, values, 2, cascades->arena, &rows, &s->stop, err))
		return false;
	*sets = add_dependent(cascades->arena, change->sets, change, &rows);
	return true;
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

/* The earlier versions of rows count, and are there where a setting hides the rows of now. */
bool my_table_has_rows(
    struct my_db *s, const char *table, const char *where, bool *has, struct err *err)
{
	static const char *const times[] = {"", " FOR SYSTEM_TIME ALL"};
	bool read = true;
	*has = false;
	for (size_t i = 0; i < 2 && read && !*has && (i == 0 || s->server.maria); i++) {
		CLEANUP(arena_free) struct arena arena = {0};
		CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
		struct db_rows rows;
		struct err unversioned;
		buf_printf(&sql, "SELECT 1 FROM %s%s%s LIMIT 1", table, times[i], where);
		read = !sql.overflow &&
		       my_ask(s, sql.data, &arena, &rows, i == 0 ? err : &unversioned);
		*has = read && rows.count > 0;
		read = read || i > 0;
	}
	return read;
}

bool my_taken_has_rows(struct my_db *s, const struct my_taken *taken)
{
	CLEANUP(buf_free) struct buf table = buf_init(SQL_MOST);
	CLEANUP(buf_free) struct buf where = buf_init(SQL_MOST);
	struct err ignored;
	bool has;
	my_table_name(taken->schema, taken->table, &table);
	if (taken->column != NULL) {
		buf_add_text(&where, " WHERE ");
		my_name(taken->column, &where);
		buf_add_text(&where, " IS NOT NULL");
	}
	return s->conn == NULL ||
	       !my_table_has_rows(
		   s, table.data, where.len == 0 ? "" : where.data, &has, &ignored) ||
	       has;
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
