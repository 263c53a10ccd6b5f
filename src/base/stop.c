#include "base/stop.h"
#include "base/boot.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* How a wait ended. */
enum wait_end {
	WAIT_READY,
	WAIT_SIGNAL,
	WAIT_TIMEOUT,
	WAIT_FAILED
};

static const struct {
	int signo;
	const char *name;
} ending[] = {{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}, {SIGQUIT, "SIGQUIT"}};

enum {
	ENDING = sizeof(ending) / sizeof(*ending)
};

static atomic_int first_signal;
static atomic_bool immediate;
static pid_t owner;

/*
 * An eventfd that becomes readable with the first signal and is never read: every poll from then on
 * sees it, in whichever thread the handler ran and however late the poll starts. A flag and ppoll()
 * would lose a signal delivered to another thread (a resolver's).
 */
static int wake = -1;

/* Async-signal-safe. A forked child that still has this handler must not wake its parent. */
static void on_ending(int signo)
{
	int saved = errno;
	int none = 0;
	uint64_t one = 1;

	if (atomic_load(&immediate) || getpid() != owner)
		_exit(128 + signo);
	atomic_compare_exchange_strong(&first_signal, &none, signo);
	ssize_t written = write(wake, &one, sizeof(one));
	(void)written; /* only fails when the counter is full, that is, readable */
	errno = saved;
}

void stop_init(void)
{
	struct sigaction action = {.sa_handler = on_ending, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t caught;

	owner = getpid();
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake < 0)
		err_die("can't make an eventfd for signals");
	sigemptyset(&caught);
	for (size_t i = 0; i < ENDING; i++)
		if (ending[i].signo == SIGTERM || !proc_inherited_ignored(ending[i].signo))
			sigaddset(&caught, ending[i].signo);
	action.sa_mask = caught;
	for (size_t i = 0; i < ENDING; i++)
		if (sigismember(&caught, ending[i].signo))
			sigaction(ending[i].signo, &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* Inherited blocked, they would never reach us; proc_exec() restores the mask. */
	pthread_sigmask(SIG_UNBLOCK, &caught, NULL);
}

int64_t stop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct stop stop_never(void)
{
	return (struct stop){.deadline = INT64_MAX};
}

struct stop stop_within(const struct stop *stop, int64_t ms)
{
	struct stop narrower = *stop;
	int64_t now = stop_now();

	if (ms >= 0 && ms < INT64_MAX - now && now + ms < stop->deadline)
		narrower.deadline = now + ms;
	return narrower;
}

struct stop stop_cleanup(int64_t ms)
{
	struct stop deaf = {.deadline = INT64_MAX, .deaf = true};

	return stop_within(&deaf, ms);
}

int64_t stop_left(const struct stop *stop)
{
	if (stop->deadline == INT64_MAX)
		return INT64_MAX;
	int64_t now = stop_now();
	return stop->deadline > now ? stop->deadline - now : 0;
}

int stop_signal(void)
{
	return atomic_load(&first_signal);
}

static enum wait_end wait_state(const struct stop *stop)
{
	if (!stop->deaf && stop_signal() != 0)
		return WAIT_SIGNAL;
	if (stop_left(stop) == 0)
		return WAIT_TIMEOUT;
	return WAIT_READY;
}

static const char *signal_name(int signo)
{
	for (size_t i = 0; i < ENDING; i++)
		if (ending[i].signo == signo)
			return ending[i].name;
	return "a signal";
}

/* What the caller of a wait gets to see of how it ended. */
static bool wait_result(enum wait_end end, struct err *err)
{
	switch (end) {
	case WAIT_READY:
		return true;
	case WAIT_SIGNAL:
		err_set(err, ERR_STOPPED, "stopped by %s", signal_name(stop_signal()));
		err->signal = stop_signal();
		return false;
	case WAIT_TIMEOUT:
		return err_set(err, ERR_TIMEOUT, "timed out");
	case WAIT_FAILED:
		break;
	}
	return err_errno(err, ERR_UNEXPECTED, "can't wait");
}

bool stop_check(const struct stop *stop, struct err *err)
{
	return wait_result(wait_state(stop), err);
}

/* all[0] is ours, the caller's follow. */
static enum wait_end wait_for(const struct stop *stop, struct pollfd *all, nfds_t n)
{
	all[0] = (struct pollfd){.fd = stop->deaf ? -1 : wake, .events = POLLIN};
	for (;;) {
		enum wait_end state = wait_state(stop);
		if (state != WAIT_READY)
			return state;
		int64_t left = stop_left(stop);
		int ms = left == INT64_MAX ? -1 : left > INT_MAX ? INT_MAX : (int)left;
		int ready = poll(all, n + 1, ms);
		if (ready < 0 && errno != EINTR)
			return WAIT_FAILED;
		if (ready > 0 && all[0].revents == 0)
			return WAIT_READY;
	}
}

bool stop_poll(const struct stop *stop, struct pollfd *fds, nfds_t n, struct err *err)
{
	struct pollfd few[16];
	struct pollfd *all = few;

	if (n >= sizeof(few) / sizeof(*few)) {
		all = calloc((size_t)n + 1, sizeof(*all));
		if (all == NULL)
			err_die("out of memory");
	}
	if (n > 0)
		memcpy(all + 1, fds, (size_t)n * sizeof(*fds));
	enum wait_end end = wait_for(stop, all, n);
	bool ready = wait_result(end, err);
	for (nfds_t i = 0; ready && i < n; i++)
		fds[i].revents = all[i + 1].revents;
	if (all != few)
		free(all);
	return ready;
}

bool stop_sleep(const struct stop *stop, int64_t ms, struct err *err)
{
	struct stop until = stop_within(stop, ms > 0 ? ms : 0);
	struct pollfd none[1];
	bool in_full = until.deadline < stop->deadline;
	enum wait_end end = wait_for(&until, none, 0);

	if (end == WAIT_TIMEOUT && in_full)
		end = WAIT_READY;
	return wait_result(end, err);
}

void stop_become_immediate(void)
{
	atomic_store(&immediate, true);
	if (stop_signal() != 0)
		_exit(128 + stop_signal());
}
