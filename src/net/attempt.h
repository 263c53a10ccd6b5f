/*
 * One try at a dependency, in steps: its owner polls for it and for others at once. Nothing in it
 * blocks; names are looked up in a thread.
 */
#ifndef DB_ENTRY_NET_ATTEMPT_H
#define DB_ENTRY_NET_ATTEMPT_H

#include "net/dependency.h"
#include "net/http.h"

struct attempt;

enum {
	ATTEMPT_FDS = HTTP_SOCKETS
};

/* Begin one that takes at most `ms`; the dependency must outlive it. */
struct attempt *attempt_begin(const struct dependency *dependency, int64_t ms);

/* What it waits for; as http_wants(). */
nfds_t attempt_wants(const struct attempt *attempt, struct pollfd fds[ATTEMPT_FDS], int64_t *until);

/*
 * Go on with what poll() said of those `fds`, none of them at first. True with *done once the
 * dependency is there, true without while the try goes on. False says why it is not there, in words
 * that are the same at the next try unless the reason is another, without naming it; err->retry is
 * ERR_FATAL when trying again can't help.
 */
bool attempt_step(
    struct attempt *attempt, const struct pollfd *fds, nfds_t count, bool *done, struct err *err);

/* Let go of it, done or not, and make it NULL. NULL is fine. */
void attempt_end(struct attempt **attempt);

#endif
