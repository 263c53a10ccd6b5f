/*
 * What holds nothing from before the run, and so may be lost. Where rows or values from before are
 * copied to, it is tainted, and so is what is copied from there: free as long as the transaction
 * lasts, at whose end all of them must be in their own place, and not after it.
 */
#include "base/text.h"
#include "db/sqlite/sqlite.h"
#include <string.h>

static struct proof_free *find(
    struct sqlite_proof *proof, const char *table, const char *column, bool past)
{
	for (size_t i = 0; i < proof->free.count; i++) {
		struct proof_free *item = &proof->free.items[i];
		if (item->past == past && text_is_nocase(item->table, table) &&
		    (item->column == NULL) == (column == NULL) &&
		    (column == NULL || text_is_nocase(item->column, column)))
			return item;
	}
	return NULL;
}

struct proof_free *proof_find_free(
    struct sqlite_proof *proof, const char *table, const char *column)
{
	return find(proof, table, column, false);
}

bool proof_may_succeed(struct sqlite_proof *proof, const char *table)
{
	return find(proof, table, NULL, false) != NULL || find(proof, table, NULL, true) != NULL;
}

void proof_add_free(struct sqlite_proof *proof, const char *table, const char *column)
{
	struct proof_free_list *list = &proof->free;
	if (proof_find_free(proof, table, column) != NULL)
		return;
	list->items = arena_grow(
	    &proof->run, list->items, list->count, &list->capacity, sizeof(*list->items));
	list->items[list->count++] = (struct proof_free){
	    .table = arena_strdup(&proof->run, table), .column = arena_strdup(&proof->run, column)};
}

void proof_drop_free(struct sqlite_proof *proof, const char *table)
{
	size_t kept = 0;
	for (size_t i = 0; i < proof->free.count; i++)
		if (!text_is_nocase(proof->free.items[i].table, table))
			proof->free.items[kept++] = proof->free.items[i];
	proof->free.count = kept;
}

bool proof_is_tainted(const struct sqlite_proof *proof, const char *table)
{
	for (size_t i = 0; i < proof->free.count; i++)
		if (proof->free.items[i].tainted &&
		    text_is_nocase(proof->free.items[i].table, table))
			return true;
	return false;
}

static bool writes(const struct proof_effect *effect, const struct proof_free *item)
{
	return !item->past && text_is_nocase(item->table, effect->table) &&
	       (item->column == NULL || effect->column == NULL ||
		   text_is_nocase(item->column, effect->column));
}

bool proof_taint(struct sqlite_db *s, struct err *err)
{
	struct sqlite_proof *proof = &s->proof;
	bool asked = false, old = false;
	if (proof->writes_temporary) {
		if (!proof_reads_old(s, &old, err))
			return false;
		asked = true;
		proof->temporary_tainted = proof->temporary_tainted || old;
	}
	for (size_t i = 0; i < proof->effect_count; i++) {
		for (size_t j = 0; j < proof->free.count; j++) {
			struct proof_free *item = &proof->free.items[j];
			if (item->tainted || !writes(&proof->effects[i], item))
				continue;
			if (!asked && !proof_reads_old(s, &old, err))
				return false;
			asked = true;
			item->tainted = old;
		}
	}
	return true;
}

void proof_settle_taint(struct sqlite_proof *proof)
{
	size_t kept = 0;
	for (size_t i = 0; i < proof->free.count; i++) {
		struct proof_free *item = &proof->free.items[i];
		if (item->tainted && item->column != NULL)
			continue;
		item->past = item->past || item->tainted;
		item->tainted = false;
		proof->free.items[kept++] = *item;
	}
	proof->free.count = kept;
}

void proof_copy_free(
    struct sqlite_proof *proof, struct proof_free_list *to, const struct proof_free_list *from)
{
	if (to->capacity < from->count) {
		to->capacity = from->count * 2;
		to->items = arena_array(&proof->run, to->capacity, sizeof(*to->items));
	}
	to->count = from->count;
	if (from->count > 0)
		memcpy(to->items, from->items, from->count * sizeof(*to->items));
}
