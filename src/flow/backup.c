/*
 * When a dump is made, and where. After the lock and the plan, before the first change: a dump that
 * others may still write into the past of is none, and one that is at work while a table is altered
 * makes everybody wait.
 */
#include "flow/backup.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/hook.h"
#include "flow/steps.h"
#include "migrate/judge.h"
#include <stdio.h>
#include <string.h>

enum {
	WHY_MAX = 2048,
	MEGABYTE = 1000000
};

static bool policy(const struct flow *flow, const char *choice)
{
	return config_is(flow->config, SETTING_DUMP, choice);
}

bool flow_backup_check(struct config *config, struct err *err)
{
	return !config_is(config, SETTING_DUMP, "hook") || hook_check(config, err);
}

void flow_dump_progress(void *what, int64_t done, int64_t total)
{
	log_progress(&events[EVENT_DUMP_PROGRESS], what, done / MEGABYTE, total / MEGABYTE);
}

/* --- Where --- */

static bool no_folder(const struct buf *why, struct err *err)
{
	err_set(err, ERR_DUMP, "there is no durable folder for a dump");
	err_why(err, "nothing was changed");
	if (why->len > 0)
		err_why(err, "%s", why->data);
	err_next(err, "mount a volume and name it: DB_ENTRY_DUMP_DIR=/backups");
	err_next(err, "or take a snapshot elsewhere: DB_ENTRY_DUMP=hook");
	return err_next(
	    err, "or do without, when the data is saved otherwise: DB_ENTRY_DUMP=never");
}

/* NULL in *folder, and why, when there is none. */
static void find_folder(struct flow *flow, const char **folder, struct buf *why)
{
	dump_find_folder(folder, config_text(flow->config, SETTING_DUMP_DIR),
	    flow->driver->dump_folder(&flow->url, &flow->arena), why, &flow->arena);
}

bool flow_dump_folder(struct flow *flow, const char **folder, struct err *err)
{
	CLEANUP(buf_free) struct buf why = buf_init(WHY_MAX);
	const char *found;
	find_folder(flow, &found, &why);
	if (found == NULL)
		return no_folder(&why, err);
	*folder = found;
	return true;
}

/* --- What --- */

static enum dump_compression compression(const struct flow *flow)
{
	if (config_is(flow->config, SETTING_DUMP_COMPRESS, "zstd"))
		return DUMP_ZSTD;
	return config_is(flow->config, SETTING_DUMP_COMPRESS, "gzip") ? DUMP_GZIP : DUMP_PLAIN;
}

/* Two histories with one digest: nothing was committed between them, by whomever. */
static const char *digest_history(struct flow *flow)
{
	char hex[DIGEST_HEX + 1], line[128];
	struct digest *digest = digest_new();
	for (size_t i = 0; i < flow->history.count; i++) {
		const struct history_row *row = &flow->history.rows[i];
		const char *const texts[] = {row->version, history_state_name(row->state),
		    row->checksum, row->run == NULL ? "" : row->run,
		    row->finished_at == NULL ? "" : row->finished_at};
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
			digest_add(digest, texts[j], strlen(texts[j]) + 1);
		int len = snprintf(line, sizeof(line), "%lld %d\n", (long long)row->position,
		    row->statements_done);
		digest_add(digest, line, (size_t)len);
	}
	digest_hex(digest, hex);
	digest_free(&digest);
	return arena_strdup(&flow->arena, hex);
}

static const char *last_applied(const struct history *history)
{
	for (size_t i = history->count; i-- > 0;)
		if (history->rows[i].state == HISTORY_APPLIED)
			return history->rows[i].version;
	return NULL;
}

static void report_made(const struct dump_entry *entry, const char *folder, int64_t began)
{
	char size[32], elapsed[32];
	int64_t ms = stop_now() - began;
	text_bytes(entry->size_bytes, size, sizeof(size));
	text_elapsed(ms, elapsed, sizeof(elapsed));
	CLEANUP(buf_free) struct buf path = buf_init(8192);
	buf_printf(&path, "%s/%s", folder, entry->file);
	log_event(&events[EVENT_DUMP_MADE],
	    FIELDS(FIELD("id", entry->id), FIELD("path", path.data),
		FIELD_INT("bytes", entry->size_bytes), FIELD("sha256", entry->sha256),
		FIELD_INT("elapsed_ms", ms)),
	    "dump %s · %s · %s · %s", entry->id, path.data, size, elapsed);
}

bool flow_dump(struct flow *flow, const char *folder, const struct flow_dump_wish *wish,
    struct dump_entry *entry, struct err *err)
{
	static char what[] = "dump";
	const struct db_progress progress = {flow_dump_progress, what};
	const char *environment = config_text(flow->config, SETTING_ENV);
	const struct dump_request request = {
	    .folder = folder,
	    .compression = compression(flow),
	    .database = flow->probe.label,
	    .environment = environment == NULL ? "" : environment,
	    .label = wish->label,
	    .reason = wish->reason,
	    .automatic = wish->automatic,
	    .max_bytes = config_size(flow->config, SETTING_DUMP_MAX),
	    .applied_count = plan_applied(&flow->plan),
	    .last_migration = last_applied(&flow->history),
	    .history = digest_history(flow),
	    .retention_days = (int)config_int(flow->config, SETTING_DUMP_KEEP_DAYS),
	};
	int64_t began = stop_now();
	flow->driver->lock_note(flow->db, "making a dump");
	if (!dump_make(entry, flow->db, &request, &progress, &flow->arena, &flow->stop, err))
		return err->kind == ERR_STOPPED ? false : err_why(err, "nothing was changed");
	report_made(entry, folder, began);
	return true;
}

static void untidy(const struct err *err)
{
	log_event(&events[EVENT_DUMP_UNTIDY], FIELDS(FIELD("reason", err->message)),
	    "an older dump could not be removed: %s", err->message);
}

void flow_dump_tidy(struct flow *flow, const char *folder)
{
	size_t keep = (size_t)config_int(flow->config, SETTING_DUMP_KEEP);
	struct dump_expired expired;
	struct err err;
	if (!dump_expire(&expired, folder, keep, time(NULL), &flow->arena, &flow->stop, &err)) {
		untidy(&err);
		return;
	}
	if (expired.left > 0) {
		err_set(&err, ERR_DUMP,
		    "in %s/backups.json %zu expired row%s name%s no file of this folder, first %s",
		    folder, expired.left, expired.left == 1 ? "" : "s",
		    expired.left == 1 ? "s" : "", expired.first_left);
		untidy(&err);
	}
	if (expired.removed > 0)
		log_event(&events[EVENT_DUMP_REMOVED],
		    FIELDS(FIELD_INT("count", (int64_t)expired.removed), FIELD("folder", folder)),
		    "%zu older dump%s removed from %s", expired.removed,
		    expired.removed == 1 ? "" : "s", folder);
}

/* --- When --- */

/* A run that tries the same again needs its own earlier dump no more: nothing lies between. */
static bool is_superseded(const struct dump_entry *old, const struct dump_entry *new)
{
	return old->automatic && text_is(old->database, new->database) &&
	       text_is(old->environment, new->environment) && text_is(old->label, new->label) &&
	       text_is(old->history, new->history) && !text_is(old->id, new->id);
}

static void remove_superseded(struct flow *flow, const char *folder, const struct dump_entry *entry)
{
	struct dump_catalogue catalogue;
	struct err err;
	if (!dump_list(&catalogue, folder, &flow->arena, &err)) {
		untidy(&err);
		return;
	}
	for (size_t i = 0; i < catalogue.count; i++)
		if (is_superseded(&catalogue.items[i], entry) &&
		    !dump_remove(folder, catalogue.items[i].id, &flow->stop, &err))
			untidy(&err);
	dump_catalogue_close(&catalogue);
}

static void skip(const struct flow *flow, const char *reason)
{
	log_event(&events[EVENT_DUMP_SKIPPED],
	    FIELDS(FIELD("database", flow->probe.label), FIELD("reason", reason)),
	    "no dump of %s: %s", flow->probe.label, reason);
}

/* Then a rollback undoes whatever fails, and what is committed was meant. */
static bool all_in_transactions(const struct flow *flow, const struct flow_work *work)
{
	if (flow->driver->prove == NULL)
		return false;
	for (size_t i = 0; i < work->count; i++)
		if (!flow_is_atomic(&work->parts[i]))
			return false;
	return true;
}

/* As far as reading can tell; what the proof finds beyond it is stopped or was approved. */
static bool any_destructive(struct flow *flow, const struct flow_work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		struct judgement judgement;
		judge(&judgement, &work->parts[i], &flow->arena);
		if (judgement_is_destructive(&judgement))
			return true;
	}
	return false;
}

/* "before 0013_drop_phone and 2 more", "before rollback of 0013_drop_phone" */
static struct flow_dump_wish wish_of(struct flow *flow, const struct flow_work *work)
{
	const struct migration_part *first = &work->parts[0];
	size_t more = work->count - 1;
	const char *reason = arena_printf(&flow->arena, "before %s", first->label);
	if (more > 0)
		reason = arena_printf(&flow->arena, "%s and %zu more", reason, more);
	return (struct flow_dump_wish){
	    .label = arena_printf(&flow->arena, "before-%s%.40s", first->down ? "rollback-" : "",
		first->migration->version),
	    .reason = reason,
	    .automatic = true,
	};
}

static bool take_snapshot(
    struct flow *flow, const struct flow_dump_wish *wish, const char **ret, struct err *err)
{
	int64_t began = stop_now();
	char elapsed[32];
	const char *id;
	flow->driver->lock_note(flow->db, "taking a snapshot");
	if (!hook_run(flow, wish, &id, err))
		return err->kind == ERR_DUMP ? err_why(err, "nothing was changed") : false;
	text_elapsed(stop_now() - began, elapsed, sizeof(elapsed));
	log_event(&events[EVENT_DUMP_MADE],
	    FIELDS(FIELD("id", id), FIELD_INT("elapsed_ms", stop_now() - began)),
	    "snapshot %s by the hook · %s", id, elapsed);
	*ret = id;
	return true;
}

static bool estimate(struct flow *flow, int64_t *bytes, struct err *err)
{
	*bytes = 0;
	if (flow->driver->dump_estimate == NULL) {
		*bytes = 1; /* that there is something is all that can be said */
		return policy(flow, "never") ||
		       err_set(err, ERR_DUMP, "this build makes no dumps of %s databases",
			   flow->driver->name);
	}
	if (!flow->probe.exists || flow->driver->dump_estimate(flow->db, bytes, &flow->stop, err))
		return true;
	if (err->kind == ERR_DATABASE && err->retry != ERR_RETRY)
		err->kind = ERR_DUMP;
	return err_context(err, "before a dump");
}

/* Do the settings say that there is to be none? Then that is logged. */
static bool is_unwanted(const struct flow *flow, bool destructive)
{
	if (policy(flow, "never"))
		skip(flow, "DB_ENTRY_DUMP=never");
	else if (policy(flow, "destructive") && !destructive)
		skip(flow, "DB_ENTRY_DUMP=destructive, and nothing that is run is");
	else
		return false;
	return true;
}

static bool dump_before(struct flow *flow, const struct flow_work *work, bool destructive,
    const struct flow_dump_wish *wish, struct err *err)
{
	CLEANUP(buf_free) struct buf why = buf_init(WHY_MAX);
	struct dump_entry entry;
	const char *folder;
	find_folder(flow, &folder, &why);
	if (folder == NULL && policy(flow, "auto") && !destructive &&
	    all_in_transactions(flow, work)) {
		skip(flow,
		    "no durable folder; nothing that is run is destructive, and each migration"
		    " is a transaction of its own");
		return true;
	}
	if (folder == NULL)
		return no_folder(&why, err);
	if (!flow_dump(flow, folder, wish, &entry, err))
		return false;
	flow->run.dump_id = entry.id;
	remove_superseded(flow, folder, &entry);
	flow_dump_tidy(flow, folder);
	return true;
}

bool flow_backup(struct flow *flow, const struct flow_work *work, struct err *err)
{
	int64_t bytes;
	if (!estimate(flow, &bytes, err))
		return false;
	if (bytes == 0)
		return true;
	bool destructive = any_destructive(flow, work);
	if (is_unwanted(flow, destructive))
		return true;
	const struct flow_dump_wish wish = wish_of(flow, work);
	return policy(flow, "hook") ? take_snapshot(flow, &wish, &flow->run.dump_id, err)
				    : dump_before(flow, work, destructive, &wish, err);
}

bool flow_backup_safety(struct flow *flow, const char *reason, const char **id, struct err *err)
{
	const struct flow_dump_wish wish = {"before-restore", reason, true};
	struct dump_entry entry;
	const char *folder;
	int64_t bytes;
	*id = NULL;
	if (is_unwanted(flow, true))
		return true;
	if (!estimate(flow, &bytes, err))
		return false;
	if (bytes == 0)
		return true;
	if (policy(flow, "hook"))
		return take_snapshot(flow, &wish, id, err);
	if (!flow_dump_folder(flow, &folder, err) || !flow_dump(flow, folder, &wish, &entry, err))
		return false;
	*id = entry.id;
	return true;
}
