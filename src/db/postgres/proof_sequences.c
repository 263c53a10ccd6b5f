/*
 * Sequences don't take part in transactions: what setval() did stays when it is rolled back. So how
 * far they are is known from the start of the run, and put back where nothing else does it.
 */
#include "base/text.h"
#include "db/postgres/proof_judge.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int by_oid(const void *a, const void *b)
{
	const struct proof_sequence *left = a, *right = b;
	return (left->oid > right->oid) - (left->oid < right->oid);
}

static struct proof_sequence *find(struct proof_sequence *sequences, size_t count, uint32_t oid)
{
	const struct proof_sequence key = {.oid = oid};
	return count == 0 ? NULL : bsearch(&key, sequences, count, sizeof(key), by_oid);
}

static bool refuse_function(const char *name, struct err *err)
{
	err_set(
	    err, ERR_DATABASE, "the function %s sets track_counts, which the proof goes by", name);
	return err_next(err, "DROP FUNCTION %s", name);
}

bool pg_proof_start(struct pg_db *s, struct err *err)
{
	struct pg_proof *proof = s->proof;
	struct proof_sequence *sequences;
	struct db_rows rows;
	size_t count = 0;
	bool past = false;
	if (proof->started)
		return true;
	if (!pg_ask(s, sql_postgres_proof_start, NULL, 0, &proof->run, &rows, err))
		return false;
	sequences = arena_array(&proof->run, rows.count + 1, sizeof(*sequences));
	for (size_t i = 0; i < rows.count; i++) {
		const char *const *cells = rows.cells + i * rows.columns;
		if (cells[5] != NULL)
			return refuse_function(cells[5], err);
		if (text_is(cells[0], "1")) {
			past = true;
			continue;
		}
		sequences[count++] = (struct proof_sequence){
		    .oid = (uint32_t)strtoul(cells[0], NULL, 10),
		    .used = cells[1] != NULL,
		    .value = cells[1] == NULL ? 0 : strtoll(cells[1], NULL, 10),
		    .increment = strtoll(cells[2], NULL, 10),
		    .owner = cells[3] == NULL ? 0 : (uint32_t)strtoul(cells[3], NULL, 10),
		    .owner_column = cells[4] == NULL ? 0 : (int)strtol(cells[4], NULL, 10),
		};
	}
	qsort(sequences, count, sizeof(*sequences), by_oid);
	proof->sequences = sequences;
	proof->sequence_count = count;
	/* It is asked again behind statements outside a transaction: they move sequences, too. */
	proof->past = proof->asked ? proof->past : past;
	proof->started = proof->asked = true;
	return true;
}

/* True when the value is one that was given out already. */
static bool is_back(const struct proof_sequence *known, int64_t value)
{
	return known->used && known->increment != 0 &&
	       (known->increment < 0 ? value > known->value : value < known->value);
}

/* Its owner is dropped with it, and judged itself. */
static bool has_owner_gone(const struct proof_facts *facts, const struct proof_sequence *known)
{
	const struct proof_relation *owner = pg_proof_find(facts, known->owner);
	if (known->owner == 0 || owner == NULL)
		return false;
	if (owner->gone || owner->now == NULL)
		return owner->gone;
	for (size_t i = 0; i < owner->now->columns.count; i++)
		if (owner->now->columns.items[i].number == known->owner_column)
			return false;
	return true;
}

static void lose_sequence(
    struct proof_finding *finding, const struct proof_relation *relation, const char *evidence)
{
	pg_proof_add(finding,
	    arena_printf(finding->arena, "sequence %s",
		pg_proof_title(finding, relation->schema, relation->name)),
	    evidence);
}

static void judge_gone(struct proof_finding *finding, const struct proof_facts *facts,
    const struct proof_relation *relation, const struct proof_sequence *known)
{
	const struct proof_now *now = relation->now;
	if (known != NULL && (!known->used || has_owner_gone(facts, known)))
		return;
	if (known != NULL && now != NULL && now->kind == 'S' && now->value != NULL &&
	    !is_back(known, strtoll(now->value, NULL, 10)))
		return;
	lose_sequence(finding, relation,
	    known == NULL ? arena_printf(finding->arena, "loses sequence %s", relation->name)
			  : arena_printf(finding->arena, "loses sequence %s at %" PRId64,
				relation->name, known->value));
}

static void judge_value(struct proof_finding *finding, const struct proof_relation *relation,
    struct proof_sequence *known, int64_t value)
{
	if (is_back(known, value))
		lose_sequence(finding, relation,
		    arena_printf(finding->arena,
			"sets sequence %s back from %" PRId64 " to %" PRId64, relation->name,
			known->value, value));
	known->value = value;
	known->used = true;
}

/* Version 15 and later. With its table it is told there. */
static void judge_persistence(struct proof_finding *finding, const struct proof_facts *facts,
    const struct proof_relation *relation, const struct proof_sequence *known)
{
	const struct proof_relation *owner = pg_proof_find(facts, known->owner);
	if (relation->persistence != 'p' || relation->now == NULL ||
	    relation->now->persistence != 'u' ||
	    (owner != NULL && !owner->free && owner->now != NULL && owner->now->persistence == 'u'))
		return;
	lose_sequence(finding, relation,
	    arena_printf(finding->arena,
		"a crash of the server would set sequence %s back: it is UNLOGGED",
		relation->name));
}

static void add_unused(struct buf *sql, const struct proof_relation *relation, size_t index)
{
	buf_printf(sql,
	    "%sSELECT %zu, q.last_value - CASE WHEN q.is_called THEN 0 ELSE 1 END FROM ",
	    sql->len == 0 ? "" : " UNION ALL ", index);
	pg_proof_add_name(sql, relation->schema, relation->name);
	buf_add_text(sql, " AS q");
}

/* Where a sequence stands that has given out nothing since it was set, only itself can tell. */
static bool judge_unused(struct pg_db *s, struct proof_finding *finding,
    const struct proof_facts *facts, const struct buf *sql, struct err *err)
{
	struct db_rows rows;
	if (sql->len == 0)
		return true;
	if (!pg_ask(s, sql->data, NULL, 0, &s->proof->transaction, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++) {
		const char *const *cells = rows.cells + i * rows.columns;
		size_t index = strtoull(cells[0], NULL, 10);
		const struct proof_relation *relation = &facts->relations[index];
		struct proof_sequence *known =
		    find(s->proof->moved, s->proof->sequence_count, relation->oid);
		if (known != NULL)
			judge_value(finding, relation, known, strtoll(cells[1], NULL, 10));
	}
	return true;
}

bool pg_proof_judge_sequences(struct pg_db *s, struct proof_finding *finding,
    const struct proof_facts *facts, struct err *err)
{
	CLEANUP(buf_free) struct buf unused = buf_init(PROOF_SQL_MOST);
	struct pg_proof *proof = s->proof;
	proof->moved =
	    arena_array(&proof->transaction, proof->sequence_count + 1, sizeof(*proof->moved));
	if (proof->sequence_count > 0)
		memcpy(
		    proof->moved, proof->sequences, proof->sequence_count * sizeof(*proof->moved));
	for (size_t i = 0; i < facts->count; i++) {
		const struct proof_relation *relation = &facts->relations[i];
		if (relation->kind != 'S' || relation->free)
			continue;
		struct proof_sequence *known =
		    find(proof->moved, proof->sequence_count, relation->oid);
		if (relation->gone)
			judge_gone(finding, facts, relation, known);
		else if (known != NULL && relation->value != NULL)
			judge_value(finding, relation, known, strtoll(relation->value, NULL, 10));
		else if (known != NULL && known->used)
			add_unused(&unused, relation, i);
		if (known != NULL && known->used && !relation->gone)
			judge_persistence(finding, facts, relation, known);
	}
	return judge_unused(s, finding, facts, &unused, err);
}

void pg_proof_sequences_committed(struct pg_db *s)
{
	struct pg_proof *proof = s->proof;
	if (proof->moved != NULL)
		memcpy(
		    proof->sequences, proof->moved, proof->sequence_count * sizeof(*proof->moved));
	proof->moved = NULL;
}

/*
 * Nobody but what was rolled back sets a sequence back to where it was before the run; where a
 * statement failed nobody can look which of them it touched.
 */
void pg_proof_put_back(struct pg_db *s, struct buf *sql)
{
	const struct pg_proof *proof = s->proof;
	const char *between = "; SELECT pg_catalog.setval(v.o::pg_catalog.oid, v.n) FROM (VALUES ";
	size_t before = sql->len;
	for (size_t i = 0; i < proof->sequence_count; i++) {
		const struct proof_sequence *known = &proof->sequences[i];
		bool touched = !proof->looked || pg_proof_set_has(&proof->touched, known->oid);
		if (!known->used || known->increment == 0 || !touched)
			continue;
		buf_printf(sql, "%s(%" PRIu32 ", %" PRId64 "::bigint, %" PRId64 "::bigint)",
		    between, known->oid, known->value, known->increment);
		between = ", ";
	}
	if (sql->len == before)
		return;
	buf_add_text(sql,
	    ") AS v (o, n, i) JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = v.o::pg_catalog.oid"
	    " WHERE pg_catalog.has_sequence_privilege(q.seqrelid, 'UPDATE')"
	    " AND CASE WHEN v.i > 0 THEN"
	    " coalesce(pg_catalog.pg_sequence_last_value(q.seqrelid) < v.n, true) ELSE"
	    " coalesce(pg_catalog.pg_sequence_last_value(q.seqrelid) > v.n, true) END");
}
