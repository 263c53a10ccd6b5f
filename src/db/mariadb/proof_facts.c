/* Asking for what the proof judges by. */
#include "db/mariadb/proof_facts.h"
#include "base/text.h"
#include "db/mariadb/dump.h"
#include "db/mariadb/reach.h"

enum {
	SQL_MOST = 1 << 20
};

static bool says(const struct my_judging *j, const char *name)
{
	for (size_t i = 0; i < j->script.count; i++)
		if (my_mentions(j->script.statements[i].text, name))
			return true;
	for (size_t i = 0; i < j->s->reach.count; i++) {
		const char *body = my_reach_row(j->s, i)[MY_REACH_BODY];
		if (body != NULL && my_mentions(body, name))
			return true;
	}
	return false;
}

static void add_table(struct my_judging *j, const char *schema, const char *name, bool parts)
{
	if (!text_starts(name, "db_entry_"))
		j->tables[j->count++] = (struct my_judged){.schema = schema,
		    .name = name,
		    .parts = parts,
		    .title = my_title(j->s, schema, name, j->arena)};
}

static bool take_named(struct my_judging *j)
{
	const struct my_named *named = &j->s->named;
	j->tables = arena_array(j->arena, named->count, sizeof(*j->tables));
	for (size_t i = 0; i < named->count; i++)
		add_table(
		    j, named->tables[i].schema, named->tables[i].name, named->tables[i].parts);
	return true;
}

/* Statements and code name the databases that count. */
static bool read_tables(struct my_judging *j)
{
	struct my_db *s = j->s;
	if (s->named.only)
		return take_named(j);
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	struct db_rows rows;
	buf_add_text(&sql, "SELECT TABLE_SCHEMA, TABLE_NAME, CREATE_OPTIONS LIKE '%partitioned%'"
			   " FROM information_schema.TABLES WHERE"
			   " TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') AND"
			   " TABLE_SCHEMA IN (DATABASE()");
	for (size_t i = 0; i < s->schemas.count; i++) {
		if (!says(j, s->schemas.cells[i]))
			continue;
		buf_add_text(&sql, ", ");
		my_literal(s, s->schemas.cells[i], &sql);
	}
	buf_add_text(&sql, ")");
	if (sql.overflow)
		return err_set(j->err, ERR_UNEXPECTED, "a statement of our own is too long");
	if (!my_query(&s->base, sql.data, NULL, 0, j->arena, &rows, &s->stop, j->err))
		return false;
	j->tables = arena_array(j->arena, rows.count + 1, sizeof(*j->tables));
	for (size_t i = 0; i < rows.count; i++) {
		const char *const *row = rows.cells + 3 * i;
		add_table(j, row[0], row[1], row[2] != NULL && text_is(row[2], "1"));
	}
	return true;
}

/* Rows that are added take nothing along, and others nothing that is not referred to. */
static bool may_cascade(const struct my_judging *j)
{
	for (size_t i = 0; i < j->s->proof->count; i++) {
		const struct my_change *change = j->s->proof->records[i].change;
		if (change->form != MY_INSERT && change->form != MY_UPDATE)
			return true;
		if (change->form == MY_UPDATE && my_named_keys_itself(j->s))
			return true;
		for (size_t k = 0; k < change->column_count; k++)
			if (my_named_is_key(j->s, change->columns[k]))
				return true;
	}
	return false;
}

static bool read_cascades(struct my_judging *j)
{
	bool any = true;
	if (j->s->named.only) {
		any = may_cascade(j);
		if (any && !my_cascades_any(j->s, &any, j->err))
			return false;
	}
	return !any || my_cascades_read(j->s, j->arena, &j->cascades.rows, j->err);
}

bool my_facts_read(struct my_judging *j)
{
	struct my_proof *proof = j->s->proof;
	struct my_change *changes = arena_array(j->arena, proof->count + 1, sizeof(*changes));
	j->script.statements =
	    arena_array(j->arena, proof->count + 1, sizeof(*j->script.statements));
	j->cascades.arena = j->arena;
	for (size_t i = 0; i < proof->count; i++) {
		j->script.statements[j->script.count++] = *proof->records[i].statement;
		proof->records[i].change = &changes[i];
		my_change_of(&changes[i], proof->records[i].statement, j->arena);
	}
	if (!my_reach_read(j->s, &j->script, false, j->err) || !read_tables(j) || !read_cascades(j))
		return false;
	for (size_t i = 0; i < proof->count; i++)
		proof->records[i].fires =
		    my_reach_names(j->s, proof->records[i].statement->text) ||
		    my_calls_of(j->s, proof->records[i].statement) != MY_CALLS_NONE;
	return true;
}

struct my_judged *my_facts_find(struct my_judging *j, const char *schema, const char *name)
{
	const char *home = schema == NULL ? j->s->server.database : schema;
	struct my_judged *alike = NULL;
	for (size_t i = 0; i < j->count; i++) {
		struct my_judged *table = &j->tables[i];
		if (!my_alike(table->schema, home) || !my_alike(table->name, name))
			continue;
		if (text_is(table->name, name))
			return table;
		alike = table;
	}
	return alike;
}

bool my_facts_had_rows(
    struct my_judging *j, const char *schema, const char *name, const char *column)
{
	const struct my_taken rows = {.schema = schema, .table = name, .column = column};
	struct err ignored; /* without it nothing is known to be free */
	if (my_made_has(j->s, schema, name, column))
		return false;
	/* Who waits to alter the table, behind us, lets nobody else in. */
	if (j->side.conn == NULL && my_side_open(&j->side, j->s, &ignored) &&
	    !(my_do(&j->side, "SET SESSION lock_wait_timeout = 2", &ignored) &&
		my_do(
		    &j->side, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", &ignored)))
		my_side_close(&j->side);
	return my_taken_has_rows(&j->side, &rows);
}
