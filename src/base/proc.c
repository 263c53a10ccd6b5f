#include "base/proc.h"
#include "base/boot.h"
#include "base/program.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* An alarm survives execve() and would kill the application. */
static void clear_alarms(void)
{
	static const struct itimerval off;

	setitimer(ITIMER_REAL, &off, NULL);
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	setitimer(ITIMER_PROF, &off, NULL);
}

bool proc_check(const char *name, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct program program = program_find(name, &arena);
	struct program_failure failure = {.candidate = program.count};

	for (size_t i = 0; i < program.count; i++) {
		if (access(program.candidates[i], X_OK) == 0)
			return true;
		if (errno != ENOENT && errno != ENOTDIR && failure.candidate == program.count)
			failure = (struct program_failure){i, errno};
	}
	return program_explain(&program, &failure, err);
}

bool proc_exec(char *const argv[], struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct program program = program_find(argv[0], &arena);

	fflush(NULL);
	stop_become_immediate();
	boot_restore_dispositions();
	clear_alarms();
	boot_keep_descriptors();
	boot_restore_mask();
	struct program_failure failure = program_exec(&program, argv);
	/* The failure will be logged, perhaps into a pipe that nobody reads any more. */
	sigaction(SIGPIPE, &ignore, NULL);
	return program_explain(&program, &failure, err);
}

void proc_forget_env(const char *name)
{
	size_t len = strlen(name);

	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
			explicit_bzero(*entry + len + 1, strlen(*entry + len + 1));
	unsetenv(name);
}
