/* The mirror of the run's database, and how the database differs from it. */
#ifndef DB_ENTRY_FLOW_MIRROR_H
#define DB_ENTRY_FLOW_MIRROR_H

#include "flow/flow.h"
#include "schema/diff.h"
#include "schema/mirror.h"

/*
 * Read the file SETTING_MIRROR names into the flow's arena; a missing one has version 0. Needs the
 * flow's driver alone. Of another engine's, which is ERR_CONFIG, `foreign` says so: to a caller
 * that only judges by a mirror it is none. Close with mirror_close() whatever it returns.
 */
bool flow_read_mirror(struct flow *flow, struct mirror *mirror, struct err *err);

/* What a model of the run's database is made with: the driver's kinds and dialect, no objects. */
struct schema flow_schema_model(const struct flow *flow);

/* The live schema as text, in the form it is kept in; and such a text as a schema, in the arena. */
bool flow_catalog_text(
    const struct flow *flow, const struct schema *live, struct buf *out, struct err *err);
bool flow_parse_catalog(
    struct flow *flow, const struct buf *text, struct schema *schema, struct err *err);

/*
 * The live schema as it is once it was written and read: what a mirror can't hold, such as bytes
 * that are no UTF-8, is no difference then. In the flow's arena.
 */
struct schema flow_as_written(struct flow *flow, const struct schema *live);

/* Without what SETTING_IGNORE names; in the arena, the objects stay in their memory. */
struct schema *flow_without_ignored(struct flow *flow, const struct schema *schema);

/* Log its keys that nothing reads. */
void flow_warn_unknown(const struct mirror *mirror);

/* ERR_CONFIG with advice when there is no file. */
bool flow_need_mirror(const struct mirror *mirror, struct err *err);

/*
 * What the mirror states as the engine would keep it, against the live schema: the mirror is the
 * left side. What SETTING_IGNORE says is left out of both. Objects of the mirror that name the
 * session's own schema name none afterwards.
 */
bool flow_compare(struct flow *flow, struct mirror *mirror, const struct schema *live,
    struct schema_diff *diff, struct err *err);

/*
 * What a pull writes: the live schema, where renames the mirror announces and the database lacks
 * stay announced, and what is ignored stays as the mirror has it.
 */
struct schema flow_mirrored(
    struct flow *flow, const struct mirror *mirror, const struct schema *live);

#endif
