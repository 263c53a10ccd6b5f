#include "base/text.h"
#include "cmd/commands.h"
#include "flow/backup.h"
#include "flow/steps.h"
#include <string.h>

static const struct cmd_option options[] = {
    {"label", "WORD", "becomes part of the id: letters, digits, . _ -"},
    {"reason", "TEXT", "why, for the catalogue"},
    {"json", NULL, "print JSON"},
    {0},
};

enum {
	LIST_MAX = 64 << 20
};

/* --- Making one --- */

static bool check_words(const struct cmd_call *call, struct err *err)
{
	const char *label = cmd_option(call, "label");
	if (label == NULL || dump_is_label(label))
		return true;
	return err_set(err, ERR_USAGE,
	    "--label '%s': letters, digits, '.', '_' and '-', at most 64, none of the signs first",
	    label);
}

static void add_entry(struct json *object, const struct dump_entry *entry, const char *folder)
{
	json_add_text(object, "id", entry->id);
	json_add_text(object, "database", entry->database);
	json_add_text(object, "environment", entry->environment);
	json_add_text(object, "timestamp", entry->timestamp);
	json_add_text(object, "label", entry->label);
	json_add_text(object, "reason", entry->reason);
	json_add_bool(object, "automatic", entry->automatic);
	json_add_text(object, "folder", folder);
	json_add_text(object, "file", entry->file);
	json_add_int(object, "size_bytes", entry->size_bytes);
	json_add_text(object, "sha256", entry->sha256);
	json_add_text(object, "format", entry->format);
	json_add_int(object, "applied_count", (int64_t)entry->applied_count);
	json_add_text(object, "last_migration", entry->last_migration);
	json_add_text(object, "expires_at", entry->expires_at);
	json_add_text(object, "status", entry->present ? entry->status : "missing");
	json_add_bool(object, "verified", entry->verified);
	json_add_text(object, "verified_at", entry->verified_at);
	json_add_int(object, "foreign_key_violations", entry->broken_references);
}

static bool print_made(const struct cmd_call *call, const struct dump_entry *entry,
    const char *folder, struct err *err)
{
	if (cmd_option(call, "json") != NULL) {
		CLEANUP(json_free) struct json *object = json_new_object();
		add_entry(object, entry, folder);
		return cmd_print_json(object, err);
	}
	CLEANUP(buf_free) struct buf text = buf_init(16384);
	buf_printf(&text, "%s\n", entry->id);
	return cmd_print(&text, err);
}

static bool make(struct flow *flow, const struct cmd_call *call, struct err *err)
{
	const char *reason = cmd_option(call, "reason"), *folder;
	const struct flow_dump_wish wish = {
	    cmd_option(call, "label"), reason == NULL ? "asked for" : reason, false};
	struct dump_entry entry;
	if (!check_words(call, err) || !flow_dump_folder(flow, &folder, err) ||
	    !flow_wait(flow, err) || !flow_must_exist(flow, err) || !flow_take_lock(flow, err) ||
	    !flow_dump(flow, folder, &wish, &entry, err))
		return false;
	flow_dump_tidy(flow, folder);
	return print_made(call, &entry, folder, err);
}

/* --- Looking --- */

static void print_entry(const struct dump_entry *entry, struct buf *out)
{
	char size[32];
	text_bytes(entry->size_bytes, size, sizeof(size));
	const char *state = !entry->present   ? "missing"
			    : entry->verified ? "verified"
					      : entry->status;
	buf_printf(out, "%s\n", entry->id);
	buf_printf(
	    out, "  %-9s %8s  %s\n", state, entry->size_bytes < 0 ? "" : size, entry->database);
	buf_printf(out, "  %zu applied%s%s · %s%s%s\n", entry->applied_count,
	    entry->last_migration == NULL ? "" : ", last ",
	    entry->last_migration == NULL ? "" : entry->last_migration, entry->reason,
	    entry->expires_at == NULL ? "" : " · until ",
	    entry->expires_at == NULL ? "" : entry->expires_at);
}

static bool print_list(const struct cmd_call *call, const struct dump_catalogue *catalogue,
    const char *folder, struct err *err)
{
	if (cmd_option(call, "json") != NULL) {
		CLEANUP(json_free) struct json *root = json_new_object();
		json_add_text(root, "folder", folder);
		struct json *array = json_add_array(root, "dumps");
		for (size_t i = 0; i < catalogue->count; i++)
			add_entry(json_add_object(array, NULL), &catalogue->items[i], folder);
		return cmd_print_json(root, err);
	}
	CLEANUP(buf_free) struct buf text = buf_init(LIST_MAX);
	if (catalogue->count == 0)
		buf_printf(&text, "no dumps in %s\n", folder);
	else
		buf_printf(&text, "%zu in %s, the newest last\n", catalogue->count, folder);
	for (size_t i = 0; i < catalogue->count; i++)
		print_entry(&catalogue->items[i], &text);
	return cmd_print(&text, err);
}

/* As the catalogue has it from now on. */
static bool print_verified(const struct dump_entry *entry, const struct db_dump_check *check,
    const char *folder, struct err *err)
{
	CLEANUP(json_free) struct json *object = json_new_object();
	struct dump_entry now = *entry;
	char when[TEXT_TIME_SIZE];
	text_now(when);
	now.status = "completed";
	now.verified = true;
	now.verified_at = when;
	now.broken_references = check->broken_references;
	add_entry(object, &now, folder);
	return cmd_print_json(object, err);
}

static bool verify(const struct flow *flow, const struct cmd_call *call,
    const struct dump_catalogue *catalogue, const char *folder, struct err *err)
{
	const char *id = call->operands[1];
	const struct dump_entry *entry = dump_find(catalogue, id);
	struct db_dump_check check;
	if (entry == NULL) {
		err_set(err, ERR_USAGE, "no dump %s in %s", id, folder);
		return err_next(err, "db-entry dump list");
	}
	if (!dump_verify(entry, folder, flow->driver, &check, &flow->stop, err))
		return false;
	if (cmd_option(call, "json") != NULL)
		return print_verified(entry, &check, folder, err);
	CLEANUP(buf_free) struct buf text = buf_init(16384);
	buf_printf(&text, "%s: whole, as it was written%s\n", entry->id,
	    entry->sha256 == NULL ? " (its catalogue row has no SHA-256)" : "");
	if (check.broken_references > 0)
		buf_printf(&text, "%lld rows refer to nothing, as they did in the database\n",
		    (long long)check.broken_references);
	return cmd_print(&text, err);
}

static bool look(struct flow *flow, const struct cmd_call *call, struct err *err)
{
	struct dump_catalogue catalogue;
	const char *folder;
	if (!flow_dump_folder(flow, &folder, err) ||
	    !dump_list(&catalogue, folder, &flow->arena, err))
		return false;
	bool ok = call->operand_count == 1 ? print_list(call, &catalogue, folder, err)
					   : verify(flow, call, &catalogue, folder, err);
	dump_catalogue_close(&catalogue);
	return ok;
}

static bool choose(struct flow *flow, const struct cmd_call *call, struct err *err)
{
	const char *word = call->operand_count == 0 ? NULL : call->operands[0];
	if (word == NULL)
		return make(flow, call, err);
	if ((text_is(word, "list") && call->operand_count == 1) ||
	    (text_is(word, "verify") && call->operand_count == 2))
		return look(flow, call, err);
	err_set(err, ERR_USAGE, "db-entry dump %s: not understood", word);
	err_next(err, "db-entry dump list");
	return err_next(err, "db-entry dump verify ID");
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	bool ok = flow_open_database(&flow, &call->config, "dump", err) && choose(&flow, call, err);
	flow_finish(&flow, ok ? NULL : err);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_dump = {
    .name = "dump",
    .synopsis = "[OPTION…] [list | verify ID]",
    .summary = "make a dump of the database, list what there is, verify one",
    .help =
	"Makes a dump now, under the migration lock while others go on using the database, and\n"
	"prints its id. list shows the dumps in the folder; verify reads one again, compares it\n"
	"with what was written and has the database's own check look at it.",
    .options = options,
    .operands_most = 2,
    .needs_config = true,
    .run = run,
};
