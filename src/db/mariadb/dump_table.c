/* A table of a dump: its definition, and its rows as they come from the server, none of them kept.
 */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	INSERT_BYTES = 512 * 1024, /* of a statement, but for its last row */
	HISTORY_SINCE = 101100,    /* MariaDB takes rows of the past */
	SELECT_MOST = 4 << 20
};

/* --- Which there are --- */

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names != NULL && !text_is_nocase(name, *names))
		names++;
	return *names != NULL;
}

/* Their rows are those of other tables, other servers, or nobody's. */
static const char *const elsewhere[] = {"MRG_MyISAM", "MRG_MYISAM", "FEDERATED", "CONNECT",
    "SPIDER", "OQGRAPH", "VP", "BLACKHOLE", NULL};

static bool read_table(
    struct my_table *table, const struct db_rows *rows, size_t row, struct err *err)
{
	const char *const *cells = rows->cells + row * rows->columns;
	const char *type = cells[1];
	*table = (struct my_table){.name = cells[0], .engine = cells[2]};
	table->view = strstr(type, "VIEW") != NULL;
	table->sequence = text_is(type, "SEQUENCE");
	table->versioned = text_is(type, "SYSTEM VERSIONED");
	if (table->view)
		return true;
	if (table->engine == NULL) {
		err_set(err, ERR_DATABASE, "table %s can't be read: %s", table->name, cells[4]);
		return err_next(err, "repair or drop it: CHECK TABLE `%s`;", table->name);
	}
	table->elsewhere = is_one_of(table->engine, elsewhere);
	table->fixed = text_is_nocase(table->engine, "InnoDB");
	return true;
}

bool my_tables(struct my_db *s, const char *database, struct arena *arena, struct my_table **ret,
    size_t *count, struct err *err)
{
	struct db_rows rows;
	if (!my_side_ask(s, arena, &rows, err,
		"SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, TABLE_COMMENT"
		" FROM information_schema.TABLES WHERE TABLE_SCHEMA = %t AND TABLE_TYPE NOT LIKE"
		" 'TEMPORARY%%' AND TABLE_NAME <> '" MY_LOCK_TABLE "' ORDER BY TABLE_NAME",
		database))
		return false;
	struct my_table *tables = arena_array(arena, rows.count + 1, sizeof(*tables));
	for (size_t i = 0; i < rows.count; i++)
		if (!read_table(&tables[i], &rows, i, err))
			return false;
	*ret = tables;
	*count = rows.count;
	return true;
}

/* --- Columns, for telling whether they change --- */

struct columns {
	struct my_table *tables, *current;
	size_t count;
	struct digest *digest;
};

static void add_to_digest(struct digest *digest, const char *text)
{
	digest_add(digest, text == NULL ? "" : text, text == NULL ? 1 : strlen(text) + 1);
}

static void add_column_to_digest(
    struct digest *digest, const char *name, const char *type, const char *extra)
{
	add_to_digest(digest, name);
	add_to_digest(digest, type);
	add_to_digest(digest, extra);
}

static void end_of_table(struct columns *c)
{
	if (c->current != NULL)
		digest_hex(c->digest, c->current->columns);
	c->current = NULL;
}

static bool take_column(void *context, const struct my_row *row, struct err *err)
{
	struct columns *c = context;
	(void)err;
	if (c->current == NULL || !text_is(c->current->name, row->cells[0])) {
		end_of_table(c);
		for (size_t i = 0; i < c->count && c->current == NULL; i++)
			if (text_is(c->tables[i].name, row->cells[0]))
				c->current = &c->tables[i];
	}
	if (c->current != NULL)
		add_column_to_digest(c->digest, row->cells[1], row->cells[2], row->cells[3]);
	return true;
}

bool my_columns(
    struct my_db *s, const char *database, struct my_table *tables, size_t count, struct err *err)
{
	struct columns c = {.tables = tables, .count = count, .digest = digest_new()};
	CLEANUP(buf_free) struct buf sql = buf_init(SELECT_MOST);
	buf_add_text(&sql, "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, EXTRA FROM"
			   " information_schema.COLUMNS WHERE TABLE_SCHEMA = ");
	my_literal(s, database, &sql);
	buf_add_text(&sql, " ORDER BY TABLE_NAME, ORDINAL_POSITION");
	bool ok = my_stream(s, sql.data, take_column, &c, err);
	end_of_table(&c);
	digest_free(&c.digest);
	return ok;
}

static bool fail_changed(struct err *err)
{
	err_set(err, ERR_DATABASE, "it is another one by now");
	snprintf(err->code, sizeof(err->code), "1412");
	return false;
}

/* As they were, in the answer of SHOW FULL COLUMNS? */
static bool check_columns(const struct my_table *table, const struct db_rows *rows, struct err *err)
{
	char hex[DIGEST_HEX + 1];
	struct digest *digest = digest_new();
	for (size_t i = 0; i < rows->count; i++) {
		const char *const *cells = rows->cells + i * rows->columns;
		add_column_to_digest(digest, cells[0], cells[1], cells[6]);
	}
	digest_hex(digest, hex);
	digest_free(&digest);
	return text_is(hex, table->columns) || fail_changed(err);
}

/* --- Definitions --- */

/*
 * A default that takes the next value of a sequence names the database, the old one: without it the
 * new one is meant. Texts are copied as they are.
 */
static void write_without_database(struct my_writer *w, const char *text, const char *database)
{
	CLEANUP(buf_free) struct buf qualifier = buf_init(SELECT_MOST);
	buf_add_text(&qualifier, "val(");
	my_name(database, &qualifier);
	buf_add_char(&qualifier, '.');
	char quote = '\0';
	const char *from = text;
	for (const char *at = text; *at != '\0'; at++) {
		if (quote != '\0') {
			if (*at == '\\' && quote == '\'' && at[1] != '\0')
				at++;
			else if (*at == quote)
				quote = '\0';
		} else if (*at == '\'' || *at == '`') {
			quote = *at;
		} else if (*at == 'v' && text_starts(at, qualifier.data)) {
			my_write(w, from, (size_t)(at - from) + strlen("val("));
			at += qualifier.len - 1;
			from = at + 1;
		}
	}
	my_write_text(w, from);
}

static bool show_create(struct my_dump *d, const struct my_table *table, const char **text,
    struct arena *arena, struct err *err)
{
	struct db_rows rows;
	if (!my_side_ask(&d->side, arena, &rows, err,
		table->sequence ? "SHOW CREATE SEQUENCE %n" : "SHOW CREATE TABLE %n", table->name))
		return false;
	if (rows.count != 1 || rows.columns < 2 || rows.cells[1] == NULL)
		return err_set(err, ERR_DATABASE, "the server shows no definition");
	*text = rows.cells[1];
	return true;
}

static void write_definition(struct my_dump *d, const struct my_table *table, const char *text)
{
	my_write_mark(&d->w, "table", table->name);
	my_write_begin(&d->w);
	write_without_database(&d->w, text, d->side.server.database);
	my_write_end(&d->w);
	my_write_text(&d->w, ";\n");
	d->tables++;
}

/* As it would go on from here; one that is exhausted stays so. */
static bool dump_sequence(struct my_dump *d, const struct my_table *table, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	const char *text;
	if (!show_create(d, table, &text, &arena, err) ||
	    !my_side_ask(&d->side, &arena, &rows, err,
		"SELECT LEAST(GREATEST(next_not_cached_value, minimum_value), maximum_value),"
		" next_not_cached_value NOT BETWEEN minimum_value AND maximum_value, cycle_count"
		" FROM %n",
		table->name))
		return false;
	if (rows.count != 1)
		return err_set(err, ERR_DATABASE, "it has no row");
	write_definition(d, table, text);
	my_write_text(&d->w, "DO SETVAL(");
	my_write_name(&d->w, table->name);
	my_write_format(&d->w, ", %s, %s, %s);\n", rows.cells[0], rows.cells[1], rows.cells[2]);
	return true;
}

/* --- Columns --- */

struct column {
	const char *name, *type, *collation;
	bool generated;
	enum my_cell cell;
};

struct rows_out {
	struct my_dump *d;
	size_t count; /* columns */
	enum my_cell *cells;
	const char *prefix; /* of a statement, up to its first row */
	int64_t begin;      /* of the statement that is open; -1: none */
	int64_t rows;
};

static bool has_type(const char *type, const char *const *names)
{
	size_t len = strcspn(type, "( /");
	for (; *names != NULL; names++)
		if (strlen(*names) == len && strncasecmp(type, *names, len) == 0)
			return true;
	return false;
}

static const char *const numbers[] = {"tinyint", "smallint", "mediumint", "int", "integer",
    "bigint", "decimal", "numeric", "float", "double", "real", "year", NULL};
static const char *const bytes[] = {"bit", "binary", "varbinary", "tinyblob", "blob", "mediumblob",
    "longblob", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
    "multipolygon", "geometrycollection", "geomcollection", "vector", NULL};
static const char *const floats[] = {"float", NULL};
static const char *const enums[] = {"enum", NULL};
static const char *const sets[] = {"set", NULL};

/* Text of these comes as it is, or is put into utf8mb4 and back without loss. */
static bool is_kept(const char *collation)
{
	static const char *const kept[] = {"utf8mb4_", "utf8mb3_", "utf8_", "ascii_", "latin1_"};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (collation == NULL || text_starts(collation, kept[i]))
			return true;
	return false;
}

/* How it is asked for so that the answer, as a literal, is the same value again. */
static void select_column(struct column *column, struct buf *sql)
{
	bool kept = is_kept(column->collation), member = has_type(column->type, enums);
	/* Of an enum a value '' is another than the error that shows as ''. */
	bool count = (member && strstr(column->type, "''") != NULL) ||
		     (!kept && (member || has_type(column->type, sets)));
	column->cell = has_type(column->type, numbers) ? MY_CELL_PLAIN
		       : has_type(column->type, bytes) ? MY_CELL_BYTES
						       : MY_CELL_TEXT;
	if (has_type(column->type, floats)) {
		/* Six digits is all it shows of a FLOAT. */
		buf_add_text(sql, "CAST(");
		my_name(column->name, sql);
		buf_add_text(sql, " AS DOUBLE)");
	} else if (count) {
		column->cell = MY_CELL_PLAIN;
		my_name(column->name, sql);
		buf_add_text(sql, " + 0");
	} else if (column->cell == MY_CELL_TEXT && !kept) {
		column->cell = MY_CELL_BYTES;
		buf_add_text(sql, "CAST(");
		my_name(column->name, sql);
		buf_add_text(sql, " AS BINARY)");
	} else {
		my_name(column->name, sql);
	}
}

/* Of a column that says so in its definition; MySQL's DEFAULT_GENERATED is about the default. */
static bool is_generated(const char *extra)
{
	return strstr(extra, "VIRTUAL GENERATED") != NULL ||
	       strstr(extra, "STORED GENERATED") != NULL ||
	       strstr(extra, "PERSISTENT GENERATED") != NULL;
}

/* --- The past of a table --- */

struct past {
	bool kept;               /* it goes along */
	const char *start, *end; /* names of the columns */
	bool shown;              /* they are columns like others */
};

/* The two names in `PERIOD FOR SYSTEM_TIME (`a`, `b`)`, where the table has columns for it. */
static void find_period(const char *text, struct past *past, struct arena *arena)
{
	static const char words[] = "\n  PERIOD FOR SYSTEM_TIME (`";
	const char *found = strstr(text, words);
	past->start = "row_start";
	past->end = "row_end";
	if (found == NULL)
		return;
	const char *start = found + strlen(words), *middle = strstr(start, "`, `");
	const char *end = middle == NULL ? NULL : strstr(middle, "`)");
	if (end == NULL)
		return;
	past->start = arena_strndup(arena, start, (size_t)(middle - start));
	middle += strlen("`, `");
	past->end = arena_strndup(arena, middle, (size_t)(end - middle));
	past->shown = true;
}

static bool find_past(struct my_dump *d, const struct my_table *table, const char *text,
    struct past *past, struct arena *arena, struct err *err)
{
	struct db_rows rows;
	find_period(text, past, arena);
	/* Counted in transactions, which are another server's. */
	bool counted =
	    past->shown && strstr(text, " bigint(20) unsigned GENERATED ALWAYS AS ROW") != NULL;
	past->kept = d->side.server.number >= HISTORY_SINCE && !counted;
	if (past->kept)
		return true;
	if (!my_side_ask(&d->side, arena, &rows, err,
		counted ? "SELECT 1 FROM %n FOR SYSTEM_TIME ALL WHERE %n <> 18446744073709551615"
			  " LIMIT 1"
			: "SELECT 1 FROM %n FOR SYSTEM_TIME ALL WHERE %n <>"
			  " '2038-01-19 03:14:07.999999' LIMIT 1",
		table->name, past->end))
		return false;
	if (rows.count == 0)
		return true;
	err_set(err, ERR_DATABASE, "it keeps what its rows were before, which can't be restored");
	err_why(err, counted ? "its system versioning counts transactions of this server"
			     : "only MariaDB 10.11 and later take rows of the past");
	return err_next(err, "give it up, or take snapshots of the volume: DB_ENTRY_DUMP=hook");
}

/* --- Rows --- */

static void add_column(
    struct rows_out *out, struct column *column, struct buf *sql, struct buf *into)
{
	if (out->count > 0) {
		buf_add_text(sql, ", ");
		buf_add_text(into, ", ");
	}
	select_column(column, sql);
	my_name(column->name, into);
	out->cells[out->count++] = column->cell;
}

static bool plan_rows(struct rows_out *out, const struct my_table *table, const struct past *past,
    struct buf *sql, struct buf *into, struct arena *arena, struct err *err)
{
	struct db_rows rows;
	if (!my_side_ask(
		&out->d->side, arena, &rows, err, "SHOW FULL COLUMNS FROM %n", table->name))
		return false;
	if (!check_columns(table, &rows, err))
		return false;
	out->cells = arena_array(arena, rows.count + 3, sizeof(*out->cells));
	for (size_t i = 0; i < rows.count; i++) {
		const char *const *cells = rows.cells + i * rows.columns;
		struct column column = {.name = cells[0], .type = cells[1], .collation = cells[2]};
		bool period = past->shown && (text_is(column.name, past->start) ||
						 text_is(column.name, past->end));
		column.generated = period ? !past->kept : is_generated(cells[6]);
		if (!column.generated)
			add_column(out, &column, sql, into);
	}
	if (past->kept && !past->shown) {
		struct column start = {.name = past->start, .type = "timestamp"};
		struct column end = {.name = past->end, .type = "timestamp"};
		add_column(out, &start, sql, into);
		add_column(out, &end, sql, into);
	}
	return true;
}

static int64_t position(const struct my_writer *w)
{
	return w->written + (int64_t)w->len;
}

static void close_insert(struct rows_out *out)
{
	my_write_end(&out->d->w);
	my_write(&out->d->w, ";\n", 2);
	out->begin = -1;
}

static bool take_row(void *context, const struct my_row *row, struct err *err)
{
	struct rows_out *out = context;
	struct my_writer *w = &out->d->w;
	if (out->begin < 0) {
		out->begin = position(w);
		my_write_begin(w);
		my_write_text(w, out->prefix);
	} else {
		my_write(w, ",\n", 2);
	}
	char open = '(';
	for (size_t i = 0; i < out->count; i++) {
		my_write(w, &open, 1);
		open = ',';
		my_write_cell(w, out->cells[i], row->cells[i], row->lengths[i]);
	}
	my_write(w, out->count == 0 ? "()" : ")", out->count == 0 ? 2 : 1);
	out->rows++;
	if (position(w) - out->begin >= INSERT_BYTES)
		close_insert(out);
	return !w->failed || my_writer_flush(w, err);
}

static bool dump_rows(struct my_dump *d, const struct my_table *table, const char *text,
    struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SELECT_MOST);
	CLEANUP(buf_free) struct buf into = buf_init(SELECT_MOST);
	struct rows_out out = {.d = d, .begin = -1};
	struct past past = {.kept = false};
	if (table->versioned && !find_past(d, table, text, &past, arena, err))
		return false;
	buf_add_text(&sql, "SELECT ");
	buf_add_text(&into, "INSERT INTO ");
	my_name(table->name, &into);
	buf_add_text(&into, " (");
	if (!plan_rows(&out, table, &past, &sql, &into, arena, err))
		return false;
	buf_add_text(&into, ") VALUES\n");
	buf_add_text(&sql, out.count == 0 ? "1 FROM " : " FROM ");
	my_name(table->name, &sql);
	if (past.kept)
		buf_add_text(&sql, " FOR SYSTEM_TIME ALL");
	if (sql.overflow || into.overflow)
		return err_set(err, ERR_DATABASE, "it has too many columns");
	out.prefix = into.data;
	my_write_mark(&d->w, "rows", table->name);
	if (!my_stream(&d->side, sql.data, take_row, &out, err))
		return false;
	if (out.begin >= 0)
		close_insert(&out);
	my_write_format(&d->w, MY_DUMP_MARK "count %" PRId64 "\n", out.rows);
	d->rows += out.rows;
	return true;
}

/* --- All of it --- */

/* Somebody else changed what was there when the dump began. */
static bool is_change(const struct err *err)
{
	static const char *const codes[] = {"1412", "1146", "1054", "1051", "4091", NULL};
	return is_one_of(err->code, codes);
}

static bool fail(struct my_dump *d, const struct my_table *table, struct err *err)
{
	bool changed = err->kind == ERR_DATABASE && is_change(err);
	err_context(err, "%s %s", table->sequence ? "sequence" : "table", table->name);
	if (!changed)
		return false;
	err->retry = ERR_RETRY;
	err_why(err, "somebody changed the schema while the dump was made");
	(void)d;
	return err_next(err, "start again when nobody else does");
}

static bool dump_table(struct my_dump *d, const struct my_table *table, bool rows, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *text;
	if (!show_create(d, table, &text, &arena, err))
		return false;
	if (rows && strstr(text, arena_printf(&arena, "\n) ENGINE=%s ", table->engine)) == NULL)
		return fail_changed(err);
	write_definition(d, table, text);
	return !rows || dump_rows(d, table, text, &arena, err);
}

bool my_dump_table(struct my_dump *d, const struct my_table *table, struct err *err)
{
	bool ok = table->sequence ? dump_sequence(d, table, err)
				  : dump_table(d, table, !table->elsewhere, err);
	return (ok || fail(d, table, err)) && (!d->w.failed || my_writer_flush(&d->w, err));
}

bool my_dump_shell(struct my_dump *d, const struct my_table *table, struct err *err)
{
	return dump_table(d, table, false, err) || fail(d, table, err);
}
