/*
 * This process as it was started, and how it becomes the application: signal dispositions, mask,
 * descriptors and environment go on as they came, minus our own secrets. Also child processes.
 */
#ifndef DB_ENTRY_BASE_PROC_H
#define DB_ENTRY_BASE_PROC_H

#include "base/boot.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/stop.h"
#include "base/user.h"

/* The application, and how it is to be started. */
struct proc_start {
	char *const *argv;
	const struct user *user; /* as whom; NULL: as whom we are */
	const char *folder;      /* in which, an absolute path; NULL: where we are */
	char *const *removed;    /* variables it doesn't get, ends with NULL; NULL: none */
	bool init;               /* for proc_supervise(): we stay as its parent */
};

/*
 * Could it be started so, and with `init` be sent signals? For saying early that it can't;
 * proc_exec() may still fail. Errors as proc_exec().
 */
bool proc_check(const struct proc_start *start, struct err *err);

/*
 * Become the application, searched on the environment's PATH as execvp(3) does (when unset:
 * /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin), but a file that is neither a
 * program nor has a #! line is not handed to a shell. Everything proc_boot() recorded is put back:
 * dispositions, mask, only the inherited descriptors; alarms are cleared, stdio is flushed.
 * With a user HOME is its home. What is removed from the environment, PATH too, is so afterwards.
 * As process 1 dead orphans are reaped, and the standard streams become the user's. When an ending
 * signal came before, the process ends with 128+n instead.
 *
 * Returns only when it fails: ERR_NO_PROGRAM (127) or ERR_CANNOT_EXEC (126), saying why:
 * interpreter or loader missing, another processor, no permission; ERR_CONFIG about user and
 * folder. Then only reporting and exit are left to do.
 */
bool proc_exec(const struct proc_start *start, struct err *err);

/*
 * Start the application in the same way as a child, in a process group of its own that has the
 * terminal when ours had it, and do nothing from then on but pass signals on to that group and reap
 * whatever becomes our child, until the application ends. *status is its exit status, or 128+n when
 * signal n ended it. Our own streams, descriptors and folder are let go of.
 *
 * False when it can't be started, as proc_exec(), or with ERR_STOPPED when an ending signal came
 * before. What comes later is for the application.
 */
bool proc_supervise(const struct proc_start *start, int *status, struct err *err);

/* Overwrite a variable's value where it lies (every one of that name) and remove it. */
void proc_forget_env(const char *name);

/* A finished child. */
struct proc_result {
	int status; /* exit status, or 128+n for a signal */
};

/*
 * Run a program (argv[0] searched on PATH) with `input` on its standard input and its output and
 * error output gathered in `output` and `errors` (each may be NULL: /dev/null); what exceeds a
 * buffer is dropped, with its `overflow` set. It starts with default signals, in a process group of
 * its own, with only descriptors 0 to 2. The call returns when it ended, even if its own children
 * still hold the pipes. When `stop` fires its group gets SIGTERM, a second later SIGKILL, and the
 * call fails with stop's error; the buffers keep what came until then. A status other than 0 is not
 * an error here. Call after proc_boot() and stop_init().
 */
bool proc_run(char *const argv[], const char *input, struct buf *output, struct buf *errors,
    struct proc_result *result, const struct stop *stop, struct err *err);

/* A program whose output is taken as it comes. */
struct proc_stream {
	char *const *argv;
	char **environment; /* all it gets, "NAME=value"; ends with NULL */
	const char *input;  /* on its standard input; NULL: /dev/null */
	/* Gets what it writes, piece by piece, while it is at work; false with `err` ends it. NULL:
	 * nobody wants it. */
	bool (*take)(
	    void *context, const void *data, size_t len, const struct stop *stop, struct err *err);
	void (*idle)(void *context); /* called often while nothing comes; may be NULL */
	void *context;
};

/*
 * Like proc_run(), with its output as a stream, as large as it may be. Of its error output the last
 * part is kept, at most errors->max bytes. When take() fails it is ended as by `stop`, and the call
 * fails with what take() said. It gets SIGTERM when this process dies.
 */
bool proc_stream(const struct proc_stream *stream, struct buf *errors, struct proc_result *result,
    const struct stop *stop, struct err *err);

#endif
