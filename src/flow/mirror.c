#include "flow/mirror.h"
#include "base/log.h"
#include "flow/events.h"
#include "schema/ignore.h"
#include "schema/rename.h"
#include <string.h>

struct schema flow_schema_model(const struct flow *flow)
{
	return (struct schema){
	    .kinds = flow->driver->kinds,
	    .dialect = flow->driver->dialect,
	    .engine = flow->driver->name,
	};
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

void flow_warn_unknown(const struct mirror *mirror)
{
	for (size_t i = 0; i < mirror->unknown_count; i++) {
		const struct mirror_unknown *it = &mirror->unknown[i];
		CLEANUP(buf_free) struct buf text = buf_init(4096);
		mirror_unknown_text(it, &text);
		log_event(&events[EVENT_MIRROR_UNKNOWN],
		    FIELDS(FIELD("file", mirror->path), FIELD_INT("line", it->line),
			FIELD_INT("column", it->column), FIELD("where", it->where),
			FIELD("key", it->key), FIELD("nearest", it->nearest)),
		    "%s:%d:%d: %s", mirror->path, it->line, it->column, text.data);
	}
	if (mirror->unknown_more > 0)
		log_event(&events[EVENT_MIRROR_UNKNOWN], FIELDS(FIELD("file", mirror->path)),
		    "%s: %zu more keys that nothing reads", mirror->path, mirror->unknown_more);
}

bool flow_catalog_text(
    const struct flow *flow, const struct schema *live, struct buf *out, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	const struct schema model = flow_schema_model(flow);
	struct mirror empty = {.path = "", .schema = model, .arena = &arena};
	schema_settle(&empty.schema, &arena);
	return mirror_text(&empty, live, out, err);
}

bool flow_parse_catalog(
    struct flow *flow, const struct buf *text, struct schema *schema, struct err *err)
{
	const struct schema model = flow_schema_model(flow);
	struct mirror mirror = {0};
	bool ok = mirror_parse(
	    &mirror, text->data, text->len, "db_entry_snapshot", &model, &flow->arena, err);
	if (ok)
		*schema = mirror.schema;
	mirror_close(&mirror);
	return ok;
}

struct schema flow_as_written(struct flow *flow, const struct schema *live)
{
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	struct schema now = *live;
	struct err ignored; /* then it is compared as it is */
	if (flow_catalog_text(flow, live, &text, &ignored))
		flow_parse_catalog(flow, &text, &now, &ignored);
	return now;
}

struct schema *flow_without_ignored(struct flow *flow, const struct schema *schema)
{
	struct schema *kept = arena_alloc(&flow->arena, sizeof(*kept));
	*kept = *schema;
	schema_ignore(kept, config_text(flow->config, SETTING_IGNORE), &flow->arena);
	return kept;
}

/* What names the schema that objects are in anyway says the same as what names none. */
static void shorten(struct flow *flow, struct schema *schema)
{
	const char *own =
	    flow->driver->own_schema == NULL ? NULL : flow->driver->own_schema(flow->db);
	bool found = false;
	for (size_t i = 0; own != NULL && i < schema->count; i++) {
		if (strcmp(schema->objects[i].schema, own) != 0)
			continue;
		schema->objects[i].schema = "";
		found = true;
	}
	if (found)
		schema_settle(schema, &flow->arena);
}

bool flow_compare(struct flow *flow, struct mirror *mirror, const struct schema *live,
    struct schema_diff *diff, struct err *err)
{
	shorten(flow, &mirror->schema);
	struct schema *stated = flow_without_ignored(flow, &mirror->schema), written = *stated;
	const struct schema *there = flow_without_ignored(flow, live);
	struct schema_diff found;
	schema_diff(&found, stated, there, mirror->partial, &flow->arena);
	/*
	 * What says the same already needs no canonical form, which takes far longer than the rest;
	 * and what states only some things can't be created: its comparison is lenient instead.
	 */
	if (found.count > 0 && !mirror->partial) {
		const struct schema kept = flow_as_written(flow, there);
		if (!flow->driver->canonicalise(
			flow->db, &written, there, stated, &flow->arena, &flow->stop, err))
			return false;
		schema_renames_carry(stated, &written);
		schema_diff(&found, stated, &kept, false, &flow->arena);
	}
	*diff = found;
	return true;
}

struct schema flow_mirrored(
    struct flow *flow, const struct mirror *mirror, const struct schema *live)
{
	struct schema written = *live;
	struct schema_renames renames;
	schema_renames_find(&renames, &mirror->schema, live, &flow->arena);
	if (renames.count > 0)
		written = schema_renamed(live, &renames, &flow->arena);
	schema_ignore_as_in(
	    &written, &mirror->schema, config_text(flow->config, SETTING_IGNORE), &flow->arena);
	return written;
}
