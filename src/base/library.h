/*
 * Libraries that are opened when they are needed first, so that only those who need them wait for
 * them to be loaded. In the static binary (DB_ENTRY_LINKED) they are part of the program: the same
 * tables of functions are filled by the linker, and nothing here can fail.
 *
 *	LIBRARY_FIND(&library, PQfinish, &table->finish, err)
 */
#ifndef DB_ENTRY_BASE_LIBRARY_H
#define DB_ENTRY_BASE_LIBRARY_H

#include "base/err.h"

struct library {
	const char *file; /* the one that was opened */
	void *handle;
};

/* The first of the files ("libpq.so.5"; they end with NULL) that can be opened; it stays open.
 * ERR_CONFIG naming `title` when none can. */
bool library_open(
    struct library *ret, const char *title, const char *const *files, struct err *err);

/* The address of a function into the pointer at `found`. ERR_CONFIG when it has none. */
bool library_find(
    const struct library *library, const char *function, void *found, struct err *err);

/* Name and version of the C library: "glibc 2.36". */
const char *library_libc(void);

#ifdef DB_ENTRY_LINKED
#define LIBRARY_FIND(library, function, found, err)                                                \
	((void)(library), (void)(err), *(found) = (function), true)
#else
#define LIBRARY_FIND(library, function, found, err) library_find(library, #function, found, err)
#endif

#endif
