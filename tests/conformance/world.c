#include "conformance/world.h"
#include "base/fs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CASE_MS = 120000
};

const struct fixture *world_fixture;

const struct db_driver *world_driver(const struct fixture *fixture)
{
	for (const struct db_driver *const *driver = db_drivers; *driver != NULL; driver++)
		if (strcmp((*driver)->name, fixture->name) == 0)
			return *driver;
	return NULL;
}

void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)\n%s", err->message, err->code, err->why);
}

void child_must(bool ok, const char *what, const struct err *err)
{
	if (ok)
		return;
	dprintf(STDERR_FILENO, "child %d: %s: %s\n", (int)getpid(), what,
	    err == NULL ? "" : err->message);
	_exit(1);
}

pid_t fork_ready(struct world *w, void (*body)(struct world *w, int ready))
{
	char c;
	int ready[2];
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		body(w, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return child;
}

void reap(pid_t child, const struct stop *stop)
{
	struct err passed;
	int status;
	pid_t ended;
	while ((ended = waitpid(child, &status, WNOHANG)) == 0 && stop_sleep(stop, 10, &passed))
		;
	if (ended == 0) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	assert_int_equal(ended, child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Run the administrator's statements in the database the fixture's URL names. */
static void administer(struct world *w, const char *first, const char *second)
{
	struct url url;
	struct err err;
	struct db *db;
	must(url_parse(&url, getenv(w->fixture->environment), &w->arena, &err), &err);
	must(w->driver->open(&db, &url, &w->options, &w->stop, &err), &err);
	must(w->driver->query(db, first, NULL, 0, &w->arena, NULL, &w->stop, &err), &err);
	if (second != NULL)
		must(w->driver->query(db, second, NULL, 0, &w->arena, NULL, &w->stop, &err), &err);
	db_close(&db);
	url.path = "/db_entry_conformance";
	w->url = url;
}

int world_set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err err;
	assert_non_null(w);
	const char *folder = getenv("CONFORMANCE_SQLITE");
	w->fixture = world_fixture;
	w->driver = world_driver(world_fixture);
	w->options = (struct db_options){.application_name = "conformance", .create = true};
	w->stop = stop_never();
	w->stop = stop_within(&w->stop, CASE_MS);
	snprintf(w->folder, sizeof(w->folder), "%.40s/conformance-XXXXXX",
	    w->fixture->file && folder != NULL ? folder : "/tmp");
	assert_non_null(mkdtemp(w->folder));
	if (w->fixture->file)
		must(url_parse(&w->url,
			 arena_printf(&w->arena, "%s:%s/test.db", w->fixture->name, w->folder),
			 &w->arena, &err),
		    &err);
	else
		administer(w, w->fixture->drop_database, w->fixture->create_database);
	*state = w;
	return 0;
}

static void remove_folder(struct world *w)
{
	char **names;
	size_t count;
	struct err err;
	must(fs_list(w->folder, &w->arena, &names, &count, &err), &err);
	for (size_t i = 0; i < count; i++)
		unlink(arena_printf(&w->arena, "%s/%s", w->folder, names[i]));
	assert_int_equal(rmdir(w->folder), 0);
}

int world_tear_down(void **state)
{
	struct world *w = *state;
	if (!w->fixture->file)
		administer(w, w->fixture->drop_database, NULL);
	remove_folder(w);
	arena_free(&w->arena);
	free(w);
	return 0;
}

struct db *open_session(struct world *w)
{
	enum db_lock_state lock;
	struct db_holder holder;
	struct db_probe probe;
	struct err err;
	struct db *db;
	must(w->driver->open(&db, &w->url, &w->options, &w->stop, &err), &err);
	must(w->driver->probe(db, &probe, &w->stop, &err), &err);
	if (probe.exists)
		return db;
	/* A file is made by who takes the lock. */
	must(w->driver->lock_try(db, &lock, &holder, &w->stop, &err), &err);
	assert_int_equal(lock, DB_LOCK_TAKEN);
	must(w->driver->unlock(db, &w->stop, &err), &err);
	return db;
}

struct sql_statement statement(const struct world *w, enum fixture_id id)
{
	const char *sql = w->fixture->sql[id].sql;
	assert_non_null(sql);
	return (struct sql_statement){.text = sql,
	    .len = strlen(sql),
	    .file = "conformance.sql",
	    .line = 1,
	    .dialect = w->driver->dialect};
}

bool try_exec(struct world *w, struct db *db, enum fixture_id id, struct err *err)
{
	struct sql_statement *sql = arena_alloc(&w->arena, sizeof(*sql));
	*sql = statement(w, id);
	return w->driver->exec(db, sql, &w->stop, err);
}

void run(struct world *w, struct db *db, enum fixture_id id)
{
	struct err err;
	if (!try_exec(w, db, id, &err))
		fail_msg("%s: %s (%s)", fixture_id_name(id), err.message, err.code);
}

void refuse(struct world *w, struct db *db, enum fixture_id id)
{
	struct err err;
	if (try_exec(w, db, id, &err))
		fail_msg("%s was not refused", fixture_id_name(id));
	assert_int_equal(err.kind, ERR_DATABASE);
	assert_int_equal(err.retry, ERR_FATAL);
	assert_string_equal(err.code, w->fixture->sql[id].code);
	assert_string_not_equal(err.message, "");
}

const char *ask(struct world *w, struct db *db, const char *sql)
{
	struct db_rows rows;
	struct err err;
	must(w->driver->query(db, sql, NULL, 0, &w->arena, &rows, &w->stop, &err), &err);
	assert_true(rows.count > 0 && rows.columns > 0);
	return rows.cells[0];
}

bool has_table(struct world *w, struct db *db, const char *name)
{
	struct err err;
	bool has;
	must(w->driver->has_table(db, name, &has, &w->stop, &err), &err);
	return has;
}

void begin(struct world *w, struct db *db)
{
	struct err err;
	must(w->driver->begin(db, &w->stop, &err), &err);
}

void commit(struct world *w, struct db *db)
{
	struct err err;
	must(w->driver->commit(db, &w->stop, &err), &err);
}

void rollback(struct world *w, struct db *db)
{
	struct err err;
	must(w->driver->rollback(db, &w->stop, &err), &err);
}
