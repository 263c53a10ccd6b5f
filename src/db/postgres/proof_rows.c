/* The second pass: a hash of each row of a suspect, before and after, compared in the server. */
#include "base/text.h"
#include "db/postgres/proof.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Built-in types, by their numbers. */
enum type {
	TYPE_TEXT = 25,
	TYPE_JSON = 114,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_BPCHAR = 1042,
	TYPE_VARCHAR = 1043,
	TYPE_TIMESTAMP = 1114,
	TYPE_TIMESTAMPTZ = 1184,
	TYPE_NUMERIC = 1700,
	TYPE_UUID = 2950,
	TYPE_JSONB = 3802
};

/* Values as text depend on these. They are set for our own queries alone. */
static const struct {
	const char *name, *value;
} fixed[] = {
    {"DateStyle", "ISO"},
    {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},
    {"extra_float_digits", "1"},
    {"bytea_output", "hex"},
    {"lc_monetary", "C"},
    {"search_path", "pg_catalog"},
    {"row_security", "off"},
    {"statement_timeout", "0"},
};

enum {
	FIXED = sizeof(fixed) / sizeof(fixed[0]),
	AT_ONCE = 100
};

void pg_proof_add_identifier(struct buf *sql, const char *name)
{
	buf_add_char(sql, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_add_char(sql, '"');
		buf_add_char(sql, *name);
	}
	buf_add_char(sql, '"');
}

void pg_proof_add_name(struct buf *sql, const char *schema, const char *name)
{
	pg_proof_add_identifier(sql, schema);
	buf_add_char(sql, '.');
	pg_proof_add_identifier(sql, name);
}

/* --- Columns --- */

static const struct proof_column *by_number(const struct proof_columns *columns, int number)
{
	for (size_t i = 0; i < columns->count; i++)
		if (columns->items[i].number == number)
			return &columns->items[i];
	return NULL;
}

static const struct proof_column *by_name(const struct proof_columns *columns, const char *name)
{
	for (size_t i = 0; i < columns->count; i++)
		if (text_is(columns->items[i].name, name))
			return &columns->items[i];
	return NULL;
}

static bool holds_rows(const struct proof_now *now)
{
	return now != NULL && strchr("rp", now->kind) != NULL && now->readable;
}

void pg_proof_match_columns(
    struct pg_db *s, const struct proof_relation *relation, struct proof_match *matches)
{
	const struct proof_now *now = relation->now;
	for (size_t i = 0; i < relation->columns.count; i++) {
		const struct proof_column *column = &relation->columns.items[i];
		const struct proof_column *found = NULL;
		bool same = now != NULL && now->oid == relation->oid;
		matches[i] = (struct proof_match){.state = PROOF_LOST};
		if (same)
			found = by_number(&now->columns, column->number);
		if (found != NULL &&
		    (found->type != column->type || found->modifier != column->modifier))
			matches[i].state = PROOF_RETYPED;
		else if (found != NULL || (now != NULL && !same))
			matches[i].state = PROOF_KEPT;
		else if (now != NULL)
			matches[i].state = PROOF_NAMED;
		if (found == NULL && now != NULL)
			found = by_name(&now->columns, column->name);
		if (found == NULL)
			matches[i].state = PROOF_LOST;
		else {
			matches[i].name = found->name;
			matches[i].now = found->type;
		}
		if (column->generated ||
		    pg_proof_set_has(&s->proof->free, pg_proof_key(relation->oid, column->number)))
			matches[i].state = PROOF_SKIPPED;
	}
}

/* --- A row as text --- */

static bool is_reg(uint32_t type)
{
	static const uint32_t types[] = {
	    24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i] == type)
			return true;
	return false;
}

static bool is_text(uint32_t type)
{
	return type == TYPE_TEXT || type == TYPE_VARCHAR || type == TYPE_BPCHAR;
}

/*
 * What says the same is one value, so that a column may change its type where nothing is lost by
 * it. `here` is its type where it is read, `there` that on the other side.
 */
static void add_value(struct buf *sql, const char *name, uint32_t here, uint32_t there)
{
	const char *before = "", *behind = "";
	if (here == TYPE_NUMERIC) {
		before = "pg_catalog.trim_scale(";
		behind = ")";
	} else if (here == TYPE_TIMESTAMPTZ && there == TYPE_TIMESTAMP) {
		before = "pg_catalog.timezone('UTC', ";
		behind = ")";
	} else if (here == TYPE_BPCHAR) {
		behind = "::pg_catalog.text";
	} else if (here == TYPE_JSON && there == TYPE_JSONB) {
		behind = "::pg_catalog.jsonb";
	} else if (here == TYPE_FLOAT4 && there == TYPE_FLOAT8) {
		behind = "::pg_catalog.float8";
	} else if (is_reg(here)) {
		behind = "::pg_catalog.oid";
	}
	if (is_text(here) && there == TYPE_UUID) {
		before = "pg_catalog.lower(";
		behind = here == TYPE_BPCHAR ? "::pg_catalog.text)" : ")";
	}
	buf_add_text(sql, before);
	pg_proof_add_identifier(sql, name);
	buf_add_text(sql, behind);
}

enum side {
	SIDE_BEFORE,
	SIDE_NOW
};

/* May be another than it was, by what was said of it and not of its rows. */
static bool is_loose(const struct proof_match *match)
{
	return match->state == PROOF_NAMED || match->state == PROOF_RETYPED;
}

static bool is_compared(const struct proof_match *match, bool kept)
{
	return match->state == PROOF_KEPT || (is_loose(match) && !kept);
}

/* `kept`: without columns that are loose. */
static void add_row(struct buf *sql, const struct proof_target *target, enum side side, bool kept)
{
	const char *between = "";
	buf_add_text(sql, "ROW(");
	for (size_t i = 0; i < target->columns.count; i++) {
		const struct proof_column *column = &target->columns.items[i];
		const struct proof_match *match = &target->matches[i];
		if (!is_compared(match, kept))
			continue;
		buf_add_text(sql, between);
		if (side == SIDE_BEFORE)
			add_value(sql, column->name, column->type, match->now);
		else
			add_value(sql, match->name, match->now, column->type);
		between = ", ";
	}
	buf_add_text(sql, ")::pg_catalog.text COLLATE pg_catalog.\"C\"");
}

static bool has_loose(const struct proof_target *target)
{
	for (size_t i = 0; i < target->columns.count; i++)
		if (is_loose(&target->matches[i]))
			return true;
	return false;
}

static bool may_lose(const struct proof_match *match)
{
	return match->state == PROOF_NAMED || match->state == PROOF_LOST;
}

/* --- Before --- */

static void fix_settings(struct buf *sql)
{
	buf_add_text(sql, "SELECT ");
	for (size_t i = 0; i < FIXED; i++)
		buf_printf(sql,
		    "%spg_catalog.set_config('db_entry.%s', pg_catalog.current_setting('%s'), "
		    "true)",
		    i == 0 ? "" : ", ", fixed[i].name, fixed[i].name);
	buf_add_text(sql, "; SELECT ");
	for (size_t i = 0; i < FIXED; i++)
		buf_printf(sql, "%spg_catalog.set_config('%s', '%s', true)", i == 0 ? "" : ", ",
		    fixed[i].name, fixed[i].value);
	buf_add_text(sql, "; ");
}

static void restore_settings(struct buf *sql)
{
	buf_add_text(sql, "SELECT ");
	for (size_t i = 0; i < FIXED; i++)
		buf_printf(sql,
		    "%spg_catalog.set_config('%s', pg_catalog.current_setting('db_entry.%s'), "
		    "true)",
		    i == 0 ? "" : ", ", fixed[i].name, fixed[i].name);
	buf_add_text(sql, "; ");
}

static void add_from(struct buf *sql, const struct proof_target *target)
{
	buf_add_text(sql, target->kind == 'p' ? "" : "ONLY ");
	pg_proof_add_name(sql, target->schema, target->name);
}

static void add_hash(struct buf *sql, const char *row, const char *a, const char *b)
{
	buf_printf(sql,
	    "pg_catalog.hashtextextended(%s, 0) AS %s, pg_catalog.hashtextextended(%s, 1) AS %s",
	    row, a, row, b);
}

/* Under the session's own settings: event triggers act on it. */
static void make_table(struct buf *sql, const struct proof_target *target, size_t index)
{
	buf_printf(sql, "CREATE TEMPORARY TABLE db_entry_before_%zu (a bigint, b bigint", index);
	if (has_loose(target))
		buf_add_text(sql, ", c bigint, d bigint");
	for (size_t i = 0; i < target->columns.count; i++)
		if (may_lose(&target->matches[i]))
			buf_printf(sql, ", v%zu boolean", i);
	buf_add_text(sql, ") ON COMMIT DROP; ");
}

static void keep_target(struct buf *sql, const struct proof_target *target, size_t index)
{
	bool loose = has_loose(target);
	buf_printf(sql, "INSERT INTO pg_temp.db_entry_before_%zu SELECT ", index);
	add_hash(sql, "x", "a", "b");
	if (loose) {
		buf_add_text(sql, ", ");
		add_hash(sql, "y", "c", "d");
	}
	for (size_t i = 0; i < target->columns.count; i++)
		if (may_lose(&target->matches[i]))
			buf_printf(sql, ", v%zu", i);
	buf_add_text(sql, " FROM (SELECT ");
	add_row(sql, target, SIDE_BEFORE, false);
	buf_add_text(sql, " AS x");
	if (loose) {
		buf_add_text(sql, ", ");
		add_row(sql, target, SIDE_BEFORE, true);
		buf_add_text(sql, " AS y");
	}
	for (size_t i = 0; i < target->columns.count; i++) {
		if (!may_lose(&target->matches[i]))
			continue;
		buf_add_text(sql, ", ");
		pg_proof_add_identifier(sql, target->columns.items[i].name);
		buf_printf(sql, " IS NOT NULL AS v%zu", i);
	}
	buf_add_text(sql, " FROM ");
	add_from(sql, target);
	buf_add_text(sql, ") AS r; ");
}

/*
 * What was kept: each target's number, its table and the rows in it. And whether an event trigger
 * acted on a target when these tables were made: then what is kept is not what was there. A lock
 * for writing shows it.
 */
static void count_kept(struct buf *sql, const struct pg_proof *proof)
{
	const char *between = "SELECT ARRAY[";
	for (size_t i = 0; i < proof->target_count; i++) {
		if (!proof->targets[i].readable)
			continue;
		buf_printf(sql,
		    "%s%zu, 'pg_temp.db_entry_before_%zu'::pg_catalog.regclass::oid::bigint,"
		    " pg_catalog.pg_stat_get_xact_tuples_inserted("
		    "'pg_temp.db_entry_before_%zu'::pg_catalog.regclass)",
		    between, i, i, i);
		between = ", ";
	}
	buf_add_text(sql, between[0] == ',' ? "]" : "SELECT NULL");
	buf_add_text(sql, ", EXISTS (SELECT FROM pg_catalog.pg_lock_status() AS l"
			  " WHERE l.pid = pg_catalog.pg_backend_pid()"
			  " AND l.mode IN ('RowExclusiveLock', 'ExclusiveLock',"
			  " 'AccessExclusiveLock') AND l.relation = ANY ('{");
	for (size_t i = 0; i < proof->target_count; i++)
		buf_printf(sql, "%s%" PRIu32, i == 0 ? "" : ",", proof->targets[i].oid);
	buf_add_text(sql, "}'::pg_catalog.oid[]))");
}

/* Nobody else may change rows between the two looks at them. */
void pg_proof_keep_rows(struct pg_db *s, struct buf *sql)
{
	const struct pg_proof *proof = s->proof;
	if (!proof->detailed || proof->target_count == 0)
		return;
	buf_add_text(sql, "; ");
	for (size_t i = 0; i < proof->target_count; i++) {
		if (!proof->targets[i].readable)
			continue;
		buf_add_text(sql, "LOCK TABLE ");
		add_from(sql, &proof->targets[i]);
		buf_add_text(sql, " IN SHARE ROW EXCLUSIVE MODE; ");
		make_table(sql, &proof->targets[i], i);
	}
	fix_settings(sql);
	for (size_t i = 0; i < proof->target_count; i++)
		if (proof->targets[i].readable)
			keep_target(sql, &proof->targets[i], i);
	restore_settings(sql);
	count_kept(sql, proof);
}

void pg_proof_compare_nothing(struct pg_proof *proof, const char *reason)
{
	proof->reason = arena_strdup(&proof->again, reason);
	for (size_t i = 0; i < proof->target_count; i++)
		proof->targets[i].readable = false;
}

static void read_kept(struct pg_proof *proof, const char *told)
{
	if (told == NULL)
		return;
	while (*told == '{' || *told == ',') {
		char *at = NULL;
		size_t index = strtoull(told + 1, &at, 10);
		if (*at != ',' || index >= proof->target_count)
			return;
		struct proof_target *target = &proof->targets[index];
		target->kept = (uint32_t)strtoul(at + 1, &at, 10);
		target->hashes = *at == ',' ? strtoll(at + 1, &at, 10) : 0;
		told = at;
	}
}

void pg_proof_rows_kept(struct pg_db *s, const struct db_rows *rows)
{
	struct pg_proof *proof = s->proof;
	if (!proof->detailed || rows->count != 1 || rows->columns != 2)
		return;
	if (pg_true(rows->cells[1]))
		pg_proof_compare_nothing(proof, "an event trigger changes them before");
	else
		read_kept(proof, rows->cells[0]);
}

/* --- After --- */

/* How many rows of before are not there now, and the hashes of some. */
static void add_lost(struct buf *sql, const struct proof_target *target,
    const struct proof_now *now, size_t index, bool kept)
{
	const char *a = kept ? "c" : "a", *b = kept ? "d" : "b";
	buf_printf(sql,
	    "(SELECT coalesce(pg_catalog.sum(z.n), 0) || ' ' || "
	    "coalesce(pg_catalog.array_to_string("
	    "(pg_catalog.array_agg(z.a || ':' || z.b ORDER BY z.a))[1:%d], ' '), '') FROM (SELECT"
	    " t.a, t.b, t.n - coalesce(u.n, 0) AS n FROM (SELECT %s AS a, %s AS b,"
	    " pg_catalog.count(*) AS n FROM pg_temp.db_entry_before_%zu GROUP BY 1, 2) AS t LEFT "
	    "JOIN"
	    " (SELECT h.a, h.b, pg_catalog.count(*) AS n FROM (SELECT ",
	    PROOF_SAMPLES, a, b, index);
	add_hash(sql, "r.x", "a", "b");
	buf_add_text(sql, " FROM (SELECT ");
	add_row(sql, target, SIDE_NOW, kept);
	buf_add_text(sql, now->kind == 'r' ? " AS x FROM ONLY " : " AS x FROM ");
	pg_proof_add_name(sql, now->schema, now->name);
	buf_add_text(sql, ") AS r) AS h GROUP BY 1, 2) AS u ON u.a = t.a AND u.b = t.b) AS z"
			  " WHERE z.n > 0)");
}

static void add_comparison(
    struct buf *sql, const struct proof_target *target, const struct proof_now *now, size_t index)
{
	buf_printf(sql, "SELECT %zu, ", index);
	if (now == NULL)
		buf_add_text(sql, "NULL");
	else
		add_lost(sql, target, now, index, false);
	buf_add_text(sql, ", ");
	if (now == NULL || !has_loose(target))
		buf_add_text(sql, "NULL");
	else
		add_lost(sql, target, now, index, true);
	buf_add_text(sql, ", (SELECT pg_catalog.array_to_string(ARRAY[pg_catalog.count(*)");
	for (size_t i = 0; i < target->columns.count; i++)
		if (may_lose(&target->matches[i]))
			buf_printf(sql, ", pg_catalog.count(*) FILTER (WHERE v%zu)", i);
	buf_printf(sql, "], ' ') FROM pg_temp.db_entry_before_%zu WHERE tableoid = %" PRIu32 ")",
	    index, target->kept);
}

/* "2 17:-4 9:12" */
static void read_lost(const char *cell, int64_t *lost, const char **samples)
{
	char *end = NULL;
	if (cell == NULL)
		return;
	*lost = strtoll(cell, &end, 10);
	if (*lost > 0)
		*samples = end + strspn(end, " ");
}

static void read_comparison(struct proof_target *target, const char *const *cells)
{
	char *values = NULL;
	target->rows = strtoll(cells[3], &values, 10);
	if (target->rows != target->hashes)
		return;
	target->unclear = false;
	target->gone = cells[1] == NULL;
	read_lost(cells[1], &target->lost, &target->samples);
	target->lost_kept = target->lost;
	if (cells[2] != NULL) {
		const char *samples = NULL;
		target->lost_kept = 0;
		read_lost(cells[2], &target->lost_kept, &samples);
		target->samples_kept = samples != NULL;
		if (samples != NULL)
			target->samples = samples;
	}
	for (size_t i = 0; i < target->columns.count; i++) {
		if (may_lose(&target->matches[i]))
			target->matches[i].values = strtoll(values, &values, 10);
	}
}

/* A type that the transaction makes has another number at each try. */
static bool same_type(uint32_t a, uint32_t b)
{
	return a == b || (a >= FIRST_OID && b >= FIRST_OID);
}

/* Another try at the same statements should have the same end. */
static bool is_as_foreseen(
    struct pg_db *s, const struct proof_target *target, const struct proof_relation *relation)
{
	bool same = target->columns.count == relation->columns.count;
	struct proof_match *matches =
	    arena_array(&s->proof->transaction, relation->columns.count + 1, sizeof(*matches));
	pg_proof_match_columns(s, relation, matches);
	for (size_t i = 0; same && i < target->columns.count; i++)
		same = matches[i].state == target->matches[i].state &&
		       same_type(matches[i].now, target->matches[i].now) &&
		       text_is(matches[i].name, target->matches[i].name);
	return same;
}

static bool ask_comparisons(struct pg_db *s, const struct buf *sql, struct err *err)
{
	struct pg_proof *proof = s->proof;
	struct db_rows rows = {0};
	struct pg_request request = {
	    .sql = sql->data, .script = true, .arena = &proof->again, .rows = &rows};
	if (sql->overflow)
		return err_set(err, ERR_DATABASE, "too many tables are changed at once");
	if (!pg_request(s, &request, err))
		return false;
	for (size_t i = 0; i < rows.count && rows.columns == 4; i++) {
		const char *const *cells = rows.cells + i * rows.columns;
		size_t index = strtoull(cells[0], NULL, 10);
		if (index < proof->target_count)
			read_comparison(&proof->targets[index], cells);
	}
	return true;
}

/* The statements wrote to the hashes. */
static bool is_forged(const struct proof_facts *facts, const struct proof_target *target)
{
	const struct proof_relation *kept = pg_proof_find(facts, target->kept);
	return kept == NULL || kept->gone || kept->inserted != target->hashes ||
	       kept->updated + kept->deleted > 0;
}

static bool is_comparable(struct pg_db *s, const struct proof_facts *facts,
    const struct proof_target *target, const struct proof_relation *relation)
{
	return target->readable && !is_forged(facts, target) && relation != NULL &&
	       (relation->now == NULL || relation->now->readable) &&
	       is_as_foreseen(s, target, relation);
}

/* So many at once: the server's planner takes its time for very long statements. */
static bool compare_some(
    struct pg_db *s, const struct proof_facts *facts, size_t from, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(PROOF_SQL_MOST);
	struct pg_proof *proof = s->proof;
	size_t count = 0;
	for (size_t i = from; i < proof->target_count && i < from + AT_ONCE; i++) {
		struct proof_target *target = &proof->targets[i];
		const struct proof_relation *relation = pg_proof_find(facts, target->oid);
		target->unclear = true;
		if (!is_comparable(s, facts, target, relation))
			continue;
		if (count++ > 0)
			buf_add_text(&sql, " UNION ALL ");
		add_comparison(&sql, target, holds_rows(relation->now) ? relation->now : NULL, i);
	}
	return count == 0 || ask_comparisons(s, &sql, err);
}

static bool set_up(struct pg_db *s, void (*write)(struct buf *sql), struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(PROOF_SQL_MOST);
	write(&sql);
	return pg_script(s, sql.data, err);
}

bool pg_proof_compare(struct pg_db *s, const struct proof_facts *facts, struct err *err)
{
	if (!set_up(s, fix_settings, err))
		return false;
	for (size_t i = 0; i < s->proof->target_count; i += AT_ONCE)
		if (!compare_some(s, facts, i, err))
			return false;
	return set_up(s, restore_settings, err);
}

/* --- Samples --- */

/* After the rollback: which rows have these hashes? */
bool pg_proof_sample(struct pg_db *s, const struct proof_target *target, const char *key,
    struct arena *arena, const char **keys, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(PROOF_SQL_MOST);
	struct db_rows rows = {0};
	struct pg_request request = {.script = true, .arena = arena, .rows = &rows};
	const char *between = "";
	buf_add_text(&sql, "BEGIN; ");
	fix_settings(&sql);
	buf_add_text(&sql, "SELECT pg_catalog.string_agg(k.k, ', ') FROM (SELECT coalesce("
			   "pg_catalog.left(r.k, 40), 'NULL') AS k FROM (SELECT ");
	pg_proof_add_identifier(&sql, key);
	buf_add_text(&sql, "::pg_catalog.text AS k, ");
	add_row(&sql, target, SIDE_BEFORE, target->samples_kept);
	buf_add_text(&sql, " AS x FROM ");
	add_from(&sql, target);
	buf_add_text(&sql, ") AS r WHERE (pg_catalog.hashtextextended(r.x, 0) || ':' ||"
			   " pg_catalog.hashtextextended(r.x, 1)) IN (");
	for (const char *at = target->samples; *at != '\0'; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		buf_printf(&sql, "%s'%.*s'", between, (int)len, at);
		between = ", ";
		at += len;
	}
	int64_t lost = target->samples_kept ? target->lost_kept : target->lost;
	buf_printf(
	    &sql, ") LIMIT %d) AS k; COMMIT", lost < PROOF_SAMPLES ? (int)lost : PROOF_SAMPLES);
	request.sql = sql.data;
	if (!pg_request(s, &request, err)) {
		struct err ignored;
		pg_script(s, "ROLLBACK", &ignored);
		return false;
	}
	*keys = rows.count > 0 ? rows.cells[0] : NULL;
	return true;
}
