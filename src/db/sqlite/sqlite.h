/* What the files of the SQLite driver share. The contracts are those of db/db.h. */
#ifndef DB_ENTRY_DB_SQLITE_SQLITE_H
#define DB_ENTRY_DB_SQLITE_SQLITE_H

#include "db/db.h"
#include "db/sqlite/proof.h"
#include <pthread.h>
#include <sqlite3.h>

enum {
	URI_MAX = 16 << 10 /* a path is at most 4,096 bytes, each maybe as %XX */
};

/* A URL, understood. Text lives in the arena given. */
struct sqlite_target {
	const char *path; /* as the URL has it */
	const char *vfs;  /* NULL: the default one */
	bool read_only;   /* mode=ro, immutable */
	bool immutable;   /* nobody writes it: SQLite then needs neither WAL nor locks */
	bool must_exist;  /* mode=rw: never made */
};

/* Foreign keys that point nowhere. */
struct sqlite_violations {
	uint64_t *items; /* violations.c */
	size_t count, capacity;
	bool known; /* they are those of the database as it is */
	int64_t data_version;
};

struct sqlite_lock {
	const char *path; /* of its file */
	int fd;           /* -1: not held */
	char holder[384]; /* the lines of its note that stay */
	char progress[256];
	int64_t noted;   /* when `progress` was said */
	int64_t written; /* when the note was last written */
	bool pending;    /* it does not say `progress` yet */
};

/* What the authorizer saw in the migration's statements. */
struct sqlite_watch {
	bool on;            /* such a statement is being prepared */
	bool session;       /* one changed the session: a pragma, temporary objects */
	bool data;          /* the one prepared last can bring a foreign key to point nowhere */
	const char *denied; /* what was refused; NULL: nothing */
};

struct sqlite_db {
	struct db base;
	struct arena arena;
	struct sqlite_target target;
	const char *path; /* absolute, links resolved when first opened */
	struct db_limits limits, first_limits;
	void (*alive)(void *context); /* as in struct db_options */
	void *alive_context;
	bool create; /* options.create */

	sqlite3 *handle;     /* NULL when reopening failed: the next call tries again */
	bool exists;         /* false: `handle` is an empty database in memory that stands in */
	bool made_by_us;     /* the database is new, and has the settings of new ones */
	bool in_transaction; /* begin() was called */
	bool keys_off;       /* by begin(); on again with the next statement outside */
	sqlite3_stmt *last;  /* query()'s, kept for the next time; NULL: none */
	bool checked;        /* the transaction's foreign keys must be looked at */
	struct sqlite_watch watch;
	struct sqlite_violations violations; /* those from before the transaction */
	struct sqlite_lock lock;
	struct sqlite_proof proof;

	/* The call that runs now: what its busy and progress handlers go by. */
	struct stop stop;
	struct err stop_err; /* kind ERR_NONE until it was stopped */
	bool opening;        /* waiting for other users of the database is the caller's */
	int64_t busy_since;  /* 0: it waited for nobody */
};

/* url.c */
bool sqlite_target(
    struct sqlite_target *target, const struct url *url, struct arena *arena, struct err *err);

/* "/data/app.db.db-entry.lock" */
#define SQLITE_LOCK_SUFFIX ".db-entry.lock"

/* connect.c: look at the file and connect to it, or to the stand-in when it is not there. */
bool sqlite_connect(struct sqlite_db *s, struct err *err);

/* Connect anew: as after open(). Whatever was open is rolled back. */
bool sqlite_reconnect(struct sqlite_db *s, struct err *err);
void sqlite_disconnect(struct sqlite_db *s);

/* Under the lock: make sure that we are connected to what the path now names; make it if we may. */
bool sqlite_settle(struct sqlite_db *s, struct err *err);

/* True when the database file was moved or removed since we opened it. */
bool sqlite_moved(struct sqlite_db *s);

/* exec.c: every call of the driver begins with it; fails when `stop` has fired already. */
bool sqlite_enter(struct sqlite_db *s, const struct stop *stop, struct err *err);

/* The same for cleaning up: goes on whatever `stop` says. */
void sqlite_enter_cleanup(struct sqlite_db *s, const struct stop *stop);

/* ERR_DATABASE while only the stand-in is there. */
bool sqlite_must_exist(const struct sqlite_db *s, struct err *err);

/* ERR_DATABASE when the transaction begin() opened is not open any more. */
bool sqlite_must_be_whole(const struct sqlite_db *s, struct err *err);

/* Prepare one statement; *ret is NULL for one that says nothing. Text behind it is an error. */
bool sqlite_prepare(
    struct sqlite_db *s, sqlite3_stmt **ret, const char *sql, size_t len, struct err *err);

/* Prepare, run to the end and drop the rows of SQL of our own. */
bool sqlite_run(struct sqlite_db *s, const char *sql, struct err *err);

/* The first column of the first row. */
bool sqlite_number(struct sqlite_db *s, const char *sql, int64_t *number, struct err *err);

void sqlite_finalize(sqlite3_stmt **statement); /* for CLEANUP() */

bool sqlite_exec(
    struct db *db, const struct sql_statement *statement, const struct stop *stop, struct err *err);
bool sqlite_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err);

/* watch.c: the handlers of a connection. */
void sqlite_watch(struct sqlite_db *s);

/* How much must agree for two violations to be the same one; always their values, as text. */
enum sqlite_likeness {
	SQLITE_SAME,        /* the table referred to, the table and its columns */
	SQLITE_SAME_PARENT, /* the table referred to */
	SQLITE_SAME_CHILD   /* the table and its columns */
};

/* violations.c: from hashes. */
uint64_t sqlite_violation_key(uint64_t values, uint64_t parent, uint64_t child);
void sqlite_violations_add(struct sqlite_violations *v, uint64_t key);

/* For meet(), by the same likeness. None may have been met. */
void sqlite_violations_sort(struct sqlite_violations *v, enum sqlite_likeness likeness);

/* True when there was one like it that nothing had met yet. */
bool sqlite_violations_meet(
    struct sqlite_violations *v, uint64_t key, enum sqlite_likeness likeness);
void sqlite_violations_unmeet(struct sqlite_violations *v);

/* Drop the others than those met, or not met; they stay in order, and can be met again. */
void sqlite_violations_keep(struct sqlite_violations *v, bool which);
void sqlite_violations_clear(struct sqlite_violations *v);

/* foreign_keys.c: before the first statement of a transaction that may violate one. */
bool sqlite_violations_before(struct sqlite_db *s, struct err *err);

/* Before COMMIT: ERR_DATABASE FOREIGN_KEY when one is violated that was not before. */
bool sqlite_violations_after(struct sqlite_db *s, struct err *err);
void sqlite_violations_forget(struct sqlite_db *s);

/* transaction.c */
/* Foreign keys; outside a transaction alone. */
void sqlite_keys_off(struct sqlite_db *s);
void sqlite_keys_on(struct sqlite_db *s);
bool sqlite_begin(struct db *db, const struct stop *stop, struct err *err);
bool sqlite_commit(struct db *db, const struct stop *stop, struct err *err);
bool sqlite_rollback(struct db *db, const struct stop *stop, struct err *err);
bool sqlite_reset(
    struct db *db, const struct db_limits *limits, const struct stop *stop, struct err *err);

/* mount.c: true when the file, given by its resolved path, is a mount point. */
bool sqlite_is_mount(const char *path);

/* The same, by a list like /proc/self/mountinfo: for kernels that don't tell. */
bool sqlite_mount_listed(const char *path, const char *list);
/* schema.c, canonical.c */
bool sqlite_read_schema(struct db *db, struct schema *ret, struct arena *arena,
    const struct stop *stop, struct err *err);
bool sqlite_fingerprint(struct db *db, char hex[65], const struct stop *stop, struct err *err);
bool sqlite_canonicalise(struct db *db, const struct schema *written, const struct schema *live,
    struct schema *ret, struct arena *arena, const struct stop *stop, struct err *err);

/* lock.c */
bool sqlite_lock_try(struct db *db, enum db_lock_state *state, struct db_holder *holder,
    const struct stop *stop, struct err *err);
void sqlite_lock_note(struct db *db, const char *progress);

/* Called all the time while a statement executes or waits: keep the note true, and changing. */
void sqlite_lock_beat(struct sqlite_db *s);
bool sqlite_lock_check(struct db *db, const struct stop *stop, struct err *err);
bool sqlite_unlock(struct db *db, const struct stop *stop, struct err *err);

/* Let go; harmless when it is not held. */
void sqlite_lock_release(struct sqlite_db *s);

/* dump.c */
const char *sqlite_dump_folder(const struct url *url, struct arena *arena);
bool sqlite_dump_estimate(struct db *db, int64_t *bytes, const struct stop *stop, struct err *err);
bool sqlite_dump(struct db *db, struct sink *sink, const char *scratch,
    const struct db_progress *progress, struct db_dump_check *check, const struct stop *stop,
    struct err *err);
bool sqlite_restore(struct db *db, const char *path, const struct db_progress *progress,
    const struct stop *stop, struct err *err);

/*
 * copy.c: a file that is nobody's but ours: a copy being made, or a dump. Opened for reading it is
 * taken as it is, without locks, WAL or journal.
 */
struct sqlite_copy {
	struct arena arena;
	sqlite3 *handle;
	const char *path; /* as the caller said it, for messages */
};

bool sqlite_copy_make(struct sqlite_copy *copy, const char *path, struct err *err);
bool sqlite_copy_open(struct sqlite_copy *copy, const char *path, struct err *err);
void sqlite_copy_close(struct sqlite_copy *copy); /* for CLEANUP() */

/* ERR_DATABASE with what SQLite and the system say of it. Returns false. */
bool sqlite_copy_fail(const struct sqlite_copy *copy, int code, struct err *err);

/*
 * check.c: whether a copy is whole, found out by a thread of its own between begin and exactly one
 * of end and abandon.
 */
struct sqlite_check {
	struct sqlite_copy copy;
	pthread_t thread;
	int done; /* becomes readable at the end */
	/* Of the thread, until it is done. */
	bool good;
	struct db_dump_check found;
	struct err err;
};

bool sqlite_check_begin(struct sqlite_check *check, const char *path, struct err *err);

/* Wait for the answer, as dump_check(); `s` is the session whose lock must show meanwhile that we
 * live, NULL for none. */
bool sqlite_check_end(struct sqlite_check *check, struct sqlite_db *s, struct db_dump_check *found,
    const struct stop *stop, struct err *err);
void sqlite_check_abandon(struct sqlite_check *check);
bool sqlite_dump_check(
    const char *path, struct db_dump_check *check, const struct stop *stop, struct err *err);

/* kinship.c */
bool sqlite_dump_kinship(struct db *db, const char *path, enum db_kinship *kinship,
    const struct stop *stop, struct err *err);

/* errors.c: "SQLITE_CONSTRAINT_UNIQUE" */
const char *sqlite_error_name(int code);

/* What the last call on the connection failed with, or why the call was stopped. Returns false. */
bool sqlite_fail(struct sqlite_db *s, int code, struct err *err);

/* The same for connecting, in the kinds open() uses. */
bool sqlite_fail_open(struct sqlite_db *s, int code, struct err *err);

#endif
