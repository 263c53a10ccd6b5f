/*
 * The live schema: a query a kind of objects, however many there are, each in a file of sql/, all
 * in one round trip. Its columns are those of the kind, so that reading is the same for all.
 */
#include "base/text.h"
#include "db/postgres/schema_parts.h"
#include "gen/sql.h"
#include <string.h>

enum {
	SCRIPT_MAX = 16 * 1024,
	QUERIES_MAX = 256 * 1024,
	LEAVE_MS = 4000, /* for the server to end what was only read */
	TRIES = 3
};

/* Columns of every schema_….sql; behind them those of the kind. */
enum {
	SCHEMA,
	PARENT,
	NAME,
	VALUES
};

static const struct source {
	const struct schema_kind *kind;
	const char *sql;
	const char *of; /* its $2: what the catalog calls the kinds it is to tell of */
} sources[] = {
    {.kind = &pg_kind_table, .sql = sql_postgres_schema_tables},
    {.kind = &pg_kind_column, .sql = sql_postgres_schema_columns},
    {.kind = &pg_kind_primary_key, .sql = sql_postgres_schema_primary_keys},
    {.kind = &pg_kind_unique, .sql = sql_postgres_schema_uniques},
    {.kind = &pg_kind_check, .sql = sql_postgres_schema_checks},
    {.kind = &pg_kind_foreign_key, .sql = sql_postgres_schema_foreign_keys},
    {.kind = &pg_kind_exclusion, .sql = sql_postgres_schema_exclusions},
    {.kind = &pg_kind_index, .sql = sql_postgres_schema_indexes, .of = "'{r,p}'"},
    {.kind = &pg_kind_trigger, .sql = sql_postgres_schema_triggers, .of = "'{r,p,f}'"},
    {.kind = &pg_kind_rule, .sql = sql_postgres_schema_rules, .of = "'{r,p,f}'"},
    {.kind = &pg_kind_policy, .sql = sql_postgres_schema_policies},
    {.kind = &pg_kind_view, .sql = sql_postgres_schema_views},
    {.kind = &pg_kind_view_trigger, .sql = sql_postgres_schema_triggers, .of = "'{v}'"},
    {.kind = &pg_kind_view_rule, .sql = sql_postgres_schema_rules, .of = "'{v}'"},
    {.kind = &pg_kind_materialized_view, .sql = sql_postgres_schema_materialized_views},
    {.kind = &pg_kind_view_index, .sql = sql_postgres_schema_indexes, .of = "'{m}'"},
    {.kind = &pg_kind_sequence, .sql = sql_postgres_schema_sequences},
    {.kind = &pg_kind_enum, .sql = sql_postgres_schema_enums},
    {.kind = &pg_kind_domain, .sql = sql_postgres_schema_domains},
    {.kind = &pg_kind_composite, .sql = sql_postgres_schema_composites},
    {.kind = &pg_kind_range, .sql = sql_postgres_schema_ranges},
    {.kind = &pg_kind_collation, .sql = sql_postgres_schema_collations},
    {.kind = &pg_kind_function, .sql = sql_postgres_schema_functions, .of = "'{f,w}'"},
    {.kind = &pg_kind_procedure, .sql = sql_postgres_schema_functions, .of = "'{p}'"},
    {.kind = &pg_kind_aggregate, .sql = sql_postgres_schema_aggregates},
    {.kind = &pg_kind_statistics, .sql = sql_postgres_schema_statistics},
    {.kind = &pg_kind_text_search, .sql = sql_postgres_schema_text_searches},
    {.kind = &pg_kind_dictionary, .sql = sql_postgres_schema_dictionaries},
    {.kind = &pg_kind_schema, .sql = sql_postgres_schema_schemas},
    {.kind = &pg_kind_extension, .sql = sql_postgres_schema_extensions},
    {.kind = &pg_kind_event_trigger, .sql = sql_postgres_schema_event_triggers},
    {.kind = &pg_kind_foreign_server, .sql = sql_postgres_schema_foreign_servers},
    {.kind = &pg_kind_publication, .sql = sql_postgres_schema_publications},
};

enum {
	SOURCES = sizeof(sources) / sizeof(sources[0])
};

/* --- Rows --- */

static size_t attribute_count(const struct schema_kind *kind)
{
	size_t count = 0;
	while (kind->attributes[count].name != NULL)
		count++;
	return count;
}

static const char *value_of(const struct schema_attribute *attribute, const char *cell)
{
	if (attribute->type == SCHEMA_BOOL)
		return pg_true(cell) ? "true" : NULL;
	/* An empty list is none. */
	bool list = attribute->type == SCHEMA_NAMES || attribute->type == SCHEMA_TERMS;
	return list && cell != NULL && *cell == '\0' ? NULL : cell;
}

/* A name the server made is none; the columns of an index may have to be found in its text. */
static void finish(struct schema_object *object, const char *made, struct arena *arena)
{
	const struct schema_kind *kind = object->kind;
	if (pg_name_is_made(kind, object->given, object->parent, made)) {
		object->given = NULL;
		if (kind == &pg_kind_primary_key)
			schema_set(object, "name", NULL);
	}
	if (kind == &pg_kind_index || kind == &pg_kind_view_index) {
		const char *columns = schema_value(object, "columns");
		if (columns != NULL && text_starts(columns, "CREATE "))
			schema_set(object, "columns", pg_index_terms(columns, arena));
	}
}

static void add_rows(const struct source *source, const struct db_rows *rows, struct schema *ret,
    struct arena *arena)
{
	size_t attributes = attribute_count(source->kind);
	for (size_t i = 0; i < rows->count; i++) {
		const char *const *row = rows->cells + i * rows->columns;
		struct schema_object *object = schema_add(ret, source->kind, arena);
		object->schema = row[SCHEMA] == NULL ? "" : row[SCHEMA];
		object->parent = row[PARENT] == NULL ? "" : row[PARENT];
		object->given = row[NAME];
		object->position = (int)i + 1;
		for (size_t a = 0; a < attributes; a++)
			object->values[a] = value_of(&source->kind->attributes[a], row[VALUES + a]);
		if (rows->columns > VALUES + attributes)
			finish(object, row[VALUES + attributes], arena);
	}
}

/* What all those queries make, one after the other. */
struct reading {
	struct schema *schema;
	struct arena *arena;
	size_t done;       /* queries */
	const char *other; /* whose query has other columns; NULL: all are as they should be */
};

static void take_rows(void *context, const struct db_rows *rows)
{
	struct reading *reading = context;
	if (reading->done >= SOURCES)
		return;
	const struct source *source = &sources[reading->done++];
	if (rows->columns < VALUES + attribute_count(source->kind))
		reading->other = source->kind->plural;
	else
		add_rows(source, rows, reading->schema, reading->arena);
}

/* The query with `prefix` for its $1, which a script has no other way to give; and its $2. */
static void add_query(const struct source *source, const char *prefix, struct buf *script)
{
	const char *sql = source->sql, *place;
	while ((place = strchr(sql, '$')) != NULL) {
		const char *value = place[1] == '1' ? prefix : place[1] == '2' ? source->of : NULL;
		buf_add(script, sql, (size_t)(place - sql));
		buf_add_text(script, value == NULL ? "$" : value);
		sql = place + (value == NULL ? 1 : 2);
	}
	buf_printf(script, "%s;\n", sql);
}

/* In one script: the server goes on with the next query while the rows of the last are taken. */
bool pg_schema_read(
    struct pg_db *s, const char *prefix, struct schema *ret, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf script = buf_init(QUERIES_MAX);
	struct reading reading = {.schema = ret, .arena = arena};
	char *literal = prefix == NULL ? NULL : pq.escapeLiteral(s->conn, prefix, strlen(prefix));
	if (prefix != NULL && literal == NULL)
		err_die("out of memory");
	for (size_t i = 0; i < SOURCES; i++)
		add_query(&sources[i], prefix == NULL ? "NULL" : literal, &script);
	pq.freemem(literal);
	struct pg_request request = {.sql = script.data,
	    .script = true,
	    .arena = arena,
	    .each = take_rows,
	    .context = &reading};
	if (!pg_request(s, &request, err))
		return false;
	if (reading.other == NULL && reading.done == SOURCES)
		return true;
	return err_set(err, ERR_UNEXPECTED, "the query for %s has other columns",
	    reading.other == NULL ? "the schema" : reading.other);
}

/* --- One moment --- */

const char *pg_schema_quoted(struct pg_db *s, struct arena *arena)
{
	const char *own = s->base.own;
	return *own == '\0' ? NULL : arena_strndup(arena, own, strlen(own) - 1);
}

/*
 * Whatever decides how the server writes constants, whoever asks. What is temporary must not hide
 * what is not. Nor is it to think longer than it works: each of these queries is asked once.
 */
static void add_settings(struct pg_db *s, const char *path, struct buf *out)
{
	static const char *const settings[][2] = {{"datestyle", "ISO, MDY"},
	    {"intervalstyle", "postgres"}, {"timezone", "UTC"}, {"extra_float_digits", "3"},
	    {"bytea_output", "hex"}, {"quote_all_identifiers", "off"}, {"xmloption", "content"},
	    {"standard_conforming_strings", "on"}, {"jit", "off"}, {"from_collapse_limit", "4"},
	    {"join_collapse_limit", "4"}};
	char *literal = pq.escapeLiteral(s->conn, path, strlen(path));
	if (literal == NULL)
		err_die("out of memory");
	buf_printf(out, "SELECT pg_catalog.set_config('search_path', %s, true)", literal);
	pq.freemem(literal);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		buf_printf(out, ", pg_catalog.set_config('%s', '%s', true)", settings[i][0],
		    settings[i][1]);
}

bool pg_schema_enter(struct pg_db *s, const char *path, const char *mode, struct err *err)
{
	CLEANUP(buf_free) struct buf script = buf_init(SCRIPT_MAX);
	if (pq.transactionStatus(s->conn) == PQTRANS_IDLE)
		buf_printf(&script, "BEGIN ISOLATION LEVEL %s; SAVEPOINT db_entry_schema; ", mode);
	else
		buf_add_text(&script, "SAVEPOINT db_entry_schema; ");
	add_settings(s, path, &script);
	if (pg_script(s, script.data, err))
		return true;
	pg_schema_leave(s);
	return false;
}

/* Even when the call was stopped: it was only looked, and the session goes on. */
void pg_schema_leave(struct pg_db *s)
{
	struct err ignored;
	struct stop before = s->stop;
	if (s->conn == NULL || pq.transactionStatus(s->conn) == PQTRANS_IDLE)
		return;
	s->stop = stop_cleanup(LEAVE_MS);
	pg_script(s,
	    s->in_transaction
		? "ROLLBACK TO SAVEPOINT db_entry_schema; RELEASE SAVEPOINT db_entry_schema"
		: "ROLLBACK",
	    &ignored);
	s->stop = before;
}

static bool read_at_once(struct pg_db *s, struct schema *ret, struct arena *arena, struct err *err)
{
	const char *current = pg_schema_quoted(s, arena);
	const char *path =
	    current == NULL ? "pg_temp" : arena_printf(arena, "%s, pg_temp", current);
	if (!pg_schema_enter(s, path, "REPEATABLE READ READ ONLY", err))
		return false;
	bool ok = pg_schema_read(s, NULL, ret, arena, err);
	pg_schema_leave(s);
	return ok;
}

/*
 * The functions that write definitions look at the catalogs as they are now, not as they were when
 * the transaction began: what somebody drops meanwhile fails. Then it is read again.
 */
static bool may_be_gone(const struct pg_db *s, const struct err *err)
{
	return !s->in_transaction && (text_starts(err->code, "42") || text_is(err->code, "XX000"));
}

bool pg_read_schema(struct db *db, struct schema *ret, struct arena *arena, const struct stop *stop,
    struct err *err)
{
	struct pg_db *s = (struct pg_db *)db;
	if (!pg_enter(s, stop, err) || !pg_must_be_whole(s, err))
		return false;
	for (int tries = 1;; tries++) {
		struct schema schema = {.kinds = pg_kinds,
		    .dialect = &dialect_postgres,
		    .engine = db->driver->name,
		    .version = s->server.version};
		if (read_at_once(s, &schema, arena, err)) {
			schema_settle(&schema, arena);
			*ret = schema;
			return true;
		}
		if (tries == TRIES || !may_be_gone(s, err))
			return false;
	}
}

const char *pg_own_schema(struct db *db)
{
	return ((struct pg_db *)db)->server.schema;
}
