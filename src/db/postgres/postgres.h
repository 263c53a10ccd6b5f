/* What the files of the PostgreSQL driver share. The contracts are those of db/db.h. */
#ifndef DB_ENTRY_DB_POSTGRES_POSTGRES_H
#define DB_ENTRY_DB_POSTGRES_POSTGRES_H

#include "db/db.h"
#include "db/postgres/libpq.h"
#include "sql/lex.h"

enum {
	PG_PARAMS_MAX = 80 /* connection parameters; libpq 15 knows 40 */
};

/* A URL, understood. Texts are the URL's or live in the arena given. */
struct pg_target {
	/* For PQconnectStartParams(); end with NULL. */
	const char *keywords[PG_PARAMS_MAX + 1];
	const char *values[PG_PARAMS_MAX + 1];
	size_t count;
	const char *search_path; /* as SET takes it; NULL: the server's */
	bool pooler;             /* pgbouncer=true */
	/* Keys that are other drivers' own, joined by ", "; NULL: none. */
	const char *dropped;
};

enum {
	PG_LATER_MOST = 256 * 1024 /* what is put off; more is not */
};

/* What the first query found out. Texts live in the session's arena. */
struct pg_server {
	int pid; /* of the back end that answered */
	const char *flavour, *version, *database, *user;
	int number;              /* 150004 */
	const char *schema;      /* of our tables; NULL: the search path has none that is there */
	const char *search_path; /* that it was found by */
	bool recovery, read_only;
	bool fresh; /* nobody has asked for it since it was read */
	bool known; /* nothing else was asked since: what follows is as it was said */
	bool has_history, has_snapshot;
};

enum {
	PG_AHEAD_MOST = 4
};

/* What is asked next, and then the fingerprint: all of it with the first. */
struct pg_ahead {
	struct arena arena;
	const char *queries[PG_AHEAD_MOST];
	struct db_rows rows[PG_AHEAD_MOST + 1]; /* those of the first are the asker's */
	size_t count, answered, given;
};

/* Keys of another migration tool. */
struct pg_foreign {
	const char *tool;
	int64_t key;
	bool taken;
};

enum {
	PG_FOREIGN_MAX = 16
};

struct pg_lock {
	bool held; /* as far as we know */
	bool
	    verified; /* seen since the last statement of a migration; our own don't let go of it */
	int64_t key;
	struct pg_foreign foreign[PG_FOREIGN_MAX];
	size_t foreign_count;
	char name[64];         /* "db-entry 17@web-5c9"; what stands before the note */
	char shown[64];        /* application_name as it is now */
	int64_t noted;         /* when it was last written */
	struct db_holder seen; /* and when it was looked up */
	int64_t looked;
};

enum {
	PG_OURSELVES = 5, /* session_authorization, role, and three settings: sql/guard.sql */
	PG_REPLICATION_ROLE = 4
};

/* The lock as a lease. */
struct pg_lease {
	int64_t ms;           /* 0: the lock is the session's */
	const char *token;    /* "": of no lease */
	bool has_table;       /* as far as we know */
	bool fenced;          /* the row is locked by the open transaction, and ours */
	const char *settings; /* of the pooler's session at BEGIN: "set_config(…), …"; "" none */
};
struct pg_proof;

struct pg_db {
	struct db base;
	struct arena arena;
	PGconn *conn; /* NULL: lost */
	struct db_limits limits, first_limits;
	void (*notice)(void *context, enum db_notice level, const char *text);
	void (*alive)(void *context);
	void *context;
	const char *search_path; /* of the URL */
	struct pg_server server;
	const char *label;
	bool pooler;
	bool settled;                        /* the session has its settings */
	const char *ourselves[PG_OURSELVES]; /* once it has; in the arena */
	bool no_check; /* the server's platform can't look whether its client is there */
	bool heard;    /* notices are for the caller */
	bool in_transaction;
	bool strayed;       /* a migration's statement ran outside one since the last reset */
	bool due;           /* a reset was asked for, and goes with what is asked next */
	bool unchecked;     /* a migration's statement ran in it, and may have met our tables */
	const char *tables; /* our tables as they were when it began: "{16384:db_entry_run,…}" */
	struct buf later;   /* changes of our own that go with what is asked next, or COMMIT */
	struct pg_lock lock;
	struct pg_lease lease;
	struct pg_ahead ahead;
	struct pg_proof *proof; /* proof.h */
	struct stop stop;       /* of the call that runs now */
};

/* --- url.c --- */

/* ERR_CONFIG too when there is no libpq; whoever has a target may call it. */
bool pg_target(
    struct pg_target *target, const struct url *url, struct arena *arena, struct err *err);

/* Set a parameter, in place of one that is there. The texts are kept, not copied. */
void pg_target_set(struct pg_target *target, const char *keyword, const char *value);

/* The value of a parameter; NULL when it has none. */
const char *pg_target_get(const struct pg_target *target, const char *keyword);

/* --- connect.c --- */

/* One connection, to the first host that will do. */
bool pg_connect(PGconn **ret, const struct pg_target *target, PQnoticeReceiver receiver,
    const struct stop *stop, struct err *err);

/* --- errors.c --- */

enum err_retry pg_retry(const char *code);

/* Why a connection could not be made, from libpq's own words; `place` says where. Returns false. */
bool pg_fail_open(const char *text, const char *place, struct err *err);

/* ERR_DATABASE with all the server said. `statement` may be NULL. Returns false. */
bool pg_fail(struct pg_db *s, const PGresult *result, const struct sql_statement *statement,
    struct err *err);

/* The connection is gone. Returns false. */
bool pg_fail_lost(struct pg_db *s, struct err *err);

/* --- wire.c: a request and all its results --- */

struct pg_request {
	const char *sql;
	bool script; /* several statements, without values */
	size_t count;
	const char *const *values;             /* of $1 and so on; NULL is NULL */
	const struct sql_statement *statement; /* a migration's; its rows are dropped */
	/* May be NULL: the last rows it gave. */
	struct arena *arena;
	struct db_rows *rows;
	/* Instead: called with the rows of each statement that gives any, while the server goes on.
	 */
	void (*each)(void *context, const struct db_rows *rows);
	void *context;
	/* The last command done, as the server calls it ("ROLLBACK"); when the call was stopped,
	 * the one that was done all the same. */
	char tag[64];
};

/* Calls of the driver begin with it; fails when `stop` has fired or the connection is lost. What
 * was put off is done now. */
bool pg_enter(struct pg_db *s, const struct stop *stop, struct err *err);

/* The same, and what was put off stays so: for calls that take it along. */
bool pg_enter_only(struct pg_db *s, const struct stop *stop, struct err *err);

/*
 * Send it, and read all results. When the call's stop fires the server is told to cancel, and the
 * session is usable again when this returns, or lost.
 */
bool pg_request(struct pg_db *s, struct pg_request *request, struct err *err);

/* A statement or a script of our own, without values and rows. */
bool pg_script(struct pg_db *s, const char *sql, struct err *err);

/* A query of ours with values. */
bool pg_ask(struct pg_db *s, const char *sql, const char *const *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err);

/* Wait for the socket under `stop`, saying now and then that we are alive. */
bool pg_await(struct pg_db *s, short what, const struct stop *stop, struct err *err);

/* Send what libpq has gathered. */
bool pg_flush(struct pg_db *s, const struct stop *stop, struct err *err);

/* The next result; NULL in *result when there is no more. */
bool pg_next(struct pg_db *s, PGresult **result, const struct stop *stop, struct err *err);

/* True when the text stands for true. */
bool pg_true(const char *cell);

/* --- copy.c: behind PGRES_COPY_IN and PGRES_COPY_OUT --- */

/* Some of the data; libpq may keep them until more come, or pg_flush(). */
bool pg_copy_put(
    struct pg_db *s, const char *data, size_t len, const struct stop *stop, struct err *err);

/* That was all; or, with a text, the server is to undo it for this reason. Results follow. */
bool pg_copy_end(struct pg_db *s, const char *why, const struct stop *stop, struct err *err);

/* Read and drop what it sends. */
bool pg_copy_out(struct pg_db *s, const struct stop *stop, struct err *err);

/* --- cancel.c --- */

/* Tell the server to cancel what runs; waits until it was told, or `stop`. */
void pg_cancel(PGconn *conn, const struct stop *stop);

/* --- exec.c --- */

bool pg_exec(
    struct db *db, const struct sql_statement *statement, const struct stop *stop, struct err *err);
bool pg_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err);

bool pg_later(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    const struct stop *stop, struct err *err);

/* `?` become $1, $2, … except in quotes; *count says how many there were. */
void pg_number_places(const char *sql, struct buf *out, size_t *count);

/* --- ahead.c --- */

void pg_ahead(struct db *db, const char *const *queries, size_t count);

/* Forget it: something else is asked. */
void pg_ahead_forget(struct pg_db *s);

/* In *rows, in the arena, when it is the one expected next; else *given is false. */
bool pg_ahead_query(struct pg_db *s, const char *sql, struct arena *arena, struct db_rows *rows,
    bool *given, struct err *err);

/* The rows of the fingerprint, behind all queries; NULL: it has to be asked. */
const struct db_rows *pg_ahead_fingerprint(struct pg_db *s);

/* --- guard.c: what a migration does to our own tables --- */

/* Adds what shows our tables as they are, for a SELECT. */
void pg_guard_select(const struct pg_db *s, struct buf *out);

/* Adds columns, each behind a comma, to a SELECT that return to ourselves. */
void pg_guard_return(const struct pg_db *s, struct buf *out);

/* ERR_DATABASE when a statement must not even be tried. */
bool pg_guard_before(const struct pg_db *s, const struct sql_statement *statement, struct err *err);

/* What is done beside looking: a migration may have changed its role, or settings we'd write under.
 */
enum pg_guard {
	PG_GUARD_ONLY,
	PG_GUARD_AND_RETURN, /* to ourselves; with a lease as the next */
	PG_GUARD_LOCALLY     /* the same until the transaction ends */
};

/* In the transaction: ERR_DATABASE when its statements wrote or changed our tables. */
bool pg_guard_check(struct pg_db *s, enum pg_guard what, struct err *err);

/* In a transaction of our own, until it ends: be who we are, whatever statements outside left. */
bool pg_be_ourselves(struct pg_db *s, struct err *err);

/* True when a statement speaks of our tables, in whatever way but a comment. */
bool pg_mentions_own(const struct sql_statement *statement);

/* --- blocker.c --- */

/* Name in the error who kept a statement from its lock; the transaction is rolled back for that. */
void pg_tell_blocker(struct pg_db *s, const struct sql_statement *statement, struct err *err);

/* What a bare or quoted name means, in the arena. */
const char *pg_name_of(const struct sql_token *token, struct arena *arena);

/* --- remains.c --- */

bool pg_remains(struct db *db, const struct sql_statement *statement, bool failed,
    const char *since, struct db_remains *remains, struct arena *arena, const struct stop *stop,
    struct err *err);

/* --- proof.c, proof_judge.c --- */

bool pg_prove(struct db *db, struct db_proof *proof, struct arena *arena, const struct stop *stop,
    struct err *err);
bool pg_samples(struct db *db, struct db_proof *proof, struct arena *arena, const struct stop *stop,
    struct err *err);

/* --- session.c --- */

/* The settings of a session that works, made once. ERR_LOCK behind a pooler, where they'd leak. */
bool pg_settle(struct pg_db *s, struct err *err);
bool pg_return(struct pg_db *s, struct err *err); /* to them, and nothing else is left */
/* Adds a script that does the same; the rows of its last statement are for pg_returned(). */
void pg_add_return(const struct pg_db *s, struct buf *out);
void pg_returned(struct pg_db *s, const struct db_rows *rows);
bool pg_reset(
    struct db *db, const struct db_limits *limits, const struct stop *stop, struct err *err);

/* With a lease: the same in a transaction, for that alone. */
bool pg_settle_transaction(struct pg_db *s, struct err *err);

/* --- transaction.c --- */

/* ERR_DATABASE when the transaction begin() opened is not open any more. */
bool pg_must_be_whole(struct pg_db *s, struct err *err);
bool pg_begin(struct db *db, const struct stop *stop, struct err *err);
bool pg_commit(struct db *db, const struct stop *stop, struct err *err);
bool pg_rollback(struct db *db, const struct stop *stop, struct err *err);

/* --- schema_read.c, fingerprint.c, canonical.c --- */

const char *pg_own_schema(struct db *db);
bool pg_read_schema(struct db *db, struct schema *ret, struct arena *arena, const struct stop *stop,
    struct err *err);
bool pg_fingerprint(struct db *db, char hex[65], const struct stop *stop, struct err *err);
bool pg_canonicalise(struct db *db, const struct schema *written, const struct schema *live,
    struct schema *ret, struct arena *arena, const struct stop *stop, struct err *err);

/* --- lock.c --- */

/* What the lock of a schema is called among advisory locks. */
int64_t pg_lock_key(const char *schema);
bool pg_lock_try(struct db *db, enum db_lock_state *state, struct db_holder *holder,
    const struct stop *stop, struct err *err);
void pg_lock_note(struct db *db, const char *progress);
bool pg_lock_check(struct db *db, const struct stop *stop, struct err *err);
bool pg_unlock(struct db *db, const struct stop *stop, struct err *err);

/* Who the application_name "db-entry 17@web-5c9: note" tells of. */
void pg_read_note(const char *name, struct db_holder *holder);

/* Who has the advisory lock; all "" when nobody has. */
bool pg_lock_holder(struct pg_db *s, int64_t key, struct db_holder *holder, struct err *err);

/* What application_name is from now on, in lock.shown. */
void pg_lock_show(struct pg_lock *lock, const char *progress);

/* --- lease.c: the lock as a row, and as an advisory lock of each transaction --- */

/* One try; *taken is false when somebody else has it, and *holder then says who. */
bool pg_lease_try(struct pg_db *s, bool *taken, struct db_holder *holder, struct err *err);

/* Is there one of somebody else that has not run out? *holder then says whose. */
bool pg_lease_stands(struct pg_db *s, bool *stands, struct db_holder *holder, struct err *err);

/* The same, under the advisory lock of a session: who has let it run out has lost it. */
bool pg_lease_clear(struct pg_db *s, bool *stands, struct db_holder *holder, struct err *err);

/* BEGIN, and what makes the transaction the holder's alone. ERR_LOCK when it is not the holder. */
bool pg_lease_begin(struct pg_db *s, struct err *err);

/* Before COMMIT, in a script: the pooler's session as it was at BEGIN. */
void pg_lease_leave(const struct pg_db *s, struct buf *out);

/* A sign of life; ERR_LOCK when it is lost. */
bool pg_lease_check(struct pg_db *s, struct err *err);
void pg_lease_note(struct pg_db *s, const char *progress);

bool pg_lease_end(struct pg_db *s, struct err *err);

/* --- foreign.c: the locks of other tools --- */

/* Which there are here; before the first try. */
bool pg_foreign_find(struct pg_db *s, struct err *err);

/* Take all, in order; *busy is the one somebody else holds, NULL when we have them all. */
bool pg_foreign_take(struct pg_db *s, const struct pg_foreign **busy, struct err *err);
bool pg_foreign_release(struct pg_db *s, struct err *err);

/* They are busy: by whom. */
bool pg_foreign_holder(
    struct pg_db *s, const struct pg_foreign *busy, struct db_holder *holder, struct err *err);

/* The keys of one tool whose history is schema.table; how many. */
size_t pg_foreign_keys(
    const char *table, const char *schema, const char *database, struct pg_foreign keys[2]);

/* --- program.c: those that are part of this one --- */

extern const struct db_program pg_programs[];

/* --- dump.c, kinship.c, restore.c --- */

const char *pg_dump_folder(const struct url *url, struct arena *arena);
bool pg_dump_estimate(struct db *db, int64_t *bytes, const struct stop *stop, struct err *err);
bool pg_dump_database(struct db *db, struct sink *sink, const char *scratch,
    const struct db_progress *progress, struct db_dump_check *check, const struct stop *stop,
    struct err *err);
bool pg_dump_check(
    const char *path, struct db_dump_check *check, const struct stop *stop, struct err *err);
bool pg_dump_kinship(struct db *db, const char *path, enum db_kinship *kinship,
    const struct stop *stop, struct err *err);
bool pg_restore_database(struct db *db, const char *path, const struct db_progress *progress,
    const struct stop *stop, struct err *err);

#endif
