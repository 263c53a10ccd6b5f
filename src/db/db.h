/*
 * The driver interface: what db-entry asks of a database, and what it may rely on.
 *
 * A driver is one folder db/<name>/ with a `const struct db_driver`, named once in drivers.c. What
 * an engine can't do is said in its data (`features`), never by a special case elsewhere.
 *
 * Every call that talks to the server takes a `const struct stop *` and ends within about a second
 * of it firing: a running statement is cancelled at the server, and the call fails with ERR_STOPPED
 * or ERR_TIMEOUT. The session stays usable for rollback() and unlock() under stop_cleanup().
 *
 * Errors of the database itself are ERR_DATABASE with `code` (SQLSTATE, number or name) and `retry`
 * set; open() uses ERR_UNREACHABLE, ERR_ACCESS, ERR_CONFIG or ERR_READ_ONLY instead. A connection
 * lost in commit() is ERR_OUTCOME_UNKNOWN. Messages never hold a secret.
 */
#ifndef DB_ENTRY_DB_DB_H
#define DB_ENTRY_DB_DB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sink.h"
#include "base/stop.h"
#include "base/url.h"
#include "schema/schema.h"
#include "sql/risk.h"
#include "sql/script.h"
#include <stdint.h>

/* Data: what the engine can do. */
enum db_feature {
	DB_TRANSACTIONAL_DDL = 1 << 0, /* a migration and its history row commit together */
	DB_DUMP_IS_FILE = 1 << 1,      /* dump() makes a file of its own, and its bytes are those */
	DB_SERVER = 1 << 2 /* open() mostly waits for somebody else: work can be done meanwhile */
};

/* A session. Drivers put this first in their own struct. */
struct db {
	const struct db_driver *driver;
	const char *own; /* qualifier of our tables with its dot, quoted: "main." */
};

/* How long one statement may take. */
struct db_limits {
	int64_t lock_timeout;      /* ms it waits for other users of the database; 0: no limit */
	int64_t statement_timeout; /* ms it may run; 0: no limit */
};

/* How much what the server says beside results matters. */
enum db_notice {
	DB_NOTICE_DEBUG,
	DB_NOTICE_INFO,
	DB_NOTICE_WARNING
};

/*
 * The lock as a row of our own that runs out, for where no session is one's own; a driver whose
 * sessions always are has none, and ignores it. Until it has run out nobody else takes it, and
 * whoever lost it can't commit.
 */
struct db_lease {
	int64_t ms;        /* it stands without a sign of life; 0: the lock is the session's */
	const char *token; /* of this run alone; a second session of it may have the lock again */
};

struct db_options {
	const char *application_name;
	struct db_limits limits;
	struct db_lease lease;
	bool create; /* lock_try() makes a database that does not exist yet */
	/* What the server says beside the results of exec() (NOTICE, warnings); NULL drops it. */
	void (*notice)(void *context, enum db_notice level, const char *text);
	/*
	 * Called often, at least every second, while a statement runs or waits for others, so that
	 * progress can be shown. Quick; leaves the session alone. NULL: nobody wants to know.
	 */
	void (*alive)(void *context);
	void *context; /* of notice and alive; outlives the session */
};

/* What is at the other end. Text is valid as long as the session. */
struct db_probe {
	const char *flavour; /* "SQLite" */
	const char *version; /* "3.40.1", as the engine says it */
	const char *label;   /* for people, no secrets: "shop@db/public", "data/shop.db" */
	bool exists; /* false: nothing is there yet, and reads answer as from an empty database */
	bool read_only;             /* writes will be refused */
	const char *read_only_next; /* how that is changed, unless it ends by itself */
	bool recovery; /* because it is a standby, or recovers: that may end by itself */
	/* Behind a pooler a session is not one: reading works, lock_try() is ERR_LOCK but for a
	 * lease. */
	bool pooler;
	bool transactions_only; /* exec() outside a transaction is ERR_LOCK */
};

/* A value for a `?` placeholder of our own SQL. */
struct db_value {
	enum {
		DB_NULL,
		DB_TEXT,
		DB_INT
	} type;
	const char *text;
	int64_t number;
};

/* All rows of a query, as text; NULL is NULL. Lives in the arena given. */
struct db_rows {
	size_t columns, count;
	const char **cells; /* row by row: cells[row * columns + column] */
};

enum db_lock_state {
	DB_LOCK_TAKEN,
	DB_LOCK_BUSY
};

/* Who holds the lock, as far as the engine can tell; "" where it can't. For messages only. */
struct db_holder {
	char who[256];      /* "pid 17 on web-5c9" */
	char since[64];     /* UTC */
	char progress[256]; /* what lock_note() said last; changes while the holder advances */
};

/* How far long work is, in bytes. A function of NULL: nobody wants to know. */
struct db_progress {
	void (*show)(void *context, int64_t done, int64_t total);
	void *context;
};

/* What a look at a dump found, beside that it is whole. */
struct db_dump_check {
	int64_t broken_references; /* rows whose foreign key points nowhere, as in the original */
};

/* Has a dump to do with a database? */
enum db_kinship {
	DB_KIN,       /* a run is recorded in both; or one has no history, or no tables at all */
	DB_KIN_ALIKE, /* tables of the same names, each with a history of its own */
	DB_KIN_NONE   /* nothing in common */
};

/* What a transaction would lose of what was there before the run. */
struct db_loss {
	const char *object;   /* as in sql/risk.h: "column users.phone", "table users" */
	const char *evidence; /* one line: "loses 48201 values in users.phone" */
};

/* Existing values that a statement overwrote under its WHERE: told, not lost. */
struct db_overwrite {
	const char *table;
	int64_t rows;
	const struct sql_statement *statement;
};

struct db_proof {
	enum {
		DB_PROOF_HOLDS,
		DB_PROOF_LOSES,
		DB_PROOF_AGAIN /* can't tell yet: roll back, run all of it again, ask again */
	} state;
	struct db_loss *losses;
	size_t count;
	struct db_overwrite *overwrites;
	size_t overwrite_count;
	size_t tables; /* compared */
};

/* What a statement outside a transaction left, of which it is not known that it was done. */
struct db_remains {
	enum {
		DB_REMAINS_UNKNOWN, /* nobody can tell */
		DB_REMAINS_NOTHING, /* it is as if it had not begun */
		DB_REMAINS_DONE,    /* what it makes is there */
		DB_REMAINS_BROKEN   /* what it makes is there, and is no good */
	} state;
	const char *what;    /* BROKEN: "index public.users_email is INVALID" */
	const char *cleanup; /* BROKEN: the statements that remove it, to be run outside */
	bool finishes;       /* BROKEN: then what was to be done is done */
};

/* Of what a trial is made: a script that is going to be run, but for its first statements. */
struct db_trial_part {
	const struct sql_script *script;
	size_t done; /* which the database has already */
};

/* What a statement took away in a trial, that reading did not see in it. */
struct db_trial_loss {
	const struct sql_statement *statement;
	const char *evidence; /* one line */
};

struct db_trial {
	size_t tried; /* statements */
	/* The first statement that can't succeed, whatever rows there are; NULL: none was found. */
	const struct sql_statement *fails;
	struct err failure; /* of it, in the database's words */
	/* Why nothing was tried, or nothing behind `ended_at` (NULL: at all); NULL: all was. */
	const char *ended;
	const struct sql_statement *ended_at;
	const char *next; /* what an administrator can run, for it to be tried; may be NULL */
	struct db_trial_loss *losses;
	size_t loss_count, loss_capacity;
};

/*
 * Another program that is part of this one, in the static binary: `db-entry internal:NAME …` is it.
 * Its driver runs it so, as a process of its own; no user has to know.
 */
#define DB_PROGRAM_PREFIX "internal:"

struct db_program {
	const char *name; /* "pg_dump" */
	int (*main)(int argc, char **argv);
};

struct db_driver {
	const char *name;           /* "sqlite"; also of its dialect and test fixtures */
	const char *const *schemes; /* URL schemes it answers to; ends with NULL */
	const char *const
	    *folders; /* names of its folder inside a migrations folder; ends with NULL */
	const struct dialect *dialect;
	unsigned features;
	const struct schema_kind *const *kinds; /* of objects it has; ends with NULL */
	/* Codes of errors that say: the user has no right to that. Ends with NULL; NULL: told as
	 * ERR_ACCESS anyway. */
	const char *const *denied;
	/* SQL that makes our tables when they are missing; `own.` in it stands for db->own. */
	const char *own_tables;
	const char *(*client)(void); /* name and version of the client library: "SQLite 3.40.1" */
	const struct db_program *programs; /* ends with a NULL name; NULL: none */

	/* Check a URL without connecting: ERR_CONFIG when it can't be meant for this driver. */
	bool (*check_url)(const struct url *url, struct err *err);

	/*
	 * Connect once; waiting is the caller's. The session is ready for a query when it returns,
	 * and the database has answered one. Never creates anything. `url` and `options` are not
	 * needed afterwards.
	 */
	bool (*open)(struct db **ret, const struct url *url, const struct db_options *options,
	    const struct stop *stop, struct err *err);

	/* Roll back what is open, let go of the lock, close. Accepts a lost connection. Never
	 * blocks. */
	void (*close)(struct db *db);

	bool (*probe)(
	    struct db *db, struct db_probe *probe, const struct stop *stop, struct err *err);

	/* Run one statement of a migration, unless it writes our own tables (ERR_DATABASE). Its
	 * results are read to the end and dropped. It lives up to the end of the transaction. */
	bool (*exec)(struct db *db, const struct sql_statement *statement, const struct stop *stop,
	    struct err *err);

	/*
	 * Run our own SQL with `?` placeholders (none inside quotes) and gather its rows. `rows`
	 * may be NULL. Outside a transaction it commits by itself. It runs as who connected: what
	 * exec() did to role and search path does not count, and in a transaction is undone.
	 */
	bool (*query)(struct db *db, const char *sql, const struct db_value *values,
	    size_t value_count, struct arena *arena, struct db_rows *rows, const struct stop *stop,
	    struct err *err);

	/*
	 * What is asked next, outside a transaction: these queries, as query() gets them, without
	 * values and in this order, and then the fingerprint. A driver may ask for all of it with
	 * the first, so that the answers are of one moment; asked anything else, it forgets them.
	 * NULL: each for itself.
	 */
	void (*ahead)(struct db *db, const char *const *queries, size_t count);

	/*
	 * query() without rows, in the open transaction, that nobody waits for: it may go with the
	 * next call, or with COMMIT, which then fails with its error. NULL: query() does.
	 */
	bool (*later)(struct db *db, const char *sql, const struct db_value *values,
	    size_t value_count, const struct stop *stop, struct err *err);

	/*
	 * True in *has when the table is in the schema of our own tables (db->own), which is where
	 * the migrations' tables go unless they say otherwise. Where the engine folds names, one
	 * that is written in another case is found too. A name with a schema before it,
	 * "drizzle.history", is looked for there, which an engine without schemas has not.
	 */
	bool (*has_table)(
	    struct db *db, const char *name, bool *has, const struct stop *stop, struct err *err);

	/*
	 * May a statement that names this table find rows in it, as the session's names are read
	 * now? False in *has only where that is certain: there is no such table, it is empty, or
	 * this run made it, and what was there before has not moved.
	 * `schema` NULL: the statement names none. Outside a transaction.
	 */
	bool (*has_rows)(struct db *db, const char *schema, const char *table, bool *has,
	    const struct stop *stop, struct err *err);

	/*
	 * How many rows a table has, or (`column` not NULL) values one of its columns: as many as
	 * `most`, and one more when there are more. Names as in has_rows(). NULL: the proof tells.
	 */
	bool (*count)(struct db *db, const char *schema, const char *table, const char *column,
	    int64_t most, int64_t *count, const struct stop *stop, struct err *err);

	/*
	 * How big a table is, about, with its indexes; 0 where there is none, or nobody can tell.
	 * Cheap: nothing is counted. Names as risk.altered has them. NULL: it is not asked.
	 */
	bool (*weigh)(struct db *db, const char *schema, const char *table, int64_t *bytes,
	    int64_t *rows, const struct stop *stop, struct err *err);

	/*
	 * What the exec() before it, outside a transaction, overwrote under its WHERE, where no
	 * proof tells it. Texts are valid up to the next call. False: nothing that was there
	 * before the run, or nobody can tell. NULL: nobody ever can.
	 */
	bool (*overwrote)(struct db *db, struct db_overwrite *overwrite);

	/*
	 * Open the transaction a migration runs in. commit() checks what the engine defers (SQLite:
	 * foreign keys violated by this transaction and not before) and fails with ERR_DATABASE and
	 * the evidence in `why` when it is violated; nothing is committed then. When the connection
	 * is lost after COMMIT may have been sent, retry is ERR_OUTCOME_UNKNOWN; stopped while the
	 * server committed, it is true. After any failure the caller calls rollback(), which is
	 * harmless when none is open or the connection is lost.
	 */
	bool (*begin)(struct db *db, const struct stop *stop, struct err *err);
	bool (*commit)(struct db *db, const struct stop *stop, struct err *err);
	bool (*rollback)(struct db *db, const struct stop *stop, struct err *err);

	/*
	 * Judge a statement of a script once more, by the schema that is there, where reading could
	 * not: a column defined anew, a table with triggers. *risk is what reading made of it, and
	 * changed where the schema says more: `level`, `rule`, `why` with what is lost. Texts in
	 * the arena. Outside a transaction, before the script's first statement. NULL: reading says
	 * all.
	 */
	bool (*judge)(struct db *db, const struct sql_script *script, size_t at, struct risk *risk,
	    struct arena *arena, const struct stop *stop, struct err *err);

	/*
	 * Would rollback() undo all that these statements, none of which commits by itself, change?
	 * False in *undone also when nobody can tell. Outside a transaction. NULL: it always would.
	 */
	bool (*undoes)(struct db *db, const struct sql_script *script, bool *undone,
	    const struct stop *stop, struct err *err);

	/*
	 * What the catalog shows of a statement that was at work outside a transaction and is no
	 * more. `failed`: the database said so; then it is not DONE, even if what it would have
	 * made is there. Neither is what was there before `since`, when its script was begun: a
	 * time as in the history. Texts in the arena.
	 */
	bool (*remains)(struct db *db, const struct sql_statement *statement, bool failed,
	    const char *since, struct db_remains *remains, struct arena *arena,
	    const struct stop *stop, struct err *err);

	/*
	 * Try all parts, in their order, before any of them is run, where what fails later can't be
	 * taken back: on a copy of the schema without rows, which others don't see as a part of
	 * this database, and in a session of its own. Nothing that is run there reaches beyond the
	 * copy. It goes only as far as the schema is known for certain; what depends on rows does
	 * not count, and neither does what only the trial could fail at. That no trial can be made
	 * is no error. Texts in the arena. Outside a transaction, under the lock. NULL: the engine
	 * takes back all.
	 */
	bool (*trial)(struct db *db, const struct db_trial_part *parts, size_t count,
	    struct db_trial *trial, struct arena *arena, const struct stop *stop, struct err *err);

	/*
	 * The proof, in the open transaction, after its last statement and before commit(): is
	 * everything still there that was before the run? Exact for all that exec() ran since
	 * begin(). What this run made itself, and tables that had no rows, are free. DB_PROOF_AGAIN
	 * comes at most once in a row. Texts live in the arena. NULL where the engine can't.
	 */
	bool (*prove)(struct db *db, struct db_proof *proof, struct arena *arena,
	    const struct stop *stop, struct err *err);

	/* After the rollback() of one that loses: some keys of lost rows, added to the evidence,
	 * where they can be told. */
	bool (*samples)(struct db *db, struct db_proof *proof, struct arena *arena,
	    const struct stop *stop, struct err *err);

	/*
	 * Put every session setting back to what it was after open(), and set these limits: before
	 * each migration. What is open is rolled back; the lock stays ours. `limits` NULL: those
	 * given to open(). It may go with the next call, which then fails with its error.
	 */
	bool (*reset)(struct db *db, const struct db_limits *limits, const struct stop *stop,
	    struct err *err);

	/*
	 * The schema that objects without one are in: that of our own tables. NULL: there is none.
	 * The member is NULL where the engine has no schemas.
	 */
	const char *(*own_schema)(struct db *db);

	/*
	 * The schema as it is, settled (schema/schema.h), in the arena. However many tables there
	 * are, it takes the same number of queries, all of one moment. Left out are our own tables,
	 * the engine's, and what belongs to extensions. Inside a transaction it sees what that
	 * changed.
	 */
	bool (*read_schema)(struct db *db, struct schema *ret, struct arena *arena,
	    const struct stop *stop, struct err *err);

	/*
	 * A digest of what read_schema() goes by, with one query: as long as it is the same, so is
	 * the schema. Statistics, temporary objects and our own tables don't change it. It may
	 * change without the schema (a restored server), but not by everyday use.
	 */
	bool (*fingerprint)(struct db *db, char hex[65], const struct stop *stop, struct err *err);

	/*
	 * What people wrote, as this engine would keep it. What can't be found out stays as it was
	 * written. Settled, in the arena; texts may be those of `written`. A server engine finds
	 * out in `db`, by making it there and rolling back (others see nothing of it, and are kept
	 * from nothing); without a session, or the right to make a schema, it knows less.
	 * `live`: what read_schema() gave, and what says the same there needs no finding out. Both
	 * may be NULL.
	 */
	bool (*canonicalise)(struct db *db, const struct schema *written, const struct schema *live,
	    struct schema *ret, struct arena *arena, const struct stop *stop, struct err *err);

	/*
	 * One try at the migration lock of this database, at most one holder among all processes
	 * that reach it. Not blocking; between tries the session is idle, outside any transaction.
	 * Busy is not an error: *holder then says who has it. The lock belongs to this session and
	 * vanishes with its process or connection, however it ends; a lease, unless unlock() ended
	 * it, when its time has run out and no transaction of its holder is open. With
	 * options.create a database that does not exist is made after the lock was taken.
	 */
	bool (*lock_try)(struct db *db, enum db_lock_state *state, struct db_holder *holder,
	    const struct stop *stop, struct err *err);

	/*
	 * Tell those who wait how far we are; they see it within about a second. While a statement
	 * runs on and on what they see changes every few seconds, so that they see that we live.
	 * Best effort.
	 */
	void (*lock_note)(struct db *db, const char *progress);

	/* ERR_LOCK when the lock taken before is not held any more. In a transaction with a lease:
	 * nobody can take it before the transaction's end. commit() asks too. */
	bool (*lock_check)(struct db *db, const struct stop *stop, struct err *err);

	bool (*unlock)(struct db *db, const struct stop *stop, struct err *err);

	const char *dump_format; /* of its dumps, and how their names end: "sqlite" */

	/* Where dumps belong when nobody says: a folder beside the database, in the arena, which
	 * need not be there. NULL: there is no such place. */
	const char *(*dump_folder)(const struct url *url, struct arena *arena);

	/* Bytes a dump is going to have before compression; cheap. 0: there is nothing but our own
	 * tables. */
	bool (*dump_estimate)(
	    struct db *db, int64_t *bytes, const struct stop *stop, struct err *err);

	/*
	 * Write all of the database, as it is at one moment, into `sink`, which is the caller's to
	 * commit or abort. Others go on using the database; the session is outside a transaction.
	 * `scratch` is the path of a file that is not there, beside the dump. With DB_DUMP_IS_FILE
	 * it is made, closed but not flushed, and when it succeeds it stays, for the caller to keep
	 * or remove. Nothing that was written is worth anything when it fails.
	 */
	bool (*dump)(struct db *db, struct sink *sink, const char *scratch,
	    const struct db_progress *progress, struct db_dump_check *check,
	    const struct stop *stop, struct err *err);

	/* Is the file a whole dump of this engine's, not compressed? Needs no session; leaves the
	 * file and its folder as they are. ERR_DATABASE with what is damaged, ERR_DUMP when nobody
	 * is there to tell (a program that is missing). */
	bool (*dump_check)(const char *path, struct db_dump_check *check, const struct stop *stop,
	    struct err *err);

	/* What a dump that was checked, at `path`, has in common with the session's database. */
	bool (*dump_kinship)(struct db *db, const char *path, enum db_kinship *kinship,
	    const struct stop *stop, struct err *err);

	/*
	 * Make the database what the dump at `path` is, all or nothing, while others may have it
	 * open. The lock is held, no transaction open; the database is there (lock_try() made it).
	 * The session is as after open() when it returns.
	 */
	bool (*restore)(struct db *db, const char *path, const struct db_progress *progress,
	    const struct stop *stop, struct err *err);
};

/* db/drivers.c: every driver, ended by NULL. */
extern const struct db_driver *const db_drivers[];

/*
 * The driver for a URL's scheme. NULL with ERR_CONFIG naming the schemes there are.
 */
const struct db_driver *db_driver_for(const struct url *url, struct err *err);

/* What a first word on the command line starts, when it is a driver's program; otherwise NULL. */
const struct db_program *db_program_for(const char *word);

/* db/db.c: append our own SQL, in which db->own takes the place of each `own.`. */
void db_qualify(const struct db *db, const char *sql, struct buf *out);

/* A copy of all of them in the arena. */
void db_rows_copy(struct db_rows *to, const struct db_rows *from, struct arena *arena);

/* Close *db when it is not NULL and make it NULL: for CLEANUP(). */
void db_close(struct db **db);

#endif
