#include "net/lookup.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The errand's: it may outlive the lookup. */
struct task {
	char *host, *port;
	struct addrinfo *found;
	int result, error;
};

struct lookup {
	struct errand *errand;
	const struct task *task;
};

static void work(void *context)
{
	struct task *task = context;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	task->result = getaddrinfo(task->host, task->port, &hints, &task->found);
	task->error = errno;
}

static void drop(void *context)
{
	struct task *task = context;
	if (task->found != NULL)
		freeaddrinfo(task->found);
	free(task->host);
	free(task->port);
	free(task);
}

bool lookup_begin(struct lookup **ret, const char *host, const char *port, struct err *err)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	struct task *task = calloc(1, sizeof(*task));
	if (lookup == NULL || task == NULL || (task->host = strdup(host)) == NULL ||
	    (port != NULL && (task->port = strdup(port)) == NULL))
		err_die("out of memory");
	if (!errand_begin(&lookup->errand, work, drop, task, err)) {
		free(lookup);
		return false;
	}
	lookup->task = task;
	*ret = lookup;
	return true;
}

int lookup_fd(const struct lookup *lookup)
{
	return errand_fd(lookup->errand);
}

bool lookup_wait(const struct lookup *lookup, const struct stop *stop, struct err *err)
{
	return errand_wait(lookup->errand, stop, err);
}

bool lookup_result(const struct lookup *lookup, const struct addrinfo **found, struct err *err)
{
	const struct task *task = lookup->task;
	if (task->result == 0) {
		*found = task->found;
		return true;
	}
	bool unknown = task->result == EAI_NONAME;
#ifdef EAI_NODATA
	unknown = unknown || task->result == EAI_NODATA;
#endif
	err_set(err, ERR_UNREACHABLE, "%s",
	    task->result == EAI_SYSTEM ? strerror(task->error) : gai_strerror(task->result));
	err->retry = unknown ? ERR_RETRY_GRACE : ERR_RETRY;
	return false;
}

void lookup_end(struct lookup **lookup)
{
	if (*lookup == NULL)
		return;
	errand_leave(&(*lookup)->errand);
	free(*lookup);
	*lookup = NULL;
}
