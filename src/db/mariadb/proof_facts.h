/* What is known of the tables whose rows a transaction changed, and what is made of it. */
#ifndef DB_ENTRY_DB_MARIADB_PROOF_FACTS_H
#define DB_ENTRY_DB_MARIADB_PROOF_FACTS_H

#include "db/mariadb/cascade.h"
#include "db/mariadb/proof.h"

/* A table of the database, and what became of its rows. */
struct my_judged {
	const char *schema, *name, *title;
	bool touched; /* and looked at */
	bool free;    /* it had no row when the run began */
	bool parts;   /* partitions, which count each row twice */
	int64_t deleted, replaced, changed, inserted;
	int64_t beyond;      /* rows that are of this table or of others */
	const char *whereby; /* "log.sql:3: INSERT INTO log …" */
	int64_t most;        /* an UPDATE under a WHERE met, at the most */
	const char *itself;  /* a column that it sets without saying so; NULL: none */
};

struct my_judging {
	struct my_db *s;
	struct arena *arena;
	struct my_db side; /* sees what was there before; opened when it is needed */
	struct sql_script script;
	struct my_judged *tables;
	size_t count;
	struct my_cascades cascades;
	struct db_proof *proof;
	size_t loss_capacity, overwrite_capacity;
	int64_t written; /* rows, by all; of which table nobody says */
	int64_t unnamed; /* rows of nobody knows which table */
	const char *unnamed_by;
	struct err *err;
};

/* The tables, the code that is reached and the foreign keys that act, for the records of s->proof.
 */
bool my_facts_read(struct my_judging *j);

/*
 * The table of this name, or, when there is none by this very one, as the server may fold it; NULL:
 * no catalog has it. `schema` NULL: the session's.
 */
struct my_judged *my_facts_find(struct my_judging *j, const char *schema, const char *name);

/* Had it a row when the run began, or (`column` not NULL) a value in this column of one? */
bool my_facts_had_rows(
    struct my_judging *j, const char *schema, const char *name, const char *column);

#endif
