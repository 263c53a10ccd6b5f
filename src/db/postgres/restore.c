/*
 * Restoring: the database is emptied and filled in one transaction of the session that holds the
 * lock, with the SQL that pg_restore makes of the dump. So whoever has it open sees the old one or
 * the new one, a crash leaves the old one, the lock is held throughout, and what belongs to the
 * database itself (its settings, grants and slots) stays. A new database put in the place of the
 * old one by renaming would have none of this: for a moment nobody may be connected to either, and
 * an advisory lock is one of a session in one database.
 */
#include "base/text.h"
#include "db/postgres/feed.h"
#include "db/postgres/program.h"
#include "gen/sql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SCRIPT_MAX = 512 << 20, /* of definitions; data are not among them */
	CLEANUP_MS = 5000,
	USAGE_SINCE = 15 /* pg_dump takes it for granted that all may only use public */
};

struct restoring {
	struct pg_db *s;
	const char *path;
	const struct stop *stop;
	struct pg_program program;
	struct buf list;        /* what is in the dump, as pg_restore has it */
	const char *chosen;     /* the lines of it that are restored; NULL: all */
	const char *extensions; /* in the dump, as an array's text */
	int writer;             /* major version of the pg_dump that made it */
	const struct db_progress *progress;
	int64_t done, total;
	struct pg_feed feed;
	struct arena arena;
};

/* --- What is in the dump --- */

static void add_element(struct buf *array, const char *name, size_t len)
{
	buf_add_char(array, array->len == 0 ? '{' : ',');
	buf_add_char(array, '"');
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '"' || name[i] == '\\')
			buf_add_char(array, '\\');
		buf_add_char(array, name[i]);
	}
	buf_add_char(array, '"');
}

static void understand_list(struct restoring *r)
{
	static const char dumped_by[] = ";     Dumped by pg_dump version: ";
	static const char extension[] = "EXTENSION - ";
	CLEANUP(buf_free) struct buf names = buf_init(PG_LIST_MAX);
	for (const char *line = r->list.data; *line != '\0'; line = pg_list_next(line)) {
		const char *entry = pg_list_entry(line);
		if (text_starts(line, dumped_by))
			r->writer = (int)strtol(line + strlen(dumped_by), NULL, 10);
		if (entry == NULL || !text_starts(entry, extension))
			continue;
		const char *name = entry + strlen(extension);
		size_t len = strcspn(name, "\n");
		while (len > 0 && name[len - 1] == ' ') /* they have no owner */
			len--;
		add_element(&names, name, len);
	}
	buf_add_text(&names, names.len == 0 ? "{}" : "}");
	r->extensions = arena_strdup(&r->arena, names.data);
}

static bool choose(struct restoring *r, struct err *err)
{
	const char *const values[] = {r->extensions};
	CLEANUP(buf_free) struct buf chosen = buf_init(PG_LIST_MAX);
	struct db_rows rows;
	if (!pg_ask(r->s, sql_postgres_restore_leave, values, 1, &r->arena, &rows, err))
		return false;
	if (rows.count == 0)
		return true;
	for (const char *line = r->list.data; *line != '\0'; line = pg_list_next(line))
		if (!pg_list_names(pg_list_entry(line), &rows))
			buf_add(&chosen, line, (size_t)(pg_list_next(line) - line));
	r->chosen = arena_strdup(&r->arena, chosen.data);
	return true;
}

/* --- Emptying --- */

/* What can't be undone by a rollback, and is another server's business too. */
static bool refuse_subscriptions(struct restoring *r, struct err *err)
{
	struct db_rows rows;
	if (!pg_ask(r->s,
		"SELECT s.subname FROM pg_catalog.pg_subscription AS s WHERE s.subdbid ="
		" (SELECT d.oid FROM pg_catalog.pg_database AS d"
		" WHERE d.datname = pg_catalog.current_database()) ORDER BY 1",
		NULL, 0, &r->arena, &rows, err))
		return false;
	if (rows.count == 0)
		return true;
	err_set(err, ERR_DATABASE,
	    "the database has the subscription %s, which would be restored"
	    " over",
	    rows.cells[0]);
	return err_next(
	    err, "DROP SUBSCRIPTION \"%s\"; then restore, and make it anew", rows.cells[0]);
}

static bool clear(struct restoring *r, struct err *err)
{
	const char *const values[] = {r->extensions, r->writer >= USAGE_SINCE ? "USAGE" : "ALL"};
	CLEANUP(buf_free) struct buf script = buf_init(SCRIPT_MAX);
	struct db_rows rows;
	if (!pg_script(r->s, "SET LOCAL statement_timeout = 0", err) ||
	    !pg_ask(r->s, sql_postgres_restore_clear, values, 2, &r->arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++)
		buf_printf(&script, "%s;\n", rows.cells[i]);
	if (rows.count == 0 || pg_script(r->s, script.data, err))
		return true;
	if (text_is(err->code, "42501"))
		err_next(
		    err, "restore as the owner of all that is in the database, or a superuser");
	return err_context(err, "the present content can't be removed");
}

/* --- Filling --- */

static void show(struct restoring *r, size_t len)
{
	r->done += (int64_t)len;
	if (r->progress != NULL && r->progress->show != NULL)
		r->progress->show(
		    r->progress->context, r->done, r->done > r->total ? r->done : r->total);
}

static bool take_data(
    void *context, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	(void)stop;
	struct restoring *r = context;
	show(r, len);
	return pg_feed(&r->feed, data, len, err);
}

static struct pg_call call_for(struct restoring *r, const char *section)
{
	char **argv = arena_array(&r->arena, PG_WORDS_MAX, sizeof(*argv));
	struct pg_call call = {.program = &r->program,
	    .argv = argv,
	    .input = r->chosen,
	    .take = take_data,
	    .context = r};
	argv[call.argc++] = arena_strdup(&r->arena, "--file=-");
	argv[call.argc++] = arena_printf(&r->arena, "--section=%s", section);
	if (r->chosen != NULL)
		argv[call.argc++] = arena_strdup(&r->arena, "--use-list=/proc/self/fd/0");
	argv[call.argc++] = arena_strdup(&r->arena, "--");
	argv[call.argc++] = arena_strdup(&r->arena, r->path);
	return call;
}

static bool fill_data(struct restoring *r, struct err *err)
{
	const struct pg_call call = call_for(r, "data");
	r->feed = (struct pg_feed){.s = r->s};
	bool ok = pg_program_run(&call, r->stop, err);
	return pg_feed_end(&r->feed, ok, err);
}

static void blank_lines(const struct pg_db *s, char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		if (pg_feed_is_for_others(s, text))
			memset(text, ' ', len);
		text += len + (text[len] == '\n');
	}
}

/* Among the definitions a function may hold such a line; the last one of all is psql's. */
static void make_plain(const struct pg_db *s, char *settings, char *definitions)
{
	static const char closing[] = "\n\\unrestrict ";
	char *last = NULL;
	blank_lines(s, settings);
	for (char *at = definitions; (at = strstr(at, closing)) != NULL; at++)
		last = at;
	if (last != NULL && strchr(last + 1, '\n') != NULL &&
	    last[1 + strcspn(last + 1, "\n") + strspn(strchr(last + 1, '\n'), "\n")] == '\0')
		blank_lines(s, last + 1);
}

/*
 * Definitions go to the server as they are: it knows best where a statement ends. The settings in
 * front say how the rest is to be read, so they go first.
 */
static bool fill_definitions(struct restoring *r, const char *section, struct err *err)
{
	CLEANUP(buf_free) struct buf script = buf_init(SCRIPT_MAX);
	static char nothing[] = "";
	struct pg_call call = call_for(r, section);
	if (!pg_program_read(&call, &script, r->stop, err))
		return false;
	char *settings = script.len == 0 ? nothing : script.data;
	char *definitions = strstr(settings, "\n--\n-- Name: ");
	if (definitions == NULL)
		definitions = nothing;
	else
		*definitions++ = '\0';
	make_plain(r->s, settings, definitions);
	return pg_script(r->s, settings, err) && pg_script(r->s, definitions, err);
}

static bool replace(struct restoring *r, struct err *err)
{
	return choose(r, err) && clear(r, err) && fill_definitions(r, "pre-data", err) &&
	       fill_data(r, err) && fill_definitions(r, "post-data", err) &&
	       pg_lock_check(&r->s->base, r->stop, err) && pg_commit(&r->s->base, r->stop, err);
}

static void undo(struct restoring *r)
{
	struct stop stop = stop_cleanup(CLEANUP_MS);
	struct err ignored;
	pg_rollback(&r->s->base, &stop, &ignored);
}

static bool restore(struct restoring *r, struct err *err)
{
	struct stat info;
	if (!pg_program_find(&r->program, "pg_restore", NULL, &r->arena, r->stop, err) ||
	    !pg_list_read(&r->program, r->path, &r->list, r->stop, err))
		return false;
	if (stat(r->path, &info) == 0)
		r->total = info.st_size;
	understand_list(r);
	if (!refuse_subscriptions(r, err) || !pg_begin(&r->s->base, r->stop, err))
		return false;
	if (!replace(r, err)) {
		undo(r);
		return false;
	}
	/* It is done, whatever comes: a session that can't be reset is lost, and the next call says
	 * so. */
	struct err ignored;
	show(r, 0);
	pg_reset(&r->s->base, NULL, r->stop, &ignored);
	return true;
}

/* The dump takes away the row that would have to be checked. */
static bool refuse_lease(const struct pg_db *s, struct err *err)
{
	err_set(err, ERR_LOCK, "a restore of %s needs a session of its own, not a lease", s->label);
	err_why(err, "nothing was changed");
	return err_next(err, "name the server itself: DB_ENTRY_DIRECT_URL=postgresql://…:5432/%s",
	    s->server.database);
}

bool pg_restore_database(struct db *db, const char *path, const struct db_progress *progress,
    const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	struct restoring r = {.s = s,
	    .path = path,
	    .stop = stop,
	    .progress = progress,
	    .list = buf_init(PG_LIST_MAX)};
	bool ok =
	    pg_enter(s, stop, err) && (s->lease.ms > 0 ? refuse_lease(s, err) : restore(&r, err));
	buf_free(&r.list);
	arena_free(&r.arena);
	return ok;
}
