/*
 * What the files of the MariaDB and MySQL driver share. The contracts are those of db/db.h. Our own
 * tables are all whose names begin with db_entry_, in the session's database (server.database).
 */
#ifndef DB_ENTRY_DB_MARIADB_MARIADB_H
#define DB_ENTRY_DB_MARIADB_MARIADB_H

#include "base/buf.h"
#include "db/db.h"
#include "db/mariadb/libmariadb.h"

enum my_tls {
	MY_TLS_DISABLED,
	MY_TLS_PREFERRED,
	MY_TLS_REQUIRED,
	MY_TLS_VERIFY_CA,
	MY_TLS_VERIFY_IDENTITY
};

/* A URL, understood. Texts are the URL's or live in the arena given. */
struct my_target {
	const struct url_host *hosts;
	size_t host_count;
	const char *socket; /* NULL: over TCP */
	const char *user, *password, *database;
	enum my_tls tls;
	const char *ca, *ca_path, *cert, *key, *key_password, *crl, *cipher; /* NULL: none */
	const char *server_key; /* file with the server's RSA key, for passwords without TLS */
	const char *plugin_dir;
	bool clear_password; /* may be sent as it is */
	int64_t limit;       /* ms for one place; -1: none */
	/* Keys that are other drivers' own, joined by ", "; NULL: none. */
	const char *dropped;
};

/* One way to a server. */
struct my_place {
	const char *host;    /* as the certificate has it; of a socket its path */
	const char *address; /* in numbers; NULL: a socket */
	unsigned port;
};

/* '' in our own SQL: in every sql_mode, of which EMPTY_STRING_IS_NULL is one. */
#define MY_EMPTY "_utf8mb4 x''"

/* What the first query found out. Texts live in the session's arena. */
struct my_server {
	bool maria;          /* not MySQL */
	const char *flavour; /* "MariaDB", "MySQL" */
	const char *version; /* "10.11.6" */
	int number;          /* 101106 */
	const char *database;
	const char *account; /* "'app'@'%'", as the server knows the user */
	const char *sql_mode;
	int64_t id; /* of the connection, as the server calls it */
	bool read_only, recovery;
	bool pooler; /* the connection is not the session's own */
	bool galera; /* a node of a cluster */
	bool fresh;  /* nobody has asked for it since it was read */
	bool known;  /* nothing else was asked since: of our tables it is as it was said */
	bool has_history, has_snapshot;
};

enum {
	MY_AHEAD_MOST = 4
};

/* What is asked next, and then the fingerprint: all of it with the first. */
struct my_ahead {
	struct arena arena;
	const char *queries[MY_AHEAD_MOST];
	struct db_rows rows[MY_AHEAD_MOST]; /* those of the first are the asker's */
	size_t count, given;
	char fingerprint[65];
};

enum {
	MY_KEY_SIZE = 64 + 1, /* a lock's name */
	MY_TOKEN_SIZE = 64 + 1,
	MY_FOREIGN_MAX = 8
};

/* A lock of another migration tool. */
struct my_foreign {
	const char *tool;
	char key[MY_KEY_SIZE];
	bool taken;
};

/* Of a Galera cluster: lease.c. */
struct my_lease {
	struct errand *errand; /* the beat; NULL: it is not held */
	struct heart *heart;   /* its task, as long as that is there */
	char token[MY_TOKEN_SIZE];
	char node[MY_TOKEN_SIZE];
	/* What was last seen of another's, and how long it has been so. */
	char seen_token[MY_TOKEN_SIZE];
	int64_t seen_beat, looked, quiet;
};

struct my_lock {
	bool held;             /* as far as we know */
	bool local;            /* with GET_LOCK(), which some clusters refuse */
	bool told;             /* db_entry_lock says that it is we */
	char key[MY_KEY_SIZE]; /* what GET_LOCK() knows it by */
	struct my_foreign foreign[MY_FOREIGN_MAX];
	size_t foreign_count;
	char name[320];        /* "pid 17 on web-5c9" */
	int64_t noted;         /* when our note was last written */
	struct db_holder seen; /* and when the holder was looked up */
	int64_t looked;
	struct my_lease lease;
};

/* judge_first.c: how it was when a run judged its first statement. */
struct my_begin {
	struct arena arena;
	struct db_rows others; /* names of the databases beside this one that can be seen */
	bool read, empty;      /* empty: nothing was in this one */
};

/* A table that a statement names. */
struct my_named_table {
	const char *schema, *name;
	bool innodb;
	bool parts; /* partitions, which count each row twice */
};

/* named.c: all that a script reaches, where that is what it names. */
struct my_named {
	bool only; /* it is so; nothing of the rest counts without it */
	struct my_named_table *tables;
	size_t count;
	const char **called; /* harmless words that may be the name of a routine, too */
	size_t called_count;
	struct db_rows rows; /* as the catalog has them */
};

struct my_db {
	struct db base;
	struct arena arena;
	MYSQL *conn; /* NULL: lost */
	struct my_target target;
	struct my_place place; /* where it was reached */
	struct db_limits limits, first_limits;
	void (*notice)(void *context, enum db_notice level, const char *text);
	void (*alive)(void *context);
	void *context;
	struct my_server server;
	const char *label;
	bool settled; /* the session has its settings */
	bool in_transaction;
	struct my_ahead ahead;
	char fingerprint[65]; /* that was asked for last, nothing else since; "": something was */
	bool strayed;         /* since the last reset a statement may have changed the session */
	bool wsrep_refused;   /* the user may not set wsrep_on */
	struct my_lock lock;
	/* reach.h: triggers, views and routines, of the script that is judged; other databases. */
	struct arena reach_arena;
	struct db_rows reach, schemas;
	struct my_named named;
	bool reach_read;
	bool reach_shadows; /* a routine in it has the name of a harmless word */
	/* And the foreign keys that act. */
	struct arena cascade_arena;
	struct db_rows cascades;
	bool cascades_read;
	struct my_proof *proof; /* NULL: a session beside, which runs no migration */
	struct my_begin begin;
	struct stop stop; /* of the call that runs now */
	/* Of the request that runs now: why it was ended (ERR_NONE: it was not), and how long what
	 * is left of it may take. */
	struct err ended;
	struct stop rest;
	int64_t limit_at; /* when a statement has taken too long; 0: the server looks after it */
	int64_t shown;    /* when alive() was last called */
};

/* --- url.c --- */

/* ERR_CONFIG too when there is no client library. */
bool my_target(
    struct my_target *target, const struct url *url, struct arena *arena, struct err *err);

/* --- connect.c --- */

/* One connection, to the first place that will do, which *place then is. */
bool my_connect(MYSQL **ret, struct my_place *place, const struct my_target *target,
    struct arena *arena, const struct stop *stop, struct err *err);

/* One connection to this place. */
bool my_connect_to(MYSQL **ret, const struct my_place *place, const struct my_target *target,
    const struct stop *stop, struct err *err);

/* Close it without another word to the server, whatever it is at. NULL is fine. */
void my_drop(MYSQL **conn);

/* --- errors.c --- */

enum err_retry my_retry(unsigned number);

/* Is the connection of no use after this error? */
bool my_is_lost(unsigned number);

/* Why a connection could not be made; `place` says where. Returns false. */
bool my_fail_open(unsigned number, const char *text, const char *place, struct err *err);

/* Of a query that fails right behind connecting, what it is of a failed connect. Returns false. */
bool my_fail_first(struct err *err);

/* ERR_DATABASE with what the server said to the last request. `statement` may be NULL. */
bool my_fail(struct my_db *s, const struct sql_statement *statement, struct err *err);

/* The connection is gone. Returns false. */
bool my_fail_lost(struct my_db *s, struct err *err);

/* --- wire.c: a request and all its results --- */

/* A row as it comes from the server; a cell that is NULL is NULL, others end with a NUL beside. */
struct my_row {
	size_t result; /* of the request; those without rows are not counted */
	size_t columns;
	char *const *cells;
	const unsigned long *lengths; /* bytes of each */
	const MYSQL_FIELD *fields;
};

struct my_request {
	const char *sql;
	size_t len;
	const struct sql_statement *statement; /* a migration's, for where it failed; or NULL */
	/* May be NULL: the rows of its last result. */
	struct arena *arena;
	struct db_rows *rows;
	/* Given each row as it comes, in place of keeping them; false with the err ends it. NULL:
	 * rows are dropped, or kept. */
	bool (*take)(void *context, const struct my_row *row, struct err *err);
	void *context;
	/* When it was ended by `stop`: the server had done it all the same. */
	bool done;
	int64_t affected;  /* rows, by the last result */
	unsigned warnings; /* as the server counts them, of the last result */
	/* The session may be another behind it: the server said so, or had no room for saying. */
	bool changed;
	/* On the way. */
	int status, failed;
	size_t results;
};

/* Rows that are being kept. Zeroed before. */
struct my_keep {
	struct db_rows rows;
	size_t capacity;
};

void my_keep_row(struct my_keep *keep, const struct my_row *row, struct arena *arena);

/* Every call of the driver begins with it; fails when `stop` has fired or the connection is lost.
 */
bool my_enter(struct my_db *s, const struct stop *stop, struct err *err);

/*
 * Send it, and read all results. When the call's stop fires the server is told to end the
 * statement, and the session is usable again when this returns, or lost.
 */
bool my_request(struct my_db *s, struct my_request *request, struct err *err);

/* Its two halves; between them other sessions may be asked. */
void my_request_begin(struct my_db *s, struct my_request *request);
bool my_request_end(struct my_db *s, struct my_request *request, struct err *err);

/* A statement of our own, without rows. */
bool my_do(struct my_db *s, const char *sql, struct err *err);

/* A query of ours; all rows, in the arena. */
bool my_ask(
    struct my_db *s, const char *sql, struct arena *arena, struct db_rows *rows, struct err *err);

/* A query of ours whose rows are handed over one by one, none of them kept: of any size. */
bool my_stream(struct my_db *s, const char *sql,
    bool (*take)(void *context, const struct my_row *row, struct err *err), void *context,
    struct err *err);

/* Something else is asked: forget what was announced to be (ahead.c), and answered. */
void my_ahead_forget(struct my_db *s);

/* May a request have several statements from now on? */
bool my_multiple(struct my_db *s, bool on, struct err *err);

/* --- ahead.c --- */

void my_ahead(struct db *db, const char *const *queries, size_t count);

/* *given when it was announced as the next; its rows are in the arena then. */
bool my_ahead_query(struct my_db *s, const char *sql, struct arena *arena, struct db_rows *rows,
    bool *given, struct err *err);

/* The fingerprint, when all that was announced before it was given; NULL: it has to be asked for.
 */
const char *my_ahead_fingerprint(const struct my_db *s);

/* --- quote.c --- */

/* Append a text as a literal of the session as it is now; NULL becomes NULL. */
void my_literal(struct my_db *s, const char *text, struct buf *out);

/* Append a name in backticks. */
void my_name(const char *name, struct buf *out);

/* The same of a table, behind its database; `schema` NULL: without. */
void my_table_name(const char *schema, const char *table, struct buf *out);

/* `?` become the values, in their order, except in quotes; comments are left out. ERR_UNEXPECTED
 * when their number is another. */
bool my_fill(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct buf *out, struct err *err);

/* --- query.c --- */

bool my_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
    struct arena *arena, struct db_rows *rows, const struct stop *stop, struct err *err);

/* The same under the call's own stop, with `own.` for the qualifier of our tables. */
bool my_own(struct my_db *s, const char *sql, const struct db_value *values, size_t count,
    struct arena *arena, struct db_rows *rows, struct err *err);

/* Under the call's own stop; the `?` is a text. *yes: the answer was 1. */
bool my_query_yes(struct my_db *s, const char *sql, const char *text, bool *yes, struct err *err);

/* --- exec.c --- */

bool my_exec(
    struct db *db, const struct sql_statement *statement, const struct stop *stop, struct err *err);

/*
 * What was read as one text the server must not read as another, in another sql_mode: where a
 * string ends decides what is a statement. ERR_DATABASE at its file and line.
 */
bool my_check_mode(struct my_db *s, const struct sql_statement *statement, struct err *err);

/* --- guard.c --- */

/* ERR_DATABASE when a statement must not even be tried. */
bool my_guard(const struct sql_statement *statement, struct err *err);

/* --- session.c --- */

/* A limit in whole seconds, as the server counts them; rounded up, since 0 is none at all. */
int64_t my_seconds(int64_t ms);

/* The settings of a session that works, made once. ERR_LOCK behind a proxy. */
bool my_settle(struct my_db *s, struct err *err);

/* For statements of our own between those of a migration; and back. */
bool my_be_ourselves(struct my_db *s, struct err *err);
bool my_be_theirs(struct my_db *s, struct err *err);

/* Make `limits` those of the session: the end of a SET, without the word. */
void my_add_limits(const struct my_db *s, struct buf *out);

/* --- transaction.c --- */

bool my_reset(
    struct db *db, const struct db_limits *limits, const struct stop *stop, struct err *err);
bool my_begin(struct db *db, const struct stop *stop, struct err *err);
bool my_commit(struct db *db, const struct stop *stop, struct err *err);
bool my_rollback(struct db *db, const struct stop *stop, struct err *err);

/* --- lock.c --- */

/* What the lock of a database is called. */
void my_lock_key(const char *database, char key[MY_KEY_SIZE]);

bool my_lock_try(struct db *db, enum db_lock_state *state, struct db_holder *holder,
    const struct stop *stop, struct err *err);
void my_lock_note(struct db *db, const char *progress);
bool my_lock_check(struct db *db, const struct stop *stop, struct err *err);
bool my_unlock(struct db *db, const struct stop *stop, struct err *err);

/* Give all locks to another session, without a moment in which they are free; then, as that one,
 * say so. */
bool my_lock_hand_over(struct my_db *s, struct my_db *fresh, struct err *err);
bool my_lock_moved(struct my_db *s, struct err *err);

/* --- lease.c: the lock of a Galera cluster --- */

/* One try; *holder says who has it when it is not taken. */
bool my_lease_take(struct my_db *s, bool *taken, struct db_holder *holder, struct err *err);

/* Who has it, as far as its row says. */
bool my_lease_holder(struct my_db *s, struct db_holder *holder, struct err *err);

/* These do nothing when it is not held. ERR_LOCK when it is another's: */
bool my_lease_check(struct my_db *s, struct err *err);
bool my_lease_fence(struct my_db *s, struct err *err); /* as a part of the open transaction */
bool my_lease_release(struct my_db *s, struct err *err);

/* --- foreign.c: the locks of other tools --- */

/* Find and take all, in order; *busy is the one somebody else holds, NULL when we have them all. */
bool my_foreign_take(struct my_db *s, const struct my_foreign **busy, struct err *err);
bool my_foreign_release(struct my_db *s, struct err *err);

/* The lock of the tool whose history is schema.table; false: none. */
bool my_foreign_key(
    const char *table, const char *schema, const char *database, struct my_foreign *ret);

/* --- judge.c, judge_column.c, judge_first.c --- */

struct sql_column_change;

bool my_judge(struct db *db, const struct sql_script *script, size_t at, struct risk *risk,
    struct arena *arena, const struct stop *stop, struct err *err);

/* Lower *risk where what the statement may lose was not there when this session judged its first.
 */
bool my_judge_first(struct my_db *s, const struct sql_script *script, size_t at, struct risk *risk,
    struct err *err);

/* Append what of the column that is there a change of it loses, items joined by ", "; nothing when
 * it keeps all. *there is false when there is no such column. */
bool my_judge_column(struct my_db *s, const struct sql_column_change *change, bool *there,
    struct buf *lost, struct err *err);

/* --- undo.c --- */

/* May these statements change what a rollback leaves as it is? */
bool my_changes_for_good(
    struct my_db *s, const struct sql_script *script, bool *for_good, struct err *err);
bool my_undoes(struct db *db, const struct sql_script *script, bool *undone,
    const struct stop *stop, struct err *err);

/* --- remains.c --- */

struct sql_head;

/* CREATE DEFINER = … PROCEDURE: what stands between is left out. */
void my_leave_out_definer(struct sql_head *head);

bool my_remains(struct db *db, const struct sql_statement *statement, bool failed,
    const char *since, struct db_remains *remains, struct arena *arena, const struct stop *stop,
    struct err *err);

/* --- trial.c --- */

bool my_trial(struct db *db, const struct db_trial_part *parts, size_t count,
    struct db_trial *trial, struct arena *arena, const struct stop *stop, struct err *err);

/* --- dump.c, kinship.c, restore.c --- */

const char *my_dump_folder(const struct url *url, struct arena *arena);
bool my_dump_estimate(struct db *db, int64_t *bytes, const struct stop *stop, struct err *err);
bool my_dump_database(struct db *db, struct sink *sink, const char *scratch,
    const struct db_progress *progress, struct db_dump_check *check, const struct stop *stop,
    struct err *err);
bool my_dump_check(
    const char *path, struct db_dump_check *check, const struct stop *stop, struct err *err);
bool my_dump_kinship(struct db *db, const char *path, enum db_kinship *kinship,
    const struct stop *stop, struct err *err);
bool my_restore_database(struct db *db, const char *path, const struct db_progress *progress,
    const struct stop *stop, struct err *err);

#endif
