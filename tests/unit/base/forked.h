/*
 * Tests that change what belongs to the whole process (signals, descriptors, environment) or
 * replace it run in a child, and the test looks at it from outside.
 */
#ifndef DB_ENTRY_TESTS_FORKED_H
#define DB_ENTRY_TESTS_FORKED_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FORKED_FAILED = 99, /* exit status of a child in which expect() failed */
	FORKED_PATIENCE = 60
};

/* In a child: assert. */
#define expect(condition)                                                                          \
	((condition) ? (void)0                                                                     \
		     : (dprintf(STDERR_FILENO, "%s:%d: %s\n", __FILE__, __LINE__, #condition),     \
			   _exit(FORKED_FAILED)))

/* In a child: a list for execve(2), whose words aren't const. It is never freed. */
#define ARGV(...) forked_argv((const char *[]){__VA_ARGS__, NULL})

struct forked_argv {
	struct forked_argv *before;
	char *words[];
};

static inline char **forked_argv(const char **words)
{
	static struct forked_argv *last; /* reachable: no leak */
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	struct forked_argv *argv = calloc(1, sizeof(*argv) + (count + 1) * sizeof(char *));
	expect(argv != NULL);
	for (size_t i = 0; i < count; i++)
		argv->words[i] = strdup(words[i]);
	argv->before = last;
	last = argv;
	return argv->words;
}

/* As after a login, whatever the tests themselves were started by (nohup, a shell's &). */
static inline void forked_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* valgrind executes in its own way, with descriptors, limits and signals of its own. */
static inline bool forked_under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

/*
 * Run `body` in a child and wait for it; what it prints is put into `out`. Returns its exit status,
 * or 128+n when a signal ended it: SIGALRM when it hung.
 */
static inline int forked(void (*body)(void), char *out, size_t size)
{
	int ends[2];
	int status;
	size_t len = 0;
	ssize_t n;

	if (pipe(ends) < 0)
		abort();
	fflush(NULL);
	signal(SIGCHLD, SIG_DFL); /* or waitpid() may get no status */
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		forked_signals();
		alarm(FORKED_PATIENCE);
		body();
		fflush(NULL);
		_exit(0);
	}
	close(ends[1]);
	while (len + 1 < size && (n = read(ends[0], out + len, size - len - 1)) != 0)
		len += n > 0 ? (size_t)n : 0;
	out[len] = '\0';
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The same for a child whose output is of no interest. */
static inline int forked_status(void (*body)(void))
{
	char out[4096];

	return forked(body, out, sizeof(out));
}

/* In a child: from here on the system call fails, as under a container's filter. */
static inline void deny(unsigned call, unsigned error)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	expect(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

#endif
