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
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CHUNK = 64 * 1024,   /* a pipe's whole content on Linux */
	STREAM = 1 << 20,    /* the same of a stream's, where the system allows it */
	TICK_MS = 20,        /* how often to look where a child's end can't be polled */
	TERM_MS = 1000,      /* from SIGTERM to SIGKILL */
	KILL_MS = 10 * 1000, /* a process stuck in the kernel may not even end then */
	IDLE_MS = 500
};

struct child {
	pid_t pid, parent;
	int ours[3];    /* our ends of its descriptors 0 to 2; -1 when closed */
	int theirs[3];  /* its ends, before the fork */
	int failure[2]; /* a pipe that closes when it executes, or says why it can't */
	int end;        /* pidfd: readable when it ended; -1 when the system has none */
	const char *input;
	size_t input_left;
	struct buf *gathered[3];          /* by descriptor; NULL for 0 */
	const struct proc_stream *stream; /* whose output is taken, not gathered; NULL: none */
	char *chunk;                      /* of the stream */
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
	if (fd == 1 && child->stream != NULL)
		fcntl(child->ours[fd], F_SETPIPE_SZ, STREAM);
	return true;
}

static bool open_streams(struct child *child, struct err *err)
{
	if (pipe2(child->failure, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, ERR_UNEXPECTED, "can't make a pipe");
	bool output =
	    child->stream == NULL ? child->gathered[1] != NULL : child->stream->take != NULL;
	return open_stream(child, 0, child->input != NULL, err) &&
	       open_stream(child, 1, output, err) &&
	       open_stream(child, 2, child->gathered[2] != NULL, err);
}

/* Between fork and exec: other threads' locks stay locked here, so only async-signal-safe calls. */
static _Noreturn void child_run(
    const struct child *child, const struct program *program, char *const argv[])
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	setpgid(0, 0);
	if (child->stream != NULL) {
		/* What it does is for us alone. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != child->parent)
			_exit(1);
		environ = child->stream->environment;
	}
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
	child->parent = getpid();
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

/* Of a stream's errors the last are kept: they say why it ended. */
static void keep_last(struct buf *buf, const char *data, size_t len)
{
	if (len > buf->max) {
		data += len - buf->max;
		len = buf->max;
	}
	if (len > buf->max - buf->len) {
		size_t drop = len - (buf->max - buf->len);
		memmove(buf->data, buf->data + drop, buf->len - drop);
		buf->len -= drop;
	}
	buf_add(buf, data, len);
}

static void gather(struct child *child, int fd)
{
	char chunk[CHUNK];
	struct buf *buf = child->gathered[fd];

	if (buf == NULL || child->ours[fd] < 0)
		return;
	ssize_t n = read(child->ours[fd], chunk, sizeof(chunk));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fs_close(&child->ours[fd]);
		return;
	}
	if (child->stream != NULL) {
		keep_last(buf, chunk, (size_t)n);
		return;
	}
	/* What fits stays; the rest is read all the same, or the child would wait for ever. */
	size_t room = buf->max - buf->len;
	size_t fits = (size_t)n < room ? (size_t)n : room;
	buf_add(buf, chunk, fits);
	buf_add(buf, chunk + fits, (size_t)n - fits);
}

/* One piece of the stream; *more is false when there is none now. */
static bool take(struct child *child, bool *more, const struct stop *stop, struct err *err)
{
	*more = false;
	if (child->stream == NULL || child->ours[1] < 0)
		return true;
	ssize_t n = read(child->ours[1], child->chunk, STREAM);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) {
		fs_close(&child->ours[1]);
		return true;
	}
	*more = true;
	return child->stream->take(child->stream->context, child->chunk, (size_t)n, stop, err);
}

static bool move(struct child *child, const struct stop *stop, struct err *err)
{
	bool ignored;

	feed(child);
	gather(child, 1);
	gather(child, 2);
	return take(child, &ignored, stop, err);
}

/* What it wrote before it ended. */
static bool move_rest(struct child *child, const struct stop *stop, struct err *err)
{
	bool more = true;
	bool ok = move(child, stop, err);

	while (ok && more)
		ok = take(child, &more, stop, err);
	return ok;
}

/* WNOWAIT: until it is reaped its number can't become another process's. */
static bool child_ended(const struct child *child)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno != EINTR;
	return info.si_pid == child->pid;
}

static int64_t tick_of(const struct child *child)
{
	if (child->end < 0)
		return TICK_MS;
	return child->stream != NULL && child->stream->idle != NULL ? IDLE_MS : -1;
}

static bool child_wait(struct child *child, const struct stop *stop, struct err *err)
{
	struct pollfd fds[4] = {{.fd = child->end, .events = POLLIN},
	    {.fd = child->ours[0], .events = POLLOUT}, {.fd = child->ours[1], .events = POLLIN},
	    {.fd = child->ours[2], .events = POLLIN}};
	struct stop tick = stop_within(stop, tick_of(child));
	struct err ended;

	if (stop_poll(&tick, fds, 4, &ended))
		return true;
	if (ended.kind == ERR_TIMEOUT && stop_left(stop) > 0) {
		if (child->stream != NULL && child->stream->idle != NULL)
			child->stream->idle(child->stream->context);
		return true; /* only the tick */
	}
	*err = ended;
	return false;
}

/*
 * Move bytes until the child ended. Its own children may keep the pipes open long after that, so
 * the end of the pipes is not waited for; what it wrote itself is in them by then.
 */
static bool child_serve(struct child *child, const struct stop *stop, struct err *err)
{
	while (!child_ended(child))
		if (!child_wait(child, stop, err) || !move(child, stop, err))
			return false;
	return move_rest(child, stop, err);
}

static void child_stop(struct child *child)
{
	struct stop grace = stop_cleanup(TERM_MS);
	struct err ignored;

	child->stream = NULL; /* nobody wants more of it */
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

static bool child_do(struct child *child, char *const argv[], struct proc_result *result,
    const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct program program = program_find(argv[0], &arena);

	if (child->stream != NULL)
		child->chunk = arena_alloc(&arena, STREAM);
	if (!stop_check(stop, err) || !child_start(child, &program, argv, err))
		return false;
	if (!child_serve(child, stop, err)) {
		child_stop(child);
		return false;
	}
	return child_status(child, &program, result, err);
}

bool proc_run(char *const argv[], const char *input, struct buf *output, struct buf *errors,
    struct proc_result *result, const struct stop *stop, struct err *err)
{
	CLEANUP(child_close)
	struct child child = {.ours = {-1, -1, -1},
	    .theirs = {-1, -1, -1},
	    .failure = {-1, -1},
	    .end = -1,
	    .input = input,
	    .input_left = input == NULL ? 0 : strlen(input),
	    .gathered = {NULL, output, errors}};

	return child_do(&child, argv, result, stop, err);
}

bool proc_stream(const struct proc_stream *stream, struct buf *errors, struct proc_result *result,
    const struct stop *stop, struct err *err)
{
	CLEANUP(child_close)
	struct child child = {.ours = {-1, -1, -1},
	    .theirs = {-1, -1, -1},
	    .failure = {-1, -1},
	    .end = -1,
	    .input = stream->input,
	    .input_left = stream->input == NULL ? 0 : strlen(stream->input),
	    .gathered = {NULL, NULL, errors},
	    .stream = stream};

	return child_do(&child, stream->argv, result, stop, err);
}
