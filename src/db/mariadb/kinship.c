/*
 * Has a dump anything to do with the database? Told by the tables in both, and by the runs that are
 * recorded in both.
 */
#include "db/kinship.h"
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <string.h>

enum {
	IDS_MOST = 64 << 20
};

static const char run_table[] = "db_entry_run";

struct comparing {
	struct my_db *s;
	struct my_table *mine;
	size_t count;
	struct kinship found;
	struct buf ids; /* of the dump's runs, as a list of literals */
	struct arena arena;
};

static bool is_ours(const char *name)
{
	return text_starts(name, "db_entry_");
}

static void see_table(struct comparing *c, const char *name)
{
	if (is_ours(name))
		return;
	c->found.dump.tables = true;
	for (size_t i = 0; i < c->count && !c->found.tables; i++)
		c->found.tables = !c->mine[i].view && text_is_nocase(c->mine[i].name, name);
}

/* The first column, which is the id, of each row: one a line. An id of ours needs no escaping. */
static void gather_ids(struct comparing *c, const char *insert)
{
	for (const char *at = insert; (at = strstr(at, "\n('")) != NULL;) {
		at += strlen("\n(");
		size_t len = 1 + strcspn(at + 1, "'\\");
		if (at[len] != '\'')
			continue;
		buf_add_char(&c->ids, c->found.dump.runs ? ',' : '(');
		buf_add(&c->ids, at, len + 1);
		c->found.dump.runs = true;
	}
}

static bool read_dump(
    struct comparing *c, struct my_script *script, const struct stop *stop, struct err *err)
{
	bool runs = false;
	struct my_part part;
	const char *name;
	do {
		if (!my_script_next(script, &part, stop, err))
			return false;
		if (part.kind == MY_PART_STATEMENT && runs)
			gather_ids(c, part.text);
		if (part.kind != MY_PART_MARK)
			continue;
		runs = false;
		if ((name = my_mark(&part, "rows")) != NULL)
			runs = text_is(name, run_table);
		else if ((name = my_mark(&part, "table")) != NULL)
			see_table(c, name);
	} while (part.kind != MY_PART_END);
	return !c->ids.overflow ||
	       err_set(err, ERR_DATABASE, "there are too many runs in %s", script->path);
}

static bool has_run_table(const struct comparing *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (text_is(c->mine[i].name, run_table))
			return true;
	return false;
}

static bool compare_runs(struct comparing *c, struct err *err)
{
	struct db_rows rows;
	if (!has_run_table(c))
		return true;
	buf_add_text(&c->ids, c->found.dump.runs ? ")" : "(NULL)");
	const char *own = c->s->base.own;
	const char *sql = arena_printf(&c->arena,
	    "SELECT EXISTS (SELECT 1 FROM %s%s), EXISTS (SELECT 1 FROM %s%s WHERE id IN %s)", own,
	    run_table, own, run_table, c->ids.data);
	if (!my_ask(c->s, sql, &c->arena, &rows, err))
		return false;
	c->found.live.runs = text_is(rows.cells[0], "1");
	c->found.runs = text_is(rows.cells[1], "1");
	return true;
}

static bool compare(
    struct comparing *c, struct my_script *script, const struct stop *stop, struct err *err)
{
	if (!my_tables(c->s, c->s->server.database, &c->arena, &c->mine, &c->count, err) ||
	    !read_dump(c, script, stop, err))
		return false;
	for (size_t i = 0; i < c->count; i++)
		c->found.live.tables =
		    c->found.live.tables || (!c->mine[i].view && !is_ours(c->mine[i].name));
	return compare_runs(c, err);
}

bool my_dump_kinship(struct db *db, const char *path, enum db_kinship *kinship,
    const struct stop *stop, struct err *err)
{
	struct comparing c = {.s = (struct my_db *)db, .ids = buf_init(IDS_MOST)};
	struct my_script script = {.path = NULL};
	bool ok = my_enter(c.s, stop, err) && my_script_open(&script, path, err) &&
		  compare(&c, &script, stop, err);
	if (ok)
		*kinship = kinship_judge(&c.found);
	my_script_close(&script);
	buf_free(&c.ids);
	arena_free(&c.arena);
	return ok;
}
