#include "base/cleanup.h"
#include "base/fds.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/program.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CHUNK = 64 * 1024,  /* a pipe's whole content on Linux */
	TICK_MS = 20,       /* how often to look where a child's end can't be polled */
	TERM_MS = 1000,     /* from SIGTERM to SIGKILL */
	KILL_MS = 10 * 1000 /* a process stuck in the kernel may not even end then */
};

struct child {
	pid_t pid;
	int ours[3];    /* our ends of its descriptors 0 to 2; -1 when closed */
	int theirs[3];  /* its ends, before the fork */
	int failure[2]; /* a pipe that closes when it executes, or says why it can't */
	int end;        /* pidfd: readable when it ended; -1 when the system has none */
	const char *input;
	size_t input_left;
	struct buf *gathered[3]; /* by descriptor; NULL for 0 */
};

static void child_close(struct child *child)
{
	for (int i = 0; i < 3; i++) {
		fs_close(&child->ours[i]);
		fs_close(&child->theirs[i]);
	}
	fs_close(&child->failure[0]);
	fs_close(&child->failure[1]);
	fs_close(&child->end);
}

/* One of the three standard descriptors: a pipe to us, or /dev/null. */
static bool open_stream(struct child *child, int fd, bool piped, struct err *err)
{
	int ends[2];

	if (!piped) {
		child->theirs[fd] = open("/dev/null", O_RDWR | O_CLOEXEC);
		return child->theirs[fd] >= 0 ||
		       err_errno(err, ERR_UNEXPECTED, "can't open /dev/null");
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, ERR_UNEXPECTED, "can't make a pipe");
	child->theirs[fd] = ends[fd == 0 ? 0 : 1];
	child->ours[fd] = ends[fd == 0 ? 1 : 0];
	fcntl(child->ours[fd], F_SETFL, O_NONBLOCK);
	return true;
}

static bool open_streams(struct child *child, struct err *err)
{
	if (pipe2(child->failure, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, ERR_UNEXPECTED, "can't make a pipe");
	return open_stream(child, 0, child->input != NULL, err) &&
	       open_stream(child, 1, child->gathered[1] != NULL, err) &&
	       open_stream(child, 2, child->gathered[2] != NULL, err);
}

/* Between fork and exec: other threads' locks stay locked here, so only async-signal-safe calls. */
static _Noreturn void child_run(
    const struct child *child, const struct program *program, char *const argv[])
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	setpgid(0, 0);
	for (int signo = 1; signo < NSIG; signo++)
		sigaction(signo, &standard, NULL);
	for (int fd = 0; fd < 3; fd++)
		dup2(child->theirs[fd], fd);
	fds_close_on_exec(3, INT_MAX);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	struct program_failure failure = program_exec(program, argv);
	ssize_t written = write(child->failure[1], &failure, sizeof(failure));
	_exit(written == (ssize_t)sizeof(failure) ? 127 : 1);
}

/* Signals stay blocked around the fork: our handlers must not run in the child. */
static bool child_start(
    struct child *child, const struct program *program, char *const argv[], struct err *err)
{
	sigset_t all;
	sigset_t before;

	if (!open_streams(child, err))
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child->pid = fork();
	if (child->pid == 0)
		child_run(child, program, argv);
	int error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (child->pid < 0) {
		errno = error;
		return err_errno(err, ERR_UNEXPECTED, "can't start a process");
	}
	/* Both sides do it: whoever comes first, the group is there before a signal goes to it. */
	setpgid(child->pid, child->pid);
	for (int fd = 0; fd < 3; fd++)
		fs_close(&child->theirs[fd]);
	fs_close(&child->failure[1]);
	child->end = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return true;
}

static void feed(struct child *child)
{
	if (child->ours[0] < 0)
		return;
	if (child->input_left > 0) {
		ssize_t n = write(child->ours[0], child->input, child->input_left);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* A child that doesn't read its input to the end has its reasons. */
		size_t done = n < 0 ? child->input_left : (size_t)n;
		child->input += done;
		child->input_left -= done;
	}
	if (child->input_left == 0)
		fs_close(&child->ours[0]);
}

static void gather(struct child *child, int fd)
{
	char chunk[CHUNK];
	struct buf *buf = child->gathered[fd];

	if (child->ours[fd] < 0)
		return;
	ssize_t n = read(child->ours[fd], chunk, sizeof(chunk));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fs_close(&child->ours[fd]);
		return;
	}
	/* What fits stays; the rest is read all the same, or the child would wait for ever. */
	size_t room = buf->max - buf->len;
	size_t fits = (size_t)n < room ? (size_t)n : room;
	buf_add(buf, chunk, fits);
	buf_add(buf, chunk + fits, (size_t)n - fits);
}

static void move(struct child *child)
{
	feed(child);
	gather(child, 1);
	gather(child, 2);
}

/* WNOWAIT: until it is reaped its number can't become another process's. */
static bool child_ended(const struct child *child)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno != EINTR;
	return info.si_pid == child->pid;
}

static bool child_wait(struct child *child, const struct stop *stop, struct err *err)
{
	struct pollfd fds[4] = {{.fd = child->end, .events = POLLIN},
	    {.fd = child->ours[0], .events = POLLOUT}, {.fd = child->ours[1], .events = POLLIN},
	    {.fd = child->ours[2], .events = POLLIN}};
	struct stop tick = stop_within(stop, child->end < 0 ? TICK_MS : -1);
	struct err ended;

	if (stop_poll(&tick, fds, 4, &ended))
		return true;
	if (ended.kind == ERR_TIMEOUT && stop_left(stop) > 0)
		return true; /* only the tick */
	*err = ended;
	return false;
}

/*
 * Move bytes until the child ended. Its own children may keep the pipes open long after that, so
 * the end of the pipes is not waited for; what it wrote itself is in them by then.
 */
static bool child_serve(struct child *child, const struct stop *stop, struct err *err)
{
	while (!child_ended(child)) {
		if (!child_wait(child, stop, err))
			return false;
		move(child);
	}
	move(child);
	return true;
}

static void child_stop(struct child *child)
{
	struct stop grace = stop_cleanup(TERM_MS);
	struct err ignored;

	kill(-child->pid, SIGTERM);
	child_serve(child, &grace, &ignored);
	/* Also what is left of its group when it went itself. */
	kill(-child->pid, SIGKILL);
	struct stop last = stop_cleanup(KILL_MS);
	child_serve(child, &last, &ignored);
	waitpid(child->pid, NULL, WNOHANG);
}

static bool child_status(
    struct child *child, const struct program *program, struct proc_result *result, struct err *err)
{
	struct program_failure failure;
	int status;

	if (waitpid(child->pid, &status, 0) < 0)
		return err_errno(err, ERR_UNEXPECTED, "the status of %s is lost", program->name);
	if (read(child->failure[0], &failure, sizeof(failure)) == (ssize_t)sizeof(failure))
		return program_explain(program, &failure, err);
	result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

bool proc_run(char *const argv[], const char *input, struct buf *output, struct buf *errors,
    struct proc_result *result, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(child_close)
	struct child child = {.ours = {-1, -1, -1},
	    .theirs = {-1, -1, -1},
	    .failure = {-1, -1},
	    .end = -1,
	    .input = input,
	    .input_left = input == NULL ? 0 : strlen(input),
	    .gathered = {NULL, output, errors}};
	struct program program = program_find(argv[0], &arena);

	if (!stop_check(stop, err) || !child_start(&child, &program, argv, err))
		return false;
	if (!child_serve(&child, stop, err)) {
		child_stop(&child);
		return false;
	}
	return child_status(&child, &program, result, err);
}
