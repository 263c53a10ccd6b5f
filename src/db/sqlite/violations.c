/*
 * A multiset of violations, eight bytes each, sorted: values, parent, child and one bit for having
 * met its partner. Two that are told apart by nothing but their hashes would excuse each other:
 * with a million old ones that is less likely than one in a million, and needs the same tables.
 */
#include "db/sqlite/sqlite.h"
#include <stdlib.h>

enum {
	TAG_BITS = 12,
	CHILD_AT = 1,
	PARENT_AT = CHILD_AT + TAG_BITS,
	VALUES_AT = PARENT_AT + TAG_BITS
};

static const uint64_t met = 1;
static const uint64_t tag_mask = (1 << TAG_BITS) - 1;

/* A short text moves the lower bits of its hash most: spread it over all. */
static uint64_t spread(uint64_t hash)
{
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
	return (hash ^ hash >> 29) * 0xd6e8feb86659fd93;
}

uint64_t sqlite_violation_key(uint64_t values, uint64_t parent, uint64_t child)
{
	return spread(values) >> VALUES_AT << VALUES_AT | spread(parent) >> 52 << PARENT_AT |
	       spread(child) >> 52 << CHILD_AT;
}

static uint64_t masked(uint64_t item, enum sqlite_likeness likeness)
{
	uint64_t left_out = met;
	if (likeness == SQLITE_SAME_PARENT)
		left_out |= tag_mask << CHILD_AT;
	if (likeness == SQLITE_SAME_CHILD)
		left_out |= tag_mask << PARENT_AT;
	return item & ~left_out;
}

void sqlite_violations_clear(struct sqlite_violations *v)
{
	free(v->items);
	*v = (struct sqlite_violations){0};
}

/* Not in an arena, which would keep each place the array grows out of. */
void sqlite_violations_add(struct sqlite_violations *v, uint64_t key)
{
	if (v->count == v->capacity) {
		size_t capacity = v->capacity == 0 ? 64 : v->capacity * 2;
		uint64_t *items = reallocarray(v->items, capacity, sizeof(*items));
		if (items == NULL)
			err_die("out of memory");
		v->items = items;
		v->capacity = capacity;
	}
	v->items[v->count++] = key;
}

/* Let the item at `top` of a heap of `count` sink to its place. */
static void sink(uint64_t *items, size_t top, size_t count, enum sqlite_likeness likeness)
{
	uint64_t item = items[top];
	for (size_t child; (child = top * 2 + 1) < count; top = child) {
		if (child + 1 < count &&
		    masked(items[child], likeness) < masked(items[child + 1], likeness))
			child++;
		if (masked(item, likeness) >= masked(items[child], likeness))
			break;
		items[top] = items[child];
	}
	items[top] = item;
}

/* A heap sort: qsort(3) of the GNU library makes a copy. */
void sqlite_violations_sort(struct sqlite_violations *v, enum sqlite_likeness likeness)
{
	for (size_t top = v->count / 2; top-- > 0;)
		sink(v->items, top, v->count, likeness);
	for (size_t last = v->count; last-- > 1;) {
		uint64_t greatest = v->items[0];
		v->items[0] = v->items[last];
		v->items[last] = greatest;
		sink(v->items, 0, last, likeness);
	}
}

/* Among those that are alike the first ones are met first, so that a search finds the next. */
bool sqlite_violations_meet(
    struct sqlite_violations *v, uint64_t key, enum sqlite_likeness likeness)
{
	size_t low = 0, high = v->count;
	key = masked(key, likeness);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t item = masked(v->items[middle], likeness);
		if (item < key || (item == key && (v->items[middle] & met) != 0))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == v->count || masked(v->items[low], likeness) != key)
		return false;
	v->items[low] |= met;
	return true;
}

void sqlite_violations_unmeet(struct sqlite_violations *v)
{
	for (size_t i = 0; i < v->count; i++)
		v->items[i] &= ~met;
}

void sqlite_violations_keep(struct sqlite_violations *v, bool which)
{
	size_t left = 0;
	for (size_t i = 0; i < v->count; i++)
		if (((v->items[i] & met) != 0) == which)
			v->items[left++] = v->items[i] & ~met;
	v->count = left;
}
