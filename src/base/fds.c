#include "base/fds.h"
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* Without /proc every number is tried; some hosts allow a billion, so there is an end to it. */
enum {
	TRY_MOST = 1 << 16
};

/* What getdents64(2) fills in; not every C library declares it. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

struct range {
	unsigned first;
	unsigned last;
};

static void try_each(void (*visit)(int fd, void *context), void *context)
{
	struct rlimit limit = {.rlim_cur = TRY_MOST};
	int most = TRY_MOST;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < TRY_MOST)
		most = (int)limit.rlim_cur;
	for (int fd = 0; fd < most; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			visit(fd, context);
}

/* The number a /proc/self/fd entry stands for, -1 for "." and "..". */
static int fd_of(const char *name)
{
	int fd = 0;

	for (; *name >= '0' && *name <= '9'; name++) {
		if (fd > (INT_MAX - 9) / 10)
			return -1;
		fd = fd * 10 + (*name - '0');
	}
	return *name == '\0' ? fd : -1;
}

/* getdents64 instead of opendir: between fork and exec malloc may be locked for ever. */
void fds_each(void (*visit)(int fd, void *context), void *context)
{
	_Alignas(struct entry) char entries[4096];
	int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0) {
		try_each(visit, context);
		return;
	}
	for (;;) {
		long len = syscall(SYS_getdents64, folder, entries, sizeof(entries));
		if (len <= 0)
			break;
		for (long at = 0; at < len;) {
			const struct entry *entry = (const void *)(entries + at);
			int fd = fd_of(entry->name);
			if (fd >= 0 && fd != folder)
				visit(fd, context);
			at += entry->size;
		}
	}
	close(folder);
}

static void close_one_on_exec(int fd, void *context)
{
	const struct range *range = context;

	if ((unsigned)fd < range->first || (unsigned)fd > range->last)
		return;
	int flags = fcntl(fd, F_GETFD);
	if (flags >= 0)
		fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

void fds_close_on_exec(unsigned first, unsigned last)
{
	struct range range = {first, last};

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) == 0)
		return;
#endif
	/* Older than Linux 5.11, or a container's filter refuses what it doesn't know. */
	fds_each(close_one_on_exec, &range);
}

static void find_last(int fd, void *last)
{
	*(int *)last = fd > *(int *)last ? fd : *(int *)last;
}

void fds_close_from(int first)
{
	int last = -1;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0)
		return;
#endif
	fds_each(find_last, &last);
	for (int fd = first; fd <= last; fd++)
		close(fd);
}
