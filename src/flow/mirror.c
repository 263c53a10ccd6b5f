#include "flow/mirror.h"

struct schema flow_schema_model(const struct flow *flow)
{
	return (struct schema){
	    .kinds = flow->driver->kinds,
	    .dialect = flow->driver->dialect,
	    .engine = flow->driver->name,
	};
}

void flow_leave_out_ignored(struct flow *flow, struct schema *schema)
{
	(void)flow, (void)schema; /* MERGE */
}

bool flow_read_mirror(struct flow *flow, struct mirror *mirror, struct err *err)
{
	const struct schema model = flow_schema_model(flow);
	return mirror_read(
	    mirror, config_text(flow->config, SETTING_MIRROR), &model, &flow->arena, err);
}

bool flow_need_mirror(const struct mirror *mirror, struct err *err)
{
	if (mirror->version != 0)
		return true;
	err_set(err, ERR_CONFIG, "there is no mirror at %s", mirror->path);
	err_next(err, "db-entry mirror pull, to write one of the database as it is");
	return err_next(err, "or name it: DB_ENTRY_MIRROR, --mirror");
}

bool flow_compare(struct flow *flow, const struct mirror *mirror, const struct schema *live,
    struct schema_diff *diff, struct err *err)
{
	struct schema stated = mirror->schema;
	/* What states only some things can't be created; its comparison is lenient instead. */
	if (!mirror->partial &&
	    !flow->driver->canonicalise(&mirror->schema, &stated, &flow->arena, &flow->stop, err))
		return false;
	struct schema *kept = arena_alloc(&flow->arena, sizeof(*kept));
	*kept = stated;
	schema_diff(diff, kept, live, mirror->partial, &flow->arena);
	return true;
}
