#include "cmd/mirror.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "flow/mirror.h"
#include <string.h>

static const struct cmd_option options[] = {
    {"name", "TABLE", "add-table, remove-table: the table"},
    {"columns", "COLUMNS", "add-table: name:type[:pk|unique|notnull|null]…, with commas between"},
    {"format", "text|json", "list-tables: how"},
    {"engine", "NAME", "whose schema it is, where no database URL says so"},
    {0},
};

/* What an action works with. */
struct work {
	struct cmd_call *call;
	struct flow flow;
	struct mirror mirror;
	struct buf out;
};

static bool write_mirror(struct work *w, const struct schema *schema, struct err *err)
{
	bool changed;
	if (!mirror_write(&w->mirror, schema, &changed, err))
		return false;
	buf_printf(&w->out, "%s: %s\n", w->mirror.path, changed ? "written" : "unchanged");
	return true;
}

static bool pull(struct work *w, struct err *err)
{
	struct schema live;
	struct schema_diff diff;
	struct flow *flow = &w->flow;
	if (!flow_wait(flow, err) ||
	    !flow->driver->read_schema(flow->db, &live, &flow->arena, &flow->stop, err) ||
	    !flow_compare(flow, &w->mirror, &live, &diff, err))
		return false;
	if (w->mirror.version != 0)
		schema_diff_print(&diff, "mirror until now", "database", &w->out);
	struct schema written = flow_mirrored(flow, &w->mirror, &live);
	size_t tables = schema_count_tables(&written);
	buf_printf(&w->out, "%zu table%s; ", tables, tables == 1 ? "" : "s");
	return write_mirror(w, &written, err);
}

static bool verify(struct work *w, struct err *err)
{
	struct schema live;
	struct schema_diff diff;
	struct flow *flow = &w->flow;
	if (!flow_need_mirror(&w->mirror, err) || !flow_wait(flow, err) ||
	    !flow->driver->read_schema(flow->db, &live, &flow->arena, &flow->stop, err) ||
	    !flow_compare(flow, &w->mirror, &live, &diff, err))
		return false;
	schema_diff_print(&diff, "mirror", "database", &w->out);
	if (diff.only_left + diff.changed == 0) {
		buf_printf(
		    &w->out, "%s has all that %s states\n", flow->probe.label, w->mirror.path);
		return true;
	}
	err_set(err, ERR_MISMATCH, "%s lacks what %s states: %zu missing, %zu changed",
	    flow->probe.label, w->mirror.path, diff.only_left, diff.changed);
	return err_next(err, "db-entry plan, to see whether a pending migration brings it");
}

/* A whole mirror made of one that states only some things would state what nobody knows. */
static bool need_whole(const struct work *w, struct err *err)
{
	if (!w->mirror.partial || w->mirror.schema.count == 0)
		return true;
	err_set(err, ERR_USAGE, "%s is of version %d, which is only read", w->mirror.path,
	    w->mirror.version);
	return err_next(err, "db-entry mirror pull, which makes it version 3");
}

static bool table_name(const struct work *w, const char **name, struct err *err)
{
	*name = cmd_option(w->call, "name");
	if (*name != NULL && **name != '\0')
		return true;
	return err_set(err, ERR_USAGE, "which table? --name=TABLE says so");
}

static bool add_table(struct work *w, struct err *err)
{
	const char *name, *columns = cmd_option(w->call, "columns");
	struct schema grown = w->mirror.schema;
	if (!table_name(w, &name, err) || !need_whole(w, err))
		return false;
	if (columns == NULL)
		return err_set(err, ERR_USAGE, "which columns? --columns=id:integer:pk,…");
	if (schema_find_table(&grown, name) != NULL)
		return err_set(err, ERR_USAGE, "%s has a table %s", w->mirror.path, name);
	/* In an array of its own: what was read must stay as it is. */
	grown.objects = arena_array(&w->flow.arena, grown.count + 1, sizeof(*grown.objects));
	if (grown.count > 0)
		memcpy(
		    grown.objects, w->mirror.schema.objects, grown.count * sizeof(*grown.objects));
	grown.capacity = grown.count + 1;
	if (!mirror_add_shorthand(&grown, name, columns, &w->flow.arena, err))
		return false;
	schema_settle(&grown, &w->flow.arena);
	return write_mirror(w, &grown, err);
}

static bool remove_table(struct work *w, struct err *err)
{
	const char *name;
	if (!table_name(w, &name, err) || !flow_need_mirror(&w->mirror, err) || !need_whole(w, err))
		return false;
	const struct schema_object *table = schema_find_table(&w->mirror.schema, name);
	if (table == NULL)
		return err_set(err, ERR_USAGE, "%s has no table %s", w->mirror.path, name);
	struct schema rest = w->mirror.schema;
	rest.objects = NULL;
	rest.count = rest.capacity = 0;
	for (size_t i = 0; i < w->mirror.schema.count; i++) {
		const struct schema_object *object = &w->mirror.schema.objects[i];
		if (object != table && schema_parent(&w->mirror.schema, object) != table)
			*schema_add(&rest, object->kind, &w->flow.arena) = *object;
	}
	schema_settle(&rest, &w->flow.arena);
	return write_mirror(w, &rest, err);
}

static void list_columns(const struct schema *schema, size_t table, struct buf *out)
{
	const char *separator = "  ";
	for (size_t i = table + 1; i < schema->count; i++) {
		const struct schema_object *object = &schema->objects[i];
		if (object->kind->parent == NULL)
			break;
		if (!object->kind->ordered)
			continue;
		buf_add_text(out, separator);
		schema_show(object->name, out);
		separator = ", ";
	}
	buf_add_char(out, '\n');
}

static void list_columns_json(const struct schema *schema, size_t table, struct json *array)
{
	for (size_t i = table + 1; i < schema->count; i++) {
		const struct schema_object *object = &schema->objects[i];
		if (object->kind->parent == NULL)
			break;
		if (!object->kind->ordered)
			continue;
		struct json *column = json_add_object(array, NULL);
		json_add_text(column, "name", object->name);
		json_add_text(column, "type", schema_value(object, "type"));
	}
}

static bool list_tables(struct work *w, struct err *err)
{
	const struct schema *schema = &w->mirror.schema;
	const char *format = cmd_option(w->call, "format");
	CLEANUP(json_free) struct json *root = json_new_array();
	bool json = text_is(format, "json");
	if (format != NULL && !json && !text_is(format, "text"))
		return err_set(err, ERR_USAGE, "--format=%s: text or json", format);
	if (!flow_need_mirror(&w->mirror, err))
		return false;
	for (size_t i = 0; i < schema->count; i++) {
		if (schema->objects[i].kind != schema->kinds[0])
			continue;
		if (json) {
			struct json *object = json_add_object(root, NULL);
			json_add_text(object, "name", schema->objects[i].name);
			list_columns_json(schema, i, json_add_array(object, "columns"));
		} else {
			schema_show(schema->objects[i].name, &w->out);
			list_columns(schema, i, &w->out);
		}
	}
	if (json) {
		json_print(root, true, &w->out);
		buf_add_char(&w->out, '\n');
	}
	return true;
}

static const struct action {
	const char *name;
	bool connects;
	bool (*run)(struct work *w, struct err *err);
	bool (*alone)(struct cmd_call *call, struct err *err); /* needs no schema */
} actions[] = {
    {.name = "init", .alone = cmd_mirror_init},
    {.name = "pull", .connects = true, .run = pull},
    {.name = "add-table", .run = add_table},
    {.name = "remove-table", .run = remove_table},
    {.name = "list-tables", .run = list_tables},
    {.name = "verify", .connects = true, .run = verify},
    {.name = "sync-context", .alone = cmd_mirror_sync_context},
    {.name = "sync-to-context", .alone = cmd_mirror_sync_context},
};

static bool work(struct cmd_call *call, const struct action *action, struct err *err)
{
	struct work w = {.call = call, .out = buf_init(64 << 20)};
	bool opened = action->connects ? flow_open_database(&w.flow, &call->config, "mirror", err)
				       : flow_open_engine(&w.flow, &call->config, "mirror",
					     cmd_option(call, "engine"), err);
	bool ok = opened && flow_read_mirror(&w.flow, &w.mirror, err);
	struct err unprinted;
	if (ok)
		flow_warn_unknown(&w.mirror);
	ok = ok && action->run(&w, err);
	/* What differs is printed beside the error that says so. */
	if (w.out.len > 0 && !cmd_print(&w.out, ok ? err : &unprinted))
		ok = false;
	buf_free(&w.out);
	mirror_close(&w.mirror);
	flow_close(&w.flow);
	return ok;
}

static bool run(struct cmd_call *call, struct err *err)
{
	const char *word = call->operands[0];
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, word) == 0)
			return actions[i].alone != NULL ? actions[i].alone(call, err)
							: work(call, &actions[i], err);
	err_set(err, ERR_USAGE, "mirror has no action '%s'", word);
	return err_next(err, "db-entry help mirror");
}

const struct cmd cmd_mirror = {
    .name = "mirror",
    .synopsis = "ACTION [OPTION…]",
    .summary = "keep the schema as JSON beside the code",
    .help =
	"The mirror (db/schema/tables.json) is what people and programs read to understand the\n"
	"schema and plan changes. Actions:\n"
	"init: make db/ with an empty mirror, instructions and folders; never overwrites.\n"
	"pull: write the mirror of the database as it is. Notes of your own, and renames that\n"
	"\"renamedFrom\" announces, stay.\n"
	"add-table, remove-table: plan a table; the migration is yours to write.\n"
	"list-tables: the tables the mirror has.\n"
	"verify: exit 27 when the database lacks what the mirror states; more than it states is\n"
	"told and no failure.\n"
	"sync-context: copy the mirror to docs/context/db/schema.json and enter it in\n"
	"docs/context/registry.json.\n"
	"Keys that nothing reads are warned of, unless they begin with x-.",
    .options = options,
    .operands_least = 1,
    .operands_most = 1,
    .needs_config = true,
    .run = run,
};
