/*
 * A mirror from arbitrary bytes: it is read or refused; what was read compares equal to itself, and
 * what is written of it reads as the same, and is written as the same again.
 */
#include "db/db.h"
#include "schema/diff.h"
#include "schema/ignore.h"
#include "schema/mirror.h"
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	__builtin_trap();
}

static void require_same(const struct schema *left, const struct schema *right, bool partial,
    struct arena *arena, const char *what)
{
	struct schema_diff diff;
	schema_diff(&diff, left, right, partial, arena);
	require(diff.count == 0, what);
}

static void check_written(const struct mirror *mirror, const struct schema *model)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	CLEANUP(buf_free) struct buf again = buf_init(MIRROR_MAX);
	struct mirror read;
	struct err err;
	require(mirror_text(mirror, &mirror->schema, &text, &err), "what was read can be written");
	require(mirror_parse(&read, text.data, text.len, "again", model, &arena, &err),
	    "what was written can be read");
	require(!read.partial, "version 3 is written");
	require_same(&mirror->schema, &read.schema, false, &arena, "it says the same");
	require(mirror_text(&read, &read.schema, &again, &err), "and can be written again");
	require(text.len == again.len && memcmp(text.data, again.data, text.len) == 0,
	    "with the same bytes");
	mirror_close(&read);
}

/* Before what it says is renamed was renamed; and without a part of it. Anything can be compared.
 */
static void check_renames(const struct mirror *mirror, struct arena *arena)
{
	CLEANUP(buf_free) struct buf told = buf_init(MIRROR_MAX);
	struct schema before = mirror->schema;
	struct schema_diff diff;
	before.objects = NULL;
	before.count = before.capacity = 0;
	for (size_t i = 0; i < mirror->schema.count; i++) {
		const struct schema_object *object = &mirror->schema.objects[i];
		struct schema_object *copy = schema_add(&before, object->kind, arena);
		*copy = *object;
		if (object->renamed_from != NULL)
			copy->given = object->renamed_from;
		copy->renamed_from = NULL;
	}
	schema_settle(&before, arena);
	schema_diff(&diff, &mirror->schema, &before, mirror->partial, arena);
	schema_diff_print(&diff, "mirror", "database", &told);
	schema_ignore(&before, "*a*,?", arena);
	for (size_t i = 0; i < before.count; i++)
		require(!schema_ignored(&before, &before.objects[i], "*a*,?"), "it is left out");
}

/* Bytes that are no UTF-8 are written as U+FFFD, so names may become alike. */
static bool is_clean(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] >= 0x80)
			return false;
	return memmem(data, size, "\\u", 2) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const struct db_driver *driver = db_drivers[0];
	const struct schema model = {
	    .kinds = driver->kinds, .dialect = driver->dialect, .engine = driver->name};
	const struct stop stop = stop_never();
	struct mirror mirror;
	struct schema canonical;
	struct err err = {0};
	if (mirror_parse(&mirror, (const char *)data, size, "mirror", &model, &arena, &err)) {
		require_same(&mirror.schema, &mirror.schema, mirror.partial, &arena,
		    "a mirror equals itself");
		check_renames(&mirror, &arena);
		if (is_clean(data, size))
			check_written(&mirror, &model);
		require(driver->canonicalise(
			    NULL, &mirror.schema, NULL, &canonical, &arena, &stop, &err),
		    "anything has a canonical form");
	} else {
		require(err.kind == ERR_MALFORMED || err.kind == ERR_CONFIG, "the kind of error");
	}
	mirror_close(&mirror);
	return 0;
}
