/* Files and folders. Paths are as the user gave them; errors carry the path. */
#ifndef DB_ENTRY_BASE_FS_H
#define DB_ENTRY_BASE_FS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include <sys/types.h>

/*
 * Append a regular file's bytes to `buf`. More than buf->max, a folder, a pipe or a device is an
 * error of `kind`; so is anything the system refuses.
 */
bool fs_read(const char *path, struct buf *buf, enum err_kind kind, struct err *err);

/* The names in a folder, sorted by bytes, without "." and "..", in the arena. NULL when empty. */
bool fs_list(const char *path, struct arena *arena, char ***names, size_t *count, struct err *err);

bool fs_is_folder(const char *path);
bool fs_is_file(const char *path);

/* Make a folder and those above it, flushed to disk; no error when it is there. */
bool fs_make_folders(const char *path, mode_t mode, struct err *err);

/* fsync a folder, so that a rename inside it survives a power cut. */
bool fs_sync_folder(const char *path, struct err *err);

/* The folder part of a path ("." when there is none), in the arena: "a" for "a/b" and "a/b/". */
char *fs_folder_of(struct arena *arena, const char *path);

/* The last part of a path; points into it, so slashes at the end stay. */
const char *fs_name_of(const char *path);

/*
 * The absolute path with symbolic links resolved; the last part need not exist (nor, when it is a
 * link, what it points at). NULL with errno set when the folder does not exist or can't be
 * searched.
 */
char *fs_resolve(struct arena *arena, const char *path);

/*
 * True when the path (or, while it does not exist, its folder) is on a file system shared over a
 * network or between machines (statfs(2)). Every FUSE file system counts as one.
 */
bool fs_is_network(const char *path);

/* Close *fd when it is not negative, and make it -1: for CLEANUP(). */
void fs_close(int *fd);

#endif
