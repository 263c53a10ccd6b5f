#include "base/fs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	CHUNK = 64 * 1024,
	MOST_LINKS = 40
};

/*
 * Magic numbers of statfs(2). FUSE is among them: sshfs, s3fs, rclone, and with the same number
 * virtiofs and Docker Desktop's shared folders, which look local and are not. For a local FUSE file
 * system the answer costs some speed; the other mistake costs the database.
 */
static const uint32_t network_magic[] = {
    0x6969,     /* NFS */
    0x517B,     /* SMB */
    0xFF534D42, /* CIFS */
    0xFE534D42, /* SMB2 and later */
    0x01021997, /* 9P: WSL, gVisor, Kata */
    0x65735546, /* FUSE */
    0x00C36400, /* Ceph */
    0x5346414F, /* OpenAFS */
    0x6B414653, /* the kernel's AFS */
    0x73757245, /* Coda */
    0x564C,     /* NCP */
    0x01161970, /* GFS2 */
    0x7461636F, /* OCFS2 */
    0x0BD00BD0, /* Lustre */
    0x47504653, /* GPFS */
    0x19830326, /* BeeGFS */
    0x20030528, /* OrangeFS */
    0xAAD7AAEA, /* PanFS */
    0x786F4256, /* VirtualBox shared folders */
    0xBACBACBC, /* VMware shared folders */
};

void fs_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* Without O_NONBLOCK a FIFO would be waited for before it can be refused. */
static int open_regular(const char *path, struct stat *info, enum err_kind kind, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, info) < 0) {
		err_errno(err, kind, "can't read %s", path);
		fs_close(&fd);
	} else if (!S_ISREG(info->st_mode)) {
		err_set(err, kind, "can't read %s: it is %s, not a file", path,
		    S_ISDIR(info->st_mode) ? "a folder" : "a pipe or a device");
		fs_close(&fd);
	}
	return fd;
}

/*
 * A file in /proc says 0 bytes and one being written grows, so the size alone ends nothing. It does
 * together with a read that asked for more.
 */
static bool read_all(int fd, off_t size, struct buf *buf)
{
	char chunk[CHUNK];

	while (!buf->overflow) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		if (n < 0)
			continue;
		buf_add(buf, chunk, (size_t)n);
		size -= n;
		if (size == 0 && (size_t)n < sizeof(chunk))
			return true;
	}
	return true;
}

static bool too_large(const char *path, size_t max, enum err_kind kind, struct err *err)
{
	return err_set(err, kind, "can't read %s: larger than %zu bytes", path, max);
}

bool fs_read(const char *path, struct buf *buf, enum err_kind kind, struct err *err)
{
	struct stat info;
	CLEANUP(fs_close) int fd = open_regular(path, &info, kind, err);
	size_t before = buf->len;

	if (fd < 0)
		return false;
	if (buf->overflow || (uintmax_t)info.st_size > buf->max - before)
		return too_large(path, buf->max, kind, err);
	if (read_all(fd, info.st_size, buf) && !buf->overflow)
		return true;
	if (buf->overflow)
		too_large(path, buf->max, kind, err);
	else
		err_errno(err, kind, "can't read %s", path);
	buf->overflow = false;
	if (buf->len > before) {
		buf->len = before;
		buf->data[before] = '\0';
	}
	return false;
}

static void close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

static int compare_names(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;

	return strcmp(*left, *right);
}

bool fs_list(const char *path, struct arena *arena, char ***names, size_t *count, struct err *err)
{
	CLEANUP(close_folder) DIR *folder = opendir(path);
	char **found = NULL;
	size_t n = 0;
	size_t capacity = 0;
	const struct dirent *entry;

	if (folder == NULL)
		return err_errno(err, ERR_UNEXPECTED, "can't read the folder %s", path);
	while ((errno = 0, entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		found = arena_grow(arena, found, n, &capacity, sizeof(*found));
		found[n++] = arena_strdup(arena, entry->d_name);
	}
	if (errno != 0)
		return err_errno(err, ERR_UNEXPECTED, "can't read the folder %s", path);
	if (n > 0)
		qsort(found, n, sizeof(*found), compare_names);
	*names = found;
	*count = n;
	return true;
}

bool fs_is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool fs_is_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/*
 * A folder that is new is flushed into the one above it, or a power cut takes it and all that was
 * saved inside.
 */
static bool make_folder(const char *path, mode_t mode, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};

	if (fs_is_folder(path))
		return true;
	if (mkdir(path, mode) == 0)
		return fs_sync_folder(fs_folder_of(&arena, path), err);
	/* Another process may have made it meanwhile. */
	int error = errno;
	if (fs_is_folder(path))
		return true;
	errno = error;
	return err_errno(err, ERR_UNEXPECTED, "can't make the folder %s", path);
}

bool fs_make_folders(const char *path, mode_t mode, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	char *upto = arena_strdup(&arena, path);

	for (char *end = upto + strspn(upto, "/"); *end != '\0';) {
		end += strcspn(end, "/");
		char stood = *end;
		*end = '\0';
		if (!make_folder(upto, mode, err))
			return false;
		*end = stood;
		end += strspn(end, "/");
	}
	return true;
}

bool fs_sync_folder(const char *path, struct err *err)
{
	CLEANUP(fs_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL: the file system (some of SMB, 9P, FUSE) knows no such thing. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP))
		return err_errno(err, ERR_UNEXPECTED, "can't flush the folder %s", path);
	return true;
}

/* Where the last part begins: slashes behind it belong to it. */
static size_t name_start(const char *path)
{
	size_t end = strlen(path);

	while (end > 0 && path[end - 1] == '/')
		end--;
	while (end > 0 && path[end - 1] != '/')
		end--;
	return end;
}

char *fs_folder_of(struct arena *arena, const char *path)
{
	size_t end = name_start(path);

	if (end == 0)
		return arena_strdup(arena, *path == '/' ? "/" : ".");
	while (end > 1 && path[end - 1] == '/')
		end--;
	return arena_strndup(arena, path, end);
}

const char *fs_name_of(const char *path)
{
	return path + name_start(path);
}

static char *join(struct arena *arena, const char *folder, const char *name)
{
	return arena_printf(arena, "%s%s%s", folder, strcmp(folder, "/") == 0 ? "" : "/", name);
}

static char *real_path(struct arena *arena, const char *path)
{
	char *resolved = realpath(path, NULL);
	char *kept = arena_strdup(arena, resolved);

	free(resolved);
	return kept;
}

/* A symbolic link may point at what isn't there yet: then it is that place, not the link's. */
char *fs_resolve(struct arena *arena, const char *path)
{
	for (int links = 0; links < MOST_LINKS; links++) {
		char target[PATH_MAX];
		char *whole = real_path(arena, path);

		if (whole != NULL || errno != ENOENT || *path == '\0')
			return whole;
		char *folder = real_path(arena, fs_folder_of(arena, path));
		if (folder == NULL)
			return NULL;
		const char *name = fs_name_of(path);
		char *place = join(arena, folder, arena_strndup(arena, name, strcspn(name, "/")));
		ssize_t len = readlink(place, target, sizeof(target) - 1);
		if (len < 0)
			return place;
		target[len] = '\0';
		path = *target == '/' ? arena_strdup(arena, target) : join(arena, folder, target);
	}
	errno = ELOOP;
	return NULL;
}

bool fs_is_network(const char *path)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct statfs info;

	if (statfs(path, &info) < 0 && statfs(fs_folder_of(&arena, path), &info) < 0)
		return false;
	for (size_t i = 0; i < sizeof(network_magic) / sizeof(*network_magic); i++)
		if ((uint32_t)info.f_type == network_magic[i])
			return true;
	return false;
}
