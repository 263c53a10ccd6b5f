#include "base/proc.h"
#include "base/fds.h"
#include "base/program.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
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
static void restore_dispositions(void)
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

/* An alarm survives execve() and would kill the application. */
static void clear_alarms(void)
{
	static const struct itimerval off;

	setitimer(ITIMER_REAL, &off, NULL);
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	setitimer(ITIMER_PROF, &off, NULL);
}

/* The gaps between the inherited ones close on exec: not every library asks for that itself. */
static void close_others_on_exec(void)
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

bool proc_exec(char *const argv[], struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct program program = program_find(argv[0], &arena);

	fflush(NULL);
	stop_become_immediate();
	restore_dispositions();
	clear_alarms();
	close_others_on_exec();
	pthread_sigmask(SIG_SETMASK, &boot.mask, NULL);
	struct program_failure failure = program_exec(&program, argv);
	/* The failure will be logged, perhaps into a pipe that nobody reads any more. */
	sigaction(SIGPIPE, &ignore, NULL);
	return program_explain(&program, &failure, err);
}

void proc_forget_env(const char *name)
{
	size_t len = strlen(name);

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
			explicit_bzero(*entry + len + 1, strlen(*entry + len + 1));
	unsetenv(name);
}
