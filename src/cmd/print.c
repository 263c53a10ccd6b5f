#include "cmd/print.h"
#include <string.h>

static const char *version_of(const struct plan_item *item)
{
	return item->migration != NULL ? item->migration->version : item->row->version;
}

static const char *name_of(const struct plan_item *item)
{
	return item->migration != NULL ? item->migration->name : item->row->name;
}

static bool skip(const struct plan_item *item, bool open_only)
{
	return open_only && item->state == PLAN_APPLIED;
}

void cmd_print_items(const struct plan *plan, bool open_only, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		if (skip(item, open_only))
			continue;
		buf_printf(out, "  %-12s  %s%s%s", plan_state_name(item->state), version_of(item),
		    name_of(item)[0] == '\0' ? "" : "_", name_of(item));
		if (item->row != NULL && item->row->finished_at != NULL)
			buf_printf(out, "  %s", item->row->finished_at);
		else if (item->row == NULL)
			buf_printf(out, "  %zu statement%s", item->migration->up.count,
			    item->migration->up.count == 1 ? "" : "s");
		buf_add_char(out, '\n');
	}
}

static void add_item(const struct plan_item *item, struct json *object)
{
	json_add_text(object, "version", version_of(item));
	json_add_text(object, "name", name_of(item));
	json_add_text(object, "state", plan_state_name(item->state));
	if (item->migration != NULL) {
		json_add_text(object, "file", item->migration->file);
		json_add_text(object, "checksum", item->migration->up.checksum);
		json_add_int(object, "statements", (int64_t)item->migration->up.count);
		json_add_bool(object, "transaction", !item->migration->directives.no_transaction);
	}
	if (item->row != NULL) {
		json_add_text(object, "recorded_checksum", item->row->checksum);
		json_add_text(object, "started_at", item->row->started_at);
		json_add_text(object, "finished_at", item->row->finished_at);
		json_add_text(object, "run", item->row->run);
	}
}

void cmd_add_items(const struct plan *plan, bool open_only, struct json *array)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!skip(&plan->items[i], open_only))
			add_item(&plan->items[i], json_add_object(array, NULL));
}
