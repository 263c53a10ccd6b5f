#include "flow/weight.h"
#include "base/text.h"
#include <string.h>

/* What takes longer than a moment on any disk. */
#define COPY_BYTES     ((int64_t)32 << 20)
#define IN_PLACE_BYTES ((int64_t)1 << 30)

enum {
	COUNT_MOST = 1000000,
	COUNT_MS = 5000
};

bool flow_weigh(
    const struct flow *flow, const struct risk *risk, struct flow_weight *weight, struct err *err)
{
	*weight = (struct flow_weight){.big = false};
	if (flow->driver->weigh == NULL || flow->db == NULL || risk->altered == NULL ||
	    risk->how < SQL_HOW_IN_PLACE)
		return true;
	if (!flow->driver->weigh(flow->db, risk->altered_schema, risk->altered, &weight->bytes,
		&weight->rows, &flow->stop, err))
		return false;
	weight->big =
	    weight->bytes >= (risk->how == SQL_HOW_IN_PLACE ? IN_PLACE_BYTES : COPY_BYTES);
	return true;
}

void flow_weight_text(const struct risk *risk, const struct flow_weight *weight, struct buf *out)
{
	bool in_place = risk->how == SQL_HOW_IN_PLACE;
	char size[32];
	text_bytes(weight->bytes, size, sizeof(size));
	buf_printf(out, "%s %s%s, about %s in %lld row%s%s",
	    in_place                      ? "writes"
	    : risk->how == SQL_HOW_UNSURE ? "may copy"
					  : "copies",
	    risk->altered, in_place ? " anew" : "", size, (long long)weight->rows,
	    weight->rows == 1 ? "" : "s", in_place ? "" : "; nobody can write to it meanwhile");
}

/* Rows under a condition are not. */
static bool counts(const struct flow *flow, const struct risk_loss *loss, int64_t *count)
{
	const struct stop soon = stop_within(&flow->stop, COUNT_MS);
	struct err ignored; /* then no number is told */
	return flow->driver->count != NULL && flow->db != NULL && loss->table != NULL &&
	       !text_starts(loss->object, "rows of ") &&
	       flow->driver->count(flow->db, loss->schema, loss->table, loss->column, COUNT_MOST,
		   count, &soon, &ignored);
}

const char *flow_loss_text(
    const struct flow *flow, const struct risk_loss *loss, bool known, struct arena *arena)
{
	int64_t count = 0;
	if (!known || !counts(flow, loss, &count))
		return arena_printf(arena, "loses %s", loss->object);
	bool more = count > COUNT_MOST;
	const char *than = more ? "more than " : "";
	count = more ? COUNT_MOST : count;
	if (loss->column == NULL)
		return arena_printf(arena, "loses %s with %s%lld row%s", loss->object, than,
		    (long long)count, count == 1 ? "" : "s");
	return arena_printf(arena, "loses %s%lld value%s in %s", than, (long long)count,
	    count == 1 ? "" : "s", loss->object + strlen("column "));
}
