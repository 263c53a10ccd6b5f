/* What several commands print alike. */
#ifndef DB_ENTRY_CMD_PRINT_H
#define DB_ENTRY_CMD_PRINT_H

#include "base/buf.h"
#include "base/json.h"
#include "flow/flow.h"
#include "migrate/judge.h"
#include "migrate/plan.h"

/* The plan's items, a line or an array element each; with `open_only` those that are not applied.
 */
void cmd_print_items(const struct plan *plan, bool open_only, struct buf *out);
void cmd_add_items(const struct plan *plan, bool open_only, struct json *array);

/* What a statement would do, a line below it; nothing for a safe one. */
void cmd_print_risk(const struct risk *risk, struct buf *out);
void cmd_add_risk(const struct risk *risk, struct json *object);

/* What to approve, where reading says that something may be lost, and what is approved. */
void cmd_print_approval(
    const struct judgement *judgement, const struct flow_approval *approval, struct buf *out);
void cmd_add_approval(const struct flow_approval *approval, struct json *object);

/*
 * One part, statement by statement, with its judgement and what is approved of it; its label and
 * file head it. The session is asked where the schema that is there says more than reading.
 */
bool cmd_print_part(
    const struct flow *flow, const struct migration_part *part, struct buf *out, struct err *err);
bool cmd_add_part(const struct flow *flow, const struct migration_part *part, struct json *object,
    struct err *err);

#endif
