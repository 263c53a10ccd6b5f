/*
 * pg_dump and pg_restore: which ones there are, and how they are run. For dump.c and restore.c.
 * In the static binary both are part of this program.
 */
#ifndef DB_ENTRY_DB_POSTGRES_PROGRAM_H
#define DB_ENTRY_DB_POSTGRES_PROGRAM_H

#include "base/proc.h"
#include "db/postgres/postgres.h"

struct pg_program {
	const char *path;    /* absolute */
	const char *word;    /* the first it gets, when it is a part of this one; NULL */
	const char *title;   /* for people: its path, or whose it is */
	const char *version; /* "15.4" */
	int major;
};

/*
 * The newest program of that name ("pg_dump"), in the arena; of equally new ones our own, then the
 * one on PATH.
 * ERR_DUMP when there is none, or none whose major version is at least that of `server` (its
 * version, "15.4"; NULL: any will do), naming both and what to install.
 */
bool pg_program_find(struct pg_program *ret, const char *name, const char *server,
    struct arena *arena, const struct stop *stop, struct err *err);

/* One run of a program. */
struct pg_call {
	const struct pg_program *program;
	char **argv; /* the words behind its name; ends with NULL */
	size_t argc;
	const char *password; /* of the database; NULL: none */
	const char *service;  /* what `service=db-entry` in a connection string stands for; NULL */
	const char *input;    /* on its standard input, when there is no service; NULL: none */
	bool (*take)(
	    void *context, const void *data, size_t len, const struct stop *stop, struct err *err);
	void (*idle)(void *context); /* may be NULL */
	void *context;               /* of take and idle */
};

enum {
	PG_WORDS_MAX = 32
};

/*
 * Run it to its end. It gets no more of our environment than it needs, and none of our secrets.
 * ERR_DATABASE with the last it said when it fails; what take() says when that fails.
 */
bool pg_program_run(const struct pg_call *call, const struct stop *stop, struct err *err);

/* The same with its output gathered. */
bool pg_program_read(
    struct pg_call *call, struct buf *output, const struct stop *stop, struct err *err);

/* --- What `pg_restore --list` says --- */

enum {
	PG_LIST_MAX = 256 << 20
};

/* The list of a dump; `list` has PG_LIST_MAX. Errors as pg_program_run(). */
bool pg_list_read(const struct pg_program *program, const char *path, struct buf *list,
    const struct stop *stop, struct err *err);

/* "3370; 3079 16384 TABLE public item owner" → "TABLE public item owner"; NULL for a comment. */
const char *pg_list_entry(const char *line);

/* The line behind it; "" at the end. */
const char *pg_list_next(const char *line);

/* Is the entry one of these, as "TABLE public item"? NULL is none. */
bool pg_list_names(const char *entry, const struct db_rows *names);

#endif
