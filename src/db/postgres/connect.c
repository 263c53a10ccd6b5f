/*
 * Connecting, host by host and address by address. libpq would walk through them by itself, but
 * without blocking it has no deadline for each: one silent host would take the time of all.
 */
#include "base/text.h"
#include "db/postgres/postgres.h"
#include "net/resolve.h"
#include <arpa/inet.h>
#include <string.h>

/* A way through all hosts. */
struct walk {
	const struct pg_target *target;
	PQnoticeReceiver receiver;
	const struct stop *stop;
	struct arena *arena;
	const char *limit; /* connect_timeout; NULL: none */
	size_t left;       /* places that may be tried yet, this one included */
	bool answered;     /* a server said no for good: others are not asked, as libpq does it */
	PGconn *conn;
};

struct place {
	const char *host, *address, *port; /* "" where libpq has its own idea */
};

static const char *describe(const struct place *place, struct arena *arena)
{
	const char *host = place->host[0] != '\0' ? place->host : place->address;
	if (host[0] == '/' || host[0] == '@')
		return arena_printf(arena, "socket %s", host);
	if (host[0] == '\0')
		return "the local socket";
	return arena_printf(arena, place->port[0] == '\0' ? "%s%s" : "%s:%s", host, place->port);
}

static bool is_config_error(const char *text)
{
	/* What a server or the way to it has to say begins so; options that are wrong don't. */
	return strstr(text, "connection to server") == NULL;
}

static bool fail(struct walk *walk, PGconn *conn, const struct place *place, struct err *err)
{
	const char *text = pq.errorMessage(conn);
	if (is_config_error(text)) {
		walk->answered = true;
		return err_set(
		    err, ERR_CONFIG, "the database URL: %.*s", (int)strcspn(text, "\n"), text);
	}
	pg_fail_open(text, describe(place, walk->arena), err);
	/* "the database system is starting up": another host may be further. */
	walk->answered = err->code[0] != '\0' && !text_is(err->code, "57P03");
	return false;
}

/* What is left for one place: a fair part of the time, or what connect_timeout allows. */
static struct stop share(const struct walk *walk)
{
	int64_t left = stop_left(walk->stop), seconds = 0;
	struct err ignored;
	if (left != INT64_MAX && walk->left > 1)
		left /= (int64_t)walk->left;
	if (walk->limit != NULL && text_int(walk->limit, 1, 86400, &seconds, &ignored) &&
	    seconds * 1000 < left)
		left = seconds * 1000;
	return stop_within(walk->stop, left == INT64_MAX ? -1 : left);
}

static bool poll_until_ready(PGconn *conn, const struct stop *stop, struct err *err)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
		struct pollfd fd = {.fd = pq.socket(conn),
		    .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
		if (!stop_poll(stop, &fd, 1, err))
			return false;
		state = pq.connectPoll(conn);
	}
	return true;
}

static void finish(PGconn **conn)
{
	pq.finish(*conn);
	*conn = NULL;
}

static struct pg_target target_of(const struct walk *walk, const struct place *place)
{
	struct pg_target target = *walk->target;
	if (place->host[0] != '\0')
		pg_target_set(&target, "host", place->host);
	if (place->address[0] != '\0')
		pg_target_set(&target, "hostaddr", place->address);
	if (place->port[0] != '\0')
		pg_target_set(&target, "port", place->port);
	return target;
}

static bool try_place(struct walk *walk, const struct place *place, struct err *err)
{
	struct pg_target target = target_of(walk, place);
	struct stop stop = share(walk);
	CLEANUP(finish) PGconn *conn = pq.connectStartParams(target.keywords, target.values, 0);
	walk->left--;
	if (conn == NULL)
		err_die("out of memory");
	/* Of a failed connect libpq tells no SQLSTATE, except in the text of a verbose error. */
	pq.setErrorVerbosity(conn, PQERRORS_VERBOSE);
	pq.setNoticeReceiver(conn, walk->receiver, NULL);
	if (pq.status(conn) == CONNECTION_BAD)
		return fail(walk, conn, place, err);
	if (!poll_until_ready(conn, &stop, err)) {
		if (err->kind == ERR_TIMEOUT)
			err_set(
			    err, ERR_TIMEOUT, "%s does not answer", describe(place, walk->arena));
		return false;
	}
	if (pq.status(conn) != CONNECTION_OK)
		return fail(walk, conn, place, err);
	walk->conn = conn;
	conn = NULL;
	return true;
}

/* After a failure: may the next place be tried? */
static bool goes_on(const struct walk *walk, const struct err *err)
{
	struct err ended;
	return !walk->answered && err->kind != ERR_STOPPED && stop_check(walk->stop, &ended);
}

static bool is_name(const struct place *place)
{
	struct in6_addr ignored;
	return place->address[0] == '\0' && place->host[0] != '\0' && place->host[0] != '/' &&
	       place->host[0] != '@' && inet_pton(AF_INET, place->host, &ignored) != 1 &&
	       inet_pton(AF_INET6, place->host, &ignored) != 1;
}

static bool try_host(struct walk *walk, struct place place, struct err *err)
{
	const char **addresses = NULL;
	size_t count = 0;
	if (!is_name(&place))
		return try_place(walk, &place, err);
	struct stop stop = share(walk);
	if (!resolve_host(place.host, &addresses, &count, walk->arena, &stop, err)) {
		walk->left--;
		return false;
	}
	walk->left += count - 1;
	for (size_t i = 0; i < count; i++) {
		place.address = addresses[i];
		if (try_place(walk, &place, err))
			return true;
		if (!goes_on(walk, err))
			return false;
	}
	return false;
}

/* The piece of a list like "a,b"; "" behind its end. The last one goes on for `more` places. */
static const char *piece(const char *list, size_t index, bool more, struct arena *arena)
{
	if (list == NULL)
		return "";
	if (more && strchr(list, ',') == NULL)
		return list; /* one port for all hosts */
	for (; index > 0; index--) {
		list = strchr(list, ',');
		if (list == NULL)
			return "";
		list++;
	}
	return arena_strndup(arena, list, strcspn(list, ","));
}

static size_t pieces(const char *list)
{
	size_t count = 1;
	for (; list != NULL && *list != '\0'; list++)
		count += *list == ',';
	return count;
}

/* What libpq itself would take: from the URL, the service file, its environment variables. */
struct hosts {
	const char *host, *address, *port, *attributes, *limit;
};

static bool try_hosts(struct walk *walk, const struct hosts *hosts, struct err *err)
{
	size_t by_name = pieces(hosts->host), by_address = pieces(hosts->address);
	size_t count = by_name > by_address ? by_name : by_address;
	walk->left = count;
	for (size_t i = 0; i < count; i++) {
		const struct place place = {
		    .host = piece(hosts->host, i, false, walk->arena),
		    .address = piece(hosts->address, i, false, walk->arena),
		    .port = piece(hosts->port, i, true, walk->arena),
		};
		if (try_host(walk, place, err))
			return true;
		if (!goes_on(walk, err))
			return false;
	}
	return false;
}

/*
 * libpq puts all sources together before it looks at the values: one that it refuses, and nothing
 * is connected to.
 */
static bool find_hosts(
    struct hosts *ret, const struct pg_target *given, struct arena *arena, struct err *err)
{
	static const char refused[] = "db-entry";
	struct pg_target target = *given;
	struct hosts hosts = {0};
	pg_target_set(&target, "channel_binding", refused);
	PGconn *conn = pq.connectStartParams(target.keywords, target.values, 0);
	PQconninfoOption *options = pq.conninfo(conn);
	const char *text = pq.errorMessage(conn);
	bool ok = options != NULL && strstr(text, refused) != NULL;
	if (!ok)
		err_set(err, ERR_CONFIG, "the database URL: %.*s", (int)strcspn(text, "\n"), text);
	for (const PQconninfoOption *o = options; ok && o->keyword != NULL; o++) {
		if (text_is(o->keyword, "host"))
			hosts.host = arena_strdup(arena, o->val);
		else if (text_is(o->keyword, "hostaddr"))
			hosts.address = arena_strdup(arena, o->val);
		else if (text_is(o->keyword, "port"))
			hosts.port = arena_strdup(arena, o->val);
		else if (text_is(o->keyword, "target_session_attrs"))
			hosts.attributes = arena_strdup(arena, o->val);
		else if (text_is(o->keyword, "connect_timeout"))
			hosts.limit = arena_strdup(arena, o->val);
	}
	pq.conninfoFree(options);
	pq.finish(conn);
	if (ok)
		*ret = hosts;
	return ok;
}

bool pg_connect(PGconn **ret, const struct pg_target *target, PQnoticeReceiver receiver,
    const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct pg_target wanted = *target;
	struct walk walk = {.target = &wanted, .receiver = receiver, .stop = stop, .arena = &arena};
	struct hosts hosts = {0};
	if (!stop_check(stop, err) || !find_hosts(&hosts, target, &arena, err))
		return false;
	walk.limit = hosts.limit;
	bool prefers = text_is(hosts.attributes, "prefer-standby");
	if (prefers)
		pg_target_set(&wanted, "target_session_attrs", "standby");
	bool ok = try_hosts(&walk, &hosts, err);
	if (!ok && prefers && goes_on(&walk, err)) {
		pg_target_set(&wanted, "target_session_attrs", "any");
		ok = try_hosts(&walk, &hosts, err);
	}
	if (!ok)
		return false;
	pq.setErrorVerbosity(walk.conn, PQERRORS_DEFAULT);
	*ret = walk.conn;
	return true;
}
