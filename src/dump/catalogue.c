/*
 * The catalogue: backups.json, in the shape its users know. Rows of other tools and keys we don't
 * know stay as they are.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "dump/parts.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CATALOGUE_MAX = 64 << 20,
	LABEL_MAX = 64
};

bool dump_is_label(const char *text)
{
	size_t len = strlen(text);
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	return len > 0 && len <= LABEL_MAX && strspn(text, letters) == len &&
	       isalnum((unsigned char)text[0]);
}

void dump_time(time_t when, char out[32])
{
	struct tm utc;
	gmtime_r(&when, &utc);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* What a terminal must not see is as if it were not stated. */
static const char *text_in(const struct json *object, const char *key)
{
	const char *text = json_text(json_get(object, key));
	size_t used;
	for (const char *at = text; at != NULL && *at != '\0'; at += used)
		if ((used = text_printable(at)) == 0)
			return NULL;
	return text;
}

static const char *text_of(const struct json *object, const char *key, const char *fallback)
{
	const char *text = text_in(object, key);
	return text == NULL ? fallback : text;
}

/* Counts and sizes: what is below 0 or beyond `most` is not stated. */
static int64_t int_of(const struct json *object, const char *key, int64_t fallback, int64_t most)
{
	int64_t number = fallback;
	json_int(json_get(object, key), &number);
	return number < 0 || number > most ? fallback : number;
}

/* A name that would lead out of the folder, or hides, is none of ours. */
static const char *safe_name(const char *name)
{
	if (name == NULL || name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return NULL;
	return name;
}

static bool is_present(const char *folder, const struct dump_entry *entry, struct arena *arena)
{
	struct stat info;
	return entry->file != NULL &&
	       stat(arena_printf(arena, "%s/%s", folder, entry->file), &info) == 0 &&
	       S_ISREG(info.st_mode) &&
	       (entry->size_bytes < 0 || info.st_size == entry->size_bytes);
}

/* Texts are the document's. */
static void read_entry(struct dump_entry *entry, const struct json *row)
{
	const struct json *migrations = json_get(row, "migrations");
	const struct json *verification = json_get(row, "verification");
	*entry = (struct dump_entry){
	    .id = text_in(row, "id"),
	    .environment = text_of(row, "environment", ""),
	    .database = text_of(row, "database", ""),
	    .timestamp = text_of(row, "timestamp", ""),
	    .label = text_in(row, "label"),
	    .reason = text_of(row, "reason", ""),
	    .automatic = json_is_true(json_get(row, "automatic")),
	    .file = safe_name(text_in(row, "file")),
	    .size_bytes = int_of(row, "size_bytes", -1, INT64_MAX),
	    .sha256 = text_in(row, "sha256"),
	    .format = text_of(row, "format", ""),
	    .applied_count = (size_t)int_of(migrations, "applied_count", 0, INT_MAX),
	    .last_migration = text_in(migrations, "last_migration"),
	    .history = text_in(migrations, "history"),
	    .retention_days = (int)int_of(row, "retention_days", 0, INT_MAX),
	    .expires_at = text_in(row, "expires_at"),
	    .status = text_of(row, "status", ""),
	    .verified = text_is(text_in(verification, "integrity_check"), "ok"),
	    .verified_at = text_in(verification, "verified_at"),
	    .broken_references = int_of(verification, "foreign_key_violations", 0, INT64_MAX),
	};
}

static bool read_rows(
    struct dump_catalogue *catalogue, const char *folder, struct arena *arena, struct err *err)
{
	const struct json *rows = json_get(catalogue->document, "backups");
	size_t capacity = 0;
	if (!json_is_array(rows)) {
		err_set(err, ERR_MALFORMED, "%s has no array \"backups\"", catalogue->path);
		return err_at(err, catalogue->path, 0);
	}
	json_each (row, rows) {
		struct dump_entry entry;
		read_entry(&entry, row);
		if (entry.id == NULL)
			continue;
		entry.present = is_present(folder, &entry, arena);
		catalogue->items = arena_grow(arena, catalogue->items, catalogue->count, &capacity,
		    sizeof(*catalogue->items));
		catalogue->items[catalogue->count++] = entry;
	}
	return true;
}

static bool advise(const struct dump_catalogue *catalogue, struct err *err)
{
	err_next(err, "mend %s, or move it away", catalogue->path);
	return err_next(err, "the dumps beside it stay as they are: db-entry restore FILE");
}

bool dump_catalogue_parse(struct dump_catalogue *ret, const char *text, size_t len,
    const char *folder, struct arena *arena, struct err *err)
{
	struct dump_catalogue catalogue = {.path = arena_printf(arena, "%s/backups.json", folder)};
	if (!json_parse(&catalogue.document, text, len, catalogue.path, err))
		return advise(&catalogue, err);
	if (!read_rows(&catalogue, folder, arena, err)) {
		advise(&catalogue, err);
		dump_catalogue_close(&catalogue);
		return false;
	}
	*ret = catalogue;
	return true;
}

bool dump_list(struct dump_catalogue *ret, const char *folder, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(CATALOGUE_MAX);
	const char *path = arena_printf(arena, "%s/backups.json", folder);
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		*ret = (struct dump_catalogue){.path = path};
		return true;
	}
	return fs_read(path, &text, ERR_DUMP, err) &&
	       dump_catalogue_parse(
		   ret, text.len == 0 ? "" : text.data, text.len, folder, arena, err);
}

void dump_catalogue_close(struct dump_catalogue *catalogue)
{
	json_free(&catalogue->document);
	*catalogue = (struct dump_catalogue){0};
}

const struct dump_entry *dump_find(const struct dump_catalogue *catalogue, const char *id)
{
	for (size_t i = 0; i < catalogue->count; i++)
		if (text_is(catalogue->items[i].id, id))
			return &catalogue->items[i];
	return NULL;
}

static void add_verification(struct json *row, bool good, const char *when, int64_t broken)
{
	struct json *object = json_add_object(row, "verification");
	json_add_text(object, "integrity_check", good ? "ok" : "failed");
	json_add_bool(object, "file_readable", good);
	json_add_text(object, "verified_at", when);
	json_add_int(object, "foreign_key_violations", broken);
}

static void add_row(struct json *rows, const struct dump_entry *entry)
{
	struct json *row = json_add_object(rows, NULL);
	json_add_text(row, "id", entry->id);
	json_add_text(row, "environment", entry->environment);
	json_add_text(row, "database", entry->database);
	json_add_text(row, "timestamp", entry->timestamp);
	json_add_text(row, "label", entry->label);
	json_add_text(row, "reason", entry->reason);
	json_add_bool(row, "automatic", entry->automatic);
	json_add_text(row, "file", entry->file);
	json_add_int(row, "size_bytes", entry->size_bytes);
	json_add_text(row, "sha256", entry->sha256);
	json_add_bool(row, "compressed", strchr(entry->format, '.') != NULL);
	json_add_text(row, "format", entry->format);
	struct json *migrations = json_add_object(row, "migrations");
	json_add_int(migrations, "applied_count", (int64_t)entry->applied_count);
	json_add_text(migrations, "last_migration", entry->last_migration);
	json_add_text(migrations, "history", entry->history);
	json_add_int(row, "retention_days", entry->retention_days);
	json_add_text(row, "expires_at", entry->expires_at);
	json_add_text(row, "status", entry->status);
	add_verification(row, entry->verified, entry->verified_at, entry->broken_references);
}

bool dump_catalogue_write(const struct dump_catalogue *catalogue, struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(CATALOGUE_MAX);
	json_print(catalogue->document, true, &text);
	buf_add_char(&text, '\n');
	if (text.overflow)
		return err_set(err, ERR_DUMP, "%s would be too large", catalogue->path);
	return sink_put(catalogue->path, text.data, text.len, 0600, err) || dump_failed(err);
}

bool dump_catalogue_add(
    const char *folder, const struct dump_entry *entry, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(fs_close) int lock = -1;
	struct dump_catalogue catalogue;
	if (!dump_lock_catalogue(&lock, folder, stop, err) ||
	    !dump_list(&catalogue, folder, &arena, err))
		return false;
	if (catalogue.document == NULL) {
		catalogue.document = json_new_object();
		json_add_array(catalogue.document, "backups");
	}
	add_row(json_member(catalogue.document, "backups"), entry);
	bool ok = dump_catalogue_write(&catalogue, err);
	dump_catalogue_close(&catalogue);
	return ok;
}

static struct json *find_row(const struct dump_catalogue *catalogue, const char *id)
{
	struct json *rows = json_member(catalogue->document, "backups"), *row;
	for (size_t i = 0; (row = json_item(rows, i)) != NULL; i++)
		if (text_is(json_text(json_get(row, "id")), id))
			return row;
	return NULL;
}

/* The items, whose texts are the document's, are not to be used for it any more. */
bool dump_catalogue_drop(struct dump_catalogue *catalogue, const char *id)
{
	const struct json *row = find_row(catalogue, id);
	if (row == NULL)
		return false;
	json_remove(json_member(catalogue->document, "backups"), row);
	return true;
}

static void replace_text(struct json *object, const char *key, const char *text)
{
	const struct json *old = json_get(object, key);
	if (text_is(json_text(old), text))
		return;
	if (old != NULL)
		json_remove(object, old);
	json_add_text(object, key, text);
}

void dump_catalogue_note(
    struct dump_catalogue *catalogue, const char *id, bool good, const char *when)
{
	struct json *row = find_row(catalogue, id);
	if (row == NULL)
		return;
	const struct json *old = json_get(row, "verification");
	int64_t broken = int_of(old, "foreign_key_violations", 0, INT64_MAX);
	if (old != NULL)
		json_remove(row, old);
	add_verification(row, good, when, broken);
	replace_text(row, "status", good ? "completed" : "damaged");
}
