#include "net/attempt.h"
#include "base/fs.h"
#include "net/lookup.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum state {
	BEGINS,
	LOOKS_UP,
	CONNECTS,
	ASKS
};

struct attempt {
	const struct dependency *dependency;
	enum state state;
	int64_t until; /* when all of it must be done */

	struct lookup *lookup;
	const struct addrinfo *rest; /* addresses not tried yet; the lookup's */
	int fd;                      /* -1: none */
	int64_t part;                /* when this address has had its time */
	int error;                   /* of the last address, as errno */

	struct http_request request;
	struct http_call *call;
};

static bool not_there(struct err *err, const char *reason)
{
	err_set(err, ERR_UNREACHABLE, "%s", reason);
	err->retry = ERR_RETRY;
	return false;
}

static bool too_late(const struct attempt *attempt, struct err *err)
{
	return not_there(
	    err, attempt->state == LOOKS_UP ? "the name server does not answer" : "no answer");
}

/* --- Connecting --- */

/* Each address that is left gets the same part of the time: one that stays silent not all. */
static int64_t part_of(const struct attempt *attempt)
{
	int64_t now = stop_now(), left = 1;
	for (const struct addrinfo *info = attempt->rest; info != NULL; info = info->ai_next)
		left++;
	return now + (attempt->until - now) / left;
}

/* True when there is a connection, or one being made; otherwise attempt->error says why not. */
static bool open_one(
    struct attempt *attempt, int family, const struct sockaddr *address, socklen_t len, bool *done)
{
	fs_close(&attempt->fd);
	attempt->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (attempt->fd >= 0 && connect(attempt->fd, address, len) == 0) {
		*done = true;
		return true;
	}
	attempt->error = errno;
	attempt->part = part_of(attempt);
	return attempt->fd >= 0 && attempt->error == EINPROGRESS;
}

static bool connect_next(struct attempt *attempt, bool *done, struct err *err)
{
	attempt->state = CONNECTS;
	while (attempt->rest != NULL) {
		const struct addrinfo *info = attempt->rest;
		attempt->rest = info->ai_next;
		if (open_one(attempt, info->ai_family, info->ai_addr, info->ai_addrlen, done))
			return true;
	}
	return not_there(err, strerror(attempt->error));
}

static bool connect_unix(struct attempt *attempt, bool *done, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	attempt->state = CONNECTS;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", attempt->dependency->path);
	return open_one(attempt, AF_UNIX, (struct sockaddr *)&address, sizeof(address), done) ||
	       not_there(err, strerror(attempt->error));
}

static bool connect_on(struct attempt *attempt, bool ready, bool *done, struct err *err)
{
	socklen_t len = sizeof(attempt->error);
	if (!ready && stop_now() < attempt->part)
		return true;
	attempt->error = ETIMEDOUT;
	if (ready)
		getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &attempt->error, &len);
	if (attempt->error == 0) {
		*done = true;
		return true;
	}
	return connect_next(attempt, done, err);
}

static bool look_up_on(struct attempt *attempt, bool ready, bool *done, struct err *err)
{
	if (!ready)
		return true;
	attempt->error = EADDRNOTAVAIL;
	return lookup_result(attempt->lookup, &attempt->rest, err) &&
	       connect_next(attempt, done, err);
}

/* --- The others --- */

static bool look_for_file(const struct attempt *attempt, bool *done, struct err *err)
{
	struct stat found;
	if (stat(attempt->dependency->path, &found) != 0)
		return not_there(err, strerror(errno));
	*done = true;
	return true;
}

static bool ask_on(
    struct attempt *attempt, const struct pollfd *fds, nfds_t count, bool *done, struct err *err)
{
	int status = 0;
	bool answered = false;
	if (!http_step(attempt->call, fds, count, &answered, &status, err))
		return false;
	*done = answered && status >= STATUS_LEAST && status <= STATUS_MOST &&
		attempt->dependency->expected[status];
	if (*done || !answered)
		return true;
	err_set(err, ERR_UNREACHABLE, "answered %d, expected %s", status,
	    attempt->dependency->statuses);
	err->retry = ERR_RETRY;
	return false;
}

static bool ask(struct attempt *attempt, bool *done, struct err *err)
{
	attempt->state = ASKS;
	attempt->request = (struct http_request){.method = "GET", .url = attempt->dependency->url};
	return http_begin(&attempt->call, &attempt->request, NULL, err) &&
	       ask_on(attempt, NULL, 0, done, err);
}

/* --- All of it --- */

struct attempt *attempt_begin(const struct dependency *dependency, int64_t ms)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	if (attempt == NULL)
		err_die("out of memory");
	*attempt = (struct attempt){.dependency = dependency, .until = stop_now() + ms, .fd = -1};
	return attempt;
}

nfds_t attempt_wants(const struct attempt *attempt, struct pollfd fds[ATTEMPT_FDS], int64_t *until)
{
	int64_t latest = attempt->state == BEGINS     ? 0
			 : attempt->state == CONNECTS ? attempt->part
						      : attempt->until;
	if (latest < *until)
		*until = latest;
	if (attempt->state == ASKS)
		return http_wants(attempt->call, fds, until);
	if (attempt->state == BEGINS)
		return 0;
	fds[0] = attempt->state == LOOKS_UP
		     ? (struct pollfd){.fd = lookup_fd(attempt->lookup), .events = POLLIN}
		     : (struct pollfd){.fd = attempt->fd, .events = POLLOUT};
	return 1;
}

static bool begin(struct attempt *attempt, bool *done, struct err *err)
{
	const struct dependency *dependency = attempt->dependency;
	switch (dependency->kind) {
	case DEPENDENCY_TCP:
		attempt->state = LOOKS_UP;
		return lookup_begin(&attempt->lookup, dependency->host, dependency->port, err);
	case DEPENDENCY_UNIX:
		return connect_unix(attempt, done, err);
	case DEPENDENCY_HTTP:
		return ask(attempt, done, err);
	case DEPENDENCY_FILE:
		break;
	}
	return look_for_file(attempt, done, err);
}

static bool go_on(
    struct attempt *attempt, const struct pollfd *fds, nfds_t count, bool *done, struct err *err)
{
	bool ready = count > 0 && fds[0].revents != 0;
	switch (attempt->state) {
	case BEGINS:
		return begin(attempt, done, err);
	case LOOKS_UP:
		return look_up_on(attempt, ready, done, err);
	case CONNECTS:
		return connect_on(attempt, ready, done, err);
	case ASKS:
		break;
	}
	return ask_on(attempt, fds, count, done, err);
}

bool attempt_step(
    struct attempt *attempt, const struct pollfd *fds, nfds_t count, bool *done, struct err *err)
{
	*done = false;
	if (!go_on(attempt, fds, count, done, err))
		return false;
	return *done || stop_now() < attempt->until || too_late(attempt, err);
}

void attempt_end(struct attempt **attempt)
{
	if (*attempt == NULL)
		return;
	http_end(&(*attempt)->call);
	fs_close(&(*attempt)->fd);
	lookup_end(&(*attempt)->lookup);
	free(*attempt);
	*attempt = NULL;
}
