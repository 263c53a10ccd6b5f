/* A host's addresses, in numbers: for client libraries that would block while they look. */
#ifndef DB_ENTRY_NET_RESOLVE_H
#define DB_ENTRY_NET_RESOLVE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/stop.h"

/*
 * All addresses of a host (a name or a number), at least one, in the order to try them, in the
 * arena; link-local ones with their scope. ERR_UNREACHABLE, with `retry` as lookup_result() has it,
 * or as stop_poll(); the message names the host.
 */
bool resolve_host(const char *host, const char ***addresses, size_t *count, struct arena *arena,
    const struct stop *stop, struct err *err);

#endif
