/*
 * An errand: a call that blocks and can't be cancelled (name resolution, a client library's own
 * cancel), done in a thread that can be left behind. The thread sees no signals; it dies when the
 * process ends or becomes the application.
 */
#ifndef DB_ENTRY_BASE_ERRAND_H
#define DB_ENTRY_BASE_ERRAND_H

#include "base/stop.h"

struct errand;

/*
 * Begin `work(task)`. From here on the task is the errand's: `drop(task)` is called once, by
 * whoever is last to need it. When it can't be begun the task is dropped, *ret untouched.
 */
bool errand_begin(struct errand **ret, void (*work)(void *task), void (*drop)(void *task),
    void *task, struct err *err);

/* Wait until it is done; then the task may be read. False as stop_poll(): it goes on. */
bool errand_wait(struct errand *errand, const struct stop *stop, struct err *err);

/* The same for an own poll: readable once it is done. */
int errand_fd(const struct errand *errand);

/* Let go of *errand and make it NULL, done or not: for CLEANUP(). NULL is fine. */
void errand_leave(struct errand **errand);

#endif
