/*
 * Name resolution, which blocks and can't be cancelled: in a thread that is left behind when it
 * takes too long.
 */
#include "base/errand.h"
#include "db/mariadb/mariadb.h"
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
	char *host;
	struct addrinfo *found;
	int result, error;
};

static void work(void *task)
{
	struct lookup *lookup = task;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	lookup->result = getaddrinfo(lookup->host, NULL, &hints, &lookup->found);
	lookup->error = errno;
}

static void drop(void *task)
{
	struct lookup *lookup = task;
	if (lookup->found != NULL)
		freeaddrinfo(lookup->found);
	free(lookup->host);
	free(lookup);
}

/* A name that is not there yet may be one that is still coming up (a compose service). */
static bool fail(const struct lookup *lookup, const char *host, struct err *err)
{
	int result = lookup->result;
	bool unknown = result == EAI_NONAME;
#ifdef EAI_NODATA
	unknown = unknown || result == EAI_NODATA;
#endif
	err_set(err, ERR_UNREACHABLE, "%s: %s", host,
	    result == EAI_SYSTEM ? strerror(lookup->error) : gai_strerror(result));
	err->retry = unknown ? ERR_RETRY_GRACE : ERR_RETRY;
	if (unknown)
		err_next(err, "look at the host in the URL: db-entry config");
	return false;
}

/* In numbers; with the scope of a link-local one. */
static const char *numeric(const struct addrinfo *info, struct arena *arena)
{
	char text[NI_MAXHOST];
	if (getnameinfo(
		info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
		return NULL;
	return arena_strdup(arena, text);
}

bool my_resolve(const char *host, const char ***addresses, size_t *count, struct arena *arena,
    const struct stop *stop, struct err *err)
{
	CLEANUP(errand_leave) struct errand *errand = NULL;
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	if (lookup == NULL || (lookup->host = strdup(host)) == NULL)
		err_die("out of memory");
	if (!errand_begin(&errand, work, drop, lookup, err))
		return false;
	if (!errand_wait(errand, stop, err)) {
		if (err->kind == ERR_TIMEOUT)
			err_set(err, ERR_TIMEOUT, "%s: the name server does not answer", host);
		return false;
	}
	if (lookup->result != 0)
		return fail(lookup, host, err);
	size_t most = 0, found = 0;
	for (const struct addrinfo *info = lookup->found; info != NULL; info = info->ai_next)
		most++;
	const char **list = arena_array(arena, most + 1, sizeof(*list));
	for (const struct addrinfo *info = lookup->found; info != NULL; info = info->ai_next) {
		const char *address = numeric(info, arena);
		if (address != NULL)
			list[found++] = address;
	}
	if (found == 0)
		return err_set(err, ERR_UNREACHABLE, "%s has no address", host);
	*addresses = list;
	*count = found;
	return true;
}
