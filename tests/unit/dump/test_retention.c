/* The catalogue, and what is removed from it. */
#include "base/fs.h"
#include "base/sink.h"
#include "dump/parts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After those it needs. */
#include <cmocka.h>

enum {
	NOW = 1769860800 /* 2026-01-31T12:00:00Z */
};

struct world {
	struct arena arena;
	struct stop stop;
	char folder[64];
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->stop = stop_never();
	snprintf(w->folder, sizeof(w->folder), "/tmp/dump-retention-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	char **names;
	size_t count;
	struct err err;
	assert_true(fs_list(w->folder, &w->arena, &names, &count, &err));
	for (size_t i = 0; i < count; i++)
		unlink(arena_printf(&w->arena, "%s/%s", w->folder, names[i]));
	assert_int_equal(rmdir(w->folder), 0);
	arena_free(&w->arena);
	free(w);
	return 0;
}

static void put(struct world *w, const char *name, const char *text)
{
	struct err err;
	assert_true(sink_put(
	    arena_printf(&w->arena, "%s/%s", w->folder, name), text, strlen(text), 0600, &err));
}

static struct dump_entry entry_of(struct world *w, int number, const char *database)
{
	return (struct dump_entry){
	    .id = arena_printf(&w->arena, "backup-%02d", number),
	    .environment = "",
	    .database = database,
	    .timestamp = arena_printf(&w->arena, "2026-01-%02dT00:00:00.000Z", number),
	    .reason = "test",
	    .automatic = true,
	    .file = arena_printf(&w->arena, "backup-%02d.sqlite", number),
	    .size_bytes = 4,
	    .sha256 = "00",
	    .format = "sqlite",
	    .status = "completed",
	    .verified = true,
	    .verified_at = "2026-01-01T00:00:00Z",
	};
}

static void add(struct world *w, const struct dump_entry *entry)
{
	struct err err;
	put(w, entry->file, "dump");
	assert_true(dump_catalogue_add(w->folder, entry, &w->stop, &err));
}

static size_t expire(struct world *w, size_t keep)
{
	struct dump_expired expired;
	struct err err;
	assert_true(dump_expire(&expired, w->folder, keep, NOW, &w->arena, &w->stop, &err));
	return expired.removed;
}

/* "01 02 05": those with a row and a file. */
static const char *kept(struct world *w)
{
	struct dump_catalogue catalogue;
	struct err err;
	const char *text = "";
	assert_true(dump_list(&catalogue, w->folder, &w->arena, &err));
	for (size_t i = 0; i < catalogue.count; i++)
		if (catalogue.items[i].present)
			text = arena_printf(&w->arena, "%s%s%s", text, i == 0 ? "" : " ",
			    catalogue.items[i].id + strlen("backup-"));
	dump_catalogue_close(&catalogue);
	return text;
}

static void missing_catalogue_is_empty(void **state)
{
	struct world *w = *state;
	struct dump_catalogue catalogue;
	struct err err;
	assert_true(dump_list(&catalogue, w->folder, &w->arena, &err));
	assert_int_equal(catalogue.count, 0);
	assert_int_equal(expire(w, 1), 0);
}

static void malformed_catalogue_is_an_error(void **state)
{
	static const char *const texts[] = {"{\"backups\": [", "[]", "{}", "{\"backups\": 1}", ""};
	struct world *w = *state;
	struct dump_catalogue catalogue;
	struct err err;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(w, "backups.json", texts[i]);
		assert_false(dump_list(&catalogue, w->folder, &w->arena, &err));
		assert_int_equal(err.kind, ERR_MALFORMED);
		assert_non_null(strstr(err.file, "backups.json"));
		assert_non_null(strstr(err.next, "backups.json"));
		struct dump_entry entry = entry_of(w, 1, "a");
		assert_false(dump_catalogue_add(w->folder, &entry, &w->stop, &err));
		assert_int_equal(err.kind, ERR_MALFORMED);
		assert_false(dump_expire(
		    &(struct dump_expired){0}, w->folder, 1, NOW, &w->arena, &w->stop, &err));
		assert_false(dump_remove(w->folder, "backup-01", &w->stop, &err));
		CLEANUP(buf_free) struct buf text = buf_init(4096);
		assert_true(fs_read(
		    arena_printf(&w->arena, "%s/backups.json", w->folder), &text, ERR_DUMP, &err));
		assert_string_equal(text.data == NULL ? "" : text.data, texts[i]);
	}
}

static void entry_is_read_as_it_was_written(void **state)
{
	struct world *w = *state;
	struct dump_catalogue catalogue;
	struct dump_entry entry = entry_of(w, 1, "data/shop.db");
	struct err err;
	entry.label = "x";
	entry.size_bytes = 5000000000;
	entry.applied_count = 12;
	entry.last_migration = "0012";
	entry.history = "ab";
	entry.retention_days = 30;
	entry.expires_at = "2026-03-02T12:00:00Z";
	entry.broken_references = 3;
	add(w, &entry);
	assert_true(dump_list(&catalogue, w->folder, &w->arena, &err));
	assert_int_equal(catalogue.count, 1);
	const struct dump_entry *read = dump_find(&catalogue, "backup-01");
	assert_non_null(read);
	assert_string_equal(read->database, "data/shop.db");
	assert_string_equal(read->label, "x");
	assert_true(read->size_bytes == 5000000000);
	assert_int_equal(read->applied_count, 12);
	assert_string_equal(read->last_migration, "0012");
	assert_string_equal(read->history, "ab");
	assert_int_equal(read->retention_days, 30);
	assert_string_equal(read->expires_at, "2026-03-02T12:00:00Z");
	assert_int_equal(read->broken_references, 3);
	assert_true(read->verified && read->automatic);
	assert_false(read->present); /* the file has another size */
	assert_null(dump_find(&catalogue, "backup-02"));
	dump_catalogue_close(&catalogue);
}

static void unknown_keys_and_rows_stay(void **state)
{
	struct world *w = *state;
	struct dump_entry entry = entry_of(w, 2, "a");
	CLEANUP(buf_free) struct buf text = buf_init(1 << 16);
	struct err err;
	put(w, "backups.json",
	    "{\"owner\": \"us\", \"backups\": [{\"id\": \"old\", \"mood\": 1.5, \"file\": "
	    "\"../../etc/passwd\", \"expires_at\": \"2020-01-01T00:00:00Z\"}]}");
	add(w, &entry);
	assert_true(
	    fs_read(arena_printf(&w->arena, "%s/backups.json", w->folder), &text, ERR_DUMP, &err));
	assert_non_null(strstr(text.data, "\"owner\": \"us\""));
	assert_non_null(strstr(text.data, "\"mood\": 1.5"));
	assert_string_equal(kept(w), " 02");
}

/* Expired, but what they name is not ours: neither a file nor the row goes, and it is told. */
static void rows_that_name_no_file_here_stay(void **state)
{
	static const char *const names[] = {
	    "../../etc/passwd", "/etc/passwd", "..", ".", "sub/dump", ".db-entry.lock", ""};
	struct world *w = *state;
	struct dump_expired expired;
	struct dump_catalogue catalogue;
	struct err err;
	const char *text =
	    "{\"backups\": [{\"id\": \"none\", \"expires_at\": \"2020-01-01T00:00:00Z\"}";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		text = arena_printf(&w->arena,
		    "%s, {\"id\": \"%zu\", \"file\": \"%s\", \"automatic\": true,"
		    " \"expires_at\": \"2020-01-01T00:00:00Z\"}",
		    text, i, names[i]);
	put(w, "backups.json", arena_printf(&w->arena, "%s]}", text));
	put(w, "sub", "");
	assert_true(dump_expire(&expired, w->folder, 1, NOW, &w->arena, &w->stop, &err));
	assert_int_equal(expired.removed, 0);
	assert_int_equal(expired.left, 8);
	assert_string_equal(expired.first_left, "none");
	assert_true(dump_remove(w->folder, "0", &w->stop, &err));
	assert_true(dump_list(&catalogue, w->folder, &w->arena, &err));
	assert_int_equal(catalogue.count, 8);
	dump_catalogue_close(&catalogue);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void newest_are_kept(void **state)
{
	struct world *w = *state;
	for (int i = 1; i <= 5; i++) {
		struct dump_entry entry = entry_of(w, i, "a");
		add(w, &entry);
	}
	assert_int_equal(expire(w, 0), 0);
	assert_int_equal(expire(w, 2), 3);
	assert_string_equal(kept(w), "04 05");
	assert_int_equal(expire(w, 2), 0);
	put(w, "backup-99.sqlite", "dump"); /* in no catalogue */
	assert_int_equal(expire(w, 1), 1);
	assert_int_equal(
	    access(arena_printf(&w->arena, "%s/backup-99.sqlite", w->folder), F_OK), 0);
}

static void each_database_counts_for_itself(void **state)
{
	struct world *w = *state;
	for (int i = 1; i <= 6; i++) {
		struct dump_entry entry = entry_of(w, i, i % 2 == 0 ? "a" : "b");
		add(w, &entry);
	}
	assert_int_equal(expire(w, 1), 4);
	assert_string_equal(kept(w), "05 06");
}

static void asked_for_ones_are_not_counted(void **state)
{
	struct world *w = *state;
	for (int i = 1; i <= 4; i++) {
		struct dump_entry entry = entry_of(w, i, "a");
		entry.automatic = i != 2;
		add(w, &entry);
	}
	assert_int_equal(expire(w, 1), 2);
	assert_string_equal(kept(w), "02 04");
}

static void old_ones_go_by_age(void **state)
{
	struct world *w = *state;
	for (int i = 1; i <= 4; i++) {
		struct dump_entry entry = entry_of(w, i, "a");
		entry.expires_at = i <= 2 ? "2026-01-31T12:00:00Z" : "2026-01-31T12:00:01Z";
		entry.automatic = false;
		add(w, &entry);
	}
	assert_int_equal(expire(w, 0), 2);
	assert_string_equal(kept(w), "03 04");
}

static void last_good_one_is_never_removed(void **state)
{
	struct world *w = *state;
	for (int i = 1; i <= 4; i++) {
		struct dump_entry entry = entry_of(w, i, "a");
		entry.expires_at = "2026-01-05T00:00:00Z";
		entry.verified = i != 4; /* the newest is not good */
		add(w, &entry);
	}
	/* Nor is the one before it there any more. */
	assert_int_equal(unlink(arena_printf(&w->arena, "%s/backup-03.sqlite", w->folder)), 0);
	assert_int_equal(expire(w, 1), 3);
	assert_string_equal(kept(w), "02");
	assert_int_equal(expire(w, 1), 0);
}

static void later_finding_is_noted(void **state)
{
	struct world *w = *state;
	struct dump_catalogue catalogue;
	struct err err;
	for (int i = 1; i <= 2; i++) {
		struct dump_entry entry = entry_of(w, i, "a");
		entry.expires_at = "2026-01-05T00:00:00Z";
		add(w, &entry);
	}
	assert_true(dump_list(&catalogue, w->folder, &w->arena, &err));
	dump_catalogue_note(&catalogue, "backup-02", false, "2026-01-31T12:00:00Z");
	assert_true(dump_catalogue_write(&catalogue, &err));
	dump_catalogue_close(&catalogue);
	assert_int_equal(expire(w, 0), 1);
	assert_string_equal(kept(w), "01");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(missing_catalogue_is_empty),
	    TEST(malformed_catalogue_is_an_error),
	    TEST(entry_is_read_as_it_was_written),
	    TEST(unknown_keys_and_rows_stay),
	    TEST(rows_that_name_no_file_here_stay),
	    TEST(newest_are_kept),
	    TEST(each_database_counts_for_itself),
	    TEST(asked_for_ones_are_not_counted),
	    TEST(old_ones_go_by_age),
	    TEST(last_good_one_is_never_removed),
	    TEST(later_finding_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
