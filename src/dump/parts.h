/* What the files of this room share. */
#ifndef DB_ENTRY_DUMP_PARTS_H
#define DB_ENTRY_DUMP_PARTS_H

#include "base/digest.h"
#include "dump/dump.h"

#define DUMP_PREFIX    "backup-"
#define DUMP_TEMPORARY ".tmp" /* hidden files of this end are ours to sweep */

/* compress.c: a sink that packs what is written and hands it to `next`, which becomes its own. */
struct sink *dump_compress(enum dump_compression compression, struct sink *next);

/* What a file's first bytes say. */
enum dump_compression dump_compression_of(const void *head, size_t len);

/* "", ".zst", ".gz" */
const char *dump_suffix(enum dump_compression compression);

/* Unpacking: give it bytes as they come; what comes out goes to `next`, which stays the caller's.
 * unpacked() is false when the stream ended in its middle. Accepts NULL to free. */
struct dump_unpacker;
struct dump_unpacker *dump_unpacker_new(enum dump_compression compression, struct sink *next);
bool dump_unpack(struct dump_unpacker *unpacker, const void *data, size_t len,
    const struct stop *stop, struct err *err);
bool dump_unpacked(const struct dump_unpacker *unpacker);
void dump_unpacker_free(struct dump_unpacker **unpacker);

/* pipe.c: a sink that counts and digests what passes to `next`, which becomes its own. The results
 * are written by the commit. */
struct dump_measure {
	int64_t bytes;
	char sha256[DIGEST_HEX + 1];
};
struct sink *dump_measuring(struct sink *next, struct dump_measure *measure);

/*
 * folder.c: enter a folder to make or unpack a dump there. The folder is made, what killed
 * processes left is swept, and what we make is not, until *fd is closed.
 */
bool dump_enter(int *fd, const char *folder, const struct stop *stop, struct err *err);

/* One process at a time changes the catalogue; until *fd is closed. What one that was killed left
 * of it is swept. */
bool dump_lock_catalogue(int *fd, const char *folder, const struct stop *stop, struct err *err);

/* catalogue.c: what dump_list() does with the bytes of a folder's catalogue. */
bool dump_catalogue_parse(struct dump_catalogue *catalogue, const char *text, size_t len,
    const char *folder, struct arena *arena, struct err *err);

/* The same lock is held. */
bool dump_catalogue_add(
    const char *folder, const struct dump_entry *entry, const struct stop *stop, struct err *err);
bool dump_catalogue_write(const struct dump_catalogue *catalogue, struct err *err);
bool dump_catalogue_drop(struct dump_catalogue *catalogue, const char *id);
void dump_catalogue_note(
    struct dump_catalogue *catalogue, const char *id, bool good, const char *when);

/* "2026-01-31T12:00:00Z" */
void dump_time(time_t when, char out[32]);

/* Make it ERR_DUMP, unless it says that `stop` fired or that the catalogue is malformed. Returns
 * false. */
bool dump_failed(struct err *err);

#endif
