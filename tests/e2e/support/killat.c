/*
 * Preloaded into db-entry: a signal exactly when its Nth line of log is written. The tests that use
 * it build it themselves.
 *
 *	KILLAT_EVENT    which write(2) to standard error, from 1
 *	KILLAT_WHEN     before or after
 *	KILLAT_SIGNAL   its number
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long value_of(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? 0 : strtol(text, NULL, 10);
}

static void raise_when(const char *when)
{
	const char *wanted = getenv("KILLAT_WHEN");

	if (wanted != NULL && strcmp(wanted, when) == 0)
		kill(getpid(), (int)value_of("KILLAT_SIGNAL"));
}

ssize_t write(int fd, const void *data, size_t len)
{
	static long count;
	int chosen = fd == STDERR_FILENO && ++count == value_of("KILLAT_EVENT");

	if (chosen)
		raise_when("before");
	ssize_t written = syscall(SYS_write, fd, data, len);
	if (chosen)
		raise_when("after");
	return written;
}
