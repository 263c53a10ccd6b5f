/* Where what the server counted is not enough, rows are counted: no more of them than must be. */
#include "base/text.h"
#include "db/postgres/proof.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_FILLED = 1000000 /* rows; a table that got more of them is not looked at */
};

bool pg_proof_is_named(const struct proof_update *update, const struct proof_relation *relation)
{
	if (text_is(update->name, relation->name) &&
	    (update->schema == NULL || text_is(update->schema, relation->schema)))
		return true;
	return relation->now != NULL && text_is(update->name, relation->now->name) &&
	       (update->schema == NULL || text_is(update->schema, relation->now->schema));
}

/* Is that the name of one this transaction made, as the server writes it? */
static bool has_title(const struct proof_relation *relation, const char *name)
{
	CLEANUP(buf_free) struct buf quoted = buf_init(PROOF_SQL_MOST);
	size_t len;
	if (relation->title == NULL)
		return false;
	len = strlen(relation->title);
	pg_proof_add_identifier(&quoted, name);
	for (int i = 0; i < 2; i++) {
		const char *written = i == 0 ? name : quoted.data;
		size_t rest = strlen(written);
		if (len >= rest && strcmp(relation->title + len - rest, written) == 0 &&
		    (len == rest || relation->title[len - rest - 1] == '.'))
			return true;
	}
	return false;
}

/* The relation an UPDATE is of; NULL when several may be meant. */
static struct proof_relation *named(
    const struct proof_facts *facts, const struct proof_update *update)
{
	struct proof_relation *found = NULL;
	for (size_t i = 0; i < facts->count; i++) {
		struct proof_relation *relation = &facts->relations[i];
		if (!relation->then && relation->writes && has_title(relation, update->name))
			return NULL;
		if (!relation->then || !relation->writes || !pg_proof_is_named(update, relation))
			continue;
		if (found != NULL)
			return NULL;
		found = relation;
	}
	return found;
}

/* All of a partitioned table, or of one and those that inherit from it. */
struct family {
	struct proof_relation *root;
	int64_t told, most; /* rows that UPDATEs said they changed; the most at once */
	int64_t inserted, updated, deleted;
	bool rewritten;
};

static void gather(const struct proof_facts *facts, struct family *family)
{
	for (size_t i = 0; i < facts->count; i++) {
		struct proof_relation *relation = &facts->relations[i];
		if (pg_proof_root(facts, relation) != family->root)
			continue;
		family->inserted += relation->inserted;
		family->updated += relation->updated;
		family->deleted += relation->deleted;
		family->rewritten |= relation->rewritten || relation->gone;
	}
}

static void tell(struct pg_db *s, const struct proof_facts *facts, struct family *family)
{
	for (size_t i = 0; i < s->proof->update_count; i++) {
		const struct proof_update *update = &s->proof->updates[i];
		struct proof_relation *relation = named(facts, update);
		if (relation == NULL || pg_proof_root(facts, relation) != family->root)
			continue;
		family->told += update->rows;
		if (update->rows > family->most)
			family->most = update->rows;
	}
}

/*
 * Every row that was changed was changed by an UPDATE under a WHERE. One that moves to another
 * partition is deleted here and inserted there.
 */
static bool is_told(const struct family *family)
{
	int64_t changed = family->updated + family->deleted;
	return changed > 0 && changed == family->told && !family->rewritten &&
	       (family->deleted == 0 || family->root->kind == 'p');
}

static void set_excused(const struct proof_facts *facts, const struct proof_relation *root, bool to)
{
	for (size_t i = 0; i < facts->count; i++)
		if (pg_proof_root(facts, &facts->relations[i]) == root)
			facts->relations[i].excused = to;
}

struct counting {
	struct buf sql;
	struct family *families;
	struct arena *arena;
	size_t count, capacity;
};

/* Are there as many rows, and no more? */
static void add_count(
    struct counting *counting, const struct proof_relation *relation, int64_t limit, size_t index)
{
	const struct proof_now *now = relation->now;
	buf_printf(&counting->sql,
	    "%sSELECT %zu AS i, (SELECT pg_catalog.count(*) FROM (SELECT FROM %s",
	    counting->sql.len == 0 ? "" : " UNION ALL ", index,
	    relation->kind == 'p' ? "" : "ONLY ");
	pg_proof_add_name(&counting->sql, now == NULL ? relation->schema : now->schema,
	    now == NULL ? relation->name : now->name);
	buf_printf(&counting->sql, " LIMIT %" PRId64 ") AS r) AS n", limit);
}

static bool is_old_root(const struct proof_facts *facts, struct proof_relation *relation)
{
	return relation->then && !relation->free && pg_proof_root(facts, relation) == relation;
}

void pg_proof_excuse(struct pg_db *s, const struct proof_facts *facts, int64_t most)
{
	for (size_t i = 0; i < facts->count && s->proof->update_count > 0; i++) {
		struct family family = {.root = &facts->relations[i]};
		if (!is_old_root(facts, family.root))
			continue;
		gather(facts, &family);
		tell(s, facts, &family);
		set_excused(facts, family.root, is_told(&family) && family.most <= most);
	}
}

/* One row alone is no sign of a condition that holds for every row. */
static void count_family(struct pg_db *s, const struct proof_facts *facts,
    struct proof_relation *root, struct counting *counting)
{
	struct family family = {.root = root};
	gather(facts, &family);
	tell(s, facts, &family);
	if (!is_told(&family) || family.most < 2)
		return;
	counting->families = arena_grow(counting->arena, counting->families, counting->count,
	    &counting->capacity, sizeof(family));
	counting->families[counting->count] = family;
	add_count(counting, root, family.most + family.inserted + 1, counting->count);
	counting->count++;
}

/*
 * As many rows as were inserted; -1 when one of them is older than the transaction. Both: attempts
 * that were undone count as inserted, and rows of others may be younger.
 */
static void add_fill(struct counting *counting, const struct proof_relation *relation, size_t index)
{
	const struct proof_now *now = relation->now;
	CLEANUP(buf_free) struct buf name = buf_init(PROOF_SQL_MOST);
	pg_proof_add_name(&name, now == NULL ? relation->schema : now->schema,
	    now == NULL ? relation->name : now->name);
	buf_printf(&counting->sql,
	    "%sSELECT %zu, CASE WHEN EXISTS (SELECT FROM ONLY %s WHERE"
	    " pg_catalog.age(xmin) > 0) THEN -1 ELSE (SELECT pg_catalog.count(*) FROM"
	    " (SELECT FROM ONLY %s LIMIT %" PRId64 ") AS r) END",
	    counting->sql.len == 0 ? "" : " UNION ALL ", index, name.data, name.data,
	    relation->inserted + 1);
}

/* Had it no row when the transaction began? Then all it has are ours. */
static bool may_be_filled(const struct pg_proof *proof, const struct proof_relation *relation)
{
	return !pg_proof_set_has(&proof->full, relation->oid) && relation->then &&
	       !relation->free && relation->kind == 'r' && relation->blank &&
	       relation->inserted > 0 && relation->inserted < MOST_FILLED &&
	       relation->updated == 0 && relation->deleted == 0 && !relation->rewritten &&
	       !relation->gone && !relation->alters;
}

static void judge_counts(struct pg_proof *proof, struct proof_facts *facts,
    const struct counting *counting, const struct db_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		size_t index = (size_t)strtoull(rows->cells[i * 2], NULL, 10);
		int64_t count = strtoll(rows->cells[i * 2 + 1], NULL, 10);
		if (index >= counting->count) {
			struct proof_relation *relation =
			    &facts->relations[index - counting->count];
			relation->filled = count == relation->inserted;
			if (!relation->filled)
				pg_proof_set_add(&proof->full, relation->oid);
			continue;
		}
		const struct family *family = &counting->families[index];
		if (count <= family->most + family->inserted)
			set_excused(facts, family->root, false);
	}
}

bool pg_proof_count(struct pg_db *s, struct proof_facts *facts, struct err *err)
{
	struct counting counting = {
	    .sql = buf_init(PROOF_SQL_MOST), .arena = &s->proof->transaction};
	struct db_rows rows = {0};
	pg_proof_excuse(s, facts, INT64_MAX);
	for (size_t i = 0; i < facts->count && s->proof->update_count > 0; i++)
		if (is_old_root(facts, &facts->relations[i]))
			count_family(s, facts, &facts->relations[i], &counting);
	for (size_t i = 0; i < facts->count; i++)
		if (may_be_filled(s->proof, &facts->relations[i]))
			add_fill(&counting, &facts->relations[i], counting.count + i);
	bool ok = counting.sql.len == 0 ||
		  pg_ask(s, counting.sql.data, NULL, 0, counting.arena, &rows, err);
	if (ok)
		judge_counts(s->proof, facts, &counting, &rows);
	buf_free(&counting.sql);
	return ok;
}
