/*
 * Live against the mirror: may the application be started on what is there? Judged only when the
 * history is the image's set, and only in what the mirror states.
 */
#ifndef DB_ENTRY_FLOW_VERIFY_H
#define DB_ENTRY_FLOW_VERIFY_H

#include "flow/steps.h"

/*
 * Read what is judged by, as far as it is needed to know whether a verdict still holds. No mirror,
 * DB_ENTRY_MISMATCH=ignore or an image without migrations: nothing is judged.
 */
bool flow_expect(struct flow *flow, struct err *err);

/* The same and parse it: ERR_MALFORMED before anything is changed. */
bool flow_expect_parsed(struct flow *flow, struct err *err);

/* Will the history be the image's set once all that is pending is applied? */
bool flow_verify_applies(const struct flow *flow);

/* Was the verdict of a snapshot found by what is expected now? */
bool flow_verdict_holds(const struct flow *flow, const struct snapshot *snapshot);

/* Compare: the verdict goes into `now`. Then as flow_verdict(), with what differs. */
bool flow_verify(
    struct flow *flow, const struct schema *live, struct snapshot *now, struct err *err);

/*
 * What a verdict means here: log a warning, or ERR_MISMATCH, as DB_ENTRY_MISMATCH says. `diff`
 * NULL: what differs is not known any more.
 */
bool flow_verdict(const struct flow *flow, const struct snapshot *snapshot,
    const struct schema_diff *diff, struct err *err);

/* Would flow_verdict() refuse? */
bool flow_verdict_refuses(const struct flow *flow, const struct snapshot *snapshot);

#endif
