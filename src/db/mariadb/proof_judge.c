/* What the rows that were changed are to those who had them. */
#include "base/text.h"
#include "db/mariadb/cascade.h"
#include "db/mariadb/dump.h"
#include "db/mariadb/proof.h"
#include "db/mariadb/reach.h"
#include "sql/names.h"
#include <inttypes.h>
#include <string.h>

enum {
	SQL_MOST = 1 << 20,
	SUMMARY = 120
};

/* A table of the database, and what became of its rows. */
struct table {
	const char *schema, *name, *title;
	bool touched; /* and looked at */
	bool free;    /* it had no row when the run began */
	bool parts;   /* partitions, which count each row twice */
	int64_t deleted, replaced, changed, inserted;
	int64_t beyond;      /* rows that are of this table or of others */
	const char *whereby; /* "log.sql:3: INSERT INTO log …" */
	int64_t most;        /* an UPDATE under a WHERE met, at the most */
};

struct judging {
	struct my_db *s;
	struct arena *arena;
	struct my_db side; /* sees what was there before; opened when it is needed */
	struct sql_script script;
	struct table *tables;
	size_t count;
	struct my_cascades cascades;
	struct db_proof *proof;
	size_t loss_capacity, overwrite_capacity;
	int64_t written; /* rows, by all; of which table nobody says */
	int64_t unnamed; /* rows of nobody knows which table */
	const char *unnamed_by;
	struct err *err;
};

/* --- What is there --- */

static bool says(const struct judging *j, const char *name)
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

/* Statements and code name the databases that count. */
static bool read_tables(struct judging *j)
{
	struct my_db *s = j->s;
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
		if (text_starts(row[1], "db_entry_"))
			continue;
		j->tables[j->count++] = (struct table){.schema = row[0],
		    .name = row[1],
		    .parts = text_is(row[2], "1"),
		    .title = my_title(s, row[0], row[1], j->arena)};
	}
	return true;
}

static bool read_facts(struct judging *j)
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
	if (!my_reach_read(j->s, &j->script, false, j->err) || !read_tables(j) ||
	    !my_cascades_read(j->s, j->arena, &j->cascades.rows, j->err))
		return false;
	for (size_t i = 0; i < proof->count; i++)
		proof->records[i].fires =
		    my_reach_names(j->s, proof->records[i].statement->text) ||
		    my_calls_of(j->s, proof->records[i].statement) != MY_CALLS_NONE;
	return true;
}

/* The one of this name; as the server may fold it, when there is none by this very one. */
static struct table *find(struct judging *j, const char *schema, const char *name)
{
	const char *home = schema == NULL ? j->s->server.database : schema;
	struct table *alike = NULL;
	for (size_t i = 0; i < j->count; i++) {
		struct table *table = &j->tables[i];
		if (!text_is_nocase(table->schema, home) || !text_is_nocase(table->name, name))
			continue;
		if (text_is(table->name, name))
			return table;
		alike = table;
	}
	return alike;
}

static bool had_rows(struct judging *j, const char *schema, const char *name, const char *column)
{
	const struct my_taken rows = {.schema = schema, .table = name, .column = column};
	struct err ignored; /* without it nothing is known to be free */
	if (my_made_has(j->s, schema, name, column))
		return false;
	/* Who waits to alter the table, behind us, lets nobody else in. */
	if (j->side.conn == NULL && my_side_open(&j->side, j->s, &ignored))
		my_do(&j->side, "SET SESSION lock_wait_timeout = 2", &ignored);
	return my_taken_has_rows(&j->side, &rows);
}

static void look_at(struct judging *j, struct table *table)
{
	if (!table->touched)
		table->free = !had_rows(j, table->schema, table->name, NULL);
	table->touched = true;
}

static const char *where_of(struct judging *j, const struct my_record *record)
{
	char summary[SUMMARY];
	const struct sql_statement *statement = record->statement;
	sql_summary(statement->dialect, statement, summary, sizeof(summary));
	return arena_printf(j->arena, "%s:%d: %s", statement->file, statement->line, summary);
}

/* --- What a statement did --- */

/* Rows that it deleted or changed, with what it set off; as far as that is known. */
static int64_t changed_by(const struct my_record *record)
{
	enum my_form form = record->change->form;
	if (record->counted)
		return record->own.deleted + record->own.updated;
	return form == MY_UPDATE || form == MY_DELETE || form == MY_HISTORY ? record->affected : 0;
}

/* Only with a count of its own it is known what it did. */
static bool is_deep(const struct my_record *record)
{
	enum my_form form = record->change->form;
	return form == MY_ANYTHING || form == MY_UPSERT || form == MY_REPLACE ||
	       record->change->returning || record->fires;
}

/* Rows that an UPDATE leaves as they are count where it does not read them first. */
static int64_t said_by(const struct my_record *record)
{
	enum my_form form = record->change->form;
	if (form != MY_UPDATE && form != MY_DELETE && form != MY_HISTORY)
		return 0;
	return record->matched > record->affected ? record->matched : record->affected;
}

static bool is_view(const struct judging *j, const struct my_record *record)
{
	for (size_t k = 0; k < record->change->count; k++)
		if (my_reach_is_view(j->s, record->change->tables[k].name))
			return true;
	return false;
}

/* Rows that may be counted for each that it says: partitions count them once more. */
static int64_t times(struct judging *j, const struct my_record *record)
{
	for (size_t i = 0; i < record->change->count; i++) {
		const struct my_changed *changed = &record->change->tables[i];
		const struct table *table = find(j, changed->schema, changed->name);
		if (table != NULL && table->parts)
			return 2;
	}
	return 1;
}

/*
 * Did it change what it says, and nothing else? One that set off more has more changed than it
 * says.
 */
static bool is_plain(struct judging *j, const struct my_record *record)
{
	if (is_view(j, record))
		return false;
	switch (record->change->form) {
	case MY_UPDATE:
	case MY_DELETE:
	case MY_HISTORY:
		if (record->change->returning)
			return !record->fires;
		return record->fires ? changed_by(record) == record->affected
				     : changed_by(record) <= times(j, record) * said_by(record);
	case MY_UPSERT:
	case MY_REPLACE:
		return !record->fires;
	default:
		return false;
	}
}

/* --- Beyond what it says --- */

/* What a statement names, and what the code names that it may run. */
static void gather(const struct judging *j, const char *text, bool *reached, bool *hidden)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < j->s->reach.count; i++) {
			const char *const *row = my_reach_row(j->s, i);
			const char *name =
			    row[MY_REACH_TABLE] != NULL ? row[MY_REACH_TABLE] : row[MY_REACH_NAME];
			bool named = my_mentions(text, name);
			for (size_t k = 0; k < j->s->reach.count && !named; k++) {
				const char *body = my_reach_row(j->s, k)[MY_REACH_BODY];
				named = reached[k] && body != NULL && my_mentions(body, name);
			}
			if (reached[i] || !named)
				continue;
			reached[i] = more = true;
			*hidden = *hidden || row[MY_REACH_BODY] == NULL;
		}
	}
}

static bool is_reached(
    const struct judging *j, const char *text, const bool *reached, const char *name)
{
	if (my_mentions(text, name))
		return true;
	for (size_t i = 0; i < j->s->reach.count; i++)
		if (reached[i] && my_reach_row(j->s, i)[MY_REACH_BODY] != NULL &&
		    my_mentions(my_reach_row(j->s, i)[MY_REACH_BODY], name))
			return true;
	return false;
}

/* Rows of some of these tables: all that may be are named. */
static void blame_all(struct judging *j, const struct my_record *record)
{
	const char *text = record->statement->text;
	bool *reached = arena_array(j->arena, j->s->reach.count + 1, sizeof(*reached));
	bool hidden = false, any = false;
	gather(j, text, reached, &hidden);
	for (size_t i = 0; i < j->count; i++) {
		struct table *table = &j->tables[i];
		if (!is_reached(j, text, reached, table->name))
			continue;
		any = true;
		look_at(j, table);
		table->beyond += changed_by(record);
		if (table->whereby == NULL)
			table->whereby = where_of(j, record);
		my_cascades_add(&j->cascades, table->schema, table->name, true, NULL);
		my_cascades_add(&j->cascades, table->schema, table->name, false, NULL);
	}
	/* Without a table of that name they are a temporary one's, if all is seen. */
	if (!hidden && (any || record->change->count > 0))
		return;
	j->unnamed += changed_by(record);
	j->unnamed_by = where_of(j, record);
}

/* --- As it says --- */

static bool fires_on_update(const struct judging *j, const struct table *table)
{
	for (size_t i = 0; i < j->s->reach.count; i++) {
		const char *const *row = my_reach_row(j->s, i);
		if (row[MY_REACH_TABLE] != NULL &&
		    text_is_nocase(row[MY_REACH_TABLE], table->name) &&
		    strstr(row[MY_REACH_KIND], "UPDATE") != NULL)
			return true;
	}
	return false;
}

/* A column that the server sets by itself, and the statement does not: its values are gone. */
static bool sets_itself(struct judging *j, const struct table *table,
    const struct my_change *change, const char **column)
{
	static const char sql[] =
	    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND"
	    " TABLE_NAME = ? AND EXTRA LIKE '%on update%'";
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = table->schema}, {.type = DB_TEXT, .text = table->name}};
	struct db_rows rows;
	*column = NULL;
	if (!my_query(&j->s->base, sql, values, 2, j->arena, &rows, &j->s->stop, j->err))
		return false;
	for (size_t i = 0; i < rows.count; i++)
		if (!my_change_says(change, rows.cells[i]) &&
		    !my_made_has(j->s, table->schema, table->name, rows.cells[i]))
			*column = rows.cells[i];
	return true;
}

static void add_loss(struct judging *j, const char *object, const char *evidence)
{
	struct db_proof *proof = j->proof;
	proof->losses = arena_grow(
	    j->arena, proof->losses, proof->count, &j->loss_capacity, sizeof(*proof->losses));
	proof->losses[proof->count++] = (struct db_loss){object, evidence};
}

/* New ones, or without a value in any row. */
static bool sets_empty_columns(
    struct judging *j, const struct table *table, const struct my_change *change)
{
	for (size_t i = 0; i < change->column_count; i++)
		if (had_rows(j, table->schema, table->name, change->columns[i]))
			return false;
	return change->column_count > 0 && !fires_on_update(j, table);
}

static void tell_overwrite(
    struct judging *j, const struct table *table, const struct my_record *record)
{
	struct db_proof *proof = j->proof;
	const struct db_overwrite overwrite = {
	    .table = table->title, .rows = record->affected, .statement = record->statement};
	proof->overwrites = arena_grow(j->arena, proof->overwrites, proof->overwrite_count,
	    &j->overwrite_capacity, sizeof(overwrite));
	proof->overwrites[proof->overwrite_count++] = overwrite;
}

static bool judge_update(struct judging *j, struct table *table, const struct my_record *record)
{
	const struct my_change *change = record->change;
	const char *column = NULL, *text = record->statement->text;
	my_cascades_add(&j->cascades, table->schema, table->name, false,
	    fires_on_update(j, table) ? NULL : text);
	if (table->free)
		return true;
	if (sets_empty_columns(j, table, change)) {
		if (!sets_itself(j, table, change, &column))
			return false;
		if (column != NULL && !change->where)
			add_loss(j,
			    arena_printf(j->arena, "column %s.%s", table->title,
				my_title(j->s, NULL, column, j->arena)),
			    arena_printf(j->arena,
				"%s.%s is set anew in %" PRId64 " rows by its ON UPDATE; SET %s ="
				" %s keeps it",
				table->name, column, record->affected, column, column));
		return true;
	}
	if (!change->where) {
		table->changed += record->affected;
		return true;
	}
	if (record->matched > table->most)
		table->most = record->matched;
	tell_overwrite(j, table, record);
	return true;
}

static void keep_sample(
    struct judging *j, const struct table *table, const struct my_record *record)
{
	struct my_proof *proof = j->s->proof;
	if (record->change->form != MY_DELETE || record->change->rest == NULL ||
	    record->change->returning || my_calls_of(j->s, record->statement) != MY_CALLS_NONE)
		return;
	const struct my_sample sample = {
	    .object = arena_printf(&proof->refused, "rows of %s", table->title),
	    .from = arena_strdup(&proof->refused, record->change->rest),
	    .schema = arena_strdup(&proof->refused, table->schema),
	    .table = arena_strdup(&proof->refused, table->name),
	};
	proof->samples = arena_grow(&proof->refused, proof->samples, proof->sample_count,
	    &proof->sample_capacity, sizeof(sample));
	proof->samples[proof->sample_count++] = sample;
}

static bool judge_table(struct judging *j, struct table *table, const struct my_record *record)
{
	bool told = record->change->form == MY_DELETE || record->change->form == MY_HISTORY;
	int64_t rows = told && !record->change->returning ? record->affected : changed_by(record);
	look_at(j, table);
	if (record->change->form == MY_UPDATE)
		return judge_update(j, table, record);
	bool upsert = record->change->form == MY_UPSERT;
	my_cascades_add(&j->cascades, table->schema, table->name, !upsert,
	    upsert ? record->statement->text : NULL);
	if (record->change->form == MY_REPLACE)
		my_cascades_add(&j->cascades, table->schema, table->name, false, NULL);
	if (table->free)
		return true;
	if (upsert)
		table->changed += rows;
	else if (record->change->form == MY_REPLACE)
		table->replaced += rows;
	else {
		table->deleted += rows;
		if (table->deleted == rows)
			keep_sample(j, table, record);
	}
	return true;
}

static bool judge_record(struct judging *j, const struct my_record *record)
{
	if (changed_by(record) <= 0)
		return true;
	if (record->change->form == MY_UPDATE && !record->change->returning &&
	    record->affected == 0 && !record->fires)
		return true;
	if (!is_plain(j, record)) {
		blame_all(j, record);
		return true;
	}
	for (size_t i = 0; i < record->change->count; i++) {
		const struct my_changed *changed = &record->change->tables[i];
		struct table *table = find(j, changed->schema, changed->name);
		/* One that no catalog has is temporary. */
		if (table != NULL && !judge_table(j, table, record))
			return false;
	}
	return true;
}

/* --- All of them --- */

/* Does each statement, by what it says, account for what was counted? */
static bool adds_up(struct judging *j, const struct my_counts *counts)
{
	const struct my_proof *proof = j->s->proof;
	int64_t said = 0;
	for (size_t i = 0; i < proof->count; i++) {
		if (is_deep(&proof->records[i]))
			return false;
		said += times(j, &proof->records[i]) * said_by(&proof->records[i]);
	}
	return counts->deleted + counts->updated <= said;
}

/* Rows that code adds may be any table's. */
static void note_inserted(struct judging *j)
{
	for (size_t i = 0; i < j->s->proof->count; i++) {
		const struct my_record *record = &j->s->proof->records[i];
		for (size_t k = 0; k < j->count && record->fires; k++)
			j->tables[k].inserted = j->written;
		for (size_t k = 0; k < record->change->count && record->affected > 0; k++) {
			struct table *table = find(
			    j, record->change->tables[k].schema, record->change->tables[k].name);
			if (table != NULL && record->change->form != MY_UPDATE &&
			    record->change->form != MY_DELETE)
				table->inserted = table->inserted + record->affected < j->written
						      ? table->inserted + record->affected
						      : j->written;
		}
	}
}

/* A condition that every row of some met is none. One row alone is no sign of that. */
static bool find_conditions(struct judging *j)
{
	note_inserted(j);
	for (size_t i = 0; i < j->count; i++) {
		CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
		struct table *table = &j->tables[i];
		int64_t most = table->most + table->inserted;
		struct db_rows rows;
		if (table->most < 2 || table->free)
			continue;
		buf_add_text(&sql, "SELECT COUNT(*) <= ? FROM (SELECT 1 FROM ");
		my_name(table->schema, &sql);
		buf_add_char(&sql, '.');
		my_name(table->name, &sql);
		buf_add_text(&sql, " LIMIT ?) AS r");
		const struct db_value values[] = {
		    {.type = DB_INT, .number = most}, {.type = DB_INT, .number = most + 1}};
		if (!my_query(
			&j->s->base, sql.data, values, 2, j->arena, &rows, &j->s->stop, j->err))
			return false;
		if (rows.count == 1 && text_is(rows.cells[0], "1"))
			table->changed += table->most;
	}
	return true;
}

static const char *rows_word(int64_t count)
{
	return count == 1 ? "row" : "rows";
}

static const char *evidence_of(struct judging *j, const struct table *table)
{
	struct arena *arena = j->arena;
	const char *text = "";
	const struct {
		int64_t count;
		const char *what;
	} parts[] = {{table->deleted, "deleted"}, {table->replaced, "replaced"},
	    {table->changed, "changed"}};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].count > 0)
			text = arena_printf(arena, "%s%s%" PRId64 " %s of %s %s %s", text,
			    text[0] == '\0' ? "" : "; ", parts[i].count, rows_word(parts[i].count),
			    table->name, parts[i].count == 1 ? "is" : "are", parts[i].what);
	if (table->beyond > 0)
		text = arena_printf(arena, "%s%s%" PRId64 " %s, maybe of %s, %s changed by %s",
		    text, text[0] == '\0' ? "" : "; ", table->beyond, rows_word(table->beyond),
		    table->name, table->beyond == 1 ? "is" : "are", table->whereby);
	return text;
}

static void tell_tables(struct judging *j)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct table *table = &j->tables[i];
		j->proof->tables += table->touched;
		if (!table->free &&
		    table->deleted + table->replaced + table->changed + table->beyond > 0)
			add_loss(j, arena_printf(j->arena, "rows of %s", table->title),
			    evidence_of(j, table));
	}
	if (j->unnamed > 0)
		add_loss(j, "rows that are not named",
		    arena_printf(j->arena,
			"%" PRId64 " %s, of nobody can tell which table, %s"
			" changed by %s",
			j->unnamed, rows_word(j->unnamed), j->unnamed == 1 ? "is" : "are",
			j->unnamed_by));
}

static void tell_cascades(struct judging *j)
{
	for (size_t i = 0; i < j->cascades.count; i++) {
		const struct my_taken *taken = &j->cascades.taken[i];
		if (!had_rows(j, taken->schema, taken->table, taken->column))
			continue;
		add_loss(j, my_taken_object(j->s, taken, j->arena),
		    arena_printf(j->arena, "%s of %s may go with those of %s, %s",
			taken->column == NULL
			    ? "rows"
			    : arena_printf(j->arena, "values of %s", taken->column),
			taken->table, taken->parent, taken->rule));
	}
}

static bool judge_all(struct judging *j)
{
	struct my_proof *proof = j->s->proof;
	for (size_t i = 0; i < proof->count; i++)
		if (!judge_record(j, &proof->records[i]))
			return false;
	if (!find_conditions(j))
		return false;
	tell_tables(j);
	tell_cascades(j);
	return true;
}

bool my_proof_judge(struct my_db *s, struct db_proof *proof, const struct my_counts *counts,
    bool *again, struct arena *arena, struct err *err)
{
	struct judging j = {
	    .s = s, .arena = arena, .proof = proof, .written = counts->written, .err = err};
	*again = false;
	if (!read_facts(&j))
		return false;
	bool ok = true;
	if (!s->proof->detailed && !adds_up(&j, counts))
		*again = true;
	else
		ok = judge_all(&j);
	my_side_close(&j.side);
	return ok;
}
