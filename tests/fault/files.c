#include "fault/files.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const files_fault_names[FILES_FAULTS] = {
    [FILES_ERROR] = "an error of",
    [FILES_SHORT] = "a short",
    [FILES_FULL] = "disk full from",
    [FILES_KILL] = "killed before",
    [FILES_POWER_KEPT] = "power off, all written, before",
    [FILES_POWER_LOST] = "power off, unsynced lost, before",
};

enum {
	TRACKED = 64,
	PATH_SIZE = 512
};

enum need {
	NEEDS_NOTHING,
	NEEDS_ROOM
};

static struct {
	const char *folder; /* NULL: not armed */
	enum files_fault fault;
	int at, count;
	struct report *report;
	ino_t dirty[TRACKED]; /* written since the last sync; 0: free */
	/* Names given since the folder was synced, and what they stood for before. */
	char renamed[TRACKED][PATH_SIZE], before[TRACKED][PATH_SIZE];
	int renames;
} faulty;

void files_arm(const char *folder, enum files_fault fault, int at, struct report *report)
{
	faulty.fault = fault;
	faulty.at = at;
	faulty.report = report;
	faulty.folder = folder;
}

/* --- The calls themselves, past what is defined below --- */

static long call(long number, long a, long b, long c, long d)
{
	static long (*real)(long, ...);
	if (real == NULL) {
		void *found = dlsym(RTLD_NEXT, "syscall");
		memcpy(&real, &found, sizeof(found));
	}
	return real(number, a, b, c, d, 0L); /* the fifth is linkat()'s flags */
}

static void remove_name(const char *path)
{
	call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0);
}

/* --- What is on the disk --- */

static ino_t inode_of(int fd)
{
	struct stat info;
	return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

static ino_t *find_dirty(ino_t inode)
{
	for (int i = 0; i < TRACKED; i++)
		if (faulty.dirty[i] == inode)
			return &faulty.dirty[i];
	return NULL;
}

static void track_write(int fd)
{
	ino_t inode = inode_of(fd);
	if (find_dirty(inode) == NULL)
		*find_dirty(0) = inode;
}

static void track_sync(int fd)
{
	ino_t *dirty = find_dirty(inode_of(fd));
	struct stat info;
	if (dirty != NULL)
		*dirty = 0;
	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
		faulty.renames = 0;
}

/* What the name stood for is kept by another link. */
static void track_rename(const char *path)
{
	int i = faulty.renames++;
	snprintf(faulty.renamed[i], PATH_SIZE, "%s", path);
	snprintf(faulty.before[i], PATH_SIZE, "%s/.kept-%d", faulty.folder, i);
	remove_name(faulty.before[i]);
	call(SYS_linkat, AT_FDCWD, (long)path, AT_FDCWD, (long)faulty.before[i]);
}

static void tear(const char *name)
{
	char path[PATH_SIZE];
	struct stat info;
	snprintf(path, sizeof(path), "%s/%s", faulty.folder, name);
	if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || find_dirty(info.st_ino) == NULL)
		return;
	int fd = (int)call(SYS_openat, AT_FDCWD, (long)path, O_WRONLY, 0);
	call(SYS_ftruncate, fd, info.st_size / 2, 0, 0);
	call(SYS_pwrite64, fd, (long)"torn", 4, 0);
}

static void lose_power(void)
{
	for (int i = faulty.renames; i-- > 0;) {
		if (access(faulty.before[i], F_OK) == 0)
			call(SYS_renameat, AT_FDCWD, (long)faulty.before[i], AT_FDCWD,
			    (long)faulty.renamed[i]);
		else
			remove_name(faulty.renamed[i]);
	}
	DIR *folder = opendir(faulty.folder);
	struct dirent *entry;
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		tear(entry->d_name);
}

/* --- When it comes --- */

static bool is_ours(const char *path)
{
	return faulty.folder != NULL && path != NULL &&
	       strncmp(path, faulty.folder, strlen(faulty.folder)) == 0;
}

static bool is_ours_fd(int fd)
{
	char link[64], path[PATH_SIZE];
	if (faulty.folder == NULL)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	return is_ours(path);
}

static bool hit(const char *what)
{
	faulty.report->hit = true;
	snprintf(faulty.report->where, sizeof(faulty.report->where), "%s", what);
	if (faulty.fault == FILES_POWER_LOST)
		lose_power();
	if (faulty.fault >= FILES_KILL)
		kill(getpid(), SIGKILL);
	errno = faulty.fault == FILES_ERROR ? EIO : ENOSPC;
	return true;
}

/* True, with errno: the call must fail. */
static bool fault(const char *what, enum need need)
{
	bool again = faulty.fault == FILES_FULL || faulty.fault == FILES_SHORT;
	if (again && need != NEEDS_ROOM)
		return false;
	faulty.count++;
	if (faulty.count == faulty.at || (again && faulty.count > faulty.at))
		return hit(what);
	return false;
}

/* How much of a write is taken when it is the one that is short; otherwise all. */
static size_t taken(size_t len)
{
	return faulty.fault == FILES_SHORT && faulty.count == faulty.at - 1 && len > 1 ? len / 2
										       : len;
}

/* --- In the place of the C library's --- */

int our_open(const char *path, int flags, ...) __asm__("open");
int our_open64(const char *path, int flags, ...) __asm__("open64");
ssize_t our_write(int fd, const void *data, size_t len) __asm__("write");
ssize_t our_pwrite(int fd, const void *data, size_t len, off_t offset) __asm__("pwrite");
ssize_t our_pwrite64(int fd, const void *data, size_t len, off_t offset) __asm__("pwrite64");
int our_ftruncate(int fd, off_t size) __asm__("ftruncate");
int our_ftruncate64(int fd, off_t size) __asm__("ftruncate64");
int our_fsync(int fd) __asm__("fsync");
int our_fdatasync(int fd) __asm__("fdatasync");
int our_rename(const char *from, const char *to) __asm__("rename");
int our_link(const char *from, const char *to) __asm__("link");
int our_unlink(const char *path) __asm__("unlink");
long our_syscall(long number, ...) __asm__("syscall");

static int open_any(const char *path, int flags, mode_t mode)
{
	bool makes = (flags & O_CREAT) != 0;
	if (makes && is_ours(path) && fault("open", NEEDS_ROOM))
		return -1;
	return (int)call(SYS_openat, AT_FDCWD, (long)path, flags, makes ? (long)mode : 0);
}

#define MODE_OF(flags, mode)                                                                       \
	va_list args;                                                                              \
	va_start(args, flags);                                                                     \
	mode_t mode = ((flags)&O_CREAT) != 0 ? va_arg(args, mode_t) : 0;                           \
	va_end(args)

int our_open(const char *path, int flags, ...)
{
	MODE_OF(flags, mode);
	return open_any(path, flags, mode);
}

int our_open64(const char *path, int flags, ...)
{
	MODE_OF(flags, mode);
	return open_any(path, flags, mode);
}

ssize_t our_write(int fd, const void *data, size_t len)
{
	if (is_ours_fd(fd)) {
		if (fault("write", NEEDS_ROOM))
			return -1;
		track_write(fd);
		len = taken(len);
	}
	return call(SYS_write, fd, (long)data, (long)len, 0);
}

ssize_t our_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (is_ours_fd(fd)) {
		if (fault("pwrite", NEEDS_ROOM))
			return -1;
		track_write(fd);
		len = taken(len);
	}
	return call(SYS_pwrite64, fd, (long)data, (long)len, offset);
}

ssize_t our_pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return our_pwrite(fd, data, len, offset);
}

int our_ftruncate(int fd, off_t size)
{
	if (is_ours_fd(fd) && fault("ftruncate", NEEDS_NOTHING))
		return -1;
	return (int)call(SYS_ftruncate, fd, size, 0, 0);
}

int our_ftruncate64(int fd, off_t size)
{
	return our_ftruncate(fd, size);
}

/* Some file systems find out only here that there is no room. */
static int sync_any(int fd, const char *what)
{
	if (!is_ours_fd(fd))
		return (int)call(SYS_fsync, fd, 0, 0, 0);
	if (fault(what, NEEDS_ROOM))
		return -1;
	track_sync(fd);
	return 0;
}

int our_fsync(int fd)
{
	return sync_any(fd, "fsync");
}

int our_fdatasync(int fd)
{
	return sync_any(fd, "fdatasync");
}

int our_rename(const char *from, const char *to)
{
	if (is_ours(to)) {
		if (fault("rename", NEEDS_NOTHING))
			return -1;
		track_rename(to);
	}
	return (int)call(SYS_renameat, AT_FDCWD, (long)from, AT_FDCWD, (long)to);
}

int our_link(const char *from, const char *to)
{
	if (is_ours(to)) {
		if (fault("link", NEEDS_NOTHING))
			return -1;
		track_rename(to);
	}
	return (int)call(SYS_linkat, AT_FDCWD, (long)from, AT_FDCWD, (long)to);
}

int our_unlink(const char *path)
{
	if (is_ours(path) && fault("unlink", NEEDS_NOTHING))
		return -1;
	return (int)call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0);
}

/* renameat2() has no function in older C libraries, so we call it so. */
long our_syscall(long number, ...)
{
	long words[5];
	va_list args;
	static long (*real)(long, ...);
	void *found = dlsym(RTLD_NEXT, "syscall");
	memcpy(&real, &found, sizeof(found));
	va_start(args, number);
	for (int i = 0; i < 5; i++)
		words[i] = va_arg(args, long);
	va_end(args);
	const char *to = number == SYS_renameat2 ? (const char *)words[3] : NULL;
	if (is_ours(to)) {
		if (fault("renameat2", NEEDS_NOTHING))
			return -1;
		track_rename(to);
	}
	return real(number, words[0], words[1], words[2], words[3], words[4]);
}
