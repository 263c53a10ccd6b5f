/*
 * The proof: what was in the database when the run began is still there before COMMIT.
 *
 * The authorizer tells which tables a statement touches other than by adding rows. Before the first
 * such statement a table is counted and hashed, before COMMIT again. Where the sums differ, the
 * transaction is done once more with a hash a row, which tells what is lost. Free of all that:
 * tables this run made or found empty, and columns it added.
 */
#ifndef DB_ENTRY_DB_SQLITE_PROOF_H
#define DB_ENTRY_DB_SQLITE_PROOF_H

#include "db/db.h"
#include <sqlite3.h>

struct sqlite_db;

struct proof_hash {
	uint64_t a, b;
};

struct proof_column {
	const char *name; /* when the table was hashed */
	const char *now;
	int64_t values; /* that were not NULL */
	bool skip;      /* not compared: gone, or free */
	bool dropped;   /* by ALTER TABLE; one of its name may be there again */
	bool gone;      /* known to be lost, since the first pass */
};

/* A table that was there with rows and is touched. */
struct proof_table {
	const char *name;   /* when it was hashed */
	const char *now;    /* NULL: dropped */
	const char *origin; /* as it was called before this transaction */
	struct proof_column *columns;
	size_t column_count;
	int64_t rows;
	struct proof_hash sum;
	struct proof_hash *hashes; /* a row each, sorted; NULL in the first pass */
	struct proof_hash *lost;   /* of them, those not found again; for samples */
	size_t lost_count;
};

/* A table or, with `column`, a column of one, that holds nothing from before the run. */
struct proof_free {
	const char *table, *column;
	bool tainted; /* it holds what was read from tables that do */
};

struct proof_free_list {
	struct proof_free *items;
	size_t count, capacity;
};

struct proof_effect {
	int action;
	const char *table, *column;
	bool trigger; /* by a trigger's action */
};

/* A table that was renamed in this transaction. */
struct proof_alias {
	const char *origin, *now;
};

/* Found in the first pass, for the second. */
struct proof_skip {
	const char *table, *column;
};

struct sqlite_proof {
	struct arena run;             /* as long as the session */
	struct arena transaction;     /* what is known of this one */
	struct arena statement;       /* `effects` */
	struct proof_free_list free;  /* in `run` */
	struct proof_free_list saved; /* the same, as of BEGIN */
	struct proof_table *tables;
	size_t count, capacity;
	struct proof_alias *aliases;
	size_t alias_count, alias_capacity;
	struct proof_effect *effects;
	size_t effect_count, effect_capacity;
	const struct sql_statement *running;
	bool reads_old;           /* this statement reads a table from before */
	struct proof_skip *skips; /* in `run` */
	size_t skip_count, skip_capacity;
	struct db_overwrite *overwrites;
	size_t overwrite_count, overwrite_capacity;
	const char **suspects; /* tables of which an UPDATE … WHERE changed every row; in `run` */
	size_t suspect_count, suspect_capacity;
	bool again;    /* a suspect was found, and is not compared yet */
	bool detailed; /* the second pass */
};

/* proof.c; the authorizer saw this in the statement that is being prepared. */
void proof_see(struct sqlite_db *s, int action, const char *first, const char *second,
    const char *schema, const char *trigger);
void proof_statement(struct sqlite_db *s); /* one is going to be prepared */
bool proof_before(struct sqlite_db *s, const struct sql_statement *statement, struct err *err);
void proof_after(struct sqlite_db *s, const struct sql_statement *statement);
void proof_begin(struct sqlite_db *s);
void proof_committed(struct sqlite_db *s);
void proof_rolled_back(struct sqlite_db *s);
void proof_free_all(struct sqlite_db *s);

/* In the next pass, leave the column out: it is known to be lost. */
void proof_skip(struct sqlite_proof *proof, const char *table, const char *column);

/* The table that should now hold what this one held; NULL: there is none. */
bool proof_successor(
    struct sqlite_db *s, const struct proof_table *table, const char **name, struct err *err);

/* proof_judge.c */
bool sqlite_prove(struct db *db, struct db_proof *proof, struct arena *arena,
    const struct stop *stop, struct err *err);
bool sqlite_samples(struct db *db, struct db_proof *proof, struct arena *arena,
    const struct stop *stop, struct err *err);

/* proof_scan.c: its columns, without generated ones. */
bool proof_columns(struct sqlite_db *s, struct proof_table *table, struct err *err);

/*
 * Count and hash the rows of `name` over the columns that are not skipped, by their names of
 * `now` or, with `as_before`, as they were. NULL for what is not wanted.
 */
struct proof_scan {
	int64_t rows;
	struct proof_hash sum;
	struct proof_hash *hashes; /* malloc; NULL unless `detailed` */
	size_t capacity;
	bool detailed;
	bool (*row)(void *context, sqlite3_stmt *statement, struct proof_hash hash);
	void *context;
};

bool proof_scan(struct sqlite_db *s, const char *name, struct proof_table *table,
    struct proof_scan *scan, bool first, struct err *err);
int proof_hash_compare(const void *a, const void *b);

/* True in *yes when the text of SQL, with the name bound to ?1, gives a row that is not 0. */
bool proof_ask(struct sqlite_db *s, const char *sql, const char *name, bool *yes, struct err *err);
bool proof_has_rows(struct sqlite_db *s, const char *table, bool *yes, struct err *err);

#endif
