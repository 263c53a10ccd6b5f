/*
 * Has a dump anything to do with the database? Told by the tables in both, and by the runs that are
 * recorded in both. A table's rows are known in a dump by the COPY that fills it.
 */
#include "db/kinship.h"
#include "base/text.h"
#include "db/postgres/program.h"
#include "gen/sql.h"
#include <string.h>

static const char run_table[] = "db_entry_run";

struct comparing {
	struct pg_db *s;
	const char *path;
	struct pg_program program;
	struct kinship found;
	const struct stop *stop;
	struct arena arena;
};

/* Its third word; tables' rows and their places as partitions are entries of their own. */
static bool is_table(const char *entry, bool *ours)
{
	if (entry == NULL || !text_starts(entry, "TABLE ") || text_starts(entry, "TABLE DATA ") ||
	    text_starts(entry, "TABLE ATTACH "))
		return false;
	const char *schema = entry + strlen("TABLE ");
	const char *name = schema + strcspn(schema, " \n");
	*ours = text_starts(name, " db_entry_");
	return true;
}

static bool compare_tables(struct comparing *c, bool *has_ours, struct err *err)
{
	CLEANUP(buf_free) struct buf list = buf_init(PG_LIST_MAX);
	struct db_rows tables;
	if (!pg_list_read(&c->program, c->path, &list, c->stop, err) ||
	    !pg_ask(c->s, sql_postgres_kinship, NULL, 0, &c->arena, &tables, err))
		return false;
	c->found.live.tables = tables.count > 0;
	for (const char *line = list.len == 0 ? "" : list.data; *line != '\0';
	     line = pg_list_next(line)) {
		const char *entry = pg_list_entry(line);
		bool ours;
		if (!is_table(entry, &ours))
			continue;
		*has_ours = *has_ours || ours;
		c->found.dump.tables = c->found.dump.tables || !ours;
		c->found.tables = c->found.tables || pg_list_names(entry, &tables);
	}
	return true;
}

/* The first column of a COPY's rows, as the text of an array; which is an id of ours, so plain. */
static bool gather_ids(const char *script, struct buf *ids)
{
	bool rows = false, any = false;
	buf_add_char(ids, '{');
	for (const char *line = script; *line != '\0'; line = pg_list_next(line)) {
		size_t len = strcspn(line, "\t\n");
		if (!rows) {
			rows = text_starts(line, "COPY ");
			continue;
		}
		if (text_starts(line, "\\.\n")) {
			rows = false;
			continue;
		}
		if (memchr(line, '"', len) != NULL || memchr(line, '\\', len) != NULL)
			continue;
		buf_printf(ids, "%s\"%.*s\"", any ? "," : "", (int)len, line);
		any = true;
	}
	buf_add_char(ids, '}');
	return any;
}

static bool read_runs(struct comparing *c, struct buf *ids, struct err *err)
{
	char *argv[] = {arena_strdup(&c->arena, "--file=-"), arena_strdup(&c->arena, "--data-only"),
	    arena_printf(&c->arena, "--table=%s", run_table), arena_strdup(&c->arena, "--"),
	    arena_strdup(&c->arena, c->path), NULL};
	CLEANUP(buf_free) struct buf script = buf_init(PG_LIST_MAX);
	struct pg_call call = {.program = &c->program, .argv = argv, .argc = 5};
	if (!pg_program_read(&call, &script, c->stop, err))
		return false;
	c->found.dump.runs = gather_ids(script.len == 0 ? "" : script.data, ids);
	return !ids->overflow ||
	       err_set(err, ERR_DATABASE, "there are too many runs in %s", c->path);
}

static bool compare_runs(struct comparing *c, struct err *err)
{
	CLEANUP(buf_free) struct buf ids = buf_init(PG_LIST_MAX);
	struct db *db = &c->s->base;
	struct db_rows rows;
	bool has = false;
	if (!read_runs(c, &ids, err) || !db->driver->has_table(db, run_table, &has, c->stop, err))
		return false;
	if (!has)
		return true;
	const char *const values[] = {ids.data};
	const char *sql = arena_printf(&c->arena,
	    "SELECT EXISTS (SELECT FROM %s%s),"
	    " EXISTS (SELECT FROM %s%s WHERE id = ANY ($1::text[]))",
	    db->own, run_table, db->own, run_table);
	if (!pg_ask(c->s, sql, values, 1, &c->arena, &rows, err))
		return false;
	c->found.live.runs = pg_true(rows.cells[0]);
	c->found.runs = pg_true(rows.cells[1]);
	return true;
}

static bool compare(struct comparing *c, struct err *err)
{
	bool has_ours = false;
	return pg_program_find(&c->program, "pg_restore", NULL, &c->arena, c->stop, err) &&
	       compare_tables(c, &has_ours, err) && (!has_ours || compare_runs(c, err));
}

bool pg_dump_kinship(struct db *db, const char *path, enum db_kinship *kinship,
    const struct stop *stop, struct err *err)
{
	struct comparing c = {.s = (struct pg_db *)db, .path = path, .stop = stop};
	bool ok = pg_enter(c.s, stop, err) && compare(&c, err);
	if (ok)
		*kinship = kinship_judge(&c.found);
	arena_free(&c.arena);
	return ok;
}
