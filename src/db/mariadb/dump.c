/*
 * Dumping, over a session of its own: a snapshot for the tables of InnoDB; those of other engines
 * can't be written to from before it begins until their rows are read, which is first.
 */
#include "db/mariadb/dump.h"
#include "base/text.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BEAT_MS = 2000, /* between two signs of life to those who wait for the lock */
	NOTE = 64,
	NAMES_MOST = 4 << 20
};

const char *my_dump_folder(const struct url *url, struct arena *arena)
{
	(void)url;
	(void)arena;
	return NULL; /* the server's disk is not ours */
}

static bool estimate(struct my_db *s, int64_t *bytes, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	const char *name = s->server.database;
	if (!my_side_ask(s, &arena, &rows, err,
		"SELECT (SELECT CAST(COALESCE(SUM(1000 + COALESCE(DATA_LENGTH, 0)), 0) AS SIGNED)"
		" FROM information_schema.TABLES WHERE TABLE_SCHEMA = %t"
		" AND TABLE_NAME NOT LIKE 'db\\_entry\\_%%')"
		" + 1000 * (SELECT COUNT(*) FROM information_schema.ROUTINES"
		" WHERE ROUTINE_SCHEMA = %t)"
		" + 1000 * (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = "
		"%t)",
		name, name, name))
		return false;
	if (rows.count != 1 || rows.cells[0] == NULL)
		return err_set(err, ERR_UNEXPECTED, "the server does not say how large it is");
	*bytes = strtoll(rows.cells[0], NULL, 10);
	return true;
}

bool my_dump_estimate(struct db *db, int64_t *bytes, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	return my_enter(s, stop, err) && estimate(s, bytes, err);
}

/* --- Rights --- */

/* What may not be seen is not shown, and would be left out in silence. */
static bool grants(const char *line, const char *right)
{
	const char *target = strstr(line, " ON ");
	const char *found = strstr(line, right);
	if (target == NULL) /* a role: what it may is not said */
		return true;
	const char *all = strstr(line, "GRANT ALL PRIVILEGES");
	const char *to = strstr(target, ".* TO ");
	return to != NULL && ((found != NULL && found < target) || all != NULL);
}

/* A routine is not even listed to who has no right to one, nor to where all of them are. */
static bool lists_routines(const char *line)
{
	return grants(line, "EXECUTE") || grants(line, "ROUTINE") ||
	       strstr(line, " ON `mysql`.`proc` TO ") != NULL ||
	       (grants(line, "SELECT") && (strstr(line, " ON *.* TO ") != NULL ||
					      strstr(line, " ON `mysql`.* TO ") != NULL));
}

static bool check_routines(struct my_dump *d, const struct db_rows *rows, struct err *err)
{
	for (size_t row = 0; row < rows->count; row++)
		if (lists_routines(rows->cells[row]))
			return true;
	err_set(err, ERR_DATABASE, "%s has no right to routines in %s: some could be left out",
	    d->s->server.account, d->s->server.database);
	return my_advise_routines(&d->side, err);
}

static bool check_rights(struct my_dump *d, struct err *err)
{
	static const char *const rights[] = {"SELECT", "TRIGGER", "EVENT", "SHOW VIEW"};
	struct db_rows rows;
	if (!my_ask(&d->side, "SHOW GRANTS", &d->arena, &rows, err))
		return false;
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		bool has = false;
		for (size_t row = 0; row < rows.count; row++)
			has = has || grants(rows.cells[row], rights[i]);
		if (has)
			continue;
		err_set(err, ERR_DATABASE,
		    "%s has no right to %s in %s: something could be left out",
		    d->s->server.account, rights[i], d->s->server.database);
		return err_next(err,
		    "as an administrator: GRANT SELECT, TRIGGER, EVENT, SHOW VIEW, LOCK TABLES ON"
		    " `%s`.* TO %s;",
		    d->s->server.database, d->s->server.account);
	}
	return check_routines(d, &rows, err);
}

/* --- One moment --- */

static bool in_snapshot(const struct my_table *table)
{
	return table->view || table->sequence || table->fixed || table->elsewhere;
}

static bool is_denied(const struct err *err)
{
	return text_is(err->code, "1044") || text_is(err->code, "1142") ||
	       text_is(err->code, "1290") || text_is(err->code, "1836");
}

/* Where that is not allowed, it is told: such a table is as it is when it is read. */
static bool hold(struct my_dump *d, struct my_db *holder, const struct my_table *tables,
    size_t count, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(NAMES_MOST);
	for (size_t i = 0; i < count; i++) {
		if (in_snapshot(&tables[i]))
			continue;
		buf_add_text(&sql, sql.len == 0 ? "LOCK TABLES " : ", ");
		my_name(tables[i].name, &sql);
		buf_add_text(&sql, " READ");
	}
	if (sql.len == 0)
		return true;
	if (!my_side_open(holder, d->s, err))
		return false;
	holder->alive = d->side.alive;
	holder->context = d->side.context;
	if (my_do(holder, sql.data, err))
		return true;
	if (!is_denied(err))
		return false;
	if (d->s->notice != NULL)
		d->s->notice(d->s->context, DB_NOTICE_WARNING,
		    "tables that are not InnoDB's may be of a later moment than the others: LOCK"
		    " TABLES is not allowed");
	return true;
}

/* What a table was before the snapshot; one that was made meanwhile is not in it. */
static bool compare(
    const struct my_table *before, size_t before_count, struct my_table *table, struct err *err)
{
	for (size_t i = 0; i < before_count; i++) {
		if (!text_is(before[i].name, table->name) ||
		    !text_is(before[i].engine, table->engine))
			continue;
		memcpy(table->columns, before[i].columns, sizeof(table->columns));
		return true;
	}
	err_set(err, ERR_DATABASE, "table %s was made while the dump was", table->name);
	err->retry = ERR_RETRY;
	return err_next(err, "start again when nobody changes the schema");
}

/* --- Signs of life --- */

static void beat(struct my_dump *d)
{
	char note[NOTE], elapsed[32];
	int64_t now = stop_now();
	if (now - d->beat < BEAT_MS)
		return;
	d->beat = now;
	text_elapsed(now - d->began, elapsed, sizeof(elapsed));
	snprintf(note, sizeof(note), "making a dump, %s", elapsed);
	my_lock_note(&d->s->base, note);
	d->s->stop = d->side.stop;
}

static void alive(void *context)
{
	struct my_dump *d = context;
	int64_t done = d->w.written;
	beat(d);
	if (d->progress != NULL && d->progress->show != NULL)
		d->progress->show(d->progress->context, done, done > d->total ? done : d->total);
}

/* --- The file --- */

static void write_head(struct my_dump *d)
{
	const struct my_server *server = &d->s->server;
	my_write_text(&d->w, MY_DUMP_HEAD);
	my_write_format(&d->w,
	    "-- of %s %s. To restore it without db-entry, into an empty database:\n"
	    "-- %s DATABASE < this file\n",
	    server->flavour, server->version, server->maria ? "mariadb" : "mysql");
	my_write_text(&d->w, sql_mariadb_dump_head);
}

static bool write_tail(struct my_dump *d, struct err *err)
{
	char hex[DIGEST_HEX + 1];
	my_write_mark(&d->w, "end", "");
	my_write_text(&d->w, sql_mariadb_dump_tail);
	my_write_format(&d->w,
	    MY_DUMP_MARK "complete tables=%" PRId64 " rows=%" PRId64 " longest=%" PRId64 " sha256=",
	    d->tables, d->rows, d->w.longest);
	if (!my_writer_flush(&d->w, err))
		return false;
	digest_hex(d->w.digest, hex);
	my_write_format(&d->w, "%s\n", hex);
	return my_writer_flush(&d->w, err);
}

/* In the order in which they can be made again; those that are held first. */
static bool dump_tables(
    struct my_dump *d, const struct my_table *tables, size_t count, int turn, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct my_table *table = &tables[i];
		int due = table->sequence ? 0 : in_snapshot(table) ? 2 : 1;
		if (due != turn || table->view || table->elsewhere)
			continue;
		/* Others may change the table again. */
		if (!my_dump_table(d, table, err) ||
		    !my_do(&d->side, "ROLLBACK TO SAVEPOINT db_entry", err))
			return false;
	}
	return true;
}

static bool dump_shells(
    struct my_dump *d, const struct my_table *tables, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (tables[i].elsewhere && !my_dump_shell(d, &tables[i], err))
			return false;
	return true;
}

static bool dump_all(struct my_dump *d, struct my_db *holder, struct err *err)
{
	struct my_table *before, *tables;
	size_t before_count, count;
	const char *name = d->s->server.database;
	if (!my_tables(&d->side, name, &d->arena, &before, &before_count, err) ||
	    !my_columns(&d->side, name, before, before_count, err) ||
	    !hold(d, holder, before, before_count, err) ||
	    !my_do(&d->side, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", err) ||
	    !my_do(&d->side, "SAVEPOINT db_entry", err) ||
	    !my_tables(&d->side, name, &d->arena, &tables, &count, err))
		return false;
	write_head(d);
	for (size_t i = 0; i < count; i++)
		if (!compare(before, before_count, &tables[i], err))
			return false;
	if (!dump_tables(d, tables, count, 0, err) || !dump_tables(d, tables, count, 1, err))
		return false;
	my_side_close(holder);
	if (!dump_tables(d, tables, count, 2, err))
		return false;
	my_write_mark(&d->w, "definitions", "");
	return dump_shells(d, tables, count, err) && my_dump_code(d, tables, count, err) &&
	       write_tail(d, err);
}

static bool open_all(struct my_dump *d, struct err *err)
{
	if (!estimate(d->s, &d->total, err) || !my_side_open(&d->side, d->s, err))
		return false;
	d->side.alive = alive;
	d->side.context = d;
	return my_do(&d->side, sql_mariadb_dump_session, err) &&
	       my_do(&d->side, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", err) &&
	       check_rights(d, err);
}

bool my_dump_database(struct db *db, struct sink *sink, const char *scratch,
    const struct db_progress *progress, struct db_dump_check *check, const struct stop *stop,
    struct err *err)
{
	(void)scratch; /* a stream needs none */
	struct my_dump d = {.s = (struct my_db *)db, .progress = progress, .began = stop_now()};
	struct my_db holder = {.conn = NULL};
	d.beat = d.began;
	if (!my_enter(d.s, stop, err))
		return false;
	my_writer_open(&d.w, sink, stop);
	d.w.moved = alive;
	d.w.context = &d;
	bool ok = open_all(&d, err) && dump_all(&d, &holder, err);
	my_side_close(&holder);
	my_side_close(&d.side);
	my_writer_free(&d.w);
	arena_free(&d.arena);
	if (!ok)
		return false;
	*check = (struct db_dump_check){0};
	return true;
}

/* --- Checking --- */

bool my_dump_check(
    const char *path, struct db_dump_check *check, const struct stop *stop, struct err *err)
{
	struct my_script script = {.path = NULL};
	struct my_part part = {.kind = MY_PART_MARK};
	bool ok = my_script_open(&script, path, err);
	while (ok && part.kind != MY_PART_END)
		ok = my_script_next(&script, &part, stop, err);
	my_script_close(&script);
	if (ok)
		*check = (struct db_dump_check){0};
	return ok;
}
