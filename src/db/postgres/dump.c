/*
 * Dumping by pg_dump, in its custom format: a dumper of our own would miss in silence what newer
 * servers add. It connects by itself, as we did, and what it writes goes straight into the sink.
 * Compression is the sink's business.
 */
#include "base/text.h"
#include "db/postgres/program.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECTION_MAX = 64 * 1024,
	BEAT_MS = 2000, /* between two signs of life to those who wait for the lock */
	NOTE = 64
};

const char *pg_dump_folder(const struct url *url, struct arena *arena)
{
	(void)url;
	(void)arena;
	return NULL; /* the server's disk is not ours */
}

static bool estimate(struct pg_db *s, int64_t *bytes, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!pg_ask(s, sql_postgres_dump_estimate, NULL, 0, &arena, &rows, err))
		return false;
	if (rows.count != 1 || rows.cells[0] == NULL)
		return err_set(err, ERR_UNEXPECTED, "the server does not say how large it is");
	*bytes = strtoll(rows.cells[0], NULL, 10);
	return true;
}

bool pg_dump_estimate(struct db *db, int64_t *bytes, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	return pg_enter(s, stop, err) && estimate(s, bytes, err);
}

/* --- The connection --- */

/* What is ours or was decided when we connected: the host is the one that answered. */
static bool is_settled(const char *keyword)
{
	static const char *const keywords[] = {"application_name", "fallback_application_name",
	    "client_encoding", "replication", "service", "servicefile", "target_session_attrs",
	    "load_balance_hosts", "passfile", "connect_timeout"};
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (text_is(keyword, keywords[i]))
			return true;
	return false;
}

static void add_param(struct buf *out, const char *keyword, const char *value)
{
	buf_printf(out, "%s%s='", out->len == 0 ? "" : " ", keyword);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *value);
	}
	buf_add_char(out, '\'');
}

/*
 * The session's parameters for another libpq, which may be older: what is as libpq has it anyway is
 * not named. Words of a command line can be read by everybody, so what is secret goes into
 * `secrets`, as libpq reads a service; the password has a way of its own.
 */
static void describe(const struct pg_db *s, struct buf *connection, struct buf *secrets)
{
	PQconninfoOption *options = pq.conninfo(s->conn);
	if (options == NULL)
		err_die("out of memory");
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		if (o->val == NULL || text_is(o->val, o->compiled) || is_settled(o->keyword) ||
		    text_is(o->keyword, "password"))
			continue;
		if (text_is(o->dispchar, "*") || text_starts(o->keyword, "scram_"))
			buf_printf(secrets, "%s%s=%s\n", secrets->len == 0 ? "[db-entry]\n" : "",
			    o->keyword, o->val);
		else
			add_param(connection, o->keyword, o->val);
	}
	pq.conninfoFree(options);
	add_param(connection, "application_name", "db-entry dump");
	add_param(connection, "connect_timeout", "60");
	if (secrets->len > 0)
		add_param(connection, "service", "db-entry");
}

/* --- The stream --- */

struct dumping {
	struct pg_db *s;
	const struct stop *stop;
	struct sink *sink;
	const struct db_progress *progress;
	int64_t done, total; /* bytes */
	int64_t began, beat;
	char head[5]; /* how every dump begins */
};

static void show(const struct dumping *d)
{
	if (d->progress != NULL && d->progress->show != NULL)
		d->progress->show(
		    d->progress->context, d->done, d->done > d->total ? d->done : d->total);
}

/* Our session is idle meanwhile; others must see that its holder lives. */
static void beat(struct dumping *d)
{
	char note[NOTE], elapsed[32];
	int64_t now = stop_now();
	if (now - d->beat < BEAT_MS)
		return;
	d->beat = now;
	text_elapsed(now - d->began, elapsed, sizeof(elapsed));
	snprintf(note, sizeof(note), "making a dump, %s", elapsed);
	pg_lock_note(&d->s->base, note);
	d->s->stop = *d->stop;
}

static void idle(void *context)
{
	struct dumping *d = context;
	beat(d);
	show(d);
}

static bool take(
    void *context, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	struct dumping *d = context;
	for (size_t i = 0; d->done + (int64_t)i < (int64_t)sizeof(d->head) && i < len; i++)
		d->head[d->done + (int64_t)i] = ((const char *)data)[i];
	if (!sink_write(d->sink, data, len, stop, err))
		return false;
	d->done += (int64_t)len;
	idle(d);
	return true;
}

static bool run(struct dumping *d, const struct pg_program *program, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf connection = buf_init(CONNECTION_MAX);
	CLEANUP(buf_wipe) struct buf secrets = buf_init(CONNECTION_MAX);
	const char *password = pq.pass(d->s->conn);
	char *argv[PG_WORDS_MAX];
	size_t argc = 0;
	describe(d->s, &connection, &secrets);
	if (connection.overflow || secrets.overflow)
		return err_set(err, ERR_CONFIG, "the parameters of the database URL are too long");
	argv[argc++] = arena_strdup(&arena, "--format=custom");
	argv[argc++] = arena_strdup(&arena, "--compress=0");
	argv[argc++] = arena_strdup(&arena, "--no-password");
	argv[argc++] = arena_strdup(&arena, "--exclude-table-data=*.db_entry_lease");
	if (d->s->limits.lock_timeout > 0)
		argv[argc++] =
		    arena_printf(&arena, "--lock-wait-timeout=%" PRId64, d->s->limits.lock_timeout);
	argv[argc++] = arena_printf(&arena, "--dbname=%s", connection.data);
	argv[argc] = NULL;
	const struct pg_call call = {
	    .program = program,
	    .argv = argv,
	    .argc = argc,
	    .password = password == NULL || *password == '\0' ? NULL : password,
	    .service = secrets.len == 0 ? NULL : secrets.data,
	    .take = take,
	    .idle = idle,
	    .context = d,
	};
	return pg_program_run(&call, d->stop, err);
}

/* pg_dump makes its settings before its transaction, the empty search path first of all. */
static bool refuse_pooler(const struct pg_db *s, struct err *err)
{
	err_set(err, ERR_DUMP,
	    "%s is reached through a pooler, and pg_dump can't be used through"
	    " one",
	    s->label);
	err_why(err, "its settings, an empty search path among them, would stay with the pooler's"
		     " sessions, for other clients to get");
	err_next(err, "name the server itself: DB_ENTRY_DIRECT_URL=postgresql://…:5432/%s",
	    s->server.database);
	err_next(err, "or take a snapshot elsewhere: DB_ENTRY_DUMP=hook");
	return err_next(
	    err, "or do without, when the data is saved otherwise: DB_ENTRY_DUMP=never");
}

bool pg_dump_database(struct db *db, struct sink *sink, const char *scratch,
    const struct db_progress *progress, struct db_dump_check *check, const struct stop *stop,
    struct err *err)
{
	(void)scratch; /* a stream needs none */
	struct pg_db *s = (struct pg_db *)db;
	CLEANUP(arena_free) struct arena arena = {0};
	struct pg_program program;
	struct dumping d = {
	    .s = s, .stop = stop, .sink = sink, .progress = progress, .began = stop_now()};
	if (s->pooler)
		return refuse_pooler(s, err);
	if (!pg_enter(s, stop, err) || !estimate(s, &d.total, err) ||
	    !pg_program_find(&program, "pg_dump", s->server.version, &arena, stop, err))
		return false;
	d.beat = d.began;
	if (!run(&d, &program, err))
		return err->kind == ERR_DATABASE && err->next[0] == '\0'
			   ? err_next(
				 err, "mend what %s says there, then start again", program.title)
			   : false;
	if (memcmp(d.head, "PGDMP", sizeof(d.head)) != 0)
		return err_set(err, ERR_DATABASE, "%s wrote no dump", program.title);
	show(&d);
	*check = (struct db_dump_check){0};
	return true;
}

/* --- Checking --- */

static bool is_too_new(const char *message)
{
	return strstr(message, "unsupported version") != NULL;
}

bool pg_dump_check(
    const char *path, struct db_dump_check *check, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct pg_program program;
	if (!pg_program_find(&program, "pg_restore", NULL, &arena, stop, err))
		return false;
	char *argv[] = {arena_strdup(&arena, "--file=/dev/null"), arena_strdup(&arena, "--"),
	    arena_strdup(&arena, path), NULL};
	const struct pg_call call = {.program = &program, .argv = argv, .argc = 3};
	/* All of it is read, and written as SQL to nowhere. */
	if (pg_program_run(&call, stop, err)) {
		*check = (struct db_dump_check){0};
		return true;
	}
	if (err->kind == ERR_DATABASE && is_too_new(err->message)) {
		err->kind = ERR_DUMP; /* and not damaged */
		err_next(err,
		    "install a pg_restore that is as new as the pg_dump that made it;"
		    " %s is %s",
		    program.title, program.version);
	}
	return err_context(err, "%s", path);
}
