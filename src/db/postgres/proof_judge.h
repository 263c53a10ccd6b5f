/* What is found to be lost. */
#ifndef DB_ENTRY_DB_POSTGRES_PROOF_JUDGE_H
#define DB_ENTRY_DB_POSTGRES_PROOF_JUDGE_H

#include "db/postgres/proof.h"

struct proof_finding {
	struct pg_db *s;
	struct db_proof *proof;
	size_t capacity;
	struct arena *arena;
};

void pg_proof_add(struct proof_finding *finding, const char *object, const char *evidence);

/* As sql/risk.h names it: without the schema that bare names mean. */
const char *pg_proof_title(struct proof_finding *finding, const char *schema, const char *name);

/* proof_temporary.c */
bool pg_proof_judge_temporary(struct pg_db *s, struct proof_finding *finding,
    const struct proof_facts *facts, struct err *err);

/* proof_sequences.c */
bool pg_proof_judge_sequences(struct pg_db *s, struct proof_finding *finding,
    const struct proof_facts *facts, struct err *err);
void pg_proof_sequences_committed(struct pg_db *s);
/* Adds what makes good what setval() did, behind a statement of the script. */
void pg_proof_put_back(struct pg_db *s, struct buf *sql);

#endif
