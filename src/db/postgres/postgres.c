#include "db/postgres/postgres.h"
#include "base/text.h"
#include "db/postgres/driver.h"
#include "db/postgres/kinds.h"
#include "db/postgres/proof.h"
#include "gen/sql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_LEN = 4096
};

static const char *client(void)
{
	static char text[32];
	struct err ignored;
	if (!pq_open(&ignored))
		return "libpq, not installed";
	int version = pq.libVersion();
	snprintf(text, sizeof(text), "libpq %d.%d", version / 10000, version % 10000);
	return text;
}

static bool check_url(const struct url *url, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct pg_target target;
	return pg_target(&target, url, &arena, err);
}

static void close_session(struct db *db)
{
	struct pg_db *s = (struct pg_db *)db;
	pq.finish(s->conn);
	pg_proof_close(s);
	pg_ahead_forget(s);
	buf_free(&s->later);
	arena_free(&s->arena);
	free(s);
}

/* --- Notices --- */

static enum db_notice level_of(const char *severity)
{
	if (text_is(severity, "WARNING"))
		return DB_NOTICE_WARNING;
	return severity != NULL && text_starts(severity, "DEBUG") ? DB_NOTICE_DEBUG
								  : DB_NOTICE_INFO;
}

/* Only those of a migration's statements: our own SQL says nothing worth hearing. */
static void receive_notice(void *context, const PGresult *result)
{
	struct pg_db *s = context;
	const char *text = pq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *severity = pq.resultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (s != NULL && s->heard && s->notice != NULL && text != NULL)
		s->notice(s->context, level_of(severity), text);
}

/* --- Opening --- */

static const char *quote(const char *name, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = buf_init(NAME_MAX_LEN);
	buf_add_char(&out, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_add_char(&out, '"');
		buf_add_char(&out, *name);
	}
	buf_add_char(&out, '"');
	return arena_strdup(arena, out.data);
}

/* "shop@db/public"; the port where it is not the usual one. */
static const char *label_of(struct pg_db *s)
{
	const char *host = pq.host(s->conn), *port = pq.port(s->conn);
	bool usual = port == NULL || text_is(port, "5432") || text_is(port, "");
	if (host == NULL || host[0] == '/' || host[0] == '@')
		host = "socket";
	return arena_printf(&s->arena, "%s@%s%s%s%s%s", s->server.database, host, usual ? "" : ":",
	    usual ? "" : port, s->server.schema == NULL ? "" : "/",
	    s->server.schema == NULL ? "" : s->server.schema);
}

enum column {
	COLUMN_PID,
	COLUMN_PRODUCT,
	COLUMN_VERSION,
	COLUMN_NUMBER,
	COLUMN_DATABASE,
	COLUMN_USER,
	COLUMN_SCHEMA,
	COLUMN_RECOVERY,
	COLUMN_READ_ONLY,
	COLUMN_SEARCH_PATH,
	COLUMN_HISTORY,
	COLUMN_SNAPSHOT,
	COLUMNS
};

static bool read_server(struct pg_db *s, struct err *err)
{
	const char *const values[] = {s->search_path};
	struct db_rows rows;
	if (!pg_ask(s, sql_postgres_open, values, 1, &s->arena, &rows, err))
		return false;
	if (rows.count != 1 || rows.columns != COLUMNS)
		return err_set(err, ERR_UNEXPECTED, "the server does not say what it is");
	const char *const *cells = rows.cells;
	const char *product = cells[COLUMN_PRODUCT];
	s->server = (struct pg_server){
	    .pid = (int)strtol(cells[COLUMN_PID], NULL, 10),
	    .flavour = arena_strndup(&s->arena, product, strcspn(product, " ")),
	    /* "15.20 (Debian 15.20-0+deb12u1)" */
	    .version = arena_strndup(
		&s->arena, cells[COLUMN_VERSION], strcspn(cells[COLUMN_VERSION], " ")),
	    .number = (int)strtol(cells[COLUMN_NUMBER], NULL, 10),
	    .database = cells[COLUMN_DATABASE],
	    .user = cells[COLUMN_USER],
	    /* Once and for all: the lock is that of the schema. */
	    .schema = s->label == NULL ? cells[COLUMN_SCHEMA] : s->server.schema,
	    .search_path = s->label == NULL ? cells[COLUMN_SEARCH_PATH] : s->server.search_path,
	    .recovery = pg_true(cells[COLUMN_RECOVERY]),
	    .read_only = pg_true(cells[COLUMN_READ_ONLY]),
	    .fresh = true,
	    /* Of that schema, which is ours for good from the first time on. */
	    .known = s->label == NULL,
	    .has_history = pg_true(cells[COLUMN_HISTORY]),
	    .has_snapshot = pg_true(cells[COLUMN_SNAPSHOT]),
	};
	return true;
}

/* What a pooler says is its own number of the session, and the back end's is another. */
static bool look(struct pg_db *s, struct err *err)
{
	if (!read_server(s, err))
		return false;
	s->pooler = s->pooler || s->server.pid != pq.backendPID(s->conn);
	s->label = label_of(s);
	if (s->server.schema != NULL)
		s->base.own = arena_printf(&s->arena, "%s.", quote(s->server.schema, &s->arena));
	return true;
}

/* Which kind a failing first query is: the connection was made, and yet it can't be used. */
static bool fail_first(struct err *err)
{
	if (err->kind == ERR_DATABASE)
		err->kind = ERR_UNREACHABLE;
	return false;
}

/* What the URL leaves open. Neither needs anything of a pooler it may not have. */
static void complete(struct pg_target *target, const struct db_options *options)
{
	static const char *const ours[][2] = {{"keepalives", "1"}, {"keepalives_idle", "30"},
	    {"keepalives_interval", "10"}, {"keepalives_count", "3"},
	    {"tcp_user_timeout", "60000"}};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (pg_target_get(target, ours[i][0]) == NULL)
			pg_target_set(target, ours[i][0], ours[i][1]);
	pg_target_set(target, "application_name", options->application_name);
	pg_target_set(target, "client_encoding", "UTF8");
}

static bool connect_session(
    struct pg_db *s, const struct pg_target *target, const struct stop *stop, struct err *err)
{
	s->search_path = arena_strdup(&s->arena, target->search_path);
	s->pooler = target->pooler;
	if (!pg_connect(&s->conn, target, receive_notice, stop, err))
		return false;
	pq.setNoticeReceiver(s->conn, receive_notice, s);
	pq.setnonblocking(s->conn, 1);
	return (pg_enter(s, stop, err) && look(s, err)) || fail_first(err);
}

static bool open_session(struct db **ret, const struct url *url, const struct db_options *options,
    const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct pg_target target;
	if (!pg_target(&target, url, &arena, err))
		return false;
	complete(&target, options);
	struct pg_db *s = calloc(1, sizeof(*s));
	if (s == NULL)
		err_die("out of memory");
	s->base = (struct db){.driver = &db_postgres, .own = ""};
	s->later = buf_init(PG_LATER_MOST);
	pg_proof_new(s);
	s->limits = s->first_limits = options->limits;
	s->notice = options->notice;
	s->alive = options->alive;
	s->context = options->context;
	snprintf(s->lock.shown, sizeof(s->lock.shown), "%s", options->application_name);
	s->lease.ms = options->lease.ms;
	s->lease.token =
	    options->lease.ms == 0 ? "" : arena_strdup(&s->arena, options->lease.token);
	if (!connect_session(s, &target, stop, err)) {
		close_session(&s->base);
		return false;
	}
	if (target.dropped != NULL && s->notice != NULL)
		s->notice(s->context, DB_NOTICE_DEBUG,
		    arena_printf(&arena, "parameters of the URL that are other drivers': %s",
			target.dropped));
	*ret = &s->base;
	return true;
}

/* --- Looking --- */

static const char *how_to_write(struct pg_db *s)
{
	static const char setting[] = "default_transaction_read_only";
	return arena_printf(&s->arena,
	    "its sessions begin read-only: ALTER DATABASE %s RESET %s; or ALTER ROLE %s RESET %s;",
	    quote(s->server.database, &s->arena), setting, quote(s->server.user, &s->arena),
	    setting);
}

static bool probe(struct db *db, struct db_probe *ret, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	if (!pg_enter(s, stop, err) || (!s->server.fresh && !look(s, err)))
		return false;
	s->server.fresh = false;
	*ret = (struct db_probe){
	    .flavour = s->server.flavour,
	    .version = s->server.version,
	    .label = s->label,
	    .exists = true,
	    .read_only = s->server.read_only,
	    .read_only_next = s->server.read_only ? how_to_write(s) : NULL,
	    .recovery = s->server.recovery,
	    .pooler = s->pooler,
	    .transactions_only = s->lease.ms > 0,
	};
	return true;
}

static bool is_known(bool *has, bool known)
{
	*has = known;
	return true;
}

static bool has_table(
    struct db *db, const char *name, bool *has, const struct stop *stop, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM pg_catalog.pg_class AS c"
				  " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
				  " WHERE n.nspname = ? AND c.relkind IN ('r', 'p')"
				  " AND c.relname IN (?, pg_catalog.lower(?))";
	struct pg_db *s = (struct pg_db *)db;
	CLEANUP(arena_free) struct arena arena = {0};
	const char *dot = strchr(name, '.'), *table = dot == NULL ? name : dot + 1;
	if (s->server.known && text_is(name, "db_entry_history"))
		return is_known(has, s->server.has_history);
	if (s->server.known && text_is(name, "db_entry_snapshot"))
		return is_known(has, s->server.has_snapshot);
	const struct db_value values[] = {
	    {.type = DB_TEXT,
		.text = dot == NULL ? s->server.schema
				    : arena_strndup(&arena, name, (size_t)(dot - name))},
	    {.type = DB_TEXT, .text = table},
	    {.type = DB_TEXT, .text = table},
	};
	struct db_rows rows;
	if (!pg_query(db, sql, values, 3, &arena, &rows, stop, err))
		return false;
	*has = rows.count > 0;
	return true;
}

static bool read_row(struct pg_db *s, const char *name, bool *has, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	const char *sql = arena_printf(&arena, "SELECT FROM %s LIMIT 1", name);
	if (!pg_ask(s, sql, NULL, 0, &arena, &rows, err))
		return false;
	*has = rows.count > 0;
	return true;
}

/* Of what can't be seen in full nobody knows. */
static bool has_rows(struct db *db, const char *schema, const char *table, bool *has,
    const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	const char *const values[] = {schema, table};
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	bool found = false;
	if (!pg_enter(s, stop, err) ||
	    !pg_ask(s, sql_postgres_has_rows, values, 2, &arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count && !found; i++) {
		found = !pg_true(rows.cells[2 * i + 1]);
		if (!found && !read_row(s, rows.cells[2 * i], &found, err))
			return false;
	}
	*has = found;
	return true;
}

static bool weigh(struct db *db, const char *schema, const char *table, int64_t *bytes,
    int64_t *count, const struct stop *stop, struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	const char *const values[] = {schema, table};
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!pg_enter(s, stop, err) ||
	    !pg_ask(s, sql_postgres_weigh, values, 2, &arena, &rows, err))
		return false;
	*bytes = rows.count == 0 ? 0 : strtoll(rows.cells[0], NULL, 10);
	*count = rows.count == 0 ? 0 : strtoll(rows.cells[1], NULL, 10);
	return true;
}

static const char *const schemes[] = {"postgresql", "postgres", "pgsql", NULL};
static const char *const folders[] = {"postgres", "postgresql", "pg", NULL};

static const char *const denied[] = {"42501", NULL};

const struct db_driver db_postgres = {
    .name = "postgres",
    .schemes = schemes,
    .folders = folders,
    .dialect = &dialect_postgres,
    .features = DB_TRANSACTIONAL_DDL | DB_SERVER,
    .kinds = pg_kinds,
    .denied = denied,
    .own_tables = sql_postgres_own_tables,
    .client = client,
    .programs = pg_programs,
    .check_url = check_url,
    .open = open_session,
    .close = close_session,
    .probe = probe,
    .exec = pg_exec,
    .query = pg_query,
    .later = pg_later,
    .ahead = pg_ahead,
    .has_table = has_table,
    .has_rows = has_rows,
    .weigh = weigh,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .own_schema = pg_own_schema,
    .read_schema = pg_read_schema,
    .fingerprint = pg_fingerprint,
    .canonicalise = pg_canonicalise,
    .remains = pg_remains,
    .prove = pg_prove,
    .samples = pg_samples,
    .reset = pg_reset,
    .lock_try = pg_lock_try,
    .lock_note = pg_lock_note,
    .lock_check = pg_lock_check,
    .unlock = pg_unlock,
    .dump_format = "pgdump",
    .dump_folder = pg_dump_folder,
    .dump_estimate = pg_dump_estimate,
    .dump = pg_dump_database,
    .dump_check = pg_dump_check,
    .dump_kinship = pg_dump_kinship,
    .restore = pg_restore_database,
};
