/*
 * Asking for the catalog. MariaDB answers one request, a block of statements
 * (sql/catalog_mariadb.sql), and one more about places, where there are any; MySQL, which knows no
 * such blocks, two, the second of which is made of the names in the first.
 */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include "gen/sql.h"
#include <string.h>

enum {
	SQL_MOST = 64 << 20,
	LEAVE_MS = 4000
};

/*
 * A migration may have changed how a session speaks and how many rows it gets; and a block as it is
 * in the file is none in Oracle's dialect, which a server may have by default.
 */
static const char enter_sql[] =
    "SET @db_entry_sql_mode = @@SESSION.sql_mode, SESSION sql_mode = '',"
    " @db_entry_limit = @@SESSION.sql_select_limit,"
    " SESSION sql_select_limit = 18446744073709551615,"
    " @db_entry_client = @@SESSION.character_set_client,"
    " SESSION character_set_client = utf8mb4,"
    " @db_entry_results = @@SESSION.character_set_results,"
    " SESSION character_set_results = utf8mb4";

/* What was ended in the midst may have set all, some or nothing. */
#define TEXT(name, variable)                                                                       \
	"SESSION " name " = COALESCE(" variable ", @@SESSION." name "), " variable " = NULL"
#define NUMBER(name, variable)                                                                     \
	"SESSION " name " = CAST(COALESCE(" variable ", @@SESSION." name                           \
	") AS UNSIGNED), " variable " = NULL"

/* clang-format off */
static const char leave_sql[] =
    "SET " TEXT("sql_mode", "@db_entry_sql_mode")
    ", " NUMBER("sql_select_limit", "@db_entry_limit")
    ", " TEXT("character_set_client", "@db_entry_client")
    ", " TEXT("character_set_results", "@db_entry_results");
/* clang-format on */

static bool needs_entering(const struct my_db *s)
{
	return s->strayed || strcasestr(s->server.sql_mode, "ORACLE") != NULL;
}

/* Also when the call was stopped: it was only looked, and the session goes on. */
static bool leave(struct my_db *s, bool multi, struct err *err)
{
	struct stop before = s->stop;
	if (s->conn == NULL)
		return true;
	s->stop = stop_cleanup(LEAVE_MS);
	bool ok = my_do(s, leave_sql, err) && (!multi || my_multiple(s, false, err));
	s->stop = before;
	return ok;
}

/* --- MariaDB --- */

struct watching {
	const struct my_taker *taker;
	bool places; /* a table has columns for them */
};

static bool has_places(const char *text, size_t len)
{
	static const char *const types[] = {"` geometry", "` point", "` linestring", "` polygon",
	    "` multipoint", "` multilinestring", "` multipolygon"};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (memmem(text, len, types[i], strlen(types[i])) != NULL)
			return true;
	return false;
}

static bool take_and_watch(void *context, const struct my_row *row, struct err *err)
{
	struct watching *watching = context;
	if (row->columns == 2 && row->cells[1] != NULL)
		watching->places = watching->places || has_places(row->cells[1], row->lengths[1]);
	return watching->taker->take(watching->taker->context, row, err);
}

/* What opens all tables once more is asked for only where it can tell something. */
static bool ask_all(struct my_db *s, const struct my_taker *taker, struct err *err)
{
	struct watching watching = {.taker = taker};
	return my_stream(s, sql_mariadb_catalog_mariadb, take_and_watch, &watching, err) &&
	       (!watching.places ||
		   my_stream(s, sql_mariadb_srids, taker->take, taker->context, err));
}

static bool ask_mariadb(struct my_db *s, const struct my_taker *taker, struct err *err)
{
	struct err ignored;
	bool enter = needs_entering(s);
	bool ok = (!enter || my_do(s, enter_sql, err)) && ask_all(s, taker, err);
	/* What the block has set it has put back. */
	if (ok && !enter)
		return true;
	return leave(s, false, ok ? err : &ignored) && ok;
}

/* --- MySQL --- */

struct naming {
	const struct my_taker *taker;
	struct buf *shows; /* SHOW CREATE of what was named */
};

static bool take_or_name(void *context, const struct my_row *row, struct err *err)
{
	struct naming *naming = context;
	if (!text_is(row->fields[0].name, "catalog_name"))
		return naming->taker->take(naming->taker->context, row, err);
	buf_printf(
	    naming->shows, "%sSHOW CREATE %s ", naming->shows->len == 0 ? "" : "; ", row->cells[1]);
	my_name(row->cells[0], naming->shows);
	return true;
}

static bool ask_mysql(struct my_db *s, const struct my_taker *taker, struct err *err)
{
	CLEANUP(buf_free) struct buf shows = buf_init(SQL_MOST);
	struct naming naming = {.taker = taker, .shows = &shows};
	struct err ignored;
	bool ok = (!needs_entering(s) || my_do(s, enter_sql, err)) && my_multiple(s, true, err) &&
		  my_stream(s, sql_mariadb_catalog_mysql, take_or_name, &naming, err);
	if (ok && shows.overflow)
		ok = err_set(err, ERR_UNEXPECTED, "there are too many tables");
	ok = ok && (shows.len == 0 || my_stream(s, shows.data, taker->take, taker->context, err));
	return leave(s, true, ok ? err : &ignored) && ok;
}

bool my_catalog(struct my_db *s, const struct my_taker *taker, struct err *err)
{
	return s->server.maria ? ask_mariadb(s, taker, err) : ask_mysql(s, taker, err);
}
