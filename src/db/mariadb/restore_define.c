/* What a restore makes: its own databases, and what is no table. */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <string.h>

enum {
	NAME_MOST = 40, /* bytes of the database's name in the name of one of ours */
	DIGITS = 8
};

void my_places(struct my_places *places, const char *database, struct arena *arena)
{
	const char *stem = database;
	if (strlen(database) > NAME_MOST) {
		char hex[DIGEST_HEX + 1];
		size_t len = NAME_MOST;
		struct digest *digest = digest_new();
		digest_add(digest, database, strlen(database));
		digest_hex(digest, hex);
		digest_free(&digest);
		while (len > 0 && ((unsigned char)database[len] & 0xc0) == 0x80)
			len--;
		stem = arena_printf(arena, "%.*s_%.*s", (int)len, database, DIGITS, hex);
	}
	*places = (struct my_places){
	    .live = database,
	    .fresh = arena_printf(arena, "%s_db_entry_new", stem),
	    .old = arena_printf(arena, "%s_db_entry_old", stem),
	};
}

/* --- Our databases --- */

static bool fail_to_make(const struct my_db *s, const char *name, struct err *err)
{
	if (text_is(err->code, "1007")) {
		err_set(err, ERR_DATABASE, "the database %s is in the way", name);
		return err_next(err, "look what is in it; then DROP DATABASE `%s`;", name);
	}
	bool denied = text_is(err->code, "1044");
	err_context(err, "a restore is made beside the present database, in %s", name);
	if (!denied)
		return false;
	CLEANUP(buf_free) struct buf pattern = buf_init(1024);
	size_t stem = strlen(name) - strlen("new");
	for (size_t i = 0; i < stem; i++)
		buf_printf(&pattern, name[i] == '_' || name[i] == '%' ? "\\%c" : "%c", name[i]);
	return err_next(err, "as an administrator: GRANT ALL PRIVILEGES ON `%s%%`.* TO %s;",
	    pattern.data, s->server.account);
}

bool my_places_make(
    struct my_db *s, struct my_db *side, const struct my_places *places, struct err *err)
{
	if (!my_side_do(side, err, "CREATE DATABASE %n", places->old))
		return fail_to_make(s, places->old, err);
	if (my_side_do(side, err,
		"CREATE TABLE %n.%n (way_back longblob NOT NULL, way_on longblob NOT NULL,"
		" id integer NOT NULL DEFAULT 1 PRIMARY KEY) ENGINE = InnoDB",
		places->old, MY_BEFORE) &&
	    my_side_do(side, err, "CREATE DATABASE %n", places->fresh))
		return true;
	fail_to_make(s, places->fresh, err);
	struct err ignored;
	my_side_do(side, &ignored, "DROP DATABASE %n", places->old);
	return false;
}

/* The one with the mark last: as long as it is there, the other is known to be ours. */
bool my_places_remove(struct my_db *side, const struct my_places *places, struct err *err)
{
	return my_do(side, "SET SESSION foreign_key_checks = 0", err) &&
	       my_side_do(side, err, "DROP DATABASE IF EXISTS %n", places->fresh) &&
	       my_side_do(side, err, "DROP DATABASE IF EXISTS %n", places->old);
}

/* --- Definitions --- */

/* A view that names its own database, as those do that read another one too, finds the old one. */
static bool is_beyond_trying(
    const struct my_places *places, const struct my_part *part, const struct err *err)
{
	static const char *const codes[] = {"1146", "1054", "1356", "1305"};
	CLEANUP(buf_free) struct buf qualified = buf_init(1024);
	my_name(places->live, &qualified);
	if (strstr(part->text, qualified.data) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (text_is(err->code, codes[i]))
			return true;
	return false;
}

static bool advise_definition(struct my_db *side, const struct my_part *part, struct err *err)
{
	bool definer = text_is(err->code, "1227");
	/* To define something as a user who has this one takes it, too. */
	bool system = strstr(err->message, "SYSTEM_USER") != NULL;
	err_context(err, "%.60s", part->text);
	if (!definer)
		return false;
	err_why(err, "it is to run as somebody else than %s", side->server.account);
	if (side->server.maria)
		return err_next(
		    err, "as an administrator: GRANT SET USER ON *.* TO %s;", side->server.account);
	return err_next(err, "as an administrator: GRANT %s ON *.* TO %s;",
	    system ? "SYSTEM_USER" : "SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER",
	    side->server.account);
}

static bool define(struct my_db *side, const struct my_places *places, struct my_script *script,
    bool rehearsed, struct err *err)
{
	struct my_part part;
	for (;;) {
		if (!my_script_next(script, &part, &side->stop, err))
			return false;
		if (part.kind == MY_PART_END || my_mark(&part, "end") != NULL ||
		    (rehearsed && my_mark(&part, "events") != NULL))
			return true;
		struct my_request request = {.sql = part.text, .len = part.len};
		if (part.kind == MY_PART_MARK || my_request(side, &request, err))
			continue;
		if (!rehearsed || !is_beyond_trying(places, &part, err))
			return advise_definition(side, &part, err);
	}
}

bool my_define(struct my_db *side, const struct my_places *places, const char *text, size_t len,
    bool rehearsed, struct err *err)
{
	struct my_script script;
	my_script_from(&script, text, len);
	bool ok = define(side, places, &script, rehearsed, err);
	my_script_close(&script);
	return ok && my_do(side, "SET NAMES utf8mb4", err) && my_do(side, MY_SET_MODE, err);
}

/* Each name of a query's one column, put into a statement at `%n`, behind its database. */
static bool do_each(struct my_db *side, const char *database, const char *query,
    const char *statement, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!my_side_ask(side, &arena, &rows, err, query, database))
		return false;
	for (size_t i = 0; i < rows.count; i++)
		if (!my_side_do(side, err, statement, database, rows.cells[i]))
			return false;
	return true;
}

bool my_drop_triggers(struct my_db *side, const char *database, struct err *err)
{
	return do_each(side, database,
	    "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %t",
	    "DROP TRIGGER " MY_OURS "%n.%n", err);
}

static bool drop_routines(
    struct my_db *side, const char *database, const char *type, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	return do_each(side, database,
	    arena_printf(&arena,
		"SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %%t"
		" AND ROUTINE_TYPE = '%s'",
		type),
	    arena_printf(&arena, "DROP %s " MY_OURS "%%n.%%n", type), err);
}

/* What is no table, but tables whose rows are elsewhere. */
bool my_drop_definitions(struct my_db *side, const char *database, struct err *err)
{
	/* In its other MY_SET_MODE the server doesn't know the word PACKAGE. */
	if (side->server.maria &&
	    (!my_do(side, "SET SESSION sql_mode = 'ORACLE'", err) ||
		!drop_routines(side, database, "PACKAGE", err) || !my_do(side, MY_SET_MODE, err)))
		return false;
	return drop_routines(side, database, "PROCEDURE", err) &&
	       drop_routines(side, database, "FUNCTION", err) &&
	       do_each(side, database,
		   "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %t",
		   "DROP EVENT " MY_OURS "%n.%n", err) &&
	       my_drop_triggers(side, database, err) &&
	       do_each(side, database,
		   "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %t AND"
		   " TABLE_TYPE = 'VIEW'",
		   "DROP VIEW " MY_OURS "%n.%n", err);
}
