#include "net/resolve.h"
#include "net/lookup.h"
#include <arpa/inet.h>

static const char *numeric(const struct addrinfo *info, struct arena *arena)
{
	char text[NI_MAXHOST];
	if (getnameinfo(
		info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
		return NULL;
	return arena_strdup(arena, text);
}

static bool look_up(const struct lookup *lookup, const char *host, const struct addrinfo **found,
    const struct stop *stop, struct err *err)
{
	if (!lookup_wait(lookup, stop, err)) {
		if (err->kind == ERR_TIMEOUT)
			err_set(err, ERR_TIMEOUT, "%s: the name server does not answer", host);
		return false;
	}
	if (lookup_result(lookup, found, err))
		return true;
	/* One that is not there yet may be one that is still coming up (a compose service). */
	if (err->retry == ERR_RETRY_GRACE)
		err_next(err, "look at the host in the URL: db-entry config");
	return err_context(err, "%s", host);
}

/* No name: nobody has to be asked. */
static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool resolve_host(const char *host, const char ***addresses, size_t *count, struct arena *arena,
    const struct stop *stop, struct err *err)
{
	CLEANUP(lookup_end) struct lookup *lookup = NULL;
	const struct addrinfo *all;
	if (is_address(host)) {
		*addresses = arena_array(arena, 1, sizeof(**addresses));
		(*addresses)[0] = arena_strdup(arena, host);
		*count = 1;
		return true;
	}
	if (!lookup_begin(&lookup, host, NULL, err) || !look_up(lookup, host, &all, stop, err))
		return false;
	size_t most = 0, found = 0;
	for (const struct addrinfo *info = all; info != NULL; info = info->ai_next)
		most++;
	const char **list = arena_array(arena, most + 1, sizeof(*list));
	for (const struct addrinfo *info = all; info != NULL; info = info->ai_next) {
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
