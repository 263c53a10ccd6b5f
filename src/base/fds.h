/* The descriptor table of this process, for boot.c, child.c and init.c. */
#ifndef DB_ENTRY_BASE_FDS_H
#define DB_ENTRY_BASE_FDS_H

/*
 * Call `visit` for every open descriptor. It may change their flags, not open or close any.
 * Async-signal-safe.
 */
void fds_each(void (*visit)(int fd, void *context), void *context);

/* Make first to last, both included, close on exec. Async-signal-safe. */
void fds_close_on_exec(unsigned first, unsigned last);

/* Close `first` and all above. */
void fds_close_from(int first);

#endif
