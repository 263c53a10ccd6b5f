#include "base/arena.h"
#include "base/err.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_BLOCK = 4096,
	LARGEST_BLOCK = 256 * 1024,
	FIRST_ITEMS = 8
};

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes in data */
	size_t used;
	max_align_t data[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (block == NULL)
		err_die("out of memory");
	block->size = size;
	return block;
}

/* A block with room for `size` bytes, as the first of the list unless it is full at once. */
static struct arena_block *block_add(struct arena *arena, size_t size)
{
	struct arena_block *first = arena->block, *block;
	size_t usual = first == NULL ? FIRST_BLOCK : first->size * 2;

	if (usual > LARGEST_BLOCK)
		usual = LARGEST_BLOCK;
	block = block_new(size > usual ? size : usual);
	if (first != NULL && size > usual) {
		block->next = first->next;
		first->next = block;
	} else {
		block->next = first;
		arena->block = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block = arena->block;
	char *place;

	if (size > PTRDIFF_MAX / 2)
		err_die("out of memory");
	/* Nothing asked for is still a place of its own. */
	size = size == 0 ? align : (size + align - 1) / align * align;
	if (block == NULL || block->size - block->used < size)
		block = block_add(arena, size);
	place = (char *)block->data + block->used;
	block->used += size;
	return place;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		err_die("out of memory");
	return arena_alloc(arena, total);
}

void *arena_grow(
    struct arena *arena, void *items, size_t count, size_t *capacity, size_t element_size)
{
	size_t more = *capacity == 0 ? FIRST_ITEMS : *capacity;
	void *moved;

	if (count < *capacity)
		return items;
	if (__builtin_add_overflow(*capacity, more, &more))
		err_die("out of memory");
	moved = arena_array(arena, more, element_size);
	if (count > 0)
		memcpy(moved, items, count * element_size);
	*capacity = more;
	return moved;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	size_t n = strnlen(text, len);

	/* The arena's memory is zeroed: the NUL is there. */
	return memcpy(arena_alloc(arena, n + 1), text, n);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		err_die("a text could not be formatted");
	text = arena_alloc(arena, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}

void arena_free(struct arena *arena)
{
	while (arena->block != NULL) {
		struct arena_block *next = arena->block->next;

		free(arena->block);
		arena->block = next;
	}
}

void arena_wipe(struct arena *arena)
{
	for (struct arena_block *block = arena->block; block != NULL; block = block->next)
		explicit_bzero(block->data, block->size);
	arena_free(arena);
}
