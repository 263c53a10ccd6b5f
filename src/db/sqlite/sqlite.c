#include "db/sqlite/sqlite.h"
#include "base/fs.h"
#include "db/sqlite/driver.h"
#include "db/sqlite/kinds.h"
#include "gen/sql.h"
#include "sql/risk.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The library may be a later one than the header this was compiled with. */
static const char *client(void)
{
	static char text[32];
	snprintf(text, sizeof(text), "SQLite %s", sqlite3_libversion());
	return text;
}

static bool check_url(const struct url *url, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct sqlite_target target;
	return sqlite_target(&target, url, &arena, err);
}

static void sqlite_close(struct db *db)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	sqlite_disconnect(s);
	/* After the connection, so that the next holder meets nothing of ours. */
	sqlite_lock_release(s);
	proof_free_all(s);
	arena_free(&s->arena);
	free(s);
}

static bool sqlite_open(struct db **ret, const struct url *url, const struct db_options *options,
    const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = calloc(1, sizeof(*s));
	if (s == NULL)
		err_die("out of memory");
	s->base = (struct db){.driver = &db_sqlite, .own = "main."};
	s->limits = s->first_limits = options->limits;
	s->alive = options->alive;
	s->alive_context = options->context;
	s->create = options->create;
	s->opening = true;
	s->lock.fd = -1;
	if (!sqlite_target(&s->target, url, &s->arena, err) || !sqlite_enter(s, stop, err)) {
		sqlite_close(&s->base);
		return false;
	}
	s->opening = false;
	*ret = &s->base;
	return true;
}

static bool probe(struct db *db, struct db_probe *ret, const struct stop *stop, struct err *err)
{
	struct sqlite_db *s = (struct sqlite_db *)db;
	if (!sqlite_enter(s, stop, err))
		return false;
	CLEANUP(arena_free) struct arena arena = {0};
	/* Its journal, and our lock, need the folder. */
	const char *folder = fs_folder_of(&arena, s->path);
	bool read_only = s->target.read_only || sqlite3_db_readonly(s->handle, "main") == 1 ||
			 faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) != 0;
	*ret = (struct db_probe){
	    .flavour = "SQLite",
	    .version = sqlite3_libversion(),
	    .label = s->target.path,
	    .exists = s->exists,
	    .read_only = read_only,
	    .read_only_next =
		"make it writable for this process, the file together with its folder",
	};
	return true;
}

static bool has_table(
    struct db *db, const char *name, bool *has, const struct stop *stop, struct err *err)
{
	static const char sql[] = "SELECT 1 FROM main.sqlite_master"
				  " WHERE type = 'table' AND name = ? COLLATE NOCASE";
	const struct db_value value = {.type = DB_TEXT, .text = name};
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!sqlite_query(db, sql, &value, 1, &arena, &rows, stop, err))
		return false;
	*has = rows.count > 0;
	return true;
}

static bool read_row(
    struct db *db, const char *table, bool *has, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	char *sql = sqlite3_mprintf("SELECT 1 FROM main.\"%w\" LIMIT 1", table);
	if (sql == NULL)
		err_die("out of memory");
	bool ok = sqlite_query(db, sql, NULL, 0, &arena, &rows, stop, err);
	sqlite3_free(sql);
	if (ok)
		*has = rows.count > 0;
	return ok;
}

/* Only a bare name is known to be one of `main`. */
static bool has_rows(struct db *db, const char *schema, const char *table, bool *has,
    const struct stop *stop, struct err *err)
{
	bool there = true;
	if (schema == NULL && !has_table(db, table, &there, stop, err))
		return false;
	if (schema == NULL && there)
		return read_row(db, table, has, stop, err);
	*has = there;
	return true;
}

/*
 * A statement that fails is undone, unless FAIL says that rows before the one in conflict stay
 * (sqlite.org/lang_conflict.html): its own word, or that of a table.
 */
static bool remains(struct db *db, const struct sql_statement *statement, bool failed,
    const char *since, struct db_remains *ret, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	static const char sql[] = "SELECT 1 FROM main.sqlite_master"
				  " WHERE sql LIKE '%CONFLICT%FAIL%' AND name NOT LIKE"
				  " 'db_entry_%'";
	struct db_remains found = {.state = DB_REMAINS_UNKNOWN};
	struct db_rows rows;
	(void)since;
	if (failed && !sql_has_word(&dialect_sqlite, statement->text, statement->len, "FAIL")) {
		if (!sqlite_query(db, sql, NULL, 0, arena, &rows, stop, err))
			return false;
		if (rows.count == 0)
			found.state = DB_REMAINS_NOTHING;
	}
	*ret = found;
	return true;
}

static const char *const schemes[] = {"sqlite", "sqlite3", "file", NULL};
static const char *const folders[] = {"sqlite", "sqlite3", NULL};

const struct db_driver db_sqlite = {
    .name = "sqlite",
    .schemes = schemes,
    .folders = folders,
    .dialect = &dialect_sqlite,
    .features = DB_TRANSACTIONAL_DDL | DB_DUMP_IS_FILE,
    .own_tables = sql_sqlite_own_tables,
    .kinds = sqlite_kinds,
    .client = client,
    .check_url = check_url,
    .open = sqlite_open,
    .close = sqlite_close,
    .probe = probe,
    .exec = sqlite_exec,
    .query = sqlite_query,
    .has_table = has_table,
    .has_rows = has_rows,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .remains = remains,
    .prove = sqlite_prove,
    .samples = sqlite_samples,
    .reset = sqlite_reset,
    .read_schema = sqlite_read_schema,
    .fingerprint = sqlite_fingerprint,
    .canonicalise = sqlite_canonicalise,
    .lock_try = sqlite_lock_try,
    .lock_note = sqlite_lock_note,
    .lock_check = sqlite_lock_check,
    .unlock = sqlite_unlock,
    .dump_format = "sqlite",
    .dump_folder = sqlite_dump_folder,
    .dump_estimate = sqlite_dump_estimate,
    .dump = sqlite_dump,
    .dump_check = sqlite_dump_check,
    .dump_kinship = sqlite_dump_kinship,
    .restore = sqlite_restore,
};
