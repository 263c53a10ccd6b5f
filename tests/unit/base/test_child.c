#include "base/proc.h"
#include "forked.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include <cmocka.h>

/* Of the shell; with another command behind, or ls would take its place. */
#define LIST_DESCRIPTORS "ls /proc/$$/fd; :"

enum {
	PROMPT_MS = 10 * 1000,
	LIMIT = 1 << 20
};

static struct buf output, errors;
static struct proc_result result;
static struct err err;

static bool run(char *const argv[], const char *input, const struct stop *stop)
{
	buf_free(&output);
	buf_free(&errors);
	output = buf_init(LIMIT);
	errors = buf_init(LIMIT);
	err = (struct err){0};
	result.status = -1;
	return proc_run(argv, input, &output, &errors, &result, stop, &err);
}

static void run_gathers(void)
{
	struct stop never = stop_never();

	proc_boot();
	stop_init();
	expect(run(ARGV("sh", "-c", "cat; echo oops >&2; exit 3"), "hello", &never));
	expect(result.status == 3);
	expect(strcmp(output.data, "hello") == 0 && strcmp(errors.data, "oops\n") == 0);
	expect(run(ARGV("sh", "-c", "kill -9 $$"), "", &never) && result.status == 137);
	expect(run(ARGV("sh", "-c", "cat; exit 0"), NULL, &never) && result.status == 0);
	expect(proc_run(
	    ARGV("sh", "-c", "cat; echo x; echo y >&2"), "in", NULL, NULL, &result, &never, &err));
	expect(result.status == 0);
	expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void run_filtered(void)
{
	deny(SYS_pidfd_open, EPERM);
	run_gathers();
}

static void a_childs_output_and_status_come_back(void **state)
{
	(void)state;
	assert_int_equal(forked_status(run_gathers), 0);
	assert_int_equal(forked_status(run_filtered), 0);
}

static void run_much(void)
{
	enum {
		MUCH = 3 << 20
	};
	struct stop never = stop_never();
	char *input = malloc(MUCH + 1);

	proc_boot();
	stop_init();
	memset(input, 'i', MUCH);
	input[MUCH] = '\0';
	output = buf_init(4 * MUCH);
	errors = buf_init(100);
	expect(proc_run(ARGV("sh", "-c",
			    "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; cat; "
			    "head -c 1000 /dev/zero"),
	    input, &output, &errors, &result, &never, &err));
	expect(result.status == 0);
	expect(output.len == 3000000 + MUCH + 1000 && !output.overflow);
	expect(errors.len == 100 && errors.overflow);
	/* Nobody reads the input. */
	expect(run(ARGV("true"), input, &never) && result.status == 0);
	expect(run(ARGV("sh", "-c", "exec <&-; sleep 0.2; echo done"), input, &never));
	expect(strcmp(output.data, "done\n") == 0);
	free(input);
}

static void much_both_ways_does_not_hang(void **state)
{
	(void)state;
	assert_int_equal(forked_status(run_much), 0);
}

static size_t streamed, limit;

static bool take(
    void *context, const void *data, size_t len, const struct stop *stop, struct err *failed)
{
	(void)stop;
	expect(context == &streamed && len > 0 && memchr(data, 'x', len) == NULL);
	streamed += len;
	return streamed <= limit || err_set(failed, ERR_DUMP, "enough");
}

static bool stream(char *const argv[], struct proc_stream *how)
{
	static char *environment[] = {
	    (char *)(uintptr_t) "PATH=/usr/bin:/bin", (char *)(uintptr_t) "ONLY=this", NULL};
	struct stop never = stop_never();
	how->argv = argv;
	how->environment = environment;
	how->context = &streamed;
	streamed = 0;
	buf_free(&errors);
	errors = buf_init(10);
	return proc_stream(how, &errors, &result, &never, &err);
}

static void run_stream(void)
{
	struct proc_stream how = {.take = take};
	int64_t start = stop_now();

	proc_boot();
	stop_init();
	setenv("SECRET", "x", 1);
	limit = 5000000;
	expect(stream(
	    ARGV("sh", "-c", "head -c 5000000 /dev/zero; echo 0123456789abc >&2; exit 3"), &how));
	expect(result.status == 3 && streamed == 5000000);
	expect(strcmp(errors.data, "456789abc\n") == 0);
	expect(stream(ARGV("env"), &how) && result.status == 0 && streamed > 0);
	expect(!stream(ARGV("sh", "-c", "cat /dev/zero; sleep 60"), &how));
	expect(err.kind == ERR_DUMP && strcmp(err.message, "enough") == 0);
	how = (struct proc_stream){.input = "in"};
	expect(stream(ARGV("sh", "-c", "cat; echo x; test $ONLY = this"), &how));
	expect(result.status == 0 && streamed == 0);
	expect(stop_now() - start < PROMPT_MS);
	expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void run_stream_filtered(void)
{
	deny(SYS_pidfd_open, ENOSYS);
	run_stream();
}

static void a_stream_is_taken_as_it_comes(void **state)
{
	(void)state;
	assert_int_equal(forked_status(run_stream), 0);
	assert_int_equal(forked_status(run_stream_filtered), 0);
}

/* Less glibc's own 32 and 33: its posix_spawn() ignores them in every child. */
static bool nothing_ignored(const char *status)
{
	const char *line = strstr(status, "SigIgn:\t");

	return line != NULL && (strtoull(line + 8, NULL, 16) & ~UINT64_C(0x180000000)) == 0;
}

static void run_clean(void)
{
	struct stop never = stop_never();
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	dup2(STDOUT_FILENO, 7);
	proc_boot();
	stop_init();
	dup2(STDOUT_FILENO, 9);
	expect(run(ARGV("cat", "/proc/self/status"), NULL, &never) && result.status == 0);
	expect(nothing_ignored(output.data));
	expect(strstr(output.data, "SigBlk:\t0000000000000000") != NULL);
	expect(run(ARGV("sh", "-c", LIST_DESCRIPTORS), NULL, &never));
	expect(strcmp(output.data, "0\n1\n2\n") == 0);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	expect(sigismember(&blocked, SIGUSR2) && !sigismember(&blocked, SIGUSR1));
}

static void run_clean_filtered(void)
{
	deny(SYS_close_range, ENOSYS);
	run_clean();
}

static void a_child_starts_clean(void **state)
{
	(void)state;
	assert_int_equal(forked_status(run_clean), 0);
	assert_int_equal(forked_status(run_clean_filtered), 0);
}

static void run_absent(void)
{
	struct stop never = stop_never();

	proc_boot();
	stop_init();
	result.status = -1;
	expect(!run(ARGV("no-such-program"), "input", &never) && err.kind == ERR_NO_PROGRAM);
	expect(result.status == -1);
	expect(!run(ARGV("/tmp"), NULL, &never) && err.kind == ERR_CANNOT_EXEC);
	expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	/* A program's own 127 is not an absent program. */
	expect(run(ARGV("sh", "-c", "exit 127"), NULL, &never) && result.status == 127);
}

static void an_absent_program_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(forked_status(run_absent), 0);
}

static void run_until_deadline(void)
{
	struct stop never = stop_never();
	struct stop brief = stop_within(&never, 300);
	int64_t start = stop_now();

	proc_boot();
	stop_init();
	expect(!run(ARGV("sh", "-c", "echo begun; sleep 60"), NULL, &brief));
	expect(err.kind == ERR_TIMEOUT && strcmp(output.data, "begun\n") == 0);
	brief = stop_within(&never, 300);
	expect(!run(ARGV("sh", "-c", "trap '' TERM; while :; do sleep 1; done"), NULL, &brief));
	expect(err.kind == ERR_TIMEOUT);
	expect(stop_now() - start < PROMPT_MS);
	expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	brief = stop_within(&never, 0);
	expect(!run(ARGV("true"), NULL, &brief) && err.kind == ERR_TIMEOUT);
}

static void run_until_deadline_filtered(void)
{
	deny(SYS_pidfd_open, ENOSYS);
	run_until_deadline();
}

static void run_until_signal(void)
{
	struct stop never = stop_never();
	int64_t start = stop_now();
	pid_t self = getpid();
	char script[64];

	proc_boot();
	stop_init();
	snprintf(script, sizeof(script), "kill -TERM %d; sleep 60", (int)self);
	expect(!run(ARGV("sh", "-c", script), NULL, &never));
	expect(err.kind == ERR_STOPPED && err.signal == SIGTERM);
	expect(stop_now() - start < PROMPT_MS);
	expect(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void a_stopped_child_ends(void **state)
{
	(void)state;
	assert_int_equal(forked_status(run_until_deadline), 0);
	assert_int_equal(forked_status(run_until_deadline_filtered), 0);
	assert_int_equal(forked_status(run_until_signal), 0);
}

static void run_with_background(void)
{
	struct stop never = stop_never();
	int64_t start = stop_now();

	proc_boot();
	stop_init();
	expect(run(ARGV("sh", "-c", "sleep 60 & echo $!"), NULL, &never) && result.status == 0);
	expect(stop_now() - start < PROMPT_MS);
	kill((pid_t)strtol(output.data, NULL, 10), SIGKILL);
}

static void a_childs_own_children_are_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(forked_status(run_with_background), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_childs_output_and_status_come_back),
	    cmocka_unit_test(much_both_ways_does_not_hang),
	    cmocka_unit_test(a_stream_is_taken_as_it_comes),
	    cmocka_unit_test(a_child_starts_clean),
	    cmocka_unit_test(an_absent_program_is_an_error),
	    cmocka_unit_test(a_stopped_child_ends),
	    cmocka_unit_test(a_childs_own_children_are_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
