#include "base/start.h"
#include "base/boot.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct start start_find(const struct proc_start *what, struct arena *arena)
{
	struct start start = {.what = what, .program = program_find(what->argv[0], arena)};

	if (what->user != NULL)
		start.program.user = what->user->uid;
	return start;
}

/* An alarm survives execve() and would kill the application. */
static void clear_alarms(void)
{
	static const struct itimerval off;

	setitimer(ITIMER_REAL, &off, NULL);
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	setitimer(ITIMER_PROF, &off, NULL);
}

void start_leave(const struct start *start)
{
	const struct user *user = start->what->user;

	fflush(NULL);
	clear_alarms();
	/* Those that children of ours left; the application knows none of them. */
	while (getpid() == 1 && waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	if (user != NULL)
		setenv("HOME", user->home, 1);
	for (char *const *name = start->what->removed; name != NULL && *name != NULL; name++)
		proc_forget_env(*name);
	/* Elsewhere they may be somebody else's, too. */
	if (user != NULL && getpid() == 1)
		user_give_streams(user);
}

/* As the application's user in its folder; true, or where it failed. */
static bool enter(const struct proc_start *what, struct start_failure *failure)
{
	failure->step = START_USER;
	if (what->user == NULL || user_become(what->user)) {
		failure->step = START_FOLDER;
		if (what->folder == NULL || chdir(what->folder) == 0)
			return true;
	}
	failure->program.error = errno;
	return false;
}

struct start_failure start_look(const struct start *start)
{
	struct start_failure failure = {0};

	if (enter(start->what, &failure))
		failure = (struct start_failure){START_PROGRAM, program_look(&start->program)};
	return failure;
}

struct start_failure start_become(const struct start *start)
{
	struct start_failure failure = {0};

	boot_restore_dispositions();
	boot_keep_descriptors();
	if (!enter(start->what, &failure))
		return failure;
	boot_restore_mask();
	return (struct start_failure){
	    START_PROGRAM, program_exec(&start->program, start->what->argv)};
}

static bool explain_signals(const struct user *user, int error, struct err *err)
{
	errno = error;
	err_errno(err, ERR_CONFIG, "can't pass signals on to user %u", (unsigned)user->uid);
	err_why(err, "this process is without the capability KILL, which --init needs");
	return err_next(err, "give the container KILL too (cap_add), or leave out --init");
}

bool start_explain(const struct start *start, const struct start_failure *failure, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const char *folder = start->what->folder;

	switch (failure->step) {
	case START_USER:
		return user_explain(start->what->user, failure->program.error, err);
	case START_FOLDER:
		errno = failure->program.error;
		err_errno(err, ERR_CONFIG, "can't enter the application's folder %s", folder);
		if (start->what->user != NULL)
			err_why(err, "as user %u", (unsigned)start->what->user->uid);
		return err_next(err, "correct DB_ENTRY_CHDIR, or make the folder in the image");
	case START_SIGNALS:
		return explain_signals(start->what->user, failure->program.error, err);
	case START_PROGRAM:
		break;
	}
	if (folder == NULL)
		return program_explain(&start->program, &failure->program, err);
	struct program seen = program_seen(&start->program, folder, &arena);
	program_explain(&seen, &failure->program, err);
	return err_why(err, "it is started in the folder %s", folder);
}
