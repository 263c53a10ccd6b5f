#include "base/errand.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	STACK = 256 * 1024 /* a resolver needs more than the least; the default is megabytes */
};

struct errand {
	void (*work)(void *task);
	void (*drop)(void *task);
	void *task;
	int done; /* eventfd: readable when the work is done, and never read */
	atomic_int users;
};

static void release(struct errand *errand)
{
	if (atomic_fetch_sub(&errand->users, 1) > 1)
		return;
	errand->drop(errand->task);
	close(errand->done);
	free(errand);
}

static void *run(void *context)
{
	struct errand *errand = context;
	uint64_t one = 1;
	errand->work(errand->task);
	ssize_t written = write(errand->done, &one, sizeof(one));
	(void)written; /* only fails when the counter is full */
	release(errand);
	return NULL;
}

/* Ours alone see signals: a handler in this thread would be one that nobody waits in. */
static int start(struct errand *errand)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	int error = pthread_attr_init(&attributes);
	if (error != 0)
		return error;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, run, errand);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

bool errand_begin(struct errand **ret, void (*work)(void *task), void (*drop)(void *task),
    void *task, struct err *err)
{
	struct errand *errand = calloc(1, sizeof(*errand));
	if (errand == NULL)
		err_die("out of memory");
	*errand = (struct errand){.work = work, .drop = drop, .task = task};
	errand->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = errand->done < 0 ? errno : 0;
	if (error == 0) {
		atomic_store(&errand->users, 2);
		error = start(errand);
	}
	if (error == 0) {
		*ret = errand;
		return true;
	}
	if (errand->done >= 0)
		close(errand->done);
	free(errand);
	drop(task);
	errno = error;
	return err_errno(err, ERR_UNEXPECTED, "can't start a thread");
}

bool errand_wait(struct errand *errand, const struct stop *stop, struct err *err)
{
	struct pollfd fd = {.fd = errand->done, .events = POLLIN};
	return stop_poll(stop, &fd, 1, err);
}

int errand_fd(const struct errand *errand)
{
	return errand->done;
}

void errand_leave(struct errand **errand)
{
	if (*errand == NULL)
		return;
	release(*errand);
	*errand = NULL;
}
