#include "flow/restore.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "flow/events.h"
#include "flow/steps.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	NAMED_MOST = 20 /* migrations that are told by name */
};

static const char *written_at(const char *path, struct arena *arena)
{
	char text[32];
	struct stat info;
	struct tm utc;
	if (stat(path, &info) != 0)
		return "";
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&info.st_mtime, &utc));
	return arena_printf(arena, "%s.000Z", text);
}

static bool none_such(const struct flow_restore *restore, struct err *err)
{
	err_set(err, ERR_USAGE, "%s is no dump in %s, and no file", restore->name,
	    restore->folder == NULL ? "any folder" : restore->folder);
	return err_next(err, "db-entry dump list");
}

/* A file in the folder of the dumps is known by its entry as well. NULL when there is none. */
static const struct dump_entry *entry_of_file(struct flow *flow, const struct flow_restore *restore)
{
	const char *path = fs_resolve(&flow->arena, restore->name);
	const char *folder = fs_resolve(&flow->arena, restore->folder);
	if (path == NULL || folder == NULL || !text_is(fs_folder_of(&flow->arena, path), folder))
		return NULL;
	for (size_t i = 0; i < restore->catalogue.count; i++)
		if (text_is(restore->catalogue.items[i].file, fs_name_of(path)))
			return &restore->catalogue.items[i];
	return NULL;
}

static bool find(struct flow *flow, struct flow_restore *restore, struct err *err)
{
	struct err no_folder;
	if (!flow_dump_folder(flow, &restore->folder, &no_folder))
		restore->folder = NULL; /* a file may lie anywhere */
	else if (!dump_list(&restore->catalogue, restore->folder, &flow->arena, err))
		return false;
	restore->entry = dump_find(&restore->catalogue, restore->name);
	if (restore->entry != NULL && restore->entry->file != NULL) {
		restore->path =
		    arena_printf(&flow->arena, "%s/%s", restore->folder, restore->entry->file);
		return true;
	}
	if (!fs_is_file(restore->name))
		return none_such(restore, err);
	if (restore->folder != NULL)
		restore->entry = entry_of_file(flow, restore);
	restore->path = restore->name;
	return true;
}

static const char *made_at(struct flow *flow, const struct flow_restore *restore)
{
	const struct dump_entry *entry = restore->entry;
	return entry != NULL && entry->timestamp[0] != '\0'
		   ? entry->timestamp
		   : written_at(restore->path, &flow->arena);
}

/*
 * Whose dump is it? The catalogue says so, unless nothing of what both hold agrees: many containers
 * call their database the same. Of a file nothing else is known than what it holds.
 */
static bool find_other(struct flow *flow, struct flow_restore *restore, struct err *err)
{
	const char *named = restore->entry == NULL ? "" : restore->entry->database;
	const char *label = flow->probe.label;
	enum db_kinship kinship;
	if (!flow->driver->dump_kinship(flow->db, restore->file.path, &kinship, &flow->stop, err))
		return err_context(err, "whose dump %s is", restore->name);
	if (named[0] != '\0' && !text_is(named, label))
		restore->other = arena_printf(
		    &flow->arena, "%s is a dump of %s, not of %s", restore->name, named, label);
	else if (kinship == DB_KIN_NONE)
		restore->other = arena_printf(&flow->arena,
		    "%s is a dump of another database than %s: they have no table in common",
		    restore->name, label);
	else if (kinship == DB_KIN_ALIKE && named[0] == '\0')
		restore->other = arena_printf(&flow->arena,
		    "%s is a dump of another database than %s: each has a history of its own",
		    restore->name, label);
	return true;
}

bool flow_restore_open(
    struct flow *flow, struct flow_restore *restore, const char *name, struct err *err)
{
	restore->name = name;
	restore->file.folder = -1;
	if (!find(flow, restore, err))
		return false;
	restore->since = made_at(flow, restore);
	const char *scratch =
	    restore->folder != NULL ? restore->folder : fs_folder_of(&flow->arena, restore->path);
	const char *sha256 = restore->entry == NULL ? NULL : restore->entry->sha256;
	return dump_open(&restore->file, restore->path, sha256, scratch, flow->driver, &flow->stop,
		   err) &&
	       flow_wait(flow, err) && flow_look(flow, err) && flow_go_direct(flow, err) &&
	       flow_must_write(flow, err) && find_other(flow, restore, err);
}

static bool is_later(const struct history_row *row, const char *since)
{
	return row->state == HISTORY_APPLIED && row->finished_at != NULL &&
	       strcmp(row->finished_at, since) > 0;
}

static void name_migrations(
    const struct flow *flow, const char *since, const char *separator, struct buf *out)
{
	size_t count = 0;
	for (size_t i = 0; i < flow->history.count; i++) {
		const struct history_row *row = &flow->history.rows[i];
		if (!is_later(row, since))
			continue;
		if (count++ < NAMED_MOST)
			buf_printf(out, "%s%s%s%s", count == 1 ? "" : separator, row->version,
			    row->name[0] == '\0' ? "" : "_", row->name);
	}
	if (count > NAMED_MOST)
		buf_printf(out, "%sand %zu more", separator, count - NAMED_MOST);
}

void flow_restore_loss(const struct flow *flow, const struct flow_restore *restore,
    const char *separator, struct buf *out)
{
	CLEANUP(buf_free) struct buf migrations = buf_init(8192);
	if (!flow->probe.exists) {
		buf_printf(out, "%s does not exist yet: nothing is lost", flow->probe.label);
		return;
	}
	if (restore->other != NULL) {
		buf_printf(out, "all that is in %s is lost", flow->probe.label);
		return;
	}
	buf_printf(
	    out, "all that was written to %s since %s is lost", flow->probe.label, restore->since);
	name_migrations(flow, restore->since, ", ", &migrations);
	if (migrations.len > 0)
		buf_printf(out, "%smigrations applied since: %s", separator, migrations.data);
}

static void report_begin(const struct flow *flow, const struct flow_restore *restore)
{
	CLEANUP(buf_free) struct buf loss = buf_init(16384), migrations = buf_init(8192);
	flow_restore_loss(flow, restore, "; ", &loss);
	name_migrations(flow, restore->since, " ", &migrations);
	log_event(&events[EVENT_DUMP_RESTORING],
	    FIELDS(FIELD("database", flow->probe.label), FIELD("dump", restore->name),
		FIELD("since", restore->since), FIELD("migrations", migrations.data)),
	    "restoring %s: %s", restore->name, loss.data);
}

static bool replace(struct flow *flow, struct flow_restore *restore, struct err *err)
{
	static char what[] = "restore";
	const struct db_progress progress = {flow_dump_progress, what};
	flow->driver->lock_note(flow->db, "restoring a dump");
	if (flow->driver->restore(flow->db, restore->file.path, &progress, &flow->stop, err))
		return true;
	if (err->retry == ERR_OUTCOME_UNKNOWN) {
		err->kind = ERR_UNREACHABLE;
		err_context(err, "whether %s was restored is not known", restore->name);
		return err_next(err, "look at it: db-entry status");
	}
	if (err->kind == ERR_DATABASE)
		err->kind = ERR_FAILED;
	err_context(err, "%s was not restored", restore->name);
	return err_why(err, "%s is as it was before", flow->probe.label);
}

/* The restored history is what counts from here on; that it was restored is its newest line. */
static void record(struct flow *flow, const struct flow_restore *restore)
{
	struct stop stop = stop_cleanup(FLOW_CLEANUP_MS);
	struct err err;
	flow->run.detail = arena_printf(&flow->arena, "restore %s", restore->name);
	if (!history_record(flow->db, &flow->run, &stop, &err))
		log_event(&events[EVENT_HISTORY_UNRECORDED], FIELDS(FIELD("reason", err.message)),
		    "the restore could not be recorded: %s", err.message);
}

static bool advise_safety(const struct flow *flow, struct err *err)
{
	if (err->kind != ERR_DUMP)
		return false;
	err_context(err, "before the restore");
	return err_next(err, "to give up what %s has now: DB_ENTRY_DUMP=never", flow->probe.label);
}

bool flow_restore_do(struct flow *flow, struct flow_restore *restore, struct err *err)
{
	int64_t began = stop_now();
	char elapsed[32];
	const char *reason =
	    arena_printf(&flow->arena, "safety copy before restore of %s", restore->name);
	report_begin(flow, restore);
	if (!flow_take_lock(flow, err))
		return false;
	if (!flow_backup_safety(flow, reason, &restore->safety, err))
		return advise_safety(flow, err);
	if (!replace(flow, restore, err))
		return false;
	record(flow, restore);
	text_elapsed(stop_now() - began, elapsed, sizeof(elapsed));
	log_event(&events[EVENT_DUMP_RESTORED],
	    FIELDS(FIELD("database", flow->probe.label), FIELD("dump", restore->name),
		FIELD("safety", restore->safety), FIELD_INT("elapsed_ms", stop_now() - began)),
	    "%s is as in %s%s%s · %s", flow->probe.label, restore->name,
	    restore->safety == NULL ? "" : "; as it was before: ",
	    restore->safety == NULL ? "" : restore->safety, elapsed);
	return flow_look(flow, err);
}

void flow_restore_close(struct flow_restore *restore)
{
	dump_close(&restore->file);
	dump_catalogue_close(&restore->catalogue);
}
