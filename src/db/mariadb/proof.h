/*
 * The proof beside a migration's transaction, which holds rows changed and nothing else: the server
 * counts them for the session (Handler_delete, Handler_update), whoever's statement, trigger or
 * function it was. What it counts is held against what each statement says; what foreign keys do is
 * not counted, and goes by the catalog (cascade.h).
 */
#ifndef DB_ENTRY_DB_MARIADB_PROOF_H
#define DB_ENTRY_DB_MARIADB_PROOF_H

#include "db/mariadb/change.h"
#include "db/mariadb/mariadb.h"

/* Rows that handlers deleted, changed and added in this session so far. */
struct my_counts {
	int64_t deleted, updated, written;
};

/* A statement that was run in the transaction. */
struct my_record {
	const struct sql_statement *statement;
	int64_t affected;
	int64_t matched; /* by its condition; -1: not said */
	struct my_counts own;
	bool counted; /* `own` is known */
	/* For the judgement alone, and in its arena: */
	struct my_change *change;
	bool fires; /* it names or calls code that may do more */
};

/* What this run made: a table, or (not NULL) a column of it. */
struct my_made {
	const char *schema, *table, *column;
};

/* Some of the rows that a DELETE would delete. */
struct my_sample {
	const char *object, *from; /* "rows of users"; what stands behind FROM */
	const char *schema, *table;
};

struct my_proof {
	struct arena run;
	struct my_made *made;
	size_t made_count, made_capacity;

	struct arena transaction; /* what follows, up to the end of it */
	bool counted;             /* `begun` is known: before the first statement */
	struct my_counts begun, last;
	struct my_record *records;
	size_t count, capacity;
	bool overwrites; /* of what the run has not made */

	/* Outside a transaction: what the last statement overwrote; `rows` 0: nothing. */
	struct arena told;
	struct db_overwrite overwrote;

	bool detailed; /* the transaction is done again, and each statement is counted */
	bool spoiled;  /* what was rolled back left its mark on the session */

	struct arena refused;
	struct my_sample *samples;
	size_t sample_count, sample_capacity;
};

/* --- proof.c --- */

void my_proof_new(struct my_db *s);
void my_proof_close(struct my_db *s);

void my_proof_begun(struct my_db *s);

/* Before each statement. */
bool my_proof_before(struct my_db *s, struct err *err);

/* Behind a statement that was done: first, before anything else is asked, how many rows it met. */
int64_t my_proof_matched(const struct my_db *s);
bool my_proof_after(struct my_db *s, const struct sql_statement *statement,
    const struct my_request *request, int64_t matched, struct err *err);
void my_proof_committed(struct my_db *s);
void my_proof_rolled_back(struct my_db *s);

bool my_overwrote(struct db *db, struct db_overwrite *overwrite);
bool my_prove(struct db *db, struct db_proof *proof, struct arena *arena, const struct stop *stop,
    struct err *err);
bool my_samples(struct db *db, struct db_proof *proof, struct arena *arena, const struct stop *stop,
    struct err *err);

/* --- proof_made.c --- */

/* Outside a transaction: it may have made something, or moved what was made. */
void my_made_after(struct my_db *s, const struct sql_statement *statement, unsigned warnings);
void my_made_forget(struct my_db *s);

/* Are the rows of a table those of others, or elsewhere? By its engine. `schema` NULL: as below. */
bool my_leads_elsewhere(
    struct my_db *s, const char *schema, const char *table, bool *leads, struct err *err);

/* `schema` NULL: the session's. `column` NULL: the table itself. */
bool my_made_has(const struct my_db *s, const char *schema, const char *table, const char *column);

/* --- proof_judge.c --- */

/* *again: what it was that changed rows can't be told yet. */
bool my_proof_judge(struct my_db *s, struct db_proof *proof, const struct my_counts *counts,
    bool *again, struct arena *arena, struct err *err);

#endif
