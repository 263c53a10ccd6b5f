/* The application as a child: what e2e/test_init.py can't bring about from outside. */
#include "base/proc.h"
#include "forked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

static _Noreturn void supervise(char *const argv[])
{
	struct proc_start start = {.argv = argv};
	struct err err = {0};
	int status = FORKED_FAILED;

	proc_boot();
	stop_init();
	_exit(proc_supervise(&start, &status, &err) ? status : err_exit_code(&err));
}

static void exits(void)
{
	supervise(ARGV("sh", "-c", "exit 42"));
}

static void is_killed(void)
{
	supervise(ARGV("sh", "-c", "kill -9 $$"));
}

static void is_absent(void)
{
	supervise(ARGV("/no/such/program"));
}

static void is_a_folder(void)
{
	supervise(ARGV("/usr"));
}

static void its_status_is_ours(void **state)
{
	(void)state;
	assert_int_equal(forked_status(exits), 42);
	assert_int_equal(forked_status(is_killed), 137);
	assert_int_equal(forked_status(is_absent), 127);
	assert_int_equal(forked_status(is_a_folder), 126);
}

static void with_sigchld_ignored(void)
{
	signal(SIGCHLD, SIG_IGN);
	supervise(ARGV("grep", "-q", "SigIgn:.*10000$", "/proc/self/status"));
}

/* Ignored, the kernel would reap in our place. It goes on to the application all the same. */
static void sigchld_that_came_ignored_is_no_matter(void **state)
{
	(void)state;
	assert_int_equal(forked_status(with_sigchld_ignored), 0);
}

static void after_a_signal(void)
{
	struct proc_start start = {.argv = ARGV("echo", "started")};
	struct err err = {0};
	int status;
	sigset_t before;
	sigset_t after;

	proc_boot();
	stop_init();
	raise(SIGINT);
	sigprocmask(SIG_SETMASK, NULL, &before);
	expect(!proc_supervise(&start, &status, &err));
	expect(err.kind == ERR_STOPPED && err.signal == SIGINT);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int signo = 1; signo < NSIG; signo++)
		expect(sigismember(&before, signo) == sigismember(&after, signo));
}

static void a_signal_that_came_before_is_ours(void **state)
{
	(void)state;
	char out[64];

	assert_int_equal(forked(after_a_signal, out, sizeof(out)), 0);
	assert_string_equal(out, "");
}

static void with_an_alarm(void)
{
	alarm(FORKED_PATIENCE / 2); /* inherited: it would be passed on */
	supervise(ARGV("sh", "-c", "sleep 0.1; exit 3"));
}

static void filtered(void)
{
	dup2(STDOUT_FILENO, 7);
	dup2(STDOUT_FILENO, 300);
	deny(SYS_close_range, EPERM);
	supervise(ARGV("sh", "-c",
	    "while [ \"$(ls /proc/$PPID/fd | tr '\\n' ' ')\" != '0 1 2 ' ]; do sleep 0.1; done"));
}

static void nothing_is_held_where_close_range_is_refused(void **state)
{
	(void)state;
	assert_int_equal(forked_status(filtered), 0);
	assert_int_equal(forked_status(with_an_alarm), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(its_status_is_ours),
	    cmocka_unit_test(sigchld_that_came_ignored_is_no_matter),
	    cmocka_unit_test(a_signal_that_came_before_is_ours),
	    cmocka_unit_test(nothing_is_held_where_close_range_is_refused),
	};

	return forked_under_valgrind() ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
