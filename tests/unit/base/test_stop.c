#include "base/proc.h"
#include "base/stop.h"
#include "forked.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include <cmocka.h>

enum {
	LONG_MS = 60 * 1000,
	PROMPT_MS = 10 * 1000
};

static void begin(void)
{
	proc_boot();
	stop_init();
}

/* A signal for the whole process, some time from now. */
static void signal_later(int signo, long ms)
{
	pid_t pid = getpid();

	if (fork() == 0) {
		struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
		signal(signo, SIG_IGN);
		nanosleep(&wait, NULL);
		kill(pid, signo);
		_exit(0);
	}
}

static void deadlines_narrow(void **state)
{
	(void)state;
	struct stop never = stop_never();
	struct stop hour = stop_within(&never, 3600 * 1000);
	struct stop wider = stop_within(&hour, INT64_MAX);
	struct stop same = stop_within(&hour, -1);
	struct stop passed = stop_within(&hour, 0);

	assert_true(stop_left(&never) == INT64_MAX);
	assert_true(stop_left(&hour) > 3500 * 1000 && stop_left(&hour) <= 3600 * 1000);
	assert_true(wider.deadline == hour.deadline);
	assert_true(same.deadline == hour.deadline);
	assert_true(stop_left(&passed) == 0);
	struct stop still = stop_within(&passed, LONG_MS);
	assert_true(stop_left(&still) == 0);
}

static void check_tells_of_the_deadline(void **state)
{
	(void)state;
	struct stop never = stop_never();
	struct stop passed = stop_within(&never, 0);
	struct err err = {0};

	assert_true(stop_check(&never, &err));
	assert_int_equal(err.kind, ERR_NONE);
	assert_false(stop_check(&passed, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
}

static void poll_fills_in_what_is_ready(void **state)
{
	(void)state;
	enum {
		MANY = 40
	};
	struct stop never = stop_never();
	struct stop minute = stop_within(&never, LONG_MS);
	struct pollfd fds[MANY];
	struct err err = {0};
	int ready = eventfd(1, EFD_CLOEXEC);
	int idle = eventfd(0, EFD_CLOEXEC);

	for (int n = 1; n <= MANY; n += 13) {
		for (int i = 0; i < n; i++)
			fds[i] = (struct pollfd){.fd = idle, .events = POLLIN, .revents = 77};
		fds[n - 1].fd = ready;
		assert_true(stop_poll(&minute, fds, (nfds_t)n, &err));
		assert_int_equal(fds[n - 1].revents, POLLIN);
		for (int i = 0; i < n - 1; i++)
			assert_int_equal(fds[i].revents, 0);
	}
	struct stop brief = stop_within(&never, 20);
	fds[0] = (struct pollfd){.fd = idle, .events = POLLIN, .revents = 77};
	assert_false(stop_poll(&brief, fds, 1, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_int_equal(fds[0].revents, 77); /* untouched */
	close(ready);
	close(idle);
}

static void sleep_is_full_or_ends_at_the_deadline(void **state)
{
	(void)state;
	struct stop never = stop_never();
	struct stop brief = stop_within(&never, 30);
	struct err err = {0};
	int64_t start = stop_now();

	assert_true(stop_sleep(&never, 50, &err));
	assert_true(stop_now() - start >= 50);
	assert_false(stop_sleep(&brief, LONG_MS, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_true(stop_now() - start < PROMPT_MS);
	assert_true(stop_sleep(&never, 0, &err));
	assert_true(stop_sleep(&never, -5, &err));
}

static void wait_for_signal(void)
{
	struct stop never = stop_never();
	struct err err = {0};
	int64_t start = stop_now();

	begin();
	expect(stop_signal() == 0);
	signal_later(SIGINT, 100);
	expect(!stop_poll(&never, NULL, 0, &err));
	expect(err.kind == ERR_STOPPED && err.signal == SIGINT && err_exit_code(&err) == 130);
	expect(strstr(err.message, "SIGINT") != NULL);
	expect(stop_signal() == SIGINT);
	expect(stop_now() - start < PROMPT_MS);
	/* From then on nothing waits any more, and the first signal is the one that counts. */
	raise(SIGTERM);
	expect(!stop_sleep(&never, LONG_MS, &err) && err.signal == SIGINT);
	expect(!stop_check(&never, &err) && err.kind == ERR_STOPPED);
	expect(stop_now() - start < PROMPT_MS);
}

static void signal_ends_a_wait(void **state)
{
	(void)state;
	assert_int_equal(forked_status(wait_for_signal), 0);
}

static void clean_up(void)
{
	struct err err = {0};
	struct pollfd fd = {.fd = eventfd(1, 0), .events = POLLIN};

	begin();
	raise(SIGTERM);
	struct stop deaf = stop_cleanup(LONG_MS);
	int64_t start = stop_now();
	expect(stop_check(&deaf, &err));
	expect(stop_poll(&deaf, &fd, 1, &err) && fd.revents == POLLIN);
	expect(stop_sleep(&deaf, 50, &err));
	expect(stop_now() - start >= 50);
	struct stop brief = stop_cleanup(20);
	expect(!stop_poll(&brief, NULL, 0, &err) && err.kind == ERR_TIMEOUT);
	signal_later(SIGTERM, 10);
	expect(stop_sleep(&deaf, 100, &err)); /* EINTR in between */
}

static void deaf_waits_work_after_a_signal(void **state)
{
	(void)state;
	assert_int_equal(forked_status(clean_up), 0);
}

static void *raise_in_thread(void *signo)
{
	kill(getpid(), *(int *)signo);
	raise(*(int *)signo);
	return NULL;
}

static void signal_in_thread(void)
{
	struct stop never = stop_never();
	struct err err = {0};
	pthread_t thread;
	int signo = SIGHUP;

	begin();
	expect(pthread_create(&thread, NULL, raise_in_thread, &signo) == 0);
	expect(!stop_sleep(&never, LONG_MS, &err) && err.signal == SIGHUP);
	pthread_join(thread, NULL);
}

static void signal_in_another_thread_ends_the_wait(void **state)
{
	(void)state;
	assert_int_equal(forked_status(signal_in_thread), 0);
}

static void ignored_signals(void)
{
	struct sigaction action;

	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	begin();
	raise(SIGINT);
	raise(SIGHUP);
	expect(stop_signal() == 0);
	expect(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
	raise(SIGTERM);
	expect(stop_signal() == SIGTERM);
}

static void inherited_ignored_signals_stay_ignored_but_sigterm(void **state)
{
	(void)state;
	assert_int_equal(forked_status(ignored_signals), 0);
}

static void blocked_signals(void)
{
	struct stop never = stop_never();
	struct err err = {0};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	begin();
	raise(SIGQUIT);
	expect(!stop_check(&never, &err) && err.signal == SIGQUIT);
}

static void inherited_blocked_signals_are_caught(void **state)
{
	(void)state;
	assert_int_equal(forked_status(blocked_signals), 0);
}

static void signal_to_child(void)
{
	struct stop brief;
	struct stop never = stop_never();
	struct err err = {0};
	int status;

	begin();
	pid_t pid = fork();
	if (pid == 0) {
		raise(SIGTERM);
		_exit(0);
	}
	expect(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 143);
	brief = stop_within(&never, 50);
	expect(!stop_poll(&brief, NULL, 0, &err) && err.kind == ERR_TIMEOUT);
}

static void a_forked_child_ends_alone(void **state)
{
	(void)state;
	assert_int_equal(forked_status(signal_to_child), 0);
}

static void immediate_after(void)
{
	begin();
	raise(SIGQUIT);
	stop_become_immediate();
}

static void immediate_before(void)
{
	begin();
	stop_become_immediate();
	raise(SIGINT);
}

static void immediate_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(forked_status(immediate_after), 131);
	assert_int_equal(forked_status(immediate_before), 130);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(deadlines_narrow),
	    cmocka_unit_test(check_tells_of_the_deadline),
	    cmocka_unit_test(poll_fills_in_what_is_ready),
	    cmocka_unit_test(sleep_is_full_or_ends_at_the_deadline),
	    cmocka_unit_test(signal_ends_a_wait),
	    cmocka_unit_test(deaf_waits_work_after_a_signal),
	    cmocka_unit_test(signal_in_another_thread_ends_the_wait),
	    cmocka_unit_test(inherited_ignored_signals_stay_ignored_but_sigterm),
	    cmocka_unit_test(inherited_blocked_signals_are_caught),
	    cmocka_unit_test(a_forked_child_ends_alone),
	    cmocka_unit_test(immediate_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
