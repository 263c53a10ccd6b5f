/*
 * Name resolution, which blocks and can't be cancelled: in a thread that is left behind when it
 * takes too long.
 */
#ifndef DB_ENTRY_NET_LOOKUP_H
#define DB_ENTRY_NET_LOOKUP_H

#include "base/errand.h"
#include <netdb.h>

struct lookup;

/* Begin to look for the addresses of a host (a name or a number) and, unless NULL, a port. */
bool lookup_begin(struct lookup **ret, const char *host, const char *port, struct err *err);

/* Readable once it is done, for an own poll. */
int lookup_fd(const struct lookup *lookup);

/* Wait until it is done. False as stop_poll(). */
bool lookup_wait(const struct lookup *lookup, const struct stop *stop, struct err *err);

/*
 * Once it is done: the addresses, for stream sockets, as long as the lookup is kept.
 * ERR_UNREACHABLE with `retry` ERR_RETRY_GRACE for a name nobody knows, ERR_RETRY when nobody could
 * be asked; the message does not name the host.
 */
bool lookup_result(const struct lookup *lookup, const struct addrinfo **found, struct err *err);

/* Let go of it, done or not, and make it NULL: for CLEANUP(). NULL is fine. */
void lookup_end(struct lookup **lookup);

#endif
