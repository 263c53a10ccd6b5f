#include "base/sink.h"
#include "base/arena.h"
#include "base/fs.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1U << 0)
#endif

enum {
	FILE_CHUNK = 1024 * 1024, /* how much is written between two looks at `stop` */
	NAME_MOST = 200,          /* of 255, the rest is for the temporary name's additions */
	TEMPORARY_TRIES = 16
};

struct file_sink {
	struct sink sink;
	struct arena arena;
	const char *path;      /* as the caller said it, for messages */
	const char *target;    /* the same without a symbolic link at its end */
	const char *temporary; /* beside `target`; "" once it is gone */
	bool exclusive;
	int fd;
};

struct fd_sink {
	struct sink sink;
	int fd;
	size_t chunk;
};

bool sink_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	return sink->write(sink, data, len, stop, err);
}

bool sink_commit(struct sink *sink, struct err *err)
{
	return sink->commit(sink, err);
}

void sink_abort(struct sink *sink)
{
	if (sink != NULL)
		sink->abort(sink);
}

static bool file_failed(const struct file_sink *file, struct err *err)
{
	return err_errno(err, ERR_UNEXPECTED, "can't write %s", file->path);
}

static bool file_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	struct file_sink *file = (struct file_sink *)sink;
	const char *rest = data;

	while (len > 0) {
		if (!stop_check(stop, err))
			return false;
		ssize_t n = write(file->fd, rest, len < FILE_CHUNK ? len : FILE_CHUNK);
		if (n < 0 && errno != EINTR)
			return file_failed(file, err);
		if (n > 0) {
			rest += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static void file_abort(struct sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;
	int saved = errno;

	fs_close(&file->fd);
	if (*file->temporary != '\0')
		unlink(file->temporary);
	arena_free(&file->arena);
	free(file);
	errno = saved;
}

/*
 * Give the file its name unless that is taken. NFS and others know no RENAME_NOREPLACE; a hard link
 * refuses a taken name as well. Where there are no links either (object stores) an empty file
 * claims the name first.
 */
static bool publish_exclusively(const struct file_sink *file)
{
	if (syscall(SYS_renameat2, AT_FDCWD, file->temporary, AT_FDCWD, file->target,
		RENAME_NOREPLACE) == 0)
		return true;
	if (errno == EEXIST)
		return false;
	if (link(file->temporary, file->target) == 0)
		return unlink(file->temporary) == 0;
	if (errno == EEXIST)
		return false;
	CLEANUP(fs_close)
	int claim = open(file->target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (claim < 0)
		return false;
	if (rename(file->temporary, file->target) == 0)
		return true;
	int error = errno;
	unlink(file->target);
	errno = error;
	return false;
}

static bool publish(const struct file_sink *file)
{
	if (file->exclusive)
		return publish_exclusively(file);
	return rename(file->temporary, file->target) == 0;
}

/* Some file systems tell of a full disk only when the file is closed. */
static bool flush(struct file_sink *file)
{
	int fd = file->fd;

	if (fsync(fd) < 0)
		return false;
	file->fd = -1;
	return close(fd) == 0;
}

/* The bytes first, then the name: after a power cut the name never stands for less. */
static bool file_commit(struct sink *sink, struct err *err)
{
	struct file_sink *file = (struct file_sink *)sink;
	bool done = flush(file) && publish(file);

	if (done) {
		file->temporary = "";
		done = fs_sync_folder(fs_folder_of(&file->arena, file->target), err);
		/* One that replaced another can't be taken back; a new one is as if it never was.
		 */
		if (!done && file->exclusive)
			file->temporary = file->target;
	} else {
		file_failed(file, err);
	}
	file_abort(sink);
	return done;
}

/*
 * Where to write: through a symbolic link to what it points at. A device must not be replaced by a
 * file (/dev/null, /dev/stdout), nor may a long dump fail at its end for what is known now.
 */
static bool find_target(struct file_sink *file, struct err *err)
{
	struct stat info;

	file->target = file->path;
	if (file->exclusive) {
		if (lstat(file->path, &info) < 0)
			return true;
		errno = EEXIST;
		return file_failed(file, err);
	}
	if (lstat(file->path, &info) == 0 && S_ISLNK(info.st_mode))
		file->target = fs_resolve(&file->arena, file->path);
	if (file->target == NULL)
		return file_failed(file, err);
	if (stat(file->target, &info) == 0 && !S_ISREG(info.st_mode))
		return err_set(err, ERR_UNEXPECTED, "can't write %s: it is %s, not a file",
		    file->path, S_ISDIR(info.st_mode) ? "a folder" : "a pipe or a device");
	return true;
}

static bool open_temporary(struct file_sink *file, mode_t mode, struct err *err)
{
	const char *folder = fs_folder_of(&file->arena, file->target);
	const char *name = fs_name_of(file->target);

	for (int i = 0; i < TEMPORARY_TRIES; i++) {
		uint64_t random;
		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return file_failed(file, err);
		file->temporary = arena_printf(&file->arena, "%s/.%.*s.%016llx.tmp", folder,
		    NAME_MOST, name, (unsigned long long)random);
		file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (file->fd >= 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	file->temporary = "";
	return file_failed(file, err);
}

static struct file_sink *new_file(const char *path, bool exclusive)
{
	struct file_sink *file = calloc(1, sizeof(*file));

	if (file == NULL)
		err_die("out of memory");
	*file = (struct file_sink){.sink = {file_write, file_commit, file_abort},
	    .temporary = "",
	    .exclusive = exclusive,
	    .fd = -1};
	file->path = arena_strdup(&file->arena, path);
	return file;
}

bool sink_file(struct sink **ret, const char *path, mode_t mode, bool exclusive, struct err *err)
{
	struct file_sink *file = new_file(path, exclusive);

	if (!find_target(file, err) || !open_temporary(file, mode, err)) {
		file_abort(&file->sink);
		return false;
	}
	*ret = &file->sink;
	return true;
}

static bool made_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	(void)sink, (void)data, (void)len;
	return stop_check(stop, err);
}

static bool made_commit(struct sink *sink, struct err *err)
{
	struct file_sink *file = (struct file_sink *)sink;
	file->fd = open(file->temporary, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd >= 0)
		return file_commit(sink, err);
	file_failed(file, err);
	file_abort(sink);
	return false;
}

bool sink_made(struct sink **ret, const char *made, const char *path, struct err *err)
{
	struct file_sink *file = new_file(path, true);

	file->sink = (struct sink){made_write, made_commit, file_abort};
	if (!find_target(file, err)) {
		file_abort(&file->sink);
		return false;
	}
	file->temporary = arena_strdup(&file->arena, made);
	*ret = &file->sink;
	return true;
}

/* poll() first even where writing would block: what it promises is room for PIPE_BUF bytes. */
static bool fd_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	struct fd_sink *out = (struct fd_sink *)sink;
	const char *rest = data;

	while (len > 0) {
		struct pollfd ready = {.fd = out->fd, .events = POLLOUT};
		if (!stop_poll(stop, &ready, 1, err))
			return false;
		ssize_t n = write(out->fd, rest, len < out->chunk ? len : out->chunk);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_errno(err, ERR_UNEXPECTED, "can't write the output");
		if (n > 0) {
			rest += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static bool fd_commit(struct sink *sink, struct err *err)
{
	(void)err;
	free(sink);
	return true;
}

static void fd_abort(struct sink *sink)
{
	free(sink);
}

struct sink *sink_fd(int fd)
{
	struct fd_sink *out = calloc(1, sizeof(*out));
	struct stat info;

	if (out == NULL)
		err_die("out of memory");
	bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
	*out = (struct fd_sink){.sink = {fd_write, fd_commit, fd_abort},
	    .fd = fd,
	    .chunk = regular ? FILE_CHUNK : PIPE_BUF};
	return &out->sink;
}

bool sink_put(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	struct stop endless = stop_cleanup(-1);
	struct sink *sink;

	if (!sink_file(&sink, path, mode, false, err))
		return false;
	if (sink_write(sink, data, len, &endless, err))
		return sink_commit(sink, err);
	sink_abort(sink);
	return false;
}
