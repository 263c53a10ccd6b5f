/*
 * A catalogue from arbitrary bytes: it is read or refused; no row leads out of the folder; what is
 * written back reads as the same, with one row more, noted, or less.
 */
#include "dump/parts.h"
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	TEXT_MAX = 64 << 20
};

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	__builtin_trap();
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check_entry(const struct dump_entry *entry)
{
	require(entry->id != NULL && entry->database != NULL && entry->environment != NULL &&
		    entry->timestamp != NULL && entry->reason != NULL && entry->format != NULL &&
		    entry->status != NULL,
	    "what is never NULL");
	const char *const texts[] = {entry->id, entry->database, entry->file, entry->timestamp,
	    entry->label, entry->reason, entry->expires_at, entry->status};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (const char *at = texts[i]; at != NULL && *at != '\0'; at++)
			require((unsigned char)*at >= ' ' && *at != 0x7f, "fit for a terminal");
	require(entry->size_bytes >= -1 && entry->retention_days >= 0 &&
		    entry->broken_references >= 0 && entry->applied_count <= INT32_MAX,
	    "numbers are in their range");
	if (entry->file == NULL) {
		require(!entry->present, "without a name nothing is there");
		return;
	}
	require(strchr(entry->file, '/') == NULL && entry->file[0] != '.' && entry->file[0] != '\0',
	    "a name in the folder");
}

static void require_same(const struct dump_entry *a, const struct dump_entry *b)
{
	require(same(a->id, b->id) && same(a->database, b->database) && same(a->file, b->file) &&
		    same(a->sha256, b->sha256) && same(a->expires_at, b->expires_at) &&
		    same(a->history, b->history) && a->automatic == b->automatic,
	    "a row says the same again");
	/* What is almost a whole number may be written as one. */
	require((a->size_bytes < 0 || a->size_bytes == b->size_bytes) &&
		    (a->applied_count == 0 || a->applied_count == b->applied_count),
	    "and counts as much");
}

/* Written and read again. */
static void read_again(
    struct dump_catalogue *again, const struct dump_catalogue *catalogue, struct arena *arena)
{
	CLEANUP(buf_free) struct buf text = buf_init(TEXT_MAX);
	struct err err;
	json_print(catalogue->document, true, &text);
	require(dump_catalogue_parse(again, text.data, text.len, "/nowhere", arena, &err),
	    "what was written can be read");
}

static void check_changes(struct dump_catalogue *catalogue, struct arena *arena)
{
	struct dump_catalogue again;
	if (catalogue->count == 0)
		return;
	const char *id = arena_strdup(arena, catalogue->items[0].id);
	dump_catalogue_note(catalogue, id, false, "2026-01-31T12:00:00Z");
	read_again(&again, catalogue, arena);
	const struct dump_entry *noted = dump_find(&again, id);
	require(again.count == catalogue->count, "a note removes nothing");
	require(noted != NULL && same(noted->status, "damaged") && !noted->verified, "it is noted");
	dump_catalogue_close(&again);
	size_t before = catalogue->count;
	require(dump_catalogue_drop(catalogue, id), "a row can be dropped");
	read_again(&again, catalogue, arena);
	require(again.count == before - 1, "one row is gone");
	dump_catalogue_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct dump_catalogue catalogue, again;
	struct err err = {0};
	if (!dump_catalogue_parse(&catalogue, (const char *)data, size, "/nowhere", &arena, &err)) {
		require(err.kind == ERR_MALFORMED && err.file[0] != '\0', "the kind of error");
		return 0;
	}
	for (size_t i = 0; i < catalogue.count; i++)
		check_entry(&catalogue.items[i]);
	/* Bytes that are no UTF-8 are written as U+FFFD. */
	bool clean = true;
	for (size_t i = 0; i < size; i++)
		clean = clean && data[i] < 0x80;
	if (clean && memmem(data, size, "\\u", 2) == NULL) {
		read_again(&again, &catalogue, &arena);
		require(again.count == catalogue.count, "as many rows again");
		for (size_t i = 0; i < catalogue.count; i++)
			require_same(&catalogue.items[i], &again.items[i]);
		dump_catalogue_close(&again);
		check_changes(&catalogue, &arena);
	}
	dump_catalogue_close(&catalogue);
	return 0;
}
