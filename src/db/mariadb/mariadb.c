#include "db/mariadb/mariadb.h"
#include "base/text.h"
#include "db/mariadb/cascade.h"
#include "db/mariadb/driver.h"
#include "db/mariadb/proof.h"
#include "db/mariadb/schema_parts.h"
#include "gen/sql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_BYTES = 4096,
	LEASE_MS = 500 /* to let go of a cluster's lock when closing */
};

static const char *client(void)
{
	static char text[64];
	struct err ignored;
	if (!ma_open(&ignored))
		return "MariaDB Connector/C, not installed";
	snprintf(text, sizeof(text), "MariaDB Connector/C %s", ma.client_info());
	return text;
}

static bool check_url(const struct url *url, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_target target;
	return my_target(&target, url, &arena, err);
}

static void wipe(const char *secret)
{
	if (secret != NULL)
		explicit_bzero((char *)(uintptr_t)secret, strlen(secret));
}

static void close_session(struct db *db)
{
	struct my_db *s = (struct my_db *)db;
	struct err ignored;
	s->stop = stop_cleanup(LEASE_MS);
	/* A lock of the session goes with it; the other would only run out. */
	if (s->conn != NULL)
		my_lease_release(s, &ignored);
	if (s->conn != NULL)
		ma.close(s->conn);
	wipe(s->target.password);
	wipe(s->target.key_password);
	my_ahead_forget(s);
	arena_free(&s->reach_arena);
	arena_free(&s->begin.arena);
	arena_free(&s->cascade_arena);
	my_proof_close(s);
	arena_free(&s->arena);
	free(s);
}

/* --- Opening --- */

/* "shop@db"; the port where it is not the usual one. */
static const char *label_of(struct my_db *s)
{
	if (s->place.address == NULL)
		return arena_printf(&s->arena, "%s@socket", s->server.database);
	if (s->place.port == 3306)
		return arena_printf(&s->arena, "%s@%s", s->server.database, s->place.host);
	return arena_printf(
	    &s->arena, "%s@%s:%u", s->server.database, s->place.host, s->place.port);
}

enum column {
	COLUMN_ID,
	COLUMN_VERSION,
	COLUMN_DATABASE,
	COLUMN_ACCOUNT,
	COLUMN_MODE,
	COLUMN_READ_ONLY,
	COLUMN_INNODB_READ_ONLY,
	COLUMN_SUPER_READ_ONLY,
	COLUMN_SESSION_READ_ONLY,
	COLUMN_WSREP,
	COLUMN_HISTORY,
	COLUMN_SNAPSHOT,
	COLUMNS
};

/* "10.11.6-MariaDB-0+deb12u1" → "10.11.6" */
static const char *short_version(const char *version, struct arena *arena)
{
	/* What old clients took for a version stood before it. */
	if (text_starts(version, "5.5.5-"))
		version += strlen("5.5.5-");
	return arena_strndup(arena, version, strspn(version, "0123456789."));
}

static int number_of(const char *version)
{
	int number = 0;
	for (int i = 0; i < 3; i++) {
		number = number * 100 + (int)strtol(version, NULL, 10) % 100;
		version += strcspn(version, ".");
		version += *version == '.';
	}
	return number;
}

static const char *account_of(const char *user, struct arena *arena)
{
	const char *at = strrchr(user, '@');
	return at == NULL ? arena_strdup(arena, user)
			  : arena_printf(arena, "'%.*s'@'%s'", (int)(at - user), user, at + 1);
}

static bool is_on(const char *value)
{
	return value != NULL && !text_is(value, "0") && !text_is_nocase(value, "OFF");
}

/*
 * A server that is read-only is so for those without a privilege, which roles don't show here; from
 * MariaDB 10.11 on SUPER is none. super_read_only, and NO_ADMIN among MariaDB's values, hold for
 * all.
 */
static bool is_read_only(struct my_db *s, bool maria, const char *version, const char *const *cells,
    bool *read_only, struct err *err)
{
	static const char sql[] =
	    "SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ?"
	    " AND (PRIVILEGE_TYPE IN ('READ_ONLY ADMIN', 'READ ONLY ADMIN', 'CONNECTION_ADMIN')"
	    " OR (PRIVILEGE_TYPE = 'SUPER' AND ?))";
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf filled = buf_init(NAME_BYTES);
	struct db_rows rows;
	*read_only = is_on(cells[COLUMN_READ_ONLY]) || is_on(cells[COLUMN_SUPER_READ_ONLY]);
	if (!*read_only || is_on(cells[COLUMN_SUPER_READ_ONLY]) ||
	    strstr(cells[COLUMN_READ_ONLY], "NO_ADMIN") != NULL)
		return true;
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = account_of(cells[COLUMN_ACCOUNT], &arena)},
	    {.type = DB_INT, .number = !maria || number_of(version) < 101100},
	};
	if (!my_fill(s, sql, values, 2, &filled, err) ||
	    !my_ask(s, filled.data, &arena, &rows, err))
		return false;
	*read_only = rows.count == 0;
	return true;
}

/* A node that is not part of its cluster answers, but not about tables. */
static bool is_ready(struct my_db *s, bool galera, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!galera)
		return true;
	if (!my_ask(s, "SHOW GLOBAL STATUS LIKE 'wsrep_ready'", &arena, &rows, err))
		return false;
	if (rows.count == 1 && is_on(rows.cells[1]))
		return true;
	err_set(err, ERR_UNREACHABLE, "%s: the node is not ready: it is not part of a cluster",
	    s->place.host);
	snprintf(err->code, sizeof(err->code), "1047");
	err->retry = ERR_RETRY;
	return false;
}

static bool ask_server(struct my_db *s, bool maria, struct db_rows *rows, struct err *err)
{
	if (!maria)
		return my_ask(s, sql_mariadb_open_mysql, &s->arena, rows, err);
	if (my_ask(s, sql_mariadb_open_mariadb, &s->arena, rows, err))
		return true;
	return text_is(err->code, "1193") && /* it knows no such variable */
	       my_ask(s, sql_mariadb_open_mariadb_plain, &s->arena, rows, err);
}

static bool read_server(struct my_db *s, struct err *err)
{
	bool maria = strstr(ma.server_info(s->conn), "MariaDB") != NULL, read_only = false;
	struct db_rows rows;
	if (!ask_server(s, maria, &rows, err))
		return false;
	if (rows.count != 1 || rows.columns != COLUMNS)
		return err_set(err, ERR_UNEXPECTED, "the server does not say what it is");
	const char *const *cells = rows.cells;
	const char *version = short_version(cells[COLUMN_VERSION], &s->arena);
	int64_t id = strtoll(cells[COLUMN_ID], NULL, 10);
	if (!is_ready(s, is_on(cells[COLUMN_WSREP]), err) ||
	    !is_read_only(s, maria, version, cells, &read_only, err))
		return false;
	s->server = (struct my_server){
	    .maria = maria,
	    .flavour = maria ? "MariaDB" : "MySQL",
	    .version = version,
	    .number = number_of(version),
	    .database = cells[COLUMN_DATABASE],
	    .account = account_of(cells[COLUMN_ACCOUNT], &s->arena),
	    /* As it was first: later it has our own additions. */
	    .sql_mode = s->server.sql_mode == NULL ? cells[COLUMN_MODE] : s->server.sql_mode,
	    .id = id,
	    .read_only = read_only || is_on(cells[COLUMN_INNODB_READ_ONLY]) ||
			 is_on(cells[COLUMN_SESSION_READ_ONLY]),
	    .recovery = read_only,
	    /* The handshake has half of the number. */
	    .pooler = (uint32_t)id != (uint32_t)ma.thread_id(s->conn),
	    .galera = is_on(cells[COLUMN_WSREP]),
	    .fresh = true,
	    .known = true,
	    .has_history = is_on(cells[COLUMN_HISTORY]),
	    .has_snapshot = is_on(cells[COLUMN_SNAPSHOT]),
	};
	return true;
}

static bool look(struct my_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf own = buf_init(NAME_BYTES);
	if (!read_server(s, err))
		return false;
	s->label = label_of(s);
	my_name(s->server.database, &own);
	s->base.own = arena_printf(&s->arena, "%s.", own.data);
	return true;
}

/* The session needs it again, to end a statement: over a connection of its own. */
static void keep_target(struct my_db *s)
{
	struct my_target *t = &s->target;
	const char **texts[] = {&t->socket, &t->user, &t->password, &t->database, &t->ca,
	    &t->ca_path, &t->cert, &t->key, &t->key_password, &t->crl, &t->cipher, &t->server_key,
	    &t->plugin_dir};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = arena_strdup(&s->arena, *texts[i]);
	s->place.host = arena_strdup(&s->arena, s->place.host);
	t->hosts = NULL;
	t->host_count = 0;
}

static bool connect_session(struct my_db *s, const struct stop *stop, struct err *err)
{
	if (!my_connect(&s->conn, &s->place, &s->target, &s->arena, stop, err))
		return false;
	keep_target(s);
	return (my_enter(s, stop, err) && look(s, err)) || my_fail_first(err);
}

static bool open_session(struct db **ret, const struct url *url, const struct db_options *options,
    const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_target target;
	if (!my_target(&target, url, &arena, err))
		return false;
	struct my_db *s = calloc(1, sizeof(*s));
	if (s == NULL)
		err_die("out of memory");
	s->base = (struct db){.driver = &db_mariadb, .own = ""};
	s->target = target;
	s->limits = s->first_limits = options->limits;
	s->notice = options->notice;
	s->alive = options->alive;
	s->context = options->context;
	my_proof_new(s);
	if (!connect_session(s, stop, err)) {
		/* Texts of the target may still be the URL's. */
		s->target = (struct my_target){0};
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

static bool probe(struct db *db, struct db_probe *ret, const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	if (!my_enter(s, stop, err) || (!s->server.fresh && !look(s, err)))
		return false;
	s->server.fresh = false;
	*ret = (struct db_probe){
	    .flavour = s->server.flavour,
	    .version = s->server.version,
	    .label = s->label,
	    .exists = true,
	    .read_only = s->server.read_only,
	    .recovery = s->server.recovery,
	    .pooler = s->server.pooler,
	};
	return true;
}

static bool is_known(const struct my_db *s, const char *name, bool *has)
{
	bool history = text_is(name, "db_entry_history");
	if (!s->server.known || (!history && !text_is(name, "db_entry_snapshot")))
		return false;
	*has = history ? s->server.has_history : s->server.has_snapshot;
	return true;
}

static bool has_table(
    struct db *db, const char *name, bool *has, const struct stop *stop, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM information_schema.TABLES"
				  " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"
				  " AND TABLE_TYPE <> 'VIEW'";
	struct my_db *s = (struct my_db *)db;
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = s->server.database},
	    {.type = DB_TEXT, .text = name},
	};
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_enter(s, stop, err))
		return false;
	if (is_known(s, name, has))
		return true;
	if (!my_query(db, sql, values, 2, &arena, &rows, stop, err))
		return false;
	*has = rows.count > 0;
	return true;
}

/* There is no such table, or database. */
static bool is_missing(const struct err *err)
{
	return text_is(err->code, "1146") || text_is(err->code, "1049") ||
	       text_is(err->code, "1932");
}

/* Of what can't be read nobody knows. */
static bool is_hidden(const struct err *err)
{
	return text_is(err->code, "1142") || text_is(err->code, "1143") ||
	       text_is(err->code, "1044") || text_is(err->code, "1356");
}

static bool has_row(
    struct my_db *s, const char *schema, const char *table, bool *has, struct err *err)
{
	CLEANUP(buf_free) struct buf name = buf_init(NAME_BYTES);
	*has = false;
	if (my_made_has(s, schema, table, NULL))
		return true;
	my_table_name(schema, table, &name);
	if (my_table_has_rows(s, name.data, "", has, err))
		return true;
	*has = is_hidden(err);
	return *has || is_missing(err);
}

static bool count(struct db *db, const char *schema, const char *table, const char *column,
    int64_t most, int64_t *count, const struct stop *stop, struct err *err)
{
	const struct db_value limit = {.type = DB_INT, .number = most + 1};
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf sql = buf_init(NAME_BYTES);
	struct db_rows rows;
	buf_add_text(&sql, "SELECT COUNT(*) FROM (SELECT 1 FROM ");
	my_table_name(schema, table, &sql);
	if (column != NULL) {
		buf_add_text(&sql, " WHERE ");
		my_name(column, &sql);
		buf_add_text(&sql, " IS NOT NULL");
	}
	buf_add_text(&sql, " LIMIT ?) AS r");
	if (sql.overflow)
		return err_set(err, ERR_UNEXPECTED, "a name is too long");
	if (!my_query(db, sql.data, &limit, 1, &arena, &rows, stop, err))
		return false;
	*count = strtoll(rows.cells[0], NULL, 10);
	return true;
}

/* As the statistics have it; of a partitioned table all its partitions together. */
static bool weigh(struct db *db, const char *schema, const char *table, int64_t *bytes,
    int64_t *rows, const struct stop *stop, struct err *err)
{
	static const char sql[] =
	    "SELECT COALESCE(DATA_LENGTH + INDEX_LENGTH, 0), COALESCE(TABLE_ROWS, 0)"
	    " FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
	struct my_db *s = (struct my_db *)db;
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = schema == NULL ? s->server.database : schema},
	    {.type = DB_TEXT, .text = table},
	};
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows found;
	if (!my_query(db, sql, values, 2, &arena, &found, stop, err))
		return false;
	*bytes = found.count == 0 ? 0 : strtoll(found.cells[0], NULL, 10);
	*rows = found.count == 0 ? 0 : strtoll(found.cells[1], NULL, 10);
	return true;
}

static bool has_rows(struct db *db, const char *schema, const char *table, bool *has,
    const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	return my_enter(s, stop, err) && has_row(s, schema, table, has, err);
}

static const char *const schemes[] = {"mysql", "mariadb", "mysql2", NULL};
static const char *const folders[] = {"mariadb", "mysql", NULL};

/* Of a database, of a table, of a column of it. */
static const char *const denied[] = {"1044", "1142", "1143", NULL};

const struct db_driver db_mariadb = {
    .name = "mariadb",
    .schemes = schemes,
    .folders = folders,
    .dialect = &dialect_mariadb,
    .features = DB_SERVER,
    .denied = denied,
    .own_tables = sql_mariadb_own_tables,
    .client = client,
    .check_url = check_url,
    .open = open_session,
    .close = close_session,
    .probe = probe,
    .exec = my_exec,
    .query = my_query,
    .ahead = my_ahead,
    .has_table = has_table,
    .has_rows = has_rows,
    .count = count,
    .weigh = weigh,
    .overwrote = my_overwrote,
    .begin = my_begin,
    .commit = my_commit,
    .rollback = my_rollback,
    .judge = my_judge,
    .undoes = my_undoes,
    .remains = my_remains,
    .trial = my_trial,
    .prove = my_prove,
    .samples = my_samples,
    .reset = my_reset,
    .kinds = my_kinds,
    .read_schema = my_read_schema,
    .fingerprint = my_fingerprint,
    .canonicalise = my_canonicalise,
    .lock_try = my_lock_try,
    .lock_note = my_lock_note,
    .lock_check = my_lock_check,
    .unlock = my_unlock,
    .dump_format = "sql",
    .dump_folder = my_dump_folder,
    .dump_estimate = my_dump_estimate,
    .dump = my_dump_database,
    .dump_check = my_dump_check,
    .dump_kinship = my_dump_kinship,
    .restore = my_restore_database,
};
