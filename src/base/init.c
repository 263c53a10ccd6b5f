/*
 * db-entry as the application's parent, most of all as process 1. It does nothing but pass signals
 * on and reap, and holds on to nothing: no descriptor, no folder, no timer.
 */
#include "base/boot.h"
#include "base/fds.h"
#include "base/fs.h"
#include "base/start.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TERMINAL = 3 /* the number it gets once all others are closed */
};

/* As the kernel has them. */
#define ALL_SIGNALS   UINT64_MAX
#define SIGNAL(signo) (UINT64_C(1) << ((signo)-1))

struct init {
	pid_t group; /* ours; the child's has its number */
	pid_t child;
	int terminal;   /* -1: none */
	int failure[2]; /* a pipe that closes when the application is executed, or says why not */
	int status;
};

/*
 * C libraries keep some real-time signals for themselves and neither block nor wait for them; which
 * ones differs, so that musl's are glibc's SIGRTMIN. Here nothing is left that they would use them
 * for.
 */
static uint64_t set_mask(uint64_t mask)
{
	uint64_t before = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &before, sizeof(mask));
	return before;
}

static int wait_for_signal(void)
{
	uint64_t mask = ALL_SIGNALS;

	return (int)syscall(SYS_rt_sigtimedwait, &mask, NULL, NULL, sizeof(mask));
}

static void init_close(struct init *init)
{
	fs_close(&init->terminal);
	fs_close(&init->failure[0]);
	fs_close(&init->failure[1]);
}

/*
 * The terminal's foreground goes from one group to another: who is in the background gets SIGTTIN
 * where it reads. It is not taken from others. SIGTTOU, which this would bring, is blocked.
 */
static void hand_over(const struct init *init, pid_t from, pid_t to)
{
	if (init->terminal >= 0 && tcgetpgrp(init->terminal) == from)
		tcsetpgrp(init->terminal, to);
}

static _Noreturn void child_run(const struct init *init, const struct start *start)
{
	setpgid(0, 0);
	hand_over(init, init->group, getpid());
	struct start_failure failure = start_become(start);
	ssize_t written = write(init->failure[1], &failure, sizeof(failure));
	_exit(written == (ssize_t)sizeof(failure) ? 127 : 1);
}

/* True once the application is executed. */
static bool init_start(struct init *init, const struct start *start, struct err *err)
{
	struct start_failure failure;
	ssize_t n;

	if (pipe2(init->failure, O_CLOEXEC) < 0)
		return err_errno(err, ERR_UNEXPECTED, "can't make a pipe");
	init->terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	init->child = fork();
	if (init->child == 0)
		child_run(init, start);
	if (init->child < 0)
		return err_errno(err, ERR_UNEXPECTED, "can't start a process");
	/* Both sides do it: whoever comes first, the group is there before a signal goes to it. */
	setpgid(init->child, init->child);
	fs_close(&init->failure[1]);
	do
		n = read(init->failure[0], &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(failure))
		return true;
	waitpid(init->child, NULL, 0);
	hand_over(init, init->child, init->group);
	return start_explain(start, &failure, err);
}

/*
 * What we keep open keeps a pipe's reader waiting for its end, and the folder we are in can't be
 * unmounted.
 */
static void init_let_go(struct init *init)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		null = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	if (init->terminal > TERMINAL) {
		dup3(init->terminal, TERMINAL, O_CLOEXEC);
		init->terminal = TERMINAL;
	}
	fds_close_from(init->terminal < 0 ? TERMINAL : TERMINAL + 1);
	init->failure[0] = -1;
	int ignored = chdir("/");
	(void)ignored; /* there is no other */
}

/*
 * The application was stopped at its terminal (Ctrl-Z): the shell looks at this process, and at
 * what else is in its group, such as a script. The kernel stops none where nobody could start it
 * again.
 */
static void pause_too(const struct init *init)
{
	if (init->terminal < 0)
		return;
	kill(0, SIGTSTP);
	set_mask(ALL_SIGNALS & ~SIGNAL(SIGTSTP));
	set_mask(ALL_SIGNALS);
}

/* Everybody's dead children, as far as they are ours. True when the application is one of them. */
static bool reap(struct init *init)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != init->child)
			continue;
		if (WIFSTOPPED(status)) {
			pause_too(init);
			continue;
		}
		ended = true;
		init->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return ended;
}

static void forward(const struct init *init, int signo)
{
	if (signo == SIGCONT)
		hand_over(init, init->group, init->child);
	kill(-init->child, signo);
	/* It may have gone to another group, and left others in this one. */
	if (getpgid(init->child) != init->child)
		kill(init->child, signo);
}

static void init_serve(struct init *init)
{
	while (!reap(init)) {
		int signo = wait_for_signal();
		if (signo > 0 && signo != SIGCHLD)
			forward(init, signo);
	}
	hand_over(init, init->child, init->group);
}

bool proc_supervise(const struct proc_start *what, int *status, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(init_close)
	struct init init = {.group = getpgrp(), .terminal = -1, .failure = {-1, -1}};
	struct start start = start_find(what, &arena);
	struct stop never = stop_never();

	start_leave(&start);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	uint64_t before = set_mask(ALL_SIGNALS);
	/* What came before is ours, what comes from here on the application's. */
	if (!stop_check(&never, err) || !init_start(&init, &start, err)) {
		set_mask(before);
		return false;
	}
	init_let_go(&init);
	init_serve(&init);
	*status = init.status;
	return true;
}
