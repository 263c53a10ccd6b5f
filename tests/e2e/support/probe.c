/* An application for an image with nothing in it: says what it is like, or waits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void leave(int signo)
{
	(void)signo;
	_exit(5);
}

static void say_who(const char *name)
{
	gid_t groups[64];
	char folder[256];
	int count = getgroups(64, groups);

	printf("name %s\n", name);
	printf("pid %d\nparent %d\ngroup %d\nforeground %d\n", getpid(), getppid(), getpgrp(),
	    tcgetpgrp(0));
	printf("uid %d\ngid %d\ngroups", getuid(), getgid());
	for (int i = 0; i < count; i++)
		printf(" %d", groups[i]);
	printf("\nhome %s\n", getenv("HOME"));
	printf("secret %s\n", getenv("DB_ENTRY_DATABASE_URL"));
	printf("folder %s\n", getcwd(folder, sizeof(folder)));
}

static void say_through_device(void)
{
	int out = open("/dev/stdout", O_WRONLY);

	if (out < 0)
		dprintf(1, "can't open it: %s\n", strerror(errno));
	else
		dprintf(out, "through the device\n");
}

/* A child that ends at once, and leaves one that ends a little later. */
static void leave_orphan(void)
{
	if (fork() != 0)
		return;
	if (fork() == 0)
		usleep(300 * 1000);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "who") == 0) {
		say_who(argv[0]);
	} else if (strcmp(what, "device") == 0) {
		say_through_device();
	} else if (strcmp(what, "orphan") == 0) {
		for (int i = 0; i < 3; i++)
			leave_orphan();
		printf("ready\n");
		fflush(stdout);
		pause();
	} else {
		if (strcmp(what, "listen") == 0)
			signal(SIGTERM, leave);
		printf("ready\n");
		fflush(stdout);
		for (;;)
			pause();
	}
	return 0;
}
