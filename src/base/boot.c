#include "base/boot.h"
#include "base/err.h"
#include "base/fds.h"
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* What was inherited. */
static struct {
	bool ignored[NSIG];
	sigset_t mask;
	int *fds; /* ascending */
	size_t fd_count;
	size_t fd_capacity;
} boot;

static void record_signals(void)
{
	struct sigaction action;
	struct sigaction standard = {.sa_handler = SIG_DFL};

	for (int signo = 1; signo < NSIG; signo++)
		boot.ignored[signo] =
		    sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
	pthread_sigmask(SIG_SETMASK, NULL, &boot.mask);
	/* Inherited as ignored it would take children's statuses from waitpid(). */
	sigaction(SIGCHLD, &standard, NULL);
}

/*
 * A library would get the free number and what somebody prints would end up in a database file.
 * Where even /dev/null is missing, any folder occupies the number as well.
 */
static void open_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", O_RDWR) < 0 && open("/", O_RDONLY | O_DIRECTORY) < 0)
			err_die("can't open /dev/null");
	}
}

static void record_fd(int fd, void *context)
{
	(void)context;
	if (boot.fd_count == boot.fd_capacity) {
		boot.fd_capacity = boot.fd_capacity == 0 ? 16 : boot.fd_capacity * 2;
		boot.fds = reallocarray(boot.fds, boot.fd_capacity, sizeof(int));
		if (boot.fds == NULL)
			err_die("out of memory");
	}
	boot.fds[boot.fd_count++] = fd;
}

static int compare_fds(const void *a, const void *b)
{
	const int *left = a;
	const int *right = b;

	return (*left > *right) - (*left < *right);
}

void proc_boot(void)
{
	record_signals();
	open_standard();
	boot.fd_count = 0;
	fds_each(record_fd, NULL);
	qsort(boot.fds, boot.fd_count, sizeof(int), compare_fds);
}

bool proc_inherited_ignored(int signo)
{
	return signo > 0 && signo < NSIG && boot.ignored[signo];
}

/*
 * execve() itself sets handlers back to the default, and until then stop's must stay. So only
 * "ignored" is put right, in both directions.
 */
void boot_restore_dispositions(void)
{
	struct sigaction now;
	struct sigaction standard = {.sa_handler = SIG_DFL};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (int signo = 1; signo < NSIG; signo++) {
		if (sigaction(signo, NULL, &now) < 0)
			continue;
		if (boot.ignored[signo])
			sigaction(signo, &ignore, NULL);
		else if (now.sa_handler == SIG_IGN)
			sigaction(signo, &standard, NULL);
	}
}

void boot_restore_mask(void)
{
	pthread_sigmask(SIG_SETMASK, &boot.mask, NULL);
}

/* The gaps between the inherited ones close on exec: not every library asks for that itself. */
void boot_keep_descriptors(void)
{
	unsigned first = 0;

	for (size_t i = 0; i < boot.fd_count; i++) {
		unsigned fd = (unsigned)boot.fds[i];
		if (fd > first)
			fds_close_on_exec(first, fd - 1);
		first = fd + 1;
	}
	fds_close_on_exec(first, INT_MAX);
}
