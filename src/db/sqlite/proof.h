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
	bool rowid;     /* no column of its own: the rowid of a virtual table */
	bool text;      /* declared to hold text */
	bool retyped;   /* the one that has its place now is declared otherwise in that */
	bool loose;     /* so .0 at the end of a number says nothing; since the first pass */
	bool skip;      /* not compared: gone, or free */
	bool dropped;   /* by ALTER TABLE; one of its name may be there again */
	bool gone;      /* known to be lost, since the first pass */
};

/* Where the rows of a table are. */
enum proof_kind {
	PROOF_PLAIN,
	PROOF_VIRTUAL, /* its own, whose rowids others may know */
	PROOF_DERIVED, /* elsewhere, in what it is made from */
	PROOF_TERMS,   /* nowhere: FTS5 that keeps only the terms, which can be listed */
	PROOF_BLIND    /* the same, but they can't be */
};

/* A table that was there with rows and is touched. */
struct proof_table {
	const char *name;   /* when it was hashed */
	const char *now;    /* NULL: dropped */
	const char *origin; /* as it was called before this transaction */
	enum proof_kind kind;
	struct proof_column *columns;
	size_t column_count;
	int64_t rows;
	int changes; /* sqlite3_total_changes() when it was hashed */
	struct proof_hash sum;
	struct proof_hash *hashes; /* a row each, sorted; NULL in the first pass */
	struct proof_hash *lost;   /* of them, those not found again; for samples */
	size_t lost_count;
};

/* A table or, with `column`, a column of one, that holds nothing from before the run. */
struct proof_free {
	const char *table, *column;
	bool tainted; /* it holds what was read from tables that do */
	bool past;    /* it did when an earlier migration ended: not free, but made by this run */
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

/* Found in the first pass, for the second: the column is gone, or `loose`. */
struct proof_skip {
	const char *table, *column;
	bool loose;
};

/* A table that rows were added to while it was not compared yet. */
struct proof_added {
	const char *name, *now; /* when they were, and by now */
};

struct proof_names {
	const char **items;
	size_t count, capacity;
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
	const char **reads; /* tables, in `statement` */
	size_t read_count, read_capacity;
	bool reads_temporary, writes_temporary;
	bool temporary_tainted; /* a temporary table holds rows from before */
	const struct sql_statement *running;
	const char *guarded; /* outside a transaction: a table of which not every row may change */
	struct proof_skip *skips; /* in `run` */
	size_t skip_count, skip_capacity;
	struct db_overwrite *overwrites;
	size_t overwrite_count, overwrite_capacity;
	struct proof_added *added;
	size_t added_count, added_capacity;
	struct proof_names suspects; /* an UPDATE … WHERE changed every row of it; in `run` */
	struct proof_names early;    /* compared from its first new row on; in `run` */
	bool reshaped;               /* a table was made, altered or dropped */
	bool again;                  /* a suspect was found, and is not compared yet */
	bool detailed;               /* the second pass */
};

/* proof_see.c; the authorizer saw this in the statement that is being prepared. */
void proof_see(struct sqlite_db *s, int action, const char *first, const char *second,
    const char *schema, const char *trigger);
void proof_statement(struct sqlite_db *s); /* one is going to be prepared */

/* Does the statement that was prepared read what may hold rows from before? */
bool proof_reads_old(struct sqlite_db *s, bool *yes, struct err *err);

/* proof_free.c; with `column` NULL: the table itself. */
struct proof_free *proof_find_free(
    struct sqlite_proof *proof, const char *table, const char *column);
void proof_add_free(struct sqlite_proof *proof, const char *table, const char *column);
void proof_drop_free(struct sqlite_proof *proof, const char *table); /* and its columns */
bool proof_is_tainted(const struct sqlite_proof *proof, const char *table);

/* May it take the place of a table that is gone? Not when it has a past of its own. */
bool proof_may_succeed(struct sqlite_proof *proof, const char *table);

/* Taint what the statement that was prepared writes, when it reads what is old. */
bool proof_taint(struct sqlite_db *s, struct err *err);
void proof_settle_taint(struct sqlite_proof *proof); /* a migration is over */
void proof_copy_free(
    struct sqlite_proof *proof, struct proof_free_list *to, const struct proof_free_list *from);

/* proof_virtual.c */
bool proof_kind(struct sqlite_db *s, const char *table, enum proof_kind *kind, struct err *err);
bool proof_is_fts5(struct sqlite_db *s, const char *table, bool *yes, struct err *err);

/* Between the two, a temporary table lists the terms of an FTS5 table, a row each. */
#define PROOF_TERMS_TABLE "db_entry_terms"
bool proof_terms_open(struct sqlite_db *s, const char *table, struct err *err);
bool proof_terms_close(struct sqlite_db *s, struct err *err);

/* proof.c */
bool proof_before(struct sqlite_db *s, const struct sql_statement *statement, struct err *err);
void proof_after(struct sqlite_db *s, const struct sql_statement *statement);

/* After a guarded statement: fails when it changed every row, and is then to be undone. */
bool proof_guard(struct sqlite_db *s, struct err *err);
void proof_begin(struct sqlite_db *s);
void proof_committed(struct sqlite_db *s);
void proof_rolled_back(struct sqlite_db *s);
void proof_free_all(struct sqlite_db *s);

/* What the first pass noted for the second. */
void proof_forget_notes(struct sqlite_proof *proof);

/* In the next pass, leave the column out, as it is known to be lost, or take it as `loose`. */
void proof_skip(struct sqlite_proof *proof, const char *table, const char *column, bool loose);

/* The table that should now hold what this one held; NULL: there is none. */
bool proof_successor(
    struct sqlite_db *s, const struct proof_table *table, const char **name, struct err *err);

/* proof_judge.c */
bool sqlite_prove(struct db *db, struct db_proof *proof, struct arena *arena,
    const struct stop *stop, struct err *err);
bool sqlite_samples(struct db *db, struct db_proof *proof, struct arena *arena,
    const struct stop *stop, struct err *err);

/* proof_scan.c: SQL that tells of a row of table_xinfo whether its column is declared as text. */
#define PROOF_IS_TEXT                                                                              \
	"(type LIKE '%char%' OR type LIKE '%clob%' OR type LIKE '%text%') AND type NOT LIKE "      \
	"'%int%'"

/* Its columns, without generated ones, by its kind. */
bool proof_columns(struct sqlite_db *s, struct proof_table *table, struct err *err);

/*
 * Count and hash the rows of `name` over the columns that are not skipped, by their names of
 * `now` or, when it is the `first` time, as they are.
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

/* Is it a table of this database? */
bool proof_exists(struct sqlite_db *s, const char *table, bool *yes, struct err *err);
bool proof_has_rows(struct sqlite_db *s, const char *table, bool *yes, struct err *err);

#endif
