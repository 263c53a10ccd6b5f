/* Is what was there still there, and if not, what is lost? */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <stdlib.h>
#include <string.h>

enum {
	SAMPLES = 5,
	SAMPLE_BYTES = 40
};

/* All have rowids but those made WITHOUT ROWID, which can't be asked for one. */
static bool has_rowids(struct sqlite_db *s, const char *table)
{
	CLEANUP(sqlite_finalize) sqlite3_stmt *row = NULL;
	char *sql = sqlite3_mprintf("SELECT rowid FROM main.\"%w\"", table);
	if (sql == NULL)
		err_die("out of memory");
	bool yes = sqlite3_prepare_v2(s->handle, sql, -1, &row, NULL) == SQLITE_OK;
	sqlite3_free(sql);
	return yes;
}

static bool column_is_there(
    struct sqlite_db *s, const char *table, struct proof_column *column, bool *yes, struct err *err)
{
	static const char sql[] = "SELECT " PROOF_IS_TEXT " FROM pragma_table_xinfo(?1, 'main')"
				  " WHERE hidden <> 1 AND name = ?2 COLLATE NOCASE";
	CLEANUP(sqlite_finalize) sqlite3_stmt *row = NULL;
	if (column->rowid) {
		*yes = has_rowids(s, table);
		return true;
	}
	if (!sqlite_prepare(s, &row, sql, strlen(sql), err))
		return false;
	sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC);
	sqlite3_bind_text(row, 2, column->now, -1, SQLITE_STATIC);
	int code = sqlite3_step(row);
	*yes = code == SQLITE_ROW;
	if (*yes)
		column->retyped = (sqlite3_column_int(row, 0) != 0) != column->text;
	return *yes || code == SQLITE_DONE || sqlite_fail(s, code, err);
}

/* Columns that are not there any more are out of the comparison; *all when none is. */
static bool find_columns(struct sqlite_db *s, struct proof_table *table, const char *successor,
    bool *all, struct err *err)
{
	*all = true;
	for (size_t i = 0; i < table->column_count && table->kind != PROOF_TERMS; i++) {
		struct proof_column *column = &table->columns[i];
		bool there = false;
		if (column->skip)
			continue;
		if (!column_is_there(s, successor, column, &there, err))
			return false;
		if (there)
			continue;
		*all = false;
		column->skip = column->dropped = true;
	}
	return true;
}

/* Nothing was written since: triggers, foreign keys and REPLACE count as well. */
static bool is_untouched(const struct sqlite_db *s, const struct proof_table *table)
{
	return !s->proof.reshaped && sqlite3_total_changes(s->handle) == table->changes;
}

/* The first pass: the same sums, or what the second one must know. */
static bool same_sums(struct sqlite_db *s, struct proof_table *table, bool *same, struct err *err)
{
	struct proof_scan scan = {0};
	const char *successor;
	/* A skip that came after the sums were taken makes them worthless. */
	*same = is_untouched(s, table);
	if (*same)
		return true;
	for (size_t i = 0; i < s->proof.skip_count; i++)
		if (text_is_nocase(s->proof.skips[i].table, table->name))
			return true;
	if (!proof_successor(s, table, &successor, err))
		return false;
	if (successor == NULL || table->kind == PROOF_BLIND) {
		*same = table->rows == 0;
		return true;
	}
	if (!find_columns(s, table, successor, same, err))
		return false;
	if (*same && !proof_scan(s, successor, table, &scan, false, err))
		return false;
	*same = *same && scan.rows == table->rows && scan.sum.a == table->sum.a &&
		scan.sum.b == table->sum.b;
	return true;
}

static bool first_pass(struct sqlite_db *s, struct db_proof *proof, struct err *err)
{
	for (size_t i = 0; i < s->proof.count; i++) {
		struct proof_table *table = &s->proof.tables[i];
		bool same = false;
		if (!same_sums(s, table, &same, err))
			return false;
		if (same || table->rows == 0)
			continue;
		proof->state = DB_PROOF_AGAIN;
		for (size_t j = 0; j < table->column_count; j++)
			if (table->columns[j].dropped || table->columns[j].retyped)
				proof_skip(&s->proof, table->name, table->columns[j].name,
				    !table->columns[j].dropped);
	}
	if (s->proof.again)
		proof->state = DB_PROOF_AGAIN;
	s->proof.again = false;
	if (proof->state == DB_PROOF_AGAIN)
		s->proof.detailed = true;
	return true;
}

static const char *lower(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);
	for (char *at = copy; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
	return copy;
}

struct finding {
	struct db_proof *proof;
	size_t capacity;
	struct arena *arena;
};

static void add(struct finding *finding, const char *object, const char *evidence)
{
	struct db_proof *proof = finding->proof;
	proof->losses = arena_grow(finding->arena, proof->losses, proof->count, &finding->capacity,
	    sizeof(*proof->losses));
	proof->losses[proof->count++] = (struct db_loss){.object = object, .evidence = evidence};
	proof->state = DB_PROOF_LOSES;
}

static void add_columns(struct finding *finding, const struct proof_table *table)
{
	struct arena *arena = finding->arena;
	for (size_t i = 0; i < table->column_count; i++) {
		const struct proof_column *column = &table->columns[i];
		bool gone = column->gone || (column->skip && column->dropped);
		if (!gone || column->values == 0)
			continue;
		add(finding,
		    arena_printf(arena, "column %s.%s", lower(arena, table->name),
			lower(arena, column->name)),
		    arena_printf(arena, "loses %lld value%s in %s.%s", (long long)column->values,
			column->values == 1 ? "" : "s", table->name, column->name));
	}
}

/* Both are sorted: what of the one has no partner in the other? */
static void find_lost(struct proof_table *table, const struct proof_scan *scan)
{
	size_t at = 0, after = (size_t)scan->rows;
	for (size_t i = 0; i < (size_t)table->rows; i++) {
		int order = 1;
		while (at < after &&
		       (order = proof_hash_compare(&scan->hashes[at], &table->hashes[i])) < 0)
			at++;
		if (at < after && order == 0)
			at++;
		else
			table->hashes[table->lost_count++] = table->hashes[i];
	}
	table->lost = table->hashes;
	table->hashes = NULL;
}

/* What is counted of it. */
static const char *row_of(const struct proof_table *table)
{
	return table->kind == PROOF_TERMS ? "term" : "row";
}

static bool compare_rows(struct sqlite_db *s, struct proof_table *table, const char *successor,
    struct finding *finding, struct err *err)
{
	struct arena *arena = finding->arena;
	struct proof_scan scan = {.detailed = true};
	bool ok = proof_scan(s, successor, table, &scan, false, err);
	if (ok)
		find_lost(table, &scan);
	free(scan.hashes);
	if (ok && table->lost_count > 0)
		add(finding, arena_printf(arena, "rows of %s", lower(arena, table->name)),
		    arena_printf(arena, "%zu of %lld %s%s in %s %s deleted or changed",
			table->lost_count, (long long)table->rows, row_of(table),
			table->rows == 1 ? "" : "s", table->name,
			table->lost_count == 1 ? "is" : "are"));
	return ok;
}

static void tell_blind(
    struct finding *finding, const struct proof_table *table, const char *successor)
{
	struct arena *arena = finding->arena;
	add(finding,
	    arena_printf(
		arena, "%s %s", successor == NULL ? "table" : "rows of", lower(arena, table->name)),
	    arena_printf(
		arena, "%s keeps no text, so what is lost of it can't be told", table->name));
}

static void tell_gone(struct finding *finding, const struct proof_table *table)
{
	struct arena *arena = finding->arena;
	add(finding, arena_printf(arena, "table %s", lower(arena, table->name)),
	    arena_printf(arena, "loses table %s with %lld %s%s", table->name,
		(long long)table->rows, row_of(table), table->rows == 1 ? "" : "s"));
}

static bool second_pass(struct sqlite_db *s, struct finding *finding, struct err *err)
{
	for (size_t i = 0; i < s->proof.count; i++) {
		struct proof_table *table = &s->proof.tables[i];
		const char *successor;
		bool all;
		if (!proof_successor(s, table, &successor, err))
			return false;
		if (table->rows == 0)
			continue;
		if (table->kind == PROOF_BLIND || successor == NULL) {
			if (table->kind == PROOF_BLIND)
				tell_blind(finding, table, successor);
			else
				tell_gone(finding, table);
			continue;
		}
		if (!find_columns(s, table, successor, &all, err))
			return false;
		add_columns(finding, table);
		if (!compare_rows(s, table, successor, finding, err))
			return false;
	}
	return true;
}

bool sqlite_prove(struct db *db, struct db_proof *ret, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	struct db_proof proof = {.state = DB_PROOF_HOLDS,
	    .overwrites = s->proof.overwrites,
	    .overwrite_count = s->proof.overwrite_count,
	    .tables = s->proof.count};
	struct finding finding = {.proof = &proof, .arena = arena};
	if (!sqlite_enter(s, stop, err) || !sqlite_must_be_whole(s, err))
		return false;
	if (s->proof.detailed ? !second_pass(s, &finding, err) : !first_pass(s, &proof, err))
		return false;
	*ret = proof;
	return true;
}

struct sampling {
	const struct proof_table *table;
	struct arena *arena;
	const char *keys;
	size_t count;
};

/* The first column is the key where there is one. */
static bool sample(void *context, sqlite3_stmt *row, struct proof_hash hash)
{
	struct sampling *sampling = context;
	const struct proof_table *table = sampling->table;
	if (bsearch(&hash, table->lost, table->lost_count, sizeof(hash), proof_hash_compare) ==
	    NULL)
		return true;
	const char *value = (const char *)sqlite3_column_text(row, 0);
	sampling->keys =
	    arena_printf(sampling->arena, "%s%s%.*s", sampling->count == 0 ? "" : sampling->keys,
		sampling->count == 0 ? "" : ", ", SAMPLE_BYTES, value == NULL ? "NULL" : value);
	return ++sampling->count < SAMPLES;
}

static struct db_loss *loss_of(struct db_proof *proof, const struct proof_table *table)
{
	for (size_t i = 0; i < proof->count; i++)
		if (text_starts(proof->losses[i].object, "rows of ") &&
		    text_is_nocase(proof->losses[i].object + strlen("rows of "), table->name))
			return &proof->losses[i];
	return NULL;
}

bool sqlite_samples(struct db *db, struct db_proof *proof, struct arena *arena,
    const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	if (!sqlite_enter(s, stop, err))
		return false;
	for (size_t i = 0; i < s->proof.count; i++) {
		struct proof_table *table = &s->proof.tables[i];
		struct sampling sampling = {.table = table, .arena = arena};
		struct proof_scan scan = {.row = sample, .context = &sampling};
		struct db_loss *loss = loss_of(proof, table);
		/* One that was renamed before it was touched is called otherwise again. */
		if (loss == NULL || table->lost_count == 0 || table->column_count == 0 ||
		    !text_is_nocase(table->origin, table->name))
			continue;
		if (!proof_scan(s, table->name, table, &scan, true, err))
			return false;
		if (sampling.count > 0)
			loss->evidence = arena_printf(arena, "%s, such as %s %s", loss->evidence,
			    table->columns[0].name, sampling.keys);
	}
	proof_forget_notes(&s->proof);
	return true;
}
