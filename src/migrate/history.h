/*
 * The history as the database has it, and how it is written.
 *
 * db_entry_history holds a row a migration, db_entry_run a row a run that changed anything. A
 * migration's row is written in its own transaction, so both are there or neither; outside a
 * transaction it goes started → (statements done) → applied, each step committed.
 *
 * Versions given to these functions are compared as numbers where a row may have been written under
 * another spelling ("7" and "007").
 */
#ifndef DB_ENTRY_MIGRATE_HISTORY_H
#define DB_ENTRY_MIGRATE_HISTORY_H

#include "db/db.h"
#include "migrate/migration.h"

enum history_state {
	HISTORY_STARTED,
	HISTORY_APPLIED,
	HISTORY_REVERTED
};

struct history_row {
	const char *version;
	const char *name; /* "" when it had none */
	const char *checksum;
	enum history_state state;
	int64_t position; /* 1 for the first ever applied, then 2 …: the order of application */
	int statements_done, statements_total;
	bool breaks_older; /* its floor: images that don't know it must not start */
	/*
	 * With HISTORY_STARTED: it was applied, and its rollback began. statements_done then counts
	 * those of the down part; `undo` has it as it was kept, NULL when it can't be read.
	 */
	bool reverting;
	const struct migration *undo;
	const char *started_at;
	const char *finished_at;      /* NULL while started, except of one that is reverting */
	const char *failed_at;        /* while started: when its next statement failed; or NULL */
	const char *failed_statement; /* its text; NULL: none failed, or too long to be kept */
	const char *done_checksum; /* while started, of those done: sql_add_checksum(); or NULL */
	const char *run;           /* id of the run that wrote it last */
};

struct history {
	bool exists;              /* false: our tables are not there, `count` is 0 */
	struct history_row *rows; /* by position */
	size_t count;
	int64_t last_position; /* the greatest, 0 without a row */
};

/* Who writes: the same for all rows of one process. */
struct history_run {
	char id[33];             /* 32 hex digits, random */
	const char *command;     /* "run", "apply", "baseline", "repair", "rollback" */
	const char *app_version; /* NULL: not given */
	char host[256];
	char started_at[32];
	const char *dump_id;  /* of the dump that was made before; NULL: none */
	const char *approval; /* of the migration that is written next; NULL: none was used */
	const char *detail;   /* what was asked for beside the command: "forget 0002"; or NULL */

	/*
	 * What the functions below count up as they write. The caller sets `position` from what it
	 * read under the lock, and puts both back when what they count was rolled back.
	 */
	bool recorded;    /* its row is written */
	int64_t position; /* the history's last */
};

/*
 * All rows, one a version. ERR_HISTORY for rows that can't be understood: a state nobody knows, a
 * version that is no number, two applied rows with one version.
 */
bool history_read(struct history *history, struct db *db, struct arena *arena,
    const struct stop *stop, struct err *err);

/* What it asks. */
extern const char history_read_sql[];

/* A new run with a random id. */
void history_run_init(struct history_run *run, const char *command, const char *app_version);

/* Make our tables when they are missing. Inside the lock, outside a transaction. */
bool history_prepare(struct db *db, const struct stop *stop, struct err *err);

/*
 * The steps of one migration: in its transaction history_applied() alone, which writes the whole
 * row; otherwise history_start(), history_statement_done() after each statement, and
 * history_finished(), each of which commits by itself. The run's row is written too when it is not
 * there yet. `former` is the row the history has of the migration already, NULL for none: one that
 * was reverted or had no statement makes room.
 */
bool history_applied(struct db *db, struct history_run *run, const struct migration *migration,
    const struct history_row *former, const char *started_at, const struct stop *stop,
    struct err *err);
bool history_start(struct db *db, struct history_run *run, const struct migration *migration,
    const struct history_row *former, const struct stop *stop, struct err *err);
bool history_statement_done(struct db *db, const struct migration *migration, int done,
    const char *checksum, const struct stop *stop, struct err *err);
/* The statement behind those done failed, as the database answered. */
bool history_statement_failed(struct db *db, const struct migration *migration,
    const struct sql_statement *statement, const struct stop *stop, struct err *err);
/* Go on with one that is started, by a file that may have been corrected behind those done. */
bool history_resume(struct db *db, struct history_run *run, const struct migration *migration,
    int done, const char *checksum, const struct stop *stop, struct err *err);
bool history_finished(struct db *db, struct history_run *run, const struct migration *migration,
    const struct stop *stop, struct err *err);

/* Count a migration as applied without running it: as applied, with 0 statements done. */
bool history_baseline(struct db *db, struct history_run *run, const struct migration *migration,
    const struct history_row *former, const struct stop *stop, struct err *err);

/*
 * Rolling back. The down part of an applied row, as the history keeps it: a migration without an up
 * part, whose `file` is words for messages. down.count is 0 when none is kept. Costs a query, which
 * no other command needs. ERR_HISTORY when it is not what was kept.
 */
bool history_read_down(struct migration *ret, struct db *db, const struct history_row *row,
    struct arena *arena, const struct stop *stop, struct err *err);

/*
 * The steps of one rollback: in its transaction history_reverted() alone; otherwise
 * history_revert_start(), history_statement_done() after each statement, and history_reverted().
 * history_revert_cancel() takes back a start of this run, of which nothing was done. The row keeps
 * its position and its down part.
 */
bool history_reverted(struct db *db, struct history_run *run, const struct migration *undo,
    const char *started_at, const struct stop *stop, struct err *err);
bool history_revert_start(struct db *db, struct history_run *run, const struct migration *undo,
    const char *started_at, const struct stop *stop, struct err *err);
bool history_revert_cancel(struct db *db, const struct history_run *run,
    const struct history_row *former, const struct stop *stop, struct err *err);

/*
 * What `repair` does to a row that is there; each writes the run's row too. Whether it makes sense
 * is the caller's to judge: a version without a row is no error.
 */

/* Remove it: nothing of the migration was done, or somebody says that it is to be forgotten. */
bool history_forget(struct db *db, struct history_run *run, const char *version,
    const struct stop *stop, struct err *err);

/* An unfinished migration was finished by hand (HISTORY_APPLIED) or undone (HISTORY_REVERTED); of
 * an unfinished rollback it is the other way round. */
bool history_settle(struct db *db, struct history_run *run, const char *version,
    enum history_state state, const struct stop *stop, struct err *err);

/* Take the file's name, checksum and down part for an applied one, because somebody said so. */
bool history_accept(struct db *db, struct history_run *run, const struct migration *migration,
    const struct stop *stop, struct err *err);

/* Write the run's row alone, for a command that changed no migration's; nothing without our tables.
 */
bool history_record(
    struct db *db, struct history_run *run, const struct stop *stop, struct err *err);

/* Write how a run ended, when its row is there. `outcome` is an exit code. */
bool history_run_finished(
    struct db *db, struct history_run *run, int outcome, const struct stop *stop, struct err *err);

const char *history_state_name(enum history_state state);

#endif
