/*
 * An arena: many small allocations, freed together. Models (migrations, history, plans, schemas)
 * live in one; nothing inside is freed on its own. Out of memory ends the process.
 */
#ifndef DB_ENTRY_BASE_ARENA_H
#define DB_ENTRY_BASE_ARENA_H

#include "base/cleanup.h"
#include <stdarg.h>
#include <stddef.h>

struct arena_block;

/* Zero-initialise to get an empty one. */
struct arena {
	struct arena_block *block;
};

/* Zeroed memory, aligned for any type; valid until arena_free(). */
void *arena_alloc(struct arena *arena, size_t size);

/* Zeroed memory for `count` elements; a product that overflows ends the process. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/*
 * Room for one more element in an array that grows by doubling: returns `items`, moved when
 * *capacity was reached. The old place stays in the arena until the end.
 */
void *arena_grow(
    struct arena *arena, void *items, size_t count, size_t *capacity, size_t element_size);

char *arena_strdup(struct arena *arena, const char *text); /* NULL stays NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void arena_free(struct arena *arena);

/* Overwrite all of it, then free: for secrets. */
void arena_wipe(struct arena *arena);

#endif
