/*
 * stop: the one primitive under which everything waits.
 *
 * A wait ends when what was waited for is there, when a deadline passes, or when the process was
 * told to end (SIGTERM, SIGINT, SIGHUP, SIGQUIT). Nothing in db-entry blocks in any other way:
 * drivers poll their sockets through stop_poll(), busy loops ask stop_check().
 *
 * `struct stop` is a small value; narrower ones are made from it with stop_within(). Signals are
 * the process's, so they are shared by all.
 */
#ifndef DB_ENTRY_BASE_STOP_H
#define DB_ENTRY_BASE_STOP_H

#include "base/err.h"
#include <poll.h>
#include <stdint.h>

struct stop {
	int64_t deadline; /* monotonic milliseconds; INT64_MAX means none */
	bool deaf;        /* signals don't count: for the clean-up after one */
};

/*
 * Catch the ending signals, each unless it was inherited as ignored (nohup); SIGTERM always.
 * SIGPIPE is ignored from here on. Call once, after proc_boot(). A child forked from here that has
 * not called execve() ends with 128+n on such a signal.
 */
void stop_init(void);

/* No deadline; ended by signals alone. */
struct stop stop_never(void);

/* The same reasons to end, and at the latest `ms` from now. A negative ms means no further limit.
 */
struct stop stop_within(const struct stop *stop, int64_t ms);

/*
 * For the clean-up after a signal or a deadline (ROLLBACK, unlock, close): deaf to signals, ends
 * after `ms`, never when that is negative.
 */
struct stop stop_cleanup(int64_t ms);

/* Monotonic milliseconds, for measuring and for deadlines. */
int64_t stop_now(void);

/* Milliseconds left before the deadline: 0 when passed, INT64_MAX when there is none. */
int64_t stop_left(const struct stop *stop);

/* The first ending signal that came, 0 when none did. */
int stop_signal(void);

/*
 * True while there is no reason to end. Otherwise false with ERR_STOPPED (signal set) or
 * ERR_TIMEOUT. Cheap enough for a progress handler.
 */
bool stop_check(const struct stop *stop, struct err *err);

/*
 * poll(2) until one of `fds` is ready. Returns true with revents filled in. False with ERR_STOPPED,
 * ERR_TIMEOUT or ERR_UNEXPECTED. `fds` may be NULL when n is 0.
 */
bool stop_poll(const struct stop *stop, struct pollfd *fds, nfds_t n, struct err *err);

/* Sleep `ms`; true when slept in full, false as stop_poll (a deadline before that: ERR_TIMEOUT). */
bool stop_sleep(const struct stop *stop, int64_t ms, struct err *err);

/*
 * From here on an ending signal ends the process at once with 128+n, so that one arriving between
 * the last check and execve() is not lost (as PID 1 it would be); so does one that came already.
 * Called by proc_exec().
 */
void stop_become_immediate(void);

#endif
