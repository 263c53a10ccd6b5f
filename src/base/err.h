/*
 * Errors: what went wrong, why, and the next thing to do.
 *
 * A function that can fail returns bool and takes a `struct err *` last. It returns true and leaves
 * the err alone, or returns false with the err filled in and every other output untouched. The
 * caller adds what it knows on the way up (err_context, err_next) and never replaces what is there.
 * Libraries return errors; only flow/ and cmd/ log them.
 */
#ifndef DB_ENTRY_BASE_ERR_H
#define DB_ENTRY_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* What kind of failure; each has one exit code and one word (err.c, docs/exit-codes.md). */
enum err_kind {
	ERR_NONE,
	ERR_UNEXPECTED,   /* 1: an error nobody foresaw, or an unhealthy answer */
	ERR_USAGE,        /* 64: the command line */
	ERR_MALFORMED,    /* 65: a migration, mirror or approvals file */
	ERR_UNREACHABLE,  /* 69: the database or a dependency, in time */
	ERR_LOCK,         /* 75: somebody else holds the migration lock */
	ERR_ACCESS,       /* 77: the database knows us and says no */
	ERR_CONFIG,       /* 78: a setting */
	ERR_DESTRUCTIVE,  /* 20: would lose data, or is not approved */
	ERR_DRIFT,        /* 21: the database was changed by somebody else */
	ERR_HISTORY,      /* 22: history and files disagree */
	ERR_FAILED,       /* 23: a migration failed, nothing of it remains */
	ERR_HALF_APPLIED, /* 24: a migration failed half-way */
	ERR_DUMP,         /* 25: no complete dump */
	ERR_READ_ONLY,    /* 26: read-only or in recovery */
	ERR_MISMATCH,     /* 27: live lacks what the mirror states */
	ERR_PENDING,      /* 30: something is pending */
	ERR_CANNOT_EXEC,  /* 126: the application is there but can't be executed */
	ERR_NO_PROGRAM,   /* 127: the application is not there */
	ERR_STOPPED,      /* 128+n: signal n ended the run */
	ERR_TIMEOUT,      /* a deadline passed; callers turn it into what was waited for */
	ERR_DATABASE,     /* the server refused a statement; callers turn it into what it meant */
	ERR_KINDS
};

/* Whether trying again can help; set by drivers from their own error codes. */
enum err_retry {
	ERR_FATAL,        /* the same answer every time */
	ERR_RETRY,        /* until the deadline */
	ERR_RETRY_SLOWLY, /* until the deadline, but the server is overloaded: back off further */
	ERR_RETRY_GRACE,  /* while images may still be initialising, then fatal */
	ERR_RETRY_STATEMENT,   /* the statement alone may be sent again */
	ERR_RETRY_TRANSACTION, /* the whole transaction must be done again */
	ERR_OUTCOME_UNKNOWN    /* the connection was lost at COMMIT: read the history to know */
};

struct err {
	enum err_kind kind;
	enum err_retry retry;
	int signal;     /* with ERR_STOPPED: which one */
	char code[32];  /* SQLSTATE, error number or name as the database gives it; "" when none */
	char file[512]; /* where, when a file is to blame; "" when none */
	int line;       /* 1-based; 0 when only the file is known */
	char message[1024]; /* what: one line, no full stop, no secrets */
	char why[2048];     /* evidence and explanation, lines separated by \n; "" when none */
	char next[1024];    /* what to do, a line each, commands ready to paste; "" when none */
};

/*
 * Fill in an error, replacing all of it. Always returns false, so that `return err_set(err, ...)`
 * reads well. What is too long here or below ends in "…".
 */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Like err_set, with errno's text appended after ": ". */
bool err_errno(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " in front of the message. Always returns false. */
bool err_context(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Say where, unless a deeper layer already did. Always returns false. */
bool err_at(struct err *err, const char *file, int line);

/* Add a line of evidence or explanation. Always returns false. */
bool err_why(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add a line of advice. Always returns false. */
bool err_next(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The process's exit code for this error, by kind and, with ERR_STOPPED, by signal. */
int err_exit_code(const struct err *err);

/* One row of the exit code contract. ERR_TIMEOUT and ERR_DATABASE are internal: code 1. */
struct err_row {
	enum err_kind kind;
	int exit_code;
	const char *word; /* stable, for machines: "destructive" */
	const char *help; /* one line for docs/exit-codes.md */
};

/* The row of a kind; never NULL. */
const struct err_row *err_row(enum err_kind kind);

/* Out of memory or a broken invariant: one line to stderr and _exit(1). Nothing is unwound. */
_Noreturn void err_die(const char *what);

#endif
