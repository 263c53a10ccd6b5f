#include "base/proc.h"
#include "base/fs.h"
#include "base/start.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a child: look as the user, in the folder, and tell what was found. */
static _Noreturn void look_and_tell(const struct start *start, int to)
{
	struct start_failure found = start_look(start);
	ssize_t written = write(to, &found, sizeof(found));

	_exit(written == (ssize_t)sizeof(found) ? 0 : 1);
}

/* Signals stay blocked around the fork: our handlers must not run in the child. */
static pid_t fork_looking(const struct start *start, int to)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		look_and_tell(start, to);
	int error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

static bool look_in_child(const struct start *start, struct start_failure *found, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, ERR_UNEXPECTED, "can't make a pipe");
	CLEANUP(fs_close) int from = ends[0];
	CLEANUP(fs_close) int to = ends[1];
	pid_t pid = fork_looking(start, to);
	if (pid < 0)
		return err_errno(err, ERR_UNEXPECTED, "can't start a process");
	fs_close(&to);
	ssize_t n;
	do
		n = read(from, found, sizeof(*found));
	while (n < 0 && errno == EINTR);
	/* Dead or alive, it is the application's user. */
	if (n == (ssize_t)sizeof(*found) && found->program.error == 0 && start->what->init &&
	    start->what->user != NULL && kill(pid, 0) < 0)
		*found = (struct start_failure){START_SIGNALS, {.error = errno}};
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return n == (ssize_t)sizeof(*found) ||
	       err_set(err, ERR_UNEXPECTED, "can't look for the application");
}

bool proc_check(const struct proc_start *what, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct start start = start_find(what, &arena);
	struct start_failure found;

	if (what->user == NULL && what->folder == NULL)
		found = start_look(&start);
	else if (!look_in_child(&start, &found, err))
		return false;
	return found.program.error == 0 || start_explain(&start, &found, err);
}

bool proc_exec(const struct proc_start *what, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct start start = start_find(what, &arena);

	start_leave(&start);
	stop_become_immediate();
	struct start_failure failure = start_become(&start);
	/* The failure will be logged, perhaps into a pipe that nobody reads any more. */
	sigaction(SIGPIPE, &ignore, NULL);
	return start_explain(&start, &failure, err);
}

void proc_forget_env(const char *name)
{
	size_t len = strlen(name);

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
			explicit_bzero(*entry + len + 1, strlen(*entry + len + 1));
	unsetenv(name);
}
