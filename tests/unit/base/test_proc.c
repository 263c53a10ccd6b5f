#include "base/proc.h"
#include "forked.h"
#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <cmocka.h>

/* Of the shell; with another command behind, or ls would take its place. */
#define LIST_DESCRIPTORS "ls /proc/$$/fd; :"

enum {
	INHERITED = 7, /* a descriptor our parent gave us */
	OPENED = 9,    /* one a library opened, without CLOEXEC */
	LIMIT = 1 << 20
};

static char folder[] = "/tmp/test_proc.XXXXXX";

static void put_file(const char *name, const void *data, size_t len, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void put_text(const char *name, const char *text, mode_t mode)
{
	put_file(name, text, strlen(text), mode);
}

static int outside(void (*body)(void), char *out, size_t size)
{
	if (forked_under_valgrind())
		skip();
	return forked(body, out, size);
}

static int outside_status(void (*body)(void))
{
	char out[4096];

	return outside(body, out, sizeof(out));
}

/* In a child: start as db-entry does, and take over. */
static void boot(void)
{
	proc_boot();
	stop_init();
}

static _Noreturn void become(char *const argv[])
{
	struct err err = {0};

	struct proc_start start = {.argv = argv};

	proc_exec(&start, &err);
	printf("%s\n%s\n%s\n", err.message, err.why, err.next);
	fflush(NULL);
	_exit(err_exit_code(&err));
}

/* --- what the application gets --- */

static void exec_signals(void)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGRTMIN + 3, SIG_IGN);
	boot();
	expect(proc_inherited_ignored(SIGHUP) && proc_inherited_ignored(SIGRTMIN + 3));
	expect(!proc_inherited_ignored(SIGINT) && !proc_inherited_ignored(-1));
	expect(!proc_inherited_ignored(NSIG));
	signal(SIGHUP, SIG_DFL); /* as libraries do */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGRTMIN + 4, SIG_IGN);
	become(ARGV("cat", "/proc/self/status"));
}

static uint64_t field(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	assert_non_null(line);
	return strtoull(line + strlen(name), NULL, 16);
}

static uint64_t bit(int signo)
{
	return UINT64_C(1) << (signo - 1);
}

/* What is ignored, less glibc's own 32 and 33: its posix_spawn() ignores them in every child. */
static uint64_t ignored(const char *status)
{
	return field(status, "SigIgn:\t") & ~(bit(32) | bit(33));
}

static void dispositions_and_mask_go_on_as_they_came(void **state)
{
	(void)state;
	char out[8192];

	assert_int_equal(outside(exec_signals, out, sizeof(out)), 0);
	assert_true(
	    ignored(out) == (bit(SIGHUP) | bit(SIGTERM) | bit(SIGCHLD) | bit(SIGRTMIN + 3)));
	assert_true(field(out, "SigCgt:\t") == 0);
	assert_true(field(out, "SigBlk:\t") == (bit(SIGTERM) | bit(SIGUSR2)));
	assert_true(field(out, "SigPnd:\t") == 0);
}

static void exec_plain_signals(void)
{
	boot();
	become(ARGV("cat", "/proc/self/status"));
}

static void nothing_is_left_ignored(void **state)
{
	(void)state;
	char out[8192];

	assert_int_equal(outside(exec_plain_signals, out, sizeof(out)), 0);
	assert_true(ignored(out) == 0);
	assert_true(field(out, "SigCgt:\t") == 0);
	assert_true(field(out, "SigBlk:\t") == 0);
}

static void open_descriptors(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	dup2(STDOUT_FILENO, INHERITED);
	dup2(STDOUT_FILENO, 12);
	boot();
	dup2(STDOUT_FILENO, OPENED);
	dup2(STDOUT_FILENO, 40);
}

static void exec_descriptors(void)
{
	open_descriptors();
	become(ARGV("/bin/sh", "-c", LIST_DESCRIPTORS));
}

static void exec_descriptors_filtered(void)
{
	open_descriptors();
	deny(SYS_close_range, EPERM);
	become(ARGV("/bin/sh", "-c", LIST_DESCRIPTORS));
}

static void check_descriptors(void (*body)(void))
{
	char out[4096];

	assert_int_equal(outside(body, out, sizeof(out)), 0);
	assert_string_equal(out, "0\n1\n12\n2\n7\n");
}

static void only_inherited_descriptors_go_on(void **state)
{
	(void)state;
	check_descriptors(exec_descriptors);
	check_descriptors(exec_descriptors_filtered);
}

static void exec_without_standard(void)
{
	dup2(STDOUT_FILENO, INHERITED);
	close(0);
	close(1);
	boot();
	become(ARGV(
	    "/bin/sh", "-c", "readlink /proc/$$/fd/0 /proc/$$/fd/1 | cat >&7; cat; echo lost"));
}

static void missing_standard_descriptors_are_dev_null(void **state)
{
	(void)state;
	char out[4096];

	assert_int_equal(outside(exec_without_standard, out, sizeof(out)), 0);
	assert_string_equal(out, "/dev/null\n/dev/null\n");
}

static void exec_rest(void)
{
	struct rlimit limit = {64, 128};
	struct itimerval soon = {.it_value = {.tv_sec = 30}};

	setrlimit(RLIMIT_NOFILE, &limit);
	expect(chdir(folder) == 0);
	boot();
	setitimer(ITIMER_REAL, &soon, NULL);
	setitimer(ITIMER_VIRTUAL, &soon, NULL);
	setitimer(ITIMER_PROF, &soon, NULL);
	printf("buffered ");
	become(ARGV("sh", "-c",
	    "echo $0 $1; ulimit -Sn; ulimit -Hn; pwd; tr '\\0' ' ' </proc/$$/cmdline", "zero",
	    "one"));
}

static void the_rest_goes_on(void **state)
{
	(void)state;
	char out[4096];
	char expected[256];

	assert_int_equal(outside(exec_rest, out, sizeof(out)), 0);
	snprintf(expected, sizeof(expected), "buffered zero one\n64\n128\n%s\nsh -c ", folder);
	assert_memory_equal(out, expected, strlen(expected));
}

static void print_alarm(void)
{
	printf("%u left\n", alarm(0));
}

static void exec_with_alarm(void)
{
	boot();
	alarm(FORKED_PATIENCE);
	become(ARGV("/proc/self/exe", "print_alarm"));
}

static void alarms_are_cleared(void **state)
{
	(void)state;
	char out[64];

	assert_int_equal(outside(exec_with_alarm, out, sizeof(out)), 0);
	assert_string_equal(out, "0 left\n");
}

static void exec_status(void)
{
	boot();
	become(ARGV("sh", "-c", "exit 42"));
}

static void exec_after_signal(void)
{
	boot();
	raise(SIGINT);
	become(ARGV("echo", "started"));
}

static void exec_with_pending_signal(void)
{
	sigset_t blocked;

	boot();
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL); /* as some library might just then */
	raise(SIGTERM);
	become(ARGV("echo", "started"));
}

static void signals_before_exec_are_not_lost(void **state)
{
	(void)state;
	char out[64];

	assert_int_equal(outside_status(exec_status), 42);
	assert_int_equal(outside(exec_after_signal, out, sizeof(out)), 130);
	assert_string_equal(out, "");
	assert_int_equal(outside(exec_with_pending_signal, out, sizeof(out)), 143);
	assert_string_equal(out, "");
}

/* --- programs that can't be executed --- */

static char *program;

static void exec_program(void)
{
	expect(chdir(folder) == 0);
	boot();
	become(ARGV(program, "argument"));
}

static void check_failure(const char *name, int status, const char *words)
{
	char out[8192];
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", name);
	program = copy;
	assert_int_equal(outside(exec_program, out, sizeof(out)), status);
	if (strstr(out, words) == NULL)
		fail_msg("%s: no \"%s\" in: %s", name, words, out);
}

static void absent_programs_say_what_was_searched(void **state)
{
	(void)state;
	setenv("PATH", "/nowhere:/bin/sh:/usr/bin", 1);
	check_failure("no-such-program", 127, "PATH is /nowhere:/bin/sh:/usr/bin");
	check_failure("./no-such-program", 127, "no such file");
	check_failure("sh/below-a-file", 127, "no such file");
	check_failure("", 127, "name is empty");
	check_failure("node server.js", 127, "words of their own");
	check_failure("true", 0, "");
	unsetenv("PATH");
	check_failure("no-such-program", 127, "PATH is not set; searched /usr/local/sbin:");
	check_failure("true", 0, "");
}

static void path_is_searched_as_by_execvp(void **state)
{
	(void)state;
	char path[256];

	mkdir("denied", 0755);
	mkdir("scripts", 0755);
	mkdir("denied/folder", 0755);
	put_text("denied/hello", "#!/bin/sh\necho denied\n", 0644);
	put_text("scripts/hello", "#!/bin/sh\necho $0\n", 0755);
	put_text("here", "#!/bin/sh\necho here\n", 0755);
	put_text("denied/only", "#!/bin/sh\n", 0644);
	snprintf(path, sizeof(path), "%s/denied:%s/scripts::/usr/bin", folder, folder);
	setenv("PATH", path, 1);
	check_failure("hello", 0, "/scripts/hello");
	check_failure("here", 0, "here");
	check_failure("only", 126, "chmod +x");
	check_failure("folder", 126, "folder");
	check_failure("nothing", 127, "not found");
}

static void unusable_files_say_why(void **state)
{
	(void)state;
	put_text("plain", "echo no first line\n", 0755);
	put_text("empty", "", 0755);
	put_text("locked", "#!/bin/sh\n", 0644);
	put_text("lost", "#! /no/such/python -u\nprint()\n", 0755);
	put_text("windows", "#!/bin/sh\r\necho\r\n", 0755);
	put_text("denied-by", "#!/etc/passwd\n", 0755);
	mkfifo("fifo", 0755);
	check_failure("./plain", 126, "#!");
	check_failure("./empty", 126, "#!");
	check_failure("./locked", 126, "chmod +x ./locked");
	check_failure("./lost", 127, "interpreter /no/such/python is not there");
	check_failure("./windows", 127, "carriage return");
	check_failure("./denied-by", 126, "/etc/passwd");
	check_failure("./fifo", 126, "not a regular file");
	check_failure("/tmp", 126, "folder");
}

static size_t read_program(const char *path, char **data)
{
	int fd = open(path, O_RDONLY);
	struct stat info;

	assert_true(fd >= 0 && fstat(fd, &info) == 0);
	*data = malloc((size_t)info.st_size);
	assert_int_equal(read(fd, *data, (size_t)info.st_size), info.st_size);
	close(fd);
	return (size_t)info.st_size;
}

static void elf_programs_say_why(void **state)
{
	(void)state;
	static char *data; /* reachable when check_failure() ends the test */
	size_t len = read_program("/bin/true", &data);
	char *loader = memmem(data, len, "/ld-", 4);

	assert_non_null(loader);
	loader[1] = 'X';
	put_file("other-libc", data, len, 0755);
	check_failure("./other-libc", 127, "/Xd-");
	loader[1] = 'l';
	((ElfW(Ehdr) *)(void *)data)->e_machine = EM_S390;
	put_file("other-processor", data, len, 0755);
	check_failure("./other-processor", 126, "built for processor");
	put_file("cut", data, 16, 0755);
	check_failure("./cut", 126, "can't execute ./cut");
	free(data);
}

static void exec_failing_into_closed_pipe(void)
{
	struct err err = {0};
	int ends[2];

	boot();
	expect(pipe(ends) == 0);
	close(ends[0]);
	struct proc_start start = {.argv = ARGV("/no/such")};
	expect(!proc_exec(&start, &err) && err.kind == ERR_NO_PROGRAM);
	expect(write(ends[1], "x", 1) < 0 && errno == EPIPE);
}

static void a_failure_can_be_reported(void **state)
{
	(void)state;
	assert_int_equal(outside_status(exec_failing_into_closed_pipe), 0);
}

/* --- environment --- */

static _Noreturn void forget(void)
{
	static char twice[] = "SECRET=second";
	char found[65536];
	struct buf out = buf_init(LIMIT);
	struct stop never = stop_never();
	struct proc_result result;
	struct err err = {0};

	boot();
	for (char **entry = environ; *entry != NULL; entry++)
		if (strncmp(*entry, "OTHER=", 6) == 0)
			*entry = twice;
	proc_forget_env("SECRET");
	proc_forget_env("ABSENT");
	expect(getenv("SECRET") == NULL);
	expect(strstr(twice + 8, "econd") == NULL && twice[7] == '\0');
	expect(getenv("SECRETS") != NULL && strcmp(getenv("SECRETS"), "kept") == 0);
	int fd = open("/proc/self/environ", O_RDONLY);
	ssize_t n = read(fd, found, sizeof(found));
	expect(n > 0 && memmem(found, (size_t)n, "hunter2", 7) == NULL);
	expect(proc_run(ARGV("env"), NULL, &out, NULL, &result, &never, &err));
	expect(strstr(out.data, "SECRET=") == NULL && strstr(out.data, "SECRETS=kept") != NULL);
	_exit(0);
}

static void forget_in_own_image(void)
{
	char **environment = ARGV("SECRET=hunter2", "SECRETS=kept", "OTHER=x", "PATH=/usr/bin:/bin",
	    "TEST_PROC_FORGET=1");

	execve("/proc/self/exe", ARGV("test_proc", "forget"), environment);
}

static void forgotten_variables_are_overwritten(void **state)
{
	(void)state;
	assert_int_equal(outside_status(forget_in_own_image), 0);
}

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	if (chdir("/") != 0)
		return -1;
	return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dispositions_and_mask_go_on_as_they_came),
	    cmocka_unit_test(nothing_is_left_ignored),
	    cmocka_unit_test(only_inherited_descriptors_go_on),
	    cmocka_unit_test(missing_standard_descriptors_are_dev_null),
	    cmocka_unit_test(the_rest_goes_on),
	    cmocka_unit_test(alarms_are_cleared),
	    cmocka_unit_test(signals_before_exec_are_not_lost),
	    cmocka_unit_test(a_failure_can_be_reported),
	    cmocka_unit_test(forgotten_variables_are_overwritten),
	    cmocka_unit_test(unusable_files_say_why),
	    cmocka_unit_test(elf_programs_say_why),
	    cmocka_unit_test(path_is_searched_as_by_execvp),
	    cmocka_unit_test(absent_programs_say_what_was_searched),
	};

	/* This program is also what some of the tests execute. */
	if (argc > 1 && strcmp(argv[1], "forget") == 0)
		forget();
	else if (argc > 1 && strcmp(argv[1], "print_alarm") == 0)
		print_alarm();
	else
		return cmocka_run_group_tests(tests, enter_folder, remove_folder);
	return 0;
}
