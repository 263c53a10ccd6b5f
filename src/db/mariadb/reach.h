/*
 * What a statement may reach beyond what it says: triggers, views and stored routines, by their
 * definitions. Used by the judge (judge.c), by undo.c and by the proof.
 */
#ifndef DB_ENTRY_DB_MARIADB_REACH_H
#define DB_ENTRY_DB_MARIADB_REACH_H

#include "db/mariadb/mariadb.h"

/* Cells of a row of s->reach. */
enum my_reach_cell {
	MY_REACH_NAME,  /* of the trigger, or the routine; "": a view, or a table */
	MY_REACH_TABLE, /* of the trigger; the view or table itself; NULL: a routine */
	MY_REACH_BODY,  /* NULL: it can't be seen */
	MY_REACH_SCHEMA,
	MY_REACH_KIND, /* "BEFORE UPDATE", "VIEW", "ROUTINE", "TRIGGER" of the script; "ENGINE": a
			* table that is not InnoDB's
			*/
	MY_REACH_CELLS
};

/* What is called by name and is not the server's own harmless function. The worst counts. */
enum my_calls {
	MY_CALLS_NONE,
	MY_CALLS_READS,  /* routines that can be seen, and change nothing */
	MY_CALLS_WRITES, /* and change rows, which the server counts and a rollback undoes */
	MY_CALLS_UNKNOWN /* nobody knows; or what no rollback undoes */
};

/* --- reach_read.c --- */

/*
 * Read s->reach anew: of the session's database and those that the script names. `engines`: with
 * the tables that are not InnoDB's. Triggers and functions that the script makes are among it. A
 * script that reaches nothing but the tables it names (s->named) has nothing else in it.
 */
bool my_reach_read(struct my_db *s, const struct sql_script *script, bool engines, struct err *err);

/* --- reach.c --- */

static inline const char *const *my_reach_row(const struct my_db *s, size_t i)
{
	return s->reach.cells + i * MY_REACH_CELLS;
}

/*
 * Are they one name, by any case? Which letters beside ASCII's are one by another case is not known
 * here: all of them count as the same.
 */
bool my_alike(const char *a, const char *b);

/* Is the name in the text, as a whole word, quoted in whichever way? Letters as in my_alike(). */
bool my_mentions(const char *text, const char *name);

enum my_calls my_calls_of(const struct my_db *s, const struct sql_statement *statement);

/* The same of a definition; NULL is one that can't be seen. */
enum my_calls my_calls_in(const struct my_db *s, const char *body);

/* Is it a view's name? */
bool my_reach_is_view(const struct my_db *s, const char *name);

/* May more columns of a table be set than an UPDATE of it says? */
bool my_reach_sets_more(const struct my_db *s, const char *table);

/* Is there any trigger that may lose something? */
bool my_reach_any_harmful(const struct my_db *s);

/* Is there a trigger or view by a table's name? */
bool my_reach_names(const struct my_db *s, const char *text);

/* What a statement may fire that may lose something: the name of a trigger or view; NULL: nothing
 * is known that does. */
const char *my_reach_harmful(const struct my_db *s, const struct sql_statement *statement);

/* The view a statement names whose functions may; or NULL. */
const char *my_reach_view(const struct my_db *s, const struct sql_statement *statement);

/*
 * Has a routine the name of something harmless that the server has only in another version, or
 * kind?
 */
bool my_reach_has_shadows(const struct my_db *s);

/* --- named.c --- */

/*
 * Read s->named anew, into s->reach_arena. `keys`: with the columns of all keys. It is not `only`
 * where a trigger is on a table, or the script may reach what it does not name.
 */
bool my_named_read(struct my_db *s, const struct sql_script *script, bool keys, struct err *err);

/* Is a column of this name, by any case, in a key of one of the tables? */
bool my_named_is_key(const struct my_db *s, const char *column);

/* Is one in a key that an UPDATE of others may set? */
bool my_named_keys_itself(const struct my_db *s);

/* Of information_schema.COLUMNS: what an UPDATE of others may set. */
#define MY_SETS_ITSELF                                                                             \
	"(EXTRA LIKE '%on update%' OR EXTRA LIKE '%STORED GENERATED%' OR EXTRA LIKE '%VIRTUAL"     \
	" GENERATED%')"

#endif
