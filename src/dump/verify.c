/* A dump, unpacked and looked at. */
#include "base/fs.h"
#include "base/text.h"
#include "dump/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK = 64 * 1024
};

struct reading {
	const char *path;
	int fd;
	struct digest *digest;
	struct dump_unpacker *unpacker; /* NULL: only digested */
	bool damaged;                   /* why it failed */
	char chunk[CHUNK];
};

static void reading_close(struct reading *reading)
{
	fs_close(&reading->fd);
	digest_free(&reading->digest);
	dump_unpacker_free(&reading->unpacker);
}

static bool unreadable(struct reading *r, struct err *err)
{
	r->damaged = true;
	return err_context(err, "%s is damaged", r->path);
}

static bool read_all(struct reading *r, const struct stop *stop, struct err *err)
{
	off_t at = 0;
	for (;;) {
		if (!stop_check(stop, err))
			return false;
		ssize_t n = pread(r->fd, r->chunk, CHUNK, at);
		if (n < 0)
			return err_errno(err, ERR_DUMP, "can't read %s", r->path);
		if (n == 0)
			break;
		at += n;
		digest_add(r->digest, r->chunk, (size_t)n);
		if (r->unpacker != NULL &&
		    !dump_unpack(r->unpacker, r->chunk, (size_t)n, stop, err))
			return err->kind == ERR_DUMP ? unreadable(r, err) : false;
	}
	if (r->unpacker == NULL || dump_unpacked(r->unpacker))
		return true;
	r->damaged = true;
	return err_set(err, ERR_DUMP, "%s is damaged: it ends in its middle", r->path);
}

static bool check_digest(struct reading *r, const char *sha256, struct err *err)
{
	char hex[DIGEST_HEX + 1];
	digest_hex(r->digest, hex);
	if (sha256 == NULL || text_is_nocase(sha256, hex))
		return true;
	r->damaged = true;
	err_set(err, ERR_DUMP, "%s is not the file that was written", r->path);
	return err_why(err, "its SHA-256 is %s, the catalogue has %s", hex, sha256);
}

static bool make_scratch(
    struct dump_file *file, int *fd, const char *folder, const struct stop *stop, struct err *err)
{
	uint64_t random = (uint64_t)text_random(INT64_MAX - 1);
	if (!dump_enter(&file->folder, folder, stop, err))
		return false;
	file->path = arena_printf(&file->arena, "%s/." DUMP_PREFIX "%016llx.unpacked%s", folder,
	    (unsigned long long)random, DUMP_TEMPORARY);
	*fd = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_errno(err, ERR_DUMP, "can't unpack into %s", folder);
	file->unpacked = true;
	return true;
}

static bool read_checked(struct dump_file *file, struct reading *reading, const char *sha256,
    const struct stop *stop, struct err *err)
{
	bool ok = read_all(reading, stop, err) && check_digest(reading, sha256, err);
	file->damaged = reading->damaged;
	return ok;
}

/* Digested and, when it is packed, unpacked in one reading. */
static bool bring(struct dump_file *file, const char *path, const char *sha256,
    const char *scratch_folder, const struct stop *stop, struct err *err)
{
	CLEANUP(fs_close) int scratch = -1;
	struct stat info;
	unsigned char head[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP(reading_close)
	struct reading reading = {.path = path, .fd = fd, .digest = digest_new()};
	if (fd < 0 || fstat(fd, &info) != 0)
		return err_errno(err, ERR_DUMP, "can't open %s", path);
	if (!S_ISREG(info.st_mode))
		return err_set(err, ERR_DUMP, "%s is no file", path);
	ssize_t n = pread(fd, head, sizeof(head), 0);
	enum dump_compression compression = dump_compression_of(head, n < 0 ? 0 : (size_t)n);
	file->path = arena_strdup(&file->arena, path);
	if (compression == DUMP_PLAIN)
		return sha256 == NULL || read_checked(file, &reading, sha256, stop, err);
	if (!make_scratch(file, &scratch, scratch_folder, stop, err))
		return false;
	struct sink *sink = sink_fd(scratch);
	reading.unpacker = dump_unpacker_new(compression, sink);
	bool ok = read_checked(file, &reading, sha256, stop, err);
	sink_abort(sink); /* the descriptor stays, and what was written */
	return ok;
}

bool dump_open(struct dump_file *file, const char *path, const char *sha256,
    const char *scratch_folder, const struct db_driver *driver, const struct stop *stop,
    struct err *err)
{
	file->folder = -1;
	if (!bring(file, path, sha256, scratch_folder, stop, err))
		return dump_failed(err);
	if (driver->dump_check(file->path, &file->check, stop, err))
		return true;
	file->damaged = err->kind == ERR_DATABASE;
	dump_failed(err);
	return file->unpacked ? err_context(err, "%s, unpacked", path) : false;
}

void dump_close(struct dump_file *file)
{
	if (file->path == NULL)
		return;
	if (file->unpacked)
		unlink(file->path);
	fs_close(&file->folder);
	arena_free(&file->arena);
	*file = (struct dump_file){.folder = -1};
}

static bool note(const char *folder, const char *id, bool good, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(fs_close) int lock = -1;
	struct dump_catalogue catalogue;
	struct stop stop = stop_cleanup(1000);
	char when[32];
	dump_time(time(NULL), when);
	if (!dump_lock_catalogue(&lock, folder, &stop, err) ||
	    !dump_list(&catalogue, folder, &arena, err))
		return false;
	if (catalogue.document == NULL)
		return true;
	dump_catalogue_note(&catalogue, id, good, when);
	bool ok = dump_catalogue_write(&catalogue, err);
	dump_catalogue_close(&catalogue);
	return ok;
}

bool dump_verify(const struct dump_entry *entry, const char *folder, const struct db_driver *driver,
    struct db_dump_check *check, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(dump_close) struct dump_file file = {.folder = -1};
	struct err ignored; /* a folder that can't be written is no fault of the dump */
	if (entry->file == NULL)
		return err_set(err, ERR_DUMP, "%s names no file in %s", entry->id, folder);
	const char *path = arena_printf(&arena, "%s/%s", folder, entry->file);
	if (!dump_open(&file, path, entry->sha256, folder, driver, stop, err)) {
		if (file.damaged)
			note(folder, entry->id, false, &ignored);
		return false;
	}
	*check = file.check;
	note(folder, entry->id, true, &ignored);
	return true;
}
