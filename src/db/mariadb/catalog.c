/*
 * Asking for the catalog. MariaDB answers one request, a block of statements
 * (sql/catalog_mariadb.sql), and one more about sequences and about places, where there are any;
 * MySQL, which knows no such blocks, two, the second of which is made of the names in the first.
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
    ", " NUMBER("group_concat_max_len", "@db_entry_concat")
    ", " TEXT("character_set_client", "@db_entry_client")
    ", " TEXT("character_set_results", "@db_entry_results");
/* clang-format on */

static bool needs_entering(const struct my_db *s)
{
	return s->strayed || strcasestr(s->server.sql_mode, "ORACLE") != NULL;
}

bool my_catalog_alone(const struct my_db *s)
{
	return needs_entering(s);
}

/* Also when the call was stopped: it was only looked, and the session goes on. */
static bool leave(struct my_db *s, bool settings, bool multi, struct err *err)
{
	struct stop before = s->stop;
	if (s->conn == NULL)
		return true;
	s->stop = stop_cleanup(LEAVE_MS);
	bool ok = (!settings || my_do(s, leave_sql, err)) &&
		  (!multi || s->conn == NULL || my_multiple(s, false, err));
	s->stop = before;
	return ok;
}

/* What goes before: statements that end with "; ". */
static void add_before(const struct my_before *before, struct buf *sql)
{
	for (size_t i = 0; before != NULL && i < before->count; i++)
		buf_printf(sql, "%s; ", before->queries[i]);
}

static const struct my_taker *taker_of(
    const struct my_before *before, const struct my_taker *taker, const struct my_row *row)
{
	return before != NULL && row->result < before->count ? &before->taker : taker;
}

/* --- MariaDB --- */

struct watching {
	const struct my_before *before;
	const struct my_taker *taker;
	bool places;           /* a table has columns for them */
	struct buf *sequences; /* SHOW CREATE of those that were met */
};

static bool has_places(const char *text, size_t len)
{
	static const char *const types[] = {"geometry", "point", "linestring", "polygon",
	    "multipoint", "multilinestring", "multipolygon"};
	const char *end = text + len, *at = text;
	while ((at = memchr(at, '`', (size_t)(end - at))) != NULL) {
		if (*++at != ' ')
			continue;
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (text_starts(at + 1, types[i]))
				return true;
	}
	return false;
}

/* As a table it tells its columns alone. Its last line says what it is, before its comment. */
static bool is_sequence(const char *text, size_t len)
{
	static const char engine[] = "\n) ENGINE=";
	const char *line = memrchr(text, '\n', len);
	if (line == NULL || !text_starts(line, engine))
		return false;
	line += sizeof(engine) - 1;
	return text_starts(line + strcspn(line, " "), " SEQUENCE=1");
}

/*
 * What a table is the server would open all of them for, to say so with their names. Temporary ones
 * are of this session alone; since 11.2 they are named, too.
 */
static bool take_table(struct watching *watching, const struct my_row *row, struct err *err)
{
	const char *text = row->cells[1];
	if (text_starts(text, "CREATE TEMPORARY "))
		return true;
	if (is_sequence(text, row->lengths[1])) {
		buf_add_text(watching->sequences, "SHOW CREATE SEQUENCE ");
		my_name(row->cells[0], watching->sequences);
		buf_add_text(watching->sequences, "; ");
		return true;
	}
	watching->places = watching->places || has_places(text, row->lengths[1]);
	return watching->taker->take(watching->taker->context, row, err);
}

static bool take_and_watch(void *context, const struct my_row *row, struct err *err)
{
	struct watching *watching = context;
	const struct my_taker *taker = taker_of(watching->before, watching->taker, row);
	if (taker == watching->taker && row->columns == 2 && row->cells[1] != NULL)
		return take_table(watching, row, err);
	return taker->take(taker->context, row, err);
}

/* A block within a block: no session has to take several statements for it. */
static bool ask_block(struct my_db *s, struct watching *watching, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	const struct my_before *before = watching->before;
	if (before == NULL)
		return my_stream(s, sql_mariadb_catalog_mariadb, take_and_watch, watching, err);
	buf_add_text(&sql, "BEGIN NOT ATOMIC ");
	add_before(before, &sql);
	buf_printf(&sql, "%s; END", sql_mariadb_catalog_mariadb);
	return my_stream(s, sql.data, take_and_watch, watching, err);
}

/* leave_sql puts back what is set. */
static bool ask_sequences(struct my_db *s, const struct watching *watching, struct err *err)
{
	static const char enter[] = "SET @db_entry_sql_mode = @@SESSION.sql_mode,"
				    " SESSION sql_mode = ''";
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	const struct my_taker *taker = watching->taker;
	buf_printf(&sql, "BEGIN NOT ATOMIC %sEND", watching->sequences->data);
	if (sql.overflow || watching->sequences->overflow)
		return err_set(err, ERR_UNEXPECTED, "there are too many sequences");
	return my_do(s, enter, err) && my_stream(s, sql.data, taker->take, taker->context, err);
}

/* What opens all tables once more is asked for only where it can tell something. */
static bool ask_all(struct my_db *s, struct watching *watching, struct err *err)
{
	const struct my_taker *taker = watching->taker;
	return ask_block(s, watching, err) &&
	       (watching->sequences->len == 0 || ask_sequences(s, watching, err)) &&
	       (!watching->places ||
		   my_stream(s, sql_mariadb_srids, taker->take, taker->context, err));
}

static bool ask_mariadb(
    struct my_db *s, const struct my_before *before, const struct my_taker *taker, struct err *err)
{
	CLEANUP(buf_free) struct buf sequences = buf_init(SQL_MOST);
	struct watching watching = {.before = before, .taker = taker, .sequences = &sequences};
	struct err ignored;
	bool enter = needs_entering(s);
	bool ok = (!enter || my_do(s, enter_sql, err)) && ask_all(s, &watching, err);
	/* What the block has set it has put back. */
	if (ok && !enter && sequences.len == 0)
		return true;
	return leave(s, true, false, ok ? err : &ignored) && ok;
}

/* --- MySQL --- */

struct naming {
	const struct my_before *before;
	const struct my_taker *taker;
	struct buf *shows; /* SHOW CREATE of what was named */
};

static bool take_or_name(void *context, const struct my_row *row, struct err *err)
{
	struct naming *naming = context;
	const struct my_taker *taker = taker_of(naming->before, naming->taker, row);
	if (!text_is(row->fields[0].name, "catalog_name"))
		return taker->take(taker->context, row, err);
	buf_printf(
	    naming->shows, "%sSHOW CREATE %s ", naming->shows->len == 0 ? "" : "; ", row->cells[1]);
	my_name(row->cells[0], naming->shows);
	return true;
}

static bool ask_mysql(
    struct my_db *s, const struct my_before *before, const struct my_taker *taker, struct err *err)
{
	CLEANUP(buf_free) struct buf names = buf_init(SQL_MOST);
	CLEANUP(buf_free) struct buf shows = buf_init(SQL_MOST);
	struct naming naming = {.before = before, .taker = taker, .shows = &shows};
	struct err ignored;
	add_before(before, &names);
	buf_add_text(&names, sql_mariadb_catalog_mysql);
	bool ok = (!needs_entering(s) || my_do(s, enter_sql, err)) && my_multiple(s, true, err) &&
		  my_stream(s, names.data, take_or_name, &naming, err);
	buf_printf(&shows, "%s%s", shows.len == 0 ? "" : "; ", leave_sql);
	if (ok && shows.overflow)
		ok = err_set(err, ERR_UNEXPECTED, "there are too many tables");
	ok = ok && my_stream(s, shows.data, taker->take, taker->context, err);
	return leave(s, !ok, true, ok ? err : &ignored) && ok;
}

bool my_catalog_behind(
    struct my_db *s, const struct my_before *before, const struct my_taker *taker, struct err *err)
{
	return s->server.maria ? ask_mariadb(s, before, taker, err)
			       : ask_mysql(s, before, taker, err);
}

bool my_catalog(struct my_db *s, const struct my_taker *taker, struct err *err)
{
	return my_catalog_behind(s, NULL, taker, err);
}

/* --- What stands for all of it --- */

/* The counter in the text of a table is data. */
static size_t counter(const char *text, size_t len, size_t *counter_len)
{
	static const char words[] = " AUTO_INCREMENT=";
	/* Behind the last line's parenthesis: a comment may hold the same. */
	const char *line = memrchr(text, '\n', len);
	while (line != NULL && !text_starts(line, "\n) "))
		line = memrchr(text, '\n', (size_t)(line - text));
	const char *found = line == NULL ? NULL : strstr(line, words);
	const char *comment = line == NULL ? NULL : strstr(line, " COMMENT='");
	if (found == NULL || (comment != NULL && comment < found))
		return len;
	*counter_len = sizeof(words) - 1 + strspn(found + sizeof(words) - 1, "0123456789");
	return (size_t)(found - text);
}

static void digest_cell(struct digest *digest, const char *text, size_t len, bool table)
{
	size_t skip = 0, at = table ? counter(text, len, &skip) : len;
	digest_add(digest, text, at);
	digest_add(digest, text + at + skip, len - at - skip);
	digest_add(digest, "", 1);
}

void my_digest_row(struct digest *digest, const struct my_row *row)
{
	bool table = row->columns == 2 && text_is(row->fields[1].name, "Create Table");
	for (size_t i = 0; i < row->columns; i++)
		if (row->cells[i] == NULL)
			digest_add(digest, "\0N", 2);
		else
			digest_cell(digest, row->cells[i], row->lengths[i], table && i == 1);
}
