/* What the rows that were changed are to those who had them. */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include "db/mariadb/proof_facts.h"
#include "db/mariadb/reach.h"
#include "sql/names.h"
#include <inttypes.h>
#include <string.h>

enum {
	SQL_MOST = 1 << 20,
	SUMMARY = 120
};

static void look_at(struct my_judging *j, struct my_judged *table)
{
	if (!table->touched)
		table->free = !my_facts_had_rows(j, table->schema, table->name, NULL);
	table->touched = true;
}

static const char *where_of(struct my_judging *j, const struct my_record *record)
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

static bool is_view(const struct my_judging *j, const struct my_record *record)
{
	for (size_t k = 0; k < record->change->count; k++)
		if (my_reach_is_view(j->s, record->change->tables[k].name))
			return true;
	return false;
}

/* Rows that may be counted for each that it says: partitions count them once more. */
static int64_t times(struct my_judging *j, const struct my_record *record)
{
	for (size_t i = 0; i < record->change->count; i++) {
		const struct my_changed *changed = &record->change->tables[i];
		const struct my_judged *table = my_facts_find(j, changed->schema, changed->name);
		if (table != NULL && table->parts)
			return 2;
	}
	return 1;
}

/*
 * Did it change what it says, and nothing else? One that set off more has more changed than it
 * says.
 */
static bool is_plain(struct my_judging *j, const struct my_record *record)
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
static void gather(const struct my_judging *j, const char *text, bool *reached, bool *hidden)
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
    const struct my_judging *j, const char *text, const bool *reached, const char *name)
{
	if (my_mentions(text, name))
		return true;
	for (size_t i = 0; i < j->s->reach.count; i++)
		if (reached[i] && my_reach_row(j->s, i)[MY_REACH_BODY] != NULL &&
		    my_mentions(my_reach_row(j->s, i)[MY_REACH_BODY], name))
			return true;
	return false;
}

/* By itself it does not: what set it off is none of what is known. */
static bool is_unseen(const struct my_record *record)
{
	enum my_form form = record->change->form;
	return !record->fires && !record->change->returning &&
	       (form == MY_INSERT || form == MY_UPDATE || form == MY_DELETE);
}

/* Rows of some of these tables: all that may be are named. */
static void blame_all(struct my_judging *j, const struct my_record *record)
{
	const char *text = record->statement->text;
	bool *reached = arena_array(j->arena, j->s->reach.count + 1, sizeof(*reached));
	bool hidden = is_unseen(record), any = false;
	gather(j, text, reached, &hidden);
	for (size_t i = 0; i < j->count; i++) {
		struct my_judged *table = &j->tables[i];
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

/* A column that the server sets by itself, and the statement does not: its values are gone. */
static bool sets_itself(struct my_judging *j, const struct my_judged *table,
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

static void add_loss(struct my_judging *j, const char *object, const char *evidence)
{
	struct db_proof *proof = j->proof;
	proof->losses = arena_grow(
	    j->arena, proof->losses, proof->count, &j->loss_capacity, sizeof(*proof->losses));
	proof->losses[proof->count++] = (struct db_loss){object, evidence};
}

/* New ones, or without a value in any row. */
static bool sets_empty_columns(
    struct my_judging *j, const struct my_judged *table, const struct my_change *change)
{
	for (size_t i = 0; i < change->column_count; i++)
		if (my_facts_had_rows(j, table->schema, table->name, change->columns[i]))
			return false;
	return change->column_count > 0 && !my_reach_sets_more(j->s, table->name);
}

static void tell_overwrite(
    struct my_judging *j, const struct my_judged *table, const struct my_record *record)
{
	struct db_proof *proof = j->proof;
	const struct db_overwrite overwrite = {
	    .table = table->title, .rows = record->affected, .statement = record->statement};
	proof->overwrites = arena_grow(j->arena, proof->overwrites, proof->overwrite_count,
	    &j->overwrite_capacity, sizeof(overwrite));
	proof->overwrites[proof->overwrite_count++] = overwrite;
}

static bool judge_update(
    struct my_judging *j, struct my_judged *table, const struct my_record *record)
{
	const struct my_change *change = record->change;
	const char *column = NULL, *sets;
	if (!my_cascades_sets(
		j->s, &j->cascades, table->schema, table->name, change, &sets, j->err))
		return false;
	my_cascades_add(&j->cascades, table->schema, table->name, false,
	    my_reach_sets_more(j->s, table->name) ? NULL : sets);
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
		if (column == NULL || !change->where)
			return true;
		table->itself = column;
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
    struct my_judging *j, const struct my_judged *table, const struct my_record *record)
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

static bool judge_table(
    struct my_judging *j, struct my_judged *table, const struct my_record *record)
{
	bool told = record->change->form == MY_DELETE || record->change->form == MY_HISTORY;
	int64_t rows = told && !record->change->returning ? record->affected : changed_by(record);
	look_at(j, table);
	if (record->change->form == MY_UPDATE)
		return judge_update(j, table, record);
	bool upsert = record->change->form == MY_UPSERT;
	const char *sets = NULL;
	if (upsert && !my_cascades_sets(j->s, &j->cascades, table->schema, table->name,
			  record->change, &sets, j->err))
		return false;
	my_cascades_add(&j->cascades, table->schema, table->name, !upsert, sets);
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

static bool judge_record(struct my_judging *j, const struct my_record *record)
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
		struct my_judged *table = my_facts_find(j, changed->schema, changed->name);
		/* One that no catalog has is temporary. */
		if (table != NULL && !judge_table(j, table, record))
			return false;
	}
	return true;
}

/* --- All of them --- */

/* Does each statement, by what it says, account for what was counted? */
static bool adds_up(struct my_judging *j, const struct my_counts *counts)
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
static void note_inserted(struct my_judging *j)
{
	for (size_t i = 0; i < j->s->proof->count; i++) {
		const struct my_record *record = &j->s->proof->records[i];
		for (size_t k = 0; k < j->count && record->fires; k++)
			j->tables[k].inserted = j->written;
		for (size_t k = 0; k < record->change->count && record->affected > 0; k++) {
			struct my_judged *table = my_facts_find(
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
static bool find_conditions(struct my_judging *j)
{
	note_inserted(j);
	for (size_t i = 0; i < j->count; i++) {
		CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
		struct my_judged *table = &j->tables[i];
		int64_t most = table->most + table->inserted;
		struct db_rows rows;
		if (table->most < 2 || table->free)
			continue;
		buf_add_text(&sql, "SELECT COUNT(*) <= ? FROM (SELECT 1 FROM ");
		my_table_name(table->schema, table->name, &sql);
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

static const char *evidence_of(struct my_judging *j, const struct my_judged *table)
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
	if (table->itself != NULL)
		text = arena_printf(arena, "%s; SET %s = %s keeps %s", text, table->itself,
		    table->itself, table->itself);
	return text;
}

static void tell_tables(struct my_judging *j)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct my_judged *table = &j->tables[i];
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

static void tell_cascades(struct my_judging *j)
{
	for (size_t i = 0; i < j->cascades.count; i++) {
		const struct my_taken *taken = &j->cascades.taken[i];
		if (!my_facts_had_rows(j, taken->schema, taken->table, taken->column))
			continue;
		add_loss(j, my_taken_object(j->s, taken, j->arena),
		    arena_printf(j->arena, "%s of %s may go with those of %s, %s",
			taken->column == NULL
			    ? "rows"
			    : arena_printf(j->arena, "values of %s", taken->column),
			taken->table, taken->parent, taken->rule));
	}
}

static bool judge_all(struct my_judging *j)
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
	struct my_judging j = {
	    .s = s, .arena = arena, .proof = proof, .written = counts->written, .err = err};
	*again = false;
	if (!my_facts_read(&j))
		return false;
	bool ok = true;
	if (!s->proof->detailed && !adds_up(&j, counts))
		*again = true;
	else
		ok = judge_all(&j);
	my_side_close(&j.side);
	return ok;
}
