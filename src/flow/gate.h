/* The way of one part of a migration through the gate. */
#ifndef DB_ENTRY_FLOW_GATE_H
#define DB_ENTRY_FLOW_GATE_H

#include "flow/steps.h"
#include "migrate/judge.h"

struct gate {
	struct flow *flow;
	struct arena arena;
	struct judgement judgement;
	struct db_proof proof;
	const char **found; /* what the schema that is there told of statements; of `found_count` */
	size_t found_count, found_capacity;
	const char *approval; /* the one used; NULL: none was needed */
	bool again;           /* gate_prove() wants the transaction done once more */
	bool refused;         /* it refused */
};

/* Close with gate_close(). */
void gate_open(struct gate *gate, struct flow *flow, const struct migration_part *part);
void gate_close(struct gate *gate);

/* Before its first statement, outside a transaction. */
bool gate_before(struct gate *gate, struct err *err);

/* Tell what was overwritten under a WHERE. */
void gate_report_overwrite(const struct gate *gate, const struct db_overwrite *overwrite);

/* Behind its last statement, in the transaction, where the driver has a proof. */
bool gate_prove(struct gate *gate, struct err *err);

/* After the rollback: the refusal again, with samples of what would be lost. Always false. */
bool gate_explain(struct gate *gate, struct err *err);

#endif
