/*
 * What is on the disk when the power goes off: of each file what it was when it was last synced,
 * and of the writes since then any part. A removed file is gone at once.
 */
#ifndef DB_ENTRY_TESTS_FAULT_DISK_H
#define DB_ENTRY_TESTS_FAULT_DISK_H

#include <sqlite3.h>
#include <stddef.h>

struct disk_file;

enum disk_loss {
	DISK_KEPT,
	DISK_LOST,
	DISK_MIXED
};

/* The file of a path, which must outlive the process. NULL below does nothing. */
struct disk_file *disk_open(const char *path);
const char *disk_name(const struct disk_file *file);

/* To be called before the operation itself. */
void disk_write(
    struct disk_file *file, sqlite3_file *real, const void *data, size_t len, sqlite3_int64 offset);
void disk_truncate(struct disk_file *file, sqlite3_file *real, sqlite3_int64 size);
void disk_sync(struct disk_file *file);
void disk_delete(const char *path);

/* Put every file into the state the loss leaves it in. */
void disk_lose_power(enum disk_loss loss, unsigned seed);

#endif
