/* A set of numbers: few are added one by one, many are looked up. */
#include "db/postgres/proof.h"
#include <stdlib.h>
#include <string.h>

/* Where it is, or belongs. */
static size_t place_of(const struct proof_set *set, uint64_t item)
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->items[middle] < item)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool pg_proof_set_has(const struct proof_set *set, uint64_t item)
{
	size_t at = place_of(set, item);
	return at < set->count && set->items[at] == item;
}

void pg_proof_set_add(struct proof_set *set, uint64_t item)
{
	size_t at = place_of(set, item);
	if (at < set->count && set->items[at] == item)
		return;
	if (set->count == set->capacity) {
		set->capacity = set->capacity == 0 ? 64 : set->capacity * 2;
		set->items = reallocarray(set->items, set->capacity, sizeof(*set->items));
		if (set->items == NULL)
			err_die("out of memory");
	}
	memmove(&set->items[at + 1], &set->items[at], (set->count - at) * sizeof(*set->items));
	set->items[at] = item;
	set->count++;
}

void pg_proof_set_remove(struct proof_set *set, uint64_t item)
{
	size_t at = place_of(set, item);
	if (at == set->count || set->items[at] != item)
		return;
	set->count--;
	memmove(&set->items[at], &set->items[at + 1], (set->count - at) * sizeof(*set->items));
}

void pg_proof_set_clear(struct proof_set *set)
{
	free(set->items);
	*set = (struct proof_set){0};
}
