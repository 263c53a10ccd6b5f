#include "fault/disk.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* After those it needs. */
#include <cmocka.h>

enum {
	FILES = 16,
	PATH_SIZE = 256
};

/* A write or, with data NULL, a truncation to `offset`. */
struct change {
	struct change *next;
	size_t offset, len;
	unsigned char *data;
};

struct disk_file {
	char path[PATH_SIZE];
	bool dirty; /* `bytes` is what it was when last synced; otherwise the file itself is */
	unsigned char *bytes;
	size_t len;
	struct change *first, **last;
};

/* Nothing is freed but what would add up: the process does not live long. */
static struct disk_file files[FILES];

static void *allocate(size_t size)
{
	void *memory = calloc(1, size + 1);
	assert_non_null(memory);
	return memory;
}

static struct disk_file *find(const char *path)
{
	for (int i = 0; i < FILES; i++)
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}

struct disk_file *disk_open(const char *path)
{
	struct disk_file *file = find(path);
	if (file == NULL)
		file = find("");
	assert_non_null(file);
	snprintf(file->path, sizeof(file->path), "%s", path);
	return file;
}

const char *disk_name(const struct disk_file *file)
{
	const char *name = file == NULL ? NULL : strrchr(file->path, '/');
	return name == NULL ? "" : name + 1;
}

void disk_sync(struct disk_file *file)
{
	if (file == NULL)
		return;
	while (file->first != NULL) {
		struct change *change = file->first;
		file->first = change->next;
		free(change->data);
		free(change);
	}
	free(file->bytes);
	file->bytes = NULL;
	file->dirty = false;
}

/* Through SQLite's own descriptor: closing another one would drop its locks. */
static void remember(struct disk_file *file, sqlite3_file *real)
{
	sqlite3_int64 size = 0;
	if (file->dirty)
		return;
	assert_int_equal(real->pMethods->xFileSize(real, &size), SQLITE_OK);
	file->len = (size_t)size;
	file->bytes = allocate(file->len);
	if (size > 0)
		assert_int_equal(real->pMethods->xRead(real, file->bytes, (int)size, 0), SQLITE_OK);
	file->dirty = true;
	file->last = &file->first;
}

static struct change *add(struct disk_file *file, sqlite3_int64 offset, size_t len)
{
	struct change *change = allocate(sizeof(*change));
	change->offset = (size_t)offset;
	change->len = len;
	*file->last = change;
	file->last = &change->next;
	return change;
}

void disk_write(
    struct disk_file *file, sqlite3_file *real, const void *data, size_t len, sqlite3_int64 offset)
{
	if (file == NULL)
		return;
	remember(file, real);
	struct change *change = add(file, offset, len);
	change->data = allocate(len);
	memcpy(change->data, data, len);
}

void disk_truncate(struct disk_file *file, sqlite3_file *real, sqlite3_int64 size)
{
	if (file == NULL)
		return;
	remember(file, real);
	add(file, size, 0);
}

void disk_delete(const char *path)
{
	disk_sync(find(path));
}

static void resize(struct disk_file *file, size_t len)
{
	unsigned char *bytes = allocate(len);
	memcpy(bytes, file->bytes, len < file->len ? len : file->len);
	free(file->bytes);
	file->bytes = bytes;
	file->len = len;
}

static void do_change(struct disk_file *file, const struct change *change, size_t len)
{
	if (change->data == NULL) {
		resize(file, change->offset);
		return;
	}
	if (change->offset + len > file->len)
		resize(file, change->offset + len);
	memcpy(file->bytes + change->offset, change->data, len);
}

/* Each change is there, not there, or torn at half. */
static void do_some(struct disk_file *file, const struct change *change, unsigned *seed)
{
	switch (rand_r(seed) % 3) {
	case 0:
		break;
	case 1:
		do_change(file, change, change->len);
		break;
	default:
		do_change(file, change, change->len / 2);
		break;
	}
}

static void write_out(const struct disk_file *file)
{
	char shared[PATH_SIZE + 8];
	int fd = open(file->path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->bytes, file->len), (ssize_t)file->len);
	close(fd);
	/* Shared memory was never on the disk. */
	snprintf(shared, sizeof(shared), "%s-shm", file->path);
	unlink(shared);
}

void disk_lose_power(enum disk_loss loss, unsigned seed)
{
	for (int i = 0; i < FILES; i++) {
		struct disk_file *file = &files[i];
		if (!file->dirty)
			continue;
		for (struct change *c = file->first; c != NULL; c = c->next) {
			if (loss == DISK_KEPT)
				do_change(file, c, c->len);
			else if (loss == DISK_MIXED)
				do_some(file, c, &seed);
		}
		write_out(file);
	}
}
