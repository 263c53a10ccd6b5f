/*
 * The moment in which a restore becomes visible. In front of it nothing of the present database is
 * touched but its triggers, which would hold tables where they are; behind it what is no table is
 * made anew. What is needed to undo the one or to end the other is written down before, in a table
 * that is renamed along with all others: so its name tells which of the two is due, whoever looks.
 */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <stdlib.h>
#include <string.h>

enum {
	SCRIPT_MOST = 512 << 20,
	FINISH_MS = 600000, /* for what must not be left half-way */
	UNDO_MS = 5000
};

#define ASIDE "db_entry_old_view_"

/* --- What takes whose place --- */

static void add_rename(struct buf *sql, const char *from_database, const char *from,
    const char *to_database, const char *to)
{
	buf_add_text(sql, sql->len == 0 ? "RENAME TABLE " MY_OURS : ", ");
	my_table_name(from_database, from, sql);
	buf_add_text(sql, " TO ");
	my_table_name(to_database, to, sql);
}

static bool plan_renames(
    struct my_db *side, const struct my_places *places, struct buf *sql, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_table *tables;
	size_t count;
	/* First, where a list of what the server runs shows it, however long it is. */
	add_rename(sql, places->old, MY_BEFORE, places->old, MY_AFTER);
	if (!my_tables(side, places->live, &arena, &tables, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (tables[i].view) /* they can't leave their database */
			add_rename(sql, places->live, tables[i].name, places->live,
			    arena_printf(&arena, ASIDE "%zu", i));
		else
			add_rename(sql, places->live, tables[i].name, places->old, tables[i].name);
	if (!my_tables(side, places->fresh, &arena, &tables, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!tables[i].view && !tables[i].elsewhere)
			add_rename(
			    sql, places->fresh, tables[i].name, places->live, tables[i].name);
	return !sql->overflow || err_set(err, ERR_DATABASE, "there are too many tables");
}

/*
 * Those that take the next value of a sequence name the database the table was made in. Not `moved`
 * they are set as they are, where the tables were made.
 */
static bool set_defaults(
    struct my_db *side, const struct my_places *places, bool moved, struct err *err)
{
	const char *schema = moved ? places->live : places->fresh;
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf qualifier = buf_init(1024);
	struct db_rows rows;
	my_name(places->fresh, &qualifier);
	buf_add_char(&qualifier, '.');
	if (!my_side_ask(side, &arena, &rows, err,
		"SELECT TABLE_NAME, COLUMN_NAME, REPLACE(COLUMN_DEFAULT, %t, %t)"
		" FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %t"
		" AND INSTR(COLUMN_DEFAULT, CONCAT('val(', %t)) > 0",
		qualifier.data, moved ? "" : qualifier.data, schema, qualifier.data))
		return false;
	for (size_t i = 0; i < rows.count; i++) {
		const char *const *cells = rows.cells + i * rows.columns;
		CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MOST);
		buf_add_text(&sql, "ALTER TABLE ");
		my_table_name(schema, cells[0], &sql);
		buf_add_text(&sql, " ALTER COLUMN ");
		my_name(cells[1], &sql);
		buf_printf(&sql, " SET DEFAULT (%s)", cells[2]);
		if (!my_do(side, sql.data, err))
			return false;
	}
	return true;
}

/*
 * MariaDB 10.5 wants a right to each such sequence, or to all: one to the database does not count.
 * That is to be known before anything is changed.
 */
static bool may_set_defaults(struct my_db *side, const struct my_places *places, struct err *err)
{
	if (set_defaults(side, places, false, err))
		return true;
	if (!text_is(err->code, "1142"))
		return false;
	const struct err said = *err;
	err_set(err, said.kind, "%s", said.message);
	memcpy(err->code, said.code, sizeof(err->code));
	err_why(err, "for a sequence in ALTER TABLE this server does not count rights to a"
		     " database");
	return err_next(
	    err, "as an administrator: GRANT ALTER ON *.* TO %s;", side->server.account);
}

/* Behind the RENAME; may be done again from any point of it. */
bool my_finish(struct my_db *side, const struct my_places *places, const char *definitions,
    size_t len, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_table *tables;
	size_t count;
	if (!my_side_do(side, err, "USE %n", places->live) ||
	    !my_tables(side, places->live, &arena, &tables, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (tables[i].elsewhere && !my_side_do(side, err, "DROP TABLE %n", tables[i].name))
			return false;
	return my_drop_definitions(side, places->live, err) &&
	       my_define(side, places, definitions, len, false, err) &&
	       set_defaults(side, places, true, err) && my_places_remove(side, places, err);
}

/* --- The swap --- */

/* A sink that keeps what is written. */
struct memory {
	struct sink sink;
	struct buf text;
};

static bool keep(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	struct memory *memory = (struct memory *)sink;
	(void)stop;
	buf_add(&memory->text, data, len);
	return !memory->text.overflow ||
	       err_set(err, ERR_DATABASE, "the triggers are too long to be kept");
}

static bool read_triggers(
    struct my_db *side, const struct my_places *places, struct memory *memory, struct err *err)
{
	struct my_writer w;
	memory->sink = (struct sink){.write = keep};
	my_writer_open(&w, &memory->sink, &side->stop);
	bool ok = my_side_do(side, err, "USE %n", places->live) &&
		  my_dump_triggers(side, &w, err) && my_writer_flush(&w, err);
	my_writer_free(&w);
	return ok;
}

static void add_hex(struct buf *sql, const char *text, size_t len)
{
	buf_add_text(sql, len == 0 ? "''" : "0x");
	for (size_t i = 0; i < len; i++)
		buf_printf(sql, "%02x", (unsigned char)text[i]);
}

static bool write_down(struct my_db *side, const struct my_places *places, const struct buf *undo,
    const char *redo, size_t len, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MOST);
	buf_add_text(&sql, "INSERT INTO ");
	my_name(places->old, &sql);
	buf_add_text(&sql, "." MY_BEFORE " (way_back, way_on) VALUES (");
	add_hex(&sql, undo->data, undo->len);
	buf_add_text(&sql, ", ");
	add_hex(&sql, redo, len);
	buf_add_text(&sql, ")");
	return !sql.overflow ? my_do(side, sql.data, err)
			     : err_set(err, ERR_DATABASE, "the definitions are too long");
}

static bool fail_half(struct err *err)
{
	err->retry = ERR_OUTCOME_UNKNOWN;
	err_context(err, "the tables are those of the dump, the rest is not");
	return err_next(err, "the next run, or db-entry restore, brings it to its end");
}

/* One that was told to stop may have been done all the same. */
static bool rename_all(
    struct my_db *side, const struct my_places *places, const char *renames, struct err *err)
{
	struct my_marks marks;
	struct err ignored;
	if (my_do(side, renames, err))
		return true;
	side->stop = stop_cleanup(UNDO_MS);
	return side->conn != NULL && my_restore_marks(side, places, &marks, &ignored) &&
	       marks.after;
}

/* *err says why it was not done. */
static bool undo_swap(
    struct my_db *side, const struct my_places *places, const struct buf *undo, struct err *err)
{
	struct err failed;
	if (my_put_triggers_back(side, places, undo->data == NULL ? "" : undo->data, &failed))
		return false;
	err->retry = ERR_OUTCOME_UNKNOWN;
	err_why(
	    err, "triggers were taken away before, and can't be put back now: %s", failed.message);
	return err_next(err, "the next run, or db-entry restore, puts them back");
}

static bool swap(struct my_db *side, const struct my_places *places, const struct buf *undo,
    const struct buf *renames, const char *definitions, size_t len, struct err *err)
{
	if (!my_drop_triggers(side, places->live, err) ||
	    !rename_all(side, places, renames->data, err)) {
		/* Without a connection nobody knows whether it was done. */
		if (side->conn == NULL)
			return fail_half(err);
		return undo_swap(side, places, undo, err);
	}
	side->stop = stop_cleanup(FINISH_MS);
	return my_finish(side, places, definitions, len, err) || fail_half(err);
}

bool my_swap(struct my_db *side, const struct my_places *places, const char *definitions,
    size_t len, struct err *err)
{
	CLEANUP(buf_free) struct buf renames = buf_init(SCRIPT_MOST);
	struct memory undo = {.text = buf_init(SCRIPT_MOST)};
	bool ok = my_do(side, "SET SESSION foreign_key_checks = 0", err) &&
		  may_set_defaults(side, places, err) &&
		  my_drop_triggers(side, places->fresh, err) &&
		  read_triggers(side, places, &undo, err);
	if (ok)
		ok = plan_renames(side, places, &renames, err) &&
		     write_down(side, places, &undo.text, definitions, len, err) &&
		     swap(side, places, &undo.text, &renames, definitions, len, err);
	buf_free(&undo.text);
	return ok;
}
