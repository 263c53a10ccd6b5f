/* How much it is: of tables that are written anew, for which others wait, and of what is lost. */
#ifndef DB_ENTRY_FLOW_WEIGHT_H
#define DB_ENTRY_FLOW_WEIGHT_H

#include "base/buf.h"
#include "flow/flow.h"

/* A table that a statement writes anew, where that takes a while. */
struct flow_weight {
	bool big;            /* worth a warning */
	int64_t bytes, rows; /* about; 0: not asked for */
};

/* How much a statement that was judged so is going to write anew. */
bool flow_weigh(
    const struct flow *flow, const struct risk *risk, struct flow_weight *weight, struct err *err);

/* In one line: "copies orders, about 1.2 GB in 3000000 rows; …". */
void flow_weight_text(const struct risk *risk, const struct flow_weight *weight, struct buf *out);

/* "loses 3 values in users.phone". Not `known`: the name may mean another table by then. */
const char *flow_loss_text(
    const struct flow *flow, const struct risk_loss *loss, bool known, struct arena *arena);

#endif
